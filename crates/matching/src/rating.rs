use std::str::FromStr;

use cvss::Cvss;
use seaworthy_model::{Rating, Severity};
use seaworthy_vulndb::Row;

/// What all sources say about how bad a vulnerability is, and what counts.
#[derive(Debug, Default)]
pub(crate) struct Ratings {
    ratings: Vec<Rating>,
    /// Sources that gave a word of their own, not only a vector.
    worded: Vec<String>,
}

impl Ratings {
    /// Adds what a row says, under the name of `source`.
    pub(crate) fn add_row(&mut self, source: &str, row: Row<'_>) {
        let word = row.severity().filter(|s| *s != Severity::Unknown);
        if word.is_some() && !self.worded.iter().any(|s| s == source) {
            self.worded.push(source.to_owned());
        }
        self.add(source, word, row.vector());
    }

    /// Adds a vector of a table of the database.
    pub(crate) fn add_vector(&mut self, source: &str, vector: &str) {
        self.add(source, None, Some(vector));
    }

    fn add(&mut self, source: &str, word: Option<Severity>, vector: Option<&str>) {
        let score = vector.and_then(score_of);
        let vector = vector.filter(|_| score.is_some());
        let Some(severity) = word.or_else(|| Some(severity_of(vector?, score?))) else {
            return;
        };
        match self.ratings.iter_mut().find(|r| r.source == source) {
            None => self.ratings.push(Rating {
                source: source.to_owned(),
                severity,
                vector: vector.map(str::to_owned),
                score,
            }),
            Some(old) => {
                // A word outranks what a vector says; of two words the worse one counts.
                let old_worded = self.worded.iter().any(|s| s == source) && word.is_some();
                if old_worded && (old.vector.is_none() || severity > old.severity) {
                    old.severity = old.severity.max(severity);
                }
                if old.vector.is_none() || score > old.score {
                    old.vector = vector.map(str::to_owned).or(old.vector.take());
                    old.score = score.or(old.score);
                }
            }
        }
    }

    /// The severity that counts and whose it is: the word of `own` (the distribution) first, then
    /// GHSA's, then any source's word, then vectors, the worst one of each kind.
    pub(crate) fn settle(mut self, own: &str) -> (Severity, String, Vec<Rating>) {
        self.ratings.sort_by(|a, b| a.source.cmp(&b.source));
        let rank = |rating: &Rating| {
            let worded = self.worded.contains(&rating.source);
            match (worded, rating.source.as_str()) {
                (true, source) if source == own => 0,
                (true, "ghsa") => 1,
                (true, _) => 2,
                (false, source) if source == own => 3,
                (false, "ghsa") => 3,
                (false, _) => 4,
            }
        };
        let best = self
            .ratings
            .iter()
            .filter(|r| r.severity != Severity::Unknown)
            .min_by(|a, b| {
                rank(a)
                    .cmp(&rank(b))
                    .then_with(|| b.severity.cmp(&a.severity))
                    .then_with(|| a.source.cmp(&b.source))
            });
        let (severity, source) = best.map_or((Severity::Unknown, String::new()), |r| {
            (r.severity, r.source.clone())
        });
        (severity, source, self.ratings)
    }
}

/// The base score of a vector that its standard accepts.
fn score_of(vector: &str) -> Option<f64> {
    let score = Cvss::from_str(vector).ok()?.score();
    score.is_finite().then_some(score)
}

/// Version 2 has no "critical" (NVD, "Vulnerability Metrics").
fn severity_of(vector: &str, score: f64) -> Severity {
    match Severity::from_score(score) {
        Severity::Critical if !vector.starts_with("CVSS:") => Severity::High,
        severity => severity,
    }
}

/// Under which name a row's opinion is kept: the distribution's family for its own shards, else
/// the database that the record comes from.
pub(crate) fn rater<'d>(row: Row<'d>, family: Option<&'d str>) -> &'d str {
    if let Some(family) = family {
        return family;
    }
    match row.source() {
        "go-vulndb" => "go",
        "osv" | "starter" => match row.advisory().unwrap_or(row.id()).split('-').next() {
            Some("GHSA") => "ghsa",
            Some("GO") => "go",
            Some("PYSEC") => "pypa",
            Some("RUSTSEC") => "rustsec",
            _ => row.source(),
        },
        other => other,
    }
}

/// The name of the vendor behind a distribution's shard.
pub(crate) fn family(shard: &str) -> &str {
    match shard.split(':').next().unwrap_or(shard) {
        "rhel" => "redhat",
        "sles" | "sle-micro" | "opensuse-leap" | "opensuse-tumbleweed" => "suse",
        "mariner" => "azurelinux",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIGH: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H";
    const CRITICAL: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    const V2: &str = "AV:N/AC:L/Au:N/C:C/I:C/A:C";

    type Said<'a> = (&'a str, Option<Severity>, Option<&'a str>);

    #[test]
    fn the_distribution_comes_first_and_all_is_kept() {
        let low = Some(Severity::Low);
        let cases: &[(&str, &[Said<'_>], Severity, &str, usize)] = &[
            (
                "own word before foreign vector",
                &[("debian", low, None), ("nvd", None, Some(CRITICAL))],
                Severity::Low,
                "debian",
                2,
            ),
            (
                "no word: the vector",
                &[("debian", None, None), ("nvd", None, Some(HIGH))],
                Severity::High,
                "nvd",
                1,
            ),
            (
                "ghsa before others",
                &[
                    ("go", Some(Severity::Critical), None),
                    ("ghsa", low, Some(HIGH)),
                ],
                Severity::Low,
                "ghsa",
                2,
            ),
            (
                "a broken vector says nothing",
                &[("nvd", None, Some("CVSS:3.1/X"))],
                Severity::Unknown,
                "",
                0,
            ),
            (
                "version 2 is never critical",
                &[("nvd", None, Some(V2))],
                Severity::High,
                "nvd",
                1,
            ),
            (
                "two rows of one source",
                &[
                    ("ghsa", low, None),
                    ("ghsa", Some(Severity::High), Some(CRITICAL)),
                ],
                Severity::High,
                "ghsa",
                1,
            ),
        ];
        for (what, said, severity, source, count) in cases {
            let mut ratings = Ratings::default();
            for (source, word, vector) in *said {
                if word.is_some() {
                    ratings.worded.push((*source).to_owned());
                }
                ratings.add(source, *word, *vector);
            }
            let (s, who, all) = ratings.settle("debian");
            assert_eq!(
                (s, who.as_str(), all.len()),
                (*severity, *source, *count),
                "{what}"
            );
        }
    }

    #[test]
    fn scores_are_the_standards() {
        for (vector, score) in [(HIGH, 7.5), (CRITICAL, 9.8), (V2, 10.0)] {
            assert_eq!(score_of(vector), Some(score), "{vector}");
        }
        assert_eq!(family("rhel:9"), "redhat");
        assert_eq!(family("wolfi"), "wolfi");
    }
}
