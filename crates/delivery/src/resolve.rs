//! From a source to the addresses of its files: what is behind listings, mirror lists,
//! repositories' indexes and pointers to the latest archive.

use std::fs;

use crate::Error;
use crate::catalogue::{At, FileAt, Source};
use crate::fetcher::{Feed, Fetcher};
use crate::wanted::Wanted;

/// The files of a source that are needed for what is wanted. `today` is `YYYY-MM-DD…`.
pub(crate) fn feeds(
    source: &Source,
    wanted: &Wanted,
    fetcher: &Fetcher<'_>,
    today: &str,
) -> Result<Vec<Feed>, Error> {
    match source.at {
        At::Files(files) => Ok(fixed(files, wanted)),
        At::Alpine(base) => alpine(source, base, wanted, fetcher),
        At::Yearly { url, path, first } => {
            let last: u32 = today.get(..4).and_then(|y| y.parse().ok()).unwrap_or(first);
            Ok((first..=last.max(first))
                .map(|year| Feed {
                    url: url.replace("{year}", &year.to_string()),
                    path: path.replace("{year}", &year.to_string()),
                    // In the first days of a year its file is not there yet.
                    optional: year == last,
                    ..Feed::default()
                })
                .collect())
        }
        At::RedHatVex(base) => red_hat(source, base, fetcher),
        At::Amazon => amazon(source, wanted, fetcher),
        At::Fedora(base) => fedora(source, base, wanted, fetcher),
    }
}

fn fixed(files: &[FileAt], wanted: &Wanted) -> Vec<Feed> {
    files
        .iter()
        .filter(|file| file.key.is_empty() || wanted.has_key(file.key) || wanted.has_key("eol"))
        .map(|file| Feed {
            url: file.url.to_owned(),
            path: file.path.to_owned(),
            optional: file.optional,
            ..Feed::default()
        })
        .collect()
}

fn alpine(
    source: &Source,
    base: &str,
    wanted: &Wanted,
    fetcher: &Fetcher<'_>,
) -> Result<Vec<Feed>, Error> {
    let releases: Vec<String> = match wanted.releases("alpine") {
        Some(releases) => releases
            .into_iter()
            .map(|release| match release {
                "edge" => "edge".to_owned(),
                release => format!("v{release}"),
            })
            .collect(),
        None => links(&fetcher.document(source.name, base)?)
            .into_iter()
            .filter(|name| name == "edge" || name.strip_prefix('v').is_some_and(is_release))
            .collect(),
    };
    Ok(releases
        .iter()
        .filter(|release| release.as_str() == "edge" || is_release(release.trim_start_matches('v')))
        .flat_map(|release| {
            ["main", "community"].map(|repository| Feed {
                url: format!("{base}{release}/{repository}.json"),
                path: format!("alpine/{release}/{repository}.json"),
                // The oldest releases have one repository only.
                optional: repository == "community",
                ..Feed::default()
            })
        })
        .collect())
}

