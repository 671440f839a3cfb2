//! OSV records (OSV schema 1.7) of every database that speaks it: one path for languages and
//! distributions, JSON and YAML.

use std::borrow::Cow;
use std::cmp::Ordering;

use seaworthy_model::{Distribution, Ecosystem, Severity, State};
use seaworthy_vulndb::{Advisory, End, Interval};

use super::osv_record::{Affected, Event, Loose, Record, Score, Specific, Text};
use super::{redhat, suse};
use crate::ids::{self, Identity};
use crate::order::Order;
use crate::published::subjects;
use crate::sink::{Sink, state_of};
use crate::vector::Vector;

/// Where the rows of one `affected` entry go.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Language(Ecosystem),
    /// Packages of a kind that has a shard, but no advisories of a language known to the model.
    Other(&'static str),
    Distribution(String),
    /// A fix that only subscribers get: Ubuntu Pro, SUSE's long-term support.
    Subscription(String),
    /// Red Hat's extended update streams: for whoever has the stream's packages.
    Extended(String),
}

/// Other ecosystems by their names in OSV records, and the shards that they fill.
const OTHERS: [(&str, &str); 11] = [
    ("Bitnami", "generic"),
    ("DHI", "generic"),
    ("CRAN", "cran"),
    ("Hackage", "hackage"),
    ("GHC", "hackage"),
    ("GitHub Actions", "github-actions"),
    ("ConanCenter", "conan"),
    ("Homebrew", "homebrew"),
    ("Julia", "julia"),
    ("kubernetes", "kubernetes"),
    ("Kubernetes", "kubernetes"),
];

impl Target {
    /// Reads `affected[].package.ecosystem`: a name, and for distributions a release.
    fn read(ecosystem: &str) -> Option<Self> {
        let (name, release) = ecosystem.split_once(':').unwrap_or((ecosystem, ""));
        if let Some(language) = Ecosystem::ALL.into_iter().find(|e| e.osv_name() == name) {
            return Some(Self::Language(language));
        }
        if let Some((_, shard)) = OTHERS.iter().find(|(other, _)| *other == name) {
            return Some(Self::Other(shard));
        }
        let (id, version) = match name {
            "Alpine" => ("alpine", release.trim_start_matches('v')),
            "Debian" => ("debian", release),
            "Ubuntu" => return Self::ubuntu(release.strip_suffix(":LTS").unwrap_or(release)),
            "AlmaLinux" => ("almalinux", release),
            "Rocky Linux" => ("rocky", release),
            "Photon OS" => ("photon", release),
            "Azure Linux" => ("azurelinux", release),
            "Wolfi" => return Some(Self::Distribution("wolfi".to_owned())),
            "Chainguard" => return Some(Self::Distribution("chainguard".to_owned())),
            "CleanStart" => return Some(Self::Distribution("cleanstart".to_owned())),
            "SUSE" | "openSUSE" => {
                let product = suse::product(&format!("{name} {release}"))?;
                return Some(if product.subscription {
                    Self::Subscription(product.shard)
                } else {
                    Self::Distribution(product.shard)
                });
            }
            "Red Hat" => {
                let stream = redhat::stream(release)?;
                return Some(if stream.extended {
                    Self::Extended(stream.shard)
                } else {
                    Self::Distribution(stream.shard)
                });
            }
            _ => return None,
        };
        distribution(id, version).map(Self::Distribution)
    }

    fn ubuntu(release: &str) -> Option<Self> {
        let pro = release.strip_prefix("Pro:");
        let key = distribution("ubuntu", pro.unwrap_or(release))?;
        // Pro flavours (`Pro:FIPS:16.04`) are other builds of the packages.
        let plain = key
            .split_once(':')
            .is_some_and(|(_, release)| !release.contains(':'));
        match (plain, pro) {
            (false, _) => None,
            (true, Some(_)) => Some(Self::Subscription(key)),
            (true, None) => Some(Self::Distribution(key)),
        }
    }

    fn shard(&self) -> &str {
        match self {
            Self::Language(ecosystem) => ecosystem.shard_key(),
            Self::Other(key) => key,
            Self::Distribution(key) | Self::Subscription(key) | Self::Extended(key) => key,
        }
    }

    /// Whether a record is one vulnerability, and not an advisory about many.
    const fn is_library(&self) -> bool {
        matches!(self, Self::Language(_) | Self::Other(_))
    }
}

fn distribution(id: &str, version: &str) -> Option<String> {
    if version.is_empty() {
        return None;
    }
    Distribution {
        id: id.to_owned(),
        version: version.to_owned(),
        name: String::new(),
    }
    .shard_key()
}

