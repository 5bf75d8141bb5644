//! Mail in, found, read, out again, and taken back.

use std::collections::BTreeSet;

use crate::kit::json::{Entry, Hit, Import, Shown};
use crate::kit::mail::{self, Letter};
use crate::kit::{Home, text};

const MESSAGES: usize = 120;

#[test]
fn mail_goes_in_is_found_read_and_comes_out_again() {
    let home = Home::new();
    let maildir = home.folder("mail");
    mail::maildir(&maildir, "", &mail::some(MESSAGES));
    let import =
        home.ask::<Import>(&["import", "--words-only", "--me", "ada@example.org", &text(&maildir)]);
    assert_eq!(import.more["own_addresses"], serde_json::json!(["ada@example.org"]));
    let import = import.only();
    assert_eq!((import.seen, import.added), (MESSAGES as u64, MESSAGES as u64));

    let hits = home.ask::<Hit>(&["search", "--mode", "words", "number7word"]);
    assert_eq!(hits.items.len(), 1, "one message holds that word");
    let hit = hits.only();
    let shown = home.ask::<Shown>(&["show", &hit.id.to_string()]).only();
    assert_eq!(shown.message_id, hit.message_id);
    assert!(shown.text.contains("number7word"), "{}", shown.text);
    let by_rfc_id = home.ask::<Shown>(&["show", &format!("mid:<{}>", hit.message_id)]).only();
    assert_eq!(by_rfc_id.id, hit.id);

    // Raw is raw: byte for byte what lay in the file.
    let raw = home.run(["show", "--raw", &hit.id.to_string()]).done();
    assert_eq!(raw.bytes, mail::some(8)[7]);

    // Out as a Maildir, in again elsewhere: the same mail.
    let out = home.folder("out");
    home.run(["export", "--format", "maildir", &text(&out)]).done();
    let again = Home::new();
    again.run(["import", "--words-only", "--me", "ada@example.org", &text(&out)]).done();
    assert_eq!(without_places(&again.everything()), without_places(&home.everything()));

    // Out as an mbox, in again: the same texts.
    let out = home.folder("out-mbox");
    home.run(["export", "--format", "mbox", &text(&out)]).done();
    let again = Home::new();
    again.run(["import", "--words-only", &text(&out)]).done();
    assert_eq!(without_places(&again.everything()), without_places(&home.everything()));

    // Taken back: nothing is there, and the journal says so.
    home.run(["undo"]).done();
    assert_eq!(home.count(), 0);
    assert!(home.found("number7word").is_empty(), "the index still knows what was taken back");
    let log = home.ask::<Entry>(&["log"]);
    assert!(log.items.iter().any(|entry| entry.undone.is_some()), "{log:?}");

    // And in once more: ids are not used again.
    home.run(["import", "--words-only", &text(&maildir)]).done();
    assert_eq!(home.count(), MESSAGES as u64);
    assert!(home.found("number7word")[0] > hit.id, "an id was used again");
}

/// Messages by Message-ID, without ids, folders and threads, which depend on where they lay.
fn without_places(everything: &str) -> BTreeSet<String> {
    everything
        .lines()
        .map(|line| {
            let mut item: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
            let fields = item.as_object_mut().expect("an object a line");
            for field in ["id", "thread", "folders"] {
                fields.remove(field).expect("the field is there");
            }
            item.to_string()
        })
        .collect()
}

#[test]
fn what_is_known_is_skipped() {
    let home = Home::new();
    let maildir = home.folder("mail");
    mail::maildir(&maildir, "", &mail::some(60));
    home.run(["import", "--words-only", &text(&maildir)]).done();
    let before = home.everything();
    let again = home.ask::<Import>(&["import", "--words-only", &text(&maildir)]).only();
    assert_eq!((again.added, again.known, again.unreadable), (0, 60, 0));
    assert_eq!(home.everything(), before);
    assert_eq!(home.ask::<Entry>(&["log"]).items.len(), 1, "nothing changed, nothing to take back");
}

#[test]
fn the_same_mail_elsewhere_adds_places_and_no_messages() {
    let home = Home::with(&mail::some(30));
    let mbox = home.folder("old.mbox");
    mail::mbox(&mbox, &mail::some(40));
    let import = home.ask::<Import>(&["import", "--words-only", &text(&mbox)]).only();
    assert_eq!((import.seen, import.added, import.known), (40, 10, 30));
    assert_eq!(home.count(), 40);
    let folders: Vec<usize> = home
        .found("number3word")
        .iter()
        .map(|id| home.ask::<Shown>(&["show", &id.to_string()]).only().folders.len())
        .collect();
    assert_eq!(folders, [2], "one message, in two folders");
}

#[test]
fn undo_takes_back_one_source_and_leaves_the_other() {
    let home = Home::with(&mail::some(30));
    let more = home.folder("more");
    mail::folder(&more, &mail::some(40)[20..]);
    home.run(["import", "--words-only", &text(&more)]).done();
    assert_eq!(home.count(), 40);
    home.run(["undo"]).done();
    assert_eq!(home.count(), 30, "what the other source holds too stays");
    assert!(home.found("number35word").is_empty());
    assert_eq!(home.found("number25word").len(), 1);
    home.run(["undo", "99"]).refused(1, &["99"]);
}

#[test]
fn a_thread_is_read_in_order() {
    let first = Letter::new("Crane on Tuesday", "Can the crane come on Tuesday?\nnumberfirst");
    let second = Letter::answer(&first, "It can, at nine.\n\n> Can the crane come on Tuesday?");
    let home = Home::with(&[second.bytes(), first.bytes()]);
    let id = home.found("numberfirst")[0].to_string();
    let thread = home.ask::<Shown>(&["thread", &id]);
    let subjects: Vec<&str> = thread.items.iter().map(|item| item.subject.as_str()).collect();
    assert_eq!(subjects, ["Crane on Tuesday", "Re: Crane on Tuesday"]);
    assert_eq!(thread.items[1].text.trim(), "It can, at nine.");
    assert!(thread.items[1].quoted.contains("Can the crane come"), "{:?}", thread.items[1]);
}

#[test]
fn the_clock_can_be_set_back() {
    let old = Letter::new("Old", "numberold").date("Mon, 02 Feb 2026 10:00:00 +0000");
    let new = Letter::new("New", "numbernew").date("Mon, 23 Feb 2026 10:00:00 +0000");
    let home = Home::with(&[old.bytes(), new.bytes()]);
    let then = "2026-02-10T00:00:00Z";
    let early = |args: &[&str]| {
        let mut all: Vec<String> =
            vec!["--home".into(), text(home.path()), "--as-of".into(), then.into()];
        all.extend(args.iter().map(|arg| (*arg).to_owned()));
        let mut command = std::process::Command::new(crate::kit::program());
        command.env_clear().args(all);
        crate::kit::Answer::of(command)
    };
    assert_eq!(early(&["count", "*"]).done().out.trim(), "1");
    let id = home.found("numbernew")[0].to_string();
    early(&["show", &id]).refused(1, &[&id]);
    assert!(
        early(&["search", "--mode", "words", "--format", "ids", "numbernew"]).done().out.is_empty()
    );
}
