//! The times that a sentence names, read from where and when its writer sat.
//!
//! Rules of reading, where usage leaves a choice:
//!
//! - A day without a clock time ends with the working day (17:30 in [`deadline`]); once that is over
//!   `today` ends at midnight.
//! - *before* a day is the end of the last working day before it; *before* a clock time is that time.
//! - *Friday*, said on a Friday, is in a week, unless a later clock time or EOD stands beside it.
//! - *next Tuesday* is the Tuesday of the next calendar week; in German, French and Spanish the
//!   nearest one.
//! - A date without a year is taken up to three months back, else ahead; `10/15` is October 15 in English, `3/4` the third of
//!   April in a German, French or Spanish sentence.
//! - *end of the week* is the end of its last working day; a morning ends at noon, an evening at 21:00.

use std::ops::Range;

use jiff::civil::Date;

use super::parts::{Clock, Day, Found, Reader};
use super::tokens::Kind;
use super::words;
use super::{Calendar, Zone, plus_days};
use crate::mail::types::UnixSeconds;

/// A time by which something is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The last instant that is still in time.
    pub at: UnixSeconds,
    /// The words it rests on, with the one that sets the limit (`by Thu EOD`); bytes of the sentence.
    pub span: Range<usize>,
    /// A word sets a limit (by, before, due, no later than, EOD). Without one it is a time ahead that
    /// the sentence merely names (`tomorrow noon`, `on Friday`).
    pub cued: bool,
}

/// A time that a sentence names, past or ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeMention {
    /// Its first instant: of the day, of the week, or the clock time.
    pub at_start: UnixSeconds,
    /// Its last instant, read as a deadline would be.
    pub at_end: UnixSeconds,
    /// The words; bytes of the sentence.
    pub span: Range<usize>,
    /// A word sets a limit, and it lies ahead of when the mail was sent.
    pub is_deadline: bool,
    /// Neither over nor said of the past (`since Tuesday`, `on Monday we met`).
    pub is_ahead: bool,
}

/// The deadline in a sentence sent at `sent` by somebody in `zone` who works from nine to half past
/// five.
///
/// The first time with a limiting word before or behind it, else the first time ahead; never one that
/// is over. `None` when there is neither.
pub fn deadline(sentence: &str, sent: UnixSeconds, zone: &Zone) -> Option<Deadline> {
    deadline_in(sentence, sent, &Calendar::office(zone.clone()))
}

/// The same with the sender's working hours.
pub fn deadline_in(sentence: &str, sent: UnixSeconds, calendar: &Calendar) -> Option<Deadline> {
    let mentions = mentions_in(sentence, sent, calendar);
    let chosen = mentions
        .iter()
        .find(|mention| mention.is_deadline)
        .or_else(|| mentions.iter().find(|mention| mention.is_ahead))?;
    Some(Deadline { at: chosen.at_end, span: chosen.span.clone(), cued: chosen.is_deadline })
}

/// Every time a sentence names, in order.
pub fn mentions(sentence: &str, sent: UnixSeconds, zone: &Zone) -> Vec<TimeMention> {
    mentions_in(sentence, sent, &Calendar::office(zone.clone()))
}

/// The same with the sender's working hours.
pub fn mentions_in(sentence: &str, sent: UnixSeconds, calendar: &Calendar) -> Vec<TimeMention> {
    const MENTIONS_MAX: usize = 32;
    // A sentence without any of these holds no time; most sentences end here.
    let reader = Reader::new(sentence, sent, calendar);
    let tells_past = tells_past(&reader);
    let mut mentions = Vec::new();
    let mut at = 0;
    while at < reader.tokens.len() && mentions.len() < MENTIONS_MAX {
        match reader.found(at).and_then(|found| mention(&reader, at, found, tells_past)) {
            Some((mention, end)) => {
                mentions.push(mention);
                at = end.max(at + 1);
            }
            None => at += 1,
        }
    }
    mentions
}

/// What the words around a time make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cue {
    /// by, until, due, no later than
    By,
    Before,
    /// until, till: a limit in what is wanted, no more than a fact in what was
    Until,
    /// on, at
    On,
    /// since, after, from, every
    Excluded,
    None,
}

