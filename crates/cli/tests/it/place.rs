//! A folder of a test's own, and the program run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use seaworthy_oci::layout::{BuiltImage, ImageSpec, LayerEntry, build};
use serde_json::Value;

/// The instant that the program takes for now, unless a test says otherwise: 2025-11-24.
pub(crate) const NOW: &str = "1764000000";

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The example image.
pub(crate) fn storefront() -> String {
    root()
        .join("examples/images/storefront")
        .display()
        .to_string()
}

/// Runs the program in a folder, without the caller's settings.
pub(crate) fn run_in(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("SOURCE_DATE_EPOCH", NOW)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn expect(folder: &Path, arguments: &[&str], code: i32) -> Output {
    let output = run_in(folder, &[], arguments);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    output
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// What a run of the program said.
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }

    /// That standard output has all of these.
    pub(crate) fn shows(&self, words: &[&str]) {
        for words in words {
            assert!(
                self.out.contains(words),
                "`{words}` is not in: {}",
                self.out
            );
        }
    }

    /// That standard error has all of these.
    pub(crate) fn warns(&self, words: &[&str]) {
        for words in words {
            assert!(
                self.err.contains(words),
                "`{words}` is not in: {}",
                self.err
            );
        }
    }
}

/// A folder that is gone when the test ends.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// One with the report of the example image, `web.json`.
    pub(crate) fn with_report() -> Self {
        let place = Self::new();
        place.run("scan {storefront} -q -o json=web.json", 0);
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file, with the folders that it lies in.
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        json(&self.at(name))
    }

    /// Runs the program with the words of a line, and insists on its exit status; `{storefront}`
    /// stands for the example image.
    pub(crate) fn run(&self, line: &str, code: i32) -> Said {
        self.run_with(&[], line, code)
    }

    /// The same with variables.
    pub(crate) fn run_with(&self, variables: &[(&str, &str)], line: &str, code: i32) -> Said {
        let words: Vec<String> = line
            .split_whitespace()
            .map(|word| word.replace("{storefront}", &storefront()))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = run_in(self.path(), variables, &words);
        let said = Said {
            out: text(&output.stdout),
            err: text(&output.stderr),
        };
        let found = output.status.code();
        assert_eq!(found, Some(code), "{line}: {}{}", said.out, said.err);
        said
    }
}

/// `id package version` of each finding.
pub(crate) fn findings(report: &Value) -> Vec<String> {
    let packages = report["inventory"]["packages"].as_array().unwrap();
    let mut found: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let at = usize::try_from(finding["package"].as_u64().unwrap()).unwrap();
            let package = &packages[at];
            format!(
                "{} {} {}",
                finding["id"], package["name"], package["version"]
            )
        })
        .collect();
    found.sort();
    found
}

/// An image of one layer with packages of Alpine's.
pub(crate) fn image(os_release: &str, apk: &str) -> BuiltImage {
    build(&ImageSpec::of_layers(
        "shop/web:1.8",
        vec![vec![
            LayerEntry::file("etc/os-release", os_release),
            LayerEntry::file("lib/apk/db/installed", apk),
        ]],
    ))
    .unwrap()
}
