//! The list: one line a thread, most urgent first.

use std::collections::{BTreeMap, HashMap};

use serde::{Serialize, Serializer};

use super::Error;
use super::judge::{WINDOW_SECONDS, verdict};
use super::rounds::{Call, call};
use super::state::{State, state};
use super::verdict::{DecidedBy, Kind, Reason, Scores, Tier, Verdict};
use crate::ledger;
use crate::mail::when::format_rfc3339;
use crate::mail::{MessageId, Person, ThreadId, UnixSeconds};
use crate::store::{Header, Scope, Store};

/// A message in the list, as the contract gives it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// The message.
    pub id: MessageId,
    /// Its `Message-ID`.
    pub message_id: String,
    /// Its thread.
    pub thread: ThreadId,
    /// When it was sent.
    #[serde(serialize_with = "time")]
    pub date: UnixSeconds,
    /// Who wrote it.
    pub from: Person,
    /// Its subject.
    pub subject: String,
    /// The message in at most twelve of its words.
    pub gist: String,
    /// How soon, as of its arrival.
    pub tier: Tier,
    /// What sort.
    pub kind: Kind,
    /// Whether somebody waited for an answer when it came.
    pub needs_reply: bool,
    /// How sure, 0..1.
    pub confidence: f32,
    /// By when.
    #[serde(serialize_with = "optional_time")]
    pub due: Option<UnixSeconds>,
    /// What became of it.
    pub state: State,
    /// The tier of the thread's latest open ask; the message's own when none is open.
    pub thread_tier: Tier,
    /// Who had the last word.
    pub decided_by: DecidedBy,
    /// Probabilities.
    pub scores: Scores,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Its thread went round and round: it wants a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
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

impl Item {
    /// What a person reads of it: the gist, which says what is asked; else the subject.
    pub fn line(&self) -> &str {
        if self.gist.is_empty() { &self.subject } else { &self.gist }
    }
}

/// What to list.
#[derive(Clone, Debug)]
pub struct ListOptions {
    /// Mail sent later does not exist.
    pub as_of: UnixSeconds,
    /// Names the version of the readings the gists come from ([`ledger::version`]).
    pub reading_version: String,
    /// Only these tiers; all when empty.
    pub tiers: Vec<Tier>,
    /// Only these kinds; all when empty.
    pub kinds: Vec<Kind>,
    /// Settled threads too.
    pub all: bool,
    /// At most this many lines.
    pub limit: Option<usize>,
}

/// The open threads, and how many others there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// One line a thread.
    pub items: Vec<Item>,
    /// Threads left out because nothing is left to do in them.
    pub settled: usize,
}

/// The threads of the last weeks, one line each: its latest open ask, else its latest message by
/// somebody else. Most urgent first, then what is due first, then the newest.
///
/// # Errors
/// The store cannot be read, or holds something else.
pub fn list(store: &Store, options: &ListOptions) -> Result<Vec<Item>, Error> {
    listed(store, options).map(|listed| listed.items)
}

/// As [`list`], and how many threads of these tiers and kinds it leaves out as settled.
///
/// # Errors
/// The store cannot be read, or holds something else.
pub fn listed(store: &Store, options: &ListOptions) -> Result<Listed, Error> {
    let since = UnixSeconds(options.as_of.0 - WINDOW_SECONDS);
    let scope = Scope { since: Some(since), until: Some(options.as_of), ..Scope::default() };
    let mut threads: BTreeMap<ThreadId, Vec<Header>> = BTreeMap::new();
    store.each_header(&scope, |header| {
        threads.entry(header.thread).or_default().push(header);
        Ok::<(), Error>(())
    })?;
    let mut listed = Listed::default();
    for headers in threads.values_mut() {
        headers.sort_by_key(|header| (header.date, header.id));
        match line(store, headers, options)? {
            Line::Shown(item) => listed.items.push(*item),
            Line::Settled => listed.settled += 1,
            Line::NotAsked => {}
        }
    }
    listed.items.sort_by_key(|item| {
        // What a machine wants stands behind what people ask.
        let is_of_people = matches!(item.kind, Kind::Person | Kind::List | Kind::Calendar);
        let due = item.due.map_or(i64::MAX, |due| due.0);
        (item.thread_tier, !is_of_people, due, -item.date.0, item.id)
    });
    listed.items.truncate(options.limit.unwrap_or(usize::MAX));
    for item in &mut listed.items {
        item.gist = ledger::gist(store, item.id, &options.reading_version)?;
    }
    Ok(listed)
}

/// What a thread is in the list.
enum Line {
    Shown(Box<Item>),
    Settled,
    /// Of another tier or kind, or with nothing judged in it.
    NotAsked,
}

