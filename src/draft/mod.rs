//! What would they answer? And does this letter work without a meeting?
//!
//! [`reply()`] and [`compose()`] put a letter into the store, as a draft. Without a writer it is put
//! together: greeting and sign-off in the user's way, every ask of the mail repeated, and `[…]` for
//! each answer, which is theirs to give; a sentence they once answered to the like stands, at most, as
//! a note inside the gap. Recipients, subject and threading are set by code from the mail answered and the user's command, never by a
//! model. [`check()`] says whether a letter stands on its own. Nothing here can send.

mod addressee;
mod asks;
mod body;
mod check;
mod compose;
mod error;
#[cfg(test)]
mod eval;
mod follow_up;
mod gaps;
mod model;
mod phrases;
mod quote;
mod recipients;
mod refuse;
mod reply;
#[cfg(test)]
mod tests;
mod text;
mod writer;
mod written;

pub use asks::{Ask, all_asks};
pub use check::{Check, CheckKind, Context, Judge, SentenceAsks, check};
pub use compose::{Compose, compose};
pub use error::Error;
pub use model::Model;
pub use recipients::{Recipients, recipients, reply_subject};
pub use refuse::{Refusal, refusal};
pub use reply::{Audience, Form, Request, reply};
pub use writer::{Earlier, Writer, WriterError, WritingBrief, Written};

use serde::Serialize;

use crate::mail::facts::Fact;
use crate::mail::{MessageId, Person};
use crate::store::LetterId;

/// What stands where only the user knows.
pub const GAP: &str = "[…]";
/// What a letter put together from past replies says of its author.
pub const WRITTEN_BY_YOU: &str = "your past replies";

/// A letter as drafted: an item of the contract's `draft`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Draft {
    /// Its number in the outbox.
    pub letter: LetterId,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
    /// `To`.
    pub to: Vec<Person>,
    /// `Cc`.
    pub cc: Vec<Person>,
    /// The subject.
    pub subject: String,
    /// The text.
    pub body: String,
    /// ISO 639-1, empty when unsure.
    pub language: String,
    /// `writer NAME` or `your past replies`.
    pub written_by: String,
    /// Past replies its notes are from, or that its writer was shown.
    pub examples: Vec<MessageId>,
    /// Numbers, dates, names, amounts and addresses of the body, each with where it comes from.
    pub facts: Vec<Fact>,
    /// Whether it works without a meeting.
    pub checks: Vec<Check>,
    /// What to look at; for the envelope.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// Whether what stands between greeting and sign-off is the user's, word for word.
    #[serde(skip)]
    pub said: bool,
}
