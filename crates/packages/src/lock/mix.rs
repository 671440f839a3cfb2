//! Elixir's `mix.lock`: a map of Elixir, one line per package.

use std::collections::HashMap;

use seaworthy_model::{DependencyScope, PackageType};

use super::graph::{Lock, NodeId};
use super::lines::numbered;
use super::{Format, Input};

pub(super) const FORMAT: Format = Format {
    wants: |name, _| name == "mix.lock",
    asks_siblings: false,
    read,
};

fn read(input: &Input<'_>) -> Result<Lock, String> {
    let mut lock = Lock::new(PackageType::Hex);
    let mut nodes: HashMap<&str, NodeId> = HashMap::new();
    let mut edges: Vec<(NodeId, &str)> = Vec::new();
    for (number, line) in numbered(input.text) {
        let line = line.trim();
        // `"plug": {:hex, :plug, "1.14.0", "…", [:mix], [{:mime, "~> 1.0", [hex: :mime]}], "hexpm"},`
        let Some((app, value)) = line
            .strip_prefix('"')
            .and_then(|line| line.split_once("\":"))
        else {
            if !matches!(line, "" | "%{" | "}" | "%{}") {
                lock.gap(number, "is not understood");
            }
            continue;
        };
        let value = value.trim_start();
        let Some(rest) = value.strip_prefix("{:hex,") else {
            // Git and paths.
            if !value.starts_with("{:path") {
                lock.gap(number, format!("`{app}` does not come from a registry"));
            }
            continue;
        };
        let mut parts = rest.splitn(3, ',');
        let name = parts
            .next()
            .map(|name| name.trim().trim_start_matches(':').trim_matches('"'));
        let version = parts.next().map(|version| version.trim().trim_matches('"'));
        let (Some(name), Some(version)) = (name, version) else {
            lock.gap(number, format!("`{app}` has no version"));
            continue;
        };
        let id = lock.add(name, version, number);
        nodes.insert(app, id);
        let needs = parts.next().unwrap_or_default();
        edges.extend(
            needs
                .split("{:")
                .skip(1)
                .filter_map(|need| need.split(',').next())
                .map(|need| (id, need)),
        );
    }
    for (from, app) in edges {
        if let Some(to) = nodes.get(app) {
            lock.need(from, *to);
        }
    }
    lock.root_the_unneeded(DependencyScope::Unknown);
    Ok(lock)
}
