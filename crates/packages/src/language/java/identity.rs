use std::collections::BTreeMap;

/// Maven's coordinates of something that was built.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Artifact {
    /// Empty where nothing names it.
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
}

impl Artifact {
    /// Reads `pom.properties` (Maven archiver).
    pub(super) fn of_properties(text: &str) -> Option<Self> {
        let value = |wanted: &str| {
            text.lines().find_map(|line| {
                let (key, value) = line.split_once('=')?;
                (key.trim() == wanted).then(|| value.trim().to_owned())
            })
        };
        let artifact = Self {
            group: value("groupId")?,
            artifact: value("artifactId")?,
            version: value("version")?,
        };
        let whole = [&artifact.group, &artifact.artifact, &artifact.version]
            .iter()
            .all(|part| !part.is_empty() && !part.contains("${"));
        whole.then_some(artifact)
    }
}

/// The main section of a manifest (JAR file specification, "JAR manifest").
#[derive(Default)]
pub(super) struct Manifest {
    fields: BTreeMap<String, String>,
}

impl Manifest {
    pub(super) fn parse(text: &str) -> Self {
        let mut fields: BTreeMap<String, String> = BTreeMap::new();
        let mut last: Option<String> = None;
        for line in text.lines() {
            if line.trim().is_empty() {
                break;
            }
            // Lines end at 72 bytes and go on after a space.
            if let Some(more) = line.strip_prefix(' ') {
                if let Some(value) = last.as_ref().and_then(|key| fields.get_mut(key)) {
                    value.push_str(more);
                }
                continue;
            }
            if let Some((key, value)) = line.split_once(':') {
                let key = key.trim().to_ascii_lowercase();
                fields.insert(key.clone(), value.trim().to_owned());
                last = Some(key);
            }
        }
        Self { fields }
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.fields
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty() && !value.contains("${"))
    }

    /// The version of Jenkins, when this is the manifest of its own archive: those of plug-ins name
    /// the version that they want, and have no program to start.
    pub(super) fn jenkins(&self) -> Option<&str> {
        self.get("main-class")
            .filter(|class| *class == "executable.Main" || *class == "Main")?;
        self.get("jenkins-version")
    }

    pub(super) fn license(&self) -> Option<String> {
        self.get("bundle-license").map(str::to_owned)
    }

    fn version(&self) -> Option<&str> {
        [
            "implementation-version",
            "bundle-version",
            "specification-version",
        ]
        .iter()
        .find_map(|key| self.get(key))
        .filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        .map(|version| version.split_whitespace().next().unwrap_or(version))
    }

    /// The group, as far as a manifest tells one.
    fn group(&self, artifact: &str) -> Option<String> {
        if let Some(vendor) = self.get("implementation-vendor-id")
            && is_group(vendor)
        {
            return Some(vendor.to_owned());
        }
        let symbolic = self
            .get("bundle-symbolicname")
            .and_then(|name| name.split(';').next())
            .or_else(|| self.get("automatic-module-name"))?
            .trim();
        // `org.apache.commons.commons-lang3`, `com.fasterxml.jackson.core.jackson-databind`.
        let group = symbolic.strip_suffix(artifact)?.trim_end_matches('.');
        is_group(group).then(|| group.to_owned())
    }
}

