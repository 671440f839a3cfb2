//! `runtime_security`: how containers may be run.

use super::{open, value};
use crate::error::{Problems, nearest};
use crate::load::Context;
use crate::policy::Check;
use crate::read::shown;
use crate::yaml::Node;

pub(super) fn runtime_security(node: &Node, context: &mut Context<'_>) {
    const SECTION: &str = "runtime_security";
    let Some((mut fields, defaults)) = open(node, "`runtime_security`", context) else {
        return;
    };
    for (key, check) in [
        ("read_only_filesystem", Check::ReadOnlyFilesystem),
        ("no_privileged", Check::NoPrivileged),
        ("no_privilege_escalation", Check::NoPrivilegeEscalation),
    ] {
        context.flag(&mut fields, SECTION, key, defaults, check);
    }
    type Make = fn(Vec<String>) -> Check;
    let lists: [(&'static str, Make); 2] = [
        ("drop_capabilities", Check::DropCapabilities),
        ("add_capabilities", Check::AddCapabilities),
    ];
    for (key, make) in lists {
        if let Some(entry) = fields.take(key) {
            let long = context.long(entry, defaults);
            let names = value(&long).map(|node| capabilities(node, context.problems));
            context.push(format!("{SECTION}.{key}"), long, names.map(make));
        }
    }
    fields.finish(context.problems);
}

/// capabilities(7), without `CAP_`.
const CAPABILITIES: [&str; 42] = [
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

/// Names of capabilities, with or without `CAP_`, in any case.
fn capabilities(node: &Node, problems: &mut Problems) -> Vec<String> {
    let mut names = Vec::new();
    for (node, text) in node.texts(problems) {
        let name = capability(&text);
        if CAPABILITIES.contains(&name.as_str()) {
            names.push(name);
            continue;
        }
        let hint = nearest(&name, CAPABILITIES)
            .map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
        problems.add(
            &node.place,
            format!("`{}` is not the name of a capability{hint}", shown(&text)),
        );
    }
    names
}

pub(crate) fn capability(text: &str) -> String {
    let upper = text.trim().to_ascii_uppercase();
    match upper.strip_prefix("CAP_") {
        Some(name) => name.to_owned(),
        None => upper,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_normalised() {
        assert_eq!(capability("cap_net_raw"), "NET_RAW");
        assert_eq!(capability(" ALL "), "ALL");
    }
}
