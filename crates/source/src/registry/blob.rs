use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::CONTENT_RANGE;
use reqwest::{Method, StatusCode};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::failure::Failure;
use super::session::Session;

/// Pieces under way between the network and the reader.
const PIECES: usize = 16;
/// How often a download that breaks off is taken up again without a byte in between.
const RESUMES: u32 = 5;

/// Streams a blob; dropping the reader ends the download.
pub(super) fn open(
    runtime: &Arc<Runtime>,
    session: &Arc<Session>,
    digest: &str,
    size: u64,
) -> BlobReader {
    let (sender, receiver) = mpsc::channel(PIECES);
    let session = Arc::clone(session);
    let path = format!("blobs/{digest}");
    runtime.spawn(async move {
        if let Err(error) = fetch(&session, &path, size, &sender).await {
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
    path: &str,
    size: u64,
    sender: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let mut done = 0_u64;
    let mut resumes = 0;
    loop {
        let failure = match piece(session, path, size, &mut done, &mut resumes, sender).await {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        resumes += 1;
        if !matches!(failure, Failure::Network(_)) || resumes > RESUMES {
            return Err(into_io(failure, &session.host, path));
        }
        let delay = session.timing.delays[(resumes as usize - 1).min(3)];
        tokio::time::sleep(delay).await;
    }
}

/// One request: from where the last one broke off until it ends or breaks off itself.
async fn piece(
    session: &Session,
    path: &str,
    size: u64,
    done: &mut u64,
    resumes: &mut u32,
    sender: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), Failure> {
    let mut response = session.get(Method::GET, path, None, *done).await?;
    // What was sent before comes again from servers that know no ranges (RFC 9110, 14.2).
    let mut skip = match response.status() {
        StatusCode::PARTIAL_CONTENT => {
            let from = response
                .headers()
                .get(CONTENT_RANGE)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| {
                    value
                        .strip_prefix("bytes ")?
                        .split('-')
                        .next()?
                        .parse::<u64>()
                        .ok()
                });
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
        *resumes = 0;
        // A server that sends without end is stopped by the reader, who knows the size.
        if sender.send(Ok(chunk)).await.is_err() || *done > size {
            return Ok(());
        }
    }
    Ok(())
}

fn into_io(failure: Failure, host: &str, path: &str) -> io::Error {
    let kind = match &failure {
        Failure::Wrong(_) => io::ErrorKind::InvalidData,
        missing if missing.is_missing() => io::ErrorKind::NotFound,
        _ => io::ErrorKind::Other,
    };
    let error = failure.into_error(path, host);
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
