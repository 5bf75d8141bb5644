//! Triage replayed over the user's own history, against what they did.
//!
//! Every mail of others is judged as of its arrival, with what was taught by then and nothing later.
//! What the user did with it stands for what it deserved: [`Deed::tier`]. That is a proxy: mail read
//! and acted on elsewhere counts as never answered, so the figures compare policies rather than tell a
//! rate of error.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use serde::Serialize;

use super::Error;
use super::judge::{Settings, replay};
use super::verdict::{Reason, Tier, Verdict};
use crate::ledger::{Read, Wanted};
use crate::mail::when::Calendar;
use crate::mail::{MessageId, ThreadId, UnixSeconds};
use crate::store::{Header, Scope, Store};

/// An answer within this many working minutes shows that mail was pressing.
const PRESSING_MINUTES: i64 = 4 * 60;
/// Mail that was not answered for so long is not answered.
const WAIT_SECONDS: i64 = 7 * 86_400;
/// Below these a history is too thin to tell policies apart.
const ANSWERED_MIN: usize = 30;
const MAILS_MIN: usize = 100;
/// The misses shown.
const WORST_MAX: usize = 10;
/// Bins of the calibration error.
const BINS: usize = 10;

/// What the user did with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// They wrote in its thread after so many working minutes.
    Answered(i64),
    /// They starred it and did not answer.
    Starred,
    /// They deleted it, or filed it unread.
    Dropped,
    /// Nothing that shows.
    Left,
}

impl Deed {
    /// What the mail deserved, as the deed shows it: `today` when answered within four working hours,
    /// `normal` within a working day and a half, `consider` when answered later or starred, else `fyi`.
    /// No deed tells `now` from `today`.
    pub fn tier(self, calendar: &Calendar) -> Tier {
        match self {
            Self::Answered(minutes) if minutes <= PRESSING_MINUTES => Tier::Today,
            Self::Answered(minutes) if minutes * 2 <= calendar.day_minutes() * 3 => Tier::Normal,
            Self::Answered(_) | Self::Starred => Tier::Consider,
            Self::Dropped | Self::Left => Tier::Fyi,
        }
    }

    /// In words.
    pub fn in_words(self) -> String {
        match self {
            Self::Answered(minutes) if minutes < 120 => {
                format!("answered after {minutes} working minutes")
            }
            Self::Answered(minutes) => format!("answered after {} working hours", minutes / 60),
            Self::Starred => "starred, not answered".to_owned(),
            Self::Dropped => "deleted or filed unread".to_owned(),
            Self::Left => "never answered".to_owned(),
        }
    }
}

/// What one policy reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Policy {
    /// Its name.
    pub policy: &'static str,
    /// Mails.
    pub n: usize,
    /// Share put into the tier it deserved; `now` counts as `today`.
    pub exact: f64,
    /// Share put there or beside.
    pub within_one: f64,
    /// Share of the pressing mail that was brought forward as `now` or `today`; nothing without any.
    pub urgent_recall: Option<f64>,
    /// Share of all mail that was brought forward and was not pressing.
    pub flagged: f64,
    /// Expected error of the confidence that the tier is exact, in ten bins of equal count; nothing
    /// where a policy gives no confidence.
    pub calibration_error: Option<f64>,
}

/// A mail that was judged far from what it deserved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Miss {
    /// The message.
    pub id: MessageId,
    /// Its subject.
    pub subject: String,
    /// Who wrote it.
    pub from: String,
    /// The tier it was given.
    pub said: Tier,
    /// What the user did.
    pub did: String,
    /// Why it was given that tier.
    pub reasons: Vec<Reason>,
}

/// What the replay shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backtest {
    /// Triage first, then the simpler means.
    pub policies: Vec<Policy>,
    /// The worst misses of triage, at most ten.
    pub worst: Vec<Miss>,
    /// How many mails the user answered.
    pub answered: usize,
    /// Why the history is too thin to tell policies apart, if it is.
    pub thin: Option<String>,
}

