//! The list of sources.

use super::{At, FileAt, Source};

const fn file(url: &'static str, path: &'static str) -> FileAt {
    FileAt {
        url,
        path,
        key: "",
        optional: false,
    }
}

const fn one(url: &'static str, path: &'static str, key: &'static str) -> FileAt {
    FileAt {
        url,
        path,
        key,
        optional: true,
    }
}

const fn source(
    name: &'static str,
    feeds: &'static [&'static str],
    at: At,
    most_mb: u64,
    licence: &'static str,
) -> Source {
    Source {
        name,
        feeds,
        at,
        primary: true,
        most_mb,
        licence,
        restricted: false,
    }
}

const fn secondary(source: Source) -> Source {
    Source {
        primary: false,
        ..source
    }
}

const fn restricted(source: Source) -> Source {
    Source {
        restricted: true,
        ..source
    }
}

macro_rules! osv {
    ($name:literal, $folder:literal, $path:literal, $feeds:expr) => {
        source(
            $name,
            $feeds,
            At::Files(&[file(
                concat!(
                    "https://osv-vulnerabilities.storage.googleapis.com/",
                    $folder,
                    "/all.zip"
                ),
                $path,
            )]),
            1024,
            "per record, mostly CC-BY-4.0",
        )
    };
}

const SUPPORT: &str = "GPL-2.0-or-later";

