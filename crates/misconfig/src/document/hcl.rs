//! HCL, as Terraform writes it. Blocks become lists of maps under their name, labels become nested
//! maps, as in Terraform's own JSON syntax, so that checks see one shape.

use std::collections::HashMap;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey};
use hcl_edit::structure::{Body, Structure};
use hcl_edit::template::{Element, Template};

use super::{MAX_NODES, Node, Position, SyntaxError, Value, json};

/// Where lines start, to turn byte offsets into positions.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Self { text, starts }
    }

    fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        // Counting characters again for every node of one huge line would be quadratic.
        let column = if before.len() > 4096 {
            before.len()
        } else {
            before.chars().count()
        };
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
        }
    }
}

/// Reads a Terraform file; a block `resource "a" "b" {}` is `resource: {a: {b: [{}]}}`.
pub(crate) fn read(text: &str) -> Result<Node, SyntaxError> {
    let body: Body = hcl_edit::parser::parse_body(text).map_err(|error| SyntaxError {
        at: Position {
            line: u32::try_from(error.location().line()).unwrap_or(u32::MAX),
            column: u32::try_from(error.location().column()).unwrap_or(u32::MAX),
        },
        message: error.message().replace('\n', ", "),
    })?;
    let mut reader = Reader {
        lines: Lines::new(text),
        text,
        nodes: 0,
        known: HashMap::new(),
    };
    reader.learn(&body);
    Ok(reader.body(&body, Position { line: 1, column: 1 }))
}

struct Reader<'t> {
    lines: Lines<'t>,
    text: &'t str,
    nodes: usize,
    /// `var.x` and `local.x` whose value stands in this file.
    known: HashMap<String, Node>,
}

