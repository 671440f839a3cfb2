use std::fmt;
use std::str::FromStr;

use crate::Digest;

/// Where an image lies in a registry: `HOST/REPOSITORY[:TAG][@DIGEST]` (distribution
/// specification, "Pulling manifests"), with the short forms that Docker allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// Host, with a port where one is given; `docker.io` for short forms.
    pub registry: String,
    /// Repository, with `library/` for short forms of Docker Hub.
    pub repository: String,
    /// Tag; `latest` when neither tag nor digest is given.
    pub tag: Option<String>,
    /// Digest; wins over the tag.
    pub digest: Option<Digest>,
}

/// A text that names no image.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not an image reference: {why}")]
pub struct InvalidReference {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Reference {
    /// The host to talk to: Docker Hub's name is not its registry's.
    #[must_use]
    pub fn registry_host(&self) -> &str {
        if self.registry == "docker.io" {
            "registry-1.docker.io"
        } else {
            &self.registry
        }
    }

    /// What stands in a manifest's URL: the digest, else the tag.
    #[must_use]
    pub fn manifest_name(&self) -> &str {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag,
            (None, None) => "latest",
        }
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let invalid = |why| InvalidReference {
            text: text.chars().take(200).collect(),
            why,
        };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (
                rest,
                Some(
                    digest
                        .parse::<Digest>()
                        .map_err(|_| invalid("after `@` belongs a digest such as sha256:…"))?,
                ),
            ),
            None => (text, None),
        };
        // A colon after the last slash begins a tag; one before it a port.
        let slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match rest[slash..].find(':') {
            Some(colon) => (&rest[..slash + colon], Some(&rest[slash + colon + 1..])),
            None => (rest, None),
        };
        if let Some(tag) = tag
            && !is_tag(tag)
        {
            return Err(invalid(
                "a tag has up to 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two",
            ));
        }
        let (registry, repository) = split_host(name);
        if name.is_empty() {
            return Err(invalid("the name is missing"));
        }
        if !is_host(&registry) {
            return Err(invalid(
                "the registry is not a host name with an optional port",
            ));
        }
        if repository.len() > 255 || !repository.split('/').all(is_component) {
            return Err(invalid(
                "a repository has lower-case letters and digits, separated by `.`, `_`, `-` or `/`",
            ));
        }
        let tag = match (tag, &digest) {
            (Some(tag), _) => Some(tag.to_owned()),
            (None, None) => Some("latest".to_owned()),
            (None, Some(_)) => None,
        };
        Ok(Self {
            registry,
            repository,
            tag,
            digest,
        })
    }
}

/// Docker's rule: the first component is a host when it has a dot or a port, or is `localhost`.
fn split_host(name: &str) -> (String, String) {
    let (registry, repository) = match name.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.bytes().any(|b| b.is_ascii_uppercase()) =>
        {
            (first, rest)
        }
        _ => ("docker.io", name),
    };
    let registry = match registry {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        other => other,
    };
    let repository = if registry == "docker.io" && !repository.contains('/') {
        format!("library/{repository}")
    } else {
        repository.to_owned()
    };
    (registry.to_owned(), repository)
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= 128
        && tag
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && tag
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => {
                if !address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') {
                    return false;
                }
                ("ipv6", port.strip_prefix(':'))
            }
            None => return false,
        },
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    let name_fits = name.len() <= 253
        && name.split('.').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        });
    name_fits && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(part: &str) -> bool {
    let bytes = part.as_bytes();
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    if !alphanumeric(first) || !alphanumeric(last) {
        return false;
    }
    bytes.split(|&b| alphanumeric(b)).all(|between| {
        matches!(between, [] | [b'.'] | [b'_'] | [b'_', b'_']) || between.iter().all(|&b| b == b'-')
    })
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_forms_parse() {
        let digest = Digest::of(b"").to_string();
        for (text, full) in [
            ("alpine", "docker.io/library/alpine:latest"),
            ("alpine:3.18", "docker.io/library/alpine:3.18"),
            ("grafana/grafana", "docker.io/grafana/grafana:latest"),
            ("docker.io/alpine", "docker.io/library/alpine:latest"),
            ("index.docker.io/a/b:1", "docker.io/a/b:1"),
            ("localhost/a", "localhost/a:latest"),
            ("localhost:5000/a/b:1.0", "localhost:5000/a/b:1.0"),
            ("127.0.0.1:5000/a", "127.0.0.1:5000/a:latest"),
            ("[::1]:5000/a", "[::1]:5000/a:latest"),
            ("ghcr.io/o/r-x__y/z.w:V_1", "ghcr.io/o/r-x__y/z.w:V_1"),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), full, "{text}");
            assert_eq!(full.parse::<Reference>().unwrap(), reference);
        }
        let pinned: Reference = format!("ghcr.io/a@{digest}").parse().unwrap();
        assert_eq!(
            (pinned.tag.as_deref(), pinned.manifest_name()),
            (None, &*digest)
        );
        let both: Reference = format!("ghcr.io/a:1@{digest}").parse().unwrap();
        assert_eq!(both.manifest_name(), digest);
        assert_eq!(
            "alpine".parse::<Reference>().unwrap().registry_host(),
            "registry-1.docker.io"
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            ":tag",
            "a//b",
            "a/",
            "/a",
            "A",
            "a:",
            "a:-x",
            "a b",
            "a@sha256:12",
            "a.b:99999/c",
            "a___b",
            "a/../b",
            "ex.com:x/a",
            "-a/b",
            "a\nb",
            &format!("a:{}", "x".repeat(129)),
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_parses_prints_and_parses_again(text in "[a-zA-Z0-9./:@_-]{0,40}") {
            if let Ok(reference) = text.parse::<Reference>() {
                proptest::prop_assert_eq!(reference.to_string().parse::<Reference>(), Ok(reference));
            }
        }
    }
}
