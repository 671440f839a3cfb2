//! The starter table: the notable advisories, compiled into the program, so that a first scan
//! without a database has something to say. `data/starter.tsv` says of itself what its columns are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use seaworthy_model::{Date, Severity, State};
use seaworthy_vulndb::{
    Advisory, Database, End, EolTable, Interval, KevTable, PublishedTable, Shard, ShardBuilder,
    SourceInfo, build_published, build_table, write_atomically,
};

use crate::Error;
use crate::order::Order;

const TABLE: &str = include_str!("../../../data/starter.tsv");
/// What the shards of the table say about their source; the matcher tells them by it.
const SOURCE: &str = "starter";
/// Lines of the table, tables included.
const MAX_LINES: usize = 3000;

/// The starter table as a database.
#[must_use]
pub fn starter_database() -> Database {
    let table = Table::parse(TABLE);
    let info = |records: usize| SourceInfo {
        name: SOURCE.to_owned(),
        date: table.date.clone(),
        records: records as u64,
    };
    let shards = table
        .rows
        .iter()
        .filter_map(|(key, rows)| {
            let mut builder =
                ShardBuilder::new(key, Order::of_shard(key).name()).source(info(rows.len()));
            for row in rows {
                builder.push(row);
            }
            Shard::from_bytes(builder.build()).ok()
        })
        .collect();
    let mut database = Database::from_shards(shards).named("starter table");
    let kev = build_table("kev", info(table.kev.len()), &table.kev);
    if let Ok(kev) = KevTable::from_bytes(kev) {
        database = database.with_kev(kev);
    }
    let eol = build_table("eol", info(table.eol.len()), &table.eol);
    if let Ok(eol) = EolTable::from_bytes(eol) {
        database = database.with_eol(eol);
    }
    let days = table.days.iter().map(|(id, day)| (id.as_str(), *day));
    let days = build_published(vec![info(table.days.len())], days);
    if let Ok(days) = PublishedTable::from_bytes(days) {
        database = database.with_published(days);
    }
    database
}

#[derive(Default)]
struct Table {
    date: String,
    rows: BTreeMap<String, Vec<Advisory>>,
    kev: Vec<(String, String)>,
    eol: Vec<(String, String)>,
    /// The earliest of an id counts.
    days: Vec<(String, Date)>,
    /// Lines that are none of these; the tests want none.
    #[cfg_attr(not(test), allow(dead_code, reason = "only the tests look"))]
    broken: usize,
}

impl Table {
    fn parse(text: &str) -> Self {
        let mut table = Self::default();
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix('#') {
                if let Some(date) = comment.strip_prefix(" date: ") {
                    date.clone_into(&mut table.date);
                }
                continue;
            }
            let fields: Vec<&str> = line.split('\t').collect();
            match fields[..] {
                ["kev", id, text] => table.kev.push((id.to_owned(), text.to_owned())),
                ["eol", key, date] => table.eol.push((key.to_owned(), date.to_owned())),
                [shard, ..] => match row(&fields[1..]) {
                    Some((row, day)) => {
                        table.days.extend(day.map(|day| (row.id.clone(), day)));
                        table.rows.entry(shard.to_owned()).or_default().push(row);
                    }
                    None => table.broken += 1,
                },
                [] => {}
            }
        }
        table
    }
}

/// `PACKAGE ID ALIASES STATE SEVERITY VECTOR RANGES DAY`
fn row(fields: &[&str]) -> Option<(Advisory, Option<Date>)> {
    let [package, id, aliases, state, severity, vector, ranges, day] = *fields else {
        return None;
    };
    let given = |text: &str| (text != "-").then(|| text.to_owned());
    let day = match day {
        "-" => None,
        day => Some(day.parse::<Date>().ok()?),
    };
    let row = Advisory {
        package: package.to_owned(),
        id: id.to_owned(),
        aliases: aliases
            .split(',')
            .filter(|alias| *alias != "-")
            .map(str::to_owned)
            .collect(),
        source: SOURCE.to_owned(),
        state: state.parse::<State>().ok()?,
        severity: match severity {
            "-" => None,
            word => Some(word.parse::<Severity>().ok()?),
        },
        vector: given(vector),
        intervals: ranges
            .split(' ')
            .filter(|range| *range != "-")
            .map(interval)
            .collect::<Option<_>>()?,
        ..Advisory::default()
    };
    Some((row, day))
}