impl Reader<'_> {
    /// Defaults of variables and plain locals: without them `var.x` is unknown.
    fn learn(&mut self, body: &Body) {
        let mut known = HashMap::new();
        for block in body.blocks() {
            match (block.ident.as_str(), block.labels.as_slice()) {
                ("variable", [name]) => {
                    if let Some(default) = block.body.get_attribute("default") {
                        let value = self.expression(&default.value);
                        known.insert(format!("var.{}", name.as_str()), value);
                    }
                }
                ("locals", []) => {
                    for local in block.body.attributes() {
                        let value = self.expression(&local.value);
                        known.insert(format!("local.{}", local.key.as_str()), value);
                    }
                }
                _ => {}
            }
        }
        known.retain(|_, value| {
            !value.is_unknown() && !matches!(value.value, Value::List(_) | Value::Map(_))
        });
        self.known = known;
    }

    fn start(&self, span: Option<std::ops::Range<usize>>, or: Position) -> Position {
        span.map_or(or, |span| self.lines.position(span.start))
    }

    fn body(&mut self, body: &Body, start: Position) -> Node {
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut places = HashMap::new();
        for structure in body {
            self.nodes += 1;
            if self.nodes > MAX_NODES {
                break;
            }
            match structure {
                Structure::Attribute(attribute) => {
                    let mut node = self.expression(&attribute.value);
                    node.key = attribute
                        .key
                        .span()
                        .map(|span| self.lines.position(span.start));
                    entries.push((attribute.key.as_str().to_owned(), node));
                }
                Structure::Block(block) => {
                    let at = self.start(block.ident.span(), start);
                    let mut inner = self.body(&block.body, at);
                    inner.key = Some(at);
                    let mut labels: Vec<&str> =
                        block.labels.iter().map(|label| label.as_str()).collect();
                    let mut name = block.ident.as_str();
                    // A dynamic block is any number of blocks with that content.
                    if name == "dynamic" && labels.len() == 1 {
                        name = labels.remove(0);
                        if let Some(content) = inner.get("content") {
                            inner = content.items().first().cloned().unwrap_or(inner);
                        }
                    }
                    insert(
                        &mut entries,
                        &mut places,
                        String::new(),
                        name,
                        &labels,
                        inner,
                        at,
                    );
                }
            }
        }
        Node::new(Value::Map(entries), start, start)
    }

    fn expression(&mut self, expression: &Expression) -> Node {
        self.nodes += 1;
        let zero = Position { line: 1, column: 1 };
        let span = expression.span();
        let start = self.start(span.clone(), zero);
        let end = span
            .as_ref()
            .map_or(start, |span| self.lines.position(span.end));
        if self.nodes > MAX_NODES {
            return Node::new(Value::Unknown(String::new()), start, end);
        }
        let value = match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(b) => Value::Bool(*b.value()),
            Expression::Number(number) => Value::Number(number.value().to_string()),
            Expression::String(text) => Value::Text(text.value().clone()),
            Expression::Array(items) => {
                Value::List(items.iter().map(|item| self.expression(item)).collect())
            }
            Expression::Object(object) => {
                let mut entries = Vec::new();
                for (key, value) in object {
                    let (name, at) = match key {
                        ObjectKey::Ident(ident) => (ident.as_str().to_owned(), ident.span()),
                        ObjectKey::Expression(key) => {
                            let name = self.expression(key);
                            (name.text().unwrap_or_default().to_owned(), key.span())
                        }
                    };
                    let mut node = self.expression(value.expr());
                    node.key = at.map(|span| self.lines.position(span.start));
                    entries.push((name, node));
                }
                Value::Map(entries)
            }
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template),
            Expression::StringTemplate(template) => self.template(template),
            Expression::Parenthesis(inner) => return self.expression(inner.inner()),
            Expression::FuncCall(call) => return self.call(call, start, end),
            other => self.unresolved(other),
        };
        let end = match value {
            Value::List(_) | Value::Map(_) => start,
            _ => end,
        };
        Node::new(value, start, end)
    }

    /// A reference; what the file itself answers is answered.
    fn unresolved(&self, expression: &Expression) -> Value {
        let source = expression
            .span()
            .and_then(|span| self.text.get(span))
            .unwrap_or_default()
            .trim();
        match self.known.get(source) {
            Some(node) => node.value.clone(),
            None => Value::Unknown(source.chars().take(200).collect()),
        }
    }

    /// A template without an interpolation is a string; one with is not known, unless it is only
    /// there to wrap one reference.
    fn template(&mut self, template: &Template) -> Value {
        let mut text = String::new();
        for element in template {
            match element {
                Element::Literal(literal) => text.push_str(literal.as_str()),
                Element::Interpolation(interpolation) => {
                    let node = self.expression(&interpolation.expr);
                    match node.text() {
                        Some(known) => text.push_str(known),
                        None => return Value::Unknown(self.source(template)),
                    }
                }
                Element::Directive(_) => return Value::Unknown(self.source(template)),
            }
        }
        Value::Text(text)
    }

    fn source(&self, template: &Template) -> String {
        template
            .span()
            .and_then(|span| self.text.get(span))
            .unwrap_or_default()
            .chars()
            .take(4096)
            .collect()
    }

    /// `jsonencode(x)` is x to whoever looks into it; a few casts change nothing; the rest is
    /// unknown.
    fn call(&mut self, call: &FuncCall, start: Position, end: Position) -> Node {
        let name = call.name.name.as_str();
        let transparent = [
            "jsonencode",
            "tostring",
            "tobool",
            "tonumber",
            "tolist",
            "toset",
            "nonsensitive",
            "sensitive",
        ];
        match call.args.iter().next() {
            Some(argument) if transparent.contains(&name) => self.expression(argument),
            _ => Node::new(Value::Unknown(format!("{name}(…)")), start, end),
        }
    }
}

/// Adds a block under its name and labels; equal names gather in one list. `places` knows the index
/// of each path within the map that it is in, since a file may have thousands of resources.
fn insert(
    entries: &mut Vec<(String, Node)>,
    places: &mut HashMap<String, usize>,
    mut path: String,
    name: &str,
    labels: &[&str],
    inner: Node,
    at: Position,
) {
    // A block with labels and one without cannot share a map, so the path tells them apart.
    path.push(if labels.is_empty() { '\u{1}' } else { '\u{0}' });
    path.push_str(name);
    let index = *places.entry(path.clone()).or_insert_with(|| {
        let value = if labels.is_empty() {
            Value::List(Vec::new())
        } else {
            Value::Map(Vec::new())
        };
        let mut node = Node::new(value, at, at);
        node.key = Some(at);
        entries.push((name.to_owned(), node));
        entries.len() - 1
    });
    match (&mut entries[index].1.value, labels) {
        (Value::List(items), []) => items.push(inner),
        (Value::Map(nested), [first, rest @ ..]) => {
            insert(nested, places, path, first, rest, inner, at);
        }
        _ => {}
    }
}

