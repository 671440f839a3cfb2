//! Whether a statement is about a finding: products and their parts against the image and its
//! packages.

use rustc_hash::FxHashMap;
use seaworthy_model::{Distribution, Inventory, Package, Purl};
use seaworthy_oci::Reference;

use super::purl::purl_is;
use super::{Identifier, Product, VexDocument, VexStatement};
use crate::row::FindingRow;
use crate::subject::Subject;

/// What an image may be called.
#[derive(Debug)]
pub(crate) struct ImageNames<'a> {
    reference: Option<Reference>,
    name: &'a str,
    digests: Vec<String>,
    os: String,
    arch: String,
    inventory: &'a Inventory,
}

impl<'a> ImageNames<'a> {
    pub(crate) fn of(subject: Subject<'a>) -> Self {
        let inventory = &subject.report.inventory;
        let reference: Option<Reference> = subject.name().parse().ok();
        let image = inventory.image.as_ref();
        let digests = image
            .into_iter()
            .flat_map(|i| [i.manifest_digest.clone(), i.config_digest.clone()])
            .flatten()
            .chain(
                reference
                    .as_ref()
                    .and_then(|r| r.digest.as_ref().map(ToString::to_string)),
            )
            .collect();
        let platform = |at: usize| {
            image
                .and_then(|i| i.platform.split('/').nth(at))
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            reference,
            name: subject.name(),
            digests,
            os: platform(0),
            arch: platform(1),
            inventory,
        }
    }

    fn is(&self, identifier: &Identifier) -> bool {
        match identifier {
            Identifier::Digest(digest) => self.digests.contains(digest),
            Identifier::Name(name) => self.is_named(name),
            Identifier::Program(name) => self.is_called(name),
            Identifier::Cpe(cpe) => self
                .inventory
                .distribution
                .as_ref()
                .is_some_and(|d| cpe_is(cpe, d)),
            Identifier::Purl(purl) => match purl.kind.as_str() {
                "oci" => self.is_oci(purl),
                "docker" => self.is_docker(purl),
                _ => false,
            },
        }
    }

    fn is_named(&self, name: &str) -> bool {
        let name = ["oci://", "file://"]
            .iter()
            .find_map(|scheme| name.strip_prefix(scheme))
            .unwrap_or(name);
        if name.is_empty() {
            return false;
        }
        if name == self.name {
            return true;
        }
        match (name.parse::<Reference>(), &self.reference) {
            (Ok(named), Some(own)) => {
                named.registry == own.registry
                    && named.repository == own.repository
                    && match &named.digest {
                        Some(digest) => self.digests.iter().any(|d| d == digest.as_str()),
                        None => named.tag == own.tag,
                    }
            }
            _ => false,
        }
    }

    /// Whether the image is what somebody calls a program: its repository, or the last part of that.
    fn is_called(&self, name: &str) -> bool {
        let repository = self.reference.as_ref().map(|r| r.repository.as_str());
        self.is_named(name)
            || repository.is_some_and(|repository| {
                let last = repository.rsplit('/').next().unwrap_or_default();
                name.eq_ignore_ascii_case(last) || name.eq_ignore_ascii_case(repository)
            })
    }

    /// purl specification, type `oci`: the name is the repository's last part, the version the
    /// digest, the qualifiers `repository_url`, `tag` and `arch` narrow it.
    fn is_oci(&self, purl: &Purl) -> bool {
        let Some(own) = &self.reference else {
            return purl
                .version
                .as_ref()
                .is_some_and(|v| self.digests.contains(v));
        };
        let last = own.repository.rsplit('/').next().unwrap_or_default();
        let repository = format!("{}/{}", own.registry, own.repository);
        purl.name.eq_ignore_ascii_case(last)
            && purl
                .version
                .as_ref()
                .is_none_or(|v| self.digests.contains(v))
            && purl
                .qualifiers
                .iter()
                .all(|(key, value)| match key.as_str() {
                    "repository_url" => {
                        let url = value.trim_end_matches('/');
                        let url = url.split_once("://").map_or(url, |(_, rest)| rest);
                        let named: Option<Reference> = url.parse().ok();
                        // Some write the repository, some only the part before the name.
                        named.is_some_and(|n| {
                            format!("{}/{}", n.registry, n.repository) == repository
                        }) || format!("{url}/{last}") == repository
                    }
                    "tag" => own.tag.as_deref() == Some(value),
                    "arch" => *value == self.arch,
                    "os" => *value == self.os,
                    _ => true,
                })
    }

