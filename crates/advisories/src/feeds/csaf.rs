//! CSAF 2.0 documents of Red Hat (VEX and security advisories) and SUSE: which products are fixed,
//! affected, not affected, by the ids of a product tree that the document brings along.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use seaworthy_model::{Severity, State};
use seaworthy_vulndb::{Advisory, End, Interval};
use serde::Deserialize;

use super::{errata, redhat, suse};
use crate::ids;
use crate::sink::Sink;
use crate::vector::Vector;

type Text<'a> = Cow<'a, str>;

#[derive(Deserialize)]
struct Csaf<'a> {
    #[serde(borrow)]
    document: Document<'a>,
    #[serde(borrow, default)]
    product_tree: Tree<'a>,
    #[serde(borrow, default)]
    vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    tracking: Tracking<'a>,
    #[serde(borrow, default)]
    aggregate_severity: Option<Aggregate<'a>>,
}

#[derive(Deserialize)]
struct Tracking<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, default)]
    initial_release_date: Text<'a>,
    #[serde(borrow, default)]
    current_release_date: Text<'a>,
}

#[derive(Deserialize)]
struct Aggregate<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
}

#[derive(Deserialize, Default)]
struct Tree<'a> {
    #[serde(borrow, default)]
    branches: Vec<Branch<'a>>,
    #[serde(borrow, default)]
    relationships: Vec<Relationship<'a>>,
}

#[derive(Deserialize)]
struct Branch<'a> {
    #[serde(borrow, default)]
    branches: Vec<Self>,
    #[serde(borrow, default)]
    product: Option<Product<'a>>,
}

#[derive(Deserialize)]
struct Product<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow)]
    product_id: Text<'a>,
    #[serde(borrow, default)]
    product_identification_helper: Option<Helper<'a>>,
}

#[derive(Deserialize)]
struct Helper<'a> {
    #[serde(borrow, default)]
    cpe: Option<Text<'a>>,
    #[serde(borrow, default)]
    purl: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Relationship<'a> {
    #[serde(borrow)]
    product_reference: Text<'a>,
    #[serde(borrow)]
    relates_to_product_reference: Text<'a>,
    #[serde(borrow)]
    full_product_name: Product<'a>,
}

#[derive(Deserialize)]
struct Vulnerability<'a> {
    #[serde(borrow, default)]
    cve: Option<Text<'a>>,
    #[serde(borrow, default)]
    release_date: Option<Text<'a>>,
    #[serde(borrow, default)]
    product_status: Status<'a>,
    #[serde(borrow, default)]
    remediations: Vec<Remediation<'a>>,
    #[serde(borrow, default)]
    scores: Vec<Score<'a>>,
    #[serde(borrow, default)]
    threats: Vec<Threat<'a>>,
}

#[derive(Deserialize, Default)]
struct Status<'a> {
    #[serde(borrow, default)]
    fixed: Vec<Text<'a>>,
    /// SUSE's word for fixed.
    #[serde(borrow, default)]
    recommended: Vec<Text<'a>>,
    #[serde(borrow, default)]
    first_fixed: Vec<Text<'a>>,
    #[serde(borrow, default)]
    known_affected: Vec<Text<'a>>,
    #[serde(borrow, default)]
    known_not_affected: Vec<Text<'a>>,
    #[serde(borrow, default)]
    under_investigation: Vec<Text<'a>>,
}

#[derive(Deserialize)]
struct Remediation<'a> {
    #[serde(borrow)]
    category: Text<'a>,
    #[serde(borrow, default)]
    details: Text<'a>,
    #[serde(borrow, default)]
    url: Option<Text<'a>>,
    #[serde(borrow, default)]
    product_ids: Vec<Text<'a>>,
}

#[derive(Deserialize)]
struct Score<'a> {
    #[serde(borrow, default)]
    cvss_v4: Option<Cvss<'a>>,
    #[serde(borrow, default)]
    cvss_v3: Option<Cvss<'a>>,
}

#[derive(Deserialize)]
struct Cvss<'a> {
    #[serde(rename = "vectorString", borrow, default)]
    vector: Text<'a>,
}

#[derive(Deserialize)]
struct Threat<'a> {
    #[serde(borrow)]
    category: Text<'a>,
    #[serde(borrow, default)]
    details: Text<'a>,
    #[serde(borrow, default)]
    product_ids: Vec<Text<'a>>,
}

