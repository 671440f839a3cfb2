//! What is attached to an image in its registry: signatures, attestations and VEX documents.

use seaworthy_attest::PublicKey;
use seaworthy_oci::{ArtifactManifest, ArtifactStore, Digest, StoredManifest};
use seaworthy_policy::{AttestationFacts, SignatureFacts, VexDocument};
use seaworthy_signing::{
    Attestation, Error, Rejected, Signer, attestations, referrer_documents, verify,
};

/// Types of artifacts that are VEX documents, or may be.
const VEX_TYPES: [&str; 5] = [
    "application/openvex+json",
    "application/vnd.openvex+json",
    "application/csaf+json",
    "application/vnd.csaf+json",
    "application/vnd.cyclonedx+json",
];
/// The predicate of an attestation that is an OpenVEX document (OpenVEX specification, "Context").
const OPENVEX: &str = "https://openvex.dev/ns";
/// Largest list of manifests, for which an index is looked into.
const MAX_MANIFESTS: usize = 1000;

/// A public key and what it is called: the name of its file.
#[derive(Debug, Clone)]
pub struct TrustedKey {
    /// The name, which a policy's `signatures.keys` and facts have.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

impl TrustedKey {
    /// The keys of a PEM file; the name is the file's own.
    ///
    /// # Errors
    /// When it holds no public key.
    pub fn read(name: &str, text: &[u8]) -> Result<Vec<Self>, seaworthy_attest::Error> {
        let keys = PublicKey::all_from_pem(text)?;
        Ok(keys
            .into_iter()
            .map(|key| Self {
                name: name.to_owned(),
                key,
            })
            .collect())
    }
}

/// The digests that stand for an image in its repository: that of its manifest, and that of the
/// index under the same name, when it lists the manifest. What is said of the index is said of all
/// that it lists; that a tag points somewhere else by now does not matter.
///
/// # Errors
/// When the store cannot answer.
pub fn subjects(
    store: &dyn ArtifactStore,
    name: &str,
    manifest: &Digest,
) -> Result<Vec<Digest>, Error> {
    let mut subjects = vec![manifest.clone()];
    if let Some(stored) = store.manifest(name)?
        && stored.digest != *manifest
        && lists(&stored, manifest)
    {
        subjects.push(stored.digest);
    }
    Ok(subjects)
}

fn lists(index: &StoredManifest, manifest: &Digest) -> bool {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(&index.bytes) else {
        return false;
    };
    let manifests = value["manifests"].as_array();
    manifests
        .into_iter()
        .flatten()
        .take(MAX_MANIFESTS)
        .any(|entry| entry["digest"] == manifest.as_str())
}

/// The signatures and the attestations of an image; each says whether a trusted key made it.
///
/// # Errors
/// When the store cannot answer, or holds more than is looked at.
pub fn supply_facts(
    store: &dyn ArtifactStore,
    subjects: &[Digest],
    trusted: &[TrustedKey],
) -> Result<(Vec<SignatureFacts>, Vec<AttestationFacts>), Error> {
    let keys: Vec<PublicKey> = trusted.iter().map(|t| t.key.clone()).collect();
    let name_of = |hint: &str| {
        trusted
            .iter()
            .find(|t| t.key.hint() == hint)
            .map_or_else(|| hint.to_owned(), |t| t.name.clone())
    };
    let mut signatures = Vec::new();
    let mut statements = Vec::new();
    for subject in subjects {
        match verify(store, subject, &keys) {
            Ok(verified) => {
                signatures.extend(verified.into_iter().map(|signature| SignatureFacts {
                    verified: true,
                    key: Some(name_of(&signature.key)),
                    ..SignatureFacts::default()
                }))
            }
            Err(Error::Unsigned { .. } | Error::NoKeys) => {}
            Err(Error::NoneVerifies { rejected, .. }) => {
                signatures.extend(rejected.iter().map(|_| SignatureFacts::default()));
            }
            Err(other) => return Err(other),
        }
        let good = if keys.is_empty() {
            Vec::new()
        } else {
            attestations(store, subject, None, Some(&keys))?.found
        };
        for attestation in attestations(store, subject, None, None)?.found {
            let same = good.iter().find(|other| {
                other.manifest == attestation.manifest
                    && other.predicate_type == attestation.predicate_type
                    && other.predicate == attestation.predicate
            });
            statements.push(AttestationFacts {
                predicate_type: attestation.predicate_type.clone(),
                verified: same.is_some(),
                signer: same.and_then(|good| match &good.signer {
                    Signer::Key(hint) => Some(name_of(hint)),
                    Signer::Unchecked { .. } => None,
                }),
            });
        }
    }
    // One key may have signed in both formats; that is one signer.
    signatures.sort_by(|a, b| (b.verified, &a.key).cmp(&(a.verified, &b.key)));
    signatures.dedup_by(|a, b| a.verified && b.verified && a.key == b.key);
    Ok((signatures, statements))
}

/// VEX documents of a registry, and what looks like some and could not be used.
#[derive(Debug, Default)]
pub struct AttachedVex {
    /// The documents.
    pub documents: Vec<VexDocument>,
    /// In one sentence each, what was passed over and why.
    pub skipped: Vec<String>,
}

/// The VEX documents that are attached to an image: attestations with an OpenVEX document, and
/// documents that refer to it. With trusted keys, only attestations that one of them signed count:
/// whoever may write to a repository may attach a document that nobody signed.
///
/// # Errors
/// When the store cannot answer, or holds more than is looked at.
pub fn attached_vex(
    store: &dyn ArtifactStore,
    subjects: &[Digest],
    trusted: &[TrustedKey],
) -> Result<AttachedVex, Error> {
    let keys: Vec<PublicKey> = trusted.iter().map(|t| t.key.clone()).collect();
    let mut vex = AttachedVex::default();
    for subject in subjects {
        let keys = (!keys.is_empty()).then_some(keys.as_slice());
        let found = attestations(store, subject, None, keys)?;
        let is_vex = |a: &&Attestation| a.predicate_type.starts_with(OPENVEX);
        for attestation in found.found.iter().filter(is_vex) {
            vex.take(store, &attestation.manifest, &attestation.predicate);
        }
        vex.pass_over(store, &found.rejected, "is not accepted");
        let documents = referrer_documents(store, subject, &VEX_TYPES)?;
        for document in &documents.found {
            if trusted.is_empty() {
                vex.take(store, &document.manifest, &document.bytes);
            } else {
                vex.skipped.push(format!(
                    "{}: the document {} is not signed, and only those that a trusted key signed count",
                    store.name(),
                    document.manifest
                ));
            }
        }
        vex.pass_over(store, &documents.rejected, "cannot be read");
    }
    Ok(vex)
}

/// The VEX documents under a name: those that the artifact itself holds, and those that are attached
/// to it.
///
/// # Errors
/// When there is no such name, the store cannot answer, or holds more than is looked at.
pub fn vex_of(
    store: &dyn ArtifactStore,
    name: &str,
    trusted: &[TrustedKey],
) -> Result<AttachedVex, Error> {
    let stored = store
        .manifest(name)?
        .ok_or_else(|| seaworthy_oci::StoreError {
            store: store.name().to_owned(),
            message: format!("there is no {name}"),
            hint: None,
            kind: seaworthy_oci::StoreErrorKind::Missing,
        })?;
    let mut vex = attached_vex(store, std::slice::from_ref(&stored.digest), trusted)?;
    let Ok(manifest) = ArtifactManifest::parse(&stored.bytes) else {
        return Ok(vex);
    };
    for layer in &manifest.layers {
        if !VEX_TYPES.contains(&layer.media_type.as_str()) {
            continue;
        }
        // A digest pins the content; a tag may be moved by whoever writes to the repository.
        let pinned = name.contains(':') && name == stored.digest.as_str();
        if !trusted.is_empty() && !pinned {
            vex.skipped.push(format!(
                "{}: {name} is not signed, and only what a trusted key signed counts, or what is named by digest",
                store.name()
            ));
            continue;
        }
        let mut bytes = Vec::new();
        let read = store.blob(layer, 0).map(|blob| {
            std::io::Read::read_to_end(
                &mut std::io::Read::take(blob, seaworthy_signing::MAX_FETCHED),
                &mut bytes,
            )
        })?;
        match read {
            Ok(_) => vex.take(store, &stored.digest, &bytes),
            Err(e) => vex.skipped.push(format!("{}: {name}: {e}", store.name())),
        }
    }
    Ok(vex)
}

impl AttachedVex {
    fn pass_over(&mut self, store: &dyn ArtifactStore, rejected: &[Rejected], how: &str) {
        self.skipped.extend(
            (rejected.iter()).map(|r| format!("{}: {} {how}: {}", store.name(), r.place, r.reason)),
        );
    }

