//! Which reader a file of a feeds folder goes to: by its first folder, its name, and its head.

use seaworthy_model::Date;

use crate::collect::Collected;
use crate::feeds::oval::Vendor;
use crate::feeds::{
    alpine, arch, csaf, cvrf, debian_dsa, debian_support, debian_tracker, distro_info, elixir, eol,
    epss, errata_json, friendsofphp, kev, node_wg, nvd, openvex, osv, oval, oval_json, photon,
    project_kb, redhat_api, repositories, retirejs, rubysec, rustsec, toml_markdown,
    ubuntu_tracker, updateinfo, vulnrichment, xml,
};
use crate::sink::Sink;

/// A folder of feeds, and what in it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Alpine,
    Wolfi,
    Chainguard,
    Debian,
    Ubuntu,
    RedHat,
    AlmaLinux,
    Rocky,
    Oracle,
    Amazon,
    Suse,
    Photon,
    Azure,
    Fedora,
    Arch,
    Bottlerocket,
    Osv,
    /// OSV records whose packages are of a kind of their own: source, ecosystem.
    OsvOf(&'static str, &'static str),
    Npm,
    Pypa,
    Go,
    RustSec,
    Ruby,
    Php,
    Maven,
    Haskell,
    Elixir,
    Julia,
    Nvd,
    Vulnrichment,
    Epss,
    Kev,
    Eol,
    Vex,
}

/// The folders and what is in them.
const FOLDERS: [(&str, Family); 52] = [
    ("alpine", Family::Alpine),
    ("wolfi", Family::Wolfi),
    ("chainguard", Family::Chainguard),
    ("debian", Family::Debian),
    ("ubuntu", Family::Ubuntu),
    ("redhat", Family::RedHat),
    ("rhel", Family::RedHat),
    ("almalinux", Family::AlmaLinux),
    ("alma", Family::AlmaLinux),
    ("rocky", Family::Rocky),
    ("oracle", Family::Oracle),
    ("amazon", Family::Amazon),
    ("suse", Family::Suse),
    ("opensuse", Family::Suse),
    ("photon", Family::Photon),
    ("azurelinux", Family::Azure),
    ("mariner", Family::Azure),
    ("fedora", Family::Fedora),
    ("arch", Family::Arch),
    ("bottlerocket", Family::Bottlerocket),
    ("ghsa-osv", Family::Osv),
    ("ghsa", Family::Osv),
    ("osv", Family::Osv),
    ("malicious-packages", Family::Osv),
    ("bitnami", Family::OsvOf("bitnami", "Bitnami")),
    ("dhi", Family::OsvOf("docker-hardened-images", "DHI")),
    ("cleanstart", Family::OsvOf("cleanstart", "CleanStart")),
    ("homebrew", Family::OsvOf("homebrew", "Homebrew")),
    ("kubernetes", Family::OsvOf("kubernetes", "Kubernetes")),
    ("r", Family::OsvOf("r-advisories", "CRAN")),
    ("cran", Family::OsvOf("r-advisories", "CRAN")),
    ("npm", Family::Npm),
    ("retirejs", Family::Npm),
    ("nodejs", Family::Npm),
    ("pypi", Family::Pypa),
    ("go", Family::Go),
    ("rust", Family::RustSec),
    ("ruby", Family::Ruby),
    ("php", Family::Php),
    ("maven", Family::Maven),
    ("haskell", Family::Haskell),
    ("elixir", Family::Elixir),
    ("hex", Family::Elixir),
    ("julia", Family::Julia),
    ("nvd", Family::Nvd),
    ("cve", Family::Vulnrichment),
    ("vulnrichment", Family::Vulnrichment),
    ("epss", Family::Epss),
    ("kev", Family::Kev),
    ("eol", Family::Eol),
    ("vex", Family::Vex),
    ("csaf", Family::Vex),
];

