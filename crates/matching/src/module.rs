use seaworthy_model::{Package, PackageType};
use seaworthy_vulndb::{EndRef, Row};

use crate::reach::Reach;

/// Whether a row may speak about a package as far as modularity goes: streams of one module carry
/// different versions side by side, and comparing across them gives nonsense.
pub(crate) fn module_fits(row: Row<'_>, package: &Package, reach: &Reach) -> bool {
    if package.kind != PackageType::Rpm {
        return true;
    }
    if is_extended(row)
        && !same_update_stream(row, &package.version)
        && !reach.has_stream_for(row, &package.version)
    {
        return false;
    }
    let installed = package.module.as_deref().map(label);
    match (row.module(), installed) {
        (Some(wanted), Some(label)) => self::label(wanted) == label,
        // A row about a module says nothing about the ordinary package, and the other way round.
        (Some(_), None) => false,
        (None, stream) => {
            let modular = stream.is_some() || is_modular(&package.version);
            match modular_end(row) {
                // Sources that keep no labels (AlmaLinux's OSV) show it in the release.
                Some(fixed) => modular && same_stream(stream, &package.version, fixed),
                None => !modular || row.intervals().next().is_none(),
            }
        }
    }
}

/// Whether a row holds for an extended update stream of Red Hat's (EUS, AUS, TUS, E4S) only.
pub(crate) fn is_extended(row: Row<'_>) -> bool {
    row.source() == "redhat-eus"
}

/// Whether a package is of the update stream that a row is about: both releases carry the same
/// minor release, `….el8_6`.
fn same_update_stream(row: Row<'_>, installed: &str) -> bool {
    let Some(stream) = update_stream(installed) else {
        return false;
    };
    row.intervals().any(|(_, end)| match end {
        EndRef::Fixed(version) | EndRef::LastAffected(version) => {
            update_stream(version) == Some(stream)
        }
        EndRef::Open => false,
    })
}

/// `el8_6` of `4.18.0-372.80.1.el8_6`.
pub(crate) fn update_stream(version: &str) -> Option<&str> {
    let start = version.rfind(".el")? + 1;
    let text = version.get(start..)?;
    let end = text
        .bytes()
        .skip(2)
        .position(|b| !(b.is_ascii_digit() || b == b'_'))
        .map_or(text.len(), |at| at + 2);
    text.get(..end).filter(|stream| stream.contains('_'))
}

/// `name` and `stream` of `name:stream:version:context:arch`.
fn label(text: &str) -> (&str, &str) {
    let mut parts = text.split(':');
    (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    )
}

/// Releases of modular builds carry `.module+el8…` or `.module_el8…`.
fn is_modular(version: &str) -> bool {
    version.contains(".module+") || version.contains(".module_")
}

fn modular_end(row: Row<'_>) -> Option<&str> {
    row.intervals().find_map(|(_, end)| match end {
        EndRef::Fixed(version) | EndRef::LastAffected(version) if is_modular(version) => {
            Some(version)
        }
        _ => None,
    })
}

/// Whether a modular fix belongs to the installed stream. Streams are mostly named after the
/// versions they carry (`nodejs:18`, `php:7.4`); where not (`container-tools:rhel8`), and where
/// the stream is not known, the same major version has to do.
fn same_stream(stream: Option<(&str, &str)>, installed: &str, fixed: &str) -> bool {
    let (installed, fixed) = (upstream(installed), upstream(fixed));
    if let Some((_, stream)) = stream
        && in_stream(installed, stream)
    {
        return in_stream(fixed, stream);
    }
    installed.split('.').next() == fixed.split('.').next()
}

fn in_stream(version: &str, stream: &str) -> bool {
    version
        .strip_prefix(stream)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The version without epoch and release.
fn upstream(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    version.split_once('-').map_or(version, |(head, _)| head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_kept_apart() {
        for (stream, installed, fixed, expected) in [
            (
                Some(("nodejs", "18")),
                "1:18.17.1-1.module_el9",
                "1:18.19.0-1.module_el9",
                true,
            ),
            (
                Some(("nodejs", "18")),
                "1:18.17.1-1.module_el9",
                "1:20.1.0-1.module_el9",
                false,
            ),
            (
                Some(("php", "7.4")),
                "7.4.19-1.module_el8",
                "7.2.24-1.module_el8",
                false,
            ),
            (
                Some(("container-tools", "rhel8")),
                "2:4.0-1.module_el8",
                "2:4.4-1.module_el8",
                true,
            ),
            (None, "10.1-1.module_el8", "12.1-1.module_el8", false),
            (None, "10.1-1.module_el8", "10.2-1.module_el8", true),
        ] {
            assert_eq!(
                same_stream(stream, installed, fixed),
                expected,
                "{installed} {fixed}"
            );
        }
        assert_eq!(label("nodejs:18:8090:abc:x86_64"), ("nodejs", "18"));
        for (version, stream) in [
            ("4.18.0-372.80.1.el8_6", Some("el8_6")),
            ("1:3.0.7-6.el9_2.x", Some("el9_2")),
            ("1.2.11-19.el8", None),
            ("1.2", None),
        ] {
            assert_eq!(update_stream(version), stream, "{version}");
        }
        assert!(is_modular("1:18.17.1-1.module+el8.8.0+19757+8ca87034"));
    }
}