    fn take(&mut self, store: &dyn ArtifactStore, manifest: &Digest, bytes: &[u8]) {
        let name = format!("oci://{}@{manifest}", store.name());
        match VexDocument::read(&name, bytes) {
            Ok(document) => self.documents.push(document),
            Err(error) => self.skipped.push(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use seaworthy_attest::{KeyKind, PrivateKey};
    use seaworthy_oci::MemoryStore;
    use seaworthy_oci::artifact::{INDEX_TYPE, MANIFEST_TYPE};
    use seaworthy_signing::{SignatureFormat, attach, attest, sign};

    use super::*;

    const NOW: &str = "2026-11-25T00:00:00Z";
    const STATEMENT: &str = r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"v","author":"a","timestamp":"2026-01-01T00:00:00Z","version":1,"statements":[{"vulnerability":{"name":"CVE-2026-1"},"status":"not_affected","products":[{"@id":"pkg:npm/x"}]}]}"#;

    fn image(store: &MemoryStore) -> StoredManifest {
        let config = store.put_blob(b"{}").unwrap();
        let bytes = format!(
            r#"{{"schemaVersion":2,"mediaType":"{MANIFEST_TYPE}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}},"layers":[]}}"#
        );
        let digest = store
            .put_manifest(None, MANIFEST_TYPE, bytes.as_bytes())
            .unwrap();
        store.manifest(digest.as_str()).unwrap().unwrap()
    }

    fn key() -> (PrivateKey, Vec<TrustedKey>) {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let pem = key.public_key().to_pem();
        let trusted = TrustedKey::read("cosign.pub", pem.as_bytes()).unwrap();
        (key, trusted)
    }

    #[test]
    fn an_index_stands_for_what_it_lists() {
        let store = MemoryStore::new();
        let manifest = image(&store);
        let other = Digest::of(b"another image");
        for (listed, expected) in [(&manifest.digest, 2), (&other, 1)] {
            let bytes = format!(
                r#"{{"schemaVersion":2,"mediaType":"{INDEX_TYPE}","manifests":[{{"mediaType":"{MANIFEST_TYPE}","digest":"{listed}","size":1}}]}}"#
            );
            store
                .put_manifest(Some("1.8"), INDEX_TYPE, bytes.as_bytes())
                .unwrap();
            let found = subjects(&store, "1.8", &manifest.digest).unwrap();
            assert_eq!(found.len(), expected);
        }
        assert_eq!(
            subjects(&store, "gone", &manifest.digest).unwrap(),
            [manifest.digest]
        );
    }

    #[test]
    fn only_what_a_trusted_key_made_is_verified() {
        let store = MemoryStore::new();
        let manifest = image(&store);
        let subject = std::slice::from_ref(&manifest.digest);
        let ((ours, trusted), (theirs, _)) = (key(), key());
        assert_eq!(
            supply_facts(&store, subject, &trusted).unwrap(),
            (Vec::new(), Vec::new())
        );
        let sign_with = |key: &PrivateKey| {
            let format = SignatureFormat::Bundle;
            sign(
                &store,
                &manifest,
                "web",
                key,
                format,
                NOW,
                &Default::default(),
            )
            .unwrap();
            let kind = "https://slsa.dev/provenance/v1";
            attest(
                &store,
                &manifest,
                "web",
                key,
                format,
                NOW,
                kind,
                b"{\"by\":1}",
            )
            .unwrap();
        };
        sign_with(&theirs);
        let (signatures, statements) = supply_facts(&store, subject, &trusted).unwrap();
        assert!(signatures.iter().all(|s| !s.verified) && signatures.len() == 1);
        assert!(statements.iter().all(|s| !s.verified) && statements.len() == 1);
        sign_with(&ours);
        let (signatures, statements) = supply_facts(&store, subject, &trusted).unwrap();
        assert!(signatures[0].verified);
        assert_eq!(signatures[0].key.as_deref(), Some("cosign.pub"));
        let verified: Vec<_> = statements.iter().filter(|s| s.verified).collect();
        assert_eq!(verified.len(), 1, "{statements:?}");
        assert_eq!(verified[0].signer.as_deref(), Some("cosign.pub"));
    }

    #[test]
    fn with_keys_only_signed_vex_documents_count() {
        let store = MemoryStore::new();
        let manifest = image(&store);
        let subject = std::slice::from_ref(&manifest.digest);
        let (ours, trusted) = key();
        let kind = "application/openvex+json";
        attach(&store, &manifest, kind, kind, STATEMENT.as_bytes(), NOW).unwrap();
        attach(&store, &manifest, kind, kind, b"{}", NOW).unwrap();
        let vex = attached_vex(&store, subject, &[]).unwrap();
        assert_eq!((vex.documents.len(), vex.skipped.len()), (1, 1));
        assert!(vex.documents[0].file.starts_with("oci://memory@sha256:"));
        let vex = attached_vex(&store, subject, &trusted).unwrap();
        assert_eq!((vex.documents.len(), vex.skipped.len()), (0, 2));
        attest(
            &store,
            &manifest,
            "web",
            &ours,
            SignatureFormat::Legacy,
            NOW,
            "https://openvex.dev/ns/v0.2.0",
            STATEMENT.as_bytes(),
        )
        .unwrap();
        let vex = attached_vex(&store, subject, &trusted).unwrap();
        assert_eq!(vex.documents.len(), 1, "{:?}", vex.skipped);
    }

    #[test]
    fn a_document_may_be_an_artifact_of_its_own() {
        let store = MemoryStore::new();
        let blob = store.put_blob(STATEMENT.as_bytes()).unwrap();
        let mut artifact = ArtifactManifest::new("application/openvex+json");
        artifact.layers.push(seaworthy_oci::Descriptor {
            media_type: "application/openvex+json".to_owned(),
            digest: blob.to_string(),
            size: STATEMENT.len() as u64,
            ..seaworthy_oci::Descriptor::default()
        });
        let bytes = artifact.to_bytes().unwrap();
        let digest = store
            .put_manifest(Some("vex"), MANIFEST_TYPE, &bytes)
            .unwrap();
        let (_, trusted) = key();
        assert_eq!(vex_of(&store, "vex", &[]).unwrap().documents.len(), 1);
        assert_eq!(vex_of(&store, "vex", &trusted).unwrap().documents.len(), 0);
        let pinned = vex_of(&store, digest.as_str(), &trusted).unwrap();
        assert_eq!(pinned.documents.len(), 1);
        assert!(vex_of(&store, "gone", &[]).is_err());
    }
}
