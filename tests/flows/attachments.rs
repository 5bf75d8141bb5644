//! Attachments: what they say is found, and which one says it.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use postroom::attach::{Extractor, File, Outcome};

use crate::kit::documents::{Document, TYPES, mail_with};
use crate::kit::json::{Checked, Envelope, Hit};
use crate::kit::{Home, mail, program, text};

/// Of each type.
const DOCUMENTS: u64 = 200;

#[test]
fn the_text_of_two_hundred_made_files_of_each_type_is_found() {
    let mut extractor = Extractor::with_program(program());
    for ending in TYPES {
        let began = Instant::now();
        let mut bytes = 0;
        for seed in 0..DOCUMENTS {
            let document = Document::made(ending, seed);
            bytes += document.bytes.len();
            let file = File {
                name: &document.name,
                mime_type: document.mime_type,
                bytes: &document.bytes,
            };
            let reading = extractor.read(&file).expect("the child starts");
            let Outcome::Read { text, is_cut } = &reading.outcome else {
                panic!("{ending} {seed}: {reading:?}");
            };
            assert!(!is_cut, "{ending} {seed}");
            for said in &document.says {
                assert!(text.contains(said), "{ending} {seed}: no {said:?} in {text:?}");
            }
            assert!(!text.contains("gone"), "{ending} {seed}: what was deleted: {text:?}");
        }
        println!(
            "{ending}: {DOCUMENTS} files, {bytes} bytes in {:.0} ms",
            began.elapsed().as_secs_f64() * 1e3
        );
    }
}

/// What was said of attachments by `index check`.
fn attached(home: &Home) -> [u64; 4] {
    let check = home.run(["--json", "index", "check"]);
    let said = Envelope::<Checked>::read("index", &check.out);
    ["read", "unreadable", "unknown", "messages_waiting"]
        .map(|name| said.more["attachments"][name].as_u64().expect("a count"))
}

/// Id, attachment and snippet of the hits by words.
fn hits(home: &Home, query: &str) -> Vec<(i64, Option<String>, String)> {
    let found = home.ask::<Hit>(&["search", "--mode", "words", query]);
    found.items.into_iter().map(|hit| (hit.id, hit.part, hit.snippet)).collect()
}

fn home_with_documents() -> Home {
    let pdf = Document { name: "offer.pdf".into(), ..Document::made("pdf", 7) };
    let sheet = Document { name: "stock.xlsx".into(), ..Document::made("xlsx", 8) };
    let picture = Document {
        name: "photo.png".into(),
        mime_type: "image/png",
        bytes: b"\x89PNG\r\n\x1a\n\0\0\0".to_vec(),
        says: Vec::new(),
    };
    let broken = Document {
        name: "broken.docx".into(),
        bytes: b"PK\x03\x04 and no more".to_vec(),
        ..Document::made("docx", 9)
    };
    let mut mails = vec![
        mail_with("Two files", "Both are attached.", &[pdf, sheet]),
        mail_with("A picture", "Look at this.", &[picture]),
        mail_with("Broken", "This one broke on the way.", &[broken]),
    ];
    mails.extend(mail::some(10));
    Home::with(&mails)
}

#[test]
fn attachments_come_after_words_and_are_found_by_what_they_say() {
    let home = home_with_documents();
    // Words come first, names of files among them.
    assert_eq!(home.found("filename:offer").len(), 1);
    assert!(home.found("pdf7xfirst").is_empty());
    assert_eq!(attached(&home), [0, 0, 0, 3]);
    home.run(["index", "embed"]).done();
    assert_eq!(attached(&home), [2, 1, 1, 0]);
    home.run(["index", "check"]).done();
    let [(id, part, snippet)] = &hits(&home, "pdf7xfirst")[..] else { panic!("not found") };
    assert_eq!(part.as_deref(), Some("offer.pdf"));
    assert!(snippet.contains("pdf7xfirst"), "{snippet}");
    let (other, part, snippet) = &hits(&home, "\"Prüfstand xlsx8xmiddle\"")[0];
    assert_eq!((other, part.as_deref()), (id, Some("stock.xlsx")));
    assert!(snippet.contains("xlsx8xmiddle"), "{snippet}");
    // What the message says itself is no hit in an attachment.
    let (same, part, _) = &hits(&home, "both attached")[0];
    assert_eq!((same, part), (id, &None));
    let broken = home.found("broke").pop().expect("it is found").to_string();
    let shown = home.run(["show", &broken]).done().out;
    assert!(shown.contains("attachment 1 cannot be read: its list of contents"), "{shown}");
    assert_eq!(hits(&home, "filename:stock")[0].1.as_deref(), Some("stock.xlsx"));
    let answer = home.run(["search", "--mode", "words", "pdf7xfirst"]).done();
    assert!(answer.out.contains("in offer.pdf: "), "{}", answer.out);
}

#[test]
fn kinds_of_attachments_can_be_asked_for() {
    let home = home_with_documents();
    let check = |home: &Home| {
        for (query, count) in [
            ("has:attachment", 3),
            ("has:pdf", 1),
            ("has:spreadsheet", 1),
            ("has:image", 1),
            ("has:document", 1),
            ("has:presentation", 0),
            ("NOT has:attachment", 10),
        ] {
            assert_eq!(home.found(query).len(), count, "{query}");
        }
    };
    check(&home);
    home.run(["index", "embed"]).done();
    check(&home);
}

#[test]
fn what_was_read_stays_until_everything_is_made_anew() {
    let home = home_with_documents();
    home.run(["index", "embed"]).done();
    let id = home.found("pdf7xlast");
    assert_eq!(id.len(), 1);
    std::fs::remove_dir_all(home.index()).expect("it is there");
    assert_eq!(home.found("pdf7xlast"), id, "the index alone was lost");
    home.run(["index", "rebuild"]).done();
    assert_eq!(home.found("pdf7xlast"), id);
    assert_eq!(attached(&home), [2, 1, 1, 0]);
    // An import does all of it, and a second one nothing.
    let again = Home::new();
    let folder = again.folder("mail");
    mail::folder(&folder, &[mail_with("One", "See it.", &[Document::made("odt", 3)])]);
    let path = text(&folder);
    again.run(["import", "--me", "ada@example.org", &path]).done();
    assert_eq!(hits(&again, "odt3xmiddle").len(), 1);
    again.run(["import", &path]).done();
    assert_eq!(attached(&again), [1, 0, 0, 0]);
}

#[test]
fn the_child_has_its_pipes_and_nothing_else() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let mut child = Command::new(program())
        .arg("__attach")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    // It says hello once it is locked in.
    let mut hello = [0; 16];
    child.stdout.as_mut().expect("a pipe").read_exact(&mut hello).expect("it says hello");
    let of = |name: &str| {
        std::fs::read_to_string(format!("/proc/{}/{name}", child.id())).expect("it runs")
    };
    let (limits, status) = (of("limits"), of("status"));
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).expect(name);
        line[name.len()..].split_whitespace().next().expect("a limit").to_owned()
    };
    assert_eq!(limit("Max address space"), (300 << 20).to_string());
    assert_eq!(limit("Max open files"), "3");
    assert_eq!(limit("Max file size"), "0");
    assert_eq!(limit("Max core file size"), "0");
    assert!(status.lines().any(|line| line == "Seccomp:\t2"), "{status}");
    assert!(status.lines().any(|line| line == "Threads:\t1"), "{status}");
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}
