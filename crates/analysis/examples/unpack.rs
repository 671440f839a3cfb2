//! The floor under every scan of compressed layers: SHA-256 of the stored bytes and gunzip, with
//! the libraries that the scan uses, and nothing else. Prints the unpacked size.
//!
//! `cargo run --release -p seaworthy-analysis --example unpack -- BLOB...`

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest as _, Sha256};

struct Hashed<R>(R, Sha256);

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(out)?;
        self.1.update(&out[..n]);
        Ok(n)
    }
}

fn unpack(path: &Path) -> io::Result<u64> {
    let mut hashed = Hashed(std::fs::File::open(path)?, Sha256::new());
    let buffered = io::BufReader::with_capacity(64 << 10, &mut hashed);
    let mut inflated = flate2::bufread::MultiGzDecoder::new(buffered);
    let mut piece = vec![0; 128 << 10];
    let mut size = 0;
    loop {
        match inflated.read(&mut piece)? {
            0 => break,
            n => size += n as u64,
        }
    }
    drop(inflated);
    std::hint::black_box(hashed.1.finalize());
    Ok(size)
}

fn main() -> io::Result<()> {
    let mut paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    paths.sort_by_key(|path| std::fs::metadata(path).map_or(0, |meta| meta.len()));
    let queue = Mutex::new(paths);
    let total = Mutex::new(0);
    let work = || -> io::Result<()> {
        // The largest first, as the scan does.
        while let Some(path) = queue.lock().ok().and_then(|mut paths| paths.pop()) {
            let size = unpack(&path)?;
            if let Ok(mut total) = total.lock() {
                *total += size;
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        work()?;
        other.join().unwrap_or(Ok(()))
    })?;
    println!("{}", total.into_inner().unwrap_or(0));
    Ok(())
}
