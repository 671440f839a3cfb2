//! What was found out about the signatures and attestations of an image.

use super::Status;
use super::check::Answer;

/// Signatures and attestations, as far as somebody looked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Supply {
    /// Signatures of the image.
    pub signatures: Signatures,
    /// Signed statements about the image.
    pub attestations: Attestations,
}

/// Signatures of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signatures {
    /// Nobody looked, and why, in words.
    NotLookedFor(String),
    /// There is none.
    None,
    /// There are some, and no trusted key made any of them.
    Invalid {
        /// Why not, one sentence each.
        reasons: Vec<String>,
    },
    /// Trusted keys made some.
    Verified {
        /// The names or hints of the keys.
        keys: Vec<String>,
    },
}

/// Signed statements about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attestations {
    /// Nobody looked, and why, in words.
    NotLookedFor(String),
    /// All that there are; perhaps none.
    Found(Vec<Attested>),
}

/// One signed statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// What kind of thing it says: `https://slsa.dev/provenance/v1` (in-toto Statement v1,
    /// `predicateType`).
    pub predicate_type: String,
    /// The name or hint of the trusted key that signed it; none when no trusted one did.
    pub by: Option<String>,
}

const NOBODY_LOOKED: &str = "no signature was looked for";

impl Default for Signatures {
    fn default() -> Self {
        Self::NotLookedFor(NOBODY_LOOKED.to_owned())
    }
}

impl Default for Attestations {
    fn default() -> Self {
        Self::NotLookedFor("no attestation was looked for".to_owned())
    }
}

impl Supply {
    /// Nobody looked; `why` is for people: `no trusted key was given`.
    #[must_use]
    pub fn not_looked_for(why: &str) -> Self {
        Self {
            signatures: Signatures::NotLookedFor(why.to_owned()),
            attestations: Attestations::NotLookedFor(why.to_owned()),
        }
    }

    /// What a registry or a layout has: of each signature whether a trusted key made it, and the
    /// key's name; of each attestation its predicate type, whether a trusted key signed it, and
    /// that key's name.
    pub fn looked(
        signatures: impl IntoIterator<Item = (bool, Option<String>)>,
        attestations: impl IntoIterator<Item = (String, bool, Option<String>)>,
    ) -> Self {
        let named = |key: Option<String>| key.unwrap_or_else(|| "a trusted key".to_owned());
        let (mut keys, mut reasons) = (Vec::new(), Vec::new());
        for (verified, key) in signatures {
            if verified {
                keys.push(named(key));
            } else {
                reasons.push(match key {
                    Some(key) => format!("the signature of {key} does not verify"),
                    None => "a signature that no trusted key made".to_owned(),
                });
            }
        }
        let found = attestations
            .into_iter()
            .map(|(predicate_type, verified, signer)| Attested {
                predicate_type,
                by: verified.then(|| named(signer)),
            })
            .collect();
        Self {
            signatures: if !keys.is_empty() {
                Signatures::Verified { keys }
            } else if reasons.is_empty() {
                Signatures::None
            } else {
                Signatures::Invalid { reasons }
            },
            attestations: Attestations::Found(found),
        }
    }
}

/// Kinds of statements that controls ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predicate {
    /// Where and from what it was built: [SLSA provenance](https://slsa.dev/spec/v1.0/provenance),
    /// any version.
    Provenance,
    /// What is in it: SPDX or CycloneDX.
    BillOfMaterials,
}

impl Predicate {
    fn is(self, predicate_type: &str) -> bool {
        let prefixes: &[&str] = match self {
            Self::Provenance => &["https://slsa.dev/provenance/"],
            Self::BillOfMaterials => &["https://spdx.dev/Document", "https://cyclonedx.org/bom"],
        };
        prefixes.iter().any(|prefix| {
            predicate_type.strip_prefix(prefix).is_some_and(|rest| {
                prefix.ends_with('/') || rest.is_empty() || rest.starts_with('/')
            })
        })
    }
}

