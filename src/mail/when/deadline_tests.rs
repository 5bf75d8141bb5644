use super::*;
use crate::mail::when::{format_rfc3339, parse_rfc3339};

/// The mail was sent on a Tuesday.
const SENT: &str = "2026-03-03T10:00:00+01:00";

fn berlin() -> Zone {
    Zone::parse("Europe/Berlin").unwrap()
}

fn instant(local: &str) -> UnixSeconds {
    // Local time in Berlin, `2026-03-05 17:30`.
    let (date, time) = local.split_once(' ').unwrap();
    let civil: jiff::civil::DateTime = format!("{date}T{time}:00").parse().unwrap();
    berlin().instant(civil)
}

#[track_caller]
fn check_at(sent: &str, sentence: &str, expected: Option<&str>) {
    let found = deadline(sentence, parse_rfc3339(sent).unwrap(), &berlin());
    let expected = expected.map(|local| format_rfc3339(instant(local)));
    let at = found.as_ref().map(|found| format_rfc3339(found.at));
    assert_eq!(at, expected, "{sentence:?} -> {found:?}");
}

#[track_caller]
fn check(sentence: &str, expected: &str) {
    check_at(SENT, sentence, Some(expected));
}

#[track_caller]
fn check_none(sentence: &str) {
    check_at(SENT, sentence, None);
}

#[track_caller]
fn check_span(sentence: &str, span: &str, cued: bool) {
    let found = deadline(sentence, parse_rfc3339(SENT).unwrap(), &berlin()).unwrap();
    assert_eq!((&sentence[found.span.clone()], found.cued), (span, cued));
}

#[test]
fn weekdays() {
    check("Please send it by Thu EOD.", "2026-03-05 17:30");
    check("Can you reply by Friday?", "2026-03-06 17:30");
    check("EOB Friday works.", "2026-03-06 17:30");
    check("I need it on Friday by noon.", "2026-03-06 12:00");
    check("next Tuesday is fine", "2026-03-10 17:30");
    check("Let us talk next Thursday.", "2026-03-12 17:30");
    check("this Thursday at 3pm", "2026-03-05 15:00");
    check("Tuesday next week", "2026-03-10 17:30");
    check("by fri please", "2026-03-06 17:30");
    check("by Wed. morning", "2026-03-04 12:00");
    check("Could you do this by Tuesday?", "2026-03-10 17:30");
    check("by Tuesday 5pm", "2026-03-03 17:00");
    check("by Tuesday EOD", "2026-03-03 17:30");
    check("end of day Friday", "2026-03-06 17:30");
    check("by close of business on Thursday", "2026-03-05 17:30");
    check("Monday morning at the latest", "2026-03-09 12:00");
    check("first thing Monday", "2026-03-09 09:00");
}

#[test]
fn named_days() {
    check("tomorrow noon", "2026-03-04 12:00");
    check("by COB today", "2026-03-03 17:30");
    check("Please answer today.", "2026-03-03 17:30");
    check("I'll have it tomorrow.", "2026-03-04 17:30");
    check("tomorrow at 3", "2026-03-04 15:00");
    check("this afternoon", "2026-03-03 17:30");
    check("by tonight", "2026-03-03 21:00");
    check("tomorrow morning", "2026-03-04 12:00");
    check("the day after tomorrow", "2026-03-05 17:30");
    check("3pm tomorrow", "2026-03-04 15:00");
    check_at("2026-03-03T18:30:00+01:00", "by end of day today", Some("2026-03-03 23:59"));
    check_at("2026-03-03T18:30:00+01:00", "by EOD", Some("2026-03-04 17:30"));
    check_at("2026-03-06T18:30:00+01:00", "EOD please", Some("2026-03-09 17:30"));
}

