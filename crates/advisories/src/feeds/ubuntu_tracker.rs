//! Ubuntu's CVE tracker: one text file a CVE (its README, "Ubuntu CVE Tracker format").

use std::collections::BTreeMap;

use seaworthy_model::{Severity, State};
use seaworthy_vulndb::{Advisory, End, Interval};

use super::ubuntu::{self, Said};
use crate::ids;
use crate::sink::{CvssRow, Sink};
use crate::vector::Vector;

const SOURCE: &str = "ubuntu-cve-tracker";

/// Reads one CVE.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let (mut candidate, mut public) = ("", "");
    let mut priority = None;
    let mut priorities: BTreeMap<&str, Severity> = BTreeMap::new();
    let mut vectors: Vec<&str> = Vec::new();
    let mut nvd = None;
    let mut in_vectors = false;
    let mut said: BTreeMap<(&str, &str), Said<&str>> = BTreeMap::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            // ` nvd: CVSS:3.1/AV:N/… [9.8 CRITICAL]`
            if in_vectors && let Some((source, rest)) = line.split_once(": ") {
                let vector = rest.split_whitespace().next();
                if source.trim() == "nvd" {
                    nvd = vector;
                } else {
                    vectors.extend(vector);
                }
            }
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        in_vectors = key == "CVSS";
        match key {
            "Candidate" => candidate = value,
            "PublicDate" => public = value,
            "Priority" => priority = severity(value),
            _ => {
                if let Some(package) = key.strip_prefix("Priority_") {
                    priorities.extend(severity(value).map(|s| (package, s)));
                } else if let Some((release, package)) = key.split_once('_')
                    && let Some((version, extended)) = ubuntu::release_of(release)
                {
                    let (word, detail) = status(value);
                    let said = said.entry((version, package)).or_default();
                    if extended {
                        said.extended = plain(word, detail);
                    } else {
                        said.standard = plain(word, detail);
                    }
                }
            }
        }
    }
    if !ids::is_id(candidate) {
        return Err("no `Candidate`".to_owned());
    }
    sink.date(public.get(..10).unwrap_or_default());
    sink.published(candidate, public);
    // NVD's rating holds for every distribution, whether or not Ubuntu has the package.
    if let Some(vector) = nvd
        .and_then(Vector::parse)
        .filter(|_| ids::is_cve(candidate))
    {
        sink.cvss(CvssRow {
            id: candidate.to_owned(),
            source: "nvd".to_owned(),
            vector: vector.text,
        });
    }
    // What NVD says stands in its own table, once, and not in each row.
    let vector = Vector::best(vectors.into_iter()).map(|vector| vector.text);
    let mut rows = 0;
    for ((version, package), said) in said {
        let Some((state, fixed)) = ubuntu::judge(said) else {
            continue;
        };
        rows += 1;
        sink.advisory(
            &format!("ubuntu:{version}"),
            Advisory {
                package: package.to_owned(),
                id: candidate.to_owned(),
                source: SOURCE.to_owned(),
                state,
                severity: priorities.get(package).copied().or(priority),
                vector: vector.clone(),
                intervals: fixed
                    .map(|fixed| Interval {
                        introduced: String::new(),
                        end: End::Fixed(fixed.to_owned()),
                    })
                    .into_iter()
                    .collect(),
                ..Advisory::default()
            },
        );
    }
    if rows == 0 {
        sink.skipped();
    }
    Ok(())
}

/// `released (1.2-3)` in its two parts.
fn status(value: &str) -> (&str, &str) {
    match value.split_once('(') {
        Some((word, detail)) => {
            let detail = detail.rsplit_once(')').map_or(detail, |(detail, _)| detail);
            (word.trim(), detail.trim())
        }
        None => (value, ""),
    }
}

