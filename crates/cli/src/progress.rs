use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use seaworthy_analysis::Observer;
use seaworthy_source::Progress;

/// One line per layer while it is read, gone when done; silent unless a person watches.
pub(crate) struct Bars {
    all: MultiProgress,
    layers: Mutex<BTreeMap<usize, ProgressBar>>,
    work: Mutex<Option<ProgressBar>>,
}

impl Bars {
    pub(crate) fn new(quiet: bool) -> Self {
        let target = if quiet || !crate::terminal::person_watches() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(10)
        };
        Self {
            all: MultiProgress::with_draw_target(target),
            layers: Mutex::default(),
            work: Mutex::default(),
        }
    }

    fn bar(&self, label: &str, size: u64) -> ProgressBar {
        let template = if size > 0 {
            "  {msg:<16} {bar:24} {bytes:>10} of {total_bytes}"
        } else {
            "  {msg:<16} {spinner} {bytes:>10}"
        };
        let bar = self.all.add(ProgressBar::new(size));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(crate::terminal::one_line(label));
        bar
    }

    fn layer(&self, index: usize, act: impl FnOnce(&ProgressBar)) {
        let layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = layers.get(&index) {
            act(bar);
        }
    }

    fn work(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        act(&mut self.work.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Observer for Bars {
    fn layer_started(&self, index: usize, size: u64) {
        let bar = self.bar(&format!("layer {index}"), size);
        self.layers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(index, bar);
    }

    fn layer_advanced(&self, index: usize, bytes: u64) {
        self.layer(index, |bar| bar.inc(bytes));
    }

    fn layer_finished(&self, index: usize) {
        self.layer(index, ProgressBar::finish_and_clear);
    }
}

impl Progress for Bars {
    fn start(&self, label: &str, total: Option<u64>) {
        let bar = self.bar(label, total.unwrap_or(0));
        self.work(|work| {
            if let Some(old) = work.replace(bar) {
                old.finish_and_clear();
            }
        });
    }

    fn advance(&self, bytes: u64) {
        self.work(|work| {
            if let Some(bar) = work {
                bar.inc(bytes);
            }
        });
    }

    fn finish(&self) {
        self.work(|work| {
            if let Some(bar) = work.take() {
                bar.finish_and_clear();
            }
        });
    }
}
