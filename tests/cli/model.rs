//! `model`: what is built in, what is added, and what becomes of it. `flows/fetch.rs` has the hub.

use sha2::{Digest as _, Sha256};

use crate::kit::gguf::{gguf, sha256};
use crate::kit::json::{Bench, Checked, Envelope, Model, VerifiedModel};
use crate::kit::{Home, hub, mail, text};

const COULD_NOT: i32 = 1;
const ASKED_WRONGLY: i32 = 2;

/// A GGUF file beside the home.
fn file(home: &Home, name: &str, architecture: &str) -> (String, Vec<u8>) {
    let (path, bytes) = (home.folder(name), gguf(architecture, 5_000));
    std::fs::write(&path, &bytes).expect("it is written");
    (text(&path), bytes)
}

fn find(home: &Home, name: &str) -> Option<Model> {
    home.ask::<Model>(&["model", "list"]).items.into_iter().find(|model| model.name == name)
}

#[test]
fn the_models_are_the_ones_in_the_registry() {
    let home = Home::new();
    let models = home.ask::<Model>(&["model", "list"]).items;
    let (readers, writers): (Vec<&Model>, Vec<&Model>) =
        models.iter().partition(|model| model.role == "reader");
    assert_eq!(readers.len(), 4);
    for model in readers {
        assert!(model.here && model.in_use, "{model:?}");
        let file =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(&model.file);
        let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", model.file));
        let digest: String =
            Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((model.bytes, &model.sha256), (bytes.len() as u64, &digest), "{}", model.file);
    }
    assert!(writers.len() >= 6, "{writers:?}");
    for model in writers {
        assert!(model.role == "writer" && !model.here && !model.in_use, "{model:?}");
        assert!(model.memory_bytes > model.bytes && model.sha256.len() == 64, "{model:?}");
        assert!(model.licence.as_deref() == Some("Apache-2.0"), "{model:?}");
    }
}

#[test]
fn the_list_says_what_each_is_for() {
    let home = Home::new();
    let (path, _) = file(&home, "mine.gguf", "llama");
    home.run(["model", "add", &path]).done();
    let list = home.run(["model", "list"]).done();
    insta::assert_snapshot!(list.out);
    assert!(!list.err.contains("no writer is in use"), "{}", list.err);
    assert!(list.out.lines().all(|line| line.chars().count() <= 110), "{}", list.out);
}

/// `model fetch` as a person types it on a terminal, who answers `answer`.
fn typed(home: &Home, answer: &str) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = ["postroom", "--home", &text(home.path()), "model", "fetch"];
    let surroundings = postroom::cli::Surroundings {
        input: &mut answer.as_bytes(),
        out: &mut out,
        err: &mut err,
        // Standard error is none, so that no bar is drawn.
        terminals: [true, true, false],
        width: 100,
        now: postroom::mail::UnixSeconds(1_772_442_000),
        variable: &|name| (name == "NO_COLOR").then(|| "1".into()),
        companion: None,
    };
    let status = postroom::cli::run(&args, surroundings);
    let said = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status, said(out), said(err))
}

#[test]
fn a_person_is_asked_whether_the_suggested_one_is_wanted() {
    let home = Home::new();
    let host = hub::Host::new(|_, _| hub::Reply::status("503 Service Unavailable"));
    host.is_hub_of(&home);
    let (status, out, err) = typed(&home, "\n");
    if status == 1 && err.contains("no writer fits") {
        return; // True of a machine with hardly any memory.
    }
    assert_eq!(status, 3, "only a yes is a yes: {out}{err}");
    for words in ["for this machine (", "qwen3-", "a download of ", "Apache-2.0", "fetch it? [y/N]"]
    {
        assert!(out.contains(words), "{out:?} does not say {words:?}");
    }
    assert!(host.asked().is_empty());
    let (status, _, err) = typed(&home, "y\n");
    assert_eq!(status, 1, "{err}");
    assert!(err.contains("answers 503") && err.contains("hint: "), "{err}");
    assert_eq!(host.asked().len(), 1);
    assert!(host.asked()[0].path.contains("/Qwen3-"), "{:?}", host.asked());
}

