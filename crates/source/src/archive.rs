//! Images in one file: what `docker save` writes, and OCI layouts in a tar. The archive's headers
//! are read by seeking; nothing is unpacked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use seaworthy_model::ReadAt as _;
use seaworthy_oci::{
    Digest, ImageConfig, ImageSource, LayerData, LayerInfo, MAX_CONFIG, MAX_LAYERS, MAX_MANIFEST,
};
use serde::Deserialize;

use crate::disk::{self, FileAt};
use crate::image::Image;
use crate::layout::{self, Files};
use crate::{Error, SourceOptions};

/// Files in an archive; images of 1000 layers have some 3000.
const MAX_FILES: usize = 100_000;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `docker save`.
    Docker,
    /// A layout in a tar.
    Oci,
    /// JSON.
    Json,
    /// None of these.
    Other,
}

/// Tells what a file is by its content.
pub(crate) fn kind(path: &Path) -> Result<Kind, Error> {
    let file = disk::open_archive(path)?;
    let mut head = [0; 512];
    let have = file
        .read_at(0, &mut head)
        .map_err(|e| Error::file(path, &e))?;
    if head[..have].trim_ascii_start().starts_with(b"{") {
        return Ok(Kind::Json);
    }
    if have < head.len() || !is_tar(&head) {
        return Ok(Kind::Other);
    }
    let Ok(files) = Members::read(file) else {
        return Ok(Kind::Other);
    };
    Ok(if files.has("manifest.json") {
        Kind::Docker
    } else if files.has("index.json") {
        Kind::Oci
    } else {
        Kind::Other
    })
}

fn is_tar(head: &[u8; 512]) -> bool {
    number(&head[148..156]).is_some_and(|said| said == checksum(head))
}

/// Opens a tar of an OCI layout.
pub(crate) fn open_oci(
    path: &Path,
    options: &SourceOptions,
) -> Result<Box<dyn ImageSource>, Error> {
    let name = crate::error::shown(path);
    let members =
        Members::read(disk::open_archive(path)?).map_err(|e| not_an_archive(&name, &e))?;
    layout::read(Arc::new(members), name, "oci-archive", None, options)
}

/// Opens what `docker save` wrote.
pub(crate) fn open_docker(path: &Path) -> Result<Box<dyn ImageSource>, Error> {
    read_docker(
        disk::open_archive(path)?,
        crate::error::shown(path),
        "docker-archive",
    )
}

/// The same, from a file that is open already.
pub(crate) fn from_file(
    file: File,
    name: String,
    kind: &'static str,
) -> Result<Box<dyn ImageSource>, Error> {
    let file = FileAt::new(file).map_err(|e| Error::operation(&*name, e.to_string()))?;
    read_docker(file, name, kind)
}

fn not_an_archive(name: &str, cause: &io::Error) -> Error {
    Error::target(name, format!("cannot be read as a tar: {cause}"))
}

/// An image of `manifest.json` (Docker image specification 1.2).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Vec<String>,
}

