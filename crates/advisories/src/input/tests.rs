use std::io::Write as _;

use super::*;
use crate::testing::tar_of;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, content) in files {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn entries(name: &str, bytes: &[u8], limits: &Limits) -> Result<Vec<String>, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    let mut seen = Vec::new();
    for file in list(folder.path())? {
        read(
            &file,
            limits,
            &|name| !name.ends_with(".skip"),
            &mut |name, bytes| {
                seen.push(format!("{name}={}", String::from_utf8_lossy(bytes)));
            },
        )?;
    }
    Ok(seen)
}

const FILES: [(&str, &[u8]); 3] = [("a/x.json", b"one"), ("y.skip", b"no"), ("z.json", b"two")];

#[test]
fn every_kind_of_archive_gives_the_same_entries() {
    let tar = tar_of(&FILES);
    let whole = ["feed/a/x.json=one", "feed/z.json=two"];
    for (name, bytes, expected) in [
        ("feed/f.tar", tar.clone(), &whole[..]),
        ("feed/f.tar.gz", gzip(&tar), &whole),
        (
            "feed/f.tar.zst",
            zstd::encode_all(&tar[..], 1).unwrap(),
            &whole,
        ),
        ("feed/f.tar.bz2", bzip2(&tar), &whole),
        ("feed/f.tar.xz", xz(&tar), &whole),
        ("feed/z.json.bz2", bzip2(b"two"), &["feed/z.json=two"]),
        ("feed/z.json.xz", xz(b"two"), &["feed/z.json=two"]),
        ("feed/f.zip", zip_of(&FILES), &whole),
        ("feed/z.json", b"two".to_vec(), &["feed/z.json=two"]),
        ("feed/z.json.gz", gzip(b"two"), &["feed/z.json=two"]),
        (
            "feed/z.json.zst",
            zstd::encode_all(&b"two"[..], 1).unwrap(),
            &["feed/z.json=two"],
        ),
        ("feed/z.skip.gz", gzip(b"two"), &[]),
    ] {
        assert_eq!(
            entries(name, &bytes, &Limits::default()).expect(name),
            expected,
            "{name}"
        );
    }
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    let tar = tar_of(&FILES);
    for (name, bytes) in [
        ("f.tar.gz", gzip(&tar)),
        ("f.tar.zst", zstd::encode_all(&tar[..], 1).unwrap()),
        ("f.tar.bz2", bzip2(&tar)),
        ("f.tar.xz", xz(&tar)),
        ("f.zip", zip_of(&FILES)),
        ("f.tar", tar[..1500].to_vec()),
    ] {
        for len in [1, bytes.len() / 2, bytes.len() - 1] {
            assert!(
                entries(name, &bytes[..len], &Limits::default()).is_err(),
                "{name} cut at {len}"
            );
        }
    }
}

#[test]
fn limits_hold() {
    let tar = tar_of(&FILES);
    for limits in [
        Limits {
            entries: 2,
            ..Limits::default()
        },
        Limits {
            entry_bytes: 2,
            ..Limits::default()
        },
        Limits {
            archive_bytes: 4,
            ..Limits::default()
        },
    ] {
        for (name, bytes) in [("f.tar", tar.clone()), ("f.zip", zip_of(&FILES))] {
            let error = entries(name, &bytes, &limits).unwrap_err();
            assert!(matches!(error, Error::Limit { .. }), "{name}: {error}");
        }
    }
}
