//! A server that lies, breaks off and stands still; and what is here afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use super::kit::{Fake, Fault, Folder, Mail};
use super::*;
use crate::accounts::{Account, PasswordCommand, Secret, Server, Tls};
use crate::guard::ConnectionLog;
use crate::mail::UnixSeconds;
use crate::store::{Scope, Store};

const NOW: UnixSeconds = UnixSeconds(1_772_442_000);
const SECRET: &str = "blue-herring-42";

fn raw(number: usize) -> Vec<u8> {
    format!(
        "Message-ID: <{number}@example.org>\r\nFrom: Bert <bert@example.org>\r\nTo: ada@example.org\r\n\
         Subject: Pallets {number}\r\nDate: Mon, 02 Mar 2026 09:{:02}:00 +0100\r\n\r\nText {number} UID 7 \r\n)\r\n",
        number % 60
    )
    .into_bytes()
}

fn folder(name: &'static str, uids: impl IntoIterator<Item = u32>) -> Folder {
    let mail: Vec<Mail> = uids
        .into_iter()
        .map(|uid| Mail {
            uid,
            flags: if uid % 2 == 0 { "\\Seen" } else { "" },
            raw: raw(uid as usize),
        })
        .collect();
    let uidnext = mail.last().map_or(1, |mail| mail.uid + 1);
    Folder { name, uidvalidity: 7, uidnext, mail }
}

/// A store of its own, and the account of `server`.
struct Here {
    dir: tempfile::TempDir,
    store: Store,
    account: Account,
    patience: Duration,
    now: UnixSeconds,
}

impl Here {
    fn of(server: &Fake) -> Self {
        // In memory where that can be had: thousands of stores are made here.
        let memory = std::path::Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let dir = dir.expect("a folder");
        let store = Store::open(dir.path()).expect("a store");
        let account = Account {
            address: "ada@example.org".into(),
            user: None,
            imap: Server { tls: Some(Tls::Off), ..Server::new("127.0.0.1", server.port) },
            smtp: None,
            password: None,
            oauth: None,
        };
        Self { dir, store, account, patience: Duration::from_secs(10), now: NOW }
    }

    fn sync(&mut self) -> Result<Summary, Error> {
        self.sync_with(Deletions::Guarded)
    }

    fn sync_with(&mut self, deletions: Deletions) -> Result<Summary, Error> {
        let log = ConnectionLog::in_dir(self.dir.path());
        let argv = ["echo".to_owned(), SECRET.to_owned()];
        let secret = Secret::from_command(&argv).expect("a password");
        let login = Login {
            account: &self.account,
            secret: &secret,
            log: &log,
            command: "sync",
            purpose: "test",
            time: "2026-03-02T09:00:00Z",
            patience: self.patience,
        };
        sync(&mut self.store, &login, deletions, self.now, &mut |_, _, _| {})
    }

    /// The labels of all mail.
    fn labels(&self) -> Vec<String> {
        let mut labels = Vec::new();
        self.store
            .each_header(&Scope::default(), |header| {
                labels.extend(header.labels);
                Ok::<(), crate::store::Error>(())
            })
            .expect("read");
        labels
    }

    /// Everything that is here: folder, flags, bytes.
    fn holds(&self) -> BTreeSet<(String, String, Vec<u8>)> {
        let mut all = BTreeSet::new();
        for header in self.store.headers(&Scope::default()).expect("read") {
            let raw = self.store.raw(header.id).expect("raw");
            for folder in &header.folders {
                all.insert((folder.clone(), format!("{:?}", header.flags), raw.clone()));
            }
        }
        all
    }

    #[track_caller]
    fn check_equal(&self, server: &Fake, when: &str) {
        let there: BTreeSet<(String, Vec<u8>)> = server.get(|state| {
            let pairs = state.folders.iter().flat_map(|folder| {
                folder.mail.iter().map(|mail| (folder.name.to_owned(), mail.raw.clone()))
            });
            pairs.collect()
        });
        let here: BTreeSet<(String, Vec<u8>)> =
            self.holds().into_iter().map(|(folder, _, raw)| (folder, raw)).collect();
        assert!(here == there, "{when}: {} here, {} there", here.len(), there.len());
        assert_eq!(self.store.integrity().expect("checked"), Vec::<String>::new(), "{when}");
    }
}

