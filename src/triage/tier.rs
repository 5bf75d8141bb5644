//! How soon?
//!
//! Three small sums of named signals: whether somebody waits for an answer, how pressing it is, and
//! whether it wants thought. Mail of machines and crowds, and mail that merely copies the user, ends at
//! the first. Where the reader has an opinion of the whole message, the sums are weighed with it and
//! with everything else that is known ([`super::learned`]); without one they decide by thresholds.

use super::case::{Case, Place, Tally};
use super::features::features;
use super::history::claims_urgency;
use super::kind::KindOpinion;
use super::learned;
use super::verdict::{Kind, Tier};
use super::wording;
use crate::ledger::{Entry, Folded};
use crate::mail::when::{Calendar, format_rfc3339};
use crate::mail::{CalendarMethod, UnixSeconds};

/// The reason given for an ask; its quote is the sentence that asks.
pub(super) const ASKS: &str = "asks you for something";
/// The reason given where a mail to others speaks to the user.
const CALLS: &str = "calls you by name";

/// Points from which a message that needs a reply belongs in a call.
const NOW_MIN: f32 = 4.0;
/// Points from which it belongs in the working day.
const TODAY_MIN: f32 = 2.0;
/// Points of weight from which it wants thought.
const CONSIDER_MIN: f32 = 2.0;
/// The same when nobody waits, but the user asked for what has come.
const MATERIAL_MIN: f32 = 2.0;
/// A machine's notice is brought forward when `fyi` is less likely than this.
const MACHINE_FYI_MAX: f32 = 0.3;
/// A time so near is now.
const NOW_SECONDS: i64 = 2 * 3_600;
/// Mail so near the end of work belongs to the next day.
const LAST_SECONDS: i64 = 3_600;
/// So many working minutes are the working day, where that is not longer.
const TODAY_MINUTES: i64 = 8 * 60;

/// Tier and what it rests on.
pub(crate) struct TierOpinion {
    pub(crate) tier: Tier,
    pub(crate) needs_reply: bool,
    /// Probability that somebody waits for an answer.
    pub(crate) reply: f32,
    /// How likely the tier is right.
    pub(crate) margin: f32,
    /// The time the sender named.
    pub(crate) deadline: Option<UnixSeconds>,
    /// Probabilities of the tiers, in keeping with the one chosen; they add up to 1.
    pub(crate) probabilities: [f32; 5],
}

/// Probabilities of the tiers where only one of them and how sure it is are known: the nearer tiers
/// share what is left.
fn around(tier: Tier, sure: f32) -> [f32; 5] {
    const NEAR: [f32; 5] = [0.0, 0.6, 0.4, 0.3, 0.3];
    let sure = sure.clamp(0.3, 0.97);
    let shares: [f32; 5] = std::array::from_fn(|at| NEAR[at.abs_diff(tier as usize)]);
    let all: f32 = shares.iter().sum();
    let mut probabilities = shares.map(|share| (1.0 - sure) * share / all);
    probabilities[tier as usize] = sure;
    probabilities
}

/// The same with the likeliest made to be the tier that was chosen: what rules it out is certain.
fn in_keeping(mut probabilities: [f32; 5], tier: Tier) -> [f32; 5] {
    let top = probabilities.iter().copied().fold(0.0, f32::max);
    let said = &mut probabilities[tier as usize];
    *said = said.max(top * 1.05);
    let all: f32 = probabilities.iter().sum();
    probabilities.map(|p| p / all)
}

