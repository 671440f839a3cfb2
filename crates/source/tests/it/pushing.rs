//! Artifacts in registries: what is pushed, read back, and refused.

use std::sync::{Arc, Mutex};

use seaworthy_oci::artifact::MANIFEST_TYPE;
use seaworthy_oci::{ArtifactManifest, StoreError, StoreErrorKind};
use seaworthy_source::Mirror;

use super::memory_registry::*;
use super::server::{Reply, Request};
use super::*;

#[test]
fn blobs_and_manifests_are_pushed_and_read_back() {
    let registry = Registry::start(Knows::Referrers, |_, _| None);
    let store = registry.store(&options());
    assert_eq!(
        store.name(),
        format!("{}/shop/web", registry.server.address)
    );
    let blob = store.put_blob(b"content").unwrap();
    assert!(store.has_blob(&blob).unwrap());
    assert!(!store.has_blob(&Digest::of(b"other")).unwrap());
    assert_eq!(read(&*store, &descriptor(&blob, 7), 0).unwrap(), b"content");
    assert_eq!(read(&*store, &descriptor(&blob, 7), 3).unwrap(), b"tent");
    assert_eq!(read(&*store, &descriptor(&blob, 7), 7).unwrap(), b"");
    let mut manifest = ArtifactManifest::new(NOTE);
    manifest.layers.push(descriptor(&blob, 7));
    let bytes = manifest.to_bytes().unwrap();
    let digest = store
        .put_manifest(Some("v1"), MANIFEST_TYPE, &bytes)
        .unwrap();
    for name in ["v1", digest.as_str()] {
        let stored = store.manifest(name).unwrap().unwrap();
        assert_eq!((&stored.digest, &stored.bytes), (&digest, &bytes));
        assert_eq!(stored.media_type, MANIFEST_TYPE);
    }
    assert!(store.manifest("v2").unwrap().is_none());
    let untagged = note(&digest, NOTE, "a");
    let about = store.put_manifest(None, MANIFEST_TYPE, &untagged).unwrap();
    assert_eq!(
        store.manifest(about.as_str()).unwrap().unwrap().bytes,
        untagged
    );
    // What is there is not sent again.
    let before = registry.count("POST");
    store.put_blob(b"content").unwrap();
    assert_eq!(registry.count("POST"), before);
    assert_eq!(
        read(&*store, &descriptor(&store.put_blob(b"").unwrap(), 0), 0).unwrap(),
        b""
    );
}

#[test]
fn names_that_are_none_are_not_asked_for() {
    let registry = Registry::start(Knows::Nothing, |_, _| None);
    let store = registry.store(&options());
    for name in [
        "",
        "../../secret",
        "a b",
        "a/b",
        "sha256:12",
        "-x",
        &"x".repeat(129),
    ] {
        let error = store.manifest(name).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Wrong, "{error}");
        assert!(
            error.to_string().contains("neither a tag nor a digest"),
            "{error}"
        );
        assert!(
            store
                .put_manifest(Some(name), MANIFEST_TYPE, b"{}")
                .is_err()
        );
    }
    assert!(registry.server.lines().is_empty());
}