fn plain<'a>(word: &str, detail: &'a str) -> Option<(State, Option<&'a str>)> {
    Some(match word {
        // A version is one word that begins with a digit.
        "released" => {
            let version = detail.trim_end_matches(',');
            let is_version = version.starts_with(|c: char| c.is_ascii_digit())
                && !version.contains(char::is_whitespace);
            if is_version {
                (State::Fixed, Some(version))
            } else {
                (State::Unknown, None)
            }
        }
        "not-affected" => (State::NotAffected, None),
        "needed" | "pending" | "active" | "in-progress" => (State::Affected, None),
        "needs-triage" => (State::UnderInvestigation, None),
        "deferred" => (State::FixDeferred, None),
        "ignored" if detail.contains("end of") || detail.contains("end-of-life") => {
            (State::EndOfLife, None)
        }
        "ignored" => (State::WillNotFix, None),
        // DNE: the release does not have the package.
        _ => return None,
    })
}

fn severity(value: &str) -> Option<Severity> {
    let word = value.split_whitespace().next()?;
    (word != "untriaged").then(|| word.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    const FILE: &str = "PublicDateAtUSN: 2022-08-05 07:15:00 UTC\nCandidate: CVE-2022-37434\nPublicDate: 2022-08-05 07:15:00 UTC\nDescription:\n zlib_x: released (9)\nPriority: medium\n reason\nPriority_rsync: low\nCVSS:\n nvd: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H [9.8 CRITICAL]\n\nPatches_zlib:\n upstream: https://example.com/x\nupstream_zlib: released (1.2.13)\ntrusty_zlib: ignored (end of standard support)\ntrusty/esm_zlib: released (1:1.2.8-1ubuntu1.1+esm2)\nbionic_zlib: released (1:1.2.11-0ubuntu2.2)\nesm-infra/bionic_zlib: released (1:1.2.11-0ubuntu2.3)\nfocal_zlib: needed\njammy_zlib: needs-triage\nmantic_zlib: DNE\ndevel_zlib: not-affected (1:1.2)\nfips/jammy_zlib: needed\nnoble_zlib: not-affected (uses system)\n\nfocal_rsync: deferred (2022-01-01)\njammy_rsync: ignored (changes too intrusive)\nlunar_rsync: ignored (end of life, was needed)\nxenial_rsync: released\n";

    #[test]
    fn every_status_is_mapped() {
        let mut recorder = Recorder::default();
        read(FILE.as_bytes(), &mut recorder).unwrap();
        assert_eq!(
            recorder.lines(),
            [
                "ubuntu:14.04 zlib CVE-2022-37434 will_not_fix !medium [,1:1.2.8-1ubuntu1.1+esm2)",
                "ubuntu:16.04 rsync CVE-2022-37434 unknown !low",
                "ubuntu:18.04 zlib CVE-2022-37434 fixed !medium [,1:1.2.11-0ubuntu2.2)",
                "ubuntu:20.04 rsync CVE-2022-37434 fix_deferred !low",
                "ubuntu:20.04 zlib CVE-2022-37434 affected !medium",
                "ubuntu:22.04 rsync CVE-2022-37434 will_not_fix !low",
                "ubuntu:22.04 zlib CVE-2022-37434 under_investigation !medium",
                "ubuntu:23.04 rsync CVE-2022-37434 end_of_life !low",
                "ubuntu:24.04 zlib CVE-2022-37434 not_affected !medium",
            ]
        );
        assert_eq!(
            recorder.rows[0].1.vector, None,
            "NVD's vector is not Ubuntu's"
        );
        assert_eq!(recorder.cvss.len(), 1);
        assert_eq!(recorder.date, "2022-08-05");
    }

    #[test]
    fn other_texts_are_errors_and_rejected_ones_are_skipped() {
        let mut recorder = Recorder::default();
        for bytes in [&b""[..], b"\xff\xfe", b"Candidate:\n"] {
            assert!(read(bytes, &mut recorder).is_err());
        }
        read(b"Candidate: CVE-2020-0001\n", &mut recorder).unwrap();
        assert_eq!((recorder.rows.len(), recorder.skipped), (0, 1));
    }
}
