//! NVD's CVE feeds in the format of its API 2.0, corrections in the same shape, and enrichment in
//! the shape of CVE JSON 5: ratings for every CVE, and CPE ranges for the products that images carry
//! as bare binaries.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::cpe::Cpe;
use crate::ids;
use crate::order::Order;
use crate::sink::{CvssRow, Sink, state_of};
use crate::vector::Vector;
use seaworthy_vulndb::{Advisory, End, Interval};

pub(crate) const SOURCE: &str = "nvd";
pub(crate) const OVERRIDES: &str = "nvd-overrides";
const SHARD: &str = "generic";

type Text<'a> = Cow<'a, str>;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    vulnerabilities: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    cve: Cve<'a>,
}

#[derive(Deserialize)]
struct Override<'a> {
    #[serde(rename = "_annotation", borrow)]
    annotation: Annotation<'a>,
    #[serde(borrow)]
    cve: Cve<'a>,
}

#[derive(Deserialize)]
struct Annotation<'a> {
    #[serde(borrow)]
    cve_id: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cve<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    vuln_status: Text<'a>,
    #[serde(borrow, default)]
    published: Text<'a>,
    #[serde(borrow, default)]
    last_modified: Text<'a>,
    #[serde(borrow, default)]
    metrics: Metrics<'a>,
    #[serde(borrow, default)]
    configurations: Vec<Configuration<'a>>,
}

#[derive(Deserialize, Default)]
struct Metrics<'a> {
    #[serde(rename = "cvssMetricV40", borrow, default)]
    v40: Vec<Metric<'a>>,
    #[serde(rename = "cvssMetricV31", borrow, default)]
    v31: Vec<Metric<'a>>,
    #[serde(rename = "cvssMetricV30", borrow, default)]
    v30: Vec<Metric<'a>>,
    #[serde(rename = "cvssMetricV2", borrow, default)]
    v2: Vec<Metric<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric<'a> {
    #[serde(borrow, default)]
    source: Text<'a>,
    #[serde(borrow)]
    cvss_data: CvssData<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CvssData<'a> {
    #[serde(borrow, default)]
    vector_string: Text<'a>,
}

#[derive(Deserialize)]
struct Configuration<'a> {
    #[serde(borrow, default)]
    operator: Text<'a>,
    #[serde(borrow, default)]
    nodes: Vec<Node<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node<'a> {
    #[serde(default)]
    negate: bool,
    #[serde(borrow, default)]
    cpe_match: Vec<Match<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Match<'a> {
    #[serde(default)]
    vulnerable: bool,
    #[serde(borrow)]
    criteria: Text<'a>,
    #[serde(borrow, default)]
    version_start_including: Option<Text<'a>>,
    #[serde(borrow, default)]
    version_start_excluding: Option<Text<'a>>,
    #[serde(borrow, default)]
    version_end_including: Option<Text<'a>>,
    #[serde(borrow, default)]
    version_end_excluding: Option<Text<'a>>,
}

/// Reads a page of the feed; a record is a CVE.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let page: Page<'_> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    sink.date(&page.timestamp);
    for raw in page.vulnerabilities {
        sink.record();
        match serde_json::from_str::<Item<'_>>(raw.get()) {
            Ok(item) if ids::is_cve(&item.cve.id) => emit(SOURCE, &item.cve.id, &item.cve, sink),
            Ok(item) => sink.broke(format!("`{}` is no CVE", item.cve.id)),
            Err(error) => sink.broke(error.to_string()),
        }
    }
    Ok(())
}

/// Reads one correction, which takes the place of what NVD says about the products of its CVE.
pub(crate) fn read_override(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let document: Override<'_> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let id = &document.annotation.cve_id;
    if !ids::is_cve(id) {
        return Err(format!("`{id}` is no CVE"));
    }
    emit(OVERRIDES, id, &document.cve, sink);
    Ok(())
}