#[test]
fn what_is_read_is_checked() {
    let other = Digest::of(b"other");
    let registry = Registry::start(Knows::Nothing, move |request, _| {
        if request.path().ends_with("/manifests/lied") {
            let reply = Reply::new(200, "{}");
            return Some(reply.with("Docker-Content-Digest", other.to_string()));
        }
        (request.method() == "GET").then(|| Reply::new(200, "wrong!!"))
    });
    let store = registry.store(&options());
    let digest = Digest::of(b"content");
    for name in [digest.as_str(), "lied"] {
        let error = store.manifest(name).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Wrong);
        assert!(
            error.to_string().contains("does not have the digest"),
            "{error}"
        );
    }
    for (size, words) in [(7, "not sha256"), (8, "ended after"), (6, "more than")] {
        let error = read(&*store, &descriptor(&digest, size), 0).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    // From further on only the length can be checked: the server sends all of it.
    for (size, words) in [
        (8, "1 of the promised bytes are missing"),
        (6, "more bytes"),
    ] {
        let error = read(&*store, &descriptor(&digest, size), 2).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    assert!(
        read(&*store, &descriptor(&digest, 3), 4)
            .unwrap_err()
            .contains("from byte 4")
    );
}

#[test]
fn a_blob_that_is_missing_is_missing_at_once() {
    let registry = Registry::start(Knows::Nothing, |_, _| None);
    let error = registry
        .store(&options())
        .blob(&descriptor(&Digest::of(b"x"), 1), 0)
        .err()
        .unwrap();
    assert_eq!(error.kind, StoreErrorKind::Missing);
    assert!(
        error.to_string().contains("has no such artifact"),
        "{error}"
    );
}

/// Larger than two pieces.
fn large() -> Vec<u8> {
    (0..(17 << 20) as u32).map(|n| (n % 253) as u8).collect()
}

const CHUNK: usize = 8 << 20;

#[test]
fn large_blobs_are_sent_in_pieces() {
    let registry = Registry::start(Knows::Nothing, |_, _| None);
    let bytes = large();
    let digest = registry.store(&options()).put_blob(&bytes).unwrap();
    assert!(registry.blob(&digest).unwrap() == bytes);
    let requests = registry.server.requests();
    let ranges: Vec<_> = requests
        .iter()
        .filter_map(|r| r.header("content-range"))
        .collect();
    assert_eq!(
        ranges,
        ["0-8388607", "8388608-16777215", "16777216-17825791"]
    );
    let small = registry
        .store(&options())
        .put_blob(&bytes[..CHUNK])
        .unwrap();
    assert!(registry.blob(&small).is_some());
    assert_eq!(registry.count("PATCH"), 3);
}

#[test]
fn an_upload_that_breaks_is_gone_on_with() {
    let bytes = large();
    // The second piece arrives in part or as a whole, is refused, or the registry stumbles.
    for (arrives, answer) in [(1000, 0), (CHUNK, 0), (0, 503), (0, 0)] {
        let registry = Registry::start(Knows::Nothing, |_, _| None);
        let content = Arc::clone(&registry.content);
        let broken = Mutex::new(false);
        let wrapped = Registry::start(Knows::Nothing, move |request, number| {
            let mut content = content.lock().unwrap();
            let second = request.method() == "PATCH"
                && request
                    .header("content-range")
                    .unwrap()
                    .starts_with("8388608-");
            let mut broken = broken.lock().unwrap();
            if second && !*broken {
                *broken = true;
                let upload = content.uploads.values_mut().next().unwrap();
                upload.extend_from_slice(&request.body[..arrives]);
                return Some(match answer {
                    0 => Reply::none(),
                    status => Reply::new(status, ""),
                });
            }
            Some(content.answer(Knows::Nothing, request, number))
        });
        let digest = wrapped.store(&options()).put_blob(&bytes).unwrap();
        assert!(registry.blob(&digest).unwrap() == bytes);
        assert_eq!(wrapped.count("POST"), 1);
        let third = CHUNK + arrives;
        let requests = wrapped.server.requests();
        let ranges: Vec<_> = requests
            .iter()
            .filter_map(|r| r.header("content-range"))
            .collect();
        assert!(ranges[2].starts_with(&format!("{third}-")), "{ranges:?}");
    }
}

#[test]
fn an_upload_that_is_lost_begins_anew() {
    let bytes = large();
    let registry = Registry::start(Knows::Nothing, |request, number| {
        // The first upload is forgotten after its first piece.
        let first = request.path().contains("uploads/u1?");
        let lost = first
            && (request.method() == "GET"
                || request
                    .header("content-range")
                    .is_some_and(|range| !range.starts_with("0-")));
        assert!(number < 20);
        lost.then(|| Reply::new(if request.method() == "GET" { 404 } else { 500 }, ""))
    });
    let digest = registry.store(&options()).put_blob(&bytes).unwrap();
    assert!(registry.blob(&digest).unwrap() == bytes);
    assert_eq!(registry.count("POST"), 2);
}

#[test]
fn a_registry_that_knows_no_pieces_gets_the_whole() {
    for status in [405, 416] {
        let registry = Registry::start(Knows::Nothing, move |request, _| {
            (request.method() == "PATCH").then(|| Reply::new(status, ""))
        });
        let bytes = large();
        let digest = registry.store(&options()).put_blob(&bytes).unwrap();
        assert!(registry.blob(&digest).unwrap() == bytes);
        assert_eq!((registry.count("PATCH"), registry.count("PUT")), (1, 1));
    }
}

#[test]
fn a_registry_may_want_larger_pieces() {
    let registry = Registry::start(Knows::Nothing, |request, number| {
        (request.method() == "POST").then(|| {
            let id = format!("/v2/shop/web/blobs/uploads/u{number}?_state=a%2Fb");
            Reply::new(202, "")
                .with("Location", id)
                .with("OCI-Chunk-Min-Length", "9000000")
        })
    });
    let content = Arc::clone(&registry.content);
    content
        .lock()
        .unwrap()
        .uploads
        .insert("u1".to_owned(), Vec::new());
    let bytes = large();
    let digest = registry.store(&options()).put_blob(&bytes).unwrap();
    assert!(registry.blob(&digest).unwrap() == bytes);
    assert_eq!(registry.count("PATCH"), 2);
}

#[test]
fn an_answer_that_is_lost_does_not_lose_the_blob() {
    let registry = Registry::start(Knows::Nothing, |_, _| None);
    let content = Arc::clone(&registry.content);
    let wrapped = Registry::start(Knows::Nothing, move |request, number| {
        let reply = content
            .lock()
            .unwrap()
            .answer(Knows::Nothing, request, number);
        Some(if request.method() == "PUT" {
            Reply::none()
        } else {
            reply
        })
    });
    let digest = wrapped.store(&options()).put_blob(b"content").unwrap();
    assert_eq!(registry.blob(&digest).unwrap(), b"content");
    assert_eq!(wrapped.count("PUT"), 1);
}

#[test]
fn uploads_on_another_host_carry_no_credentials() {
    let other = Registry::start(Knows::Nothing, |_, _| None);
    other
        .content
        .lock()
        .unwrap()
        .uploads
        .insert("u9".to_owned(), Vec::new());
    let location = other
        .server
        .url("/v2/shop/web/blobs/uploads/u9?_state=a%2Fb");
    let registry = Registry::start(Knows::Nothing, move |request, _| {
        if request.header("authorization") != Some(BASIC) {
            return Some(Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\""));
        }
        let begins = request.method() == "POST";
        begins.then(|| Reply::new(202, "").with("Location", location.clone()))
    });
    let digest = registry.store(&login()).put_blob(b"content").unwrap();
    assert_eq!(other.blob(&digest).unwrap(), b"content");
    let requests = other.server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("authorization"), None);
}

