use proptest::prelude::*;
use seaworthy_model::{Epss, KnownExploited, Origin, Package, PackageType, Severity, State};

use super::*;
use crate::row::{Item, Row};
use crate::subject::Facts;
use crate::testing::{finding, report, world};

fn expression(text: &str, on: On) -> Result<Expression, String> {
    match Expression::compile(text, on) {
        Ok((program, native, used)) => Ok(Expression {
            text: text.to_owned(),
            place: Place::file("t"),
            program: Arc::new(program),
            native,
            used,
        }),
        Err(errors) => Err(errors
            .iter()
            .map(|(at, message)| format!("{at}: {message}"))
            .collect::<Vec<_>>()
            .join("; ")),
    }
}

fn sample() -> seaworthy_model::Report {
    let mut packages = vec![
        Package::new(
            PackageType::Npm,
            "lodash",
            "4.17.15",
            "app/node_modules/lodash",
        ),
        Package::new(
            PackageType::Deb,
            "libssl3",
            "3.0.11-1",
            "var/lib/dpkg/status",
        ),
    ];
    packages[1].source_name = Some("openssl".to_owned());
    packages[1].licenses = vec!["Apache-2.0".to_owned()];
    let mut critical = finding("CVE-2019-10744", 0, Severity::Critical);
    critical.published = "2019-07-26".parse().ok();
    critical.aliases = vec!["GHSA-jf85-cpcp-j695".to_owned()];
    critical.state = State::Fixed;
    critical.fixed_version = Some("4.17.21".to_owned());
    critical.origin = Origin::Application;
    critical.epss = Some(Epss {
        score: 0.42,
        percentile: 0.97,
    });
    let mut high = finding("CVE-2023-44487", 1, Severity::High);
    high.kev = Some(KnownExploited {
        date_added: "2023-10-10".to_owned(),
        due_date: String::new(),
        ransomware: true,
    });
    high.origin = Origin::Base;
    let mut report = report(packages, vec![critical, high]);
    report.inventory.package_managers = Some(Vec::new());
    report.inventory.image = Some(seaworthy_model::ImageFacts {
        user: "1000".to_owned(),
        platform: "linux/amd64".to_owned(),
        labels: [("team".to_owned(), "shop".to_owned())].into(),
        ..seaworthy_model::ImageFacts::default()
    });
    report
}

/// What an expression says of the two sample findings.
fn check(text: &str, expected: [bool; 2], native: bool) {
    let e = expression(text, On::Vulnerability).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!(e.is_native(), native, "{text}");
    let (report, facts) = (sample(), Facts::default());
    let world = world(&report, &facts);
    let mut interpreter = Expression::interpreter(&world);
    for (row, expected) in world.findings.iter().zip(expected) {
        let row = Row {
            world: &world,
            item: Item::Finding(row),
        };
        assert_eq!(e.holds(&row, &mut interpreter), Ok(expected), "{text}");
        // The translation and the interpreter must agree.
        let interpreted = interpreter.run(&e.program, &e.used, &row);
        assert_eq!(interpreted, Ok(expected), "interpreted: {text}");
    }
}

