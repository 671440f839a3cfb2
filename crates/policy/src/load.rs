//! A located tree → a policy.

use seaworthy_model::{Origin, Severity, State};

use crate::error::{Error, Place, Problems};
use crate::include::{self, Includes, Sources};
use crate::merge::merge;
use crate::policy::{
    Action, Bits, Check, NotAssessed, On, Policy, Rule, Selector, Since, WaiverRules,
};
use crate::read::{Fields, shown};
use crate::sections;
use crate::waiver;
use crate::yaml::{Entry, Node, Value};

/// The version of the field's policy files.
pub(crate) const VERSION: &str = "1.0";

impl Policy {
    /// Reads a policy for one environment; without one, for the policy's `default_environment`, or
    /// the rules that stand outside of `environments`.
    ///
    /// All environments are checked, whichever is chosen.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong, each with line and column, also in
    /// included files; [`Error::UnknownEnvironment`].
    pub fn load(
        name: &str,
        bytes: &[u8],
        environment: Option<&str>,
        includes: &dyn Includes,
    ) -> Result<Self, Error> {
        let (root, sources) = include::load(name, bytes, includes)?;
        let mut problems = Problems::default();
        let environments: Vec<Entry> = root
            .get("environments")
            .map(|n| n.entries().to_vec())
            .unwrap_or_default();
        let names: Vec<String> = environments.iter().map(|e| e.key.clone()).collect();
        let default = root
            .get("default_environment")
            .and_then(|n| n.text(&mut problems).map(|text| (n, text)));
        if let Some((node, text)) = &default
            && !names.contains(text)
        {
            problems.add(
                &node.place,
                format!(
                    "no environment `{}`; there is {}",
                    shown(text),
                    names.join(", ")
                ),
            );
        }
        let base = read(&root, &sources, None, &names, &mut problems);
        let chosen = environment
            .map(str::to_owned)
            .or_else(|| default.map(|(_, text)| text));
        let mut policy = base;
        for entry in environments {
            let mut inner = Problems::default();
            let over = environment_tree(entry.value, &mut inner);
            let merged = merge(root.clone(), over);
            let read = read(&merged, &sources, Some(&entry.key), &names, &mut inner);
            problems.extend(inner);
            if chosen.as_deref() == Some(entry.key.as_str()) {
                policy = read;
            }
        }
        let policy = problems.finish(policy)?;
        match chosen {
            Some(name) if policy.environment.as_deref() != Some(&name) => {
                Err(Error::UnknownEnvironment { name, known: names })
            }
            _ => Ok(policy),
        }
    }
}

/// What an environment may change.
const ENVIRONMENT_KEYS: [&str; 6] = [
    "policies",
    "settings",
    "rules",
    "waivers",
    "rego",
    "description",
];

fn environment_tree(mut node: Node, problems: &mut Problems) -> Node {
    match &mut node.value {
        Value::Map(entries) => entries.retain(|e| {
            let known = ENVIRONMENT_KEYS.contains(&e.key.as_str());
            if !known {
                let hint = crate::error::nearest(
                    &e.key,
                    ENVIRONMENT_KEYS.into_iter().chain(crate::merge::SECTIONS),
                )
                .map_or_else(
                    || format!("; an environment has {}", ENVIRONMENT_KEYS.join(", ")),
                    |k| format!("; did you mean `{k}`?"),
                );
                problems.add(&e.place, format!("unknown key `{}`{hint}", shown(&e.key)));
            }
            known && e.key != "description"
        }),
        Value::Null => node.value = Value::Map(Vec::new()),
        _ => problems.add(&node.place, "an environment must be a mapping"),
    }
    node
}

fn read(
    root: &Node,
    sources: &Sources,
    environment: Option<&str>,
    environments: &[String],
    problems: &mut Problems,
) -> Policy {
    let mut files: Vec<String> = sources.keys().map(ToString::to_string).collect();
    files.sort();
    let mut policy = Policy {
        version: VERSION.to_owned(),
        name: None,
        environment: environment.map(str::to_owned),
        environments: environments.to_vec(),
        rules: Vec::new(),
        waiver_rules: WaiverRules::default(),
        waivers: Vec::new(),
        rego: Vec::new(),
        not_assessed: NotAssessed::Deny,
        files,
    };
    let Some(mut fields) = Fields::of(root, "a policy", problems) else {
        return policy;
    };
    match fields.node("version") {
        None => problems.add(
            &root.place,
            format!("the version is missing; add `version: \"{VERSION}\"`"),
        ),
        Some(node) => check_version(node, problems),
    }
    policy.name = fields.node("name").and_then(|n| n.loose_text(problems));
    fields.take("description");
    fields.take("include");
    fields.take("default_environment");
    if let Some(node) = fields.node("environments")
        && !matches!(node.value, Value::Map(_))
    {
        problems.add(&node.place, "`environments` must be a mapping");
    }
    if let Some(node) = fields.node("settings") {
        settings(node, &mut policy, problems);
    }
    let mut context = Context {
        sources,
        not_assessed: policy.not_assessed,
        rules: Vec::new(),
        problems,
    };
    if let Some(node) = fields.node("policies") {
        sections::read(node, &mut context);
    }
    if let Some(node) = fields.node("rules") {
        sections::rules(node, &mut context);
    }
    policy.rules = context.rules;
    if let Some(node) = fields.node("rego") {
        policy.rego = crate::rego::read(node, sources, problems);
    }
    if let Some(node) = fields.node("waivers") {
        policy.waivers = waiver::own::list(node, problems);
        waiver::demand(&policy.waivers, &policy.waiver_rules, problems);
    }
    fields.finish(problems);
    policy
}

