//! Maven's `pom.xml` (Maven, "POM Reference"): what the project asks for, with versions from
//! properties, from parents and from dependency management, as far as these lie in the same tree.
//! Profiles are not applied.

mod model;
mod properties;

use std::collections::{HashMap, HashSet};

use seaworthy_model::{DependencyScope, PackageType, Relationship};

use super::graph::Lock;
use super::{Format, Input, resolve};
use model::{Dependency, Project};
use properties::Properties;

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "pom.xml",
    asks_siblings: true,
    read,
};

/// Parents above a project, and imports inside each other.
const MAX_PARENTS: usize = 16;
/// Modules of a tree that are searched for an imported list of versions.
const MAX_MODULES: usize = 200;

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let mut lock = Lock::new(PackageType::Maven);
    let project = Project::parse(input.text)?;
    let chain = Chain::of(input, project);
    let properties = chain.properties();
    let managed = chain.managed(input, &properties);
    let Some((_, project)) = chain.projects.first() else {
        return Ok(lock);
    };
    for dependency in &project.dependencies {
        let dependency = dependency.filled(&properties);
        let key = dependency.key();
        let managed = managed.get(&key);
        let scope = match (&dependency.scope[..], managed) {
            ("", Some(managed)) => managed.scope.as_str(),
            (scope, _) => scope,
        };
        let version = match (&dependency.version[..], managed) {
            ("", Some(managed)) => managed.version.as_str(),
            (version, _) => version,
        };
        let name = format!("{}:{}", dependency.group, dependency.artifact);
        if name.contains("${") || dependency.group.is_empty() || dependency.artifact.is_empty() {
            lock.gap(dependency.line, format!("`{name}` does not name a package"));
            continue;
        }
        let Some(version) = exact(version) else {
            lock.gap(dependency.line, chain.why_no_version(&name, version));
            continue;
        };
        let id = lock.add(name, version, dependency.line);
        let scope = match scope {
            "test" => DependencyScope::Development,
            _ if dependency.optional => DependencyScope::Optional,
            _ => DependencyScope::Production,
        };
        lock.node(id)
            .scope(scope)
            .relationship(Relationship::Direct);
    }
    if project.dependencies.len() == model::MAX_ENTRIES {
        lock.gap(
            0,
            format!(
                "only its first {} dependencies are read",
                model::MAX_ENTRIES
            ),
        );
    }
    if !project.dependencies.is_empty() {
        lock.gap(
            0,
            "a pom.xml names only what the project asks for itself; what that needs in turn is known to Maven alone, so scan what was built, or a bill of materials that Maven made",
        );
    }
    Ok(lock)
}

/// A version that is one: `1.0`, or the hard requirement `[1.0]`.
fn exact(version: &str) -> Option<&str> {
    let inner = version
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(version);
    let one = !inner.is_empty()
        && !inner.contains("${")
        && !inner.contains(['[', ']', '(', ')', ','])
        && !matches!(inner, "LATEST" | "RELEASE");
    one.then_some(inner)
}

/// A project and its parents, nearest first, as far as they lie in the tree.
struct Chain {
    /// Each with its path.
    projects: Vec<(String, Project)>,
    /// The parent at the end that is not in the tree.
    missing: Option<String>,
}

impl Chain {
    fn of(input: &Input<'_>, project: Project) -> Self {
        let mut chain = Self {
            projects: vec![(input.path.to_owned(), project)],
            missing: None,
        };
        while let Some((path, last)) = chain.projects.last() {
            let Some(parent) = &last.parent else {
                break;
            };
            let found = parent.relative_path.as_deref().and_then(|relative| {
                let named = resolve(path, relative)?;
                let file = if named.ends_with(".xml") || named.ends_with(".pom") {
                    named
                } else {
                    format!("{named}/pom.xml")
                        .trim_start_matches('/')
                        .to_owned()
                };
                let known = chain.projects.iter().any(|(path, _)| *path == file);
                let read = Project::parse(&input.file(&file).filter(|_| !known)?).ok()?;
                (read.artifact == parent.artifact && read.own_group() == parent.group)
                    .then_some((file, read))
            });
            match found {
                Some(found) if chain.projects.len() < MAX_PARENTS => chain.projects.push(found),
                _ => {
                    chain.missing = Some(format!(
                        "{}:{}:{}",
                        parent.group, parent.artifact, parent.version
                    ));
                    break;
                }
            }
        }
        chain
    }

