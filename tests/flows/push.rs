//! Mail changed here on the user's word: at once here, on a real server with `--push`, and never lost
//! between the two.

use super::sync::{FOLDERS, check_equal, crlf, fill, sync};
use crate::kit::dovecot::{Client, Counting, Dovecot, holds};
use crate::kit::json::{Changed, Entry, Envelope};
use crate::kit::{Answer, Home, text, tools};

/// Kills of a pushing process; `POSTROOM_KILLS` sets another number.
const KILLS: usize = 12;

#[track_caller]
fn change(home: &Home, args: &[&str]) -> Envelope<Changed> {
    home.ask::<Changed>(args)
}

/// The mailbox of the sync tests, synced.
fn synced(counting: Counting, count: usize) -> Option<(Dovecot, Client, Home)> {
    let server = Dovecot::start(counting)?;
    let mut client = server.client();
    fill(&mut client, &crlf(count));
    let home = Home::new();
    server.account(&home);
    sync(&home);
    Some((server, client, home))
}

fn with_more(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    FOLDERS.iter().chain(more).copied().collect()
}

#[track_caller]
fn check_same(client: &mut Client, home: &Home, more: &[(&'static str, &'static str)], when: &str) {
    let (there, here) = (client.holds(&with_more(more)), holds(home));
    let name = |(folder, flags, raw): &(String, String, Vec<u8>)| {
        let raw = String::from_utf8_lossy(raw);
        let subject = raw.lines().find(|line| line.starts_with("Subject")).unwrap_or_default();
        format!("{folder} {flags:?} {subject}")
    };
    let here_only: Vec<String> = here.difference(&there).map(name).collect();
    let there_only: Vec<String> = there.difference(&here).map(name).collect();
    assert!(here == there, "{when}: only here {here_only:#?}, only there {there_only:#?}");
    assert_eq!(there.len() as u64, home.count(), "{when}: a message lies there twice");
}

#[track_caller]
fn check_pushed(counting: Counting) {
    let Some((_server, mut client, home)) = synced(counting, 40) else { return };
    let inbox = home.found("in:inbox");
    assert!(inbox.len() > 8, "{inbox:?}");
    let id = |at: usize| inbox[at].to_string();
    change(&home, &["flag", "--push", &id(0), &id(1)]);
    home.run(["read", "--push", &id(0), &id(2)]).done();
    change(&home, &["flag", "--off", "--push", &id(1)]);
    let archived = change(&home, &["archive", "--push", &id(3), &id(4)]);
    assert_eq!(archived.items.len(), 2);
    assert_eq!(archived.more["pushed"]["moved"], 2);
    change(&home, &["trash", "--push", &id(5)]);
    change(&home, &["move", "Entwürfe", &id(6), "--push"]);
    change(&home, &["move", "Neues/Jahr & Tag", &id(7), "--push"]);
    let more =
        [("Archive", "Archive"), ("Trash", "Trash"), ("Neues/Jahr &- Tag", "Neues/Jahr & Tag")];
    check_same(&mut client, &home, &more, "pushed");
    let again = sync(&home);
    assert_eq!((again.added, again.moved, again.problems.len()), (0, 0, 0), "{again:?}");
    let third = sync(&home);
    assert_eq!((third.added, third.removed), (0, 0), "nothing comes or goes: {third:?}");
    check_same(&mut client, &home, &more, "pushed and synced");
    // Taken back, here and there.
    let n = archived.more["n"].to_string();
    home.run(["undo", &n, "--push"]).done();
    sync(&home);
    check_same(&mut client, &home, &more, "taken back");
    assert_eq!(home.found("in:inbox").len(), inbox.len() - 3);
}

#[test]
fn changes_reach_a_server_that_moves() {
    check_pushed(Counting::Qresync);
}

#[test]
fn changes_reach_a_server_that_only_copies() {
    check_pushed(Counting::Plain);
}

/// The subjects of what carries this keyword on the server, sorted.
fn labelled_there(client: &mut Client, folder: &str, keyword: &str) -> usize {
    client.run(&format!("EXAMINE \"{folder}\""));
    let lines = client.run("UID FETCH 1:* (FLAGS)");
    let flags = lines.iter().filter_map(|(line, _)| line.split("FLAGS (").nth(1));
    flags
        .filter(|flags| flags.split([' ', ')']).any(|one| one.eq_ignore_ascii_case(keyword)))
        .count()
}

