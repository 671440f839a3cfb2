//! Proxies of the environment, which is why these tests run in processes of their own.

use super::server::{Reply, Server};
use super::*;
use seaworthy_source::http::Client;

const MARK: &str = "SEAWORTHY_TEST_PROXY";

fn in_own_process(test: &str, variables: &[(&str, &str)]) {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("proxies::{test}")]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    for (name, value) in variables {
        command.env(name, value);
    }
    assert!(command.status().unwrap().success());
}

fn client() -> Client {
    let options = SourceOptions {
        timing: hasty(),
        ..SourceOptions::default()
    };
    Client::new(&options).unwrap()
}

#[test]
fn a_proxy_is_used_and_left_out_where_it_is_to_be() {
    if let Ok(direct) = std::env::var(MARK) {
        let body = client().get("http://feeds.example.invalid/a", 99).unwrap();
        assert_eq!(body, b"through the proxy");
        let body = client().get(&format!("http://{direct}/a"), 99).unwrap();
        assert_eq!(body, b"direct");
        return;
    }
    let proxy = Server::start(|_, _| Reply::new(200, "through the proxy"));
    let direct = Server::start(|_, _| Reply::new(200, "direct"));
    in_own_process(
        "a_proxy_is_used_and_left_out_where_it_is_to_be",
        &[
            ("http_proxy", &proxy.url("")),
            ("no_proxy", "127.0.0.1"),
            (MARK, &direct.address),
        ],
    );
    let requests = proxy.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].line, "GET http://feeds.example.invalid/a");
}

#[test]
fn a_proxy_that_refuses_is_named_as_a_possible_cause() {
    if std::env::var_os(MARK).is_some() {
        let error = client()
            .get("https://feeds.example.invalid/a", 99)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("feeds.example.invalid cannot be reached"),
            "{error}"
        );
        assert!(
            error.to_string().contains("proxy authorization required"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("HTTPS_PROXY"), "{error}");
        return;
    }
    let proxy = Server::start(|_, _| Reply::new(407, ""));
    in_own_process(
        "a_proxy_that_refuses_is_named_as_a_possible_cause",
        &[("https_proxy", &proxy.url("")), (MARK, "1")],
    );
    assert_eq!(
        proxy.requests()[0].line,
        "CONNECT feeds.example.invalid:443"
    );
}
