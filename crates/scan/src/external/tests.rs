use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use seaworthy_report::merge::{RunOutcome, ScanKind, ScannerName};
use seaworthy_source::{Credentials, TargetRef};

use super::plan::{divide, invocation};
use super::{Canceller, ExternalOptions, ExternalRun, ExternalScanner, Running};

const VULNERABILITY: [ScanKind; 1] = [ScanKind::Vulnerability];

/// A whole report of Grype's without findings.
const GRYPE: &str = r#"{"matches":[],"source":{"type":"image","target":{"userInput":"x"}},"distro":{"name":"alpine","version":"3.18"},"descriptor":{"name":"grype","version":"0.104.1"}}"#;

fn options(folder: &Path, scanners: &[ExternalScanner], kinds: &[ScanKind]) -> ExternalOptions {
    let mut search_path = folder.as_os_str().to_owned();
    search_path.push(":/usr/bin:/bin");
    ExternalOptions {
        scanners: scanners.to_vec(),
        kinds: kinds.to_vec(),
        time_limit: Duration::from_secs(30),
        max_output: 1 << 20,
        search_path,
        platform: "linux/amd64".to_owned(),
        credentials: None,
        ca_file: None,
        insecure: false,
        plain_http: false,
        withheld: vec!["SEAWORTHY_REGISTRY_PASSWORD"],
    }
}

