//! Documents over HTTP and from disks.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::server::{Reply, Request, Server};
use super::*;
use seaworthy_source::http::{Client, Download, Downloaded, Validators};
use seaworthy_source::{ErrorKind, Progress};

fn options() -> SourceOptions {
    SourceOptions {
        user_agent: "seaworthy-test".to_owned(),
        timing: hasty(),
        ..SourceOptions::default()
    }
}

fn client() -> Client {
    Client::new(&options()).unwrap()
}

/// A document that tells its places apart.
fn document() -> Vec<u8> {
    (0..200_000_u32).map(|n| (n % 251) as u8).collect()
}

fn etag(value: &str) -> Validators {
    Validators {
        etag: Some(value.to_owned()),
        last_modified: None,
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("feeds/debian.json")
    }

    fn part(&self) -> PathBuf {
        self.0.path().join("feeds/debian.json.part")
    }

    /// What lies there, by name.
    fn names(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.0.path().join("feeds")) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

fn fetch(
    url: &str,
    to: &Path,
    validators: Option<&Validators>,
    limit: u64,
) -> Result<Downloaded, Error> {
    let request = Download {
        url,
        to,
        validators,
        limit,
        name: "debian",
    };
    client().download(&request, &NoProgress)
}

const LIMIT: u64 = 1 << 20;

fn done(etag_value: &str, bytes_received: usize, resumed: bool) -> Downloaded {
    Downloaded::Done {
        validators: etag(etag_value),
        bytes_received: bytes_received as u64,
        resumed,
    }
}

/// A server that keeps one document the way servers do: entity tags, conditions, ranges.
fn serve(body: &[u8], tag: &'static str, request: &Request) -> Reply {
    if request.header("if-none-match") == Some(tag) {
        return Reply::new(304, "").with("ETag", tag);
    }
    let fits = request
        .header("if-range")
        .is_none_or(|wanted| wanted == tag);
    match request.from().filter(|_| fits) {
        Some(from) if from >= body.len() => {
            Reply::new(416, "").with("Content-Range", format!("bytes */{}", body.len()))
        }
        Some(from) => Reply::new(206, &body[from..]).with("ETag", tag).with(
            "Content-Range",
            format!("bytes {from}-{}/{}", body.len() - 1, body.len()),
        ),
        None => Reply::new(200, body).with("ETag", tag),
    }
}

#[test]
fn a_document_is_read_up_to_a_limit() {
    let server = Server::start(|_, _| Reply::new(200, "0123456789"));
    assert_eq!(client().get(&server.url("/a"), 10).unwrap(), b"0123456789");
    let error = client().get(&server.url("/a"), 9).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Target);
    assert!(error.to_string().contains("limit of 9"), "{error}");
    let request = &server.requests()[0];
    assert_eq!(request.header("user-agent"), Some("seaworthy-test"));
    assert_eq!(request.header("accept-encoding"), Some("identity"));
}

#[test]
fn a_document_without_a_length_is_limited_too() {
    let server = Server::start(|_, _| Reply::new(200, "0123456789").chunked());
    assert_eq!(client().get(&server.url("/a"), 10).unwrap().len(), 10);
    let error = client().get(&server.url("/a"), 9).unwrap_err();
    assert!(error.to_string().contains("limit of 9"), "{error}");
}

#[test]
fn a_query_is_sent_with_its_type_and_a_body_is_stored() {
    let server = Server::start(|request, _| Reply::new(200, request.body.clone()));
    let answer = client()
        .post_json(&server.url("/v1/querybatch"), b"{\"queries\":[]}", 100)
        .unwrap();
    assert_eq!(answer, b"{\"queries\":[]}");
    client()
        .put(&server.url("/metrics"), "text/plain", b"a 1\n".to_vec())
        .unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].line, "POST /v1/querybatch");
    assert_eq!(requests[0].header("content-type"), Some("application/json"));
    assert_eq!(requests[1].line, "PUT /metrics");
    assert_eq!(requests[1].header("content-type"), Some("text/plain"));
    let error = client().post_json("file:///tmp/a", b"{}", 9).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
}

