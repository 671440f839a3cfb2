//! What Red Hat's formats share: products by CPE, and packages by name, epoch, version, release.

use seaworthy_model::State;

/// The source of rows that hold for an extended update stream (EUS, AUS, TUS, E4S) only. The
/// matcher applies them to packages of that stream, which their release tells (`….el8_6`).
pub(crate) const EXTENDED: &str = "redhat-eus";

/// A stream of updates of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    /// `rhel:8`.
    pub(crate) shard: String,
    /// Whether it is one that only subscribers of extended updates get.
    pub(crate) extended: bool,
}

/// Reads `cpe:/o:redhat:enterprise_linux:8::baseos`, `cpe:/a:redhat:rhel_eus:8.6::appstream`, with
/// or without what precedes the product. Other products (OpenShift, …) are none: which of their
/// repositories an image uses is not known from its packages.
pub(crate) fn stream(cpe: &str) -> Option<Stream> {
    let rest = match cpe.split_once(":redhat:") {
        Some((_, rest)) => rest,
        None => cpe,
    };
    let (product, rest) = rest.split_once(':')?;
    let release = rest.split(':').next()?;
    let major = release.split('.').next()?;
    if major.is_empty() || !major.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let extended = match product {
        // Minor releases of the plain product were snapshots until 10, whose products all name one.
        "enterprise_linux" if release == major || major.len() > 1 => false,
        "rhel_eus" | "rhel_aus" | "rhel_tus" | "rhel_e4s" | "rhel_els" | "rhel_eus_long_life" => {
            true
        }
        _ => return None,
    };
    Some(Stream {
        shard: format!("rhel:{major}"),
        extended,
    })
}

/// Name and version of `zlib-0:1.2.11-19.el8_6` and `zlib-1.2.11-19.el8_6`. A module
/// (`nodejs:18-8080….63b34585`) has no package's version, and gives none.
pub(crate) fn split_nevr(package: &str) -> Option<(&str, &str)> {
    let release = package.rfind('-')?;
    let version = package.get(..release)?.rfind('-')?;
    let (name, version) = (package.get(..version)?, package.get(version + 1..)?);
    let version = version.strip_prefix("0:").unwrap_or(version);
    let plain = !name.is_empty()
        && !name.contains(['/', ':'])
        && version.starts_with(|c: char| c.is_ascii_digit());
    plain.then_some((name, version))
}

/// The state that Red Hat's words mean, in all of its formats.
pub(crate) fn state(word: &str) -> Option<State> {
    Some(match word {
        "Affected" => State::Affected,
        "Fix deferred" | "Deferred" => State::FixDeferred,
        "New" | "Under investigation" => State::UnderInvestigation,
        "Not affected" => State::NotAffected,
        "Will not fix" => State::WillNotFix,
        "Out of support scope" => State::EndOfLife,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_and_packages_are_read() {
        for (cpe, expected) in [
            ("cpe:/o:redhat:enterprise_linux:8", Some(("rhel:8", false))),
            (
                "cpe:/a:redhat:enterprise_linux:9::appstream",
                Some(("rhel:9", false)),
            ),
            ("enterprise_linux:10.0::baseos", Some(("rhel:10", false))),
            ("enterprise_linux:8.1::baseos", None),
            ("cpe:/a:redhat:rhel_eus:8.6::baseos", Some(("rhel:8", true))),
            ("cpe:/o:redhat:rhel_aus:7.7::server", Some(("rhel:7", true))),
            ("cpe:/a:redhat:openshift:4.12::el8", None),
            ("cpe:/o:redhat:enterprise_linux", None),
            ("", None),
        ] {
            let found = stream(cpe);
            let found = found.as_ref().map(|s| (s.shard.as_str(), s.extended));
            assert_eq!(found, expected, "{cpe}");
        }
        for (text, expected) in [
            ("zlib-0:1.2.11-19.el8_6", Some(("zlib", "1.2.11-19.el8_6"))),
            (
                "perl-libs-4:5.26.3-422.el8",
                Some(("perl-libs", "4:5.26.3-422.el8")),
            ),
            ("nodejs:18-8080020230718.63b34585", None),
            ("a/b-1-2", None),
            ("x", None),
        ] {
            assert_eq!(split_nevr(text), expected, "{text}");
        }
    }
}
