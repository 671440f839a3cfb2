//! Databases that are published: in a registry, a layout, and as files of a web server.

use std::fs;

use seaworthy_attest::{KeyKind, PrivateKey};
use serde_json::Value;

use crate::db::secdb;
use crate::place::{Place, root, run_in, text};
use crate::server::Server;
use crate::tools::{installed, registry};

/// A database of two shards, `built`, a key to sign it with, and another one.
fn built() -> Place {
    let place = Place::new();
    place.put("feeds/alpine/main.json", secdb("1.35.0-r99"));
    place.put(
        "feeds/kev/kev.json",
        r#"{"vulnerabilities":[{"cveID":"CVE-2099-0001","dateAdded":"2026-11-20"}]}"#,
    );
    place.run("db build --feeds feeds --out built", 0);
    for name in ["db", "other"] {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        place.put(&format!("{name}.key"), key.to_plain_pem().unwrap());
        place.put(&format!("{name}.pub"), key.public_key().to_pem());
    }
    place
}

/// A signed database goes through a registry; the numbers are those of docs/database.md.
#[test]
fn a_database_goes_through_debians_registry() {
    if !installed(&["docker-registry"]) {
        return;
    }
    let place = built();
    let (_registry, port) = registry(place.path());
    let target = format!("oci://127.0.0.1:{port}/security/advisories:latest");
    let publish = format!("db publish {target} --db built --key db.key --plain-http");
    place.run(&publish, 0).shows(&["2 shards sent", "signed"]);
    place
        .run(&publish, 0)
        .shows(&["0 shards sent, 2 were there"]);

    let update =
        |key: &str| format!("db update --from {target} --key {key} --db here --plain-http -o json");
    place.run(&update("db.pub"), 0);
    let again = place.run(&update("db.pub"), 0).json();
    assert_eq!(again["changed"], false);
    assert!(again["received"].as_u64().unwrap() < 50_000, "{again}");
    let digest = again["digest"].as_str().unwrap();
    place
        .run(
            &format!("db verify --from {target} --key db.pub --db here --plain-http"),
            0,
        )
        .shows(&["signed by", "2 shards are whole"]);
    let info = place.run("db info --db here -o json", 0).json();
    assert_eq!(info["digest"], digest);
    assert_eq!(info["origin"], target.as_str());

    // A digest pins what a scan uses.
    let scan = |digest: &str, code| {
        place.run(
            &format!("scan {{storefront}} --db here --db-digest {digest} -o json=r.json"),
            code,
        )
    };
    scan(digest, 0);
    let other = format!("sha256:{}", "0".repeat(64));
    scan(&other, 2).warns(&[digest]);

    // Whoever has another key, or none that signed, is refused.
    place
        .run(&update("other.pub"), 4)
        .warns(&["no signature of"]);
}

#[test]
fn a_database_goes_through_a_layout_and_plain_files() {
    let place = built();
    place.run("db publish ./layout --db built", 0);
    place.run("db update --from ./layout --db from-layout", 0);
    place.run("db publish ./www --files --db built --key db.key", 0);
    let server = Server::of(&place.at("www"));
    place.run(
        &format!(
            "db update --from {} --key db.pub --db from-web",
            server.address
        ),
        0,
    );
    for directory in ["from-layout", "from-web"] {
        place
            .run(&format!("db lookup busybox --db {directory}"), 0)
            .shows(&["1.35.0-r99"]);
    }
}

/// The commands of the pipeline file are commands of this program.
#[test]
fn the_pipeline_that_publishes_is_valid() {
    let file =
        fs::read_to_string(root().join("templates/Advisory-Database.gitlab-ci.yml")).unwrap();
    let pipeline: Value = serde_saphyr::from_str(&file).unwrap();
    let job = &pipeline["advisories"];
    let script: Vec<&str> = job["script"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect();
    assert!(script.len() >= 3);
    assert_eq!(job["rules"][0]["if"], "$CI_PIPELINE_SOURCE == \"schedule\"");
    let place = Place::new();
    for line in script {
        let command = line.split("||").next().unwrap().trim();
        let mut words: Vec<String> = command
            .split_whitespace()
            .map(|word| {
                word.trim_matches('"')
                    .replace("$ADVISORIES", "127.0.0.1:1/advisories:latest")
            })
            .collect();
        assert_eq!(words.remove(0), "seaworthy", "{line}");
        // What clap does not know ends with 2 and its words; whatever else happens, it was known.
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        let only = pipeline["variables"]["SEAWORTHY_DB_ONLY"].as_str().unwrap();
        let variables = [
            ("SEAWORTHY_DB", "db"),
            ("SEAWORTHY_DB_ONLY", only),
            ("SEAWORTHY_DB_BASE_URL", "file:///nowhere"),
        ];
        let variables = if command.contains("--from") {
            &variables[..2]
        } else {
            &variables[..]
        };
        let errors = text(&run_in(place.path(), variables, &arguments).stderr);
        for words in [
            "unexpected argument",
            "unrecognized subcommand",
            "invalid value",
            "required arguments",
            "is no shard",
        ] {
            assert!(!errors.contains(words), "{line}: {errors}");
        }
    }
}
