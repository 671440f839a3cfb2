//! Private keys under a password, as cosign keeps them: scrypt (RFC 7914) makes a key of the
//! password, NaCl's secretbox (XSalsa20 and Poly1305) encrypts with it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;
use salsa20::XSalsa20;
use salsa20::cipher::{KeyIvInit, StreamCipher};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Error;
use crate::encoding::{from_base64, to_base64};

const WHAT: &str = "encrypted private key";
/// What new keys cost: the logarithm of N.
const LOG_N: u8 = 16;
/// The accepted costs.
const LOGS: std::ops::RangeInclusive<u8> = 15..=17;
const R: u32 = 8;
const P: u32 = 1;
const SALT: usize = 32;
const NONCE: usize = 24;
const TAG: usize = 16;

#[derive(Serialize, Deserialize)]
struct File {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Params {
    #[serde(rename = "N")]
    n: u64,
    r: u64,
    p: u64,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// An encrypted text and what opening it costs.
pub(crate) struct Encrypted {
    log_n: u8,
    salt: Vec<u8>,
    nonce: [u8; NONCE],
    /// Tag and text.
    sealed: Vec<u8>,
}

impl Encrypted {
    /// Reads the JSON and checks everything that can be checked without the password.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let file: File = serde_json::from_slice(bytes).map_err(|e| Error::invalid(WHAT, e))?;
        if file.kdf.name != "scrypt" || file.cipher.name != "nacl/secretbox" {
            return Err(Error::invalid(
                WHAT,
                "it is not made with scrypt and nacl/secretbox",
            ));
        }
        let Params { n, r, p } = file.kdf.params;
        let log_n = LOGS.into_iter().find(|log| n == 1 << log);
        let (Some(log_n), true) = (log_n, r == u64::from(R) && p == u64::from(P)) else {
            return Err(Error::Scrypt { n, r, p });
        };
        let salt = from_base64(WHAT, &file.kdf.salt)?;
        if !(SALT / 2..=2 * SALT).contains(&salt.len()) {
            return Err(Error::invalid(WHAT, "its salt does not have 32 bytes"));
        }
        let nonce = from_base64(WHAT, &file.cipher.nonce)?
            .try_into()
            .map_err(|_| Error::invalid(WHAT, "its nonce does not have 24 bytes"))?;
        let sealed = from_base64(WHAT, &file.ciphertext)?;
        if sealed.len() < TAG {
            return Err(Error::invalid(WHAT, "its ciphertext is too short"));
        }
        Ok(Self {
            log_n,
            salt,
            nonce,
            sealed,
        })
    }

    /// The text, when the password is right. Takes 32 to 128 MB of memory for a moment.
    pub(crate) fn open(&self, password: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let key = derive(password, &self.salt, self.log_n)?;
        let (mut stream, authentication) = secretbox(&key, &self.nonce);
        let (tag, sealed) = self.sealed.split_at(TAG);
        let expected = authentication.compute_unpadded(sealed);
        verify_slices_are_equal(&expected, tag).map_err(|_| Error::Password)?;
        let mut text = Zeroizing::new(sealed.to_vec());
        stream.apply_keystream(&mut text);
        Ok(text)
    }

    /// Encrypts a text; salt and nonce have to be new.
    pub(crate) fn seal(
        text: &[u8],
        password: &[u8],
        salt: &[u8; SALT],
        nonce: &[u8; NONCE],
    ) -> Result<Self, Error> {
        let key = derive(password, salt, LOG_N)?;
        let (mut stream, authentication) = secretbox(&key, nonce);
        let mut content = text.to_vec();
        stream.apply_keystream(&mut content);
        let mut sealed = authentication.compute_unpadded(&content).to_vec();
        sealed.append(&mut content);
        Ok(Self {
            log_n: LOG_N,
            salt: salt.to_vec(),
            nonce: *nonce,
            sealed,
        })
    }

    /// Encrypts a text with randomness of the operating system.
    pub(crate) fn seal_randomly(text: &[u8], password: &[u8]) -> Result<Self, Error> {
        let (mut salt, mut nonce) = ([0; SALT], [0; NONCE]);
        random(&mut salt)?;
        random(&mut nonce)?;
        Self::seal(text, password, &salt, &nonce)
    }

