//! The store: from a newer version, no store at all, damaged, read by others.

use std::os::unix::fs::PermissionsExt as _;

use crate::kit::{Home, mail, text};

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let home = Home::with(&mail::some(20));
    let connection = rusqlite::Connection::open(home.store()).expect("it is a database");
    connection.pragma_update(None, "user_version", 99).expect("it can be written");
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("written through");
    drop(connection);
    let before = std::fs::read(home.store()).expect("it can be read");
    let maildir = text(&home.folder("mail"));
    for args in
        [&["search", "x"][..], &["import", &maildir], &["triage"], &["undo"], &["show", "1"]]
    {
        home.run(args).refused(1, &["version 99", "postroom.db"]);
    }
    assert!(std::fs::read(home.store()).expect("it can be read") == before, "it was changed");
}

#[test]
fn another_database_is_left_alone() {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).expect("a folder");
    let connection = rusqlite::Connection::open(home.store()).expect("a new database");
    connection
        .execute_batch("CREATE TABLE recipes (name TEXT); PRAGMA user_version = 1;")
        .expect("it can be written");
    drop(connection);
    home.run(["search", "x"]).refused(1, &["not a Postroom store"]);
    std::fs::write(home.store(), vec![0x55; 9_000]).expect("it can be written");
    home.run(["search", "x"]).refused(1, &["not a Postroom store"]);
    assert_eq!(std::fs::read(home.store()).expect("it can be read"), vec![0x55; 9_000]);
}

#[test]
fn without_mail_every_command_says_how_to_begin() {
    let home = Home::new();
    for args in [
        &["search", "x"][..],
        &["count", "x"],
        &["show", "1"],
        &["thread", "1"],
        &["triage"],
        &["why", "1"],
        &["brief"],
        &["owed"],
        &["waiting"],
        &["promises"],
        &["decisions"],
        &["draft", "1"],
        &["outbox"],
        &["index", "check"],
        &["log"],
        &["undo"],
    ] {
        home.run(args).refused(1, &["no mail here yet"]);
    }
    assert!(!home.data().join("index").exists(), "looking for mail made files");
}

#[test]
fn a_damaged_store_is_named_and_not_made_worse() {
    let home = Home::with(&mail::some(300));
    // Written through, so that the main file holds everything.
    let connection = rusqlite::Connection::open(home.store()).expect("it is a database");
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("written through");
    drop(connection);
    let mut bytes = std::fs::read(home.store()).expect("it can be read");
    let length = bytes.len();
    for at in (8_192..length).step_by(4_096 * 3) {
        bytes[at..at + 512].fill(0xa5);
    }
    std::fs::write(home.store(), &bytes).expect("it can be written");
    for args in [&["search", "--mode", "words", "herring"][..], &["doctor"], &["count", "*"]] {
        let answer = home.run(args);
        assert!(answer.status.is_some(), "no signal ended it: {answer:?}");
        assert!(!answer.err.contains("panicked"), "{answer:?}");
    }
    let doctor = home.run(["doctor"]);
    assert_eq!(doctor.status, Some(1), "{doctor:?}");
}

#[test]
fn nobody_else_may_read_the_mail() {
    let home = Home::with(&mail::some(20));
    home.run(["search", "herring"]).done();
    let mode =
        |path: &std::path::Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&home.data()), 0o700);
    let mut seen = 0;
    for entry in std::fs::read_dir(home.data()).expect("it can be read") {
        let path = entry.expect("its entries too").path();
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        // The folder around shuts others out; the mail itself is private also when copied.
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("postroom.db")) {
            assert_eq!(mode(&path), expected, "{}", path.display());
        }
        seen += 1;
    }
    assert!(seen >= 2, "a store and an index");
}
