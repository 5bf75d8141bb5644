//! What is learned of a person's writing.

use super::kit::{ME, Mailbox, find};
use super::*;
use crate::mail::Person;

fn person(name: &str, address: &str) -> Person {
    Person { name: name.to_owned(), address: address.to_owned() }
}

fn grace() -> Person {
    person("Grace Hopper", "grace@example.net")
}

/// Ada writes to Grace as `Hi Grace,` … `Best, Ada`; to others as `Dear …` … `Kind regards`.
fn mailbox() -> Mailbox {
    let mut mailbox = Mailbox::new();
    let me = format!("Ada Byron <{ME}>");
    for n in 0..5 {
        let asked = mailbox.add(
            "Grace Hopper <grace@example.net>",
            &me,
            &format!("Numbers of week {n}"),
            "",
            "Hi Ada,\n\ncould you send me the sales numbers of the week?\n\nThanks\nGrace\n",
        );
        mailbox.answer(
            asked,
            &format!("Hi Grace,\n\nhappy to help, they're in the shared folder. Total is {n}00.\n\nBest,\nAda\n\n\
             On Mon, 2 Feb 2026 at 10:00, Grace Hopper <grace@example.net> wrote:\n\
             > could you send me the sales numbers of the week?\n"),
        );
    }
    for n in 0..6 {
        mailbox.add(
            &me,
            &format!("Customer Number{n} <c{n}@other{n}.example>"),
            "Your order",
            "",
            "Dear Customer,\n\nI am happy to help with the order that you placed with us last month. \
             Please find the details below, and write to me again whenever anything is missing from it.\n\n\
             Kind regards,\nAda Byron\n\n-- \nAda Byron\nAnalytical Engines\n+44 20 5550 100\n",
        );
    }
    mailbox
}

#[test]
fn letters_to_go_by_are_the_closest_of_their_language() {
    let mut mailbox = mailbox();
    let me = format!("Ada Byron <{ME}>");
    let long = "the crane in the yard is broken again and nobody can lift the boilers before noon";
    let mut add = |subject: &str, text: &str| {
        let body = format!("Hello,\n\n{text}.\n\nBest,\nAda\n");
        mailbox.add(&me, "ben@example.net", subject, "", &body)
    };
    add("The yard", long);
    let newest = add("Yard, the", long);
    add("The crane", "the crane is broken");
    let german =
        "der Kran im Hof ist wieder kaputt und niemand kann die Kessel vor dem Mittag heben";
    add("Der Kran", german);
    let voice = Voice::learn(&mailbox.store, &[], mailbox.now(), Some(&grace())).unwrap();
    let found = voice.letters_like("Who lifts the boilers without the crane?", "en", 3);
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!((found[0].asked.as_str(), found[0].answered.as_str()), ("", &*format!("{long}.")));
    assert_eq!(found[0].id, newest, "of equals the newest");
    assert!(found[1].answered.contains("shared folder"), "then those to her: {found:?}");
    assert!(found[1..].iter().all(|letter| !letter.answered.contains("Kran")), "{found:?}");
    assert_eq!(voice.letters_like("", "fr", 3), []);
}

#[test]
fn a_correspondent_gets_what_they_are_used_to() {
    let mailbox = mailbox();
    let voice = Voice::learn(&mailbox.store, &[], mailbox.now(), Some(&grace())).unwrap();
    assert_eq!(voice.letters_count(), 11);
    let habits = voice.habits("en");
    assert_eq!((habits.basis, habits.letters_count), (Basis::Correspondent, 5));
    assert_eq!(habits.greet(&[grace()]), "Hi Grace,");
    assert_eq!(habits.sign_off, "Best,\nAda");
    assert!(habits.quotes_below);
    assert!(habits.lengths.median >= 9 && habits.lengths.median <= 12, "{:?}", habits.lengths);
}

