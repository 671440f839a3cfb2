//! `seaworthy gitlab scan`, also as `gtcs scan`: GitLab's container scanning analyser by its
//! variables, files and reports.

mod dependencies;
mod files;
mod variables;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Instant;

use seaworthy_model::{Report, Severity};
use seaworthy_report::{EndOfLife, Format, GitLabOptions, WriteOptions};
use seaworthy_scan::{Filter, PackageTypes, ScanOptions};
use seaworthy_source::{Credentials, SourceOptions, TargetRef};

use crate::args::{GitlabScanArgs, Global};
use crate::commands::{Advisories, matching, scanned};
use crate::exit::{Failure, Outcome, Status};
use crate::output::{OutputFormat, OutputSpec, write_report};
use crate::progress::Bars;

pub(crate) use dependencies::run as dependencies;

use files::{Allowlist, MultiImage};
use variables::Variables;

/// Scans what the variables name and writes the reports.
pub(crate) fn run(args: GitlabScanArgs, global: &Global) -> Outcome {
    let lookup = |name: &str| std::env::var(name).ok();
    let mut variables = Variables::read(&lookup);
    for warning in &variables.warnings {
        say("WARN", warning);
    }
    let project_error = |message: String| Failure::usage(message);
    let allowlist = Allowlist::of(&variables.project).map_err(project_error)?;
    let multi = match &args.image {
        Some(_) => None,
        None => MultiImage::of(&variables.project).map_err(project_error)?,
    };
    let images = match (&args.image, &multi) {
        (Some(image), _) => vec![image.clone()],
        (None, Some(multi)) => multi.images(),
        (None, None) => vec![variables.image.clone().ok_or_else(variables::no_image)?],
    };
    if let Some(multi) = &multi {
        variables.include_licenses |= multi.include_licenses;
        variables.insecure |= multi.allow_insecure;
        variables.ca_bundle = multi
            .additional_ca_certificate_bundle
            .clone()
            .or(variables.ca_bundle);
    }
    let advisories = Arc::new(Advisories::open(&args.database)?);
    let bundle = ca_files(variables.ca_bundle.as_deref())?;
    let mut worst = Status::Pass;
    for image in &images {
        let job = Job {
            args: &args,
            global,
            variables: &variables,
            allowlist: &allowlist,
            ca_files: bundle.paths.clone(),
            credentials: multi
                .as_ref()
                .and_then(|multi| of_file(multi, image))
                .or_else(|| variables::credentials(&lookup, image)),
            suffix: if images.len() > 1 {
                safe(image)
            } else {
                String::new()
            },
        };
        worst = worst.max(job.scan(image, &advisories)?);
    }
    Ok(worst)
}

/// A line for the job's log, as the analyser writes them.
fn say(level: &str, text: &str) {
    // Nothing is left to do when the log is gone.
    let _ = writeln!(
        anstream::stderr(),
        "[{level}] {}",
        crate::terminal::one_line(text)
    );
}

/// Certificates as files; a text is kept in one for as long as the job runs.
struct Bundle {
    paths: Vec<PathBuf>,
    _file: Option<tempfile::NamedTempFile>,
}

fn ca_files(bundle: Option<&str>) -> Result<Bundle, Failure> {
    let Some(text) = bundle else {
        return Ok(Bundle {
            paths: Vec::new(),
            _file: None,
        });
    };
    if !text.contains("-----BEGIN") {
        return Ok(Bundle {
            paths: vec![PathBuf::from(text)],
            _file: None,
        });
    }
    let failed = |e: std::io::Error| Failure::failed(format!("cannot keep the certificates: {e}"));
    let mut file = tempfile::NamedTempFile::new().map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(Bundle {
        paths: vec![file.path().to_owned()],
        _file: Some(file),
    })
}

/// The credentials that the file of several images gives, variables of the job put in.
fn of_file(multi: &MultiImage, image: &str) -> Option<(String, String)> {
    let auth = multi
        .auths
        .iter()
        .find(|(registry, _)| image.starts_with(&format!("{registry}/")))
        .map(|(_, auth)| auth)?;
    let resolved = |text: &str| match text.strip_prefix('$') {
        Some(name) => std::env::var(name.trim_matches(['{', '}'])).unwrap_or_default(),
        None => text.to_owned(),
    };
    let (username, password) = (resolved(&auth.username), resolved(&auth.password));
    (!username.is_empty() && !password.is_empty()).then_some((username, password))
}

