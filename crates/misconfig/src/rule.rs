//! Rules: what one is, the catalogue of all of them, and its pages under `docs/rules/`.

use std::fmt::Write as _;

use seaworthy_model::{Location, Misconfiguration, Severity};

/// The kind of file that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Dockerfiles and Containerfiles.
    Dockerfile,
    /// Kubernetes manifests, rendered Helm charts included.
    Kubernetes,
    /// Compose files.
    Compose,
    /// `.gitlab-ci.yml`.
    GitlabCi,
    /// Terraform, in HCL and JSON.
    Terraform,
    /// CloudFormation templates, in YAML and JSON.
    Cloudformation,
    /// The configuration and the files of an image.
    Image,
}

impl Kind {
    /// All kinds, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::Dockerfile,
        Self::Kubernetes,
        Self::Compose,
        Self::GitlabCi,
        Self::Terraform,
        Self::Cloudformation,
        Self::Image,
    ];

    /// The name in reports, and of the page under `docs/rules/`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::Kubernetes => "kubernetes",
            Self::Compose => "compose",
            Self::GitlabCi => "gitlab-ci",
            Self::Terraform => "terraform",
            Self::Cloudformation => "cloudformation",
            Self::Image => "image",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// For the title of a page.
    const fn title(self) -> &'static str {
        match self {
            Self::Dockerfile => "Dockerfile",
            Self::Kubernetes => "Kubernetes",
            Self::Compose => "Compose",
            Self::GitlabCi => "GitLab CI",
            Self::Terraform => "Terraform",
            Self::Cloudformation => "CloudFormation",
            Self::Image => "Image",
        }
    }

    /// The language of the examples, for a fence in Markdown.
    const fn fence(self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::Kubernetes | Self::Compose | Self::GitlabCi | Self::Cloudformation => "yaml",
            Self::Terraform => "hcl",
            Self::Image => "text",
        }
    }
}

/// One rule: what it looks for, why that matters, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Id of our own: `SW-K8S-0001`.
    pub id: &'static str,
    /// The same rule elsewhere: `AVD-KSV-0017`, `DL3007`, `CIS-DI-0001`.
    pub references: &'static [&'static str],
    /// What kind of file it is about.
    pub kind: Kind,
    /// Short name, for people.
    pub title: &'static str,
    /// How bad a finding is, unless the check knows better.
    pub severity: Severity,
    /// What can happen, in a sentence or two.
    pub why: &'static str,
    /// What to do, in one sentence.
    pub fix: &'static str,
    /// A file that the rule reports, and no other rule of its kind.
    pub bad: &'static str,
    /// A file that no rule of its kind reports.
    pub good: &'static str,
}

impl Rule {
    /// A finding of this rule; `object` names the thing in the file and may be empty, `message` says
    /// in one sentence what is wrong here.
    #[must_use]
    pub fn finding(
        &self,
        location: Location,
        object: impl Into<String>,
        message: impl Into<String>,
    ) -> Misconfiguration {
        let mut references: Vec<String> = self.references.iter().map(|&r| r.to_owned()).collect();
        references.sort();
        Misconfiguration {
            rule: self.id.to_owned(),
            references,
            kind: self.kind.name().to_owned(),
            title: self.title.to_owned(),
            severity: self.severity,
            location,
            object: object.into(),
            message: message.into(),
            fix: self.fix.to_owned(),
            // Where the pages of the rules lie on the web, if anywhere, only the user knows.
            url: String::new(),
        }
    }

    /// Where the rule is described: its page under `docs/rules/`, with the anchor of the rule.
    #[must_use]
    pub fn page(&self) -> String {
        format!("{}.md#{}", self.kind.name(), self.id.to_ascii_lowercase())
    }

    /// All about the rule, as Markdown: why, what to do, the same rule elsewhere, two examples.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut page = String::new();
        describe(self, &mut page);
        page.trim_start().to_owned()
    }
}

