use super::*;

use tempfile::TempDir;

const ONE: &str = "From: ada@example.org\nSubject: one\n\nFirst.\n";
const TWO: &str = "From: bo@example.org\nSubject: two\n\nSecond.\n";

/// A folder with the files named.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::write(path, text).unwrap();
        }
    }
    dir
}

/// `folder|key|first line after the header` of each message, `!name` of what cannot be read.
fn list(dir: &Path, format: Format) -> Vec<String> {
    let root = fs::canonicalize(dir).unwrap();
    open(dir, format)
        .unwrap()
        .map(|item| match item {
            Ok(mail) => {
                let text = String::from_utf8_lossy(&mail.bytes).into_owned();
                let body = text.split("\n\n").nth(1).unwrap_or_default().trim().to_owned();
                format!("{}|{}|{body}", mail.folder, mail.key)
            }
            Err(error) => format!("!{}", error.path().strip_prefix(&root).unwrap().display()),
        })
        .collect()
}

#[test]
fn a_maildir_with_folders_is_read() {
    let dir = tree(&[
        ("cur/1.a:2,S", ONE),
        ("new/2.b", TWO),
        ("tmp/3.c", TWO),
        ("dovecot-uidlist", "x"),
        (".notmuch/xapian/db", "x"),
        (".Sent/cur/4.d:2,RS", ONE),
        (".Sent/new/", ""),
        (".Lists.&ANw-ber/cur/5.e", TWO),
        (".Lists.&ANw-ber/new/", ""),
        ("Sub/cur/6.f", ONE),
        ("Sub/new/", ""),
        ("Sub/Deep/cur/7.g", ONE),
        ("Sub/Deep/tmp/", ""),
    ]);
    for format in [Format::Auto, Format::Maildir] {
        assert_eq!(
            list(dir.path(), format),
            [
                "Lists/Über|.Lists.&ANw-ber/5.e|Second.",
                "Sent|.Sent/4.d|First.",
                "Sub/Deep|Sub/Deep/7.g|First.",
                "Sub|Sub/6.f|First.",
                "INBOX|1.a|First.",
                "INBOX|2.b|Second.",
            ]
        );
    }
    let flags: Vec<_> = open(dir.path(), Format::Auto).unwrap().map(|m| m.unwrap().flags).collect();
    assert_eq!(flags[1], [Flag::Seen, Flag::Answered]);
    assert_eq!(flags[5], []);
}

#[test]
fn a_key_outlives_flags_and_the_move_out_of_new() {
    let before = tree(&[("new/2.b", TWO), ("cur/", "")]);
    let after = tree(&[("cur/2.b:2,FS", TWO), ("new/", "")]);
    assert_eq!(list(before.path(), Format::Auto), list(after.path(), Format::Auto));
}

#[test]
fn maildirs_lie_inside_other_folders() {
    let dir =
        tree(&[("home/mail/a/cur/1", ONE), ("home/mail/a/new/", ""), ("home/note.txt", "hi")]);
    assert_eq!(
        list(dir.path(), Format::Auto),
        ["home/mail/a|home/mail/a/1|First.", "!home/note.txt"]
    );
    assert_eq!(list(dir.path(), Format::Maildir), ["home/mail/a|home/mail/a/1|First."]);
}

#[test]
fn nul_bytes_do_not_make_a_message_something_else() {
    let nul = "Subject: a\0b\n\nbody\0\n";
    let dir = tree(&[("cur/1", nul), ("new/", ""), ("cur/2", "\u{89}PNG\0")]);
    // The picture's first byte is cut in two by UTF-8: whatever lies in `cur` is kept.
    assert_eq!(list(dir.path(), Format::Auto).len(), 2);
    assert!(list(dir.path(), Format::Auto)[0].starts_with("INBOX|1|"));
    let dir = tree(&[("a.eml", nul), ("b", nul)]);
    let found = list(dir.path(), Format::Auto);
    assert!(found[0].contains("a.eml|") && found[1] == "!b", "{found:?}");
}

