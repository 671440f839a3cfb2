//! YAML as a tree in which every node knows its line and column.

use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::error::{Error, Place, Problems};

/// Largest file in bytes.
pub(crate) const MAX_BYTES: usize = 4 << 20;
/// Most nodes of one file after aliases are resolved.
const MAX_NODES: usize = 200_000;
/// Deepest nesting.
const MAX_DEPTH: usize = 48;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// How a text was written: tells where its characters stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Quoted,
    Block,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String, Style),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|e| e.key == key)
            .map(|e| &e.value)
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(..) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// Reads one document.
pub(crate) fn parse(file: &Arc<str>, bytes: &[u8]) -> Result<Node, Error> {
    let documents = read(file, bytes, false)?;
    Ok(documents.into_iter().next().unwrap_or_else(|| {
        empty(Place {
            file: Arc::clone(file),
            line: 1,
            column: 1,
        })
    }))
}

/// Reads all documents of a file.
pub(crate) fn parse_all(file: &Arc<str>, bytes: &[u8]) -> Result<Vec<Node>, Error> {
    read(file, bytes, true)
}

fn read(file: &Arc<str>, bytes: &[u8], several: bool) -> Result<Vec<Node>, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooLarge {
            file: file.to_string(),
            size: bytes.len(),
            limit: MAX_BYTES,
        });
    }
    let mut problems = Problems::default();
    let start = Place {
        file: Arc::clone(file),
        line: 1,
        column: 1,
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        problems.add(&start, "the file is not UTF-8 text");
        return problems.finish(Vec::new());
    };
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut reader = Reader {
        file,
        events: Parser::new_from_str_with_options(text, options),
        anchors: FxHashMap::default(),
        nodes: 0,
        problems,
    };
    let documents = reader.documents(several);
    reader.problems.finish(documents)
}

fn empty(place: Place) -> Node {
    Node {
        place,
        value: Value::Null,
    }
}

struct Reader<'f, 't> {
    file: &'f Arc<str>,
    events: Parser<'t, granit_parser::StrInput<'t>>,
    anchors: FxHashMap<usize, Node>,
    nodes: usize,
    problems: Problems,
}

/// The file cannot be read further; the reason is among the problems.
struct Stop;

impl Reader<'_, '_> {
    fn place(&self, span: Span) -> Place {
        self.at(span.start.line(), span.start.col() + 1)
    }

    fn at(&self, line: usize, column: usize) -> Place {
        Place {
            file: Arc::clone(self.file),
            line: u32::try_from(line.max(1)).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    fn next(&mut self) -> Result<(Event<'static>, Span), Stop> {
        match self.events.next() {
            Some(Ok((event, span))) => Ok((owned(event), span)),
            Some(Err(error)) => {
                let marker = *error.marker();
                let place = self.at(marker.line(), marker.col() + 1);
                self.problems
                    .add(&place, format!("not YAML: {}", error.info()));
                Err(Stop)
            }
            None => Err(Stop),
        }
    }

    fn documents(&mut self, several: bool) -> Vec<Node> {
        let mut documents = Vec::new();
        while let Ok((event, span)) = self.next() {
            match event {
                Event::DocumentStart(..) => self.anchors.clear(),
                Event::StreamStart | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                event if several || documents.is_empty() => match self.node(event, span, 0) {
                    Ok(node) => documents.push(node),
                    Err(Stop) => break,
                },
                _ => {
                    let place = self.place(span);
                    self.problems.add(
                        &place,
                        "a second document begins here; the file must have one",
                    );
                    break;
                }
            }
        }
        documents
    }

    fn count(&mut self, nodes: usize, place: &Place) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            self.problems.add(
                place,
                format!("the file has more than {MAX_NODES} values (aliases count each time)"),
            );
            return Err(Stop);
        }
        Ok(())
    }

