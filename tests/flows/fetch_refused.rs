//! What a hub, a network or a file can do wrong: one line, a hint, nothing half installed.

use std::net::TcpListener;

use crate::kit::gguf::{gguf, sha256};
use crate::kit::hub::{
    self, COMMIT, FILE, Host, NAME, REPOSITORY, Reply, Site, declaration, part, set_endpoint, tiny,
};
use crate::kit::json::{Connected, Model};
use crate::kit::{Answer, Home};

const COULD_NOT: i32 = 1;
const ASKED_WRONGLY: i32 = 2;
const HELD_BACK: i32 = 3;

fn fetch(home: &Home) -> Answer {
    home.run(["model", "fetch", &format!("{REPOSITORY}/{FILE}")])
}

/// Nothing is here: no model, no lock file, and as many bytes of an unfinished one as said.
#[track_caller]
fn check_nothing(home: &Home, unfinished_bytes: u64) {
    let models = home.ask::<Model>(&["model", "list"]).items;
    assert!(models.iter().all(|model| model.role == "reader" || !model.here), "{models:?}");
    let dir = home.path().join("models");
    assert!(!dir.join(FILE).exists() && !dir.join("models.lock.toml").exists());
    let unfinished = std::fs::read_dir(dir.join("unfinished")).map_or(0, |entries| {
        entries.map(|e| e.expect("an entry").metadata().expect("a file").len()).sum()
    });
    assert_eq!(unfinished, unfinished_bytes);
}

#[track_caller]
fn check_refused(home: &Home, words: &[&str], hint: &str) {
    let answer = fetch(home).refused(COULD_NOT, words);
    assert!(answer.err.contains(hint), "no {hint:?}: {}", answer.err);
}

#[test]
fn bytes_that_are_not_those_declared() {
    let home = Home::new();
    let bytes = tiny();
    let mut other = bytes.clone();
    other[1_500_000] ^= 1;
    let good = bytes.clone();
    let site =
        Site::new(&bytes, move |asked, at| part(if at == 0 { &other } else { &good }, asked.from));
    site.is_hub_of(&home);
    check_refused(&home, &[NAME, "sha256", &sha256(&bytes)], "nothing was kept");
    check_nothing(&home, 0);
    fetch(&home).done();
    assert_eq!(site.storage.asked()[1].from, None, "from the beginning");
}

#[test]
fn a_body_that_is_always_too_short() {
    let home = Home::new();
    let bytes = tiny();
    let file = bytes.clone();
    // Neither a length nor a range: only the end of the connection says that it ended.
    let site = Site::new(&bytes, move |_, _| Reply {
        head: "200 OK\r\n".into(),
        body: file[..1_000_000].to_vec(),
        holds: false,
    });
    site.is_hub_of(&home);
    check_refused(&home, &["1000000 of", "bytes"], "goes on where it stopped");
    check_nothing(&home, 1_000_000);
    let tries = site.storage.asked().len();
    assert!((2..=4).contains(&tries), "{tries} attempts");
    let good = Site::good(&bytes);
    good.is_hub_of(&home);
    fetch(&home).done();
    assert_eq!(good.storage.asked()[0].from, Some(1_000_000));
}

#[test]
fn bytes_that_do_not_end() {
    let home = Home::new();
    let bytes = tiny();
    let mut longer = bytes.clone();
    longer.resize(bytes.len() + 100_000, 0);
    let site = Site::new(&bytes, move |_, _| Reply {
        head: "200 OK\r\n".into(),
        body: longer.clone(),
        holds: false,
    });
    site.is_hub_of(&home);
    fetch(&home).done();
    let file = std::fs::read(home.path().join("models").join(FILE)).expect("it is here");
    assert!(file == bytes, "what came after the whole was not kept");
}

