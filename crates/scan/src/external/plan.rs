//! What each scanner can look at, and how its command line says so.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use seaworthy_report::merge::ScanKind;
use seaworthy_report::read::ReportFormat;
use seaworthy_source::TargetRef;

use super::{ExternalOptions, ExternalScanner};

/// One command line, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invocation {
    pub(super) program: &'static str,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(&'static str, OsString)>,
    /// Variables that would send the report elsewhere.
    pub(super) unset: Vec<&'static str>,
    /// Exit statuses with which a report may come.
    pub(super) answered: &'static [i32],
    pub(super) format: ReportFormat,
}

/// What a scanner is asked for: the kinds it can look for in the target, and why not the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Division {
    pub(super) asked: Vec<ScanKind>,
    pub(super) not_applicable: Vec<(ScanKind, String)>,
}

/// Divides kinds into those that a scanner can look for in a target and those it cannot.
pub(super) fn divide(scanner: ExternalScanner, target: &TargetRef, kinds: &[ScanKind]) -> Division {
    let mut division = Division {
        asked: Vec::new(),
        not_applicable: Vec::new(),
    };
    let whole = target_refused(scanner, target);
    for kind in kinds {
        match whole
            .clone()
            .or_else(|| kind_refused(scanner, target, *kind))
        {
            None => division.asked.push(*kind),
            Some(why) => division.not_applicable.push((*kind, why)),
        }
    }
    division
}

/// Why a scanner cannot read a target of that kind at all.
fn target_refused(scanner: ExternalScanner, target: &TargetRef) -> Option<String> {
    use ExternalScanner::{Clairctl, Grype, Snyk, Trivy};
    let why = match (scanner, target) {
        (Trivy, TargetRef::OciArchive(_)) => {
            "trivy reads OCI layouts as directories only, not as archives"
        }
        (Clairctl, TargetRef::Registry(_)) => return None,
        (Clairctl, _) => "clair fetches images from registries only",
        (Snyk, TargetRef::Podman(_)) => "snyk container does not ask Podman",
        (Snyk, TargetRef::OciDir { .. }) => {
            "snyk container reads archives, not directories of a layout"
        }
        (Snyk, TargetRef::Rootfs(_) | TargetRef::Dir(_) | TargetRef::Sbom(_)) => {
            "snyk container looks into images only"
        }
        (Grype, TargetRef::OciDir { path, tag: Some(_) }) if images_of_layout(path) != 1 => {
            "grype cannot be told which image of a layout to take"
        }
        _ => return None,
    };
    Some(why.to_owned())
}

/// Why a scanner does not look for that kind in a target that it reads.
fn kind_refused(scanner: ExternalScanner, target: &TargetRef, kind: ScanKind) -> Option<String> {
    match (scanner, kind) {
        (ExternalScanner::Trivy, ScanKind::Secret | ScanKind::Config)
            if matches!(target, TargetRef::Sbom(_)) =>
        {
            Some("a bill of materials holds no files".to_owned())
        }
        (ExternalScanner::Trivy, _) | (_, ScanKind::Vulnerability) => None,
        (scanner, kind) => Some(format!("{scanner} does not look for {}", what(kind))),
    }
}

const fn what(kind: ScanKind) -> &'static str {
    match kind {
        ScanKind::Vulnerability => "vulnerabilities",
        ScanKind::Secret => "secrets",
        ScanKind::Config => "misconfigurations",
        ScanKind::License => "licences",
    }
}

/// Largest index of a layout that is looked into.
const MAX_INDEX: u64 = 4 << 20;

/// How many images the index of a layout lists; 0 when it cannot be read.
fn images_of_layout(path: &Path) -> usize {
    use std::io::Read as _;

    let mut bytes = Vec::new();
    let read = std::fs::File::open(path.join("index.json"))
        .and_then(|file| file.take(MAX_INDEX).read_to_end(&mut bytes));
    let index: serde_json::Value = match read {
        Ok(_) => serde_json::from_slice(&bytes).unwrap_or_default(),
        Err(_) => return 0,
    };
    index["manifests"].as_array().map_or(0, Vec::len)
}

