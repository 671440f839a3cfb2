//! What a merge is written as.

use super::*;

#[test]
fn the_order_of_the_files_changes_nothing() {
    let runs = all();
    let mut reversed = runs.clone();
    reversed.reverse();
    let options = WriteOptions::default();
    assert_eq!(
        text(MergeFormat::Json, &merge(&runs, "0"), &options),
        text(MergeFormat::Json, &merge(&reversed, "0"), &options)
    );
}

#[test]
fn json_fits_its_published_schema() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../schemas/seaworthy-merge-1.0.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut runs = all();
    runs.push(ScannerRun::missing(
        ScannerName::Other("x".to_owned()),
        None,
        "not there",
    ));
    for merged in [merge(&runs, "0.1.0"), merge(&[], "0.1.0")] {
        let value = serde_json::to_value(&merged).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn every_format_of_a_scan_takes_a_merge() {
    let merged = merge(&all(), "0.1.0");
    for format in Format::ALL {
        let page = text(
            MergeFormat::Report(format),
            &merged,
            &WriteOptions::default(),
        );
        assert!(page.ends_with('\n'), "{format}");
    }
    let page = text(
        MergeFormat::Report(Format::GitLab),
        &merged,
        &WriteOptions::default(),
    );
    assert!(page.contains("seaworthy, trivy, grype, clair, snyk, osv-scanner, docker-scout"));
}

#[test]
fn the_table_shows_who_found_what() {
    let mut runs = all();
    runs.push(ScannerRun::failed(
        ScannerName::Other("anchore-cli".to_owned()),
        Some(ScanKind::Vulnerability),
        "exit status 2: \u{1b}[31mcannot connect",
    ));
    let merged = merge(&runs, "0.1.0");
    let options = |width, all| WriteOptions {
        width,
        all,
        ..WriteOptions::default()
    };
    for width in [60, 80, 120] {
        for line in text(MergeFormat::Table, &merged, &options(width, true)).lines() {
            assert!(crate::text::width(line) <= width, "{line}");
            assert!(!line.contains('\u{1b}'));
        }
    }
    insta::assert_snapshot!(
        "merge_at_100_columns",
        text(MergeFormat::Table, &merged, &options(100, false))
    );
    insta::assert_snapshot!(
        "merge_with_reasons",
        text(MergeFormat::Table, &merged, &options(100, true))
    );
}
