//! `triage`, `why`, `brief` and the pages of the ledger: the shape of what they say. What they
//! should say is tested in their rooms.

use crate::kit::Home;
use crate::kit::json::{Judged, Owed, Told, assert_probability, assert_time};
use crate::kit::mail::Letter;

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
