use std::path::PathBuf;
use std::time::Duration;

use seaworthy_model::{Severity, State};

use crate::exit::{Failure, Status};

/// Where variables come from: the environment, or a test's list.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the variables of GitLab's analyser say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variables {
    /// The image, unless another one is named or a file lists several.
    pub(super) image: Option<String>,
    /// The project's folder: reports go there, settings are read from there.
    pub(super) project: PathBuf,
    pub(super) insecure: bool,
    pub(super) plain_http: bool,
    pub(super) severity: Option<Severity>,
    pub(super) ignore_unfixed: bool,
    pub(super) ignore_status: Vec<State>,
    pub(super) language: bool,
    pub(super) default_branch_image: Option<String>,
    pub(super) dockerfile: PathBuf,
    /// Its path as the report names it.
    pub(super) dockerfile_name: String,
    pub(super) quiet: bool,
    pub(super) include_licenses: bool,
    pub(super) report_eol: Option<Severity>,
    pub(super) platform: String,
    pub(super) timeout: Duration,
    pub(super) ca_bundle: Option<String>,
    /// Whether lines below a warning are wanted.
    pub(super) info: bool,
    /// What is to be said about variables that mean nothing.
    pub(super) warnings: Vec<String>,
}

/// A value without blanks around it; one that is set and empty beats the default.
fn value(lookup: Lookup<'_>, name: &str, default: &str) -> String {
    lookup(name).map_or_else(|| default.to_owned(), |value| value.trim().to_owned())
}

fn is_true(lookup: Lookup<'_>, name: &str, default: &str) -> bool {
    value(lookup, name, default).eq_ignore_ascii_case("true")
}

impl Variables {
    pub(super) fn read(lookup: Lookup<'_>) -> Self {
        let mut warnings = Vec::new();
        let project = PathBuf::from(value(lookup, "CI_PROJECT_DIR", "."));
        let threshold = value(lookup, "CS_SEVERITY_THRESHOLD", "UNKNOWN");
        let severity = threshold.parse::<Severity>().unwrap_or_else(|_| {
            warnings.push(format!(
                "CS_SEVERITY_THRESHOLD={threshold} is no severity; all findings are reported"
            ));
            Severity::Unknown
        });
        let ignore_status = value(lookup, "CS_IGNORE_STATUSES", "")
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .filter_map(|word| {
                word.parse()
                    .map_err(|_| warnings.push(format!("CS_IGNORE_STATUSES: {word} is no status")))
                    .ok()
            })
            .collect();
        let default_branch_image = Some(value(lookup, "CS_DEFAULT_BRANCH_IMAGE", ""))
            .filter(|image| !image.is_empty())
            .filter(|image| {
                let last = image.rsplit('/').next().unwrap_or_default();
                let good = last.contains(':') && !image.contains('@');
                if !good {
                    warnings.push(format!(
                        "CS_DEFAULT_BRANCH_IMAGE={image} needs a tag and no digest; it is left out"
                    ));
                }
                good
            });
        let timeout = value(lookup, "TRIVY_TIMEOUT", "5m0s");
        let timeout = crate::time::duration(&timeout).unwrap_or_else(|| {
            warnings.push(format!(
                "TRIVY_TIMEOUT={timeout} is no duration; it is 5m0s"
            ));
            Duration::from_secs(300)
        });
        let model = value(lookup, "CS_SCHEMA_MODEL", "15");
        if model != "15" {
            warnings.push(format!(
                "CS_SCHEMA_MODEL={model} is not known; the report follows 15"
            ));
        }
        let priority = value(lookup, "CS_TRIVY_DETECTION_PRIORITY", "precise");
        if !matches!(priority.as_str(), "precise" | "comprehensive") {
            warnings.push(format!(
                "CS_TRIVY_DETECTION_PRIORITY={priority} is not known"
            ));
        }
        let (dockerfile, dockerfile_name) = {
            let named = value(lookup, "CS_DOCKERFILE_PATH", "Dockerfile");
            let relative = PathBuf::from(&named);
            let name = relative
                .strip_prefix(&project)
                .map_or_else(|_| named.clone(), |path| path.display().to_string());
            (project.join(relative), name)
        };
        let report_eol = is_true(lookup, "CS_REPORT_OS_EOL", "").then(|| {
            value(lookup, "CS_REPORT_OS_EOL_SEVERITY", "Medium")
                .parse()
                .unwrap_or(Severity::Medium)
        });
        Self {
            image: image(lookup),
            insecure: is_true(lookup, "CS_DOCKER_INSECURE", "false"),
            plain_http: is_true(lookup, "CS_REGISTRY_INSECURE", "false"),
            severity: (severity != Severity::Unknown).then_some(severity),
            ignore_unfixed: is_true(lookup, "CS_IGNORE_UNFIXED", "false"),
            ignore_status,
            language: !is_true(lookup, "CS_DISABLE_LANGUAGE_VULNERABILITY_SCAN", "true"),
            default_branch_image,
            dockerfile,
            dockerfile_name,
            // On for any value, even an empty one.
            quiet: lookup("CS_QUIET").is_some(),
            include_licenses: is_true(lookup, "CS_INCLUDE_LICENSES", ""),
            report_eol,
            platform: value(lookup, "TRIVY_PLATFORM", "linux/amd64"),
            timeout,
            ca_bundle: Some(value(lookup, "ADDITIONAL_CA_CERT_BUNDLE", ""))
                .filter(|text| !text.is_empty()),
            info: matches!(
                value(lookup, "SECURE_LOG_LEVEL", "info")
                    .to_ascii_lowercase()
                    .as_str(),
                "info" | "debug"
            ),
            project,
            warnings,
        }
    }
}

