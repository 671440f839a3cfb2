//! A shard of the advisory database, read from one end to the other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_vulndb::Shard;

fuzz_target!(|data: &[u8]| {
    let Ok(shard) = Shard::from_bytes(data.to_vec()) else {
        return;
    };
    let _ = shard.verify();
    let _ = shard.meta();
    let names: Vec<String> = shard.packages().take(100).map(str::to_owned).collect();
    for name in &names {
        for row in shard.lookup(name).take(100) {
            let advisory = row.to_advisory();
            let _ = shard.find_id(&advisory.id).count();
        }
    }
});
