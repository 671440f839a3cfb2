use seaworthy_attest::{Error, KeyKind, MAX_KEYS, PrivateKey, PublicKey, from_base64};

use crate::{pem, pem_of_hex};

const COSIGN_KEY: &str = include_str!("../fixtures/generated-test-key.base64");
const COSIGN_PUB: &str = include_str!("../fixtures/cosign3.pub");
const P384_PUB: &str = include_str!("../fixtures/cosign3-p384.pub");
const SIGSTORE: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
const KINDS: [KeyKind; 4] = [
    KeyKind::EcdsaP256,
    KeyKind::EcdsaP384,
    KeyKind::Ed25519,
    KeyKind::Rsa,
];

#[test]
fn cosign_keys_are_read_under_both_names() {
    for label in [SIGSTORE, "ENCRYPTED COSIGN PRIVATE KEY"] {
        let text = pem(label, COSIGN_KEY);
        assert!(PrivateKey::needs_password(&text));
        let key = PrivateKey::from_pem(&text, b"").unwrap();
        assert_eq!(key.public_key().to_pem(), COSIGN_PUB);
        assert_eq!(
            key.public_key().hint(),
            "h5tCKKBLiB10IE96EOK6DskAk2ieoPTcRHKnRoY25HE="
        );
        let error = PrivateKey::from_pem(&text, b"other").unwrap_err();
        assert!(matches!(error, Error::Password), "{error}");
    }
}

#[test]
fn keys_of_every_kind_are_generated_written_and_read_back() {
    for kind in KINDS {
        let key = PrivateKey::generate(kind).unwrap();
        let public = key.public_key();
        assert_eq!(public.kind(), kind);
        assert_eq!(
            PublicKey::from_pem(public.to_pem().as_bytes()).unwrap(),
            *public
        );
        assert_eq!(PublicKey::from_der(public.to_der()).unwrap(), *public);

        let sealed = key.to_encrypted_pem("pässword".as_bytes()).unwrap();
        assert!(sealed.starts_with(&format!("-----BEGIN {SIGSTORE}-----\n")));
        let read = PrivateKey::from_pem(sealed.as_bytes(), "pässword".as_bytes()).unwrap();
        let plain = key.to_plain_pem().unwrap();
        assert!(!PrivateKey::needs_password(plain.as_bytes()));
        let plain = PrivateKey::from_pem(plain.as_bytes(), b"unused").unwrap();

        let signature = key.sign(b"message").unwrap();
        for other in [&read, &plain] {
            assert_eq!(other.sign(b"message").unwrap(), signature, "{kind}");
            other.public_key().verify(b"message", &signature).unwrap();
        }
        assert!(public.verify(b"massage", &signature).is_err());
        assert!(public.verify(b"message", &signature[1..]).is_err());
        assert!(public.verify(b"message", b"").is_err());
        let stranger = PrivateKey::generate(kind).unwrap();
        assert_ne!(stranger.public_key(), public);
        assert!(
            stranger
                .public_key()
                .verify(b"message", &signature)
                .is_err()
        );
    }
}

/// RFC 6979, A.2.5, and RFC 8032, 7.1, test 1.
#[test]
fn signatures_are_those_of_the_standards() {
    let p256 = pem_of_hex(
        "EC PRIVATE KEY",
        concat!(
            "30310201010420",
            "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
            "a00a06082a8648ce3d030107"
        ),
    );
    let key = PrivateKey::from_pem(&p256, b"").unwrap();
    assert_eq!(
        hex::encode(key.sign(b"sample").unwrap()),
        concat!(
            "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
            "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
        )
    );
    let ed25519 = pem_of_hex(
        "PRIVATE KEY",
        concat!(
            "302e020100300506032b657004220420",
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
        ),
    );
    let key = PrivateKey::from_pem(&ed25519, b"").unwrap();
    assert_eq!(
        hex::encode(key.sign(b"").unwrap()),
        concat!(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155",
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        )
    );
}

