use std::path::PathBuf;

use url::Url;

use crate::Error;

/// Where a document is.
pub(super) enum Address {
    /// On a web server.
    Web {
        /// With credentials, if there are any.
        url: Url,
        /// Without.
        shown: String,
    },
    /// On a disk.
    File(PathBuf),
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let none = || {
            Error::usage(shown(text), "is no address")
                .with_hint("it begins with http://, https:// or file:///")
        };
        let url = Url::parse(text).map_err(|_| none())?;
        match url.scheme() {
            "http" | "https" if url.has_host() => Ok(Self::Web {
                shown: without_secrets(&url),
                url,
            }),
            "file" => url
                .to_file_path()
                .map(Self::File)
                .map_err(|()| none().with_hint("file:// is followed by the whole path: file:///…")),
            _ => Err(none()),
        }
    }
}

/// The host, with its port where that is not the usual one.
pub(super) fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

/// An address for messages and files: passwords and tokens in it are nobody's business.
pub(super) fn shown(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) => without_secrets(&url),
        // What looks like credentials goes, whether or not the rest is an address.
        Err(_) => match (text.find("://"), text.rfind('@')) {
            (Some(scheme), Some(at)) if at > scheme => {
                format!("{}{}", &text[..scheme + 3], &text[at + 1..])
            }
            _ => text.to_owned(),
        },
    }
}

/// Parts of the names of parameters whose values are secret.
const SECRET: [&str; 8] = [
    "token", "key", "sig", "secret", "pass", "auth", "cred", "session",
];

fn without_secrets(url: &Url) -> String {
    let mut url = url.clone();
    // Addresses that cannot have them have none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    let Some(query) = url.query() else {
        return url.to_string();
    };
    let query: Vec<String> = query
        .split('&')
        .map(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            let lower = name.to_ascii_lowercase();
            if SECRET.iter().any(|word| lower.contains(word)) {
                format!("{name}=…")
            } else {
                pair.to_owned()
            }
        })
        .collect();
    url.set_query(None);
    format!("{url}?{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_secrets() {
        for (text, expected) in [
            (
                "http://user:secret@push.example.com/x",
                "http://push.example.com/x",
            ),
            (
                "https://token@example.com:8443/a?b=c&private_token=abc&X-Amz-Signature=d#e",
                "https://example.com:8443/a?b=c&private_token=…&X-Amz-Signature=…",
            ),
            (
                "https://example.com/a?startIndex=0",
                "https://example.com/a?startIndex=0",
            ),
            ("https://u:p@:x/", "https://:x/"),
            ("push:9091", "push:9091"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn only_web_and_file_addresses_are_addresses() {
        for text in [
            "push:9091",
            "",
            "ftp://example.com/a",
            "http://",
            "/etc/passwd",
            "data:,x",
        ] {
            let error = Address::parse(text).err().expect(text);
            assert!(error.to_string().contains("is no address"), "{error}");
        }
        let file = Address::parse("file:///srv/feeds/a%20b.json");
        assert!(matches!(file, Ok(Address::File(path)) if path.ends_with("feeds/a b.json")));
        let remote = Address::parse("file://host/share").err().expect("no host");
        assert!(remote.hint().is_some_and(|hint| hint.contains("file:///")));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics_and_no_password_is_shown(text in "\\PC{0,30}", scheme in "(https?|file|ftp)") {
            let _ = Address::parse(&text);
            let shown = shown(&format!("{scheme}://user:hidden-pass@{text}"));
            proptest::prop_assert!(!shown.contains("hidden-pass"), "{}", shown);
        }
    }
}
