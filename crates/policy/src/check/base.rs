//! Base images, from Dockerfiles, from what the caller knows, from the image's label.

use seaworthy_model::codename;
use seaworthy_oci::Reference;

use super::{Breach, Found};
use crate::glob::ImagePattern;
use crate::row::World;
use crate::subject::{DockerfileFacts, StageBase};
use crate::verdict::Cause;

/// The label that names an image's base (OCI image specification, annotations).
const LABEL: &str = "org.opencontainers.image.base.name";

/// Longest chain of stages that is followed.
const MAX_STAGES: usize = 1000;

/// A base image and where it is named.
struct Base {
    text: String,
    location: String,
    /// Whether the shipped image is built on it.
    ships: bool,
    reference: Option<Reference>,
}

/// The bases; the error says why they are not known.
fn bases(world: &World<'_>) -> Result<Vec<Base>, String> {
    let facts = world.subject.facts;
    let base = |text: &str, location: String, ships: bool| Base {
        text: text.to_owned(),
        location,
        ships,
        reference: text.parse().ok(),
    };
    if let Some(dockerfiles) = facts.dockerfiles.as_ref().filter(|d| !d.is_empty()) {
        let mut all = Vec::new();
        for dockerfile in dockerfiles {
            let target = target(dockerfile);
            let shipped = follow(dockerfile, target);
            for (index, stage) in dockerfile.stages.iter().enumerate() {
                let location = format!("{}:{}", dockerfile.path, stage.line);
                match &stage.base {
                    StageBase::Image(text) => {
                        all.push(base(text, location, Some(index) == shipped));
                    }
                    StageBase::Unresolved(text) => {
                        return Err(format!(
                            "{location}: `FROM {text}` has arguments without a value"
                        ));
                    }
                    StageBase::Scratch | StageBase::Stage(_) => {}
                }
            }
        }
        return Ok(all);
    }
    if let Some(text) = &facts.base_image {
        return Ok(vec![base(text, String::new(), true)]);
    }
    let label = world
        .subject
        .report
        .inventory
        .image
        .as_ref()
        .and_then(|i| i.labels.get(LABEL));
    match label {
        Some(text) => Ok(vec![base(text, format!("label {LABEL}"), true)]),
        None => Err(format!(
            "the base image is not known: give the Dockerfile, or build with the label {LABEL}"
        )),
    }
}

pub(super) fn target(dockerfile: &DockerfileFacts) -> usize {
    dockerfile
        .target
        .unwrap_or_else(|| dockerfile.stages.len().saturating_sub(1))
}

/// The stage, at or below a stage, that is built on an image.
fn follow(dockerfile: &DockerfileFacts, mut stage: usize) -> Option<usize> {
    for _ in 0..MAX_STAGES {
        match &dockerfile.stages.get(stage)?.base {
            StageBase::Stage(below) if *below < stage => stage = *below,
            StageBase::Image(_) | StageBase::Unresolved(_) => return Some(stage),
            StageBase::Scratch | StageBase::Stage(_) => return None,
        }
    }
    None
}

fn cause(base: &Base, detail: String) -> Cause {
    Cause {
        kind: "image",
        id: base.text.clone(),
        location: base.location.clone(),
        detail,
        ..Cause::default()
    }
}

fn unreadable(bases: &[Base]) -> Option<String> {
    bases.iter().find(|b| b.reference.is_none()).map(|b| {
        format!(
            "`{}` is not an image reference",
            crate::read::shown(&b.text)
        )
    })
}

