//! A repository in memory that takes pushes, on a port of this machine, and can be made to misbehave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use seaworthy_oci::artifact::INDEX_TYPE;
use seaworthy_oci::{ArtifactManifest, ArtifactStore, Descriptor, Reference};
use seaworthy_source::{Credentials, registry_store};

use super::server::{Reply, Request, Server};
use super::*;

pub fn options() -> SourceOptions {
    SourceOptions {
        plain_http: true,
        timing: hasty(),
        ..SourceOptions::default()
    }
}

pub fn login() -> SourceOptions {
    SourceOptions {
        credentials: Some(Credentials {
            username: "user".to_owned(),
            password: "secret-pass".to_owned(),
        }),
        ..options()
    }
}

/// `Basic` of user:secret-pass
pub const BASIC: &str = "Basic dXNlcjpzZWNyZXQtcGFzcw==";

/// What a registry knows of the specification.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Knows {
    /// Referrers and their API.
    Referrers,
    /// Neither.
    Nothing,
}

#[derive(Default)]
pub struct Content {
    pub blobs: BTreeMap<String, Vec<u8>>,
    pub manifests: BTreeMap<String, (String, Vec<u8>)>,
    pub uploads: BTreeMap<String, Vec<u8>>,
}

/// `shop/web` of a registry.
pub struct Registry {
    pub server: Server,
    pub content: Arc<Mutex<Content>>,
}

impl Registry {
    /// `misbehave` gives an answer, or none to be answered as a well-behaved registry would.
    pub fn start(
        knows: Knows,
        misbehave: impl Fn(&Request, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let content = Arc::new(Mutex::new(Content::default()));
        let shared = Arc::clone(&content);
        let server = Server::start(move |request, number| {
            misbehave(request, number)
                .unwrap_or_else(|| shared.lock().unwrap().answer(knows, request, number))
        });
        Self { server, content }
    }

    fn reference(&self) -> Reference {
        format!("{}/shop/web:1", self.server.address)
            .parse()
            .unwrap()
    }

    pub fn store(&self, options: &SourceOptions) -> Box<dyn ArtifactStore> {
        registry_store(&self.reference(), options).unwrap()
    }

    pub fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        let content = self.content.lock().unwrap();
        content.blobs.get(digest.as_str()).cloned()
    }

    /// How often a method was used.
    pub fn count(&self, method: &str) -> usize {
        let lines = self.server.lines();
        lines.iter().filter(|line| line.starts_with(method)).count()
    }
}

impl Content {
    pub fn answer(&mut self, knows: Knows, request: &Request, number: usize) -> Reply {
        let (path, query) = request
            .path()
            .split_once('?')
            .unwrap_or((request.path(), ""));
        let Some(path) = path.strip_prefix("/v2/shop/web/") else {
            return Reply::new(404, "");
        };
        match path.split_once('/') {
            Some(("blobs", rest)) => match rest.strip_prefix("uploads/") {
                Some(id) => self.upload(request, id, query, number),
                None => self.blob(request, rest),
            },
            Some(("manifests", name)) => self.manifest(knows, request, name),
            Some(("referrers", subject)) if knows == Knows::Referrers => self.referrers(subject),
            _ => Reply::new(404, "404 page not found").with("Content-Type", "text/plain"),
        }
    }

    fn blob(&self, request: &Request, digest: &str) -> Reply {
        match (self.blobs.get(digest), request.from()) {
            (None, _) => Reply::new(404, ""),
            (Some(body), Some(from)) => Reply::new(206, &body[from..]).with(
                "Content-Range",
                format!("bytes {from}-{}/{}", body.len() - 1, body.len()),
            ),
            (Some(body), None) => Reply::new(200, body.clone()),
        }
    }

