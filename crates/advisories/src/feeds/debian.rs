//! What Debian's formats share: the code names of the releases.

/// Code names with their release numbers (distro-info-data has the same table; the formats here
/// are also read where that is absent).
const RELEASES: [(&str, &str); 16] = [
    ("buzz", "1"),
    ("potato", "2"),
    ("woody", "3"),
    ("etch", "4"),
    ("lenny", "5"),
    ("squeeze", "6"),
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
    ("sid", "sid"),
];

/// Releases before this one are in no image that anyone scans.
const OLDEST: u32 = 7;

/// The shard of a release by its code name; none for unknown and for ancient releases.
pub(crate) fn shard_of_codename(codename: &str) -> Option<String> {
    let (_, number) = RELEASES.iter().find(|(name, _)| *name == codename)?;
    let recent = number
        .parse::<u32>()
        .map_or(true, |number| number >= OLDEST);
    recent.then(|| format!("debian:{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_names_lead_to_shards() {
        for (name, shard) in [
            ("bookworm", Some("debian:12")),
            ("sid", Some("debian:sid")),
            ("etch", None),
            ("atlantis", None),
        ] {
            assert_eq!(shard_of_codename(name).as_deref(), shard, "{name}");
        }
    }
}
