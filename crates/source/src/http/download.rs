use std::io::Read as _;
use std::path::Path;

use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, LAST_MODIFIED, RANGE,
};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::address::{self, Address};
use super::part::{Part, State};
use crate::net::{self, Failure, Network, headers};
use crate::{Error, Progress};

/// Requests of one download after which patience is not renewed.
const MAX_REQUESTS: u32 = 1000;

/// What tells one version of a document from another (RFC 9110, 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl Validators {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| {
            let value = headers.get(name)?.to_str().ok()?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        Self {
            etag: text(ETAG),
            last_modified: text(LAST_MODIFIED),
        }
    }

    /// What a part may be continued with: a weak tag promises the meaning, not the bytes.
    pub(super) fn if_range(&self) -> Option<&str> {
        self.etag
            .as_deref()
            .filter(|etag| !etag.starts_with("W/"))
            .or(self.last_modified.as_deref())
    }

    /// Asks for the document only when it is not this version.
    fn unless(&self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(etag) = &self.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(date) = &self.last_modified {
            request = request.header(IF_MODIFIED_SINCE, date);
        }
        request
    }

    const fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// A file to be fetched.
#[derive(Debug, Clone, Copy)]
pub struct Download<'a> {
    /// `http://`, `https://` or `file://`.
    pub url: &'a str,
    /// The file; it is replaced in one step when all of it is there. Its directory is created.
    pub to: &'a Path,
    /// Those of the version that is there already.
    pub validators: Option<&'a Validators>,
    /// Largest size in bytes.
    pub limit: u64,
    /// What it is, for the progress.
    pub name: &'a str,
}

/// What a download did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Downloaded {
    /// The version that the validators name is the current one; nothing was written.
    Unchanged,
    /// The file is new.
    Done {
        /// Of this version; empty when the server gives none.
        validators: Validators,
        /// Bytes that came over the network, or from the other file.
        bytes_received: u64,
        /// Whether an earlier transfer was gone on with.
        resumed: bool,
    },
}

pub(super) fn run(
    network: &Network,
    request: &Download<'_>,
    progress: &dyn Progress,
) -> Result<Downloaded, Error> {
    match Address::parse(request.url)? {
        Address::File(path) => copy(&path, request, progress),
        Address::Web { url, shown } => {
            let part = Part::open(request.to, &shown)?;
            let transfer = Transfer {
                network,
                request,
                progress,
                url: &url,
                shown: &shown,
                part,
                received: 0,
                resumed: false,
                started: false,
            };
            let done = network.runtime.block_on(transfer.run());
            done.map_err(|failure| super::explain(network, failure, &url, &shown))
        }
    }
}

/// A file of a disk is the same version while size and time are the same.
fn copy(from: &Path, request: &Download<'_>, progress: &dyn Progress) -> Result<Downloaded, Error> {
    use std::os::unix::fs::MetadataExt as _;
    let unreadable = |e: &std::io::Error| Error::file(from, e);
    let mut file = std::fs::File::open(from).map_err(|e| unreadable(&e))?;
    let meta = file.metadata().map_err(|e| unreadable(&e))?;
    if !meta.is_file() {
        return Err(Error::target(crate::error::shown(from), "is no file"));
    }
    let validators = Validators {
        etag: Some(format!(
            "\"{:x}-{:x}-{:x}\"",
            meta.len(),
            meta.mtime(),
            meta.mtime_nsec()
        )),
        last_modified: None,
    };
    if request.validators == Some(&validators) {
        return Ok(Downloaded::Unchanged);
    }
    let mut part = Part::open(request.to, request.url)?;
    part.restart(State::default())?;
    progress.start(request.name, Some(meta.len()));
    let mut buffer = vec![0; 256 << 10];
    let copied = loop {
        match file.read(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(n) if part.len() + n as u64 > request.limit => {
                break Err(too_large(&address::shown(request.url), request.limit));
            }
            Ok(n) => {
                if let Err(error) = part.write(&buffer[..n]) {
                    break Err(error);
                }
                progress.advance(n as u64);
            }
            Err(error) => break Err(unreadable(&error)),
        }
    };
    progress.finish();
    if let Err(error) = copied {
        part.discard();
        return Err(error);
    }
    let bytes_received = part.len();
    part.finish()?;
    Ok(Downloaded::Done {
        validators,
        bytes_received,
        resumed: false,
    })
}

pub(super) fn too_large(shown: &str, limit: u64) -> Error {
    Error::target(shown, format!("has more bytes than the limit of {limit}"))
        .with_hint("check that the address leads to the right document")
}

/// What an answer means for a transfer.
enum Step {
    /// The wanted version is the one that is there.
    Unchanged,
    /// The part turned out to be all of the current version.
    Complete,
    /// Bytes follow.
    Body(Response),
    /// The part does not fit what the server has now; ask again for the whole.
    Again,
}

struct Transfer<'a> {
    network: &'a Network,
    request: &'a Download<'a>,
    progress: &'a dyn Progress,
    url: &'a url::Url,
    shown: &'a str,
    part: Part,
    received: u64,
    resumed: bool,
    started: bool,
}

