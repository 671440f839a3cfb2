use std::os::unix::fs::PermissionsExt as _;

use super::fake_registry::{FakeRegistry, Reply, Request};
use super::*;
use seaworthy_source::{Credentials, ErrorKind, Mirror};

fn plain() -> SourceOptions {
    SourceOptions {
        plain_http: true,
        user_agent: "seaworthy-test".to_owned(),
        ..SourceOptions::default()
    }
}

fn login() -> SourceOptions {
    SourceOptions {
        credentials: Some(Credentials {
            username: "user".to_owned(),
            password: "secret-pass".to_owned(),
        }),
        ..plain()
    }
}

/// `Basic` of user:secret-pass
const BASIC: &str = "Basic dXNlcjpzZWNyZXQtcGFzcw==";

fn is_blob(request: &Request, digest: &Digest) -> bool {
    request.line.ends_with(digest.as_str())
}

#[test]
fn an_image_is_pulled_and_every_digest_is_checked() {
    let built = image();
    let registry = FakeRegistry::serve(&built, |_, _| None);
    let opened = open_image(&registry.target(), &plain()).unwrap();
    assert_eq!(opened.kind(), "registry");
    assert_eq!(
        opened.manifest_digest(),
        Some(Digest::of(&built.manifest).as_str())
    );
    assert_same(&*opened, &built);
    let requests = registry.requests.lock().unwrap();
    assert!(
        requests
            .iter()
            .all(|r| r.header("user-agent") == Some("seaworthy-test"))
    );
    assert!(requests.iter().all(|r| r.header("authorization").is_none()));
}

#[test]
fn a_registry_on_this_machine_may_speak_plain_http() {
    let built = image();
    let registry = FakeRegistry::serve(&built, |_, _| None);
    let opened = open_image(&registry.target(), &SourceOptions::default()).unwrap();
    assert_same(&*opened, &built);
}

