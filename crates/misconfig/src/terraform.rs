//! Terraform and OpenTofu, in HCL and in JSON: registries, clusters and task definitions of the
//! three large clouds.

mod aws;
mod azure;
mod ecs;
mod google;

use crate::Rule;
use crate::document::{Node, Value};
use crate::hints;
use crate::report::Report;
use crate::rule::rules as rule_table;

/// The rules of this kind.
pub(crate) fn rules() -> Vec<&'static Rule> {
    [aws::RULES, ecs::RULES, google::RULES, azure::RULES, RULES].concat()
}

rule_table! { Terraform:
MODULE "SW-TF-0100" Medium ["CKV_TF_1", "CKV_TF_2"]
    title "Module without a version"
    why "The module that is planned tomorrow is not the one that was reviewed."
    fix "Set `version`, or `?ref=` to a tag or a commit hash of a git source."
    bad "module \"vpc\" {\n  source = \"git::https://example.com/vpc.git\"\n}\n"
    good "module \"vpc\" {\n  source = \"git::https://example.com/vpc.git?ref=0123456789abcdef0123456789abcdef01234567\"\n}\n";
PROVIDER_SECRET "SW-TF-0101" Critical ["CKV_AWS_41"]
    title "Credential of a provider in the file"
    why "Whoever can read the repository has the cloud account."
    fix "Remove the value; use a role, OpenID Connect from the pipeline, or environment variables."
    bad "provider \"aws\" {\n  secret_key = \"example\"\n}\n"
    good "provider \"aws\" {\n  region = \"eu-central-1\"\n}\n";
VARIABLE_SECRET "SW-TF-0102" High []
    title "Secret as the default of a variable"
    why "Whoever can read the repository has the value."
    fix "Remove the default, mark the variable `sensitive`, and pass the value in the pipeline."
    bad "variable \"db_password\" {\n  default = \"example\"\n}\n"
    good "variable \"db_password\" {\n  type      = string\n  sensitive = true\n}\n";
}

/// One resource or data source.
pub(crate) struct Resource<'n> {
    pub(crate) kind: &'n str,
    pub(crate) name: &'n str,
    pub(crate) body: &'n Node,
}

impl<'n> Resource<'n> {
    /// `aws_ecr_repository.app`.
    pub(crate) fn label(&self) -> String {
        format!("{}.{}", self.kind, self.name)
    }

    /// The first block of that name; the JSON syntax may write it as an object.
    pub(crate) fn block(&self, name: &str) -> Option<&'n Node> {
        block(self.body, name)
    }

    /// A finding about a field of the resource, or about the resource when the field is not there.
    pub(crate) fn report(
        &self,
        rule: &Rule,
        field: Option<&Node>,
        report: &mut Report<'_>,
        message: impl Into<String>,
    ) {
        report.add(rule, field.unwrap_or(self.body), &self.label(), message);
    }
}

/// The first block of that name within a body.
pub(crate) fn block<'n>(body: &'n Node, name: &str) -> Option<&'n Node> {
    body.get(name)?.one_or_many().first()
}

fn resources<'n>(document: &'n Node, section: &str) -> Vec<Resource<'n>> {
    let mut all = Vec::new();
    // The JSON syntax may repeat a section as a list of objects.
    for kinds in document.get(section).map_or(&[][..], Node::one_or_many) {
        for (kind, names) in kinds.entries() {
            for (name, bodies) in names.one_or_many().iter().flat_map(Node::entries) {
                for body in bodies.one_or_many().iter().filter(|body| body.is_map()) {
                    all.push(Resource { kind, name, body });
                }
            }
        }
    }
    all
}

/// Checks one file.
pub(crate) fn check(document: &Node, report: &mut Report<'_>) {
    let all = resources(document, "resource");
    for resource in &all {
        aws::check(resource, report);
        ecs::check(resource, report);
        google::check(resource, report);
        azure::check(resource, report);
    }
    for data in resources(document, "data") {
        aws::check_data(&data, report);
    }
    check_modules(document, report);
    check_values(document, report);
}

fn named<'n>(document: &'n Node, section: &str) -> Vec<(&'n str, &'n Node)> {
    document
        .get(section)
        .map_or(&[][..], Node::one_or_many)
        .iter()
        .flat_map(Node::entries)
        .flat_map(|(name, bodies)| bodies.one_or_many().iter().map(move |body| (name, body)))
        .collect()
}

