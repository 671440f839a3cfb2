//! Reports for tests: one that uses everything, one clean, one hostile, one large.

use seaworthy_model::{
    CoverageEntry, CoverageKind, DatabaseInfo, Distribution, Epss, Evidence, Finding, GateResult,
    ImageFacts, Inventory, KnownExploited, Layer, LicenseClass, LicenseFinding, Location,
    MatchReason, Misconfiguration, Origin, Package, PackageType, Rating, Remediation, Report,
    Secret, Severity, ShardInfo, State, Target, TargetKind, Tool,
};

fn package(kind: PackageType, name: &str, version: &str, layer: u32, path: &str) -> Package {
    let mut package = Package::new(kind, name, version, path);
    package.evidence.layer = Some(layer);
    package
}

pub(crate) fn finding(
    id: &str,
    package: usize,
    severity: Severity,
    fixed: Option<&str>,
) -> Finding {
    Finding {
        id: id.to_owned(),
        aliases: Vec::new(),
        package,
        state: if fixed.is_some() {
            State::Fixed
        } else {
            State::Affected
        },
        severity,
        severity_source: "debian".to_owned(),
        ratings: vec![Rating {
            source: "nvd".to_owned(),
            severity: Severity::Critical,
            vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()),
            score: Some(9.8),
        }],
        epss: None,
        published: None,
        kev: None,
        fixed_version: fixed.map(str::to_owned),
        fix_command: None,
        origin: Origin::Base,
        reason: MatchReason {
            source: "debian-tracker".to_owned(),
            shard: "debian:12".to_owned(),
            advisory: None,
            package: "zlib".to_owned(),
            version: "1:1.2.13.dfsg-1".to_owned(),
            range: "< 1:1.3".to_owned(),
            scheme: "deb".to_owned(),
        },
    }
}

fn inventory() -> Inventory {
    let layers = [
        ("/bin/sh -c #(nop) ADD file:1 in /", true),
        ("RUN apt-get install -y nghttp2", true),
        ("COPY app /app # buildkit", false),
    ];
    let layers = (0..)
        .zip(layers)
        .map(|(index, (created_by, base))| Layer {
            index,
            digest: Some(format!("sha256:{:064x}", index + 1)),
            diff_id: format!("sha256:{:064x}", index + 17),
            size: 1000,
            created_by: Some(created_by.to_owned()),
            base,
        })
        .collect();
    let mut zlib = package(
        PackageType::Deb,
        "zlib1g",
        "1:1.2.13.dfsg-1",
        0,
        "var/lib/dpkg/status",
    );
    zlib.source_name = Some("zlib".to_owned());
    zlib.arch = Some("amd64".to_owned());
    let status = "var/lib/dpkg/status";
    Inventory {
        distribution: Some(Distribution {
            id: "debian".to_owned(),
            version: "12.5".to_owned(),
            name: "Debian 12.5".to_owned(),
        }),
        packages: vec![
            package(PackageType::Deb, "libaom3", "3.6.0-1", 0, status),
            package(PackageType::Deb, "libnghttp2-14", "1.52.0-1", 1, status),
            zlib,
            package(
                PackageType::Npm,
                "lodash",
                "4.17.15",
                2,
                "app/node_modules/lodash/package.json",
            ),
            package(
                PackageType::Npm,
                "lodash",
                "4.17.15",
                2,
                "app/tools/node_modules/lodash/package.json",
            ),
            package(
                PackageType::Maven,
                "org.apache.logging.log4j:log4j-core",
                "2.14.1",
                2,
                "app/app.jar!/BOOT-INF/lib/log4j-core-2.14.1.jar",
            ),
            package(
                PackageType::Gem,
                "rack",
                "3.0.0",
                2,
                "usr/lib/ruby/gems/rack.gemspec",
            ),
        ],
        image: Some(ImageFacts {
            manifest_digest: Some(format!("sha256:5f1c{}e09a", "0".repeat(56))),
            config_digest: Some(format!("sha256:{:064x}", 99)),
            platform: "linux/amd64".to_owned(),
            layers,
            labels: [(
                "org.opencontainers.image.title".to_owned(),
                "web".to_owned(),
            )]
            .into(),
            ..ImageFacts::default()
        }),
        ..Inventory::default()
    }
}