/// A name that is safe in a file's name.
fn safe(image: &str) -> String {
    let name: String = image
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    format!("-{}", name.trim_matches(['.', '-']))
}

struct Job<'a> {
    args: &'a GitlabScanArgs,
    global: &'a Global,
    variables: &'a Variables,
    allowlist: &'a Allowlist,
    ca_files: Vec<PathBuf>,
    credentials: Option<(String, String)>,
    /// Tells the reports of several images apart.
    suffix: String,
}

impl Job<'_> {
    fn scan(&self, image: &str, advisories: &Arc<Advisories>) -> Result<Status, Failure> {
        let began = Instant::now();
        let start_time = crate::time::date_time(crate::time::now());
        let target = target(image)?;
        if self.variables.info {
            say("INFO", &format!("Scanning {image}"));
        }
        let mut report = self.within_time(target, advisories, image)?;
        if let Some(named) = archived_name(image, &report.target.name) {
            report.target.name = named;
        }
        let approved = self.allowlist.approved(&report.target.name);
        approve(&mut report, self.args.report.fail.on, &approved);
        let options = self.write_options(&report, approved, start_time, began);
        self.write(&report, &options)?;
        let status = Status::from(report.exit_class());
        if status == Status::NotAssessed {
            say(
                "ERROR",
                "parts of the image could not be assessed; SEAWORTHY_ALLOW_UNKNOWN=true accepts that",
            );
        }
        Ok(status)
    }

    fn options(&self) -> Result<ScanOptions, Failure> {
        let variables = self.variables;
        let platform = variables.platform.parse().map_err(|e| {
            Failure::usage(format!("TRIVY_PLATFORM: {e}")).hint("for example linux/arm64")
        })?;
        let packages = PackageTypes {
            os: true,
            language: variables.language,
        };
        let mut options = ScanOptions {
            matching: matching(packages, &self.args.database),
            filter: Filter {
                severity: variables.severity,
                ignore_unfixed: variables.ignore_unfixed,
                ignore_status: variables.ignore_status.clone(),
                fail_on: self.args.report.fail.on,
            },
            allow_unknown: self.args.allow_unknown,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..ScanOptions::default()
        };
        options.read.source = SourceOptions {
            platform: Some(platform),
            credentials: self
                .credentials
                .clone()
                .map(|(username, password)| Credentials { username, password }),
            ca_files: self.ca_files.clone(),
            insecure: variables.insecure,
            plain_http: variables.plain_http,
            ..crate::commands::environment()
        };
        options.read.packages = packages;
        options.read.analysis.threads = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(options)
    }

    /// The scan, given up when it takes longer than the analyser may.
    fn within_time(
        &self,
        target: TargetRef,
        advisories: &Arc<Advisories>,
        image: &str,
    ) -> Result<Report, Failure> {
        let options = self.options()?;
        let (sender, receiver) = mpsc::channel();
        let quiet = self.global.quiet;
        let advisories = Arc::clone(advisories);
        std::thread::spawn(move || {
            let bars = Bars::new(quiet);
            // Nobody listens any more once the time is up.
            let _ = sender.send(scanned(&target, &options, &advisories, &bars));
        });
        match receiver.recv_timeout(self.variables.timeout) {
            Ok(result) => Ok(result?),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(Failure::failed(format!(
                "the scan of {image} took longer than {} s",
                self.variables.timeout.as_secs()
            ))
            .hint("TRIVY_TIMEOUT gives it longer, for example 15m0s")),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(Failure::failed(format!(
                "the scan of {image} ended unexpectedly"
            ))),
        }
    }

    fn write_options(
        &self,
        report: &Report,
        approved: BTreeSet<String>,
        start_time: String,
        began: Instant,
    ) -> WriteOptions {
        let variables = self.variables;
        let dockerfile = match std::fs::read_to_string(&variables.dockerfile) {
            Ok(text) => Some((variables.dockerfile_name.clone(), text)),
            Err(_) => {
                if variables.info {
                    say(
                        "INFO",
                        &format!(
                            "no Dockerfile at {}, so the report has no remediations",
                            variables.dockerfile.display()
                        ),
                    );
                }
                None
            }
        };
        let end_of_life = variables.report_eol.and_then(|severity| {
            let support = report.support.as_ref().filter(|support| support.ended)?;
            Some(EndOfLife {
                severity,
                date: support.end.clone(),
            })
        });
        WriteOptions {
            all: true,
            start_time,
            elapsed: Some(began.elapsed()),
            db_age_days: crate::commands::age(report),
            licenses: variables.include_licenses,
            gitlab: GitLabOptions {
                scanner_id: self.args.report.gitlab_scanner_id.clone(),
                schema_version: self.args.report.gitlab_schema_version.clone(),
                dockerfile,
                default_branch_image: variables.default_branch_image.clone(),
                approved,
                end_of_life,
                commit: crate::commands::commit(),
            },
            ..crate::output::write_options(self.global)
        }
    }

    fn write(&self, report: &Report, options: &WriteOptions) -> Result<(), Failure> {
        let suffix = &self.suffix;
        let mut files = vec![
            (
                Format::GitLab,
                format!("gl-container-scanning-report{suffix}.json"),
            ),
            (
                Format::CycloneDx,
                format!("gl-sbom-report{suffix}.cdx.json"),
            ),
        ];
        // Packages of languages are in no other report.
        if self.variables.language {
            files.push((
                Format::GitLabDependencies,
                format!("gl-dependency-scanning-report{suffix}.json"),
            ));
        }
        for (format, name) in files {
            let spec = OutputSpec {
                format: OutputFormat::Report(format),
                file: Some(self.variables.project.join(name)),
            };
            write_report(&spec, report, options)?;
        }
        if !self.variables.quiet && !self.global.quiet {
            let spec = OutputSpec {
                format: OutputFormat::Report(Format::Table),
                file: None,
            };
            write_report(&spec, report, options)?;
        }
        Ok(())
    }
}