fn check_modules(document: &Node, report: &mut Report<'_>) {
    for (name, body) in named(document, "module") {
        let Some(source) = body.get("source") else {
            continue;
        };
        let Some(text) = source.text() else { continue };
        let is_local = text.starts_with("./") || text.starts_with("../") || text.starts_with('/');
        let is_git = text.starts_with("git::")
            || text.starts_with("git@")
            || text.contains(".git")
            || text.starts_with("github.com/")
            || text.starts_with("bitbucket.org/");
        let is_pinned = if is_git {
            text.split_once("ref=").is_some_and(|(_, reference)| {
                let reference = reference.split('&').next().unwrap_or_default();
                !["", "main", "master", "HEAD", "develop"].contains(&reference)
            })
        } else {
            body.has("version") || text.contains("://") || text.contains("::")
        };
        if !is_local && !is_pinned {
            report.add(
                &MODULE,
                source,
                &format!("module.{name}"),
                format!("`{text}` has no version"),
            );
        }
    }
}

fn check_values(document: &Node, report: &mut Report<'_>) {
    let secret =
        |node: &Node| matches!(&node.value, Value::Text(text) if hints::is_literal_secret(text));
    for (name, body) in named(document, "provider") {
        for (field, node) in body.entries() {
            let is_key = hints::is_secret_name(field)
                || matches!(field, "access_key" | "secret_key" | "client_secret");
            if is_key && secret(node) {
                report.add(
                    &PROVIDER_SECRET,
                    node,
                    &format!("provider.{name}"),
                    format!("`{field}` is written out"),
                );
            }
        }
    }
    for (name, body) in named(document, "variable") {
        if let Some(default) = body.get("default")
            && hints::is_secret_name(name)
            && secret(default)
        {
            report.add(
                &VARIABLE_SECRET,
                default,
                &format!("variable.{name}"),
                format!("the default of `{name}` is written out"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, lint_file};

    fn check(path: &str, text: &str, expected: &[&str]) {
        let (findings, coverage) = lint_file(path, text.as_bytes(), &Options::default());
        assert_eq!(coverage, [], "{text}");
        let found: Vec<String> = findings
            .into_iter()
            .map(|f| format!("{} {} {}", f.rule, f.location.start_line, f.object))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn both_syntaxes_are_one() {
        let hcl = "resource \"azurerm_container_registry\" \"r\" {\n  admin_enabled = true\n  public_network_access_enabled = false\n}\n";
        check(
            "main.tf",
            hcl,
            &["SW-TF-0080 2 azurerm_container_registry.r"],
        );
        let json = "{\"resource\": {\"azurerm_container_registry\": {\"r\": {\n\"admin_enabled\": true,\n\"public_network_access_enabled\": false}}}}";
        check(
            "main.tf.json",
            json,
            &["SW-TF-0080 2 azurerm_container_registry.r"],
        );
    }

    #[test]
    fn what_is_not_known_is_not_judged() {
        check(
            "main.tf",
            "resource \"azurerm_container_registry\" \"r\" {\n  admin_enabled = var.admin\n  public_network_access_enabled = var.open\n}\n",
            &[],
        );
        check(
            "main.tf",
            "variable \"admin\" {\n  default = true\n}\nresource \"azurerm_container_registry\" \"r\" {\n  admin_enabled = var.admin\n  public_network_access_enabled = false\n}\n",
            &["SW-TF-0080 5 azurerm_container_registry.r"],
        );
    }

    #[test]
    fn policies_are_read_in_every_notation() {
        let policy = "{\"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": [\"*\"]}, \"Action\": \"ecr:*\"}]}";
        for (value, line) in [
            (format!("jsonencode({policy})").replace("\": ", "\" = "), 2),
            (format!("<<EOF\n{policy}\nEOF"), 3),
            (format!("\"{}\"", policy.replace('"', "\\\"")), 2),
        ] {
            let text = format!(
                "resource \"aws_ecr_repository_policy\" \"p\" {{\n  policy = {value}\n}}\n"
            );
            check(
                "main.tf",
                &text,
                &[&format!("SW-TF-0004 {line} aws_ecr_repository_policy.p")],
            );
        }
        let data = "data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions = [\"ecr:BatchGetImage\"]\n    principals {\n      type = \"*\"\n      identifiers = [\"*\"]\n    }\n  }\n}\n";
        check("main.tf", data, &["SW-TF-0004 2 aws_iam_policy_document.d"]);
    }
}
