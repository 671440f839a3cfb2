//! `updateinfo.xml` of rpm repositories (createrepo): Amazon, Rocky, AlmaLinux, Fedora,
//! Bottlerocket.

use super::errata::{self, Erratum, Fixed};
use super::xml::{self, Element};
use crate::sink::Sink;

/// Reads one document; a record is an update.
pub(crate) fn read(
    family: &str,
    name: &str,
    bytes: &[u8],
    sink: &mut dyn Sink,
) -> Result<(), String> {
    xml::each(bytes, &["update"], &mut |update| {
        sink.record();
        if let Err(what) = emit(family, name, &update, sink) {
            sink.broke(what);
        }
    })
}

fn emit(family: &str, name: &str, update: &Element, sink: &mut dyn Sink) -> Result<(), String> {
    let id = update.text_of("id").to_owned();
    let kind = update.attribute("type");
    if !(kind.is_empty() || kind == "security") {
        sink.skipped();
        return Ok(());
    }
    let date = update.child("updated").or_else(|| update.child("issued"));
    sink.date(
        date.map_or("", |date| date.attribute("date"))
            .get(..10)
            .unwrap_or_default(),
    );
    let mut references = Vec::new();
    update.below("reference", &mut references);
    let mut cves: Vec<String> = references
        .iter()
        .filter(|reference| reference.attribute("type") == "cve")
        .flat_map(|reference| errata::cves_in(reference.attribute("id")))
        .collect();
    if cves.is_empty() {
        // Fedora names them in the titles of bugs, and in what people write.
        cves = references
            .iter()
            .flat_map(|r| errata::cves_in(r.attribute("title")))
            .collect();
        cves.extend(errata::cves_in(update.text_of("title")));
        cves.extend(errata::cves_in(update.text_of("description")));
    }
    let mut collections = Vec::new();
    update.below("collection", &mut collections);
    let mut known = false;
    for collection in &collections {
        let Some(source) = source(family) else {
            return Err(format!("no distribution `{family}`"));
        };
        let Some(shard) = shard(family, name, update, collection) else {
            continue;
        };
        known = true;
        let topic = topic(collection);
        let module = collection
            .child("module")
            .map(|m| format!("{}:{}", m.attribute("name"), m.attribute("stream")));
        let packages = collection
            .all("package")
            .filter(|package| {
                !errata::is_debug(package.attribute("name"), package.attribute("arch"))
            })
            .filter_map(|package| {
                let version = errata::evr(
                    package.attribute("epoch"),
                    package.attribute("version"),
                    package.attribute("release"),
                )?;
                Some(Fixed {
                    name: package.attribute("name").to_owned(),
                    since: since(
                        topic,
                        package.attribute("epoch"),
                        package.attribute("version"),
                    ),
                    version,
                    module: module.clone(),
                })
            })
            .filter(|package| !package.name.is_empty())
            .collect();
        let erratum = Erratum {
            shard,
            source,
            id: id.clone(),
            severity: update.text_of("severity").parse().ok(),
            issued: update
                .child("issued")
                .map_or("", |issued| issued.attribute("date"))
                .to_owned(),
            cves: cves.clone(),
            packages,
        };
        erratum.emit(sink)?;
    }
    if !known {
        sink.skipped();
    }
    Ok(())
}

fn source(family: &str) -> Option<&'static str> {
    Some(match family {
        "amazon" => "amazon-updateinfo",
        "rocky" => "rocky-updateinfo",
        "almalinux" => "almalinux-updateinfo",
        "fedora" => "fedora-updateinfo",
        "oracle" => "oracle-updateinfo",
        "bottlerocket" => "bottlerocket-updateinfo",
        _ => return None,
    })
}

/// The shard of a collection: by what the update says, else by the path of the file.
fn shard(family: &str, name: &str, update: &Element, collection: &Element) -> Option<String> {
    let words = [
        update.text_of("release"),
        collection.text_of("name"),
        collection.attribute("short"),
        update.text_of("title"),
    ];
    let after = |prefix: &str| {
        words.iter().find_map(|text| {
            let rest = text.get(text.find(prefix)? + prefix.len()..)?;
            let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
            (!number.is_empty()).then_some(number)
        })
    };
    match family {
        "amazon" => Some(format!("amazon:{}", amazon(name, update, collection)?)),
        "rocky" => after("Rocky Linux ")
            .or_else(|| number_in(name))
            .map(|n| format!("rocky:{n}")),
        "almalinux" => after("AlmaLinux ")
            .or_else(|| after("almalinux-"))
            .or_else(|| number_in(name))
            .map(|n| format!("almalinux:{n}")),
        "oracle" => after("Oracle Linux ")
            .or_else(|| number_in(name))
            .map(|n| format!("oracle:{n}")),
        // Modular builds ended with Fedora 38; EPEL's packages are nobody's distribution's.
        "fedora"
            if words
                .iter()
                .any(|text| text.contains("Modular") || text.contains("EPEL")) =>
        {
            None
        }
        "fedora" => after("Fedora ").map(|n| format!("fedora:{n}")),
        "bottlerocket" => Some("bottlerocket".to_owned()),
        _ => None,
    }
}

