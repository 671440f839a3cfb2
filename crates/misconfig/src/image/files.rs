//! Files of an image that the CIS benchmark and Dockle ask about.

use std::collections::BTreeMap;

use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use seaworthy_model::Location;

use crate::analyzer::version_with;
use crate::lint::Options;
use crate::report::Report;
use crate::rule::rules;

rules! { Image:
EMPTY_PASSWORD "SW-IMG-0030" Critical ["DKL-LI-0001"]
    title "User without a password"
    why "Anybody logs in as that user wherever a login is possible, through `su` for instance."
    fix "Lock the password: `passwd -l USER`."
    bad "640 etc/shadow\nroot::19000:0:99999:7:::\n"
    good "640 etc/shadow\nroot:*:19000:0:99999:7:::\n";
DUPLICATE_ID "SW-IMG-0031" Medium ["DKL-LI-0002"]
    title "User or group number given twice"
    why "Both names have the same rights over files; a second user 0 is a second root."
    fix "Give each user and group a number of its own."
    bad "644 etc/passwd\nroot:x:0:0:root:/root:/bin/sh\ntoor:x:0:0:root:/root:/bin/sh\n"
    good "644 etc/passwd\nroot:x:0:0:root:/root:/bin/sh\napp:x:65532:65532::/home/app:/sbin/nologin\n";
SETUID "SW-IMG-0032" Negligible ["CIS-DOCKER-4.8", "CIS-DI-0008"]
    title "Program with the rights of another"
    why "A setuid or setgid program runs with the rights of its owner: a hole in it makes any user root."
    fix "Remove the bit, `chmod u-s,g-s FILE`, or the package; `no-new-privileges` makes the bit harmless."
    bad "4755 usr/bin/su\n"
    good "755 usr/bin/su\n";
CREDENTIAL_FILE "SW-IMG-0033" High ["CIS-DOCKER-4.10", "CIS-DI-0010"]
    title "File of credentials in the image"
    why "Whoever can pull the image has the credentials, also when a later layer deletes the file."
    fix "Keep the file out with `.dockerignore` or a secret mount, and replace the credentials."
    bad "600 root/.netrc\nmachine example.com login app password example\n"
    good "644 root/.profile\nexport LANG=C\n";
LEFTOVER "SW-IMG-0034" Low ["DKL-LI-0003"]
    title "File of the build or the repository in the image"
    why "It makes the image larger, and tells an intruder how the program is built and deployed."
    fix "List it in `.dockerignore`, or copy only what the program needs."
    bad "644 app/Dockerfile\nFROM scratch\n"
    good "644 app/main.py\nprint()\n";
}

/// Largest of the files whose content is read.
const MAX_SIZE: u64 = 1 << 20;

/// Finds them.
pub(crate) struct ImageFiles {
    options: Options,
}

impl ImageFiles {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            options: options.clone(),
        }
    }
}

/// What a file is looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Shadow,
    Accounts,
    /// A file of credentials, with a word that its content has when it holds any.
    Credentials(&'static str),
    Leftover,
}

/// Names of files of credentials: the end of the path, and a word of the content.
const CREDENTIAL_FILES: [(&str, &str); 16] = [
    (".netrc", "password"),
    ("_netrc", "password"),
    (".git-credentials", "://"),
    (".pypirc", "password"),
    (".npmrc", "_auth"),
    (".yarnrc.yml", "npmAuthToken:"),
    (".docker/config.json", "\"auth\""),
    (".dockercfg", "\"auth\""),
    (".aws/credentials", "aws_secret_access_key"),
    (".kube/config", "client-key-data"),
    (".pgpass", ":"),
    (".my.cnf", "password"),
    (".htpasswd", ":"),
    (".vault-token", ""),
    (".terraformrc", "token"),
    (".cargo/credentials.toml", "token"),
];

/// Names of private keys of SSH.
const KEY_FILES: [&str; 5] = ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "identity"];

