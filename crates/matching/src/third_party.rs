use seaworthy_model::{Distribution, Package, PackageType};

/// Mail domains of vendors that publish packages of their own for other people's distributions.
/// Maintainers of a distribution's own packages use addresses of all sorts, so the rule names who
/// is foreign and not who is at home.
const VENDOR_DOMAINS: [&str; 40] = [
    "adoptopenjdk.net",
    "amazon.com",
    "azul.com",
    "bell-sw.com",
    "caddyserver.com",
    "chromium.org",
    "clickhouse.com",
    "cloudflare.com",
    "datadoghq.com",
    "docker.com",
    "eclipse.org",
    "elastic.co",
    "elementary.io",
    "elasticsearch.com",
    "f5.com",
    "fluentd.org",
    "gitlab.com",
    "grafana.com",
    "haproxy.com",
    "hashicorp.com",
    "influxdata.com",
    "kali.org",
    "kubernetes.io",
    "linuxmint.com",
    "mariadb.org",
    "microsoft.com",
    "mongodb.com",
    "mysql.com",
    "nginx.com",
    "nodesource.com",
    "nvidia.com",
    "opensearch.org",
    "oracle.com",
    "percona.com",
    "raspberrypi.com",
    "raspberrypi.org",
    "redis.com",
    "redis.io",
    "system76.com",
    "varnish-software.com",
];

/// Marks that such vendors leave in the versions of deb packages.
const VERSION_MARKS: [(&str, &str); 10] = [
    ("deb.sury.org", "deb.sury.org"),
    ("nodesource", "NodeSource"),
    (".pgdg", "the PostgreSQL project"),
    ("+maria~", "MariaDB"),
    ("dotdeb", "Dotdeb"),
    ("percona", "Percona"),
    ("~ppa", "a personal package archive"),
    ("ppa~", "a personal package archive"),
    ("+rpt", "Raspberry Pi"),
    ("+rpi", "Raspbian"),
];

/// Who built an OS package, when that is certainly not the distribution.
pub(crate) fn third_party<'p>(
    package: &'p Package,
    distribution: &Distribution,
) -> Option<&'p str> {
    match package.kind {
        PackageType::Rpm => foreign_rpm(package.supplier.as_deref()?, &distribution.id),
        PackageType::Deb => marked(&package.version).or_else(|| vendor(package)),
        PackageType::Apk => vendor(package),
        PackageType::Alpm => foreign_alpm(package.supplier.as_deref()?),
        _ => None,
    }
}

fn marked(version: &str) -> Option<&'static str> {
    VERSION_MARKS
        .iter()
        .find(|(mark, _)| version.contains(mark))
        .map(|(_, vendor)| *vendor)
}

fn vendor(package: &Package) -> Option<&str> {
    let supplier = package.supplier.as_deref()?;
    let domain = mail_domain(supplier)?;
    VENDOR_DOMAINS
        .iter()
        .any(|known| is_domain(domain, known))
        .then(|| display(supplier))
}

/// Whether `domain` is `known` or below it.
fn is_domain(domain: &str, known: &str) -> bool {
    let Some(start) = domain.len().checked_sub(known.len()) else {
        return false;
    };
    let (head, tail) = domain.as_bytes().split_at(start);
    tail.eq_ignore_ascii_case(known.as_bytes()) && head.last().is_none_or(|b| *b == b'.')
}

/// An rpm names its vendor; the distribution's own packages all name the distribution's.
fn foreign_rpm<'p>(supplier: &'p str, distribution: &str) -> Option<&'p str> {
    let own: &[&str] = match distribution {
        "rhel" => &["Red Hat"],
        "centos" => &["CentOS", "Red Hat"],
        "almalinux" => &["AlmaLinux"],
        "rocky" => &["Rocky"],
        "ol" => &["Oracle"],
        "amzn" => &["Amazon"],
        "fedora" => &["Fedora"],
        "sles" | "sled" | "suse" | "sles_sap" | "sle_hpc" => &["SUSE"],
        id if id.starts_with("sle-micro") || id == "sl-micro" || id == "suse-microos" => &["SUSE"],
        id if id.starts_with("opensuse") => &["openSUSE", "SUSE"],
        "bottlerocket" => &["Bottlerocket", "Amazon"],
        "photon" => &["VMware", "Broadcom"],
        "azurelinux" | "mariner" => &["Microsoft"],
        _ => return None,
    };
    let name = display(supplier);
    let unnamed = name.is_empty() || name == "(none)";
    let at_home = own.iter().any(|vendor| {
        name.as_bytes()
            .get(..vendor.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(vendor.as_bytes()))
    });
    (!unnamed && !at_home).then_some(name)
}

/// Who builds packages for Arch that are not Arch's: derivatives and unofficial repositories.
const ARCH_DOMAINS: [&str; 7] = [
    "archlinuxcn.org",
    "blackarch.org",
    "cachyos.org",
    "chaotic.cx",
    "endeavouros.com",
    "garudalinux.org",
    "manjaro.org",
];
/// What `makepkg` writes when nobody says who builds (makepkg.conf(5)): for packages of the user
/// repository and other people's own.
const UNKNOWN_PACKAGER: &str = "Unknown Packager";

