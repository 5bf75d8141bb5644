//! The ledger as of some time: who owes what to whom.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Serialize, Serializer};

use super::entry::{Entry, EntryKind, entry};
use super::state::{
    ItemState, confirms_receipt, names_nothing, overlap, promises_word, reports_done, reverses,
};
use super::{Error, Reading, reading, shorten};
use crate::mail::when::format_rfc3339;
use crate::mail::{self, MessageId, Person, ThreadId, UnixSeconds};
use crate::store::{Header, Scope, Store};

/// Mail older than this is left out unless it is asked for: nobody still waits for it.
const AGE_SECONDS_MAX: i64 = 400 * 86_400;
/// An ask or promise without a time is let go after this.
const PATIENCE_SECONDS: i64 = 45 * 86_400;
/// One with a time, this long after it.
const LATE_SECONDS_MAX: i64 = 60 * 86_400;
/// Sentences of a later message looked at for a sign that a promise was kept.
const SIGN_SENTENCES_MAX: usize = 6;
/// Characters of the question that a short decision answers.
const QUESTION_CHARS_MAX: usize = 90;
/// Words two decisions in one thread must share to be about the same.
const SAME_DECISION_MIN: f32 = 0.4;
/// The same across threads of one subject.
const SAME_SUBJECT_MIN: f32 = 0.5;

/// Whose an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The user's.
    Mine,
    /// Somebody else's.
    Theirs,
}

/// One line of the ledger, as the contract gives it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// The message it stands in.
    pub id: MessageId,
    /// Its thread.
    pub thread: ThreadId,
    /// What it is: `ask`, `promise` or `decision`.
    pub kind: EntryKind,
    /// Whose it is.
    pub side: Side,
    /// Who asked, promised or decided.
    pub who: Person,
    /// Whom it was said to: the one named, else all the message was sent to.
    pub whom: Vec<Person>,
    /// The sentence on one line.
    pub text: String,
    /// The sentence exactly as it stands in the message, with the one beside it where that holds the
    /// time.
    pub quote: String,
    /// When it was said.
    #[serde(serialize_with = "time")]
    pub made: UnixSeconds,
    /// By when.
    #[serde(serialize_with = "optional_time")]
    pub due: Option<UnixSeconds>,
    /// What became of it.
    pub state: ItemState,
    /// The message that takes its place.
    pub superseded_by: Option<MessageId>,
    /// How sure the reader is that it is one, 0..1.
    pub confidence: f32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn time<S: Serializer>(at: &UnixSeconds, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&format_rfc3339(*at))
}

#[expect(clippy::ref_option, reason = "the shape serde asks for")]
fn optional_time<S: Serializer>(at: &Option<UnixSeconds>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => to.serialize_some(&format_rfc3339(*at)),
        None => to.serialize_none(),
    }
}

/// The ledger as of a time: mail sent later does not exist for it.
#[derive(Debug)]
pub struct Ledger {
    as_of: UnixSeconds,
    own: Vec<String>,
    asks: Vec<Item>,
    promises: Vec<Item>,
    decisions: Vec<Item>,
}

/// What the states are read from.
struct Past<'a> {
    store: &'a Store,
    version: &'a str,
    as_of: UnixSeconds,
    headers: HashMap<MessageId, Header>,
    threads: BTreeMap<ThreadId, Vec<MessageId>>,
}

impl Ledger {
    /// Reads the ledger of the last year or so as of `as_of`; `version` is that of the readings
    /// ([`super::version`]).
    ///
    /// # Errors
    /// The store cannot be read, or holds something else.
    pub fn load(store: &Store, version: &str, as_of: UnixSeconds) -> Result<Self, Error> {
        Self::load_since(store, version, as_of, as_of)
    }

    /// The same, reaching back to `since` at least.
    ///
    /// # Errors
    /// As [`Ledger::load`].
    pub fn load_since(
        store: &Store,
        version: &str,
        as_of: UnixSeconds,
        since: UnixSeconds,
    ) -> Result<Self, Error> {
        let since = since.min(UnixSeconds(as_of.0 - AGE_SECONDS_MAX));
        let own: Vec<String> =
            store.own_addresses()?.into_iter().map(|(address, _)| address).collect();
        let mut entries: Vec<(MessageId, Entry)> = Vec::new();
        for row in store.entries("", since, as_of)? {
            let entry = entry(&row)?;
            if entry.kind != EntryKind::Deadline {
                entries.push((row.message, entry));
            }
        }
        let past = Past::load(store, version, as_of, &entries)?;
        let mut ledger =
            Self { as_of, own, asks: Vec::new(), promises: Vec::new(), decisions: Vec::new() };
        for (id, entry) in entries {
            let Some(header) = past.headers.get(&id) else { continue };
            if !header.own && is_unwanted(store, id)? {
                continue;
            }
            let kind = entry.kind;
            let item = item(header, entry);
            match kind {
                EntryKind::Ask => ledger.asks.push(item),
                EntryKind::Promise => ledger.promises.push(item),
                _ => ledger.decisions.push(item),
            }
        }
        ledger.name_decisions(&past);
        ledger.settle_asks(&past);
        ledger.settle_promises(&past)?;
        ledger.settle_decisions(&past);
        Ok(ledger)
    }