/// Reports a version that is not known.
pub(crate) fn check_version(node: &Node, problems: &mut Problems) {
    let text = node.loose_text(problems).unwrap_or_default();
    if !matches!(text.as_str(), "1.0" | "1") {
        problems.add(
            &node.place,
            format!(
                "version `{}` is not known; this build reads \"{VERSION}\"",
                shown(&text)
            ),
        );
    }
}

pub(crate) const NOT_ASSESSED: [(&str, NotAssessed); 3] = [
    ("deny", NotAssessed::Deny),
    ("warn", NotAssessed::Warn),
    ("ignore", NotAssessed::Ignore),
];

const ACTIONS: [(&str, Action); 2] = [("deny", Action::Deny), ("warn", Action::Warn)];

fn settings(node: &Node, policy: &mut Policy, problems: &mut Problems) {
    let Some(mut fields) = Fields::of(node, "`settings`", problems) else {
        return;
    };
    if let Some(node) = fields.node("not_assessed") {
        policy.not_assessed = node.choice(&NOT_ASSESSED, problems).unwrap_or_default();
    }
    if let Some(node) = fields.node("waivers")
        && let Some(mut inner) = Fields::of(node, "`settings.waivers`", problems)
    {
        let rules = &mut policy.waiver_rules;
        for (key, flag) in [
            ("require_expires", &mut rules.require_expires),
            ("require_owner", &mut rules.require_owner),
            ("require_reason", &mut rules.require_reason),
            ("require_ticket", &mut rules.require_ticket),
        ] {
            if let Some(node) = inner.node(key) {
                *flag = node.boolean(problems).unwrap_or(false);
            }
        }
        if let Some(node) = inner.node("max_days") {
            rules.max_days = node.count(problems);
        }
        inner.finish(problems);
    }
    fields.finish(problems);
}

/// What the readers of sections share.
pub(crate) struct Context<'c> {
    pub(crate) sources: &'c Sources,
    pub(crate) not_assessed: NotAssessed,
    pub(crate) rules: Vec<Rule>,
    pub(crate) problems: &'c mut Problems,
}

/// What holds for all rules of a section unless they say otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Defaults {
    pub(crate) action: Action,
    pub(crate) not_assessed: NotAssessed,
}

/// A rule in its long form (`{value: …, action: warn}`), or the plain value.
pub(crate) struct Long<'n> {
    pub(crate) value: Option<&'n Node>,
    pub(crate) more: Option<Fields<'n>>,
    place: Place,
    defaults: Defaults,
    message: Option<String>,
    fix: Option<String>,
}

impl<'c> Context<'c> {
    pub(crate) fn defaults(&mut self, fields: &mut Fields<'_>) -> Defaults {
        Defaults {
            action: fields
                .node("action")
                .and_then(|n| n.choice(&ACTIONS, self.problems))
                .unwrap_or_default(),
            not_assessed: fields
                .node("not_assessed")
                .and_then(|n| n.choice(&NOT_ASSESSED, self.problems))
                .unwrap_or(self.not_assessed),
        }
    }

    fn defaults_or(&mut self, fields: &mut Fields<'_>, defaults: Defaults) -> Defaults {
        Defaults {
            action: fields
                .node("action")
                .and_then(|n| n.choice(&ACTIONS, self.problems))
                .unwrap_or(defaults.action),
            not_assessed: fields
                .node("not_assessed")
                .and_then(|n| n.choice(&NOT_ASSESSED, self.problems))
                .unwrap_or(defaults.not_assessed),
        }
    }

