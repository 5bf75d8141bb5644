//! The index is derived: lost or damaged, it is made again from the mail, by itself.

use std::path::Path;

use crate::kit::{Home, mail};

#[track_caller]
fn check(damage: impl Fn(&Path), name: &str) {
    let home = Home::with(&mail::some(80));
    let (all, some) = (home.everything(), home.found("herring"));
    assert!(!some.is_empty(), "the word is in the mail");
    damage(&home.index());
    let answer = home.run(["search", "--mode", "words", "--format", "ids", "number7word"]).done();
    assert_eq!(answer.out.lines().count(), 1, "{name}: {answer:?}");
    assert_eq!(home.found("herring"), some, "{name}: another answer than before");
    assert_eq!(home.count(), 80, "{name}");
    assert_eq!(home.everything(), all, "{name}: the store changed");
    home.run(["search", "--mode", "words", "number7word"]).done();
}

fn files(index: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = walk(index).into_iter().filter(|path| path.is_file()).collect();
    files.sort();
    assert!(!files.is_empty(), "the index has files");
    files
}

fn walk(dir: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(dir)
        .expect("the folder can be read")
        .map(|entry| entry.expect("its entries too").path())
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .collect()
}

#[test]
fn a_lost_index_is_made_again() {
    check(|index| std::fs::remove_dir_all(index).expect("it is there"), "no folder");
}

#[test]
fn an_emptied_index_is_made_again() {
    check(
        |index| {
            for file in files(index) {
                std::fs::write(file, b"").expect("it can be written");
            }
        },
        "empty files",
    );
}

#[test]
fn an_index_of_rubbish_is_made_again() {
    check(
        |index| {
            for file in files(index) {
                let length = file.metadata().expect("it is there").len() as usize;
                std::fs::write(file, vec![0xa5; length]).expect("it can be written");
            }
        },
        "rubbish",
    );
}

#[test]
fn an_index_without_its_list_of_segments_is_made_again() {
    check(
        |index| {
            for file in files(index) {
                if file.file_name().is_some_and(|name| name == "meta.json") {
                    std::fs::write(file, b"{\"segments\": [").expect("it can be written");
                }
            }
        },
        "meta.json cut short",
    );
}

#[test]
fn an_index_with_one_file_cut_short_is_made_again() {
    let endings: std::collections::BTreeSet<String> = {
        let home = Home::with(&mail::some(80));
        files(&home.index())
            .iter()
            .filter_map(|file| file.extension().and_then(|e| e.to_str()).map(str::to_owned))
            .filter(|ending| !["lock", "json"].contains(&ending.as_str()))
            .collect()
    };
    assert!(endings.len() >= 4, "an index has files of several kinds: {endings:?}");
    for ending in endings {
        check(
            |index| {
                for file in files(index) {
                    if file.extension().is_some_and(|e| e.to_str() == Some(&ending)) {
                        let bytes = std::fs::read(&file).expect("it can be read");
                        std::fs::write(file, &bytes[..bytes.len() / 2]).expect("and written");
                    }
                }
            },
            &format!(".{ending} cut short"),
        );
    }
}

#[test]
fn a_damaged_file_of_vectors_is_no_obstacle() {
    let home = Home::with(&mail::some(40));
    std::fs::write(home.data().join("vectors.i8"), b"rubbish").expect("it can be written");
    assert_eq!(home.found("number7word").len(), 1);
    let answer = home.run(["index", "check"]);
    assert_eq!(answer.status, Some(1), "no vectors: not complete: {answer:?}");
    assert!(answer.out.contains("40 of 40"), "{}", answer.out);
}

#[test]
fn a_check_says_what_is_missing_and_mends_nothing() {
    let home = Home::with(&mail::some(40));
    std::fs::remove_dir_all(home.index()).expect("it is there");
    let answer = home.run(["index", "check"]);
    assert_eq!(answer.status, Some(1), "{answer:?}");
    assert_eq!(home.run(["index", "check"]).status, Some(1), "it was mended by looking");
}

#[test]
fn a_search_beside_another_process_that_indexes_answers_with_what_is_there() {
    let home = Home::with(&mail::some(40));
    let some = home.found("herring");
    // What the other process holds while it writes.
    let lock = files(&home.index())
        .into_iter()
        .find(|file| file.file_name().is_some_and(|name| name == ".tantivy-writer.lock"));
    let lock = std::fs::File::open(lock.expect("the index has a lock")).expect("it opens");
    lock.lock().expect("it is free");
    let more = home.folder("more");
    mail::maildir(&more, "", &[mail::Letter::new("Late", "A zeppelin came in.").bytes()]);
    let busy = home.run(["import", "--words-only", &crate::kit::text(&more)]);
    assert_eq!(busy.status, Some(1), "{busy:?}");
    assert!(busy.err.contains("written by another process"), "{}", busy.err);
    let answer = home.run(["search", "--mode", "words", "--format", "ids", "herring"]).done();
    assert!(answer.err.contains("not searched yet"), "{}", answer.err);
    assert_eq!(answer.out.lines().count(), some.len());
    assert!(home.run(["search", "zeppelin"]).done().err.contains("nothing found"));
    drop(lock);
    assert_eq!(home.found("zeppelin").len(), 1, "it comes in when the other is done");
}
