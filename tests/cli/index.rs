//! `index check`, `index embed`, `index rebuild`.

use crate::kit::json::Checked;
use crate::kit::{Home, mail};

#[test]
fn an_index_is_completed_and_made_anew() {
    let home = Home::with(&mail::some(6));
    let check = home.run(["--json", "index", "check"]);
    assert_eq!(check.status, Some(1), "without vectors it is not complete: {check:?}");
    let said = crate::kit::json::Envelope::<Checked>::read("index", &check.out);
    assert_eq!(said.coverage.map(|c| (c.done, c.total)), Some((0, 6)));
    assert!(!said.only().ok);
    let embedded = home.ask::<Checked>(&["index", "embed"]);
    assert_eq!(embedded.coverage.map(|c| (c.done, c.total)), Some((6, 6)));
    assert!(home.ask::<Checked>(&["index", "check"]).only().ok);
    let before = home.run(["search", "--format", "ids", "pallets"]).done().out;
    let rebuilt = home.ask::<Checked>(&["index", "rebuild"]);
    assert_eq!(rebuilt.coverage.map(|c| (c.done, c.total)), Some((6, 6)));
    assert_eq!(home.run(["search", "--format", "ids", "pallets"]).done().out, before);
}
