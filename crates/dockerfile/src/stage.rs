//! Build stages, their names and what they start from.

use std::collections::HashMap;
use std::ops::Range;

use crate::{Body, Dockerfile, Expansion, From, Instruction, expand};

/// What a stage starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// `scratch`.
    Scratch,
    /// An earlier stage, by its index.
    Stage(usize),
    /// An image, with all variables replaced by their defaults.
    Image(String),
    /// The name needs a variable that has no value here.
    Unknown(String),
}

/// One `FROM` and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage<'a> {
    /// Index, from 0.
    pub index: usize,
    /// The `FROM` instruction.
    pub instruction: &'a Instruction,
    /// Its arguments.
    pub from: &'a From,
    /// Name in lower case, when it has one.
    pub name: Option<String>,
    /// Its instructions, `FROM` excluded, as indexes of [`Dockerfile::instructions`].
    pub instructions: Range<usize>,
    /// What it starts from.
    pub base: Base,
}

impl Dockerfile {
    /// The `ARG`s before the first `FROM` with their defaults; those without are absent.
    #[must_use]
    pub fn global_arguments(&self) -> HashMap<String, String> {
        let mut values: HashMap<String, String> = HashMap::new();
        for instruction in &self.instructions {
            match &instruction.body {
                Body::From(_) => break,
                Body::Arg(arguments) => {
                    for argument in arguments {
                        if let Some(default) = &argument.default {
                            let value = expand(&default.text, self.escape, &|name| {
                                values.get(name).map(String::as_str)
                            });
                            values.insert(argument.name.text.clone(), value.value);
                        }
                    }
                }
                _ => {}
            }
        }
        values
    }

    /// The image name of a `FROM` with the defaults of the global `ARG`s.
    #[must_use]
    pub fn expand_image(&self, image: &str) -> Expansion {
        let values = self.global_arguments();
        expand(image, self.escape, &|name| {
            values
                .get(name)
                .map(String::as_str)
                .or_else(|| platform_argument(name))
        })
    }

    /// All stages in order.
    #[must_use]
    pub fn stages(&self) -> Vec<Stage<'_>> {
        let values = self.global_arguments();
        let mut stages: Vec<Stage<'_>> = Vec::new();
        let mut names: HashMap<String, usize> = HashMap::new();
        for (at, instruction) in self.instructions.iter().enumerate() {
            let Body::From(from) = &instruction.body else {
                continue;
            };
            if let Some(last) = stages.last_mut() {
                last.instructions.end = at;
            }
            let index = stages.len();
            let expansion = expand(&from.image.text, self.escape, &|name| {
                values
                    .get(name)
                    .map(String::as_str)
                    .or_else(|| platform_argument(name))
            });
            let base = base(&from.image.text, expansion, &names);
            let name = from.name.as_ref().map(|n| n.text.to_ascii_lowercase());
            if let Some(name) = &name {
                names.insert(name.clone(), index);
            }
            stages.push(Stage {
                index,
                instruction,
                from,
                name,
                instructions: at + 1..self.instructions.len(),
                base,
            });
        }
        stages
    }
}

fn base(image: &str, expansion: Expansion, names: &HashMap<String, usize>) -> Base {
    if !expansion.complete || !expansion.undefined.is_empty() {
        return Base::Unknown(image.to_owned());
    }
    let name = expansion.value;
    if name.eq_ignore_ascii_case("scratch") {
        return Base::Scratch;
    }
    match names.get(&name.to_ascii_lowercase()) {
        Some(index) => Base::Stage(*index),
        None => Base::Image(name),
    }
}

/// Values of the arguments that the builder sets by itself, as on the most common machine
/// (Dockerfile reference, "Automatic platform ARGs in the global scope").
fn platform_argument(name: &str) -> Option<&'static str> {
    Some(match name {
        "TARGETPLATFORM" | "BUILDPLATFORM" => "linux/amd64",
        "TARGETOS" | "BUILDOS" => "linux",
        "TARGETARCH" | "BUILDARCH" => "amd64",
        "TARGETVARIANT" | "BUILDVARIANT" => "",
        _ => return None,
    })
}
