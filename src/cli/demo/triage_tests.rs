//! Triage against what an expert would say of the bundled made-up mailbox.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use serde::Deserialize;

use crate::cli::demo;
use crate::engine;
use crate::ledger::testing::PlainReader;
use crate::ledger::{Read, Wanted, Weighted};
use crate::mail::UnixSeconds;
use crate::mail::when::{Calendar, Zone, parse_rfc3339};
use crate::store::{Incoming, Origin, Store};
use crate::triage::{Kind, Rule, Settings, Tier, Verdict, judge_new, verdict};

#[derive(Deserialize)]
struct Expectations {
    items: Vec<Expected>,
}

#[derive(Deserialize)]
pub(super) struct Expected {
    pub(super) message_id: String,
    pub(super) tier: String,
    pub(super) kind: String,
    pub(super) needs_reply: bool,
}

/// What an expert would say of each message.
pub(super) fn expectations() -> Vec<Expected> {
    let text = include_str!("../../../tests/fixtures/demo-expectations.json");
    let expectations: Expectations = serde_json::from_str(text).unwrap();
    expectations.items
}

pub(super) fn settings() -> Settings {
    let calendar = Calendar::office(Zone::fixed(demo::OFFSET_MINUTES));
    Settings { calendar, rules: Vec::<Rule>::new(), ..Settings::default() }
}

/// The demo mailbox as of `now`.
pub(super) fn filled(dir: &std::path::Path, now: UnixSeconds) -> Store {
    let mut store = Store::open(dir).unwrap();
    store.add_own_addresses(&[demo::ME.to_owned()], Origin::Told).unwrap();
    let batch: Vec<Incoming> = demo::messages(now)
        .into_iter()
        .enumerate()
        .map(|(at, mail)| {
            let seen = mail.flags.contains(&demo::DemoFlag::Seen);
            let flags = if seen { "S" } else { "" };
            Incoming::new(mail.folder.to_owned(), format!("{at}"), flags.to_owned(), &mail.bytes)
        })
        .collect();
    let mut acceptor = store.accept_from("demo", now).unwrap();
    acceptor.accept(&batch).unwrap();
    acceptor.finish("demo").unwrap();
    store
}

/// The same, judged.
fn judged(dir: &std::path::Path, reader: &dyn Read, now: UnixSeconds) -> Store {
    let mut store = filled(dir, now);
    let wanted = Wanted::Between(UnixSeconds(0), now);
    judge_new(&mut store, reader, &wanted, &settings(), &mut |_, _| ControlFlow::Continue(()))
        .unwrap();
    store
}

#[derive(Debug, Default)]
struct Agreement {
    total: usize,
    exact: usize,
    within_one: usize,
    kind: usize,
    reply: usize,
    urgent: usize,
    urgent_found: usize,
    flagged: usize,
    wrong: String,
}

impl Agreement {
    fn add(&mut self, expected: &Expected, found: &Verdict) {
        let tier: Tier = expected.tier.parse().unwrap();
        let kind: Kind = expected.kind.parse().unwrap();
        let steps = (tier as i32 - found.tier as i32).abs();
        let urgent = |tier: Tier| matches!(tier, Tier::Now | Tier::Today);
        self.total += 1;
        self.exact += usize::from(steps == 0);
        self.within_one += usize::from(steps <= 1);
        self.kind += usize::from(kind == found.kind);
        self.reply += usize::from(expected.needs_reply == found.needs_reply);
        self.urgent += usize::from(urgent(tier));
        self.urgent_found += usize::from(urgent(tier) && urgent(found.tier));
        self.flagged += usize::from(!urgent(tier) && urgent(found.tier));
        if steps > 0 || kind != found.kind || expected.needs_reply != found.needs_reply {
            let _ = writeln!(
                self.wrong,
                "{}: {} {} {} for {} {} {} ({:.2}) {:?}",
                expected.message_id,
                found.tier,
                found.kind,
                found.needs_reply,
                tier,
                kind,
                expected.needs_reply,
                found.confidence,
                found
                    .signals
                    .iter()
                    .map(|s| format!("{} {:.1}", s.name, s.weight))
                    .collect::<Vec<_>>(),
            );
        }
    }
}

fn agreement(reader: &dyn Read, now: UnixSeconds) -> Agreement {
    let dir = tempfile::tempdir().unwrap();
    let store = judged(dir.path(), reader, now);
    let mut agreement = Agreement::default();
    for expected in &expectations() {
        let id =
            store.by_rfc_id(&expected.message_id).unwrap().expect("an expected message is there");
        let found = verdict(&store, id).unwrap().expect("and judged");
        agreement.add(expected, &found);
    }
    agreement
}

#[track_caller]
fn check(agreement: &Agreement) {
    let Agreement { total, exact, within_one, kind, reply, urgent, urgent_found, flagged, wrong } =
        agreement;
    let summary = format!(
        "of {total}: exact {exact}, within one {within_one}, kind {kind}, reply {reply}, urgent \
         {urgent_found}/{urgent}, flagged {flagged}\n{wrong}"
    );
    println!("{summary}");
    assert!(*total >= 90, "{summary}");
    assert!(exact * 100 >= total * 80, "{summary}");
    assert!(within_one * 100 >= total * 96, "{summary}");
    assert!(kind * 100 >= total * 92, "{summary}");
    assert!(urgent_found == urgent, "{summary}");
    assert!(flagged * 100 <= total * 8, "{summary}");
}

#[test]
fn the_demo_mailbox_is_judged_as_an_expert_would() {
    for now in ["2026-03-03T08:00:00Z", "2026-11-23T15:00:00Z"] {
        check(&agreement(&PlainReader, parse_rfc3339(now).unwrap()));
    }
}

#[test]
fn the_embedded_reader_agrees_with_the_expert() {
    let reader = engine::Reader::embedded().unwrap();
    let reader = Weighted::new(&reader, "embedded");
    check(&agreement(&reader, parse_rfc3339("2026-03-03T08:00:00Z").unwrap()));
}

#[test]
fn tiers_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let now = parse_rfc3339("2026-03-03T08:00:00Z").unwrap();
    let store = judged(dir.path(), &PlainReader, now);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in store.verdicts(UnixSeconds(0), now).unwrap() {
        *counts.entry(row.tier).or_default() += 1;
    }
    assert_eq!(counts.len(), 5, "{counts:?}");
}
