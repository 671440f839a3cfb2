//! What an interruption takes along.

use seaworthy_scan::Canceller;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::exit::Failure;

/// Programs that we run are in process groups of their own, which a terminal's interruption does
/// not reach: they end first, then this program as it would have.
pub(crate) fn end_with(canceller: &Canceller) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|e| Failure::failed(format!("cannot listen to signals: {e}")))?;
    let canceller = canceller.clone();
    std::thread::spawn(move || {
        for signal in &mut signals {
            canceller.cancel();
            // It does not return for these signals; a failure leaves the scan to end by itself.
            let _ = emulate_default_handler(signal);
        }
    });
    Ok(())
}
