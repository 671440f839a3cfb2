//! What looking for the programs of package managers costs: walks a layer some times with all
//! analysers and without that one, in turns, and prints the ratio of the shortest times.
//!
//! ```console
//! $ cargo run --release -p seaworthy-packages --example walk -- LAYER.tar [TIMES]
//! ```
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::fs::File;
use std::io::BufReader;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use seaworthy_analysis::{
    AnalysisOptions, Analyzer, LayerBytes, LayerRequest, NoObserver, analyze_image,
};

struct OnDisk(File, u64);

impl seaworthy_model::ReadAt for OnDisk {
    fn len(&self) -> u64 {
        self.1
    }
    fn read_at(&self, offset: u64, out: &mut [u8]) -> std::io::Result<usize> {
        self.0.read_at(out, offset)
    }
}

fn run(path: &str, analyzers: &[Box<dyn Analyzer>]) -> Result<(Duration, usize), String> {
    let request = |name| LayerRequest {
        name,
        diff_id: "",
        size: 1,
        unavailable: None,
    };
    let open = |_: usize| {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(if path.ends_with(".tar") {
            LayerBytes::Random(Box::new(OnDisk(file, len)))
        } else {
            LayerBytes::Stream(Box::new(BufReader::new(file)))
        })
    };
    let options = AnalysisOptions {
        threads: 1,
        ..AnalysisOptions::default()
    };
    let start = Instant::now();
    // Twice on itself, so that the upper one replaces what is below.
    let layers = [request("lower"), request("upper")];
    let merged = analyze_image(&layers, &open, analyzers, &options, &NoObserver)
        .map_err(|e| e.to_string())?;
    Ok((
        start.elapsed(),
        merged.programs.map_or(0, |found| found.len()),
    ))
}

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a layer")?;
    let times = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(10);
    let with = seaworthy_packages::all_analyzers();
    let mut without = seaworthy_packages::all_analyzers();
    without.retain(|analyzer| analyzer.programs().is_none());
    let mut best = [Duration::MAX; 2];
    let mut found = 0;
    for _ in 0..times {
        for (best, analyzers) in best.iter_mut().zip([&with, &without]) {
            let (time, programs) = run(&path, analyzers)?;
            *best = time.min(*best);
            found = found.max(programs);
        }
    }
    println!(
        "{found} programs; with {:?}, without {:?}, ratio {:.3}",
        best[0],
        best[1],
        best[0].as_secs_f64() / best[1].as_secs_f64()
    );
    Ok(())
}
