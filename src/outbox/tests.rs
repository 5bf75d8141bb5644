//! The outbox's promises: only what was approved leaves, and it leaves once.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::kit::{Act, Post, Script};
use super::*;
use crate::mail::{Person, UnixSeconds};
use crate::store::{Letter, LetterId, LetterState, Store};

const NOW: UnixSeconds = UnixSeconds(1_772_442_000);

fn person(name: &str, address: &str) -> Person {
    Person { name: name.to_owned(), address: address.to_owned() }
}

fn letter() -> Letter {
    Letter {
        from: person("Ada Byron", "ada@example.org"),
        to: vec![person("Grace Hopper", "grace@example.org")],
        cc: vec![person("", "team@example.org")],
        bcc: vec![person("", "blind@example.org")],
        subject: "Re: the harbor contract".to_owned(),
        body: "Hi Grace,\n\nyes, we sign on Thursday.\n\nBest,\nAda".to_owned(),
        in_reply_to: "first@example.org".to_owned(),
        references: vec!["zero@example.org".to_owned(), "first@example.org".to_owned()],
        ..Letter::default()
    }
}

fn stamp() -> Stamp {
    Stamp { message_id: "m1@example.org".to_owned(), date: NOW }
}

struct Home {
    dir: tempfile::TempDir,
    store: Store,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        Self { dir, store }
    }

    fn add(&mut self, letter: &Letter) -> LetterId {
        self.store.add_letter(&letter.to_json(), None, NOW).unwrap()
    }

    fn add_approved(&mut self, letter: &Letter) -> LetterId {
        let id = self.add(letter);
        let shown = show(&self.store, id).unwrap();
        approve(&mut self.store, id, &shown.digest, NOW).unwrap();
        id
    }

    fn state(&self, id: LetterId) -> LetterState {
        self.store.letter(id).unwrap().state
    }

    fn send(&mut self, id: LetterId, server: &Server) -> Result<Delivery, Error> {
        let letter = approved(&self.store, id)?;
        deliver(&mut self.store, letter, server, NOW)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_letter_becomes_a_plain_mail() {
    let bytes = text(&render(&letter(), &stamp()).unwrap());
    for line in [
        "From: \"Ada Byron\" <ada@example.org>\r\n",
        "To: \"Grace Hopper\" <grace@example.org>\r\n",
        "Cc: team@example.org\r\n",
        "Subject: Re: the harbor contract\r\n",
        "Message-ID: <m1@example.org>\r\n",
        "Date: Mon, 02 Mar 2026 09:00:00 +0000\r\n",
        "In-Reply-To: <first@example.org>\r\n",
        "References: <zero@example.org> <first@example.org>\r\n",
        "Content-Type: text/plain; charset=utf-8\r\n",
        "\r\n\r\nHi Grace,\r\n\r\nyes, we sign on Thursday.\r\n\r\nBest,\r\nAda\r\n",
    ] {
        assert!(bytes.contains(line), "{line:?} is not in\n{bytes}");
    }
    assert!(!bytes.to_lowercase().contains("bcc") && !bytes.contains("blind@"));
}

#[test]
fn letters_outside_ascii_travel_as_ascii() {
    let letter = Letter {
        from: person("Jürgen Müller", "j@bücher.example"),
        subject: "Grüße aus dem Süden – endlich".to_owned(),
        body: "Schöne Grüße,\n.\nJürgen\n\n".to_owned() + &"ü".repeat(3_000),
        ..letter()
    };
    let bytes = render(&letter, &stamp()).unwrap();
    assert!(bytes.is_ascii());
    assert!(text(&bytes).contains("<j@xn--bcher-kva.example>"));
    let read = crate::mail::parse(&bytes);
    assert_eq!(read.subject, letter.subject);
    assert_eq!(read.from[0].name, "Jürgen Müller");
    assert!(read.text.starts_with("Schöne Grüße,\n.\nJürgen"), "{:?}", &read.text[..40]);
    assert_eq!(read.text.matches('ü').count(), 3_000 + 2);
}

#[test]
fn many_references_keep_the_first_and_the_newest() {
    let ids: Vec<String> =
        (0..100).map(|n| format!("{n}.{}@example.org", "x".repeat(60))).collect();
    let letter = Letter { references: ids.clone(), ..letter() };
    let bytes = render(&letter, &stamp()).unwrap();
    let read = crate::mail::parse(&bytes);
    assert_eq!(read.references.len(), 20);
    assert_eq!(read.references.first(), ids.first());
    assert_eq!(read.references.last(), ids.last());
}

#[track_caller]
fn check_address(address: &str, fits: bool) {
    let letter = Letter { to: vec![person("", address)], ..letter() };
    assert_eq!(envelope(&letter).is_ok(), fits, "{address:?}");
}

#[test]
fn addresses_that_cannot_be_are_refused() {
    check_address("a@example.org", true);
    check_address("a.b+tag@mail.example.org", true);
    check_address("a@bücher.example", true);
    check_address("", false);
    check_address("a", false);
    check_address("a@", false);
    check_address("@example.org", false);
    check_address("a b@example.org", false);
    check_address("a@example.org>\r\nRCPT TO:<b@example.org", false);
    check_address("a@example.org\nBcc: b@example.org", false);
    check_address("ä@example.org", false);
    check_address("a@exam\u{202e}ple.org", false);
}

#[test]
fn a_letter_to_nobody_is_refused() {
    let letter = Letter { to: vec![], cc: vec![], bcc: vec![], ..letter() };
    assert!(matches!(render(&letter, &stamp()), Err(Error::NoRecipient)));
    let letter = Letter { bcc: vec![person("", "b@example.org")], ..letter };
    assert!(render(&letter, &stamp()).is_ok());
}

/// Header names of a mail, lower case, in order.
fn header_names(bytes: &[u8]) -> Vec<String> {
    let text = text(bytes);
    let (headers, _) = text.split_once("\r\n\r\n").unwrap();
    headers
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap_or_default().to_lowercase())
        .collect()
}