/// `CS_IMAGE`, else the application's repository and tag.
fn image(lookup: Lookup<'_>) -> Option<String> {
    if let Some(image) = lookup("CS_IMAGE") {
        return Some(image.trim().to_owned()).filter(|image| !image.is_empty());
    }
    let repository = match lookup("CI_APPLICATION_REPOSITORY") {
        Some(repository) => repository.trim().to_owned(),
        None => format!(
            "{}/{}",
            lookup("CI_REGISTRY_IMAGE")?.trim(),
            lookup("CI_COMMIT_REF_SLUG")?.trim()
        ),
    };
    let tag = match lookup("CI_APPLICATION_TAG") {
        Some(tag) => tag,
        None => lookup("CI_COMMIT_SHA")?,
    };
    Some(format!("{repository}:{}", tag.trim()))
}

/// The user and the password for an image: those of the analyser, else those of the job, and the
/// latter only for the job's own registry.
pub(super) fn credentials(lookup: Lookup<'_>, image: &str) -> Option<(String, String)> {
    let own = lookup("CI_REGISTRY")
        .map(|registry| registry.trim().to_owned())
        .filter(|registry| !registry.is_empty())
        .is_some_and(|registry| image.starts_with(&format!("{registry}/")));
    let either = |name: &str, job: &str| {
        lookup(name)
            .or_else(|| own.then(|| lookup(job)).flatten())
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    };
    Some((
        either("CS_REGISTRY_USER", "CI_REGISTRY_USER")?,
        either("CS_REGISTRY_PASSWORD", "CI_REGISTRY_PASSWORD")?,
    ))
}

