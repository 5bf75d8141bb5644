//! `account` and `sync`: what is asked for, and what is refused.

use crate::kit::Home;
use crate::kit::json::Checked;

fn config(home: &Home) -> String {
    std::fs::read_to_string(home.path().join("config.toml")).unwrap_or_default()
}

#[test]
fn an_account_is_added_listed_and_removed() {
    let home = Home::new();
    std::fs::create_dir_all(home.path()).expect("a folder");
    let mine = "# mine\n[me]\nname = \"Ada\"   # me\n";
    std::fs::write(home.path().join("config.toml"), mine).expect("written");
    let add = [
        "account",
        "add",
        "ada@gmail.com",
        "--unchecked",
        "--password-command",
        "pass",
        "show",
        "-x",
    ];
    home.run(add).done();
    let text = config(&home);
    assert!(text.starts_with(mine), "{text}");
    assert!(text.contains("[accounts.gmail]\n") && text.contains("imap.gmail.com"), "{text}");
    assert!(text.contains("password.command = [\"pass\", \"show\", \"-x\"]"), "{text}");
    home.run(add).refused(1, &["gmail"]);
    let listed = home.ask::<Checked>(&["account", "list"]).only();
    assert!(listed.ok && listed.hint.contains("imap.gmail.com:993"), "{listed:?}");
    assert!(listed.hint.contains("pass") && !listed.hint.contains("show"), "{listed:?}");
    home.run(["account", "remove", "gmail"]).done();
    assert_eq!(config(&home).trim_end(), mine.trim_end());
    home.run(["account", "remove", "gmail"]).refused(1, &["gmail"]);
}

#[test]
fn what_cannot_be_an_account_is_refused_before_anything_connects() {
    let home = Home::new();
    let check = |args: &[&str], status: i32, words: &[&str]| {
        let args: Vec<&str> = ["account", "add"].iter().chain(args).copied().collect();
        home.run(args).refused(status, words);
        assert_eq!(config(&home), "");
    };
    check(&["ada"], 2, &["ada"]);
    check(&["ada@example.org"], 2, &["not known"]);
    check(&["ada@outlook.com"], 1, &["Outlook", "no passwords"]);
    check(&["ada@example.org", "--imap", "imap.example.org:x"], 2, &["port"]);
    check(
        &["ada@example.org", "--imap", "imap.example.org:143", "--tls", "off"],
        2,
        &["imap.example.org"],
    );
    check(
        &["ada@example.org", "--imap", "imap.example.org", "--fingerprint", "12"],
        2,
        &["fingerprint"],
    );
    check(&["ada@example.org", "--imap", "imap.example.org", "--name", "a b"], 2, &["a b"]);
    check(&["ada@example.org", "--imap", "127.0.0.1:1"], 1, &["no password"]);
    check(
        &["ada@example.org", "--imap", "127.0.0.1:1", "--password-command", "false"],
        1,
        &["false"],
    );
    check(
        &["ada@example.org", "--imap", "127.0.0.1:1", "--password-command", "echo", "x"],
        1,
        &["127.0.0.1:1"],
    );
    home.run(["sync"]).refused(1, &["no account"]);
    home.run(["sync", "work"]).refused(2, &["work"]);
    home.run(["account", "check", "work"]).refused(2, &["work"]);
}
