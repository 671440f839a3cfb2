//! Which series a rule or a panel is about.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// How a label is compared
/// ([PromQL](https://prometheus.io/docs/prometheus/latest/querying/basics/), matchers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored on both sides.
    Matches,
    /// `!~`
    MatchesNot,
}

impl Operator {
    /// As PromQL writes it.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
    }
}

/// One condition on a label: `environment=~prod.*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    label: String,
    operator: Operator,
    value: String,
}

impl Selector {
    /// A condition.
    ///
    /// # Errors
    /// [`Error::InvalidLabel`].
    pub fn new(
        label: impl Into<String>,
        operator: Operator,
        value: impl Into<String>,
    ) -> Result<Self, Error> {
        let label = label.into();
        check_label(&label)?;
        Ok(Self {
            label,
            operator,
            value: value.into(),
        })
    }

    /// The label.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The operator.
    #[must_use]
    pub const fn operator(&self) -> Operator {
        self.operator
    }

    /// The value or pattern.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// A value that fulfils the condition, for tests.
    pub(crate) fn example(&self) -> Result<String, Error> {
        match self.operator {
            Operator::Equal => Ok(self.value.clone()),
            Operator::NotEqual => Ok(format!("not-{}", self.value)),
            Operator::MatchesNot => Ok("-".to_owned()),
            Operator::Matches => {
                let first = self.value.split('|').next().unwrap_or_default();
                let text = first.replace(".*", "").replace(".+", "x");
                if text.contains([
                    '\\', '.', '+', '*', '?', '(', ')', '[', ']', '{', '}', '^', '$',
                ]) {
                    return Err(Error::NoExample(self.value.clone()));
                }
                Ok(text)
            }
        }
    }
}

impl FromStr for Selector {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let end = text
            .find(['=', '!'])
            .ok_or_else(|| Error::InvalidSelector(text.to_owned()))?;
        let (label, rest) = text.split_at(end);
        for operator in [
            Operator::Matches,
            Operator::MatchesNot,
            Operator::NotEqual,
            Operator::Equal,
        ] {
            if let Some(value) = rest.strip_prefix(operator.sign()) {
                let value = value
                    .strip_prefix('"')
                    .and_then(|v| v.strip_suffix('"'))
                    .unwrap_or(value);
                return Self::new(label.trim(), operator, value);
            }
        }
        Err(Error::InvalidSelector(text.to_owned()))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}{}",
            self.label,
            self.operator.sign(),
            quoted(&self.value)
        )
    }
}

/// A label that PromQL takes (Prometheus data model: `[a-zA-Z_][a-zA-Z0-9_]*`, two underscores in
/// front are its own).
pub(crate) fn check_label(label: &str) -> Result<(), Error> {
    let first = label.bytes().next();
    let fits = first.is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !label.starts_with("__");
    if fits {
        Ok(())
    } else {
        Err(Error::InvalidLabel(label.to_owned()))
    }
}

/// A string of PromQL: the escapes of Go.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A metric with its conditions: `container_secrets{project="shop"}`.
pub(crate) fn series(name: &str, selectors: &[Selector]) -> String {
    if selectors.is_empty() {
        return name.to_owned();
    }
    let all: Vec<String> = selectors.iter().map(ToString::to_string).collect();
    format!("{name}{{{}}}", all.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_and_written() {
        for (text, expected) in [
            ("project=shop", Some("project=\"shop\"")),
            ("environment!=dev", Some("environment!=\"dev\"")),
            ("image=~registry/.*", Some("image=~\"registry/.*\"")),
            ("image!~a|b", Some("image!~\"a|b\"")),
            ("a=\"b\"", Some("a=\"b\"")),
            ("a=x=\"y\\", Some("a=\"x=\\\"y\\\\\"")),
            ("a=", Some("a=\"\"")),
            ("project", None),
            ("1a=b", None),
            ("__name__=b", None),
            ("a b=c", None),
            ("a!b", None),
            ("=b", None),
        ] {
            let found = text.parse::<Selector>().ok().map(|s| s.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn examples_fulfil_their_condition() {
        for (text, expected) in [
            ("a=b", Some("b")),
            ("a!=b", Some("not-b")),
            ("a=~prod.*|stage", Some("prod")),
            ("a=~x.+", Some("xx")),
            ("a=~[ab]", None),
        ] {
            let selector: Selector = text.parse().unwrap();
            assert_eq!(selector.example().ok().as_deref(), expected, "{text}");
        }
    }
}