/// As to a Pushgateway, whose address may hold a name and a password.
#[test]
fn what_is_stored_keeps_its_credentials_at_its_host() {
    let elsewhere = Server::start(|_, _| Reply::new(202, ""));
    let target = elsewhere.url("/metrics/job/a");
    let server = Server::start(move |_, _| Reply::new(307, "").with("Location", target.clone()));
    let with_password = |server: &Server| {
        let url = server.url("/metrics/job/a");
        url.replace("http://", "http://pusher:hidden@")
    };
    let put = |url: &str| client().put(url, "text/plain", b"a 1\n".to_vec());
    put(&with_password(&server)).unwrap();
    assert!(server.requests()[0].header("authorization").is_some());
    let arrived = elsewhere.requests();
    assert_eq!(
        (arrived[0].method(), &*arrived[0].body),
        ("PUT", &b"a 1\n"[..])
    );
    assert_eq!(arrived[0].header("authorization"), None);

    for status in [400, 401, 403, 404, 422] {
        let server = Server::start(move |_, _| {
            Reply::new(status, "metrics are inconsistent")
                .with("Content-Type", "text/plain; charset=utf-8")
        });
        let error = put(&with_password(&server)).unwrap_err();
        let text = format!("{error} {:?} {error:?}", error.hint());
        assert!(text.contains(&status.to_string()), "{text}");
        assert!(!text.contains("hidden"), "{text}");
        assert!(
            status != 400 || text.contains("metrics are inconsistent"),
            "{text}"
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn passing_trouble_is_waited_out_and_lasting_trouble_is_explained() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server = Server::start(move |_, number| match number {
            0 => Reply::new(status, ""),
            1 => Reply::new(status, "").with("Retry-After", "0"),
            2 => Reply::none(),
            _ => Reply::new(200, "ok"),
        });
        assert_eq!(
            client().get(&server.url("/"), 9).unwrap(),
            b"ok",
            "{status}"
        );
        assert_eq!(server.lines().len(), 4);
    }
    for (status, tries, kind, words) in [
        (404, 1, ErrorKind::Target, "has no such document (404"),
        (410, 1, ErrorKind::Target, "has no such document (410"),
        (401, 1, ErrorKind::Target, "denies access (401"),
        (403, 1, ErrorKind::Target, "denies access (403"),
        (400, 1, ErrorKind::Operation, "answers 400"),
        (407, 1, ErrorKind::Operation, "the proxy on the way to"),
        (429, 5, ErrorKind::Operation, "limits how often"),
        (503, 5, ErrorKind::Operation, "fails (503"),
    ] {
        let server = Server::start(move |_, _| {
            Reply::new(status, "the reason\u{1b}[2J\nmore").with("Content-Type", "text/plain")
        });
        let error = client().get(&server.url("/feed"), 99).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("the reason [2J"), "{error}");
        assert!(
            error.to_string().starts_with(&server.url("/feed: ")),
            "{error}"
        );
        assert_eq!(error.kind(), kind);
        assert_eq!(error.is_missing(), matches!(status, 404 | 410));
        assert_eq!(server.lines().len(), tries, "{status}");
    }
}

#[test]
fn a_wait_that_is_asked_for_is_kept_within_limits() {
    for (retry_after, date, tries) in [
        ("86400", "", 1),
        (
            "Wed, 21 Oct 2015 09:28:00 GMT",
            "Wed, 21 Oct 2015 07:28:00 GMT",
            1,
        ),
        // Over already, by the server's own clock.
        (
            "Wed, 21 Oct 2015 07:27:00 GMT",
            "Wed, 21 Oct 2015 07:28:00 GMT",
            5,
        ),
        ("soon", "", 5),
        ("-1", "", 5),
    ] {
        let server = Server::start(move |_, _| {
            let reply = Reply::new(503, "").with("Retry-After", retry_after);
            if date.is_empty() {
                reply
            } else {
                reply.with("Date", date)
            }
        });
        assert!(client().get(&server.url("/"), 9).is_err());
        assert_eq!(server.lines().len(), tries, "{retry_after}");
    }
}

