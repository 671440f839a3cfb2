//! Dockerfiles and Containerfiles.

use crate::Rule;

/// The rules of this kind.
pub(crate) static RULES: &[&Rule] = &[];