#[test]
fn a_token_is_fetched_and_renewed_when_it_ran_out() {
    let built = image();
    let registry = FakeRegistry::serve(&built, |request, number| {
        if request.line.starts_with("GET /token") {
            let expected = "GET /token?service=here&scope=repository%3Ashop%2Fweb%3Apull";
            assert_eq!(request.line, expected);
            assert_eq!(request.header("authorization"), Some(BASIC));
            return Some(Reply::new(200, format!(r#"{{"token":"t{number}"}}"#)));
        }
        // Each token is honoured for a while.
        let good = match number {
            0..=4 => "Bearer t1",
            _ => "Bearer t6",
        };
        if request.header("authorization") == Some(good) {
            return None;
        }
        let host = request.header("host").unwrap();
        Some(Reply::new(401, "").with(
            "WWW-Authenticate",
            format!(r#"Bearer realm="http://{host}/token",service="here",scope="repository:shop/web:pull""#),
        ))
    });
    let opened = open_image(&registry.target(), &login()).unwrap();
    for index in 0..2 {
        assert_eq!(layer(&*opened, index).unwrap(), built.layers[index].blob);
    }
    let tokens = registry
        .lines()
        .iter()
        .filter(|l| l.starts_with("GET /token"))
        .count();
    assert_eq!(tokens, 2, "{:?}", registry.lines());
}

#[test]
fn basic_credentials_work_and_wrong_ones_end_at_once() {
    let built = image();
    let registry = FakeRegistry::serve(&built, |request, _| {
        (request.header("authorization") != Some(BASIC))
            .then(|| Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\""))
    });
    assert_same(&*open_image(&registry.target(), &login()).unwrap(), &built);
    let wrong = SourceOptions {
        credentials: Some(Credentials {
            username: "user".to_owned(),
            password: "wrong-pass".to_owned(),
        }),
        ..plain()
    };
    let before = registry.lines().len();
    let error = open_image(&registry.target(), &wrong).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Target);
    assert!(error.hint().unwrap().contains("--username"));
    assert!(!format!("{error} {error:?} {wrong:?}").contains("wrong-pass"));
    assert_eq!(registry.lines().len() - before, 2);
    let anonymous = open_image(&registry.target(), &plain()).err().unwrap();
    assert!(
        anonymous.to_string().contains("denies access"),
        "{anonymous}"
    );
}

#[test]
fn credentials_come_from_the_configuration_and_from_helpers() {
    let built = image();
    let registry = FakeRegistry::serve(&built, |request, _| {
        (request.header("authorization") != Some(BASIC))
            .then(|| Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\""))
    });
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.json");
    let with = |text: String| {
        std::fs::write(&config, text).unwrap();
        SourceOptions {
            docker_config: Some(config.clone()),
            ..plain()
        }
    };
    let address = &registry.address;
    let options = with(format!(
        r#"{{"auths":{{"{address}":{{"auth":"{}"}}}}}}"#,
        &BASIC[6..]
    ));
    assert_same(&*open_image(&registry.target(), &options).unwrap(), &built);
    let options = with(format!(
        r#"{{"credHelpers":{{"{address}":"no-such-helper-seaworthy"}}}}"#
    ));
    let error = open_image(&registry.target(), &options).err().unwrap();
    assert!(
        error
            .to_string()
            .contains("docker-credential-no-such-helper-seaworthy: cannot be run"),
        "{error}"
    );
    let options = with(format!(r#"{{"credHelpers":{{"{address}":"../evil"}}}}"#));
    let error = open_image(&registry.target(), &options).err().unwrap();
    assert!(error.to_string().contains("is not the name"), "{error}");
    let options = with("{".to_owned());
    let error = open_image(&registry.target(), &options).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Usage);
}

/// A helper is found on the path, so this test runs in a process of its own.
#[test]
fn a_helper_is_asked_with_the_host() {
    const MARK: &str = "SEAWORTHY_TEST_HELPER";
    let built = image();
    if std::env::var_os(MARK).is_none() {
        let dir = tempfile::tempdir().unwrap();
        let helper = dir.path().join("docker-credential-fake");
        let script = "#!/bin/sh\nread host\necho \"{\\\"Username\\\":\\\"user\\\",\\\"Secret\\\":\\\"secret-pass\\\",\\\"ServerURL\\\":\\\"$host\\\"}\"\n";
        std::fs::write(&helper, script).unwrap();
        std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!(
            "{}:{}",
            dir.path().display(),
            std::env::var("PATH").unwrap()
        );
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "registry::a_helper_is_asked_with_the_host"])
            .env("PATH", path)
            .env(MARK, "1")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    let registry = FakeRegistry::serve(&built, |request, _| {
        (request.header("authorization") != Some(BASIC))
            .then(|| Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\""))
    });
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.json");
    std::fs::write(&config, r#"{"credsStore":"fake"}"#).unwrap();
    let options = SourceOptions {
        docker_config: Some(config),
        ..plain()
    };
    assert_same(&*open_image(&registry.target(), &options).unwrap(), &built);
}

#[test]
fn passing_trouble_is_waited_out() {
    let built = image();
    for status in [429, 500, 503] {
        let registry = FakeRegistry::serve(&built, move |_, number| {
            (number < 2).then(|| Reply::new(status, "").with("Retry-After", "0"))
        });
        assert_same(&*open_image(&registry.target(), &plain()).unwrap(), &built);
    }
}

#[test]
fn lasting_trouble_is_explained() {
    for (status, body, kind, words, tries) in [
        (
            403,
            r#"{"errors":[{"message":"not for you"}]}"#,
            ErrorKind::Target,
            "denies access (403 Forbidden): not for you",
            1,
        ),
        (404, "", ErrorKind::Target, "has no such image", 1),
        (429, "", ErrorKind::Operation, "limits how often", 5),
        (
            500,
            "{\"errors\":[{\"message\":\"\\u001b[2Jboom\"}]}",
            ErrorKind::Operation,
            "fails (500 Internal Server Error):  [2Jboom",
            5,
        ),
        (418, "", ErrorKind::Operation, "answers 418", 1),
    ] {
        let registry = FakeRegistry::serve(&image(), move |_, _| {
            Some(Reply::new(status, body).with("Retry-After", "0"))
        });
        let error = open_image(&registry.target(), &plain()).err().expect(words);
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains('\u{1b}'));
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(registry.lines().len(), tries, "{status}");
    }
    // A wait beyond all patience is not begun.
    let registry = FakeRegistry::serve(&image(), |_, _| {
        Some(Reply::new(429, "").with("Retry-After", "86400"))
    });
    assert!(open_image(&registry.target(), &plain()).is_err());
    assert_eq!(registry.lines().len(), 1);
    // Nobody listens there.
    let error = open_image("registry:127.0.0.1:9/a/b", &plain())
        .err()
        .unwrap();
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Operation);
}

#[test]
fn a_download_that_breaks_off_is_resumed() {
    for ranges in [true, false] {
        let built = image();
        let digest = built.layers[1].digest.clone();
        let blob = built.layers[1].blob.clone();
        let registry = FakeRegistry::serve(&built, move |request, number| {
            if !is_blob(request, &digest) {
                return None;
            }
            if number == 2 {
                let mut reply = Reply::new(200, blob.clone());
                reply.cut = Some(100);
                return Some(reply);
            }
            (!ranges).then(|| Reply::new(200, blob.clone()))
        });
        let opened = open_image(&registry.target(), &plain()).unwrap();
        assert_eq!(layer(&*opened, 1).unwrap(), built.layers[1].blob);
        let last = registry.requests.lock().unwrap().last().cloned().unwrap();
        assert_eq!(last.header("range"), Some("bytes=100-"));
    }
}

