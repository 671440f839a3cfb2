use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::{headers, trust};
use crate::Error;

/// Clocks that differ by more than this are worth a word when access is denied.
const SKEW: Duration = Duration::from_secs(15 * 60);

/// Why a request gave no answer that can be used.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server's answer.
    Status {
        status: StatusCode,
        /// What it says, one clean line.
        message: String,
        retry_after: Option<Duration>,
        /// Its clock.
        date: Option<SystemTime>,
    },
    /// The way to it.
    Network(reqwest::Error),
    /// What it sent is not what it said.
    Wrong(String),
    /// What is in words already: a disk that is full, a limit of the caller.
    Explained(Error),
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Network(error.without_url())
    }
}

/// What was asked for, for the words of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// An image of a registry.
    Image,
    /// Something in a repository.
    Artifact,
    /// To keep something in a repository.
    Push,
    /// A file of a web server.
    Document,
}

/// Who was asked for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// As the user named it, without credentials.
    pub(crate) target: &'a str,
    pub(crate) host: &'a str,
    pub(crate) what: What,
    /// This machine's clock.
    pub(crate) now: Option<SystemTime>,
}

impl Failure {
    /// Reads the errors that the specification gives a registry to send ("Error Codes"), and the
    /// first line of other texts.
    pub(crate) fn of_status(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let date = text(DATE).and_then(headers::date);
        Self::Status {
            status,
            message: message(headers, body),
            retry_after: text(RETRY_AFTER).and_then(|value| headers::retry_after(value, date)),
            date,
        }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The status of the answer, when there was one.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(status.as_u16()),
            _ => None,
        }
    }

    /// Whether trying again may help.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status.as_u16(), 408 | 429 | 500 | 502..=504),
            Self::Network(error) => !error.is_builder() && !error.is_redirect() && !is_tls(error),
            Self::Wrong(_) | Self::Explained(_) => false,
        }
    }

    /// Whether the server says that it does not have the thing.
    pub(crate) fn is_missing(&self) -> bool {
        self.status() == Some(404)
    }

    /// Whether it wants other credentials.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(self.status(), Some(401 | 403))
    }

    /// For people: what happened, and what to do.
    pub(crate) fn into_error(self, asked: &Asked<'_>) -> Error {
        match self {
            Self::Status {
                status,
                message,
                date,
                ..
            } => {
                let error = of_status(asked, status, &message);
                match skew(date, asked.now) {
                    Some(skew) if matches!(status.as_u16(), 401 | 403) => {
                        let hint = error.hint().unwrap_or_default();
                        error.with_hint(format!("{skew}; {hint}"))
                    }
                    _ => error,
                }
            }
            Self::Network(error) => of_network(asked, &error),
            Self::Wrong(message) => Error::target(asked.target, message),
            Self::Explained(error) => error,
        }
    }
}

/// Clocks that differ: tokens and signatures are refused then.
fn skew(theirs: Option<SystemTime>, ours: Option<SystemTime>) -> Option<String> {
    let (theirs, ours) = (theirs?, ours?);
    let (apart, which) = match ours.duration_since(theirs) {
        Ok(apart) => (apart, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    (apart > SKEW).then(|| {
        let minutes = apart.as_secs() / 60;
        format!(
            "this machine's clock ({}) is {minutes} minutes {which} the server's, which may be why",
            trust::moment(ours)
        )
    })
}

fn message(headers: &HeaderMap, body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<Item>,
        #[serde(default)]
        message: String,
    }
    #[derive(serde::Deserialize)]
    struct Item {
        #[serde(default)]
        message: String,
        #[serde(default)]
        code: String,
    }
    if let Ok(body) = serde_json::from_slice::<Body>(body) {
        return match body.errors.into_iter().next() {
            Some(item) if item.message.is_empty() => clean(&item.code),
            Some(item) => clean(&item.message),
            None => clean(&body.message),
        };
    }
    let plain = headers
        .get(reqwest::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("text/plain"));
    if !plain {
        // A page for browsers says nothing in its first line.
        return String::new();
    }
    let text = String::from_utf8_lossy(body);
    clean(text.lines().next().unwrap_or_default().trim())
}

fn of_status(asked: &Asked<'_>, status: StatusCode, message: &str) -> Error {
    let Asked { target, host, .. } = *asked;
    let more = if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    };
    match (status.as_u16(), asked.what) {
        (407, _) => Error::operation(target, format!("the proxy on the way to {host} wants credentials ({status}){more}"))
            .with_hint("they stand in its address: HTTPS_PROXY=http://USER:PASSWORD@PROXY:PORT"),
        (_, What::Push) => of_push(asked, status, &more),
        (401 | 403, What::Document) => {
            Error::target(target, format!("{host} denies access ({status}){more}")).with_hint(
                "credentials may stand in the address: https://USER:PASSWORD@HOST/…",
            )
        }
        (401 | 403, _) => Error::target(target, format!("{host} denies access ({status}){more}"))
            .with_hint(format!("log in: --username USER --password-stdin, or `docker login {host}`; a private or missing repository looks the same")),
        (404, What::Image) => Error::missing(target, format!("{host} has no such image{more}"))
            .with_hint("check repository and tag"),
        (404 | 410, What::Artifact) => {
            Error::missing(target, format!("{host} has no such artifact{more}"))
                .with_hint("check repository and tag")
        }
        (404 | 410, What::Document) => {
            Error::missing(target, format!("{host} has no such document ({status}){more}"))
                .with_hint("check the address")
        }
        (429, What::Document) => limited(asked, status, &more).with_hint("wait and try again"),
        (429, _) => limited(asked, status, &more)
            .with_hint("wait, log in for a higher limit, or use a mirror: --mirror HOST=MIRROR"),
        (500.., _) => Error::operation(target, format!("{host} fails ({status}){more}"))
            .with_hint("try again later"),
        _ => Error::operation(target, format!("{host} answers {status}{more}")),
    }
}

