use proptest::prelude::*;
use seaworthy_attest::{
    Bundle, BundleContent, Envelope, Error, MAX_SIGNATURES, PrivateKey, PublicKey, SimpleSigning,
    Statement,
};

use crate::pem;

const SIGNATURE: &[u8] = include_bytes!("../fixtures/cosign3-signature.bundle.json");
const PAYLOAD: &[u8] = include_bytes!("../fixtures/cosign-legacy-signature.payload.json");
const KEY: &str = include_str!("../fixtures/cosign3.pub");

fn read_all(bytes: &[u8]) {
    let _ = Bundle::parse(bytes);
    let _ = Envelope::parse(bytes);
    let _ = Statement::parse(bytes);
    let _ = SimpleSigning::parse(bytes);
    let _ = PublicKey::all_from_pem(bytes);
    let _ = PublicKey::from_der(bytes);
    let _ = PrivateKey::from_pem(bytes, b"");
}

fn payload(bundle: Bundle) -> (String, Vec<u8>) {
    match bundle.content {
        BundleContent::Envelope(envelope) => (envelope.payload_type, envelope.payload),
        BundleContent::Message(_) => panic!("a message signature"),
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        read_all(&bytes);
    }

    #[test]
    fn any_content_of_a_key_is_survived(
        label in prop_oneof![
            Just("PRIVATE KEY"), Just("EC PRIVATE KEY"), Just("RSA PRIVATE KEY"),
            Just("PUBLIC KEY"), Just("ENCRYPTED SIGSTORE PRIVATE KEY"),
        ],
        content in "[A-Za-z0-9+/:\n -]{0,200}",
    ) {
        read_all(&pem(label, &content));
    }

    /// Whatever byte is changed: what still verifies says the same.
    #[test]
    fn a_changed_bundle_never_says_something_else(at in 0..SIGNATURE.len(), byte in any::<u8>()) {
        let mut changed = SIGNATURE.to_vec();
        changed[at] = byte;
        let keys = PublicKey::all_from_pem(KEY.as_bytes()).unwrap();
        if let Ok(bundle) = Bundle::parse(&changed)
            && bundle.verify(&keys, b"").is_ok()
        {
            prop_assert_eq!(payload(bundle), payload(Bundle::parse(SIGNATURE).unwrap()));
        }
        read_all(&changed);
        let mut changed = PAYLOAD.to_vec();
        let at = at % changed.len();
        changed[at] = byte;
        read_all(&changed);
    }
}

#[test]
fn deep_and_large_documents_are_refused() {
    for open in ["[", "{\"a\":", r#"{"payload":["#, r#"{"x":[["#] {
        read_all(open.repeat(200_000).as_bytes());
    }
    let signatures = vec![r#"{"sig":""}"#; MAX_SIGNATURES + 1].join(",");
    let text = format!(r#"{{"payload":"","payloadType":"t","signatures":[{signatures}]}}"#);
    assert!(matches!(
        Envelope::parse(text.as_bytes()),
        Err(Error::TooMany { .. })
    ));
    let large = vec![b' '; (1 << 20) + 1];
    assert!(matches!(
        SimpleSigning::parse(&large),
        Err(Error::TooLarge { .. })
    ));
}
