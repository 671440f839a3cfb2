use std::collections::BTreeMap;

use seaworthy_model::Report;
use serde::{Deserialize, Serialize};

use seaworthy_model::Date;

/// What a policy is checked against: a report, and what is known beside it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The scan's report, before display filters: a gate must not depend on what is shown.
    pub report: &'a Report,
    /// What the report does not carry.
    pub facts: &'a Facts,
    /// Today, in UTC.
    pub now: Date,
}

/// What is known about an image beside its report. `None` means "nobody looked", so that a rule
/// that needs it is not assessed; an empty list means "looked, there is none".
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facts {
    /// The image's own reference; the report's target name when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Reference of the base image, where it is known otherwise than from a Dockerfile or the label
    /// `org.opencontainers.image.base.name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_image: Option<String>,
    /// Size in bytes as stored; the sum of the report's layers when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// When the image was built; what the report says of it when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Date>,
    /// The Dockerfiles that the image is built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dockerfiles: Option<Vec<DockerfileFacts>>,
    /// The containers of Kubernetes and Compose files that run the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub containers: Option<Vec<ContainerFacts>>,
    /// Signatures that were looked at; verified or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signatures: Option<Vec<SignatureFacts>>,
    /// Attestations that were looked at; verified or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestations: Option<Vec<AttestationFacts>>,
    /// When a finding was first reported for this repository, by [`finding_key`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub first_seen: BTreeMap<String, Date>,
    /// The scanners that ran: `vuln`, `secret`, `config`, `license`. Absent: those that the report
    /// names; where it names none, those that it has results of, and `vuln`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scanners: Option<Vec<String>>,
}

/// The key of a finding in [`Facts::first_seen`]: stays the same when the package's version moves.
#[must_use]
pub fn finding_key(id: &str, package_type: &str, package: &str) -> String {
    format!("{id} {package_type}/{package}")
}

/// What a Dockerfile says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DockerfileFacts {
    /// Path.
    pub path: String,
    /// Its stages in order; the last one, or the build's target, is what ships.
    pub stages: Vec<StageFacts>,
    /// Index of the stage that ships; the last one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<usize>,
}

/// One stage of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StageFacts {
    /// Line of its `FROM`.
    pub line: u32,
    /// What it is built on.
    pub base: StageBase,
    /// The last `USER` of the stage, as written with variables resolved; none when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Line of that `USER`.
    #[serde(skip_serializing_if = "is_zero")]
    pub user_line: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// What stands behind `FROM`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageBase {
    /// `FROM scratch`.
    #[default]
    Scratch,
    /// An image, with arguments resolved.
    Image(String),
    /// An earlier stage, by index.
    Stage(usize),
    /// A reference with arguments that have no value.
    Unresolved(String),
}

/// A container of a Kubernetes or Compose file, with its effective security settings (those of the
/// pod already applied).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContainerFacts {
    /// Path of the file.
    pub path: String,
    /// Line of the container.
    pub line: u32,
    /// `Deployment/web, container app`; `service web`.
    pub object: String,
    /// The image that it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// `privileged`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    /// `readOnlyRootFilesystem`, `read_only`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// `allowPrivilegeEscalation`; false for Compose's `no-new-privileges`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privilege_escalation: Option<bool>,
    /// `runAsUser`, `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `runAsNonRoot`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_root: Option<bool>,
    /// Capabilities dropped.
    pub drop: Vec<String>,
    /// Capabilities added.
    pub add: Vec<String>,
    /// Settings that are written in the file, or inherited from another, and whose value is not
    /// known here: variables and templates. Names are those of the fields above.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
}

impl ContainerFacts {
    /// Whether the value of a setting is not known.
    pub(crate) fn is_open(&self, setting: &str) -> bool {
        self.open.iter().any(|name| name == setting)
    }
}

/// A signature of the image.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignatureFacts {
    /// Whether it was verified against a key or identity that the user trusts.
    pub verified: bool,
    /// Name or fingerprint of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Subject of the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Issuer of the identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

/// An attestation about the image.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttestationFacts {
    /// Type of the predicate, a URI: `https://slsa.dev/provenance/v1`.
    pub predicate_type: String,
    /// Whether its signature was verified.
    pub verified: bool,
    /// Name or fingerprint of the key, or the identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

impl<'a> Subject<'a> {
    /// The image's reference, for people.
    #[must_use]
    pub fn name(&self) -> &'a str {
        match &self.facts.reference {
            Some(reference) => reference,
            None => self.report.target.image(),
        }
    }

    /// The day on which the image was built, as its configuration says.
    pub(crate) fn created(&self) -> Option<Date> {
        self.facts.created.or_else(|| {
            let image = self.report.inventory.image.as_ref()?;
            // RFC 3339: the day comes first.
            image.created.as_ref()?.get(..10)?.parse().ok()
        })
    }

    /// Whether a scanner ran.
    pub(crate) fn ran(&self, scanner: &str) -> bool {
        let named = Some(&self.report.scanners).filter(|ran| !ran.is_empty());
        match self.facts.scanners.as_ref().or(named) {
            Some(list) => list.iter().any(|s| s == scanner),
            None => match scanner {
                "secret" => !self.report.secrets.is_empty(),
                "config" => !self.report.misconfigurations.is_empty(),
                "license" => !self.report.licenses.is_empty(),
                _ => true,
            },
        }
    }
}
