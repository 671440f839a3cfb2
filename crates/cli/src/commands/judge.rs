//! A policy and all that is told to it beside the report.

use std::path::Path;

use seaworthy_model::{Date, GateResult, Report, TargetKind};
use seaworthy_monitor::{Supply, Waiver as Excuse, Waivers};
use seaworthy_oci::{ArtifactStore, Digest, Reference};
use seaworthy_policy::{
    Baseline, Exceptions, Facts, Policy, Subject, Verdict, VexDocument, Waiver, check_waivers,
    container_facts, evaluate,
};
use seaworthy_scan::{
    AttachedVex, Filter, PolicyIncludes, TrustedKey, attached_vex, dockerfile_facts, excuse,
    subjects, supply_facts, vex_of,
};
use seaworthy_source::SourceOptions;
use seaworthy_store::{FirstSeen, History};

use super::read_bytes;
use crate::args::{AroundArgs, ExcuseArgs, StandingArgs};
use crate::exit::Failure;

/// Largest file of a policy's that is read, in bytes.
pub(super) const MAX: u64 = 64 << 20;

/// What is asked for where no policy is.
const NO_POLICY: &[u8] = b"version: \"1.0\"\n";

/// A policy with waivers, VEX documents, a baseline and facts.
pub(crate) struct Judge {
    pub(super) policy: Policy,
    /// The policy's file; none without one.
    name: Option<String>,
    facts: Facts,
    waivers: Vec<Waiver>,
    vex: Vec<VexDocument>,
    baseline: Option<Baseline>,
    now: Date,
    history: Option<std::path::PathBuf>,
    keys: Vec<TrustedKey>,
    vex_from_registry: bool,
    source: SourceOptions,
}

/// How the report of a target is made, for a baseline that is an image.
pub(crate) type Scan<'a> = &'a dyn Fn(&str) -> Result<Report, Failure>;

/// What is known about one report beside it.
pub(super) struct Known {
    pub(super) facts: Facts,
    vex: Vec<VexDocument>,
}

impl Judge {
    /// A policy with what is around it.
    pub(crate) fn new(
        policy: Option<&Path>,
        around: &AroundArgs,
        history: Option<&Path>,
        source: &SourceOptions,
        scan: Scan<'_>,
    ) -> Result<Self, Failure> {
        let mut judge = Self::excusing(
            policy,
            around.environment.as_deref(),
            &around.excuses,
            source,
        )?;
        judge.history = history.map(Path::to_owned);
        if let Some(text) = &around.baseline {
            let path = Path::new(text);
            let is_report = path.is_file()
                && path
                    .extension()
                    .is_some_and(|extension| extension == "json");
            // Ours and GitLab's as they are, also those that are no report for anything else.
            let read = is_report
                .then(|| read_bytes(path, u64::MAX).map(|bytes| Baseline::read(text, &bytes)))
                .transpose()?;
            judge.baseline = Some(match read {
                Some(Ok(baseline)) => baseline,
                _ => Baseline::of(&scan(text)?),
            });
        }
        if !around.dockerfile.is_empty() {
            let mut all = Vec::new();
            for file in &around.dockerfile {
                all.push(dockerfile_facts(&shown(file), &read_bytes(file, MAX)?));
            }
            judge.facts.dockerfiles = Some(all);
        }
        if !around.manifest.is_empty() {
            let mut all = Vec::new();
            for file in &around.manifest {
                all.extend(
                    container_facts(&shown(file), &read_bytes(file, MAX)?)
                        .map_err(Failure::usage)?,
                );
            }
            judge.facts.containers = Some(all);
        }
        Ok(judge)
    }

    /// For a scan: none when it has neither a policy nor anything that excuses findings.
    pub(crate) fn of_scan(
        policy: Option<&Path>,
        around: &AroundArgs,
        history: Option<&Path>,
        source: &SourceOptions,
        scan: Scan<'_>,
    ) -> Result<Option<Self>, Failure> {
        let excuses = &around.excuses;
        let wanted = policy.is_some()
            || around.baseline.is_some()
            || !excuses.waivers.is_empty()
            || !excuses.vex.is_empty()
            || excuses.vex_from_registry;
        if !wanted {
            return Ok(None);
        }
        Self::new(policy, around, history, source, scan).map(Some)
    }

