use std::io::IsTerminal as _;

/// What standard output can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terminal {
    pub(crate) color: bool,
    pub(crate) width: usize,
    pub(crate) unicode: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Terminal {
    /// Looks at standard output and the environment (`NO_COLOR`, `CLICOLOR_FORCE`, `COLUMNS`,
    /// `LC_ALL`, `LC_CTYPE`, `LANG`).
    pub(crate) fn of_stdout(choice: ColorChoice) -> Self {
        let stdout = std::io::stdout();
        let color = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                set("CLICOLOR_FORCE")
                    || (stdout.is_terminal()
                        && !set("NO_COLOR")
                        && std::env::var_os("TERM").is_none_or(|t| t != "dumb"))
            }
        };
        let measured = console::Term::stdout()
            .size_checked()
            .map(|(_, columns)| usize::from(columns));
        let width = std::env::var("COLUMNS")
            .ok()
            .and_then(|c| c.parse().ok())
            .or(measured)
            .unwrap_or(80);
        Self {
            color,
            width,
            unicode: draws_unicode(),
        }
    }
}

fn set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0")
}

fn draws_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
        .unwrap_or_default()
        .to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Whether a person looks at the messages on standard error, and no pipeline does.
pub(crate) fn person_watches() -> bool {
    std::io::stderr().is_terminal() && !set("CI")
}

/// Text from outside without control characters, so that no image can move the cursor.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\t' { ' ' } else { c })
        .collect()
}
