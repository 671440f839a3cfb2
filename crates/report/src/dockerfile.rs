//! The one edit that GitLab remediations need: an upgrading `RUN` after the last `FROM`, as a diff.

use seaworthy_model::{Distribution, PackageType};

/// A unified git diff of the pristine text that inserts `instruction` after the last `FROM`; none
/// when there is no `FROM` or it starts from nothing.
pub(crate) fn insert_after_last_from(path: &str, text: &str, instruction: &str) -> Option<String> {
    let path = path.trim_start_matches("./").trim_start_matches('/');
    if path.is_empty()
        || path
            .chars()
            .any(|c| c.is_control() || matches!(c, '"' | '\\'))
    {
        return None;
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = end_of_last_from(&lines)?;
    let ending = if lines.iter().any(|l| l.ends_with("\r\n")) {
        "\r\n"
    } else {
        "\n"
    };
    let first = at.saturating_sub(3);
    let last = lines.len().min(at + 3);
    let before = last - first;
    let mut diff = format!(
        "diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -{start},{before} +{start},{after} @@\n",
        start = first + 1,
        after = before + 1,
    );
    for (number, line) in (first..).zip(lines.get(first..last)?) {
        let unfinished = !line.ends_with('\n');
        if unfinished && number + 1 == at {
            // The last line has no line break, and must get one to be followed by another.
            diff.push_str(&format!(
                "-{line}\n\\ No newline at end of file\n+{line}{ending}"
            ));
        } else {
            diff.push(' ');
            diff.push_str(line);
            if unfinished {
                diff.push_str("\n\\ No newline at end of file\n");
            }
        }
        if number + 1 == at {
            diff.push_str(&format!("+{instruction}{ending}"));
        }
    }
    Some(diff)
}

/// The number of lines up to the end of the last `FROM`, skipping here-documents and continued
/// lines (Dockerfile reference, "Format", "Parser directives", "Here-Documents").
fn end_of_last_from(lines: &[&str]) -> Option<usize> {
    let escape = escape_character(lines);
    let mut found = None;
    let mut pending: Vec<(String, bool)> = Vec::new();
    let mut in_instruction = false;
    let mut is_from = false;
    let mut heredocs: Vec<(String, bool)> = Vec::new();
    for (number, raw) in (1_usize..).zip(lines) {
        let line = raw.trim_end_matches(['\n', '\r']);
        if let Some((word, strip)) = heredocs.first() {
            let candidate = if *strip {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if candidate == word {
                heredocs.remove(0);
            }
            continue;
        }
        let trimmed = line.trim();
        if trimmed.starts_with('#') || (trimmed.is_empty() && in_instruction) {
            continue;
        }
        if !in_instruction {
            let mut words = trimmed.split_whitespace();
            let name = words.next().unwrap_or_default().to_ascii_uppercase();
            is_from = name == "FROM";
            if is_from {
                let image = words.find(|w| !w.starts_with("--"));
                found = Some((number, image.is_some_and(|i| i == "scratch")));
            }
        }
        if !is_from {
            pending.extend(heredoc_words(line));
        }
        in_instruction = trimmed.ends_with(escape);
        if is_from && let Some((end, _)) = found.as_mut() {
            *end = number;
        }
        if !in_instruction {
            heredocs.append(&mut pending);
        }
    }
    match found {
        Some((end, false)) => Some(end),
        _ => None,
    }
}

fn escape_character(lines: &[&str]) -> char {
    let is_backtick = lines
        .iter()
        .map(|l| l.trim())
        .take_while(|l| l.starts_with('#'))
        .any(|l| l.replace(' ', "").eq_ignore_ascii_case("#escape=`"));
    if is_backtick { '`' } else { '\\' }
}

/// `<<EOF`, `<<-EOF`, `<<"EOF"`: the closing words, and whether tabs before them are ignored.
fn heredoc_words(line: &str) -> Vec<(String, bool)> {
    let mut out = Vec::new();
    for part in line.split("<<").skip(1) {
        let (strip, rest) = match part.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, part),
        };
        let word: String = rest
            .trim_start_matches(['"', '\''])
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if word.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            out.push((word, strip));
        }
    }
    out
}

