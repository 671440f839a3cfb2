use std::collections::HashMap;

/// Properties inside properties.
const MAX_DEPTH: usize = 10;
/// Longest text that properties may make, in bytes.
const MAX_LEN: usize = 4096;

/// What `${…}` stands for.
#[derive(Debug, Default)]
pub(super) struct Properties {
    values: HashMap<String, String>,
}

impl Properties {
    /// Adds a property; one that is there already stays.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.values
                .entry(name.to_owned())
                .or_insert_with(|| value.to_owned());
        }
    }

    pub(super) fn add_all(&mut self, values: &[(String, String)]) {
        for (name, value) in values {
            self.add(name, value);
        }
    }

    /// A text with its properties filled in; those that are not known stay as they are.
    pub(super) fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..MAX_DEPTH {
            if !text.contains("${") {
                break;
            }
            let (next, changed) = self.once(&text);
            if !changed || next.len() > MAX_LEN {
                break;
            }
            text = next;
        }
        text
    }

    fn once(&self, text: &str) -> (String, bool) {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut changed = false;
        while let Some(at) = rest.find("${") {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let Some(end) = rest.find('}') else { break };
            match self.values.get(&rest[2..end]) {
                Some(value) => {
                    out.push_str(value);
                    changed = true;
                }
                None => out.push_str(&rest[..=end]),
            }
            rest = &rest[end + 1..];
            if out.len() > MAX_LEN {
                break;
            }
        }
        out.push_str(rest);
        (out, changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_filled_in_within_limits() {
        let mut properties = Properties::default();
        for (name, value) in [
            ("a", "1.${b}"),
            ("b", "2"),
            ("loop", "x${loop}"),
            ("big", "${big}${big}${big}${big}${big}${big}"),
        ] {
            properties.add(name, value);
        }
        properties.add("a", "later");
        for (text, filled) in [
            ("${a}", "1.2"),
            ("${a}-${none}", "1.2-${none}"),
            ("${a", "${a"),
            ("x", "x"),
        ] {
            assert_eq!(properties.fill(text), filled);
        }
        assert!(properties.fill("${loop}").contains("${loop}"));
        assert!(properties.fill("${big}").len() <= MAX_LEN);
    }
}