#[test]
fn labels_go_both_ways() {
    for counting in [Counting::Qresync, Counting::Plain] {
        let Some((_server, mut client, home)) = synced(counting, 40) else { return };
        let inbox = home.found("in:inbox");
        let id = |at: usize| inbox[at].to_string();
        let n = change(&home, &["label", "+crane", &id(0), &id(1)]).more["n"].to_string();
        assert_eq!(home.found("label:crane").len(), 2);
        sync(&home);
        assert_eq!(home.found("label:crane").len(), 2, "a sync takes nothing back");
        assert_eq!(labelled_there(&mut client, "INBOX", "crane"), 0);
        home.run(["sync", "--words-only", "--push"]).done();
        assert_eq!(labelled_there(&mut client, "INBOX", "crane"), 2);
        // Another client labels all and takes the first label away; however it is written it is one.
        client.run("SELECT INBOX");
        client.run("UID STORE 1:* +FLAGS (Harbour $label1 NonJunk)");
        client.run("UID STORE 1:* -FLAGS (CRANE)");
        sync(&home);
        assert_eq!(home.found("label:crane").len(), 0);
        assert_eq!(home.found("label:harbour in:inbox").len(), inbox.len());
        assert_eq!(home.found("label:nonjunk").len(), 0, "that is a program's");
        let shown = change(&home, &["label", "-HARBOUR", "--push", &id(2), &id(3)]);
        assert_eq!(shown.more["pushed"]["flagged"], 2, "{shown:?}");
        assert_eq!(shown.items[0].flags.iter().filter(|flag| *flag == "$label1").count(), 1);
        assert_eq!(labelled_there(&mut client, "INBOX", "harbour"), inbox.len() - 2);
        // Taken away on the server since: there is nothing to take back.
        home.run(["undo", &n, "--push"]).done();
        assert_eq!(home.found("label:crane").len(), 0);
        let far = home.run(["label", "+große Pläne", "--push", &id(4)]).done();
        assert!(far.err.contains("stays here"), "{}", far.err);
        assert_eq!(home.found("label:\"große Pläne\"").len(), 1);
        home.run(["label", "+", &id(4)]).refused(2, &["no label"]);
    }
}

#[test]
fn what_is_not_pushed_survives_every_sync() {
    let Some((_server, mut client, home)) = synced(Counting::Qresync, 40) else { return };
    let (inbox, archived) = (home.found("in:inbox"), home.found("in:archive").len());
    let id = |at: usize| inbox[at].to_string();
    change(&home, &["flag", &id(0), &id(1)]);
    change(&home, &["archive", &id(2)]);
    change(&home, &["trash", &id(3)]);
    let flagged = |home: &Home| home.found("is:flagged in:inbox").len();
    let (stars, here) = (flagged(&home), holds(&home));
    sync(&home);
    assert_eq!(holds(&home), here, "a sync changes nothing that was changed here");
    // Another client reads all mail, and takes the stars away from what the user did not star.
    client.run("SELECT INBOX");
    client.run("UID STORE 1:* +FLAGS (\\Seen)");
    sync(&home);
    assert_eq!(flagged(&home), stars, "what the user set stays");
    assert_eq!(
        home.found("is:unread in:inbox").len(),
        0,
        "what the server says of the rest counts"
    );
    assert_eq!(home.found("in:archive").len(), archived + 1);
    home.run(["sync", "--words-only", "--push"]).done();
    check_same(&mut client, &home, &[("Archive", "Archive"), ("Trash", "Trash")], "sync --push");
}

