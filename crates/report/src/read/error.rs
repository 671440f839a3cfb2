//! Why a report is no answer, and what is looked at before it is parsed.

use serde_json::error::Category;

use super::{ReportFormat, ScannerName};

/// Most bytes that a report may have.
pub const MAX_BYTES: usize = 256 << 20;

/// Most values that a report may have; they take some thirty bytes each while it is read.
pub const MAX_VALUES: usize = 20_000_000;

/// Most objects among them; one takes more than half a kilobyte.
pub const MAX_OBJECTS: usize = 2_000_000;

/// Why a report could not be read. None of these is a report without findings.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// More bytes than a report may have.
    #[error(
        "the report has {size} bytes, more than the limit of {limit}; scan less at a time, one image per report"
    )]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// More parts than a report may have.
    #[error(
        "the report has more than {limit} {what}, more than any scan of one image; scan one image per report"
    )]
    TooManyParts {
        /// Values or objects.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Nothing at all.
    #[error(
        "the report is empty; the scanner probably failed before it wrote anything: look at its messages and run it again"
    )]
    Empty,
    /// Text in another encoding than JSON's.
    #[error(
        "the report is {encoding} text and not UTF-8; let the scanner write the file itself (Windows PowerShell's `>` writes UTF-16), or convert it"
    )]
    Encoding {
        /// The encoding.
        encoding: &'static str,
    },
    /// No JSON, or one that is cut off.
    #[error("the report is not whole JSON, at line {line}, column {column}: {message}; {remedy}")]
    Json {
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What was expected.
        message: String,
        /// What to do.
        remedy: &'static str,
    },
    /// JSON of no shape that is known.
    #[error(
        "not a report that is known (seaworthy, trivy, grype, clair, snyk, osv-scanner, gitlab, sarif, cyclonedx, spdx, syft); have the scanner write its own JSON, as with `trivy --format json` or `grype -o json`"
    )]
    UnknownFormat,
    /// A report and something else in one file, or several reports.
    #[error(
        "the file holds {count} JSON documents, one after the other; keep each report in a file of its own"
    )]
    SeveralDocuments {
        /// How many.
        count: usize,
    },
    /// A known format with a part that it cannot have, or without one that it must have.
    #[error(
        "not a whole report of {format}: {what}; run the scanner again and keep its output as it is"
    )]
    Shape {
        /// The format.
        format: ReportFormat,
        /// What is wrong with it.
        what: String,
    },
    /// A report of a known format about something else.
    #[error("a {format} report of {what} is no answer here; give one of {instead}")]
    OtherKind {
        /// The format.
        format: ReportFormat,
        /// What it is about.
        what: String,
        /// What is read of the format.
        instead: &'static str,
    },
    /// Neither a finding nor a word about what was looked for.
    #[error(
        "the {format} report has no results, so it does not tell what was looked for; have all packages listed, as with `trivy --list-all-pkgs`"
    )]
    NothingTold {
        /// The format.
        format: ReportFormat,
    },
    /// The report says itself that there is no answer.
    #[error("{scanner} reports that it failed: {message}")]
    ScannerFailed {
        /// The scanner.
        scanner: ScannerName,
        /// What it says.
        message: String,
    },
    /// A version of a known format whose shape is another one.
    #[error("{format} version {version} is not supported")]
    UnsupportedVersion {
        /// The format.
        format: &'static str,
        /// The version.
        version: String,
    },
    /// A bill of materials that cannot be read.
    #[error(transparent)]
    Sbom(#[from] seaworthy_sbom::Error),
}

impl ReadError {
    pub(super) fn json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        // The position is said anyway.
        let message = match text.rfind(" at line ") {
            Some(at) => text[..at].to_owned(),
            None => text,
        };
        let remedy = if error.classify() == Category::Eof {
            "it is cut off: run the scanner again, and look whether the disk is full or the job was stopped"
        } else if message.contains("recursion limit") {
            "no scanner nests so deep"
        } else {
            "give the scanner's JSON alone, without its log or a table"
        };
        Self::Json {
            line: error.line(),
            column: error.column(),
            message,
            remedy,
        }
    }
}

/// Whether the bytes begin as a report does, in whichever encoding; those of archives and other
/// targets do not.
pub(super) fn looks_like_json(bytes: &[u8]) -> bool {
    let is_mark = |byte: &u8| matches!(byte, 0 | 0xef | 0xbb | 0xbf | 0xfe | 0xff);
    let mut text =
        (bytes.iter().take(256)).filter(|byte| !is_mark(byte) && !byte.is_ascii_whitespace());
    matches!(text.next(), Some(b'{' | b'['))
}

/// The bytes of a report that may be parsed, without a byte order mark.
pub(super) fn text(bytes: &[u8]) -> Result<&[u8], ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge {
            size: bytes.len(),
            limit: MAX_BYTES,
        });
    }
    if let Some(encoding) = other_encoding(bytes) {
        return Err(ReadError::Encoding { encoding });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::Empty);
    }
    // Each value stands behind one of these characters, so there are not more values than that.
    // Those within strings count too: text has far fewer of them than the limits allow.
    let (objects, values) = bytes.iter().fold((0, 0), |(objects, values), byte| {
        (
            objects + usize::from(*byte == b'{'),
            values + usize::from(matches!(byte, b'[' | b'{' | b',' | b':')),
        )
    });
    for (what, count, limit) in [
        ("objects", objects, MAX_OBJECTS),
        ("values", values, MAX_VALUES),
    ] {
        if count > limit {
            return Err(ReadError::TooManyParts { what, limit });
        }
    }
    Ok(bytes)
}

/// An encoding that JSON files come in and must not (RFC 8259, 8.1): by its byte order mark, or by
/// the zero bytes beside the first character, which is ASCII in every JSON text (RFC 4627, 3).
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, ..] | [_, 0, 0, 0, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [_, 0, ..] => Some("UTF-16"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_utf_8_is_parsed() {
        let utf_16: Vec<u8> = "{\"ok\": true}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for (bytes, expected) in [
            (b"{}".as_slice(), None),
            (b"\xef\xbb\xbf{}", None),
            (b"\xff\xfe{\0}\0", Some("UTF-16")),
            (b"\xfe\xff\0{\0}", Some("UTF-16")),
            (&utf_16, Some("UTF-16")),
            (b"\0{\0}", Some("UTF-16")),
            (b"\xff\xfe\0\0{\0\0\0", Some("UTF-32")),
            (b"\0\0\xfe\xff\0\0\0{", Some("UTF-32")),
            (b"{\0\0\0}\0\0\0", Some("UTF-32")),
            (b"\0\0\0{", Some("UTF-32")),
        ] {
            assert_eq!(other_encoding(bytes), expected, "{bytes:?}");
        }
    }

    /// Less than the limit of bytes, and more memory than any machine has to spare.
    #[test]
    fn a_report_of_nothing_but_brackets_is_refused_before_it_is_parsed() {
        let objects = format!("[{}1]", "{\"a\":1},".repeat(MAX_OBJECTS + 1));
        let values = format!("[{}1]", "1,".repeat(MAX_VALUES));
        for (bytes, expected) in [(objects, "objects"), (values, "values")] {
            let error = text(bytes.as_bytes()).unwrap_err().to_string();
            assert!(
                error.contains(expected) && error.contains("one image per report"),
                "{error}"
            );
        }
    }
}
