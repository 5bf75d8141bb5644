//! What can be asked wrongly or cannot be done: one line that names it, a hint, the right exit
//! status, and nothing lost.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::kit::json::Import;
use crate::kit::{Answer, Home, mail, text, tools};

const COULD_NOT: i32 = 1;
const ASKED_WRONGLY: i32 = 2;

#[test]
fn a_missing_path() {
    let home = Home::new();
    let missing = text(&home.folder("nowhere"));
    home.run(["import", &missing]).refused(COULD_NOT, &[&missing]);
    assert!(!home.store().exists(), "a typing mistake made a store");
    // The first path is fine, the second is not: said before anything is done.
    let good = home.folder("good");
    mail::folder(&good, &mail::some(3));
    home.run(["import", "--words-only", &text(&good), &missing]).refused(COULD_NOT, &[&missing]);
}

#[test]
fn a_file_that_is_no_mail() {
    let home = Home::new();
    let picture = home.folder("picture.png");
    std::fs::write(&picture, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01").expect("it is written");
    home.run(["import", "--words-only", &text(&picture)])
        .refused(COULD_NOT, &["picture.png", "not mail"]);
    let empty = home.folder("empty.eml");
    std::fs::write(&empty, b"").expect("it is written");
    home.run(["import", "--words-only", &text(&empty)]).refused(COULD_NOT, &["empty.eml"]);
}

#[test]
fn files_that_are_no_mail_among_mail_are_counted_and_named() {
    let home = Home::new();
    let folder = home.folder("mixed");
    mail::folder(&folder, &mail::some(5));
    std::fs::write(folder.join("picture.png"), b"\x89PNG\r\n\x1a\n\0\0\0\r").expect("written");
    std::fs::write(folder.join("list.zip"), b"PK\x03\x04\x14\0\0\0\x08\0").expect("written");
    let import = home.ask::<Import>(&["import", "--words-only", &text(&folder)]).only();
    assert_eq!((import.seen, import.added, import.unreadable), (7, 5, 2), "{import:?}");
    assert!(import.problems.iter().any(|problem| problem.contains("picture.png")), "{import:?}");
}

#[test]
fn a_folder_without_mail() {
    let home = Home::new();
    let folder = home.folder("nothing");
    std::fs::create_dir_all(folder.join("below")).expect("a folder");
    std::fs::write(folder.join("below/notes.bin"), [0u8; 64]).expect("a file");
    home.run(["import", "--words-only", "--format", "maildir", &text(&folder)])
        .refused(COULD_NOT, &["no Maildir"]);
    let answer = home.run(["import", "--words-only", &text(&folder)]);
    assert_eq!(answer.status, Some(COULD_NOT), "nothing in it was mail: {answer:?}");
    assert!(answer.err.contains("notes.bin"), "{answer:?}");
}

/// Runs the program as somebody who is not root. Root reads every folder.
fn as_nobody(home: &Home, args: &[&str]) -> Option<Answer> {
    if !tools::is_root() {
        return Some(home.run(args));
    }
    if !tools::have("setpriv") {
        return None;
    }
    // The program and the home must be reachable for somebody else.
    let place = home.folder("for-nobody");
    std::fs::create_dir_all(&place).expect("a folder");
    let program = place.join("postroom");
    std::fs::copy(crate::kit::program(), &program).expect("it is copied");
    for path in [home.folder(""), place.clone()] {
        open_to(&path, 0o755);
    }
    let private = place.join("home");
    let mut command = std::process::Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program)
        .arg("--home")
        .arg(&private)
        .args(args)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    open_to(&place, 0o777);
    Some(Answer::of(command))
}

