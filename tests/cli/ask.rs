//! `ask`.

use crate::kit::Home;
use crate::kit::json::{Answered, assert_time};
use crate::kit::mail::{self, Letter};

const ASKED_WRONGLY: i32 = 2;

fn home() -> Home {
    let mut letters = mail::some(20);
    let more = [
        Letter::new(
            "The crane",
            "Hello Ada,\n\nThe crane comes on Friday at noon. It needs two men.\n\nBert",
        ),
        Letter::new("Paint", "Hello Ada,\n\nThe gate will be painted green.\n\nBert"),
    ];
    letters.extend(more.iter().map(Letter::bytes));
    let home = Home::with(&letters);
    home.run(["index", "embed"]).done();
    home
}

#[test]
fn an_answer_keeps_to_the_contract() {
    let home = home();
    let said = home.ask::<Answered>(&["ask", "When does the crane come?"]);
    assert_eq!(said.kind, "ask");
    assert_eq!(said.coverage.as_ref().map(|c| (c.done, c.total)), Some((22, 22)));
    let answered = said.only();
    assert_eq!(answered.answer.as_deref(), Some("The crane comes on Friday at noon."));
    assert_eq!(answered.written_by, None);
    assert!(answered.sentences.is_empty());
    let first = &answered.passages[0];
    assert_eq!(
        (first.quote.as_str(), first.subject.as_str()),
        ("The crane comes on Friday at noon.", "The crane")
    );
    assert!(first.support > 0.0 && first.support <= 1.0);
    assert_time(&first.date);
    assert_eq!(home.found("crane noon")[0], first.id);
    let shown = home.run(["ask", "when", "does", "the", "crane", "come?"]).done().out;
    assert!(shown.contains("“The crane comes on Friday at noon.”"), "{shown}");
    assert!(shown.contains(&format!("[{}]", first.id)), "{shown}");
}

#[test]
fn what_is_not_in_the_mail_is_said_to_be_so() {
    let home = home();
    let question = "Who won the chess tournament in Reykjavik?";
    let answered = home.ask::<Answered>(&["ask", question]).only();
    assert_eq!(answered.answer, None);
    assert!(answered.passages.is_empty());
    assert_eq!(home.run(["ask", question]).done().out, "Not in your mail.\n");
    home.run(["ask", "?"]).refused(ASKED_WRONGLY, &["no word"]);
    home.run(["ask"]).refused(ASKED_WRONGLY, &[]);
}
