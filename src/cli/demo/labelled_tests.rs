//! The hand-labelled mailboxes of `tests/fixtures/triage` and the demo's, judged by the embedded reader.
//!
//! `scripts/train-triage` runs the ignored test here for what the weights are fitted on.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::triage_tests::expectations;
use crate::engine::Reader;
use crate::ledger::{Spoken, Wanted, Weighted};
use crate::mail::when::{Calendar, Zone, parse_rfc3339};
use crate::mail::{self, UnixSeconds};
use crate::store::{Incoming, Origin, Scope, Store};
use crate::triage::{Settings, Tier, Verdict, judge_new, testing, verdict};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Owner {
    owner: String,
    zone_minutes: i16,
    #[expect(dead_code, reason = "for people")]
    work: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labelled {
    id: String,
    in_reply_to: Option<String>,
    date: String,
    from: String,
    to: Vec<String>,
    cc: Vec<String>,
    subject: String,
    headers: std::collections::BTreeMap<String, String>,
    calendar: Option<String>,
    text: String,
    label: Option<Label>,
    /// Another reader's.
    #[expect(dead_code, reason = "for people")]
    second: Option<Label>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    tier: String,
    kind: String,
    needs_reply: bool,
    #[expect(dead_code, reason = "for people")]
    why: String,
}

/// The owners' mailboxes of a folder, by name.
fn mailboxes(folder: &str) -> Vec<(String, Owner, Vec<Labelled>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/triage").join(folder);
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mails = rest.lines().filter(|line| !line.is_empty());
        let mails = mails.map(|line| serde_json::from_str(line).unwrap()).collect();
        (name, serde_json::from_str(first).unwrap(), mails)
    };
    names.iter().map(read).collect()
}

fn address_of(person: &str) -> String {
    let bare = person.rsplit('<').next().unwrap_or(person);
    bare.trim_end_matches('>').trim().to_lowercase()
}

fn raw(mail: &Labelled) -> Vec<u8> {
    let mut out = String::new();
    let date = parse_rfc3339(&mail.date).unwrap();
    let zone = &mail.date[mail.date.len() - 6..];
    let offset = zone.replace(':', "");
    let minutes: i16 = {
        let sign = if zone.starts_with('-') { -1 } else { 1 };
        sign * (zone[1..3].parse::<i16>().unwrap() * 60 + zone[4..6].parse::<i16>().unwrap())
    };
    let local = mail::when::local_date(date, &Zone::fixed(minutes));
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS[usize::from(local.month) - 1];
    let clock = &mail.date[11..19];
    let _ = write!(out, "Date: {} {month} {} {clock} {offset}\r\n", local.day, local.year);
    let _ = write!(out, "Message-ID: <{}>\r\nFrom: {}\r\n", mail.id, mail.from);
    for (name, people) in [("To", &mail.to), ("Cc", &mail.cc)] {
        if !people.is_empty() {
            let _ = write!(out, "{name}: {}\r\n", people.join(", "));
        }
    }
    let _ = write!(out, "Subject: {}\r\n", mail.subject);
    if let Some(parent) = &mail.in_reply_to {
        let _ = write!(out, "In-Reply-To: <{parent}>\r\nReferences: <{parent}>\r\n");
    }
    for (name, value) in &mail.headers {
        let _ = write!(out, "{name}: {value}\r\n");
    }
    let text = mail.text.replace('\n', "\r\n");
    let plain = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
    match &mail.calendar {
        None => {
            let _ = write!(out, "MIME-Version: 1.0\r\n{plain}\r\n{text}\r\n");
        }
        Some(method) => {
            let method = method.to_uppercase();
            let _ = write!(
                out,
                "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=cut\r\n\r\n\
                 --cut\r\n{plain}\r\n{text}\r\n--cut\r\nContent-Type: text/calendar; charset=utf-8; \
                 method={method}\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\n\
                 UID:{}\r\nDTSTART:20260312T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--cut--\r\n",
                mail.id
            );
        }
    }
    out.into_bytes()
}

/// The mailbox in a store, and the time of its last mail.
fn filled(dir: &Path, owner: &Owner, mails: &[Labelled]) -> (Store, UnixSeconds) {
    let mut store = Store::open(dir).unwrap();
    let me = address_of(&owner.owner);
    store.add_own_addresses(std::slice::from_ref(&me), Origin::Told).unwrap();
    let batch: Vec<Incoming> = mails
        .iter()
        .enumerate()
        .map(|(at, mail)| {
            let folder = if address_of(&mail.from) == me { "Sent" } else { "INBOX" };
            Incoming::new(folder.to_owned(), format!("{at}"), String::new(), &raw(mail))
        })
        .collect();
    let last = mails.iter().map(|mail| parse_rfc3339(&mail.date).unwrap()).max().unwrap();
    let mut acceptor = store.accept_from("labelled", last).unwrap();
    acceptor.accept(&batch).unwrap();
    acceptor.finish("labelled").unwrap();
    (store, last)
}

