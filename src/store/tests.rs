//! The store's promises.

use super::*;
use crate::mail::{MessageId, ThreadId, UnixSeconds};

const NOW: UnixSeconds = UnixSeconds(1_772_442_000);

pub(super) fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    (dir, store)
}

pub(super) fn mail(head: &str, body: &str) -> String {
    format!("From: Ada <ada@example.org>\nTo: Ben <ben@example.org>\n{head}\n\n{body}\n")
}

/// Takes mails in as one import, each in a folder of its own.
#[track_caller]
pub(super) fn take(store: &mut Store, location: &str, mails: &[&str]) -> Vec<Outcome> {
    let batch: Vec<Incoming> = mails
        .iter()
        .enumerate()
        .map(|(at, raw)| {
            Incoming::new(format!("f{at}"), format!("k{at}"), "S".into(), raw.as_bytes())
        })
        .collect();
    let mut acceptor = store.accept_from(location, NOW).expect("begun");
    let outcomes = acceptor.accept(&batch).expect("accepted");
    acceptor.finish(location).expect("finished");
    outcomes
}

pub(super) fn dated(minute: u32, rest: &str) -> String {
    format!("Date: Mon, 02 Mar 2026 09:{minute:02}:00 +0100\n{rest}")
}

#[test]
fn a_message_is_kept_once_and_remembers_its_folders() {
    let (_dir, mut store) = store();
    let one = mail(&dated(0, "Message-ID: <1@example.org>\nSubject: Hello"), "Same words.");
    let renamed = mail(&dated(0, "Message-ID: <2@example.org>\nSubject: Hello"), "Same   words.");
    let outcomes = take(&mut store, "a", &[&one, &one, &renamed]);
    let id = MessageId(1);
    assert_eq!(outcomes, [Outcome::Added(id), Outcome::Known(id), Outcome::Known(id)]);
    assert_eq!(store.header(id).expect("there").folders, ["f0", "f1", "f2"]);
    assert_eq!(store.raw(id).expect("raw"), one.as_bytes());
}

#[test]
fn a_copy_dated_in_another_zone_is_the_same_message_in_another_folder_or_among_sent_mail() {
    let (_dir, mut store) = store();
    let at = |hour: u32| {
        mail(&format!("Date: Mon, 02 Mar 2026 {hour:02}:07:09 +0000\nSubject: Plan"), "Words.")
    };
    let outcomes = take(&mut store, "a", &[&at(3), &at(13)]);
    assert_eq!(outcomes[1], Outcome::Known(MessageId(1)));
    let mut lying_in = |folder: &str, text: &str| {
        let hourly: Vec<Incoming> = [15, 16]
            .iter()
            .map(|hour| {
                let raw = at(*hour).replace("Words.", text);
                Incoming::new(folder.into(), hour.to_string(), String::new(), raw.as_bytes())
            })
            .collect();
        let mut acceptor = store.accept_from(folder, NOW).expect("begun");
        acceptor.accept(&hourly).expect("accepted")
    };
    let outcomes = lying_in("notices", "All is well.");
    assert!(matches!(outcomes[..], [Outcome::Added(_), Outcome::Added(_)]), "{outcomes:?}");
    let outcomes = lying_in("allen/_sent_mail", "Sent once, filed twice.");
    assert!(matches!(outcomes[..], [Outcome::Added(_), Outcome::Known(_)]), "{outcomes:?}");
}

#[test]
fn mail_forged_in_the_users_name_is_not_theirs() {
    let (_dir, mut store) = store();
    store.add_own_addresses(&["ada@example.org".to_owned()], Origin::Told).expect("told");
    let result = "Authentication-Results: mx.example.org; spf=fail; dkim=none; dmarc=fail";
    let from = |minute: u32, more: &str| {
        mail(&dated(minute, &format!("{more}Subject: Pay {minute}")), "Pay me.")
    };
    let forged = from(0, &format!("{result}\n"));
    let outcomes = take(&mut store, "a", &[&forged, &from(1, "")]);
    assert_eq!(outcomes.len(), 2);
    let own = |store: &Store, id: i64| store.header(MessageId(id)).expect("there").own;
    assert!(!own(&store, 1) && own(&store, 2));
    // A copy among sent mail says that it was sent.
    let copy = Incoming::new("Sent".into(), "x".into(), String::new(), forged.as_bytes());
    let mut acceptor = store.accept_from("b", NOW).expect("begun");
    acceptor.accept(&[copy]).expect("accepted");
    assert!(own(&store, 1));
}

