//! Which passages are shown, and which comes first.

use std::collections::BTreeMap;

use super::Passage;
use super::passages::Standing;
use super::weigh::{Candidate, SUPPORT_MIN, Weighed};

/// A passage is shown when it is at least this likely against the best one.
const SHARE_MIN: f32 = 0.6;
/// A decision speaks for its thread when it is at least this likely against the thread's best passage.
const DECIDES_MIN: f32 = 0.5;

/// The passages that answer, at most `count`: threads by their best passage; in a thread a decision
/// that holds first, the latest of several, then what else answers, later before earlier where both
/// are as likely. What a later decision took back comes last. None when nothing supports an answer.
pub(super) fn answers(weighed: Weighed, count: usize) -> Vec<Passage> {
    let Some(best) = weighed.first().map(|one| one.passage.support) else { return Vec::new() };
    if best < SUPPORT_MIN {
        return Vec::new();
    }
    let mut threads: BTreeMap<i64, Vec<Candidate>> = BTreeMap::new();
    let mut order: Vec<i64> = Vec::new();
    for one in weighed {
        if !order.contains(&one.thread) {
            order.push(one.thread);
        }
        threads.entry(one.thread).or_default().push(one);
    }
    let mut shown: Vec<Passage> = Vec::new();
    for thread in order {
        let Some(mut passages) = threads.remove(&thread) else { continue };
        let most = passages.first().map_or(0.0, |one| one.passage.support);
        passages.retain(|one| {
            let decides = one.standing == Some(Standing::Holds);
            let least = if decides { DECIDES_MIN * most.min(best) } else { SHARE_MIN * best };
            one.passage.support >= least && most >= SHARE_MIN * best
        });
        passages.sort_by(|a, b| {
            rank(a).cmp(&rank(b)).then_with(|| match rank(a) {
                0 => b.passage.date.cmp(&a.passage.date),
                _ => b
                    .passage
                    .support
                    .total_cmp(&a.passage.support)
                    .then(b.passage.date.cmp(&a.passage.date)),
            })
        });
        for one in passages {
            let is_new = !shown.iter().any(|other| other.quote == one.passage.quote);
            if is_new && shown.len() < count {
                shown.push(one.passage);
            }
        }
    }
    shown
}

fn rank(one: &Candidate) -> u8 {
    match one.standing {
        Some(Standing::Holds) => 0,
        None => 1,
        Some(Standing::Superseded) => 2,
    }
}