/// A labelled mail, what was said of it, and what was weighed.
struct Judged<'a> {
    owner: &'a str,
    id: &'a str,
    label: &'a Label,
    found: Verdict,
    row: Option<Vec<f32>>,
    message: mail::Message,
}

/// Calls `each` with every labelled mail, its verdict, and what was weighed for it.
fn judged(reader: &Reader, each: &mut dyn FnMut(&Judged<'_>)) {
    let reader = Weighted::new(reader, "test");
    for (name, owner, mails) in mailboxes("learn") {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, _) = filled(dir.path(), &owner, &mails);
        let zone = Zone::fixed(owner.zone_minutes);
        let settings = Settings { calendar: Calendar::office(zone), ..Settings::default() };
        let mut headers = store.headers(&Scope::default()).unwrap();
        headers.sort_by_key(|header| (header.date, header.id));
        for header in headers.iter().filter(|header| !header.own) {
            let _ = testing::seen();
            // One by one in time order, as they come: the row seen last is this message's.
            let wanted = Wanted::Between(header.date, header.date);
            let mut go_on = |_, _| ControlFlow::Continue(());
            judge_new(&mut store, &reader, &wanted, &settings, &mut go_on).unwrap();
            let mail = mails.iter().find(|mail| mail.id == header.rfc_id).unwrap();
            let found = verdict(&store, header.id).unwrap().unwrap();
            let message = mail::parse(&store.raw(header.id).unwrap());
            let label = mail.label.as_ref().unwrap();
            let (row, owner, id) = (testing::seen(), name.as_str(), mail.id.as_str());
            each(&Judged { owner, id, label, found, row, message });
        }
    }
}

/// The same of the demo's mailbox.
fn judged_demos(reader: &Reader, each: &mut dyn FnMut(&Judged<'_>)) {
    let weighted = Weighted::new(reader, "test");
    let now = parse_rfc3339("2026-03-03T08:00:00Z").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut rows = std::collections::BTreeMap::new();
    let mut store = super::triage_tests::filled(dir.path(), now);
    let mut headers = store.headers(&Scope::default()).unwrap();
    headers.sort_by_key(|header| (header.date, header.id));
    for header in headers.iter().filter(|header| !header.own) {
        let _ = testing::seen();
        let wanted = Wanted::Between(header.date, header.date);
        let settings = super::triage_tests::settings();
        let mut go_on = |_, _| ControlFlow::Continue(());
        judge_new(&mut store, &weighted, &wanted, &settings, &mut go_on).unwrap();
        rows.insert(header.id, testing::seen());
    }
    for expected in expectations() {
        let id = store.by_rfc_id(&expected.message_id).unwrap().unwrap();
        let label = Label {
            tier: expected.tier,
            kind: expected.kind,
            needs_reply: expected.needs_reply,
            why: String::new(),
        };
        let found = verdict(&store, id).unwrap().unwrap();
        let message = mail::parse(&store.raw(id).unwrap());
        let (row, id) = (rows.remove(&id).flatten(), expected.message_id.as_str());
        each(&Judged { owner: "ada", id, label: &label, found, row, message });
    }
}

fn sure(verdict: &Verdict, name: &str) -> Option<f32> {
    verdict.signals.iter().find(|signal| signal.name == name).map(|signal| signal.value)
}

fn spoken(message: &mail::Message) -> serde_json::Value {
    let spoken = Spoken::of(message);
    json!({"subject": spoken.subject, "sentences": spoken.lines})
}

/// How often verdicts are right.
#[derive(Debug, Default)]
struct Tally {
    total: usize,
    exact: usize,
    near: usize,
    kind: usize,
    urgent: usize,
    found_urgent: usize,
    flagged: usize,
}

impl Tally {
    fn add(&mut self, label: &Label, said: &Verdict) {
        let right: Tier = label.tier.parse().unwrap();
        let is_urgent = |tier: Tier| matches!(tier, Tier::Now | Tier::Today);
        let steps = (right as usize).abs_diff(said.tier as usize);
        self.total += 1;
        self.exact += usize::from(steps == 0);
        self.near += usize::from(steps <= 1);
        self.kind += usize::from(said.kind.as_str() == label.kind);
        self.urgent += usize::from(is_urgent(right));
        self.found_urgent += usize::from(is_urgent(right) && is_urgent(said.tier));
        self.flagged += usize::from(!is_urgent(right) && is_urgent(said.tier));
    }

    /// Whether no share is below (of what is wrongly brought forward: above) what is given in percent.
    #[track_caller]
    fn check(&self, [exact, near, kind, found_urgent, flagged]: [usize; 5]) {
        println!("{self:?}");
        assert!(self.exact * 100 >= self.total * exact, "{self:?}");
        assert!(self.near * 100 >= self.total * near, "{self:?}");
        assert!(self.kind * 100 >= self.total * kind, "{self:?}");
        assert!(self.found_urgent * 100 >= self.urgent * found_urgent, "{self:?}");
        assert!(self.flagged * 100 <= self.total * flagged, "{self:?}");
    }
}

/// Judges the mailboxes of a folder: all mail beside the first reader's labels.
fn tally(folder: &str) -> Tally {
    let reader = Reader::embedded().unwrap();
    let reader = Weighted::new(&reader, "test");
    let mut found = Tally::default();
    for (_, owner, mails) in mailboxes(folder) {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, last) = filled(dir.path(), &owner, &mails);
        let calendar = Calendar::office(Zone::fixed(owner.zone_minutes));
        let settings = Settings { calendar, ..Settings::default() };
        let wanted = Wanted::Between(UnixSeconds(0), last);
        let mut go_on = |_, _| ControlFlow::Continue(());
        judge_new(&mut store, &reader, &wanted, &settings, &mut go_on).unwrap();
        for (mail, label) in mails.iter().filter_map(|mail| Some((mail, mail.label.as_ref()?))) {
            let id = store.by_rfc_id(&mail.id).unwrap().expect("it was taken in");
            let said = verdict(&store, id).unwrap().expect("it was judged");
            found.add(label, &said);
        }
    }
    found
}