    /// purl specification, type `docker`: namespace and name are the repository, the version a tag
    /// or digest.
    fn is_docker(&self, purl: &Purl) -> bool {
        let Some(own) = &self.reference else {
            return false;
        };
        let path = match &purl.namespace {
            Some(namespace) => format!("{namespace}/{}", purl.name),
            None => purl.name.clone(),
        };
        let text = match purl.qualifier("repository_url") {
            Some(host) => {
                let host = host.split_once("://").map_or(host, |(_, rest)| rest);
                format!("{}/{path}", host.trim_end_matches('/'))
            }
            None => path,
        };
        text.parse::<Reference>()
            .is_ok_and(|named| named.registry == own.registry && named.repository == own.repository)
            && purl
                .version
                .as_ref()
                .is_none_or(|v| own.tag.as_deref() == Some(v.as_str()) || self.digests.contains(v))
    }

    /// Whether a product is this image, or a package in it; and if so, whether the statement's
    /// parts include the package.
    fn has(&self, product: &Product, package: &Package) -> bool {
        let distribution = self.inventory.distribution.as_ref();
        let is_package = |names: &[Identifier], package: &Package| {
            names.iter().any(
                |n| matches!(n, Identifier::Purl(purl) if purl_is(purl, package, distribution)),
            )
        };
        let in_parts = |package: &Package| {
            product.parts.is_empty() || product.parts.iter().any(|p| is_package(p, package))
        };
        // A distribution as a product says nothing about what is not of the distribution.
        let is_product = |name: &Identifier| {
            self.is(name) && (package.kind.is_os() || !matches!(name, Identifier::Cpe(_)))
        };
        if product.names.iter().any(is_product) {
            return in_parts(package);
        }
        if product.parts.is_empty() {
            return is_package(&product.names, package);
        }
        // A program that contains the package: both lie in the same file.
        in_parts(package)
            && self.inventory.packages.iter().any(|whole| {
                let (inner, outer) = (&package.evidence.path, &whole.evidence.path);
                let inside = inner == outer
                    || inner
                        .strip_prefix(outer.as_str())
                        .is_some_and(|rest| rest.starts_with("!/"));
                inside && is_package(&product.names, whole)
            })
    }
}

/// Whether a CPE names a distribution's release: `cpe:/o:redhat:enterprise_linux:9`,
/// `cpe:2.3:o:canonical:ubuntu_linux:22.04:…`.
fn cpe_is(cpe: &str, distribution: &Distribution) -> bool {
    let parts: Vec<&str> = match cpe.strip_prefix("cpe:2.3:") {
        Some(rest) => rest.split(':').collect(),
        None => cpe
            .strip_prefix("cpe:/")
            .unwrap_or_default()
            .split(':')
            .collect(),
    };
    let [_, _, product, rest @ ..] = parts.as_slice() else {
        return false;
    };
    let known = match distribution.id.as_str() {
        "rhel" => ["enterprise_linux", "rhel"],
        "ubuntu" => ["ubuntu_linux", "ubuntu"],
        "debian" => ["debian_linux", "debian"],
        "alpine" => ["alpine_linux", "alpine"],
        "sles" => ["linux_enterprise_server", "sles"],
        _ => return false,
    };
    if !known.contains(product) {
        return false;
    }
    match rest.first().copied().unwrap_or_default() {
        "" | "*" | "-" => true,
        version => {
            let own = distribution.version.as_str();
            own == version
                || own
                    .strip_prefix(version)
                    .is_some_and(|rest| rest.starts_with('.'))
        }
    }
}

