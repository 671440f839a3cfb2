//! endoflife.date's products: Markdown whose front matter lists the releases, and the one document
//! of its API that lists all of them (`/api/v1/products/full`).

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
    product(name).is_some() || is_api(name)
}

/// The document of the API, by the name that it is kept under.
fn is_api(name: &str) -> bool {
    name.rsplit('/').next() == Some("endoflife.json")
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
    if is_api(name) {
        return read_api(bytes, sink);
    }
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
        let date = |key: &str| day(&release[key]);
        emit(family, &cycle, date("eol"), date("eoes"), sink);
    }
    Ok(())
}

fn emit(
    family: &str,
    cycle: &str,
    eol: Option<String>,
    extended: Option<String>,
    sink: &mut dyn Sink,
) {
    // All releases of the first Amazon Linux are one to its advisories; the last one counts.
    let cycle = match (family, cycle) {
        ("amazon", "2018.03") => "1",
        ("amazon", old) if old.starts_with("201") => return,
        _ => cycle,
    };
    sink.eol(EolRow {
        key: format!("{family}:{cycle}"),
        eol,
        extended,
    });
}

/// Reads all products of the API's document.
fn read_api(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let document: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let products = document["result"].as_array().ok_or("no `result`")?;
    let mut known = false;
    for product in products {
        let name = product["name"].as_str().unwrap_or_default();
        let Some((_, family)) = PRODUCTS.iter().find(|(known, _)| *known == name) else {
            continue;
        };
        known = true;
        for release in product["releases"].as_array().into_iter().flatten() {
            let cycle = release["name"].as_str().ok_or("a release without `name`")?;
            if let Some(date) = release["latest"]["date"].as_str() {
                sink.date(date);
            }
            let date = |key: &str| day(&release[key]);
            emit(family, cycle, date("eolFrom"), date("eoesFrom"), sink);
        }
    }
    if known {
        Ok(())
    } else {
        Err("none of the products is a distribution".to_owned())
    }
}

/// A day of this century; a release may have `true` or `false` in its place.
fn day(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    (text.len() == 10 && text.starts_with("20")).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn the_document_of_the_api_is_read() {
        let text = r#"{"schema_version":"1.2.0","total":2,"result":[
            {"name":"angular","releases":[{"name":"17","eolFrom":"2025-05-15"}]},
            {"name":"debian","label":"Debian","releases":[
                {"name":"12","isEol":false,"eolFrom":"2026-06-10","eoesFrom":"2028-06-30","latest":{"name":"12.5","date":"2024-02-10"}},
                {"name":"14","isEol":false,"eolFrom":null,"latest":null}]},
            {"name":"amazon-linux","releases":[{"name":"2018.03","eolFrom":"2023-12-31"},{"name":"2017.09","eolFrom":"2018-01-01"}]}]}"#;
        let mut recorder = Recorder::default();
        assert!(wants("eol/endoflife.json") && !wants("eol/other.json"));
        read("eol/endoflife.json", text.as_bytes(), &mut recorder).unwrap();
        let rows: Vec<(&str, Option<&str>, Option<&str>)> = recorder
            .eol
            .iter()
            .map(|row| {
                (
                    row.key.as_str(),
                    row.eol.as_deref(),
                    row.extended.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                ("debian:12", Some("2026-06-10"), Some("2028-06-30")),
                ("debian:14", None, None),
                ("amazon:1", Some("2023-12-31"), None),
            ]
        );
        for bad in [
            "{",
            "{}",
            r#"{"result":[]}"#,
            r#"{"result":[{"name":"debian","releases":[{}]}]}"#,
        ] {
            assert!(
                read("endoflife.json", bad.as_bytes(), &mut recorder).is_err(),
                "{bad}"
            );
        }
    }

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
