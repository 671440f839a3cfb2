//! Reports of other scanners, whichever they look like, and their merge.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_report::merge::{ScannerRun, merge};

fuzz_target!(|data: &[u8]| {
    if let Ok(report) = seaworthy_report::read::read(data, None) {
        let runs = [
            ScannerRun::answered(report.clone()),
            ScannerRun::answered(report),
        ];
        let _ = merge(&runs, "0");
    }
});
