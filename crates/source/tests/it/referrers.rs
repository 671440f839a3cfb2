//! What says something about a manifest of a registry.

use std::sync::{Arc, Mutex};

use seaworthy_oci::StoreErrorKind;
use seaworthy_oci::artifact::{INDEX_TYPE, MANIFEST_TYPE};
use seaworthy_source::{Mirror, registry_store};

use super::memory_registry::*;
use super::server::{Reply, Request, Server};
use super::*;

#[test]
fn referrers_are_found_with_the_api_and_without() {
    for knows in [Knows::Referrers, Knows::Nothing] {
        let registry = Registry::start(knows, |_, _| None);
        let store = registry.store(&options());
        let subject = store
            .put_manifest(Some("v1"), MANIFEST_TYPE, b"{}")
            .unwrap();
        assert!(store.referrers(&subject, None).unwrap().is_empty());
        let mut pushed = Vec::new();
        for (kind, text) in [(NOTE, "a"), (NOTE, "b"), ("application/vnd.other", "c")] {
            let bytes = note(&subject, kind, text);
            pushed.push(
                store
                    .put_manifest(None, MANIFEST_TYPE, &bytes)
                    .unwrap()
                    .to_string(),
            );
            // Again, which changes nothing.
            store.put_manifest(None, MANIFEST_TYPE, &bytes).unwrap();
        }
        let found = |kind| {
            let found = store.referrers(&subject, kind).unwrap();
            let mut digests: Vec<_> = found.into_iter().map(|d| d.digest).collect();
            digests.sort();
            digests
        };
        let sorted = |digests: &[String]| {
            let mut digests = digests.to_vec();
            digests.sort();
            digests
        };
        assert_eq!(found(None), sorted(&pushed));
        assert_eq!(found(Some(NOTE)), sorted(&pushed[..2]));
        assert!(found(Some("application/vnd.none")).is_empty());
        let tag = format!("sha256-{}", subject.hex());
        let content = registry.content.lock().unwrap();
        assert_eq!(
            content.manifests.contains_key(&tag),
            knows == Knows::Nothing
        );
    }
}

#[test]
fn the_list_of_the_tag_keeps_what_others_wrote() {
    let registry = Registry::start(Knows::Nothing, |_, _| None);
    let store = registry.store(&options());
    let subject = Digest::of(b"subject");
    let tag = format!("sha256-{}", subject.hex());
    let theirs = serde_json::json!({
        "schemaVersion": 2, "mediaType": INDEX_TYPE, "annotations": {"kept": "yes"},
        "manifests": [{"mediaType": MANIFEST_TYPE, "digest": Digest::of(b"x").to_string(),
            "size": 1, "artifactType": NOTE, "data": "e30="}],
    });
    let put = |value: &serde_json::Value, kind: &str| {
        let kept = (kind.to_owned(), value.to_string().into_bytes());
        registry
            .content
            .lock()
            .unwrap()
            .manifests
            .insert(tag.clone(), kept);
    };
    put(&theirs, INDEX_TYPE);
    store
        .put_manifest(None, MANIFEST_TYPE, &note(&subject, NOTE, "a"))
        .unwrap();
    let after: serde_json::Value = {
        let content = registry.content.lock().unwrap();
        serde_json::from_slice(&content.manifests[&tag].1).unwrap()
    };
    assert_eq!(after["annotations"], theirs["annotations"]);
    assert_eq!(after["manifests"][0], theirs["manifests"][0]);
    assert_eq!(after["manifests"][1]["artifactType"], NOTE);
    assert_eq!(after["manifests"][1]["annotations"]["text"], "a");
    assert_eq!(store.referrers(&subject, None).unwrap().len(), 2);
    // What is no list is not overwritten.
    put(
        &serde_json::json!({"schemaVersion": 2, "config": {"digest": "x"}}),
        MANIFEST_TYPE,
    );
    let error = store
        .put_manifest(None, MANIFEST_TYPE, &note(&subject, NOTE, "b"))
        .unwrap_err();
    assert!(
        error.to_string().contains("holds something else"),
        "{error}"
    );
    put(&serde_json::json!({"manifests": 1}), INDEX_TYPE);
    let error = store
        .put_manifest(None, MANIFEST_TYPE, &note(&subject, NOTE, "b"))
        .unwrap_err();
    assert!(error.to_string().contains("list of referrers"), "{error}");
}

