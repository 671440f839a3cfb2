//! What excuses findings, wherever it comes from and wherever it counts; includes of policies.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use seaworthy_attest::{KeyKind, PrivateKey};
use seaworthy_oci::layout::{ImageSpec, LayerEntry, build};
use seaworthy_oci::{ArtifactManifest, ArtifactStore, Descriptor, Digest, Reference};
use seaworthy_signing::{SignatureFormat, attach, attest, sign};
use seaworthy_source::{SourceOptions, registry_store};
use serde_json::Value;

use super::scan::{expect, json, run_in, storefront, text};
use super::tools::{installed, registry, skopeo};

const NOW: &str = "2025-11-24T00:00:00Z";
/// The critical findings of the example image.
const CRITICAL: [&str; 3] = ["CVE-2023-37920", "CVE-2022-24303", "CVE-2023-50447"];

fn prepare(folder: &Path) {
    let target = storefront();
    expect(folder, &["scan", &target, "-q", "-o", "json=web.json"], 0);
    fs::write(folder.join(".trivyignore"), "CVE-2023-37920\n").unwrap();
    fs::write(folder.join("vex.json"), statement("CVE-2022-24303")).unwrap();
    fs::write(
        folder.join("one.yaml"),
        "version: \"1.0\"\npolicies:\n  vulnerabilities:\n    max_critical: 0\n",
    )
    .unwrap();
}

/// An OpenVEX document that says that the example image is not affected by a vulnerability.
fn statement(id: &str) -> String {
    format!(
        r#"{{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.com/vex/{id}","author":"team","timestamp":"2025-11-01T00:00:00Z","version":1,"statements":[{{"vulnerability":{{"name":"{id}"}},"status":"not_affected","justification":"vulnerable_code_not_in_execute_path","products":[{{"@id":"pkg:pypi/certifi"}},{{"@id":"pkg:pypi/pillow"}}]}}]}}"#
    )
}

#[test]
fn waivers_and_vex_count_in_every_view_of_a_report() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let excuses = ["--waivers", ".trivyignore", "--vex", "vex.json"];
    let run = |arguments: &[&str], code| {
        let mut all = arguments.to_vec();
        all.extend(excuses);
        expect(folder.path(), &all, code)
    };
    run(&["metrics", "web.json", "-o", "json=m.json"], 0);
    let metrics = json(&folder.path().join("m.json"));
    assert_eq!(metrics["vulnerabilities"]["critical"], 1, "{metrics}");
    assert_eq!(metrics["waived"], 1);

    run(&["diff", "web.json", "web.json", "-o", "json=d.json"], 0);
    let diff = json(&folder.path().join("d.json"));
    assert_eq!(diff["remaining"].as_array().map(Vec::len), Some(59));
    assert_eq!(diff["waived"].as_array().map(Vec::len), Some(1));

    run(&["assess", "web.json", "web.json", "-o", "json=a.json"], 1);
    let assessment = json(&folder.path().join("a.json"));
    assert_eq!(assessment["secure_vulnerabilities"]["critical"], 1);

    run(
        &[
            "compliance",
            "web.json",
            "--framework",
            "nist",
            "-o",
            "json=c.json",
        ],
        0,
    );
    let compliance = json(&folder.path().join("c.json")).to_string();
    assert!(!compliance.contains("CVE-2022-24303"), "{compliance}");

    // What the base branch's image has is nothing new.
    let target = storefront();
    let known = [
        "policy",
        "check",
        "web.json",
        "--policy",
        "one.yaml",
        "--baseline",
    ];
    let mut by_image = known.to_vec();
    by_image.push(&target);
    expect(folder.path(), &by_image, 0);
    let mut gone = known.to_vec();
    gone.push("gone.json");
    expect(folder.path(), &gone, 3);

    // A scan without a policy asks them too; what is excused does not break its gate.
    let target = storefront();
    let scan = [
        "scan",
        target.as_str(),
        "--scanners",
        "vuln",
        "--fail-on",
        "critical",
        "-o",
        "json=s.json",
    ];
    run(&scan, 1);
    let gate = json(&folder.path().join("s.json"))["gate"].clone();
    assert_eq!(gate["breaking"], 1, "{gate}");
    assert_eq!(gate["rule"], "fail on critical, 2 excused");
    fs::write(folder.path().join(".trivyignore"), CRITICAL.join("\n")).unwrap();
    run(&scan, 0);
}

