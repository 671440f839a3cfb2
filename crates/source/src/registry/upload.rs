//! Blobs on their way into a registry (distribution specification 1.1, "Pushing Blobs").

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, RANGE};
use reqwest::{Method, Response};
use seaworthy_oci::Digest;
use url::Url;

use super::session::{Access, Ask, At, Session};
use crate::net::{Failure, Tries, headers};

/// Larger blobs are sent in pieces of this size, so that a connection that breaks costs one piece.
const CHUNK: usize = 8 << 20;
/// Largest piece that a registry may insist on.
const MAX_CHUNK: usize = 256 << 20;
const MIN_CHUNK_HEADER: HeaderName = HeaderName::from_static("oci-chunk-min-length");

/// Whether the registry has a blob. Who is about to write asks with the right to do so: a repository
/// that does not exist yet can be denied to whoever only reads.
pub(super) async fn exists(
    session: &Session,
    digest: &Digest,
    access: Access,
) -> Result<bool, Failure> {
    let path = format!("blobs/{digest}");
    let ask = Ask {
        access,
        ..Ask::read(Method::HEAD, &path)
    };
    match session.send(&ask).await {
        Ok(_) => Ok(true),
        Err(failure) if failure.is_missing() => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Sends a blob that the registry does not have yet.
pub(super) async fn blob(session: &Session, bytes: &[u8], digest: &Digest) -> Result<(), Failure> {
    let mut tries = session.tries();
    let mut chunked = bytes.len() > CHUNK;
    loop {
        let sent = if chunked {
            in_chunks(session, bytes, digest, &mut tries).await
        } else {
            whole(session, bytes, digest).await
        };
        match sent {
            Ok(()) => return Ok(()),
            Err(failure) if chunked && knows_no_chunks(&failure) => chunked = false,
            Err(failure) => {
                tries.after(failure).await?;
                // The blob may have arrived, and only the answer have been lost.
                if exists(session, digest, Access::Push).await? {
                    return Ok(());
                }
            }
        }
    }
}

/// Some registries take a blob only as a whole.
fn knows_no_chunks(failure: &Failure) -> bool {
    matches!(
        failure.status(),
        Some(400 | 404 | 405 | 411 | 415 | 416 | 501)
    )
}

/// An upload that was begun.
struct Upload {
    url: Url,
    /// Bytes that the registry has.
    received: u64,
    chunk: usize,
}

impl Upload {
    async fn begin(session: &Session) -> Result<Self, Failure> {
        let ask = Ask::write(Method::POST, At::Path("blobs/uploads/"), Bytes::new());
        let response = session.send(&ask).await?;
        let wanted = response
            .headers()
            .get(MIN_CHUNK_HEADER)
            .and_then(|value| value.to_str().ok()?.trim().parse::<usize>().ok())
            .unwrap_or(0);
        if wanted > MAX_CHUNK {
            return Err(Failure::Wrong(format!(
                "{} wants pieces of {wanted} bytes, more than the limit of {MAX_CHUNK}",
                session.host
            )));
        }
        Ok(Self {
            url: location(session, &response)?,
            received: 0,
            chunk: CHUNK.max(wanted),
        })
    }

    /// Where the last piece goes, which names the digest.
    fn end(&self, digest: &Digest) -> Url {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("digest", digest.as_str());
        url
    }

    /// Sends the piece after what is there.
    async fn piece(&mut self, session: &Session, bytes: &[u8]) -> Result<(), Failure> {
        let from = usize::try_from(self.received).unwrap_or(bytes.len());
        let to = bytes.len().min(from + self.chunk);
        let piece = Bytes::copy_from_slice(&bytes[from..to]);
        let ask = Ask::write(Method::PATCH, At::Url(&self.url), piece)
            .with(CONTENT_TYPE, "application/octet-stream")
            .with(CONTENT_RANGE, format!("{from}-{}", to - 1));
        let response = session.once(&ask).await?;
        let received = received(response.headers()).unwrap_or(to as u64);
        self.url = location(session, &response)?;
        if received <= self.received || received > to as u64 {
            return Err(out_of_step(session));
        }
        self.received = received;
        Ok(())
    }

    /// Asks the registry how much it has; false when the upload is lost.
    async fn catch_up(&mut self, session: &Session, size: u64) -> Result<bool, Failure> {
        let ask = Ask {
            at: At::Url(&self.url),
            access: Access::Push,
            ..Ask::read(Method::GET, "")
        };
        let response = match session.send(&ask).await {
            Ok(response) => response,
            Err(failure) if matches!(failure.status(), Some(400..=499)) => return Ok(false),
            Err(failure) => return Err(failure),
        };
        // `0-0` is one byte by the specification and none in practice, so it is no ground to
        // stand on.
        match received(response.headers()) {
            Some(received) if received > 1 && received <= size => self.received = received,
            _ => return Ok(false),
        }
        if response.headers().contains_key(LOCATION) {
            self.url = location(session, &response)?;
        }
        Ok(true)
    }
}

/// In one request after the one that begins.
async fn whole(session: &Session, bytes: &[u8], digest: &Digest) -> Result<(), Failure> {
    let upload = Upload::begin(session).await?;
    let url = upload.end(digest);
    let ask = Ask::write(Method::PUT, At::Url(&url), Bytes::copy_from_slice(bytes))
        .with(CONTENT_TYPE, "application/octet-stream");
    session.once(&ask).await.map(|_| ())
}

/// In pieces; one that fails is sent again from where the registry has it.
async fn in_chunks(
    session: &Session,
    bytes: &[u8],
    digest: &Digest,
    tries: &mut Tries,
) -> Result<(), Failure> {
    let size = bytes.len() as u64;
    let mut upload = Upload::begin(session).await?;
    let mut furthest = 0;
    while upload.received < size {
        if let Err(failure) = upload.piece(session, bytes).await {
            let begun = upload.received > 0;
            if failure.status() == Some(416) && begun {
                tries.anyway(failure).await?;
            } else {
                tries.after(failure).await?;
            }
            if !upload.catch_up(session, size).await? {
                upload = Upload::begin(session).await?;
            }
        }
        if upload.received > furthest {
            furthest = upload.received;
            tries.progress();
        }
    }
    let url = upload.end(digest);
    let ask = Ask::write(Method::PUT, At::Url(&url), Bytes::new())
        .with(CONTENT_TYPE, "application/octet-stream");
    session.once(&ask).await.map(|_| ())
}

fn received(headers: &HeaderMap) -> Option<u64> {
    headers::uploaded(headers.get(RANGE)?.to_str().ok()?)
}

fn out_of_step(session: &Session) -> Failure {
    Failure::Wrong(format!(
        "{} says that it has another part of the upload than was sent",
        session.host
    ))
}

fn location(session: &Session, response: &Response) -> Result<Url, Failure> {
    let location = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| {
            Failure::Wrong(format!("{} names no address for the upload", session.host))
        })?;
    headers::follow(response.url(), location).map_err(|why| {
        Failure::Wrong(format!(
            "{} names an address for the upload {why}",
            session.host
        ))
    })
}
