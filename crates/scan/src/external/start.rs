//! The runs of all scanners that were asked for, at the same time.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use seaworthy_report::merge::{RunOutcome, ScanKind, ScannerName, ScannerRun};
use seaworthy_report::read;
use seaworthy_source::TargetRef;

use super::plan::{Invocation, divide, invocation};
use super::process::{Bounds, Canceller, Ended};
use super::{ExternalOptions, ExternalRun, ExternalScanner, process};

/// Longest message of a scanner that is passed on, in characters.
const MESSAGE: usize = 400;

/// Scanners at work. Dropped before [`Running::finish`], it stops them.
#[derive(Debug)]
pub struct Running {
    workers: Vec<(ExternalScanner, JoinHandle<Vec<ExternalRun>>)>,
    stopped: Arc<AtomicBool>,
}

impl Running {
    /// Starts all scanners, each in a thread of its own.
    #[must_use]
    pub fn start(target: &TargetRef, options: &ExternalOptions, canceller: &Canceller) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let mut scanners = options.scanners.clone();
        scanners.sort_unstable();
        scanners.dedup();
        let workers = scanners
            .into_iter()
            .map(|scanner| {
                let worker = Worker {
                    scanner,
                    target: target.clone(),
                    options: options.clone(),
                    canceller: canceller.clone(),
                    stopped: Arc::clone(&stopped),
                };
                (scanner, thread::spawn(move || worker.work()))
            })
            .collect();
        Self { workers, stopped }
    }

    /// Waits for all of them, at most until the last time limit.
    #[must_use]
    pub fn finish(mut self) -> Vec<ExternalRun> {
        std::mem::take(&mut self.workers)
            .into_iter()
            .flat_map(|(_, worker)| match worker.join() {
                Ok(runs) => runs,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        for (_, worker) in self.workers.drain(..) {
            // What it found interests nobody any more.
            let _ = worker.join();
        }
    }
}

struct Worker {
    scanner: ExternalScanner,
    target: TargetRef,
    options: ExternalOptions,
    canceller: Canceller,
    stopped: Arc<AtomicBool>,
}

/// A run without an answer.
struct Silence {
    outcome: RunOutcome,
    elapsed: Option<Duration>,
}

impl Worker {
    fn work(&self) -> Vec<ExternalRun> {
        let division = divide(self.scanner, &self.target, &self.options.kinds);
        let mut runs: Vec<ExternalRun> = division
            .not_applicable
            .into_iter()
            .map(|(kind, why)| {
                self.silent(
                    kind,
                    &Silence {
                        outcome: RunOutcome::NotApplicable(why),
                        elapsed: None,
                    },
                )
            })
            .collect();
        if division.asked.is_empty() {
            return runs;
        }
        let program = self.scanner.program();
        match find(program, &self.options.search_path) {
            Some(path) => runs.extend(self.ask(&path, &division.asked)),
            None => {
                let silence = Silence {
                    outcome: RunOutcome::Missing(format!("`{program}` is not in PATH")),
                    elapsed: None,
                };
                runs.extend(
                    division
                        .asked
                        .iter()
                        .map(|kind| self.silent(*kind, &silence)),
                );
            }
        }
        runs
    }

    /// All kinds in one run, which reads the target once. When that fails, vulnerabilities and the
    /// rest are asked for apart: where only the advisories are out of reach, the rest still answers.
    fn ask(&self, path: &Path, kinds: &[ScanKind]) -> Vec<ExternalRun> {
        let deadline = Instant::now() + self.options.time_limit;
        let silence = match self.attempt(path, kinds, deadline) {
            Ok(run) => return vec![run],
            Err(silence) => silence,
        };
        let (advisories, rest): (Vec<ScanKind>, Vec<ScanKind>) = kinds
            .iter()
            .partition(|kind| **kind == ScanKind::Vulnerability);
        let failed = matches!(silence.outcome, RunOutcome::Failed(_));
        if !failed || advisories.is_empty() || rest.is_empty() {
            return kinds
                .iter()
                .map(|kind| self.silent(*kind, &silence))
                .collect();
        }
        [advisories, rest]
            .into_iter()
            .flat_map(|part| match self.attempt(path, &part, deadline) {
                Ok(run) => vec![run],
                Err(silence) => part
                    .iter()
                    .map(|kind| self.silent(*kind, &silence))
                    .collect(),
            })
            .collect()
    }

    fn silent(&self, kind: ScanKind, silence: &Silence) -> ExternalRun {
        ExternalRun {
            run: ScannerRun {
                scanner: self.scanner.name(),
                kind: Some(kind),
                outcome: silence.outcome.clone(),
                elapsed: silence.elapsed,
            },
            kinds: vec![kind],
            raw: Vec::new(),
        }
    }

    fn attempt(
        &self,
        path: &Path,
        kinds: &[ScanKind],
        deadline: Instant,
    ) -> Result<ExternalRun, Silence> {
        let began = Instant::now();
        let invocation = invocation(self.scanner, &self.target, kinds, &self.options);
        let ended = process::run(
            path,
            &invocation,
            Bounds {
                deadline,
                max_output: self.options.max_output,
                withheld: &self.options.withheld,
                stopped: &self.stopped,
                canceller: &self.canceller,
            },
        );
        let elapsed = Some(began.elapsed());
        match self.report(ended, &invocation) {
            Ok((mut report, raw)) => {
                // What it was asked for it answered, also where it found nothing.
                report.kinds = kinds.iter().copied().collect();
                Ok(ExternalRun {
                    run: ScannerRun {
                        scanner: self.scanner.name(),
                        kind: None,
                        outcome: RunOutcome::Answered(Box::new(report)),
                        elapsed,
                    },
                    kinds: kinds.to_vec(),
                    raw,
                })
            }
            Err(outcome) => Err(Silence { outcome, elapsed }),
        }
    }

    fn report(
        &self,
        ended: Ended,
        invocation: &Invocation,
    ) -> Result<(read::ScannerReport, Vec<u8>), RunOutcome> {
        let failed = |why: String| RunOutcome::Failed(self.without_secrets(&why));
        let (status, stdout, stderr) = match ended {
            Ended::Exited {
                status,
                stdout,
                stderr,
            } => (status, stdout, stderr),
            Ended::NotStarted(error) => {
                return Err(failed(format!(
                    "{} cannot be run: {error}",
                    self.scanner.program()
                )));
            }
            Ended::TimedOut => return Err(RunOutcome::TimedOut),
            Ended::Flooded => {
                return Err(failed(format!(
                    "it wrote more than {} MB",
                    self.options.max_output >> 20
                )));
            }
            Ended::Cancelled => return Err(failed("it was stopped".to_owned())),
            Ended::Held => {
                return Err(failed(
                    "it ended, and a program that it started keeps its output open".to_owned(),
                ));
            }
        };
        let read = read::read(&stdout, Some(self.scanner.name()));
        let answered = status
            .code()
            .is_some_and(|code| invocation.answered.contains(&code));
        let said = || match &read {
            // Some write what went wrong where the report should be.
            Err(read::ReadError::ScannerFailed { message, .. }) if !message.is_empty() => {
                clean(message)
            }
            _ => last_message(&stderr),
        };
        match read {
            Ok(report) if answered && report.format == invocation.format => Ok((report, stdout)),
            Ok(report) if answered => Err(failed(format!(
                "it wrote a report of {}, not its own JSON",
                match &report.scanner {
                    ScannerName::Other(name) => name.as_str(),
                    known => known.as_str(),
                }
            ))),
            Err(ref error) if status.success() => {
                let said = said();
                let error = match error {
                    read::ReadError::ScannerFailed { .. } => String::new(),
                    other => other.to_string(),
                };
                let parts = [error, said];
                let parts: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
                Err(failed(parts.join("; ")))
            }
            _ => {
                let said = said();
                Err(failed(if said.is_empty() {
                    how(status)
                } else {
                    format!("{}: {said}", how(status))
                }))
            }
        }
    }

    /// A message as it may be shown: tools repeat what they were given.
    fn without_secrets(&self, message: &str) -> String {
        match &self.options.credentials {
            Some(credentials) if !credentials.password.is_empty() => {
                message.replace(&credentials.password, "****")
            }
            _ => message.to_owned(),
        }
    }
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// The program in one of the folders of a search path.
fn find(program: &str, search_path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(search_path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|path| {
            path.metadata()
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
}

/// The last line that speaks of an error, else the last one.
fn last_message(stderr: &str) -> String {
    let lines: Vec<String> = stderr
        .lines()
        .map(clean)
        .filter(|line| !line.is_empty())
        .collect();
    let is_error = |line: &str| {
        let upper = line.to_ascii_uppercase();
        ["FATAL", "ERROR", "PANIC"]
            .iter()
            .any(|word| upper.contains(word))
    };
    let Some(last) = lines.iter().rposition(|line| is_error(line)) else {
        return lines.last().cloned().unwrap_or_default();
    };
    let Some(message) = lines.get(last) else {
        return String::new();
    };
    let mut message = without_head(message).to_owned();
    // A line that only announces others (`1 error occurred:`) says nothing without the next one.
    if let (true, Some(next)) = (message.ends_with(':'), lines.get(last + 1)) {
        message.push(' ');
        message.push_str(next.trim_start_matches("* "));
    }
    message.chars().take(MESSAGE).collect()
}

/// A line without the time and the level that loggers write in front.
fn without_head(line: &str) -> &str {
    let mut rest = line;
    while let Some((word, tail)) = rest.split_once(' ') {
        let bare = word.trim_matches(['[', ']', ':']);
        let is_time = bare.bytes().next().is_some_and(|b| b.is_ascii_digit())
            && bare
                .bytes()
                .all(|b| b.is_ascii_digit() || b"-:.TZ+".contains(&b));
        let is_level = ["FATAL", "ERROR", "error", "Error", "ERR", "ERRO"].contains(&bare);
        if !(is_time && bare.len() > 3 || is_level) {
            break;
        }
        rest = tail.trim_start();
    }
    rest.strip_prefix("Fatal error ").unwrap_or(rest)
}

/// One line without escape sequences and other control characters.
fn clean(line: &str) -> String {
    let mut out = String::new();
    let mut characters = line.chars().take(8 << 10).peekable();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // A control sequence ends with a letter (ECMA-48, 5.4).
            if characters.next_if_eq(&'[').is_some() {
                while characters.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
                characters.next();
            }
        } else if character.is_control() || character.is_whitespace() {
            if !out.ends_with(' ') && !out.is_empty() {
                out.push(' ');
            }
        } else {
            out.push(character);
        }
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn the_message_of_a_scanner_is_found_in_its_log() {
        for (log, expected) in [
            ("", ""),
            ("just a line\n", "just a line"),
            (
                "2026-11-25T16:49:23Z\tINFO\t[vulndb] Downloading\n2026-11-25T16:49:23Z\tFATAL\tFatal error\tinit error: DB error: x: 1 error occurred:\n\t* Get \"https://db.example/v2/\": no such host\n\n",
                "init error: DB error: x: 1 error occurred: Get \"https://db.example/v2/\": no such host",
            ),
            (
                "[0000] ERROR could not fetch image: not found\n",
                "could not fetch image: not found",
            ),
            (
                "\u{1b}[31merror\u{1b}[0m bad\u{7} thing\r\nbye\n",
                "bad thing",
            ),
        ] {
            assert_eq!(last_message(log), expected, "{log:?}");
        }
        assert!(last_message(&format!("error {}", "x".repeat(99_999))).len() <= MESSAGE);
    }

    #[test]
    fn programs_are_looked_for_in_absolute_folders_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trivy");
        std::fs::write(&file, "#!/bin/sh\n").unwrap();
        let path = std::env::join_paths([Path::new(""), Path::new("."), folder.path()]).unwrap();
        assert_eq!(find("trivy", &path), None);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find("trivy", &path), Some(file));
        assert_eq!(find("grype", &path), None);
    }
}
