use super::*;
use proptest::prelude::*;

fn rules(path: &str, text: &str) -> Vec<String> {
    let (findings, coverage) = lint_file(path, text.as_bytes(), &Options::default());
    findings
        .into_iter()
        .map(|f| {
            format!(
                "{} {}:{}",
                f.rule, f.location.start_line, f.location.start_column
            )
        })
        .chain(coverage.into_iter().map(|c| c.detail))
        .collect()
}

/// Every rule finds its bad example and nothing else; nothing finds a good example.
#[test]
fn examples_are_true() {
    let mut wrong = Vec::new();
    for rule in crate::catalogue() {
        for (example, expected) in [(rule.bad, vec![rule.id]), (rule.good, vec![])] {
            let found = match rule.kind {
                Kind::Dockerfile => continue,
                Kind::Image => crate::image::testing::ids_of_example(example),
                kind => ids_of_example(kind, example),
            };
            if found != expected {
                wrong.push(format!(
                    "{}: {found:?}, expected {expected:?}\n{example}",
                    rule.id
                ));
            }
        }
        assert!(
            rule.kind == Kind::Dockerfile || !rule.bad.is_empty() && !rule.good.is_empty(),
            "{} has no example",
            rule.id
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn ids_of_example(kind: Kind, example: &str) -> Vec<String> {
    let (path, text) = match kind {
        Kind::Kubernetes => ("app.json", kubernetes::testing::completed(example)),
        Kind::Compose => ("compose.yaml", compose::testing::completed(example)),
        Kind::GitlabCi => (".gitlab-ci.yml", example.to_owned()),
        Kind::Terraform => ("main.tf", example.to_owned()),
        _ => ("template.yaml", example.to_owned()),
    };
    let (findings, coverage) = lint_file(path, text.as_bytes(), &Options::default());
    let mut ids: Vec<String> = findings.into_iter().map(|finding| finding.rule).collect();
    ids.extend(coverage.into_iter().map(|entry| entry.detail));
    ids
}

#[test]
fn kinds_are_recognised() {
    let pod =
        "apiVersion: v1\nkind: Pod\nspec: {hostPID: true, automountServiceAccountToken: false}\n";
    for (path, text, expected) in [
        ("a/pod.yaml", pod, "SW-K8S-0003 3:8"),
        (
            "compose.override.yml",
            "services: {a: {image: x}}\n",
            "SW-CMP-",
        ),
        ("stack.yml", "services:\n  a:\n    image: x\n", "SW-CMP-"),
        (".gitlab-ci.yml", "a:\n  image: x\n  script: y\n", "SW-CI-"),
        (
            "ci/build.yml",
            "stages: [a]\nb: {stage: a, image: x, script: y}\n",
            "SW-CI-",
        ),
        (
            "m/main.tf",
            "resource \"aws_ecr_repository\" \"a\" {}\n",
            "SW-TF-",
        ),
        (
            "m/main.tf.json",
            "{\"resource\": {\"aws_ecr_repository\": {\"a\": {}}}}",
            "SW-TF-",
        ),
        (
            "t.template",
            "Resources:\n  A:\n    Type: AWS::ECR::Repository\n",
            "SW-CFN-",
        ),
        (
            "t.json",
            "{\"Resources\": {\"A\": {\"Type\": \"AWS::ECR::Repository\"}}}",
            "SW-CFN-",
        ),
    ] {
        let found = rules(path, text);
        assert!(
            found.iter().any(|f| f.starts_with(expected)),
            "{path}: {found:?}"
        );
    }
    for (path, text) in [
        ("package.json", "{\"services\": {\"image\": 1}}"),
        ("values.yaml", "image: {tag: latest}\nkind: x\n"),
        (
            "kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
        ),
        ("README.md", pod),
    ] {
        assert_eq!(rules(path, text), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn damage_is_named_and_the_rest_is_checked() {
    let text = "apiVersion: v1\nkind: [\n---\napiVersion: v1\nkind: Pod\nspec: {hostPID: true, automountServiceAccountToken: false}\n";
    let found = rules("a.yaml", text);
    assert!(found.iter().any(|f| f == "SW-K8S-0003 6:8"), "{found:?}");
    assert!(
        found.iter().any(|f| f.starts_with("line 2, column ")),
        "{found:?}"
    );
    assert!(rules("main.tf", "resource \"a\" {")[0].starts_with("line 1, column "));
    assert!(
        rules("c/templates/a.yaml", "apiVersion: v1\nkind: {{ .x }}")[0].contains("helm template")
    );
    let (_, coverage) = lint_file("compose.yaml", b"a: \xff", &Options::default());
    assert!(coverage[0].detail.contains("UTF-8"), "{coverage:?}");
}

#[test]
fn ignores_and_disabled_rules_are_honoured() {
    let pod = |comment: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: true {comment}\n  automountServiceAccountToken: false\n"
        )
    };
    assert_eq!(rules("a.yaml", &pod("")).len(), 1);
    for comment in [
        "# seaworthy:ignore=SW-K8S-0003",
        "#trivy:ignore:AVD-KSV-0010",
    ] {
        assert_eq!(rules("a.yaml", &pod(comment)), Vec::<String>::new());
    }
    assert_eq!(
        rules("a.yaml", &pod("# seaworthy:ignore=SW-K8S-0004")).len(),
        1
    );
    let annotated = "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations: {seaworthy.dev/ignore: 'SW-K8S-0003, X'}\nspec: {hostPID: true, automountServiceAccountToken: false}\n";
    assert_eq!(rules("a.yaml", annotated), Vec::<String>::new());
    for id in ["sw-k8s-0003", "AVD-KSV-0010"] {
        let options = Options {
            disabled: vec![id.to_owned()],
            ..Options::default()
        };
        assert_eq!(lint_file("a.yaml", pod("").as_bytes(), &options).0, []);
    }
}

#[test]
fn an_ignore_speaks_for_the_block_that_begins_at_its_line() {
    let pod = |comment: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nspec:\n  automountServiceAccountToken: false\n  containers:\n  {comment}\n  - name: a\n    image: x@sha256:0\n    securityContext:\n      privileged: true\n  - name: b\n    image: x@sha256:0\n    securityContext:\n      privileged: true\n"
        )
    };
    let count = |text: &str| {
        rules("a.yaml", text)
            .iter()
            .filter(|f| f.starts_with("SW-K8S-0005"))
            .count()
    };
    assert_eq!(count(&pod("")), 2);
    assert_eq!(count(&pod("# seaworthy:ignore=SW-K8S-0005")), 1);
    let whole = pod("").replacen(
        "apiVersion",
        "# seaworthy:ignore=SW-K8S-0005\napiVersion",
        1,
    );
    assert_eq!(count(&whole), 0);
    let hcl = "\n# checkov:skip=CKV_AZURE_139: behind a firewall\nresource \"azurerm_container_registry\" \"r\" {\n  public_network_access_enabled = true\n}\n";
    assert_eq!(rules("main.tf", hcl), Vec::<String>::new());
}

#[test]
fn images_are_searched_where_it_makes_sense() {
    assert!(may_lint("app/deploy.yaml", Target::Image));
    assert!(!may_lint("usr/share/doc/pod.yaml", Target::Image));
    assert!(!may_lint("app/node_modules/x/compose.yaml", Target::Image));
    assert!(may_lint("usr/share/doc/pod.yaml", Target::Sources));
    assert!(!may_lint("app/main.rs", Target::Sources));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), which in 0..4_usize) {
        let path = ["compose.yaml", ".gitlab-ci.yml", "main.tf", "main.tf.json"][which];
        let _ = lint_file(path, &bytes, &Options::default());
    }

    /// Odd values in the places where checks look.
    #[test]
    fn no_shape_panics(values in proptest::collection::vec(0..8_usize, 30)) {
        let mut text = include_str!("shapes.yaml").to_owned();
        for value in values {
            let odd = ["null", "[]", "{}", "7", "-1", "[null]", "'$X'", "[{a: []}]"][value];
            text = text.replacen('?', odd, 1);
        }
        for path in ["x.yaml", "compose.yaml", ".gitlab-ci.yml"] {
            let _ = lint_file(path, text.as_bytes(), &Options::default());
        }
    }
}
