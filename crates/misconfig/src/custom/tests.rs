use std::sync::Arc;

use super::*;
use crate::{Options, lint_file};

const POD: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  labels: {tier: web}\ndata:\n  a: b\n";

fn check(files: &[(&str, &str)], path: &str, text: &str, expected: &[&str]) {
    let options = Options {
        custom: Arc::new(CustomRules::load(files).unwrap()),
        ..Options::default()
    };
    let (findings, coverage) = lint_file(path, text.as_bytes(), &options);
    let found: Vec<String> = findings
        .into_iter()
        .filter(|f| !f.rule.starts_with("SW-"))
        .map(|f| {
            format!(
                "{} {} {} {}:{}",
                f.rule, f.severity, f.message, f.location.start_line, f.location.start_column
            )
        })
        .chain(coverage.into_iter().map(|c| c.detail))
        .collect();
    assert_eq!(found, expected, "{files:?}");
}

fn error(path: &str, text: &str) -> String {
    CustomRules::load(&[(path, text)]).unwrap_err().to_string()
}

#[test]
fn cel_rules_find() {
    let rule = |condition: &str| {
        format!(
            "rules:\n- id: ACME-1\n  title: team\n  severity: high\n  kind: kubernetes\n  match: \"{condition}\"\n  message: no team\n  at: metadata.labels\n"
        )
    };
    for (condition, expected) in [
        ("!has(object.metadata.labels.team)", true),
        ("object.metadata.labels.tier == 'web'", true),
        ("object.metadata.labels.tier != 'web'", false),
        ("object.metadata.missing.deep == 'x'", false),
        ("object.data.exists(k, k == 'a')", true),
        ("input.kind.matches('^Config')", true),
    ] {
        let expected: &[&str] = if expected {
            &["ACME-1 high no team 5:3"]
        } else {
            &[]
        };
        check(&[("r.yaml", &rule(condition))], "a.yaml", POD, expected);
    }
    check(
        &[("r.yaml", &rule("true"))],
        "compose.yaml",
        "services: {}\n",
        &[],
    );
    check(
        &[("r.yaml", &rule("object.kind + 1 == 2"))],
        "a.yaml",
        "apiVersion: v1\nkind: List\nitems: []\n",
        &[
            "line 1: the rule ACME-1 could not be evaluated: Unsupported binary operator 'add': String(\"List\"), Int(1)",
        ],
    );
}

#[test]
fn rego_modules_find() {
    let module = "\
# seaworthy:kind=kubernetes
package acme.labels

import rego.v1

deny contains msg if {
    not input.metadata.labels.team
    msg := \"no team\"
}

warn contains {\"msg\": sprintf(\"%s is odd\", [name]), \"id\": \"ACME-2\", \"at\": \"data.a\", \"severity\": \"critical\"} if {
    some name, _ in input.data
}
";
    check(
        &[("r.rego", module)],
        "a.yaml",
        POD,
        &[
            "acme.labels high no team 1:1",
            "ACME-2 critical a is odd 7:3",
        ],
    );
    check(&[("r.rego", module)], "compose.yaml", "services: {}\n", &[]);
}

#[test]
fn dockerfiles_and_images_have_documents_too() {
    let rule = "- id: A\n  title: no team\n  kind: dockerfile\n  at: instructions[1]\n  match: object.instructions.exists(i, i.instruction == 'RUN' && i.stage == 0 && i.line == 2) && object.stages[0].image == 'x:1' && object.stages[0].name == 'b'\n";
    let text = "FROM x:1 AS b\nRUN --mount=type=cache,target=/c make \\\n  all\n";
    check(
        &[("r.yaml", rule)],
        "Dockerfile",
        text,
        &["A medium no team 2:1"],
    );
    let accepted = text
        .replace("RUN", "# seaworthy:ignore=A\nRUN")
        .replace("== 2", "== 3");
    check(
        &[("r.yaml", &rule.replace("== 2", "== 3"))],
        "Dockerfile",
        &accepted,
        &[],
    );

    let options = Options {
        custom: Arc::new(
            CustomRules::load(&[(
                "r.rego",
                "package acme\nimport rego.v1\ndeny contains \"no source label\" if not input.config.Labels[\"org.opencontainers.image.source\"]\n",
            )])
            .unwrap(),
        ),
        ..Options::default()
    };
    let config = ImageConfig::parse(br#"{"config": {"User": "1"}}"#).unwrap();
    let input = crate::ImageInput {
        config: &config,
        name: None,
    };
    let (findings, coverage) = crate::check_image(&input, &options);
    assert_eq!(coverage, []);
    let found = findings.iter().find(|f| f.rule == "acme").unwrap();
    assert_eq!(
        (found.message.as_str(), found.location.start_line),
        ("no source label", 0)
    );
}

#[test]
fn mistakes_are_located() {
    for (path, text, expected) in [
        (
            "r.yaml",
            "rules: []\n",
            "r.yaml:1:1: expected a list of rules",
        ),
        (
            "r.yaml",
            "- id: A\n  title: t\n  match: 1 +\n",
            "r.yaml:3:3: not a CEL expression",
        ),
        (
            "r.yaml",
            "- id: A\n  title: t\n",
            "r.yaml:1:3: the rule has no `match`",
        ),
        (
            "r.yaml",
            "- id: SW-K8S-1\n  title: t\n  match: 'true'\n",
            "r.yaml:1:3: `SW-K8S-1` is taken",
        ),
        (
            "r.yaml",
            "- id: A\n  titel: t\n",
            "r.yaml:2:3: unknown field `titel`",
        ),
        (
            "r.yaml",
            "- id: A\n  title: t\n  match: 'true'\n- id: A\n  title: t\n  match: 'true'\n",
            "r.yaml:4:3: the id `A` is taken",
        ),
        (
            "r.yaml",
            "- id: A\n  title: t\n  kind: helm\n  match: 'true'\n",
            "r.yaml:3:3: `helm` is not a kind",
        ),
        (
            "r.yaml",
            "- id: A\n  title: t\n  severity: bad\n  match: 'true'\n",
            "r.yaml:3:3: `bad` is not a severity",
        ),
        (
            "r.yaml",
            "- id: A\n  title: t\n  match: foo == 1\n",
            "r.yaml:3:3: unknown variable `foo`",
        ),
        ("r.yaml", "a: [\n", "r.yaml:1:"),
        ("r.rego", "package a\n\ndeny contains x if {\n", "r.rego:"),
        (
            "r.rego",
            "package a\n\nallow := true\n",
            "r.rego: the module has none",
        ),
        ("r.txt", "", "r.txt: custom rules are"),
    ] {
        let message = error(path, text);
        assert!(message.starts_with(expected), "{text:?}: {message}");
    }
}

#[test]
fn evaluation_is_bounded() {
    let nested = |depth: usize| {
        let open: String = (0..depth).map(|n| format!("object.l.all(a{n}, ")).collect();
        format!(
            "- id: A\n  title: t\n  match: \"{open}true{}\"\n",
            ")".repeat(depth)
        )
    };
    assert!(error("r.yaml", &nested(5)).contains("nested deeper"));
    let list = vec!["1"; 3000].join(",");
    check(
        &[("r.yaml", &nested(2))],
        "a.yaml",
        &format!("apiVersion: v1\nkind: A\nl: [{list}]\n"),
        &[
            "line 1: the rule A could not be evaluated: the document is too large for its nested loops",
        ],
    );
}
