use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use seaworthy_model::{CoverageEntry, CoverageKind, LicenseFinding, Location};

use crate::copyright;
use crate::expression::{Expression, License};
use crate::grants::grants;
use crate::index::recognise;
use crate::normalise;

/// Words that the names of licence files begin with, in lower case.
const NAMES: [&str; 7] = [
    "license",
    "licence",
    "copying",
    "copyright",
    "notice",
    "unlicense",
    "unlicence",
];
/// Endings of files that only look like licence files: programs and data.
const OTHER: &[&str] = &[
    "c",
    "cc",
    "class",
    "cpp",
    "cs",
    "css",
    "csv",
    "dart",
    "ejs",
    "erl",
    "ex",
    "exs",
    "gif",
    "go",
    "gz",
    "h",
    "hpp",
    "ico",
    "ini",
    "jar",
    "java",
    "jpg",
    "js",
    "json",
    "jsx",
    "kt",
    "less",
    "lua",
    "map",
    "mjs",
    "cjs",
    "mo",
    "php",
    "pl",
    "pm",
    "png",
    "po",
    "properties",
    "py",
    "pyc",
    "pyi",
    "rb",
    "rs",
    "scala",
    "scss",
    "sh",
    "so",
    "sql",
    "svg",
    "swift",
    "tmpl",
    "toml",
    "ts",
    "tsx",
    "vue",
    "xml",
    "yaml",
    "yml",
    "zip",
];
/// Licences of one file; more are an accident or an attack.
const MAX_FOUND: usize = 500;
/// Largest file in bytes.
const MAX_SIZE: u64 = 8 << 20;

/// Recognises the licences of licence files and of Debian's copyright files, by their full texts,
/// by the short words that grant them, and by what machine-readable ones list.
///
/// Each finding's `license` is an expression; [`crate::licenses`] takes it apart.
#[derive(Debug, Clone, Copy, Default)]
pub struct LicenseFiles;

impl Analyzer for LicenseFiles {
    fn name(&self) -> &'static str {
        "licenses"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        file.size > 0 && kind(file.path).is_some()
    }

    fn max_size(&self) -> u64 {
        MAX_SIZE
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let bytes = content.bytes()?;
        let mut found = Found {
            path: file.path,
            bytes,
            counted: (0, 1),
            entries: Vec::new(),
            left_out: false,
        };
        let kind = kind(file.path).unwrap_or(Kind::Mention);
        let listed = match kind {
            Kind::Debian => std::str::from_utf8(bytes).ok().and_then(copyright::entries),
            Kind::Text | Kind::Mention => None,
        };
        match listed {
            Some(entries) => found.listed(&entries),
            None => found.text(kind),
        }
        if found.entries.is_empty() && kind != Kind::Mention {
            found.push("unknown".to_owned(), 0, 1);
        }
        if found.left_out {
            facts.coverage.push(CoverageEntry::new(
                CoverageKind::SkippedFile,
                file.path,
                format!("it names more than {MAX_FOUND} licences, and only the first are reported"),
            ));
        }
        facts.licenses.extend(found.entries);
        Ok(())
    }
}

/// What a file is expected to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A licence.
    Text,
    /// Debian's copyright file of a package.
    Debian,
    /// Words about holders and other software, which may hold a licence or none.
    Mention,
}

fn kind(path: &str) -> Option<Kind> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if let Some(rest) = path.strip_prefix("usr/share/doc/")
        && let Some((package, "copyright")) = rest.split_once('/')
        && !package.is_empty()
    {
        return Some(Kind::Debian);
    }
    // Debian's copies of common licences are no licence of a package.
    if path.starts_with("usr/share/common-licenses/") {
        return None;
    }
    let in_folder = path.starts_with("usr/share/licenses/");
    if !in_folder && !looks_like(name) {
        return None;
    }
    if let Some((_, ending)) = name.rsplit_once('.')
        && OTHER.iter().any(|other| ending.eq_ignore_ascii_case(other))
    {
        return None;
    }
    let mention = starts_with(name, "notice") || starts_with(name, "copyright");
    Some(if mention { Kind::Mention } else { Kind::Text })
}

fn starts_with(name: &str, head: &str) -> bool {
    name.get(..head.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(head))
}

