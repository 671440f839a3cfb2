use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta, ReleaseHint};
use seaworthy_model::{Distribution, OsRelease};

/// Reads `os-release` (freedesktop os-release(5)) and the older files that name a release.
pub(crate) struct Release;

const OS_RELEASE: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];

/// Files that hold little more than a version, and whose it is.
const HINTS: [(&str, &str); 4] = [
    ("etc/alpine-release", "alpine"),
    ("etc/debian_version", "debian"),
    ("etc/centos-release", "centos"),
    ("etc/redhat-release", "rhel"),
];

impl Analyzer for Release {
    fn name(&self) -> &'static str {
        "os-release"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        OS_RELEASE.contains(&file.path) || HINTS.iter().any(|(path, _)| *path == file.path)
    }

    fn max_size(&self) -> u64 {
        64 << 10
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let text = String::from_utf8_lossy(content.bytes()?);
        match HINTS.iter().find(|(path, _)| *path == file.path) {
            None => facts.os_release = parse(&text),
            Some((_, id)) => facts.release_hints.extend(hint(id, &text)),
        }
        Ok(())
    }
}

/// The fields of an `os-release` file; none without an `ID`.
fn parse(text: &str) -> Option<OsRelease> {
    let mut release = OsRelease::default();
    let mut name = String::new();
    for line in text.lines() {
        let Some((key, value)) = line.trim().split_once('=') else {
            continue;
        };
        let value = unquote(value.trim());
        match key {
            "ID" => release.id = value.to_ascii_lowercase(),
            "VERSION_ID" => release.version_id = value,
            "ID_LIKE" => {
                release.id_like = value.split_whitespace().map(str::to_owned).collect();
            }
            "PRETTY_NAME" => release.pretty_name = value,
            "NAME" => name = value,
            "VERSION_CODENAME" => release.codename = value,
            _ => {}
        }
    }
    if release.pretty_name.is_empty() {
        release.pretty_name = name;
    }
    (!release.id.is_empty()).then_some(release)
}

/// A value as a shell would read it: quotes away, backslashes resolved.
fn unquote(value: &str) -> String {
    let inner = ['"', '\'']
        .iter()
        .find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q))
        .unwrap_or(value);
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            out.extend(chars.next());
        } else {
            out.push(c);
        }
    }
    out
}

/// `12.5` of a file with only that, `7.9.2009` of `CentOS Linux release 7.9.2009 (Core)`.
fn hint(id: &'static str, text: &str) -> Option<ReleaseHint> {
    let line = text.lines().next()?.trim();
    let (id, version) = match line.split_once(" release ") {
        Some((name, rest)) => {
            // Relatives of Red Hat keep a redhat-release of their own.
            let id = match name.split_whitespace().next()? {
                "CentOS" => "centos",
                "AlmaLinux" => "almalinux",
                "Rocky" => "rocky",
                "Fedora" => "fedora",
                "Oracle" => "ol",
                "Red" => "rhel",
                _ => id,
            };
            (id, rest.split_whitespace().next()?)
        }
        None => (id, line),
    };
    (!version.is_empty()).then(|| ReleaseHint {
        id,
        version: version.to_owned(),
    })
}

/// What release files add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognition {
    /// A distribution and a release that Seaworthy knows.
    Known(Distribution),
    /// A distribution that Seaworthy knows, of a release that nothing names.
    UnknownRelease(Distribution),
    /// A distribution that Seaworthy does not know, by its `ID`.
    UnknownDistribution(String),
    /// Nothing names a distribution.
    None,
}

