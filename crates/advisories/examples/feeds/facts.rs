//! Facts that are known from elsewhere, looked up in the database.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_vulndb::{Database, EndRef};

use crate::{Outcome, ensure};

/// Shard, package, id, source, and a version that the row names as its fix, its last affected one,
/// or (with `=`) its state.
const FACTS: [(&str, &str, &str, &str, &str); 44] = [
    (
        "alpine:3.18",
        "openssl",
        "CVE-2023-0464",
        "alpine-secdb",
        "3.1.0-r1",
    ),
    (
        "alpine:3.19",
        "zlib",
        "CVE-2022-37434",
        "alpine-secdb",
        "1.2.12-r2",
    ),
    (
        "alpine:3.20",
        "busybox",
        "CVE-2022-28391",
        "alpine-secdb",
        "1.35.0-r7",
    ),
    (
        "debian:11",
        "xorg-server",
        "CVE-2023-1393",
        "debian-dsa",
        "2:1.20.11-1+deb11u6",
    ),
    (
        "debian:11",
        "openssl",
        "CVE-2022-0778",
        "debian-dsa",
        "1.1.1k-1+deb11u2",
    ),
    (
        "debian:10",
        "zlib",
        "CVE-2018-25032",
        "debian-dsa",
        "1:1.2.11.dfsg-1+deb10u1",
    ),
    (
        "ubuntu:22.04",
        "openssl",
        "CVE-2022-3602",
        "ubuntu-cve-tracker",
        "3.0.2-0ubuntu1.7",
    ),
    (
        "ubuntu:20.04",
        "openssl",
        "CVE-2022-3602",
        "ubuntu-cve-tracker",
        "=not_affected",
    ),
    (
        "ubuntu:22.04",
        "zlib",
        "CVE-2022-37434",
        "ubuntu-cve-tracker",
        "1:1.2.11.dfsg-2ubuntu9.2",
    ),
    (
        "ubuntu:16.04",
        "zlib",
        "CVE-2022-37434",
        "ubuntu-cve-tracker",
        "=will_not_fix",
    ),
    (
        "rhel:9",
        "openssl",
        "CVE-2022-3602",
        "redhat-api",
        "1:3.0.1-43.el9_0",
    ),
    (
        "rhel:8",
        "zlib",
        "CVE-2022-37434",
        "redhat-api",
        "1.2.11-19.el8_6",
    ),
    (
        "rhel:8",
        "zlib",
        "CVE-2018-25032",
        "redhat-eus",
        "=will_not_fix",
    ),
    (
        "rhel:8",
        "nodejs",
        "CVE-2019-16775",
        "redhat-oval",
        "1:12.14.1-1.module+el8.1.0+5466+30f75629",
    ),
    (
        "almalinux:9",
        "openssl-libs",
        "CVE-2022-3602",
        "almalinux-osv",
        "1:3.0.1-43.el9_0",
    ),
    (
        "azurelinux:3.0",
        "oath-toolkit",
        "CVE-2024-47191",
        "azurelinux-oval",
        "2.6.7-3.azl3",
    ),
    (
        "mariner:1.0",
        "kernel",
        "CVE-2023-3863",
        "azurelinux-oval",
        "=fixed",
    ),
    (
        "photon:3.0",
        "curl",
        "CVE-2018-16890",
        "photon-oval",
        "=fixed",
    ),
    ("npm", "axios", "CVE-2024-39338", "osv", "1.7.4"),
    ("npm", "jquery", "CVE-2020-11022", "retirejs", "3.5.0"),
    ("npm", "hapi", "NSWG-ECO-65", "nodejs-security-wg", "11.1.4"),
    ("pypi", "jinja2", "CVE-2020-28493", "pypa", "2.11.3"),
    ("pypi", "requests", "CVE-2023-32681", "pypa", "2.31.0"),
    (
        "go",
        "golang.org/x/net",
        "CVE-2022-41723",
        "go-vulndb",
        "0.7.0",
    ),
    ("go", "stdlib", "CVE-2023-39325", "go-vulndb", "1.20.10"),
    ("crates", "smallvec", "CVE-2021-25900", "rustsec", "0.6.14"),
    ("rubygems", "rack", "CVE-2024-26141", "rubysec", "2.2.8.1"),
    (
        "packagist",
        "cakephp/cakephp",
        "CVE-2019-11458",
        "friendsofphp",
        "3.5.18",
    ),
    (
        "packagist",
        "symfony/http-kernel",
        "CVE-2022-24894",
        "friendsofphp",
        "=fixed",
    ),
    (
        "maven",
        "com.fasterxml.jackson.core:jackson-databind",
        "CVE-2018-7489",
        "project-kb",
        "=affected",
    ),
    (
        "maven",
        "com.fasterxml.jackson.core:jackson-databind",
        "CVE-2019-14893",
        "osv",
        "2.9.10",
    ),
    (
        "hex",
        "phoenix",
        "GHSA-p8f7-22gq-m7j9",
        "elixir-advisories",
        "1.6.14",
    ),
    (
        "hackage",
        "x509-validation",
        "HSEC-2023-0006",
        "haskell-advisories",
        "1.4.8",
    ),
    (
        "julia",
        "ImageMagick_jll",
        "CVE-2026-25969",
        "julia-advisories",
        "7.1.2023+0",
    ),
    ("cran", "readxl", "CVE-2021-27836", "r-advisories", "1.4.2"),
    (
        "homebrew",
        "libssh2",
        "CVE-2025-15661",
        "homebrew",
        "1.11.1_3",
    ),
    (
        "kubernetes",
        "k8s.io/apiserver",
        "CVE-2024-3177",
        "kubernetes",
        "=fixed",
    ),
    (
        "cleanstart",
        "step",
        "CVE-2026-42505",
        "cleanstart",
        "0.29.0-r1",
    ),
    (
        "generic",
        "minio",
        "CVE-2023-27589",
        "bitnami",
        "2023.03.13",
    ),
    (
        "generic",
        "node",
        "CVE-2025-23166",
        "docker-hardened-images",
        "20.19.2",
    ),
    ("generic", "node", "CVE-2023-39331", "nodejs-core", "20.8.1"),
    ("generic", "jruby", "CVE-2022-25857", "rubysec", "9.3.8.0"),
    (
        "generic",
        "gitlab",
        "CVE-2023-5512",
        "nvd-overrides",
        "16.4.4",
    ),
    ("generic", "nginx", "CVE-2021-23017", "bitnami", "1.20.1"),
];

