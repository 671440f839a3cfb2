//! What rules look at: the report's items with everything derived from them, prepared once.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use seaworthy_model::{
    Counts, Finding, LicenseFinding, Misconfiguration, Package, Report, Secret, Severity,
};
use seaworthy_oci::Reference;

use crate::cel::Field;
use crate::policy::Since;
use crate::subject::{Subject, finding_key};
use crate::verdict::Left;
use seaworthy_model::Date;

/// A finding and what follows from it.
#[derive(Debug)]
pub(crate) struct FindingRow<'a> {
    pub(crate) index: usize,
    pub(crate) finding: &'a Finding,
    pub(crate) package: Option<&'a Package>,
    /// Highest CVSS base score of any source, else the lower end of the severity's band; none for
    /// an unknown severity without a score.
    pub(crate) cvss: Option<f64>,
    pub(crate) risk: f64,
    /// Days since it was published, first seen, listed as exploited.
    ages: [Option<i32>; 3],
    /// The day of publication as text, made when an expression reads it.
    published: OnceCell<String>,
}

impl FindingRow<'_> {
    pub(crate) const fn age(&self, since: Since) -> Option<i32> {
        self.ages[since as usize]
    }
}

/// What nearly every rule asks of a finding, side by side: a policy goes through it once per rule,
/// so it must stay in the cache where whole findings do not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief {
    pub(crate) severity: u8,
    pub(crate) state: u8,
    pub(crate) origin: u8,
    pub(crate) fixable: bool,
    pub(crate) exploited: bool,
    pub(crate) ransomware: bool,
    pub(crate) risk: f64,
    pub(crate) cvss: Option<f64>,
    pub(crate) epss: Option<f64>,
    pub(crate) epss_percentile: Option<f64>,
}

impl Brief {
    fn of(row: &FindingRow<'_>) -> Self {
        let finding = row.finding;
        Self {
            severity: finding.severity.code(),
            state: finding.state.code(),
            origin: finding.origin as u8,
            fixable: finding.is_fixable(),
            exploited: finding.kev.is_some(),
            ransomware: finding.kev.as_ref().is_some_and(|k| k.ransomware),
            risk: row.risk,
            cvss: row.cvss,
            epss: finding.epss.map(|e| e.score),
            epss_percentile: finding.epss.map(|e| e.percentile),
        }
    }
}

