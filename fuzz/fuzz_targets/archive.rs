//! A docker-archive or OCI archive from a file, opened and scanned.
#![no_main]

use std::io::{Read as _, Write as _};

use libfuzzer_sys::fuzz_target;
use seaworthy_oci::LayerData;
use seaworthy_source::{NoProgress, Opened, SourceOptions, TargetRef};

fuzz_target!(|data: &[u8]| {
    let Ok(mut file) = tempfile::NamedTempFile::new_in("/dev/shm") else {
        return;
    };
    if file.write_all(data).is_err() {
        return;
    }
    for kind in ["docker-archive", "oci-archive"] {
        let Ok(target) = TargetRef::parse(&format!("{kind}:{}", file.path().display())) else {
            continue;
        };
        let Ok(Opened::Image(image)) =
            seaworthy_source::open(&target, &SourceOptions::default(), &NoProgress)
        else {
            continue;
        };
        for index in 0..image.layers().len().min(4) {
            if let Ok(LayerData::Stream(stream)) = image.open_layer(index) {
                let _ = std::io::copy(&mut stream.take(1 << 20), &mut std::io::sink());
            }
        }
    }
});
