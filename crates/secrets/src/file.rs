//! Rule files: the built-in ones and users' own, in one YAML format.

use seaworthy_model::Severity;
use serde::Deserialize;
use serde_saphyr::{DefaultMessageFormatter, MessageFormatter as _, Spanned};

use crate::Error;
use crate::check::Check;
use crate::glob;
use crate::keywords::MAX_KEYWORD;
use crate::rule::{Allow, Matcher, Pattern, Rule};

/// How far around a keyword a match may lie, unless the rule says otherwise.
const BEFORE: usize = 80;
const AFTER: usize = 320;
/// The most that a rule may ask for.
pub(crate) const MAX_BEFORE: usize = 512;
pub(crate) const MAX_AFTER: usize = 16 << 10;
/// Rules in one file; keyword numbers have 16 bits.
const MAX_RULES: usize = 5000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawFile {
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    disable: Vec<Spanned<String>>,
    #[serde(default)]
    exclude: Vec<Spanned<String>>,
    #[serde(default)]
    default_excludes: Option<bool>,
    #[serde(default)]
    allow: RawAllow,
    #[serde(default)]
    rules: Vec<RawRule>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawAllow {
    regexes: Vec<Spanned<String>>,
    paths: Vec<Spanned<String>>,
    stopwords: Vec<String>,
    fingerprints: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: Spanned<String>,
    title: String,
    #[serde(default)]
    severity: Option<Severity>,
    #[serde(default)]
    keywords: Vec<Spanned<String>>,
    #[serde(default)]
    regex: Option<Spanned<String>>,
    #[serde(default)]
    name: Option<Spanned<String>>,
    #[serde(default)]
    value: Option<Spanned<String>>,
    #[serde(default)]
    check: Option<Spanned<String>>,
    #[serde(default)]
    entropy: Option<Spanned<f64>>,
    #[serde(default)]
    paths: Vec<Spanned<String>>,
    #[serde(default)]
    window: Option<Spanned<RawWindow>>,
    #[serde(default)]
    binary: Option<bool>,
    #[serde(default)]
    allow: RawAllow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawWindow {
    before: usize,
    after: usize,
}

impl Default for RawWindow {
    fn default() -> Self {
        Self {
            before: BEFORE,
            after: AFTER,
        }
    }
}

/// A rule file, checked.
pub(crate) struct RuleFile {
    pub(crate) disable: Vec<(String, Place)>,
    pub(crate) exclude: Vec<Pattern>,
    pub(crate) default_excludes: bool,
    pub(crate) allow: Allow,
    pub(crate) rules: Vec<Rule>,
}

/// A place in a rule file.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    line: u64,
    column: u64,
}

impl Place {
    fn of<T>(spanned: &Spanned<T>) -> Self {
        Self {
            line: spanned.referenced.line(),
            column: spanned.referenced.column(),
        }
    }

    pub(crate) fn error(self, path: &str, message: impl Into<String>) -> Error {
        Error {
            path: path.to_owned(),
            line: self.line,
            column: self.column,
            message: message.into(),
        }
    }
}

/// Whether patterns are compiled at once, so that mistakes are told, or when they are needed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compile {
    Now,
    Later,
}

struct Reader<'a> {
    path: &'a str,
    compile: Compile,
}

/// Reads a rule file; `path` is for messages.
pub(crate) fn read(path: &str, text: &str, compile: Compile) -> Result<RuleFile, Error> {
    let options = serde_saphyr::options! { with_snippet: false };
    let raw: RawFile = serde_saphyr::from_str_with_options(text, options).map_err(|e| {
        let place = e.location();
        Place {
            line: place.map_or(0, |l| l.line()),
            column: place.map_or(0, |l| l.column()),
        }
        .error(path, DefaultMessageFormatter.format_message(&e))
    })?;
    let reader = Reader { path, compile };
    let category = raw.category.unwrap_or_else(|| "Custom".to_owned());
    if raw.rules.len() > MAX_RULES {
        let place = Place { line: 1, column: 1 };
        return Err(place.error(path, format!("more than {MAX_RULES} rules")));
    }
    let rules: Vec<Rule> = raw
        .rules
        .into_iter()
        .map(|rule| reader.rule(rule, &category))
        .collect::<Result<_, _>>()?;
    Ok(RuleFile {
        disable: raw
            .disable
            .into_iter()
            .map(|id| (id.value.clone(), Place::of(&id)))
            .collect(),
        exclude: reader.globs(&raw.exclude)?,
        default_excludes: raw.default_excludes.unwrap_or(true),
        allow: reader.allow(raw.allow)?,
        rules,
    })
}

