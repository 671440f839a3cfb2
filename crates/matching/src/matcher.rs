use std::borrow::Cow;

use rustc_hash::FxHashSet;
use seaworthy_model::{
    CoverageEntry, Date, Distribution, Evidence, Finding, Inventory, MatchReason, Origin, Package,
    PackageType, ShardInfo, State,
};
use seaworthy_versions::Scheme;
use seaworthy_vulndb::{Database, EndRef, Row, Shard};

use crate::MatchOptions;
use crate::coverage::Gaps;
use crate::enrich::Tables;
use crate::fix::{OsTool, fix_command};
use crate::fixed::{fixed_version, is_unconditional, unfixed_state};
use crate::group::{Group, Index, adopt_ids, group, is_cve};
use crate::judge::{Hit, Installed, Judgement, range_text};
use crate::keys::key_of;
use crate::life::PackageLives;
use crate::module::is_extended;
use crate::rating::{Ratings, family, rater};
use crate::reach::{self, Reach};
use crate::scheme::{lookup_name, lookup_version, scheme_of, second_name};
use crate::third_party::third_party;

/// Where packages of one type are looked up.
pub(crate) struct Target<'d> {
    pub(crate) key: String,
    pub(crate) shard: Option<&'d Shard>,
    pub(crate) scheme: Scheme,
    pub(crate) starter: bool,
    /// Vendor behind an OS shard.
    family: Option<String>,
}

impl<'d> Target<'d> {
    fn new(kind: PackageType, inventory: &Inventory, database: &'d Database) -> Option<Self> {
        let scheme = scheme_of(kind)?;
        let key = key_of(kind, inventory)?;
        let shard = database.shard(&key);
        Some(Self {
            starter: shard.is_some() && database.is_starter(&key),
            family: kind.is_os().then(|| family(&key).to_owned()),
            shard,
            scheme,
            key,
        })
    }

    /// Whether the shard is about packages of this kind: no deb on Alpine is Alpine's.
    fn fits(&self) -> bool {
        self.shard.is_none_or(|shard| {
            let scheme = shard_scheme(shard);
            scheme.is_empty() || scheme == self.scheme.name()
        })
    }

    pub(crate) fn info(&self) -> Option<ShardInfo> {
        let shard = self.shard?;
        Some(ShardInfo {
            key: self.key.clone(),
            date: shard.meta().date().to_owned(),
            digest: shard.digest().to_owned(),
        })
    }
}

fn shard_scheme(shard: &Shard) -> &str {
    shard.meta().scheme.as_str()
}

/// What stands between a package and its advisories.
pub(crate) enum Standing<'p, 'd> {
    /// It is looked up here, under this name and version.
    Looked {
        shard: &'d Shard,
        name: Cow<'p, str>,
        installed: Installed<'p>,
    },
    /// Somebody else built it.
    ThirdParty(&'p str),
    /// The package format is not the distribution's.
    ForeignFormat,
    /// No shard for its key.
    NoShard,
    /// No advisories can be named for it at all.
    NoKey,
    /// The options leave it out.
    LeftOut,
}

/// The inventory and the database, brought together.
pub(crate) struct Matcher<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) options: &'a MatchOptions,
    pub(crate) targets: Vec<Option<Target<'a>>>,
    tables: Tables<'a>,
    tool: OsTool,
    /// Fixes for subscribers that the image gets.
    reach: Reach,
    lives: PackageLives<'a>,
    /// What the repositories of the image tell that is not covered.
    foreign: Vec<CoverageEntry>,
    /// Whether any layer is known to be the base's; without one, nothing can be told.
    knows_base: bool,
}

impl<'a> Matcher<'a> {
    pub(crate) fn new(
        inventory: &'a Inventory,
        database: &'a Database,
        options: &'a MatchOptions,
    ) -> Self {
        Self {
            inventory,
            options,
            targets: PackageType::ALL
                .into_iter()
                .map(|kind| Target::new(kind, inventory, database))
                .collect(),
            tables: Tables::of(database),
            tool: OsTool::of(inventory),
            reach: Reach::of(inventory, database),
            lives: PackageLives::of(inventory, database, options.now_date.as_deref()),
            foreign: if options.os {
                reach::gaps(inventory, database)
            } else {
                Vec::new()
            },
            knows_base: inventory
                .image
                .as_ref()
                .is_some_and(|image| image.layers.iter().any(|layer| layer.base)),
        }
    }

