//! A corpus of files with secrets in known lines, and with lines that only look like secrets. All
//! of it is made here from a fixed seed: no value was ever issued by anyone.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

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

/// A generator with a fixed start (SplitMix64).
pub(crate) struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self(20_240_601)
    }
}

const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HEX: &str = "0123456789abcdef";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(crate) fn text(&mut self, alphabet: &str, len: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..len)
            .map(|_| letters[(self.next() % letters.len() as u64) as usize])
            .collect()
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }

    fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|n| self.text(HEX, n)).join("-")
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    let alphabet: Vec<char> = BASE64.chars().collect();
    let mut out = String::new();
    for part in bytes.chunks(3) {
        let word = part.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - part.len()));
        for at in 0..4 {
            if at <= part.len() {
                out.push(alphabet[(word >> (18 - 6 * at) & 63) as usize]);
            } else {
                out.push('=');
            }
        }
    }
    out
}

fn base64url(bytes: &[u8]) -> String {
    base64(bytes)
        .replace('+', "-")
        .replace('/', "_")
        .replace('=', "")
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
        crc
    })
}

fn digits(mut value: u32, alphabet: &str, len: usize) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut out = vec!['0'; len];
    for digit in out.iter_mut().rev() {
        *digit = letters[value as usize % letters.len()];
        value /= letters.len() as u32;
    }
    out.into_iter().collect()
}

/// GitHub's and npm's form: a random part and its checksum.
pub(crate) fn checked(random: &mut Random, prefix: &str) -> String {
    let body = random.text(ALNUM, 30);
    format!(
        "{prefix}{body}{}",
        digits(crc32(body.as_bytes()), BASE62, 6)
    )
}

pub(crate) fn routable(random: &mut Random, prefix: &str) -> String {
    let payload = base64url(&[random.bytes(16), b"o:1\nu:2z\x07".to_vec()].concat());
    let text = format!(
        "{prefix}{payload}.01.{}",
        digits(payload.len() as u32, LOWER_36, 2)
    );
    let sum = digits(crc32(text.as_bytes()), LOWER_36, 7);
    text + &sum
}

const LOWER_36: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

pub(crate) fn jwt(random: &mut Random) -> String {
    let header = base64url(br#"{"alg":"HS256","typ":"JWT"}"#);
    let payload = format!(
        "{{\"sub\":\"{}\",\"role\":\"service\"}}",
        random.text(HEX, 12)
    );
    format!(
        "{header}.{}.{}",
        base64url(payload.as_bytes()),
        base64url(&random.bytes(32))
    )
}

/// A key that decodes to what its label says; `der` begins a sequence of two lengths.
pub(crate) fn pem(random: &mut Random, label: &str) -> Vec<String> {
    let bytes = if label.starts_with("OPENSSH") {
        [
            b"openssh-key-v1\0\0\0\0\x04none".to_vec(),
            random.bytes(380),
        ]
        .concat()
    } else if label.starts_with("PGP") {
        [vec![0x95, 0x03], random.bytes(480)].concat()
    } else {
        [
            vec![0x30, 0x82, 0x02, 0x5c, 0x02, 0x01, 0x00],
            random.bytes(597),
        ]
        .concat()
    };
    let body = base64(&bytes);
    let mut lines = vec![format!("-----{} {label}-----", "BEGIN")];
    lines.extend(
        body.as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into_owned()),
    );
    lines.push(format!("-----END {label}-----"));
    lines
}

pub(crate) fn age_key(random: &mut Random) -> String {
    const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let data: Vec<u8> = (0..52).map(|_| (random.next() % 32) as u8).collect();
    let label = b"age-secret-key-";
    let mut values: Vec<u8> = label.iter().map(|b| b >> 5).collect();
    values.push(0);
    values.extend(label.iter().map(|b| b & 31));
    values.extend(&data);
    values.extend([0; 6]);
    let sum = values.iter().fold(1_u32, |sum, value| {
        let top = sum >> 25;
        let parts = [
            0x3b6a_57b2_u32,
            0x2650_8e6d,
            0x1ea1_19fa,
            0x3d42_33dd,
            0x2a14_62b3,
        ];
        parts
            .iter()
            .enumerate()
            .filter(|(bit, _)| top >> bit & 1 == 1)
            .fold(
                (sum & 0x01ff_ffff) << 5 ^ u32::from(*value),
                |s, (_, part)| s ^ part,
            )
    }) ^ 1;
    let letters: Vec<char> = ALPHABET.chars().collect();
    let tail = (0..6).map(|at| (sum >> (5 * (5 - at)) & 31) as u8);
    let text: String = data
        .into_iter()
        .chain(tail)
        .map(|v| letters[usize::from(v)])
        .collect();
    format!("AGE-SECRET-KEY-1{}", text.to_uppercase())
}