/// The weights were fitted on these very mailboxes, so this says that nothing got worse, not how good it
/// is.
#[test]
fn the_mailboxes_it_learned_from_are_judged_no_worse_than_before() {
    let found = tally("learn");
    assert!(found.total >= 730, "{found:?}");
    found.check([87, 93, 88, 78, 2]);
}

/// Nothing was fitted or chosen on these. What was measured, less its 95 % interval.
#[test]
fn mailboxes_it_never_saw_are_judged_no_worse_than_measured() {
    let found = tally("test");
    assert!(found.total >= 440, "{found:?}");
    found.check([67, 84, 88, 71, 12]);
}

/// Writes what the weights are fitted on to `$POSTROOM_DUMP`: a line for each mail of the mailboxes,
/// and for each single mail of `$POSTROOM_SINGLES` (JSON lines).
#[test]
#[ignore = "writes a file for scripts/train-triage"]
fn dump() {
    let reader = Reader::embedded().unwrap();
    let mut out = String::new();
    let mut write = |judged: &Judged<'_>| {
        let Judged { owner, id, label, found, row, message } = judged;
        let line = json!({"owner": owner, "id": id, "tier": label.tier, "kind": label.kind,
            "reply": label.needs_reply, "said_tier": found.tier, "said_kind": found.kind,
            "said_reply": found.needs_reply, "confidence": found.confidence,
            "kind_probability": sure(found, "sure: kind"), "tier_probability": sure(found, "sure: tier"),
            "row": row, "spoken": spoken(message)});
        let _ = writeln!(out, "{line}");
    };
    judged(&reader, &mut write);
    judged_demos(&reader, &mut write);
    if let Ok(path) = std::env::var("POSTROOM_SINGLES") {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let one: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| one[key].as_str().unwrap().to_owned();
            let mail = Labelled {
                id: "single@example.org".into(),
                in_reply_to: None,
                date: text("date"),
                from: text("from"),
                to: vec![],
                cc: vec![],
                subject: text("subject"),
                headers: std::collections::BTreeMap::new(),
                calendar: None,
                text: text("text"),
                label: None,
                second: None,
            };
            let message = mail::parse(&raw(&mail));
            let line = json!({"owner": null, "tier": one["tier"], "kind": one["kind"],
                "reply": one["needs_reply"], "row": null, "spoken": spoken(&message)});
            let _ = writeln!(out, "{line}");
        }
    }
    std::fs::write(std::env::var("POSTROOM_DUMP").unwrap(), out).unwrap();
}