#[test]
fn lies_are_found_out() {
    let built = image();
    let wrong = |target: Digest, reply: fn(&[u8]) -> Reply, content: Vec<u8>| {
        FakeRegistry::serve(&image(), move |request, _| {
            is_blob(request, &target).then(|| reply(&content))
        })
    };
    // Other content of the same length, more of it, and less.
    let other: fn(&[u8]) -> Reply = |bytes| Reply::new(200, vec![7; bytes.len()]);
    let more: fn(&[u8]) -> Reply = |bytes| Reply::new(200, [bytes, b"more"].concat());
    let less: fn(&[u8]) -> Reply = |bytes| Reply::new(200, &bytes[..bytes.len() - 1]);
    for (reply, words) in [
        (other, "digest"),
        (more, "more than the promised"),
        (less, "ended after"),
    ] {
        let registry = wrong(
            built.layers[1].digest.clone(),
            reply,
            built.layers[1].blob.clone(),
        );
        let opened = open_image(&registry.target(), &plain()).unwrap();
        let error = layer(&*opened, 1).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let registry = wrong(Digest::of(&built.config), other, built.config.clone());
    let error = open_image(&registry.target(), &plain()).err().unwrap();
    assert!(
        error
            .to_string()
            .contains("the configuration does not have the digest"),
        "{error}"
    );
    let digest = Digest::of(&built.manifest);
    let registry = wrong(digest.clone(), other, built.manifest.clone());
    let by_digest = format!("registry:{}/shop/web@{digest}", registry.address);
    let error = open_image(&by_digest, &plain()).err().unwrap();
    assert!(
        error
            .to_string()
            .contains("the manifest does not have the digest"),
        "{error}"
    );
    let registry = FakeRegistry::serve(&built, |_, _| Some(Reply::new(200, vec![b' '; 5 << 20])));
    let error = open_image(&registry.target(), &plain()).err().unwrap();
    assert!(error.to_string().contains("more than the limit"), "{error}");
    for body in ["", "[]", "{", "{\"schemaVersion\":1}"] {
        let registry = FakeRegistry::serve(&built, move |_, _| Some(Reply::new(200, body)));
        let error = open_image(&registry.target(), &plain()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Target, "{error}");
    }
}

#[test]
fn a_redirect_to_another_host_carries_no_credentials() {
    let built = image();
    let elsewhere = FakeRegistry::serve(&built, |_, _| None);
    let address = elsewhere.address.clone();
    let registry = FakeRegistry::serve(&built, move |request, _| {
        if request.header("authorization") != Some(BASIC) {
            return Some(Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\""));
        }
        let path = request.line.split(' ').nth(1).unwrap();
        path.contains("/blobs/")
            .then(|| Reply::new(307, "").with("Location", format!("http://{address}{path}")))
    });
    assert_same(&*open_image(&registry.target(), &login()).unwrap(), &built);
    let requests = elsewhere.requests.lock().unwrap();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|r| r.header("authorization").is_none()));
}

#[test]
fn a_token_server_without_tls_gets_no_password_from_a_registry_with_it() {
    // The registry here has no TLS either, but its token server is on another machine.
    let registry = FakeRegistry::serve(&image(), |_, _| {
        Some(Reply::new(401, "").with(
            "WWW-Authenticate",
            r#"Bearer realm="ftp://example.com/token""#,
        ))
    });
    let error = open_image(&registry.target(), &login()).err().unwrap();
    assert!(
        error.to_string().contains("a token server without TLS"),
        "{error}"
    );
}

#[test]
fn mirrors_come_first_and_never_get_the_registrys_credentials() {
    let built = image();
    let mirror = FakeRegistry::serve(&built, |_, _| None);
    let registry = FakeRegistry::serve(&built, |_, _| None);
    let options = |location: &str| SourceOptions {
        mirrors: vec![Mirror {
            registry: registry.address.clone(),
            location: location.to_owned(),
        }],
        ..login()
    };
    assert_same(
        &*open_image(&registry.target(), &options(&mirror.address)).unwrap(),
        &built,
    );
    assert!(registry.lines().is_empty());
    let denying = FakeRegistry::serve(&built, |_, _| {
        Some(Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\""))
    });
    let location = format!("http://{}/hub", denying.address);
    assert_same(
        &*open_image(&registry.target(), &options(&location)).unwrap(),
        &built,
    );
    let requests = denying.requests.lock().unwrap();
    assert_eq!(requests[0].line, "GET /v2/hub/shop/web/manifests/1.8");
    assert!(requests.iter().all(|r| r.header("authorization").is_none()));
}

#[test]
fn certificate_files_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ca.pem");
    std::fs::write(&path, "no certificate").unwrap();
    for (file, words) in [
        (path, "holds no certificates"),
        (dir.path().join("none"), "no such file"),
    ] {
        let options = SourceOptions {
            ca_files: vec![file],
            ..plain()
        };
        let error = open_image("registry:127.0.0.1:9/a/b", &options)
            .err()
            .unwrap();
        assert!(error.to_string().contains(words), "{error}");
    }
}
