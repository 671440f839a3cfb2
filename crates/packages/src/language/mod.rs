//! Packages of languages as they lie in images: installed, not locked.

pub(crate) mod composer;
pub(crate) mod conda;
pub(crate) mod dotnet;
pub(crate) mod gem;
pub(crate) mod java;
pub(crate) mod npm;
pub(crate) mod python;
