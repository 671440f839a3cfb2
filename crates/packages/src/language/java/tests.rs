use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::*;
use crate::testing::{names, run, wants};

/// A zip archive of these files, packed or stored.
fn archive(files: &[(&str, &[u8], bool)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, content, pack) in files {
        let data = if *pack {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(content).expect("in memory");
            encoder.finish().expect("in memory")
        } else {
            content.to_vec()
        };
        let header = out.len() as u32;
        let mut common = Vec::new();
        common.extend(20_u16.to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        common.extend(if *pack { 8_u16 } else { 0 }.to_le_bytes());
        common.extend([0; 8]);
        common.extend((data.len() as u32).to_le_bytes());
        common.extend((content.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(&data);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(header.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend((files.len() as u16).to_le_bytes());
    out.extend((files.len() as u16).to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend(0_u16.to_le_bytes());
    out
}

const LOG4J: &[u8] = b"groupId=org.apache.logging.log4j\nartifactId=log4j-core\nversion=2.14.1\n";
const POM: &str = "META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties";

#[test]
fn an_archive_is_what_its_properties_say() {
    for pack in [true, false] {
        let jar = archive(&[
            ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n", pack),
            (POM, LOG4J, pack),
        ]);
        let facts = run(&Java, "app/log4j-core-2.14.1.jar", &jar).expect("readable");
        assert_eq!(
            names(&facts),
            ["org.apache.logging.log4j:log4j-core 2.14.1"]
        );
        assert!(facts.coverage.is_empty());
    }
}

#[test]
fn archives_inside_archives_are_read_packed_and_stored() {
    let jar = archive(&[(POM, LOG4J, true)]);
    let war = archive(&[("WEB-INF/lib/log4j-core-2.14.1.jar", &jar, true)]);
    let spring = archive(&[("META-INF/MANIFEST.MF", b"", true)]);
    let ear = archive(&[
        ("shop.war", &war, true),
        ("BOOT-INF/lib/spring-core-5.3.20.jar", &spring, false),
        ("again.war", &war, false),
    ]);
    let facts = run(&Java, "app/shop.ear", &ear).expect("readable");
    let mut found: Vec<_> = facts
        .packages
        .iter()
        .map(|p| (p.name.as_str(), p.evidence.path.as_str()))
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            (
                "org.apache.logging.log4j:log4j-core",
                "app/shop.ear!/again.war!/WEB-INF/lib/log4j-core-2.14.1.jar"
            ),
            (
                "org.apache.logging.log4j:log4j-core",
                "app/shop.ear!/shop.war!/WEB-INF/lib/log4j-core-2.14.1.jar"
            ),
            (
                "org.springframework:spring-core",
                "app/shop.ear!/BOOT-INF/lib/spring-core-5.3.20.jar"
            ),
        ]
    );
}

#[test]
fn a_shaded_archive_lists_what_was_built_into_it_and_itself() {
    let jar = archive(&[
        (POM, LOG4J, true),
        (
            "META-INF/maven/a/b/pom.properties",
            b"groupId=a.x\nartifactId=b\nversion=1\n",
            true,
        ),
        (
            "META-INF/MANIFEST.MF",
            b"Implementation-Vendor-Id: com.example\n",
            true,
        ),
    ]);
    let facts = run(&Java, "app/tool-3.0.jar", &jar).expect("readable");
    assert_eq!(
        names(&facts),
        [
            "a.x:b 1",
            "org.apache.logging.log4j:log4j-core 2.14.1",
            "com.example:tool 3.0"
        ]
    );
}

#[test]
fn an_artifact_without_a_group_is_a_gap() {
    let jar = archive(&[("META-INF/MANIFEST.MF", b"", true)]);
    let facts = run(&Java, "app/thing-1.0.jar", &jar).expect("readable");
    assert_eq!(names(&facts), ["thing 1.0"]);
    assert!(
        facts.coverage[0].detail.contains("no advisory"),
        "{facts:?}"
    );
}

#[test]
fn an_archive_behind_a_script_is_read() {
    let mut bytes = b"#!/bin/sh\nexec java -jar $0\n".to_vec();
    bytes.extend(archive(&[(POM, LOG4J, true)]));
    let facts = run(&Java, "app/run.jar", &bytes).expect("readable");
    assert_eq!(
        names(&facts),
        ["org.apache.logging.log4j:log4j-core 2.14.1"]
    );
}

#[test]
fn damage_inside_is_named_and_the_rest_is_read() {
    let war = archive(&[
        ("lib/bad.jar", b"no archive at all", true),
        (POM, LOG4J, true),
    ]);
    let facts = run(&Java, "app/x.war", &war).expect("readable");
    assert_eq!(
        names(&facts),
        ["org.apache.logging.log4j:log4j-core 2.14.1"]
    );
    assert_eq!(facts.coverage[0].subject, "app/x.war!/lib/bad.jar");
}

#[test]
fn damage_never_panics() {
    let jar = archive(&[(POM, LOG4J, true)]);
    // A cut right after a stored archive would leave that one with something before it.
    let packed = archive(&[("a.jar", &jar, true), ("b.jar", &jar, true)]);
    for len in 0..packed.len() {
        assert!(run_any(&packed[..len]).is_err(), "cut at {len}");
    }
    let ear = archive(&[("a.jar", &jar, true), ("b.jar", &jar, false)]);
    let mut copy = ear.clone();
    for at in 0..copy.len() {
        for flip in [0xff, 0x01, 0x80] {
            copy[at] ^= flip;
            let _ = run_any(&copy);
            copy[at] ^= flip;
        }
    }
}

fn run_any(bytes: &[u8]) -> Result<Facts, AnalyzeError> {
    let file = FileMeta {
        path: "app/x.ear",
        size: bytes.len() as u64,
        mode: 0o644,
    };
    let mut facts = Facts::default();
    Java.analyze(&file, &mut Content::from_bytes(bytes), &mut facts)?;
    Ok(facts)
}

#[test]
fn too_many_archives_inside_each_other_end() {
    let mut bytes = archive(&[(POM, LOG4J, true)]);
    for _ in 0..12 {
        bytes = archive(&[("x.jar", &bytes, false)]);
    }
    let facts = run(&Java, "app/x.jar", &bytes).expect("readable");
    assert!(facts.packages.is_empty());
    assert!(facts.coverage[0].detail.contains("inside each other"));
}

#[test]
fn an_entry_that_lies_about_its_size_is_refused() {
    let big = vec![b'a'; 3 << 20];
    let mut jar = archive(&[(POM, &big, true)]);
    // The size in the directory: small enough to pass the limit.
    let at = jar
        .windows(4)
        .rposition(|w| w == b"PK\x01\x02")
        .expect("is there")
        + 24;
    jar[at..at + 4].copy_from_slice(&1000_u32.to_le_bytes());
    let facts = run(&Java, "app/x.jar", &jar).expect("readable");
    assert!(
        facts.coverage[0].detail.contains("larger than it says"),
        "{facts:?}"
    );
}

#[test]
fn java_archives_are_wanted_by_extension() {
    for (path, wanted) in [
        ("a/b.jar", true),
        ("a/b.WAR", true),
        ("a/b.jarx", false),
        ("a/jar", false),
    ] {
        assert_eq!(wants(&Java, path), wanted, "{path}");
    }
}

#[test]
fn a_pom_names_the_licence_of_its_own_artifact() {
    let jar = archive(&[
        ("META-INF/MANIFEST.MF", b"Bundle-License: other\n", true),
        (POM, LOG4J, true),
        (
            "META-INF/maven/org.apache.logging.log4j/log4j-core/pom.xml",
            b"<project><licenses><license><name>Apache License, Version 2.0</name></license></licenses></project>",
            true,
        ),
    ]);
    let facts = run(&Java, "app/log4j-core-2.14.1.jar", &jar).expect("readable");
    assert_eq!(facts.packages[0].licenses, ["Apache License, Version 2.0"]);
}

#[test]
fn jenkins_names_its_version_and_its_plug_ins_do_not() {
    let told = |manifest: &[u8]| {
        let war = archive(&[("META-INF/MANIFEST.MF", manifest, true)]);
        let facts = run(&Java, "usr/share/jenkins/jenkins.war", &war).expect("readable");
        facts
            .packages
            .iter()
            .filter(|p| p.kind == PackageType::Generic)
            .map(|p| format!("{} {}", p.name, p.version))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told(b"Main-Class: executable.Main\nJenkins-Version: 2.426.1\n"),
        ["jenkins 2.426.1"]
    );
    assert!(told(b"Jenkins-Version: 2.361.4\nPlugin-Version: 1.0\n").is_empty());
}
