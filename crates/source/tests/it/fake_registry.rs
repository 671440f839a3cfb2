//! A registry of one image on a port of this machine, that can be made to misbehave.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use seaworthy_oci::Digest;
use seaworthy_oci::layout::BuiltImage;

/// What came in: `METHOD path`, and the headers in lower case.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    pub headers: BTreeMap<String, String>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What goes out.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Sends only so many bytes of the body and hangs up.
    pub cut: Option<usize>,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            cut: None,
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// Gives an answer, or none to be answered as a well-behaved registry would.
pub type Misbehave = dyn Fn(&Request, usize) -> Option<Reply> + Send + Sync;

pub struct FakeRegistry {
    pub address: String,
    pub requests: Arc<Mutex<Vec<Request>>>,
}

impl FakeRegistry {
    pub fn serve(
        image: &BuiltImage,
        misbehave: impl Fn(&Request, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let content: Arc<BTreeMap<String, (String, Vec<u8>)>> = Arc::new(content(image));
        let misbehave: Arc<Misbehave> = Arc::new(misbehave);
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (content, misbehave, seen) = (
                    Arc::clone(&content),
                    Arc::clone(&misbehave),
                    Arc::clone(&seen),
                );
                std::thread::spawn(move || {
                    let _ = talk(&stream, &content, &*misbehave, &seen);
                });
            }
        });
        Self { address, requests }
    }

    pub fn target(&self) -> String {
        format!("registry:{}/shop/web:1.8", self.address)
    }

    /// The lines of the requests so far.
    pub fn lines(&self) -> Vec<String> {
        self.requests
            .lock()
            .unwrap()
            .iter()
            .map(|r| r.line.clone())
            .collect()
    }
}

fn content(image: &BuiltImage) -> BTreeMap<String, (String, Vec<u8>)> {
    let mut content = BTreeMap::new();
    let manifest_type = "application/vnd.oci.image.manifest.v1+json".to_owned();
    let digest = Digest::of(&image.manifest);
    for name in ["1.8", digest.as_str()] {
        content.insert(
            format!("/v2/shop/web/manifests/{name}"),
            (manifest_type.clone(), image.manifest.clone()),
        );
    }
    let octets = "application/octet-stream".to_owned();
    content.insert(
        format!("/v2/shop/web/blobs/{}", Digest::of(&image.config)),
        (octets.clone(), image.config.clone()),
    );
    for layer in &image.layers {
        content.insert(
            format!("/v2/shop/web/blobs/{}", layer.digest),
            (octets.clone(), layer.blob.clone()),
        );
    }
    content
}

fn talk(
    stream: &TcpStream,
    content: &BTreeMap<String, (String, Vec<u8>)>,
    misbehave: &Misbehave,
    seen: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || !line.contains("HTTP/1.1") {
            return Ok(());
        }
        let mut request = Request {
            line: line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
            headers: BTreeMap::new(),
        };
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            match header.trim_end().split_once(": ") {
                Some((key, value)) => {
                    request
                        .headers
                        .insert(key.to_ascii_lowercase(), value.to_owned());
                }
                None => break,
            }
        }
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let reply = misbehave(&request, number).unwrap_or_else(|| behave(&request, content));
        let head_only = request.line.starts_with("HEAD");
        let mut head = format!("HTTP/1.1 {} X\r\n", reply.status);
        for (key, value) in &reply.headers {
            head.push_str(&format!("{key}: {value}\r\n"));
        }
        if !reply.headers.iter().any(|(key, _)| key == "Content-Length") {
            head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
        }
        let mut out = stream;
        out.write_all(head.as_bytes())?;
        out.write_all(b"\r\n")?;
        if !head_only {
            out.write_all(&reply.body[..reply.cut.unwrap_or(reply.body.len())])?;
        }
        out.flush()?;
        if reply.cut.is_some() {
            return Ok(());
        }
    }
}

fn behave(request: &Request, content: &BTreeMap<String, (String, Vec<u8>)>) -> Reply {
    let path = request.line.split(' ').nth(1).unwrap_or_default();
    let Some((media_type, body)) = content.get(path) else {
        return Reply::new(
            404,
            r#"{"errors":[{"code":"NAME_UNKNOWN","message":"not known here"}]}"#,
        );
    };
    let from: usize = request
        .header("range")
        .and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .trim_end_matches('-')
                .parse()
                .ok()
        })
        .unwrap_or(0);
    if from > 0 {
        return Reply::new(206, &body[from..]).with(
            "Content-Range",
            format!("bytes {from}-{}/{}", body.len() - 1, body.len()),
        );
    }
    Reply::new(200, body.clone()).with("Content-Type", media_type.clone())
}