#[test]
fn an_entry_that_another_writer_overwrites_is_added_again() {
    // The first two lists that are put are replaced by another writer's, or refused.
    for refuse in [true, false] {
        let subject = Digest::of(b"subject");
        let tag = format!("sha256-{}", subject.hex());
        let path = format!("/v2/shop/web/manifests/{tag}");
        let registry = Registry::start(Knows::Nothing, |_, _| None);
        let content = Arc::clone(&registry.content);
        let rounds = Mutex::new(0);
        let wrapped = Registry::start(Knows::Nothing, move |request, number| {
            let mut content = content.lock().unwrap();
            let mut rounds = rounds.lock().unwrap();
            if request.method() == "PUT" && request.path() == path && *rounds < 2 {
                *rounds += 1;
                let theirs = serde_json::json!({"mediaType": MANIFEST_TYPE, "size": 1,
                    "digest": Digest::of(rounds.to_string().as_bytes()).to_string()});
                let kept = (INDEX_TYPE.to_owned(), index(&[theirs]).body);
                content.manifests.insert(tag.clone(), kept);
                return Some(Reply::new(if refuse { 412 } else { 201 }, ""));
            }
            let reply = content.answer(Knows::Nothing, request, number);
            let tagged = request.path() == path && request.method() == "GET";
            Some(if tagged {
                reply.with("ETag", "\"e\"")
            } else {
                reply
            })
        });
        let store = wrapped.store(&options());
        store
            .put_manifest(None, MANIFEST_TYPE, &note(&subject, NOTE, "a"))
            .unwrap();
        assert_eq!(store.referrers(&subject, None).unwrap().len(), 2);
        assert_eq!(store.referrers(&subject, Some(NOTE)).unwrap().len(), 1);
        let requests = wrapped.server.requests();
        let conditions: Vec<_> = requests
            .iter()
            .filter(|r| r.method() == "PUT" && r.path().contains("sha256-"))
            .map(|r| (r.header("if-none-match"), r.header("if-match")))
            .collect();
        assert_eq!(conditions[0], (Some("*"), None));
        assert_eq!(conditions[1], (None, Some("\"e\"")));
    }
    let registry = Registry::start(Knows::Nothing, |request, _| {
        let list = request.method() == "PUT" && request.path().contains("/manifests/sha256-");
        list.then(|| Reply::new(201, ""))
    });
    let error = registry
        .store(&options())
        .put_manifest(None, MANIFEST_TYPE, &note(&Digest::of(b"s"), NOTE, "a"))
        .unwrap_err();
    assert!(error.to_string().contains("others overwrite it"), "{error}");
}

#[test]
fn many_writers_of_one_list_lose_nothing() {
    let registry = Registry::start(Knows::Nothing, |_, _| None);
    let store = registry.store(&options());
    let subject = Digest::of(b"subject");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (store, subject) = (&store, &subject);
            scope.spawn(move || {
                let bytes = note(subject, NOTE, &number.to_string());
                store.put_manifest(None, MANIFEST_TYPE, &bytes).unwrap();
            });
        }
    });
    assert_eq!(store.referrers(&subject, None).unwrap().len(), 8);
}

fn entry(name: &str, kind: Option<&str>) -> serde_json::Value {
    let mut entry = serde_json::json!({"mediaType": MANIFEST_TYPE, "size": 1,
        "digest": Digest::of(name.as_bytes()).to_string()});
    if let Some(kind) = kind {
        entry["artifactType"] = serde_json::json!(kind);
    }
    entry
}

