//! A corpus of files with secrets in known lines, and with lines that only look like secrets. All
//! of it is made here from a fixed seed: no value was ever issued by anyone.

mod decoys;
mod random;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use decoys::DECOYS;
use random::{ALNUM, HEX, base64};
pub(crate) use random::{Random, checked, pem};
use tokens::tokens;

/// The files, and the lines that hold a secret; line 0 stands for a whole archive or binary.
#[derive(Default)]
pub(crate) struct Corpus {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) truth: BTreeMap<(String, u32), String>,
    random: Random,
}

/// How a scanner did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Score {
    pub(crate) found: usize,
    pub(crate) missed: usize,
    pub(crate) wrong: usize,
}

type Notation = fn(&str, &str) -> String;

/// Notations in which a name gets a value: the extension of the file, what surrounds it.
const NOTATIONS: [(&str, Notation); 6] = [
    ("env", |name, value| format!("{name}={value}")),
    ("yaml", |name, value| {
        format!("{}: \"{value}\"", name.to_lowercase())
    }),
    ("json", |name, value| format!("  \"{name}\": \"{value}\",")),
    ("py", |name, value| format!("{name} = '{value}'")),
    ("js", |name, value| {
        format!("const {} = \"{value}\";", name.to_lowercase())
    }),
    ("sh", |name, value| format!("export {name}=\"{value}\"")),
];

impl Corpus {
    pub(crate) fn build() -> Self {
        let mut corpus = Self::default();
        corpus.named_tokens();
        corpus.passwords_and_keys();
        corpus.addresses_and_files();
        corpus.private_keys();
        corpus.binaries_and_archives();
        corpus.hard();
        corpus.decoys();
        corpus
    }

    /// Adds a line; `kind` names the secret in it.
    fn line(&mut self, path: &str, text: &str, kind: Option<&str>) {
        let file = self.files.entry(path.to_owned()).or_default();
        file.extend_from_slice(text.as_bytes());
        file.push(b'\n');
        let line = file.iter().filter(|b| **b == b'\n').count() as u32;
        if let Some(kind) = kind {
            self.truth.insert((path.to_owned(), line), kind.to_owned());
        }
    }

    fn named_tokens(&mut self) {
        for (at, (extension, notation)) in NOTATIONS.into_iter().enumerate() {
            let path = format!("srv/app{at}/settings.{extension}");
            for (kind, name, value) in tokens(&mut self.random) {
                self.line(&path, &notation(name, &value), Some(kind));
            }
        }
    }

    /// What only its name betrays.
    fn passwords_and_keys(&mut self) {
        let names = [
            "DB_PASSWORD",
            "SMTP_PASS",
            "admin_password",
            "JWT_SECRET",
            "SESSION_SECRET",
            "INTERNAL_API_KEY",
            "ENCRYPTION_KEY",
            "AUTH_TOKEN",
        ];
        for (at, (extension, notation)) in NOTATIONS.into_iter().enumerate() {
            let path = format!("opt/service{at}/config.{extension}");
            for name in names {
                let value = if name.to_lowercase().contains("pass") {
                    format!(
                        "{}!{}",
                        self.random.text(ALNUM, 7),
                        self.random.text("23456789", 3)
                    )
                } else {
                    self.random.text(ALNUM, 32)
                };
                self.line(&path, &notation(name, &value), Some("generic"));
            }
        }
        let password = self.random.text(ALNUM, 14);
        for (path, text) in [
            (
                "srv/web/app.properties",
                format!("spring.datasource.password={password}"),
            ),
            (
                "srv/web/pom-settings.xml",
                format!("<password>{password}</password>"),
            ),
            (
                "srv/web/config.php",
                format!("define('DB_PASSWORD', '{password}');"),
            ),
            (
                "srv/web/main.tf",
                format!("  master_password = \"{password}\""),
            ),
            ("srv/web/app.toml", format!("password = \"{password}\"")),
            (
                "srv/web/run.sh",
                format!("./migrate --db-password={password} --verbose"),
            ),
            ("srv/web/app.cs", format!("var password = \"{password}\";")),
            ("srv/web/main.go", format!("\tdbPassword := \"{password}\"")),
            (
                "srv/web/Main.java",
                format!("  props.setProperty(\"db.password\", \"{password}\");"),
            ),
        ] {
            self.line(path, &text, Some("generic-password"));
        }
        self.line(
            "srv/k8s/deploy.yaml",
            "        - name: DB_PASSWORD",
            Some("generic-password"),
        );
        self.line(
            "srv/k8s/deploy.yaml",
            &format!("          value: {password}"),
            Some("same"),
        );
    }