/// Kinds of tokens that need no name to be known, with the names that they usually have.
pub(crate) fn tokens(r: &mut Random) -> Vec<(&'static str, &'static str, String)> {
    let azure = |r: &mut Random| format!("{}8Q~{}", r.text(ALNUM, 3), r.text(ALNUM, 34));
    let slack_id = |r: &mut Random| r.text("123456789", 12);
    let telegram = format!("{}:AA{}", r.text("123456789", 10), r.text(ALNUM, 33));
    let discord = format!(
        "{}.{}.{}",
        base64url(format!("1{}", r.text("0123456789", 17)).as_bytes()),
        r.text(ALNUM, 6),
        r.text(ALNUM, 38)
    );
    let pypi_body = base64url(&r.bytes(100));
    vec![
        (
            "aws-access-key-id",
            "AWS_ACCESS_KEY_ID",
            format!("AKIA{}", r.text(BASE32, 16)),
        ),
        (
            "aws-secret-access-key",
            "AWS_SECRET_ACCESS_KEY",
            r.text(BASE64, 40),
        ),
        (
            "gcp-api-key",
            "GOOGLE_API_KEY",
            format!("AIza{}", r.text(ALNUM, 35)),
        ),
        (
            "gcp-oauth-client-secret",
            "GOOGLE_CLIENT_SECRET",
            format!("GOCSPX-{}", r.text(ALNUM, 28)),
        ),
        ("azure-client-secret", "AZURE_CLIENT_SECRET", azure(r)),
        (
            "digitalocean-personal-token",
            "DIGITALOCEAN_TOKEN",
            format!("dop_v1_{}", r.text(HEX, 64)),
        ),
        (
            "cloudflare-api-token",
            "CLOUDFLARE_API_TOKEN",
            r.text(ALNUM, 40),
        ),
        (
            "heroku-api-key",
            "HEROKU_API_KEY",
            format!("HRKU-AA{}", r.text(ALNUM, 58)),
        ),
        (
            "alibaba-access-key-id",
            "ALIBABA_ACCESS_KEY_ID",
            format!("LTAI{}", r.text(ALNUM, 20)),
        ),
        ("github-pat", "GITHUB_TOKEN", checked(r, "ghp_")),
        (
            "github-fine-grained-pat",
            "GH_TOKEN",
            format!("github_pat_{}_{}", r.text(ALNUM, 22), r.text(ALNUM, 59)),
        ),
        ("github-oauth-token", "GITHUB_OAUTH", checked(r, "gho_")),
        (
            "github-app-installation-token",
            "GITHUB_APP_TOKEN",
            checked(r, "ghs_"),
        ),
        (
            "gitlab-pat",
            "GITLAB_TOKEN",
            format!("glpat-{}", r.text(ALNUM, 20)),
        ),
        ("gitlab-routable-token", "GITLAB_PAT", routable(r, "glpat-")),
        (
            "gitlab-deploy-token",
            "GITLAB_DEPLOY_TOKEN",
            format!("gldt-{}", r.text(ALNUM, 20)),
        ),
        (
            "gitlab-runner-token",
            "RUNNER_TOKEN",
            format!("glrt-{}", r.text(ALNUM, 20)),
        ),
        (
            "gitlab-pipeline-trigger-token",
            "TRIGGER_TOKEN",
            format!("glptt-{}", r.text(HEX, 40)),
        ),
        ("npm-token", "NPM_TOKEN", checked(r, "npm_")),
        (
            "pypi-token",
            "TWINE_PASSWORD",
            format!("pypi-AgEIcHlwaS5vcmc{pypi_body}"),
        ),
        (
            "rubygems-api-key",
            "GEM_HOST_API_KEY",
            format!("rubygems_{}", r.text(HEX, 48)),
        ),
        (
            "crates-io-token",
            "CARGO_REGISTRY_TOKEN",
            format!("cio{}", r.text(ALNUM, 32)),
        ),
        (
            "docker-hub-pat",
            "DOCKER_PASSWORD",
            format!("dckr_pat_{}", r.text(ALNUM, 27)),
        ),
        (
            "artifactory-api-key",
            "ARTIFACTORY_API_KEY",
            format!("AKCp{}", r.text(ALNUM, 69)),
        ),
        (
            "nuget-api-key",
            "NUGET_API_KEY",
            format!("oy2{}", r.text(LOWER, 43)),
        ),
        (
            "openai-api-key",
            "OPENAI_API_KEY",
            format!("sk-proj-{}T3BlbkFJ{}", r.text(ALNUM, 74), r.text(ALNUM, 74)),
        ),
        (
            "anthropic-api-key",
            "ANTHROPIC_API_KEY",
            format!("sk-ant-api03-{}AA", r.text(ALNUM, 93)),
        ),
        (
            "huggingface-token",
            "HF_TOKEN",
            format!(
                "hf_{}",
                r.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 34)
            ),
        ),
        (
            "groq-api-key",
            "GROQ_API_KEY",
            format!("gsk_{}", r.text(ALNUM, 52)),
        ),
        (
            "stripe-live-key",
            "STRIPE_SECRET_KEY",
            format!("sk_live_{}", r.text(ALNUM, 24)),
        ),
        (
            "stripe-webhook-secret",
            "STRIPE_WEBHOOK_SECRET",
            format!("whsec_{}", r.text(ALNUM, 32)),
        ),
        (
            "square-oauth-secret",
            "SQUARE_SECRET",
            format!("sq0csp-{}", r.text(ALNUM, 43)),
        ),
        (
            "shopify-access-token",
            "SHOPIFY_TOKEN",
            format!("shpat_{}", r.text(HEX, 32)),
        ),
        (
            "slack-bot-token",
            "SLACK_BOT_TOKEN",
            format!("xoxb-{}-{}-{}", slack_id(r), slack_id(r), r.text(ALNUM, 24)),
        ),
        (
            "slack-user-token",
            "SLACK_USER_TOKEN",
            format!(
                "xoxp-{}-{}-{}-{}",
                slack_id(r),
                slack_id(r),
                slack_id(r),
                r.text(HEX, 32)
            ),
        ),
        (
            "slack-webhook",
            "SLACK_WEBHOOK_URL",
            format!(
                "https://hooks.slack.com/services/T{}/B{}/{}",
                r.text(UPPER, 10),
                r.text(UPPER, 10),
                r.text(ALNUM, 24)
            ),
        ),
        ("discord-bot-token", "DISCORD_TOKEN", discord),
        (
            "discord-webhook",
            "DISCORD_WEBHOOK",
            format!(
                "https://discord.com/api/webhooks/{}/{}",
                r.text("123456789", 18),
                r.text(ALNUM, 68)
            ),
        ),
        ("telegram-bot-token", "TELEGRAM_BOT_TOKEN", telegram),
        (
            "twilio-api-key",
            "TWILIO_API_KEY",
            format!("SK{}", r.text(HEX, 32)),
        ),
        (
            "sendgrid-api-key",
            "SENDGRID_API_KEY",
            format!("SG.{}.{}", r.text(ALNUM, 22), r.text(ALNUM, 43)),
        ),
        (
            "mailgun-api-key",
            "MAILGUN_API_KEY",
            format!("key-{}", r.text(HEX, 32)),
        ),
        (
            "mailchimp-api-key",
            "MAILCHIMP_API_KEY",
            format!("{}-us14", r.text(HEX, 32)),
        ),
        (
            "brevo-api-key",
            "BREVO_API_KEY",
            format!("xkeysib-{}-{}", r.text(HEX, 64), r.text(ALNUM, 16)),
        ),
        (
            "vault-service-token",
            "VAULT_TOKEN",
            format!("hvs.{}", r.text(ALNUM, 95)),
        ),
        (
            "terraform-cloud-token",
            "TFE_TOKEN",
            format!("{}.atlasv1.{}", r.text(ALNUM, 14), r.text(ALNUM, 67)),
        ),
        (
            "pulumi-token",
            "PULUMI_ACCESS_TOKEN",
            format!("pul-{}", r.text(HEX, 40)),
        ),
        (
            "databricks-token",
            "DATABRICKS_TOKEN",
            format!("dapi{}", r.text(HEX, 32)),
        ),
        (
            "grafana-service-account-token",
            "GRAFANA_TOKEN",
            format!("glsa_{}_{}", r.text(ALNUM, 32), r.text(HEX, 8)),
        ),
        ("datadog-api-key", "DATADOG_API_KEY", r.text(HEX, 32)),
        (
            "newrelic-user-key",
            "NEW_RELIC_API_KEY",
            format!("NRAK-{}", r.text(UPPER, 27)),
        ),
        (
            "dynatrace-token",
            "DYNATRACE_TOKEN",
            format!("dt0c01.{}.{}", r.text(BASE32, 24), r.text(BASE32, 64)),
        ),
        (
            "doppler-token",
            "DOPPLER_TOKEN",
            format!("dp.pt.{}", r.text(ALNUM, 43)),
        ),
        (
            "tailscale-key",
            "TS_AUTHKEY",
            format!("tskey-auth-{}-{}", r.text(ALNUM, 12), r.text(ALNUM, 32)),
        ),
        (
            "linear-api-key",
            "LINEAR_API_KEY",
            format!("lin_api_{}", r.text(ALNUM, 40)),
        ),
        (
            "notion-token",
            "NOTION_TOKEN",
            format!("ntn_{}{}", r.text("123456789", 11), r.text(ALNUM, 35)),
        ),
        (
            "atlassian-api-token",
            "JIRA_API_TOKEN",
            format!(
                "ATATT3xFfGF0{}={}",
                r.text(ALNUM, 171),
                r.text("0123456789ABCDEF", 8)
            ),
        ),
        (
            "postman-api-key",
            "POSTMAN_API_KEY",
            format!("PMAK-{}-{}", r.text(HEX, 24), r.text(HEX, 34)),
        ),
        ("private-key-age", "SOPS_AGE_KEY", age_key(r)),
        ("jwt", "SERVICE_JWT", jwt(r)),
    ]
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

