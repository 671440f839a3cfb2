//! `seaworthy db publish`.

use std::path::Path;

use seaworthy_attest::PrivateKey;
use seaworthy_delivery::{Network as _, PublishOptions, PublishReport, publish, publish_files};
use seaworthy_oci::Reference;

use super::{failure, print_json, size};
use crate::args::{Global, PublishArgs, Shown};
use crate::exit::{Failure, Outcome, Status};
use crate::output::print;
use crate::progress::Bars;

/// Publishes the database.
pub(super) fn run(args: &PublishArgs, global: &Global) -> Outcome {
    let directory = super::directory_to_read(&args.remote.place)?;
    let key = args.key.as_deref().map(private_key).transpose()?;
    let now = super::now();
    let options = PublishOptions {
        key: key.as_ref(),
        legacy_signature: args.legacy_signature,
        now: &now,
        threads: super::threads(),
    };
    let bars = Bars::new(global.quiet);
    let result = match args.target.strip_prefix("oci://") {
        Some(_) if args.files => {
            return Err(Failure::usage("--files writes into a directory"));
        }
        Some(text) => {
            let reference: Reference = text
                .parse()
                .map_err(|e| Failure::usage(format!("`{}`: {e}", args.target)))?;
            if reference.digest.is_some() {
                return Err(Failure::usage("a database is published under a tag")
                    .hint("oci://registry.example.com/security/advisories:latest"));
            }
            let network = super::network(&args.remote.source)?;
            let store = network.registry(&reference).map_err(|e| failure(&e))?;
            let name = format!("{}/{}", reference.registry, reference.repository);
            let tag = reference.manifest_name();
            publish(&directory, &*store, tag, &name, &options, &bars)
        }
        None if args.target.contains("://") => {
            return Err(
                Failure::usage(format!("`{}` is no place to publish to", args.target))
                    .hint("name oci://REFERENCE or a directory"),
            );
        }
        None if args.files => publish_files(&directory, Path::new(&args.target), &options, &bars),
        None => {
            let (path, tag) = layout_and_tag(&args.target);
            let network = super::network(&args.remote.source)?;
            let store = network.layout(Path::new(path)).map_err(|e| failure(&e))?;
            publish(&directory, &*store, tag, path, &options, &bars)
        }
    };
    seaworthy_source::Progress::finish(&bars);
    let report = result.map_err(|e| failure(&e))?;
    match args.remote.shown.as_what {
        Shown::Json => print_json(&report)?,
        Shown::Table if global.quiet => {}
        Shown::Table => show(&report, &args.target)?,
    }
    Ok(Status::Pass)
}

/// `DIR` or `DIR:TAG`.
fn layout_and_tag(target: &str) -> (&str, &str) {
    match target.rsplit_once(':') {
        Some((path, tag))
            if !tag.is_empty() && !tag.contains('/') && !Path::new(target).exists() =>
        {
            (path, tag)
        }
        _ => (target, "latest"),
    }
}

fn show(report: &PublishReport, target: &str) -> Result<(), Failure> {
    print(|out| {
        for key in &report.sent {
            writeln!(out, "sent {key}")?;
        }
        writeln!(
            out,
            "{target}: generation {}, {} shards sent, {} were there, {}{}",
            report.generation,
            report.sent.len(),
            report.kept,
            size(report.bytes),
            if report.signed { ", signed" } else { "" }
        )?;
        if let Some(artifact) = &report.artifact {
            writeln!(out, "artifact {artifact}")?;
        }
        writeln!(out, "database {}", report.digest)
    })
}

/// A private key of cosign's or any in PEM; its password is where cosign looks for it.
fn private_key(path: &Path) -> Result<PrivateKey, Failure> {
    let bytes = crate::commands::read_bytes(path, seaworthy_attest::MAX_PEM as u64)?;
    let password = std::env::var("COSIGN_PASSWORD").ok();
    if PrivateKey::needs_password(&bytes) && password.is_none() {
        return Err(Failure::usage(format!("{} is encrypted", path.display()))
            .hint("set COSIGN_PASSWORD to its password"));
    }
    PrivateKey::from_pem(&bytes, password.unwrap_or_default().as_bytes())
        .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}
