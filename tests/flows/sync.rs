//! A mailbox on a real server, and what is here after syncing it: the same, whatever happened.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::kit::dovecot::{Client, Counting, Dovecot, PASSWORD, holds};
use crate::kit::json::{Checked, Connected, Entry, Sync};
use crate::kit::{Answer, Home, mail, text, tools};

pub(super) const FOLDERS: [(&str, &str); 4] = [
    ("INBOX", "INBOX"),
    ("Archive/2025", "Archive/2025"),
    ("Entw&APw-rfe", "Entwürfe"),
    ("Tom &- Jerry", "Tom & Jerry"),
];
/// Kills of a syncing process, spread over all its writes; `POSTROOM_KILLS` sets another number.
const KILLS: usize = 24;

/// The mail of [`mail::letters`] with the line ends of the wire.
pub(super) fn crlf(count: usize) -> Vec<Vec<u8>> {
    let lines = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text").replace('\n', "\r\n");
    mail::some(count).into_iter().map(|bytes| lines(bytes).into_bytes()).collect()
}

/// A mailbox of four folders; every third message is read, every tenth starred.
pub(super) fn fill(client: &mut Client, mails: &[Vec<u8>]) {
    for (name, _) in &FOLDERS[1..] {
        client.run(&format!("CREATE \"{name}\""));
    }
    for (at, raw) in mails.iter().enumerate() {
        let flags = match at {
            at if at % 10 == 0 => "\\Flagged",
            at if at % 3 == 0 => "\\Seen",
            _ => "",
        };
        client.append(FOLDERS[at % 7 % 4].0, flags, raw);
    }
}

#[track_caller]
pub(super) fn check_equal(client: &mut Client, home: &Home, when: &str) {
    let (there, here) = (client.holds(&FOLDERS), holds(home));
    let name = |(folder, flags, raw): &(String, String, Vec<u8>)| {
        let subject = String::from_utf8_lossy(raw);
        let subject = subject.lines().find(|line| line.starts_with("Subject")).unwrap_or_default();
        format!("{folder} {flags:?} {subject}")
    };
    let only = |a: &BTreeSet<_>, b: &BTreeSet<_>| a.difference(b).map(name).collect::<Vec<_>>();
    assert!(
        here == there,
        "{when}: only here {:#?}, only there {:#?}",
        only(&here, &there),
        only(&there, &here)
    );
}

#[track_caller]
pub(super) fn sync(home: &Home) -> Sync {
    home.ask::<Sync>(&["sync", "--words-only"]).only()
}

#[track_caller]
fn check_followed(counting: Counting) {
    let Some(server) = Dovecot::start(counting) else { return };
    let mut client = server.client();
    let mails = crlf(90);
    fill(&mut client, &mails[..70]);
    let home = Home::new();
    server.account(&home);
    let first = sync(&home);
    assert_eq!((first.seen, first.added, first.unreadable), (70, 70, 0), "{first:?}");
    assert_eq!((first.source.as_str(), first.problems.len()), ("work", 0), "{first:?}");
    check_equal(&mut client, &home, "the first time");
    let nothing = sync(&home);
    assert_eq!((nothing.seen, nothing.added, nothing.known, nothing.reflagged), (70, 0, 70, 0));
    // Mail comes, is read, goes, and moves.
    client.run("SELECT INBOX");
    client.run("UID STORE 2:5 +FLAGS (\\Seen \\Answered)");
    client.run("UID STORE 3 -FLAGS (\\Seen)");
    client.run("UID STORE 7:8 +FLAGS (\\Deleted)");
    client.run("EXPUNGE");
    client.run("UID MOVE 10:11 \"Archive/2025\"");
    for raw in &mails[70..] {
        client.append("INBOX", "\\Seen", raw);
    }
    let second = sync(&home);
    assert_eq!(
        (second.added, second.moved, second.removed),
        (20, 2, 0),
        "{counting:?}: {second:?}"
    );
    assert!(second.reflagged >= 3, "{counting:?}: {second:?}");
    let third = sync(&home);
    assert_eq!((third.added, third.removed, third.problems.len()), (0, 2, 0), "{third:?}");
    check_equal(&mut client, &home, "after changes");
    assert_eq!(home.count(), 88);
    assert_eq!(home.found("number89word").len(), 1, "what came is found");
}

#[test]
fn dovecot_with_qresync_is_followed() {
    check_followed(Counting::Qresync);
}

