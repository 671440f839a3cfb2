//! What the checks look at: the file, its stages, and what each instruction runs.

use std::collections::HashMap;

use seaworthy_dockerfile::shell::{Command, Script};
use seaworthy_dockerfile::{Base, Body, Dockerfile, Form, Healthcheck, Instruction, Span, Stage};

use super::LintOptions;
use crate::Rule;

/// Findings that one file may have; a file with more is generated or hostile.
pub(super) const MAX_FINDINGS: usize = 5000;

/// A finding before it is shown.
pub(super) struct Found {
    pub(super) rule: &'static Rule,
    pub(super) span: Span,
    /// Index of the instruction, none for what stands outside of one.
    pub(super) instruction: Option<usize>,
    pub(super) message: String,
}

/// The shell of a `RUN`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shell {
    /// One that POSIX describes.
    Posix,
    /// PowerShell or `cmd`: its text says nothing here.
    Other,
}

/// A `RUN` that is not within `ONBUILD`.
pub(super) struct Run<'a> {
    pub(super) index: usize,
    pub(super) instruction: &'a Instruction,
    pub(super) stage: usize,
    /// The line itself first, then its here-documents that are scripts.
    pub(super) scripts: Vec<Script>,
    pub(super) shell: Shell,
    /// Whether the SHELL in force ends a pipe with the failure of any of its commands.
    pub(super) pipefail: bool,
    /// Whether it is in exec form.
    pub(super) exec: bool,
}

impl Run<'_> {
    /// All its commands.
    pub(super) fn commands(&self) -> impl Iterator<Item = &Command> {
        self.scripts.iter().flat_map(|s| &s.commands)
    }

    /// Whether a `--mount` of type cache or tmpfs covers a directory.
    pub(super) fn mounts(&self, matches: &dyn Fn(&str) -> bool) -> bool {
        self.instruction
            .flags
            .iter()
            .filter(|f| f.name == "mount")
            .filter_map(|f| f.value.as_deref())
            .any(|value| {
                let field = |names: &[&str]| {
                    value.split(',').find_map(|pair| {
                        let (name, value) = pair.split_once('=')?;
                        names.contains(&name.trim()).then_some(value.trim())
                    })
                };
                let kind = field(&["type"]).unwrap_or("bind");
                matches!(kind, "cache" | "tmpfs")
                    && field(&["target", "dst", "destination"])
                        .is_some_and(|t| matches(t.trim_end_matches('/')))
            })
    }
}

/// Everything that a check needs, and where it reports.
pub(super) struct Context<'a> {
    pub(super) file: &'a Dockerfile,
    pub(super) options: &'a LintOptions,
    pub(super) stages: Vec<Stage<'a>>,
    /// Defaults of the arguments before the first FROM.
    pub(super) globals: HashMap<String, String>,
    /// The first stage of each name.
    pub(super) names: HashMap<String, usize>,
    kept: Vec<bool>,
    pub(super) runs: Vec<Run<'a>>,
    pub(super) found: Vec<Found>,
    /// Findings over [`MAX_FINDINGS`], which were dropped.
    pub(super) dropped: usize,
}

impl<'a> Context<'a> {
    pub(super) fn new(file: &'a Dockerfile, options: &'a LintOptions) -> Self {
        let stages = file.stages();
        let runs = runs(file, &stages);
        let mut kept = vec![false; stages.len()];
        for stage in &stages {
            if let Base::Stage(parent) = stage.base
                && let Some(kept) = kept.get_mut(parent)
            {
                *kept = true;
            }
        }
        if let Some(last) = kept.last_mut() {
            *last = true;
        }
        let mut names = HashMap::new();
        for stage in &stages {
            if let Some(name) = &stage.name {
                names.entry(name.clone()).or_insert(stage.index);
            }
        }
        Self {
            file,
            options,
            stages,
            globals: file.global_arguments(),
            names,
            kept,
            runs,
            found: Vec::new(),
            dropped: 0,
        }
    }

