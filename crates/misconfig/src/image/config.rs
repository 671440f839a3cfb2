//! The configuration and the history of an image.

use seaworthy_model::{CoverageEntry, Location, Misconfiguration};
use seaworthy_oci::ImageConfig;

use crate::hints::{self, Pin};
use crate::lint::Options;
use crate::report::Report;
use crate::rule::rules;
use crate::shell::{program, runs_a_download, words};

rules! { Image:
ROOT "SW-IMG-0001" Medium ["CIS-DOCKER-4.1", "CIS-DI-0001", "AVD-DS-0002"]
    title "Image runs as root"
    why "Root in the container is root towards the kernel and the mounted files; every escape begins there."
    fix "Add `USER` with a number other than 0 to the last stage of the Dockerfile."
    bad "{\"config\": {\"User\": \"\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\", \"health\"]}}}"
    good "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\", \"health\"]}}}";
NAMED_USER "SW-IMG-0002" Low []
    title "User by name"
    why "Kubernetes cannot tell whether a name is root, so that `runAsNonRoot` refuses the image."
    fix "Write the number of the user: `USER 65532`."
    bad "{\"config\": {\"User\": \"app\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\", \"health\"]}}}"
    good "{\"config\": {\"User\": \"10001:10001\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\", \"health\"]}}}";
HEALTHCHECK "SW-IMG-0003" Negligible ["CIS-DOCKER-4.6", "CIS-DI-0006", "AVD-DS-0026"]
    title "No health check"
    why "Docker and Compose do not notice that the program hangs. Kubernetes uses probes instead, and the OCI format has no place for the check."
    fix "Add `HEALTHCHECK` to the Dockerfile, or accept the rule where Kubernetes runs the image."
    bad "{\"config\": {\"User\": \"65532\"}}"
    good "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD-SHELL\", \"/app health\"]}}}";
ENV_SECRET "SW-IMG-0004" Critical ["CIS-DOCKER-4.10", "CIS-DI-0010", "AVD-DS-0031"]
    title "Secret in the environment of the image"
    why "Whoever can pull the image reads the value with `docker inspect`."
    fix "Remove it from the Dockerfile and replace the credential; pass it when the container starts."
    bad "{\"config\": {\"User\": \"65532\", \"Env\": [\"DB_PASSWORD=example\"], \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}}"
    good "{\"config\": {\"User\": \"65532\", \"Env\": [\"DB_PASSWORD_FILE=/run/secrets/db\"], \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}}";
BUILD_SECRET "SW-IMG-0005" High ["CIS-DOCKER-4.10", "CIS-DI-0010", "AVD-DS-0031"]
    title "Secret in the history of the image"
    why "Build arguments and commands stay in the history: whoever can pull the image reads them with `docker history`."
    fix "Use `RUN --mount=type=secret`, and replace the credential."
    bad "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"RUN |1 NPM_TOKEN=example /bin/sh -c npm ci # buildkit\"}]}"
    good "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"RUN |1 NODE_ENV=production /bin/sh -c npm ci # buildkit\"}]}";
LATEST "SW-IMG-0006" Low ["DKL-DI-0006"]
    title "Image without a version"
    why "`latest`, or no tag, does not say what is deployed, and a rollback rolls nothing back."
    fix "Tag the image with its version or commit."
    bad "name: registry.example.com/app:latest\n{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}}"
    good "name: registry.example.com/app:1.2.3\n{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}}";
SSH "SW-IMG-0007" Medium ["AVD-DS-0004"]
    title "Port 22 exposed"
    why "A container with an SSH server has a second way in, with keys and updates that nobody looks after."
    fix "Remove the server and `EXPOSE 22`; use `docker exec` or `kubectl exec`."
    bad "{\"config\": {\"User\": \"65532\", \"ExposedPorts\": {\"22/tcp\": {}}, \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}}"
    good "{\"config\": {\"User\": \"65532\", \"ExposedPorts\": {\"8080/tcp\": {}}, \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}}";
VOLUME "SW-IMG-0008" Medium ["DKL-DI-0002"]
    title "Volume over a system directory"
    why "A volume over /etc, /usr and their like replaces the files of the image, updates included, with old ones."
    fix "Remove the volume, or give the program a directory of its own."
    bad "{\"config\": {\"User\": \"65532\", \"Volumes\": {\"/etc\": {}}, \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}}"
    good "{\"config\": {\"User\": \"65532\", \"Volumes\": {\"/var/lib/app\": {}}, \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}}";
ADD "SW-IMG-0009" Low ["CIS-DOCKER-4.9", "CIS-DI-0009", "AVD-DS-0005"]
    title "ADD where COPY would do"
    why "ADD fetches addresses without a check and unpacks archives wherever they lead."
    fix "Use `COPY`, or `ADD --checksum` for an address."
    bad "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"ADD app.py /app/ # buildkit\"}]}"
    good "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"/bin/sh -c #(nop) ADD file:0123 in / \"}, {\"created_by\": \"COPY app.py /app/ # buildkit\"}]}";
UPGRADE "SW-IMG-0010" Low ["DKL-DI-0003", "AVD-DS-0024"]
    title "Whole distribution upgraded in a layer"
    why "The result depends on the day of the build, and the old packages stay in the layer below."
    fix "Use a newer base image, and upgrade single packages where a fix is missing."
    bad "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"RUN /bin/sh -c apt-get update && apt-get -y dist-upgrade && rm -rf /var/lib/apt/lists/*\"}]}"
    good "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"RUN /bin/sh -c apt-get update && apt-get install -y libssl3 && rm -rf /var/lib/apt/lists/*\"}]}";
SUDO "SW-IMG-0011" Medium ["DKL-DI-0001", "AVD-DS-0010"]
    title "sudo used"
    why "sudo in an image is a way to root that nothing needs: the build has USER, the container has no second user."
    fix "Use `USER root` for the steps that need it, and switch back."
    bad "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"RUN /bin/sh -c sudo make install\"}]}"
    good "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"RUN /bin/sh -c make install\"}]}";
CACHE "SW-IMG-0012" Negligible ["DKL-DI-0004", "DKL-DI-0005"]
    title "Package lists left in a layer"
    why "They make the image larger, and tell an intruder nothing that is true tomorrow."
    fix "Use `apk add --no-cache`, or remove /var/lib/apt/lists in the same RUN, or use a cache mount."
    bad "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"RUN /bin/sh -c apk add curl\"}]}"
    good "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"RUN /bin/sh -c apk add --no-cache curl\"}]}";
UPDATE_ALONE "SW-IMG-0013" Low ["CIS-DOCKER-4.7", "CIS-DI-0007", "AVD-DS-0017"]
    title "Package lists updated in a layer of their own"
    why "The cached layer makes later installs take old, vulnerable versions."
    fix "Write `apt-get update && apt-get install` in one RUN."
    bad "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"RUN /bin/sh -c apt-get update\"}]}"
    good "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"RUN /bin/sh -c apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\"}]}";
RUN_DOWNLOAD "SW-IMG-0014" High []
    title "Download run during the build"
    why "The build ran whatever the server sent at that moment; nobody can tell what that was."
    fix "Download a version and check its digest before it runs."
    bad "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"RUN /bin/sh -c curl -fsSL https://example.com/install.sh | sh\"}]}"
    good "{\"config\": {\"User\": \"65532\", \"Healthcheck\": {\"Test\": [\"CMD\", \"/app\"]}}, \"history\": [{\"created_by\": \"RUN /bin/sh -c curl -fsSLo tool https://example.com/tool && sha256sum -c tool.sum\"}]}";
}

/// Most history entries that are read.
const MAX_HISTORY: usize = 2000;

const SYSTEM_DIRECTORIES: [&str; 11] = [
    "/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr",
];

/// What is known of an image besides its files.
#[derive(Debug, Clone, Copy)]
pub struct ImageInput<'a> {
    /// Its configuration.
    pub config: &'a ImageConfig,
    /// The reference that it was asked for by, when it was one: `registry.example.com/app:1.2`.
    pub name: Option<&'a str>,
}

/// Checks the configuration and the history of an image, by our rules and the user's own. Locations
/// have the paths `image configuration` and `history`, and for history the layer. The second list says
/// what could not be evaluated.
#[must_use]
pub fn check_image(
    input: &ImageInput<'_>,
    options: &Options,
) -> (Vec<Misconfiguration>, Vec<CoverageEntry>) {
    let mut report = Report::new("image configuration");
    let mut coverage = Vec::new();
    check_settings(input, &mut report);
    check_history(input.config, &mut report);
    options
        .custom
        .check_image(input.config, input.name, &mut report, &mut coverage);
    let mut findings = report.findings;
    findings.retain(|finding| !options.is_disabled(finding));
    findings.sort();
    findings.dedup();
    (findings, coverage)
}

fn check_settings(input: &ImageInput<'_>, report: &mut Report<'_>) {
    let settings = &input.config.config;
    let mut add = |rule, message: String| {
        let location = Location {
            path: "image configuration".to_owned(),
            ..Location::default()
        };
        report.add_at(rule, location, "", message);
    };
    let user = settings.user.split(':').next().unwrap_or_default();
    let number: Option<u32> = user.parse().ok();
    if matches!(user, "" | "root") || number == Some(0) {
        let shown = if user.is_empty() {
            "no user is set".to_owned()
        } else {
            format!("the user is `{user}`")
        };
        add(&ROOT, shown);
    } else if number.is_none() {
        add(&NAMED_USER, format!("the user is `{user}`, a name"));
    }
    let is_checked = settings
        .healthcheck
        .as_ref()
        .is_some_and(|check| check.test.first().is_some_and(|word| word != "NONE"));
    if !is_checked {
        add(&HEALTHCHECK, "has no health check".to_owned());
    }
    for variable in &settings.env {
        let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
        if is_secret(name, value) {
            add(
                &ENV_SECRET,
                format!("the variable `{name}` holds its secret in plain text"),
            );
        }
    }
    for port in &settings.exposed_ports {
        if port.split('/').next() == Some("22") {
            add(&SSH, format!("exposes `{port}`"));
        }
    }
    for volume in &settings.volumes {
        let path = volume.trim_end_matches('/');
        if SYSTEM_DIRECTORIES.contains(&path) || path.is_empty() {
            add(&VOLUME, format!("`{volume}` is a volume"));
        }
    }
    if let Some(name) = input.name.filter(|name| hints::pin(name) == Pin::Moving) {
        add(&LATEST, format!("the image is called `{name}`"));
    }
}

fn is_secret(name: &str, value: &str) -> bool {
    (hints::is_secret_name(name) && hints::is_literal_secret(value))
        || hints::is_secret_value(value)
}

fn check_history(config: &ImageConfig, report: &mut Report<'_>) {
    let made = config
        .history
        .iter()
        .filter(|entry| !entry.empty_layer)
        .count();
    // A history of another length than the layers would name wrong ones.
    let is_aligned = made == config.rootfs.diff_ids.len();
    let mut layer = 0_u32;
    for entry in config.history.iter().take(MAX_HISTORY) {
        let location = Location {
            path: "history".to_owned(),
            layer: (is_aligned && !entry.empty_layer).then_some(layer),
            ..Location::default()
        };
        if !entry.empty_layer {
            layer += 1;
        }
        if let Some(instruction) = &entry.created_by {
            check_instruction(instruction, &location, report);
        }
    }
}

/// One instruction, as BuildKit (`RUN /bin/sh -c … # buildkit`) or the classic builder
/// (`/bin/sh -c #(nop) ADD …`) wrote it down.
fn check_instruction(instruction: &str, location: &Location, report: &mut Report<'_>) {
    let shown: String = instruction.split_whitespace().collect::<Vec<_>>().join(" ");
    let object: String = shown.chars().take(120).collect();
    let mut add = |rule, message: String| report.add_at(rule, location.clone(), &object, message);
    let plain = instruction
        .trim_start()
        .trim_start_matches("/bin/sh -c #(nop)")
        .trim_start();
    if let Some(arguments) = plain.strip_prefix("ADD ") {
        // The root file system that a base image starts with is an archive, which COPY would not
        // unpack.
        let list: Vec<&str> = arguments
            .trim_end_matches("# buildkit")
            .split_whitespace()
            .collect();
        let is_archive = list.iter().any(|word| {
            [".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst"]
                .iter()
                .any(|end| word.ends_with(end))
        });
        if list.last() != Some(&"/") && !is_archive && !arguments.contains("--checksum=") {
            add(&ADD, "files were added with ADD".to_owned());
        }
        return;
    }
    let Some(script) = script_of(plain) else {
        return;
    };
    if let Some(name) = argument_secret(plain) {
        add(
            &BUILD_SECRET,
            format!("the build argument `{name}` is in the history"),
        );
    }
    if runs_a_download(script) {
        add(&RUN_DOWNLOAD, "fed a download to an interpreter".to_owned());
    }
    check_commands(plain, script, &mut add);
}

/// The script of a RUN instruction; none for instructions that only set something.
fn script_of(instruction: &str) -> Option<&str> {
    let is_run = instruction.starts_with("RUN ")
        || instruction.starts_with('|')
        || instruction.starts_with("/bin/");
    if !is_run || instruction.contains("#(nop)") {
        return None;
    }
    Some(
        instruction
            .split_once(" -c ")
            .map_or(instruction, |(_, script)| script)
            .trim_end_matches("# buildkit"),
    )
}

/// `|2 A=x B=y /bin/sh -c …`: the build arguments that were set.
fn argument_secret(instruction: &str) -> Option<&str> {
    let rest = instruction.strip_prefix("RUN ").unwrap_or(instruction);
    let rest = rest.strip_prefix('|')?;
    rest.split_whitespace()
        .skip(1)
        .map_while(|word| word.split_once('='))
        .find(|(name, value)| is_secret(name, value))
        .map(|(name, _)| name)
}

fn check_commands(
    instruction: &str,
    script: &str,
    add: &mut impl FnMut(&'static crate::Rule, String),
) {
    let (mut updates, mut installs) = (false, false);
    let mut leaves_lists = None;
    for command in script
        .split(['\n', ';', '|'])
        .flat_map(|line| line.split("&&"))
    {
        let list: Vec<&str> = words(command).collect();
        let Some(first) = list.first().map(|word| program(word)) else {
            continue;
        };
        if first == "sudo" {
            add(&SUDO, "a step used sudo".to_owned());
        }
        let verb = list
            .iter()
            .skip(1)
            .find(|word| !word.starts_with('-'))
            .copied();
        match (first, verb) {
            ("apt-get" | "apt" | "aptitude", Some("update")) => updates = true,
            ("apt-get" | "apt" | "aptitude", Some("install")) => {
                installs = true;
                leaves_lists = Some("apt");
            }
            ("apt-get" | "apt" | "aptitude", Some("upgrade" | "dist-upgrade" | "full-upgrade")) => {
                installs = true;
                add(
                    &UPGRADE,
                    format!("ran `{first} {}`", verb.unwrap_or_default()),
                );
            }
            ("apk", Some("upgrade")) => {
                installs = true;
                add(&UPGRADE, "ran `apk upgrade`".to_owned());
            }
            ("apk", Some("add")) => {
                installs = true;
                if !list.contains(&"--no-cache") {
                    leaves_lists = Some("apk");
                }
            }
            ("apk" | "yum" | "dnf" | "microdnf", Some("update")) => {
                updates = first == "apk";
            }
            _ => {}
        }
    }
    let cleans = match leaves_lists {
        Some("apt") => script.contains("/var/lib/apt/lists"),
        Some(_) => script.contains("/var/cache/apk"),
        None => true,
    } || instruction.contains("type=cache");
    if !cleans {
        add(&CACHE, "package lists stay in the layer".to_owned());
    }
    if updates && !installs {
        add(
            &UPDATE_ALONE,
            "package lists were updated, and nothing installed".to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &[&str]) {
        let config = ImageConfig::parse(json.as_bytes()).unwrap();
        let input = ImageInput {
            config: &config,
            name: None,
        };
        let found: Vec<String> = check_image(&input, &Options::default())
            .0
            .into_iter()
            .map(|f| format!("{} {:?}", f.rule, f.location.layer))
            .collect();
        assert_eq!(found, expected, "{json}");
    }

    #[test]
    fn an_empty_image_runs_as_root() {
        check("{}", &["SW-IMG-0001 None", "SW-IMG-0003 None"]);
    }

    #[test]
    fn history_names_its_layer() {
        check(
            r#"{"config": {"User": "1", "Healthcheck": {"Test": ["CMD", "x"]}}, "rootfs": {"diff_ids": ["a", "b"]}, "history": [
                {"created_by": "/bin/sh -c #(nop) ADD file:1 in / "},
                {"created_by": "ENV A=1", "empty_layer": true},
                {"created_by": "/bin/sh -c apt-get update && apt-get install -y x"}]}"#,
            &["SW-IMG-0012 Some(1)"],
        );
    }

    #[test]
    fn cache_mounts_leave_nothing() {
        check(
            r#"{"config": {"User": "1", "Healthcheck": {"Test": ["CMD", "x"]}}, "history": [
                {"created_by": "RUN --mount=type=cache,target=/var/cache/apt /bin/sh -c apt-get update && apt-get install -y x # buildkit"}]}"#,
            &[],
        );
    }
}