fn mention(
    reader: &Reader<'_>,
    at: usize,
    found: Found,
    tells_past: bool,
) -> Option<(TimeMention, usize)> {
    let (cue, cue_start) = cue_before(reader, at);
    let mut end = found.end;
    let mut cue = cue;
    let behind = cue_behind(reader, end);
    if let Some(after) = behind {
        end = after;
        if matches!(cue, Cue::None | Cue::On) {
            cue = Cue::By;
        }
    }
    let adjective = !reader.is_free(found.end);
    if found.needs_cue && (cue == Cue::None || (cue == Cue::On && adjective)) {
        return None;
    }
    // `end of day prices`, `at year end`: part of a name, or a fact.
    if found.limits && found.instant.is_none() && cue == Cue::None && adjective {
        return None;
    }
    if possessive(reader, found.end) {
        return None;
    }
    let hinted = matches!(cue, Cue::None | Cue::On) && !found.limits && headed(reader, at);
    let fact = cue == Cue::Until && is_state(reader, cue_start);
    let ends = matches!(found.day, Some(Day::EndOf(_))) && found.clock.is_none();
    let limits = found.limits && !(cue == Cue::On && ends);
    let limited = matches!(cue, Cue::By | Cue::Before | Cue::Until) && !fact || limits || hinted;
    // `By November prices were up` tells; `we agreed on Friday` tells; `we agreed on delivery by Friday`
    // does not.
    let asked = matches!(cue, Cue::By | Cue::Before) && cue_start > 0;
    let told = tells_past && !asked && !hinted;
    let (at_start, at_end) = resolve(reader, &found, cue, told)?;
    let over = at_end <= reader.sent || matches!(found.day, Some(Day::Past(..)));
    let is_ahead = !over && cue != Cue::Excluded && !told;
    let first = if cue == Cue::None || cue == Cue::Excluded { at } else { cue_start };
    let span = reader.tokens[first].start..reader.tokens[end - 1].end;
    let is_deadline = limited && is_ahead;
    Some((TimeMention { at_start, at_end, span, is_deadline, is_ahead }, end))
}

/// The cue that stands before the time at token `at`, and where it begins.
fn cue_before(reader: &Reader<'_>, at: usize) -> (Cue, usize) {
    const FILLERS: &[&str] = &[
        "the",
        "den",
        "dem",
        "der",
        "am",
        "zum",
        "le",
        "la",
        "el",
        "los",
        "les",
        "um",
        "at",
        "on",
        "à",
        "a",
        "las",
        "around",
        "about",
        "approximately",
        "say",
        "this",
        "@",
        "du",
        "de",
        "del",
        "au",
        "no",
        "von",
        "unserem",
        "this",
        "latest",
        "einschließlich",
    ];
    const PHRASES: &[(&[&str], Cue)] = &[
        (&["no", "later", "than"], Cue::By),
        (&["not", "later", "than"], Cue::By),
        (&["no", "later", "then"], Cue::By),
        (&["nicht", "später", "als"], Cue::By),
        (&["no", "earlier", "than"], Cue::Excluded),
        (&["not", "before"], Cue::Excluded),
        (&["nicht", "vor"], Cue::Excluded),
        (&["on", "or", "before"], Cue::By),
        (&["prior", "to"], Cue::Before),
        (&["as", "of"], Cue::Excluded),
        (&["au", "plus", "tard"], Cue::By),
        (&["a", "más", "tardar"], Cue::By),
        (&["a", "mas", "tardar"], Cue::By),
        (&["à", "partir"], Cue::Excluded),
        (&["a", "partir"], Cue::Excluded),
        (&["deadline", "is"], Cue::By),
        (&["deadline", "of"], Cue::By),
        (&["deadline", ":"], Cue::By),
        (&["due", ":"], Cue::By),
        (&["due", "date", ":"], Cue::By),
        (&["due", "date", "is"], Cue::By),
        (&["frist", ":"], Cue::By),
        (&["antes"], Cue::Before),
        (&["después"], Cue::Excluded),
        (&["by"], Cue::By),
        (&["due"], Cue::By),
        (&["deadline"], Cue::By),
        (&["before"], Cue::Before),
        (&["vor"], Cue::Before),
        (&["avant"], Cue::Before),
        (&["until"], Cue::Until),
        (&["till"], Cue::Until),
        (&["til"], Cue::Until),
        (&["bis"], Cue::By),
        (&["spätestens"], Cue::By),
        (&["d'ici"], Cue::By),
        (&["jusqu'à"], Cue::Until),
        (&["jusqu'au"], Cue::Until),
        (&["pour"], Cue::By),
        (&["para"], Cue::By),
        (&["hasta"], Cue::Until),
        (&["since"], Cue::Excluded),
        (&["after"], Cue::Excluded),
        (&["from"], Cue::Excluded),
        (&["starting"], Cue::Excluded),
        (&["beginning"], Cue::Excluded),
        (&["effective"], Cue::Excluded),
        (&["between"], Cue::Excluded),
        (&["dated"], Cue::Excluded),
        (&["during"], Cue::Excluded),
        (&["of"], Cue::Excluded),
        (&["seit"], Cue::Excluded),
        (&["ab"], Cue::Excluded),
        (&["nach"], Cue::Excluded),
        (&["vom"], Cue::Excluded),
        (&["depuis"], Cue::Excluded),
        (&["après"], Cue::Excluded),
        (&["dès"], Cue::Excluded),
        (&["desde"], Cue::Excluded),
        (&["on"], Cue::On),
        (&["am"], Cue::On),
        (&["zum"], Cue::On),
        (&["at"], Cue::On),
        (&["le"], Cue::On),
        (&["el"], Cue::On),
    ];
    let mut on = at;
    for back in 0..=3.min(at) {
        let place = at - back;
        if place > 0 && words::EVERY.contains(&reader.text(place - 1)) {
            return (Cue::Excluded, at);
        }
        for (phrase, cue) in PHRASES {
            let Some(start) = place.checked_sub(phrase.len()) else { continue };
            if !reader.reads(start, phrase) {
                continue;
            }
            if *cue == Cue::On {
                on = on.min(start);
                continue;
            }
            return (*cue, start);
        }
        if place == 0 || !FILLERS.contains(&reader.text(place - 1)) {
            break;
        }
    }
    if on < at { (Cue::On, on) } else { (Cue::None, at) }
}

