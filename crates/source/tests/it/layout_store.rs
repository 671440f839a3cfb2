//! Artifacts in OCI image layouts.

use std::path::Path;

use seaworthy_oci::artifact::{EMPTY, INDEX_TYPE, MANIFEST_TYPE};
use seaworthy_oci::{ArtifactManifest, Descriptor, StoreErrorKind};
use seaworthy_source::{ErrorKind, layout_store};
use serde_json::{Value, json};

use super::*;

const NOTE: &str = "application/vnd.example.note";

fn descriptor(digest: &Digest, size: usize) -> Descriptor {
    Descriptor {
        media_type: MANIFEST_TYPE.to_owned(),
        digest: digest.to_string(),
        size: size as u64,
        ..Descriptor::default()
    }
}

fn artifact(text: &str, subject: Option<&Digest>) -> Vec<u8> {
    let mut manifest = ArtifactManifest::new(NOTE);
    manifest.subject = subject.map(|digest| descriptor(digest, 1));
    manifest
        .annotations
        .insert("text".to_owned(), text.to_owned());
    manifest.to_bytes().unwrap()
}

fn index_of(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path.join("index.json")).unwrap()).unwrap()
}

/// The names and digests that `index.json` lists.
fn listed(path: &Path) -> Vec<(Option<String>, String)> {
    index_of(path)["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let name = entry["annotations"]["org.opencontainers.image.ref.name"].as_str();
            (
                name.map(str::to_owned),
                entry["digest"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

#[test]
fn a_layout_comes_about_by_the_first_write() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/layout");
    let store = layout_store(&path).unwrap();
    assert_eq!(store.name(), path.display().to_string());
    assert!(store.manifest("v1").unwrap().is_none());
    assert!(store.referrers(&Digest::of(b"x"), None).unwrap().is_empty());
    assert!(!path.exists());
    let blob = store.put_blob(b"content").unwrap();
    assert!(store.has_blob(&blob).unwrap());
    let mark: Value =
        serde_json::from_slice(&std::fs::read(path.join("oci-layout")).unwrap()).unwrap();
    assert_eq!(mark, json!({"imageLayoutVersion": "1.0.0"}));
    let bytes = artifact("a", None);
    let digest = store
        .put_manifest(Some("v1"), MANIFEST_TYPE, &bytes)
        .unwrap();
    for name in ["v1", digest.as_str()] {
        let stored = store.manifest(name).unwrap().unwrap();
        assert_eq!((&stored.digest, &stored.bytes), (&digest, &bytes));
        assert_eq!(stored.media_type, MANIFEST_TYPE);
    }
    let mut text = String::new();
    let whole = descriptor(&blob, 7);
    store
        .blob(&whole, 0)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    store
        .blob(&whole, 3)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "contenttent");
    let missing = descriptor(&Digest::of(b"none"), 1);
    assert_eq!(
        store.blob(&missing, 0).err().unwrap().kind,
        StoreErrorKind::Missing
    );
    // Nothing but the layout is left behind.
    let mut names: Vec<_> = std::fs::read_dir(&path)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["blobs", "index.json", "oci-layout"]);
    let blobs = std::fs::read_dir(path.join("blobs/sha256")).unwrap();
    assert!(
        blobs
            .map(|e| e.unwrap().file_name())
            .all(|name| name.len() == 64)
    );
}

#[test]
fn a_blob_that_was_damaged_is_found_and_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = layout_store(dir.path()).unwrap();
    let blob = store.put_blob(b"content").unwrap();
    let path = dir.path().join("blobs/sha256").join(blob.hex());
    for damage in ["CONTENT", "con", "content and more"] {
        std::fs::write(&path, damage).unwrap();
        let mut bytes = Vec::new();
        let read = store
            .blob(&descriptor(&blob, 7), 0)
            .unwrap()
            .read_to_end(&mut bytes);
        assert_eq!(read.unwrap_err().kind(), std::io::ErrorKind::InvalidData);
        store.put_blob(b"content").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"content");
    }
    let bytes = artifact("a", None);
    let manifest = store
        .put_manifest(Some("v1"), MANIFEST_TYPE, &bytes)
        .unwrap();
    let path = dir.path().join("blobs/sha256").join(manifest.hex());
    std::fs::write(&path, artifact("b", None)).unwrap();
    let error = store.manifest("v1").unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Wrong);
    assert!(
        error.to_string().contains("does not have the digest"),
        "{error}"
    );
    std::fs::remove_file(&path).unwrap();
    let error = store.manifest("v1").unwrap_err();
    assert!(error.to_string().contains("which is missing"), "{error}");
}

