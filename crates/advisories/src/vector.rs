use std::str::FromStr;

use cvss::Cvss;
use seaworthy_model::Severity;

/// A CVSS vector that its standard accepts, and the severity of its base score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vector {
    pub(crate) text: String,
    pub(crate) severity: Severity,
    /// 4 before 3 before 2, as explicit preference within one source.
    rank: u8,
}

impl Vector {
    /// None for text that is no valid vector.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('(').trim_end_matches(')');
        let vector = Cvss::from_str(text).ok()?;
        let rank = match vector {
            Cvss::CvssV40(_) => 4,
            Cvss::CvssV30(_) | Cvss::CvssV31(_) => 3,
            _ => 2,
        };
        // The parser takes a version 3 vector with metrics left out for one without impact.
        let whole = rank != 3
            || ["AV", "AC", "PR", "UI", "S", "C", "I", "A"]
                .iter()
                .all(|metric| {
                    text.split('/')
                        .any(|part| part.split(':').next() == Some(metric))
                });
        if !whole {
            return None;
        }
        // Version 2 has three ratings only and knows no "critical" (NVD, "Vulnerability Metrics").
        let severity = match Severity::from_score(vector.score()) {
            Severity::Critical if rank == 2 => Severity::High,
            other => other,
        };
        Some(Self {
            text: text.to_owned(),
            severity,
            rank,
        })
    }

    /// The one of the newest version; the first one where several have the same.
    pub(crate) fn best<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut best: Option<Self> = None;
        for vector in texts.filter_map(Self::parse) {
            if best.as_ref().is_none_or(|best| vector.rank > best.rank) {
                best = Some(vector);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_vectors_are_kept_with_their_severity() {
        for (text, expected) in [
            (
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                Some(Severity::Critical),
            ),
            (
                "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
                Some(Severity::High),
            ),
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                Some(Severity::Critical),
            ),
            ("AV:N/AC:L/Au:N/C:C/I:C/A:C", Some(Severity::High)),
            ("(AV:N/AC:M/Au:N/C:N/I:N/A:P)", Some(Severity::Medium)),
            ("CVSS:3.1/AV:N/AC:L", None),
            ("CVSS:9.9/AV:N", None),
            ("", None),
        ] {
            assert_eq!(Vector::parse(text).map(|v| v.severity), expected, "{text}");
        }
    }

    #[test]
    fn the_newest_version_wins() {
        let texts = [
            "AV:N/AC:L/Au:N/C:C/I:C/A:C",
            "nonsense",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
        ];
        let best = Vector::best(texts.into_iter()).map(|v| v.text);
        assert_eq!(best.as_deref(), Some(texts[2]));
    }
}
