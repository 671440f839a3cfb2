use seaworthy_misconfig::{Rule, catalogue};
use seaworthy_model::Report;

use crate::args::RulesArgs;
use crate::exit::{Failure, Outcome, Status};
use crate::output::print;

/// Describes rules, or lists them all.
pub(crate) fn run(args: &RulesArgs) -> Outcome {
    let all = catalogue();
    let mut rules: Vec<&Rule> = Vec::new();
    for id in &args.ids {
        let before = rules.len();
        rules.extend(all.iter().copied().filter(|rule| is(rule, id)));
        if rules.len() == before {
            return Err(Failure::usage(format!("`{id}` is no rule")).hint(
                "`seaworthy rules` lists them; those of secrets are in docs/rules/secrets.md",
            ));
        }
    }
    let whole = !args.ids.is_empty();
    if !whole {
        rules = all;
    }
    print(|out| {
        if args.json {
            let list: Vec<serde_json::Value> = rules.iter().map(|rule| json(rule)).collect();
            serde_json::to_writer_pretty(&mut *out, &list)?;
            return writeln!(out);
        }
        for (number, rule) in rules.iter().enumerate() {
            if whole {
                let gap = if number > 0 { "\n" } else { "" };
                write!(out, "{gap}{}", rule.markdown())?;
            } else {
                writeln!(
                    out,
                    "{:<13} {:<10} {}",
                    rule.id,
                    rule.severity.name(),
                    rule.title
                )?;
            }
        }
        Ok(())
    })?;
    Ok(Status::Pass)
}

fn is(rule: &Rule, id: &str) -> bool {
    rule.id.eq_ignore_ascii_case(id) || rule.references.iter().any(|r| r.eq_ignore_ascii_case(id))
}

fn json(rule: &Rule) -> serde_json::Value {
    serde_json::json!({
        "id": rule.id,
        "kind": rule.kind.name(),
        "title": rule.title,
        "severity": rule.severity,
        "why": rule.why,
        "fix": rule.fix,
        "references": rule.references,
        "bad": rule.bad,
        "good": rule.good,
    })
}

/// Links the findings of built-in rules to where their pages lie.
pub(crate) fn link(report: &mut Report, base: Option<&str>) {
    let Some(base) = base else { return };
    let base = base.trim_end_matches('/');
    for issue in &mut report.misconfigurations {
        if issue.url.is_empty()
            && let Some(rule) = seaworthy_misconfig::find(&issue.rule)
        {
            issue.url = format!("{base}/{}", rule.page());
        }
    }
}
