use std::io::Write as _;
use std::net::TcpListener;

use super::*;

const ASKED: Asked<'_> = Asked { name: "a", repository: "x/y", revision: "main", file: "a.gguf" };
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn hub(endpoint: &str) -> (tempfile::TempDir, Hub) {
    let dir = tempfile::tempdir().expect("a folder");
    let log = ConnectionLog::in_dir(dir.path());
    let hub = Hub::at(endpoint, log, "2026-03-02T09:00:00Z").expect("a hub");
    (dir, hub)
}

/// A host that says each of `answers` to one connection, then is gone. Gives back its address.
fn host_saying(answers: Vec<String>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                request.push(byte[0]);
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

#[track_caller]
fn check_endpoint(endpoint: &str, expected: Option<&str>) {
    let dir = tempfile::tempdir().expect("a folder");
    let hub = Hub::at(endpoint, ConnectionLog::in_dir(dir.path()), "");
    let why = hub.err().map(|error| error.to_string());
    match (&why, expected) {
        (None, None) => {}
        (Some(why), Some(words)) => assert!(why.contains(words), "{why}"),
        _ => panic!("{endpoint}: {why:?}"),
    }
}

#[test]
fn plain_text_is_for_loopback_alone() {
    check_endpoint("https://huggingface.co", None);
    check_endpoint("https://mirror.example.org/hub/", None);
    check_endpoint("http://127.0.0.1:8080", None);
    check_endpoint("http://[::1]:8080", None);
    check_endpoint("http://localhost", None);
    check_endpoint("http://huggingface.co", Some("loopback"));
    check_endpoint("http://127.0.0.1.example.org", Some("loopback"));
    check_endpoint("http://localhost.example.org", Some("loopback"));
    check_endpoint("ftp://example.org", Some("https"));
    check_endpoint("https://", Some("address"));
    check_endpoint("huggingface.co", Some("https"));
    check_endpoint("https://me:secret@example.org", Some("more than"));
    check_endpoint("https://example.org/?x=y", Some("more than"));
    check_endpoint("", Some("address"));
}

#[test]
fn the_address_of_a_file_keeps_the_endpoint_s_path() {
    let (_dir, hub) = hub("https://mirror.example.org/hub/");
    let uri = hub.address(ASKED).expect("an address");
    assert_eq!(uri.to_string(), "https://mirror.example.org/hub/x/y/resolve/main/a.gguf");
}

#[test]
fn redirects_stay_private() {
    let (_dir, hub) = hub("https://huggingface.co");
    let may = |uri: &str| hub.may_ask(&uri.parse().expect("an address"));
    assert!(may("https://storage.example.org/x?signature=y"));
    assert!(!may("http://storage.example.org/x"));
    assert!(!may("http://127.0.0.1/x"), "from outside nobody sends us to ourselves");
    assert!(!may("https://me:secret@storage.example.org/x"));
    assert!(!may("ftp://storage.example.org/x"));
}

#[test]
fn what_is_declared_is_checked() {
    let check = |headers: &[(&'static str, &'static str)], expected: Result<u64, &str>| {
        let mut map = HeaderMap::new();
        for (key, value) in headers {
            map.insert(*key, value.parse().expect("a value"));
        }
        match (declared(&map, "a", "hub"), expected) {
            (Ok(declared), Ok(bytes)) => {
                assert_eq!((declared.bytes, declared.commit.as_str()), (bytes, COMMIT));
            }
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (found, expected) => panic!("{headers:?}: {found:?}, not {expected:?}"),
        }
    };
    const DIGEST: &str = "\"9465e63a22add5354d9bb4b99e90117043c7124007664907259bd16d043bb031\"";
    const BLOB: &str = "\"0123456789abcdef0123456789abcdef01234567\"";
    let (commit, digest) = (("x-repo-commit", COMMIT), ("x-linked-etag", DIGEST));
    check(&[commit, digest, ("x-linked-size", "7")], Ok(7));
    // The linked etag and size are the file's, the others the answer's.
    check(
        &[commit, digest, ("etag", BLOB), ("x-linked-size", "7"), ("content-length", "0")],
        Ok(7),
    );
    check(&[commit, ("etag", DIGEST), ("content-length", "9")], Ok(9));
    check(&[commit, ("etag", BLOB), ("content-length", "9")], Err("SHA-256"));
    check(&[commit, ("etag", "\"../../x\""), ("content-length", "9")], Err("SHA-256"));
    check(&[digest, ("x-linked-size", "7")], Err("commit"));
    check(&[("x-repo-commit", "main"), digest, ("x-linked-size", "7")], Err("commit"));
    check(&[commit, digest], Err("size"));
    check(&[commit, digest, ("x-linked-size", "0")], Err("size"));
    check(&[commit, digest, ("x-linked-size", "99999999999999")], Err("size"));
}

#[test]
fn a_redirect_that_leads_nowhere_ends() {
    let check = |location: &str, words: &str| {
        let answer = format!("HTTP/1.1 302 Found\r\n{location}Content-Length: 0\r\n\r\n");
        let endpoint = host_saying(vec![answer; REDIRECTS_MAX + 1]);
        let (_dir, hub) = hub(&endpoint);
        let error = hub.declare(ASKED).expect_err("nowhere").to_string();
        assert!(error.contains(words), "{error:?} does not say {words:?}");
    };
    check("", "without saying where");
    check("Location: /again\r\n", "more than 5 times");
    check("Location: elsewhere\r\n", "elsewhere");
    check("Location: http://storage.example.org/x\r\n", "not private");
    check("Location: file:///etc/passwd\r\n", "sends us to");
}

#[test]
fn a_host_that_says_nothing_is_left() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let (dir, hub) = hub(&endpoint);
    let hub = hub.with_patience(Duration::from_millis(150));
    let error = hub.declare(ASKED).expect_err("silence").to_string();
    assert!(error.contains("no answer in time"), "{error}");
    let opened = ConnectionLog::in_dir(dir.path()).read().expect("a list");
    assert_eq!(opened.len(), 1, "it is in the list all the same");
    assert_eq!((opened[0].bytes_in, opened[0].host.as_str()), (0, "127.0.0.1"));
}

