use std::cell::OnceCell;
use std::cmp::Ordering;

use seaworthy_model::{Package, State};
use seaworthy_versions::{Scheme, compare, is_valid};
use seaworthy_vulndb::{EndRef, Row};

use crate::module::module_fits;
use crate::reach::Reach;

/// What one row says about one installed version.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Judgement<'d> {
    /// It is affected.
    Affected(Hit<'d>),
    /// The source says that the package is not affected.
    NotAffected,
    /// No interval and no listed version holds it.
    OutsideRange,
    /// The row is about another modular stream.
    OtherModule,
    /// The installed version, or a bound of the row, is no version of the scheme.
    Uncomparable,
}

/// A row that holds the installed version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit<'d> {
    pub(crate) row: Row<'d>,
    pub(crate) place: Place<'d>,
}

/// Where in a row the version was found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'d> {
    /// The row has neither intervals nor versions: all versions.
    Everywhere,
    /// In an interval.
    Interval(&'d str, EndRef<'d>),
    /// In the list of versions.
    Listed,
}

/// An installed version.
#[derive(Debug, Clone)]
pub(crate) struct Installed<'p> {
    pub(crate) package: &'p Package,
    pub(crate) version: &'p str,
    pub(crate) scheme: Scheme,
    /// Which fixes for subscribers its image gets.
    pub(crate) reach: &'p Reach,
    /// Whether its scheme can read it; found out when the first row asks, for most packages have
    /// none.
    valid: OnceCell<bool>,
}

impl<'p> Installed<'p> {
    pub(crate) const fn new(
        package: &'p Package,
        version: &'p str,
        scheme: Scheme,
        reach: &'p Reach,
    ) -> Self {
        Self {
            package,
            version,
            scheme,
            reach,
            valid: OnceCell::new(),
        }
    }

    pub(crate) fn is_comparable(&self) -> bool {
        *self
            .valid
            .get_or_init(|| is_valid(self.scheme, self.version))
    }

    /// What the row says about this version.
    pub(crate) fn judge<'d>(&self, row: Row<'d>) -> Judgement<'d> {
        if !module_fits(row, self.package, self.reach) {
            return Judgement::OtherModule;
        }
        let mut uncomparable = false;
        let mut ranges = false;
        let mut found = None;
        for (introduced, end) in row.intervals() {
            ranges = true;
            if found.is_some() {
                break;
            }
            match self.holds(introduced, end) {
                Some(true) => found = Some(Place::Interval(introduced, end)),
                Some(false) => {}
                None => uncomparable = true,
            }
        }
        if found.is_none() {
            let mut listed = row.versions().peekable();
            if listed.peek().is_some() {
                ranges = true;
                if self.is_listed(row) {
                    found = Some(Place::Listed);
                }
            }
        }
        if !ranges {
            found = Some(Place::Everywhere);
        }
        match (found, row.state()) {
            (Some(_), State::NotAffected) => Judgement::NotAffected,
            (Some(place), _) => Judgement::Affected(Hit { row, place }),
            (None, _) if uncomparable => Judgement::Uncomparable,
            (None, _) => Judgement::OutsideRange,
        }
    }

    /// Whether an interval holds the version; none when it cannot be compared.
    pub(crate) fn holds(&self, introduced: &str, end: EndRef<'_>) -> Option<bool> {
        if !self.is_comparable() {
            return None;
        }
        contains(self.scheme, introduced, end, self.version)
    }

    /// Exact text first, then versions that are equal without being the same text (`1.0`, `1.0.0`).
    fn is_listed(&self, row: Row<'_>) -> bool {
        row.versions().any(|v| v == self.version)
            || (self.is_comparable()
                && row
                    .versions()
                    .any(|v| compare(self.scheme, v, self.version).is_ok_and(Ordering::is_eq)))
    }
}

/// Whether an interval holds a version; none when a bound is no version of the scheme.
pub(crate) fn contains(
    scheme: Scheme,
    introduced: &str,
    end: EndRef<'_>,
    version: &str,
) -> Option<bool> {
    // OSV writes `0` for "before every version"; also for schemes in which 0 is one.
    if !introduced.is_empty()
        && introduced != "0"
        && compare(scheme, version, introduced).ok()? == Ordering::Less
    {
        return Some(false);
    }
    Some(match end {
        EndRef::Open => true,
        EndRef::Fixed(fixed) => compare(scheme, version, fixed).ok()? == Ordering::Less,
        EndRef::LastAffected(last) => compare(scheme, version, last).ok()? != Ordering::Greater,
    })
}

/// A place in words of the scheme: `>= 2.0.0, < 2.8.9`.
pub(crate) fn range_text(place: Place<'_>, version: &str) -> String {
    match place {
        Place::Everywhere => "all versions".to_owned(),
        Place::Listed => format!("= {version}"),
        Place::Interval(introduced, end) => interval_text(introduced, end),
    }
}

pub(crate) fn interval_text(introduced: &str, end: EndRef<'_>) -> String {
    let from_start = introduced.is_empty() || introduced == "0";
    let upper = match end {
        EndRef::Open if from_start => return "all versions".to_owned(),
        EndRef::Open => return format!(">= {introduced}"),
        EndRef::Fixed(fixed) => format!("< {fixed}"),
        EndRef::LastAffected(last) => format!("<= {last}"),
    };
    if from_start {
        upper
    } else {
        format!(">= {introduced}, {upper}")
    }
}
