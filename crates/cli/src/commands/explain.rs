use std::io::{self, Write};

use seaworthy_matching::{Explanation, Outcome as Answer, PackageExplanation};
use seaworthy_model::{Finding, Inventory, Origin, Package, url_of};
use seaworthy_scan::read;

use super::Advisories;
use super::input::named_target;
use crate::args::{ExplainArgs, Global};
use crate::exit::{Outcome, Status};
use crate::output::print;
use crate::progress::Bars;
use crate::terminal::one_line;

/// Tells why something is, or is not, reported.
pub(crate) fn run(args: ExplainArgs, global: &Global) -> Outcome {
    let target = named_target(&args.target)?;
    let options = super::read_options(&args.source)?;
    let advisories = Advisories::open(&args.database)?;
    let bars = Bars::new(super::quiet(global));
    let mut scanned = read(&target, &options, &bars)?;
    let database = super::database_for(&mut scanned, &target, &options, &advisories, &bars)?;
    let matching = super::matching(options.packages, &args.database);
    let explanation =
        seaworthy_matching::explain(&args.id, &scanned.inventory, &database, &matching);
    print(|out| tell(&explanation, &scanned.inventory, out))?;
    Ok(Status::Pass)
}

/// One line of the answer: what it is about, and what is said.
fn line(out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {label:<11} {}", one_line(text))
}

fn tell(explanation: &Explanation, inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}", one_line(&explanation.id))?;
    let others: Vec<&str> = explanation
        .ids
        .iter()
        .map(String::as_str)
        .filter(|id| *id != explanation.id)
        .collect();
    if !others.is_empty() {
        write!(out, "   also {}", one_line(&others.join(", ")))?;
    }
    writeln!(out)?;
    if let Some(url) = url_of(&explanation.id) {
        writeln!(out, "{url}")?;
    }
    for answer in &explanation.packages {
        writeln!(out)?;
        package(answer, inventory, out)?;
    }
    if !explanation.absent.is_empty() {
        writeln!(out)?;
        line(
            out,
            "elsewhere",
            &format!(
                "advisories also name {}, which {} not installed",
                explanation.absent.join(", "),
                if explanation.absent.len() == 1 {
                    "is"
                } else {
                    "are"
                }
            ),
        )?;
    }
    if explanation.packages.is_empty() && explanation.absent.is_empty() {
        writeln!(out)?;
        let searched = match explanation.searched.as_slice() {
            [] => "no shard was searched, so nothing can be said".to_owned(),
            keys => format!("no advisory in {} has this id", keys.join(", ")),
        };
        line(out, "not found", &searched)?;
    }
    for key in &explanation.missing {
        line(
            out,
            "no shard",
            &format!("{key} was not searched: `seaworthy db update --only {key}` fetches it"),
        )?;
    }
    Ok(())
}

fn package(
    answer: &PackageExplanation,
    inventory: &Inventory,
    out: &mut dyn Write,
) -> io::Result<()> {
    let verdict = match &answer.outcome {
        Answer::Reported(_) => "REPORTED",
        Answer::NotAffected(_)
        | Answer::AlreadyFixed(_)
        | Answer::OutsideRange
        | Answer::OtherModule => "not reported",
        Answer::Uncomparable | Answer::ThirdParty(_) | Answer::ForeignFormat | Answer::LeftOut => {
            "not assessed"
        }
    };
    writeln!(out, "{verdict}: {}", one_line(&answer.title))?;
    let Some(package) = inventory.packages.get(answer.package) else {
        return Ok(());
    };
    installed(package, inventory, out)?;
    for row in &answer.rows {
        let advisory = row
            .advisory
            .as_ref()
            .map_or(String::new(), |id| format!(" {id}"));
        line(
            out,
            "advisory",
            &format!(
                "{}{advisory} for {}: {}, {}; this version is {}",
                row.source,
                row.shard,
                row.state.name().replace('_', " "),
                range_in_words(&row.range),
                row.verdict
            ),
        )?;
    }
    match &answer.outcome {
        Answer::Reported(finding) => reported(finding, package, out),
        Answer::NotAffected(source) => line(
            out,
            "because",
            &format!("{source} says that the package is not affected"),
        ),
        Answer::AlreadyFixed(source) => line(
            out,
            "because",
            &format!("{source} names a fixed version, and the installed one is not older"),
        ),
        Answer::OutsideRange => line(
            out,
            "because",
            "the installed version is in no affected range",
        ),
        Answer::OtherModule => line(
            out,
            "because",
            "the advisories are about another modular stream than the installed one",
        ),
        Answer::Uncomparable => line(
            out,
            "because",
            "the versions cannot be compared; the report's coverage says so too",
        ),
        Answer::ThirdParty(vendor) => line(
            out,
            "because",
            &format!(
                "{vendor} built the package, and the distribution's advisories do not cover it"
            ),
        ),
        Answer::ForeignFormat => line(
            out,
            "because",
            "its package format is not the distribution's, whose advisories do not cover it",
        ),
        Answer::LeftOut => line(
            out,
            "because",
            "--packages leaves packages of this kind out",
        ),
    }
}

