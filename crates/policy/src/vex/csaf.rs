//! [CSAF 2.0](https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html), section 4.5: profile VEX.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Identifier, Product, VexDocument, VexStatement, VexStatus, list, some_text, text};
use crate::error::Place;

/// Deepest nesting of branches that is followed.
const MAX_DEPTH: usize = 32;

/// The statuses of `product_status` (section 3.2.3.9).
const STATUSES: [(&str, VexStatus); 7] = [
    ("known_not_affected", VexStatus::NotAffected),
    ("fixed", VexStatus::Fixed),
    ("first_fixed", VexStatus::Fixed),
    ("known_affected", VexStatus::Affected),
    ("first_affected", VexStatus::Affected),
    ("last_affected", VexStatus::Affected),
    ("under_investigation", VexStatus::UnderInvestigation),
];

pub(super) fn read(name: &str, root: &Json) -> VexDocument {
    let document = root.get("document").unwrap_or(&Json::Null);
    let tracking = document.get("tracking").unwrap_or(&Json::Null);
    let timestamp = text(tracking, "current_release_date");
    let tree = root.get("product_tree").unwrap_or(&Json::Null);
    let products = Products::of(tree);
    let mut statements = Vec::new();
    for vulnerability in list(root, "vulnerabilities") {
        let ids: Vec<String> = some_text(vulnerability, "cve")
            .into_iter()
            .chain(list(vulnerability, "ids").iter().map(|i| text(i, "text")))
            .map(|id| id.trim().to_ascii_uppercase())
            .filter(|id| !id.is_empty())
            .collect();
        let status = vulnerability.get("product_status").unwrap_or(&Json::Null);
        for (key, status_value) in STATUSES {
            // Products with the same reasons share a statement.
            let mut groups: BTreeMap<Reasons, Vec<Product>> = BTreeMap::new();
            for id in list(status, key).iter().filter_map(Json::as_str) {
                let reasons = Reasons::of(vulnerability, tree, id, status_value);
                groups
                    .entry(reasons)
                    .or_default()
                    .push(products.product(id));
            }
            for (reasons, products) in groups {
                statements.push(VexStatement {
                    place: Place::file(name),
                    number: statements.len() + 1,
                    vulnerabilities: ids.clone(),
                    status: status_value,
                    justification: reasons.justification,
                    impact: reasons.impact,
                    action: reasons.action,
                    timestamp: timestamp.clone(),
                    products,
                });
            }
        }
    }
    VexDocument {
        file: name.to_owned(),
        id: text(tracking, "id"),
        author: document
            .get("publisher")
            .map(|p| text(p, "name"))
            .unwrap_or_default(),
        statements,
    }
}

#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Reasons {
    justification: Option<String>,
    impact: Option<String>,
    action: Option<String>,
}

impl Reasons {
    /// Flags (section 3.2.3.5), impact among the threats (3.2.3.14), remediations (3.2.3.12).
    fn of(vulnerability: &Json, tree: &Json, product: &str, status: VexStatus) -> Self {
        let applies = |node: &&Json| {
            let named = |key: &str| list(node, key);
            let groups = named("group_ids");
            let ids = named("product_ids");
            (groups.is_empty() && ids.is_empty())
                || ids.iter().any(|id| id.as_str() == Some(product))
                || groups
                    .iter()
                    .filter_map(Json::as_str)
                    .any(|g| in_group(tree, g, product))
        };
        let first = |key: &str, test: &dyn Fn(&Json) -> bool, field: &str| {
            list(vulnerability, key)
                .iter()
                .filter(|n| test(n))
                .find(applies)
                .and_then(|n| some_text(n, field))
        };
        match status {
            VexStatus::NotAffected => Self {
                justification: first("flags", &|_| true, "label"),
                impact: first("threats", &|n| text(n, "category") == "impact", "details"),
                action: None,
            },
            VexStatus::Affected => Self {
                action: first("remediations", &|_| true, "details"),
                ..Self::default()
            },
            VexStatus::Fixed | VexStatus::UnderInvestigation => Self::default(),
        }
    }
}

fn in_group(tree: &Json, group: &str, product: &str) -> bool {
    list(tree, "product_groups").iter().any(|g| {
        text(g, "group_id") == group
            && list(g, "product_ids")
                .iter()
                .any(|id| id.as_str() == Some(product))
    })
}

/// The product tree, by product id.
#[derive(Default)]
struct Products {
    names: BTreeMap<String, Vec<Identifier>>,
    /// A part within a product: `default_component_of` and its kind.
    relations: BTreeMap<String, (String, String)>,
}

impl Products {
    fn of(tree: &Json) -> Self {
        let mut products = Self::default();
        for product in list(tree, "full_product_names") {
            products.add(product);
        }
        products.branches(tree, 0);
        for relation in list(tree, "relationships") {
            let combined = relation.get("full_product_name").unwrap_or(&Json::Null);
            products.add(combined);
            products.relations.insert(
                text(combined, "product_id"),
                (
                    text(relation, "product_reference"),
                    text(relation, "relates_to_product_reference"),
                ),
            );
        }
        products
    }

    fn branches(&mut self, node: &Json, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        for branch in list(node, "branches") {
            if let Some(product) = branch.get("product") {
                self.add(product);
            }
            self.branches(branch, depth + 1);
        }
    }

    fn add(&mut self, product: &Json) {
        let helper = product
            .get("product_identification_helper")
            .unwrap_or(&Json::Null);
        let mut names: Vec<Identifier> = ["purl", "cpe"]
            .iter()
            .filter_map(|key| some_text(helper, key))
            .chain(
                list(helper, "purls")
                    .iter()
                    .filter_map(Json::as_str)
                    .map(str::to_owned),
            )
            .map(|t| Identifier::of(&t))
            .collect();
        for hashes in list(helper, "hashes") {
            for hash in list(hashes, "file_hashes") {
                if text(hash, "algorithm").eq_ignore_ascii_case("sha256") {
                    names.push(Identifier::Digest(format!(
                        "sha256:{}",
                        text(hash, "value").to_ascii_lowercase()
                    )));
                }
            }
        }
        // Without a helper, the name is all there is: an image's reference, at best.
        if names.is_empty() {
            names.extend(some_text(product, "name").map(|n| Identifier::of(&n)));
        }
        self.names.insert(text(product, "product_id"), names);
    }

    /// What a product is in the end: of a part within a whole the part, or the whole. Red Hat has
    /// packages that are parts of modules that are parts of a release.
    fn end<'p>(&'p self, mut id: &'p str, part: bool) -> Vec<Identifier> {
        for _ in 0..MAX_DEPTH {
            match self.relations.get(id) {
                Some((inner, outer)) => id = if part { inner } else { outer },
                None => break,
            }
        }
        self.names.get(id).cloned().unwrap_or_default()
    }

    fn product(&self, id: &str) -> Product {
        match self.relations.get(id) {
            Some((part, whole)) => Product {
                names: self.end(whole, false),
                parts: vec![self.end(part, true)],
            },
            None => Product {
                names: self.names.get(id).cloned().unwrap_or_default(),
                parts: Vec::new(),
            },
        }
    }
}