#[test]
fn lists_of_several_pages_are_read_to_their_end() {
    let pages = |request: &Request, _: usize| {
        let path = request.path();
        if !path.contains("/referrers/") {
            return Reply::new(404, "");
        }
        assert!(
            path.contains("artifactType=application%2Fvnd.example.note"),
            "{path}"
        );
        let next = |link: String| index(&[entry(path, Some(NOTE))]).with("Link", link);
        match path.split_once("&page=").map(|(_, page)| page) {
            None => next(format!("<{path}&page=1>; rel=\"next\"")),
            Some("1") => next(format!(
                "<http://{}{}&page=2>; rel=next, <x>; rel=last",
                request.header("host").unwrap(),
                path.split("&page").next().unwrap()
            )),
            // One that is in two pages, one of another type, one without any.
            Some(_) => index(&[
                entry(path, Some(NOTE)),
                entry(path, Some(NOTE)),
                entry("other", Some("application/vnd.other")),
                entry("none", None),
            ]),
        }
    };
    for filtered in [false, true] {
        let server = Server::start(move |request, number| {
            let reply = pages(request, number);
            if filtered {
                reply.with("OCI-Filters-Applied", "artifactType")
            } else {
                reply
            }
        });
        let reference = format!("{}/shop/web", server.address).parse().unwrap();
        let store = registry_store(&reference, &options()).unwrap();
        let found = store.referrers(&Digest::of(b"s"), Some(NOTE)).unwrap();
        // A registry that filtered may leave the type out.
        assert_eq!(found.len(), if filtered { 4 } else { 3 });
        assert!(
            found
                .iter()
                .all(|d| d.artifact_type.as_deref() == Some(NOTE))
        );
        assert_eq!(server.lines().len(), 3);
    }
}

#[test]
fn lists_that_lead_astray_end() {
    type Lie = fn(&Request) -> Reply;
    let lies: [(Lie, &str); 5] = [
        (
            |r| index(&[]).with("Link", format!("<{}>; rel=\"next\"", r.path())),
            "more than 100 pages",
        ),
        (
            |_| index(&[]).with("Link", "<http://example.com/x>; rel=\"next\""),
            "on another host",
        ),
        (
            |_| index(&[]).with("Link", "<ftp://example.com/x>; rel=\"next\""),
            "no address",
        ),
        (
            |_| Reply::new(200, "[").with("Content-Type", INDEX_TYPE),
            "is not valid",
        ),
        (
            |_| Reply::new(200, vec![b' '; 5 << 20]).with("Content-Type", INDEX_TYPE),
            "more than the limit",
        ),
    ];
    for (lie, words) in lies {
        let registry = Registry::start(Knows::Nothing, move |r, _| Some(lie(r)));
        let store = registry.store(&options());
        let error = store.referrers(&Digest::of(b"s"), None).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Wrong, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    // A page for browsers is no list, and neither are addresses that are no digests.
    let registry = Registry::start(Knows::Nothing, |request, _| {
        request
            .path()
            .contains("/referrers/")
            .then(|| Reply::new(200, "<html>").with("Content-Type", "text/html"))
    });
    let store = registry.store(&options());
    assert!(store.referrers(&Digest::of(b"s"), None).unwrap().is_empty());
}

#[test]
fn without_the_registry_a_mirror_lists_referrers() {
    let mirror = Registry::start(Knows::Nothing, |_, _| None);
    let subject = Digest::of(b"subject");
    mirror
        .store(&options())
        .put_manifest(None, MANIFEST_TYPE, &note(&subject, NOTE, "a"))
        .unwrap();
    let options = SourceOptions {
        mirrors: vec![Mirror {
            registry: "127.0.0.1:9".to_owned(),
            location: mirror.server.address.clone(),
        }],
        ..options()
    };
    let reference = "127.0.0.1:9/shop/web".parse().unwrap();
    let store = registry_store(&reference, &options).unwrap();
    assert_eq!(store.referrers(&subject, None).unwrap().len(), 1);
    let error = store.put_blob(b"x").unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Operation);
    assert!(
        error.to_string().contains("127.0.0.1:9 cannot be reached"),
        "{error}"
    );
}
