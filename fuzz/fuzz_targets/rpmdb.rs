//! rpm's databases; the first byte chooses the kind. Seeds: the files in `crates/packages/testdata`,
//! each with that byte in front.
#![no_main]

mod chosen;

use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 3] = [
    "var/lib/rpm/Packages",
    "usr/lib/sysimage/rpm/Packages.db",
    "var/lib/rpm/rpmdb.sqlite",
];

fuzz_target!(|data: &[u8]| {
    if let Some((path, bytes)) = chosen::split(data, &PATHS) {
        let analyzers = seaworthy_packages::os_analyzers();
        let whole = chosen::whole(&analyzers, path, bytes);
        let windows = chosen::windows(&analyzers, path, bytes);
        assert_eq!(whole.ok(), windows.ok());
    }
});