/// How many steps lead from a component to its product; a module is one between them.
const MAX_STEPS: usize = 4;

/// The product tree, to look ids up in.
struct Products<'c> {
    /// CPE, purl and name of each product that a branch defines.
    leaves: FxHashMap<&'c str, &'c Product<'c>>,
    /// Component and product of each relationship.
    relations: FxHashMap<&'c str, (&'c str, &'c str)>,
}

impl<'c> Products<'c> {
    fn of(tree: &'c Tree<'c>) -> Self {
        let mut products = Self {
            leaves: FxHashMap::default(),
            relations: FxHashMap::default(),
        };
        let mut open: Vec<&Branch<'_>> = tree.branches.iter().collect();
        while let Some(branch) = open.pop() {
            open.extend(&branch.branches);
            if let Some(product) = &branch.product {
                products.leaves.insert(&product.product_id, product);
            }
        }
        for relation in &tree.relationships {
            products.relations.insert(
                &relation.full_product_name.product_id,
                (
                    &relation.product_reference,
                    &relation.relates_to_product_reference,
                ),
            );
        }
        products
    }

    fn helper(&self, id: &str) -> Option<&'c Helper<'c>> {
        self.leaves.get(id)?.product_identification_helper.as_ref()
    }

    /// What an id of a status list stands for.
    fn resolve(&self, id: &str) -> Option<Component> {
        let (component, mut product) = *self.relations.get(id)?;
        let mut module = None;
        for _ in 0..MAX_STEPS {
            let Some((part, of)) = self.relations.get(product) else {
                break;
            };
            module = self.module(part);
            product = of;
        }
        let place = self.place(product)?;
        let purl = self
            .helper(component)
            .and_then(|helper| helper.purl.as_deref());
        if purl.is_some_and(|purl| !purl.starts_with("pkg:rpm")) {
            return None;
        }
        // `nodejs:18/nodejs`: a module, and a package of it.
        let (component, module) = match component.rsplit_once('/') {
            Some((label, name)) if label.contains(':') => (name, Some(label.to_owned())),
            Some(_) => return None,
            None => (component, module),
        };
        let (name, version, arch) = named(component);
        Some(Component {
            place,
            module,
            name: name.to_owned(),
            version: version.map(str::to_owned),
            source: arch == Some("src"),
        })
    }

    /// `name:stream` of `nodejs:18:8090020240101:a75119d5`.
    fn module(&self, part: &str) -> Option<String> {
        let mut words = part.split(':');
        let (name, stream) = (words.next()?, words.next()?);
        words.next()?;
        Some(format!("{name}:{stream}"))
    }