impl Reader<'_> {
    fn pattern(
        &self,
        source: &Spanned<String>,
        wrap: fn(&str) -> String,
    ) -> Result<Pattern, Error> {
        let full = wrap(&source.value);
        if self.compile == Compile::Later {
            return Ok(Pattern::new(full));
        }
        Pattern::checked(full).map_err(|e| {
            let text = e.to_string();
            let cause = text.lines().last().unwrap_or_default();
            let cause = cause.strip_prefix("error: ").unwrap_or(cause);
            Place::of(source).error(
                self.path,
                format!("`{}` is not a regular expression: {cause}", source.value),
            )
        })
    }

    fn globs(&self, globs: &[Spanned<String>]) -> Result<Vec<Pattern>, Error> {
        globs
            .iter()
            .map(|g| self.pattern(g, glob::to_regex))
            .collect()
    }

    fn allow(&self, raw: RawAllow) -> Result<Allow, Error> {
        for print in &raw.fingerprints {
            let text = &print.value;
            if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(Place::of(print).error(
                    self.path,
                    format!(
                        "`{text}` is not a fingerprint: 16 hexadecimal digits, as reports have them"
                    ),
                ));
            }
        }
        Ok(Allow {
            regexes: raw
                .regexes
                .iter()
                .map(|r| self.pattern(r, str::to_owned))
                .collect::<Result<_, _>>()?,
            paths: self.globs(&raw.paths)?,
            stopwords: raw
                .stopwords
                .iter()
                .filter(|word| !word.is_empty())
                .map(|word| word.to_ascii_lowercase())
                .collect(),
            fingerprints: raw
                .fingerprints
                .into_iter()
                .map(|print| print.value.to_ascii_lowercase())
                .collect(),
        })
    }

    fn rule(&self, raw: RawRule, category: &str) -> Result<Rule, Error> {
        let place = Place::of(&raw.id);
        let id = raw.id.value;
        let fail = |message: &str| Err(place.error(self.path, format!("rule `{id}`: {message}")));
        let id_is_plain = id.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.')
        });
        if id.is_empty() || !id_is_plain {
            return fail("an id has small letters, digits, `-`, `_` and `.`");
        }
        let shaped = raw.regex.is_some();
        let matcher = match (raw.regex, raw.value) {
            (Some(regex), None) => Matcher::Shape(self.pattern(&regex, str::to_owned)?),
            (None, Some(value)) => Matcher::Assigned {
                name: raw
                    .name
                    .as_ref()
                    .map(|n| self.pattern(n, |s| format!("(?i){s}")))
                    .transpose()?,
                value: self.pattern(&value, |s| format!("^(?:{s})$"))?,
            },
            _ => return fail("it needs either `regex`, or `value` for what is assigned to a name"),
        };
        if raw.keywords.is_empty() && !shaped {
            return fail("`value` needs `keywords`: parts of the names that it is assigned to");
        }
        for keyword in &raw.keywords {
            if keyword.value.is_empty() || keyword.value.len() > MAX_KEYWORD {
                return Err(Place::of(keyword)
                    .error(self.path, format!("a keyword has 1 to {MAX_KEYWORD} bytes")));
            }
        }
        let check = raw.check.as_ref().map(|c| self.check(c)).transpose()?;
        let window = raw.window.unwrap_or_else(|| {
            let nowhere = serde_saphyr::Location::UNKNOWN;
            Spanned::new(RawWindow::default(), nowhere, nowhere)
        });
        if window.value.before > MAX_BEFORE || window.value.after > MAX_AFTER {
            return Err(Place::of(&window).error(
                self.path,
                format!("a window has at most {MAX_BEFORE} bytes before the keyword and {MAX_AFTER} after"),
            ));
        }
        Ok(Rule {
            title: raw.title,
            category: category.to_owned(),
            severity: raw.severity.unwrap_or(Severity::High),
            keywords: raw
                .keywords
                .iter()
                .map(|k| k.value.to_ascii_lowercase())
                .collect(),
            matcher,
            check,
            entropy: raw.entropy.map(|e| e.value),
            paths: self.globs(&raw.paths)?,
            before: window.value.before,
            after: window.value.after,
            binary: raw.binary.unwrap_or(shaped),
            allow: self.allow(raw.allow)?,
            id,
        })
    }

    fn check(&self, name: &Spanned<String>) -> Result<Check, Error> {
        Check::ALL
            .into_iter()
            .find(|check| check.name() == name.value)
            .ok_or_else(|| {
                let names = Check::ALL.map(Check::name).join(", ");
                Place::of(name).error(
                    self.path,
                    format!("`{}` is not a check ({names})", name.value),
                )
            })
    }
}
