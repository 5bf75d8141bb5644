//! What deserves attention, how soon, and why?
//!
//! Every message somebody else sent gets a verdict as of its arrival, from what was known then: its
//! kind from headers and the reader, its tier from the reader's opinion, plain rules and what is known of
//! the sender, weighed as labelled mail taught; each signal named and each reason with the words it rests
//! on. What happened since is its state. Mail of crowds is `fyi`; what a machine wants is at most `normal`,
//! behind people. Nothing is hidden: `fyi` is a tier, not a bin. Start with [`judge_new`], then
//! [`list()`].

mod audit;
mod backtest;
mod case;
mod clocks;
mod error;
mod features;
mod history;
mod judge;
mod kind;
mod learned;
mod list;
mod personal;
mod rounds;
mod second;
mod state;
mod suspicion;
mod taught;
mod tier;
mod verdict;
mod weights;
// Lists of phrases read better filled than one a line.
#[rustfmt::skip]
mod wording;

#[cfg(test)]
mod taught_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use audit::{Sample, miss_rate_upper_95, sample};
pub use backtest::{Backtest, Deed, Miss, Policy, backtest, deeds};
pub use clocks::{
    Attainment, Breach, Clocks, Windowed, breaks_through, clocks, windowed, windows_around,
};
pub use error::Error;
pub use history::Sender;
pub use judge::{Norms, Rule, Settings, WINDOW_SECONDS, judge_new, verdict};
pub use list::{Item, ListOptions, Listed, items, list, listed};
pub use rounds::Call;
pub use second::{Asked, Second, ask_writer, to_ask};
pub use state::State;
pub use taught::{Correction, Learned, Lesson, Taught, in_words, teach};
pub use verdict::{DecidedBy, Kind, Reason, Scores, Signal, Tier, Untaught, Verdict};
