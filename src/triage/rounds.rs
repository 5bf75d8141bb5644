//! Does this thread want a call?

use serde::Serialize;

use super::Error;
use crate::ledger::{EntryKind, entries_of};
use crate::store::{Header, Store};

/// Rounds that a thread may take in writing.
const ROUNDS_MAX: u32 = 2;
/// Open points named.
const POINTS_MAX: usize = 5;

/// A thread that went round and round without a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// How often somebody else wrote back after the user had written.
    pub rounds: u32,
    /// What is still asked, in the words of the mails, the latest first.
    pub points: Vec<String>,
}

/// Looks at a thread, oldest message first: past two rounds without a decision, while something is asked
/// since the user last wrote, it wants a call.
pub(super) fn call(store: &Store, headers: &[Header]) -> Result<Option<Call>, Error> {
    let spoken = || headers.iter().filter(|header| !header.facts.automatic);
    let all: Vec<&Header> = spoken().collect();
    let rounds = all.windows(2).filter(|pair| pair[0].own && !pair[1].own).count() as u32;
    if rounds <= ROUNDS_MAX {
        return Ok(None);
    }
    let last_own = all.iter().rposition(|header| header.own).unwrap_or(0);
    let mut points = Vec::new();
    for (at, header) in all.iter().enumerate().rev() {
        let entries = entries_of(store, header.id)?;
        if entries.iter().any(|entry| entry.kind == EntryKind::Decision) {
            return Ok(None);
        }
        if at > last_own {
            let asks = entries.into_iter().filter(|entry| entry.kind == EntryKind::Ask);
            points.extend(asks.map(|entry| entry.quote));
        }
    }
    points.dedup();
    points.truncate(POINTS_MAX);
    Ok((!points.is_empty()).then_some(Call { rounds, points }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::{Mail, fill, store};

    #[track_caller]
    fn check(texts: &[(&str, bool)], expected: Option<(u32, &[&str])>) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = store(dir.path());
        let ids: Vec<String> = (0..texts.len()).map(|at| format!("m{at}")).collect();
        let mails: Vec<Mail<'_>> = texts
            .iter()
            .enumerate()
            .map(|(at, (text, own))| {
                let plain = Mail::default();
                let people = ("Ada Example <ada@example.org>", "Ben Sample <ben@example.com>");
                let (from, to) = if *own { people } else { (people.1, people.0) };
                let reply = if at == 0 { "" } else { ids[at - 1].as_str() };
                Mail { id: &ids[at], reply, day: 2 + at as u32, from, to, text, ..plain }
            })
            .collect();
        fill(&mut store, &mails);
        let thread = store.by_rfc_id("m0@example.org").unwrap().unwrap();
        let thread = store.header(thread).unwrap().thread;
        let found = call(&store, &store.thread(thread).unwrap()).unwrap();
        let expected = expected.map(|(rounds, points)| Call {
            rounds,
            points: points.iter().map(|point| (*point).to_owned()).collect(),
        });
        assert_eq!(found, expected);
    }

    const ROUNDS: [(&str, bool); 7] = [
        ("Which hall shall we rent?", false),
        ("The small one might do.", true),
        ("Is it large enough for all of us?", false),
        ("How many are we?", true),
        ("Some ninety, perhaps more. Does it have a stage?", false),
        ("I am not sure.", true),
        ("Could you find out about the stage?", false),
    ];

    #[test]
    fn past_two_rounds_without_a_decision_it_wants_a_call() {
        check(&ROUNDS, Some((3, &["Could you find out about the stage?"])));
    }

    #[test]
    fn two_rounds_are_fine() {
        check(&ROUNDS[..5], None);
    }

    #[test]
    fn what_was_decided_or_asks_nothing_wants_none() {
        let mut decided = ROUNDS;
        decided[5].0 = "We decided to take the large hall.";
        check(&decided, None);
        let mut quiet = ROUNDS;
        quiet[6].0 = "The weather was fine.";
        check(&quiet, None);
    }
}
