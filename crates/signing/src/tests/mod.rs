//! Both formats in a store, with what cosign 3.1.3 put into one (`attest/tests/fixtures`).

mod attached;
mod careless;

use std::collections::BTreeMap;
use std::io::Read;

use seaworthy_attest::{
    BUNDLE_TYPE, Bundle, BundleContent, Envelope, IN_TOTO_TYPE, KeyKind, Material,
    MessageSignature, PrivateKey, PublicKey, Statement, predicate,
};
use seaworthy_oci::artifact::MANIFEST_TYPE;
use seaworthy_oci::{
    ArtifactManifest, ArtifactStore, Descriptor, Digest, MemoryStore, StoreError, StoredManifest,
};

use crate::candidate::PREDICATE_TYPE;
use crate::legacy::{CERTIFICATE, Kind, SIGNATURE, tag};
use crate::sign::{put_referrer, subject_of};
use crate::{
    Error, MAX_BLOB, MAX_REFERRERS, Rejected, SignatureFormat, Signer, attach, attest,
    attestations, referrer_documents, sign, verify,
};

const NOW: &str = "2026-11-25T12:00:00Z";
const IDENTITY: &str = "registry.example/app";
const FORMATS: [SignatureFormat; 2] = [SignatureFormat::Bundle, SignatureFormat::Legacy];
const VEX: &[u8] = br#"{"@id":"https://example.com/vex/1"}"#;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../attest/tests/fixtures/",
            $name
        ))
    };
}

/// A store with an image under the tag `v1`.
fn store() -> (MemoryStore, StoredManifest) {
    let store = MemoryStore::new();
    let subject = image(&store, "v1");
    (store, subject)
}

fn image(store: &MemoryStore, name: &str) -> StoredManifest {
    let mut manifest = ArtifactManifest::new("application/vnd.example");
    manifest.annotations = [("name".to_owned(), name.to_owned())].into();
    let bytes = manifest.to_bytes().unwrap();
    store
        .put_manifest(Some(name), MANIFEST_TYPE, &bytes)
        .unwrap();
    store.manifest(name).unwrap().unwrap()
}

fn key() -> PrivateKey {
    PrivateKey::generate(KeyKind::EcdsaP256).unwrap()
}

fn public(keys: &[&PrivateKey]) -> Vec<PublicKey> {
    keys.iter().map(|key| key.public_key().clone()).collect()
}

fn put(
    store: &dyn ArtifactStore,
    subject: &StoredManifest,
    key: &PrivateKey,
    format: SignatureFormat,
) -> Digest {
    let annotations = [("stage".to_owned(), "prod".to_owned())].into();
    sign(store, subject, IDENTITY, key, format, NOW, &annotations).unwrap()
}

fn put_vex(
    store: &dyn ArtifactStore,
    subject: &StoredManifest,
    key: &PrivateKey,
    format: SignatureFormat,
    vex: &[u8],
) -> Digest {
    let kind = "https://openvex.dev/ns/v0.2.0";
    attest(store, subject, IDENTITY, key, format, NOW, kind, vex).unwrap()
}

fn reasons(error: Error) -> Vec<Rejected> {
    match error {
        Error::NoneVerifies { rejected, .. } => rejected,
        other => panic!("{other}"),
    }
}

#[test]
fn what_was_signed_verifies_in_both_formats() {
    for format in FORMATS {
        let (store, subject) = store();
        let key = key();
        let signed = put(&store, &subject, &key, format);
        let [found] = &verify(&store, &subject.digest, &public(&[&key])).unwrap()[..] else {
            panic!("not one signature");
        };
        assert_eq!((found.format, &found.manifest), (format, &signed));
        assert_eq!(found.key, key.public_key().hint());
        assert_eq!(found.identity.as_deref(), Some(IDENTITY));
        assert_eq!(found.annotations["stage"], "prod");
        let created = (format == SignatureFormat::Bundle).then_some(NOW);
        assert_eq!(found.created.as_deref(), created);
    }
}

