use std::collections::BTreeSet;

use crate::Error;
use crate::catalogue::{SOURCES, families, families_of, family};

/// The tables that every scan asks; small, unlike that of CVSS vectors.
const SMALL_TABLES: [&str; 3] = ["epss", "kev", "eol"];

/// The shards and tables that are asked for: keys (`debian:12`) and families (`debian`); or all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Wanted(pub(crate) Option<BTreeSet<String>>);

impl Wanted {
    /// What a user asked for, with the tables that belong to it; `all` for everything.
    pub(crate) fn of(only: &BTreeSet<String>) -> Result<Self, Error> {
        if only.contains("all") {
            return Ok(Self(None));
        }
        let known = families();
        for key in only {
            if !known.contains(&family(key)) {
                return Err(Error::Usage(format!(
                    "`{key}` is no shard that has a source; there are {}",
                    known.join(", ")
                )));
            }
        }
        let mut keys = only.clone();
        keys.extend(SMALL_TABLES.map(str::to_owned));
        if keys.iter().any(|key| family(key) == "rhel") {
            keys.insert("redhat-repositories".to_owned());
        }
        Ok(Self(Some(keys)))
    }

    /// What is wanted the next time: this, and what was wanted before of the same origin.
    pub(crate) fn and_before(
        &self,
        before: Option<BTreeSet<String>>,
        same_origin: bool,
    ) -> Option<BTreeSet<String>> {
        let keys = self.0.clone()?;
        if !same_origin {
            return Some(keys);
        }
        before.map(|before| before.union(&keys).cloned().collect())
    }

    pub(crate) fn has_family(&self, name: &str) -> bool {
        (self.0.as_ref()).is_none_or(|keys| keys.iter().any(|key| family(key) == name))
    }

    pub(crate) fn has_key(&self, key: &str) -> bool {
        (self.0.as_ref()).is_none_or(|keys| keys.contains(key) || keys.contains(family(key)))
    }

    /// The releases of a family that are asked for by name; none for all of them.
    pub(crate) fn releases(&self, name: &str) -> Option<Vec<&str>> {
        let keys = self.0.as_ref()?;
        if keys.contains(name) {
            return None;
        }
        Some(
            keys.iter()
                .filter_map(|key| key.split_once(':'))
                .filter(|(family, _)| *family == name)
                .map(|(_, release)| release)
                .collect(),
        )
    }

    /// What is asked of a group of families.
    pub(crate) fn keys_of(&self, group: &str) -> BTreeSet<String> {
        let families = families_of(group);
        match &self.0 {
            None => families.into_iter().map(str::to_owned).collect(),
            Some(keys) => keys
                .iter()
                .filter(|key| families.contains(&family(key)))
                .cloned()
                .collect(),
        }
    }

    /// Without what a licence restricts, unless that was agreed to.
    pub(crate) fn check_licences(&self, agreed: bool) -> Result<(), Error> {
        let Some(keys) = &self.0 else {
            return Ok(());
        };
        let refused = SOURCES
            .iter()
            .filter(|source| source.restricted && !agreed)
            .find(|source| keys.iter().any(|key| source.feeds.contains(&family(key))));
        match refused {
            Some(source) => Err(Error::Usage(format!(
                "the licence of {} ({}) restricts what may be made of it; --restricted agrees to that",
                source.name, source.licence
            ))),
            None => Ok(()),
        }
    }
}

/// Whether one set of keys and families holds all of another.
pub(crate) fn covers(all: &BTreeSet<String>, part: &BTreeSet<String>) -> bool {
    part.iter()
        .all(|key| all.contains(key) || all.contains(family(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(keys: &[&str]) -> Wanted {
        Wanted::of(&keys.iter().map(|key| (*key).to_owned()).collect()).unwrap()
    }

    #[test]
    fn keys_and_families_are_asked_for_with_their_tables() {
        let some = wanted(&["alpine:3.18", "alpine:edge", "npm", "rhel:9"]);
        assert_eq!(some.releases("alpine"), Some(vec!["3.18", "edge"]));
        assert!(some.has_family("alpine") && some.has_family("kev") && !some.has_family("debian"));
        assert!(some.has_key("alpine:3.18") && !some.has_key("alpine:3.19"));
        assert!(some.has_key("redhat-repositories"));
        assert!(!some.has_key("cvss"), "NVD is asked for by name");
        assert_eq!(wanted(&["alpine"]).releases("alpine"), None);
        assert_eq!(wanted(&["cvss"]).keys_of("nvd"), ["cvss".to_owned()].into());
        let all = wanted(&["all"]);
        assert_eq!(all, Wanted(None));
        assert_eq!(all.keys_of("suse").len(), 4);
        let error = Wanted::of(&["debain:12".to_owned()].into())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`debain:12`") && error.contains("debian"),
            "{error}"
        );
    }

    #[test]
    fn what_was_wanted_is_wanted_again() {
        let set = |keys: &[&str]| -> BTreeSet<String> {
            keys.iter().map(|key| (*key).to_owned()).collect()
        };
        let npm = Wanted(Some(set(&["npm"])));
        for (now, before, same, expected) in [
            (&npm, Some(set(&["go"])), true, Some(set(&["go", "npm"]))),
            (&npm, Some(set(&["go"])), false, Some(set(&["npm"]))),
            (&npm, None, true, None),
            (&npm, None, false, Some(set(&["npm"]))),
            (&Wanted(None), Some(set(&["go"])), true, None),
        ] {
            assert_eq!(now.and_before(before, same), expected);
        }
    }

    #[test]
    fn licences_that_restrict_are_agreed_to() {
        assert!(wanted(&["wolfi"]).check_licences(false).is_err());
        assert!(wanted(&["wolfi"]).check_licences(true).is_ok());
        assert!(wanted(&["all"]).check_licences(false).is_ok());
        assert!(wanted(&["npm"]).check_licences(false).is_ok());
    }

    #[test]
    fn families_cover_their_releases() {
        let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        assert!(covers(&set(&["debian", "npm"]), &set(&["debian:12"])));
        assert!(!covers(&set(&["debian:12"]), &set(&["debian"])));
        assert!(covers(&set(&[]), &set(&[])));
    }
}
