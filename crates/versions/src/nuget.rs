//! NuGet: semantic versions of up to four numbers, whose pre-releases are compared without case.

use std::cmp::Ordering;

use crate::semver::{both, strip, valid};

pub(crate) fn is_valid(version: &str) -> bool {
    valid(strip(version), 4)
}

pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    both(strip(a), strip(b), true)
}
