//! Where targets come from: registries, daemon sockets, archives, layouts, root file systems and
//! bills of materials. Everything that touches a disk or the network for a scan is here.

mod archive;
mod daemon;
mod disk;
mod error;
pub mod http;
mod image;
mod layout;
mod net;
mod options;
mod progress;
mod registry;
mod store;
mod target;
mod tree;

use seaworthy_oci::ImageSource;

pub use error::{Error, ErrorKind};
pub use layout::layout_store;
pub use net::Timing;
pub use options::{Credentials, Mirror, SourceOptions};
pub use progress::{NoProgress, Progress};
pub use registry::registry_store;
pub use target::TargetRef;
pub use tree::{Tree, TreeEntry, TreeItem};

/// A target, opened.
pub enum Opened {
    /// An image with layers.
    Image(Box<dyn ImageSource>),
    /// A directory.
    Tree(Tree),
    /// A bill of materials.
    Sbom {
        /// Its path.
        name: String,
        /// Its content.
        bytes: Vec<u8>,
    },
}

/// Opens a target: reads what describes it (manifest, configuration), not yet what is in it.
///
/// # Errors
/// When the target does not exist, cannot be reached, or is not what it says it is.
pub fn open(
    target: &TargetRef,
    options: &SourceOptions,
    progress: &dyn Progress,
) -> Result<Opened, Error> {
    Ok(match target {
        TargetRef::Registry(reference) => {
            Opened::Image(registry::open(reference, options, progress)?)
        }
        TargetRef::Docker(reference) => Opened::Image(daemon::open(
            daemon::Engine::Docker,
            reference,
            options,
            progress,
        )?),
        TargetRef::Podman(reference) => Opened::Image(daemon::open(
            daemon::Engine::Podman,
            reference,
            options,
            progress,
        )?),
        TargetRef::DockerArchive(path) => Opened::Image(archive::open_docker(path)?),
        TargetRef::OciArchive(path) => Opened::Image(archive::open_oci(path, options)?),
        TargetRef::OciDir { path, tag } => {
            Opened::Image(layout::open(path, tag.as_deref(), options)?)
        }
        TargetRef::Rootfs(path) => Opened::Tree(Tree::rootfs(path)?),
        TargetRef::Dir(path) => Opened::Tree(Tree::dir(path)?),
        TargetRef::Sbom(path) => Opened::Sbom {
            name: path.display().to_string(),
            bytes: disk::read_limited(path, disk::MAX_SBOM)?,
        },
    })
}
