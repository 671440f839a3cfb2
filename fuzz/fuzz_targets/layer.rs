//! A layer, as a stream (gzip, zstd or plain) and on a disk, with all analysers.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use seaworthy_analysis::{
    AnalysisOptions, LayerBytes, LayerRequest, Limits, NoObserver, analyze_image,
};

fuzz_target!(|data: &[u8]| {
    let analyzers = seaworthy_packages::all_analyzers();
    let request = LayerRequest {
        name: "layer",
        diff_id: "",
        size: data.len() as u64,
        unavailable: None,
    };
    let options = AnalysisOptions {
        threads: 1,
        max_memory: 8 << 20,
        limits: Limits {
            entries: 10_000,
            expanded: 64 << 20,
            coverage: 100,
        },
        ..AnalysisOptions::default()
    };
    let run = |open: &(dyn Fn(usize) -> std::io::Result<LayerBytes> + Sync)| {
        let layers = [request.clone(), request.clone()];
        analyze_image(&layers, open, &analyzers, &options, &NoObserver).ok()
    };
    let streamed = run(&|_| Ok(LayerBytes::Stream(Box::new(Cursor::new(data.to_vec())))));
    let seeking = run(&|_| Ok(LayerBytes::Random(Box::new(data.to_vec()))));
    // The two ways through a layer must agree where both get to the end.
    if let (Some(a), Some(b)) = (streamed, seeking) {
        assert_eq!(a.packages, b.packages);
        assert_eq!(a.programs, b.programs);
    }
});
