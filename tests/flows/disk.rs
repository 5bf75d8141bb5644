//! A full disk: one line, a hint, nothing lost, and it goes on when there is room.

use std::path::{Path, PathBuf};

use crate::kit::tools::{self, SmallDisk};
use crate::kit::{Answer, Home, mail, text};

/// Mail of about 4 MB that does not pack well, so that a small disk is too small for it.
fn bulky() -> Vec<Vec<u8>> {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    mail::letters(150)
        .into_iter()
        .map(|mut letter| {
            for _ in 0..400 {
                for _ in 0..6 {
                    seed ^= seed << 13;
                    seed ^= seed >> 7;
                    seed ^= seed << 17;
                    letter.body.push_str(&format!("{:012x}", seed & 0xffff_ffff_ffff));
                }
                letter.body.push('\n');
            }
            letter.bytes()
        })
        .collect()
}

fn maildir_of(home: &Home, messages: &[Vec<u8>]) -> PathBuf {
    let maildir = home.folder("mail");
    mail::maildir(&maildir, "", messages);
    maildir
}

#[track_caller]
fn check_refused(answer: Answer) {
    let answer = answer.refused(1, &["full"]);
    assert!(answer.err.contains("space"), "the hint says what to do: {}", answer.err);
}

#[test]
fn an_import_onto_a_full_disk_goes_on_when_there_is_room() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let messages = bulky();
    let whole = Home::new();
    let maildir = text(&maildir_of(&whole, &messages));
    whole.run(["import", "--words-only", &maildir]).done();
    match SmallDisk::mount(&place.path().join("disk"), 1_600) {
        Some(disk) => {
            let home = Home::at(&place.path().join("disk/home"));
            check_refused(home.run(["import", "--words-only", &maildir]));
            check_refused(home.run(["import", "--words-only", &maildir]));
            disk.grow(200_000);
            home.run(["import", "--words-only", &maildir]).done();
            assert!(home.everything() == whole.everything(), "the stores differ");
        }
        None => fill_by_strace(&whole, &maildir),
    }
}

/// Without the right to mount: every write from the Nth on finds the disk full.
fn fill_by_strace(whole: &Home, maildir: &str) {
    if !tools::have("strace") {
        return;
    }
    for at in [1, 5, 40, 200] {
        let home = Home::new();
        let inject = format!("inject=pwrite64:error=ENOSPC:when={at}+");
        let wrapper =
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", &inject];
        check_refused(Answer::of(home.under(&wrapper, ["import", "--words-only", maildir])));
        home.run(["import", "--words-only", maildir]).done();
        assert!(home.everything() == whole.everything(), "the stores differ after write {at}");
    }
}

#[test]
fn an_index_that_finds_no_room_is_made_when_there_is_some() {
    if !tools::have("strace") {
        return;
    }
    let home = Home::with(&mail::some(100));
    let before = home.everything();
    std::fs::remove_dir_all(home.index()).expect("the index is there");
    let wrapper = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-P",
        &text(&home.index()),
        "-e",
        "trace=write,openat",
        "-e",
        "inject=openat:error=ENOSPC:when=3+",
    ];
    let answer = Answer::of(home.under(&wrapper, ["search", "--mode", "words", "number7word"]));
    assert_ne!(answer.status, None, "no signal ended it: {answer:?}");
    assert!(!answer.err.contains("panicked"), "{}", answer.err);
    assert_eq!(home.found("number7word").len(), 1);
    assert_eq!(home.everything(), before);
}

#[test]
fn an_export_onto_a_full_disk_says_so() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let disk = place.path().join("disk");
    let Some(_disk) = SmallDisk::mount(&disk, 200) else {
        if !tools::is_root() {
            eprintln!("skipped: only root may mount a small disk");
            return;
        }
        return tools::missing("a small disk cannot be mounted");
    };
    let home = Home::new();
    let maildir = text(&maildir_of(&home, &bulky()[..20]));
    home.run(["import", "--words-only", &maildir]).done();
    for format in ["maildir", "mbox", "jsonl"] {
        let out = text(Path::new(&disk.join(format)));
        let answer = home.run(["export", "--format", format, &out]);
        assert_eq!(answer.status, Some(1), "{format}: {answer:?}");
        assert!(answer.err.contains("No space left"), "{format}: {}", answer.err);
        std::fs::remove_dir_all(&out).expect("what was written can go");
    }
}
