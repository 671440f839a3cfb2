//! Red Hat's OVAL v2 as mirrors keep it: one JSON file a definition. Its tests stand in other
//! files; their comments, which Red Hat writes by machine, say the same.

use serde::Deserialize;

use super::oval::{self, Definition, Vendor};
use super::oval_claims::Criteria;
use crate::sink::Sink;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    class: String,
    metadata: Metadata,
    #[serde(default)]
    criteria: Node,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    #[serde(default)]
    title: String,
    #[serde(default)]
    references: Vec<Reference>,
    #[serde(default)]
    advisory: Advisory,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reference {
    #[serde(default)]
    source: String,
    #[serde(default, rename = "RefID")]
    id: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Advisory {
    #[serde(default)]
    severity: String,
    #[serde(default)]
    updated: Date,
    #[serde(default)]
    issued: Date,
    #[serde(default)]
    cves: Vec<Cve>,
    #[serde(default)]
    affected_cpe_list: Vec<String>,
    #[serde(default)]
    affected: Affected,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Date {
    #[serde(default)]
    date: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Cve {
    #[serde(default, rename = "CveID")]
    id: String,
    #[serde(default)]
    public: String,
    #[serde(default)]
    cvss3: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Affected {
    #[serde(default)]
    resolution: Resolution,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Resolution {
    #[serde(default)]
    state: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Node {
    #[serde(default)]
    operator: String,
    #[serde(default)]
    criterions: Vec<Test>,
    #[serde(default)]
    criterias: Vec<Self>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Test {
    #[serde(default)]
    comment: String,
}

/// Reads one definition.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let record: Record = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let advisory = record.metadata.advisory;
    let mut references: Vec<(String, String)> = record
        .metadata
        .references
        .into_iter()
        .map(|r| (r.source, r.id))
        .collect();
    references.extend(
        advisory
            .cves
            .iter()
            .map(|cve| ("CVE".to_owned(), cve.id.clone())),
    );
    let definition = Definition {
        patch: record.class == "patch",
        title: record.metadata.title,
        references,
        severity: advisory.severity,
        date: advisory.updated.date.max(advisory.issued.date.clone()),
        issued: advisory.issued.date,
        public: advisory
            .cves
            .iter()
            .map(|cve| (cve.id.clone(), cve.public.clone()))
            .collect(),
        vectors: advisory
            .cves
            .iter()
            .filter_map(|cve| Some(cve.cvss3.split_once('/')?.1.to_owned()))
            .collect(),
        cpes: advisory.affected_cpe_list,
        resolution: advisory.affected.resolution.state,
        criteria: criteria(record.criteria),
        ..Definition::default()
    };
    oval::emit_alone(Vendor::RedHat, "", &definition, sink)
}

fn criteria(node: Node) -> Criteria {
    Criteria {
        all: node.operator == "AND",
        tests: node
            .criterions
            .into_iter()
            .map(|test| (test.comment, String::new()))
            .collect(),
        children: node.criterias.into_iter().map(criteria).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn a_definition_is_read_by_its_comments() {
        let json = r#"{"Class":"vulnerability","ID":"oval:com.redhat.cve:def:1","Metadata":{"Title":"CVE-2019-0001 x","References":[{"Source":"CVE","RefID":"CVE-2019-0001"}],
            "Advisory":{"Severity":"Low","Issued":{},"Updated":{"Date":"2022-09-13"},"Cves":[{"CveID":"CVE-2019-0001","Cvss3":"4.2/CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:L/I:L/A:N"}],
            "AffectedCpeList":["cpe:/a:redhat:enterprise_linux:8","cpe:/o:redhat:enterprise_linux:8::baseos"],"Affected":{"Resolution":{"State":"Will not fix"}}}},
            "Criteria":{"Operator":"OR","Criterions":[{"Comment":"Red Hat Enterprise Linux must be installed","TestRef":"x"}],
            "Criterias":[{"Operator":"AND","Criterions":[{"Comment":"Module nodejs:10 is enabled"}],"Criterias":[{"Operator":"AND","Criterions":[{"Comment":"nodejs-nodemon is installed"},{"Comment":"nodejs-nodemon is signed with Red Hat redhatrelease2 key"}]}]}]}}"#;
        assert_eq!(
            Recorder::of(|recorder| read(json.as_bytes(), recorder)),
            ["rhel:8 nodejs-nodemon CVE-2019-0001 %nodejs:10 will_not_fix !low"]
        );
        for bad in ["", "{}", "[]", r#"{"Class":"patch","Metadata":{}}"#] {
            assert!(
                read(bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{bad}"
            );
        }
    }
}
