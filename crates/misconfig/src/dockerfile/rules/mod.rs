//! The rules, by subject; each file has the texts and the checks.

use super::context::Context;
use crate::Rule;

/// Declares the rules of a subject and the table of them.
macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, [$($reference:literal),* $(,)?],
        $title:literal, why: $why:literal, fix: $fix:literal,
        bad: $bad:literal, good: $good:literal;)*) => {
        $(pub(super) static $name: crate::Rule = crate::Rule {
            id: concat!("SW-DF-", $id),
            references: &[$($reference),*],
            kind: crate::Kind::Dockerfile,
            title: $title,
            severity: seaworthy_model::Severity::$severity,
            why: $why,
            fix: $fix,
            bad: $bad,
            good: $good,
        };)*
        pub(super) const ALL: &[&crate::Rule] = &[$(&$name),*];
    };
}

mod commands;
mod files;
mod images;
mod instructions;
mod labels;
mod languages;
mod packages;
mod process;
mod secrets;
mod users;

const TABLES: [&[&Rule]; 10] = [
    images::ALL,
    instructions::ALL,
    process::ALL,
    users::ALL,
    secrets::ALL,
    files::ALL,
    commands::ALL,
    packages::ALL,
    languages::ALL,
    labels::ALL,
];

const COUNT: usize = {
    let mut count = 0;
    let mut table = 0;
    while table < TABLES.len() {
        count += TABLES[table].len();
        table += 1;
    }
    count
};

const fn joined() -> [&'static Rule; COUNT] {
    let mut all = [TABLES[0][0]; COUNT];
    let (mut table, mut at) = (0, 0);
    while table < TABLES.len() {
        let mut rule = 0;
        while rule < TABLES[table].len() {
            all[at] = TABLES[table][rule];
            at += 1;
            rule += 1;
        }
        table += 1;
    }
    all
}

/// All rules.
pub(crate) static ALL: [&Rule; COUNT] = joined();

/// Rules that report only when they are asked for: they are about taste, or about the ignores
/// themselves.
pub(super) fn off_by_default(rule: &Rule) -> bool {
    std::ptr::eq(rule, &instructions::INLINE_IGNORE)
        || std::ptr::eq(rule, &instructions::DESCRIPTION)
}

pub(super) use instructions::diagnostics;

/// Runs all checks.
pub(super) fn check(cx: &mut Context<'_>) {
    images::check(cx);
    instructions::check(cx);
    process::check(cx);
    users::check(cx);
    secrets::check(cx);
    files::check(cx);
    commands::check(cx);
    packages::check(cx);
    languages::check(cx);
    labels::check(cx);
}
