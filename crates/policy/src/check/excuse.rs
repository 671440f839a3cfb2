//! What waivers, VEX and the baseline take out before any rule looks.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Exceptions, select};
use crate::baseline::Baseline;
use crate::policy::Policy;
use crate::row::{Item, Row, World};
use crate::subject::Subject;
use crate::verdict::{Cause, Left, VexNote, Waived, WaiverNote, WaiverNoteKind};
use crate::vex::matching::{ImageNames, Index};
use crate::waiver::{Target, Waiver};

/// What the exceptions leave, and what they did.
pub(super) struct Excused<'a> {
    pub(super) left: Left,
    pub(super) waived: Vec<Waived>,
    pub(super) vex: Vec<VexNote>,
    pub(super) known: Vec<usize>,
    pub(super) notes: Vec<WaiverNote>,
    /// Waivers of whole rules, and which of all were used.
    rules: Vec<(usize, &'a Waiver)>,
    used: FxHashSet<usize>,
    all: Vec<&'a Waiver>,
}

pub(super) fn excuse<'a>(
    policy: &'a Policy,
    subject: Subject<'a>,
    everything: &World<'_>,
    exceptions: &Exceptions<'a>,
) -> Excused<'a> {
    let names = ImageNames::of(subject);
    let all: Vec<&Waiver> = policy.waivers.iter().chain(exceptions.waivers).collect();
    let mut excused = Excused {
        left: Left::default(),
        waived: Vec::new(),
        vex: Vec::new(),
        known: Vec::new(),
        notes: Vec::new(),
        rules: Vec::new(),
        used: FxHashSet::default(),
        all: all.clone(),
    };
    let mut items = Vec::new();
    for (at, waiver) in all.iter().enumerate() {
        if !waiver.is_for_image(subject.name(), everything.reference.as_ref()) {
            // Not about this image: neither used nor unused here.
            excused.used.insert(at);
        } else if !waiver.holds_on(subject.now) {
            excused.used.insert(at);
            excused.notes.push(WaiverNote {
                waiver: waiver.place.clone(),
                id: waiver.id.clone(),
                kind: WaiverNoteKind::Expired,
                message: format!(
                    "the waiver of {} expired on {}",
                    waiver.id,
                    waiver.expires.map(|d| d.to_string()).unwrap_or_default()
                ),
            });
        } else {
            match waiver.target {
                Target::Items(_) => items.push((at, *waiver)),
                Target::Rule(_) => excused.rules.push((at, *waiver)),
            }
        }
    }
    let waivers = Waivers::of(&items);
    let vex = Index::of(exceptions.vex);
    for row in &everything.findings {
        let note = if vex.is_empty() {
            None
        } else {
            vex.about(row, &names)
        };
        if let Some(statement) = note {
            let cleared = statement.status.clears();
            excused.vex.push(VexNote {
                finding: row.index,
                status: statement.status,
                reason: statement.reason(),
                justification: statement.openvex_justification(),
                document: statement.place.file.to_string(),
                statement: statement.number,
                cleared,
            });
            if cleared {
                continue;
            }
        }
        let item = Row {
            world: everything,
            item: Item::Finding(row),
        };
        if let Some((at, waiver)) = waivers.covering(&item) {
            excused.waive(at, waiver, select::cause(&item), Some(row.index));
        } else if exceptions.baseline.is_some_and(|b| b.has(row)) {
            excused.known.push(row.index);
        } else {
            excused.left.findings.push(row.index);
        }
    }
    others(&mut excused, everything, &waivers, exceptions);
    excused
}

