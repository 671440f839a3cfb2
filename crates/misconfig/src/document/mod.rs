//! A document as a tree in which every node knows its line and column; YAML, JSON and HCL are all
//! read into it, so that a check is written once.

pub(crate) mod hcl;
pub(crate) mod json;
pub(crate) mod yaml;

use seaworthy_model::Location;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 100;

/// Most nodes of one document, expanded aliases included.
const MAX_NODES: usize = 400_000;

/// A place in a file, both counted from 1; columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) at: Position,
    /// Lower case, no full stop.
    pub(crate) message: String,
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.at.line, self.at.column, self.message
        )
    }
}

/// A node: a value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// Where the value starts.
    pub(crate) start: Position,
    /// Behind the last character of a scalar; the start of anything else.
    pub(crate) end: Position,
    /// Where its key stands, when it is the value of a map's entry.
    pub(crate) key: Option<Position>,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file; a repeated key stands twice.
    Map(Vec<(String, Node)>),
    /// What only the deployment knows: a variable, a function, a parameter; as written.
    Unknown(String),
}

/// What is known of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// Not there, or null.
    Absent,
    /// True.
    On,
    /// False.
    Off,
    /// There, but its value is not known before the deployment.
    Unknown,
}

impl Node {
    pub(crate) const fn new(value: Value, start: Position, end: Position) -> Self {
        Self {
            value,
            start,
            end,
            key: None,
        }
    }

    /// The value under a key; the last one, when the key is repeated.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The value at a path of keys with dots between them: `spec.template.spec`.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, key| node.get(key))
    }

    /// The text at a path, if there is a string or a number.
    pub(crate) fn text_at(&self, path: &str) -> Option<&str> {
        self.at(path).and_then(Self::text)
    }

    /// The entries of a map; nothing for anything else.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Self)> {
        let entries: &[(String, Self)] = match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        };
        entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The items of a list; nothing for anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The items of the list at a path.
    pub(crate) fn items_at(&self, path: &str) -> &[Self] {
        self.at(path).map_or(&[], Self::items)
    }

    /// The items of a list, or the node itself: what may be one thing or several.
    pub(crate) fn one_or_many(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// A string, or a number as written.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    pub(crate) fn integer(&self) -> Option<i64> {
        self.text()?.parse().ok()
    }

    /// A boolean; the words of YAML 1.1 count too, as they do for kubectl.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(b) => Some(*b),
            Value::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "y" => Some(true),
                "false" | "no" | "off" | "n" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the boolean at a path is known to be true.
    pub(crate) fn is_true(&self, path: &str) -> bool {
        self.at(path).and_then(Self::boolean) == Some(true)
    }

    /// What is known of the switch at a path.
    pub(crate) fn switch(&self, path: &str) -> Switch {
        match self.at(path) {
            None => Switch::Absent,
            Some(node) if node.is_null() => Switch::Absent,
            Some(node) => match node.boolean() {
                Some(true) => Switch::On,
                Some(false) => Switch::Off,
                None => Switch::Unknown,
            },
        }
    }

    pub(crate) const fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    pub(crate) const fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    pub(crate) const fn is_unknown(&self) -> bool {
        matches!(self.value, Value::Unknown(_))
    }

    /// Whether there is something that is neither null nor empty at a path.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.at(path).is_some_and(|node| match &node.value {
            Value::Null => false,
            Value::List(items) => !items.is_empty(),
            Value::Map(entries) => !entries.is_empty(),
            Value::Text(text) => !text.is_empty(),
            _ => true,
        })
    }

    /// Where a finding about this node points: from its key, or else from its start, to its end.
    pub(crate) fn location(&self, path: &str) -> Location {
        let start = self.key.unwrap_or(self.start);
        let end = if self.end > self.start && self.end > start {
            self.end
        } else {
            Position {
                line: start.line,
                column: 0,
            }
        };
        Location {
            path: path.to_owned(),
            start_line: start.line,
            start_column: start.column,
            end_line: end.line.max(start.line),
            end_column: end.column,
            layer: None,
        }
    }

    /// The node as JSON, for rules that users write; unknown values become `"${…}"`.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Number(text) => number(text),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.clone(), value.to_json()))
                .collect(),
            Value::Unknown(text) => Json::String(format!("${{{text}}}")),
        }
    }
}

fn number(text: &str) -> serde_json::Value {
    if let Ok(n) = text.parse::<i64>() {
        return n.into();
    }
    text.parse::<f64>()
        .ok()
        .and_then(serde_json::Number::from_f64)
        .map_or_else(|| text.into(), serde_json::Value::Number)
}

/// The text of a file, without a byte order mark.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, SyntaxError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        SyntaxError {
            at: Position {
                line: u32::try_from(line).unwrap_or(u32::MAX),
                column: 0,
            },
            message: "not UTF-8; convert the file to UTF-8".to_owned(),
        }
    })
}
