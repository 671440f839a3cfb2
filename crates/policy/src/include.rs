use std::sync::Arc;

use rustc_hash::FxHashMap;
use seaworthy_oci::Digest;

use crate::error::{Error, Place, Problems};
use crate::merge::{merge, normalise};
use crate::read::{Fields, shown};
use crate::yaml::{self, Node, Value};

/// Deepest chain of includes.
const MAX_DEPTH: usize = 5;
/// Most files that one policy includes, directly and indirectly.
const MAX_FILES: usize = 50;

/// Where an included file lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncludeSource {
    /// A path; relative ones begin at the directory of the including file.
    File(String),
    /// An `https:` address.
    Url(String),
    /// An OCI artifact whose only layer is the file.
    Oci(String),
}

impl IncludeSource {
    fn text(&self) -> &str {
        match self {
            Self::File(text) | Self::Url(text) | Self::Oci(text) => text,
        }
    }
}

/// Fetches what a policy includes; implemented where files and the network are.
pub trait Includes {
    /// The bytes of an included file. `from` is the file that includes it, by the name it was
    /// loaded or fetched under; `digest` is the pinned digest, which the caller verifies again.
    ///
    /// # Errors
    /// In one sentence, lower case, why it cannot be had: the file is missing, the certificate has
    /// expired.
    fn fetch(
        &self,
        from: &str,
        source: &IncludeSource,
        digest: Option<&Digest>,
    ) -> Result<Vec<u8>, String>;
}

/// Includes nothing: every include is an error.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoIncludes;

impl Includes for NoIncludes {
    fn fetch(&self, _: &str, _: &IncludeSource, _: Option<&Digest>) -> Result<Vec<u8>, String> {
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
        let Some((source, digest)) = reference(item, &mut self.problems) else {
            return Ok(None);
        };
        let name = source.text().to_owned();
        if self.open.contains(&name) {
            self.problems
                .add(place, format!("`{}` includes itself", shown(&name)));
            return Ok(None);
        }
        if self.open.len() > MAX_DEPTH || self.sources.len() >= MAX_FILES {
            self.problems.add(
                place,
                format!("more than {MAX_DEPTH} includes in a chain or {MAX_FILES} in all"),
            );
            return Ok(None);
        }
        let Some(bytes) = self.fetch(from, place, &source, digest.as_ref()) else {
            return Ok(None);
        };
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
        from: &str,
        place: &Place,
        source: &IncludeSource,
        digest: Option<&Digest>,
    ) -> Option<Vec<u8>> {
        let name = shown(source.text());
        match self.includes.fetch(from, source, digest) {
            Ok(bytes) if bytes.len() > yaml::MAX_BYTES => {
                self.problems.add(
                    place,
                    format!("`{name}` has more than {} bytes", yaml::MAX_BYTES),
                );
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
                    .add(place, format!("cannot include `{name}`: {}", shown(&why)));
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
            let Some((source, digest)) = reference(&stripped, &mut self.problems) else {
                continue;
            };
            let Some(bytes) = self.fetch(&from, &place, &source, digest.as_ref()) else {
                continue;
            };
            let Ok(text) = String::from_utf8(bytes) else {
                self.problems.add(&place, "the Rego file is not UTF-8 text");
                continue;
            };
            if let Value::Map(entries) = &mut item.value {
                let file: Arc<str> = source.text().into();
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

/// `file: x`, `url: x`, `oci: x` with `digest`; a plain text is a file.
fn reference(item: &Node, problems: &mut Problems) -> Option<(IncludeSource, Option<Digest>)> {
    if let Value::Text(text, _) = &item.value {
        return Some((IncludeSource::File(text.clone()), None));
    }
    let mut fields = Fields::of(item, "an include", problems)?;
    let mut found = Vec::new();
    type Make = fn(String) -> IncludeSource;
    let kinds: [(&'static str, Make); 3] = [
        ("file", IncludeSource::File),
        ("url", IncludeSource::Url),
        ("oci", IncludeSource::Oci),
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
    match &source {
        IncludeSource::Url(url) if !url.starts_with("https://") => {
            problems.add(&node.place, "an included address must begin with https://");
            return None;
        }
        IncludeSource::Url(_) | IncludeSource::Oci(_) if digest.is_none() => {
            problems.add(
                &item.place,
                "what comes over the network must be pinned: add `digest: sha256:…` of the file",
            );
            return None;
        }
        _ => {}
    }
    Some((source, digest))
}
