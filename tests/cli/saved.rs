//! `saved`, and `saved:NAME` in queries.

use serde::Deserialize;

use crate::kit::Home;
use crate::kit::mail::Letter;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    name: String,
    query: String,
    count: Option<u64>,
}

#[test]
fn a_query_is_kept_asked_again_and_forgotten() {
    let home = Home::with(&[
        Letter::new("Herring", "a note on fish").bytes(),
        Letter::new("Crane", "more on fish").from("Carla Ohm <carla@example.org>").bytes(),
        Letter::new("Lunch", "soup at noon").bytes(),
    ]);
    assert!(home.ask::<Saved>(&["saved"]).items.is_empty());
    home.run(["saved", "add", "fish", "fish", "OR", "herring"]).done();
    home.run(["saved", "add", "fromcarla", "from:carla"]).done();
    let kept = home.ask::<Saved>(&["saved", "list"]).items;
    let said: Vec<_> =
        kept.iter().map(|one| (one.name.as_str(), one.query.as_str(), one.count)).collect();
    assert_eq!(said, [("fish", "fish OR herring", Some(2)), ("fromcarla", "from:carla", Some(1))]);
    assert_eq!(home.found("saved:fish").len(), 2);
    assert_eq!(home.found("saved:fish saved:fromcarla").len(), 1);
    assert_eq!(home.found("saved:fish NOT saved:fromcarla").len(), 1);
    assert_eq!(home.found("(saved:fromcarla) OR soup").len(), 2);
    assert_eq!(home.run(["count", "saved:fish"]).done().out, "2\n");
    home.run(["saved", "add", "fish", "soup"]).done();
    assert_eq!(home.found("saved:fish").len(), 1, "the later one counts");
    home.run(["saved", "remove", "fish"]).done();
    home.run(["saved", "remove", "fish"]).refused(2, &["fish"]);
    home.run(["search", "saved:fish"]).refused(2, &["fish"]);
    home.run(["saved", "add", "a b", "soup"]).refused(2, &["a b"]);
    home.run(["saved", "add", "bad", "(soup"]).refused(2, &[]);
}
