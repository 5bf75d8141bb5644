//! Progress on standard error, on a terminal alone.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar, or nothing.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    style: &'static str,
}

impl Progress {
    pub(super) fn new(shown: bool, what: &'static str) -> Self {
        Self::styled(shown, what, "{msg} {bar:30} {pos}/{len} {per_sec} {eta}")
    }

    /// The same for bytes.
    pub(super) fn of_bytes(shown: bool, what: &'static str) -> Self {
        Self::styled(shown, what, "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
    }

    fn styled(shown: bool, what: &'static str, style: &'static str) -> Self {
        let bar = shown.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
            bar.set_message(what);
            bar
        });
        Self { bar, style }
    }

    /// Says something else in between.
    pub(super) fn aside<T>(&self, say: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }

    /// `done` of `total`; a total of 0 is not known.
    pub(super) fn at(&mut self, done: u64, total: u64) {
        let Some(bar) = &self.bar else { return };
        if total > 0 {
            if bar.length() != Some(total) {
                bar.set_length(total);
                if let Ok(style) = ProgressStyle::with_template(self.style) {
                    bar.set_style(style);
                }
            }
        } else if let Ok(style) = ProgressStyle::with_template("{msg} {pos} {per_sec}") {
            bar.set_style(style);
        }
        bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
