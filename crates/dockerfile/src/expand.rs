//! Variables in arguments (Dockerfile reference, "Environment replacement").

use std::ops::Range;

/// Deepest nesting of `${A:-${B:-…}}` that is followed.
const MAX_DEPTH: usize = 16;

/// Longest value that is built; variables that repeat each other grow without bound.
const MAX_LENGTH: usize = 64 * 1024;

/// A word with its variables replaced and its quotes removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expansion {
    /// The value.
    pub value: String,
    /// Variables that had no value and no default, in order, with repetitions.
    pub undefined: Vec<String>,
    /// Whether the value is what a builder would use; false when a modifier is not understood or the
    /// value grew too long.
    pub complete: bool,
}

/// Expands `$X`, `${X}`, `${X:-y}`, `${X-y}`, `${X:+y}`, `${X+y}`, `${X:?e}`, `${X?e}` and removes
/// quotes. What is in single quotes stays as it is; a variable without a value is empty.
pub fn expand<'v>(word: &str, escape: char, lookup: &dyn Fn(&str) -> Option<&'v str>) -> Expansion {
    let mut expander = Expander {
        escape,
        lookup,
        out: Expansion {
            complete: true,
            ..Expansion::default()
        },
    };
    expander.word(word, 0);
    expander.out
}

struct Expander<'a, 'v> {
    escape: char,
    lookup: &'a dyn Fn(&str) -> Option<&'v str>,
    out: Expansion,
}

impl Expander<'_, '_> {
    fn push(&mut self, text: &str) {
        if self.out.value.len() + text.len() > MAX_LENGTH {
            self.out.complete = false;
        } else {
            self.out.value.push_str(text);
        }
    }

    fn word(&mut self, word: &str, depth: usize) {
        let braces = Braces::of(word);
        let mut quote = None;
        let mut at = 0;
        while let Some(c) = word.get(at..).and_then(|t| t.chars().next()) {
            let next = at + c.len_utf8();
            match quote {
                Some('\'') => {
                    if c == '\'' {
                        quote = None;
                    } else {
                        self.push(&word[at..next]);
                    }
                    at = next;
                }
                Some(q) if c == q => {
                    quote = None;
                    at = next;
                }
                None if c == '"' || c == '\'' => {
                    quote = Some(c);
                    at = next;
                }
                _ if c == self.escape => at = self.escaped(word, next, quote.is_some()),
                _ if c == '$' => at = self.variable(word, at, depth, &braces),
                _ => {
                    self.push(&word[at..next]);
                    at = next;
                }
            }
        }
    }

    /// What follows an escape character at `at`.
    fn escaped(&mut self, word: &str, at: usize, quoted: bool) -> usize {
        let Some(c) = word.get(at..).and_then(|t| t.chars().next()) else {
            return word.len();
        };
        if quoted && c != '"' && c != '$' && c != self.escape {
            let mut escape = [0; 4];
            let text = self.escape.encode_utf8(&mut escape).to_owned();
            self.push(&text);
        }
        self.push(&word[at..at + c.len_utf8()]);
        at + c.len_utf8()
    }

    /// The variable whose `$` is at `at`; gives the place behind it.
    fn variable(&mut self, word: &str, at: usize, depth: usize, braces: &Braces) -> usize {
        let Some(found) = variable_at(word, at, braces) else {
            self.push("$");
            return at + 1;
        };
        let name = &word[found.name.clone()];
        let value = (self.lookup)(name);
        let modifier = &word[found.modifier.clone()];
        let (operator, argument) = split_modifier(modifier);
        let set = match operator {
            ":-" | ":+" | ":?" => value.is_some_and(|v| !v.is_empty()),
            _ => value.is_some(),
        };
        match operator {
            "" | "?" | ":?" => match value {
                Some(value) => self.push(value),
                None => self.out.undefined.push(name.to_owned()),
            },
            "-" | ":-" if set => self.push(value.unwrap_or("")),
            "+" | ":+" if !set => {}
            "-" | ":-" | "+" | ":+" if depth < MAX_DEPTH => self.word(argument, depth + 1),
            _ => self.out.complete = false,
        }
        found.end
    }
}

fn split_modifier(modifier: &str) -> (&str, &str) {
    for operator in [":-", ":+", ":?", "-", "+", "?"] {
        if let Some(argument) = modifier.strip_prefix(operator) {
            return (operator, argument);
        }
    }
    // Patterns such as `${X%y}`: named by something that is no operator above.
    if modifier.is_empty() {
        ("", "")
    } else {
        ("%", modifier)
    }
}

struct Variable {
    name: Range<usize>,
    modifier: Range<usize>,
    end: usize,
}