/// Arch's own packagers use addresses of all sorts, so here too the rule names who is foreign.
fn foreign_alpm(supplier: &str) -> Option<&str> {
    let name = display(supplier);
    let foreign = name == UNKNOWN_PACKAGER
        || mail_domain(supplier).is_some_and(|domain| {
            ARCH_DOMAINS
                .iter()
                .chain(&VENDOR_DOMAINS)
                .any(|known| is_domain(domain, known))
        });
    foreign.then_some(name)
}

fn mail_domain(supplier: &str) -> Option<&str> {
    let (_, domain) = supplier.rsplit_once('@')?;
    Some(domain.trim_end_matches('>').trim_end())
}

/// The name alone, without mail address and SPDX's kind of supplier.
fn display(supplier: &str) -> &str {
    let name = supplier
        .strip_prefix("Organization: ")
        .or_else(|| supplier.strip_prefix("Person: "))
        .unwrap_or(supplier);
    let short = name.split('<').next().unwrap_or(name).trim();
    if short.is_empty() { name } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_certainly_foreign_is_named() {
        let deb = PackageType::Deb;
        let rpm = PackageType::Rpm;
        for (kind, distribution, version, supplier, expected) in [
            (
                deb,
                "debian",
                "8.2.7-1+0~20230709.44+debian12~1.gbp0d4c+deb.sury.org+1",
                "",
                Some("deb.sury.org"),
            ),
            (
                deb,
                "debian",
                "18.19.0-1nodesource1",
                "",
                Some("NodeSource"),
            ),
            (
                deb,
                "debian",
                "15.3-1.pgdg110+1",
                "",
                Some("the PostgreSQL project"),
            ),
            (
                deb,
                "debian",
                "5:24.0.7-1~debian.12~bookworm",
                "Docker <support@docker.com>",
                Some("Docker"),
            ),
            (
                deb,
                "debian",
                "1.25.3-1~bookworm",
                "NGINX Packaging <nginx-packaging@f5.com>",
                Some("NGINX Packaging"),
            ),
            (
                deb,
                "debian",
                "1:1.2.13.dfsg-1",
                "Mark Brown <broonie@debian.org>",
                None,
            ),
            (
                deb,
                "debian",
                "1.2-3",
                "Somebody <who@sirena.example>",
                None,
            ),
            (deb, "debian", "1.2-3", "Somebody <who@notdocker.com>", None),
            (
                deb,
                "ubuntu",
                "2.35-0ubuntu3.4",
                "Ubuntu Developers <ubuntu-devel-discuss@lists.ubuntu.com>",
                None,
            ),
            (rpm, "rhel", "1-1.el9", "Red Hat, Inc.", None),
            (
                rpm,
                "rhel",
                "1-1.el9",
                "Fedora Project",
                Some("Fedora Project"),
            ),
            (rpm, "rhel", "1-1.el9", "(none)", None),
            (
                rpm,
                "rocky",
                "1-1.el9",
                "Organization: Rocky Enterprise Software Foundation",
                None,
            ),
            (rpm, "amzn", "1-1", "Amazon Linux", None),
            (rpm, "sles", "1-1", "SUSE LLC <https://www.suse.com/>", None),
            (rpm, "almalinux", "1-1", "MongoDB", Some("MongoDB")),
            (rpm, "unheard-of", "1-1", "MongoDB", None),
            (
                PackageType::Apk,
                "alpine",
                "1.25.3-r1",
                "NGINX Packaging <nginx-packaging@f5.com>",
                Some("NGINX Packaging"),
            ),
            (
                PackageType::Apk,
                "alpine",
                "1-r1",
                "Natanael Copa <ncopa@alpinelinux.org>",
                None,
            ),
            (
                PackageType::Alpm,
                "arch",
                "1.0-1",
                "Unknown Packager",
                Some("Unknown Packager"),
            ),
            (
                PackageType::Alpm,
                "arch",
                "1.0-1",
                "Garuda Builder <team@garudalinux.org>",
                Some("Garuda Builder"),
            ),
            (
                PackageType::Alpm,
                "arch",
                "1.0-1",
                "Somebody <who@archlinux.org>",
                None,
            ),
            (PackageType::Alpm, "arch", "1.0-1", "", None),
            (
                PackageType::Npm,
                "debian",
                "1.0.0",
                "Docker <support@docker.com>",
                None,
            ),
        ] {
            let mut package = Package::new(kind, "x", version, "y");
            package.supplier = (!supplier.is_empty()).then(|| supplier.to_owned());
            let distribution = Distribution {
                id: distribution.to_owned(),
                version: "1".to_owned(),
                name: String::new(),
            };
            assert_eq!(
                third_party(&package, &distribution),
                expected,
                "{version} {supplier}"
            );
        }
    }
}
