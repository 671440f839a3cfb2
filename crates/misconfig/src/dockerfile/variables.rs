//! The values of variables at each instruction.

use std::collections::{HashMap, HashSet};

use seaworthy_dockerfile::{Base, Body, Instruction, expand};

use super::context::Context;

/// Stages whose environment is kept for those that start from them.
const MAX_KEPT: usize = 256;
/// Bytes of all values at one place. Values that double each other (`ENV B=$A$A`) reach any size in
/// a few lines; those beyond this are kept as empty.
const MAX_VALUES: usize = 256 << 10;

/// What is known of variables at one place.
#[derive(Clone, Default)]
pub(super) struct Variables {
    values: HashMap<String, String>,
    /// Names that end with the stage.
    arguments: HashSet<String>,
    /// Bytes of the values.
    size: usize,
    /// Whether the first stage of the chain starts from an image, which may set more.
    pub(super) has_unknown_base: bool,
}

impl Variables {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    fn set(&mut self, name: String, mut value: String) {
        if self.size + value.len() > MAX_VALUES {
            value = String::new();
        }
        self.size += value.len();
        let old = self.values.insert(name, value);
        self.size -= old.map_or(0, |old| old.len());
    }

    fn remove(&mut self, name: &str) {
        let old = self.values.remove(name);
        self.size -= old.map_or(0, |old| old.len());
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
                    self.set(name.clone(), value);
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
                    self.set(name, value);
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
                variables.remove(&name);
            }
            ends.insert(stage.index, variables);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_double_each_other_end() {
        let mut variables = Variables::default();
        for n in 0..1000 {
            variables.set(format!("A{n}"), "x".repeat(64 << 10));
        }
        variables.set("B".to_owned(), "small".to_owned());
        let held: usize = variables.values.values().map(String::len).sum();
        assert_eq!((held, variables.size), (MAX_VALUES, MAX_VALUES));
        assert_eq!(
            (variables.get("A0").map(str::len), variables.get("B")),
            (Some(64 << 10), Some(""))
        );
        variables.remove("A0");
        variables.set("B".to_owned(), "small".to_owned());
        assert_eq!(variables.get("B"), Some("small"));
        assert_eq!(variables.size, MAX_VALUES - (64 << 10) + 5);
    }
}
