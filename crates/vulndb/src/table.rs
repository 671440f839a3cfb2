use std::collections::HashMap;

use seaworthy_model::{Epss, KnownExploited};

use crate::bytes::{Sections, assemble, find_text, push_text, text};
use crate::{ShardMeta, SourceInfo, cve_table};

/// Writes a side table of keys and texts; a key that comes twice keeps its greatest text.
///
/// The texts are: EPSS `SCORE PERCENTILE`; KEV `ADDED DUE RANSOMWARE` with `-` for an empty date
/// and `1` for ransomware; CVSS `SOURCE VECTOR` pairs, or a vector of NVD's alone; EOL the date;
/// repositories their CPEs with blanks between.
/// The tables `epss` and `cvss` are about CVEs only: other keys are left out. EPSS entries of one
/// score share the greatest of their percentiles, which is what a percentile means.
#[must_use]
pub fn build_table(key: &str, source: SourceInfo, entries: &[(String, String)]) -> Vec<u8> {
    let mut entries = entries.to_vec();
    entries.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
    entries.dedup_by(|a, b| a.0 == b.0);
    match key {
        "epss" => {
            share_percentiles(&mut entries);
            cve_table::build(key, source, &entries)
        }
        "cvss" => cve_table::build(key, source, &entries),
        _ => plain(key, source, &entries),
    }
}

fn share_percentiles(entries: &mut [(String, String)]) {
    let mut greatest: HashMap<String, String> = HashMap::new();
    for (_, text) in entries.iter() {
        if let Some((score, percentile)) = text.split_once(' ') {
            let slot = greatest.entry(score.to_owned()).or_default();
            let number = |text: &str| text.parse::<f64>().unwrap_or(-1.0);
            if number(percentile) > number(slot) {
                percentile.clone_into(slot);
            }
        }
    }
    for (_, text) in entries {
        if let Some((score, _)) = text.split_once(' ')
            && let Some(percentile) = greatest.get(score)
        {
            *text = format!("{score} {percentile}");
        }
    }
}

/// Offsets (`u32`), then keys with their texts.
fn plain(key: &str, source: SourceInfo, entries: &[(String, String)]) -> Vec<u8> {
    let meta = ShardMeta {
        key: key.to_owned(),
        scheme: String::new(),
        sources: vec![source],
        checked: String::new(),
    };
    let (mut offsets, mut texts) = (Vec::new(), Vec::new());
    for (key, text) in entries {
        let offset = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        offsets.extend_from_slice(&offset.to_le_bytes());
        push_text(&mut texts, key);
        push_text(&mut texts, text);
    }
    assemble(
        &meta.text(),
        [offsets, texts, Vec::new(), Vec::new(), Vec::new()],
    )
}

pub(crate) struct Table {
    pub(crate) sections: Sections,
    pub(crate) meta: ShardMeta,
}

impl Table {
    pub(crate) fn of(sections: Sections) -> Self {
        Self {
            meta: ShardMeta::parse(&String::from_utf8_lossy(sections.section(0))),
            sections,
        }
    }

    fn text(&self, key: &str) -> Option<&str> {
        if self.meta.scheme == cve_table::SCHEME {
            return cve_table::get(&self.sections, key);
        }
        let found = find_text(self.sections.section(1), self.sections.section(2), key);
        text(&mut found?)
    }
}

