//! The one pass over a text: keywords, then the rules of the keywords that were found, each on the
//! bytes around them.
//!
//! What this costs is bounded whatever the text: windows of one rule that touch one another become
//! one, so a pattern sees each byte once, and patterns are linear; values of assignments that lie
//! within one another are looked at a few times at most.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use seaworthy_model::{Location, Secret};

use crate::assign::{self, Assignment, MAX_VALUE, Values};
use crate::check::{Check, Situation, Verdict};
use crate::file::MAX_AFTER;
use crate::mask;
use crate::place::Place;
use crate::rule::{Matcher, Rule, next_match};
use crate::rules::Rules;
use crate::words;

/// Findings of one file; more say nothing that these do not.
pub(crate) const MAX_FINDINGS: usize = 500;
/// Windows of one rule are joined up to this size.
const MAX_WINDOW: usize = 64 << 10;
/// How far to the left of a keyword a secret may begin.
const REACH: usize = 600;
/// How much of a line is shown or searched for an allow comment.
const LINE: usize = 1000;
/// Assignments within the value of an assignment.
const MAX_NESTED: u32 = 4;

/// What a streaming caller must keep behind the place up to which it asks for keywords.
pub(crate) const AHEAD: usize = MAX_AFTER + 64;

/// What kind of text it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    /// No text: only shapes, no assignments, no lines.
    pub(crate) binary: bool,
    /// Configuration: values stand without quotes.
    pub(crate) config: bool,
    /// How unquoted values end.
    pub(crate) values: Values,
}

struct Candidate {
    start: u64,
    end: u64,
    rule: u16,
    rank: u8,
    /// It is known not to be a secret, and no lesser rule shall say otherwise.
    veto: bool,
}

#[derive(Default)]
struct RuleState {
    window: Range<usize>,
    applies: Option<bool>,
}

/// A run over one text, in one piece or in several.
pub(crate) struct Scan {
    path: String,
    traits: Traits,
    states: Vec<RuleState>,
    touched: Vec<u16>,
    candidates: Vec<Candidate>,
    /// Secrets that were reported and may stand in the lines of those to come.
    recent: Vec<Range<u64>>,
    place: Place,
    /// The last value that was looked at, from the start of the text, and how often in it.
    last_value: Range<u64>,
    nested: u32,
    found: Vec<Secret>,
    overflow: bool,
}

/// A piece of the text: `data` begins at `base`.
#[derive(Clone, Copy)]
struct Piece<'d> {
    data: &'d [u8],
    base: u64,
}

impl Piece<'_> {
    fn index(&self, offset: u64) -> usize {
        usize::try_from(offset.saturating_sub(self.base))
            .map_or(self.data.len(), |i| i.min(self.data.len()))
    }

    fn range(&self, range: &Range<u64>) -> Range<usize> {
        let start = self.index(range.start);
        start..self.index(range.end).max(start)
    }
}

impl Scan {
    pub(crate) fn new(path: &str, traits: Traits) -> Self {
        Self {
            path: path.to_owned(),
            traits,
            states: Vec::new(),
            touched: Vec::new(),
            candidates: Vec::new(),
            recent: Vec::new(),
            place: Place::default(),
            last_value: 0..0,
            nested: 0,
            found: Vec::new(),
            overflow: false,
        }
    }

    /// All secrets of a text in memory, and whether there were more than are listed.
    pub(crate) fn whole(
        rules: &Rules,
        path: &str,
        traits: Traits,
        data: &[u8],
    ) -> (Vec<Secret>, bool) {
        let mut scan = Self::new(path, traits);
        scan.piece(rules, data, 0, 0..data.len(), true);
        scan.finish()
    }

    /// Handles the keywords that begin in `part` of `data`, which begins at `base` of the text. A
    /// piece that is not the `last` has [`AHEAD`] more bytes behind `part`. Returns how many bytes
    /// at the front of `data` are not needed any more.
    pub(crate) fn piece(
        &mut self,
        rules: &Rules,
        data: &[u8],
        base: u64,
        part: Range<usize>,
        last: bool,
    ) -> usize {
        let piece = Piece { data, base };
        if !self.overflow {
            rules.keywords.find(data, part.start, part.end, |at, word| {
                self.hit(rules, piece, at, word);
            });
            for at in &rules.everywhere {
                let rule = rules.rule(*at);
                if self.applies(rules, *at) {
                    let window = part.start.saturating_sub(rule.before)
                        ..part.end.saturating_add(rule.after).min(data.len());
                    self.run(rules, *at, piece, window);
                }
            }
            for at in std::mem::take(&mut self.touched) {
                let window = std::mem::take(&mut self.states[usize::from(at)].window);
                self.run(rules, at, piece, window);
            }
        }
        // A keyword that is still to come may find secrets that begin this far back.
        let settled = if last {
            data.len()
        } else {
            part.end.saturating_sub(REACH)
        };
        self.settle(rules, piece, base + settled as u64);
        if last {
            return data.len();
        }
        let first = self.candidates.iter().map(|c| c.start).min();
        let needed = first.map_or(settled, |start| piece.index(start).min(settled));
        let unneeded = needed.saturating_sub(LINE);
        self.place.advance(data, base, base + unneeded as u64);
        unneeded
    }

