//! What the readers' tests share: a sink that writes down what it is given, as short lines.

use seaworthy_vulndb::{Advisory, End};

use crate::published::{Days, day_of};
use crate::sink::{CvssRow, EolRow, EpssRow, KevRow, Sink};

#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) rows: Vec<(String, Advisory)>,
    pub(crate) epss: Vec<EpssRow>,
    pub(crate) kev: Vec<KevRow>,
    pub(crate) cvss: Vec<CvssRow>,
    pub(crate) eol: Vec<EolRow>,
    pub(crate) date: String,
    pub(crate) skipped: usize,
    pub(crate) records: usize,
    pub(crate) broken: Vec<String>,
    pub(crate) repositories: Vec<String>,
    pub(crate) days: Days,
}

impl Recorder {
    /// What a reader that is given one file writes, as lines; the records that it says are broken
    /// follow after `broken: `.
    pub(crate) fn of(read: impl FnOnce(&mut Self) -> Result<(), String>) -> Vec<String> {
        let mut recorder = Self::default();
        read(&mut recorder).expect("the file is readable");
        let mut lines = recorder.lines();
        lines.extend(recorder.broken.iter().map(|what| format!("broken: {what}")));
        lines
    }

    /// The days of publication that a reader gives of one file, as `ID DAY`, sorted.
    pub(crate) fn days_of(read: impl FnOnce(&mut Self) -> Result<(), String>) -> Vec<String> {
        let mut recorder = Self::default();
        read(&mut recorder).expect("the file is readable");
        let days = recorder.days.iter();
        let mut lines: Vec<String> = days.map(|(id, day)| format!("{id} {day}")).collect();
        lines.sort();
        lines
    }

    /// `SHARD PACKAGE ID =ALIAS @ADVISORY %MODULE STATE !SEVERITY [FROM,TO) ==VERSION`, sorted.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.rows.iter().map(|(s, row)| line(s, row)).collect();
        lines.sort();
        lines
    }
}

pub(crate) fn line(shard: &str, row: &Advisory) -> String {
    let mut line = format!("{shard} {} {}", row.package, row.id);
    for alias in &row.aliases {
        line.push_str(&format!(" ={alias}"));
    }
    if let Some(advisory) = &row.advisory {
        line.push_str(&format!(" @{advisory}"));
    }
    if let Some(module) = &row.module {
        line.push_str(&format!(" %{module}"));
    }
    line.push_str(&format!(" {}", row.state.name()));
    if let Some(severity) = row.severity {
        line.push_str(&format!(" !{severity}"));
    }
    for interval in &row.intervals {
        let end = match &interval.end {
            End::Open => ")".to_owned(),
            End::Fixed(version) => format!("{version})"),
            End::LastAffected(version) => format!("{version}]"),
        };
        line.push_str(&format!(" [{},{end}", interval.introduced));
    }
    for version in &row.versions {
        line.push_str(&format!(" =={version}"));
    }
    line
}

impl Sink for Recorder {
    fn advisory(&mut self, shard: &str, row: Advisory) {
        self.rows.push((shard.to_owned(), row));
    }
    fn epss(&mut self, row: EpssRow) {
        self.epss.push(row);
    }
    fn kev(&mut self, row: KevRow) {
        self.kev.push(row);
    }
    fn cvss(&mut self, row: CvssRow) {
        self.cvss.push(row);
    }
    fn eol(&mut self, row: EolRow) {
        self.eol.push(row);
    }
    fn date(&mut self, date: &str) {
        if date > self.date.as_str() {
            date.clone_into(&mut self.date);
        }
    }
    fn record(&mut self) {
        self.records += 1;
    }
    fn broke(&mut self, what: String) {
        self.broken.push(what);
    }
    fn repository(&mut self, name: &str, cpes: &str) {
        self.repositories.push(format!("{name} {cpes}"));
    }
    fn published(&mut self, id: &str, date: &str) {
        if let Some(day) = day_of(id, date, None) {
            self.days.add(id, day);
        }
    }
    fn skipped(&mut self) {
        self.skipped += 1;
    }
}

/// A tar of these files.
pub(crate) fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in files {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[156] = b'0';
        header[148..156].fill(b' ');
        let sum: u64 = header.iter().map(|b| u64::from(*b)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        out.extend(header);
        out.extend(*content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}
