//! `draft`, `compose`, `check` and `outbox`: nothing leaves without a yes to these very bytes.

use crate::kit::json::{Drafted, LetterCheck, Post};
use crate::kit::mail::{Letter, maildir};
use crate::kit::{Home, text};

fn home() -> Home {
    let ask = Letter::new(
        "Crane on Tuesday",
        "Hi Ada,\n\ncan you confirm the crane for Tuesday? I need your answer by Monday noon.\n\nBert",
    );
    Home::with(&[ask.bytes()])
}

#[test]
fn a_letter_can_be_written_before_any_mail_is_here() {
    let home = Home::new();
    let say = ["compose", "--to", "ben@example.org", "--subject", "Ink", "--say", "Two drums."];
    home.run(say).refused(1, &["no mail here"]);
    std::fs::create_dir_all(home.path()).expect("a folder");
    let config = "[me]\naddresses = [\"ada@example.org\"]\n";
    std::fs::write(home.path().join("config.toml"), config).expect("it is written");
    let letter = home.ask::<Drafted>(&say).only();
    assert!(letter.body.contains("Two drums."), "{letter:?}");
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

#[test]
fn a_gap_with_a_note_in_it_holds_the_letter_back() {
    let ask = |n: i64| {
        let words = "Hi Ada,\n\ncan you confirm the crane for the quarry? The drivers wait at the gate.\n\nBert";
        Letter::new(&format!("Crane {n}"), words)
            .date(&format!("{:02} Feb 2026 10:00:00 +0000", 20 + n))
    };
    let sent =
        Letter::answer(&ask(1), "Hi Bert,\n\nI have confirmed the crane for the quarry.\n\nAda");
    let home = Home::with(&[ask(1).bytes(), sent.bytes(), ask(2).bytes()]);
    let id = home.found("subject:\"Crane 2\" -from:me")[0].to_string();
    let drafted = home.ask::<Drafted>(&["draft", &id]).only();
    let note = format!("[… in #{} you wrote: “I have confirmed the crane", drafted.examples[0]);
    assert!(drafted.body.contains(&note), "{}", drafted.body);
    assert_eq!(drafted.written_by, "your past replies");
    let letter = drafted.letter.to_string();
    let digest = home.ask::<Post>(&["outbox", "show", &letter]).only().digest;
    home.run(["outbox", "approve", &letter, "--digest", &digest]).refused(3, &["[… in #"]);

    // The user's own words: said on the screen, and the same two values in JSON.
    let shown = home.run(["draft", &id, "--say", "Yes."]).done();
    assert!(shown.out.contains("written by you"), "{}", shown.out);
    // The user's own letter is asked after, not written again.
    let own = home.found("from:me")[0].to_string();
    home.run(["draft", &own]).refused(3, &["you wrote it"]);
}

#[test]
fn names_come_from_whom_they_belong_to() {
    let home = Home::new();
    let mail = home.folder("mail");
    let forged = "X".repeat(70);
    let letters = [
        Letter::new("Ink", "Is it in?").from("Priya Rao <priya@example.net>").bytes(),
        Letter::new("Hello", "It is me.").from("The Boss <ada@example.org>").bytes(),
        Letter::new("Hello again", "Me.").from(&format!("{forged} <ada@example.org>")).bytes(),
    ];
    let own = Letter::new("Yard", "It is open.")
        .from("Ada Merz <ada@example.org>")
        .to("priya@example.net")
        .date("Fri, 20 Feb 2026 10:00:00 +0000");
    maildir(&mail, "", &letters);
    maildir(&mail, "Sent", &[own.bytes()]);
    home.run(["import", "--words-only", "--me", "ada@example.org", &text(&mail)]).done();
    let composed = home
        .ask::<Drafted>(&[
            "compose",
            "--to",
            "priya@example.net",
            "--subject",
            "Ink",
            "--say",
            "It is in.",
        ])
        .only();
    assert_eq!(composed.to[0].name, "Priya Rao");
    assert!(composed.body.starts_with("Hi Priya,"), "{}", composed.body);
    let shown = home.run(["outbox", "show", &composed.letter.to_string()]).done();
    assert!(shown.out.contains("From: Ada Merz <ada@example.org>"), "{}", shown.out);
}
