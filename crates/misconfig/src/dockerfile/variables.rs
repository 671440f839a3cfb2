//! The values of variables at each instruction.

use std::collections::{HashMap, HashSet};

use seaworthy_dockerfile::{Base, Body, Instruction, expand};

use super::context::Context;

/// Stages whose environment is kept for those that start from them.
const MAX_KEPT: usize = 256;

/// What is known of variables at one place.
#[derive(Clone, Default)]
pub(super) struct Variables {
    values: HashMap<String, String>,
    /// Names that end with the stage.
    arguments: HashSet<String>,
    /// Whether the first stage of the chain starts from an image, which may set more.
    pub(super) has_unknown_base: bool,
}

impl Variables {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    fn take(&mut self, instruction: &Instruction, cx: &Context<'_>) {
        let escape = cx.file.escape();
        match &instruction.body {
            Body::Arg(list) => {
                for argument in list {
                    let name = argument.name.text.clone();
                    // An ENV of the same name always wins over an ARG.
                    if self.values.contains_key(&name) && !self.arguments.contains(&name) {
                        continue;
                    }
                    let value = match &argument.default {
                        Some(word) => expand(&word.text, escape, &|n| self.get(n)).value,
                        None => cx.globals.get(&name).cloned().unwrap_or_default(),
                    };
                    self.values.insert(name.clone(), value);
                    self.arguments.insert(name);
                }
            }
            Body::Env(pairs) => {
                let new: Vec<(String, String)> = pairs
                    .iter()
                    .map(|pair| {
                        let value = expand(&pair.value.text, escape, &|n| self.get(n)).value;
                        (pair.key.unquoted(escape), value)
                    })
                    .collect();
                for (name, value) in new {
                    self.arguments.remove(&name);
                    self.values.insert(name, value);
                }
            }
            _ => {}
        }
    }
}

/// Calls `visit` for every instruction of every stage with what is known just before it.
pub(super) fn walk(cx: &Context<'_>, visit: &mut dyn FnMut(usize, &Instruction, &Variables)) {
    let mut ends: HashMap<usize, Variables> = HashMap::new();
    for stage in &cx.stages {
        let mut variables = match &stage.base {
            Base::Stage(parent) => ends.get(parent).cloned().unwrap_or_default(),
            Base::Scratch => Variables::default(),
            Base::Image(_) | Base::Unknown(_) => Variables {
                has_unknown_base: true,
                ..Variables::default()
            },
        };
        for (index, instruction) in cx.stage_instructions(stage.index) {
            visit(index, instruction, &variables);
            variables.take(instruction, cx);
        }
        if cx.is_kept(stage.index) && ends.len() < MAX_KEPT {
            for name in std::mem::take(&mut variables.arguments) {
                variables.values.remove(&name);
            }
            ends.insert(stage.index, variables);
        }
    }
}
