//! `triage`, `why`, `brief` and the pages of the ledger: the shape of what they say. What they
//! should say is tested in their rooms.

use crate::kit::gguf::gguf;
use crate::kit::json::{Judged, Owed, Told, assert_probability, assert_time};
use crate::kit::mail::Letter;
use crate::kit::{Home, text};

const TIERS: [&str; 5] = ["now", "today", "normal", "consider", "fyi"];
const KINDS: [&str; 9] = [
    "person",
    "list",
    "newsletter",
    "promotion",
    "notification",
    "transaction",
    "calendar",
    "junk",
    "suspicious",
];
const STATES: [&str; 5] = ["open", "answered", "overdue", "superseded", "lapsed"];

fn mailbox() -> Vec<Vec<u8>> {
    let ask = Letter::new(
        "Crane on Tuesday",
        "Hi Ada,\n\ncan you confirm the crane for Tuesday? I need your answer by Monday noon.\n\nBert",
    );
    let promise = Letter::answer(&ask, "Hi Bert,\n\nI will confirm it on Monday morning.\n\nAda");
    let decision = Letter::new(
        "Supplier",
        "Hi Ada,\n\nwe decided to keep the old supplier until summer.\n\nCarla",
    )
    .from("Carla Ohm <carla@example.org>");
    let theirs = Letter::new(
        "Report",
        "Hi Ada,\n\nI will send you the report on Thursday. Could you look at the numbers before?\n\nDario",
    )
    .from("Dario Penn <dario@example.org>")
    .date("Mon, 23 Feb 2026 10:00:00 +0000");
    let elsewhere = Letter::new("Pallets", "Hi Carla,\n\ncan you count the pallets today?\n\nBert")
        .to("Carla Ohm <carla@example.org>");
    [ask, promise, decision, theirs, elsewhere].iter().map(Letter::bytes).collect()
}

#[track_caller]
fn check_judged(item: &Judged) {
    assert!(TIERS.contains(&item.tier.as_str()), "{item:?}");
    assert!(KINDS.contains(&item.kind.as_str()), "{item:?}");
    assert!(STATES.contains(&item.state.as_str()), "{item:?}");
    assert!(["rule", "reader", "writer", "you"].contains(&item.decided_by.as_str()), "{item:?}");
    assert!(
        item.thread_tier.as_ref().is_none_or(|tier| TIERS.contains(&tier.as_str())),
        "{item:?}"
    );
    for value in
        [item.confidence, item.scores.junk, item.scores.suspicious, item.scores.needs_reply]
    {
        assert_probability(value);
    }
    assert!(item.gist.split_whitespace().count() <= 12, "a gist has at most 12 words: {item:?}");
    // Nothing needs to be said of mail that nothing needs to be done about.
    assert!(item.tier == "fyi" || !item.reasons.is_empty(), "a verdict without a reason: {item:?}");
    assert_time(&item.date);
    if let Some(due) = &item.due {
        assert_time(due);
    }
}

