//! Version schemes: no panic, and an order that does not contradict itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_versions::{Scheme, compare};

fuzz_target!(|data: (u8, &str, &str)| {
    let (scheme, a, b) = data;
    let scheme = Scheme::ALL[usize::from(scheme) % Scheme::ALL.len()];
    let forth = compare(scheme, a, b);
    let back = compare(scheme, b, a);
    if let (Ok(forth), Ok(back)) = (forth, back) {
        assert_eq!(forth, back.reverse(), "{scheme:?} {a:?} {b:?}");
    }
});
