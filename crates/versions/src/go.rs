//! Go modules: semantic versions with a `v`, pseudo-versions, and the names of Go's own releases.

use std::cmp::Ordering;

use crate::semver::{both, strip, valid};

/// Go's own releases are called `go1.21.3`, `go1.22rc1`.
fn bare(version: &str) -> &str {
    strip(version.strip_prefix("go").unwrap_or(version))
}

pub(crate) fn is_valid(version: &str) -> bool {
    valid(bare(version), 3)
}

pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    both(bare(a), bare(b), false)
}