macro_rules! table {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(pub(crate) $crate::table::Table);

        impl $name {
            /// Maps a file.
            ///
            /// # Errors
            /// As [`crate::Shard::open`].
            pub fn open(path: &std::path::Path) -> Result<Self, $crate::Error> {
                let sections = $crate::bytes::Sections::open(path)?;
                Ok(Self($crate::table::Table::of(sections)))
            }

            /// A table in memory.
            ///
            /// # Errors
            /// As [`crate::Shard::from_bytes`].
            pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, $crate::Error> {
                let sections = $crate::bytes::Sections::from_bytes(bytes)?;
                Ok(Self($crate::table::Table::of(sections)))
            }

            /// What it says about itself; its scheme means nothing.
            #[must_use]
            pub fn meta(&self) -> &$crate::ShardMeta {
                &self.0.meta
            }

            /// `sha256:…` of its body.
            #[must_use]
            pub fn digest(&self) -> &str {
                self.0.sections.digest()
            }

            /// Whether its body has that digest: reads the whole file.
            #[must_use]
            pub fn verify(&self) -> bool {
                self.0.sections.verify()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

pub(crate) use table;

table! {
    /// Exploit prediction by CVE.
    EpssTable
}
table! {
    /// CISA's catalogue of known exploited vulnerabilities by CVE.
    KevTable
}
table! {
    /// CVSS vectors by CVE.
    CvssTable
}
table! {
    /// Ends of support by shard key.
    EolTable
}

table! {
    /// Products (CPE) of Red Hat's repositories: which content sets an image was built from tells
    /// which products' advisories hold for it.
    RepositoryTable
}

impl RepositoryTable {
    /// The CPEs of a repository (content set), sorted.
    pub fn get(&self, repository: &str) -> impl Iterator<Item = &str> {
        let text = self.0.text(repository).unwrap_or_default();
        text.split(' ').filter(|cpe| !cpe.is_empty())
    }
}

impl EpssTable {
    /// The prediction for a CVE.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Epss> {
        let (score, percentile) = self.0.text(id)?.split_once(' ')?;
        Some(Epss {
            score: score.parse().ok()?,
            percentile: percentile.parse().ok()?,
        })
    }
}

impl KevTable {
    /// The entry of a CVE.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<KnownExploited> {
        let mut fields = self.0.text(id)?.split(' ');
        let mut date = || {
            fields
                .next()
                .filter(|f| *f != "-")
                .unwrap_or_default()
                .to_owned()
        };
        Some(KnownExploited {
            date_added: date(),
            due_date: date(),
            ransomware: fields.next() == Some("1"),
        })
    }
}

impl CvssTable {
    /// The vector of a CVE that counts: NVD's, else the first.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&str> {
        let first = self.ratings(id).next()?;
        Some(self.ratings(id).find(|r| r.0 == "nvd").unwrap_or(first).1)
    }

    /// All vectors of a CVE, each with who rated it: `nvd`, `cna`, `cisa-adp`.
    pub fn ratings(&self, id: &str) -> impl Iterator<Item = (&str, &str)> {
        let text = self.0.text(id).unwrap_or_default();
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        // A table of another generation has the vector alone.
        let bare = !text.contains(' ');
        std::iter::from_fn(move || {
            if bare {
                return words.next().map(|vector| ("nvd", vector));
            }
            Some((words.next()?, words.next()?))
        })
    }
}

impl EolTable {
    /// The day on which support ends, `YYYY-MM-DD`.
    #[must_use]
    pub fn get(&self, shard_key: &str) -> Option<&str> {
        self.0.text(shard_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(entries: &[(&str, &str)]) -> Vec<u8> {
        let entries: Vec<_> = entries
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        build_table("x", SourceInfo::default(), &entries)
    }

    #[test]
    fn entries_come_back() {
        let epss = EpssTable::from_bytes(build(&[("CVE-1", "0.5 0.9")])).unwrap();
        assert_eq!(
            epss.get("CVE-1").map(|e| (e.score, e.percentile)),
            Some((0.5, 0.9))
        );
        assert_eq!(epss.get("0.5 0.9"), None, "a value is no key");
        let kev = KevTable::from_bytes(build(&[("CVE-1", "2024-01-02 - 1")])).unwrap();
        let entry = kev.get("CVE-1").unwrap();
        assert_eq!(entry.date_added, "2024-01-02");
        assert!(entry.due_date.is_empty() && entry.ransomware);
        let eol = EolTable::from_bytes(build(&[
            ("debian:12", "2028-06-30"),
            ("debian:12", "2026-06-10"),
        ]));
        assert_eq!(eol.unwrap().get("debian:12"), Some("2028-06-30"));
        let repositories = RepositoryTable::from_bytes(build(&[("rhel-8", "cpe:/a cpe:/b")]));
        let repositories = repositories.unwrap();
        assert_eq!(
            repositories.get("rhel-8").collect::<Vec<_>>(),
            ["cpe:/a", "cpe:/b"]
        );
        assert_eq!(repositories.get("rhel-9").count(), 0);
        assert!(CvssTable::from_bytes(b"nonsense".to_vec()).is_err());
    }

    #[test]
    fn ratings_keep_their_sources() {
        for (text, best, count) in [
            ("V", Some("V"), 1),
            ("cna A nvd B", Some("B"), 2),
            ("cisa-adp A", Some("A"), 1),
        ] {
            let entries = [("CVE-2020-0001".to_owned(), text.to_owned())];
            let table = build_table("cvss", SourceInfo::default(), &entries);
            let table = CvssTable::from_bytes(table).unwrap();
            assert_eq!(table.get("CVE-2020-0001"), best, "{text}");
            assert_eq!(table.ratings("CVE-2020-0001").count(), count, "{text}");
            assert_eq!(table.get("CVE-2020-0002"), None);
        }
    }

    #[test]
    fn equal_scores_share_the_percentile() {
        let entries = [
            ("CVE-2020-0001".to_owned(), "0.001 0.2".to_owned()),
            ("CVE-2020-0002".to_owned(), "0.001 0.21".to_owned()),
            ("not-a-cve".to_owned(), "0.9 0.9".to_owned()),
        ];
        let table = EpssTable::from_bytes(build_table("epss", SourceInfo::default(), &entries));
        let table = table.unwrap();
        for id in ["CVE-2020-0001", "CVE-2020-0002"] {
            assert_eq!(table.get(id).map(|e| e.percentile), Some(0.21), "{id}");
        }
        assert_eq!(table.get("not-a-cve"), None);
    }
}
