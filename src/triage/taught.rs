//! What the user taught: corrections, what each rests on, and what they come to.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::Error;
use super::history::{
    claims_urgency, domain_of, is_among_addresses, is_common, is_public_provider,
};
use super::judge::{digest, verdict};
use super::personal::{Key, Personal};
use super::verdict::{Kind, Tier, Untaught};
use crate::ledger::Folded;
use crate::mail::{MessageId, UnixSeconds};
use crate::store::{Header, LessonRow, Store};

/// Only the newest so many corrections count.
const LESSONS_MAX: usize = 1_000;
/// Words of a subject that are keys.
const WORDS_MAX: usize = 8;

/// What the user says of a message; what is left out stays as it is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Correction {
    /// How soon.
    pub tier: Option<Tier>,
    /// What sort.
    pub kind: Option<Kind>,
    /// Whether somebody waits for an answer.
    pub needs_reply: Option<bool>,
}

/// What two messages may share. Its name in words is what a person reads in `learned` and `why`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trait {
    /// The same sender.
    Sender(String),
    /// The same sender, with the user not in `To`.
    Copied(String),
    /// The same sender, who calls it urgent.
    Urgent(String),
    /// The same list.
    List(String),
    /// Somebody else of the same organisation, not the user's own.
    Domain(String),
    /// The same sender with the same word in the subject.
    SenderWord(String, String),
    /// A word in the subject.
    Word(String),
}

impl Trait {
    fn in_words(&self) -> String {
        match self {
            Self::Sender(from) => format!("mail from {from}"),
            Self::Copied(from) => format!("mail from {from} that is not to you"),
            Self::Urgent(from) => format!("mail that {from} calls urgent"),
            Self::List(list) => format!("mail of the list {list}"),
            Self::Domain(domain) => format!("mail from {domain}"),
            Self::SenderWord(from, word) => {
                format!("mail from {from} with “{word}” in the subject")
            }
            Self::Word(word) => format!("mail with “{word}” in the subject"),
        }
    }

    /// The variance of its weight, in squared log-odds, before anything was taught: a sender's mail
    /// differs from other mail more often than an organisation's or a word's.
    fn variance(&self, words: f32) -> f32 {
        match self {
            Self::Sender(_) => 1.0,
            Self::List(_) => 1.0,
            Self::Copied(_) | Self::Urgent(_) => 0.7,
            Self::Domain(_) => 0.25,
            Self::SenderWord(..) => 1.6 / words,
            Self::Word(_) => 0.5 / words,
        }
    }
}

/// A correction with what is needed to learn from it when its message is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// Its number.
    #[serde(skip)]
    pub n: i64,
    /// The message it was said of.
    #[serde(skip)]
    pub message: MessageId,
    /// When.
    #[serde(skip)]
    pub time: UnixSeconds,
    /// What was said.
    pub said: Correction,
    /// The message's subject.
    pub subject: String,
    /// What was said of it before, without anything taught.
    pub before: Untaught,
    pub(super) traits: Vec<Trait>,
}

/// All that stands of what the user taught, and the model made of it.
#[derive(Clone, Debug, Default)]
pub struct Taught {
    lessons: Vec<Lesson>,
    me: HashSet<String>,
    tiers: Personal<5>,
    kinds: Personal<9>,
    replies: Personal<2>,
    /// Numbers of the lessons that rest on a trait, by its hash.
    resting: HashMap<u64, Vec<i64>>,
}

/// What the lessons that a message shares something with come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Shifted {
    pub(super) tiers: Option<[f32; 5]>,
    pub(super) kinds: Option<[f32; 9]>,
    pub(super) reply: Option<f32>,
}

/// One thing learned, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// "mail from ben@example.org".
    pub what: String,
    /// The tier it is moved towards.
    pub towards: Tier,
    /// By how much, in log-odds.
    pub by: f32,
    /// From how many corrections.
    pub corrections: usize,
}

/// Keeps what the user says of a message, which must be judged; gives back the correction's number.
///
/// # Errors
/// The store refused, or the message was not judged.
pub fn teach(
    store: &mut Store,
    id: MessageId,
    said: Correction,
    now: UnixSeconds,
) -> Result<i64, Error> {
    let judged = verdict(store, id)?.ok_or(Error::Unjudged { id })?;
    let header = store.header(id)?;
    let me = store.own_addresses()?.into_iter().map(|(address, _)| address).collect();
    let lesson = Lesson {
        n: 0,
        message: id,
        time: now,
        said,
        subject: header.subject.clone(),
        before: judged.untaught,
        traits: traits(&header, &me),
    };
    let data = serde_json::to_string(&lesson).unwrap_or_default();
    let what = format!("taught that message {} is {}", id.0, in_words(&said));
    Ok(store.add_lesson(id, &data, &what, now)?)
}

