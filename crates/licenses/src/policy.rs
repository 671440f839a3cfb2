use std::collections::BTreeMap;

use seaworthy_model::{LicenseClass, Severity};
use serde::{Deserialize, Serialize};

use crate::class::class_of;
use crate::expression::License;
use crate::normalise;

/// A rule's words that name nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither a class of licences (forbidden, restricted, reciprocal, notice, permissive, unencumbered, unknown) nor a licence of the SPDX list; `GPL-*` names all that begin so"
)]
pub struct UnknownRule(pub String);

/// Which licences a rule means: a class, one licence, or all whose ids begin the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum LicenseRule {
    /// A class.
    Class(LicenseClass),
    /// An id of SPDX, maybe with an exception.
    Id(String),
    /// How ids begin: `GPL-*`.
    Head(String),
}

impl TryFrom<String> for LicenseRule {
    type Error = UnknownRule;

    fn try_from(text: String) -> Result<Self, UnknownRule> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if let Some(class) = LicenseClass::ALL
            .into_iter()
            .find(|class| class.name() == lower)
        {
            return Ok(Self::Class(class));
        }
        if let Some(head) = text.strip_suffix('*').filter(|head| !head.is_empty()) {
            return Ok(Self::Head(head.to_owned()));
        }
        if let Some((base, exception)) = text.split_once(" WITH ")
            && let (Some(id), Some(exception)) =
                (normalise::id(base), normalise::exception(exception))
        {
            return Ok(Self::Id(format!("{id} WITH {exception}")));
        }
        match normalise::id(text) {
            Some(id) => Ok(Self::Id(id.to_owned())),
            None if text.starts_with("LicenseRef-") => Ok(Self::Id(text.to_owned())),
            None => Err(UnknownRule(text.to_owned())),
        }
    }
}

impl From<LicenseRule> for String {
    fn from(rule: LicenseRule) -> Self {
        match rule {
            LicenseRule::Class(class) => class.name().to_owned(),
            LicenseRule::Id(id) => id,
            LicenseRule::Head(head) => format!("{head}*"),
        }
    }
}

impl LicenseRule {
    /// How exactly the rule means a licence: 0 for not at all, more for closer.
    fn fits(&self, license: &License, class: LicenseClass) -> u8 {
        match self {
            Self::Id(id) if *id == license.to_string() => 4,
            Self::Id(id) if *id == license.name() => 3,
            Self::Head(head) if license.name().starts_with(head.as_str()) => 2,
            Self::Class(of) if *of == class => 1,
            _ => 0,
        }
    }
}

/// What is made of licences. Without rules each has the severity of its class.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LicensePolicy {
    /// What may be used: reported as negligible. When this list is not empty, what stands on
    /// neither list is at least of high severity.
    pub allow: Vec<LicenseRule>,
    /// What may not be used: reported as critical. Of an allowing and a denying rule the closer one
    /// holds, and the denying one of two that are equally close.
    pub deny: Vec<LicenseRule>,
    /// Other severities for classes.
    pub severities: BTreeMap<LicenseClass, Severity>,
}

impl LicensePolicy {
    /// The severity that a licence is reported with.
    #[must_use]
    pub fn severity(&self, license: &License) -> Severity {
        let class = class_of(license);
        let closest = |rules: &[LicenseRule]| {
            rules
                .iter()
                .map(|rule| rule.fits(license, class))
                .max()
                .unwrap_or(0)
        };
        let own = self
            .severities
            .get(&class)
            .copied()
            .unwrap_or_else(|| class.severity());
        match (closest(&self.allow), closest(&self.deny)) {
            (0, 0) if self.allow.is_empty() => own,
            (0, 0) => own.max(Severity::High),
            (allowed, denied) if denied >= allowed => Severity::Critical,
            _ => Severity::Negligible,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expression;

    fn policy(json: &str) -> LicensePolicy {
        serde_json::from_str(json).expect("a policy")
    }

    fn check(policy: &LicensePolicy, license: &str, expected: Severity) {
        let Expression::License(one) = Expression::parse(license) else {
            panic!("{license} is several");
        };
        assert_eq!(policy.severity(&one), expected, "{license}");
    }

    #[test]
    fn classes_and_ids_are_allowed_and_denied() {
        let none = LicensePolicy::default();
        check(&none, "AGPL-3.0-only", Severity::Critical);
        check(&none, "GPL-3.0-only", Severity::High);
        check(&none, "MIT", Severity::Low);
        check(&none, "what", Severity::Unknown);
        let lists = policy(
            r#"{"allow":["notice","permissive","unencumbered","GPL-2.0-only WITH Classpath-exception-2.0"],"deny":["JSON","GPL-*"],"severities":{"unknown":"medium"}}"#,
        );
        check(&lists, "MIT", Severity::Negligible);
        check(&lists, "JSON", Severity::Critical);
        check(&lists, "GPL-2.0-only", Severity::Critical);
        check(
            &lists,
            "GPL-2.0-only WITH Classpath-exception-2.0",
            Severity::Negligible,
        );
        check(&lists, "MPL-2.0", Severity::High);
        check(&lists, "what", Severity::High);
        check(
            &policy(r#"{"severities":{"unknown":"medium"}}"#),
            "what",
            Severity::Medium,
        );
    }

    #[test]
    fn rules_that_mean_nothing_are_refused() {
        let error =
            serde_json::from_str::<LicensePolicy>(r#"{"deny":["GLP"]}"#).expect_err("no licence");
        assert!(error.to_string().contains("`GLP`"), "{error}");
        assert!(serde_json::from_str::<LicensePolicy>(r#"{"denied":[]}"#).is_err());
        let text = r#"{"allow":["notice"],"deny":["GPL-*","MIT"],"severities":{}}"#;
        assert_eq!(serde_json::to_string(&policy(text)).expect("JSON"), text);
    }
}
