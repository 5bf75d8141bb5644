//! Progress on standard error, on a terminal alone.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar, or nothing.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn new(shown: bool, what: &'static str) -> Self {
        Self(shown.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
            bar.set_message(what);
            bar
        }))
    }

    /// `done` of `total`; a total of 0 is not known.
    pub(super) fn at(&mut self, done: u64, total: u64) {
        let Some(bar) = &self.0 else { return };
        if total > 0 {
            if bar.length() != Some(total) {
                bar.set_length(total);
                if let Ok(style) =
                    ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {per_sec} {eta}")
                {
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
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
