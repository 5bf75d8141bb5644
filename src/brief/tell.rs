//! Lines told in a sentence by a language model, and what becomes of those that were not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sentence::{first, objection};
use super::{Brief, Error, Line, Section, SinceLast};
use crate::mail::{self, MessageId};
use crate::prompts::{self, start_of};
use crate::store::Store;

/// Lines told in one brief.
const LINES_MAX: usize = 40;
/// Characters of a mail that are looked at, of its subject, and of its sender's name.
const MAIL_CHARS_MAX: usize = 1_500;
const SUBJECT_CHARS_MAX: usize = 200;
const NAME_CHARS_MAX: usize = 80;
/// The store's name for the sentences it holds, and how many it holds.
const MARK: &str = "brief sentences";
const KEPT_MAX: usize = 400;
/// Rises when the checks change: what was kept before was looked at less closely.
const CHECKS_VERSION: u32 = 1;

/// A mail to be told in a sentence, all of it written by somebody else.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'a> {
    /// Who wrote it, as they name themselves.
    pub from: &'a str,
    /// Its subject.
    pub subject: &'a str,
    /// Its visible words, or the beginning of them and what the line quotes.
    pub text: &'a str,
    /// ISO 639-1, empty when unsure.
    pub language: &'a str,
}

/// Somebody who says in one sentence what a mail has come to.
pub trait Teller {
    /// Its name, as in `written_by`.
    fn name(&self) -> &str;

    /// The sentence, unchecked.
    ///
    /// # Errors
    /// It could not write one. The line then quotes.
    fn tell(&self, matter: &Matter<'_>) -> Result<String, TellerError>;
}

/// Why a teller gave no sentence.
#[derive(Debug, thiserror::Error)]
pub enum TellerError {
    /// The time was up.
    #[error("it took too long")]
    Late,
    /// It could not.
    #[error("{0}")]
    Other(String),
}

/// What became of the lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Told in a sentence, now or before.
    pub written: usize,
    /// Quoted, since the sentence was put aside.
    pub put_aside: usize,
    /// Why the first of these was.
    pub why: Option<String>,
    /// Quoted, since there was no time.
    pub left: usize,
}

/// Sentences as the store holds them: derived, and made anew by other words or another model.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    stamp: String,
    /// Nothing where the sentence was put aside: asked again it would be, and somebody waits.
    by_message: BTreeMap<i64, Option<String>>,
}

impl Kept {
    fn load(store: &Store, stamp: &str) -> Result<Self, Error> {
        let stamp = format!("{stamp} {} {CHECKS_VERSION}", prompts::Kind::Sentence.stamp());
        let kept: Option<Self> =
            store.mark(MARK)?.and_then(|json| serde_json::from_str(&json).ok());
        let same = kept.filter(|kept| kept.stamp == stamp);
        Ok(same.unwrap_or(Self { stamp, by_message: BTreeMap::new() }))
    }

    fn save(mut self, store: &Store) -> Result<(), Error> {
        while self.by_message.len() > KEPT_MAX {
            self.by_message.pop_first();
        }
        store.set_mark(MARK, &serde_json::to_string(&self).unwrap_or_default())?;
        Ok(())
    }
}

/// Whether a line is there to be told in a sentence.
pub fn is_to_tell(brief: &Brief) -> bool {
    brief.lines.iter().any(is_open)
}

fn is_open(line: &Line) -> bool {
    let section = matches!(line.section, Section::Decide | Section::Reply | Section::Fyi);
    section
        && !line.who.is_empty()
        && line.written_by.is_none()
        && line.since_last != SinceLast::Settled
        && !line.sources.is_empty()
}

/// Puts in the sentences that a model wrote before; gives back how many. Lines whose sentence was put
/// aside are not there to be told any more. `name` and `stamp` are the
/// model's: its name, and its name with what tells its weights from others.
///
/// # Errors
/// The store cannot be read.
pub fn recall(store: &Store, brief: &mut Brief, name: &str, stamp: &str) -> Result<usize, Error> {
    let kept = Kept::load(store, stamp)?;
    let mut count = 0;
    for line in brief.lines.iter_mut().filter(|line| is_open(line)) {
        match kept.by_message.get(&line.sources[0].id.0) {
            Some(Some(sentence)) => {
                say(line, sentence, name);
                count += 1;
            }
            Some(None) => line.who.clear(),
            None => {}
        }
    }
    Ok(count)
}

/// Has `teller` say in a sentence what the open lines are about, the most important first. `go_on` is
/// asked before each. What does not stand up to the checks, or is not there in time, stays a quote.
///
/// # Errors
/// The store cannot be read or written.
pub fn tell(
    store: &Store,
    brief: &mut Brief,
    teller: &dyn Teller,
    stamp: &str,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Told, Error> {
    let mut told = Told::default();
    let mut kept = Kept::load(store, stamp)?;
    let mut late = false;
    for line in brief.lines.iter_mut().filter(|line| is_open(line)).take(LINES_MAX) {
        late |= !go_on();
        if late {
            told.left += 1;
            continue;
        }
        let id = line.sources[0].id;
        match sentence(store, id, &line.sources[0].quote, teller)? {
            Ok(sentence) => {
                say(line, &sentence, teller.name());
                kept.by_message.insert(id.0, Some(sentence));
                told.written += 1;
            }
            Err(TellerError::Late) => {
                late = true;
                told.left += 1;
            }
            Err(TellerError::Other(why)) => {
                kept.by_message.insert(id.0, None);
                told.put_aside += 1;
                told.why.get_or_insert(why);
            }
        }
    }
    if told.written + told.put_aside > 0 {
        kept.save(store)?;
    }
    Ok(told)
}

fn say(line: &mut Line, sentence: &str, name: &str) {
    line.text = format!("{}: {sentence}", line.who);
    line.written_by = Some(format!("writer {name}"));
}

/// The sentence on a message, checked.
fn sentence(
    store: &Store,
    id: MessageId,
    quote: &str,
    teller: &dyn Teller,
) -> Result<Result<String, TellerError>, Error> {
    let other = |why: &str| Ok(Err(TellerError::Other(why.to_owned())));
    let header = store.header(id)?;
    let raw = match store.raw(id) {
        Err(crate::store::Error::Damaged { .. }) => return other("its mail is damaged"),
        raw => raw?,
    };
    let words = mail::own_or_forwarded_words(&mail::parse(&raw).text);
    if words.trim().is_empty() {
        return other("its mail has no words");
    }
    let mut text = start_of(&words, MAIL_CHARS_MAX).to_owned();
    if text.len() < words.len() && !text.contains(quote) && words.contains(quote) {
        text = format!("{text}\n[…]\n{quote}");
    }
    let matter = Matter {
        from: start_of(header.from.called(), NAME_CHARS_MAX),
        subject: start_of(&header.subject, SUBJECT_CHARS_MAX),
        text: &text,
        language: &header.language,
    };
    let written = match teller.tell(&matter) {
        Ok(written) => written,
        Err(error) => return Ok(Err(error)),
    };
    let Some(sentence) = first(&written) else { return other("it wrote nothing") };
    match objection(&sentence, &matter) {
        Some(why) => Ok(Err(TellerError::Other(why))),
        None => Ok(Ok(sentence)),
    }
}
