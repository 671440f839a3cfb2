//! The policy of the field, unchanged.

use seaworthy_oci::layout::{ImageSpec, LayerEntry, build};

use super::place::Place;

/// The policy of the field, as it is.
pub(crate) const FIELD: &str = r#"version: "1.0"

policies:
  vulnerabilities:
    max_critical: 0
    max_high: 2
    max_medium: 10

  base_images:
    allowed:
      - "alpine:*"
      - "node:*-alpine"

    prohibited:
      - "*:latest"
      - "ubuntu:*"
      - "*:*-stretch"  # Deprecated Debian

  security_requirements:
    non_root_user: true
    no_package_managers: true
    minimal_packages: true
    security_updates: true

  runtime_security:
    read_only_filesystem: true
    no_privileged: true
    drop_capabilities: ["ALL"]
    add_capabilities: []
"#;

#[test]
fn the_policy_of_the_field_is_checked_on_image_dockerfile_and_manifests() {
    let place = Place::with_report();
    place.put("field.yaml", FIELD);
    place.put("Dockerfile", "FROM node:18-stretch\nUSER root\n");
    place.put(
        "k8s.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: web:1\n    securityContext: {privileged: true}\n",
    );
    place.run(
        "policy check web.json --policy field.yaml --dockerfile Dockerfile --manifest k8s.yaml \
         --project shop/web -o policy-report=container-policy-report.json \
         -o security-summary=security-summary.json -o json=verdict.json",
        1,
    );
    let report = place.json("container-policy-report.json");
    assert_eq!(report["policy_version"], "1.0");
    assert_eq!(report["project"], "shop/web");
    assert_eq!(report["status"], "FAIL");
    let violations = report["violations"].to_string();
    for words in [
        "Critical vulnerabilities: 3 (max: 0)",
        "non-root",
        "Privileged containers",
    ] {
        assert!(violations.contains(words), "{words}: {violations}");
    }
    let summary = place.json("security-summary.json");
    assert_eq!(summary["vulnerabilities"]["critical"], 3);
    assert_eq!(summary["vulnerabilities"]["total"], 61);
    let rules = broken(&place);
    for rule in [
        "vulnerabilities.max_high",
        "base_images.prohibited",
        "runtime_security.drop_capabilities",
    ] {
        assert!(rules.contains(&rule.to_owned()), "{rule}: {rules:?}");
    }
    // The same file gates a scan.
    place.run("scan {storefront} --policy field.yaml", 1);
}

/// The rules that `verdict.json` calls broken.
fn broken(place: &Place) -> Vec<String> {
    place.json("verdict.json")["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|violation| violation["rule"].as_str().unwrap().to_owned())
        .collect()
}

/// The image that is checked.
const IMAGE: &str = "registry.example.com/shop/web:1.8";

/// Its archive, `web.tar`, with programs.
fn put_image(place: &Place, user: &str, apk: &str, programs: &[&str]) {
    let os_release = "ID=alpine\nVERSION_ID=3.22.0\nPRETTY_NAME=\"Alpine Linux v3.22\"\n";
    let mut layer = vec![
        LayerEntry::file("etc/os-release", os_release),
        LayerEntry::file("lib/apk/db/installed", apk),
    ];
    layer.extend(
        programs
            .iter()
            .map(|path| LayerEntry::executable(path, *b"\x7fELF")),
    );
    let mut spec = ImageSpec::of_layers(IMAGE, vec![layer]);
    user.clone_into(&mut spec.user);
    place.put("web.tar", build(&spec).unwrap().docker_archive().unwrap());
}

/// A pod with a security context.
fn pod(context: &str, image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n    - name: app\n      image: {image}\n      securityContext: {{{context}}}\n"
    )
}

/// An image that keeps it passes; each change breaks the rule that is about it.
#[test]
fn the_policy_of_the_field_passes_an_image_that_keeps_it() {
    let place = Place::new();
    place.put("field.yaml", FIELD);
    let musl = "P:musl\nV:1.2.5-r10\nA:x86_64\no:musl\n\n";
    let manager = format!("{musl}P:apk-tools\nV:2.14.9-r2\nA:x86_64\no:apk-tools\n\n");
    let many: String = (0..130)
        .map(|n| format!("P:lib{n}\nV:1-r0\nA:x86_64\no:lib{n}\n\n"))
        .collect();
    let dockerfile = "FROM node:22-alpine AS build\nRUN make\nFROM alpine:3.22\nUSER 10001\n";
    let safe = "readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}";

    let check = |user: &str, apk: &str, dockerfile: &str, pod: &str, rules: &[&str]| {
        let programs: &[&str] = if apk == manager { &["sbin/apk"] } else { &[] };
        put_image(&place, user, apk, programs);
        place.put("Dockerfile", dockerfile);
        place.put("k8s.yaml", pod);
        place.run(
            "policy check docker-archive:web.tar --policy field.yaml --dockerfile Dockerfile \
             --manifest k8s.yaml -o json=verdict.json -o policy-report=report.json",
            i32::from(!rules.is_empty()),
        );
        assert_eq!(broken(&place), rules, "{dockerfile}\n{pod}");
        let report = place.json("report.json");
        assert_eq!(report["image"], IMAGE);
        let status = if rules.is_empty() { "PASS" } else { "FAIL" };
        assert_eq!(report["status"], status);
    };
    let good = pod(safe, IMAGE);
    check("10001", musl, dockerfile, &good, &[]);

    for (user, apk, rule) in [
        ("", musl, "security_requirements.non_root_user"),
        (
            "10001",
            &manager,
            "security_requirements.no_package_managers",
        ),
        ("10001", &many, "security_requirements.minimal_packages"),
    ] {
        check(user, apk, dockerfile, &good, &[rule]);
    }
    for (from, to, rule) in [
        ("10001", "root", "security_requirements.non_root_user"),
        ("alpine:3.22", "debian:12", "base_images.allowed"),
        ("node:22-alpine", "ubuntu:24.04", "base_images.prohibited"),
        (
            "node:22-alpine",
            "reg.example.com:5000/team/node:8-stretch",
            "base_images.prohibited",
        ),
        (":3.22", "", "base_images.prohibited"),
    ] {
        check("10001", musl, &dockerfile.replace(from, to), &good, &[rule]);
    }
    // Only what is shipped must be allowed.
    let other = dockerfile.replace("node:22-alpine", "node:22");
    check("10001", musl, &other, &good, &[]);
    for (context, rules) in [
        (
            format!("{safe}, runAsUser: 0"),
            &["security_requirements.non_root_user"][..],
        ),
        (
            "capabilities: {drop: [ALL]}".to_owned(),
            &["runtime_security.read_only_filesystem"],
        ),
        (
            "readOnlyRootFilesystem: true".to_owned(),
            &["runtime_security.drop_capabilities"],
        ),
        // It has every capability, whatever it drops.
        (
            format!("{safe}, privileged: true"),
            &[
                "runtime_security.no_privileged",
                "runtime_security.drop_capabilities",
                "runtime_security.add_capabilities",
            ],
        ),
        (
            safe.replace("[ALL]", "[ALL], add: [NET_ADMIN]"),
            &["runtime_security.add_capabilities"],
        ),
    ] {
        check("10001", musl, dockerfile, &pod(&context, IMAGE), rules);
    }
    let untagged = pod(safe, "registry.example.com/shop/web");
    check(
        "10001",
        musl,
        dockerfile,
        &untagged,
        &["base_images.prohibited"],
    );
}
