//! Every format against its schema: ours always, the official ones where their folder is present.

use std::collections::BTreeSet;

use seaworthy_model::{DependencyScope, LicenseClass, PackageType, Relationship, Severity, State};

use super::everything::every;
use super::*;
use crate::merge::{Cause, RunStatus, ScanKind};

fn ours(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    load(&folder.join(format!("{name}.schema.json")))
}

/// Every sample, as plain as it can be and with every option set.
fn check(validator: &jsonschema::Validator, format: Format) {
    for report in samples() {
        for options in [WriteOptions::default(), options(), everything::options()] {
            let value = serde_json::from_slice(&bytes(format, &report, &options)).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&value)
                .map(|e| format!("{}: {e}", e.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{format}: {errors:#?}");
        }
    }
}

#[test]
fn json_fits_our_published_schema() {
    let schema = ours("seaworthy-report-1.0");
    check(&jsonschema::validator_for(&schema).unwrap(), Format::Json);
    for report in samples() {
        let bytes = bytes(Format::Json, &report, &options());
        assert_eq!(serde_json::from_slice::<Report>(&bytes).unwrap(), report);
    }
}

#[test]
fn official_schemas_are_fitted() {
    for (file, format) in [
        (
            "gitlab/container-scanning-report-format.json",
            Format::GitLab,
        ),
        (
            "gitlab/secret-detection-report-format.json",
            Format::GitLabSecrets,
        ),
        ("gitlab/sast-report-format.json", Format::GitLabSast),
        (
            "gitlab/dependency-scanning-report-format.json",
            Format::GitLabDependencies,
        ),
        ("spdx/spdx-schema-2.3.json", Format::Spdx),
        ("sarif/sarif-schema-2.1.0.json", Format::Sarif),
    ] {
        if let Some(path) = official(file) {
            // Dates and addresses too, which a schema only names.
            let validator = jsonschema::options()
                .should_validate_formats(true)
                .build(&load(&path))
                .unwrap();
            check(&validator, format);
        }
    }
}

#[test]
fn cyclonedx_fits_the_official_schema() {
    let Some(folder) = official("cyclonedx") else {
        return;
    };
    let included = ["spdx.schema.json", "jsf-0.82.schema.json"].map(|name| {
        let address = format!("http://cyclonedx.org/schema/{name}");
        (address, load(&folder.join(name)))
    });
    let registry = jsonschema::Registry::new()
        .extend(included)
        .unwrap()
        .prepare()
        .unwrap();
    let validator = jsonschema::options()
        .with_registry(&registry)
        .should_validate_formats(true)
        .build(&load(&folder.join("bom-1.6.schema.json")))
        .unwrap();
    check(&validator, Format::CycloneDx);
}

/// A list in a schema, where the words that the code writes must all be, and no others.
fn check_list<T: serde::Serialize>(
    schema: &str,
    pointer: &str,
    words: impl IntoIterator<Item = T>,
) {
    let document = ours(schema);
    let listed: BTreeSet<&str> = document
        .pointer(pointer)
        .and_then(Value::as_array)
        .unwrap_or_else(|| panic!("{schema}{pointer}"))
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let written: Vec<Value> = (words.into_iter())
        .map(|word| serde_json::to_value(word).unwrap())
        .collect();
    let written: BTreeSet<&str> = written.iter().filter_map(Value::as_str).collect();
    assert_eq!(listed, written, "{schema}{pointer}");
}

#[test]
fn lists_of_our_schemas_are_complete() {
    for schema in ["seaworthy-report-1.0", "seaworthy-merge-1.0"] {
        check_list(
            schema,
            "/$defs/coverage/properties/kind/enum",
            everything::coverage_kinds(),
        );
        check_list(
            schema,
            "/$defs/package/properties/type/enum",
            PackageType::ALL,
        );
        check_list(schema, "/$defs/state/enum", State::ALL);
        check_list(schema, "/$defs/severity/enum", Severity::WORST_FIRST);
        check_list(
            schema,
            "/$defs/target/properties/kind/enum",
            everything::target_kinds(),
        );
        check_list(
            schema,
            "/$defs/finding/properties/origin/enum",
            everything::origins(),
        );
        check_list(
            schema,
            "/$defs/license/properties/class/enum",
            LicenseClass::ALL,
        );
        // What nothing tells is left out.
        let mut relationships = every!(Relationship: Unknown, Direct, Transitive);
        relationships.retain(|r| *r != Relationship::Unknown);
        check_list(
            schema,
            "/$defs/package/properties/relationship/enum",
            relationships,
        );
        let mut scopes = every!(DependencyScope: Production, Optional, Development, Unknown);
        scopes.retain(|s| *s != DependencyScope::Unknown);
        check_list(schema, "/$defs/package/properties/scope/enum", scopes);
    }
    let report = "seaworthy-report-1.0";
    check_list(
        report,
        "/properties/scanners/items/enum",
        ScanKind::ALL.map(ScanKind::scanner_word),
    );
    let merge = "seaworthy-merge-1.0";
    check_list(merge, "/$defs/kind/enum", ScanKind::ALL);
    check_list(
        merge,
        "/$defs/row/properties/status/enum",
        every!(RunStatus: Ok, Failed, Missing, TimedOut, NotApplicable),
    );
    let causes = every!(Cause:
        Severity, Fix, State, VersionNotation, Filtered, PackageName, Ecosystem, PackageNotSeen,
        OtherVersion, Alias, StateFilter, SeverityFilter, Coverage, VersionScheme, AdvisorySource,
        Place, Rule, LicenseName, Unknown);
    for cause in &causes {
        assert_eq!(serde_json::to_value(cause).unwrap(), cause.name());
    }
    check_list(merge, "/$defs/cause/enum", causes);
}