impl Family {
    /// By the path of a file from the feeds folder.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let folder = name
            .split('/')
            .next()
            .filter(|folder| folder.len() < name.len())?;
        FOLDERS
            .iter()
            .find(|(known, _)| *known == folder)
            .map(|(_, family)| *family)
    }

    /// Whether an entry of an archive may be for a reader, by its path alone.
    pub(crate) fn wants(self, name: &str) -> bool {
        // Workflows and settings of the repository that a feed is kept in.
        if name.split('/').any(|part| part.starts_with('.')) || name.contains("/schema/") {
            return false;
        }
        let file = name.rsplit('/').next().unwrap_or(name);
        let ends = |endings: &[&str]| endings.iter().any(|ending| file.ends_with(ending));
        match self {
            // Without an ending: Ubuntu's tracker, Debian's lists.
            Self::Ubuntu => file.starts_with("CVE-") || ends(&[".json", ".xml"]),
            Self::Debian => {
                ends(&[".json"])
                    || file.starts_with("security-support-ended.deb")
                    || debian_list(name)
            }
            Self::Eol => eol::wants(name) || distro_info::wants(name),
            Self::Epss => ends(&[".csv"]),
            Self::RustSec | Self::Haskell | Self::Julia => ends(&[".md", ".json"]),
            _ => ends(&[".json", ".yaml", ".yml", ".xml"]),
        }
    }

    /// The reader of an entry, by its path and content.
    pub(crate) fn feed(self, name: &str, bytes: &[u8]) -> Option<Feed> {
        let file = name.rsplit('/').next().unwrap_or(name);
        let (json, xml) = (file.ends_with(".json"), file.ends_with(".xml"));
        let yaml = file.ends_with(".yaml") || file.ends_with(".yml");
        let cve_file = file.starts_with("CVE-") || file.starts_with("cve-");
        let head = || Head::of(bytes);
        match self {
            Self::Alpine => (json || yaml).then_some(Feed::Secdb("alpine")),
            Self::Wolfi if json => Some(match head() {
                Head::Osv => Feed::Osv("wolfi-osv"),
                _ => Feed::Secdb("wolfi"),
            }),
            Self::Chainguard if json => Some(match head() {
                Head::Osv => Feed::Osv("chainguard-osv"),
                _ => Feed::Secdb("chainguard"),
            }),
            Self::Debian if json => match head() {
                Head::Osv => Some(Feed::Osv("debian-osv")),
                // The tracker's repository has settings in JSON too.
                _ => (!name.ends_with("data/config.json")).then_some(Feed::DebianTracker),
            },
            Self::Debian if file.starts_with("security-support-ended.deb") => {
                Some(Feed::DebianSupport)
            }
            Self::Debian => debian_list(name).then_some(Feed::DebianDsa),
            Self::Ubuntu if json => match head() {
                Head::OpenVex => Some(Feed::OpenVex("ubuntu-vex")),
                Head::Osv => Some(Feed::Osv("ubuntu-osv")),
                _ => None,
            },
            Self::Ubuntu => {
                (cve_file && !xml && !name.contains("/subprojects/")).then_some(Feed::UbuntuTracker)
            }
            Self::RedHat if xml => {
                root_is(bytes, "oval_definitions").then_some(Feed::Oval(Vendor::RedHat))
            }
            Self::RedHat if file == "repository-to-cpe.json" => Some(Feed::Repositories),
            Self::RedHat if json && name.contains("/definitions/") => Some(Feed::OvalJson),
            Self::RedHat if json => match head() {
                Head::Csaf => Some(Feed::Csaf("redhat-csaf")),
                Head::Osv => Some(Feed::Osv("redhat-osv")),
                _ => cve_file.then_some(Feed::RedHatApi),
            },
            Self::AlmaLinux if xml && root_is(bytes, "oval_definitions") => {
                Some(Feed::Oval(Vendor::AlmaLinux))
            }
            Self::AlmaLinux | Self::Rocky if json => Some(match (head(), self) {
                (Head::Osv, Self::AlmaLinux) => Feed::Osv("almalinux-osv"),
                (Head::Osv, _) => Feed::Osv("rocky-osv"),
                (_, Self::AlmaLinux) => Feed::Errata("almalinux-errata"),
                _ => Feed::Errata("rocky-errata"),
            }),
            Self::AlmaLinux => updates(xml, bytes, "almalinux", "almalinux-updateinfo"),
            Self::Rocky => updates(xml, bytes, "rocky", "rocky-updateinfo"),
            Self::Oracle if xml && root_is(bytes, "oval_definitions") => {
                Some(Feed::Oval(Vendor::Oracle))
            }
            Self::Oracle => updates(xml, bytes, "oracle", "oracle-updateinfo"),
            Self::Amazon => updates(xml, bytes, "amazon", "amazon-updateinfo"),
            Self::Fedora if json => Some(Feed::Errata("fedora-bodhi")),
            Self::Fedora => updates(xml, bytes, "fedora", "fedora-updateinfo"),
            Self::Bottlerocket => updates(xml, bytes, "bottlerocket", "bottlerocket-updateinfo"),
            Self::Suse if json => match head() {
                Head::Csaf => Some(Feed::Csaf("suse-csaf")),
                Head::Osv => Some(Feed::Osv("suse-osv")),
                _ => None,
            },
            Self::Suse if xml => match xml::root(bytes).as_deref() {
                Some("oval_definitions") => Some(Feed::Oval(Vendor::Suse)),
                Some("cvrfdoc") => Some(Feed::Cvrf),
                _ => None,
            },
            Self::Photon if json => file.starts_with("cve_data_").then_some(Feed::Photon),
            Self::Photon => {
                (xml && root_is(bytes, "oval_definitions")).then_some(Feed::Oval(Vendor::Photon))
            }
            Self::Azure => {
                (xml && root_is(bytes, "oval_definitions")).then_some(Feed::Oval(Vendor::Azure))
            }
            Self::Arch => json.then_some(Feed::Arch),
            Self::Osv if json => Some(Feed::Osv("osv")),
            Self::OsvOf(source, ecosystem) if json => {
                (head() == Head::Osv).then_some(Feed::OsvOf(source, ecosystem))
            }
            Self::OsvOf(source, _) => yaml.then_some(Feed::OsvYaml(source)),
            Self::Npm if json => Some(if file.contains("repository") {
                Feed::RetireJs
            } else if head() == Head::Osv {
                Feed::Osv("npm-osv")
            } else if !(name.contains("/npm/") || name.contains("/core/")) || file == "index.json" {
                return None;
            } else {
                Feed::NodeWg(if name.contains("/core/") {
                    "nodejs-core"
                } else {
                    "nodejs-security-wg"
                })
            }),
            Self::Pypa if yaml => Some(Feed::OsvYaml("pypa")),
            Self::Pypa => (json && file.starts_with("PYSEC-")).then_some(Feed::Osv("pypa")),
            Self::Go => (json && file.starts_with("GO-")).then_some(Feed::Osv("go-vulndb")),
            Self::RustSec => {
                // Those about Rust itself stand in a folder `rust` beside `crates`.
                (file.starts_with("RUSTSEC-") && file.ends_with(".md") && !name.contains("/rust/"))
                    .then_some(Feed::RustSec)
            }
            Self::Ruby => (yaml && (name.contains("gems/") || name.contains("rubies/")))
                .then_some(Feed::RubySec),
            Self::Php => (yaml && name.split('/').count() >= 4).then_some(Feed::FriendsOfPhp),
            Self::Maven if json && head() == Head::Osv => Some(Feed::Osv("maven-osv")),
            Self::Maven => (file == "statement.yaml").then_some(Feed::ProjectKb),
            Self::Haskell if file.starts_with("HSEC-") => {
                // Reserved ids name no vulnerability yet.
                (!name.contains("/reserved/") && file.ends_with(".md")).then_some(Feed::Haskell)
            }
            Self::Julia if file.starts_with("JLSEC-") && !name.contains("/reserved/") => {
                Some(if json {
                    Feed::Osv("julia-osv")
                } else {
                    Feed::Julia
                })
            }
            Self::Elixir => (yaml && name.contains("packages/")).then_some(Feed::Elixir),
            Self::Nvd if json => match head() {
                Head::NvdPage => Some(Feed::Nvd),
                Head::NvdOverride => Some(Feed::NvdOverride),
                Head::Enrichment => Some(Feed::NvdEnrichment),
                _ => None,
            },
            Self::Vulnrichment => (json && cve_file).then_some(Feed::Vulnrichment),
            Self::Epss => Some(Feed::Epss),
            Self::Kev => json.then_some(Feed::Kev),
            Self::Eol if distro_info::wants(name) => Some(Feed::DistroInfo),
            Self::Eol => eol::wants(name).then_some(Feed::Eol),
            Self::Vex if json => match head() {
                Head::OpenVex => Some(Feed::OpenVex("openvex")),
                Head::Csaf => Some(Feed::Csaf("csaf")),
                _ => None,
            },
            _ => None,
        }
    }
}