/// The command line for kinds that [`divide`] says can be asked for.
pub(super) fn invocation(
    scanner: ExternalScanner,
    target: &TargetRef,
    kinds: &[ScanKind],
    options: &ExternalOptions,
) -> Invocation {
    let mut invocation = match scanner {
        ExternalScanner::Trivy => trivy(target, kinds),
        ExternalScanner::Grype => grype(target),
        ExternalScanner::Clairctl => clairctl(target),
        ExternalScanner::Snyk => snyk(target),
    };
    let remote = matches!(target, TargetRef::Registry(_));
    if matches!(
        target,
        TargetRef::Registry(_) | TargetRef::Docker(_) | TargetRef::Podman(_)
    ) {
        platform(scanner, &mut invocation, &options.platform);
    }
    if remote {
        network(scanner, target, &mut invocation, options);
    }
    invocation
}

fn trivy(target: &TargetRef, kinds: &[ScanKind]) -> Invocation {
    let mut arguments: Vec<OsString> = Vec::new();
    let mut image = |more: &[&str]| {
        arguments.push("image".into());
        arguments.extend(more.iter().map(OsString::from));
    };
    let last: OsString = match target {
        TargetRef::Registry(reference) => {
            image(&["--image-src", "remote"]);
            reference.to_string().into()
        }
        TargetRef::Docker(name) => {
            image(&["--image-src", "docker"]);
            name.into()
        }
        TargetRef::Podman(name) => {
            image(&["--image-src", "podman"]);
            name.into()
        }
        TargetRef::DockerArchive(path) | TargetRef::OciArchive(path) => {
            image(&["--input"]);
            plain(path)
        }
        TargetRef::OciDir { path, tag } => {
            image(&["--input"]);
            let mut place = plain(path);
            if let Some(tag) = tag {
                place.push(":");
                place.push(tag);
            }
            place
        }
        TargetRef::Rootfs(path) => {
            arguments.push("rootfs".into());
            plain(path)
        }
        TargetRef::Dir(path) => {
            arguments.push("fs".into());
            plain(path)
        }
        TargetRef::Sbom(path) => {
            arguments.push("sbom".into());
            plain(path)
        }
    };
    // The place of an archive is the value of `--input`, so it comes before the other options.
    arguments.push(last);
    let words: Vec<&str> = kinds
        .iter()
        .map(|kind| match kind {
            ScanKind::Vulnerability => "vuln",
            ScanKind::Secret => "secret",
            ScanKind::Config => "misconfig",
            ScanKind::License => "license",
        })
        .collect();
    arguments.extend(["--format", "json", "--scanners"].map(OsString::from));
    arguments.push(words.join(",").into());
    let of_configuration: Vec<&str> = words
        .into_iter()
        .filter(|word| matches!(*word, "misconfig" | "secret"))
        .collect();
    if arguments.first().is_some_and(|first| first == "image") && !of_configuration.is_empty() {
        arguments.push("--image-config-scanners".into());
        arguments.push(of_configuration.join(",").into());
    }
    Invocation {
        program: "trivy",
        arguments,
        // As variables, so that a version without one of them does not refuse to start.
        environment: environment(&[
            ("TRIVY_NO_PROGRESS", "true"),
            ("TRIVY_LIST_ALL_PKGS", "true"),
            ("TRIVY_EXIT_CODE", "0"),
        ]),
        unset: vec!["TRIVY_OUTPUT", "TRIVY_TEMPLATE"],
        answered: &[0],
        format: ReportFormat::Trivy,
    }
}

fn grype(target: &TargetRef) -> Invocation {
    let of = |scheme: &str, path: &Path| {
        let mut place = OsString::from(scheme);
        place.push(path);
        place
    };
    let place = match target {
        TargetRef::Registry(reference) => format!("registry:{reference}").into(),
        TargetRef::Docker(name) => format!("docker:{name}").into(),
        TargetRef::Podman(name) => format!("podman:{name}").into(),
        TargetRef::DockerArchive(path) => of("docker-archive:", path),
        TargetRef::OciArchive(path) => of("oci-archive:", path),
        TargetRef::OciDir { path, .. } => of("oci-dir:", path),
        TargetRef::Rootfs(path) | TargetRef::Dir(path) => of("dir:", path),
        TargetRef::Sbom(path) => of("sbom:", path),
    };
    Invocation {
        program: "grype",
        arguments: vec![place, "-o".into(), "json".into()],
        environment: environment(&[("GRYPE_CHECK_FOR_APP_UPDATE", "false")]),
        unset: vec!["GRYPE_OUTPUT", "GRYPE_FILE", "GRYPE_OUTPUT_TEMPLATE_FILE"],
        // 1 and 2 come with a whole report where the user's configuration has a threshold.
        answered: &[0, 1, 2],
        format: ReportFormat::Grype,
    }
}