    fn node(&mut self, event: Event<'static>, span: Span, depth: usize) -> Result<Node, Stop> {
        let place = self.place(span);
        self.count(1, &place)?;
        if depth > MAX_DEPTH {
            self.problems
                .add(&place, format!("nested deeper than {MAX_DEPTH} levels"));
            return Err(Stop);
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.is_some_and(|t| t.is_yaml_core_schema_tag("str"));
                (scalar(&text, style, is_text), anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(event, span, depth + 1)?),
                    }
                }
                (Value::List(items), anchor)
            }
            Event::MappingStart(_, anchor, _) => (Value::Map(self.mapping(depth)?), anchor),
            Event::Alias(id) => {
                let Some(node) = self.anchors.get(&id).cloned() else {
                    self.problems
                        .add(&place, "the alias names something that contains it");
                    return Err(Stop);
                };
                self.count(size(&node), &place)?;
                if depth + height(&node) > MAX_DEPTH {
                    self.problems
                        .add(&place, format!("nested deeper than {MAX_DEPTH} levels"));
                    return Err(Stop);
                }
                return Ok(node);
            }
            _ => (Value::Null, 0),
        };
        let node = Node { place, value };
        if anchor != 0 {
            self.count(size(&node), &node.place)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn mapping(&mut self, depth: usize) -> Result<Vec<Entry>, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut keys = FxHashSet::default();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let place = self.place(span);
            let key_node = self.node(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            let key = match key_node.value {
                Value::Text(text, _) => text,
                Value::Null => "null".to_owned(),
                Value::Bool(b) => b.to_string(),
                Value::Int(n) => n.to_string(),
                Value::Float(n) => n.to_string(),
                Value::List(_) | Value::Map(_) => {
                    self.problems.add(&place, "a key must be text");
                    continue;
                }
            };
            if key == "<<" {
                if !is_merge(&value) {
                    self.problems
                        .add(&place, "`<<` takes a mapping, or a list of mappings");
                }
                merged.push(value);
            } else if keys.insert(key.clone()) {
                entries.push(Entry { key, place, value });
            } else {
                self.problems
                    .add(&place, format!("the key `{key}` stands here twice"));
            }
        }
        for node in merged {
            let sources = match node.value {
                Value::List(items) => items,
                _ => vec![node],
            };
            for entry in sources.into_iter().flat_map(|n| n.entries().to_vec()) {
                if keys.insert(entry.key.clone()) {
                    entries.push(entry);
                }
            }
        }
        Ok(entries)
    }
}

/// What a merge key may hold (YAML 1.1, "Merge Key Language-Independent Type").
fn is_merge(node: &Node) -> bool {
    match &node.value {
        Value::Map(_) => true,
        Value::List(items) => items.iter().all(|i| matches!(i.value, Value::Map(_))),
        _ => false,
    }
}

fn owned(event: Event<'_>) -> Event<'static> {
    match event {
        Event::Scalar(text, style, anchor, tag) => Event::Scalar(
            text.into_owned().into(),
            style,
            anchor,
            tag.map(|t| std::borrow::Cow::Owned(t.into_owned())),
        ),
        Event::SequenceStart(style, anchor, _) => Event::SequenceStart(style, anchor, None),
        Event::MappingStart(style, anchor, _) => Event::MappingStart(style, anchor, None),
        Event::Alias(id) => Event::Alias(id),
        Event::SequenceEnd => Event::SequenceEnd,
        Event::MappingEnd => Event::MappingEnd,
        Event::StreamStart => Event::StreamStart,
        Event::StreamEnd => Event::StreamEnd,
        Event::DocumentStart(explicit, version) => Event::DocumentStart(explicit, version),
        _ => Event::DocumentEnd,
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|e| 1 + size(&e.value)).sum(),
        _ => 0,
    }
}

