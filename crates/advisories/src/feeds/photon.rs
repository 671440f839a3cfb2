//! Photon's CVE metadata: one JSON list a release (`cve_data_photon5.0.json`).

use serde::Deserialize;
use serde_json::Value;

use crate::ids;
use crate::sink::{Sink, fixed_before};
use seaworthy_model::{Severity, State};
use seaworthy_vulndb::Advisory;

#[derive(Deserialize)]
struct Row {
    cve_id: String,
    pkg: String,
    #[serde(default)]
    cve_score: Option<f64>,
    #[serde(default)]
    aff_ver: String,
    #[serde(default)]
    res_ver: String,
    #[serde(default)]
    status: String,
}

/// Reads one list; a record is a CVE of a package.
pub(crate) fn read(name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let release = release_in(name).ok_or("the name of the file names no release")?;
    let shard = format!("photon:{release}");
    let rows: Vec<Value> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    for value in rows {
        sink.record();
        match Row::deserialize(value) {
            Ok(row) => emit(&shard, &row, sink),
            Err(error) => sink.broke(error.to_string()),
        }
    }
    Ok(())
}

/// `5.0` of `photon/cve_data_photon5.0.json`.
fn release_in(name: &str) -> Option<&str> {
    let file = name.rsplit('/').next()?;
    let release = file.split_once("photon")?.1.strip_suffix(".json")?;
    let plain = !release.is_empty() && release.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then_some(release)
}

fn emit(shard: &str, row: &Row, sink: &mut dyn Sink) {
    // `NA` stands for what was never affected, `UNK-…` for what has no CVE yet.
    let unaffected = row.status == "Not Affected" || row.aff_ver == "NA" && row.res_ver == "NA";
    let fixed = row.res_ver.starts_with(|c: char| c.is_ascii_digit());
    if !ids::is_cve(&row.cve_id)
        || row.pkg.is_empty()
        || unaffected && !fixed && row.status != "Not Affected"
    {
        sink.skipped();
        return;
    }
    let advisory = if fixed && row.status != "Not Affected" {
        fixed_before(&row.pkg, &row.res_ver)
    } else {
        Advisory {
            package: row.pkg.clone(),
            state: if unaffected {
                State::NotAffected
            } else {
                State::Affected
            },
            ..Advisory::default()
        }
    };
    sink.advisory(
        shard,
        Advisory {
            id: row.cve_id.clone(),
            source: "photon-cve".to_owned(),
            severity: row
                .cve_score
                .filter(|score| *score > 0.0)
                .map(Severity::from_score),
            ..advisory
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn rows_are_read_and_empty_ones_skipped() {
        let json = r#"[
            {"cve_id":"CVE-2025-0001","pkg":"curl","cve_score":7.5,"aff_ver":"all versions before 8.16.0-1.ph4 are vulnerable","res_ver":"8.16.0-1.ph4","status":"Fixed"},
            {"cve_id":"CVE-2025-0002","pkg":"curl","cve_score":0.0,"aff_ver":"8.1-1.ph4","res_ver":"NA","status":"Not Fixed"},
            {"cve_id":"CVE-2025-0003","pkg":"curl","cve_score":null,"aff_ver":"NA","res_ver":"NA"},
            {"cve_id":"CVE-2025-0004","pkg":"curl","cve_score":5,"aff_ver":"NA","res_ver":"NA","status":"Not Affected"},
            {"cve_id":"UNK-1","pkg":"curl","res_ver":"1"}, {"pkg":3}]"#;
        assert_eq!(
            Recorder::of(|recorder| read(
                "photon/cve_data_photon4.0.json",
                json.as_bytes(),
                recorder
            )),
            [
                "photon:4.0 curl CVE-2025-0001 fixed !high [,8.16.0-1.ph4)",
                "photon:4.0 curl CVE-2025-0002 affected",
                "photon:4.0 curl CVE-2025-0004 not_affected !medium",
                "broken: invalid type: integer `3`, expected a string",
            ]
        );
        for (name, bad) in [
            ("photon5.0.json", "{}"),
            ("photon_versions.json", "[]"),
            ("x.json", "[]"),
        ] {
            assert!(
                read(name, bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{name}"
            );
        }
    }
}
