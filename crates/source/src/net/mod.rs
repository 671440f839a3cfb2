//! What all requests share, whoever is asked: one pool of connections, one way to trust
//! certificates, one way to try again, and one way to say what went wrong.

mod client;
mod failure;
pub(crate) mod headers;
mod timing;
mod trust;

use std::sync::Arc;
use std::time::SystemTime;

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
    pub(crate) timing: Timing,
    pub(crate) now: Option<SystemTime>,
}

impl Network {
    pub(crate) fn new(options: &SourceOptions) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| Error::operation("network", format!("no runtime: {e}")))?;
        Ok(Self {
            runtime: Arc::new(runtime),
            http: client::build(options)?,
            timing: options.timing,
            now: options.now,
        })
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