#[test]
fn a_hub_that_says_no() {
    for (status, hint) in [
        ("404 Not Found", "model add FILE"),
        ("401 Unauthorized", "login"),
        ("403 Forbidden", "login"),
        ("503 Service Unavailable", "later"),
        ("429 Too Many Requests", "later"),
    ] {
        let home = Home::new();
        let host = Host::new(move |_, _| Reply::status(status));
        host.is_hub_of(&home);
        check_refused(&home, &["127.0.0.1", &status[..3]], hint);
        check_nothing(&home, 0);
        assert_eq!(host.asked().len(), 1, "{status}: it was asked once");
    }
}

#[test]
fn a_storage_host_that_says_no() {
    let home = Home::new();
    let bytes = tiny();
    let site = Site::new(&bytes, |_, _| Reply::status("403 Forbidden"));
    site.is_hub_of(&home);
    check_refused(&home, &["403"], "model add FILE");
    check_nothing(&home, 0);
}

#[test]
fn a_hub_that_does_not_declare() {
    for (head, words) in [
        ("200 OK\r\nContent-Length: 9\r\nETag: \"0123\"\r\n".to_owned(), "SHA-256"),
        (declaration(b"x").replace(COMMIT, "main"), "commit"),
        (declaration(b""), "size"),
        (declaration(b"x").replace("X-Linked-Etag: \"", "X-Linked-Etag: \"../../../x"), "SHA-256"),
    ] {
        let home = Home::new();
        let head = if head.starts_with("200") { head } else { format!("200 OK\r\n{head}") };
        let host = Host::new(move |_, _| Reply { head: head.clone(), ..Reply::default() });
        host.is_hub_of(&home);
        check_refused(&home, &["does not say", words], "nothing was fetched");
        check_nothing(&home, 0);
    }
}

#[test]
fn another_file_than_the_registry_s() {
    let home = Home::new();
    let declares = declaration(&tiny());
    let host =
        Host::new(move |_, _| Reply { head: format!("200 OK\r\n{declares}"), ..Reply::default() });
    host.is_hub_of(&home);
    let answer = home.run(["model", "fetch", "qwen3-0.6b"]);
    let answer = answer.refused(COULD_NOT, &["qwen3-0.6b", "is expected", &sha256(&tiny())]);
    assert!(answer.err.contains("639 MB, Apache-2.0"), "{}", answer.err);
    check_nothing(&home, 0);
    let asked = &host.asked()[0];
    assert_eq!(asked.method, "HEAD");
    let (start, end) = asked.path.split_once("/resolve/").expect("a file of a commit");
    assert_eq!(start, "/Qwen/Qwen3-0.6B-GGUF");
    assert!(end.ends_with("/Qwen3-0.6B-Q8_0.gguf") && end.len() > 60, "{end}");
}

#[test]
fn a_file_that_is_no_writer() {
    for (bytes, words) in [
        (b"<html>not what you think".to_vec(), "not a GGUF file"),
        (gguf("bert", 1_000), "an encoder"),
        (gguf("qwen3", 1_000)[..900].to_vec(), "cut short"),
    ] {
        let home = Home::new();
        let site = Site::good(&bytes);
        site.is_hub_of(&home);
        check_refused(&home, &[FILE, words], "hint: ");
        check_nothing(&home, 0);
    }
}

#[test]
fn a_model_that_cannot_be_run_is_not_kept() {
    let home = Home::new();
    let site = Site::good(&gguf("mamba", 1_000));
    site.is_hub_of(&home);
    check_refused(&home, &["mamba"], "hint: ");
    assert!(!home.path().join("models").join(FILE).exists());
    assert!(!home.run(["model", "list"]).done().out.contains("mamba"));
}

#[test]
fn nobody_there() {
    let home = Home::new();
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    set_endpoint(&home, &format!("http://{address}"));
    check_refused(&home, &["127.0.0.1", "refused"], "network");
    check_nothing(&home, 0);
    let opened = home.ask::<Connected>(&["privacy"]).items;
    assert_eq!(opened.len(), 1, "the attempt is in the list");
    assert_eq!((opened[0].port, opened[0].bytes_in), (address.port(), 0));
}

