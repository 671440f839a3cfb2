use std::collections::BTreeMap;
use std::path::Path;

use seaworthy_model::Date;

use crate::directory::{checked_dates, shard_folder};
use crate::{
    CvssTable, EolTable, EpssTable, Error, KevTable, PublishedTable, RepositoryTable, Shard,
    ShardMeta,
};

/// The name of a shard's file: `debian:12` lies in `debian-12.swdb`.
#[must_use]
pub fn file_name(key: &str) -> String {
    let safe: String = key
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    format!("{safe}.swdb")
}

/// A directory of shards, opened together; any number of processes may read it at once.
#[derive(Debug, Default)]
pub struct Database {
    shards: BTreeMap<String, Shard>,
    epss: Option<EpssTable>,
    kev: Option<KevTable>,
    cvss: Option<CvssTable>,
    eol: Option<EolTable>,
    repositories: Option<RepositoryTable>,
    published: Option<PublishedTable>,
    location: String,
    fallback: Option<Box<Database>>,
}

impl Database {
    /// Opens every `.swdb` file of a directory, or of its generation in use; other files are not
    /// looked at. What is opened stays readable while the directory is replaced.
    ///
    /// # Errors
    /// When the directory or one of the files cannot be read.
    pub fn open_dir(path: &Path) -> Result<Self, Error> {
        let folder = || {
            shard_folder(path).map_err(|cause| Error::Io {
                path: path.to_owned(),
                cause,
            })
        };
        let mut wanted = folder()?;
        // A generation that two updates made old while it was being opened is gone, or loses its
        // files one by one: then the one that is in use now is meant.
        for _ in 0..100 {
            let opened = Self::open_folder(&wanted, path);
            let now = folder()?;
            if now == wanted {
                return opened;
            }
            wanted = now;
        }
        Self::open_folder(&wanted, path)
    }

    fn open_folder(path: &Path, location: &Path) -> Result<Self, Error> {
        let io = |cause| Error::Io {
            path: path.to_owned(),
            cause,
        };
        let mut database = Self {
            location: location.display().to_string(),
            ..Self::default()
        };
        for entry in std::fs::read_dir(path).map_err(io)? {
            let file = entry.map_err(io)?.path();
            if file.extension().is_none_or(|e| e != "swdb") {
                continue;
            }
            match file.file_stem().and_then(|s| s.to_str()) {
                Some("epss") => database.epss = Some(EpssTable::open(&file)?),
                Some("kev") => database.kev = Some(KevTable::open(&file)?),
                Some("cvss") => database.cvss = Some(CvssTable::open(&file)?),
                Some("eol") => database.eol = Some(EolTable::open(&file)?),
                Some("published") => database.published = Some(PublishedTable::open(&file)?),
                Some("redhat-repositories") => {
                    database.repositories = Some(RepositoryTable::open(&file)?);
                }
                _ => {
                    let shard = Shard::open(&file)?;
                    database.shards.insert(shard.meta().key.clone(), shard);
                }
            }
        }
        for (key, date) in checked_dates(path) {
            if let Some(shard) = database.shards.get_mut(&key) {
                shard.set_checked(date);
            }
        }
        Ok(database)
    }

    /// A database of shards that are open already.
    #[must_use]
    pub fn from_shards(shards: Vec<Shard>) -> Self {
        Self {
            shards: shards
                .into_iter()
                .map(|shard| (shard.meta().key.clone(), shard))
                .collect(),
            location: "memory".to_owned(),
            ..Self::default()
        }
    }

    /// Answers from `fallback` for the shards and tables that this one lacks; of days of publication
    /// the earlier of both counts.
    #[must_use]
    pub fn with_fallback(mut self, fallback: Self) -> Self {
        self.fallback = Some(Box::new(fallback));
        self
    }

