//! `--help`, `completions` and `man`: nothing is offered before it works.

use crate::kit::{Home, text};

/// What the contract names and this version offers.
const COMMANDS: [&str; 45] = [
    "demo",
    "import",
    "account",
    "sync",
    "triage",
    "why",
    "teach",
    "learned",
    "rule",
    "backtest",
    "audit",
    "brief",
    "owed",
    "waiting",
    "promises",
    "decisions",
    "draft",
    "compose",
    "forward",
    "check",
    "outbox",
    "search",
    "count",
    "ask",
    "saved",
    "show",
    "thread",
    "save",
    "archive",
    "flag",
    "read",
    "trash",
    "move",
    "label",
    "model",
    "index",
    "export",
    "log",
    "undo",
    "doctor",
    "privacy",
    "config",
    "completions",
    "man",
    "help",
];

#[test]
fn the_commands_are_these() {
    let home = Home::new();
    let help = home.run(["--help"]).done().out;
    let offered: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            line.strip_prefix("  ")?.split(' ').next().filter(|word| !word.is_empty())
        })
        .collect();
    assert_eq!(offered, COMMANDS);
    insta::assert_snapshot!(help);
}

#[test]
fn every_command_explains_itself() {
    let home = Home::new();
    for command in COMMANDS.iter().filter(|command| **command != "help") {
        let help = home.run([*command, "--help"]).done().out;
        assert!(help.contains("Usage: postroom") && help.lines().count() > 5, "{command}: {help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{command}: a line is too long"
        );
    }
}

#[test]
fn abbreviations_are_understood_when_they_are_clear() {
    let home = Home::with(&crate::kit::mail::some(3));
    assert_eq!(home.run(["cou", "*"]).done().out, "3\n");
    assert_eq!(home.run(["d", "1"]).status, Some(2), "demo, draft, decisions or doctor?");
}

#[test]
fn shells_and_manuals_are_written() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run(["completions", shell]).done().out;
        assert!(script.contains("postroom") && script.contains("triage"), "{shell}");
    }
    let dir = home.folder("man");
    home.run(["man", &text(&dir)]).done();
    let pages = std::fs::read_dir(&dir).expect("a folder").count();
    assert!(pages >= COMMANDS.len() - 1, "only {pages} pages");
    assert!(std::fs::read_to_string(dir.join("postroom.1")).expect("a page").contains(".TH"));
}
