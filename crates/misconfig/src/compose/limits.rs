//! How much of its host a service may take: memory, processors, processes, restarts.

use super::Service;
use super::rules::{CPU_LIMIT, HEALTHCHECK, MEMORY_LIMIT, PIDS_LIMIT, RESTART};
use crate::Rule;
use crate::document::{Node, Value};
use crate::report::Report;

/// How many restarts the benchmark accepts (CIS Docker 1.6, 5.15).
const MAX_RESTARTS: i64 = 5;

const MEMORY: [&str; 2] = ["mem_limit", "deploy.resources.limits.memory"];

/// Shares are a limit only beside others that are busy too, which the benchmark accepts (5.12).
const CPU: [&str; 6] = [
    "cpus",
    "cpu_quota",
    "cpu_shares",
    "cpu_percent",
    "cpuset",
    "deploy.resources.limits.cpus",
];

const PROCESSES: [&str; 2] = ["pids_limit", "deploy.resources.limits.pids"];

impl Service<'_> {
    pub(super) fn missing_limits(&self, report: &mut Report<'_>) {
        let rules: [(&Rule, &[&str], &str); 3] = [
            (&MEMORY_LIMIT, &MEMORY, "has no memory limit"),
            (&CPU_LIMIT, &CPU, "has no CPU limit"),
            (&PIDS_LIMIT, &PROCESSES, "has no limit on processes"),
        ];
        for (rule, paths, message) in rules {
            let set: Vec<&Node> = paths.iter().filter_map(|p| self.node.at(p)).collect();
            if !set.iter().any(|limit| limits(limit)) {
                let place = set.first().copied().unwrap_or(self.node);
                self.add(rule, place, report, message);
            }
        }
    }

    pub(super) fn missing_health_check(&self, report: &mut Report<'_>) {
        let check = self.node.get("healthcheck");
        let is_off = check.is_none_or(|check| {
            check.is_true("disable")
                || check
                    .at("test")
                    .and_then(|test| test.one_or_many().first())
                    .and_then(Node::text)
                    == Some("NONE")
        });
        if is_off {
            let place = check.unwrap_or(self.node);
            self.add(&HEALTHCHECK, place, report, "has no health check");
        }
    }

    /// How often the container is started again. `deploy.restart_policy` counts where it is there,
    /// `restart` elsewhere (Compose Deploy Specification, `restart_policy`).
    pub(super) fn restarts(&self, report: &mut Report<'_>) {
        if let Some(policy) = self.node.at("deploy.restart_policy").filter(|p| p.is_map()) {
            let condition = policy.text_at("condition").unwrap_or("any");
            if condition != "none" && !is_bounded(policy.get("max_attempts")) {
                let message = format!("restarts on `{condition}` without a low `max_attempts`");
                self.add(&RESTART, policy, report, message);
            }
            return;
        }
        let Some(node) = self.node.get("restart") else {
            return;
        };
        let Some(text) = node.text() else { return };
        let is_endless = match text.split_once(':') {
            None => matches!(text, "always" | "unless-stopped" | "on-failure"),
            Some(("on-failure", times)) => times
                .parse::<i64>()
                .is_ok_and(|n| !(1..=MAX_RESTARTS).contains(&n)),
            Some(_) => false,
        };
        if is_endless {
            self.add(&RESTART, node, report, format!("`restart` is `{text}`"));
        }
    }
}

/// Whether a number of attempts is known to be low, or is only known when it is deployed.
fn is_bounded(attempts: Option<&Node>) -> bool {
    match attempts.map(|node| (&node.value, node.integer())) {
        Some((Value::Unknown(_), _)) => true,
        Some((_, Some(n))) => (1..=MAX_RESTARTS).contains(&n),
        // A variable.
        Some((Value::Text(text), None)) => text.contains('$'),
        _ => false,
    }
}

/// Whether a value limits anything: nothing, zero and negative numbers do not, in any unit.
fn limits(node: &Node) -> bool {
    match &node.value {
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => false,
        Value::Unknown(_) => true,
        Value::Number(text) | Value::Text(text) => {
            let text = text.trim();
            let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            !text.is_empty() && number.parse::<f64>().map_or(true, |n| n > 0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, lint_file};

    /// The rules of limits and restarts that a service breaks, whatever else it breaks.
    fn found(service: &str) -> Vec<String> {
        let text = format!("services:\n  app:\n    image: nginx:1.27\n{service}");
        let rules = ["SW-CMP-0015", "SW-CMP-0019", "SW-CMP-0030", "SW-CMP-0031"];
        lint_file("compose.yaml", text.as_bytes(), &Options::default())
            .0
            .into_iter()
            .filter(|f| rules.contains(&f.rule.as_str()))
            .map(|f| f.rule.replace("SW-CMP-00", ""))
            .collect()
    }

    #[test]
    fn limits_are_read_in_every_notation() {
        for (service, expected) in [
            ("", vec!["15", "30", "19"]),
            ("mem_limit: 1g\n    cpus: 0.5\n    pids_limit: 100", vec![]),
            (
                "mem_limit: 0\n    cpus: '0'\n    pids_limit: -1",
                vec!["15", "30", "19"],
            ),
            (
                "mem_limit: 0m\n    cpu_shares: 512\n    pids_limit: 9",
                vec!["15"],
            ),
            (
                "mem_limit: ${MEM}\n    cpuset: 0-3\n    pids_limit: $P",
                vec![],
            ),
            (
                "cpu_quota: -1\n    mem_limit: 9m\n    pids_limit: 9",
                vec!["30"],
            ),
            (
                "deploy: {resources: {limits: {cpus: '0.5', memory: 512M, pids: 9}}}",
                vec![],
            ),
            // A reservation is what it gets, not what it may take.
            (
                "deploy: {resources: {reservations: {cpus: '0.5', memory: 512M}}}",
                vec!["15", "30", "19"],
            ),
            // One of two places is enough.
            (
                "cpus: 0\n    deploy: {resources: {limits: {cpus: 1, memory: 1G, pids: 1}}}",
                vec![],
            ),
        ] {
            let mut sorted = expected.clone();
            sorted.sort_unstable();
            let mut seen = found(&format!("    {service}\n"));
            seen.sort_unstable();
            assert_eq!(seen, sorted, "{service}");
        }
    }

    #[test]
    fn endless_restarts_are_told_from_those_that_end() {
        for (restart, expected) in [
            ("restart: always", true),
            ("restart: unless-stopped", true),
            ("restart: on-failure", true),
            ("restart: on-failure:5", false),
            ("restart: 'on-failure:50'", true),
            ("restart: on-failure:$N", false),
            ("restart: no", false),
            ("restart: 'no'", false),
            ("restart: ${RESTART}", false),
            ("deploy: {restart_policy: {condition: any}}", true),
            ("deploy: {restart_policy: {delay: 5s}}", true),
            ("deploy: {restart_policy: {condition: none}}", false),
            (
                "deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}",
                false,
            ),
            // What is deployed goes by `deploy`.
            (
                "restart: always\n    deploy: {restart_policy: {max_attempts: 3}}",
                false,
            ),
        ] {
            let found = found(&format!("    {restart}\n"));
            assert_eq!(found.contains(&"31".to_owned()), expected, "{restart}");
        }
    }
}
