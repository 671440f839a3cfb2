use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes that all layer threads together may hold of file contents. A thread holds at most one
/// share at a time, so waiting for one cannot deadlock.
pub(crate) struct Budget {
    limit: u64,
    free: Mutex<u64>,
    returned: Condvar,
}

/// A share of the budget, given back on drop.
pub(crate) struct Share<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    pub(crate) const fn new(limit: u64) -> Self {
        Self {
            limit,
            free: Mutex::new(limit),
            returned: Condvar::new(),
        }
    }

    /// The most that one file may take.
    pub(crate) const fn limit(&self) -> u64 {
        self.limit
    }

    /// Waits until `bytes` are free; none when the budget could never hold them.
    pub(crate) fn take(&self, bytes: u64) -> Option<Share<'_>> {
        if bytes > self.limit {
            return None;
        }
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free < bytes {
            free = self
                .returned
                .wait(free)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *free -= bytes;
        Some(Share {
            budget: self,
            bytes,
        })
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut free = self
            .budget
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *free += self.bytes;
        drop(free);
        self.budget.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_comes_back_and_wakes_who_waits() {
        let budget = Budget::new(10);
        assert!(budget.take(11).is_none());
        let first = budget.take(8).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| budget.take(5).is_some());
            drop(first);
            assert!(waiting.join().unwrap());
        });
        assert!(budget.take(10).is_some());
    }
}
