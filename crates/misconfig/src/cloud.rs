//! What Terraform and CloudFormation have in common: policies of AWS and containers of ECS tasks,
//! whose keys differ only in the case of their first letter.

use crate::Rule;
use crate::document::{Node, Switch, hcl};
use crate::hints::{self, Pin};
use crate::report::Report;

/// The value under a key, whose first letter may be of either case.
pub(crate) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).or_else(|| {
        let mut letters = key.chars();
        let first = letters.next()?;
        let other: String = if first.is_ascii_lowercase() {
            first.to_ascii_uppercase()
        } else {
            first.to_ascii_lowercase()
        }
        .to_string();
        node.get(&(other + letters.as_str()))
    })
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    get(node, key).and_then(Node::text)
}

fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    get(node, key).map_or(&[], Node::items)
}

fn switch(node: &Node, key: &str) -> Switch {
    match get(node, key) {
        None => Switch::Absent,
        Some(value) if value.is_null() => Switch::Absent,
        Some(value) => match value.boolean() {
            Some(true) => Switch::On,
            Some(false) => Switch::Off,
            None => Switch::Unknown,
        },
    }
}

/// Whether a value is certainly not true: absent or false, and no reference.
pub(crate) const fn is_not_on(switch: Switch) -> bool {
    matches!(switch, Switch::Absent | Switch::Off)
}

/// A value, or the JSON in it when it is a string of JSON.
pub(crate) fn opened(node: &Node) -> std::borrow::Cow<'_, Node> {
    hcl::embedded_json(node).map_or(std::borrow::Cow::Borrowed(node), std::borrow::Cow::Owned)
}

/// The statement of a policy that allows something to everybody, without a condition (IAM JSON
/// policy elements).
pub(crate) fn public_statement(policy: &Node) -> Option<&Node> {
    let statements = policy.get("Statement")?;
    statements.one_or_many().iter().find(|statement| {
        let is_allow = statement
            .text_at("Effect")
            .is_some_and(|effect| effect.eq_ignore_ascii_case("allow"));
        let everybody = statement.get("Principal").is_some_and(|principal| {
            is_star(principal)
                || principal
                    .get("AWS")
                    .is_some_and(|aws| aws.one_or_many().iter().any(is_star))
        });
        is_allow && everybody && !statement.has("Condition")
    })
}

fn is_star(node: &Node) -> bool {
    node.text() == Some("*")
}

/// The rules for ECS tasks, under the ids of one kind of file.
pub(crate) struct TaskRules {
    pub(crate) privileged: &'static Rule,
    pub(crate) root: &'static Rule,
    pub(crate) writable: &'static Rule,
    pub(crate) secret: &'static Rule,
    pub(crate) no_log: &'static Rule,
    pub(crate) moving_tag: &'static Rule,
    pub(crate) capability: &'static Rule,
}

/// Checks one container definition (Amazon ECS, task definition parameters).
pub(crate) fn check_container(
    container: &Node,
    owner: &str,
    rules: &TaskRules,
    report: &mut Report<'_>,
) {
    if !container.is_map() {
        return;
    }
    let name = text(container, "name").unwrap_or_default();
    let label = format!("{owner}, container {name}");
    if switch(container, "privileged") == Switch::On {
        let node = get(container, "privileged").unwrap_or(container);
        report.add(rules.privileged, node, &label, "`privileged` is true");
    }
    if let Some(user) = get(container, "user")
        && let Some(value) = user.text()
        && matches!(value.split(':').next(), Some("root" | "0" | ""))
    {
        report.add(rules.root, user, &label, format!("`user` is `{value}`"));
    }
    if is_not_on(switch(container, "readonlyRootFilesystem")) {
        let node = get(container, "readonlyRootFilesystem").unwrap_or(container);
        report.add(
            rules.writable,
            node,
            &label,
            "`readonlyRootFilesystem` is not true",
        );
    }
    for variable in items(container, "environment") {
        let name = text(variable, "name").unwrap_or_default();
        let value = text(variable, "value").unwrap_or_default();
        if (hints::is_secret_name(name) && hints::is_literal_secret(value))
            || hints::is_secret_value(value)
        {
            report.add(
                rules.secret,
                variable,
                &label,
                format!("the variable `{name}` holds its secret in plain text"),
            );
        }
    }
    if get(container, "logConfiguration").is_none_or(Node::is_null) {
        report.add(rules.no_log, container, &label, "has no `logConfiguration`");
    }
    if let Some(image) = get(container, "image")
        && let Some(reference) = image.text()
        && hints::pin(reference) == Pin::Moving
    {
        report.add(
            rules.moving_tag,
            image,
            &label,
            format!("the image `{reference}` has no fixed version"),
        );
    }
    let added = get(container, "linuxParameters")
        .and_then(|linux| get(linux, "capabilities"))
        .map_or(&[][..], |capabilities| items(capabilities, "add"));
    for capability in added {
        let name = capability.text().unwrap_or_default();
        report.add(
            rules.capability,
            capability,
            &label,
            format!("adds the capability {name}"),
        );
    }
}
