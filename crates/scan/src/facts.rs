//! What a policy asks about beside the report: the Dockerfile.

use std::collections::{HashMap, HashSet};

use seaworthy_dockerfile::{
    Base, Body, Dockerfile, Expansion, Instruction, Stage, expand, parse_bytes,
};
use seaworthy_policy::{DockerfileFacts, StageBase, StageFacts};

/// Longest value of a variable that is kept: users have short names, and values that repeat each
/// other grow without bound.
const MAX_VALUE: usize = 1024;

/// Stages whose variables are kept for those that are built on them.
const MAX_KEPT: usize = 256;

/// The stages of a Dockerfile, what each is built on and whom it runs as.
#[must_use]
pub fn dockerfile_facts(path: &str, bytes: &[u8]) -> DockerfileFacts {
    let (file, _) = parse_bytes(bytes);
    let globals = file.global_arguments();
    let stages = file.stages();
    let is_built_on: HashSet<usize> = (stages.iter())
        .filter_map(|stage| match stage.base {
            Base::Stage(index) => Some(index),
            _ => None,
        })
        .collect();
    let mut ends: HashMap<usize, Variables> = HashMap::new();
    let mut facts = Vec::new();
    for stage in &stages {
        let mut variables = match stage.base {
            Base::Stage(index) => ends.get(&index).cloned().unwrap_or_default(),
            _ => Variables::default(),
        };
        let user = last_user(&file, stage, &globals, &mut variables);
        if is_built_on.contains(&stage.index) && ends.len() < MAX_KEPT {
            ends.insert(stage.index, variables.without_arguments());
        }
        facts.push(StageFacts {
            line: line(&file, stage.instruction),
            base: match &stage.base {
                Base::Scratch => StageBase::Scratch,
                Base::Stage(index) => StageBase::Stage(*index),
                Base::Image(name) => StageBase::Image(name.clone()),
                Base::Unknown(name) => StageBase::Unresolved(name.clone()),
            },
            user_line: user.as_ref().map_or(0, |(_, line)| *line),
            user: user.map(|(user, _)| user),
        });
    }
    DockerfileFacts {
        path: path.to_owned(),
        stages: facts,
        target: None,
    }
}

/// The last `USER` of a stage and its line: with its variables replaced where all have a value, else
/// as written.
fn last_user(
    file: &Dockerfile,
    stage: &Stage<'_>,
    globals: &HashMap<String, String>,
    variables: &mut Variables,
) -> Option<(String, u32)> {
    let mut user = None;
    for instruction in &file.instructions()[stage.instructions.clone()] {
        if let Body::User(word) = &instruction.body {
            let name = variables
                .value(&word.text, file.escape())
                .unwrap_or_else(|| word.text.clone());
            user = Some((name, line(file, instruction)));
        }
        variables.take(instruction, globals, file.escape());
    }
    user
}

/// What `ARG` and `ENV` set (Dockerfile reference, "ARG": an `ENV` of the same name always wins).
#[derive(Clone, Default)]
struct Variables {
    values: HashMap<String, String>,
    /// Names that end with the stage.
    arguments: HashSet<String>,
}

impl Variables {
    /// A word as the builder reads it; none when a variable in it has no value here.
    fn value(&self, word: &str, escape: char) -> Option<String> {
        let Expansion {
            value,
            undefined,
            complete,
        } = expand(word, escape, &|name| {
            self.values.get(name).map(String::as_str)
        });
        (complete && undefined.is_empty()).then_some(value)
    }

