use std::io::Write as _;

use crate::rules::Rules;
use crate::sink::scan_in_pieces;

fn rules() -> &'static Rules {
    static RULES: std::sync::OnceLock<Rules> = std::sync::OnceLock::new();
    RULES.get_or_init(Rules::builtin)
}

fn secret_line() -> Vec<u8> {
    [&b"password: "[..], b"c0rrect-h0rse!", b"\n"].concat()
}

/// A tar of one file, by hand: name, octal size, checksum.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in files {
        let mut block = [0_u8; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[100..107].copy_from_slice(b"0000644");
        block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        block[156] = b'0';
        block[257..263].copy_from_slice(b"ustar\0");
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        out.extend_from_slice(&block);
        out.extend_from_slice(content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zip, by hand; `streamed` writes the sizes behind the content, as jar tools do.
fn zip(files: &[(&str, &[u8])], stored: bool, streamed: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in files {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        let packed = if stored {
            content.to_vec()
        } else {
            encoder.finish().unwrap()
        };
        let sizes = [packed.len() as u32, content.len() as u32];
        let written = if streamed { [0; 2] } else { sizes };
        out.extend_from_slice(b"PK\x03\x04\x14\0");
        out.extend_from_slice(&[if streamed { 8 } else { 0 }, 0]);
        out.extend_from_slice(&[if stored { 0 } else { 8 }, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        written
            .iter()
            .for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
        out.extend_from_slice(&(name.len() as u16).to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&packed);
        if streamed {
            out.extend_from_slice(b"PK\x07\x08\0\0\0\0");
            sizes
                .iter()
                .for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
        }
    }
    out.extend_from_slice(b"PK\x01\x02 the central directory");
    out
}

fn check(path: &str, bytes: &[u8], expected: &[(&str, u32)]) {
    let rules = rules();
    for size in [1, 7, 511, 4096, usize::MAX] {
        let out = scan_in_pieces(rules, path, bytes, size);
        let found: Vec<(&str, u32)> = out
            .secrets
            .iter()
            .map(|s| (s.location.path.as_str(), s.location.start_line))
            .collect();
        assert_eq!(found, expected, "{path} in pieces of {size}");
        assert!(out.coverage.is_empty(), "{:?}", out.coverage);
    }
}

#[test]
fn archives_of_all_kinds_are_looked_into() {
    let line = secret_line();
    let plain = [&b"# settings\n"[..], &line].concat();
    let files: &[(&str, &[u8])] = &[
        ("app/a.yaml", &plain),
        ("app/logo.png", &line),
        ("app/empty.yaml", b""),
        ("app/b.yaml", &line),
    ];
    let inside = [("x!/app/a.yaml", 2), ("x!/app/b.yaml", 1)];
    check("x", &tar(files), &inside);
    check("x", &gzip(&tar(files)), &inside);
    check("a.yaml.gz", &gzip(&plain), &[("a.yaml.gz", 2)]);
    for (stored, streamed) in [(false, false), (true, false), (false, true)] {
        check("x", &zip(files, stored, streamed), &inside);
    }
    // An archive in an archive is left alone.
    check("x", &tar(&[("inner.tar", &tar(files))]), &[]);
}

#[test]
fn damage_is_told_and_what_came_before_is_kept() {
    let rules = rules();
    let line = secret_line();
    let files: &[(&str, &[u8])] = &[("a.yaml", &line), ("b.yaml", &[b'x'; 9000])];
    let whole = tar(files);
    let packed = gzip(&whole);
    let zipped = zip(files, false, false);
    for (bytes, word) in [
        (&whole[..4000], "tar"),
        (&packed[..packed.len() - 12], "gzip"),
        (&zipped[..zipped.len() - 40], "zip"),
    ] {
        let out = scan_in_pieces(rules, "x", bytes, 100);
        assert_eq!(out.secrets.len(), 1, "{word}");
        assert!(
            out.coverage.iter().any(|c| c.detail.contains(word)),
            "{:?}",
            out.coverage
        );
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, kind in 0..3_usize, size in 1..64_usize, cut in 0..400_usize) {
        let rules = rules();
        let line = secret_line();
        let files: &[(&str, &[u8])] = &[("a.yaml", &line)];
        let mut data = match kind {
            0 => tar(files),
            1 => gzip(&tar(files)),
            _ => zip(files, false, true),
        };
        let cut = cut.min(data.len());
        data.splice(cut..(cut + bytes.len() / 2).min(data.len()), bytes);
        scan_in_pieces(rules, "x", &data, size);
    }
}