/// The statements of all documents, ready to be asked.
pub(crate) struct Index<'v> {
    by_id: FxHashMap<&'v str, Vec<(&'v VexDocument, &'v VexStatement)>>,
}

impl<'v> Index<'v> {
    pub(crate) fn of(documents: &'v [VexDocument]) -> Self {
        let mut by_id: FxHashMap<&str, Vec<_>> = FxHashMap::default();
        for document in documents {
            for statement in &document.statements {
                for id in &statement.vulnerabilities {
                    by_id
                        .entry(id.as_str())
                        .or_default()
                        .push((document, statement));
                }
            }
        }
        Self { by_id }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The last statement about a finding.
    pub(crate) fn about(
        &self,
        row: &FindingRow<'_>,
        image: &ImageNames<'_>,
    ) -> Option<&'v VexStatement> {
        let package = row.package?;
        let mut best: Option<&VexStatement> = None;
        for id in std::iter::once(&row.finding.id).chain(&row.finding.aliases) {
            let Some(statements) = self.by_id.get(id.to_ascii_uppercase().as_str()) else {
                continue;
            };
            for (_, statement) in statements {
                let newer =
                    best.is_none_or(|b| instant(&statement.timestamp) >= instant(&b.timestamp));
                if newer && statement.products.iter().any(|p| image.has(p, package)) {
                    best = Some(statement);
                }
            }
        }
        best
    }
}

/// A time as a text that sorts: RFC 3339 with its offset taken into account to the minute.
fn instant(time: &str) -> (i64, &str) {
    let Ok(date) = time.parse::<seaworthy_model::Date>() else {
        return (i64::MIN, time);
    };
    let number = |range: std::ops::Range<usize>| {
        time.get(range)
            .and_then(|t| t.parse::<i64>().ok())
            .unwrap_or(0)
    };
    let mut minutes = i64::from(date.days()) * 1440 + number(11..13) * 60 + number(14..16);
    let tail = time.get(16..).unwrap_or_default();
    if let Some(at) = tail.rfind(['+', '-']) {
        let offset = tail.get(at + 1..).unwrap_or_default();
        let (hours, rest) = offset.split_once(':').unwrap_or((offset, "0"));
        let shift = hours.parse::<i64>().unwrap_or(0) * 60 + rest.parse::<i64>().unwrap_or(0);
        minutes += if tail.as_bytes().get(at) == Some(&b'+') {
            -shift
        } else {
            shift
        };
    }
    (minutes, time.get(17..19).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_all_zones_sort() {
        let mut times = [
            "2026-01-02T00:30:00+02:00",
            "2026-01-01T23:00:00Z",
            "nonsense",
            "2026-01-01T22:29:59Z",
            "2026-01-01",
        ];
        times.sort_by(|a, b| instant(a).cmp(&instant(b)));
        assert_eq!(
            times,
            [
                "nonsense",
                "2026-01-01",
                "2026-01-01T22:29:59Z",
                "2026-01-02T00:30:00+02:00",
                "2026-01-01T23:00:00Z",
            ]
        );
    }

    #[test]
    fn platforms_match_distributions() {
        let rhel = Distribution {
            id: "rhel".to_owned(),
            version: "9.3".to_owned(),
            name: String::new(),
        };
        for (cpe, expected) in [
            ("cpe:/o:redhat:enterprise_linux:9", true),
            ("cpe:/a:redhat:enterprise_linux:9::appstream", true),
            ("cpe:/o:redhat:enterprise_linux:8", false),
            ("cpe:2.3:o:redhat:enterprise_linux:9.3:*:*:*:*:*:*:*", true),
            ("cpe:/o:redhat:enterprise_linux", true),
            ("cpe:/a:redhat:openshift:4", false),
            ("cpe:", false),
        ] {
            assert_eq!(cpe_is(cpe, &rhel), expected, "{cpe}");
        }
    }
}