#[test]
fn credentials_of_an_address_stay_with_its_host_and_out_of_messages() {
    let other = Server::start(|_, _| Reply::new(200, "from elsewhere"));
    let elsewhere = other.url("/moved");
    let server = Server::start(move |request, _| match request.path() {
        "/moved" => Reply::new(302, "").with("Location", elsewhere.clone()),
        _ => Reply::new(403, ""),
    });
    let with_password = |path: &str| format!("http://user:hidden-pass@{}{path}", server.address);
    let body = client().get(&with_password("/moved"), 99).unwrap();
    assert_eq!(body, b"from elsewhere");
    assert!(server.requests()[0].header("authorization").is_some());
    assert_eq!(other.requests()[0].header("authorization"), None);
    assert_eq!(other.requests()[0].header("referer"), None);
    let secret = with_password("/denied?private_token=hidden-token");
    let error = client().get(&secret, 99).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hidden"), "{text}");
    let folder = Folder::new();
    let error = fetch(&secret, &folder.file(), None, LIMIT).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hidden"));
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn redirects_end() {
    let server = Server::start(|request, _| {
        Reply::new(302, "").with("Location", format!("{}x", request.path()))
    });
    let error = client().get(&server.url("/"), 9).unwrap_err();
    assert!(error.to_string().contains("too many redirects"), "{error}");
    assert_eq!(server.lines().len(), 6);
}

#[test]
fn a_file_is_fetched_once_and_again_only_when_it_changed() {
    let body = document();
    let served = body.clone();
    let server = Server::start(move |request, _| serve(&served, "\"v1\"", request));
    let (folder, url) = (Folder::new(), server.url("/debian.json"));
    let fresh = fetch(&url, &folder.file(), None, LIMIT).unwrap();
    assert_eq!(fresh, done("\"v1\"", body.len(), false));
    assert_eq!(std::fs::read(folder.file()).unwrap(), body);
    let again = fetch(&url, &folder.file(), Some(&etag("\"v1\"")), LIMIT).unwrap();
    assert_eq!(again, Downloaded::Unchanged);
    let changed = fetch(&url, &folder.file(), Some(&etag("\"v0\"")), LIMIT).unwrap();
    assert_eq!(changed, done("\"v1\"", body.len(), false));
    assert_eq!(folder.names(), ["debian.json"]);
    assert_eq!(server.requests()[1].header("if-none-match"), Some("\"v1\""));
}

#[test]
fn a_date_tells_versions_apart_where_there_is_no_tag() {
    const DATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
    let server = Server::start(|request, _| {
        if request.header("if-modified-since") == Some(DATE) {
            Reply::new(304, "")
        } else {
            Reply::new(200, "x").with("Last-Modified", DATE)
        }
    });
    let (folder, url) = (Folder::new(), server.url("/a"));
    let Downloaded::Done { validators, .. } = fetch(&url, &folder.file(), None, LIMIT).unwrap()
    else {
        panic!("nothing was there");
    };
    assert_eq!(validators.last_modified.as_deref(), Some(DATE));
    let again = fetch(&url, &folder.file(), Some(&validators), LIMIT).unwrap();
    assert_eq!(again, Downloaded::Unchanged);
}

#[test]
fn a_connection_that_breaks_is_gone_on_with() {
    let body = document();
    let served = body.clone();
    let server = Server::start(move |request, number| {
        let reply = serve(&served, "\"v1\"", request);
        match number {
            0 => reply.cut(70_000),
            1 => Reply::new(503, ""),
            2 => reply.cut(50_000),
            _ => reply,
        }
    });
    let folder = Folder::new();
    let result = fetch(&server.url("/a"), &folder.file(), None, LIMIT).unwrap();
    assert_eq!(result, done("\"v1\"", body.len(), true));
    assert_eq!(std::fs::read(folder.file()).unwrap(), body);
    let requests = server.requests();
    assert_eq!(requests[1].header("range"), Some("bytes=70000-"));
    assert_eq!(requests[3].header("range"), Some("bytes=120000-"));
    assert_eq!(requests[3].header("if-range"), Some("\"v1\""));
    assert_eq!(folder.names(), ["debian.json"]);
}

#[test]
fn the_next_call_goes_on_where_the_last_one_failed() {
    let body = document();
    let served = body.clone();
    let server = Server::start(move |request, number| match number {
        0 => serve(&served, "\"v1\"", request).cut(70_000),
        1 => Reply::new(403, ""),
        _ => serve(&served, "\"v1\"", request),
    });
    let (folder, url) = (Folder::new(), server.url("/a"));
    std::fs::create_dir(folder.file().parent().unwrap()).unwrap();
    std::fs::write(folder.file(), "the version before").unwrap();
    assert!(fetch(&url, &folder.file(), None, LIMIT).is_err());
    assert_eq!(std::fs::read(folder.file()).unwrap(), b"the version before");
    assert_eq!(
        folder.names(),
        ["debian.json", "debian.json.part", "debian.json.part.json"]
    );
    // The caller still has the version before and asks with its validators.
    let result = fetch(&url, &folder.file(), Some(&etag("\"v0\"")), LIMIT).unwrap();
    assert_eq!(result, done("\"v1\"", body.len() - 70_000, true));
    assert_eq!(std::fs::read(folder.file()).unwrap(), body);
    assert_eq!(folder.names(), ["debian.json"]);
}

/// What is left over from a transfer of version 1, and what the server says to whoever wants to go
/// on with it: always the file of version 2 is whole afterwards.
#[test]
fn a_part_of_another_version_is_never_gone_on_with() {
    let old = document();
    let new: Vec<u8> = old.iter().rev().copied().collect();
    type Serve = fn(&[u8], &Request) -> Reply;
    let cases: [(&str, Serve); 6] = [
        ("a server that honours If-Range", |new, r| {
            serve(new, "\"v2\"", r)
        }),
        ("one that knows no ranges", |new, _| {
            Reply::new(200, new).with("ETag", "\"v2\"")
        }),
        (
            "one that ignores If-Range but tells its tag",
            |new, r| match r.from() {
                Some(from) => Reply::new(206, &new[from..]).with("ETag", "\"v2\"").with(
                    "Content-Range",
                    format!("bytes {from}-{}/{}", new.len() - 1, new.len()),
                ),
                None => Reply::new(200, new).with("ETag", "\"v2\""),
            },
        ),
        ("one that begins elsewhere", |new, r| match r.from() {
            Some(_) => Reply::new(206, &new[1..]).with(
                "Content-Range",
                format!("bytes 1-{}/{}", new.len() - 1, new.len()),
            ),
            None => Reply::new(200, new).with("ETag", "\"v2\""),
        }),
        ("one that says nothing about the range", |new, r| {
            match r.from() {
                Some(from) => Reply::new(206, &new[from..]),
                None => Reply::new(200, new).with("ETag", "\"v2\""),
            }
        }),
        ("one whose file became shorter", |new, r| match r.from() {
            Some(_) => Reply::new(416, "").with("Content-Range", "bytes */10"),
            None => Reply::new(200, new).with("ETag", "\"v2\""),
        }),
    ];
    for (name, answer) in cases {
        let (first, second) = (old.clone(), new.clone());
        let server = Server::start(move |request, number| match number {
            0 => serve(&first, "\"v1\"", request).cut(70_000),
            1 => Reply::new(403, ""),
            _ => answer(&second, request),
        });
        let (folder, url) = (Folder::new(), server.url("/a"));
        assert!(fetch(&url, &folder.file(), None, LIMIT).is_err(), "{name}");
        assert_eq!(std::fs::metadata(folder.part()).unwrap().len(), 70_000);
        let result = fetch(&url, &folder.file(), None, LIMIT).expect(name);
        assert_eq!(result, done("\"v2\"", new.len(), false), "{name}");
        assert!(std::fs::read(folder.file()).unwrap() == new, "{name}");
        assert_eq!(folder.names(), ["debian.json"], "{name}");
    }
}

#[test]
fn parts_without_a_strong_validator_or_of_another_address_are_dropped() {
    let body = document();
    for (tag, path) in [("W/\"v1\"", "/a"), ("\"v1\"", "/b")] {
        let served = body.clone();
        let server = Server::start(move |request, number| match number {
            0 => Reply::new(200, &served[..]).with("ETag", tag).cut(70_000),
            1 => Reply::new(403, ""),
            _ => {
                assert_eq!(request.header("range"), None);
                Reply::new(200, &served[..]).with("ETag", tag)
            }
        });
        let folder = Folder::new();
        assert!(fetch(&server.url("/a"), &folder.file(), None, LIMIT).is_err());
        let result = fetch(&server.url(path), &folder.file(), None, LIMIT).unwrap();
        assert_eq!(result, done(tag, body.len(), false));
        assert!(std::fs::read(folder.file()).unwrap() == body);
    }
}

#[test]
fn a_part_that_is_whole_already_is_not_fetched_again() {
    let body = document();
    let served = body.clone();
    let server = Server::start(move |request, _| serve(&served, "\"v1\"", request));
    let (folder, url) = (Folder::new(), server.url("/a"));
    // As left by a program that was ended before it could rename the file.
    std::fs::create_dir(folder.file().parent().unwrap()).unwrap();
    std::fs::write(folder.part(), &body).unwrap();
    let state = |tag: &str| {
        let state = serde_json::json!({"url": url, "etag": tag, "total": body.len()});
        std::fs::write(folder.part().with_extension("part.json"), state.to_string()).unwrap();
    };
    state("\"v1\"");
    let result = fetch(&url, &folder.file(), None, LIMIT).unwrap();
    assert_eq!(result, done("\"v1\"", 0, true));
    assert!(std::fs::read(folder.file()).unwrap() == body);
    // The same of a version that is no longer there.
    std::fs::write(folder.part(), vec![0; body.len()]).unwrap();
    state("\"v0\"");
    let result = fetch(&url, &folder.file(), None, LIMIT).unwrap();
    assert_eq!(result, done("\"v1\"", body.len(), false));
    assert!(std::fs::read(folder.file()).unwrap() == body);
}

#[test]
fn damaged_leftovers_do_no_harm() {
    let body = document();
    for state in ["", "{", "[]", "{\"url\":1}", "{\"url\":\"x\"}"] {
        let served = body.clone();
        let server = Server::start(move |request, _| serve(&served, "\"v1\"", request));
        let folder = Folder::new();
        std::fs::create_dir(folder.file().parent().unwrap()).unwrap();
        std::fs::write(folder.part(), "leftover").unwrap();
        std::fs::write(folder.part().with_extension("part.json"), state).unwrap();
        let result = fetch(&server.url("/a"), &folder.file(), None, LIMIT).unwrap();
        assert_eq!(result, done("\"v1\"", body.len(), false));
        assert!(std::fs::read(folder.file()).unwrap() == body);
    }
}

#[test]
fn a_server_that_always_breaks_off_is_given_up() {
    // Without ranges each try begins anew and gets no further.
    let body = document();
    let server =
        Server::start(move |_, _| Reply::new(200, &body[..]).with("ETag", "\"v1\"").cut(500));
    let folder = Folder::new();
    let error = fetch(&server.url("/a"), &folder.file(), None, LIMIT).unwrap_err();
    assert!(error.to_string().contains("broke off"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Operation);
    assert_eq!(server.lines().len(), 5);
}

#[test]
fn what_is_too_large_is_refused_and_leaves_nothing() {
    let body = document();
    for chunked in [true, false] {
        let served = body.clone();
        let server = Server::start(move |_, _| {
            let reply = Reply::new(200, &served[..]).with("ETag", "\"v1\"");
            if chunked { reply.chunked() } else { reply }
        });
        let folder = Folder::new();
        let error = fetch(&server.url("/a"), &folder.file(), None, 100_000).unwrap_err();
        assert!(error.to_string().contains("limit of 100000"), "{error}");
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    }
}

#[test]
fn answers_that_were_not_asked_for_are_refused() {
    for status in [206, 304, 204] {
        let server = Server::start(move |_, _| Reply::new(status, ""));
        let folder = Folder::new();
        let error = fetch(&server.url("/a"), &folder.file(), None, LIMIT).unwrap_err();
        assert!(error.to_string().contains("not asked for"), "{error}");
    }
}

#[test]
fn a_full_disk_is_named() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let server = Server::start(|_, _| Reply::new(200, document()).with("ETag", "\"v1\""));
    let folder = Folder::new();
    std::fs::create_dir(folder.file().parent().unwrap()).unwrap();
    std::fs::write(folder.file(), "the version before").unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.part()).unwrap();
    let error = fetch(&server.url("/a"), &folder.file(), None, LIMIT).unwrap_err();
    assert!(error.to_string().contains("no space is left"), "{error}");
    assert!(error.to_string().contains("debian.json.part"), "{error}");
    assert!(error.hint().unwrap().contains("make room"));
    assert_eq!(error.kind(), ErrorKind::Operation);
    assert_eq!(server.lines().len(), 1);
    assert_eq!(std::fs::read(folder.file()).unwrap(), b"the version before");
}