/// Reads one record in JSON.
pub(crate) fn json(source: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let record: Record<'_> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    emit(source, &record, sink)
}

/// Reads one record of a feed whose packages are of a kind of their own, whatever ecosystem they
/// claim (CleanStart's say `Alpine`).
pub(crate) fn json_of(
    source: &str,
    ecosystem: &str,
    bytes: &[u8],
    sink: &mut dyn Sink,
) -> Result<(), String> {
    let mut record: Record<'_> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    for affected in record.affected.iter_mut().flatten() {
        if let Some(package) = &mut affected.package {
            package.ecosystem = Cow::Owned(ecosystem.to_owned());
        }
    }
    emit(source, &record, sink)
}

/// Reads one record in YAML.
pub(crate) fn yaml(source: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let record: Record<'_> = serde_saphyr::from_str(text).map_err(|e| e.to_string())?;
    emit(source, &record, sink)
}

fn emit(source: &str, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), String> {
    if record.id.is_empty() || record.id.len() > 256 {
        return Err("a record without an id".to_owned());
    }
    // Go's database writes the year 1 where it does not know.
    let date = [&record.modified, &record.published]
        .into_iter()
        .flatten()
        .map(|text| text.0.as_ref())
        .find(|date| !date.starts_with("0001"));
    if let Some(date) = date {
        sink.date(date);
    }
    // Kernel live patches (LSN) carry versions of patch modules, not of packages.
    let withdrawn = record.withdrawn.as_ref().is_some_and(|w| !w.0.is_empty())
        || record.id.starts_with("LSN-")
        || is_bugfix(record)
        || record
            .summary
            .as_ref()
            .is_some_and(|summary| summary.0.starts_with("** REJECT **"));
    let affected = record.affected.as_deref().unwrap_or_default();
    let mut rows = 0;
    if !withdrawn {
        for entry in affected {
            rows += emit_affected(source, record, entry, sink);
        }
        tell_day(record, rows > 0, sink);
    }
    if rows == 0 {
        sink.skipped();
    }
    Ok(())
}

/// Tells the day of publication: of the CVEs that the record is about, or of itself when it has
/// none and is in a shard.
fn tell_day(record: &Record<'_>, listed: bool, sink: &mut dyn Sink) {
    let Some(published) = &record.published else {
        return;
    };
    let others = [&record.aliases, &record.upstream]
        .into_iter()
        .flatten()
        .flatten()
        .map(|text| text.0.as_ref());
    let fixed = if is_library(record) {
        Vec::new()
    } else {
        cves_of_advisory(record)
    };
    for id in subjects(&record.id, others.chain(fixed.iter().map(String::as_str))) {
        if listed || ids::is_cve(id) {
            sink.published(id, &published.0);
        }
    }
}

/// Whether a record is about packages of languages, as far as one can tell.
fn is_library(record: &Record<'_>) -> bool {
    let first = record.affected.iter().flatten().next();
    first
        .and_then(|affected| Target::read(&affected.package.as_ref()?.ecosystem))
        .is_none_or(|target| target.is_library())
}

fn emit_affected(
    source: &str,
    record: &Record<'_>,
    affected: &Affected<'_>,
    sink: &mut dyn Sink,
) -> usize {
    let Some(package) = &affected.package else {
        return 0;
    };
    let Some(target) = Target::read(&package.ecosystem) else {
        return 0;
    };
    let name = package_name(&target, &package.name);
    if name.is_empty() || ignored(&target, &name, affected) {
        return 0;
    }
    let order = Order::of_shard(target.shard());
    let intervals = intervals(affected, order);
    let versions = loose_versions(&target, affected, &intervals, order);
    if intervals.is_empty() && versions.is_empty() {
        // Without a range and without versions nothing is said (GIT ranges only).
        return 0;
    }
    let (severity, vector) = rating(&target, record, affected);
    let row = Advisory {
        package: name,
        source: if matches!(target, Target::Extended(_)) {
            redhat::EXTENDED.to_owned()
        } else {
            source.to_owned()
        },
        state: match (&target, state_of(&intervals)) {
            (Target::Subscription(_) | Target::Extended(_), State::Fixed) => State::WillNotFix,
            (_, state) => state,
        },
        severity,
        vector,
        intervals,
        versions,
        ..Advisory::default()
    };
    let identities = identities(&target, record);
    let count = identities.len();
    for identity in identities {
        sink.advisory(
            target.shard(),
            Advisory {
                id: identity.primary,
                aliases: identity.aliases,
                advisory: identity.advisory,
                ..row.clone()
            },
        );
    }
    count
}