/// `at the latest`, `or earlier`, `spätestens` behind a time: the token after it.
fn cue_behind(reader: &Reader<'_>, end: usize) -> Option<usize> {
    const PHRASES: &[&[&str]] = &[
        &["at", "the", "latest"],
        &["at", "latest"],
        &["or", "earlier"],
        &["or", "sooner"],
        &["au", "plus", "tard"],
        &["a", "más", "tardar"],
        &["deadline"],
        &["is", "the", "deadline"],
        &["spätestens"],
        &["latest"],
    ];
    let at = end + usize::from(reader.text(end) == ",");
    PHRASES.iter().find(|phrase| reader.reads(at, phrase)).map(|phrase| at + phrase.len())
}

/// Whether the sentence announces a deadline shortly before: `the deadline for comments is Friday`.
fn headed(reader: &Reader<'_>, at: usize) -> bool {
    const HEADS: &[&str] =
        &["deadline", "frist", "abgabetermin", "échéance", "cutoff", "rsvp", "due-date"];
    const NEAR_HEADS: &[&str] = &[
        "fällig", "limite", "límite", "vence", "expires", "expire", "closes", "needed", "required",
    ];
    const BE: &[&str] = &["is", "are", "was", "be", "'s", "it's"];
    (at.saturating_sub(8)..at).any(|place| {
        let due = reader.text(place) == "due"
            && (reader.text(place + 1) == "date"
                || place > 0 && BE.contains(&reader.text(place - 1)));
        due || HEADS.contains(&reader.text(place))
            || at - place <= 3 && NEAR_HEADS.contains(&reader.text(place))
    })
}

/// `out until Monday`, `not back until Monday`: a state that lasts, not a limit.
fn is_state(reader: &Reader<'_>, at: usize) -> bool {
    const STATES: &[&str] = &[
        "out",
        "away",
        "back",
        "return",
        "closed",
        "open",
        "booked",
        "free",
        "busy",
        "vacation",
        "leave",
        "not",
        "meeting",
        "available",
        "remain",
        "remains",
        "stay",
        "office",
        "won't",
        "travel",
        "traveling",
        "wait",
        "urlaub",
        "abwesend",
        "absent",
        "fuera",
    ];
    (at.saturating_sub(5)..at).any(|place| STATES.contains(&reader.text(place)))
}