#[test]
fn a_first_sync_brings_everything_and_a_second_nothing() {
    let server = Fake::new(vec![folder("INBOX", 1..=3), folder("Archive", 10..=130)]);
    let mut here = Here::of(&server);
    let first = here.sync().expect("synced");
    assert_eq!((first.seen, first.added, first.known, first.unreadable), (124, 124, 0, 0));
    assert_eq!((&first.warnings, &first.failed), (&Vec::new(), &Vec::new()));
    here.check_equal(&server, "after the first");
    server.set(|_| {});
    let second = here.sync().expect("synced");
    assert_eq!((second.seen, second.added, second.known), (124, 0, 124));
    let heard = server.get(|state| state.heard.join("\n"));
    assert!(!heard.contains("BODY"), "nothing is fetched again: {heard}");
    assert!(!heard.contains("SELECT"), "{heard}");
    let lines = ConnectionLog::in_dir(here.dir.path()).read().expect("read");
    assert_eq!(lines.len(), 2, "each connection once: {lines:?}");
    assert!(lines[0].bytes_in > lines[1].bytes_in && lines[1].bytes_out > 0, "{lines:?}");
}

/// Bytes the server says and commands it hears in an undisturbed sync.
fn lengths(server: &Fake) -> (usize, usize) {
    server.fault(Fault::None);
    Here::of(server).sync().expect("synced");
    server.get(|state| (state.said, state.commands))
}

#[track_caller]
fn check_cut(server: &Fake, at: usize) {
    server.fault(Fault::CutAfter(at));
    let mut here = Here::of(server);
    match here.sync() {
        Err(Error::Dropped { .. } | Error::Bye { .. }) => {}
        other => panic!("cut after {at} bytes: {other:?}"),
    }
    server.fault(Fault::None);
    here.sync().unwrap_or_else(|error| panic!("after a cut at {at}: {error}"));
    here.check_equal(server, &format!("cut after {at} bytes"));
}

/// Every byte is cut at when `POSTROOM_LONG` is set, else every third: each cut is two syncs.
fn step() -> usize {
    if std::env::var_os("POSTROOM_LONG").is_some() { 1 } else { 3 }
}

#[test]
fn cut_at_every_byte_it_is_an_error_and_then_equal() {
    let server = Fake::new(vec![folder("INBOX", 1..=2)]);
    let (said, _) = lengths(&server);
    // The answer to LOGOUT changes nothing: everything is here by then.
    let goodbye = "P99 OK done\r\n".len();
    let cuts = 0..said - goodbye;
    assert!(cuts.len() > 900, "only {} bytes are said", cuts.len());
    std::thread::scope(|scope| {
        for part in 0..4 {
            let cuts = cuts.clone();
            scope.spawn(move || {
                let server = Fake::new(vec![folder("INBOX", 1..=2)]);
                cuts.step_by(step()).skip(part).step_by(4).for_each(|at| check_cut(&server, at));
            });
        }
    });
}

#[test]
fn two_hundred_messages_cut_anywhere_come_once_each() {
    let server = Fake::new(vec![folder("INBOX", 1..=200)]);
    let (said, _) = lengths(&server);
    let mut fetched_again = 0;
    for step in 1..24 {
        let at = said * step / 24;
        server.fault(Fault::CutAfter(at));
        let mut here = Here::of(&server);
        here.sync().expect_err("cut");
        let kept = here.holds().len() as u64;
        server.fault(Fault::None);
        let after = here.sync().expect("synced");
        assert_eq!((after.seen, after.added + kept), (200, 200), "cut after {at}");
        fetched_again += u64::from(kept > 0);
        here.check_equal(&server, &format!("cut after {at} bytes"));
    }
    assert!(fetched_again > 8, "what came before a cut is kept: {fetched_again}");
}

