use std::collections::BTreeSet;

use proptest::prelude::*;
use seaworthy_model::{CoverageKind, Report, Severity, Support};

use super::*;
use crate::{Context, measure, sample};

fn context() -> Context {
    Context {
        project: "shop".to_owned(),
        environment: "production".to_owned(),
        scanned_at: Some(sample::now()),
        ..Context::default()
    }
}

fn fleet(reports: &[Report]) -> Fleet {
    reports.iter().map(|r| measure(r, &context())).collect()
}

fn sample_fleet() -> Fleet {
    let mut web = sample::report("registry.example.com:5000/shop/web:1.8");
    sample::vulnerable(&mut web, "CVE-1", "curl", "8", Severity::Critical);
    sample::exploited(&mut web);
    sample::vulnerable(&mut web, "CVE-2", "zlib1g", "1", Severity::High);
    web.support = Some(Support {
        end: "2028-06-30".to_owned(),
        ended: false,
    });
    let mut blind = sample::report("shop/blind");
    sample::gap(&mut blind, CoverageKind::UnknownDistribution, "plan9");
    fleet(&[web, blind])
}

/// Reads what OpenMetrics and the Prometheus format have in common, strictly: every line is
/// metadata or a sample of the family that was announced last, no series occurs twice.
fn check(text: &str, openmetrics: bool) {
    let mut families = BTreeSet::new();
    let mut series = BTreeSet::new();
    let mut family = String::new();
    let body = if openmetrics {
        text.strip_suffix("# EOF\n").expect("ends with EOF")
    } else {
        text
    };
    assert!(!body.contains("# EOF"));
    for line in body.split_terminator('\n') {
        assert_eq!(line, line.trim(), "no space around");
        if let Some(rest) = line.strip_prefix("# ") {
            let (keyword, rest) = rest.split_once(' ').expect("keyword");
            let name = rest.split(' ').next().expect("name");
            if keyword == "HELP" {
                assert!(families.insert(name.to_owned()), "{name} comes twice");
                family = name.to_owned();
            }
            assert_eq!(name, family);
            assert!(["HELP", "TYPE", "UNIT"].contains(&keyword), "{line}");
            if keyword == "UNIT" {
                assert!(openmetrics && name.ends_with("_seconds"));
            }
            continue;
        }
        let (name, rest) = line.split_once('{').expect("labels");
        assert!(name == family || name == format!("{family}_info"), "{line}");
        let (labels, value) = rest.rsplit_once("} ").expect("value");
        assert!(value.parse::<f64>().is_ok(), "{value}");
        check_labels(labels);
        assert!(series.insert(format!("{name}{labels}")), "{line} twice");
    }
}

fn check_labels(labels: &str) {
    let mut rest = labels;
    loop {
        let (name, after) = rest.split_once("=\"").expect("name");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        let mut escaped = false;
        let end = after
            .char_indices()
            .find(|&(_, c)| {
                assert!(!escaped || ['\\', '"', 'n'].contains(&c), "{labels}");
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            })
            .expect("closing quote")
            .0;
        match &after[end + 1..] {
            "" => return,
            more => rest = more.strip_prefix(',').expect("comma"),
        }
    }
}

#[test]
fn both_formats_as_a_whole() {
    let fleet = sample_fleet();
    let open = openmetrics(&fleet, sample::now());
    check(&open, true);
    insta::assert_snapshot!("openmetrics", open);
    let text = prometheus_text(&fleet, sample::now());
    check(&text, false);
    insta::assert_snapshot!("prometheus_text", text);
}

#[test]
fn nothing_at_all_is_still_openmetrics() {
    assert_eq!(openmetrics(&fleet(&[]), sample::now()), "# EOF\n");
}

#[test]
fn an_image_that_was_not_assessed_has_no_counts() {
    let text = prometheus_text(&sample_fleet(), sample::now());
    let of_blind: Vec<&str> = text.lines().filter(|l| l.contains("shop/blind")).collect();
    assert!(of_blind.iter().all(|l| !l.contains("_critical")));
    assert!(of_blind.iter().all(|l| !l.contains("_score")));
    let ends = |name: &str, value: &str| {
        of_blind
            .iter()
            .any(|l| l.starts_with(name) && l.ends_with(value))
    };
    assert!(ends("container_compliance_status{", " -1"));
    assert!(ends("container_scan_assessed{", " 0"));
}

#[test]
fn two_reports_of_one_image_are_one_series() {
    let old = sample::report("web:1");
    let mut new = sample::report("web:1");
    sample::vulnerable(&mut new, "CVE-1", "curl", "8", Severity::Critical);
    let text = openmetrics(&fleet(&[old, new]), sample::now());
    check(&text, true);
    assert_eq!(
        text.matches("\ncontainer_vulnerabilities_critical{")
            .count(),
        1
    );
}

/// A report's name comes from outside, and one that is made for it must not break the others.
#[test]
fn names_that_are_one_label_are_one_series() {
    let reports = ["web:1", "we\u{0}b:1", "web\u{202e}:1"].map(sample::report);
    let pushes = push_requests(&fleet(&reports), "job", sample::now()).unwrap();
    assert_eq!(pushes.len(), 1);
    check(&pushes[0].body, false);
    let open = openmetrics(&fleet(&reports), sample::now());
    check(&open, true);
    for text in [&open, &pushes[0].body] {
        assert_eq!(text.matches("\ncontainer_packages{").count(), 1, "{text}");
    }
}

