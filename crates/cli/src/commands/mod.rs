//! One file per command: options in, library calls, output.

mod db;
mod dockerfile;
mod explain;
mod generate;
mod input;
mod judge;
mod merge;
mod monitor;
pub(crate) mod policy;
mod rules;
mod sbom;
mod scan;
mod trend;
mod versions;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::CommandFactory as _;
use seaworthy_delivery::Internet;
use seaworthy_licenses::LicensePolicy;
use seaworthy_matching::MatchOptions;
use seaworthy_misconfig::CustomRules;
use seaworthy_model::Report;
use seaworthy_scan::{Database, PackageTypes, ReadOptions, ScanOptions, Scanned, Scanners};
use seaworthy_secrets::Rules;
use seaworthy_source::{Credentials, Mirror, SourceOptions, TargetRef};

use crate::args::{
    Cli, Command, DatabaseArgs, DockerfileCommand, GitlabCommand, Global, PackageKind, Scanner,
    ScannerArgs, SourceArgs, VersionsCommand,
};
use crate::exit::{Failure, Outcome, Status};
use crate::output::print;
use crate::progress::Bars;

pub(crate) use db::Advisories;
pub(crate) use scan::{age, commit};

pub(crate) fn run(cli: Cli) -> Outcome {
    let Cli { global, command } = cli;
    match command {
        Command::Scan(args) => scan::run(args, &global),
        Command::Sbom(args) => sbom::run(args, &global),
        Command::Explain(args) => explain::run(args, &global),
        Command::Merge(args) => merge::run(args, &global),
        Command::Policy(command) => policy::run(command, &global),
        Command::Vex(args) => policy::vex(args, &global),
        Command::Generate(command) => generate::run(command),
        Command::Trend(args) => trend::run(args, &global),
        Command::Dockerfile(DockerfileCommand::Lint(args)) => dockerfile::lint(args, &global),
        Command::Diff(args) => monitor::diff(args, &global),
        Command::Assess(args) => monitor::assess(args, &global),
        Command::Metrics(args) => monitor::metrics(args, &global),
        Command::Compliance(args) => monitor::compliance(args, &global),
        Command::Db(command) => db::run(command, &global),
        Command::Versions(VersionsCommand::Compare { scheme, a, b }) => {
            versions::compare(&scheme, &a, b)
        }
        Command::Rules(args) => rules::run(&args),
        Command::Gitlab(GitlabCommand::Scan(args)) => crate::gitlab::run(args, &global),
        Command::Gitlab(GitlabCommand::Dependencies(args)) => {
            crate::gitlab::dependencies(args, &global)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "seaworthy", &mut script);
            print(|out| out.write_all(&script))?;
            Ok(Status::Pass)
        }
        Command::Man { directory } => {
            std::fs::create_dir_all(&directory)
                .and_then(|()| clap_mangen::generate_to(Cli::command(), &directory))
                .map_err(|e| {
                    Failure::failed(format!("cannot write into {}: {e}", directory.display()))
                })?;
            Ok(Status::Pass)
        }
    }
}

/// What the source options say, together with the environment that other tools share.
pub(crate) fn read_options(args: &SourceArgs) -> Result<ReadOptions, Failure> {
    let platform = match &args.platform {
        Some(text) => Some(text.parse().map_err(|e| {
            Failure::usage(format!("--platform: {e}")).hint("for example linux/arm64")
        })?),
        None => None,
    };
    let mirrors = args
        .mirror
        .iter()
        .map(|text| match text.split_once('=') {
            Some((registry, location)) if !registry.is_empty() && !location.is_empty() => {
                Ok(Mirror {
                    registry: registry.to_owned(),
                    location: location.to_owned(),
                })
            }
            _ => Err(Failure::usage(format!("`{text}` is no mirror"))
                .hint("--mirror docker.io=mirror.example.com")),
        })
        .collect::<Result<_, _>>()?;
    let mut source = SourceOptions {
        platform,
        credentials: credentials(args)?,
        ca_files: args.ca_cert.clone(),
        insecure: args.insecure,
        plain_http: args.plain_http,
        mirrors,
        verify: args.verify,
        ..environment()
    };
    source.user_agent = user_agent();
    let mut options = ReadOptions {
        source,
        packages: PackageTypes {
            os: args.packages.contains(&PackageKind::Os),
            language: args.packages.contains(&PackageKind::Language),
        },
        ..ReadOptions::default()
    };
    options.analysis.max_memory = args.max_memory;
    options.analysis.verify = args.verify;
    options.analysis.keep_os_owned = args.keep_os_owned;
    options.analysis.threads = match args.threads {
        Some(threads) => usize::from(threads),
        None => std::thread::available_parallelism().map_or(2, usize::from),
    };
    Ok(options)
}

/// How packages are compared with the advisories of the options.
pub(crate) fn matching(packages: PackageTypes, database: &DatabaseArgs) -> MatchOptions {
    MatchOptions {
        os: packages.os,
        language: packages.language,
        now_date: Some(crate::time::date(crate::time::now())),
        max_db_age_days: Some(database.max_db_age),
    }
}

