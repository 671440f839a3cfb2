use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta, ReleaseHint};
use seaworthy_model::{Distribution, OsRelease, codename};

/// Reads `os-release` (freedesktop os-release(5)) and the older files that name a release.
pub(crate) struct Release;

const OS_RELEASE: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];

/// Files that hold little more than a version, and whose it is.
const HINTS: [(&str, &str); 12] = [
    ("etc/alpine-release", "alpine"),
    ("etc/debian_version", "debian"),
    ("etc/centos-release", "centos"),
    ("etc/redhat-release", "rhel"),
    ("etc/fedora-release", "fedora"),
    ("etc/almalinux-release", "almalinux"),
    ("etc/rocky-release", "rocky"),
    ("etc/oracle-release", "ol"),
    ("etc/system-release", "rhel"),
    ("etc/photon-release", "photon"),
    ("etc/mariner-release", "mariner"),
    ("etc/SuSE-release", "sles"),
];

/// Distributions by the files beside `os-release`, the more telling first: relatives of Red Hat
/// keep a `redhat-release` too.
const BY_HINT: [&str; 12] = [
    "alpine",
    "almalinux",
    "rocky",
    "centos",
    "ol",
    "amzn",
    "fedora",
    "rhel",
    "photon",
    "mariner",
    "sles",
    "debian",
];

impl Analyzer for Release {
    fn name(&self) -> &'static str {
        "os-release"
    }

    fn version(&self) -> u32 {
        2
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
    let mut debian = String::new();
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
            "NAME" => release.name = value,
            "VERSION_CODENAME" => release.codename = value,
            "UBUNTU_CODENAME" => release.base_codename = value,
            "DEBIAN_CODENAME" => debian = value,
            "RHEL_VERSION" => release.rhel_version = value,
            _ => {}
        }
    }
    if release.pretty_name.is_empty() {
        release.pretty_name.clone_from(&release.name);
    }
    if release.base_codename.is_empty() {
        release.base_codename = debian;
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

/// `12.5` of a file with only that, `7.9.2009` of `CentOS Linux release 7.9.2009 (Core)`, `4.0` of
/// `VMware Photon OS 4.0`, `11.4` of SUSE's three lines.
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
                "Amazon" => "amzn",
                _ => id,
            };
            (id, rest.split_whitespace().next()?.to_owned())
        }
        None if id == "sles" => (id, suse_release(text)?),
        None if matches!(id, "photon" | "mariner") => {
            (id, line.rsplit(' ').next().unwrap_or(line).to_owned())
        }
        None => (id, line.to_owned()),
    };
    (!version.is_empty()).then_some(ReleaseHint { id, version })
}

/// `SUSE Linux Enterprise Server 11 (x86_64)`, `VERSION = 11`, `PATCHLEVEL = 4`.
fn suse_release(text: &str) -> Option<String> {
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name).then(|| value.trim())
        })
    };
    if !text.starts_with("SUSE Linux Enterprise") {
        return None;
    }
    let version = field("VERSION")?;
    Some(match field("PATCHLEVEL") {
        Some(level) if level != "0" => format!("{version}.{level}"),
        _ => version.to_owned(),
    })
}

/// What release files add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognition {
    /// A distribution and a release that Seaworthy knows.
    Known(Distribution),
    /// A relative that publishes no advisories of its own: the release whose packages it is made
    /// of, whose advisories hold for what it took over unchanged.
    Borrowed {
        /// The release whose advisories are asked.
        distribution: Distribution,
        /// The relative, by its own name: `Linux Mint 21.2`.
        relative: String,
        /// What the advisories do not tell, in one sentence.
        limit: String,
    },
    /// A distribution that Seaworthy knows, of a release that nothing names.
    UnknownRelease(Distribution),
    /// A distribution that Seaworthy does not know, by its `ID`.
    UnknownDistribution(String),
    /// Nothing names a distribution.
    None,
}

/// Distributions whose packages are Arch's with Arch's versions: its repositories with one more
/// (BlackArch, EndeavourOS, Garuda), held back for some weeks (Manjaro), or built again from its
/// recipes for other processors (`arch32`, `archarm`). SteamOS freezes and patches them, Artix and
/// CachyOS number their own builds: these are not among them.
const ARCH_RELATIVES: [&str; 6] = [
    "arch32",
    "archarm",
    "blackarch",
    "endeavouros",
    "garuda",
    "manjaro",
];

