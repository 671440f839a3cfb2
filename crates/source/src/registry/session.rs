use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, RANGE, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode};
use serde::Deserialize;

use super::challenge::Challenge;
use super::failure::Failure;
use super::login::Login;

/// How patient the client is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(super) connect: Duration,
    pub(super) read: Duration,
    /// Wait before each further try.
    pub(super) delays: [Duration; 4],
    /// Longest wait that a registry may ask for.
    pub(super) longest: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            read: Duration::from_secs(60),
            delays: [250, 500, 1000, 2000].map(Duration::from_millis),
            longest: Duration::from_secs(60),
        }
    }
}

/// Largest answer of a token server in bytes.
const MAX_TOKEN: usize = 1 << 20;
/// Largest error message that is read.
const MAX_MESSAGE: usize = 64 << 10;

/// A repository at one host, with the right to read it.
pub(super) struct Session {
    pub(super) http: reqwest::Client,
    /// `https://host[/prefix]`.
    base: Mutex<String>,
    /// Without TLS, when TLS cannot be spoken.
    plain: Option<String>,
    pub(super) host: String,
    repository: String,
    login: Option<Login>,
    authorization: Mutex<Option<HeaderValue>>,
    pub(super) timing: Timing,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

impl Session {
    pub(super) fn new(
        http: reqwest::Client,
        bases: &[String],
        host: &str,
        repository: &str,
        login: Option<Login>,
        timing: Timing,
    ) -> Arc<Self> {
        Arc::new(Self {
            http,
            base: Mutex::new(bases.first().cloned().unwrap_or_default()),
            plain: bases.get(1).cloned(),
            host: host.to_owned(),
            repository: repository.to_owned(),
            login,
            authorization: Mutex::new(None),
            timing,
        })
    }

    /// Asks for `/v2/REPOSITORY/…`, with tries and log-in, until there is an answer of success.
    pub(super) async fn get(
        &self,
        method: Method,
        path: &str,
        accept: Option<&str>,
        from: u64,
    ) -> Result<Response, Failure> {
        let mut delays = self.timing.delays.iter();
        loop {
            let failure = match self.once(method.clone(), path, accept, from).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            if let Failure::Network(error) = &failure
                && error.is_connect()
                && self.fall_back()
            {
                continue;
            }
            let Some(delay) = delays.next().filter(|_| failure.is_passing()) else {
                return Err(failure);
            };
            let wait = match &failure {
                Failure::Status {
                    retry_after: Some(wait),
                    ..
                } if *wait > self.timing.longest => return Err(failure),
                Failure::Status {
                    retry_after: Some(wait),
                    ..
                } => *wait,
                _ => *delay,
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Goes on without TLS, where that is allowed and was not done yet.
    fn fall_back(&self) -> bool {
        let mut base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.plain {
            Some(plain) if *base != *plain => {
                base.clone_from(plain);
                true
            }
            _ => false,
        }
    }

    fn base(&self) -> String {
        self.base
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn once(
        &self,
        method: Method,
        path: &str,
        accept: Option<&str>,
        from: u64,
    ) -> Result<Response, Failure> {
        let mut logged_in = false;
        loop {
            let url = format!("{}/v2/{}/{path}", self.base(), self.repository);
            let mut request = self.http.request(method.clone(), url);
            if let Some(accept) = accept {
                request = request.header(ACCEPT, accept);
            }
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let known = self
                .authorization
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            if let Some(value) = known {
                request = request.header(AUTHORIZATION, value);
            }
            let response = request.send().await?;
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            // Once a request: what is denied again is denied.
            if status == StatusCode::UNAUTHORIZED && !logged_in {
                logged_in = true;
                if self.log_in(&response).await? {
                    continue;
                }
            }
            let headers = response.headers().clone();
            let body = read(response, MAX_MESSAGE).await.unwrap_or_default();
            return Err(Failure::of_status(status, &headers, &body));
        }
    }

    /// Answers the challenge of a 401; false when nothing can be answered.
    async fn log_in(&self, response: &Response) -> Result<bool, Failure> {
        let challenges: Vec<Challenge> = response
            .headers()
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(Challenge::parse)
            .collect();
        if let Some(bearer) = challenges.iter().find(|c| c.scheme == "bearer") {
            let token = self.token(bearer).await?;
            return self.remember(&format!("Bearer {token}"));
        }
        if challenges.iter().any(|c| c.scheme == "basic")
            && let Some(Login::Password(login)) = &self.login
        {
            use base64::Engine as _;
            let pair = format!("{}:{}", login.username, login.password);
            let encoded = base64::prelude::BASE64_STANDARD.encode(pair);
            return self.remember(&format!("Basic {encoded}"));
        }
        Ok(false)
    }

    fn remember(&self, value: &str) -> Result<bool, Failure> {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Failure::Wrong(format!("{} gave a token that is none", self.host)))?;
        value.set_sensitive(true);
        *self
            .authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(value);
        Ok(true)
    }

    /// A token from the server that the registry names (distribution, "Token Authentication").
    async fn token(&self, challenge: &Challenge) -> Result<String, Failure> {
        let realm = challenge.get("realm").unwrap_or_default();
        let wrong = |why: &str| Failure::Wrong(format!("{} names a token server {why}", self.host));
        let mut url = reqwest::Url::parse(realm).map_err(|_| wrong("that is no URL"))?;
        // A password must not leave over plain HTTP because an answer says so.
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let allowed = match url.scheme() {
            "https" => true,
            "http" => local || self.base().starts_with("http://"),
            _ => false,
        };
        if !allowed {
            return Err(wrong("without TLS"));
        }
        let service = challenge.get("service").unwrap_or_default().to_owned();
        let scope = challenge.get("scope").map_or_else(
            || format!("repository:{}:pull", self.repository),
            str::to_owned,
        );
        let request = match &self.login {
            Some(Login::IdentityToken(refresh)) => self
                .http
                .post(url)
                .body(form(&[
                    ("grant_type", "refresh_token"),
                    ("client_id", "seaworthy"),
                    ("service", &service),
                    ("scope", &scope),
                    ("refresh_token", refresh),
                ]))
                .header("content-type", "application/x-www-form-urlencoded"),
            login => {
                {
                    let mut query = url.query_pairs_mut();
                    if !service.is_empty() {
                        query.append_pair("service", &service);
                    }
                    query.append_pair("scope", &scope);
                }
                let request = self.http.get(url);
                match login {
                    Some(Login::Password(login)) => {
                        request.basic_auth(&login.username, Some(&login.password))
                    }
                    _ => request,
                }
            }
        };
        let response = request.send().await?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = read(response, MAX_TOKEN).await?;
        if !status.is_success() {
            return Err(Failure::of_status(status, &headers, &body));
        }
        let token: Token =
            serde_json::from_slice(&body).map_err(|_| wrong("whose answer is no token"))?;
        let token = if token.token.is_empty() {
            token.access_token
        } else {
            token.token
        };
        if token.is_empty() {
            return Err(wrong("whose answer is no token"));
        }
        Ok(token)
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in pairs {
        form.append_pair(key, value);
    }
    form.finish()
}

/// A body of at most `limit` bytes.
pub(super) async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Err(Failure::Wrong(format!(
                "an answer has more than the limit of {limit} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