#[test]
fn a_report_that_filters_cut_is_no_pass() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let target = storefront();
    expect(
        folder.path(),
        &[
            "scan",
            &target,
            "-q",
            "--ignore-unfixed",
            "--severity",
            "critical",
            "-o",
            "json=cut.json",
        ],
        0,
    );
    fs::write(
        folder.path().join("high.yaml"),
        "version: \"1.0\"\npolicies:\n  vulnerabilities:\n    max_high: 50\n",
    )
    .unwrap();
    let check = |report: &str, code| {
        let arguments = ["policy", "check", report, "--policy", "high.yaml"];
        text(&expect(folder.path(), &arguments, code).stdout)
    };
    check("web.json", 0);
    let output = check("cut.json", 1);
    assert!(
        output.contains("display filters of the scan hide"),
        "{output}"
    );
}

#[test]
fn breaches_of_containers_name_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    fs::write(
        folder.path().join("k8s.yaml"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: app\n      image: web:latest\n      securityContext: {privileged: true}\n",
    )
    .unwrap();
    fs::write(
        folder.path().join("p.yaml"),
        "version: \"1.0\"\nbase_images: {prohibited: ['*:latest']}\nruntime_security: {no_privileged: true}\n",
    )
    .unwrap();
    let arguments = [
        "policy",
        "check",
        "web.json",
        "--policy",
        "p.yaml",
        "--manifest",
        "k8s.yaml",
    ];
    let output = text(&expect(folder.path(), &arguments, 1).stdout);
    for line in [
        "because Pod/web, container app k8s.yaml:6: privileged",
        "because web:latest k8s.yaml:6: matches *:latest",
    ] {
        assert!(output.contains(line), "{output}");
    }
    fs::write(folder.path().join("k8s.yaml"), "a: 1\nb: [\n").unwrap();
    let output = text(&expect(folder.path(), &arguments, 2).stderr);
    assert!(output.contains("k8s.yaml:"), "{output}");
}

#[test]
fn deadlines_count_from_the_history() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    fs::write(
        folder.path().join("sla.yaml"),
        "version: \"1.0\"\npolicies:\n  vulnerabilities:\n    sla: {critical: 7, since: first_seen}\n",
    )
    .unwrap();
    let target = storefront();
    let scan = [
        "scan",
        &target,
        "-q",
        "--policy",
        "sla.yaml",
        "--history",
        "h.db",
    ];
    let at = |seconds: &str, code: i32| {
        let output = run_in(folder.path(), &[("SOURCE_DATE_EPOCH", seconds)], &scan);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
    };
    at("1764000000", 0);
    at("1764500000", 0);
    // Eight days after the first scan.
    at("1764700000", 1);
    // Without a history nobody knows, which is no pass.
    let check = ["policy", "check", "web.json", "--policy", "sla.yaml"];
    let output = text(&expect(folder.path(), &check, 1).stdout);
    assert!(output.contains("no history was given"), "{output}");
    // The chart of what became of it is in the page.
    let mut page = scan.to_vec();
    page.extend(["-o", "html=web.html"]);
    expect(folder.path(), &page, 0);
    let page = fs::read_to_string(folder.path().join("web.html")).unwrap();
    assert!(page.contains("Over time"));
}