#[test]
fn folders_of_files_with_any_name_are_read() {
    let dir = tree(&[
        ("inbox/1.", ONE),
        ("inbox/2_", TWO),
        ("inbox/3.eml", "no header at all"),
        ("sent_items/1.", ONE),
        ("sent_items/LICENSE", "Permission is hereby granted to anyone"),
        ("sent_items/logo.png", "\u{89}PNG\0"),
        ("empty.eml", ""),
        (".git/config", "x"),
    ]);
    assert_eq!(
        list(dir.path(), Format::Auto),
        [
            "!empty.eml",
            "inbox|inbox/1.|First.",
            "inbox|inbox/2_|Second.",
            "inbox|inbox/3.eml|",
            "sent_items|sent_items/1.|First.",
            "!sent_items/LICENSE",
            "!sent_items/logo.png",
        ]
    );
}

fn mbox(messages: &[&str]) -> String {
    let separator = "From a@example.org Mon May 14 16:39:00 2001";
    messages.iter().map(|message| format!("{separator}\n{message}\n")).collect()
}

#[test]
fn an_mbox_is_read_message_by_message() {
    let text = mbox(&[ONE, TWO]);
    for text in [text.clone(), format!("\n\n{text}")] {
        let dir = tree(&[("Notes.mbox", &text)]);
        let found = list(&dir.path().join("Notes.mbox"), Format::Auto);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("Notes|Notes.mbox#") && found[0].ends_with("|First."));
        assert!(found[1].ends_with("|Second."));
        assert_eq!(found, list(dir.path(), Format::Auto));
        assert_eq!(found, list(dir.path(), Format::Mbox));
    }
}

