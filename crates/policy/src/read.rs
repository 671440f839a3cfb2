//! Reading typed values out of a located tree, collecting everything that is wrong.

use std::str::FromStr;

use seaworthy_model::{Severity, normal_python_name};

use crate::error::{Problems, nearest};
use crate::glob::{BadGlob, Glob, Globs, ImagePattern, Kind};
use crate::yaml::{Entry, Node, Style, Value};
use seaworthy_model::Date;

/// The entries of a mapping, each taken once by its name; what remains is unknown.
pub(crate) struct Fields<'n> {
    entries: &'n [Entry],
    known: Vec<&'static str>,
    what: &'static str,
}

impl<'n> Fields<'n> {
    /// The fields of a mapping; `what` names it in messages. Nothing when it is none.
    pub(crate) fn of(node: &'n Node, what: &'static str, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Map(entries) => Some(Self {
                entries,
                known: Vec::new(),
                what,
            }),
            Value::Null => Some(Self {
                entries: &[],
                known: Vec::new(),
                what,
            }),
            _ => {
                problems.add(
                    &node.place,
                    format!("{what} must be a mapping, not {}", node.kind()),
                );
                None
            }
        }
    }

    /// The entry with that key; a key without a value counts as absent.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'n Entry> {
        self.known.push(key);
        self.entries
            .iter()
            .find(|e| e.key == key && e.value.value != Value::Null)
    }

    pub(crate) fn node(&mut self, key: &'static str) -> Option<&'n Node> {
        self.take(key).map(|e| &e.value)
    }

    /// Reports the keys that nobody took, each with the nearest known one.
    pub(crate) fn finish(self, problems: &mut Problems) {
        for entry in self.entries {
            if !self.known.contains(&entry.key.as_str()) {
                let known = self.known.iter().copied();
                let hint = match nearest(&entry.key, known) {
                    Some(known) => format!("; did you mean `{known}`?"),
                    None => format!("; {} has {}", self.what, self.known.join(", ")),
                };
                problems.add(
                    &entry.place,
                    format!("unknown key `{}`{hint}", shown(&entry.key)),
                );
            }
        }
    }
}

/// A text for a message: short, and without what a terminal would obey.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .take(100)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

fn wrong(node: &Node, expected: &str, problems: &mut Problems) {
    let found = match &node.value {
        Value::Text(text, _) => format!("`{}`", shown(text)),
        Value::Int(n) => n.to_string(),
        Value::Float(n) => n.to_string(),
        Value::Bool(b) => b.to_string(),
        _ => node.kind().to_owned(),
    };
    problems.add(&node.place, format!("expected {expected}, found {found}"));
}

