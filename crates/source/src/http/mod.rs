//! Plain HTTP requests to what is no registry: feeds, mirrors, a Pushgateway, a file on a web
//! server or on a disk.

mod address;
mod download;
mod part;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};

pub use download::{Download, Downloaded, Validators};

use crate::net::{self, Asked, Failure, Network, What};
use crate::{Error, Progress, SourceOptions};
use address::Address;

/// A client for documents. It keeps its connections, so a program needs one. Its calls block, and
/// must not be made from asynchronous code.
///
/// Requests that fail for the moment (429, 5xx, a connection that breaks) are made again a few
/// times, after the wait that the server asks for where it does. Proxies are those of the
/// environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`). Credentials in an address are
/// sent to its host only and are shown in no message.
#[derive(Clone)]
pub struct Client {
    network: Network,
}

impl Client {
    /// A client that trusts, and waits, as the options say.
    ///
    /// # Errors
    /// When a file of certificate authorities cannot be used.
    pub fn new(options: &SourceOptions) -> Result<Self, Error> {
        Ok(Self {
            network: Network::new(options)?,
        })
    }

    /// A document of at most `limit` bytes; `file://` too.
    ///
    /// # Errors
    /// When the address is none, nobody answers, there is no such document
    /// ([`Error::is_missing`]), or it is larger.
    pub fn get(&self, url: &str, limit: u64) -> Result<Vec<u8>, Error> {
        match Address::parse(url)? {
            Address::File(path) => crate::disk::read_limited(&path, limit),
            Address::Web { url, shown } => {
                let answer = self.ask(Method::GET, &url, &shown, None, limit);
                answer.map_err(|failure| self.explain(failure, &url, &shown))
            }
        }
    }

    /// The answer, of at most `limit` bytes, to a JSON document: a query, which may be sent more
    /// than once.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub fn post_json(&self, url: &str, body: &[u8], limit: u64) -> Result<Vec<u8>, Error> {
        let body = ("application/json", body.to_vec());
        self.send(Method::POST, url, body, limit)
    }

    /// Stores a body at an address (`PUT`).
    ///
    /// # Errors
    /// When the address is none, nobody answers, or the answer is no success.
    pub fn put(&self, url: &str, content_type: &str, body: Vec<u8>) -> Result<(), Error> {
        let limit = net::MAX_MESSAGE as u64;
        self.send(Method::PUT, url, (content_type, body), limit)
            .map(|_| ())
    }

    /// Fetches a file, or as much of it as is missing, or nothing when it did not change.
    ///
    /// # Errors
    /// As for [`Client::get`], and when the disk cannot take it. What came so far is kept, and the
    /// next call goes on from there.
    pub fn download(
        &self,
        request: &Download<'_>,
        progress: &dyn Progress,
    ) -> Result<Downloaded, Error> {
        download::run(&self.network, request, progress)
    }

    fn send(
        &self,
        method: Method,
        url: &str,
        (content_type, body): (&str, Vec<u8>),
        limit: u64,
    ) -> Result<Vec<u8>, Error> {
        let Address::Web { url, shown } = Address::parse(url)? else {
            return Err(Error::usage(address::shown(url), "takes no requests")
                .with_hint("name an address that begins with http:// or https://"));
        };
        let content_type = HeaderValue::from_str(content_type)
            .map_err(|_| Error::usage(&*shown, "the content type is none"))?;
        let body = Some((CONTENT_TYPE, content_type, Bytes::from(body)));
        let answer = self.ask(method, &url, &shown, body, limit);
        answer.map_err(|failure| self.explain(failure, &url, &shown))
    }

    fn ask(
        &self,
        method: Method,
        url: &url::Url,
        shown: &str,
        body: Option<(HeaderName, HeaderValue, Bytes)>,
        limit: u64,
    ) -> Result<Vec<u8>, Failure> {
        self.network.runtime.block_on(async {
            let mut tries = self.network.timing.tries();
            loop {
                let content = body.as_ref().map(|(.., content)| content.clone());
                let mut request = self
                    .network
                    .request(method.clone(), url.clone(), content)
                    .map_err(Failure::Explained)?
                    .header(ACCEPT_ENCODING, "identity");
                if let Some((name, value, _)) = &body {
                    request = request.header(name, value);
                }
                match answer(request, shown, limit).await {
                    Ok(body) => return Ok(body),
                    Err(failure) => tries.after(failure).await?,
                }
            }
        })
    }

    fn explain(&self, failure: Failure, url: &url::Url, shown: &str) -> Error {
        explain(&self.network, failure, url, shown)
    }
}

fn explain(network: &Network, failure: Failure, url: &url::Url, shown: &str) -> Error {
    failure.into_error(&Asked {
        target: shown,
        host: &address::host(url),
        what: What::Document,
        now: network.now,
    })
}

async fn answer(
    request: reqwest::RequestBuilder,
    shown: &str,
    limit: u64,
) -> Result<Vec<u8>, Failure> {
    let response = request.send().await?;
    if !response.status().is_success() {
        return Err(net::refusal(response).await);
    }
    net::read(response, usize::try_from(limit).unwrap_or(usize::MAX))
        .await
        .map_err(|failure| match failure {
            Failure::Wrong(_) => Failure::Explained(download::too_large(shown, limit)),
            other => other,
        })
}