fn payload() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("\r\nBcc: evil@example.net".to_owned()),
        Just("\nBcc: evil@example.net\n\nbody".to_owned()),
        Just("\r\n\r\nfrom the body\r\n.\r\nMAIL FROM:<evil@example.net>".to_owned()),
        Just(">\r\nX-Evil: 1\r\nY: <".to_owned()),
        Just("\rX-Evil: 1".to_owned()),
        Just("\u{2028}X-Evil: 1".to_owned()),
        Just("\u{85}X-Evil: 1".to_owned()),
        Just("=?utf-8?q?=0D=0ABcc:_evil=40example.net?=".to_owned()),
        Just("\n.\n".to_owned()),
        Just("\u{0}\u{1b}[31m".to_owned()),
        Just("\", <evil@example.net>, \"".to_owned()),
        Just("x".repeat(1_500)),
        "\\PC{0,30}",
        any::<String>(),
    ];
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_field_can_add_a_header_or_a_recipient(
        name in payload(), subject in payload(), id in payload(), reference in payload(), body in payload(),
    ) {
        let plain = Letter { body: "x".to_owned(), ..letter() };
        let evil = Letter {
            from: person(&name, "ada@example.org"),
            to: vec![person(&name, "grace@example.org")],
            cc: vec![person(&name, "team@example.org")],
            subject,
            in_reply_to: id.clone(),
            references: vec![reference, id.clone(), "first@example.org".to_owned()],
            body,
            ..letter()
        };
        let bytes = render(&evil, &stamp()).unwrap();
        let mut expected = header_names(&render(&plain, &stamp()).unwrap());
        let found = header_names(&bytes);
        if !found.contains(&"in-reply-to".to_owned()) {
            expected.retain(|name| name != "in-reply-to");
        }
        prop_assert_eq!(found, expected);
        let read = crate::mail::parse(&bytes);
        let addresses: Vec<&str> = read.from.iter().chain(&read.to).chain(&read.cc).chain(&read.bcc)
            .map(|person| person.address.as_str()).collect();
        prop_assert_eq!(addresses, ["ada@example.org", "grace@example.org", "team@example.org"]);
        let envelope = envelope(&evil).unwrap();
        prop_assert_eq!(envelope.recipients().count(), 3);
        // A Message-ID that cannot be one is refused or its own.
        let stamped = render(&plain, &Stamp { message_id: id, date: NOW });
        if let Ok(stamped) = stamped {
            prop_assert_eq!(header_names(&stamped), header_names(&render(&plain, &stamp()).unwrap()));
        }
    }
}

