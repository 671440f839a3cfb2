//! Plain HTTP requests to what is no registry: a Pushgateway, a file on a web server.

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;

use crate::registry::{client, quick};
use crate::{Error, SourceOptions};

/// Most that is read of an answer which is only a message, in bytes.
const MAX_MESSAGE: usize = 4 << 10;

/// Stores a body at an address (`PUT`).
///
/// # Errors
/// When the address is none, nobody answers, or the answer is no success.
pub fn put(
    url: &str,
    content_type: &str,
    body: Vec<u8>,
    options: &SourceOptions,
) -> Result<(), Error> {
    let shown = without_credentials(url);
    let address = url::Url::parse(url)
        .ok()
        .filter(|address| matches!(address.scheme(), "http" | "https"))
        .ok_or_else(|| {
            Error::usage(&*shown, "is no address").with_hint("it begins with http:// or https://")
        })?;
    let http = client(options, quick())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::operation(&*shown, format!("no runtime: {e}")))?;
    runtime.block_on(async {
        let mut response = http
            .put(address)
            .header(CONTENT_TYPE, content_type)
            .body(Bytes::from(body))
            .send()
            .await
            .map_err(|e| Error::operation(&*shown, format!("no answer: {}", e.without_url())))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let mut message = Vec::new();
        while message.len() < MAX_MESSAGE {
            match response.chunk().await {
                Ok(Some(piece)) => message.extend_from_slice(&piece),
                _ => break,
            }
        }
        message.truncate(MAX_MESSAGE);
        let text = String::from_utf8_lossy(&message);
        Err(Error::operation(
            &*shown,
            format!("{status} {}", text.lines().next().unwrap_or_default())
                .trim_end()
                .to_owned(),
        ))
    })
}

/// An address for messages: a password in it is nobody's business.
fn without_credentials(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut address) if !address.username().is_empty() || address.password().is_some() => {
            // Addresses that cannot have them have none.
            let _ = address.set_username("");
            let _ = address.set_password(None);
            address.to_string()
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_passwords() {
        assert_eq!(
            without_credentials("http://user:secret@push.example.com/x"),
            "http://push.example.com/x"
        );
        let error = put(
            "push:9091",
            "text/plain",
            Vec::new(),
            &SourceOptions::default(),
        );
        assert!(error.is_err_and(|e| e.to_string().contains("is no address")));
    }
}
