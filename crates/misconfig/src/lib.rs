//! Configurations that are unsafe or against the rules: Dockerfiles, Kubernetes manifests, Compose
//! files, GitLab CI files, Terraform, CloudFormation, and the configuration of images.
//!
//! Every rule stands in one [catalogue](catalogue) with its reason, its remedy and two examples,
//! from which the pages under `docs/rules/` are written and which the tests run.

mod analyzer;
mod cloud;
mod cloudformation;
mod compose;
mod custom;
mod document;
mod gitlab;
mod hints;
mod ignore;
mod image;
mod kubernetes;
mod lint;
mod report;
mod rule;
mod shell;
mod terraform;

pub mod dockerfile;

pub use analyzer::analyzers;
pub use custom::{CustomRules, RuleError};
pub use ignore::Ignores;
pub use image::{ImageInput, check_image};
pub use lint::{Options, Target, lint_file};
pub use rule::{Kind, Rule, catalogue, catalogue_markdown, find};

/// The rules of each kind; a new kind of file adds its table here.
fn rule_tables() -> [Vec<&'static Rule>; 7] {
    [
        dockerfile::RULES.to_vec(),
        kubernetes::rules(),
        compose::RULES.to_vec(),
        gitlab::rules(),
        terraform::rules(),
        cloudformation::rules(),
        image::rules(),
    ]
}
