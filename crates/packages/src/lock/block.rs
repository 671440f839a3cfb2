//! The part of YAML that lockfiles are written in: block mappings of scalars, with one-line flow
//! values. Each entry keeps its line, and a line that is not understood costs only itself.

use super::lines::numbered;

/// Levels of mappings.
const MAX_DEPTH: usize = 32;

/// `key: value`, or `key:` with entries below it.
#[derive(Debug, Default)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) line: u32,
    pub(super) below: Vec<Entry<'a>>,
}

impl<'a> Entry<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&Entry<'a>> {
        self.below.iter().find(|entry| entry.key == key)
    }

    /// The value of an entry below.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key)
            .map(|entry| entry.value)
            .filter(|value| !value.is_empty())
    }

    /// The value of a key in a one-line mapping, `{integrity: x, tarball: y}`.
    pub(super) fn flow(&self, key: &str) -> Option<&'a str> {
        let inner = self.value.strip_prefix('{')?.strip_suffix('}')?;
        inner.split(',').find_map(|pair| {
            let (name, value) = pair.split_once(':')?;
            (unquote(name.trim()) == key).then(|| unquote(value.trim()))
        })
    }
}

/// The entries of a document, and the lines that were not understood.
pub(super) fn parse(text: &str) -> (Entry<'_>, Vec<u32>) {
    let mut unread = Vec::new();
    // The open mappings: how far their entries are indented, and the last entry with what it holds.
    let mut open: Vec<(usize, Entry<'_>)> = vec![(0, Entry::default())];
    // Text in several lines is indented deeper than its key.
    let mut text_below: Option<usize> = None;
    for (number, raw) in numbered(text) {
        let line = raw.trim_start_matches(' ');
        let indent = raw.len() - line.len();
        if line.trim_end().is_empty() {
            continue;
        }
        if let Some(key) = text_below {
            if indent > key {
                continue;
            }
            text_below = None;
        }
        if line.starts_with('#') || line == "---" || line.starts_with('%') {
            continue;
        }
        while open.len() > 1 && open.last().is_some_and(|(at, _)| *at >= indent) {
            close(&mut open);
        }
        if line.starts_with("- ") || line == "-" {
            continue;
        }
        // `? key` and `: value` on a line each are for keys of more than 1,024 characters.
        let line = line.strip_prefix("? ").unwrap_or(line);
        let Some((key, value)) = split(line) else {
            // A long quoted text goes on in the next lines.
            if !open.last().is_some_and(|(_, e)| is_open_quote(e.value)) {
                unread.push(number);
            }
            continue;
        };
        if open.len() > MAX_DEPTH {
            unread.push(number);
            continue;
        }
        if matches!(value.as_bytes().first(), Some(b'>' | b'|')) {
            text_below = Some(indent);
        }
        let entry = Entry {
            key,
            value,
            line: number,
            below: Vec::new(),
        };
        open.push((indent, entry));
    }
    while open.len() > 1 {
        close(&mut open);
    }
    (
        open.pop().map(|(_, entry)| entry).unwrap_or_default(),
        unread,
    )
}

fn close<'a>(open: &mut Vec<(usize, Entry<'a>)>) {
    if let Some((_, entry)) = open.pop()
        && let Some((_, parent)) = open.last_mut()
    {
        parent.below.push(entry);
    }
}

fn is_open_quote(value: &str) -> bool {
    (value.starts_with('\'') || value.starts_with('"')) && !value[1..].ends_with(&value[..1])
}

/// Key and value of a line; both may be quoted.
fn split(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = match line.as_bytes().first()? {
        quote @ (b'\'' | b'"') => {
            let quote = char::from(*quote);
            let end = line[1..].find(quote)? + 1;
            (&line[1..end], line[end + 1..].strip_prefix(':')?)
        }
        _ => match line.split_once(": ") {
            Some(pair) => pair,
            None => (line.trim_end().strip_suffix(':')?, ""),
        },
    };
    let rest = rest.trim();
    // A comment behind the value.
    let value = match rest.find(" #") {
        Some(at) if !rest.starts_with(['\'', '"']) => rest[..at].trim_end(),
        _ => rest,
    };
    Some((key, unquote(value)))
}

/// A text without the quotes around it.
pub(super) fn unquote(text: &str) -> &str {
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_keep_their_lines() {
        let (root, unread) = parse(
            "# made by a program\na: 1\n'@b/c@1':\n  d: {x: 'y', z: w}\n  e: >-\n    long: text\n  f:\n    - g: 1\nh: 'x' # note\n!!!\n",
        );
        assert_eq!(root.text("a"), Some("1"));
        let b = root.get("@b/c@1").expect("is there");
        assert_eq!(b.line, 3);
        assert_eq!(b.get("d").and_then(|d| d.flow("x")), Some("y"));
        assert_eq!(b.get("d").and_then(|d| d.flow("q")), None);
        assert!(b.get("f").expect("is there").below.is_empty());
        assert_eq!(root.below.len(), 3);
        assert_eq!(unread, [10]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(?s)[ a:'\"{}?|>#\n-]{0,200}") {
            let _ = parse(&text);
        }
    }
}
