//! The client of container registries (OCI distribution specification 1.1, "Pull").

use seaworthy_oci::{ImageSource, Reference};

use crate::{Error, Progress, SourceOptions};

/// Opens an image in a registry: manifest and configuration.
pub(crate) fn open(
    reference: &Reference,
    _options: &SourceOptions,
    _progress: &dyn Progress,
) -> Result<Box<dyn ImageSource>, Error> {
    Err(Error::operation(format!("{reference}"), "not built yet"))
}
