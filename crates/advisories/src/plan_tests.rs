use super::*;

const OSV: &str = r#"{"id":"X-1","modified":"2024-01-01T00:00:00Z","affected":[]}"#;
const CSAF: &str = r#"{"document":{"csaf_version":"2.0"}}"#;
const OVAL: &str = "<?xml version=\"1.0\"?><!-- x --><oval_definitions/>";
const UPDATES: &str = "<?xml version=\"1.0\"?>\n<updates/>";

#[test]
fn entries_go_to_their_readers() {
    for (entry, content, source) in [
        ("alpine/v3.18/main.json", "{}", Some("alpine-secdb")),
        ("wolfi/security.json", "{}", Some("wolfi-secdb")),
        ("chainguard/security.json", "{}", Some("chainguard-secdb")),
        ("chainguard/osv/CGA-1.json", OSV, Some("chainguard-osv")),
        ("debian/tracker.json", "{}", Some("debian-tracker")),
        ("debian/x/data/DSA/list", "", Some("debian-dsa")),
        ("debian/x/data/DTSA/list", "", None),
        ("debian/x/data/config.json", "{}", None),
        (
            "debian/x/security-support-ended.deb11",
            "",
            Some("debian-security-support"),
        ),
        ("debian/x/security-support-ended", "", None),
        ("ubuntu/x/active/CVE-2020-1", "", Some("ubuntu-cve-tracker")),
        ("ubuntu/osv/cve/UBUNTU-CVE-1.json", OSV, Some("ubuntu-osv")),
        (
            "ubuntu/vex/cve/CVE-1.json",
            r#"{"metadata":{"@context":"https://openvex.dev/ns/v0.2.0"}}"#,
            Some("ubuntu-vex"),
        ),
        ("ubuntu/x/README", "", None),
        (
            "redhat/api/2022/CVE-2022-1.json",
            r#"{"name":"CVE-2022-1"}"#,
            Some("redhat-api"),
        ),
        ("redhat/vex/2022/cve-2022-1.json", CSAF, Some("redhat-csaf")),
        (
            "redhat/x/oval/8/rhel-8/definitions/2022/RHSA-2022:1.json",
            "{}",
            Some("redhat-oval"),
        ),
        ("redhat/x/oval/8/rhel-8/tests/tests.json", "{}", None),
        (
            "redhat/com.redhat.rhsa-RHEL8.xml",
            OVAL,
            Some("redhat-oval"),
        ),
        (
            "redhat/repository-to-cpe.json",
            "{}",
            Some("redhat-repositories"),
        ),
        ("almalinux/8/ALSA-1.json", OSV, Some("almalinux-osv")),
        (
            "almalinux/8/errata.full.json",
            "{}",
            Some("almalinux-errata"),
        ),
        (
            "almalinux/9/updateinfo.xml",
            UPDATES,
            Some("almalinux-updateinfo"),
        ),
        ("rocky/RLSA-1.json", OSV, Some("rocky-osv")),
        ("rocky/9/updateinfo.xml", UPDATES, Some("rocky-updateinfo")),
        ("oracle/com.oracle.elsa-all.xml", OVAL, Some("oracle-oval")),
        (
            "amazon/2/core/updateinfo.xml",
            UPDATES,
            Some("amazon-updateinfo"),
        ),
        ("amazon/2/core/repomd.xml", "<repomd/>", None),
        ("suse/osv/SUSE-SU-1.json", OSV, Some("suse-osv")),
        ("suse/csaf-vex/cve-1.json", CSAF, Some("suse-csaf")),
        ("suse/suse.linux.enterprise.15.xml", OVAL, Some("suse-oval")),
        (
            "suse/cvrf/cvrf-SUSE-SU-1.xml",
            "<cvrfdoc/>",
            Some("suse-cvrf"),
        ),
        ("photon/cve_data_photon5.0.json", "[]", Some("photon-cve")),
        ("photon/photon_versions.json", "[]", None),
        (
            "photon/com.vmware.phsa-photon5.xml",
            OVAL,
            Some("photon-oval"),
        ),
        (
            "azurelinux/azurelinux-3.0-oval.xml",
            OVAL,
            Some("azurelinux-oval"),
        ),
        ("fedora/updateinfo.xml", UPDATES, Some("fedora-updateinfo")),
        ("fedora/FEDORA-2025-1.json", "{}", Some("fedora-bodhi")),
        ("arch/all.json", "[]", Some("arch-tracker")),
        (
            "bottlerocket/updateinfo.xml",
            UPDATES,
            Some("bottlerocket-updateinfo"),
        ),
        ("ghsa-osv/npm/GHSA-1.json", OSV, Some("osv")),
        ("bitnami/data/x/BIT-1.json", OSV, Some("bitnami")),
        (
            "cleanstart/advisories/CLEANSTART-1.json",
            OSV,
            Some("cleanstart"),
        ),
        ("r/vulns/x/RSEC-1.yaml", "", Some("r-advisories")),
        (
            "npm/repository/jsrepository-v6.json",
            "{}",
            Some("retirejs"),
        ),
        ("npm/vuln/npm/65.json", "{}", Some("nodejs-security-wg")),
        ("npm/vuln/core/127.json", "{}", Some("nodejs-core")),
        ("pypi/vulns/a/PYSEC-1.yaml", "", Some("pypa")),
        ("go/data/osv/GO-1.json", OSV, Some("go-vulndb")),
        ("rust/x/crates/a/RUSTSEC-1.md", "", Some("rustsec")),
        ("ruby/x/gems/rack/CVE-1.yml", "", Some("rubysec")),
        ("php/x/a/b/CVE-1.yaml", "", Some("friendsofphp")),
        (
            "maven/x/statements/CVE-1/statement.yaml",
            "",
            Some("project-kb"),
        ),
        (
            "haskell/x/published/HSEC-1.md",
            "",
            Some("haskell-advisories"),
        ),
        ("haskell/x/reserved/HSEC-1.md", "", None),
        ("julia/x/JLSEC-1.md", "", Some("julia-advisories")),
        (
            "elixir/x/packages/a/GHSA-1.yml",
            "",
            Some("elixir-advisories"),
        ),
        (
            "nvd/nvdcve-2.0-2024.json",
            r#"{"format":"NVD_CVE","vulnerabilities":[]}"#,
            Some("nvd"),
        ),
        (
            "nvd/data/CVE-1.json",
            r#"{"_annotation":{}}"#,
            Some("nvd-overrides"),
        ),
        (
            "nvd/data/CVE-2.json",
            r#"{"additionalMetadata":{}}"#,
            Some("cve-enrichment"),
        ),
        ("cve/2023/CVE-2023-1.json", "{}", Some("vulnrichment")),
        ("epss/x.csv", "", Some("epss")),
        ("kev/x.json", "{}", Some("kev")),
        ("eol/x/products/debian.md", "", Some("endoflife.date")),
        (
            "eol/distro-info-data/ubuntu.csv",
            "",
            Some("distro-info-data"),
        ),
        (
            "vex/pkg/x/scan.openvex.json",
            r#"{"@context":"https://openvex.dev/ns/v0.2.0"}"#,
            Some("openvex"),
        ),
        ("vex/index.json", "{}", None),
        ("php/x/.github/workflows/php.yaml", "", None),
        (
            "nvd/schema/overrides.schema.json",
            r#"{"_annotation":{}}"#,
            None,
        ),
    ] {
        let family = Family::of(entry).expect(entry);
        let feed = family
            .feed(entry, content.as_bytes())
            .filter(|_| family.wants(entry));
        assert_eq!(feed.map(Feed::source), source, "{entry}");
    }
    for unknown in ["README.md", "samples/x.tar", "alpine"] {
        assert_eq!(Family::of(unknown), None, "{unknown}");
    }
}