    fn place(&self, product: &str) -> Option<Place> {
        let cpe = self
            .helper(product)
            .and_then(|helper| helper.cpe.as_deref());
        if let Some(stream) = cpe.and_then(redhat::stream) {
            return Some(Place {
                source: if stream.extended {
                    redhat::EXTENDED
                } else {
                    "redhat-csaf"
                },
                shard: stream.shard,
                subscription: stream.extended,
            });
        }
        let name = self
            .leaves
            .get(product)
            .map_or(product, |leaf| leaf.name.as_ref());
        let product = suse::product(name)?;
        Some(Place {
            source: "suse-csaf",
            shard: product.shard,
            subscription: product.subscription,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    shard: String,
    source: &'static str,
    subscription: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Component {
    place: Place,
    module: Option<String>,
    name: String,
    version: Option<String>,
    source: bool,
}

const ARCHITECTURES: [&str; 14] = [
    "src", "noarch", "x86_64", "i686", "i586", "i386", "aarch64", "ppc64le", "ppc64", "ppc",
    "s390x", "s390", "armv7hl", "riscv64",
];

/// Name, version and architecture of `firefox-0:115.5.0-1.el7_9.i686`, `curl-7.79.1-1.2`, `zlib`.
fn named(component: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, arch) = match component.rsplit_once('.') {
        Some((rest, arch)) if ARCHITECTURES.contains(&arch) => (rest, Some(arch)),
        _ => (component, None),
    };
    match redhat::split_nevr(rest) {
        Some((name, version)) => (name, Some(version), arch),
        None => (rest, None, arch),
    }
}

/// Reads one document; a record is a document.
pub(crate) fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let csaf: Csaf<'_> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let tracking = &csaf.document.tracking;
    if tracking.id.is_empty() {
        return Err("a document without an id".to_owned());
    }
    sink.date(&tracking.current_release_date);
    let products = Products::of(&csaf.product_tree);
    let mut rows = 0;
    for vulnerability in &csaf.vulnerabilities {
        rows += emit(&csaf.document, vulnerability, &products, sink);
    }
    if rows == 0 {
        sink.skipped();
    }
    Ok(())
}

fn emit(
    document: &Document<'_>,
    vulnerability: &Vulnerability<'_>,
    products: &Products<'_>,
    sink: &mut dyn Sink,
) -> usize {
    let Some(cve) = vulnerability.cve.as_deref().filter(|cve| ids::is_cve(cve)) else {
        return 0;
    };
    let initial = &document.tracking.initial_release_date;
    sink.published(cve, vulnerability.release_date.as_ref().unwrap_or(initial));
    let vector = Vector::best(vulnerability.scores.iter().flat_map(|score| {
        [&score.cvss_v4, &score.cvss_v3]
            .into_iter()
            .flatten()
            .map(|cvss| cvss.vector.as_ref())
    }));
    let words = Words::of(document, vulnerability);
    let status = &vulnerability.product_status;
    let lists = [
        (&status.fixed, State::Fixed),
        (&status.recommended, State::Fixed),
        (&status.first_fixed, State::Fixed),
        (&status.known_affected, State::Affected),
        (&status.known_not_affected, State::NotAffected),
        (&status.under_investigation, State::UnderInvestigation),
    ];
    let mut rows: BTreeSet<(String, Advisory)> = BTreeSet::new();
    for (list, state) in lists {
        for id in list {
            let Some(component) = products.resolve(id) else {
                continue;
            };
            let Some(row) = row(&component, state, id, &words) else {
                continue;
            };
            rows.insert((
                component.place.shard,
                Advisory {
                    id: cve.to_owned(),
                    vector: vector.as_ref().map(|vector| vector.text.clone()),
                    ..row
                },
            ));
        }
    }
    let count = rows.len();
    for (shard, row) in rows {
        sink.advisory(&shard, row);
    }
    count
}

fn row(component: &Component, state: State, id: &str, words: &Words<'_>) -> Option<Advisory> {
    let (place, fixed) = (&component.place, state == State::Fixed);
    // The fix of a source package is the fix of its binaries, which are listed beside it.
    if errata::is_debug(
        &component.name,
        if fixed && component.source { "src" } else { "" },
    ) {
        return None;
    }
    // What is said of one build of a package holds for that build only, unless it is its fix.
    let version = component.version.as_deref();
    if !fixed && (version.is_some() || place.subscription) {
        return None;
    }
    Some(Advisory {
        package: component.name.clone(),
        source: place.source.to_owned(),
        advisory: words.advisories.get(id).map(|id| (*id).to_owned()),
        state: match state {
            State::Fixed if place.subscription => State::WillNotFix,
            State::Affected => words.unfixed.get(id).copied().unwrap_or(State::Affected),
            state => state,
        },
        severity: words.severities.get(id).copied().or(words.severity),
        intervals: match (fixed, version) {
            (true, Some(version)) => vec![Interval {
                introduced: String::new(),
                end: End::Fixed(version.to_owned()),
            }],
            // Fixed, but not said in which version.
            (true, None) => return None,
            _ => Vec::new(),
        },
        module: component.module.clone(),
        ..Advisory::default()
    })
}

/// What the document says about products beyond their status.
struct Words<'v> {
    advisories: FxHashMap<&'v str, &'v str>,
    unfixed: FxHashMap<&'v str, State>,
    severities: FxHashMap<&'v str, Severity>,
    severity: Option<Severity>,
}

impl<'v> Words<'v> {
    fn of(document: &'v Document<'_>, vulnerability: &'v Vulnerability<'_>) -> Self {
        let mut words = Self {
            advisories: FxHashMap::default(),
            unfixed: FxHashMap::default(),
            severities: FxHashMap::default(),
            severity: document
                .aggregate_severity
                .as_ref()
                .and_then(|a| a.text.parse().ok()),
        };
        let own = document.tracking.id.as_ref();
        for remediation in &vulnerability.remediations {
            let state = match (remediation.category.as_ref(), remediation.details.trim()) {
                ("vendor_fix", _) => {
                    let url = remediation.url.as_deref().unwrap_or_default();
                    let named = url.rsplit('/').next().filter(|id| ids::is_id(id));
                    let advisory = named.or_else(|| (!ids::is_cve(own)).then_some(own));
                    let advisory = advisory.filter(|id| ids::is_id(id));
                    for (product, id) in remediation
                        .product_ids
                        .iter()
                        .zip(std::iter::repeat(advisory))
                    {
                        words.advisories.extend(id.map(|id| (product.as_ref(), id)));
                    }
                    continue;
                }
                (
                    "none_available" | "no_fix_planned" | "fix_planned" | "optional_patch",
                    details,
                ) => redhat::state(details).or(match remediation.category.as_ref() {
                    "no_fix_planned" => Some(State::WillNotFix),
                    _ => None,
                }),
                _ => None,
            };
            if let Some(state) = state {
                words.unfixed.extend(
                    remediation
                        .product_ids
                        .iter()
                        .map(|id| (id.as_ref(), state)),
                );
            }
        }
        for threat in vulnerability
            .threats
            .iter()
            .filter(|threat| threat.category == "impact")
        {
            if let Ok(severity) = threat.details.parse::<Severity>() {
                if threat.product_ids.is_empty() {
                    words.severity = Some(severity);
                }
                words
                    .severities
                    .extend(threat.product_ids.iter().map(|id| (id.as_ref(), severity)));
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    fn lines(tree: &str, vulnerability: &str) -> Vec<String> {
        let json = format!(
            r#"{{"document":{{"tracking":{{"id":"CVE-2023-0001","current_release_date":"2024-08-02T12:22:40+00:00"}},"aggregate_severity":{{"text":"moderate"}}}},"product_tree":{tree},"vulnerabilities":[{vulnerability}]}}"#
        );
        Recorder::of(|recorder| read(json.as_bytes(), recorder))
    }

    fn relation(component: &str, product: &str) -> String {
        format!(
            r#"{{"category":"default_component_of","full_product_name":{{"name":"x","product_id":"{product}:{component}"}},"product_reference":"{component}","relates_to_product_reference":"{product}"}}"#
        )
    }

    fn leaf(id: &str, helper: &str) -> String {
        format!(
            r#"{{"category":"product_version","name":"{id}","product":{{"name":"{id}","product_id":"{id}","product_identification_helper":{{{helper}}}}}}}"#
        )
    }

    #[test]
    fn red_hats_statuses_modules_and_streams() {
        let branches = [
            leaf(
                "BaseOS",
                r#""cpe":"cpe:/o:redhat:enterprise_linux:9::baseos""#,
            ),
            leaf("EUS", r#""cpe":"cpe:/o:redhat:rhel_eus:9.2::baseos""#),
            leaf("OCP", r#""cpe":"cpe:/a:redhat:openshift:4.12::el9""#),
            leaf(
                "zlib-0:1.2-3.el9.src",
                r#""purl":"pkg:rpm/redhat/zlib@1.2-3.el9?arch=src""#,
            ),
            leaf(
                "zlib-1:1.2-3.el9.x86_64",
                r#""purl":"pkg:rpm/redhat/zlib@1.2-3.el9?arch=x86_64&epoch=1""#,
            ),
            leaf("image", r#""purl":"pkg:oci/x@sha256:1""#),
        ];
        let relations = [
            relation("zlib-0:1.2-3.el9.src", "BaseOS"),
            relation("zlib-1:1.2-3.el9.x86_64", "BaseOS"),
            relation("zlib-0:1.2-2.el9_2.x86_64", "EUS"),
            relation("zlib-0:1.2-2.el9.x86_64", "OCP"),
            relation("image", "BaseOS"),
            relation("curl", "BaseOS"),
            relation("wget", "BaseOS"),
            relation("tar", "BaseOS"),
            relation("nodejs:16/nodejs", "BaseOS"),
            relation("nodejs:18:9020:rhel9", "BaseOS"),
            relation(
                "nodejs-1:18.1-1.module+el9.x86_64",
                "BaseOS:nodejs:18:9020:rhel9",
            ),
        ];
        let tree = format!(
            r#"{{"branches":[{{"category":"vendor","branches":[{}]}}],"relationships":[{}]}}"#,
            branches.join(","),
            relations.join(",")
        );
        let vulnerability = r#"{"cve":"CVE-2023-0001",
            "product_status":{"fixed":["BaseOS:zlib-0:1.2-3.el9.src","BaseOS:zlib-1:1.2-3.el9.x86_64","EUS:zlib-0:1.2-2.el9_2.x86_64","OCP:zlib-0:1.2-2.el9.x86_64","BaseOS:nodejs:18:9020:rhel9:nodejs-1:18.1-1.module+el9.x86_64","gone"],
                "known_affected":["BaseOS:curl","BaseOS:wget","BaseOS:image"],"known_not_affected":["BaseOS:tar"],"under_investigation":["BaseOS:nodejs:16/nodejs"]},
            "remediations":[{"category":"vendor_fix","details":"x","url":"https://access.redhat.com/errata/RHSA-2023:1","product_ids":["BaseOS:zlib-1:1.2-3.el9.x86_64"]},
                {"category":"none_available","details":"Fix deferred","product_ids":["BaseOS:curl"]},{"category":"no_fix_planned","details":"Out of support scope","product_ids":["BaseOS:wget"]}],
            "scores":[{"cvss_v3":{"vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}}],
            "threats":[{"category":"impact","details":"Important","product_ids":["BaseOS:zlib-1:1.2-3.el9.x86_64"]}]}"#;
        assert_eq!(
            lines(&tree, vulnerability),
            [
                "rhel:9 curl CVE-2023-0001 fix_deferred !medium",
                "rhel:9 nodejs CVE-2023-0001 %nodejs:16 under_investigation !medium",
                "rhel:9 nodejs CVE-2023-0001 %nodejs:18 fixed !medium [,1:18.1-1.module+el9)",
                "rhel:9 tar CVE-2023-0001 not_affected !medium",
                "rhel:9 wget CVE-2023-0001 end_of_life !medium",
                "rhel:9 zlib CVE-2023-0001 @RHSA-2023:1 fixed !high [,1:1.2-3.el9)",
                "rhel:9 zlib CVE-2023-0001 will_not_fix !medium [,1.2-2.el9_2)",
            ]
        );
    }

    #[test]
    fn suses_recommended_versions_and_products_by_name() {
        let tree = format!(
            r#"{{"branches":[{}],"relationships":[{},{},{}]}}"#,
            leaf("SUSE Linux Enterprise Server 15 SP4", ""),
            relation(
                "samba-4.19.4+git.339-1.22",
                "SUSE Linux Enterprise Server 15 SP4"
            ),
            relation("libdcerpc0", "SUSE Linux Enterprise Server 15 SP4"),
            relation("samba", "SUSE CaaS Platform 4.0"),
        );
        let vulnerability = r#"{"cve":"CVE-2023-0001","product_status":{"recommended":["SUSE Linux Enterprise Server 15 SP4:samba-4.19.4+git.339-1.22"],"known_not_affected":["SUSE Linux Enterprise Server 15 SP4:libdcerpc0","SUSE CaaS Platform 4.0:samba"]},
            "threats":[{"category":"impact","details":"low"}]}"#;
        assert_eq!(
            lines(&tree, vulnerability),
            [
                "sles:15.4 libdcerpc0 CVE-2023-0001 not_affected !low",
                "sles:15.4 samba CVE-2023-0001 fixed !low [,4.19.4+git.339-1.22)",
            ]
        );
    }

    #[test]
    fn rejected_ones_are_skipped_and_damage_is_an_error() {
        assert!(lines("{}", r#"{"cve":"CVE-2023-0001"}"#).is_empty());
        for bad in [
            "",
            "{}",
            r#"{"document":{"tracking":{"id":""}}}"#,
            r#"{"document":{"tracking":{"id":"x"}},"vulnerabilities":3}"#,
        ] {
            assert!(
                read(bad.as_bytes(), &mut Recorder::default()).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn circles_of_relationships_end() {
        let tree = format!(
            r#"{{"relationships":[{}]}}"#,
            r#"{"full_product_name":{"product_id":"a"},"product_reference":"b","relates_to_product_reference":"a"}"#
        );
        assert!(
            lines(
                &tree,
                r#"{"cve":"CVE-2023-0001","product_status":{"fixed":["a"]}}"#
            )
            .is_empty()
        );
    }
}
