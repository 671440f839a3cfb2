//! Credentials of `config.json` and of credential helpers (Docker CLI, "config.json" and
//! "Credential helpers"; containers-auth.json(5)).

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;

use crate::{Credentials, Error};

/// How to prove who one is.
#[derive(Clone)]
pub(super) enum Login {
    /// A user and a password.
    Password(Credentials),
    /// A refresh token for the token server.
    IdentityToken(String),
}

const HUB: &str = "https://index.docker.io/v1/";
const HELPER_LIMIT: Duration = Duration::from_secs(30);
const MAX_CONFIG: u64 = 8 << 20;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: BTreeMap<String, Auth>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Auth {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

/// The login for a repository, when there is one.
pub(super) async fn find(
    config: Option<&Path>,
    registry: &str,
    repository: &str,
) -> Result<Option<Login>, Error> {
    let Some(path) = config else {
        return Ok(None);
    };
    let bytes = crate::disk::read_limited(path, MAX_CONFIG)?;
    let config: Config = serde_json::from_slice(&bytes).map_err(|e| {
        Error::usage(crate::error::shown(path), format!("is not valid: {e}"))
            .with_hint("mend it, or point DOCKER_CONFIG at another directory")
    })?;
    let helper = config
        .cred_helpers
        .iter()
        .find(|(key, _)| host_of(key) == registry)
        .map(|(_, name)| name.as_str())
        .or(Some(config.creds_store.as_str()))
        .filter(|name| !name.is_empty());
    if let Some(name) = helper {
        let login = ask(name, registry).await?;
        if login.is_some() {
            return Ok(login);
        }
    }
    Ok(of_auths(&config.auths, registry, repository))
}

/// `docker.io` has many names.
fn host_of(key: &str) -> &str {
    let rest = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    match rest.split('/').next().unwrap_or(rest) {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        host => host,
    }
}

/// The entry of the longest part of the repository's path.
fn of_auths(auths: &BTreeMap<String, Auth>, registry: &str, repository: &str) -> Option<Login> {
    let full = format!("{registry}/{repository}");
    auths
        .iter()
        .filter_map(|(key, auth)| {
            let login = auth.login()?;
            let rest = key
                .strip_prefix("https://")
                .or_else(|| key.strip_prefix("http://"))
                .unwrap_or(key)
                .trim_end_matches('/');
            let path = full
                .strip_prefix(rest)
                .is_some_and(|left| left.is_empty() || left.starts_with('/'));
            if path {
                Some((rest.len(), login))
            } else {
                // Docker writes `https://HOST/v1/` and means the host.
                let host = rest
                    .split_once('/')
                    .is_none_or(|(_, path)| matches!(path, "v1" | "v2"));
                (host && host_of(key) == registry).then_some((0, login))
            }
        })
        .max_by_key(|(length, _)| *length)
        .map(|(_, login)| login)
}

impl Auth {
    fn login(&self) -> Option<Login> {
        if !self.identitytoken.is_empty() {
            return Some(Login::IdentityToken(self.identitytoken.clone()));
        }
        let (username, password) = if self.auth.is_empty() {
            (self.username.clone(), self.password.clone())
        } else {
            let bytes = BASE64_STANDARD.decode(self.auth.trim()).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            let (username, password) = text.split_once(':')?;
            (
                username.to_owned(),
                password.trim_end_matches('\0').to_owned(),
            )
        };
        (!username.is_empty() && !password.is_empty())
            .then_some(Login::Password(Credentials { username, password }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Asks `docker-credential-NAME`.
async fn ask(name: &str, registry: &str) -> Result<Option<Login>, Error> {
    let program = format!("docker-credential-{name}");
    let failed = |why: String| {
        Error::operation(program.clone(), why).with_hint(
            "the helper is named in Docker's config.json; log in with --username instead",
        )
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.chars().all(plain) {
        return Err(failed("is not the name of a credential helper".to_owned()));
    }
    let server = if registry == "docker.io" {
        HUB
    } else {
        registry
    };
    let run = async {
        let mut child = tokio::process::Command::new(&program)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A helper that does not read its input says so by its answer.
            let _ = stdin.write_all(server.as_bytes()).await;
        }
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(HELPER_LIMIT, run)
        .await
        .map_err(|_| failed(format!("gave no answer in {} s", HELPER_LIMIT.as_secs())))?
        .map_err(|e| failed(format!("cannot be run: {e}")))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        if text.contains("not found") {
            return Ok(None);
        }
        return Err(failed(format!("failed with {}", output.status)));
    }
    let answer: Answer = serde_json::from_slice(&output.stdout)
        .map_err(|_| failed("gave no valid answer".to_owned()))?;
    Ok(Some(if answer.username == "<token>" {
        Login::IdentityToken(answer.secret)
    } else {
        Login::Password(Credentials {
            username: answer.username,
            password: answer.secret,
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(json: &str, registry: &str, repository: &str) -> Option<String> {
        let config: Config = serde_json::from_str(json).expect("valid");
        match of_auths(&config.auths, registry, repository)? {
            Login::Password(c) => Some(format!("{}:{}", c.username, c.password)),
            Login::IdentityToken(token) => Some(format!("token {token}")),
        }
    }

    #[test]
    fn entries_are_found_by_host_and_path() {
        // dXNlcjpwYXNz is user:pass
        let json = r#"{"auths":{
            "https://index.docker.io/v1/":{"auth":"dXNlcjpwYXNz"},
            "example.com":{"username":"a","password":"b"},
            "example.com/team":{"username":"c","password":"d"},
            "token.example.com:5000":{"identitytoken":"t","auth":"dXNlcjpwYXNz"},
            "empty.example.com":{},
            "bad.example.com":{"auth":"%%%"}}}"#;
        for (registry, repository, expected) in [
            ("docker.io", "library/alpine", Some("user:pass")),
            ("example.com", "shop/web", Some("a:b")),
            ("example.com", "team/web", Some("c:d")),
            ("example.com", "teamwork/web", Some("a:b")),
            ("token.example.com:5000", "x", Some("token t")),
            ("token.example.com", "x", None),
            ("empty.example.com", "x", None),
            ("bad.example.com", "x", None),
            ("evil-example.com", "x", None),
        ] {
            assert_eq!(
                login(json, registry, repository).as_deref(),
                expected,
                "{registry}/{repository}"
            );
        }
    }
}
