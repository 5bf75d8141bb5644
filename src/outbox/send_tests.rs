//! The outbox's promises while sending: once, and every ending told.

use std::sync::{Arc, Mutex};

use super::kit::{Act, Post, Script};
use super::tests::{Home, NOW, letter, text};
use super::*;
use crate::store::{Letter, LetterState, Store};

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
    assert_eq!(seen.mails, std::slice::from_ref(&row.bytes));
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
            Rejected,
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
        let lost_or_twice = if state == LetterState::Approved {
            assert_eq!(again.unwrap().outcome, Outcome::Sent, "{what}");
            post.seen().mails.len() != 1
        } else {
            assert!(again.is_err(), "{what}");
            post.seen().mails.len() != copies
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
    assert_eq!(delivery.outcome, Outcome::Rejected);
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