    /// Takes a rule's key apart.
    pub(crate) fn long<'n>(&mut self, entry: &'n Entry, defaults: Defaults) -> Long<'n> {
        let place = entry.place.clone();
        if !matches!(entry.value.value, Value::Map(_)) {
            return Long {
                value: Some(&entry.value),
                more: None,
                place,
                defaults,
                message: None,
                fix: None,
            };
        }
        let Some(mut fields) = Fields::of(&entry.value, "a rule", self.problems) else {
            return Long {
                value: None,
                more: None,
                place,
                defaults,
                message: None,
                fix: None,
            };
        };
        let defaults = self.defaults_or(&mut fields, defaults);
        let value = fields.node("value");
        if value.is_none() && entry.value.get("value").is_none() {
            self.problems.add(
                &entry.value.place,
                format!("`{}` in its long form needs a `value`", entry.key),
            );
        }
        Long {
            value,
            message: fields.node("message").and_then(|n| n.text(self.problems)),
            fix: fields.node("fix").and_then(|n| n.text(self.problems)),
            more: Some(fields),
            place,
            defaults,
        }
    }

    /// Ends a rule: the check is none when it is switched off or wrong.
    pub(crate) fn push(&mut self, id: String, long: Long<'_>, check: Option<Check>) {
        if let Some(more) = long.more {
            more.finish(self.problems);
        }
        let Some(check) = check else {
            return;
        };
        self.rules.push(Rule {
            id,
            place: long.place,
            action: long.defaults.action,
            not_assessed: long.defaults.not_assessed,
            message: long.message,
            fix: long.fix,
            check,
        });
    }

    /// A rule that is on or off.
    pub(crate) fn flag(
        &mut self,
        fields: &mut Fields<'_>,
        section: &str,
        key: &'static str,
        defaults: Defaults,
        check: Check,
    ) {
        if let Some(entry) = fields.take(key) {
            let long = self.long(entry, defaults);
            let on = long.value.and_then(|n| n.boolean(self.problems));
            self.push(
                format!("{section}.{key}"),
                long,
                on.unwrap_or(false).then_some(check),
            );
        }
    }

    /// A rule whose value is a whole number; `false` switches it off.
    pub(crate) fn number(
        &mut self,
        fields: &mut Fields<'_>,
        section: &str,
        key: &'static str,
        defaults: Defaults,
        check: impl FnOnce(u64) -> Check,
    ) {
        if let Some(entry) = fields.take(key) {
            let long = self.long(entry, defaults);
            let value = match long.value {
                Some(node) if node.value == Value::Bool(false) => None,
                Some(node) => node.count(self.problems),
                None => None,
            };
            self.push(format!("{section}.{key}"), long, value.map(check));
        }
    }

    /// A rule whose value is a number within bounds.
    pub(crate) fn bound(
        &mut self,
        fields: &mut Fields<'_>,
        id: String,
        key: &'static str,
        defaults: Defaults,
        high: f64,
        check: impl FnOnce(f64) -> Check,
    ) {
        if let Some(entry) = fields.take(key) {
            let long = self.long(entry, defaults);
            let value = match long.value {
                Some(node) if node.value == Value::Bool(false) => None,
                Some(node) => node.number(0.0, high, self.problems),
                None => None,
            };
            self.push(id, long, value.map(check));
        }
    }
}

/// The thresholds per severity.
const MAXIMA: [(&str, Severity); 6] = [
    ("max_critical", Severity::Critical),
    ("max_high", Severity::High),
    ("max_medium", Severity::Medium),
    ("max_low", Severity::Low),
    ("max_negligible", Severity::Negligible),
    ("max_unknown", Severity::Unknown),
];

/// `max_critical` to `max_unknown`, `max_total`.
pub(crate) fn maxima(
    fields: &mut Fields<'_>,
    section: &str,
    narrow: &Selector,
    defaults: Defaults,
    context: &mut Context<'_>,
) {
    for (key, severity) in MAXIMA {
        let select = Selector {
            severities: Bits::severities([severity]),
            ..narrow.clone()
        };
        context.number(fields, section, key, defaults, |max| Check::Select {
            select: Box::new(select),
            max,
        });
    }
    context.number(fields, section, "max_total", defaults, |max| {
        Check::Select {
            select: Box::new(narrow.clone()),
            max,
        }
    });
}