#[test]
fn one_message_id_with_other_content_loses_nothing() {
    let (_dir, mut store) = store();
    let head = dated(0, "Message-ID: <1@example.org>\nSubject: Hello");
    let (one, footer) = (mail(&head, "Words."), mail(&head, "Words.\n\nlist footer"));
    let other_time = mail(&dated(5, "Message-ID: <1@example.org>\nSubject: Hello"), "Other.");
    let outcomes = take(&mut store, "a", &[&one, &footer, &other_time]);
    assert_eq!(outcomes[1], Outcome::Known(MessageId(1)));
    assert_eq!(outcomes[2], Outcome::Added(MessageId(2)), "an id used twice is two messages");
    let blobs: i64 = store
        .connection
        .query_row("SELECT count(*) FROM blobs", [], |row| row.get(0))
        .expect("counted");
    assert_eq!(blobs, 3);
}

#[test]
fn importing_again_adds_nothing_and_leaves_no_line_in_the_journal() {
    let (_dir, mut store) = store();
    let one = mail(&dated(0, "Subject: Hello"), "Words.");
    take(&mut store, "a", &[&one]);
    let before = (store.generation().expect("read"), store.journal(10).expect("read").len());
    assert_eq!(take(&mut store, "a", &[&one]), [Outcome::Seen(MessageId(1))]);
    let after = (store.generation().expect("read"), store.journal(10).expect("read").len());
    assert_eq!(before, after);
}

#[track_caller]
fn check_threads(mails: &[String], expected: &[i64]) {
    let (_dir, mut store) = store();
    let mails: Vec<&str> = mails.iter().map(String::as_str).collect();
    take(&mut store, "a", &mails);
    let threads: Vec<i64> =
        store.headers(&Scope::default()).expect("read").iter().map(|h| h.thread.0).collect();
    assert_eq!(threads, expected);
}

#[test]
fn references_make_threads_in_any_order() {
    let root = mail(&dated(0, "Message-ID: <r@example.org>\nSubject: Plan"), "One.");
    let reply = mail(
        &dated(1, "Message-ID: <a@example.org>\nIn-Reply-To: <r@example.org>\nSubject: Re: Plan"),
        "Two.",
    );
    let deep = mail(
        &dated(
            2,
            "Message-ID: <b@example.org>\nReferences: <r@example.org> <a@example.org>\nSubject: Other",
        ),
        "Three.",
    );
    check_threads(&[root.clone(), reply.clone(), deep.clone()], &[1, 1, 1]);
    check_threads(&[deep, root, reply], &[1, 1, 1]);
}

#[test]
fn siblings_whose_parent_is_not_here_share_a_thread() {
    let reply = |id: &str, minute: u32| {
        mail(
            &dated(
                minute,
                &format!(
                    "Message-ID: <{id}@example.org>\nReferences: <gone@example.org>\nSubject: {id}"
                ),
            ),
            id,
        )
    };
    check_threads(&[reply("x", 0), reply("y", 1)], &[1, 1]);
}

#[test]
fn a_message_that_joins_two_threads_brings_them_together() {
    let lone = |id: &str, minute| {
        mail(&dated(minute, &format!("Message-ID: <{id}@example.org>\nSubject: {id}")), id)
    };
    let joint = mail(
        &dated(
            3,
            "Message-ID: <j@example.org>\nReferences: <x@example.org> <y@example.org>\nSubject: j",
        ),
        "joint",
    );
    check_threads(&[lone("x", 0), lone("y", 1), joint], &[1, 1, 1]);
}

