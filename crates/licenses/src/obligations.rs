//! What a licence asks, in words.

use seaworthy_model::LicenseClass;

use crate::class::class_of;
use crate::expression::License;
use crate::normalise::PUBLIC_DOMAIN;

/// What a licence asks of those who pass the software on, each in one sentence.
#[must_use]
pub fn obligations(license: &License) -> Vec<&'static str> {
    const KEEP: &str = "Keep the copyright notices and the text of the licence with every copy.";
    const SOURCE: &str = "Offer the complete source of the whole work under the same licence to everybody who gets a copy.";
    const FILES: &str =
        "Offer the source of the licensed files, your changes included, under the same licence.";
    const CHANGES: &str = "State that you changed the files, and when.";
    let name = license.name();
    let class = class_of(license);
    let mut out = Vec::new();
    match class {
        LicenseClass::Forbidden if name.starts_with("AGPL-") || name.starts_with("SSPL-") => {
            out.extend([
                KEEP,
                SOURCE,
                "Offer the source to everybody who uses the software over a network too.",
            ]);
            if name.starts_with("SSPL-") {
                out.push(
                    "Whoever offers it as a service must publish everything the service runs on.",
                );
            }
        }
        LicenseClass::Forbidden if name.starts_with("CC-BY-NC") => {
            out.extend([KEEP, "Do not use it commercially."]);
        }
        LicenseClass::Forbidden => {
            out.extend([KEEP, "Read the licence: it forbids some uses."]);
        }
        LicenseClass::Restricted if name.starts_with("CC-BY-ND") => {
            out.extend([KEEP, "Do not pass on changed versions."]);
        }
        LicenseClass::Restricted if name.starts_with("CC-BY-SA") => {
            out.extend([
                KEEP,
                "Pass on changed versions under the same licence only.",
            ]);
        }
        LicenseClass::Restricted if name.starts_with("LGPL-") => {
            out.extend([
                KEEP,
                "Offer the source of the library, your changes included, under the same licence.",
                "Let the user replace the library: link it dynamically, or pass on what is needed to link again.",
            ]);
        }
        LicenseClass::Restricted => {
            out.extend([KEEP, SOURCE]);
            if name.starts_with("EUPL-") || name.starts_with("OSL-") || name.starts_with("RPL-") {
                out.push("Use over a network counts as passing on.");
            }
        }
        LicenseClass::Reciprocal => {
            out.extend([KEEP, FILES]);
            if license.exception().is_some() {
                out.push("The exception frees what is only linked or generated; it does not free changes to the software itself.");
            }
        }
        LicenseClass::Notice => out.push(KEEP),
        LicenseClass::Permissive | LicenseClass::Unencumbered => {}
        LicenseClass::Unknown => {
            out.push("Not known: ask the authors, or read the text that comes with it.");
        }
    }
    match name {
        "Apache-2.0" => {
            out.extend(["Pass on the NOTICE file, where there is one.", CHANGES]);
        }
        "BSD-3-Clause" | "BSD-3-Clause-Clear" | "BSD-3-Clause-LBNL" => {
            out.push("Do not use the names of the authors to endorse your product.");
        }
        "BSD-4-Clause" | "BSD-4-Clause-UC" | "OpenSSL" | "SSLeay-standalone" | "PHP-3.0"
        | "PHP-3.01" | "Apache-1.0" | "Apache-1.1" => {
            out.push("Acknowledge the authors in the documentation or advertising, in the words that the licence gives.");
        }
        "Zlib" | "Libpng" | "MPL-1.1" | "PSF-2.0" | "Python-2.0" => out.push(CHANGES),
        "JSON" => out
            .push("It shall be used for good, not evil: many lawyers take that as a restriction."),
        PUBLIC_DOMAIN => {}
        _ if name.starts_with("CC-BY-") => {
            out.push("Name the author and the source, and say what was changed.")
        }
        _ if name.starts_with("GPL-") || name.starts_with("LGPL-") => {
            out.push(CHANGES);
            if name.contains("-3.0") {
                out.push(
                    "In consumer products, pass on what is needed to install changed versions.",
                );
            }
        }
        _ => {}
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expression;

    #[test]
    fn obligations_are_told() {
        let of = |text: &str| match Expression::parse(text) {
            Expression::License(license) => obligations(&license).join(" "),
            other => panic!("{other} is several"),
        };
        assert!(of("Apache-2.0").contains("NOTICE"));
        assert!(of("AGPL-3.0-only").contains("network"));
        assert!(of("LGPL-2.1-only").contains("replace"));
        assert!(of("CC0-1.0").is_empty());
        assert!(of("whatever").contains("Not known"));
    }
}