    pub(crate) fn to_json(&self) -> Result<Vec<u8>, Error> {
        let file = File {
            kdf: Kdf {
                name: "scrypt".to_owned(),
                params: Params {
                    n: 1 << self.log_n,
                    r: u64::from(R),
                    p: u64::from(P),
                },
                salt: to_base64(&self.salt),
            },
            cipher: Cipher {
                name: "nacl/secretbox".to_owned(),
                nonce: to_base64(&self.nonce),
            },
            ciphertext: to_base64(&self.sealed),
        };
        serde_json::to_vec(&file).map_err(|e| Error::invalid(WHAT, e))
    }
}

pub(crate) fn random(into: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(into).map_err(|cause| Error::Random(cause.to_string()))
}

fn derive(password: &[u8], salt: &[u8], log_n: u8) -> Result<Zeroizing<[u8; 32]>, Error> {
    let wrong = |cause: &dyn ToString| Error::invalid(WHAT, cause.to_string());
    let params = scrypt::Params::new(log_n, R, P).map_err(|e| wrong(&e))?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password, salt, &params, key.as_mut()).map_err(|e| wrong(&e))?;
    Ok(key)
}

/// The first 32 bytes of the stream authenticate, the rest encrypts.
fn secretbox(key: &[u8; 32], nonce: &[u8; NONCE]) -> (XSalsa20, Poly1305) {
    let mut stream = XSalsa20::new(&(*key).into(), &(*nonce).into());
    let mut first = Zeroizing::new([0; 32]);
    stream.apply_keystream(first.as_mut());
    let authentication = Poly1305::new(&(*first).into());
    (stream, authentication)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of NaCl's own tests (tests/secretbox.c), whose text is known by its digest too.
    #[test]
    fn secretbox_is_that_of_nacl() {
        let key = hex::decode("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
        let nonce = hex::decode("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
        let text = hex::decode(concat!(
            "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffc",
            "e5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31",
            "0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde",
            "048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f93776384864",
            "5e0705"
        ));
        let key: [u8; 32] = key.unwrap().try_into().unwrap();
        let nonce: [u8; 24] = nonce.unwrap().try_into().unwrap();
        let mut content = text.unwrap();
        let (mut stream, authentication) = secretbox(&key, &nonce);
        stream.apply_keystream(&mut content);
        let tag = authentication.compute_unpadded(&content);
        assert_eq!(hex::encode(tag), "f3ffc7703f9400e52a7dfb4b3d3305d9");
        assert_eq!(hex::encode(&content[..8]), "8e993b9f48681273");
    }

    #[test]
    fn what_was_sealed_opens_with_its_password_only() {
        let sealed = Encrypted::seal(b"text", b"", &[1; SALT], &[2; NONCE]).unwrap();
        let json = sealed.to_json().unwrap();
        let read = Encrypted::parse(&json).unwrap();
        assert_eq!(read.open(b"").unwrap().as_slice(), b"text");
        assert!(matches!(read.open(b"x"), Err(Error::Password)));
        let other = Encrypted::seal_randomly(b"text", b"").unwrap();
        assert_ne!(other.sealed, sealed.sealed);
    }

    #[test]
    fn costs_and_lengths_are_checked_before_any_work() {
        let sealed = Encrypted {
            log_n: LOG_N,
            salt: vec![1; SALT],
            nonce: [2; NONCE],
            sealed: vec![3; 40],
        };
        let json = String::from_utf8(sealed.to_json().unwrap()).unwrap();
        assert!(Encrypted::parse(json.as_bytes()).is_ok());
        let check = |from: &str, to: &str, message: &str| {
            let changed = json.replace(from, to);
            assert_ne!(changed, json);
            let error = Encrypted::parse(changed.as_bytes()).err().unwrap();
            assert!(error.to_string().contains(message), "{error}");
        };
        for n in ["0", "16384", "65537", "262144", "18446744073709551615"] {
            check("65536", n, "accepted are N of 32768, 65536 or 131072");
        }
        check("\"r\":8", "\"r\":1024", "r=1024");
        check("\"p\":1", "\"p\":2", "p=2");
        check("scrypt", "pbkdf2", "not made with scrypt");
        check("nacl/secretbox", "rot13", "not made with scrypt");
        check(&to_base64(&[1; SALT]), "", "salt");
        check(&to_base64(&[2; NONCE]), "AAAA", "nonce");
        check(&to_base64(&[3; 40]), "AAAA", "too short");
    }
}
