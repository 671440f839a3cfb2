//! `seaworthy db verify`.

use std::io::{self, Write};

use seaworthy_delivery::{Origin, Published, State, Verified};
use serde::Serialize;

use super::{failure, print_json};
use crate::args::{Global, Shown, VerifyArgs};
use crate::exit::{Failure, Outcome, Status};
use crate::output::print;
use crate::terminal::one_line;

/// What `db verify` found.
#[derive(Serialize)]
struct Checked<'a> {
    #[serde(flatten)]
    verified: &'a Verified,
    /// Where it was compared with.
    origin: Option<String>,
    /// The digest of what is published there.
    published: Option<String>,
    /// The keys whose signatures verify.
    signed_by: Vec<String>,
}

impl Checked<'_> {
    /// Whether another database is published than the one that is here.
    fn is_another(&self) -> bool {
        self.published.is_some() && self.published != self.verified.digest
    }

    fn passes(&self) -> bool {
        self.verified.damaged.is_empty() && !self.is_another()
    }
}

/// Compares all checksums, and what is here with what is published.
pub(super) fn run(args: &VerifyArgs, global: &Global) -> Outcome {
    let directory = super::directory_to_read(&args.remote.place)?;
    let published = published(args, directory.path())?;
    let verified = seaworthy_delivery::verify(&directory).map_err(|e| failure(&e))?;
    let mut checked = Checked {
        verified: &verified,
        origin: None,
        published: None,
        signed_by: Vec::new(),
    };
    if let Some((name, found)) = published {
        checked.origin = Some(name);
        checked.published = Some(found.manifest.digest().to_string());
        checked.signed_by = found.signed_by;
    }
    match args.remote.shown.as_what {
        Shown::Json => print_json(&checked)?,
        Shown::Table => print(|out| show(out, &checked, global.quiet))?,
    }
    Ok(if checked.passes() {
        Status::Pass
    } else {
        Status::GateFailed
    })
}

/// The database that is published where the options say, or where the one that is here came from,
/// and what that place is called.
fn published(
    args: &VerifyArgs,
    directory: &std::path::Path,
) -> Result<Option<(String, Published)>, Failure> {
    let keys = super::public_keys(args.key.as_ref())?;
    let state = State::read(directory).map_err(|e| failure(&e))?;
    let origin = match &args.from {
        Some(text) => Some(Origin::parse(text).map_err(|e| failure(&e))?),
        // With a key, the signature of where it came from is meant.
        None if !keys.is_empty() => state.origin,
        None => None,
    };
    let Some(origin) = origin.filter(|o| !matches!(o, Origin::Upstream { .. })) else {
        return if keys.is_empty() {
            Ok(None)
        } else {
            Err(Failure::usage("there is no signature to verify")
                .hint("name the published database with --from"))
        };
    };
    let network = super::network(&args.remote.source)?;
    let found = Published::open(&origin, &network, &keys).map_err(|e| failure(&e))?;
    Ok(Some((origin.name(), found)))
}

fn show(out: &mut dyn Write, checked: &Checked<'_>, quiet: bool) -> io::Result<()> {
    let verified = checked.verified;
    for (key, why) in &verified.damaged {
        writeln!(out, "DAMAGED {}: {}", one_line(key), one_line(why))?;
    }
    if !verified.absent.is_empty() && !quiet {
        writeln!(
            out,
            "not fetched: {}",
            one_line(&verified.absent.join(", "))
        )?;
    }
    for key in &checked.signed_by {
        writeln!(out, "signed by {}", one_line(key))?;
    }
    if let Some(digest) = checked.published.as_ref().filter(|_| checked.is_another()) {
        writeln!(out, "another database is published: {digest}")?;
    }
    writeln!(
        out,
        "{} shards are whole, {} are damaged; {}",
        verified.whole.len(),
        verified.damaged.len(),
        verified
            .digest
            .as_deref()
            .unwrap_or("there is no list of shards")
    )
}