fn height(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(items) => items.iter().map(height).max().unwrap_or(0),
        Value::Map(entries) => entries.iter().map(|e| height(&e.value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// YAML 1.2.2, section 10.3.2: only plain scalars are anything but text.
fn scalar(text: &str, style: ScalarStyle, is_text: bool) -> Value {
    match style {
        ScalarStyle::Plain if !is_text => {}
        ScalarStyle::Plain => return Value::Text(text.to_owned(), Style::Plain),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
            return Value::Text(text.to_owned(), Style::Quoted);
        }
        ScalarStyle::Literal | ScalarStyle::Folded => {
            return Value::Text(text.to_owned(), Style::Block);
        }
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        if let Ok(n) = text.parse() {
            return Value::Int(n);
        }
    } else if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'))
        && let Ok(n) = text.parse::<f64>()
    {
        return Value::Float(n);
    }
    Value::Text(text.to_owned(), Style::Plain)
}

/// Where a byte of a text value stands in the file that it was read from: follows quotes, block
/// indentation and folded lines, so that an error inside an expression has its own line and column.
pub(crate) fn place_within(source: &str, node: &Node, offset: usize) -> Place {
    let Value::Text(text, style) = &node.value else {
        return node.place.clone();
    };
    let before = text.get(..offset).unwrap_or(text);
    let mut place = node.place.clone();
    let columns = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    match style {
        Style::Plain | Style::Quoted if !before.contains('\n') => {
            place.column += columns(before) + u32::from(*style == Style::Quoted);
            place
        }
        Style::Plain | Style::Quoted => place,
        Style::Block => {
            // The header (`|`, `>`) ends its line; the text begins on a later one. Words are
            // followed without regard to white space, which folding changes.
            let first = usize::try_from(place.line).unwrap_or(0);
            let count = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
            // What is missing at the end is missing behind the last character.
            let (before, all) = (count(before), count(text));
            let at_end = before >= all && all > 0;
            let mut left = if at_end { all - 1 } else { before };
            let column = usize::try_from(place.column).unwrap_or(1);
            let has_header = source
                .lines()
                .nth(first - 1)
                .and_then(|l| l.chars().nth(column - 1))
                .is_some_and(|c| matches!(c, '|' | '>'));
            for (index, line) in
                source
                    .lines()
                    .enumerate()
                    .skip(if has_header { first } else { first - 1 })
            {
                let words = count(line);
                if left < words {
                    let column = line
                        .chars()
                        .enumerate()
                        .filter(|(_, c)| !c.is_whitespace())
                        .nth(left)
                        .map_or(0, |(at, _)| at);
                    place.line = u32::try_from(index + 1).unwrap_or(u32::MAX);
                    let column = column + 1 + usize::from(at_end);
                    place.column = u32::try_from(column).unwrap_or(u32::MAX);
                    break;
                }
                left -= words;
            }
            place
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, Error> {
        parse(&"t.yaml".into(), text.as_bytes())
    }

    #[test]
    fn scalars_have_the_types_of_the_core_schema() {
        for (text, expected) in [
            ("1", Value::Int(1)),
            ("-0", Value::Int(0)),
            ("1.5", Value::Float(1.5)),
            ("1e3", Value::Float(1000.0)),
            ("true", Value::Bool(true)),
            ("~", Value::Null),
            ("yes", Value::Text("yes".into(), Style::Plain)),
            ("2026-11-25", Value::Text("2026-11-25".into(), Style::Plain)),
            ("1.2.3", Value::Text("1.2.3".into(), Style::Plain)),
            ("'1'", Value::Text("1".into(), Style::Quoted)),
            ("!!str 1", Value::Text("1".into(), Style::Plain)),
        ] {
            assert_eq!(read(text).unwrap().value, expected, "{text}");
        }
    }

    #[test]
    fn nodes_know_their_places() {
        let root = read("a: 1\nb:\n  - x\n  - c: [1, two]\n").unwrap();
        let Value::List(items) = &root.get("b").unwrap().value else {
            panic!("not a list");
        };
        let c = &items[1].entries()[0];
        assert_eq!((c.place.line, c.place.column), (4, 5));
        let Value::List(inner) = &c.value.value else {
            panic!("not a list");
        };
        assert_eq!((inner[1].place.line, inner[1].place.column), (4, 12));
    }

    #[test]
    fn aliases_and_merge_keys_work_within_limits() {
        let root = read("base: &b {a: 1, b: 2}\nmine:\n  <<: *b\n  a: 3\n").unwrap();
        let mine = root.get("mine").unwrap();
        assert_eq!(mine.get("a").unwrap().value, Value::Int(3));
        assert_eq!(mine.get("b").unwrap().value, Value::Int(2));
        let mut bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
        for i in 1..12 {
            let previous = format!("*a{}", i - 1);
            bomb += &format!("a{i}: &a{i} [{}]\n", vec![previous; 10].join(","));
        }
        assert!(read(&bomb).unwrap_err().to_string().contains("more than"));
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(read(&deep).is_err());
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (text, message) in [
            ("a: 1\na: 2", "t.yaml:2:1: the key `a` stands here twice"),
            ("a: [1", "t.yaml:"),
            (
                "a: 1\n---\nb: 2",
                "t.yaml:3:1: a second document begins here",
            ),
            ("[a]: 1", "t.yaml:1:1: a key must be text"),
            ("a: {<<: 3, b: 1}", "t.yaml:1:5: `<<` takes a mapping"),
            ("a: {<<: [{b: 1}, 2]}", "t.yaml:1:5: `<<` takes a mapping"),
            ("a: *b", "t.yaml:1:"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text:?}: {error}");
        }
        assert!(parse(&"t".into(), b"\xff").is_err());
    }

    #[test]
    fn characters_inside_texts_have_their_places() {
        let check = |source: &str, needle: &str, expected: (u32, u32)| {
            let root = read(source).unwrap();
            let node = root.get("e").unwrap();
            let Value::Text(text, _) = &node.value else {
                panic!("not a text");
            };
            let place = place_within(source, node, text.find(needle).unwrap());
            assert_eq!((place.line, place.column), expected, "{source:?}");
        };
        check("e: ab + cd\n", "cd", (1, 9));
        check("e: 'ab + cd'\n", "cd", (1, 10));
        check("e: |\n  ab +\n  cd\n", "cd", (3, 3));
        check("e: >-\n    ab +\n    cd + ef\n", "ef", (3, 10));
        let source = "e: |\n  ab +\n  cd =\nf: 1\n";
        let root = read(source).unwrap();
        let place = place_within(source, root.get("e").unwrap(), 10);
        assert_eq!((place.line, place.column), (3, 7));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse(&"t".into(), &bytes);
        }

        #[test]
        fn no_text_panics(text in "[-a:\\[\\]{}&*!|> \n'\"#%0-9.,?<]{0,80}") {
            let _ = read(&text);
        }
    }
}