#[test]
fn dates() {
    check("before the 14th", "2026-03-13 17:30");
    check("before the 9th", "2026-03-06 17:30");
    check("by the 14th", "2026-03-14 17:30");
    check("by the 2nd, please", "2026-04-02 17:30");
    check("until March 12", "2026-03-12 17:30");
    check("due 2026-03-14", "2026-03-14 17:30");
    check("The report is due on March 14th at 10:30.", "2026-03-14 10:30");
    check("by 10/15", "2026-10-15 17:30");
    check("by 3/14/26", "2026-03-14 17:30");
    check("by 14/3", "2026-03-14 17:30");
    check("no later then COB 10/23", "2026-10-23 17:30");
    check("By 5:00 p.m., Friday, April 10, 2026", "2026-04-10 17:00");
    check("no later than 11 am on Monday 3/16", "2026-03-16 11:00");
    check("only until 5 p.m. Thurs., Apr. 16", "2026-04-16 17:00");
    check("no later than 5 April", "2026-04-05 17:30");
    check("by the 3rd of April 2026", "2026-04-03 17:30");
    check("Deadline: April 3, 2026", "2026-04-03 17:30");
    check("by Friday, March 6th", "2026-03-06 17:30");
    check("by Friday (3/6) 5:30 p.m.", "2026-03-06 17:30");
    check("The deadline for comments is April 9.", "2026-04-09 17:30");
    check("on or before April 9", "2026-04-09 17:30");
    check_at("2026-12-20T10:00:00+01:00", "by January 15", Some("2027-01-15 17:30"));
    check_at("2026-02-03T10:00:00+01:00", "by May 5", Some("2026-05-05 17:30"));
}

#[test]
fn clock_times() {
    check("no later than 3pm", "2026-03-03 15:00");
    check("by 9am", "2026-03-04 09:00");
    check("by 15:00", "2026-03-03 15:00");
    check("before noon", "2026-03-03 12:00");
    check("by 5.", "2026-03-03 17:00");
    check("by 3:30 p.m. on Thursday", "2026-03-05 15:30");
    check("by midnight", "2026-03-04 00:00");
    check("by 5 o'clock", "2026-03-03 17:00");
    check("by 3pm EST", "2026-03-03 21:00");
    check("by 5pm Pacific time tomorrow", "2026-03-05 02:00");
    check("by noon (CET) tomorrow", "2026-03-04 12:00");
}

#[test]
fn periods() {
    check("by end of week", "2026-03-06 17:30");
    check("by the end of the week", "2026-03-06 17:30");
    check("end of next week", "2026-03-13 17:30");
    check("by end of month", "2026-03-31 17:30");
    check("by the end of May", "2026-05-29 17:30");
    check("by April", "2026-03-31 17:30");
    check("EOW at the latest", "2026-03-06 17:30");
    check("next week", "2026-03-13 17:30");
    check("before next week", "2026-03-06 17:30");
    check("by the weekend", "2026-03-06 17:30");
    check("by end of Q2", "2026-06-30 17:30");
    check("by the end of Q1 2027", "2027-03-31 17:30");
    check("by month-end", "2026-03-31 17:30");
    check("by the end of the quarter", "2026-03-31 17:30");
    check("early next week", "2026-03-10 17:30");
    check("by year end", "2026-12-31 17:30");
    check_at("2026-03-07T10:00:00+01:00", "by end of week", Some("2026-03-13 17:30"));
}

#[test]
fn stretches() {
    check("in two days", "2026-03-05 17:30");
    check("within 48 hours", "2026-03-05 10:00");
    check("within the hour", "2026-03-03 11:00");
    check("in 30 minutes", "2026-03-03 10:30");
    check("within 3 business days", "2026-03-06 17:30");
    check("in the next couple of days", "2026-03-05 17:30");
    check("two weeks from now", "2026-03-17 17:30");
    check("within a week", "2026-03-10 17:30");
    check("in a month", "2026-04-03 17:30");
    check_at("2026-03-28T12:00:00+01:00", "within 24 hours", Some("2026-03-29 13:00"));
    check_at("2026-03-27T12:00:00+01:00", "by Monday noon", Some("2026-03-30 12:00"));
}

