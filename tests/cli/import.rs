//! `import`: the ways mail lies in files, and what is said of it.

use std::fs;

use crate::kit::json::{Import, Shown};
use crate::kit::{Home, mail, text};

#[test]
fn every_layout_is_recognised() {
    let messages = mail::some(6);
    let home = Home::new();
    let check = |path: &std::path::Path, added: u64| {
        let home = Home::new();
        let import = home.ask::<Import>(&["import", "--words-only", &text(path)]).only();
        assert_eq!((import.seen, import.added, import.unreadable), (added, added, 0), "{import:?}");
        assert!(
            import.seconds >= 0.0
                && import
                    .source
                    .ends_with(path.file_name().and_then(|n| n.to_str()).expect("a name"))
        );
    };
    let maildir = home.folder("maildir");
    mail::maildir(&maildir, "", &messages[..2]);
    mail::maildir(&maildir, "Archive.2025", &messages[2..6]);
    check(&maildir, 6);
    let nested = home.folder("nested");
    mail::maildir(&nested.join("a/b"), "", &messages[..3]);
    mail::maildir(&nested.join("c"), "", &messages[3..]);
    check(&nested, 6);
    let mbox = home.folder("archive.mbox");
    mail::mbox(&mbox, &messages);
    check(&mbox, 6);
    let folder = home.folder("folder");
    mail::folder(&folder, &messages);
    check(&folder, 6);
    let endings = home.folder("without-endings");
    fs::create_dir_all(&endings).expect("a folder");
    for (at, message) in messages.iter().enumerate() {
        fs::write(endings.join(format!("{}.", at + 1)), message).expect("a file");
    }
    check(&endings, 6);
    let one = home.folder("one.eml");
    fs::write(&one, &messages[0]).expect("a file");
    check(&one, 1);
}

#[test]
fn several_paths_come_in_together() {
    let home = Home::new();
    let (a, b) = (home.folder("a"), home.folder("b.mbox"));
    mail::folder(&a, &mail::some(3));
    mail::mbox(&b, &mail::some(5));
    let items = home.ask::<Import>(&["import", "--words-only", &text(&a), &text(&b)]).items;
    assert_eq!(
        items.iter().map(|i| (i.seen, i.added, i.known)).collect::<Vec<_>>(),
        [(3, 3, 0), (5, 2, 3)]
    );
}

#[test]
fn line_ends_do_not_make_another_message() {
    let home = Home::new();
    let (a, b) = (home.folder("lf"), home.folder("crlf"));
    let messages = mail::some(4);
    mail::folder(&a, &messages);
    let crlf: Vec<Vec<u8>> = messages
        .iter()
        .map(|m| String::from_utf8_lossy(m).replace('\n', "\r\n").into_bytes())
        .collect();
    mail::folder(&b, &crlf);
    home.run(["import", "--words-only", &text(&a), &text(&b)]).done();
    assert_eq!(home.count(), 4);
}

#[test]
fn own_addresses_are_guessed_from_sent_mail_and_said() {
    let home = Home::new();
    let maildir = home.folder("mail");
    mail::maildir(&maildir, "", &mail::some(4));
    let sent: Vec<Vec<u8>> = (0..4)
        .map(|at| {
            mail::Letter::new(&format!("Mine {at}"), "from me")
                .from("Ada Merz <ada@example.org>")
                .to("bert@example.org")
                .bytes()
        })
        .collect();
    mail::maildir(&maildir, "Sent", &sent);
    let answer = home.run(["import", "--words-only", &text(&maildir)]).done();
    assert!(answer.err.contains("ada@example.org"), "{answer:?}");
    assert_eq!(home.found("from:me").len(), 4);

    let home = Home::new();
    let me = ["--me", "merz@example.com"];
    let told = ["import", "--words-only", &text(&maildir), me[0], me[1]];
    let answer = home.run(told).done();
    let asked = answer.err.lines().find(|line| line.contains("yours too?")).unwrap_or_default();
    assert!(asked.contains("ada@example.org") && !asked.contains(me[1]), "{answer:?}");
    assert_eq!(home.found("from:me").len(), 0, "nothing is guessed beside what was told");
}

