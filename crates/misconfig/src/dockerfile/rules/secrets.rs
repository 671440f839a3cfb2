//! Credentials that end up in the image or its history.

use std::collections::HashMap;

use seaworthy_dockerfile::shell::Command;
use seaworthy_dockerfile::{Body, Instruction, Span, Word};

use super::super::command::{base_name, effective_name};
use super::super::context::{Context, shown, with_nested};

rules! {
    IN_VARIABLE = "0060", High, ["DL3064", "SecretsUsedInArgOrEnv", "AVD-DS-0031", "CIS-DI-0010"],
        "Secret in ARG or ENV",
        why: "The values of ENV, and of ARG that a RUN has used, are in the image's configuration and history: whoever can pull it can read them.",
        fix: "Mount it for one command: `RUN --mount=type=secret,id=…`; give it to the container at run time.",
        bad: "FROM debian:12.7\nARG NPM_TOKEN\n",
        good: "FROM debian:12.7\nRUN --mount=type=secret,id=npm npm ci\n";
    FILE = "0061", High, ["CIS-DI-0010"],
        "Secret file copied into the image",
        why: "A key or a file of passwords in a layer is given to everybody who can pull the image.",
        fix: "Mount it for one command: `RUN --mount=type=secret,id=…`; list it in `.dockerignore`.",
        bad: "FROM debian:12.7\nCOPY id_rsa /root/.ssh/id_rsa\n",
        good: "FROM debian:12.7\nRUN --mount=type=ssh git clone git@example.com:x.git\n";
    REMOVED_LATER = "0062", High, ["CIS-DI-0010"],
        "Secret file removed in a later layer",
        why: "What a later layer removes is still in the earlier one: the secret can be read from the image.",
        fix: "Never copy it: mount it for the one command that needs it, `RUN --mount=type=secret,id=…`.",
        bad: "FROM debian:12.7\nCOPY .npmrc /root/.npmrc\nRUN npm ci\nRUN rm /root/.npmrc\n",
        good: "FROM debian:12.7\nRUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci\n";
    IN_COMMAND = "0063", High, ["CIS-DI-0010"],
        "Secret in a command line",
        why: "The commands of RUN are in the image's history, with the password that stands in them.",
        fix: "Read it from a mounted secret: `$(cat /run/secrets/…)` with `RUN --mount=type=secret`.",
        bad: "FROM debian:12.7\nRUN curl -u jo:example https://example.com/x -o /x\n",
        good: "FROM debian:12.7\nRUN curl --netrc-file /run/secrets/netrc https://example.com/x -o /x\n";
}

pub(super) fn check(cx: &mut Context<'_>) {
    variables(cx);
    files(cx);
    cx.each_command(&IN_COMMAND, &|command, _| in_command(command));
}

/// Words of a name that say what is in it, in the order of a reader's suspicion.
const SECRET_WORDS: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "pword",
    "secret",
    "secrets",
    "token",
    "tokens",
    "apikey",
    "credential",
    "credentials",
    "pgpassword",
    "authtoken",
];

/// Pairs of words that only together say it.
const SECRET_PAIRS: [(&str, &str); 8] = [
    ("api", "key"),
    ("private", "key"),
    ("access", "key"),
    ("secret", "key"),
    ("auth", "key"),
    ("signing", "key"),
    ("service", "key"),
    ("account", "key"),
];

/// What makes of a name only a hint at where the secret is.
const HARMLESS_ENDS: [&str; 10] = [
    "file", "path", "dir", "url", "uri", "name", "length", "ttl", "expiry", "public",
];

/// Whether a variable of that name holds a secret.
fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(['_', '-', '.'])
        .filter(|w| !w.is_empty())
        .collect();
    if words.contains(&"public") || words.last().is_some_and(|w| HARMLESS_ENDS.contains(w)) {
        return false;
    }
    let paired = words
        .windows(2)
        .any(|w| matches!(w, [a, b] if SECRET_PAIRS.contains(&(*a, *b))));
    paired || words.iter().any(|w| SECRET_WORDS.contains(w))
}

fn variables(cx: &mut Context<'_>) {
    let mut found: Vec<(usize, Span, String)> = Vec::new();
    with_nested(cx.file, |index, instruction, _| {
        let names: Vec<&Word> = match &instruction.body {
            Body::Arg(list) => list.iter().map(|a| &a.name).collect(),
            Body::Env(pairs) => pairs.iter().map(|p| &p.key).collect(),
            _ => return,
        };
        for name in names {
            if is_secret_name(&name.text) {
                found.push((index, name.span, name.text.clone()));
            }
        }
    });
    for (index, span, name) in found {
        let message = format!("`{}` looks like a secret.", shown(&name));
        cx.report(&IN_VARIABLE, span, Some(index), message);
    }
}