#[test]
fn without_references_a_reply_finds_its_thread_by_subject_and_people() {
    let ask = mail(&dated(0, "Subject: Lunch"), "Lunch?");
    let reply = "From: ben@example.org\nTo: ada@example.org\nDate: Mon, 02 Mar 2026 10:00:00 +0100\nSubject: RE: lunch\n\nYes.\n".to_owned();
    let stranger = "From: eve@example.net\nTo: list@example.net\nDate: Mon, 02 Mar 2026 10:00:00 +0100\nSubject: Re: Lunch\n\nBuy.\n".to_owned();
    let newsletter = mail(&dated(9, "Subject: Lunch"), "A second issue of the same title.");
    check_threads(
        &[ask.clone(), reply.clone(), stranger, newsletter],
        // The last is no reply itself, but the thread holds one from the same people.
        &[1, 1, 3, 1],
    );
    let year_later = reply.replace("2026", "2027");
    check_threads(&[ask, year_later], &[1, 2]);
}

#[test]
fn two_mails_of_one_subject_without_a_reply_stay_apart() {
    let issue = |minute, body| mail(&dated(minute, "Subject: Weekly report"), body);
    check_threads(&[issue(0, "One."), issue(1, "Two.")], &[1, 2]);
}

#[test]
fn undoing_an_import_takes_its_mail_and_no_other() {
    let (_dir, mut store) = store();
    let shared = mail(&dated(0, "Subject: Shared"), "Both.");
    let lone = mail(&dated(1, "Subject: Lone"), "One.");
    take(&mut store, "a", &[&shared]);
    take(&mut store, "b", &[&shared, &lone]);
    let generation = store.generation().expect("read");
    let entry = store.undo(None, NOW).expect("undone");
    assert_eq!(entry.undone, Some(NOW));
    assert_eq!(store.ids().expect("read"), [MessageId(1)]);
    assert_eq!(store.header(MessageId(1)).expect("there").folders, ["f0"]);
    assert!(store.generation().expect("read") > generation, "derived data must notice");
    // Ids are never used again.
    let again = take(&mut store, "c", &[&lone]);
    assert_eq!(again, [Outcome::Added(MessageId(3))]);
    assert!(matches!(store.undo(Some(entry.n), NOW), Err(Error::Undo { .. })));
}

#[test]
fn an_interrupted_import_goes_on_in_the_same_entry() {
    let (_dir, mut store) = store();
    let one = mail(&dated(0, "Subject: One"), "1");
    let two = mail(&dated(1, "Subject: Two"), "2");
    let incoming =
        |key: &str, raw: &str| Incoming::new("f".into(), key.into(), String::new(), raw.as_bytes());
    store.accept_from("a", NOW).expect("begun").accept(&[incoming("1", &one)]).expect("accepted");
    let mut acceptor = store.accept_from("a", NOW).expect("taken up");
    assert_eq!(acceptor.places().expect("read").len(), 1);
    acceptor.accept(&[incoming("1", &one), incoming("2", &two)]).expect("accepted");
    assert_eq!(acceptor.finish("a").expect("finished"), 2);
    assert_eq!(store.journal(10).expect("read").len(), 1);
}

#[test]
fn a_letter_takes_each_step_once() {
    let (_dir, mut store) = store();
    let id = store.add_letter("{}", None, NOW).expect("added");
    assert!(matches!(store.begin_sending(id), Err(Error::LetterState { .. })));
    assert!(store.approve_letter(id, "other", "digest", b"bytes", NOW).is_err(), "changed since");
    store.approve_letter(id, "{}", "digest", b"bytes", NOW).expect("approved");
    assert!(store.approve_letter(id, "{}", "digest", b"bytes", NOW).is_err());
    store.begin_sending(id).expect("taken");
    assert!(store.begin_sending(id).is_err(), "a second process must not get it");
    assert!(store.edit_letter(id, "{}").is_err());
    store.begin_data(id).expect("in doubt from here");
    assert_eq!(store.letter(id).expect("there").state, LetterState::Unknown);
    store.end_sending(id, LetterState::Sent, "250 ok", NOW).expect("sent");
    assert!(store.begin_sending(id).is_err(), "what was sent is never sent again");
    assert_eq!(store.letter(id).expect("there").sent, Some(NOW));
}

