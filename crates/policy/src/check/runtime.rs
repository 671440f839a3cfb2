//! `runtime_security`: how Kubernetes and Compose files run the image.

use super::{Breach, Found};
use crate::row::World;
use crate::sections::capability;
use crate::subject::ContainerFacts;
use crate::verdict::Cause;

fn containers<'w>(world: &World<'w>) -> Result<&'w [ContainerFacts], String> {
    match world.subject.facts.containers.as_deref() {
        None => Err("no Kubernetes or Compose file was given".to_owned()),
        Some([]) => Err("the Kubernetes and Compose files run no container of it".to_owned()),
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

/// Broken by the containers for which there is something to say.
fn each(
    world: &World<'_>,
    message: &str,
    remedy: &str,
    wrong: impl Fn(&ContainerFacts) -> Option<String>,
) -> Found {
    let containers = match containers(world) {
        Ok(containers) => containers,
        Err(why) => return Found::Unknown(why),
    };
    let causes: Vec<Cause> = containers
        .iter()
        .filter_map(|c| Some(cause(c, wrong(c)?)))
        .collect();
    if causes.is_empty() {
        return Found::Holds;
    }
    Found::Broken(Breach::one(message, remedy).because(causes))
}

pub(super) fn read_only(world: &World<'_>) -> Found {
    each(
        world,
        "Containers must use read-only root filesystem",
        "set securityContext.readOnlyRootFilesystem: true (Compose: read_only: true), with an emptyDir or tmpfs where the program writes",
        |c| match c.read_only {
            Some(true) => None,
            Some(false) => Some("the root file system is writable".to_owned()),
            None => Some("the root file system is writable by default".to_owned()),
        },
    )
}

pub(super) fn no_privileged(world: &World<'_>) -> Found {
    each(
        world,
        "Privileged containers are not allowed",
        "remove privileged: true; add the one capability or device that is needed",
        |c| (c.privileged == Some(true)).then(|| "privileged".to_owned()),
    )
}

pub(super) fn no_escalation(world: &World<'_>) -> Found {
    each(
        world,
        "Containers must not gain privileges",
        "set allowPrivilegeEscalation: false (Compose: security_opt: [no-new-privileges:true])",
        |c| {
            (c.privilege_escalation != Some(false))
                .then(|| "privilege escalation is allowed".to_owned())
        },
    )
}

pub(super) fn drops(world: &World<'_>, wanted: &[String]) -> Found {
    each(
        world,
        &format!("Containers must drop capabilities: {}", wanted.join(", ")),
        "set capabilities.drop: [ALL] (Compose: cap_drop: [ALL]) and add back what is needed",
        |c| {
            let dropped: Vec<String> = c.drop.iter().map(|n| capability(n)).collect();
            if dropped.iter().any(|d| d == "ALL") {
                return None;
            }
            let missing: Vec<&str> = wanted
                .iter()
                .filter(|w| !dropped.contains(w))
                .map(String::as_str)
                .collect();
            (!missing.is_empty()).then(|| format!("does not drop {}", missing.join(", ")))
        },
    )
}

pub(super) fn adds(world: &World<'_>, allowed: &[String]) -> Found {
    let list = if allowed.is_empty() {
        "none".to_owned()
    } else {
        allowed.join(", ")
    };
    each(
        world,
        &format!("Containers add capabilities that are not allowed (allowed: {list})"),
        "remove them from capabilities.add (Compose: cap_add), or allow them in the policy",
        |c| {
            let extra: Vec<String> = c
                .add
                .iter()
                .map(|n| capability(n))
                .filter(|n| !allowed.contains(n))
                .collect();
            (!extra.is_empty()).then(|| format!("adds {}", extra.join(", ")))
        },
    )
}
