//! What is a message?
//!
//! Types, parsing, visible text, quotes and signatures, sentences, threads, times, and readers for
//! mbox, Maildir and one-message files. Nothing here opens a connection, reads a clock or asks a
//! model. Start with [`Message`].

#[cfg(test)]
mod corpora;
mod headers;
pub mod html;
mod identity;
mod invisible;
mod parse;
pub mod source;
pub mod types;

pub use identity::{base_subject, identity, identity_any_hour};
pub use parse::{attachment_bytes, links, parse};
pub use source::Flag;
pub use types::{
    Attachment, AuthResult, CalendarMethod, HeaderFacts, Message, MessageId, Moment, Person,
    ThreadId, UnixSeconds,
};
