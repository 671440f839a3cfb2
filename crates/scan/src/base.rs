use seaworthy_oci::ImageConfig;

/// How many of the lowest layers belong to the base image, read from the history: a base image
/// ends with its own `CMD` (or, without one, `ENTRYPOINT`), and the layers that come after it are
/// the team's. None when the history does not tell.
pub(crate) fn base_layers(config: &ImageConfig) -> Option<usize> {
    let history = &config.history;
    let last_content = history.iter().rposition(|h| !h.empty_layer)?;
    let end = history[..last_content]
        .iter()
        .rposition(|h| h.empty_layer && is_start_command(h.created_by.as_deref().unwrap_or("")));
    let layers_until = |end: usize| {
        history[..=end]
            .iter()
            .filter(|h| !h.empty_layer)
            .count()
            .min(config.rootfs.diff_ids.len())
    };
    match end {
        Some(end) => Some(layers_until(end)),
        // Without a command, the file system that the image starts from is still a base when
        // something was put on top of it.
        None if last_content > 0 && adds_root(history[0].created_by.as_deref().unwrap_or("")) => {
            Some(layers_until(0))
        }
        None => None,
    }
}

/// The instruction without the shell in front of it (`/bin/sh -c #(nop)  CMD …`).
fn instruction(created_by: &str) -> &str {
    created_by
        .split_once("#(nop)")
        .map_or(created_by, |(_, rest)| rest)
        .trim_start()
}

fn is_start_command(created_by: &str) -> bool {
    let instruction = instruction(created_by);
    instruction.starts_with("CMD ") || instruction.starts_with("ENTRYPOINT ")
}

fn adds_root(created_by: &str) -> bool {
    let instruction = instruction(created_by);
    let Some(rest) = instruction
        .strip_prefix("ADD ")
        .or_else(|| instruction.strip_prefix("COPY "))
    else {
        return false;
    };
    let rest = rest.split_once(" # ").map_or(rest, |(text, _)| text);
    rest.trim_end().ends_with(" /")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(history: &[(&str, bool)]) -> Option<usize> {
        let layers = history.iter().filter(|(_, empty)| !empty).count();
        let history: Vec<_> = history
            .iter()
            .map(|(by, empty)| serde_json::json!({"created_by": by, "empty_layer": empty}))
            .collect();
        let json = serde_json::json!({
            "architecture": "amd64", "os": "linux", "history": history,
            "rootfs": {"type": "layers", "diff_ids": vec![format!("sha256:{}", "0".repeat(64)); layers]},
        });
        base_layers(&ImageConfig::parse(json.to_string().as_bytes()).unwrap())
    }

    #[test]
    fn the_history_tells_where_the_base_ends() {
        type Case<'a> = (&'a str, &'a [(&'a str, bool)], Option<usize>);
        let cases: &[Case<'_>] = &[
            (
                "docker build on debian",
                &[
                    ("/bin/sh -c #(nop) ADD file:abc in / ", false),
                    ("/bin/sh -c #(nop)  CMD [\"bash\"]", true),
                    ("RUN /bin/sh -c apt-get update # buildkit", false),
                    ("CMD [\"nginx\"]", true),
                ],
                Some(1),
            ),
            (
                "a base of several layers with entry point and command",
                &[
                    ("ADD rootfs.tar /", false),
                    ("RUN apk add node", false),
                    ("ENTRYPOINT [\"docker-entrypoint.sh\"]", true),
                    ("CMD [\"node\"]", true),
                    ("COPY . /app # buildkit", false),
                    ("USER node", true),
                ],
                Some(2),
            ),
            (
                "a base image itself: its only command ends it, nothing is on top",
                &[("ADD rootfs.tar /", false), ("CMD [\"sh\"]", true)],
                None,
            ),
            (
                "no command, but a root file system below",
                &[("ADD rootfs.tar / # buildkit", false), ("RUN make", false)],
                Some(1),
            ),
            (
                "from scratch",
                &[("COPY app /app", false), ("COPY etc /etc", false)],
                None,
            ),
            ("no history", &[], None),
        ];
        for (what, history, expected) in cases {
            assert_eq!(base(history), *expected, "{what}");
        }
    }
}
