//! Policies, waivers of all tools, VEX documents, baselines; the first byte chooses the name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_policy::{Baseline, NoIncludes, Policy, VexDocument, Waiver, read_cases};

const NAMES: [&str; 6] = [
    ".trivyignore",
    ".trivyignore.yaml",
    ".grype.yaml",
    ".snyk",
    "vulnerability-allowlist.yml",
    "waivers.yaml",
];

fuzz_target!(|data: &[u8]| {
    let Some((&first, bytes)) = data.split_first() else {
        return;
    };
    let _ = Policy::load("policy.yaml", bytes, None, &NoIncludes);
    let _ = Waiver::read(NAMES[usize::from(first) % NAMES.len()], bytes);
    let _ = VexDocument::read("x.json", bytes);
    let _ = Baseline::read("x.json", bytes);
    let _ = read_cases("x.yaml", bytes);
});
