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

/// What is known of the bases.
#[derive(Default)]
struct Bases {
    named: Vec<Base>,
    /// A `FROM` whose arguments have no value, or what is missing altogether; and whether the shipped
    /// image hangs on it.
    gap: Option<(String, bool)>,
}

impl Bases {
    fn one(text: &str, location: String) -> Self {
        Self {
            named: vec![base(text, location, true)],
            gap: None,
        }
    }

    /// What keeps a rule from holding: a gap, or a base that is no image reference.
    fn doubt(&self, matters: impl Fn(bool) -> bool) -> Option<String> {
        if let Some((why, ships)) = &self.gap
            && matters(*ships)
        {
            return Some(why.clone());
        }
        self.named
            .iter()
            .find(|b| matters(b.ships) && b.reference.is_none())
            .map(|b| {
                format!(
                    "`{}` is not an image reference",
                    crate::read::shown(&b.text)
                )
            })
    }
}

fn base(text: &str, location: String, ships: bool) -> Base {
    Base {
        text: text.to_owned(),
        location,
        ships,
        reference: text.parse().ok(),
    }
}

fn bases(world: &World<'_>) -> Bases {
    let facts = world.subject.facts;
    if let Some(dockerfiles) = facts.dockerfiles.as_ref().filter(|d| !d.is_empty()) {
        let mut all = Bases::default();
        for dockerfile in dockerfiles {
            of_dockerfile(dockerfile, &mut all);
        }
        return all;
    }
    if let Some(text) = &facts.base_image {
        return Bases::one(text, String::new());
    }
    let label = world
        .subject
        .report
        .inventory
        .image
        .as_ref()
        .and_then(|i| i.labels.get(LABEL));
    match label {
        Some(text) => Bases::one(text, format!("label {LABEL}")),
        None => Bases {
            named: Vec::new(),
            gap: Some((
                format!(
                    "the base image is not known: give the Dockerfile, or build with the label {LABEL}"
                ),
                true,
            )),
        },
    }
}

fn of_dockerfile(dockerfile: &DockerfileFacts, into: &mut Bases) {
    let shipped = follow(dockerfile, target(dockerfile));
    for (index, stage) in dockerfile.stages.iter().enumerate() {
        let location = format!("{}:{}", dockerfile.path, stage.line);
        let ships = Some(index) == shipped;
        match &stage.base {
            StageBase::Image(text) => into.named.push(base(text, location, ships)),
            StageBase::Unresolved(text) => {
                let before = into.gap.as_ref().is_some_and(|(_, shipped)| *shipped);
                if into.gap.is_none() || (ships && !before) {
                    let why = format!("{location}: `FROM {text}` has arguments without a value");
                    into.gap = Some((why, ships));
                }
            }
            StageBase::Scratch | StageBase::Stage(_) => {}
        }
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

pub(super) fn allowed(world: &World<'_>, patterns: &[ImagePattern], all_stages: bool) -> Found {
    let bases = bases(world);
    let matters = |ships: bool| ships || all_stages;
    let causes: Vec<Cause> = bases
        .named
        .iter()
        .filter(|b| matters(b.ships))
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
        let remedy = if list.is_empty() {
            "build on `scratch`: the policy allows no base image".to_owned()
        } else {
            format!("build on one of {}", list.join(", "))
        };
        return Found::Broken(
            Breach::one(format!("Base image is not allowed: {}", first.id), remedy).because(causes),
        );
    }
    bases.doubt(matters).map_or(Found::Holds, Found::unknown)
}

/// What official images of distributions are called, where not as os-release calls them.
const IMAGES: [(&str, &str); 8] = [
    ("amzn", "amazonlinux"),
    ("arch", "archlinux"),
    ("ol", "oraclelinux"),
    ("opensuse-leap", "opensuse/leap"),
    ("opensuse-tumbleweed", "opensuse/tumbleweed"),
    ("rocky", "rockylinux"),
    ("wolfi", "cgr.dev/chainguard/wolfi-base"),
    ("clear-linux-os", "clearlinux"),
];

/// The image's own distribution as an image: what it is built on in the end, when nobody tells.
fn distribution(world: &World<'_>) -> Vec<Base> {
    let Some(distribution) = &world.subject.report.inventory.distribution else {
        return Vec::new();
    };
    let (id, version) = (distribution.id.as_str(), distribution.version.as_str());
    let image = IMAGES
        .iter()
        .find(|(other, _)| *other == id)
        .map_or(id, |(_, image)| image);
    // `3.18.4`, `3.18`, `3`: a pattern may name the release alone.
    let mut tags: Vec<String> = vec![version.to_owned()];
    tags.extend(
        version
            .rmatch_indices('.')
            .map(|(at, _)| version[..at].to_owned()),
    );
    // Tags of official images end with the code name: `python:3.8-stretch`.
    tags.extend(
        codename::of_version(id, version).map(|(release, name)| format!("{release}-{name}")),
    );
    tags.retain(|tag| !tag.is_empty());
    tags.into_iter()
        .map(|tag| {
            base(
                &format!("{image}:{tag}"),
                "distribution of the image".to_owned(),
                true,
            )
        })
        .collect()
}

/// What the Kubernetes and Compose files run.
fn run_by_manifests(world: &World<'_>) -> impl Iterator<Item = Base> {
    let containers = world.subject.facts.containers.iter().flatten();
    containers.filter_map(|container| {
        let text = container.image.as_deref()?;
        Some(base(text, super::runtime::location(container), false))
    })
}

pub(super) fn prohibited(world: &World<'_>, patterns: &[ImagePattern]) -> Found {
    let mut bases = bases(world);
    let is_blind = bases.named.is_empty() && bases.gap.is_some();
    if is_blind {
        bases.named = distribution(world);
    }
    let matched = |base: &Base| {
        let reference = base.reference.as_ref()?;
        let pattern = patterns.iter().find(|p| p.matches(reference))?;
        Some(cause(base, format!("matches {}", pattern.text)))
    };
    let mut causes: Vec<Cause> = bases.named.iter().filter_map(matched).collect();
    if is_blind {
        // The distribution goes by several tags, and is one base.
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
    bases.doubt(|_| true).map_or(Found::Holds, Found::unknown)
}

pub(super) fn pinned(world: &World<'_>) -> Found {
    let bases = bases(world);
    let causes: Vec<Cause> = bases
        .named
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
    bases.doubt(|_| true).map_or(Found::Holds, Found::unknown)
}
