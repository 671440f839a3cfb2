//! What Ubuntu's formats share: the releases, and the split between the archive that all use and the
//! one for subscribers (Ubuntu Pro, ESM).

use seaworthy_model::{State, codename};

/// What is said about one package in one release: in the archive that all use, and in the one for
/// subscribers. Each is a state, and the fixed version where there is one.
#[derive(Debug, Clone)]
pub(crate) struct Said<V> {
    pub(crate) standard: Option<(State, Option<V>)>,
    pub(crate) extended: Option<(State, Option<V>)>,
}

impl<V> Default for Said<V> {
    fn default() -> Self {
        Self {
            standard: None,
            extended: None,
        }
    }
}

/// The release number, and whether the line is about what subscribers get. Lines about other
/// products (`fips/…`, `snap`, `upstream`, `devel`) are none.
pub(crate) fn release_of(text: &str) -> Option<(&'static str, bool)> {
    let (codename, extended) = match text.split_once('/') {
        None => (text, false),
        Some(("esm-infra" | "esm-apps" | "esm-infra-legacy", codename)) => (codename, true),
        Some((codename, "esm")) => (codename, true),
        Some(_) => return None,
    };
    Some((codename::release("ubuntu", codename)?, extended))
}

/// The state, and the fixed version where there is one. A fix that only subscribers get is no fix
/// for the others; whoever has it is not affected all the same.
pub(crate) fn judge<V>(said: Said<V>) -> Option<(State, Option<V>)> {
    match (said.standard, said.extended) {
        (Some(standard @ (State::Fixed | State::NotAffected, _)), _) => Some(standard),
        (_, Some((State::Fixed, fixed))) => Some((State::WillNotFix, fixed)),
        (_, Some((State::NotAffected, _))) => Some((State::NotAffected, None)),
        (standard, extended) => standard.or(extended),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_told_apart() {
        for (text, expected) in [
            ("jammy", Some(("22.04", false))),
            ("esm-infra/bionic", Some(("18.04", true))),
            ("esm-infra-legacy/trusty", Some(("14.04", true))),
            ("trusty/esm", Some(("14.04", true))),
            ("fips/jammy", None),
            ("upstream", None),
        ] {
            assert_eq!(release_of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_fix_for_subscribers_is_none_for_the_others() {
        let said = |standard, extended| judge(Said { standard, extended });
        let fixed = |version| Some((State::Fixed, Some(version)));
        let affected = Some((State::Affected, None));
        assert_eq!(said(fixed("1"), fixed("2")), fixed("1"));
        assert_eq!(
            said(affected, fixed("2")),
            Some((State::WillNotFix, Some("2")))
        );
        assert_eq!(
            said(affected, Some((State::NotAffected, None))),
            Some((State::NotAffected, None))
        );
        assert_eq!(said(affected, affected), affected);
        assert_eq!(said(None, affected), affected);
        assert_eq!(judge::<&str>(Said::default()), None);
    }
}
