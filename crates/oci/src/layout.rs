//! Writes images: equal content gives equal bytes (times are 0, owners root, entries in the order
//! given). Test fixtures, the example image and, later, patched images are made with it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use crate::{Compression, Digest, Platform};

/// What an entry of a layer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryContent {
    /// A file.
    File(Vec<u8>),
    /// A directory.
    Directory,
    /// A symbolic link to a path.
    Symlink(String),
    /// A hard link to a path of the same layer.
    HardLink(String),
}

/// One entry of a layer's tar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerEntry {
    /// Path from the root, without a leading slash.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// The rest.
    pub content: EntryContent,
}

impl LayerEntry {
    /// A file that everybody may read.
    #[must_use]
    pub fn file(path: &str, content: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.to_owned(),
            mode: 0o644,
            content: EntryContent::File(content.into()),
        }
    }

    /// A file that everybody may execute.
    #[must_use]
    pub fn executable(path: &str, content: impl Into<Vec<u8>>) -> Self {
        Self {
            mode: 0o755,
            ..Self::file(path, content)
        }
    }

    /// The mark that deletes `path` of lower layers (layer.md, "Whiteouts").
    #[must_use]
    pub fn whiteout(path: &str) -> Self {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let slash = if dir.is_empty() { "" } else { "/" };
        Self::file(&format!("{dir}{slash}.wh.{name}"), Vec::new())
    }

    /// A symbolic link.
    #[must_use]
    pub fn symlink(path: &str, target: &str) -> Self {
        Self {
            path: path.to_owned(),
            mode: 0o777,
            content: EntryContent::Symlink(target.to_owned()),
        }
    }
}

/// One layer to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSpec {
    /// The entries, in order.
    pub entries: Vec<LayerEntry>,
    /// The instruction for the history.
    pub created_by: String,
    /// How it is packed; docker-archives hold plain tars whatever this says.
    pub compression: Compression,
}

/// A step of the history: a layer, or an instruction that changed no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A layer.
    Layer(LayerSpec),
    /// `CMD`, `ENV` …
    Instruction(String),
}

/// An image to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSpec {
    /// Name and tag for indexes: `storefront:1.0`.
    pub name: String,
    /// Platform.
    pub platform: Platform,
    /// User, empty for root.
    pub user: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// The history, bottom first.
    pub steps: Vec<Step>,
}

impl ImageSpec {
    /// An image for linux/amd64 with gzip layers of the given entries.
    #[must_use]
    pub fn of_layers(name: &str, layers: Vec<Vec<LayerEntry>>) -> Self {
        Self {
            name: name.to_owned(),
            platform: Platform {
                os: "linux".to_owned(),
                architecture: "amd64".to_owned(),
                variant: None,
            },
            user: String::new(),
            labels: BTreeMap::new(),
            steps: layers
                .into_iter()
                .enumerate()
                .map(|(index, entries)| {
                    Step::Layer(LayerSpec {
                        entries,
                        created_by: format!("COPY layer{index} / # test"),
                        compression: Compression::Gzip,
                    })
                })
                .collect(),
        }
    }
}

/// A packed layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltLayer {
    /// The plain tar.
    pub tar: Vec<u8>,
    /// The stored bytes.
    pub blob: Vec<u8>,
    /// Digest of the plain tar.
    pub diff_id: Digest,
    /// Digest of the stored bytes.
    pub digest: Digest,
    /// Media type of the stored bytes.
    pub media_type: &'static str,
}

/// An image as bytes, ready to be stored or served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// Name and tag.
    pub name: String,
    /// Platform.
    pub platform: Platform,
    /// Layers, bottom first.
    pub layers: Vec<BuiltLayer>,
    /// The configuration.
    pub config: Vec<u8>,
    /// The OCI manifest.
    pub manifest: Vec<u8>,
}

/// Packs an image.
///
/// # Errors
/// What the packer says; bytes in memory do not fail.
pub fn build(spec: &ImageSpec) -> io::Result<BuiltImage> {
    let mut layers = Vec::new();
    let mut history = Vec::new();
    for step in &spec.steps {
        match step {
            Step::Instruction(text) => {
                history.push(json!({"created_by": text, "empty_layer": true}));
            }
            Step::Layer(layer) => {
                history.push(json!({"created_by": layer.created_by}));
                layers.push(build_layer(layer)?);
            }
        }
    }
    let mut config = json!({
        "architecture": spec.platform.architecture,
        "os": spec.platform.os,
        "created": "1970-01-01T00:00:00Z",
        "config": {"User": spec.user, "Labels": spec.labels},
        "rootfs": {
            "type": "layers",
            "diff_ids": layers.iter().map(|l| l.diff_id.as_str()).collect::<Vec<_>>(),
        },
        "history": history,
    });
    if let Some(variant) = &spec.platform.variant {
        config["variant"] = json!(variant);
    }
    let config = config.to_string().into_bytes();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
        "layers": layers.iter().map(|l| descriptor(l.media_type, &l.blob)).collect::<Vec<_>>(),
    })
    .to_string()
    .into_bytes();
    Ok(BuiltImage {
        name: spec.name.clone(),
        platform: spec.platform.clone(),
        layers,
        config,
        manifest,
    })
}

