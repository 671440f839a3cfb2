//! A repository of a registry as a store of artifacts.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderName};
use seaworthy_oci::{
    ArtifactStore, Descriptor, Digest, DigestReader, MAX_MANIFEST, MediaType, Reference,
    StoreError, StoreErrorKind, StoredManifest,
};

use super::session::{Access, Ask, At, Session};
use super::{blob, places, referrers, upload};
use crate::net::{self, Asked, Failure, Network, What};
use crate::store::{self, subject_of};
use crate::{Error, SourceOptions};

const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// The repository of a reference, whose tag and digest do not matter here. What is read may come
/// from a mirror, and is checked; what is written, and what is asked in order to write, never does.
/// Nothing is asked yet. The calls of the store block, and must not be made from asynchronous code.
///
/// # Errors
/// When certificate authorities or the file of credentials cannot be used.
pub fn registry_store(
    reference: &Reference,
    options: &SourceOptions,
) -> Result<Box<dyn ArtifactStore>, Error> {
    let network = Network::new(options)?;
    let mut sessions = network.runtime.block_on(async {
        let mut sessions = Vec::new();
        for place in places(reference, options) {
            sessions.push(place.session(&network, options).await?);
        }
        Ok::<_, Error>(sessions)
    })?;
    let name = format!("{}/{}", reference.registry, reference.repository);
    // The registry itself is the last of its places.
    let origin = sessions
        .pop()
        .ok_or_else(|| Error::operation(&*name, "no registry to ask"))?;
    Ok(Box::new(RegistryStore {
        name,
        network,
        mirrors: sessions.into_iter().map(Mirror::new).collect(),
        origin,
        lists: Mutex::new(()),
    }))
}

/// A registry that may have copies.
struct Mirror {
    session: Arc<Session>,
    /// It did not answer, or denied access, and is not waited for again.
    gone: AtomicBool,
}

impl Mirror {
    fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            gone: AtomicBool::new(false),
        }
    }

    /// Whatever goes wrong, there is the registry itself.
    async fn ask<T>(
        &self,
        ask: impl AsyncFnOnce(&Arc<Session>) -> Result<T, Failure>,
    ) -> Option<T> {
        if self.gone.load(Ordering::Relaxed) {
            return None;
        }
        match ask(&self.session).await {
            Ok(answer) => Some(answer),
            Err(failure) => {
                let answers = failure.is_missing() || matches!(failure, Failure::Wrong(_));
                self.gone.store(!answers, Ordering::Relaxed);
                None
            }
        }
    }
}

struct RegistryStore {
    name: String,
    network: Network,
    mirrors: Vec<Mirror>,
    origin: Arc<Session>,
    /// One list of referrers is written at a time, at least by this program.
    lists: Mutex<()>,
}

impl RegistryStore {
    fn error(&self, failure: Failure, session: &Session, what: What) -> StoreError {
        let kind = match &failure {
            f if f.is_missing() => StoreErrorKind::Missing,
            f if f.is_denied() => StoreErrorKind::Denied,
            Failure::Wrong(_) => StoreErrorKind::Wrong,
            _ => StoreErrorKind::Operation,
        };
        let error = failure.into_error(&Asked {
            target: &self.name,
            host: &session.host,
            what,
            now: self.network.now,
        });
        StoreError {
            store: self.name.clone(),
            message: error.message().to_owned(),
            hint: error.hint(),
            kind,
        }
    }

    fn wrong(&self, message: impl Into<String>) -> StoreError {
        store::error(&self.name, StoreErrorKind::Wrong, message)
    }

    /// Asks the mirrors, then the registry, whose word counts.
    fn anywhere<T>(
        &self,
        mut ask: impl AsyncFnMut(&Arc<Session>) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        self.network.runtime.block_on(async {
            for mirror in &self.mirrors {
                if let Some(answer) = mirror.ask(&mut ask).await {
                    return Ok(answer);
                }
            }
            ask(&self.origin)
                .await
                .map_err(|failure| self.error(failure, &self.origin, What::Artifact))
        })
    }

