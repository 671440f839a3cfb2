//! `FROM`: images, platforms, names of stages.

use std::collections::{HashMap, HashSet};

use seaworthy_dockerfile::{Base, Body, Keyword, expand, references};

use super::super::context::{Context, shown};

rules! {
    UNTAGGED = "0001", Medium, ["DL3006", "AVD-DS-0001", "DKL-DI-0006"],
        "Image without a tag",
        why: "An image without a tag is `latest`: each build may start from something else.",
        fix: "Name a version: `FROM debian:12.7-slim`.",
        bad: "FROM debian\nRUN make\n", good: "FROM debian:12.7-slim\nRUN make\n";
    LATEST = "0002", Medium, ["DL3007", "AVD-DS-0001", "DKL-DI-0006"],
        "Image with the tag latest",
        why: "`latest` moves: the same Dockerfile builds another image tomorrow, and nobody can tell which one runs.",
        fix: "Name a version instead of `latest`.",
        bad: "FROM debian:latest\n", good: "FROM debian:12.7-slim\n";
    NO_DIGEST = "0003", Negligible, [],
        "Image not pinned by digest",
        why: "A tag can be moved to another image, by mistake or by an attacker; a digest cannot.",
        fix: "Append the digest, and let a bot renew it: `FROM debian:12.7-slim@sha256:…`.",
        bad: "FROM debian:12.7-slim\n",
        good: "FROM debian:12.7-slim@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
    REGISTRY = "0004", High, ["DL3026"],
        "Image from a registry that is not trusted",
        why: "The list of trusted registries says where images may come from; this one comes from elsewhere.",
        fix: "Take the image from a trusted registry, or add the registry to `trustedRegistries`.",
        bad: "FROM evil.example.net/debian:12.7\n", good: "FROM registry.example.com/debian:12.7\n";
    PLATFORM = "0005", Low, ["DL3029", "FromPlatformFlagConstDisallowed"],
        "FROM with a fixed platform",
        why: "A constant in `--platform` makes every build produce that one architecture, whatever was asked for.",
        fix: "Drop `--platform`, or use `$BUILDPLATFORM` for stages that cross-compile.",
        bad: "FROM --platform=linux/amd64 debian:12.7\n", good: "FROM --platform=$BUILDPLATFORM debian:12.7\n";
    TARGET_PLATFORM = "0006", Negligible, ["DL3065", "RedundantTargetPlatform"],
        "FROM with $TARGETPLATFORM",
        why: "`$TARGETPLATFORM` is what `FROM` uses anyway, so the flag says nothing.",
        fix: "Drop the flag.",
        bad: "FROM --platform=$TARGETPLATFORM debian:12.7\n", good: "FROM debian:12.7\n";
    DUPLICATE_STAGE = "0007", High, ["DL3024", "DuplicateStageName", "AVD-DS-0012"],
        "Two stages of the same name",
        why: "Only one of two stages with the same name can be referred to; which one, readers will guess wrongly.",
        fix: "Give each stage a name of its own.",
        bad: "FROM debian:12.7 AS build\nFROM debian:12.7 AS build\n",
        good: "FROM debian:12.7 AS build\nFROM debian:12.7 AS test\n";
    RESERVED_STAGE = "0008", Medium, ["DL3063", "ReservedStageName"],
        "Stage with a reserved name",
        why: "`scratch` and `context` mean something to the builder already.",
        fix: "Choose another name.",
        bad: "FROM debian:12.7 AS context\n", good: "FROM debian:12.7 AS sources\n";
    STAGE_CASE = "0009", Negligible, ["StageNameCasing"],
        "Stage name with capitals",
        why: "Names of stages are compared without case; capitals suggest a difference that is not there.",
        fix: "Write the name in lower case.",
        bad: "FROM debian:12.7 AS Build\n", good: "FROM debian:12.7 AS build\n";
    AS_CASE = "0010", Negligible, ["FromAsCasing"],
        "AS in another case than FROM",
        why: "`FROM … as` mixes two ways of writing keywords, which makes stages hard to spot.",
        fix: "Write both in the same case.",
        bad: "FROM debian:12.7 as build\n", good: "FROM debian:12.7 AS build\n";
    DEFAULT_ARG = "0011", Low, ["InvalidDefaultArgInFrom"],
        "FROM that fails without build arguments",
        why: "With the defaults of its arguments the image name is empty or broken, so a plain build fails.",
        fix: "Give the ARG a default, or write `${VERSION:-12.7}`.",
        bad: "ARG VERSION\nFROM debian:${VERSION}\n", good: "ARG VERSION=12.7\nFROM debian:${VERSION}\n";
    UNDEFINED_ARG = "0012", Medium, ["UndefinedArgInFrom"],
        "FROM with an undeclared argument",
        why: "Only an ARG before the first FROM is known in FROM; any other variable is empty.",
        fix: "Declare the ARG before the first FROM.",
        bad: "FROM debian:${VERSION:-12.7}\n", good: "ARG VERSION=12.7\nFROM debian:${VERSION}\n";
    ORDER = "0013", High, ["DL3061"],
        "Instruction before FROM",
        why: "Only ARG may stand before the first FROM; the build fails.",
        fix: "Move the instruction behind FROM.",
        bad: "ENV A=b\nFROM debian:12.7\n", good: "FROM debian:12.7\nENV A=b\n";
    LATEST_DEFAULT = "0014", Medium, ["AVD-DS-0001"],
        "Tag that is latest by default",
        why: "Without build arguments the image is `latest`, which moves: the same Dockerfile builds another image tomorrow.",
        fix: "Give the ARG a version as its default.",
        bad: "ARG TAG=latest\nFROM debian:${TAG}\n", good: "ARG TAG=12.7-slim\nFROM debian:${TAG}\n";
}

