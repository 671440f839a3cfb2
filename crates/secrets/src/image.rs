//! Credentials in an image's configuration: they are in every copy of the image, whatever its
//! layers hold.

use seaworthy_model::Secret;

use crate::assign::Values;
use crate::rules::Rules;
use crate::scan::{Scan, Traits};

/// What [`Location::path`](seaworthy_model::Location) says for the environment and labels.
pub const CONFIGURATION: &str = "image configuration";
/// The same for the history.
pub const HISTORY: &str = "history";

/// Longest text that an image's configuration is believed to need; the rest of it is not looked at.
const MAX_TEXT: usize = 1 << 20;

/// The environment (`config.Env` of the image configuration), each `NAME=VALUE`. The entry is named
/// by the masked text: `env DB_PASSWORD=********`.
#[must_use]
pub fn scan_environment<'a>(rules: &Rules, env: impl IntoIterator<Item = &'a str>) -> Vec<Secret> {
    env.into_iter()
        .flat_map(|entry| scan(rules, CONFIGURATION, entry, Values::Lines, "env "))
        .collect()
}

/// The labels (`config.Labels`), named likewise: `label deploy.token=********`.
#[must_use]
pub fn scan_labels<'a>(
    rules: &Rules,
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<Secret> {
    labels
        .into_iter()
        .flat_map(|(name, value)| {
            let entry = format!("{name}={value}");
            scan(rules, CONFIGURATION, &entry, Values::Lines, "label ")
        })
        .collect()
}

/// The instructions that made the image (`history[].created_by`), in their order; build arguments
/// stand in them. The step, counted from 1, is named by the masked text: `step 3: RUN …`.
#[must_use]
pub fn scan_history<'a>(
    rules: &Rules,
    created_by: impl IntoIterator<Item = &'a str>,
) -> Vec<Secret> {
    created_by
        .into_iter()
        .enumerate()
        .flat_map(|(at, text)| {
            let step = format!("step {}: ", at + 1);
            scan(rules, HISTORY, text, Values::Words, &step)
        })
        .collect()
}

fn scan(rules: &Rules, path: &str, text: &str, values: Values, named: &str) -> Vec<Secret> {
    let traits = Traits {
        binary: false,
        config: true,
        values,
    };
    let bytes = &text.as_bytes()[..text.len().min(MAX_TEXT)];
    let (mut secrets, _) = Scan::whole(rules, path, traits, bytes);
    for secret in &mut secrets {
        // The configuration has no lines.
        secret.location.start_line = 0;
        secret.location.start_column = 0;
        secret.location.end_line = 0;
        secret.location.end_column = 0;
        secret.masked = format!("{named}{}", secret.masked)
            .chars()
            .take(200)
            .collect();
    }
    secrets
}