/// `[1.0,1.2)` up to before 1.2, `[,1.2]` up to and with 1.2, `[1.0,)` without an end.
fn interval(text: &str) -> Option<Interval> {
    let (introduced, end) = text.strip_prefix('[')?.split_once(',')?;
    let end = match (end.strip_suffix(')'), end.strip_suffix(']')) {
        (Some(""), _) => End::Open,
        (Some(version), _) => End::Fixed(version.to_owned()),
        (_, Some(version)) => End::LastAffected(version.to_owned()),
        _ => return None,
    };
    Some(Interval {
        introduced: introduced.to_owned(),
        end,
    })
}

fn line(shard: &str, row: &Advisory, day: Option<Date>) -> String {
    let or_dash = |text: &str| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text.to_owned()
        }
    };
    let ranges: Vec<String> = row
        .intervals
        .iter()
        .map(|interval| {
            let end = match &interval.end {
                End::Open => ")".to_owned(),
                End::Fixed(version) => format!("{version})"),
                End::LastAffected(version) => format!("{version}]"),
            };
            format!("[{},{end}", interval.introduced)
        })
        .collect();
    [
        shard,
        &row.package,
        &row.id,
        &or_dash(&row.aliases.join(",")),
        row.state.name(),
        &row.severity
            .map_or_else(|| "-".to_owned(), |s| s.to_string()),
        &or_dash(row.vector.as_deref().unwrap_or_default()),
        &or_dash(&ranges.join(" ")),
        &day.map_or_else(|| "-".to_owned(), |day| day.to_string()),
    ]
    .join("\t")
}

/// The shards of the table, and how many rows each gets at most.
const QUOTAS: [(&str, usize); 26] = [
    ("alpine:3.16", 60),
    ("alpine:3.17", 60),
    ("alpine:3.18", 80),
    ("alpine:3.19", 70),
    ("alpine:3.20", 70),
    ("alpine:3.21", 70),
    ("alpine:3.22", 60),
    ("debian:10", 50),
    ("debian:11", 130),
    ("debian:12", 110),
    ("debian:13", 60),
    ("ubuntu:20.04", 110),
    ("ubuntu:22.04", 130),
    ("ubuntu:24.04", 70),
    ("almalinux:8", 90),
    ("almalinux:9", 110),
    ("rhel:8", 80),
    ("rhel:9", 80),
    ("npm", 210),
    ("pypi", 210),
    ("maven", 150),
    ("go", 150),
    ("crates", 60),
    ("rubygems", 90),
    ("nuget", 30),
    ("packagist", 60),
];

/// Packages that are in very many images.
const WIDE: [&str; 92] = [
    "openssl",
    "glibc",
    "zlib",
    "curl",
    "libxml2",
    "expat",
    "busybox",
    "musl",
    "xz-utils",
    "xz",
    "bash",
    "git",
    "sudo",
    "openssh",
    "gnutls28",
    "nghttp2",
    "libwebp",
    "sqlite3",
    "sqlite",
    "python3",
    "perl",
    "systemd",
    "util-linux",
    "krb5",
    "nginx",
    "apache2",
    "httpd",
    "postgresql",
    "redis",
    "nodejs",
    "apk-tools",
    "libarchive",
    "bzip2",
    "gzip",
    "tar",
    "ncurses",
    "pcre2",
    "openldap",
    "cyrus-sasl2",
    "log4j-core",
    "org.apache.logging.log4j:log4j-core",
    "org.springframework:spring-beans",
    "org.springframework:spring-core",
    "org.springframework:spring-web",
    "org.springframework:spring-webmvc",
    "org.springframework:spring-expression",
    "com.fasterxml.jackson.core:jackson-databind",
    "org.yaml:snakeyaml",
    "org.apache.commons:commons-text",
    "commons-collections:commons-collections",
    "commons-fileupload:commons-fileupload",
    "org.apache.tomcat.embed:tomcat-embed-core",
    "com.h2database:h2",
    "org.postgresql:postgresql",
    "io.netty:netty-codec-http2",
    "lodash",
    "minimist",
    "axios",
    "express",
    "qs",
    "ws",
    "node-fetch",
    "semver",
    "json5",
    "follow-redirects",
    "jsonwebtoken",
    "braces",
    "ip",
    "undici",
    "path-to-regexp",
    "ansi-regex",
    "requests",
    "urllib3",
    "jinja2",
    "werkzeug",
    "flask",
    "django",
    "pyyaml",
    "cryptography",
    "pillow",
    "setuptools",
    "certifi",
    "aiohttp",
    "gunicorn",
    "stdlib",
    "golang.org/x/net",
    "golang.org/x/crypto",
    "golang.org/x/text",
    "rails",
    "rack",
    "nokogiri",
    "tokio",
];