fn open_to(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn a_folder_without_rights() {
    let home = Home::new();
    let folder = home.folder("locked");
    mail::folder(&folder, &mail::some(3));
    open_to(&folder, 0o000);
    let answer = as_nobody(&home, &["import", "--words-only", &text(&folder)]);
    open_to(&folder, 0o755);
    if let Some(answer) = answer {
        answer.refused(COULD_NOT, &["locked", "denied"]);
    }
}

#[test]
fn a_file_without_rights_among_mail() {
    let home = Home::new();
    let folder = home.folder("partly");
    mail::folder(&folder, &mail::some(3));
    open_to(&folder.join("000001.eml"), 0o000);
    let answer = as_nobody(&home, &["import", "--words-only", &text(&folder)]);
    if let Some(answer) = answer {
        let answer = answer.done();
        assert!(answer.out.contains("2 messages added"), "{answer:?}");
        assert!(answer.err.contains("000001.eml"), "{answer:?}");
        assert!(answer.out.contains("1 not readable") && !answer.out.contains("not mail"));
    }
}

#[test]
fn a_home_that_cannot_be_made() {
    let home = Home::new();
    let file = home.folder("file");
    std::fs::write(&file, b"in the way").expect("it is written");
    let folder = home.folder("good");
    mail::folder(&folder, &mail::some(3));
    let mut command = std::process::Command::new(crate::kit::program());
    command.env_clear().arg("--home").arg(file.join("home")).args(["import", &text(&folder)]);
    let answer = Answer::of(command);
    assert_eq!(answer.status, Some(COULD_NOT), "{answer:?}");
    assert!(answer.err.contains("postroom.db") || answer.err.contains("home"), "{answer:?}");
    assert_eq!(std::fs::read(&file).expect("it is there"), b"in the way");
}

#[test]
fn an_mbox_that_breaks_off() {
    let home = Home::new();
    let whole = home.folder("whole.mbox");
    mail::mbox(&whole, &mail::some(10));
    let bytes = std::fs::read(&whole).expect("it was just written");
    let mut last = bytes.len();
    // Cut in the last body, in its header, and in its separator.
    for (name, keep) in [("body", 20), ("header", 250), ("separator", 0)] {
        let cut: PathBuf = home.folder(&format!("{name}.mbox"));
        let start = bytes.windows(6).rposition(|window| window == b"\nFrom ").expect("a separator");
        let end = match name {
            "body" => bytes.len() - keep,
            "header" => start + 100,
            _ => start + 8,
        };
        assert!(end < last);
        last = end;
        std::fs::write(&cut, &bytes[..end]).expect("it is written");
        let import = home.ask::<Import>(&["import", "--words-only", &text(&cut)]).only();
        assert!(import.seen >= 9 && import.added + import.known >= 9, "{name}: {import:?}");
    }
    // What stood before the cut is there, whole.
    for at in 0..9 {
        assert!(!home.found(&format!("number{at}word")).is_empty(), "message {at} is lost");
    }
}

#[test]
fn an_unknown_id() {
    let home = Home::with(&mail::some(3));
    for command in ["show", "thread", "why", "draft"] {
        home.run([command, "4711"]).refused(COULD_NOT, &["4711"]);
        home.run([command, "mid:<nowhere@example.org>"])
            .refused(COULD_NOT, &["nowhere@example.org"]);
        home.run([command, "seven"]).refused(ASKED_WRONGLY, &["seven"]);
    }
    for args in [
        &["outbox", "show", "9"][..],
        &["outbox", "approve", "9", "--digest", "ab"],
        &["outbox", "reject", "9"],
        &["outbox", "approve", "9"],
        &["outbox", "edit", "9"],
    ] {
        home.run(args).refused(COULD_NOT, &["letter 9"]);
    }
    home.run(["undo", "4711"]).refused(COULD_NOT, &["4711"]);
    home.run(["show", "99999999999999999999"]).refused(ASKED_WRONGLY, &["99999999999999999999"]);
    home.run(["show", "-1"]).refused(ASKED_WRONGLY, &[]);
}

#[test]
fn any_query_is_answered_or_refused_at_once() {
    let home = Home::with(&mail::some(3));
    let nots = "NOT ".repeat(20_000);
    let brackets = "(".repeat(20_000);
    // A megabyte, in as many arguments as the system wants.
    let parts: Vec<String> = (0..10).map(|at| format!("a{at} ").repeat(35_000)).collect();
    let long: Vec<&str> = parts.iter().map(String::as_str).collect();
    for (query, hint) in [
        (vec![nots.as_str()], "at most"),
        (vec![brackets.as_str()], "at most"),
        (long, "at most"),
        (vec!["AND"], ""),
        (vec!["OR"], ""),
        (vec!["NOT"], ""),
        (vec!["a OR"], ""),
        (vec!["-"], "all mail"),
        (vec!["()"], "all mail"),
        (vec![""], "all mail"),
        (vec!["fron:ada x"], "`from:`"),
        (vec!["subjct:x"], "`subject:`"),
        (vec!["has:wings"], "has:attachment"),
        (vec!["before:2026-02-30"], "2026-03-02"),
        (vec!["date:2026-13..2026-14"], "2026-03-02"),
    ] {
        let began = std::time::Instant::now();
        let args: Vec<&str> =
            ["search", "--mode", "words", "--"].iter().chain(&query).copied().collect();
        let answer = home.run(args);
        let seconds = began.elapsed().as_secs_f64();
        assert!(seconds < 1.0, "{:.40}: {seconds:.1} s", query[0]);
        let answer = answer.refused(ASKED_WRONGLY, &[]);
        assert!(answer.err.contains(hint), "{:.40}: {}", query[0], answer.err);
    }
}

#[test]
fn queries_that_cannot_be_understood() {
    let home = Home::with(&mail::some(3));
    let deep = format!("{}a{}", "(".repeat(20_000), ")".repeat(20_000));
    let long = "word ".repeat(20_000);
    for query in [
        "(a OR b",
        "a)",
        "((a)",
        "\"a b",
        "from:",
        "before:yesterdayish",
        "is:nothing",
        "tier:foo",
        "kind:foo",
        "date:2026-13",
        &deep,
        &long,
    ] {
        for command in ["search", "count", "triage"] {
            let answer = home.run([command, "--", query]);
            assert_eq!(answer.status, Some(ASKED_WRONGLY), "{command} {query:.40}: {answer:?}");
            answer.refused(ASKED_WRONGLY, &[]);
        }
    }
}

#[test]
fn a_time_that_is_none() {
    let home = Home::with(&mail::some(3));
    let mut command = std::process::Command::new(crate::kit::program());
    command.env_clear().args(["--home", &text(home.path()), "--as-of", "noon", "count", "*"]);
    Answer::of(command).refused(ASKED_WRONGLY, &["noon"]);
    home.run(["brief", "--since", "noon"]).refused(ASKED_WRONGLY, &["noon"]);
    home.run(["owed", "--within", "soon"]).refused(ASKED_WRONGLY, &["soon"]);
    home.run(["triage", "--budget", "soon"]).refused(ASKED_WRONGLY, &["soon"]);
}

#[test]
fn an_export_into_a_folder_that_holds_something() {
    let home = Home::with(&mail::some(3));
    let taken = home.folder("taken");
    std::fs::create_dir_all(&taken).expect("a folder");
    std::fs::write(taken.join("mail.mbox"), b"dear to somebody").expect("a file");
    home.run(["export", "--format", "mbox", &text(&taken)]).refused(COULD_NOT, &["taken"]);
    assert_eq!(std::fs::read(taken.join("mail.mbox")).expect("it is there"), b"dear to somebody");
}

#[test]
fn a_configuration_with_a_typing_mistake() {
    let home = Home::with(&mail::some(3));
    for (config, word) in [
        ("[me]\nadresses = [\"ada@example.org\"]\n", "adresses"),
        ("[me\n", "config.toml"),
        ("[me]\ntime_zone = \"Europe/Atlantis\"\n", "Atlantis"),
        ("[me]\nwork = { days = [\"someday\"], hours = \"09:00-17:00\" }\n", "someday"),
        ("[me]\nwork = { days = [\"mon\"], hours = \"17:00-09:00\" }\n", "17:00"),
    ] {
        std::fs::write(home.path().join("config.toml"), config).expect("it is written");
        home.run(["count", "*"]).refused(ASKED_WRONGLY, &[word]);
    }
}

#[test]
fn a_broken_configuration_locks_nobody_out() {
    let home = Home::with(&mail::some(3));
    let config = home.path().join("config.toml");
    for broken in [&b"[me]\n\nadresses = []\n"[..], b"[me]\nname = \"\xff\"\n"] {
        std::fs::write(&config, broken).expect("it is written");
        home.run(["count", "*"]).refused(if broken.contains(&0xff) { 1 } else { 2 }, &["config"]);
        for args in [
            &["config", "path"][..],
            &["privacy"],
            &["completions", "bash"],
            &["man", &text(&home.folder("man"))],
            &["demo", "--keep", &text(&home.folder("demo"))],
        ] {
            home.run(args).done();
        }
        assert_ne!(home.run(["config", "show"]).status, Some(0));
        let doctor = home.run(["doctor"]);
        assert_eq!(doctor.status, Some(1), "{doctor:?}");
        assert!(doctor.out.contains("no config readable"), "{doctor:?}");
    }
    std::fs::write(&config, "[me]\n\nadresses = []\n").expect("it is written");
    assert!(home.run(["doctor"]).out.contains("line 3"));
    std::fs::remove_file(&config).expect("it is there");
    let doctor = home.run(["doctor"]);
    assert!(doctor.out.contains("ok config not there"), "{doctor:?}");
}

#[test]
fn places_that_cannot_be_written() {
    let home = Home::with(&mail::some(3));
    let file = home.folder("file");
    std::fs::write(&file, b"in the way").expect("it is written");
    let below = text(&file.join("below"));
    home.run(["export", &below]).refused(COULD_NOT, &["below"]);
    home.run(["man", &below]).refused(COULD_NOT, &["below"]);
    home.run(["brief", "--html", &below]).refused(COULD_NOT, &["below"]);
    if Path::new("/dev/full").exists() {
        let mut command = home.command(["count", "*"]);
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
        command.stdout(full);
        Answer::of(command).refused(COULD_NOT, &["writing the answer"]);
    }
}

#[test]
fn the_reader_of_the_output_goes_away() {
    let home = Home::with(&mail::some(200));
    for args in [
        &["search", "--mode", "words", "--limit", "1000", "*"][..],
        &["--json", "search", "--mode", "words", "--limit", "1000", "*"],
        &["log"],
    ] {
        let mut child = home.command(args).spawn().expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {err}");
        assert!(!err.contains("panicked") && !err.contains("Broken pipe"), "{args:?}: {err}");
    }
}

#[test]
fn what_clap_refuses_is_asked_wrongly() {
    let home = Home::new();
    for args in [
        &["nonsense"][..],
        &["search"],
        &["show"],
        &["export", "--format", "pdf", "x"],
        &["import"],
    ] {
        let answer = home.run(args);
        assert_eq!(answer.status, Some(ASKED_WRONGLY), "{args:?}: {answer:?}");
        assert!(!answer.err.is_empty() && answer.out.is_empty(), "{args:?}: {answer:?}");
    }
    for me in ["ada", "ada@", "Ada <ada@example.org>"] {
        home.run(["import", "--me", me, "."]).refused(ASKED_WRONGLY, &["--me", me]);
    }
    let answer = home.run(["--threads", "0", "log"]);
    assert!(!answer.err.contains("For more"), "{answer:?}");
    answer.refused(ASKED_WRONGLY, &["0 is not in 1..=512"]);
    home.run(["outbox", "settle", "1"]).refused(ASKED_WRONGLY, &["--arrived", "--lost"]);
}
