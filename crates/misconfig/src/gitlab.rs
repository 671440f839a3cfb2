//! GitLab CI files (CI/CD YAML syntax reference).

mod include;
mod script;

use crate::Rule;
use crate::document::{Node, Value};
use crate::hints::{self, Pin};
use crate::report::Report;
use crate::rule::rules as rule_table;

/// The rules of this kind.
pub(crate) fn rules() -> Vec<&'static Rule> {
    [RULES, include::RULES, script::RULES].concat()
}

rule_table! { GitlabCi:
MOVING_TAG "SW-CI-0001" Medium ["CKV_GITLABCI_3"]
    title "Image of a job without a version"
    why "`latest`, or no tag, is another image tomorrow: the pipeline changes without a commit, and whoever pushes that tag runs code with the job's secrets."
    fix "Name a version, best with its digest."
    bad "build:\n  image: node\n  script: [npm ci]\n"
    good "build:\n  image: node:22.11.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n  script: [npm ci]\n";
NO_DIGEST "SW-CI-0002" Negligible []
    title "Image of a job without a digest"
    why "A tag can be moved to another image; a digest cannot."
    fix "Append the digest: `image:tag@sha256:…`."
    bad "build:\n  image: node:22.11.0\n  script: [npm ci]\n"
    good "build:\n  image: node@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n  script: [npm ci]\n";
DIND_WITHOUT_TLS "SW-CI-0003" High []
    title "Docker daemon of a job without TLS"
    why "The privileged daemon listens on port 2375 without authentication: other jobs on the same network may take it over, and with it the runner."
    fix "Set `DOCKER_TLS_CERTDIR: \"/certs\"` and `DOCKER_HOST: tcp://docker:2376`, or build without a daemon."
    bad "build:\n  services: [\"docker:27-dind@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]\n  variables: {DOCKER_TLS_CERTDIR: \"\"}\n  script: [docker build .]\n"
    good "build:\n  script: [buildah bud .]\n";
DIND "SW-CI-0004" Low []
    title "Docker in Docker"
    why "The service runs only on privileged runners, where a job can leave its container and reach the secrets of other projects."
    fix "Build without a daemon: buildah, rootless BuildKit."
    bad "build:\n  services: [\"docker:27-dind@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]\n  variables: {DOCKER_TLS_CERTDIR: \"/certs\"}\n  script: [docker build .]\n"
    good "build:\n  script: [buildctl build .]\n";
SECRET_VARIABLE "SW-CI-0005" High []
    title "Secret in a variable of the file"
    why "Whoever can read the repository has the value; it is neither masked in logs nor bound to protected branches."
    fix "Define the variable in the project's settings, masked and protected, or fetch it with `secrets:`."
    bad "variables:\n  DEPLOY_TOKEN: example\nbuild:\n  script: [make]\n"
    good "variables:\n  DEPLOY_USER: deploy\nbuild:\n  script: [make]\n";
ALLOWED_FAILURE "SW-CI-0006" Medium []
    title "Security job that may fail"
    why "With `allow_failure: true` the pipeline passes whatever the scan finds, or when it does not run at all."
    fix "Remove `allow_failure`, and accept single findings in the policy with a reason and an expiry."
    bad "container_scanning:\n  script: [seaworthy scan]\n  allow_failure: true\n"
    good "container_scanning:\n  script: [seaworthy scan]\n  allow_failure: false\n";
DEBUG_TRACE "SW-CI-0007" High []
    title "Debug trace switched on"
    why "`CI_DEBUG_TRACE` prints every variable of the job, secrets included, into its log."
    fix "Remove the variable; set it by hand for a single run."
    bad "variables: {CI_DEBUG_TRACE: \"true\"}\nbuild:\n  script: [make]\n"
    good "variables: {CI_DEBUG_TRACE: \"false\"}\nbuild:\n  script: [make]\n";
TLS_OFF "SW-CI-0008" Medium []
    title "Certificate checks switched off"
    why "Without the check anybody between the runner and the server can read and replace what is transferred."
    fix "Add the authority's certificate to the job, and remove the switch."
    bad "variables: {GIT_SSL_NO_VERIFY: \"true\"}\nbuild:\n  script: [make]\n"
    good "build:\n  script: [make]\n";
PERMANENT_ARTIFACT "SW-CI-0009" Low []
    title "Whole working directory as an artifact"
    why "Everything that the job wrote can be downloaded by whoever sees the pipeline: `.env` files, credentials, `.git` with the job's token."
    fix "List the files that later jobs need."
    bad "build:\n  script: [make]\n  artifacts: {paths: [\".\"]}\n"
    good "build:\n  script: [make]\n  artifacts: {paths: [dist/]}\n";
}

/// Keys of the top level that are no jobs.
const RESERVED: [&str; 13] = [
    "after_script",
    "before_script",
    "cache",
    "component",
    "default",
    "image",
    "include",
    "inputs",
    "services",
    "spec",
    "stages",
    "variables",
    "workflow",
];