impl Role {
    fn of(path: &str) -> Option<Self> {
        match path {
            "etc/shadow" => return Some(Self::Shadow),
            "etc/passwd" | "etc/group" => return Some(Self::Accounts),
            _ => {}
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        if KEY_FILES.contains(&name) {
            return Some(Self::Credentials("PRIVATE KEY-----"));
        }
        let ends = |end: &str| {
            path.strip_suffix(end)
                .is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        if let Some((_, word)) = CREDENTIAL_FILES.iter().find(|(end, _)| ends(end)) {
            return Some(Self::Credentials(word));
        }
        // Packages of languages and the distribution bring such files of their own.
        let is_packaged = path.starts_with("usr/")
            || [
                "node_modules/",
                "site-packages/",
                "dist-packages/",
                "vendor/",
                "gems/",
            ]
            .iter()
            .any(|dir| path.contains(dir));
        let is_leftover = matches!(
            name,
            "Dockerfile"
                | "Containerfile"
                | ".dockerignore"
                | "docker-compose.yml"
                | "docker-compose.yaml"
                | "compose.yaml"
                | ".gitlab-ci.yml"
                | "Vagrantfile"
                | "Jenkinsfile"
        ) || ends(".git/config")
            || ends(".svn/entries");
        (is_leftover && !is_packaged).then_some(Self::Leftover)
    }
}

const fn has_set_bits(file: &FileMeta<'_>) -> bool {
    file.mode & 0o6000 != 0 && file.mode & 0o111 != 0
}

impl Analyzer for ImageFiles {
    fn name(&self) -> &'static str {
        "image-files"
    }

    fn version(&self) -> u32 {
        version_with(&self.options)
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        has_set_bits(file) || (file.size <= MAX_SIZE && Role::of(file.path).is_some())
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let mut report = Report::new(file.path);
        if has_set_bits(file) {
            let bits = match file.mode & 0o6000 {
                0o4000 => "setuid",
                0o2000 => "setgid",
                _ => "setuid and setgid",
            };
            report.add_at(
                &SETUID,
                whole(file.path),
                "",
                format!("is {bits} (mode {:o})", file.mode),
            );
        }
        if let Some(role) = Role::of(file.path).filter(|_| file.size <= MAX_SIZE) {
            check(
                role,
                file.path,
                &String::from_utf8_lossy(content.bytes()?),
                &mut report,
            );
        }
        report.drop_ignored(|finding| self.options.is_disabled(finding));
        facts.misconfigurations.append(&mut report.findings);
        Ok(())
    }
}

fn whole(path: &str) -> Location {
    Location {
        path: path.to_owned(),
        ..Location::default()
    }
}

fn check(role: Role, path: &str, text: &str, report: &mut Report<'_>) {
    match role {
        Role::Shadow => {
            for (number, line) in (1..).zip(text.lines()) {
                let mut fields = line.split(':');
                if let (Some(user), Some("")) = (fields.next(), fields.next()) {
                    report.add_at(
                        &EMPTY_PASSWORD,
                        Location::line(path, number),
                        &format!("user {user}"),
                        format!("`{user}` has an empty password"),
                    );
                }
            }
        }
        Role::Accounts => check_accounts(path, text, report),
        Role::Credentials(word) => {
            if !text.trim().is_empty() && text.contains(word) {
                report.add_at(
                    &CREDENTIAL_FILE,
                    whole(path),
                    "",
                    "the file holds credentials",
                );
            }
        }
        Role::Leftover => {
            report.add_at(
                &LEFTOVER,
                whole(path),
                "",
                "the program does not need the file",
            );
        }
    }
}

/// passwd and group have the number in the third field.
fn check_accounts(path: &str, text: &str, report: &mut Report<'_>) {
    let what = if path.ends_with("group") {
        "group"
    } else {
        "user"
    };
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let fields: Vec<&str> = line.split(':').take(4).collect();
        let [name, _, id, ..] = fields[..] else {
            continue;
        };
        if name.starts_with(['#', '+']) || id.is_empty() {
            continue;
        }
        match seen.get(id) {
            Some(other) if *other != name => report.add_at(
                &DUPLICATE_ID,
                Location::line(path, number),
                &format!("{what} {name}"),
                format!("`{name}` has the number {id}, as `{other}` has"),
            ),
            _ => {
                seen.insert(id, name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::image::testing::file;

    #[test]
    fn files_are_judged_by_name_and_content() {
        let key = ["-----BEGIN OPENSSH ", "PRIVATE KEY-----\n"].concat();
        for (path, mode, content, expected) in [
            (
                "root/.ssh/id_ed25519",
                0o600,
                key.as_str(),
                Some("SW-IMG-0033"),
            ),
            ("root/.ssh/id_ed25519", 0o600, "", None),
            (
                "home/a/.npmrc",
                0o644,
                "registry=https://example.com\n",
                None,
            ),
            (
                "home/a/.npmrc",
                0o644,
                "//example.com/:_authToken=example\n",
                Some("SW-IMG-0033"),
            ),
            ("usr/bin/passwd", 0o6755, "", Some("SW-IMG-0032")),
            ("var/mail", 0o2644, "", None),
            ("usr/share/doc/Dockerfile", 0o644, "", None),
            ("src/.git/config", 0o644, "", Some("SW-IMG-0034")),
            ("etc/group", 0o644, "a:x:1:\nb:x:1:\n", Some("SW-IMG-0031")),
            ("etc/passwd", 0o644, "a\n:::\n#x:y:z\n\u{fffd}", None),
        ] {
            let found = file(path, mode, content);
            assert_eq!(found.first().map(String::as_str), expected, "{path}");
            assert!(found.len() < 2, "{found:?}");
        }
    }
}
