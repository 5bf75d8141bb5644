//! What would they answer? And does this letter work without a meeting?
//!
//! [`reply()`] and [`compose()`] put a letter into the store, as a draft. Without a writer it is put
//! together from the user's own past replies: greeting and sign-off in their way, every ask of the
//! mail named, their own sentences where they fit, and `[…]` wherever only they know. Recipients,
//! subject and threading are set by code from the mail answered and the user's command, never by a
//! model. [`check()`] says whether a letter stands on its own. Nothing here can send.

mod asks;
mod body;
mod check;
mod compose;
mod error;
mod facts;
mod gaps;
mod model;
mod phrases;
mod quote;
mod recipients;
mod refuse;
mod reply;
#[cfg(test)]
mod tests;
mod writer;
mod written;

pub use asks::{Ask, asks_in, topic};
pub use check::{Check, CheckKind, Context, Judge, SentenceAsks, check};
pub use compose::{Compose, compose};
pub use error::Error;
pub use facts::{Fact, FactSource, Origin, facts};
pub use model::Model;
pub use recipients::{Recipients, recipients, reply_subject};
pub use refuse::{Refusal, refusal};
pub use reply::{Audience, Form, Request, reply};
pub use writer::{Earlier, Writer, WriterError, WritingBrief};

use serde::Serialize;

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
    /// Past replies it leans on.
    pub examples: Vec<MessageId>,
    /// Numbers, dates, names, amounts and addresses of the body, each with where it comes from.
    pub facts: Vec<Fact>,
    /// Whether it works without a meeting.
    pub checks: Vec<Check>,
    /// What to look at; for the envelope.
    #[serde(skip)]
    pub warnings: Vec<String>,
}
