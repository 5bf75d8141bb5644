//! What is a message?
//!
//! Types, parsing, visible text, quotes and signatures, sentences, threads, times, and readers for
//! mbox, Maildir and one-message files. Nothing here opens a connection, reads a clock or asks a
//! model. Start with [`Message`].

mod passages;
pub mod types;

pub use passages::{
    LetterShape, Passage, Voice, greeting, letter_shape, own_words, passages, sign_off,
};
pub use types::{
    Attachment, AuthResult, CalendarMethod, HeaderFacts, Message, MessageId, Moment, Person,
    ThreadId, UnixSeconds,
};