fn emit(source: &str, id: &str, cve: &Cve<'_>, sink: &mut dyn Sink) {
    sink.date(&cve.last_modified);
    if cve.vuln_status == "Rejected" {
        sink.skipped();
        return;
    }
    sink.published(id, &cve.published);
    rate(id, &cve.metrics, sink);
    let mut found: Vec<(&str, Interval)> = Vec::new();
    for configuration in cve.configurations.iter().filter(|c| runs_on_linux(c)) {
        for node in configuration.nodes.iter().filter(|node| !node.negate) {
            for entry in node.cpe_match.iter().filter(|entry| entry.vulnerable) {
                let Some(cpe) = Cpe::parse(&entry.criteria) else {
                    continue;
                };
                if let (Some(name), Some(interval)) = (cpe.binary(), interval(&cpe, entry)) {
                    found.push((name, interval));
                }
            }
        }
    }
    write(source, id, found, sink);
}

fn write(source: &str, id: &str, mut found: Vec<(&str, Interval)>, sink: &mut dyn Sink) {
    let order = Order::of_shard(SHARD);
    found.sort_by(|a, b| {
        a.0.cmp(b.0)
            .then_with(|| order.compare(&a.1.introduced, &b.1.introduced))
            .then_with(|| a.1.cmp(&b.1))
    });
    found.dedup();
    if found.is_empty() {
        sink.skipped();
    }
    for of_package in found.chunk_by(|a, b| a.0 == b.0) {
        let Some((name, _)) = of_package.first() else {
            continue;
        };
        let intervals: Vec<Interval> = of_package
            .iter()
            .map(|(_, interval)| interval.clone())
            .collect();
        sink.advisory(
            SHARD,
            Advisory {
                package: (*name).to_owned(),
                id: id.to_owned(),
                source: source.to_owned(),
                state: state_of(&intervals),
                intervals,
                ..Advisory::default()
            },
        );
    }
}

/// NVD's own rating, and the best of the others', who are mostly the assigners.
fn rate(id: &str, metrics: &Metrics<'_>, sink: &mut dyn Sink) {
    let all = || {
        [&metrics.v40, &metrics.v31, &metrics.v30, &metrics.v2]
            .into_iter()
            .flatten()
    };
    let of_nvd = |metric: &&Metric<'_>| metric.source == "nvd@nist.gov";
    let best = |nvd: bool| {
        Vector::best(
            all()
                .filter(|metric| of_nvd(metric) == nvd)
                .map(|metric| metric.cvss_data.vector_string.as_ref()),
        )
    };
    for (source, vector) in [("nvd", best(true)), ("cna", best(false))] {
        if let Some(vector) = vector {
            sink.cvss(CvssRow {
                id: id.to_owned(),
                source: source.to_owned(),
                vector: vector.text,
            });
        }
    }
}

/// Whether a configuration can be met in a Linux image: the platforms that it demands beside the
/// product must not all be others.
fn runs_on_linux(configuration: &Configuration<'_>) -> bool {
    if configuration.operator != "AND" {
        return true;
    }
    configuration.nodes.iter().all(|node| {
        let mut platforms = node
            .cpe_match
            .iter()
            .filter(|entry| !entry.vulnerable)
            .filter_map(|entry| Cpe::parse(&entry.criteria))
            .filter(Cpe::is_operating_system)
            .peekable();
        platforms.peek().is_none() || platforms.any(|cpe| cpe.product.contains("linux"))
    })
}

