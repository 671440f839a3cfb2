//! What a bill of materials of ours says of the target beside its packages, by name and value:
//! properties in CycloneDX, annotations in SPDX.

use seaworthy_model::Inventory;

const CONTENT_SETS: &str = "seaworthy:content-sets";
const PACKAGE_MANAGERS: &str = "seaworthy:package-managers";

/// All that there is to say; the values are JSON.
pub(crate) fn told(inventory: &Inventory) -> Vec<(&'static str, String)> {
    let sets = Some(&inventory.content_sets).filter(|sets| !sets.is_empty());
    // An empty list of programs says that somebody looked.
    [
        (CONTENT_SETS, sets),
        (PACKAGE_MANAGERS, inventory.package_managers.as_ref()),
    ]
    .into_iter()
    .filter_map(|(name, list)| Some((name, serde_json::to_string(list?).ok()?)))
    .collect()
}

/// Takes in what a name and a value say; other names say nothing.
pub(crate) fn take(inventory: &mut Inventory, name: &str, value: &str) {
    let list = || -> Option<Vec<String>> {
        let mut list: Vec<String> = serde_json::from_str(value).ok()?;
        list.sort();
        list.dedup();
        Some(list)
    };
    match name {
        CONTENT_SETS => inventory.content_sets = list().unwrap_or_default(),
        PACKAGE_MANAGERS => inventory.package_managers = list(),
        _ => {}
    }
}
