//! What was known of people and threads when a message came.
//!
//! One sweep over all headers collects a short note of each; [`History::advance`] then replays them
//! in time order, so that a message is judged from what lay before it and nothing else.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ledger::Folded;
use crate::mail::{MessageId, Person, ThreadId, UnixSeconds};
use crate::store::{self, Header, Scope, Store};

/// An answer within this shows that a claim of urgency was true.
const URGENT_SECONDS: i64 = 4 * 3_600;
/// Mail on the matter of an alarm is part of it for so long.
pub(crate) const ALARM_SECONDS: i64 = 4 * 3_600;
/// Alarms remembered.
const ALARMS_MAX: usize = 64;

/// What was known of a sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sender {
    /// Mails they had sent.
    pub mails: u32,
    /// Of these, how many the user had answered in the thread.
    pub replied: u32,
    /// Mails they had marked or titled urgent.
    pub claimed_urgent: u32,
    /// Of these, how many the user had answered within four hours.
    pub was_urgent: u32,
    /// Mails the user had written to them.
    pub written_to: u32,
}

/// The user, as their mail shows them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Me {
    pub(crate) addresses: HashSet<String>,
    /// Domains of the addresses, public mail providers left out.
    pub(crate) domains: BTreeSet<String>,
}

/// A short note of one message.
#[derive(Debug)]
struct Note {
    date: UnixSeconds,
    id: MessageId,
    thread: ThreadId,
    own: bool,
    urgent: bool,
    from: Arc<str>,
    name: Arc<str>,
    to: Vec<(Arc<str>, Arc<str>)>,
}

/// A thread so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct ThreadPast {
    /// Messages before this one.
    pub(crate) messages: u32,
    /// The user's among them.
    pub(crate) own: u32,
    /// Whether the user wrote the last one.
    pub(crate) last_own: bool,
    waiting: Vec<(Arc<str>, UnixSeconds, bool)>,
}

/// All that was known at a moment.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) me: Me,
    notes: Vec<Note>,
    next: usize,
    people: HashMap<Arc<str>, Sender>,
    written_domains: HashMap<String, u32>,
    names: HashMap<String, BTreeSet<Arc<str>>>,
    threads: HashMap<ThreadId, ThreadPast>,
    alarms: VecDeque<Alarm>,
}

/// Something was on fire.
#[derive(Debug)]
struct Alarm {
    at: UnixSeconds,
    thread: ThreadId,
    words: BTreeSet<String>,
}

impl History {
    /// Collects the notes of all mail sent at or before `until`.
    pub(crate) fn collect(store: &Store, until: UnixSeconds) -> Result<Self, store::Error> {
        let addresses: HashSet<String> =
            store.own_addresses()?.into_iter().map(|(address, _)| address).collect();
        let domains = addresses
            .iter()
            .filter_map(|address| address.rsplit_once('@'))
            .map(|(_, domain)| domain.to_owned())
            .filter(|domain| !is_public_provider(domain))
            .collect();
        let mut history = Self { me: Me { addresses, domains }, ..Self::default() };
        let mut interned: HashSet<Arc<str>> = HashSet::new();
        let mut intern = |text: &str| -> Arc<str> {
            if let Some(known) = interned.get(text) {
                return known.clone();
            }
            let new: Arc<str> = text.into();
            interned.insert(new.clone());
            new
        };
        let scope = Scope { until: Some(until), ..Scope::default() };
        store.each_header(&scope, |header| {
            let mut to = Vec::new();
            if header.own {
                let people = &header.people;
                for person in people.to.iter().chain(&people.cc).chain(&people.bcc) {
                    to.push((intern(&person.address), intern(&person.name)));
                }
            }
            history.notes.push(Note {
                date: header.date,
                id: header.id,
                thread: header.thread,
                own: header.own,
                urgent: claims_urgency(&header),
                from: intern(&header.from.address),
                name: intern(&header.from.name),
                to,
            });
            Ok::<(), store::Error>(())
        })?;
        history.notes.sort_by_key(|note| (note.date, note.id));
        Ok(history)
    }

    /// Replays everything before the message `id` of `date`.
    pub(crate) fn advance(&mut self, date: UnixSeconds, id: MessageId) {
        while let Some(note) = self.notes.get(self.next) {
            if (note.date, note.id) >= (date, id) {
                break;
            }
            self.next += 1;
            let at = self.next - 1;
            if self.notes[at].own { self.sent(at) } else { self.received(at) }
        }
    }

    fn received(&mut self, at: usize) {
        let Self { notes, people, names, threads, me, .. } = self;
        let note = &notes[at];
        let sender = people.entry(note.from.clone()).or_default();
        sender.mails += 1;
        sender.claimed_urgent += u32::from(note.urgent);
        let domain = domain_of(&note.from);
        if sender.written_to > 0 || me.domains.contains(domain) {
            remember_name(names, &note.name, &note.from);
        }
        let thread = threads.entry(note.thread).or_default();
        thread.messages += 1;
        thread.last_own = false;
        thread.waiting.push((note.from.clone(), note.date, note.urgent));
    }

    fn sent(&mut self, at: usize) {
        let Self { notes, people, names, threads, written_domains, .. } = self;
        let note = &notes[at];
        for (address, name) in &note.to {
            people.entry(address.clone()).or_default().written_to += 1;
            *written_domains.entry(domain_of(address).to_owned()).or_default() += 1;
            remember_name(names, name, address);
        }
        let thread = threads.entry(note.thread).or_default();
        thread.messages += 1;
        thread.own += 1;
        thread.last_own = true;
        for (from, date, urgent) in thread.waiting.drain(..) {
            let sender = people.entry(from).or_default();
            sender.replied += 1;
            sender.was_urgent += u32::from(urgent && note.date.0 - date.0 <= URGENT_SECONDS);
        }
    }

