//! Every rule by its examples, ignores, options, hostile files.

use std::collections::HashSet;

use proptest::prelude::*;

use super::{LabelType, LintOptions, RULES, catalogue, is_dockerfile, lint};
use crate::Rule;

/// Options under which every rule can report.
fn options_for(rule: &Rule) -> LintOptions {
    let mut options = LintOptions::default();
    options.enabled.insert(rule.id.to_owned());
    let mut label = |name: &str, kind| options.labels.insert(name.to_owned(), kind);
    match rule.id {
        "SW-DF-0004" => options.trusted_registries = vec!["registry.example.com".to_owned()],
        "SW-DF-0151" | "SW-DF-0153" => {
            label("title", LabelType::Text);
        }
        "SW-DF-0152" => {
            label("title", LabelType::Text);
            options.strict_labels = true;
        }
        "SW-DF-0154" => drop(label("url", LabelType::Url)),
        "SW-DF-0155" => drop(label("time", LabelType::Time)),
        "SW-DF-0156" => drop(label("license", LabelType::Spdx)),
        "SW-DF-0157" => drop(label("revision", LabelType::Hash)),
        "SW-DF-0158" => drop(label("version", LabelType::Semver)),
        "SW-DF-0159" => drop(label("contact", LabelType::Email)),
        "SW-DF-0031" => options.disable_ignores = true,
        _ => {}
    }
    options
}

fn reported(text: &str, options: &LintOptions) -> Vec<String> {
    let (findings, _) = lint("Dockerfile", text.as_bytes(), options);
    findings.into_iter().map(|f| f.rule).collect()
}

