use std::collections::BTreeMap;
use std::fmt::Write as _;

use seaworthy_model::{Inventory, LicenseFinding};

use crate::expression::Expression;
use crate::obligations::obligations;

/// The text of a `NOTICE` file: which packages are under which licence, what the licence asks, and
/// where its text lies in the target. `title` names the product.
///
/// `findings` is what [`crate::licenses`] gave for the same inventory.
#[must_use]
pub fn notice(title: &str, inventory: &Inventory, findings: &[LicenseFinding]) -> String {
    /// Packages, and files of texts.
    type Entry<'a> = (Vec<String>, Vec<&'a str>);
    let mut by_license: BTreeMap<&str, Entry<'_>> = BTreeMap::new();
    for finding in findings {
        let (packages, texts) = by_license.entry(finding.license.as_str()).or_default();
        let package = finding.package.and_then(|at| inventory.packages.get(at));
        match package {
            Some(package) => packages.push(format!(
                "{} {} ({})",
                one_line(&package.name),
                one_line(&package.version),
                package.kind
            )),
            None => packages.push(one_line(&finding.location.path)),
        }
        let declared = package.is_some_and(|p| p.evidence.path == finding.location.path);
        if !declared {
            texts.push(&finding.location.path);
        }
    }
    let mut out = format!(
        "{}\n\nThis product contains software by others, under the licences below.\n",
        one_line(title)
    );
    for (license, (mut packages, mut texts)) in by_license {
        packages.sort();
        packages.dedup();
        texts.sort_unstable();
        texts.dedup();
        let name = one_line(license);
        let _ = write!(out, "\n{}\n{name}\n{}\n", "=".repeat(72), "=".repeat(72));
        if let Expression::License(license) = Expression::parse(license) {
            if license.is_known() && spdx::license_id(license.name()).is_some() {
                let _ = writeln!(out, "https://spdx.org/licenses/{}.html", license.name());
            }
            for obligation in obligations(&license) {
                let _ = writeln!(out, "* {obligation}");
            }
        }
        out.push('\n');
        for package in packages {
            let _ = writeln!(out, "  {package}");
        }
        if !texts.is_empty() {
            out.push_str("\n  Texts:\n");
            for text in texts {
                let _ = writeln!(out, "  {}", one_line(text));
            }
        }
    }
    out
}

/// A name from a package without line breaks and other control characters.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use seaworthy_model::{Package, PackageType};

    use super::*;
    use crate::{LicensePolicy, licenses};

    #[test]
    fn packages_stand_under_their_licences() {
        let mut packages = vec![
            Package::new(PackageType::Npm, "b\n", "2", "b/package.json"),
            Package::new(PackageType::Npm, "a", "1", "a/package.json"),
            Package::new(PackageType::Deb, "bash", "5", "var/lib/dpkg/status"),
        ];
        packages[0].licenses.push("MIT".to_owned());
        packages[1].licenses.push("MIT".to_owned());
        let inventory = Inventory {
            packages,
            ..Inventory::default()
        };
        let texts = vec![LicenseFinding {
            license: "GPL-3.0-or-later".to_owned(),
            location: seaworthy_model::Location::line("usr/share/doc/bash/copyright", 1),
            ..LicenseFinding::default()
        }];
        let findings = licenses(&inventory, texts, &LicensePolicy::default());
        let text = notice("Shop 1.0", &inventory, &findings);
        assert!(text.starts_with("Shop 1.0\n"));
        assert!(text.contains("MIT.html\n* Keep"));
        assert!(text.contains("\n  a 1 (npm)\n  b  2 (npm)\n"));
        assert!(text.contains("  Texts:\n  usr/share/doc/bash/copyright\n"));
        assert!(text.find("GPL-3.0-or-later") < text.find("\nMIT\n"));
    }
}
