use std::fs;
use std::io::Write as _;
use std::sync::atomic::Ordering;

use seaworthy_attest::{KeyKind, PrivateKey};
use seaworthy_source::NoProgress;
use seaworthy_vulndb::Database;

use super::*;
use crate::testing::{FakeNetwork, NOW, PATIENCE, SharedStore, database, shard};
use crate::{
    FetchOptions, PublishOptions, PublishReport, UpdateReport, publish, publish_files,
    update_from_published,
};

const REFERENCE: &str = "oci://registry.example.com/security/db:latest";

struct Fixture {
    folder: tempfile::TempDir,
    network: FakeNetwork,
}

/// How an update differs from the plainest one.
#[derive(Default)]
struct How<'a> {
    from: Option<&'a str>,
    only: &'a [&'a str],
    keys: &'a [PublicKey],
    allow_older: bool,
}

impl Fixture {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            network: FakeNetwork::default(),
        }
    }

    fn store(&self) -> &SharedStore {
        &self.network.store
    }

    /// The publisher's directory, with these shards.
    fn source(&self, shards: &[(&str, usize, &str)], now: &str) -> Directory {
        database(&self.folder.path().join("source"), shards, now)
    }

    fn publish(&self, directory: &Directory, key: Option<&PrivateKey>) -> PublishReport {
        let options = PublishOptions {
            key,
            legacy_signature: false,
            now: NOW,
            threads: 2,
        };
        publish(
            directory,
            self.store(),
            "latest",
            "registry.example.com/security/db",
            &options,
            &NoProgress,
        )
        .unwrap()
    }

    fn here(&self) -> Directory {
        Directory::at(&self.folder.path().join("here"))
    }

    fn update(&self, how: &How<'_>) -> Result<UpdateReport, Error> {
        let options = FetchOptions {
            network: &self.network,
            origin: Origin::parse(how.from.unwrap_or(REFERENCE)).unwrap(),
            only: (!how.only.is_empty())
                .then(|| how.only.iter().map(|k| (*k).to_owned()).collect()),
            keys: how.keys,
            allow_older: how.allow_older,
            now: NOW,
            threads: 2,
            patience: PATIENCE,
            who: "test",
        };
        update_from_published(&self.here(), &options, &NoProgress, &|_| {})
    }

    fn mark(&self, key: &str) -> String {
        let database = Database::open_dir(self.here().path()).unwrap();
        let row = database.shard(key).unwrap().lookup("p0").next().unwrap();
        row.advisory().unwrap().to_owned()
    }

    fn given(&self) -> u64 {
        self.store().state.given.swap(0, Ordering::Relaxed)
    }
}

const TWO: [(&str, usize, &str); 2] = [("debian:12", 500, "one"), ("npm", 800, "one")];

