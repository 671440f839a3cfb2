#![allow(clippy::all, missing_docs, clippy::print_stdout, clippy::unwrap_used)]
use seaworthy_analysis::*;
use std::io::BufRead;
fn main() {
    let root = std::env::args().nth(1).unwrap();
    for p in std::io::stdin().lock().lines() {
        let p = p.unwrap();
        let rel = p.trim_start_matches("./").to_owned();
        let Ok(b) = std::fs::read(format!("{root}/{rel}")) else {
            continue;
        };
        let m = FileMeta {
            path: &rel,
            size: b.len() as u64,
            mode: 0o644,
        };
        if !seaworthy_licenses::LicenseFiles.wants(&m) {
            println!("NOTWANTED {rel}");
            continue;
        }
        let mut f = Facts::default();
        seaworthy_licenses::LicenseFiles
            .analyze(&m, &mut Content::from_bytes(&b), &mut f)
            .unwrap();
        println!(
            "{rel}: {}",
            f.licenses
                .iter()
                .map(|l| format!("{} [{}]", l.license, l.confidence))
                .collect::<Vec<_>>()
                .join("; ")
        );
    }
}
