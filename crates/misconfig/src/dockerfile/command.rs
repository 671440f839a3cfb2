//! Reading the words of a command: flags, subcommands, packages.

use seaworthy_dockerfile::shell::{Command, ShellWord};

/// The command's name is one of these.
pub(super) fn is(command: &Command, names: &[&str]) -> bool {
    command.name().is_some_and(|name| names.contains(&name))
}

/// A flag `-x`, also within `-axb`, or `--long`, also with a value behind `=`.
pub(super) fn has_flag(command: &Command, short: &str, long: &[&str]) -> bool {
    command.arguments().iter().any(|word| {
        let text = word.text.as_str();
        if let Some(name) = text.strip_prefix("--") {
            let name = name.split('=').next().unwrap_or("");
            return long.contains(&name);
        }
        text.strip_prefix('-')
            .is_some_and(|cluster| !short.is_empty() && cluster.contains(short))
    })
}

/// The words behind the name that are no flags and no values of the flags named.
pub(super) fn positional<'c>(command: &'c Command, with_value: &[&str]) -> Vec<&'c ShellWord> {
    let mut words = Vec::new();
    let mut skip = false;
    for word in command.arguments() {
        if std::mem::take(&mut skip) {
            continue;
        }
        if word.text.starts_with('-') && word.text.len() > 1 {
            skip = with_value.contains(&word.text.as_str());
        } else {
            words.push(word);
        }
    }
    words
}

/// Whether one of the words that are no flags is one of these.
pub(super) fn has_word(command: &Command, names: &[&str]) -> bool {
    command
        .arguments()
        .iter()
        .any(|w| names.contains(&w.text.as_str()))
}

/// The packages of `NAME … SUBCOMMAND package…`: positional words but for the subcommand.
pub(super) fn packages<'c>(
    command: &'c Command,
    subcommands: &[&str],
    with_value: &[&str],
) -> Vec<&'c ShellWord> {
    let mut words = positional(command, with_value);
    let Some(at) = words
        .iter()
        .position(|w| subcommands.contains(&w.text.as_str()))
    else {
        return Vec::new();
    };
    words.remove(at);
    words
}

/// `first, second and 3 more`.
pub(super) fn list(words: &[&ShellWord]) -> String {
    let names: Vec<String> = words
        .iter()
        .take(4)
        .map(|w| format!("`{}`", super::context::shown(&w.text)))
        .collect();
    let more = words.len().saturating_sub(names.len());
    match (names.split_last(), more) {
        (None, _) => String::new(),
        (Some((last, [])), 0) => last.clone(),
        (Some((last, front)), 0) => format!("{} and {last}", front.join(", ")),
        _ => format!("{} and {more} more", names.join(", ")),
    }
}

/// What a command runs when the words in front that only change how are left out: `sudo -E`,
/// `env A=b`, `exec`, `time`, `nice`, `command`.
pub(super) fn effective_name(command: &Command) -> Option<&str> {
    let mut words = command.words.iter().map(|w| w.text.as_str());
    let mut name = words.next()?;
    while matches!(
        base_name(name),
        "sudo" | "env" | "exec" | "time" | "nice" | "command" | "nohup" | "doas"
    ) {
        name = words.find(|w| !w.starts_with('-') && !w.contains('='))?;
    }
    Some(base_name(name))
}

/// The last part of a path.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
