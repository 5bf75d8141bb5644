//! No command but `sync`, `account`, `outbox send` and `model fetch` can reach the network: not when it is there, and
//! none needs it.

use crate::kit::tools;
use crate::kit::{Answer, Home, gguf, mail, text};

#[test]
fn no_command_gets_a_socket() {
    if !tools::have("strace") {
        return;
    }
    if !tools::works("strace", &["-f", "-o", "/dev/null", "true"]) {
        return tools::missing("strace may not trace here");
    }
    let home = Home::new();
    let maildir = home.folder("mail");
    mail::maildir(&maildir, "", &mail::some(30));
    let maildir = text(&maildir);
    let model = home.folder("model.gguf");
    std::fs::write(&model, gguf::gguf("llama", 1_000)).expect("it is written");
    let model = text(&model);
    let log = text(&home.folder("strace.log"));
    let wrapper =
        ["strace", "-f", "-qq", "-o", &log, "-e", "trace=%network,io_uring_setup,io_uring_enter"];
    for args in [
        &["import", "--me", "ada@example.org", &maildir][..],
        &["search", "pallets"],
        &["triage"],
        &["brief"],
        &["show", "1"],
        &["draft", "1"],
        &["outbox"],
        &["account", "list"],
        &["account", "remove", "nobody"],
        &["index", "words"],
        &["model", "list"],
        &["model", "add", &model, "--name", "a"],
        &["model", "use", "a"],
        &["model", "verify"],
        &["model", "remove", "a"],
        &["doctor"],
    ] {
        let answer = Answer::of(home.under(&wrapper, args));
        assert!(matches!(answer.status, Some(0 | 1)), "{args:?}: {answer:?}");
        let calls = std::fs::read_to_string(&log).expect("strace wrote its log");
        let through: Vec<&str> =
            calls.lines().filter(|line| line.contains('(') && !line.contains("EPERM")).collect();
        assert!(through.is_empty(), "{args:?} got through: {through:#?}");
    }
    // The log is not empty because nothing was traced: `doctor` tries every way out.
    let calls = std::fs::read_to_string(&log).expect("strace wrote its log");
    assert!(calls.matches("EPERM").count() >= 5, "nothing was refused: {calls}");
}

#[test]
fn everything_works_without_a_network() {
    let wrapper: &[&str] = if tools::works("unshare", &["--net", "true"]) {
        &["unshare", "--net"]
    } else if tools::works("unshare", &["--map-root-user", "--net", "true"]) {
        &["unshare", "--map-root-user", "--net"]
    } else {
        return tools::missing("unshare may not take the network away here");
    };
    let home = Home::new();
    let maildir = home.folder("mail");
    mail::maildir(&maildir, "", &mail::some(30));
    let maildir = text(&maildir);
    for args in [
        &["import", "--me", "ada@example.org", &maildir][..],
        &["search", "pallets"],
        &["triage"],
        &["brief"],
        &["show", "1"],
        &["privacy", "verify"],
    ] {
        Answer::of(home.under(wrapper, args)).done();
    }
}

/// A socket that was open before the lock would be a way out.
#[test]
#[cfg(target_os = "linux")]
fn a_socket_left_by_who_started_it_is_refused() {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_postroom");
    // A shell that has bash's sockets opens one to a listener of ours and leaves it to what it starts.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a listener");
    let port = listener.local_addr().expect("bound").port();
    let script = format!("exec 9<>/dev/tcp/127.0.0.1/{port}; exec {program} --home \"$0\" log");
    let answer = std::process::Command::new("bash")
        .args(["-c", &script])
        .arg(home.path())
        .output()
        .expect("bash starts");
    assert_eq!(answer.status.code(), Some(1), "{answer:?}");
    let said = String::from_utf8_lossy(&answer.stderr);
    assert!(said.contains("descriptor 9 is a socket"), "{said}");
}

#[test]
fn privacy_verify_finds_every_way_shut() {
    let home = Home::new();
    let attempts = home.ask::<crate::kit::json::Attempt>(&["privacy", "verify"]).items;
    assert!(attempts.len() >= 5, "{attempts:?}");
    for attempt in &attempts {
        assert!(attempt.refused, "{attempt:?}");
        assert!(!attempt.how.is_empty(), "{attempt:?}");
    }
}
