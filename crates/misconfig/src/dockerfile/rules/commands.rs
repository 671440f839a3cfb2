//! What RUN runs: pipes, downloads, layers.

use std::collections::HashSet;

use seaworthy_dockerfile::Span;
use seaworthy_dockerfile::shell::{Command, Connector, Script};

use super::super::command::{effective_name, has_flag, has_word, is};
use super::super::context::{Context, Run, Shell, shown};

rules! {
    POINTLESS = "0080", Low, ["DL3001"],
        "Command that makes no sense in a build",
        why: "There is no init, no terminal and no other process in a build: the command fails or does nothing.",
        fix: "Leave it out.",
        bad: "FROM debian:12.7\nRUN service nginx start\n", good: "FROM debian:12.7\nRUN nginx -t\n";
    CD = "0081", Low, ["DL3003", "AVD-DS-0013"],
        "cd instead of WORKDIR",
        why: "A cd ends with its RUN; the next one starts elsewhere, which is easily overlooked.",
        fix: "Use WORKDIR.",
        bad: "FROM debian:12.7\nRUN cd /app && make\n", good: "FROM debian:12.7\nWORKDIR /app\nRUN make\n";
    CONSECUTIVE = "0082", Negligible, ["DL3059"],
        "Several RUN one after the other",
        why: "Each RUN is a layer of its own; what one writes and the next removes stays in the image.",
        fix: "Join them with `&&`, or use a here-document.",
        bad: "FROM debian:12.7\nRUN make\nRUN make install\n", good: "FROM debian:12.7\nRUN make && make install\n";
    WGET_AND_CURL = "0083", Negligible, ["DL4001", "AVD-DS-0014"],
        "Both wget and curl",
        why: "Two programs for the same purpose are two to install, to patch and to know.",
        fix: "Use one of them.",
        bad: "FROM debian:12.7\nRUN wget -q https://example.com/a && curl -fsSO https://example.com/b\n",
        good: "FROM debian:12.7\nRUN curl -fsSO https://example.com/a\n";
    LINK_SHELL = "0084", Low, ["DL4005"],
        "/bin/sh replaced",
        why: "Scripts of the image expect the distribution's own `/bin/sh`.",
        fix: "Use `SHELL [\"/bin/bash\", \"-c\"]`.",
        bad: "FROM debian:12.7\nRUN ln -sf /bin/bash /bin/sh\n", good: "FROM debian:12.7\nSHELL [\"/bin/bash\", \"-c\"]\n";
    PIPEFAIL = "0085", Low, ["DL4006"],
        "Pipe whose failure is lost",
        why: "A pipe fails only when its last command does: a download that breaks off is processed as if it were whole.",
        fix: "Put `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` before it.",
        bad: "FROM debian:12.7\nRUN cat list | xargs touch\n",
        good: "FROM debian:12.7\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN cat list | xargs touch\n";
    WGET_PROGRESS = "0086", Negligible, ["DL3047"],
        "wget without --progress",
        why: "wget draws its progress bar into the build log, line by line.",
        fix: "Add `--progress=dot:giga` or `-nv`.",
        bad: "FROM debian:12.7\nRUN wget https://example.com/a\n", good: "FROM debian:12.7\nRUN wget -nv https://example.com/a\n";
    CURL_SHELL = "0087", High, [],
        "Download run by a shell",
        why: "Whoever controls the server, or the way to it, runs commands as root in the build; a download that breaks off runs half a script.",
        fix: "Download to a file, check its checksum or signature, then run it.",
        bad: "FROM debian:12.7\nRUN curl -fsSL https://example.com/install.sh | sh\n",
        good: "FROM debian:12.7\nRUN curl -fsSLo /tmp/i.sh https://example.com/install.sh && echo \"0123  /tmp/i.sh\" > /tmp/sum && sha256sum -c /tmp/sum && sh /tmp/i.sh\n";
    NO_VERIFY = "0088", High, [],
        "Download without checking the certificate",
        why: "Without the check anybody on the way can send something else.",
        fix: "Install the right certificates instead of switching the check off.",
        bad: "FROM debian:12.7\nRUN curl -k https://example.com/a -o /a\n",
        good: "FROM debian:12.7\nRUN curl -fsSo /a https://example.com/a\n";
    PLAIN_HTTP = "0089", Low, [],
        "Download over plain HTTP",
        why: "What comes over HTTP can be changed by anybody on the way.",
        fix: "Use HTTPS, or check a checksum.",
        bad: "FROM debian:12.7\nRUN curl -fsSo /a http://example.com/a\n",
        good: "FROM debian:12.7\nRUN curl -fsSo /a https://example.com/a\n";
    INSECURE_RUN = "0090", High, [],
        "RUN with all privileges",
        why: "`--security=insecure` gives the command the rights of the build host.",
        fix: "Leave the flag out; do what needs it outside of the image.",
        bad: "FROM debian:12.7\nRUN --security=insecure make\n", good: "FROM debian:12.7\nRUN make\n";
    HOST_NETWORK = "0091", Medium, [],
        "RUN in the network of the host",
        why: "`--network=host` lets the command reach services that listen only on the build host.",
        fix: "Leave the flag out, or use `--network=none`.",
        bad: "FROM debian:12.7\nRUN --network=host make\n", good: "FROM debian:12.7\nRUN --network=none make\n";
}