/// What people write where secrets would be, and what looks random and is not secret.
const DECOYS: &str = r#"
a.env | AWS_ACCESS_KEY_ID=%AWSEXAMPLE%
a.env | API_KEY=your-api-key-here
a.env | API_TOKEN=<your-token>
a.env | SECRET_KEY=changeme
a.env | DB_PASSWORD=${DB_PASSWORD}
a.env | DB_PASS=$(cat /run/secrets/db_pass)
a.env | DB_PASSWORD_FILE=/run/secrets/db_password_1
a.env | TOKEN=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
a.env | SESSION_SECRET=
a.env | GITHUB_TOKEN=ghp_%WRONG%
a.env | GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
a.env | NPM_TOKEN=npm_%WRONG%
a.env | STRIPE_KEY=sk_live_XXXXXXXXXXXXXXXXXXXXXXXX
a.env | PASSWORD_MIN_LENGTH=12
a.env | TOKEN_EXPIRY=3600s
a.env | DATABASE_URL=postgres://user:password@localhost:5432/app
a.env | DATABASE_URL=postgres://${DB_USER}:${DB_PASS}@db/app
a.env | REDIS_URL=redis://localhost:6379/0
a.env | BUILD_COMMIT=%SHA1%
a.env | IMAGE_DIGEST=sha256:%SHA256%
a.env | TRACE_ID=%MD5%
a.env | CLIENT_ID=%UUID%
a.env | PUBLIC_KEY=%PUBLIC%
b.yaml | password: "{{ vault_db_password }}"
b.yaml | password: !vault secret/data/db
b.yaml | secretName: app-database-credentials-v2
b.yaml | secretKeyRef: {name: db-credentials, key: password-2}
b.yaml | token: ""
b.yaml | image: registry.corp.net/app@sha256:%SHA256%
b.yaml | checksum/secret: %SHA256%
b.yaml | description: the password must be at least 12 characters
b.yaml | tokenUrl: https://login.corp.net/oauth2/v2/token
b.yaml | api_key: REPLACE_ME_WITH_KEY_1
b.yaml | auth_token: !Ref AuthTokenParameter1
b.yaml | password: ENC[AES256_GCM,data:abcdefg1,type:str]
c.py | password = os.environ["DB_PASSWORD"]
c.py | password = get_password(user, realm=1)
c.py | token = request.headers.get("X-Auth-Token-V2")
c.py | self.assertEqual(token, expected_token_1)
c.py | def login(username, password=None, token=None):
c.py | PASSWORD_RE = re.compile(r"^(?=.*[A-Z])(?=.*[0-9]).{8,}$")
c.py | AWS_KEY_RE = "AKIA[0-9A-Z]{16}"
c.py | GITHUB_RE = "ghp_[a-zA-Z0-9]{36}"
c.py | PEM_HEADER = "-----%BEGIN% RSA PRIVATE KEY-----"
c.py | secret_name = "prod/app/database-1"
c.py | SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-Ab12Cd"
c.py | token_type = "urn:ietf:params:oauth:token-type:access_token_2"
c.py | password_hash = hashlib.sha256(password.encode()).hexdigest()
c.py | api_key = settings.EXTERNAL_API_KEY_V2
c.py | cache_key = "user:profile:%MD5%"
c.py | commit_token = "%SHA1%"  # sha1 of the commit
c.py | next_page_token = "CAEQ%MD5%"
d.js | const sentryPublicKey = "%MD5%";
d.js | "buildToken": "%SHA1%",
d.js | const password = document.getElementById("password1").value;
d.js | const token = localStorage.getItem('auth_token_v2');
d.js | passwordPlaceholder: "Enter your password",
d.js | apiKey: process.env.API_KEY_2,
d.js | "resetPasswordToken": "resetPasswordToken1",
d.js | const csrfToken = "{{ csrf_token }}";
d.js | if (password !== password2) { throw new Error("Passwords don't match 1"); }
d.js | const icon = "data:image/png;base64,%IMAGE%";
d.js | export const SECRET_QUESTION_LABEL = "What was your first pet's name?";
d.js | var a={token:function(e){return e.token1},secret:n(412)};
d.js | setPassword(event.target.value2)
e.json | "password": "Passwort vergessen?",
e.json | "token": "Jeton d'authentification n°1",
e.json | "passwordTooShort": "Password must have 8+ characters",
e.json | "sha": "%SHA1%",
e.json | "secret": "SECRET_KEY_BASE_NAME_1",
e.json | "api_key": "API-KEY-PLACEHOLDER-0001",
e.json | "id": "%UUID%",
e.json | "access_token": "ACCESS_TOKEN_GOES_HERE",
f.md | Set `password=hunter2example` in the example below.
f.md | curl -u username:password https://api.example.com
f.md | curl -H "Authorization: Bearer <token>" https://api.example.com
f.md | export VAULT_TOKEN="s.xxxxxxxxxxxxxxxxxxxxxxxx"
f.md | mongodb://user:pass@host:27017/db
f.md | https://user:password@example.com/path
f.md | The token is sent as `Authorization: Bearer $TOKEN`.
g.xml | <password>${env.MAVEN_PASSWORD}</password>
g.xml | <add key="PasswordPolicy" value="MinLength8" />
g.xml | <input type="password" name="password1" id="password-field-1"/>
g.xml | <label for="token">Access token 1</label>
h.sh | read -s -p "Password: " PASSWORD
h.sh | PASSWORD="$1"
h.sh | TOKEN=$(vault read -field=token secret/ci1)
h.sh | mysql -u root -p"$MYSQL_ROOT_PASSWORD" app
h.sh | sshpass -p "$PASS" ssh host
h.sh | echo "$REGISTRY_PASSWORD" | docker login -u bot --password-stdin
h.sh | sha256sum -c <<< "%SHA256%  file"
i.tf | password = var.db_password_1
i.tf | secret_id = aws_secretsmanager_secret.db1.id
i.tf | token = data.vault_generic_secret.ci1.data["token"]
i.tf | master_password = random_password.master1.result
j.go | var ErrInvalidToken = errors.New("invalid token 401")
j.go | token := r.Header.Get("X-Token-1")
j.go | Password string `json:"password" validate:"min=8"`
j.go | const tokenPrefix = "glpat-"
k.java | private static final String PASSWORD_KEY = "app.security.password.key1";
k.java | String token = tokenService.createToken(user1);
k.java | @Value("${app.api.key.v1}") private String apiKey;
l.pem | -----%BEGIN% PUBLIC KEY-----
l.pem | %PUBLIC%
l.pem | -----END PUBLIC KEY-----
l.pem | -----%BEGIN% RSA PRIVATE KEY-----
l.pem | <paste your key here>
l.pem | -----END RSA PRIVATE KEY-----
m.lock | checksum = "%SHA256%"
m.lock | source = "git+https://github.com/corp/lib?rev=%SHA1%#%SHA1%"
n.css | .password-toggle--visible-1 { content: "token1"; }
"#;
