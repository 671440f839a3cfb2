//! Package managers of languages: pip, npm, yarn, gem, go.

use std::collections::HashSet;

use seaworthy_dockerfile::shell::{Command, ShellWord};
use seaworthy_dockerfile::{Base, Body};

use super::super::command::{has_flag, has_word, is, list, packages, positional};
use super::super::context::{Context, Run};

rules! {
    PIP_PIN = "0140", Low, ["DL3013"],
        "pip install without versions",
        why: "Another day, another version: builds are not repeatable, and a new release is trusted unseen.",
        fix: "Write `package==version`, or install from a lock file with hashes.",
        bad: "FROM python:3.12\nRUN pip install --no-cache-dir flask\n",
        good: "FROM python:3.12\nRUN pip install --no-cache-dir flask==3.0.3\n";
    PIP_CACHE = "0141", Low, ["DL3042"],
        "pip cache left in the image",
        why: "pip keeps what it downloads, which nobody uses again in an image.",
        fix: "Add `--no-cache-dir`, or mount a cache at /root/.cache/pip.",
        bad: "FROM python:3.12\nRUN pip install flask==3.0.3\n",
        good: "FROM python:3.12\nRUN pip install --no-cache-dir flask==3.0.3\n";
    NPM_PIN = "0142", Low, ["DL3016"],
        "npm install without versions",
        why: "Another day, another version: builds are not repeatable, and a new release is trusted unseen.",
        fix: "Write `package@version`, or use `npm ci` with a lock file.",
        bad: "FROM node:22.3\nRUN npm install -g pm2\n", good: "FROM node:22.3\nRUN npm install -g pm2@5.4.0\n";
    GEM_PIN = "0143", Low, ["DL3028"],
        "gem install without versions",
        why: "Another day, another version: builds are not repeatable, and a new release is trusted unseen.",
        fix: "Write `gem:version`, or use Bundler with a lock file.",
        bad: "FROM ruby:3.3\nRUN gem install puma\n", good: "FROM ruby:3.3\nRUN gem install puma:6.4.2\n";
    YARN_CACHE = "0144", Negligible, ["DL3060"],
        "yarn cache left in the image",
        why: "yarn keeps what it downloads, which nobody uses again in an image.",
        fix: "End the same RUN with `yarn cache clean`, or mount a cache.",
        bad: "FROM node:22.3\nRUN yarn install --frozen-lockfile\n",
        good: "FROM node:22.3\nRUN yarn install --frozen-lockfile && yarn cache clean\n";
    GO_PIN = "0145", Low, ["DL3062"],
        "go install without a version",
        why: "Another day, another version: builds are not repeatable, and a new release is trusted unseen.",
        fix: "Write `package@version`.",
        bad: "FROM golang:1.22\nRUN go install example.com/tool@latest\n",
        good: "FROM golang:1.22\nRUN go install example.com/tool@v1.2.3\n";
}

pub(super) fn check(cx: &mut Context<'_>) {
    cx.each_command(&PIP_PIN, &|command, _| unpinned_pip(command));
    pip_cache(cx);
    cx.each_command(&NPM_PIN, &|command, _| unpinned_npm(command));
    cx.each_command(&GEM_PIN, &|command, _| unpinned_gem(command));
    cx.each_command(&GO_PIN, &|command, _| unpinned_go(command));
    let kept: Vec<bool> = (0..cx.stages.len()).map(|s| cx.is_kept(s)).collect();
    cx.each_run(&YARN_CACHE, &|run| {
        let install = run
            .commands()
            .find(|c| is(c, &["yarn"]) && has_word(c, &["install"]))?;
        let cleaned = run
            .commands()
            .any(|c| is(c, &["yarn"]) && has_word(c, &["cache"]) && has_word(c, &["clean"]))
            || run.mounts(&|t| t.contains("yarn"));
        (kept.get(run.stage) == Some(&true) && !cleaned)
            .then(|| (install.span, "the cache stays in the layer.".to_owned()))
    });
}