#[test]
fn a_token_for_writing_is_asked_for() {
    // What the challenge says, and what the token server has to be asked.
    for (challenge, wanted) in [
        ("", "repository:shop/web:pull,push"),
        (
            ",scope=\"repository:shop/web:pull\"",
            "repository:shop/web:pull,push",
        ),
        (
            ",scope=\"repository:shop/web:push,pull\"",
            "repository:shop/web:push,pull",
        ),
    ] {
        let registry = Registry::start(Knows::Nothing, move |request, _| {
            if let Some(query) = request.path().strip_prefix("/token?service=here&scope=") {
                assert_eq!(request.header("authorization"), Some(BASIC));
                let token = if query.contains("push") {
                    "writer"
                } else {
                    "reader"
                };
                return Some(Reply::new(200, format!("{{\"token\":\"{token}\"}}")));
            }
            let reads = matches!(request.method(), "GET" | "HEAD");
            let good = match request.header("authorization") {
                Some("Bearer writer") => true,
                Some("Bearer reader") => reads,
                _ => false,
            };
            let scope = if reads {
                ",scope=\"repository:shop/web:pull\""
            } else {
                challenge
            };
            let host = request.header("host").unwrap();
            (!good).then(|| {
                Reply::new(401, "").with(
                    "WWW-Authenticate",
                    format!("Bearer realm=\"http://{host}/token\",service=\"here\"{scope}"),
                )
            })
        });
        let store = registry.store(&login());
        store
            .put_manifest(Some("v1"), MANIFEST_TYPE, b"{}")
            .unwrap();
        // Who may write may read: one token is enough for all that follows.
        let digest = store.put_blob(b"content").unwrap();
        assert!(store.has_blob(&digest).unwrap());
        assert_eq!(registry.blob(&digest).unwrap(), b"content");
        let requests = registry.server.requests();
        let tokens: Vec<String> = requests
            .iter()
            .filter_map(|r| r.path().strip_prefix("/token?service=here&scope="))
            .map(|scope| {
                scope
                    .replace("%3A", ":")
                    .replace("%2F", "/")
                    .replace("%2C", ",")
            })
            .collect();
        assert_eq!(tokens, [wanted]);
        // A store that read before asks again when it writes.
        let store = registry.store(&login());
        assert!(store.manifest("v1").unwrap().is_some());
        let other = store.put_blob(b"other").unwrap();
        assert_eq!(registry.blob(&other).unwrap(), b"other");
    }
}

