//! Package managers of distributions: apt, apk, yum, dnf, zypper.

use seaworthy_dockerfile::shell::{Command, ShellWord};

use super::super::command::{has_flag, has_word, is, list, packages, positional};
use super::super::context::{Context, Run, Shell};

rules! {
    APT_PIN = "0100", Negligible, ["DL3008"],
        "apt-get install without versions",
        why: "Another day, another version: builds are not repeatable. But distributions drop old versions, and a pinned one then fails to build, so most teams mute this rule.",
        fix: "Write `package=version`, or pin the base image and its snapshot.",
        bad: "FROM debian:12.7\nRUN apt-get install -y --no-install-recommends curl\n",
        good: "FROM debian:12.7\nRUN apt-get install -y --no-install-recommends curl=7.88.1-10\n";
    APT_LISTS = "0101", Low, ["DL3009", "DKL-DI-0005"],
        "apt lists left in the image",
        why: "The package lists take tens of megabytes and are outdated the next day.",
        fix: "End the same RUN with `rm -rf /var/lib/apt/lists/*`, or mount a cache.",
        bad: "FROM debian:12.7\nRUN apt-get update\n",
        good: "FROM debian:12.7\nRUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10 && rm -rf /var/lib/apt/lists/*\n";
    APT_YES = "0102", Medium, ["DL3014", "AVD-DS-0021"],
        "apt-get install without -y",
        why: "There is nobody to answer the question; the build fails.",
        fix: "Add `-y`.",
        bad: "FROM debian:12.7\nRUN apt-get install --no-install-recommends curl=7.88.1-10\n",
        good: "FROM debian:12.7\nRUN apt-get install -y --no-install-recommends curl=7.88.1-10\n";
    APT_RECOMMENDS = "0103", Low, ["DL3015", "AVD-DS-0029"],
        "apt-get install with recommended packages",
        why: "Recommended packages are often not needed: more to download, more to patch.",
        fix: "Add `--no-install-recommends`.",
        bad: "FROM debian:12.7\nRUN apt-get install -y curl=7.88.1-10\n",
        good: "FROM debian:12.7\nRUN apt-get install -y --no-install-recommends curl=7.88.1-10\n";
    APT = "0104", Low, ["DL3027"],
        "apt instead of apt-get",
        why: "apt is for people at a terminal; its options and output may change.",
        fix: "Use apt-get or apt-cache.",
        bad: "FROM debian:12.7\nRUN apt install -y curl\n",
        good: "FROM debian:12.7\nRUN apt-get install -y --no-install-recommends curl=7.88.1-10\n";
    DIST_UPGRADE = "0105", Medium, ["DL3005", "AVD-DS-0024", "DKL-DI-0003"],
        "Upgrade of the whole distribution",
        why: "A dist-upgrade may remove packages and change the release; the result differs from build to build.",
        fix: "Take a newer base image.",
        bad: "FROM debian:12.7\nRUN apt-get dist-upgrade -y\n", good: "FROM debian:12.8\nRUN make\n";
    UPDATE_ALONE = "0106", Medium, ["AVD-DS-0017", "CIS-DI-0007"],
        "Package lists updated in a RUN of their own",
        why: "The layer with the lists is cached: a later install takes packages from lists that are months old.",
        fix: "Update and install in one RUN.",
        bad: "FROM debian:12.7\nRUN apt-get update\nRUN apt-get install -y curl\n",
        good: "FROM debian:12.7\nRUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10 && rm -rf /var/lib/apt/lists/*\n";
    UNSIGNED = "0107", High, ["CIS-DOCKER-4.11"],
        "Packages installed without checking signatures",
        why: "Without the check anybody on the way to the mirror can send another package.",
        fix: "Add the repository's key, and leave the flag out.",
        bad: "FROM debian:12.7\nRUN apt-get install -y --allow-unauthenticated curl\n",
        good: "FROM debian:12.7\nRUN apt-get install -y --no-install-recommends curl=7.88.1-10\n";
    APK_PIN = "0110", Negligible, ["DL3018"],
        "apk add without versions",
        why: "Another day, another version: builds are not repeatable. But Alpine drops old versions, and a pinned one then fails to build, so most teams mute this rule.",
        fix: "Write `package=version` or `package~version`.",
        bad: "FROM alpine:3.20\nRUN apk add --no-cache curl\n",
        good: "FROM alpine:3.20\nRUN apk add --no-cache curl=8.9.0-r0\n";
    APK_CACHE = "0111", Low, ["DL3019", "AVD-DS-0025", "DKL-DI-0004"],
        "apk add without --no-cache",
        why: "The package index stays in the image.",
        fix: "Add `--no-cache`, or mount a cache at /var/cache/apk.",
        bad: "FROM alpine:3.20\nRUN apk add curl=8.9.0-r0\n",
        good: "FROM alpine:3.20\nRUN apk add --no-cache curl=8.9.0-r0\n";
    YUM_YES = "0120", Medium, ["DL3030"],
        "yum install without -y",
        why: "There is nobody to answer the question; the build fails.",
        fix: "Add `-y`.",
        bad: "FROM centos:7.9\nRUN yum install curl-7.29.0 && yum clean all\n",
        good: "FROM centos:7.9\nRUN yum install -y curl-7.29.0 && yum clean all\n";
    YUM_CLEAN = "0121", Low, ["DL3032", "AVD-DS-0015"],
        "yum cache left in the image",
        why: "The metadata of the repositories takes tens of megabytes.",
        fix: "End the same RUN with `yum clean all`, or mount a cache.",
        bad: "FROM centos:7.9\nRUN yum install -y curl-7.29.0\n",
        good: "FROM centos:7.9\nRUN yum install -y curl-7.29.0 && yum clean all\n";
    YUM_PIN = "0122", Negligible, ["DL3033"],
        "yum install without versions",
        why: "Another day, another version: builds are not repeatable.",
        fix: "Write `package-version`.",
        bad: "FROM centos:7.9\nRUN yum install -y curl && yum clean all\n",
        good: "FROM centos:7.9\nRUN yum install -y curl-7.29.0 && yum clean all\n";
    DNF_YES = "0123", Medium, ["DL3038"],
        "dnf install without -y",
        why: "There is nobody to answer the question; the build fails.",
        fix: "Add `-y`.",
        bad: "FROM fedora:40\nRUN dnf install curl-8.6.0 && dnf clean all\n",
        good: "FROM fedora:40\nRUN dnf install -y curl-8.6.0 && dnf clean all\n";
    DNF_CLEAN = "0124", Low, ["DL3040", "AVD-DS-0019", "AVD-DS-0027"],
        "dnf cache left in the image",
        why: "The metadata of the repositories takes tens of megabytes.",
        fix: "End the same RUN with `dnf clean all`, or mount a cache.",
        bad: "FROM fedora:40\nRUN dnf install -y curl-8.6.0\n",
        good: "FROM fedora:40\nRUN dnf install -y curl-8.6.0 && dnf clean all\n";
    DNF_PIN = "0125", Negligible, ["DL3041"],
        "dnf install without versions",
        why: "Another day, another version: builds are not repeatable.",
        fix: "Write `package-version`.",
        bad: "FROM fedora:40\nRUN dnf install -y curl && dnf clean all\n",
        good: "FROM fedora:40\nRUN dnf install -y curl-8.6.0 && dnf clean all\n";
    ZYPPER_YES = "0126", Medium, ["DL3034"],
        "zypper without -n or -y",
        why: "There is nobody to answer the question; the build fails.",
        fix: "Add `--non-interactive`.",
        bad: "FROM opensuse/leap:15.6\nRUN zypper install curl=8.6.0 && zypper clean\n",
        good: "FROM opensuse/leap:15.6\nRUN zypper -n install curl=8.6.0 && zypper clean\n";
    ZYPPER_DUP = "0127", Medium, ["DL3035"],
        "zypper dist-upgrade",
        why: "A dist-upgrade may remove packages and change the release; the result differs from build to build.",
        fix: "Take a newer base image.",
        bad: "FROM opensuse/leap:15.6\nRUN zypper -n dup\n", good: "FROM opensuse/leap:15.6\nRUN make\n";
    ZYPPER_CLEAN = "0128", Low, ["DL3036", "AVD-DS-0020"],
        "zypper cache left in the image",
        why: "The metadata of the repositories takes tens of megabytes.",
        fix: "End the same RUN with `zypper clean`, or mount a cache.",
        bad: "FROM opensuse/leap:15.6\nRUN zypper -n install curl=8.6.0\n",
        good: "FROM opensuse/leap:15.6\nRUN zypper -n install curl=8.6.0 && zypper clean\n";
    ZYPPER_PIN = "0129", Negligible, ["DL3037"],
        "zypper install without versions",
        why: "Another day, another version: builds are not repeatable.",
        fix: "Write `package=version`.",
        bad: "FROM opensuse/leap:15.6\nRUN zypper -n install curl && zypper clean\n",
        good: "FROM opensuse/leap:15.6\nRUN zypper -n install curl=8.6.0 && zypper clean\n";
}