#[test]
fn manifests_of_signatures_are_those_of_cosign() {
    let (store, subject) = store();
    let key = key();
    let bundle = put(&store, &subject, &key, SignatureFormat::Bundle);
    let manifest = store.manifest(bundle.as_str()).unwrap().unwrap();
    let manifest = ArtifactManifest::parse(&manifest.bytes).unwrap();
    let theirs = ArtifactManifest::parse(fixture!("cosign3-signature.manifest.json")).unwrap();
    assert_eq!(manifest.artifact_type, theirs.artifact_type);
    assert_eq!(manifest.config.media_type, theirs.config.media_type);
    assert_eq!(manifest.config.digest, theirs.config.digest);
    assert_eq!(manifest.layers[0].media_type, theirs.layers[0].media_type);
    assert_eq!(
        manifest.annotations.keys().collect::<Vec<_>>(),
        theirs.annotations.keys().collect::<Vec<_>>()
    );
    let about = manifest.subject.unwrap();
    assert_eq!(about.digest, subject.digest.to_string());
    assert_eq!(about.media_type, MANIFEST_TYPE);
    assert_eq!(about.size, subject.bytes.len() as u64);
    assert!(store.has_blob(&manifest.config.digest().unwrap()).unwrap());

    put(&store, &subject, &key, SignatureFormat::Legacy);
    let name = format!("sha256-{}.sig", subject.digest.hex());
    let manifest = store.manifest(&name).unwrap().unwrap();
    let manifest = ArtifactManifest::parse(&manifest.bytes).unwrap();
    let theirs =
        ArtifactManifest::parse(fixture!("cosign-legacy-signature.manifest.json")).unwrap();
    assert_eq!(manifest.artifact_type, None);
    assert_eq!(manifest.subject, None);
    assert_eq!(manifest.config.media_type, theirs.config.media_type);
    assert_eq!(manifest.config.size, theirs.config.size);
    assert_eq!(manifest.layers[0].media_type, theirs.layers[0].media_type);
}

#[test]
fn signing_again_changes_nothing_and_another_key_adds_one() {
    for format in FORMATS {
        let (store, subject) = store();
        let (first, second) = (key(), key());
        let once = put(&store, &subject, &first, format);
        let later = BTreeMap::from([("stage".to_owned(), "prod".to_owned())]);
        let twice = sign(
            &store,
            &subject,
            IDENTITY,
            &first,
            format,
            "2027-01-01T00:00:00Z",
            &later,
        );
        assert_eq!(twice.unwrap(), once);
        put(&store, &subject, &second, format);
        let both = public(&[&first, &second]);
        assert_eq!(verify(&store, &subject.digest, &both).unwrap().len(), 2);
        assert_eq!(
            verify(&store, &subject.digest, &both[..1]).unwrap().len(),
            1
        );
        assert_eq!(
            verify(&store, &subject.digest, &both[1..]).unwrap().len(),
            1
        );
    }
}

#[test]
fn nothing_signed_and_nothing_good_are_different_errors() {
    let (store, subject) = store();
    let (signer, other) = (key(), key());
    let keys = public(&[&other]);
    assert!(matches!(
        verify(&store, &subject.digest, &keys),
        Err(Error::Unsigned { .. })
    ));
    // An attestation is no signature, whoever made it.
    for format in FORMATS {
        put_vex(&store, &subject, &other, format, VEX);
    }
    assert!(matches!(
        verify(&store, &subject.digest, &keys),
        Err(Error::Unsigned { .. })
    ));
    let places = FORMATS.map(|format| put(&store, &subject, &signer, format).to_string());
    let error = verify(&store, &subject.digest, &keys).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("was not made by the ECDSA P-256 key"),
        "{message}"
    );
    let rejected: Vec<String> = reasons(error).into_iter().map(|r| r.place).collect();
    assert_eq!(rejected, places);
    assert!(matches!(
        verify(&store, &subject.digest, &[]),
        Err(Error::NoKeys)
    ));
}

#[test]
fn a_signature_of_another_digest_is_not_inherited() {
    for format in FORMATS {
        let (store, signed) = store();
        let key = key();
        let place = put(&store, &signed, &key, format);
        let other = image(&store, "v2");
        // The attacker hangs the good signature of one image on another.
        let manifest = store.manifest(place.as_str()).unwrap().unwrap();
        let mut manifest = ArtifactManifest::parse(&manifest.bytes).unwrap();
        if let Some(about) = &mut manifest.subject {
            about.digest = other.digest.to_string();
        }
        let name = tag(&other.digest, Kind::Signatures);
        let moved = (format == SignatureFormat::Legacy).then_some(name.as_str());
        store
            .put_manifest(moved, MANIFEST_TYPE, &manifest.to_bytes().unwrap())
            .unwrap();
        let error = verify(&store, &other.digest, &public(&[&key])).unwrap_err();
        let rejected = reasons(error);
        assert!(
            rejected[0].reason.contains("not of this digest"),
            "{rejected:?}"
        );
        assert_eq!(rejected.len(), 1);
        verify(&store, &signed.digest, &public(&[&key])).unwrap();
    }
}