fn is_group(text: &str) -> bool {
    text.contains('.')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// What an archive is by its manifest and its file name; none without a version.
pub(super) fn of_file(file: &str, manifest: &Manifest) -> Option<Artifact> {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let (artifact, version) = match split(stem) {
        Some((artifact, version)) => (artifact, version.to_owned()),
        None => (stem, manifest.version()?.to_owned()),
    };
    let group = well_known(artifact, manifest)
        .map(str::to_owned)
        .or_else(|| manifest.group(artifact))
        .unwrap_or_default();
    let artifact = match (artifact, group.as_str()) {
        // Tomcat installs its own archives without the prefix that Maven gives them.
        (name, "org.apache.tomcat") if !name.starts_with("tomcat") => format!("tomcat-{name}"),
        (name, _) => name.to_owned(),
    };
    Some(Artifact {
        group,
        artifact,
        version,
    })
}

/// `spring-core-5.3.20` in two: the version begins at the first hyphen before a digit.
fn split(stem: &str) -> Option<(&str, &str)> {
    let at = stem.match_indices('-').map(|(at, _)| at).find(|at| {
        let rest = stem[at + 1..].trim_start_matches('v');
        let number: &str = rest.split(['.', '-', '_']).next().unwrap_or_default();
        rest.starts_with(|c: char| c.is_ascii_digit())
            && (rest.contains('.') || number.bytes().all(|b| b.is_ascii_digit()))
    })?;
    (at > 0).then(|| (&stem[..at], stem[at + 1..].trim_start_matches('v')))
}

/// Groups of projects whose builds leave `pom.properties` out.
fn well_known(artifact: &str, manifest: &Manifest) -> Option<&'static str> {
    const PREFIXES: [(&str, &str); 20] = [
        ("spring-boot", "org.springframework.boot"),
        ("spring-security", "org.springframework.security"),
        ("spring-data", "org.springframework.data"),
        ("spring-cloud", "org.springframework.cloud"),
        ("spring-integration", "org.springframework.integration"),
        ("spring-kafka", "org.springframework.kafka"),
        ("spring-amqp", "org.springframework.amqp"),
        ("spring-session", "org.springframework.session"),
        ("spring-batch", "org.springframework.batch"),
        ("spring-ws", "org.springframework.ws"),
        ("spring-", "org.springframework"),
        ("tomcat-embed", "org.apache.tomcat.embed"),
        ("tomcat-", "org.apache.tomcat"),
        ("hibernate-core", "org.hibernate"),
        ("hibernate-entitymanager", "org.hibernate"),
        ("kotlin-", "org.jetbrains.kotlin"),
        ("reactor-netty", "io.projectreactor.netty"),
        ("reactor-", "io.projectreactor"),
        ("micrometer-", "io.micrometer"),
        ("groovy", "org.codehaus.groovy"),
    ];
    if let Some((_, group)) = PREFIXES
        .iter()
        .find(|(prefix, _)| artifact.starts_with(prefix))
    {
        return Some(group);
    }
    (manifest.get("implementation-title") == Some("Apache Tomcat")).then_some("org.apache.tomcat")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_split_before_the_version() {
        for (stem, parts) in [
            ("spring-core-5.3.20", Some(("spring-core", "5.3.20"))),
            ("log4j-core-2.14.1", Some(("log4j-core", "2.14.1"))),
            ("log4j-1.2-api-2.17.0", Some(("log4j", "1.2-api-2.17.0"))),
            ("guava-31.1-jre", Some(("guava", "31.1-jre"))),
            ("tool-v1.2", Some(("tool", "1.2"))),
            ("app", None),
            ("commons-lang3", None),
            ("-1.0", None),
        ] {
            assert_eq!(split(stem), parts, "{stem}");
        }
    }

    #[test]
    fn groups_come_from_manifests_and_known_projects() {
        let manifest = |text: &str| Manifest::parse(text);
        for (file, text, expected) in [
            (
                "spring-web-5.3.20.jar",
                "Implementation-Title: spring-web\n",
                ("org.springframework", "spring-web", "5.3.20"),
            ),
            (
                "catalina.jar",
                "Implementation-Title: Apache Tomcat\nImplementation-Version: 9.0.50\n",
                ("org.apache.tomcat", "tomcat-catalina", "9.0.50"),
            ),
            (
                "jackson-databind-2.9.1.jar",
                "Bundle-SymbolicName: com.fasterxml.jackson.core.jackson-data\n bind;x=1\n",
                ("com.fasterxml.jackson.core", "jackson-databind", "2.9.1"),
            ),
            (
                "x-1.0.jar",
                "Implementation-Vendor-Id: org.example\n",
                ("org.example", "x", "1.0"),
            ),
            ("x-1.0.jar", "Bundle-SymbolicName: x\n", ("", "x", "1.0")),
        ] {
            let found = of_file(file, &manifest(text)).expect("has a version");
            assert_eq!(
                (&*found.group, &*found.artifact, &*found.version),
                expected,
                "{file}"
            );
        }
        assert!(of_file("app.jar", &manifest("Main-Class: x\n")).is_none());
    }

    #[test]
    fn properties_need_all_three_parts() {
        assert!(Artifact::of_properties("groupId=a\nartifactId=b\n").is_none());
        assert!(Artifact::of_properties("groupId=a\nartifactId=b\nversion=${v}\n").is_none());
        assert!(
            Artifact::of_properties("#x\r\nversion=1\r\ngroupId=a\r\nartifactId=b\r\n").is_some()
        );
    }
}