fn findings() -> Vec<Finding> {
    let mut log4j = finding("CVE-2021-44228", 5, Severity::Critical, Some("2.15.0"));
    log4j.aliases = vec!["GHSA-jfh8-c2jp-5v3q".to_owned()];
    log4j.kev = Some(KnownExploited {
        date_added: "2021-12-10".to_owned(),
        due_date: "2021-12-24".to_owned(),
        ransomware: true,
    });
    log4j.published = "2021-12-10".parse().ok();
    log4j.epss = Some(Epss {
        score: 0.944,
        percentile: 0.999,
    });
    log4j.severity_source = "ghsa".to_owned();
    log4j.ratings.insert(
        0,
        Rating {
            source: "ghsa".to_owned(),
            severity: Severity::Critical,
            vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H".to_owned()),
            score: Some(10.0),
        },
    );
    log4j.origin = Origin::Application;
    log4j.fix_command = Some("set log4j-core to 2.15.0 in pom.xml".to_owned());
    let mut zlib = finding("CVE-2023-45853", 2, Severity::Critical, None);
    zlib.state = State::WillNotFix;
    zlib.published = "2023-10-13".parse().ok();
    let mut nghttp2 = finding(
        "CVE-2023-44487",
        1,
        Severity::High,
        Some("1.52.0-1+deb12u1"),
    );
    nghttp2.kev = Some(KnownExploited {
        date_added: String::new(),
        due_date: String::new(),
        ransomware: false,
    });
    nghttp2.published = "2023-10-10".parse().ok();
    nghttp2.reason.advisory = Some("DSA-5570-1".to_owned());
    nghttp2.fix_command = Some("apt-get install --only-upgrade libnghttp2-14".to_owned());
    let mut lodash = finding("CVE-2019-10744", 3, Severity::High, Some("4.17.21"));
    lodash.aliases = vec![
        "GHSA-jf85-cpcp-j695".to_owned(),
        "SNYK-JS-LODASH-450202".to_owned(),
    ];
    lodash.origin = Origin::Application;
    lodash.severity_source = "ghsa".to_owned();
    let again = Finding {
        package: 4,
        ..lodash.clone()
    };
    let mut aom = finding("CVE-2023-39616", 0, Severity::Negligible, None);
    aom.ratings.clear();
    let mut rack = finding("GHSA-65f5-mfpf-vfhj", 6, Severity::Unknown, Some("3.0.0.1"));
    rack.origin = Origin::Application;
    rack.ratings[0].vector = Some("not a vector".to_owned());
    vec![log4j, zlib, nghttp2, lodash, again, aom, rack]
}

fn secrets() -> Vec<Secret> {
    vec![
        Secret {
            rule: "aws-access-key-id".to_owned(),
            title: "AWS access key id".to_owned(),
            severity: Severity::Critical,
            location: Location {
                start_column: 7,
                end_column: 27,
                layer: Some(2),
                ..Location::line("app/.env", 3)
            },
            masked: "key = AKIA****************".to_owned(),
            fingerprint: "00112233445566aa".to_owned(),
            deleted_later: true,
        },
        Secret {
            rule: "private-key".to_owned(),
            title: "Private key".to_owned(),
            severity: Severity::High,
            location: Location {
                start_line: 1,
                end_line: 27,
                layer: Some(0),
                path: "etc/ssl/private/host.pem".to_owned(),
                ..Location::default()
            },
            masked: "-----BEGIN *****".to_owned(),
            fingerprint: "00112233445566bb".to_owned(),
            deleted_later: false,
        },
    ]
}

