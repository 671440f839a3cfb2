use quick_xml::Reader;
use quick_xml::events::Event;

use super::properties::Properties;

/// Elements inside each other.
const MAX_DEPTH: usize = 64;
/// Dependencies and properties of one file.
pub(super) const MAX_ENTRIES: usize = 20_000;

/// What a project says of the one above it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
    /// Where it lies; none where the file says that it lies elsewhere.
    pub(super) relative_path: Option<String>,
}

/// A `dependency`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
    pub(super) scope: String,
    pub(super) kind: String,
    pub(super) classifier: String,
    pub(super) optional: bool,
    pub(super) line: u32,
}

impl Dependency {
    /// The same with its properties filled in.
    pub(super) fn filled(&self, properties: &Properties) -> Self {
        let fill = |text: &str| properties.fill(text);
        Self {
            group: fill(&self.group),
            artifact: fill(&self.artifact),
            version: fill(&self.version),
            scope: fill(&self.scope),
            kind: fill(&self.kind),
            classifier: fill(&self.classifier),
            ..self.clone()
        }
    }

    /// What dependency management knows it by (Maven, "Dependency Management").
    pub(super) fn key(&self) -> String {
        let kind = match self.kind.as_str() {
            "" => "jar",
            kind => kind,
        };
        format!(
            "{}:{}:{kind}:{}",
            self.group, self.artifact, self.classifier
        )
    }
}

/// The parts of a `pom.xml` that tell versions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Project {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
    pub(super) parent: Option<Parent>,
    pub(super) properties: Vec<(String, String)>,
    pub(super) managed: Vec<Dependency>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) modules: Vec<String>,
}

impl Project {
    /// The group, which may be the parent's.
    pub(super) fn own_group(&self) -> &str {
        match &self.parent {
            Some(parent) if self.group.is_empty() => &parent.group,
            _ => &self.group,
        }
    }

    /// The version, which may be the parent's.
    pub(super) fn own_version(&self) -> &str {
        match &self.parent {
            Some(parent) if self.version.is_empty() => &parent.version,
            _ => &self.version,
        }
    }

    /// Reads a file; the error names the line.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(text);
        let mut lines = LineCounter {
            text,
            at: 0,
            line: 1,
        };
        let mut project = Self::default();
        let mut path: Vec<String> = Vec::new();
        let mut value = String::new();
        let mut dependency = Dependency::default();
        loop {
            let start = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader.read_event().map_err(|e| {
                let line = lines.of(usize::try_from(reader.error_position()).unwrap_or(usize::MAX));
                format!("not readable as a pom.xml: {e} at line {line}")
            })?;
            match event {
                Event::Start(tag) => {
                    if path.len() == MAX_DEPTH {
                        let line = lines.of(start);
                        return Err(format!(
                            "more than {MAX_DEPTH} elements inside each other at line {line}"
                        ));
                    }
                    let name = tag.local_name().as_ref().to_owned();
                    if name == "dependency" {
                        dependency = Dependency {
                            line: lines.of(start),
                            ..Dependency::default()
                        };
                    }
                    if name == "parent" && path.len() == 1 {
                        project.parent = Some(Parent {
                            relative_path: Some("../pom.xml".to_owned()),
                            ..Parent::default()
                        });
                    }
                    path.push(name);
                    value.clear();
                }
                Event::Empty(tag) => {
                    let name = tag.local_name().as_ref().to_owned();
                    if name == "relativePath"
                        && path.last().is_some_and(|last| last == "parent")
                        && let Some(parent) = &mut project.parent
                    {
                        parent.relative_path = None;
                    }
                }
                Event::Text(text) => value.push_str(&text),
                Event::CData(text) => value.push_str(&text),
                Event::End(_) => {
                    project.end(&path, value.trim(), &mut dependency);
                    path.pop();
                    value.clear();
                }
                Event::Eof => break,
                // Entities other than those of XML itself would need a document type.
                _ => {}
            }
        }
        if !path.is_empty() {
            return Err(format!(
                "not readable as a pom.xml: it ends inside of <{}> at line {}",
                path.last().map_or("", String::as_str),
                lines.of(text.len())
            ));
        }
        Ok(project)
    }

    /// The end of an element.
    fn end(&mut self, path: &[String], value: &str, dependency: &mut Dependency) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path[..] {
            ["project", "groupId"] => value.clone_into(&mut self.group),
            ["project", "artifactId"] => value.clone_into(&mut self.artifact),
            ["project", "version"] => value.clone_into(&mut self.version),
            ["project", "parent", field] => {
                if let Some(parent) = &mut self.parent {
                    match field {
                        "groupId" => value.clone_into(&mut parent.group),
                        "artifactId" => value.clone_into(&mut parent.artifact),
                        "version" => value.clone_into(&mut parent.version),
                        "relativePath" => {
                            parent.relative_path = (!value.is_empty()).then(|| value.to_owned());
                        }
                        _ => {}
                    }
                }
            }
            ["project", "properties", name] if self.properties.len() < MAX_ENTRIES => {
                self.properties.push((name.to_owned(), value.to_owned()));
            }
            ["project", "modules", "module"] if self.modules.len() < MAX_ENTRIES => {
                self.modules.push(value.to_owned());
            }
            ["project", "dependencies", "dependency", field]
            | [
                "project",
                "dependencyManagement",
                "dependencies",
                "dependency",
                field,
            ] => {
                let slot = match field {
                    "groupId" => &mut dependency.group,
                    "artifactId" => &mut dependency.artifact,
                    "version" => &mut dependency.version,
                    "scope" => &mut dependency.scope,
                    "type" => &mut dependency.kind,
                    "classifier" => &mut dependency.classifier,
                    "optional" => {
                        dependency.optional = value == "true";
                        return;
                    }
                    _ => return,
                };
                value.clone_into(slot);
            }
            ["project", "dependencies", "dependency"] if self.dependencies.len() < MAX_ENTRIES => {
                self.dependencies.push(std::mem::take(dependency));
            }
            [
                "project",
                "dependencyManagement",
                "dependencies",
                "dependency",
            ] if self.managed.len() < MAX_ENTRIES => {
                self.managed.push(std::mem::take(dependency));
            }
            _ => {}
        }
    }
}

/// Lines of growing positions.
struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl LineCounter<'_> {
    fn of(&mut self, at: usize) -> u32 {
        let at = at.min(self.text.len());
        if at > self.at {
            let between = &self.text.as_bytes()[self.at..at];
            let breaks = between.iter().filter(|b| **b == b'\n').count();
            self.line = self
                .line
                .saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
            self.at = at;
        }
        self.line
    }
}
