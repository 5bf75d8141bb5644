//! What was known of people and threads when a message came.
//!
//! One sweep over all headers collects a short note of each; [`History::advance`] then replays them
//! in time order, so that a message is judged from what lay before it and nothing else.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ledger::Folded;
use crate::mail::source::{self, Role};
use crate::mail::{MessageId, Person, ThreadId, UnixSeconds};
use crate::store::{self, Header, Scope, Store};

/// An answer within this shows that a claim of urgency was true.
const URGENT_SECONDS: i64 = 4 * 3_600;
/// Mail on the matter of an alarm is part of it for so long.
pub(crate) const ALARM_SECONDS: i64 = 4 * 3_600;
/// What the user does with a mail shows after this.
const SETTLED_SECONDS: i64 = 3 * 86_400;
/// An answer within this is a quick one.
const QUICK_SECONDS: i64 = 6 * 3_600;
/// Mails of a sender, and answers of the user, from which habits show.
const HABIT_MAILS_MIN: u32 = 5;
const HABIT_WANTED_MIN: u32 = 30;
/// How many mails of the usual rate a sender's own are weighed against.
const HABIT_PRIOR: f32 = 5.0;
/// The part of the log-odds that counts, and the most of it.
const HABIT_PART: f32 = 0.4;
const HABIT_MAX: f32 = 1.5;
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
    starred: bool,
    dropped: bool,
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
    /// Mail of others whose fate counts from its second time on.
    unsettled: VecDeque<(UnixSeconds, usize)>,
    deeds: HashMap<Arc<str>, Deeds>,
    all_deeds: Deeds,
}

/// What the user did with mail, as counts.
#[derive(Clone, Copy, Debug, Default)]
struct Deeds {
    /// Mails that came, old enough to tell.
    mails: u32,
    /// Answered or starred.
    wanted: u32,
    /// Answered within a few hours.
    quick: u32,
    /// Deleted, or filed unread.
    dropped: u32,
}

/// What the user does with a sender's mail, against what they do with mail at large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Habit {
    /// Log-odds for `now` and `today`.
    pub(crate) pressing: f32,
    /// Log-odds for `fyi`.
    pub(crate) aside: f32,
    /// Mails it rests on, how many of them were answered or starred, and how many quickly.
    pub(crate) mails: u32,
    pub(crate) wanted: u32,
    pub(crate) quick: u32,
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
                starred: header.flags.contains('F'),
                dropped: was_dropped(&header),
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
            self.settle(self.notes[at].date);
            if self.notes[at].own { self.sent(at) } else { self.received(at) }
        }
    }

    /// Counts the mail that is old enough by `now` for the user to have done something with it.
    fn settle(&mut self, now: UnixSeconds) {
        while let Some((due, at)) = self.unsettled.front().copied() {
            if due > now {
                return;
            }
            self.unsettled.pop_front();
            let note = &self.notes[at];
            for deeds in [self.deeds.entry(note.from.clone()).or_default(), &mut self.all_deeds] {
                deeds.mails += 1;
                deeds.wanted += u32::from(note.starred);
                deeds.dropped += u32::from(note.dropped);
            }
        }
    }

    /// The habit with a sender's mail; nothing while too little was seen of it or of the user.
    ///
    /// Rates are shrunk towards those over all mail, by as many mails as [`HABIT_PRIOR`], and the
    /// log-odds between the two count in part: what somebody did says less than a correction.
    pub(crate) fn habit(&self, address: &str) -> Option<Habit> {
        let (all, own) = (self.all_deeds, *self.deeds.get(address)?);
        if all.wanted < HABIT_WANTED_MIN || own.mails < HABIT_MAILS_MIN {
            return None;
        }
        let odds = |count: f32, of: f32| {
            let rate = (count / of).clamp(0.01, 0.99);
            (rate / (1.0 - rate)).ln()
        };
        let against = |count: u32, at_large: u32| {
            let usual = (at_large as f32 / all.mails.max(1) as f32).clamp(0.01, 0.99);
            let mails = own.mails as f32 + HABIT_PRIOR;
            let count = (count as f32).min(own.mails as f32);
            HABIT_PART * (odds(count + HABIT_PRIOR * usual, mails) - odds(usual, 1.0))
        };
        let within = |odds: f32| odds.clamp(-HABIT_MAX, HABIT_MAX);
        Some(Habit {
            pressing: within(against(own.quick, all.quick)),
            aside: within(against(own.dropped, all.dropped) - against(own.wanted, all.wanted)),
            mails: own.mails,
            wanted: own.wanted,
            quick: own.quick,
        })
    }

    fn received(&mut self, at: usize) {
        let Self { notes, people, names, threads, me, unsettled, .. } = self;
        let note = &notes[at];
        unsettled.push_back((UnixSeconds(note.date.0 + SETTLED_SECONDS), at));
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
        let Self { notes, people, names, threads, written_domains, deeds, all_deeds, .. } = self;
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
            let quick = note.date.0 - date.0 <= QUICK_SECONDS;
            for deeds in [deeds.entry(from.clone()).or_default(), &mut *all_deeds] {
                deeds.wanted += 1;
                deeds.quick += u32::from(quick);
            }
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
        || Folded::new(&header.subject)
            .any(&["urgent", "asap", "dringend", "eilt", "urgente", "spoed"])
}