/// Variables that switch a certificate check off, and the value that does.
const TLS_SWITCHES: [(&str, &str); 4] = [
    ("GIT_SSL_NO_VERIFY", "true"),
    ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
    ("PYTHONHTTPSVERIFY", "0"),
    ("CS_DOCKER_INSECURE", "true"),
];

/// Whether a document of another name is a pipeline.
pub(crate) fn is_pipeline(document: &Node) -> bool {
    document
        .get("stages")
        .is_some_and(|s| !s.items().is_empty())
        && jobs(document).any(|(_, job)| job.get("script").is_some())
}

fn jobs(document: &Node) -> impl Iterator<Item = (&str, &Node)> {
    document
        .entries()
        .filter(|(name, node)| node.is_map() && !RESERVED.contains(name))
}

/// Checks the documents of one file: a header with inputs and the pipeline.
pub(crate) fn check(documents: &[&Node], report: &mut Report<'_>) {
    for document in documents {
        include::check(document, report);
        let global = Scope {
            label: "",
            node: document,
        };
        let default = document.get("default");
        global.check(document, report);
        if let Some(default) = default {
            Scope {
                label: "default",
                node: default,
            }
            .check(document, report);
        }
        for (name, job) in jobs(document) {
            let label = format!("job {name}");
            let scope = Scope {
                label: &label,
                node: job,
            };
            scope.check(document, report);
            check_job(name, &label, job, report);
        }
    }
}

/// The top level, `default`, or a job.
struct Scope<'n> {
    label: &'n str,
    node: &'n Node,
}

impl Scope<'_> {
    fn check(&self, document: &Node, report: &mut Report<'_>) {
        if let Some(image) = self.node.get("image") {
            self.image(image, report);
        }
        for service in self.node.items_at("services") {
            self.image(service, report);
            self.docker(service, document, report);
        }
        self.variables(report);
        for list in ["before_script", "script", "after_script"] {
            if let Some(script) = self.node.get(list) {
                script::check(script, self.label, report);
            }
        }
    }

    /// An image or a service: a name, or a map with one.
    fn image(&self, node: &Node, report: &mut Report<'_>) {
        let name = node.get("name").unwrap_or(node);
        let Some(reference) = name.text() else { return };
        match hints::pin(reference) {
            Pin::Moving => report.add(
                &MOVING_TAG,
                name,
                self.label,
                format!("the image `{reference}` has no fixed version"),
            ),
            Pin::Tag if !reference.contains('$') => report.add(
                &NO_DIGEST,
                name,
                self.label,
                format!("the image `{reference}` has no digest"),
            ),
            _ => {}
        }
    }

    fn docker(&self, service: &Node, document: &Node, report: &mut Report<'_>) {
        let name = service.get("name").unwrap_or(service);
        let reference = name.text().unwrap_or_default();
        let image = reference.split('@').next().unwrap_or_default();
        if !(image.contains("dind") || image.ends_with("/docker") || image == "docker") {
            return;
        }
        let value = |variable: &str| {
            [self.node, document]
                .iter()
                .find_map(|scope| scope.get("variables")?.get(variable))
                .map(|node| variable_value(node).unwrap_or_default())
        };
        let command_line: Vec<&str> = service
            .items_at("command")
            .iter()
            .filter_map(Node::text)
            .collect();
        let is_open = value("DOCKER_TLS_CERTDIR").is_some_and(str::is_empty)
            || value("DOCKER_HOST").is_some_and(|host| host.ends_with(":2375"))
            || command_line
                .iter()
                .any(|arg| arg.replace(' ', "").contains("--tls=false"));
        if is_open {
            report.add(
                &DIND_WITHOUT_TLS,
                name,
                self.label,
                "the Docker daemon of the job listens without TLS",
            );
        } else {
            report.add(
                &DIND,
                name,
                self.label,
                format!("the service `{reference}` needs a privileged runner"),
            );
        }
    }

    fn variables(&self, report: &mut Report<'_>) {
        let variables = self.node.get("variables");
        for (name, node) in variables.into_iter().flat_map(Node::entries) {
            let Some(value) = variable_value(node) else {
                continue;
            };
            let is_secret = hints::is_secret_name(name) && hints::is_literal_secret(value);
            if is_secret || hints::is_secret_value(value) || is_registry_login(name, value) {
                report.add(
                    &SECRET_VARIABLE,
                    node,
                    self.label,
                    format!("the variable `{name}` holds its secret in plain text"),
                );
            }
            if matches!(name, "CI_DEBUG_TRACE" | "CI_DEBUG_SERVICES") && value == "true" {
                report.add(&DEBUG_TRACE, node, self.label, format!("`{name}` is true"));
            }
            if TLS_SWITCHES
                .iter()
                .any(|(switch, off)| name == *switch && value.eq_ignore_ascii_case(off))
            {
                report.add(&TLS_OFF, node, self.label, format!("`{name}` is `{value}`"));
            }
        }
    }
}

