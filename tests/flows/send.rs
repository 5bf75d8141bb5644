//! Letters leave once, whoever is killed and whatever the server does; what was sent lies among the sent
//! mail.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::sync::{check_equal, crlf, fill};
use crate::kit::dovecot::{Counting, Dovecot, PASSWORD};
use crate::kit::json::Post;
use crate::kit::smtp::{ENDS, End, Kill, STAGES, Smtp, Stage};
use crate::kit::{Answer, Home, mail, text, tools};

/// Runs of the crash matrix; `POSTROOM_KILLS` sets another number, `POSTROOM_SEED` where it begins.
const RUNS: usize = 48;

/// A home with one approved letter, which goes to `port`.
fn home_with_letter(port: u16) -> Home {
    let home = Home::with(&mail::some(2));
    let config = format!(
        "[me]\naddresses = [\"ada@example.org\"]\n[send]\nfrom = \"ada@example.org\"\n\
         smtp = {{ host = \"127.0.0.1\", port = {port}, tls = \"off\" }}\n"
    );
    fs::write(home.path().join("config.toml"), config).expect("written");
    approve(&home);
    home
}

fn approve(home: &Home) {
    home.run(["forward", "1", "--to", "grace@example.org", "--say", "See below."]).done();
    let shown = home.ask::<Post>(&["outbox", "show", "1"]).only();
    home.run(["outbox", "approve", "1", "--digest", &shown.digest]).done();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let there = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &there);
        } else {
            fs::copy(&path, &there).expect("copied");
        }
    }
}

fn number(name: &str, else_: usize) -> usize {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(else_)
}

#[test]
fn killed_in_any_state_a_letter_goes_out_once_or_is_said_to_be_in_doubt() {
    let server = Smtp::new();
    let letter = home_with_letter(server.port);
    let (runs, seed) = (number("POSTROOM_KILLS", RUNS), number("POSTROOM_SEED", 0));
    let (mut kills, mut sent, mut unknown, mut other) = (0, 0, 0, 0);
    for run in 0..runs {
        // Every stage with every end, before and after the answer; then again with other delays.
        let at = run + seed;
        let (stage, end) = (STAGES[at % 8], ENDS[at / 8 % 5]);
        let after =
            (at / 40 % 2 == 1).then(|| Duration::from_micros((at / 80 * 337 % 4_000) as u64));
        let after = if matches!(stage, Stage::Text) { None } else { after };
        let when = format!("run {at}: {end:?}, killed at {stage:?}, {after:?} after the answer");
        let home = Home::new();
        copy(letter.path(), home.path());
        server.set(end, Some(Kill { stage, after }));
        let mut child = home.command(["outbox", "send"]).spawn().expect("it starts");
        server.victim(child.id());
        child.wait().expect("it ends");
        kills += server.kills();
        // Two more runs of a server that does as it should.
        server.then(End::Takes);
        let said: Vec<String> = (0..2).map(|_| home.run(["outbox", "send"]).err).collect();
        let row = home.ask::<Post>(&["outbox", "show", "1"]).only();
        let copies = server.taken().len();
        assert!(copies <= 1, "{when}: {copies} copies went out");
        match row.state.as_str() {
            "sent" => {
                assert_eq!(copies, 1, "{when}: it counts as sent");
                sent += 1;
            }
            "unknown" => {
                assert!(said[1].contains("not known"), "{when}: {said:?}");
                unknown += 1;
            }
            "rejected" => {
                assert_eq!((copies, end), (0, End::Rejects), "{when}");
                other += 1;
            }
            "approved" => {
                assert_eq!((copies, end), (0, End::Later), "{when}");
                assert!(said[1].contains("later"), "{when}: {said:?}");
                other += 1;
            }
            state => panic!("{when}: {state}"),
        }
    }
    assert!(kills >= runs / 3, "only {kills} of {runs} were killed");
    eprintln!(
        "{runs} runs, {kills} killed: {sent} sent, {unknown} in doubt, {other} refused or put off; none twice"
    );
}