/// Variables that the builder declares by itself in front of the first FROM.
const PLATFORM_ARGUMENTS: [&str; 8] = [
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
];

pub(super) fn check(cx: &mut Context<'_>) {
    order(cx);
    let declared = global_names(cx);
    for stage in 0..cx.stages.len() {
        image(cx, stage);
        arguments(cx, stage, &declared);
        platform(cx, stage);
        name(cx, stage);
    }
    duplicates(cx);
}

/// The index of the instruction that a stage starts with.
fn from_index(cx: &Context<'_>, stage: usize) -> Option<usize> {
    cx.stages
        .get(stage)
        .and_then(|s| s.instructions.start.checked_sub(1))
}

fn order(cx: &mut Context<'_>) {
    let mut early = Vec::new();
    for (index, instruction) in cx.file.instructions().iter().enumerate() {
        match instruction.keyword {
            Keyword::From => break,
            Keyword::Arg | Keyword::Unknown => {}
            _ => early.push((index, instruction.name.span, instruction.name.text.clone())),
        }
    }
    for (index, span, name) in early {
        let message = format!("{name} stands before the first FROM.");
        cx.report(&ORDER, span, Some(index), message);
    }
}

/// Name, tag and digest of an image reference as written.
fn split_reference(image: &str) -> (&str, Option<&str>, Option<&str>) {
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    let path = name.rfind('/').map_or(0, |i| i + 1);
    // A colon within `${A:-b}` is no tag.
    let mut depth = 0_usize;
    let colon = name.char_indices().find(|(i, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *c == ':' && depth == 0 && *i >= path
    });
    match colon {
        Some((i, _)) => (&name[..i], name.get(i + 1..), digest),
        None => (name, None, digest),
    }
}

fn image(cx: &mut Context<'_>, stage: usize) {
    let Some(s) = cx.stages.get(stage) else {
        return;
    };
    let (word, base) = (s.from.image.clone(), s.base.clone());
    let span = word.span;
    let index = from_index(cx, stage);
    if word.text.is_empty() || matches!(base, Base::Scratch | Base::Stage(_)) {
        return;
    }
    let (name, tag, digest) = split_reference(&word.text);
    if digest.is_none() {
        // A name that is wholly a variable may bring its tag along.
        if tag.is_none() && !name.starts_with('$') {
            let message = format!("`{}` has no tag.", shown(&word.text));
            cx.report(&UNTAGGED, span, index, message);
        }
        if tag == Some("latest") {
            let message = format!("`{}` moves with every release.", shown(&word.text));
            cx.report(&LATEST, span, index, message);
        }
        if let Base::Image(full) = &base
            && word.text.contains('$')
            && tag != Some("latest")
            && split_reference(full).1 == Some("latest")
        {
            let message = format!("by default the image is `{}`.", shown(full));
            cx.report(&LATEST_DEFAULT, span, index, message);
        }
        let expanded_has_digest = matches!(&base, Base::Image(name) if name.contains('@'));
        if !expanded_has_digest {
            let message = format!("`{}` is not pinned to a digest.", shown(&word.text));
            cx.report(&NO_DIGEST, span, index, message);
        }
    }
    if !cx.options.trusted_registries.is_empty() {
        let full = match &base {
            Base::Image(name) => name.clone(),
            _ => word.text.clone(),
        };
        let registry = registry(&full);
        let trusted = cx.options.trusted_registries.iter();
        if !trusted.into_iter().any(|t| matches_registry(t, registry)) {
            let message = format!("`{}` comes from `{registry}`.", shown(&word.text));
            cx.report(&REGISTRY, span, index, message);
        }
    }
}

/// The registry of an image name, as Docker reads it.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

/// Whether a registry is the one trusted; `*` in front or at the end stands for anything.
fn matches_registry(trusted: &str, registry: &str) -> bool {
    if trusted == "*" || trusted.eq_ignore_ascii_case(registry) {
        return true;
    }
    let same_hub = |name: &str| matches!(name, "docker.io" | "hub.docker.com" | "index.docker.io");
    if same_hub(trusted) && same_hub(registry) {
        return true;
    }
    if let Some(suffix) = trusted.strip_prefix('*') {
        return registry.ends_with(suffix);
    }
    trusted
        .strip_suffix('*')
        .is_some_and(|prefix| registry.starts_with(prefix))
}

