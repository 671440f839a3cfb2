//! Values that are made up: the same ones each time, in the forms that real ones have.

/// A generator with a fixed start (SplitMix64).
pub(crate) struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self(20_240_601)
    }
}

pub(crate) const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
pub(crate) const HEX: &str = "0123456789abcdef";
pub(crate) const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
pub(crate) const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
pub(crate) const BASE62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(crate) fn text(&mut self, alphabet: &str, len: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..len)
            .map(|_| letters[(self.next() % letters.len() as u64) as usize])
            .collect()
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }

    pub(crate) fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|n| self.text(HEX, n)).join("-")
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    let alphabet: Vec<char> = BASE64.chars().collect();
    let mut out = String::new();
    for part in bytes.chunks(3) {
        let word = part.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - part.len()));
        for at in 0..4 {
            if at <= part.len() {
                out.push(alphabet[(word >> (18 - 6 * at) & 63) as usize]);
            } else {
                out.push('=');
            }
        }
    }
    out
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    base64(bytes)
        .replace('+', "-")
        .replace('/', "_")
        .replace('=', "")
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
        crc
    })
}

fn digits(mut value: u32, alphabet: &str, len: usize) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut out = vec!['0'; len];
    for digit in out.iter_mut().rev() {
        *digit = letters[value as usize % letters.len()];
        value /= letters.len() as u32;
    }
    out.into_iter().collect()
}

/// GitHub's and npm's form: a random part and its checksum.
pub(crate) fn checked(random: &mut Random, prefix: &str) -> String {
    let body = random.text(ALNUM, 30);
    format!(
        "{prefix}{body}{}",
        digits(crc32(body.as_bytes()), BASE62, 6)
    )
}

pub(crate) fn routable(random: &mut Random, prefix: &str) -> String {
    let payload = base64url(&[random.bytes(16), b"o:1\nu:2z\x07".to_vec()].concat());
    let text = format!(
        "{prefix}{payload}.01.{}",
        digits(payload.len() as u32, LOWER_36, 2)
    );
    let sum = digits(crc32(text.as_bytes()), LOWER_36, 7);
    text + &sum
}

pub(crate) const LOWER_36: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

pub(crate) fn jwt(random: &mut Random) -> String {
    let header = base64url(br#"{"alg":"HS256","typ":"JWT"}"#);
    let payload = format!(
        "{{\"sub\":\"{}\",\"role\":\"service\"}}",
        random.text(HEX, 12)
    );
    format!(
        "{header}.{}.{}",
        base64url(payload.as_bytes()),
        base64url(&random.bytes(32))
    )
}

/// A key that decodes to what its label says; `der` begins a sequence of two lengths.
pub(crate) fn pem(random: &mut Random, label: &str) -> Vec<String> {
    let bytes = if label.starts_with("OPENSSH") {
        [
            b"openssh-key-v1\0\0\0\0\x04none".to_vec(),
            random.bytes(380),
        ]
        .concat()
    } else if label.starts_with("PGP") {
        [vec![0x95, 0x03], random.bytes(480)].concat()
    } else {
        [
            vec![0x30, 0x82, 0x02, 0x5c, 0x02, 0x01, 0x00],
            random.bytes(597),
        ]
        .concat()
    };
    let body = base64(&bytes);
    let mut lines = vec![format!("-----{} {label}-----", "BEGIN")];
    lines.extend(
        body.as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into_owned()),
    );
    lines.push(format!("-----END {label}-----"));
    lines
}

pub(crate) fn age_key(random: &mut Random) -> String {
    const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let data: Vec<u8> = (0..52).map(|_| (random.next() % 32) as u8).collect();
    let label = b"age-secret-key-";
    let mut values: Vec<u8> = label.iter().map(|b| b >> 5).collect();
    values.push(0);
    values.extend(label.iter().map(|b| b & 31));
    values.extend(&data);
    values.extend([0; 6]);
    let sum = values.iter().fold(1_u32, |sum, value| {
        let top = sum >> 25;
        let parts = [
            0x3b6a_57b2_u32,
            0x2650_8e6d,
            0x1ea1_19fa,
            0x3d42_33dd,
            0x2a14_62b3,
        ];
        parts
            .iter()
            .enumerate()
            .filter(|(bit, _)| top >> bit & 1 == 1)
            .fold(
                (sum & 0x01ff_ffff) << 5 ^ u32::from(*value),
                |s, (_, part)| s ^ part,
            )
    }) ^ 1;
    let letters: Vec<char> = ALPHABET.chars().collect();
    let tail = (0..6).map(|at| (sum >> (5 * (5 - at)) & 31) as u8);
    let text: String = data
        .into_iter()
        .chain(tail)
        .map(|v| letters[usize::from(v)])
        .collect();
    format!("AGE-SECRET-KEY-1{}", text.to_uppercase())
}