/// Who signed a statement of that kind, each once.
pub(super) fn attested_by(supply: &Supply, predicate: Predicate) -> Vec<&str> {
    let Attestations::Found(found) = &supply.attestations else {
        return Vec::new();
    };
    let mut keys: Vec<&str> = found
        .iter()
        .filter(|attested| predicate.is(&attested.predicate_type))
        .filter_map(|attested| attested.by.as_deref())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn signed_by(what: &str, keys: &[&str]) -> String {
    format!("{what} by {}", keys.join(", "))
}

/// A trusted key signed the image.
pub(super) fn signature(supply: &Supply) -> Answer {
    match &supply.signatures {
        Signatures::NotLookedFor(why) => Answer::unknown(why.clone()),
        Signatures::None => Answer::violated(vec!["the image has no signature".to_owned()]),
        Signatures::Invalid { reasons } => Answer::violated(reasons.clone()),
        Signatures::Verified { keys } => {
            let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            keys.sort_unstable();
            keys.dedup();
            Answer::met().shown(signed_by("signed", &keys))
        }
    }
}

/// A trusted key attests how the image was built. Nothing asks for an attestation, so that the lack
/// of one is no violation; one that no trusted key signed speaks against the image.
pub(super) fn provenance(supply: &Supply) -> Answer {
    let found = match &supply.attestations {
        Attestations::NotLookedFor(why) => return Answer::unknown(why.clone()),
        Attestations::Found(found) => found,
    };
    let keys = attested_by(supply, Predicate::Provenance);
    if !keys.is_empty() {
        return Answer::met().shown(signed_by("attested", &keys));
    }
    let is_there = found
        .iter()
        .any(|attested| Predicate::Provenance.is(&attested.predicate_type));
    if is_there {
        Answer::violated(vec![
            "an attestation of provenance that no trusted key signed".to_owned(),
        ])
    } else {
        Answer::of(
            Status::NotAssessed,
            vec!["the image has no attestation of provenance".to_owned()],
        )
    }
}

/// Every attestation that there is was signed by a trusted key.
pub(super) fn attestations(supply: &Supply) -> Answer {
    let found = match &supply.attestations {
        Attestations::NotLookedFor(why) => return Answer::unknown(why.clone()),
        Attestations::Found(found) => found,
    };
    let mut unsigned: Vec<String> = found
        .iter()
        .filter(|attested| attested.by.is_none())
        .map(|attested| {
            let kind = attested
                .predicate_type
                .chars()
                .take(100)
                .collect::<String>();
            format!("no trusted key signed the attestation of type {kind}")
        })
        .collect();
    unsigned.sort();
    unsigned.dedup();
    if !unsigned.is_empty() {
        return Answer::violated(unsigned);
    }
    let mut answer = Answer::met();
    if found.is_empty() {
        answer.limits.push("no attestation is attached".to_owned());
    } else {
        let mut keys: Vec<&str> = found.iter().filter_map(|a| a.by.as_deref()).collect();
        keys.sort_unstable();
        keys.dedup();
        answer = answer.shown(signed_by("attested", &keys));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_becomes_one_answer_each() {
        let key = || Some("release.pub".to_owned());
        let check = |signatures: &[(bool, Option<String>)], expected: Status, word: &str| {
            let supply = Supply::looked(signatures.iter().cloned(), []);
            let answer = signature(&supply);
            assert_eq!(answer.status, expected, "{signatures:?}");
            let all = [answer.evidence, answer.proof].concat().join(" ");
            assert!(all.contains(word), "{all}");
        };
        check(&[], Status::Violated, "no signature");
        check(&[(false, None)], Status::Violated, "no trusted key made");
        check(&[(true, key())], Status::Met, "signed by release.pub");
        // One good signature is enough, whoever else signed.
        check(
            &[(false, None), (true, key()), (true, key())],
            Status::Met,
            "signed by release.pub",
        );
        check(&[(true, None)], Status::Met, "a trusted key");
        assert_eq!(signature(&Supply::default()).status, Status::NotAssessed);
        let why = signature(&Supply::not_looked_for("no trusted key was given"));
        assert_eq!(why.evidence, ["no trusted key was given"]);
    }

    #[test]
    fn attestations_are_told_by_their_predicate() {
        const SLSA: &str = "https://slsa.dev/provenance/v0.2";
        const SPDX: &str = "https://spdx.dev/Document/v2.3";
        let supply = |all: &[(&str, bool)]| {
            let attested = all.iter().map(|(kind, verified)| {
                let by = verified.then(|| "release.pub".to_owned());
                ((*kind).to_owned(), *verified, by)
            });
            Supply::looked([], attested)
        };
        for (all, of_provenance, of_all, boms) in [
            (&[][..], Status::NotAssessed, Status::Met, 0),
            (&[(SPDX, true)], Status::NotAssessed, Status::Met, 1),
            (&[(SLSA, true)], Status::Met, Status::Met, 0),
            (&[(SLSA, false)], Status::Violated, Status::Violated, 0),
            (
                &[(SLSA, true), (SPDX, false)],
                Status::Met,
                Status::Violated,
                0,
            ),
            (
                &[(SLSA, false), (SLSA, true)],
                Status::Met,
                Status::Violated,
                0,
            ),
        ] {
            let supply = supply(all);
            assert_eq!(provenance(&supply).status, of_provenance, "{all:?}");
            assert_eq!(attestations(&supply).status, of_all, "{all:?}");
            let keys = attested_by(&supply, Predicate::BillOfMaterials);
            assert_eq!(keys.len(), boms, "{all:?}");
        }
        let unknown = Supply::default();
        assert_eq!(provenance(&unknown).status, Status::NotAssessed);
        assert_eq!(attestations(&unknown).status, Status::NotAssessed);
        assert!(!Predicate::BillOfMaterials.is("https://spdx.dev/Documents"));
        assert!(!Predicate::Provenance.is("https://slsa.dev/provenance"));
    }
}
