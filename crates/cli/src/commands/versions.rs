use std::cmp::Ordering;
use std::io::{self, BufRead};

use seaworthy_versions::{Scheme, compare as compare_versions};

use crate::exit::{Failure, Outcome, Status};
use crate::output::print;

const fn sign(order: Ordering) -> &'static str {
    match order {
        Ordering::Less => "<",
        Ordering::Equal => "=",
        Ordering::Greater => ">",
    }
}

pub(crate) fn compare(scheme: &str, a: &str, b: Option<String>) -> Outcome {
    let scheme: Scheme = scheme.parse().map_err(Failure::usage)?;
    match b {
        Some(b) => {
            let order = compare_versions(scheme, a, &b).map_err(Failure::usage)?;
            print(|out| writeln!(out, "{}", sign(order)))?;
            Ok(Status::Pass)
        }
        None if a == "-" => check_lines(scheme, io::stdin().lock()),
        None => Err(Failure::usage(
            "a second version is missing; or write - for lines `A OP B` on standard input",
        )),
    }
}

/// Prints each line `A OP B` that disagrees, with the sign that holds.
fn check_lines(scheme: Scheme, lines: impl BufRead) -> Outcome {
    let mut status = Status::Pass;
    for (number, line) in lines.lines().enumerate() {
        let line = line.map_err(|e| Failure::failed(format!("cannot read standard input: {e}")))?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let (a, said, b) = match words[..] {
            [] => continue,
            [a, said @ ("<" | "=" | ">"), b] => (a, said, b),
            _ => {
                return Err(Failure::usage(format!(
                    "line {}: `{line}` is not of the form A OP B, with <, = or > as OP",
                    number + 1
                )));
            }
        };
        let order = compare_versions(scheme, a, b)
            .map_err(|e| Failure::usage(format!("line {}: {e}", number + 1)))?;
        if sign(order) != said {
            status = Status::GateFailed;
            print(|out| writeln!(out, "{a} {said} {b}    but it is {}", sign(order)))?;
        }
    }
    Ok(status)
}
