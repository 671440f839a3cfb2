//! What surrounds the findings: coverage, order, origin, remediations, explanations.

use seaworthy_model::{Epss, KnownExploited};

use super::*;

#[test]
fn what_cannot_be_assessed_is_named() {
    let mut third = package(PackageType::Deb, "docker-ce 5:24.0.7-1");
    third.supplier = Some("Docker <support@docker.com>".to_owned());
    let own = package(PackageType::Deb, "docker-ce 5:24.0.7-1");
    let database = debian(&[
        "docker-ce CVE-2024-1 debian-tracker affected",
        "x CVE-2024-2 debian-tracker fixed ..2",
    ]);
    let os = ("debian", "12.5");
    for (what, inventory, findings, gaps) in [
        (
            "third party",
            inventory(os, vec![third]),
            0,
            &[(CoverageKind::ThirdPartyPackage, "docker-ce 5:24.0.7-1")][..],
        ),
        ("the distribution's own", inventory(os, vec![own]), 1, &[]),
        (
            "foreign format",
            inventory(os, vec![package(PackageType::Rpm, "x 1-1")]),
            0,
            &[(CoverageKind::ThirdPartyPackage, "x 1-1")],
        ),
        (
            "no version",
            inventory(os, vec![package(PackageType::Deb, "x a:b")]),
            0,
            &[(CoverageKind::UncomparableVersion, "x a:b")],
        ),
        (
            "no version, but nothing to compare it with",
            inventory(os, vec![package(PackageType::Deb, "y a:b")]),
            0,
            &[],
        ),
        (
            "no shard",
            inventory(("debian", "11"), vec![package(PackageType::Deb, "x 1")]),
            0,
            &[(CoverageKind::NoShard, "debian:11")],
        ),
        (
            "no shard for a language",
            npm("x 1.0.0"),
            0,
            &[(CoverageKind::NoShard, "npm")],
        ),
        (
            "no distribution",
            Inventory {
                distribution: None,
                ..deb("x 1")
            },
            0,
            &[(CoverageKind::UnknownDistribution, "no distribution")],
        ),
        (
            "no release",
            inventory(("rhel", ""), vec![package(PackageType::Rpm, "x 1-1")]),
            0,
            &[(CoverageKind::UnknownRelease, "rhel")],
        ),
        (
            "a binary without a package manager",
            Inventory {
                packages: vec![package(PackageType::Generic, "node 18.0.0")],
                ..Inventory::default()
            },
            0,
            &[(CoverageKind::NoShard, "generic")],
        ),
        ("nothing installed", Inventory::default(), 0, &[]),
    ] {
        let found = matched(&inventory, &database);
        assert_eq!(found.findings.len(), findings, "{what}");
        assert_eq!(kinds(&found), gaps, "{what}");
    }
}

#[test]
fn an_advisory_that_cannot_be_compared_is_named_too() {
    let database = debian(&["x CVE-2024-1 debian-tracker fixed ..a:b"]);
    let found = matched(&deb("x 1"), &database);
    assert_eq!(found.findings, []);
    assert_eq!(kinds(&found), [(CoverageKind::UncomparableVersion, "x 1")]);
    assert!(found.coverage[0].detail.starts_with("CVE-2024-1 "));
}

#[test]
fn old_shards_are_stale_only_when_somebody_asks() {
    let database = debian(&["x CVE-2024-1 debian-tracker fixed ..2"]);
    for (now, most, stale) in [
        (None, Some(1), false),
        (Some("2026-01-31"), None, false),
        (Some("2026-01-31"), Some(30), false),
        (Some("2026-02-01"), Some(30), true),
    ] {
        let options = MatchOptions {
            now_date: now.map(str::to_owned),
            max_db_age_days: most,
            ..MatchOptions::default()
        };
        let found = match_inventory(&deb("x 1"), &database, &options);
        let expected: &[_] = if stale {
            &[(CoverageKind::StaleShard, "debian:12")]
        } else {
            &[]
        };
        assert_eq!(kinds(&found), expected, "{now:?} {most:?}");
    }
}

