//! How well the built-in rules do on the corpus that `docs/secrets.md` compares scanners on.

use std::collections::BTreeMap;

use seaworthy_secrets::{Rules, catalogue_markdown, scan_text};

use crate::corpus::{Corpus, Score};

#[test]
fn precision_and_recall_are_what_the_documentation_says() {
    let corpus = Corpus::build();
    let rules = Rules::builtin();
    let secrets: Vec<_> = corpus
        .files
        .iter()
        .flat_map(|(path, bytes)| scan_text(&rules, path, bytes))
        .collect();
    let reported: Vec<_> = secrets
        .iter()
        .map(|s| (s.location.path.clone(), s.location.start_line))
        .collect();
    let wrong: Vec<_> = secrets
        .iter()
        .filter(|s| s.location.path.starts_with("srv/plain/"))
        .map(|s| {
            format!(
                "{} {}:{} {}",
                s.rule, s.location.path, s.location.start_line, s.masked
            )
        })
        .collect();
    let missed = corpus.missed(&reported);
    assert_eq!(
        corpus.score(reported),
        Score {
            found: 455,
            missed: 5,
            wrong: 2
        },
        "wrong: {wrong:#?}\nmissed: {missed:#?}"
    );
}

/// Of each kind of token with a shape of its own, the rule that is made for it answers.
#[test]
fn tokens_are_called_by_their_names() {
    let corpus = Corpus::build();
    let rules = Rules::builtin();
    let mut others = BTreeMap::new();
    for (path, bytes) in corpus
        .files
        .iter()
        .filter(|(path, _)| path.starts_with("srv/app"))
    {
        for secret in scan_text(&rules, path, bytes) {
            let place = (path.clone(), secret.location.start_line);
            if let Some(kind) = corpus
                .truth
                .get(&place)
                .filter(|k| **k != secret.rule && secret.location.start_line > 0)
            {
                others.insert(place, (kind.clone(), secret.rule));
            }
        }
    }
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn the_catalogue_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rules/secrets.md");
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        catalogue_markdown(),
        "run: cargo run -p seaworthy-secrets --example catalogue > docs/rules/secrets.md"
    );
}