#[test]
fn a_tag_moves_on_and_referrers_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = layout_store(dir.path()).unwrap();
    let put = |tag, bytes: &[u8]| store.put_manifest(tag, MANIFEST_TYPE, bytes).unwrap();
    let first = put(Some("v1"), &artifact("first", None));
    let note = put(None, &artifact("note", Some(&first)));
    put(None, &artifact("note", Some(&first)));
    let tagged_note = put(Some("note"), &artifact("other note", Some(&first)));
    let second = put(Some("v1"), &artifact("second", None));
    put(Some("latest"), &artifact("second", None));
    let replaced = put(Some("note"), &artifact("third", None));
    let expected = [
        (None, note.to_string()),
        (None, tagged_note.to_string()),
        (Some("v1".to_owned()), second.to_string()),
        (Some("latest".to_owned()), second.to_string()),
        (Some("note".to_owned()), replaced.to_string()),
    ];
    assert_eq!(listed(dir.path()), expected);
    // What lost its name is still there by its digest.
    assert!(store.manifest(first.as_str()).unwrap().is_some());
    let found = store.referrers(&first, Some(NOTE)).unwrap();
    let digests: Vec<_> = found.iter().map(|d| d.digest.clone()).collect();
    assert_eq!(digests, [note.to_string(), tagged_note.to_string()]);
    assert_eq!(found[0].annotations["text"], "note");
    assert!(
        store
            .referrers(&first, Some("application/vnd.other"))
            .unwrap()
            .is_empty()
    );
    assert!(store.referrers(&second, None).unwrap().is_empty());
}

#[test]
fn manifests_of_an_index_are_found_through_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = layout_store(dir.path()).unwrap();
    let child = artifact("child", None);
    let digest = store.put_manifest(None, MANIFEST_TYPE, &child).unwrap();
    assert_eq!(listed(dir.path()), [(None, digest.to_string())]);
    let index = json!({"schemaVersion": 2, "mediaType": INDEX_TYPE,
        "manifests": [{"mediaType": MANIFEST_TYPE, "digest": digest.as_str(), "size": child.len()}]});
    let index = store
        .put_manifest(Some("v1"), INDEX_TYPE, index.to_string().as_bytes())
        .unwrap();
    assert_eq!(
        listed(dir.path()),
        [(Some("v1".to_owned()), index.to_string())]
    );
    let stored = store.manifest(digest.as_str()).unwrap().unwrap();
    assert_eq!(
        (stored.media_type.as_str(), stored.bytes),
        (MANIFEST_TYPE, child)
    );
    // A blob is no manifest.
    let blob = store.put_blob(EMPTY).unwrap();
    assert!(store.manifest(blob.as_str()).unwrap().is_none());
}

#[test]
fn what_others_wrote_into_the_index_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = layout_store(dir.path()).unwrap();
    let subject = Digest::of(b"subject");
    let listed_elsewhere = descriptor(&Digest::of(b"elsewhere"), 5);
    let list =
        json!({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [listed_elsewhere]});
    let tag = format!("sha256-{}", subject.hex());
    store
        .put_manifest(Some(&tag), INDEX_TYPE, list.to_string().as_bytes())
        .unwrap();
    let mut index = index_of(dir.path());
    index["annotations"] = json!({"kept": "yes"});
    index["manifests"][0]["x-kept"] = json!(true);
    std::fs::write(dir.path().join("index.json"), index.to_string()).unwrap();
    store
        .put_manifest(None, MANIFEST_TYPE, &artifact("a", Some(&subject)))
        .unwrap();
    let after = index_of(dir.path());
    assert_eq!(after["annotations"]["kept"], "yes");
    assert_eq!(after["manifests"][0]["x-kept"], true);
    // A list that other programs keep counts too.
    assert_eq!(store.referrers(&subject, None).unwrap().len(), 2);
}