#[test]
fn signatures_may_lie_in_another_store_than_their_subject() {
    for format in FORMATS {
        let (_, subject) = store();
        let elsewhere = MemoryStore::new();
        let key = key();
        put(&elsewhere, &subject, &key, format);
        verify(&elsewhere, &subject.digest, &public(&[&key])).unwrap();
    }
}

#[test]
fn bad_ones_beside_a_good_one_do_no_harm() {
    let (store, subject) = store();
    let (good, bad) = (key(), key());
    put(&store, &subject, &bad, SignatureFormat::Bundle);
    put(&store, &subject, &bad, SignatureFormat::Legacy);
    hang(&store, &subject, b"not a bundle");
    // Said to be huge, said to be there, said to be other bytes.
    hang_layer(&store, &subject, Digest::of(b"huge"), u64::MAX);
    hang_layer(&store, &subject, Digest::of(b"large"), MAX_BLOB + 1);
    hang_layer(&store, &subject, Digest::of(b"missing"), 7);
    let blob = store.put_blob(b"short").unwrap();
    hang_layer(&store, &subject, blob, 500);
    put(&store, &subject, &good, SignatureFormat::Bundle);
    let found = verify(&store, &subject.digest, &public(&[&good])).unwrap();
    assert_eq!(found.len(), 1);

    let stranger = key();
    let error = verify(&store, &subject.digest, &public(&[&stranger])).unwrap_err();
    let rejected = reasons(error);
    let count = |part: &str| rejected.iter().filter(|r| r.reason.contains(part)).count();
    assert_eq!(count("was not made by"), 3);
    assert_eq!(count("the bundle is not valid"), 1);
    assert_eq!(count("more than the limit"), 2);
    assert_eq!(count("no blob"), 1);
    assert_eq!(count("with 500 bytes"), 1);
    assert_eq!(rejected.len(), 8);
}

/// Keeps a blob as a bundle that refers to the subject.
fn hang(store: &MemoryStore, subject: &StoredManifest, content: &[u8]) -> Digest {
    let none = BTreeMap::new();
    put_referrer(store, subject, BUNDLE_TYPE, BUNDLE_TYPE, content, none).unwrap()
}

fn hang_layer(store: &MemoryStore, subject: &StoredManifest, digest: Digest, size: u64) {
    let mut manifest = ArtifactManifest::new(BUNDLE_TYPE);
    manifest.layers.push(Descriptor {
        media_type: BUNDLE_TYPE.to_owned(),
        digest: digest.to_string(),
        size,
        ..Descriptor::default()
    });
    manifest.subject = Some(Descriptor {
        digest: subject.digest.to_string(),
        ..Descriptor::default()
    });
    store
        .put_manifest(None, MANIFEST_TYPE, &manifest.to_bytes().unwrap())
        .unwrap();
}

#[test]
fn keyless_signatures_are_told_apart() {
    let (store, subject) = store();
    let key = key();
    let statement = Statement::about(
        subject_of(&subject.digest),
        predicate::COSIGN_SIGN,
        b"{}".to_vec(),
    );
    let envelope = Envelope::sign(IN_TOTO_TYPE, statement.to_bytes().unwrap(), &key).unwrap();
    let bundle = Bundle {
        material: Material::Certificate(vec![0x30, 0]),
        content: BundleContent::Envelope(envelope),
    };
    hang(&store, &subject, &bundle.to_bytes().unwrap());
    let stranger = self::key();
    let annotations = [
        (SIGNATURE.to_owned(), "AAAA".to_owned()),
        (CERTIFICATE.to_owned(), "PEM".to_owned()),
    ];
    crate::legacy::append(
        &store,
        &subject.digest,
        Kind::Signatures,
        seaworthy_attest::SIMPLE_SIGNING_TYPE,
        b"{}",
        annotations.into(),
    )
    .unwrap();
    let error = verify(&store, &subject.digest, &public(&[&key, &stranger])).unwrap_err();
    let rejected = reasons(error);
    assert_eq!(rejected.len(), 2);
    assert!(
        rejected.iter().all(|r| r.reason.contains("keyless")),
        "{rejected:?}"
    );
    let all = attestations(&store, &subject.digest, Some(predicate::COSIGN_SIGN), None).unwrap();
    assert_eq!(all.found[0].signer, Signer::Unchecked { keyless: true });
}

