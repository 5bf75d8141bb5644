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
mod language;
mod parse;
mod passages;
mod sentences;
pub mod source;
pub mod types;
pub mod when;

pub use identity::{base_subject, identity, identity_any_hour};
pub use language::language;
pub use parse::{attachment_bytes, links, parse};
pub use passages::{
    LetterShape, Passage, Voice, greeting, letter_shape, own_words, passages, sign_off,
};
pub use sentences::sentences;
pub use source::Flag;
pub use types::{
    Attachment, AuthResult, CalendarMethod, HeaderFacts, Message, MessageId, Moment, Person,
    ThreadId, UnixSeconds,
};

// TEMP
#[allow(missing_docs)]
pub fn gist(subject: &str, sentences: &[(&str, f32)]) -> String {
    let best = sentences.iter().fold(("", 0.31f32), |b, s| if s.1 > b.1 { *s } else { b }).0;
    let text = if best.is_empty() { subject } else { best };
    text.split_whitespace().take(12).collect::<Vec<_>>().join(" ")
}
