//! The ledger over stores of made-up mail.

use std::ops::ControlFlow;

use super::testing::{Mail, PlainReader, at, calendar, fill, store};
use super::{
    EntryKind, Item, ItemState, Ledger, Read, Wanted, entries_of, read_new, reading, version,
};
use crate::mail::UnixSeconds;
use crate::store::Store;

fn ledger(store: &Store, as_of: &str) -> Ledger {
    Ledger::load(store, &version(&PlainReader), at(as_of)).unwrap()
}

#[track_caller]
fn check(items: &[Item], expected: &[(&str, ItemState)]) {
    let found: Vec<(&str, ItemState)> =
        items.iter().map(|item| (item.text.as_str(), item.state)).collect();
    assert_eq!(found, expected);
}

#[test]
fn an_ask_is_owed_until_it_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    fill(
        &mut store,
        &[
            Mail {
                id: "1",
                text: "Hi Ada,\n\nCould you send me the list by Wednesday noon?\n\nBest,\nBen",
                ..Mail::default()
            },
            Mail {
                id: "2",
                reply: "1",
                day: 3,
                from: "ada@example.org",
                to: "ben@example.com",
                subject: "Re: The plan",
                text: "Here it is.",
                ..Mail::default()
            },
        ],
    );
    let ask = "Could you send me the list by Wednesday noon?";
    check(&ledger(&store, "2026-03-02T12:00:00Z").owed(), &[(ask, ItemState::Open)]);
    check(&ledger(&store, "2026-03-05T12:00:00Z").owed(), &[]);
    let item = &ledger(&store, "2026-03-02T12:00:00Z").owed()[0];
    assert_eq!(item.due, Some(at("2026-03-04T12:00:00Z")));
    assert_eq!(item.who.address, "ben@example.com");
    let json = serde_json::to_value(item).unwrap();
    assert_eq!(json["due"], "2026-03-04T12:00:00Z");
    assert_eq!(json["state"], "open");
    assert!(json["superseded_by"].is_null());
}

#[test]
fn asks_of_a_thread_collapse_into_the_latest() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    fill(
        &mut store,
        &[
            Mail { id: "1", text: "Could you send me the list?", ..Mail::default() },
            Mail {
                id: "2",
                reply: "1",
                day: 4,
                subject: "Re: The plan",
                text: "Please send me the list.",
                ..Mail::default()
            },
        ],
    );
    check(
        &ledger(&store, "2026-03-05T12:00:00Z").owed(),
        &[("Please send me the list.", ItemState::Open)],
    );
}

#[test]
fn an_ask_that_names_another_is_not_owed() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    fill(
        &mut store,
        &[Mail {
            to: "Ada Example <ada@example.org>, Cleo Muster <cleo@example.org>",
            text: "Hi all,\n\nCleo, could you book the room?\n",
            ..Mail::default()
        }],
    );
    check(&ledger(&store, "2026-03-05T12:00:00Z").owed(), &[]);
}

#[test]
fn bulk_and_automatic_mail_asks_nothing() {
    for headers in [
        "List-Unsubscribe: <https://example.com/u>\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Precedence: bulk\r\n",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut store = store(dir.path());
        let ids = fill(
            &mut store,
            &[Mail {
                headers,
                text: "Could you answer three questions by Friday?",
                ..Mail::default()
            }],
        );
        assert!(entries_of(&store, ids[0]).unwrap().is_empty(), "{headers}");
    }
}

#[test]
fn promises_are_open_kept_or_slipped() {
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
                day: 6,
                from: "ada@example.org",
                to: "ben@example.com",
                subject: "Re: The plan",
                text: "Lovely weather today.",
                ..Mail::default()
            },
            Mail {
                id: "3",
                reply: "1",
                day: 9,
                from: "ada@example.org",
                to: "ben@example.com",
                subject: "Re: The plan",
                text: "Here is the report.",
                ..Mail::default()
            },
        ],
    );
    let promise = "I'll send you the report by Thursday noon.";
    check(&ledger(&store, "2026-03-03T12:00:00Z").owed(), &[(promise, ItemState::Open)]);
    check(&ledger(&store, "2026-03-07T12:00:00Z").owed(), &[(promise, ItemState::Slipped)]);
    check(&ledger(&store, "2026-03-10T12:00:00Z").owed(), &[]);
    check(&ledger(&store, "2026-03-10T12:00:00Z").promises(), &[(promise, ItemState::Kept)]);
}

