//! Maintenance tasks of the project; see `CONTRIBUTING.md`.
fn main() {}
