//! A web server for files.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A web server for the files of a folder, with validators; it counts what it sends, heads too.
pub(crate) struct Server {
    pub(crate) address: String,
    sent: Arc<AtomicU64>,
    /// Parts of paths that are refused.
    pub(crate) down: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn of(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            sent: Arc::default(),
            down: Arc::default(),
        };
        let (folder, sent) = (folder.to_owned(), Arc::clone(&server.sent));
        let down = Arc::clone(&server.down);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, sent, down) = (folder.clone(), Arc::clone(&sent), Arc::clone(&down));
                std::thread::spawn(move || serve(stream, &folder, &sent, &down));
            }
        });
        server
    }

    /// Bytes since this was asked the last time.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.swap(0, Ordering::Relaxed)
    }
}

fn serve(stream: TcpStream, folder: &Path, sent: &AtomicU64, down: &Mutex<Vec<String>>) {
    let mut out = stream.try_clone().unwrap();
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(request)) = lines.next() {
        let mut heads = BTreeMap::new();
        for line in lines.by_ref().map_while(Result::ok) {
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(": ") {
                heads.insert(name.to_ascii_lowercase(), value.to_owned());
            }
        }
        let path = request.split(' ').nth(1).unwrap_or("/").replace("%20", " ");
        let file = folder.join(path.trim_start_matches('/'));
        let broken = down
            .lock()
            .unwrap()
            .iter()
            .any(|part| path.contains(part.as_str()));
        let answer = match fs::read(&file) {
            _ if broken => b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_vec(),
            Ok(bytes) => {
                let tag = format!("\"{}\"", seaworthy_oci::Digest::of(&bytes).hex());
                if heads.get("if-none-match") == Some(&tag) {
                    format!("HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n").into_bytes()
                } else {
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Length: {}\r\n\r\n",
                        bytes.len()
                    );
                    [head.into_bytes(), bytes].concat()
                }
            }
            Err(_) => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        };
        sent.fetch_add(answer.len() as u64, Ordering::Relaxed);
        if out.write_all(&answer).is_err() {
            return;
        }
    }
}
