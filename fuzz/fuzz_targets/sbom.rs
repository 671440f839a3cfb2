//! Bills of materials of any producer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = seaworthy_sbom::read(data);
});
