//! Rego modules: rules in the language of Open Policy Agent.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use regorus::Engine;
use serde_json::{Value as Json, json};

use crate::error::{Place, Problems};
use crate::include::Sources;
use crate::load::NOT_ASSESSED;
use crate::policy::{NotAssessed, Since};
use crate::read::{Fields, shown};
use crate::row::World;
use crate::yaml::{Node, Value, place_within};

/// Longest time that one module may take; a policy is no program.
const TIME: Duration = Duration::from_secs(10);
/// Most messages of one module.
const MAX_MESSAGES: usize = 1000;

/// A module that was parsed.
#[derive(Clone)]
pub(crate) struct Module {
    pub(crate) id: String,
    pub(crate) place: Place,
    pub(crate) not_assessed: Option<NotAssessed>,
    /// `data.` and the package.
    package: String,
    engine: Arc<Engine>,
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("id", &self.id)
            .field("package", &self.package)
            .finish_non_exhaustive()
    }
}

/// What a module found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) deny: Vec<String>,
    pub(crate) warn: Vec<String>,
}

pub(crate) fn read(node: &Node, sources: &Sources, problems: &mut Problems) -> Vec<Module> {
    let Value::List(items) = &node.value else {
        problems.add(
            &node.place,
            format!("`rego` must be a list, not {}", node.kind()),
        );
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| module(item, sources, problems))
        .collect()
}

fn module(node: &Node, sources: &Sources, problems: &mut Problems) -> Option<Module> {
    let mut fields = Fields::of(node, "a Rego module", problems)?;
    let id = fields.node("id").and_then(|n| n.loose_text(problems));
    let not_assessed = fields
        .node("not_assessed")
        .and_then(|n| n.choice(&NOT_ASSESSED, problems));
    for key in ["file", "url", "oci", "digest"] {
        fields.take(key);
    }
    fields.take("description");
    let text_node = fields.node("module");
    fields.finish(problems);
    let Some(text_node) = text_node else {
        if !["file", "url", "oci"].iter().any(|k| node.get(k).is_some()) {
            problems.add(
                &node.place,
                "a Rego module has one of module (its text), file, url and oci",
            );
        }
        return None;
    };
    let text = text_node.text(problems)?;
    let inline = text_node.place.file == node.place.file;
    let mut engine = Engine::new();
    engine.set_execution_timer_config(regorus::utils::limits::ExecutionTimerConfig {
        limit: TIME,
        check_interval: NonZeroU32::new(1000).unwrap_or(NonZeroU32::MIN),
    });
    let name = text_node.place.file.to_string();
    match engine.add_policy(name, text.clone()) {
        Ok(package) => {
            if let Some(wrong) = uses_no_rule(&engine) {
                problems.add(&text_node.place, wrong);
                return None;
            }
            Some(Module {
                id: id.unwrap_or_else(|| package.trim_start_matches("data.").to_owned()),
                place: node.place.clone(),
                not_assessed,
                package,
                engine: Arc::new(engine),
            })
        }
        Err(error) => {
            let (line, column, message) = parse_error(&error.to_string());
            let mut place = text_node.place.clone();
            if inline {
                let source = sources.get(&place.file).map_or("", String::as_str);
                place = place_within(source, text_node, offset_of(&text, line, column));
            } else {
                (place.line, place.column) = (line, column);
            }
            problems.add(&place, format!("not Rego: {message}"));
            None
        }
    }
}

/// The byte at a line and a column, both counted from 1.
fn offset_of(text: &str, line: u32, column: u32) -> usize {
    let skipped = usize::try_from(line.saturating_sub(1)).unwrap_or(0);
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(skipped).map(str::len).sum();
    let within = lines.next().map_or(0, |line| {
        let column = usize::try_from(column.saturating_sub(1)).unwrap_or(0);
        line.char_indices()
            .nth(column)
            .map_or(line.trim_end().len(), |(byte, _)| byte)
    });
    before + within
}

