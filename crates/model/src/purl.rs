use std::fmt;
use std::str::FromStr;

use crate::{Distribution, Package, PackageType};

/// A package URL ([purl specification](https://github.com/package-url/purl-spec)): parsed,
/// printed in canonical form, made from a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purl {
    /// Type, lower case.
    pub kind: String,
    /// Namespace segments joined with `/`, decoded.
    pub namespace: Option<String>,
    /// Name, decoded.
    pub name: String,
    /// Version, decoded.
    pub version: Option<String>,
    /// Qualifiers sorted by key, decoded, never empty valued.
    pub qualifiers: Vec<(String, String)>,
    /// Subpath, decoded.
    pub subpath: Option<String>,
}

/// Text that is no package URL.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a package URL: {reason}")]
pub struct InvalidPurl {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Purl {
    /// The purl of an installed package, with the qualifiers that let another tool match it again:
    /// `arch`, `distro`, `epoch` for rpm, `upstream` (source package), `rpmmod`.
    #[must_use]
    pub fn of_package(package: &Package, distribution: Option<&Distribution>) -> Self {
        let mut namespace = None;
        let mut name = package.name.clone();
        let mut version = package.version.clone();
        let mut qualifiers = Vec::new();
        match package.kind {
            PackageType::Npm | PackageType::Composer | PackageType::Go | PackageType::Swift => {
                if let Some((head, tail)) = package.name.rsplit_once('/') {
                    namespace = Some(head.to_owned());
                    name = tail.to_owned();
                }
            }
            PackageType::Maven => {
                if let Some((group, artifact)) = package.name.split_once(':') {
                    namespace = Some(group.to_owned());
                    name = artifact.to_owned();
                }
            }
            kind if kind.is_os() => {
                namespace = distribution.map(|d| d.id.clone());
                if kind == PackageType::Rpm
                    && let Some((epoch, rest)) = package.version.split_once(':')
                {
                    qualifiers.push(("epoch".to_owned(), epoch.to_owned()));
                    version = rest.to_owned();
                }
                if let Some(d) = distribution {
                    qualifiers.push(("distro".to_owned(), d.distro_qualifier()));
                }
                if let Some(source) = &package.source_name {
                    let upstream = match &package.source_version {
                        Some(v) => format!("{source}@{v}"),
                        None => source.clone(),
                    };
                    qualifiers.push(("upstream".to_owned(), upstream));
                }
                if let Some(module) = &package.module {
                    qualifiers.push(("rpmmod".to_owned(), module.clone()));
                }
            }
            _ => {}
        }
        if let Some(arch) = &package.arch {
            qualifiers.push(("arch".to_owned(), arch.clone()));
        }
        qualifiers.retain(|(_, v)| !v.is_empty());
        qualifiers.sort();
        Self {
            kind: package.kind.purl_type().to_owned(),
            namespace,
            name,
            version: (!version.is_empty()).then_some(version),
            qualifiers,
            subpath: None,
        }
    }

    /// The value of a qualifier.
    #[must_use]
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }
}

/// Characters that stay as they are in every component (purl specification, "Character encoding").
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':')
}

fn encode(f: &mut fmt::Formatter<'_>, text: &str, also_plain: &[u8]) -> fmt::Result {
    for byte in text.bytes() {
        if is_plain(byte) || also_plain.contains(&byte) {
            write!(f, "{}", byte as char)?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/", self.kind)?;
        if let Some(namespace) = &self.namespace {
            encode(f, namespace, b"/")?;
            f.write_str("/")?;
        }
        encode(f, &self.name, b"")?;
        if let Some(version) = &self.version {
            f.write_str("@")?;
            encode(f, version, b"")?;
        }
        for (i, (key, value)) in self.qualifiers.iter().enumerate() {
            f.write_str(if i == 0 { "?" } else { "&" })?;
            write!(f, "{key}=")?;
            encode(f, value, b"/")?;
        }
        if let Some(subpath) = &self.subpath {
            f.write_str("#")?;
            encode(f, subpath, b"/")?;
        }
        Ok(())
    }
}

fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'%' {
            let hex = std::str::from_utf8(bytes.get(i + 1..i + 3)?).ok()?;
            out.push(u8::from_str_radix(hex, 16).ok()?);
            i += 3;
        } else {
            out.push(bytes[i]);
            i += 1;
        }
    }
    String::from_utf8(out).ok()
}

impl FromStr for Purl {
    type Err = InvalidPurl;

    /// Parses as the specification's "How to parse a purl string" says, right to left.
    fn from_str(text: &str) -> Result<Self, InvalidPurl> {
        let bad = |reason| InvalidPurl {
            text: text.to_owned(),
            reason,
        };
        let decoded = |part: &str| decode(part).ok_or_else(|| bad("bad percent encoding"));
        let rest = text
            .strip_prefix("pkg:")
            .ok_or_else(|| bad("the scheme is not `pkg:`"))?;
        let (rest, subpath) = match rest.split_once('#') {
            Some((rest, sub)) => (rest, Some(decoded(sub.trim_matches('/'))?)),
            None => (rest, None),
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, query),
            None => (rest, ""),
        };
        let mut qualifiers = Vec::new();
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| bad("a qualifier has no `=`"))?;
            let value = decoded(value)?;
            if !value.is_empty() {
                qualifiers.push((key.to_ascii_lowercase(), value));
            }
        }
        qualifiers.sort();
        let rest = rest.trim_matches('/');
        let (kind, rest) = rest.split_once('/').ok_or_else(|| bad("no name"))?;
        if kind.is_empty() {
            return Err(bad("no type"));
        }
        // An npm scope may be written with a bare `@`; the version's `@` is the last one after `/`.
        let name_at = rest.rfind('/').map_or(0, |i| i + 1);
        let (path, version) = match rest[name_at..].rfind('@') {
            Some(at) if at > 0 => {
                let at = name_at + at;
                (&rest[..at], Some(decoded(&rest[at + 1..])?))
            }
            _ => (rest, None),
        };
        let (namespace, name) = match path.rsplit_once('/') {
            Some((namespace, name)) => (Some(decoded(namespace.trim_matches('/'))?), name),
            None => (None, path),
        };
        let name = decoded(name)?;
        if name.is_empty() {
            return Err(bad("no name"));
        }
        Ok(Self {
            kind: kind.to_ascii_lowercase(),
            namespace: namespace.filter(|n| !n.is_empty()),
            name,
            version: version.filter(|v| !v.is_empty()),
            qualifiers,
            subpath: subpath.filter(|s| !s.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_round_trip() {
        for text in [
            "pkg:npm/%40angular/core@12.3.1",
            "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
            "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12&upstream=zlib",
            "pkg:golang/github.com/x/y@v1.2.3",
            "pkg:generic/a%20b",
        ] {
            assert_eq!(
                text.parse::<Purl>().map(|p| p.to_string()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for text in [
            "",
            "npm/x",
            "pkg:npm",
            "pkg:/x",
            "pkg:npm/%zz",
            "pkg:npm/x?a",
        ] {
            assert!(text.parse::<Purl>().is_err(), "{text}");
        }
    }

    #[test]
    fn epoch_of_an_rpm_becomes_a_qualifier() {
        let package = Package::new(PackageType::Rpm, "openssl", "1:3.0.7-2.el9", "x");
        assert_eq!(
            package.purl(None).to_string(),
            "pkg:rpm/openssl@3.0.7-2.el9?epoch=1"
        );
    }
}
