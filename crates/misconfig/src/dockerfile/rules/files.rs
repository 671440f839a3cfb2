//! COPY and ADD.

use std::collections::{HashMap, HashSet};

use seaworthy_dockerfile::shell::Command;
use seaworthy_dockerfile::{Base, Body, Instruction, Transfer, Word};

use super::super::command::{base_name, is};
use super::super::context::{Context, Shell, shown};

rules! {
    ADD = "0070", Low, ["DL3020", "AVD-DS-0005", "CIS-DI-0009"],
        "ADD where COPY does",
        why: "ADD also downloads and unpacks, depending on what the source looks like; COPY only copies.",
        fix: "Use COPY.",
        bad: "FROM debian:12.7\nADD app /app\n", good: "FROM debian:12.7\nCOPY app /app\n";
    ADD_URL = "0071", Medium, [],
        "ADD from an address without a checksum",
        why: "What the server sends tomorrow may be something else, and nothing notices.",
        fix: "Add `--checksum=sha256:…`.",
        bad: "FROM debian:12.7\nADD https://example.com/app.tar.gz /opt/\n",
        good: "FROM debian:12.7\nADD --checksum=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef https://example.com/app.tar.gz /opt/\n";
    DIRECTORY = "0072", High, ["DL3021", "AVD-DS-0011"],
        "COPY of several files to what is no directory",
        why: "With more than one source the destination must be a directory and end with `/`; the build fails.",
        fix: "End the destination with `/`.",
        bad: "FROM debian:12.7\nCOPY a b /app\n", good: "FROM debian:12.7\nCOPY a b /app/\n";
    UNKNOWN_FROM = "0073", Medium, ["DL3022"],
        "COPY --from of an unknown stage",
        why: "A name that is no stage is taken as an image: a misspelling fetches somebody else's image, without a tag.",
        fix: "Name an earlier stage, or an image with its tag or digest.",
        bad: "FROM debian:12.7\nCOPY --from=biuld /app /app\n",
        good: "FROM debian:12.7 AS build\nFROM debian:12.7\nCOPY --from=build /app /app\n";
    SELF_FROM = "0074", High, ["DL3023", "AVD-DS-0006"],
        "COPY --from of the stage itself",
        why: "A stage cannot copy from itself; the build fails.",
        fix: "Use `RUN cp`, or name another stage.",
        bad: "FROM debian:12.7 AS build\nCOPY --from=build /a /b\n",
        good: "FROM debian:12.7 AS build\nRUN cp /a /b\n";
    RELATIVE = "0075", Low, ["DL3045"],
        "COPY to a relative path without WORKDIR",
        why: "Without WORKDIR the files land where the base image happens to stand.",
        fix: "Set WORKDIR, or write the destination from the root.",
        bad: "FROM debian:12.7\nCOPY app app\n", good: "FROM debian:12.7\nWORKDIR /srv\nCOPY app app\n";
    ARCHIVE = "0076", Low, ["DL3010"],
        "COPY of an archive that is then unpacked",
        why: "The archive stays in its layer beside what was unpacked from it; ADD unpacks without keeping it.",
        fix: "Use ADD for local archives.",
        bad: "FROM debian:12.7\nCOPY app.tar.gz /tmp/\nRUN tar -xzf /tmp/app.tar.gz\n",
        good: "FROM debian:12.7\nADD app.tar.gz /opt/\n";
    WHOLE = "0077", Medium, ["DL3067"],
        "Whole file system copied from another stage",
        why: "Everything comes along: compilers, caches, credentials that were only meant for the build.",
        fix: "Copy the files that the program needs.",
        bad: "FROM debian:12.7 AS build\nFROM debian:12.7\nCOPY --from=build / /\n",
        good: "FROM debian:12.7 AS build\nFROM debian:12.7\nCOPY --from=build /app /app\n";
}