/// The `RUN` that upgrades one OS package; none for a name that is not safe in a shell.
pub(crate) fn upgrade(
    kind: PackageType,
    name: &str,
    distribution: Option<&Distribution>,
) -> Option<String> {
    let safe = !name.is_empty()
        && !name.starts_with('-')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b));
    if !safe {
        return None;
    }
    let id = distribution.map_or("", |d| d.id.as_str());
    let major = distribution
        .and_then(|d| d.version.split('.').next())
        .unwrap_or_default();
    Some(match kind {
        PackageType::Apk => format!("RUN apk add --no-cache --upgrade {name}"),
        PackageType::Deb => format!(
            "RUN apt-get update && apt-get install -y --only-upgrade {name} && rm -rf /var/lib/apt/lists/*"
        ),
        // Arch supports no upgrade of single packages, so everything goes along.
        PackageType::Alpm => {
            format!("RUN pacman -Syu --noconfirm {name} && rm -rf /var/cache/pacman/pkg/*")
        }
        PackageType::Rpm => match (id, major) {
            ("sles" | "sled" | "suse", _) => zypper(name),
            (id, _) if id.starts_with("opensuse") => zypper(name),
            ("photon" | "mariner" | "azurelinux", _) => {
                format!("RUN tdnf -y upgrade {name} && tdnf clean all")
            }
            ("amzn", "2") | (_, "6" | "7") => format!("RUN yum -y update {name} && yum clean all"),
            _ => format!("RUN dnf -y upgrade {name} && dnf clean all"),
        },
        _ => return None,
    })
}

fn zypper(name: &str) -> String {
    format!("RUN zypper --non-interactive update {name} && zypper clean --all")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_follows_the_last_from() {
        for (text, expected) in [
            ("FROM a\nRUN b\n", Some(1)),
            (
                "FROM a AS x\nFROM --platform=linux/amd64 \\\n  # note\n  b\nCOPY c d\n",
                Some(4),
            ),
            ("# escape=`\nFROM a `\n AS b\nRUN x\n", Some(3)),
            ("from a\nRUN <<EOF\nFROM fake\nEOF\nUSER 1\n", Some(1)),
            ("FROM a\nRUN echo \\\nFROM b\n", Some(1)),
            ("FROM a\nFROM scratch\nCOPY x y\n", None),
            ("RUN a\n", None),
            ("", None),
        ] {
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            assert_eq!(end_of_last_from(&lines), expected, "{text}");
        }
    }

    #[test]
    fn the_diff_is_against_the_pristine_file() {
        let diff = insert_after_last_from(
            "./Dockerfile",
            "FROM a\nRUN b\nRUN c\nRUN d\nRUN e\n",
            "RUN z",
        );
        assert_eq!(
            diff.as_deref(),
            Some(
                "diff --git a/Dockerfile b/Dockerfile\n--- a/Dockerfile\n+++ b/Dockerfile\n\
                 @@ -1,4 +1,5 @@\n FROM a\n+RUN z\n RUN b\n RUN c\n RUN d\n"
            )
        );
        let diff = insert_after_last_from("d/Dockerfile", "ARG x\nFROM a", "RUN z");
        assert_eq!(
            diff.as_deref(),
            Some(
                "diff --git a/d/Dockerfile b/d/Dockerfile\n--- a/d/Dockerfile\n+++ b/d/Dockerfile\n\
                 @@ -1,2 +1,3 @@\n ARG x\n-FROM a\n\\ No newline at end of file\n+FROM a\n+RUN z\n"
            )
        );
        assert_eq!(insert_after_last_from("a\nb", "FROM a\n", "RUN z"), None);
    }

    #[test]
    fn names_that_a_shell_would_read_get_no_command() {
        assert_eq!(upgrade(PackageType::Apk, "a; rm -rf /", None), None);
        assert_eq!(upgrade(PackageType::Apk, "--x", None), None);
        assert_eq!(
            upgrade(PackageType::Alpm, "curl", None).as_deref(),
            Some("RUN pacman -Syu --noconfirm curl && rm -rf /var/cache/pacman/pkg/*")
        );
        assert_eq!(
            upgrade(PackageType::Apk, "libstdc++", None).as_deref(),
            Some("RUN apk add --no-cache --upgrade libstdc++")
        );
    }
}