/// Every reader, and a name that tells it what it needs to know.
const READERS: [(Feed, &str); 37] = [
    (Feed::Secdb("alpine"), "main.json"),
    (Feed::Secdb("wolfi"), "security.yaml"),
    (Feed::DebianTracker, "x.json"),
    (Feed::DebianDsa, "data/DSA/list"),
    (Feed::DebianSupport, "security-support-ended.deb11"),
    (Feed::UbuntuTracker, "CVE-1"),
    (Feed::RedHatApi, "CVE-1.json"),
    (Feed::Repositories, "repository-to-cpe.json"),
    (Feed::Oval(Vendor::RedHat), "x.xml"),
    (Feed::Oval(Vendor::Suse), "x.xml"),
    (Feed::OvalJson, "x.json"),
    (Feed::Csaf("redhat-csaf"), "x.json"),
    (Feed::Cvrf, "x.xml"),
    (Feed::OpenVex("ubuntu-vex"), "x.json"),
    (Feed::OpenVex("openvex"), "x.json"),
    (Feed::Updateinfo("amazon", "amazon-updateinfo"), "x.xml"),
    (Feed::Errata("almalinux-errata"), "x.json"),
    (Feed::Photon, "cve_data_photon5.0.json"),
    (Feed::Arch, "all.json"),
    (Feed::Osv("osv"), "x.json"),
    (Feed::OsvOf("cleanstart", "CleanStart"), "x.json"),
    (Feed::OsvYaml("pypa"), "x.yaml"),
    (Feed::RustSec, "x.md"),
    (Feed::RubySec, "gems/x/CVE-1.yml"),
    (Feed::FriendsOfPhp, "a/b/CVE-1.yaml"),
    (Feed::RetireJs, "jsrepository.json"),
    (Feed::NodeWg("nodejs-core"), "vuln/core/1.json"),
    (Feed::NodeWg("nodejs-security-wg"), "vuln/npm/1.json"),
    (Feed::ProjectKb, "statement.yaml"),
    (Feed::Haskell, "x.md"),
    (Feed::Julia, "x.md"),
    (Feed::Elixir, "x.yml"),
    (Feed::Nvd, "x.json"),
    (Feed::NvdOverride, "x.json"),
    (Feed::NvdEnrichment, "x.json"),
    (Feed::Vulnrichment, "x.json"),
    (Feed::DistroInfo, "debian.csv"),
];

/// Pieces of the formats, which random order brings where no reader expects them.
const PIECES: [&str; 26] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "---\n",
    "\n",
    "  - ",
    "<a>",
    "</a>",
    "<update type='security'>",
    "</update>",
    "<definition>",
    "```toml\n",
    "```",
    "id: ",
    "\"id\":\"CVE-2020-0001\"",
    "\"affected\":[",
    "[[affected]]",
    ">= 1.0, <",
    "0",
    "é",
    "[1 Jan 2020] DSA-1-1 x",
    "\u{0}",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_reader_panics(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..120),
        pieces in proptest::collection::vec(0..PIECES.len(), 0..30),
    ) {
        let text: String = pieces.into_iter().filter_map(|at| PIECES.get(at).copied()).collect();
        for (feed, name) in READERS {
            let mut collected = Collected::default();
            feed.read(name, &bytes, "", None, &mut collected);
            feed.read(name, text.as_bytes(), "", None, &mut collected);
        }
        for (folder, family) in FOLDERS {
            for file in ["x.json", "x.xml", "CVE-1", "x.md", "x.yaml"] {
                let name = format!("{folder}/{file}");
                if family.wants(&name) {
                    let _ = family.feed(&name, &bytes);
                    let _ = family.feed(&name, text.as_bytes());
                }
            }
        }
    }
}
