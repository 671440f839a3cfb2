//! Files for other systems, generated: alert rules for Prometheus with their tests, and a
//! dashboard for Grafana.
//!
//! Each generator is a pure function of its options and gives the same bytes for the same ones.
//! The names of the metrics are those that `docs/monitoring.md` lists.

mod alert_tests;
mod alerts;
mod dashboard;
mod selector;
#[cfg(test)]
mod testing;

pub use alert_tests::alert_tests;
pub use alerts::{AlertOptions, alerts};
pub use dashboard::{DashboardOptions, dashboard};
pub use selector::{Operator, Selector};

/// Why a file could not be generated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A label that Prometheus does not take.
    #[error(
        "`{0}` is no name of a label; letters, digits and underscores, and no digit first, are"
    )]
    InvalidLabel(String),
    /// A label that the rules set themselves.
    #[error("the label `{0}` is set by the rules themselves; use another name")]
    ReservedLabel(String),
    /// A text that is no selector.
    #[error(
        "`{0}` is no selector; write `label=value`, `label!=value`, `label=~regex` or `label!~regex`"
    )]
    InvalidSelector(String),
    /// A limit that no figure can reach.
    #[error("{name} of {value} is out of range; {range}")]
    OutOfRange {
        /// What it limits.
        name: &'static str,
        /// The limit.
        value: u64,
        /// What is possible.
        range: &'static str,
    },
    /// A pattern that the generator knows no text for.
    #[error(
        "no test can be generated for the pattern `{0}`; use a selector with `=`, or a pattern of plain words"
    )]
    NoExample(String),
    /// An identity that Grafana does not take.
    #[error(
        "`{0}` is no identity of a dashboard; 1 to 40 letters, digits, hyphens and underscores are"
    )]
    InvalidUid(String),
    /// The name of a group, a file or a title is empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// A value that is no YAML.
    #[error("cannot write the rules as YAML: {0}")]
    Yaml(String),
    /// A value that is no JSON.
    #[error("cannot write the dashboard as JSON: {0}")]
    Json(#[from] serde_json::Error),
}
