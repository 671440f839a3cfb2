//! What a `pyproject.toml` asks for (PEP 621, PEP 735, and Poetry's own tables).

use seaworthy_model::{DependencyScope, normal_python_name};
use toml::{Table, Value};

/// The names that a project asks for, normalised, each with its scope.
pub(super) fn wishes(project: &Table) -> Vec<(String, DependencyScope)> {
    let mut out = Vec::new();
    let table =
        |value: Option<&Value>| value.and_then(Value::as_table).cloned().unwrap_or_default();
    let own = table(project.get("project"));
    list(
        own.get("dependencies"),
        DependencyScope::Production,
        &mut out,
    );
    for (_, extra) in table(own.get("optional-dependencies")) {
        list(Some(&extra), DependencyScope::Optional, &mut out);
    }
    for (_, group) in table(project.get("dependency-groups")) {
        list(Some(&group), DependencyScope::Development, &mut out);
    }
    let poetry = table(project.get("tool").and_then(|tool| tool.get("poetry")));
    keys(
        poetry.get("dependencies"),
        DependencyScope::Production,
        &mut out,
    );
    keys(
        poetry.get("dev-dependencies"),
        DependencyScope::Development,
        &mut out,
    );
    for (name, group) in table(poetry.get("group")) {
        let scope = match name.as_str() {
            "main" => DependencyScope::Production,
            _ => DependencyScope::Development,
        };
        keys(group.get("dependencies"), scope, &mut out);
    }
    out
}

/// Requirements as PEP 508 writes them.
fn list(value: Option<&Value>, scope: DependencyScope, out: &mut Vec<(String, DependencyScope)>) {
    for wish in value.and_then(Value::as_array).into_iter().flatten() {
        if let Some(name) = wish.as_str().map(name_of) {
            out.push((name, scope));
        }
    }
}

fn keys(value: Option<&Value>, scope: DependencyScope, out: &mut Vec<(String, DependencyScope)>) {
    for (name, wish) in value.and_then(Value::as_table).into_iter().flatten() {
        let optional = wish.get("optional").and_then(Value::as_bool) == Some(true);
        let scope = if optional {
            DependencyScope::Optional
        } else {
            scope
        };
        if name != "python" {
            out.push((normal_python_name(name).into_owned(), scope));
        }
    }
}

/// The normalised name of a requirement.
fn name_of(requirement: &str) -> String {
    let requirement = requirement.trim();
    let end = requirement
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(requirement.len());
    normal_python_name(&requirement[..end]).into_owned()
}