fn amazon(name: &str, update: &Element, collection: &Element) -> Option<&'static str> {
    let short = collection.attribute("short");
    let id = update.text_of("id");
    for (mark, release) in [
        ("amazon-linux-2023", "2023"),
        ("amazon-linux-2022", "2022"),
        ("amazon-linux-2", "2"),
        ("amazon-linux-ami", "1"),
    ] {
        if short.starts_with(mark) {
            return Some(release);
        }
    }
    for (mark, release) in [
        ("ALAS2023", "2023"),
        ("ALAS2022", "2022"),
        ("ALAS2", "2"),
        ("ALAS-", "1"),
    ] {
        if id.starts_with(mark) {
            return Some(release);
        }
    }
    ["2023", "2022", "2", "1"]
        .into_iter()
        .find(|release| name.split('/').any(|part| part == *release))
}

/// A folder of the path that is a release: `9`, `8.6`.
fn number_in(name: &str) -> Option<String> {
    name.split('/').find_map(|part| {
        let major = part.split('.').next()?;
        let release = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        (release && !major.is_empty()).then(|| major.to_owned())
    })
}

/// The extra of Amazon Linux 2 that a collection belongs to: `kernel-5.15`.
fn topic(collection: &Element) -> &str {
    let short = collection.attribute("short");
    match short.split_once("---") {
        Some((_, topic)) if topic != "core" => topic,
        _ => "",
    }
}