/// A missing image ends the job with 1, as GitLab's analyser does.
pub(super) fn no_image() -> Failure {
    Failure::new(
        Status::GateFailed,
        "no image: CS_IMAGE is not set, and CI_REGISTRY_IMAGE, CI_COMMIT_REF_SLUG and CI_COMMIT_SHA do not name one",
    )
    .hint("set CS_IMAGE, or name the image: gtcs scan IMAGE")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        }
    }

    fn read(pairs: &[(&str, &str)]) -> Variables {
        Variables::read(&lookup(pairs))
    }

    #[test]
    fn the_image_comes_from_the_variables_in_order() {
        let base = [
            ("CI_REGISTRY_IMAGE", "reg/a/b"),
            ("CI_COMMIT_REF_SLUG", "main"),
            ("CI_COMMIT_SHA", "abc"),
        ];
        assert_eq!(read(&base).image.as_deref(), Some("reg/a/b/main:abc"));
        let with = |more: &[(&'static str, &'static str)]| read(&[more, &base[..]].concat()).image;
        assert_eq!(with(&[("CS_IMAGE", " x:1 ")]).as_deref(), Some("x:1"));
        assert_eq!(
            with(&[
                ("CI_APPLICATION_REPOSITORY", "r"),
                ("CI_APPLICATION_TAG", "t")
            ])
            .as_deref(),
            Some("r:t")
        );
        assert_eq!(with(&[("CS_IMAGE", "")]), None);
        assert_eq!(read(&base[..2]).image, None);
    }

    #[test]
    fn defaults_are_those_of_the_analyser() {
        let defaults = read(&[]);
        assert!(!defaults.language && !defaults.quiet && !defaults.insecure && defaults.info);
        assert_eq!(defaults.severity, None);
        assert_eq!(defaults.platform, "linux/amd64");
        assert_eq!(defaults.timeout, Duration::from_secs(300));
        assert!(defaults.warnings.is_empty());
    }

    #[test]
    fn values_are_read_as_the_analyser_reads_them() {
        let variables = read(&[
            ("CS_SEVERITY_THRESHOLD", "high"),
            ("CS_IGNORE_UNFIXED", "TRUE"),
            ("CS_IGNORE_STATUSES", "will_not_fix, end_of_life"),
            ("CS_DISABLE_LANGUAGE_VULNERABILITY_SCAN", "false"),
            ("CS_QUIET", ""),
            ("CS_REGISTRY_INSECURE", "1"),
            ("CS_DEFAULT_BRANCH_IMAGE", "reg:5000/a:main"),
            ("CI_PROJECT_DIR", "/builds/x"),
            ("CS_DOCKERFILE_PATH", "/builds/x/docker/Dockerfile"),
            ("CS_REPORT_OS_EOL", "true"),
            ("CS_REPORT_OS_EOL_SEVERITY", "High"),
            ("SECURE_LOG_LEVEL", "error"),
            ("TRIVY_TIMEOUT", "1h30m"),
        ]);
        assert_eq!(variables.severity, Some(Severity::High));
        assert!(variables.ignore_unfixed && variables.language && variables.quiet);
        assert!(!variables.plain_http && !variables.info);
        assert_eq!(variables.ignore_status.len(), 2);
        assert_eq!(
            variables.default_branch_image.as_deref(),
            Some("reg:5000/a:main")
        );
        assert_eq!(
            variables.dockerfile,
            PathBuf::from("/builds/x/docker/Dockerfile")
        );
        assert_eq!(variables.dockerfile_name, "docker/Dockerfile");
        assert_eq!(variables.report_eol, Some(Severity::High));
        assert_eq!(variables.timeout, Duration::from_secs(5400));
        assert!(variables.warnings.is_empty());
    }

    #[test]
    fn nonsense_is_warned_about() {
        let variables = read(&[
            ("CS_SEVERITY_THRESHOLD", "awful"),
            ("CS_IGNORE_STATUSES", "bad"),
            ("CS_DEFAULT_BRANCH_IMAGE", "reg:5000/a"),
            ("TRIVY_TIMEOUT", "soon"),
            ("CS_SCHEMA_MODEL", "14"),
        ]);
        assert_eq!(variables.warnings.len(), 5, "{:?}", variables.warnings);
        assert_eq!(variables.severity, None);
        assert_eq!(variables.default_branch_image, None);
    }

    #[test]
    fn the_jobs_credentials_stay_at_the_jobs_registry() {
        let job = [
            ("CI_REGISTRY", "registry.example.com"),
            ("CI_REGISTRY_USER", "u"),
            ("CI_REGISTRY_PASSWORD", "p"),
        ];
        let of = |pairs: &[(&str, &str)], image: &str| credentials(&lookup(pairs), image);
        assert!(of(&job, "registry.example.com/a/b:1").is_some());
        assert_eq!(of(&job, "docker.io/library/alpine"), None);
        assert_eq!(of(&job, "registry.example.com.evil.org/a"), None);
        assert_eq!(of(&[("CI_REGISTRY", ""), job[1], job[2]], "/a"), None);
        let own = [("CS_REGISTRY_USER", "a"), ("CS_REGISTRY_PASSWORD", "b")];
        assert_eq!(
            of(&own, "docker.io/x"),
            Some(("a".to_owned(), "b".to_owned()))
        );
        assert_eq!(
            of(&[own[0], ("CS_REGISTRY_PASSWORD", "")], "docker.io/x"),
            None
        );
    }
}