fn arguments(cx: &mut Context<'_>, stage: usize, declared: &HashSet<String>) {
    let Some(s) = cx.stages.get(stage) else {
        return;
    };
    let word = s.from.image.clone();
    if !word.text.contains('$') {
        return;
    }
    let index = from_index(cx, stage);
    let mut undeclared = false;
    for (name, _) in references(&word.text, cx.file.escape()) {
        if !declared.contains(&name) && !PLATFORM_ARGUMENTS.contains(&name.as_str()) {
            undeclared = true;
            let message = format!("`{name}` is not declared before the first FROM.");
            cx.report(&UNDEFINED_ARG, word.span, index, message);
        }
    }
    let value = expand(&word.text, cx.file.escape(), &|name| {
        let builtin = PLATFORM_ARGUMENTS.contains(&name).then_some("linux");
        cx.globals.get(name).map(String::as_str).or(builtin)
    });
    if value.complete && !undeclared && !is_reference(&value.value) {
        let message = format!(
            "with the default arguments `{}` becomes `{}`.",
            shown(&word.text),
            shown(&value.value)
        );
        cx.report(&DEFAULT_ARG, word.span, index, message);
    }
}

fn global_names(cx: &Context<'_>) -> HashSet<String> {
    let before = cx
        .file
        .instructions()
        .iter()
        .take_while(|i| i.keyword != Keyword::From);
    before
        .filter_map(|i| match &i.body {
            Body::Arg(list) => Some(list),
            _ => None,
        })
        .flatten()
        .map(|a| a.name.text.clone())
        .collect()
}

/// Whether a text can be an image reference at all.
fn is_reference(text: &str) -> bool {
    let (name, tag, digest) = split_reference(text);
    let part = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_graphic());
    part(name)
        && !name.starts_with(['/', '-', '.'])
        && !name.ends_with('/')
        && tag.is_none_or(part)
        && digest.is_none_or(part)
}

fn platform(cx: &mut Context<'_>, stage: usize) {
    let Some(s) = cx.stages.get(stage) else {
        return;
    };
    let Some(flag) = s.instruction.flag("platform") else {
        return;
    };
    let value = flag.value.clone().unwrap_or_default();
    let span = flag.span;
    let index = from_index(cx, stage);
    match value.as_str() {
        "$TARGETPLATFORM" | "${TARGETPLATFORM}" => {
            let message = "`$TARGETPLATFORM` is the default.".to_owned();
            cx.report(&TARGET_PLATFORM, span, index, message);
        }
        v if v.contains("BUILDPLATFORM") || v.contains("TARGETPLATFORM") => {}
        _ => {
            let message = format!("the platform is fixed to `{}`.", shown(&value));
            cx.report(&PLATFORM, span, index, message);
        }
    }
}

fn name(cx: &mut Context<'_>, stage: usize) {
    let Some(s) = cx.stages.get(stage) else {
        return;
    };
    let index = from_index(cx, stage);
    let keyword = s.instruction.name.text.clone();
    if let Some(word) = s.from.as_keyword.clone()
        && word.text.eq_ignore_ascii_case("as")
        && is_upper(&word.text) != is_upper(&keyword)
    {
        let message = format!("`{keyword}` and `{}` differ in case.", word.text);
        cx.report(&AS_CASE, word.span, index, message);
    }
    let Some(word) = cx.stages.get(stage).and_then(|s| s.from.name.clone()) else {
        return;
    };
    if matches!(word.text.as_str(), "scratch" | "context") {
        let message = format!("`{}` is a reserved name.", word.text);
        cx.report(&RESERVED_STAGE, word.span, index, message);
    }
    if word.text.bytes().any(|b| b.is_ascii_uppercase()) {
        let message = format!("`{}` has capitals.", shown(&word.text));
        cx.report(&STAGE_CASE, word.span, index, message);
    }
}

fn is_upper(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_uppercase())
}

fn duplicates(cx: &mut Context<'_>) {
    let mut seen: HashMap<String, u32> = HashMap::new();
    let mut found = Vec::new();
    for stage in &cx.stages {
        let (Some(key), Some(word)) = (&stage.name, &stage.from.name) else {
            continue;
        };
        match seen.get(key) {
            Some(line) => found.push((
                stage.index,
                word.span,
                format!(
                    "`{}` is already the stage of line {line}.",
                    shown(&word.text)
                ),
            )),
            None => {
                seen.insert(key.clone(), stage.instruction.line);
            }
        }
    }
    for (stage, span, message) in found {
        let index = from_index(cx, stage);
        cx.report(&DUPLICATE_STAGE, span, index, message);
    }
}
