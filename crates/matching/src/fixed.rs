use std::cmp::Ordering;

use seaworthy_model::State;
use seaworthy_versions::{Scheme, compare};
use seaworthy_vulndb::EndRef;

use crate::judge::{Hit, Installed, Place, contains};

/// The lowest version above the installed one that no interval of the rows holds any more, and
/// the row that names it.
///
/// An interval without an end constrains nothing when another row names a fix: whoever knows the
/// fix knows more. Neither does a fix that only subscribers get, unless the image shows that it
/// gets them too: then it comes first, for the general fix lies in a later release.
pub(crate) fn fixed_version<'d>(
    installed: &Installed<'_>,
    hits: &[Hit<'d>],
) -> Option<(&'d str, Hit<'d>)> {
    let reached = |hit: &Hit<'d>| {
        hit.row.intervals().any(|(_, end)| match end {
            EndRef::Fixed(fixed) => installed.reach.has(hit.row, fixed, installed.version),
            _ => false,
        })
    };
    let extended: Vec<Hit<'d>> = hits.iter().copied().filter(reached).collect();
    let general = |hit: &&Hit<'d>| matches!(hit.row.state(), State::Fixed | State::Affected);
    lowest(installed, &extended, extended.iter())
        .or_else(|| lowest(installed, hits, hits.iter().filter(general)))
}

/// The lowest version that one of `naming` names and no row of `holding` holds.
fn lowest<'h, 'd: 'h>(
    installed: &Installed<'_>,
    holding: &[Hit<'d>],
    naming: impl Iterator<Item = &'h Hit<'d>>,
) -> Option<(&'d str, Hit<'d>)> {
    let scheme = installed.scheme;
    let mut candidates: Vec<(&'d str, Hit<'d>)> = Vec::new();
    for hit in naming {
        for (_, end) in hit.row.intervals() {
            if let EndRef::Fixed(fixed) = end
                && compare(scheme, fixed, installed.version).is_ok_and(Ordering::is_gt)
            {
                candidates.push((fixed, *hit));
            }
        }
    }
    candidates.sort_by(|a, b| {
        compare(scheme, a.0, b.0)
            .unwrap_or(Ordering::Equal)
            .then_with(|| a.1.row.source().cmp(b.1.row.source()))
    });
    candidates.into_iter().find(|(version, _)| {
        !holding
            .iter()
            .any(|hit| still_affected(hit, version, installed, scheme))
    })
}

fn still_affected(hit: &Hit<'_>, version: &str, installed: &Installed<'_>, scheme: Scheme) -> bool {
    hit.row.intervals().any(|(introduced, end)| {
        let open_now = matches!(end, EndRef::Open)
            && contains(scheme, introduced, end, installed.version) == Some(true);
        !open_now && contains(scheme, introduced, end, version) == Some(true)
    }) || hit.row.versions().any(|listed| listed == version)
}

/// The state of a vulnerability without a fix: the most definite word that a source gives.
pub(crate) fn unfixed_state(hits: &[Hit<'_>]) -> State {
    const ORDER: [State; 5] = [
        State::WillNotFix,
        State::EndOfLife,
        State::FixDeferred,
        State::Affected,
        State::UnderInvestigation,
    ];
    let said = |state: State| {
        hits.iter().any(|hit| match hit.row.state() {
            // A row with a fix for other versions: this one is affected.
            State::Fixed => state == State::Affected,
            own => own == state,
        })
    };
    ORDER
        .into_iter()
        .find(|s| said(*s))
        .unwrap_or(State::Unknown)
}

/// Whether a hit only says "affected", without any version; "from the beginning, without an end"
/// says no more.
pub(crate) fn is_unconditional(hit: &Hit<'_>) -> bool {
    matches!(
        hit.place,
        Place::Everywhere | Place::Interval("" | "0", EndRef::Open)
    )
}
