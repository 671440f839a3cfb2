use std::io::{self, Read};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use reqwest::header::CONTENT_RANGE;
use reqwest::{Method, Response, StatusCode};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::session::Session;
use crate::net::{Asked, Failure, What, headers};

/// Pieces under way between the network and the reader.
const PIECES: usize = 16;

/// What is wanted of a blob.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    path: String,
    /// First byte.
    from: u64,
    /// Size of the whole.
    size: u64,
    now: Option<SystemTime>,
}

impl Wanted {
    pub(super) fn whole(digest: &str, size: u64) -> Self {
        Self::from(digest, size, 0)
    }

    pub(super) fn from(digest: &str, size: u64, from: u64) -> Self {
        Self {
            path: format!("blobs/{digest}"),
            from,
            size,
            now: None,
        }
    }

    pub(super) fn at(mut self, now: Option<SystemTime>) -> Self {
        self.now = now;
        self
    }

    /// The first answer, to see whether there is such a blob at all.
    pub(super) async fn ask(&self, session: &Session) -> Result<Response, Failure> {
        session.get(Method::GET, &self.path, None, self.from).await
    }
}

/// Streams a blob, beginning with an answer that is there already; dropping the reader ends the
/// download.
pub(super) fn open(
    runtime: &Arc<Runtime>,
    session: &Arc<Session>,
    wanted: Wanted,
    first: Option<Response>,
) -> BlobReader {
    let (sender, receiver) = mpsc::channel(PIECES);
    let session = Arc::clone(session);
    runtime.spawn(async move {
        if let Err(error) = fetch(&session, &wanted, first, &sender).await {
            // The reader may have gone, and then nobody asks any more.
            let _ = sender.send(Err(error)).await;
        }
    });
    BlobReader {
        receiver,
        piece: Bytes::new(),
        _runtime: Arc::clone(runtime),
    }
}

async fn fetch(
    session: &Session,
    wanted: &Wanted,
    mut first: Option<Response>,
    sender: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let mut done = wanted.from;
    let mut tries = session.tries();
    loop {
        let before = done;
        let failure = match piece(session, wanted, first.take(), &mut done, sender).await {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        if done > before {
            tries.progress();
        }
        // Other failures were tried again by the session.
        let result = match failure {
            Failure::Network(_) => tries.after(failure).await,
            failure => Err(failure),
        };
        result.map_err(|failure| into_io(failure, session, wanted))?;
    }
}

/// One request: from where the last one broke off until it ends or breaks off itself.
async fn piece(
    session: &Session,
    wanted: &Wanted,
    first: Option<Response>,
    done: &mut u64,
    sender: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), Failure> {
    let mut response = match first {
        Some(response) => response,
        None => session.get(Method::GET, &wanted.path, None, *done).await?,
    };
    // What was sent before comes again from servers that know no ranges (RFC 9110, 14.2).
    let mut skip = match response.status() {
        StatusCode::PARTIAL_CONTENT => {
            let range = response
                .headers()
                .get(CONTENT_RANGE)
                .and_then(|value| headers::content_range(value.to_str().ok()?));
            let from = range.and_then(|range| range.bytes).map(|(from, _)| from);
            if from != Some(*done) {
                return Err(Failure::Wrong(format!(
                    "{} resumes the download at another place than asked",
                    session.host
                )));
            }
            0
        }
        _ => *done,
    };
    while let Some(mut chunk) = response.chunk().await? {
        let drop = skip.min(chunk.len() as u64);
        skip -= drop;
        // At most the length of a chunk.
        let _ = chunk.split_to(usize::try_from(drop).unwrap_or(chunk.len()));
        if chunk.is_empty() {
            continue;
        }
        *done += chunk.len() as u64;
        // A server that sends without end is stopped by the reader, who knows the size.
        if sender.send(Ok(chunk)).await.is_err() || *done > wanted.size {
            return Ok(());
        }
    }
    Ok(())
}

fn into_io(failure: Failure, session: &Session, wanted: &Wanted) -> io::Error {
    let kind = match &failure {
        Failure::Wrong(_) => io::ErrorKind::InvalidData,
        missing if missing.is_missing() => io::ErrorKind::NotFound,
        _ => io::ErrorKind::Other,
    };
    let error = failure.into_error(&Asked {
        target: &wanted.path,
        host: &session.host,
        what: What::Image,
        now: wanted.now,
    });
    io::Error::new(
        kind,
        match error.hint() {
            Some(hint) => format!("{error} ({hint})"),
            None => error.to_string(),
        },
    )
}

/// The bytes of a blob, in order; for threads that are none of the runtime's.
pub(super) struct BlobReader {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
    /// The download lives as long as its reader.
    _runtime: Arc<Runtime>,
}

impl Read for BlobReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let n = out.len().min(self.piece.len());
        out[..n].copy_from_slice(&self.piece.split_to(n));
        Ok(n)
    }
}
