//! CVRF 1.1 documents of SUSE: an advisory with the packages that fix it, each in its products.

use seaworthy_vulndb::Advisory;

use super::xml::{self, Element};
use super::{errata, redhat, suse};
use crate::ids;
use crate::sink::{Sink, fixed_before};
use seaworthy_model::{Severity, State};

/// Reads one document; a record is a document.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let mut found = None;
    xml::each(bytes, &["cvrfdoc"], &mut |element| found = Some(element))?;
    let document = found.ok_or("no `cvrfdoc`")?;
    let tracking = document
        .child("DocumentTracking")
        .ok_or("no `DocumentTracking`")?;
    let id = tracking
        .child("Identification")
        .map_or("", |i| i.text_of("ID"));
    if !(ids::is_id(id) || id.starts_with("openSUSE-")) {
        return Err(format!("`{id}` is no id of an advisory"));
    }
    sink.date(tracking.text_of("CurrentReleaseDate"));
    let packages = packages(&document);
    let mut rows = 0;
    for vulnerability in document.all("Vulnerability") {
        let cve = vulnerability.text_of("CVE");
        if !ids::is_cve(cve) {
            continue;
        }
        let severity = severity(vulnerability);
        sink.published(cve, tracking.text_of("InitialReleaseDate"));
        for (product, name, version) in &packages {
            rows += 1;
            let mut row = Advisory {
                id: cve.to_owned(),
                // An entry of a CVE's own document says no more than the CVE.
                advisory: (cve != id).then(|| id.to_owned()),
                source: "suse-cvrf".to_owned(),
                severity,
                ..fixed_before(name, version)
            };
            if product.subscription {
                row.state = State::WillNotFix;
            }
            sink.advisory(&product.shard, row);
        }
    }
    if rows == 0 {
        sink.skipped();
    }
    Ok(())
}

fn packages(document: &Element) -> Vec<(suse::Product, String, String)> {
    let mut relations = Vec::new();
    document.below("Relationship", &mut relations);
    let mut packages: Vec<_> = relations
        .into_iter()
        .filter_map(|relation| {
            let product = suse::product(relation.attribute("RelatesToProductReference"))?;
            let (name, version) = redhat::split_nevr(relation.attribute("ProductReference"))?;
            (!errata::is_debug(name, "")).then(|| (product, name.to_owned(), version.to_owned()))
        })
        .collect();
    packages.sort_by(|a, b| (&a.0.shard, &a.1, &a.2).cmp(&(&b.0.shard, &b.1, &b.2)));
    packages.dedup();
    packages
}

fn severity(vulnerability: &Element) -> Option<Severity> {
    let mut threats = Vec::new();
    vulnerability.below("Threat", &mut threats);
    threats
        .into_iter()
        .filter(|threat| threat.attribute("Type") == "Impact")
        .find_map(|threat| threat.text_of("Description").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn packages_are_those_of_the_products() {
        let relation = |package: &str, product: &str| {
            format!(
                "<Relationship ProductReference=\"{package}\" RelationType=\"Default Component Of\" RelatesToProductReference=\"{product}\"/>"
            )
        };
        let text = format!(
            "<?xml version=\"1.0\"?><cvrfdoc xmlns=\"x\"><DocumentTracking><Identification><ID>openSUSE-SU-2018:1633-1</ID></Identification><CurrentReleaseDate>2018-06-09T08:29:23Z</CurrentReleaseDate></DocumentTracking><ProductTree>{}{}{}</ProductTree><Vulnerability><CVE>CVE-2018-11237</CVE><Threats><Threat Type=\"Impact\"><Description>important</Description></Threat></Threats></Vulnerability><Vulnerability><CVE>none</CVE></Vulnerability></cvrfdoc>",
            relation("glibc-32bit-2.26-lp150.11.3.2", "openSUSE Leap 15.0"),
            relation("glibc-debuginfo-2.26-lp150.11.3.2", "openSUSE Leap 15.0"),
            relation("glibc-2.22-1.1", "SUSE Linux Enterprise Server 12 SP1-LTSS"),
        );
        assert_eq!(
            Recorder::of(|recorder| read(text.as_bytes(), recorder)),
            [
                "opensuse-leap:15.0 glibc-32bit CVE-2018-11237 @openSUSE-SU-2018:1633-1 fixed !high [,2.26-lp150.11.3.2)",
                "sles:12.1 glibc CVE-2018-11237 @openSUSE-SU-2018:1633-1 will_not_fix !high [,2.22-1.1)",
            ]
        );
        for bad in [
            "",
            "<cvrfdoc/>",
            "<other/>",
            "<cvrfdoc><DocumentTracking/></cvrfdoc>",
        ] {
            assert!(
                read(bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{bad}"
            );
        }
    }
}
