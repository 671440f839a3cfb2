//! FIRST's exploit predictions: a comment with the date, a header, `cve,epss,percentile`.

use crate::ids;
use crate::sink::{EpssRow, Sink};

/// Reads the file; a record is a line.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let mut records = 0_u64;
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            if let Some((_, date)) = comment.split_once("score_date:") {
                sink.date(date.get(..10).unwrap_or_default());
            }
            continue;
        }
        if line.is_empty() || line.starts_with("cve,") {
            continue;
        }
        records += 1;
        sink.record();
        match row(line) {
            Some(row) => sink.epss(row),
            None => sink.broke(line.chars().take(80).collect()),
        }
    }
    if records == 0 {
        return Err("no prediction in it".to_owned());
    }
    Ok(())
}

fn row(line: &str) -> Option<EpssRow> {
    let mut fields = line.split(',');
    let (id, score, percentile) = (fields.next()?, fields.next()?, fields.next()?);
    let share = |text: &str| {
        let value: f32 = text.trim().parse().ok()?;
        (0.0..=1.0).contains(&value).then_some(value)
    };
    ids::is_cve(id).then_some(EpssRow {
        id: id.to_owned(),
        score: share(score)?,
        percentile: share(percentile)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn scores_are_read_and_broken_lines_are_named() {
        let mut recorder = Recorder::default();
        let text = "#model_version:v4,score_date:2026-08-16T00:00:00+0000\ncve,epss,percentile\nCVE-2021-44228,0.94,0.99999\nCVE-2021-1,x,1\nCVE-2021-0002,2.0,0.1\n";
        read(text.as_bytes(), &mut recorder).unwrap();
        assert_eq!(recorder.epss.len(), 1);
        assert_eq!(recorder.epss[0].id, "CVE-2021-44228");
        assert_eq!((recorder.records, recorder.broken.len()), (3, 2));
        assert_eq!(recorder.date, "2026-08-16");
        assert!(read(b"", &mut recorder).is_err());
        assert!(read(b"\xff", &mut recorder).is_err());
    }
}
