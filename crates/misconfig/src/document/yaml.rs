//! YAML 1.2 with merge keys, as Kubernetes, Compose, GitLab and CloudFormation write it.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::{MAX_DEPTH, MAX_NODES, Node, Position, SyntaxError, Value};

/// Most documents of one file.
const MAX_DOCUMENTS: usize = 10_000;

/// The documents of a file. A damaged one is an error in its place; the others are still read.
pub(crate) fn read(text: &str) -> Vec<Result<Node, SyntaxError>> {
    let mut documents = Vec::new();
    let mut budget = MAX_NODES;
    for (line, chunk) in chunks(text) {
        if documents.len() == MAX_DOCUMENTS {
            documents.push(Err(SyntaxError {
                at: Position { line, column: 1 },
                message: format!("more than {MAX_DOCUMENTS} documents"),
            }));
            break;
        }
        match Reader::new(chunk, line, &mut budget).read() {
            Ok(nodes) => documents.extend(nodes.into_iter().map(Ok)),
            Err(error) => documents.push(Err(error)),
        }
    }
    documents
}

/// The text between `---` lines, with the number of its first line. Such a line ends a document
/// wherever it stands, also within a block scalar (YAML 1.2.2, section 9.1.2), so that this needs no
/// parser and a damaged document cannot hide the next.
fn chunks(text: &str) -> Vec<(u32, &str)> {
    let mut chunks = Vec::new();
    let (mut start, mut start_line, mut offset, mut line) = (0, 1_u32, 0, 1_u32);
    for row in text.split_inclusive('\n') {
        let marker = row
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if marker && offset > start {
            chunks.push((start_line, &text[start..offset]));
            (start, start_line) = (offset, line);
        }
        offset += row.len();
        line = line.saturating_add(1);
    }
    chunks.push((start_line, &text[start..]));
    chunks.retain(|(_, chunk)| {
        chunk.lines().any(|row| {
            let row = row.trim();
            !(row.is_empty() || row == "---" || row == "..." || row.starts_with(['#', '%']))
        })
    });
    chunks
}

/// A collection that is being read.
struct Open {
    value: OpenValue,
    start: Position,
    anchor: usize,
    tag: Option<String>,
    nodes_before: usize,
}

enum OpenValue {
    List(Vec<Node>),
    Map {
        entries: Vec<(String, Node)>,
        key: Option<(String, Position)>,
    },
}

struct Reader<'t, 'b> {
    parser: Parser<'t, StrInput<'t>>,
    first_line: u32,
    budget: &'b mut usize,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    roots: Vec<Node>,
}

impl<'t, 'b> Reader<'t, 'b> {
    fn new(text: &'t str, first_line: u32, budget: &'b mut usize) -> Self {
        Self {
            parser: Parser::new_from_str(text),
            first_line,
            budget,
            open: Vec::new(),
            anchors: HashMap::new(),
            roots: Vec::new(),
        }
    }

    fn read(mut self) -> Result<Vec<Node>, SyntaxError> {
        while let Some(step) = self.parser.next_event() {
            let (event, span) = step.map_err(|error| SyntaxError {
                at: self.position(error.marker()),
                message: one_line(&error.info()),
            })?;
            self.event(event, &span)?;
        }
        Ok(self.roots)
    }

    fn position(&self, marker: &granit_parser::Marker) -> Position {
        let line = u32::try_from(marker.line()).unwrap_or(u32::MAX);
        Position {
            line: (self.first_line - 1).saturating_add(line.max(1)),
            column: u32::try_from(marker.col() + 1).unwrap_or(u32::MAX),
        }
    }

