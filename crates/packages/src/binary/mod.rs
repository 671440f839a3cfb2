//! What binaries say about what they were built from: Go's build information, the dependency list
//! of cargo-auditable. Only ELF files, the format of Linux containers.

mod auditable;
mod elf;
mod go;
mod product;
mod stream;

use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta, StreamAnalyzer};

use elf::Elf;
pub(crate) use product::Product;

/// Reads executables.
pub(crate) struct Binary;

impl Analyzer for Binary {
    fn name(&self) -> &'static str {
        "binary"
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        // Smaller files cannot hold a run-time; libraries of C have a version in their name.
        file.is_executable() && file.size > 4096 && !is_library(file.file_name())
    }

    fn max_size(&self) -> u64 {
        32 << 20
    }

    fn reads_windows(&self) -> bool {
        true
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let mut magic = [0; 4];
        content.read_exact_at(0, &mut magic)?;
        if &magic != b"\x7fELF" {
            return Ok(());
        }
        let damaged = |detail: String| AnalyzeError::File(format!("not readable as ELF: {detail}"));
        let elf = Elf::open(content).map_err(damaged)?;
        if let Some(info) = go::find(&elf).map_err(damaged)? {
            info.add(file.path, facts);
        }
        if let Some(section) = elf.section(".dep-v0") {
            let packed = elf.read(section, auditable::MAX_PACKED).map_err(damaged)?;
            auditable::read(&packed, file.path, facts)?;
        }
        Ok(())
    }

    fn stream(&self, file: &FileMeta<'_>) -> Option<Box<dyn StreamAnalyzer>> {
        Some(Box::new(stream::Search::new(file.path)))
    }
}

/// `libz.so.1`: linked by others, and owned by a package where it matters.
fn is_library(name: &str) -> bool {
    name.starts_with("lib") && (name.ends_with(".so") || name.contains(".so."))
}

#[cfg(test)]
pub(crate) mod tests;
