//! Secrets, from outside.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod comparison;
mod corpus;
mod image;
mod linear;
mod rules;
mod streaming;
