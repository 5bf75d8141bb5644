//! What deserves attention, how soon, and why?
//!
//! Every message somebody else sent gets a verdict as of its arrival, from what was known then: its
//! kind from headers and the reader, its tier from the reader's opinion, plain rules and what is known of
//! the sender, weighed as labelled mail taught; each signal named and each reason with the words it rests
//! on. What happened since is its state. Mail of crowds is `fyi`; what a machine wants is at most `normal`,
//! behind people. Nothing is hidden: `fyi` is a tier, not a bin. Start with [`judge_new`], then
//! [`list()`].

mod case;
mod error;
mod features;
mod history;
mod judge;
mod kind;
mod learned;
mod list;
mod second;
mod state;
mod suspicion;
mod tier;
mod verdict;
mod weights;
// Lists of phrases read better filled than one a line.
#[rustfmt::skip]
mod wording;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use history::Sender;
pub use judge::{Norms, Rule, Settings, WINDOW_SECONDS, judge_new, verdict};
pub use list::{Item, ListOptions, Listed, items, list, listed};
pub use second::{Asked, Second, ask_writer, to_ask};
pub use state::State;
pub use verdict::{DecidedBy, Kind, Reason, Scores, Signal, Tier, Verdict};