/// Files that hold credentials, by their name.
fn is_secret_file(path: &str) -> bool {
    let lower = path.trim_matches('"').to_ascii_lowercase();
    let name = base_name(&lower);
    let exact = [
        ".env",
        ".netrc",
        ".npmrc",
        ".pypirc",
        ".pgpass",
        ".git-credentials",
        ".htpasswd",
        ".vault-token",
        ".my.cnf",
        ".s3cfg",
        ".boto",
        ".dockercfg",
        "id_rsa",
        "id_dsa",
        "id_ecdsa",
        "id_ed25519",
        "kubeconfig",
        "credentials.json",
        "service-account.json",
        "serviceaccount.json",
        "secrets.yaml",
        "secrets.yml",
        "secrets.json",
        "terraform.tfstate",
    ];
    let end = [
        ".pem",
        ".key",
        ".p12",
        ".pfx",
        ".jks",
        ".keystore",
        ".kdbx",
        ".ppk",
    ];
    let example = [
        "example", "sample", "template", "dist", ".pub", "public", "cert", "ca.",
    ];
    if example.iter().any(|e| name.contains(e)) {
        return false;
    }
    exact.contains(&name)
        || end.iter().any(|e| name.ends_with(e))
        || (name.starts_with(".env.") && name.len() > 5)
        || lower.ends_with(".aws/credentials")
        || lower.ends_with(".docker/config.json")
        || lower.ends_with(".ssh")
        || lower.ends_with(".ssh/")
}

/// A secret file that a COPY or ADD brings, and where it lands.
struct Copied {
    index: usize,
    span: Span,
    source: String,
    target: String,
}

fn copied(index: usize, instruction: &Instruction, escape: char) -> Vec<Copied> {
    let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else {
        return Vec::new();
    };
    let Some(destination) = &transfer.destination else {
        return Vec::new();
    };
    let destination = destination.unquoted(escape);
    let sources = transfer.sources.iter().filter(|s| is_secret_file(&s.text));
    sources
        .map(|source| {
            let name = source.unquoted(escape);
            let is_directory = destination.ends_with('/')
                || matches!(base_name(&destination), "." | "..")
                || transfer.sources.len() > 1;
            let target = if is_directory {
                format!("{}/{}", destination.trim_end_matches('/'), base_name(&name))
            } else {
                destination.clone()
            };
            Copied {
                index,
                span: source.span,
                source: name,
                target: target.trim_start_matches("./").to_owned(),
            }
        })
        .collect()
}

fn files(cx: &mut Context<'_>) {
    let escape = cx.file.escape();
    for stage in 0..cx.stages.len() {
        let removed = removed(cx, stage);
        let files: Vec<Copied> = cx
            .stage_instructions(stage)
            .flat_map(|(index, i)| copied(index, i, escape))
            .collect();
        for file in files {
            let later = removed
                .get(base_name(&file.target))
                .and_then(|list| list.get(list.partition_point(|(at, _)| *at <= file.index)));
            match later {
                Some((_, line)) => {
                    let message = format!(
                        "`{}` is removed in line {line}, and stays in the layer.",
                        shown(&file.source)
                    );
                    cx.report(&REMOVED_LATER, file.span, Some(file.index), message);
                }
                None => {
                    let message = format!("`{}` holds credentials.", shown(&file.source));
                    cx.report(&FILE, file.span, Some(file.index), message);
                }
            }
        }
    }
}

/// Names of the files that `rm` removes in a stage, with the instruction and the line.
fn removed(cx: &Context<'_>, stage: usize) -> HashMap<String, Vec<(usize, u32)>> {
    let from = cx.runs.partition_point(|r| r.stage < stage);
    let to = cx.runs.partition_point(|r| r.stage <= stage);
    let mut names: HashMap<String, Vec<(usize, u32)>> = HashMap::new();
    for run in cx.runs.get(from..to).unwrap_or(&[]) {
        for command in run.commands() {
            if !matches!(effective_name(command), Some("rm" | "shred" | "unlink")) {
                continue;
            }
            for word in command.arguments() {
                let name = base_name(&word.text).to_owned();
                let line = cx.file.position(word.span.start).line;
                names.entry(name).or_default().push((run.index, line));
            }
        }
    }
    names
}

fn in_command(command: &Command) -> Option<String> {
    let name = effective_name(command)?;
    let words = &command.words;
    for (i, word) in words.iter().enumerate() {
        let text = word.text.as_str();
        if word.dynamic || !text.is_ascii() {
            continue;
        }
        let next = words
            .get(i + 1)
            .filter(|w| !w.dynamic)
            .map(|w| w.text.as_str());
        if has_credentials(text) {
            return Some("an address holds a user and a password.".to_owned());
        }
        let user = matches!(name, "curl" | "wget") && matches!(text, "-u" | "--user");
        if user && next.is_some_and(|n| n.split_once(':').is_some_and(|(_, p)| !p.is_empty())) {
            return Some("`-u` is followed by a password.".to_owned());
        }
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("authorization:") && lower.len() > "authorization: bearer ".len() {
            return Some("a header holds a token.".to_owned());
        }
        if let Some((flag, value)) = text.split_once('=')
            && flag.starts_with("--")
            && !value.is_empty()
            && is_secret_name(flag.trim_start_matches('-'))
            && !flag.ends_with("-stdin")
        {
            return Some(format!("`{}` is followed by a value.", shown(flag)));
        }
        if matches!(
            text,
            "--password" | "--token" | "--api-key" | "--access-token"
        ) && next.is_some_and(|n| !n.starts_with('-'))
        {
            return Some(format!("`{text}` is followed by a value."));
        }
    }
    None
}

/// `https://user:password@host`.
fn has_credentials(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    host.rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'))
        .is_some_and(|(_, password)| !password.is_empty())
}