fn is_release(text: &str) -> bool {
    !text.is_empty()
        && text.len() < 16
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// The names that a listing of a folder links to, without slashes.
fn links(html: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(html);
    let mut names: Vec<String> = text
        .split("href=")
        .skip(1)
        .filter_map(|rest| {
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let name = rest.get(1..)?.split(quote).next()?;
            let name = name.trim_start_matches("./").trim_end_matches('/');
            let plain = !name.is_empty() && !name.contains(['/', '?', '%', ':']);
            plain.then(|| name.to_owned())
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The releases of the first three Amazon Linuxes: mirror lists of their core repositories.
const AMAZON: [(&str, &str); 3] = [
    (
        "1",
        "http://repo.us-west-2.amazonaws.com/2018.03/updates/x86_64/mirror.list",
    ),
    (
        "2",
        "https://cdn.amazonlinux.com/2/core/latest/x86_64/mirror.list",
    ),
    (
        "2023",
        "https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list",
    ),
];
/// The extras of Amazon Linux 2.
const AMAZON_EXTRAS: &str = "https://cdn.amazonlinux.com/2/extras-catalog.json";

fn amazon(source: &Source, wanted: &Wanted, fetcher: &Fetcher<'_>) -> Result<Vec<Feed>, Error> {
    let mut feeds = Vec::new();
    for (release, list) in AMAZON {
        if !wanted.has_key(&format!("amazon:{release}")) {
            continue;
        }
        let path = format!("amazon/{release}/core");
        feeds.extend(of_mirror_list(source, list, &path, fetcher)?);
        if release != "2" {
            continue;
        }
        let catalogue = fetcher.document(source.name, AMAZON_EXTRAS)?;
        let catalogue: serde_json::Value = serde_json::from_slice(&catalogue)
            .map_err(|e| Error::wrong(AMAZON_EXTRAS, e.to_string()))?;
        let topics = catalogue["topics"].as_array();
        for topic in topics.into_iter().flatten() {
            let name = topic["n"].as_str().unwrap_or_default();
            let plain = !name.is_empty()
                && !name.starts_with('.')
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+'));
            if !plain {
                continue;
            }
            let list =
                format!("https://cdn.amazonlinux.com/2/extras/{name}/latest/x86_64/mirror.list");
            let path = format!("amazon/2/extra-{name}");
            match of_mirror_list(source, &list, &path, fetcher) {
                Ok(found) => feeds.extend(found),
                // Not every extra has a repository any more.
                Err(error) if error.is_missing() => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(feeds)
}

/// The updates of the repository that a mirror list names.
fn of_mirror_list(
    source: &Source,
    list: &str,
    path: &str,
    fetcher: &Fetcher<'_>,
) -> Result<Option<Feed>, Error> {
    let text = fetcher.document(source.name, list)?;
    let text = String::from_utf8_lossy(&text);
    let mirror = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("http://") || line.starts_with("https://"))
        .ok_or_else(|| Error::wrong(list, "the list names no mirror"))?
        .replace("$basearch", "x86_64");
    of_repository(source, mirror.trim_end_matches('/'), path, fetcher)
}

/// The updates of a repository (`updateinfo`), by its index; none when it has none.
fn of_repository(
    source: &Source,
    base: &str,
    path: &str,
    fetcher: &Fetcher<'_>,
) -> Result<Option<Feed>, Error> {
    let index = format!("{base}/repodata/repomd.xml");
    let text = fetcher.document(source.name, &index)?;
    let text = String::from_utf8_lossy(&text);
    if !text.contains("<repomd") {
        return Err(Error::wrong(index, "this is no index of a repository"));
    }
    Ok(updateinfo(&text).map(|href| {
        let name = href.rsplit('/').next().unwrap_or(href);
        let ending = name.split_once("updateinfo").map_or(".xml.gz", |(_, e)| e);
        let known = [".xml", ".xml.gz", ".xml.xz", ".xml.bz2", ".xml.zst"];
        let ending = known
            .into_iter()
            .find(|e| *e == ending)
            .unwrap_or(".xml.gz");
        Feed {
            url: format!("{base}/{href}"),
            path: format!("{path}-updateinfo{ending}"),
            ..Feed::default()
        }
    }))
}

/// `location href` of the data of type `updateinfo` in a `repomd.xml`, when it is a plain path.
fn updateinfo(index: &str) -> Option<&str> {
    let data = index.split("<data ").skip(1).find(|data| {
        let head = data.split('>').next().unwrap_or_default();
        head.contains("type=\"updateinfo\"") || head.contains("type='updateinfo'")
    })?;
    let data = data.split("</data>").next()?;
    let location = data.split("<location").nth(1)?.split('>').next()?;
    let rest = location.split("href=").nth(1)?;
    let quote = rest.chars().next()?;
    let href = rest.get(1..)?.split(quote).next()?;
    let plain = !href.is_empty()
        && !href.starts_with('/')
        && !href.contains(':')
        && !href.split('/').any(|part| part == "..");
    plain.then_some(href)
}

fn fedora(
    source: &Source,
    base: &str,
    wanted: &Wanted,
    fetcher: &Fetcher<'_>,
) -> Result<Vec<Feed>, Error> {
    let releases: Vec<String> = match wanted.releases("fedora") {
        Some(releases) => releases.into_iter().map(str::to_owned).collect(),
        None => links(&fetcher.document(source.name, base)?),
    };
    let mut feeds = Vec::new();
    for release in releases {
        if release.is_empty() || !release.bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        let repository = format!("{base}{release}/Everything/x86_64");
        let path = format!("fedora/{release}/everything");
        feeds.extend(of_repository(source, &repository, &path, fetcher)?);
    }
    Ok(feeds)
}

/// Folder of Red Hat's documents below the feeds folder.
const RED_HAT: &str = "redhat/vex/";
/// When so many documents have changed since an archive, a newer archive is less to fetch.
const MAX_CHANGES: usize = 3000;

/// An archive, and each document that has changed since it was made.
fn red_hat(source: &Source, base: &str, fetcher: &Fetcher<'_>) -> Result<Vec<Feed>, Error> {
    let pointer = format!("{base}archive_latest.txt");
    let latest = fetcher.document(source.name, &pointer)?;
    let latest = String::from_utf8_lossy(&latest).trim().to_owned();
    let plain = latest.ends_with(".tar.zst")
        && latest
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if !plain || date_of(&latest).is_none() {
        return Err(Error::wrong(
            pointer,
            format!("`{latest}` is no name of an archive with its date"),
        ));
    }
    let changes = fetcher.document(source.name, &format!("{base}changes.csv"))?;
    let changes = rows(&changes);
    let deletions = match fetcher.document(source.name, &format!("{base}deletions.csv")) {
        Ok(bytes) => rows(&bytes),
        Err(error) if error.is_missing() => Vec::new(),
        Err(error) => return Err(error),
    };
    let here = fetcher
        .files()
        .keys()
        .filter_map(|path| path.strip_prefix(RED_HAT))
        .filter(|name| {
            name.ends_with(".tar.zst") && fetcher.feeds.join(RED_HAT).join(name).exists()
        })
        .max()
        .map(str::to_owned);
    let since = |archive: &str| -> Vec<(String, String)> {
        let date = date_of(archive).unwrap_or_default();
        let newer = |(_, time): &&(String, String)| time.get(..10).is_some_and(|day| day >= date);
        changes.iter().filter(newer).cloned().collect()
    };
    let archive = here
        .filter(|name| since(name).len() <= MAX_CHANGES)
        .unwrap_or(latest);
    let changed = since(&archive);
    let mut feeds = vec![Feed {
        url: format!("{base}{archive}"),
        path: format!("{RED_HAT}{archive}"),
        // What an archive with a date in its name holds never changes.
        stamp: archive.clone(),
        ..Feed::default()
    }];
    let date = date_of(&archive).unwrap_or_default();
    let gone: Vec<&String> = deletions
        .iter()
        .filter(|(_, time)| time.get(..10).is_some_and(|day| day >= date))
        .map(|(path, _)| path)
        .filter(|path| !changed.iter().any(|(other, _)| other == *path))
        .collect();
    feeds.extend(gone.into_iter().map(|path| Feed {
        path: format!("{RED_HAT}{path}.gone"),
        ..Feed::default()
    }));
    feeds.extend(changed.into_iter().map(|(path, time)| Feed {
        url: format!("{base}{path}"),
        path: format!("{RED_HAT}{path}"),
        optional: true,
        stamp: time,
    }));
    forget_others(&feeds, fetcher);
    Ok(feeds)
}

/// `2026-11-24` of `csaf_vex_2026-11-24.tar.zst`.
fn date_of(archive: &str) -> Option<&str> {
    let date = archive.strip_suffix(".tar.zst")?;
    let date = date.get(date.len().checked_sub(10)?..)?;
    let plain = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    plain.then_some(date)
}

/// Path and time of each line `"2024/cve-2024-1.json","2024-11-25T01:02:03+00:00"`; what is no path
/// of a document is left out.
fn rows(csv: &[u8]) -> Vec<(String, String)> {
    String::from_utf8_lossy(csv)
        .lines()
        .filter_map(|line| {
            let (path, time) = line.split_once(',')?;
            let (path, time) = (path.trim_matches('"'), time.trim().trim_matches('"'));
            let plain = path.ends_with(".json")
                && !path.starts_with('/')
                && path
                    .split('/')
                    .all(|part| !part.is_empty() && !part.starts_with('.'))
                && path
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/'));
            plain.then(|| (path.to_owned(), time.to_owned()))
        })
        .collect()
}

/// Removes what belongs to another archive.
fn forget_others(feeds: &[Feed], fetcher: &Fetcher<'_>) {
    let wanted: std::collections::BTreeSet<&str> =
        feeds.iter().map(|feed| feed.path.as_str()).collect();
    let archive = feeds.first().map_or("", |feed| feed.path.as_str());
    fetcher.files().retain(|path, _| {
        let keep = !path.starts_with(RED_HAT)
            || wanted.contains(path.as_str())
            // The archive that is in use until the new one has come.
            || (path.ends_with(".tar.zst") && !fetcher.feeds.join(archive).exists());
        if !keep {
            let _ = fs::remove_file(fetcher.feeds.join(path));
        }
        keep
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_are_read_whoever_made_them() {
        let html = b"<a href=\"../\">..</a><a href=\"v3.18/\">v3.18/</a> <A HREF='x'> <a href='./edge/'>e</a><a href=\"?C=N;O=D\">N</a><a href=\"https://x/\">x</a>";
        assert_eq!(links(html), ["..", "edge", "v3.18"]);
        assert!(is_release("3.18") && !is_release("..") && !is_release(""));
    }

    #[test]
    fn the_updates_of_a_repository_are_found() {
        let index = "<?xml version=\"1.0\"?><repomd xmlns=\"x\"><revision>1</revision>\
            <data type=\"primary\"><location href=\"repodata/p.xml.gz\"/></data>\
            <data type=\"updateinfo\"><checksum type=\"sha256\">0</checksum><location href=\"repodata/abc-updateinfo.xml.gz\"/><size>1</size></data></repomd>";
        assert_eq!(updateinfo(index), Some("repodata/abc-updateinfo.xml.gz"));
        for href in ["https://evil/x", "/etc/passwd", "a/../../b", ""] {
            let index = format!("<repomd><data type='updateinfo'><location href='{href}'/></data>");
            assert_eq!(updateinfo(&index), None, "{href}");
        }
        assert_eq!(updateinfo("<repomd></repomd>"), None);
    }

    #[test]
    fn lists_of_changes_name_documents_only() {
        let csv = b"\"2024/cve-2024-1.json\",\"2024-11-25T01:02:03+00:00\"\n../../x.json,2024\n/etc/x.json,1\n.git/x.json,1\nindex.txt,1\n2024/cve-2024-2.json,2024-11-24T00:00:00Z\n";
        let rows = rows(csv);
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert_eq!(rows[0].1, "2024-11-25T01:02:03+00:00");
        assert_eq!(date_of("csaf_vex_2026-11-24.tar.zst"), Some("2026-11-24"));
        assert_eq!(date_of("csaf_vex_latest.tar.zst"), None);
        assert_eq!(date_of(".tar.zst"), None);
    }
}
