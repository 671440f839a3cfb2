//! CISA's catalogue of known exploited vulnerabilities.

use serde::Deserialize;
use serde_json::Value;

use crate::ids;
use crate::sink::{KevRow, Sink};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Catalogue {
    #[serde(default)]
    date_released: String,
    vulnerabilities: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "cveID")]
    cve: String,
    #[serde(default)]
    date_added: String,
    #[serde(default)]
    due_date: String,
    #[serde(default)]
    known_ransomware_campaign_use: String,
}

/// Reads the catalogue; a record is a vulnerability.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let catalogue: Catalogue = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    sink.date(catalogue.date_released.get(..10).unwrap_or_default());
    for value in catalogue.vulnerabilities {
        sink.record();
        match serde_json::from_value::<Entry>(value) {
            Ok(entry) if ids::is_cve(&entry.cve) => sink.kev(KevRow {
                id: entry.cve,
                added: entry.date_added,
                due: entry.due_date,
                ransomware: entry.known_ransomware_campaign_use == "Known",
            }),
            Ok(entry) => sink.broke(format!("`{}` is no CVE", entry.cve)),
            Err(error) => sink.broke(error.to_string()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn entries_are_read() {
        let mut recorder = Recorder::default();
        let json = r#"{"dateReleased":"2026-08-07T16:45:47Z","vulnerabilities":[
            {"cveID":"CVE-2021-44228","dateAdded":"2021-12-10","dueDate":"2021-12-24","knownRansomwareCampaignUse":"Known"},
            {"cveID":"CVE-2020-0001","dateAdded":"2022-01-01","knownRansomwareCampaignUse":"Unknown"},
            {"cveID":"x"}, 7]}"#;
        read(json.as_bytes(), &mut recorder).unwrap();
        assert_eq!(recorder.kev.len(), 2);
        assert!(recorder.kev[0].ransomware && !recorder.kev[1].ransomware);
        assert_eq!((recorder.records, recorder.broken.len()), (4, 2));
        assert_eq!(recorder.date, "2026-08-07");
        assert!(read(b"[]", &mut recorder).is_err());
    }
}
