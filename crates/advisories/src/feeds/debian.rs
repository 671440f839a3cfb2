//! What Debian's formats share: the shards of its releases.

use seaworthy_model::codename;

/// The shard of a release by its code name; none for unknown releases and for ancient ones, which
/// are in no image that anyone scans.
pub(crate) fn shard_of_codename(name: &str) -> Option<String> {
    if name == "sid" {
        return Some("debian:sid".to_owned());
    }
    codename::release("debian", name).map(|number| format!("debian:{number}"))
}