/// What is approved does not break the gate.
fn approve(report: &mut Report, fail_on: Option<Severity>, approved: &BTreeSet<String>) {
    let Some(level) = fail_on else {
        return;
    };
    let breaking = report
        .findings
        .iter()
        .filter(|finding| finding.severity >= level)
        .filter(|finding| {
            !approved.contains(&finding.id)
                && !finding.aliases.iter().any(|id| approved.contains(id))
        })
        .count();
    // Findings below the display threshold count all the same; those were not taken away here.
    let allowed = report
        .findings
        .iter()
        .filter(|finding| finding.severity >= level)
        .count()
        - breaking;
    report.gate.breaking = report.gate.breaking.saturating_sub(allowed);
    report.gate.passed = report.gate.breaking == 0;
}

/// `archive://PATH` is a saved image, everything else one in a registry or what `scan` takes.
fn target(image: &str) -> Result<TargetRef, Failure> {
    Ok(TargetRef::parse(
        image.strip_prefix("archive://").unwrap_or(image),
    )?)
}

/// The name that the server tracks findings by: what the archive calls the image, else its file.
fn archived_name(image: &str, shown: &str) -> Option<String> {
    let path = image.strip_prefix("archive://")?;
    let named = shown
        .strip_prefix(path)
        .and_then(|rest| rest.strip_prefix(" (")?.strip_suffix(')'));
    Some(match named {
        Some(name) => name.to_owned(),
        None => path.rsplit('/').next().unwrap_or(path).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_called_what_they_call_themselves() {
        assert_eq!(archived_name("reg/a:1", "reg/a:1"), None);
        assert_eq!(
            archived_name("archive://x/web.tar", "x/web.tar (shop/web:1.8)").as_deref(),
            Some("shop/web:1.8")
        );
        assert_eq!(
            archived_name("archive://x/web.tar", "x/web.tar").as_deref(),
            Some("web.tar")
        );
    }

    #[test]
    fn names_of_images_become_names_of_files() {
        assert_eq!(safe("reg:5000/a/b:1.2"), "-reg-5000-a-b-1.2");
        assert_eq!(safe("../../x"), "-x");
    }
}
