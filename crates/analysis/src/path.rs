use std::borrow::Cow;
use std::hash::Hasher;

use rustc_hash::FxHasher;

/// Longest path that is looked at (Linux `PATH_MAX`).
pub(crate) const MAX_PATH: usize = 4096;

/// A path from the root of the image without `/` in front, `.` or empty components; none when it
/// climbs out with `..`, is too long or holds a NUL. The root itself is the empty path.
pub(crate) fn normalise(raw: &str) -> Option<Cow<'_, str>> {
    if raw.len() > MAX_PATH || raw.contains('\0') {
        return None;
    }
    let mut trimmed = raw;
    loop {
        let next = trimmed
            .strip_prefix("./")
            .or_else(|| trimmed.strip_prefix('/'));
        match next {
            Some(rest) => trimmed = rest,
            None => break,
        }
    }
    let trimmed = trimmed.trim_end_matches('/');
    if trimmed == "." {
        return Some(Cow::Borrowed(""));
    }
    let plain = !trimmed.is_empty()
        && !trimmed.contains("//")
        && !trimmed.contains("/.")
        && !trimmed.starts_with("..");
    if plain || trimmed.is_empty() {
        return Some(Cow::Borrowed(trimmed));
    }
    let mut clean = String::with_capacity(trimmed.len());
    for part in trimmed.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            part => {
                if !clean.is_empty() {
                    clean.push('/');
                }
                clean.push_str(part);
            }
        }
    }
    Some(Cow::Owned(clean))
}

/// A number for a path; collisions may only ever hide a file of a hostile image, which could as
/// well delete it.
pub(crate) fn hash(path: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(path.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_and_never_climb() {
        for (raw, clean) in [
            ("etc/os-release", Some("etc/os-release")),
            ("./etc/os-release", Some("etc/os-release")),
            ("/etc//./os-release", Some("etc/os-release")),
            ("./", Some("")),
            ("/", Some("")),
            (".", Some("")),
            ("usr/", Some("usr")),
            ("a/.hidden/b", Some("a/.hidden/b")),
            ("..a/b", Some("..a/b")),
            ("../etc/passwd", None),
            ("a/../b", None),
            ("a/..", None),
            ("a\0b", None),
        ] {
            assert_eq!(normalise(raw).as_deref(), clean, "{raw:?}");
        }
        assert_eq!(normalise(&"a/".repeat(5000)), None);
    }
}
