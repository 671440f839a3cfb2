//! What runs in the end: CMD, ENTRYPOINT, HEALTHCHECK, EXPOSE.

use std::collections::HashMap;

use seaworthy_dockerfile::{Base, Body, Form, Healthcheck, Instruction, Keyword, Word};

use super::super::context::{Context, process_form, shown};
use crate::Rule;

rules! {
    SHELL_FORM = "0040", Low, ["DL3025", "JSONArgsRecommended"],
        "Command in shell form",
        why: "In shell form the process runs below `/bin/sh -c`, which does not pass signals on: a stop takes ten seconds and then kills.",
        fix: "Write a JSON array: `CMD [\"app\", \"--serve\"]`.",
        bad: "FROM debian:12.7\nCMD app --serve\n", good: "FROM debian:12.7\nCMD [\"app\", \"--serve\"]\n";
    MANY_CMD = "0041", Medium, ["DL4003", "MultipleInstructionsDisallowed", "AVD-DS-0016"],
        "More than one CMD",
        why: "Only the last CMD of a stage counts; the others mislead.",
        fix: "Keep one CMD.",
        bad: "FROM debian:12.7\nCMD [\"a\"]\nCMD [\"b\"]\n", good: "FROM debian:12.7\nCMD [\"b\"]\n";
    MANY_ENTRYPOINT = "0042", Medium, ["DL4004", "MultipleInstructionsDisallowed", "AVD-DS-0007"],
        "More than one ENTRYPOINT",
        why: "Only the last ENTRYPOINT of a stage counts; the others mislead.",
        fix: "Keep one ENTRYPOINT.",
        bad: "FROM debian:12.7\nENTRYPOINT [\"a\"]\nENTRYPOINT [\"b\"]\n", good: "FROM debian:12.7\nENTRYPOINT [\"b\"]\n";
    MANY_HEALTHCHECK = "0043", Medium, ["DL3012", "MultipleInstructionsDisallowed", "AVD-DS-0023"],
        "More than one HEALTHCHECK",
        why: "Only the last HEALTHCHECK of a stage counts; the others mislead.",
        fix: "Keep one HEALTHCHECK.",
        bad: "FROM debian:12.7\nHEALTHCHECK CMD [\"a\"]\nHEALTHCHECK CMD [\"b\"]\n", good: "FROM debian:12.7\nHEALTHCHECK CMD [\"b\"]\n";
    NO_HEALTHCHECK = "0044", Negligible, ["DL3057", "AVD-DS-0026", "CIS-DI-0006"],
        "No HEALTHCHECK",
        why: "Docker and Compose cannot tell a hanging process from a working one. Kubernetes has probes of its own and ignores it.",
        fix: "Add a HEALTHCHECK, or `HEALTHCHECK NONE` to say that there is none.",
        bad: "FROM debian:12.7\n", good: "FROM debian:12.7\nHEALTHCHECK CMD [\"app\", \"--ping\"]\n";
    PORT = "0045", High, ["DL3011", "AVD-DS-0008"],
        "Port out of range",
        why: "Ports go from 0 to 65535.",
        fix: "Correct the port.",
        bad: "FROM debian:12.7\nEXPOSE 80000\n", good: "FROM debian:12.7\nEXPOSE 8080\n";
    SSH_PORT = "0046", Medium, ["AVD-DS-0004"],
        "SSH port exposed",
        why: "A container with an SSH server has a second way in, with keys and passwords that nobody rotates.",
        fix: "Leave the SSH server out and use `docker exec` or `kubectl exec`.",
        bad: "FROM debian:12.7\nEXPOSE 22\n", good: "FROM debian:12.7\nEXPOSE 8080\n";
    EXPOSE_FORMAT = "0047", Low, ["ExposeInvalidFormat"],
        "EXPOSE with an address or a mapping",
        why: "EXPOSE only names ports of the container; addresses and host ports are ignored and will be an error.",
        fix: "Keep the container's port.",
        bad: "FROM debian:12.7\nEXPOSE 127.0.0.1:80:80\n", good: "FROM debian:12.7\nEXPOSE 80\n";
    EXPOSE_CASE = "0048", Negligible, ["ExposeProtoCasing"],
        "EXPOSE with a protocol in capitals",
        why: "Protocols are written in lower case in the image configuration.",
        fix: "Write `/tcp` or `/udp`.",
        bad: "FROM debian:12.7\nEXPOSE 80/TCP\n", good: "FROM debian:12.7\nEXPOSE 80/tcp\n";
}