pub(super) fn allowed(world: &World<'_>, patterns: &[ImagePattern], all_stages: bool) -> Found {
    let bases = match bases(world) {
        Ok(bases) => bases,
        Err(why) => return Found::Unknown(why),
    };
    let causes: Vec<Cause> = bases
        .iter()
        .filter(|b| b.ships || all_stages)
        .filter(|b| {
            b.reference
                .as_ref()
                .is_some_and(|r| !patterns.iter().any(|p| p.matches(r)))
        })
        .map(|b| {
            let by_digest = b.reference.as_ref().is_some_and(|r| r.tag.is_none());
            let detail = if by_digest {
                "pinned by digest alone, so its tag is not known; write name:tag@digest"
            } else {
                ""
            };
            cause(b, detail.to_owned())
        })
        .collect();
    if let Some(first) = causes.first() {
        let list: Vec<&str> = patterns.iter().map(|p| p.text.as_str()).take(5).collect();
        return Found::Broken(
            Breach::one(
                format!("Base image is not allowed: {}", first.id),
                format!("build on one of {}", list.join(", ")),
            )
            .because(causes),
        );
    }
    unreadable(&bases).map_or(Found::Holds, Found::Unknown)
}

/// The image's own distribution as an image: what it is built on in the end, when nobody tells.
fn distribution(world: &World<'_>) -> Vec<Base> {
    let Some(distribution) = &world.subject.report.inventory.distribution else {
        return Vec::new();
    };
    let (id, version) = (distribution.id.as_str(), distribution.version.as_str());
    // Tags of official images end with the code name: `python:3.8-stretch`.
    let code_name = codename::of_version(id, version);
    let tags = [
        Some(version.to_owned()).filter(|version| !version.is_empty()),
        code_name.map(|(release, name)| format!("{release}-{name}")),
    ];
    tags.into_iter()
        .flatten()
        .map(|tag| {
            let text = format!("{id}:{tag}");
            Base {
                reference: text.parse().ok(),
                text,
                location: "distribution of the image".to_owned(),
                ships: true,
            }
        })
        .collect()
}

/// What the Kubernetes and Compose files run.
fn run_by_manifests(world: &World<'_>) -> impl Iterator<Item = Base> {
    let containers = world.subject.facts.containers.iter().flatten();
    containers.filter_map(|container| {
        let text = container.image.clone()?;
        Some(Base {
            reference: text.parse().ok(),
            text,
            location: super::runtime::location(container),
            ships: false,
        })
    })
}

pub(super) fn prohibited(world: &World<'_>, patterns: &[ImagePattern]) -> Found {
    let (named, why) = match bases(world) {
        Ok(bases) => (bases, None),
        Err(why) => (distribution(world), Some(why)),
    };
    let matched = |base: &Base| {
        let reference = base.reference.as_ref()?;
        let pattern = patterns.iter().find(|p| p.matches(reference))?;
        Some(cause(base, format!("matches {}", pattern.text)))
    };
    let mut causes: Vec<Cause> = named.iter().filter_map(matched).collect();
    if why.is_some() {
        // The distribution goes by two tags, and is one base.
        causes.truncate(1);
    }
    causes.extend(run_by_manifests(world).filter_map(|base| matched(&base)));
    if let Some(first) = causes.first() {
        let latest = first.detail == "matches *:latest";
        let remedy = if latest {
            "name a version instead of `latest`, better with its digest"
        } else {
            "build on another image"
        };
        return Found::Broken(
            Breach::one(format!("Prohibited base image: {}", first.id), remedy).because(causes),
        );
    }
    why.or_else(|| unreadable(&named))
        .map_or(Found::Holds, Found::Unknown)
}

pub(super) fn pinned(world: &World<'_>) -> Found {
    let bases = match bases(world) {
        Ok(bases) => bases,
        Err(why) => return Found::Unknown(why),
    };
    let causes: Vec<Cause> = bases
        .iter()
        .filter(|b| b.reference.as_ref().is_some_and(|r| r.digest.is_none()))
        .map(|b| cause(b, "no digest".to_owned()))
        .collect();
    if let Some(first) = causes.first() {
        return Found::Broken(
            Breach::one(
                format!("Base image is not pinned by digest: {}", first.id),
                "write name:tag@sha256:… behind FROM",
            )
            .because(causes),
        );
    }
    unreadable(&bases).map_or(Found::Holds, Found::Unknown)
}
