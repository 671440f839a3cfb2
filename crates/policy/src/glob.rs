//! Globs over ids, package names, paths; and image patterns made of them.

use rustc_hash::FxHashSet;
use seaworthy_oci::Reference;

/// Longest pattern in characters.
const MAX_PATTERN: usize = 250;

/// What is wrong with a pattern, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadGlob {
    pub(crate) offset: usize,
    pub(crate) message: String,
}

fn bad<T>(offset: usize, message: impl Into<String>) -> Result<T, BadGlob> {
    Err(BadGlob {
        offset,
        message: message.into(),
    })
}

/// What a single `*` stops at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Names: `*` is any text.
    Name,
    /// Paths: `*` stays within one directory, `**` does not.
    Path,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`
    One,
    /// `*` that stops at `/`.
    Star,
    /// Any text.
    Cross,
    /// `**/`: nothing, or directories.
    Directories,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Glob {
    matcher: Matcher,
}

#[derive(Debug, Clone)]
enum Matcher {
    Any,
    Literal(String),
    Prefix(String),
    Suffix(String),
    Contains(String),
    General(Vec<Token>),
}

impl Glob {
    pub(crate) fn new(text: &str, kind: Kind) -> Result<Self, BadGlob> {
        let tokens = tokens(text, kind)?;
        Ok(Self {
            matcher: Matcher::of(tokens),
        })
    }

    /// Exactly a text.
    pub(crate) fn literal(text: &str) -> Self {
        Self {
            matcher: Matcher::Literal(text.to_owned()),
        }
    }

    /// The text that it matches, when it is only one.
    fn only(&self) -> Option<&str> {
        match &self.matcher {
            Matcher::Literal(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Any => true,
            Matcher::Literal(literal) => text == literal,
            Matcher::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Matcher::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Matcher::Contains(inside) => text.contains(inside.as_str()),
            Matcher::General(tokens) => run(tokens, text),
        }
    }
}

impl Matcher {
    fn of(tokens: Vec<Token>) -> Self {
        let literal = |tokens: &[Token]| -> Option<String> {
            tokens
                .iter()
                .map(|t| match t {
                    Token::Char(c) => Some(*c),
                    _ => None,
                })
                .collect()
        };
        let simple = match tokens.as_slice() {
            [Token::Cross] => Some(Self::Any),
            [Token::Cross, inside @ .., Token::Cross] => literal(inside).map(Self::Contains),
            [Token::Cross, suffix @ ..] => literal(suffix).map(Self::Suffix),
            [prefix @ .., Token::Cross] => literal(prefix).map(Self::Prefix),
            all => literal(all).map(Self::Literal),
        };
        simple.unwrap_or(Self::General(tokens))
    }
}

fn tokens(text: &str, kind: Kind) -> Result<Vec<Token>, BadGlob> {
    if text.is_empty() {
        return bad(0, "a pattern must not be empty");
    }
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    if chars.len() > MAX_PATTERN {
        return bad(0, format!("a pattern has at most {MAX_PATTERN} characters"));
    }
    let at = |i: usize| chars.get(i).map(|(_, c)| *c);
    let mut out = Vec::new();
    let mut i = 0;
    while let Some(&(offset, c)) = chars.get(i) {
        match c {
            '*' => {
                let stars = (i..).take_while(|&k| at(k) == Some('*')).count();
                if stars > 2 {
                    return bad(offset, "more than two `*` in a row");
                }
                i += stars;
                let starts_component = i == stars || at(i - stars - 1) == Some('/');
                match (kind, stars) {
                    (Kind::Path, 2) if starts_component && at(i) == Some('/') => {
                        i += 1;
                        out.push(Token::Directories);
                    }
                    (Kind::Path, 1) => out.push(Token::Star),
                    _ => out.push(Token::Cross),
                }
            }
            '?' => {
                out.push(Token::One);
                i += 1;
            }
            '[' => {
                let (class, next) = class(&chars, i)?;
                out.push(class);
                i = next;
            }
            ']' => return bad(offset, "`]` without `[`"),
            _ if c.is_control() => return bad(offset, "a control character"),
            _ => {
                out.push(Token::Char(c));
                i += 1;
            }
        }
    }
    Ok(out)
}

fn class(chars: &[(usize, char)], start: usize) -> Result<(Token, usize), BadGlob> {
    let offset = chars.get(start).map_or(0, |(offset, _)| *offset);
    let at = |i: usize| chars.get(i).map(|(_, c)| *c);
    let mut i = start + 1;
    let negated = matches!(at(i), Some('!' | '^'));
    i += usize::from(negated);
    let first = i;
    let mut ranges = Vec::new();
    loop {
        let Some(from) = at(i) else {
            return bad(offset, "`[` is not closed");
        };
        if from == ']' && i > first {
            return Ok((Token::Class { negated, ranges }, i + 1));
        }
        match (at(i + 1), at(i + 2)) {
            (Some('-'), Some(to)) if to != ']' => {
                if to < from {
                    return bad(
                        chars.get(i).map_or(offset, |(o, _)| *o),
                        format!("the range `{from}-{to}` is the wrong way round"),
                    );
                }
                ranges.push((from, to));
                i += 3;
            }
            _ => {
                ranges.push((from, from));
                i += 1;
            }
        }
    }
}

/// One bit per token; a pattern has at most [`MAX_PATTERN`] of them.
#[derive(Clone, Copy, Default)]
struct States([u64; 4]);

impl States {
    fn set(&mut self, i: usize) {
        self.0[i / 64] |= 1 << (i % 64);
    }

    fn has(self, i: usize) -> bool {
        self.0[i / 64] & (1 << (i % 64)) != 0
    }

    /// Reaches a token, and those behind it that need no character.
    fn enter(&mut self, tokens: &[Token], mut i: usize) {
        loop {
            self.set(i);
            match tokens.get(i) {
                Some(Token::Star | Token::Cross | Token::Directories) => i += 1,
                _ => break,
            }
        }
    }
}

/// All ways through the pattern at once: linear in the text, whatever the pattern.
fn run(tokens: &[Token], text: &str) -> bool {
    let mut states = States::default();
    states.enter(tokens, 0);
    for c in text.chars() {
        let mut next = States::default();
        for (i, token) in tokens.iter().enumerate() {
            if !states.has(i) {
                continue;
            }
            match token {
                Token::Char(x) if *x == c => next.enter(tokens, i + 1),
                Token::One if c != '/' => next.enter(tokens, i + 1),
                Token::Class { negated, ranges }
                    if c != '/'
                        && ranges.iter().any(|(a, b)| (*a..=*b).contains(&c)) != *negated =>
                {
                    next.enter(tokens, i + 1);
                }
                Token::Star if c != '/' => next.enter(tokens, i),
                Token::Cross => next.enter(tokens, i),
                Token::Directories => {
                    next.set(i);
                    if c == '/' {
                        next.enter(tokens, i + 1);
                    }
                }
                _ => {}
            }
        }
        states = next;
    }
    states.has(tokens.len())
}

/// Several patterns of one kind; those without wildcards are looked up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Globs {
    exact: FxHashSet<String>,
    patterns: Vec<Glob>,
}

impl Globs {
    pub(crate) fn add(&mut self, glob: Glob) {
        match glob.only() {
            Some(text) => {
                self.exact.insert(text.to_owned());
            }
            None => self.patterns.push(glob),
        }
    }

    /// The texts, when none of the patterns has a wildcard.
    pub(crate) fn exact_only(&self) -> Option<&FxHashSet<String>> {
        self.patterns.is_empty().then_some(&self.exact)
    }

    /// Whether one matches the text, or that in lower case.
    pub(crate) fn matches_lower(&self, text: &str) -> bool {
        self.matches(text)
            || (text.bytes().any(|b| b.is_ascii_uppercase())
                && self.matches(&text.to_ascii_lowercase()))
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.exact.contains(text) || self.patterns.iter().any(|g| g.matches(text))
    }
}

/// A pattern of image references, such as `node:*-alpine` or `registry.example.com:5000/**`.
///
/// A name without a host means Docker Hub, as in `docker pull`. `*` stays within one path
/// component and `**` does not; a name that is `*` alone is every name. No tag means any tag.
#[derive(Debug, Clone)]
pub(crate) struct ImagePattern {
    pub(crate) text: String,
    name: NamePattern,
    tag: Option<Glob>,
    digest: Option<Glob>,
}

#[derive(Debug, Clone)]
enum NamePattern {
    Any,
    /// On Docker Hub, without its host.
    Hub(Glob),
    /// With the host.
    Full(Glob),
    /// Begins with a wildcard, so that it may be either.
    Either(Glob),
}

impl ImagePattern {
    pub(crate) fn new(text: &str) -> Result<Self, BadGlob> {
        if let Some((offset, c)) = text
            .char_indices()
            .find(|(_, c)| !(c.is_ascii_alphanumeric() || "._-/:@*?[]!^".contains(*c)))
        {
            return bad(offset, format!("`{c}` is in no image reference"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some((rest.len() + 1, digest))),
            None => (text, None),
        };
        let slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match rest.get(slash..).and_then(|last| last.find(':')) {
            Some(colon) => (
                rest.get(..slash + colon).unwrap_or_default(),
                rest.get(slash + colon + 1..)
                    .map(|tag| (slash + colon + 1, tag)),
            ),
            None => (rest, None),
        };
        if name.is_empty() {
            return bad(0, "the image's name is missing; write `*` for any");
        }
        let part = |part: Option<(usize, &str)>, what: &str| match part {
            None => Ok(None),
            Some((offset, "")) => bad(offset, format!("the {what} is missing; write `*` for any")),
            Some((offset, text)) => Glob::new(text, Kind::Name).map(Some).map_err(|e| BadGlob {
                offset: e.offset + offset,
                ..e
            }),
        };
        Ok(Self {
            text: text.to_owned(),
            name: NamePattern::new(name)?,
            tag: part(tag, "tag")?,
            digest: part(digest, "digest")?,
        })
    }

    pub(crate) fn matches(&self, reference: &Reference) -> bool {
        let tag = match (&self.tag, &reference.tag) {
            (None, _) => true,
            (Some(glob), Some(tag)) => glob.matches(tag),
            // Pinned by digest alone: only "any tag" fits.
            (Some(glob), None) => matches!(glob.matcher, Matcher::Any),
        };
        let digest = match (&self.digest, &reference.digest) {
            (None, _) => true,
            (Some(glob), Some(digest)) => glob.matches(digest.as_str()),
            (Some(_), None) => false,
        };
        tag && digest && self.name.matches(reference)
    }
}

impl NamePattern {
    /// Hosts have no case, and repositories no capitals; `:443` says nothing about a host.
    fn new(name: &str) -> Result<Self, BadGlob> {
        let name = &name.to_ascii_lowercase().replacen(":443/", "/", 1);
        if matches!(name.as_str(), "*" | "**") {
            return Ok(Self::Any);
        }
        let (first, rest) = name.split_once('/').unwrap_or(("", name));
        if matches!(
            first,
            "docker.io" | "index.docker.io" | "registry-1.docker.io"
        ) {
            return Glob::new(rest, Kind::Path)
                .map(Self::Hub)
                .map_err(|e| BadGlob {
                    offset: e.offset + first.len() + 1,
                    ..e
                });
        }
        let glob = Glob::new(name, Kind::Path)?;
        Ok(if name.starts_with(['*', '?', '[']) {
            Self::Either(glob)
        } else if first.contains(['.', ':']) || first == "localhost" {
            Self::Full(glob)
        } else {
            Self::Hub(glob)
        })
    }

    fn matches(&self, reference: &Reference) -> bool {
        let registry = reference.registry.to_ascii_lowercase();
        let registry = registry.strip_suffix(":443").unwrap_or(&registry);
        let is_hub = matches!(
            registry,
            "docker.io" | "index.docker.io" | "registry-1.docker.io"
        );
        let hub = |glob: &Glob| {
            is_hub
                && (glob.matches(&reference.repository)
                    || reference
                        .repository
                        .strip_prefix("library/")
                        .is_some_and(|short| glob.matches(short)))
        };
        let full = |glob: &Glob| glob.matches(&format!("{registry}/{}", reference.repository));
        match self {
            Self::Any => true,
            Self::Hub(glob) => hub(glob),
            Self::Full(glob) => full(glob),
            Self::Either(glob) => hub(glob) || full(glob),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_names_and_paths() {
        for (kind, pattern, text, expected) in [
            (Kind::Name, "log4j*", "log4j-core", true),
            (Kind::Name, "*", "", true),
            (Kind::Name, "@types/*", "@types/a/b", true),
            (Kind::Name, "lib?z", "libxz", true),
            (Kind::Name, "lib[a-c]", "libb", true),
            (Kind::Name, "lib[!a-c]", "libb", false),
            (Kind::Name, "lib[]x]", "lib]", true),
            (Kind::Name, "*a*b*c", "xxaxxbxxc", true),
            (Kind::Name, "*a*b*c", "xxaxxcxxb", false),
            (Kind::Name, "*ss*", "openssl", true),
            (Kind::Path, "app/*", "app/x", true),
            (Kind::Path, "app/*", "app/x/y", false),
            (Kind::Path, "app/**", "app/x/y", true),
            (Kind::Path, "**/x.jar", "x.jar", true),
            (Kind::Path, "**/x.jar", "a/b/x.jar", true),
            (Kind::Path, "**/x.jar", "a/b/yx.jar", false),
            (Kind::Path, "a/**/b", "a/b", true),
            (Kind::Path, "a/**/b", "a/x/y/b", true),
            (Kind::Path, "a/**/b", "a/xb", false),
            (Kind::Path, "a?b", "a/b", false),
        ] {
            let glob = Glob::new(pattern, kind).unwrap();
            assert_eq!(glob.matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn bad_globs_say_where() {
        for (pattern, offset) in [("", 0), ("a[b", 1), ("a***", 1), ("ab]", 2), ("[z-a]", 1)] {
            assert_eq!(
                Glob::new(pattern, Kind::Name).unwrap_err().offset,
                offset,
                "{pattern}"
            );
        }
        for (pattern, offset) in [("a b:1", 1), (":1", 0), ("a:", 2), ("a:[", 2), ("a@", 2)] {
            assert_eq!(
                ImagePattern::new(pattern).unwrap_err().offset,
                offset,
                "{pattern}"
            );
        }
    }

    #[test]
    fn image_patterns_match_references() {
        let pin = format!("sha256:{}", "a".repeat(64));
        for (pattern, reference, expected) in [
            ("alpine:*", "alpine:3.18", true),
            ("alpine:*", "alpine", true),
            ("alpine:*", "docker.io/library/alpine:3", true),
            ("alpine:*", "index.docker.io/alpine:3", true),
            ("alpine:*", "alpine-git:3", false),
            ("alpine:*", "grafana/alpine:3", false),
            ("alpine:*", "registry.example.com/alpine:3", false),
            ("docker.io/library/alpine:3*", "alpine:3.20", true),
            ("library/alpine", "alpine:3.20", true),
            ("*:latest", "ubuntu", true),
            ("*:latest", "localhost:5000/a/b", true),
            ("*:latest", "localhost:5000/a/b:1", false),
            ("*:latest", &format!("ubuntu@{pin}"), false),
            ("*:latest", &format!("ubuntu:latest@{pin}"), true),
            ("ubuntu:*", "ubuntu:22.04", true),
            ("ubuntu:*", "ubuntu", true),
            ("ubuntu:*", &format!("ubuntu@{pin}"), true),
            ("ubuntu:*", "my-ubuntu:1", false),
            ("*:*-stretch", "python:3.8-stretch", true),
            (
                "*:*-stretch",
                "registry.example.com:5000/team/app:1-stretch",
                true,
            ),
            ("*:*-stretch", "stretch:1", false),
            ("node:*-alpine", "node:18-alpine", true),
            ("node:*-alpine", "node:18-alpine3.18", false),
            ("node:*-alpine", "node:18", false),
            (
                "registry.example.com:5000/team/*:1.*",
                "registry.example.com:5000/team/a:1.2",
                true,
            ),
            (
                "registry.example.com:5000/team/*",
                "registry.example.com:5000/team/a/b:1",
                false,
            ),
            (
                "registry.example.com:5000/**",
                "registry.example.com:5000/team/a/b:1",
                true,
            ),
            (
                "registry.example.com:5000/**",
                "registry.example.com/team/a:1",
                false,
            ),
            ("*.example.com/**", "registry.example.com/a:1", true),
            ("**/ubuntu:*", "mirror.example.com/hub/ubuntu:22.04", true),
            ("**/ubuntu:*", "ubuntu:22.04", true),
            ("node*:*", "node.evil.example/x:1", false),
            ("evil.example.com/**", "EVIL.example.com/x:1", true),
            ("Evil.example.com/**", "evil.example.com:443/x:1", true),
            ("evil.example.com:443/**", "evil.example.com/x:1", true),
            ("evil.example.com/**", "evil.example.com:8443/x:1", false),
            ("ubuntu:*", "index.docker.io:443/library/ubuntu:22.04", true),
            ("alpine@sha256:*", &format!("alpine@{pin}"), true),
            ("alpine@sha256:*", "alpine:3.18", false),
            ("alpine:3.*@sha256:*", &format!("alpine:3.18@{pin}"), true),
        ] {
            let parsed: Reference = reference.parse().unwrap();
            assert_eq!(
                ImagePattern::new(pattern).unwrap().matches(&parsed),
                expected,
                "{pattern} {reference}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_panics(pattern in "[-a*?\\[\\]!/:@]{0,20}", text in "[a-c/]{0,20}") {
            for kind in [Kind::Name, Kind::Path] {
                if let Ok(glob) = Glob::new(&pattern, kind) {
                    glob.matches(&text);
                }
            }
            let _ = ImagePattern::new(&pattern);
        }

        #[test]
        fn a_text_matches_itself(text in "[a-z/.]{1,20}") {
            proptest::prop_assert!(Glob::new(&text, Kind::Path).unwrap().matches(&text));
            let crossing = format!("**{text}");
            proptest::prop_assert!(Glob::new(&crossing, Kind::Path).unwrap().matches(&text));
        }
    }
}
