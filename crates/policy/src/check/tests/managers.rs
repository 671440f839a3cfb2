//! `no_package_managers`: programs where somebody looked, names of packages elsewhere.

use seaworthy_model::{Package, PackageType};

use super::{sample, says};
use crate::check::{Exceptions, evaluate};
use crate::subject::Subject;
use crate::tests::load;

#[test]
fn package_managers_are_their_programs_where_somebody_looked() {
    let (mut image, facts) = sample();
    let policy = |except: &str| {
        format!(
            "security_requirements: {{no_package_managers: {{value: true, except: [{except}]}}}}"
        )
    };
    image.inventory.packages.extend([
        Package::new(PackageType::Deb, "apt", "2.6", "var/lib/dpkg/status"),
        Package::new(
            PackageType::Deb,
            "libapt-pkg6.0",
            "2.6",
            "var/lib/dpkg/status",
        ),
    ]);
    for (programs, except, expected) in [
        (
            Some(vec!["usr/bin/apt", "usr/bin/apt-get"]),
            "npm",
            "broken: 2",
        ),
        // The package is excepted by its name, its program's, or the path.
        (Some(vec!["usr/bin/apt-get"]), "apt", "holds"),
        (Some(vec!["usr/bin/apt-get"]), "apt-get", "holds"),
        (Some(vec!["usr/bin/apt-get"]), "usr/bin/*", "holds"),
        (Some(vec!["usr/bin/pip3.11"]), "python3-pip", "holds"),
        (Some(vec!["usr/local/bin/npm"]), "npm", "holds"),
        // No package database knows of it.
        (Some(vec!["opt/tool/bin/zypper"]), "npm", "broken: 1"),
        // The programs are gone: what the database lists is in the image no more.
        (Some(vec![]), "npm", "holds"),
        (None, "npm", "broken: 1"),
        (None, "apt", "holds"),
    ] {
        image.inventory.package_managers = programs
            .clone()
            .map(|paths| paths.into_iter().map(str::to_owned).collect());
        let found = says(&policy(except), &image, &facts);
        assert_eq!(found, expected, "{programs:?} {except}");
    }
}

#[test]
fn package_managers_are_named_with_path_and_package() {
    let (mut image, facts) = sample();
    image.inventory.packages.extend([
        Package::new(
            PackageType::Apk,
            "apk-tools",
            "2.14.4-r0",
            "lib/apk/db/installed",
        ),
        Package::new(
            PackageType::PyPi,
            "pip",
            "23.0",
            "usr/lib/python3.9/site-packages/pip-23.0.dist-info/METADATA",
        ),
        Package::new(
            PackageType::PyPi,
            "pip",
            "24.0",
            "app/venv/lib/python3.12/site-packages/pip-24.0.dist-info/METADATA",
        ),
    ]);
    image.inventory.package_managers = Some(
        [
            "app/venv/bin/pip",
            "app/venv/bin/pip3",
            "app/venv/bin/pip3.12",
        ]
        .map(str::to_owned)
        .to_vec(),
    );
    let policy = load("version: '1.0'\nsecurity_requirements: {no_package_managers: true}\n");
    let subject = Subject {
        report: &image,
        facts: &facts,
        now: "2026-11-25".parse().unwrap(),
    };
    let verdict = evaluate(&policy, subject, &Exceptions::default());
    let violation = &verdict.violations[0];
    assert_eq!(
        violation.message,
        "Package managers in the image: pip (app/venv/bin/pip, app/venv/bin/pip3 and 1 more)"
    );
    let cause = &violation.causes[2];
    assert_eq!(
        (cause.kind, cause.id.as_str(), cause.location.as_str()),
        ("file", "pip", "app/venv/bin/pip3.12")
    );
    assert_eq!(
        (cause.package.as_str(), cause.version.as_str()),
        ("pip", "24.0")
    );
    let notes: Vec<&str> = verdict.notes.iter().map(|n| n.message.as_str()).collect();
    assert_eq!(
        notes,
        ["the package apk-tools 2.14.4-r0 is installed, its programs are not in the image"]
    );
    assert!(crate::verdict_table(&image, &verdict).contains(
        "note security_requirements.no_package_managers: the package apk-tools 2.14.4-r0 is"
    ));
}

#[test]
fn package_managers_are_packages_where_nobody_looked() {
    let (mut image, facts) = sample();
    let policy = "security_requirements: {no_package_managers: true}";
    image.inventory.packages.clear();
    image.findings.clear();
    assert_eq!(says(policy, &image, &facts), "unknown");
    image.inventory.package_managers = Some(Vec::new());
    assert_eq!(says(policy, &image, &facts), "holds");
    image.inventory.package_managers = None;
    image.inventory.packages = vec![Package::new(PackageType::Apk, "musl", "1", "x")];
    assert_eq!(says(policy, &image, &facts), "holds");
    // A report that lists only what has findings shows no absence.
    image.findings = vec![crate::testing::finding(
        "CVE-1",
        0,
        seaworthy_model::Severity::Low,
    )];
    assert_eq!(says(policy, &image, &facts), "unknown");
    let minimal = "security_requirements: {minimal_packages: 5}";
    assert_eq!(says(minimal, &image, &facts), "unknown");
    image.inventory.package_managers = Some(Vec::new());
    assert_eq!(says(minimal, &image, &facts), "holds");
    image.inventory.package_managers = None;
    image.inventory.packages = vec![
        Package::new(
            PackageType::Npm,
            "npm",
            "10",
            "usr/local/lib/node_modules/npm",
        ),
        Package::new(PackageType::Apk, "apk-tools", "2", "lib/apk/db/installed"),
        Package::new(PackageType::Alpm, "pacman", "7", "var/lib/pacman/local"),
        Package::new(
            PackageType::Deb,
            "libapt-pkg6.0",
            "2",
            "var/lib/dpkg/status",
        ),
    ];
    assert_eq!(says(policy, &image, &facts), "broken: 3");
}