#[test]
fn a_large_message_cut_off_goes_on_where_it_stopped() {
    let server = Fake::new(vec![folder("INBOX", 1..=2)]);
    let head = b"From: Bert <bert@example.org>\r\nSubject: large\r\n\r\n".to_vec();
    let text =
        (0..5_500_000_u32).map(|at| if at % 70 == 69 { b'\n' } else { b'a' + (at % 23) as u8 });
    server.set(|state| state.folders[0].mail[1].raw = head.into_iter().chain(text).collect());
    let mut here = Here::of(&server);
    // Within the third part and in the fourth; what came with the first is not asked for again.
    for (cut, first) in [(2_600_000, "<0."), (1_700_000, "<2097152.")] {
        server.fault(Fault::CutAfter(cut));
        here.sync().expect_err("cut");
        let heard = server.get(|state| state.heard.join("\n"));
        let asked = heard.split("BODY.PEEK[]").nth(1).expect("its body is asked for");
        assert!(asked.starts_with(first), "{asked}");
    }
    server.fault(Fault::None);
    assert_eq!(here.sync().expect("synced").added, 2);
    let heard = server.get(|state| state.heard.join("\n"));
    assert!(heard.contains("<3145728.") && !heard.contains("<2097152."), "{heard}");
    here.check_equal(&server, "a large message in three runs");
    assert!(!here.dir.path().join("partial").exists(), "what was kept of it is gone");
}

/// Not one fault at any command passes in silence.
#[track_caller]
fn check_answer(answer: &'static str) {
    let server = Fake::new(vec![folder("INBOX", 1..=10)]);
    let (_, commands) = lengths(&server);
    assert!(commands > 6, "only {commands} commands");
    // The last is LOGOUT.
    for at in 0..commands - 1 {
        server.fault(Fault::Answer(at, answer));
        let mut here = Here::of(&server);
        here.patience = Duration::from_millis(300);
        let command = |server: &Fake| server.get(|state| state.heard.get(at).cloned());
        match here.sync() {
            Err(error) => assert!(!format!("{error:?}").contains(SECRET), "{error:?}"),
            Ok(summary) => {
                let said = !summary.failed.is_empty() || !summary.warnings.is_empty();
                let equal = here.holds().len() == 10;
                // Equal all the same: a connection that broke off late was taken up again.
                assert!(said || equal, "{answer:?} to {:?}: {summary:?}", command(&server));
            }
        }
        server.fault(Fault::None);
        here.patience = Duration::from_secs(10);
        here.sync().expect("synced");
        here.check_equal(&server, &format!("{answer:?} to command {at}"));
    }
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let server = Fake::new(vec![folder("INBOX", 1..=10)]);
    let (_, commands) = lengths(&server);
    for at in [2, 4, commands - 2] {
        let mut here = Here::of(&server);
        server.fault(Fault::Answer(
            at,
            "TAG BAD Request is throttled. Suggested Backoff Time: 400 milliseconds\r\n",
        ));
        let began = std::time::Instant::now();
        assert_eq!(here.sync().expect("synced").added, 10, "throttled at command {at}");
        assert!(began.elapsed() >= Duration::from_secs(1), "it waits");
        here.check_equal(&server, "throttled");
    }
    let mut here = Here::of(&server);
    let limit = "TAG NO [OVERQUOTA] Account exceeded command or bandwidth limits\r\n";
    server.fault(Fault::Answer(4, limit));
    match here.sync() {
        Err(Error::Throttled { seconds: 900, .. }) => {}
        other => panic!("a quarter of an hour is not waited for: {other:?}"),
    }
    assert_eq!(
        crate::accounts::wait_asked("Suggested Backoff Time: 123456 milliseconds"),
        Some(124)
    );
    assert_eq!(crate::accounts::wait_asked("NO such folder"), None);
}

#[test]
fn a_no_is_no_yes() {
    check_answer("TAG NO not today\r\n");
}

#[test]
fn a_bad_is_no_yes() {
    check_answer("TAG BAD what?\r\n");
}

#[test]
fn a_bye_is_no_yes() {
    check_answer("* BYE going down\r\n");
}

#[test]
fn a_closed_connection_is_no_yes() {
    check_answer("");
}

#[test]
fn garbage_is_no_yes() {
    for garbage in [
        "HTTP/1.1 400 Bad Request\r\n",
        "* 1 FETCH (UID 1 FLAGS (\\Seen])\r\nTAG OK done\r\n",
        "OTHER OK done\r\n",
        "+ go on\r\n",
        "* SEARCH one two\r\nTAG OK done\r\n",
        "* 1 FETCH (BODY[] {99999999999}\r\n",
        "* 12\r\nTAG OK done\r\n",
        "TAG PERHAPS\r\n",
        "\n",
    ] {
        check_answer(garbage);
    }
}

/// The tagged OK of a FETCH that brought nothing is no reason to believe that nothing is there.
#[test]
fn an_empty_yes_is_said_or_found_out() {
    check_answer("TAG OK done\r\n");
}