#[test]
fn includes_of_files_are_beside_the_file_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("policies/shared")).unwrap();
    fs::write(
        at("policies/web.yaml"),
        "version: \"1.0\"\ninclude: shared/base.yaml\n",
    )
    .unwrap();
    fs::write(
        at("policies/shared/base.yaml"),
        "version: \"1.0\"\ninclude: more.yaml\n",
    )
    .unwrap();
    fs::write(
        at("policies/shared/more.yaml"),
        "version: \"1.0\"\nvulnerabilities: {max_critical: 0}\n",
    )
    .unwrap();
    let check = [
        "policy",
        "check",
        "web.json",
        "--policy",
        "policies/web.yaml",
    ];
    let output = text(&expect(folder.path(), &check, 1).stdout);
    assert!(output.contains("policies/shared/more.yaml:2"), "{output}");
    let pin = "0".repeat(64);
    for (include, expected) in [
        (
            "gone.yaml".to_owned(),
            "policies/web.yaml:2:10: cannot include `policies/gone.yaml`",
        ),
        (
            format!("{{file: shared/more.yaml, digest: 'sha256:{pin}'}}"),
            "policies/web.yaml:2:10: `policies/shared/more.yaml` is not what is pinned",
        ),
        (
            "https://policies.example.com/a.yaml".to_owned(),
            "policies/web.yaml:2:10: what comes over the network must be pinned",
        ),
    ] {
        fs::write(
            at("policies/web.yaml"),
            format!("version: \"1.0\"\ninclude: {include}\n"),
        )
        .unwrap();
        let output = text(&expect(folder.path(), &check, 2).stderr);
        assert!(output.contains(expected), "{output}");
    }
}

fn artifact(store: &dyn ArtifactStore, tag: &str, kind: &str, content: &[u8]) -> Digest {
    let layer = store.put_blob(content).unwrap();
    store.put_blob(seaworthy_oci::artifact::EMPTY).unwrap();
    let mut manifest = ArtifactManifest::new(kind);
    manifest.layers.push(Descriptor {
        media_type: kind.to_owned(),
        digest: layer.to_string(),
        size: content.len() as u64,
        ..Descriptor::default()
    });
    let bytes = manifest.to_bytes().unwrap();
    store
        .put_manifest(Some(tag), &manifest.media_type, &bytes)
        .unwrap()
}

