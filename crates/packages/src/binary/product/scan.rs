use memchr::memmem;
use seaworthy_analysis::FileMeta;

use super::{Find, Rule, Tail};

/// Kept from one piece to the next: longer than any mark with its version.
const OVERLAP: usize = 256;
/// Longer ones are no versions.
const MAX_VERSION: usize = 40;
/// Larger texts are none of those that are read whole.
const MAX_WHOLE: usize = 64;
/// What the build id ends with where sources come without a repository: clean, and no commit.
const NO_COMMIT: &[u8] = b"000000000\0";

/// Looks for the version of one product in a file as it passes.
pub(super) struct Scan {
    rule: &'static Rule,
    path: String,
    /// `3.11` of `python3.11`.
    series: Option<Vec<u8>>,
    /// The end of what passed, then the piece that is looked at.
    window: Vec<u8>,
    /// What each way found.
    found: Vec<Option<String>>,
    begun: bool,
    done: bool,
}

impl Scan {
    pub(super) fn new(rule: &'static Rule, file: &FileMeta<'_>) -> Self {
        let mut scan = Self {
            rule,
            path: file.path.to_owned(),
            series: series(file.file_name()),
            window: Vec::new(),
            found: vec![None; rule.finds.len()],
            begun: false,
            done: false,
        };
        let in_path = rule.finds.iter().zip(&mut scan.found);
        for (find, slot) in in_path {
            if let Find::InPath(before, after) = find {
                let path = format!("/{}", file.path);
                *slot = path.rsplit_once(before).and_then(|(_, rest)| {
                    let (version, _) = rest.split_once(after)?;
                    whole_version(version.as_bytes(), rule.tail)
                });
                // Nothing in the file would tell more.
                scan.done = true;
            }
        }
        scan
    }

    pub(super) const fn product(&self) -> &'static str {
        self.rule.product
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) const fn is_done(&self) -> bool {
        self.done
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.window.extend_from_slice(chunk);
        if !self.begun {
            if self.window.len() < 4 {
                return;
            }
            self.begun = true;
            if self.rule.program && !self.window.starts_with(b"\x7fELF") {
                self.done = true;
                return;
            }
        }
        self.look();
        let keep = if self.rule.finds.iter().any(|f| matches!(f, Find::Whole)) {
            self.done |= self.window.len() > MAX_WHOLE;
            self.window.len()
        } else {
            self.window.len().min(OVERLAP)
        };
        self.window.drain(..self.window.len() - keep);
    }

    /// Looks through the window with each way that found nothing yet.
    fn look(&mut self) {
        for (find, slot) in self.rule.finds.iter().zip(&mut self.found) {
            if slot.is_none() {
                *slot = look(*find, &self.window, self.series.as_deref(), self.rule.tail);
            }
        }
        // The most certain way has answered.
        self.done |= self.found.first().is_some_and(Option::is_some);
    }

    /// The version, as the most certain way has it.
    pub(super) fn finish(mut self) -> Option<String> {
        if !self.done {
            // A version at the very end needs something after it to end.
            self.window.push(0);
            if self.rule.program && !self.begun {
                return None;
            }
            self.look();
            for (find, slot) in self.rule.finds.iter().zip(&mut self.found) {
                if matches!(find, Find::Whole) {
                    self.window.pop();
                    *slot = whole_version(self.window.trim_ascii(), self.rule.tail);
                }
            }
        }
        let version = self.found.into_iter().flatten().next()?;
        Some(match self.rule.product {
            "openjdk" => java(&version),
            _ => version,
        })
    }
}

fn look(find: Find, window: &[u8], series: Option<&[u8]>, tail: Tail) -> Option<String> {
    match find {
        Find::After(mark) => memmem::find_iter(window, mark)
            .find_map(|at| version(window.get(at + mark.len()..)?, tail).map(|(text, _)| text)),
        Find::Between(mark, end) => memmem::find_iter(window, mark).find_map(|at| {
            let rest = window.get(at + mark.len()..)?;
            let (text, len) = version(rest, tail)?;
            rest.get(len..)?.starts_with(end).then_some(text)
        }),
        Find::Dated(mark) => memmem::find_iter(window, mark).find_map(|at| {
            let rest = window.get(at + mark.len()..)?;
            let (text, len) = version(rest, tail)?;
            is_dated(rest.get(len..)?).then_some(text)
        }),
        Find::Before(mark) => memmem::find_iter(window, mark).find_map(|at| {
            let head = without_commit(window.get(..at)?);
            let start = head
                .iter()
                .rposition(|b| !(b.is_ascii_digit() || *b == b'.'))?;
            whole_version(head.get(start + 1..)?, Tail::None)
        }),
        Find::NamedSeries => {
            let series = series?;
            memmem::find_iter(window, series).find_map(|at| {
                let before = window.get(at.checked_sub(1)?)?;
                let (text, len) = version(window.get(at..)?, tail)?;
                let after = window.get(at + len)?;
                // The series alone is the name of a folder.
                let longer = len > series.len();
                (*before == 0 && *after == 0 && longer).then_some(text)
            })
        }
        Find::BuildId => memmem::find_iter(window, NO_COMMIT).find_map(|at| {
            let head = window.get(..at)?;
            let start = head.iter().rposition(|b| *b == 0)? + 1;
            build_id(std::str::from_utf8(head.get(start..)?).ok()?)
        }),
        // Both are looked at elsewhere.
        Find::InPath(..) | Find::Whole => None,
    }
}

