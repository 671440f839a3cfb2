//! The rules of matching from feed to finding, and that the tests behind them exist.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod feeds;
mod matrix;
