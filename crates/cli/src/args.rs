use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Container image security. This build compares versions and looks into advisory shards;
/// scanning is being built.
#[derive(Debug, Parser)]
#[command(
    name = "seaworthy",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done; 1 a check failed; 2 wrong usage or configuration; 4 an operation failed."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compare versions as package managers do
    #[command(subcommand)]
    Versions(VersionsCommand),
    /// Look into an advisory database
    #[command(subcommand)]
    Db(DbCommand),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  seaworthy completions bash > seaworthy.bash")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a directory
    #[command(after_help = "Example:\n  seaworthy man /usr/local/share/man/man1")]
    Man {
        /// The directory
        directory: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Say which shards there are, how old and from where
    #[command(
        after_help = "Examples:\n  seaworthy db info --db ./db\n  seaworthy db info --db ./db --verify"
    )]
    Info {
        /// Directory of shards
        #[arg(long, value_name = "DIR", env = "SEAWORTHY_DB")]
        db: PathBuf,
        /// Compare the checksum of every shard (exit 1 when one differs)
        #[arg(long)]
        verify: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum VersionsCommand {
    /// Print <, = or > for two versions, or check a list of such lines
    #[command(
        after_help = "Schemes: deb apk rpm semver pep440 maven gem go nuget composer\n\nExamples:\n  seaworthy versions compare deb 1.0~rc1 1.0\n  seaworthy versions compare rpm 1:1.0-1 2.0-1\n  echo '1.0a1 < 1.0' | seaworthy versions compare pep440 -"
    )]
    Compare {
        /// Version scheme
        scheme: String,
        /// First version, or - to read lines `A OP B` and print those that disagree (exit 1)
        #[arg(allow_hyphen_values = true)]
        a: String,
        /// Second version
        #[arg(allow_hyphen_values = true)]
        b: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