    /// The end: what was found, and whether there was more.
    pub(crate) fn finish(self) -> (Vec<Secret>, bool) {
        (self.found, self.overflow)
    }

    fn applies(&mut self, rules: &Rules, at: u16) -> bool {
        if self.states.is_empty() {
            self.states
                .resize_with(rules.rules.len(), RuleState::default);
        }
        let rule = rules.rule(at);
        let (binary, path) = (self.traits.binary, &self.path);
        *self.states[usize::from(at)]
            .applies
            .get_or_insert_with(|| (rule.binary || !binary) && rule.applies_to(path))
    }

    fn hit(&mut self, rules: &Rules, piece: Piece<'_>, start: usize, word: u16) {
        let keyword = start..start + rules.keywords.word(word).len();
        let mut assignment: Option<Option<Assignment>> = None;
        for at in rules.of_word(word) {
            if !self.applies(rules, *at) {
                continue;
            }
            let rule = rules.rule(*at);
            match &rule.matcher {
                Matcher::Shape(_) => {
                    let window = keyword.start.saturating_sub(rule.before)
                        ..(keyword.end + rule.after).min(piece.data.len());
                    self.widen(rules, *at, piece, window);
                }
                Matcher::Assigned { .. } if self.traits.binary => {}
                Matcher::Assigned { name, value } => {
                    let found = assignment
                        .get_or_insert_with(|| self.assignment(piece, keyword.clone()))
                        .clone();
                    if let Some(found) = found
                        && value.is_match(&piece.data[found.value.clone()])
                        && name
                            .as_ref()
                            .is_none_or(|n| n.is_match(&piece.data[found.name.clone()]))
                    {
                        let about = Situation {
                            name: &piece.data[found.name.clone()],
                            quoted: found.quoted,
                            prose: found.prose,
                            config: self.traits.config,
                        };
                        self.consider(rules, *at, piece, found.value, &about);
                    }
                }
            }
        }
    }

    /// The assignment around a keyword, unless it lies too deep within another's value.
    fn assignment(&mut self, piece: Piece<'_>, keyword: Range<usize>) -> Option<Assignment> {
        let at = piece.base + keyword.start as u64;
        if self.last_value.contains(&at) {
            self.nested += 1;
            if self.nested > MAX_NESTED {
                return None;
            }
        } else {
            self.nested = 0;
        }
        let found = assign::parse(piece.data, keyword, self.traits.values)?;
        let value = piece.base + found.value.start as u64..piece.base + found.value.end as u64;
        if value.end > self.last_value.end {
            self.last_value = value;
        }
        Some(found)
    }

    /// Adds to the window of a rule, or runs the rule on the old one and begins another.
    fn widen(&mut self, rules: &Rules, at: u16, piece: Piece<'_>, window: Range<usize>) {
        let state = &mut self.states[usize::from(at)];
        let old = &state.window;
        if old.is_empty() {
            self.touched.push(at);
            state.window = window;
            return;
        }
        let joined = old.start.min(window.start)..old.end.max(window.end);
        if window.start <= old.end && joined.len() <= MAX_WINDOW {
            state.window = joined;
            return;
        }
        let old = std::mem::replace(&mut state.window, window);
        self.run(rules, at, piece, old);
    }

    /// All matches of a rule within a window.
    fn run(&mut self, rules: &Rules, at: u16, piece: Piece<'_>, window: Range<usize>) {
        let Matcher::Shape(pattern) = &rules.rule(at).matcher else {
            return;
        };
        let Some(regex) = pattern.get() else {
            return;
        };
        let data = &piece.data[..window.end];
        let about = Situation {
            config: self.traits.config,
            ..Situation::default()
        };
        let mut from = window.start;
        while from < window.end {
            let Some((whole, secret)) = next_match(regex, data, from) else {
                return;
            };
            from = secret.end.max(whole.start + 1);
            if !secret.is_empty() {
                self.consider(rules, at, piece, secret, &about);
            }
        }
    }

    fn consider(
        &mut self,
        rules: &Rules,
        at: u16,
        piece: Piece<'_>,
        secret: Range<usize>,
        about: &Situation<'_>,
    ) {
        let rule = rules.rule(at);
        let (range, veto) = match judge(rules, rule, piece.data, secret.clone(), about) {
            Verdict::Yes(range) => (range, false),
            Verdict::No => (secret, true),
            Verdict::Pass => return,
        };
        self.candidates.push(Candidate {
            start: piece.base + range.start as u64,
            end: piece.base + range.end as u64,
            rule: at,
            rank: rule.rank(),
            veto,
        });
    }