#[test]
fn dovecot_with_condstore_is_followed() {
    check_followed(Counting::Condstore);
}

#[test]
fn dovecot_without_counted_changes_is_followed() {
    check_followed(Counting::Nothing);
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// One other client, that appends, flags, moves and expunges as it likes. An operation on mail that
/// another one took away is a no, and no matter.
fn disturb(client: &mut Client, seed: u64, mails: &[Vec<u8>], until: Instant) -> usize {
    let mut dice = Dice(seed);
    let mut done = 0;
    let mut next = 0;
    while Instant::now() < until {
        let folder = FOLDERS[dice.roll(FOLDERS.len())].0;
        let other = FOLDERS[dice.roll(FOLDERS.len())].0;
        client.run(&format!("SELECT \"{folder}\""));
        let uid = 1 + dice.roll(120);
        let flag = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft"][dice.roll(4)];
        match dice.roll(6) {
            0 | 1 if next < mails.len() => {
                client.append(folder, flag, &mails[next]);
                next += 1;
            }
            2 => drop(client.try_run(&format!("UID STORE {uid}:{} +FLAGS ({flag})", uid + 3))),
            3 => drop(client.try_run(&format!("UID STORE {uid} -FLAGS ({flag})"))),
            4 if folder != other => drop(client.try_run(&format!("UID MOVE {uid} \"{other}\""))),
            _ => {
                drop(client.try_run(&format!("UID STORE {uid} +FLAGS (\\Deleted)")));
                drop(client.try_run("EXPUNGE"));
            }
        }
        done += 1;
    }
    done
}

/// Others write to the mailbox while it is synced again and again; when they stop, both sides are
/// the same. `POSTROOM_CHAOS` sets how many seconds they go on.
#[track_caller]
fn check_chaos(counting: Counting) {
    let Some(server) = Dovecot::start(counting) else { return };
    let seconds = std::env::var("POSTROOM_CHAOS").ok().and_then(|text| text.parse().ok());
    let seconds: u64 = seconds.unwrap_or(4);
    let mails = crlf(200 + 150 * seconds as usize);
    let (first, later) = mails.split_at(60);
    fill(&mut server.client(), first);
    let home = Home::new();
    server.account(&home);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut operations, mut syncs, mut problems) = (0, 0, Vec::new());
    std::thread::scope(|scope| {
        let parts = later.chunks(later.len().div_ceil(4));
        let others: Vec<_> = parts
            .enumerate()
            .map(|(at, part)| {
                let mut client = server.client();
                scope.spawn(move || disturb(&mut client, 7 + at as u64, part, until))
            })
            .collect();
        while Instant::now() < until {
            problems.extend(sync(&home).problems);
            syncs += 1;
        }
        operations = others.into_iter().map(|other| other.join().expect("it ends")).sum();
    });
    for _ in 0..3 {
        // Much of a small folder may be gone at once: here that is meant. Where changes are not counted
        // the flags of all but the newest mail are compared once a day: it is another day.
        home.run(["--as-of", "2100-01-01T00:00:00Z", "sync", "--words-only", "--purge"]).done();
    }
    check_equal(
        &mut server.client(),
        &home,
        &format!("{counting:?}, {operations} operations, {syncs} syncs"),
    );
    assert!(operations > 20 && syncs > 1, "{operations} operations, {syncs} syncs: too quiet");
    eprintln!(
        "{counting:?}: {operations} operations beside {syncs} syncs; said: {}",
        problems.len()
    );
}

#[test]
fn chaos_beside_qresync_ends_equal() {
    check_chaos(Counting::Qresync);
}

#[test]
fn chaos_beside_condstore_ends_equal() {
    check_chaos(Counting::Condstore);
}

#[test]
fn chaos_without_counted_changes_ends_equal() {
    check_chaos(Counting::Nothing);
}

#[test]
fn large_messages_come_in_parts_and_whole() {
    let Some(server) = Dovecot::start(Counting::Qresync) else { return };
    let mut client = server.client();
    fill(&mut client, &crlf(4));
    let head = "From: Bert <bert@example.org>\r\nSubject: large\r\n\
                Date: Mon, 02 Mar 2026 08:00:00 +0000\r\n\r\n";
    // Behind a whole number of parts, before it, and at it.
    for bytes in [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 2 << 20, 3_500_000] {
        let mut raw = format!("{head}{bytes}\r\n").into_bytes();
        while raw.len() + 62 <= bytes {
            raw.extend_from_slice(&[b'a' + (raw.len() % 23) as u8; 60]);
            raw.extend_from_slice(b"\r\n");
        }
        raw.resize(bytes, b'.');
        client.append("INBOX", "", &raw);
    }
    let home = Home::new();
    server.account(&home);
    assert_eq!(sync(&home).added, 9);
    check_equal(&mut client, &home, "large messages");
}

