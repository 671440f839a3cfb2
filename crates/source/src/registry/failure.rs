use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::Error;

/// Why a request gave no answer that can be used.
#[derive(Debug)]
pub(super) enum Failure {
    /// The registry's answer.
    Status {
        status: StatusCode,
        message: String,
        retry_after: Option<Duration>,
    },
    /// The way to it.
    Network(reqwest::Error),
    /// What it sent is not what it said.
    Wrong(String),
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Network(error.without_url())
    }
}

impl Failure {
    /// Reads the errors that the specification gives a registry to send ("Error Codes").
    pub(super) fn of_status(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        #[derive(serde::Deserialize)]
        struct Body {
            errors: Vec<Item>,
        }
        #[derive(serde::Deserialize)]
        struct Item {
            #[serde(default)]
            message: String,
        }
        let message = serde_json::from_slice::<Body>(body)
            .ok()
            .and_then(|body| body.errors.into_iter().next())
            .map(|item| clean(&item.message))
            .unwrap_or_default();
        Self::Status {
            status,
            message,
            retry_after: headers
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                .map(Duration::from_secs),
        }
    }

    /// Whether trying again may help.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status.as_u16(), 408 | 429 | 500 | 502..=504),
            Self::Network(error) => !error.is_builder() && !is_tls(error),
            Self::Wrong(_) => false,
        }
    }

    /// Whether the registry says that it does not have the thing.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Status { status, .. } if *status == StatusCode::NOT_FOUND)
    }

    /// For people: what happened to `target` at `host`, and what to do.
    pub(super) fn into_error(self, target: &str, host: &str) -> Error {
        match self {
            Self::Status {
                status, message, ..
            } => of_status(target, host, status, &message),
            Self::Network(error) => of_network(target, host, &error),
            Self::Wrong(message) => Error::target(target, message),
        }
    }
}

fn of_status(target: &str, host: &str, status: StatusCode, message: &str) -> Error {
    let more = if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    };
    match status.as_u16() {
        401 | 403 => Error::target(target, format!("{host} denies access ({status}){more}")).with_hint(
            format!("log in: --username USER --password-stdin, or `docker login {host}`; a private or missing repository looks the same"),
        ),
        404 => Error::target(target, format!("{host} has no such image{more}"))
            .with_hint("check repository and tag"),
        429 => Error::operation(target, format!("{host} limits how often one may ask ({status}){more}"))
            .with_hint("wait, log in for a higher limit, or use a mirror: --mirror HOST=MIRROR"),
        500.. => Error::operation(target, format!("{host} fails ({status}){more}"))
            .with_hint("try again later"),
        _ => Error::operation(target, format!("{host} answers {status}{more}")),
    }
}

fn of_network(target: &str, host: &str, error: &reqwest::Error) -> Error {
    let cause = causes(error);
    if error.is_timeout() {
        return Error::operation(target, format!("{host} gives no answer in time"))
            .with_hint("check the network and proxies (HTTPS_PROXY, NO_PROXY)");
    }
    if is_tls(error) {
        return Error::operation(target, format!("no trusted connection to {host}: {cause}"))
            .with_hint(
                "trust its authority with --ca-cert FILE; for a registry without TLS, --plain-http",
            );
    }
    Error::operation(target, format!("{host} cannot be reached: {cause}"))
        .with_hint("check the name, the port and proxies; for a registry without TLS, --plain-http")
}

/// The innermost cause says what happened, the outer ones only where.
fn causes(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    clean(&cause.to_string())
}

/// Whether TLS is the trouble: a wrong certificate does not mend itself.
pub(super) fn is_tls(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        let text = inner.to_string();
        if [
            "certificate",
            "InvalidContentType",
            "corrupt message",
            "tls handshake",
        ]
        .iter()
        .any(|word| text.contains(word))
        {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// One short line without control characters, whatever a server sends.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}
