//! What a verdict is computed from: a row of numbers a message, each of them nameable.

use super::case::{Case, Place};
use super::history::claims_urgency;
use super::wording;
use crate::ledger::{Folded, clock_of};
use crate::mail::UnixSeconds;
use crate::mail::when::{Calendar, day_range, mentions_in};

/// How many there are.
pub(crate) const COUNT: usize = 66;

/// A message's row.
pub(crate) type Row = [f32; COUNT];

/// What each number is, as `why` shows it.
pub(crate) const NAMES: [&str; COUNT] = [
    "reader: now",
    "reader: today",
    "reader: normal",
    "reader: consider",
    "reader: fyi",
    "reader: reply",
    "ask: surest sentence",
    "ask: next sentence",
    "ask: sentences",
    "ask: of you",
    "ask: of somebody else",
    "ask: several",
    "ask: names you",
    "promise: surest sentence",
    "decision: surest sentence",
    "deadline: surest sentence",
    "time ahead: within two hours",
    "time ahead: today",
    "time ahead: by the next morning",
    "time ahead: within days",
    "time ahead: later",
    "limit: within two hours",
    "limit: today",
    "limit: by the next morning",
    "limit: within days",
    "limit: later",
    "limit: of an ask, today",
    "to you alone",
    "to you among others",
    "to many",
    "copied",
    "not addressed",
    "answers you",
    "answers somebody else",
    "you wrote in the thread",
    "passed on without a word",
    "sender: you wrote to them",
    "sender: of your organisation",
    "sender: stranger",
    "sender: share you answered",
    "sender: never answered",
    "words: no reply needed",
    "words: not urgent",
    "words: something does not work",
    "words: how long",
    "words: at once",
    "words: waits for you",
    "words: yours to decide",
    "words: an opinion",
    "words: weighty",
    "words: small",
    "words: a choice",
    "marked urgent",
    "of a matter on fire",
    "length",
    "question marks",
    "ends with a question",
    "attachment",
    "outside working hours",
    "kind: person",
    "kind: transaction",
    "kind: list",
    "sent by a machine",
    "rules: somebody waits",
    "rules: pressing",
    "rules: wants thought",
];

/// Computes them. Probabilities go in as log-odds within ±4, counts capped, the rest is 0 or 1; `rules`
/// are the sums of the plain rules, whose points are at most 6.
pub(crate) fn features(case: &Case<'_>, calendar: &Calendar, rules: [f32; 3]) -> Row {
    let mut row = Vec::with_capacity(COUNT);
    row.extend(case.reading.response);
    asks(case, &mut row);
    times(case, calendar, &mut row);
    standing(case, &mut row);
    words(case, &mut row);
    row.extend([
        flag(claims_urgency(case.header)),
        flag(case.history.on_fire(case.header).is_some()),
        // Beyond these, length tells of the writer more than of the matter.
        (case.words.words_count().clamp(30, 120) as f32).ln(),
        (question_marks(case) as f32).min(4.0),
        flag(ends_with_question(case)),
        flag(!case.header.attachments.is_empty()),
        flag(
            calendar
                .working_minutes_between(case.header.date, UnixSeconds(case.header.date.0 + 1_800))
                < 15,
        ),
        case.reading.kind[0],
        case.reading.kind[5],
        case.reading.kind[1],
        flag(case.is_machine()),
        rules[0],
        rules[1].min(6.0),
        rules[2].min(6.0),
    ]);
    let mut found = [0.0; COUNT];
    found.copy_from_slice(&row);
    found
}

fn flag(is: bool) -> f32 {
    f32::from(u8::from(is))
}

fn log_odds(probability: f32) -> f32 {
    let p = probability.clamp(0.018, 0.982);
    (p / (1.0 - p)).ln()
}

fn asks(case: &Case<'_>, row: &mut Vec<f32>) {
    let spoken = || case.reading.sentences.iter().filter(|sentence| !sentence.frame);
    let mut ask: Vec<f32> = spoken().map(|sentence| sentence.ask).collect();
    ask.sort_by(|a, b| b.total_cmp(a));
    let at = |place: usize| log_odds(ask.get(place).copied().unwrap_or(0.0));
    let sure = ask.iter().filter(|ask| **ask >= 0.5).count();
    let of_me: Vec<_> = case.asks().collect();
    let best = of_me.iter().map(|ask| ask.confidence).fold(0.0, f32::max);
    let all = case.entries.iter().filter(|e| e.kind == crate::ledger::EntryKind::Ask).count();
    let most =
        |of: fn(&crate::ledger::Sentence) -> f32| log_odds(spoken().map(of).fold(0.0, f32::max));
    row.extend([
        at(0),
        at(1),
        (sure as f32).min(4.0),
        log_odds(best),
        flag(all > of_me.len()),
        flag(of_me.len() > 1),
        flag(case.calls_user()),
        most(|sentence| sentence.promise),
        most(|sentence| sentence.decision),
        most(|sentence| sentence.deadline),
    ]);
}