fn debian_list(name: &str) -> bool {
    ["DSA/list", "DLA/list"].iter().any(|list| {
        name.strip_suffix(list)
            .is_some_and(|head| head.is_empty() || head.ends_with('/'))
    })
}

fn root_is(bytes: &[u8], name: &str) -> bool {
    xml::root(bytes).as_deref() == Some(name)
}

fn updates(xml: bool, bytes: &[u8], family: &'static str, source: &'static str) -> Option<Feed> {
    (xml && root_is(bytes, "updates")).then_some(Feed::Updateinfo(family, source))
}

/// What the head of a JSON file says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    Csaf,
    OpenVex,
    Osv,
    NvdPage,
    NvdOverride,
    Enrichment,
    Other,
}

impl Head {
    fn of(bytes: &[u8]) -> Self {
        // CSAF documents may say late what they are; all others begin with it.
        let head = bytes.get(..bytes.len().min(256 << 10)).unwrap_or_default();
        let has = |mark: &str| memchr::memmem::find(head, mark.as_bytes()).is_some();
        if has("\"csaf_version\"") {
            Self::Csaf
        } else if has("openvex.dev/ns") {
            Self::OpenVex
        } else if has("\"_annotation\"") {
            Self::NvdOverride
        } else if has("\"additionalMetadata\"") {
            Self::Enrichment
        } else if has("\"NVD_CVE\"") || has("\"vulnerabilities\"") && has("\"cve\"") {
            Self::NvdPage
        } else if has("\"affected\"") && (has("\"modified\"") || has("\"schema_version\""))
            || has("\"withdrawn\"")
        {
            Self::Osv
        } else {
            Self::Other
        }
    }
}