/// Writes the table from built shards: what is known to be exploited, what is likely to be, and the
/// worst of the packages that are everywhere.
///
/// # Errors
/// When the database cannot be read or the table not be written.
pub fn write_starter(database: &Path, out: &Path) -> Result<usize, Error> {
    let opened = Database::open_dir(database).map_err(|e| Error::Write {
        path: database.to_owned(),
        message: e.to_string(),
    })?;
    let mut lines = Vec::new();
    let mut ids = BTreeSet::new();
    let mut date = String::new();
    for (key, quota) in QUOTAS {
        let Some(shard) = opened.shard(key) else {
            continue;
        };
        date = date.max(shard.meta().date().to_owned());
        let mut scored: Vec<(u32, Advisory)> = Vec::new();
        for package in shard.packages() {
            for row in shard.lookup(package) {
                let mut row = row.to_advisory();
                if row.vector.is_none() && row.severity.is_none() {
                    row.vector = opened
                        .cvss()
                        .and_then(|t| t.get(&row.id))
                        .map(str::to_owned);
                }
                if let Some(score) = score(&row, &opened) {
                    scored.push((score, row));
                }
            }
        }
        scored.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        // All rows about one vulnerability in one package, or none: they correct each other.
        let mut of_pair: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (_, row) in &scored {
            *of_pair.entry((&row.package, &row.id)).or_default() += 1;
        }
        let mut chosen: BTreeSet<(String, String)> = BTreeSet::new();
        let mut left = quota;
        for (_, row) in &scored {
            let pair = (row.package.as_str(), row.id.as_str());
            let Some(count) = of_pair.remove(&pair) else {
                continue;
            };
            if count <= left {
                left -= count;
                chosen.insert((row.package.clone(), row.id.clone()));
            }
        }
        let mut of_shard: Vec<String> = scored
            .into_iter()
            .filter(|(_, row)| chosen.contains(&(row.package.clone(), row.id.clone())))
            .map(|(_, mut row)| {
                ids.insert(row.id.clone());
                let day = std::iter::once(&row.id)
                    .chain(&row.aliases)
                    .filter_map(|id| opened.published(id))
                    .min();
                row.aliases
                    .retain(|alias| alias.starts_with("GHSA-") || alias.starts_with("CVE-"));
                row.aliases.truncate(2);
                line(key, &row, day)
            })
            .collect();
        of_shard.sort();
        of_shard.dedup();
        lines.extend(of_shard);
    }
    if let Some(kev) = opened.kev() {
        for id in &ids {
            if let Some(entry) = kev.get(id) {
                let or_dash = |text: &str| {
                    if text.is_empty() {
                        "-".to_owned()
                    } else {
                        text.to_owned()
                    }
                };
                lines.push(format!(
                    "kev\t{id}\t{} {} {}",
                    or_dash(&entry.date_added),
                    or_dash(&entry.due_date),
                    u8::from(entry.ransomware)
                ));
            }
        }
    }
    if let Some(eol) = opened.eol() {
        for key in releases() {
            if let Some(date) = eol.get(&key) {
                lines.push(format!("eol\t{key}\t{date}"));
            }
        }
    }
    lines.truncate(MAX_LINES);
    let count = lines.len();
    let text = format!(
        "# The starter table: notable advisories as bare facts. Written by `cargo run --example starter`.\n# date: {date}\n# shard\tpackage\tid\taliases\tstate\tseverity\tCVSS vector\taffected versions\tpublished\n# kev\tid\tadded due ransomware\n# eol\tshard\tlast day with security fixes\n{}\n",
        lines.join("\n")
    );
    write_atomically(out, text.as_bytes()).map_err(|e| Error::Write {
        path: out.to_owned(),
        message: e.to_string(),
    })?;
    Ok(count)
}

/// The releases whose end of support the table tells.
fn releases() -> Vec<String> {
    let mut keys: Vec<String> = (10..=23).map(|minor| format!("alpine:3.{minor}")).collect();
    for (family, releases) in [
        ("debian", &["9", "10", "11", "12", "13"][..]),
        (
            "ubuntu",
            &[
                "14.04", "16.04", "18.04", "20.04", "22.04", "23.10", "24.04", "24.10", "25.04",
            ],
        ),
        ("almalinux", &["8", "9", "10"]),
        ("rocky", &["8", "9", "10"]),
        ("rhel", &["6", "7", "8", "9", "10"]),
        ("amazon", &["2", "2023"]),
        ("oracle", &["7", "8", "9"]),
        ("fedora", &["38", "39", "40", "41", "42", "43"]),
        ("photon", &["3.0", "4.0", "5.0"]),
        ("opensuse-leap", &["15.4", "15.5", "15.6"]),
    ] {
        keys.extend(releases.iter().map(|release| format!("{family}:{release}")));
    }
    keys
}

