//! Code names of releases, which feeds, derivatives and tags of images use in place of numbers.

/// Ubuntu's, of the releases that images are made of.
const UBUNTU: [(&str, &str); 14] = [
    ("trusty", "14.04"),
    ("xenial", "16.04"),
    ("bionic", "18.04"),
    ("focal", "20.04"),
    ("impish", "21.10"),
    ("jammy", "22.04"),
    ("kinetic", "22.10"),
    ("lunar", "23.04"),
    ("mantic", "23.10"),
    ("noble", "24.04"),
    ("oracular", "24.10"),
    ("plucky", "25.04"),
    ("questing", "25.10"),
    ("resolute", "26.04"),
];

/// Debian's.
const DEBIAN: [(&str, &str); 9] = [
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
];

fn table(family: &str) -> &'static [(&'static str, &'static str)] {
    match family {
        "debian" => &DEBIAN,
        "ubuntu" => &UBUNTU,
        _ => &[],
    }
}

/// The number of the release with that code name, `jammy` → `22.04`; the family is an os-release
/// `ID`, only `debian` and `ubuntu` have code names that count.
#[must_use]
pub fn release(family: &str, codename: &str) -> Option<&'static str> {
    table(family)
        .iter()
        .find(|(name, _)| *name == codename)
        .map(|(_, number)| *number)
}

/// The release that a version belongs to, with its code name: `12.5` → `12` and `bookworm`.
#[must_use]
pub fn of_version(family: &str, version: &str) -> Option<(&'static str, &'static str)> {
    table(family)
        .iter()
        .find(|(_, release)| {
            version
                .strip_prefix(release)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
        .map(|(name, release)| (*release, *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_belong_together() {
        assert_eq!(release("ubuntu", "jammy"), Some("22.04"));
        assert_eq!(release("debian", "jammy"), None);
        assert_eq!(release("alpine", "jammy"), None);
        for (family, version, expected) in [
            ("debian", "12.5", Some(("12", "bookworm"))),
            ("debian", "12", Some(("12", "bookworm"))),
            ("debian", "120", None),
            ("ubuntu", "22.04", Some(("22.04", "jammy"))),
            ("ubuntu", "22", None),
            ("fedora", "12", None),
        ] {
            assert_eq!(of_version(family, version), expected, "{family} {version}");
        }
    }
}