/// The nearest time ahead that the text names, and the nearest that sets a limit: how far off.
fn times(case: &Case<'_>, calendar: &Calendar, row: &mut Vec<f32>) {
    let sent = case.header.date;
    let clock = clock_of(case.header, calendar);
    let (mut ahead, mut limit) = (None::<i64>, None::<i64>);
    let nearer = |best: &mut Option<i64>, at: i64| *best = Some(best.map_or(at, |b| b.min(at)));
    for sentence in case.reading.sentences.iter().filter(|sentence| !sentence.frame) {
        let line = sentence.text.split_whitespace().collect::<Vec<_>>().join(" ");
        for mention in mentions_in(&line, sent, &clock) {
            if mention.is_ahead && mention.at_end > sent {
                nearer(&mut ahead, mention.at_end.0);
                if mention.is_deadline {
                    nearer(&mut limit, mention.at_end.0);
                }
            }
        }
    }
    let (_, end_of_day) = day_range(sent, 0, &clock.zone);
    let bins = |at: Option<i64>| {
        let mut bins = [0.0; 5];
        if let Some(at) = at {
            let edges =
                [sent.0 + 2 * 3_600, end_of_day.0, end_of_day.0 + 12 * 3_600, sent.0 + 4 * 86_400];
            let bin = edges.iter().position(|edge| at <= *edge).unwrap_or(4);
            bins[bin] = 1.0;
        }
        bins
    };
    row.extend(bins(ahead));
    row.extend(bins(limit));
    let due = case.asks().filter_map(|ask| ask.due).filter(|due| *due > sent).min();
    row.push(flag(due.is_some_and(|due| due <= end_of_day)));
}

fn standing(case: &Case<'_>, row: &mut Vec<f32>) {
    let me = &case.history.me.addresses;
    let to_me = case.parent.as_ref().is_some_and(|parent| me.contains(&parent.address));
    let to_other = case.parent.as_ref().is_some_and(|parent| {
        !me.contains(&parent.address) && parent.address != case.header.from.address
    });
    let mails = case.sender.mails as f32;
    row.extend([
        flag(case.place == Place::Alone),
        flag(case.place == Place::Among),
        flag(case.header.people.to.len() + case.header.people.cc.len() > 5),
        flag(case.place == Place::Copied),
        flag(case.place == Place::Absent),
        flag(to_me),
        flag(to_other),
        flag(case.thread.own > 0),
        flag(case.reading.forwards_only),
        flag(case.is_known()),
        flag(case.is_colleague()),
        flag(!case.is_familiar()),
        case.sender.replied as f32 / (mails + 1.0),
        flag(mails >= 3.0 && case.sender.replied == 0),
    ]);
}

fn words(case: &Case<'_>, row: &mut Vec<f32>) {
    let any = |phrases: &[&str]| flag(case.words.any(phrases) || case.subject.any(phrases));
    let counted = |phrases: &[&str]| {
        ((case.words.count(phrases) + case.subject.count(phrases)) as f32).min(3.0)
    };
    let at_once = case.asks().any(|ask| Folded::new(&ask.quote).any(wording::AT_ONCE));
    row.extend([
        any(wording::NO_REPLY),
        any(wording::CALM),
        counted(wording::OUTAGE),
        any(wording::HOW_LONG),
        flag(at_once) + any(wording::AT_ONCE) * 0.5,
        any(wording::BLOCKED),
        any(wording::YOURS_TO_DECIDE),
        counted(wording::OPINION),
        counted(wording::WEIGHTY),
        any(wording::SMALL),
        flag(case.asks().any(|ask| super::tier::offers_choice(&ask.quote))),
    ]);
}

fn question_marks(case: &Case<'_>) -> usize {
    let spoken = case.reading.sentences.iter().filter(|sentence| !sentence.frame);
    spoken.filter(|sentence| sentence.text.contains('?')).count()
}

fn ends_with_question(case: &Case<'_>) -> bool {
    let mut spoken = case.reading.sentences.iter().rev().filter(|sentence| !sentence.frame);
    spoken.next().is_some_and(|sentence| sentence.text.trim_end().ends_with('?'))
}