/// A report prepared for rules; holds only what waivers, VEX and the baseline left.
#[derive(Debug)]
pub(crate) struct World<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) findings: Vec<FindingRow<'a>>,
    /// One per finding, in the same order.
    pub(crate) briefs: Vec<Brief>,
    pub(crate) secrets: Vec<(usize, &'a Secret)>,
    pub(crate) misconfigurations: Vec<(usize, &'a Misconfiguration)>,
    pub(crate) licenses: Vec<(usize, &'a LicenseFinding)>,
    /// Whether the packages of the report are all that are in the image. A report of vulnerabilities
    /// alone lists those that have one, which shows what is there and not what is absent.
    pub(crate) lists_all: bool,
    /// Whether nothing of a distribution is in the image, so that nothing can go out of support.
    pub(crate) no_distribution: bool,
    /// Whether the report tells what is known to be exploited: not every database has the table, and
    /// most other scanners do not.
    pub(crate) tells_exploited: bool,
    /// Whether the database knows EPSS at all.
    pub(crate) has_epss: bool,
    pub(crate) counts: Counts,
    pub(crate) reference: Option<Reference>,
    pub(crate) environment: String,
    today: String,
    tag: String,
    digest: String,
    pub(crate) size: Option<u64>,
    pub(crate) age_days: Option<i32>,
}

fn pick<'a, T>(items: &'a [T], indices: &[usize]) -> Vec<(usize, &'a T)> {
    indices
        .iter()
        .filter_map(|&i| Some((i, items.get(i)?)))
        .collect()
}

impl<'a> World<'a> {
    pub(crate) fn new(subject: Subject<'a>, left: &Left, environment: &str) -> Self {
        let report = subject.report;
        let facts = subject.facts;
        let findings: Vec<_> = pick(&report.findings, &left.findings)
            .into_iter()
            .map(|(index, finding)| row(subject, index, finding))
            .collect();
        let reference: Option<Reference> = subject.name().parse().ok();
        let image = report.inventory.image.as_ref();
        let digest = reference
            .as_ref()
            .and_then(|r| r.digest.as_ref().map(ToString::to_string))
            .or_else(|| image.and_then(|i| i.manifest_digest.clone()));
        Self {
            lists_all: lists_all(report),
            no_distribution: has_no_distribution(report),
            tells_exploited: tells_exploited(report),
            has_epss: report.database.has_table("epss")
                || report.findings.iter().any(|f| f.epss.is_some()),
            counts: count(&findings),
            briefs: findings.iter().map(Brief::of).collect(),
            findings,
            secrets: pick(&report.secrets, &left.secrets),
            misconfigurations: pick(&report.misconfigurations, &left.misconfigurations),
            licenses: pick(&report.licenses, &left.licenses),
            environment: environment.to_owned(),
            today: subject.now.to_string(),
            tag: reference
                .as_ref()
                .and_then(|r| r.tag.clone())
                .unwrap_or_default(),
            digest: digest.unwrap_or_default(),
            reference,
            size: facts
                .size
                .or_else(|| image.map(|i| i.layers.iter().map(|l| l.size).sum()))
                // A reader that knows no sizes writes none.
                .filter(|size| *size > 0),
            age_days: subject.created().map(|c| subject.now.since(c)),
            subject,
        }
    }

    /// The same report with less left of it.
    pub(crate) fn narrowed(mut self, left: &Left, environment: &str) -> Self {
        fn keep<T>(items: &mut Vec<T>, indices: &[usize], index: impl Fn(&T) -> usize) {
            if items.len() > indices.len() {
                items.retain(|item| indices.binary_search(&index(item)).is_ok());
            }
        }
        keep(&mut self.findings, &left.findings, |row| row.index);
        keep(&mut self.secrets, &left.secrets, |(at, _)| *at);
        keep(
            &mut self.misconfigurations,
            &left.misconfigurations,
            |(at, _)| *at,
        );
        keep(&mut self.licenses, &left.licenses, |(at, _)| *at);
        self.counts = count(&self.findings);
        self.briefs = self.findings.iter().map(Brief::of).collect();
        environment.clone_into(&mut self.environment);
        self
    }

    pub(crate) fn packages(&self) -> &'a [Package] {
        &self.subject.report.inventory.packages
    }

    pub(crate) fn package(&self, index: Option<usize>) -> Option<&'a Package> {
        self.packages().get(index?)
    }

    /// The indices into `findings` by upper-case id and alias.
    pub(crate) fn by_id(&self) -> FxHashMap<String, Vec<u32>> {
        let mut map: FxHashMap<String, Vec<u32>> = FxHashMap::default();
        for (at, row) in (0..).zip(&self.findings) {
            for id in std::iter::once(&row.finding.id).chain(&row.finding.aliases) {
                map.entry(id.to_ascii_uppercase()).or_default().push(at);
            }
        }
        map
    }
}

/// Whether what is not marked as exploited is known not to be. A report without a tool was written by
/// hand, for a case: it tells all.
fn tells_exploited(report: &Report) -> bool {
    report.tool.name.is_empty()
        || report.database.has_table("kev")
        || report.findings.iter().any(|f| f.kev.is_some())
}

fn has_no_distribution(report: &Report) -> bool {
    let inventory = &report.inventory;
    inventory.distribution.is_none()
        && lists_all(report)
        && !inventory.packages.iter().any(|p| p.kind.is_os())
        && crate::check::gaps(report, crate::policy::On::Package).is_none()
}

