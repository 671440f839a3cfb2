//! Who the process is: USER, sudo, modes, accounts.

use seaworthy_dockerfile::shell::Command;
use seaworthy_dockerfile::{Base, Body, Instruction, Span, Transfer, expand};

use super::super::command::{base_name, effective_name, has_flag, has_word, is, positional};
use super::super::context::{Context, shown};
use super::super::variables;

rules! {
    ROOT = "0050", High, ["DL3002", "AVD-DS-0002", "CIS-DI-0001"],
        "Last USER is root",
        why: "A process that breaks out of its container as root is root on the host, and root inside may change everything.",
        fix: "End with a user of its own, by number: `USER 10001`.",
        bad: "FROM debian:12.7\nUSER root\n", good: "FROM debian:12.7\nUSER 10001\n";
    NO_USER = "0051", Medium, ["AVD-DS-0002", "CIS-DI-0001"],
        "No USER in the final stage",
        why: "Without USER the process runs as whatever the base image says, which is root for nearly all of them.",
        fix: "Add a user and end with it, by number: `USER 10001`.",
        bad: "FROM debian:12.7\nCMD [\"app\"]\n", good: "FROM debian:12.7\nUSER 10001\nCMD [\"app\"]\n";
    NAMED_USER = "0052", Low, ["DL3066"],
        "USER by name",
        why: "Kubernetes' `runAsNonRoot` needs a number: it cannot know that a name is not root, and refuses to start the pod.",
        fix: "Write the number: `USER 10001:10001`.",
        bad: "FROM debian:12.7\nUSER app\n", good: "FROM debian:12.7\nUSER 10001\n";
    SUDO = "0053", Medium, ["DL3004", "AVD-DS-0010"],
        "sudo in RUN",
        why: "A build has root already or should not get it; sudo in the image is one more way to root at run time.",
        fix: "Switch with USER, or use a tool made for it such as `gosu`.",
        bad: "FROM debian:12.7\nRUN sudo make install\n", good: "FROM debian:12.7\nRUN make install\n";
    WORLD_WRITABLE = "0054", Medium, [],
        "Files writable by everybody",
        why: "Whoever gets into the container, under any account, can replace the program or its configuration.",
        fix: "Give the files to the user that needs them: `chown`, or `COPY --chown --chmod`.",
        bad: "FROM debian:12.7\nRUN chmod -R 777 /app\n", good: "FROM debian:12.7\nRUN chmod -R 755 /app\n";
    SETUID = "0055", Medium, ["CIS-DI-0008"],
        "File with setuid or setgid",
        why: "Such a file runs with the rights of its owner: a fault in it makes everybody root.",
        fix: "Leave the bits out, and remove those of the base image.",
        bad: "FROM debian:12.7\nRUN chmod u+s /usr/bin/app\n", good: "FROM debian:12.7\nRUN chmod 755 /usr/bin/app\n";
    COPY_AS_ROOT = "0056", Low, [],
        "COPY after USER without --chown",
        why: "COPY and ADD write as root whatever USER says: the process may then be unable to read or write its files.",
        fix: "Add `--chown=10001:10001`, or `--chmod` when reading is enough; or copy before USER.",
        bad: "FROM debian:12.7\nUSER 10001\nCOPY app /app\n",
        good: "FROM debian:12.7\nUSER 10001\nCOPY --chown=10001:10001 app /app\n";
    HIGH_UID = "0057", Low, ["DL3046"],
        "useradd with a high id and without -l",
        why: "useradd writes a sparse log file as long as the id is high; in a layer it takes all that space.",
        fix: "Add `--no-log-init`.",
        bad: "FROM debian:12.7\nRUN useradd -u 1234567 app\n", good: "FROM debian:12.7\nRUN useradd -l -u 1234567 app\n";
    PASSWORD = "0058", High, ["DKL-LI-0001"],
        "Password set in the build",
        why: "The password, or that there is none, is the same in every container and readable in the image's history.",
        fix: "Leave the account without a password: containers need no login.",
        bad: "FROM debian:12.7\nRUN echo root:example | chpasswd\n", good: "FROM debian:12.7\nRUN useradd app\n";
}