    /// What the user owes: asks to them that are open, and their own promises not fulfilled; what is
    /// due first comes first, what has no time last.
    pub fn owed(&self) -> Vec<Item> {
        self.unsettled(self.all_owed())
    }

    /// The same with what is settled.
    pub fn all_owed(&self) -> Vec<Item> {
        let asks =
            self.asks.iter().filter(|item| item.side == Side::Theirs && self.speaks_to_me(item));
        let promises = self.promises.iter().filter(|item| item.side == Side::Mine);
        by_due(asks.chain(promises))
    }

    /// What the user awaits: their own asks that nobody answered, and promises made to them.
    pub fn waiting(&self) -> Vec<Item> {
        self.unsettled(self.all_awaited())
    }

    /// The same with what came.
    pub fn all_awaited(&self) -> Vec<Item> {
        let asks = self.asks.iter().filter(|item| item.side == Side::Mine);
        let promises = self
            .promises
            .iter()
            .filter(|item| item.side == Side::Theirs && self.speaks_to_me(item));
        by_due(asks.chain(promises))
    }

    /// Promises of both sides, settled or not; newest first.
    pub fn promises(&self) -> Vec<Item> {
        let mut items: Vec<Item> = self
            .promises
            .iter()
            .filter(|item| item.side == Side::Mine || self.speaks_to_me(item))
            .cloned()
            .collect();
        items.sort_by_key(|item| std::cmp::Reverse((item.made, item.id)));
        items
    }

    /// Decisions, newest first.
    pub fn decisions(&self) -> Vec<Item> {
        let mut items = self.decisions.clone();
        items.sort_by_key(|item| std::cmp::Reverse((item.made, item.id)));
        items
    }

    /// The time it is seen from.
    pub fn as_of(&self) -> UnixSeconds {
        self.as_of
    }

    fn unsettled(&self, mut items: Vec<Item>) -> Vec<Item> {
        items.retain(|item| {
            matches!(item.state, ItemState::Open | ItemState::Slipped)
                && match item.due {
                    Some(due) => self.as_of.0 - due.0 <= LATE_SECONDS_MAX,
                    None => self.as_of.0 - item.made.0 <= PATIENCE_SECONDS,
                }
        });
        items
    }

    fn speaks_to_me(&self, item: &Item) -> bool {
        item.whom.iter().any(|person| self.own.contains(&person.address))
    }

    /// "Yes." decides what was asked just before in the thread; it is shown with that, else with its
    /// subject. Beside a decision of the same message that says what it is, it adds nothing.
    fn name_decisions(&mut self, past: &Past<'_>) {
        let plain: BTreeSet<MessageId> = self
            .decisions
            .iter()
            .filter(|item| !names_nothing(&item.text))
            .map(|item| item.id)
            .collect();
        self.decisions.retain(|item| !names_nothing(&item.text) || !plain.contains(&item.id));
        for item in self.decisions.iter_mut().filter(|item| names_nothing(&item.text)) {
            let asked = past.before(item.id).into_iter().rev().find_map(|earlier| {
                let asks = self
                    .asks
                    .iter()
                    .filter(|ask| ask.id == earlier && ask.who.address != item.who.address);
                let asks_plainly = |ask: &Item| ask.text.ends_with(['?', '？']);
                asks.max_by(|a, b| {
                    let sure = a.confidence.total_cmp(&b.confidence);
                    asks_plainly(a).cmp(&asks_plainly(b)).then(sure)
                })
            });
            let said = item.text.trim_end_matches(['.', '!']).to_owned();
            if let Some(ask) = asked.filter(|ask| !names_nothing(&ask.text)) {
                let question = shorten(&ask.text, QUESTION_CHARS_MAX);
                item.text = format!("{said} — to: “{question}”");
            } else if let Some(header) = past.headers.get(&item.id) {
                let subject = mail::gist(&header.subject, &[]);
                if !subject.is_empty() {
                    item.text = format!("{said} — on: {subject}");
                }
            }
        }
    }

