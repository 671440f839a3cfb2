//! Options of the commands on the advisory database, and of what looks into it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::SourceArgs;

/// Which advisories answer.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub(crate) struct DatabaseArgs {
    #[command(flatten)]
    pub(crate) place: DirectoryArgs,
    /// Days after which a shard counts as stale
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = 7,
        env = "SEAWORTHY_MAX_DB_AGE"
    )]
    pub(crate) max_db_age: u32,
    /// Use the database of this digest and no other (`db info` shows it)
    #[arg(long, value_name = "sha256:…", env = "SEAWORTHY_DB_DIGEST")]
    pub(crate) db_digest: Option<String>,
    /// Fetch no shards: what is missing is listed under coverage
    #[arg(long, env = "SEAWORTHY_OFFLINE")]
    pub(crate) offline: bool,
    /// Fetch missing shards from here: oci://REF, https://ADDRESS, a directory, upstream
    /// [default: where `db update` fetched them from]
    #[arg(long, value_name = "ORIGIN", env = "SEAWORTHY_DB_SOURCE")]
    pub(crate) db_source: Option<String>,
    /// Public key that must have signed the published database
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_DB_KEY")]
    pub(crate) db_key: Option<PathBuf>,
    /// Ask the OSV API about language packages instead of their shards: names and versions of the
    /// packages go to that service
    #[arg(long, env = "SEAWORTHY_ONLINE", conflicts_with = "offline")]
    pub(crate) online: bool,
    /// Address of the OSV API
    #[arg(
        long,
        value_name = "URL",
        default_value = seaworthy_delivery::OSV_API,
        env = "SEAWORTHY_OSV_URL",
    )]
    pub(crate) osv_url: String,
}

/// Where the database lies.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub(crate) struct DirectoryArgs {
    /// Advisory database [default: the user's data directory, else the starter table]
    #[arg(long, value_name = "DIR", env = "SEAWORTHY_DB")]
    pub(crate) db: Option<PathBuf>,
}

/// How a result is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shown {
    /// For people
    Table,
    /// For programs
    Json,
}

/// As what a result is shown.
#[derive(Debug, Clone, Args)]
pub(crate) struct ShownArgs {
    /// How to show it
    #[arg(
        id = "output",
        long = "output",
        short = 'o',
        value_name = "OUTPUT",
        value_enum,
        default_value = "table"
    )]
    pub(crate) as_what: Shown,
}

/// What a database here and one elsewhere have to do with each other.
#[derive(Debug, Args)]
pub(crate) struct RemoteArgs {
    #[command(flatten)]
    pub(crate) shown: ShownArgs,
    #[command(flatten)]
    pub(crate) place: DirectoryArgs,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Read upstream feeds and write the shards
    #[command(
        after_help = "Examples:\n  seaworthy db build --feeds ./feeds --out ./db\n  seaworthy db build --feeds ./feeds --out ./db --force"
    )]
    Build {
        /// Directory of upstream feeds: files, directories, or archives of them
        #[arg(long, value_name = "DIR")]
        feeds: PathBuf,
        /// Directory for the shards
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Write a shard although more than 1% of its records are broken, or it shrank by more than
        /// half
        #[arg(long)]
        force: bool,
        /// Read the advisories of Wolfi and Chainguard too, whose licence restricts their use
        #[arg(long)]
        restricted: bool,
    },
    /// Fetch advisories that have changed: from upstream, or from where somebody publishes shards
    #[command(
        after_help = "Examples:\n  seaworthy db update --only debian:12,npm\n  seaworthy db update --for registry.example.com/shop/web:1.8\n  seaworthy db update --from oci://registry.example.com/security/advisories --key db.pub\n  seaworthy db update --base-url https://mirror.example.com/feeds"
    )]
    Update(Box<UpdateArgs>),
    /// Publish the shards as an artifact in a registry or an OCI layout, or as files
    #[command(
        after_help = "Examples:\n  seaworthy db publish oci://registry.example.com/security/advisories --key db.key\n  seaworthy db publish ./layout\n  seaworthy db publish ./www --files --key db.key"
    )]
    Publish(Box<PublishArgs>),
    /// Read every byte of the database and compare all checksums, and the signature of where it
    /// came from
    #[command(
        after_help = "Examples:\n  seaworthy db verify\n  seaworthy db verify --from oci://registry.example.com/security/advisories --key db.pub"
    )]
    Verify(Box<VerifyArgs>),
    /// Say which shards there are, how old, from where, and the digest that pins them
    #[command(
        after_help = "Examples:\n  seaworthy db info\n  seaworthy db info --db ./db --verify\n  seaworthy db info -o json"
    )]
    Info {
        /// Compare the checksum of every shard
        #[arg(long)]
        verify: bool,
        #[command(flatten)]
        shown: ShownArgs,
        #[command(flatten)]
        place: DirectoryArgs,
    },
    /// Show what the database says about a vulnerability, a package or a version
    #[command(
        after_help = "Examples:\n  seaworthy db lookup CVE-2021-44228\n  seaworthy db lookup lodash@4.17.20 --ecosystem npm\n  seaworthy db lookup openssl@3.0.11-1~deb12u1 --ecosystem debian:12"
    )]
    Lookup {
        /// An id, a package's name, or PACKAGE@VERSION
        what: String,
        /// Look into one ecosystem, distribution or release only: npm, PyPI, debian, alpine:3.18
        #[arg(long, value_name = "NAME")]
        ecosystem: Option<String>,
        #[command(flatten)]
        place: DirectoryArgs,
    },
    /// Compare two databases
    #[command(
        after_help = "Examples:\n  seaworthy db diff ./yesterday ./today\n  seaworthy db diff --all ./yesterday ./today\n  seaworthy db diff db/generations/11 db/generations/12"
    )]
    Diff {
        /// Directory of the older one
        old: PathBuf,
        /// Directory of the newer one
        new: PathBuf,
        /// Name every vulnerability that was added, removed or changed
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        shown: ShownArgs,
    },
    /// Take the generation before the last update into use again
    #[command(after_help = "Examples:\n  seaworthy db rollback\n  seaworthy db rollback --db ./db")]
    Rollback {
        #[command(flatten)]
        place: DirectoryArgs,
    },
}