    fn event(&mut self, event: Event<'t>, span: &Span) -> Result<(), SyntaxError> {
        let (start, end) = (self.position(&span.start), self.position(&span.end));
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(1, start)?;
                let tag = tag.as_deref().and_then(tag_name);
                let value = scalar(&text, style, tag.as_deref());
                let node = tagged(Node::new(value, start, end), tag.as_deref());
                if anchor > 0 {
                    self.anchors.insert(anchor, (node.clone(), 1));
                }
                self.push(node);
            }
            Event::Alias(id) => {
                // An alias within its own anchor has no value yet, and gets none.
                let (mut node, count) = match self.anchors.get(&id) {
                    Some((_, count)) => {
                        let count = *count;
                        self.spend(count, start)?;
                        (self.anchors[&id].0.clone(), count)
                    }
                    None => (Node::new(Value::Null, start, end), 1),
                };
                if count == 1 {
                    (node.start, node.end) = (start, end);
                }
                self.push(node);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.begin(OpenValue::List(Vec::new()), start, anchor, tag.as_deref())?;
            }
            Event::MappingStart(_, anchor, tag) => {
                let value = OpenValue::Map {
                    entries: Vec::new(),
                    key: None,
                };
                self.begin(value, start, anchor, tag.as_deref())?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.finish(),
            _ => {}
        }
        Ok(())
    }

    fn spend(&mut self, nodes: usize, at: Position) -> Result<(), SyntaxError> {
        match self.budget.checked_sub(nodes) {
            Some(left) => {
                *self.budget = left;
                Ok(())
            }
            None => Err(SyntaxError {
                at,
                message: format!("more than {MAX_NODES} nodes, expanded aliases included"),
            }),
        }
    }

    fn begin(
        &mut self,
        value: OpenValue,
        start: Position,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), SyntaxError> {
        if self.open.len() == MAX_DEPTH {
            return Err(SyntaxError {
                at: start,
                message: format!("nested deeper than {MAX_DEPTH} levels"),
            });
        }
        self.spend(1, start)?;
        self.open.push(Open {
            value,
            start,
            anchor,
            tag: tag.and_then(tag_name),
            nodes_before: *self.budget + 1,
        });
        Ok(())
    }

    fn finish(&mut self) {
        let Some(open) = self.open.pop() else {
            return;
        };
        let value = match open.value {
            OpenValue::List(items) => Value::List(items),
            OpenValue::Map { entries, .. } => Value::Map(merged(entries)),
        };
        let node = tagged(
            Node::new(value, open.start, open.start),
            open.tag.as_deref(),
        );
        if open.anchor > 0 {
            let count = open.nodes_before.saturating_sub(*self.budget).max(2);
            // The copy that waits for its aliases costs as much as one of them.
            *self.budget = self.budget.saturating_sub(count);
            self.anchors.insert(open.anchor, (node.clone(), count));
        }
        self.push(node);
    }

    fn push(&mut self, mut node: Node) {
        match self.open.last_mut().map(|open| &mut open.value) {
            None => self.roots.push(node),
            Some(OpenValue::List(items)) => items.push(node),
            Some(OpenValue::Map { entries, key }) => match key.take() {
                None => *key = Some((key_text(&node), node.start)),
                Some((name, at)) => {
                    node.key = Some(at);
                    entries.push((name, node));
                }
            },
        }
    }
}

/// Keys are text to every format that is read here; a collection as a key is nothing that a check
/// could ask for.
fn key_text(node: &Node) -> String {
    match &node.value {
        Value::Text(text) | Value::Number(text) | Value::Unknown(text) => text.clone(),
        Value::Bool(b) => b.to_string(),
        _ => String::new(),
    }
}

fn tag_name(tag: &Tag) -> Option<String> {
    if tag.is_yaml_core_schema() {
        return tag.core_suffix().map(|suffix| format!("!!{suffix}"));
    }
    Some(tag.suffix().trim_start_matches('!').to_owned()).filter(|name| !name.is_empty())
}

/// `!Ref x` and its like are the short form of `{Ref: x}`, `!Sub x` of `{"Fn::Sub": x}`
/// (CloudFormation, intrinsic functions); `!reference` is GitLab's, and its value is elsewhere.
fn tagged(node: Node, tag: Option<&str>) -> Node {
    let Some(tag) = tag.filter(|tag| !tag.starts_with("!!")) else {
        return node;
    };
    let (start, end) = (node.start, node.end);
    if tag == "reference" {
        return Node::new(Value::Unknown("!reference".to_owned()), start, end);
    }
    let name = match tag {
        "Ref" | "Condition" => tag.to_owned(),
        _ => format!("Fn::{tag}"),
    };
    Node::new(Value::Map(vec![(name, node)]), start, end)
}