    fn addresses_and_files(&mut self) {
        let mut pw = || self.random.text(ALNUM, 16);
        let pairs = [
            (
                "postgres-url",
                format!("postgres://app:{}@db.internal:5432/app", pw()),
            ),
            ("mysql-url", format!("mysql://root:{}@10.0.0.5/shop", pw())),
            (
                "mongodb-url",
                format!("mongodb+srv://svc:{}@cluster0.abcde.mongodb.net/x", pw()),
            ),
            ("redis-url", format!("redis://:{}@cache:6379/0", pw())),
            ("amqp-url", format!("amqp://worker:{}@mq:5672/", pw())),
            (
                "url-password",
                format!("https://deploy:{}@git.corp.net/team/repo.git", pw()),
            ),
            (
                "jdbc-url",
                format!("jdbc:postgresql://db/app?user=app&password={}", pw()),
            ),
            (
                "connection-string",
                format!("Server=db;Database=app;User Id=sa;Password={};", pw()),
            ),
        ];
        let basic = base64(format!("robot:{}", pw()).as_bytes());
        let (netrc, curl, bearer, npmrc) =
            (pw(), pw(), self.random.text(ALNUM, 40), self.random.uuid());
        let bcrypt = format!("$2y$10${}", self.random.text(ALNUM, 53));
        let shadow = format!(
            "$6${}${}",
            self.random.text(ALNUM, 16),
            self.random.text(ALNUM, 86)
        );
        for (at, (kind, url)) in pairs.iter().enumerate() {
            self.line("srv/db/.env", &format!("URL_{at}={url}"), Some(kind));
            self.line(
                "srv/db/urls.py",
                &format!("URL_{at} = \"{url}\""),
                Some(kind),
            );
        }
        self.line(
            "root/.docker/config.json",
            "{\"auths\": {\"registry.corp.net\": {",
            None,
        );
        self.line(
            "root/.docker/config.json",
            &format!("  \"auth\": \"{basic}\"}}}}}}"),
            Some("docker-config-auth"),
        );
        self.line(
            "root/.netrc",
            &format!("machine git.corp.net login bot password {netrc}"),
            Some("netrc"),
        );
        self.line(
            "root/.npmrc",
            &format!("//npm.corp.net/:_authToken={npmrc}"),
            Some("npmrc"),
        );
        self.line(
            "etc/nginx/.htpasswd",
            &format!("admin:{bcrypt}"),
            Some("htpasswd"),
        );
        self.line("etc/shadow", "daemon:*:19000:0:99999:7:::", None);
        self.line(
            "etc/shadow",
            &format!("root:{shadow}:19000:0:99999:7:::"),
            Some("shadow"),
        );
        self.line(
            "srv/deploy.sh",
            &format!("curl -fsS -u bot:{curl} https://api.corp.net/x"),
            Some("curl"),
        );
        self.line(
            "srv/deploy.sh",
            &format!("curl -H \"Authorization: Bearer {bearer}\" https://api.corp.net"),
            Some("bearer"),
        );
        self.line(
            "srv/deploy.sh",
            &format!("curl -H 'Authorization: Basic {basic}' https://api.corp.net"),
            Some("basic"),
        );
    }

    fn private_keys(&mut self) {
        for (at, label) in [
            "RSA PRIVATE KEY",
            "PRIVATE KEY",
            "EC PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "PGP PRIVATE KEY BLOCK",
        ]
        .into_iter()
        .enumerate()
        {
            let lines = pem(&mut self.random, label);
            let path = format!("etc/keys/{at}.key");
            for (n, line) in lines.iter().enumerate() {
                self.line(&path, line, (n == 0).then_some("private-key"));
            }
            let flat = lines.join("\\n");
            let text = format!("  \"private_key\": \"{flat}\\n\",");
            self.line(
                &format!("srv/gcp{at}/account.json"),
                &text,
                Some("private-key"),
            );
        }
    }

