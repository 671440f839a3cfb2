//! Debian's list of packages whose support ended before their release's
//! (`security-support-ended.debN` of debian-security-support).

use crate::sink::{EolRow, Sink};

/// Reads one list; a record is a line.
pub(crate) fn read(name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let release = name
        .rsplit_once(".deb")
        .map(|(_, number)| number)
        .filter(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
        .ok_or("the name of the file names no release")?;
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        sink.record();
        // Package, last supported version, date, link or remark.
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some(package), Some(_), Some(date)) if date.len() == 10 && date.starts_with("20") => {
                sink.eol(EolRow {
                    key: format!("debian:{release}/{package}"),
                    eol: Some(date.to_owned()),
                    extended: None,
                });
            }
            _ => sink.broke(format!("`{line}` is no line of the list")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn packages_end_on_their_days() {
        let mut recorder = Recorder::default();
        let text = "# comment\n\nchromium   90.0-1   2022-01-10  https://example.com\nodd line\n";
        read(
            "x/security-support-ended.deb11",
            text.as_bytes(),
            &mut recorder,
        )
        .unwrap();
        assert_eq!(recorder.eol[0].key, "debian:11/chromium");
        assert_eq!(recorder.eol[0].eol.as_deref(), Some("2022-01-10"));
        assert_eq!((recorder.records, recorder.broken.len()), (2, 1));
        assert!(read("security-support-ended", b"", &mut recorder).is_err());
    }
}