#[test]
fn what_came_is_indexed_and_judged_like_any_mail() {
    let Some(server) = Dovecot::start(Counting::Qresync) else { return };
    fill(&mut server.client(), &crlf(6));
    let home = Home::new();
    server.account(&home);
    let envelope = home.ask::<Sync>(&["sync"]);
    let coverage = envelope.coverage.expect("what is indexed is said");
    assert_eq!((coverage.done, coverage.total), (6, 6));
    assert!(home.run(["triage", "--all"]).done().out.contains("Bert Quist"));
    assert_eq!(home.ask::<Entry>(&["log"]).items.len(), 1, "one line a sync");
    home.run(["undo"]).done();
    assert_eq!(home.count(), 0);
    assert_eq!(sync(&home).added, 6, "the next sync brings it again");
}

#[test]
fn one_connection_and_each_is_written_down() {
    let Some(server) = Dovecot::start(Counting::Qresync) else { return };
    fill(&mut server.client(), &crlf(8));
    let home = Home::new();
    server.account(&home);
    sync(&home);
    home.run(["account", "check"]).done();
    let all = home.ask::<Connected>(&["privacy"]).items;
    let said: Vec<(&str, u16, &str)> =
        all.iter().map(|c| (c.command.as_str(), c.port, c.purpose.as_str())).collect();
    assert_eq!(
        said,
        [("sync", server.port, "account work"), ("account check", server.port, "account work")]
    );
    assert!(all[0].bytes_in > 2_000 && all[0].bytes_out > 200, "{all:?}");
}

#[test]
fn tls_is_begun_and_the_certificate_must_be_the_one_meant() {
    let Some(server) = Dovecot::start(Counting::Qresync) else { return };
    let home = Home::new();
    let add = |name: &str, port: u16, more: &[&str]| {
        let imap = format!("localhost:{port}");
        let mut args = vec![
            "account",
            "add",
            "ada@example.org",
            "--user",
            "ada",
            "--name",
            name,
            "--imap",
            &imap,
        ];
        args.extend(more);
        args.extend(["--password-command", "echo", PASSWORD]);
        home.run(args)
    };
    let wrong = server.fingerprint.replace('a', "b").replace('0', "1");
    for more in [&["--fingerprint", wrong.as_str()][..], &[]] {
        add("tls", server.tls_port, more).refused(1, &["TLS", "certificate"]);
        let starttls: Vec<&str> = more.iter().copied().chain(["--tls", "starttls"]).collect();
        add("starttls", server.port, &starttls).refused(1, &["TLS", "certificate"]);
    }
    assert!(!home.path().join("config.toml").exists(), "nothing is added that does not work");
    let pinned = ["--fingerprint", server.fingerprint.as_str()];
    add("tls", server.tls_port, &pinned).done();
    add("starttls", server.port, &[pinned[0], pinned[1], "--tls", "starttls"]).done();
    let checked = home.ask::<Checked>(&["account", "check"]).items;
    assert!(checked.len() == 2 && checked.iter().all(|one| one.ok), "{checked:?}");
    fill(&mut server.client(), &crlf(5));
    let added: Vec<u64> =
        home.ask::<Sync>(&["sync", "--words-only"]).items.iter().map(|one| one.added).collect();
    assert_eq!(added, [5, 0], "the same mail by two doors is there once");
}