fn others<'a>(
    excused: &mut Excused<'a>,
    everything: &World<'_>,
    waivers: &Waivers<'a>,
    exceptions: &Exceptions<'_>,
) {
    let mut known = exceptions.baseline.map(Baseline::issues);
    for (index, secret) in &everything.secrets {
        let row = Row {
            world: everything,
            item: Item::Secret(secret),
        };
        if let Some((at, waiver)) = waivers.covering(&row) {
            excused.waive(at, waiver, select::cause(&row), None);
        } else if !known.as_mut().is_some_and(|k| k.take_secret(secret)) {
            excused.left.secrets.push(*index);
        }
    }
    for (index, misconfiguration) in &everything.misconfigurations {
        let row = Row {
            world: everything,
            item: Item::Misconfiguration(misconfiguration),
        };
        if let Some((at, waiver)) = waivers.covering(&row) {
            excused.waive(at, waiver, select::cause(&row), None);
        } else if !known
            .as_mut()
            .is_some_and(|k| k.take_misconfiguration(misconfiguration))
        {
            excused.left.misconfigurations.push(*index);
        }
    }
    for (index, license) in &everything.licenses {
        let row = Row {
            world: everything,
            item: Item::License(license),
        };
        match waivers.covering(&row) {
            Some((at, waiver)) => excused.waive(at, waiver, select::cause(&row), None),
            None => excused.left.licenses.push(*index),
        }
    }
}

impl<'a> Excused<'a> {
    pub(super) fn waive(
        &mut self,
        at: usize,
        waiver: &Waiver,
        cause: Cause,
        finding: Option<usize>,
    ) {
        self.used.insert(at);
        self.waived.push(Waived {
            cause,
            finding,
            waiver: waiver.place.clone(),
            reason: waiver.reason.clone(),
            owner: waiver.owner.clone(),
            ticket: waiver.ticket.clone(),
            expires: waiver.expires,
            justification: waiver.justification.clone(),
        });
    }

    /// The waiver of a whole rule.
    pub(super) fn rule(&self, id: &str) -> Option<(usize, &'a Waiver)> {
        self.rules
            .iter()
            .find(|(_, w)| matches!(&w.target, Target::Rule(glob) if glob.matches(id)))
            .copied()
    }

    pub(super) fn unused(&mut self) {
        for (at, waiver) in self.all.iter().enumerate() {
            if !self.used.contains(&at) {
                self.notes.push(WaiverNote {
                    waiver: waiver.place.clone(),
                    id: waiver.id.clone(),
                    kind: WaiverNoteKind::Unused,
                    message: format!("the waiver of {} excuses nothing here", waiver.id),
                });
            }
        }
        self.notes
            .sort_by(|a, b| (&a.waiver, &a.id).cmp(&(&b.waiver, &b.id)));
    }
}

/// Waivers of items, looked up by id where they have one without wildcards.
struct Waivers<'a> {
    exact: FxHashMap<&'a str, Vec<(usize, &'a Waiver)>>,
    patterns: Vec<(usize, &'a Waiver)>,
}

impl<'a> Waivers<'a> {
    fn of(items: &[(usize, &'a Waiver)]) -> Self {
        let mut waivers = Self {
            exact: FxHashMap::default(),
            patterns: Vec::new(),
        };
        for (at, waiver) in items {
            let Target::Items(ids) = &waiver.target else {
                continue;
            };
            match ids.exact_only() {
                Some(exact) => {
                    for id in exact {
                        waivers
                            .exact
                            .entry(id.as_str())
                            .or_default()
                            .push((*at, *waiver));
                    }
                }
                None => waivers.patterns.push((*at, *waiver)),
            }
        }
        waivers
    }

    /// The first waiver, in the order of the files, that covers an item.
    fn covering(&self, row: &Row<'_>) -> Option<(usize, &'a Waiver)> {
        if self.exact.is_empty() && self.patterns.is_empty() {
            return None;
        }
        let mut best: Option<(usize, &Waiver)> = None;
        let mut consider = |candidates: &[(usize, &'a Waiver)]| {
            for (at, waiver) in candidates {
                if best.is_none_or(|(b, _)| *at < b) && waiver.covers(row) {
                    best = Some((*at, *waiver));
                }
            }
        };
        for id in crate::waiver::ids_of(row) {
            if let Some(list) = self.exact.get(id.to_ascii_uppercase().as_str()) {
                consider(list);
            }
        }
        consider(&self.patterns);
        best
    }
}
