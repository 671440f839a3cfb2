//! Ignore files of other tools. Keys that they have and we do not need are passed over: the files
//! are not ours.

use std::sync::Arc;

use regex::Regex;
use seaworthy_model::{Date, PackageType, Purl, State};

use super::{Images, Name, Target, Waiver};
use crate::error::{Error, Place, Problems};
use crate::glob::{Glob, Globs, Kind};
use crate::policy::{Bits, On};
use crate::read::shown;
use crate::yaml::{Node, Value};

/// Longest file in lines.
const MAX_LINES: usize = 100_000;

fn one(id: &str, kind: Kind) -> Option<Globs> {
    let mut globs = Globs::default();
    globs.add(Glob::new(id, kind).ok()?);
    Some(globs)
}

/// The day before: to other tools a waiver is over as its day of expiry begins, to us as that ends.
fn before(date: Date) -> Date {
    Date::from_days(date.days().saturating_sub(1))
}

/// The last day of a time of expiry.
fn last_day(node: &Node, problems: &mut Problems) -> Option<Date> {
    let text = node.loose_text(problems)?;
    let date = node.date(problems)?;
    let clock = text.get(11..16).unwrap_or("00:00");
    Some(if clock == "00:00" { before(date) } else { date })
}

/// Exactly that text, whatever it has of wildcards.
fn literal(text: &str) -> Globs {
    let mut globs = Globs::default();
    globs.add(Glob::literal(text));
    globs
}

fn item(place: &Place, id: &str, problems: &mut Problems) -> Option<Waiver> {
    match one(&id.trim().to_ascii_uppercase(), Kind::Name) {
        Some(globs) => Some(Waiver::new(place.clone(), id.trim(), Target::Items(globs))),
        None => {
            problems.add(place, format!("`{}` is not an id", shown(id)));
            None
        }
    }
}

/// `.trivyignore`: an id per line, `#` comments, `exp:YYYY-MM-DD`; the comment above an id is its
/// reason.
pub(crate) fn trivy_text(file: &Arc<str>, bytes: &[u8]) -> Result<Vec<Waiver>, Error> {
    let mut problems = Problems::default();
    let text = String::from_utf8_lossy(bytes);
    let mut waivers = Vec::new();
    let mut comment = String::new();
    for (number, line) in (1..).zip(text.lines().take(MAX_LINES)) {
        let place = Place {
            file: Arc::clone(file),
            line: number,
            column: 1,
        };
        let trimmed = line.trim();
        if let Some(text) = trimmed.strip_prefix('#') {
            comment = text.trim().to_owned();
            continue;
        }
        let mut words = trimmed.split_whitespace();
        let Some(id) = words.next() else {
            comment.clear();
            continue;
        };
        let Some(mut waiver) = item(&place, id, &mut problems) else {
            continue;
        };
        waiver.reason = (!comment.is_empty()).then(|| comment.clone());
        for word in words {
            if word.starts_with('#') {
                break;
            }
            if let Some(date) = word.strip_prefix("exp:") {
                match date.parse() {
                    Ok(date) => waiver.expires = Some(before(date)),
                    Err(error) => problems.add(&place, format!("{error} after `exp:`")),
                }
            }
        }
        waivers.push(waiver);
    }
    problems.finish(waivers)
}

/// `.trivyignore.yaml`.
pub(crate) fn trivy_yaml(root: &Node, problems: &mut Problems) -> Vec<Waiver> {
    let mut waivers = Vec::new();
    for (key, on) in [
        ("vulnerabilities", On::Vulnerability),
        ("misconfigurations", On::Misconfiguration),
        ("secrets", On::Secret),
        ("licenses", On::License),
    ] {
        let Some(list) = root.get(key) else { continue };
        for node in list.items() {
            let Some(id) = node.get("id").and_then(|n| n.loose_text(problems)) else {
                problems.add(&node.place, "an entry has no `id`");
                continue;
            };
            let Some(mut waiver) = item(&node.place, &id, problems) else {
                continue;
            };
            waiver.scope.kind = Some(on);
            if let Some(paths) = node.get("paths") {
                waiver.scope.paths = Some(paths.globs(Kind::Path, problems));
            }
            if let Some(purls) = node.get("purls") {
                waiver.scope.purls = purls
                    .items()
                    .iter()
                    .filter_map(|n| n.word::<Purl>(problems))
                    .collect();
            }
            if let Some(date) = node.get("expired_at") {
                waiver.expires = last_day(date, problems);
            }
            waiver.reason = node.get("statement").and_then(|n| n.loose_text(problems));
            waivers.push(waiver);
        }
    }
    waivers
}

