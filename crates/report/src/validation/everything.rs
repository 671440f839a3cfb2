//! Reports in which every field is set, every kind and every word occurs.

use seaworthy_model::{
    CoverageEntry, CoverageKind, DependencyScope, Epss, Finding, LicenseClass, LicenseFinding,
    Location, Misconfiguration, Origin, Package, PackageType, Rating, Relationship, Report, Secret,
    Severity, State, Support, TargetKind,
};

use crate::{Commit, EndOfLife, WriteOptions, sample};

/// All variants of an enumeration without a list of its own. It does not compile when the model has
/// one more.
macro_rules! every {
    ($type:ident: $($variant:ident),+ $(,)?) => {{
        fn is_known(value: $type) -> bool {
            match value {
                $($type::$variant)|+ => true,
            }
        }
        let all = vec![$($type::$variant),+];
        assert!(all.iter().all(|value| is_known(*value)));
        all
    }};
}
pub(super) use every;

pub(super) fn coverage_kinds() -> Vec<CoverageKind> {
    every!(CoverageKind:
        UnknownDistribution, UnknownRelease, UnreadableDatabase, SkippedFile, SkippedLayer,
        NoShard, StarterOnly, StaleShard, UncomparableVersion, ThirdPartyPackage, ScannerMissing,
        ScannerFailed, SupportEnded)
}

pub(super) fn target_kinds() -> Vec<TargetKind> {
    every!(TargetKind: Image, RootFs, Directory, Sbom)
}

pub(super) fn origins() -> Vec<Origin> {
    every!(Origin: Base, Application, Unknown)
}

/// One report per kind of target.
pub(super) fn reports() -> Vec<Report> {
    target_kinds().into_iter().map(report).collect()
}

fn report(kind: TargetKind) -> Report {
    let mut report = sample::report();
    report.target.kind = kind;
    report.inventory.content_sets = vec!["rhel-9-for-x86_64-baseos-rpms".to_owned()];
    report.inventory.package_managers =
        Some(["usr/bin/apt", "usr/bin/dpkg"].map(str::to_owned).into());
    report.support = Some(Support {
        end: "2028-06-30".to_owned(),
        ended: true,
    });
    report.database.tables = ["cvss", "eol", "epss", "kev", "published"]
        .map(str::to_owned)
        .into();
    if let Some(image) = &mut report.inventory.image {
        image.user = "app:app".to_owned();
        image.user_id = Some(1000);
        image.created = Some("2026-11-01T10:00:00Z".to_owned());
    }
    for kind in coverage_kinds() {
        let entry = CoverageEntry::new(kind, format!("what {}", kind.name()), "why, and a remedy");
        report.inventory.coverage.add(entry);
    }
    let mut severities = Severity::WORST_FIRST.into_iter().cycle();
    let mut origins = origins().into_iter().cycle();
    for kind in PackageType::ALL {
        report.inventory.packages.push(package(kind));
        for state in State::ALL {
            let finding = finding(
                &report,
                state,
                severities.next().unwrap(),
                origins.next().unwrap(),
            );
            report.findings.push(finding);
        }
    }
    for severity in Severity::WORST_FIRST {
        let mut secret: Secret = report.secrets[0].clone();
        secret.severity = severity;
        secret.location = place();
        report.secrets.push(secret);
        let mut issue: Misconfiguration = report.misconfigurations[0].clone();
        issue.severity = severity;
        issue.object = "Deployment/web".to_owned();
        issue.location = place();
        report.misconfigurations.push(issue);
    }
    for class in LicenseClass::ALL {
        report.licenses.push(LicenseFinding {
            license: "MIT OR Apache-2.0".to_owned(),
            class,
            severity: class.severity(),
            package: Some(3),
            expression: "MIT OR Apache-2.0".to_owned(),
            location: place(),
            confidence: 77,
        });
    }
    report.counts = Report::count(&report.findings);
    report
}

fn place() -> Location {
    Location {
        path: "app/with space/ü.yaml".to_owned(),
        start_line: 3,
        start_column: 1,
        end_line: 9,
        end_column: 4,
        layer: Some(2),
    }
}

fn package(kind: PackageType) -> Package {
    let name = match kind {
        PackageType::Maven => "org.example:thing",
        PackageType::Npm => "@example/thing",
        PackageType::Go => "example.com/thing/v2",
        PackageType::Composer => "example/thing",
        _ => "thing",
    };
    let mut package = Package::new(kind, name, "1.2.3-4", format!("app/{kind}/thing.lock"));
    package.arch = Some("amd64".to_owned());
    package.source_name = Some("source".to_owned());
    package.source_version = Some("1.2.3".to_owned());
    package.module = Some("nodejs:20".to_owned());
    package.supplier = Some("Example, Inc.".to_owned());
    package.licenses = vec!["MIT".to_owned(), "GPL-2+".to_owned()];
    package.evidence.layer = Some(1);
    package.line = Some(7);
    package.relationship = Relationship::Transitive;
    package.scope = DependencyScope::Development;
    package.dependency_path = vec!["a@1".to_owned(), "b@2".to_owned()];
    package
}

/// About the last package of the report.
fn finding(report: &Report, state: State, severity: Severity, origin: Origin) -> Finding {
    let mut finding = report.findings[0].clone();
    finding.id = format!("CVE-2026-{}", 10_000 + report.findings.len());
    finding.package = report.inventory.packages.len() - 1;
    finding.state = state;
    finding.severity = severity;
    finding.origin = origin;
    finding.published = "2026-02-28".parse().ok();
    finding.aliases = vec!["DSA-1-1".to_owned(), "GHSA-aaaa-bbbb-cccc".to_owned()];
    finding.epss = Some(Epss {
        score: 1.0,
        percentile: 1.0,
    });
    finding.ratings = [
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "AV:N/AC:L/Au:N/C:P/I:P/A:P",
    ]
    .into_iter()
    .zip(["ghsa", "nvd", "redhat", "amazon"])
    .map(|(vector, source)| Rating {
        source: source.to_owned(),
        severity,
        vector: Some(vector.to_owned()),
        score: Some(9.3),
    })
    .collect();
    finding.reason.advisory = Some("DSA-1-1".to_owned());
    finding
}

/// Every option of a writer that adds to a report.
pub(super) fn options() -> WriteOptions {
    let mut options = super::options();
    options.db_age_days = Some(2);
    options.gitlab.default_branch_image = Some("registry.example.com/shop/web:main".to_owned());
    options.gitlab.end_of_life = Some(EndOfLife {
        severity: Severity::Critical,
        date: "2026-06-30".to_owned(),
    });
    options.gitlab.commit = Some(Commit {
        sha: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        author: "A <a@example.com>".to_owned(),
        date: "2026-11-24T08:00:00Z".to_owned(),
        message: "One line".to_owned(),
    });
    options
}