#[test]
fn options_leave_kinds_out() {
    let mut inventory = deb("x 1");
    inventory
        .packages
        .push(package(PackageType::Npm, "y 1.0.0"));
    let database = Database::from_shards(vec![
        shard(
            "debian:12",
            "deb",
            &["x CVE-2024-1 debian-tracker affected"],
        ),
        shard("npm", "semver", &["y CVE-2024-2 osv affected 0.."]),
    ]);
    for (os, language, expected) in [
        (true, true, &["CVE-2024-1", "CVE-2024-2"][..]),
        (true, false, &["CVE-2024-1"]),
        (false, true, &["CVE-2024-2"]),
    ] {
        let options = MatchOptions {
            os,
            language,
            ..MatchOptions::default()
        };
        let found = match_inventory(&inventory, &database, &options);
        let ids: Vec<&str> = found.findings.iter().map(|f| f.id.as_str()).collect();
        assert_eq!(ids, expected);
        assert_eq!(found.shards.len(), expected.len());
    }
}

#[test]
fn the_layer_tells_the_origin() {
    let database = debian(&["x CVE-2024-1 debian-tracker affected"]);
    for (bases, layer, expected) in [
        (&[true, false][..], Some(0), Origin::Base),
        (&[true, false], Some(1), Origin::Application),
        (&[true, false], Some(7), Origin::Unknown),
        (&[true, false], None, Origin::Unknown),
        (&[false, false], Some(1), Origin::Unknown),
    ] {
        let mut inventory = deb("x 1");
        inventory.packages[0].evidence = Evidence {
            layer,
            path: "var/lib/dpkg/status".to_owned(),
        };
        inventory.image = Some(ImageFacts {
            layers: bases
                .iter()
                .map(|base| Layer {
                    base: *base,
                    ..Layer::default()
                })
                .collect(),
            ..ImageFacts::default()
        });
        let found = matched(&inventory, &database);
        assert_eq!(found.findings[0].origin, expected, "{bases:?} {layer:?}");
    }
}