impl Node {
    pub(crate) fn boolean(&self, problems: &mut Problems) -> Option<bool> {
        match &self.value {
            Value::Bool(b) => Some(*b),
            Value::Text(text, Style::Plain)
                if matches!(
                    text.to_ascii_lowercase().as_str(),
                    "yes" | "no" | "on" | "off"
                ) =>
            {
                wrong(self, "true or false (YAML 1.2 has no yes and no)", problems);
                None
            }
            _ => {
                wrong(self, "true or false", problems);
                None
            }
        }
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&self, problems: &mut Problems) -> Option<u64> {
        match self.value {
            Value::Int(n) if n >= 0 => u64::try_from(n).ok(),
            _ => {
                wrong(self, "a whole number from 0", problems);
                None
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "bounds are small numbers")]
    pub(crate) fn number(&self, low: f64, high: f64, problems: &mut Problems) -> Option<f64> {
        let number = match self.value {
            Value::Int(n) => Some(n as f64),
            Value::Float(n) => Some(n),
            _ => None,
        };
        let number = number.filter(|n| (low..=high).contains(n));
        if number.is_none() {
            wrong(self, &format!("a number from {low} to {high}"), problems);
        }
        number
    }

    pub(crate) fn text(&self, problems: &mut Problems) -> Option<String> {
        match &self.value {
            Value::Text(text, _) => Some(text.clone()),
            _ => {
                wrong(self, "text (put it in quotes)", problems);
                None
            }
        }
    }

    /// A text, or a number or word written where a text is meant (`version: 1.0`, `ticket: 123`).
    pub(crate) fn loose_text(&self, problems: &mut Problems) -> Option<String> {
        match &self.value {
            Value::Int(n) => Some(n.to_string()),
            Value::Float(n) => Some(n.to_string()),
            Value::Bool(b) => Some(b.to_string()),
            _ => self.text(problems),
        }
    }

    /// The items of a list; a single value is a list of one.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// Texts, with the node of each.
    pub(crate) fn texts(&self, problems: &mut Problems) -> Vec<(&Self, String)> {
        self.items()
            .iter()
            .filter_map(|item| Some((item, item.loose_text(problems)?)))
            .collect()
    }

    /// A word that the type knows.
    pub(crate) fn word<T: FromStr<Err: ToString>>(&self, problems: &mut Problems) -> Option<T> {
        let text = self.text(problems)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                problems.add(&self.place, T::Err::to_string(&error));
                None
            }
        }
    }

    pub(crate) fn date(&self, problems: &mut Problems) -> Option<Date> {
        self.word(problems)
    }

    pub(crate) fn severity(&self, problems: &mut Problems) -> Option<Severity> {
        self.word(problems)
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(
        &self,
        choices: &[(&'static str, T)],
        problems: &mut Problems,
    ) -> Option<T> {
        let text = self.loose_text(problems)?;
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        let hint = nearest(&text, words.iter().copied())
            .map_or_else(String::new, |w| format!("; did you mean `{w}`?"));
        problems.add(
            &self.place,
            format!(
                "expected {}, found `{}`{hint}",
                words.join(", "),
                shown(&text)
            ),
        );
        None
    }

    fn bad_glob(&self, error: BadGlob, text: &str, problems: &mut Problems) {
        let mut place = self.place.clone();
        if let Value::Text(_, style @ (Style::Plain | Style::Quoted)) = self.value {
            let before = text.get(..error.offset).unwrap_or(text).chars().count();
            place.column += u32::try_from(before).unwrap_or(0) + u32::from(style == Style::Quoted);
        }
        problems.add(
            &place,
            format!("bad pattern `{}`: {}", shown(text), error.message),
        );
    }

    pub(crate) fn globs(&self, kind: Kind, problems: &mut Problems) -> Globs {
        let mut globs = Globs::default();
        for (node, text) in self.texts(problems) {
            // Paths in reports begin at the root, without a slash.
            let own = match kind {
                Kind::Path => text.trim_start_matches("./").trim_start_matches('/'),
                Kind::Name => &text,
            };
            match Glob::new(own, kind) {
                Ok(glob) => globs.add(glob),
                Err(error) => node.bad_glob(error, &text, problems),
            }
        }
        globs
    }

    /// Words without case (SPDX licences, kinds of files): compared in lower case.
    pub(crate) fn lower_globs(&self, problems: &mut Problems) -> Globs {
        let mut globs = Globs::default();
        for (node, text) in self.texts(problems) {
            match Glob::new(&text.trim().to_ascii_lowercase(), Kind::Name) {
                Ok(glob) => globs.add(glob),
                Err(error) => node.bad_glob(error, &text, problems),
            }
        }
        globs
    }

    /// Names of packages, as the people write them: what is called `flask` and `ruamel-yaml` in a
    /// report is `Flask` and `ruamel.yaml` to many.
    pub(crate) fn package_globs(&self, problems: &mut Problems) -> Globs {
        let mut globs = self.globs(Kind::Name, problems);
        for (_, text) in self.texts(problems) {
            for other in [
                text.to_ascii_lowercase(),
                normal_python_name(&text).into_owned(),
            ] {
                if other != text
                    && let Ok(glob) = Glob::new(&other, Kind::Name)
                {
                    globs.add(glob);
                }
            }
        }
        globs
    }

    /// Ids are compared in upper case.
    pub(crate) fn ids(&self, problems: &mut Problems) -> Globs {
        let mut globs = Globs::default();
        for (node, text) in self.texts(problems) {
            match Glob::new(&text.trim().to_ascii_uppercase(), Kind::Name) {
                Ok(glob) => globs.add(glob),
                Err(error) => node.bad_glob(error, &text, problems),
            }
        }
        globs
    }

    /// Reports a condition that names nothing, and so would never hold.
    pub(crate) fn demand_items(&self, problems: &mut Problems) {
        if self.items().is_empty() {
            problems.add(
                &self.place,
                "an empty list selects nothing; leave the key out to select everything",
            );
        }
    }

    pub(crate) fn image_patterns(&self, problems: &mut Problems) -> Vec<ImagePattern> {
        for item in self.items() {
            if let Value::Bool(_) = item.value {
                wrong(item, "an image pattern such as `alpine:*`", problems);
            }
        }
        self.texts(problems)
            .into_iter()
            .filter_map(|(node, text)| match ImagePattern::new(&text) {
                Ok(pattern) => Some(pattern),
                Err(error) => {
                    node.bad_glob(error, &text, problems);
                    None
                }
            })
            .collect()
    }
}
