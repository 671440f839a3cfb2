//! When two findings of different reports are the same: by vulnerability, whatever its name, and
//! package, whatever its version.

use std::fmt;

use seaworthy_model::{Finding, Package, PackageType};
use serde::{Deserialize, Serialize};

/// One of the names under which a finding is recognised in another report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FindingKey {
    /// Kind of the package.
    #[serde(rename = "type")]
    pub kind: PackageType,
    /// Name of the package.
    pub package: String,
    /// An id of the vulnerability.
    pub id: String,
}

impl fmt::Display for FindingKey {
    /// `deb/zlib1g#CVE-2023-45853`: what the history stores.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}#{}", self.kind, self.package, self.id)
    }
}

/// All keys of a finding, the one of its primary id first. Two findings that share a key are the
/// same one: an advisory that was known as a GHSA and got a CVE later keeps its history.
#[must_use]
pub fn finding_keys(finding: &Finding, package: &Package) -> Vec<FindingKey> {
    let mut keys = vec![key(package, &finding.id)];
    for alias in &finding.aliases {
        if !is_bundle(alias) && *alias != finding.id {
            keys.push(key(package, alias));
        }
    }
    keys
}

fn key(package: &Package, id: &str) -> FindingKey {
    FindingKey {
        kind: package.kind,
        package: package.name.clone(),
        id: id.to_owned(),
    }
}

/// Whether an id names an update of a distribution, which mends several vulnerabilities at once:
/// sharing it does not make two findings one.
pub(crate) fn is_bundle(id: &str) -> bool {
    const PREFIXES: [&str; 18] = [
        "RHSA-",
        "RHBA-",
        "RHEA-",
        "DSA-",
        "DLA-",
        "USN-",
        "LSN-",
        "ALAS",
        "ELSA-",
        "ELBA-",
        "ALSA-",
        "ALBA-",
        "ALEA-",
        "RLSA-",
        "RXSA-",
        "SUSE-",
        "openSUSE-",
        "FEDORA-",
    ];
    PREFIXES.iter().any(|prefix| id.starts_with(prefix))
}

/// An image reference without its tag and digest: `registry.example.com:5000/shop/web`. A port is
/// no tag. One image has one name: `docker.io/library/alpine` and `index.docker.io/alpine` are
/// `alpine`, and hosts are in lower case. What is no image reference (a directory) comes back whole.
#[must_use]
pub fn repository(image: &str) -> String {
    let (name, _) = without_tag(image);
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
        _ => return of_hub(name).to_owned(),
    };
    match host.to_ascii_lowercase().as_str() {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => of_hub(path).to_owned(),
        // `./images/web` and `../images/web` are directories.
        "." | ".." => name.to_owned(),
        host => format!("{host}/{path}"),
    }
}

/// A reference as it is stored and looked up: its repository as [`repository`] has it, with the tag
/// and the digest that it has.
#[must_use]
pub fn canonical(image: &str) -> String {
    let (_, rest) = without_tag(image);
    format!("{}{rest}", repository(image))
}

/// A reference before and from its tag or digest on.
fn without_tag(image: &str) -> (&str, &str) {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let end = match name.get(slash..).and_then(|last| last.find(':')) {
        Some(colon) => slash + colon,
        None => name.len(),
    };
    image.split_at_checked(end).unwrap_or((image, ""))
}

/// A repository of Docker Hub, as people write it.
fn of_hub(path: &str) -> &str {
    match path.strip_prefix("library/") {
        Some(name) if !name.contains('/') => name,
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use seaworthy_model::Severity;

    #[test]
    fn keys_name_every_alias_but_no_update() {
        let mut report = sample::report("web:1");
        sample::vulnerable(&mut report, "CVE-2024-1", "zlib1g", "1.2", Severity::High);
        report.findings[0].aliases = ["CVE-2024-1", "DSA-5678-1", "GHSA-a", "RHSA-2024:1"]
            .map(str::to_owned)
            .to_vec();
        let keys: Vec<String> = finding_keys(&report.findings[0], &report.inventory.packages[0])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(keys, ["deb/zlib1g#CVE-2024-1", "deb/zlib1g#GHSA-a"]);
    }

    #[test]
    fn repositories_have_no_tag() {
        for (image, expected) in [
            ("alpine", "alpine"),
            ("alpine:3.18", "alpine"),
            ("host:5000/shop/web", "host:5000/shop/web"),
            ("host:5000/shop/web:1.8", "host:5000/shop/web"),
            ("host:5000/shop/web:1.8@sha256:ab", "host:5000/shop/web"),
            ("shop/web@sha256:ab", "shop/web"),
            ("examples/images/storefront", "examples/images/storefront"),
            ("docker.io/library/alpine:3.18", "alpine"),
            ("library/alpine", "alpine"),
            ("index.docker.io/shop/web:1", "shop/web"),
            (
                "Registry.Example.com/shop/web:1",
                "registry.example.com/shop/web",
            ),
            ("./images/web", "./images/web"),
            ("../images/web", "../images/web"),
            ("localhost/web:1", "localhost/web"),
            ("", ""),
            (":", ""),
        ] {
            assert_eq!(repository(image), expected, "{image}");
        }
    }

    #[test]
    fn tags_and_digests_stay_in_canonical_names() {
        for (image, expected) in [
            ("docker.io/library/alpine:3.18", "alpine:3.18"),
            ("alpine:3.18@sha256:ab", "alpine:3.18@sha256:ab"),
            ("host:5000/web@sha256:ab", "host:5000/web@sha256:ab"),
            ("web", "web"),
        ] {
            assert_eq!(canonical(image), expected);
        }
    }
}
