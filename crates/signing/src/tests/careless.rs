//! Registries that list referrers badly.

use seaworthy_oci::StoreErrorKind;

use super::*;

/// A store whose list of referrers leaves types and annotations out, gives entries twice and names
/// manifests that say something about another subject, as registries may.
struct Careless(MemoryStore, Vec<Descriptor>);

impl ArtifactStore for Careless {
    fn name(&self) -> &str {
        "careless"
    }

    fn manifest(&self, name: &str) -> Result<Option<StoredManifest>, StoreError> {
        if name == Digest::of(b"changed").as_str() {
            return Err(StoreError {
                store: "careless".to_owned(),
                message: "its content has another digest".to_owned(),
                hint: None,
                kind: StoreErrorKind::Wrong,
            });
        }
        self.0.manifest(name)
    }

    fn blob(&self, blob: &Descriptor, from: u64) -> Result<Box<dyn Read + Send>, StoreError> {
        self.0.blob(blob, from)
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.0.has_blob(digest)
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.0.put_blob(bytes)
    }

    fn put_manifest(
        &self,
        tag: Option<&str>,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest, StoreError> {
        self.0.put_manifest(tag, media_type, bytes)
    }

    fn referrers(
        &self,
        _subject: &Digest,
        _artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, StoreError> {
        Ok(self.1.clone())
    }
}

#[test]
fn the_manifest_counts_and_not_the_list() {
    let (memory, subject) = store();
    let key = key();
    let signature = put(&memory, &subject, &key, SignatureFormat::Bundle);
    let vex = put_vex(&memory, &subject, &key, SignatureFormat::Bundle, VEX);
    let other = image(&memory, "v2");
    let foreign = put(&memory, &other, &key, SignatureFormat::Bundle);
    let missing = Digest::of(b"missing");
    let changed = Digest::of(b"changed");
    let listed = [&signature, &vex, &signature, &foreign, &missing, &changed]
        .map(|digest| Descriptor {
            digest: digest.to_string(),
            ..Descriptor::default()
        })
        .to_vec();
    let careless = Careless(memory, listed);
    let found = verify(&careless, &subject.digest, &public(&[&key])).unwrap();
    assert_eq!(found.len(), 1);
    let stranger = self::key();
    let error = verify(&careless, &subject.digest, &public(&[&stranger])).unwrap_err();
    let rejected = reasons(error);
    let reason = |of: &Digest| {
        let of = rejected.iter().find(|r| r.place == of.as_str());
        of.map(|r| r.reason.clone()).unwrap_or_default()
    };
    assert!(reason(&foreign).contains("another subject"));
    assert!(reason(&missing).contains("missing"));
    assert!(reason(&signature).contains("was not made by"));
    assert!(reason(&changed).contains("another digest"));
    assert_eq!(rejected.len(), 4, "{rejected:?}");
}
