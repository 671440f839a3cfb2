//! PEM blocks (RFC 7468), as loosely as other programs read them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::{Error, MAX_PEM, check_size};

/// Characters of one line.
const WIDTH: usize = 64;

/// One block.
pub(crate) struct Block {
    pub(crate) label: String,
    /// Headers before the content (RFC 1421), which say that it is encrypted.
    pub(crate) headers: bool,
    pub(crate) content: Zeroizing<Vec<u8>>,
}

/// All blocks of a file; text between them is ignored.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Block>, Error> {
    check_size("file of keys", bytes.len(), MAX_PEM)?;
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Error::invalid("file of keys", "it is no text; PEM is expected"))?;
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim).enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(label) = line
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.strip_suffix("-----"))
        else {
            continue;
        };
        let wrong = |why: &str| {
            Error::invalid(
                "file of keys",
                format!("the block of line {} {why}", number + 1),
            )
        };
        let end = format!("-----END {label}-----");
        let mut encoded = Zeroizing::new(String::with_capacity(text.len()));
        let mut headers = false;
        let mut ended = false;
        for (_, line) in lines.by_ref() {
            if line == end {
                ended = true;
                break;
            }
            if line.contains(':') {
                headers = true;
            } else {
                encoded.push_str(line);
            }
        }
        if !ended {
            return Err(wrong("has no end"));
        }
        let content = STANDARD
            .decode(encoded.as_bytes())
            .map_err(|_| wrong("is not base64"))?;
        blocks.push(Block {
            label: label.to_owned(),
            headers,
            content: Zeroizing::new(content),
        });
    }
    Ok(blocks)
}

/// One block as text.
pub(crate) fn write(label: &str, content: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(content));
    // Room for all of it, so that no copy of a key is left behind by growing.
    let room = encoded.len() + encoded.len() / WIDTH + 2 * label.len() + 40;
    let mut text = Zeroizing::new(String::with_capacity(room));
    for part in ["-----BEGIN ", label, "-----\n"] {
        text.push_str(part);
    }
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(WIDTH));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    for part in ["-----END ", label, "-----\n"] {
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_between_other_text() {
        let text = format!(
            "note\r\n{}and\n{}",
            write("A", &[7; 50]).replace('\n', "\r\n"),
            *write("B C", b"")
        );
        let blocks = read(text.as_bytes()).unwrap();
        let seen: Vec<_> = blocks
            .iter()
            .map(|block| (block.label.as_str(), block.content.len(), block.headers))
            .collect();
        assert_eq!(seen, [("A", 50, false), ("B C", 0, false)]);
    }

    #[test]
    fn damage_is_told_with_its_line() {
        let check = |text: &str, message: &str| {
            let error = read(text.as_bytes()).err().unwrap().to_string();
            assert!(error.contains(message), "{error}");
        };
        check("\n-----BEGIN A-----\nAAAA\n", "line 2 has no end");
        check(
            "-----BEGIN A-----\n!\n-----END A-----",
            "line 1 is not base64",
        );
        assert!(read(&vec![b' '; MAX_PEM + 1]).is_err());
        assert!(read(&[0xff]).is_err());
        assert!(read(b"nothing").unwrap().is_empty());
    }
}
