//! How instructions are written: case, order, variables, continuations.

use std::collections::HashSet;

use seaworthy_dockerfile::{
    Body, Diagnostic, DiagnosticKind, Instruction, Keyword, Pair, Span, references,
};

use super::super::context::{Context, shown};
use super::super::pragma;
use super::super::variables;

rules! {
    MAINTAINER = "0020", Low, ["DL4000", "MaintainerDeprecated", "AVD-DS-0022"],
        "MAINTAINER is deprecated",
        why: "MAINTAINER is deprecated, and many tools no longer read it.",
        fix: "Use `LABEL org.opencontainers.image.authors=\"…\"`.",
        bad: "FROM debian:12.7\nMAINTAINER jo@example.com\n",
        good: "FROM debian:12.7\nLABEL org.opencontainers.image.authors=\"jo@example.com\"\n";
    RELATIVE_WORKDIR = "0021", Medium, ["DL3000", "WorkdirRelativePath", "AVD-DS-0009"],
        "WORKDIR with a relative path",
        why: "A relative WORKDIR depends on the one before it, and on the base image's: the files end up elsewhere when that changes.",
        fix: "Write the path from the root.",
        bad: "FROM debian:12.7\nWORKDIR app\n", good: "FROM debian:12.7\nWORKDIR /app\n";
    SYSTEM_WORKDIR = "0022", High, ["AVD-DS-0030"],
        "WORKDIR in a system directory",
        why: "Files in `/proc`, `/dev`, `/sys` or `/boot` are hidden at run time or touch the host.",
        fix: "Choose a directory of the application, such as `/app`.",
        bad: "FROM debian:12.7\nWORKDIR /proc/app\n", good: "FROM debian:12.7\nWORKDIR /app\n";
    CASING = "0023", Negligible, ["ConsistentInstructionCasing"],
        "Instructions in mixed case",
        why: "Instructions that are written now in capitals and now not are hard to tell from arguments.",
        fix: "Write all instructions in capitals.",
        bad: "FROM debian:12.7\nRUN make\nrun make install\n", good: "FROM debian:12.7\nRUN make\n";
    LEGACY_PAIR = "0024", Negligible, ["LegacyKeyValueFormat"],
        "Key and value separated by a blank",
        why: "`ENV KEY VALUE` takes the rest of the line as value, and is deprecated.",
        fix: "Write `KEY=VALUE`, with quotes when the value has blanks.",
        bad: "FROM debian:12.7\nENV HOME_PAGE /index.html\n", good: "FROM debian:12.7\nENV HOME_PAGE=/index.html\n";
    EMPTY_CONTINUATION = "0025", Low, ["NoEmptyContinuation"],
        "Empty line within a continued instruction",
        why: "Builders will refuse it, and it hides where the instruction ends.",
        fix: "Remove the line, or make it a comment.",
        bad: "FROM debian:12.7\nRUN make \\\n\n  install\n", good: "FROM debian:12.7\nRUN make \\\n  install\n";
    SYNTAX = "0026", High, ["DL1000"],
        "Not a valid Dockerfile",
        why: "A builder stops here, or reads something else than is meant.",
        fix: "Correct the instruction; the message says what is expected.",
        bad: "FROM debian:12.7\nRUNN make\n", good: "FROM debian:12.7\nRUN make\n";
    DESCRIPTION = "0027", Negligible, ["InvalidDefinitionDescription"],
        "Comment that is no description",
        why: "`docker build --call=outline` shows the comment above a stage or an ARG as its description, if it starts with the name. Reported only when asked for.",
        fix: "Start the comment with the name, or put an empty line between.",
        bad: "# the compiler\nFROM debian:12.7 AS build\n", good: "# build compiles\nFROM debian:12.7 AS build\n";
    UNDEFINED = "0028", Negligible, ["UndefinedVar"],
        "Variable that is not defined",
        why: "A variable that neither ARG nor ENV defines is empty, unless the base image sets it: mostly a misspelling.",
        fix: "Declare it with ARG or ENV in this stage, or give it a default: `${NAME:-value}`.",
        bad: "FROM debian:12.7\nARG VERSION=1\nLABEL version=$VERSON\n",
        good: "FROM debian:12.7\nARG VERSION=1\nLABEL version=$VERSION\n";
    SELF_REFERENCE = "0029", Medium, ["DL3044"],
        "ENV that refers to a variable it defines",
        why: "All values of one ENV are computed before any is set: the reference sees the old value, mostly an empty one.",
        fix: "Split the ENV in two.",
        bad: "FROM debian:12.7\nENV ROOT=/opt BIN=$ROOT/bin\n", good: "FROM debian:12.7\nENV ROOT=/opt\nENV BIN=$ROOT/bin\n";
    ONBUILD = "0030", High, ["DL3043"],
        "ONBUILD with an instruction that it cannot hold",
        why: "ONBUILD, FROM and MAINTAINER cannot be triggered; the build that uses the image fails.",
        fix: "Put another instruction behind ONBUILD.",
        bad: "FROM debian:12.7\nONBUILD FROM debian:12.6\n", good: "FROM debian:12.7\nONBUILD RUN make\n";
    INLINE_IGNORE = "0031", Negligible, ["DL1001"],
        "Inline ignore",
        why: "Where exceptions must be decided centrally, a comment must not silence a rule. Reported only when asked for.",
        fix: "Fix the finding, or write a waiver into the policy.",
        bad: "FROM debian:12.7\n# hadolint ignore=DL3003\nRUN cd /x && make\n", good: "FROM debian:12.7\nRUN make\n";
    BROKEN_JSON = "0032", Medium, [],
        "Broken JSON array",
        why: "What looks like the exec form is no JSON, so a shell runs it with brackets and quotes: the command is not found.",
        fix: "Use double quotes, commas between and none at the end, and double backslashes.",
        bad: "FROM debian:12.7\nCMD ['app', '--serve']\n", good: "FROM debian:12.7\nCMD [\"app\", \"--serve\"]\n";
}