#[test]
fn a_renewed_promise_takes_the_place_of_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let ids = fill(
        &mut store,
        &[
            Mail {
                id: "1",
                text: "I'll send you the test protocol by Wednesday.",
                ..Mail::default()
            },
            Mail {
                id: "2",
                reply: "1",
                day: 5,
                subject: "Re: The plan",
                text: "Sorry. You'll get it by Friday evening.",
                ..Mail::default()
            },
        ],
    );
    let waiting = ledger(&store, "2026-03-09T12:00:00Z").waiting();
    check(&waiting, &[("You'll get it by Friday evening.", ItemState::Slipped)]);
    let promises = ledger(&store, "2026-03-09T12:00:00Z").promises();
    assert_eq!(promises[1].state, ItemState::Superseded);
    assert_eq!(promises[1].superseded_by, Some(ids[1]));
}

#[test]
fn own_asks_wait_for_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    fill(
        &mut store,
        &[
            Mail {
                id: "1",
                from: "ada@example.org",
                to: "ben@example.com",
                text: "When can I have the protocol?",
                ..Mail::default()
            },
            Mail {
                id: "2",
                reply: "1",
                day: 4,
                subject: "Re: The plan",
                text: "On Friday.",
                ..Mail::default()
            },
        ],
    );
    check(
        &ledger(&store, "2026-03-03T12:00:00Z").waiting(),
        &[("When can I have the protocol?", ItemState::Open)],
    );
    check(&ledger(&store, "2026-03-05T12:00:00Z").waiting(), &[]);
}

#[test]
fn a_decision_is_superseded_by_its_reversal() {
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
                day: 6,
                subject: "Re: The plan",
                text: "I was wrong.\n\nNew decision: they stay, for a fee.",
                ..Mail::default()
            },
        ],
    );
    let decisions = ledger(&store, "2026-03-09T12:00:00Z").decisions();
    let first = decisions.iter().find(|item| item.id == ids[0]).unwrap();
    assert_eq!((first.state, first.superseded_by), (ItemState::Superseded, Some(ids[1])));
    let before = ledger(&store, "2026-03-05T12:00:00Z").decisions();
    check(&before, &[("We've decided: the text messages end in May.", ItemState::Open)]);
}

#[test]
fn a_short_decision_says_what_it_decides() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    fill(
        &mut store,
        &[
            Mail { id: "1", text: "Shall we sign the rental for three years?", ..Mail::default() },
            Mail {
                id: "2",
                reply: "1",
                day: 3,
                from: "ada@example.org",
                to: "ben@example.com",
                subject: "Re: The plan",
                text: "Yes from me.",
                ..Mail::default()
            },
            Mail {
                id: "3",
                day: 4,
                from: "ada@example.org",
                to: "ben@example.com",
                subject: "The new sign",
                text: "Approved.",
                ..Mail::default()
            },
            Mail {
                id: "4",
                day: 5,
                subject: "The docks",
                text: "We've decided: the docks are painted green.\n\nAgreed.",
                ..Mail::default()
            },
        ],
    );
    check(
        &ledger(&store, "2026-03-06T12:00:00Z").decisions(),
        &[
            ("We've decided: the docks are painted green.", ItemState::Open),
            ("Approved — on: The new sign", ItemState::Open),
            ("Yes from me — to: “Shall we sign the rental for three years?”", ItemState::Open),
        ],
    );
}

#[test]
fn all_holds_what_is_settled_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    fill(
        &mut store,
        &[
            Mail { id: "1", text: "Could you send me the list?", ..Mail::default() },
            Mail {
                id: "2",
                reply: "1",
                day: 3,
                from: "ada@example.org",
                to: "ben@example.com",
                subject: "Re: The plan",
                text: "When can I have the protocol?",
                ..Mail::default()
            },
            Mail {
                id: "3",
                reply: "1",
                day: 4,
                subject: "Re: The plan",
                text: "On Friday.",
                ..Mail::default()
            },
        ],
    );
    let ledger = ledger(&store, "2026-03-05T12:00:00Z");
    check(&ledger.owed(), &[]);
    check(&ledger.all_owed(), &[("Could you send me the list?", ItemState::Kept)]);
    check(&ledger.waiting(), &[]);
    check(&ledger.all_awaited(), &[("When can I have the protocol?", ItemState::Kept)]);
}

#[test]
fn it_reaches_as_far_back_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    fill(&mut store, &[Mail { text: "Could you send me the list?", ..Mail::default() }]);
    let now = at("2028-03-05T12:00:00Z");
    let version = version(&PlainReader);
    assert!(Ledger::load(&store, &version, now).unwrap().all_owed().is_empty());
    let all = Ledger::load_since(&store, &version, now, UnixSeconds(0)).unwrap();
    assert_eq!(all.all_owed().len(), 1);
    assert!(all.owed().is_empty(), "nobody waits for it any more");
}

