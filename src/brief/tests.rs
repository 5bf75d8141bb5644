//! The brief over stores of made-up mail.

use std::ops::ControlFlow;

use super::{Brief, Remembered, Section, SinceLast, brief, html};
use crate::ledger::testing::{Mail, PlainReader, at, calendar, fill, store};
use crate::ledger::{Wanted, version};
use crate::mail::UnixSeconds;
use crate::mail::when::Zone;
use crate::store::Store;
use crate::triage::{Settings, judge_new};

fn judge(store: &mut Store, as_of: &str) {
    let settings = Settings { calendar: calendar(), ..Settings::default() };
    let wanted = Wanted::Between(UnixSeconds(0), at(as_of));
    judge_new(store, &PlainReader, &wanted, &settings, &mut |_, _| ControlFlow::Continue(()))
        .unwrap();
}

fn made(store: &Store, as_of: &str, last: Option<&Remembered>) -> Brief {
    brief(store, &version(&PlainReader), at(as_of), at("2026-03-01T00:00:00Z"), last).unwrap()
}

#[track_caller]
fn check(brief: &Brief, section: Section, expected: &[&str]) {
    let found: Vec<&str> = brief.section(section).map(|line| line.text.as_str()).collect();
    assert_eq!(found, expected, "{brief:#?}");
}

const ASK: Mail<'_> = Mail {
    id: "1",
    reply: "",
    day: 2,
    time: "10:00",
    from: "Ben Sample <ben@example.com>",
    to: "Ada Example <ada@example.org>",
    subject: "The list",
    headers: "",
    text: "Hi Ada,\n\nCould you send me the list by Wednesday noon?\n\nBest,\nBen",
};

#[test]
fn an_ask_stands_under_reply_until_it_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let ids = fill(
        &mut store,
        &[
            ASK,
            Mail {
                id: "2",
                reply: "1",
                day: 3,
                from: "ada@example.org",
                to: "ben@example.com",
                subject: "Re: The list",
                text: "Here it is.",
                ..Mail::default()
            },
        ],
    );
    judge(&mut store, "2026-03-09T12:00:00Z");
    let first = made(&store, "2026-03-02T12:00:00Z", None);
    let lines: Vec<_> = first.section(Section::Reply).collect();
    assert_eq!(lines.len(), 1, "{first:#?}");
    assert!(lines[0].text.starts_with("Ben Sample: "), "{first:#?}");
    assert_eq!(lines[0].since_last, SinceLast::New);
    assert_eq!(lines[0].sources[0].id, ids[0]);
    assert_eq!(lines[0].sources[0].quote, "Could you send me the list by Wednesday noon?");
    Remembered::save(&store, &first).unwrap();
    let last = Remembered::load(&store).unwrap().unwrap();
    let still = made(&store, "2026-03-02T13:00:00Z", Some(&last));
    assert_eq!(still.section(Section::Reply).next().unwrap().since_last, SinceLast::Still);
    let done = made(&store, "2026-03-03T13:00:00Z", Some(&last));
    assert_eq!(done.section(Section::Reply).next().unwrap().since_last, SinceLast::Settled);
    assert_eq!(done.counts()["reply"], 0);
}

#[test]
fn promises_and_own_asks_have_their_sections() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    fill(
        &mut store,
        &[
            Mail {
                id: "1",
                from: "ada@example.org",
                to: "Ben Sample <ben@example.com>",
                subject: "Report",
                text: "I'll send you the report by Thursday noon.",
                ..Mail::default()
            },
            Mail {
                id: "2",
                from: "ada@example.org",
                to: "Cleo Muster <cleo@example.com>",
                subject: "Protocol",
                text: "When can I have the protocol?",
                ..Mail::default()
            },
        ],
    );
    judge(&mut store, "2026-03-09T12:00:00Z");
    let brief = made(&store, "2026-03-06T12:00:00Z", None);
    check(
        &brief,
        Section::Promised,
        &["to Ben Sample: I'll send you the report by Thursday noon."],
    );
    check(&brief, Section::Waiting, &["Cleo Muster: When can I have the protocol?"]);
    assert!(brief.section(Section::Promised).next().unwrap().late);
}

#[test]
fn newsletters_are_one_line_with_their_count() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let headers = "List-Unsubscribe: <https://example.net/u>\r\nList-Id: <l.example.net>\r\n";
    let mails: Vec<(String, String)> =
        (0..3).map(|n| (format!("n{n}"), format!("Issue {n} of the weekly letter"))).collect();
    let mails: Vec<Mail<'_>> = mails
        .iter()
        .map(|(id, subject)| Mail {
            id,
            subject,
            headers,
            from: "The Weekly <letter@example.net>",
            text: "Dear reader, in this issue: stories of the week.",
            ..Mail::default()
        })
        .collect();
    fill(&mut store, &mails);
    judge(&mut store, "2026-03-09T12:00:00Z");
    let brief = made(&store, "2026-03-03T12:00:00Z", None);
    check(&brief, Section::Fyi, &["3 mails of newsletters and advertising: The Weekly"]);
}

