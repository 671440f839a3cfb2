//! Single rules, custom rules, what is let pass.

use seaworthy_model::Severity;
use seaworthy_secrets::{Rules, scan_text};

use crate::corpus::{Random, checked};

/// Ids and places of what is found.
fn found(rules: &Rules, path: &str, text: &str) -> Vec<(String, u32, u32)> {
    scan_text(rules, path, text.as_bytes())
        .into_iter()
        .map(|s| (s.rule, s.location.start_line, s.location.start_column))
        .collect()
}

fn check(path: &str, text: &str, expected: &[(&str, u32, u32)]) {
    let rules = Rules::builtin();
    let found = found(&rules, path, text);
    let found: Vec<_> = found.iter().map(|(r, l, c)| (r.as_str(), *l, *c)).collect();
    assert_eq!(found, expected, "{path}: {text}");
}

fn token() -> String {
    checked(&mut Random::default(), "ghp_")
}

#[test]
fn lines_and_columns() {
    let token = token();
    check(
        "a.txt",
        &format!("ä\n  ü {token} x"),
        &[("github-pat", 2, 5)],
    );
    check(
        "a.txt",
        &format!("{token}\r\n{token}"),
        &[("github-pat", 1, 1), ("github-pat", 2, 1)],
    );
    // One report where two rules match.
    check(
        "a.env",
        &format!("GITHUB_TOKEN={token}"),
        &[("github-pat", 1, 14)],
    );
    // A token that GitHub would refuse is none, and no other rule thinks otherwise.
    let wrong = format!("{}A", &token[..token.len() - 1]);
    check("a.env", &format!("GITHUB_TOKEN={wrong}"), &[]);
}

#[test]
fn commands_and_files() {
    check(
        "x.sh",
        "curl -u bob:s3same77 https://x",
        &[("curl-user-password", 1, 13)],
    );
    check("x.sh", "curl -u bob:$PW https://x", &[]);
    check(
        "x.sh",
        "sshpass -p s3same77 ssh x",
        &[("sshpass-password", 1, 12)],
    );
    check(
        "x.sh",
        "docker login -u bob -p s3same77 x",
        &[("docker-login-password", 1, 24)],
    );
    check("x.sh", "docker login -u bob --password-stdin x", &[]);
    check(
        "x.sh",
        "echo 'root:s3same77' | chpasswd",
        &[("chpasswd-password", 1, 12)],
    );
    check(
        "app/config/master.key",
        "00f1e2d3c4b5a69788796a5b4c3d2e1f",
        &[("rails-master-key", 1, 1)],
    );
    check(
        "app/config/other.key",
        "00f1e2d3c4b5a69788796a5b4c3d2e1f",
        &[],
    );
    check(
        "root/.pgpass",
        "db:5432:app:app:s3same77\n",
        &[("pgpass-password", 1, 17)],
    );
    check(
        "wg0.conf",
        "PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n",
        &[("private-key-wireguard", 1, 14)],
    );
}

#[test]
fn comments_allow_a_line() {
    let token = token();
    check("a.py", &format!("t = '{token}'  # seaworthy:allow"), &[]);
    check("a.py", &format!("t = '{token}'  # gitleaks:allow"), &[]);
    check(
        "a.py",
        &format!("# seaworthy:allow\nt = '{token}'"),
        &[("github-pat", 2, 6)],
    );
}

#[test]
fn the_secret_is_never_shown() {
    let token = token();
    let text = format!("a = '{token}', password = 'c0rrect-h0rse'");
    for secret in scan_text(&Rules::builtin(), "a.py", text.as_bytes()) {
        assert!(!secret.masked.contains(&token[5..]), "{}", secret.masked);
        assert!(!secret.masked.contains("c0rrect"), "{}", secret.masked);
        assert!(secret.masked.contains("****"), "{}", secret.masked);
        assert_eq!(secret.fingerprint.len(), 16);
    }
}

#[test]
fn own_rules_and_allow_lists() {
    let token = token();
    let text = format!("t = '{token}'\nticket ACME-k3y-90417263\n");
    let fingerprint = scan_text(&Rules::builtin(), "a.py", text.as_bytes())[0]
        .fingerprint
        .clone();
    let check = |file: &str, path: &str, expected: &[&str]| {
        let rules = Rules::with_file("own.yaml", file).unwrap();
        let found = found(&rules, path, &text);
        let found: Vec<_> = found.iter().map(|(rule, ..)| rule.as_str()).collect();
        assert_eq!(found, expected, "{file}");
    };
    let own = "
rules:
  - id: acme-ticket
    title: ACME ticket
    severity: low
    keywords: [acme-]
    regex: 'ACME-k3y-(\\d{8})'
";
    check(own, "a.py", &["github-pat", "acme-ticket"]);
    check(
        &format!("{own}    paths: ['srv/**']\n"),
        "a.py",
        &["github-pat"],
    );
    check(
        &format!("{own}    paths: ['srv/**']\n"),
        "srv/x/a.py",
        &["github-pat", "acme-ticket"],
    );
    check(
        &format!("{own}    allow: {{regexes: ['^9041']}}\n"),
        "a.py",
        &["github-pat"],
    );
    check(
        &format!("{own}    allow: {{paths: ['*.py']}}\n"),
        "a.py",
        &["github-pat"],
    );
    check(&format!("{own}    entropy: 3.5\n"), "a.py", &["github-pat"]);
    check(
        &own.replace("[acme-]", "[k3y]"),
        "a.py",
        &["github-pat", "acme-ticket"],
    );
    check(
        &own.replace("    keywords: [acme-]\n", ""),
        "a.py",
        &["github-pat", "acme-ticket"],
    );
    check("disable: ['github-*']\n", "a.py", &[]);
    check(
        &format!("allow: {{fingerprints: [{fingerprint}]}}\n"),
        "a.py",
        &[],
    );
    check(
        &format!("allow: {{stopwords: [{}]}}\n", &token[6..16]),
        "a.py",
        &[],
    );
    check("allow: {regexes: ['^ghp_']}\n", "a.py", &[]);
    let rules = Rules::with_file("own.yaml", own).unwrap();
    let secret = &scan_text(&rules, "a.py", text.as_bytes())[1];
    assert_eq!(
        (secret.severity, secret.title.as_str()),
        (Severity::Low, "ACME ticket")
    );
}
