//! What is no YAML, JSON or HCL, as a document that custom rules can ask: Dockerfiles, and the
//! configuration of images.

use seaworthy_dockerfile::{Dockerfile, Keyword, parse_bytes};
use seaworthy_oci::ImageConfig;
use serde_json::json;

use crate::document::{Node, Position, Value};

/// `{instructions: [{instruction, arguments, flags, stage, line}], stages: [{image, name, line}]}`.
/// Instructions before the first `FROM` are of stage -1.
pub(super) fn dockerfile(bytes: &[u8]) -> Node {
    let (file, _) = parse_bytes(bytes);
    let (mut instructions, mut stages) = (Vec::new(), Vec::new());
    for instruction in file.instructions() {
        let (start, end) = (
            position(&file, instruction.span.start),
            position(&file, instruction.span.end),
        );
        let text = |value: String| Node::new(Value::Text(value), start, end);
        let line = || Node::new(Value::Number(instruction.line.to_string()), start, end);
        if instruction.keyword == Keyword::From {
            stages.push((instruction, start, end));
        }
        let stage = stages.len() as i64 - 1;
        let flags = instruction
            .flags
            .iter()
            .map(|flag| {
                let value = flag.value.as_deref().map(|v| format!("={v}"));
                text(format!("--{}{}", flag.name, value.unwrap_or_default()))
            })
            .collect();
        let name = file.source(instruction.name.span).to_ascii_uppercase();
        instructions.push(map(
            [
                ("instruction", text(name)),
                ("arguments", text(instruction.rest.text().trim().to_owned())),
                ("flags", Node::new(Value::List(flags), start, start)),
                (
                    "stage",
                    Node::new(Value::Number(stage.to_string()), start, end),
                ),
                ("line", line()),
            ],
            start,
        ));
    }
    let stages = stages
        .into_iter()
        .map(|(from, start, end)| {
            let words: Vec<&str> = from.rest.text().split_whitespace().collect();
            let text = |value: &str| Node::new(Value::Text(value.to_owned()), start, end);
            let name = match words[..] {
                [_, word, name, ..] if word.eq_ignore_ascii_case("as") => name,
                _ => "",
            };
            let line = Node::new(Value::Number(from.line.to_string()), start, end);
            let image = text(words.first().copied().unwrap_or_default());
            map(
                [("image", image), ("name", text(name)), ("line", line)],
                start,
            )
        })
        .collect();
    let top = Position { line: 1, column: 1 };
    let list = |items| Node::new(Value::List(items), top, top);
    map(
        [
            ("instructions", list(instructions)),
            ("stages", list(stages)),
        ],
        top,
    )
}

fn position(file: &Dockerfile, offset: usize) -> Position {
    let position = file.position(offset);
    Position {
        line: position.line,
        column: position.column,
    }
}

fn map<const N: usize>(entries: [(&str, Node); N], at: Position) -> Node {
    let entries = entries.map(|(key, node)| (key.to_owned(), node)).into();
    Node::new(Value::Map(entries), at, at)
}

/// The configuration in the shape of the OCI image specification, and the `name` that the image was
/// asked for by.
pub(crate) fn image(config: &ImageConfig, name: Option<&str>) -> serde_json::Value {
    let settings = &config.config;
    let keys = |list: &[String]| -> serde_json::Value {
        list.iter().map(|key| (key.clone(), json!({}))).collect()
    };
    json!({
        "name": name,
        "architecture": config.architecture,
        "os": config.os,
        "created": config.created,
        "config": {
            "User": settings.user,
            "Env": settings.env,
            "Labels": settings.labels,
            "ExposedPorts": keys(&settings.exposed_ports),
            "Volumes": keys(&settings.volumes),
            "Entrypoint": settings.entrypoint,
            "Cmd": settings.cmd,
            "WorkingDir": settings.working_dir,
            "StopSignal": settings.stop_signal,
            "Healthcheck": settings.healthcheck.as_ref().map(|check| json!({"Test": check.test})),
        },
        "history": config
            .history
            .iter()
            .map(|entry| json!({"created_by": entry.created_by, "empty_layer": entry.empty_layer}))
            .collect::<Vec<_>>(),
    })
}
