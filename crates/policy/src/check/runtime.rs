//! `runtime_security`: how Kubernetes and Compose files run the image.

use super::{Breach, Doubt, Found};
use crate::row::World;
use crate::sections::capability;
use crate::subject::ContainerFacts;
use crate::verdict::Cause;

fn containers<'w>(world: &World<'w>) -> Result<&'w [ContainerFacts], String> {
    match world.subject.facts.containers.as_deref() {
        None => Err("no Kubernetes or Compose file was given".to_owned()),
        Some([]) => Err("the Kubernetes and Compose files run no container".to_owned()),
        Some(list) => Ok(list),
    }
}

/// The file and the line.
pub(super) fn location(container: &ContainerFacts) -> String {
    if container.line == 0 {
        container.path.clone()
    } else {
        format!("{}:{}", container.path, container.line)
    }
}

pub(super) fn cause(container: &ContainerFacts, detail: String) -> Cause {
    Cause {
        kind: "container",
        id: container.object.clone(),
        location: location(container),
        detail,
        ..Cause::default()
    }
}

/// What a rule makes of a container.
enum Runs {
    Well,
    Wrong(String),
    /// The setting that would have to be known.
    Open(&'static str),
}

/// Wrong by a setting, unless the value of that is not known.
fn unless_open(container: &ContainerFacts, setting: &'static str, wrong: String) -> Runs {
    if container.is_open(setting) {
        Runs::Open(setting)
    } else {
        Runs::Wrong(wrong)
    }
}

/// Broken by the containers for which there is something to say.
fn each(
    world: &World<'_>,
    message: &str,
    remedy: &str,
    judge: impl Fn(&ContainerFacts) -> Runs,
) -> Found {
    let containers = match containers(world) {
        Ok(containers) => containers,
        Err(why) => return Found::unknown(why),
    };
    let (mut wrong, mut open) = (Vec::new(), Vec::new());
    for container in containers {
        match judge(container) {
            Runs::Well => {}
            Runs::Wrong(detail) => wrong.push(cause(container, detail)),
            Runs::Open(setting) => open.push(cause(
                container,
                format!("`{setting}` is not written as a plain value"),
            )),
        }
    }
    if !wrong.is_empty() {
        Found::Broken(Breach::one(message, remedy).because(wrong))
    } else if open.is_empty() {
        Found::Holds
    } else {
        Found::Unknown(Doubt::about(open))
    }
}

pub(super) fn read_only(world: &World<'_>) -> Found {
    each(
        world,
        "Containers must use read-only root filesystem",
        "set securityContext.readOnlyRootFilesystem: true (Compose: read_only: true), with an emptyDir or tmpfs where the program writes",
        |c| match c.read_only {
            Some(true) => Runs::Well,
            Some(false) => Runs::Wrong("the root file system is writable".to_owned()),
            None => unless_open(
                c,
                "read_only",
                "the root file system is writable by default".to_owned(),
            ),
        },
    )
}

pub(super) fn no_privileged(world: &World<'_>) -> Found {
    each(
        world,
        "Privileged containers are not allowed",
        "remove privileged: true; add the one capability or device that is needed",
        |c| match c.privileged {
            Some(true) => Runs::Wrong("privileged".to_owned()),
            None if c.is_open("privileged") => Runs::Open("privileged"),
            Some(false) | None => Runs::Well,
        },
    )
}

/// What privileged containers have, whatever else is set (Kubernetes API, SecurityContext; Docker's
/// `--privileged`).
fn is_privileged(container: &ContainerFacts) -> bool {
    container.privileged == Some(true)
}

pub(super) fn no_escalation(world: &World<'_>) -> Found {
    each(
        world,
        "Containers must not gain privileges",
        "set allowPrivilegeEscalation: false (Compose: security_opt: [no-new-privileges:true])",
        |c| match c.privilege_escalation {
            _ if is_privileged(c) => Runs::Wrong("is privileged".to_owned()),
            Some(false) => Runs::Well,
            _ => unless_open(
                c,
                "privilege_escalation",
                "privilege escalation is allowed".to_owned(),
            ),
        },
    )
}

fn names(list: &[String]) -> Vec<String> {
    list.iter().map(|name| capability(name)).collect()
}

pub(super) fn drops(world: &World<'_>, wanted: &[String]) -> Found {
    each(
        world,
        &format!("Containers must drop capabilities: {}", wanted.join(", ")),
        "set capabilities.drop: [ALL] (Compose: cap_drop: [ALL]) and add back what is needed",
        |c| {
            if is_privileged(c) && !wanted.is_empty() {
                return Runs::Wrong("is privileged, and so keeps all".to_owned());
            }
            let (dropped, added) = (names(&c.drop), names(&c.add));
            let all = dropped.iter().any(|d| d == "ALL");
            // What is added by its name is there although all were dropped; what is dropped by its
            // name is gone although it was added.
            let is_gone = |name: &String| {
                dropped.contains(name) || (all && (name == "ALL" || !added.contains(name)))
            };
            let missing: Vec<&str> = wanted
                .iter()
                .filter(|name| !is_gone(name))
                .map(String::as_str)
                .collect();
            if missing.is_empty() {
                Runs::Well
            } else {
                unless_open(c, "drop", format!("does not drop {}", missing.join(", ")))
            }
        },
    )
}

pub(super) fn adds(world: &World<'_>, allowed: &[String]) -> Found {
    let list = if allowed.is_empty() {
        "none".to_owned()
    } else {
        allowed.join(", ")
    };
    let all = allowed.iter().any(|name| name == "ALL");
    each(
        world,
        &format!("Containers add capabilities that are not allowed (allowed: {list})"),
        "remove them from capabilities.add (Compose: cap_add), or allow them in the policy",
        |c| {
            if all {
                return Runs::Well;
            }
            if is_privileged(c) {
                return Runs::Wrong("is privileged, and so has all".to_owned());
            }
            let extra: Vec<String> = names(&c.add)
                .into_iter()
                .filter(|name| !allowed.contains(name))
                .collect();
            if !extra.is_empty() {
                Runs::Wrong(format!("adds {}", extra.join(", ")))
            } else if c.is_open("add") {
                Runs::Open("add")
            } else {
                Runs::Well
            }
        },
    )
}