    fn binaries_and_archives(&mut self) {
        let value = checked(&mut self.random, "ghp_");
        let line = format!("token = \"{value}\"\r\n");
        let utf16: Vec<u8> = std::iter::once(0xfeff)
            .chain(line.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        self.files.insert("srv/win/settings.ini".to_owned(), utf16);
        self.truth
            .insert(("srv/win/settings.ini".to_owned(), 1), "utf-16".to_owned());
        let mut pyc = b"\xcb\x0d\x0d\x0a\0\0\0\0\0\0\0\0\xe3\0\0\0".to_vec();
        pyc.extend_from_slice(b"\xda\x05TOKENZ(");
        pyc.extend_from_slice(value.as_bytes());
        pyc.extend_from_slice(b"\xe9\0\0\0\0N");
        self.files.insert(
            "srv/app/__pycache__/settings.cpython-311.pyc".to_owned(),
            pyc,
        );
        self.truth.insert(
            ("srv/app/__pycache__/settings.cpython-311.pyc".to_owned(), 0),
            "pyc".to_owned(),
        );
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        if gz.write_all(line.as_bytes()).is_ok()
            && let Ok(bytes) = gz.finish()
        {
            self.files
                .insert("var/log/app/debug.log.gz".to_owned(), bytes);
            self.truth.insert(
                ("var/log/app/debug.log.gz".to_owned(), 0),
                "gzip".to_owned(),
            );
        }
    }

    /// What no shape and no name gives away, or too little of it.
    fn hard(&mut self) {
        let word = self.random.text("bcdfghjklmnpqrstvwxz", 11);
        let salt = self.random.text(HEX, 40);
        for (path, text) in [
            ("srv/hard/a.env", format!("DB_PASSWORD={word}")),
            (
                "srv/hard/b.yaml",
                "password: correct horse battery staple".to_owned(),
            ),
            (
                "srv/hard/c.py",
                format!("connect(\"db\", \"app\", \"{word}7!\")"),
            ),
            (
                "srv/hard/d.js",
                format!("const half = \"{}\" + \"{}\";", &salt[..20], &salt[20..]),
            ),
            ("srv/hard/e.ini", format!("pepper = {salt}")),
        ] {
            self.line(path, &text, Some("hard"));
        }
    }

    fn decoys(&mut self) {
        let r = &mut self.random;
        let (sha1, sha256, md5, uuid) =
            (r.text(HEX, 40), r.text(HEX, 64), r.text(HEX, 32), r.uuid());
        let integrity = base64(&r.bytes(64));
        let image = base64(&r.bytes(600));
        let public = base64(&[vec![0x30, 0x82, 0x01, 0x22], r.bytes(200)].concat());
        let wrong = r.text(ALNUM, 36);
        let (begin, aws) = ("BEGIN", "AKIAIOSFODNN7EXAMPLE");
        let text = DECOYS
            .replace("%SHA1%", &sha1)
            .replace("%SHA256%", &sha256)
            .replace("%MD5%", &md5)
            .replace("%UUID%", &uuid)
            .replace("%INTEGRITY%", &integrity)
            .replace("%IMAGE%", &image)
            .replace("%PUBLIC%", &public)
            .replace("%WRONG%", &wrong)
            .replace("%BEGIN%", begin)
            .replace("%AWSEXAMPLE%", aws);
        for line in text.lines().filter(|l| !l.is_empty()) {
            // Each line says which kind of file it stands in.
            if let Some((file, content)) = line.split_once(" | ") {
                self.line(&format!("srv/plain/{file}"), content, None);
            }
        }
        for at in 0..40 {
            let (name, digest) = (
                self.random.text("abcdefghijklmnop", 8),
                base64(&self.random.bytes(64)),
            );
            let resolved = format!(
                "      \"resolved\": \"https://registry.npmjs.org/{name}/-/{name}-1.{at}.0.tgz\","
            );
            self.line("srv/plain/package-lock.json", &resolved, None);
            self.line(
                "srv/plain/package-lock.json",
                &format!("      \"integrity\": \"sha512-{digest}\""),
                None,
            );
            let sum = base64(&self.random.bytes(32));
            self.line(
                "srv/plain/go.sum",
                &format!("example.org/{name} v1.{at}.0 h1:{sum}"),
                None,
            );
        }
    }

    /// Scores what a scanner reported: `(path, line)`, where the path of what lies in an archive
    /// begins with the archive's.
    pub(crate) fn score(&self, reported: impl IntoIterator<Item = (String, u32)>) -> Score {
        let mut found = BTreeSet::new();
        let mut wrong = BTreeSet::new();
        for (path, line) in reported {
            let path = path.split('!').next().unwrap_or_default().to_owned();
            let exact = (path.clone(), line);
            let whole = (path, 0);
            if self.truth.contains_key(&exact) {
                found.insert(exact);
            } else if self.truth.contains_key(&whole) {
                found.insert(whole);
            } else {
                wrong.insert(exact);
            }
        }
        // A name in one line with its value in the next is one secret, wherever it is reported.
        let same: BTreeSet<_> = self
            .truth
            .iter()
            .filter(|(_, kind)| *kind == "same")
            .map(|(key, _)| key.clone())
            .collect();
        for (path, line) in &same {
            let first = (path.clone(), line - 1);
            if found.remove(&(path.clone(), *line)) {
                found.insert(first);
            }
        }
        Score {
            found: found.len(),
            missed: self.truth.len() - same.len() - found.len(),
            wrong: wrong.len(),
        }
    }

    pub(crate) fn missed(&self, reported: &[(String, u32)]) -> Vec<String> {
        self.truth
            .iter()
            .filter(|((path, line), _)| {
                !reported
                    .iter()
                    .any(|(p, l)| p.starts_with(path) && l == line)
            })
            .map(|((path, line), kind)| format!("{kind} {path}:{line}"))
            .collect()
    }
}