fn misconfigurations() -> Vec<Misconfiguration> {
    vec![
        Misconfiguration {
            rule: "SW-IM-0001".to_owned(),
            references: vec!["AVD-DS-0002".to_owned(), "CIS-DI-0001".to_owned()],
            kind: "image".to_owned(),
            title: "The image runs as root".to_owned(),
            severity: Severity::High,
            location: Location {
                path: "image configuration".to_owned(),
                ..Location::default()
            },
            object: String::new(),
            message: "No USER is set, so the processes run as root.".to_owned(),
            fix: "Add `USER 1000:1000` after the last RUN.".to_owned(),
            url: "https://example.com/rules/SW-IM-0001".to_owned(),
        },
        Misconfiguration {
            rule: "SW-KU-0004".to_owned(),
            references: Vec::new(),
            kind: "kubernetes".to_owned(),
            title: "No memory limit".to_owned(),
            severity: Severity::Low,
            location: Location {
                start_line: 12,
                start_column: 9,
                end_line: 14,
                path: "app/deploy/web.yaml".to_owned(),
                layer: Some(2),
                ..Location::default()
            },
            object: "Deployment/web, container app".to_owned(),
            message: "The container app has no memory limit".to_owned(),
            fix: "Set resources.limits.memory".to_owned(),
            url: String::new(),
        },
    ]
}

fn licenses() -> Vec<LicenseFinding> {
    let license = |license: &str, class: LicenseClass, package: Option<usize>| LicenseFinding {
        license: license.to_owned(),
        class,
        severity: class.severity(),
        package,
        expression: String::new(),
        location: Location {
            path: "app/licence.txt".to_owned(),
            ..Location::default()
        },
        confidence: if package.is_some() { 100 } else { 93 },
    };
    vec![
        license("GPL-3.0-only", LicenseClass::Restricted, Some(1)),
        license("MIT", LicenseClass::Notice, Some(3)),
        license("MIT", LicenseClass::Notice, Some(4)),
        license("Our own terms", LicenseClass::Unknown, None),
    ]
}

/// A report that uses everything.
pub(crate) fn report() -> Report {
    let mut inventory = inventory();
    inventory.coverage.add(CoverageEntry::new(
        CoverageKind::SkippedFile,
        "app/vendor/big.bin",
        "2.1 GB is over the limit of 512 MB",
    ));
    let findings = findings();
    Report {
        schema_version: Report::SCHEMA_VERSION.to_owned(),
        tool: Tool {
            name: "seaworthy".to_owned(),
            version: "0.1.0".to_owned(),
        },
        target: Target {
            name: "registry.example.com/shop/web:1.8".to_owned(),
            kind: TargetKind::Image,
            source: "registry".to_owned(),
        },
        counts: Report::count(&findings),
        inventory,
        findings,
        secrets: secrets(),
        misconfigurations: misconfigurations(),
        licenses: licenses(),
        hidden: 3,
        remediations: vec![
            Remediation {
                summary: "npm: lodash 4.17.15 → 4.17.21".to_owned(),
                command: Some("npm install lodash@4.17.21".to_owned()),
                clears: 2,
                worst: Severity::High,
            },
            Remediation {
                summary: "maven: org.apache.logging.log4j:log4j-core 2.14.1 → 2.15.0".to_owned(),
                command: None,
                clears: 1,
                worst: Severity::Critical,
            },
            Remediation {
                summary: "deb: libnghttp2-14 1.52.0-1 → 1.52.0-1+deb12u1".to_owned(),
                command: Some("apt-get install --only-upgrade libnghttp2-14".to_owned()),
                clears: 1,
                worst: Severity::High,
            },
        ],
        gate: GateResult {
            rule: "fail on high and above".to_owned(),
            passed: false,
            breaking: 5,
            rules: None,
        },
        database: DatabaseInfo {
            location: "/var/lib/seaworthy/db".to_owned(),
            date: "2026-11-23".to_owned(),
            tables: ["epss", "kev", "published"].map(str::to_owned).to_vec(),
            shards: ["debian:12", "maven", "npm", "rubygems"]
                .map(|key| ShardInfo {
                    key: key.to_owned(),
                    date: "2026-11-23".to_owned(),
                    digest: format!("sha256:{:064x}", key.len()),
                })
                .into(),
        },
        support: None,
        scanners: ["vuln", "secret", "config", "license"]
            .map(str::to_owned)
            .into(),
        unknown_allowed: false,
    }
}

/// Nothing found, gate passed.
pub(crate) fn clean() -> Report {
    let mut report = report();
    report.findings.clear();
    report.secrets.clear();
    report.misconfigurations.clear();
    report.licenses.clear();
    report.remediations.clear();
    report.hidden = 0;
    report.counts = Report::count(&[]);
    report.gate = GateResult {
        rule: "fail on high and above".to_owned(),
        passed: true,
        breaking: 0,
        rules: None,
    };
    report.inventory.coverage.entries.clear();
    report
}