pub(super) fn check(cx: &mut Context<'_>) {
    cx.each_command(&POINTLESS, &|command, run| {
        let names = [
            "free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim", "ifconfig",
        ];
        (run.shell == Shell::Posix && is(command, &names)).then(|| {
            let name = command.name().unwrap_or("");
            format!("`{name}` makes no sense in a build.")
        })
    });
    cx.each_command(&CD, &|command, _| {
        is(command, &["cd"]).then(|| "the directory changes for this RUN only.".to_owned())
    });
    cx.each_command(&LINK_SHELL, &|command, _| {
        (is(command, &["ln"]) && has_word(command, &["/bin/sh"]))
            .then(|| "`/bin/sh` is replaced.".to_owned())
    });
    cx.each_command(&WGET_PROGRESS, &|command, _| wget_progress(command));
    cx.each_command(&NO_VERIFY, &|command, _| no_verify(command));
    cx.each_command(&PLAIN_HTTP, &|command, _| plain_http(command));
    consecutive(cx);
    wget_and_curl(cx);
    pipes(cx);
    flags(cx);
}

fn wget_progress(command: &Command) -> Option<String> {
    if !is(command, &["wget"]) {
        return None;
    }
    let quiet = command.arguments().iter().any(|word| {
        let text = word.text.as_str();
        let long = [
            "--progress",
            "--quiet",
            "--no-verbose",
            "--output-file",
            "--append-output",
        ];
        if let Some(name) = text.split('=').next().filter(|t| t.starts_with("--")) {
            return long.contains(&name);
        }
        text.strip_prefix('-').is_some_and(|cluster| {
            cluster == "nv" || (!cluster.starts_with('n') && cluster.contains(['q', 'o', 'a']))
        })
    });
    (!quiet).then(|| "wget draws a progress bar.".to_owned())
}

fn no_verify(command: &Command) -> Option<String> {
    let flag = match effective_name(command)? {
        "curl" if has_flag(command, "k", &["insecure"]) => "--insecure",
        "wget" if has_flag(command, "", &["no-check-certificate"]) => "--no-check-certificate",
        "git" if has_word(command, &["http.sslVerify=false"]) => "http.sslVerify=false",
        "npm" | "yarn" if has_word(command, &["strict-ssl"]) && has_word(command, &["false"]) => {
            "strict-ssl false"
        }
        "pip" | "pip3" if has_flag(command, "", &["trusted-host"]) => "--trusted-host",
        _ => return None,
    };
    Some(format!("`{flag}` switches the check off."))
}

fn plain_http(command: &Command) -> Option<String> {
    if !matches!(effective_name(command)?, "curl" | "wget") {
        return None;
    }
    let address = command.arguments().iter().find(|w| {
        let host = w.text.strip_prefix("http://").unwrap_or("");
        let local = ["localhost", "127.", "[::1]", "$"];
        !host.is_empty() && !local.iter().any(|l| host.starts_with(l))
    })?;
    Some(format!("`{}` is not encrypted.", shown(&address.text)))
}

/// Two RUN of one command each, next to each other and with the same flags.
fn consecutive(cx: &mut Context<'_>) {
    let count = |run: &Run<'_>| {
        let commands = run.commands();
        // A condition is no command of its own.
        let is_command = |c: &&Command| c.name().is_some_and(|n| n != "[" && n != "[[");
        commands.filter(is_command).count()
    };
    let flags = |run: &Run<'_>| -> Vec<(String, Option<String>)> {
        let flags = run.instruction.flags.iter();
        flags.map(|f| (f.name.clone(), f.value.clone())).collect()
    };
    let found: Vec<(usize, Span)> = cx
        .runs
        .windows(2)
        .filter_map(|pair| {
            let [a, b] = pair else { return None };
            let adjacent = a.stage == b.stage && a.index + 1 == b.index;
            let short = count(a) <= 1 && count(b) <= 1;
            (adjacent && short && flags(a) == flags(b))
                .then_some((b.index, b.instruction.name.span))
        })
        .collect();
    for (index, span) in found {
        let message = "the RUN before it could hold this command.".to_owned();
        cx.report(&CONSECUTIVE, span, Some(index), message);
    }
}

