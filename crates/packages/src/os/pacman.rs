use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};

/// Notices the database of pacman (Arch Linux and its relatives), whose packages have no type in
/// the inventory yet: an image that has one must not end as clean.
pub(crate) struct Pacman;

/// The one file that every such database has beside its folders (pacman's `lib/libalpm/be_local.c`).
const PATH: &str = "var/lib/pacman/local/ALPM_DB_VERSION";

impl Analyzer for Pacman {
    fn name(&self) -> &'static str {
        "pacman"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        file.path == PATH
    }

    fn reads_databases(&self) -> bool {
        true
    }

    fn analyze(
        &self,
        _: &FileMeta<'_>,
        _: &mut Content<'_>,
        _: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        Err(AnalyzeError::Database(
            "the packages of pacman are not read, so none of them was assessed; `arch-audit` inside the image does it".to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run;

    #[test]
    fn an_image_of_arch_is_a_gap_and_not_clean() {
        assert!(matches!(
            run(&Pacman, PATH, b"9\n"),
            Err(AnalyzeError::Database(_))
        ));
    }
}