/// Whether the user deleted it, or filed it away unread.
pub(crate) fn was_dropped(header: &Header) -> bool {
    let is_all = |role: Role| {
        !header.folders.is_empty()
            && header.folders.iter().all(|folder| source::role(folder) == role)
    };
    header.flags.contains('T')
        || is_all(Role::Trash)
        || (!header.is_read() && is_all(Role::Archive))
}

/// What stands after the `@`.
pub(crate) fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Mail providers whose domain says nothing of who somebody works with.
pub(crate) fn is_public_provider(domain: &str) -> bool {
    const PROVIDERS: &[&str] = &[
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "ymail.com",
        "aol.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "proton.me",
        "protonmail.com",
        "gmx.de",
        "gmx.net",
        "gmx.com",
        "web.de",
        "t-online.de",
        "freenet.de",
        "mail.com",
        "mail.ru",
        "yandex.ru",
        "orange.fr",
        "free.fr",
        "laposte.net",
        "wanadoo.fr",
        "qq.com",
        "163.com",
        "fastmail.com",
        "posteo.de",
        "mailbox.org",
        "zoho.com",
        "hey.com",
        "libero.it",
        "comcast.net",
    ];
    PROVIDERS.contains(&domain)
}

fn remember_name(names: &mut HashMap<String, BTreeSet<Arc<str>>>, name: &str, address: &Arc<str>) {
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
    is_among_addresses(&me.addresses, people)
}

/// Whether any of `people` has one of these addresses.
pub(super) fn is_among_addresses(addresses: &HashSet<String>, people: &[Person]) -> bool {
    people.iter().any(|person| addresses.contains(&person.address))
}

/// Whether a word of a subject names no matter.
pub(super) fn is_common(word: &str) -> bool {
    COMMON.contains(&word) || matches!(word, "this" | "that" | "with" | "from" | "your" | "have")
}

/// Words of subjects and hosts that name no matter.
const COMMON: &[&str] = &[
    "about",
    "after",
    "again",
    "alarm",
    "alert",
    "another",
    "before",
    "being",
    "blank",
    "build",
    "check",
    "could",
    "crash",
    "critical",
    "email",
    "error",
    "errors",
    "example",
    "failed",
    "failure",
    "first",
    "fixed",
    "found",
    "great",
    "group",
    "hello",
    "important",
    "incident",
    "invitation",
    "issue",
    "mails",
    "meeting",
    "message",
    "minutes",
    "monitor",
    "morning",
    "notice",
    "offline",
    "order",
    "other",
    "outage",
    "please",
    "problem",
    "production",
    "question",
    "quick",
    "reminder",
    "report",
    "request",
    "server",
    "service",
    "slots",
    "status",
    "still",
    "system",
    "test",
    "thanks",
    "their",
    "there",
    "these",
    "thing",
    "things",
    "ticket",
    "today",
    "tomorrow",
    "update",
    "urgent",
    "website",
    "week",
    "which",
    "would",
    "yesterday",
];
