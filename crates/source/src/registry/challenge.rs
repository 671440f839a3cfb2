/// What a registry wants to see (RFC 9110, 11.6.1, "WWW-Authenticate").
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    /// `bearer`, `basic`, lower case.
    pub(super) scheme: String,
    params: Vec<(String, String)>,
}

impl Challenge {
    /// A parameter, by its lower-case name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Reads a header, which may hold several challenges.
    pub(super) fn parse(header: &str) -> Vec<Self> {
        let mut challenges: Vec<Self> = Vec::new();
        let mut rest = header.trim_start();
        while !rest.is_empty() {
            let end = rest.find([' ', '=', ',']).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let after = after.trim_start();
            if let Some(value) = after.strip_prefix('=') {
                let (value, left) = value_of(value.trim_start());
                if let Some(challenge) = challenges.last_mut() {
                    challenge.params.push((word.to_ascii_lowercase(), value));
                }
                rest = left;
            } else {
                if !word.is_empty() {
                    challenges.push(Self {
                        scheme: word.to_ascii_lowercase(),
                        params: Vec::new(),
                    });
                }
                rest = after;
            }
            rest = rest.trim_start_matches([',', ' ', '\t']);
        }
        challenges
    }
}

/// A token or a quoted string, and what follows it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_told_apart() {
        let parsed = Challenge::parse(
            r#"Bearer realm="https://auth.example.com/token",service="reg, one",scope="repository:a/b:pull", Basic realm=x"#,
        );
        assert_eq!(parsed.len(), 2);
        assert_eq!(parsed[0].scheme, "bearer");
        assert_eq!(
            parsed[0].get("realm"),
            Some("https://auth.example.com/token")
        );
        assert_eq!(parsed[0].get("service"), Some("reg, one"));
        assert_eq!(parsed[0].get("scope"), Some("repository:a/b:pull"));
        assert_eq!(
            (parsed[1].scheme.as_str(), parsed[1].get("realm")),
            ("basic", Some("x"))
        );
    }

    #[test]
    fn damaged_headers_end() {
        for header in [
            "",
            "=",
            ",,,",
            "Bearer",
            "Bearer realm=\"x",
            "Bearer =\"\\",
            "a=b",
            "\"",
            "Bearer realm",
        ] {
            let _ = Challenge::parse(header);
        }
    }
}