#[test]
fn flags_that_change_are_followed() {
    let home = Home::new();
    let maildir = home.folder("mail");
    mail::maildir(&maildir, "", &mail::some(1));
    home.run(["import", "--words-only", &text(&maildir)]).done();
    let cur = maildir.join("cur");
    let old =
        fs::read_dir(&cur).expect("a folder").next().expect("a file").expect("readable").path();
    let new = old.to_str().expect("a name").replace(":2,S", ":2,FRS");
    fs::rename(&old, &new).expect("renamed");
    let again = home.ask::<Import>(&["import", "--words-only", &text(&maildir)]).only();
    assert_eq!((again.added, again.known), (0, 1));
    let mut flags = home.ask::<Shown>(&["show", "1"]).only().flags;
    flags.sort();
    assert_eq!(flags, ["answered", "flagged", "seen"]);
}

#[test]
fn mail_is_only_read_never_changed() {
    let home = Home::new();
    let maildir = home.folder("mail");
    mail::maildir(&maildir, "", &mail::some(3));
    let listing = || {
        let mut all: Vec<(String, Vec<u8>, std::time::SystemTime)> = ["cur", "new", "tmp"]
            .iter()
            .flat_map(|part| fs::read_dir(maildir.join(part)).expect("a folder"))
            .map(|entry| entry.expect("readable").path())
            .map(|path| {
                let changed = path.metadata().and_then(|m| m.modified()).expect("a time");
                (text(&path), fs::read(&path).expect("readable"), changed)
            })
            .collect();
        all.sort();
        all
    };
    let before = listing();
    home.run(["import", "--words-only", &text(&maildir)]).done();
    assert_eq!(listing(), before);
}

#[test]
fn links_do_not_lead_out() {
    let home = Home::new();
    let outside = home.folder("outside.eml");
    fs::write(&outside, mail::Letter::new("Outside", "secretword").bytes()).expect("a file");
    let folder = home.folder("mail");
    mail::folder(&folder, &mail::some(2));
    std::os::unix::fs::symlink(&outside, folder.join("link.eml")).expect("a link");
    std::os::unix::fs::symlink("/", folder.join("all")).expect("a link");
    let import = home.ask::<Import>(&["import", "--words-only", &text(&folder)]).only();
    assert_eq!(import.added, 2, "{import:?}");
    assert!(home.found("secretword").is_empty());
}

#[test]
fn a_message_without_a_date_has_that_of_its_place() {
    let home = Home::new();
    let mbox = home.folder("archive.mbox");
    let undated = |received: &str| {
        format!(
            "From bert@example.org Wed Feb 25 10:30:00 2026\n{received}From: bert@example.org\nTo: ada@example.org\nSubject: Crane\n\nThe crane.\n\n"
        )
    };
    let received = "Received: from a by b; Tue, 24 Feb 2026 08:00:00 +0000\n";
    fs::write(&mbox, undated("") + &undated(received)).expect("a file");
    home.run(["import", "--words-only", &text(&mbox)]).done();
    let date = |id| home.ask::<Shown>(&["show", id]).only().date;
    assert_eq!(date("1"), "2026-02-25T10:30:00Z", "the `From ` line has it");
    assert_eq!(date("2"), "2026-02-24T08:00:00Z", "a server that took it in knows better");
    home.run(["import", "--words-only", &text(&mbox)]).done();
    assert_eq!(home.count(), 2, "it is the same mail as before");
}

#[test]
fn a_folder_with_nothing_but_other_files_is_one_refusal() {
    let home = Home::new();
    let folder = home.folder("pictures");
    fs::create_dir_all(&folder).expect("a folder");
    for at in 0..20 {
        fs::write(folder.join(format!("{at}.png")), b"\x89PNG\r\n\x1a\n\0\0\0\r").expect("a file");
    }
    let answer = home.run(["import", "--words-only", &text(&folder)]);
    let skipped = answer.err.lines().filter(|line| line.starts_with("skipped")).count();
    assert!(skipped <= 10, "{answer:?}");
    assert!(answer.err.contains("12 more"), "{answer:?}");
    answer.refused(1, &["pictures", "none of 20 files is mail"]);
}
