//! A writer is fetched from a hub on loopback, whatever happens on the way, and then nothing needs
//! the hub any more.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::kit::gguf::sha256;
use crate::kit::hub::{COMMIT, FILE, NAME, REPOSITORY, Site, part, tiny};
use crate::kit::json::{Bench, Connected, Model, VerifiedModel};
use crate::kit::tools::{self, SmallDisk};
use crate::kit::{Answer, Home};

fn path() -> String {
    format!("{REPOSITORY}/{FILE}")
}

fn fetch(home: &Home) -> Answer {
    home.run(["model", "fetch", &path()])
}

fn unfinished(home: &Home) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(home.path().join("models/unfinished")) else {
        return Vec::new();
    };
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

fn model(home: &Home) -> Option<Model> {
    home.ask::<Model>(&["model", "list"]).items.into_iter().find(|model| model.name == NAME)
}

fn connections(home: &Home) -> Vec<Connected> {
    home.ask::<Connected>(&["privacy"]).items
}

/// It is here as it should be: listed, in use, pinned, verified, and nothing lies beside it.
#[track_caller]
fn check_whole(home: &Home, bytes: &[u8]) {
    let model = model(home).expect("it is listed");
    assert!(model.here && model.in_use && model.role == "writer", "{model:?}");
    assert_eq!((model.bytes, &model.sha256), (bytes.len() as u64, &sha256(bytes)));
    assert_eq!(model.licence.as_deref(), Some("apache-2.0"));
    assert_eq!(model.context_tokens, 2_048);
    let file = home.path().join("models").join(&model.file);
    assert!(std::fs::read(&file).expect("the file is there") == bytes, "other bytes");
    assert_eq!(unfinished(home), Vec::<PathBuf>::new());
    let lock_file = std::fs::read_to_string(home.path().join("models/models.lock.toml"));
    let lock_file: toml::Table = lock_file.expect("it is there").parse().expect("TOML");
    assert_eq!(lock_file["in_use"].as_str(), Some(NAME));
    let pinned = &lock_file["model"][0];
    assert_eq!(pinned["commit"].as_str(), Some(COMMIT));
    assert_eq!(pinned["sha256"].as_str(), Some(sha256(bytes).as_str()));
    assert_eq!(
        pinned["repository"].as_str(),
        Some(format!("https://huggingface.co/{REPOSITORY}").as_str())
    );
    let verified = home.ask::<VerifiedModel>(&["model", "verify"]).items;
    let verified = verified.iter().find(|file| file.name == NAME).expect("it is verified");
    assert!(verified.ok && verified.problem.is_none(), "{verified:?}");
}

#[test]
fn a_writer_is_fetched_and_then_needs_no_network() {
    let home = Home::new();
    let bytes = tiny();
    let site = Site::good(&bytes);
    site.is_hub_of(&home);
    let answer = fetch(&home).done();
    assert!(answer.out.contains(&sha256(&bytes)) && answer.out.contains("in use"), "{answer:?}");
    assert!(answer.err.contains("127.0.0.1"), "it says whom it asks: {}", answer.err);
    check_whole(&home, &bytes);
    assert!(!home.store().exists(), "fetching opens no store");

    let opened = connections(&home);
    let hosts: Vec<(u16, &str)> = opened.iter().map(|c| (c.port, c.command.as_str())).collect();
    let (hub, storage) = (site.hub.port(), site.storage.port());
    assert_eq!(
        hosts,
        [(hub, "model fetch"), (hub, "model fetch"), (storage, "model fetch")],
        "asked what it is, asked for it, got it"
    );
    assert!(opened[2].bytes_in >= bytes.len() as u64 && opened[2].bytes_out > 50, "{opened:?}");
    assert!(opened.iter().all(|c| c.host == "127.0.0.1" && c.purpose.contains(NAME)));
    let asked = [site.hub.asked(), site.storage.asked()].concat();
    assert_eq!(asked.len(), 3, "nothing else was asked: {asked:#?}");
    assert_eq!(asked[0].path, format!("/{REPOSITORY}/resolve/main/{FILE}"));
    assert_eq!(asked[1].path, format!("/{REPOSITORY}/resolve/{COMMIT}/{FILE}"), "not main again");
    for asked in &asked {
        let headers = asked.headers.to_lowercase();
        assert!(!headers.contains("authorization") && !headers.contains("cookie"), "{headers}");
    }

    // Again: nothing is opened.
    let again = fetch(&home).done();
    assert!(again.out.contains("already"), "{again:?}");
    assert_eq!(connections(&home).len(), 3);

    drop(site);
    let wrapper: &[&str] = if tools::works("unshare", &["--net", "true"]) {
        &["unshare", "--net"]
    } else if tools::works("unshare", &["--map-root-user", "--net", "true"]) {
        &["unshare", "--map-root-user", "--net"]
    } else {
        return tools::missing("unshare may not take the network away here");
    };
    for args in [
        &["model", "list"][..],
        &["model", "verify"],
        &["model", "use", NAME],
        &["model", "fetch", &path()],
        &["model", "bench", "--phase", "embed", "--tokens", "32"],
        &["model", "remove", NAME],
    ] {
        Answer::of(home.under(wrapper, args)).done();
    }
    assert!(model(&home).is_none(), "it was removed");
    let rows = home.ask::<Bench>(&["model", "bench", "--phase", "load"]).items;
    assert_eq!(rows.len(), 1, "the reader needs no writer");
}