/// A replayed mail.
struct Replayed {
    header: Header,
    verdict: Verdict,
    deed: Deed,
    right: Tier,
    /// Whether the user had answered the sender before, and what the sender's mail deserved mostly.
    known: bool,
    usual: Tier,
}

/// What the user did with each mail of others sent within the range, in time order; mail too young to
/// tell is left out.
///
/// # Errors
/// The store cannot be read.
pub fn deeds(
    store: &Store,
    since: UnixSeconds,
    until: UnixSeconds,
    calendar: &Calendar,
) -> Result<Vec<(Header, Deed)>, Error> {
    let mut own: HashMap<ThreadId, Vec<UnixSeconds>> = HashMap::new();
    let mut others = Vec::new();
    let scope = Scope { since: Some(since), until: Some(until), ..Scope::default() };
    store.each_header(&scope, |header| {
        if !header.own {
            others.push(header);
        } else if !header.facts.automatic {
            own.entry(header.thread).or_default().push(header.date);
        }
        Ok::<(), Error>(())
    })?;
    own.values_mut().for_each(|dates| dates.sort_unstable());
    others.sort_by_key(|header| (header.date, header.id));
    let deed = |header: &Header| {
        let answer = own.get(&header.thread)?.iter().find(|date| **date > header.date)?;
        Some(Deed::Answered(calendar.working_minutes_between(header.date, *answer)))
    };
    Ok(others
        .into_iter()
        .filter_map(|header| {
            let young = until.0 - header.date.0 < WAIT_SECONDS;
            let deed = match deed(&header) {
                Some(deed) => deed,
                None if header.flags.contains('F') => Deed::Starred,
                None if super::history::was_dropped(&header) => Deed::Dropped,
                None if young => return None,
                None => Deed::Left,
            };
            Some((header, deed))
        })
        .collect())
}