#[test]
fn a_database_goes_through_a_registry_shard_by_shard() {
    let fixture = Fixture::new();
    let source = fixture.source(&TWO, NOW);
    let published = fixture.publish(&source, None);
    assert_eq!(published.sent, ["debian:12", "npm"]);
    let artifact = fixture.store().manifest("latest").unwrap().unwrap();
    let artifact = ArtifactManifest::parse(&artifact.bytes).unwrap();
    assert_eq!(artifact.kind(), ARTIFACT_TYPE);
    assert_eq!(artifact.layers[1].annotations[KEY_ANNOTATION], "npm");
    assert_eq!(
        artifact.layers[1].annotations[TITLE_ANNOTATION],
        "npm.swdb.zst"
    );
    assert!(fixture.store().manifest("generation-1").unwrap().is_some());

    let report = fixture.update(&How::default()).unwrap();
    assert!(report.changed);
    assert_eq!(report.digest, Some(published.digest.clone()));
    assert_eq!(fixture.mark("npm"), "one");
    assert!(
        report.received > 0 && report.received < 50_000,
        "{report:?}"
    );
    // Nothing has changed: only the lists come.
    fixture.given();
    let again = fixture.update(&How::default()).unwrap();
    assert!(!again.changed && again.shards.is_empty());
    assert_eq!(fixture.given(), 0, "not even the list comes again");

    // One shard has changed: it alone is sent and fetched.
    let source = fixture.source(&[("npm", 800, "two")], "2026-11-26T00:00:00Z");
    let second = fixture.publish(&source, None);
    assert_eq!(
        (&second.sent[..], second.kept),
        (&["npm".to_owned()][..], 1)
    );
    assert_eq!(second.generation, 2);
    let reads = || std::mem::take(&mut *fixture.store().state.reads.lock().unwrap());
    reads();
    let report = fixture.update(&How::default()).unwrap();
    assert_eq!(reads().len(), 2, "the list and one layer");
    assert_eq!(report.shards.len(), 1);
    assert_eq!(
        (fixture.mark("npm"), fixture.mark("debian:12")),
        ("two".to_owned(), "one".to_owned())
    );
    // Publishing the same again sends nothing.
    let puts = fixture.store().state.puts.load(Ordering::Relaxed);
    assert!(fixture.publish(&source, None).sent.is_empty());
    assert_eq!(
        fixture.store().state.puts.load(Ordering::Relaxed),
        puts + 1,
        "the list"
    );
}

#[test]
fn a_part_is_fetched_and_the_digest_is_that_of_the_whole() {
    let fixture = Fixture::new();
    let published = fixture.publish(&fixture.source(&TWO, NOW), None);
    let report = fixture
        .update(&How {
            only: &["npm", "go"],
            ..How::default()
        })
        .unwrap();
    assert_eq!(report.empty, ["go"]);
    assert_eq!(report.digest, Some(published.digest.clone()));
    let database = Database::open_dir(fixture.here().path()).unwrap();
    assert_eq!(database.keys().collect::<Vec<_>>(), ["npm"]);
    crate::pin(&fixture.here(), &published.digest).unwrap();
    // Another shard is added; the part can then not be published in place of the whole.
    let error = publish(
        &fixture.here(),
        fixture.store(),
        "x",
        "x",
        &PublishOptions {
            key: None,
            legacy_signature: false,
            now: NOW,
            threads: 1,
        },
        &NoProgress,
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("debian:12 is missing"),
        "{error}"
    );
    fixture
        .update(&How {
            only: &["debian"],
            ..How::default()
        })
        .unwrap();
    assert_eq!(
        Database::open_dir(fixture.here().path())
            .unwrap()
            .keys()
            .count(),
        2
    );
    let wrong = Digest::of(b"other").to_string();
    let error = crate::pin(&fixture.here(), &wrong).unwrap_err();
    assert!(matches!(error, Error::Pin { .. }), "{error}");
    assert!(error.to_string().contains(&published.digest), "{error}");
    assert!(crate::pin(&fixture.here(), "latest").is_err());
}

#[test]
fn signatures_are_demanded_when_there_is_a_key() {
    let fixture = Fixture::new();
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let other = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let source = fixture.source(&TWO, NOW);
    fixture.publish(&source, None);
    let trust = |key: &PrivateKey| [key.public_key().clone()];
    let refused = |keys: &[PublicKey]| {
        let error = fixture
            .update(&How {
                keys,
                ..How::default()
            })
            .unwrap_err();
        assert!(matches!(error, Error::Signature { .. }), "{error}");
        assert!(fixture.here().manifest().unwrap().is_none());
    };
    refused(&trust(&key));
    fixture.publish(&source, Some(&key));
    refused(&trust(&other));
    let keys = [other.public_key().clone(), key.public_key().clone()];
    fixture
        .update(&How {
            keys: &keys,
            ..How::default()
        })
        .unwrap();
    assert_eq!(fixture.mark("npm"), "one");
    // Somebody else's database under the same tag.
    let forged = database(
        &fixture.folder.path().join("forged"),
        &[("npm", 3, "evil")],
        "2027-01-01T00:00:00Z",
    );
    fixture.publish(&forged, Some(&other));
    let error = fixture
        .update(&How {
            keys: &trust(&key),
            allow_older: true,
            ..How::default()
        })
        .unwrap_err();
    assert!(matches!(error, Error::Signature { .. }), "{error}");
    assert_eq!(fixture.mark("npm"), "one");
}

