//! The brief over stores of made-up mail.

use std::cell::RefCell;
use std::ops::ControlFlow;

use super::{
    Brief, Matter, Model, Remembered, Section, SinceLast, Teller, TellerError, Told, brief, html,
    is_to_tell, recall, tell,
};
use crate::engine;
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

/// Says what it is told to, by subject, and writes down what it was shown.
struct Scripted {
    by_subject: &'static [(&'static str, Result<&'static str, &'static str>)],
    shown: RefCell<Vec<String>>,
}

impl Scripted {
    fn new(by_subject: &'static [(&'static str, Result<&'static str, &'static str>)]) -> Self {
        Self { by_subject, shown: RefCell::default() }
    }
}

impl Teller for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn tell(&self, matter: &Matter<'_>) -> Result<String, TellerError> {
        self.shown.borrow_mut().push(format!("{}: {}", matter.from, matter.text));
        let found = self.by_subject.iter().find(|(subject, _)| *subject == matter.subject);
        match found.map(|(_, said)| said) {
            Some(Ok(text)) => Ok((*text).to_owned()),
            Some(Err("late")) => Err(TellerError::Late),
            Some(Err(why)) => Err(TellerError::Other((*why).to_owned())),
            None => panic!("asked of {}", matter.subject),
        }
    }
}

/// An ask with a deadline, a promise of the user's, and a plain word.
fn three(dir: &std::path::Path) -> Store {
    let mut store = store(dir);
    fill(
        &mut store,
        &[
            ASK,
            Mail {
                id: "2",
                from: "ada@example.org",
                to: "Cleo Muster <cleo@example.com>",
                subject: "Report",
                text: "I'll send you the report by Thursday noon.",
                ..Mail::default()
            },
            Mail {
                id: "3",
                from: "Dora Drum <dora@example.com>",
                subject: "Docks",
                text: "Hi Ada,\n\nthe docks are painted green now.\n\n-- \nDora\n\n> old words",
                ..Mail::default()
            },
        ],
    );
    judge(&mut store, "2026-03-09T12:00:00Z");
    store
}

fn told(store: &Store, brief: &mut Brief, teller: &dyn Teller) -> Told {
    tell(store, brief, teller, "scripted 00", &mut || true).unwrap()
}

#[test]
fn a_line_is_told_in_a_sentence_and_the_rest_of_it_is_codes() {
    let dir = tempfile::tempdir().unwrap();
    let store = three(dir.path());
    let quoted = made(&store, "2026-03-02T18:00:00Z", None);
    let mut brief = quoted.clone();
    assert!(is_to_tell(&brief));
    let teller = Scripted::new(&[
        ("The list", Ok("Ben needs the list by Wednesday noon.")),
        ("Docks", Ok("The docks are green now.")),
    ]);
    let found = told(&store, &mut brief, &teller);
    assert_eq!((found.written, found.put_aside, found.left), (2, 0, 0), "{found:?}");
    check(&brief, Section::Reply, &["Ben Sample: Ben needs the list by Wednesday noon."]);
    check(&brief, Section::Fyi, &["Dora Drum: The docks are green now."]);
    for (line, before) in brief.lines.iter().zip(&quoted.lines) {
        assert_eq!(
            (&line.sources, line.due, line.thread),
            (&before.sources, before.due, before.thread)
        );
        let by = (line.section != Section::Promised).then_some("writer scripted");
        assert_eq!(line.written_by.as_deref(), by, "{line:?}");
    }
    let shown = teller.shown.borrow();
    assert!(shown[0].starts_with("Ben Sample: Hi Ada,"), "the most important first: {shown:?}");
    assert!(!shown[1].contains("old words"), "nothing but their own words: {shown:?}");
    assert!(html(&brief, &Zone::utc()).contains("<span class=\"by\">writer scripted</span>"));
    Remembered::save(&store, &brief).unwrap();
    let last = Remembered::load(&store).unwrap().unwrap();
    let later = made(&store, "2026-03-30T18:00:00Z", Some(&last));
    let settled = later.lines.iter().filter(|line| line.since_last == SinceLast::Settled);
    for line in settled {
        assert_eq!(line.written_by.is_some(), line.section == Section::Reply, "{line:?}");
    }
}

#[track_caller]
fn check_quoted(
    by_subject: &'static [(&'static str, Result<&'static str, &'static str>)],
    expected: Told,
) {
    let dir = tempfile::tempdir().unwrap();
    let store = three(dir.path());
    let quoted = made(&store, "2026-03-02T18:00:00Z", None);
    let mut brief = quoted.clone();
    let found = told(&store, &mut brief, &Scripted::new(by_subject));
    assert_eq!(found, expected);
    assert_eq!(brief, quoted, "what is put aside leaves no trace");
}

#[test]
fn a_sentence_that_does_not_stand_up_leaves_the_quote() {
    let why = |why: &str| Some(why.to_owned());
    check_quoted(
        &[
            ("The list", Ok("Ben needs 17 lists by Wednesday noon.")),
            ("Docks", Err("out of memory")),
        ],
        Told {
            put_aside: 2,
            why: why("it wrote what does not stand in the mail: 17"),
            ..Told::default()
        },
    );
    check_quoted(&[("The list", Err("late"))], Told { left: 2, ..Told::default() });
}

#[test]
fn nothing_is_asked_when_the_time_is_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = three(dir.path());
    let mut brief = made(&store, "2026-03-02T18:00:00Z", None);
    let teller = Scripted::new(&[("The list", Ok("Ben needs the list."))]);
    let mut asked = 0;
    let mut go_on = || {
        asked += 1;
        asked < 2
    };
    let found = tell(&store, &mut brief, &teller, "scripted 00", &mut go_on).unwrap();
    assert_eq!((found.written, found.left), (1, 1));
    assert_eq!(teller.shown.borrow().len(), 1);
}

#[test]
fn what_was_told_once_is_not_asked_again_but_of_another_model() {
    let dir = tempfile::tempdir().unwrap();
    let store = three(dir.path());
    let mut first = made(&store, "2026-03-02T18:00:00Z", None);
    let teller = Scripted::new(&[
        ("The list", Ok("Ben needs the list.")),
        ("Docks", Ok("The docks cost 5 EUR.")),
    ]);
    told(&store, &mut first, &teller);
    let mut again = made(&store, "2026-03-02T18:00:00Z", None);
    assert_eq!(recall(&store, &mut again, "scripted", "scripted 00").unwrap(), 1);
    assert!(!is_to_tell(&again), "neither what was told nor what was put aside");
    let texts = |brief: &Brief| -> Vec<(String, Option<String>)> {
        brief.lines.iter().map(|line| (line.text.clone(), line.written_by.clone())).collect()
    };
    assert_eq!(texts(&again), texts(&first));
    let mut other = made(&store, "2026-03-02T18:00:00Z", None);
    assert_eq!(recall(&store, &mut other, "scripted", "scripted 01").unwrap(), 0);
    assert!(is_to_tell(&other));
}

#[test]
fn a_model_without_sense_leaves_a_brief_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let store = three(dir.path());
    let quoted = made(&store, "2026-03-02T18:00:00Z", None);
    let mut brief = quoted.clone();
    let writer = engine::small_writer();
    let found = told(&store, &mut brief, &Model::new(&writer, "tiny", &|| 7, None));
    assert_eq!((found.written, found.put_aside, found.left), (0, 2, 0), "{found:?}");
    assert_eq!(brief, quoted);
}
