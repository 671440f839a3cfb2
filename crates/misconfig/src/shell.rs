//! What a line of shell does, as far as a rule asks: no parser, words and pipes.

const DOWNLOADERS: [&str; 3] = ["curl", "wget", "fetch"];
const INTERPRETERS: [&str; 12] = [
    "sh", "bash", "zsh", "ash", "dash", "ksh", "python", "python3", "perl", "ruby", "node", "php",
];

/// Whether a script feeds what it downloads to an interpreter: `curl … | sh`, `sh <(curl …)`,
/// `sh -c "$(curl …)"`.
pub(crate) fn runs_a_download(script: &str) -> bool {
    if !DOWNLOADERS.iter().any(|name| script.contains(name)) {
        return false;
    }
    script
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(|line| line.split(';'))
        .flat_map(|line| line.split("&&"))
        .any(|command| pipes_into_interpreter(command) || substitutes_download(command))
}

fn pipes_into_interpreter(command: &str) -> bool {
    let mut downloads = false;
    for part in command.replace("||", "\u{0}").split('|') {
        if downloads && interpreter_of(part).is_some() {
            return true;
        }
        downloads |= words(part).any(|word| DOWNLOADERS.contains(&program(word)));
    }
    false
}

/// The interpreter that a part of a pipe runs, behind `sudo`, `env` and assignments.
fn interpreter_of(part: &str) -> Option<&str> {
    words(part)
        .find(|word| {
            !(matches!(program(word), "sudo" | "env" | "exec" | "command" | "tee")
                || word.starts_with('-')
                || word.contains('='))
        })
        .map(program)
        .filter(|name| INTERPRETERS.contains(name))
}

fn substitutes_download(command: &str) -> bool {
    let Some(first) = interpreter_of(command).or_else(|| {
        words(command)
            .next()
            .filter(|word| matches!(*word, "eval" | "source" | "."))
    }) else {
        return false;
    };
    !first.is_empty()
        && ["<(", "$(", "`"].iter().any(|open| {
            command.split(open).skip(1).any(|inner| {
                words(inner)
                    .next()
                    .is_some_and(|word| DOWNLOADERS.contains(&program(word)))
            })
        })
}

/// The words of a command, without quotes and brackets around them.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .map(|word| word.trim_matches(['"', '\'', '(', ')', '{', '}', '`']))
        .filter(|word| !word.is_empty())
}

/// The program of a word: the last part of its path.
pub(crate) fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn downloads_that_are_run() {
        for script in [
            "curl -fsSL https://example.com/x | sh",
            "curl https://example.com/x | sudo -E bash -",
            "wget -qO- https://example.com/x |/bin/bash -s -- -b bin",
            "apk add curl && curl x | FOO=1 sh",
            "bash <(curl -s https://example.com/x)",
            "sh -c \"$(curl -fsSL https://example.com/x)\"",
            "eval `curl x`",
            "curl x | tee y | python3 -",
        ] {
            assert!(runs_a_download(script), "{script}");
        }
        for script in [
            "curl -o x https://example.com/x",
            "curl x | jq .",
            "curl x || sh y",
            "echo curl; cat x | sh",
            "TOKEN=$(curl x)",
            "apt-get install curl && bash x",
        ] {
            assert!(!runs_a_download(script), "{script}");
        }
    }
}