#[test]
fn a_colleague_of_theirs_gets_the_like_and_a_stranger_the_usual() {
    let mailbox = mailbox();
    let alan = person("Alan Turing", "alan@example.net");
    let voice = Voice::learn(&mailbox.store, &[], mailbox.now(), Some(&alan)).unwrap();
    assert_eq!(voice.habits("en").basis, Basis::Domain);
    assert_eq!(voice.habits("en").greet(&[alan]), "Hi Alan,");
    let stranger = person("Jo Doe", "jo@elsewhere.example");
    let voice = Voice::learn(&mailbox.store, &[], mailbox.now(), Some(&stranger)).unwrap();
    let habits = voice.habits("en");
    assert_eq!(habits.basis, Basis::Anybody);
    assert_eq!(habits.sign_off, "Kind regards,\nAda Byron");
}

#[test]
fn formal_letters_score_higher() {
    let mailbox = mailbox();
    let to = |address: &str| {
        let them = person("", address);
        let voice = Voice::learn(&mailbox.store, &[], mailbox.now(), Some(&them)).unwrap();
        voice.habits("en").formality
    };
    assert!(to("nobody@nowhere.example") > to("grace@example.net") + 0.1);
}

#[test]
fn signature_and_phrases_are_theirs() {
    let mailbox = mailbox();
    let voice = Voice::learn(&mailbox.store, &[], mailbox.now(), None).unwrap();
    assert_eq!(voice.signature, "Ada Byron\nAnalytical Engines\n+44 20 5550 100");
    assert!(
        voice.phrases.iter().any(|phrase| phrase.contains("happy to help")),
        "{:?}",
        voice.phrases
    );
    assert!(
        !voice.phrases.iter().any(|phrase| phrase.contains("sales numbers")),
        "{:?}",
        voice.phrases
    );
}

#[test]
fn later_mail_and_empty_stores_teach_nothing() {
    let mailbox = mailbox();
    let early = crate::mail::UnixSeconds(super::kit::START);
    let voice = Voice::learn(&mailbox.store, &[], early, None).unwrap();
    assert_eq!((voice.letters_count(), voice.habits("").basis), (0, Basis::Nothing));
    let empty = Mailbox::new();
    let voice = Voice::learn(&empty.store, &[], empty.now(), Some(&grace())).unwrap();
    assert_eq!(voice.habits("de").greet(&[grace()]), "");
}

#[test]
fn german_letters_keep_their_own_habits() {
    let mut mailbox = mailbox();
    for n in 0..3 {
        mailbox.add(
            ME,
            "Grace Hopper <grace@example.net>",
            &format!("Bericht {n}"),
            "",
            "Hallo Grace,\n\nich habe dir den Bericht in den Ordner gelegt. Kannst du bitte noch die Zahlen prüfen?\n\nViele Grüße\nAda\n",
        );
    }
    let voice = Voice::learn(&mailbox.store, &[], mailbox.now(), Some(&grace())).unwrap();
    let german = voice.habits("de");
    assert_eq!(german.greet(&[grace()]), "Hallo Grace,");
    assert_eq!(german.sign_off, "Viele Grüße\nAda");
    assert_eq!(german.address, Some(Address::Familiar));
    assert_eq!(voice.habits("en").greet(&[grace()]), "Hi Grace,");
}