#[test]
fn the_digest_covers_envelope_and_text_but_not_the_stamp() {
    let digest_of = |letter: &Letter, stamp: &Stamp| {
        digest(&envelope(letter).unwrap(), &render(letter, stamp).unwrap())
    };
    let base = digest_of(&letter(), &stamp());
    assert_eq!(base.len(), 64);
    let later = Stamp { message_id: "m2@example.org".to_owned(), date: UnixSeconds(NOW.0 + 60) };
    assert_eq!(digest_of(&letter(), &later), base);
    let changes: [fn(&mut Letter); 7] = [
        |letter| letter.body.push('!'),
        |letter| letter.subject.push('!'),
        |letter| letter.bcc.clear(),
        |letter| letter.to[0].address = "grace@example.net".to_owned(),
        |letter| letter.to[0].name.push('x'),
        |letter| letter.in_reply_to.clear(),
        |letter| letter.from.address = "b@example.org".to_owned(),
    ];
    for (at, change) in changes.iter().enumerate() {
        let mut changed = letter();
        change(&mut changed);
        assert_ne!(digest_of(&changed, &stamp()), base, "change {at}");
    }
}

#[test]
fn approval_is_bound_to_what_was_shown() {
    let mut home = Home::new();
    let id = home.add(&letter());
    let shown = show(&home.store, id).unwrap();
    let wrong = approve(&mut home.store, id, &"0".repeat(64), NOW);
    assert!(matches!(&wrong, Err(error @ Error::Changed { .. }) if error.is_held_back()));
    edit(&mut home.store, id, &Letter { subject: "another".to_owned(), ..letter() }, NOW).unwrap();
    assert!(matches!(approve(&mut home.store, id, &shown.digest, NOW), Err(Error::Changed { .. })));
    let shown = show(&home.store, id).unwrap();
    let approved_letter = approve(&mut home.store, id, &shown.digest, NOW).unwrap();
    assert_eq!(approved_letter.digest(), shown.digest);
    assert_eq!(home.store.letter(id).unwrap().digest, shown.digest);
    assert_eq!(show(&home.store, id).unwrap().digest, shown.digest);
    let again = approve(&mut home.store, id, &shown.digest, NOW);
    assert!(matches!(again, Err(Error::Store(crate::store::Error::LetterState { .. }))));
}

#[test]
fn an_edit_voids_the_approval() {
    let mut home = Home::new();
    let id = home.add_approved(&letter());
    let taken = approved(&home.store, id).unwrap();
    edit(&mut home.store, id, &Letter { body: "Something else".to_owned(), ..letter() }, NOW)
        .unwrap();
    assert_eq!(home.state(id), LetterState::Draft);
    assert!(matches!(approved(&home.store, id), Err(Error::NotApproved { .. })));
    let post = Post::new(Script::default());
    assert!(deliver(&mut home.store, taken, &post.server(), NOW).is_err());
    assert!(post.seen().commands.is_empty());
}

