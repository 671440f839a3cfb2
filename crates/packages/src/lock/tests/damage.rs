use proptest::prelude::*;
use seaworthy_analysis::{AnalyzeError, FileFacts};

use super::super::{FORMATS, Lockfiles, format_of, join_siblings, read, resolve};
use crate::testing::run;

const NAMES: [&str; 21] = [
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "requirements.txt",
    "Pipfile.lock",
    "poetry.lock",
    "uv.lock",
    "pylock.toml",
    "go.mod",
    "Cargo.lock",
    "Gemfile.lock",
    "composer.lock",
    "pom.xml",
    "gradle.lockfile",
    "packages.lock.json",
    "mix.lock",
    "pubspec.lock",
    "Package.resolved",
    "conan.lock",
    "conanfile.txt",
];

#[test]
fn every_format_has_a_name_here() {
    for (format, name) in FORMATS.iter().zip(NAMES) {
        assert!((format.wants)(name, name), "{name}");
    }
    assert!(format_of("package.json").is_none());
}

#[test]
fn what_cannot_be_read_at_all_says_where() {
    for (path, text, word) in [
        ("package-lock.json", "{\n \"packages\": {\n", "line 3"),
        ("composer.lock", "{\"packages\": [\n}", "line 2"),
        ("poetry.lock", "[[package]]\nname = \"a\nversion", "line 3"),
        ("Cargo.lock", "[[package]]\nname = x\n", "line 2"),
        ("pom.xml", "<project>\n<a></b></project>", "line 2"),
        ("pom.xml", "<project>\n<dependencies>\n", "line 3"),
        ("Gemfile.lock", "GEM\n<<<<<<< HEAD\n", "line 2"),
        ("packages.lock.json", "{}", "no `dependencies`"),
        ("pnpm-lock.yaml", "x: 1\n", "no lockfileVersion"),
        ("bun.lock", "{\n\"packages\": 1 2}", "line 2"),
    ] {
        let error = run(&Lockfiles, path, text.as_bytes()).expect_err(path);
        assert!(matches!(error, AnalyzeError::File(_)));
        assert!(error.to_string().contains(word), "{path}: {error}");
    }
    let error = run(&Lockfiles, "yarn.lock", b"a\n\xff").expect_err("no text");
    assert_eq!(error.to_string(), "line 2 is not UTF-8");
}

#[test]
fn lists_that_powershell_wrote_are_read() {
    let bytes: Vec<u8> = "\u{feff}flask==2.0.1\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let facts = run(&Lockfiles, "requirements.txt", &bytes).expect("readable");
    assert_eq!(crate::testing::names(&facts), ["flask 2.0.1"]);
}

#[test]
fn a_document_bomb_costs_nothing() {
    let deep = "<a>".repeat(100_000);
    assert!(run(&Lockfiles, "pom.xml", deep.as_bytes()).is_err());
    let deep = format!("{{\"packages\":{}", "[".repeat(100_000));
    assert!(run(&Lockfiles, "package-lock.json", deep.as_bytes()).is_err());
    let deep: String = (0..1000)
        .map(|n| format!("{}a:\n", " ".repeat(n)))
        .collect();
    let facts = run(
        &Lockfiles,
        "pnpm-lock.yaml",
        format!("lockfileVersion: 9\n{deep}").as_bytes(),
    );
    assert!(!facts.expect("readable").coverage.is_empty());
}

#[test]
fn siblings_stay_inside_of_the_target() {
    for (file, relative, path) in [
        ("a/b/pom.xml", "../pom.xml", Some("a/pom.xml")),
        ("pom.xml", "../pom.xml", None),
        ("a/x", "/etc/passwd", None),
        ("a/x", "./b//c", Some("a/b/c")),
    ] {
        assert_eq!(resolve(file, relative).as_deref(), path);
    }
}

#[test]
fn the_join_replaces_only_what_the_lockfile_said() {
    let lock = b"a@^1:\n  version \"1.0.0\"\n".to_vec();
    let mut facts = run(&Lockfiles, "yarn.lock", &lock).expect("readable");
    let other = seaworthy_model::CoverageEntry::new(
        seaworthy_model::CoverageKind::SkippedFile,
        "yarn.lock",
        "from another analyser",
    );
    facts.coverage.push(other.clone());
    let mut files = vec![FileFacts {
        path: "yarn.lock".to_owned(),
        facts,
    }];
    join_siblings(&mut files, &|path| match path {
        "yarn.lock" => Some(lock.clone()),
        "package.json" => Some(br#"{"devDependencies":{"a":"^1"}}"#.to_vec()),
        _ => None,
    });
    let facts = &files[0].facts;
    assert_eq!(facts.packages.len(), 1);
    assert_eq!(
        facts.packages[0].scope,
        seaworthy_model::DependencyScope::Development
    );
    assert_eq!(facts.coverage, [other]);
}

proptest! {
    #[test]
    fn no_bytes_make_a_format_panic(
        at in 0..NAMES.len(),
        text in r#"(?s)([\[\]{}<>"':=,@/ \n#()!-]|name|version|package|dependencies|\[\[package\]\]|specs:|GEM|1\.0|a){0,60}"#,
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let _ = read(&FORMATS[at], NAMES[at], text.as_bytes(), &|_| Some(text.clone().into_bytes()));
        let _ = read(&FORMATS[at], NAMES[at], &bytes, &|_| None);
    }
}