/// An extra carries another line of versions of a package that the distribution has too. Its
/// advisories count from that line on: `kernel-5.15` says nothing about kernel 4.14.
fn since(topic: &str, epoch: &str, version: &str) -> String {
    let line = topic
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map(|line| line.trim_matches('.'))
        .filter(|line| !line.is_empty())
        .find(|line| {
            version
                .strip_prefix(line)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
    match (line, epoch) {
        (None, _) => String::new(),
        (Some(line), "" | "0") => line.to_owned(),
        (Some(line), epoch) => format!("{epoch}:{line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    fn lines(family: &str, name: &str, updates: &str) -> Vec<String> {
        let text = format!("<?xml version=\"1.0\"?>\n<updates>{updates}</updates>");
        Recorder::of(|recorder| read(family, name, text.as_bytes(), recorder))
    }

    fn update(kind: &str, id: &str, more: &str, short: &str, packages: &str) -> String {
        format!(
            "<update type=\"{kind}\"><id>{id}</id><updated date=\"2024-02-03 01:00\"/><severity>Important</severity>{more}<pkglist><collection short=\"{short}\"><name/>{packages}</collection></pkglist></update>"
        )
    }

    const CVES: &str = "<references><reference id=\"CVE-2024-0001\" type=\"cve\"/><reference id=\"CVE-2024-0002\" type=\"cve\"/><reference id=\"RLSA-1\" type=\"self\"/></references>";
    const ONE: &str = "<references><reference id=\"CVE-2024-0001\" type=\"cve\"/></references>";

    #[test]
    fn amazons_releases_and_extras() {
        let kernel = "<package name=\"kernel\" epoch=\"0\" version=\"5.15.43\" release=\"20.amzn2\" arch=\"x86_64\"/><package name=\"kernel\" epoch=\"0\" version=\"5.15.43\" release=\"20.amzn2\" arch=\"aarch64\"/><package name=\"kernel-debuginfo\" epoch=\"0\" version=\"5.15.43\" release=\"20.amzn2\" arch=\"x86_64\"/>";
        let updates = [
            update(
                "security",
                "ALAS2-2018-939",
                CVES,
                "amazon-linux-2---core",
                "<package name=\"kernel\" epoch=\"0\" version=\"4.14.11\" release=\"1.amzn2\" arch=\"x86_64\"/>",
            ),
            update(
                "security",
                "ALASKERNEL-5.15-2022-001",
                ONE,
                "amazon-linux-2---kernel-5.15",
                kernel,
            ),
            update(
                "security",
                "ALAS2023-2023-001",
                ONE,
                "amazon-linux-2023---core",
                "<package name=\"rsyslog\" epoch=\"1\" version=\"8\" release=\"1\" arch=\"noarch\"/>",
            ),
            update(
                "security",
                "ALAS-2012-1",
                ONE,
                "amazon-linux-ami",
                "<package name=\"kernel\" epoch=\"\" version=\"3\" release=\"1\" arch=\"src\"/><package name=\"x\" version=\"3\" release=\"1\" arch=\"i686\"/>",
            ),
            update("bugfix", "ALAS-2012-2", ONE, "amazon-linux-ami", ""),
        ];
        assert_eq!(
            lines("amazon", "amazon/updateinfo.xml", &updates.concat()),
            [
                "amazon:1 x CVE-2024-0001 @ALAS-2012-1 fixed !high [,3-1)",
                "amazon:2 kernel CVE-2024-0001 @ALAS2-2018-939 fixed !high [,4.14.11-1.amzn2)",
                "amazon:2 kernel CVE-2024-0001 @ALASKERNEL-5.15-2022-001 fixed !high [5.15,5.15.43-20.amzn2)",
                "amazon:2 kernel CVE-2024-0002 @ALAS2-2018-939 fixed !high [,4.14.11-1.amzn2)",
                "amazon:2023 rsyslog CVE-2024-0001 @ALAS2023-2023-001 fixed !high [,1:8-1)",
            ]
        );
    }

    #[test]
    fn rocky_and_almalinux_with_modules() {
        let packages = "<module name=\"nodejs\" stream=\"18\" version=\"1\" context=\"x\" arch=\"x86_64\"/><package name=\"nodejs\" epoch=\"1\" version=\"18.1\" release=\"1.module+el8\" arch=\"x86_64\"/>";
        for (family, name, release, expected) in [
            (
                "rocky",
                "rocky/x.xml",
                "<release>Rocky Linux 8</release>",
                "rocky:8",
            ),
            (
                "rocky",
                "rocky/8.6/AppStream/x86_64/updateinfo.xml",
                "",
                "rocky:8",
            ),
            (
                "almalinux",
                "almalinux/9/updateinfo.xml",
                "<release>AlmaLinux 9</release>",
                "almalinux:9",
            ),
        ] {
            let update = update(
                "security",
                "RLSA-2024:1",
                &format!("{release}{ONE}"),
                "x",
                packages,
            );
            assert_eq!(
                lines(family, name, &update),
                [format!(
                    "{expected} nodejs CVE-2024-0001 @RLSA-2024:1 %nodejs:18 fixed !high [,1:18.1-1.module+el8)"
                )]
            );
        }
    }

    #[test]
    fn fedora_names_cves_in_the_titles_of_bugs() {
        let more = "<release>Fedora 40</release><title>expat-2.6-1.fc40</title><references><reference id=\"226\" type=\"bugzilla\" title=\"CVE-2024-0001 expat: x [fedora-all]\"/></references><description>Fixes CVE-2024-0003.</description>";
        let package = "<package name=\"expat\" epoch=\"0\" version=\"2.6\" release=\"1.fc40\" arch=\"x86_64\"/>";
        let modular = "<release>Fedora 38 Modular</release>";
        let updates = [
            update("security", "FEDORA-2024-aaaa000001", more, "F40", package),
            update(
                "security",
                "FEDORA-MODULAR-2024-aaaa000002",
                modular,
                "F38M",
                package,
            ),
        ];
        assert_eq!(
            lines("fedora", "fedora/x.xml", &updates.concat()),
            [
                "fedora:40 expat CVE-2024-0001 @FEDORA-2024-aaaa000001 fixed !high [,2.6-1.fc40)",
                "fedora:40 expat CVE-2024-0003 @FEDORA-2024-aaaa000001 fixed !high [,2.6-1.fc40)",
            ]
        );
    }

    #[test]
    fn broken_updates_are_named_and_the_rest_is_read() {
        let package = "<package name=\"x\" version=\"2\" release=\"1\" arch=\"noarch\"/>";
        let updates = [
            update("security", "not an id", ONE, "x", package),
            update(
                "security",
                "RLSA-2024:2",
                "<release>Rocky Linux 9</release>",
                "x",
                package,
            ),
        ];
        assert_eq!(
            lines("rocky", "rocky/9/x.xml", &updates.concat()),
            [
                "rocky:9 x RLSA-2024:2 fixed !high [,2-1)",
                "broken: `not an id` is no id of an advisory",
            ]
        );
        for bad in ["", "<updates><update>", "<updates"] {
            assert!(
                read("rocky", "x", bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{bad}"
            );
        }
    }
}