    /// The instructions of a stage with their indexes, `FROM` excluded.
    pub(super) fn stage_instructions(
        &self,
        stage: usize,
    ) -> impl Iterator<Item = (usize, &'a Instruction)> + use<'a> {
        let range = self
            .stages
            .get(stage)
            .map_or(0..0, |s| s.instructions.clone());
        let all = self.file.instructions();
        range.filter_map(move |i| Some((i, all.get(i)?)))
    }

    /// Whether a stage is what is built in the end, or what a later stage starts from.
    pub(super) fn is_kept(&self, stage: usize) -> bool {
        self.kept.get(stage) == Some(&true)
    }

    pub(super) fn report(
        &mut self,
        rule: &'static Rule,
        span: Span,
        instruction: Option<usize>,
        message: String,
    ) {
        if self.found.len() >= MAX_FINDINGS {
            self.dropped += 1;
        } else {
            self.found.push(Found {
                rule,
                span,
                instruction,
                message,
            });
        }
    }

    /// Reports for every `RUN` that the check says something about.
    pub(super) fn each_run(
        &mut self,
        rule: &'static Rule,
        check: &dyn Fn(&Run<'a>) -> Option<(Span, String)>,
    ) {
        let found: Vec<(usize, Span, String)> = self
            .runs
            .iter()
            .filter_map(|run| check(run).map(|(span, message)| (run.index, span, message)))
            .collect();
        for (index, span, message) in found {
            self.report(rule, span, Some(index), message);
        }
    }

    /// Reports for every command of every `RUN` that the check says something about.
    pub(super) fn each_command(
        &mut self,
        rule: &'static Rule,
        check: &dyn Fn(&Command, &Run<'a>) -> Option<String>,
    ) {
        let mut found = Vec::new();
        for run in &self.runs {
            for command in run.commands() {
                if let Some(message) = check(command, run) {
                    found.push((command.span, run.index, message));
                }
            }
        }
        for (span, index, message) in found {
            self.report(rule, span, Some(index), message);
        }
    }
}

fn runs<'a>(file: &'a Dockerfile, stages: &[Stage<'a>]) -> Vec<Run<'a>> {
    let mut runs = Vec::new();
    for stage in stages {
        let mut shell = Shell::Posix;
        let mut pipefail = false;
        for index in stage.instructions.clone() {
            let Some(instruction) = file.instructions().get(index) else {
                continue;
            };
            match &instruction.body {
                Body::Shell(words) => {
                    let words: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
                    shell = shell_kind(&words);
                    pipefail = has_pipefail(&words);
                }
                Body::Run(form) => runs.push(Run {
                    index,
                    instruction,
                    stage: stage.index,
                    scripts: scripts(file, instruction, form),
                    shell,
                    pipefail,
                    exec: matches!(form, Form::Exec(_)),
                }),
                _ => {}
            }
        }
    }
    runs
}

fn scripts(file: &Dockerfile, instruction: &Instruction, form: &Form) -> Vec<Script> {
    let mut scripts = vec![Script::of_form(form, &instruction.rest)];
    if !instruction.heredocs.is_empty() {
        scripts.extend(Script::of_heredocs(instruction, file.text()));
    }
    scripts
}

fn shell_kind(words: &[&str]) -> Shell {
    let Some(first) = words.first() else {
        return Shell::Posix;
    };
    let name = first
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or("")
        .to_ascii_lowercase();
    match name.strip_suffix(".exe").unwrap_or(&name) {
        "powershell" | "pwsh" | "cmd" => Shell::Other,
        _ => Shell::Posix,
    }
}

/// `-o pipefail` for a shell that knows it; `sh` may be one that does not.
fn has_pipefail(words: &[&str]) -> bool {
    let knows = words.iter().take(2).any(|w| {
        matches!(
            w.rsplit('/').next().unwrap_or(""),
            "bash" | "ash" | "zsh" | "ksh" | "busybox"
        )
    });
    let option = words.windows(2).any(|pair| match pair {
        [flag, "pipefail"] => flag.starts_with(['-', '+']) && flag.ends_with('o'),
        _ => false,
    });
    knows && option
}

/// The command form of a `CMD`, `ENTRYPOINT` or `HEALTHCHECK`.
pub(super) fn process_form(body: &Body) -> Option<&Form> {
    match body {
        Body::Cmd(form) | Body::Entrypoint(form) => Some(form),
        Body::Healthcheck(Healthcheck::Command(form)) => Some(form),
        _ => None,
    }
}

/// Calls `each` for every instruction and for what `ONBUILD` holds.
pub(super) fn with_nested<'a>(
    file: &'a Dockerfile,
    mut each: impl FnMut(usize, &'a Instruction, bool),
) {
    for (index, instruction) in file.instructions().iter().enumerate() {
        each(index, instruction, false);
        if let Body::Onbuild(Some(inner)) = &instruction.body {
            each(index, inner, true);
        }
    }
}

/// At most 60 characters of a text, for a message.
pub(super) fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