pub(super) fn check(cx: &mut Context<'_>) {
    let values = user_values(cx);
    for stage in 0..cx.stages.len() {
        root(cx, stage, &values);
        copies(cx, stage, &values);
    }
    no_user(cx);
    named(cx, &values);
    cx.each_command(&SUDO, &|command, _| {
        is(command, &["sudo"]).then(|| "sudo is run in the build.".to_owned())
    });
    cx.each_command(&WORLD_WRITABLE, &|command, _| world_writable(command));
    cx.each_command(&SETUID, &|command, _| setuid(command));
    cx.each_command(&HIGH_UID, &|command, _| high_uid(command));
    cx.each_command(&PASSWORD, &|command, _| password(command));
    modes(cx);
}

/// A `USER` with its variables replaced.
struct UserValue {
    index: usize,
    span: Span,
    text: String,
    value: String,
    /// Whether all its variables are known.
    known: bool,
}

impl UserValue {
    fn user(&self) -> &str {
        self.value.split(':').next().unwrap_or("")
    }

    fn is_root(&self) -> bool {
        self.known && matches!(self.user(), "root" | "0")
    }
}

fn user_values(cx: &Context<'_>) -> Vec<UserValue> {
    let escape = cx.file.escape();
    let mut users = Vec::new();
    variables::walk(cx, &mut |index, instruction, variables| {
        if let Body::User(word) = &instruction.body
            && !word.text.is_empty()
        {
            let expansion = expand(&word.text, escape, &|name| variables.get(name));
            users.push(UserValue {
                index,
                span: word.span,
                text: word.text.clone(),
                known: expansion.complete && expansion.undefined.is_empty(),
                value: expansion.value,
            });
        }
    });
    users
}

fn in_stage<'u>(cx: &Context<'_>, stage: usize, users: &'u [UserValue]) -> &'u [UserValue] {
    let range = cx
        .stages
        .get(stage)
        .map_or(0..0, |s| s.instructions.clone());
    let from = users.partition_point(|u| u.index < range.start);
    let to = users.partition_point(|u| u.index < range.end);
    users.get(from..to).unwrap_or(&[])
}

fn root(cx: &mut Context<'_>, stage: usize, users: &[UserValue]) {
    if let Some(last) = in_stage(cx, stage, users).last()
        && last.is_root()
    {
        let message = format!("the stage ends as `{}`.", shown(&last.text));
        cx.report(&ROOT, last.span, Some(last.index), message);
    }
}

/// The final stage, and those that it starts from, have no USER.
fn no_user(cx: &mut Context<'_>) {
    let mut at = cx.stages.len().checked_sub(1);
    let Some(last) = at else {
        return;
    };
    while let Some(stage) = at {
        let has = cx
            .stage_instructions(stage)
            .any(|(_, i)| matches!(i.body, Body::User(_)));
        if has {
            return;
        }
        at = match cx.stages.get(stage).map(|s| &s.base) {
            Some(Base::Stage(parent)) if *parent < stage => Some(*parent),
            // Images that are made to run as nobody say so in their tags.
            Some(Base::Image(name)) if name.contains("nonroot") => return,
            _ => None,
        };
    }
    let Some(stage) = cx.stages.get(last) else {
        return;
    };
    let (span, index) = (
        stage.instruction.name.span,
        stage.instructions.start.checked_sub(1),
    );
    let message = "the final stage sets no USER.".to_owned();
    cx.report(&NO_USER, span, index, message);
}

fn named(cx: &mut Context<'_>, users: &[UserValue]) {
    for user in users {
        let numeric = !user.user().is_empty() && user.user().bytes().all(|b| b.is_ascii_digit());
        if !(user.known && numeric) {
            let message = format!("`{}` is not a number.", shown(&user.text));
            cx.report(&NAMED_USER, user.span, Some(user.index), message);
        }
    }
}

fn copies(cx: &mut Context<'_>, stage: usize, users: &[UserValue]) {
    let users = in_stage(cx, stage, users);
    let all: Vec<(usize, &Instruction)> = cx.stage_instructions(stage).collect();
    for (index, instruction) in all {
        let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else {
            continue;
        };
        let before = users.partition_point(|u| u.index < index);
        let Some(user) = before.checked_sub(1).and_then(|i| users.get(i)) else {
            continue;
        };
        let owned = instruction.flag("chown").is_some() || instruction.flag("chmod").is_some();
        if !user.is_root() && !owned && !is_read_only_system(transfer) {
            let message = format!(
                "the files belong to root, the process is `{}`.",
                shown(&user.text)
            );
            cx.report(&COPY_AS_ROOT, instruction.name.span, Some(index), message);
        }
    }
}