/// `LICENSE`, `LICENSE-MIT.txt`, `COPYING.LIB`, `MIT-LICENSE`, `mit.license`.
fn looks_like(name: &str) -> bool {
    let begins = NAMES.iter().find(|head| starts_with(name, head));
    if let Some(head) = begins {
        // `licensecheck`, `noticeboard`: other words.
        let rest = &name[head.len()..];
        let next = rest.trim_start_matches(['s', 'S', 'd', 'D']);
        return !next.starts_with(|c: char| c.is_ascii_lowercase()) || rest.is_empty();
    }
    let stem = name.split('.').next().unwrap_or(name);
    ["-license", "_license", "-licence", "-copying"]
        .iter()
        .any(|tail| {
            stem.len() > tail.len()
                && stem
                    .get(stem.len() - tail.len()..)
                    .is_some_and(|end| end.eq_ignore_ascii_case(tail))
        })
}

struct Found<'a> {
    path: &'a str,
    bytes: &'a [u8],
    /// Up to where lines were counted, and how many.
    counted: (usize, u32),
    entries: Vec<LicenseFinding>,
    /// Whether there were more than are kept.
    left_out: bool,
}

impl Found<'_> {
    fn push(&mut self, license: String, confidence: u8, line: u32) {
        let known = self
            .entries
            .iter_mut()
            .find(|entry| entry.license == license);
        if let Some(known) = known {
            known.confidence = known.confidence.max(confidence);
            return;
        }
        if self.entries.len() == MAX_FOUND {
            self.left_out = true;
            return;
        }
        self.entries.push(LicenseFinding {
            license,
            location: Location::line(self.path, line),
            confidence,
            ..LicenseFinding::default()
        });
    }

    fn line_of(&mut self, at: usize) -> u32 {
        let at = at.min(self.bytes.len());
        if at < self.counted.0 {
            self.counted = (0, 1);
        }
        let between = &self.bytes[self.counted.0..at];
        let breaks = memchr::memchr_iter(b'\n', between).count();
        self.counted.1 = self
            .counted
            .1
            .saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.counted.0 = at;
        self.counted.1
    }

    /// What a machine-readable file lists; of names that are not known the text decides.
    fn listed(&mut self, entries: &[copyright::Entry<'_>]) {
        self.left_out |= entries.len() > MAX_FOUND;
        for entry in entries.iter().take(MAX_FOUND) {
            let expression = copyright::expression(entry.name);
            let unknown = expression.licenses().iter().any(|l| !l.is_known());
            if unknown && !entry.text.trim().is_empty() {
                let by_text = of_text(entry.text.as_bytes(), true);
                if !by_text.is_empty() {
                    for (license, confidence, _) in by_text {
                        self.push(license.to_string(), confidence, entry.line);
                    }
                    continue;
                }
            }
            if !entry.name.is_empty() {
                self.push(expression.to_string(), 100, entry.line);
            }
        }
    }

    fn text(&mut self, kind: Kind) {
        for (expression, confidence, at) in of_text(self.bytes, kind == Kind::Debian) {
            let line = self.line_of(at);
            self.push(expression.to_string(), confidence, line);
        }
    }
}

/// The licences of a text, how sure, and where. Where a whole licence stands, the short words of
/// its own appendix say nothing; a free text of Debian says by them what the rest is under.
fn of_text(bytes: &[u8], all_grants: bool) -> Vec<(Expression, u8, usize)> {
    let mut out: Vec<(Expression, u8, usize)> = recognise(bytes)
        .into_iter()
        .map(|found| {
            let id = normalise::id(found.name).unwrap_or(found.name);
            let percent = u8::try_from(found.percent).unwrap_or(100);
            (Expression::License(License::known(id)), percent, found.at)
        })
        .collect();
    let whole = !out.is_empty();
    for grant in grants(bytes) {
        let tag = grant.confidence == 99;
        if whole && !all_grants && !tag {
            continue;
        }
        let told = grant.expression.licenses().iter().all(|license| {
            out.iter()
                .any(|(known, _, _)| known.licenses().iter().any(|k| same_family(k, license)))
        });
        if !told || tag {
            out.push((grant.expression, grant.confidence, grant.at));
        }
    }
    out
}