fn line(store: &Store, headers: &[Header], options: &ListOptions) -> Result<Line, Error> {
    let all = standing(store, headers, options.as_of, None)?;
    let open = all.iter().rev().find(|one| one.verdict.needs_reply && !one.state.is_settled());
    let fits = |one: &Standing<'_>| {
        (options.tiers.is_empty() || options.tiers.contains(&one.verdict.tier))
            && (options.kinds.is_empty() || options.kinds.contains(&one.verdict.kind))
    };
    let shown =
        open.or_else(|| all.iter().rev().find(|one| options.all || !one.state.is_settled()));
    let Some(shown) = shown else {
        return Ok(if all.iter().any(fits) { Line::Settled } else { Line::NotAsked });
    };
    if !fits(shown) {
        return Ok(Line::NotAsked);
    }
    let thread_tier = open.map_or(shown.verdict.tier, |open| open.verdict.tier);
    let mut item = item(shown, thread_tier);
    if open.is_some() {
        item.call = call(store, headers)?;
    }
    Ok(Line::Shown(Box::new(item)))
}

/// The messages asked for, one item each, in the order given, settled or not; those not judged are
/// left out.
///
/// # Errors
/// The store cannot be read, or holds something else.
pub fn items(store: &Store, ids: &[MessageId], options: &ListOptions) -> Result<Vec<Item>, Error> {
    let mut threads: HashMap<ThreadId, Vec<Header>> = HashMap::new();
    let mut items = Vec::new();
    for id in ids {
        let header = store.header(*id)?;
        if header.date > options.as_of {
            continue;
        }
        let thread = match threads.entry(header.thread) {
            std::collections::hash_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                let mut headers = store.thread(header.thread)?;
                headers.retain(|header| header.date <= options.as_of);
                free.insert(headers)
            }
        };
        let all = standing(store, thread, options.as_of, Some(*id))?;
        let open = all
            .iter()
            .rev()
            .find(|one| !one.header.own && one.verdict.needs_reply && !one.state.is_settled());
        let Some(shown) = all.iter().find(|one| one.header.id == *id) else { continue };
        let verdict = &shown.verdict;
        let fits = (options.tiers.is_empty() || options.tiers.contains(&verdict.tier))
            && (options.kinds.is_empty() || options.kinds.contains(&verdict.kind));
        if !fits {
            continue;
        }
        let mut one = item(shown, open.map_or(verdict.tier, |open| open.verdict.tier));
        one.gist = ledger::gist(store, *id, &options.reading_version)?;
        if open.is_some_and(|open| open.header.id == *id) {
            one.call = call(store, thread)?;
        }
        items.push(one);
        if options.limit.is_some_and(|limit| items.len() >= limit) {
            break;
        }
    }
    Ok(items)
}

/// A judged message of a thread and how it stands.
struct Standing<'a> {
    header: &'a Header,
    verdict: Verdict,
    state: State,
}

/// All judged messages of a thread, in time order; of the user's own, the one asked for at most.
fn standing<'a>(
    store: &Store,
    headers: &'a [Header],
    as_of: UnixSeconds,
    asked: Option<MessageId>,
) -> Result<Vec<Standing<'a>>, Error> {
    let mut judged: Vec<(&Header, Option<Verdict>)> = Vec::with_capacity(headers.len());
    for header in headers {
        let is_shown = !header.own || asked == Some(header.id);
        let verdict = if is_shown { verdict(store, header.id)? } else { None };
        judged.push((header, verdict));
    }
    let states: Vec<Option<State>> = judged
        .iter()
        .enumerate()
        .map(|(at, (header, verdict))| {
            let later: Vec<(&Header, Option<&Verdict>)> = judged[at + 1..]
                .iter()
                .map(|(header, verdict)| (*header, verdict.as_ref()))
                .collect();
            verdict.as_ref().map(|verdict| state(header, verdict, &later, as_of))
        })
        .collect();
    Ok(judged
        .into_iter()
        .zip(states)
        .filter_map(|((header, verdict), state)| {
            Some(Standing { header, verdict: verdict?, state: state? })
        })
        .collect())
}

fn item(shown: &Standing<'_>, thread_tier: Tier) -> Item {
    let Standing { header, verdict, state } = shown;
    Item {
        id: header.id,
        message_id: header.rfc_id.clone(),
        thread: header.thread,
        date: header.date,
        from: header.from.clone(),
        subject: header.subject.clone(),
        gist: String::new(),
        tier: verdict.tier,
        kind: verdict.kind,
        needs_reply: verdict.needs_reply,
        confidence: verdict.confidence,
        due: verdict.due,
        state: *state,
        thread_tier,
        decided_by: verdict.decided_by,
        scores: verdict.scores,
        reasons: verdict.reasons.clone(),
        call: None,
    }
}
