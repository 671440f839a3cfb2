//! The raw formats of every distribution.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use seaworthy_advisories::{BuildOptions, build};

use crate::{Outcome, counts, ensure};

/// Parts of the paths of sample files, the folder of feeds that they are put in, and the sources
/// that have to come of them.
const SAMPLES: [(&str, &str, &[&str]); 28] = [
    (
        "vuls|/fetch/amazon/testdata/fixtures/updateinfo_",
        "amazon",
        &["amazon-updateinfo"],
    ),
    (
        "vuls|/fetch/oracle/linux/testdata/fixtures/com.oracle",
        "oracle",
        &["oracle-oval"],
    ),
    ("vuls|/fetch/suse/osv/", "suse", &[]),
    ("vuls|/fetch/suse/csaf_vex/", "suse", &["suse-csaf"]),
    (
        "vuls|/fetch/suse/oval/testdata/fixtures/happy/",
        "suse",
        &["suse-oval"],
    ),
    ("vuls|/fetch/suse/cvrf/", "suse", &["suse-cvrf"]),
    (
        "vuls|/fetch/photon/cve/testdata/fixtures/happy/",
        "photon",
        &["photon-cve"],
    ),
    (
        "vuls|/fetch/photon/oval/testdata/fixtures/happy/",
        "photon",
        &["photon-oval"],
    ),
    (
        "vuls|/fetch/microsoft/azure/oval/testdata/fixtures/happy/",
        "azurelinux",
        &["azurelinux-oval"],
    ),
    (
        "vuls|/fetch/arch/testdata/fixtures/advisory",
        "arch",
        &["arch-tracker"],
    ),
    ("vuls|/fetch/ubuntu/osv/", "ubuntu", &["ubuntu-osv"]),
    ("vuls|/fetch/ubuntu/vex/", "ubuntu", &["ubuntu-vex"]),
    (
        "vuls|/fetch/redhat/vex/v1/testdata/fixtures/csaf_vex",
        "redhat",
        &["redhat-csaf"],
    ),
    ("vuls|/fetch/redhat/oval/v2/", "redhat", &["redhat-oval"]),
    (
        "vuls|/fetch/redhat/repository2cpe/",
        "redhat",
        &["redhat-repositories"],
    ),
    ("vuls|/fetch/redhat/osv/", "redhat", &["redhat-osv"]),
    (
        "vuls|/fetch/rocky/updateinfo/testdata/fixtures/happy/",
        "rocky",
        &["rocky-updateinfo"],
    ),
    (
        "vuls|/fetch/rocky/errata/testdata/fixtures/happy/",
        "rocky",
        &["rocky-errata"],
    ),
    ("vuls|/fetch/rocky/osv/", "rocky", &["rocky-osv"]),
    (
        "vuls|/fetch/alma/errata/testdata/fixtures/errata",
        "almalinux",
        &["almalinux-errata"],
    ),
    (
        "vuls|/fetch/alma/updateinfo/testdata/fixtures/happy/",
        "almalinux",
        &["almalinux-updateinfo"],
    ),
    (
        "vuls|/fetch/alma/oval/testdata/fixtures/org",
        "almalinux",
        &["almalinux-oval"],
    ),
    (
        "vuls|/fetch/bottlerocket/testdata/fixtures/happy/",
        "bottlerocket",
        &["bottlerocket-updateinfo"],
    ),
    (
        "vuls|/fetch/wolfi/secdb/testdata/fixtures/happy/",
        "wolfi",
        &["wolfi-secdb"],
    ),
    (
        "vuls|/fetch/chainguard/secdb/testdata/fixtures/happy/",
        "chainguard",
        &["chainguard-secdb"],
    ),
    ("vuls|/fetch/nvd/feed/cve/v2/", "nvd", &["nvd"]),
    (
        "vuls|/fetch/debian/tracker/api/testdata/fixtures/advisory",
        "debian",
        &["debian-tracker"],
    ),
    (
        "vunnel|/providers/fedora/test-fixtures/input/",
        "fedora",
        &["fedora-bodhi"],
    ),
];

/// Reads the raw formats of every distribution, which the folder of feeds has as samples only.
pub(crate) fn samples(folder: &Path, temporary: &Path) -> Outcome<()> {
    if !folder.is_dir() {
        println!("no samples in {}: nothing checked", folder.display());
        return Ok(());
    }
    let unpacked = temporary.join("unpacked");
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let Some(stem) = name.strip_suffix(".tar.zst") else {
            continue;
        };
        let into = unpacked.join(stem);
        fs::create_dir_all(&into)?;
        let mut tar = Command::new("tar")
            .arg("-x")
            .arg("-C")
            .arg(&into)
            .stdin(Stdio::piped())
            .spawn()?;
        if let Some(mut pipe) = tar.stdin.take() {
            zstd::stream::copy_decode(fs::File::open(&path)?, &mut pipe)?;
        }
        ensure(tar.wait()?.success(), &format!("{name} unpacks"))?;
    }
    let feeds = temporary.join("samples");
    let mut files = Vec::new();
    walk(&unpacked, &mut files)?;
    for file in &files {
        let path = file.strip_prefix(&unpacked)?.to_string_lossy().into_owned();
        let place = SAMPLES.iter().find(|(pattern, ..)| {
            pattern
                .split_once('|')
                .is_some_and(|(archive, part)| path.starts_with(archive) && path.contains(part))
        });
        // Those are there to be refused.
        let damaged = ["invalid", "corrupt", "badid", "403"];
        let Some((_, folder, _)) =
            place.filter(|_| !damaged.iter().any(|mark| path.contains(mark)))
        else {
            continue;
        };
        let to = feeds.join(folder).join(path);
        fs::create_dir_all(to.parent().unwrap_or(&feeds))?;
        fs::copy(file, to)?;
    }
    let options = BuildOptions {
        force: true,
        restricted: true,
        ..BuildOptions::default()
    };
    let summary = build(&feeds, &temporary.join("samples-db"), &options, &|_| {})?;
    counts(&summary);
    let mut missing = Vec::new();
    for (_, _, sources) in SAMPLES {
        for source in sources {
            let found = summary.sources.iter().find(|s| s.name == *source);
            if found.is_none_or(|found| found.rows == 0) {
                missing.push(*source);
            }
        }
    }
    println!("raw formats of the samples without rows: {missing:?}");
    ensure(missing.is_empty(), "every raw format gives rows")
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
