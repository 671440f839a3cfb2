//! What the scripts of jobs do.

use crate::document::Node;
use crate::hints;
use crate::report::Report;
use crate::rule::rules;
use crate::shell::{program, runs_a_download, words};

rules! { GitlabCi:
RUN_DOWNLOAD "SW-CI-0040" High []
    title "Script runs what it downloads"
    why "The job runs whatever the server sends at that moment, with the secrets of the pipeline."
    fix "Use an image that has the tool, or download a version and check its digest before it runs."
    bad "build:\n  script:\n  - curl -fsSL https://example.com/install.sh | sh\n"
    good "build:\n  script:\n  - curl -fsSLo tool https://example.com/tool\n  - echo \"$TOOL_SHA256  tool\" | sha256sum -c\n";
PRINT_SECRET "SW-CI-0041" High ["CKV_GITLABCI_1"]
    title "Script prints or sends a secret"
    why "Masking does not survive a changed or encoded value, and a request with the job's token hands it to the server."
    fix "Remove the output; pass secrets on standard input or in a file."
    bad "build:\n  script:\n  - echo $CI_JOB_TOKEN\n"
    good "build:\n  script:\n  - echo \"$CI_REGISTRY_PASSWORD\" | docker login -u \"$CI_REGISTRY_USER\" --password-stdin \"$CI_REGISTRY\"\n";
PASSWORD_ARGUMENT "SW-CI-0042" Medium []
    title "Password on a command line"
    why "Arguments are visible to every process of the runner, and appear in traces and error messages."
    fix "Use `--password-stdin`."
    bad "build:\n  script:\n  - docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD $CI_REGISTRY\n"
    good "build:\n  script:\n  - docker login -u $CI_REGISTRY_USER --password-stdin $CI_REGISTRY < \"$PASSWORD_FILE\"\n";
INSECURE_TRANSFER "SW-CI-0043" Medium []
    title "Script switches certificate checks off"
    why "Without the check anybody between the runner and the server can read and replace what is transferred."
    fix "Add the authority's certificate to the job, and remove the switch."
    bad "build:\n  script:\n  - curl -k -o tool https://example.com/tool\n"
    good "build:\n  script:\n  - curl -fo tool https://example.com/tool\n";
INJECTION "SW-CI-0044" High []
    title "Script evaluates text of a contributor"
    why "Commit messages, branch names and titles are written by whoever opens a merge request; `eval` and `sh -c` run them as code."
    fix "Pass the variable as an argument instead of evaluating it."
    bad "build:\n  script:\n  - eval \"make $CI_COMMIT_MESSAGE\"\n"
    good "build:\n  script:\n  - make \"$CI_COMMIT_SHORT_SHA\"\n";
}

/// Variables whose text a contributor chooses.
const CHOSEN_BY_OTHERS: [&str; 9] = [
    "CI_COMMIT_MESSAGE",
    "CI_COMMIT_TITLE",
    "CI_COMMIT_DESCRIPTION",
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_AUTHOR",
    "CI_MERGE_REQUEST_TITLE",
    "CI_MERGE_REQUEST_DESCRIPTION",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
];

/// Deepest list within a list: scripts nest where anchors and `!reference` are mixed in.
const MAX_NESTING: usize = 10;

pub(super) fn check(script: &Node, label: &str, report: &mut Report<'_>) {
    walk(script, label, 0, report);
}

fn walk(node: &Node, label: &str, depth: usize, report: &mut Report<'_>) {
    if let Some(text) = node.text() {
        check_text(text, node, label, report);
    } else if depth < MAX_NESTING {
        for item in node.items() {
            walk(item, label, depth + 1, report);
        }
    }
}

fn check_text(text: &str, node: &Node, label: &str, report: &mut Report<'_>) {
    let mut add = |rule, message: String| report.add(rule, node, label, message);
    let joined = text.replace("\\\n", " ");
    if runs_a_download(&joined) {
        add(
            &RUN_DOWNLOAD,
            "feeds a download to an interpreter".to_owned(),
        );
    }
    for command in joined
        .split(['\n', ';'])
        .flat_map(|line| line.split("&&"))
        .map(str::trim)
        .filter(|command| !command.is_empty() && !command.starts_with('#'))
    {
        if let Some(variable) = printed_secret(command) {
            add(&PRINT_SECRET, format!("shows `${variable}`"));
        }
        if has_password_argument(command) {
            add(
                &PASSWORD_ARGUMENT,
                "a password is an argument of the command".to_owned(),
            );
        }
        if let Some(switch) = insecure_switch(command) {
            add(
                &INSECURE_TRANSFER,
                format!("`{switch}` switches the check off"),
            );
        }
        if let Some(variable) = injected(command) {
            add(&INJECTION, format!("evaluates `${variable}`"));
        }
    }
}

