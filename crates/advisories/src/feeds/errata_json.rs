//! Errata as the distributions' own services give them in JSON: AlmaLinux's `errata.full.json` and
//! its older dump, Rocky's errata service, Fedora's Bodhi.

use seaworthy_model::Date;
use serde_json::Value;

use super::errata::{self, Erratum, Fixed};
use crate::sink::Sink;

/// Reads one file; a record is an erratum.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let document: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let list = match &document {
        Value::Array(list) => list.as_slice(),
        Value::Object(fields) => ["data", "advisories", "updates"]
            .iter()
            .find_map(|key| fields.get(*key)?.as_array())
            .map_or_else(|| std::slice::from_ref(&document), Vec::as_slice),
        _ => return Err("neither a list nor an object".to_owned()),
    };
    for record in list {
        sink.record();
        let emitted = if record["affected_products"].is_array() {
            rocky(record, sink)
        } else if record["builds"].is_array() {
            bodhi(record, sink)
        } else {
            almalinux(record, sink)
        };
        if let Err(what) = emitted {
            sink.broke(what);
        }
    }
    Ok(())
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A number that some write as text.
fn number(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn almalinux(record: &Value, sink: &mut dyn Sink) -> Result<(), String> {
    let id = match text(record, "id") {
        "" => text(record, "updateinfo_id"),
        id => id,
    };
    if id.is_empty() {
        return Err("an erratum without an id".to_owned());
    }
    if text(record, "type") != "security" {
        sink.skipped();
        return Ok(());
    }
    sink.date(&day(&record["updated_date"]));
    let packages = match list(record, "packages") {
        [] => list(&record["pkglist"], "packages"),
        packages => packages,
    };
    let cves: Vec<String> = list(record, "references")
        .iter()
        .flat_map(|r| errata::cves_in(text(r, "id")))
        .collect();
    let mut by_major: std::collections::BTreeMap<String, Vec<Fixed>> = Default::default();
    for package in packages {
        let (name, arch) = (text(package, "name"), text(package, "arch"));
        let release = text(package, "release");
        let (Some(version), Some(major)) = (
            errata::evr(
                &number(&package["epoch"]),
                text(package, "version"),
                release,
            ),
            major_of(release),
        ) else {
            continue;
        };
        if name.is_empty() || errata::is_debug(name, arch) {
            continue;
        }
        let module = text(package, "module");
        let mut parts = module.split(':');
        let module = match (parts.next(), parts.next()) {
            (Some(name), Some(stream)) => Some(format!("{name}:{stream}")),
            _ => None,
        };
        by_major.entry(major.to_owned()).or_default().push(Fixed {
            name: name.to_owned(),
            version,
            since: String::new(),
            module,
        });
    }
    if by_major.is_empty() {
        sink.skipped();
    }
    for (major, packages) in by_major {
        Erratum {
            shard: format!("almalinux:{major}"),
            source: "almalinux-errata",
            id: id.to_owned(),
            severity: text(record, "severity").parse().ok(),
            issued: day(&record["issued_date"]),
            cves: cves.clone(),
            packages,
        }
        .emit(sink)?;
    }
    Ok(())
}

/// The day of a time, which one dump writes as seconds and the other as an object of MongoDB's.
fn day(time: &Value) -> String {
    match (time["$date"].as_str(), time.as_i64()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(seconds)) => Date::from_seconds(seconds).to_string(),
        (None, None) => String::new(),
    }
}

/// The release in a package's own: `8` of `5.1.el8_4`.
fn major_of(release: &str) -> Option<&str> {
    let at = release.find("el")? + 2;
    let rest = release.get(at..)?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..end).filter(|major| !major.is_empty())
}

fn rocky(record: &Value, sink: &mut dyn Sink) -> Result<(), String> {
    let id = text(record, "name");
    if text(record, "kind") != "Security" {
        sink.skipped();
        return Ok(());
    }
    sink.date(text(record, "updated_at"));
    let cves: Vec<String> = list(record, "cves")
        .iter()
        .flat_map(|cve| errata::cves_in(text(cve, "cve")))
        .collect();
    let mut majors: Vec<String> = list(record, "affected_products")
        .iter()
        .map(|product| number(&product["major_version"]))
        .filter(|major| !major.is_empty())
        .collect();
    majors.sort_unstable();
    majors.dedup();
    for major in majors {
        let packages = list(record, "packages")
            .iter()
            .filter(|package| {
                let product = text(package, "product_name");
                product.is_empty() || product.starts_with(&format!("Rocky Linux {major} "))
            })
            .filter_map(|package| {
                let nevra = text(package, "nevra").strip_suffix(".rpm")?;
                let (nevr, arch) = nevra.rsplit_once('.')?;
                let (name, version) = super::redhat::split_nevr(nevr)?;
                let (module, stream) =
                    (text(package, "module_name"), text(package, "module_stream"));
                (!errata::is_debug(name, arch)).then(|| Fixed {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    since: String::new(),
                    module: (!module.is_empty()).then(|| format!("{module}:{stream}")),
                })
            })
            .collect();
        Erratum {
            shard: format!("rocky:{major}"),
            source: "rocky-errata",
            id: id.to_owned(),
            severity: text(record, "severity").parse().ok(),
            issued: text(record, "published_at").to_owned(),
            cves: cves.clone(),
            packages,
        }
        .emit(sink)?;
    }
    Ok(())
}