fn interval(cpe: &Cpe, entry: &Match<'_>) -> Option<Interval> {
    let bound =
        |text: &Option<Text<'_>>| text.as_deref().filter(|t| !t.is_empty()).map(str::to_owned);
    let (from, after) = (
        bound(&entry.version_start_including),
        bound(&entry.version_start_excluding),
    );
    let (upto, before) = (
        bound(&entry.version_end_including),
        bound(&entry.version_end_excluding),
    );
    let open = from.is_none() && after.is_none() && upto.is_none() && before.is_none();
    if open && cpe.version != "*" {
        let version = cpe.full_version()?;
        return Some(Interval {
            introduced: version.clone(),
            end: End::LastAffected(version),
        });
    }
    Some(Interval {
        // Maven's order has no name for "the next version"; `.0.0.1` follows closely.
        introduced: from
            .or_else(|| after.map(|v| format!("{v}.0.0.1")))
            .unwrap_or_default(),
        end: match (before, upto) {
            (Some(version), _) => End::Fixed(version),
            (None, Some(version)) => End::LastAffected(version),
            (None, None) => End::Open,
        },
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enrichment<'a> {
    #[serde(borrow)]
    additional_metadata: EnrichmentMeta<'a>,
    #[serde(borrow, default)]
    adp: Adp<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnrichmentMeta<'a> {
    #[serde(borrow)]
    cve_id: Text<'a>,
}

#[derive(Deserialize, Default)]
struct Adp<'a> {
    #[serde(borrow, default)]
    affected: Vec<Affected<'a>>,
}

#[derive(Deserialize)]
struct Affected<'a> {
    #[serde(borrow, default)]
    cpes: Vec<Text<'a>>,
    #[serde(borrow, default)]
    versions: Vec<Versions<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Versions<'a> {
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
    #[serde(borrow, default)]
    less_than: Option<Text<'a>>,
    #[serde(borrow, default)]
    less_than_or_equal: Option<Text<'a>>,
}

