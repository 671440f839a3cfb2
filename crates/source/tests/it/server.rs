//! A web server on a port of this machine that answers what a test wants.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// What came in: `METHOD path`, the headers in lower case, and the body.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn method(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }

    pub fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    /// First byte of `Range: bytes=N-`.
    pub fn from(&self) -> Option<usize> {
        let range = self.header("range")?.strip_prefix("bytes=")?;
        range.trim_end_matches('-').parse().ok()
    }
}

/// What goes out.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Sends only so many bytes of the body and hangs up.
    pub cut: Option<usize>,
    /// Sends the body in chunks, without telling its length before.
    pub chunked: bool,
    /// Hangs up without an answer.
    pub silent: bool,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            cut: None,
            chunked: false,
            silent: false,
        }
    }

    /// No answer at all.
    pub fn none() -> Self {
        Self {
            silent: true,
            ..Self::new(500, "")
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    pub fn cut(mut self, at: usize) -> Self {
        self.cut = Some(at);
        self
    }
}

pub struct Server {
    pub address: String,
    pub requests: Arc<Mutex<Vec<Request>>>,
}

/// A request and its number, from 0.
type Answer = dyn Fn(&Request, usize) -> Reply + Send + Sync;

impl Server {
    pub fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(None, answer)
    }

    pub fn start_tls(
        tls: rustls::ServerConfig,
        answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(Arc::new(tls)), answer)
    }

    fn listen(
        tls: Option<Arc<rustls::ServerConfig>>,
        answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer: Arc<Answer> = Arc::new(answer);
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, seen, tls) = (Arc::clone(&answer), Arc::clone(&seen), tls.clone());
                std::thread::spawn(move || {
                    // A client that hangs up is no trouble of the server's.
                    let _ = match tls {
                        None => talk(stream, &*answer, &seen),
                        Some(tls) => {
                            let connection = rustls::ServerConnection::new(tls).unwrap();
                            let stream = rustls::StreamOwned::new(connection, stream);
                            talk(stream, &*answer, &seen)
                        }
                    };
                });
            }
        });
        Self { address, requests }
    }

    /// An address on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Their lines.
    pub fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|r| r.line).collect()
    }
}

fn talk<S: Read + Write>(
    stream: S,
    answer: &Answer,
    seen: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let Some(request) = receive(&mut stream)? else {
            return Ok(());
        };
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let reply = answer(&request, number);
        if reply.silent {
            return Ok(());
        }
        let bodiless = request.method() == "HEAD" || matches!(reply.status, 204 | 304);
        let mut head = format!("HTTP/1.1 {} X\r\n", reply.status);
        for (key, value) in &reply.headers {
            head.push_str(&format!("{key}: {value}\r\n"));
        }
        if reply.chunked {
            head.push_str("Transfer-Encoding: chunked\r\n");
        } else if reply.status != 304 {
            head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
        }
        let out = stream.get_mut();
        out.write_all(head.as_bytes())?;
        out.write_all(b"\r\n")?;
        if reply.chunked {
            for piece in reply.body.chunks(1 << 10) {
                out.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
                out.write_all(piece)?;
                out.write_all(b"\r\n")?;
            }
            out.write_all(b"0\r\n\r\n")?;
        } else if !bodiless {
            out.write_all(&reply.body[..reply.cut.unwrap_or(reply.body.len())])?;
        }
        out.flush()?;
        if reply.cut.is_some() {
            return Ok(());
        }
    }
}

fn receive(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 || !line.contains("HTTP/1.1") {
        return Ok(None);
    }
    let mut request = Request {
        line: line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
        headers: BTreeMap::new(),
        body: Vec::new(),
    };
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((key, value)) = header.split_once(':') else {
            break;
        };
        request
            .headers
            .insert(key.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = request
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}