#[test]
fn an_approval_of_other_text_meanwhile_is_noticed() {
    let mut home = Home::new();
    let id = home.add_approved(&letter());
    let taken = approved(&home.store, id).unwrap();
    edit(&mut home.store, id, &Letter { body: "Something else".to_owned(), ..letter() }, NOW)
        .unwrap();
    let shown = show(&home.store, id).unwrap();
    approve(&mut home.store, id, &shown.digest, NOW).unwrap();
    let post = Post::new(Script::default());
    let delivery = deliver(&mut home.store, taken, &post.server(), NOW);
    assert!(matches!(delivery, Err(Error::Changed { .. })));
    assert_eq!(home.state(id), LetterState::Approved);
    assert!(post.seen().commands.is_empty());
}

#[test]
fn gaps_hold_a_letter_back_but_quoted_ones_do_not() {
    let mut home = Home::new();
    let id = home.add(&Letter { body: "Yes, by […].".to_owned(), ..letter() });
    let shown = show(&home.store, id).unwrap();
    assert_eq!(shown.unfinished, ["Yes, by […]."]);
    let held = approve(&mut home.store, id, &shown.digest, NOW);
    assert!(matches!(&held, Err(error @ Error::Unfinished { .. }) if error.is_held_back()));
    assert_eq!(home.state(id), LetterState::Draft);
    home.add_approved(&Letter { body: "Yes.\n\n> by [...]?".to_owned(), ..letter() });
}

#[test]
fn stored_text_that_was_tampered_with_is_not_sent() {
    let mut home = Home::new();
    let id = home.add(&letter());
    let digest = show(&home.store, id).unwrap().digest;
    let bytes = render(&Letter { body: "Send money".to_owned(), ..letter() }, &stamp()).unwrap();
    home.store.approve_letter(id, &digest, &bytes, NOW).unwrap();
    assert!(matches!(approved(&home.store, id), Err(Error::Tampered { .. })));
}

#[test]
fn a_letter_is_sent_as_approved_and_once() {
    let mut home = Home::new();
    let body = "Hi Grace,\n\n.\n..two dots\nline\n\nBest,\nAda".to_owned();
    let id = home.add_approved(&Letter { body, ..letter() });
    let post = Post::new(Script::default());
    let delivery = home.send(id, &post.server()).unwrap();
    assert_eq!(delivery.outcome, Outcome::Sent);
    assert_eq!(delivery.recipients.len(), 3);
    assert_eq!(delivery.server_reply, "250 taken as 1");
    let seen = post.seen();
    let row = home.store.letter(id).unwrap();
    assert_eq!(seen.mails, [row.bytes.clone()]);
    assert_eq!((row.state, row.sent), (LetterState::Sent, Some(NOW)));
    assert!(seen.commands.contains(&"RCPT TO:<blind@example.org>".to_owned()));
    assert_eq!(seen.commands[0], "EHLO [127.0.0.1]");
    assert!(message_id(&row).unwrap().ends_with("@example.org"));
    assert!(matches!(home.send(id, &post.server()), Err(Error::NotApproved { .. })));
    assert_eq!(post.seen().mails.len(), 1);
    let what: Vec<String> =
        home.store.journal(10).unwrap().into_iter().map(|entry| entry.what).collect();
    assert_eq!(what, ["letter 1 sent", "letter 1 approved"]);
}

#[test]
fn the_wire_has_no_lone_line_ends() {
    let mut home = Home::new();
    let body = "a\rb\r\nc\n.\nd\u{2028}e\r.\rf".to_owned();
    let id = home.add_approved(&Letter { body, ..letter() });
    let post = Post::new(Script::default());
    home.send(id, &post.server()).unwrap();
    let wire = post.seen().wire.remove(0);
    for (at, &byte) in wire.iter().enumerate() {
        match byte {
            b'\n' => assert_eq!(wire[at - 1], b'\r'),
            b'\r' => assert_eq!(wire[at + 1], b'\n'),
            _ => {}
        }
    }
    assert_eq!(text(&wire).matches("\r\n.\r\n").count(), 1);
}

