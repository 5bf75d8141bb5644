//! Asks, promises, deadlines and decisions of one message.

use serde::{Deserialize, Serialize};

use super::addressed::Addressees;
use super::{Error, Folded, Reading, Sentence, shorten};
use crate::mail::when::Deadline;
use crate::mail::{MessageId, Person, UnixSeconds};
use crate::store::{EntryRow, Header, Store};

/// Characters of an entry on one line.
const LINE_CHARS_MAX: usize = 140;
/// A sentence is what its probability says when it is at least this.
const PROBABILITY_MIN: f32 = 0.5;
/// A time so near is meant as one to act by, whatever the words.
const NEAR_SECONDS: i64 = 26 * 3_600;
/// Entries kept of one message.
const ENTRIES_MAX: usize = 40;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// Somebody asks for something.
    Ask,
    /// Somebody promises something.
    Promise,
    /// A time to act by.
    Deadline,
    /// What was decided.
    Decision,
}

impl EntryKind {
    /// As the store and the contract write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Promise => "promise",
            Self::Deadline => "deadline",
            Self::Decision => "decision",
        }
    }
}

/// One entry of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// The sentence on one line, shortened.
    pub text: String,
    /// The sentence exactly as it stands in the message.
    pub quote: String,
    /// Who wrote it.
    pub who: Person,
    /// Whom it names; nobody when it speaks to all it was sent to.
    pub whom: Vec<Person>,
    /// When it was written.
    pub made: UnixSeconds,
    /// The time to act by.
    pub due: Option<UnixSeconds>,
    /// How sure the reader is, 0..1.
    pub confidence: f32,
}

/// The entries of one message; `due[i]` is the time read in sentence `i`.
///
/// Bulk and automatic mail asks and promises nothing that anybody waits for.
pub(crate) fn extract(
    header: &Header,
    reading: &Reading,
    due: &[Option<Deadline>],
    own: &[String],
) -> Vec<Entry> {
    if reading.forwards_only || is_bulk(header) {
        return Vec::new();
    }
    let [_, _, newsletter, promotion, .., junk, suspicious] = reading.kind;
    let unwanted = newsletter + promotion + junk + suspicious > 0.85;
    if unwanted && !header.own {
        return Vec::new();
    }
    let greeting = reading.sentences.iter().take(2).find(|sentence| sentence.frame);
    let addressees = Addressees::of(header, greeting.map(|sentence| sentence.text.as_str()));
    let mut entries = Vec::new();
    for (at, sentence) in reading.sentences.iter().enumerate() {
        if sentence.frame {
            continue;
        }
        for (kind, probability) in kinds(sentence) {
            if probability < PROBABILITY_MIN || entries.len() >= ENTRIES_MAX {
                continue;
            }
            let here = due.get(at).and_then(Option::as_ref);
            let when = match kind {
                EntryKind::Deadline if here.is_none() => continue,
                EntryKind::Ask => ask_due(here, header.date)
                    .or_else(|| near_due(reading, due, at, header.date)),
                EntryKind::Decision => None,
                _ => here.map(|deadline| deadline.at),
            };
            let mut whom = addressees.whom(&sentence.text);
            if header.own {
                whom.retain(|person| !own.contains(&person.address));
            }
            entries.push(Entry {
                kind,
                text: shorten(&sentence.text, LINE_CHARS_MAX),
                quote: sentence.text.clone(),
                who: header.from.clone(),
                whom,
                made: header.date,
                due: when,
                confidence: probability,
            });
        }
    }
    entries
}

/// A sentence is one of ask and promise, whichever is likelier; deadline and decision stand beside.
fn kinds(sentence: &Sentence) -> [(EntryKind, f32); 3] {
    let first = if sentence.promise > sentence.ask {
        (EntryKind::Promise, sentence.promise)
    } else {
        (EntryKind::Ask, sentence.ask)
    };
    [first, (EntryKind::Deadline, sentence.deadline), (EntryKind::Decision, sentence.decision)]
}

/// "Could we meet on Tuesday?" names a time and sets no limit; "I need it today" does, and so does
/// any time nearer than about a day.
fn ask_due(deadline: Option<&Deadline>, sent: UnixSeconds) -> Option<UnixSeconds> {
    let deadline = deadline?;
    (deadline.cued || deadline.at.0 - sent.0 <= NEAR_SECONDS).then_some(deadline.at)
}

/// "I need it by Friday. Could you send it?": the time stands in a sentence beside the ask.
fn near_due(
    reading: &Reading,
    due: &[Option<Deadline>],
    at: usize,
    sent: UnixSeconds,
) -> Option<UnixSeconds> {
    let timed = |index: usize| {
        let sentence = reading.sentences.get(index)?;
        let promised = sentence.frame || sentence.promise >= PROBABILITY_MIN;
        let named = due.get(index)?.as_ref()?;
        // "In the afternoon the docks are full" sets no time for anything.
        let line = sentence.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let exact = line.get(named.span.clone()).is_some_and(|words| {
            words.contains(|c: char| c.is_ascii_digit()) || Folded::new(words).any(DAYS)
        });
        (!promised && (named.cued || exact)).then(|| ask_due(Some(named), sent)).flatten()
    };
    timed(at + 1).or_else(|| timed(at.checked_sub(1)?)).or_else(|| timed(at.checked_sub(2)?))
}

/// Words that name a day by themselves.
const DAYS: &[&str] = &[
    "today", "tonight", "tomorrow", "heute", "morgen", "aujourd'hui", "ce soir", "demain", "hoy",
    "mañana", "vandaag", "vanavond", "mon*", "tue*", "wed*", "thu*", "fri*", "sat*", "sun*", "montag",
    "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag", "lundi", "mardi", "mercredi",
    "jeudi", "vendredi", "samedi", "dimanche", "lunes", "martes", "miércoles", "jueves", "viernes",
];

/// Whether the header alone says that a machine or a mass mailing sent it. Discussion lists are
/// written by people.
fn is_bulk(header: &Header) -> bool {
    let facts = &header.facts;
    let mass = facts.list_unsubscribe || facts.one_click_unsubscribe || facts.campaign;
    let precedence = facts.precedence.as_deref().is_some_and(|p| p == "bulk" || p == "junk");
    !header.own
        && (facts.automatic || facts.report || ((mass || precedence) && !facts.list_post))
}

/// The stored entries of a message.
///
/// # Errors
/// The store cannot be read, or holds something else.
pub fn entries_of(store: &Store, id: MessageId) -> Result<Vec<Entry>, Error> {
    store.entries_of(id)?.iter().map(entry).collect()
}

pub(crate) fn entry(row: &EntryRow) -> Result<Entry, Error> {
    serde_json::from_str(&row.data).map_err(|source| Error::Damaged { id: row.message, source })
}
