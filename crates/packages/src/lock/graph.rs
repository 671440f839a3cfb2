use std::collections::{HashMap, HashSet, VecDeque};

use seaworthy_analysis::Facts;
use seaworthy_model::{
    CoverageEntry, CoverageKind, DependencyScope, Package, PackageType, Relationship,
};

/// Longest way to a package that is written down; longer ones are no help to anybody.
const MAX_PATH: usize = 32;
/// Gaps of one file that are listed one by one.
const MAX_GAPS: usize = 100;

/// A node of a [`Lock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct NodeId(usize);

/// What a lockfile says: packages, what needs what, and what the project itself asks for.
#[derive(Debug)]
pub(super) struct Lock {
    kind: PackageType,
    nodes: Vec<Node>,
    roots: Vec<(NodeId, DependencyScope)>,
    /// Whether `roots` are all.
    roots_known: bool,
    gaps: Vec<(u32, String)>,
    gaps_left_out: usize,
}

/// A package of a lockfile.
#[derive(Debug)]
pub(super) struct Node {
    package: Package,
    /// A part of the project itself, no package.
    own: bool,
    needs: Vec<NodeId>,
}

impl Node {
    pub(super) fn scope(&mut self, scope: DependencyScope) -> &mut Self {
        self.package.scope = scope;
        self
    }

    pub(super) fn relationship(&mut self, relationship: Relationship) -> &mut Self {
        self.package.relationship = relationship;
        self
    }

    pub(super) fn license(&mut self, license: impl Into<String>) -> &mut Self {
        let license = license.into();
        if !license.is_empty() {
            self.package.licenses.push(license);
        }
        self
    }
}

impl Lock {
    pub(super) fn new(kind: PackageType) -> Self {
        Self {
            kind,
            nodes: Vec::new(),
            roots: Vec::new(),
            roots_known: false,
            gaps: Vec::new(),
            gaps_left_out: 0,
        }
    }

    /// Adds a package; line 0 for where it is not known.
    pub(super) fn add(
        &mut self,
        name: impl Into<String>,
        version: impl Into<String>,
        line: u32,
    ) -> NodeId {
        let mut package = Package::new(self.kind, name, version, "");
        package.line = (line > 0).then_some(line);
        self.push(package, false)
    }

    /// Adds a part of the project, which needs packages and is none.
    pub(super) fn add_own(&mut self, name: impl Into<String>) -> NodeId {
        self.push(Package::new(self.kind, name, "", ""), true)
    }

    fn push(&mut self, package: Package, own: bool) -> NodeId {
        self.nodes.push(Node {
            package,
            own,
            needs: Vec::new(),
        });
        NodeId(self.nodes.len() - 1)
    }