/// Programs and system configuration are better left to root.
fn is_read_only_system(transfer: &Transfer) -> bool {
    let system = ["/usr/", "/etc/", "/bin/", "/sbin/", "/lib/", "/opt/"];
    transfer
        .destination
        .as_ref()
        .is_some_and(|d| system.iter().any(|s| d.text.starts_with(s)))
}

/// Whether a mode lets everybody write: `777`, `0666`, `a+w`, `o=rwx`, `+w` not.
fn is_world_writable(mode: &str) -> bool {
    if mode.bytes().all(|b| b.is_ascii_digit()) && (3..=5).contains(&mode.len()) {
        // A directory with the sticky bit, such as /tmp, is meant to be shared.
        let sticky = mode.len() == 4 && mode.starts_with(['1', '3', '5', '7']);
        let last = mode.bytes().last().map_or(0, |b| b - b'0');
        return last & 2 != 0 && !sticky;
    }
    mode.split(',').any(|clause| {
        let Some(at) = clause.find(['+', '=']) else {
            return false;
        };
        let (who, what) = clause.split_at(at);
        (who.contains('a') || who.contains('o')) && what.contains('w')
    })
}

fn has_special_bits(mode: &str) -> bool {
    if mode.bytes().all(|b| b.is_ascii_digit()) {
        let special = (mode.len() == 4).then(|| mode.bytes().next().map_or(0, |b| b - b'0'));
        return special.is_some_and(|s| s & 6 != 0);
    }
    mode.split(',').any(|clause| {
        clause
            .split_once(['+', '='])
            .is_some_and(|(_, what)| what.contains('s'))
    })
}

fn mode_of(command: &Command) -> Option<&str> {
    if effective_name(command)? != "chmod" {
        return None;
    }
    let words = command.words.iter().map(|w| w.text.as_str());
    words
        .skip_while(|w| base_name(w) != "chmod")
        .skip(1)
        .find(|w| !w.starts_with('-'))
}

fn world_writable(command: &Command) -> Option<String> {
    let mode = mode_of(command)?;
    is_world_writable(mode).then(|| format!("`chmod {}` lets everybody write.", shown(mode)))
}

fn setuid(command: &Command) -> Option<String> {
    let mode = mode_of(command)?;
    has_special_bits(mode).then(|| format!("`chmod {}` sets setuid or setgid.", shown(mode)))
}

/// `COPY --chmod=777`.
fn modes(cx: &mut Context<'_>) {
    let mut found = Vec::new();
    for (index, instruction) in cx.file.instructions().iter().enumerate() {
        let Some(flag) = instruction.flag("chmod") else {
            continue;
        };
        let mode = flag.value.as_deref().unwrap_or("");
        if is_world_writable(mode) {
            found.push((index, flag.span, shown(mode)));
        }
    }
    for (index, span, mode) in found {
        let message = format!("`--chmod={mode}` lets everybody write.");
        cx.report(&WORLD_WRITABLE, span, Some(index), message);
    }
}

fn high_uid(command: &Command) -> Option<String> {
    if !is(command, &["useradd"]) || has_flag(command, "l", &["no-log-init"]) {
        return None;
    }
    let words = command.arguments();
    let value = words.iter().enumerate().find_map(|(i, word)| {
        let text = word.text.as_str();
        if let Some(value) = text.strip_prefix("--uid=") {
            return Some(value);
        }
        let short = text.starts_with('-') && !text.starts_with("--");
        if text == "--uid" || (short && text.ends_with('u')) {
            return words.get(i + 1).map(|w| w.text.as_str());
        }
        text.strip_prefix("-u").filter(|v| !v.is_empty())
    })?;
    let high = value.len() > 5 && value.bytes().all(|b| b.is_ascii_digit());
    high.then(|| format!("the id {} makes the log file huge.", shown(value)))
}

fn password(command: &Command) -> Option<String> {
    let text = match effective_name(command)? {
        "chpasswd" => "chpasswd sets a password.",
        "passwd" if has_flag(command, "d", &["delete"]) => "passwd removes the password.",
        "passwd" if has_word(command, &["--stdin"]) => "passwd sets a password.",
        "useradd" | "usermod" | "adduser"
            if has_flag(command, "", &["password"])
                || command.arguments().iter().any(|w| w.text == "-p") =>
        {
            // BusyBox' and Debian's adduser have no such flag.
            if positional(command, &[]).is_empty() {
                return None;
            }
            "the account gets a password."
        }
        _ => return None,
    };
    Some(text.to_owned())
}
