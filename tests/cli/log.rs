//! `log` and `undo`.

use crate::kit::json::{Entry, assert_time};
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
