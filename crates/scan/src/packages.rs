use seaworthy_analysis::Analyzer;

/// Which kinds of packages are collected and looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageTypes {
    /// Packages of the operating system.
    pub os: bool,
    /// Packages of languages, binaries included.
    pub language: bool,
}

impl Default for PackageTypes {
    fn default() -> Self {
        Self {
            os: true,
            language: true,
        }
    }
}

impl PackageTypes {
    /// The analysers that collect them. The databases of the operating system are read in any
    /// case: they tell which language packages belong to it.
    #[must_use]
    pub fn analyzers(self) -> Vec<Box<dyn Analyzer>> {
        if self.language {
            seaworthy_packages::all_analyzers()
        } else {
            seaworthy_packages::os_analyzers()
        }
    }
}
