//! `draft`, `compose`, `check` and `outbox`: nothing leaves without a yes to these very bytes.

use crate::kit::Home;
use crate::kit::json::{Drafted, LetterCheck, Post};
use crate::kit::mail::Letter;

fn home() -> Home {
    let ask = Letter::new(
        "Crane on Tuesday",
        "Hi Ada,\n\ncan you confirm the crane for Tuesday? I need your answer by Monday noon.\n\nBert",
    );
    Home::with(&[ask.bytes()])
}

#[test]
fn a_letter_goes_from_draft_to_approved_and_no_further() {
    let home = home();
    let id = home.found("crane")[0].to_string();
    let drafted = home.ask::<Drafted>(&["draft", &id, "--say", "Yes, Tuesday at nine."]).only();
    assert_eq!(drafted.subject, "Re: Crane on Tuesday");
    assert_eq!(
        drafted.to.iter().map(|p| p.address.as_str()).collect::<Vec<_>>(),
        ["bert@example.org"]
    );
    assert!(drafted.body.contains("Tuesday at nine"), "{}", drafted.body);
    assert_eq!(drafted.in_reply_to, Some(id.parse().expect("a number")));
    for fact in &drafted.facts {
        assert!(["mail", "archive", "you", "none"].contains(&fact.source.as_str()), "{fact:?}");
        assert!(fact.start < fact.end && fact.end <= drafted.body.len(), "{fact:?}");
    }
    let letter = drafted.letter.to_string();

    let shown = home.ask::<Post>(&["outbox", "show", &letter]).only();
    assert_eq!((shown.state.as_str(), shown.digest.len()), ("draft", 64));
    // Another digest is not this letter.
    let wrong = "0".repeat(64);
    home.run(["outbox", "approve", &letter, "--digest", &wrong]).refused(3, &[&letter]);
    // No terminal, no digest: nobody can have seen it.
    let answer = home.run(["outbox", "approve", &letter]);
    assert!(matches!(answer.status, Some(2 | 3)), "{answer:?}");
    assert_eq!(home.ask::<Post>(&["outbox"]).only().state, "draft");

    // Changed after it was shown: the digest shown is no longer good.
    home.run_with(b"Hi Bert,\n\nyes, at ten.\n\nAda\n", ["outbox", "edit", &letter, "--stdin"])
        .done();
    home.run(["outbox", "approve", &letter, "--digest", &shown.digest]).refused(3, &[&letter]);
    let shown = home.ask::<Post>(&["outbox", "show", &letter]).only();
    assert!(shown.body.contains("at ten"), "{}", shown.body);
    home.run(["outbox", "approve", &letter, "--digest", &shown.digest]).done();
    let approved = home.ask::<Post>(&["outbox"]).only();
    assert_eq!((approved.state.as_str(), approved.approved.is_some()), ("approved", true));
    assert_eq!(approved.digest, shown.digest);

    // Approved, and nowhere to send it to: said, not tried.
    home.run(["outbox", "send"]).refused(1, &[]);
    assert_eq!(home.ask::<Post>(&["outbox"]).only().state, "approved");
    // Taken back: a draft again.
    home.run(["undo"]).done();
    assert_eq!(home.ask::<Post>(&["outbox"]).only().state, "draft");
    home.run(["outbox", "reject", &letter]).done();
    assert_eq!(home.ask::<Post>(&["outbox"]).only().state, "rejected");
    home.run(["outbox", "approve", &letter, "--digest", &shown.digest]).refused(3, &[&letter]);
}

#[test]
fn what_was_not_approved_is_not_sent() {
    let home = home();
    std::fs::write(
        home.path().join("config.toml"),
        "[send]\nfrom = \"Ada Merz <ada@example.org>\"\nsmtp = { host = \"127.0.0.1\", port = 9, tls = \"off\" }\n",
    )
    .expect("it is written");
    let composed = home
        .ask::<Drafted>(&[
            "compose",
            "--to",
            "bert@example.org",
            "--subject",
            "Crane",
            "--say",
            "At nine, then.",
        ])
        .only();
    let letter = composed.letter.to_string();
    assert_eq!(composed.in_reply_to, None);
    home.run(["outbox", "send", &letter]).refused(3, &[&letter]);
    assert_eq!(home.ask::<Post>(&["outbox"]).only().state, "draft");
    assert!(home.run(["privacy"]).done().out.contains("no connection was ever opened"));
}

#[test]
fn a_letter_is_checked_before_it_goes() {
    let home = home();
    let checks = |answer: crate::kit::Answer| {
        assert!(matches!(answer.status, Some(0 | 3)), "{answer:?}");
        let checks = crate::kit::json::Envelope::<LetterCheck>::read("check", &answer.out).items;
        let names: Vec<String> = checks.iter().map(|check| check.check.clone()).collect();
        for name in &names {
            let known = ["context", "ask", "deadline", "default", "skimmable", "answers"];
            assert!(known.contains(&name.as_str()), "{name}");
        }
        let all_ok = checks.iter().all(|check| check.ok);
        assert_eq!(answer.status, Some(if all_ok { 0 } else { 3 }), "{checks:?}");
        assert!(checks.iter().all(|check| check.ok || !check.hint.is_empty()), "{checks:?}");
        all_ok
    };
    assert!(
        !checks(home.run_with(b"Can we talk?\n", ["--json", "check", "-"])),
        "a letter that says nothing"
    );
    checks(home.run(["--json", "check", "1"]));
}