#[test]
fn files_on_a_disk_are_mirrors() {
    let folder = Folder::new();
    let source = folder.0.path().join("mirror file.json");
    std::fs::write(&source, "content").unwrap();
    let url = format!("file://{}", source.display()).replace(' ', "%20");
    assert_eq!(client().get(&url, 99).unwrap(), b"content");
    let Downloaded::Done {
        validators,
        bytes_received,
        resumed,
    } = fetch(&url, &folder.file(), None, LIMIT).unwrap()
    else {
        panic!("nothing was there");
    };
    assert_eq!((bytes_received, resumed), (7, false));
    assert_eq!(std::fs::read(folder.file()).unwrap(), b"content");
    let again = fetch(&url, &folder.file(), Some(&validators), LIMIT).unwrap();
    assert_eq!(again, Downloaded::Unchanged);
    std::fs::write(&source, "other content").unwrap();
    let changed = fetch(&url, &folder.file(), Some(&validators), LIMIT).unwrap();
    assert!(matches!(
        changed,
        Downloaded::Done {
            bytes_received: 13,
            ..
        }
    ));
    let error = fetch(&url, &folder.file(), None, 3).unwrap_err();
    assert!(error.to_string().contains("limit of 3"), "{error}");
    assert_eq!(std::fs::read(folder.file()).unwrap(), b"other content");
    let error = fetch("file:///nowhere/at/all", &folder.file(), None, 3).unwrap_err();
    assert!(error.is_missing(), "{error}");
    assert_eq!(folder.names(), ["debian.json"]);
}

