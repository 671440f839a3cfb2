//! endoflife.date's products: Markdown whose front matter lists the releases.

use serde_json::Value;

use crate::sink::{EolRow, Sink};

/// Products that are distributions, and the first part of their shards' keys.
const PRODUCTS: [(&str, &str); 14] = [
    ("alpine-linux", "alpine"),
    ("almalinux", "almalinux"),
    ("amazon-linux", "amazon"),
    ("azure-linux", "azurelinux"),
    ("debian", "debian"),
    ("fedora", "fedora"),
    ("opensuse", "opensuse-leap"),
    ("oracle-linux", "oracle"),
    ("photon", "photon"),
    ("rhel", "rhel"),
    ("rocky-linux", "rocky"),
    ("sles", "sles"),
    ("suse-linux-micro", "sle-micro"),
    ("ubuntu", "ubuntu"),
];

/// Whether a product's file is one that matters.
pub(crate) fn wants(name: &str) -> bool {
    product(name).is_some()
}

fn product(name: &str) -> Option<&'static str> {
    let file = name.rsplit('/').next()?.strip_suffix(".md")?;
    PRODUCTS
        .iter()
        .find(|(product, _)| *product == file)
        .map(|(_, key)| *key)
}

/// Reads one product.
pub(crate) fn read(name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let family = product(name).ok_or("not a distribution")?;
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let front = text
        .strip_prefix("---")
        .and_then(|rest| rest.split_once("\n---"))
        .map(|(front, _)| front)
        .ok_or("no front matter")?;
    let front: Value = serde_saphyr::from_str(front).map_err(|e| e.to_string())?;
    let releases = front["releases"].as_array().ok_or("no `releases`")?;
    for release in releases {
        let cycle = match &release["releaseCycle"] {
            Value::String(cycle) => cycle.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err("a release without `releaseCycle`".to_owned()),
        };
        if let Some(date) = release["latestReleaseDate"].as_str() {
            sink.date(date);
        }
        let date = |key: &str| {
            release[key]
                .as_str()
                .filter(|text| text.len() == 10 && text.starts_with("20"))
                .map(str::to_owned)
        };
        // All releases of the first Amazon Linux are one to its advisories; the last one counts.
        let cycle = match (family, cycle.as_str()) {
            ("amazon", "2018.03") => "1".to_owned(),
            ("amazon", old) if old.starts_with("201") => continue,
            _ => cycle,
        };
        sink.eol(EolRow {
            key: format!("{family}:{cycle}"),
            eol: date("eol"),
            extended: date("eoes"),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn releases_have_their_dates() {
        let mut recorder = Recorder::default();
        let text = "---\ntitle: Debian\nreleases:\n  - releaseCycle: \"12\"\n    eol: 2026-07-11\n    eoes: 2028-06-30\n    latestReleaseDate: 2026-07-11\n\n  - releaseCycle: \"14\"\n    eol: false\n---\n\n> text\n";
        read("products/debian.md", text.as_bytes(), &mut recorder).unwrap();
        assert_eq!(recorder.eol.len(), 2);
        assert_eq!(recorder.eol[0].key, "debian:12");
        assert_eq!(recorder.eol[0].eol.as_deref(), Some("2026-07-11"));
        assert_eq!(recorder.eol[0].extended.as_deref(), Some("2028-06-30"));
        assert_eq!(recorder.eol[1].eol, None);
        let text = "---\nreleases:\n  - releaseCycle: \"2\"\n    eol: 2026-06-30\n  - releaseCycle: \"2018.03\"\n    eol: 2023-12-31\n  - releaseCycle: \"2017.09\"\n    eol: 2018-01-01\n---\n";
        let mut amazon = Recorder::default();
        read("products/amazon-linux.md", text.as_bytes(), &mut amazon).unwrap();
        let keys: Vec<&str> = amazon.eol.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, ["amazon:2", "amazon:1"]);
        assert!(wants("x/products/ubuntu.md") && !wants("x/products/angular.md"));
        for bad in [
            "",
            "---\n---\n",
            "---\nreleases: 3\n---\n",
            "---\nreleases:\n  - x: 1\n---\n",
        ] {
            assert!(
                read("debian.md", bad.as_bytes(), &mut recorder).is_err(),
                "{bad}"
            );
        }
    }
}