    pub(crate) fn target(&self, kind: PackageType) -> Option<&Target<'a>> {
        self.targets.get(kind as usize)?.as_ref()
    }

    pub(crate) fn standing<'p>(&'p self, package: &'p Package) -> Standing<'p, 'a> {
        let wanted = if package.kind.is_os() {
            self.options.os
        } else {
            self.options.language
        };
        if !wanted {
            return Standing::LeftOut;
        }
        let Some(target) = self.target(package.kind) else {
            return Standing::NoKey;
        };
        let Some(shard) = target.shard else {
            return Standing::NoShard;
        };
        if package.kind.is_os() {
            if !target.fits() {
                return Standing::ForeignFormat;
            }
            if let Some(distribution) = &self.inventory.distribution
                && let Some(vendor) = third_party(package, distribution)
            {
                return Standing::ThirdParty(vendor);
            }
        }
        let name = lookup_name(package);
        // Which binaries have advisories is a short list: one that is not on it was not assessed.
        if package.kind == PackageType::Generic && shard.lookup(&name).next().is_none() {
            return Standing::NoKey;
        }
        Standing::Looked {
            shard,
            name,
            installed: Installed::new(package, lookup_version(package), target.scheme, &self.reach),
        }
    }

    /// All findings, in the order of packages, the gaps, and the shards that answered.
    pub(crate) fn run(&self) -> (Vec<Finding>, Vec<CoverageEntry>, Vec<ShardInfo>) {
        let mut findings = Vec::new();
        let mut gaps = Gaps::default();
        self.foreign.iter().for_each(|gap| gaps.push(gap.clone()));
        for (at, package) in self.inventory.packages.iter().enumerate() {
            match self.standing(package) {
                Standing::Looked {
                    shard,
                    name,
                    installed,
                } => {
                    gaps.answered(package.kind);
                    if let Some(end) = self.lives.ended(package) {
                        let name = distribution_name(self.inventory.distribution.as_ref());
                        gaps.push(self.lives.gap(package, end, name));
                    }
                    let mut gap = None;
                    for group in groups(&installed, shard, &name, &mut gap) {
                        if group.not_affected.is_none() && group.fixed_by.is_none() {
                            findings.push(self.finding(at, &name, &installed, &group));
                        }
                    }
                    if let Some(gap) = gap {
                        gaps.uncomparable(package, &installed, gap);
                    }
                }
                Standing::ThirdParty(vendor) => gaps.third_party(package, vendor, self.inventory),
                Standing::ForeignFormat => gaps.foreign(package, self.inventory),
                Standing::NoShard => gaps.unanswered(package.kind),
                Standing::NoKey => gaps.without_key(package.kind),
                Standing::LeftOut => {}
            }
        }
        self.leave_to_ecosystems(&mut findings);
        let mut shards: Vec<ShardInfo> = PackageType::ALL
            .into_iter()
            .filter(|kind| gaps.has_answer(*kind))
            .filter_map(|kind| self.target(kind)?.info())
            .collect();
        shards.sort();
        shards.dedup();
        (findings, gaps.entries(self), shards)
    }

    /// Takes away what is said of a bare binary and also of a package that the same file is: the
    /// ecosystem's advisories know more (a Go program and its main module).
    fn leave_to_ecosystems(&self, findings: &mut Vec<Finding>) {
        let package = |finding: &Finding| self.inventory.packages.get(finding.package);
        let is_bare = |package: &Package| package.kind == PackageType::Generic;
        let bare: FxHashSet<&Evidence> = (findings.iter().filter_map(package))
            .filter(|package| is_bare(package))
            .map(|package| &package.evidence)
            .collect();
        if bare.is_empty() {
            return;
        }
        let mut said: FxHashSet<(&Evidence, String)> = FxHashSet::default();
        for finding in findings.iter() {
            if let Some(package) = package(finding)
                && !is_bare(package)
                && bare.contains(&package.evidence)
            {
                let ids = std::iter::once(&finding.id).chain(&finding.aliases);
                said.extend(ids.map(|id| (&package.evidence, id.clone())));
            }
        }
        findings.retain(|finding| {
            !package(finding).is_some_and(|package| {
                is_bare(package) && said.contains(&(&package.evidence, finding.id.clone()))
            })
        });
    }

    /// Why a shard counts as stale; none when it does not, or when nobody asked.
    pub(crate) fn staleness(&self, target: &Target<'_>) -> Option<String> {
        let today: Date = self.options.now_date.as_deref()?.parse().ok()?;
        let most = self.options.max_db_age_days?;
        let date = target.shard?.meta().date();
        let Ok(day) = date.parse::<Date>() else {
            return Some("its sources do not tell their date, so its age is not known".to_owned());
        };
        let age = today.since(day);
        (i64::from(age) > i64::from(most)).then(|| {
            format!(
                "its newest source is of {date}, {age} days old, more than the allowed {most}; `seaworthy db update` renews it"
            )
        })
    }

    pub(crate) fn finding(
        &self,
        at: usize,
        name: &str,
        installed: &Installed<'_>,
        group: &Group<'a>,
    ) -> Finding {
        let package = installed.package;
        let target = self.target(package.kind);
        let shard = target.map_or("", |t| t.key.as_str());
        let own = target.and_then(|t| t.family.as_deref());
        let fixed = fixed_version(installed, &group.hits);
        let because = fixed.map_or_else(|| speaker(&group.hits), |(_, hit)| Some(hit));
        let fixed_version = fixed.map(|(version, _)| version.to_owned());
        let mut ratings = Ratings::default();
        for hit in &group.hits {
            ratings.add_row(rater(hit.row, own), hit.row);
        }
        self.tables.rate(&group.ids, &mut ratings);
        let (severity, severity_source, ratings) = ratings.settle(own.unwrap_or_default());
        Finding {
            id: group.primary().to_owned(),
            aliases: group.aliases(),
            package: at,
            state: if fixed.is_some() {
                State::Fixed
            } else {
                self.without_fix(package, unfixed_state(&group.hits))
            },
            severity,
            severity_source,
            ratings,
            epss: self.tables.epss(&group.ids),
            kev: self.tables.kev(&group.ids),
            fix_command: fixed_version
                .as_deref()
                .and_then(|version| fix_command(package, version, self.tool)),
            published: self.tables.published(&group.ids),
            fixed_version,
            origin: self.origin(package),
            reason: reason(because, shard, name, installed, group.primary()),
        }
    }

    /// A state without a fix stays so when nobody works on the package any more.
    fn without_fix(&self, package: &Package, said: State) -> State {
        match said {
            State::WillNotFix | State::EndOfLife => said,
            _ if self.lives.ended(package).is_some() => State::EndOfLife,
            _ => said,
        }
    }

    fn origin(&self, package: &Package) -> Origin {
        let (Some(image), Some(layer), true) = (
            &self.inventory.image,
            package.evidence.layer,
            self.knows_base,
        ) else {
            return Origin::Unknown;
        };
        match usize::try_from(layer)
            .ok()
            .and_then(|at| image.layers.get(at))
        {
            Some(layer) if layer.base => Origin::Base,
            Some(_) => Origin::Application,
            None => Origin::Unknown,
        }
    }
}