/// Whether a line begins a rule that we ask for.
fn begins_rule(line: &str) -> bool {
    let line = line.trim_start();
    let head = line.strip_prefix("default").map_or(line, str::trim_start);
    ["deny", "violation", "warn"].iter().any(|rule| {
        head.strip_prefix(rule)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// A module without any rule that we ask for says nothing, ever.
fn uses_no_rule(engine: &Engine) -> Option<String> {
    let sources = engine.get_policies().ok()?;
    let any = sources
        .iter()
        .any(|source| source.get_contents().lines().any(begins_rule));
    (!any).then(|| "the module has none of the rules deny, violation and warn".to_owned())
}

/// The engine reports `--> file:line:column`, the source, and last `error: …`.
fn parse_error(text: &str) -> (u32, u32, String) {
    let place = text
        .lines()
        .find_map(|l| l.trim().strip_prefix("--> "))
        .map(|place| {
            let mut parts = place.rsplitn(3, ':');
            let column = parts.next().and_then(|n| n.trim().parse().ok());
            let line = parts.next().and_then(|n| n.trim().parse().ok());
            (line.unwrap_or(1), column.unwrap_or(1))
        })
        .unwrap_or((1, 1));
    let message = text
        .lines()
        .rev()
        .find_map(|l| l.trim().strip_prefix("error: "))
        .unwrap_or_else(|| text.lines().last().unwrap_or_default());
    (place.0, place.1, shown(message))
}

/// The input of all modules: the report as it is written, the facts, today, the environment. Items
/// that waivers, VEX or the baseline removed are not in it.
pub(crate) fn input(world: &World<'_>) -> Result<regorus::Value, String> {
    let subject = world.subject;
    let mut report = serde_json::to_value(subject.report).map_err(|e| e.to_string())?;
    let keep = |report: &mut Json, key: &str, indices: &[usize]| {
        if let Some(Json::Array(all)) = report.get_mut(key) {
            *all = indices
                .iter()
                .filter_map(|&i| all.get(i).cloned())
                .collect();
        }
    };
    let indices: Vec<usize> = world.findings.iter().map(|r| r.index).collect();
    keep(&mut report, "findings", &indices);
    for (key, items) in [
        (
            "secrets",
            world.secrets.iter().map(|(i, _)| *i).collect::<Vec<_>>(),
        ),
        (
            "misconfigurations",
            world.misconfigurations.iter().map(|(i, _)| *i).collect(),
        ),
        ("licenses", world.licenses.iter().map(|(i, _)| *i).collect()),
    ] {
        keep(&mut report, key, &items);
    }
    if let Some(Json::Array(all)) = report.get_mut("findings") {
        for (node, row) in all.iter_mut().zip(&world.findings) {
            if let Json::Object(map) = node {
                map.insert("risk".to_owned(), json!(row.risk));
                map.insert("cvss".to_owned(), json!(row.cvss));
                // Absent where it is not known: a rule on it is undefined, not true of zero days.
                for (key, since) in [
                    ("age_days", Since::Published),
                    ("first_seen_days", Since::FirstSeen),
                ] {
                    if let Some(days) = row.age(since) {
                        map.insert(key.to_owned(), json!(days));
                    }
                }
            }
        }
    }
    let input = json!({
        "report": report,
        "facts": subject.facts,
        "today": subject.now.to_string(),
        "environment": world.environment,
        "image": subject.name(),
    });
    regorus::Value::from_json_str(&input.to_string()).map_err(|e| e.to_string())
}

impl Module {
    /// What the module says about an input.
    pub(crate) fn run(&self, input: regorus::Value) -> Result<Found, String> {
        let mut engine = (*self.engine).clone();
        engine.set_input(input);
        let results = engine
            .eval_query(self.package.clone(), false)
            .map_err(|e| parse_error(&e.to_string()).2)?;
        let value = results
            .result
            .first()
            .and_then(|r| r.expressions.first())
            .map(|e| &e.value);
        let json = serde_json::to_value(value).map_err(|e| e.to_string())?;
        let mut found = Found::default();
        for key in ["deny", "violation"] {
            found.deny.extend(messages(&json, key)?);
        }
        found.warn = messages(&json, "warn")?;
        Ok(found)
    }
}

/// A set of texts, or of objects with `msg`, or a boolean.
fn messages(json: &Json, key: &str) -> Result<Vec<String>, String> {
    let message = |node: &Json| match node {
        Json::String(text) => Some(shown(text)),
        Json::Object(map) => ["msg", "message"]
            .iter()
            .find_map(|k| map.get(*k).and_then(Json::as_str))
            .map(shown),
        _ => None,
    };
    let wrong = || format!("`{key}` must be a set of texts or of objects with `msg`");
    match json.get(key) {
        None | Some(Json::Null | Json::Bool(false)) => Ok(Vec::new()),
        Some(Json::Bool(true)) => Ok(vec![format!("`{key}` is true")]),
        Some(Json::Array(items)) => items
            .iter()
            .take(MAX_MESSAGES)
            .map(|node| message(node).ok_or_else(wrong))
            .collect(),
        Some(Json::Object(map)) => {
            // A partial object: keys are the messages.
            Ok(map.keys().take(MAX_MESSAGES).map(|k| shown(k)).collect())
        }
        Some(_) => Err(wrong()),
    }
}