pub(super) fn check(cx: &mut Context<'_>) {
    apt(cx);
    cx.each_command(&UNSIGNED, &|command, _| unsigned(command));
    update_alone(cx);
    cx.each_command(&APK_PIN, &|command, _| unpinned_apk(command));
    cx.each_run(&APK_CACHE, &|run| {
        let adds = run.commands().find(|c| {
            is(c, &["apk"]) && has_word(c, &["add"]) && !has_flag(c, "", &["no-cache"])
        })?;
        let kept = !run.mounts(&|t| t == "/var/cache/apk" || t == "/etc/apk/cache");
        kept.then(|| (adds.span, "the package index stays.".to_owned()))
    });
    yum(cx);
    dnf(cx);
    zypper(cx);
}

/// Names of the words that are not pinned, as a message.
fn unpinned(words: &[&ShellWord], pinned: &dyn Fn(&str) -> bool) -> Option<String> {
    let open: Vec<&ShellWord> = words.iter().copied().filter(|w| !pinned(&w.text)).collect();
    (!open.is_empty()).then(|| format!("{} without a version.", list(&open)))
}

const APT_VALUES: [&str; 9] = [
    "-t",
    "--target-release",
    "--default-release",
    "-o",
    "--option",
    "-c",
    "--config-file",
    "-a",
    "--host-architecture",
];