#[test]
fn a_wrong_password_is_said_and_stands_nowhere() {
    let Some(server) = Dovecot::start(Counting::Qresync) else { return };
    fill(&mut server.client(), &crlf(2));
    let home = Home::new();
    server.account(&home);
    let config = home.path().join("config.toml");
    let right = std::fs::read_to_string(&config).expect("it is there");
    let script = home.folder("secret");
    std::fs::write(&script, "wrong-walrus-7\n").expect("written");
    let command = format!("[\"cat\", \"{}\"]", text(&script));
    let changed = right.replace(&format!("[\"echo\", \"{PASSWORD}\"]"), &command);
    std::fs::write(&config, changed).expect("written");
    let refused = home.run(["sync", "-vv"]).refused(1, &["work", "refused"]);
    std::fs::write(&script, format!("{PASSWORD}\n")).expect("written");
    let done = home.run(["sync", "--words-only", "-vv"]).done();
    for answer in [&refused, &done] {
        let said = format!("{}{}", answer.out, answer.err);
        assert!(!said.contains("walrus") && !said.contains(PASSWORD), "{said}");
    }
    let mut waiting = vec![home.path().to_path_buf()];
    let mut files = 0;
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).expect("read");
            for secret in [PASSWORD, "wrong-walrus-7"] {
                let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "{} holds a password", path.display());
            }
        }
    }
    assert!(files > 3, "only {files} files");
}

#[test]
fn no_process_that_connects_opens_the_index() {
    if !tools::have("strace") || !tools::works("strace", &["-f", "-o", "/dev/null", "true"]) {
        return;
    }
    let Some(server) = Dovecot::start(Counting::Qresync) else { return };
    fill(&mut server.client(), &crlf(4));
    let home = Home::new();
    server.account(&home);
    let log = text(&home.folder("strace.log"));
    let wrapper = [
        "strace",
        "-f",
        "-qq",
        "-o",
        &log,
        "-e",
        "trace=connect,openat,clone,clone3,vfork,fork,execve,seccomp,prctl",
    ];
    Answer::of(home.under(&wrapper, ["sync"])).done();
    let log = std::fs::read_to_string(&log).expect("strace wrote its log");
    // A process of its own begins with an execve; its threads carry other numbers, so what is asked is
    // whether the lock comes before the first look at the index, and no connection after it.
    let first = |what: &str| log.lines().position(|line| line.contains(what));
    let last_connect = log.lines().collect::<Vec<_>>().iter().rposition(|line| {
        line.contains("connect(") && line.contains(&format!("htons({})", server.port))
    });
    let index = first("data/index").expect("the index is opened");
    let lock = first("SECCOMP_").expect("the child locks itself in");
    let connect = last_connect.expect("it connects");
    assert!(connect < lock && lock < index, "connect {connect}, lock {lock}, index {index}");
    let locked = log.lines().nth(lock).and_then(|line| line.split(' ').next()).expect("a number");
    let spoke = log.lines().nth(connect).and_then(|line| line.split(' ').next()).expect("a number");
    assert_ne!(locked, spoke, "another process");
}

#[test]
fn killed_at_any_write_and_run_again_it_is_equal() {
    if !tools::have("strace") || !tools::works("strace", &["-f", "-o", "/dev/null", "true"]) {
        return;
    }
    let Some(server) = Dovecot::start(Counting::Qresync) else { return };
    let mut client = server.client();
    fill(&mut client, &crlf(120));
    let args = ["sync", "--words-only"];
    let wanted = std::env::var("POSTROOM_KILLS").ok().and_then(|number| number.parse().ok());
    let wanted: usize = wanted.unwrap_or(KILLS);
    let mut kills = 0;
    for call in ["pwrite64", "fdatasync,fsync", "write", "sendto,recvfrom"] {
        let home = Home::new();
        server.account(&home);
        let log = home.folder("strace.log");
        let (log_text, trace) = (text(&log), format!("trace={call}"));
        let wrapper = ["strace", "-f", "-qq", "-o", &log_text, "-e", &trace];
        Answer::of(home.under(&wrapper, args)).done();
        let calls = std::fs::read_to_string(&log).expect("strace wrote its log").lines().count();
        assert!(calls > 0, "no {call} was seen: the sweep looks at nothing");
        for step in 0..wanted / 4 {
            let at = 1 + step * calls / (wanted / 4);
            let home = Home::new();
            server.account(&home);
            let inject = format!("inject={call}:signal=KILL:when={at}");
            let wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let answer = Answer::of(home.under(&wrapper, args));
            kills += usize::from(answer.status != Some(0));
            let kept =
                if home.store().exists() { home.run(["count", "*"]).out } else { String::new() };
            let kept: u64 = kept.trim().parse().unwrap_or(0);
            let when = format!("killed at {call} {at} of {calls}");
            let again = sync(&home);
            assert_eq!((again.seen, again.added + kept), (120, 120), "{when}: {again:?}");
            check_equal(&mut client, &home, &when);
        }
    }
    assert!(kills >= wanted / 3, "only {kills} runs were killed");
    eprintln!("{kills} syncs killed");
}
