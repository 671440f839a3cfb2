//! Red Hat's security data API (`hydra`): one JSON object a CVE, with fixed releases and the state
//! of what is not fixed.

use std::borrow::Cow;

use seaworthy_model::{Severity, State};
use seaworthy_vulndb::{Advisory, End, Interval};
use serde::Deserialize;

use super::redhat;
use crate::ids;
use crate::sink::Sink;
use crate::vector::Vector;

const SOURCE: &str = "redhat-api";

#[derive(Deserialize)]
struct Cve<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    threat_severity: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    public_date: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    cvss3: Option<Cvss3<'a>>,
    #[serde(borrow, default)]
    affected_release: Option<Many<Release<'a>>>,
    #[serde(borrow, default)]
    package_state: Option<Many<Package<'a>>>,
}

#[derive(Deserialize)]
struct Cvss3<'a> {
    #[serde(borrow, default)]
    cvss3_scoring_vector: Option<Cow<'a, str>>,
}

/// A list; old records have a lone object.
#[derive(Deserialize)]
#[serde(untagged)]
enum Many<T> {
    List(Vec<T>),
    One(T),
}

impl<T> Many<T> {
    fn iter(&self) -> std::slice::Iter<'_, T> {
        match self {
            Self::List(list) => list.iter(),
            Self::One(one) => std::slice::from_ref(one).iter(),
        }
    }
}

#[derive(Deserialize)]
struct Release<'a> {
    #[serde(borrow, default)]
    cpe: Cow<'a, str>,
    #[serde(borrow, default)]
    advisory: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    package: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow, default)]
    cpe: Cow<'a, str>,
    #[serde(borrow, default)]
    fix_state: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    package_name: Option<Cow<'a, str>>,
}

/// Reads one CVE.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let cve: Cve<'_> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    if !ids::is_id(&cve.name) {
        return Err("no `name`".to_owned());
    }
    if let Some(date) = &cve.public_date {
        sink.date(date.get(..10).unwrap_or_default());
        sink.published(&cve.name, date);
    }
    let severity: Option<Severity> = cve
        .threat_severity
        .as_deref()
        .and_then(|word| word.parse().ok());
    let vector = cve
        .cvss3
        .as_ref()
        .and_then(|cvss| Vector::parse(cvss.cvss3_scoring_vector.as_deref()?))
        .map(|vector| vector.text);
    let row = Advisory {
        id: cve.name.to_string(),
        source: SOURCE.to_owned(),
        severity,
        vector,
        ..Advisory::default()
    };
    let mut rows = 0;
    for release in cve.affected_release.iter().flat_map(Many::iter) {
        let Some(stream) = redhat::stream(&release.cpe) else {
            continue;
        };
        let Some((name, version)) = release.package.as_deref().and_then(redhat::split_nevr) else {
            continue;
        };
        rows += 1;
        sink.advisory(
            &stream.shard,
            Advisory {
                package: name.to_owned(),
                advisory: release.advisory.as_deref().map(str::to_owned),
                source: if stream.extended {
                    redhat::EXTENDED
                } else {
                    SOURCE
                }
                .to_owned(),
                state: if stream.extended {
                    State::WillNotFix
                } else {
                    State::Fixed
                },
                intervals: vec![Interval {
                    introduced: String::new(),
                    end: End::Fixed(version.to_owned()),
                }],
                ..row.clone()
            },
        );
    }
    for package in cve.package_state.iter().flat_map(Many::iter) {
        let (Some(stream), Some(name), Some(state)) = (
            redhat::stream(&package.cpe).filter(|stream| !stream.extended),
            package.package_name.as_deref(),
            package.fix_state.as_deref().and_then(redhat::state),
        ) else {
            continue;
        };
        // `nodejs:18/nodejs` is a package of a module.
        let (module, name) = match name.rsplit_once('/') {
            Some((module, name)) if module.contains(':') => (Some(module.to_owned()), name),
            Some(_) => continue,
            None => (None, name),
        };
        rows += 1;
        sink.advisory(
            &stream.shard,
            Advisory {
                package: name.to_owned(),
                module,
                state,
                ..row.clone()
            },
        );
    }
    if rows == 0 {
        sink.skipped();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    const JSON: &str = r#"{"name":"CVE-2022-37434","threat_severity":"Moderate","public_date":"2022-08-05T00:00:00Z",
      "cvss3":{"cvss3_base_score":"7.0","cvss3_scoring_vector":"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:H"},
      "affected_release":[
        {"product_name":"Red Hat Enterprise Linux 8","advisory":"RHSA-2022:7106","package":"zlib-0:1.2.11-19.el8_6","cpe":"cpe:/o:redhat:enterprise_linux:8"},
        {"advisory":"RHSA-2022:1","package":"perl-4:5.26.3-422.el8","cpe":"cpe:/a:redhat:enterprise_linux:8::appstream"},
        {"advisory":"RHSA-2022:2","package":"zlib-0:1.2.11-18.el8_1","cpe":"cpe:/o:redhat:rhel_eus:8.1"},
        {"advisory":"RHSA-2022:3","package":"nodejs:18-8080020230718.63b34585","cpe":"cpe:/a:redhat:enterprise_linux:8"},
        {"advisory":"RHSA-2022:4","cpe":"cpe:/o:redhat:enterprise_linux:9"}],
      "package_state":[
        {"fix_state":"Out of support scope","package_name":"zlib","cpe":"cpe:/o:redhat:enterprise_linux:6"},
        {"fix_state":"Will not fix","package_name":"nodejs:18/nodejs","cpe":"cpe:/o:redhat:enterprise_linux:8"},
        {"fix_state":"Not affected","package_name":"rsync","cpe":"cpe:/o:redhat:enterprise_linux:9"},
        {"fix_state":"Affected","package_name":"openshift/zlib","cpe":"cpe:/o:redhat:enterprise_linux:9"}]}"#;

    #[test]
    fn fixes_and_states_are_read_and_extended_streams_told_apart() {
        let mut recorder = Recorder::default();
        read(JSON.as_bytes(), &mut recorder).unwrap();
        assert_eq!(
            recorder.lines(),
            [
                "rhel:6 zlib CVE-2022-37434 end_of_life !medium",
                "rhel:8 nodejs CVE-2022-37434 %nodejs:18 will_not_fix !medium",
                "rhel:8 perl CVE-2022-37434 @RHSA-2022:1 fixed !medium [,4:5.26.3-422.el8)",
                "rhel:8 zlib CVE-2022-37434 @RHSA-2022:2 will_not_fix !medium [,1.2.11-18.el8_1)",
                "rhel:8 zlib CVE-2022-37434 @RHSA-2022:7106 fixed !medium [,1.2.11-19.el8_6)",
                "rhel:9 rsync CVE-2022-37434 not_affected !medium",
            ]
        );
    }

    #[test]
    fn lone_objects_and_broken_records() {
        let mut recorder = Recorder::default();
        let lone = r#"{"name":"CVE-2001-0001","affected_release":{"package":"a-1-2.el5","cpe":"cpe:/o:redhat:enterprise_linux:5"}}"#;
        read(lone.as_bytes(), &mut recorder).unwrap();
        assert_eq!(
            recorder.lines(),
            ["rhel:5 a CVE-2001-0001 fixed [,1-2.el5)"]
        );
        for broken in [
            "",
            "{}",
            r#"{"name":""}"#,
            r#"{"name":"CVE-2001-0001","affected_release":3}"#,
        ] {
            assert!(read(broken.as_bytes(), &mut recorder).is_err(), "{broken}");
        }
    }
}