#[test]
fn a_bench_says_what_it_measured() {
    let home = Home::new();
    let rows = home.ask::<Bench>(&["model", "bench", "--phase", "embed", "--tokens", "32"]).items;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].phase.as_str(), rows[0].tokens), ("embed", 32));
    assert_eq!(rows[0].device, "cpu");
    assert!(rows[0].tokens_per_second.is_some_and(|rate| rate > 0.0) && rows[0].seconds > 0.0);
    assert!(rows[0].threads >= 1 && rows[0].memory_bytes > 0);
    home.run(["model", "bench", "nobody"]).refused(ASKED_WRONGLY, &["nobody"]);
    home.run(["model", "bench", "qwen3-4b"]).refused(COULD_NOT, &["qwen3-4b", "not here"]);
    home.run(["model", "bench", "--phase", "decode"]).refused(ASKED_WRONGLY, &["no such phase"]);
}

#[test]
fn a_writer_comes_stays_and_goes() {
    let home = Home::new();
    let (path, bytes) = file(&home, "My First.gguf", "qwen2");
    let added = home.ask::<Model>(&["model", "add", &path]).only();
    assert_eq!((added.name.as_str(), added.file.as_str()), ("my-first", "my-first.gguf"));
    assert!(added.here && added.in_use, "the first is put in use: {added:?}");
    assert_eq!((&added.sha256, added.bytes), (&sha256(&bytes), bytes.len() as u64));
    let (second, _) = file(&home, "second.gguf", "llama");
    let added = home.ask::<Model>(&["model", "add", &second, "--name", "other"]).only();
    assert!(added.here && !added.in_use, "{added:?}");
    // It is ours now: the original may go.
    std::fs::remove_file(&second).expect("it is there");
    let used = home.ask::<Model>(&["model", "use", "other"]).only();
    assert!(used.in_use && !find(&home, "my-first").expect("it stays").in_use);
    let answer = home.run(["model", "remove", "other"]).done();
    assert!(answer.err.contains("it was in use"), "{answer:?}");
    assert!(find(&home, "other").is_none());
    assert!(!find(&home, "my-first").expect("it stays").in_use, "no other was asked for");
    let removed = home.ask::<Model>(&["model", "remove", "my-first"]).only();
    assert!(!removed.here && !removed.in_use);
    assert!(std::path::Path::new(&path).exists(), "the user's own file stays");
    let left = std::fs::read_dir(home.path().join("models")).expect("a folder");
    let mut left: Vec<_> = left.map(|entry| entry.expect("an entry").file_name()).collect();
    left.sort();
    assert_eq!(left, ["busy", "models.lock.toml", "unfinished"]);
}

#[test]
fn files_that_are_no_writer() {
    let home = Home::new();
    let write = |name: &str, bytes: &[u8]| {
        let path = home.folder(name);
        std::fs::write(&path, bytes).expect("it is written");
        text(&path)
    };
    let whole = gguf("llama", 5_000);
    for (path, word) in [
        (write("notes.txt", b"dear diary"), "not a GGUF"),
        (write("empty.gguf", b""), "not a GGUF"),
        (write("cut.gguf", &whole[..whole.len() - 500]), "cut short"),
        (write("header.gguf", &whole[..60]), "cut short"),
        (write("encoder.gguf", &gguf("bert", 64)), "an encoder"),
        (write("other.gguf", &gguf("mamba", 64)), "mamba"),
        (text(home.path().parent().expect("a folder")), "not a file"),
        (text(&home.folder("nowhere.gguf")), "nowhere.gguf"),
    ] {
        home.run(["model", "add", &path]).refused(COULD_NOT, &[word]);
    }
    let good = write("good.gguf", &whole);
    for name in ["qwen3-0.6b", "a/b", "..", "a b"] {
        let answer = home.run(["model", "add", &good, "--name", name]);
        assert!(matches!(answer.status, Some(COULD_NOT | ASKED_WRONGLY)), "{name}: {answer:?}");
    }
    assert!(!home.path().join("models/models.lock.toml").exists(), "nothing was taken in");
    home.run(["model", "add", &good]).done();
    home.run(["model", "add", &good]).refused(COULD_NOT, &["it is here as good"]);
}

#[test]
fn names_that_are_not_here() {
    let home = Home::new();
    for verb in ["use", "remove"] {
        home.run(["model", verb, "nobody"]).refused(ASKED_WRONGLY, &["nobody"]);
        home.run(["model", verb, "minilm-l6-v2-q8"]).refused(ASKED_WRONGLY, &["built in"]);
        let answer = home.run(["model", verb, "qwen3-4b"]).refused(COULD_NOT, &["not here"]);
        assert!(answer.err.contains("model fetch qwen3-4b"), "{}", answer.err);
    }
}