/// Recognises the distribution from its `os-release` and the older files beside it.
#[must_use]
pub fn recognise(release: Option<&OsRelease>, hints: &[ReleaseHint]) -> Recognition {
    let hint = |id: &str| {
        hints
            .iter()
            .find(|hint| hint.id == id)
            .map(|hint| hint.version.as_str())
    };
    let (id, version) = match release {
        Some(release) => (
            normal_id(release).to_owned(),
            version(release, hint(&release.id)),
        ),
        None => match BY_HINT.iter().find_map(|id| Some((*id, hint(id)?))) {
            Some((id, version)) => (id.to_owned(), number(id, version)),
            None => return Recognition::None,
        },
    };
    let distribution = named(id, version, release);
    if distribution.shard_key().is_some() {
        return match release.filter(|release| is_stream(release)) {
            Some(_) => Recognition::Borrowed {
                relative: distribution.name.clone(),
                limit: "it runs ahead of Red Hat Enterprise Linux, whose advisories were asked: a fix that reached it earlier, under another release number, may still be reported".to_owned(),
                distribution,
            },
            None => Recognition::Known(distribution),
        };
    }
    if let Some(release) = release
        && let Some(base) = base_of(release)
    {
        let relative = match release.pretty_name.as_str() {
            "" => release.id.clone(),
            name => name.to_owned(),
        };
        return Recognition::Borrowed {
            limit: format!(
                "it publishes no advisories of its own, so those of {} were asked: they say nothing about what it built or changed itself",
                base.name
            ),
            distribution: base,
            relative,
        };
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

/// A distribution with the name that people give it.
fn named(id: String, version: String, release: Option<&OsRelease>) -> Distribution {
    let stream = release.is_some_and(is_stream);
    let mut name = if stream {
        "CentOS Stream".to_owned()
    } else {
        name(&id).to_owned()
    };
    if !version.is_empty() {
        name.push(' ');
        name.push_str(&version);
    }
    if let Some(release) = release {
        if release.pretty_name == "Distroless" {
            name.push_str(" (distroless)");
        } else if release.name.starts_with("Docker Hardened Images") {
            name.push_str(" (Docker hardened)");
        } else if id == "rhel" && !release.rhel_version.is_empty() {
            name.push_str(" (CoreOS)");
        }
    }
    Distribution { id, version, name }
}

/// CentOS Stream shares its `ID` with the CentOS that was a rebuild.
fn is_stream(release: &OsRelease) -> bool {
    release.id == "centos"
        && [&release.name, &release.pretty_name]
            .iter()
            .any(|name| name.contains("Stream"))
}

/// The release that a derivative says it is built on: only where it names both the family
/// (`ID_LIKE`) and the release by its code name. Rebuilds of Red Hat's packages are not among them:
/// their releases are numbers of their own. Arch has no releases, and its relatives are listed.
fn base_of(release: &OsRelease) -> Option<Distribution> {
    let like = |id: &str| release.id_like.iter().any(|word| word == id);
    let base = |id: &str, version: &str| named(id.to_owned(), version.to_owned(), None);
    if ARCH_RELATIVES.contains(&release.id.as_str()) {
        return Some(base("arch", ""));
    }
    if !like("ubuntu") && !like("debian") {
        return None;
    }
    if let Some(version) = codename::release("ubuntu", &release.base_codename) {
        return Some(base("ubuntu", version));
    }
    let debian = |name: &str| codename::release("debian", name);
    let version = debian(&release.base_codename).or_else(|| debian(&release.codename))?;
    like("debian").then(|| base("debian", version))
}

/// Ids that changed their spelling over time.
fn normal_id(release: &OsRelease) -> &str {
    match release.id.as_str() {
        "redhat" | "rhcos" => "rhel",
        "opensuse" if release.version_id.starts_with("20") => "opensuse-tumbleweed",
        "opensuse" => "opensuse-leap",
        id => id,
    }
}

/// `VERSION_ID`, or the more exact version of another file where that agrees with it.
fn version(release: &OsRelease, hint: Option<&str>) -> String {
    let id = release.id.as_str();
    // CoreOS has OpenShift's version where others have the release.
    if matches!(id, "rhel" | "rhcos") && !release.rhel_version.is_empty() {
        return release.rhel_version.clone();
    }
    if id == "rhcos" {
        return String::new();
    }
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
        "sid" => String::new(),
        name => codename::release("debian", name).unwrap_or(name).to_owned(),
    }
}

fn name(id: &str) -> &str {
    match id {
        "alpine" => "Alpine",
        "almalinux" => "AlmaLinux",
        "amzn" => "Amazon Linux",
        "azurelinux" => "Azure Linux",
        "arch" => "Arch Linux",
        "bottlerocket" => "Bottlerocket",
        "centos" => "CentOS",
        "chainguard" => "Chainguard",
        "cleanstart" => "CleanStart",
        "debian" => "Debian",
        "fedora" => "Fedora",
        "mariner" => "CBL-Mariner",
        "minimos" => "MinimOS",
        "ol" => "Oracle Linux",
        "opensuse-leap" => "openSUSE Leap",
        "opensuse-aeon" => "openSUSE Aeon",
        "opensuse-kalpa" => "openSUSE Kalpa",
        "opensuse-microos" => "openSUSE MicroOS",
        "opensuse-tumbleweed" => "openSUSE Tumbleweed",
        "photon" => "Photon OS",
        "rhel" => "Red Hat Enterprise Linux",
        "rocky" => "Rocky Linux",
        "sl-micro" => "SUSE Linux Micro",
        "sle-micro" | "sle-micro-rancher" | "suse-microos" => "SUSE Linux Enterprise Micro",
        "sle_hpc" => "SUSE Linux Enterprise High Performance Computing",
        "sled" => "SUSE Linux Enterprise Desktop",
        "sles_sap" => "SUSE Linux Enterprise Server for SAP Applications",
        "sles" | "suse" => "SUSE Linux Enterprise Server",
        "ubuntu" => "Ubuntu",
        "wolfi" => "Wolfi",
        other => other,
    }
}

#[cfg(test)]
#[path = "release_tests.rs"]
mod tests;