    fn upload(&mut self, request: &Request, id: &str, query: &str, number: usize) -> Reply {
        if request.method() == "POST" {
            self.uploads.insert(format!("u{number}"), Vec::new());
            return Reply::new(202, "").with(
                "Location",
                format!("/v2/shop/web/blobs/uploads/u{number}?_state=a%2Fb"),
            );
        }
        assert!(query.starts_with("_state=a%2Fb"), "{query}");
        let Some(upload) = self.uploads.get_mut(id) else {
            return Reply::new(404, "");
        };
        if request.method() == "PATCH" {
            let range = request.header("content-range").unwrap();
            let expected = format!("{}-{}", upload.len(), upload.len() + request.body.len() - 1);
            if range != expected {
                return Reply::new(416, "");
            }
        }
        upload.extend_from_slice(&request.body);
        let range = format!("0-{}", upload.len().saturating_sub(1));
        match request.method() {
            "PUT" => {
                let upload = self.uploads.remove(id).unwrap();
                let digest = Digest::of(&upload).to_string();
                let named = query.strip_prefix("_state=a%2Fb&digest=").unwrap();
                if named.replace("%3A", ":") != digest {
                    return Reply::new(400, r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#);
                }
                self.blobs.insert(digest, upload);
                Reply::new(201, "")
            }
            method => Reply::new(if method == "PATCH" { 202 } else { 204 }, "")
                .with(
                    "Location",
                    format!(
                        "http://{}/v2/shop/web/blobs/uploads/{id}?_state=a%2Fb",
                        request.header("host").unwrap()
                    ),
                )
                .with("Range", range),
        }
    }

    fn manifest(&mut self, knows: Knows, request: &Request, name: &str) -> Reply {
        if request.method() == "PUT" {
            let digest = Digest::of(&request.body).to_string();
            let kind = request.header("content-type").unwrap().to_owned();
            for name in [name, &digest] {
                let kept = (kind.clone(), request.body.clone());
                self.manifests.insert(name.to_owned(), kept);
            }
            let reply = Reply::new(201, "").with("Docker-Content-Digest", digest);
            let manifest: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            return match manifest["subject"]["digest"].as_str() {
                Some(subject) if knows == Knows::Referrers => reply.with("OCI-Subject", subject),
                _ => reply,
            };
        }
        match self.manifests.get(name) {
            Some((kind, body)) => Reply::new(200, body.clone())
                .with("Content-Type", kind.clone())
                .with("Docker-Content-Digest", Digest::of(body).to_string()),
            None => Reply::new(404, ""),
        }
    }

    fn referrers(&self, subject: &str) -> Reply {
        let mut found = BTreeMap::new();
        for (kind, body) in self.manifests.values() {
            let manifest: serde_json::Value = serde_json::from_slice(body).unwrap();
            if manifest["subject"]["digest"] == subject {
                let digest = Digest::of(body).to_string();
                let entry = serde_json::json!({
                    "mediaType": kind, "digest": digest, "size": body.len(),
                    "artifactType": manifest["artifactType"],
                });
                found.insert(digest, entry);
            }
        }
        let entries: Vec<_> = found.into_values().collect();
        index(&entries)
    }
}

pub fn index(entries: &[serde_json::Value]) -> Reply {
    let index =
        serde_json::json!({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries});
    Reply::new(200, index.to_string()).with("Content-Type", INDEX_TYPE)
}

pub fn descriptor(digest: &Digest, size: usize) -> Descriptor {
    Descriptor {
        digest: digest.to_string(),
        size: size as u64,
        ..Descriptor::default()
    }
}

pub fn read(store: &dyn ArtifactStore, blob: &Descriptor, from: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut stream = store.blob(blob, from).map_err(|e| e.to_string())?;
    stream.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    Ok(bytes)
}

/// An artifact about another.
pub fn note(subject: &Digest, kind: &str, text: &str) -> Vec<u8> {
    let mut manifest = ArtifactManifest::new(kind);
    manifest.subject = Some(descriptor(subject, 1));
    manifest
        .annotations
        .insert("text".to_owned(), text.to_owned());
    manifest.to_bytes().unwrap()
}

pub const NOTE: &str = "application/vnd.example.note";
