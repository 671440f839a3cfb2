//! SAP's project-kb: statements with lists of artefacts, each affected or not.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::ids;
use crate::sink::Sink;
use seaworthy_model::{Purl, State};
use seaworthy_vulndb::Advisory;

#[derive(Deserialize)]
struct Statement {
    vulnerability_id: String,
    #[serde(default)]
    aliases: Vec<Value>,
    #[serde(default)]
    artifacts: Option<Vec<Artifact>>,
}

#[derive(Deserialize)]
struct Artifact {
    id: String,
    #[serde(default)]
    affected: bool,
}

/// Reads one statement; the versions that it lists as affected are all that it says.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let yaml = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let statement: Statement = serde_saphyr::from_str(yaml).map_err(|e| e.to_string())?;
    let id = &statement.vulnerability_id;
    if !ids::is_id(id) {
        return Err(format!("`{id}` is no id"));
    }
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for artifact in statement
        .artifacts
        .iter()
        .flatten()
        .filter(|artifact| artifact.affected)
    {
        let Ok(purl) = artifact.id.parse::<Purl>() else {
            continue;
        };
        if let ("maven", Some(group), Some(version)) =
            (purl.kind.as_str(), &purl.namespace, purl.version)
        {
            versions
                .entry(format!("{group}:{}", purl.name))
                .or_default()
                .push(version);
        }
    }
    if versions.is_empty() {
        sink.skipped();
    }
    let aliases = statement
        .aliases
        .iter()
        .filter_map(Value::as_str)
        .filter(|id| ids::is_id(id));
    let identity = ids::identify(id, aliases);
    for (package, mut versions) in versions {
        versions.sort_unstable();
        versions.dedup();
        sink.advisory(
            "maven",
            Advisory {
                package,
                id: identity.primary.clone(),
                aliases: identity.aliases.clone(),
                advisory: identity.advisory.clone(),
                source: "project-kb".to_owned(),
                state: State::Affected,
                versions,
                ..Advisory::default()
            },
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn affected_artefacts_are_listed_versions() {
        let yaml = "vulnerability_id: CVE-2018-7489\nnotes:\n- text: x\nartifacts:\n- id: pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.5.1\n  reason: Reviewed manually\n  affected: true\n- id: pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.5.0\n  affected: true\n- id: pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.9.5\n  affected: false\n- id: nonsense\n  affected: true\n";
        assert_eq!(
            Recorder::of(|recorder| read(yaml.as_bytes(), recorder)),
            [
                "maven com.fasterxml.jackson.core:jackson-databind CVE-2018-7489 affected ==2.5.0 ==2.5.1"
            ]
        );
        let mut recorder = Recorder::default();
        read(b"vulnerability_id: CVE-2018-0001\n", &mut recorder).unwrap();
        assert_eq!(recorder.skipped, 1);
        for bad in ["", "vulnerability_id: x\n", "artifacts: 3\n"] {
            assert!(read(bad.as_bytes(), &mut recorder).is_err(), "{bad}");
        }
    }
}