fn unpinned(words: &[&ShellWord], pinned: &dyn Fn(&str) -> bool) -> Option<String> {
    let open: Vec<&ShellWord> = words.iter().copied().filter(|w| !pinned(&w.text)).collect();
    (!open.is_empty()).then(|| format!("{} without a version.", list(&open)))
}

/// `pip`, `pip3`, `pip3.12`.
fn is_pip(name: &str) -> bool {
    name.strip_prefix("pip")
        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

fn is_python(name: &str) -> bool {
    name.strip_prefix("python")
        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// `pip install` or `python -m pip install`.
fn pip_install(command: &Command) -> bool {
    let name = command.name().unwrap_or("");
    let words = command.arguments();
    let module = is_python(name)
        && words.windows(2).any(
            |pair| matches!(pair, [flag, module] if flag.text == "-m" && is_pip(&module.text)),
        );
    (is_pip(name) || module) && has_word(command, &["install"])
}

const PIP_VALUES: [&str; 34] = [
    "-m",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--trusted-host",
    "-t",
    "--target",
    "--prefix",
    "--proxy",
    "--root",
    "-e",
    "--editable",
    "--platform",
    "--python-version",
    "--abi",
    "--implementation",
    "--progress-bar",
    "--timeout",
    "--retries",
    "--cert",
    "--client-cert",
    "--cache-dir",
    "--src",
    "--upgrade-strategy",
    "--no-binary",
    "--only-binary",
    "--global-option",
    "--install-option",
    "--root-user-action",
    "--log",
    "--config-settings",
    "-b",
];

fn unpinned_pip(command: &Command) -> Option<String> {
    let pipx = is(command, &["pipx"]) && has_word(command, &["install"]);
    if !pip_install(command) && !pipx {
        return None;
    }
    // A file of requirements or constraints is expected to have the versions.
    let from_file = command.arguments().iter().any(|word| {
        let text = word.text.as_str();
        text.starts_with("-r")
            || text.starts_with("-c")
            || text.starts_with("--requirement")
            || text.starts_with("--constraint")
            || (text.starts_with('-')
                && !text.starts_with("--")
                && (text.ends_with('r') || text.ends_with('c')))
    });
    if from_file {
        return None;
    }
    let words = packages(command, &["install"], &PIP_VALUES);
    unpinned(&words, &|text| {
        let is_file = text.starts_with(['.', '/'])
            || [".whl", ".tar.gz", ".zip", ".tar.bz2"]
                .iter()
                .any(|e| text.ends_with(e));
        if let Some((scheme, rest)) = text.split_once("://") {
            return !scheme.starts_with("git+") || rest.contains('@');
        }
        is_file || text.contains(['=', '<', '>', '~', '@'])
    })
}

/// Commands that fill the cache, when nothing says that there is none.
fn pip_cache(cx: &mut Context<'_>) {
    let escape = cx.file.escape();
    let mut without: HashSet<usize> = HashSet::new();
    let mut off_from: Vec<Option<usize>> = vec![None; cx.stages.len()];
    for stage in &cx.stages {
        let inherited = match stage.base {
            Base::Stage(parent) => without.contains(&parent),
            _ => false,
        };
        let set = cx.stage_instructions(stage.index).find(|(_, i)| {
            matches!(&i.body, Body::Env(pairs) if pairs.iter().any(|p| {
                p.key.text == "PIP_NO_CACHE_DIR" && is_true(&p.value.unquoted(escape))
            }))
        });
        let from = if inherited {
            Some(0)
        } else {
            set.map(|(i, _)| i)
        };
        if from.is_some() {
            without.insert(stage.index);
        }
        if let Some(slot) = off_from.get_mut(stage.index) {
            *slot = from;
        }
    }
    cx.each_run(&PIP_CACHE, &|run| {
        let fills = run
            .commands()
            .find(|c| pip_install(c) && !has_flag(c, "", &["no-cache-dir"]) && !assigns(c))?;
        let off = off_from
            .get(run.stage)
            .copied()
            .flatten()
            .is_some_and(|from| from < run.index);
        let mounted = run.mounts(&|t| t.ends_with("/.cache/pip") || t.ends_with("/.cache"));
        (!off && !mounted && !exports(run))
            .then(|| (fills.span, "the cache stays in the layer.".to_owned()))
    });
}

fn is_true(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "1" | "true" | "yes" | "on"
    )
}

fn sets(word: &ShellWord) -> bool {
    word.text
        .strip_prefix("PIP_NO_CACHE_DIR=")
        .is_some_and(is_true)
}

fn assigns(command: &Command) -> bool {
    command.assignments.iter().any(sets)
}

fn exports(run: &Run<'_>) -> bool {
    run.commands()
        .any(|c| is(c, &["export"]) && c.arguments().iter().any(sets))
}

fn unpinned_npm(command: &Command) -> Option<String> {
    const VALUES: [&str; 12] = [
        "--registry",
        "--loglevel",
        "--prefix",
        "--cache",
        "--userconfig",
        "--tag",
        "--omit",
        "--include",
        "-w",
        "--workspace",
        "-C",
        "--fetch-retries",
    ];
    const INSTALLS: [&str; 3] = ["install", "i", "add"];
    if !is(command, &["npm"]) {
        return None;
    }
    unpinned(&packages(command, &INSTALLS, &VALUES), &|text| {
        let local = text.starts_with(['.', '/', '~'])
            || text.starts_with("file:")
            || text.ends_with(".tgz")
            || text.ends_with(".tar.gz")
            || text.ends_with(".tar");
        let git = ["git://", "git+", "github:", "gitlab:", "bitbucket:"];
        if git.iter().any(|g| text.starts_with(g)) {
            return text.contains('#');
        }
        // The name of a scope begins with `@` too.
        local || text.contains("://") || text.get(1..).is_some_and(|t| t.contains('@'))
    })
}

fn unpinned_gem(command: &Command) -> Option<String> {
    const VALUES: [&str; 12] = [
        "-i",
        "--install-dir",
        "-n",
        "--bindir",
        "--platform",
        "-s",
        "--source",
        "-P",
        "--trust-policy",
        "--env",
        "--document",
        "--build-root",
    ];
    if !is(command, &["gem"]) || has_flag(command, "v", &["version"]) {
        return None;
    }
    let words = packages(command, &["install", "i"], &VALUES);
    // What stands behind `--` is for the compiler.
    let end = command
        .arguments()
        .iter()
        .find(|w| w.text == "--")
        .map_or(usize::MAX, |w| w.span.start);
    let words: Vec<&ShellWord> = words.into_iter().filter(|w| w.span.start < end).collect();
    unpinned(&words, &|text| text.contains(':') || text.ends_with(".gem"))
}

fn unpinned_go(command: &Command) -> Option<String> {
    const VALUES: [&str; 14] = [
        "-tags",
        "-ldflags",
        "-gcflags",
        "-asmflags",
        "-mod",
        "-modfile",
        "-o",
        "-p",
        "-C",
        "-buildmode",
        "-exec",
        "-overlay",
        "-pkgdir",
        "-toolexec",
    ];
    if !is(command, &["go"]) {
        return None;
    }
    let words = positional(command, &VALUES);
    let (subcommand, rest) = words.split_first()?;
    let rest: &[&ShellWord] = match subcommand.text.as_str() {
        "install" | "get" => rest,
        // Behind the package stand the arguments of the program.
        "run" => rest.get(..1).unwrap_or(&[]),
        _ => return None,
    };
    unpinned(rest, &|text| {
        let local = text.starts_with(['.', '/']) || text.ends_with(".go");
        match text.rsplit_once('@') {
            Some((_, version)) => !matches!(version, "latest" | "none" | ""),
            None => local,
        }
    })
}
