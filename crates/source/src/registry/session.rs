use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue, RANGE, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode};
use serde::Deserialize;
use url::Url;

use super::challenge::Challenge;
use super::login::Login;
use crate::net::{self, Failure, Network, Tries};

/// Largest answer of a token server in bytes.
const MAX_TOKEN: usize = 1 << 20;

/// What a request does to a repository; a token for reading is none for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Pull,
    Push,
}

/// Where a request goes.
#[derive(Debug, Clone)]
pub(super) enum At<'a> {
    /// Below `/v2/REPOSITORY/`.
    Path(&'a str),
    /// Where an answer led to.
    Url(&'a Url),
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) at: At<'a>,
    pub(super) access: Access,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Option<Bytes>,
}

impl<'a> Ask<'a> {
    pub(super) const fn read(method: Method, path: &'a str) -> Self {
        Self {
            method,
            at: At::Path(path),
            access: Access::Pull,
            headers: Vec::new(),
            body: None,
        }
    }

    pub(super) const fn write(method: Method, at: At<'a>, body: Bytes) -> Self {
        Self {
            method,
            at,
            access: Access::Push,
            headers: Vec::new(),
            body: Some(body),
        }
    }

    pub(super) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A repository at one host, with the right to read or write it.
pub(super) struct Session {
    network: Network,
    /// `https://host[/prefix]`.
    base: Mutex<String>,
    /// Without TLS, when TLS cannot be spoken.
    plain: Option<String>,
    pub(super) host: String,
    repository: String,
    login: Option<Login>,
    /// For reading and for writing.
    authorization: Mutex<[Option<HeaderValue>; 2]>,
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
        network: &Network,
        bases: &[String],
        host: &str,
        repository: &str,
        login: Option<Login>,
    ) -> Arc<Self> {
        Arc::new(Self {
            network: network.clone(),
            base: Mutex::new(bases.first().cloned().unwrap_or_default()),
            plain: bases.get(1).cloned(),
            host: host.to_owned(),
            repository: repository.to_owned(),
            login,
            authorization: Mutex::new([None, None]),
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
        let mut ask = Ask::read(method, path);
        if let Some(accept) = accept {
            ask = ask.with(ACCEPT, accept);
        }
        if from > 0 {
            ask = ask.with(RANGE, format!("bytes={from}-"));
        }
        self.send(&ask).await
    }

    /// The tries of one piece of work.
    pub(super) const fn tries(&self) -> Tries {
        self.network.timing.tries()
    }

    /// Asks, with tries and log-in, until there is an answer of success.
    pub(super) async fn send(&self, ask: &Ask<'_>) -> Result<Response, Failure> {
        let mut tries = self.tries();
        loop {
            match self.once(ask).await {
                Ok(response) => return Ok(response),
                Err(failure) => tries.after(failure).await?,
            }
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

    /// Asks without further tries, for what must not be repeated as it is.
    pub(super) async fn once(&self, ask: &Ask<'_>) -> Result<Response, Failure> {
        loop {
            match self.logged_in(ask).await {
                Err(Failure::Network(error)) if error.is_connect() && self.fall_back() => {}
                result => return result,
            }
        }
    }

    async fn logged_in(&self, ask: &Ask<'_>) -> Result<Response, Failure> {
        let mut logged_in = false;
        loop {
            let (url, ours) = self.address(ask)?;
            let mut request = self
                .network
                .request(ask.method.clone(), url, ask.body.clone())
                .map_err(Failure::Explained)?;
            for (name, value) in &ask.headers {
                request = request.header(name, value);
            }
            if let Some(value) = self.known(ask.access).filter(|_| ours) {
                request = request.header(AUTHORIZATION, value);
            }
            let response = request.send().await?;
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            // Once a request: what is denied again is denied.
            if status == StatusCode::UNAUTHORIZED && ours && !logged_in {
                logged_in = true;
                if self.log_in(&response, ask.access).await? {
                    continue;
                }
            }
            return Err(net::refusal(response).await);
        }
    }

    /// The address of a request, and whether it is the registry's own: only there do credentials
    /// belong.
    fn address(&self, ask: &Ask<'_>) -> Result<(Url, bool), Failure> {
        let base = self.base();
        let parse = |text: &str| {
            Url::parse(text).map_err(|_| Failure::Wrong(format!("{text} is no address")))
        };
        match &ask.at {
            At::Path(path) => {
                let url = parse(&format!("{base}/v2/{}/{path}", self.repository))?;
                Ok((url, true))
            }
            At::Url(url) => Ok(((*url).clone(), parse(&base)?.origin() == url.origin())),
        }
    }

    /// Who may write may read.
    fn known(&self, access: Access) -> Option<HeaderValue> {
        let [read, write] = &*self
            .authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match access {
            Access::Pull => read.as_ref().or(write.as_ref()).cloned(),
            Access::Push => write.clone(),
        }
    }

    /// Answers the challenge of a 401; false when nothing can be answered.
    async fn log_in(&self, response: &Response, access: Access) -> Result<bool, Failure> {
        let challenges: Vec<Challenge> = response
            .headers()
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(Challenge::parse)
            .collect();
        if let Some(bearer) = challenges.iter().find(|c| c.scheme == "bearer") {
            let token = self.token(bearer, access).await?;
            return self.remember(&format!("Bearer {token}"), &[access]);
        }
        if challenges.iter().any(|c| c.scheme == "basic")
            && let Some(Login::Password(login)) = &self.login
        {
            use base64::Engine as _;
            let pair = format!("{}:{}", login.username, login.password);
            let encoded = base64::prelude::BASE64_STANDARD.encode(pair);
            return self.remember(&format!("Basic {encoded}"), &[Access::Pull, Access::Push]);
        }
        Ok(false)
    }

    fn remember(&self, value: &str, accesses: &[Access]) -> Result<bool, Failure> {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Failure::Wrong(format!("{} gave a token that is none", self.host)))?;
        value.set_sensitive(true);
        let mut known = self
            .authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for access in accesses {
            known[*access as usize] = Some(value.clone());
        }
        Ok(true)
    }

    /// What the token is to allow: what the registry asks for, but for writing never less than that.
    fn scope(&self, asked: Option<&str>, access: Access) -> String {
        let may_push = |scope: &str| {
            scope.split_ascii_whitespace().any(|part| {
                part.rsplit(':')
                    .next()
                    .is_some_and(|actions| actions.split(',').any(|a| matches!(a, "push" | "*")))
            })
        };
        match (asked, access) {
            (Some(scope), Access::Pull) => scope.to_owned(),
            (Some(scope), Access::Push) if may_push(scope) => scope.to_owned(),
            (_, Access::Push) => format!("repository:{}:pull,push", self.repository),
            (None, Access::Pull) => format!("repository:{}:pull", self.repository),
        }
    }

    /// A token from the server that the registry names (distribution, "Token Authentication").
    async fn token(&self, challenge: &Challenge, access: Access) -> Result<String, Failure> {
        let realm = challenge.get("realm").unwrap_or_default();
        let wrong = |why: &str| Failure::Wrong(format!("{} names a token server {why}", self.host));
        let mut url = Url::parse(realm).map_err(|_| wrong("that is no URL"))?;
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
        let scope = self.scope(challenge.get("scope"), access);
        let request = match &self.login {
            Some(Login::IdentityToken(refresh)) => self
                .network
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
                let request = self.network.http.get(url);
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
        if !status.is_success() {
            return Err(net::refusal(response).await);
        }
        let body = net::read(response, MAX_TOKEN).await?;
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
