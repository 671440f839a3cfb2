use super::*;

/// Lines `SCHEME A OP B`.
const TABLE: &str = include_str!("table.txt");

#[test]
fn versions_order_as_the_package_managers_say() {
    let mut seen = std::collections::BTreeMap::<Scheme, usize>::new();
    for line in TABLE
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [scheme, a, op, b] = words[..] else {
            panic!("bad line {line}");
        };
        let scheme: Scheme = scheme.parse().unwrap();
        let expected = match op {
            "<" => Ordering::Less,
            "=" => Ordering::Equal,
            ">" => Ordering::Greater,
            _ => panic!("bad operator {line}"),
        };
        assert_eq!(compare(scheme, a, b), Ok(expected), "{line}");
        assert_eq!(
            compare(scheme, b, a),
            Ok(expected.reverse()),
            "{line} reversed"
        );
        *seen.entry(scheme).or_default() += 1;
    }
    for scheme in Scheme::ALL {
        use Scheme::{Alpm, Apk, Deb, Maven, Pep440, Rpm};
        let least = if matches!(scheme, Deb | Apk | Rpm | Alpm | Pep440 | Maven) {
            40
        } else {
            20
        };
        assert!(
            seen.get(&scheme).is_some_and(|n| *n >= least),
            "{scheme}: {seen:?}"
        );
    }
}

#[test]
fn what_is_no_version_is_an_error() {
    for (scheme, bad) in [
        (Scheme::Deb, "a:1"),
        (Scheme::Deb, "1 2"),
        (Scheme::Deb, ":1"),
        (Scheme::Rpm, "x:1"),
        (Scheme::Rpm, "..."),
        (Scheme::Alpm, "a:1"),
        (Scheme::Alpm, "1:2:3"),
        (Scheme::Alpm, "-1 2"),
        (Scheme::Apk, "1.2_foo1"),
        (Scheme::Apk, "v1"),
        (Scheme::Apk, "1.2-r"),
        (Scheme::Semver, "latest"),
        (Scheme::Semver, "1..2"),
        (Scheme::Semver, "1.2.3.4.5"),
        (Scheme::Pep440, "1.0-foo"),
        (Scheme::Pep440, "one"),
        (Scheme::Pep440, "1.0+"),
        (Scheme::Maven, "[1,2]"),
        (Scheme::Gem, "1..2"),
        (Scheme::Gem, "a"),
        (Scheme::Go, "(devel)"),
        (Scheme::NuGet, "x"),
        (Scheme::Composer, "dev-main"),
        (Scheme::Deb, ""),
    ] {
        assert!(!is_valid(scheme, bad), "{scheme} {bad}");
        let error = compare(scheme, bad, "1").unwrap_err();
        assert_eq!(error.version, bad);
    }
    assert!(!is_valid(Scheme::Deb, &"1".repeat(MAX_LENGTH + 1)));
    assert!("rpn".parse::<Scheme>().is_err());
}

#[test]
fn ranges_hold_versions() {
    for (scheme, range, inside, outside) in [
        (
            Scheme::Semver,
            ">= 2.0.0, < 2.8.9",
            "2.8.8 2.0.0",
            "2.8.9 1.9.9 2.0.0-rc.1",
        ),
        (
            Scheme::Semver,
            "<1.2.3 || >=2.0.0 <2.1.0",
            "1.0.0 2.0.5",
            "1.2.3 2.1.0",
        ),
        (Scheme::Semver, "*", "0.0.1 99.0.0", ""),
        (Scheme::Semver, "= 1.0.0", "1.0.0+build", "1.0.1"),
        (
            Scheme::Maven,
            "[1.0,1.2)",
            "1.0 1.1-SNAPSHOT",
            "1.2 1.0-rc1",
        ),
        (Scheme::Maven, "(,1.0],[1.2,)", "0.9 1.0 1.2 3", "1.1"),
        (Scheme::NuGet, "[4.3.0]", "4.3.0.0", "4.3.1"),
        (Scheme::Deb, "<< 1", "", ""),
    ] {
        let Ok(ranges) = parse_ranges(scheme, range) else {
            assert_eq!(range, "<< 1", "only this one is wrong");
            continue;
        };
        let holds = |v: &str| ranges.iter().any(|r| r.contains(scheme, v).unwrap());
        assert!(inside.split_whitespace().all(holds), "{range}: {inside}");
        assert!(!outside.split_whitespace().any(holds), "{range}: {outside}");
    }
    for bad in ["", "< ", "~> 1", "[1,2", "[x y,2]", ">= latest"] {
        assert!(parse_ranges(Scheme::Semver, bad).is_err(), "{bad}");
    }
}

proptest::proptest! {
    #[test]
    fn order_is_total(
        scheme in proptest::sample::select(&Scheme::ALL[..]),
        a in "[0-9]{1,2}([.~^_-]?([0-9]{1,2}|a|rc|beta|dev|post|p|r|alpha|sp|final)){0,4}",
        b in "[0-9]{1,2}([.~^_-]?([0-9]{1,2}|a|rc|beta|dev|post|p|r|alpha|sp|final)){0,4}",
        c in "[0-9]{1,2}([.~^_-]?([0-9]{1,2}|a|rc|beta|dev|post|p|r|alpha|sp|final)){0,4}",
    ) {
        if let (Ok(ab), Ok(bc)) = (compare(scheme, &a, &b), compare(scheme, &b, &c)) {
            proptest::prop_assert_eq!(compare(scheme, &a, &a), Ok(Ordering::Equal));
            proptest::prop_assert_eq!(compare(scheme, &b, &a), Ok(ab.reverse()));
            // rpm and pacman without a release equal every release, and Maven is not transitive by
            // design.
            let partial = matches!(scheme, Scheme::Rpm | Scheme::Alpm | Scheme::Maven);
            if ab == bc && !partial {
                proptest::prop_assert_eq!(compare(scheme, &a, &c), Ok(ab));
            }
        }
    }

    #[test]
    fn no_text_panics(scheme in proptest::sample::select(&Scheme::ALL[..]), a in ".{0,20}", b in "[0-9a-z.+:~^_!v-]{0,20}") {
        let _ = compare(scheme, &a, &b);
        let _ = compare(scheme, &b, &b);
        let _ = parse_ranges(scheme, &a);
        let _ = parse_ranges(scheme, &b);
    }
}
