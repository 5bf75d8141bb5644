//! `log` and `undo`.

use crate::kit::json::{Entry, Post, assert_time};
use crate::kit::{Home, mail, text};

#[test]
fn every_change_is_in_the_log_and_can_be_taken_back() {
    let home = Home::with(&mail::some(3));
    let more = home.folder("more");
    mail::folder(&more, &mail::some(8)[3..]);
    home.run(["import", "--words-only", &text(&more)]).done();
    let log = home.ask::<Entry>(&["log"]).items;
    assert_eq!(log.len(), 2);
    assert!(log[0].n > log[1].n, "newest first");
    assert_eq!((log[0].ids.len(), log[1].ids.len()), (5, 3));
    assert!(log.iter().all(|entry| entry.undone.is_none() && !entry.what.is_empty()));
    assert_time(&log[0].time);
    assert_eq!(home.ask::<Entry>(&["log", "--limit", "1"]).items.len(), 1);

    let first = log[1].n.to_string();
    let undone = home.ask::<Entry>(&["undo", &first]).only();
    assert!(undone.undone.is_some());
    assert_eq!(home.count(), 5);
    home.run(["undo", &first]).refused(1, &[&first]);
    home.run(["undo"]).done();
    assert_eq!(home.count(), 0);
    home.run(["undo"]).refused(1, &[]);
}

#[test]
fn every_change_of_a_letter_can_be_taken_back_in_turn() {
    let home = Home::with(&mail::some(1));
    let said = home.run(["log"]).done();
    assert!(said.out.contains("imported") || !said.out.is_empty(), "{said:?}");
    home.run(["compose", "--to", "bert@example.org", "--subject", "Crane", "--say", "Nine."])
        .done();
    let digest = home.ask::<Post>(&["outbox", "show", "1"]).only().digest;
    home.run(["outbox", "approve", "1", "--digest", &digest]).done();
    home.run_with(b"Hi Bert,\n\nat ten.\n\nAda\n", ["outbox", "edit", "1", "--stdin"]).done();
    home.run(["outbox", "reject", "1"]).done();
    let state = || home.ask::<Post>(&["outbox"]).only().state;
    // Reject, edit, approve, compose, import: a letter is never approved again by an undo.
    for expected in ["draft", "draft", "draft", "rejected"] {
        home.run(["undo"]).done();
        assert_eq!(state(), expected);
    }
    home.run(["undo"]).done();
    home.run(["undo"]).refused(1, &["newest change", "none"]);
}

#[test]
fn an_empty_log_says_so() {
    let home = Home::with(&mail::some(1));
    home.run(["log"]).done();
    let answer = home.run(["log", "--limit", "0"]).done();
    assert!(!answer.err.is_empty(), "{answer:?}");
    let outbox = home.run(["outbox", "edit", "1"]);
    outbox.refused(1, &["letter 1"]);
    home.run(["compose", "--to", "bert@example.org", "--say", "Nine."]).done();
    home.run(["outbox", "edit", "1"]).refused(2, &["letter 1", "terminal"]);
    home.run(["outbox", "send"]).refused(3, &["1 letter waits"]);
}
