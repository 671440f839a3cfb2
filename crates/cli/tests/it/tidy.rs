//! The house keeps the order that `ARCHITECTURE.md` writes down.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Crates from outside, and the only rooms that may use them.
const RESERVED: [(&str, &[&str]); 10] = [
    ("axum", &["registry", "admission", "server"]),
    ("sqlx", &["store"]),
    ("rusqlite", &[]),
    ("object_store", &["store"]),
    ("reqwest", &["source", "server"]),
    (
        "tokio",
        &["source", "store", "server", "registry", "admission"],
    ),
    ("clap", &["cli"]),
    ("anyhow", &["cli"]),
    ("indicatif", &["cli"]),
    ("memmap2", &["vulndb"]),
];

/// Words that do not stand in the code of floors 0 to 2, and why.
const FORBIDDEN: [(&str, &str); 6] = [
    ("println!(", "results go through a writer"),
    ("eprintln!(", "messages are values"),
    ("SystemTime::now", "the clock comes in as an argument"),
    ("Instant::now", "the clock comes in as an argument"),
    ("env::var", "the environment is the program's"),
    ("std::process::Command", "programs are run by the program"),
];

struct House {
    root: PathBuf,
    /// Room (the crate's name without `seaworthy-`) and floor.
    floors: BTreeMap<String, u32>,
    packages: Vec<Value>,
}

fn house() -> House {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_path_buf();
    let page = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let floors = page
        .lines()
        .filter_map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            let floor = cells.next()?.parse().ok()?;
            Some((cells.next()?.trim_matches('`').to_owned(), floor))
        })
        .collect();
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(&root)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    House {
        root,
        floors,
        packages: metadata["packages"].as_array().unwrap().clone(),
    }
}

fn room(package: &str) -> Option<&str> {
    package.strip_prefix("seaworthy-")
}

/// Names of the dependencies that end up in the program; those of tests may go anywhere.
fn dependencies(package: &Value) -> Vec<&str> {
    package["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|dependency| dependency["kind"].as_str() != Some("dev"))
        .filter_map(|dependency| dependency["name"].as_str())
        .collect()
}

#[test]
fn every_crate_has_a_floor_and_points_only_down() {
    let house = house();
    let mut wrong = Vec::new();
    for package in &house.packages {
        let name = room(package["name"].as_str().unwrap()).unwrap();
        let Some(&floor) = house.floors.get(name) else {
            wrong.push(format!("`{name}` is not in ARCHITECTURE.md"));
            continue;
        };
        let folder = house.root.join("crates").join(name);
        if !folder.join("Cargo.toml").is_file() {
            wrong.push(format!("`{name}` does not lie in crates/{name}"));
        }
        for other in dependencies(package).into_iter().filter_map(room) {
            match house.floors.get(other) {
                Some(&lower) if lower < floor => {}
                Some(_) => wrong.push(format!("`{name}` uses `{other}`, which is not below it")),
                None => wrong.push(format!("`{name}` uses the unlisted `{other}`")),
            }
        }
        for (outside, rooms) in RESERVED {
            if dependencies(package).contains(&outside) && !rooms.contains(&name) {
                wrong.push(format!("`{name}` uses {outside}, which only {rooms:?} may"));
            }
        }
    }
    for name in house.floors.keys() {
        if !house.root.join("crates").join(name).is_dir() {
            wrong.push(format!(
                "ARCHITECTURE.md lists `{name}`, which is not there"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The code of a file without its unit tests, which stand at its end.
fn code(text: &str) -> &str {
    text.split_once("#[cfg(test)]")
        .map_or(text, |(code, _)| code)
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                sources(&path, into);
            }
        } else if name.ends_with(".rs") && !name.contains("test") {
            into.push(path);
        }
    }
}

/// The modules of tests that a crate's root names.
fn modules_of_tests(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join("lib.rs")).unwrap_or_default();
    text.split("#[cfg(test)]\nmod ")
        .skip(1)
        .filter_map(|rest| rest.split_once(';'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Whether a file is a module's: `NAME.rs`, or below `NAME/`.
fn is_of(file: &Path, root: &Path, module: &str) -> bool {
    file == root.join(format!("{module}.rs")) || file.starts_with(root.join(module))
}

#[test]
fn the_lower_floors_do_not_print_or_ask_the_world() {
    let house = house();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (name, floor) in &house.floors {
        let root = house.root.join("crates").join(name).join("src");
        let mut files = Vec::new();
        sources(&root, &mut files);
        let of_tests = modules_of_tests(&root);
        files.retain(|file| !of_tests.iter().any(|module| is_of(file, &root, module)));
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let code = code(&text);
            seen += 1;
            let shown = file.strip_prefix(&house.root).unwrap().display();
            if name != "vulndb" && (code.contains("unsafe {") || code.contains("unsafe fn")) {
                wrong.push(format!("{shown}: unsafe code outside vulndb"));
            }
            if *floor > 2 {
                continue;
            }
            for (word, why) in FORBIDDEN {
                let line = code
                    .lines()
                    .position(|line| line.contains(word) && !line.trim_start().starts_with("//"));
                if let Some(line) = line {
                    wrong.push(format!("{shown}:{}: `{word}`: {why}", line + 1));
                }
            }
        }
    }
    assert!(seen > 100, "only {seen} files were read");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// `docs/coverage.md` names the test behind each claim.
#[test]
fn tests_that_the_documentation_names_exist() {
    let house = house();
    let page = fs::read_to_string(house.root.join("docs/coverage.md")).unwrap();
    let mut named = 0;
    let mut wrong = Vec::new();
    for (name, function) in page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|quoted| quoted.split_once(": "))
        .filter(|(name, _)| house.floors.contains_key(*name))
    {
        named += 1;
        let folder = house.root.join("crates").join(name);
        if !files_below(&folder).iter().any(|file| {
            fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("fn {function}(")))
        }) {
            wrong.push(format!("{name} has no test `{function}`"));
        }
    }
    assert!(named > 40, "only {named} tests are named");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