/// Jobs that scan one platform each push after one another.
#[test]
fn platforms_of_one_name_do_not_replace_each_other() {
    let mut arm = sample::report("web:1");
    if let Some(image) = &mut arm.inventory.image {
        image.platform = "linux/arm64".to_owned();
        image.manifest_digest = Some("sha256:arm".to_owned());
    }
    let both = [sample::report("web:1"), arm];
    let push = |reports: &[Report]| push_requests(&fleet(reports), "job", sample::now()).unwrap();
    let pushes = push(&both);
    assert_eq!(pushes.len(), 2);
    assert_ne!(pushes[0].path, pushes[1].path);
    assert!(pushes[1].path.contains("/platform@base64/"));
    assert_eq!(push(&both[..1]), pushes[..1]);
    assert_eq!(push(&both[1..]), pushes[1..]);
}

#[test]
fn ages_are_times_that_go_on_to_count() {
    let mut report = sample::report("web:1");
    for (id, severity) in [("CVE-1", Severity::Critical), ("CVE-2", Severity::High)] {
        sample::vulnerable(&mut report, id, "curl", "8", severity);
    }
    report.findings[0].published = "2026-11-20".parse().ok();
    let sample_of = |report: &Report, name: &str| {
        let text = prometheus_text(&fleet(std::slice::from_ref(report)), sample::now());
        let line = text.lines().find(|l| l.starts_with(&format!("{name}{{")));
        line.map(|l| l.rsplit_once(' ').unwrap().1.to_owned())
    };
    let critical = "container_vulnerabilities_critical_oldest_timestamp_seconds";
    let high = "container_vulnerabilities_high_oldest_timestamp_seconds";
    let mean = "container_vulnerabilities_mean_age_seconds";
    let undated = "container_vulnerabilities_undated";
    for (name, value) in [
        // 20 November 2026, midnight; now is 25 November, 13:36:51.
        (critical, Some("1795132800")),
        (high, None),
        (mean, Some("481011")),
        (undated, Some("1")),
    ] {
        assert_eq!(sample_of(&report, name).as_deref(), value, "{name}");
    }
    // What was not assessed has no ages, whatever was found.
    sample::gap(&mut report, CoverageKind::ScannerFailed, "trivy");
    for name in [critical, high, mean, undated] {
        assert_eq!(sample_of(&report, name), None, "{name}");
    }
}

#[test]
fn what_nobody_looked_for_has_no_sample() {
    let mut report = sample::report("web:1");
    let text =
        |report: &Report| prometheus_text(&fleet(std::slice::from_ref(report)), sample::now());
    assert!(text(&report).contains("\ncontainer_secrets{"));
    report.scanners = vec!["vuln".to_owned()];
    let text = text(&report);
    for name in ["secrets", "misconfigurations", "licenses_forbidden"] {
        assert!(!text.contains(&format!("container_{name}")), "{text}");
    }
}

#[test]
fn the_documentation_lists_every_gauge() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/monitoring.md");
    let page = std::fs::read_to_string(path).unwrap();
    let listed: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `container_")?.split('`').next())
        .collect();
    let mut built: BTreeSet<&str> = FAMILIES
        .iter()
        .filter_map(|family| family.name.strip_prefix("container_"))
        .collect();
    built.insert("image_info");
    assert_eq!(listed, built);
}

#[test]
fn pushes_are_grouped_by_image() {
    let pushes = push_requests(&sample_fleet(), "seaworthy", sample::now()).unwrap();
    assert_eq!(
        pushes.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(),
        [
            "/metrics/job/seaworthy/image@base64/cmVnaXN0cnkuZXhhbXBsZS5jb206NTAwMC9zaG9wL3dlYjoxLjg/platform@base64/bGludXgvYW1kNjQ/project/shop/environment/production",
            "/metrics/job/seaworthy/image@base64/c2hvcC9ibGluZA/platform@base64/bGludXgvYW1kNjQ/project/shop/environment/production",
        ]
    );
    for push in &pushes {
        check(&push.body, false);
    }
    assert!(matches!(
        push_requests(&sample_fleet(), " ", sample::now()),
        Err(Error::EmptyJob)
    ));
}

#[test]
fn a_new_build_replaces_the_old_one_and_what_is_gone_is_deleted() {
    let mut rebuilt = sample::report("web:1");
    if let Some(image) = &mut rebuilt.inventory.image {
        image.manifest_digest = Some("sha256:other".to_owned());
    }
    let builds = fleet(&[sample::report("web:1"), rebuilt]);
    let pushes = push_requests(&builds, "seaworthy", sample::now()).unwrap();
    assert_eq!(pushes.len(), 1);
    assert!(pushes[0].body.contains("digest=\"sha256:other\""));
    let stale = stale_pushes(&sample_fleet(), &builds, "seaworthy").unwrap();
    assert_eq!(stale.len(), 2);
    assert!(
        stale_pushes(&builds, &builds, "seaworthy")
            .unwrap()
            .is_empty()
    );
}

proptest! {
    #[test]
    fn any_name_gives_a_valid_exposition(name in "\\PC*|.*", project in any::<String>()) {
        let mut report = sample::report(&format!("x{name}"));
        if let Some(image) = &mut report.inventory.image {
            image.platform = project.clone();
        }
        let context = Context { project, ..context() };
        let fleet: Fleet = [measure(&report, &context)].into_iter().collect();
        check(&openmetrics(&fleet, sample::now()), true);
        let push = push_requests(&fleet, "job/../x", sample::now()).unwrap();
        let path = &push[0].path;
        prop_assert!(path.bytes().all(|b| b.is_ascii_graphic()));
        prop_assert!(path.split('/').all(|part| part != "." && part != ".."));
    }
}
