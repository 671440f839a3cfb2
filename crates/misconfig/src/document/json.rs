//! JSON (RFC 8259) with positions.

use super::{MAX_DEPTH, MAX_NODES, Node, Position, SyntaxError, Value};

/// Reads one JSON text.
pub(crate) fn read(text: &str) -> Result<Node, SyntaxError> {
    let mut reader = Reader {
        rest: text,
        at: Position { line: 1, column: 1 },
        nodes: 0,
    };
    reader.space();
    let node = reader.value(0)?;
    reader.space();
    if reader.rest.is_empty() {
        Ok(node)
    } else {
        Err(reader.error("more text behind the end of the document"))
    }
}

struct Reader<'t> {
    rest: &'t str,
    at: Position,
    nodes: usize,
}

impl Reader<'_> {
    fn error(&self, message: &str) -> SyntaxError {
        SyntaxError {
            at: self.at,
            message: message.to_owned(),
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = &self.rest[next.len_utf8()..];
        if next == '\n' {
            self.at.line = self.at.line.saturating_add(1);
            self.at.column = 1;
        } else {
            self.at.column = self.at.column.saturating_add(1);
        }
        Some(next)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
            self.bump();
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), SyntaxError> {
        if self.peek() == Some(wanted) {
            self.bump();
            Ok(())
        } else {
            Err(self.error(&format!("expected `{wanted}`")))
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, SyntaxError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(self.error(&format!("more than {MAX_NODES} nodes")));
        }
        if depth > MAX_DEPTH {
            return Err(self.error(&format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let start = self.at;
        let value = match self.peek() {
            Some('{') => self.map(depth)?,
            Some('[') => self.list(depth)?,
            Some('"') => Value::Text(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            _ => self.word()?,
        };
        let end = match value {
            Value::List(_) | Value::Map(_) => start,
            _ => self.at,
        };
        Ok(Node::new(value, start, end))
    }

    fn map(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        self.expect('{')?;
        let mut entries = Vec::new();
        self.space();
        if self.peek() == Some('}') {
            self.bump();
            return Ok(Value::Map(entries));
        }
        loop {
            self.space();
            let at = self.at;
            let key = self.string()?;
            self.space();
            self.expect(':')?;
            self.space();
            let mut node = self.value(depth + 1)?;
            node.key = Some(at);
            entries.push((key, node));
            self.space();
            match self.peek() {
                Some(',') => self.bump(),
                Some('}') => {
                    self.bump();
                    return Ok(Value::Map(entries));
                }
                _ => return Err(self.error("expected `,` or `}`")),
            };
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        self.expect('[')?;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(']') {
            self.bump();
            return Ok(Value::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(',') => self.bump(),
                Some(']') => {
                    self.bump();
                    return Ok(Value::List(items));
                }
                _ => return Err(self.error("expected `,` or `]`")),
            };
        }
    }

    fn number(&mut self) -> Result<Value, SyntaxError> {
        let length = self
            .rest
            .bytes()
            .take_while(|b| b.is_ascii_digit() || b"+-.eE".contains(b))
            .count();
        let text = self.rest[..length].to_owned();
        if text.parse::<f64>().is_err() {
            return Err(self.error("not a number"));
        }
        for _ in 0..length {
            self.bump();
        }
        Ok(Value::Number(text))
    }

    fn word(&mut self) -> Result<Value, SyntaxError> {
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ] {
            if self.rest.starts_with(word) {
                for _ in 0..word.len() {
                    self.bump();
                }
                return Ok(value);
            }
        }
        Err(self.error("expected a value"))
    }

    fn string(&mut self) -> Result<String, SyntaxError> {
        self.expect('"')?;
        let mut text = String::new();
        loop {
            match self.bump() {
                None => return Err(self.error("the string has no end")),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        Ok(match self.bump() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => self.unicode()?,
            Some(c @ ('"' | '\\' | '/')) => c,
            _ => return Err(self.error("unknown escape")),
        })
    }

    fn unicode(&mut self) -> Result<char, SyntaxError> {
        let first = self.hex()?;
        if !(0xD800..0xDC00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if !self.rest.starts_with("\\u") {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        self.bump();
        self.bump();
        let second = self.hex()?;
        let code = 0x1_0000 + ((first - 0xD800) << 10) + (second.wrapping_sub(0xDC00) & 0x3FF);
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, SyntaxError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self
                .bump()
                .and_then(|c| c.to_digit(16))
                .ok_or_else(|| self.error("expected four hexadecimal digits"))?;
            code = code * 16 + digit;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_and_positions_are_read() {
        let text = "{\n\t\"a\": [1, -2.5e1, \"\\u00e9\\ud83d\\ude00\\n\"],\r\n\t\"b\": {\"c\": null, \"d\": true}}";
        let node = read(text).unwrap();
        assert_eq!(
            node.to_json(),
            serde_json::from_str::<serde_json::Value>(text).unwrap()
        );
        let d = node.at("b.d").unwrap().location("f");
        assert_eq!((d.start_line, d.start_column, d.end_column), (3, 19, 28));
    }

    #[test]
    fn damage_is_located() {
        for (text, line, column) in [
            ("{\"a\": }", 1, 7),
            ("{\n\"a\" 1}", 2, 5),
            ("[1,]", 1, 4),
            ("\"x", 1, 3),
            ("1 2", 1, 3),
            ("", 1, 1),
        ] {
            let at = read(text).unwrap_err().at;
            assert_eq!((at.line, at.column), (line, column), "{text:?}");
        }
        assert!(read(&"[".repeat(1_000_000)).is_err());
    }

    proptest! {
        #[test]
        fn it_reads_what_serde_reads(text in "[\\[\\]{},:\"\\\\u0-9a-ftrnle+. -]{0,60}") {
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) {
                let ours = read(&text);
                prop_assert!(ours.is_ok(), "{text}: {ours:?} {value}");
            }
        }
    }
}
