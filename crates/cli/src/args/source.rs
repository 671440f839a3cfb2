//! How targets are reached and read.

use std::path::PathBuf;

use clap::Args;

use super::{DatabaseArgs, ScannerArgs};

/// How a target is reached and read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source")]
pub(crate) struct SourceArgs {
    /// Platform to take from a multi-platform image [default: linux and this machine's architecture]
    #[arg(long, value_name = "OS/ARCH", env = "SEAWORTHY_PLATFORM")]
    pub(crate) platform: Option<String>,
    /// User at the registry
    #[arg(long, value_name = "USER", env = "SEAWORTHY_REGISTRY_USER")]
    pub(crate) username: Option<String>,
    /// Read the password from standard input (or set SEAWORTHY_REGISTRY_PASSWORD)
    #[arg(long, requires = "username")]
    pub(crate) password_stdin: bool,
    /// Certificate authorities to trust besides the system's, PEM
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        env = "SEAWORTHY_CA_CERT"
    )]
    pub(crate) ca_cert: Vec<PathBuf>,
    /// Do not verify TLS certificates
    #[arg(long, env = "SEAWORTHY_INSECURE")]
    pub(crate) insecure: bool,
    /// Speak HTTP without TLS
    #[arg(long, env = "SEAWORTHY_PLAIN_HTTP")]
    pub(crate) plain_http: bool,
    /// Ask a mirror first, without the registry's credentials
    #[arg(
        long,
        value_name = "HOST=MIRROR",
        value_delimiter = ',',
        env = "SEAWORTHY_MIRROR"
    )]
    pub(crate) mirror: Vec<String>,
    /// Read every byte of local archives too, and compare all digests
    #[arg(long, env = "SEAWORTHY_VERIFY")]
    pub(crate) verify: bool,
    /// Most memory for file contents, over all layers together (a file that needs more is listed
    /// as skipped); the program itself takes about 30 MB more
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "256M",
        value_parser = parse_size,
        env = "SEAWORTHY_MAX_MEMORY",
    )]
    pub(crate) max_memory: u64,
    /// Layers that are read at the same time [default: the number of processors]
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=64),
        env = "SEAWORTHY_THREADS",
    )]
    pub(crate) threads: Option<u16>,
    /// Which packages to collect
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_values_t = [PackageKind::Os, PackageKind::Language],
        env = "SEAWORTHY_PACKAGES",
    )]
    pub(crate) packages: Vec<PackageKind>,
    /// Report language packages even when a package of the operating system owns their files
    #[arg(long, env = "SEAWORTHY_KEEP_OS_OWNED")]
    pub(crate) keep_os_owned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PackageKind {
    /// Packages of the operating system
    Os,
    /// Packages of languages, and binaries that name theirs
    Language,
}

/// How commands on reports get one of a target: what is looked for, where, and by which advisories.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    #[command(flatten)]
    pub(crate) scanner: ScannerArgs,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

/// `64M`, `2G`, `500K`, or bytes.
fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let (digits, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(format!("`{text}` is not a size such as 64M or 2G")),
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(factor))
        .filter(|&n| n > 0)
        .ok_or_else(|| format!("`{text}` is not a size such as 64M or 2G"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("1", 1), ("64M", 64 << 20), ("2 GiB", 2 << 30)] {
            assert_eq!(parse_size(text), Ok(bytes));
        }
        for text in ["", "M", "0", "1X", "99999999999G"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