fn apt_install(command: &Command) -> bool {
    is(command, &["apt-get"]) && has_word(command, &["install"])
}

fn apt(cx: &mut Context<'_>) {
    cx.each_command(&APT_PIN, &|command, _| {
        if !apt_install(command) {
            return None;
        }
        unpinned(&packages(command, &["install"], &APT_VALUES), &|text| {
            text.contains(['=', '/']) || text.ends_with(".deb")
        })
    });
    cx.each_command(&APT_YES, &|command, _| {
        let quiet = command.arguments().iter().any(|w| {
            let cluster = w.text.strip_prefix('-').filter(|t| !t.starts_with('-'));
            cluster.is_some_and(|c| c.matches('q').count() > 1 || c.starts_with("q="))
                || w.text == "--quiet=2"
        });
        let quiets = command
            .arguments()
            .iter()
            .filter(|w| w.text == "-q")
            .count();
        (apt_install(command)
            && !has_flag(command, "y", &["yes", "assume-yes"])
            && !quiet
            && quiets < 2)
            .then(|| "apt-get asks, and nobody answers.".to_owned())
    });
    cx.each_command(&APT_RECOMMENDS, &|command, _| {
        let off = command.arguments().iter().any(|w| {
            let text = w.text.rsplit_once("APT::Install-Recommends=");
            text.is_some_and(|(_, v)| matches!(v, "false" | "0" | "no" | "off"))
        });
        (apt_install(command) && !has_flag(command, "", &["no-install-recommends"]) && !off)
            .then(|| "recommended packages come along.".to_owned())
    });
    cx.each_command(&APT, &|command, run| {
        (run.shell == Shell::Posix && is(command, &["apt"]))
            .then(|| "apt is made for a terminal.".to_owned())
    });
    cx.each_command(&DIST_UPGRADE, &|command, _| {
        (is(command, &["apt-get", "apt"]) && has_word(command, &["dist-upgrade", "full-upgrade"]))
            .then(|| "the distribution is upgraded.".to_owned())
    });
    let kept: Vec<bool> = (0..cx.stages.len()).map(|s| cx.is_kept(s)).collect();
    cx.each_run(&APT_LISTS, &|run| {
        let mut commands = run.commands();
        let update = commands.find(|c| is(c, &["apt-get", "apt"]) && has_word(c, &["update"]))?;
        let cleaned = run
            .mounts(&|t| t == "/var/lib/apt" || t == "/var/lib/apt/lists" || t == "/var/lib")
            || removes(run, &|path| path.starts_with("/var/lib/apt"));
        (kept.get(run.stage) == Some(&true) && !cleaned).then(|| {
            (
                update.span,
                "the package lists stay in the layer.".to_owned(),
            )
        })
    });
}