fn bodhi(record: &Value, sink: &mut dyn Sink) -> Result<(), String> {
    let release = &record["release"];
    // Updates in testing are fixed, but not released; EPEL is nobody's distribution.
    let released = text(record, "status") == "stable" && text(record, "type") == "security";
    let version = number(&release["version"]);
    if !released || text(release, "id_prefix") != "FEDORA" || version.is_empty() {
        sink.skipped();
        return Ok(());
    }
    for key in ["date_pushed", "date_stable", "date_modified"] {
        sink.date(text(record, key));
    }
    let mut words = vec![
        text(record, "title"),
        text(record, "notes"),
        text(record, "display_name"),
    ];
    words.extend(list(record, "bugs").iter().map(|bug| text(bug, "title")));
    let cves = errata::cves_in(&words.join(" "));
    let packages = list(record, "builds")
        .iter()
        .filter(|build| matches!(text(build, "type"), "rpm" | ""))
        .filter_map(|build| {
            let nvr = text(build, "nvr");
            let (name, version) = super::redhat::split_nevr(nvr)?;
            Some(Fixed {
                name: name.to_owned(),
                version: match number(&build["epoch"]).as_str() {
                    "" | "0" => version.to_owned(),
                    epoch => format!("{epoch}:{version}"),
                },
                ..Fixed::default()
            })
        })
        .collect();
    Erratum {
        shard: format!("fedora:{version}"),
        source: "fedora-bodhi",
        id: text(record, "alias").to_owned(),
        severity: text(record, "severity").parse().ok(),
        issued: text(record, "date_submitted").to_owned(),
        cves,
        packages,
    }
    .emit(sink)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    fn lines(json: &str) -> Vec<String> {
        Recorder::of(|recorder| read(json.as_bytes(), recorder))
    }

    #[test]
    fn almalinux_in_both_shapes() {
        let new = r#"{"data":[
            {"id":"ALSA-2019:3708","updated_date":1651142818,"severity":"Moderate","type":"security",
             "packages":[{"name":"Judy","epoch":"0","version":"1.0.5","release":"18.module_el8.5.0+1","arch":"x86_64","module":"mariadb:10.3:805:c5:x86_64"},
                         {"name":"Judy","epoch":"0","version":"1.0.5","release":"18.module_el8.5.0+1","arch":"src","module":"mariadb:10.3:805:c5:x86_64"}],
             "references":[{"id":"CVE-2019-0001","type":"cve"},{"id":"ALSA-2019-3708","type":"self"}]},
            {"id":"ALBA-2021:3049","type":"bugfix","packages":[]}, {"type":"security"}]}"#;
        assert_eq!(
            lines(new),
            [
                "almalinux:8 Judy CVE-2019-0001 @ALSA-2019:3708 %mariadb:10.3 fixed !medium [,1.0.5-18.module_el8.5.0+1)",
                "broken: an erratum without an id",
            ]
        );
        let old = r#"[{"updateinfo_id":"ALSA-2020:1","updated_date":{"$date":"2020-02-03T00:00:00Z"},"severity":"Important","type":"security",
            "pkglist":{"packages":[{"name":"x","epoch":"2","version":"1","release":"1.el9_1","arch":"noarch"}]},"references":[]}]"#;
        assert_eq!(
            lines(old),
            ["almalinux:9 x ALSA-2020:1 fixed !high [,2:1-1.el9_1)"]
        );
        assert_eq!(Date::from_seconds(1_651_142_818).to_string(), "2022-04-28");
    }

    #[test]
    fn rocky_and_bodhi() {
        let rocky = r#"{"advisories":[{"name":"RLSA-2025:1","kind":"Security","severity":"Moderate","updated_at":"2025-11-27T09:12:41Z",
            "affected_products":[{"major_version":10},{"major_version":10}],"cves":[{"cve":"CVE-2025-0001"}],
            "packages":[{"nevra":"delve-0:1.25.2-1.el10_1.x86_64.rpm","product_name":"Rocky Linux 10 x86_64","module_name":null},
                        {"nevra":"nodejs-1:18-1.el8.x86_64.rpm","product_name":"Rocky Linux 10 x86_64","module_name":"nodejs","module_stream":"18"},
                        {"nevra":"delve-debuginfo-0:1.25.2-1.el10_1.x86_64.rpm"}]}]}"#;
        assert_eq!(
            lines(rocky),
            [
                "rocky:10 delve CVE-2025-0001 @RLSA-2025:1 fixed !medium [,1.25.2-1.el10_1)",
                "rocky:10 nodejs CVE-2025-0001 @RLSA-2025:1 %nodejs:18 fixed !medium [,1:18-1.el8)",
            ]
        );
        let bodhi = |status: &str, prefix: &str| {
            format!(
                r#"{{"alias":"FEDORA-2025-bbb2222222","display_name":"Fix CVE-2024-0001","title":"x-1-1.fc40","notes":"","severity":"medium","type":"security","status":"{status}","date_pushed":"2025-03-05 12:00:00","release":{{"version":"40","id_prefix":"{prefix}"}},"bugs":[{{"title":"CVE-2024-0002 x"}}],"builds":[{{"nvr":"x-1-1.fc40","type":"rpm","epoch":1}}]}}"#
            )
        };
        assert_eq!(
            lines(&bodhi("stable", "FEDORA")),
            [
                "fedora:40 x CVE-2024-0001 @FEDORA-2025-bbb2222222 fixed !medium [,1:1-1.fc40)",
                "fedora:40 x CVE-2024-0002 @FEDORA-2025-bbb2222222 fixed !medium [,1:1-1.fc40)",
            ]
        );
        assert!(
            lines(&bodhi("testing", "FEDORA")).is_empty(),
            "fixed, but not released"
        );
        assert!(lines(&bodhi("stable", "FEDORA-EPEL")).is_empty());
    }

    #[test]
    fn other_documents_are_errors_or_broken() {
        for bad in ["", "7", "{"] {
            assert!(
                read(bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{bad}"
            );
        }
        assert_eq!(lines("[1]"), ["broken: an erratum without an id"]);
    }
}