impl Transfer<'_> {
    async fn run(mut self) -> Result<Downloaded, Failure> {
        let outcome = self.with_tries().await;
        if self.started {
            self.progress.finish();
        }
        match &outcome {
            Ok(Downloaded::Done { .. }) => self.part.finish().map_err(Failure::Explained)?,
            Ok(Downloaded::Unchanged) => self.part.discard(),
            Err(_) if self.part.len() == 0 => self.part.discard(),
            // The next call goes on from here.
            Err(_) => {}
        }
        outcome
    }

    async fn with_tries(&mut self) -> Result<Downloaded, Failure> {
        let mut tries = self.network.timing.tries();
        let mut furthest = self.part.len();
        let mut requests = 0;
        loop {
            match self.once().await {
                Ok(Some(downloaded)) => return Ok(downloaded),
                Ok(None) => {}
                Err(failure) => {
                    // Only new ground counts: a server that knows no ranges sends the same again.
                    if self.part.len() > furthest && requests < MAX_REQUESTS {
                        furthest = self.part.len();
                        tries.progress();
                    }
                    tries.after(failure).await?;
                }
            }
            requests += 1;
        }
    }

    /// One request; none when another one has to follow.
    async fn once(&mut self) -> Result<Option<Downloaded>, Failure> {
        let mut response = match self.ask().await? {
            Step::Unchanged => return Ok(Some(Downloaded::Unchanged)),
            Step::Complete => {
                self.resumed = true;
                return Ok(Some(self.done()));
            }
            Step::Again => return Ok(None),
            Step::Body(response) => response,
        };
        if !self.started {
            self.started = true;
            self.progress
                .start(self.request.name, self.part.state().total);
            self.progress.advance(self.part.len());
        }
        while let Some(chunk) = response.chunk().await? {
            if self.part.len() + chunk.len() as u64 > self.request.limit {
                return Err(self.too_large());
            }
            self.part.write(&chunk).map_err(Failure::Explained)?;
            self.received += chunk.len() as u64;
            self.progress.advance(chunk.len() as u64);
        }
        match self.part.state().total {
            Some(total) if total != self.part.len() => Err(Failure::Wrong(format!(
                "{} bytes came instead of {total}",
                self.part.len()
            ))),
            _ => Ok(Some(self.done())),
        }
    }

    fn done(&self) -> Downloaded {
        Downloaded::Done {
            validators: self.part.state().validators.clone(),
            bytes_received: self.received,
            resumed: self.resumed,
        }
    }

    async fn ask(&mut self) -> Result<Step, Failure> {
        let mut request = self
            .network
            .http
            .get(self.url.clone())
            // The bytes as they are stored: ranges and digests are over those.
            .header(ACCEPT_ENCODING, "identity");
        let from = self.part.len();
        let complete = self.part.is_complete();
        let mut conditional = false;
        if complete {
            request = self.part.state().validators.unless(request);
        } else {
            if let Some(validators) = self.request.validators.filter(|v| !v.is_empty()) {
                conditional = true;
                request = validators.unless(request);
            }
            if from > 0
                && let Some(version) = self.part.state().validators.if_range()
            {
                request = request
                    .header(RANGE, format!("bytes={from}-"))
                    .header(IF_RANGE, version);
            }
        }
        let response = request.send().await?;
        match response.status() {
            StatusCode::NOT_MODIFIED if complete => Ok(Step::Complete),
            StatusCode::NOT_MODIFIED if conditional => Ok(Step::Unchanged),
            StatusCode::PARTIAL_CONTENT if from > 0 => self.go_on(response),
            StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => {
                self.restart(State::default())?;
                Ok(Step::Again)
            }
            StatusCode::OK => {
                let state = State {
                    url: self.shown.to_owned(),
                    validators: Validators::of(response.headers()),
                    total: response.content_length(),
                };
                self.check_size(state.total)?;
                self.restart(state)?;
                Ok(Step::Body(response))
            }
            status if status.is_success() || status.is_redirection() => Err(Failure::Wrong(
                format!("the server answers {status}, which was not asked for"),
            )),
            _ => Err(net::refusal(response).await),
        }
    }

    /// A server that goes on elsewhere, or with another version, is asked for the whole.
    fn go_on(&mut self, response: Response) -> Result<Step, Failure> {
        let range = response
            .headers()
            .get(CONTENT_RANGE)
            .and_then(|value| headers::content_range(value.to_str().ok()?));
        let theirs = Validators::of(response.headers());
        let state = self.part.state();
        let same_version = theirs.etag.is_none() || theirs.etag == state.validators.etag;
        let fits = range.is_some_and(|range| {
            range
                .bytes
                .is_some_and(|(first, _)| first == self.part.len())
                && (range.total.is_none() || state.total.is_none() || range.total == state.total)
        });
        if !same_version || !fits {
            self.restart(State::default())?;
            return Ok(Step::Again);
        }
        self.check_size(state.total)?;
        self.resumed = true;
        Ok(Step::Body(response))
    }

    fn restart(&mut self, state: State) -> Result<(), Failure> {
        self.resumed = false;
        self.part.restart(state).map_err(Failure::Explained)
    }

    fn check_size(&mut self, total: Option<u64>) -> Result<(), Failure> {
        match total {
            Some(total) if total > self.request.limit => Err(self.too_large()),
            _ => Ok(()),
        }
    }

    /// What came of it is of no use.
    fn too_large(&mut self) -> Failure {
        if let Err(error) = self.part.restart(State::default()) {
            return Failure::Explained(error);
        }
        Failure::Explained(too_large(self.shown, self.request.limit))
    }
}