/// Declares the rules of a module as statics, and the table of them.
macro_rules! rules {
    ($kind:ident: $($name:ident $id:literal $severity:ident [$($reference:literal),* $(,)?]
        title $title:literal why $why:literal fix $fix:literal bad $bad:literal good $good:literal;)+) => {
        $(
            pub(crate) static $name: $crate::Rule = $crate::Rule {
                id: $id,
                references: &[$($reference),*],
                kind: $crate::Kind::$kind,
                title: $title,
                severity: seaworthy_model::Severity::$severity,
                why: $why,
                fix: $fix,
                bad: $bad,
                good: $good,
            };
        )+
        /// The rules of this module.
        pub(crate) static RULES: &[&$crate::Rule] = &[$(&$name),+];
    };
}
pub(crate) use rules;

/// All rules, in the order of their ids within each kind.
#[must_use]
pub fn catalogue() -> Vec<&'static Rule> {
    let mut all: Vec<&'static Rule> = crate::rule_tables().concat();
    all.sort_by_key(|rule| (rule.kind, rule.id));
    all
}

/// The rule with that id, in any case.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    catalogue()
        .into_iter()
        .find(|rule| rule.id.eq_ignore_ascii_case(id))
}

/// The page of all rules of a kind, `docs/rules/KIND.md`.
#[must_use]
pub fn catalogue_markdown(kind: Kind) -> String {
    let rules: Vec<_> = catalogue().into_iter().filter(|r| r.kind == kind).collect();
    let mut page = format!(
        "# {} rules\n\n<!-- Generated by `cargo run -p seaworthy-misconfig --example catalogue -- {}`. Do not edit. -->\n\n",
        kind.title(),
        kind.name()
    );
    if matches!(kind, Kind::Kubernetes | Kind::Compose) {
        page.push_str(
            "The examples show only what a rule looks at; the rest of the file is in order.\n\n",
        );
    }
    page.push_str("| rule | severity | title | elsewhere |\n|---|---|---|---|\n");
    for rule in &rules {
        let _ = writeln!(
            page,
            "| [{}](#{}) | {} | {} | {} |",
            rule.id,
            rule.id.to_ascii_lowercase(),
            rule.severity.name(),
            rule.title.replace('|', "\\|"),
            rule.references.join(", ")
        );
    }
    for rule in &rules {
        describe(rule, &mut page);
    }
    page
}

fn describe(rule: &Rule, page: &mut String) {
    let _ = write!(
        page,
        "\n## {}\n\n**{}** · {}\n\n{}\n\n**Fix:** {}\n",
        rule.id,
        rule.title,
        rule.severity.name(),
        rule.why,
        rule.fix
    );
    if !rule.references.is_empty() {
        let _ = write!(page, "\nElsewhere: {}.\n", rule.references.join(", "));
    }
    for (word, example) in [("Reported", rule.bad), ("Accepted", rule.good)] {
        if !example.is_empty() {
            let _ = write!(
                page,
                "\n{word}:\n\n````{}\n{}\n````\n",
                rule.kind.fence(),
                example.trim_matches('\n')
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_texts_are_there() {
        let all = catalogue();
        for pair in all.windows(2) {
            assert_ne!(pair[0].id, pair[1].id);
        }
        for rule in all {
            assert!(
                rule.id.starts_with("SW-") && !rule.title.is_empty(),
                "{}",
                rule.id
            );
            for (what, text) in [("why", rule.why), ("fix", rule.fix)] {
                assert!(text.ends_with('.'), "{} {what}: {text}", rule.id);
            }
            assert!(!rule.title.ends_with('.'), "{}", rule.id);
        }
    }

    #[test]
    fn pages_are_up_to_date() {
        let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules");
        for kind in Kind::ALL {
            let path = docs.join(format!("{}.md", kind.name()));
            let written = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                written == catalogue_markdown(kind),
                "{} is not what the catalogue says; run `cargo run -p seaworthy-misconfig --example catalogue -- {}`",
                path.display(),
                kind.name()
            );
        }
    }

    #[test]
    fn kinds_have_names() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(Kind::from_name("helm"), None);
    }
}