/// Every source.
pub const SOURCES: &[Source] = &[
    source(
        "alpine-secdb",
        &["alpine"],
        At::Alpine("https://secdb.alpinelinux.org/"),
        16,
        "the database's own, free use",
    ),
    source(
        "debian-tracker",
        &["debian"],
        At::Files(&[file(
            "https://security-tracker.debian.org/tracker/data/json",
            "debian/tracker.json",
        )]),
        512,
        "MIT",
    ),
    secondary(source(
        "debian-dsa",
        &["debian"],
        At::Files(&[
            file(
                "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/DSA/list",
                "debian/DSA/list",
            ),
            file(
                "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/DLA/list",
                "debian/DLA/list",
            ),
        ]),
        64,
        "MIT",
    )),
    secondary(source(
        "debian-security-support",
        &["debian", "eol"],
        At::Files(&[
            one(
                "https://salsa.debian.org/debian/debian-security-support/-/raw/master/security-support-ended.deb11",
                "debian/security-support-ended.deb11",
                "debian:11",
            ),
            one(
                "https://salsa.debian.org/debian/debian-security-support/-/raw/master/security-support-ended.deb12",
                "debian/security-support-ended.deb12",
                "debian:12",
            ),
            one(
                "https://salsa.debian.org/debian/debian-security-support/-/raw/master/security-support-ended.deb13",
                "debian/security-support-ended.deb13",
                "debian:13",
            ),
        ]),
        4,
        SUPPORT,
    )),
    source(
        "ubuntu-osv",
        &["ubuntu"],
        At::Files(&[file(
            "https://security-metadata.canonical.com/osv/osv-all.tar.xz",
            "ubuntu/osv-all.tar.xz",
        )]),
        1024,
        "CC-BY-SA-4.0",
    ),
    source(
        "ubuntu-vex",
        &["ubuntu"],
        At::Files(&[file(
            "https://security-metadata.canonical.com/vex/vex-all.tar.xz",
            "ubuntu/vex-all.tar.xz",
        )]),
        1024,
        "CC-BY-SA-4.0",
    ),
    source(
        "redhat-csaf",
        &["rhel"],
        At::RedHatVex("https://security.access.redhat.com/data/csaf/v2/vex/"),
        4096,
        "CC-BY-4.0",
    ),
    source(
        "redhat-repositories",
        &["redhat-repositories"],
        At::Files(&[file(
            "https://security.access.redhat.com/data/meta/v1/repository-to-cpe.json",
            "redhat/repository-to-cpe.json",
        )]),
        64,
        "CC-BY-4.0",
    ),
    osv!(
        "almalinux-osv",
        "AlmaLinux",
        "almalinux/all.zip",
        &["almalinux"]
    ),
    osv!("rocky-osv", "Rocky%20Linux", "rocky/all.zip", &["rocky"]),
    source(
        "oracle-oval",
        &["oracle"],
        At::Files(&[file(
            "https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2",
            "oracle/com.oracle.elsa-all.xml.bz2",
        )]),
        256,
        "UPL-1.0",
    ),
    source(
        "amazon-updateinfo",
        &["amazon"],
        At::Amazon,
        64,
        "the repositories' own, free use",
    ),
    source(
        "suse-osv",
        &["sles", "sle-micro", "opensuse-leap", "opensuse-tumbleweed"],
        At::Files(&[file(
            "https://ftp.suse.com/pub/projects/security/osv.tar.bz2",
            "suse/osv.tar.bz2",
        )]),
        1024,
        "CC-BY-4.0",
    ),
    source(
        "photon-cve",
        &["photon"],
        At::Files(&[
            one(
                "https://packages.broadcom.com/photon/photon_cve_metadata/cve_data_photon3.0.json",
                "photon/cve_data_photon3.0.json",
                "photon:3.0",
            ),
            one(
                "https://packages.broadcom.com/photon/photon_cve_metadata/cve_data_photon4.0.json",
                "photon/cve_data_photon4.0.json",
                "photon:4.0",
            ),
            one(
                "https://packages.broadcom.com/photon/photon_cve_metadata/cve_data_photon5.0.json",
                "photon/cve_data_photon5.0.json",
                "photon:5.0",
            ),
        ]),
        128,
        "the publisher's own, free use",
    ),
    source(
        "azurelinux-oval",
        &["azurelinux", "mariner"],
        At::Files(&[file(
            "https://codeload.github.com/microsoft/AzureLinuxVulnerabilityData/tar.gz/refs/heads/main",
            "azurelinux/data.tar.gz",
        )]),
        256,
        "MIT",
    ),
    source(
        "fedora-updateinfo",
        &["fedora"],
        At::Fedora("https://dl.fedoraproject.org/pub/fedora/linux/updates/"),
        64,
        "the repositories' own, free use",
    ),
    source(
        "arch-tracker",
        &["arch"],
        At::Files(&[file(
            "https://security.archlinux.org/issues/all.json",
            "arch/all.json",
        )]),
        64,
        "MIT",
    ),
    source(
        "bottlerocket-updateinfo",
        &["bottlerocket"],
        At::Files(&[file(
            "https://advisories.bottlerocket.aws/updateinfo.xml.gz",
            "bottlerocket/updateinfo.xml.gz",
        )]),
        16,
        "Apache-2.0 or MIT",
    ),
    restricted(source(
        "wolfi-secdb",
        &["wolfi"],
        At::Files(&[file(
            "https://packages.wolfi.dev/os/security.json",
            "wolfi/security.json",
        )]),
        64,
        "no derivative works",
    )),
    restricted(source(
        "chainguard-secdb",
        &["chainguard"],
        At::Files(&[file(
            "https://packages.cgr.dev/chainguard/security.json",
            "chainguard/security.json",
        )]),
        64,
        "no derivative works",
    )),
    source(
        "cleanstart",
        &["cleanstart"],
        At::Files(&[file(
            "https://codeload.github.com/cleanstart-dev/cleanstart-security-advisories/tar.gz/refs/heads/main",
            "cleanstart/advisories.tar.gz",
        )]),
        256,
        "the repository's own",
    ),
    osv!("osv-npm", "npm", "osv/npm/all.zip", &["npm"]),
    osv!("osv-pypi", "PyPI", "osv/PyPI/all.zip", &["pypi"]),
    osv!("osv-go", "Go", "osv/Go/all.zip", &["go"]),
    osv!("osv-maven", "Maven", "osv/Maven/all.zip", &["maven"]),
    osv!(
        "osv-crates",
        "crates.io",
        "osv/crates.io/all.zip",
        &["crates"]
    ),
    osv!(
        "osv-rubygems",
        "RubyGems",
        "osv/RubyGems/all.zip",
        &["rubygems"]
    ),
    osv!("osv-nuget", "NuGet", "osv/NuGet/all.zip", &["nuget"]),
    osv!(
        "osv-packagist",
        "Packagist",
        "osv/Packagist/all.zip",
        &["packagist"]
    ),
    osv!("osv-pub", "Pub", "osv/Pub/all.zip", &["pub"]),
    osv!("osv-hex", "Hex", "osv/Hex/all.zip", &["hex"]),
    osv!("osv-swift", "SwiftURL", "osv/SwiftURL/all.zip", &["swift"]),
    osv!(
        "osv-hackage",
        "Hackage",
        "osv/Hackage/all.zip",
        &["hackage"]
    ),
    secondary(osv!("osv-ghc", "GHC", "osv/GHC/all.zip", &["hackage"])),
    osv!("osv-cran", "CRAN", "osv/CRAN/all.zip", &["cran"]),
    osv!("osv-julia", "Julia", "osv/Julia/all.zip", &["julia"]),
    osv!(
        "osv-actions",
        "GitHub%20Actions",
        "osv/GitHub Actions/all.zip",
        &["github-actions"]
    ),
    osv!("bitnami", "Bitnami", "bitnami/all.zip", &["generic"]),
    secondary(source(
        "go-vulndb",
        &["go"],
        At::Files(&[file("https://vuln.go.dev/vulndb.zip", "go/vulndb.zip")]),
        128,
        "CC-BY-4.0",
    )),
    secondary(source(
        "retirejs",
        &["npm"],
        At::Files(&[file(
            "https://raw.githubusercontent.com/RetireJS/retire.js/master/repository/jsrepository.json",
            "npm/jsrepository.json",
        )]),
        16,
        "Apache-2.0",
    )),
    secondary(source(
        "nodejs-security-wg",
        &["npm", "generic"],
        At::Files(&[file(
            "https://codeload.github.com/nodejs/security-wg/tar.gz/refs/heads/main",
            "nodejs/security-wg.tar.gz",
        )]),
        64,
        "MIT",
    )),
    secondary(source(
        "rubysec",
        &["rubygems", "generic"],
        At::Files(&[file(
            "https://codeload.github.com/rubysec/ruby-advisory-db/tar.gz/refs/heads/master",
            "ruby/advisory-db.tar.gz",
        )]),
        64,
        "public domain",
    )),
    secondary(source(
        "friendsofphp",
        &["packagist"],
        At::Files(&[file(
            "https://codeload.github.com/FriendsOfPHP/security-advisories/tar.gz/refs/heads/master",
            "php/security-advisories.tar.gz",
        )]),
        64,
        "Unlicense",
    )),
    secondary(source(
        "docker-hardened-images",
        &["generic"],
        At::Files(&[file(
            "https://codeload.github.com/docker-hardened-images/advisories/tar.gz/refs/heads/main",
            "dhi/advisories.tar.gz",
        )]),
        256,
        "the repository's own",
    )),
    source(
        "nvd",
        &["generic", "cvss"],
        At::Yearly {
            url: "https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-{year}.json.gz",
            path: "nvd/nvdcve-2.0-{year}.json.gz",
            first: 2002,
        },
        256,
        "public domain",
    ),
    secondary(source(
        "nvd-overrides",
        &["generic"],
        At::Files(&[file(
            "https://codeload.github.com/anchore/nvd-data-overrides/tar.gz/refs/heads/main",
            "nvd/nvd-data-overrides.tar.gz",
        )]),
        256,
        "CC0-1.0",
    )),
    secondary(source(
        "vulnrichment",
        &["cvss"],
        At::Files(&[file(
            "https://codeload.github.com/cisagov/vulnrichment/tar.gz/refs/heads/develop",
            "cve/vulnrichment.tar.gz",
        )]),
        1024,
        "CC0-1.0",
    )),
    source(
        "epss",
        &["epss"],
        At::Files(&[file(
            "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
            "epss/epss_scores-current.csv.gz",
        )]),
        32,
        "attribution",
    ),
    source(
        "kev",
        &["kev"],
        At::Files(&[file(
            "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
            "kev/known_exploited_vulnerabilities.json",
        )]),
        32,
        "CC0-1.0",
    ),
    source(
        "endoflife.date",
        &["eol"],
        At::Files(&[file(
            "https://endoflife.date/api/v1/products/full",
            "eol/endoflife.json",
        )]),
        64,
        "MIT",
    ),
    secondary(source(
        "distro-info-data",
        &["eol"],
        At::Files(&[
            file(
                "https://debian.pages.debian.net/distro-info-data/debian.csv",
                "eol/debian.csv",
            ),
            file(
                "https://debian.pages.debian.net/distro-info-data/ubuntu.csv",
                "eol/ubuntu.csv",
            ),
        ]),
        4,
        "ISC",
    )),
];