#[test]
fn signatures_over_the_manifest_itself_are_good() {
    let (store, subject) = store();
    let key = key();
    let message = |content: &[u8]| Bundle {
        material: Material::PublicKey {
            hint: String::new(),
        },
        content: BundleContent::Message(MessageSignature {
            digest: Vec::new(),
            signature: key.sign(content).unwrap(),
        }),
    };
    let bytes = message(&subject.bytes).to_bytes().unwrap();
    hang(&store, &subject, &message(b"other").to_bytes().unwrap());
    let keys = public(&[&key]);
    let error = verify(&store, &subject.digest, &keys).unwrap_err();
    assert_eq!(reasons(error).len(), 1);
    hang(&store, &subject, &bytes);
    assert_eq!(verify(&store, &subject.digest, &keys).unwrap().len(), 1);
    let elsewhere = MemoryStore::new();
    hang(&elsewhere, &subject, &bytes);
    let rejected = reasons(verify(&elsewhere, &subject.digest, &keys).unwrap_err());
    assert!(
        rejected[0].reason.contains("not in the same store"),
        "{rejected:?}"
    );
}

#[test]
fn signatures_of_cosign_are_good() {
    let subject: Digest = "sha256:b6bdb0fdbfe74e1ee3f9901be415828023201e95ba7420742c133ab39cc8808b"
        .parse()
        .unwrap();
    let keys = PublicKey::all_from_pem(fixture!("cosign3.pub")).unwrap();
    let check = |format, blobs: [&[u8]; 2], manifests: [&[u8]; 2]| {
        let store = MemoryStore::new();
        for (kind, manifest) in [Kind::Signatures, Kind::Attestations]
            .into_iter()
            .zip(manifests)
        {
            let name = tag(&subject, kind);
            let name = (format == SignatureFormat::Legacy).then_some(name.as_str());
            store.put_manifest(name, MANIFEST_TYPE, manifest).unwrap();
        }
        for blob in blobs {
            store.put_blob(blob).unwrap();
        }
        let found = verify(&store, &subject, &keys).unwrap();
        assert_eq!((found.len(), found[0].format), (1, format));
        assert_eq!(found[0].annotations["stage"], "prod");
        let found = attestations(&store, &subject, Some(predicate::OPENVEX), Some(&keys)).unwrap();
        assert_eq!((found.found.len(), found.rejected.len()), (1, 0));
        assert_eq!(found.found[0].signer, Signer::Key(keys[0].hint()));
        assert!(found.found[0].predicate.starts_with(b"{\"@context\""));
    };
    check(
        SignatureFormat::Bundle,
        [
            fixture!("cosign3-signature.bundle.json"),
            fixture!("cosign3-attestation.bundle.json"),
        ],
        [
            fixture!("cosign3-signature.manifest.json"),
            fixture!("cosign3-attestation.manifest.json"),
        ],
    );
    check(
        SignatureFormat::Legacy,
        [
            fixture!("cosign-legacy-signature.payload.json"),
            fixture!("cosign-legacy-attestation.payload.json"),
        ],
        [
            fixture!("cosign-legacy-signature.manifest.json"),
            fixture!("cosign-legacy-attestation.manifest.json"),
        ],
    );
}

#[test]
fn too_many_referrers_are_no_answer() {
    let (store, subject) = store();
    let key = key();
    put(&store, &subject, &key, SignatureFormat::Bundle);
    for number in 0..MAX_REFERRERS {
        hang_layer(&store, &subject, Digest::of(&number.to_be_bytes()), 1);
    }
    let error = verify(&store, &subject.digest, &public(&[&key])).unwrap_err();
    assert!(matches!(error, Error::TooMuch { .. }), "{error}");
}

#[test]
fn what_is_no_list_of_signatures_is_not_overwritten() {
    let (store, subject) = store();
    let name = tag(&subject.digest, Kind::Signatures);
    store
        .put_manifest(Some(&name), "text/plain", b"[]")
        .unwrap();
    let key = key();
    let error = sign(
        &store,
        &subject,
        IDENTITY,
        &key,
        SignatureFormat::Legacy,
        NOW,
        &BTreeMap::new(),
    );
    assert!(matches!(error, Err(Error::NotSignatures { .. })));
    assert_eq!(store.manifest(&name).unwrap().unwrap().bytes, b"[]");
    let rejected = reasons(verify(&store, &subject.digest, &public(&[&key])).unwrap_err());
    assert_eq!(rejected[0].place, name);
}