#[test]
fn a_silent_server_is_an_error_in_time() {
    let server = Fake::new(vec![folder("INBOX", 1..=4)]);
    let (_, commands) = lengths(&server);
    let mut stalled = 0;
    for at in 0..commands - 1 {
        server.fault(Fault::Silence(at));
        let mut here = Here::of(&server);
        here.patience = Duration::from_millis(200);
        let began = std::time::Instant::now();
        match here.sync() {
            Err(Error::Stalled { .. }) => stalled += 1,
            // What came before is kept, and another connection brought the rest.
            Ok(summary) if summary.added == 4 => here.check_equal(&server, "taken up again"),
            other => panic!("silence after command {at}: {other:?}"),
        }
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
    assert!(stalled > 4, "only {stalled} were said");
}

#[test]
fn three_hundred_expunges_are_all_heard() {
    let server = Fake::new(vec![folder("INBOX", 1..=320)]);
    let mut here = Here::of(&server);
    here.sync().expect("synced");
    server.fault(Fault::None);
    here.sync().expect("synced");
    let news = server.get(|state| state.heard.iter().position(|line| line.ends_with("NOOP")));
    // The folder is opened with 320 in it; 300 of them go before the next answer.
    server.fault(Fault::Expunge(news.expect("it asks for news"), 300));
    let guarded = here.sync().expect("synced");
    assert!(
        guarded.warnings.iter().any(|line| line.contains("300 messages are gone")),
        "{guarded:?}"
    );
    assert_eq!(here.holds().len(), 320, "so many at once go only when the user says so");
    server.fault(Fault::None);
    here.sync_with(Deletions::Confirmed).expect("synced");
    assert_eq!(here.holds().len(), 320, "one sync alone removes nothing");
    let purged = here.sync_with(Deletions::Confirmed).expect("synced");
    assert_eq!(purged.removed, 300);
    here.check_equal(&server, "after both agreed");
}

#[test]
fn what_is_deleted_there_goes_here_after_two_syncs_and_moved_mail_moves() {
    let server = Fake::new(vec![folder("INBOX", 1..=12), folder("Archive", [])]);
    let mut here = Here::of(&server);
    here.sync().expect("synced");
    server.set(|state| {
        state.folders[0].mail.retain(|mail| mail.uid != 4 && mail.uid != 9);
        state.folders[1] = Folder { uidvalidity: 9, ..folder("Archive", []) };
        state.folders[1].mail.push(Mail { uid: 1, flags: "", raw: raw(9) });
        state.folders[1].uidnext = 2;
    });
    let once = here.sync().expect("synced");
    assert_eq!((once.moved, once.removed, once.added), (1, 0, 0), "{once:?}");
    assert_eq!(here.store.messages_count(None).expect("counted"), 12);
    let twice = here.sync().expect("synced");
    assert_eq!((twice.moved, twice.removed), (0, 1), "{twice:?}");
    here.check_equal(&server, "after two");
}

#[test]
fn a_server_that_counts_changes_wrongly_is_found_out_within_a_week() {
    let server = Fake::new(vec![folder("INBOX", 1..=4)]);
    server.set(|state| state.capabilities = "IMAP4rev1 ENABLE CONDSTORE");
    let mut here = Here::of(&server);
    here.sync().expect("synced");
    let flagged =
        |here: &Here| here.holds().iter().filter(|(_, flags, _)| flags.contains('F')).count();
    for (days, found) in [(1, 0), (9, 1)] {
        server.set(|state| {
            let inbox = &mut state.folders[0];
            inbox.mail[0].flags = "\\Flagged";
            inbox.mail.push(Mail {
                uid: inbox.uidnext,
                flags: "",
                raw: raw(inbox.uidnext as usize),
            });
            inbox.uidnext += 1;
        });
        here.now = UnixSeconds(NOW.0 + days * 86_400);
        here.sync().expect("synced");
        assert_eq!(flagged(&here), found, "after {days} days");
    }
}

#[test]
fn flags_follow_the_server() {
    let server = Fake::new(vec![folder("INBOX", 1..=4)]);
    let mut here = Here::of(&server);
    here.sync().expect("synced");
    server.set(|state| state.folders[0].mail[0].flags = "\\Seen \\Flagged $Forwarded");
    let summary = here.sync().expect("synced");
    assert_eq!(summary.reflagged, 1);
    let flags: Vec<String> = here.holds().into_iter().map(|(_, flags, _)| flags).collect();
    assert!(flags.iter().any(|flags| flags.contains("FPS")), "{flags:?}");
}

#[test]
fn another_uidvalidity_fetches_nothing_again() {
    let server = Fake::new(vec![folder("INBOX", 1..=150)]);
    let mut here = Here::of(&server);
    here.sync().expect("synced");
    server.set(|state| {
        let inbox = &mut state.folders[0];
        inbox.uidvalidity = 8;
        inbox.mail.iter_mut().for_each(|mail| mail.uid += 1_000);
        inbox.uidnext += 1_000;
    });
    let summary = here.sync().expect("synced");
    assert_eq!((summary.relinked, summary.added, summary.known), (150, 0, 150), "{summary:?}");
    let heard = server.get(|state| state.heard.clone());
    let bodies = heard.iter().filter(|line| line.contains("BODY.PEEK[]"));
    assert_eq!(bodies.count(), 1, "three are compared, none is fetched: {heard:#?}");
    here.check_equal(&server, "under the new UIDVALIDITY");
    assert_eq!(here.sync().expect("synced").removed, 0);
}

#[test]
fn a_uidnext_that_falls_means_other_messages() {
    let server = Fake::new(vec![folder("INBOX", 1..=30)]);
    let mut here = Here::of(&server);
    here.sync().expect("synced");
    // A server restored from a backup: UID 21 is another message now.
    server.set(|state| {
        let inbox = &mut state.folders[0];
        inbox.mail.truncate(20);
        inbox.mail.push(Mail { uid: 21, flags: "", raw: raw(777) });
        inbox.uidnext = 22;
    });
    here.sync().expect("synced");
    here.sync().expect("synced");
    here.check_equal(&server, "after a fall of UIDNEXT");
}

#[test]
fn a_renamed_folder_is_not_fetched_again() {
    let server = Fake::new(vec![
        folder("INBOX", 1..=2),
        Folder { uidvalidity: 99, ..folder("Old", 5..=60) },
    ]);
    let mut here = Here::of(&server);
    here.sync().expect("synced");
    server.set(|state| state.folders[1].name = "New");
    let summary = here.sync().expect("synced");
    assert_eq!((summary.added, summary.known, summary.removed), (0, 58, 0), "{summary:?}");
    assert!(!server.get(|state| state.heard.join("\n")).contains("BODY"));
    here.check_equal(&server, "renamed");
}

#[test]
fn a_message_under_two_labels_is_fetched_once() {
    let server = Fake::new(vec![folder("INBOX", 1..=20), folder("[Gmail]/All Mail", 1..=30)]);
    server.set(|state| state.capabilities = "IMAP4rev1 X-GM-EXT-1");
    let mut here = Here::of(&server);
    let summary = here.sync().expect("synced");
    assert_eq!((summary.seen, summary.added, summary.known), (50, 30, 20), "{summary:?}");
    let heard = server.get(|state| state.heard.clone());
    let bodies: Vec<&str> = heard
        .iter()
        .filter(|line| line.contains("BODY.PEEK[]"))
        .filter_map(|line| line.split(' ').nth(3))
        .collect();
    assert_eq!(bodies, ["1:20", "21:30"], "{heard:#?}");
    here.check_equal(&server, "with labels");
    server.set(|state| state.folders[0].mail[0].flags = "\\Flagged");
    here.sync().expect("synced");
    let labels = here.labels();
    assert_eq!(labels, ["big plans"], "the server's own are none of the user's");
    assert_eq!(here.store.messages_count(None).expect("counted"), 30);
}

#[test]
fn a_uidnext_ahead_of_what_is_listed_hides_nothing() {
    let server = Fake::new(vec![folder("INBOX", 1..=20)]);
    let mut here = Here::of(&server);
    server.set(|state| state.folders[0].uidnext = 22);
    here.sync().expect("synced");
    // What was being appended can be seen, and another message is gone: the count is the same.
    server.set(|state| {
        let inbox = &mut state.folders[0].mail;
        drop(inbox.remove(4));
        inbox.push(Mail { uid: 21, flags: "", raw: raw(777) });
    });
    for _ in 0..2 {
        here.sync().expect("synced");
    }
    here.check_equal(&server, "an accident of counts");
}

#[test]
fn nothing_is_removed_while_a_folder_cannot_be_read() {
    let server = Fake::new(vec![folder("INBOX", 1..=6), folder("Work", 50..=52)]);
    let mut here = Here::of(&server);
    here.sync().expect("synced");
    server.set(|state| drop(state.folders[0].mail.remove(3)));
    here.sync().expect("synced");
    let opens_work = server.get(|state| {
        state.heard.iter().position(|line| line.contains("EXAMINE") && line.contains("Work"))
    });
    let opens_work = opens_work.expect("it was opened");
    server.fault(Fault::Answer(opens_work, "TAG NO locked\r\n"));
    let summary = here.sync().expect("the others are synced");
    assert!(summary.failed.len() == 1 && summary.removed == 0, "{summary:?}");
    server.fault(Fault::None);
    assert_eq!(here.sync().expect("synced").removed, 1);
    here.check_equal(&server, "after all were read");
}

#[test]
fn a_folder_that_is_gone_is_kept_and_said() {
    let server = Fake::new(vec![folder("INBOX", 1..=2), folder("Old", 100..=160)]);
    let mut here = Here::of(&server);
    here.sync().expect("synced");
    server.set(|state| drop(state.folders.pop()));
    for _ in 0..3 {
        let summary = here.sync().expect("synced");
        assert!(
            summary.warnings.iter().any(|line| line.contains("Old: 61 messages")),
            "{summary:?}"
        );
    }
    assert_eq!(here.store.messages_count(None).expect("counted"), 63);
}

#[test]
fn undoing_a_sync_lets_the_next_one_bring_it_again() {
    let server = Fake::new(vec![folder("INBOX", 1..=5)]);
    let mut here = Here::of(&server);
    here.sync().expect("synced");
    here.store.undo(None, NOW).expect("undone");
    assert_eq!(here.holds().len(), 0);
    here.sync().expect("synced");
    here.check_equal(&server, "after undo");
}

#[track_caller]
fn check_refused_in_plain_text(tls: Tls, fault: Fault, word: &str) {
    let server = Fake::new(vec![folder("INBOX", 1..=2)]);
    server.fault(fault);
    let mut here = Here::of(&server);
    here.account.imap.tls = Some(tls);
    here.patience = Duration::from_millis(500);
    let error = here.sync().expect_err("refused");
    assert!(super::super::chain(&error).contains(word), "{error:?}");
    let heard = server.get(|state| state.heard.join("\n"));
    for word in ["LOGIN", "AUTHENTICATE", SECRET, "ada@"] {
        assert!(!heard.contains(word), "said in plain text: {heard}");
    }
}

#[test]
fn without_tls_nothing_is_said() {
    let stripped = Fault::Answer(0, "TAG BAD unknown command\r\n");
    check_refused_in_plain_text(Tls::StartTls, stripped, "refuses STARTTLS");
    let preauth = Fault::Greeting("* PREAUTH welcome\r\n");
    check_refused_in_plain_text(Tls::StartTls, preauth, "PREAUTH");
    let slipped_in = Fault::Answer(0, "TAG OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n");
    check_refused_in_plain_text(Tls::StartTls, slipped_in, "slipped in");
    check_refused_in_plain_text(Tls::StartTls, Fault::None, "beginning TLS");
    check_refused_in_plain_text(Tls::Implicit, Fault::None, "beginning TLS");
    check_refused_in_plain_text(Tls::StartTls, Fault::Greeting("* BYE full\r\n"), "goodbye");
}

#[test]
fn a_refused_login_is_said_without_the_secret() {
    let server = Fake::new(vec![folder("INBOX", 1..=2)]);
    let answer = "TAG NO [AUTHENTICATIONFAILED] no\r\n";
    // Greeting, CAPABILITY, then the login.
    server.fault(Fault::Answer(1, answer));
    let error = Here::of(&server).sync().expect_err("refused");
    assert!(matches!(&error, Error::Login { user, .. } if user == "ada@example.org"), "{error:?}");
    server.set(|state| {
        state.fault = Fault::None;
        state.capabilities = "IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2";
    });
    assert!(matches!(Here::of(&server).sync(), Err(Error::NoPasswords { .. })));
    server.set(|state| state.capabilities = "IMAP4rev1");
    Here::of(&server).sync().expect("by LOGIN");
    let password = PasswordCommand { command: vec!["pass".into()] };
    assert!(format!("{password:?}").contains("pass"));
}
