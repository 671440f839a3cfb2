use std::io::Read as _;

use flate2::read::ZlibDecoder;
use seaworthy_analysis::{AnalyzeError, Facts};
use seaworthy_model::{Package, PackageType};
use serde::Deserialize;

/// Largest section in bytes.
pub(super) const MAX_PACKED: u64 = 8 << 20;
/// Largest list in bytes; the format's own readers stop at the same size.
const MAX_LIST: u64 = 8 << 20;

/// The list that cargo-auditable writes (its PARSING.md).
#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    packages: Vec<Crate<'a>>,
}

#[derive(Deserialize)]
struct Crate<'a> {
    #[serde(borrow)]
    name: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    version: std::borrow::Cow<'a, str>,
    /// `build` is what only ran while building.
    #[serde(borrow, default)]
    kind: Option<std::borrow::Cow<'a, str>>,
}

/// Reads the zlib-compressed list.
pub(super) fn read(packed: &[u8], path: &str, facts: &mut Facts) -> Result<(), AnalyzeError> {
    let mut json = Vec::new();
    let damaged =
        |detail: String| AnalyzeError::File(format!("its list of crates is damaged: {detail}"));
    ZlibDecoder::new(packed)
        .take(MAX_LIST + 1)
        .read_to_end(&mut json)
        .map_err(|e| damaged(e.to_string()))?;
    if json.len() as u64 > MAX_LIST {
        return Err(damaged(format!("it has more than {MAX_LIST} bytes")));
    }
    let list: List<'_> = serde_json::from_slice(&json).map_err(|e| damaged(e.to_string()))?;
    for one in list.packages {
        if one.kind.as_deref() != Some("build") {
            facts.packages.push(Package::new(
                PackageType::Cargo,
                one.name,
                one.version,
                path,
            ));
        }
    }
    Ok(())
}
