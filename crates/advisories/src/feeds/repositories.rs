//! Red Hat's map from repositories to products (`repository-to-cpe.json`): which content sets an
//! image was built from tells which products' advisories hold for it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::sink::Sink;

#[derive(Deserialize)]
struct Map {
    data: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Repository {
    #[serde(default)]
    cpes: Vec<String>,
}

/// Reads the map; a record is a repository.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let map: Map = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    for (name, value) in map.data {
        sink.record();
        match Repository::deserialize(value) {
            Ok(repository) if repository.cpes.is_empty() => sink.skipped(),
            Ok(mut repository) => {
                repository.cpes.retain(|cpe| !cpe.contains(' '));
                repository.cpes.sort_unstable();
                repository.cpes.dedup();
                sink.repository(&name, &repository.cpes.join(" "));
            }
            Err(error) => sink.broke(format!("{name}: {error}")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn repositories_have_their_products() {
        let json = r#"{"data":{"rhel-8-for-x86_64-baseos-rpms":{"cpes":["cpe:/o:redhat:enterprise_linux:8::baseos","cpe:/o:redhat:enterprise_linux:8"],"repo_relative_urls":["x"]},"empty":{},"bad":{"cpes":3}}}"#;
        let mut recorder = Recorder::default();
        read(json.as_bytes(), &mut recorder).unwrap();
        assert_eq!(
            recorder.repositories,
            [
                "rhel-8-for-x86_64-baseos-rpms cpe:/o:redhat:enterprise_linux:8 cpe:/o:redhat:enterprise_linux:8::baseos"
            ]
        );
        assert_eq!(
            (recorder.records, recorder.skipped, recorder.broken.len()),
            (3, 1, 1)
        );
        assert!(read(b"{}", &mut recorder).is_err());
    }
}