#[test]
fn an_older_database_is_refused_unless_it_is_allowed() {
    let fixture = Fixture::new();
    fixture.publish(&fixture.source(&TWO, NOW), None);
    let old = fixture.store().manifest("latest").unwrap().unwrap();
    fixture.publish(
        &fixture.source(&[("npm", 800, "two")], "2026-11-26T00:00:00Z"),
        None,
    );
    fixture.update(&How::default()).unwrap();
    // The tag is set back.
    fixture
        .store()
        .put_manifest(Some("latest"), &old.media_type, &old.bytes)
        .unwrap();
    let error = fixture.update(&How::default()).unwrap_err();
    assert!(matches!(error, Error::Downgrade { .. }), "{error}");
    assert!(
        error.to_string().contains("generation 1 of")
            && error.to_string().contains("generation 2 of"),
        "{error}"
    );
    assert_eq!(fixture.mark("npm"), "two");
    fixture
        .update(&How {
            allow_older: true,
            ..How::default()
        })
        .unwrap();
    assert_eq!(fixture.mark("npm"), "one");
    // From elsewhere the time decides, and not a number that somebody else counted.
    let elsewhere = database(
        &fixture.folder.path().join("else"),
        &[("npm", 3, "old")],
        "2020-01-01T00:00:00Z",
    );
    let path = elsewhere.path().display().to_string();
    let error = fixture
        .update(&How {
            from: Some(&path),
            ..How::default()
        })
        .unwrap_err();
    assert!(matches!(error, Error::Downgrade { .. }), "{error}");
}

#[test]
fn a_publisher_without_a_memory_still_counts_up() {
    let fixture = Fixture::new();
    fixture.publish(&fixture.source(&TWO, NOW), None);
    let fresh = database(
        &fixture.folder.path().join("fresh"),
        &[("npm", 900, "fresh")],
        "2026-11-26T00:00:00Z",
    );
    assert_eq!(fresh.manifest().unwrap().unwrap().generation, 1);
    assert_eq!(fixture.publish(&fresh, None).generation, 2);
}

#[test]
fn a_layer_that_breaks_off_is_gone_on_with() {
    let fixture = Fixture::new();
    fixture.publish(&fixture.source(&[("npm", 30_000, "one")], NOW), None);
    let artifact = fixture.store().manifest("latest").unwrap().unwrap();
    let layer = ArtifactManifest::parse(&artifact.bytes).unwrap().layers[0].clone();
    assert!(layer.size > 4000, "{}", layer.size);
    *fixture.store().state.cut.lock().unwrap() = Some(layer.size / 8);
    // The list is shorter than that, so it comes.
    let error = fixture.update(&How::default()).unwrap_err();
    assert!(error.to_string().contains("broke off"), "{error}");
    let partial: u64 = fs::read_dir(fixture.here().path().join("partial"))
        .unwrap()
        .map(|f| f.unwrap().metadata().unwrap().len())
        .sum();
    assert!(partial >= layer.size / 8 * 4, "{partial}");
    *fixture.store().state.cut.lock().unwrap() = None;
    fixture.given();
    fixture.update(&How::default()).unwrap();
    assert!(fixture.given() < layer.size, "only the rest came");
    assert_eq!(fixture.mark("npm"), "one");
    assert!(!fixture.here().path().join("partial").exists());
}

