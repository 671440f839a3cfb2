//! Times a database: `cargo run --release --example lookups -- DB`. Prints how long opening takes
//! and how many packages a second one core looks up, every row of each read. Where the system tells
//! how long a thread ran (Linux), that is what is counted, so that a busy machine does not matter.

#![allow(clippy::print_stdout, reason = "an example reports on its output")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use seaworthy_vulndb::{Database, EndRef};

/// How often opening is timed.
const OPENINGS: u32 = 20;
/// Look-ups in each shard, at least.
const LOOKUPS: usize = 100_000;

/// A point in the time that this thread has run.
struct Clock {
    ran: Option<Duration>,
    wall: Instant,
}

impl Clock {
    fn now() -> Self {
        Self {
            ran: ran(),
            wall: Instant::now(),
        }
    }

    fn elapsed(&self) -> Duration {
        match (self.ran, ran()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => self.wall.elapsed(),
        }
    }
}

/// How long this thread has run so far.
fn ran() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return Err("usage: lookups DB".into());
    };
    let start = Clock::now();
    for _ in 0..OPENINGS {
        Database::open_dir(&folder)?;
    }
    let opening = start.elapsed() / OPENINGS;
    let database = Database::open_dir(&folder)?;
    println!("open: {opening:?}");
    let (mut lookups, mut rows) = (0_usize, 0_usize);
    let (mut time, mut reading) = (Duration::ZERO, Duration::ZERO);
    for key in database.keys() {
        let Some(shard) = database.shard(key) else {
            continue;
        };
        // As in an image: most packages of a distribution have advisories, some have none, and they
        // come in no order that the shard would like.
        let mut names: Vec<String> = shard
            .packages()
            .enumerate()
            .map(|(n, name)| {
                if n % 3 == 0 {
                    format!("{name}-none")
                } else {
                    name.to_owned()
                }
            })
            .collect();
        names.sort_by_key(|name| name.bytes().rev().collect::<Vec<u8>>());
        if names.is_empty() {
            continue;
        }
        let rounds = LOOKUPS.div_ceil(names.len());
        let start = Clock::now();
        let mut found = 0_usize;
        for _ in 0..rounds {
            for name in &names {
                found += usize::from(shard.lookup(name).next().is_some());
            }
        }
        let elapsed = start.elapsed();
        time += elapsed;
        lookups += rounds * names.len();
        let start = Clock::now();
        let (mut read, mut open) = (0_usize, 0_usize);
        for name in &names {
            for row in shard.lookup(name) {
                read += 1;
                for (_, end) in row.intervals() {
                    open += usize::from(matches!(end, EndRef::Open));
                }
            }
        }
        rows += read;
        std::hint::black_box(open);
        reading += start.elapsed();
        println!(
            "{key}: {:.0} look-ups a second ({found} of {})",
            (rounds * names.len()) as f64 / elapsed.as_secs_f64(),
            rounds * names.len(),
        );
    }
    println!(
        "{lookups} look-ups in {} shards: {:.0} a second; {rows} rows: {:.0} a second",
        database.keys().count(),
        lookups as f64 / time.as_secs_f64(),
        rows as f64 / reading.as_secs_f64()
    );
    Ok(())
}
