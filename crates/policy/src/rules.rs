//! `rules`: rules of the team's own.

use seaworthy_model::{Origin, PackageType, Severity, State};
use seaworthy_versions::{Scheme, parse_ranges};

use crate::cel::Expression;
use crate::error::Problems;
use crate::glob::Kind;
use crate::load::{Context, NOT_ASSESSED};
use crate::policy::{Action, Bits, Check, On, Rule, Selector, Since, Versions};
use crate::read::{Fields, shown};
use crate::sections::classes;
use crate::yaml::{Node, Value};

pub(crate) fn rules(node: &Node, context: &mut Context<'_>) {
    let Value::List(items) = &node.value else {
        context.problems.add(
            &node.place,
            format!("`rules` must be a list, not {}", node.kind()),
        );
        return;
    };
    let mut seen: Vec<String> = Vec::new();
    for item in items {
        if let Some(rule) = rule(item, context) {
            if seen.contains(&rule.id) {
                context.problems.add(
                    &item.place,
                    format!(
                        "a rule with the id `{}` stands here already",
                        rule.id.trim_start_matches("rules.")
                    ),
                );
            }
            seen.push(rule.id.clone());
            context.rules.push(rule);
        }
    }
}

fn rule(node: &Node, context: &mut Context<'_>) -> Option<Rule> {
    let mut fields = Fields::of(node, "a rule", context.problems)?;
    let id = fields
        .node("id")
        .and_then(|n| n.loose_text(context.problems));
    if id.is_none() {
        context
            .problems
            .add(&node.place, "a rule needs an `id` by which reports name it");
    }
    let on = fields
        .node("on")
        .and_then(|n| n.choice(&On::WORDS, context.problems))
        .unwrap_or_default();
    let action = fields
        .node("action")
        .and_then(|n| {
            n.choice(
                &[("deny", Action::Deny), ("warn", Action::Warn)],
                context.problems,
            )
        })
        .unwrap_or_default();
    let not_assessed = fields
        .node("not_assessed")
        .and_then(|n| n.choice(&NOT_ASSESSED, context.problems))
        .unwrap_or(context.not_assessed);
    let max = fields
        .node("max")
        .and_then(|n| n.count(context.problems))
        .unwrap_or(0);
    let enabled = fields
        .node("enabled")
        .and_then(|n| n.boolean(context.problems))
        .unwrap_or(true);
    fields.take("description");
    let message = fields
        .node("message")
        .and_then(|n| n.text(context.problems));
    let fix = fields.node("fix").and_then(|n| n.text(context.problems));
    let when = fields.node("when");
    let expression = fields.node("expression").and_then(|node| {
        Expression::read(node, on, context.sources, context.problems).map(Box::new)
    });
    let had_expression = node.get("expression").is_some();
    fields.finish(context.problems);
    let check = match (on, when) {
        (On::Image, when) => {
            if let Some(when) = when {
                context.problems.add(
                    &when.place,
                    "a rule on the image has an `expression`, no `when`",
                );
            }
            if !had_expression {
                context
                    .problems
                    .add(&node.place, "a rule on the image needs an `expression`");
            }
            if let Some(max) = node.get("max") {
                context.problems.add(
                    &max.place,
                    "a rule on the image counts nothing: it has no `max`",
                );
            }
            expression.map(Check::Image)?
        }
        (_, None) if !had_expression => {
            context.problems.add(
                &node.place,
                "a rule needs `when` or `expression`: what it is about",
            );
            return None;
        }
        (_, when) => {
            let mut select = Selector::new(on);
            if let Some(when) = when {
                selector(when, &mut select, context.problems);
            }
            if let Some(expression) = &expression
                && on == On::Vulnerability
            {
                expression.narrow(&mut select);
            }
            select.expression = expression;
            Check::Select {
                select: Box::new(select),
                max,
            }
        }
    };
    let rule = Rule {
        id: format!("rules.{}", id?),
        place: node.place.clone(),
        action,
        not_assessed,
        message,
        fix,
        check,
    };
    enabled.then_some(rule)
}

fn selector(node: &Node, select: &mut Selector, problems: &mut Problems) {
    let Some(mut fields) = Fields::of(node, "`when`", problems) else {
        return;
    };
    let on = select.on;
    if on != On::Package {
        if let Some(node) = fields.node("severity") {
            node.demand_items(problems);
            let list: Vec<Severity> = node
                .items()
                .iter()
                .filter_map(|n| n.severity(problems))
                .collect();
            select.severities = Bits::severities(list);
        }
        if let Some(node) = fields.node("min_severity")
            && let Some(least) = node.severity(problems)
        {
            let list = Severity::WORST_FIRST.into_iter().filter(|s| *s >= least);
            select.severities = Bits(select.severities.0 & Bits::severities(list).0);
        }
    }
    match on {
        On::Vulnerability => vulnerability(&mut fields, select, problems),
        On::Secret => {
            ids(&mut fields, "rules", select, problems);
            if let Some(node) = fields.node("deleted_later") {
                select.deleted_later = node.boolean(problems);
            }
        }
        On::Misconfiguration => {
            ids(&mut fields, "rules", select, problems);
            if let Some(node) = fields.node("kinds") {
                node.demand_items(problems);
                select.kinds = Some(node.lower_globs(problems));
            }
        }
        On::License => {
            if let Some(node) = fields.node("licenses") {
                node.demand_items(problems);
                select.licenses = Some(node.lower_globs(problems));
            }
            if let Some(node) = fields.node("except_licenses") {
                select.except_licenses = Some(node.lower_globs(problems));
            }
            if let Some(node) = fields.node("classes") {
                node.demand_items(problems);
                select.classes = classes(node, problems);
            }
        }
        On::Package | On::Image => {}
    }
    if matches!(on, On::Vulnerability | On::License | On::Package) {
        packages(&mut fields, select, problems);
    }
    if let Some(node) = fields.node("paths") {
        node.demand_items(problems);
        select.paths = Some(node.globs(Kind::Path, problems));
    }
    if let Some(node) = fields.node("except_paths") {
        select.except_paths = Some(node.globs(Kind::Path, problems));
    }
    fields.finish(problems);
}