#[track_caller]
fn check_due(to: &str, text: &str, quote: &str, due: Option<&str>) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let ids = fill(&mut store, &[Mail { to, text, ..Mail::default() }]);
    let entries = entries_of(&store, ids[0]).unwrap();
    let ask = entries.iter().find(|entry| entry.kind == EntryKind::Ask).unwrap();
    assert_eq!((ask.quote.as_str(), ask.due), (quote, due.map(at)), "{entries:#?}");
}

#[test]
fn the_quote_of_an_ask_holds_its_time() {
    const ADA: &str = "Ada Example <ada@example.org>";
    let both = "Could you send me the list? The deadline is Wednesday noon.";
    check_due(ADA, both, both, Some("2026-03-04T12:00:00Z"));
    let ask = "Could you send me the list?";
    let free = format!("{ask} He is free to travel again by Wednesday.");
    check_due(ADA, &free, ask, None);
    let other = format!("{ask} The docks were painted on Wednesday.");
    check_due(ADA, &other, ask, None);
    let far = format!("The deadline is Wednesday noon. It rains. It snows. {ask}");
    check_due(ADA, &far, ask, None);
}

#[test]
fn a_time_told_to_a_crowd_is_no_limit_of_each() {
    let crowd: Vec<String> = (0..33).map(|n| format!("p{n}@example.org")).collect();
    let to = format!("ada@example.org, {}", crowd.join(", "));
    let text = "Please confirm by return that you come today.";
    check_due(&to, text, text, None);
    check_due("ada@example.org", text, text, Some("2026-03-02T17:30:00Z"));
}

#[track_caller]
fn check_gist(subject: &str, text: &str, expected: &str) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let ids = fill(&mut store, &[Mail { subject, text, ..Mail::default() }]);
    let reading = reading(&store, ids[0], &version(&PlainReader)).unwrap().unwrap();
    assert_eq!(reading.gist, expected);
}

#[test]
fn the_gist_says_what_is_asked() {
    check_gist(
        "Test site for Harbor",
        "I copied the dock plan with made-up drivers.\n\nIs it ok if I do that?",
        "Test site for Harbor: Is it ok if I do that?",
    );
    check_gist(
        "One page",
        "If they go, I want the board to hear it.\n\nCan support carry the night shift from May?",
        "Can support carry the night shift from May?",
    );
    check_gist("Re: The plan", "?", "The plan");
}

#[test]
fn a_question_mark_alone_asks_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let ids = fill(&mut store, &[Mail { text: "?", ..Mail::default() }]);
    assert!(entries_of(&store, ids[0]).unwrap().is_empty());
}

#[test]
fn quotes_stand_in_their_message_and_quoted_text_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let text = "Could you look at the\nsecond page, please?\n\nOn Mon, 2 Mar 2026 at 09:00, Ada wrote:\n> Can you send me the plan?\n";
    let ids = fill(&mut store, &[Mail { text, ..Mail::default() }]);
    let entries = entries_of(&store, ids[0]).unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.kind == EntryKind::Ask).count(), 1);
    for entry in &entries {
        assert!(text.contains(&entry.quote), "{entry:?}");
    }
    let reading = reading(&store, ids[0], &version(&PlainReader)).unwrap().unwrap();
    assert!(reading.gist.split_whitespace().count() <= 12);
}

#[test]
fn an_interrupted_reading_is_taken_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let texts: Vec<(String, String)> =
        (0..70).map(|n| (format!("m{n}"), format!("Could you send part {n}?"))).collect();
    let mails: Vec<Mail<'_>> =
        texts.iter().map(|(id, text)| Mail { id, text, subject: id, ..Mail::default() }).collect();
    fill(&mut store, &mails);
    struct Renamed;
    impl Read for Renamed {
        fn version(&self) -> String {
            "renamed".to_owned()
        }
        fn read(
            &self,
            messages: &[crate::engine::Reading<'_>],
        ) -> Result<Vec<crate::engine::Judgement>, crate::engine::Error> {
            PlainReader.read(messages)
        }
    }
    let all = Wanted::Between(UnixSeconds(0), at("2026-03-09T12:00:00Z"));
    let mut calls = 0;
    let mut once = |_, _| {
        calls += 1;
        if calls > 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let coverage = read_new(&mut store, &Renamed, &all, &calendar(), &mut once).unwrap();
    assert_eq!((coverage.done, coverage.total), (32, 70));
    let coverage =
        read_new(&mut store, &Renamed, &all, &calendar(), &mut |_, _| ControlFlow::Continue(()))
            .unwrap();
    assert_eq!((coverage.done, coverage.total), (70, 70));
}
