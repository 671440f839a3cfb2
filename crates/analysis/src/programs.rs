//! Which programs lie in a target, told by names and modes alone: through links, hard links and
//! what later layers delete.

use std::collections::BTreeSet;

use seaworthy_model::{CoverageEntry, CoverageKind};

use crate::path::{self, MAX_PATH};

/// How a program that is looked for comes to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// By its name: it must be executable.
    Itself,
    /// As an argument of an interpreter, so its mode does not matter.
    ByInterpreter,
}

/// Tells from the folder and the name of a file whether it is a program that is looked for; asked
/// for every file and link, so it must be quick.
pub type FindProgram = fn(folder: &str, name: &str) -> Option<Runs>;

/// Symbolic links that are followed for one name, as in Linux (path_resolution(7)).
const MAX_LINKS: usize = 40;
/// Bytes that the targets of all symbolic links of one layer may have; a large image has 2 MB.
const MAX_TARGETS: usize = 64 << 20;
/// Programs of one layer.
const MAX_FOUND: usize = 10_000;
/// Bytes of names that are hashed in search of the targets of links; an image needs some 100 kB.
const MAX_WORK: usize = 256 << 20;

/// What the names of one layer, or of a directory, say about programs; collected while walking.
#[derive(Debug, Default)]
pub struct Programs {
    find: Option<FindProgram>,
    /// Files that can run, and symbolic links.
    nodes: Vec<(u64, Node)>,
    targets: Vec<String>,
    target_bytes: usize,
    /// Paths of what is looked for, and how each runs.
    found: Vec<(String, Runs)>,
    /// Files that are many programs in one, by their numbers.
    boxes: Vec<u64>,
    /// Whether something was left out, or the layer could not be read at all.
    partial: bool,
    overflow: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    /// An executable file, with the number that its hard links share.
    Executable(u64),
    /// A file that only an interpreter runs.
    Script,
    /// Many programs in one, which are what their names say only in part.
    Box,
    /// A symbolic link: the index of its target.
    Link(usize),
}

impl Programs {
    /// Collects nothing where nobody looks for programs.
    #[must_use]
    pub fn new(find: Option<FindProgram>) -> Self {
        Self {
            find,
            ..Self::default()
        }
    }

    /// A layer of which nothing is known.
    pub(crate) fn unknown() -> Self {
        Self {
            partial: true,
            ..Self::default()
        }
    }

    /// Notes a file that is not empty, with its permission bits. Hard links of one file have the
    /// same `number`, which no other file of the layer has; a file without other names needs none.
    pub fn file(&mut self, path: &str, mode: u32, number: Option<u64>) {
        let Some(find) = self.find else {
            return;
        };
        let (folder, name) = split(path);
        let runs = find(folder, name);
        let executable = mode & 0o111 != 0;
        if !executable && runs != Some(Runs::ByInterpreter) {
            return;
        }
        let hash = path::hash(path);
        let node = if executable {
            let number = number.unwrap_or(hash);
            if is_box(name) {
                self.boxes.push(number);
            }
            Node::Executable(number)
        } else {
            Node::Script
        };
        self.nodes.push((hash, node));
        self.found(path, runs);
    }

    /// Notes a symbolic link.
    pub fn link(&mut self, path: &str, target: &str) {
        let Some(find) = self.find else {
            return;
        };
        // No system follows a longer one (path_resolution(7), ENAMETOOLONG).
        if target.len() > MAX_PATH {
            return;
        }
        self.target_bytes += target.len();
        if self.target_bytes > MAX_TARGETS {
            self.partial = true;
            return;
        }
        let (folder, name) = split(path);
        let runs = find(folder, name);
        self.nodes
            .push((path::hash(path), Node::Link(self.targets.len())));
        self.targets.push(target.to_owned());
        self.found(path, runs);
    }

    fn found(&mut self, path: &str, runs: Option<Runs>) {
        let Some(runs) = runs else {
            return;
        };
        if self.found.len() < MAX_FOUND {
            self.found.push((path.to_owned(), runs));
        } else {
            self.overflow = true;
        }
    }

    /// Puts the names in order; once, when all are known.
    pub(crate) fn seal(&mut self) {
        self.boxes.sort_unstable();
        for (_, node) in &mut self.nodes {
            if let Node::Executable(number) = node
                && self.boxes.binary_search(number).is_ok()
            {
                *node = Node::Box;
            }
        }
        // Of a name that comes twice, the last is what unpacking leaves: stable.
        self.nodes.sort_by_key(|(hash, _)| *hash);
    }