/// The row that speaks for a vulnerability without a fix: a conditional one before one that only
/// says "affected", then by source, so that the choice never depends on the order of rows.
fn speaker<'d>(hits: &[Hit<'d>]) -> Option<Hit<'d>> {
    let state = unfixed_state(hits);
    hits.iter()
        .min_by_key(|hit| {
            (
                hit.row.state() != state,
                is_unconditional(hit),
                hit.row.source(),
                hit.row.advisory(),
            )
        })
        .copied()
}

fn reason(
    because: Option<Hit<'_>>,
    shard: &str,
    name: &str,
    installed: &Installed<'_>,
    primary: &str,
) -> MatchReason {
    let Some(hit) = because else {
        return MatchReason::default();
    };
    let own = hit.row.advisory().unwrap_or_else(|| hit.row.id());
    MatchReason {
        source: hit.row.source().to_owned(),
        shard: shard.to_owned(),
        advisory: (own != primary).then(|| own.to_owned()),
        package: hit_name(hit, name).to_owned(),
        version: installed.version.to_owned(),
        range: range_text(hit.place, installed.version),
        scheme: installed.scheme.name().to_owned(),
    }
}

fn hit_name<'x>(hit: Hit<'x>, name: &'x str) -> &'x str {
    let own = hit.row.package();
    if own.is_empty() { name } else { own }
}

