//! `archive`, `flag`, `read`, `trash`, `move` of mail found by a query.

use crate::kit::Home;
use crate::kit::mail::Letter;

fn home() -> Home {
    let mails = [
        ("Crane", "The crane comes."),
        ("Lorry", "The lorry comes."),
        ("Both", "Crane and lorry come."),
    ];
    let mails: Vec<Vec<u8>> =
        mails.iter().map(|(subject, text)| Letter::new(subject, text).bytes()).collect();
    Home::with(&mails)
}

#[track_caller]
fn check(query: &[&str], changed: &str) {
    let home = home();
    let answer = home.run(["trash"].iter().chain(query)).done();
    assert!(answer.out.contains(changed), "{query:?}: {answer:?}");
}

#[test]
fn what_is_changed_by_words_holds_all_of_them() {
    check(&["+crane", "+lorry"], "1 message");
    check(&["crane"], "2 messages");
    check(&["crane OR lorry"], "3 messages");
    check(&["subject:crane"], "1 message");
    let home = home();
    for query in ["crane lorry", "subject:both crane lorry", "+crane lorry"] {
        let answer = home.run(["trash", query]);
        assert_eq!(answer.status, Some(2), "{query}: {answer:?}");
        assert!(
            answer.err.contains("not all required") && answer.err.contains("hint:"),
            "{answer:?}"
        );
    }
    assert!(home.run(["log"]).done().out.lines().all(|line| !line.contains("thrown")));
}
