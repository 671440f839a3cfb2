//! Which CVSS vectors GitLab accepts: one vector that its schema refuses costs the whole report.

/// Whether a vector has the shape that the report schema asks for (15.x, `cvss_vectors`).
pub(crate) fn is_valid(vector: &str) -> bool {
    if let Some(rest) = vector.strip_prefix("CVSS:4.0/") {
        return vector.len() <= 256 && version_4(rest);
    }
    let v3 = vector
        .strip_prefix("CVSS:3.1/")
        .or_else(|| vector.strip_prefix("CVSS:3.0/"));
    if let Some(rest) = v3 {
        return (32..=128).contains(&vector.len()) && all(rest, METRICS_3);
    }
    (16..=128).contains(&vector.len()) && all(vector, METRICS_2)
}

type Metrics = &'static [(&'static str, &'static [&'static str])];

const METRICS_2: Metrics = &[
    ("AV", &["N", "A", "L"]),
    ("AC", &["L", "M", "H"]),
    ("Au", &["M", "S", "N"]),
    ("C", &["N", "P", "C"]),
    ("I", &["N", "P", "C"]),
    ("A", &["N", "P", "C"]),
    ("E", &["U", "POC", "F", "H", "ND"]),
    ("RL", &["OF", "TF", "W", "U", "ND"]),
    ("RC", &["UC", "UR", "C", "ND"]),
    ("CDP", &["N", "L", "LM", "MH", "H", "ND"]),
    ("TD", &["N", "L", "M", "H", "ND"]),
    ("CR", &["L", "M", "H", "ND"]),
    ("IR", &["L", "M", "H", "ND"]),
    ("AR", &["L", "M", "H", "ND"]),
];

const METRICS_3: Metrics = &[
    ("AV", &["N", "A", "L", "P"]),
    ("AC", &["L", "H"]),
    ("PR", &["N", "L", "H"]),
    ("UI", &["N", "R"]),
    ("S", &["U", "C"]),
    ("C", &["N", "L", "H"]),
    ("I", &["N", "L", "H"]),
    ("A", &["N", "L", "H"]),
    ("E", &["X", "U", "P", "F", "H"]),
    ("RL", &["X", "O", "T", "W", "U"]),
    ("RC", &["X", "U", "R", "C"]),
    ("CR", &["X", "L", "M", "H"]),
    ("IR", &["X", "L", "M", "H"]),
    ("AR", &["X", "L", "M", "H"]),
    ("MAV", &["X", "N", "A", "L", "P"]),
    ("MAC", &["X", "L", "H"]),
    ("MPR", &["X", "N", "L", "H"]),
    ("MUI", &["X", "N", "R"]),
    ("MS", &["X", "U", "C"]),
    ("MC", &["X", "N", "L", "H"]),
    ("MI", &["X", "N", "L", "H"]),
    ("MA", &["X", "N", "L", "H"]),
];

/// In the order that CVSS 4.0 prescribes; the first eleven are mandatory.
const METRICS_4: Metrics = &[
    ("AV", &["N", "A", "L", "P"]),
    ("AC", &["L", "H"]),
    ("AT", &["N", "P"]),
    ("PR", &["N", "L", "H"]),
    ("UI", &["N", "P", "A"]),
    ("VC", &["H", "L", "N"]),
    ("VI", &["H", "L", "N"]),
    ("VA", &["H", "L", "N"]),
    ("SC", &["H", "L", "N"]),
    ("SI", &["H", "L", "N"]),
    ("SA", &["H", "L", "N"]),
    ("E", &["X", "A", "P", "U"]),
    ("CR", &["X", "H", "M", "L"]),
    ("IR", &["X", "H", "M", "L"]),
    ("AR", &["X", "H", "M", "L"]),
    ("MAV", &["X", "N", "A", "L", "P"]),
    ("MAC", &["X", "L", "H"]),
    ("MAT", &["X", "N", "P"]),
    ("MPR", &["X", "N", "L", "H"]),
    ("MUI", &["X", "N", "P", "A"]),
    ("MVC", &["X", "N", "L", "H"]),
    ("MVI", &["X", "N", "L", "H"]),
    ("MVA", &["X", "N", "L", "H"]),
    ("MSC", &["X", "N", "L", "H"]),
    ("MSI", &["X", "N", "L", "H", "S"]),
    ("MSA", &["X", "N", "L", "H", "S"]),
    ("S", &["X", "N", "P"]),
    ("AU", &["X", "N", "Y"]),
    ("R", &["X", "A", "U", "I"]),
    ("V", &["X", "D", "C"]),
    ("RE", &["X", "L", "M", "H"]),
    ("U", &["X", "Clear", "Green", "Amber", "Red"]),
];

const MANDATORY_4: usize = 11;

fn all(text: &str, metrics: Metrics) -> bool {
    text.split('/').all(|part| {
        part.split_once(':').is_some_and(|(key, value)| {
            metrics
                .iter()
                .any(|(k, values)| *k == key && values.contains(&value))
        })
    })
}

fn version_4(text: &str) -> bool {
    let mut metrics = METRICS_4.iter();
    let mut matched = 0;
    for part in text.split('/') {
        let Some((key, value)) = part.split_once(':') else {
            return false;
        };
        let Some((_, values)) = metrics.by_ref().find(|(k, _)| *k == key) else {
            return false;
        };
        if !values.contains(&value) {
            return false;
        }
        matched += 1;
        // A skipped mandatory metric shows as a position that ran ahead of the count.
        if matched <= MANDATORY_4 && METRICS_4.len() - metrics.len() != matched {
            return false;
        }
    }
    matched >= MANDATORY_4
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn only_vectors_of_the_standard_pass() {
        for (vector, valid) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", true),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P", true),
            ("CVSS:3.1/AV:N/AC:L", false),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:Q", false),
            ("AV:N/AC:L/Au:N/C:P/I:P/A:P", true),
            ("AV:N/AC:L/Au:N/C:P/I:P/A:P/", false),
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                true,
            ),
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:A/U:Red",
                true,
            ),
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/U:Red/E:A",
                false,
            ),
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N",
                false,
            ),
            (
                "CVSS:4.0/AV:N/AT:N/AC:L/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                false,
            ),
            ("", false),
            ("nonsense that is long enough", false),
        ] {
            assert_eq!(is_valid(vector), valid, "{vector}");
        }
    }
}
