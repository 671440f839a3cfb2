// Shared by the library and its build script, which must cut texts into the same words.

/// Words that make a phrase.
pub(crate) const PHRASE: usize = 4;

/// Calls `each` with a number for each phrase of a text, and where its last word ends.
///
/// Words are runs of ASCII letters and digits in any case; words of one character are left out, and
/// so are the lines that name holders of copyright: both differ between copies of one licence.
pub(crate) fn phrases(text: &[u8], each: &mut dyn FnMut(u32, usize)) {
    let mut last = [0_u32; PHRASE];
    let mut count = 0_usize;
    let mut at = 0;
    let mut line_start = true;
    while at < text.len() {
        let byte = text[at];
        if byte == b'\n' || byte == b'\r' {
            line_start = true;
            at += 1;
            continue;
        }
        if !byte.is_ascii_alphanumeric() {
            // `<year>`, `[yyyy]`: what a template leaves open.
            if line_start && byte == b'(' && is_holder(&text[at..]) {
                at = line_end(text, at);
                continue;
            }
            at += 1;
            continue;
        }
        if line_start && is_holder(&text[at..]) {
            at = line_end(text, at);
            continue;
        }
        line_start = false;
        let start = at;
        let mut hash = 0x811c_9dc5_u32;
        while at < text.len() && text[at].is_ascii_alphanumeric() {
            hash = (hash ^ u32::from(text[at].to_ascii_lowercase())).wrapping_mul(0x0100_0193);
            at += 1;
        }
        let word = &text[start..at];
        if word.len() < 2 {
            continue;
        }
        // The two spellings of one word.
        if word.len() == 7 && word.eq_ignore_ascii_case(b"licence") {
            hash = LICENSE;
        }
        last.rotate_left(1);
        last[PHRASE - 1] = hash;
        count += 1;
        if count >= PHRASE {
            let mut phrase = 0_u32;
            for word in last {
                phrase = (phrase.rotate_left(7) ^ word).wrapping_mul(0x9e37_79b1);
            }
            phrase ^= phrase >> 15;
            each(phrase, at);
        }
    }
}

const LICENSE: u32 = hash_of(b"license");

const fn hash_of(word: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    let mut at = 0;
    while at < word.len() {
        hash = (hash ^ word[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash
}

fn line_end(text: &[u8], at: usize) -> usize {
    text[at..]
        .iter()
        .position(|b| *b == b'\n')
        .map_or(text.len(), |end| at + end)
}

/// Whether a line names a holder: `Copyright (c) 2020 A Person`, `(c) 2020`, `Copyright <year>`.
fn is_holder(line: &[u8]) -> bool {
    let rest = match line.get(..9) {
        Some(head) if head.eq_ignore_ascii_case(b"copyright") => &line[9..],
        _ if line.starts_with(b"(c)") || line.starts_with(b"(C)") => line,
        _ => return false,
    };
    let end = rest.len().min(24);
    let rest = &rest[..end];
    let mut at = 0;
    while at < rest.len() && matches!(rest[at], b' ' | b'\t' | b':') {
        at += 1;
    }
    let rest = &rest[at..];
    rest.starts_with(b"(c)")
        || rest.starts_with(b"(C)")
        || rest.starts_with(b"\xc2\xa9")
        || rest.starts_with(b"&copy")
        || rest.starts_with(b"<")
        || rest.starts_with(b"[")
        || rest.starts_with(b"{")
        || (rest.len() >= 4 && rest[..4].iter().all(u8::is_ascii_digit))
}
