//! `security_requirements`: what must hold of the image itself.

use seaworthy_model::{Package, PackageType, Severity};

use super::{Breach, Found, base, gaps};
use crate::glob::Globs;
use crate::policy::On;
use crate::row::{Item, Row, World, is_fixable};
use crate::subject::{ContainerFacts, DockerfileFacts, StageBase};
use crate::verdict::Cause;

/// Whether a user, as `USER` and `runAsUser` name it, is root; the group does not matter.
fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default().trim();
    name.is_empty()
        || name == "root"
        || (name.bytes().all(|b| b.is_ascii_digit()) && name.bytes().all(|b| b == b'0'))
}

/// The user of a Dockerfile's shipped stage, with the line that sets it; none when no stage sets
/// one.
fn dockerfile_user(dockerfile: &DockerfileFacts) -> Option<(String, u32)> {
    let mut at = base::target(dockerfile);
    loop {
        let stage = dockerfile.stages.get(at)?;
        if let Some(user) = &stage.user {
            return Some((user.clone(), stage.user_line));
        }
        match stage.base {
            StageBase::Stage(below) if below < at => at = below,
            _ => return None,
        }
    }
}

fn says(container: &ContainerFacts) -> Option<bool> {
    match (&container.user, container.non_root) {
        (Some(user), _) => Some(!is_root(user)),
        (None, Some(true)) => Some(true),
        _ => None,
    }
}

/// The image must not run as root: neither by its configuration, nor by the Dockerfile, nor by a
/// manifest.
pub(super) fn non_root(world: &World<'_>) -> Found {
    let facts = world.subject.facts;
    let mut causes = Vec::new();
    let mut known = false;
    if let Some(image) = &world.subject.report.inventory.image {
        known = true;
        if is_root(&image.user) {
            causes.push(Cause {
                kind: "image",
                id: world.subject.name().to_owned(),
                location: "image configuration".to_owned(),
                detail: if image.user.is_empty() {
                    "no user is set, so it runs as root".to_owned()
                } else {
                    format!("it runs as {}", image.user)
                },
                ..Cause::default()
            });
        }
    }
    for dockerfile in facts.dockerfiles.iter().flatten() {
        match dockerfile_user(dockerfile) {
            Some((user, line)) => {
                known = true;
                if is_root(&user) {
                    causes.push(in_dockerfile(dockerfile, line, format!("USER {user}")));
                }
            }
            // Without a USER the base image decides; with the image at hand, that was looked at.
            None if world.subject.report.inventory.image.is_none() => {
                known = true;
                causes.push(in_dockerfile(dockerfile, 0, "there is no USER".to_owned()));
            }
            None => {}
        }
    }
    for container in facts.containers.iter().flatten() {
        if let Some(fine) = says(container) {
            known = true;
            if !fine {
                let user = container.user.as_deref().unwrap_or_default();
                causes.push(super::runtime::cause(
                    container,
                    format!("runs as user {user}"),
                ));
            }
        }
    }
    if !causes.is_empty() {
        let message = if causes.iter().any(|c| c.location.starts_with("image")) {
            "Image must run as a non-root user"
        } else if causes.iter().any(|c| c.kind == "dockerfile") {
            "Dockerfile must specify non-root USER"
        } else {
            "Containers must run as a non-root user"
        };
        return Found::Broken(
            Breach::one(
                message,
                "end the Dockerfile with a numeric USER such as 10001:10001, which runAsNonRoot can check",
            )
            .because(causes),
        );
    }
    if known {
        Found::Holds
    } else {
        Found::Unknown("neither the image nor its Dockerfile was looked at".to_owned())
    }
}

fn in_dockerfile(dockerfile: &DockerfileFacts, line: u32, detail: String) -> Cause {
    Cause {
        kind: "dockerfile",
        id: dockerfile.path.clone(),
        location: if line == 0 {
            dockerfile.path.clone()
        } else {
            format!("{}:{line}", dockerfile.path)
        },
        detail,
        ..Cause::default()
    }
}

/// Package managers by the type of package that brings them.
const MANAGERS: [(PackageType, &[&str]); 5] = [
    (
        PackageType::Apk,
        &["apk-tools", "npm", "yarn", "pnpm", "py3-pip", "composer"],
    ),
    (
        PackageType::Deb,
        &[
            "apt",
            "aptitude",
            "dpkg",
            "npm",
            "yarn",
            "yarnpkg",
            "python3-pip",
            "composer",
        ],
    ),
    (
        PackageType::Rpm,
        &[
            "rpm",
            "dnf",
            "dnf5",
            "yum",
            "microdnf",
            "tdnf",
            "zypper",
            "npm",
            "nodejs-npm",
            "python3-pip",
        ],
    ),
    (PackageType::Npm, &["npm", "yarn", "pnpm"]),
    (PackageType::PyPi, &["pip", "pipenv", "poetry", "uv"]),
];

