//! CIS Docker Benchmark 1.6: numbers of the benchmark, words of our own.

use seaworthy_model::Severity;

use super::{Check, Control, nothing, part, rules, whole};

const HOST: &str = "about the host and its Docker daemon, which an image does not show";
/// What is running may differ from what the files say.
const AS_WRITTEN: &str =
    "the containers that run, beyond the Compose files and manifests that were checked";

const fn running(id: &'static str, title: &'static str, checks: &'static [Check]) -> Control {
    part(id, title, checks, AS_WRITTEN)
}

#[rustfmt::skip]
pub(super) const CONTROLS: &[Control] = &[
    nothing("1", "Host configuration", HOST),
    nothing("2", "Daemon configuration", HOST),
    nothing("3", "Files of the daemon", HOST),
    whole("4.1", "The image has a user of its own", &[Check::NonRoot, rules::NO_ROOT_IN_BUILD]),
    part("4.2", "Only trusted base images", &[Check::Signature],
        "which base images are trusted, which the policy says (`base_images`)"),
    part("4.3", "No unnecessary packages", &[rules::FEW_PACKAGES],
        "which packages the application needs"),
    whole("4.4", "Scanned, and rebuilt with security fixes",
        &[Check::ScanAge(30), Check::Fixable(Severity::High), Check::Supported]),
    part("4.5", "Content trust is on", &[Check::Signature], "the setting of each client"),
    whole("4.6", "Has a health check", &[rules::HEALTH_CHECK]),
    whole("4.7", "No update instruction on its own", &[rules::UPDATE_WITH_INSTALL]),
    whole("4.8", "No setuid and setgid programs that are not needed", &[rules::NO_SETUID]),
    whole("4.9", "COPY instead of ADD", &[rules::COPY_NOT_ADD]),
    whole("4.10", "No secrets in Dockerfiles", &[Check::Secrets, rules::NO_SECRET_IN_BUILD]),
    part("4.11", "Only verified packages", &[rules::VERIFIED_PACKAGES],
        "which keys the package managers of the build trust"),
    part("4.12", "Signed artifacts are validated", &[Check::Signature, Check::Attestations],
        "artifacts other than the image, and that uploads are refused"),
    nothing("5.1", "Swarm mode only where needed", HOST),
    running("5.2", "An AppArmor profile", &[rules::APPARMOR]),
    running("5.3", "SELinux options", &[rules::SELINUX]),
    running("5.4", "Few Linux capabilities", &[rules::DROP_CAPABILITIES, rules::NO_CAPABILITIES]),
    running("5.5", "No privileged container", &[rules::NOT_PRIVILEGED]),
    running("5.6", "No sensitive directory of the host", &[rules::NO_HOST_PATH]),
    part("5.7", "No SSH server inside", &[rules::NO_SSH], "processes that are started later"),
    running("5.8", "No privileged port", &[rules::NO_LOW_PORT]),
    nothing("5.9", "Only needed ports", "about what the application serves"),
    running("5.10", "Not the host's network", &[rules::NO_HOST_NETWORK]),
    running("5.11", "A limit of memory", &[rules::MEMORY_LIMIT]),
    running("5.12", "A share of CPU", &[rules::CPU_LIMIT]),
    running("5.13", "Root file system is read-only", &[rules::READ_ONLY]),
    part("5.14", "Ports bound to one interface", &[rules::NO_OPEN_PORT],
        "ports of other services than databases"),
    running("5.15", "Restarts are limited", &[rules::FEW_RESTARTS]),
    running("5.16", "Not the host's processes", &[rules::NO_HOST_PROCESSES]),
    running("5.17", "Not the host's IPC", &[rules::NO_HOST_IPC]),
    running("5.18", "No device of the host", &[rules::NO_DEVICE]),
    nothing("5.19", "Ulimits where they are needed", "about what the application needs"),
    running("5.20", "Mounts are not shared", &[rules::NO_SHARED_MOUNT]),
    running("5.21", "Not the host's UTS namespace", &[rules::NO_HOST_UTS]),
    running("5.22", "Seccomp is not switched off", &[rules::SECCOMP]),
    nothing("5.23 to 5.24", "`docker exec` without privileges", "about commands that people type"),
    running("5.25", "The cgroup of the daemon", &[rules::NO_CGROUP]),
    running("5.26", "No gain of privileges", &[rules::NO_ESCALATION]),
    running("5.27", "Health is checked at run time", &[rules::RUN_HEALTH_CHECK]),
    part("5.28", "The newest version of the image", &[rules::FIXED_IMAGE, Check::ScanAge(30)],
        "which version is the newest one"),
    running("5.29", "A limit of processes", &[rules::PROCESS_LIMIT]),
    running("5.30", "Not the default bridge", &[rules::NO_DEFAULT_BRIDGE]),
    running("5.31", "Not the host's user namespace", &[rules::NO_HOST_USERS]),
    running("5.32", "No Docker socket inside", &[rules::NO_RUNTIME_SOCKET]),
    nothing("6", "Operations", "about how many images and containers there are on a host"),
    nothing("7", "Swarm", HOST),
];