    /// What is known of a sender.
    pub(crate) fn sender(&self, address: &str) -> Sender {
        self.people.get(address).copied().unwrap_or_default()
    }

    /// How often the user wrote to a domain.
    pub(crate) fn written_to_domain(&self, domain: &str) -> u32 {
        self.written_domains.get(domain).copied().unwrap_or(0)
    }

    /// The thread before this message.
    pub(crate) fn thread(&self, thread: ThreadId) -> ThreadPast {
        self.threads.get(&thread).cloned().unwrap_or_default()
    }

    /// Domains the user corresponds with, and their own.
    pub(crate) fn known_domains(&self) -> impl Iterator<Item = &str> {
        self.written_domains.keys().chain(&self.me.domains).map(String::as_str)
    }

    /// Addresses known under a display name, when the name is one of two words at least.
    pub(crate) fn addresses_of(&self, name: &str) -> Option<&BTreeSet<Arc<str>>> {
        self.names.get(&folded_name(name)?)
    }

    /// Notes that something is on fire.
    pub(crate) fn raise(&mut self, header: &Header) {
        if self.alarms.len() >= ALARMS_MAX {
            self.alarms.pop_front();
        }
        let words = self.matter(header);
        self.alarms.push_back(Alarm { at: header.date, thread: header.thread, words });
    }

    /// A word that this message shares with an alarm of the last hours, or its own thread's subject.
    pub(crate) fn on_fire(&self, header: &Header) -> Option<String> {
        let words = self.matter(header);
        self.alarms.iter().rev().find_map(|alarm| {
            let age = header.date.0 - alarm.at.0;
            if !(0..=ALARM_SECONDS).contains(&age) {
                return None;
            }
            if alarm.thread == header.thread {
                return Some(header.subject.clone());
            }
            alarm.words.intersection(&words).next().cloned()
        })
    }

    /// Names that say what a message is about: rare words of the subject, and the sender's domain
    /// when it is not the user's own.
    fn matter(&self, header: &Header) -> BTreeSet<String> {
        let domain = domain_of(&header.from.address);
        let machine = header.facts.automatic;
        let host = if machine || self.me.domains.contains(domain) || is_public_provider(domain) {
            ""
        } else {
            domain
        };
        let own: BTreeSet<&str> = self.me.domains.iter().flat_map(|own| own.split('.')).collect();
        Folded::new(&header.subject)
            .words()
            .chain(host.split('.'))
            .filter(|word| {
                word.chars().count() >= 5
                    && word.chars().all(char::is_alphabetic)
                    && !own.contains(word)
                    && !COMMON.contains(word)
            })
            .map(str::to_owned)
            .collect()
    }
}

/// The sender says that it is urgent, by a mark or in the subject.
pub(crate) fn claims_urgency(header: &Header) -> bool {
    header.facts.marked_urgent
        || Folded::new(&header.subject).any(&["urgent", "asap", "dringend", "eilt", "urgente", "spoed"])
}

/// What stands after the `@`.
pub(crate) fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Mail providers whose domain says nothing of who somebody works with.
pub(crate) fn is_public_provider(domain: &str) -> bool {
    const PROVIDERS: &[&str] = &[
        "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com",
        "ymail.com", "aol.com", "icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com",
        "gmx.de", "gmx.net", "gmx.com", "web.de", "t-online.de", "freenet.de", "mail.com", "mail.ru",
        "yandex.ru", "orange.fr", "free.fr", "laposte.net", "wanadoo.fr", "qq.com", "163.com",
        "fastmail.com", "posteo.de", "mailbox.org", "zoho.com", "hey.com", "libero.it", "comcast.net",
    ];
    PROVIDERS.contains(&domain)
}

fn remember_name(
    names: &mut HashMap<String, BTreeSet<Arc<str>>>,
    name: &str,
    address: &Arc<str>,
) {
    if let Some(folded) = folded_name(name) {
        names.entry(folded).or_default().insert(address.clone());
    }
}

/// First names alone are shared by too many.
fn folded_name(name: &str) -> Option<String> {
    let folded = Folded::new(name);
    let mut words: Vec<&str> = folded.words().collect();
    words.sort_unstable();
    (words.len() >= 2).then(|| words.join(" "))
}

/// Whether a person stands among `people` under one of the user's addresses.
pub(crate) fn is_among(me: &Me, people: &[Person]) -> bool {
    people.iter().any(|person| me.addresses.contains(&person.address))
}

/// Words of subjects and hosts that name no matter.
const COMMON: &[&str] = &[
    "about", "after", "again", "alarm", "alert", "another", "before", "being", "blank", "build", "check",
    "could", "crash", "critical", "email", "error", "errors", "example", "failed", "failure", "first", "fixed",
    "found", "great", "group", "hello", "important", "incident", "invitation", "issue", "mails", "meeting",
    "message", "minutes", "monitor", "morning", "notice", "offline", "order", "other", "outage", "please",
    "problem", "production", "question", "quick", "reminder", "report", "request", "server", "service",
    "slots", "status", "still", "system", "test", "thanks", "their", "there", "these", "thing", "things",
    "ticket", "today", "tomorrow", "update", "urgent", "website", "week", "which", "would", "yesterday",
];
