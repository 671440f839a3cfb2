use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use seaworthy_oci::{Digest, Reference};

use crate::error::{Error, Place, Problems};
use crate::load::check_version;
use crate::merge::{merge, normalise};
use crate::read::{Fields, shown};
use crate::yaml::{self, Node, Value};
use seaworthy_model::text::plain;

/// Deepest chain of includes.
const MAX_DEPTH: usize = 5;
/// Most files that one policy includes, directly and indirectly.
const MAX_FILES: usize = 50;

/// Largest file that is included, in bytes.
pub const MAX_INCLUDE: usize = yaml::MAX_BYTES;

/// Where an included file lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncludeSource {
    /// A path, as seen from where the including file's own name is.
    File(String),
    /// An `https:` address.
    Url(String),
    /// An OCI artifact whose only layer is the file: a reference, with or without a digest.
    Oci(String),
}

impl IncludeSource {
    /// What the user wrote, an artifact with `oci://` before it.
    fn text(&self) -> String {
        match self {
            Self::File(text) | Self::Url(text) => text.clone(),
            Self::Oci(text) => format!("oci://{text}"),
        }
    }
}

/// Fetches what a policy includes; implemented where files and the network are.
pub trait Includes {
    /// The bytes of an included file, at most [`MAX_INCLUDE`]. What a digest pins is verified: that
    /// of the file by the caller (`digest` is only told), that in the reference of an artifact by
    /// whoever fetches it. Nothing is kept for a next time: an include that cannot be had is an
    /// error, never what was there yesterday.
    ///
    /// # Errors
    /// In one sentence, lower case, why it cannot be had: the file is missing, the certificate has
    /// expired.
    fn fetch(&self, source: &IncludeSource, digest: Option<&Digest>) -> Result<Vec<u8>, String>;
}

/// Includes nothing: every include is an error.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoIncludes;

impl Includes for NoIncludes {
    fn fetch(&self, _: &IncludeSource, _: Option<&Digest>) -> Result<Vec<u8>, String> {
        Err("includes are not allowed here".to_owned())
    }
}

/// All files that were read, by name.
pub(crate) type Sources = FxHashMap<Arc<str>, String>;

/// Reads a policy and all that it includes into one tree; later files win.
pub(crate) fn load(
    name: &str,
    bytes: &[u8],
    includes: &dyn Includes,
) -> Result<(Node, Sources), Error> {
    let mut loader = Loader {
        includes,
        problems: Problems::default(),
        sources: Sources::default(),
        open: vec![name.to_owned()],
        included: 0,
    };
    let root = loader.file(&name.into(), bytes)?;
    let sources = loader.sources;
    loader.problems.finish((root, sources))
}

struct Loader<'i> {
    includes: &'i dyn Includes,
    problems: Problems,
    sources: Sources,
    /// The chain of files that are being read.
    open: Vec<String>,
    /// How often a file was included; one that is included twice counts twice.
    included: usize,
}