/// An account whose mail lies with Dovecot and leaves through `smtp`.
fn account(server: &Dovecot, smtp: &Smtp) -> Home {
    let home = Home::with(&mail::some(2));
    server.account(&home);
    let config = home.path().join("config.toml");
    let text = fs::read_to_string(&config).expect("it is there");
    let more =
        format!("{text}smtp = {{ host = \"127.0.0.1\", port = {}, tls = \"off\" }}\n", smtp.port);
    fs::write(&config, more).expect("written");
    approve(&home);
    home
}

fn sent_there(server: &Dovecot) -> usize {
    server.client().holds(&[("Sent", "Sent")]).len()
}

#[test]
fn what_an_account_sends_lies_among_its_sent_mail_once() {
    let Some(server) = Dovecot::start(Counting::Qresync) else { return };
    let smtp = Smtp::new();
    let home = account(&server, &smtp);
    server.client().run("CREATE Sent");
    let answer = home.run(["outbox", "send"]).done();
    assert!(!answer.err.contains(PASSWORD));
    assert_eq!((smtp.taken().len(), sent_there(&server)), (1, 1));
    home.run(["outbox", "send"]).done();
    assert_eq!((smtp.taken().len(), sent_there(&server)), (1, 1), "and not again");
    let there = server.client().holds(&[("Sent", "Sent")]);
    let (_, flags, raw) = there.first().expect("a letter");
    assert_eq!((flags.as_str(), raw), ("S", &smtp.taken()[0]), "read, byte by byte");
    home.run(["sync", "--words-only"]).done();
    assert_eq!(home.found("in:sent").len(), 1, "the next sync brings it");
}

#[test]
fn a_letter_lies_among_the_drafts_once_and_its_earlier_text_in_the_trash() {
    for counting in [Counting::Qresync, Counting::Plain] {
        let Some(server) = Dovecot::start(counting) else { return };
        let smtp = Smtp::new();
        let home = account(&server, &smtp);
        server.client().run("CREATE Trash");
        let there = || {
            let mut client = server.client();
            let of = |place: (String, String, Vec<u8>)| (place.1, place.2);
            let [drafts, trash] = ["Drafts", "Trash"]
                .map(|name| client.holds(&[(name, name)]).into_iter().map(of).collect::<Vec<_>>());
            (drafts, trash)
        };
        home.run(["outbox", "save", "1"]).done();
        home.run(["outbox", "save", "1"]).done();
        let (drafts, trash) = there();
        assert_eq!((drafts.len(), trash.len()), (1, 0));
        let (flags, first) = drafts.into_iter().next().expect("a draft");
        assert_eq!(flags, "DS");
        let text = String::from_utf8_lossy(&first).into_owned();
        assert!(text.contains("Subject: ") && text.contains("Message-ID: <draft."), "{text}");
        let bcc = b"To: bert@example.org\nBcc: eve@example.org\nSubject: cranes\n\n[\xe2\x80\xa6 when?]\n";
        home.run_with(bcc, ["outbox", "edit", "1", "--stdin"]).done();
        home.run(["outbox", "save", "1"]).done();
        let (drafts, trash) = there();
        let moves = counting == Counting::Qresync;
        assert_eq!((drafts.len(), trash.len()), if moves { (1, 1) } else { (2, 0) });
        assert!(drafts.iter().any(|(_, raw)| raw.starts_with(b"Bcc: eve@example.org\r\n")));
        assert!(moves || drafts.iter().any(|(_, raw)| *raw == first), "it is beside the other");
        assert!(smtp.taken().is_empty(), "nothing is sent");
        home.run(["outbox", "reject", "1"]).done();
        home.run(["outbox", "save", "1"]).refused(1, &["rejected"]);
    }
    let home = home_with_letter(1);
    home.run(["outbox", "save", "1"]).refused(1, &["no account"]);
}

