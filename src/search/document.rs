//! A message as the index takes it in.

use crate::mail::{MessageId, Person, ThreadId, UnixSeconds};

/// A message as the index takes it in: everything search needs to know of it, and no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The message.
    pub id: MessageId,
    /// Its thread.
    pub thread: ThreadId,
    /// The store's counter when the message came in or changed; the index remembers the highest.
    pub generation: i64,
    /// `Subject`, decoded.
    pub subject: String,
    /// The sender's own words.
    pub own: String,
    /// The rest of the text: quotes, forwarded mail, signature.
    pub quoted: String,
    /// Who wrote it.
    pub from: Person,
    /// `To`.
    pub to: Vec<Person>,
    /// `Cc`.
    pub cc: Vec<Person>,
    /// All folders it lies in.
    pub folders: Vec<String>,
    /// The labels it carries.
    pub labels: Vec<String>,
    /// When it was sent.
    pub date: UnixSeconds,
    /// Size of the raw message.
    pub bytes: u64,
    /// File names of what is attached; an empty name still counts as an attachment.
    pub attachments: Vec<String>,
    /// What the attachments say, as far as they were read.
    pub attached: Vec<String>,
    /// What is attached, in the words of [`crate::attach::kind::GROUPS`].
    pub holds: Vec<&'static str>,
    /// ISO 639-1, where it could be told.
    pub language: Option<String>,
    /// The user has read it.
    pub read: bool,
    /// The user has flagged it.
    pub flagged: bool,
    /// `Message-ID` without angle brackets.
    pub rfc_id: Option<String>,
}