/// `Friday's meeting`, `today's call`, `Monday morning's`, and figures that go on as a word.
fn possessive(reader: &Reader<'_>, end: usize) -> bool {
    reader.text(end) == "'" && reader.text(end + 1) == "s"
        || reader.tokens.get(end).is_some_and(|next| {
            next.text == "%"
                || next.text == "-"
                    && next.glued
                    && reader
                        .tokens
                        .get(end + 1)
                        .is_some_and(|after| after.glued && after.kind == Kind::Word)
        })
}

/// Whether the sentence tells of the past: a past verb, and nothing that asks or foretells.
fn tells_past(reader: &Reader<'_>) -> bool {
    const PAST: &[&str] = &[
        "met",
        "was",
        "were",
        "had",
        "did",
        "sent",
        "said",
        "told",
        "went",
        "came",
        "got",
        "made",
        "took",
        "spoke",
        "saw",
        "left",
        "gave",
        "wrote",
        "heard",
        "held",
        "began",
        "ran",
        "spent",
        "won",
        "lost",
        "sold",
        "bought",
        "found",
        "talked",
        "discussed",
        "received",
        "happened",
        "arrived",
        "decided",
        "called",
        "emailed",
        "mailed",
        "asked",
        "started",
        "finished",
        "closed",
        "reviewed",
        "visited",
        "presented",
        "announced",
        "reported",
        "worked",
        "waited",
        "moved",
        "signed",
        "agreed",
        "launched",
        "shipped",
        "faxed",
        "forwarded",
        "mentioned",
        "noticed",
        "tried",
        "used",
        "wanted",
        "been",
        "attended",
        "didn't",
        "wasn't",
        "weren't",
        "hadn't",
        "war",
        "waren",
        "hatte",
        "hatten",
        "traf",
        "trafen",
        "kam",
        "kamen",
        "ging",
        "gingen",
        "wurde",
        "wurden",
        "sagte",
        "schrieb",
        "gab",
        "getroffen",
        "gesprochen",
        "geschickt",
        "gewesen",
        "besprochen",
        "erhalten",
        "bekommen",
        "gemacht",
        "était",
        "étaient",
        "avait",
        "avons",
        "avez",
        "ai",
        "ont",
        "rencontré",
        "discuté",
        "envoyé",
        "reçu",
        "parlé",
        "fue",
        "fueron",
        "estuvo",
        "hubo",
        "reunimos",
        "dijo",
        "envió",
        "envié",
        "hicimos",
        "hablé",
        "recibí",
        "vimos",
    ];
    const AHEAD: &[&str] = &[
        "will",
        "shall",
        "can",
        "could",
        "would",
        "should",
        "must",
        "please",
        "need",
        "needs",
        "going",
        "let's",
        "let",
        "may",
        "might",
        "want",
        "want",
        "won't",
        "pls",
        "plan",
        "hope",
        "expect",
        "have to",
        "is",
        "are",
        "i'll",
        "we'll",
        "you'll",
        "they'll",
        "it'll",
        "he'll",
        "she'll",
        "bitte",
        "können",
        "kannst",
        "könntest",
        "könnten",
        "kann",
        "muss",
        "müssen",
        "wird",
        "werden",
        "werde",
        "soll",
        "sollte",
        "brauche",
        "brauchen",
        "pouvez",
        "pourriez",
        "peux",
        "peut",
        "doit",
        "devez",
        "faut",
        "merci",
        "sera",
        "serons",
        "podría",
        "podrías",
        "puede",
        "puedes",
        "debe",
        "será",
        "necesito",
        "necesitamos",
        "favor",
    ];
    if reader.tokens.iter().any(|token| token.text == "?" || AHEAD.contains(&token.text.as_str())) {
        return false;
    }
    reader.tokens.iter().any(|token| PAST.contains(&token.text.as_str()))
}

