//! Rules in CEL, the Common Expression Language that Kubernetes' own admission policies use.

use cel::common::ast::{EntryExpr, Expr};
use cel::{Context, ExecutionError, IdedExpr, Program, Value};
use seaworthy_model::Severity;

use super::{RuleError, Violation, check_id, syntax};
use crate::Kind;
use crate::document::{Node, yaml};

/// Longest expression, in bytes.
const MAX_EXPRESSION: usize = 4096;

/// Deepest nesting of `all`, `exists`, `map` and `filter`.
const MAX_LOOPS: u32 = 4;

/// Most steps that an expression may take on one document, by the size of its collections and the
/// nesting of its loops.
const MAX_STEPS: u64 = 5_000_000;

const FIELDS: [&str; 10] = [
    "id",
    "title",
    "severity",
    "kind",
    "match",
    "message",
    "fix",
    "at",
    "url",
    "description",
];

/// One rule: a finding for each document of its kind for which the condition is true.
pub(super) struct CelRule {
    pub(super) id: String,
    title: String,
    severity: Severity,
    kinds: Vec<Kind>,
    program: Program,
    loops: u32,
    /// Longest list that the expression itself may hold.
    literal: usize,
    message: String,
    fix: String,
    url: String,
    at: String,
}

/// Loads a file: a list of rules, or a map with the list under `rules`.
pub(super) fn load(path: &str, text: &str, known: &[String]) -> Result<Vec<CelRule>, RuleError> {
    let mut rules: Vec<CelRule> = Vec::new();
    for document in yaml::read(text) {
        let document = document.map_err(|error| syntax(path, &error))?;
        let list = document.get("rules").unwrap_or(&document);
        if list.items().is_empty() {
            let message = "expected a list of rules, or `rules:` with one";
            return Err(at(path, &document, message));
        }
        for item in list.items() {
            let rule = CelRule::read(path, item)?;
            if known.contains(&rule.id) || rules.iter().any(|other| other.id == rule.id) {
                return Err(at(path, item, format!("the id `{}` is taken", rule.id)));
            }
            rules.push(rule);
        }
    }
    Ok(rules)
}

fn at(path: &str, node: &Node, message: impl Into<String>) -> RuleError {
    let position = node.key.unwrap_or(node.start);
    RuleError::Syntax {
        path: path.to_owned(),
        line: position.line,
        column: position.column,
        message: message.into(),
    }
}

impl CelRule {
    fn read(path: &str, node: &Node) -> Result<Self, RuleError> {
        let wrong = |node: &Node, message: String| Err(at(path, node, message));
        for (key, value) in node.entries() {
            if !FIELDS.contains(&key) {
                return wrong(
                    value,
                    format!("unknown field `{key}`; a rule has {}", FIELDS.join(", ")),
                );
            }
        }
        let text = |key: &str| node.text_at(key).map(str::to_owned);
        let needed =
            |key: &str| text(key).ok_or_else(|| at(path, node, format!("the rule has no `{key}`")));
        let id = needed("id")?;
        if let Err(message) = check_id(&id) {
            return wrong(node.get("id").unwrap_or(node), message);
        }
        let severity = match text("severity") {
            None => Severity::Medium,
            Some(word) => word.to_ascii_lowercase().parse().map_err(|error| {
                at(
                    path,
                    node.get("severity").unwrap_or(node),
                    format!("{error}"),
                )
            })?,
        };
        let mut kinds = Vec::new();
        for item in node.get("kind").map_or(&[][..], Node::one_or_many) {
            let word = item.text().unwrap_or_default();
            match Kind::from_name(word) {
                Some(kind) => kinds.push(kind),
                None => {
                    let all: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
                    return wrong(item, format!("`{word}` is not a kind ({})", all.join(", ")));
                }
            }
        }
        let source = needed("match")?;
        let place = node.get("match").unwrap_or(node);
        let (program, loops) = compile(&source).map_err(|message| at(path, place, message))?;
        Ok(Self {
            title: needed("title")?,
            message: text("message").map_or_else(|| needed("title"), Ok)?,
            fix: text("fix").unwrap_or_default(),
            url: text("url").unwrap_or_default(),
            at: text("at").unwrap_or_default(),
            literal: source.len() / 2,
            id,
            severity,
            kinds,
            program,
            loops,
        })
    }

