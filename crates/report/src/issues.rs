//! The words that formats share for secrets, misconfigurations and licences.

use seaworthy_model::{
    Layer, LicenseClass, LicenseFinding, Location, Misconfiguration, Report, Secret, Severity,
};

use crate::{text, words};

/// `app/.env:3`; without a line, what it is: `image configuration`.
pub(crate) fn place(location: &Location) -> String {
    if location.start_line == 0 {
        location.path.clone()
    } else {
        format!("{}:{}", location.path, location.start_line)
    }
}

/// The layer that brought a file.
pub(crate) fn layer<'a>(report: &'a Report, location: &Location) -> Option<&'a Layer> {
    let index = usize::try_from(location.layer?).ok()?;
    report.inventory.image.as_ref()?.layers.get(index)
}

/// Whose the layer is, as [`words::origin_word`] says it.
pub(crate) fn origin(report: &Report, location: &Location) -> &'static str {
    match layer(report, location) {
        Some(layer) if layer.base => "base",
        Some(_) => "yours",
        None => "",
    }
}

/// `yours L3`, as far as it is known.
pub(crate) fn origin_and_layer(report: &Report, location: &Location) -> String {
    let origin = origin(report, location);
    match location.layer {
        Some(layer) => format!("{origin:<5} L{layer}"),
        None => String::new(),
    }
}

/// What was found, as a sentence; never the secret itself.
pub(crate) fn secret(report: &Report, secret: &Secret) -> String {
    let mut text = format!("{} in {}", secret.title, place(&secret.location));
    push_layer(&mut text, report, &secret.location);
    text.push('.');
    if secret.deleted_later {
        text.push_str(
            " A later layer deletes or replaces the file, but whoever has the image still has the secret.",
        );
    }
    text
}

/// What there is to do about any secret.
pub(crate) const SECRET_FIX: &str = "Revoke it and issue a new one; pass it at run time or as a build secret, and rebuild without the layer that holds it";

/// What is wrong, as a sentence or two.
pub(crate) fn misconfiguration(report: &Report, issue: &Misconfiguration) -> String {
    let mut text = issue.message.trim().trim_end_matches('.').to_owned();
    text.push_str(&format!(" ({}", place(&issue.location)));
    if !issue.object.is_empty() {
        text.push_str(&format!(", {}", issue.object));
    }
    push_layer(&mut text, report, &issue.location);
    text.push_str(").");
    text
}

fn push_layer(text: &mut String, report: &Report, location: &Location) {
    if let Some(index) = location.layer {
        text.push_str(&format!(", layer {index}"));
        if let Some(created_by) = layer(report, location).and_then(|l| l.created_by.as_ref()) {
            text.push_str(&format!(" ({created_by})"));
        }
    }
}

/// Whose licence it is: the package and its version, else the file.
pub(crate) fn license_of(report: &Report, license: &LicenseFinding) -> String {
    match license
        .package
        .and_then(|at| report.inventory.packages.get(at))
    {
        Some(package) => format!("{} {}", package.name, package.version),
        None => license.location.path.clone(),
    }
}

/// The licence and its class, as a sentence.
pub(crate) fn license(report: &Report, finding: &LicenseFinding) -> String {
    let mut text = format!(
        "{} has the licence {}, class {}",
        license_of(report, finding),
        finding.license,
        finding.class.name()
    );
    if !finding.expression.is_empty() && finding.expression != finding.license {
        text.push_str(&format!(", as part of {}", finding.expression));
    }
    if finding.confidence < 100 {
        text.push_str(&format!(
            ", recognised with {} % confidence",
            finding.confidence
        ));
    }
    text.push('.');
    text
}

/// Whether somebody has to look at a licence: most ask for a notice only, and a list of hundreds of
/// those hides the few that matter.
pub(crate) fn is_notable(finding: &LicenseFinding) -> bool {
    finding.severity >= Severity::High || finding.class == LicenseClass::Unknown
}

/// The licences that somebody has to look at.
pub(crate) fn notable_licenses(report: &Report) -> impl Iterator<Item = &LicenseFinding> {
    report.licenses.iter().filter(|l| is_notable(l))
}

/// How many licences of each class, worst first, those that there are.
pub(crate) fn license_counts(report: &Report) -> Vec<(LicenseClass, usize)> {
    LicenseClass::ALL
        .into_iter()
        .map(|class| {
            let of_class = report.licenses.iter().filter(|l| l.class == class);
            (class, of_class.count())
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// One line about many: `61 vulnerabilities, 2 secrets, 5 misconfigurations`; empty when there is
/// nothing.
pub(crate) fn totals(report: &Report) -> String {
    let mut parts = Vec::new();
    if !report.secrets.is_empty() {
        parts.push(words::counted(report.secrets.len(), "secret"));
    }
    if !report.misconfigurations.is_empty() {
        parts.push(words::counted(
            report.misconfigurations.len(),
            "misconfiguration",
        ));
    }
    let licenses = notable_licenses(report).count();
    if licenses > 0 {
        parts.push(format!("{} to review", words::counted(licenses, "licence")));
    }
    let fixable = report.counts.fixable;
    match report.findings.len() {
        0 => {}
        count if parts.is_empty() => {
            let what = words::counted_as(count, "vulnerability", "vulnerabilities");
            parts.push(format!("{what}, {fixable} of them with a fix"));
        }
        count => parts.insert(
            0,
            words::counted_as(count, "vulnerability", "vulnerabilities"),
        ),
    }
    parts.join(", ")
}

/// A name for a secret that stays the same when the file moves by a few lines.
pub(crate) fn secret_id(report: &Report, secret: &Secret) -> String {
    words::stable_id(&[
        &report.target.name,
        "secret",
        &secret.rule,
        &secret.location.path,
        &secret.fingerprint,
        &secret.location.start_line.to_string(),
    ])
    .to_string()
}

/// A name for a misconfiguration.
pub(crate) fn misconfiguration_id(report: &Report, issue: &Misconfiguration) -> String {
    words::stable_id(&[
        &report.target.name,
        "misconfiguration",
        &issue.rule,
        &issue.location.path,
        &issue.object,
        &issue.location.start_line.to_string(),
        &issue.location.start_column.to_string(),
        &issue.message,
    ])
    .to_string()
}

/// A page about a rule, when it is one that a browser may open.
pub(crate) fn rule_url(issue: &Misconfiguration) -> Option<String> {
    web_url(&issue.url)
}

/// Where a rule of ours is described, whatever the network: in the program itself.
pub(crate) fn more_about(rule: &str) -> Option<String> {
    let is_ours =
        rule.starts_with("SW-") && rule.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_ours.then(|| format!("`seaworthy rules {rule}` tells more."))
}

/// The address, when it is plain `http` or `https` and has no characters that escape from where it
/// is written.
pub(crate) fn web_url(url: &str) -> Option<String> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_plain = url
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b"<>\"'`\\{}|^".contains(&b));
    (is_web && is_plain && url.len() > 8).then(|| text::plain(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_links() {
        for (url, expected) in [
            ("https://example.com/a?b#c", true),
            ("http://example.com", true),
            ("javascript:alert(1)", false),
            ("https://a/\"onload=", false),
            ("https://a b", false),
            ("https://", false),
            ("", false),
        ] {
            assert_eq!(web_url(url).is_some(), expected, "{url}");
        }
    }

    #[test]
    fn a_place_has_a_line_when_there_is_one() {
        assert_eq!(place(&Location::line("a/b", 3)), "a/b:3");
        assert_eq!(place(&Location::line("history", 0)), "history");
    }
}
