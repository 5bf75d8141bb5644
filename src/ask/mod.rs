//! What is the answer, and where does it stand?
//!
//! Search finds the messages, every sentence of their own words is weighed against the question, and
//! the best are quoted: decisions before the talk that led to them, later before earlier. Where no
//! sentence supports an answer, that is the answer: it is not in your mail. With a language model in
//! use, [`tell()`] has it say the answer in a sentence or two; each names the passages it rests on, and
//! one that says what does not stand in them is dropped. Start with [`ask()`].

mod error;
#[cfg(test)]
mod eval;
mod kind;
mod model;
mod order;
mod passages;
mod tell;
#[cfg(test)]
mod tests;
mod weigh;

use std::ops::ControlFlow;

pub use error::Error;
pub use model::Model;
pub use tell::{Matter, Said, Teller, TellerError, Told, tell};

use crate::ledger::{self, Ledger, Wanted};
use crate::mail::when::Calendar;
use crate::mail::{MessageId, Person, UnixSeconds};
use crate::search::{Embed, Index, Mode, Options, Query, Vectors};
use crate::store::Store;

/// Messages a question is put to.
const MESSAGES_MAX: usize = 16;
/// Passages that are given back.
const PASSAGES_MAX: usize = 5;

/// What surrounds a question.
pub struct Around<'a> {
    /// The words of the mail.
    pub index: &'a Index,
    /// Its vectors; without them words alone find and weigh.
    pub vectors: Option<&'a Vectors>,
    /// Who makes vectors of the question and of sentences.
    pub embed: Option<&'a dyn Embed>,
    /// Who finds the decisions in mail that nobody read yet; without it the ledger is taken as it is.
    pub reader: Option<&'a dyn ledger::Read>,
    /// Names the readings the ledger is made of ([`ledger::version`]).
    pub version: &'a str,
    /// The user's hours.
    pub calendar: &'a Calendar,
    /// How to search; `mode`, `limit` and `by_thread` do not count.
    pub options: Options<'a>,
}

/// A sentence of a message that answers, as it stands there.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// The message.
    pub id: MessageId,
    /// When it was sent.
    pub date: UnixSeconds,
    /// Who wrote it.
    pub from: Person,
    /// Its subject.
    pub subject: String,
    /// The sentence.
    pub quote: String,
    /// How sure it is that this answers, 0..1.
    pub support: f32,
    /// It decides something, and nothing later takes it back.
    pub decides: bool,
    /// ISO 639-1 of the message, empty when unsure.
    pub language: String,
}

/// Looks for the passages that answer a question, best first; none when it is not in the mail.
///
/// # Errors
/// [`Error::Nothing`] when the question holds no word to look for; else what the rooms above met.
pub fn ask(store: &mut Store, around: &Around<'_>, question: &str) -> Result<Vec<Passage>, Error> {
    let weighed = weigh(store, around, question, &[])?;
    Ok(order::answers(weighed, PASSAGES_MAX))
}

/// All passages weighed, the likeliest first; messages in `without` do not exist.
fn weigh(
    store: &mut Store,
    around: &Around<'_>,
    question: &str,
    without: &[MessageId],
) -> Result<weigh::Weighed, Error> {
    let query = Query::from_text(question);
    if !query.has_words() {
        return Err(Error::Nothing);
    }
    let embedded = match around.embed {
        None => None,
        Some(embed) => {
            let text = query.meaning_text().unwrap_or_default();
            embed.embed(&[&text]).map_err(Error::Embed)?.pop()
        }
    };
    let options = Options {
        mode: if embedded.is_some() { Mode::Hybrid } else { Mode::Words },
        limit: MESSAGES_MAX + without.len(),
        by_thread: false,
        ..around.options
    };
    let mut hits = around.index.search(around.vectors, embedded.as_deref(), &query, &options)?;
    hits.retain(|hit| !without.contains(&hit.id));
    hits.truncate(MESSAGES_MAX);
    let ids: Vec<MessageId> = hits.iter().map(|hit| hit.id).collect();
    let oldest = hits.iter().map(|hit| hit.date).min().unwrap_or(around.options.now);
    if let Some(reader) = around.reader {
        let mut go_on = |_, _| ControlFlow::Continue(());
        let wanted = Wanted::These(ids);
        ledger::read_new(store, reader, &wanted, around.calendar, &mut go_on)?;
    }
    let as_of = around.options.as_of.unwrap_or(around.options.now);
    let ledger = Ledger::load_since(store, around.version, as_of, oldest)?;
    let passages = passages::of_hits(store, &hits, &ledger)?;
    let relevance = around.index.relevance(&query)?;
    weigh::weigh(question, embedded.as_deref(), around.embed, &relevance, passages)
}
