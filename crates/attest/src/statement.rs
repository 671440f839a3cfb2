//! In-toto statements: what is said about which content (in-toto/attestation, spec/v1/statement.md
//! and spec/v0.1.0).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::simple_signing::plain;
use crate::{Error, MAX_DOCUMENT, MAX_SUBJECTS, check_size};

const V1: &str = "https://in-toto.io/Statement/v1";
const V0_1: &str = "https://in-toto.io/Statement/v0.1";
const WHAT: &str = "statement";

/// A statement about content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is about, at most [`MAX_SUBJECTS`].
    pub subjects: Vec<Subject>,
    /// What kind of thing it says, a URI; see [`crate::predicate`].
    pub predicate_type: String,
    /// What it says: JSON.
    pub predicate: Vec<u8>,
}

/// Content that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// A name, may be empty; says nothing about what the content is.
    pub name: String,
    /// Digests in hexadecimal by algorithm, such as `sha256`.
    pub digest: BTreeMap<String, String>,
    /// Annotations; values that are no texts are kept as JSON.
    pub annotations: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct File {
    #[serde(rename = "_type", alias = "type")]
    kind: String,
    #[serde(default)]
    subject: Vec<SubjectFile>,
    #[serde(rename = "predicateType", alias = "predicate_type")]
    predicate_type: String,
    #[serde(default)]
    predicate: Option<Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
struct SubjectFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default)]
    digest: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    annotations: Option<BTreeMap<String, Value>>,
}

impl Statement {
    /// A statement about one content.
    #[must_use]
    pub fn about(subject: Subject, predicate_type: &str, predicate: Vec<u8>) -> Self {
        Self {
            subjects: vec![subject],
            predicate_type: predicate_type.to_owned(),
            predicate,
        }
    }

    /// Reads a statement of version 1 or 0.1.
    ///
    /// # Errors
    /// When it is too large, has another shape or version, or too many subjects.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        check_size(WHAT, bytes.len(), MAX_DOCUMENT)?;
        let file: File = serde_json::from_slice(bytes).map_err(|e| Error::invalid(WHAT, e))?;
        if file.kind != V1 && file.kind != V0_1 {
            return Err(Error::invalid(
                WHAT,
                "its `_type` is neither in-toto Statement v1 nor v0.1",
            ));
        }
        if file.subject.len() > MAX_SUBJECTS {
            return Err(Error::TooMany {
                what: "subjects of the statement",
                count: file.subject.len(),
                limit: MAX_SUBJECTS,
            });
        }
        let subjects = file.subject.into_iter();
        Ok(Self {
            subjects: subjects.map(Subject::from).collect(),
            predicate_type: file.predicate_type,
            predicate: file
                .predicate
                .map_or_else(|| b"{}".to_vec(), |p| p.get().as_bytes().to_vec()),
        })
    }

    /// Its bytes as version 1, equal for equal content.
    ///
    /// # Errors
    /// When the predicate is not JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let predicate: Box<RawValue> = serde_json::from_slice(&self.predicate)
            .map_err(|e| Error::invalid("predicate", format!("it is not JSON: {e}")))?;
        let file = File {
            kind: V1.to_owned(),
            subject: self.subjects.iter().map(SubjectFile::from).collect(),
            predicate_type: self.predicate_type.clone(),
            predicate: Some(predicate),
        };
        serde_json::to_vec(&file).map_err(|e| Error::invalid(WHAT, e))
    }

    /// The subject with a digest, such as (`sha256`, hexadecimal digits).
    #[must_use]
    pub fn subject(&self, algorithm: &str, hex: &str) -> Option<&Subject> {
        self.subjects.iter().find(|subject| {
            subject
                .digest
                .get(algorithm)
                .is_some_and(|found| found.eq_ignore_ascii_case(hex))
        })
    }
}

impl From<SubjectFile> for Subject {
    fn from(file: SubjectFile) -> Self {
        let annotations = file.annotations.unwrap_or_default().into_iter();
        Self {
            name: file.name.unwrap_or_default(),
            digest: file.digest,
            annotations: annotations
                .map(|(name, value)| (name, plain(value)))
                .collect(),
        }
    }
}

impl From<&Subject> for SubjectFile {
    fn from(subject: &Subject) -> Self {
        let annotations = subject.annotations.iter();
        Self {
            name: (!subject.name.is_empty()).then(|| subject.name.clone()),
            digest: subject.digest.clone(),
            annotations: (!subject.annotations.is_empty()).then(|| {
                annotations
                    .map(|(name, value)| (name.clone(), Value::String(value.clone())))
                    .collect()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate;

    fn about(digest: &str) -> Subject {
        Subject {
            name: "registry.example/app".to_owned(),
            digest: [("sha256".to_owned(), digest.to_owned())].into(),
            annotations: [("stage".to_owned(), "prod".to_owned())].into(),
        }
    }

    #[test]
    fn a_statement_is_read_as_it_was_written() {
        let statement = Statement::about(about("ab"), predicate::OPENVEX, b"{\"a\":[1.50]}".into());
        let bytes = statement.to_bytes().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            concat!(
                r#"{"_type":"https://in-toto.io/Statement/v1","#,
                r#""subject":[{"name":"registry.example/app","digest":{"sha256":"ab"},"#,
                r#""annotations":{"stage":"prod"}}],"#,
                r#""predicateType":"https://openvex.dev/ns","predicate":{"a":[1.50]}}"#
            )
        );
        assert_eq!(Statement::parse(&bytes).unwrap(), statement);
        assert!(statement.subject("sha256", "AB").is_some());
        assert!(statement.subject("sha256", "abc").is_none());
        assert!(statement.subject("sha512", "ab").is_none());
    }

    #[test]
    fn both_versions_are_read_and_no_other() {
        let check = |kind: &str, good: bool| {
            let text = format!(
                r#"{{"_type":"{kind}","predicateType":"t","subject":[{{"digest":{{"sha256":"ab"}}}}]}}"#
            );
            let read = Statement::parse(text.as_bytes());
            assert_eq!(read.is_ok(), good, "{kind}");
            if let Ok(read) = read {
                assert_eq!(read.predicate, b"{}");
                assert!(read.subject("sha256", "ab").is_some());
            }
        };
        check("https://in-toto.io/Statement/v1", true);
        check("https://in-toto.io/Statement/v0.1", true);
        check("https://in-toto.io/Statement/v2", false);
        check("", false);
    }

    #[test]
    fn hostile_statements_are_refused() {
        let subjects = r#"{"digest":{}},"#.repeat(MAX_SUBJECTS) + r#"{"digest":{}}"#;
        for text in [
            format!(r#"{{"_type":"{V1}","predicateType":"t","subject":[{subjects}]}}"#),
            format!(r#"{{"_type":"{V1}","_type":"{V1}","predicateType":"t"}}"#),
            format!(r#"{{"_type":"{V1}","predicateType":"t","subject":[],"subject":[]}}"#),
            format!(r#"{{"_type":"{V1}"}}"#),
            "[".repeat(100_000),
        ] {
            assert!(Statement::parse(text.as_bytes()).is_err());
        }
        let deep = format!(
            r#"{{"_type":"{V1}","predicateType":"t","predicate":{}{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        // The predicate is not looked into here; its reader has its own limit.
        let _ = Statement::parse(deep.as_bytes());
        let not_json = Statement::about(Subject::default(), "t", b"{".to_vec());
        assert!(not_json.to_bytes().is_err());
    }
}