/// How notable a row is; none for rows that report nothing, and for those whose versions would fill
/// the table.
fn score(row: &Advisory, database: &Database) -> Option<u32> {
    let says = matches!(row.state, State::Fixed | State::Affected);
    if !says
        || !row.versions.is_empty()
        || row.intervals.is_empty()
        || row.intervals.len() > 6
        || row.module.is_some()
    {
        return None;
    }
    let known = database.kev().is_some_and(|kev| kev.get(&row.id).is_some());
    let likely = database
        .epss()
        .and_then(|epss| epss.get(&row.id))
        .map_or(0.0, |epss| epss.score);
    let severity = row.severity.unwrap_or_else(|| {
        database
            .cvss()
            .and_then(|cvss| cvss.get(&row.id))
            .map_or(Severity::Unknown, |_| Severity::Medium)
    });
    let wide = WIDE.contains(&row.package.as_str());
    let year: u32 = row
        .id
        .strip_prefix("CVE-")
        .and_then(|id| id.get(..4)?.parse().ok())
        .unwrap_or(0);
    // Kernels and browsers are many rows and in few images.
    let rare = ["linux", "firefox", "chromium", "thunderbird", "kernel"]
        .iter()
        .any(|name| row.package.starts_with(name));
    if rare || year < 2016 {
        return None;
    }
    let mut score = u32::from(severity.code()) * 12 + (year - 2016) * 3;
    if wide {
        score += 90;
    }
    if known {
        score += if wide { 200 } else { 80 };
    }
    // A share of one, in hundredths.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 100"
    )]
    {
        score += (likely.clamp(0.0, 1.0) * 60.0) as u32;
    }
    Some(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_within_its_limit() {
        let table = Table::parse(TABLE);
        assert_eq!(table.broken, 0);
        let rows: usize = table.rows.values().map(Vec::len).sum();
        assert!(rows + table.kev.len() + table.eol.len() <= MAX_LINES);
        assert!(rows > 1000, "{rows}");
        assert!(table.date.starts_with("20"));
        let database = starter_database();
        assert_eq!(database.location(), "starter table");
        assert_eq!(database.keys().count(), table.rows.len());
        assert!(database.is_starter("alpine:3.18"));
        assert!(
            database
                .eol()
                .is_some_and(|eol| eol.get("debian:10").is_some())
        );
        assert!(
            database
                .kev()
                .is_some_and(|kev| kev.get("CVE-2021-44228").is_some())
        );
        let day = database.published("CVE-2021-44228");
        assert_eq!(
            day.map(|day| day.to_string()).as_deref(),
            Some("2021-12-10")
        );
        let ids: BTreeSet<&str> = { table.rows.values() }
            .flatten()
            .map(|row| row.id.as_str())
            .collect();
        let dated = ids.iter().filter(|id| database.published(id).is_some());
        assert!(dated.count() * 10 >= ids.len() * 9, "{}", ids.len());
    }

    #[test]
    fn rows_round_trip() {
        for text in [
            "npm\tlodash\tCVE-2021-23337\tGHSA-35jh-r3h4-6jhm\tfixed\thigh\tCVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H\t[,4.17.21)\t2021-02-15",
            "debian:12\tx\tCVE-2024-1\t-\taffected\t-\t-\t[,)\t-",
            "npm\tx\tCVE-2024-1\ta,b\tfixed\tlow\t-\t[1.0,1.2] [2.0,2.1)\t2024-01-31",
        ] {
            let (shard, rest) = text.split_once('\t').unwrap();
            let fields: Vec<&str> = rest.split('\t').collect();
            let (row, day) = row(&fields).expect(text);
            assert_eq!(line(shard, &row, day), text);
        }
        for bad in [
            "npm\tx",
            "npm\tx\tCVE-1\t-\tnonsense\t-\t-\t-\t-",
            "npm\tx\tCVE-1\t-\tfixed\t-\t-\t1.0\t-",
            "npm\tx\tCVE-1\t-\tfixed\t-\t-\t[,1.0)\tsoon",
        ] {
            assert_eq!(Table::parse(bad).broken, 1, "{bad}");
        }
    }
}
