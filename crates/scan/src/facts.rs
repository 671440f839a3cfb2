//! What a policy asks about beside the report: the Dockerfile.

use seaworthy_dockerfile::{Base, Body, parse_bytes};
use seaworthy_policy::{DockerfileFacts, StageBase, StageFacts};

/// The stages of a Dockerfile, what each is built on and whom it runs as.
#[must_use]
pub fn dockerfile_facts(path: &str, bytes: &[u8]) -> DockerfileFacts {
    let (file, _) = parse_bytes(bytes);
    let stages = file
        .stages()
        .iter()
        .map(|stage| {
            let user = file.instructions()[stage.instructions.clone()]
                .iter()
                .rev()
                .find_map(|instruction| match &instruction.body {
                    Body::User(word) => Some((word.text.clone(), line(&file, instruction))),
                    _ => None,
                });
            StageFacts {
                line: line(&file, stage.instruction),
                base: match &stage.base {
                    Base::Scratch => StageBase::Scratch,
                    Base::Stage(index) => StageBase::Stage(*index),
                    Base::Image(name) => StageBase::Image(name.clone()),
                    Base::Unknown(name) => StageBase::Unresolved(name.clone()),
                },
                user_line: user.as_ref().map_or(0, |(_, line)| *line),
                user: user.map(|(user, _)| user),
            }
        })
        .collect();
    DockerfileFacts {
        path: path.to_owned(),
        stages,
        target: None,
    }
}

fn line(
    file: &seaworthy_dockerfile::Dockerfile,
    instruction: &seaworthy_dockerfile::Instruction,
) -> u32 {
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
}