fn script(folder: &Path, name: &str, body: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// What one fake Grype gives.
fn grype(body: &str, change: impl FnOnce(&mut ExternalOptions)) -> ExternalRun {
    let folder = tempfile::tempdir().unwrap();
    script(folder.path(), "grype", body);
    let mut options = options(folder.path(), &[ExternalScanner::Grype], &VULNERABILITY);
    change(&mut options);
    let target = TargetRef::parse("registry:example.com/a:1").unwrap();
    let mut runs = Running::start(&target, &options, &Canceller::default()).finish();
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn failure(body: &str, change: impl FnOnce(&mut ExternalOptions)) -> String {
    let run = grype(body, change);
    assert!(run.raw.is_empty());
    match run.run.outcome {
        RunOutcome::Failed(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_is_read_and_counts_for_what_was_asked() {
    let run = grype(&format!("echo noise >&2; echo '{GRYPE}'"), |_| {});
    let RunOutcome::Answered(report) = &run.run.outcome else {
        panic!("{:?}", run.run.outcome);
    };
    assert_eq!(report.scanner, ScannerName::Grype);
    assert_eq!(report.tool.version, "0.104.1");
    assert!(report.kinds.iter().eq(&VULNERABILITY));
    assert!(run.run.elapsed.is_some() && run.raw.starts_with(b"{"));
    // A threshold of the user's own is no failure, where the report is whole.
    let threshold = grype(&format!("echo '{GRYPE}'; exit 2"), |_| {});
    assert!(matches!(threshold.run.outcome, RunOutcome::Answered(_)));
}

#[test]
fn what_is_no_answer_says_why() {
    for (body, expected) in [
        ("echo 'not json'", "not whole JSON, at line 1, column 2"),
        ("", "the report is empty"),
        (
            "echo '[0000] ERROR failed to catalog: unauthorized' >&2; exit 1",
            "failed to catalog: unauthorized",
        ),
        ("exit 9", "exit status 9"),
        ("kill -9 $$", "ended by signal 9"),
        (
            "echo '{\"SchemaVersion\":2,\"ArtifactName\":\"x\",\"Results\":[]}'",
            "a report of trivy, not its own JSON",
        ),
        ("echo '{\"matches\":[' ; exit 1", "exit status 1"),
    ] {
        let why = failure(body, |_| {});
        assert!(why.contains(expected), "{body}: {why}");
    }
}

#[test]
fn a_flood_ends_at_the_limit() {
    let began = Instant::now();
    let why = failure("exec cat /dev/zero", |_| {});
    assert_eq!(why, "it wrote more than 1 MB");
    assert!(began.elapsed() < Duration::from_secs(20));
    // Messages are no report: however many there are, their end is kept.
    let why = failure(
        "head -c 5000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo 'error: boom' >&2; exit 3",
        |_| {},
    );
    assert_eq!(why, "exit status 3: boom");
}

#[test]
fn what_hangs_is_stopped_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let began = Instant::now();
    let run = grype(
        &format!(
            "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > {}; while :; do sleep 0.1; done' & wait; sleep 60",
            mark.display()
        ),
        |options| options.time_limit = Duration::from_millis(700),
    );
    assert_eq!(run.run.outcome, RunOutcome::TimedOut);
    assert!(began.elapsed() < Duration::from_secs(20));
    let pid = fs::read_to_string(&mark).unwrap();
    let process = Path::new("/proc").join(pid.trim());
    if Path::new("/proc/self").exists() {
        // A killed process stays visible until its new parent has reaped it.
        let gone = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            let state = fs::read_to_string(process.join("stat")).unwrap_or_default();
            state.is_empty() || state.contains(") Z ")
        });
        assert!(gone, "process {pid} is still there");
    }
}

#[test]
fn what_a_scanner_leaves_behind_does_not_hold_the_scan() {
    let began = Instant::now();
    let run = grype(&format!("sleep 60 & echo '{GRYPE}'"), |_| {});
    assert!(matches!(run.run.outcome, RunOutcome::Answered(_)));
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn an_interruption_stops_all_and_starts_none() {
    let folder = tempfile::tempdir().unwrap();
    script(folder.path(), "grype", "sleep 60");
    let options = options(folder.path(), &[ExternalScanner::Grype], &VULNERABILITY);
    let target = TargetRef::parse("registry:example.com/a:1").unwrap();
    let canceller = Canceller::default();
    let began = Instant::now();
    let running = Running::start(&target, &options, &canceller);
    std::thread::sleep(Duration::from_millis(200));
    canceller.cancel();
    let stopped = running.finish();
    let later = Running::start(&target, &options, &canceller).finish();
    for run in stopped.iter().chain(&later) {
        assert_eq!(
            run.run.outcome,
            RunOutcome::Failed("it was stopped".to_owned())
        );
    }
    // Dropped, it stops its own scanners only.
    drop(Running::start(&target, &options, &Canceller::default()));
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_scanner_that_is_not_there_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(
        folder.path(),
        &[ExternalScanner::Snyk, ExternalScanner::Trivy],
        &[ScanKind::Vulnerability, ScanKind::Secret],
    );
    options.search_path = OsString::from(folder.path());
    let target = TargetRef::parse("docker-archive:web.tar").unwrap();
    let runs = Running::start(&target, &options, &Canceller::default()).finish();
    let shown: Vec<String> = runs
        .iter()
        .map(|run| {
            format!(
                "{} {:?} {:?}",
                run.run.scanner, run.run.kind, run.run.outcome
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "trivy Some(Vulnerability) Missing(\"`trivy` is not in PATH\")",
            "trivy Some(Secret) Missing(\"`trivy` is not in PATH\")",
            "snyk Some(Secret) NotApplicable(\"snyk does not look for secrets\")",
            "snyk Some(Vulnerability) Missing(\"`snyk` is not in PATH\")",
        ]
    );
}

/// As Trivy does without its database: everything together fails, the rest alone answers.
#[test]
fn where_only_the_advisories_are_out_of_reach_the_rest_answers() {
    let folder = tempfile::tempdir().unwrap();
    script(
        folder.path(),
        "trivy",
        "case \"$*\" in *vuln*) echo 'FATAL Fatal error DB error: no such host' >&2; exit 1;; esac\necho '{\"SchemaVersion\":2,\"ArtifactName\":\"x\",\"ArtifactType\":\"container_image\",\"Results\":[]}'",
    );
    let all = ScanKind::ALL;
    let options = options(folder.path(), &[ExternalScanner::Trivy], &all);
    let target = TargetRef::parse("docker-archive:web.tar").unwrap();
    let runs = Running::start(&target, &options, &Canceller::default()).finish();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0].run.kind, Some(ScanKind::Vulnerability));
    assert_eq!(
        runs[0].run.outcome,
        RunOutcome::Failed("exit status 1: DB error: no such host".to_owned())
    );
    assert_eq!(runs[1].kinds, all[1..]);
    let RunOutcome::Answered(report) = &runs[1].run.outcome else {
        panic!("{:?}", runs[1].run.outcome);
    };
    assert!(report.kinds.iter().eq(&all[1..]));
}

#[test]
fn secrets_go_through_the_environment_and_ours_not_at_all() {
    let secret = format!("hush-{}", 4711);
    let credentials = Some(Credentials {
        username: "user".to_owned(),
        password: secret.clone(),
    });
    let why = failure(
        "echo \"error: [$*] $GRYPE_REGISTRY_AUTH_AUTHORITY/$GRYPE_REGISTRY_AUTH_USERNAME/$GRYPE_REGISTRY_AUTH_PASSWORD\" >&2; exit 1",
        |options| options.credentials.clone_from(&credentials),
    );
    // The script saw it, and it is not shown.
    assert_eq!(
        why,
        "exit status 1: [registry:example.com/a:1 -o json --platform linux/amd64] example.com/user/****"
    );
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path(), &ExternalScanner::ALL, &ScanKind::ALL);
    options.credentials = credentials;
    for scanner in ExternalScanner::ALL {
        for text in ["registry:example.com/a:1", "docker-archive:web.tar"] {
            let target = TargetRef::parse(text).unwrap();
            let plan = invocation(scanner, &target, &VULNERABILITY, &options);
            let on_line = plan
                .arguments
                .iter()
                .any(|argument| argument.to_string_lossy().contains(&secret));
            assert!(!on_line, "{plan:?}");
            let given = plan
                .environment
                .iter()
                .any(|(_, value)| value.to_string_lossy() == secret);
            let expected = text.starts_with("registry:") && scanner != ExternalScanner::Clairctl;
            assert_eq!(given, expected, "{plan:?}");
        }
    }
}

#[test]
fn targets_are_spelled_as_each_scanner_spells_them() {
    let folder = tempfile::tempdir().unwrap();
    let two = folder.path().join("two");
    fs::create_dir(&two).unwrap();
    fs::write(two.join("index.json"), r#"{"manifests":[{},{}]}"#).unwrap();
    let two_tagged = format!("oci-dir:{}:1", two.display());
    let options = options(folder.path(), &ExternalScanner::ALL, &ScanKind::ALL);
    let line = |scanner, target: &str| {
        let target = TargetRef::parse(target).unwrap();
        let division = divide(scanner, &target, &ScanKind::ALL);
        if division.asked.is_empty() {
            return division.not_applicable[0].1.clone();
        }
        let plan = invocation(scanner, &target, &division.asked, &options);
        let words: Vec<_> = plan
            .arguments
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        words.join(" ")
    };
    use ExternalScanner::{Clairctl, Grype, Snyk, Trivy};
    let image = "--format json --scanners vuln,secret,misconfig,license --image-config-scanners secret,misconfig";
    let files = "--format json --scanners vuln,secret,misconfig,license";
    for (scanner, target, expected) in [
        (
            Trivy,
            "registry:example.com/a:1",
            format!("image --image-src remote example.com/a:1 {image} --platform linux/amd64"),
        ),
        (
            Trivy,
            "docker:web:1",
            format!("image --image-src docker web:1 {image} --platform linux/amd64"),
        ),
        (
            Trivy,
            "docker-archive:-w.tar",
            format!("image --input ./-w.tar {image}"),
        ),
        (
            Trivy,
            "oci-dir:d:1.0",
            format!("image --input d:1.0 {image}"),
        ),
        (
            Trivy,
            "oci-archive:w.tar",
            "trivy reads OCI layouts as directories only, not as archives".to_owned(),
        ),
        (Trivy, "rootfs:/r", format!("rootfs /r {files}")),
        (Trivy, "dir:src", format!("fs src {files}")),
        (
            Trivy,
            "sbom:b.json",
            "sbom b.json --format json --scanners vuln,license".to_owned(),
        ),
        (
            Grype,
            "oci-archive:w.tar",
            "oci-archive:w.tar -o json".to_owned(),
        ),
        (Grype, "oci-dir:d", "oci-dir:d -o json".to_owned()),
        (
            Grype,
            two_tagged.as_str(),
            "grype cannot be told which image of a layout to take".to_owned(),
        ),
        (Grype, "rootfs:/r", "dir:/r -o json".to_owned()),
        (Grype, "sbom:b.json", "sbom:b.json -o json".to_owned()),
        (
            Grype,
            "podman:web",
            "podman:web -o json --platform linux/amd64".to_owned(),
        ),
        (
            Clairctl,
            "registry:example.com/a:1",
            "report -o json example.com/a:1".to_owned(),
        ),
        (
            Clairctl,
            "docker:web",
            "clair fetches images from registries only".to_owned(),
        ),
        (
            Snyk,
            "registry:example.com/a:1",
            "container test example.com/a:1 --json --platform=linux/amd64".to_owned(),
        ),
        (
            Snyk,
            "oci-archive:w.tar",
            "container test oci-archive:w.tar --json".to_owned(),
        ),
        (
            Snyk,
            "dir:src",
            "snyk container looks into images only".to_owned(),
        ),
    ] {
        assert_eq!(line(scanner, target), expected, "{scanner} {target}");
    }
}

#[test]
fn kinds_that_a_scanner_does_not_know_are_named() {
    let target = TargetRef::parse("sbom:b.json").unwrap();
    let division = divide(ExternalScanner::Trivy, &target, &ScanKind::ALL);
    assert_eq!(division.asked, [ScanKind::Vulnerability, ScanKind::License]);
    assert_eq!(division.not_applicable.len(), 2);
    let target = TargetRef::parse("rootfs:/").unwrap();
    let division = divide(ExternalScanner::Grype, &target, &ScanKind::ALL);
    assert_eq!(division.asked, VULNERABILITY);
    assert_eq!(
        division.not_applicable[0],
        (
            ScanKind::Secret,
            "grype does not look for secrets".to_owned()
        )
    );
}