fn clairctl(target: &TargetRef) -> Invocation {
    let name = match target {
        TargetRef::Registry(reference) => reference.to_string(),
        other => other.to_string(),
    };
    Invocation {
        program: "clairctl",
        arguments: vec!["report".into(), "-o".into(), "json".into(), name.into()],
        environment: Vec::new(),
        unset: Vec::new(),
        answered: &[0],
        format: ReportFormat::Clair,
    }
}

fn snyk(target: &TargetRef) -> Invocation {
    let place: OsString = match target {
        TargetRef::Registry(reference) => reference.to_string().into(),
        TargetRef::Docker(name) => name.into(),
        other => other.to_string().into(),
    };
    Invocation {
        program: "snyk",
        arguments: vec!["container".into(), "test".into(), place, "--json".into()],
        environment: environment(&[("SNYK_DISABLE_ANALYTICS", "1")]),
        unset: Vec::new(),
        // 1 is a finished scan that found something.
        answered: &[0, 1],
        format: ReportFormat::Snyk,
    }
}

fn platform(scanner: ExternalScanner, invocation: &mut Invocation, platform: &str) {
    match scanner {
        ExternalScanner::Trivy | ExternalScanner::Grype => {
            invocation.arguments.push("--platform".into());
            invocation.arguments.push(platform.into());
        }
        ExternalScanner::Snyk => {
            let argument = format!("--platform={platform}");
            invocation.arguments.push(argument.into());
        }
        // It takes what the registry gives to linux/amd64.
        ExternalScanner::Clairctl => {}
    }
}

/// How the registry is reached, in each scanner's own variables.
fn network(
    scanner: ExternalScanner,
    target: &TargetRef,
    invocation: &mut Invocation,
    options: &ExternalOptions,
) {
    let mut set = |name: &'static str, value: &OsStr| {
        invocation.environment.push((name, value.to_owned()));
    };
    let yes = OsStr::new("true");
    match scanner {
        ExternalScanner::Trivy => {
            if let Some(credentials) = &options.credentials {
                set("TRIVY_USERNAME", credentials.username.as_ref());
                set("TRIVY_PASSWORD", credentials.password.as_ref());
            }
            if options.insecure || options.plain_http {
                set("TRIVY_INSECURE", yes);
            }
            if options.plain_http {
                set("TRIVY_NON_SSL", yes);
            }
            if let Some(file) = &options.ca_file {
                set("TRIVY_CACERT", file);
            }
        }
        ExternalScanner::Grype => {
            if let (Some(credentials), TargetRef::Registry(reference)) =
                (&options.credentials, target)
            {
                set("GRYPE_REGISTRY_AUTH_AUTHORITY", reference.registry.as_ref());
                set(
                    "GRYPE_REGISTRY_AUTH_USERNAME",
                    credentials.username.as_ref(),
                );
                set(
                    "GRYPE_REGISTRY_AUTH_PASSWORD",
                    credentials.password.as_ref(),
                );
            }
            if options.insecure {
                set("GRYPE_REGISTRY_INSECURE_SKIP_TLS_VERIFY", yes);
            }
            if options.plain_http {
                set("GRYPE_REGISTRY_INSECURE_USE_HTTP", yes);
            }
            if let Some(file) = &options.ca_file {
                set("GRYPE_REGISTRY_CA_CERT", file);
            }
        }
        ExternalScanner::Snyk => {
            if let Some(credentials) = &options.credentials {
                set("SNYK_REGISTRY_USERNAME", credentials.username.as_ref());
                set("SNYK_REGISTRY_PASSWORD", credentials.password.as_ref());
            }
            if let Some(file) = &options.ca_file {
                set("NODE_EXTRA_CA_CERTS", file);
            }
        }
        // It knows Docker's configuration file only.
        ExternalScanner::Clairctl => {}
    }
}

fn environment(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, OsString)> {
    pairs
        .iter()
        .map(|(name, value)| (*name, OsString::from(value)))
        .collect()
}

/// A path that no program takes for an option.
fn plain(path: &Path) -> OsString {
    let text = path.as_os_str();
    if text.as_encoded_bytes().starts_with(b"-") {
        let mut safe = OsString::from("./");
        safe.push(text);
        return safe;
    }
    text.to_owned()
}