/// Docker's client configuration with a login written out.
fn is_registry_login(name: &str, value: &str) -> bool {
    name == "DOCKER_AUTH_CONFIG" && value.contains("\"auth\"") && !value.contains('$')
}

/// The value of a variable: a scalar, or `value` of a map.
fn variable_value(node: &Node) -> Option<&str> {
    let node = node.get("value").unwrap_or(node);
    match &node.value {
        Value::Null => Some(""),
        Value::Bool(true) => Some("true"),
        Value::Bool(false) => Some("false"),
        _ => node.text(),
    }
}

fn check_job(name: &str, label: &str, job: &Node, report: &mut Report<'_>) {
    if let Some(node) = job
        .get("allow_failure")
        .filter(|n| n.boolean() == Some(true))
        && is_security_job(name, job)
    {
        report.add(
            &ALLOWED_FAILURE,
            node,
            label,
            "the pipeline passes whatever this job finds",
        );
    }
    for path in job.items_at("artifacts.paths") {
        if matches!(
            path.text(),
            Some("." | "./" | "*" | "**" | "**/*" | "$CI_PROJECT_DIR")
        ) {
            let text = path.text().unwrap_or_default();
            report.add(
                &PERMANENT_ARTIFACT,
                path,
                label,
                format!("the artifact is `{text}`, all of the working directory"),
            );
        }
    }
}

fn is_security_job(name: &str, job: &Node) -> bool {
    let extends: Vec<&str> = job
        .get("extends")
        .map(|e| e.one_or_many().iter().filter_map(Node::text).collect())
        .unwrap_or_default();
    let has_report = job.at("artifacts.reports").is_some_and(|reports| {
        reports.entries().any(|(kind, _)| {
            kind.ends_with("sast")
                || kind.ends_with("_scanning")
                || kind.ends_with("secret_detection")
                || kind == "dast"
        })
    });
    let words = [
        "sast",
        "dast",
        "secret",
        "scan",
        "scanning",
        "trivy",
        "grype",
        "snyk",
        "clair",
        "gitleaks",
        "semgrep",
        "seaworthy",
        "security",
        "vulnerability",
        "vulnerabilities",
    ];
    has_report
        || extends
            .into_iter()
            .chain([name, job.text_at("stage").unwrap_or_default()])
            .flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()))
            .any(|word| words.contains(&word.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use crate::{Options, lint_file};

    fn check(text: &str, expected: &[&str]) {
        let (findings, coverage) =
            lint_file(".gitlab-ci.yml", text.as_bytes(), &Options::default());
        assert_eq!(coverage, [], "{text}");
        let found: Vec<String> = findings
            .into_iter()
            .map(|f| format!("{} {}", f.rule, f.location.start_line))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn scopes_are_looked_at() {
        check("image: alpine\n", &["SW-CI-0001 1"]);
        check("default:\n  image: {name: alpine}\n", &["SW-CI-0001 2"]);
        check(".hidden:\n  image: $IMAGE\n", &[]);
        check(
            "a:\n  services:\n  - name: redis:latest\n    alias: r\n",
            &["SW-CI-0001 3"],
        );
        check(
            "spec:\n  inputs: {image: {default: x}}\n---\na:\n  image: $[[ inputs.image ]]\n  script: x\n",
            &[],
        );
        check(
            "a:\n  image: $CI_REGISTRY_IMAGE/b:1.2\n  script: !reference [.b, script]\n",
            &[],
        );
    }

    #[test]
    fn the_daemon_of_a_job_is_judged_by_all_its_variables() {
        let service = "a:\n  services: ['docker:dind']\n";
        check(service, &["SW-CI-0001 2", "SW-CI-0004 2"]);
        check(
            &format!("variables: {{DOCKER_HOST: 'tcp://docker:2375'}}\n{service}"),
            &["SW-CI-0001 3", "SW-CI-0003 3"],
        );
    }

    #[test]
    fn variables_have_values_in_two_notations() {
        check(
            "variables:\n  API_TOKEN: {value: example, description: x}\n",
            &["SW-CI-0005 2"],
        );
        check(
            "variables:\n  API_TOKEN: $OTHER\n  DATABASE_URL: postgres://a:$PW@b\n",
            &[],
        );
        check(
            "variables:\n  DATABASE_URL: postgres://a:example@b\n",
            &["SW-CI-0005 2"],
        );
    }

    #[test]
    fn merge_keys_and_anchors_are_resolved() {
        check(
            ".base: &base\n  variables: {DEPLOY_TOKEN: example}\na:\n  <<: *base\n  script: x\n",
            &["SW-CI-0005 2", "SW-CI-0005 2"],
        );
    }
}