#[test]
fn expressions_select_findings() {
    for (text, expected, native) in [
        ("finding.severity == 'critical'", [true, false], true),
        ("finding.severity_rank >= 4", [true, true], true),
        ("finding.cvss > 8", [true, false], true),
        (
            "finding.cvss >= 7.5 && !finding.exploited",
            [true, false],
            true,
        ),
        (
            "finding.exploited || finding.epss > 0.4",
            [true, true],
            true,
        ),
        (
            "finding.fixable ? finding.epss >= 0.42 : finding.ransomware",
            [true, true],
            true,
        ),
        ("finding.id in ['CVE-2019-10744', 'X']", [true, false], true),
        (
            "'GHSA-jf85-cpcp-j695' in finding.aliases",
            [true, false],
            true,
        ),
        ("finding.pkg.name.startsWith('lo')", [true, false], true),
        (
            "finding.pkg.source.endsWith('ssl') || finding.pkg.type == 'npm'",
            [true, true],
            true,
        ),
        (
            "finding.pkg.path.contains('node_modules')",
            [true, false],
            true,
        ),
        ("finding.pkg.name.matches('^lib.*3$')", [false, true], true),
        ("matches(finding.id, '2019')", [true, false], true),
        ("finding.origin != 'base'", [true, false], true),
        ("finding.pkg.licenses.size() == 0", [true, false], true),
        (
            "!has(finding.age_days) && image.user == '1000'",
            [false, true],
            true,
        ),
        (
            "finding.published < '2020-01-01' || finding.exploited",
            [true, true],
            true,
        ),
        (
            "finding.exploited || finding.age_days > 2000",
            [true, true],
            true,
        ),
        (
            "finding.age_days > 2000 || finding.exploited",
            [true, true],
            true,
        ),
        (
            "finding.fixable && finding.age_days > 2000",
            [true, false],
            true,
        ),
        (
            "has(finding.first_seen_days) && finding.first_seen_days > 1",
            [false, false],
            true,
        ),
        (
            "image.tag == '1.8' && image.registry == 'registry.example.com'",
            [true, true],
            true,
        ),
        (
            "'team' in image.labels && image.labels['team'] == 'shop'",
            [true, true],
            false,
        ),
        (
            "counts.critical == 1 && counts.total == 2",
            [true, true],
            true,
        ),
        (
            "environment == 'production' && today > '2026-01-01'",
            [true, true],
            true,
        ),
        (
            "finding.aliases.exists(a, a.startsWith('GHSA'))",
            [true, false],
            false,
        ),
        ("size(finding.id) == 14", [true, true], false),
        ("finding.risk + 1.0 > 80.0", [false, false], false),
        ("has(finding.epss)", [true, true], true),
        ("true", [true, true], true),
    ] {
        check(text, expected, native);
    }
}

#[test]
fn what_is_not_known_is_no_zero() {
    let (mut report, facts) = (sample(), Facts::default());
    for finding in &mut report.findings {
        finding.epss = None;
        finding.published = None;
        finding.severity = Severity::Unknown;
    }
    report.inventory.image = None;
    let world = world(&report, &facts);
    let mut interpreter = Expression::interpreter(&world);
    let row = Row {
        world: &world,
        item: Item::Finding(&world.findings[0]),
    };
    for (text, native, interpreted) in [
        ("finding.epss < 0.5", "finding.epss", "epss"),
        ("finding.cvss > 7", "finding.cvss", "cvss"),
        ("finding.age_days > 30", "finding.age_days", "age_days"),
        ("finding.published == ''", "finding.published", "published"),
        ("finding.pkg.layer == 0", "pkg.layer", "layer"),
        ("image.user == ''", "image.user", "user"),
        ("!image.end_of_life", "image.end_of_life", "end_of_life"),
        ("'team' in image.labels", "image.labels", "labels"),
        ("counts.secrets == 0", "counts.secrets", "secrets"),
        ("true && image.size > 1", "image.size", "size"),
    ] {
        let e = expression(text, On::Vulnerability).unwrap();
        let expected =
            |name: &str, ask: &str| Err(format!("`{name}` is not known; ask {ask} first"));
        assert_eq!(e.holds(&row, &mut interpreter), expected(native, "has()"));
        let found = interpreter.run(&e.program, &e.used, &row);
        assert_eq!(found, expected(interpreted, "has() or `in`"), "{text}");
    }
}

#[test]
fn expressions_on_the_image_see_everything() {
    let (report, facts) = (sample(), Facts::default());
    let world = world(&report, &facts);
    let row = Row {
        world: &world,
        item: Item::Image,
    };
    let mut interpreter = Expression::interpreter(&world);
    for (text, expected) in [
        (
            "findings.exists(f, f.exploited && f.pkg.type == 'deb')",
            true,
        ),
        ("packages.filter(p, p.type == 'deb').size() > 1", false),
        ("findings.all(f, f.severity_rank > 3)", true),
        (
            "findings.map(f, f.id) == ['CVE-2019-10744', 'CVE-2023-44487']",
            true,
        ),
        ("findings.exists_one(f, f.fixable)", true),
        ("size(secrets) + size(misconfigurations) == 0", true),
        (
            "image.platform == 'linux/amd64' && image.packages == 2",
            true,
        ),
    ] {
        let e = expression(text, On::Image).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(e.holds(&row, &mut interpreter), Ok(expected), "{text}");
    }
    let nested = "findings.exists(a, packages.exists(b, b.name == a.pkg.name && a.aliases.exists(c, c == b.name)))";
    assert!(expression(nested, On::Image).is_ok());
    let too_many = "findings.exists(a, findings.exists(b, packages.exists(c, a.id == b.id && c.name == a.id)))";
    let error = expression(too_many, On::Image).unwrap_err();
    assert!(error.contains("more than 2 lists"), "{error}");
    let e = expression("image.labels['none'] == 'x'", On::Image).unwrap();
    let error = e.holds(&row, &mut interpreter).unwrap_err();
    assert!(error.contains("`none` is not known"), "{error}");
}

