use std::fmt;
use std::sync::Arc;

/// A place in a policy, waiver or VEX file; lines and columns are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file as the user named it, or the reference of an include.
    pub file: Arc<str>,
    /// Line; 0 when the format has none.
    pub line: u32,
    /// Column in characters; 0 when not known.
    pub column: u32,
}

impl Place {
    /// The file as a whole.
    #[must_use]
    pub fn file(name: &str) -> Self {
        Self {
            file: name.into(),
            line: 0,
            column: 0,
        }
    }

    /// `file:line`, as in reports; only the file when there is no line.
    #[must_use]
    pub fn short(&self) -> String {
        if self.line == 0 {
            self.file.to_string()
        } else {
            format!("{}:{}", self.file, self.line)
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, and what belongs there instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Why a policy, a list of waivers, a VEX document, a baseline or test cases cannot be used.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// Everything that is wrong with a file (and the files that it includes), in the order of the
    /// lines.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
    /// An environment that the policy does not have.
    #[error("the policy has no environment `{name}`{}", list_of(.known))]
    UnknownEnvironment {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A document in JSON that is none.
    #[error("{file}: {message}")]
    Json {
        /// The file.
        file: String,
        /// What is wrong, with line and column.
        message: String,
    },
    /// A document of no known format.
    #[error("{file} is not {expected}")]
    Format {
        /// The file.
        file: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A file that is larger than any real one.
    #[error("{file} has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// The file.
        file: String,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

impl Error {
    /// The problems, each with its place; one without a place for the other errors.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        match self {
            Self::Invalid(problems) => problems.clone(),
            other => vec![Problem {
                place: Place::file(""),
                message: other.to_string(),
            }],
        }
    }
}

/// Reads a JSON document of limited size.
pub(crate) fn json(name: &str, bytes: &[u8], limit: usize) -> Result<serde_json::Value, Error> {
    if bytes.len() > limit {
        return Err(Error::TooLarge {
            file: name.to_owned(),
            size: bytes.len(),
            limit,
        });
    }
    serde_json::from_slice(bytes).map_err(|e| not_json(name, &e))
}

/// A document that does not have the shape that it should have.
pub(crate) fn not_json(name: &str, error: &serde_json::Error) -> Error {
    Error::Json {
        file: name.to_owned(),
        message: error.to_string(),
    }
}

fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

fn list_of(names: &[String]) -> String {
    if names.is_empty() {
        " and no others".to_owned()
    } else {
        format!("; it has {}", names.join(", "))
    }
}

/// Most problems that are reported at once; a file that is something else entirely has thousands.
const MAX_PROBLEMS: usize = 100;

/// Collects what is wrong, so that all of it is reported at once.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, place: &Place, message: impl Into<String>) {
        if self.0.len() < MAX_PROBLEMS {
            self.0.push(Problem {
                place: place.clone(),
                message: message.into(),
            });
        }
    }

    pub(crate) fn extend(&mut self, other: Self) {
        for problem in other.0 {
            self.add(&problem.place, problem.message);
        }
    }

    /// The value when nothing is wrong.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, Error> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort();
        self.0.dedup();
        Err(Error::Invalid(self.0))
    }
}

/// The known word that is nearest to a mistyped one, when it is near enough to be meant.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.chars().count() > 64 {
        return None;
    }
    let lower = word.to_ascii_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|k| (distance(&lower, &k.to_ascii_lowercase()), k))
        .filter(|(d, k)| *d <= 1 + k.len().min(lower.len()) / 3)
        .min()
        .map(|(_, k)| k)
}

/// Edits (insert, delete, replace, swap of neighbours) that lead from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let mut best = (last[j] + usize::from(a[i] != b[j]))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found() {
        let known = ["max_critical", "max_high", "allowed", "prohibited"];
        for (word, expected) in [
            ("max_criticl", Some("max_critical")),
            ("max-high", Some("max_high")),
            ("MaxHigh", Some("max_high")),
            ("alowed", Some("allowed")),
            ("prohibitde", Some("prohibited")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }

    #[test]
    fn places_print_as_compilers_do() {
        let mut place = Place::file("p.yaml");
        assert_eq!(place.to_string(), "p.yaml");
        (place.line, place.column) = (3, 7);
        assert_eq!(
            (place.to_string(), place.short()),
            ("p.yaml:3:7".to_owned(), "p.yaml:3".to_owned())
        );
    }
}