#[test]
fn german() {
    check("Bitte bis Freitag.", "2026-03-06 17:30");
    check("am Freitag", "2026-03-06 17:30");
    check("bis morgen 12 Uhr", "2026-03-04 12:00");
    check("Könntest du das bis heute Abend schicken?", "2026-03-03 21:00");
    check("heute Nachmittag", "2026-03-03 17:30");
    check("spätestens am Montag", "2026-03-09 17:30");
    check("bis zum 14. März", "2026-03-14 17:30");
    check("bis 14.03.", "2026-03-14 17:30");
    check("bis zum 14.", "2026-03-14 17:30");
    check("vor Freitag", "2026-03-05 17:30");
    check("bis Ende der Woche", "2026-03-06 17:30");
    check("bis Ende nächster Woche", "2026-03-13 17:30");
    check("nächste Woche", "2026-03-13 17:30");
    check("nächsten Dienstag", "2026-03-10 17:30");
    check("in zwei Tagen", "2026-03-05 17:30");
    check("innerhalb von 48 Stunden", "2026-03-05 10:00");
    check("bis 15:30 Uhr", "2026-03-03 15:30");
    check("bis übermorgen", "2026-03-05 17:30");
    check("bis Monatsende", "2026-03-31 17:30");
    check("binnen drei Werktagen", "2026-03-06 17:30");
    check_none("Guten Morgen!");
    check_none("Am Montag haben wir uns getroffen.");
    check_none("seit Dienstag");
    check_none("letzte Woche");
}

#[test]
fn french() {
    check("d'ici vendredi", "2026-03-06 17:30");
    check("avant vendredi", "2026-03-05 17:30");
    check("demain midi", "2026-03-04 12:00");
    check("demain à 15h30", "2026-03-04 15:30");
    check("avant le 14 mars", "2026-03-13 17:30");
    check("au plus tard le 14 mars 2026", "2026-03-14 17:30");
    check("cet après-midi", "2026-03-03 17:30");
    check("ce soir", "2026-03-03 21:00");
    check("lundi prochain", "2026-03-09 17:30");
    check("la semaine prochaine", "2026-03-13 17:30");
    check("dans deux jours", "2026-03-05 17:30");
    check("sous 48 heures", "2026-03-05 10:00");
    check("d'ici la fin du mois", "2026-03-31 17:30");
    check("d’ici demain", "2026-03-04 17:30");
    check_none("depuis mardi");
    check_none("lundi dernier");
    check_none("hier");
}

#[test]
fn spanish() {
    check("para el viernes", "2026-03-06 17:30");
    check("antes del viernes", "2026-03-05 17:30");
    check("mañana a las 15", "2026-03-04 15:00");
    check("mañana por la mañana", "2026-03-04 12:00");
    check("pasado mañana", "2026-03-05 17:30");
    check("hasta el 14 de marzo", "2026-03-14 17:30");
    check("a más tardar el 14 de marzo", "2026-03-14 17:30");
    check("esta tarde", "2026-03-03 17:30");
    check("el próximo lunes", "2026-03-09 17:30");
    check("la próxima semana", "2026-03-13 17:30");
    check("en dos días", "2026-03-05 17:30");
    check("a fin de mes", "2026-03-31 17:30");
    check_none("el lunes pasado");
    check_none("desde el martes");
    check_none("ayer");
}

#[test]
fn the_past_is_no_deadline() {
    check_none("On Monday we met with the customer.");
    check_none("since Tuesday");
    check_none("last week");
    check_none("It happened on March 1.");
    check_none("We spoke yesterday.");
    check_none("I sent it this morning.");
    check_none("The office was open until Friday.");
    check_none("the memo of March 20");
    check_none("after Friday");
    check_none("every Friday");
    check_none("Thank you for Friday's meeting.");
    check_none("by March 1, 2026");
    check_none("Two days ago it broke.");
    check_none("as of Monday");
}

#[test]
fn facts_are_not_limits() {
    let check_weak = |sentence: &str| {
        let found = deadline(sentence, parse_rfc3339(SENT).unwrap(), &berlin());
        assert!(found.as_ref().is_none_or(|found| !found.cued), "{sentence:?} -> {found:?}");
    };
    check_weak("I am out of town until Monday.");
    check_weak("She will not return until March 12.");
    check_weak("See you in Rome at the end of April.");
    check_weak("What is your projection for the year-end price?");
    check_weak("The list holds the end of day prices.");
    check_weak("By early November, prices were up.");
    check_weak("Have a good weekend.");
    check_weak("The chairman is due in Rome on Sunday.".replace("is due", "due").as_str());
    check_none("Here are the April figures.");
    check_none("Sent by Jan Muster.");
    check_none("The same quarter a year ago was better.");
    check_none("It should take no longer than 15 or 20 minutes.");
    check_none("Please update the 1/12 list.");
}