#[test]
fn the_pages_of_the_day_keep_to_the_contract() {
    let home = Home::with(&mailbox());
    let triage = home.ask::<Judged>(&["triage"]);
    assert_eq!(triage.kind, "triage");
    assert_eq!(
        triage.coverage.map(|c| (c.done, c.total)),
        Some((4, 4)),
        "all mail of others is judged"
    );
    assert!(!triage.items.is_empty(), "somebody asked for something");
    triage.items.iter().for_each(check_judged);
    assert!(triage.items.iter().all(|item| item.signals.is_none()), "signals belong to `why`");
    assert!(triage.items.iter().all(|item| item.from.address != "ada@example.org"));

    let all = home.ask::<Judged>(&["triage", "*"]);
    assert_eq!(all.items.len(), 4, "one item a message somebody else sent");
    all.items.iter().for_each(check_judged);
    assert_eq!(home.ask::<Judged>(&["triage", "from:me"]).items.len(), 1);
    let tier = &all.items[0].tier;
    let same = home.ask::<Judged>(&["triage", "--all", "--tier", tier]);
    assert!(same.items.iter().all(|item| &item.tier == tier), "{same:?}");
    let by_query = home.ask::<Judged>(&["triage", &format!("tier:{tier}")]);
    assert!(by_query.items.iter().all(|item| &item.tier == tier), "{by_query:?}");
    assert!(!by_query.items.is_empty());
    assert_eq!(home.ask::<Judged>(&["triage", "--limit", "1"]).items.len(), 1);

    for item in &all.items {
        let why = home.ask::<Judged>(&["why", &item.id.to_string()]).only();
        check_judged(&why);
        assert_eq!((&why.tier, &why.kind, &why.due), (&item.tier, &item.kind, &item.due));
        assert!(why.signals.is_some_and(|signals| !signals.is_empty()), "`why` gives signals");
        // What was known when it came: nothing yet of one who writes for the first time.
        assert!(why.sender.is_some(), "`why` tells of the sender");
    }

    let brief = home.ask::<Told>(&["brief"]);
    assert_eq!(brief.kind, "brief");
    assert!(!brief.items.is_empty());
    for line in &brief.items {
        let sections = ["decide", "reply", "promised", "waiting", "changed", "fyi"];
        assert!(sections.contains(&line.section.as_str()), "{line:?}");
        assert!(["new", "still", "settled"].contains(&line.since_last.as_str()), "{line:?}");
        assert!(!line.sources.is_empty(), "every line names the mail it stands in: {line:?}");
        for source in &line.sources {
            home.run(["show", &source.id.to_string()]).done();
        }
    }
    // Not on a terminal, "last" moves only with --mark.
    assert_eq!(home.ask::<Told>(&["brief"]).items.len(), brief.items.len());

    let mut entries = 0;
    for page in ["owed", "waiting", "promises", "decisions"] {
        let told = home.ask::<Owed>(&[page, "--all", "--within", "all"]);
        assert_eq!(told.kind, page);
        for item in &told.items {
            assert!(
                ["open", "kept", "slipped", "superseded"].contains(&item.state.as_str()),
                "{item:?}"
            );
            assert_probability(item.confidence);
            assert_time(&item.made);
            let shown = home.ask::<crate::kit::json::Shown>(&["show", &item.id.to_string()]).only();
            let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                squeezed(&shown.text).contains(&squeezed(&item.quote)),
                "a quote that stands nowhere: {item:?}"
            );
        }
        entries += told.items.len();
    }
    assert!(entries >= 2, "an ask and a promise at least, found {entries}");
    for args in [
        &["triage"][..],
        &["triage", "--stats"],
        &["why", "1"],
        &["brief"],
        &["owed"],
        &["waiting"],
        &["promises"],
        &["decisions"],
    ] {
        let answer = home.run(args).done();
        assert!(
            !answer.out.trim().is_empty() || !answer.err.trim().is_empty(),
            "{args:?} says nothing"
        );
    }
}

#[test]
fn what_is_judged_once_stays_as_it_was() {
    let home = Home::with(&mailbox());
    let first = home.run(["--json", "triage", "*"]).done().out;
    assert_eq!(home.run(["--json", "triage", "*"]).done().out, first);
    // Another index and another order of commands change nothing.
    std::fs::remove_dir_all(home.index()).expect("it is there");
    home.run(["brief"]).done();
    assert_eq!(home.run(["--json", "triage", "*"]).done().out, first);
}

#[test]
fn a_page_of_the_brief_loads_nothing() {
    let home = Home::with(&mailbox());
    let page = home.folder("brief.html");
    home.run(["brief", "--html", page.to_str().expect("a plain name")]).done();
    let html = std::fs::read_to_string(&page).expect("the page is there").to_lowercase();
    for word in ["<script", "http://", "https://", "src=", "@import", "<link"] {
        assert!(!html.contains(word), "the page has {word}");
    }
    assert!(html.contains("numbers"), "the page tells of the mail: {html}");
}

/// What `triage` prints, in a line each.
fn lines(home: &Home, args: &[&str]) -> Vec<String> {
    let all: Vec<&str> = ["triage"].iter().chain(args).copied().collect();
    home.run(all).done().out.lines().map(str::to_owned).collect()
}