#[test]
fn a_redirect_out_of_the_house() {
    let home = Home::new();
    let declares = declaration(&tiny());
    let host = Host::new(move |_, _| Reply {
        head: format!(
            "302 Found\r\nLocation: http://storage.example.org/x\r\nContent-Length: 0\r\n{declares}"
        ),
        ..Reply::default()
    });
    host.is_hub_of(&home);
    check_refused(&home, &["storage.example.org", "not private"], "nothing was fetched");
    check_nothing(&home, 0);
    let opened = home.ask::<Connected>(&["privacy"]).items;
    assert!(opened.iter().all(|connection| connection.host == "127.0.0.1"), "{opened:?}");
}

#[test]
fn an_endpoint_that_is_none() {
    for endpoint in ["http://hub.example.org", "hub.example.org", "ftp://127.0.0.1", ""] {
        let home = Home::new();
        set_endpoint(&home, endpoint);
        let answer = fetch(&home).refused(ASKED_WRONGLY, &["hub"]);
        assert!(answer.err.contains("[models] endpoint"), "{}", answer.err);
        check_nothing(&home, 0);
    }
}

#[test]
fn names_that_are_none() {
    let home = Home::new();
    let host = Host::new(|_, _| Reply::status("404 Not Found"));
    host.is_hub_of(&home);
    for name in
        ["nobody", "a/b", "a/b/c.bin", "a/../c.gguf", "a/b/c d.gguf", "/a/b.gguf", "a//b.gguf"]
    {
        home.run(["model", "fetch", name]).refused(ASKED_WRONGLY, &["model"]);
    }
    home.run(["model", "fetch", "minilm-l6-v2-q8"]).refused(ASKED_WRONGLY, &["built in"]);
    assert!(host.asked().is_empty(), "{:?}", host.asked());
}

#[test]
fn without_a_name_one_is_suggested_and_nobody_is_asked() {
    let home = Home::new();
    let host = Host::new(|_, _| Reply::status("404 Not Found"));
    host.is_hub_of(&home);
    let answer = home.run(["model", "fetch"]);
    // A machine with too little memory for any is told so.
    if answer.status == Some(COULD_NOT) {
        answer.refused(COULD_NOT, &["no writer fits"]);
    } else {
        let answer = answer.refused(HELD_BACK, &["nobody said yes"]);
        assert!(answer.err.contains("model fetch qwen3-"), "{}", answer.err);
        assert!(answer.err.contains("Apache-2.0") && answer.err.contains("download"), "{answer:?}");
    }
    assert!(host.asked().is_empty());
    check_nothing(&home, 0);
}

#[test]
fn a_model_of_another_repository_keeps_its_name() {
    let home = Home::new();
    let site = Site::good(&hub::tiny());
    site.is_hub_of(&home);
    fetch(&home).done();
    let other = format!("somebody/Else/{FILE}");
    home.run(["model", "fetch", &other]).refused(COULD_NOT, &["another model has that name"]);
    // The same name in another folder of the same repository is another file.
    let deeper = format!("{REPOSITORY}/deeper/{FILE}");
    home.run(["model", "fetch", &deeper]).refused(COULD_NOT, &["another model has that name"]);
    assert_eq!(site.hub.asked().len(), 2, "nothing more was asked");
}

#[test]
fn a_strangers_file_does_not_pass_for_one_of_the_registry() {
    let home = Home::new();
    let site = Site::good(&hub::tiny());
    site.is_hub_of(&home);
    let path = format!("{REPOSITORY}/qwen3-0.6b.gguf");
    home.run(["model", "fetch", &path]).refused(ASKED_WRONGLY, &["another model's name"]);
    assert!(site.hub.asked().is_empty());
}
