//! Who asked, promised, decided what, by when?
//!
//! The reader's opinion of every sentence is joined with what its words say plainly, kept in the
//! store, and turned into entries: asks, promises, deadlines and decisions, each with the sentence it
//! rests on. Nothing is written that does not stand in a message. Start with [`read_new`], then
//! [`Ledger::load`].

mod addressed;
// Lists of phrases read better filled than one a line.
#[rustfmt::skip]
mod cue_words;
mod cues;
mod entry;
mod error;
mod items;
mod line;
mod phrases;
mod read;
mod reading;
mod state;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use entry::{Entry, EntryKind, entries_of};
pub use error::Error;
pub use items::{Item, Ledger, Side};
pub use line::shorten;
pub use phrases::Folded;
pub use read::{Coverage, Read, Wanted, Weighted, clock_of, read_new, version, version_of};
#[cfg(test)]
pub(crate) use reading::Spoken;
pub use reading::{Reading, Sentence, gist, reading};
pub use state::{ItemState, overlap};