pub(crate) fn tier(
    case: &Case<'_>,
    kind: &KindOpinion,
    calendar: &Calendar,
    tally: &mut Tally,
) -> TierOpinion {
    let odds = reply_odds(case, kind.kind, tally);
    let reply = 1.0 / (1.0 + (-odds).exp());
    let deadline =
        case.asks().filter_map(|ask| ask.due).filter(|due| *due > case.header.date).min();
    let needs_reply = reply >= 0.5;
    if kind.kind == Kind::Calendar {
        let wants = case.header.facts.calendar == Some(CalendarMethod::Request) && needs_reply;
        let tier = if wants { Tier::Normal } else { Tier::Fyi };
        let probabilities = around(tier, 0.95);
        let margin = 0.95;
        return TierOpinion {
            tier,
            needs_reply: wants,
            reply,
            margin,
            deadline: None,
            probabilities,
        };
    }
    if !is_of_a_crowd(case, kind.kind) {
        let mut aside = Tally::default();
        let points =
            [odds, pressing(case, calendar, deadline, &mut aside), thought(case, &mut aside)];
        if let Some(mut weighed) = learned::weigh(&features(case, calendar, points)) {
            // What a machine surely wants done is seen, and never before what a person asks.
            if case.is_machine() || kind.kind == Kind::Notification {
                let sure = weighed.probabilities[Tier::Fyi as usize] < MACHINE_FYI_MAX;
                weighed.tier = match weighed.tier {
                    Tier::Now | Tier::Today if sure => Tier::Normal,
                    tier if sure => tier,
                    _ => Tier::Fyi,
                };
                weighed.needs_reply &= sure;
            }
            let deadline = deadline.filter(|_| weighed.tier != Tier::Fyi);
            return with_reasons(&weighed, deadline, case, aside, tally);
        }
    }
    if !needs_reply {
        let thought = thought(case, tally);
        let material = odds > -4.0
            && thought >= MATERIAL_MIN
            && case.place == Place::Alone
            && case.thread.own > 0
            && kind.kind == Kind::Person
            && !case.header.attachments.is_empty();
        if material {
            tally.reason("brings what you asked for, to be weighed", case.header.subject.clone());
        }
        let tier = if material { Tier::Consider } else { Tier::Fyi };
        let margin = 1.0 - reply;
        let probabilities = around(tier, margin);
        return TierOpinion { tier, needs_reply, reply, margin, deadline: None, probabilities };
    }
    for ask in case.asks().take(2) {
        tally.reason(ASKS, ask.quote.clone());
    }
    let pressing = pressing(case, calendar, deadline, tally);
    let thought = thought(case, tally);
    let tier = if pressing >= NOW_MIN {
        Tier::Now
    } else if pressing >= TODAY_MIN {
        Tier::Today
    } else if thought >= CONSIDER_MIN {
        Tier::Consider
    } else {
        Tier::Normal
    };
    let mut distance = (pressing - NOW_MIN).abs().min((pressing - TODAY_MIN).abs());
    if pressing < TODAY_MIN {
        distance = distance.min((thought - CONSIDER_MIN).abs() * 0.8);
    }
    let margin = reply / (1.0 + (-0.6 - 1.4 * distance).exp());
    let probabilities = around(tier, margin);
    TierOpinion { tier, needs_reply, reply, margin, deadline, probabilities }
}

/// Mail that nobody waits behind, whatever it says.
fn is_of_a_crowd(case: &Case<'_>, kind: Kind) -> bool {
    let quiet = case.is_of_a_forge() || matches!(case.place, Place::Copied | Place::Absent);
    matches!(kind, Kind::Junk | Kind::Suspicious | Kind::Newsletter | Kind::Promotion)
        || case.is_mass()
        || (quiet && !case.calls_user())
}

/// What was weighed, with the reasons that speak for it.
fn with_reasons(
    weighed: &learned::Weighed,
    deadline: Option<UnixSeconds>,
    case: &Case<'_>,
    aside: Tally,
    tally: &mut Tally,
) -> TierOpinion {
    if weighed.tier != Tier::Fyi {
        for ask in case.asks().take(2) {
            tally.reason(ASKS, ask.quote.clone());
        }
        for reason in aside.reasons {
            tally.reason(reason.text, reason.quote);
        }
        tally.signals.extend(aside.signals);
    }
    for (tier, probability) in Tier::ALL.iter().zip(weighed.probabilities) {
        tally.weigh(&format!("weighed: {tier}"), probability, probability);
    }
    for (name, value, weight) in &weighed.signals {
        tally.weigh(name, *value, *weight);
    }
    TierOpinion {
        tier: weighed.tier,
        needs_reply: weighed.needs_reply,
        reply: weighed.reply,
        margin: weighed.probabilities[weighed.tier as usize],
        deadline,
        probabilities: in_keeping(weighed.probabilities, weighed.tier),
    }
}

