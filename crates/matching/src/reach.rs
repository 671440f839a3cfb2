use seaworthy_model::{CoverageEntry, CoverageKind, Inventory, PackageType};
use seaworthy_vulndb::{Database, EndRef, Row};

use crate::module::{is_extended, update_stream};

/// Which fixes beyond the general ones the builder of an image gets, as far as the image shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reach {
    /// Whether packages of Ubuntu's extended maintenance (ESM) are installed, which only those get
    /// who attached a subscription.
    ubuntu_pro: bool,
    /// Update streams of Red Hat's extended products whose repositories the image was built from:
    /// `el8_6`.
    streams: Vec<String>,
}

/// Products of Red Hat's with updates for one minor release.
const EXTENDED: [&str; 6] = [
    "rhel_aus",
    "rhel_e4s",
    "rhel_els",
    "rhel_eus",
    "rhel_eus_long_life",
    "rhel_tus",
];

impl Reach {
    pub(crate) fn of(inventory: &Inventory, database: &Database) -> Self {
        let Some(distribution) = &inventory.distribution else {
            return Self::default();
        };
        match distribution.id.as_str() {
            "ubuntu" => Self {
                ubuntu_pro: inventory
                    .packages
                    .iter()
                    .any(|package| package.kind == PackageType::Deb && is_esm(&package.version)),
                streams: Vec::new(),
            },
            "rhel" => {
                let mut streams: Vec<String> = content_sets(inventory, database)
                    .flat_map(|(_, cpes)| cpes)
                    .filter_map(|cpe| {
                        let (product, release) = product(cpe)?;
                        EXTENDED
                            .contains(&product)
                            .then(|| format!("el{}", release.replace('.', "_")))
                    })
                    .filter(|stream| stream.contains('_'))
                    .collect();
                streams.sort_unstable();
                streams.dedup();
                Self {
                    ubuntu_pro: false,
                    streams,
                }
            }
            _ => Self::default(),
        }
    }

    /// Whether a row is about an extended stream that the image gets, and an installed version is
    /// not of a later one.
    pub(crate) fn has_stream_for(&self, row: Row<'_>, installed: &str) -> bool {
        if self.streams.is_empty() {
            return false;
        }
        let own = minor(update_stream(installed));
        ends(row).filter_map(update_stream).any(|stream| {
            self.streams.iter().any(|known| known == stream) && own <= minor(Some(stream))
        })
    }

    /// Whether a fix that a row keeps for subscribers is within reach of an installed version.
    pub(crate) fn has(&self, row: Row<'_>, fixed: &str, installed: &str) -> bool {
        (self.ubuntu_pro && is_esm(fixed))
            || (is_extended(row) && self.has_stream_for(row, installed))
    }
}

/// 6 of `el8_6`; 0 of the first release, which names none.
fn minor(stream: Option<&str>) -> u32 {
    stream
        .and_then(|stream| stream.split_once('_'))
        .and_then(|(_, minor)| minor.parse().ok())
        .unwrap_or(0)
}

/// `1.1.1f-1ubuntu2.23+esm1`, `2.34-0.1ubuntu9.3~esm2`.
fn is_esm(version: &str) -> bool {
    ["+esm", "~esm"].iter().any(|mark| version.contains(mark))
}

fn ends(row: Row<'_>) -> impl Iterator<Item = &str> {
    row.intervals().filter_map(|(_, end)| match end {
        EndRef::Fixed(version) | EndRef::LastAffected(version) => Some(version),
        EndRef::Open => None,
    })
}

/// The content sets of the image that the database knows, each with its products.
fn content_sets<'a>(
    inventory: &'a Inventory,
    database: &'a Database,
) -> impl Iterator<Item = (&'a str, Vec<&'a str>)> {
    inventory.content_sets.iter().filter_map(|name| {
        let cpes: Vec<&str> = database.repositories()?.get(name).collect();
        (!cpes.is_empty()).then_some((name.as_str(), cpes))
    })
}

/// `rhel_eus` and `8.6` of `cpe:/o:redhat:rhel_eus:8.6::baseos`.
fn product(cpe: &str) -> Option<(&str, &str)> {
    let (_, rest) = cpe.split_once(":redhat:")?;
    let mut parts = rest.split(':');
    Some((parts.next()?, parts.next().unwrap_or_default()))
}

/// What the content sets tell that the advisories of the distribution do not cover: repositories of
/// other products, whose packages are compared with those of the distribution alone.
pub(crate) fn gaps(inventory: &Inventory, database: &Database) -> Vec<CoverageEntry> {
    content_sets(inventory, database)
        .filter_map(|(name, cpes)| {
            let of_the_system = cpes.iter().filter_map(|cpe| product(cpe)).any(|(product, _)| {
                product == "enterprise_linux" || product.starts_with("rhel_")
            });
            if of_the_system {
                return None;
            }
            let (product, release) = cpes.iter().find_map(|cpe| product(cpe))?;
            Some(CoverageEntry::new(
                CoverageKind::ThirdPartyPackage,
                name,
                format!(
                    "the image was built from this repository of {product} {release} too, whose own advisories were not asked: its packages were compared with those of the distribution"
                ),
            ))
        })
        .collect()
}
