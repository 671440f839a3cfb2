//! The one place where the stages meet. So far: which layers belong to the base image, and which
//! findings are shown and break the gate.

mod base;
mod gate;

pub use base::base_layers;
pub use gate::{Filter, Filtered};
