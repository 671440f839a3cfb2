//! Manifests, indexes, configurations, references, digests and platforms.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_oci::{Digest, Document, ImageConfig, Platform, Reference, parse_document};

fuzz_target!(|data: &[u8]| {
    if let Ok(Document::Index(index)) = parse_document(data, None) {
        let _ = index.platforms();
        let _ = index.choose(&Platform::default());
    }
    if let Ok(config) = ImageConfig::parse(data) {
        let _ = config.platform();
        let _ = config.instructions(config.rootfs.diff_ids.len());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(reference) = text.parse::<Reference>() {
            let shown = reference.to_string();
            assert_eq!(shown.parse::<Reference>().ok(), Some(reference));
        }
        let _ = text.parse::<Digest>();
        let _ = text.parse::<Platform>();
        let _ = seaworthy_source::TargetRef::parse(text);
    }
});
