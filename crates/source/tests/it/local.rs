use std::fs;

use super::*;
use seaworthy_source::ErrorKind;

#[test]
fn the_same_image_comes_from_every_kind_of_file() {
    let dir = tempfile::tempdir().unwrap();
    let built = image();
    built.write_layout(&dir.path().join("layout")).unwrap();
    fs::write(dir.path().join("oci.tar"), built.oci_archive().unwrap()).unwrap();
    fs::write(
        dir.path().join("docker.tar"),
        built.docker_archive().unwrap(),
    )
    .unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    for (target, kind) in [
        (at("layout"), "oci-dir"),
        (format!("{}:1.8", at("layout")), "oci-dir"),
        (format!("oci-dir:{}:1.8", at("layout")), "oci-dir"),
        (at("oci.tar"), "oci-archive"),
        (at("docker.tar"), "docker-archive"),
        (
            format!("docker-archive:{}", at("docker.tar")),
            "docker-archive",
        ),
    ] {
        for verify in [false, true] {
            let options = SourceOptions {
                verify,
                ..SourceOptions::default()
            };
            let opened = open_image(&target, &options).expect(&target);
            assert_eq!(opened.kind(), kind);
            assert_same(&*opened, &built);
        }
    }
}

#[test]
fn archives_that_are_cut_off_or_damaged_never_open_as_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tar");
    for whole in [
        image().oci_archive().unwrap(),
        image().docker_archive().unwrap(),
    ] {
        // Behind the last file there are only zeros.
        let end = whole.iter().rposition(|b| *b != 0).unwrap();
        for len in (0..end).step_by(509) {
            fs::write(&path, &whole[..len]).unwrap();
            assert!(
                open_image(path.to_str().unwrap(), &SourceOptions::default()).is_err(),
                "{len}"
            );
        }
        for at in (0..whole.len()).step_by(61) {
            let mut copy = whole.clone();
            copy[at] ^= 0xff;
            fs::write(&path, &copy).unwrap();
            // Damage in a layer shows when that is read; anywhere else now. It never panics.
            let _ = open_image(path.to_str().unwrap(), &SourceOptions::default());
        }
    }
}

#[test]
fn a_blob_that_is_not_what_its_digest_says_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let built = image();
    built.write_layout(dir.path()).unwrap();
    let blob = |digest: &str| dir.path().join("blobs").join(digest.replacen(':', "/", 1));
    let target = dir.path().to_str().unwrap();
    let verify = SourceOptions {
        verify: true,
        ..SourceOptions::default()
    };
    // A layer, by its content: only found when all is read.
    let mut bytes = built.layers[1].blob.clone();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(blob(built.layers[1].digest.as_str()), &bytes).unwrap();
    let opened = open_image(target, &verify).unwrap();
    assert!(
        layer(&*opened, 1)
            .unwrap_err()
            .to_string()
            .contains("digest")
    );
    // A layer, by its length: always found.
    fs::write(blob(built.layers[1].digest.as_str()), &bytes[..10]).unwrap();
    let opened = open_image(target, &SourceOptions::default()).unwrap();
    assert!(
        layer(&*opened, 1)
            .unwrap_err()
            .to_string()
            .contains("10 bytes instead")
    );
    // The configuration.
    let config = Digest::of(&built.config);
    fs::write(blob(config.as_str()), b"{}").unwrap();
    let error = open_image(target, &SourceOptions::default()).err().unwrap();
    assert!(
        error.to_string().contains("does not have the digest"),
        "{error}"
    );
    // A missing layer.
    fs::write(blob(config.as_str()), &built.config).unwrap();
    fs::remove_file(blob(built.layers[0].digest.as_str())).unwrap();
    let error = open_image(target, &SourceOptions::default()).err().unwrap();
    assert!(error.to_string().contains("is missing"), "{error}");
}

#[test]
fn what_is_wrong_is_said_with_the_next_step() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    fs::write(at("text"), "hello").unwrap();
    let built = image();
    built.write_layout(&dir.path().join("layout")).unwrap();
    fs::write(at("oci.tar"), built.oci_archive().unwrap()).unwrap();
    for (target, kind, words) in [
        (at("missing.tar"), ErrorKind::Target, "no such file"),
        (
            format!("docker-archive:{}", at("text")),
            ErrorKind::Target,
            "cannot be read as a tar",
        ),
        (
            format!("docker-archive:{}", at("oci.tar")),
            ErrorKind::Target,
            "no docker-archive",
        ),
        (
            format!("docker-archive:{}", at("layout")),
            ErrorKind::Target,
            "is a directory",
        ),
        (
            format!("oci-dir:{}:9.9", at("layout")),
            ErrorKind::Target,
            "has no image 9.9",
        ),
        (
            format!("oci-dir:{}", at("nowhere")),
            ErrorKind::Target,
            "no such directory",
        ),
        (at("text"), ErrorKind::Usage, "neither an image archive"),
    ] {
        let error = open_image(&target, &SourceOptions::default())
            .err()
            .unwrap();
        assert!(error.to_string().contains(words), "{target}: {error}");
        assert_eq!(error.kind(), kind, "{target}");
    }
}

#[test]
fn the_platform_is_chosen_from_an_index() {
    use seaworthy_oci::Platform;
    use seaworthy_oci::layout::descriptor;
    let dir = tempfile::tempdir().unwrap();
    let mut index = serde_json::json!({"schemaVersion": 2, "manifests": []});
    let mut digests = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let mut spec = ImageSpec::of_layers("x:1", vec![vec![LayerEntry::file("a", architecture)]]);
        spec.platform.architecture = architecture.to_owned();
        let built = build(&spec).unwrap();
        built.write_layout(dir.path()).unwrap();
        let mut entry = descriptor(
            "application/vnd.oci.image.manifest.v1+json",
            &built.manifest,
        );
        entry["platform"] = serde_json::json!({"os": "linux", "architecture": architecture});
        digests.push(Digest::of(&built.manifest).to_string());
        index["manifests"].as_array_mut().unwrap().push(entry);
    }
    fs::write(dir.path().join("index.json"), index.to_string()).unwrap();
    for (platform, expected) in [
        ("linux/amd64", Some(0)),
        ("linux/arm64", Some(1)),
        ("linux/s390x", None),
    ] {
        let options = SourceOptions {
            platform: Some(platform.parse::<Platform>().unwrap()),
            ..SourceOptions::default()
        };
        match (open_image(dir.path().to_str().unwrap(), &options), expected) {
            (Ok(opened), Some(at)) => {
                assert_eq!(opened.manifest_digest(), Some(digests[at].as_str()))
            }
            (Err(error), None) => {
                assert!(error.hint().unwrap().contains("linux/amd64, linux/arm64"));
            }
            (other, _) => panic!(
                "{platform}: {:?}",
                other.map(|_| ()).map_err(|e| e.to_string())
            ),
        }
    }
}
