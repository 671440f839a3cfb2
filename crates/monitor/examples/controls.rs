//! Prints the tables of controls in `docs/compliance.md`.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use seaworthy_monitor::{Framework, controls_markdown};

fn main() {
    let tables: Vec<String> = Framework::ALL.into_iter().map(controls_markdown).collect();
    print!("{}", tables.join("\n"));
}
