//! CIS Docker Benchmark 1.6: numbers of the benchmark, words of our own.

use seaworthy_model::Severity;

use super::{Check, Control, nothing, part, whole};

const HOST: &str = "about the host and its Docker daemon, which an image does not show";
const IMAGE: &[&str] = &["image", "dockerfile"];
const RUNTIME: &[&str] = &["compose", "kubernetes"];

const fn built(what: &'static str, references: &'static [&'static str]) -> Check {
    Check::Rules {
        what,
        kinds: IMAGE,
        references,
    }
}

const fn run(what: &'static str, references: &'static [&'static str]) -> Check {
    Check::Rules {
        what,
        kinds: RUNTIME,
        references,
    }
}

/// What is running may differ from what the files say.
const AS_WRITTEN: &str = "the containers that run, beyond the Compose files and manifests checked";

pub(super) const CONTROLS: &[Control] = &[
    nothing("1", "Host configuration", HOST),
    nothing("2", "Daemon configuration", HOST),
    nothing("3", "Files of the daemon", HOST),
    whole(
        "4.1",
        "The image has a user of its own",
        &[
            Check::NonRoot,
            built(
                "no Dockerfile ends as root",
                &["CIS-DI-0001", "DL3002", "AVD-DS-0002"],
            ),
        ],
    ),
    part(
        "4.2",
        "Only trusted base images",
        &[Check::Signature],
        "which base images are trusted, which the policy says (`base_images`)",
    ),
    part(
        "4.3",
        "No unnecessary packages",
        &[built(
            "no packages that only the build needs",
            &["DL3015", "AVD-DS-0029"],
        )],
        "which packages the application needs",
    ),
    whole(
        "4.4",
        "Scanned, and rebuilt with security fixes",
        &[
            Check::ScanAge(30),
            Check::Fixable(Severity::High),
            Check::Supported,
        ],
    ),
    part(
        "4.5",
        "Content trust is on",
        &[Check::Signature],
        "the setting of each client",
    ),
    whole(
        "4.6",
        "Has a health check",
        &[built(
            "a HEALTHCHECK instruction",
            &["CIS-DI-0006", "DL3057", "AVD-DS-0026"],
        )],
    ),
    whole(
        "4.7",
        "No update instruction on its own",
        &[built(
            "package lists are updated where packages are installed",
            &["CIS-DI-0007", "AVD-DS-0017"],
        )],
    ),
    whole(
        "4.8",
        "No setuid and setgid files that are not needed",
        &[built("no setuid or setgid files", &["CIS-DI-0008"])],
    ),
    whole(
        "4.9",
        "COPY instead of ADD",
        &[built(
            "no ADD where COPY does",
            &["CIS-DI-0009", "DL3020", "AVD-DS-0005"],
        )],
    ),
    whole(
        "4.10",
        "No secrets in Dockerfiles",
        &[
            Check::Secrets,
            built("no secrets in ARG and ENV", &["CIS-DI-0010", "AVD-DS-0031"]),
        ],
    ),
    nothing(
        "4.11",
        "Only verified packages",
        "about the keys that the package managers of the build trust",
    ),
    whole(
        "4.12",
        "Signed artifacts are validated",
        &[Check::Signature],
    ),
    nothing("5.1", "Swarm mode only where needed", HOST),
    part(
        "5.2",
        "An AppArmor profile",
        &[run("no container without AppArmor", &["AVD-KSV-0002"])],
        AS_WRITTEN,
    ),
    part(
        "5.3",
        "SELinux options",
        &[run("no SELinux option that weakens", &["AVD-KSV-0025"])],
        AS_WRITTEN,
    ),
    part(
        "5.4",
        "Few Linux capabilities",
        &[run(
            "capabilities are dropped and none is added",
            &[
                "AVD-KSV-0003",
                "AVD-KSV-0022",
                "AVD-KSV-0106",
                "AVD-KSV-0005",
            ],
        )],
        AS_WRITTEN,
    ),
    part(
        "5.5",
        "No privileged container",
        &[run("no privileged container", &["AVD-KSV-0017"])],
        AS_WRITTEN,
    ),
    part(
        "5.6",
        "No sensitive directory of the host",
        &[run(
            "no path of the host",
            &["AVD-KSV-0023", "AVD-KSV-0121"],
        )],
        AS_WRITTEN,
    ),
    part(
        "5.7",
        "No SSH server inside",
        &[built("no SSH port exposed", &["AVD-DS-0004"])],
        "processes that are started later",
    ),
    part(
        "5.8 to 5.9",
        "No privileged port, and only needed ones",
        &[run("no port of the host", &["AVD-KSV-0024"])],
        AS_WRITTEN,
    ),
    part(
        "5.10",
        "Not the host's network",
        &[run("no host network", &["AVD-KSV-0009"])],
        AS_WRITTEN,
    ),
    part(
        "5.11",
        "A limit of memory",
        &[run("a limit of memory", &["AVD-KSV-0018"])],
        AS_WRITTEN,
    ),
    part(
        "5.12",
        "A share of CPU",
        &[run("a limit of CPU", &["AVD-KSV-0011"])],
        AS_WRITTEN,
    ),
    part(
        "5.13",
        "Root file system is read-only",
        &[run("a read-only root file system", &["AVD-KSV-0014"])],
        AS_WRITTEN,
    ),
    nothing(
        "5.14 to 5.15",
        "Ports bound to one interface; restarts limited",
        "not checked in Compose files yet",
    ),
    part(
        "5.16",
        "Not the host's processes",
        &[run("no host process namespace", &["AVD-KSV-0010"])],
        AS_WRITTEN,
    ),
    part(
        "5.17",
        "Not the host's IPC",
        &[run("no host IPC namespace", &["AVD-KSV-0008"])],
        AS_WRITTEN,
    ),
    nothing(
        "5.18 to 5.21",
        "Devices, ulimits, mount propagation, UTS namespace",
        "not checked in Compose files yet",
    ),
    part(
        "5.22",
        "Seccomp is not switched off",
        &[run(
            "a seccomp profile",
            &["AVD-KSV-0030", "AVD-KSV-0104", "AVD-KSV-0019"],
        )],
        AS_WRITTEN,
    ),
    nothing(
        "5.23 to 5.25",
        "`docker exec` without privileges; cgroups",
        "about commands that people type",
    ),
    part(
        "5.26",
        "No gain of privileges",
        &[run("no privilege escalation", &["AVD-KSV-0001"])],
        AS_WRITTEN,
    ),
    nothing(
        "5.27",
        "Health is checked at run time",
        "about the containers that run",
    ),
    part(
        "5.28",
        "The newest version of the image",
        &[
            built(
                "no `latest` and no missing tag in FROM",
                &["DKL-DI-0006", "DL3006", "DL3007", "AVD-DS-0001"],
            ),
            Check::ScanAge(30),
        ],
        "which version is the newest one",
    ),
    nothing(
        "5.29 to 5.31",
        "Process limits, default bridge, user namespaces",
        "not checked in Compose files yet",
    ),
    part(
        "5.32",
        "No Docker socket inside",
        &[run("no Docker socket", &["AVD-KSV-0006"])],
        AS_WRITTEN,
    ),
    nothing(
        "6",
        "Operations",
        "about how many images and containers there are on a host",
    ),
    nothing("7", "Swarm", HOST),
];
