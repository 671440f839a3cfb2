//! What the tests share.

use std::collections::BTreeSet;
use std::process::Command;

/// Runs `promtool check rules` or `promtool test rules` on the first of the files, which all lie
/// in one directory. Without promtool the test fails: a check that is skipped checks nothing.
pub(crate) fn promtool(verb: &str, files: &[(&str, &str)]) {
    let (passed, output) = run(verb, files);
    assert!(passed, "{output}\n{}", files[0].1);
}

/// Runs promtool on files that it must refuse.
pub(crate) fn promtool_refuses(verb: &str, files: &[(&str, &str)]) {
    let (passed, output) = run(verb, files);
    assert!(!passed, "{output}");
}

fn run(verb: &str, files: &[(&str, &str)]) -> (bool, String) {
    let directory = tempfile::TempDir::new().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let output = Command::new("promtool")
        .args([verb, "rules", files[0].0])
        .current_dir(directory.path())
        .output()
        .unwrap_or_else(|e| {
            panic!("this test needs promtool of Debian's package `prometheus` (apt-get install prometheus): {e}")
        });
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// The metrics that `docs/monitoring.md` lists, which are tested to be those that are written.
pub(crate) fn documented_metrics() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/monitoring.md");
    let page = std::fs::read_to_string(path).unwrap();
    let metrics: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .filter(|name| name.starts_with("container_"))
        .map(str::to_owned)
        .collect();
    assert!(metrics.len() > 20, "{metrics:?}");
    metrics
}

/// Every word of a text that looks like one of our metrics.
pub(crate) fn metrics_in(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("container_"))
        .map(str::to_owned)
        .collect()
}