/// Whether the same RUN removes a path.
fn removes(run: &Run<'_>, matches: &dyn Fn(&str) -> bool) -> bool {
    run.commands()
        .filter(|c| is(c, &["rm"]))
        .any(|c| c.arguments().iter().any(|w| matches(&w.text)))
}

const CACHE_STAYS: &str = "the cache stays in the layer.";

/// `yum clean all` and the like.
fn cleans_all(run: &Run<'_>, manager: &str) -> bool {
    run.commands()
        .any(|c| is(c, &[manager]) && has_word(c, &["clean"]) && has_word(c, &["all"]))
}

fn unsigned(command: &Command) -> Option<String> {
    let flags: &[&str] = match command.name()? {
        "apt-get" | "apt" => &[
            "allow-unauthenticated",
            "force-yes",
            "allow-insecure-repositories",
        ],
        "apk" => &["allow-untrusted"],
        "yum" | "dnf" | "microdnf" => &["nogpgcheck", "no-gpgchecks"],
        "zypper" => &["no-gpg-checks", "allow-unsigned-rpm"],
        _ => return None,
    };
    let flag = flags.iter().find(|f| has_flag(command, "", &[f]))?;
    Some(format!("`--{flag}` switches the check off."))
}

/// An update, and no install in the same RUN.
fn update_alone(cx: &mut Context<'_>) {
    const MANAGERS: [&str; 7] = ["apt-get", "apt", "apk", "yum", "dnf", "microdnf", "zypper"];
    const INSTALLS: [&str; 12] = [
        "install",
        "add",
        "upgrade",
        "dist-upgrade",
        "full-upgrade",
        "reinstall",
        "in",
        "groupinstall",
        "localinstall",
        "build-dep",
        "source",
        "download",
    ];
    let mut found = Vec::new();
    for run in &cx.runs {
        let managed: Vec<&Command> = run.commands().filter(|c| is(c, &MANAGERS)).collect();
        let installs = run.commands().any(|c| has_word(c, &INSTALLS));
        // For yum and dnf an update installs.
        let update = managed.iter().find(|c| {
            is(c, &["apt-get", "apt", "apk"]) && has_word(c, &["update"])
                || is(c, &["zypper"]) && has_word(c, &["refresh", "ref"])
        });
        if let (Some(update), false) = (update, installs) {
            found.push((update.span, run.index));
        }
    }
    for (span, index) in found {
        let message = "no package is installed from these lists in this RUN.".to_owned();
        cx.report(&UPDATE_ALONE, span, Some(index), message);
    }
}

fn unpinned_apk(command: &Command) -> Option<String> {
    const VALUES: [&str; 12] = [
        "-t",
        "--virtual",
        "-X",
        "--repository",
        "-p",
        "--root",
        "--arch",
        "--keys-dir",
        "--repositories-file",
        "--cache-dir",
        "--wait",
        "--cache-max-age",
    ];
    if !is(command, &["apk"]) {
        return None;
    }
    unpinned(&packages(command, &["add"], &VALUES), &|text| {
        text.contains(['=', '~', '<', '>']) || text.ends_with(".apk")
    })
}

/// `name-1.2`, `name-1:1.2`, `name-$VERSION`; a file or an address is one version too.
fn rpm_pinned(text: &str) -> bool {
    text.ends_with(".rpm")
        || text.match_indices('-').any(|(i, _)| {
            text.get(i + 1..)
                .is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit() || c == '$'))
        })
        || (text.contains('=') && !text.starts_with('-'))
}

/// A stream of a module, `nodejs:18`.
fn module_pinned(text: &str) -> bool {
    text.contains(':')
}

const RPM_VALUES: [&str; 11] = [
    "-c",
    "--config",
    "--enablerepo",
    "--disablerepo",
    "--repo",
    "--repoid",
    "--installroot",
    "--releasever",
    "-x",
    "--exclude",
    "--setopt",
];

fn rpm_unpinned(command: &Command) -> Option<String> {
    let mut words = packages(command, &["install"], &RPM_VALUES);
    let is_module = words.first().is_some_and(|w| w.text == "module");
    let is_group = words.first().is_some_and(|w| w.text == "group");
    if is_module {
        words.remove(0);
        return unpinned(&words, &module_pinned);
    }
    if is_group {
        return None;
    }
    unpinned(&words, &rpm_pinned)
}

