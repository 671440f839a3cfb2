//! Debian's lists of security advisories (`data/DSA/list`, `data/DLA/list` of the tracker).

use seaworthy_model::State;
use seaworthy_vulndb::{Advisory, End, Interval};

use super::debian;
use crate::ids;
use crate::sink::Sink;

const SOURCE: &str = "debian-dsa";

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// What stands under the heading of one advisory.
#[derive(Default)]
struct Entry<'a> {
    id: &'a str,
    cves: Vec<&'a str>,
    day: String,
    regression: bool,
}

/// Reads a list; a record is an advisory.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let (mut entry, mut records): (Option<Entry<'_>>, u64) = (None, 0);
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            records += 1;
            sink.record();
            entry = heading(line, sink);
            if entry.is_none() {
                sink.broke(format!("line {}: {line}", number + 1));
            }
            continue;
        }
        let Some(entry) = &mut entry else {
            continue;
        };
        let line = line.trim();
        if let Some(list) = line.strip_prefix('{') {
            entry.cves = list
                .trim_end_matches('}')
                .split_whitespace()
                .filter(|id| ids::is_id(id))
                .collect();
            for cve in &entry.cves {
                sink.published(cve, &entry.day);
            }
        } else if line.starts_with('[') {
            fix(entry, line, sink);
        }
    }
    if records == 0 {
        return Err("no advisory in the list".to_owned());
    }
    Ok(())
}

/// `[29 Mar 2023] DSA-5380-1 xorg-server - security update`
fn heading<'a>(line: &'a str, sink: &mut dyn Sink) -> Option<Entry<'a>> {
    let (date, rest) = line.strip_prefix('[')?.split_once(']')?;
    let (mut words, mut written) = (date.split_whitespace(), String::new());
    if let (Some(day), Some(month), Some(year)) = (words.next(), words.next(), words.next())
        && let Some(month) = MONTHS.iter().position(|name| *name == month)
    {
        written = format!("{year}-{:02}-{day:0>2}", month + 1);
        sink.date(&written);
    }
    let id = rest.split_whitespace().next()?;
    ids::is_id(id).then(|| Entry {
        id,
        cves: Vec::new(),
        day: written,
        regression: rest.contains("regression"),
    })
}

/// `[bullseye] - xorg-server 2:1.20.11-1+deb11u6`
fn fix(entry: &Entry<'_>, line: &str, sink: &mut dyn Sink) {
    let Some((release, rest)) = line[1..].split_once(']') else {
        return;
    };
    let mut words = rest.trim().trim_start_matches('-').split_whitespace();
    let (Some(package), Some(version)) = (words.next(), words.next()) else {
        return;
    };
    // `<not-affected>`, `<unfixed>`, `<end-of-life>`: the tracker says those better.
    let Some(shard) = debian::shard_of_codename(release).filter(|_| !version.starts_with('<'))
    else {
        sink.skipped();
        return;
    };
    // A later number of an advisory repairs the fix, not the vulnerability.
    if entry.regression && entry.cves.is_empty() {
        sink.skipped();
        return;
    }
    if entry.cves.is_empty() {
        sink.published(entry.id, &entry.day);
    }
    let own = [entry.id];
    let ids = if entry.cves.is_empty() {
        &own[..]
    } else {
        &entry.cves
    };
    for id in ids {
        sink.advisory(
            &shard,
            Advisory {
                package: package.to_owned(),
                id: (*id).to_owned(),
                advisory: (*id != entry.id).then(|| entry.id.to_owned()),
                source: SOURCE.to_owned(),
                state: State::Fixed,
                intervals: vec![Interval {
                    introduced: String::new(),
                    end: End::Fixed(version.to_owned()),
                }],
                ..Advisory::default()
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    const LIST: &str = "[29 Mar 2023] DSA-5380-1 xorg-server - security update\n\t{CVE-2023-1393}\n\t[bullseye] - xorg-server 2:1.20.11-1+deb11u6\n[17 Mar 2023] DSA-5356-2 sox - regression update\n\t[bullseye] - sox 14.4.2-2\n[01 Feb 2023] DSA-5340-1 webkit2gtk wpewebkit - security update\n\t{CVE-2023-23517 CVE-2023-23518}\n\t[bullseye] - webkit2gtk 2.38.4-2~deb11u1\n\t[bullseye] - wpewebkit <not-affected>\n\t[woody] - webkit2gtk 1\n\tNOTE: nothing\n[02 Feb 2023] DSA-5341-1 plain - security update\n\t[buster] - plain 1.0\n";

    #[test]
    fn fixes_of_each_release_and_package_are_read() {
        let mut recorder = Recorder::default();
        read(LIST.as_bytes(), &mut recorder).unwrap();
        assert!(recorder.broken.is_empty(), "{:?}", recorder.broken);
        assert_eq!(
            recorder.lines(),
            [
                "debian:10 plain DSA-5341-1 fixed [,1.0)",
                "debian:11 webkit2gtk CVE-2023-23517 @DSA-5340-1 fixed [,2.38.4-2~deb11u1)",
                "debian:11 webkit2gtk CVE-2023-23518 @DSA-5340-1 fixed [,2.38.4-2~deb11u1)",
                "debian:11 xorg-server CVE-2023-1393 @DSA-5380-1 fixed [,2:1.20.11-1+deb11u6)",
            ]
        );
        assert_eq!((recorder.records, recorder.skipped), (4, 3));
        assert_eq!(recorder.date, "2023-03-29");
    }

    #[test]
    fn other_texts_are_errors() {
        let mut recorder = Recorder::default();
        for bytes in [&b""[..], b"\xff\xfe", b"hello\n"] {
            assert!(read(bytes, &mut recorder).is_err());
        }
        read(b"[x\n[1 Jan 2020] nothing\n", &mut recorder).unwrap();
        assert_eq!(recorder.broken.len(), 2);
    }
}
