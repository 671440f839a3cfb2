use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use seaworthy_oci::Platform;

use crate::Timing;

/// How targets are reached.
#[derive(Debug, Clone, Default)]
pub struct SourceOptions {
    /// The platform to take from an index; none is Linux on this machine's architecture.
    pub platform: Option<Platform>,
    /// Credentials for the registry of the target, before those of the configuration file.
    pub credentials: Option<Credentials>,
    /// Docker's configuration file (`config.json`), for credentials and credential helpers.
    pub docker_config: Option<PathBuf>,
    /// Certificate authorities to trust besides the system's, PEM files.
    pub ca_files: Vec<PathBuf>,
    /// Do not verify TLS certificates.
    pub insecure: bool,
    /// Speak HTTP without TLS.
    pub plain_http: bool,
    /// Registries to ask first instead of the named one; never with the named one's credentials.
    pub mirrors: Vec<Mirror>,
    /// Address of Docker's socket, as in `DOCKER_HOST`; none is the usual place.
    pub docker_host: Option<String>,
    /// Address of Podman's socket, as in `CONTAINER_HOST`; none is the usual places.
    pub podman_host: Option<String>,
    /// Directory for the sockets of the user, as in `XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// Compare the digests of local files too, which means to read them whole.
    pub verify: bool,
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// How patient requests are.
    pub timing: Timing,
    /// This machine's clock, to be held against that of a server that denies access.
    pub now: Option<SystemTime>,
}

/// A user and a password; shown by no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub username: String,
    /// The password or token.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A registry that holds copies of another's images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The registry as it stands in references: `docker.io`.
    pub registry: String,
    /// The host to ask, with a scheme or without, and with a path prefix or without:
    /// `mirror.example.com:5000`, `http://mirror.example.com/hub`.
    pub location: String,
}
