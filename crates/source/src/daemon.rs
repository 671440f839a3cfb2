//! The daemons' sockets: Docker's HTTP interface, which Podman speaks too (Docker Engine API,
//! `GET /images/{name}/get`). The daemon packs the image as `docker save` does.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use seaworthy_oci::ImageSource;

use crate::{Error, Progress, SourceOptions, archive};

/// A daemon packs a large image before its first byte.
const PATIENCE: Duration = Duration::from_secs(600);
const MAX_HEADER: u64 = 64 << 10;
const MAX_MESSAGE: u64 = 64 << 10;

/// Whose daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Docker,
    Podman,
}

impl Engine {
    const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }

    /// Where its socket may be, the most likely place first.
    fn places(self, options: &SourceOptions) -> Vec<String> {
        let socket = |path: PathBuf| format!("unix://{}", path.display());
        let runtime = options.runtime_dir.as_deref();
        match self {
            Self::Docker => match &options.docker_host {
                Some(host) => vec![host.clone()],
                None => std::iter::once("unix:///var/run/docker.sock".to_owned())
                    .chain(runtime.map(|dir| socket(dir.join("docker.sock"))))
                    .collect(),
            },
            Self::Podman => match &options.podman_host {
                Some(host) => vec![host.clone()],
                None => runtime
                    .map(|dir| socket(dir.join("podman/podman.sock")))
                    .into_iter()
                    .chain(std::iter::once("unix:///run/podman/podman.sock".to_owned()))
                    .collect(),
            },
        }
    }
}

/// Opens an image that a daemon holds.
pub(crate) fn open(
    engine: Engine,
    reference: &str,
    options: &SourceOptions,
    progress: &dyn Progress,
) -> Result<Box<dyn ImageSource>, Error> {
    let target = format!("{}:{reference}", engine.name());
    progress.start(&target, None);
    let file = save(engine, reference, &target, options, progress);
    progress.finish();
    archive::from_file(file?, reference.to_owned(), engine.name())
}

/// The packed image, in a file without a name: it is read by seeking and gone with this process.
fn save(
    engine: Engine,
    reference: &str,
    target: &str,
    options: &SourceOptions,
    progress: &dyn Progress,
) -> Result<File, Error> {
    let stream = connect(engine, target, options)?;
    let broke =
        |e: io::Error| Error::operation(target, format!("the daemon's answer broke off: {e}"));
    let mut answer =
        Answer::ask(stream, &format!("/images/{}/get", encode(reference))).map_err(broke)?;
    if answer.status != 200 {
        let mut text = String::new();
        // The status says enough when its explanation cannot be read.
        let _ = answer.body().take(MAX_MESSAGE).read_to_string(&mut text);
        let message = message(&text);
        return Err(match answer.status {
            404 => Error::target(target, format!("the daemon has no such image: {message}"))
                .with_hint(format!(
                    "`{} pull {reference}`, or leave the scheme out to ask the registry",
                    engine.name()
                )),
            status => Error::operation(target, format!("the daemon answers {status}: {message}")),
        });
    }
    let no_room = |e: io::Error| {
        Error::operation(target, format!("cannot keep the packed image: {e}"))
            .with_hint("TMPDIR names a directory with room for it")
    };
    let mut file = tempfile::tempfile().map_err(no_room)?;
    let mut piece = vec![0; 256 << 10];
    let mut body = answer.body();
    loop {
        let n = body.read(&mut piece).map_err(broke)?;
        if n == 0 {
            break;
        }
        file.write_all(&piece[..n]).map_err(no_room)?;
        progress.advance(n as u64);
    }
    Ok(file)
}

enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(out),
            Self::Tcp(stream) => stream.read(out),
        }
    }
}

impl Stream {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Unix(stream) => stream,
            Self::Tcp(stream) => stream,
        }
    }
}

