//! `requirements.txt` (pip documentation, "Requirements File Format"). Only what is pinned with
//! `==` has a version; the comments of pip-compile and uv tell what needs what.

use std::collections::HashMap;

use seaworthy_model::{DependencyScope, PackageType, normal_python_name};

use super::graph::{Lock, NodeId};
use super::lines::numbered;
use super::{Format, Input, resolve};

pub(super) const FORMAT: Format = Format {
    wants: is_requirements,
    asks_siblings: false,
    read,
};

/// `requirements.txt`, `dev-requirements.txt`, `requirements-test.txt`, `requirements/base.txt`.
fn is_requirements(name: &str, path: &str) -> bool {
    let Some(stem) = name.strip_suffix(".txt") else {
        return false;
    };
    stem.starts_with("requirements")
        || stem.ends_with("requirements")
        || path
            .strip_suffix(name)
            .is_some_and(|folder| folder == "requirements/" || folder.ends_with("/requirements/"))
}

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let mut file = Requirements {
        lock: Lock::new(PackageType::PyPi),
        scope: scope_of(input),
        last: None,
        in_via: false,
        wishes: Vec::new(),
        asked: Vec::new(),
    };
    let mut whole = String::new();
    let mut start = 0;
    for (number, line) in numbered(input.text) {
        if whole.is_empty() {
            start = number;
        }
        // Lines go on behind a backslash, comments do not.
        let line = line.trim_end();
        match line.strip_suffix('\\') {
            Some(more) if !line.trim_start().starts_with('#') => {
                // Hashes make up most of such a file.
                if !more.trim_start().starts_with("--hash") {
                    whole.push_str(more);
                }
                if whole.is_empty() {
                    whole.push(' ');
                }
                continue;
            }
            _ => whole.push_str(line),
        }
        let text = std::mem::take(&mut whole);
        file.line(start, &text, input);
    }
    file.line(start, &whole, input);
    Ok(file.finish())
}

/// Files for development are told by their names.
fn scope_of(input: &Input<'_>) -> DependencyScope {
    let name = input.file_name().to_ascii_lowercase();
    let development = name.split(['-', '_', '.']).any(|word| {
        matches!(
            word,
            "dev"
                | "develop"
                | "development"
                | "test"
                | "tests"
                | "testing"
                | "docs"
                | "doc"
                | "lint"
                | "ci"
        )
    });
    if development {
        DependencyScope::Development
    } else {
        DependencyScope::Unknown
    }
}

struct Requirements {
    lock: Lock,
    scope: DependencyScope,
    /// The package that comments below it are about.
    last: Option<NodeId>,
    in_via: bool,
    /// Who needs what: the name of the one, and the other.
    wishes: Vec<(String, NodeId)>,
    /// What stands in the files that the list was made from.
    asked: Vec<NodeId>,
}

impl Requirements {
    fn line(&mut self, number: u32, line: &str, input: &Input<'_>) {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            self.comment(comment.trim());
            return;
        }
        // A comment needs a space before it: URLs have fragments.
        let (line, comment) = match line.find(" #") {
            Some(at) => (line[..at].trim(), Some(line[at + 2..].trim())),
            None => (line, None),
        };
        if line.is_empty() {
            return;
        }
        self.in_via = false;
        self.last = None;
        if line.starts_with('-') {
            self.option(number, line, input);
        } else {
            self.requirement(number, line);
        }
        if let Some(comment) = comment {
            self.comment(comment);
        }
    }

    /// `# via flask`, or `# via` and a name per line.
    fn comment(&mut self, comment: &str) {
        let names = match comment.strip_prefix("via") {
            Some(names) if names.is_empty() || names.starts_with(' ') => {
                self.in_via = true;
                names
            }
            _ if self.in_via => comment,
            _ => return,
        };
        let Some(id) = self.last else { return };
        for name in names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            let from_file = name.starts_with('-') || name.contains('(') || name.contains('/');
            if from_file {
                self.asked.push(id);
            } else {
                self.wishes
                    .push((normal_python_name(name).into_owned(), id));
            }
        }
    }

    fn option(&mut self, number: u32, line: &str, input: &Input<'_>) {
        let value = |long: &str, short: &str| {
            let rest = line
                .strip_prefix(long)
                .or_else(|| line.strip_prefix(short))?;
            Some(rest.trim_start_matches(['=', ' ']).to_owned())
        };
        if let Some(file) = value("--requirement", "-r") {
            let path = resolve(input.path, &file);
            let read_too = path
                .as_deref()
                .is_some_and(|path| is_requirements(path.rsplit('/').next().unwrap_or(path), path));
            if !read_too {
                self.lock.gap(
                    number,
                    format!("the included file `{file}` is not read: its name does not say that it lists requirements"),
                );
            }
        } else if let Some(place) = value("--editable", "-e") {
            // A part of the project is no package.
            if place.contains("://") {
                self.lock.gap(number, format!("`{place}` has no version"));
            }
        }
    }

    fn requirement(&mut self, number: u32, line: &str) {
        // `name[extra] == 1.0 ; marker --hash=…`
        let line = line.split(';').next().unwrap_or(line);
        let line = line.split(" --").next().unwrap_or(line).trim();
        let end = line
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
            .unwrap_or(line.len());
        let (name, rest) = line.split_at(end);
        let mut rest = rest.trim_start();
        if rest.starts_with('[') {
            rest = rest
                .split_once(']')
                .map_or("", |(_, rest)| rest)
                .trim_start();
        }
        if rest.starts_with(':')
            || rest.starts_with('/')
            || name.is_empty()
            || name.starts_with('.')
        {
            // A URL or a path in place of a name.
            if !line.starts_with('.') && !line.starts_with('/') || line.ends_with(".whl") {
                self.lock.gap(number, format!("`{line}` has no version"));
            }
            return;
        }
        let rest = rest.trim_matches(['(', ')']);
        let exact = rest
            .split(',')
            .find_map(|part| {
                let part = part.trim();
                part.strip_prefix("===").or_else(|| part.strip_prefix("=="))
            })
            .map(str::trim)
            .filter(|version| !version.is_empty() && !version.contains('*'));
        let Some(version) = exact else {
            self.lock.gap(
                number,
                format!("`{name}` is not pinned with `==`, so its version is not known; `pip freeze` or `pip-compile` pins it"),
            );
            return;
        };
        let id = self.lock.add(normal_python_name(name), version, number);
        self.lock.node(id).scope(self.scope);
        self.last = Some(id);
    }

    fn finish(mut self) -> Lock {
        let mut by_name: HashMap<String, NodeId> = HashMap::new();
        for id in self.lock.ids() {
            by_name.insert(self.lock.name(id).to_owned(), id);
        }
        let told = !self.wishes.is_empty() || !self.asked.is_empty();
        for (name, to) in &self.wishes {
            match by_name.get(name) {
                Some(from) => self.lock.need(*from, *to),
                // The project itself, which uv names like a package.
                None => self.lock.root(*to, self.scope),
            }
        }
        for id in &self.asked {
            self.lock.root(*id, self.scope);
        }
        if told {
            self.lock.root_the_unneeded(self.scope);
            self.lock.roots_are_known();
        }
        self.lock
    }
}