/// Names of the variables in a text: `$X`, `${X}`, `${X:-y}`.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        Some(&rest[..end]).filter(|name| !name.is_empty())
    })
}

fn is_secret_variable(name: &str) -> bool {
    hints::is_secret_name(name) || name.starts_with("CI_") && name.ends_with("_TOKEN")
}

/// The secret that a command shows: `echo $TOKEN` whose output goes to the log, or a request of
/// curl with a variable of the pipeline to somewhere else.
fn printed_secret(command: &str) -> Option<&str> {
    let first = program(words(command).next()?);
    if !matches!(first, "echo" | "printf") || command.contains(['|', '>']) {
        return None;
    }
    variables(command).find(|name| is_secret_variable(name))
}

fn has_password_argument(command: &str) -> bool {
    let list: Vec<&str> = words(command).collect();
    let is_login = list.contains(&"login");
    let tools = [
        "docker", "podman", "buildah", "skopeo", "helm", "crane", "oras", "nerdctl", "az",
    ];
    let is_tool = list.iter().any(|word| tools.contains(&program(word)));
    if !is_tool {
        return false;
    }
    let gives = |flags: &[&str]| {
        list.iter().enumerate().any(|(at, word)| {
            let (flag, value) = word
                .split_once('=')
                .map_or((*word, list.get(at + 1).copied()), |(f, v)| (f, Some(v)));
            flags.contains(&flag) && value.is_some_and(|v| !v.is_empty() && !v.starts_with('-'))
        })
    };
    (is_login && gives(&["-p", "--password"])) || gives(&["--creds", "--src-creds", "--dest-creds"])
}

fn insecure_switch(command: &str) -> Option<&str> {
    let list: Vec<&str> = words(command).collect();
    let has = |tool: &str| list.iter().any(|word| program(word) == tool);
    list.iter().copied().find(|word| match *word {
        "-k" | "--insecure" => has("curl"),
        "--no-check-certificate" => has("wget"),
        "--tls-verify=false" | "--insecure-skip-tls-verify" | "--insecure-skip-tls-verify=true" => {
            true
        }
        "http.sslVerify=false" => has("git"),
        _ => {
            // Short flags of curl stand together: `-sk`.
            has("curl")
                && word.starts_with('-')
                && !word.starts_with("--")
                && word.len() <= 6
                && word.bytes().skip(1).all(|b| b"fsSLkvi".contains(&b))
                && word.contains('k')
        }
    })
}

fn injected(command: &str) -> Option<&str> {
    let list: Vec<&str> = words(command).take(6).collect();
    let evaluates = list.first() == Some(&"eval")
        || list.windows(2).any(|pair| {
            matches!(
                program(pair[0]),
                "sh" | "bash" | "ash" | "python" | "python3"
            ) && pair[1] == "-c"
        });
    if !evaluates {
        return None;
    }
    variables(command).find(|name| CHOSEN_BY_OTHERS.contains(name))
}

#[cfg(test)]
mod tests {
    use crate::{Options, lint_file};

    fn check(command: &str, expected: &[&str]) {
        let text = format!(
            "a:\n  script:\n  - |\n    {}\n",
            command.replace('\n', "\n    ")
        );
        let (findings, _) = lint_file(".gitlab-ci.yml", text.as_bytes(), &Options::default());
        let found: Vec<String> = findings.into_iter().map(|f| f.rule).collect();
        assert_eq!(found, expected, "{command}");
    }

    #[test]
    fn commands_are_judged() {
        check("echo \"${CI_JOB_TOKEN}\"", &["SW-CI-0041"]);
        check("echo $CI_COMMIT_SHA", &[]);
        check("echo \"machine x password $TOKEN\" > ~/.netrc", &[]);
        check("docker login --password=$P x", &["SW-CI-0042"]);
        check("skopeo copy --dest-creds u:$P a b", &["SW-CI-0042"]);
        check("docker login --password-stdin x < f", &[]);
        check("docker run -p 80:80 x", &[]);
        check("curl -fsSLk https://x -o y", &["SW-CI-0043"]);
        check("curl -fsSL https://x/-k -o y", &[]);
        check("buildah push --tls-verify=false x", &["SW-CI-0043"]);
        check("bash -c \"deploy $CI_COMMIT_REF_NAME\"", &["SW-CI-0044"]);
        check("bash deploy.sh \"$CI_COMMIT_REF_NAME\"", &[]);
        check("# curl x | sh\ntrue", &[]);
        check("curl x \\\n  | sh", &["SW-CI-0040"]);
    }
}
