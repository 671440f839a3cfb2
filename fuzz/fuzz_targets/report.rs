//! Reports of other scanners, whichever they look like, and their merge.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_model::Report;
use seaworthy_report::merge::{ScannerRun, merge, write_joined};
use seaworthy_report::{Format, WriteOptions};

fuzz_target!(|data: &[u8]| {
    if let Ok(report) = seaworthy_report::read::read(data, None) {
        let runs = [
            ScannerRun::answered(report.clone()),
            ScannerRun::answered(report),
        ];
        let merged = merge(&runs, "0");
        let joined = merged.joined(Report::default());
        let options = WriteOptions::default();
        for format in [Format::Table, Format::Json, Format::GitLabDependencies] {
            let _ = write_joined(format, &joined, &merged, &options, &mut std::io::sink());
        }
    }
});
