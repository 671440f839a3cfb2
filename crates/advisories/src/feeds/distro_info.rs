//! distro-info-data: when releases of Debian and Ubuntu end, as CSV.

use crate::sink::{EolRow, Sink};

/// Whether a file is one of the tables.
pub(crate) fn wants(name: &str) -> bool {
    family(name).is_some()
}

fn family(name: &str) -> Option<&'static str> {
    match name.rsplit('/').next()? {
        "debian.csv" => Some("debian"),
        "ubuntu.csv" => Some("ubuntu"),
        _ => None,
    }
}

/// Reads a table; a record is a release.
pub(crate) fn read(name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let family = family(name).ok_or("neither Debian's table nor Ubuntu's")?;
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let position = |name: &str| columns.iter().position(|column| *column == name);
    let (Some(version), Some(eol)) = (position("version"), position("eol")) else {
        return Err("no columns `version` and `eol`".to_owned());
    };
    // Debian's long-term support is for all; what follows it at either is for subscribers.
    let extended = position(if family == "debian" {
        "eol-lts"
    } else {
        "eol-esm"
    });
    for line in lines.filter(|line| !line.trim().is_empty()) {
        sink.record();
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let field = |at: Option<usize>| {
            at.and_then(|at| fields.get(at))
                .copied()
                .unwrap_or_default()
        };
        let date = |at: Option<usize>| {
            let date = field(at);
            (date.len() == 10 && date.starts_with(|c: char| c.is_ascii_digit()))
                .then(|| date.to_owned())
        };
        let release = field(Some(version)).split(' ').next().unwrap_or_default();
        if release.is_empty() {
            // Debian's unstable and experimental have no number.
            sink.skipped();
            continue;
        }
        if !release.starts_with(|c: char| c.is_ascii_digit()) {
            sink.broke(format!("`{line}` has no release"));
            continue;
        }
        if let Some(eol) = date(Some(eol)) {
            sink.eol(EolRow {
                key: format!("{family}:{release}"),
                eol: Some(eol),
                extended: date(extended),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn releases_have_their_days() {
        let mut recorder = Recorder::default();
        let debian = "version,codename,series,created,release,eol,eol-lts,eol-elts\n12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-06-10,2028-06-30\n,Sid,sid,1993-08-16\n14,Forky,forky,2025-08-09\nx,y\n";
        read("eol/debian.csv", debian.as_bytes(), &mut recorder).unwrap();
        let ubuntu = "version,codename,series,created,release,eol,eol-server,eol-esm\n22.04 LTS,Jammy Jellyfish,jammy,2021-10-14,2022-04-21,2027-06-01,2027-06-01,2032-04-09\n";
        read("eol/ubuntu.csv", ubuntu.as_bytes(), &mut recorder).unwrap();
        let rows: Vec<String> = recorder
            .eol
            .iter()
            .map(|row| format!("{} {:?} {:?}", row.key, row.eol, row.extended))
            .collect();
        assert_eq!(
            rows,
            [
                r#"debian:12 Some("2026-06-10") Some("2028-06-30")"#,
                r#"ubuntu:22.04 Some("2027-06-01") Some("2032-04-09")"#,
            ]
        );
        assert_eq!(
            (recorder.records, recorder.skipped, recorder.broken.len()),
            (5, 1, 1)
        );
        assert!(read("debian.csv", b"a,b\n", &mut recorder).is_err());
    }
}
