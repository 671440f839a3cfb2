//! Why TLS did not come about, for people: what is wrong with the certificate, which clock may be,
//! and what to do.

use std::error::Error as Cause;
use std::time::{Duration, SystemTime};

use rustls::CertificateError;
use rustls::pki_types::UnixTime;

/// What is wrong, and the next step.
pub(super) struct Trouble {
    pub(super) message: String,
    pub(super) hint: String,
}

/// The part of an error that TLS is responsible for.
pub(super) fn trouble(error: &reqwest::Error, host: &str) -> Option<Trouble> {
    let mut next: Option<&(dyn Cause + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return Some(of_tls(tls, host));
        }
        if is_silence(cause) {
            return Some(Trouble {
                message: format!("{host} ends the connection when TLS is spoken"),
                hint: NO_TLS.to_owned(),
            });
        }
        next = match cause
            .downcast_ref::<std::io::Error>()
            .map(std::io::Error::get_ref)
        {
            // The source of such an error is that of what it wraps, which would be skipped.
            Some(Some(inner)) => Some(inner),
            _ => cause.source(),
        };
    }
    None
}

const NO_TLS: &str = "check the port; for a server without TLS, --plain-http or http://";

/// What the library for TLS says, by words only, of a server that hangs up on the first message.
fn is_silence(cause: &(dyn Cause + 'static)) -> bool {
    cause
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.to_string() == "tls handshake eof")
}

fn of_tls(error: &rustls::Error, host: &str) -> Trouble {
    let (message, hint) = match error {
        rustls::Error::InvalidCertificate(certificate) => of_certificate(certificate, host),
        rustls::Error::InvalidMessage(_) => (
            format!("{host} does not speak TLS on this port"),
            NO_TLS.to_owned(),
        ),
        other => (
            format!(
                "no trusted connection to {host}: {}",
                super::clean(&other.to_string())
            ),
            "check that the server speaks TLS 1.2 or newer, and proxies (HTTPS_PROXY, NO_PROXY)"
                .to_owned(),
        ),
    };
    Trouble { message, hint }
}

fn of_certificate(error: &CertificateError, host: &str) -> (String, String) {
    use CertificateError as E;
    let clock = |time: &UnixTime| format!("this machine's clock says {}", day(*time));
    match error {
        E::ExpiredContext { time, not_after } => (
            format!(
                "the certificate of {host} expired on {}; {}",
                day(*not_after),
                clock(time)
            ),
            "set the clock if it is wrong; else whoever runs the server renews the certificate"
                .to_owned(),
        ),
        E::NotValidYetContext { time, not_before } => (
            format!(
                "the certificate of {host} is not valid before {}; {}",
                day(*not_before),
                clock(time)
            ),
            "this machine's clock is probably wrong: set it (timedatectl set-ntp true)".to_owned(),
        ),
        E::Expired => (
            format!("the certificate of {host} has expired"),
            "check this machine's clock; else whoever runs the server renews the certificate"
                .to_owned(),
        ),
        E::NotValidYet => (
            format!("the certificate of {host} is not valid yet"),
            "this machine's clock is probably wrong: set it (timedatectl set-ntp true)".to_owned(),
        ),
        E::NotValidForNameContext { presented, .. } => (
            format!(
                "the certificate of {host} is for other names: {}",
                super::clean(&names(presented))
            ),
            "use one of those names, or a certificate that names the host".to_owned(),
        ),
        E::NotValidForName => (
            format!("the certificate of {host} is for another name"),
            "use the name in the certificate, or a certificate that names the host".to_owned(),
        ),
        E::UnknownIssuer => (
            format!("the certificate of {host} is issued by nobody whom this machine trusts"),
            "trust its authority with --ca-cert FILE; without any authorities on the machine, \
             install the package ca-certificates; for a server without TLS, --plain-http"
                .to_owned(),
        ),
        E::BadSignature => (
            format!("the certificate of {host} is not signed by the authority that it names"),
            "the authority may have been made anew under its old name: get its current \
             certificate for --ca-cert FILE"
                .to_owned(),
        ),
        other => (
            format!(
                "the certificate of {host} cannot be trusted: {}",
                super::clean(&other.to_string())
            ),
            "use a certificate for servers, issued by an authority of this machine or of \
             --ca-cert FILE"
                .to_owned(),
        ),
    }
}

/// The first names of a certificate; rustls writes `DnsName("example.com")`.
fn names(presented: &[String]) -> String {
    let mut names: Vec<&str> = presented
        .iter()
        .take(4)
        .map(|name| {
            name.split_once('"')
                .and_then(|(_, rest)| rest.split_once('"'))
                .map_or(name.as_str(), |(name, _)| name)
        })
        .collect();
    if presented.is_empty() {
        names.push("none");
    } else if presented.len() > names.len() {
        names.push("…");
    }
    names.join(", ")
}

fn day(time: UnixTime) -> String {
    moment(SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_secs().min(MAX_SECONDS)))
}

/// The last second of the year 9999: beyond it neither certificates nor calendars go.
const MAX_SECONDS: u64 = 253_402_300_799;

/// A moment as people read it.
pub(super) fn moment(time: SystemTime) -> String {
    match jiff::Timestamp::try_from(time) {
        Ok(stamp) => stamp.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => "an unknown time".to_owned(),
    }
}