/// Sources that name the source packages of rpm distributions.
const BY_SOURCE_PACKAGE: [&str; 7] = [
    "redhat-api",
    "redhat-csaf",
    "redhat-eus",
    "redhat-oval",
    "azurelinux-oval",
    "fedora-bodhi",
    "photon-cve",
];

/// The rows that may concern a package; under its [`second_name`] only those of sources that use
/// such names.
pub(crate) fn rows<'d, 'n>(
    shard: &'d Shard,
    name: &'n str,
    package: &'n Package,
) -> impl Iterator<Item = Row<'d>> + use<'d, 'n> {
    shard.lookup(name).chain(
        second_name(package)
            .into_iter()
            .flat_map(move |source| shard.lookup(source))
            .filter(|row| BY_SOURCE_PACKAGE.contains(&row.source())),
    )
}

/// What could not be compared while the rows of a package were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gap {
    /// The installed version.
    Installed,
    /// A bound of this advisory.
    Advisory(String),
}

/// The vulnerabilities that an installed version may have, each with all that is said about it.
pub(crate) fn groups<'d>(
    installed: &Installed<'_>,
    shard: &'d Shard,
    name: &str,
    gap: &mut Option<Gap>,
) -> Vec<Group<'d>> {
    let mut hits = Vec::new();
    for row in rows(shard, name, installed.package) {
        match installed.judge(row) {
            Judgement::Affected(hit) => hits.push(hit),
            Judgement::Uncomparable if !installed.is_comparable() => *gap = Some(Gap::Installed),
            Judgement::Uncomparable => {
                gap.get_or_insert_with(|| Gap::Advisory(row.id().to_owned()));
            }
            Judgement::NotAffected | Judgement::OutsideRange | Judgement::OtherModule => {}
        }
    }
    if hits.is_empty() {
        return Vec::new();
    }
    let mut groups = group(hits);
    settle(installed, rows(shard, name, installed.package), &mut groups);
    groups
}

/// The second look at the rows: those that are no hits may take a vulnerability back.
fn settle<'d>(
    installed: &Installed<'_>,
    rows: impl Iterator<Item = Row<'d>>,
    groups: &mut [Group<'d>],
) {
    let index = Index::new(groups);
    for row in rows {
        let mut about = index.groups_of(row, groups).peekable();
        if about.peek().is_none() {
            continue;
        }
        let judgement = installed.judge(row);
        if matches!(judgement, Judgement::Affected(_) | Judgement::OtherModule) {
            continue;
        }
        for at in about {
            let Some(group) = groups.get_mut(at) else {
                continue;
            };
            match judgement {
                Judgement::NotAffected => group.not_affected = Some(row),
                // A row that knows in which version the fix came outvotes those that only say
                // "affected". A fix in the package's own extended stream outvotes all: the plain
                // release names a later version for the same fix.
                Judgement::OutsideRange
                    if names_a_fix(row)
                        && (is_extended(row) || group.hits.iter().all(is_unconditional)) =>
                {
                    group.fixed_by = Some(row);
                }
                _ => {}
            }
            if is_cve(row.id()) {
                adopt_ids(group, row);
            }
        }
    }
}

/// Whether a row names a version with the fix, be it one for subscribers only: whoever has it is
/// not affected.
fn names_a_fix(row: Row<'_>) -> bool {
    matches!(row.state(), State::Fixed | State::WillNotFix)
        && row
            .intervals()
            .any(|(_, end)| matches!(end, EndRef::Fixed(_)))
}

/// The distribution as people name it.
pub(crate) fn distribution_name(distribution: Option<&Distribution>) -> &str {
    match distribution {
        Some(d) if !d.name.is_empty() => &d.name,
        Some(d) => &d.id,
        None => "the distribution",
    }
}
