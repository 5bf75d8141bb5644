//! `doctor`, `privacy` and `config`.

use crate::kit::json::{Attempt, Checked, Envelope, Place};
use crate::kit::{Home, mail};

#[test]
fn a_new_home_is_told_what_is_missing() {
    let home = Home::with(&mail::some(3));
    let answer = home.run(["--json", "doctor"]);
    assert_eq!(answer.status, Some(1), "no vectors: {answer:?}");
    let items = Envelope::<Checked>::read("doctor", &answer.out).items;
    let bad: Vec<&str> =
        items.iter().filter(|item| !item.ok).map(|item| item.name.as_str()).collect();
    assert_eq!(bad, ["index"], "{items:?}");
    assert!(items.iter().all(|item| !item.hint.is_empty()), "{items:?}");
    home.run(["index", "embed"]).done();
    home.run(["doctor"]).done();
}

#[test]
fn no_way_out_is_open() {
    let home = Home::new();
    let attempts = home.ask::<Attempt>(&["privacy", "verify"]).items;
    assert!(attempts.len() >= 8 && attempts.iter().all(|attempt| attempt.refused), "{attempts:?}");
    assert!(attempts.iter().any(|attempt| attempt.attempt.contains("child")), "{attempts:?}");
    assert!(attempts.iter().all(|attempt| !attempt.how.is_empty()));
}

#[test]
fn one_folder_holds_everything() {
    let home = Home::new();
    let places = home.ask::<Place>(&["config", "path"]).items;
    assert_eq!(
        places.iter().map(|place| place.name.as_str()).collect::<Vec<_>>(),
        ["config", "data", "models"]
    );
    assert!(
        places.iter().all(|place| place.path.starts_with(home.path().to_str().expect("plain")))
    );
}

#[test]
fn the_configuration_is_shown_as_understood() {
    let home = Home::new();
    std::fs::create_dir_all(home.path()).expect("a folder");
    let config = "[me]\naddresses = [\"Ada@example.org\"]\ntime_zone = \"Europe/Berlin\"\n";
    std::fs::write(home.path().join("config.toml"), config).expect("written");
    let shown = home.run(["config", "show"]).done().out;
    assert!(shown.contains("Europe/Berlin"), "{shown}");
    let items = home.ask::<serde_json::Value>(&["config", "show"]).only();
    assert_eq!(items["me"]["time_zone"], "Europe/Berlin");
}

#[test]
fn the_readme_lists_every_key_of_the_configuration() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(readme).expect("it is there");
    let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let example = example.expect("an example of the configuration");
    let home = Home::new();
    std::fs::create_dir_all(home.path()).expect("a folder");
    let config = home.path().join("config.toml");
    std::fs::write(&config, example).expect("written");
    let shown = home.ask::<serde_json::Value>(&["config", "show"]).only();
    assert_eq!(shown["rules"][0]["tier"], "today");
    // What a typing mistake is told of is what the example must name.
    for (table, message) in [("", "top"), ("[me]", "me"), ("[models]", "models")] {
        std::fs::write(&config, format!("{table}\nnonsense = 1\n")).expect("written");
        let answer = home.run(["config", "show"]);
        let known: Vec<&str> = answer.err.split('`').skip(3).step_by(2).collect();
        let known = known.iter().take_while(|key| !key.contains(' '));
        let mut count = 0;
        for key in known {
            count += 1;
            assert!(example.contains(key), "{message}: {key} is not in README.md");
        }
        assert!(count >= 1, "{answer:?}");
    }
}

#[test]
fn doctor_names_keys_without_effect() {
    let home = Home::new();
    std::fs::create_dir_all(home.path()).expect("a folder");
    let config = "[me]\nwindows = [\"09:30\"]\n";
    std::fs::write(home.path().join("config.toml"), config).expect("written");
    let answer = home.run(["doctor"]);
    assert!(answer.out.contains("without effect so far: windows"), "{answer:?}");
}
