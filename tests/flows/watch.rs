//! `sync --watch`: new mail comes by itself, and a dead connection does not stay dead.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::sync::{crlf, fill};
use crate::kit::dovecot::{Counting, Dovecot, holds};
use crate::kit::{Home, text};

/// The watching program, gone when dropped; what it says lies in a file.
struct Watch(Child);

impl Watch {
    fn start(home: &Home, args: &[&str]) -> Self {
        let said = std::fs::File::create(home.folder("said")).expect("a file");
        let all: Vec<&str> = ["sync", "--watch"].iter().chain(args).copied().collect();
        let mut command = home.command(all);
        command.stdout(Stdio::null()).stderr(said);
        Self(command.spawn().expect("it starts"))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn said(home: &Home) -> String {
    std::fs::read_to_string(home.folder("said")).unwrap_or_default()
}

/// How long it took until `is_so`.
#[track_caller]
fn until(home: &Home, seconds: u64, what: &str, is_so: impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < Duration::from_secs(seconds),
            "{what}: not after {seconds} s; it said:\n{}",
            said(home)
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    began.elapsed()
}

fn count(home: &Home) -> usize {
    if home.store().exists() && home.run(["log"]).status == Some(0) { holds(home).len() } else { 0 }
}

#[track_caller]
fn check_watched(counting: Counting) {
    let Some(server) = Dovecot::start(counting) else { return };
    let mut client = server.client();
    let mails = crlf(12);
    fill(&mut client, &mails[..8]);
    let home = Home::new();
    server.account(&home);
    let watch = Watch::start(&home, &["--words-only"]);
    until(&home, 60, "the first sync", || count(&home) == 8);
    let mut waits = Vec::new();
    for (at, raw) in mails[8..].iter().enumerate() {
        client.append("INBOX", "", raw);
        waits.push(until(&home, 30, "new mail", || count(&home) == 9 + at));
    }
    client.run("SELECT INBOX");
    client.run("UID STORE 1 +FLAGS (\\Flagged \\Seen)");
    until(&home, 30, "another flag", || holds(&home).iter().any(|(_, flags, _)| flags == "FS"));
    eprintln!("{counting:?}: new mail was here after {waits:?}");
    drop(watch);
}

#[test]
fn new_mail_comes_by_itself() {
    check_watched(Counting::Qresync);
}

#[test]
fn mail_that_cannot_wait_is_told_to_the_users_command() {
    let Some(server) = Dovecot::start(Counting::Qresync) else { return };
    let mut client = server.client();
    let mails = crlf(3);
    fill(&mut client, &mails[..2]);
    let home = Home::new();
    server.account(&home);
    let (config, told) = (home.path().join("config.toml"), home.folder("told"));
    let more = format!(
        "{}[notify]\ncommand = [\"tee\", \"-a\", \"{}\"]\n\
         [[rules]]\nwhen = \"subject:fire\"\ntier = \"now\"\n",
        std::fs::read_to_string(&config).expect("it is there"),
        text(&told)
    );
    std::fs::write(&config, more).expect("written");
    let _watch = Watch::start(&home, &[]);
    until(&home, 120, "the first sync", || said(&home).contains("added") || count(&home) == 2);
    let raw = "From: Bert <bert@example.org>\r\nTo: ada@example.org\r\nSubject: fire\r\n\
               Date: Mon, 02 Mar 2026 08:55:00 +0000\r\nMessage-ID: <fire@example.org>\r\n\r\n\
               It burns. Please come.\r\n";
    client.append("INBOX", "", raw.as_bytes());
    let here = || std::fs::read_to_string(&told).unwrap_or_default().contains("Bert: fire");
    until(&home, 180, "the notice", here);
}

/// Between the program and the server: passes everything on, or nothing.
fn stalling_proxy(to: u16, stalled: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for ours in listener.incoming().flatten() {
            let theirs = TcpStream::connect(("127.0.0.1", to)).expect("it listens");
            for (from, into) in [
                (ours.try_clone().expect("another"), theirs.try_clone().expect("another")),
                (theirs, ours),
            ] {
                let stalled = stalled.clone();
                std::thread::spawn(move || pass(from, into, &stalled));
            }
        }
    });
    port
}

fn pass(mut from: TcpStream, mut into: TcpStream, stalled: &AtomicBool) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        while stalled.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
        if into.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = into.shutdown(std::net::Shutdown::Both);
}

#[test]
#[ignore = "takes two minutes: a connection is left to die"]
fn a_stalled_connection_is_noticed_within_a_minute_and_made_anew() {
    let Some(server) = Dovecot::start(Counting::Qresync) else { return };
    let mut client = server.client();
    let mails = crlf(4);
    fill(&mut client, &mails[..3]);
    let home = Home::new();
    server.account(&home);
    let stalled = Arc::new(AtomicBool::new(false));
    let port = stalling_proxy(server.port, stalled.clone());
    let config = home.path().join("config.toml");
    let direct = std::fs::read_to_string(&config).expect("it is there");
    let through = direct.replace(&server.port.to_string(), &port.to_string());
    std::fs::write(&config, through).expect("written");
    let _watch = Watch::start(&home, &["--words-only"]);
    until(&home, 60, "the first sync", || count(&home) == 3);
    std::thread::sleep(Duration::from_secs(2));
    stalled.store(true, Ordering::Relaxed);
    let noticed = until(&home, 60, "an error", || said(&home).contains("connecting again"));
    client.append("INBOX", "", &mails[3]);
    std::thread::sleep(Duration::from_secs(30));
    stalled.store(false, Ordering::Relaxed);
    let back = until(&home, 90, "the mail that came meanwhile", || count(&home) == 4);
    eprintln!("noticed after {noticed:?}, mail here {back:?} after the network was back");
}
