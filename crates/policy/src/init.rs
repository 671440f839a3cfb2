/// A policy to begin with: every section, commented; what `policy init` writes.
pub const INIT_POLICY: &str = include_str!("init.yaml");

/// Test cases to begin with, for [`INIT_POLICY`]; what `policy init` writes beside it.
pub const INIT_CASES: &str = include_str!("init.test.yaml");
