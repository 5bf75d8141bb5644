//! `search` and `count`.

use crate::kit::Home;
use crate::kit::json::{Hit, assert_time};
use crate::kit::mail::{self, Letter};

#[test]
fn hits_keep_to_the_contract() {
    let home = Home::with(&mail::some(40));
    let found = home.ask::<Hit>(&["search", "--mode", "words", "pallets"]);
    assert_eq!(found.kind, "search");
    assert_eq!(
        found.coverage.map(|c| (c.done, c.total)),
        Some((0, 40)),
        "no vectors yet, and it says so"
    );
    assert!(found.items.len() > 3);
    let mut last = f64::INFINITY;
    for hit in &found.items {
        assert!(hit.score <= last, "best first");
        last = hit.score;
        assert_eq!(hit.matched, ["words"]);
        assert!(hit.part.is_none() && hit.parts.is_none());
        assert!(hit.snippet.to_lowercase().contains("pallet"), "{hit:?}");
        assert_time(&hit.date);
    }
    let explained =
        home.ask::<Hit>(&["search", "--mode", "words", "--explain", "pallets from:bert"]);
    assert_eq!(explained.kind, "search");
    assert!(explained.items.iter().all(|hit| hit.parts.is_some()));
    assert!(explained.more["query"]["text"].as_str().is_some_and(|text| text.contains("from:")));
}

#[test]
fn an_empty_answer_is_success() {
    let home = Home::with(&mail::some(5));
    assert!(home.ask::<Hit>(&["search", "zeppelin"]).items.is_empty());
    assert_eq!(home.run(["count", "zeppelin"]).done().out, "0\n");
    assert_eq!(home.run(["search", "--format", "ids", "zeppelin"]).done().out, "");
}

#[test]
fn formats_are_for_scripts() {
    let home = Home::with(&mail::some(20));
    let ids = home.found("pallets");
    assert!(ids.len() > 1);
    let zero = home.run(["search", "--mode", "words", "--format", "ids", "-0", "pallets"]).done();
    let split: Vec<i64> =
        zero.out.split_terminator('\0').map(|id| id.parse().expect("an id")).collect();
    assert_eq!(split, ids);
    let lines = home.run(["search", "--mode", "words", "--format", "jsonl", "pallets"]).done();
    let hits: Vec<Hit> =
        lines.out.lines().map(|line| serde_json::from_str(line).expect("a hit a line")).collect();
    assert_eq!(hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), ids);
    let few = home
        .run(["search", "--mode", "words", "--limit", "2", "--format", "ids", "pallets"])
        .done();
    assert_eq!(few.out.lines().count(), 2);
}

#[test]
fn operators_narrow() {
    let old = Letter::new("Herring", "a note on fish").date("Mon, 05 Jan 2026 10:00:00 +0000");
    let new = Letter::new("Herring again", "more on fish").from("Carla Ohm <carla@example.org>");
    let mine = Letter::new("Herring mine", "my fish")
        .from("Ada Merz <ada@example.org>")
        .to("bert@example.org");
    let home = Home::with(&[old.bytes(), new.bytes(), mine.bytes()]);
    let count = |query: &str| home.found(query).len();
    assert_eq!(count("fish"), 3);
    assert_eq!(count("fish from:carla"), 1);
    assert_eq!(count("fish -from:carla"), 2);
    assert_eq!(count("from:me"), 1);
    assert_eq!(count("to:bert"), 1);
    assert_eq!(count("before:2026-02-01"), 1);
    assert_eq!(count("after:2026-02-01"), 2);
    assert_eq!(count("date:2026-01..2026-01"), 1);
    assert_eq!(count("\"more on fish\""), 1);
    assert_eq!(count("subject:again OR subject:mine"), 2);
    assert_eq!(count("NOT subject:again"), 2);
    assert_eq!(count("herr*"), 3);
    assert_eq!(count("*"), 3);
}

#[test]
fn meaning_finds_among_two_messages() {
    let home = Home::with(&[
        Letter::new("Lunch", "Shall we eat soup together in the canteen? I am hungry.").bytes(),
        Letter::new("Servers", "The database was moved to the new machine on Sunday.").bytes(),
    ]);
    home.run(["index", "embed"]).done();
    let found = home.ask::<Hit>(&["search", "--mode", "meaning", "a meal at the restaurant"]);
    let subjects: Vec<_> = found.items.iter().map(|hit| hit.subject.as_str()).collect();
    assert_eq!(subjects, ["Lunch"]);
}

#[test]
fn meaning_finds_what_words_do_not() {
    let home = Home::new();
    let folder = home.folder("mail");
    let mut messages = mail::some(20);
    messages.push(
        Letter::new("Lunch", "Shall we eat soup together in the canteen? I am hungry.").bytes(),
    );
    mail::folder(&folder, &messages);
    home.run(["import", "--me", "ada@example.org", &crate::kit::text(&folder)]).done();
    let found = home.ask::<Hit>(&["search", "--mode", "meaning", "a meal at the restaurant"]);
    assert_eq!(found.coverage.map(|c| (c.done, c.total)), Some((21, 21)));
    assert_eq!(found.items[0].subject, "Lunch", "{found:?}");
    assert_eq!(found.items[0].matched, ["meaning"]);
    let both = home.ask::<Hit>(&["search", "soup"]);
    assert_eq!(both.items[0].subject, "Lunch");
    assert!(both.items[0].matched.contains(&"words".to_owned()));
    home.run(["index", "check"]).done();
}
