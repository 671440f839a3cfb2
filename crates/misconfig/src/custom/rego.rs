//! Rules in Rego, the language of Open Policy Agent and Conftest.

use std::num::NonZeroU32;
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use seaworthy_model::Severity;

use super::{RuleError, Violation, check_id};
use crate::Kind;

/// Longest that a module may take for one document. A module that stays within it, as any sensible
/// one does by far, gives the same answer every time.
const MAX_TIME: Duration = Duration::from_secs(5);

/// Most violations of one module in one document.
const MAX_VIOLATIONS: usize = 1000;

/// Sets that are asked for, and the severity of what does not say its own.
const SETS: [(&str, Severity); 3] = [
    ("deny", Severity::High),
    ("violation", Severity::High),
    ("warn", Severity::Low),
];

/// One module.
pub(super) struct RegoModule {
    /// Without `data.`.
    pub(super) package: String,
    kinds: Vec<Kind>,
    sets: Vec<(&'static str, Severity)>,
    engine: Engine,
}

impl RegoModule {
    pub(super) fn load(path: &str, text: &str) -> Result<Self, RuleError> {
        let mut engine = Engine::new();
        engine.set_execution_timer_config(ExecutionTimerConfig {
            limit: MAX_TIME,
            check_interval: NonZeroU32::MIN.saturating_add(999),
        });
        let package = engine
            .add_policy(path.to_owned(), text.to_owned())
            .map_err(|error| located(path, &error.to_string()))?;
        let file = |message: String| RuleError::File {
            path: path.to_owned(),
            message,
        };
        let package = package.trim_start_matches("data.").to_owned();
        check_id(&package).map_err(file)?;
        let sets: Vec<_> = SETS
            .into_iter()
            .filter(|(name, _)| defines(text, name))
            .collect();
        if sets.is_empty() {
            let message = "the module has none of the rules `deny`, `violation` and `warn`";
            return Err(file(message.to_owned()));
        }
        let kinds = kinds_of(text).map_err(file)?;
        Ok(Self {
            package,
            kinds,
            sets,
            engine,
        })
    }

    pub(super) fn applies_to(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    pub(super) fn violations(&self, input: &serde_json::Value) -> Result<Vec<Violation>, String> {
        let mut engine = self.engine.clone();
        let input =
            Value::from_json_str(&input.to_string()).map_err(|e| last_line(&e.to_string()))?;
        engine.set_input(input);
        let mut all = Vec::new();
        for (set, severity) in &self.sets {
            let result = engine
                .eval_rule(format!("data.{}.{set}", self.package))
                .map_err(|error| failure(&error.to_string()))?;
            let members: Vec<&Value> = match &result {
                Value::Set(members) => members.iter().collect(),
                Value::Array(members) => members.iter().collect(),
                Value::Object(members) => members.keys().collect(),
                Value::String(_) => vec![&result],
                _ => Vec::new(),
            };
            let found = members
                .into_iter()
                .map(|member| self.violation(member, *severity));
            all.extend(found.take(MAX_VIOLATIONS));
        }
        all.sort_by(|a, b| (&a.rule, &a.at, &a.message).cmp(&(&b.rule, &b.at, &b.message)));
        Ok(all)
    }

    /// A message, or an object with `msg` and what else a finding has.
    fn violation(&self, member: &Value, severity: Severity) -> Violation {
        let field = |names: &[&str]| -> Option<String> {
            names.iter().find_map(|name| {
                let value = &member[*name];
                value.as_string().ok().map(|text| text.to_string())
            })
        };
        let message = member
            .as_string()
            .ok()
            .map(|text| text.to_string())
            .or_else(|| field(&["msg", "message"]))
            .unwrap_or_else(|| member.to_string().chars().take(1000).collect());
        let rule = field(&["id", "rule"]).filter(|id| check_id(id).is_ok());
        Violation {
            title: field(&["title"]).unwrap_or_else(|| message.clone()),
            rule: rule.unwrap_or_else(|| self.package.clone()),
            severity: field(&["severity"])
                .and_then(|word| word.to_ascii_lowercase().parse().ok())
                .unwrap_or(severity),
            fix: field(&["fix", "remediation"]).unwrap_or_default(),
            url: field(&["url"]).unwrap_or_default(),
            at: field(&["at", "path"]).unwrap_or_default(),
            message,
        }
    }
}

/// Whether a module defines a rule of that name.
fn defines(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("default ").unwrap_or(line);
        line.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', ' ', '{', '.', ':', '=']))
    })
}

/// `# seaworthy:kind=kubernetes,compose` in a comment says what the module is about.
fn kinds_of(text: &str) -> Result<Vec<Kind>, String> {
    let Some(list) = text.lines().find_map(|line| {
        let comment = line.trim().strip_prefix('#')?.trim();
        comment.strip_prefix("seaworthy:kind=")
    }) else {
        return Ok(Vec::new());
    };
    list.split(',')
        .map(|word| {
            let word = word.trim();
            Kind::from_name(word).ok_or_else(|| {
                let all: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
                format!("`{word}` is not a kind ({})", all.join(", "))
            })
        })
        .collect()
}

/// The engine's message names the place as `--> file:line:column`.
fn located(path: &str, message: &str) -> RuleError {
    let place = message.lines().find_map(|line| {
        let mut parts = line.trim().strip_prefix("--> ")?.rsplitn(3, ':');
        let column = parts.next()?.trim().parse().ok()?;
        let line = parts.next()?.trim().parse().ok()?;
        Some((line, column))
    });
    let (line, column) = place.unwrap_or((1, 0));
    RuleError::Syntax {
        path: path.to_owned(),
        line,
        column,
        message: format!("not Rego: {}", last_line(message)),
    }
}

/// Without the time that it took, which differs from run to run.
fn failure(message: &str) -> String {
    if message.contains("time limit") {
        format!("it takes longer than {} seconds", MAX_TIME.as_secs())
    } else {
        last_line(message)
    }
}

fn last_line(message: &str) -> String {
    let line = message
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or(message);
    line.strip_prefix("error: ")
        .unwrap_or(line)
        .chars()
        .take(300)
        .collect()
}
