use std::fmt;
use std::sync::Arc;

use seaworthy_analysis::Analyzer;
use seaworthy_licenses::{LicenseFiles, LicensePolicy};
use seaworthy_misconfig::Target;
use seaworthy_model::TargetKind;
use seaworthy_secrets::{Rules, SecretAnalyzer};

use crate::PackageTypes;

/// What is looked for, and by which rules.
#[derive(Clone)]
pub struct Scanners {
    /// Packages with known vulnerabilities.
    pub vulnerabilities: bool,
    /// Credentials.
    pub secrets: Option<Arc<Rules>>,
    /// Unsafe configuration.
    pub configuration: Option<seaworthy_misconfig::Options>,
    /// Licences.
    pub licenses: Option<LicensePolicy>,
}

impl Default for Scanners {
    /// Vulnerabilities alone.
    fn default() -> Self {
        Self {
            vulnerabilities: true,
            secrets: None,
            configuration: None,
            licenses: None,
        }
    }
}

impl fmt::Debug for Scanners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Scanners {
    /// The names of what is looked for, as on the command line.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        [
            (self.vulnerabilities, "vuln"),
            (self.secrets.is_some(), "secret"),
            (self.configuration.is_some(), "config"),
            (self.licenses.is_some(), "license"),
        ]
        .into_iter()
        .filter_map(|(on, name)| on.then_some(name))
        .collect()
    }

    /// The rules for configurations, as they are for a kind of target.
    pub(crate) fn configuration_of(
        &self,
        kind: TargetKind,
    ) -> Option<seaworthy_misconfig::Options> {
        let target = match kind {
            TargetKind::Directory => Target::Sources,
            TargetKind::Image | TargetKind::RootFs | TargetKind::Sbom => Target::Image,
        };
        self.configuration
            .clone()
            .map(|options| seaworthy_misconfig::Options { target, ..options })
    }

    /// The analysers of the one pass over a target of that kind.
    pub(crate) fn analyzers(
        &self,
        packages: PackageTypes,
        kind: TargetKind,
    ) -> Vec<Box<dyn Analyzer>> {
        let mut all = packages.analyzers();
        if kind == TargetKind::Directory && packages.language {
            all.extend(seaworthy_packages::source_analyzers());
        }
        if let Some(rules) = &self.secrets {
            all.push(Box::new(SecretAnalyzer::new(Arc::clone(rules))));
        }
        if let Some(options) = self.configuration_of(kind) {
            all.extend(seaworthy_misconfig::analyzers(&options));
        }
        if self.licenses.is_some() {
            all.push(Box::new(LicenseFiles));
        }
        all
    }
}
