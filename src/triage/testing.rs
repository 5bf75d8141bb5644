//! What was weighed, for the tests that fit and measure the weights.

use std::cell::RefCell;

use super::features::Row;

thread_local! {
    /// The row that was weighed last.
    static SEEN: RefCell<Option<Row>> = const { RefCell::new(None) };
}

pub(super) fn see(row: &Row) {
    SEEN.with_borrow_mut(|seen| *seen = Some(*row));
}

/// What was weighed since it was last asked.
pub(crate) fn seen() -> Option<Vec<f32>> {
    SEEN.take().map(|row| row.to_vec())
}

thread_local! {
    /// Whether verdicts are made without what the user does with mail.
    static WITHOUT_HABITS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

pub(super) fn is_without_habits() -> bool {
    WITHOUT_HABITS.get()
}

/// Runs `work` with or without habits.
pub(super) fn with_habits<T>(with: bool, work: impl FnOnce() -> T) -> T {
    WITHOUT_HABITS.set(!with);
    let done = work();
    WITHOUT_HABITS.set(false);
    done
}
