//! What says something about a manifest (distribution specification 1.1, "Listing Referrers", and
//! the tag scheme for registries without that API).

use std::collections::BTreeSet;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, LINK};
use reqwest::{Method, Response};
use seaworthy_oci::artifact::{INDEX_TYPE, MANIFEST_TYPE};
use seaworthy_oci::{Descriptor, Digest, Index, MAX_MANIFEST};
use serde_json::{Value, json};

use super::session::{Ask, At, Session};
use crate::net::{self, Failure, headers};

/// Most pages of one list.
const MAX_PAGES: usize = 100;
/// Most entries of one list.
const MAX_REFERRERS: usize = 10_000;
/// How often an entry is added again that another writer dropped.
const ROUNDS: usize = 8;
const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");

/// The tag under which an index of referrers is kept where there is no API: the algorithm and the
/// hexadecimal part, at most 32 and 64 characters of them.
pub(crate) fn fallback_tag(subject: &Digest) -> String {
    let part = |text: &str, length: usize| text.chars().take(length).collect::<String>();
    format!(
        "{}-{}",
        part(subject.algorithm(), 32),
        part(subject.hex(), 64)
    )
}

/// The referrers of a subject, of one type or of all.
pub(super) async fn list(
    session: &Session,
    subject: &Digest,
    artifact_type: Option<&str>,
) -> Result<Vec<Descriptor>, Failure> {
    let found = match by_api(session, subject, artifact_type).await? {
        Some(found) => found,
        None => match index_of_tag(session, subject).await? {
            Some(index) => parse(session, &index.bytes)?.manifests,
            None => Vec::new(),
        },
    };
    Ok(select(found, artifact_type))
}

/// Those of a type, each once.
pub(crate) fn select(found: Vec<Descriptor>, artifact_type: Option<&str>) -> Vec<Descriptor> {
    let mut seen = BTreeSet::new();
    found
        .into_iter()
        .filter(|d| artifact_type.is_none_or(|wanted| d.artifact_type.as_deref() == Some(wanted)))
        .filter(|d| d.digest().is_ok() && seen.insert(d.digest.clone()))
        .collect()
}

/// By the API, page by page; none when the registry does not have it.
async fn by_api(
    session: &Session,
    subject: &Digest,
    artifact_type: Option<&str>,
) -> Result<Option<Vec<Descriptor>>, Failure> {
    let mut path = format!("referrers/{subject}");
    if let Some(wanted) = artifact_type {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("artifactType", wanted);
        path = format!("{path}?{}", query.finish());
    }
    let mut all = Vec::new();
    let mut next = None;
    for page in 0..MAX_PAGES {
        let ask = Ask {
            at: next.as_ref().map_or(At::Path(&path), At::Url),
            ..Ask::read(Method::GET, "")
        };
        let response = match session.send(&ask.with(ACCEPT, INDEX_TYPE)).await {
            Ok(response) => response,
            Err(failure) if page == 0 && is_no_api(&failure) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let is_index = content_type(&response).is_some_and(|media| media == INDEX_TYPE);
        if page == 0 && !is_index {
            // A page for browsers, or what a proxy makes of an address that it does not know.
            return Ok(None);
        }
        let filtered = filters(&response);
        next = following(session, &response)?;
        let bytes = net::read(response, MAX_MANIFEST).await?;
        let mut found = parse(session, &bytes)?.manifests;
        if filtered && let Some(wanted) = artifact_type {
            // Some registries leave out in the list what they filtered by.
            for descriptor in &mut found {
                descriptor
                    .artifact_type
                    .get_or_insert_with(|| wanted.to_owned());
            }
        }
        all.append(&mut found);
        if all.len() > MAX_REFERRERS {
            break;
        }
        if next.is_none() {
            return Ok(Some(all));
        }
    }
    Err(Failure::Wrong(format!(
        "{} lists more than {MAX_REFERRERS} artifacts about {subject}, or more than {MAX_PAGES} pages",
        session.host
    )))
}

fn is_no_api(failure: &Failure) -> bool {
    matches!(failure.status(), Some(400 | 404 | 405 | 406 | 501))
}

fn content_type(response: &Response) -> Option<&str> {
    let value = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(str::trim)
}

fn filters(response: &Response) -> bool {
    response
        .headers()
        .get_all(FILTERS_APPLIED)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim().eq_ignore_ascii_case("artifactType"))
}

/// Where the list goes on; not on another host, which would be asked without the log-in.
fn following(session: &Session, response: &Response) -> Result<Option<url::Url>, Failure> {
    let links = response.headers().get_all(LINK);
    let Some(link) = links
        .iter()
        .find_map(|value| headers::next_link(value.to_str().ok()?))
    else {
        return Ok(None);
    };
    let wrong = |why: &str| Failure::Wrong(format!("{} names a next page {why}", session.host));
    let url = headers::follow(response.url(), link).map_err(wrong)?;
    if url.origin() != response.url().origin() {
        return Err(wrong("on another host"));
    }
    Ok(Some(url))
}

