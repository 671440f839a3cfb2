//! Files of keys. Private keys under a password are left out: each try costs 64 MB.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_attest::{PrivateKey, PublicKey};

fuzz_target!(|data: &[u8]| {
    if let Ok(keys) = PublicKey::all_from_pem(data) {
        for key in keys {
            assert!(PublicKey::from_pem(key.to_pem().as_bytes()).is_ok_and(|read| read == key));
            let _ = key.verify(data, data);
        }
    }
    let _ = PublicKey::from_der(data);
    if !PrivateKey::needs_password(data)
        && let Ok(key) = PrivateKey::from_pem(data, b"")
        && let Ok(signature) = key.sign(data)
    {
        assert!(key.public_key().verify(data, &signature).is_ok());
    }
});