    /// An ask is kept once somebody it was put to wrote in the thread after it; a later ask of the
    /// same person in the thread takes its place.
    fn settle_asks(&mut self, past: &Past<'_>) {
        let mut latest: HashMap<(ThreadId, String), MessageId> = HashMap::new();
        for item in &mut self.asks {
            let key = (item.thread, item.who.address.clone());
            let newest = latest.entry(key).or_insert(item.id);
            if past.order(*newest) < past.order(item.id) {
                *newest = item.id;
            }
        }
        for item in &mut self.asks {
            let newest = latest.get(&(item.thread, item.who.address.clone())).copied();
            if newest.is_some_and(|newest| newest != item.id) {
                (item.state, item.superseded_by) = (ItemState::Superseded, newest);
            }
            let answered = past.after(item.id).any(|later| match item.side {
                Side::Theirs => later.own,
                Side::Mine => {
                    !later.own
                        && !later.facts.automatic
                        && (item.whom.is_empty()
                            || item.whom.iter().any(|person| person.address == later.from.address))
                }
            });
            if answered {
                (item.state, item.superseded_by) = (ItemState::Kept, None);
            } else if item.state == ItemState::Open && item.due.is_some_and(|due| due < self.as_of)
            {
                item.state = ItemState::Slipped;
            }
        }
        // Several asks of one message are one line: the one with the nearest time, else the surest.
        let mut best: HashMap<MessageId, Item> = HashMap::new();
        for item in self.asks.drain(..) {
            let rank = |item: &Item| {
                (item.due.map_or(i64::MAX, |due| due.0), -(item.confidence * 1000.0) as i64)
            };
            match best.entry(item.id) {
                std::collections::hash_map::Entry::Occupied(mut held) => {
                    if rank(&item) < rank(held.get()) {
                        held.insert(item);
                    }
                }
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(item);
                }
            }
        }
        self.asks = best.into_values().collect();
        self.asks.sort_by_key(|item| (item.made, item.id));
    }

    /// A promise is kept only on evidence: a later message of the promiser that brings a file or
    /// says that it is done, or the other side saying that it came.
    fn settle_promises(&mut self, past: &Past<'_>) -> Result<(), Error> {
        let later: Vec<(ThreadId, MessageId, Person, String)> = self
            .promises
            .iter()
            .map(|item| (item.thread, item.id, item.who.clone(), item.text.clone()))
            .collect();
        for item in &mut self.promises {
            let renewed = later.iter().find(|(thread, id, who, text)| {
                *thread == item.thread
                    && who.address == item.who.address
                    && past.order(*id) > past.order(item.id)
                    && (overlap(text, &item.text) >= SAME_DECISION_MIN || refers_back(text))
            });
            if let Some((_, id, ..)) = renewed {
                (item.state, item.superseded_by) = (ItemState::Superseded, Some(*id));
                continue;
            }
            if past.kept(item)? {
                item.state = ItemState::Kept;
            } else if item.due.is_some_and(|due| due < self.as_of) {
                item.state = ItemState::Slipped;
            }
        }
        Ok(())
    }

    /// A decision falls when a later one in its thread, or in a thread of the same subject, takes it
    /// back or speaks of the same.
    fn settle_decisions(&mut self, past: &Past<'_>) {
        let all = self.decisions.clone();
        for item in &mut self.decisions {
            let Some(header) = past.headers.get(&item.id) else { continue };
            let successor = all.iter().find(|later| {
                if past.order(later.id) <= past.order(item.id) {
                    return false;
                }
                let shared = overlap(&later.text, &item.text);
                if later.thread == item.thread {
                    return reverses(&later.quote)
                        || past.reverses(later.id)
                        || shared >= SAME_DECISION_MIN;
                }
                past.headers.get(&later.id).is_some_and(|other| {
                    !header.subject_key.is_empty()
                        && other.subject_key == header.subject_key
                        && shared >= SAME_SUBJECT_MIN
                })
            });
            if let Some(successor) = successor {
                (item.state, item.superseded_by) = (ItemState::Superseded, Some(successor.id));
            }
        }
    }
}