    /// Only what excuses findings.
    pub(crate) fn of_standing(
        standing: &StandingArgs,
        source: &SourceOptions,
    ) -> Result<Self, Failure> {
        Self::excusing(standing.policy.as_deref(), None, &standing.excuses, source)
    }

    fn excusing(
        policy: Option<&Path>,
        environment: Option<&str>,
        excuses: &ExcuseArgs,
        source: &SourceOptions,
    ) -> Result<Self, Failure> {
        let now = crate::time::day(crate::time::now());
        let loaded = match policy {
            Some(path) => load(path, environment, source)?,
            None => Policy::load("no policy", NO_POLICY, None, &seaworthy_policy::NoIncludes)
                .map_err(Failure::failed)?,
        };
        let mut keys = Vec::new();
        for file in &excuses.trusted_key {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            keys.extend(
                TrustedKey::read(&name, &read_bytes(file, MAX)?)
                    .map_err(|e| Failure::usage(format!("{}: {e}", file.display())))?,
            );
        }
        let mut waivers = Vec::new();
        for file in &excuses.waivers {
            waivers.extend(
                Waiver::read(&shown(file), &read_bytes(file, MAX)?).map_err(Failure::usage)?,
            );
        }
        check_waivers(&waivers, &loaded, now).map_err(Failure::usage)?;
        let mut judge = Self {
            policy: loaded,
            name: policy.map(shown),
            facts: Facts::default(),
            waivers,
            vex: Vec::new(),
            baseline: None,
            now,
            history: None,
            keys,
            vex_from_registry: excuses.vex_from_registry,
            source: source.clone(),
        };
        for text in &excuses.vex {
            let documents = judge.vex_documents(text)?;
            judge.vex.extend(documents);
        }
        Ok(judge)
    }

    /// A file, or what lies under `oci://`.
    fn vex_documents(&self, text: &str) -> Result<Vec<VexDocument>, Failure> {
        let Some(reference) = text.strip_prefix("oci://") else {
            let bytes = read_bytes(Path::new(text), MAX)?;
            return Ok(vec![
                VexDocument::read(text, &bytes).map_err(Failure::usage)?,
            ]);
        };
        let reference: Reference = reference.parse().map_err(Failure::usage)?;
        let store = seaworthy_source::registry_store(&reference, &self.source)?;
        let found = vex_of(store.as_ref(), reference.manifest_name(), &self.keys)
            .map_err(Failure::failed)?;
        let documents = told(found);
        if documents.is_empty() {
            return Err(
                Failure::usage(format!("{text} has no VEX document that counts"))
                    .hint("`seaworthy attest` and `seaworthy attach` put them there"),
            );
        }
        Ok(documents)
    }

    fn exceptions<'a>(&'a self, vex: &'a [VexDocument]) -> Exceptions<'a> {
        Exceptions {
            waivers: &self.waivers,
            vex,
            baseline: self.baseline.as_ref(),
        }
    }

    /// The facts about a report, those of its registry too.
    pub(super) fn know(&self, report: &Report) -> Result<Known, Failure> {
        let mut known = Known {
            facts: Facts {
                scanners: Some(report.scanners.clone()).filter(|ran| !ran.is_empty()),
                ..self.facts.clone()
            },
            vex: self.vex.clone(),
        };
        if let Some(file) = &self.history {
            // The first scan of all has no history yet: then everything is new today.
            let seen = if file.exists() {
                let mut history = History::open_existing(file).map_err(Failure::usage)?;
                history
                    .first_seen_all(report.target.image())
                    .map_err(Failure::failed)?
            } else {
                FirstSeen::default()
            };
            known.facts.first_seen = seen.dates(report, self.now);
        }
        if (self.vex_from_registry || !self.keys.is_empty())
            && let Some((store, digests)) = self.in_registry(report)?
        {
            if !self.keys.is_empty() {
                let (signatures, attestations) =
                    supply_facts(store.as_ref(), &digests, &self.keys).map_err(Failure::failed)?;
                known.facts.signatures = Some(signatures);
                known.facts.attestations = Some(attestations);
            }
            if self.vex_from_registry {
                let found =
                    attached_vex(store.as_ref(), &digests, &self.keys).map_err(Failure::failed)?;
                known.vex.extend(told(found));
            }
        }
        Ok(known)
    }