fn connect(engine: Engine, target: &str, options: &SourceOptions) -> Result<Stream, Error> {
    let mut last = None;
    for place in engine.places(options) {
        let connected = if let Some(path) = place.strip_prefix("unix://") {
            UnixStream::connect(Path::new(path)).and_then(|stream| {
                stream.set_read_timeout(Some(PATIENCE))?;
                Ok(Stream::Unix(stream))
            })
        } else if let Some(host) = place
            .strip_prefix("tcp://")
            .or_else(|| place.strip_prefix("http://"))
        {
            TcpStream::connect(host.trim_end_matches('/')).and_then(|stream| {
                stream.set_read_timeout(Some(PATIENCE))?;
                Ok(Stream::Tcp(stream))
            })
        } else {
            return Err(
                Error::usage(target, format!("{place} is not an address of a daemon"))
                    .with_hint("unix:///path/to.sock or tcp://host:port"),
            );
        };
        match connected {
            Ok(stream) => return Ok(stream),
            // A socket that is there says more than one that is not.
            Err(e) if last.is_none() || e.kind() != io::ErrorKind::NotFound => {
                last = Some((place, e));
            }
            Err(_) => {}
        }
    }
    let (place, cause) = last.unwrap_or_else(|| (String::new(), io::ErrorKind::NotFound.into()));
    let error = Error::operation(target, format!("no daemon at {place}: {cause}"));
    Err(match cause.kind() {
        io::ErrorKind::PermissionDenied => error.with_hint(format!(
            "run as a member of the group {}, or as root",
            engine.name()
        )),
        _ => error.with_hint(match engine {
            Engine::Docker => "is it running? DOCKER_HOST names another address",
            Engine::Podman => "start it with `systemctl --user start podman.socket`; CONTAINER_HOST names another address",
        }),
    })
}

/// The name in a path: all but letters, digits and a few marks as `%XX` (RFC 3986, 2.3).
fn encode(name: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `{"message": …}`, on one short line.
fn message(text: &str) -> String {
    let message = serde_json::from_str::<serde_json::Value>(text)
        .ok()
        .and_then(|value| value["message"].as_str().map(str::to_owned))
        .unwrap_or_else(|| text.to_owned());
    message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}

/// An answer of HTTP/1.1 (RFC 9112).
struct Answer {
    status: u16,
    length: Option<u64>,
    chunked: bool,
    reader: BufReader<Stream>,
}

impl Answer {
    fn ask(mut stream: Stream, path: &str) -> io::Result<Self> {
        write!(
            stream.writer(),
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: */*\r\n\r\n"
        )?;
        let mut reader = BufReader::with_capacity(256 << 10, stream);
        let mut left = MAX_HEADER;
        let mut line = |reader: &mut BufReader<Stream>| -> io::Result<String> {
            let mut text = String::new();
            let n = reader.by_ref().take(left).read_line(&mut text)?;
            left = left.saturating_sub(n as u64);
            if text.ends_with('\n') {
                Ok(text.trim_end().to_owned())
            } else {
                Err(invalid("the head has no end"))
            }
        };
        let first = line(&mut reader)?;
        let status = first
            .split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok())
            .ok_or_else(|| invalid("it is not HTTP"))?;
        let mut answer = Self {
            status,
            length: None,
            chunked: false,
            reader,
        };
        loop {
            let text = line(&mut answer.reader)?;
            if text.is_empty() {
                return Ok(answer);
            }
            let Some((key, value)) = text.split_once(':') else {
                continue;
            };
            let value = value.trim();
            if key.eq_ignore_ascii_case("content-length") {
                answer.length = value.parse().ok();
            } else if key.eq_ignore_ascii_case("transfer-encoding") {
                answer.chunked = value.eq_ignore_ascii_case("chunked");
            }
        }
    }

    fn body(&mut self) -> Body<'_> {
        Body {
            left: if self.chunked { Some(0) } else { self.length },
            first: true,
            done: false,
            answer: self,
        }
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// The content; one that is cut off is an error and not a shorter content.
struct Body<'a> {
    answer: &'a mut Answer,
    /// Bytes left of the content, or of the chunk.
    left: Option<u64>,
    first: bool,
    done: bool,
}

impl Body<'_> {
    fn next_chunk(&mut self) -> io::Result<u64> {
        let mut line = String::new();
        let reader = &mut self.answer.reader;
        // The end of the chunk before.
        if !self.first {
            reader.by_ref().take(2).read_line(&mut line)?;
            line.clear();
        }
        self.first = false;
        reader.by_ref().take(1024).read_line(&mut line)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        u64::from_str_radix(size, 16).map_err(|_| invalid("a chunk has no size"))
    }
}

impl Read for Body<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.done || out.is_empty() {
            return Ok(0);
        }
        if self.answer.chunked && self.left == Some(0) {
            let size = self.next_chunk()?;
            self.left = Some(size);
            if size == 0 {
                self.done = true;
                return Ok(0);
            }
        }
        let Some(left) = self.left else {
            return self.answer.reader.read(out);
        };
        if left == 0 {
            return Ok(0);
        }
        let want = usize::try_from(left).map_or(out.len(), |left| left.min(out.len()));
        let n = self.answer.reader.read(&mut out[..want])?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left = Some(left - n as u64);
        Ok(n)
    }
}