/// A descriptor of bytes.
#[must_use]
pub fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(bytes).as_str(), "size": bytes.len()})
}

fn build_layer(spec: &LayerSpec) -> io::Result<BuiltLayer> {
    let mut tar = Vec::new();
    for entry in &spec.entries {
        append(&mut tar, entry)?;
    }
    finish_tar(&mut tar);
    let blob = match spec.compression {
        Compression::None => tar.clone(),
        Compression::Gzip => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            gzip.write_all(&tar)?;
            gzip.finish()?
        }
        Compression::Zstd => zstd::stream::encode_all(tar.as_slice(), 19)?,
    };
    Ok(BuiltLayer {
        diff_id: Digest::of(&tar),
        digest: Digest::of(&blob),
        media_type: spec.compression.layer_media_type(),
        tar,
        blob,
    })
}

/// The tar of entries, as a layer holds it.
///
/// # Errors
/// When a path or link is too long for the format.
pub fn tar_of(entries: &[LayerEntry]) -> io::Result<Vec<u8>> {
    let mut tar = Vec::new();
    for entry in entries {
        append(&mut tar, entry)?;
    }
    finish_tar(&mut tar);
    Ok(tar)
}

fn finish_tar(tar: &mut Vec<u8>) {
    tar.resize(tar.len() + 1024, 0);
}

/// Appends a ustar header and content; names over 100 bytes go into a pax record (POSIX.1-2001).
fn append(tar: &mut Vec<u8>, entry: &LayerEntry) -> io::Result<()> {
    let (kind, link, content): (u8, &str, &[u8]) = match &entry.content {
        EntryContent::File(bytes) => (b'0', "", bytes),
        EntryContent::Directory => (b'5', "", &[]),
        EntryContent::Symlink(target) => (b'2', target, &[]),
        EntryContent::HardLink(target) => (b'1', target, &[]),
    };
    let mut records = Vec::new();
    if entry.path.len() > 100 {
        pax_record(&mut records, "path", &entry.path);
    }
    if link.len() > 100 {
        pax_record(&mut records, "linkpath", link);
    }
    if !records.is_empty() {
        tar.extend(header("PaxHeaders", b'x', records.len() as u64, 0o644, ""));
        tar.extend(&records);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.extend(header(
        &entry.path,
        kind,
        content.len() as u64,
        entry.mode,
        link,
    ));
    tar.extend(content);
    tar.resize(tar.len().next_multiple_of(512), 0);
    Ok(())
}

fn pax_record(out: &mut Vec<u8>, key: &str, value: &str) {
    // The length counts its own digits.
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length += 1;
    }
    out.extend(format!("{length} {key}={value}\n").into_bytes());
}

fn header(path: &str, kind: u8, size: u64, mode: u32, link: &str) -> [u8; 512] {
    let mut block = [0_u8; 512];
    let mut put = |at: usize, max: usize, bytes: &[u8]| {
        for (to, from) in block[at..at + max].iter_mut().zip(bytes) {
            *to = *from;
        }
    };
    put(0, 100, path.as_bytes());
    put(100, 8, format!("{mode:07o}").as_bytes());
    put(108, 8, b"0000000");
    put(116, 8, b"0000000");
    put(124, 12, format!("{size:011o}").as_bytes());
    put(136, 12, b"00000000000");
    put(148, 8, b"        ");
    put(156, 1, &[kind]);
    put(157, 100, link.as_bytes());
    put(257, 8, b"ustar\x0000");
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    for (to, from) in block[148..156]
        .iter_mut()
        .zip(format!("{sum:06o}\0 ").as_bytes())
    {
        *to = *from;
    }
    block
}

impl BuiltImage {
    fn blobs(&self) -> Vec<&[u8]> {
        let mut blobs: Vec<&[u8]> = vec![&self.manifest, &self.config];
        blobs.extend(self.layers.iter().map(|l| l.blob.as_slice()));
        blobs
    }

