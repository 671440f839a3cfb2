//! The program `seaworthy`: options in, exit status out.

mod args;
mod commands;
mod exit;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match args::Cli::try_parse() {
        Ok(cli) => exit::finish(commands::run(cli.command)),
        Err(error) => exit::usage(&error),
    }
}