#[test]
fn the_closest_past_reply_is_found() {
    let mut mailbox = mailbox();
    let harbor = mailbox.add(
        "Bob <bob@example.com>",
        ME,
        "Harbor contract",
        "",
        "Can we sign the Harbor contract this week?\n",
    );
    let signed =
        mailbox.answer(harbor, "Yes, we can sign the Harbor contract, legal has agreed.\n");
    let new = mailbox.add(
        "Eve <eve@example.com>",
        ME,
        "Contract",
        "",
        "Is the Harbor contract signed?\n",
    );
    mailbox.answer(new, "It is signed, the Harbor contract.\n");
    let find = find(&mailbox.store);
    let examples = closest_replies(&mailbox.store, &find, None, new, mailbox.now(), 5).unwrap();
    assert_eq!(examples[0].id, signed);
    assert_eq!(examples[0].asked_id, Some(harbor));
    assert!(
        examples.iter().all(|example| example.asked_id != Some(new)),
        "its own answer is no example"
    );
    assert!(examples.windows(2).all(|pair| pair[0].score >= pair[1].score));
    let embed = |texts: &[&str]| {
        Some(
            texts
                .iter()
                .map(|t| if t.contains("sales") { vec![0.0, 1.0] } else { vec![1.0, 0.0] })
                .collect(),
        )
    };
    let by_meaning =
        closest_replies(&mailbox.store, &find, Some(&embed), new, mailbox.now(), 5).unwrap();
    assert_eq!(by_meaning[0].id, signed);
    assert!(by_meaning[0].score > examples[0].score);
}

#[test]
fn a_query_holds_plain_words_alone() {
    let words = query_words("RE: NOT (the) budget:2026 OR", "The budget \"from:me\" AND budget");
    assert_eq!(words[0], "budget");
    assert!(words.iter().all(|word| word.chars().all(char::is_alphanumeric)), "{words:?}");
}

#[test]
fn a_quote_stands_in_for_a_mail_that_is_gone() {
    let mut mailbox = Mailbox::new();
    let body = "Yes, we can sign it, legal has agreed.\n\nOn Mon, 2 Feb 2026 at 10:00, Bob <bob@example.com> wrote:\n> Can we sign the Harbor contract?\n";
    let reply = mailbox.add(
        ME,
        "bob@example.com",
        "Re: Papers",
        "In-Reply-To: <gone@example.com>\r\n",
        body,
    );
    let new = mailbox.add(
        "Eve <eve@example.com>",
        ME,
        "Contract",
        "",
        "Can you sign the Harbor contract?\n",
    );
    let find = find(&mailbox.store);
    let examples = closest_replies(&mailbox.store, &find, None, new, mailbox.now(), 5).unwrap();
    assert_eq!((examples[0].id, examples[0].asked_id), (reply, None));
    assert!(
        examples[0].asked.ends_with("Can we sign the Harbor contract?"),
        "{:?}",
        examples[0].asked
    );
}

#[test]
fn a_mail_is_no_example_for_itself_nor_what_came_after_it() {
    let mut mailbox = Mailbox::new();
    let bob = "Bob <bob@example.com>";
    let mine = mailbox.add(ME, bob, "Harbor contract", "", "Can we sign the Harbor contract?\n");
    let reply = format!("In-Reply-To: <{}@example.org>\r\n", mine.0);
    let asked = mailbox.add(bob, ME, "Re: Harbor contract", &reply, "Which Harbor contract?\n");
    let own = mailbox.answer(asked, "The Harbor contract that we sign in May.\n");
    let find = find(&mailbox.store);
    let examples = |id| {
        let found = closest_replies(&mailbox.store, &find, None, id, mailbox.now(), 5).unwrap();
        found.into_iter().map(|example| example.id).collect::<Vec<_>>()
    };
    assert!(examples(own).is_empty(), "{:?}", examples(own));
    assert!(examples(asked).is_empty(), "{:?}", examples(asked));
    assert!(examples(mine).is_empty(), "{:?}", examples(mine));
}

#[track_caller]
fn check_default(text: &str, expected: bool) {
    assert_eq!(says_default(text), expected, "{text}");
}

#[test]
fn what_happens_without_an_answer_is_said_in_many_ways() {
    check_default("Otherwise I go ahead with the old one.", true);
    check_default("If not, otherwise we’ll ask Carol.", true);
    check_default("Sonst nehme ich den alten.", true);
    check_default("Sinon, je prends l'ancien.", true);
    check_default("If I don't hear from you, I'll ask Carol.", true);
    check_default("Otherwise all is well here.", false);
    check_default("Unless otherwise agreed, it stays.", false);
}
