use seaworthy_attest::{
    Bundle, BundleContent, Envelope, EnvelopeSignature, Error, IN_TOTO_TYPE, KeyKind, Material,
    MessageSignature, PrivateKey, PublicKey, SimpleSigning, Statement, from_base64, pae, predicate,
};

use crate::SUBJECT;

const COSIGN_PUB: &str = include_str!("../fixtures/cosign3.pub");
const SIGNATURE: &str = include_str!("../fixtures/cosign3-signature.bundle.json");

fn keys(text: &str) -> Vec<PublicKey> {
    PublicKey::all_from_pem(text.as_bytes()).unwrap()
}

fn envelope(bundle: &Bundle) -> &Envelope {
    match &bundle.content {
        BundleContent::Envelope(envelope) => envelope,
        BundleContent::Message(_) => panic!("a message signature"),
    }
}

/// DSSE protocol.md, "Signature Definition", with the specification's example.
#[test]
fn the_signed_bytes_are_those_of_dsse() {
    assert_eq!(
        pae("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    assert_eq!(pae("ä", b""), "DSSEv1 2 ä 0 ".as_bytes());
}

#[test]
fn bundles_of_cosign_are_verified() {
    let check = |bundle: &str, key: &str, kind: &str, annotated: bool| {
        let bundle = Bundle::parse(bundle.as_bytes()).unwrap();
        let keys = keys(key);
        let by = bundle.verify(&keys, b"").unwrap();
        assert_eq!(bundle.material, Material::PublicKey { hint: by.hint() });
        assert_eq!(envelope(&bundle).payload_type, IN_TOTO_TYPE);
        let statement = Statement::parse(&envelope(&bundle).payload).unwrap();
        assert_eq!(statement.predicate_type, kind);
        let subject = statement.subject("sha256", SUBJECT).unwrap();
        assert_eq!(subject.annotations.contains_key("stage"), annotated);
        let stranger = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let strangers = [stranger.public_key().clone()];
        let error = bundle.verify(&strangers, b"");
        assert!(matches!(error, Err(Error::Mismatch(_))));
        assert!(bundle.verify(&[], b"").is_err());
    };
    check(SIGNATURE, COSIGN_PUB, predicate::COSIGN_SIGN, true);
    check(
        include_str!("../fixtures/cosign3-attestation.bundle.json"),
        COSIGN_PUB,
        predicate::OPENVEX,
        false,
    );
    check(
        include_str!("../fixtures/cosign3-p384.bundle.json"),
        include_str!("../fixtures/cosign3-p384.pub"),
        predicate::COSIGN_SIGN,
        false,
    );
    check(
        include_str!("../fixtures/cosign3-ed25519.bundle.json"),
        include_str!("../fixtures/cosign3-ed25519.pub"),
        predicate::COSIGN_SIGN,
        false,
    );
}

#[test]
fn the_old_format_of_cosign_is_verified() {
    let payload = include_bytes!("../fixtures/cosign-legacy-signature.payload.json");
    let manifest = include_str!("../fixtures/cosign-legacy-signature.manifest.json");
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap();
    let signature = &manifest["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"];
    let signature = from_base64("signature", signature.as_str().unwrap()).unwrap();
    let keys = keys(COSIGN_PUB);
    PublicKey::find(&keys, payload, &signature).unwrap();
    let read = SimpleSigning::parse(payload).unwrap();
    assert_eq!(read.digest, format!("sha256:{SUBJECT}"));
    assert_eq!(read.annotations["stage"], "prod");
    assert_eq!(read.to_bytes().unwrap(), payload);

    let attestation = include_bytes!("../fixtures/cosign-legacy-attestation.payload.json");
    let envelope = Envelope::parse(attestation).unwrap();
    envelope.verify(&keys).unwrap();
    let statement = Statement::parse(&envelope.payload).unwrap();
    assert_eq!(statement.predicate_type, predicate::OPENVEX);
    assert!(statement.subject("sha256", SUBJECT).is_some());
}

#[test]
fn bundles_are_written_deterministically_and_read_back() {
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let make = || {
        let envelope = Envelope::sign(IN_TOTO_TYPE, b"{}".to_vec(), &key).unwrap();
        Bundle::of_key(envelope, key.public_key())
    };
    let bundle = make();
    let bytes = bundle.to_bytes().unwrap();
    assert_eq!(make().to_bytes().unwrap(), bytes);
    let read = Bundle::parse(&bytes).unwrap();
    assert_eq!(read, bundle);
    read.verify(&[key.public_key().clone()], b"").unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with(concat!(
        r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","#,
        r#""verificationMaterial":{"publicKey":{"hint":""#
    )));
    let envelope = envelope(&bundle);
    assert_eq!(
        Envelope::parse(&envelope.to_bytes().unwrap()).unwrap(),
        *envelope
    );
}

#[test]
fn what_was_signed_cannot_be_exchanged() {
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let keys = [key.public_key().clone()];
    let good = Envelope::sign(IN_TOTO_TYPE, b"{}".to_vec(), &key).unwrap();
    good.verify(&keys).unwrap();
    let changed = [
        Envelope {
            payload: b"{ }".to_vec(),
            ..good.clone()
        },
        Envelope {
            payload_type: "text/plain".to_owned(),
            ..good.clone()
        },
        Envelope {
            signatures: vec![EnvelopeSignature {
                keyid: key.public_key().hint(),
                signature: key.sign(b"{}").unwrap(),
            }],
            ..good.clone()
        },
    ];
    for envelope in changed {
        assert!(matches!(envelope.verify(&keys), Err(Error::Mismatch(_))));
    }
    let none = Envelope {
        signatures: Vec::new(),
        ..good.clone()
    };
    assert!(matches!(none.verify(&keys), Err(Error::Unsigned)));
    // One good signature among several is enough for an envelope.
    let mut several = good.clone();
    let other = EnvelopeSignature {
        keyid: "a".to_owned(),
        signature: vec![1],
    };
    several.signatures.insert(0, other);
    several.verify(&keys).unwrap();
    let bundle = Bundle::of_key(several, key.public_key())
        .to_bytes()
        .unwrap();
    assert!(matches!(Bundle::parse(&bundle), Err(Error::TooMany { .. })));
    let bundle = Bundle::of_key(none, key.public_key()).to_bytes().unwrap();
    assert!(matches!(Bundle::parse(&bundle), Err(Error::Unsigned)));
}

#[test]
fn messages_are_verified_over_the_content() {
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let keys = [key.public_key().clone()];
    let bundle = Bundle {
        material: Material::PublicKey {
            hint: "any".to_owned(),
        },
        content: BundleContent::Message(MessageSignature {
            digest: vec![7; 32],
            signature: key.sign(b"content").unwrap(),
        }),
    };
    let read = Bundle::parse(&bundle.to_bytes().unwrap()).unwrap();
    assert_eq!(read, bundle);
    read.verify(&keys, b"content").unwrap();
    assert!(read.verify(&keys, b"other").is_err());
}

#[test]
fn keyless_bundles_are_recognised() {
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let envelope = Envelope::sign(IN_TOTO_TYPE, b"{}".to_vec(), &key).unwrap();
    let bundle = Bundle {
        material: Material::Certificate(vec![0x30, 0]),
        content: BundleContent::Envelope(envelope),
    };
    let bytes = bundle.to_bytes().unwrap();
    assert_eq!(Bundle::parse(&bytes).unwrap(), bundle);
    let text = String::from_utf8(bytes).unwrap();
    // A chain, as in versions 0.1 and 0.2, with log entries, in both spellings of names.
    let old = text
        .replace(
            r#""certificate":{"rawBytes":"MAA="}"#,
            r#""x509CertificateChain":{"certificates":[{"raw_bytes":"MAA="}]},"tlogEntries":[{"logIndex":"1","x":[[{}]]}]"#,
        )
        .replace(".v0.3+json", "+json;version=0.1")
        .replace("verificationMaterial", "verification_material");
    assert_ne!(old, text);
    for text in [&text, &old] {
        let read = Bundle::parse(text.as_bytes()).unwrap();
        assert_eq!(read.material, Material::Certificate(vec![0x30, 0]));
        // Even with the right key: whose certificate it is has to be checked first.
        let error = read.verify(&[key.public_key().clone()], b"").unwrap_err();
        assert!(matches!(error, Error::Keyless), "{error}");
    }
}

#[test]
fn other_documents_are_no_bundles() {
    let check = |from: &str, to: &str, message: &str| {
        let text = SIGNATURE.replacen(from, to, 1);
        assert_ne!(text, SIGNATURE, "{from}");
        let error = Bundle::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    };
    check(".v0.3+json", ".v0.4+json", "version 0.1 to 0.3");
    check("mediaType", "type", "missing field `mediaType`");
    check(
        "dsseEnvelope",
        "envelope",
        "not exactly one of `dsseEnvelope`",
    );
    check(
        r#""dsseEnvelope""#,
        r#""messageSignature":{"signature":""},"dsseEnvelope""#,
        "not exactly one of `dsseEnvelope`",
    );
    check("publicKey", "key", "not exactly one of `publicKey`");
    check(
        r#""publicKey""#,
        r#""certificate":{"rawBytes":"MAA="},"publicKey""#,
        "not exactly one of `publicKey`",
    );
    check(
        r#""publicKey""#,
        r#""publicKey":{"hint":""},"publicKey""#,
        "duplicate field",
    );
    check(r#""sig":"#, r#""sig":"!","x":"#, "its base64 is wrong");
    check(r#""sig":"#, r#""signature":"#, "missing field `sig`");
}