fn ids(fields: &mut Fields<'_>, key: &'static str, select: &mut Selector, problems: &mut Problems) {
    if let Some(node) = fields.node(key) {
        node.demand_items(problems);
        select.ids = Some(node.ids(problems));
    }
}

fn vulnerability(fields: &mut Fields<'_>, select: &mut Selector, problems: &mut Problems) {
    ids(fields, "ids", select, problems);
    if let Some(node) = fields.node("states") {
        node.demand_items(problems);
        let list: Vec<State> = node
            .items()
            .iter()
            .filter_map(|n| n.word(problems))
            .collect();
        select.states = Bits::states(list);
    }
    if let Some(node) = fields.node("origin") {
        node.demand_items(problems);
        let words = [
            ("base", Origin::Base),
            ("application", Origin::Application),
            ("unknown", Origin::Unknown),
        ];
        let list: Vec<Origin> = node
            .items()
            .iter()
            .filter_map(|n| n.choice(&words, problems))
            .collect();
        select.origins = Bits::origins(list);
    }
    for (key, flag) in [
        ("fixable", &mut select.fixable),
        ("exploited", &mut select.exploited),
        ("ransomware", &mut select.ransomware),
    ] {
        if let Some(node) = fields.node(key) {
            *flag = node.boolean(problems);
        }
    }
    for (key, high, bound) in [
        ("min_epss", 1.0, &mut select.epss),
        ("min_epss_percentile", 1.0, &mut select.epss_percentile),
        ("min_cvss", 10.0, &mut select.cvss),
        ("min_risk", 100.0, &mut select.risk),
    ] {
        if let Some(node) = fields.node(key) {
            *bound = node.number(0.0, high, problems);
        }
    }
    let start = fields.node("since");
    let since = start
        .and_then(|n| n.choice(&Since::WORDS, problems))
        .unwrap_or_default();
    match (fields.node("older_than_days"), start) {
        (Some(node), _) => {
            select.older_than = node.count(problems).map(|days| (days, since));
        }
        (None, Some(start)) => problems.add(
            &start.place,
            "`since` says from when `older_than_days` counts, which is missing",
        ),
        (None, None) => {}
    }
}

fn packages(fields: &mut Fields<'_>, select: &mut Selector, problems: &mut Problems) {
    if let Some(node) = fields.node("packages") {
        node.demand_items(problems);
        select.packages = Some(node.package_globs(problems));
    }
    if let Some(node) = fields.node("except_packages") {
        select.except_packages = Some(node.package_globs(problems));
    }
    let mut types: Vec<PackageType> = PackageType::ALL.to_vec();
    if let Some(node) = fields.node("types") {
        node.demand_items(problems);
        let words: Vec<(&'static str, PackageType)> = PackageType::ALL
            .into_iter()
            .flat_map(|t| [(t.label(), t), (t.purl_type(), t)])
            .collect();
        types = node
            .items()
            .iter()
            .filter_map(|n| n.choice(&words, problems))
            .collect();
        select.types = Bits::types(types.iter().copied());
    }
    if let Some(node) = fields.node("versions") {
        select.versions = versions(node, &types, problems).map(Box::new);
    }
}

/// Reads a range in each scheme that the packages may have.
fn versions(node: &Node, types: &[PackageType], problems: &mut Problems) -> Option<Versions> {
    let text = node.loose_text(problems)?;
    let wanted: Vec<Scheme> = types.iter().filter_map(|t| scheme_of(*t)).collect();
    let by_scheme: Vec<_> = Scheme::ALL
        .into_iter()
        .map(|scheme| {
            wanted
                .contains(&scheme)
                .then(|| parse_ranges(scheme, &text).ok())
                .flatten()
        })
        .collect();
    if by_scheme.iter().all(Option::is_none) {
        problems.add(
            &node.place,
            format!(
                "`{}` is not a version range such as `< 2.17.1` or `>= 1.0, < 1.4 || >= 2.0, < 2.3`",
                shown(&text)
            ),
        );
        return None;
    }
    Some(Versions { by_scheme })
}

/// The order in which versions of a kind of package are compared; none for binaries that no package
/// manager installed.
pub(crate) fn scheme_of(kind: PackageType) -> Option<Scheme> {
    Scheme::of_purl_type(kind.purl_type())
}
