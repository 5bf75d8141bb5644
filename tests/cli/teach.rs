//! `teach`, `learned`, `rule`, `backtest` and `audit`: what they say and what they change. What is learned
//! from corrections is tested in the room.

use crate::kit::mail::Letter;
use crate::kit::{Home, program, text};

fn home() -> Home {
    let mails: Vec<Vec<u8>> = (1..=4)
        .map(|at| {
            Letter::new(
                &format!("Crane number {at}"),
                "Hi Ada,\n\ncan you tell me which crane you want for the yard?\n\nBert",
            )
            .date(&format!("Tue, 2{at} Feb 2026 10:00:00 +0000"))
            .bytes()
        })
        .collect();
    Home::with(&mails)
}

fn json(home: &Home, args: &[&str]) -> serde_json::Value {
    let all: Vec<&str> = ["--json"].iter().chain(args).copied().collect();
    serde_json::from_str(&home.run(all).done().out).expect("JSON")
}

/// The same at another time.
fn at(home: &Home, time: &str, args: &[&str]) -> String {
    let mut command = std::process::Command::new(program());
    command.args(["--home", &text(home.path()), "--as-of", time, "--json"]).args(args);
    let output = command.env("TZ", "UTC").output().expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn tier(home: &Home, id: &str) -> (String, String) {
    let item = json(home, &["why", id])["items"][0].clone();
    let text = |key: &str| item[key].as_str().expect("text").to_owned();
    (text("tier"), text("decided_by"))
}

#[test]
fn what_is_taught_is_listed_explained_forgotten_and_taken_back() {
    let home = home();
    let before = tier(&home, "1");
    assert_eq!(before.1, "reader");
    home.run(["teach", "1", "--tier", "now", "--needs-reply", "yes"]).done();
    assert_eq!(tier(&home, "1"), ("now".into(), "you".into()));
    let learned = json(&home, &["learned"]);
    assert_eq!(learned["items"][0]["tier"], "now");
    assert!(learned["comes_to"].as_array().is_some_and(|all| !all.is_empty()), "{learned}");
    let said = home.run(["learned"]).done().out;
    assert!(said.contains("mail from") && said.contains("from 1 correction"), "{said}");
    // Before it was taught it was not known.
    let early = at(&home, "2026-03-01T09:00:00Z", &["why", "1"]);
    assert!(early.contains("\"reader\""), "{early}");
    home.run(["learned", "forget", "1"]).done();
    assert_eq!(tier(&home, "1"), before);
    home.run(["undo"]).done();
    assert_eq!(tier(&home, "1"), ("now".into(), "you".into()));
    home.run(["undo"]).done();
    assert_eq!(tier(&home, "1"), before);
    assert_eq!(json(&home, &["learned"])["items"], serde_json::json!([]));
}

#[test]
fn what_cannot_be_taught_is_said() {
    let home = home();
    assert_eq!(home.run(["teach", "1"]).status, Some(2));
    assert_eq!(home.run(["teach", "99", "--tier", "now"]).status, Some(1));
    assert_eq!(home.run(["learned", "forget", "7"]).status, Some(1));
}

#[test]
fn a_rule_shows_its_hits_and_one_is_tried_without_effect() {
    let home = home();
    std::fs::write(
        home.path().join("config.toml"),
        "[[rules]]\nwhen = \"subject:crane\"\ntier = \"consider\"\n\
         [[rules]]\nwhen = \"from:bert\"\ntier = \"now\"\n",
    )
    .expect("written");
    let rules = json(&home, &["rule"])["items"].clone();
    assert_eq!((&rules[0]["hits"], &rules[0]["decides"]), (&4.into(), &4.into()), "{rules}");
    assert_eq!(rules[1]["decides"], 0, "the first that matches decides: {rules}");
    let tried =
        json(&home, &["rule", "test", "subject:number", "after:2026-02-22"])["items"].clone();
    assert_eq!((&tried[0]["hits"], &tried[0]["decides"]), (&3.into(), &0.into()), "{tried}");
    assert_eq!(tier(&home, "1"), ("consider".into(), "rule".into()));
}

#[test]
fn a_history_too_thin_says_so() {
    let home = home();
    let said = json(&home, &["backtest", "--days", "30"]);
    assert_eq!(said["items"].as_array().map(Vec::len), Some(4), "{said}");
    assert_eq!(said["items"][0]["policy"], "triage");
    assert!(said["warnings"][0].as_str().is_some_and(|text| text.contains("thin")), "{said}");
    assert!(said["worst"].is_array());
    let text = home.run(["backtest"]).done().out;
    assert!(text.contains("too thin"), "{text}");
}

#[test]
fn an_audit_bounds_the_miss_rate() {
    let mails: Vec<Vec<u8>> = (1..=9)
        .map(|at| {
            Letter::new(
                &format!("Minutes {at}"),
                "Hi Ada,\n\nfor your files, nothing to do.\n\nBert",
            )
            .date(&format!("Tue, 2{} Feb 2026 1{at}:00:00 +0000", at % 8))
            .bytes()
        })
        // To a crowd: set aside.
        .map(|bytes| {
            [b"List-Unsubscribe: <mailto:leave@example.org>\n".as_slice(), &bytes].concat()
        })
        .collect();
    let home = Home::with(&mails);
    let sample = json(&home, &["audit", "--sample", "5"]);
    let ids = sample["sample"].as_array().expect("ids").clone();
    let hidden = sample["items"][0]["hidden"].as_u64().expect("a count");
    assert!(hidden >= 5 && ids.len() == 5, "{sample}");
    assert_eq!(sample["items"][0]["miss_rate_upper_95"], 1.0, "nothing was looked at");
    assert_eq!(json(&home, &["audit", "--sample", "5"])["sample"], sample["sample"]);
    let answers: String = ids.iter().map(|id| format!("{id} no\n")).collect();
    let out = home
        .run_with(answers.as_bytes(), ["--json", "audit", "--sample", "5", "--answers"])
        .done()
        .out;
    let said: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let bound = said["items"][0]["miss_rate_upper_95"].as_f64().expect("a rate");
    // None of five: 1 - 0.05^(1/5).
    assert!((bound - 0.4507).abs() < 1e-3, "{said}");
    let wrong = home.run_with(b"1 perhaps\n", ["audit", "--answers"]);
    assert_eq!(wrong.status, Some(2));
}

#[test]
fn a_window_holds_what_came_since() {
    let home = home();
    assert_eq!(home.run(["triage", "--window"]).status, Some(2));
    std::fs::write(
        home.path().join("config.toml"),
        "[me]\ntime_zone = \"UTC\"\nwindows = [\"09:30\"]\n",
    )
    .expect("written");
    let window = |time: &str| {
        let out = at(&home, time, &["triage", "--window", "--all"]);
        let said: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        let held = said["window"]["held"].as_u64().expect("a count");
        (said["items"].as_array().expect("items").len(), held, said["window"]["next"].clone())
    };
    // Mail came at ten on Tuesday the 24th: the window of 9:30 is over.
    let (shown, held, next) = window("2026-02-24T12:00:00Z");
    assert_eq!((shown, held, next), (3, 1, "2026-02-25T09:30:00Z".into()));
    assert_eq!(window("2026-02-25T10:00:00Z").0, 4);
}

#[test]
fn stats_tell_how_times_were_kept() {
    let home = home();
    let said = json(&home, &["triage", "--stats"]);
    let tiers = said["items"].as_array().expect("items");
    let missed: u64 = tiers.iter().filter_map(|tier| tier["missed"].as_u64()).sum();
    assert_eq!(missed as usize, said["breaches"].as_array().expect("a list").len());
    assert!(missed > 0, "asked a week ago and not answered: {said}");
    assert_eq!(said["own"]["mails"], 0);
    let text = home.run(["triage", "--stats"]).done().out;
    assert!(text.contains("Due and not answered") && text.contains("urgent"), "{text}");
}