    /// The `index.json` of a layout that holds this image.
    #[must_use]
    pub fn index(&self) -> Vec<u8> {
        let mut manifest = descriptor("application/vnd.oci.image.manifest.v1+json", &self.manifest);
        let tag = self.name.rsplit(':').next().unwrap_or("latest");
        manifest["annotations"] = json!({
            "org.opencontainers.image.ref.name": tag,
            "io.containerd.image.name": self.name,
        });
        manifest["platform"] = json!(self.platform);
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [manifest],
        })
        .to_string()
        .into_bytes()
    }

    /// The files of an OCI image layout (image-layout.md), sorted by path.
    #[must_use]
    pub fn layout_files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        files.insert(
            "oci-layout".to_owned(),
            br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
        );
        files.insert("index.json".to_owned(), self.index());
        for blob in self.blobs() {
            let digest = Digest::of(blob);
            files.insert(format!("blobs/sha256/{}", digest.hex()), blob.to_vec());
        }
        files
    }

    /// Writes an OCI image layout into a directory.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write_layout(&self, directory: &Path) -> io::Result<()> {
        for (path, content) in self.layout_files() {
            let file = directory.join(path);
            if let Some(parent) = file.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(file, content)?;
        }
        Ok(())
    }

    /// An OCI image layout as a tar.
    ///
    /// # Errors
    /// None for bytes in memory.
    pub fn oci_archive(&self) -> io::Result<Vec<u8>> {
        let entries: Vec<LayerEntry> = self
            .layout_files()
            .into_iter()
            .map(|(path, content)| LayerEntry::file(&path, content))
            .collect();
        tar_of(&entries)
    }

    /// What `docker save` writes: `manifest.json`, the configuration and plain layer tars.
    ///
    /// # Errors
    /// None for bytes in memory.
    pub fn docker_archive(&self) -> io::Result<Vec<u8>> {
        let config_name = format!("{}.json", Digest::of(&self.config).hex());
        let layer_names: Vec<String> = self
            .layers
            .iter()
            .map(|l| format!("{}/layer.tar", l.diff_id.hex()))
            .collect();
        let manifest = json!([{
            "Config": config_name, "RepoTags": [self.name], "Layers": layer_names,
        }]);
        let mut entries: Vec<LayerEntry> = Vec::new();
        for (name, layer) in layer_names.iter().zip(&self.layers) {
            entries.push(LayerEntry::file(name, layer.tar.clone()));
        }
        entries.push(LayerEntry::file(&config_name, self.config.clone()));
        entries.push(LayerEntry::file("manifest.json", manifest.to_string()));
        tar_of(&entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Document, parse_document};

    fn spec() -> ImageSpec {
        ImageSpec::of_layers(
            "shop/web:1.8",
            vec![
                vec![
                    LayerEntry::file("etc/os-release", "ID=alpine\n"),
                    LayerEntry::symlink("bin/sh", "busybox"),
                ],
                vec![
                    LayerEntry::whiteout("etc/os-release"),
                    LayerEntry::file(&"long/".repeat(30), "x"),
                ],
            ],
        )
    }

    #[test]
    fn equal_content_gives_equal_bytes_that_point_at_one_another() {
        let image = build(&spec()).unwrap();
        assert_eq!(image, build(&spec()).unwrap());
        let Document::Manifest(manifest) = parse_document(&image.manifest, None).unwrap() else {
            panic!("an index");
        };
        assert!(manifest.config.digest().unwrap().matches(&image.config));
        for (descriptor, layer) in manifest.layers.iter().zip(&image.layers) {
            assert!(descriptor.digest().unwrap().matches(&layer.blob));
            assert_eq!(descriptor.size, layer.blob.len() as u64);
        }
        assert_eq!(image.docker_archive().unwrap().len() % 512, 0);
    }

    #[test]
    fn a_layout_lies_in_a_directory_as_in_an_archive() {
        let image = build(&spec()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        image.write_layout(directory.path()).unwrap();
        let files = image.layout_files();
        for (path, content) in &files {
            assert_eq!(
                &std::fs::read(directory.path().join(path)).unwrap(),
                content
            );
        }
        let entries: Vec<LayerEntry> = files
            .iter()
            .map(|(path, content)| LayerEntry::file(path, content.clone()))
            .collect();
        assert_eq!(image.oci_archive().unwrap(), tar_of(&entries).unwrap());
    }

    #[test]
    fn the_system_tar_reads_what_is_written() {
        let Ok(mut child) = std::process::Command::new("tar")
            .args(["-tvf", "-"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
        else {
            println!("no tar on this machine: the interoperation test did not run");
            return;
        };
        let tar = build(&spec()).unwrap().layers[1].tar.clone();
        child.stdin.take().unwrap().write_all(&tar).unwrap();
        let output = child.wait_with_output().unwrap();
        let listing = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success());
        assert!(listing.contains("etc/.wh.os-release"), "{listing}");
        assert!(listing.contains(&"long/".repeat(30)), "{listing}");
    }
}