    /// Decides between candidates for the same bytes, and reports those that end before `limit`.
    fn settle(&mut self, rules: &Rules, piece: Piece<'_>, limit: u64) {
        if self.candidates.is_empty() {
            return;
        }
        let mut order = std::mem::take(&mut self.candidates);
        order.sort_by_key(|c| (Reverse(c.rank), c.veto, c.rule, c.start, Reverse(c.end)));
        let mut taken: BTreeMap<u64, Candidate> = BTreeMap::new();
        for candidate in order {
            let before = taken.range(..candidate.end).next_back();
            if before.is_none_or(|(_, other)| other.end <= candidate.start) {
                taken.insert(candidate.start, candidate);
            }
        }
        self.recent.retain(|range| range.end > piece.base);
        let secret = taken.values().filter(|c| !c.veto);
        self.recent.extend(secret.map(|c| c.start..c.end));
        let places: Vec<Range<usize>> = self.recent.iter().map(|r| piece.range(r)).collect();
        for (_, candidate) in taken {
            if candidate.end > limit {
                self.candidates.push(candidate);
            } else if !candidate.veto {
                self.report(rules, piece, &candidate, &places);
            }
        }
    }

    fn report(
        &mut self,
        rules: &Rules,
        piece: Piece<'_>,
        found: &Candidate,
        others: &[Range<usize>],
    ) {
        let secret = piece.range(&(found.start..found.end));
        if secret.is_empty() || is_allowed_inline(piece.data, &secret) {
            return;
        }
        if self.found.len() >= MAX_FINDINGS {
            self.overflow = true;
            return;
        }
        let rule = rules.rule(found.rule);
        let mut location = Location {
            path: self.path.clone(),
            ..Location::default()
        };
        if !self.traits.binary {
            self.place.advance(piece.data, piece.base, found.start);
            let mut end = self.place;
            end.advance(piece.data, piece.base, found.end);
            location.start_line = self.place.line();
            location.start_column = self.place.column();
            location.end_line = end.line();
            location.end_column = end.column();
        }
        let near = secret.start.saturating_sub(LINE)..secret.end + LINE;
        let others: Vec<Range<usize>> = others
            .iter()
            .filter(|o| **o != secret && o.start < near.end && o.end > near.start)
            .cloned()
            .collect();
        let text = &piece.data[secret.clone()];
        self.found.push(Secret {
            rule: rule.id.clone(),
            title: rule.title.clone(),
            severity: rule.severity,
            location,
            masked: mask::line(piece.data, &secret, shown(rule, text), &others),
            fingerprint: mask::fingerprint(text),
            deleted_later: false,
        });
    }
}

/// How much of a secret tells only its kind.
fn shown(rule: &Rule, secret: &[u8]) -> usize {
    if rule.check == Some(Check::PrivateKey) {
        return memchr::memmem::find(secret, b"KEY").map_or(0, |at| at + 3);
    }
    if !matches!(rule.matcher, Matcher::Shape(_)) {
        return 0;
    }
    rule.keywords
        .iter()
        .filter(|k| {
            secret.len() >= k.len() + 8 && secret[..k.len()].eq_ignore_ascii_case(k.as_bytes())
        })
        .map(String::len)
        .max()
        .unwrap_or(0)
}

fn judge(
    rules: &Rules,
    rule: &Rule,
    data: &[u8],
    secret: Range<usize>,
    about: &Situation<'_>,
) -> Verdict {
    let text = &data[secret.clone()];
    if rule
        .entropy
        .is_some_and(|least| words::entropy(text) < least)
    {
        return Verdict::Pass;
    }
    let proof = rule.check.is_some_and(Check::is_proof);
    if !proof && words::is_placeholder(text) {
        return Verdict::No;
    }
    let verdict = match rule.check {
        Some(check) => check.run(data, secret, about),
        None => Verdict::Yes(secret),
    };
    if let Verdict::Yes(range) = &verdict {
        let text = &data[range.clone()];
        let print = || mask::fingerprint(text);
        if rule.allow.value(text, print) || rules.allow.value(text, print) {
            return Verdict::No;
        }
    }
    verdict
}

/// Whether the line says that what stands in it is meant to.
fn is_allowed_inline(data: &[u8], secret: &Range<usize>) -> bool {
    let low = secret.start.saturating_sub(LINE);
    let before = &data[low..secret.start];
    let start = memchr::memrchr(b'\n', before).map_or(low, |at| low + at + 1);
    let high = (secret.end + LINE).min(data.len());
    let end = memchr::memchr(b'\n', &data[secret.end..high]).map_or(high, |at| secret.end + at);
    // Of a key over many lines, the first line counts too.
    let first =
        memchr::memchr(b'\n', &data[secret.clone()]).map_or(secret.end, |at| secret.start + at);
    [&data[start..first], &data[secret.end..end]]
        .into_iter()
        .any(|text| {
            memchr::memmem::find(text, b":allow").is_some_and(|_| {
                memchr::memmem::find(text, b"seaworthy:allow").is_some()
                    || memchr::memmem::find(text, b"gitleaks:allow").is_some()
            })
        })
}

const _: () = assert!(MAX_VALUE + assign_reach() < AHEAD && REACH > crate::file::MAX_BEFORE);

const fn assign_reach() -> usize {
    400
}