/// Whether two licences are the same but for words about later versions.
pub(crate) fn same_family(a: &License, b: &License) -> bool {
    fn base(name: &str) -> &str {
        name.trim_end_matches("-only").trim_end_matches("-or-later")
    }
    base(a.name()) == base(b.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(path: &str, text: &str) -> Vec<(String, u8, u32)> {
        let meta = FileMeta {
            path,
            size: text.len() as u64,
            mode: 0o644,
        };
        assert!(LicenseFiles.wants(&meta), "{path}");
        let mut facts = Facts::default();
        LicenseFiles
            .analyze(&meta, &mut Content::from_bytes(text.as_bytes()), &mut facts)
            .expect("any text can be read");
        facts
            .licenses
            .into_iter()
            .map(|l| (l.license, l.confidence, l.location.start_line))
            .collect()
    }

    #[test]
    fn licence_files_are_wanted_and_programs_are_not() {
        for (path, wanted) in [
            ("LICENSE", true),
            ("a/LICENSE.md", true),
            ("a/licence.txt", true),
            ("a/LICENSE-MIT", true),
            ("a/COPYING.LIB", true),
            ("a/COPYING3", true),
            ("a/MIT-LICENSE", true),
            ("a/License.APACHE2", true),
            ("a/licenses", true),
            ("a/UNLICENSE", true),
            ("a/NOTICE", true),
            ("usr/share/doc/bash/copyright", true),
            ("usr/share/licenses/zlib/README", true),
            ("usr/share/doc/bash/README", false),
            ("usr/share/common-licenses/GPL-2", false),
            ("a/license.js", false),
            ("a/licensecheck", false),
            ("a/licensing.py", false),
            ("a/noticeboard", false),
            ("a/readme", false),
        ] {
            let meta = FileMeta {
                path,
                size: 1,
                mode: 0o644,
            };
            assert_eq!(LicenseFiles.wants(&meta), wanted, "{path}");
        }
    }

    #[test]
    fn texts_and_grants_become_findings() {
        let mit = spdx::license_id("MIT").expect("known").text();
        assert_eq!(
            run("a/LICENSE", &format!("\n\n{mit}")),
            [("MIT".to_owned(), 100, 7)]
        );
        let gpl = spdx::text::LICENSE_TEXTS
            .iter()
            .find(|(n, _)| *n == "GPL-2.0")
            .expect("known")
            .1;
        assert_eq!(run("COPYING", gpl)[0].0, "GPL-2.0-only");
        assert_eq!(run("COPYING", gpl).len(), 1);
        assert_eq!(run("LICENSE", "Ask us."), [("unknown".to_owned(), 0, 1)]);
        assert_eq!(run("NOTICE", "Copyright 2020 A"), []);
        assert_eq!(
            run(
                "NOTICE",
                "x\nLicensed under the Apache License, Version 2.0\n"
            ),
            [("Apache-2.0".to_owned(), 85, 2)]
        );
    }

    #[test]
    fn a_file_of_many_licences_is_cut_and_says_so() {
        let mut text = "Format: x\n".to_owned();
        for number in 0..MAX_FOUND + 1 {
            text += &format!("\nLicense: own{number}x\n");
        }
        let path = "usr/share/doc/x/copyright";
        let meta = FileMeta {
            path,
            size: 1,
            mode: 0o644,
        };
        let mut facts = Facts::default();
        LicenseFiles
            .analyze(&meta, &mut Content::from_bytes(text.as_bytes()), &mut facts)
            .expect("readable");
        assert_eq!((facts.licenses.len(), facts.coverage.len()), (MAX_FOUND, 1));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
            text in "(?s)(Format: x\n|License: |GPL-2|\n \\.\n|Files: \\*\n|[ a\n]){0,30}") {
            for (path, bytes) in [("LICENSE", &bytes[..]), ("usr/share/doc/x/copyright", text.as_bytes())] {
                let meta = FileMeta { path, size: 1, mode: 0o644 };
                let mut facts = Facts::default();
                LicenseFiles
                    .analyze(&meta, &mut Content::from_bytes(bytes), &mut facts)
                    .expect("any bytes can be read");
                proptest::prop_assert!(!facts.licenses.is_empty());
            }
        }
    }

    #[test]
    fn copyright_files_become_findings() {
        let mit = spdx::license_id("MIT").expect("known").text();
        let body: String = mit.lines().map(|line| format!(" {line}\n")).collect();
        let text = format!(
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-2+ or Artistic\n\nFiles: b\nLicense: custom\n{body}\nFiles: c\nLicense: odd\n"
        );
        assert_eq!(
            run("usr/share/doc/x/copyright", &text),
            [
                ("GPL-2.0-or-later OR Artistic-1.0-Perl".to_owned(), 100, 4),
                ("MIT".to_owned(), 100, 7),
                ("odd".to_owned(), 100, 33),
            ]
            .map(|(license, confidence, line)| if license == "odd" {
                (
                    license,
                    confidence,
                    u32::try_from(text.lines().count()).expect("few"),
                )
            } else {
                (license, confidence, line)
            })
        );
        assert_eq!(
            run(
                "usr/share/doc/y/copyright",
                "This package was debianized by A.\nIt is free software under the GNU General Public License; either version 2, or (at your option) any later version.\nSee /usr/share/common-licenses/GPL-2.\n"
            ),
            [("GPL-2.0-or-later".to_owned(), 90, 2)]
        );
    }
}