/// `line id` of all findings of rules that have an id which starts with a prefix.
fn check(text: &str, prefix: &str, expected: &[&str]) {
    let (findings, _) = lint("Dockerfile", text.as_bytes(), &LintOptions::default());
    let shown: Vec<String> = findings
        .iter()
        .flat_map(|f| {
            let ids = std::iter::once(&f.rule).chain(&f.references);
            ids.filter(|id| id.starts_with(prefix))
                .map(|id| format!("{} {id}", f.location.start_line))
        })
        .collect();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn examples_are_reported_and_accepted() {
    for rule in RULES {
        let options = options_for(rule);
        assert!(
            reported(rule.bad, &options).contains(&rule.id.to_owned()),
            "{} does not report its bad example {:?}",
            rule.id,
            reported(rule.bad, &options)
        );
        assert!(
            !reported(rule.good, &options).contains(&rule.id.to_owned()),
            "{} reports its good example",
            rule.id
        );
    }
}

#[test]
fn ids_are_ordered_and_references_point_to_one_rule() {
    let mut seen = HashSet::new();
    for pair in RULES.windows(2) {
        assert!(pair[0].id < pair[1].id, "{} {}", pair[0].id, pair[1].id);
    }
    for rule in catalogue() {
        for reference in rule.references.iter().filter(|r| r.starts_with("DL")) {
            assert!(seen.insert(*reference), "{reference} is twice");
        }
    }
    assert!(seen.len() > 65);
}

#[test]
fn findings_stand_where_the_words_stand() {
    let text = "FROM debian:12\nRUN echo a && \\\n    cd /x && \\\n    sudo ls\n";
    check(text, "DL300", &["3 DL3003", "4 DL3004"]);
    let (findings, _) = lint("a/Dockerfile", text.as_bytes(), &LintOptions::default());
    let cd = findings
        .iter()
        .find(|f| f.rule == "SW-DF-0081")
        .expect("is reported");
    assert_eq!((cd.location.start_column, cd.location.end_column), (5, 10));
    assert_eq!(cd.object, "RUN");
    assert_eq!(cd.location.path, "a/Dockerfile");
    assert!(cd.message.starts_with("The directory"));
}

#[test]
fn comments_silence_rules() {
    check("# hadolint ignore=DL3006\nFROM debian\n", "DL3006", &[]);
    check(
        "# hadolint ignore=DL3006\n\nFROM debian\n",
        "DL3006",
        &["3 DL3006"],
    );
    check(
        "# hadolint ignore=DL3007,DL3006 # why\nFROM debian\n",
        "DL3006",
        &[],
    );
    check(
        "FROM debian\n# hadolint global ignore=DL3006\n",
        "DL3006",
        &[],
    );
    check(
        "FROM debian:12\n# seaworthy:ignore=SW-DF-0081\n# more\nRUN a && \\\n  cd b\n",
        "DL3003",
        &[],
    );
    check(
        "FROM debian:12\n# seaworthy:ignore=dl3003\nRUN cd b\nRUN cd c\n",
        "DL3003",
        &["4 DL3003"],
    );
    check(
        "FROM debian:12\nRUN a && \\\n# seaworthy:ignore=DL3003\n  cd b && \\\n  cd c\n",
        "DL3003",
        &["5 DL3003"],
    );
    check(
        "# check=skip=StageNameCasing\nFROM debian:12 AS B\n",
        "StageName",
        &[],
    );
    check(
        "# seaworthy:ignore=DL3006\nARG A\nFROM debian\n",
        "DL3006",
        &[],
    );
    let options = LintOptions {
        disable_ignores: true,
        ..LintOptions::default()
    };
    let rules = reported("# hadolint ignore=DL3006\nFROM debian\n", &options);
    assert!(rules.contains(&"SW-DF-0001".to_owned()));
}

#[test]
fn options_change_what_is_reported() {
    let yaml = "ignored: [DL3006]\noverride:\n  error: [SW-DF-0044]\n";
    let options = LintOptions::from_hadolint_yaml("x", yaml).expect("is valid");
    let (findings, _) = lint("Dockerfile", b"FROM debian\n", &options);
    assert!(findings.iter().all(|f| f.rule != "SW-DF-0001"));
    let health = findings
        .iter()
        .find(|f| f.rule == "SW-DF-0044")
        .expect("is reported");
    assert_eq!(health.severity, seaworthy_model::Severity::High);
}

#[test]
fn users_are_followed_through_variables_and_stages() {
    check("FROM a:1\nARG U=0\nUSER $U\n", "DL3002", &["3 DL3002"]);
    check("FROM a:1\nENV U=1000\nUSER ${U}\n", "DL3066", &[]);
    check(
        "FROM a:1 AS b\nUSER root\nFROM b\nUSER 5\n",
        "DL3002",
        &["2 DL3002"],
    );
    check("FROM a:1 AS b\nUSER 5\nFROM b\n", "SW-DF-0051", &[]);
    check("FROM gcr.io/distroless/static:nonroot\n", "SW-DF-0051", &[]);
    check(
        "FROM a:1\nUSER 5\nUSER root\nCOPY x /y\nUSER 5\n",
        "SW-DF-0056",
        &[],
    );
}

#[test]
fn downloads_run_by_shells_are_found_in_all_their_forms() {
    for run in [
        "curl -s https://x.y/i | sudo -E bash -",
        "wget -qO- https://x.y/i | sh -s -- --yes",
        "bash -c \"$(curl -fsSL https://x.y/i)\"",
        "bash <(curl -s https://x.y/i)",
        "sh -c \"`curl -s https://x.y/i`\"",
        "curl https://x.y/i | tee log | bash",
        "curl https://x.y/i | python3 -",
        "eval \"$(curl https://x.y/i)\"",
    ] {
        check(
            &format!("FROM a:1\nRUN {run}\n"),
            "SW-DF-0087",
            &["2 SW-DF-0087"],
        );
    }
    for run in [
        "curl https://x.y/i | tar xz",
        "curl https://x.y/i | python3 parse.py",
        "curl -o i https://x.y/i && sh ./other",
        "echo \"curl x | sh\"",
    ] {
        check(&format!("FROM a:1\nRUN {run}\n"), "SW-DF-0087", &[]);
    }
}

#[test]
fn pipes_lose_failures_unless_the_shell_keeps_them() {
    check("FROM a:1\nRUN a | b\n", "DL4006", &["2 DL4006"]);
    check(
        "FROM a:1\nRUN <<EOF\nset -eo pipefail\na | b\nEOF\n",
        "DL4006",
        &[],
    );
    check(
        "FROM a:1\nRUN a \\\n | b\nSHELL [\"/bin/ash\", \"-eo\", \"pipefail\", \"-c\"]\nRUN c | d\n",
        "DL4006",
        &["3 DL4006"],
    );
    check(
        "FROM a:1\nSHELL [\"powershell\", \"-Command\"]\nRUN a | b\n",
        "DL4006",
        &[],
    );
}

#[test]
fn secrets_by_name_and_by_place() {
    for name in [
        "DB_PASSWORD",
        "npm_token",
        "API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "aws_access_key_id",
        "CREDENTIALS",
    ] {
        check(
            &format!("FROM a:1\nENV {name}=x\n"),
            "DL3064",
            &["2 DL3064"],
        );
    }
    for name in [
        "PUBLIC_KEY",
        "POSTGRES_PASSWORD_FILE",
        "TOKEN_URL",
        "KEYBOARD",
        "TOKENIZERS_PARALLELISM",
        "SECRETARY",
    ] {
        check(&format!("FROM a:1\nENV {name}=x\n"), "DL3064", &[]);
    }
    check(
        "FROM a:1\nRUN curl -H \"Authorization: Bearer abcdefgh12345\" https://x.y\n",
        "SW-DF-0063",
        &["2 SW-DF-0063"],
    );
    check(
        "FROM a:1\nRUN curl -H \"Authorization: Bearer $T\" https://x.y\n",
        "SW-DF-0063",
        &[],
    );
    check(
        "FROM a:1\nRUN git clone https://jo:pw@x.y/z.git\n",
        "SW-DF-0063",
        &["2 SW-DF-0063"],
    );
    check(
        "FROM a:1\nRUN tool --password=abc --token-file=x\n",
        "SW-DF-0063",
        &["2 SW-DF-0063"],
    );
    check(
        "FROM a:1\nCOPY .env.example ca.pem server.crt /x/\n",
        "SW-DF-0061",
        &[],
    );
}

#[test]
fn what_cannot_be_read_is_told() {
    let (findings, coverage) = lint(
        "f",
        b"FROM a:1\nRUN \xFF\nUSER root\n",
        &LintOptions::default(),
    );
    assert!(findings.iter().any(|f| f.rule == "SW-DF-0050"));
    assert_eq!(coverage.len(), 1);
    assert!(
        coverage[0].detail.contains("line 2, column 5"),
        "{}",
        coverage[0].detail
    );
    let big = vec![b'#'; super::MAX_SIZE + 1];
    let (findings, coverage) = lint("f", &big, &LintOptions::default());
    assert!(findings.is_empty() && coverage.len() == 1);
    let many = "FROM a\n".repeat(9000);
    let (findings, coverage) = lint("f", many.as_bytes(), &LintOptions::default());
    assert!(findings.len() <= super::MAX_FINDINGS && coverage.len() == 1);
}

#[test]
fn hostile_files_take_linear_time() {
    let half = super::MAX_SIZE / 16;
    let fill = |piece: &str| format!("FROM a:1\n{}", piece.repeat(half / piece.len()));
    for text in [
        fill("FROM a AS b\n"),
        fill("USER $A\n"),
        format!("FROM a:1\nRUN {}", "apt-get update;".repeat(half / 15)),
        format!("FROM a:1\nRUN {}", "curl x;sh;".repeat(half / 10)),
        format!("FROM a:1\nRUN {}", "(".repeat(half)),
        fill("ENV A=b B=$A\n"),
        fill("ARG A=$A$A$A$A\n"),
        fill("COPY --from=x a b\n"),
        fill("RUN rm .env\nCOPY .env .\n"),
        fill("# hadolint ignore=DL3006\n"),
        fill("FROM b AS b\nENV A=c\n"),
    ] {
        let _ = lint("f", text.as_bytes(), &LintOptions::default());
    }
}

#[test]
fn files_are_recognised_by_name() {
    for name in [
        "Dockerfile",
        "a/b/Dockerfile",
        "Dockerfile.dev",
        "web.dockerfile",
        "Containerfile",
        "Dockerfile-prod",
    ] {
        assert!(is_dockerfile(name), "{name}");
    }
    for name in [
        "Dockerfiles",
        "Dockerfile.dockerignore",
        "docker",
        "mydockerfile",
    ] {
        assert!(!is_dockerfile(name), "{name}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_linted(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = lint("f", &bytes, &LintOptions::default());
    }

    #[test]
    fn any_lines_are_linted(lines in prop::collection::vec("(FROM|RUN|COPY|ADD|ENV|ARG|USER|LABEL|EXPOSE|ONBUILD|HEALTHCHECK|CMD|SHELL|WORKDIR) [ -~]{0,40}", 0..20)) {
        let text = lines.join("\n");
        let (findings, _) = lint("f", text.as_bytes(), &LintOptions::default());
        for finding in findings {
            prop_assert!(finding.location.start_line <= finding.location.end_line);
            prop_assert!(finding.message.ends_with('.'), "{}", finding.message);
        }
    }
}