#[derive(Debug, Args)]
#[command(mut_arg("output", |arg| arg.help("How to show what was done")))]
pub(crate) struct UpdateArgs {
    /// The shards to fetch: releases, distributions, ecosystems, tables; `all` for everything
    /// [default: those of the last time, else all]
    #[arg(
        long,
        value_name = "KEY",
        value_delimiter = ',',
        env = "SEAWORTHY_DB_ONLY"
    )]
    pub(crate) only: Vec<String>,
    /// Fetch the shards that a scan of this target asks for
    #[arg(long = "for", value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// Where somebody publishes shards: oci://REF, https://ADDRESS, a directory; or upstream
    /// [default: where they came from the last time, else upstream]
    #[arg(long, value_name = "ORIGIN", env = "SEAWORTHY_DB_SOURCE")]
    pub(crate) from: Option<String>,
    /// Ask a mirror of all sources: URL/HOST/PATH for https://HOST/PATH
    #[arg(long, value_name = "URL", env = "SEAWORTHY_DB_BASE_URL")]
    pub(crate) base_url: Option<String>,
    /// Ask a mirror of one source: URL/PATH for https://HOST/PATH
    #[arg(
        long,
        value_name = "SOURCE=URL",
        value_delimiter = ',',
        env = "SEAWORTHY_DB_MIRROR_OF"
    )]
    pub(crate) mirror_of: Vec<String>,
    /// Public key that must have signed the published database
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_DB_KEY")]
    pub(crate) key: Option<PathBuf>,
    /// Take a feed that shrank by more than half or is broken
    #[arg(long)]
    pub(crate) force: bool,
    /// Take a published database that is older than what is here
    #[arg(long)]
    pub(crate) allow_older: bool,
    /// Fetch the advisories of Wolfi and Chainguard too, whose licence restricts their use
    #[arg(long)]
    pub(crate) restricted: bool,
    /// Directory for the sources' files, kept from one time to the next [default: DB/feeds]
    #[arg(long, value_name = "DIR", env = "SEAWORTHY_DB_FEEDS")]
    pub(crate) keep_feeds: Option<PathBuf>,
    /// Seconds to wait for another update of the same directory
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) wait: u64,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
#[command(mut_arg("output", |arg| arg.help("How to show what was done")))]
pub(crate) struct PublishArgs {
    /// Where to: oci://REF, or a directory (an OCI layout; DIR:TAG names the tag)
    pub(crate) target: String,
    /// Private key to sign with (its password is in COSIGN_PASSWORD)
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_DB_PRIVATE_KEY")]
    pub(crate) key: Option<PathBuf>,
    /// Keep the signature as cosign 1 and 2 do
    #[arg(long)]
    pub(crate) legacy_signature: bool,
    /// Write plain files that any web server can offer, instead of an OCI layout
    #[arg(long)]
    pub(crate) files: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Compare with what is published there, and check its signature
    #[arg(long, value_name = "ORIGIN", env = "SEAWORTHY_DB_SOURCE")]
    pub(crate) from: Option<String>,
    /// Public key that must have signed it
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_DB_KEY")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}