#[test]
fn a_letter_in_doubt_that_lies_among_the_sent_mail_was_sent() {
    let Some(server) = Dovecot::start(Counting::Qresync) else { return };
    let smtp = Smtp::new();
    let home = account(&server, &smtp);
    server.client().run("CREATE Sent");
    smtp.set(End::TakesSilently, None);
    home.run(["outbox", "send"]).refused(1, &["letter 1"]);
    smtp.then(End::Takes);
    let again = home.run(["outbox", "send"]).done();
    assert!(again.err.contains("not known whether it arrived"), "{}", again.err);
    // The server keeps what it sends, after all.
    server.client().append("Sent", "\\Seen", &smtp.taken()[0]);
    let found = home.run(["outbox", "send"]).done();
    assert!(found.err.contains("lies among your sent mail"), "{}", found.err);
    let row = home.ask::<Post>(&["outbox", "show", "1"]).only();
    assert_eq!((row.state.as_str(), smtp.taken().len(), sent_there(&server)), ("sent", 1, 1));
}

#[test]
fn a_server_that_asks_for_later_is_left_alone_until_then() {
    let server = Smtp::new();
    let home = home_with_letter(server.port);
    server.set(End::Later, None);
    home.run(["outbox", "send"]).refused(1, &["451"]);
    server.then(End::Takes);
    let waits = home.run(["outbox", "send"]).done();
    assert!(waits.err.contains("asked to try later"), "{}", waits.err);
    assert!(server.taken().is_empty());
    home.run(["outbox", "send", "1"]).done();
    assert_eq!(server.taken().len(), 1, "asked for by its number it is tried at once");
}

#[test]
fn what_is_attached_goes_along_and_comes_out_again() {
    let server = Smtp::new();
    let home = Home::with(&mail::some(2));
    let config = format!(
        "[me]\naddresses = [\"ada@example.org\"]\n[send]\nfrom = \"ada@example.org\"\n\
         smtp = {{ host = \"127.0.0.1\", port = {}, tls = \"off\" }}\n",
        server.port
    );
    fs::write(home.path().join("config.toml"), config).expect("written");
    let bytes: Vec<u8> = (0..200_000_u32).map(|at| (at * 7 % 251) as u8).collect();
    let file = home.folder("Zahlen Q1.bin");
    fs::write(&file, &bytes).expect("written");
    let file = file.to_str().expect("a plain name");
    home.run(["forward", "1", "--to", "grace@example.org", "--attach", file]).done();
    let shown = home.ask::<Post>(&["outbox", "show", "1"]).only();
    assert_eq!(shown.attachments.len(), 1);
    home.run(["outbox", "approve", "1", "--digest", &shown.digest]).done();
    home.run(["outbox", "send"]).done();
    let there = home.folder("sent");
    fs::create_dir(&there).expect("a folder");
    fs::write(there.join("1.eml"), &server.taken()[0]).expect("written");
    home.run(["import", "--words-only", "--format", "eml", there.to_str().expect("plain")]).done();
    let id = home.found("subject:fwd")[0].to_string();
    let out = home.folder("out");
    home.run(["save", &id, "--to", out.to_str().expect("plain")]).done();
    home.run(["save", &id, "1", "--to", out.to_str().expect("plain")]).done();
    assert_eq!(fs::read(out.join("Zahlen_Q1.bin")).expect("saved"), bytes);
    assert_eq!(fs::read(out.join("Zahlen_Q1-1.bin")).expect("saved beside it"), bytes);
    home.run(["save", &id, "9", "--to", out.to_str().expect("plain")]).refused(1, &["part 9"]);
    home.run(["compose", "--to", "a@example.org", "--attach", "/nowhere"])
        .refused(1, &["/nowhere"]);
}

