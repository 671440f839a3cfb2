//! What all requests share, whoever is asked: one pool of connections, one way to trust
//! certificates, one way to try again, and one way to say what went wrong.

mod client;
mod failure;
pub(crate) mod headers;
mod timing;
mod trust;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::{Method, RequestBuilder};
use tokio::runtime::Runtime;

pub(crate) use failure::{Asked, Failure, What, clean};
pub use timing::Timing;
pub(crate) use timing::Tries;

use crate::{Error, SourceOptions};

/// Largest error message that is read.
pub(crate) const MAX_MESSAGE: usize = 64 << 10;

/// The way out. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) http: reqwest::Client,
    /// For large bodies, made when the first is sent.
    uploads: Arc<OnceLock<reqwest::Client>>,
    options: Arc<SourceOptions>,
    pub(crate) timing: Timing,
    pub(crate) now: Option<SystemTime>,
}

/// Bodies up to this size are sent as any request, in bytes.
const SMALL: usize = 64 << 10;
/// Slowest line over which larger ones are sent, in bytes a second.
const SLOWEST: u64 = 16 << 10;

impl Network {
    pub(crate) fn new(options: &SourceOptions) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| Error::operation("network", format!("no runtime: {e}")))?;
        Ok(Self {
            runtime: Arc::new(runtime),
            http: client::build(options, Some(options.timing.read))?,
            uploads: Arc::default(),
            options: Arc::new(options.clone()),
            timing: options.timing,
            now: options.now,
        })
    }

    /// A request with a body, which gets the time that a slow line needs for it.
    pub(crate) fn request(
        &self,
        method: Method,
        url: url::Url,
        body: Option<Bytes>,
    ) -> Result<RequestBuilder, Error> {
        let Some(body) = body else {
            return Ok(self.http.request(method, url));
        };
        let size = body.len();
        if size <= SMALL {
            return Ok(self.http.request(method, url).body(body));
        }
        let uploads = match self.uploads.get() {
            Some(client) => client,
            None => {
                let client = client::build(&self.options, None)?;
                self.uploads.get_or_init(|| client)
            }
        };
        let time = self.timing.read + Duration::from_secs(size as u64 / SLOWEST);
        Ok(uploads.request(method, url).timeout(time).body(body))
    }
}

/// A body of at most `limit` bytes.
pub(crate) async fn read(
    mut response: reqwest::Response,
    limit: usize,
) -> Result<Vec<u8>, Failure> {
    let too_large = || {
        Failure::Wrong(format!(
            "an answer has more than the limit of {limit} bytes"
        ))
    };
    if response
        .content_length()
        .is_some_and(|length| length > limit as u64)
    {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The failure that an answer without success is, with what the server says about it.
pub(crate) async fn refusal(mut response: reqwest::Response) -> Failure {
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while body.len() < MAX_MESSAGE {
        match response.chunk().await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            // What came so far may say enough.
            _ => break,
        }
    }
    body.truncate(MAX_MESSAGE);
    Failure::of_status(status, &headers, &body)
}