/// What the environment says about daemons and the files of other tools.
pub(crate) fn environment() -> SourceOptions {
    let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let folder = |name: &str| text(name).map(PathBuf::from);
    let docker_config = folder("DOCKER_CONFIG")
        .or_else(|| folder("HOME").map(|home| home.join(".docker")))
        .map(|directory| directory.join("config.json"))
        .filter(|file| file.is_file())
        .or_else(|| folder("REGISTRY_AUTH_FILE").filter(|file| file.is_file()))
        .or_else(|| {
            folder("XDG_RUNTIME_DIR")
                .map(|directory| directory.join("containers/auth.json"))
                .filter(|file| file.is_file())
        });
    SourceOptions {
        docker_config,
        docker_host: text("DOCKER_HOST"),
        podman_host: text("CONTAINER_HOST"),
        runtime_dir: folder("XDG_RUNTIME_DIR"),
        user_agent: user_agent(),
        now: Some(std::time::SystemTime::now()),
        ..SourceOptions::default()
    }
}

fn user_agent() -> String {
    concat!("seaworthy/", env!("CARGO_PKG_VERSION")).to_owned()
}

fn credentials(args: &SourceArgs) -> Result<Option<Credentials>, Failure> {
    let Some(username) = args.username.clone() else {
        return Ok(None);
    };
    let password = if args.password_stdin {
        let mut line = String::new();
        std::io::stdin()
            .read_line(&mut line)
            .map_err(|e| Failure::failed(format!("cannot read the password: {e}")))?;
        line.trim_end_matches(['\n', '\r']).to_owned()
    } else {
        std::env::var("SEAWORTHY_REGISTRY_PASSWORD").unwrap_or_default()
    };
    if password.is_empty() {
        return Err(Failure::usage("--username needs a password")
            .hint("give it with --password-stdin, or set SEAWORTHY_REGISTRY_PASSWORD"));
    }
    Ok(Some(Credentials { username, password }))
}

/// What is looked for, with the rules of the files that are named.
pub(crate) fn scanners(args: &ScannerArgs) -> Result<Scanners, Failure> {
    let wants = |scanner| args.scanners.contains(&scanner);
    let mut scanners = Scanners {
        vulnerabilities: wants(Scanner::Vuln),
        ..Scanners::default()
    };
    if wants(Scanner::Secret) {
        let rules = match &args.secret_rules {
            Some(path) => Rules::with_file(&path.display().to_string(), &read_text(path)?)
                .map_err(Failure::usage)?,
            None => Rules::builtin(),
        };
        scanners.secrets = Some(Arc::new(rules));
    }
    if wants(Scanner::Config) {
        let mut files = Vec::new();
        for path in &args.config_rules {
            files.push((path.display().to_string(), read_bytes(path, 16 << 20)?));
        }
        let custom = CustomRules::load(&files).map_err(Failure::usage)?;
        scanners.configuration = Some(seaworthy_misconfig::Options {
            custom: Arc::new(custom),
            disabled: args.disable_rule.clone(),
            dockerfile: dockerfile::lint_options(None)?,
            ..seaworthy_misconfig::Options::default()
        });
    }
    if wants(Scanner::License) {
        scanners.licenses = Some(match &args.license_policy {
            Some(path) => serde_saphyr::from_str(&read_text(path)?)
                .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?,
            None => LicensePolicy::default(),
        });
    }
    Ok(scanners)
}

/// A file of the user's; larger ones than 16 MiB are none.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read_bytes(path, 16 << 20)?)
        .map_err(|_| Failure::usage(format!("{} is no UTF-8 text", path.display())))
}

/// The first `most` bytes of a file of the user's.
pub(crate) fn read_bytes(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;

    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
    Ok(bytes)
}

/// A scan by the advisories of the options, with the shards that are missing fetched.
pub(crate) fn scanned(
    target: &TargetRef,
    options: &ScanOptions,
    advisories: &Advisories,
    bars: &Bars,
) -> Result<Report, Failure> {
    let mut read = seaworthy_scan::read(target, &options.read, bars)?;
    let database = database_for(&mut read, target, &options.read, advisories, bars)?;
    Ok(seaworthy_scan::assess(read, &database, options))
}

/// The database for what was read of a target, with the shards that are missing fetched; what is
/// here already when no vulnerabilities are looked for.
pub(crate) fn database_for(
    read: &mut Scanned,
    target: &TargetRef,
    options: &ReadOptions,
    advisories: &Advisories,
    bars: &Bars,
) -> Result<Arc<Database>, Failure> {
    if !options.scanners.vulnerabilities {
        return advisories.current();
    }
    let network = Internet::of_scan(&options.source, Some(target));
    advisories.for_target(&mut read.inventory, options.packages, &network, bars)
}

/// Whether the user wants silence.
pub(crate) const fn quiet(global: &Global) -> bool {
    global.quiet
}
