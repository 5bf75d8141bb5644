//! What a letter holds while it waits: the JSON in a letter's row.
//!
//! `draft` writes it and `outbox` sends it; neither may know the other, so it lives here.

use serde::{Deserialize, Serialize};

use super::{Error, LetterRow};
use crate::mail::{MessageId, Person};

/// A file that a letter carries; its bytes lie beside it ([`super::Store::letter_file`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterFile {
    /// The name the receiver sees.
    pub name: String,
    /// `type/subtype`.
    #[serde(rename = "type")]
    pub mime_type: String,
    /// Length.
    pub bytes: u64,
    /// SHA-256, 64 hex digits.
    pub digest: String,
}

/// A letter, written but not yet bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Letter {
    /// The user, under the address that writes.
    pub from: Person,
    /// `To`.
    pub to: Vec<Person>,
    /// `Cc`.
    pub cc: Vec<Person>,
    /// `Bcc`: in the envelope alone.
    pub bcc: Vec<Person>,
    /// The subject.
    pub subject: String,
    /// The text, `\n` line ends.
    pub body: String,
    /// `Message-ID` of the message it answers, without brackets; empty for a new letter.
    pub in_reply_to: String,
    /// `References`, oldest first, without brackets.
    pub references: Vec<String>,
    /// ISO 639-1, empty when unsure.
    pub language: String,
    /// `writer NAME`, `your past replies`, or `you`.
    pub written_by: String,
    /// Name and digest of the prompt it was written from; empty without a model.
    #[serde(default)]
    pub prompt: String,
    /// Past replies it leans on.
    pub examples: Vec<MessageId>,
    /// What the user should know before saying yes.
    pub warnings: Vec<String>,
    /// What it carries, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<LetterFile>,
}

impl Letter {
    /// The JSON kept in the row.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl LetterRow {
    /// The letter in this row.
    ///
    /// # Errors
    /// [`Error::Json`] when the row holds something else.
    pub fn letter(&self) -> Result<Letter, Error> {
        serde_json::from_str(&self.data).map_err(|source| Error::Json {
            what: "the letter",
            id: self.id.0,
            source,
        })
    }
}