fn is_manager(package: &Package) -> bool {
    MANAGERS
        .iter()
        .any(|(kind, names)| *kind == package.kind && names.contains(&package.name.as_str()))
}

pub(super) fn no_package_managers(world: &World<'_>, except: &Globs) -> Found {
    let report = world.subject.report;
    let mut causes: Vec<Cause> = report
        .inventory
        .packages
        .iter()
        .filter(|p| is_manager(p) && !except.matches(&p.name))
        .map(|p| Cause {
            kind: "package",
            id: p.name.clone(),
            package: p.name.clone(),
            version: p.version.clone(),
            location: p.evidence.path.clone(),
            ..Cause::default()
        })
        .collect();
    for path in world.subject.facts.executables.iter().flatten() {
        let name = path.rsplit('/').next().unwrap_or_default();
        if !except.matches(name) {
            causes.push(Cause {
                kind: "file",
                id: name.to_owned(),
                location: path.clone(),
                ..Cause::default()
            });
        }
    }
    if !causes.is_empty() {
        let mut names: Vec<&str> = causes.iter().map(|c| c.id.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let message = format!("Package managers in the image: {}", names.join(", "));
        return Found::Broken(
            Breach::one(
                message,
                "build in one stage and copy the result into an image without them (distroless, scratch), or delete them in the last instruction",
            )
            .because(causes),
        );
    }
    if let Some(gap) = gaps(report, On::Package) {
        return Found::Unknown(gap);
    }
    if report.inventory.packages.is_empty() && world.subject.facts.executables.is_none() {
        return Found::Unknown(
            "the report lists neither packages nor executables of package managers".to_owned(),
        );
    }
    Found::Holds
}

pub(super) fn minimal_packages(world: &World<'_>, most: u64) -> Found {
    let report = world.subject.report;
    let count = report
        .inventory
        .packages
        .iter()
        .filter(|p| p.kind.is_os())
        .count() as u64;
    if count > most {
        let mut breach = Breach::one(
            format!("Packages of the operating system: {count} (max: {most})"),
            "use a slim or distroless base image, and install without recommended packages",
        );
        breach.count = count;
        return Found::Broken(breach);
    }
    gaps(report, On::Package).map_or(Found::Holds, Found::Unknown)
}

pub(super) fn security_updates(world: &World<'_>, least: Severity) -> Found {
    let report = world.subject.report;
    let rows: Vec<_> = world
        .findings
        .iter()
        .filter(|r| {
            r.package.is_some_and(|p| p.kind.is_os())
                && is_fixable(r.finding)
                && r.finding.severity >= least
        })
        .collect();
    if !rows.is_empty() {
        let mut packages: Vec<&str> = rows
            .iter()
            .filter_map(|r| r.package.map(|p| p.name.as_str()))
            .collect();
        packages.sort_unstable();
        packages.dedup();
        let command = rows
            .iter()
            .filter_map(|r| r.package)
            .map(|p| match p.kind {
                PackageType::Apk => "apk upgrade --no-cache",
                PackageType::Deb => "apt-get update && apt-get upgrade",
                _ => "dnf upgrade",
            })
            .next()
            .unwrap_or_default();
        let mut breach = Breach::one(
            format!(
                "Security updates are pending for {} packages: {}",
                packages.len(),
                packages
                    .iter()
                    .take(5)
                    .copied()
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            format!("move to a newer base image, or run `{command}` while building"),
        )
        .because(
            rows.iter()
                .map(|r| {
                    super::select::cause(&Row {
                        world,
                        item: Item::Finding(r),
                    })
                })
                .collect(),
        );
        breach.findings = rows.iter().map(|r| r.index).collect();
        return Found::Broken(breach);
    }
    if !world.subject.ran("vuln") {
        return Found::Unknown("the scan did not look for vulnerabilities".to_owned());
    }
    gaps(report, On::Vulnerability).map_or(Found::Holds, Found::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_has_many_names() {
        for (user, root) in [
            ("", true),
            ("root", true),
            ("0", true),
            ("0:0", true),
            ("000", true),
            ("root:app", true),
            ("1000", false),
            ("1000:0", false),
            ("nonroot", false),
            ("10", false),
        ] {
            assert_eq!(is_root(user), root, "{user:?}");
        }
    }
}
