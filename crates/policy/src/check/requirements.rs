//! `security_requirements`: what must hold of the image itself.

use seaworthy_model::{ImageFacts, PackageType, Severity};

use super::{Breach, Doubt, Found, base, gaps};
use crate::policy::On;
use crate::row::{Item, Row, World};
use crate::subject::{ContainerFacts, DockerfileFacts, StageBase};
use crate::verdict::Cause;

/// Whether a user, as `USER` and `runAsUser` name it, is root; the group does not matter. A number
/// may be written with a sign and zeros before it, as the runtimes read it.
fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default().trim();
    name.is_empty() || name == "root" || name.parse::<i64>() == Ok(0)
}

/// Whether a user is named by a variable or template that is not resolved here.
fn is_open(user: &str) -> bool {
    user.contains(['$', '{'])
}

/// The user of a Dockerfile's shipped stage, with the line that sets it; none when no stage sets
/// one.
fn dockerfile_user(dockerfile: &DockerfileFacts) -> Option<(String, u32)> {
    let mut at = base::target(dockerfile);
    loop {
        let stage = dockerfile.stages.get(at)?;
        if let Some(user) = &stage.user {
            let user = user.trim().trim_matches(['"', '\'']);
            return Some((user.to_owned(), stage.user_line));
        }
        match stage.base {
            StageBase::Stage(below) if below < at => at = below,
            _ => return None,
        }
    }
}

/// What is known of whom the image runs as.
#[derive(Default)]
struct Users {
    root: Vec<Cause>,
    /// Users that nobody can tell from root here.
    open: Vec<Cause>,
    /// Containers that leave it to the image.
    silent: Vec<Cause>,
    /// Whether the image or its Dockerfile names a user.
    image: bool,
    container: bool,
}

impl Users {
    fn add(&mut self, user: &str, cause: Cause) {
        if is_open(user) {
            self.open.push(cause);
        } else if is_root(user) {
            self.root.push(cause);
        }
    }

    fn image(&mut self, world: &World<'_>, image: &ImageFacts) {
        self.image = true;
        let is_alias = image.user_id == Some(0) && !is_root(&image.user);
        let detail = if image.user.is_empty() {
            "no user is set, so it runs as root".to_owned()
        } else if is_alias {
            format!("it runs as {}, which is 0 in its etc/passwd", image.user)
        } else {
            format!("it runs as {}", image.user)
        };
        let cause = Cause {
            kind: "image",
            id: world.subject.name().to_owned(),
            location: "image configuration".to_owned(),
            detail,
            ..Cause::default()
        };
        if is_alias {
            self.root.push(cause);
        } else {
            self.add(&image.user, cause);
        }
    }

    fn dockerfile(&mut self, dockerfile: &DockerfileFacts, image_is_known: bool) {
        match dockerfile_user(dockerfile) {
            Some((user, line)) => {
                self.image = true;
                self.add(
                    &user,
                    in_dockerfile(dockerfile, line, format!("USER {user}")),
                );
            }
            // Without a USER the base image decides; with the image at hand, that was looked at.
            None if !image_is_known => {
                self.image = true;
                self.root
                    .push(in_dockerfile(dockerfile, 0, "there is no USER".to_owned()));
            }
            None => {}
        }
    }

    fn container(&mut self, container: &ContainerFacts) {
        let cause = |detail: String| super::runtime::cause(container, detail);
        match (&container.user, container.non_root) {
            (Some(user), _) => {
                self.container = true;
                self.add(user, cause(format!("runs as user {user}")));
            }
            _ if container.is_open("user") => {
                self.open
                    .push(cause("the user is not written as a plain value".to_owned()));
            }
            (None, Some(true)) => self.container = true,
            (None, _) => self.silent.push(cause("sets no user".to_owned())),
        }
    }
}

/// The image must not run as root: neither by its configuration, nor by the Dockerfile, nor by a
/// manifest. A container that sets no user runs as the image's.
pub(super) fn non_root(world: &World<'_>) -> Found {
    let facts = world.subject.facts;
    let image = world.subject.report.inventory.image.as_ref();
    let mut users = Users::default();
    if let Some(image) = image {
        users.image(world, image);
    }
    for dockerfile in facts.dockerfiles.iter().flatten() {
        users.dockerfile(dockerfile, image.is_some());
    }
    for container in facts.containers.iter().flatten() {
        users.container(container);
    }
    let Users {
        root,
        open,
        silent,
        image,
        container,
    } = users;
    if !root.is_empty() {
        let message = if root.iter().any(|c| c.kind == "image") {
            "Image must run as a non-root user"
        } else if root.iter().any(|c| c.kind == "dockerfile") {
            "Dockerfile must specify non-root USER"
        } else {
            "Containers must run as a non-root user"
        };
        return Found::Broken(
            Breach::one(
                message,
                "end the Dockerfile with a numeric USER such as 10001:10001, which runAsNonRoot can check",
            )
            .because(root),
        );
    }
    if !open.is_empty() {
        return Found::Unknown(Doubt::about(open));
    }
    if image || (container && silent.is_empty()) {
        return Found::Holds;
    }
    if silent.is_empty() {
        Found::unknown("neither the image nor its Dockerfile was looked at")
    } else {
        Found::Unknown(Doubt {
            why: "containers leave the user to the image, and neither it nor its Dockerfile was looked at"
                .to_owned(),
            causes: silent,
        })
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
    if !world.lists_all {
        return Found::unknown(
            "the report does not list all packages; scan the image itself, or give its bill of materials",
        );
    }
    gaps(report, On::Package).map_or(Found::Holds, Found::unknown)
}

pub(super) fn security_updates(world: &World<'_>, least: Severity) -> Found {
    let report = world.subject.report;
    let rows: Vec<_> = world
        .findings
        .iter()
        .filter(|r| {
            r.package.is_some_and(|p| p.kind.is_os())
                && r.finding.is_fixable()
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
        let kind = rows.iter().find_map(|r| r.package).map(|p| p.kind);
        let command = upgrade(kind, world);
        let noun = if packages.len() == 1 {
            "package"
        } else {
            "packages"
        };
        let mut breach = Breach::one(
            format!(
                "Security updates are pending for {} {noun}: {}",
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
        return Found::unknown("the scan did not look for vulnerabilities".to_owned());
    }
    gaps(report, On::Vulnerability).map_or(Found::Holds, Found::unknown)
}

/// The command that brings all updates of a distribution.
fn upgrade(kind: Option<PackageType>, world: &World<'_>) -> &'static str {
    let distribution = &world.subject.report.inventory.distribution;
    let id = distribution.as_ref().map_or("", |d| d.id.as_str());
    match kind {
        Some(PackageType::Apk) => "apk upgrade --no-cache",
        Some(PackageType::Deb) => "apt-get update && apt-get upgrade -y",
        Some(PackageType::Alpm) => "pacman -Syu --noconfirm",
        _ if id.starts_with("sle") || id.starts_with("opensuse") => {
            "zypper --non-interactive patch"
        }
        _ if id == "photon" => "tdnf upgrade -y",
        _ => "dnf upgrade -y",
    }
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
            ("+0", true),
            ("-0", true),
            ("00000000000000000000000", true),
            ("0x0", false),
            (" root ", true),
        ] {
            assert_eq!(is_root(user), root, "{user:?}");
        }
    }
}