impl<'a> Past<'a> {
    fn load(
        store: &'a Store,
        version: &'a str,
        as_of: UnixSeconds,
        entries: &[(MessageId, Entry)],
    ) -> Result<Self, Error> {
        let ids: Vec<MessageId> = entries.iter().map(|(id, _)| *id).collect();
        let mut wanted: Vec<ThreadId> = store
            .headers(&Scope { ids: Some(ids), ..Scope::default() })?
            .into_iter()
            .map(|header| header.thread)
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut headers = HashMap::new();
        let mut threads: BTreeMap<ThreadId, Vec<MessageId>> = BTreeMap::new();
        for thread in wanted {
            for header in store.thread(thread)? {
                if header.date <= as_of {
                    threads.entry(thread).or_default().push(header.id);
                    headers.insert(header.id, header);
                }
            }
        }
        Ok(Self { store, version, as_of, headers, threads })
    }

    fn order(&self, id: MessageId) -> (UnixSeconds, MessageId) {
        (self.headers.get(&id).map_or(UnixSeconds(0), |header| header.date), id)
    }

    /// The later messages of a message's thread, in order.
    fn after(&self, id: MessageId) -> impl Iterator<Item = &Header> {
        let from = self.order(id);
        let thread = self.headers.get(&id).map(|header| header.thread);
        thread
            .and_then(|thread| self.threads.get(&thread))
            .into_iter()
            .flatten()
            .filter_map(|id| self.headers.get(id))
            .filter(move |header| (header.date, header.id) > from && header.date <= self.as_of)
    }

    /// The earlier messages of a message's thread, in order.
    fn before(&self, id: MessageId) -> Vec<MessageId> {
        let until = self.order(id);
        let thread = self.headers.get(&id).and_then(|header| self.threads.get(&header.thread));
        let mut ids: Vec<MessageId> = thread
            .into_iter()
            .flatten()
            .copied()
            .filter(|other| self.order(*other) < until)
            .collect();
        ids.sort_by_key(|other| self.order(*other));
        ids
    }

    fn kept(&self, item: &Item) -> Result<bool, Error> {
        for later in self.after(item.id) {
            if later.from.address == item.who.address {
                let delivers = later.attachments.iter().any(|file| !is_decoration(&file.mime_type));
                if delivers || promises_word(&item.quote) || reports_done(&self.opening(later.id)?)
                {
                    return Ok(true);
                }
            } else if confirms_receipt(&self.opening(later.id)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first sentences of a message.
    fn opening(&self, id: MessageId) -> Result<String, Error> {
        let Reading { sentences, .. } = reading(self.store, id, self.version)?.unwrap_or_default();
        let texts: Vec<&str> = sentences
            .iter()
            .filter(|sentence| !sentence.frame && sentence.promise < 0.5 && sentence.ask < 0.5)
            .take(SIGN_SENTENCES_MAX)
            .map(|sentence| sentence.text.as_str())
            .collect();
        Ok(texts.join("\n"))
    }

    fn reverses(&self, id: MessageId) -> bool {
        self.opening(id).is_ok_and(|text| reverses(&text))
    }
}

/// What is due first comes first, what has no time last.
fn by_due<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<Item> {
    let mut items: Vec<Item> = items.cloned().collect();
    items.sort_by_key(|item| (item.due.map_or(i64::MAX, |due| due.0), -item.made.0, item.id));
    items
}

fn item(header: &Header, entry: Entry) -> Item {
    let people = &header.people;
    let whom = if entry.whom.is_empty() {
        people.to.iter().chain(&people.bcc).cloned().collect()
    } else {
        entry.whom
    };
    Item {
        id: header.id,
        thread: header.thread,
        kind: entry.kind,
        side: if header.own { Side::Mine } else { Side::Theirs },
        who: entry.who,
        whom,
        text: entry.text,
        quote: entry.quote,
        made: entry.made,
        due: entry.due,
        state: ItemState::Open,
        superseded_by: None,
        confidence: entry.confidence,
    }
}

/// What triage found to be no mail a person waits on.
fn is_unwanted(store: &Store, id: MessageId) -> Result<bool, Error> {
    Ok(store.verdict(id)?.is_some_and(|verdict| {
        ["junk", "suspicious", "newsletter", "promotion", "notification"]
            .contains(&verdict.kind.as_str())
    }))
}

/// A renewed promise often names its matter only as "it".
fn refers_back(text: &str) -> bool {
    super::Folded::new(text).any(&[
        "get it",
        "have it",
        "send it",
        "it by",
        "schicke es",
        "schicke ihn",
        "schicke sie",
        "l'enverrai",
        "lo envío",
        "lo enviaré",
        "stuur het",
    ])
}

/// Pictures of signatures and calendar parts deliver nothing.
fn is_decoration(mime_type: &str) -> bool {
    mime_type.starts_with("image/")
        || mime_type.starts_with("text/calendar")
        || mime_type.contains("pgp-signature")
}