/// Where other programs keep what they fetched from the hub.
fn cached(home: &Home) -> PathBuf {
    let repository = format!("models--{}", REPOSITORY.replace('/', "--"));
    let folder = home.user().join(".cache/huggingface/hub").join(repository);
    folder.join("snapshots").join(COMMIT)
}

#[test]
fn what_the_hugging_face_cache_holds_is_not_fetched_again() {
    let home = Home::new();
    let bytes = tiny();
    std::fs::create_dir_all(cached(&home)).expect("a folder");
    std::fs::write(cached(&home).join(FILE), &bytes).expect("a file");
    let site = Site::good(&bytes);
    site.is_hub_of(&home);
    let answer = fetch(&home).done();
    assert!(answer.err.contains("Hugging Face cache"), "{}", answer.err);
    check_whole(&home, &bytes);
    assert_eq!((site.hub.asked().len(), site.storage.asked().len()), (1, 0), "only what it is");

    // Pinned by now: the hub is not even asked.
    drop(site);
    let model = model(&home).expect("it is listed");
    std::fs::remove_file(home.path().join("models").join(model.file)).expect("it was there");
    fetch(&home).done();
    check_whole(&home, &bytes);
    assert_eq!(connections(&home).len(), 1);
}

#[test]
fn a_damaged_file_of_the_hugging_face_cache_is_left_there_and_fetched() {
    let home = Home::new();
    let bytes = tiny();
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    std::fs::create_dir_all(cached(&home)).expect("a folder");
    std::fs::write(cached(&home).join(FILE), &damaged).expect("a file");
    let site = Site::good(&bytes);
    site.is_hub_of(&home);
    let answer = fetch(&home).done();
    assert!(answer.err.contains("Hugging Face cache"), "{}", answer.err);
    check_whole(&home, &bytes);
    assert_eq!(site.storage.asked().len(), 1, "fetched whole");
    assert!(std::fs::read(cached(&home).join(FILE)).expect("it is there") == damaged);
}

#[test]
fn a_broken_connection_is_taken_up_where_it_broke() {
    let home = Home::new();
    let bytes = tiny();
    let file = bytes.clone();
    let site = Site::new(&bytes, move |asked, at| {
        let mut reply = part(&file, asked.from);
        if at < 3 {
            reply.body.truncate(700_000);
        }
        reply
    });
    site.is_hub_of(&home);
    let answer = fetch(&home).done();
    assert!(answer.err.contains("trying again"), "{}", answer.err);
    check_whole(&home, &bytes);
    let from: Vec<Option<usize>> = site.storage.asked().iter().map(|asked| asked.from).collect();
    assert_eq!(from, [None, Some(700_000), Some(1_400_000), Some(2_100_000)]);
    assert_eq!(connections(&home).len(), 1 + 2 * 4, "each attempt is in the list");
}