/// Log-odds that somebody waits for the user's answer.
fn reply_odds(case: &Case<'_>, kind: Kind, tally: &mut Tally) -> f32 {
    let facts = &case.header.facts;
    match kind {
        Kind::Junk | Kind::Suspicious | Kind::Newsletter | Kind::Promotion => {
            tally.weigh("reply: of no person who waits", 1.0, -6.0);
            return -6.0;
        }
        Kind::Calendar => {
            let asked = facts.calendar == Some(CalendarMethod::Request)
                && matches!(case.place, Place::Alone | Place::Among);
            if asked {
                tally.reason("an invitation to answer", case.header.subject.clone());
            }
            let weight = if asked { 3.0 } else { -4.0 };
            return tally.weigh("reply: invitation", f32::from(u8::from(asked)), weight);
        }
        _ => {}
    }
    if case.is_machine() || case.is_mass() {
        tally.reason("sent by a machine or to a crowd", case.header.from.address.clone());
        tally.weigh("reply: of a machine or to a crowd", 1.0, -5.0);
        return -5.0;
    }
    let mut odds = -2.2;
    odds += by_asks(case, tally);
    odds += by_place(case, tally);
    if case.words.any(wording::NO_REPLY) {
        odds += tally.weigh("reply: says none is needed", 1.0, -3.0);
        tally.reason("says that no reply is needed", case.quote_of(wording::NO_REPLY));
    }
    if case.reading.forwards_only {
        odds += tally.weigh("reply: passed on without a word", 1.0, -2.0);
    }
    if kind == Kind::Notification {
        odds += tally.weigh("reply: a notice", 1.0, -2.0);
    }
    let share = case.sender.replied as f32 / (case.sender.mails.max(1) as f32);
    if case.sender.mails >= 3 {
        odds += tally.weigh("reply: you answer them", share, share - 0.4);
    }
    odds
}

fn by_asks(case: &Case<'_>, tally: &mut Tally) -> f32 {
    let mut asks: Vec<&Entry> = case.asks().collect();
    asks.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let Some(best) = asks.first() else {
        let unsure = case.reading.sentences.iter().map(|s| s.ask).fold(0.0, f32::max);
        let elsewhere =
            case.entries.iter().any(|entry| entry.kind == crate::ledger::EntryKind::Ask);
        if elsewhere {
            tally.reason("asks somebody else", "");
        }
        return tally.weigh("reply: no ask", unsure, -1.0);
    };
    let p = best.confidence.clamp(0.02, 0.98);
    let mut odds = tally.weigh("reply: asks", p, 1.7 + (p / (1.0 - p)).ln().clamp(0.0, 2.5));
    if asks.len() > 1 {
        odds += tally.weigh("reply: several asks", asks.len() as f32, 0.5);
    }
    if !best.whom.is_empty() {
        odds += tally.weigh("reply: names you", 1.0, 0.6);
    }
    odds
}

fn by_place(case: &Case<'_>, tally: &mut Tally) -> f32 {
    let named = case.calls_user();
    let mut odds = match case.place {
        Place::Alone => tally.weigh("reply: to you alone", 1.0, 0.8),
        Place::Among => {
            let many = case.header.people.to.len() as f32;
            tally.weigh("reply: to several", many, if many > 5.0 { -1.0 } else { 0.1 })
        }
        Place::Copied => {
            let reason = if named { CALLS } else { "you are only copied" };
            tally.reason(reason, case.header.subject.clone());
            tally.weigh("reply: copied", 1.0, if named { -2.0 } else { -5.0 })
        }
        Place::Absent => {
            let reason = if named { CALLS } else { "sent to a list or a group, not to you" };
            tally.reason(reason, case.header.subject.clone());
            tally.weigh("reply: not addressed", 1.0, if named { -2.0 } else { -5.0 })
        }
    };
    // In a round of several, an answer to somebody else speaks to them first.
    let to_another = case.parent.as_ref().is_some_and(|parent| {
        !case.history.me.addresses.contains(&parent.address)
            && parent.address != case.header.from.address
    });
    if to_another && case.place != Place::Alone && !named {
        odds += tally.weigh("reply: answers somebody else", 1.0, -1.0);
    }
    odds
}

