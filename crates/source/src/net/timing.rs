use std::time::Duration;

use super::Failure;

/// How patient requests are. The default suits people; tests want less of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// For a connection to come about.
    pub connect: Duration,
    /// Without a byte.
    pub read: Duration,
    /// Wait before each further try.
    pub delays: [Duration; 4],
    /// Longest wait that a server may ask for (`Retry-After`).
    pub longest: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            read: Duration::from_secs(60),
            delays: [250, 500, 1000, 2000].map(Duration::from_millis),
            longest: Duration::from_secs(60),
        }
    }
}

impl Timing {
    pub(crate) const fn tries(&self) -> Tries {
        Tries {
            timing: *self,
            used: 0,
        }
    }
}

/// The tries of one piece of work: the one place that decides whether, and when, to try again.
pub(crate) struct Tries {
    timing: Timing,
    used: usize,
}

impl Tries {
    /// Waits as long as fits the failure; gives it back when trying again would not help, or was
    /// done often enough.
    pub(crate) async fn after(&mut self, failure: Failure) -> Result<(), Failure> {
        if failure.is_passing() {
            self.anyway(failure).await
        } else {
            Err(failure)
        }
    }

    /// The same for a failure that is known to pass in this place.
    pub(crate) async fn anyway(&mut self, failure: Failure) -> Result<(), Failure> {
        let Some(delay) = self.timing.delays.get(self.used) else {
            return Err(failure);
        };
        let wait = match failure.retry_after() {
            Some(wait) if wait > self.timing.longest => return Err(failure),
            Some(wait) => wait,
            None => *delay,
        };
        self.used += 1;
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Something was achieved: patience begins anew.
    pub(crate) const fn progress(&mut self) {
        self.used = 0;
    }
}
