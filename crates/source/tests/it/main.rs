//! The public function of the crate, against files written by our own writer and against servers
//! on this machine.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "tests")]

mod daemon;
mod fake_registry;
mod http;
mod layout_store;
mod local;
mod memory_registry;
mod proxies;
mod pushing;
mod referrers;
mod registry;
mod server;
mod tools;
mod trust;

use std::io::Read as _;
use std::time::Duration;

use seaworthy_oci::layout::{BuiltImage, ImageSpec, LayerEntry, build};
use seaworthy_oci::{Digest, ImageSource, LayerData};
use seaworthy_source::{Error, NoProgress, Opened, SourceOptions, TargetRef, Timing, open};

/// Patience of milliseconds.
fn hasty() -> Timing {
    Timing {
        delays: [Duration::from_millis(1); 4],
        longest: Duration::from_secs(1),
        ..Timing::default()
    }
}

/// An image of two small layers.
fn image() -> BuiltImage {
    build(&ImageSpec::of_layers(
        "shop/web:1.8",
        vec![
            vec![LayerEntry::file(
                "etc/os-release",
                "ID=alpine\nVERSION_ID=3.18.4\n",
            )],
            vec![LayerEntry::file("app/data", vec![b'x'; 300_000])],
        ],
    ))
    .expect("in memory")
}

fn open_image(target: &str, options: &SourceOptions) -> Result<Box<dyn ImageSource>, Error> {
    match open(&TargetRef::parse(target)?, options, &NoProgress)? {
        Opened::Image(image) => Ok(image),
        _ => panic!("{target} is no image"),
    }
}

/// The stored bytes of a layer.
fn layer(image: &dyn ImageSource, index: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match image.open_layer(index)? {
        LayerData::Stream(mut stream) => {
            stream.read_to_end(&mut bytes)?;
        }
        LayerData::Random(source) => {
            bytes.resize(usize::try_from(source.len()).expect("small"), 0);
            source.read_exact_at(0, &mut bytes)?;
        }
    }
    Ok(bytes)
}

fn assert_same(opened: &dyn ImageSource, built: &BuiltImage) {
    assert_eq!(opened.config_raw(), built.config);
    assert_eq!(opened.layers().len(), built.layers.len());
    for (index, expected) in built.layers.iter().enumerate() {
        let bytes = layer(opened, index).expect("readable");
        let same = bytes == expected.blob || bytes == expected.tar;
        assert!(same, "layer {index}");
        assert_eq!(opened.layers()[index].diff_id, expected.diff_id.as_str());
    }
    assert_eq!(
        opened.config_digest(),
        Some(Digest::of(&built.config).as_str())
    );
}