/// There is no digest of what is stored; diff ids are compared by the analysis, when asked to.
fn read_docker(
    file: FileAt,
    name: String,
    kind: &'static str,
) -> Result<Box<dyn ImageSource>, Error> {
    let members = Members::read(file).map_err(|e| not_an_archive(&name, &e))?;
    let damaged = |message: String| Error::target(&*name, message);
    let bytes = members
        .file("manifest.json")
        .and_then(|file| file.all(MAX_MANIFEST))
        .map_err(|e| {
            let error = damaged(format!("no docker-archive: manifest.json: {e}"));
            if members.has("index.json") {
                error.with_hint("it looks like an oci-archive:")
            } else {
                error
            }
        })?;
    let saved: Vec<Saved> = serde_json::from_slice(&bytes)
        .map_err(|e| damaged(format!("manifest.json is not valid: {e}")))?;
    let mut saved = saved.into_iter();
    let image = saved
        .next()
        .ok_or_else(|| damaged("the archive has no image".to_owned()))?;
    if saved.next().is_some() {
        return Err(Error::usage(&*name, "the archive has several images")
            .with_hint("save one image a file"));
    }
    let config_raw = members
        .file(&image.config)
        .and_then(|file| file.all(MAX_CONFIG))
        .map_err(|e| {
            damaged(format!(
                "the configuration {} cannot be read: {e}",
                image.config
            ))
        })?;
    let config = ImageConfig::parse(&config_raw).map_err(|e| damaged(e.to_string()))?;
    let diff_ids = &config.rootfs.diff_ids;
    if image.layers.len() != diff_ids.len() || image.layers.len() > MAX_LAYERS {
        return Err(damaged(format!(
            "manifest.json lists {} layers, the configuration {}",
            image.layers.len(),
            diff_ids.len()
        )));
    }
    let instructions = config.instructions(diff_ids.len());
    let mut layers = Vec::with_capacity(diff_ids.len());
    for ((path, diff_id), created_by) in image.layers.iter().zip(diff_ids).zip(instructions) {
        diff_id
            .parse::<Digest>()
            .map_err(|e| damaged(format!("the configuration names {e}")))?;
        let file = members
            .file(path)
            .map_err(|e| damaged(format!("the layer {path} cannot be read: {e}")))?;
        layers.push(LayerInfo {
            digest: None,
            diff_id: diff_id.clone(),
            size: file.len(),
            media_type: String::new(),
            unavailable: None,
            created_by,
        });
    }
    let paths = image.layers;
    let opener =
        Box::new(move |index: usize| Ok(LayerData::Random(Box::new(members.file(&paths[index])?))));
    let name = match image.repo_tags.unwrap_or_default().into_iter().next() {
        Some(tag) => format!("{name} ({tag})"),
        None => name,
    };
    Ok(Box::new(Image {
        name,
        kind,
        manifest_digest: None,
        config_digest: Some(Digest::of(&config_raw).to_string()),
        config,
        config_raw,
        layers,
        opener,
    }))
}

/// The files of an uncompressed tar, by name (POSIX pax, "ustar Interchange Format").
struct Members {
    file: FileAt,
    files: BTreeMap<String, (u64, u64)>,
    /// Names that stand for others: old versions of Docker link equal layers.
    links: BTreeMap<String, String>,
}

impl Members {
    fn read(file: FileAt) -> io::Result<Self> {
        let mut members = Self {
            file,
            files: BTreeMap::new(),
            links: BTreeMap::new(),
        };
        let mut at = 0;
        let mut long_name: Option<String> = None;
        let mut pax_size: Option<u64> = None;
        let len = members.file.len();
        // Some writers leave the empty blocks at the end out, but none stops inside a header.
        while at < len {
            if at + 512 > len {
                return Err(damaged("it is cut off".to_owned()));
            }
            let mut head = [0; 512];
            members.file.read_exact_at(at, &mut head)?;
            if head.iter().all(|b| *b == 0) {
                break;
            }
            if !is_tar(&head) {
                return Err(damaged(format!("the header at {at} is damaged")));
            }
            let size = number(&head[124..136])
                .ok_or_else(|| damaged(format!("the size at {at} is no number")))?;
            let size = match pax_size.take() {
                Some(real) if !matches!(head[156], b'x' | b'L' | b'K' | b'g') => real,
                other => {
                    pax_size = other;
                    size
                }
            };
            let start = at + 512;
            let end = start
                .checked_add(size)
                .filter(|end| *end <= len)
                .ok_or_else(|| damaged("it is cut off".to_owned()))?;
            let text = || -> io::Result<Vec<u8>> {
                members
                    .file
                    .part(start, size)
                    .ok_or_else(|| damaged("it is cut off".to_owned()))?
                    .all(1 << 20)
            };
            match head[156] {
                b'L' => long_name = Some(string(&text()?)),
                b'x' => {
                    let (path, size) = pax(&text()?);
                    long_name = path.or(long_name);
                    pax_size = size;
                }
                b'K' | b'g' => {}
                kind => {
                    let name = long_name.take().unwrap_or_else(|| header_name(&head));
                    let name = normal(&name);
                    if matches!(kind, b'0' | 0 | b'7') {
                        members.files.insert(name, (start, size));
                    } else if matches!(kind, b'1' | b'2') {
                        let to = string(&head[157..257]);
                        let to = if kind == b'2' {
                            beside(&name, &to)
                        } else {
                            normal(&to)
                        };
                        members.links.insert(name, to);
                    }
                    if members.files.len() + members.links.len() > MAX_FILES {
                        return Err(damaged(format!("it has more than {MAX_FILES} files")));
                    }
                }
            }
            at = end.next_multiple_of(512);
            if at > len {
                return Err(damaged("it is cut off".to_owned()));
            }
        }
        if members.files.is_empty() {
            return Err(damaged("it has no files".to_owned()));
        }
        Ok(members)
    }

    fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }
}

impl Files for Members {
    fn file(&self, path: &str) -> io::Result<FileAt> {
        let mut name = normal(path);
        for _ in 0..8 {
            if let Some((start, size)) = self.files.get(&name) {
                return self
                    .file
                    .part(*start, *size)
                    .ok_or_else(|| damaged("it is cut off".to_owned()));
            }
            match self.links.get(&name) {
                Some(to) => name.clone_from(to),
                None => break,
            }
        }
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            "it is not in the archive",
        ))
    }
}

fn damaged(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// A path without `.` and `..`; what would lead out of the archive stays inside.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Where a symbolic link leads.
fn beside(name: &str, to: &str) -> String {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    normal(&format!("{folder}/{to}"))
}

fn header_name(head: &[u8; 512]) -> String {
    let name = string(&head[..100]);
    let prefix = string(&head[345..500]);
    // Only ustar has a prefix; GNU keeps times there.
    if prefix.is_empty() || &head[257..263] != b"ustar\0" {
        name
    } else {
        format!("{prefix}/{name}")
    }
}

fn string(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// `path` and `size` of extended records: `LENGTH KEY=VALUE\n`.
fn pax(data: &[u8]) -> (Option<String>, Option<u64>) {
    let (mut path, mut size) = (None, None);
    let mut rest = data;
    while let Some(space) = rest.iter().position(|b| *b == b' ') {
        let len: usize = match std::str::from_utf8(&rest[..space])
            .ok()
            .and_then(|n| n.parse().ok())
        {
            Some(len) if len > space + 1 && len <= rest.len() => len,
            _ => break,
        };
        let record = String::from_utf8_lossy(&rest[space + 1..len]);
        match record.trim_end_matches('\n').split_once('=') {
            Some(("path", value)) => path = Some(value.to_owned()),
            Some(("size", value)) => size = value.parse().ok(),
            _ => {}
        }
        rest = &rest[len..];
    }
    (path, size)
}

/// An octal number, or a large one in base 256.
fn number(field: &[u8]) -> Option<u64> {
    if field.first().is_some_and(|first| first & 0x80 != 0) {
        let tail = &field[field.len() - 8..];
        return Some(u64::from_be_bytes(tail.try_into().ok()?) & (u64::MAX >> 1));
    }
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches(['\0', ' ']);
    if text.is_empty() {
        return Some(0);
    }
    u64::from_str_radix(text, 8).ok()
}

/// The sum of a header's bytes, its own field taken as spaces.
fn checksum(head: &[u8; 512]) -> u64 {
    head.iter()
        .enumerate()
        .map(|(at, byte)| {
            if (148..156).contains(&at) {
                u64::from(b' ')
            } else {
                u64::from(*byte)
            }
        })
        .sum()
}
