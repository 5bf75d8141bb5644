//! The ledger over stores of made-up mail.

use std::ops::ControlFlow;

use super::testing::{Mail, PlainReader, at, calendar, fill, store};
use super::{EntryKind, Item, ItemState, Ledger, Read, Wanted, entries_of, read_new, reading, version};
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
            Mail { id: "1", text: "Hi Ada,\n\nCould you send me the list by Wednesday noon?\n\nBest,\nBen", ..Mail::default() },
            Mail { id: "2", reply: "1", day: 3, from: "ada@example.org", to: "ben@example.com", subject: "Re: The plan", text: "Here it is.", ..Mail::default() },
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
            Mail { id: "2", reply: "1", day: 4, subject: "Re: The plan", text: "Please send me the list.", ..Mail::default() },
        ],
    );
    check(&ledger(&store, "2026-03-05T12:00:00Z").owed(), &[("Please send me the list.", ItemState::Open)]);
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
        let ids = fill(&mut store, &[Mail { headers, text: "Could you answer three questions by Friday?", ..Mail::default() }]);
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
            Mail { id: "1", from: "ada@example.org", to: "ben@example.com", text: "I'll send you the report by Thursday noon.", ..Mail::default() },
            Mail { id: "2", reply: "1", day: 6, from: "ada@example.org", to: "ben@example.com", subject: "Re: The plan", text: "Lovely weather today.", ..Mail::default() },
            Mail { id: "3", reply: "1", day: 9, from: "ada@example.org", to: "ben@example.com", subject: "Re: The plan", text: "Here is the report.", ..Mail::default() },
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
            Mail { id: "1", text: "I'll send you the test protocol by Wednesday.", ..Mail::default() },
            Mail { id: "2", reply: "1", day: 5, subject: "Re: The plan", text: "Sorry. You'll get it by Friday evening.", ..Mail::default() },
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
            Mail { id: "1", from: "ada@example.org", to: "ben@example.com", text: "When can I have the protocol?", ..Mail::default() },
            Mail { id: "2", reply: "1", day: 4, subject: "Re: The plan", text: "On Friday.", ..Mail::default() },
        ],
    );
    check(&ledger(&store, "2026-03-03T12:00:00Z").waiting(), &[("When can I have the protocol?", ItemState::Open)]);
    check(&ledger(&store, "2026-03-05T12:00:00Z").waiting(), &[]);
}

#[test]
fn a_decision_is_superseded_by_its_reversal() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let ids = fill(
        &mut store,
        &[
            Mail { id: "1", text: "We've decided: the text messages end in May.", ..Mail::default() },
            Mail { id: "2", reply: "1", day: 6, subject: "Re: The plan", text: "I was wrong.\n\nNew decision: they stay, for a fee.", ..Mail::default() },
        ],
    );
    let decisions = ledger(&store, "2026-03-09T12:00:00Z").decisions();
    let first = decisions.iter().find(|item| item.id == ids[0]).unwrap();
    assert_eq!((first.state, first.superseded_by), (ItemState::Superseded, Some(ids[1])));
    let before = ledger(&store, "2026-03-05T12:00:00Z").decisions();
    check(&before, &[("We've decided: the text messages end in May.", ItemState::Open)]);
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
    let mails: Vec<Mail<'_>> = texts
        .iter()
        .map(|(id, text)| Mail { id, text, subject: id, ..Mail::default() })
        .collect();
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
    let coverage = read_new(&mut store, &Renamed, &all, &calendar(), &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!((coverage.done, coverage.total), (70, 70));
}