/// A fatal gap.
pub(crate) fn not_assessed() -> Report {
    let mut report = clean();
    report.inventory.distribution = None;
    report.inventory.coverage.add(CoverageEntry::new(
        CoverageKind::UnknownDistribution,
        "etc/os-release",
        "`ID=plan9` is not a distribution that advisories are known for",
    ));
    report
}

/// Findings and no gate.
pub(crate) fn without_gate() -> Report {
    let mut report = report();
    report.gate = GateResult {
        passed: true,
        ..GateResult::default()
    };
    report
}

/// So many findings in one package.
pub(crate) fn many(count: usize) -> Report {
    let mut report = report();
    report.findings = (0..count)
        .map(|i| finding(&format!("CVE-2024-{:05}", i), i % 3, Severity::Medium, None))
        .collect();
    report.counts = Report::count(&report.findings);
    for i in 0..20 {
        report.inventory.coverage.add(CoverageEntry::new(
            CoverageKind::SkippedFile,
            format!("a/{i}"),
            "damaged",
        ));
    }
    report
}

/// Strings that attack every medium, in every field that an image or a feed can fill.
pub(crate) fn hostile() -> Report {
    let evil = "\u{1b}]0;x\u{7}\u{1b}[2J\u{9b}31m<script>alert(1)</script>\"'&|`*\u{202e}gpj\u{200b}\u{0}\r\n=cmd|'/c calc'!A0";
    let mut report = report();
    report.target.name = format!("registry/{evil}:1");
    report.gate.rule = evil.to_owned();
    for package in &mut report.inventory.packages {
        package.name = evil.to_owned();
        package.version = evil.to_owned();
        package.evidence = Evidence {
            layer: Some(9999),
            path: format!("/{evil}"),
        };
        package.supplier = Some(evil.to_owned());
        package.licenses = vec![evil.to_owned()];
    }
    if let Some(image) = &mut report.inventory.image {
        image.platform = evil.to_owned();
        image.user = evil.to_owned();
        image.labels.insert(evil.to_owned(), evil.to_owned());
        for layer in &mut image.layers {
            layer.created_by = Some(evil.to_owned());
        }
    }
    for finding in &mut report.findings {
        finding.id = format!("CVE-{evil}");
        finding.aliases = vec![evil.to_owned(), "javascript:alert(1)".to_owned()];
        finding.fixed_version = Some(evil.to_owned());
        finding.fix_command = Some(evil.to_owned());
        finding.severity_source = evil.to_owned();
        finding.reason.range = evil.to_owned();
        finding.reason.source = evil.to_owned();
    }
    report.findings[0].package = 10_000;
    for secret in &mut report.secrets {
        secret.rule = evil.to_owned();
        secret.title = evil.to_owned();
        secret.masked = evil.to_owned();
        secret.location.path = format!("/{evil}");
        secret.location.layer = Some(9999);
    }
    for issue in &mut report.misconfigurations {
        issue.rule = evil.to_owned();
        issue.references = vec![evil.to_owned()];
        issue.kind = evil.to_owned();
        issue.title = evil.to_owned();
        issue.object = evil.to_owned();
        issue.message = evil.to_owned();
        issue.fix = evil.to_owned();
        issue.url = "javascript:alert(1)".to_owned();
        issue.location.path = evil.to_owned();
    }
    for license in &mut report.licenses {
        license.license = evil.to_owned();
        license.expression = evil.to_owned();
        license.location.path = evil.to_owned();
        license.package = license.package.map(|p| p * 10_000);
    }
    for remediation in &mut report.remediations {
        remediation.summary = evil.to_owned();
        remediation.command = Some(evil.to_owned());
    }
    for entry in &mut report.inventory.coverage.entries {
        entry.subject = evil.to_owned();
        entry.detail = evil.to_owned();
    }
    if let Some(d) = &mut report.inventory.distribution {
        d.name = evil.to_owned();
        d.version = evil.to_owned();
    }
    for shard in &mut report.database.shards {
        shard.key = evil.to_owned();
    }
    report
}