#[test]
fn several_writers_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("layout");
    let subject = Digest::of(b"subject");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (path, subject) = (&path, &subject);
            scope.spawn(move || {
                // Each with a store of its own, as several programs have.
                let store = layout_store(path).unwrap();
                for round in 0..4 {
                    let bytes = artifact(&format!("{number} {round}"), Some(subject));
                    store.put_manifest(None, MANIFEST_TYPE, &bytes).unwrap();
                    store
                        .put_manifest(Some("latest"), MANIFEST_TYPE, &bytes)
                        .unwrap();
                    assert!(store.manifest("latest").unwrap().is_some());
                }
            });
        }
    });
    let store = layout_store(&path).unwrap();
    assert_eq!(store.referrers(&subject, None).unwrap().len(), 32);
    let tagged: Vec<_> = listed(&path)
        .into_iter()
        .filter(|(tag, _)| tag.is_some())
        .collect();
    assert_eq!(tagged.len(), 1);
}

#[test]
fn what_is_no_layout_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = layout_store(&file).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Target);
    assert!(error.to_string().contains("is not a directory"), "{error}");
    let error = layout_store(dir.path()).err().unwrap();
    assert!(
        error
            .to_string()
            .contains("is no OCI layout and is not empty"),
        "{error}"
    );
    for index in ["", "[]", "{\"manifests\":1}", "{\"manifests\":[1]}"] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("index.json"), index).unwrap();
        let store = layout_store(dir.path()).unwrap();
        let error = store.manifest("v1").unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Wrong, "{error}");
        if index != "{\"manifests\":[1]}" {
            assert!(
                store
                    .put_manifest(Some("v1"), MANIFEST_TYPE, b"{}")
                    .is_err()
            );
        }
        assert_eq!(
            std::fs::read_to_string(dir.path().join("index.json")).unwrap(),
            index
        );
    }
    let store = layout_store(dir.path().join("new").as_path()).unwrap();
    for name in ["", "../up", "a/b"] {
        assert!(store.manifest(name).is_err());
        assert!(
            store
                .put_manifest(Some(name), MANIFEST_TYPE, b"{}")
                .is_err()
        );
    }
    assert!(!dir.path().join("new").exists());
}

#[test]
fn an_image_with_signatures_beside_it_is_still_one_image() {
    let dir = tempfile::tempdir().unwrap();
    let store = layout_store(dir.path()).unwrap();
    let built = image();
    store.put_blob(&built.config).unwrap();
    for layer in &built.layers {
        store.put_blob(&layer.blob).unwrap();
    }
    let digest = store
        .put_manifest(Some("1.8"), MANIFEST_TYPE, &built.manifest)
        .unwrap();
    store
        .put_manifest(None, MANIFEST_TYPE, &artifact("signed", Some(&digest)))
        .unwrap();
    // As cosign names what it attaches without the referrers API.
    let tag = format!("sha256-{}.sig", digest.hex());
    let legacy = json!({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config":
        {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest.as_str(), "size": 1}, "layers": []});
    store
        .put_manifest(Some(&tag), MANIFEST_TYPE, legacy.to_string().as_bytes())
        .unwrap();
    for target in [
        format!("oci-dir:{}", dir.path().display()),
        format!("oci-dir:{}:1.8", dir.path().display()),
    ] {
        let opened = open_image(&target, &SourceOptions::default()).unwrap();
        assert_same(&*opened, &built);
    }
}