#[test]
fn a_host_that_stops_in_the_middle_is_left() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let holds = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
        // Held open: nothing more comes, and no end.
        std::thread::sleep(Duration::from_millis(600));
        drop(stream);
    });
    let (_dir, hub) = hub(&endpoint);
    let hub = hub.with_patience(Duration::from_millis(150));
    let mut incoming = hub.open(ASKED, 0, 10).expect("it begins");
    let mut chunk = [0; 64];
    assert_eq!(incoming.read(&mut chunk), Ok(5));
    assert_eq!(incoming.read(&mut chunk), Err("no answer in time".to_owned()));
    holds.join().expect("it ends");
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let check = |head: &str, from: u64, expected: Option<u64>| {
        let endpoint = host_saying(vec![format!("HTTP/1.1 {head}\r\n\r\n")]);
        let (_dir, hub) = hub(&endpoint);
        let start = hub.open(ASKED, from, 10).map(|incoming| incoming.start());
        assert_eq!(start.ok(), expected, "{head}");
    };
    check("200 OK\r\nContent-Length: 10", 0, Some(0));
    check("200 OK\r\nContent-Length: 10", 4, Some(0));
    check("200 OK\r\nContent-Length: 11", 0, None);
    check("206 Partial Content\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6", 4, Some(4));
    check("206 Partial Content\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5", 4, None);
    check("206 Partial Content\r\nContent-Range: bytes 4-9/11\r\nContent-Length: 6", 4, None);
    check("206 Partial Content\r\nContent-Length: 6", 4, None);
    check("416 Range Not Satisfiable\r\nContent-Length: 0", 4, None);
    check("503 Busy\r\nContent-Length: 0", 0, None);
}