fn wget_and_curl(cx: &mut Context<'_>) {
    let mut found = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut stage = usize::MAX;
    for run in &cx.runs {
        if run.stage != stage {
            seen.clear();
            stage = run.stage;
        }
        let names: HashSet<&str> = run
            .commands()
            .filter_map(|c| match c.name() {
                Some("curl") => Some("curl"),
                Some("wget") => Some("wget"),
                _ => None,
            })
            .collect();
        seen.extend(&names);
        if !names.is_empty() && seen.len() == 2 {
            found.push((run.index, run.instruction.name.span));
        }
    }
    for (index, span) in found {
        let message = "the stage uses wget and curl.".to_owned();
        cx.report(&WGET_AND_CURL, span, Some(index), message);
    }
}

fn pipes(cx: &mut Context<'_>) {
    let mut lost: Vec<(usize, Span)> = Vec::new();
    let mut shells: Vec<(usize, Span, String)> = Vec::new();
    for run in cx
        .runs
        .iter()
        .filter(|r| r.shell == Shell::Posix && !r.exec)
    {
        for script in &run.scripts {
            if !run.pipefail
                && !sets_pipefail(script)
                && let Some(pipe) = script.pipes.first()
            {
                lost.push((run.index, *pipe));
            }
            for (span, message) in downloads_run(script) {
                shells.push((run.index, span, message));
            }
        }
    }
    for (index, span) in lost {
        let message = "only the last command of the pipe decides.".to_owned();
        cx.report(&PIPEFAIL, span, Some(index), message);
    }
    for (index, span, message) in shells {
        cx.report(&CURL_SHELL, span, Some(index), message);
    }
}

/// `set -o pipefail` as a command of its own in front of the pipe.
fn sets_pipefail(script: &Script) -> bool {
    let first_pipe = script.pipes.first().map_or(usize::MAX, |p| p.start);
    script
        .commands
        .iter()
        .any(|c| is(c, &["set"]) && has_word(c, &["pipefail"]) && c.span.start < first_pipe)
}

fn is_interpreter(name: &str) -> bool {
    matches!(
        name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'),
        "sh" | "bash"
            | "dash"
            | "ash"
            | "zsh"
            | "ksh"
            | "python"
            | "perl"
            | "ruby"
            | "node"
            | "php"
    )
}

/// `curl … | sh`, `sh -c "$(curl …)"`, `bash <(curl …)`.
fn downloads_run(script: &Script) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    let download = |c: &Command| matches!(effective_name(c), Some("curl" | "wget"));
    let downloads: Vec<&Command> = script.commands.iter().filter(|c| download(c)).collect();
    if downloads.is_empty() {
        return found;
    }
    let pipelines: HashSet<usize> = downloads.iter().map(|c| c.pipeline).collect();
    for command in &script.commands {
        let Some(name) = effective_name(command) else {
            continue;
        };
        let interprets = is_interpreter(name) || matches!(name, "source" | "." | "eval");
        if !interprets {
            continue;
        }
        let piped = command.connector == Connector::Pipe && pipelines.contains(&command.pipeline);
        // A script of its own reads the pipe as data.
        let reads_pipe = command
            .arguments()
            .iter()
            .all(|w| w.text.starts_with('-') || is_interpreter(&w.text) || w.text == "/dev/stdin");
        let next = downloads.partition_point(|d| d.span.start <= command.span.start);
        let inside = downloads
            .get(next)
            .is_some_and(|d| d.depth > command.depth && command.span.contains(d.span));
        if (piped && (reads_pipe || name != effective_first(command))) || inside {
            let message = format!("`{}` runs what was just downloaded.", shown(name));
            found.push((command.span, message));
        }
    }
    found
}

/// The name as written, which differs from the effective one behind `sudo` and the like.
fn effective_first(command: &Command) -> &str {
    super::super::command::base_name(command.name().unwrap_or(""))
}

fn flags(cx: &mut Context<'_>) {
    let mut found: Vec<(&'static crate::Rule, usize, Span, &str)> = Vec::new();
    for run in &cx.runs {
        for flag in &run.instruction.flags {
            match (flag.name.as_str(), flag.value.as_deref()) {
                ("security", Some("insecure")) => {
                    let text = "the command gets the rights of the build host.";
                    found.push((&INSECURE_RUN, run.index, flag.span, text));
                }
                ("network", Some("host")) => {
                    let text = "the command reaches the network of the build host.";
                    found.push((&HOST_NETWORK, run.index, flag.span, text));
                }
                _ => {}
            }
        }
    }
    for (rule, index, span, message) in found {
        cx.report(rule, span, Some(index), message.to_owned());
    }
}