pub(super) fn check(cx: &mut Context<'_>) {
    casing(cx);
    let mut defined = HashSet::new();
    for (index, instruction) in cx.file.instructions().iter().enumerate() {
        simple(cx, index, instruction);
        if let Body::Env(pairs) = &instruction.body {
            self_reference(cx, index, pairs, &defined);
        }
        define(&mut defined, instruction, cx.file.escape());
        if let Body::Onbuild(Some(inner)) = &instruction.body {
            onbuild(cx, index, instruction, inner);
            if inner.keyword != Keyword::Maintainer {
                simple(cx, index, inner);
            }
        }
        if let Some(span) = instruction.empty_continuation {
            let message = format!("an empty line within {}.", instruction.name.text);
            cx.report(&EMPTY_CONTINUATION, span, Some(index), message);
        }
        description(cx, index, instruction);
    }
    variables(cx);
    for comment in cx.file.comments() {
        if pragma::is_ignore(&comment.text) {
            let message = "a comment silences rules.".to_owned();
            cx.report(&INLINE_IGNORE, comment.span, None, message);
        }
    }
}

/// Faults that the parser found, as findings.
pub(in super::super) fn diagnostics(cx: &mut Context<'_>, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let rule = match diagnostic.kind {
            DiagnosticKind::BrokenJson => &BROKEN_JSON,
            // These have rules of their own, or concern the whole file.
            DiagnosticKind::EmptyContinuation
            | DiagnosticKind::InvalidOnbuild
            | DiagnosticKind::BeforeFrom
            | DiagnosticKind::NoFrom
            | DiagnosticKind::EndsInContinuation
            | DiagnosticKind::InvalidEncoding => continue,
            _ => &SYNTAX,
        };
        let at = diagnostic.span.start;
        let instructions = cx.file.instructions();
        let index = instructions
            .partition_point(|i| i.span.start <= at)
            .checked_sub(1);
        cx.report(
            rule,
            diagnostic.span,
            index,
            format!("{}.", diagnostic.message),
        );
    }
}

fn simple(cx: &mut Context<'_>, index: usize, instruction: &Instruction) {
    let name = instruction.name.span;
    match &instruction.body {
        Body::Maintainer(_) => {
            let message = "MAINTAINER is deprecated.".to_owned();
            cx.report(&MAINTAINER, name, Some(index), message);
        }
        Body::Workdir(word) if !word.text.is_empty() => {
            let path = word.unquoted(cx.file.escape());
            if !is_absolute(&path) {
                let message = format!("`{}` is relative.", shown(&path));
                cx.report(&RELATIVE_WORKDIR, word.span, Some(index), message);
            }
            let system = ["/proc", "/boot", "/dev", "/sys", "/initrd", "/lost+found"];
            if system
                .iter()
                .any(|s| path == *s || path.starts_with(&format!("{s}/")))
            {
                let message = format!("`{}` belongs to the system.", shown(&path));
                cx.report(&SYSTEM_WORKDIR, word.span, Some(index), message);
            }
        }
        Body::Env(pairs) | Body::Label(pairs) => legacy(cx, index, pairs),
        _ => {}
    }
}

/// Absolute on Linux or on Windows, or decided by a variable.
fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    path.starts_with(['/', '\\', '$'])
        || (bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':'))
}

fn legacy(cx: &mut Context<'_>, index: usize, pairs: &[Pair]) {
    for pair in pairs
        .iter()
        .filter(|p| p.legacy && !p.value.text.is_empty())
    {
        let message = format!(
            "`{}` and its value are not joined by `=`.",
            shown(&pair.key.text)
        );
        cx.report(&LEGACY_PAIR, pair.key.span, Some(index), message);
    }
}

