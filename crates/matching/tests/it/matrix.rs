//! `docs/advisories.md` names the test behind each rule; here is the test that they exist.

use std::fs;
use std::path::{Path, PathBuf};

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, out: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            // A file of tests goes by the name of what it tests, too.
            let name = path.strip_prefix(crates()).unwrap().display().to_string();
            out.push((name, fs::read_to_string(&path).unwrap_or_default()));
        }
    }
}

/// Whether a file is the module of that name, or holds its tests.
fn is_module(file: &str, module: &str) -> bool {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let parts: Vec<&str> = stem.split('/').collect();
    let last = parts.last().copied().unwrap_or_default();
    last == module
        || last.strip_suffix("_tests") == Some(module)
        || parts.iter().rev().nth(1) == Some(&module)
}

#[test]
fn tests_that_the_matrix_names_exist() {
    let mut files = Vec::new();
    for name in ["advisories", "matching", "vulndb", "packages"] {
        sources(&crates().join(name), &mut files);
    }
    let page = fs::read_to_string(crates().join("../docs/advisories.md")).unwrap();
    let tables = page.split("\n## ").filter(|section| {
        section.starts_with("Source × rule × test") || section.starts_with("Bad input")
    });
    let (mut named, mut wrong) = (0, Vec::new());
    for line in tables
        .flat_map(str::lines)
        .filter(|line| line.starts_with('|'))
    {
        for quoted in line.split('`').skip(1).step_by(2) {
            let Some((module, function)) = quoted.rsplit_once("::") else {
                continue;
            };
            named += 1;
            let module = module.rsplit("::").next().unwrap_or(module);
            let open = function.strip_suffix('…');
            let call = open.map_or_else(|| format!("fn {function}("), |head| format!("fn {head}"));
            let there = files
                .iter()
                .any(|(file, text)| is_module(file, module) && text.contains(&call));
            if !there {
                wrong.push(quoted.to_owned());
            }
        }
    }
    assert!(named > 70, "only {named} tests are named");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