fn push_error(status: u16, body: &'static str) -> StoreError {
    let registry = Registry::start(Knows::Nothing, move |request, _| {
        (request.method() == "POST").then(|| Reply::new(status, body))
    });
    registry.store(&options()).put_blob(b"content").unwrap_err()
}

#[test]
fn pushes_that_are_refused_are_explained() {
    for (status, kind, words, hint) in [
        (
            401,
            StoreErrorKind::Denied,
            "denies the push (401",
            "--username",
        ),
        (
            403,
            StoreErrorKind::Denied,
            "denies the push (403",
            "right to write",
        ),
        (
            404,
            StoreErrorKind::Missing,
            "takes no such repository",
            "create the project",
        ),
        (
            405,
            StoreErrorKind::Operation,
            "does not take pushes",
            "read-only",
        ),
        (
            413,
            StoreErrorKind::Operation,
            "of this size",
            "client_max_body_size",
        ),
        (507, StoreErrorKind::Operation, "no space left", "quota"),
        (500, StoreErrorKind::Operation, "fails (500", "try again"),
        (418, StoreErrorKind::Operation, "refuses the push (418", ""),
    ] {
        let error = push_error(status, r#"{"errors":[{"message":"the reason"}]}"#);
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().ends_with(": the reason"), "{error}");
        assert!(error.hint.unwrap_or_default().contains(hint));
    }
    let registry = Registry::start(Knows::Nothing, |request, _| {
        (request.method() == "PUT").then(|| Reply::new(412, ""))
    });
    let error = registry
        .store(&options())
        .put_manifest(Some("v1"), MANIFEST_TYPE, b"{}")
        .unwrap_err();
    assert!(error.hint.unwrap().contains("immutable"));
}

#[test]
fn a_registry_that_keeps_something_else_is_found_out() {
    let registry = Registry::start(Knows::Nothing, |request, _| {
        let other = Digest::of(b"rewritten").to_string();
        (request.method() == "PUT")
            .then(|| Reply::new(201, "").with("Docker-Content-Digest", other))
    });
    let store = registry.store(&options());
    let error = store
        .put_manifest(Some("v1"), MANIFEST_TYPE, b"{}")
        .unwrap_err();
    assert!(
        error.to_string().contains("keeps another manifest"),
        "{error}"
    );
    let large = vec![b' '; (4 << 20) + 1];
    let error = store.put_manifest(None, MANIFEST_TYPE, &large).unwrap_err();
    assert!(
        error.to_string().contains("larger than the limit"),
        "{error}"
    );
    for location in ["", "ftp://example.com/x", "http://"] {
        let registry = Registry::start(Knows::Nothing, move |request, _| {
            (request.method() == "POST").then(|| match location {
                "" => Reply::new(202, ""),
                location => Reply::new(202, "").with("Location", location),
            })
        });
        let error = registry.store(&options()).put_blob(b"content").unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Wrong, "{error}");
        assert!(
            error.to_string().contains("address for the upload"),
            "{error}"
        );
    }
}

