//! Were the tiers' times kept? And when is mail brought forward?

use std::collections::HashMap;

use super::Error;
use super::history::claims_urgency;
use super::judge::verdict;
use super::list::Item;
use super::verdict::{DecidedBy, Tier, Verdict};
use crate::mail::when::{Calendar, day_range};
use crate::mail::{MessageId, ThreadId, UnixSeconds};
use crate::store::{Header, Scope, Store};

/// How the due times of one tier were kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attainment {
    /// Answered in time.
    pub kept: u32,
    /// Answered after it was due.
    pub late: u32,
    /// Due, and not answered.
    pub missed: u32,
}

impl Attainment {
    /// The share that was answered in time, of what was due or answered; nothing without any.
    pub fn share(self) -> Option<f64> {
        let all = self.kept + self.late + self.missed;
        (all > 0).then(|| f64::from(self.kept) / f64::from(all))
    }
}

/// What was due and not answered in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// The message.
    pub header: Header,
    /// Its tier.
    pub tier: Tier,
    /// When its answer was due.
    pub due: UnixSeconds,
    /// When it came, if it did.
    pub answered: Option<UnixSeconds>,
}

/// How times were kept over a range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clocks {
    /// By tier, in the order of [`Tier::ALL`].
    pub tiers: [Attainment; 5],
    /// Most urgent first, then the longest due.
    pub breaches: Vec<Breach>,
    /// Mails the user sent.
    pub own_mails: u32,
    /// Of these, how many they marked or titled urgent.
    pub own_urgent: u32,
}

/// How the due times of judged mail sent within the range were kept, as of its end. A thread's ask that
/// its sender took the place of by a later one counts by the later one.
///
/// # Errors
/// The store cannot be read, or holds something else.
pub fn clocks(store: &Store, since: UnixSeconds, until: UnixSeconds) -> Result<Clocks, Error> {
    let mut clocks = Clocks::default();
    let mut threads: HashMap<ThreadId, Vec<Header>> = HashMap::new();
    let scope = Scope { since: Some(since), until: Some(until), ..Scope::default() };
    store.each_header(&scope, |header| {
        if header.own && !header.facts.automatic {
            clocks.own_mails += 1;
            clocks.own_urgent += u32::from(claims_urgency(&header));
        }
        threads.entry(header.thread).or_default().push(header);
        Ok::<(), Error>(())
    })?;
    for headers in threads.values_mut() {
        headers.sort_by_key(|header| (header.date, header.id));
        let mut asks: Vec<(Header, Verdict)> = Vec::new();
        for header in headers.iter() {
            if header.own && !header.facts.automatic {
                for (ask, verdict) in asks.drain(..) {
                    clocks.count(ask, &verdict, Some(header.date), until);
                }
            } else if let Some(verdict) = verdict(store, header.id)?
                && verdict.needs_reply
            {
                asks.retain(|(ask, _)| ask.from.address != header.from.address);
                asks.push((header.clone(), verdict));
            }
        }
        for (ask, verdict) in asks {
            clocks.count(ask, &verdict, None, until);
        }
    }
    clocks.breaches.sort_by_key(|breach| (breach.tier, breach.due, breach.header.id));
    Ok(clocks)
}

impl Clocks {
    fn count(
        &mut self,
        header: Header,
        verdict: &Verdict,
        answered: Option<UnixSeconds>,
        now: UnixSeconds,
    ) {
        let Some(due) = verdict.due else { return };
        let of = &mut self.tiers[verdict.tier as usize];
        match answered {
            Some(at) if at <= due => of.kept += 1,
            Some(_) => of.late += 1,
            None if due < now => of.missed += 1,
            None => return,
        }
        if answered.is_none_or(|at| at > due) {
            self.breaches.push(Breach { header, tier: verdict.tier, due, answered });
        }
    }
}

/// The last time at or before `now` at which mail is brought forward, and the next one after it; `times`
/// are minutes of a working day. Nothing without times.
pub fn windows_around(
    times: &[u16],
    calendar: &Calendar,
    now: UnixSeconds,
) -> Option<(UnixSeconds, UnixSeconds)> {
    const DAYS_MAX: i32 = 31;
    let mut all = Vec::new();
    for days in -DAYS_MAX..=DAYS_MAX {
        let (start, end) = day_range(now, days, &calendar.zone);
        if calendar.working_minutes_between(start, end) > 0 {
            all.extend(times.iter().map(|minute| start.0 + i64::from(*minute) * 60));
        }
    }
    all.sort_unstable();
    let after = all.partition_point(|at| *at <= now.0);
    Some((UnixSeconds(*all.get(after.checked_sub(1)?)?), UnixSeconds(*all.get(after)?)))
}