/// Rows that name no installable package, or no vulnerability.
fn ignored(target: &Target, name: &str, affected: &Affected<'_>) -> bool {
    if *target == Target::Language(Ecosystem::Go) && name == "toolchain" {
        return true;
    }
    [&affected.database_specific, &affected.ecosystem_specific]
        .into_iter()
        .flatten()
        .filter_map(|specific| specific.informational.as_ref()?.text())
        .any(|word| matches!(word, "unmaintained" | "notice"))
}

/// The name as the shard looks it up; names that their registry compares without regard to case
/// are lower-cased.
pub(crate) fn package_name_in(ecosystem: Ecosystem, name: &str) -> String {
    match ecosystem {
        Ecosystem::PyPi => {
            // PEP 503: runs of `-`, `_` and `.` are one hyphen, letters lower case.
            let mut normal = String::with_capacity(name.len());
            for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
                if !normal.is_empty() {
                    normal.push('-');
                }
                normal.push_str(&part.to_ascii_lowercase());
            }
            normal
        }
        Ecosystem::NuGet | Ecosystem::Packagist => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    }
}

fn package_name(target: &Target, name: &str) -> String {
    match target {
        Target::Language(ecosystem) => package_name_in(*ecosystem, name),
        _ => name.to_owned(),
    }
}

/// One identity per row to write: a language record is one vulnerability; a distribution's
/// advisory may fix many, and each gets a row of its own.
fn identities(target: &Target, record: &Record<'_>) -> Vec<Identity> {
    if target.is_library() {
        let aliases = texts(&record.aliases);
        let upstream = match target {
            Target::Other(_) => texts(&record.upstream),
            _ => Vec::new(),
        };
        return vec![ids::identify(
            &record.id,
            aliases.iter().chain(&upstream).map(String::as_str),
        )];
    }
    let cves = cves_of_advisory(record);
    if cves.is_empty() {
        return vec![Identity {
            primary: record.id.to_string(),
            ..Identity::default()
        }];
    }
    cves.into_iter()
        .map(|cve| Identity {
            // `DEBIAN-CVE-…` and the like say no more than the CVE.
            advisory: (!record.id.ends_with(&cve)).then(|| record.id.to_string()),
            aliases: Vec::new(),
            primary: cve,
        })
        .collect()
}

fn texts(list: &Option<Vec<Text<'_>>>) -> Vec<String> {
    list.iter()
        .flatten()
        .map(|text| text.0.trim().to_owned())
        .collect()
}

/// The CVEs that a distribution's advisory fixes, sorted: those that it says it is about, or where
/// there are none, those that it is related to.
fn cves_of_advisory(record: &Record<'_>) -> Vec<String> {
    let cves_of = |ids: Vec<String>| -> Vec<String> {
        let mut cves: Vec<String> = ids.into_iter().filter(|id| ids::is_cve(id)).collect();
        cves.sort_unstable();
        cves.dedup();
        cves
    };
    let own = cves_of(
        [
            texts(&record.aliases),
            texts(&record.upstream),
            vec![record.id.to_string()],
        ]
        .concat(),
    );
    if own.is_empty() {
        cves_of(texts(&record.related))
    } else {
        own
    }
}

/// Whether a record is an erratum of bugs or enhancements (`ALBA-…`, `RLEA-…`) that fixes no
/// vulnerability.
fn is_bugfix(record: &Record<'_>) -> bool {
    let kind = record.id.get(2..5).unwrap_or_default();
    matches!(kind, "BA-" | "EA-") && !is_library(record) && cves_of_advisory(record).is_empty()
}

/// The most exact rating: of the package before that of the record, the database's word before
/// what its vector says.
fn rating(
    target: &Target,
    record: &Record<'_>,
    affected: &Affected<'_>,
) -> (Option<Severity>, Option<String>) {
    let best = |scores: &Option<Vec<Score<'_>>>| {
        Vector::best(
            scores
                .iter()
                .flatten()
                .filter_map(|score| Some(score.score.as_ref()?.0.as_ref())),
        )
    };
    let vector = best(&affected.severity).or_else(|| best(&record.severity));
    let word = |specific: &Option<Specific<'_>>| {
        let specific = specific.as_ref()?;
        let urgency = specific.urgency.as_ref().and_then(Loose::text);
        let text = specific
            .severity
            .as_ref()
            .and_then(Loose::text)
            .or(urgency)?;
        text.trim_end_matches('*').parse::<Severity>().ok()
    };
    let of_package =
        word(&affected.ecosystem_specific).or_else(|| word(&affected.database_specific));
    // A distribution's record repeats the vector of the CVE: no rating of its own.
    let of_vector = match target {
        Target::Language(_) | Target::Other(_) => vector.as_ref().map(|v| v.severity),
        _ => record
            .summary
            .as_ref()
            .and_then(|summary| summary.0.split_once(':')?.0.parse().ok()),
    };
    // Malicious packages carry no rating: installing one is the damage (OSSF malicious-packages).
    let malicious = record.id.starts_with("MAL-").then_some(Severity::Critical);
    let severity = malicious
        .or(of_package)
        .or_else(|| word(&record.database_specific))
        .or_else(|| of_type(&affected.severity))
        .or_else(|| of_type(&record.severity))
        .or(of_vector);
    (severity, vector.map(|v| v.text))
}