/// What one server does, how the letter ends, and how many copies the server then has.
fn outcomes() -> Vec<(&'static str, Script, LetterState, usize)> {
    use LetterState::{Approved, Rejected, Sent, Unknown};
    let base = Script::default;
    let not = |script: Script| Script { takes: false, ..script };
    vec![
        ("takes it", base(), Sent, 1),
        (
            "greets in lines",
            Script { greeting: Act::Say("220-one\r\n220-two\r\n220 three"), ..base() },
            Sent,
            1,
        ),
        (
            "greets with no",
            not(Script { greeting: Act::Say("554 go away"), ..base() }),
            Approved,
            0,
        ),
        (
            "greets with garbage",
            not(Script { greeting: Act::Say("HTTP/1.1 400 Bad"), ..base() }),
            Approved,
            0,
        ),
        ("hangs up at once", not(Script { greeting: Act::Close, ..base() }), Approved, 0),
        ("stalls at once", not(Script { greeting: Act::Stall, ..base() }), Approved, 0),
        ("refuses EHLO", not(Script { hello: Act::Say("502 no"), ..base() }), Approved, 0),
        (
            "refuses the sender",
            not(Script { mail: Act::Say("550 no relay"), ..base() }),
            Approved,
            0,
        ),
        ("hangs up at MAIL", not(Script { mail: Act::Close, ..base() }), Approved, 0),
        (
            "refuses a recipient",
            not(Script {
                recipients: vec![Act::Say("250 ok"), Act::Say("550 who?"), Act::Say("250 ok")],
                ..base()
            }),
            Approved,
            0,
        ),
        (
            "defers a recipient",
            not(Script { recipients: vec![Act::Say("451 later")], ..base() }),
            Approved,
            0,
        ),
        ("hangs up at RCPT", not(Script { recipients: vec![Act::Close], ..base() }), Approved, 0),
        (
            "is out of step at RCPT",
            not(Script { recipients: vec![Act::Say("354 go on")], ..base() }),
            Approved,
            0,
        ),
        (
            "forwards a recipient",
            Script { recipients: vec![Act::Say("251 will forward")], ..base() },
            Sent,
            1,
        ),
        (
            "refuses DATA",
            not(Script { data: Act::Say("554 no valid recipients"), ..base() }),
            Approved,
            0,
        ),
        ("defers DATA", not(Script { data: Act::Say("451 later"), ..base() }), Approved, 0),
        ("is out of step at DATA", not(Script { data: Act::Say("250 ok"), ..base() }), Approved, 0),
        ("hangs up at DATA", not(Script { data: Act::Close, ..base() }), Unknown, 0),
        ("stalls at DATA", not(Script { data: Act::Stall, ..base() }), Unknown, 0),
        ("hangs up in the text", not(Script { cut: Some(100), ..base() }), Unknown, 0),
        ("hangs up after the dot, taken", Script { end: Act::Close, ..base() }, Unknown, 1),
        (
            "hangs up after the dot, not taken",
            not(Script { end: Act::Close, ..base() }),
            Unknown,
            0,
        ),
        ("stalls after the dot, taken", Script { end: Act::Stall, ..base() }, Unknown, 1),
        (
            "says garbage after the dot, taken",
            Script { end: Act::Say("\u{1b}[31mwhat"), ..base() },
            Unknown,
            1,
        ),
        (
            "says 354 after the dot, taken",
            Script { end: Act::Say("354 more"), ..base() },
            Unknown,
            1,
        ),
        ("defers the text", not(Script { end: Act::Say("451 greylisted"), ..base() }), Approved, 0),
        ("closes with 421", not(Script { end: Act::Say("421 closing"), ..base() }), Approved, 0),
        (
            "refuses the text",
            not(Script { end: Act::Say("554 5.7.1 spam"), ..base() }),
            Rejected,
            0,
        ),
        (
            "says yes in lines",
            Script { end: Act::Say("250-2.0.0 ok\r\n250 2.0.0 queued"), ..base() },
            Sent,
            1,
        ),
    ]
}

