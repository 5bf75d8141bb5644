//! How does this person write?
//!
//! Learned from the user's own sent mail, quotes and signatures cut away: greetings and sign-offs,
//! length, formality, favourite phrases, whether they quote, overall and per correspondent and
//! language; and the past replies closest to a mail at hand. Nothing here writes a letter. Start
//! with [`Voice::learn`] and [`closest_replies`].

mod examples;
mod greeting;
mod habits;
#[cfg(test)]
pub(crate) mod kit;
mod letters;
mod phrases;
#[cfg(test)]
mod tests;
mod words;

pub use examples::{Embed, Example, Find, closest_replies, query_words};
pub use greeting::{Greeting, NameForm, first_name};
pub use habits::{Address, Basis, Habits, Lengths, says_default};
pub use words::{content_words, cosine, similarity};

use crate::mail::{Person, UnixSeconds};
use crate::store::{self, Store};
use examples::letters_like;
use habits::{habits, signature};
use letters::OwnLetter;

/// What was learned of a person's writing.
#[derive(Clone, Debug, Default)]
pub struct Voice {
    letters: Vec<OwnLetter>,
    correspondent: Option<String>,
    /// Phrases they use more than those who write to them, most typical first.
    pub phrases: Vec<String>,
    /// Contact block under their letters; empty without one.
    pub signature: String,
}

impl Voice {
    /// Learns from the mail that the user (`me`, and the store's own addresses) sent up to `as_of`;
    /// most from what went to `correspondent`.
    ///
    /// # Errors
    /// The store cannot be read. A letter whose bytes are damaged is passed over.
    pub fn learn(
        store: &Store,
        me: &[String],
        as_of: UnixSeconds,
        correspondent: Option<&Person>,
    ) -> Result<Self, store::Error> {
        let correspondent = correspondent.map(|person| person.address.to_lowercase());
        let (letters, others) = letters::gather(store, me, as_of, correspondent.as_deref())?;
        let phrases = phrases::favourites(&letters, &others);
        let signature = signature(&letters);
        Ok(Self { letters, correspondent, phrases, signature })
    }

    /// Letters learned from.
    pub fn letters_count(&self) -> usize {
        self.letters.len()
    }

    /// The habits that fit a letter to the correspondent in `language` (any, where it is empty).
    ///
    /// From what went to the correspondent where that is three letters or more, else to their
    /// domain, else to anybody, in this language.
    pub fn habits(&self, language: &str) -> Habits {
        habits(&self.letters, self.correspondent.as_deref(), language)
    }

    /// Letters that show how they write about the like of `text` in `language` (any, where it is
    /// empty), best first: what stands between greeting and sign-off, nothing asked. Empty when no
    /// letter is long enough to show anything.
    pub fn letters_like(&self, text: &str, language: &str, limit: usize) -> Vec<Example> {
        letters_like(&self.letters, self.correspondent.as_deref(), text, language, limit)
    }

    /// The language they write to the correspondent in, or mostly; empty when nothing is known.
    pub fn language(&self) -> String {
        self.habits("").language
    }
}
