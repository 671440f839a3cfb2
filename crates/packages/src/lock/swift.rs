//! `Package.resolved` of the Swift Package Manager, versions 1 to 3.

use std::borrow::Cow;

use seaworthy_model::PackageType;
use serde_json::Value;

use super::graph::Lock;
use super::lines::{Lines, json};
use super::{Format, Input};

pub(super) const FORMAT: Format = Format {
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

/// The address of the source without protocol and ending, as purls and advisories name it; that of
/// Git over SSH (`git@HOST:PATH`) too.
fn name_of(location: &str) -> Cow<'_, str> {
    let ending = |name: &str| name.trim_end_matches('/').trim_end_matches(".git").len();
    let after_user = |name| str::rsplit_once(name, '@').map_or(name, |(_, rest)| rest);
    if let Some((_, rest)) = location.split_once("://") {
        let name = after_user(rest);
        return Cow::Borrowed(&name[..ending(name)]);
    }
    let name = after_user(location);
    let name = &name[..ending(name)];
    match name.split_once(':') {
        Some((host, path)) if !host.contains('/') => {
            Cow::Owned(format!("{host}/{}", path.trim_start_matches('/')))
        }
        _ => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_one_name() {
        for location in [
            "https://github.com/apple/swift-nio.git",
            "https://github.com/apple/swift-nio",
            "https://user@github.com/apple/swift-nio/",
            "ssh://git@github.com/apple/swift-nio.git",
            "git@github.com:apple/swift-nio.git",
            "github.com/apple/swift-nio",
        ] {
            assert_eq!(
                name_of(location),
                "github.com/apple/swift-nio",
                "{location}"
            );
        }
        assert_eq!(name_of("swift-nio"), "swift-nio");
        assert_eq!(
            name_of("https://example.com:8443/a/b"),
            "example.com:8443/a/b"
        );
    }
}
