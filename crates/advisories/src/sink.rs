use seaworthy_model::State;
use seaworthy_vulndb::{Advisory, End, Interval};

use crate::ids::Identity;
use crate::published::subjects;

/// The exploit probability of one CVE (FIRST EPSS).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EpssRow {
    /// The CVE.
    pub(crate) id: String,
    /// Probability of exploitation in the next 30 days, 0 to 1.
    pub(crate) score: f32,
    /// Share of CVEs with the same score or a lower one, 0 to 1.
    pub(crate) percentile: f32,
}

/// One entry of CISA's catalogue of known exploited vulnerabilities.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KevRow {
    /// The CVE.
    pub(crate) id: String,
    /// When it was added, `YYYY-MM-DD`.
    pub(crate) added: String,
    /// Until when United States agencies have to act, `YYYY-MM-DD`; may be empty.
    pub(crate) due: String,
    /// Whether it is known to be used by ransomware.
    pub(crate) ransomware: bool,
}

/// A CVSS rating that no distribution or ecosystem gave.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CvssRow {
    /// The CVE.
    pub(crate) id: String,
    /// Who rated it: `cna`, `cisa-adp`, `nvd`.
    pub(crate) source: String,
    /// The vector, valid as its version of the standard says.
    pub(crate) vector: String,
}

/// Until when a distribution release is supported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EolRow {
    /// The shard key of the release, `debian:12`; a package that lost support before its release
    /// follows after a slash, `debian:11/chromium`.
    pub(crate) key: String,
    /// The end of security support by the vendor, `YYYY-MM-DD`; none when it is not decided.
    pub(crate) eol: Option<String>,
    /// The end of extended, long-term or paid support, `YYYY-MM-DD`.
    pub(crate) extended: Option<String>,
}

/// What the feed readers write to.
pub(crate) trait Sink {
    /// A row of the shard with that key.
    fn advisory(&mut self, shard: &str, row: Advisory);
    /// A row of the EPSS table.
    fn epss(&mut self, row: EpssRow);
    /// A row of the KEV table.
    fn kev(&mut self, row: KevRow);
    /// A row of the CVSS table.
    fn cvss(&mut self, row: CvssRow);
    /// A row of the end-of-life table.
    fn eol(&mut self, row: EolRow);
    /// A date that the feed itself gives, `YYYY-MM-DD…`; the newest one becomes the shard's date.
    fn date(&mut self, date: &str);
    /// A record that is being read, where a feed has many; others count as one.
    fn record(&mut self);
    /// A record that is broken, with what is wrong with it.
    fn broke(&mut self, what: String);
    /// A day on which the vulnerability of that id was public, as the feed writes it: the earliest
    /// of all that are plausible counts (see [`crate::published`]).
    fn published(&mut self, id: &str, date: &str);
    /// Content sets of Red Hat's repositories: the repository, its products (CPE).
    fn repository(&mut self, name: &str, cpes: &str);
    /// A record that holds nothing for us: withdrawn, rejected, for another product.
    fn skipped(&mut self);
}

/// Tells the day of a record for all that it is about: its CVEs, or itself when it names none.
pub(crate) fn publish<'i>(
    sink: &mut dyn Sink,
    own: &'i str,
    others: impl IntoIterator<Item = &'i str>,
    date: &str,
) {
    for id in subjects(own, others) {
        sink.published(id, date);
    }
}

/// Fixed where one of the intervals ends with a fix.
pub(crate) fn state_of(intervals: &[Interval]) -> State {
    let fixed = |interval: &Interval| matches!(interval.end, End::Fixed(_));
    if intervals.iter().any(fixed) {
        State::Fixed
    } else {
        State::Affected
    }
}

/// The row of a package that is affected in intervals, for readers to complete.
pub(crate) fn affected_in(
    package: &str,
    identity: &Identity,
    source: &str,
    intervals: Vec<Interval>,
) -> Advisory {
    Advisory {
        package: package.to_owned(),
        id: identity.primary.clone(),
        aliases: identity.aliases.clone(),
        advisory: identity.advisory.clone(),
        source: source.to_owned(),
        state: state_of(&intervals),
        intervals,
        ..Advisory::default()
    }
}

/// The row of a package that is fixed in a version, for readers to complete.
pub(crate) fn fixed_before(package: &str, version: &str) -> Advisory {
    Advisory {
        package: package.to_owned(),
        state: State::Fixed,
        intervals: vec![Interval {
            introduced: String::new(),
            end: End::Fixed(version.to_owned()),
        }],
        ..Advisory::default()
    }
}