#[test]
fn a_list_says_what_it_leaves_out() {
    let mut mail = mailbox();
    for place in ["yard", "office"] {
        let text = format!("Hi Ada,\n\ncould you tell me when the {place} closes?\n\nDario");
        let letter = Letter::new(&format!("The {place}"), &text);
        mail.push(letter.from("Dario Penn <dario@example.org>").bytes());
    }
    let home = Home::with(&mail);
    let open = home.ask::<Judged>(&["triage"]).items;
    let waiting = open.iter().filter(|i| i.thread_tier.as_deref() != Some("fyi")).count();
    assert!(waiting >= 2, "{open:?}");
    let said = |args: &[&str], words: &str| {
        let lines = lines(&home, args);
        assert!(lines.iter().any(|line| line.contains(words)), "{args:?}: {lines:#?}");
        assert!(!lines.iter().any(|line| line.contains("Nothing else")), "{args:?}: {lines:#?}");
    };
    said(&["--limit", "0"], &format!("{waiting} more open"));
    said(&["--limit", "1"], &format!("{} more open", waiting - 1));
    said(&["*", "--limit", "1"], "5 more");
    said(&["subject:nowhere"], "Nothing found.");
    said(&["*", "--kind", "calendar"], "Nothing found.");
    said(&["--kind", "calendar"], "Nothing open is of that tier and kind.");
}

#[test]
fn an_archive_older_than_the_window_is_told_of() {
    let old = Letter::new("Crane", "Can you confirm the crane?\n\nBert")
        .date("Mon, 5 May 2025 10:00:00 +0000");
    let home = Home::with(&[old.bytes()]);
    let said = home.run(["triage"]).done().out;
    assert!(said.contains("45 days") && said.contains("triage '*'"), "{said}");
    assert!(!said.contains("can wait"), "{said}");
}

#[test]
fn settled_mail_shows_its_state_and_a_line_its_subject() {
    let home = Home::with(&mailbox());
    let all = lines(&home, &["*"]);
    let answered = all.iter().find(|line| line.contains("answered")).expect("Bert has his answer");
    assert!(answered.contains("Crane on Tuesday: "), "{answered}");
    assert!(!answered.contains("12:00"), "a due time: {answered}");
    let tiers: Vec<&String> =
        all.iter().filter(|line| line.starts_with(char::is_uppercase)).collect();
    let found: Vec<&str> = tiers.iter().filter_map(|tier| tier.split(' ').next()).collect();
    assert_eq!(found, ["NORMAL", "FYI"], "{all:#?}");
    assert!(all.iter().all(|line| line.chars().count() <= 100), "{all:#?}");
}

#[test]
fn the_list_fits_a_terminal_of_any_width() {
    let home = Home::with(&mailbox());
    for columns in [80, 100, 140] {
        let mut command = home.command(["triage", "*"]);
        command.env("COLUMNS", columns.to_string());
        let out = crate::kit::Answer::of(command).done().out;
        assert!(out.lines().all(|line| line.chars().count() <= columns), "{out}");
        insta::assert_snapshot!(format!("the_list_at_{columns}_columns"), out);
    }
}

#[test]
fn a_brief_with_a_writer_says_which_lines_quote() {
    let home = Home::with(&mailbox());
    let quoted = home.ask::<Told>(&["brief"]);
    assert_eq!(quoted.writer, None);
    assert!(quoted.items.iter().all(|line| line.written_by.is_none()), "{quoted:?}");
    let path = home.folder("a.gguf");
    std::fs::write(&path, gguf("qwen3", 5_000)).expect("it is written");
    home.run(["model", "add", &text(&path)]).done();
    // Random weights hardly ever write a sentence that stands up to the checks.
    let told = home.ask::<Told>(&["brief", "--writer", "always"]);
    assert_eq!(told.writer.as_deref(), Some("a"));
    let count = told.items.iter().filter(|line| line.written_by.is_some()).count();
    assert!(count < told.items.len(), "{told:?}");
    assert_eq!(told.warnings.len(), 1, "{told:?}");
    assert!(told.warnings[0].contains(&format!("the writer a told {count} of")), "{told:?}");
    assert!(told.warnings[0].contains("put aside"), "{told:?}");
    assert_eq!(told.items.len(), quoted.items.len());
    for (line, quote) in told.items.iter().zip(&quoted.items) {
        assert!(line.written_by.is_some() || line.text == quote.text, "{line:?}");
    }
    let shown = home.run(["brief"]).done();
    assert!(!shown.err.contains("quote"), "what was put aside is not asked for again: {shown:?}");
    assert_eq!(shown.out.contains('~'), count > 0, "{shown:?}");
    let never = home.ask::<Told>(&["brief", "--writer", "never"]);
    assert_eq!((never.writer, never.warnings.len()), (None, 0));
    home.run(["brief", "--writer", "sometimes"]).refused(2, &["sometimes"]);
}