/// Ubuntu's own word, `{"type": "Ubuntu", "score": "medium"}`.
fn of_type(scores: &Option<Vec<Score<'_>>>) -> Option<Severity> {
    scores
        .iter()
        .flatten()
        .filter(|score| score.kind.as_ref().is_some_and(|kind| kind.0 == "Ubuntu"))
        .find_map(|score| score.score.as_ref()?.0.parse().ok())
}

/// The affected intervals of all ranges but GIT ones (OSV schema, "affected[].ranges[]").
fn intervals(affected: &Affected<'_>, order: Order) -> Vec<Interval> {
    let mut intervals = Vec::new();
    for range in affected.ranges.iter().flatten() {
        if matches!(range.kind.as_ref(), "SEMVER" | "ECOSYSTEM") {
            range_intervals(&range.events, order, &mut intervals);
        }
    }
    order.sort(&mut intervals);
    intervals
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Introduced,
    LastAffected,
    Fixed,
}

fn range_intervals(events: &[Event<'_>], order: Order, intervals: &mut Vec<Interval>) {
    let mut marks: Vec<(&str, Mark)> = Vec::with_capacity(events.len());
    for event in events {
        for (text, mark) in [
            (&event.introduced, Mark::Introduced),
            (&event.fixed, Mark::Fixed),
            (&event.last_affected, Mark::LastAffected),
        ] {
            if let Some(text) = text.as_ref().filter(|text| !text.0.trim().is_empty()) {
                let start = mark == Mark::Introduced && text.0 == "0";
                marks.push((if start { "" } else { text.0.trim() }, mark));
            }
        }
    }
    let alternating = marks
        .iter()
        .enumerate()
        .all(|(index, (_, mark))| (*mark == Mark::Introduced) == (index % 2 == 0));
    if !alternating || marks.len() > 2 {
        marks.sort_by(|a, b| compare_marks(a, b, order));
    }
    let mut open: Option<&str> = None;
    for (version, mark) in marks {
        match (mark, open) {
            (Mark::Introduced, None) => open = Some(version),
            (Mark::Fixed | Mark::LastAffected, Some(introduced)) => {
                intervals.push(Interval {
                    introduced: introduced.to_owned(),
                    end: if mark == Mark::Fixed {
                        End::Fixed(version.to_owned())
                    } else {
                        End::LastAffected(version.to_owned())
                    },
                });
                open = None;
            }
            _ => {}
        }
    }
    if let Some(introduced) = open {
        intervals.push(Interval {
            introduced: introduced.to_owned(),
            end: End::Open,
        });
    }
}

/// By version; where two events share one, the end of an interval that this version starts
/// follows its start, and a fix precedes a new start.
fn compare_marks(a: &(&str, Mark), b: &(&str, Mark), order: Order) -> Ordering {
    let key = |mark: Mark| match mark {
        Mark::Fixed => 0,
        Mark::Introduced => 1,
        Mark::LastAffected => 2,
    };
    order.compare(a.0, b.0).then(key(a.1).cmp(&key(b.1)))
}

/// Lists beyond this are no honest ones; the longest real ones have some thousand versions.
const MAX_VERSIONS: usize = 20_000;

/// The enumerated versions that no interval holds. Distributions enumerate what their ranges
/// already say.
fn loose_versions(
    target: &Target,
    affected: &Affected<'_>,
    intervals: &[Interval],
    order: Order,
) -> Vec<String> {
    if !intervals.is_empty() && !target.is_library() {
        return Vec::new();
    }
    let mut versions: Vec<String> = affected
        .versions
        .iter()
        .flatten()
        .map(|text| text.0.trim())
        .filter(|version| !version.is_empty())
        .take(MAX_VERSIONS)
        .filter(|version| !intervals.iter().any(|i| order.contains(i, version)))
        .map(str::to_owned)
        .collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}

#[cfg(test)]
#[path = "osv_tests.rs"]
mod tests;
