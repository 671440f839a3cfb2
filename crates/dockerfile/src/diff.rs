//! Unified diffs, as `patch` and git read them.

use std::fmt::Write as _;

const CONTEXT: usize = 3;

/// Steps of the search for a smallest difference, before the middle is replaced as a whole.
const MAX_STEPS: usize = 1000;

/// The difference of two texts as a unified diff of one file; empty when they are equal.
#[must_use]
pub fn unified_diff(path: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let path = path.trim_start_matches("./").trim_start_matches('/');
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let mut out = format!("--- a/{path}\n+++ b/{path}\n");
    for hunk in hunks(&lines(&old, &new)) {
        write_hunk(&mut out, hunk);
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Same,
    Old,
    New,
}

struct DiffLine<'a> {
    kind: Kind,
    text: &'a str,
    /// Lines of the old and of the new text before this one.
    before: (usize, usize),
}

fn lines<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<DiffLine<'a>> {
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let suffix = old[prefix..]
        .iter()
        .rev()
        .zip(new[prefix..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let mut kinds = vec![Kind::Same; prefix];
    let old_middle = &old[prefix..old.len() - suffix];
    let new_middle = &new[prefix..new.len() - suffix];
    kinds.extend(shortest(old_middle, new_middle).unwrap_or_else(|| {
        let mut all = vec![Kind::Old; old_middle.len()];
        all.extend(vec![Kind::New; new_middle.len()]);
        all
    }));
    kinds.extend(vec![Kind::Same; suffix]);
    let mut at = (0, 0);
    kinds
        .into_iter()
        .filter_map(|kind| {
            let before = at;
            let text = match kind {
                Kind::New => new.get(at.1),
                Kind::Same | Kind::Old => old.get(at.0),
            };
            at.0 += usize::from(kind != Kind::New);
            at.1 += usize::from(kind != Kind::Old);
            text.map(|text| DiffLine { kind, text, before })
        })
        .collect()
}

/// Myers' greedy search for a shortest edit script; none when it takes too many steps.
fn shortest(old: &[&str], new: &[&str]) -> Option<Vec<Kind>> {
    let limit = (old.len() + new.len()).min(MAX_STEPS);
    let offset = limit + 1;
    let mut furthest = vec![0_usize; 2 * limit + 3];
    let mut trace = Vec::new();
    for step in 0..=limit {
        trace.push(furthest[offset - step..=offset + step].to_vec());
        let mut k = offset - step;
        while k <= offset + step {
            let down =
                k == offset - step || (k != offset + step && furthest[k - 1] < furthest[k + 1]);
            let mut x = if down {
                furthest[k + 1]
            } else {
                furthest[k - 1] + 1
            };
            let mut y = (x + offset).checked_sub(k)?;
            while x < old.len() && y < new.len() && old[x] == new[y] {
                x += 1;
                y += 1;
            }
            furthest[k] = x;
            if x >= old.len() && y >= new.len() {
                return Some(walk_back(&trace, old.len(), new.len()));
            }
            k += 2;
        }
    }
    None
}

/// Reads the edit script off the recorded steps, from the end. `trace[s]` holds the diagonals
/// `-s..=s` as they were before step `s`.
fn walk_back(trace: &[Vec<usize>], old: usize, new: usize) -> Vec<Kind> {
    let signed = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let (mut x, mut y) = (signed(old), signed(new));
    let mut kinds = Vec::new();
    for (step, recorded) in trace.iter().enumerate().rev() {
        if step == 0 {
            break;
        }
        let step = signed(step);
        let at = |k: i64| {
            usize::try_from(k + step)
                .ok()
                .and_then(|i| recorded.get(i))
                .copied()
                .map_or(-1, signed)
        };
        let k = x - y;
        let down = k == -step || (k != step && at(k - 1) < at(k + 1));
        let previous = if down { k + 1 } else { k - 1 };
        let (px, py) = (at(previous), at(previous) - previous);
        while x > px && y > py {
            kinds.push(Kind::Same);
            x -= 1;
            y -= 1;
        }
        kinds.push(if down { Kind::New } else { Kind::Old });
        (x, y) = (px, py);
    }
    while x > 0 && y > 0 {
        kinds.push(Kind::Same);
        x -= 1;
        y -= 1;
    }
    kinds.reverse();
    kinds
}

/// Groups of changed lines with their surroundings.
fn hunks<'a, 'b>(lines: &'b [DiffLine<'a>]) -> Vec<&'b [DiffLine<'a>]> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        if line.kind == Kind::Same {
            continue;
        }
        let start = i.saturating_sub(CONTEXT);
        let end = (i + 1 + CONTEXT).min(lines.len());
        match found.last_mut() {
            Some(last) if start <= last.1 => last.1 = end,
            _ => found.push((start, end)),
        }
    }
    found
        .into_iter()
        .filter_map(|(start, end)| lines.get(start..end))
        .collect()
}

fn write_hunk(out: &mut String, lines: &[DiffLine<'_>]) {
    let Some(first) = lines.first() else {
        return;
    };
    let old = lines.iter().filter(|l| l.kind != Kind::New).count();
    let new = lines.iter().filter(|l| l.kind != Kind::Old).count();
    // A side without lines is named by the line before it (POSIX `diff -u`).
    let start = |before: usize, count: usize| before + usize::from(count > 0);
    let _ = writeln!(
        out,
        "@@ -{},{old} +{},{new} @@",
        start(first.before.0, old),
        start(first.before.1, new),
    );
    for line in lines {
        out.push(match line.kind {
            Kind::Same => ' ',
            Kind::Old => '-',
            Kind::New => '+',
        });
        out.push_str(line.text);
        if !line.text.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_carry_three_lines_around() {
        let old: String = (1..=20).map(|i| format!("{i}\n")).collect();
        let new = old.replace("5\n", "five\n").replace("18\n", "");
        let diff = unified_diff("./Dockerfile", &old, &new);
        assert_eq!(
            diff,
            "--- a/Dockerfile\n+++ b/Dockerfile\n\
             @@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n\
             @@ -12,9 +12,8 @@\n 12\n 13\n 14\n-15\n+1five\n 16\n 17\n-18\n 19\n 20\n"
        );
    }

    #[test]
    fn a_missing_line_end_is_told() {
        assert_eq!(
            unified_diff("f", "a", "a\nb\n"),
            "--- a/f\n+++ b/f\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n"
        );
        assert_eq!(unified_diff("f", "a", "a"), "");
        assert_eq!(
            unified_diff("f", "", "a\n"),
            "--- a/f\n+++ b/f\n@@ -0,0 +1,1 @@\n+a\n"
        );
    }

    proptest::proptest! {
        #[test]
        fn a_diff_leads_from_old_to_new(old in "([abc]\n){0,12}", new in "([abc]\n){0,12}") {
            let diff = unified_diff("f", &old, &new);
            let (mut from, mut to) = (String::new(), String::new());
            let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
            let all: Vec<&str> = new.split_inclusive('\n').collect();
            for line in lines(&old_lines, &all) {
                if line.kind != Kind::New { from.push_str(line.text); }
                if line.kind != Kind::Old { to.push_str(line.text); }
            }
            proptest::prop_assert_eq!(from, old);
            proptest::prop_assert_eq!(to, new);
            proptest::prop_assert!(diff.len() < 1000);
        }
    }
}