#[test]
fn signatures_of_openssl_are_good() {
    let check = |key: &str, signature: &str| {
        let key = PublicKey::from_pem(key.as_bytes()).unwrap();
        let signature = from_base64("signature", signature).unwrap();
        key.verify(b"a message\n", &signature).unwrap();
        assert!(key.verify(b"a message", &signature).is_err());
    };
    check(
        P384_PUB,
        include_str!("../fixtures/openssl-p384-sha256.signature"),
    );
    check(
        include_str!("../fixtures/openssl-rsa.pub"),
        include_str!("../fixtures/openssl-rsa-sha256.signature"),
    );
}

#[test]
fn several_public_keys_are_read_from_one_file() {
    let both = format!("first\n{COSIGN_PUB}second\n{P384_PUB}");
    let keys = PublicKey::all_from_pem(both.as_bytes()).unwrap();
    let kinds: Vec<_> = keys.iter().map(PublicKey::kind).collect();
    assert_eq!(kinds, [KeyKind::EcdsaP256, KeyKind::EcdsaP384]);
    assert_eq!(PublicKey::from_pem(both.as_bytes()).unwrap(), keys[0]);
    let many = COSIGN_PUB.repeat(MAX_KEYS + 1);
    assert!(matches!(
        PublicKey::all_from_pem(many.as_bytes()),
        Err(Error::TooMany { .. })
    ));
}

#[test]
fn what_is_no_private_key_is_told() {
    let check = |text: &[u8], message: &str| {
        let error = PrivateKey::from_pem(text, b"").unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    };
    check(b"", "no PEM block");
    check(COSIGN_PUB.as_bytes(), "it is a public key");
    check(&pem("CERTIFICATE", "AAAA"), "it is a `CERTIFICATE`");
    check(&pem("OPENSSH PRIVATE KEY", "AAAA"), "not read here");
    check(
        &pem("ENCRYPTED PRIVATE KEY", "AAAA"),
        "openssl pkcs8 -topk8 -nocrypt",
    );
    check(
        &pem("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nAAAA"),
        "openssl pkcs8 -topk8 -nocrypt",
    );
    check(&pem("PRIVATE KEY", "AAAA"), "the private key is not valid");
    check(
        &pem("RSA PRIVATE KEY", "AAAA"),
        "the private key is not valid",
    );
    check(&pem("EC PRIVATE KEY", "AAAA"), "unknown curve, or damaged");
    check(
        &pem(SIGSTORE, "AAAA"),
        "the encrypted private key is not valid",
    );
    // secp256k1 and X25519.
    check(
        &pem_of_hex(
            "PRIVATE KEY",
            "301a020100301006072a8648ce3d020106052b8104000a0403040130",
        ),
        "1.3.132.0.10",
    );
    check(
        &pem_of_hex("PRIVATE KEY", "300f020100300506032b656e0403040130"),
        "1.3.101.110",
    );
}

#[test]
fn what_is_no_public_key_is_told() {
    let check = |text: &[u8], message: &str| {
        let error = PublicKey::from_pem(text).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    };
    check(b"", "no PEM block");
    check(&pem(SIGSTORE, COSIGN_KEY), "its public half");
    check(&pem("CERTIFICATE", "AAAA"), "openssl x509 -pubkey");
    check(&pem("PUBLIC KEY", "AAAA"), "the public key is not valid");
    // A point that is not on the curve, and RSA with 512 bits.
    check(
        &pem_of_hex(
            "PUBLIC KEY",
            &format!(
                "3059301306072a8648ce3d020106082a8648ce3d03010703420004{}",
                "01".repeat(64)
            ),
        ),
        "the public key is not valid",
    );
    check(
        &pem_of_hex(
            "PUBLIC KEY",
            &format!(
                "305c300d06092a864886f70d0101010500034b003048024100{}0203010001",
                "c1".repeat(64)
            ),
        ),
        "RSA with 512 bits",
    );
}

#[test]
fn no_output_shows_a_private_key() {
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let plain = key.to_plain_pem().unwrap();
    let secret = plain.lines().nth(1).unwrap();
    let shown = format!("{key:?} {}", key.public_key());
    assert!(shown.contains(&key.public_key().hint()), "{shown}");
    assert!(!shown.contains(&secret[30..]), "{shown}");
    assert!(shown.contains("PrivateKey { public: PublicKey { kind: Ed25519"));
}
