//! Vulnerability ids: what is one, what is a CVE, and which one is the primary.

/// Whether the text is a CVE id (`CVE-YYYY-NNNN…`).
pub(crate) fn is_cve(id: &str) -> bool {
    let Some(rest) = id.strip_prefix("CVE-") else {
        return false;
    };
    let Some((year, number)) = rest.split_once('-') else {
        return false;
    };
    year.len() == 4
        && (4..=19).contains(&number.len())
        && year
            .bytes()
            .chain(number.bytes())
            .all(|b| b.is_ascii_digit())
}

/// Whether the text has the look of an id: capitals, a hyphen, something after it, no blank.
pub(crate) fn is_id(text: &str) -> bool {
    let Some((database, rest)) = text.split_once('-') else {
        return false;
    };
    !database.is_empty()
        && text.len() <= 64
        && rest.bytes().any(|b| b.is_ascii_digit())
        && database
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && rest
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'_'))
}

/// The ids of one record, told apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Identity {
    /// The CVE where the record names exactly one, else the record's own id.
    pub(crate) primary: String,
    /// All others, sorted.
    pub(crate) aliases: Vec<String>,
    /// The record's own id, when it is not the primary.
    pub(crate) advisory: Option<String>,
}

/// Chooses the primary id of a record and merges its aliases.
pub(crate) fn identify<'a>(own: &'a str, aliases: impl Iterator<Item = &'a str>) -> Identity {
    let mut all: Vec<&str> = std::iter::once(own)
        .chain(aliases.map(str::trim).filter(|alias| !alias.is_empty()))
        .collect();
    all.sort_unstable();
    all.dedup();
    let mut cves = all.iter().filter(|id| is_cve(id));
    let primary = match (cves.next(), cves.next()) {
        (Some(only), None) => (*only).to_owned(),
        _ => own.to_owned(),
    };
    Identity {
        aliases: all
            .iter()
            .filter(|id| **id != primary)
            .map(|id| (*id).to_owned())
            .collect(),
        advisory: (own != primary).then(|| own.to_owned()),
        primary,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_words() {
        for (text, cve, id) in [
            ("CVE-2021-44228", true, true),
            ("CVE-2021-123", false, true),
            ("GHSA-jfh8-c2jp-5v3q", false, true),
            ("XSA-349", false, true),
            ("ALPINE-13661", false, true),
            ("regression-fix", false, false),
            ("(AFS/RX)", false, false),
            ("CVE-", false, false),
            ("", false, false),
        ] {
            assert_eq!((is_cve(text), is_id(text)), (cve, id), "{text}");
        }
    }

    #[test]
    fn the_only_cve_is_the_primary() {
        for (own, aliases, primary, rest, advisory) in [
            (
                "GHSA-a-1",
                &["CVE-2020-0001", "PYSEC-2020-1"][..],
                "CVE-2020-0001",
                &["GHSA-a-1", "PYSEC-2020-1"][..],
                Some("GHSA-a-1"),
            ),
            (
                "GHSA-a-1",
                &["CVE-2020-0002", "CVE-2020-0001"],
                "GHSA-a-1",
                &["CVE-2020-0001", "CVE-2020-0002"],
                None,
            ),
            (
                "CVE-2020-0001",
                &["", "CVE-2020-0001"],
                "CVE-2020-0001",
                &[],
                None,
            ),
            ("GO-2020-0001", &[], "GO-2020-0001", &[], None),
        ] {
            let identity = identify(own, aliases.iter().copied());
            assert_eq!(identity.primary, primary);
            assert_eq!(identity.aliases, rest);
            assert_eq!(identity.advisory.as_deref(), advisory);
        }
    }
}
