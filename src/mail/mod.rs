//! What is a message?
//!
//! Types, parsing, visible text, quotes and signatures, sentences, threads, times, and readers for
//! mbox, Maildir and one-message files. Nothing here opens a connection, reads a clock or asks a
//! model. Start with [`Message`].

#[cfg(test)]
mod corpora;
pub mod facts;
mod gist;
mod headers;
pub mod html;
mod identity;
mod invisible;
mod language;
mod marks;
mod parse;
mod passages;
mod sentences;
pub mod source;
pub mod types;
pub mod when;

pub use gist::{gist, gist_of_ask};
pub use identity::{base_subject, identity, identity_any_hour};
pub use language::language;
pub use marks::{Marks, is_label};
pub(crate) use parse::moment;
pub use parse::{attachment_bytes, attachments, decode_text, links, parse};
pub use passages::{
    LetterShape, Passage, Voice, Words, greeting, letter_shape, own_or_forwarded_words, own_words,
    passages, sign_off, words,
};
pub use sentences::sentences;
pub use source::Flag;
pub use types::{
    Attachment, AuthResult, CalendarMethod, HeaderFacts, Message, MessageId, Moment, Person,
    ThreadId, UnixSeconds,
};
