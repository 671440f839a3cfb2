mod damage;
mod javascript;
mod others;
mod python;

use std::collections::BTreeMap;

use seaworthy_analysis::Facts;
use seaworthy_model::{DependencyScope, Relationship};

use super::{format_of, read};

/// What a lockfile gives, a line each: `name version :line relationship scope <way>`, then the gaps.
fn shown(facts: &Facts) -> Vec<String> {
    let packages = facts.packages.iter().map(|p| {
        let mut text = format!("{} {}", p.name, p.version);
        if let Some(line) = p.line {
            text += &format!(" :{line}");
        }
        if p.relationship != Relationship::Unknown {
            text += &format!(" {}", p.relationship.name());
        }
        if p.scope != DependencyScope::Unknown {
            text += &format!(" {}", p.scope.name());
        }
        if !p.dependency_path.is_empty() {
            text += &format!(" <{}>", p.dependency_path.join(" "));
        }
        text
    });
    let gaps = facts.coverage.iter().map(|gap| format!("! {}", gap.detail));
    packages.chain(gaps).collect()
}

/// Reads the first of some files, with the others beside it.
fn facts(files: &[(&str, &str)]) -> Facts {
    let (path, text) = files[0];
    let others: BTreeMap<&str, &str> = files.iter().copied().collect();
    let format = format_of(path).unwrap_or_else(|| panic!("{path} is wanted"));
    read(format, path, text.as_bytes(), &|path| {
        others.get(path).map(|text| text.as_bytes().to_vec())
    })
    .unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn check(files: &[(&str, &str)], expected: &[&str]) {
    let facts = facts(files);
    assert_eq!(shown(&facts), expected, "{}", files[0].0);
    assert!(facts.packages.iter().all(|p| p.evidence.path == files[0].0));
}