#[test]
fn every_ending_is_told_and_no_letter_goes_out_twice() {
    for (what, script, state, copies) in outcomes() {
        let mut home = Home::new();
        let id = home.add_approved(&letter());
        let post = Post::new(script);
        post.then(Script::default());
        let delivery = home.send(id, &post.server()).unwrap();
        let row = home.store.letter(id).unwrap();
        assert_eq!(row.state, state, "{what}: {delivery:?}");
        assert_eq!(row.server_reply, delivery.server_reply, "{what}");
        assert!(!row.server_reply.is_empty(), "{what}");
        assert!(!row.server_reply.contains(char::is_control), "{what}");
        assert_eq!(post.seen().mails.len(), copies, "{what}");
        // A start and a second round, as a person or a timer would do it.
        assert!(recover(&mut home.store, NOW).unwrap().is_empty(), "{what}");
        let again = home.send(id, &post.server());
        let lost_or_twice = match state {
            LetterState::Approved => {
                assert_eq!(again.unwrap().outcome, Outcome::Sent, "{what}");
                post.seen().mails.len() != 1
            }
            _ => {
                assert!(again.is_err(), "{what}");
                post.seen().mails.len() != copies
            }
        };
        assert!(!lost_or_twice, "{what}");
    }
}

#[test]
fn a_refused_recipient_is_named() {
    let mut home = Home::new();
    let id = home.add_approved(&letter());
    let recipients =
        vec![Act::Say("250 ok"), Act::Say("550 5.1.1 no such user"), Act::Say("250 ok")];
    let post = Post::new(Script { recipients, ..Script::default() });
    let delivery = home.send(id, &post.server()).unwrap();
    assert_eq!(delivery.outcome, Outcome::Deferred);
    let accepted: Vec<bool> = delivery.recipients.iter().map(|reply| reply.accepted).collect();
    assert_eq!(accepted, [true, false, true]);
    assert_eq!(
        delivery.server_reply,
        "recipient refused: team@example.org: 550 5.1.1 no such user"
    );
}

#[test]
fn the_state_is_on_disk_before_the_server_hears_of_it() {
    let mut home = Home::new();
    let id = home.add_approved(&letter());
    let states = Arc::new(Mutex::new(Vec::new()));
    let (there, dir) = (Arc::clone(&states), home.dir.path().to_owned());
    let watch = Arc::new(move |command: &str| {
        let state = Store::open(&dir).unwrap().letter(id).unwrap().state;
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_owned();
        there.lock().unwrap().push((verb, state.name()));
    });
    let post = Post::watched(Script::default(), watch);
    let server = Server { timeout: std::time::Duration::from_secs(5), ..post.server() };
    home.send(id, &server).unwrap();
    let states = states.lock().unwrap();
    let state_at = |verb: &str| states.iter().find(|(seen, _)| seen == verb).unwrap().1;
    assert_eq!(state_at("EHLO"), "sending");
    assert_eq!(state_at("RCPT"), "sending");
    assert_eq!(state_at("DATA"), "unknown");
    assert_eq!(state_at("."), "unknown");
    assert_eq!(state_at("QUIT"), "sent");
}

#[test]
fn a_crash_before_data_is_taken_back_and_one_after_it_is_not() {
    let mut home = Home::new();
    let (before, after) = (home.add_approved(&letter()), home.add_approved(&letter()));
    home.store.begin_sending(before).unwrap();
    home.store.begin_sending(after).unwrap();
    home.store.begin_data(after).unwrap();
    assert_eq!(recover(&mut home.store, NOW).unwrap(), [before]);
    assert_eq!(home.state(before), LetterState::Approved);
    assert_eq!(home.state(after), LetterState::Unknown);
    let post = Post::new(Script::default());
    assert!(matches!(home.send(after, &post.server()), Err(Error::NotApproved { .. })));
    assert_eq!(home.send(before, &post.server()).unwrap().outcome, Outcome::Sent);
    assert_eq!(post.seen().mails.len(), 1);
}

