//! `read -`.

use crate::kit::Home;
use crate::kit::json::{Envelope, Sentence, assert_probability};

#[test]
fn sentences_are_judged_one_by_one() {
    let home = Home::new();
    let text = b"Could you please send me the report by Friday?\nThe sky was blue.\n";
    let answer = home.run_with(text, ["--json", "read", "-", "--lines"]).done();
    let items = Envelope::<Sentence>::read("read", &answer.out).items;
    assert_eq!(items.len(), 2);
    for item in &items {
        for value in [item.ask, item.promise, item.deadline, item.decision] {
            assert_probability(value);
        }
    }
    assert!(items[0].ask > 0.5 && items[1].ask < 0.5, "{items:?}");
    assert!(items[0].ask > items[1].ask && items[0].deadline > items[1].deadline, "{items:?}");
    let plain = home.run_with(text, ["read", "-"]).done();
    assert_eq!(plain.out.lines().count(), 2, "{}", plain.out);
    assert!(plain.out.lines().all(|line| line.split('\t').count() == 5));
}

#[test]
fn nothing_to_read_is_success() {
    let home = Home::new();
    assert_eq!(home.run_with(b"", ["read", "-"]).done().out, "");
    assert_eq!(home.run_with(b"\xff\xfe\x00rubbish", ["read", "-"]).status, Some(0));
    // Without the - it marks mail, and there is none.
    home.run(["read", "subject:letter"]).refused(1, &["no mail"]);
}
