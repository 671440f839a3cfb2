//! Checksums that token formats carry.

/// The table of CRC-32 (ISO 3309, reflected polynomial `0xEDB88320`).
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut value = at as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                value >> 1 ^ 0xedb8_8320
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[at] = value;
        at += 1;
    }
    table
};

/// CRC-32 as zlib computes it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ crc >> 8
    })
}

fn digits(mut value: u32, alphabet: &[u8], out: &mut [u8]) {
    let base = u32::try_from(alphabet.len()).unwrap_or(10);
    for digit in out.iter_mut().rev() {
        *digit = alphabet[(value % base) as usize];
        value /= base;
    }
}

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `prefix_` + random + CRC-32 of the random part in six digits of base 62: GitHub since 2021, npm.
pub(super) fn crc32_base62(token: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'_', token) else {
        return false;
    };
    let Some((random, sum)) = token[at + 1..].split_last_chunk::<6>() else {
        return false;
    };
    let mut expected = [0; 6];
    digits(crc32(random), BASE62, &mut expected);
    !random.is_empty() && *sum == expected
}

/// Everything + its CRC-32 in seven digits of base 36: GitLab's routable tokens
/// (Cells design document, "Routable tokens").
pub(super) fn crc32_base36(token: &[u8]) -> bool {
    let Some((rest, sum)) = token.split_last_chunk::<7>() else {
        return false;
    };
    let mut expected = [0; 7];
    digits(
        crc32(rest),
        b"0123456789abcdefghijklmnopqrstuvwxyz",
        &mut expected,
    );
    !rest.is_empty() && *sum == expected
}

/// AWS unique ids: four letters and sixteen characters of base 32.
pub(super) fn aws_key_id(token: &[u8]) -> bool {
    token.len() == 20
        && token[4..]
            .iter()
            .all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7'))
}

/// Bech32 (BIP 173) in capitals, as age writes its keys.
pub(super) fn bech32(text: &[u8]) -> bool {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    let lower = text.to_ascii_lowercase();
    let Some(split) = memchr::memrchr(b'1', &lower) else {
        return false;
    };
    let mut sum = 1_u32;
    let mut step = |value: u32| {
        let top = sum >> 25;
        sum = (sum & 0x01ff_ffff) << 5 ^ value;
        for (bit, part) in GENERATOR.iter().enumerate() {
            if top >> bit & 1 == 1 {
                sum ^= part;
            }
        }
    };
    let (label, data) = (&lower[..split], &lower[split + 1..]);
    label.iter().for_each(|b| step(u32::from(b >> 5)));
    step(0);
    label.iter().for_each(|b| step(u32::from(b & 31)));
    for byte in data {
        match memchr::memchr(*byte, ALPHABET) {
            Some(value) => step(u32::try_from(value).unwrap_or(0)),
            None => return false,
        }
    }
    data.len() >= 6 && sum == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32_is_zlibs() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn checksums_of_tokens() {
        // The example of npm's announcement, taken apart.
        let npm = ["npm", "_qkJaB6MffYVzZXWqmcoF49yrUxP3wf", "0LsakP"].concat();
        assert!(crc32_base62(npm.as_bytes()));
        assert!(!crc32_base62(npm.replace("0L", "0M").as_bytes()));
        assert!(!crc32_base62(b"npm_") && !crc32_base62(b"") && !crc32_base62(b"a_123456"));
        let mut token = b"glxx-abc.01.03".to_vec();
        let mut sum = [0; 7];
        digits(
            crc32(&token),
            b"0123456789abcdefghijklmnopqrstuvwxyz",
            &mut sum,
        );
        token.extend_from_slice(&sum);
        assert!(crc32_base36(&token));
        token[3] = b'y';
        assert!(!crc32_base36(&token));
    }

    #[test]
    fn bech32_of_the_standard() {
        // Valid and invalid strings of BIP 173.
        assert!(bech32(b"A12UEL5L"));
        assert!(bech32(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"));
        assert!(!bech32(b"A12UEL5M"));
        assert!(!bech32(b"nodivider") && !bech32(b"a1b"));
    }
}