    fn node(&self, hash: u64) -> Option<Node> {
        let end = self.nodes.partition_point(|(other, _)| *other <= hash);
        let (other, node) = self.nodes.get(end.checked_sub(1)?)?;
        (*other == hash).then_some(*node)
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn is_box(name: &str) -> bool {
    name == "busybox" || name.starts_with("busybox.") || name == "toybox"
}

/// One layer among the others.
#[derive(Debug, Default)]
pub(crate) struct Level {
    programs: Programs,
    /// Sorted hashes of all files and links; empty in the lowest layer, which replaces nothing.
    replaced: Vec<u64>,
    /// Sorted hashes of what it deletes, and of the folders whose lower content it hides.
    deleted: Vec<u64>,
    opaque: Vec<u64>,
    /// Whether it hides all lower layers.
    hides_all: bool,
}

impl Level {
    pub(crate) fn new(
        programs: Programs,
        replaced: Vec<u64>,
        deleted: &[String],
        opaque: &[String],
    ) -> Self {
        let sorted = |paths: &[String]| {
            let mut hashes: Vec<u64> = paths.iter().map(|path| path::hash(path)).collect();
            hashes.sort_unstable();
            hashes
        };
        Self {
            programs,
            replaced,
            deleted: sorted(deleted),
            opaque: sorted(opaque),
            hides_all: opaque.iter().any(String::is_empty),
        }
    }

    /// Whether what lower layers have at the path is gone; the hashes are those of the path, and of
    /// the folders that it lies in.
    fn hides(&self, hash: u64, folders: &[u64]) -> bool {
        let has = |list: &[u64], hash: &u64| list.binary_search(hash).is_ok();
        self.hides_all
            || has(&self.replaced, &hash)
            || has(&self.deleted, &hash)
            || folders.iter().any(|folder| {
                has(&self.replaced, folder)
                    || has(&self.deleted, folder)
                    || has(&self.opaque, folder)
            })
    }
}

/// All layers on one another, the lowest first.
pub(crate) struct Levels<'a> {
    levels: &'a [Level],
    partial: bool,
    work: usize,
}

/// What a path is in the end.
enum Place<'a> {
    Nothing,
    File(Node),
    Link(&'a str),
}

impl<'a> Levels<'a> {
    /// The programs that are there in the end, sorted, and what could not be told; no programs
    /// where nobody looked for any.
    pub(crate) fn programs(levels: &'a [Level]) -> (Option<Vec<String>>, Vec<CoverageEntry>) {
        if !levels.iter().any(|level| level.programs.find.is_some()) {
            return (None, Vec::new());
        }
        let mut this = Self {
            levels,
            partial: levels.iter().any(|level| level.programs.partial),
            work: 0,
        };
        let paths: BTreeSet<(&str, bool)> = levels
            .iter()
            .flat_map(|level| &level.programs.found)
            .map(|(path, runs)| (path.as_str(), *runs == Runs::ByInterpreter))
            .collect();
        let there = paths
            .into_iter()
            .filter(|(path, interpreted)| this.is_there(path, *interpreted))
            .map(|(path, _)| path.to_owned())
            .collect();
        let gaps = levels.iter().any(|level| level.programs.overflow).then(|| {
            CoverageEntry::new(
                CoverageKind::SkippedFile,
                "package managers",
                format!("more than {MAX_FOUND} programs in one layer have such names, which no image needs; the others are not listed"),
            )
        });
        (Some(there), gaps.into_iter().collect())
    }

    fn is_there(&mut self, path: &str, interpreted: bool) -> bool {
        // The folders of the program itself are taken as they are written: layers are written
        // from real places.
        let mut place = self.look(path);
        if let Place::Link(target) = place {
            place = match self.follow(split(path).0, target) {
                Some(node) => Place::File(node),
                // What was not read may be the target.
                None if self.partial || self.work > MAX_WORK => return true,
                None => Place::Nothing,
            };
        }
        match place {
            Place::File(Node::Executable(_)) => true,
            Place::File(Node::Script) => interpreted,
            _ => false,
        }
    }

    /// The file that a symbolic link leads to, in the end; none when there is none.
    fn follow(&mut self, folder: &str, target: &'a str) -> Option<Node> {
        let mut at: String = if target.starts_with('/') {
            String::new()
        } else {
            folder.to_owned()
        };
        let mut rest: Vec<&str> = target.split('/').rev().collect();
        let mut links = 1;
        let mut last = None;
        while let Some(part) = rest.pop() {
            if self.work > MAX_WORK || at.len() + part.len() >= MAX_PATH {
                return None;
            }
            match part {
                "" | "." => continue,
                // A file has nothing beneath it.
                _ if last.is_some() => return None,
                ".." => {
                    at.truncate(split(&at).0.len());
                    continue;
                }
                part => {
                    if !at.is_empty() {
                        at.push('/');
                    }
                    at.push_str(part);
                }
            }
            match self.look(&at) {
                Place::Nothing => {}
                Place::File(node) => last = Some(node),
                Place::Link(target) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return None;
                    }
                    if target.starts_with('/') {
                        at.clear();
                    } else {
                        at.truncate(split(&at).0.len());
                    }
                    rest.extend(target.split('/').rev());
                }
            }
        }
        last
    }

    /// What the uppermost layer that says anything about a path has there; folders are nothing.
    fn look(&mut self, path: &str) -> Place<'a> {
        let hash = path::hash(path);
        let folders: Vec<u64> = path
            .match_indices('/')
            .map(|(at, _)| {
                self.work += at;
                path::hash(&path[..at])
            })
            .collect();
        self.work += path.len() + folders.len() * self.levels.len();
        for level in self.levels.iter().rev() {
            match level.programs.node(hash) {
                Some(Node::Link(at)) => {
                    return level
                        .programs
                        .targets
                        .get(at)
                        .map_or(Place::Nothing, |target| Place::Link(target));
                }
                Some(node) => return Place::File(node),
                None if level.hides(hash, &folders) => return Place::Nothing,
                None => {}
            }
        }
        Place::Nothing
    }
}

#[cfg(test)]
#[path = "programs_tests.rs"]
mod tests;