#[test]
fn a_change_makes_an_approved_letter_a_draft() {
    let (_dir, mut store) = store();
    let id = store.add_letter("{}", Some(MessageId(4)), NOW).expect("added");
    store.approve_letter(id, "{}", "digest", b"bytes", NOW).expect("approved");
    store.edit_letter(id, "{\"a\":1}").expect("changed");
    let row = store.letter(id).expect("there");
    assert_eq!((row.state, row.digest.as_str(), row.bytes.len()), (LetterState::Draft, "", 0));
    assert_eq!(row.in_reply_to, Some(MessageId(4)));
}

#[test]
fn a_store_of_a_newer_version_is_refused_untouched() {
    let (dir, store) = store();
    store.connection.pragma_update(None, "user_version", 99).expect("set");
    drop(store);
    assert!(matches!(Store::open(dir.path()), Err(Error::Newer { found: 99, .. })));
}

#[test]
fn a_store_of_an_earlier_version_is_brought_up_to_date_with_its_mail() {
    for version in 1..SCHEMA.len() {
        let dir = tempfile::tempdir().expect("a folder");
        let connection = Connection::open(dir.path().join(FILE_NAME)).expect("made");
        for sql in &SCHEMA[..version] {
            connection.execute_batch(sql).expect("as it was");
        }
        connection.pragma_update(None, "user_version", version as u32).expect("set");
        connection.pragma_update(None, "application_id", APPLICATION_ID).expect("set");
        connection.execute_batch("INSERT INTO marks VALUES ('kept', 'yes')").expect("written");
        drop(connection);
        let mut store = Store::open(dir.path()).expect("opened");
        assert_eq!(store.mark("kept").expect("read").as_deref(), Some("yes"));
        take(&mut store, "a", &[&mail(&dated(0, "Subject: One"), "1")]);
        assert!(store.begin_sync().expect("begun") < store.begin_sync().expect("begun"));
        assert_eq!(store.integrity().expect("checked"), Vec::<String>::new());
    }
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(
        dir.path().join(FILE_NAME),
        "not a database, just words, long enough to look at",
    )
    .expect("written");
    assert!(matches!(Store::open(dir.path()), Err(Error::Foreign { .. } | Error::Sql { .. })));
    assert!(matches!(
        Store::open_existing(&dir.path().join("nowhere")),
        Err(Error::Missing { .. })
    ));
}

#[test]
fn damaged_raw_bytes_are_named_not_returned() {
    let (_dir, mut store) = store();
    take(&mut store, "a", &[&mail(&dated(0, "Subject: One"), "1")]);
    store.connection.execute("UPDATE blobs SET data = x'00ff'", []).expect("damaged");
    assert!(matches!(store.raw(MessageId(1)), Err(Error::Damaged { .. })));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let outer = tempfile::tempdir().expect("a folder");
    let dir = outer.path().join("data");
    let store = Store::open(&dir).expect("a store");
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&dir), mode(store.path())), (0o700, 0o600));
}

#[test]
fn derived_rows_are_replaced_and_forgotten() {
    let (_dir, mut store) = store();
    take(&mut store, "a", &[&mail(&dated(0, "Subject: One"), "1")]);
    let id = MessageId(1);
    let reading =
        |version: &str| ReadingRow { message: id, version: version.into(), data: "{}".into() };
    let entry = EntryRow { message: id, ordinal: 0, kind: "ask".into(), data: "{}".into() };
    store.put_readings(&[reading("1")], std::slice::from_ref(&entry)).expect("stored");
    store.put_readings(&[reading("2")], &[entry]).expect("replaced");
    assert_eq!(store.reading(id, "1").expect("read"), None);
    assert!(store.reading(id, "2").expect("read").is_some());
    assert_eq!(store.entries_of(id).expect("read").len(), 1);
    store.forget_derived().expect("forgotten");
    let all = (UnixSeconds(0), UnixSeconds(i64::MAX));
    assert_eq!(store.unread_by("2", all.0, all.1).expect("read"), [id]);
    assert!(store.entries("", all.0, all.1).expect("read").is_empty());
    assert_eq!(store.thread(ThreadId(1)).expect("read").len(), 1);
}