#[test]
fn wrong_expressions_say_where() {
    for (text, expected) in [
        ("finding.nope", "7: `finding` has no field `nope`"),
        (
            "fnding.id == ''",
            "0: no variable `fnding`; did you mean `finding`?",
        ),
        (
            "finding.pkg.nam == 'x'",
            "11: `pkg` has no field `nam`; did you mean `name`?",
        ),
        ("finding.id && true", "7: expected bool, found string"),
        ("true && finding.cvss", "15: expected bool, found double"),
        ("!finding.id", "8: expected bool, found string"),
        ("finding.id == 3", "11: string and int are never equal"),
        (
            "finding.id in finding.cvss",
            "11: string is never in double",
        ),
        ("3 in finding.aliases", "2: int is never in list(string)"),
        (
            "finding.cvss + 1 > 2.0",
            "13: `+` mixes double and int; convert with double() or int()",
        ),
        (
            "finding.id - 'x' == ''",
            "11: `-` has no meaning for string and string",
        ),
        (
            "finding.cvss.contains('x')",
            "21: contains() is for strings",
        ),
        (
            "finding.aliases.contains('x')",
            "24: contains() is for strings",
        ),
        (
            "finding.id.startswith('x')",
            "21: no function `startswith`; did you mean `startsWith`?",
        ),
        (
            "startsWith(finding.id, 'x')",
            "10: startsWith() is not called like this",
        ),
        (
            "size(finding.cvss) > 1",
            "4: size() has no meaning for double",
        ),
        ("finding.aliases[0].x == ''", "18: string has no field `x`"),
        (
            "finding.id.all(c, c == 'x')",
            "14: cannot go through string, only lists and maps",
        ),
        (
            "finding.aliases.exists(a, a == 1)",
            "28: string and int are never equal",
        ),
        (
            "finding.aliases.map(a, a)",
            "0: an expression must be true or false, this is list",
        ),
        (
            "1 + 1",
            "0: an expression must be true or false, this is int",
        ),
        (
            "finding.severity == 'CRITICAL'",
            "20: `severity` is never `CRITICAL`; did you mean `critical`?",
        ),
        (
            "finding.state != 'wontfix'",
            "17: `state` is never `wontfix`",
        ),
        (
            "finding.pkg.type in ['npm', 'pip']",
            "28: `type` is never `pip`",
        ),
        (
            "'App' == finding.origin",
            "0: `origin` is never `App`; it is one of base, application, unknown",
        ),
        ("secret.rule == ''", "0: no variable `secret`"),
        ("finding.id ==", "13: not an expression"),
        ("a.b(", "4: not an expression"),
    ] {
        match expression(text, On::Vulnerability) {
            Ok(_) => panic!("{text} was accepted"),
            Err(error) => assert!(error.starts_with(expected), "{text}\n{error}\n{expected}"),
        }
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "[a-z.()&|!<>='\"\\[\\]{}?:0-9 +-]{0,40}") {
        let _ = expression(&text, On::Vulnerability);
    }

    #[test]
    fn translation_and_interpreter_agree(
        left in prop::sample::select(vec!["finding.cvss", "finding.epss", "finding.severity_rank", "counts.high", "finding.risk", "finding.age_days"]),
        compare in prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]),
        right in prop::sample::select(vec!["9.0", "0.42", "4", "1", "finding.cvss"]),
        join in prop::sample::select(vec!["&&", "||"]),
        text in prop::sample::select(vec!["finding.id", "finding.source", "finding.pkg.version", "image.tag"]),
        value in prop::sample::select(vec!["'fixed'", "'1.8'", "'4.17.15'", "finding.id"]),
    ) {
        let source = format!("({left} {compare} {right}) {join} ({text} {compare} {value})");
        let e = expression(&source, On::Vulnerability).unwrap();
        prop_assert!(e.is_native());
        let (report, facts) = (sample(), Facts::default());
        let world = world(&report, &facts);
        let mut interpreter = Expression::interpreter(&world);
        for row in &world.findings {
            let row = Row { world: &world, item: Item::Finding(row) };
            prop_assert_eq!(
                e.holds(&row, &mut interpreter).ok(),
                interpreter.run(&e.program, &e.used, &row).ok(),
                "{}", source
            );
        }
    }
}
