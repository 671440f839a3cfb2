use std::path::Path;

use seaworthy_model::{Epss, KnownExploited};

use crate::bytes::{Sections, Strings, assemble, number};
use crate::{Error, ShardMeta, SourceInfo};

/// Writes a side table of keys and texts; a key that comes twice keeps its greatest text.
///
/// The texts are: EPSS `SCORE PERCENTILE`; KEV `ADDED DUE RANSOMWARE` with `-` for an empty date
/// and `1` for ransomware; CVSS the vector; EOL the date.
#[must_use]
pub fn build_table(key: &str, source: SourceInfo, entries: &[(String, String)]) -> Vec<u8> {
    let mut entries = entries.to_vec();
    entries.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
    entries.dedup_by(|a, b| a.0 == b.0);
    let meta = ShardMeta {
        key: key.to_owned(),
        scheme: String::new(),
        sources: vec![source],
    };
    let all = entries
        .iter()
        .flat_map(|(k, v)| [k.clone(), v.clone()])
        .collect();
    let strings = Strings::new(all);
    let pairs = entries
        .iter()
        .flat_map(|(k, v)| {
            [
                strings.number(k).to_le_bytes(),
                strings.number(v).to_le_bytes(),
            ]
        })
        .flatten()
        .collect();
    assemble(
        &meta.text(),
        &strings,
        [pairs, Vec::new(), Vec::new(), Vec::new()],
    )
}

struct Table {
    sections: Sections,
}

impl Table {
    fn text(&self, key: &str) -> Option<&str> {
        let key = self.sections.find_string(key)?;
        let at = self.sections.find_pair(3, key)? as usize;
        Some(
            self.sections
                .string(number(self.sections.section(3), at * 8 + 4)?),
        )
    }
}

macro_rules! table {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(Table);

        impl $name {
            /// Maps a file.
            ///
            /// # Errors
            /// As [`crate::Shard::open`].
            pub fn open(path: &Path) -> Result<Self, Error> {
                Ok(Self(Table { sections: Sections::open(path)? }))
            }

            /// A table in memory.
            ///
            /// # Errors
            /// As [`crate::Shard::from_bytes`].
            pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
                Ok(Self(Table { sections: Sections::from_bytes(bytes)? }))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

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
    /// The vector of a CVE.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&str> {
        self.0.text(id)
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
        assert!(CvssTable::from_bytes(b"nonsense".to_vec()).is_err());
    }
}
