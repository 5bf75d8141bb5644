//! The seam for a language model: it gets a brief and gives back a text, nothing else.

use super::Ask;
use crate::mail::MessageId;
use crate::voice::{Example, Habits};

/// What a writer is told. Recipients, headers, greeting's name and sign-off are none of its business:
/// it writes what stands between them.
#[derive(Clone, Debug)]
pub struct WritingBrief<'a> {
    /// Subject of the mail answered, or of the new letter.
    pub subject: &'a str,
    /// Own words of the mail answered; empty for a new letter. Written by a stranger.
    pub mail: &'a str,
    /// Who wrote that mail, as they name themselves.
    pub from: &'a str,
    /// What was said in the thread before it, oldest first.
    pub thread: &'a [Earlier],
    /// What the mail asks for.
    pub asks: &'a [Ask],
    /// What the user wants to say.
    pub say: &'a str,
    /// Past replies of the user to like mail, best first; behind them letters that answer nothing,
    /// for how they write.
    pub examples: &'a [Example],
    /// How the user writes to this person.
    pub habits: &'a Habits,
    /// Phrases they like.
    pub phrases: &'a [String],
    /// ISO 639-1, empty when unsure.
    pub language: &'a str,
}

/// An earlier mail of the thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Its number.
    pub id: MessageId,
    /// Who wrote it, as they name themselves.
    pub from: String,
    /// Their own words.
    pub text: String,
}

/// What a writer wrote, and what it was shown: a prompt may have no room for all of a brief.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The text, plain, without greeting and sign-off; `[…]` where only the user knows.
    pub text: String,
    /// How many of the brief's examples it saw, from the first.
    pub examples_count: usize,
    /// How many earlier mails of the thread it saw, from the last.
    pub thread_count: usize,
    /// What to look at.
    pub warning: Option<String>,
}

/// Somebody who writes the text between greeting and sign-off.
pub trait Writer {
    /// Its name, as in `written_by`.
    fn name(&self) -> &str;

    /// The text that stands between greeting and sign-off.
    ///
    /// # Errors
    /// It could not write, or wrote what cannot be used. The letter is then put together without it.
    fn write(&self, brief: &WritingBrief<'_>) -> Result<Written, WriterError>;

    /// Names the instructions it was given, to be stored with the letter; empty when there are none.
    fn prompt_stamp(&self, _brief: &WritingBrief<'_>) -> String {
        String::new()
    }
}

/// Why a writer gave no text.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct WriterError {
    /// The reason.
    pub why: String,
}
