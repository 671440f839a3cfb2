use std::time::Duration;

use reqwest::redirect::Policy;

use crate::{Error, SourceOptions};

/// Most redirects of one request.
const MAX_REDIRECTS: usize = 5;
/// Largest file of authorities, in bytes.
const MAX_CA_FILE: u64 = 16 << 20;

/// A client that verifies certificates, uses the proxies of the environment, follows redirects but
/// not out of TLS, and sends nobody's credentials to another host. The time without a byte counts
/// from when a request begins to be sent, so it is no measure for large bodies.
pub(super) fn build(
    options: &SourceOptions,
    read: Option<Duration>,
) -> Result<reqwest::Client, Error> {
    let mut authorities = Vec::new();
    for path in &options.ca_files {
        let pem = crate::disk::read_limited(path, MAX_CA_FILE)?;
        let bad = |why: String| {
            Error::usage(
                crate::error::shown(path),
                format!("holds no certificates: {why}"),
            )
            .with_hint("--ca-cert takes a file of certificates in PEM")
        };
        let certificates =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|e| bad(e.to_string()))?;
        if certificates.is_empty() {
            return Err(bad("it has no PEM block".to_owned()));
        }
        authorities.extend(certificates);
    }
    let builder = || {
        let builder = match options.user_agent.as_str() {
            "" => reqwest::Client::builder(),
            agent => reqwest::Client::builder().user_agent(agent),
        };
        let builder = match read {
            Some(read) => builder.read_timeout(read),
            None => builder,
        };
        builder
            .connect_timeout(options.timing.connect)
            .referer(false)
            .redirect(redirects())
            .tls_danger_accept_invalid_certs(options.insecure)
    };
    let failed = |e: reqwest::Error| Error::operation("network", format!("cannot be used: {e}"));
    match builder().tls_certs_merge(authorities.clone()).build() {
        Ok(client) => Ok(client),
        // A machine without any authorities, such as an empty container, may still speak plain
        // HTTP; that nobody is trusted shows, and is explained, when TLS is spoken.
        Err(_) if authorities.is_empty() => builder().tls_certs_only([]).build().map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

fn redirects() -> Policy {
    Policy::custom(|attempt| {
        let downgrade = attempt
            .previous()
            .last()
            .is_some_and(|from| from.scheme() == "https" && attempt.url().scheme() != "https");
        if downgrade {
            attempt.error("a redirect from HTTPS to plain HTTP is not followed")
        } else if attempt.previous().len() > MAX_REDIRECTS {
            attempt.error("too many redirects")
        } else {
            attempt.follow()
        }
    })
}