pub(crate) fn spot_checks(database: &Database) -> Outcome<()> {
    let mut wrong = Vec::new();
    for (key, package, id, source, expected) in FACTS {
        let shard = database
            .shard(key)
            .ok_or_else(|| format!("no shard {key}"))?;
        let rows: Vec<_> = shard
            .lookup(package)
            .filter(|row| row.id() == id && row.source() == source)
            .collect();
        let holds = rows.iter().any(|row| match expected.strip_prefix('=') {
            Some(state) => row.state().name() == state,
            None => row
                .intervals()
                .any(|(_, end)| matches!(end, EndRef::Fixed(v) | EndRef::LastAffected(v) if v == expected)),
        });
        if !holds {
            wrong.push(format!(
                "{key} {package} {id} of {source}: no row says {expected}: {rows:?}"
            ));
        }
    }
    println!(
        "{} of {} spot checks hold",
        FACTS.len() - wrong.len(),
        FACTS.len()
    );
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}

pub(crate) fn tables(database: &Database) -> Outcome<()> {
    let kev = database.kev().and_then(|table| table.get("CVE-2021-44228"));
    ensure(
        kev.is_some_and(|entry| entry.ransomware && entry.date_added == "2021-12-10"),
        "log4shell is exploited, by ransomware, since December 2021",
    )?;
    let epss = database
        .epss()
        .and_then(|table| table.get("CVE-2021-44228"));
    ensure(
        epss.is_some_and(|epss| epss.score > 0.9),
        "and very likely so",
    )?;
    let vector = database
        .cvss()
        .and_then(|table| table.get("CVE-2022-37434"));
    ensure(
        vector == Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
        "NVD's vector of CVE-2022-37434",
    )?;
    let eol = database.eol();
    for (key, day) in [("debian:12", "2028-06-30"), ("ubuntu:14.04", "2019-04-25")] {
        let found = eol.and_then(|table| table.get(key));
        ensure(
            found == Some(day),
            &format!("{key} ends on {day}, and not on {found:?}"),
        )?;
    }
    println!("the side tables hold");
    days(database)
}

/// Vulnerabilities and the day on which they were made public, as it is known from elsewhere.
const DAYS: [(&str, &str); 11] = [
    ("CVE-2021-44228", "2021-12-10"),
    ("CVE-2014-0160", "2014-04-07"),
    ("CVE-2014-6271", "2014-09-24"),
    ("CVE-2022-37434", "2022-08-05"),
    ("CVE-2023-44487", "2023-10-10"),
    ("CVE-2024-3094", "2024-03-29"),
    ("CVE-2022-3602", "2022-11-01"),
    ("CVE-2023-38545", "2023-10-11"),
    ("CVE-2023-4911", "2023-10-03"),
    ("CVE-2021-3156", "2021-01-26"),
    ("CVE-2021-4034", "2022-01-25"),
];

fn days(database: &Database) -> Outcome<()> {
    let table = database
        .published_table()
        .ok_or("no table of days of publication")?;
    let (mut ids, mut cves) = (0, 0);
    let mut years: BTreeMap<String, usize> = BTreeMap::new();
    for (id, day) in table.iter() {
        ids += 1;
        cves += usize::from(id.starts_with("CVE-"));
        *years.entry(day.to_string()[..4].to_owned()).or_default() += 1;
    }
    println!("{ids} ids have a day of publication, {cves} of them are CVEs; by year: {years:?}");
    let mut named = BTreeSet::new();
    for key in database.keys() {
        let shard = database.shard(key).ok_or("a key without a shard")?;
        for package in shard.packages() {
            for row in shard.lookup(package) {
                let ids = std::iter::once(row.id()).chain(row.aliases());
                named.extend(
                    { ids }
                        .filter(|id| id.starts_with("CVE-"))
                        .map(str::to_owned),
                );
            }
        }
    }
    let dated = named.iter().filter(|id| table.get(id).is_some()).count();
    println!(
        "{dated} of {} CVEs that a shard names have a day, {:.1}%",
        named.len(),
        dated as f64 * 100.0 / named.len().max(1) as f64
    );
    let wrong: Vec<String> = DAYS
        .iter()
        .filter_map(|(id, day)| {
            let found = database.published(id).map(|day| day.to_string());
            (found.as_deref() != Some(*day)).then(|| format!("{id} on {day}, not {found:?}"))
        })
        .collect();
    ensure(wrong.is_empty(), &format!("days: {}", wrong.join("; ")))?;
    ensure(
        dated * 100 >= named.len() * 90,
        "nine of ten CVEs that a shard names have a day",
    )
}