fn yum(cx: &mut Context<'_>) {
    const INSTALLS: [&str; 3] = ["install", "groupinstall", "localinstall"];
    cx.each_command(&YUM_YES, &|command, _| {
        (is(command, &["yum"])
            && has_word(command, &INSTALLS)
            && !has_flag(command, "y", &["assumeyes"]))
        .then(|| "yum asks, and nobody answers.".to_owned())
    });
    cx.each_run(&YUM_CLEAN, &|run| {
        let mut commands = run.commands();
        let install = commands.find(|c| is(c, &["yum"]) && has_word(c, &["install"]))?;
        let cleaned = cleans_all(run, "yum")
            || removes(run, &|path| path.starts_with("/var/cache/yum"))
            || run.mounts(&|t| t == "/var/cache/yum" || t == "/var/cache");
        (!cleaned).then(|| (install.span, CACHE_STAYS.to_owned()))
    });
    cx.each_command(&YUM_PIN, &|command, _| {
        is(command, &["yum"])
            .then(|| rpm_unpinned(command))
            .flatten()
    });
}

fn dnf(cx: &mut Context<'_>) {
    const DNF: [&str; 2] = ["dnf", "microdnf"];
    const INSTALLS: [&str; 3] = ["install", "groupinstall", "localinstall"];
    cx.each_command(&DNF_YES, &|command, _| {
        (is(command, &DNF)
            && has_word(command, &INSTALLS)
            && !has_flag(command, "y", &["assumeyes"]))
        .then(|| "dnf asks, and nobody answers.".to_owned())
    });
    for name in DNF {
        cx.each_run(&DNF_CLEAN, &|run| {
            let fills = run
                .commands()
                .find(|c| is(c, &[name]) && has_word(c, &["install", "upgrade", "reinstall"]))?;
            let caches = ["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"];
            let cleaned = cleans_all(run, name)
                || removes(run, &|path| caches.iter().any(|c| path.starts_with(c)))
                || run.mounts(&|t| caches.contains(&t) || t == "/var/cache");
            (!cleaned).then(|| (fills.span, CACHE_STAYS.to_owned()))
        });
    }
    cx.each_command(&DNF_PIN, &|command, _| {
        is(command, &DNF).then(|| rpm_unpinned(command)).flatten()
    });
}

fn zypper(cx: &mut Context<'_>) {
    const ASKS: [&str; 7] = [
        "install",
        "in",
        "remove",
        "rm",
        "source-install",
        "si",
        "patch",
    ];
    const VALUES: [&str; 8] = [
        "-r", "--repo", "--from", "-t", "--type", "-n", "--name", "--root",
    ];
    cx.each_command(&ZYPPER_YES, &|command, _| {
        let silent = has_flag(command, "y", &["no-confirm", "non-interactive"])
            || has_flag(command, "n", &[]);
        (is(command, &["zypper"]) && has_word(command, &ASKS) && !silent)
            .then(|| "zypper asks, and nobody answers.".to_owned())
    });
    cx.each_command(&ZYPPER_DUP, &|command, _| {
        (is(command, &["zypper"]) && has_word(command, &["dist-upgrade", "dup"]))
            .then(|| "the distribution is upgraded.".to_owned())
    });
    cx.each_run(&ZYPPER_CLEAN, &|run| {
        let mut commands = run.commands();
        let install = commands.find(|c| is(c, &["zypper"]) && has_word(c, &["install", "in"]))?;
        let cleaned = run
            .commands()
            .any(|c| is(c, &["zypper"]) && has_word(c, &["clean", "cc"]))
            || run.mounts(&|t| t == "/var/cache/zypp" || t == "/var/cache")
            || removes(run, &|path| path.starts_with("/var/cache/zypp"));
        (!cleaned).then(|| (install.span, CACHE_STAYS.to_owned()))
    });
    cx.each_command(&ZYPPER_PIN, &|command, _| {
        if !is(command, &["zypper"]) {
            return None;
        }
        // `-n` in front of the subcommand is a flag, behind it an option with a value.
        let first = positional(command, &[]).first().map(|w| w.span.start)?;
        let values: &[&str] = if command
            .arguments()
            .iter()
            .any(|w| w.text == "-n" && w.span.start < first)
        {
            &VALUES[..5]
        } else {
            &VALUES
        };
        unpinned(&packages(command, &["install", "in"], values), &|text| {
            text.contains(['=', '<', '>']) || text.ends_with(".rpm")
        })
    });
}
