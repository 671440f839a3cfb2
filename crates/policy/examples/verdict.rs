//! Checks a report against a policy without the program: `cargo run -p seaworthy-policy --example
//! verdict -- POLICY REPORT TODAY [FACTS] [WAIVERS|VEX]...`. FACTS is JSON, `-` for none.

use std::fs;

use seaworthy_model::{Date, Report};
use seaworthy_policy::{
    Exceptions, Facts, NoIncludes, Policy, ReportContext, Subject, VexDocument, Waiver, evaluate,
    policy_report,
};

#[expect(clippy::print_stdout, reason = "an example prints its result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [policy, report, today, rest @ ..] = arguments.as_slice() else {
        return Err("usage: check POLICY REPORT TODAY [FACTS] [WAIVERS|VEX]...".into());
    };
    let policy = Policy::load(policy, &fs::read(policy)?, None, &NoIncludes)?;
    let report: Report = serde_json::from_slice(&fs::read(report)?)?;
    let facts = match rest.first().map(String::as_str) {
        None | Some("-") => Facts::default(),
        Some(file) => serde_json::from_slice(&fs::read(file)?)?,
    };
    let (mut waivers, mut vex) = (Vec::new(), Vec::new());
    for file in rest.iter().skip(1) {
        let bytes = fs::read(file)?;
        match VexDocument::read(file, &bytes) {
            Ok(document) => vex.push(document),
            Err(_) => waivers.extend(Waiver::read(file, &bytes)?),
        }
    }
    let subject = Subject {
        report: &report,
        facts: &facts,
        now: today.parse::<Date>()?,
    };
    let exceptions = Exceptions {
        waivers: &waivers,
        vex: &vex,
        baseline: None,
    };
    let verdict = evaluate(&policy, subject, &exceptions);
    let context = ReportContext {
        project: "storefront",
        image: subject.name(),
        scan_date: today,
    };
    print!("{}", policy_report(&verdict, &context)?);
    Ok(())
}