#[test]
fn findings_come_worst_first_in_one_order() {
    let mut packages = vec![
        package(PackageType::Deb, "b 1"),
        package(PackageType::Deb, "a 1"),
    ];
    let database = || {
        debian(&[
            "a CVE-2024-1 debian-tracker affected !low",
            "a CVE-2024-2 debian-tracker affected !high",
            "b CVE-2024-2 debian-tracker affected !high",
            "b CVE-2024-3 debian-tracker affected",
            "b CVE-2024-4 debian-tracker affected CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        ])
    };
    let expected = [
        "b CVE-2024-4 critical",
        "a CVE-2024-2 high",
        "b CVE-2024-2 high",
        "a CVE-2024-1 low",
        "b CVE-2024-3 unknown",
    ];
    for _ in 0..2 {
        let inventory = inventory(("debian", "12"), packages.clone());
        let found = matched(&inventory, &database());
        let lines: Vec<String> = found
            .findings
            .iter()
            .map(|f| {
                format!(
                    "{} {} {}",
                    inventory.packages[f.package].name, f.id, f.severity
                )
            })
            .collect();
        assert_eq!(lines, expected);
        packages.reverse();
    }
}

#[test]
fn remediations_group_what_one_command_clears() {
    let inventory = inventory(
        ("debian", "12"),
        vec![
            package(PackageType::Deb, "libssl3 3.0-1 openssl"),
            package(PackageType::Deb, "openssl 3.0-1"),
            package(PackageType::Npm, "y 1.0.0"),
            package(PackageType::Npm, "y 1.0.0"),
        ],
    );
    let database = Database::from_shards(vec![
        shard(
            "debian:12",
            "deb",
            &[
                "openssl CVE-2024-1 debian-tracker fixed ..3.0-2 !low",
                "openssl CVE-2024-2 debian-tracker fixed ..3.0-10 !high",
                "openssl CVE-2024-3 debian-tracker affected !critical",
            ],
        ),
        shard(
            "npm",
            "semver",
            &[
                "y CVE-2024-4 osv fixed 0..1.9.0 !critical",
                "y CVE-2024-5 osv fixed 0..1.10.0 !low",
            ],
        ),
    ]);
    let found = matched(&inventory, &database);
    let list: Vec<_> = remediations(&inventory, &found.findings)
        .into_iter()
        .map(|r| (r.summary, r.command.unwrap_or_default(), r.clears, r.worst))
        .collect();
    let expected = [
        (
            "npm: y 1.0.0 → 1.10.0",
            "npm install y@1.10.0",
            4,
            Severity::Critical,
        ),
        (
            "deb: openssl 3.0-1 → 3.0-10",
            "apt-get install --only-upgrade libssl3 openssl",
            4,
            Severity::High,
        ),
    ]
    .map(|(s, c, n, w)| (s.to_owned(), c.to_owned(), n, w));
    assert_eq!(list, expected);
}

#[test]
fn explanations_say_why_and_why_not() {
    let rows = [
        "openssl CVE-2024-1 debian-tracker fixed ..3.0-5",
        "openssl CVE-2024-1 debian-dsa fixed ..3.0-5 @DSA-1-1",
        "openssl CVE-2024-2 debian-tracker not_affected",
        "openssl CVE-2024-3 debian-tracker fixed ..2.0-1",
        "openssl CVE-2024-6 debian-tracker will_not_fix",
        "openssl CVE-2024-6 debian-dsa fixed ..2.0-1 @DSA-2-1",
        "curl CVE-2024-4 debian-tracker affected",
        "docker-ce CVE-2024-5 debian-tracker affected",
    ];
    let database = debian(&rows);
    let mut docker = package(PackageType::Deb, "docker-ce 1-1");
    docker.supplier = Some("Docker <support@docker.com>".to_owned());
    let inventory = inventory(
        ("debian", "12"),
        vec![
            docker,
            package(PackageType::Deb, "libssl3 3.0-1 openssl"),
            package(PackageType::Npm, "y 1.0.0"),
        ],
    );
    let tail =
        "  not searched: there is no shard npm; `seaworthy db update --only npm` fetches it\n";
    for (id, expected) in [
        (
            "cve-2024-1",
            "CVE-2024-1\n  deb libssl3 3.0-1 (source openssl)\n    reported: unknown, fixed; 3.0-1 is < 3.0-5 (debian-dsa); fixed in 3.0-5\n    - debian:12 debian-dsa DSA-1-1: fixed, < 3.0-5: affected\n    - debian:12 debian-tracker: fixed, < 3.0-5: affected\n",
        ),
        (
            "CVE-2024-2",
            "CVE-2024-2\n  deb libssl3 3.0-1 (source openssl)\n    not reported: debian-tracker says not affected\n    - debian:12 debian-tracker: not_affected, all versions: not affected\n",
        ),
        (
            "CVE-2024-3",
            "CVE-2024-3\n  deb libssl3 3.0-1 (source openssl)\n    not reported: the version is not affected\n    - debian:12 debian-tracker: fixed, < 2.0-1: outside the range\n",
        ),
        (
            "DSA-2-1",
            "DSA-2-1 (also CVE-2024-6)\n  deb libssl3 3.0-1 (source openssl)\n    not reported: already fixed, says debian-dsa\n    - debian:12 debian-dsa DSA-2-1: fixed, < 2.0-1: outside the range\n    - debian:12 debian-tracker: will_not_fix, all versions: affected\n",
        ),
        (
            "CVE-2024-4",
            "CVE-2024-4\n  not installed: debian:12 curl\n",
        ),
        (
            "CVE-2024-5",
            "CVE-2024-5\n  deb docker-ce 1-1\n    not assessed: built by Docker, not by the distribution\n    - debian:12 debian-tracker: affected, all versions: not applied\n",
        ),
        ("CVE-1999-1", "CVE-1999-1\n  no advisory in debian:12\n"),
    ] {
        let mut explanation = explain(id, &inventory, &database, &MatchOptions::default());
        for package in &mut explanation.packages {
            package.rows.sort_by(|a, b| a.source.cmp(&b.source));
        }
        assert_eq!(explanation.to_string(), format!("{expected}{tail}"), "{id}");
    }
}

#[test]
fn a_hundred_thousand_packages_find_only_their_own() {
    let database = debian(&["openssl CVE-2024-1 debian-tracker fixed ..3.0-5"]);
    let mut packages: Vec<_> = (0..100_000)
        .map(|n| package(PackageType::Deb, &format!("package{n} 1.{n}-1")))
        .collect();
    packages.push(package(PackageType::Deb, "openssl 3.0-4"));
    let inventory = inventory(("debian", "12"), packages);
    let found = matched(&inventory, &database);
    assert_eq!(found.findings.len(), 1);
    assert_eq!(found.findings[0].package, 100_000);
}

#[test]
fn exploited_ones_come_before_likely_ones() {
    let inventory = deb("x 1");
    let database = debian(&[
        "x CVE-2024-1 debian-tracker affected !high",
        "x CVE-2024-2 debian-tracker affected !high",
        "x CVE-2024-3 debian-tracker affected !high",
        "x CVE-2024-4 debian-tracker affected !critical",
    ]);
    let mut findings = matched(&inventory, &database).findings;
    for finding in &mut findings {
        match finding.id.as_str() {
            "CVE-2024-2" => {
                finding.epss = Some(Epss {
                    score: 0.5,
                    percentile: 0.9,
                });
            }
            "CVE-2024-3" => finding.kev = Some(exploited()),
            _ => {}
        }
    }
    sort(&mut findings, &inventory);
    let ids: Vec<&str> = findings.iter().map(|f| f.id.as_str()).collect();
    assert_eq!(
        ids,
        ["CVE-2024-4", "CVE-2024-3", "CVE-2024-2", "CVE-2024-1"]
    );
}

fn exploited() -> KnownExploited {
    KnownExploited {
        date_added: String::new(),
        due_date: String::new(),
        ransomware: false,
    }
}

/// A database directory with a shard and the tables beside it.
fn directory_of(tables: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let put = |key: &str, bytes: &[u8]| {
        let path = directory.path().join(seaworthy_vulndb::file_name(key));
        seaworthy_vulndb::write_atomically(&path, bytes).unwrap();
    };
    let mut builder = seaworthy_vulndb::ShardBuilder::new("debian:12", "deb");
    builder.push(row(
        "zlib CVE-2023-45853=GHSA-mq29-j5xf-cjwr debian-tracker affected",
    ));
    put("debian:12", &builder.build());
    for (table, key, text) in tables {
        let entries = [((*key).to_owned(), (*text).to_owned())];
        put(
            table,
            &seaworthy_vulndb::build_table(table, SourceInfo::default(), &entries),
        );
    }
    directory
}

#[test]
fn the_tables_beside_the_shards_add_what_they_know() {
    let directory = directory_of(&[
        ("epss", "CVE-2023-45853", "0.25 0.75"),
        ("kev", "CVE-2023-45853", "2024-01-02 2024-01-23 1"),
        (
            "cvss",
            "CVE-2023-45853",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        ),
        ("eol", "debian:12", "2026-06-10"),
    ]);
    let days = [
        ("CVE-2023-45853", "2023-10-14".parse().unwrap()),
        ("GHSA-mq29-j5xf-cjwr", "2023-10-13".parse().unwrap()),
        ("CVE-2023-0001", "2023-01-01".parse().unwrap()),
    ];
    let days = seaworthy_vulndb::build_published(Vec::new(), days);
    std::fs::write(directory.path().join("published.swdb"), days).unwrap();
    let database = Database::open_dir(directory.path()).unwrap();
    let options = MatchOptions {
        now_date: Some("2026-06-11".to_owned()),
        ..MatchOptions::default()
    };
    let found = match_inventory(&deb("zlib 1.2"), &database, &options);
    let [finding] = &found.findings[..] else {
        panic!("{:?}", found.findings);
    };
    assert_eq!(
        finding.epss.map(|e| (e.score, e.percentile)),
        Some((0.25, 0.75))
    );
    let published = finding.published.map(|day| day.to_string());
    assert_eq!(
        published.as_deref(),
        Some("2023-10-13"),
        "the earliest of all ids"
    );
    let kev = finding.kev.as_ref().unwrap();
    assert_eq!(
        (
            kev.date_added.as_str(),
            kev.due_date.as_str(),
            kev.ransomware
        ),
        ("2024-01-02", "2024-01-23", true)
    );
    assert_eq!(
        (finding.severity, finding.severity_source.as_str()),
        (Severity::Critical, "nvd")
    );
    let life = found.life.unwrap();
    assert_eq!((life.end.as_str(), life.ended), ("2026-06-10", true));
}

#[test]
fn an_answer_of_the_starter_table_alone_is_a_gap() {
    let mut builder = seaworthy_vulndb::ShardBuilder::new("npm", "semver").source(SourceInfo {
        name: "starter".to_owned(),
        ..SourceInfo::default()
    });
    builder.push(row("lodash CVE-2019-10744 starter fixed ..4.17.12"));
    let starter = Database::from_shards(vec![Shard::from_bytes(builder.build()).unwrap()]);
    let database = debian(&[]).with_fallback(starter);
    let found = matched(&npm("lodash 4.17.11"), &database);
    assert_eq!(found.findings.len(), 1);
    assert_eq!(kinds(&found), [(CoverageKind::StarterOnly, "npm")]);
}