    /// Asks the registry itself.
    fn origin<T>(
        &self,
        what: What,
        ask: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, StoreError> {
        self.network
            .runtime
            .block_on(ask)
            .map_err(|failure| self.error(failure, &self.origin, what))
    }

    /// Makes sure that a referrer is found from its subject.
    async fn list(
        &self,
        subject: &Digest,
        referrer: &Descriptor,
        digest: &Digest,
    ) -> Result<(), Failure> {
        if !referrers::knows(&self.origin, subject, digest).await? {
            referrers::add(&self.origin, subject, referrer).await?;
        }
        Ok(())
    }
}

async fn manifest(session: &Session, name: &str) -> Result<StoredManifest, Failure> {
    let path = format!("manifests/{name}");
    let response = session
        .get(Method::GET, &path, Some(MediaType::ACCEPT), 0)
        .await?;
    let text = |name: HeaderName| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some(value.trim().to_owned())
    };
    let media_type = text(CONTENT_TYPE).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().to_owned();
    let promised = text(CONTENT_DIGEST).and_then(|digest| digest.parse::<Digest>().ok());
    let bytes = net::read(response, MAX_MANIFEST).await?;
    let asked = name.parse::<Digest>().ok();
    for digest in asked.iter().chain(&promised) {
        if !digest.matches(&bytes) {
            return Err(Failure::Wrong(format!(
                "the manifest does not have the digest {digest}"
            )));
        }
    }
    Ok(StoredManifest {
        digest: asked.unwrap_or_else(|| Digest::of(&bytes)),
        media_type,
        bytes,
    })
}

impl ArtifactStore for RegistryStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn manifest(&self, name: &str) -> Result<Option<StoredManifest>, StoreError> {
        store::check_name(&self.name, name)?;
        match self.anywhere(async |session| manifest(session, name).await) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(error) if error.kind == StoreErrorKind::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn blob(&self, blob: &Descriptor, from: u64) -> Result<Box<dyn Read + Send>, StoreError> {
        let digest = blob.digest().map_err(|e| self.wrong(e.to_string()))?;
        if from > blob.size {
            return Err(self.wrong(format!(
                "{digest} has {} bytes and cannot be read from byte {from} on",
                blob.size
            )));
        }
        if from == blob.size && from > 0 {
            return Ok(Box::new(io::empty()));
        }
        let wanted = blob::Wanted::from(digest.as_str(), blob.size, from).at(self.network.now);
        let (session, first) =
            self.anywhere(async |session| Ok((Arc::clone(session), wanted.ask(session).await?)))?;
        let stream = blob::open(&self.network.runtime, &session, wanted, Some(first));
        Ok(if from == 0 {
            Box::new(DigestReader::new(stream, digest, Some(blob.size)))
        } else {
            Box::new(store::Sized::new(stream, blob.size - from))
        })
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.origin(
            What::Artifact,
            upload::exists(&self.origin, digest, Access::Pull),
        )
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        self.origin(What::Push, async {
            if upload::exists(&self.origin, &digest, Access::Push).await? {
                return Ok(());
            }
            upload::blob(&self.origin, bytes, &digest).await
        })?;
        Ok(digest)
    }

    fn put_manifest(
        &self,
        tag: Option<&str>,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest, StoreError> {
        if let Some(tag) = tag {
            store::check_tag(&self.name, tag)?;
        }
        if bytes.len() > MAX_MANIFEST {
            return Err(self.wrong(format!(
                "a manifest of {} bytes is larger than the limit of {MAX_MANIFEST}",
                bytes.len()
            )));
        }
        let digest = Digest::of(bytes);
        let path = format!("manifests/{}", tag.unwrap_or(digest.as_str()));
        let ask = Ask::write(Method::PUT, At::Path(&path), Bytes::copy_from_slice(bytes))
            .with(CONTENT_TYPE, media_type);
        let subject = subject_of(media_type, bytes);
        let _one_at_a_time = subject
            .is_some()
            .then(|| self.lists.lock().unwrap_or_else(PoisonError::into_inner));
        self.origin(What::Push, async {
            let response = self.origin.send(&ask).await?;
            let kept = response
                .headers()
                .get(CONTENT_DIGEST)
                .and_then(|value| value.to_str().ok()?.parse::<Digest>().ok());
            if kept.is_some_and(|kept| !kept.matches(bytes)) {
                return Err(Failure::Wrong(format!(
                    "{} keeps another manifest than it was sent",
                    self.origin.host
                )));
            }
            match &subject {
                Some((subject, referrer)) if !response.headers().contains_key(OCI_SUBJECT) => {
                    self.list(subject, referrer, &digest).await
                }
                _ => Ok(()),
            }
        })?;
        Ok(digest)
    }

    fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, StoreError> {
        let asked = referrers::list(&self.origin, subject, artifact_type);
        let error = match self.origin(What::Artifact, asked) {
            // A mirror may be behind, and then an answer of it would hide what is new.
            Err(error) if error.kind == StoreErrorKind::Operation => error,
            answer => return answer,
        };
        self.network.runtime.block_on(async {
            for mirror in &self.mirrors {
                let asked = mirror
                    .ask(async |session| referrers::list(session, subject, artifact_type).await);
                if let Some(found) = asked.await {
                    return Ok(found);
                }
            }
            Err(error)
        })
    }
}