impl Loader<'_> {
    fn file(&mut self, name: &Arc<str>, bytes: &[u8]) -> Result<Node, Error> {
        let mut root = yaml::parse(name, bytes)?;
        self.sources.insert(
            Arc::clone(name),
            String::from_utf8_lossy(bytes).into_owned(),
        );
        if let Value::Map(entries) = &mut root.value {
            normalise(entries, &mut self.problems);
        }
        self.rego_files(&mut root);
        let Value::Map(entries) = &mut root.value else {
            self.problems.add(
                &root.place,
                format!("a policy must be a mapping, not {}", root.kind()),
            );
            return Ok(root);
        };
        // The including file's version would hide an included one's.
        if self.open.len() > 1
            && let Some(version) = entries.iter().find(|e| e.key == "version")
        {
            check_version(&version.value, &mut self.problems);
        }
        let Some(at) = entries.iter().position(|e| e.key == "include") else {
            return Ok(root);
        };
        let list = entries.remove(at).value;
        let mut merged: Option<Node> = None;
        for item in list.items() {
            if let Some(node) = self.include(name, item)? {
                merged = Some(match merged {
                    Some(before) => merge(before, node),
                    None => node,
                });
            }
        }
        Ok(match merged {
            Some(before) => merge(before, root),
            None => root,
        })
    }

    fn include(&mut self, from: &Arc<str>, item: &Node) -> Result<Option<Node>, Error> {
        let place = &item.place;
        let Some((source, digest)) = self.reference(from, item) else {
            return Ok(None);
        };
        let name = source.text();
        if self.open.contains(&name) {
            self.problems
                .add(place, format!("`{}` includes itself", shown(&name)));
            return Ok(None);
        }
        if self.open.len() > MAX_DEPTH || self.included >= MAX_FILES {
            self.problems.add(
                place,
                format!("more than {MAX_DEPTH} includes in a chain or {MAX_FILES} in all"),
            );
            return Ok(None);
        }
        let Some(bytes) = self.fetch(place, &source, digest.as_ref()) else {
            return Ok(None);
        };
        self.included += 1;
        self.open.push(name.clone());
        let node = self.file(&name.as_str().into(), &bytes);
        self.open.pop();
        // What is wrong in an included file is reported with the rest.
        match node {
            Ok(node) => Ok(Some(node)),
            Err(error) => {
                for problem in error.problems() {
                    self.problems.add(&problem.place, problem.message);
                }
                Ok(None)
            }
        }
    }

    fn fetch(
        &mut self,
        place: &Place,
        source: &IncludeSource,
        digest: Option<&Digest>,
    ) -> Option<Vec<u8>> {
        let name = shown(&source.text());
        match self.includes.fetch(source, digest) {
            Ok(bytes) if bytes.len() > MAX_INCLUDE => {
                self.problems
                    .add(place, format!("`{name}` has more than {MAX_INCLUDE} bytes"));
                None
            }
            Ok(bytes) => match digest {
                Some(digest) if !digest.matches(&bytes) => {
                    self.problems.add(
                        place,
                        format!(
                            "`{name}` is not what is pinned: expected {digest}, found {}",
                            Digest::of(&bytes)
                        ),
                    );
                    None
                }
                _ => Some(bytes),
            },
            Err(why) => {
                self.problems
                    .add(place, format!("cannot include `{name}`: {}", plain(&why)));
                None
            }
        }
    }

    /// Puts the text of Rego files beside their names, so that a merged tree is complete.
    fn rego_files(&mut self, root: &mut Node) {
        let from: Arc<str> = Arc::clone(&root.place.file);
        let Value::Map(entries) = &mut root.value else {
            return;
        };
        let Some(Value::List(items)) = entries
            .iter_mut()
            .find(|e| e.key == "rego")
            .map(|e| &mut e.value.value)
        else {
            return;
        };
        for item in items {
            if item.get("module").is_some() {
                continue;
            }
            let located = ["file", "url", "oci"].iter().any(|k| item.get(k).is_some());
            if !located {
                continue;
            }
            let place = item.place.clone();
            let mut stripped = item.clone();
            if let Value::Map(entries) = &mut stripped.value {
                entries.retain(|e| matches!(e.key.as_str(), "file" | "url" | "oci" | "digest"));
            }
            let Some((source, digest)) = self.reference(&from, &stripped) else {
                continue;
            };
            let Some(bytes) = self.fetch(&place, &source, digest.as_ref()) else {
                continue;
            };
            let Ok(text) = String::from_utf8(bytes) else {
                self.problems.add(&place, "the Rego file is not UTF-8 text");
                continue;
            };
            if let Value::Map(entries) = &mut item.value {
                let file: Arc<str> = source.text().as_str().into();
                let start = Place {
                    file,
                    line: 1,
                    column: 1,
                };
                entries.push(yaml::Entry {
                    key: "module".to_owned(),
                    place: place.clone(),
                    value: Node {
                        place: start,
                        value: Value::Text(text, yaml::Style::Block),
                    },
                });
            }
        }
    }
}