fn lists_all(report: &Report) -> bool {
    if report.inventory.package_managers.is_some() {
        return true;
    }
    let mut affected = vec![false; report.inventory.packages.len()];
    for finding in &report.findings {
        if let Some(package) = affected.get_mut(finding.package) {
            *package = true;
        }
    }
    affected.contains(&false)
}

fn count(findings: &[FindingRow<'_>]) -> Counts {
    let mut counts = Counts {
        by_severity: Severity::WORST_FIRST.into_iter().map(|s| (s, 0)).collect(),
        ..Counts::default()
    };
    for row in findings {
        *counts.by_severity.entry(row.finding.severity).or_default() += 1;
        counts.fixable += usize::from(row.finding.is_fixable());
        counts.exploited += usize::from(row.finding.kev.is_some());
    }
    counts
}

fn row<'a>(subject: Subject<'a>, index: usize, finding: &'a Finding) -> FindingRow<'a> {
    let facts = subject.facts;
    let package = subject.report.inventory.packages.get(finding.package);
    let days = |date: Option<&Date>| date.map(|d| subject.now.since(*d));
    let ids = || std::iter::once(&finding.id).chain(&finding.aliases);
    let first_seen = match package {
        Some(package) if !facts.first_seen.is_empty() => days(
            ids()
                .filter_map(|id| {
                    let key = finding_key(id, package.kind.purl_type(), &package.name);
                    facts.first_seen.get(&key)
                })
                .min(),
        ),
        _ => None,
    };
    let listed = finding
        .kev
        .as_ref()
        .and_then(|k| k.date_added.parse::<Date>().ok());
    FindingRow {
        index,
        finding,
        package,
        cvss: finding.cvss(),
        risk: finding.risk(),
        ages: [
            days(finding.published.as_ref()),
            first_seen,
            days(listed.as_ref()),
        ],
        published: OnceCell::new(),
    }
}

/// One item, for expressions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'w> {
    pub(crate) world: &'w World<'w>,
    pub(crate) item: Item<'w>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Item<'w> {
    Finding(&'w FindingRow<'w>),
    Secret(&'w Secret),
    Misconfiguration(&'w Misconfiguration),
    License(&'w LicenseFinding),
    Package(&'w Package),
    Image,
}

impl<'w> Row<'w> {
    fn finding(&self) -> Option<&'w Finding> {
        match self.item {
            Item::Finding(row) => Some(row.finding),
            _ => None,
        }
    }

    pub(crate) fn package(&self) -> Option<&'w Package> {
        match self.item {
            Item::Finding(row) => row.package,
            Item::License(license) => self.world.package(license.package),
            Item::Package(package) => Some(package),
            _ => None,
        }
    }

    pub(crate) fn severity(&self) -> Severity {
        match self.item {
            Item::Finding(row) => row.finding.severity,
            Item::Secret(secret) => secret.severity,
            Item::Misconfiguration(m) => m.severity,
            Item::License(license) => license.severity,
            Item::Package(_) | Item::Image => Severity::Unknown,
        }
    }

    /// Where it lies: the package's file, the secret's, the configuration's.
    pub(crate) fn path(&self) -> &'w str {
        match self.item {
            Item::Secret(secret) => &secret.location.path,
            Item::Misconfiguration(m) => &m.location.path,
            Item::License(license) => &license.location.path,
            _ => self.package().map_or("", |p| p.evidence.path.as_str()),
        }
    }

    fn age(&self, since: Since) -> Option<i32> {
        match self.item {
            Item::Finding(row) => row.age(since),
            _ => None,
        }
    }

    /// Whether a field has a value here. What is not known is no zero and no empty text: an
    /// expression that needs it says nothing about this item.
    pub(crate) fn knows(&self, field: Field) -> bool {
        let world = self.world;
        let subject = world.subject;
        match field {
            Field::Epss | Field::EpssPercentile => world.has_epss,
            Field::Exploited | Field::Ransomware | Field::CountExploited => world.tells_exploited,
            Field::Cvss => matches!(self.item, Item::Finding(row) if row.cvss.is_some()),
            Field::Published | Field::AgeDays => self.age(Since::Published).is_some(),
            Field::FirstSeenDays => self.age(Since::FirstSeen).is_some(),
            Field::PackageLayer => self.package().is_some_and(|p| p.evidence.layer.is_some()),
            Field::ImageSize => world.size.is_some(),
            Field::ImageAgeDays => world.age_days.is_some(),
            Field::ImageUser | Field::ImagePlatform | Field::ImageLayers | Field::ImageLabels => {
                subject.report.inventory.image.is_some()
            }
            Field::ImagePackages => world.lists_all,
            Field::ImageEndOfLife => subject.report.support.is_some() || world.no_distribution,
            Field::CountSecrets => subject.ran("secret"),
            Field::CountMisconfigurations => subject.ran("config"),
            _ => true,
        }
    }

    pub(crate) fn labels(&self) -> Option<&'w BTreeMap<String, String>> {
        let image = self.world.subject.report.inventory.image.as_ref()?;
        Some(&image.labels)
    }

    pub(crate) fn text(&self, field: Field) -> &'w str {
        let world = self.world;
        let report = world.subject.report;
        let image = report.inventory.image.as_ref();
        let os = report.inventory.distribution.as_ref();
        match field {
            Field::Id => self.finding().map_or("", |f| &f.id),
            Field::Severity => self.severity().name(),
            Field::State => self.finding().map_or("", |f| f.state.name()),
            Field::FixedVersion => self
                .finding()
                .and_then(|f| f.fixed_version.as_deref())
                .unwrap_or_default(),
            Field::Origin => self.finding().map_or("", |f| match f.origin {
                seaworthy_model::Origin::Base => "base",
                seaworthy_model::Origin::Application => "application",
                seaworthy_model::Origin::Unknown => "unknown",
            }),
            Field::Source => self.finding().map_or("", |f| &f.reason.source),
            Field::Published => match self.item {
                Item::Finding(row) => row.published.get_or_init(|| {
                    let day = row.finding.published;
                    day.map(|day| day.to_string()).unwrap_or_default()
                }),
                _ => "",
            },
            Field::PackageName => self.package().map_or("", |p| &p.name),
            Field::PackageVersion => self.package().map_or("", |p| &p.version),
            Field::PackageType => self.package().map_or("", |p| p.kind.label()),
            Field::PackagePath => self.package().map_or("", |p| &p.evidence.path),
            Field::PackageSource => self.package().map_or("", Package::source_name),
            Field::Rule => match self.item {
                Item::Secret(s) => &s.rule,
                Item::Misconfiguration(m) => &m.rule,
                _ => "",
            },
            Field::Title => match self.item {
                Item::Secret(s) => &s.title,
                Item::Misconfiguration(m) => &m.title,
                _ => "",
            },
            Field::Path => self.path(),
            Field::Kind => self.misconfiguration().map_or("", |m| &m.kind),
            Field::Object => self.misconfiguration().map_or("", |m| &m.object),
            Field::Message => self.misconfiguration().map_or("", |m| &m.message),
            Field::LicenseId => self.license().map_or("", |l| &l.license),
            Field::LicenseClass => self.license().map_or("", |l| l.class.name()),
            Field::ImageName => world.subject.name(),
            Field::ImageRegistry => world.reference.as_ref().map_or("", |r| &r.registry),
            Field::ImageRepository => world.reference.as_ref().map_or("", |r| &r.repository),
            Field::ImageTag => &world.tag,
            Field::ImageDigest => &world.digest,
            Field::ImageUser => image.map_or("", |i| &i.user),
            Field::ImagePlatform => image.map_or("", |i| &i.platform),
            Field::ImageOs => os.map_or("", |d| &d.id),
            Field::ImageOsVersion => os.map_or("", |d| &d.version),
            Field::Environment => &world.environment,
            Field::Today => &world.today,
            _ => "",
        }
    }

    fn misconfiguration(&self) -> Option<&'w Misconfiguration> {
        match self.item {
            Item::Misconfiguration(m) => Some(m),
            _ => None,
        }
    }

    fn license(&self) -> Option<&'w LicenseFinding> {
        match self.item {
            Item::License(l) => Some(l),
            _ => None,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "sizes and counts are far below 2^53"
    )]
    pub(crate) fn number(&self, field: Field) -> f64 {
        let world = self.world;
        let image = world.subject.report.inventory.image.as_ref();
        let severity = |s: Severity| world.counts.by_severity.get(&s).map_or(0.0, |n| *n as f64);
        let epss = self.finding().and_then(|f| f.epss);
        let line = |n: u32| f64::from(n);
        match field {
            Field::SeverityRank => f64::from(self.severity().code()),
            Field::Epss => epss.map_or(0.0, |e| e.score),
            Field::EpssPercentile => epss.map_or(0.0, |e| e.percentile),
            Field::Cvss => match self.item {
                Item::Finding(row) => row.cvss.unwrap_or(0.0),
                _ => 0.0,
            },
            Field::Risk => match self.item {
                Item::Finding(row) => row.risk,
                _ => 0.0,
            },
            Field::AgeDays => self.age(Since::Published).map_or(0.0, f64::from),
            Field::FirstSeenDays => self.age(Since::FirstSeen).map_or(0.0, f64::from),
            Field::PackageLayer => self
                .package()
                .and_then(|p| p.evidence.layer)
                .map_or(0.0, line),
            Field::Line => match self.item {
                Item::Secret(s) => line(s.location.start_line),
                Item::Misconfiguration(m) => line(m.location.start_line),
                _ => 0.0,
            },
            Field::Confidence => self.license().map_or(0.0, |l| f64::from(l.confidence)),
            Field::ImageSize => world.size.map_or(0.0, |n| n as f64),
            Field::ImageAgeDays => world.age_days.map_or(0.0, f64::from),
            Field::ImageLayers => image.map_or(0.0, |i| i.layers.len() as f64),
            Field::ImagePackages => world.packages().len() as f64,
            Field::CountCritical => severity(Severity::Critical),
            Field::CountHigh => severity(Severity::High),
            Field::CountMedium => severity(Severity::Medium),
            Field::CountLow => severity(Severity::Low),
            Field::CountNegligible => severity(Severity::Negligible),
            Field::CountUnknown => severity(Severity::Unknown),
            Field::CountTotal => world.findings.len() as f64,
            Field::CountFixable => world.counts.fixable as f64,
            Field::CountExploited => world.counts.exploited as f64,
            Field::CountSecrets => world.secrets.len() as f64,
            Field::CountMisconfigurations => world.misconfigurations.len() as f64,
            _ => 0.0,
        }
    }

    pub(crate) fn flag(&self, field: Field) -> bool {
        match field {
            Field::Fixable => self.finding().is_some_and(Finding::is_fixable),
            Field::Exploited => self.finding().is_some_and(|f| f.kev.is_some()),
            Field::Ransomware => self
                .finding()
                .is_some_and(|f| f.kev.as_ref().is_some_and(|k| k.ransomware)),
            Field::DeletedLater => matches!(self.item, Item::Secret(s) if s.deleted_later),
            Field::ImageEndOfLife => self
                .world
                .subject
                .report
                .support
                .as_ref()
                .is_some_and(|s| s.ended),
            _ => false,
        }
    }

    pub(crate) fn list(&self, field: Field) -> &'w [String] {
        match field {
            Field::Aliases => self.finding().map_or(&[], |f| &f.aliases),
            Field::PackageLicenses => self.package().map_or(&[], |p| &p.licenses),
            Field::References => self.misconfiguration().map_or(&[], |m| &m.references),
            _ => &[],
        }
    }
}
