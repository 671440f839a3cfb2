//! One rule, and how it cuts secrets out of a text.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use seaworthy_model::Severity;

use crate::check::Check;

/// Bytes of memory that one pattern may take; the built-in ones take a tenth of it.
const MAX_PATTERN: usize = 4 << 20;
/// Bytes of the table that a pattern fills while it runs, for each thread.
const PATTERN_CACHE: usize = 256 << 10;

/// A regular expression that is compiled when a text first needs it: of 200 rules, an image
/// touches some thirty.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(crate) const fn new(source: String) -> Self {
        Self {
            source,
            compiled: OnceLock::new(),
        }
    }

    /// Bytes, not characters: `\w` and `\d` are ASCII.
    pub(crate) fn compile(source: &str) -> Result<Regex, regex::Error> {
        RegexBuilder::new(source)
            .unicode(false)
            .size_limit(MAX_PATTERN)
            .dfa_size_limit(PATTERN_CACHE)
            .build()
    }

    /// Compiles it now.
    pub(crate) fn checked(source: String) -> Result<Self, regex::Error> {
        let regex = Self::compile(&source)?;
        Ok(Self {
            source,
            compiled: OnceLock::from(Some(regex)),
        })
    }

    /// None only for a pattern that was never checked; built-in ones are, by a test.
    pub(crate) fn get(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| Self::compile(&self.source).ok())
            .as_ref()
    }

    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        self.get().is_some_and(|regex| regex.is_match(text))
    }

    #[cfg(test)]
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

/// What a rule looks for.
#[derive(Debug)]
pub(crate) enum Matcher {
    /// A shape, anywhere near a keyword.
    Shape(Pattern),
    /// A value of that shape, assigned to a name that holds a keyword.
    Assigned {
        name: Option<Pattern>,
        value: Pattern,
    },
}

/// What a rule or a user lets pass.
#[derive(Debug, Default)]
pub(crate) struct Allow {
    pub(crate) regexes: Vec<Pattern>,
    pub(crate) paths: Vec<Pattern>,
    /// Lower case.
    pub(crate) stopwords: Vec<String>,
    pub(crate) fingerprints: Vec<String>,
}

impl Allow {
    pub(crate) fn path(&self, path: &str) -> bool {
        self.paths.iter().any(|p| p.is_match(path.as_bytes()))
    }

    pub(crate) fn value(&self, secret: &[u8], fingerprint: impl FnOnce() -> String) -> bool {
        if self.regexes.iter().any(|r| r.is_match(secret)) {
            return true;
        }
        if !self.stopwords.is_empty() {
            let lower = secret.to_ascii_lowercase();
            let has = |word: &String| memchr::memmem::find(&lower, word.as_bytes()).is_some();
            if self.stopwords.iter().any(has) {
                return true;
            }
        }
        !self.fingerprints.is_empty() && self.fingerprints.contains(&fingerprint())
    }
}

/// A kind of credential and how it is recognised.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) category: String,
    pub(crate) severity: Severity,
    pub(crate) keywords: Vec<String>,
    pub(crate) matcher: Matcher,
    pub(crate) check: Option<Check>,
    pub(crate) entropy: Option<f64>,
    /// Empty for all files.
    pub(crate) paths: Vec<Pattern>,
    pub(crate) before: usize,
    pub(crate) after: usize,
    /// Whether it is looked for in binaries too.
    pub(crate) binary: bool,
    pub(crate) allow: Allow,
}

impl Rule {
    /// Which of two rules about the same bytes is believed: a shape over a name with a value, and
    /// both over a guess.
    pub(crate) fn rank(&self) -> u8 {
        match (&self.matcher, self.check) {
            (_, Some(check)) if check.is_guess() => 0,
            (Matcher::Assigned { .. }, _) => 1,
            (Matcher::Shape(_), _) => 2,
        }
    }

    pub(crate) fn applies_to(&self, path: &str) -> bool {
        (self.paths.is_empty() || self.paths.iter().any(|p| p.is_match(path.as_bytes())))
            && !self.allow.path(path)
    }
}

/// The next match from `at`: all of it, and the secret within: the group `secret`, else the first
/// group, else everything.
pub(crate) fn next_match(
    regex: &Regex,
    data: &[u8],
    at: usize,
) -> Option<(Range<usize>, Range<usize>)> {
    if regex.captures_len() == 1 {
        let found = regex.find_at(data, at)?.range();
        return Some((found.clone(), found));
    }
    let groups = regex.captures_at(data, at)?;
    let whole = groups.get(0)?.range();
    let secret = groups
        .name("secret")
        .or_else(|| groups.iter().skip(1).flatten().next())
        .map_or_else(|| whole.clone(), |group| group.range());
    Some((whole, secret))
}