pub(super) fn check(cx: &mut Context<'_>) {
    let workdirs = workdirs(cx);
    for stage in 0..cx.stages.len() {
        let mut has_workdir = inherited(cx, stage, &workdirs);
        let all: Vec<(usize, &Instruction)> = cx.stage_instructions(stage).collect();
        for (index, instruction) in all {
            match &instruction.body {
                Body::Workdir(_) => has_workdir = true,
                Body::Copy(transfer) => {
                    copy(cx, index, transfer);
                    from(cx, stage, index, instruction, transfer);
                    if !has_workdir {
                        relative(cx, index, transfer);
                    }
                }
                Body::Add(transfer) => add(cx, index, instruction, transfer),
                _ => {}
            }
        }
        archives(cx, stage);
    }
}

fn workdirs(cx: &Context<'_>) -> Vec<bool> {
    let mut has = vec![false; cx.stages.len()];
    for stage in &cx.stages {
        let own = cx
            .stage_instructions(stage.index)
            .any(|(_, i)| matches!(i.body, Body::Workdir(_)));
        let parent = match stage.base {
            Base::Stage(parent) => has.get(parent) == Some(&true),
            _ => false,
        };
        if let Some(has) = has.get_mut(stage.index) {
            *has = own || parent;
        }
    }
    has
}

