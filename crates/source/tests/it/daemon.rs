use std::io::{Read, Write};
use std::os::unix::net::UnixListener;

use super::*;
use seaworthy_source::ErrorKind;

/// A daemon that gives one answer.
fn daemon(
    answer: Vec<u8>,
) -> (
    tempfile::TempDir,
    SourceOptions,
    std::thread::JoinHandle<String>,
) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            head.push(byte[0]);
        }
        // The client may have seen enough.
        let _ = stream.write_all(&answer);
        String::from_utf8(head).unwrap()
    });
    let host = format!("unix://{}", path.display());
    let options = SourceOptions {
        docker_host: Some(host.clone()),
        podman_host: Some(host),
        ..SourceOptions::default()
    };
    (dir, options, thread)
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut out = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(7919) {
        out.extend(format!("{:x}\r\n", chunk.len()).bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}

#[test]
fn images_of_docker_and_podman_are_read() {
    let built = image();
    for scheme in ["docker", "podman"] {
        let (_dir, options, thread) = daemon(chunked(&built.docker_archive().unwrap()));
        let opened = open_image(&format!("{scheme}:shop/web:1.8"), &options).expect(scheme);
        assert_eq!(opened.kind(), scheme);
        assert_same(&*opened, &built);
        assert!(
            thread
                .join()
                .unwrap()
                .starts_with("GET /images/shop/web:1.8/get HTTP/1.1\r\n")
        );
    }
}

#[test]
fn what_goes_wrong_is_explained() {
    let cut = chunked(&image().docker_archive().unwrap());
    for (answer, kind, words) in [
        (
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 32\r\n\r\n{\"message\":\"no such image: web\"}".to_vec(),
            ErrorKind::Target,
            "no such image: web",
        ),
        (b"HTTP/1.1 500 X\r\n\r\nboom\x1b[2J".to_vec(), ErrorKind::Operation, "answers 500: boom"),
        (cut[..cut.len() / 2].to_vec(), ErrorKind::Operation, "broke off"),
        (b"nonsense".to_vec(), ErrorKind::Operation, "broke off"),
        (Vec::new(), ErrorKind::Operation, "broke off"),
    ] {
        let (_dir, options, thread) = daemon(answer);
        let error = open_image("docker:web", &options).err().expect(words);
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains('\u{1b}'));
        assert_eq!(error.kind(), kind, "{error}");
        thread.join().unwrap();
    }
    let options = SourceOptions {
        docker_host: Some("unix:///no/such.sock".to_owned()),
        ..SourceOptions::default()
    };
    let error = open_image("docker:web", &options).err().unwrap();
    assert!(
        error
            .to_string()
            .contains("no daemon at unix:///no/such.sock"),
        "{error}"
    );
    assert!(error.hint().is_some());
}