pub(super) fn check(cx: &mut Context<'_>) {
    for stage in 0..cx.stages.len() {
        repeated(cx, stage);
        for (index, instruction) in cx.stage_instructions(stage) {
            if let Some(Form::Shell(word)) = process_form(&instruction.body)
                && !word.text.is_empty()
            {
                let message = format!("{} runs below a shell.", instruction.name.text);
                let span = instruction.name.span;
                cx.report(&SHELL_FORM, span, Some(index), message);
            }
            if let Body::Expose(ports) = &instruction.body {
                for port in ports {
                    expose(cx, index, port);
                }
            }
        }
    }
    healthcheck(cx);
}

fn repeated(cx: &mut Context<'_>, stage: usize) {
    let mut first: HashMap<Keyword, u32> = HashMap::new();
    let all: Vec<(usize, &Instruction)> = cx.stage_instructions(stage).collect();
    for (index, instruction) in all {
        let rule: &'static Rule = match instruction.keyword {
            Keyword::Cmd => &MANY_CMD,
            Keyword::Entrypoint => &MANY_ENTRYPOINT,
            Keyword::Healthcheck => &MANY_HEALTHCHECK,
            _ => continue,
        };
        if let Some(line) = first.get(&instruction.keyword) {
            let message = format!(
                "{} of line {line} has no effect.",
                instruction.name.text.to_ascii_uppercase()
            );
            cx.report(rule, instruction.name.span, Some(index), message);
        }
        first.insert(instruction.keyword, instruction.line);
    }
}

/// The stage that is built, and each that stands alone: those that others start from hand their
/// check on, and get by with the check of any of those.
fn healthcheck(cx: &mut Context<'_>) {
    let own: Vec<bool> = (0..cx.stages.len())
        .map(|stage| {
            cx.stage_instructions(stage).any(|(_, i)| {
                matches!(&i.body, Body::Healthcheck(check) if *check != Healthcheck::Invalid)
            })
        })
        .collect();
    let mut has = own;
    for stage in &cx.stages {
        if let Base::Stage(parent) = stage.base
            && has.get(parent) == Some(&true)
            && let Some(has) = has.get_mut(stage.index)
        {
            *has = true;
        }
    }
    for stage in cx.stages.iter().rev() {
        if let Base::Stage(parent) = stage.base
            && has.get(stage.index) == Some(&true)
            && let Some(has) = has.get_mut(parent)
        {
            *has = true;
        }
    }
    let missing: Vec<_> = cx
        .stages
        .iter()
        .filter(|s| has.get(s.index) == Some(&false))
        .map(|s| (s.instruction.name.span, s.instructions.start.checked_sub(1)))
        .collect();
    for (span, index) in missing {
        let message = "the stage has no HEALTHCHECK.".to_owned();
        cx.report(&NO_HEALTHCHECK, span, index, message);
    }
}

fn expose(cx: &mut Context<'_>, index: usize, word: &Word) {
    let text = word.unquoted(cx.file.escape());
    if text.contains('$') {
        return;
    }
    let (ports, protocol) = match text.split_once('/') {
        Some((ports, protocol)) => (ports, Some(protocol)),
        None => (text.as_str(), None),
    };
    let mut report = |rule: &'static Rule, message: String| {
        cx.report(rule, word.span, Some(index), message);
    };
    if protocol.is_some_and(|p| p.bytes().any(|b| b.is_ascii_uppercase())) {
        report(&EXPOSE_CASE, format!("`{}` has capitals.", shown(&text)));
    }
    if ports.contains(':') {
        report(
            &EXPOSE_FORMAT,
            format!("`{}` is more than a port.", shown(&text)),
        );
    }
    let container = ports.rsplit(':').next().unwrap_or(ports);
    let numbers: Vec<Option<u32>> = container.split('-').map(|p| p.parse().ok()).collect();
    let digits = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    let out_of_range = container
        .split('-')
        .zip(&numbers)
        .any(|(p, n)| digits(p) && n.is_none_or(|n| n > 65_535));
    if out_of_range {
        report(&PORT, format!("`{}` is no port.", shown(&text)));
    }
    let covers_ssh = match numbers.as_slice() {
        [Some(port)] => *port == 22,
        [Some(from), Some(to)] => (*from..=*to).contains(&22),
        _ => false,
    };
    if covers_ssh {
        report(&SSH_PORT, format!("`{}` is the port of SSH.", shown(&text)));
    }
}
