//! Asks, promises, deadlines and decisions of one message.

use serde::{Deserialize, Serialize};

use super::addressed::Addressees;
use super::cue_words::AVAILABLE;
use super::reading::Spoken;
use super::{Error, Folded, Reading, Sentence, shorten};
use crate::mail::when::{Calendar, Deadline};
use crate::mail::{MessageId, Person, UnixSeconds};
use crate::store::{EntryRow, Header, Store};

/// Characters of an entry on one line.
const LINE_CHARS_MAX: usize = 140;
/// A sentence is what its probability says when it is at least this.
const PROBABILITY_MIN: f32 = 0.5;
/// A time so near is meant as one to act by, whatever the words.
const NEAR_SECONDS: i64 = 26 * 3_600;
const NEAR_MINUTES: i64 = 9 * 60;
/// More people than this are a crowd.
const CROWD_MIN: usize = 12;
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
    /// The sentence exactly as it stands in the message, with the one beside it where that holds the
    /// time.
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
    spoken: &Spoken,
    reading: &Reading,
    due: &[Option<Deadline>],
    calendar: &Calendar,
    own: &[String],
) -> Vec<Entry> {
    if reading.forwards_only || is_bulk(header) {
        return Vec::new();
    }
    let greeting = reading.sentences.iter().take(2).find(|sentence| sentence.frame);
    let addressees = Addressees::of(header, own, greeting.map(|sentence| sentence.text.as_str()));
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
            let mut quote = sentence.text.as_str();
            let when = match kind {
                EntryKind::Deadline if here.is_none() => continue,
                EntryKind::Ask => ask_due(here, header, calendar).or_else(|| {
                    let (beside, due) = near_due(reading, due, at, header, calendar)?;
                    quote = spoken.stretch(at, beside);
                    Some(due)
                }),
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
                quote: quote.to_owned(),
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

/// What a sentence may be; it may be several ("I'll bring the cake, could you bring the wine?").
fn kinds(sentence: &Sentence) -> [(EntryKind, f32); 4] {
    [
        (EntryKind::Ask, sentence.ask),
        (EntryKind::Promise, sentence.promise),
        (EntryKind::Deadline, sentence.deadline),
        (EntryKind::Decision, sentence.decision),
    ]
}

/// "Could we meet in March?" names a time and sets no limit; "I need it today" does, and so does
/// any time that leaves about a day, or a working day. What a crowd is told of today is no limit of
/// each one's.
fn ask_due(
    deadline: Option<&Deadline>,
    header: &Header,
    calendar: &Calendar,
) -> Option<UnixSeconds> {
    let deadline = deadline?;
    let crowd = header.people.to.len() + header.people.cc.len() > CROWD_MIN;
    let near = deadline.at.0 - header.date.0 <= NEAR_SECONDS
        || calendar.working_minutes_between(header.date, deadline.at) <= NEAR_MINUTES;
    (deadline.cued || near && !crowd).then_some(deadline.at)
}

/// "The courier comes at four. Could you sign it?": the time stands in a sentence beside the ask, as a
/// limit or so near that it is one. A sentence that asks or promises itself keeps its time, and one
/// that tells when somebody is free again sets none. Gives back which sentence, and the time.
fn near_due(
    reading: &Reading,
    due: &[Option<Deadline>],
    at: usize,
    header: &Header,
    calendar: &Calendar,
) -> Option<(usize, UnixSeconds)> {
    [Some(at + 1), at.checked_sub(1)].into_iter().flatten().find_map(|index| {
        let sentence = reading.sentences.get(index)?;
        let own_matter = sentence.frame
            || sentence.promise >= PROBABILITY_MIN
            || sentence.ask >= PROBABILITY_MIN
            || Folded::new(&sentence.text).any(AVAILABLE);
        let named = due.get(index)?.as_ref()?;
        // "In the afternoon the docks are full" sets no time for anything.
        let line = sentence.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let exact = line.get(named.span.clone()).is_some_and(|words| {
            words.contains(|c: char| c.is_ascii_digit()) || Folded::new(words).any(DAYS)
        });
        let due = ask_due(Some(named), header, calendar)?;
        (!own_matter && (named.cued || exact)).then_some((index, due))
    })
}

/// Words that name a day by themselves.
#[rustfmt::skip]
const DAYS: &[&str] = &[
    "today", "tonight", "tomorrow", "heute", "morgen", "aujourd'hui", "ce soir", "demain", "hoy",
    "mañana", "vandaag", "vanavond", "mon*", "tue*", "wed*", "thu*", "fri*", "sat*", "sun*",
    "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag", "lundi",
    "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche", "lunes", "martes",
    "miércoles", "jueves", "viernes",
];

/// Whether the header alone says that a machine or a mass mailing sent it. Discussion lists are
/// written by people.
fn is_bulk(header: &Header) -> bool {
    let facts = &header.facts;
    let mass = facts.list_unsubscribe || facts.one_click_unsubscribe || facts.campaign;
    let precedence = facts.precedence.as_deref().is_some_and(|p| p == "bulk" || p == "junk");
    !header.own && (facts.automatic || facts.report || ((mass || precedence) && !facts.list_post))
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