/// The variable whose `$` is at `at`.
fn variable_at(word: &str, at: usize, braces: &Braces) -> Option<Variable> {
    let rest = word.get(at + 1..)?;
    let length = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            return digits;
        }
        text.bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count()
    };
    if let Some(inner) = rest.strip_prefix('{') {
        let name = length(inner);
        let start = at + 2;
        let close = braces.close_of(at + 1)?;
        return (name > 0).then(|| Variable {
            name: start..start + name,
            modifier: start + name..close,
            end: close + 1,
        });
    }
    let name = length(rest);
    let start = at + 1;
    (name > 0).then(|| Variable {
        name: start..start + name,
        modifier: start + name..start + name,
        end: start + name,
    })
}

/// Which brace closes which, for a whole word at once: looking for each on its own would take
/// quadratic time.
struct Braces(Vec<(usize, usize)>);

impl Braces {
    fn of(word: &str) -> Self {
        let mut pairs = Vec::new();
        if !word.contains("${") {
            return Self(pairs);
        }
        let mut open = Vec::new();
        let mut bytes = word.bytes().enumerate();
        while let Some((i, b)) = bytes.next() {
            match b {
                b'\\' => {
                    bytes.next();
                }
                b'{' => open.push(i),
                b'}' => pairs.extend(open.pop().map(|o| (o, i))),
                _ => {}
            }
        }
        pairs.sort_unstable();
        Self(pairs)
    }

    fn close_of(&self, open: usize) -> Option<usize> {
        let found = self.0.binary_search_by_key(&open, |p| p.0).ok()?;
        self.0.get(found).map(|p| p.1)
    }
}

/// The variables that a word refers to, with the place of each; those within the default of another
/// count too, those in single quotes and behind an escape do not.
#[must_use]
pub fn references(word: &str, escape: char) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    collect(word, 0, escape, 0, &mut found);
    found
}

fn collect(
    word: &str,
    offset: usize,
    escape: char,
    depth: usize,
    found: &mut Vec<(String, Range<usize>)>,
) {
    let braces = Braces::of(word);
    let mut quote = None;
    let mut at = 0;
    while let Some(c) = word.get(at..).and_then(|t| t.chars().next()) {
        let next = at + c.len_utf8();
        at = next;
        match quote {
            Some('\'') if c != '\'' => {}
            Some(q) if c == q => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ if c == escape => {
                at += word
                    .get(at..)
                    .and_then(|t| t.chars().next())
                    .map_or(0, char::len_utf8);
            }
            _ if c == '$' => {
                let Some(variable) = variable_at(word, next - 1, &braces) else {
                    continue;
                };
                found.push((
                    word[variable.name.clone()].to_owned(),
                    offset + next - 1..offset + variable.end,
                ));
                if depth < MAX_DEPTH && !variable.modifier.is_empty() {
                    let start = variable.modifier.start;
                    collect(
                        &word[variable.modifier],
                        offset + start,
                        escape,
                        depth + 1,
                        found,
                    );
                }
                at = variable.end;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, expected: &str, undefined: &[&str]) {
        let lookup = |name: &str| match name {
            "A" => Some("one"),
            "EMPTY" => Some(""),
            _ => None,
        };
        let out = expand(word, '\\', &lookup);
        assert_eq!(out.value, expected, "{word}");
        assert_eq!(out.undefined, undefined, "{word}");
    }

    #[test]
    fn variables_are_replaced() {
        check("$A", "one", &[]);
        check("x${A}y", "xoney", &[]);
        check("$AB", "", &["AB"]);
        check("${A}B", "oneB", &[]);
        check("${NO:-two}", "two", &[]);
        check("${EMPTY:-two}", "two", &[]);
        check("${EMPTY-two}", "", &[]);
        check("${NO:-${A}}", "one", &[]);
        check("${A:+set}", "set", &[]);
        check("${NO:+set}", "", &[]);
        check("'$A'", "$A", &[]);
        check("\"$A b\"", "one b", &[]);
        check("\\$A", "$A", &[]);
        check("a$", "a$", &[]);
        check("${", "${", &[]);
        check("${A", "${A", &[]);
    }

    #[test]
    fn patterns_are_not_understood_and_say_so() {
        assert!(!expand("${A%e}", '\\', &|_| Some("one")).complete);
    }

    #[test]
    fn growth_has_an_end() {
        let long = "x".repeat(60_000);
        let out = expand("$A$A$A", '\\', &|_| Some(long.as_str()));
        assert!(!out.complete);
        assert!(out.value.len() <= MAX_LENGTH);
    }

    #[test]
    fn references_have_places() {
        let names = |word: &str| {
            references(word, '\\')
                .into_iter()
                .map(|(name, range)| format!("{name}@{}", &word[range]))
                .collect::<Vec<_>>()
        };
        assert_eq!(names("a$B/${C:-$D}"), ["B@$B", "C@${C:-$D}", "D@$D"]);
        assert!(names("'$B' \\$C").is_empty());
    }
}