/// Whether a name is one of the network.
fn is_remote(name: &str) -> bool {
    name.contains("://")
}

/// The path of a file beside another one, without detours, so that a file has one name.
fn beside(from: &str, path: &str) -> String {
    let joined = Path::new(from).parent().unwrap_or(Path::new("")).join(path);
    let mut clean = PathBuf::new();
    for part in joined.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(clean.components().next_back(), Some(Component::Normal(_))) =>
            {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean.to_string_lossy().into_owned()
}

/// A plain text: an address, an artifact, else a file.
fn of_text(text: &str) -> IncludeSource {
    if let Some(reference) = text.strip_prefix("oci://") {
        IncludeSource::Oci(reference.to_owned())
    } else if is_remote(text) {
        IncludeSource::Url(text.to_owned())
    } else {
        IncludeSource::File(text.to_owned())
    }
}

impl Loader<'_> {
    /// `file: x`, `url: x`, `oci: x` with `digest`, or one of them as a plain text.
    fn reference(&mut self, from: &str, item: &Node) -> Option<(IncludeSource, Option<Digest>)> {
        let problems = &mut self.problems;
        let (node, source, digest) = match &item.value {
            Value::Text(text, _) => (item, of_text(text), None),
            _ => long_reference(item, problems)?,
        };
        let unpinned =
            "what comes over the network must be pinned: add `digest: sha256:…` of the file";
        match source {
            IncludeSource::File(_) if is_remote(from) => {
                problems.add(
                    &node.place,
                    "what came over the network cannot include files of this machine; include them by url or oci, pinned",
                );
                None
            }
            IncludeSource::File(path) => Some((IncludeSource::File(beside(from, &path)), digest)),
            IncludeSource::Url(url) if !url.starts_with("https://") => {
                problems.add(&node.place, "an included address must begin with https://");
                None
            }
            IncludeSource::Url(_) if digest.is_none() => {
                problems.add(&item.place, unpinned);
                None
            }
            IncludeSource::Oci(text) => match text.parse::<Reference>() {
                Err(error) => {
                    problems.add(&node.place, error.to_string());
                    None
                }
                Ok(reference) if reference.digest.is_none() && digest.is_none() => {
                    problems.add(
                        &item.place,
                        format!("{unpinned}, or `@sha256:…` of the artifact to its reference"),
                    );
                    None
                }
                Ok(_) => Some((IncludeSource::Oci(text), digest)),
            },
            source => Some((source, digest)),
        }
    }
}

/// The mapping's form.
fn long_reference<'n>(
    item: &'n Node,
    problems: &mut Problems,
) -> Option<(&'n Node, IncludeSource, Option<Digest>)> {
    let mut fields = Fields::of(item, "an include", problems)?;
    let mut found = Vec::new();
    type Make = fn(String) -> IncludeSource;
    let kinds: [(&'static str, Make); 3] = [
        ("file", IncludeSource::File),
        ("url", IncludeSource::Url),
        ("oci", |text| match text.strip_prefix("oci://") {
            Some(reference) => IncludeSource::Oci(reference.to_owned()),
            None => IncludeSource::Oci(text),
        }),
    ];
    for (key, make) in kinds {
        if let Some(node) = fields.node(key) {
            found.push((node, make(node.text(problems)?)));
        }
    }
    let digest = match fields.node("digest") {
        Some(node) => Some(node.word::<Digest>(problems)?),
        None => None,
    };
    fields.finish(problems);
    if found.len() != 1 {
        problems.add(&item.place, "an include has one of file, url and oci");
        return None;
    }
    let (node, source) = found.pop()?;
    Some((node, source, digest))
}