/// What a window brings forward, and what waits for the next one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Windowed {
    /// Brought forward.
    pub items: Vec<Item>,
    /// How many threads came since and are held.
    pub held: usize,
}

/// Of the open threads, those whose mail was there at the window of `opened`; later mail is held but for
/// what breaks through.
///
/// # Errors
/// The store cannot be read, or holds something else.
pub fn windowed(store: &Store, items: Vec<Item>, opened: UnixSeconds) -> Result<Windowed, Error> {
    let mut windowed = Windowed::default();
    for item in items {
        if item.date <= opened || breaks_through(store, item.id)? {
            windowed.items.push(item);
        } else {
            windowed.held += 1;
        }
    }
    Ok(windowed)
}

/// Claims of urgency after which a sender has a record, and the share of them that was true below which
/// it is a bad one.
const CLAIMS_MIN: u32 = 3;
const TRUE_MIN: f32 = 1.0 / 3.0;

/// Whether a message is `now` and its sender's record deserves that it is not held: the user wrote to them or
/// answered them before, and of their claims of urgency not too many were empty. A rule of the user's,
/// or their own word, deserves it always.
///
/// # Errors
/// The store cannot be read, or holds something else.
pub fn breaks_through(store: &Store, id: MessageId) -> Result<bool, Error> {
    Ok(verdict(store, id)?.is_some_and(|verdict| is_let_through(&verdict)))
}

fn is_let_through(verdict: &Verdict) -> bool {
    if verdict.tier != Tier::Now {
        return false;
    }
    if matches!(verdict.decided_by, DecidedBy::Rule | DecidedBy::You) {
        return true;
    }
    let sender = verdict.sender;
    let honest = sender.claimed_urgent < CLAIMS_MIN
        || sender.was_urgent as f32 >= TRUE_MIN * sender.claimed_urgent as f32;
    (sender.written_to > 0 || sender.replied > 0) && honest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::{at, calendar};

    #[track_caller]
    fn check(now: &str, expected: (&str, &str)) {
        let found = windows_around(&[9 * 60 + 30, 15 * 60 + 30], &calendar(), at(now));
        assert_eq!(found, Some((at(expected.0), at(expected.1))), "{now}");
    }

    #[test]
    fn windows_are_on_working_days() {
        check("2026-03-02T12:00:00Z", ("2026-03-02T09:30:00Z", "2026-03-02T15:30:00Z"));
        check("2026-03-02T09:30:00Z", ("2026-03-02T09:30:00Z", "2026-03-02T15:30:00Z"));
        // Saturday: Friday's last window, then Monday's first.
        check("2026-03-07T12:00:00Z", ("2026-03-06T15:30:00Z", "2026-03-09T09:30:00Z"));
        assert_eq!(windows_around(&[], &calendar(), at("2026-03-02T12:00:00Z")), None);
    }

    #[track_caller]
    fn check_record(tier: Tier, by: DecidedBy, sender: [u32; 4], expected: bool) {
        let [written_to, replied, claimed_urgent, was_urgent] = sender;
        let sender =
            super::super::Sender { mails: 9, written_to, replied, claimed_urgent, was_urgent };
        let text = r#"{"id":1,"tier":"now","kind":"person","needs_reply":true,"confidence":0.9,
            "due":null,"decided_by":"reader","scores":{"junk":0,"suspicious":0,"needs_reply":0.9},
            "reasons":[],"signals":[],"sender":{}}"#;
        let mut verdict: Verdict = serde_json::from_str(text).unwrap();
        (verdict.tier, verdict.decided_by, verdict.sender) = (tier, by, sender);
        assert_eq!(is_let_through(&verdict), expected, "{sender:?}");
    }

    #[test]
    fn urgency_breaks_through_where_it_was_earned() {
        check_record(Tier::Now, DecidedBy::Reader, [1, 0, 0, 0], true);
        check_record(Tier::Now, DecidedBy::Reader, [1, 2, 4, 2], true);
        check_record(Tier::Now, DecidedBy::Reader, [1, 2, 4, 1], false);
        check_record(Tier::Now, DecidedBy::Reader, [0, 0, 0, 0], false);
        check_record(Tier::Today, DecidedBy::Reader, [5, 5, 0, 0], false);
        check_record(Tier::Now, DecidedBy::Rule, [0, 0, 4, 0], true);
        check_record(Tier::Now, DecidedBy::You, [0, 0, 4, 0], true);
    }
}