/// How pressing, in points.
fn pressing(
    case: &Case<'_>,
    calendar: &Calendar,
    deadline: Option<UnixSeconds>,
    tally: &mut Tally,
) -> f32 {
    let by_time = deadline.map_or(0.0, |due| by_deadline(case, calendar, due, tally));
    let mut words = 0.0;
    let outage = case.words.count(wording::OUTAGE) + case.subject.count(wording::OUTAGE);
    if outage > 0 {
        words += tally.weigh(
            "pressing: something does not work",
            outage as f32,
            (outage as f32).min(2.0),
        );
        tally.reason("something does not work", case.quote_of(wording::OUTAGE));
        if case.words.any(wording::HOW_LONG) {
            words += tally.weigh("pressing: waits for word", 1.0, 1.0);
        }
    }
    // "I would refund it right away" is no haste: only what is asked counts.
    let at_once = |text: &str| Folded::new(text).any(wording::AT_ONCE);
    if let Some(ask) = case.asks().find(|ask| at_once(&ask.quote)) {
        words += tally.weigh("pressing: at once", 1.0, 2.0);
        tally.reason("wants it at once", ask.quote.clone());
    }
    if case.words.any(wording::BLOCKED) {
        words += tally.weigh("pressing: waits for you", 1.0, 1.0);
        tally.reason("stands still until you answer", case.quote_of(wording::BLOCKED));
    }
    if let Some(word) = case.history.on_fire(case.header) {
        words += tally.weigh("pressing: of a matter on fire", 1.0, 2.0);
        tally.reason("of a matter that is on fire", case.quote_of(&[word.as_str()]));
    }
    if claims_urgency(case.header) {
        // A claim weighs what the sender's earlier claims were worth.
        let worth = case.sender.was_urgent as f32 / case.sender.claimed_urgent.max(2) as f32;
        let weight = if case.is_familiar() { 0.4 + worth } else { 0.2 };
        words += tally.weigh("pressing: marked urgent", worth, weight);
    }
    if !case.is_familiar() {
        // Strangers' haste is cheap; a time they name counts as anybody's.
        words *= 0.5;
    }
    if case.words.any(wording::CALM) {
        words -= 1.5;
        tally.weigh("pressing: says it is not", 1.0, -1.5);
    }
    by_time + words.max(0.0)
}

fn by_deadline(case: &Case<'_>, calendar: &Calendar, due: UnixSeconds, tally: &mut Tally) -> f32 {
    let sent = case.header.date;
    let quote = case.asks().find(|ask| ask.due == Some(due)).map_or("", |ask| ask.quote.as_str());
    // What comes in the last hour of the day is read on the next.
    let end = calendar.end_of_working_day(sent);
    let from = if end.0 - sent.0 < LAST_SECONDS { end } else { sent };
    let minutes = calendar.working_minutes_between(from, due);
    let (_, end_of_day) = crate::mail::when::day_range(sent, 0, &calendar.zone);
    let hours = (due.0 - sent.0) as f32 / 3_600.0;
    if due.0 - sent.0 <= NOW_SECONDS {
        tally.reason(format!("wants it by {}", format_rfc3339(due)), quote);
        tally.weigh("pressing: due within two hours", hours, NOW_MIN)
    } else if minutes <= calendar.day_minutes().max(TODAY_MINUTES) || due <= end_of_day {
        tally.reason(format!("wants it by {}", format_rfc3339(due)), quote);
        tally.weigh("pressing: due within the working day", hours, TODAY_MIN)
    } else {
        tally.reason(format!("names a time: {}", format_rfc3339(due)), quote);
        0.0
    }
}

/// How much thought it wants, in points.
fn thought(case: &Case<'_>, tally: &mut Tally) -> f32 {
    let mut points = 0.0;
    if case.words.any(wording::YOURS_TO_DECIDE) {
        points += tally.weigh("thought: yours to decide", 1.0, 2.0);
        tally.reason("a decision is yours", case.quote_of(wording::YOURS_TO_DECIDE));
    }
    let opinions = case.words.count(wording::OPINION).min(2) as f32;
    if opinions > 0.0 {
        points += tally.weigh("thought: an opinion is wanted", opinions, 1.5 * opinions);
        tally.reason("wants your opinion", case.quote_of(wording::OPINION));
    }
    let weighty = case.words.count(wording::WEIGHTY) + case.subject.count(wording::WEIGHTY);
    if weighty > 0 {
        let value = weighty as f32;
        points += tally.weigh("thought: a weighty matter", value, (0.7 * value).min(2.0));
    }
    let long = case.words.words_count();
    if long > 110 {
        points += tally.weigh("thought: long", long as f32, 0.5);
    }
    if case.asks().any(|ask| offers_choice(&ask.quote)) || offers_choice(&case.header.subject) {
        points += tally.weigh("thought: a choice", 1.0, 0.5);
    }
    if case.words.any(wording::SMALL) {
        points += tally.weigh("thought: said to be small", 1.0, -1.0);
    }
    points
}

/// "One, two, or three?"
pub(super) fn offers_choice(ask: &str) -> bool {
    let folded = Folded::new(ask);
    ask.contains('?')
        && folded.any(&["or", "oder", "ou", "of", "which", "welche*", "lequel", "cuál"])
}
