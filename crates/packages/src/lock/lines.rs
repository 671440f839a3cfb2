use std::collections::HashMap;

/// Finds the lines of things in a text whose parser tells none.
pub(super) struct Lines<'a> {
    by_key: HashMap<&'a str, u32>,
}

impl<'a> Lines<'a> {
    /// The first line of each quoted key: `"node_modules/a": {`.
    pub(super) fn of_json_keys(text: &'a str) -> Self {
        Self::new(text, |line| {
            let rest = line.strip_prefix('"')?;
            let (key, rest) = rest.split_once('"')?;
            rest.trim_start().starts_with(':').then_some(key)
        })
    }

    /// The line of each object with a key, `"a": {`, where there is only one with that key.
    pub(super) fn of_json_objects(text: &'a str) -> Self {
        let mut by_key: HashMap<&'a str, u32> = HashMap::new();
        for (number, line) in numbered(text) {
            let line = line.trim();
            let key = line.strip_prefix('"').and_then(|rest| rest.split_once('"'));
            if let Some((key, _)) = key.filter(|(_, rest)| rest.ends_with('{')) {
                by_key.entry(key).and_modify(|at| *at = 0).or_insert(number);
            }
        }
        Self { by_key }
    }

    /// The first line of each value of one key: `"name": "psr/log",`.
    pub(super) fn of_json_values(text: &'a str, key: &str) -> Self {
        Self::new(text, |line| {
            let rest = line.strip_prefix('"')?.strip_prefix(key)?;
            let rest = rest.strip_prefix('"')?.trim_start().strip_prefix(':')?;
            rest.trim_start().strip_prefix('"')?.split('"').next()
        })
    }

    fn new(text: &'a str, key: impl Fn(&'a str) -> Option<&'a str>) -> Self {
        let mut by_key = HashMap::new();
        for (number, line) in numbered(text) {
            if let Some(key) = key(line.trim_start()) {
                by_key.entry(key).or_insert(number);
            }
        }
        Self { by_key }
    }

    /// 0 where the key is not at the beginning of a line.
    pub(super) fn of(&self, key: &str) -> u32 {
        self.by_key.get(key).copied().unwrap_or(0)
    }
}

/// The lines of a text with their numbers from 1.
pub(super) fn numbered(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1..).zip(text.lines())
}

/// The lines of the headers of an array of tables: `[[package]]`.
pub(super) fn of_tables(text: &str, header: &str) -> Vec<u32> {
    numbered(text)
        .filter(|(_, line)| line.trim() == header)
        .map(|(number, _)| number)
        .collect()
}

/// Parses JSON; the error names line and column.
pub(super) fn json(text: &str, what: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|e| format!("not readable as {what}: {e}"))
}

/// Parses TOML; the error names the line.
pub(super) fn toml(text: &str, what: &str) -> Result<toml::Table, String> {
    text.parse::<toml::Table>().map_err(|e| {
        let line = e.span().map_or(0, |span| {
            let end = span.start.min(text.len());
            text.as_bytes()[..end]
                .iter()
                .filter(|b| **b == b'\n')
                .count()
                + 1
        });
        let message = e.message();
        format!("not readable as {what}: {message} at line {line}")
    })
}

/// The tables of an array of a TOML file, each with the line of its header.
pub(super) fn tables<'t>(
    table: &'t toml::Table,
    text: &str,
    name: &str,
) -> Vec<(u32, &'t toml::Table)> {
    let lines = of_tables(text, &format!("[[{name}]]"));
    let array = table.get(name).and_then(toml::Value::as_array);
    let tables: Vec<&toml::Table> = array
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_table)
        .collect();
    let exact = lines.len() == tables.len();
    tables
        .into_iter()
        .enumerate()
        .map(|(at, table)| (if exact { lines[at] } else { 0 }, table))
        .collect()
}

/// A text of a TOML table.
pub(super) fn text<'t>(table: &'t toml::Table, key: &str) -> Option<&'t str> {
    table.get(key).and_then(toml::Value::as_str)
}
