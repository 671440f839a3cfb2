//! One file for every analyser that wants it; the first byte chooses the path.
#![no_main]

mod chosen;

use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 30] = [
    "etc/os-release",
    "etc/alpine-release",
    "lib/apk/db/installed",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d/base",
    "var/lib/dpkg/info/zlib1g.list",
    "var/lib/dpkg/status.d/base.md5sums",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages",
    "usr/lib/sysimage/rpm/Packages.db",
    "var/lib/rpmmanifest/container-manifest-2",
    "app/node_modules/x/package.json",
    "usr/lib/python3/dist-packages/x.dist-info/METADATA",
    "usr/lib/python3/dist-packages/x.egg-info/PKG-INFO",
    "usr/lib/ruby/gems/3.1.0/specifications/x-1.0.gemspec",
    "app/x.jar",
    "app/x.war",
    "usr/local/bin/x",
    "app/package-lock.json",
    "app/Cargo.lock",
    "root/buildinfo/content_manifests/x.json",
    "usr/share/bottlerocket/application-inventory.json",
    "usr/sbin/nginx",
    "usr/local/bin/redis-server",
    "usr/local/lib/libpython3.11.so.1.0",
    "opt/java/openjdk/release",
    "etc/SuSE-release",
    "var/lib/pacman/local/x-1-1/desc",
    "var/lib/pacman/local/x-1-1/files",
    "var/lib/pacman/local/ALPM_DB_VERSION",
];

fuzz_target!(|data: &[u8]| {
    if let Some((path, bytes)) = chosen::split(data, &PATHS) {
        let analyzers = seaworthy_packages::all_analyzers();
        let _ = chosen::whole(&analyzers, path, bytes);
        let _ = chosen::windows(&analyzers, path, bytes);
    }
});
