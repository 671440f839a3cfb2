//! A report through the user's own template.

use std::io::Write;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};
use seaworthy_model::{Report, Severity};

use crate::{Error, WriteOptions, text, words};

/// Steps that a template may take: far more than any report needs, and an end to a loop without one.
const FUEL: u64 = 1_000_000_000;

/// Writes a report through a Jinja template.
///
/// The template gets the report as `report` (the shape of the JSON format), each of its fields by
/// its own name, `rows` (vulnerabilities with their `package` and `url`), `verdict`, `why`,
/// `start_time`, `end_time` and `severities`. Names that end in `.html`, `.htm` or `.xml` escape
/// HTML on their own, those in `.json` write values as JSON; the filters `csv`, `markdown` and
/// `plain` make a string harmless in those media. Nothing is read besides the text.
///
/// # Errors
/// [`Error::Template`] names the template, the line and the cause; [`Error::Write`] when the sink
/// refuses the bytes.
pub fn write_template(
    report: &Report,
    options: &WriteOptions,
    name: &str,
    template: &str,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let failed = |source: minijinja::Error| Error::Template {
        name: name.to_owned(),
        source,
    };
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|name| match name.rsplit('.').next() {
        Some("html" | "htm" | "xml") => AutoEscape::Html,
        Some("json" | "yaml" | "yml") => AutoEscape::Json,
        _ => AutoEscape::None,
    });
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .map_err(failed)?,
    );
    environment.set_fuel(Some(FUEL));
    environment.add_filter("csv", |value: String| text::csv(&value));
    environment.add_filter("markdown", |value: String| text::markdown(&value));
    environment.add_filter("plain", |value: String| text::plain(&value));
    environment.add_template(name, template).map_err(failed)?;
    let page = environment
        .get_template(name)
        .and_then(|t| t.render(values(report, options)))
        .map_err(failed)?;
    out.write_all(page.as_bytes())?;
    Ok(())
}

fn values(report: &Report, options: &WriteOptions) -> Value {
    let (verdict, why) = words::verdict(report);
    let rows: Vec<Value> = words::findings(report)
        .map(|(finding, package)| {
            context! {
                package => Value::from(Serde(package)),
                url => finding.url(),
                ..Value::from(Serde(finding))
            }
        })
        .collect();
    let whole = Value::from(Serde(report));
    context! {
        report => whole.clone(),
        rows, verdict, why,
        start_time => &options.start_time,
        end_time => &options.end_time,
        severities => Severity::WORST_FIRST.map(Severity::name),
        ..whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn rendered(name: &str, template: &str) -> Result<String, Error> {
        let mut out = Vec::new();
        write_template(
            &sample::report(),
            &WriteOptions::default(),
            name,
            template,
            &mut out,
        )?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_report_is_there_by_its_field_names() {
        let text = rendered(
            "list.txt",
            "{{ target.name }} {{ verdict }}\n{% for row in rows if row.severity == 'critical' %}\n\
             {{ row.id }} {{ row.package.name }} {{ row.url }}\n{% endfor %}\n{{ report.secrets | length }}\n",
        )
        .unwrap();
        assert!(text.starts_with("registry.example.com/shop/web:1.8 NOT SEAWORTHY\n"));
        assert!(text.contains(
            "CVE-2021-44228 org.apache.logging.log4j:log4j-core https://nvd.nist.gov/vuln/detail/CVE-2021-44228\n"
        ));
    }

    #[test]
    fn escaping_follows_the_name() {
        for (name, expected) in [
            ("a.html", "&lt;b&gt;"),
            ("a.json", "\"<b>\""),
            ("a.txt", "<b>"),
        ] {
            let text = rendered(name, "{{ '<b>' }}").unwrap();
            // JSON may escape `<` too, which reads the same.
            assert_eq!(
                text.replace("\\u003c", "<").replace("\\u003e", ">"),
                expected,
                "{name}"
            );
        }
        assert_eq!(rendered("a", "{{ '=1' | csv }}").unwrap(), "\"'=1\"");
    }

    #[test]
    fn a_wrong_template_is_named_with_its_line() {
        let error = rendered("mine.tpl", "a\n{% for x in %}").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("mine.tpl") && text.contains('2'), "{text}");
        assert!(rendered("mine.tpl", "{% include 'etc/passwd' %}").is_err());
    }
}
