//! What must hold of the image as a thing: labels, age, size, support, coverage.

use std::collections::BTreeMap;

use super::{Breach, Found};
use crate::glob::Globs;
use crate::row::World;
use crate::verdict::Cause;
use seaworthy_model::Date;

fn cause(id: &str, detail: impl Into<String>) -> Cause {
    Cause {
        kind: "image",
        id: id.to_owned(),
        detail: detail.into(),
        ..Cause::default()
    }
}

pub(super) fn labels(world: &World<'_>, wanted: &BTreeMap<String, Option<Globs>>) -> Found {
    let Some(image) = &world.subject.report.inventory.image else {
        return Found::unknown("the target is no image, so it has no labels".to_owned());
    };
    let causes: Vec<Cause> = wanted
        .iter()
        .filter_map(|(key, values)| match (image.labels.get(key), values) {
            (None, _) => Some(cause(key, "missing")),
            (Some(value), _) if value.trim().is_empty() => Some(cause(key, "empty")),
            (Some(value), Some(globs)) if !globs.matches(value) => Some(cause(
                key,
                format!("has the value `{}`", crate::read::shown(value)),
            )),
            _ => None,
        })
        .collect();
    if causes.is_empty() {
        return Found::Holds;
    }
    let names: Vec<&str> = causes.iter().map(|c| c.id.as_str()).collect();
    let message = format!("Required labels are missing or wrong: {}", names.join(", "));
    Found::Broken(Breach::one(message, "set them with LABEL in the Dockerfile").because(causes))
}

/// Builds that hide their time write 1970 or 1980.
const FIRST_IMAGES: &str = "2013-01-01";

pub(super) fn age(world: &World<'_>, days: u64) -> Found {
    let first: Option<Date> = FIRST_IMAGES.parse().ok();
    let created = world.subject.created();
    let (Some(created), Some(age)) = (created, world.age_days) else {
        return Found::unknown("the image does not say when it was built".to_owned());
    };
    // A day of leeway: clocks and time zones differ.
    if first.is_some_and(|first| created < first) || age < -1 {
        return Found::unknown(format!("the build hides its time ({created})"));
    }
    if i64::from(age) > i64::try_from(days).unwrap_or(i64::MAX) {
        return Found::Broken(Breach::one(
            format!("Image is {age} days old (max: {days})"),
            "rebuild it on the current base image",
        ));
    }
    Found::Holds
}

pub(super) fn size(world: &World<'_>, most: u64) -> Found {
    match world.size {
        None => Found::unknown("the image's size is not known".to_owned()),
        Some(size) if size > most => Found::Broken(Breach::one(
            format!("Image has {} (max: {})", megabytes(size), megabytes(most)),
            "leave build tools and caches in an earlier stage",
        )),
        Some(_) => Found::Holds,
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

pub(super) fn end_of_life(world: &World<'_>, ahead: u64) -> Found {
    let report = world.subject.report;
    let name = report
        .inventory
        .distribution
        .as_ref()
        .map_or("the distribution", |d| d.name.as_str());
    let Some(support) = &report.support else {
        return if world.no_distribution {
            Found::Holds
        } else {
            Found::unknown(format!("until when {name} is supported is not known"))
        };
    };
    let left = support
        .end
        .parse::<Date>()
        .ok()
        .map(|end| i64::from(end.since(world.subject.now)));
    if support.ended || left.is_some_and(|d| d < 0) {
        return Found::Broken(Breach::one(
            // Some reports know that it is over, and not since when.
            match support.end.as_str() {
                "" => format!("{name} has no security support any more"),
                end => format!("{name} has no security support since {end}"),
            },
            "move to a supported release",
        ));
    }
    match left {
        Some(left) if left < i64::try_from(ahead).unwrap_or(i64::MAX) => {
            Found::Broken(Breach::one(
                format!("{name} loses security support on {}", support.end),
                "plan the move to a later release",
            ))
        }
        Some(_) => Found::Holds,
        None => Found::unknown(format!(
            "until when {name} is supported is not known (`{}` is no date)",
            crate::read::shown(&support.end)
        )),
    }
}

pub(super) fn database_age(world: &World<'_>, days: u64) -> Found {
    let database = &world.subject.report.database;
    let limit = i64::try_from(days).unwrap_or(i64::MAX);
    let age = |date: &str| {
        date.parse::<Date>()
            .ok()
            .map(|d| i64::from(world.subject.now.since(d)))
    };
    let dated: Vec<_> = database
        .shards
        .iter()
        .filter_map(|s| Some((s, age(&s.date)?)))
        .collect();
    let oldest = dated
        .iter()
        .map(|(_, a)| *a)
        .max()
        .or_else(|| age(&database.date));
    match oldest {
        None => Found::unknown("the database does not say how old it is".to_owned()),
        Some(oldest) if oldest > limit => {
            let causes = dated
                .iter()
                .filter(|(_, a)| *a > limit)
                .map(|(s, a)| cause(&s.key, format!("{a} days old")))
                .collect::<Vec<_>>();
            let breach = Breach::one(
                format!("Advisories are {oldest} days old (max: {days})"),
                "run `seaworthy db update`",
            );
            Found::Broken(if causes.is_empty() {
                breach
            } else {
                breach.because(causes)
            })
        }
        Some(_) => {
            let undated: Vec<&str> = database
                .shards
                .iter()
                .filter(|shard| age(&shard.date).is_none())
                .map(|shard| shard.key.as_str())
                .take(3)
                .collect();
            if undated.is_empty() {
                Found::Holds
            } else {
                Found::unknown(format!(
                    "the database does not say how old it is for {}",
                    undated.join(", ")
                ))
            }
        }
    }
}

pub(super) fn coverage(world: &World<'_>, except: &Globs) -> Found {
    let causes: Vec<Cause> = world
        .subject
        .report
        .inventory
        .coverage
        .entries
        .iter()
        .filter(|e| !except.matches(e.kind.name()))
        .map(|e| Cause {
            kind: "coverage",
            id: e.kind.name().to_owned(),
            location: e.subject.clone(),
            detail: e.detail.clone(),
            ..Cause::default()
        })
        .collect();
    let tool = world.subject.report.tool.name.as_str();
    if causes.is_empty() {
        return if world.subject.report.is_ours() {
            Found::Holds
        } else {
            Found::unknown(format!(
                "a report of {} does not tell what could not be assessed",
                crate::read::shown(tool)
            ))
        };
    }
    Found::Broken(
        Breach::one(
            match causes.len() {
                1 => "The scan could not assess everything: 1 gap".to_owned(),
                gaps => format!("The scan could not assess everything: {gaps} gaps"),
            },
            "close each gap as it says, or name its kind under `coverage.except`",
        )
        .because(causes),
    )
}