    /// Gives it a name for people, instead of the directory that it does not have.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.location);
        self
    }

    /// Adds the table of known exploited vulnerabilities.
    #[must_use]
    pub fn with_kev(mut self, table: KevTable) -> Self {
        self.kev = Some(table);
        self
    }

    /// Adds the table of ends of support.
    #[must_use]
    pub fn with_eol(mut self, table: EolTable) -> Self {
        self.eol = Some(table);
        self
    }

    /// Adds the table of days of publication.
    #[must_use]
    pub fn with_published(mut self, table: PublishedTable) -> Self {
        self.published = Some(table);
        self
    }

    /// The shard of a key.
    #[must_use]
    pub fn shard(&self, key: &str) -> Option<&Shard> {
        self.shards
            .get(key)
            .or_else(|| self.fallback.as_ref()?.shard(key))
    }

    /// Whether the compiled-in starter table answers for a key.
    #[must_use]
    pub fn is_starter(&self, key: &str) -> bool {
        self.shard(key).is_some_and(|shard| {
            shard
                .meta()
                .sources
                .iter()
                .any(|source| source.name == "starter")
        })
    }

    /// All keys that have a shard, without the fallback's, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.shards.keys().map(String::as_str)
    }

    /// Where it is: a directory, or `starter table`.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Exploit prediction.
    #[must_use]
    pub fn epss(&self) -> Option<&EpssTable> {
        self.epss
            .as_ref()
            .or_else(|| self.fallback.as_ref()?.epss())
    }

    /// Known exploited vulnerabilities.
    #[must_use]
    pub fn kev(&self) -> Option<&KevTable> {
        self.kev.as_ref().or_else(|| self.fallback.as_ref()?.kev())
    }

    /// CVSS vectors.
    #[must_use]
    pub fn cvss(&self) -> Option<&CvssTable> {
        self.cvss
            .as_ref()
            .or_else(|| self.fallback.as_ref()?.cvss())
    }

    /// Ends of support.
    #[must_use]
    pub fn eol(&self) -> Option<&EolTable> {
        self.eol.as_ref().or_else(|| self.fallback.as_ref()?.eol())
    }

    /// The day on which a vulnerability was made public: the earliest that this database or its
    /// fallback knows.
    #[must_use]
    pub fn published(&self, id: &str) -> Option<Date> {
        let own = self.published.as_ref().and_then(|table| table.get(id));
        let other = self.fallback.as_ref().and_then(|other| other.published(id));
        own.into_iter().chain(other).min()
    }

    /// Days of publication, of this database alone.
    #[must_use]
    pub fn published_table(&self) -> Option<&PublishedTable> {
        self.published.as_ref()
    }

    /// The tables that answer, by their keys, sorted. The starter table's own, which know few
    /// vulnerabilities, count only where nothing else answers at all.
    #[must_use]
    pub fn tables(&self) -> Vec<&'static str> {
        let starter = |meta: &ShardMeta| meta.sources.iter().any(|s| s.name == "starter");
        let alone = self.shards.values().all(|shard| starter(shard.meta()));
        let published = (self.published.as_ref())
            .or_else(|| self.fallback.as_ref()?.published.as_ref())
            .map(PublishedTable::meta);
        [
            ("cvss", self.cvss().map(CvssTable::meta)),
            ("eol", self.eol().map(EolTable::meta)),
            ("epss", self.epss().map(EpssTable::meta)),
            ("kev", self.kev().map(KevTable::meta)),
            ("published", published),
        ]
        .into_iter()
        .filter(|(_, meta)| meta.is_some_and(|meta| alone || !starter(meta)))
        .map(|(key, _)| key)
        .collect()
    }

    /// Products of Red Hat's repositories.
    #[must_use]
    pub fn repositories(&self) -> Option<&RepositoryTable> {
        self.repositories
            .as_ref()
            .or_else(|| self.fallback.as_ref()?.repositories())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Advisory, ShardBuilder, SourceInfo, build_published, build_table, write_atomically,
    };

    fn shard(key: &str, source: &str) -> Vec<u8> {
        let mut builder = ShardBuilder::new(key, "deb").source(SourceInfo {
            name: source.to_owned(),
            ..SourceInfo::default()
        });
        builder.push(Advisory {
            package: source.to_owned(),
            ..Advisory::default()
        });
        builder.build()
    }

    #[test]
    fn a_directory_answers_and_the_fallback_fills_its_gaps() {
        let directory = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| {
            write_atomically(&directory.path().join(name), bytes).unwrap();
        };
        put(
            &file_name("debian:12"),
            &shard("debian:12", "debian-tracker"),
        );
        put("readme.txt", b"not a shard");
        let days = |days: &[(&str, &str)]| {
            let days = days.iter().map(|(id, day)| (*id, day.parse().unwrap()));
            build_published(Vec::new(), days)
        };
        put(
            &file_name("published"),
            &days(&[
                ("CVE-2020-0001", "2020-02-01"),
                ("CVE-2020-0002", "2020-02-02"),
            ]),
        );
        put(
            "eol.swdb",
            &build_table(
                "eol",
                SourceInfo::default(),
                &[("debian:12".into(), "2028-06-30".into())],
            ),
        );
        let starter = Database::from_shards(
            ["debian:12", "npm"]
                .into_iter()
                .map(|key| Shard::from_bytes(shard(key, "starter")).unwrap())
                .collect(),
        )
        .with_published(
            PublishedTable::from_bytes(days(&[
                ("CVE-2020-0001", "2020-01-01"),
                ("GHSA-1", "2020-01-03"),
            ]))
            .unwrap(),
        );
        let database = Database::open_dir(directory.path())
            .unwrap()
            .with_fallback(starter);
        for (id, day) in [
            ("CVE-2020-0001", Some("2020-01-01")),
            ("CVE-2020-0002", Some("2020-02-02")),
            ("GHSA-1", Some("2020-01-03")),
            ("CVE-2020-0003", None),
        ] {
            let found = database.published(id).map(|day| day.to_string());
            assert_eq!(found.as_deref(), day, "{id}");
        }
        assert_eq!(
            database.published_table().map(|t| t.iter().count()),
            Some(2)
        );
        assert_eq!(database.keys().collect::<Vec<_>>(), ["debian:12"]);
        assert!(!database.is_starter("debian:12") && database.is_starter("npm"));
        assert_eq!(
            database
                .shard("debian:12")
                .unwrap()
                .lookup("debian-tracker")
                .count(),
            1
        );
        assert_eq!(
            database.eol().and_then(|t| t.get("debian:12")),
            Some("2028-06-30")
        );
        assert!(database.shard("alpine:3.18").is_none() && database.epss().is_none());

        put("npm.swdb", b"SWDB half written");
        let error = Database::open_dir(directory.path())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("npm.swdb") && error.contains("again"),
            "{error}"
        );
        assert!(Database::open_dir(Path::new("/nowhere")).is_err());
    }

    #[test]
    fn the_generation_in_use_is_opened() {
        let directory = tempfile::tempdir().unwrap();
        for (number, source) in [(1, "old"), (2, "new")] {
            let folder = crate::generation_folder(directory.path(), number);
            std::fs::create_dir_all(&folder).unwrap();
            write_atomically(&folder.join("npm.swdb"), &shard("npm", source)).unwrap();
        }
        std::fs::write(
            crate::generation_folder(directory.path(), 2).join(crate::CHECKED),
            "npm 2026-11-25\nother 2026-11-25\n",
        )
        .unwrap();
        for (number, source, date) in [("1", "old", ""), ("2", "new", "2026-11-25")] {
            std::fs::write(directory.path().join(crate::CURRENT), number).unwrap();
            let database = Database::open_dir(directory.path()).unwrap();
            let shard = database.shard("npm").unwrap();
            assert_eq!(shard.lookup(source).count(), 1);
            assert_eq!(shard.meta().date(), date);
            assert_eq!(database.location(), directory.path().display().to_string());
        }
        std::fs::write(directory.path().join(crate::CURRENT), "3").unwrap();
        assert!(Database::open_dir(directory.path()).is_err());
    }

    #[test]
    fn a_reader_keeps_its_map_while_the_file_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("npm.swdb");
        write_atomically(&path, &shard("npm", "old")).unwrap();
        let old = Shard::open(&path).unwrap();
        write_atomically(&path, &shard("npm", "new")).unwrap();
        assert_eq!(old.lookup("old").count(), 1);
        assert_eq!(Shard::open(&path).unwrap().lookup("new").count(), 1);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn tables_of_the_starter_count_where_it_is_alone() {
        let kev = |source: &str| {
            let info = SourceInfo {
                name: source.to_owned(),
                ..SourceInfo::default()
            };
            let entries = [("CVE-2020-0001".to_owned(), "- - 0".to_owned())];
            KevTable::from_bytes(build_table("kev", info, &entries)).unwrap()
        };
        let of = |source: &str| {
            let bytes = ShardBuilder::new("npm", "semver")
                .source(SourceInfo {
                    name: source.to_owned(),
                    ..SourceInfo::default()
                })
                .build();
            Database::from_shards(vec![Shard::from_bytes(bytes).unwrap()])
        };
        let starter = || of("starter").with_kev(kev("starter"));
        assert_eq!(starter().tables(), ["kev"]);
        assert_eq!(
            Database::default().with_fallback(starter()).tables(),
            ["kev"]
        );
        assert_eq!(of("osv").with_fallback(starter()).tables(), [""; 0]);
        let own = of("osv").with_kev(kev("cisa")).with_fallback(starter());
        assert_eq!(own.tables(), ["kev"]);
    }
}