/// `.grype.yaml`: `ignore`.
pub(crate) fn grype(root: &Node, problems: &mut Problems) -> Vec<Waiver> {
    let mut waivers = Vec::new();
    let Some(list) = root.get("ignore") else {
        return waivers;
    };
    for node in list.items() {
        // Rules on VEX states choose what Grype does with VEX, which we do anyway.
        if node
            .get("vex-status")
            .is_some_and(|n| n.value != Value::Text(String::new(), crate::yaml::Style::Quoted))
        {
            continue;
        }
        let id = node
            .get("vulnerability")
            .and_then(|n| n.loose_text(problems))
            .filter(|id| !id.is_empty());
        let package = node.get("package");
        if id.is_none() && package.is_none() && node.get("fix-state").is_none() {
            problems.add(
                &node.place,
                "an ignore rule has neither `vulnerability` nor `package` nor `fix-state`",
            );
            continue;
        }
        let Some(mut waiver) = item(&node.place, id.as_deref().unwrap_or("*"), problems) else {
            continue;
        };
        waiver.scope.kind = Some(On::Vulnerability);
        waiver.reason = node.get("reason").and_then(|n| n.loose_text(problems));
        if let Some(state) = node.get("fix-state").and_then(|n| n.loose_text(problems)) {
            match state.as_str() {
                "fixed" => waiver.scope.fixable = Some(true),
                "not-fixed" => {
                    waiver.scope.fixable = Some(false);
                    waiver.scope.states = Bits(!Bits::states([State::WillNotFix]).0);
                }
                "wont-fix" => waiver.scope.states = Bits::states([State::WillNotFix]),
                "unknown" => waiver.scope.states = Bits::states([State::Unknown]),
                "" => {}
                other => problems.add(
                    &node.place,
                    format!("`{}` is not a fix state", shown(other)),
                ),
            }
        }
        if let Some(package) = package {
            grype_package(package, &mut waiver, problems);
        }
        if let Some(namespace) = filled(node, "namespace", problems) {
            let Bits(types) = types_of_namespace(&namespace);
            waiver.scope.types.0 &= types;
        }
        // Nothing here is matched by its CPE.
        if filled(node, "match-type", problems).is_some_and(|kind| kind == "cpe-match") {
            waiver.scope.types = Bits(0);
        }
        waivers.push(waiver);
    }
    waivers
}

/// A text that is there and not empty.
fn filled(node: &Node, key: &str, problems: &mut Problems) -> Option<String> {
    node.get(key)
        .and_then(|n| n.loose_text(problems))
        .filter(|t| !t.is_empty())
}

/// Grype's languages and types of packages; a word that names none of ours covers nothing here.
fn types_of(word: &str) -> Bits {
    let known = match word {
        "python" => Some(PackageType::PyPi),
        "go" | "go-module" => Some(PackageType::Go),
        "java" | "java-archive" => Some(PackageType::Maven),
        "rust" | "rust-crate" => Some(PackageType::Cargo),
        "dotnet" => Some(PackageType::NuGet),
        "php" | "php-composer" => Some(PackageType::Composer),
        "javascript" => Some(PackageType::Npm),
        "ruby" => Some(PackageType::Gem),
        "dart" | "dart-pub" => Some(PackageType::Pub),
        "erlang" | "elixir" | "erlang-otp" => Some(PackageType::Hex),
        "swift" => Some(PackageType::Swift),
        other => PackageType::from_purl_type(other),
    };
    known.map_or(Bits(0), |kind| Bits::types([kind]))
}

/// Where an advisory comes from: `debian:distro:debian:12`, `github:language:python`, `nvd:cpe`.
fn types_of_namespace(namespace: &str) -> Bits {
    let mut parts = namespace.split(':').skip(1);
    match (parts.next(), parts.next()) {
        (Some("distro"), _) => {
            Bits::types(PackageType::ALL.into_iter().filter(|kind| kind.is_os()))
        }
        (Some("language"), Some(language)) => types_of(language),
        _ => Bits(0),
    }
}

fn grype_package(node: &Node, waiver: &mut Waiver, problems: &mut Problems) {
    let regex = |key: &str, problems: &mut Problems| {
        let name = filled(node, key, problems)?;
        let regex = Regex::new(&format!("^(?:{name})$")).ok();
        if regex.is_none() {
            problems.add(
                &node.place,
                format!("`{}` is not a regular expression", shown(&name)),
            );
        }
        regex
    };
    waiver.scope.package = regex("name", problems).map(Name::Regex);
    waiver.scope.source = regex("upstream-name", problems);
    if let Some(version) = filled(node, "version", problems) {
        waiver.scope.version = Some(literal(&version));
    }
    for key in ["type", "language"] {
        if let Some(word) = filled(node, key, problems) {
            waiver.scope.types.0 &= types_of(&word).0;
        }
    }
    if let Some(node) = node.get("location") {
        waiver.scope.paths = Some(node.globs(Kind::Path, problems));
    }
}

