//! Strings from outside, made harmless for each medium, and fitted into columns.

pub(crate) use seaworthy_model::text::{ascii, cut, head, is_unsafe, plain, width};

/// The text cut to `columns` in the middle, so that both ends stay.
pub(crate) fn cut_middle(text: &str, columns: usize, ellipsis: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(width(ellipsis));
    if room < 4 {
        return cut(text, columns, ellipsis);
    }
    let reversed: String = text.chars().rev().collect();
    let tail: String = head(&reversed, room / 2).chars().rev().collect();
    format!("{}{ellipsis}{tail}", head(text, room - room / 2))
}

/// The text broken between words into lines of at most so many columns; a longer word is broken
/// where the line ends.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        while width(&line) > columns {
            let first = head(&line, columns);
            if first.is_empty() {
                break;
            }
            let rest = line.split_off(first.len());
            lines.push(std::mem::replace(&mut line, rest));
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// At most so many characters, for fields with a limit in a schema.
pub(crate) fn limit(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some(_) => {
            let mut out: String = text.chars().take(characters.saturating_sub(1)).collect();
            out.push('…');
            out
        }
    }
}

/// Percent-encoded for a relative URI reference (RFC 3986): unreserved characters and `/` stay.
pub(crate) fn uri_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// For XML 1.0 text: characters that no XML document may hold go (`Char` production).
pub(crate) fn xml(text: &str) -> String {
    text.chars()
        .filter(|c| {
            matches!(c, '\n' | '\t') || !(is_unsafe(*c) || matches!(c, '\u{fffe}' | '\u{ffff}'))
        })
        .collect()
}

/// A cell of comma-separated values. A cell that a spreadsheet would run as a formula gets an
/// apostrophe in front (OWASP, "CSV injection").
pub(crate) fn csv(text: &str) -> String {
    let mut cell = plain(text);
    if cell
        .trim_start()
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
    {
        cell.insert(0, '\'');
    }
    if cell.contains([',', '"', ';', ' ', '\'']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

/// Text inside Markdown, tables and mentions included.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '|' => out.push_str("&#124;"),
            ':' => out.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_moves_or_hides() {
        for (input, expected) in [
            ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
            ("a\u{202e}b\u{2066}c\u{200b}d", "abcd"),
            ("two\nlines\ttab\u{9b}2J", "two lines tab2J"),
            ("中文 ok", "中文 ok"),
        ] {
            assert_eq!(plain(input), expected);
        }
        assert_eq!(ascii("a → b … 中"), "a -> b ... ?");
    }

    #[test]
    fn cuts_count_columns() {
        assert_eq!(cut("abcdef", 4, "…"), "abc…");
        assert_eq!(cut("中文字", 4, "…"), "中…");
        assert_eq!(cut("abc", 3, "…"), "abc");
        assert_eq!(cut_middle("registry/a/b:1.2", 9, "…"), "regi…:1.2");
        assert_eq!(cut("abcdef", 2, "..."), "");
        assert_eq!(cut("abcdef", 0, "…"), "");
        assert_eq!(limit("abc", 2), "a…");
    }

    #[test]
    fn long_texts_are_broken_between_words() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("中文字", 4), ["中文", "字"]);
        assert_eq!(wrap("", 4), Vec::<String>::new());
        assert_eq!(wrap("中", 1), ["中"]);
    }

    #[test]
    fn formulas_and_markup_are_disarmed() {
        assert_eq!(csv("=1+1"), "\"'=1+1\"");
        assert_eq!(csv("\t@x"), "\"' @x\"");
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv("1:1.2-3"), "1:1.2-3");
        assert_eq!(
            markdown("<img> [a](http://x) | @all"),
            "&lt;img&gt; \\[a\\]\\(http&#58;//x\\) &#124; &#64;all"
        );
        assert_eq!(xml("a\u{0}\u{b}b\u{ffff}"), "ab");
        assert_eq!(uri_path("/app/a b%c!/x:y"), "app/a%20b%25c%21/x%3Ay");
    }
}