#[test]
fn bare_numbers_are_no_deadline() {
    check_none("The price is 14.");
    check_none("We need 3 of them.");
    check_none("It fell by 5% and by 10 points.");
    check_none("Section 10/15 applies to us 24/7.");
    check_none("Version 3.5 is out.");
    check_none("Call 555-0100.");
    check_none("I may come, march on.");
    check_none("the 2nd draft");
    check_none("They sat in the sun.");
    check_none("by the way");
    check_none("2026");
    check_none("");
}

#[test]
fn the_limit_wins_over_the_fact() {
    check("The meeting is tomorrow, please send slides by Friday noon.", "2026-03-06 12:00");
    check("After Friday's call, reply by Monday.", "2026-03-09 17:30");
}

#[test]
fn spans_hold_the_words() {
    check_span("Please send it by Thu EOD, thanks", "by Thu EOD", true);
    check_span("Can we meet tomorrow at 3pm?", "tomorrow at 3pm", false);
    check_span("Bitte spätestens am Montag früh antworten", "spätestens am Montag früh", true);
    check_span("ü by noon", "by noon", true);
}

#[test]
fn zones_of_the_sender_count() {
    let sent = parse_rfc3339("2026-03-03T23:30:00Z").unwrap();
    let at = |zone: &Zone| format_rfc3339(deadline("by tomorrow noon", sent, zone).unwrap().at);
    assert_eq!(at(&Zone::utc()), "2026-03-04T12:00:00Z");
    assert_eq!(at(&Zone::fixed(60)), "2026-03-05T11:00:00Z");
    assert_eq!(at(&Zone::fixed(-480)), "2026-03-04T20:00:00Z");
}

#[test]
fn the_calendar_sets_the_end_of_a_day() {
    let mut calendar = Calendar::office(berlin());
    calendar.end_minute = 16 * 60;
    calendar.days[4] = false;
    let sent = parse_rfc3339(SENT).unwrap();
    assert_eq!(
        deadline_in("by Thursday", sent, &calendar).unwrap().at,
        instant("2026-03-05 16:00")
    );
    assert_eq!(
        deadline_in("by end of week", sent, &calendar).unwrap().at,
        instant("2026-03-05 16:00")
    );
}

#[test]
fn mentions_list_what_is_named() {
    let sent = parse_rfc3339(SENT).unwrap();
    let sentence = "We met on Monday; please reply by Friday noon or next week.";
    let found: Vec<_> = mentions(sentence, sent, &berlin())
        .into_iter()
        .map(|mention| (sentence[mention.span].to_owned(), mention.is_deadline))
        .collect();
    assert_eq!(
        found,
        [("on Monday".into(), false), ("by Friday noon".into(), true), ("next week".into(), false)]
    );
    let week = &mentions("next week", sent, &berlin())[0];
    assert_eq!(week.at_start, instant("2026-03-09 00:00"));
    assert_eq!(week.at_end, instant("2026-03-13 17:30"));
}

#[test]
fn a_time_that_no_clock_shows_is_survived() {
    for sentence in ["1099:99", "by 99:99", "on March 10 at 24:60"] {
        for mention in mentions(sentence, UnixSeconds(0), &berlin()) {
            assert!(!sentence[mention.span].is_empty(), "{sentence:?}");
        }
    }
}

#[test]
fn any_text_is_survived() {
    use proptest::prelude::*;
    let words = "(by |the |end |of |next |March |3rd|14\\.|10/15|99:99|on |Fri |week |in |two |days |bis |zum |d'ici |:|-|\\.|pm |ü|’s|[a-z]{0,5} |[0-9]{0,6})";
    proptest!(|(parts in proptest::collection::vec(words, 0..14), at in -100_000_000_000i64..100_000_000_000)| {
        let sentence: String = parts.concat();
        for mention in mentions(&sentence, UnixSeconds(at), &berlin()) {
            prop_assert!(!sentence[mention.span].is_empty());
        }
    });
}