#[test]
fn verifying_finds_a_changed_byte() {
    let home = Home::new();
    let (path, _) = file(&home, "a.gguf", "llama");
    home.run(["model", "add", &path]).done();
    let verified = home.ask::<VerifiedModel>(&["model", "verify"]).items;
    assert_eq!(verified.len(), 5, "four built in, one added");
    assert!(verified.iter().all(|file| file.ok), "{verified:?}");
    let kept = home.path().join("models/a.gguf");
    let mut bytes = std::fs::read(&kept).expect("it is here");
    bytes[4_000] ^= 1;
    std::fs::write(&kept, &bytes).expect("it is ours");
    let answer = home.run(["--json", "model", "verify"]);
    let items = Envelope::<VerifiedModel>::read("model", &answer.out).items;
    assert!(items.iter().any(|file| !file.ok && file.name == "a" && file.problem.is_some()));
    answer.refused(COULD_NOT, &["a.gguf", "sha256"]);
    std::fs::write(&kept, &bytes[..4_000]).expect("it is ours");
    home.run(["model", "verify"]).refused(COULD_NOT, &["a.gguf", "4000 bytes"]);
    std::fs::remove_file(&kept).expect("it is ours");
    home.run(["model", "verify"]).refused(COULD_NOT, &["a.gguf"]);
    assert!(find(&home, "a").is_some_and(|model| !model.here && !model.in_use));
    home.run(["model", "remove", "a"]).done();
    home.run(["model", "verify"]).done();
}

#[test]
fn a_damaged_lock_file_loses_nothing() {
    let home = Home::new();
    let (path, _) = file(&home, "a.gguf", "llama");
    home.run(["model", "add", &path]).done();
    let lock_file = home.path().join("models/models.lock.toml");
    let good = std::fs::read_to_string(&lock_file).expect("it is here");
    for (bad, word) in [
        (good.replace("form = 1", "form = 9"), "form 9"),
        (good.replace("\"a.gguf\"", "\"../../a\""), "is no name"),
        (good[..good.len() / 2].to_owned(), "line"),
    ] {
        std::fs::write(&lock_file, &bad).expect("it is ours");
        for args in [&["model", "list"][..], &["model", "use", "a"], &["model", "remove", "a"]] {
            home.run(args).refused(COULD_NOT, &["models.lock.toml", word]);
        }
        assert_eq!(std::fs::read_to_string(&lock_file).expect("it is here"), bad, "untouched");
    }
    std::fs::write(&lock_file, good).expect("it is ours");
    assert!(find(&home, "a").is_some_and(|model| model.here));
}

#[test]
fn doctor_knows_the_writer() {
    let home = Home::with(&mail::some(3));
    let writer = |home: &Home| {
        let answer = home.run(["--json", "doctor"]);
        let items = Envelope::<Checked>::read("doctor", &answer.out).items;
        items.into_iter().find(|item| item.name == "writer").expect("a line").hint
    };
    assert!(writer(&home).starts_with("none"), "{}", writer(&home));
    let (path, _) = file(&home, "a.gguf", "llama");
    home.run(["model", "add", &path]).done();
    assert_eq!(writer(&home), "a writes drafts, on cpu");
    // Random weights write nothing that can be sent: code looks at it, and says why it is put aside.
    let drafted = home.run(["draft", "1"]).done();
    let put_aside = drafted.err.contains("the text of the writer a was put aside");
    assert!(put_aside || drafted.out.contains("writer a"), "{drafted:?}");
    // Its file is damaged afterwards: it cannot be opened, and everything works without it.
    let place = home.path().join("models/a.gguf");
    let whole = std::fs::read(&place).expect("it is there");
    std::fs::remove_file(&place).expect("it is ours");
    std::fs::write(&place, vec![0; whole.len()]).expect("it is ours");
    assert!(writer(&home).contains("opening the writer a"), "{}", writer(&home));
    let drafted = home.run(["draft", "1"]).done();
    assert!(drafted.err.contains("going on without a writer"), "{}", drafted.err);
    // It is not opened where it has nothing to write.
    let calls = ["draft", "1", "--call"];
    let says_nothing = ["compose", "--to", "bert@example.org"];
    for args in [&calls[..], &says_nothing] {
        let written = home.run(args).done();
        assert!(!written.err.contains("without a writer"), "{args:?}: {}", written.err);
    }
}
