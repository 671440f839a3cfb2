//! One program in a process group of its own, with a ceiling for time and output.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::plan::Invocation;

/// How often a running program is looked after.
const LOOK: Duration = Duration::from_millis(10);
/// What a program gets to clean up after itself once it has to stop.
const GRACE: Duration = Duration::from_millis(800);
/// How long the rest of the output may take once the program has ended.
const DRAIN: Duration = Duration::from_secs(5);
/// How much of the messages is kept, from their end.
const MESSAGES: usize = 16 << 10;

/// Stops all programs that run, from any thread; for the user's interruption.
#[derive(Debug, Clone, Default)]
pub struct Canceller(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    cancelled: AtomicBool,
    /// Process groups whose leader is not reaped yet, so that their numbers are still theirs.
    groups: Mutex<Vec<Pid>>,
}

impl Canceller {
    /// Asks all programs to end, and ends those that do not within a second.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        self.signal_all(Signal::TERM);
        let end = Instant::now() + GRACE;
        while Instant::now() < end && !self.groups().is_empty() {
            thread::sleep(LOOK);
        }
        self.signal_all(Signal::KILL);
    }

    fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    fn groups(&self) -> std::sync::MutexGuard<'_, Vec<Pid>> {
        self.0.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal_all(&self, signal: Signal) {
        for group in self.groups().iter() {
            // It may have ended in between.
            let _ = kill_process_group(*group, signal);
        }
    }

    /// Reaps the leader of a group; whatever it left behind in the group ends with it. Its number
    /// is forgotten before it can become somebody else's.
    fn reap(&self, group: Pid, child: &mut Child) -> io::Result<ExitStatus> {
        {
            let mut groups = self.groups();
            let _ = kill_process_group(group, Signal::KILL);
            groups.retain(|one| *one != group);
        }
        child.wait()
    }
}

/// How a program ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// By itself.
    Exited {
        status: ExitStatus,
        stdout: Vec<u8>,
        stderr: String,
    },
    /// It was never there.
    NotStarted(io::Error),
    /// After its time.
    TimedOut,
    /// It wrote more than it may.
    Flooded,
    /// Somebody did not want to wait any longer.
    Cancelled,
    /// It ended, and something that it started keeps its output open.
    Held,
}

/// What a run is held to.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'a> {
    pub(super) deadline: Instant,
    pub(super) max_output: usize,
    pub(super) withheld: &'a [&'static str],
    pub(super) stopped: &'a AtomicBool,
    pub(super) canceller: &'a Canceller,
}

impl Bounds<'_> {
    fn gave_up(self) -> bool {
        self.stopped.load(Ordering::SeqCst) || self.canceller.is_cancelled()
    }
}

/// Runs a program to its end, or to one of its bounds.
pub(super) fn run(path: &Path, invocation: &Invocation, bounds: Bounds<'_>) -> Ended {
    let mut command = Command::new(path);
    command
        .args(&invocation.arguments)
        .envs(
            invocation
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    for name in invocation.unset.iter().chain(bounds.withheld) {
        command.env_remove(name);
    }
    // Under the lock, so that no interruption falls between the start and the entry.
    let started = {
        let mut groups = bounds.canceller.groups();
        if bounds.canceller.is_cancelled() {
            return Ended::Cancelled;
        }
        command
            .spawn()
            .inspect(|child| groups.push(Pid::from_child(child)))
    };
    let mut child = match started {
        Ok(child) => child,
        Err(error) => return Ended::NotStarted(error),
    };
    let group = Pid::from_child(&child);
    let flooded = Arc::new(AtomicBool::new(false));
    let stdout = child
        .stdout
        .take()
        .map(|pipe| whole(pipe, bounds.max_output, Arc::clone(&flooded)));
    let stderr = child.stderr.take().map(tail);
    let why = watch(group, &flooded, bounds);
    if why.is_some() {
        end(group);
    }
    let status = bounds.canceller.reap(group, &mut child);
    if let Some(why) = why {
        return why;
    }
    if bounds.gave_up() {
        return Ended::Cancelled;
    }
    let stdout = stdout.and_then(|receiver| receiver.recv_timeout(DRAIN).ok());
    let stderr = stderr.and_then(|receiver| receiver.recv_timeout(DRAIN).ok());
    match (status, stdout) {
        _ if flooded.load(Ordering::SeqCst) => Ended::Flooded,
        (Ok(status), Some(stdout)) => Ended::Exited {
            status,
            stdout,
            stderr: String::from_utf8_lossy(&stderr.unwrap_or_default()).into_owned(),
        },
        (Err(error), _) => Ended::NotStarted(error),
        (Ok(_), None) => Ended::Held,
    }
}

/// Waits until the leader of a group has ended; else says which bound it ran into. The leader is
/// not reaped, so that its group cannot become somebody else's.
fn watch(group: Pid, flooded: &AtomicBool, bounds: Bounds<'_>) -> Option<Ended> {
    loop {
        if has_ended(group) {
            return None;
        }
        if flooded.load(Ordering::SeqCst) {
            return Some(Ended::Flooded);
        }
        if bounds.gave_up() {
            return Some(Ended::Cancelled);
        }
        let now = Instant::now();
        if now >= bounds.deadline {
            return Some(Ended::TimedOut);
        }
        thread::sleep(LOOK.min(bounds.deadline - now));
    }
}

fn has_ended(leader: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::Pid(leader), options) {
        Ok(status) => status.is_some(),
        Err(rustix::io::Errno::INTR) => false,
        // Nothing to wait for: reaping says what is the matter.
        Err(_) => true,
    }
}

/// Asks a group to end, and leaves it some time to.
fn end(group: Pid) {
    let _ = kill_process_group(group, Signal::TERM);
    let end = Instant::now() + GRACE;
    while Instant::now() < end && !has_ended(group) {
        thread::sleep(LOOK);
    }
}

/// All that a pipe carries, up to a limit; beyond it nothing is read any more.
fn whole(
    mut pipe: impl Read + Send + 'static,
    most: usize,
    flooded: Arc<AtomicBool>,
) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut part = vec![0; 64 << 10];
        loop {
            match pipe.read(&mut part) {
                Ok(0) => break,
                Ok(read) => bytes.extend_from_slice(part.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
            if bytes.len() > most {
                flooded.store(true, Ordering::SeqCst);
                return;
            }
        }
        // Nobody waits any more when the program was stopped.
        let _ = sender.send(bytes);
    });
    receiver
}

/// The end of what a pipe carries.
fn tail(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut kept: VecDeque<u8> = VecDeque::new();
        let mut part = vec![0; 8 << 10];
        loop {
            match pipe.read(&mut part) {
                Ok(0) => break,
                Ok(read) => kept.extend(part.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
            let over = kept.len().saturating_sub(MESSAGES);
            kept.drain(..over);
        }
        let _ = sender.send(kept.into());
    });
    receiver
}
