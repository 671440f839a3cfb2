//! Time that grows with the length of a text and with nothing else.

use std::time::{Duration, Instant};

use seaworthy_secrets::{Rules, scan_text};

fn time(rules: &Rules, unit: &str, len: usize) -> Duration {
    let text = unit.repeat(len / unit.len());
    // The best of three: other programs run too.
    (0..3)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(scan_text(rules, "app/bundle.env", text.as_bytes()));
            start.elapsed()
        })
        .min()
        .unwrap()
}

/// Lines that are made to be slow: keywords without end, openings that nothing closes.
#[test]
fn one_long_line_costs_no_more_than_its_length() {
    let rules = Rules::builtin();
    for unit in [
        "password",
        "token=",
        "password=\"",
        "api_key=token=secret=",
        "-----BEGIN PRIVATE KEY-----",
        "eyJhbGciO",
        "eyJhbGciO.eyJ",
        "http://a:",
        "postgres://a",
        "AKIA",
        "jdbc:postgresql://a?",
        "server=a;host=b;uid=c;",
        "\"auth\":\"",
        "{\"kty\"",
        "curl -u ",
        "function(a,b){return a.token+b.secret}",
    ] {
        let (small, large) = (20_000, 400_000);
        let base = time(&rules, unit, small).max(Duration::from_millis(1));
        let more = time(&rules, unit, large);
        // Twenty times the text; quadratic would be 400 times the time.
        assert!(more < base * 100, "{unit}: {base:?} became {more:?}");
    }
}
