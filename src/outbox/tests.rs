//! The outbox's promises: a letter is the mail it was written as, and only what was approved leaves.

use proptest::prelude::*;

use super::kit::{Post, Script};
use super::*;
use crate::mail::{Person, UnixSeconds};
use crate::store::{Letter, LetterId, LetterState, Store};

pub(super) const NOW: UnixSeconds = UnixSeconds(1_772_442_000);

pub(super) fn person(name: &str, address: &str) -> Person {
    Person { name: name.to_owned(), address: address.to_owned() }
}

pub(super) fn letter() -> Letter {
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

thread_local! {
    /// For letters that carry nothing.
    static EMPTY: Home = Home::new();
}

fn render(letter: &Letter, stamp: &Stamp) -> Result<Vec<u8>, Error> {
    EMPTY.with(|home| super::render(&home.store, letter, stamp))
}

fn stamp() -> Stamp {
    Stamp { message_id: "m1@example.org".to_owned(), date: NOW }
}

pub(super) struct Home {
    pub(super) dir: tempfile::TempDir,
    pub(super) store: Store,
}

impl Home {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        Self { dir, store }
    }

    pub(super) fn add(&mut self, letter: &Letter) -> LetterId {
        self.store.add_letter(&letter.to_json(), None, NOW).unwrap()
    }

    pub(super) fn add_approved(&mut self, letter: &Letter) -> LetterId {
        let id = self.add(letter);
        let shown = show(&self.store, id).unwrap();
        approve(&mut self.store, id, &shown.digest, NOW).unwrap();
        id
    }

    pub(super) fn state(&self, id: LetterId) -> LetterState {
        self.store.letter(id).unwrap().state
    }

    pub(super) fn send(&mut self, id: LetterId, server: &Server) -> Result<Delivery, Error> {
        let letter = approved(&self.store, id)?;
        deliver(&mut self.store, letter, server, NOW)
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
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
    check_address("ä@example.org", true);
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
    let noted = "[… in #12 you wrote: “It is in.”]".to_owned();
    let id = home.add(&Letter { body: noted.clone(), ..letter() });
    let shown = show(&home.store, id).unwrap();
    assert_eq!(shown.unfinished, [noted]);
    assert!(approve(&mut home.store, id, &shown.digest, NOW).is_err());
    home.add_approved(&Letter { body: "Yes.\n\n> by [...]?".to_owned(), ..letter() });
}

#[test]
fn stored_text_that_was_tampered_with_is_not_sent() {
    let mut home = Home::new();
    let id = home.add(&letter());
    let digest = show(&home.store, id).unwrap().digest;
    let bytes = render(&Letter { body: "Send money".to_owned(), ..letter() }, &stamp()).unwrap();
    let data = home.store.letter(id).unwrap().data;
    home.store.approve_letter(id, &data, &digest, &bytes, NOW).unwrap();
    assert!(matches!(approved(&home.store, id), Err(Error::Tampered { .. })));
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

/// Adds a mail to the store and gives back its id.
fn receive(home: &mut Home, raw: &str) -> crate::mail::MessageId {
    use crate::store::{Incoming, Outcome};
    let incoming =
        Incoming::new("Inbox".into(), raw.len().to_string(), String::new(), raw.as_bytes());
    let mut acceptor = home.store.accept_from("test", NOW).unwrap();
    match acceptor.accept(&[incoming]).unwrap()[0] {
        Outcome::Added(id) => id,
        other => panic!("not added: {other:?}"),
    }
}

#[test]
fn what_to_look_at_is_said_before_the_yes() {
    use crate::store::Origin;
    let mut home = Home::new();
    home.store.add_own_addresses(&["ada@example.org".to_owned()], Origin::Told).unwrap();
    for n in 0..3 {
        let raw = format!(
            "From: ada@example.org\r\nTo: Grace <grace@harbor-foods.example>\r\nSubject: s{n}\r\nMessage-ID: <s{n}@x>\r\nDate: Mon, 2 Feb 2026 10:0{n}:00 +0000\r\n\r\nHi {n}{}\r\n",
            "x".repeat(n)
        );
        receive(&mut home, &raw);
    }
    let kinds = |home: &Home, id: LetterId| -> Vec<WarningKind> {
        show(&home.store, id).unwrap().warnings.into_iter().map(|warning| warning.kind).collect()
    };
    let known = Letter {
        to: vec![person("Grace Hopper", "grace@harbor-foods.example")],
        cc: vec![],
        bcc: vec![],
        ..letter()
    };
    let id = home.add(&known);
    assert_eq!(kinds(&home, id), []);
    let alike =
        Letter { to: vec![person("Grace Hopper", "grace@harb0r-foods.example")], ..known.clone() };
    let id = home.add(&alike);
    assert_eq!(kinds(&home, id), [WarningKind::LookAlike, WarningKind::NewContact]);
    let foreign =
        Letter { to: vec![person("Grace Hopper", "grace@bücher.example")], ..known.clone() };
    let id = home.add(&foreign);
    assert_eq!(kinds(&home, id), [WarningKind::ForeignLetters, WarningKind::NewContact]);
    assert_eq!(show(&home.store, id).unwrap().recipients[0].address, "grace@xn--bcher-kva.example");
    let body = "Hi Robert,\n\nplease find attached the plan.\n\nAda".to_owned();
    let id = home.add(&Letter { body, ..known.clone() });
    assert_eq!(kinds(&home, id), [WarningKind::GreetingName, WarningKind::NoAttachment]);
    let asked = receive(
        &mut home,
        "From: Grace <grace@harbor-foods.example>\r\nReply-To: pay@elsewhere.example\r\nTo: ada@example.org\r\nSubject: q\r\nMessage-ID: <q@x>\r\nDate: Tue, 3 Feb 2026 10:00:00 +0000\r\n\r\nPay?\r\n",
    );
    let answer = Letter { to: vec![person("Grace Pay", "pay@elsewhere.example")], ..known };
    let id = home.store.add_letter(&answer.to_json(), Some(asked), NOW).unwrap();
    assert_eq!(kinds(&home, id), [WarningKind::ReplyToElsewhere, WarningKind::NewContact]);
}

/// What strangers write into names, subjects and ids so that a mail says more than its writer did.
const PAYLOADS: [&str; 32] = [
    "a\r\nBcc: eve@example.net",
    "a\nBcc: eve@example.net",
    "a\rBcc: eve@example.net",
    "a\r\n\r\nSecond body",
    "a\n\nSecond body",
    "a\r\n.\r\nMAIL FROM:<eve@example.net>",
    "a\n.\nMAIL FROM:<eve@example.net>",
    "a\r.\rMAIL FROM:<eve@example.net>",
    "a\r\n.\n",
    "\r\n",
    "\u{0}",
    "a\u{0}b",
    "a>\r\nBcc: <eve@example.net",
    "a@b> <eve@example.net",
    "a,eve@example.net",
    "\"a\" <eve@example.net>, \"b\"",
    "a\u{2028}Bcc: eve@example.net",
    "a\u{2029}Bcc: eve@example.net",
    "a\u{85}Bcc: eve@example.net",
    "a\u{b}Bcc: eve@example.net",
    "a\u{c}Bcc: eve@example.net",
    "=?utf-8?q?a=0D=0ABcc:_eve@example.net?=",
    "=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLm5ldA==?=",
    "a%0d%0aBcc: eve@example.net",
    "a\u{560d}\u{560a}Bcc: eve@example.net",
    "a\u{1b}[31m",
    "a\u{202e}b",
    "a\u{e0042}b",
    "(comment) a; b: c;",
    "a\\\r\nBcc: eve@example.net",
    " \t\r\n folded",
    "--=boundary\r\nContent-Type: text/html\r\n\r\n<b>",
];

#[test]
fn of_256_payloads_none_adds_a_header_a_recipient_or_a_line_end() {
    let mut home = Home::new();
    let file = home.store.add_letter_file("plain.txt", "text/plain", b"one\n.\ntwo").unwrap();
    let plain = Letter { attachments: vec![file.clone()], ..letter() };
    let expected = header_names(&super::render(&home.store, &plain, &stamp()).unwrap());
    let recipients: Vec<String> =
        envelope(&plain).unwrap().recipients().map(str::to_owned).collect();
    let mut tried = 0;
    for payload in PAYLOADS {
        let text = payload.to_owned();
        let fields: [Letter; 8] = [
            Letter { from: person(payload, "ada@example.org"), ..plain.clone() },
            Letter { to: vec![person(payload, "grace@example.org")], ..plain.clone() },
            Letter { subject: text.clone(), ..plain.clone() },
            Letter { in_reply_to: text.clone(), ..plain.clone() },
            Letter { references: vec![text.clone(), "ok@example.org".into()], ..plain.clone() },
            Letter {
                attachments: vec![crate::store::LetterFile { name: text.clone(), ..file.clone() }],
                ..plain.clone()
            },
            Letter {
                attachments: vec![crate::store::LetterFile {
                    mime_type: text.clone(),
                    ..file.clone()
                }],
                ..plain.clone()
            },
            Letter { body: text.clone(), ..plain.clone() },
        ];
        for (at, evil) in fields.iter().enumerate() {
            tried += 1;
            let bytes = super::render(&home.store, evil, &stamp())
                .unwrap_or_else(|error| panic!("{payload:?} in field {at}: {error}"));
            let mut names = header_names(&bytes);
            // An id that cannot be one is left out, never altered.
            let mut allowed = expected.clone();
            if at == 3 && !names.contains(&"in-reply-to".to_owned()) {
                allowed.retain(|name| name != "in-reply-to");
            }
            names.sort();
            allowed.sort();
            assert_eq!(names, allowed, "{payload:?} in field {at}");
            let read = crate::mail::parse(&bytes);
            assert_eq!(read.to.len() + read.cc.len() + read.bcc.len(), 2, "{payload:?} in {at}");
            assert_eq!(read.attachments.len(), 1, "{payload:?} in field {at}");
            let to: Vec<String> = envelope(evil).unwrap().recipients().map(str::to_owned).collect();
            assert_eq!(to, recipients, "{payload:?} in field {at}");
            for (place, &byte) in bytes.iter().enumerate() {
                let whole = match byte {
                    b'\n' => place > 0 && bytes[place - 1] == b'\r',
                    b'\r' => bytes.get(place + 1) == Some(&b'\n'),
                    _ => true,
                };
                assert!(whole, "{payload:?} in field {at}: a lone line end at {place}");
            }
        }
    }
    assert_eq!(tried, 256);
}

#[test]
fn the_same_letter_with_a_file_has_the_same_digest_and_another_file_another() {
    let mut home = Home::new();
    let one = home.store.add_letter_file("a.pdf", "application/pdf", b"one").unwrap();
    let two = home.store.add_letter_file("a.pdf", "application/pdf", b"two").unwrap();
    let with = |file| Letter { attachments: vec![file], ..letter() };
    let of = |letter: &Letter| current_digest(&home.store, letter).unwrap();
    assert_eq!(of(&with(one.clone())), of(&with(one.clone())));
    assert_ne!(of(&with(one.clone())), of(&with(two)));
    assert_ne!(of(&with(one)), of(&letter()));
    let lost = crate::store::LetterFile { digest: "0".repeat(64), ..Default::default() };
    assert!(current_digest(&home.store, &with(lost)).is_err());
}

#[test]
fn addresses_outside_ascii_go_only_where_they_are_taken() {
    let far = || Letter { to: vec![person("", "grüße@example.org")], ..letter() };
    let mut home = Home::new();
    let id = home.add_approved(&far());
    let post = Post::new(Script::default());
    let delivery = home.send(id, &post.server()).unwrap();
    assert_eq!(delivery.outcome, Outcome::Deferred);
    assert!(delivery.server_reply.contains("SMTPUTF8"), "{}", delivery.server_reply);
    let able = super::kit::Act::Say("250-here\r\n250-SMTPUTF8\r\n250 8BITMIME");
    let post = Post::new(Script { hello: able, ..Script::default() });
    assert_eq!(home.send(id, &post.server()).unwrap().outcome, Outcome::Sent);
    let mail = &post.seen().commands;
    assert!(mail.iter().any(|c| c.contains("BODY=8BITMIME SMTPUTF8")), "{mail:?}");
    assert!(mail.iter().any(|c| c == "RCPT TO:<grüße@example.org>"), "{mail:?}");
}

#[test]
fn a_letter_larger_than_the_server_takes_is_not_even_offered() {
    let mut home = Home::new();
    let bytes: Vec<u8> = (0..1_200_000_u32).map(|at| (at * 31 % 253) as u8).collect();
    let file = home.store.add_letter_file("a.bin", "application/octet-stream", &bytes).unwrap();
    let large = Letter { attachments: vec![file], ..letter() };
    let id = home.add_approved(&large);
    let small = super::kit::Act::Say("250-here\r\n250 SIZE 1000000");
    let post = Post::new(Script { hello: small, ..Script::default() });
    let delivery = home.send(id, &post.server()).unwrap();
    assert!(delivery.server_reply.contains("1000000 at most"), "{}", delivery.server_reply);
    assert_eq!((delivery.outcome, post.seen().mails.len()), (Outcome::Rejected, 0));
    let any = super::kit::Act::Say("250-here\r\n250 SIZE 0");
    let post = Post::new(Script { hello: any, ..Script::default() });
    let server = Server { timeout: std::time::Duration::from_secs(20), ..post.server() };
    let id = home.add_approved(&large);
    assert_eq!(home.send(id, &server).unwrap().outcome, Outcome::Sent);
    assert!(post.seen().commands.iter().any(|c| c.contains(" SIZE=16")), "its size is said");
}

#[test]
fn a_server_that_is_greeted_once_takes_a_large_letter_too() {
    let mut home = Home::new();
    let bytes = vec![7; 1_200_000];
    let file = home.store.add_letter_file("a.bin", "application/octet-stream", &bytes).unwrap();
    let id = home.add_approved(&Letter { attachments: vec![file], ..letter() });
    let post = Post::new(Script { greets_again: false, ..Script::default() });
    let server = Server { timeout: std::time::Duration::from_secs(20), ..post.server() };
    assert_eq!(home.send(id, &server).unwrap().outcome, Outcome::Sent);
}

#[test]
fn a_server_that_asks_for_later_is_asked_less_and_less_often() {
    let mut home = Home::new();
    let id = home.add_approved(&letter());
    let later = super::kit::Act::Say("451 later");
    let post = Post::new(Script { end: later, takes: false, ..Script::default() });
    let mut waits = Vec::new();
    for _ in 0..6 {
        let delivery = home.send(id, &post.server()).unwrap();
        assert_eq!(delivery.outcome, Outcome::Deferred);
        waits.push(delivery.later.expect("a time").0 - NOW.0);
    }
    assert_eq!(waits, [60, 240, 960, 3_840, 15_360, 21_600]);
}
