//! `seaworthy.toml`: a key per long option, at the top for every command that has it, or in a
//! table named like the command (`[scan]`, `[gitlab.scan]`). The command line and the environment
//! win over it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

const DEFAULT_FILE: &str = "seaworthy.toml";

/// Puts the values of the configuration file in place of the options' defaults.
pub(crate) fn apply(
    command: clap::Command,
    arguments: &[OsString],
) -> Result<clap::Command, Failure> {
    let named = named_file(arguments);
    let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
            return Ok(command);
        }
        Err(e) => {
            return Err(Failure::usage(format!(
                "cannot read {}: {e}",
                path.display()
            )));
        }
    };
    apply_text(command, &text, &path)
}

fn named_file(arguments: &[OsString]) -> Option<PathBuf> {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        if text == "--" {
            break;
        }
        if text == "--config" {
            return rest.next().map(PathBuf::from);
        }
        if let Some(file) = text.strip_prefix("--config=") {
            return Some(PathBuf::from(file));
        }
    }
    std::env::var_os("SEAWORTHY_CONFIG")
        .filter(|v| !v.is_empty())
        .map(PathBuf::from)
}

fn apply_text(command: clap::Command, text: &str, path: &Path) -> Result<clap::Command, Failure> {
    let bad = |what: String| Failure::usage(format!("{}: {what}", path.display()));
    let table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| bad(e.to_string().trim_end().to_owned()))?;
    let mut command = command;
    for (key, value) in &table {
        if let toml::Value::Table(inner) = value {
            if command.find_subcommand(key).is_none() {
                return Err(bad(format!("`[{key}]` is not a command")));
            }
            for (name, value) in inner {
                command = in_command(command, key, name, value).map_err(&bad)?;
            }
            continue;
        }
        let values = values_of(key, value).map_err(&bad)?;
        let (changed, count) = everywhere(command, key, &values);
        command = changed;
        if count == 0 {
            return Err(bad(format!(
                "`{key}` is not an option; `seaworthy scan --help` lists them"
            )));
        }
    }
    Ok(command)
}

/// `[command] option = value` or `[command.subcommand] option = value`.
fn in_command(
    command: clap::Command,
    name: &str,
    key: &str,
    value: &toml::Value,
) -> Result<clap::Command, String> {
    let mut error = None;
    let changed = command.mut_subcommand(name, |sub| {
        if let toml::Value::Table(inner) = value {
            if sub.find_subcommand(key).is_none() {
                error = Some(format!("`[{name}.{key}]` is not a command"));
                return sub;
            }
            let mut sub = sub;
            for (option, value) in inner {
                match in_command(sub.clone(), key, option, value) {
                    Ok(done) => sub = done,
                    Err(e) => error = Some(e),
                }
            }
            return sub;
        }
        match values_of(key, value) {
            Ok(values) => {
                let (sub, found) = set(sub, key, &values);
                if !found {
                    error = Some(format!("`{name}` has no option `{key}`"));
                }
                sub
            }
            Err(e) => {
                error = Some(e);
                sub
            }
        }
    });
    error.map_or(Ok(changed), Err)
}

fn everywhere(command: clap::Command, key: &str, values: &[String]) -> (clap::Command, usize) {
    let (mut command, found) = set(command, key, values);
    let mut count = usize::from(found);
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        command = command.mut_subcommand(name, |sub| {
            let (sub, inner) = everywhere(sub, key, values);
            count += inner;
            sub
        });
    }
    (command, count)
}

fn set(command: clap::Command, key: &str, values: &[String]) -> (clap::Command, bool) {
    let option = key.replace('_', "-");
    let Some(id) = command
        .get_arguments()
        .find(|a| a.get_long() == Some(option.as_str()))
        .map(|a| a.get_id().clone())
    else {
        return (command, false);
    };
    // Defaults must live as long as the command, which is as long as the program.
    let values: Vec<&'static str> = values
        .iter()
        .map(|v| &*Box::leak(v.clone().into_boxed_str()))
        .collect();
    (
        command.mut_arg(id, |argument| argument.default_values(values)),
        true,
    )
}

fn values_of(key: &str, value: &toml::Value) -> Result<Vec<String>, String> {
    Ok(match value {
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Integer(number) => vec![number.to_string()],
        toml::Value::Boolean(flag) => vec![flag.to_string()],
        toml::Value::Array(items) => items
            .iter()
            .map(|item| values_of(key, item))
            .collect::<Result<Vec<_>, _>>()?
            .concat(),
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => {
            return Err(format!(
                "`{key}` must be text, a whole number, true, false or a list"
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{self, Command};

    fn scan(toml: &str, arguments: &[&str]) -> Result<args::ScanArgs, String> {
        let command = apply_text(args::command(), toml, Path::new("seaworthy.toml"))
            .map_err(|f| f.message)?;
        let all = ["seaworthy", "scan", "image"]
            .iter()
            .chain(arguments)
            .map(OsString::from)
            .collect();
        match args::parse(command, all)
            .map_err(|e| e.to_string())?
            .command
        {
            Command::Scan(scan) => Ok(scan),
            _ => Err("not scan".to_owned()),
        }
    }

    #[test]
    fn the_file_sets_defaults_and_the_command_line_wins() {
        let toml = "fail-on = \"high\"\nmax_db_age = 3\n[scan]\nignore-unfixed = true\noutput = [\"json\", \"table\"]\n";
        let args = scan(toml, &[]).unwrap();
        assert_eq!(args.gate.fail.on.map(|s| s.name()), Some("high"));
        assert!(args.gate.ignore_unfixed);
        assert_eq!(args.database.max_db_age, 3);
        assert_eq!(args.output.specs.len(), 2);
        let args = scan(toml, &["--fail-on", "low", "-o", "sarif"]).unwrap();
        assert_eq!(args.gate.fail.on.map(|s| s.name()), Some("low"));
        assert_eq!(args.output.specs.len(), 1);
    }

    #[test]
    fn mistakes_are_named() {
        for (toml, expected) in [
            ("fial-on = \"high\"", "`fial-on` is not an option"),
            ("[skan]\nall = true", "`[skan]` is not a command"),
            ("[scan]\nfeeds = \"x\"", "`scan` has no option `feeds`"),
            ("all = 1.5", "must be text"),
            ("all = ", "seaworthy.toml:"),
        ] {
            let error = scan(toml, &[]).unwrap_err();
            assert!(error.contains(expected), "{toml}: {error}");
        }
        assert!(scan("fail-on = \"awful\"", &[]).is_err());
    }
}
