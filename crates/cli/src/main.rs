//! The program `seaworthy`: options in, exit status out.

mod args;
mod commands;
mod exit;
mod gitlab;
mod interrupt;
mod output;
mod progress;
mod settings;
mod terminal;
mod time;
mod view;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::finish(run())
}

fn run() -> exit::Outcome {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let arguments = args::as_invoked(arguments);
    let command = settings::apply(args::command(), &arguments)?;
    let parsed = match args::parse(command, arguments) {
        Ok(parsed) => parsed,
        Err(error) => return exit::usage(&error),
    };
    commands::run(parsed)
}