/// A real registry with the example image, a policy, and VEX documents attached to the image.
#[test]
fn policies_vex_and_signatures_come_from_a_registry() {
    if !installed(&["skopeo", "docker-registry"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let (_registry, port) = registry(folder.path());
    let image = format!("127.0.0.1:{port}/shop/web:1.8");
    skopeo(&[
        "copy",
        "-q",
        "--retry-times",
        "10",
        "--dest-tls-verify=false",
        &format!("oci:{}", storefront()),
        &format!("docker://{image}"),
    ]);
    let options = SourceOptions {
        plain_http: true,
        ..SourceOptions::default()
    };
    let reference: Reference = image.parse().unwrap();
    let store = registry_store(&reference, &options).unwrap();
    let run = |arguments: &[&str], code| {
        let mut all = arguments.to_vec();
        all.push("--plain-http");
        expect(folder.path(), &all, code)
    };

    // A policy by the digest of its file, by that of its artifact, and by none.
    let base = "version: \"1.0\"\nvulnerabilities: {max_critical: 0}\n";
    let pushed = artifact(
        store.as_ref(),
        "policy",
        "application/yaml",
        base.as_bytes(),
    );
    let file = Digest::of(base.as_bytes());
    let wrong = Digest::of(b"something else");
    for (include, code, expected) in [
        (
            format!("{{oci: '127.0.0.1:{port}/shop/web:policy', digest: '{file}'}}"),
            1,
            "max_critical",
        ),
        (
            format!("'oci://127.0.0.1:{port}/shop/web@{pushed}'"),
            1,
            "max_critical",
        ),
        (
            format!("{{oci: '127.0.0.1:{port}/shop/web:policy', digest: '{wrong}'}}"),
            2,
            "is not what is pinned",
        ),
        (
            format!("'oci://127.0.0.1:{port}/shop/web@{wrong}'"),
            2,
            "p.yaml:2:10: cannot include",
        ),
        (
            format!("'oci://127.0.0.1:{port}/shop/web:policy'"),
            2,
            "must be pinned",
        ),
    ] {
        fs::write(
            folder.path().join("p.yaml"),
            format!("version: \"1.0\"\ninclude: {include}\n"),
        )
        .unwrap();
        let output = run(&["policy", "check", "web.json", "--policy", "p.yaml"], code);
        let output = text(&output.stdout) + &text(&output.stderr);
        assert!(output.contains(expected), "{include}: {output}");
    }

    // VEX documents: one that nobody signed, one by our key.
    let subject = store.manifest("1.8").unwrap().unwrap();
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    fs::write(folder.path().join("cosign.pub"), key.public_key().to_pem()).unwrap();
    let kind = "application/openvex+json";
    attach(
        store.as_ref(),
        &subject,
        kind,
        kind,
        statement(CRITICAL[0]).as_bytes(),
        NOW,
    )
    .unwrap();
    attest(
        store.as_ref(),
        &subject,
        "web",
        &key,
        SignatureFormat::Bundle,
        NOW,
        "https://openvex.dev/ns/v0.2.0",
        statement(CRITICAL[1]).as_bytes(),
    )
    .unwrap();
    let critical = |more: &[&str]| -> Value {
        let mut arguments = vec!["metrics", image.as_str(), "-o", "json=m.json"];
        arguments.extend(more);
        run(&arguments, 0);
        json(&folder.path().join("m.json"))["vulnerabilities"]["critical"].clone()
    };
    assert_eq!(critical(&[]), 3);
    assert_eq!(critical(&["--vex-from-registry"]), 1);
    assert_eq!(
        critical(&["--vex-from-registry", "--trusted-key", "cosign.pub"]),
        2
    );
    let vex = format!("oci://{image}");
    assert_eq!(critical(&["--vex", &vex]), 1);

    // Signatures and attestations are asked for, and only then.
    fs::write(
        folder.path().join("s.yaml"),
        "version: \"1.0\"\nsignatures: {required: true, keys: [cosign.pub]}\nattestations: {required: [openvex]}\n",
    )
    .unwrap();
    let check = [
        "policy",
        "check",
        image.as_str(),
        "--policy",
        "s.yaml",
        "-o",
        "json=v.json",
    ];
    run(&check, 1);
    let verdict = json(&folder.path().join("v.json"));
    assert_eq!(verdict["violations"][0]["outcome"], "not_assessed");
    let mut keyed = check.to_vec();
    keyed.extend(["--trusted-key", "cosign.pub"]);
    run(&keyed, 1);
    let verdict = json(&folder.path().join("v.json"));
    assert_eq!(verdict["violations"][0]["outcome"], "broken");
    assert_eq!(verdict["passed"][0], "attestations.required");
    sign(
        store.as_ref(),
        &subject,
        "web",
        &key,
        SignatureFormat::Bundle,
        NOW,
        &BTreeMap::new(),
    )
    .unwrap();
    run(&keyed, 0);
}

/// The policy of the field, as it is, against an image that keeps it; each change breaks the rule
/// that is about it.
#[test]
fn the_policy_of_the_field_passes_an_image_that_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let put = |user: &str, apk: &str| {
        let mut spec = ImageSpec::of_layers(
            "registry.example.com/shop/web:1.8",
            vec![vec![
                LayerEntry::file(
                    "etc/os-release",
                    "ID=alpine\nVERSION_ID=3.22.0\nPRETTY_NAME=\"Alpine Linux v3.22\"\n",
                ),
                LayerEntry::file("lib/apk/db/installed", apk),
            ]],
        );
        user.clone_into(&mut spec.user);
        fs::write(
            at("web.tar"),
            build(&spec).unwrap().docker_archive().unwrap(),
        )
        .unwrap();
    };
    let musl = "P:musl\nV:1.2.5-r10\nA:x86_64\no:musl\n\n";
    let manager = format!("{musl}P:apk-tools\nV:2.14.9-r2\nA:x86_64\no:apk-tools\n\n");
    let many: String = (0..130)
        .map(|n| format!("P:lib{n}\nV:1-r0\nA:x86_64\no:lib{n}\n\n"))
        .collect();
    let good = "FROM node:22-alpine AS build\nRUN make\nFROM alpine:3.22\nUSER 10001\n";
    let safe = "readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}";
    let pod = |context: &str, image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n    - name: app\n      image: {image}\n      securityContext: {{{context}}}\n"
        )
    };
    let image = "registry.example.com/shop/web:1.8";
    fs::write(at("field.yaml"), super::policy::FIELD).unwrap();
    type Case<'a> = (&'a str, &'a str, String, String, &'a [&'a str]);
    let with = |more: &str| pod(&format!("{safe}, {more}"), image);
    let cases: &[Case<'_>] = &[
        ("10001", musl, good.to_owned(), pod(safe, image), &[]),
        (
            "",
            musl,
            good.to_owned(),
            pod(safe, image),
            &["security_requirements.non_root_user"],
        ),
        (
            "10001",
            musl,
            good.replace("10001", "root"),
            pod(safe, image),
            &["security_requirements.non_root_user"],
        ),
        (
            "10001",
            musl,
            good.to_owned(),
            with("runAsUser: 0"),
            &["security_requirements.non_root_user"],
        ),
        (
            "10001",
            &manager,
            good.to_owned(),
            pod(safe, image),
            &["security_requirements.no_package_managers"],
        ),
        (
            "10001",
            &many,
            good.to_owned(),
            pod(safe, image),
            &["security_requirements.minimal_packages"],
        ),
        (
            "10001",
            musl,
            good.replace("alpine:3.22", "debian:12"),
            pod(safe, image),
            &["base_images.allowed"],
        ),
        (
            "10001",
            musl,
            good.replace("node:22-alpine", "node:22"),
            pod(safe, image),
            &[],
        ),
        (
            "10001",
            musl,
            good.replace("node:22-alpine", "ubuntu:24.04"),
            pod(safe, image),
            &["base_images.prohibited"],
        ),
        (
            "10001",
            musl,
            good.replace("node:22-alpine", "reg.example.com:5000/team/node:8-stretch"),
            pod(safe, image),
            &["base_images.prohibited"],
        ),
        (
            "10001",
            musl,
            good.replace(":3.22", ""),
            pod(safe, image),
            &["base_images.prohibited"],
        ),
        (
            "10001",
            musl,
            good.to_owned(),
            pod(safe, "registry.example.com/shop/web"),
            &["base_images.prohibited"],
        ),
        (
            "10001",
            musl,
            good.to_owned(),
            pod("capabilities: {drop: [ALL]}", image),
            &["runtime_security.read_only_filesystem"],
        ),
        (
            "10001",
            musl,
            good.to_owned(),
            pod("readOnlyRootFilesystem: true", image),
            &["runtime_security.drop_capabilities"],
        ),
        (
            "10001",
            musl,
            good.to_owned(),
            with("privileged: true"),
            &["runtime_security.no_privileged"],
        ),
        (
            "10001",
            musl,
            good.to_owned(),
            pod(
                "readOnlyRootFilesystem: true, capabilities: {drop: [ALL], add: [NET_ADMIN]}",
                image,
            ),
            &["runtime_security.add_capabilities"],
        ),
    ];
    for (user, apk, dockerfile, manifest, broken) in cases {
        put(user, apk);
        fs::write(at("Dockerfile"), dockerfile).unwrap();
        fs::write(at("k8s.yaml"), manifest).unwrap();
        let arguments = [
            "policy",
            "check",
            "docker-archive:web.tar",
            "--policy",
            "field.yaml",
            "--dockerfile",
            "Dockerfile",
            "--manifest",
            "k8s.yaml",
            "-o",
            "json=verdict.json",
            "-o",
            "policy-report=report.json",
        ];
        expect(folder.path(), &arguments, i32::from(!broken.is_empty()));
        let verdict = json(&at("verdict.json"));
        let rules: Vec<&str> = verdict["violations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|violation| violation["rule"].as_str().unwrap())
            .collect();
        assert_eq!(&rules, broken, "{dockerfile}\n{manifest}\n{verdict}");
        let report = json(&at("report.json"));
        assert_eq!(report["image"], image);
        assert_eq!(
            report["status"],
            if broken.is_empty() { "PASS" } else { "FAIL" }
        );
    }
}
