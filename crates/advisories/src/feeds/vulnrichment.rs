//! CISA's vulnrichment: CVE records (CVE JSON 5.1) with ratings of the assigner and of CISA.

use std::borrow::Cow;

use serde::Deserialize;

use crate::ids;
use crate::sink::{CvssRow, Sink};
use crate::vector::Vector;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow)]
    cve_metadata: Metadata<'a>,
    #[serde(borrow)]
    containers: Containers<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    cve_id: Cow<'a, str>,
    #[serde(borrow, default)]
    state: Cow<'a, str>,
    #[serde(borrow, default)]
    date_published: Cow<'a, str>,
    #[serde(borrow, default)]
    date_updated: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Containers<'a> {
    #[serde(borrow, default)]
    cna: Option<Container<'a>>,
    #[serde(borrow, default)]
    adp: Vec<Container<'a>>,
}

#[derive(Deserialize)]
struct Container<'a> {
    #[serde(borrow, default)]
    metrics: Option<Vec<Metric<'a>>>,
}

#[derive(Deserialize)]
struct Metric<'a> {
    #[serde(rename = "cvssV4_0", borrow, default)]
    v4: Option<Cvss<'a>>,
    #[serde(rename = "cvssV3_1", borrow, default)]
    v31: Option<Cvss<'a>>,
    #[serde(rename = "cvssV3_0", borrow, default)]
    v30: Option<Cvss<'a>>,
    #[serde(rename = "cvssV2_0", borrow, default)]
    v2: Option<Cvss<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cvss<'a> {
    #[serde(borrow, default)]
    vector_string: Cow<'a, str>,
}

impl<'a> Container<'a> {
    fn vector(&self) -> Option<Vector> {
        let metrics = self.metrics.as_deref().unwrap_or_default();
        Vector::best(metrics.iter().flat_map(|metric| {
            [&metric.v4, &metric.v31, &metric.v30, &metric.v2]
                .into_iter()
                .flatten()
                .map(|cvss| cvss.vector_string.as_ref())
        }))
    }
}

/// Reads one record: the assigner's rating, else CISA's.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let record: Record<'_> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let meta = &record.cve_metadata;
    if !ids::is_cve(&meta.cve_id) {
        return Err("no CVE".to_owned());
    }
    sink.date(meta.date_updated.get(..10).unwrap_or_default());
    if meta.state != "REJECTED" {
        sink.published(&meta.cve_id, &meta.date_published);
    }
    let cna = record.containers.cna.as_ref().and_then(Container::vector);
    let adp = || record.containers.adp.iter().find_map(Container::vector);
    let (source, vector) = match cna {
        Some(vector) => ("cna", Some(vector)),
        None => ("cisa-adp", adp()),
    };
    match vector.filter(|_| meta.state != "REJECTED") {
        Some(vector) => sink.cvss(CvssRow {
            id: meta.cve_id.to_string(),
            source: source.to_owned(),
            vector: vector.text,
        }),
        None => sink.skipped(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    const V31: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

    #[test]
    fn the_assigners_rating_comes_first() {
        let record = |state: &str, cna: &str, adp: &str| {
            format!(
                r#"{{"cveMetadata":{{"cveId":"CVE-2024-0001","state":"{state}","dateUpdated":"2024-10-01T00:00"}},"containers":{{"cna":{{"metrics":{cna}}},"adp":[{{"metrics":[{{"other":{{}}}}]}},{{"metrics":{adp}}}]}}}}"#
            )
        };
        let rated = format!(r#"[{{"cvssV3_1":{{"vectorString":"{V31}"}}}}]"#);
        let other =
            r#"[{"cvssV3_1":{"vectorString":"CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"}}]"#;
        let mut recorder = Recorder::default();
        for (state, cna, adp) in [
            ("PUBLISHED", rated.as_str(), other),
            ("PUBLISHED", "null", rated.as_str()),
            ("PUBLISHED", "[]", "[]"),
            ("REJECTED", rated.as_str(), "[]"),
        ] {
            read(record(state, cna, adp).as_bytes(), &mut recorder).unwrap();
        }
        let sources: Vec<_> = recorder
            .cvss
            .iter()
            .map(|row| row.source.as_str())
            .collect();
        assert_eq!(sources, ["cna", "cisa-adp"]);
        assert!(recorder.cvss.iter().all(|row| row.vector == V31));
        assert_eq!(recorder.skipped, 2);
        for bad in ["", "{}", r#"{"cveMetadata":{"cveId":"x"},"containers":{}}"#] {
            assert!(read(bad.as_bytes(), &mut recorder).is_err(), "{bad}");
        }
    }
}