/// Reads one enrichment: products and versions for a CVE that NVD has not analysed.
pub(crate) fn read_enrichment(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let document: Enrichment<'_> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let id = &document.additional_metadata.cve_id;
    if !ids::is_cve(id) {
        return Err(format!("`{id}` is no CVE"));
    }
    let mut found: Vec<(&str, Interval)> = Vec::new();
    for affected in &document.adp.affected {
        let names = affected
            .cpes
            .iter()
            .filter_map(|cpe| Cpe::parse(cpe)?.binary());
        for name in names {
            for versions in affected.versions.iter().filter(|v| v.status == "affected") {
                let start = versions.version.as_ref();
                let introduced = if matches!(start, "0" | "*") {
                    ""
                } else {
                    start
                }
                .to_owned();
                let end = match (&versions.less_than, &versions.less_than_or_equal) {
                    (Some(version), _) if version != "*" => End::Fixed(version.to_string()),
                    (Some(_), _) => End::Open,
                    (None, Some(version)) => End::LastAffected(version.to_string()),
                    (None, None) => End::LastAffected(introduced.clone()),
                };
                found.push((name, Interval { introduced, end }));
            }
        }
    }
    write("cve-enrichment", id, found, sink);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    const V31: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

    fn item(id: &str, status: &str, configurations: &str) -> String {
        format!(
            r#"{{"cve":{{"id":"{id}","vulnStatus":"{status}","lastModified":"2024-01-02T03:04:05.000","metrics":{{"cvssMetricV31":[{{"source":"nvd@nist.gov","type":"Primary","cvssData":{{"vectorString":"{V31}"}}}}],"cvssMetricV2":[{{"source":"x@example.com","cvssData":{{"vectorString":"AV:N/AC:L/Au:N/C:P/I:P/A:P"}}}}]}},"configurations":{configurations}}}}}"#
        )
    }

    fn node(entries: &str) -> String {
        format!(r#"{{"operator":"OR","negate":false,"cpeMatch":[{entries}]}}"#)
    }

    const NGINX: &str = r#"{"vulnerable":true,"criteria":"cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*","versionStartIncluding":"1.0.7","versionEndIncluding":"1.15.5"},{"vulnerable":true,"criteria":"cpe:2.3:a:f5:nginx:1.21.0:rc1:*:*:*:*:*:*"},{"vulnerable":true,"criteria":"cpe:2.3:a:example:nothing:*:*:*:*:*:*:*:*"}"#;
    const NODE: &str = r#"{"vulnerable":true,"criteria":"cpe:2.3:a:nodejs:node.js:*:*:*:*:lts:*:*:*","versionStartExcluding":"18.0.0","versionEndExcluding":"18.18.2"}"#;
    const WINDOWS: &str =
        r#"{"vulnerable":false,"criteria":"cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*"}"#;
    const LINUX: &str =
        r#"{"vulnerable":false,"criteria":"cpe:2.3:o:linux:linux_kernel:-:*:*:*:*:*:*:*"}"#;

    #[test]
    fn products_of_binaries_get_their_ranges_and_every_cve_its_rating() {
        let configurations = [
            format!(r#"[{{"nodes":[{}]}}]"#, node(NGINX)),
            format!(
                r#"[{{"operator":"AND","nodes":[{},{}]}}]"#,
                node(NODE),
                node(WINDOWS)
            ),
            format!(
                r#"[{{"operator":"AND","nodes":[{},{}]}}]"#,
                node(NODE),
                node(&format!("{WINDOWS},{LINUX}"))
            ),
            "[]".to_owned(),
        ];
        let items = [
            item("CVE-2018-16843", "Analyzed", &configurations[0]),
            item("CVE-2023-0001", "Analyzed", &configurations[1]),
            item("CVE-2023-0002", "Modified", &configurations[2]),
            item("CVE-2023-0003", "Rejected", &configurations[3]),
            r#"{"cve":{"id":"x"}}"#.to_owned(),
            r#"{"cve":{"id":"CVE-2023-0004","configurations":7}}"#.to_owned(),
        ];
        let page = format!(
            r#"{{"timestamp":"2024-02-01T00:00:00","vulnerabilities":[{}]}}"#,
            items.join(",")
        );
        let mut recorder = Recorder::default();
        read(page.as_bytes(), &mut recorder).unwrap();
        assert_eq!(
            recorder.lines(),
            [
                "generic nginx CVE-2018-16843 affected [1.0.7,1.15.5] [1.21.0-rc1,1.21.0-rc1]",
                "generic node CVE-2023-0002 fixed [18.0.0.0.0.1,18.18.2)",
            ]
        );
        let ratings: Vec<String> = recorder
            .cvss
            .iter()
            .map(|row| format!("{} {}", row.id, row.source))
            .collect();
        assert_eq!(
            ratings,
            [
                "CVE-2018-16843 nvd",
                "CVE-2018-16843 cna",
                "CVE-2023-0001 nvd",
                "CVE-2023-0001 cna",
                "CVE-2023-0002 nvd",
                "CVE-2023-0002 cna"
            ]
        );
        assert_eq!(
            (recorder.records, recorder.broken.len(), recorder.skipped),
            (6, 2, 2)
        );
    }

    #[test]
    fn corrections_and_enrichment() {
        let correction = format!(
            r#"{{"_annotation":{{"cve_id":"CVE-2023-5512"}},"cve":{{"configurations":[{{"nodes":[{}]}}]}}}}"#,
            node(
                r#"{"vulnerable":true,"criteria":"cpe:2.3:a:gitlab:gitlab:*:*:*:*:*:*:*:*","versionEndExcluding":"16.4.4","versionStartIncluding":"16.3"}"#
            )
        );
        assert_eq!(
            Recorder::of(|recorder| read_override(correction.as_bytes(), recorder)),
            ["generic gitlab CVE-2023-5512 fixed [16.3,16.4.4)"]
        );
        let enrichment = r#"{"additionalMetadata":{"cveId":"CVE-2024-0001"},"adp":{"affected":[{"cpes":["cpe:2.3:a:redis:redis:*:*:*:*:*:*:*:*"],"versions":[{"version":"0","lessThan":"7.2.4","status":"affected"},{"version":"7.4","status":"unaffected"}]}]}}"#;
        assert_eq!(
            Recorder::of(|recorder| read_enrichment(enrichment.as_bytes(), recorder)),
            ["generic redis CVE-2024-0001 fixed [,7.2.4)"]
        );
        for bad in ["", "{}", r#"{"_annotation":{"cve_id":"x"},"cve":{}}"#] {
            assert!(
                read_override(bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{bad}"
            );
            assert!(
                read_enrichment(bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{bad}"
            );
            assert!(
                read(bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{bad}"
            );
        }
    }
}