pub(crate) fn vulnerabilities(
    fields: &mut Fields<'_>,
    section: &str,
    narrow: &Selector,
    defaults: Defaults,
    context: &mut Context<'_>,
) {
    maxima(fields, section, narrow, defaults, context);
    let select = |change: &dyn Fn(&mut Selector)| {
        let mut select = narrow.clone();
        change(&mut select);
        Box::new(select)
    };
    let exploited = select(&|s| s.exploited = Some(true));
    context.number(fields, section, "max_exploited", defaults, |max| {
        Check::Select {
            select: exploited,
            max,
        }
    });
    type Set = fn(&mut Selector, f64);
    let bounds: [(&'static str, f64, Set); 4] = [
        ("max_epss", 1.0, |s, v| s.epss = Some(v)),
        ("max_epss_percentile", 1.0, |s, v| {
            s.epss_percentile = Some(v)
        }),
        ("max_cvss", 10.0, |s, v| s.cvss = Some(v)),
        ("max_risk", 100.0, |s, v| s.risk = Some(v)),
    ];
    for (key, high, set) in bounds {
        let id = format!("{section}.{key}");
        context.bound(fields, id, key, defaults, high, |value| Check::Select {
            // `max_cvss: 7` allows 7: what lies above is selected.
            select: select(&|s| set(s, value.next_up())),
            max: 0,
        });
    }
    if let Some(node) = fields.node("sla") {
        sla(node, section, narrow, defaults, context);
    }
}

/// The keys that only the section itself has, not its parts.
pub(crate) fn vulnerability_section(node: &Node, context: &mut Context<'_>) {
    let Some(mut fields) = Fields::of(node, "`vulnerabilities`", context.problems) else {
        return;
    };
    let defaults = context.defaults(&mut fields);
    let mut narrow = Selector::new(On::Vulnerability);
    if let Some(node) = fields.node("fixable_only")
        && node.boolean(context.problems) == Some(true)
    {
        narrow.fixable = Some(true);
    }
    if let Some(node) = fields.node("ignore_states") {
        let ignored: Vec<State> = node
            .items()
            .iter()
            .filter_map(|n| n.word(context.problems))
            .collect();
        narrow.states = Bits(!Bits::states(ignored).0);
    }
    vulnerabilities(&mut fields, "vulnerabilities", &narrow, defaults, context);
    type Narrow = fn(&mut Selector);
    let parts: [(&'static str, Narrow); 4] = [
        ("fixable", |s| s.fixable = Some(true)),
        ("unfixed", |s| s.fixable = Some(false)),
        ("base", |s| s.origins = Bits::origins([Origin::Base])),
        // What nobody can attribute is the team's until shown otherwise.
        ("application", |s| {
            s.origins = Bits::origins([Origin::Application, Origin::Unknown]);
        }),
    ];
    for (key, change) in parts {
        if let Some(node) = fields.node(key) {
            let mut narrow = narrow.clone();
            change(&mut narrow);
            part(node, &format!("vulnerabilities.{key}"), &narrow, context);
        }
    }
    if let Some(node) = fields.node("states")
        && let Some(mut states) = Fields::of(node, "`vulnerabilities.states`", context.problems)
    {
        for state in State::ALL {
            if let Some(node) = states.node(state.name()) {
                let narrow = Selector {
                    states: Bits::states([state]),
                    ..narrow.clone()
                };
                let section = format!("vulnerabilities.states.{}", state.name());
                part(node, &section, &narrow, context);
            }
        }
        states.finish(context.problems);
    }
    fields.finish(context.problems);
}

fn part(node: &Node, section: &str, narrow: &Selector, context: &mut Context<'_>) {
    if let Some(mut fields) = Fields::of(node, "a part of `vulnerabilities`", context.problems) {
        let defaults = context.defaults(&mut fields);
        vulnerabilities(&mut fields, section, narrow, defaults, context);
        fields.finish(context.problems);
    }
}

/// Days within which findings of a severity must be gone.
fn sla(
    node: &Node,
    section: &str,
    narrow: &Selector,
    defaults: Defaults,
    context: &mut Context<'_>,
) {
    let Some(mut fields) = Fields::of(node, "`sla`", context.problems) else {
        return;
    };
    let defaults = context.defaults_or(&mut fields, defaults);
    let since = fields
        .node("since")
        .and_then(|n| n.choice(&Since::WORDS, context.problems))
        .unwrap_or_default();
    let mut narrow = narrow.clone();
    if let Some(node) = fields.node("fixable_only")
        && node.boolean(context.problems) == Some(true)
    {
        narrow.fixable = Some(true);
    }
    let section = format!("{section}.sla");
    let counts = |key: &str| node.get(key).is_some();
    if !Severity::WORST_FIRST.iter().any(|s| counts(s.name())) && !counts("exploited") {
        context.problems.add(
            &node.place,
            "an `sla` needs days, as in `{critical: 7, high: 30}`",
        );
    }
    for severity in Severity::WORST_FIRST {
        let select = Selector {
            severities: Bits::severities([severity]),
            ..narrow.clone()
        };
        context.number(&mut fields, &section, severity.name(), defaults, |days| {
            Check::Select {
                select: Box::new(Selector {
                    older_than: Some((days, since)),
                    ..select
                }),
                max: 0,
            }
        });
    }
    let select = Selector {
        exploited: Some(true),
        ..narrow
    };
    context.number(&mut fields, &section, "exploited", defaults, |days| {
        Check::Select {
            select: Box::new(Selector {
                older_than: Some((days, since)),
                ..select
            }),
            max: 0,
        }
    });
    fields.finish(context.problems);
}
