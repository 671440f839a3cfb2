//! Bundles, envelopes, statements and payloads of signatures.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_attest::{Bundle, BundleContent, Envelope, SimpleSigning, Statement};

fuzz_target!(|data: &[u8]| {
    if let Ok(bundle) = Bundle::parse(data) {
        let written = bundle.to_bytes().unwrap_or_default();
        let read = Bundle::parse(&written);
        // Digests of other lengths than SHA-256 are not written.
        if let BundleContent::Envelope(envelope) = &bundle.content {
            assert!(read.is_ok_and(|read| read == bundle));
            let _ = Statement::parse(&envelope.payload);
        }
    }
    if let Ok(envelope) = Envelope::parse(data) {
        let written = envelope.to_bytes().unwrap_or_default();
        assert!(Envelope::parse(&written).is_ok_and(|read| read == envelope));
    }
    if let Ok(statement) = Statement::parse(data) {
        let written = statement.to_bytes().unwrap_or_default();
        assert!(Statement::parse(&written).is_ok_and(|read| read.subjects.len() == statement.subjects.len()));
    }
    if let Ok(payload) = SimpleSigning::parse(data) {
        let written = payload.to_bytes().unwrap_or_default();
        assert!(SimpleSigning::parse(&written).is_ok_and(|read| read == payload));
    }
});
