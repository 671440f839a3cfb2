//! Certificates that are trusted and those that are not.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::server::{Reply, Server};
use super::*;
use seaworthy_source::ErrorKind;
use seaworthy_source::http::Client;

/// An authority of this test, and its certificate in a file.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    _dir: tempfile::TempDir,
    file: PathBuf,
}

impl Authority {
    fn new() -> Self {
        Self::named("Authority of a test")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        std::fs::write(&file, issuer.pem()).unwrap();
        Self {
            issuer,
            _dir: dir,
            file,
        }
    }

    /// A server whose certificate holds for a name and between two years.
    fn serve(
        &self,
        name: &str,
        years: (i32, i32),
        answer: impl Fn(&super::server::Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Server {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        Server::start_tls(config, answer)
    }

    fn options(&self) -> SourceOptions {
        SourceOptions {
            ca_files: vec![self.file.clone()],
            timing: hasty(),
            ..SourceOptions::default()
        }
    }
}

const NOW: (i32, i32) = (2020, 2120);

fn get(server: &Server, options: &SourceOptions) -> Result<Vec<u8>, Error> {
    let url = format!("https://{}/a", server.address);
    Client::new(options).unwrap().get(&url, 99)
}

#[test]
fn an_authority_of_a_file_is_trusted() {
    let authority = Authority::new();
    let server = authority.serve("127.0.0.1", NOW, |_, _| Reply::new(200, "ok"));
    assert_eq!(get(&server, &authority.options()).unwrap(), b"ok");
    let insecure = SourceOptions {
        insecure: true,
        timing: hasty(),
        ..SourceOptions::default()
    };
    assert_eq!(get(&server, &insecure).unwrap(), b"ok");
}

#[test]
fn certificates_that_do_not_hold_are_explained() {
    let authority = Authority::new();
    let stranger = Authority::named("Stranger");
    let anew = Authority::new();
    for (name, years, options, words, hint) in [
        (
            "127.0.0.1",
            (2015, 2016),
            authority.options(),
            "expired on 2016-01-01 00:00 UTC; this machine's clock says 20",
            "set the clock if it is wrong",
        ),
        (
            "127.0.0.1",
            (2119, 2120),
            authority.options(),
            "is not valid before 2119-01-01 00:00 UTC; this machine's clock says 20",
            "clock is probably wrong",
        ),
        (
            "registry.example.com",
            NOW,
            authority.options(),
            "is for other names: registry.example.com",
            "use one of those names",
        ),
        (
            "127.0.0.1",
            NOW,
            stranger.options(),
            "is issued by nobody whom this machine trusts",
            "--ca-cert FILE",
        ),
        (
            "127.0.0.1",
            NOW,
            anew.options(),
            "is not signed by the authority that it names",
            "made anew under its old name",
        ),
    ] {
        let server = authority.serve(name, years, |_, _| Reply::new(200, "ok"));
        let error = get(&server, &options).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains(&server.address), "{error}");
        assert!(error.hint().unwrap().contains(hint), "{:?}", error.hint());
        assert_eq!(error.kind(), ErrorKind::Operation);
        assert!(server.lines().is_empty());
    }
}

#[test]
fn a_server_without_tls_is_told_from_one_that_is_not_trusted() {
    for (answer, words) in [
        (
            "HTTP/1.1 400 Bad Request\r\n\r\n",
            "does not speak TLS on this port",
        ),
        ("", "ends the connection when TLS is spoken"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/a", listener.local_addr().unwrap());
        let connections = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            // What was not read would reset the connection instead of ending it.
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let options = SourceOptions {
            timing: hasty(),
            ..SourceOptions::default()
        };
        let error = Client::new(&options).unwrap().get(&url, 9).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.hint().unwrap().contains("without TLS"));
        // It was asked once.
        connections.join().unwrap();
    }
}

#[test]
fn a_redirect_out_of_tls_is_not_followed() {
    let plain = Server::start(|_, _| Reply::new(200, "secret"));
    let authority = Authority::new();
    let location = plain.url("/a");
    let server = authority.serve("127.0.0.1", NOW, move |_, _| {
        Reply::new(302, "").with("Location", location.clone())
    });
    let error = get(&server, &authority.options()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("a redirect from HTTPS to plain HTTP is not followed"),
        "{error}"
    );
    assert!(plain.lines().is_empty());
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn an_upload_does_not_leave_tls() {
    let plain = Server::start(|_, _| Reply::new(201, ""));
    let authority = Authority::new();
    let location = plain.url("/upload");
    let server = authority.serve("127.0.0.1", NOW, move |request, _| match request.method() {
        "POST" => Reply::new(202, "").with("Location", location.clone()),
        _ => Reply::new(404, ""),
    });
    let reference = format!("{}/shop/web", server.address).parse().unwrap();
    let store = seaworthy_source::registry_store(&reference, &authority.options()).unwrap();
    let error = store.put_blob(b"content").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("an address for the upload without TLS"),
        "{error}"
    );
    assert!(plain.lines().is_empty());
}

/// Authorities are found through the environment, so this test runs in a process of its own.
#[test]
fn a_machine_without_authorities_still_speaks_plain_http() {
    const MARK: &str = "SEAWORTHY_TEST_NO_AUTHORITIES";
    if std::env::var_os(MARK).is_none() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "trust::a_machine_without_authorities_still_speaks_plain_http",
            ])
            .env("SSL_CERT_FILE", "/nowhere/ca.pem")
            .env("SSL_CERT_DIR", "/nowhere")
            .env(MARK, "1")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    let options = SourceOptions {
        timing: hasty(),
        ..SourceOptions::default()
    };
    let plain = Server::start(|_, _| Reply::new(200, "ok"));
    let client = Client::new(&options).unwrap();
    assert_eq!(client.get(&plain.url("/a"), 9).unwrap(), b"ok");
    let authority = Authority::new();
    let server = authority.serve("127.0.0.1", NOW, |_, _| Reply::new(200, "ok"));
    let error = get(&server, &options).unwrap_err();
    assert!(
        error.to_string().contains("whom this machine trusts"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("ca-certificates"));
    assert_eq!(get(&server, &authority.options()).unwrap(), b"ok");
}