/// Recognises the distribution from its `os-release` and the older files beside it.
#[must_use]
pub fn recognise(release: Option<&OsRelease>, hints: &[ReleaseHint]) -> Recognition {
    let hint = |id: &str| {
        hints
            .iter()
            .find(|hint| hint.id == id)
            .map(|hint| hint.version.as_str())
    };
    let (id, version, distroless) = match release {
        Some(release) => (
            normal_id(release).to_owned(),
            version(release, hint(&release.id)),
            release.pretty_name == "Distroless",
        ),
        None => match [
            "alpine",
            "almalinux",
            "rocky",
            "centos",
            "ol",
            "fedora",
            "rhel",
            "debian",
        ]
        .iter()
        .find_map(|id| Some((*id, hint(id)?)))
        {
            Some((id, version)) => (id.to_owned(), number(id, version), false),
            None => return Recognition::None,
        },
    };
    let mut name = name(&id).to_owned();
    if !version.is_empty() {
        name.push(' ');
        name.push_str(&version);
    }
    if distroless {
        name.push_str(" (distroless)");
    }
    let distribution = Distribution { id, version, name };
    if distribution.shard_key().is_some() {
        return Recognition::Known(distribution);
    }
    let with_release = Distribution {
        version: "1".to_owned(),
        ..distribution.clone()
    };
    if with_release.shard_key().is_some() {
        Recognition::UnknownRelease(distribution)
    } else {
        Recognition::UnknownDistribution(distribution.id)
    }
}

/// Ids that changed their spelling over time.
fn normal_id(release: &OsRelease) -> &str {
    match release.id.as_str() {
        "redhat" => "rhel",
        "opensuse" if release.version_id.starts_with("20") => "opensuse-tumbleweed",
        "opensuse" => "opensuse-leap",
        id => id,
    }
}

/// `VERSION_ID`, or the more exact version of another file where that agrees with it.
fn version(release: &OsRelease, hint: Option<&str>) -> String {
    let id = release.id.as_str();
    if let Some(hint) = hint {
        let exact = number(id, hint);
        let agrees = release.version_id.is_empty()
            || exact
                .strip_prefix(release.version_id.as_str())
                .is_some_and(|rest| rest.starts_with('.') || rest.starts_with('_'));
        if agrees && !exact.is_empty() && !(id == "centos" && release.version_id.is_empty()) {
            return exact;
        }
    }
    if release.version_id.is_empty() && id == "debian" {
        return number(id, &release.codename);
    }
    release.version_id.clone()
}

/// Debian's testing has code names where other releases have numbers (`trixie/sid`).
fn number(id: &str, version: &str) -> String {
    if id != "debian" {
        return version.to_owned();
    }
    match version.split('/').next().unwrap_or_default() {
        "buster" => "10",
        "bullseye" => "11",
        "bookworm" => "12",
        "trixie" => "13",
        "forky" => "14",
        "sid" => "",
        other => other,
    }
    .to_owned()
}

