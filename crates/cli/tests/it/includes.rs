//! Policies, VEX documents and signatures from elsewhere: beside the file, and in a registry.

use std::collections::BTreeMap;

use seaworthy_attest::{KeyKind, PrivateKey};
use seaworthy_oci::{ArtifactManifest, ArtifactStore, Descriptor, Digest, Reference};
use seaworthy_signing::{SignatureFormat, attach, attest, sign};
use seaworthy_source::{SourceOptions, registry_store};
use serde_json::Value;

use super::excuses::{CRITICAL, statement};
use super::place::{Place, storefront};
use super::tools::{Registry, installed, registry, skopeo};

const NOW: &str = "2025-11-24T00:00:00Z";

#[test]
fn includes_of_files_are_beside_the_file_that_names_them() {
    let place = Place::with_report();
    place.put(
        "policies/web.yaml",
        "version: \"1.0\"\ninclude: shared/base.yaml\n",
    );
    place.put(
        "policies/shared/base.yaml",
        "version: \"1.0\"\ninclude: more.yaml\n",
    );
    place.put(
        "policies/shared/more.yaml",
        "version: \"1.0\"\nvulnerabilities: {max_critical: 0}\n",
    );
    let check = "policy check web.json --policy policies/web.yaml";
    place.run(check, 1).shows(&["policies/shared/more.yaml:2"]);
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
        place.put(
            "policies/web.yaml",
            format!("version: \"1.0\"\ninclude: {include}\n"),
        );
        place.run(check, 2).warns(&[expected]);
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

/// The example image in a real registry, and a report of it.
struct Pushed {
    place: Place,
    _registry: Registry,
    port: u16,
    image: String,
    store: Box<dyn ArtifactStore>,
}

impl Pushed {
    /// None where the programs that it takes are not installed.
    fn new() -> Option<Self> {
        if !installed(&["skopeo", "docker-registry"]) {
            return None;
        }
        let place = Place::with_report();
        let (registry, port) = registry(place.path());
        let image = format!("127.0.0.1:{port}/shop/web:1.8");
        skopeo(&[
            "copy",
            "-q",
            "--dest-tls-verify=false",
            &format!("oci:{}", storefront()),
            &format!("docker://{image}"),
        ]);
        let options = SourceOptions {
            plain_http: true,
            ..SourceOptions::default()
        };
        let reference: Reference = image.parse().unwrap();
        Some(Self {
            place,
            _registry: registry,
            port,
            store: registry_store(&reference, &options).unwrap(),
            image,
        })
    }

    /// A key, its public half in `cosign.pub`.
    fn key(&self) -> PrivateKey {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        self.place.put("cosign.pub", key.public_key().to_pem());
        key
    }

    fn subject(&self) -> seaworthy_oci::StoredManifest {
        self.store.manifest("1.8").unwrap().unwrap()
    }

    /// A VEX document about a critical finding, signed.
    fn attest(&self, key: &PrivateKey) {
        attest(
            self.store.as_ref(),
            &self.subject(),
            "web",
            key,
            SignatureFormat::Bundle,
            NOW,
            "https://openvex.dev/ns/v0.2.0",
            statement(CRITICAL[1]).as_bytes(),
        )
        .unwrap();
    }
}

/// By the digest of its file, by that of its artifact, and by none.
#[test]
fn a_policy_comes_from_a_registry_when_it_is_pinned() {
    let Some(pushed) = Pushed::new() else {
        return;
    };
    let (place, port) = (&pushed.place, pushed.port);
    let base = "version: \"1.0\"\nvulnerabilities: {max_critical: 0}\n";
    let artifact = artifact(
        pushed.store.as_ref(),
        "policy",
        "application/yaml",
        base.as_bytes(),
    );
    let file = Digest::of(base.as_bytes());
    let wrong = Digest::of(b"something else");
    let named = |reference: &str| format!("127.0.0.1:{port}/shop/web{reference}");
    for (include, code, expected) in [
        (
            format!("{{oci: '{}', digest: '{file}'}}", named(":policy")),
            1,
            "max_critical",
        ),
        (
            format!("'oci://{}'", named(&format!("@{artifact}"))),
            1,
            "max_critical",
        ),
        (
            format!("{{oci: '{}', digest: '{wrong}'}}", named(":policy")),
            2,
            "is not what is pinned",
        ),
        (
            format!("'oci://{}'", named(&format!("@{wrong}"))),
            2,
            "p.yaml:2:10: cannot include",
        ),
        (format!("'oci://{}'", named(":policy")), 2, "must be pinned"),
    ] {
        place.put("p.yaml", format!("version: \"1.0\"\ninclude: {include}\n"));
        let said = place.run("policy check web.json --policy p.yaml --plain-http", code);
        let said = said.out + &said.err;
        assert!(said.contains(expected), "{include}: {said}");
    }
}

/// One that nobody signed, and one by our key.
#[test]
fn vex_documents_come_from_a_registry() {
    let Some(pushed) = Pushed::new() else {
        return;
    };
    let (subject, key) = (pushed.subject(), pushed.key());
    let kind = "application/openvex+json";
    attach(
        pushed.store.as_ref(),
        &subject,
        kind,
        kind,
        statement(CRITICAL[0]).as_bytes(),
        NOW,
    )
    .unwrap();
    pushed.attest(&key);
    let image = &pushed.image;
    let critical = |options: &str| -> Value {
        let line = format!("metrics {image} -o json=m.json --plain-http {options}");
        pushed.place.run(&line, 0);
        pushed.place.json("m.json")["vulnerabilities"]["critical"].clone()
    };
    assert_eq!(critical(""), 3);
    assert_eq!(critical("--vex-from-registry"), 1);
    assert_eq!(critical("--vex-from-registry --trusted-key cosign.pub"), 2);
    assert_eq!(critical(&format!("--vex oci://{image}")), 1);
}

/// They are asked for, and only then.
#[test]
fn signatures_and_attestations_come_from_a_registry() {
    let Some(pushed) = Pushed::new() else {
        return;
    };
    let (subject, key) = (pushed.subject(), pushed.key());
    let place = &pushed.place;
    pushed.attest(&key);
    place.put(
        "s.yaml",
        "version: \"1.0\"\nsignatures: {required: true, keys: [cosign.pub]}\nattestations: {required: [openvex]}\n",
    );
    let check = format!(
        "policy check {} --policy s.yaml -o json=v.json --plain-http",
        pushed.image
    );
    place.run(&check, 1);
    let verdict = place.json("v.json");
    assert_eq!(verdict["violations"][0]["outcome"], "not_assessed");
    let keyed = format!("{check} --trusted-key cosign.pub");
    place.run(&keyed, 1);
    let verdict = place.json("v.json");
    assert_eq!(verdict["violations"][0]["outcome"], "broken");
    assert_eq!(verdict["passed"][0], "attestations.required");
    let shown = |options: &str| {
        let line = format!(
            "compliance {} --framework cis-docker --plain-http {options}",
            pushed.image
        );
        place
            .run(&line, 0)
            .out
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let page = shown("");
    assert!(
        page.contains("no trusted key was given (--trusted-key)"),
        "{page}"
    );
    let page = shown("--trusted-key cosign.pub");
    assert!(page.contains("the image has no signature"), "{page}");
    sign(
        pushed.store.as_ref(),
        &subject,
        "web",
        &key,
        SignatureFormat::Bundle,
        NOW,
        &BTreeMap::new(),
    )
    .unwrap();
    place.run(&keyed, 0);
    let page = shown("--trusted-key cosign.pub");
    assert!(!page.contains("the image has no signature"), "{page}");
}