fn inherited(cx: &Context<'_>, stage: usize, workdirs: &[bool]) -> bool {
    match cx.stages.get(stage).map(|s| &s.base) {
        Some(Base::Stage(parent)) => workdirs.get(*parent) == Some(&true),
        _ => false,
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://") || text.starts_with("ftp://")
}

fn is_git(text: &str) -> bool {
    text.starts_with("git@")
        || text.starts_with("git://")
        || text.starts_with("ssh://")
        || text.split('#').next().is_some_and(|t| t.ends_with(".git"))
}

/// What ADD unpacks: tar, plain or compressed by gzip, bzip2 or xz.
fn is_archive(path: &str) -> bool {
    let lower = path.trim_matches(['"', '\'']).to_ascii_lowercase();
    let ends = [
        ".tar", ".gz", ".bz2", ".xz", ".z", ".lzma", ".tgz", ".tbz", ".tbz2", ".tb2", ".txz",
        ".tlz", ".tpz", ".tz2", ".lz", ".taz",
    ];
    ends.iter().any(|e| lower.ends_with(e))
}

fn add(cx: &mut Context<'_>, index: usize, instruction: &Instruction, transfer: &Transfer) {
    let escape = cx.file.escape();
    let heredoc = |word: &Word| instruction.heredocs.iter().any(|h| h.span == word.span);
    for source in &transfer.sources {
        let text = source.unquoted(escape);
        if is_url(&text) || is_git(&text) {
            let checked = instruction.flag("checksum").is_some();
            if is_url(&text) && !is_git(&text) && !checked {
                let message = format!("nothing checks what `{}` sends.", shown(&text));
                cx.report(&ADD_URL, source.span, Some(index), message);
            }
        } else if !is_archive(&text) && !heredoc(source) {
            let message = format!("`{}` is only copied.", shown(&text));
            cx.report(&ADD, source.span, Some(index), message);
        }
    }
}

fn copy(cx: &mut Context<'_>, index: usize, transfer: &Transfer) {
    let Some(destination) = &transfer.destination else {
        return;
    };
    let text = destination.unquoted(cx.file.escape());
    if transfer.sources.len() > 1 && !text.ends_with(['/', '\\']) {
        let message = format!("`{}` does not end with `/`.", shown(&text));
        cx.report(&DIRECTORY, destination.span, Some(index), message);
    }
}

fn relative(cx: &mut Context<'_>, index: usize, transfer: &Transfer) {
    let Some(destination) = &transfer.destination else {
        return;
    };
    let text = destination.unquoted(cx.file.escape());
    let windows = text.as_bytes().get(1) == Some(&b':');
    if !text.starts_with(['/', '$', '\\']) && !windows && !text.is_empty() {
        let message = format!("`{}` is relative, and no WORKDIR is set.", shown(&text));
        cx.report(&RELATIVE, destination.span, Some(index), message);
    }
}

fn from(
    cx: &mut Context<'_>,
    stage: usize,
    index: usize,
    instruction: &Instruction,
    transfer: &Transfer,
) {
    let Some(flag) = instruction.flag("from") else {
        return;
    };
    let value = flag.value.clone().unwrap_or_default();
    let lower = value.to_ascii_lowercase();
    let own = cx.stages.get(stage).and_then(|s| s.name.clone());
    let earlier = cx.names.get(&lower).is_some_and(|first| *first < stage);
    if own.as_ref() == Some(&lower) {
        let message = format!("`{}` is this stage.", shown(&value));
        cx.report(&SELF_FROM, flag.span, Some(index), message);
    } else if !earlier && !is_known_image(&value, stage) {
        let message = format!("`{}` is no earlier stage.", shown(&value));
        cx.report(&UNKNOWN_FROM, flag.span, Some(index), message);
    }
    let from_root = transfer.sources.iter().any(|s| s.text == "/");
    let to_root = transfer.destination.as_ref().is_some_and(|d| d.text == "/");
    if from_root && to_root {
        let message = format!("all of `{}` is copied.", shown(&value));
        cx.report(&WHOLE, instruction.name.span, Some(index), message);
    }
}

/// The number of a stage, or an image with a tag or digest.
fn is_known_image(value: &str, stage: usize) -> bool {
    match value.parse::<usize>() {
        Ok(number) => number <= stage,
        Err(_) => value.contains(':'),
    }
}

/// Archives that a COPY brings as the only source, by the names that an unpacking command may use.
fn archives(cx: &mut Context<'_>, stage: usize) {
    let from = cx.runs.partition_point(|r| r.stage < stage);
    let to = cx.runs.partition_point(|r| r.stage <= stage);
    let mut unpacked: HashSet<String> = HashSet::new();
    for run in cx.runs.get(from..to).unwrap_or(&[]) {
        if run.shell == Shell::Posix {
            for command in run.commands().filter(|c| unpacks(c)) {
                let words = command.arguments().iter();
                unpacked.extend(words.map(|w| base_name(&w.text).to_owned()));
            }
        }
    }
    if unpacked.is_empty() {
        return;
    }
    let escape = cx.file.escape();
    let mut found: HashMap<usize, (seaworthy_dockerfile::Span, String)> = HashMap::new();
    for (index, instruction) in cx.stage_instructions(stage) {
        let Body::Copy(transfer) = &instruction.body else {
            continue;
        };
        let Some(destination) = transfer.destination.as_ref().map(|d| d.unquoted(escape)) else {
            continue;
        };
        if instruction.flag("from").is_some() {
            continue;
        }
        for source in transfer.sources.iter().filter(|s| is_archive(&s.text)) {
            let name = source.unquoted(escape);
            let landed = [base_name(&name), base_name(&destination)];
            if landed.iter().any(|n| unpacked.contains(*n)) {
                found.entry(index).or_insert((source.span, name));
            }
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(index, _)| *index);
    for (index, (span, name)) in found {
        let message = format!("`{}` is unpacked by a later RUN.", shown(&name));
        cx.report(&ARCHIVE, span, Some(index), message);
    }
}

/// `tar` that extracts, and the programs that only do that.
fn unpacks(command: &Command) -> bool {
    if is(
        command,
        &[
            "unzip",
            "gunzip",
            "bunzip2",
            "unlzma",
            "unxz",
            "zgz",
            "uncompress",
            "zcat",
            "gzcat",
        ],
    ) {
        return true;
    }
    if !is(command, &["tar"]) {
        return false;
    }
    command.arguments().iter().enumerate().any(|(i, word)| {
        let text = word.text.as_str();
        if text == "--extract" || text == "--get" {
            return true;
        }
        let cluster = text
            .strip_prefix('-')
            .filter(|t| !t.starts_with('-'))
            .or((i == 0).then_some(text));
        cluster.is_some_and(|c| c.contains('x') && c.bytes().all(|b| b.is_ascii_alphabetic()))
    })
}