/// Where the package lies and who put it there.
fn installed(package: &Package, inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    line(out, "installed", &package.evidence.path)?;
    let (Some(image), Some(index)) = (&inventory.image, package.evidence.layer) else {
        return Ok(());
    };
    let Some(layer) = image.layers.get(index as usize) else {
        return Ok(());
    };
    let whose = if layer.base { "base image" } else { "yours" };
    line(
        out,
        "layer",
        &format!(
            "{index} ({whose}), {}",
            layer.digest.as_ref().unwrap_or(&layer.diff_id)
        ),
    )?;
    if let Some(instruction) = &layer.created_by {
        line(out, "made by", instruction)?;
    }
    Ok(())
}

fn reported(finding: &Finding, package: &Package, out: &mut dyn Write) -> io::Result<()> {
    let reason = &finding.reason;
    line(
        out,
        "compared",
        &format!(
            "{} {}: {} (as {} versions are ordered)",
            reason.package,
            reason.version,
            range_in_words(&reason.range),
            reason.scheme
        ),
    )?;
    let by = if finding.severity_source.is_empty() {
        "nobody rates it".to_owned()
    } else {
        format!("says {}", finding.severity_source)
    };
    line(out, "severity", &format!("{}, {by}", finding.severity))?;
    for rating in &finding.ratings {
        let score = rating
            .score
            .map_or(String::new(), |score| format!(" {score:.1}"));
        let vector = rating.vector.as_deref().unwrap_or_default();
        line(
            out,
            "rating",
            format!("{}: {}{score} {vector}", rating.source, rating.severity).trim_end(),
        )?;
    }
    if let Some(day) = finding.published {
        line(out, "published", &day.to_string())?;
    }
    if let Some(kev) = &finding.kev {
        let mut text = "known to be exploited (CISA KEV)".to_owned();
        if !kev.date_added.is_empty() {
            text.push_str(&format!(", since {}", kev.date_added));
        }
        if kev.ransomware {
            text.push_str(", in ransomware campaigns");
        }
        line(out, "exploited", &text)?;
    }
    if let Some(epss) = &finding.epss {
        line(
            out,
            "EPSS",
            &format!(
                "{:.1} % chance of exploitation within 30 days, more than {:.0} % of all",
                epss.score * 100.0,
                epss.percentile * 100.0
            ),
        )?;
    }
    match (&finding.fixed_version, &finding.fix_command) {
        (Some(version), Some(command)) => line(out, "fix", &format!("{version}: {command}"))?,
        (Some(version), None) => line(out, "fix", version)?,
        (None, _) => line(
            out,
            "fix",
            &format!(
                "none; the state is {}",
                finding.state.name().replace('_', " ")
            ),
        )?,
    }
    if finding.origin == Origin::Base {
        line(
            out,
            "or",
            "take a newer base image: its layers brought the package",
        )?;
    }
    line(
        out,
        "waive",
        &format!(
            "a waiver for {} and package {} with a reason and an expiry (docs/waivers-and-vex.md)",
            finding.id, package.name
        ),
    )
}

/// `< 1.2` reads as it stands; nothing stands for everything.
fn range_in_words(range: &str) -> String {
    match range {
        "" | "all versions" => "all versions are affected".to_owned(),
        range => format!("affected {range}"),
    }
}