    fn take(&mut self, instruction: &Instruction, globals: &HashMap<String, String>, escape: char) {
        match &instruction.body {
            Body::Arg(list) => {
                for argument in list {
                    let name = &argument.name.text;
                    if self.values.contains_key(name) && !self.arguments.contains(name) {
                        continue;
                    }
                    let value = match &argument.default {
                        Some(word) => self.value(&word.text, escape),
                        None => globals.get(name).cloned(),
                    };
                    self.set(name.clone(), value);
                    self.arguments.insert(name.clone());
                }
            }
            Body::Env(pairs) => {
                // All values of one instruction are read before any of them is set.
                let pairs: Vec<(String, Option<String>)> = (pairs.iter())
                    .map(|pair| {
                        let value = self.value(&pair.value.text, escape);
                        (pair.key.unquoted(escape), value)
                    })
                    .collect();
                for (name, value) in pairs {
                    self.arguments.remove(&name);
                    self.set(name, value);
                }
            }
            _ => {}
        }
    }

    /// What has no value that is known must not keep an earlier one.
    fn set(&mut self, name: String, value: Option<String>) {
        match value.filter(|value| value.len() <= MAX_VALUE) {
            Some(value) => {
                self.values.insert(name, value);
            }
            None => {
                self.values.remove(&name);
            }
        }
    }

    fn without_arguments(mut self) -> Self {
        for name in std::mem::take(&mut self.arguments) {
            self.values.remove(&name);
        }
        self
    }
}

fn line(file: &Dockerfile, instruction: &Instruction) -> u32 {
    file.position(instruction.span.start).line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_tell_their_base_and_user() {
        let facts = dockerfile_facts(
            "Dockerfile",
            b"ARG V=20\nFROM node:$V AS build\nUSER root\nFROM build AS test\nFROM scratch\nCOPY --from=build /a /a\nUSER 1000\nUSER 1001:1001\n",
        );
        let bases: Vec<_> = facts
            .stages
            .iter()
            .map(|stage| stage.base.clone())
            .collect();
        assert_eq!(
            bases,
            [
                StageBase::Image("node:20".to_owned()),
                StageBase::Stage(0),
                StageBase::Scratch
            ]
        );
        assert_eq!(facts.stages[2].user.as_deref(), Some("1001:1001"));
        assert_eq!((facts.stages[2].line, facts.stages[2].user_line), (5, 8));
    }

    #[test]
    fn users_are_named_as_the_builder_reads_them() {
        let user = |text: &str| {
            let facts = dockerfile_facts("Dockerfile", text.as_bytes());
            facts.stages.last().and_then(|stage| stage.user.clone())
        };
        for (text, expected) in [
            ("FROM a\nUSER \"root\"\n", "root"),
            (
                "ARG UID=0\nFROM a\nARG UID\nENV U=$UID\nUSER \"${U}:0\"\n",
                "0:0",
            ),
            ("FROM a\nARG UID=0\nUSER $UID\n", "0"),
            ("FROM a\nUSER ${UID:-1000}\n", "1000"),
            // No value here: as written.
            ("FROM a\nUSER $X\n", "$X"),
            ("FROM a\nARG X\nUSER $X\n", "$X"),
            // A global ARG counts where the stage asks for it.
            ("ARG UID=0\nFROM a\nUSER $UID\n", "$UID"),
            // What is not known any more is not what it was before.
            ("FROM a\nENV U=0\nENV U=$OTHER\nUSER $U\n", "$U"),
            // ENV is inherited and wins, ARG ends with its stage.
            (
                "FROM a AS b\nENV U=0\nARG V=0\nFROM b\nARG U=5\nUSER $U\n",
                "0",
            ),
            ("FROM a AS b\nARG V=0\nFROM b\nUSER $V\n", "$V"),
            ("FROM a\nENV A=1 B=$A\nUSER $B\n", "$B"),
            ("# escape=`\nFROM a\nENV U=0\nUSER `$U\n", "$U"),
        ] {
            assert_eq!(user(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(user("FROM a\n"), None);
        let long = format!(
            "FROM a\nENV A={}\n{}USER $A\n",
            "x".repeat(64),
            "ENV A=$A$A\n".repeat(64)
        );
        assert_eq!(user(&long).as_deref(), Some("$A"));
    }
}