fn parse(session: &Session, bytes: &[u8]) -> Result<Index, Failure> {
    let wrong = |why: &str| {
        Failure::Wrong(format!(
            "the list of referrers of {} is not valid: {why}",
            session.host
        ))
    };
    let value: Value = serde_json::from_slice(bytes).map_err(|e| wrong(&e.to_string()))?;
    // A JSON list would pass for an index without anything in it.
    if !value.is_object() {
        return Err(wrong("it is no object"));
    }
    serde_json::from_value(value).map_err(|e| wrong(&e.to_string()))
}

/// The index of a fallback tag, as it is kept.
struct Kept {
    bytes: Vec<u8>,
    etag: Option<String>,
}

async fn index_of_tag(session: &Session, subject: &Digest) -> Result<Option<Kept>, Failure> {
    let tag = fallback_tag(subject);
    let path = format!("manifests/{tag}");
    // With the types of manifests too: what is no index must be seen, not overwritten.
    let accept = format!("{INDEX_TYPE}, {MANIFEST_TYPE}");
    let response = match session.get(Method::GET, &path, Some(&accept), 0).await {
        Ok(response) => response,
        Err(failure) if failure.is_missing() => return Ok(None),
        Err(failure) => return Err(failure),
    };
    if content_type(&response).is_some_and(|media| media != INDEX_TYPE) {
        return Err(Failure::Wrong(format!(
            "the tag {tag}, where referrers are listed, holds something else"
        )));
    }
    let etag = response
        .headers()
        .get(ETAG)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let bytes = net::read(response, MAX_MANIFEST).await?;
    Ok(Some(Kept { bytes, etag }))
}

/// Whether the registry lists a referrer by itself.
pub(super) async fn knows(
    session: &Session,
    subject: &Digest,
    referrer: &Digest,
) -> Result<bool, Failure> {
    let found = by_api(session, subject, None).await?;
    Ok(found.is_some_and(|all| all.iter().any(|d| d.digest == referrer.as_str())))
}

/// Adds a referrer to the index of the fallback tag. Others may do the same at the same time: what
/// the registry has afterwards decides whether it is done.
pub(super) async fn add(
    session: &Session,
    subject: &Digest,
    referrer: &Descriptor,
) -> Result<(), Failure> {
    let mut tries = session.tries();
    for _ in 0..ROUNDS {
        let kept = index_of_tag(session, subject).await?;
        let Some(bytes) = with_entry(session, kept.as_ref(), referrer)? else {
            return Ok(());
        };
        let path = format!("manifests/{}", fallback_tag(subject));
        let ask = Ask::write(Method::PUT, At::Path(&path), Bytes::from(bytes))
            .with(CONTENT_TYPE, INDEX_TYPE);
        // Registries that know conditions refuse to overwrite what came in between.
        let ask = match kept.map(|kept| kept.etag) {
            None => ask.with(IF_NONE_MATCH, "*"),
            Some(Some(etag)) => ask.with(IF_MATCH, etag),
            Some(None) => ask,
        };
        match session.send(&ask).await {
            Ok(_) => {}
            Err(failure) if matches!(failure.status(), Some(409 | 412)) => {
                tries.anyway(failure).await?;
            }
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::Wrong(format!(
        "{} does not keep the list of referrers {}: others overwrite it",
        session.host,
        fallback_tag(subject)
    )))
}

/// The index with one more entry, everything else as it was; none when it is there already.
fn with_entry(
    session: &Session,
    kept: Option<&Kept>,
    referrer: &Descriptor,
) -> Result<Option<Vec<u8>>, Failure> {
    let mut index = match kept {
        None => json!({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}),
        Some(kept) => {
            parse(session, &kept.bytes)?;
            serde_json::from_slice(&kept.bytes).unwrap_or_default()
        }
    };
    let wrong = || Failure::Wrong("the list of referrers is no index".to_owned());
    let entries = index
        .as_object_mut()
        .map(|index| index.entry("manifests").or_insert_with(|| json!([])))
        .and_then(Value::as_array_mut)
        .ok_or_else(wrong)?;
    if entries
        .iter()
        .any(|entry| entry["digest"] == referrer.digest.as_str())
    {
        return Ok(None);
    }
    if entries.len() >= MAX_REFERRERS {
        return Err(Failure::Wrong(format!(
            "the list of referrers has {MAX_REFERRERS} entries already"
        )));
    }
    entries.push(serde_json::to_value(referrer).map_err(|_| wrong())?);
    let bytes = serde_json::to_vec(&index).map_err(|_| wrong())?;
    if bytes.len() > MAX_MANIFEST {
        return Err(Failure::Wrong(
            "the list of referrers has no room for another entry".to_owned(),
        ));
    }
    Ok(Some(bytes))
}
