//! Progress on standard error, on a terminal alone, and only of work a person would wait for.

use std::fmt::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// Work that is done sooner shows no bar: it would only flash.
const PATIENCE: Duration = Duration::from_millis(500);

/// A bar that comes when work takes a while, or nothing.
pub(super) struct Progress {
    shown: bool,
    what: &'static str,
    style: &'static str,
    began: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(shown: bool, what: &'static str) -> Self {
        Self::styled(shown, what, "{msg} {bar:30} {pos}/{len} {rate} {eta}")
    }

    /// The same for bytes.
    pub(super) fn of_bytes(shown: bool, what: &'static str) -> Self {
        Self::styled(shown, what, "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
    }

    fn styled(shown: bool, what: &'static str, style: &'static str) -> Self {
        Self { shown, what, style, began: Instant::now(), bar: None }
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
        if self.bar.is_none() && is_due(self.shown, self.began.elapsed(), done, total) {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
            bar.set_style(style("{msg} {pos} {rate}"));
            bar.set_message(self.what);
            // What was done before the bar came counts for its rate.
            self.bar = Some(bar.with_elapsed(self.began.elapsed()));
        }
        let Some(bar) = &self.bar else { return };
        if total > 0 && bar.length() != Some(total) {
            bar.set_length(total);
            bar.set_style(style(self.style));
        }
        bar.set_position(done);
    }
}

/// Whether work that goes on for so long is shown from now on.
fn is_due(shown: bool, elapsed: Duration, done: u64, total: u64) -> bool {
    shown && elapsed >= PATIENCE && (total == 0 || done < total)
}

fn style(template: &str) -> ProgressStyle {
    let rate = |state: &ProgressState, out: &mut dyn Write| {
        let _ = write!(out, "{:.0}/s", state.per_sec());
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", rate)
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(millis: u64, done: u64, total: u64, expected: bool) {
        assert_eq!(is_due(true, Duration::from_millis(millis), done, total), expected);
        assert!(!is_due(false, Duration::from_millis(millis), done, total));
    }

    #[test]
    fn a_bar_comes_only_to_work_that_takes_a_while() {
        check(10, 0, 400, false);
        check(499, 399, 400, false);
        check(600, 12, 400, true);
        check(600, 12, 0, true);
        // Nothing is left to do.
        check(600, 400, 400, false);
    }
}