/// Each write fails, one time or from there on: an error, nothing doubled, nothing lost.
#[test]
fn on_a_disk_that_is_full_or_broken_a_letter_goes_out_once() {
    if !tools::have("strace") || !tools::works("strace", &["-f", "-o", "/dev/null", "true"]) {
        return;
    }
    let server = Smtp::new();
    let letter = home_with_letter(server.port);
    let wanted = number("POSTROOM_FAULTS", 24);
    let (mut failed, mut tried) = (0, 0);
    for call in ["pwrite64", "fdatasync,fsync", "write", "openat"] {
        let run = |inject: Option<&str>| {
            let home = Home::new();
            copy(letter.path(), home.path());
            server.set(End::Takes, None);
            let (log, trace) = (text(&home.folder("strace.log")), format!("trace={call}"));
            let mut wrapper = vec!["strace", "-f", "-qq", "-o", &log, "-e", &trace];
            if let Some(inject) = inject {
                wrapper.extend(["-e", inject]);
            }
            let answer = Answer::of(home.under(&wrapper, ["outbox", "send"]));
            let calls = fs::read_to_string(&log).expect("a log").lines().count();
            (home, answer, calls)
        };
        let (_, answer, calls) = run(None);
        answer.done();
        for step in 0..wanted / 4 {
            let at = 1 + step * calls / (wanted / 4);
            let error = if step % 2 == 0 { "ENOSPC" } else { "EIO" };
            let on = if step % 4 < 2 { "+" } else { "" };
            let (home, answer, _) =
                run(Some(&format!("inject={call}:error={error}:when={at}{on}")));
            let when = format!("{error} at {call} {at}{on} of {calls}");
            assert!(answer.status.is_some(), "{when}: no signal ends it: {answer:?}");
            assert!(!answer.err.contains("panicked"), "{when}: {}", answer.err);
            tried += 1;
            failed += usize::from(answer.status != Some(0));
            for _ in 0..2 {
                home.run(["outbox", "send"]);
            }
            let row = home.ask::<Post>(&["outbox", "show", "1"]).only();
            let copies = server.taken().len();
            match row.state.as_str() {
                "sent" => assert_eq!(copies, 1, "{when}"),
                "unknown" => assert!(copies <= 1, "{when}: {copies}"),
                state => panic!("{when}: {state}, {copies} copies"),
            }
            let checked = home.run(["doctor"]).out;
            assert!(checked.contains("store whole"), "{when}: {checked}");
        }
    }
    assert!(failed * 3 >= tried, "only {failed} of {tried} runs failed");
    eprintln!("{tried} faults, {failed} of them said; none twice, none lost");
}

#[test]
fn on_a_disk_that_is_full_or_broken_a_sync_says_so_and_goes_on_later() {
    if !tools::have("strace") || !tools::works("strace", &["-f", "-o", "/dev/null", "true"]) {
        return;
    }
    let Some(server) = Dovecot::start(Counting::Qresync) else { return };
    let mut client = server.client();
    fill(&mut client, &crlf(30));
    let wanted = number("POSTROOM_FAULTS", 24);
    let args = ["sync", "--words-only"];
    let (mut failed, mut tried) = (0, 0);
    for call in ["pwrite64", "fdatasync,fsync", "write", "openat"] {
        let run = |inject: Option<&str>| {
            let home = Home::new();
            server.account(&home);
            let (log, trace) = (text(&home.folder("strace.log")), format!("trace={call}"));
            let mut wrapper = vec!["strace", "-f", "-qq", "-o", &log, "-e", &trace];
            if let Some(inject) = inject {
                wrapper.extend(["-e", inject]);
            }
            let answer = Answer::of(home.under(&wrapper, args));
            let calls = fs::read_to_string(&log).expect("a log").lines().count();
            (home, answer, calls)
        };
        let (_, answer, calls) = run(None);
        answer.done();
        for step in 0..wanted / 4 {
            let at = 1 + step * calls / (wanted / 4);
            let error = if step % 2 == 0 { "ENOSPC" } else { "EIO" };
            let on = if step % 4 < 2 { "+" } else { "" };
            let (home, answer, _) =
                run(Some(&format!("inject={call}:error={error}:when={at}{on}")));
            let when = format!("{error} at {call} {at}{on} of {calls}");
            assert!(answer.status.is_some(), "{when}: no signal ends it: {answer:?}");
            assert!(!answer.err.contains("panicked"), "{when}: {}", answer.err);
            tried += 1;
            failed += usize::from(answer.status != Some(0));
            home.run(args).done();
            check_equal(&mut client, &home, &when);
        }
    }
    assert!(failed * 3 >= tried, "only {failed} of {tried} runs failed");
    eprintln!("{tried} faults, {failed} of them said; all equal after the next sync");
}