#[test]
fn mirrors_are_read_and_never_written() {
    let mirror = Registry::start(Knows::Nothing, |_, _| None);
    let registry = Registry::start(Knows::Nothing, |_, _| None);
    let with_mirror = SourceOptions {
        mirrors: vec![Mirror {
            registry: registry.server.address.clone(),
            location: mirror.server.address.clone(),
        }],
        ..login()
    };
    let store = registry.store(&with_mirror);
    let blob = store.put_blob(b"content").unwrap();
    let digest = store
        .put_manifest(Some("v1"), MANIFEST_TYPE, b"{}")
        .unwrap();
    assert!(store.has_blob(&blob).unwrap());
    assert!(store.referrers(&digest, None).unwrap().is_empty());
    assert!(mirror.server.lines().is_empty());
    // Not there, so the registry is asked.
    assert!(store.manifest("v1").unwrap().is_some());
    assert_eq!(read(&*store, &descriptor(&blob, 7), 0).unwrap(), b"content");
    assert_eq!(mirror.server.lines().len(), 2);
    // Once the mirror has it, it is enough; what it has wrong is not taken.
    let put = |body: &[u8]| {
        let mut content = mirror.content.lock().unwrap();
        content.blobs.insert(blob.to_string(), b"content".to_vec());
        let kept = (MANIFEST_TYPE.to_owned(), body.to_vec());
        content.manifests.insert(digest.to_string(), kept);
    };
    put(b"{}");
    let before = registry.server.lines().len();
    assert!(store.manifest(digest.as_str()).unwrap().is_some());
    assert_eq!(read(&*store, &descriptor(&blob, 7), 0).unwrap(), b"content");
    assert_eq!(registry.server.lines().len(), before);
    put(b"{\"forged\":1}");
    let stored = store.manifest(digest.as_str()).unwrap().unwrap();
    assert_eq!(stored.bytes, b"{}");
    assert!(
        mirror
            .server
            .requests()
            .iter()
            .all(|r| r.header("authorization").is_none())
    );
}

#[test]
fn a_mirror_that_does_not_answer_is_not_waited_for_again() {
    let mirror = Registry::start(Knows::Nothing, |_, _| Some(Reply::new(503, "")));
    let registry = Registry::start(Knows::Nothing, |_, _| None);
    let options = SourceOptions {
        mirrors: vec![Mirror {
            registry: registry.server.address.clone(),
            location: mirror.server.address.clone(),
        }],
        ..options()
    };
    let store = registry.store(&options);
    for _ in 0..3 {
        assert!(store.manifest("v1").unwrap().is_none());
    }
    assert_eq!(mirror.server.lines().len(), 5);
}

#[test]
fn a_large_body_gets_more_time_than_a_question() {
    let slow = |_: &Request, _: usize| {
        std::thread::sleep(Duration::from_millis(600));
        None
    };
    let registry = Registry::start(Knows::Nothing, move |request, number| {
        (request.method() == "PUT").then(|| slow(request, number))?
    });
    let impatient = SourceOptions {
        timing: Timing {
            read: Duration::from_millis(200),
            ..hasty()
        },
        ..options()
    };
    let bytes = vec![7; 1 << 20];
    let digest = registry.store(&impatient).put_blob(&bytes).unwrap();
    assert!(registry.blob(&digest).unwrap() == bytes);
    assert_eq!(registry.count("PUT"), 1);
    let silent = Registry::start(Knows::Nothing, slow);
    let error = silent.store(&impatient).manifest("v1").unwrap_err();
    assert!(
        error.to_string().contains("gives no answer in time"),
        "{error}"
    );
}