/// "today, a newsletter, wants a reply".
pub fn in_words(said: &Correction) -> String {
    let tier = said.tier.map(|tier| format!("`{tier}`"));
    let kind = said.kind.map(|kind| format!("of kind {kind}"));
    let reply = said
        .needs_reply
        .map(|needs| if needs { "in want of a reply" } else { "in no want of a reply" }.to_owned());
    [tier, kind, reply].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

impl Taught {
    /// What was taught at or before `until` and still stands.
    ///
    /// # Errors
    /// The store cannot be read, or holds something else.
    pub fn load(store: &Store, until: UnixSeconds) -> Result<Self, Error> {
        let me = store.own_addresses()?.into_iter().map(|(address, _)| address).collect();
        let rows = store.lessons(until)?;
        let skipped = rows.len().saturating_sub(LESSONS_MAX);
        let lessons =
            rows.into_iter().skip(skipped).map(lesson).collect::<Result<Vec<_>, Error>>()?;
        let mut taught = Self { me, ..Self::default() };
        lessons.into_iter().for_each(|lesson| taught.add(lesson));
        taught.fit();
        Ok(taught)
    }

    /// The corrections, in the order they were said.
    pub fn lessons(&self) -> &[Lesson] {
        &self.lessons
    }

    /// Takes in one more correction; [`Self::fit`] learns from it.
    pub(super) fn add(&mut self, lesson: Lesson) {
        let keys = keys(&lesson.traits);
        let Correction { tier, kind, needs_reply } = lesson.said;
        if let Some(tier) = tier {
            self.tiers.add(keys.clone(), &lesson.before.tiers, tier as usize, 1.0);
        }
        if let Some(kind) = kind {
            self.kinds.add(keys.clone(), &lesson.before.kinds, kind as usize, 1.0);
        }
        if let Some(needs) = needs_reply {
            let reply = lesson.before.reply;
            self.replies.add(keys.clone(), &[1.0 - reply, reply], usize::from(needs), 1.0);
        }
        for (key, _) in keys {
            self.resting.entry(key).or_default().push(lesson.n);
        }
        self.lessons.push(lesson);
    }

    /// Forgets all and gives it back, to be learned again in time order.
    pub(super) fn restart(&mut self) -> Vec<Lesson> {
        let me = std::mem::take(&mut self.me);
        std::mem::replace(self, Self { me, ..Self::default() }).lessons
    }

    pub(super) fn fit(&mut self) {
        self.tiers.fit();
        self.kinds.fit();
        self.replies.fit();
    }

    /// What was said of this very message, the latest word on each point.
    pub(super) fn said_of(&self, id: MessageId) -> Option<Correction> {
        let mut all = self.lessons.iter().filter(|lesson| lesson.message == id).peekable();
        all.peek()?;
        Some(all.fold(Correction::default(), |before, Lesson { said, .. }| Correction {
            tier: said.tier.or(before.tier),
            kind: said.kind.or(before.kind),
            needs_reply: said.needs_reply.or(before.needs_reply),
        }))
    }

    /// Numbers of the corrections that share something with a message or were said of it.
    fn touching(&self, header: &Header) -> BTreeSet<i64> {
        if self.lessons.is_empty() {
            return BTreeSet::new();
        }
        let of_it = self.lessons.iter().filter(|lesson| lesson.message == header.id);
        let mut numbers: BTreeSet<i64> = of_it.map(|lesson| lesson.n).collect();
        for (key, _) in keys(&traits(header, &self.me)) {
            numbers.extend(self.resting.get(&key).into_iter().flatten());
        }
        numbers
    }

    /// Names the corrections a message's verdict depends on, so that one made or forgotten makes stale
    /// what it touches and nothing else. Corrections that share something with those count too: they
    /// move their weights.
    pub(super) fn mark(&self, header: &Header) -> Option<String> {
        let mut all = self.touching(header);
        if all.is_empty() {
            return None;
        }
        loop {
            let before = all.len();
            let mut more: BTreeSet<i64> = BTreeSet::new();
            for lesson in self.lessons.iter().filter(|lesson| all.contains(&lesson.n)) {
                for (key, _) in keys(&lesson.traits) {
                    more.extend(self.resting.get(&key).into_iter().flatten());
                }
            }
            all.extend(more);
            if all.len() == before {
                break;
            }
        }
        Some(format!("{:016x}", digest(&format!("{all:?}"))))
    }

    /// The probabilities with what was taught added, where anything that was touches the message.
    pub(super) fn shifted(&self, header: &Header, untaught: &Untaught) -> Shifted {
        if self.lessons.is_empty() {
            return Shifted::default();
        }
        let keys = keys(&traits(header, &self.me));
        let reply = untaught.reply;
        Shifted {
            tiers: self.tiers.applied(&keys, &untaught.tiers),
            kinds: self.kinds.applied(&keys, &untaught.kinds),
            reply: self.replies.applied(&keys, &[1.0 - reply, reply]).map(|of| of[1]),
        }
    }

    /// What was learned of a message's traits, strongest first: in words, and the log-odds added to
    /// `to` against `from`.
    pub(super) fn about(&self, header: &Header, to: Tier, from: Tier) -> Vec<(String, usize, f32)> {
        let own = traits(header, &self.me);
        let words = words_of(&own);
        let mut parts: Vec<(String, usize, f32)> = own
            .iter()
            .filter_map(|one| {
                let shift = self.tiers.shift(&[key(one, words)])?;
                let by = shift[to as usize] - shift[from as usize];
                Some((one.in_words(), self.resting_on(one), by))
            })
            .collect();
        parts.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
        parts
    }

    fn resting_on(&self, one: &Trait) -> usize {
        self.resting.get(&key(one, 1.0).0).map_or(0, Vec::len)
    }

    /// What the corrections of tiers come to, strongest first.
    pub fn learned(&self) -> Vec<Learned> {
        let taught_tiers = self.lessons.iter().filter(|lesson| lesson.said.tier.is_some());
        let mut counts: BTreeMap<&Trait, usize> = BTreeMap::new();
        for one in taught_tiers.flat_map(|lesson| &lesson.traits) {
            *counts.entry(one).or_default() += 1;
        }
        let mut all: Vec<Learned> = counts
            .into_iter()
            .filter_map(|(one, corrections)| {
                let shift = self.tiers.shift(&[key(one, 1.0)])?;
                let (at, by) = shift.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
                let towards = Tier::ALL[at];
                Some(Learned { what: one.in_words(), towards, by: *by, corrections })
            })
            .collect();
        all.sort_by(|a, b| b.by.total_cmp(&a.by).then_with(|| a.what.cmp(&b.what)));
        all
    }
}

fn lesson(row: LessonRow) -> Result<Lesson, Error> {
    let lesson: Lesson = serde_json::from_str(&row.data)
        .map_err(|source| Error::Damaged { id: row.message, source })?;
    Ok(Lesson { n: row.n, message: row.message, time: row.time, ..lesson })
}

/// What a message may share with others: known from its header alone.
pub(super) fn traits(header: &Header, me: &HashSet<String>) -> Vec<Trait> {
    let from = header.from.address.clone();
    let domain = domain_of(&from);
    let mut all = vec![Trait::Sender(from.clone())];
    let own = me.iter().any(|address| domain_of(address) == domain);
    if !own && !domain.is_empty() && !is_public_provider(domain) {
        all.push(Trait::Domain(domain.to_owned()));
    }
    if let Some(list) = &header.facts.list_id {
        all.push(Trait::List(list.to_lowercase()));
    }
    if !is_among_addresses(me, &header.people.to) {
        all.push(Trait::Copied(from.clone()));
    }
    if claims_urgency(header) {
        all.push(Trait::Urgent(from.clone()));
    }
    let folded = Folded::new(&header.subject);
    let words: BTreeSet<&str> = folded
        .words()
        .filter(|word| {
            word.chars().count() >= 4 && word.chars().all(char::is_alphabetic) && !is_common(word)
        })
        .take(WORDS_MAX)
        .collect();
    for word in words {
        all.push(Trait::SenderWord(from.clone(), word.to_owned()));
        all.push(Trait::Word(word.to_owned()));
    }
    all
}

fn words_of(traits: &[Trait]) -> f32 {
    let words = traits.iter().filter(|one| matches!(one, Trait::Word(_))).count();
    (words as f32).max(1.0)
}

fn key(one: &Trait, words: f32) -> Key {
    let hash = digest(&format!("{one:?}"));
    (hash, one.variance(words).sqrt())
}

pub(super) fn keys(traits: &[Trait]) -> Vec<Key> {
    let words = words_of(traits);
    let mut keys: Vec<Key> = traits.iter().map(|one| key(one, words)).collect();
    keys.sort_by_key(|(hash, _)| *hash);
    keys
}