fn limited(asked: &Asked<'_>, status: StatusCode, more: &str) -> Error {
    let host = asked.host;
    Error::operation(
        asked.target,
        format!("{host} limits how often one may ask ({status}){more}"),
    )
}

/// A registry that does not keep what it is given.
fn of_push(asked: &Asked<'_>, status: StatusCode, more: &str) -> Error {
    let Asked { target, host, .. } = *asked;
    let error = |text: &str| Error::operation(target, format!("{host} {text} ({status}){more}"));
    match status.as_u16() {
        401 | 403 => Error::target(target, format!("{host} denies the push ({status}){more}"))
            .with_hint(format!("log in as somebody who may write there: --username USER --password-stdin, or `docker login {host}`; a token needs the right to write, not only to read; immutable tags and full quotas look the same")),
        404 => Error::missing(target, format!("{host} takes no such repository ({status}){more}"))
            .with_hint("create the project or the repository first, and check its name"),
        405 => error("does not take pushes").with_hint(
            "it is read-only, or a cache of another registry: push to the registry itself",
        ),
        409 | 412 => error("keeps what it has").with_hint("the tag is immutable, or somebody else writes it: use another tag or try again"),
        413 => error("takes no content of this size").with_hint(
            "raise the limit of the registry or of the proxy before it (nginx: client_max_body_size)",
        ),
        429 => limited(asked, status, more).with_hint("wait and try again"),
        507 => error("has no space left").with_hint("free or raise the quota"),
        500.. => error("fails").with_hint("try again later; what was sent is not sent again"),
        _ => error("refuses the push"),
    }
}

fn of_network(asked: &Asked<'_>, error: &reqwest::Error) -> Error {
    let Asked { target, host, .. } = *asked;
    if error.is_timeout() {
        return Error::operation(target, format!("{host} gives no answer in time"))
            .with_hint("check the network and proxies (HTTPS_PROXY, NO_PROXY)");
    }
    if let Some(trouble) = trust::trouble(error, host) {
        return Error::operation(target, trouble.message).with_hint(trouble.hint);
    }
    let cause = causes(error);
    if error.is_redirect() {
        return Error::target(target, format!("{host} leads elsewhere: {cause}"))
            .with_hint("name the address that it leads to, if you trust it");
    }
    if error.is_body() || error.is_decode() {
        return Error::operation(
            target,
            format!("the connection to {host} broke off: {cause}"),
        )
        .with_hint("try again; check the network and proxies (HTTPS_PROXY, NO_PROXY)");
    }
    let error = Error::operation(target, format!("{host} cannot be reached: {cause}"));
    if asked.what == What::Document {
        error.with_hint("check the name, the port and proxies (HTTPS_PROXY, NO_PROXY)")
    } else {
        error.with_hint(
            "check the name, the port and proxies; for a registry without TLS, --plain-http",
        )
    }
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
fn is_tls(error: &reqwest::Error) -> bool {
    trust::trouble(error, "").is_some()
}

/// One short line without control characters, whatever a server sends.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}