#[test]
fn a_collected_line_has_all_its_sources() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let names: Vec<String> = (0..30).map(|n| format!("n{n}")).collect();
    let mails: Vec<Mail<'_>> = names
        .iter()
        .map(|id| Mail {
            id,
            subject: id,
            headers: "List-Unsubscribe: <https://example.net/u>\r\nList-Id: <l.example.net>\r\n",
            from: "The Weekly <letter@example.net>",
            text: "Dear reader, in this issue: stories of the week.",
            ..Mail::default()
        })
        .collect();
    fill(&mut store, &mails);
    judge(&mut store, "2026-03-09T12:00:00Z");
    let brief = made(&store, "2026-03-03T12:00:00Z", None);
    let line = brief.section(Section::Fyi).next().unwrap();
    assert!(line.text.starts_with("30 mails"), "{line:?}");
    assert_eq!(line.sources.len(), 30);
}

#[test]
fn an_address_that_nobody_reads_is_no_person() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    fill(
        &mut store,
        &[
            Mail {
                id: "1",
                from: "ada@example.org",
                to: "newsletter@example.com",
                subject: "The docks",
                text: "The paint is here.",
                ..Mail::default()
            },
            Mail {
                id: "2",
                reply: "1",
                day: 3,
                from: "Ben Sample <newsletter@example.com>",
                subject: "Re: The docks",
                text: "Hi Ada,\n\nwe painted the docks green.\n\nBest,\nBen",
                ..Mail::default()
            },
        ],
    );
    judge(&mut store, "2026-03-09T12:00:00Z");
    let brief = made(&store, "2026-03-04T12:00:00Z", None);
    check(&brief, Section::Fyi, &["1 mail by machines: Ben Sample"]);
}

#[test]
fn a_thread_stands_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    fill(
        &mut store,
        &[
            Mail {
                id: "1",
                from: "ada@example.org",
                to: "ben@example.com",
                text: "I'll send you the report by Thursday noon.",
                ..Mail::default()
            },
            Mail {
                id: "2",
                reply: "1",
                day: 3,
                subject: "Re: The plan",
                text: "Thank you. Could you add the costs?\n\nWe've decided to print it.",
                ..Mail::default()
            },
        ],
    );
    judge(&mut store, "2026-03-09T12:00:00Z");
    let brief = made(&store, "2026-03-03T12:00:00Z", None);
    assert_eq!(brief.lines.len(), 1, "{brief:#?}");
    assert_eq!(brief.lines[0].section, Section::Reply);
}

#[test]
fn a_reversed_decision_names_both_sources() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let ids = fill(
        &mut store,
        &[
            Mail {
                id: "1",
                text: "We've decided: the text messages end in May.",
                ..Mail::default()
            },
            Mail {
                id: "2",
                reply: "1",
                day: 3,
                subject: "Re: The plan",
                text: "I was wrong.\n\nNew decision: the text messages stay.",
                ..Mail::default()
            },
        ],
    );
    judge(&mut store, "2026-03-09T12:00:00Z");
    let brief = made(&store, "2026-03-04T12:00:00Z", None);
    let line = brief.section(Section::Changed).next().unwrap();
    let sources: Vec<_> = line.sources.iter().map(|source| source.id).collect();
    assert_eq!(sources, [ids[1], ids[0]]);
}

#[test]
fn the_page_is_self_contained_and_escaped() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    fill(
        &mut store,
        &[Mail {
            from: "\"<script>alert(1)</script>\" <ben@example.com>",
            text: "Could you look at <img src=https://example.net/x> & \"this\"\u{202E}?",
            ..Mail::default()
        }],
    );
    judge(&mut store, "2026-03-09T12:00:00Z");
    let brief = made(&store, "2026-03-03T12:00:00Z", None);
    assert_eq!(brief.section(Section::Reply).count(), 1);
    let page = html(&brief, &Zone::utc());
    for absent in ["<script", "<img", "<link", "<iframe", "src=\"", "url(", "@import", "\u{202E}"] {
        assert!(!page.contains(absent), "{absent}");
    }
    assert!(page.contains("&lt;script&gt;") && page.contains("&amp;"));
    for word in ["due today", "due tomorrow", "due yesterday", ">today"] {
        assert!(!page.contains(word), "{word} is not true when the page is read later");
    }
    assert!(page.contains("<time>Tue 3 Mar 2026, 12:00</time>"), "{page}");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
}

#[test]
fn an_empty_store_makes_an_empty_brief() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let brief = made(&store, "2026-03-03T12:00:00Z", None);
    assert!(brief.lines.is_empty());
    assert_eq!(brief.counts().len(), 6);
    assert!(html(&brief, &Zone::utc()).contains("Nothing needs you."));
}
