//! The sentences of the messages that were found.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use crate::ledger::{Item, ItemState, Ledger};
use crate::mail::{self, MessageId};
use crate::search::Hit;
use crate::store::{self, Header, Scope, Store};

/// Sentences of one message that are looked at.
const SENTENCES_MAX: usize = 40;
/// Shorter ones say nothing by themselves.
const WORDS_MIN: usize = 3;

/// A message that may answer, with its sentences.
pub(super) struct Letter {
    pub(super) header: Header,
    /// Its own words.
    pub(super) text: String,
    pub(super) sentences: Vec<String>,
    /// What became of each decision it holds, by its words on one line.
    pub(super) decisions: Vec<(String, Standing)>,
}

/// What became of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It holds.
    Holds,
    /// A later message takes its place.
    Superseded,
}

/// The messages of the hits, and those whose decisions take the place of theirs.
pub(super) fn of_hits(store: &Store, hits: &[Hit], ledger: &Ledger) -> Result<Vec<Letter>, Error> {
    let mut decisions: BTreeMap<MessageId, Vec<Item>> = BTreeMap::new();
    for item in ledger.decisions() {
        decisions.entry(item.id).or_default().push(item);
    }
    let mut ids: Vec<MessageId> = hits.iter().map(|hit| hit.id).collect();
    let mut known: BTreeSet<MessageId> = ids.iter().copied().collect();
    let mut at = 0;
    while at < ids.len() {
        let successors = decisions.get(&ids[at]).into_iter().flatten();
        let fresh: Vec<MessageId> = successors
            .filter_map(|item| item.superseded_by)
            .filter(|id| known.insert(*id))
            .collect();
        ids.extend(fresh);
        at += 1;
    }
    let headers = store.headers(&Scope { ids: Some(ids.clone()), ..Scope::default() })?;
    let mut headers: BTreeMap<MessageId, Header> =
        headers.into_iter().map(|header| (header.id, header)).collect();
    let mut letters = Vec::with_capacity(ids.len());
    for id in &ids {
        let Some(header) = headers.remove(id) else { continue };
        let raw = match store.raw(*id) {
            Err(store::Error::Damaged { .. }) => continue,
            raw => raw?,
        };
        let text = mail::own_or_forwarded_words(&mail::parse(&raw).text);
        let sentences = sentences(&text);
        let decisions = decisions.get(id).into_iter().flatten().map(standing).collect();
        letters.push(Letter { header, text, sentences, decisions });
    }
    Ok(letters)
}

fn standing(item: &Item) -> (String, Standing) {
    let standing = match item.state {
        ItemState::Superseded => Standing::Superseded,
        _ => Standing::Holds,
    };
    (one_line(&item.quote), standing)
}

/// Sentences on one line each, greeting and sign-off left out.
fn sentences(text: &str) -> Vec<String> {
    let shape = mail::letter_shape(text);
    let frame: Vec<_> = [shape.greeting, shape.sign_off].into_iter().flatten().collect();
    let mut found: Vec<String> = mail::sentences(text)
        .into_iter()
        .filter(|range| !frame.contains(range))
        .map(|range| one_line(&text[range]))
        .filter(|line| line.split_whitespace().count() >= WORDS_MIN)
        .collect();
    found.truncate(SENTENCES_MAX);
    found
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
