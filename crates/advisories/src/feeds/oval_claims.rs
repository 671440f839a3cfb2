//! What the tree of tests of an OVAL definition says about packages: which versions of which ones,
//! of which module, in which products.

use rustc_hash::FxHashMap;

/// A node of the tree of tests.
#[derive(Debug, Default)]
pub(super) struct Criteria {
    /// Comment and reference of each test.
    pub(super) tests: Vec<(String, String)>,
    pub(super) all: bool,
    pub(super) children: Vec<Self>,
}

/// Tests, objects and states by their ids.
#[derive(Debug, Default)]
pub(super) struct References {
    pub(super) tests: FxHashMap<String, (String, String)>,
    pub(super) objects: FxHashMap<String, String>,
    pub(super) states: FxHashMap<String, Condition>,
}

/// What a state demands of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    LessThan(String),
    AtMost(String),
    /// Any version: the package is affected, and nothing fixes it.
    Present,
    /// No version: SUSE's way to say "not affected".
    Never,
    Other,
}

/// A package that a definition names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    /// Products that have to be installed (SUSE).
    pub(super) products: Vec<String>,
    pub(super) module: Option<String>,
    pub(super) package: String,
    pub(super) end: ClaimEnd,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ClaimEnd {
    Before(String),
    UpTo(String),
    Any,
    Never,
}

/// Walks the tree: products and modules hold for what stands beside and below them.
pub(super) fn claims(
    node: &Criteria,
    references: &References,
    products: &[String],
    module: Option<&str>,
    out: &mut Vec<Claim>,
) {
    let mut module = module.map(str::to_owned);
    let mut products = products.to_vec();
    for (comment, _) in &node.tests {
        if let Some(label) = comment
            .strip_prefix("Module ")
            .and_then(|c| c.strip_suffix(" is enabled"))
        {
            module = Some(label.trim().to_owned());
        }
    }
    products.extend(named_products(node));
    if node.all {
        // `AND(OR(product…), OR(package…))`.
        products.extend(
            node.children
                .iter()
                .filter(|c| c.children.is_empty())
                .flat_map(named_products),
        );
    }
    for (comment, reference) in &node.tests {
        if let Some((package, end)) = package_of(comment, reference, references) {
            out.push(Claim {
                products: products.clone(),
                module: module.clone(),
                package,
                end,
            });
        }
    }
    for child in &node.children {
        claims(child, references, &products, module.as_deref(), out);
    }
}

fn named_products(node: &Criteria) -> impl Iterator<Item = String> {
    node.tests.iter().filter_map(|(comment, _)| {
        let product = comment.strip_suffix(" is installed")?;
        (product.starts_with("SUSE ") || product.starts_with("openSUSE "))
            .then(|| product.to_owned())
    })
}

/// The package that a test is about, and which versions of it.
fn package_of(
    comment: &str,
    reference: &str,
    references: &References,
) -> Option<(String, ClaimEnd)> {
    if comment.contains(" is signed with ") || comment.starts_with("Module ") {
        return None;
    }
    if let Some((object, state)) = references.tests.get(reference) {
        let package = references.objects.get(object)?;
        let end = match references.states.get(state) {
            Some(Condition::LessThan(version)) => ClaimEnd::Before(version.clone()),
            Some(Condition::AtMost(version)) => ClaimEnd::UpTo(version.clone()),
            Some(Condition::Present) => ClaimEnd::Any,
            Some(Condition::Never) => ClaimEnd::Never,
            Some(Condition::Other) => return None,
            // `x is installed`, without any state: every version.
            None if state.is_empty() => ClaimEnd::Any,
            None => return None,
        };
        return (!package.is_empty()).then(|| (package.clone(), end));
    }
    let plain = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    if let Some((package, version)) = comment.split_once(" is earlier than ") {
        return (plain(package) && plain(version))
            .then(|| (package.to_owned(), ClaimEnd::Before(version.to_owned())));
    }
    let package = comment.strip_suffix(" is installed")?;
    plain(package).then(|| (package.to_owned(), ClaimEnd::Any))
}