/// First and last instant of a written time.
fn resolve(
    reader: &Reader<'_>,
    found: &Found,
    cue: Cue,
    told: bool,
) -> Option<(UnixSeconds, UnixSeconds)> {
    if let Some(instant) = found.instant {
        return Some((instant, instant));
    }
    let calendar = reader.calendar;
    let zone = found.zone.as_ref().unwrap_or(&calendar.zone);
    let today = reader.today();
    let Some(day) = found.day else {
        return found.clock.map(|clock| without_day(reader, zone, clock));
    };
    let (first, last) = match day {
        Day::On(date) if told && date > today => (date, date),
        Day::On(date) => (date, date),
        Day::Weekday(date) if told => {
            let date = plus_days(date, -7);
            (date, date)
        }
        Day::Weekday(date) => {
            // Said on such a day: today only while its hour is still ahead.
            let ahead = found
                .clock
                .is_some_and(|clock| clock_on(reader, zone, date, clock).1 > reader.sent);
            let date = if date == today && !ahead { plus_days(date, 7) } else { date };
            (date, date)
        }
        Day::Period(first, last)
            if matches!(cue, Cue::By | Cue::Before) && is_month(first, last) =>
        {
            // `by March` is before March begins.
            return Some((calendar.zone.at_minute(first, 0), before(reader, first)));
        }
        Day::Period(first, last) => (first, last_working(calendar, first, last)),
        Day::EndOf(last) => {
            let last = last_working(calendar, today.min(last), last);
            return Some(clock_on(reader, zone, last, found.clock.unwrap_or(Clock::DayEnd)));
        }
        Day::Past(first, last) => (first, last),
    };
    if let Some(clock) = found.clock {
        let (start, end) = clock_on(reader, zone, last, clock);
        return Some((start, end));
    }
    let start = calendar.zone.at_minute(first, 0);
    if cue == Cue::Before && !matches!(day, Day::Past(..)) {
        return Some((start, before(reader, first)));
    }
    Some((start, day_end(reader, last)))
}

fn is_month(first: Date, last: Date) -> bool {
    first.day() == 1 && super::parts::days_between(first, last) > 20
}

/// The last working day of a run; its last day when none is.
fn last_working(calendar: &Calendar, first: Date, last: Date) -> Date {
    (0..7)
        .map(|back| plus_days(last, -back))
        .find(|date| *date >= first && calendar.works_on(*date))
        .unwrap_or(last)
}

/// The end of the last working day before `date` that is still ahead; failing that of the day before.
fn before(reader: &Reader<'_>, date: Date) -> UnixSeconds {
    let working = (1..=7)
        .map(|back| plus_days(date, -back))
        .find(|day| reader.calendar.works_on(*day))
        .map(|day| reader.calendar.day_end(day))
        .filter(|end| *end > reader.sent);
    working.unwrap_or_else(|| day_end(reader, plus_days(date, -1)))
}

/// The end of work on a day; midnight when the mail was sent after it.
fn day_end(reader: &Reader<'_>, date: Date) -> UnixSeconds {
    let end = reader.calendar.day_end(date);
    if date == reader.today() && end <= reader.sent {
        return UnixSeconds(reader.calendar.zone.at_minute(date, 1440).0 - 60);
    }
    end
}

fn clock_on(
    reader: &Reader<'_>,
    zone: &Zone,
    date: Date,
    clock: Clock,
) -> (UnixSeconds, UnixSeconds) {
    match clock {
        Clock::Minute(minute) => {
            let at = zone.at_minute(date, minute);
            (at, at)
        }
        Clock::DayStart => {
            let at = zone.at_minute(date, reader.calendar.start_minute);
            (at, at)
        }
        Clock::DayEnd => (reader.calendar.zone.at_minute(date, 0), day_end(reader, date)),
    }
}

/// A clock time alone: today while it is ahead, else tomorrow; `EOD` the next end of work.
fn without_day(reader: &Reader<'_>, zone: &Zone, clock: Clock) -> (UnixSeconds, UnixSeconds) {
    let today = reader.today();
    if clock == Clock::DayEnd {
        let end = reader.calendar.end_of_working_day(reader.sent);
        return (reader.sent, end);
    }
    let (start, end) = clock_on(reader, zone, today, clock);
    if end > reader.sent {
        (start, end)
    } else {
        clock_on(reader, zone, plus_days(today, 1), clock)
    }
}

#[cfg(test)]
#[path = "deadline_tests.rs"]
mod tests;