fn mbox_bodies(text: &str) -> Vec<String> {
    let dir = tree(&[("m.mbox", text)]);
    let bytes = open(dir.path(), Format::Mbox).unwrap().map(|mail| mail.unwrap().bytes);
    bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

#[test]
fn quoted_from_lines_are_unquoted() {
    let quoted = "From: a\n\n>From here\n>>From there\n> From x\n>From: y\n";
    let plain = "From: a\n\nFrom here\n>From there\n> From x\n>From: y\n";
    assert_eq!(mbox_bodies(&mbox(&[quoted])), [plain]);
}

#[test]
fn only_separators_separate() {
    let message = "From: a\n\nText\nFrom b@example.org Mon May 14 16:39:00 2001\n\nFrom now on\n";
    assert_eq!(mbox_bodies(&mbox(&[message, TWO])), [message, TWO]);
}

#[test]
fn crlf_and_lost_endings_do_no_harm() {
    let text = mbox(&[ONE, TWO]).replace('\n', "\r\n");
    assert_eq!(mbox_bodies(&text), [ONE.replace('\n', "\r\n"), TWO.replace('\n', "\r\n")]);
    let text = mbox(&[ONE, TWO]);
    let cut = &text[..text.len() - 5];
    assert_eq!(mbox_bodies(cut), [ONE, &TWO[..TWO.len() - 4]]);
}

#[test]
fn a_line_longer_than_the_buffer_is_whole() {
    let long = format!("From: a\n\n{}From x\n{}\n", "y".repeat(70_000), "z".repeat(200_000));
    assert_eq!(mbox_bodies(&mbox(&[&long, TWO])), [long.as_str(), TWO]);
}

#[test]
fn a_file_of_one_message_with_a_separator_belongs_to_its_folder() {
    let dir = tree(&[
        ("spam/00001.abc.txt", &mbox(&[ONE])),
        ("spam/00002.abc.txt", &mbox(&[ONE, TWO])),
        ("Sent", &mbox(&[ONE])),
    ]);
    let found = list(dir.path(), Format::Auto);
    assert_eq!(found[0], "Sent|Sent#0|First.");
    assert_eq!(found[1], "spam|spam/00001.abc.txt|First.");
    assert!(found[2].starts_with("spam/00002.abc.txt|spam/00002.abc.txt#0|"));
    assert_eq!(found.len(), 4);
}

#[test]
fn other_programs_trees_are_read() {
    let dir = tree(&[
        ("Inbox", &mbox(&[ONE, TWO])),
        ("Inbox.msf", "// <!-- <mdb:mork"),
        ("Inbox.sbd/Work", &mbox(&[ONE, TWO])),
        ("Apple.mbox/mbox", &mbox(&[ONE])),
        ("Apple.mbox/Messages/1.emlx", &format!("{}\n{ONE}<plist>\n", ONE.len())),
    ]);
    let found = list(dir.path(), Format::Auto);
    let folders: Vec<_> = found.iter().map(|line| line.split('|').next().unwrap()).collect();
    assert_eq!(folders, ["Apple", "Apple", "Inbox", "Inbox", "Inbox/Work", "Inbox/Work"]);
    assert!(found[0].ends_with("1.emlx|First."));
}

#[test]
fn flags_come_from_status_fields_and_labels() {
    let flags = |header: &str| mbox::flags(format!("{header}\n\nStatus: R\n").as_bytes());
    assert_eq!(flags("Status: RO\nX-Status: AF"), [Flag::Seen, Flag::Answered, Flag::Flagged]);
    assert_eq!(flags("Status: O"), []);
    assert_eq!(flags("X-Mozilla-Status: 1003"), [Flag::Seen, Flag::Answered, Flag::Forwarded]);
    assert_eq!(flags("X-Gmail-Labels: Inbox,Starred"), [Flag::Seen, Flag::Flagged]);
    assert_eq!(flags("X-Gmail-Labels: Inbox,Unread"), []);
}

#[test]
fn what_cannot_be_opened_is_named() {
    let dir = tree(&[("note.txt", "hello"), ("one.eml", ONE)]);
    let at = |name| dir.path().join(name);
    let error = |name, format| open(&at(name), format).unwrap_err();
    assert!(matches!(error("none", Format::Auto), Error::Missing { .. }));
    assert!(error("none", Format::Auto).to_string().contains("none"));
    assert!(matches!(error("note.txt", Format::Auto), Error::NotMail { .. }));
    assert!(matches!(error("one.eml", Format::Maildir), Error::NoMaildir { .. }));
    assert!(matches!(error(".", Format::Maildir), Error::NoMaildir { .. }));
    assert_eq!(open(&at("one.eml"), Format::Auto).unwrap().count(), 1);
    assert_eq!(open(&at("one.eml"), Format::Eml).unwrap().count(), 1);
    assert!(matches!(error("one.eml", Format::Mbox), Error::NotMail { .. }));
}

#[cfg(unix)]
#[test]
fn links_out_are_refused_and_odd_things_named() {
    use std::os::unix::fs::symlink;
    let outside = tree(&[("secret.eml", ONE)]);
    let dir = tree(&[("a/1.eml", ONE), ("z.eml", TWO)]);
    symlink(outside.path().join("secret.eml"), dir.path().join("b.eml")).unwrap();
    symlink(outside.path(), dir.path().join("c")).unwrap();
    symlink(dir.path().join("a"), dir.path().join("d")).unwrap();
    symlink(dir.path().join("a/1.eml"), dir.path().join("e.eml")).unwrap();
    symlink(dir.path().join("nowhere"), dir.path().join("f.eml")).unwrap();
    symlink(dir.path(), dir.path().join("a/loop")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    let name = fs::canonicalize(dir.path()).unwrap();
    let root = name.file_name().unwrap().to_str().unwrap();
    assert_eq!(
        list(dir.path(), Format::Auto),
        [
            "a|a/1.eml|First.".to_owned(),
            "!b.eml".to_owned(),
            "!c".to_owned(),
            format!("{root}|e.eml|First."),
            "!f.eml".to_owned(),
            "!socket".to_owned(),
            format!("{root}|z.eml|Second."),
        ]
    );
    drop(socket);
}

#[cfg(unix)]
#[test]
fn a_folder_without_rights_is_named_and_the_walk_goes_on() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tree(&[("a/1.eml", ONE), ("b/2.eml", TWO)]);
    let locked = dir.path().join("a");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    let found = list(dir.path(), Format::Auto);
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    // The superuser may read anything.
    if found.first().is_some_and(|first| first.starts_with('!')) {
        assert_eq!(found, ["!a", "b|b/2.eml|Second."]);
    } else {
        assert_eq!(found.len(), 2);
    }
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_stay_apart() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tree(&[]);
    for name in [&b"\xff.eml"[..], b"\xfe.eml"] {
        fs::write(dir.path().join(OsStr::from_bytes(name)), ONE).unwrap();
    }
    let keys: Vec<_> = open(dir.path(), Format::Auto).unwrap().map(|m| m.unwrap().key).collect();
    assert_eq!(keys, ["\\xfe.eml", "\\xff.eml"]);
}