#[test]
fn a_rehearsal_changes_nothing_and_the_log_says_what_did() {
    let Some((_server, mut client, home)) = synced(Counting::Qresync, 20) else { return };
    let before = holds(&home);
    let would = change(&home, &["trash", "*", "--dry-run", "--push"]);
    assert_eq!((would.items.len(), would.more["n"].is_null()), (20, true));
    assert_eq!(holds(&home), before);
    check_equal(&mut client, &home, "a rehearsal");
    change(&home, &["trash", "*"]);
    let log = home.ask::<Entry>(&["log"]).items;
    assert_eq!((log[0].what.as_str(), log[0].ids.len()), ("moved to the trash: 20 messages", 20));
    home.run(["undo"]).done();
    assert_eq!(holds(&home), before);
    assert!(home.run(["trash", "*"]).done().err.contains("undo"));
    home.run(["flag", "99999"]).refused(1, &["99999"]);
}

#[test]
fn no_process_that_pushes_opens_the_index() {
    if !tools::have("strace") || !tools::works("strace", &["-f", "-o", "/dev/null", "true"]) {
        return;
    }
    let Some((server, _client, home)) = synced(Counting::Qresync, 6) else { return };
    let log = text(&home.folder("strace.log"));
    let wrapper =
        ["strace", "-f", "-qq", "-o", &log, "-e", "trace=connect,openat,execve,seccomp,prctl"];
    Answer::of(home.under(&wrapper, ["trash", "--push", "*"])).done();
    let log = std::fs::read_to_string(&log).expect("strace wrote its log");
    let of = |what: &str| -> Vec<String> {
        let lines = log.lines().filter(|line| line.contains(what));
        lines.filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
    };
    let port = format!("htons({})", server.port);
    let (index, spoke, locked) = (of("data/index"), of(&port), of("SECCOMP_"));
    assert!(!index.is_empty() && !spoke.is_empty() && !locked.is_empty());
    assert!(!spoke.iter().any(|process| index.contains(process)), "it holds both");
    assert!(!spoke.iter().any(|process| locked.contains(process)), "the locked one connects");
}

/// Killed at any write or word to the server and run again: each message lies in one place, and that
/// is where the user wants it.
#[track_caller]
fn check_killed(counting: Counting) {
    if !tools::have("strace") || !tools::works("strace", &["-f", "-o", "/dev/null", "true"]) {
        return;
    }
    let wanted = std::env::var("POSTROOM_KILLS").ok().and_then(|number| number.parse().ok());
    let wanted: usize = wanted.unwrap_or(KILLS);
    let args = ["sync", "--words-only", "--push"];
    let mut kills = 0;
    for call in ["sendto", "recvfrom", "pwrite64"] {
        let mut calls = 0;
        for step in 0..=wanted / 3 {
            let Some((_server, mut client, home)) = synced(counting, 14) else { return };
            let inbox = home.found("in:inbox");
            let id = |at: usize| inbox[at].to_string();
            change(&home, &["flag", &id(0), &id(1)]);
            change(&home, &["archive", &id(1), &id(2)]);
            change(&home, &["trash", &id(3)]);
            let here = holds(&home);
            let log = text(&home.folder("strace.log"));
            let trace = format!("trace={call}");
            let mut wrapper = vec!["strace", "-f", "-qq", "-o", &log, "-e", &trace];
            let inject = format!(
                "inject={call}:signal=KILL:when={}",
                1 + step * calls / (wanted / 3).max(1)
            );
            if step > 0 {
                wrapper.extend(["-e", &inject]);
            }
            let answer = Answer::of(home.under(&wrapper, args));
            if step == 0 {
                answer.done();
                calls = std::fs::read_to_string(&log).expect("a log").lines().count();
                assert!(calls > 0, "no {call} was seen");
            } else {
                kills += usize::from(answer.status != Some(0));
            }
            let when = format!("{counting:?}: killed at {call}: {inject}");
            // Once more to push what is left, once to hear of it, once to let go of tombstones.
            for _ in 0..3 {
                home.run(args).done();
            }
            assert_eq!(holds(&home), here, "{when}");
            let more = [("Archive", "Archive"), ("Trash", "Trash")];
            check_same(&mut client, &home, &more, &when);
        }
    }
    assert!(kills >= wanted / 3, "only {kills} runs were killed");
    eprintln!("{counting:?}: {kills} pushes killed");
}

#[test]
fn a_push_that_moves_may_be_killed_anywhere() {
    check_killed(Counting::Qresync);
}

#[test]
fn a_push_that_copies_may_be_killed_anywhere() {
    check_killed(Counting::Plain);
}