    pub(super) fn applies_to(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Whether the condition is true for a document whose largest collection has `largest` members.
    /// A field that is not there makes it false, as it would be in a check of Kubernetes.
    pub(super) fn matches(
        &self,
        input: &serde_json::Value,
        largest: usize,
    ) -> Result<bool, String> {
        let width = largest.max(self.literal).max(1) as u64;
        if width.saturating_pow(self.loops) > MAX_STEPS {
            return Err("the document is too large for its nested loops".to_owned());
        }
        let value = cel::to_value(input).map_err(|error| error.to_string())?;
        let mut context = Context::default();
        context.add_variable_from_value("object", value.clone());
        context.add_variable_from_value("input", value);
        match self.program.execute(&context) {
            Ok(Value::Bool(is_true)) => Ok(is_true),
            Ok(_) => Err("the condition is neither true nor false".to_owned()),
            Err(ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_)) => Ok(false),
            Err(error) => Err(error.to_string().chars().take(200).collect()),
        }
    }

    pub(super) fn violation(&self) -> Violation {
        Violation {
            rule: self.id.clone(),
            title: self.title.clone(),
            severity: self.severity,
            message: self.message.clone(),
            fix: self.fix.clone(),
            url: self.url.clone(),
            at: self.at.clone(),
        }
    }
}

fn compile(source: &str) -> Result<(Program, u32), String> {
    if source.len() > MAX_EXPRESSION {
        return Err(format!(
            "the expression is longer than {MAX_EXPRESSION} bytes"
        ));
    }
    let program = Program::compile(source).map_err(|errors| {
        errors.errors.first().map_or_else(
            || "not a CEL expression".to_owned(),
            |error| {
                let (line, column) = error.pos;
                format!(
                    "not a CEL expression: {} (at {line}:{column} of it)",
                    error.msg
                )
            },
        )
    })?;
    let loops = nesting(program.expression());
    if loops > MAX_LOOPS {
        return Err(format!("loops are nested deeper than {MAX_LOOPS}"));
    }
    for variable in program.references().variables() {
        if !matches!(variable, "object" | "input") && !variable.starts_with('@') && loops == 0 {
            return Err(format!(
                "unknown variable `{variable}`; the document is `object`"
            ));
        }
    }
    Ok((program, loops))
}

/// How deep loops stand within loops. The parser limits the depth of the tree.
fn nesting(node: &IdedExpr) -> u32 {
    let deepest = |nodes: &[&IdedExpr]| nodes.iter().map(|n| nesting(n)).max().unwrap_or(0);
    match &node.expr {
        Expr::Comprehension(loops) => {
            let body = deepest(&[&loops.loop_cond, &loops.loop_step, &loops.result]);
            (body + 1).max(deepest(&[&loops.iter_range, &loops.accu_init]))
        }
        Expr::Call(call) => {
            let arguments = call.args.iter().map(nesting).max().unwrap_or(0);
            arguments.max(call.target.as_deref().map_or(0, nesting))
        }
        Expr::List(list) => list.elements.iter().map(nesting).max().unwrap_or(0),
        Expr::Select(select) => nesting(&select.operand),
        Expr::Map(map) => entries(map.entries.iter().map(|entry| &entry.expr)),
        Expr::Struct(fields) => entries(fields.entries.iter().map(|entry| &entry.expr)),
        _ => 0,
    }
}

fn entries<'e>(all: impl Iterator<Item = &'e EntryExpr>) -> u32 {
    all.map(|entry| match entry {
        EntryExpr::StructField(field) => nesting(&field.value),
        EntryExpr::MapEntry(pair) => nesting(&pair.key).max(nesting(&pair.value)),
    })
    .max()
    .unwrap_or(0)
}