#[test]
fn several_downloads_of_one_file_do_not_mix() {
    let body = document();
    let served = body.clone();
    let server = Server::start(move |request, number| {
        let reply = serve(&served, "\"v1\"", request);
        if number % 3 == 0 {
            reply.cut(50_000)
        } else {
            reply
        }
    });
    let (folder, url) = (Folder::new(), server.url("/a"));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                fetch(&url, &folder.file(), None, LIMIT).unwrap();
                assert!(std::fs::read(folder.file()).unwrap() == body);
            });
        }
    });
    assert_eq!(folder.names(), ["debian.json"]);
}

#[derive(Default)]
struct Counted {
    total: AtomicU64,
    bytes: AtomicU64,
    started: AtomicU64,
    finished: AtomicU64,
}

impl Progress for Counted {
    fn start(&self, label: &str, total: Option<u64>) {
        assert_eq!(label, "debian");
        self.started.fetch_add(1, Ordering::Relaxed);
        self.total.store(total.unwrap(), Ordering::Relaxed);
    }

    fn advance(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn finish(&self) {
        self.finished.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn progress_reaches_its_end_whatever_breaks() {
    let body = document();
    let served = body.clone();
    let server = Server::start(move |request, number| {
        let reply = serve(&served, "\"v1\"", request);
        if number == 0 {
            reply.cut(70_000)
        } else {
            reply
        }
    });
    let (folder, url, progress) = (Folder::new(), server.url("/a"), Counted::default());
    let request = Download {
        url: &url,
        to: &folder.file(),
        validators: None,
        limit: LIMIT,
        name: "debian",
    };
    client().download(&request, &progress).unwrap();
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    assert_eq!(of(&progress.total), body.len() as u64);
    assert_eq!(of(&progress.bytes), body.len() as u64);
    assert_eq!((of(&progress.started), of(&progress.finished)), (1, 1));
}

#[test]
fn a_clock_that_is_off_is_named_when_access_is_denied() {
    let server =
        Server::start(|_, _| Reply::new(403, "").with("Date", "Wed, 21 Oct 2015 07:28:00 GMT"));
    let hint = |seconds: u64| {
        let options = SourceOptions {
            now: Some(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)),
            ..options()
        };
        let client = Client::new(&options).unwrap();
        client.get(&server.url("/"), 9).unwrap_err().hint().unwrap()
    };
    let at = 1_445_412_480;
    assert!(hint(at + 7200).contains("is 120 minutes ahead of the server's"));
    assert!(hint(at - 3600).contains("2015-10-21 06:28 UTC) is 60 minutes behind"));
    assert!(!hint(at + 60).contains("clock"));
}