#[test]
fn a_host_that_cannot_go_on_begins_again() {
    let home = Home::new();
    let bytes = tiny();
    let file = bytes.clone();
    let site = Site::new(&bytes, move |_, at| {
        let mut reply = part(&file, None);
        if at == 0 {
            reply.body.truncate(1_000_000);
        }
        reply
    });
    site.is_hub_of(&home);
    fetch(&home).done();
    check_whole(&home, &bytes);
    assert_eq!(site.storage.asked()[1].from, Some(1_000_000), "it was asked to");
}

#[test]
fn killed_in_the_middle_it_goes_on_from_there() {
    let home = Home::new();
    let bytes = tiny();
    let file = bytes.clone();
    let site = Site::new(&bytes, move |asked, at| {
        let mut reply = part(&file, asked.from);
        if at == 0 {
            reply.body.truncate(1_200_000);
            reply.holds = true;
        }
        reply
    });
    site.is_hub_of(&home);
    let mut child = home.command(["model", "fetch", &path()]).spawn().expect("it starts");
    let deadline = Instant::now() + Duration::from_mins(1);
    let size = |file: &PathBuf| std::fs::metadata(file).map_or(0, |file| file.len());
    while unfinished(&home).iter().map(size).sum::<u64>() < 1_200_000 {
        assert!(Instant::now() < deadline, "nothing comes");
        assert!(child.try_wait().expect("it runs").is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");

    assert!(model(&home).is_none(), "half a model is none");
    let opened = connections(&home);
    let last = opened.last().expect("it was written before it was opened");
    assert_eq!((last.port, last.bytes_in), (site.storage.port(), 0));

    let answer = fetch(&home).done();
    assert!(answer.err.contains("going on after 1 MB of 3 MB"), "{}", answer.err);
    assert_eq!(site.storage.asked()[1].from, Some(1_200_000));
    check_whole(&home, &bytes);
}

#[test]
fn killed_before_any_rename_it_still_gets_there() {
    if !tools::have("strace") {
        return;
    }
    if !tools::works("strace", &["-f", "-o", "/dev/null", "true"]) {
        return tools::missing("strace may not trace here");
    }
    let bytes = tiny();
    let mut kills = 0;
    // The model's rename, then the lock file's.
    for at in [1, 2] {
        let home = Home::new();
        let site = Site::good(&bytes);
        site.is_hub_of(&home);
        let inject = format!("inject=rename,renameat,renameat2:signal=KILL:when={at}");
        let wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
        let answer = Answer::of(home.under(&wrapper, ["model", "fetch", &path()]));
        kills += usize::from(answer.status != Some(0));
        assert!(model(&home).is_none(), "killed at rename {at}");
        fetch(&home).done();
        assert_eq!(site.storage.asked().len(), 1, "what was here whole is not fetched again");
        check_whole(&home, &bytes);
    }
    assert_eq!(kills, 2);
}

#[test]
fn a_full_disk_keeps_what_came_and_goes_on_when_there_is_room() {
    let bytes = tiny();
    let site = Site::good(&bytes);
    let place = tempfile::tempdir().expect("a temporary folder");
    let Some(disk) = SmallDisk::mount(&place.path().join("disk"), 1_600) else {
        if !tools::is_root() {
            eprintln!("skipped: only root may mount a small disk");
            return;
        }
        return tools::missing("a small disk cannot be mounted");
    };
    let home = Home::at(&place.path().join("disk/home"));
    site.is_hub_of(&home);
    for _ in 0..2 {
        let answer = fetch(&home).refused(1, &["No space left"]);
        assert!(answer.err.contains("free some space"), "{}", answer.err);
        assert!(model(&home).is_none());
    }
    disk.grow(20_000);
    fetch(&home).done();
    check_whole(&home, &bytes);
    let last = site.storage.asked().last().expect("it was asked").from;
    assert!(last.is_some_and(|from| from > 500_000), "it went on: {last:?}");
}

#[test]
fn two_do_not_fetch_at_once() {
    let home = Home::new();
    let bytes = tiny();
    let file = bytes.clone();
    let site = Site::new(&bytes, move |asked, at| {
        let mut reply = part(&file, asked.from);
        reply.holds = at == 0;
        if reply.holds {
            reply.body.truncate(100_000);
        }
        reply
    });
    site.is_hub_of(&home);
    let mut first = home.command(["model", "fetch", &path()]).spawn().expect("it starts");
    let deadline = Instant::now() + Duration::from_mins(1);
    while site.storage.asked().is_empty() {
        assert!(Instant::now() < deadline && first.try_wait().expect("it runs").is_none());
        std::thread::sleep(Duration::from_millis(5));
    }
    fetch(&home).refused(1, &["another postroom"]);
    home.run(["model", "list"]).done();
    first.kill().expect("it runs");
    first.wait().expect("it ends");
    fetch(&home).done();
    check_whole(&home, &bytes);
}

#[test]
fn a_pinned_model_whose_file_is_gone_is_fetched_as_it_was() {
    let home = Home::new();
    let bytes = tiny();
    let site = Site::good(&bytes);
    site.is_hub_of(&home);
    fetch(&home).done();
    let file = home.path().join("models").join(FILE);
    std::fs::remove_file(&file).expect("it was here");
    assert!(model(&home).is_some_and(|model| !model.here && !model.in_use));
    fetch(&home).done();
    check_whole(&home, &bytes);
    let again = &site.hub.asked()[2];
    assert_eq!(again.path, format!("/{REPOSITORY}/resolve/{COMMIT}/{FILE}"), "the pinned commit");

    // The repository has something else under that commit now: it is not taken.
    std::fs::remove_file(&file).expect("it was here");
    let other = Site::good(&crate::kit::gguf::gguf("llama", 50_000));
    other.is_hub_of(&home);
    fetch(&home).refused(1, &["is expected", &sha256(&bytes)]);
    assert!(!file.exists() && unfinished(&home).is_empty());
    assert!(other.storage.asked().is_empty(), "its bytes were not even asked for");
}

#[test]
fn a_file_in_the_way_is_never_written_into() {
    let bytes = tiny();
    for in_the_way in [b"dear to somebody".to_vec(), vec![7; 4_000_000]] {
        let home = Home::new();
        let site = Site::good(&bytes);
        site.is_hub_of(&home);
        // What a killed `model add` may leave: a second name of the user's own file.
        let own = home.folder("own.gguf");
        std::fs::write(&own, &in_the_way).expect("it is written");
        std::fs::create_dir_all(home.path().join("models")).expect("a folder");
        std::fs::hard_link(&own, home.path().join("models").join(FILE)).expect("it is linked");
        fetch(&home).done();
        check_whole(&home, &bytes);
        assert!(std::fs::read(&own).expect("it is there") == in_the_way, "it was written into");
    }
}

#[test]
fn what_a_killed_add_left_makes_way() {
    let home = Home::new();
    let own = home.folder("own.gguf");
    std::fs::write(&own, crate::kit::gguf::gguf("llama", 9_000)).expect("it is written");
    let before = std::fs::read(&own).expect("it is there");
    let left = home.path().join("models/unfinished");
    std::fs::create_dir_all(&left).expect("a folder");
    std::fs::hard_link(&own, left.join("adding")).expect("it is linked");
    home.run(["model", "add", own.to_str().expect("plain")]).done();
    assert_eq!(unfinished(&home), Vec::<PathBuf>::new());
    assert!(std::fs::read(&own).expect("it is there") == before);
}

#[test]
fn progress_is_for_terminals() {
    let home = Home::new();
    let site = Site::good(&tiny());
    site.is_hub_of(&home);
    let answer = home.run(["--quiet", "model", "fetch", &path()]).done();
    assert_eq!(answer.err, "", "nothing but the answer");
    assert_eq!(answer.out.lines().count(), 1, "{}", answer.out);
    assert!(!answer.out.contains('\u{1b}') && !answer.out.contains('\r'));
}
