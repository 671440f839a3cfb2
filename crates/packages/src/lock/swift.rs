//! `Package.resolved` of the Swift Package Manager, versions 1 to 3.

use seaworthy_model::PackageType;
use serde_json::Value;

use super::graph::Lock;
use super::lines::{Lines, json};
use super::{Format, Input, LockfileKind};

pub(super) const FORMAT: Format = Format {
    about: LockfileKind {
        package_manager: "swift",
        language: "Swift",
        manifest: "Package.swift",
    },
    wants: |name, _| name == "Package.resolved",
    asks_siblings: false,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let root = json(input.text, "a Package.resolved of Swift")?;
    let pins = root
        .get("pins")
        .or_else(|| root.get("object")?.get("pins"))
        .and_then(Value::as_array)
        .ok_or("not readable as a Package.resolved of Swift: it has no `pins`")?;
    let lines = [
        Lines::of_json_values(input.text, "location"),
        Lines::of_json_values(input.text, "repositoryURL"),
    ];
    let mut lock = Lock::new(PackageType::Swift);
    for pin in pins {
        let text = |key| pin.get(key).and_then(Value::as_str);
        let place = text("location")
            .or_else(|| text("repositoryURL"))
            .or_else(|| text("identity"));
        let Some(place) = place else {
            lock.gap(0, "a pin without a location");
            continue;
        };
        let line = lines.iter().map(|lines| lines.of(place)).max().unwrap_or(0);
        let version = pin
            .get("state")
            .and_then(|state| state.get("version")?.as_str());
        match version {
            Some(version) => {
                lock.add(name_of(place), version, line);
            }
            None => lock.gap(
                line,
                format!("`{place}` is pinned to a branch or revision, not to a version"),
            ),
        }
    }
    Ok(lock)
}

/// The address of the source without protocol and ending, as purls and advisories name it.
fn name_of(location: &str) -> &str {
    let name = location
        .split_once("://")
        .map_or(location, |(_, rest)| rest);
    let name = name.rsplit_once('@').map_or(name, |(_, rest)| rest);
    name.trim_end_matches('/').trim_end_matches(".git")
}
