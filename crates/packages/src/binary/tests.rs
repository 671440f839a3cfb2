use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::*;
use crate::testing::{names, run, wants};

const MODULES: &str = "path\tgithub.com/x/tool\nmod\tgithub.com/x/tool\t(devel)\t\ndep\tgolang.org/x/net\tv0.7.0\th1:a=\ndep\tgithub.com/old/fork\tv1.0.0\th1:b=\n=>\tgithub.com/new/fork\tv1.0.1\th1:c=\ndep\tgithub.com/local/x\tv0.0.0\n=>\t./local\t\nbuild\t-compiler=gc\nbuild\t-ldflags=\"-s -w -X main.version=v1.4.2\"\n";

fn varint(out: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn go_section(version: &str, modules: &str) -> Vec<u8> {
    let mut section = go::MAGIC.to_vec();
    section.extend([8, 2]);
    section.resize(32, 0);
    varint(&mut section, version.len());
    section.extend(version.as_bytes());
    let mut framed = vec![b'0'; 15];
    framed.push(b'\n');
    framed.extend(modules.as_bytes());
    framed.extend([b'1'; 16]);
    varint(&mut section, framed.len());
    section.extend(framed);
    section
}

fn crates_section(json: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json.as_bytes()).expect("in memory");
    encoder.finish().expect("in memory")
}

/// A 64-bit little-endian ELF file with these sections.
fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = vec![0; 64];
    out[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    out.resize(8192, 0);
    let mut names = vec![0];
    let mut table = vec![0; 64];
    let add = |out: &mut Vec<u8>, table: &mut Vec<u8>, name: usize, data: &[u8]| {
        while !out.len().is_multiple_of(16) {
            out.push(0);
        }
        let mut entry = vec![0; 64];
        entry[..4].copy_from_slice(&(name as u32).to_le_bytes());
        entry[4] = 1;
        entry[24..32].copy_from_slice(&(out.len() as u64).to_le_bytes());
        entry[32..40].copy_from_slice(&(data.len() as u64).to_le_bytes());
        table.extend(entry);
        out.extend(data);
    };
    for (name, data) in sections {
        let at = names.len();
        names.extend(name.as_bytes());
        names.push(0);
        add(&mut out, &mut table, at, data);
    }
    let at = names.len();
    names.extend(b".shstrtab\0");
    add(&mut out, &mut table, at, &names.clone());
    let start = out.len() as u64;
    out.extend(&table);
    out[40..48].copy_from_slice(&start.to_le_bytes());
    out[58..60].copy_from_slice(&64_u16.to_le_bytes());
    out[60..62].copy_from_slice(&(sections.len() as u16 + 2).to_le_bytes());
    out[62..64].copy_from_slice(&(sections.len() as u16 + 1).to_le_bytes());
    out
}

const FOUND: [&str; 4] = [
    "stdlib 1.21.5",
    "golang.org/x/net v0.7.0",
    "github.com/new/fork v1.0.1",
    "github.com/x/tool v1.4.2",
];

#[test]
fn go_modules_and_the_standard_library_are_read() {
    let file = elf(&[(".go.buildinfo", &go_section("go1.21.5", MODULES))]);
    let facts = run(&Binary, "usr/bin/tool", &file).expect("readable");
    assert_eq!(names(&facts), FOUND);
}

#[test]
fn crates_are_read_and_build_time_ones_are_not() {
    let list = r#"{"packages":[{"name":"app","version":"0.1.0","root":true},{"name":"cc","version":"1.0.0","kind":"build"},{"name":"tokio","version":"1.8.0","source":"registry"}]}"#;
    let file = elf(&[(".text", b"x"), (".dep-v0", &crates_section(list))]);
    let facts = run(&Binary, "usr/bin/app", &file).expect("readable");
    assert_eq!(names(&facts), ["app 0.1.0", "tokio 1.8.0"]);
}

#[test]
fn a_damaged_list_of_crates_is_a_gap() {
    for data in [&b"not zlib"[..], &crates_section("{\"packages\":7}")] {
        let file = elf(&[(".dep-v0", data)]);
        assert!(matches!(
            run(&Binary, "usr/bin/app", &file),
            Err(AnalyzeError::File(_))
        ));
    }
}

#[test]
fn other_executables_say_nothing() {
    let script = [b"#!/bin/sh\n".to_vec(), vec![b' '; 5000]].concat();
    assert!(
        run(&Binary, "usr/bin/x", &script)
            .expect("readable")
            .is_empty()
    );
    assert!(
        run(&Binary, "usr/bin/x", &elf(&[(".text", b"code")]))
            .expect("readable")
            .is_empty()
    );
    assert!(!wants(&Binary, "usr/lib/libz.so.1"));
    assert!(wants(&Binary, "usr/bin/library.sorted"));
}

#[test]
fn damage_never_panics() {
    let file = elf(&[
        (".go.buildinfo", &go_section("go1.21.5", MODULES)),
        (".dep-v0", &crates_section("{\"packages\":[]}")),
    ]);
    for len in 8192..file.len() {
        let _ = run(&Binary, "usr/bin/x", &file[..len]);
    }
    let mut copy = file.clone();
    for at in (0..64).chain(8192..file.len()) {
        for flip in [0xff, 0x01, 0x80] {
            copy[at] ^= flip;
            let _ = run(&Binary, "usr/bin/x", &copy);
            copy[at] ^= flip;
        }
    }
}

fn streamed(file: &[u8], piece: usize) -> Result<Facts, AnalyzeError> {
    let meta = FileMeta {
        path: "usr/bin/tool",
        size: file.len() as u64,
        mode: 0o755,
    };
    let mut search = Binary.stream(&meta).expect("streams");
    for chunk in file.chunks(piece) {
        search.push(chunk);
    }
    let mut facts = Facts::default();
    search.finish(&mut facts)?;
    Ok(facts)
}

#[test]
fn a_large_go_binary_is_read_as_it_passes() {
    let file = elf(&[(".go.buildinfo", &go_section("go1.21.5", MODULES))]);
    for piece in [1, 7, 13, 31, 32, 33, 4096, 8200, 8205, 100_000] {
        let facts = streamed(&file, piece).expect("readable");
        assert_eq!(names(&facts), FOUND, "in pieces of {piece}");
    }
}

#[test]
fn a_large_auditable_binary_is_a_gap_when_it_only_passes() {
    let file = elf(&[(".dep-v0", &crates_section("{\"packages\":[]}"))]);
    assert!(matches!(streamed(&file, 4096), Err(AnalyzeError::File(_))));
    assert!(streamed(&elf(&[]), 4096).expect("readable").is_empty());
}
