//! Where the views of reports go: a format, and a file or standard output.

use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;

use crate::exit::Failure;
use crate::output::{print, write_file};

/// A format of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ViewFormat {
    Table,
    Markdown,
    Json,
    OpenMetrics,
    Prometheus,
    Svg,
}

impl ViewFormat {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Table, "table"),
        (Self::Markdown, "markdown"),
        (Self::Json, "json"),
        (Self::OpenMetrics, "openmetrics"),
        (Self::Prometheus, "prometheus"),
        (Self::Svg, "svg"),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(format, _)| *format == self)
            .map_or("", |(_, name)| name)
    }
}

/// `FORMAT` or `FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ViewSpec {
    pub(crate) format: ViewFormat,
    pub(crate) file: Option<PathBuf>,
}

impl FromStr for ViewSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, file) = crate::output::format_and_file(text)?;
        let format = ViewFormat::ALL
            .into_iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(word.trim()))
            .map(|(format, _)| format)
            .ok_or_else(|| {
                let names: Vec<_> = ViewFormat::ALL.iter().map(|(_, name)| *name).collect();
                format!("`{word}` is not a format ({})", names.join(", "))
            })?;
        Ok(Self { format, file })
    }
}

/// Tells what a command cannot write before it begins to work.
pub(crate) fn check_views(specs: &[ViewSpec], views: &[ViewFormat]) -> Result<(), Failure> {
    crate::output::distinct_places(specs.iter().map(|spec| &spec.file))?;
    match specs.iter().find(|spec| !views.contains(&spec.format)) {
        Some(spec) => {
            let names: Vec<&str> = views.iter().map(|view| view.name()).collect();
            Err(Failure::usage(format!(
                "this command has no view as {}",
                spec.format.name()
            ))
            .hint(format!("it has {}", names.join(", "))))
        }
        None => Ok(()),
    }
}

/// What a command can write in a format; none when it has no such view.
pub(crate) type Render<'a> = &'a dyn Fn(ViewFormat, &mut dyn Write) -> Option<io::Result<()>>;

/// Writes every view that was asked for.
pub(crate) fn write_views(specs: &[ViewSpec], render: Render<'_>) -> Result<(), Failure> {
    for spec in specs {
        let write = |out: &mut dyn Write| match render(spec.format, out) {
            Some(result) => result,
            None => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("there is no view as {}", spec.format.name()),
            )),
        };
        match &spec.file {
            Some(path) => write_file(path, write)?,
            None => print(write)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_name_a_format_and_perhaps_a_file() {
        let spec: ViewSpec = "json=a/b.json".parse().unwrap();
        assert_eq!(spec.format, ViewFormat::Json);
        assert_eq!(spec.file, Some(PathBuf::from("a/b.json")));
        assert!("pdf".parse::<ViewSpec>().is_err());
        assert!("json=".parse::<ViewSpec>().is_err());
    }

    #[test]
    fn a_view_that_is_not_there_is_said_before_anything_else() {
        let spec = |text: &str| text.parse::<ViewSpec>().unwrap();
        let views = [ViewFormat::Table, ViewFormat::Json];
        let check = |specs: &[ViewSpec]| check_views(specs, &views).map_err(|e| e.message);
        assert_eq!(check(&[spec("table"), spec("json=a.json")]), Ok(()));
        for (specs, words) in [
            (vec![spec("svg=x.svg")], "no view as svg"),
            (vec![spec("json"), spec("table")], "standard output"),
            (vec![spec("json"), spec("table=-")], "standard output"),
            (vec![spec("json=a"), spec("table=a")], "two formats go to a"),
        ] {
            let error = check(&specs).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