/// `.snyk`: `ignore: {ID: [{PATH: {reason, expires}}]}`; of a dependency path the last package
/// counts.
pub(crate) fn snyk(root: &Node, problems: &mut Problems) -> Vec<Waiver> {
    let mut waivers = Vec::new();
    let Some(ignore) = root.get("ignore") else {
        return waivers;
    };
    for entry in ignore.entries() {
        for node in entry.value.items() {
            for path in node.entries() {
                let Some(mut waiver) = item(&path.place, &entry.key, problems) else {
                    continue;
                };
                let last = path.key.rsplit('>').next().unwrap_or_default().trim();
                let (name, version) = match last.rfind('@') {
                    Some(at) if at > 0 => last.split_at(at),
                    _ => (last, ""),
                };
                if !matches!(name, "*" | "") {
                    waiver.scope.package = Some(Name::Globs(literal(name)));
                }
                let version = version.trim_start_matches('@');
                if !matches!(version, "*" | "") {
                    waiver.scope.version = Some(literal(version));
                }
                let details = &path.value;
                waiver.reason = details.get("reason").and_then(|n| n.loose_text(problems));
                if let Some(date) = details.get("expires") {
                    waiver.expires = last_day(date, problems);
                }
                let is_conditional = details.get("disregardIfFixable");
                if is_conditional.is_some_and(|n| n.value == Value::Bool(true)) {
                    waiver.scope.fixable = Some(false);
                }
                if let Some(date) = details.get("created") {
                    waiver.created = date.date(problems);
                }
                waivers.push(waiver);
            }
        }
    }
    waivers
}

/// GitLab's `vulnerability-allowlist.yml`: ids for all images, and per part of an image's name;
/// the values are comments.
pub(crate) fn gitlab(root: &Node, problems: &mut Problems) -> Vec<Waiver> {
    let mut waivers = Vec::new();
    for entry in root.entries() {
        match entry.key.as_str() {
            "generalallowlist" => allowed(&entry.value, None, &mut waivers, problems),
            "images" => {
                for image in entry.value.entries() {
                    allowed(&image.value, Some(&image.key), &mut waivers, problems);
                }
            }
            other => problems.add(
                &entry.place,
                format!(
                    "unknown key `{}`; an allowlist has generalallowlist and images",
                    shown(other)
                ),
            ),
        }
    }
    waivers
}

fn allowed(node: &Node, image: Option<&str>, waivers: &mut Vec<Waiver>, problems: &mut Problems) {
    if !matches!(node.value, Value::Map(_) | Value::Null) {
        problems.add(
            &node.place,
            format!("expected ids with their comments, found {}", node.kind()),
        );
    }
    for entry in node.entries() {
        if let Some(mut waiver) = item(&entry.place, &entry.key, problems) {
            waiver.scope.kind = Some(On::Vulnerability);
            waiver.scope.images = image.map(|part| Images::Part(part.to_owned()));
            if entry.value.value != Value::Null {
                waiver.reason = entry.value.loose_text(problems);
            }
            waivers.push(waiver);
        }
    }
}

/// hadolint's configuration: `ignored`.
pub(crate) fn hadolint(root: &Node, problems: &mut Problems) -> Vec<Waiver> {
    let Some(list) = root.get("ignored") else {
        return Vec::new();
    };
    list.texts(problems)
        .into_iter()
        .collect::<Vec<_>>()
        .into_iter()
        .filter_map(|(node, id)| {
            let mut waiver = item(&node.place, &id, problems)?;
            waiver.scope.kind = Some(On::Misconfiguration);
            waiver.scope.file_kind = Some("dockerfile");
            Some(waiver)
        })
        .collect()
}

/// The ignores that stand in a Dockerfile's comments: `# hadolint ignore=DL3006,DL3008` for the
/// instruction below, `# hadolint global ignore=…` for the whole file.
#[must_use]
pub fn hadolint_comments(path: &str, dockerfile: &str) -> Vec<Waiver> {
    let file: Arc<str> = path.into();
    let mut waivers = Vec::new();
    let mut waiting: Vec<Waiver> = Vec::new();
    for (number, line) in (1..).zip(dockerfile.lines().take(MAX_LINES)) {
        let trimmed = line.trim();
        let Some(comment) = trimmed.strip_prefix('#') else {
            if !trimmed.is_empty() {
                for mut waiver in waiting.drain(..) {
                    waiver.scope.line = Some(number);
                    waivers.push(waiver);
                }
            }
            continue;
        };
        let Some(rest) = comment.trim().strip_prefix("hadolint ") else {
            continue;
        };
        let rest = rest.trim();
        let (global, rest) = match rest.strip_prefix("global ") {
            Some(rest) => (true, rest.trim()),
            None => (false, rest),
        };
        let Some(ids) = rest.strip_prefix("ignore=") else {
            continue;
        };
        let place = Place {
            file: Arc::clone(&file),
            line: number,
            column: 1,
        };
        for id in ids.split(',').map(str::trim).filter(|id| !id.is_empty()) {
            let mut problems = Problems::default();
            let Some(mut waiver) = item(&place, id, &mut problems) else {
                continue;
            };
            waiver.reason = Some("hadolint ignore".to_owned());
            waiver.scope.kind = Some(On::Misconfiguration);
            waiver.scope.file_kind = Some("dockerfile");
            waiver.scope.paths = one(
                path.trim_start_matches("./").trim_start_matches('/'),
                Kind::Path,
            );
            if global {
                waivers.push(waiver);
            } else {
                waiting.push(waiver);
            }
        }
    }
    waivers
}
