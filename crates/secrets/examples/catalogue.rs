//! Writes the catalogue of the rules to standard output, for `docs/rules/secrets.md`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(seaworthy_secrets::catalogue_markdown().as_bytes())
}
