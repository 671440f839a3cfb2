//! What the documentation shows is what the program says.

use serde_json::Value;

use crate::place::{Place, json, root, run_in, text};

/// The fenced blocks of a page that are in a language, in their order.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let start = format!("\n```{language}\n");
    (page.split(&start).skip(1))
        .map(|rest| rest.split("\n```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_worked_example_of_a_policy_is_what_the_program_says() {
    let page = std::fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let folder = root().join("examples/policy");
    let policy = std::fs::read_to_string(folder.join("container-security-policy.yaml")).unwrap();
    assert_eq!(blocks(&page, "yaml")[0].trim(), policy.trim());

    let place = Place::new();
    let file = place.at("container-policy-report.json");
    let written = format!("policy-report={}", file.display());
    let arguments = "policy check ../images/storefront --dockerfile Dockerfile \
        --project storefront -o table -o";
    let mut arguments: Vec<&str> = arguments.split_whitespace().collect();
    arguments.push(&written);
    let output = run_in(&folder, &[], &arguments);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));

    // The page leaves lines out where it has `…`.
    let said = text(&output.stdout);
    let mut rest = said.as_str();
    let shown = blocks(&page, "console").remove(0);
    let lines = shown.lines().skip_while(|line| !line.starts_with("../"));
    let mut count = 0;
    for line in lines.filter(|line| !line.is_empty() && *line != "…") {
        let at = rest
            .find(line)
            .unwrap_or_else(|| panic!("`{line}` is not said: {said}"));
        rest = &rest[at + line.len()..];
        count += 1;
    }
    assert!(count > 10, "{shown}");

    let report = json(&file);
    let documents = blocks(&page, "json");
    for (shown, report) in [
        (&documents[0], &report),
        (&documents[1], &report["details"][0]),
    ] {
        let shown: Value = serde_json::from_str(shown).unwrap();
        for (key, value) in shown.as_object().unwrap() {
            if key != "scan_date" {
                assert_eq!(&report[key], value, "{key}");
            }
        }
    }
}