/// A string that holds JSON, read with the position of the string: policies and container
/// definitions come as heredocs.
pub(crate) fn embedded_json(node: &Node) -> Option<Node> {
    let Value::Text(text) = &node.value else {
        return None;
    };
    let trimmed = text.trim_start();
    if !trimmed.starts_with(['{', '[']) {
        return None;
    }
    let mut tree = json::read(trimmed).ok()?;
    let skipped = text[..text.len() - trimmed.len()].matches('\n').count();
    let heredoc = u32::from(node.end.line > node.start.line);
    let lines = u32::try_from(skipped).unwrap_or(0).saturating_add(heredoc);
    shift(&mut tree, node.start.line.saturating_add(lines), node.key);
    Some(tree)
}

/// Every node of embedded text points to the line of its own within the string, as far as a heredoc
/// allows: its text starts on the line behind `<<EOF`.
fn shift(node: &mut Node, first_line: u32, key: Option<Position>) {
    for position in [&mut node.start, &mut node.end] {
        position.line = position.line.saturating_add(first_line - 1);
    }
    if let Some(at) = &mut node.key {
        at.line = at.line.saturating_add(first_line - 1);
    } else {
        node.key = key;
    }
    match &mut node.value {
        Value::List(items) => items
            .iter_mut()
            .for_each(|item| shift(item, first_line, None)),
        Value::Map(entries) => entries
            .iter_mut()
            .for_each(|(_, value)| shift(value, first_line, None)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_have_the_shape_of_the_json_syntax() {
        let text = r#"
variable "open" { default = true }
locals { name = "web" }
resource "aws_x" "a" {
  name  = "pre-${local.name}"
  open  = var.open
  other = var.elsewhere
  tags  = { "k" = 1, v = [true, null] }
  inner { x = 1 }
  inner { x = 2 }
  dynamic "rule" {
    for_each = var.rules
    content { port = 22 }
  }
  json = jsonencode({ a = file("x") })
}
resource "aws_x" "b" {}
"#;
        let node = read(text).unwrap();
        assert_eq!(
            node.get("resource").unwrap().to_json().to_string(),
            r#"{"aws_x":{"a":[{"inner":[{"x":1},{"x":2}],"json":{"a":"${file(…)}"},"name":"pre-web","open":true,"other":"${var.elsewhere}","rule":[{"port":22}],"tags":{"k":1,"v":[true,null]}}],"b":[{}]}}"#
        );
        let open = &node.at("resource.aws_x.a").unwrap().items()[0];
        let at = open.get("open").unwrap().location("f");
        assert_eq!((at.start_line, at.start_column, at.end_column), (6, 3, 19));
        assert_eq!(open.location("f").start_line, 4);
    }

    #[test]
    fn damage_is_located() {
        let error = read("resource \"a\" \"b\" {\n  x = \n}\n").unwrap_err();
        assert_eq!(error.at.line, 2);
        assert!(read(&"a = [".repeat(100_000)).is_err());
        assert!(read(&format!("a = {}1", "(".repeat(100_000))).is_err());
    }

    #[test]
    fn json_in_a_string_keeps_its_lines() {
        let text = "a = <<EOF\n[\n  {\"privileged\": true}\n]\nEOF\n";
        let node = read(text).unwrap();
        let inner = embedded_json(node.get("a").unwrap()).unwrap();
        let privileged = inner.items()[0].get("privileged").unwrap();
        assert_eq!(privileged.location("f").start_line, 3);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-c\"{}\\[\\]()=<>$%~\\n ,.:?*#/\\\\0-9é-]{0,120}") {
            if let Ok(node) = read(&text) {
                node.to_json();
            }
        }
    }
}