/// ` 30 May 2023`, `  FIPS 25 Mar 2021`.
fn is_dated(bytes: &[u8]) -> bool {
    let rest = bytes.trim_ascii_start();
    let rest = rest.strip_prefix(b"FIPS ").unwrap_or(rest);
    let day = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    bytes.starts_with(b" ")
        && (1..=2).contains(&day)
        && rest.get(day) == Some(&b' ')
        && rest.get(day + 1).is_some_and(u8::is_ascii_uppercase)
}

/// `2.8.1` of `2.8.1-7043c20`.
fn without_commit(head: &[u8]) -> &[u8] {
    head.len()
        .checked_sub(8)
        .and_then(|at| head.split_at_checked(at))
        .filter(|(_, commit)| {
            commit.starts_with(b"-") && commit[1..].iter().all(u8::is_ascii_hexdigit)
        })
        .map_or(head, |(version, _)| version)
}

/// The version in `7.0.11buildkitsandbox-1689000000`: the name of the machine that built it follows
/// without a mark, and in a container it is twelve digits of a number in base 16, which may begin
/// with a digit.
fn build_id(text: &str) -> Option<String> {
    let (head, seconds) = text.rsplit_once('-')?;
    if seconds.len() != 10 || !seconds.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let container = head
        .len()
        .checked_sub(12)
        .and_then(|at| head.split_at_checked(at))
        .filter(|(_, host)| host.bytes().all(|b| b.is_ascii_hexdigit()))
        .and_then(|(version, _)| whole_version(version.as_bytes(), Tail::None));
    container.or_else(|| {
        let end = head.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        whole_version(head.get(..end)?.as_bytes(), Tail::None)
    })
}

/// A version at the front of some bytes, and how long it is; none when it may go on behind their
/// end, or is none.
fn version(bytes: &[u8], tail: Tail) -> Option<(String, usize)> {
    let numbers = bytes
        .iter()
        .position(|b| !(b.is_ascii_digit() || *b == b'.'))?;
    let mut len = numbers;
    if tail == Tail::Letters {
        let rest = bytes.get(numbers..)?;
        let more = rest
            .iter()
            .position(|b| !(b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(b)))?;
        len += more;
    }
    // A text that ends a sentence.
    let text = bytes.get(..len)?;
    let text = text.strip_suffix(b".").unwrap_or(text);
    Some((plausible(text)?, text.len()))
}

fn whole_version(bytes: &[u8], tail: Tail) -> Option<String> {
    let mut ended = bytes.to_vec();
    ended.push(0);
    let (text, len) = version(&ended, tail)?;
    (len == bytes.len()).then_some(text)
}

/// Two numbers at least, each of a sensible length.
fn plausible(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let mut parts = text.split('.');
    let is_number =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let starts = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    let fine = text.len() <= MAX_VERSION
        && parts.next().is_some_and(is_number)
        && parts.next().is_some_and(starts)
        && parts.all(starts);
    fine.then(|| text.to_owned())
}

/// The `3.11` in `python3.11` and `libpython3.11.so.1.0`.
fn series(name: &str) -> Option<Vec<u8>> {
    let name = name.split(".so").next().unwrap_or(name);
    let start = name.find(|c: char| c.is_ascii_digit())?;
    let digits: String = name
        .get(start..)?
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let (major, minor) = digits.split_once('.')?;
    (!major.is_empty() && !minor.is_empty() && !minor.contains('.'))
        .then(|| format!("{major}.{minor}.").into_bytes())
}

/// `8-update352` for `1.8.0_352`, as products are named; `17.0.8` stays.
fn java(version: &str) -> String {
    match version
        .strip_prefix("1.")
        .and_then(|rest| rest.split_once(".0_"))
    {
        Some((major, update)) => format!("{major}-update{update}"),
        None => version.to_owned(),
    }
}
