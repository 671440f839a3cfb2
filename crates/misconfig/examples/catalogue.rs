//! Writes the pages of the rule catalogue: `cargo run -p seaworthy-misconfig --example catalogue --
//! KIND...`, all kinds when none is named.

use std::path::Path;

use seaworthy_misconfig::{Kind, catalogue_markdown};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules");
    std::fs::create_dir_all(&docs)?;
    let names: Vec<String> = std::env::args().skip(1).collect();
    let kinds = if names.is_empty() {
        Kind::ALL.to_vec()
    } else {
        names
            .iter()
            .map(|name| Kind::from_name(name).ok_or_else(|| format!("`{name}` is not a kind")))
            .collect::<Result<_, _>>()?
    };
    for kind in kinds {
        let path = docs.join(format!("{}.md", kind.name()));
        std::fs::write(path, catalogue_markdown(kind))?;
    }
    Ok(())
}
