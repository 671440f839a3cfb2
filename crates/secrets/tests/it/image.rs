//! The image's configuration.

use seaworthy_secrets::{
    CONFIGURATION, HISTORY, Rules, scan_environment, scan_history, scan_labels,
};

use crate::corpus::{Random, checked};

#[test]
fn environment_labels_and_history_name_their_entries() {
    let rules = Rules::builtin();
    let token = checked(&mut Random::default(), "npm_");
    let env = [
        "PATH=/usr/bin:/bin",
        "DB_PASSWORD=c0rrect; h0rse&x",
        "PASSWORD_FILE=/run/secrets/pw1",
    ];
    let found = scan_environment(&rules, env);
    // A value with blanks is no password that the rules know; the others are none at all.
    assert!(found.is_empty(), "{found:?}");
    let found = scan_environment(&rules, ["DB_PASSWORD=c0rrect;h0rse&x", "A=b"]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].location.path, CONFIGURATION);
    assert_eq!(found[0].location.start_line, 0);
    assert_eq!(found[0].masked, "env DB_PASSWORD=********");

    let found = scan_labels(
        &rules,
        [("maintainer", "me"), ("deploy.token", token.as_str())],
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].masked, "label deploy.token=npm_****************");

    let history = [
        "/bin/sh -c #(nop) ADD file:0123 in /".to_owned(),
        format!("|1 NPM_TOKEN={token} /bin/sh -c npm ci"),
        "ENV API_PASSWORD=${X}".to_owned(),
        "ENV API_PASSWORD c0rrect-h0rse".to_owned(),
    ];
    let found = scan_history(&rules, history.iter().map(String::as_str));
    let masked: Vec<&str> = found.iter().map(|s| s.masked.as_str()).collect();
    assert_eq!(
        masked,
        [
            "step 2: |1 NPM_TOKEN=npm_**************** /bin/sh -c npm ci",
            "step 4: ENV API_PASSWORD ********"
        ]
    );
    assert!(found.iter().all(|s| s.location.path == HISTORY));
}