    /// Properties, those of the nearest project first.
    fn properties(&self) -> Properties {
        let mut properties = Properties::default();
        for (_, project) in &self.projects {
            properties.add_all(&project.properties);
        }
        if let Some((_, project)) = self.projects.first() {
            for prefix in ["project.", "pom.", ""] {
                properties.add(&format!("{prefix}groupId"), project.own_group());
                properties.add(&format!("{prefix}artifactId"), &project.artifact);
                properties.add(&format!("{prefix}version"), project.own_version());
            }
            if let Some(parent) = &project.parent {
                properties.add("project.parent.groupId", &parent.group);
                properties.add("project.parent.artifactId", &parent.artifact);
                properties.add("project.parent.version", &parent.version);
            }
        }
        properties
    }

    /// Versions and scopes of dependency management: the nearest word holds; imports come after
    /// what is written down.
    fn managed(&self, input: &Input<'_>, properties: &Properties) -> HashMap<String, Dependency> {
        let mut managed = HashMap::new();
        let mut imports = Vec::new();
        for (_, project) in &self.projects {
            for dependency in &project.managed {
                let dependency = dependency.filled(properties);
                if dependency.scope == "import" {
                    imports.push(dependency);
                } else {
                    managed.entry(dependency.key()).or_insert(dependency);
                }
            }
        }
        // The tree is searched only for what may be its own.
        imports.retain(|import| {
            let own = |(_, project): &(String, Project)| project.own_group() == import.group;
            self.projects.iter().any(own)
        });
        if imports.is_empty() {
            return managed;
        }
        let modules = self.modules(input);
        for import in imports.iter().take(MAX_PARENTS) {
            let found = modules.iter().find(|(_, project)| {
                project.artifact == import.artifact && project.own_group() == import.group
            });
            let Some((path, _)) = found else { continue };
            let Some(text) = input.file(path) else {
                continue;
            };
            let Ok(project) = Project::parse(&text) else {
                continue;
            };
            let there = Input {
                path,
                text: &text,
                read: input.read,
            };
            let chain = Self::of(&there, project);
            let own = chain.properties();
            for (_, project) in &chain.projects {
                for dependency in &project.managed {
                    let dependency = dependency.filled(&own);
                    if dependency.scope != "import" {
                        managed.entry(dependency.key()).or_insert(dependency);
                    }
                }
            }
        }
        managed
    }

    /// All projects of the tree that the topmost parent lists.
    fn modules(&self, input: &Input<'_>) -> Vec<(String, Project)> {
        let mut found: Vec<(String, Project)> = Vec::new();
        let mut seen = HashSet::new();
        let mut waiting: Vec<String> = self
            .projects
            .last()
            .map(|(path, _)| path.clone())
            .into_iter()
            .collect();
        while let Some(path) = waiting.pop() {
            if found.len() == MAX_MODULES || !seen.insert(path.clone()) {
                continue;
            }
            let Some(project) = input
                .file(&path)
                .and_then(|text| Project::parse(&text).ok())
            else {
                continue;
            };
            for module in &project.modules {
                let file = if module.ends_with(".xml") {
                    module.clone()
                } else {
                    format!("{module}/pom.xml")
                };
                waiting.extend(resolve(&path, &file));
            }
            found.push((path, project));
        }
        found
    }

    fn why_no_version(&self, name: &str, version: &str) -> String {
        let given = if version.is_empty() {
            "has no version here".to_owned()
        } else {
            format!("has the version `{version}`, which is not one")
        };
        match &self.missing {
            Some(parent) => {
                format!("`{name}` {given}, and the parent {parent} is not in the tree")
            }
            None => format!("`{name}` {given}, nor in the files of this tree"),
        }
    }
}