fn self_reference(cx: &mut Context<'_>, index: usize, pairs: &[Pair], before: &HashSet<String>) {
    if pairs.len() < 2 {
        return;
    }
    let escape = cx.file.escape();
    let defined: HashSet<String> = pairs.iter().map(|p| p.key.unquoted(escape)).collect();
    let mut found = Vec::new();
    for pair in pairs {
        let own = pair.key.unquoted(escape);
        for (name, range) in references(&pair.value.text, escape) {
            let raw = pair.value.text.get(range).unwrap_or("");
            let plain = raw.len() <= name.len() + 3 && !raw.contains(':');
            // `PATH=/x:$PATH` extends what was there before, which is meant.
            if name != own && plain && defined.contains(&name) && !before.contains(&name) {
                found.push((pair.value.span, name));
            }
        }
    }
    for (span, name) in found {
        let message = format!("`{name}` is set by the same ENV, so it is not set yet.");
        cx.report(&SELF_REFERENCE, span, Some(index), message);
    }
}

/// Adds the names that an instruction defines; a new stage forgets all.
fn define(defined: &mut HashSet<String>, instruction: &Instruction, escape: char) {
    match &instruction.body {
        Body::From(_) => defined.clear(),
        Body::Env(pairs) => defined.extend(pairs.iter().map(|p| p.key.unquoted(escape))),
        Body::Arg(list) => defined.extend(list.iter().map(|a| a.name.text.clone())),
        _ => {}
    }
}

fn onbuild(cx: &mut Context<'_>, index: usize, outer: &Instruction, inner: &Instruction) {
    if matches!(
        inner.keyword,
        Keyword::Onbuild | Keyword::From | Keyword::Maintainer
    ) {
        let message = format!("{} holds {}.", outer.name.text, inner.name.text);
        cx.report(&ONBUILD, inner.name.span, Some(index), message);
    }
}

fn casing(cx: &mut Context<'_>) {
    let known = || {
        cx.file
            .instructions()
            .iter()
            .enumerate()
            .filter(|(_, i)| i.keyword != Keyword::Unknown)
    };
    let upper = |i: &Instruction| i.name.text.bytes().all(|b| b.is_ascii_uppercase());
    let lower = |i: &Instruction| i.name.text.bytes().all(|b| b.is_ascii_lowercase());
    let uppers = known().filter(|(_, i)| upper(i)).count();
    let lowers = known().filter(|(_, i)| lower(i)).count();
    let wants_upper = uppers >= lowers;
    let odd: Vec<(usize, Span, String)> = known()
        .filter(|(_, i)| if wants_upper { !upper(i) } else { !lower(i) })
        .map(|(index, i)| (index, i.name.span, i.name.text.clone()))
        .collect();
    for (index, span, name) in odd {
        let case = if wants_upper {
            "capitals"
        } else {
            "lower case"
        };
        let message = format!("`{name}` is not in {case} as the others are.");
        cx.report(&CASING, span, Some(index), message);
    }
}

fn description(cx: &mut Context<'_>, index: usize, instruction: &Instruction) {
    let Some(comment) = instruction
        .comments
        .end
        .checked_sub(1)
        .filter(|last| *last >= instruction.comments.start)
        .and_then(|last| cx.file.comments().get(last))
    else {
        return;
    };
    let name = match &instruction.body {
        Body::From(from) => from.name.as_ref().map(|n| n.text.clone()),
        Body::Arg(list) => list.first().map(|a| a.name.text.clone()),
        _ => None,
    };
    let first = comment.text.split_whitespace().next().unwrap_or("");
    if let Some(name) = name
        && first != name
        && !pragma::is_pragma(&comment.text)
    {
        let message = format!("the comment does not start with `{}`.", shown(&name));
        cx.report(&DESCRIPTION, comment.span, Some(index), message);
    }
}

/// Names that a builder or nearly every base image sets.
const USUALLY_SET: [&str; 22] = [
    "PATH",
    "HOME",
    "HOSTNAME",
    "TERM",
    "USER",
    "PWD",
    "LANG",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
    "SOURCE_DATE_EPOCH",
    "JAVA_HOME",
    "GOPATH",
    "CONDA_DIR",
    "VIRTUAL_ENV",
];

fn variables(cx: &mut Context<'_>) {
    let escape = cx.file.escape();
    let mut found: Vec<(usize, Span, String, bool)> = Vec::new();
    variables::walk(cx, &mut |index, instruction, variables| {
        let expands = matches!(
            instruction.keyword,
            Keyword::Add
                | Keyword::Copy
                | Keyword::Env
                | Keyword::Expose
                | Keyword::Label
                | Keyword::Stopsignal
                | Keyword::User
                | Keyword::Volume
                | Keyword::Workdir
        );
        let text = instruction.rest.text();
        if !expands || !text.contains('$') {
            return;
        }
        for (name, range) in references(text, escape) {
            let raw = text.get(range.clone()).unwrap_or("");
            let has_default = raw.starts_with("${") && raw.len() > name.len() + 3;
            if variables.get(&name).is_none()
                && !has_default
                && !USUALLY_SET.contains(&name.as_str())
            {
                let span = instruction.rest.span(range);
                found.push((index, span, name, variables.has_unknown_base));
            }
        }
    });
    for (index, span, name, unless_base) in found {
        let unless = if unless_base {
            ", and empty unless the base image sets it"
        } else {
            ""
        };
        let message = format!("`{name}` is not defined in this stage{unless}.");
        cx.report(&UNDEFINED, span, Some(index), message);
    }
}