/// A scalar by the core schema (YAML 1.2.2, section 10.3.2); a tag or quotes make it a string.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&str>) -> Value {
    if style != ScalarStyle::Plain || tag == Some("!!str") {
        return Value::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text.bytes().any(|b| b.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
        && text.parse::<f64>().is_ok()
}

/// Resolves `<<: *defaults` and `<<: [*a, *b]`: what the map itself says counts, then the earlier
/// of the merged maps.
fn merged(mut entries: Vec<(String, Node)>) -> Vec<(String, Node)> {
    if !entries.iter().any(|(key, _)| key == "<<") {
        return entries;
    }
    let mut merges = Vec::new();
    entries.retain(|(key, node)| {
        let merge = key == "<<";
        if merge {
            merges.push(node.clone());
        }
        !merge
    });
    let mut seen: HashSet<String> = entries.iter().map(|(key, _)| key.clone()).collect();
    for merge in merges {
        let sources = match merge.value {
            Value::List(items) => items,
            _ => vec![merge],
        };
        for source in sources {
            if let Value::Map(inherited) = source.value {
                for (key, node) in inherited {
                    if seen.insert(key.clone()) {
                        entries.push((key, node));
                    }
                }
            }
        }
    }
    entries
}

fn one_line(message: &str) -> String {
    let mut line: String = message
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect();
    if let Some(first) = line.get(..1).map(str::to_ascii_lowercase) {
        line.replace_range(..1, &first);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(text: &str) -> String {
        read(text)
            .iter()
            .map(|document| match document {
                Ok(node) => node.to_json().to_string(),
                Err(error) => format!("error at {}:{}", error.at.line, error.at.column),
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(json(text), expected, "{text:?}");
    }

    #[test]
    fn values_are_read() {
        check(
            "a: 1\nb: [x, 'true', true, ~]",
            r#"{"a":1,"b":["x","true",true,null]}"#,
        );
        check("image: nginx:1.2.3", r#"{"image":"nginx:1.2.3"}"#);
        check(
            "a: 1.25.3\nb: 1e3\nc: 0755",
            r#"{"a":"1.25.3","b":1000.0,"c":755}"#,
        );
        check("", "");
        check("# only a comment\n", "");
        check("a: &x {b: 1}\nc: *x", r#"{"a":{"b":1},"c":{"b":1}}"#);
        check(
            "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3",
            r#"{"a":{"b":1,"c":2},"d":{"b":1,"c":3}}"#,
        );
        check(
            "a: !Ref b\nc: !Sub '${d}'",
            r#"{"a":{"Ref":"b"},"c":{"Fn::Sub":"${d}"}}"#,
        );
        check("a: !GetAtt b.c", r#"{"a":{"Fn::GetAtt":"b.c"}}"#);
        check("a: !reference [.x, script]", r#"{"a":"${!reference}"}"#);
    }

    #[test]
    fn a_damaged_document_does_not_hide_the_others() {
        check(
            "a: 1\n---\nb: [1\n---\nc: 3\n",
            r#"{"a":1} error at 3:4 {"c":3}"#,
        );
        check(
            "---\na: 1\n---\n# nothing\n---\nb: 2\n...\n",
            r#"{"a":1} {"b":2}"#,
        );
        check("%YAML 1.2\n---\na: 1", r#"{"a":1}"#);
    }

    #[test]
    fn positions_count_from_one_in_the_whole_file() {
        let documents = read("x: 1\n---\nä: {b: true}\nc:\n  - d: e\n");
        let document = documents[1].as_ref().unwrap();
        let b = document.at("ä.b").unwrap();
        assert_eq!((b.key.unwrap().line, b.key.unwrap().column), (3, 5));
        let d = document.items_at("c")[0].get("d").unwrap().location("f");
        assert_eq!(
            (d.start_line, d.start_column, d.end_line, d.end_column),
            (5, 5, 5, 9)
        );
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..20 {
            let previous = format!("*a{}", level - 1);
            bomb += &format!(
                "a{level}: &a{level} [{}]\n",
                [previous.as_str(); 10].join(",")
            );
        }
        assert!(json(&bomb).starts_with("error"));
        assert!(json(&"[".repeat(100_000)).starts_with("error"));
        assert!(json(&"- ".repeat(100_000)).starts_with("error"));
        check("a: &a [*a]", r#"{"a":[null]}"#);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[-a&*<: \\n\\t\\[\\]{},'\"|>!#%0-9é\u{feff}]{0,200}") {
            for document in read(&text).into_iter().flatten() {
                document.to_json();
            }
        }
    }
}
