//! The exec form: a JSON array of strings, and nothing else (RFC 8259).

use std::ops::Range;

/// The strings of a JSON array that fills the whole text, each with its place, quotes included;
/// none when the text is anything else.
pub(crate) fn array(text: &str) -> Option<Vec<(Range<usize>, String)>> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
    };
    let strings = reader.array()?;
    reader.blanks();
    (reader.at == text.len()).then_some(strings)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.bytes.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    fn array(&mut self) -> Option<Vec<(Range<usize>, String)>> {
        self.take(b'[')?;
        let mut strings = Vec::new();
        if self.take(b']').is_some() {
            return Some(strings);
        }
        loop {
            self.blanks();
            let start = self.at;
            let value = self.string()?;
            strings.push((start..self.at, value));
            if self.take(b']').is_some() {
                return Some(strings);
            }
            self.take(b',')?;
        }
    }

    fn string(&mut self) -> Option<String> {
        self.take(b'"')?;
        let mut value = String::new();
        loop {
            let c = self.text.get(self.at..)?.chars().next()?;
            self.at += c.len_utf8();
            match c {
                '"' => return Some(value),
                '\\' => value.push(self.escape()?),
                c if (c as u32) < 0x20 && c != '\t' => return None,
                c => value.push(c),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return None,
        })
    }

    fn unicode(&mut self) -> Option<char> {
        let high = self.hex()?;
        if !(0xD800..0xDC00).contains(&high) {
            return Some(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        if self.text.get(self.at..)?.starts_with("\\u") {
            self.at += 2;
            let low = self.hex()?;
            if (0xDC00..0xE000).contains(&low) {
                return char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00));
            }
            self.at = before;
        }
        Some(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_arrays_of_strings_count() {
        let check = |text: &str, expected: Option<&[&str]>| {
            let strings = array(text).map(|a| a.into_iter().map(|s| s.1).collect::<Vec<_>>());
            let expected = expected.map(|e| e.iter().map(ToString::to_string).collect());
            assert_eq!(strings, expected, "{text}");
        };
        check(r#"["a", "b c"] "#, Some(&["a", "b c"]));
        check("[]", Some(&[]));
        check(r#"["\u00e4\n\ud83d\ude00"]"#, Some(&["ä\n😀"]));
        check(r#"["a",]"#, None);
        check("['a']", None);
        check(r#"["a"] b"#, None);
        check(r#"["a", 1]"#, None);
        check(r#"["C:\x"]"#, None);
        check(r#"["\u00"#, None);
        assert_eq!(array(r#"[ "ab" ]"#).map(|a| a[0].0.clone()), Some(2..6));
    }
}