/// A reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feed {
    Secdb(&'static str),
    DebianTracker,
    DebianDsa,
    DebianSupport,
    UbuntuTracker,
    RedHatApi,
    Repositories,
    Oval(Vendor),
    OvalJson,
    Csaf(&'static str),
    Cvrf,
    OpenVex(&'static str),
    /// Family and source.
    Updateinfo(&'static str, &'static str),
    Errata(&'static str),
    Photon,
    Arch,
    Osv(&'static str),
    OsvOf(&'static str, &'static str),
    OsvYaml(&'static str),
    RustSec,
    RubySec,
    FriendsOfPhp,
    RetireJs,
    NodeWg(&'static str),
    ProjectKb,
    Haskell,
    Julia,
    Elixir,
    Nvd,
    NvdOverride,
    NvdEnrichment,
    Vulnrichment,
    Epss,
    Kev,
    Eol,
    DistroInfo,
}

impl Feed {
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::Secdb("wolfi") => "wolfi-secdb",
            Self::Secdb("chainguard") => "chainguard-secdb",
            Self::Secdb(_) => "alpine-secdb",
            Self::DebianTracker => "debian-tracker",
            Self::DebianDsa => "debian-dsa",
            Self::DebianSupport => "debian-security-support",
            Self::UbuntuTracker => "ubuntu-cve-tracker",
            Self::RedHatApi => "redhat-api",
            Self::Repositories => "redhat-repositories",
            Self::Oval(vendor) => vendor.source(),
            Self::OvalJson => Vendor::RedHat.source(),
            Self::Cvrf => "suse-cvrf",
            Self::Photon => "photon-cve",
            Self::Arch => "arch-tracker",
            Self::Csaf(source)
            | Self::OpenVex(source)
            | Self::Updateinfo(_, source)
            | Self::Errata(source)
            | Self::NodeWg(source)
            | Self::OsvOf(source, _)
            | Self::Osv(source)
            | Self::OsvYaml(source) => source,
            Self::RustSec => "rustsec",
            Self::RubySec => "rubysec",
            Self::FriendsOfPhp => "friendsofphp",
            Self::RetireJs => "retirejs",
            Self::ProjectKb => "project-kb",
            Self::Haskell => "haskell-advisories",
            Self::Julia => "julia-advisories",
            Self::Elixir => "elixir-advisories",
            Self::Nvd => nvd::SOURCE,
            Self::NvdOverride => nvd::OVERRIDES,
            Self::NvdEnrichment => "cve-enrichment",
            Self::Vulnrichment => "vulnrichment",
            Self::Epss => "epss",
            Self::Kev => "kev",
            Self::Eol => "endoflife.date",
            Self::DistroInfo => "distro-info-data",
        }
    }

    /// Reads an entry; what is broken is counted. `date` is the one in the name of its archive, `latest` the day after which nothing in it can
    /// have been published.
    pub(crate) fn read(
        self,
        name: &str,
        bytes: &[u8],
        date: &str,
        latest: Option<Date>,
        collected: &mut Collected,
    ) {
        let mut sink = collected.of(self.source(), name);
        sink.latest = latest;
        let before = sink.count.records;
        let result = match self {
            Self::DebianTracker => debian_tracker::read(bytes, &mut sink),
            Self::DebianDsa => debian_dsa::read(bytes, &mut sink),
            Self::Epss => epss::read(bytes, &mut sink),
            Self::Kev => kev::read(bytes, &mut sink),
            Self::Oval(vendor) => oval::read(vendor, name, bytes, &mut sink),
            Self::Updateinfo(family, _) => updateinfo::read(family, name, bytes, &mut sink),
            Self::Errata(_) => errata_json::read(bytes, &mut sink),
            Self::OpenVex(source) => openvex::read(source == "ubuntu-vex", bytes, &mut sink),
            Self::Photon => photon::read(name, bytes, &mut sink),
            Self::Arch => arch::read(bytes, &mut sink),
            Self::Repositories => repositories::read(bytes, &mut sink),
            Self::RetireJs => retirejs::read(name, bytes, &mut sink),
            Self::Nvd => nvd::read(bytes, &mut sink),
            Self::DebianSupport => debian_support::read(name, bytes, &mut sink),
            Self::DistroInfo => distro_info::read(name, bytes, &mut sink),
            one => {
                sink.record();
                one.read_one(name, bytes, &mut sink)
            }
        };
        if date > sink.count.archive_date.as_str() {
            date.clone_into(&mut sink.count.archive_date);
        }
        if let Err(what) = result {
            // A file that cannot be read at all is a record, and a broken one.
            sink.count.records += u64::from(sink.count.records == before);
            sink.broke(what);
        }
    }

    /// Readers whose files are one record each.
    fn read_one(self, name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
        match self {
            Self::Secdb(family) => alpine::read(family, name, bytes, sink),
            Self::UbuntuTracker => ubuntu_tracker::read(bytes, sink),
            Self::RedHatApi => redhat_api::read(bytes, sink),
            Self::OvalJson => oval_json::read(bytes, sink),
            Self::Csaf(_) => csaf::read(bytes, sink),
            Self::Cvrf => cvrf::read(bytes, sink),
            Self::Osv(source) => osv::json(source, bytes, sink),
            Self::OsvOf(source, ecosystem) => osv::json_of(source, ecosystem, bytes, sink),
            Self::OsvYaml(source) => osv::yaml(source, bytes, sink),
            Self::RustSec => rustsec::read(bytes, sink),
            Self::RubySec => rubysec::read(name, bytes, sink),
            Self::FriendsOfPhp => friendsofphp::read(name, bytes, sink),
            Self::NodeWg(_) => node_wg::read(name, bytes, sink),
            Self::ProjectKb => project_kb::read(bytes, sink),
            Self::Haskell => toml_markdown::read("hackage", bytes, sink),
            Self::Julia => toml_markdown::read("julia", bytes, sink),
            Self::Elixir => elixir::read(bytes, sink),
            Self::NvdOverride => nvd::read_override(bytes, sink),
            Self::NvdEnrichment => nvd::read_enrichment(bytes, sink),
            Self::Eol => eol::read(name, bytes, sink),
            _ => vulnrichment::read(bytes, sink),
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
