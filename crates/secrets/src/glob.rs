//! Path patterns: `*` within a name, `**` over directories, `?`, `{a,b}` and `[a-z]`.

/// The regular expression of a glob over whole paths; without a slash it is about the file name.
pub(crate) fn to_regex(glob: &str) -> String {
    let glob = glob.trim_start_matches('/');
    let mut out = String::from("^");
    if !glob.contains('/') {
        out.push_str("(?:.*/)?");
    }
    let mut depth = 0_usize;
    let mut rest = glob.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' if rest.peek() == Some(&'*') => {
                rest.next();
                if rest.peek() == Some(&'/') {
                    rest.next();
                    out.push_str("(?:.*/)?");
                } else {
                    out.push_str(".*");
                }
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '{' => {
                depth += 1;
                out.push_str("(?:");
            }
            '}' if depth > 0 => {
                depth -= 1;
                out.push(')');
            }
            ',' if depth > 0 => out.push('|'),
            '[' => {
                out.push('[');
                if rest.peek() == Some(&'!') {
                    rest.next();
                    out.push('^');
                }
            }
            ']' => out.push(']'),
            c if c.is_alphanumeric() || matches!(c, '/' | '-' | '_') => out.push(c),
            c => {
                out.push('\\');
                out.push(c);
            }
        }
    }
    out.push('$');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_paths_or_names() {
        let check = |glob: &str, path: &str, expected: bool| {
            let regex = regex::Regex::new(&to_regex(glob)).unwrap();
            assert_eq!(regex.is_match(path), expected, "{glob} on {path}");
        };
        check("*.pem", "etc/ssl/a.pem", true);
        check("*.pem", "a.pem.bak", false);
        check("/etc/shadow", "etc/shadow", true);
        check("etc/shadow", "srv/etc/shadow", false);
        check("**/etc/shadow", "srv/etc/shadow", true);
        check("**/etc/shadow", "etc/shadow", true);
        check("srv/**", "srv/a/b", true);
        check("srv/*", "srv/a/b", false);
        check(".env{,.*}", "app/.env.local", true);
        check(".env{,.*}", "app/.env", true);
        check("id_[a-z]sa", "root/.ssh/id_rsa", true);
        check("a+b(c)", "a+b(c)", true);
    }
}