    /// What trusted keys say about the image of a report, for those who ask nothing else.
    pub(super) fn supply(&self, report: &Report) -> Result<Supply, Failure> {
        if self.keys.is_empty() {
            return Ok(Supply::not_looked_for(
                "no trusted key was given (--trusted-key)",
            ));
        }
        let facts = self.know(report)?.facts;
        let (Some(signatures), Some(attestations)) = (facts.signatures, facts.attestations) else {
            return Ok(Supply::not_looked_for("not an image of a registry"));
        };
        Ok(Supply::looked(
            signatures.into_iter().map(|made| (made.verified, made.key)),
            attestations
                .into_iter()
                .map(|said| (said.predicate_type, said.verified, said.signer)),
        ))
    }

    /// Where an image lies in a registry, and the digests that stand for it; none when it was
    /// scanned from somewhere else.
    #[expect(clippy::type_complexity, reason = "a store with its subjects")]
    fn in_registry(
        &self,
        report: &Report,
    ) -> Result<Option<(Box<dyn ArtifactStore>, Vec<Digest>)>, Failure> {
        let digest = report
            .inventory
            .image
            .as_ref()
            .and_then(|image| image.manifest_digest.as_deref())
            .and_then(|digest| digest.parse::<Digest>().ok());
        let is_remote =
            report.target.kind == TargetKind::Image && report.target.source == "registry";
        let (true, Some(digest), Ok(reference)) =
            (is_remote, digest, report.target.name.parse::<Reference>())
        else {
            return Ok(None);
        };
        let store = seaworthy_source::registry_store(&reference, &self.source)?;
        let digests = subjects(store.as_ref(), reference.manifest_name(), &digest)
            .map_err(Failure::failed)?;
        Ok(Some((store, digests)))
    }

    /// What the policy says about a report.
    pub(crate) fn verdict(&self, report: &Report) -> Result<Verdict, Failure> {
        let known = self.know(report)?;
        let subject = Subject {
            report,
            facts: &known.facts,
            now: self.now,
        };
        Ok(evaluate(
            &self.policy,
            subject,
            &self.exceptions(&known.vex),
        ))
    }

    /// The gate of a report that was not filtered yet: the policy's; without one the filter's, for
    /// what is not excused. With the verdict, where there is a policy.
    pub(crate) fn gate(
        &self,
        report: &Report,
        filter: &Filter,
    ) -> Result<(GateResult, Option<Verdict>), Failure> {
        let verdict = self.verdict(report)?;
        Ok(match &self.name {
            Some(name) => (verdict.gate(name), Some(verdict)),
            None => (filter.gate_excusing(report, &verdict), None),
        })
    }

    /// Takes out of a report what VEX clears, and gives what is waived.
    pub(crate) fn excuse(&self, report: &mut Report) -> Result<Vec<Excuse>, Failure> {
        let excuses = self.name.is_some()
            || self.vex_from_registry
            || !self.waivers.is_empty()
            || !self.vex.is_empty();
        if !excuses {
            return Ok(Vec::new());
        }
        let verdict = self.verdict(report)?;
        Ok(excuse(report, &verdict))
    }

    /// What [`Judge::excuse`] gives, for one report.
    pub(crate) fn excused(&self, report: &mut Report) -> Result<Waivers, Failure> {
        Ok(self.excuse(report)?.into_iter().collect())
    }

    /// Which rules a finding breaks.
    pub(super) fn explain(
        &self,
        report: &Report,
        id: &str,
    ) -> Result<Vec<seaworthy_policy::Explanation>, Failure> {
        let known = self.know(report)?;
        let subject = Subject {
            report,
            facts: &known.facts,
            now: self.now,
        };
        Ok(seaworthy_policy::explain(
            &self.policy,
            subject,
            &self.exceptions(&known.vex),
            id,
        ))
    }
}

/// The documents; what was passed over is said.
fn told(found: AttachedVex) -> Vec<VexDocument> {
    for line in &found.skipped {
        crate::exit::warn(line);
    }
    found.documents
}

pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The policy of a file, with what it includes.
pub(super) fn load(
    path: &Path,
    environment: Option<&str>,
    source: &SourceOptions,
) -> Result<Policy, Failure> {
    let bytes = read_bytes(path, MAX)
        .map_err(|failure| failure.hint("`seaworthy policy init` writes one to begin with"))?;
    let includes = PolicyIncludes::new(source.clone());
    Policy::load(&shown(path), &bytes, environment, &includes).map_err(Failure::usage)
}
