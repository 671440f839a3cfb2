//! Types of predicates: what a statement says about its subjects.

/// An image signature (cosign 3).
pub const COSIGN_SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
/// An SPDX document.
pub const SPDX: &str = "https://spdx.dev/Document";
/// A CycloneDX document.
pub const CYCLONEDX: &str = "https://cyclonedx.org/bom";
/// An OpenVEX document.
pub const OPENVEX: &str = "https://openvex.dev/ns";
/// A vulnerability scan, as cosign has it.
pub const VULNERABILITY: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";
/// SLSA provenance.
pub const SLSA_PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// Whether a predicate type is the wanted one, or a version of it: OpenVEX writers add `/v0.2.0`,
/// SPDX writers `/v2.3`.
#[must_use]
pub fn is(found: &str, wanted: &str) -> bool {
    found.strip_prefix(wanted).is_some_and(|rest| {
        rest.is_empty()
            || rest
                .strip_prefix("/v")
                .is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_a_type_are_the_type() {
        for (found, wanted, same) in [
            (OPENVEX, OPENVEX, true),
            ("https://openvex.dev/ns/v0.2.0", OPENVEX, true),
            ("https://spdx.dev/Document/v2.3", SPDX, true),
            ("https://openvex.dev/nsx", OPENVEX, false),
            ("https://openvex.dev/ns/vex", OPENVEX, false),
            ("https://openvex.dev", OPENVEX, false),
            (COSIGN_SIGN, VULNERABILITY, false),
        ] {
            assert_eq!(is(found, wanted), same, "{found}");
        }
    }
}
