//! Fields of JSON whose shape is not sure: what is missing or of another type is empty.

use seaworthy_model::{Date, Rating, Severity, State};
use serde_json::Value;

use super::{ReadError, ReportFormat};

static NULL: Value = Value::Null;

/// The member, or null.
pub(super) fn get<'a>(value: &'a Value, key: &str) -> &'a Value {
    value.get(key).unwrap_or(&NULL)
}

/// The member of members.
pub(super) fn path<'a>(value: &'a Value, keys: &[&str]) -> &'a Value {
    keys.iter().fold(value, |value, key| get(value, key))
}

/// The text of a member, empty when there is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    get(value, key).as_str().unwrap_or_default()
}

/// [`text`], owned.
pub(super) fn string(value: &Value, key: &str) -> String {
    text(value, key).to_owned()
}

/// The first member of these that has a text.
pub(super) fn first<'a>(value: &'a Value, keys: &[&str]) -> &'a str {
    keys.iter()
        .map(|key| text(value, key))
        .find(|t| !t.is_empty())
        .unwrap_or_default()
}

/// The elements of a member, none when it is no list.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    get(value, key).as_array().map_or(&[], Vec::as_slice)
}

/// The elements of a member on which the answer hangs: none when it is absent or null, and an error
/// when it is something else than a list, since reading on would make that a report without findings.
pub(super) fn answer<'a>(
    value: &'a Value,
    key: &str,
    format: ReportFormat,
) -> Result<&'a [Value], ReadError> {
    match get(value, key) {
        Value::Null => Ok(&[]),
        Value::Array(list) => Ok(list),
        _ => Err(ReadError::Shape {
            format,
            what: format!("`{key}` is no list"),
        }),
    }
}

/// The texts of a list.
pub(super) fn strings(value: &Value, key: &str) -> Vec<String> {
    list(value, key)
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// A line or column; 0 when there is none.
pub(super) fn line(value: &Value, key: &str) -> u32 {
    get(value, key)
        .as_u64()
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or_default()
}

/// A number that may be written as text.
pub(super) fn number(value: &Value) -> Option<f64> {
    value
        .as_f64()
        .or_else(|| value.as_str()?.trim().parse().ok())
        .filter(|n| n.is_finite())
}

/// A score of 0 to 10.
pub(super) fn score(value: &Value) -> Option<f64> {
    number(value).filter(|n| (0.0..=10.0).contains(n))
}

/// The day of a time of a member, RFC 3339 or a date alone. What stands for no time in the
/// languages that scanners are written in (the year 1, the beginning of 1970) is none.
pub(super) fn date(value: &Value, key: &str) -> Option<Date> {
    let day: Date = text(value, key).parse().ok()?;
    (day.days() > 0).then_some(day)
}

/// The earliest day of these members.
pub(super) fn earliest(value: &Value, keys: &[&str]) -> Option<Date> {
    keys.iter().filter_map(|key| date(value, key)).min()
}

/// A severity in any scanner's words.
pub(super) fn severity(word: &str) -> Severity {
    word.parse()
        .unwrap_or(match word.to_ascii_lowercase().as_str() {
            "error" | "blocker" => Severity::High,
            "warning" => Severity::Medium,
            "note" | "minor" => Severity::Low,
            "defcon1" => Severity::Critical,
            _ => Severity::Unknown,
        })
}

/// A state in any scanner's words.
pub(super) fn state(word: &str) -> State {
    let word = word
        .trim()
        .to_ascii_lowercase()
        .replace(['-', ' ', '\''], "_");
    match word.as_str() {
        "wont_fix" | "won_t_fix" => State::WillNotFix,
        "not_fixed" | "exploitable" | "in_triage" => State::Affected,
        "resolved" | "resolved_with_pedigree" => State::Fixed,
        "false_positive" => State::NotAffected,
        "out_of_support_scope" => State::EndOfLife,
        "deferred" => State::FixDeferred,
        other => other.parse().unwrap_or(State::Unknown),
    }
}

/// A rating, when there is something to it.
pub(super) fn rating(
    source: &str,
    severity: Option<Severity>,
    vector: &str,
    score: Option<f64>,
) -> Option<Rating> {
    if vector.is_empty() && score.is_none() && severity.is_none() {
        return None;
    }
    Some(Rating {
        source: source.to_owned(),
        severity: severity
            .or_else(|| score.map(Severity::from_score))
            .unwrap_or_default(),
        vector: Some(vector.to_owned()).filter(|v| !v.is_empty()),
        score,
    })
}

/// Ids of advisories that cover several vulnerabilities at once.
pub(crate) fn is_bundle(id: &str) -> bool {
    const PREFIXES: [&str; 16] = [
        "DSA-",
        "DLA-",
        "USN-",
        "RHSA-",
        "RHBA-",
        "RHEA-",
        "ALAS",
        "ELSA-",
        "ALSA-",
        "RLSA-",
        "SUSE-",
        "openSUSE-",
        "FEDORA-",
        "PHSA-",
        "MGASA-",
        "GLSA-",
    ];
    PREFIXES.iter().any(|p| id.starts_with(p))
}

/// Whether a text is the id of a vulnerability or advisory.
pub(super) fn is_vulnerability_id(id: &str) -> bool {
    const PREFIXES: [&str; 12] = [
        "CVE-", "GHSA-", "GO-", "RUSTSEC-", "PYSEC-", "OSV-", "MAL-", "SNYK-", "CGA-", "TEMP-",
        "BIT-", "npm:",
    ];
    is_bundle(id) || PREFIXES.iter().any(|p| id.starts_with(p))
}

/// Other ids of a vulnerability, told apart from advisories that cover several.
pub(super) fn sort_ids(
    id: &str,
    others: impl IntoIterator<Item = String>,
) -> (Vec<String>, Vec<String>) {
    let mut aliases = Vec::new();
    let mut advisories = Vec::new();
    for other in others {
        if other.is_empty() || other == id {
            continue;
        }
        if is_bundle(&other) {
            advisories.push(other);
        } else {
            aliases.push(other);
        }
    }
    for ids in [&mut aliases, &mut advisories] {
        ids.sort();
        ids.dedup();
    }
    (aliases, advisories)
}