    pub(super) fn node(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0]
    }

    /// All packages so far.
    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(NodeId)
    }

    pub(super) fn name(&self, id: NodeId) -> &str {
        &self.nodes[id.0].package.name
    }

    /// `from` needs `to`.
    pub(super) fn need(&mut self, from: NodeId, to: NodeId) {
        self.nodes[from.0].needs.push(to);
    }

    /// The project asks for a package itself.
    pub(super) fn root(&mut self, id: NodeId, scope: DependencyScope) {
        self.roots.push((id, scope));
    }

    /// All that the project asks for was named with [`Lock::root`]: the others are transitive.
    pub(super) fn roots_are_known(&mut self) {
        self.roots_known = true;
    }

    /// Whatever nothing else needs must be asked for by the project: nothing else would have
    /// brought it in.
    pub(super) fn root_the_unneeded(&mut self, scope: DependencyScope) {
        let mut needed = vec![false; self.nodes.len()];
        for node in &self.nodes {
            for NodeId(to) in &node.needs {
                needed[*to] = true;
            }
        }
        for (NodeId(root), _) in &self.roots {
            needed[*root] = true;
        }
        for (id, needed) in needed.into_iter().enumerate() {
            if !needed && !self.nodes[id].own {
                self.roots.push((NodeId(id), scope));
            }
        }
    }

    /// Something that could not be read; line 0 for the whole file.
    pub(super) fn gap(&mut self, line: u32, detail: impl Into<String>) {
        if self.gaps.len() < MAX_GAPS {
            self.gaps.push((line, detail.into()));
        } else {
            self.gaps_left_out += 1;
        }
    }

    /// The facts of the file: each package once, with how the project came to it.
    pub(super) fn finish(mut self, path: &str) -> Facts {
        self.walk();
        let mut facts = Facts::default();
        let mut seen: HashMap<(String, String), usize> = HashMap::new();
        for node in self.nodes {
            if node.own {
                continue;
            }
            let mut package = node.package;
            path.clone_into(&mut package.evidence.path);
            let key = (package.name.clone(), package.version.clone());
            match seen.get(&key) {
                Some(at) => merge(&mut facts.packages[*at], package),
                None => {
                    seen.insert(key, facts.packages.len());
                    facts.packages.push(package);
                }
            }
        }
        for (line, detail) in self.gaps {
            let detail = match line {
                0 => detail,
                line => format!("line {line}: {detail}"),
            };
            facts
                .coverage
                .push(CoverageEntry::new(CoverageKind::SkippedFile, path, detail));
        }
        if self.gaps_left_out > 0 {
            facts.coverage.push(CoverageEntry::new(
                CoverageKind::SkippedFile,
                path,
                format!("{} more entries of this kind", self.gaps_left_out),
            ));
        }
        facts
    }

    /// Finds the shortest way to each package; ways of production before all others.
    fn walk(&mut self) {
        let mut roots = std::mem::take(&mut self.roots);
        // What a part of the project needs, the project asks for itself.
        let named: HashSet<NodeId> = roots.iter().map(|(root, _)| *root).collect();
        let own = (0..self.nodes.len()).map(NodeId);
        roots.extend(
            own.filter(|id| self.nodes[id.0].own && !named.contains(id))
                .map(|id| (id, DependencyScope::Unknown)),
        );
        roots.sort_by_key(|(_, scope)| rank(*scope));
        let mut before: Vec<Option<usize>> = vec![None; self.nodes.len()];
        let mut reached = vec![false; self.nodes.len()];
        for (NodeId(root), _) in &roots {
            self.nodes[*root].package.relationship = Relationship::Direct;
        }
        for scope in [
            DependencyScope::Production,
            DependencyScope::Unknown,
            DependencyScope::Optional,
            DependencyScope::Development,
        ] {
            let mut queue: VecDeque<usize> = VecDeque::new();
            for (NodeId(root), _) in roots.iter().filter(|(_, s)| *s == scope) {
                if !std::mem::replace(&mut reached[*root], true) {
                    queue.push_back(*root);
                }
            }
            while let Some(at) = queue.pop_front() {
                let node = &mut self.nodes[at].package;
                if node.scope == DependencyScope::Unknown {
                    node.scope = scope;
                }
                for next in 0..self.nodes[at].needs.len() {
                    let NodeId(next) = self.nodes[at].needs[next];
                    if !std::mem::replace(&mut reached[next], true) {
                        before[next] = Some(at);
                        queue.push_back(next);
                    }
                }
            }
        }
        for at in 0..self.nodes.len() {
            if self.nodes[at].package.relationship != Relationship::Unknown {
                continue;
            }
            if before[at].is_some_and(|before| self.nodes[before].own) {
                self.nodes[at].package.relationship = Relationship::Direct;
            } else if self.roots_known {
                self.nodes[at].package.relationship = Relationship::Transitive;
            }
            if reached[at] {
                self.nodes[at].package.dependency_path = self.way(at, &before);
            }
        }
    }

    fn way(&self, to: usize, before: &[Option<usize>]) -> Vec<String> {
        let mut way = Vec::new();
        let mut at = to;
        while let Some(previous) = before[at] {
            at = previous;
            let package = &self.nodes[at].package;
            if !self.nodes[at].own {
                way.push(format!("{}@{}", package.name, package.version));
            }
            if way.len() == MAX_PATH {
                return Vec::new();
            }
        }
        way.reverse();
        way
    }
}

const fn rank(scope: DependencyScope) -> u8 {
    match scope {
        DependencyScope::Production => 0,
        DependencyScope::Unknown => 1,
        DependencyScope::Optional => 2,
        DependencyScope::Development => 3,
    }
}

/// The same package at two places of a lockfile: the stronger word holds.
fn merge(kept: &mut Package, other: Package) {
    kept.line = match (kept.line, other.line) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    if other.scope != DependencyScope::Unknown
        && (kept.scope == DependencyScope::Unknown || rank(other.scope) < rank(kept.scope))
    {
        kept.scope = other.scope;
    }
    if other.relationship == Relationship::Direct {
        kept.relationship = Relationship::Direct;
        kept.dependency_path.clear();
    } else if kept.relationship != Relationship::Direct {
        if kept.relationship == Relationship::Unknown {
            kept.relationship = other.relationship;
        }
        let shorter = other.dependency_path.len() < kept.dependency_path.len();
        if !other.dependency_path.is_empty() && (kept.dependency_path.is_empty() || shorter) {
            kept.dependency_path = other.dependency_path;
        }
    }
    if kept.licenses.is_empty() {
        kept.licenses = other.licenses;
    }
}

/// Which scope a kind of dependency list has.
pub(super) fn scope_of_list(list: &str) -> DependencyScope {
    match list {
        "devDependencies" => DependencyScope::Development,
        "optionalDependencies" => DependencyScope::Optional,
        _ => DependencyScope::Production,
    }
}
