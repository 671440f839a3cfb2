use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::Scope;

/// Bytes of one piece.
const PIECE: usize = 256 << 10;
/// Pieces that are full or being read at the same time.
const PIECES: usize = 4;

/// What another thread reads ahead, in a fixed number of pieces that go back and forth: unpacking
/// a layer and looking into it then take two cores, where one layer is most of the image.
pub(crate) struct Ahead {
    full: Receiver<io::Result<Piece>>,
    free: Sender<Vec<u8>>,
    piece: Piece,
    ended: bool,
}

#[derive(Default)]
struct Piece {
    bytes: Vec<u8>,
    used: usize,
    filled: usize,
}

impl Ahead {
    /// Reads `inner` in a thread of the scope until its end, its first error, or until the reader
    /// is dropped.
    pub(crate) fn of<'scope>(
        scope: &'scope Scope<'scope, '_>,
        inner: impl FnOnce() -> io::Result<Box<dyn Read + 'scope>> + Send + 'scope,
    ) -> Self {
        let (fill, full) = sync_channel(PIECES);
        let (free, empty) = channel();
        for _ in 0..PIECES {
            // The other end is in this function.
            let _ = free.send(Vec::new());
        }
        scope.spawn(move || {
            let result = inner().and_then(|mut inner| pump(&mut *inner, &empty, &fill));
            if let Err(error) = result {
                // A reader that has gone wants no error either.
                let _ = fill.send(Err(error));
            }
        });
        Self {
            full,
            free,
            piece: Piece::default(),
            ended: false,
        }
    }
}

fn pump(
    inner: &mut dyn Read,
    empty: &Receiver<Vec<u8>>,
    fill: &SyncSender<io::Result<Piece>>,
) -> io::Result<()> {
    while let Ok(mut bytes) = empty.recv() {
        bytes.resize(PIECE, 0);
        let mut filled = 0;
        let mut failure = None;
        let mut ended = false;
        while filled < PIECE {
            match inner.read(&mut bytes[filled..]) {
                Ok(0) => {
                    ended = true;
                    break;
                }
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    failure = Some(e);
                    break;
                }
            }
        }
        let piece = Piece {
            bytes,
            used: 0,
            filled,
        };
        if filled > 0 && fill.send(Ok(piece)).is_err() {
            return Ok(());
        }
        if let Some(error) = failure {
            return Err(error);
        }
        if ended {
            return Ok(());
        }
    }
    Ok(())
}

impl Read for Ahead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.piece.used == self.piece.filled {
            if self.ended {
                return Ok(0);
            }
            let next = match self.full.recv() {
                Ok(Ok(piece)) => piece,
                Ok(Err(error)) => {
                    self.ended = true;
                    return Err(error);
                }
                Err(_) => {
                    self.ended = true;
                    return Ok(0);
                }
            };
            let done = std::mem::replace(&mut self.piece, next);
            if !done.bytes.is_empty() {
                // The thread may have ended, and then the memory is not needed any more.
                let _ = self.free.send(done.bytes);
            }
        }
        let have = &self.piece.bytes[self.piece.used..self.piece.filled];
        let n = have.len().min(out.len());
        out[..n].copy_from_slice(&have[..n]);
        self.piece.used += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in small runs, then an error or the end.
    struct Source {
        left: usize,
        fails: bool,
    }

    impl Read for Source {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.left == 0 {
                return if self.fails {
                    Err(io::Error::other("cut"))
                } else {
                    Ok(0)
                };
            }
            let n = out.len().min(self.left).min(1000);
            for (at, byte) in out[..n].iter_mut().enumerate() {
                *byte = ((self.left - at) % 251) as u8;
            }
            self.left -= n;
            Ok(n)
        }
    }

    fn read(left: usize, fails: bool) -> (Vec<u8>, Option<String>) {
        std::thread::scope(|scope| {
            let mut ahead = Ahead::of(scope, move || Ok(Box::new(Source { left, fails })));
            let mut all = Vec::new();
            let error = ahead.read_to_end(&mut all).err().map(|e| e.to_string());
            (all, error)
        })
    }

    #[test]
    fn the_bytes_come_in_order_and_whole() {
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3_000_000] {
            let (all, error) = read(size, false);
            assert_eq!(error, None);
            assert_eq!(all.len(), size);
            assert!(
                all.iter()
                    .enumerate()
                    .all(|(at, &byte)| usize::from(byte) == (size - at) % 251)
            );
        }
    }

    #[test]
    fn what_came_before_an_error_is_given_first() {
        let (all, error) = read(2_000_000, true);
        assert_eq!(all.len(), 2_000_000);
        assert_eq!(error.as_deref(), Some("cut"));
    }

    #[test]
    fn a_dropped_reader_ends_the_thread() {
        std::thread::scope(|scope| {
            let mut ahead = Ahead::of(scope, || {
                Ok(Box::new(Source {
                    left: usize::MAX,
                    fails: false,
                }))
            });
            let mut some = [0; 10];
            ahead.read_exact(&mut some).unwrap();
        });
    }

    #[test]
    fn an_error_at_the_beginning_is_passed_on() {
        let message = std::thread::scope(|scope| {
            let mut ahead = Ahead::of(scope, || Err(io::Error::other("no layer")));
            ahead.read(&mut [0; 1]).unwrap_err().to_string()
        });
        assert_eq!(message, "no layer");
    }
}