fn name(id: &str) -> &str {
    match id {
        "alpine" => "Alpine",
        "almalinux" => "AlmaLinux",
        "amzn" => "Amazon Linux",
        "azurelinux" => "Azure Linux",
        "centos" => "CentOS",
        "chainguard" => "Chainguard",
        "debian" => "Debian",
        "fedora" => "Fedora",
        "mariner" => "CBL-Mariner",
        "ol" => "Oracle Linux",
        "opensuse-leap" => "openSUSE Leap",
        "opensuse-tumbleweed" => "openSUSE Tumbleweed",
        "photon" => "Photon OS",
        "rhel" => "Red Hat Enterprise Linux",
        "rocky" => "Rocky Linux",
        "sled" => "SUSE Linux Enterprise Desktop",
        "sles" | "suse" => "SUSE Linux Enterprise Server",
        "ubuntu" => "Ubuntu",
        "wolfi" => "Wolfi",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run;

    fn recognised(files: &[(&str, &str)]) -> Recognition {
        let mut release = None;
        let mut hints = Vec::new();
        for (path, text) in files {
            let facts = run(&Release, path, text.as_bytes()).expect("readable");
            release = release.or(facts.os_release);
            hints.extend(facts.release_hints);
        }
        recognise(release.as_ref(), &hints)
    }

    #[test]
    fn distributions_are_known_by_their_files() {
        for (files, key, name) in [
            (
                &[(
                    "etc/os-release",
                    "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.18.4\n",
                )][..],
                "alpine:3.18",
                "Alpine 3.18.4",
            ),
            (
                &[
                    (
                        "usr/lib/os-release",
                        "ID=alpine\nVERSION_ID=3.21.0_alpha20240807\n",
                    ),
                    ("etc/alpine-release", "3.21.0_alpha20240807\n"),
                ],
                "alpine:edge",
                "Alpine 3.21.0_alpha20240807",
            ),
            (
                &[
                    ("usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
                    ("etc/debian_version", "12.5\n"),
                ],
                "debian:12",
                "Debian 12.5",
            ),
            (
                &[
                    ("usr/lib/os-release", "ID=debian\nVERSION_CODENAME=trixie\n"),
                    ("etc/debian_version", "trixie/sid\n"),
                ],
                "debian:13",
                "Debian 13",
            ),
            (
                &[(
                    "usr/lib/os-release",
                    "PRETTY_NAME=\"Distroless\"\nID=\"debian\"\nVERSION_ID=\"12\"\n",
                )],
                "debian:12",
                "Debian 12 (distroless)",
            ),
            (
                &[("etc/os-release", "ID=ubuntu\nVERSION_ID=\"22.04\"\n")],
                "ubuntu:22.04",
                "Ubuntu 22.04",
            ),
            (
                &[
                    ("etc/os-release", "ID=\"centos\"\nVERSION_ID=\"7\"\n"),
                    (
                        "etc/centos-release",
                        "CentOS Linux release 7.9.2009 (Core)\n",
                    ),
                ],
                "rhel:7",
                "CentOS 7.9.2009",
            ),
            (
                &[("etc/redhat-release", "AlmaLinux release 9.3 (Shamrock)\n")],
                "almalinux:9",
                "AlmaLinux 9.3",
            ),
            (
                &[("etc/os-release", "ID=\"amzn\"\nVERSION_ID=\"2023\"\n")],
                "amazon:2023",
                "Amazon Linux 2023",
            ),
            (
                &[("etc/os-release", "ID='opensuse-leap'\nVERSION_ID='15.5'\n")],
                "opensuse-leap:15.5",
                "openSUSE Leap 15.5",
            ),
            (
                &[("etc/os-release", "ID=wolfi\nVERSION_ID=20230201\n")],
                "wolfi",
                "Wolfi 20230201",
            ),
            (
                &[("etc/alpine-release", "3.4.6\n")],
                "alpine:3.4",
                "Alpine 3.4.6",
            ),
        ] {
            let Recognition::Known(distribution) = recognised(files) else {
                panic!("{name} is not known");
            };
            assert_eq!(distribution.shard_key().as_deref(), Some(key));
            assert_eq!(distribution.name, name);
        }
    }

    #[test]
    fn what_is_not_known_is_never_guessed() {
        assert_eq!(
            recognised(&[(
                "etc/os-release",
                "ID=kali\nID_LIKE=debian\nVERSION_ID=2024.1\n"
            )]),
            Recognition::UnknownDistribution("kali".to_owned())
        );
        let unknown = recognised(&[("etc/os-release", "ID=rhel\n")]);
        assert!(
            matches!(unknown, Recognition::UnknownRelease(_)),
            "{unknown:?}"
        );
        assert_eq!(recognised(&[]), Recognition::None);
        assert_eq!(
            recognised(&[("etc/os-release", "\u{0}\u{1}garbage==\n==")]),
            Recognition::None
        );
    }

    #[test]
    fn a_hint_that_contradicts_os_release_is_not_believed() {
        let Recognition::Known(distribution) = recognised(&[
            ("etc/os-release", "ID=debian\nVERSION_ID=12\n"),
            ("etc/debian_version", "11.3\n"),
        ]) else {
            panic!("not known");
        };
        assert_eq!(distribution.version, "12");
    }

    #[test]
    fn ubuntu_is_not_taken_for_the_debian_it_descends_from() {
        let Recognition::Known(distribution) = recognised(&[
            ("etc/os-release", "ID=ubuntu\nVERSION_ID=\"22.04\"\n"),
            ("etc/debian_version", "bookworm/sid\n"),
        ]) else {
            panic!("not known");
        };
        assert_eq!(distribution.version, "22.04");
    }
}
