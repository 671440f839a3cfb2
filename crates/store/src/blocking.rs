//! Asynchronous work behind calls that block.

use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime for one thread, which may be used and dropped anywhere: also on a thread that drives
/// asynchronous work, where a bare runtime panics.
pub(crate) struct Blocking {
    /// None only while it is dropped.
    runtime: Option<Runtime>,
}

impl Blocking {
    pub(crate) fn new() -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        Ok(Self {
            runtime: Some(runtime),
        })
    }

    /// Runs a future to its end. A runtime cannot be entered from inside another one, so there a
    /// thread of its own does it.
    pub(crate) fn run<T: Send>(&self, future: impl Future<Output = T> + Send) -> T {
        let Some(runtime) = &self.runtime else {
            unreachable!("nothing runs while it is dropped")
        };
        if Handle::try_current().is_err() {
            return runtime.block_on(future);
        }
        std::thread::scope(
            |scope| match scope.spawn(|| runtime.block_on(future)).join() {
                Ok(value) => value,
                Err(panic) => std::panic::resume_unwind(panic),
            },
        )
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
