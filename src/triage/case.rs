//! One message with all that is known when it is judged.

use super::history::{History, Me, Sender, ThreadPast, domain_of, is_among};
use super::verdict::{Reason, Signal};
use super::wording;
use crate::ledger::{Entry, EntryKind, Folded, Reading};
use crate::mail::html::Link;
use crate::mail::{Message, Person};
use crate::store::Header;

/// Characters of the text that rules look at.
const TEXT_CHARS_MAX: usize = 20_000;

/// Reasons of a forge's mail that call on the reader to do something.
const CALLING: [&str; 8] = [
    "approval_requested",
    "assign",
    "assigned",
    "directly_addressed",
    "mention",
    "mentioned",
    "review_requested",
    "security_alert",
];

/// How the user was addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The only one in `To`.
    Alone,
    /// One of several in `To`.
    Among,
    /// In `Cc`.
    Copied,
    /// Nowhere: a list, a group, a blind copy.
    Absent,
}

/// A message to be judged.
pub(crate) struct Case<'a> {
    pub(crate) header: &'a Header,
    pub(crate) message: &'a Message,
    pub(crate) links: Vec<Link>,
    pub(crate) reading: &'a Reading,
    pub(crate) entries: &'a [Entry],
    pub(crate) history: &'a History,
    pub(crate) sender: Sender,
    pub(crate) thread: ThreadPast,
    pub(crate) place: Place,
    /// The author of the message this one answers, if it is here.
    pub(crate) parent: Option<Person>,
    /// The sender's own words and the subject, folded.
    pub(crate) words: Folded,
    pub(crate) subject: Folded,
}

impl<'a> Case<'a> {
    pub(crate) fn new(
        header: &'a Header,
        message: &'a Message,
        links: Vec<Link>,
        reading: &'a Reading,
        entries: &'a [Entry],
        history: &'a History,
        parent: Option<Person>,
    ) -> Self {
        let mut text = String::new();
        for sentence in reading.sentences.iter().filter(|sentence| !sentence.frame) {
            if text.len() + sentence.text.len() > TEXT_CHARS_MAX {
                break;
            }
            text.push_str(&sentence.text);
            text.push('\n');
        }
        Self {
            header,
            message,
            links,
            reading,
            entries,
            history,
            sender: history.sender(&header.from.address),
            thread: history.thread(header.thread),
            place: place(&history.me, header),
            parent,
            words: Folded::new(&text),
            subject: Folded::new(&header.subject),
        }
    }

    pub(crate) fn domain(&self) -> &str {
        domain_of(&self.header.from.address)
    }

    /// Somebody of the user's own organisation.
    pub(crate) fn is_colleague(&self) -> bool {
        self.history.me.domains.contains(self.domain())
    }

    /// The user wrote to them before.
    pub(crate) fn is_known(&self) -> bool {
        self.sender.written_to > 0
    }

    /// The user wrote to somebody of their organisation before.
    pub(crate) fn is_familiar(&self) -> bool {
        self.is_known()
            || self.is_colleague()
            || (!super::history::is_public_provider(self.domain())
                && self.history.written_to_domain(self.domain()) > 0)
    }

    /// A list where people talk: it says where to post, or it has a name and no campaign behind it and
    /// its program set the precedence or the tag in the subject that such programs set.
    pub(crate) fn is_discussion(&self) -> bool {
        let facts = &self.header.facts;
        if self.is_of_a_forge() {
            return false;
        }
        if facts.list_post || self.message.headers.list_post {
            return true;
        }
        let Some(list) = facts.list_id.as_ref().filter(|_| !facts.campaign) else { return false };
        let tag = self.header.subject.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        let tagged = tag.is_some_and(|(tag, _)| {
            tag.chars().count() >= 3 && list.to_lowercase().contains(&tag.to_lowercase())
        });
        tagged || facts.precedence.as_deref() == Some("list")
    }

    /// The header says that a crowd got it. Discussion lists are no mass mail.
    pub(crate) fn is_mass(&self) -> bool {
        !self.is_discussion() && !self.is_of_a_forge() && self.header.facts.is_bulk()
    }

    /// A forge tells what happened there, in list mail's dress.
    pub(crate) fn is_of_a_forge(&self) -> bool {
        self.message.headers.forge_reason.is_some()
    }

    /// Somebody called the user by name: in an ask, or on a forge, which says so.
    pub(crate) fn calls_user(&self) -> bool {
        let reason = self.message.headers.forge_reason.as_deref();
        reason.is_some_and(|reason| CALLING.contains(&reason))
            || self.asks().any(|ask| !ask.whom.is_empty())
    }

    /// The header says that a machine sent it.
    pub(crate) fn is_machine(&self) -> bool {
        self.header.facts.automatic || self.header.facts.report
    }

    /// A desk, not a person: its name says so, and nobody speaks of themselves.
    pub(crate) fn is_of_an_office(&self) -> bool {
        let name = Folded::new(&self.header.from.name);
        let local = self.header.from.address.split('@').next().unwrap_or_default();
        (name.any(wording::OFFICES) || wording::ROLE_NAMES.contains(&local))
            && !self.words.any(wording::MYSELF)
    }

    /// Asks put to the user: those that name them or nobody.
    pub(crate) fn asks(&self) -> impl Iterator<Item = &'a Entry> + '_ {
        let me = &self.history.me;
        self.entries.iter().filter(move |entry| {
            entry.kind == EntryKind::Ask && (entry.whom.is_empty() || is_among(me, &entry.whom))
        })
    }

    /// The sentence that holds one of `phrases`, exactly as it stands in the message; the subject
    /// when only that does.
    pub(crate) fn quote_of(&self, phrases: &[&str]) -> String {
        self.reading
            .sentences
            .iter()
            .find(|sentence| Folded::new(&sentence.text).any(phrases))
            .map(|sentence| sentence.text.clone())
            .or_else(|| self.subject.any(phrases).then(|| self.header.subject.clone()))
            .unwrap_or_default()
    }
}

fn place(me: &Me, header: &Header) -> Place {
    let people = &header.people;
    if is_among(me, &people.to) {
        if people.to.len() == 1 { Place::Alone } else { Place::Among }
    } else if is_among(me, &people.cc) {
        Place::Copied
    } else {
        Place::Absent
    }
}

/// Signals and reasons as they are collected.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) signals: Vec<Signal>,
    pub(crate) reasons: Vec<Reason>,
}

impl Tally {
    /// Notes a signal and gives back its weight.
    pub(crate) fn weigh(&mut self, name: &str, value: f32, weight: f32) -> f32 {
        if weight != 0.0 {
            self.signals.push(Signal { name: name.to_owned(), value, weight });
        }
        weight
    }

    pub(crate) fn reason(&mut self, text: impl Into<String>, quote: impl Into<String>) {
        let reason = Reason { text: text.into(), quote: quote.into() };
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}