#[test]
fn a_person_settles_what_is_unknown() {
    let mut home = Home::new();
    for (arrival, state) in
        [(Arrival::Arrived, LetterState::Sent), (Arrival::Lost, LetterState::Approved)]
    {
        let id = home.add_approved(&letter());
        let fixed = message_id(&home.store.letter(id).unwrap());
        assert!(settle(&mut home.store, id, arrival, NOW).is_err());
        home.store.begin_sending(id).unwrap();
        home.store.begin_data(id).unwrap();
        settle(&mut home.store, id, arrival, NOW).unwrap();
        assert_eq!(home.state(id), state);
        assert_eq!(message_id(&home.store.letter(id).unwrap()), fixed);
    }
}

#[test]
fn two_processes_send_a_letter_once() {
    let mut home = Home::new();
    let id = home.add_approved(&letter());
    let post = Post::new(Script::default());
    let server = Server { timeout: std::time::Duration::from_secs(5), ..post.server() };
    let results: Vec<bool> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..6)
            .map(|_| {
                let (dir, server) = (home.dir.path(), &server);
                scope.spawn(move || {
                    let mut store = Store::open(dir).unwrap();
                    recover(&mut store, NOW).unwrap();
                    let sent = approved(&store, id)
                        .and_then(|letter| deliver(&mut store, letter, server, NOW));
                    sent.is_ok_and(|delivery| delivery.outcome == Outcome::Sent)
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(results.into_iter().filter(|sent| *sent).count(), 1);
    assert_eq!(post.seen().mails.len(), 1);
    assert_eq!(home.state(id), LetterState::Sent);
}

#[test]
fn while_one_process_sends_another_neither_sends_nor_recovers() {
    let mut home = Home::new();
    let id = home.add_approved(&letter());
    home.store.begin_sending(id).unwrap();
    let file = std::fs::File::create(home.dir.path().join("outbox.lock")).unwrap();
    file.lock().unwrap();
    assert!(recover(&mut home.store, NOW).unwrap().is_empty());
    assert_eq!(home.state(id), LetterState::Sending);
    drop(file);
    assert_eq!(recover(&mut home.store, NOW).unwrap(), [id]);
}

#[test]
fn nothing_is_said_in_the_clear_to_another_host() {
    let mut home = Home::new();
    let id = home.add_approved(&letter());
    let server = Server { tls: Tls::Off, ..Server::new("mail.example.org", 25) };
    assert!(matches!(home.send(id, &server), Err(Error::PlainText { .. })));
    assert_eq!(home.state(id), LetterState::Approved);
    for (host, loopback) in [
        ("localhost", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("[::1]", true),
        ("10.0.0.1", false),
        ("localhost.example.org", false),
    ] {
        assert_eq!(Server::new(host, 25).is_loopback(), loopback, "{host}");
    }
}

#[test]
fn a_server_without_tls_gets_neither_password_nor_letter() {
    for tls in [Tls::StartTls, Tls::Implicit] {
        let mut home = Home::new();
        let id = home.add_approved(&letter());
        let post = Post::new(Script::default());
        let server = Server {
            tls,
            user: Some("ada".to_owned()),
            password_command: vec!["echo".to_owned(), "secret".to_owned()],
            ..post.server()
        };
        let delivery = home.send(id, &server).unwrap();
        assert_eq!(delivery.outcome, Outcome::Deferred);
        let said = post.seen().commands.join("\n");
        assert!(!said.contains("AUTH") && !said.contains("MAIL"), "{tls:?}: {said}");
        assert_eq!(home.state(id), LetterState::Approved);
    }
}

#[test]
fn the_password_is_the_first_line_of_a_command() {
    let mut home = Home::new();
    let id = home.add_approved(&letter());
    let post = Post::new(Script::default());
    let command = |argv: &[&str]| Server {
        user: Some("ada".to_owned()),
        password_command: argv.iter().map(|&word| word.to_owned()).collect(),
        ..post.server()
    };
    for argv in [&[][..], &["false"], &["true"], &["/nowhere/to/be/found"]] {
        let refused = home.send(id, &command(argv));
        assert!(matches!(refused, Err(Error::Password { .. })), "{argv:?}");
        assert_eq!(home.state(id), LetterState::Approved);
    }
    let sent = home.send(id, &command(&["printf", "se cret\\nmore\\n"])).unwrap();
    assert_eq!(sent.outcome, Outcome::Sent);
    // base64 of NUL ada NUL "se cret"
    assert!(post.seen().commands.contains(&"AUTH PLAIN AGFkYQBzZSBjcmV0".to_owned()));
}

#[test]
fn a_refused_login_leaves_the_letter_approved() {
    let mut home = Home::new();
    let id = home.add_approved(&letter());
    let post =
        Post::new(Script { auth: Act::Say("535 5.7.8 bad credentials"), ..Script::default() });
    let server = Server {
        user: Some("ada".to_owned()),
        password_command: vec!["echo".to_owned(), "secret".to_owned()],
        ..post.server()
    };
    let delivery = home.send(id, &server).unwrap();
    assert_eq!(delivery.outcome, Outcome::Deferred);
    assert!(delivery.server_reply.contains("535 5.7.8 bad credentials"));
    assert!(!delivery.server_reply.contains("secret"));
    assert_eq!(home.state(id), LetterState::Approved);
}

#[test]
fn nobody_home_leaves_the_letter_approved() {
    let mut home = Home::new();
    let id = home.add_approved(&letter());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server { tls: Tls::Off, ..Server::new("127.0.0.1", port) };
    assert_eq!(home.send(id, &server).unwrap().outcome, Outcome::Deferred);
    assert_eq!(home.state(id), LetterState::Approved);
}

#[track_caller]
fn check_edited(text: &str, expected: Result<(&str, &str, &str), usize>) {
    let edited = from_text(text, &letter());
    match (edited, expected) {
        (Ok(letter), Ok((to, subject, body))) => {
            let people: Vec<String> =
                letter.to.iter().map(|p| format!("{}|{}", p.name, p.address)).collect();
            assert_eq!(
                (people.join(","), letter.subject, letter.body),
                (to.into(), subject.into(), body.into())
            );
        }
        (Err(Error::Text { line, .. }), Err(expected)) => assert_eq!(line, expected),
        (edited, expected) => panic!("{edited:?}, expected {expected:?}"),
    }
}

#[test]
fn an_edited_letter_is_read_back() {
    let subject = "Re: the harbor contract";
    let written = to_text(&letter());
    let again = from_text(&written, &letter()).unwrap();
    assert_eq!(Letter { written_by: String::new(), ..again }, letter());
    check_edited("Just a body", Ok(("Grace Hopper|grace@example.org", subject, "Just a body")));
    check_edited(
        "To: B <b@example.org>, c@example.org\n\nyes: no",
        Ok(("B|b@example.org,|c@example.org", subject, "yes: no")),
    );
    check_edited(
        "to: \"B, C\" <b@example.org>\r\nSubject: new\r\n\r\nyes",
        Ok(("B, C|b@example.org", "new", "yes")),
    );
    check_edited("To: \n\nyes", Ok(("", subject, "yes")));
    check_edited("Subject: x\nTo: nobody\n\nyes", Err(2));
    check_edited("Subject: x\nFrom: me\n\nyes", Err(2));
}
