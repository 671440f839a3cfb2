//! The same findings whether a file is in memory or arrives in pieces.

use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use seaworthy_analysis::{Analyzer as _, Content, Facts, FileMeta};
use seaworthy_secrets::{Rules, SecretAnalyzer};

use crate::corpus::{Corpus, Random, checked, pem};

fn analyzer() -> &'static SecretAnalyzer {
    static ANALYZER: OnceLock<SecretAnalyzer> = OnceLock::new();
    ANALYZER.get_or_init(|| SecretAnalyzer::new(Arc::new(Rules::builtin())))
}

fn meta<'a>(path: &'a str, bytes: &[u8]) -> FileMeta<'a> {
    FileMeta {
        path,
        size: bytes.len() as u64,
        mode: 0o644,
    }
}

fn whole(path: &str, bytes: &[u8]) -> Facts {
    let mut facts = Facts::default();
    analyzer()
        .analyze(
            &meta(path, bytes),
            &mut Content::from_bytes(bytes),
            &mut facts,
        )
        .unwrap();
    facts
}

fn read_on_demand(path: &str, bytes: &[u8]) -> Facts {
    let mut facts = Facts::default();
    let mut buffer = Vec::new();
    let owned = bytes.to_vec();
    let mut content = Content::from_read_at(&owned, 0, bytes.len() as u64, &mut buffer);
    analyzer()
        .analyze(&meta(path, bytes), &mut content, &mut facts)
        .unwrap();
    facts
}

fn streamed(path: &str, bytes: &[u8], size: usize) -> Facts {
    let mut facts = Facts::default();
    let mut stream = analyzer().stream(&meta(path, bytes)).unwrap();
    bytes.chunks(size).for_each(|chunk| stream.push(chunk));
    stream.finish(&mut facts).unwrap();
    facts
}

#[test]
fn the_corpus_in_pieces() {
    for (path, bytes) in Corpus::build().files {
        let expected = whole(&path, &bytes);
        for size in [1, 1000, 128 << 10] {
            assert_eq!(streamed(&path, &bytes, size), expected, "{path}, {size}");
        }
        assert_eq!(read_on_demand(&path, &bytes), expected, "{path}");
    }
}

/// Secrets lie on the borders of what is looked at at once, which are some 256 kB apart.
#[test]
fn nothing_is_lost_or_doubled_on_a_border() {
    let mut random = Random::default();
    let (key, token) = (
        pem(&mut random, "RSA PRIVATE KEY").join("\n"),
        checked(&mut random, "ghp_"),
    );
    let filler = "a line of text that says nothing of interest\n".repeat(6000);
    for border in [256 << 10, 272 << 10, (256 << 10) - 600] {
        for shift in (0..700).step_by(97) {
            let start = (border - shift) / 45 * 45;
            let text = format!(
                "{}db_password: c0rrect-h0rse # {token}\n{key}\n{}",
                &filler[..start.min(filler.len()) / 45 * 45],
                &filler
            );
            let expected = whole("a.yaml", text.as_bytes());
            assert_eq!(expected.secrets.len(), 3);
            assert_eq!(
                streamed("a.yaml", text.as_bytes(), 100_000),
                expected,
                "{border} {shift}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, words in "(password|token|BEGIN PRIVATE KEY-----|eyJhbGciO|[=:\"' \n]|://a:b@){0,40}") {
        let bytes = [bytes.clone(), words.into_bytes(), bytes].concat();
        let expected = whole("x.env", &bytes);
        prop_assert_eq!(streamed("x.env", &bytes, 7), expected);
    }
}