#[test]
fn tampered_layers_and_bombs_are_refused_and_the_old_shard_stays() {
    let fixture = Fixture::new();
    fixture.publish(&fixture.source(&TWO, NOW), None);
    fixture.update(&How::default()).unwrap();
    let source = fixture.source(&[("npm", 800, "two")], "2026-11-26T00:00:00Z");
    fixture.publish(&source, None);
    let stored = fixture.store().manifest("latest").unwrap().unwrap();
    let artifact = ArtifactManifest::parse(&stored.bytes).unwrap();
    let layer = artifact
        .layers
        .iter()
        .find(|l| l.annotations[KEY_ANNOTATION] == "npm")
        .unwrap();
    let forge = |bytes: Vec<u8>| {
        fixture
            .store()
            .state
            .forged
            .lock()
            .unwrap()
            .insert(layer.digest.clone(), bytes);
    };
    // Other bytes of the same length: the registry lies.
    forge(vec![7; usize::try_from(layer.size).unwrap()]);
    let error = fixture.update(&How::default()).unwrap_err().to_string();
    assert!(error.contains("does not have its digest"), "{error}");
    // Shorter.
    forge(vec![7; 10]);
    let error = fixture.update(&How::default()).unwrap_err().to_string();
    assert!(
        error.contains("cut off") || error.contains("digest"),
        "{error}"
    );
    fixture.store().state.forged.lock().unwrap().clear();
    assert_eq!(fixture.mark("npm"), "one");

    // An artifact whose layers have their digests, and hold something else than the list says.
    let with_layer = |packed: &[u8]| {
        let mut forged = artifact.clone();
        let digest = fixture.store().put_blob(packed).unwrap();
        for layer in &mut forged.layers {
            if layer.annotations[KEY_ANNOTATION] == "npm" {
                layer.digest = digest.to_string();
                layer.size = packed.len() as u64;
            }
        }
        let bytes = forged.to_bytes().unwrap();
        fixture
            .store()
            .put_manifest(Some("latest"), &stored.media_type, &bytes)
            .unwrap();
        fixture.update(&How::default()).unwrap_err().to_string()
    };
    let other = zstd::bulk::compress(&shard("npm", 800, "evil"), 3).unwrap();
    assert!(with_layer(&other).contains("not the one of its list"));
    let mut bomb = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    for _ in 0..64 {
        bomb.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let error = with_layer(&bomb.finish().unwrap());
    assert!(error.contains("more than"), "{error}");
    assert!(with_layer(b"no zstandard at all").contains("cannot be decompressed"));
    // A list that names another shard than the layer holds.
    let mut swapped = artifact.clone();
    swapped.layers[0]
        .annotations
        .insert(DIGEST_ANNOTATION.to_owned(), Digest::of(b"x").to_string());
    fixture
        .store()
        .put_manifest(
            Some("latest"),
            &stored.media_type,
            &swapped.to_bytes().unwrap(),
        )
        .unwrap();
    let error = fixture.update(&How::default()).unwrap_err().to_string();
    assert!(error.contains("not the one of its list"), "{error}");
    assert_eq!(fixture.mark("npm"), "one");
}

#[test]
fn what_is_no_database_is_refused() {
    let fixture = Fixture::new();
    let error = fixture.update(&How::default()).unwrap_err();
    assert!(
        error.is_missing() && error.hint().unwrap().contains("db publish"),
        "{error}"
    );
    let image = ArtifactManifest::new("application/vnd.example");
    fixture
        .store()
        .put_manifest(Some("latest"), "", &image.to_bytes().unwrap())
        .unwrap();
    let error = fixture.update(&How::default()).unwrap_err().to_string();
    assert!(error.contains("no database"), "{error}");
    let error = fixture.update(&How {
        from: Some("/nowhere"),
        ..How::default()
    });
    assert!(error.is_err());
    assert!(
        fixture
            .update(&How {
                from: Some("upstream"),
                ..How::default()
            })
            .is_err()
    );
}

#[test]
fn plain_files_are_published_and_fetched_with_their_signature() {
    let fixture = Fixture::new();
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let source = fixture.source(&TWO, NOW);
    let target = fixture.folder.path().join("www");
    let options = PublishOptions {
        key: Some(&key),
        legacy_signature: false,
        now: NOW,
        threads: 2,
    };
    let report = publish_files(&source, &target, &options, &NoProgress).unwrap();
    assert_eq!(report.sent.len(), 2);
    assert!(
        publish_files(&source, &target, &options, &NoProgress)
            .unwrap()
            .sent
            .is_empty()
    );
    // From the directory, and from a web server that offers it.
    let path = target.display().to_string();
    let keys = [key.public_key().clone()];
    let from_directory = How {
        from: Some(&path),
        keys: &keys,
        ..How::default()
    };
    fixture.update(&from_directory).unwrap();
    assert_eq!(fixture.mark("npm"), "one");
    for file in fs::read_dir(&target).unwrap().map(|entry| entry.unwrap()) {
        let url = format!(
            "https://example.com/db/{}",
            file.file_name().to_str().unwrap()
        );
        fixture.network.put(&url, fs::read(file.path()).unwrap());
    }
    fs::remove_dir_all(fixture.here().path()).unwrap();
    let from_web = How {
        from: Some("https://example.com/db/"),
        keys: &keys,
        ..How::default()
    };
    fixture.update(&from_web).unwrap();
    assert_eq!(fixture.mark("debian:12"), "one");
    // The list is changed, and its signature is not.
    let list = target.join(MANIFEST_FILE);
    let text = fs::read_to_string(&list)
        .unwrap()
        .replace("\"rows\": 800", "\"rows\": 801");
    fixture
        .network
        .put("https://example.com/db/database.json", text);
    for (how, words) in [
        (
            How {
                keys: &keys,
                from: from_web.from,
                ..How::default()
            },
            "does not verify",
        ),
        (
            How {
                keys: &keys,
                from: Some(source.path().to_str().unwrap()),
                ..How::default()
            },
            "not signed",
        ),
    ] {
        let error = fixture.update(&how).unwrap_err();
        assert!(matches!(error, Error::Signature { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn damage_here_is_found_and_differences_are_told() {
    let fixture = Fixture::new();
    let old = fixture.source(&TWO, NOW);
    let new = database(
        &fixture.folder.path().join("new"),
        &[("npm", 801, "one"), ("go", 2, "x")],
        NOW,
    );
    let difference = crate::compare(old.path(), new.path()).unwrap();
    let by_key = |key: &str| difference.shards.iter().find(|s| s.key == key).unwrap();
    assert_eq!(by_key("npm").added, ["p800 CVE-2026-0800"]);
    assert!(by_key("npm").changed.is_empty() && by_key("npm").removed.is_empty());
    assert_eq!(by_key("debian:12").removed.len(), 500);
    assert!(!by_key("go").in_old && by_key("go").in_new);

    let verified = crate::verify(&old).unwrap();
    assert_eq!((verified.whole.len(), verified.damaged.len()), (2, 0));
    let path = old.folder().unwrap().join("npm.swdb");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    seaworthy_vulndb::write_atomically(&path, &bytes).unwrap();
    let verified = crate::verify(&old).unwrap();
    assert!(verified.damaged["npm"].contains("checksum"), "{verified:?}");
    let digest = verified.digest.unwrap();
    assert!(matches!(
        crate::pin(&old, &digest),
        Err(Error::Wrong { .. })
    ));
    // A whole shard of another database.
    seaworthy_vulndb::write_atomically(&path, &shard("npm", 1, "x")).unwrap();
    assert!(crate::verify(&old).unwrap().damaged["npm"].contains("list of shards says"));
    fs::write(old.folder().unwrap().join("go.swdb"), b"SWDB").unwrap();
    assert!(crate::verify(&old).unwrap().damaged.contains_key("go.swdb"));
}