/// Replays triage over the mail of the range. Nothing is stored but readings.
///
/// # Errors
/// The store or the reader refused.
pub fn backtest(
    store: &mut Store,
    reader: &dyn Read,
    since: UnixSeconds,
    until: UnixSeconds,
    settings: &Settings,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Backtest, Error> {
    let deeds = deeds(store, since, until, &settings.calendar)?;
    let mut by_id: HashMap<MessageId, Deed> =
        deeds.into_iter().map(|(header, deed)| (header.id, deed)).collect();
    let wanted = Wanted::Between(since, until);
    let mut all = Vec::new();
    let mut past: HashMap<String, Vec<Tier>> = HashMap::new();
    replay(store, reader, &wanted, settings, progress, &mut |header, verdict| {
        let Some(deed) = by_id.remove(&header.id) else { return };
        let right = deed.tier(&settings.calendar);
        // All earlier mail of the sender, also what was answered only later: a lead for this policy.
        let earlier = past.entry(header.from.address.clone()).or_default();
        let known = verdict.sender.written_to > 0 || verdict.sender.replied > 0;
        let usual = most_frequent(earlier);
        earlier.push(right);
        all.push(Replayed { header, verdict, deed, right, known, usual });
    })?;
    let answered = all.iter().filter(|one| matches!(one.deed, Deed::Answered(_))).count();
    let thin = if all.len() < MAILS_MIN {
        Some(format!("{} mails: fewer than {MAILS_MIN}", all.len()))
    } else if answered < ANSWERED_MIN {
        Some(format!("{answered} of {} mails were answered: fewer than {ANSWERED_MIN}", all.len()))
    } else {
        None
    };
    Ok(Backtest { policies: policies(&all), worst: worst(&all), answered, thin })
}

fn most_frequent(tiers: &[Tier]) -> Tier {
    let mut counts: BTreeMap<Tier, usize> = BTreeMap::new();
    tiers.iter().for_each(|tier| *counts.entry(*tier).or_default() += 1);
    let most = counts.iter().max_by_key(|(_, count)| **count);
    most.map_or(Tier::Fyi, |(tier, _)| *tier)
}

fn is_pressing(tier: Tier) -> bool {
    tier <= Tier::Today
}

fn policies(all: &[Replayed]) -> Vec<Policy> {
    let triage: Vec<Tier> = all.iter().map(|one| one.verdict.tier).collect();
    let sure: Vec<f32> = all.iter().map(|one| one.verdict.confidence).collect();
    let from_known = all.iter().map(|one| if one.known { Tier::Today } else { Tier::Fyi });
    let by_sender = all.iter().map(|one| one.usual);
    // Brings forward as much of the newest mail as triage does, looking at it once a day.
    let forward = triage.iter().filter(|tier| is_pressing(**tier)).count();
    let share = forward as f64 / all.len().max(1) as f64;
    let mut newest = vec![Tier::Fyi; all.len()];
    let day = |one: &Replayed| one.header.date.0.div_euclid(86_400);
    let mut start = 0;
    while start < all.len() {
        let length = all[start..].iter().take_while(|one| day(one) == day(&all[start])).count();
        let chosen = (share * length as f64).round() as usize;
        newest[start + length - chosen..start + length].fill(Tier::Today);
        start += length;
    }
    vec![
        policy("triage", all, &triage, Some(&sure)),
        policy("people replied to before", all, &from_known.collect::<Vec<_>>(), None),
        policy("sender history", all, &by_sender.collect::<Vec<_>>(), None),
        policy("newest first", all, &newest, None),
    ]
}

fn policy(name: &'static str, all: &[Replayed], said: &[Tier], sure: Option<&[f32]>) -> Policy {
    let n = all.len();
    let share = |count: usize| count as f64 / n.max(1) as f64;
    let steps =
        |one: &Replayed, said: Tier| (one.right as usize).abs_diff(said.max(Tier::Today) as usize);
    let pairs = || all.iter().zip(said.iter().copied());
    let pressing = all.iter().filter(|one| is_pressing(one.right)).count();
    let found = pairs().filter(|(one, said)| is_pressing(one.right) && is_pressing(*said)).count();
    let flagged =
        pairs().filter(|(one, said)| !is_pressing(one.right) && is_pressing(*said)).count();
    let calibration_error = sure.map(|sure| {
        let hits: Vec<(f32, bool)> =
            pairs().zip(sure).map(|((one, said), sure)| (*sure, steps(one, said) == 0)).collect();
        calibration_error(hits)
    });
    Policy {
        policy: name,
        n,
        exact: share(pairs().filter(|(one, said)| steps(one, *said) == 0).count()),
        within_one: share(pairs().filter(|(one, said)| steps(one, *said) <= 1).count()),
        urgent_recall: (pressing > 0).then(|| found as f64 / pressing as f64),
        flagged: share(flagged),
        calibration_error,
    }
}

fn calibration_error(mut hits: Vec<(f32, bool)>) -> f64 {
    hits.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = hits.len();
    let error = |bin: usize| {
        let part = &hits[bin * n / BINS..(bin + 1) * n / BINS];
        let sure: f64 = part.iter().map(|(sure, _)| f64::from(*sure)).sum();
        (sure - part.iter().filter(|(_, hit)| *hit).count() as f64).abs()
    };
    (0..BINS).map(error).sum::<f64>() / n.max(1) as f64
}

/// Pressing mail that was set aside first, then what was brought forward in vain.
fn worst(all: &[Replayed]) -> Vec<Miss> {
    let cost = |one: &Replayed| {
        let steps = one.right as i64 - one.verdict.tier.max(Tier::Today) as i64;
        if steps < 0 { -2 * steps } else { steps }
    };
    let mut order: Vec<&Replayed> = all.iter().filter(|one| cost(one) >= 2).collect();
    order.sort_by(|a, b| {
        let sure = b.verdict.confidence.total_cmp(&a.verdict.confidence);
        cost(b).cmp(&cost(a)).then(sure).then(a.header.id.cmp(&b.header.id))
    });
    let miss = |one: &&Replayed| Miss {
        id: one.header.id,
        subject: one.header.subject.clone(),
        from: one.header.from.address.clone(),
        said: one.verdict.tier,
        did: one.deed.in_words(),
        reasons: one.verdict.reasons.clone(),
    };
    order.iter().take(WORST_MAX).map(miss).collect()
}
