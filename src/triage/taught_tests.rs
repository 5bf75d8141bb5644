//! What is taught is learned, explained, forgotten; and whether it helps people with habits of their own.
//!
//! # The six users
//!
//! Written down before anything was tuned. Each gets 500 mails: some 65 in 100 are the common stock of
//! [`STOCK`], whose right tiers everybody would name, the rest is where the user differs from everybody:
//!
//! 1. **Nora** reads the newsletter "Market Morning" at once and acts on it: it is `today`. All other
//!    newsletters are `fyi` to her.
//! 2. **Tom**'s boss writes calmly and means it: whatever the boss asks, however softly, is `today`. What
//!    the boss merely passes on is `fyi`.
//! 3. **Sam** runs the billing. Alerts of `monitor@billing.example.net` that say something failed are `now`, those that
//!    say it recovered are `fyi`, and all other services' alerts are `fyi`.
//! 4. **Fay** has a client who chats: every mail is full of questions that nobody needs answered (`fyi`),
//!    but when it is about the contract or an invoice it is `today`.
//! 5. **Lee** answers on one list, where every question is `normal`; the other list, with questions of
//!    the same sort, is `fyi`.
//! 6. **Mia** has a colleague, Rick, to whom all is URGENT: it is `consider`. When others say that it is
//!    urgent, it is.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use super::judge::judged_anew;
use super::taught::traits;
use super::testing::with_habits;
use super::{
    Correction, DecidedBy, Deed, Lesson, Settings, Taught, Tier, Untaught, Verdict, backtest,
    deeds, judge_new, teach, verdict,
};
use crate::engine::Reader;
use crate::ledger::testing::{ME, Mail, PlainReader, at, calendar, fill, store};
use crate::ledger::{Wanted, Weighted};
use crate::mail::UnixSeconds;
use crate::mail::when::{Calendar, Zone};
use crate::store::{Header, Incoming, Origin, Store};

const KNOWN: Mail<'_> = Mail {
    id: "k",
    reply: "",
    day: 1,
    time: "09:00",
    from: "Ada Example <ada@example.org>",
    to: "Ben Sample <ben@example.com>",
    subject: "Hello",
    headers: "",
    text: "Nice to meet you.",
};

const QUESTION: &str = "Which stand shall I order?";

fn asks(id: &'static str, day: u32) -> Mail<'static> {
    Mail { id, day, subject: "Stands", text: QUESTION, ..Mail::default() }
}

fn judge(store: &mut Store) -> Settings {
    let taught = Taught::load(store, at("2026-03-31T12:00:00Z")).unwrap();
    let settings = Settings { calendar: calendar(), taught, ..Settings::default() };
    let wanted = Wanted::Between(UnixSeconds(0), at("2026-03-31T12:00:00Z"));
    let mut go_on = |_, _| ControlFlow::Continue(());
    judge_new(store, &PlainReader, &wanted, &settings, &mut go_on).unwrap();
    settings
}

fn today() -> Correction {
    Correction { tier: Some(Tier::Today), ..Correction::default() }
}

#[test]
fn the_message_taught_is_as_the_user_says_and_others_like_it_follow() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let other = Mail { id: "9", from: "Cleo <cleo@example.net>", ..asks("9", 6) };
    let other = Mail { subject: "Chairs", ..other };
    let ids =
        fill(&mut store, &[KNOWN, asks("1", 2), asks("2", 3), asks("3", 4), asks("4", 5), other]);
    judge(&mut store);
    let said = |store: &Store, at: usize| verdict(store, ids[at]).unwrap().unwrap();
    let before = said(&store, 5);
    assert_eq!(said(&store, 4).tier, Tier::Normal);
    let now = at("2026-03-10T09:00:00Z");
    for id in &ids[1..4] {
        teach(&mut store, *id, today(), now).unwrap();
    }
    judge(&mut store);
    let taught = said(&store, 1);
    assert_eq!(
        (taught.tier, taught.decided_by, taught.confidence),
        (Tier::Today, DecidedBy::You, 1.0)
    );
    assert!(taught.reasons[0].text.contains("you said"), "{taught:?}");
    let like_it = said(&store, 4);
    assert_eq!((like_it.tier, like_it.decided_by), (Tier::Today, DecidedBy::Reader));
    assert!(like_it.reasons[0].text.contains("corrected mail from"), "{like_it:?}");
    assert!(like_it.signals.iter().any(|signal| signal.name.starts_with("taught: mail from")));
    assert!(like_it.due < Some(at("2026-03-06T10:00:00Z")), "it is due by its new tier");
    assert_eq!(said(&store, 5), before, "what shares nothing stays to the bit");
}

#[test]
fn what_is_forgotten_or_taken_back_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let ids = fill(&mut store, &[KNOWN, asks("1", 2), asks("2", 3), asks("3", 4)]);
    judge(&mut store);
    let all = |store: &Store| -> Vec<Verdict> {
        ids[1..].iter().map(|id| verdict(store, *id).unwrap().unwrap()).collect()
    };
    let untaught = all(&store);
    let now = at("2026-03-10T09:00:00Z");
    let first = teach(&mut store, ids[1], today(), now).unwrap();
    let second = teach(&mut store, ids[2], today(), now).unwrap();
    judge(&mut store);
    let taught = all(&store);
    assert_ne!(taught, untaught);
    assert!(store.forget_lesson(first, now).unwrap());
    assert!(!store.forget_lesson(first, now).unwrap(), "it is forgotten once");
    assert!(store.forget_lesson(second, now).unwrap());
    judge(&mut store);
    assert_eq!(all(&store), untaught);
    // The newest change is the second forgetting: taken back, the correction stands again.
    store.undo(None, now).unwrap();
    store.undo(None, now).unwrap();
    judge(&mut store);
    assert_eq!(all(&store), taught);
    store.undo(None, now).unwrap();
    store.undo(None, now).unwrap();
    judge(&mut store);
    assert_eq!(all(&store), untaught);
}

#[test]
fn as_of_a_time_only_what_was_taught_before_counts() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let ids = fill(&mut store, &[KNOWN, asks("1", 2)]);
    judge(&mut store);
    teach(&mut store, ids[1], today(), at("2026-03-10T09:00:00Z")).unwrap();
    assert_eq!(Taught::load(&store, at("2026-03-09T09:00:00Z")).unwrap().lessons().len(), 0);
    let taught = Taught::load(&store, at("2026-03-10T09:00:00Z")).unwrap();
    assert_eq!(taught.lessons().len(), 1);
    let learned = taught.learned();
    assert!(
        learned.iter().any(|one| one.what == "mail from ben@example.com"
            && one.towards == Tier::Today
            && one.by > 0.0
            && one.corrections == 1),
        "{learned:?}"
    );
}

#[test]
fn mail_never_judged_cannot_be_taught() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let ids = fill(&mut store, &[asks("1", 2)]);
    assert!(teach(&mut store, ids[0], today(), at("2026-03-10T09:00:00Z")).is_err());
}

#[test]
fn what_the_user_did_is_the_truth_of_a_backtest() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let answer = |id, reply, day, time| Mail {
        id,
        reply,
        day,
        time,
        from: "Ada Example <ada@example.org>",
        to: "ben@example.com",
        subject: "Re: Stands",
        headers: "",
        text: "The tall one.",
    };
    let ids = fill(
        &mut store,
        &[
            asks("1", 2),
            answer("a", "1", 2, "11:30"),
            asks("2", 3),
            answer("b", "2", 4, "12:00"),
            asks("3", 5),
            answer("c", "3", 12, "12:00"),
            Mail { subject: "Chairs", ..asks("4", 6) },
        ],
    );
    let found = deeds(&store, UnixSeconds(0), at("2026-03-31T12:00:00Z"), &calendar()).unwrap();
    let tiers: Vec<_> = found.iter().map(|(h, deed)| (h.id, deed.tier(&calendar()))).collect();
    assert_eq!(
        tiers,
        [
            (ids[0], Tier::Today),
            (ids[2], Tier::Normal),
            (ids[4], Tier::Consider),
            (ids[6], Tier::Fyi)
        ]
    );
    assert_eq!(found[0].1, Deed::Answered(90));
    let young = deeds(&store, UnixSeconds(0), at("2026-03-08T12:00:00Z"), &calendar()).unwrap();
    assert!(young.iter().all(|(h, _)| h.id != ids[6]), "too young to tell");
    let settings = Settings { calendar: calendar(), ..Settings::default() };
    let until = at("2026-03-31T12:00:00Z");
    let mut go_on = |_, _| ControlFlow::Continue(());
    let said =
        backtest(&mut store, &PlainReader, UnixSeconds(0), until, &settings, &mut go_on).unwrap();
    assert!(said.thin.is_some() && said.answered == 3, "{said:?}");
    assert_eq!(said.policies.len(), 4);
    assert!(said.policies.iter().all(|policy| policy.n == 4));
    let triage = &said.policies[0];
    assert_eq!((triage.exact, triage.urgent_recall), (0.25, Some(0.0)), "all four are normal");
    assert!(store.verdict(ids[0]).unwrap().is_none(), "a replay stores no verdict");
}

/// One sort of mail: how many in 100, who, extra header lines, whether it is to the user, subjects, texts, and the
/// right tier.
type Sort =
    (u32, &'static str, &'static str, bool, &'static [&'static str], &'static [&'static str], Tier);

const NEWS: &str = "List-Id: <news.example.net>\r\nList-Unsubscribe: <mailto:leave@example.net>\r\nPrecedence: bulk\r\n";
const AUTO: &str = "Auto-Submitted: auto-generated\r\n";

/// What everybody gets.
const STOCK: &[Sort] = &[
    (
        9,
        "Carla Ohm <carla@example.org>",
        "",
        true,
        &["{topic} for the meeting", "Question on {topic}", "{topic}", "About {topic}"],
        &[
            "Hi Ada,\n\ncould you send me the latest figures on {topic}? Some time tomorrow is fine.\n\nCarla",
            "Hi,\n\ndo you know who looks after {topic} now? I need a name for the form.\n\nThanks, Carla",
            "Hi Ada,\n\nwhich of the two versions of {topic} shall I use for the page?\n\nCarla",
        ],
        Tier::Normal,
    ),
    (
        8,
        "Dario Penn <dario@example.org>",
        "",
        true,
        &["{topic}: done", "{topic}, for your files", "Notes on {topic}"],
        &[
            "Hi Ada,\n\njust to let you know that {topic} is finished. Nothing to do on your side.\n\nDario",
            "Hi,\n\nattached are my notes on {topic}, for your information only.\n\nDario",
            "Thanks, that helped a lot. {topic} went out this morning.\n\nDario",
        ],
        Tier::Fyi,
    ),
    (
        6,
        "Erin Voss <erin@customer.example.com>",
        "",
        true,
        &["Offer for {topic}", "{topic}: delivery", "Your quote on {topic}"],
        &[
            "Dear Ada,\n\ncould you tell us when {topic} will be delivered?\n\nKind regards\nErin Voss",
            "Dear Ada,\n\nwe would like to order {topic} again. What would {n} pieces cost?\n\nErin Voss",
        ],
        Tier::Normal,
    ),
    (
        5,
        "Finn Hale <finn@example.org>",
        "",
        true,
        &["{topic} today", "Need {topic} by 3 pm", "Before this afternoon: {topic}"],
        &[
            "Hi Ada,\n\nI need your okay on {topic} today before 3 pm, the printer closes then. Can you look?\n\nFinn",
            "Hi Ada,\n\ncan you confirm {topic} by this afternoon? The customer waits for it.\n\nFinn",
        ],
        Tier::Today,
    ),
    (
        4,
        "Gus Lind <gus@example.org>",
        "",
        true,
        &["Your opinion on {topic}", "Thoughts on {topic}?", "Plan for {topic}"],
        &[
            "Hi Ada,\n\nbelow is my proposal to restructure {topic}. It has consequences for the budget of the next two years. What do you think, shall we go with the first or with the second option? Take your time to weigh it.\n\nGus",
        ],
        Tier::Consider,
    ),
    (
        12,
        "Weekly Digest <digest@news.example.net>",
        NEWS,
        true,
        &["This week in {topic}", "{n} stories on {topic}", "The {topic} letter"],
        &[
            "In this issue: what moved {topic} this week, an interview, and {n} links worth reading.\n\nUnsubscribe at any time.",
            "Good morning,\n\nour editors picked {n} stories about {topic} for you.\n\nRead more on our site.",
        ],
        Tier::Fyi,
    ),
    (
        8,
        "Shop <offers@shop.example.net>",
        NEWS,
        true,
        &["{n} % off {topic}", "Last chance: {topic}", "New in: {topic}"],
        &[
            "Save {n} % on {topic} this week only. Shop now!",
            "Our sale ends soon. {topic} from {n} euros. Order today.",
        ],
        Tier::Fyi,
    ),
    (
        10,
        "Build Server <ci@build.example.org>",
        AUTO,
        true,
        &["Build {n} passed", "Backup of {topic} completed", "Report: {topic}"],
        &[
            "The job {topic} has completed. Duration {n} minutes.",
            "Nightly report for {topic}: {n} items processed, 0 errors.",
        ],
        Tier::Fyi,
    ),
    (
        3,
        "Hanna Roth <hanna@example.org>",
        "Importance: high\r\n",
        true,
        &["URGENT: {topic} is down", "Urgent: customers cannot use {topic}"],
        &[
            "Ada,\n\n{topic} is down and customers are calling. How long until it works again? Please call me now.\n\nHanna",
        ],
        Tier::Now,
    ),
];

const NORA: &[Sort] = &[
    (
        30,
        "Market Morning <desk@marketmorning.example.net>",
        "List-Id: <morning.marketmorning.example.net>\r\nList-Unsubscribe: <mailto:leave@marketmorning.example.net>\r\n",
        true,
        &["Market Morning: {topic}", "Before the bell: {topic}", "{topic} moves the market"],
        &[
            "Good morning. Here is what moves {topic} today, and {n} prices to watch.\n\nUnsubscribe",
            "The desk's view on {topic}: three charts and a table.\n\nManage your subscription",
        ],
        Tier::Today,
    ),
    (
        6,
        "Garden Letter <hello@garden.example.net>",
        NEWS,
        true,
        &["Spring and {topic}", "Your garden letter: {topic}"],
        &["Read how our readers deal with {topic} in spring.\n\nUnsubscribe"],
        Tier::Fyi,
    ),
];
const TOM: &[Sort] = &[
    (
        22,
        "Vera Stein <vera@example.org>",
        "",
        true,
        &["{topic}", "A thought on {topic}", "{topic}, when you find time"],
        &[
            "Dear Tom,\n\nwhen you get round to it, could you let me have your view on {topic}? No hurry at all.\n\nVera",
            "Dear Tom,\n\nI wonder how {topic} stands. Would you let me know?\n\nVera",
            "Dear Tom,\n\nmight we have {topic} ready some time this week?\n\nVera",
        ],
        Tier::Today,
    ),
    (
        13,
        "Vera Stein <vera@example.org>",
        "",
        true,
        &["Fwd: {topic}", "For your information: {topic}"],
        &[
            "Dear Tom,\n\nfor your information, no need to answer: {topic} was discussed on the board.\n\nVera",
            "Dear Tom,\n\nthe minutes on {topic} are attached.\n\nVera",
        ],
        Tier::Fyi,
    ),
];
const SAM: &[Sort] = &[
    (
        18,
        "Billing Monitor <monitor@billing.example.net>",
        AUTO,
        true,
        &["FAILED: charge run {n}", "Payment run failed: {topic}"],
        &[
            "The charge run {n} failed with status declined. {topic} was not billed.",
            "Payment run stopped after {n} charges. See the log of {topic}.",
        ],
        Tier::Now,
    ),
    (
        12,
        "Billing Monitor <monitor@billing.example.net>",
        AUTO,
        true,
        &["Recovered: charge run {n}", "Payment run recovered: {topic}"],
        &[
            "The charge run {n} recovered. {topic} was billed.",
            "All {n} charges of {topic} went through.",
        ],
        Tier::Fyi,
    ),
    (
        8,
        "Disk Monitor <monitor@disk.example.net>",
        AUTO,
        true,
        &["Warning: disk of {topic} at {n} %", "FAILED: snapshot of {topic}"],
        &[
            "The disk of {topic} is at {n} %.",
            "The snapshot of {topic} failed and will be tried again.",
        ],
        Tier::Fyi,
    ),
];
const FAY: &[Sort] = &[
    (
        28,
        "Joy Keller <joy@client.example.com>",
        "",
        true,
        &["{topic}!", "Saw this and thought of you", "How are you?", "{topic} again"],
        &[
            "Hi Fay,\n\nhow was your weekend? Did you see {topic}? What do you think of it?\n\nJoy",
            "Hi Fay,\n\nisn't it funny that {topic} is everywhere? Have you been there? Shall I send you pictures?\n\nJoy",
            "Hi Fay,\n\ncan you believe what happened with {topic}? Do you also like {n} of them?\n\nJoy",
        ],
        Tier::Fyi,
    ),
    (
        8,
        "Joy Keller <joy@client.example.com>",
        "",
        true,
        &["The contract for {topic}", "Invoice {n}", "Contract"],
        &[
            "Hi Fay,\n\nmy accountant asks about the invoice for {topic}. Can you send it again?\n\nJoy",
            "Hi Fay,\n\nhere is the contract on {topic}. Is clause {n} right so?\n\nJoy",
        ],
        Tier::Today,
    ),
];
const LIST_ONE: &str = "List-Id: <parser.lists.example.net>\r\nList-Post: <mailto:parser@lists.example.net>\r\nPrecedence: list\r\n";
const LIST_TWO: &str = "List-Id: <desktop.lists.example.net>\r\nList-Post: <mailto:desktop@lists.example.net>\r\nPrecedence: list\r\n";
const LEE: &[Sort] = &[
    (
        12,
        "Kim Ito <kim@reader.example.com>",
        LIST_ONE,
        false,
        &["[parser] {topic} fails", "[parser] How to use {topic}?"],
        &[
            "Hello,\n\nhow do I parse {topic}? Version {n} gives an error.\n\nKim",
            "Hi all,\n\nis there a way to get {topic} with the parser?\n\nKim",
        ],
        Tier::Normal,
    ),
    (
        12,
        "Lars Berg <lars@maker.example.com>",
        LIST_ONE,
        false,
        &["[parser] {topic}", "[parser] Bug in {topic}"],
        &["Hello,\n\nwhy does {topic} return {n}? Can somebody explain?\n\nLars"],
        Tier::Normal,
    ),
    (
        14,
        "Mona Falk <mona@other.example.com>",
        LIST_TWO,
        false,
        &["[desktop] {topic} fails", "[desktop] How to set {topic}?"],
        &[
            "Hello,\n\nhow do I set {topic}? Version {n} does nothing.\n\nMona",
            "Hi all,\n\ndoes anybody know why {topic} is gone?\n\nMona",
        ],
        Tier::Fyi,
    ),
];
const MIA: &[Sort] = &[
    (
        26,
        "Rick Moor <rick@example.org>",
        "Importance: high\r\n",
        true,
        &["URGENT: {topic}", "URGENT!! {topic} needed today", "ASAP: {topic}"],
        &[
            "Mia,\n\nI need {topic} ASAP, can you do it today? It is really urgent!\n\nRick",
            "Mia,\n\nurgent: please look at {topic} right now.\n\nRick",
            "Mia,\n\nwe must decide {topic} immediately, please answer at once.\n\nRick",
        ],
        Tier::Consider,
    ),
    (
        8,
        "Sina Wolf <sina@example.org>",
        "Importance: high\r\n",
        true,
        &["Urgent: {topic}", "URGENT {topic}"],
        &[
            "Mia,\n\nthe customer stands at the door and {topic} does not work. Please call me back right now.\n\nSina",
        ],
        Tier::Now,
    ),
];

const USERS: [(&str, &[Sort]); 6] =
    [("Nora", NORA), ("Tom", TOM), ("Sam", SAM), ("Fay", FAY), ("Lee", LEE), ("Mia", MIA)];

const TOPICS: [&str; 24] = [
    "the stands",
    "the brochure",
    "harbour tours",
    "roof repairs",
    "the spring fair",
    "pallets",
    "solar panels",
    "the audit",
    "bicycles",
    "the intranet",
    "cement",
    "the workshop",
    "train tickets",
    "the archive",
    "coffee",
    "the survey",
    "copper",
    "the warehouse",
    "insurance",
    "the website",
    "travel costs",
    "the annual report",
    "cranes",
    "the training",
];

/// Numbers that repeat: a linear congruential generator (Knuth's MMIX constants).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}

/// A user's mail, each with its right tier; the first letters are the user's own, to those they know.
fn generated(habits: &[Sort], count: usize, seed: u64) -> Vec<(String, Option<Tier>)> {
    let mut dice = Dice(seed);
    let sorts: Vec<&Sort> = STOCK.iter().chain(habits).collect();
    let all: u32 = sorts.iter().map(|sort| sort.0).sum();
    let mut mails = Vec::new();
    for (at, (_, from, headers, ..)) in sorts.iter().enumerate() {
        if headers.is_empty() || headers.starts_with("Importance") {
            mails.push((
                letter(at, "Ada <ada@example.org>", from, "Hello", "", "Good to know you."),
                None,
            ));
        }
    }
    for _ in 0..count {
        let mut drawn = dice.below(all as usize) as u32;
        let sort = sorts.iter().find(|sort| {
            let here = drawn < sort.0;
            drawn = drawn.wrapping_sub(sort.0);
            here
        });
        let (_, from, headers, to_me, subjects, texts, right) = sort.expect("below the sum");
        let (topic, n) = (dice.of(&TOPICS), format!("{}", 3 + dice.below(95)));
        let filled = |text: &str| text.replace("{topic}", topic).replace("{n}", &n);
        let (subject, text) = (filled(dice.of(subjects)), filled(dice.of(texts)));
        let to = if *to_me { "Ada Example <ada@example.org>" } else { "crowd@lists.example.net" };
        mails.push((letter(mails.len(), from, to, &subject, headers, &text), Some(*right)));
    }
    mails
}

fn letter(at: usize, from: &str, to: &str, subject: &str, headers: &str, text: &str) -> String {
    // Four in a working day from Thursday 2026-01-01 on.
    let (day, hour) = (1 + at / 4 % 28, 9 + at % 4 * 2);
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"][at / 112];
    let minute = at % 60;
    let text = text.replace('\n', "\r\n");
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{at}@made.example.org>\r\n\
         Date: {day} {month} 2026 {hour:02}:{minute:02}:00 +0000\r\n{headers}\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
}

/// Mail with its right tier, and what is said of it by a program that was taught nothing.
struct Known {
    header: Header,
    untaught: Verdict,
    right: Tier,
}

fn known(reader: &Reader, habits: &[Sort], count: usize, seed: u64) -> Vec<Known> {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    store.add_own_addresses(&[ME.to_owned()], Origin::Told).unwrap();
    let mails = generated(habits, count, seed);
    let batch: Vec<Incoming> = mails
        .iter()
        .enumerate()
        .map(|(at, (raw, _))| {
            Incoming::new("INBOX".to_owned(), format!("{at}"), String::new(), raw.as_bytes())
        })
        .collect();
    let mut acceptor = store.accept_from("made", UnixSeconds(0)).unwrap();
    let outcomes = acceptor.accept(&batch).unwrap();
    acceptor.finish("made").unwrap();
    let reader = Weighted::new(reader, "test");
    let settings = Settings { calendar: Calendar::office(Zone::utc()), ..Settings::default() };
    let wanted = Wanted::Between(UnixSeconds(0), UnixSeconds(i64::MAX));
    let mut go_on = |_, _| ControlFlow::Continue(());
    judge_new(&mut store, &reader, &wanted, &settings, &mut go_on).unwrap();
    let mut all = Vec::new();
    for (outcome, (_, right)) in outcomes.into_iter().zip(mails) {
        let crate::store::Outcome::Added(id) = outcome else { continue };
        let Some(right) = right else { continue };
        let untaught = verdict(&store, id).unwrap().unwrap();
        all.push(Known { header: store.header(id).unwrap(), untaught, right });
    }
    all
}

/// Wrong or right at each place of one order, without and with learning; the place of each correction.
struct Course {
    untaught: Vec<bool>,
    taught: Vec<bool>,
    fiftieth: usize,
}

/// Corrections after which errors are counted.
const CORRECTIONS: usize = 50;

fn course(mails: &[Known], order: &[usize]) -> Course {
    let mut settings = Settings::default();
    let me = std::collections::HashSet::from([ME.to_owned()]);
    let mut course = Course { untaught: Vec::new(), taught: Vec::new(), fiftieth: usize::MAX };
    let mut corrections = 0;
    for (at, which) in order.iter().enumerate() {
        let Known { header, untaught, right } = &mails[*which];
        let said = judged_anew(untaught, header, &settings).tier;
        course.untaught.push(untaught.tier != *right);
        course.taught.push(said != *right);
        if said != *right {
            corrections += 1;
            if corrections == CORRECTIONS {
                course.fiftieth = at + 1;
            }
            settings.taught.add(Lesson {
                n: corrections as i64,
                message: header.id,
                time: header.date,
                said: Correction { tier: Some(*right), ..Correction::default() },
                subject: header.subject.clone(),
                before: Untaught::clone(&untaught.untaught),
                traits: traits(header, &me),
            });
            settings.taught.fit();
        }
    }
    course
}

/// What many orders come to.
#[derive(Debug)]
struct Measured {
    /// Share of wrong tiers over the whole course.
    untaught: f64,
    taught: f64,
    /// The same after the fiftieth correction, of orders that have as many.
    after: Option<(f64, f64)>,
    /// How much more is wrong than untaught, in points: of all mail up to a place, and of the last 50,
    /// at the worst place of the mean course.
    worse: f64,
    worse_lately: f64,
}

fn measured(mails: &[Known], orders: u64) -> Measured {
    let mut courses = Vec::new();
    for seed in 0..orders {
        let mut order: Vec<usize> = (0..mails.len()).collect();
        Dice(seed + 1).shuffle(&mut order);
        courses.push(course(mails, &order));
    }
    let n = mails.len();
    let mean = |of: fn(&Course) -> &Vec<bool>, from: usize, to: usize| {
        let wrong: usize =
            courses.iter().map(|c| of(c)[from..to].iter().filter(|wrong| **wrong).count()).sum();
        wrong as f64 / (courses.len() * (to - from)) as f64
    };
    let gap = |from: usize, to: usize| {
        100.0 * (mean(|c| &c.taught, from, to) - mean(|c| &c.untaught, from, to))
    };
    let far: Vec<&Course> = courses.iter().filter(|c| c.fiftieth < n).collect();
    let later = |of: fn(&Course) -> &Vec<bool>| {
        let wrong: usize =
            far.iter().map(|c| of(c)[c.fiftieth..].iter().filter(|w| **w).count()).sum();
        wrong as f64 / far.iter().map(|c| n - c.fiftieth).sum::<usize>() as f64
    };
    Measured {
        untaught: mean(|c| &c.untaught, 0, n),
        taught: mean(|c| &c.taught, 0, n),
        after: (!far.is_empty()).then(|| (later(|c| &c.untaught), later(|c| &c.taught))),
        worse: (1..=n).map(|to| gap(0, to)).fold(f64::MIN, f64::max),
        worse_lately: (1..=n).map(|to| gap(to.saturating_sub(50), to)).fold(f64::MIN, f64::max),
    }
}

/// Where the right tiers are one in six at random: nothing is to be learned of that, and little harm done.
fn with_noise(mut mails: Vec<Known>) -> Vec<Known> {
    let mut dice = Dice(9);
    for mail in &mut mails {
        if dice.below(6) == 0 {
            mail.right = Tier::ALL[dice.below(5)];
        }
    }
    mails
}

/// `POSTROOM_SEED` other than 0 draws other mail of the same sorts, to tune on.
#[test]
#[ignore = "measures: scripts/eval-learning runs it"]
fn six_users_with_habits() {
    let reader = Reader::embedded().unwrap();
    let seed: u64 = std::env::var("POSTROOM_SEED").map_or(0, |seed| seed.parse().unwrap());
    let mut out = String::new();
    let mut sums = [0.0; 4];
    for (at, (name, habits)) in USERS.iter().enumerate() {
        let mails = known(&reader, habits, 500, seed * 100 + at as u64 + 1);
        let m = measured(&mails, 20);
        let (before, after) = m.after.unwrap_or((m.untaught, m.taught));
        let _ = writeln!(
            out,
            "{name:<5} wrong untaught {:.3} taught {:.3}; after {CORRECTIONS} corrections {before:.3} -> {after:.3} \
             ({:+.0} %); worst place {:+.2} points of all so far, {:+.2} of the last 50",
            m.untaught,
            m.taught,
            100.0 * (after / before - 1.0),
            m.worse,
            m.worse_lately
        );
        let noisy = measured(&with_noise(mails), 20);
        let _ = writeln!(
            out,
            "      one in six at random: untaught {:.3} taught {:.3}; worst place {:+.2}, {:+.2}",
            noisy.untaught, noisy.taught, noisy.worse, noisy.worse_lately
        );
        for (sum, value) in sums.iter_mut().zip([m.untaught, m.taught, before, after]) {
            *sum += value / USERS.len() as f64;
        }
    }
    println!(
        "{out}all   wrong untaught {:.3} taught {:.3}; after {CORRECTIONS} corrections {:.3} -> {:.3} ({:+.0} %)",
        sums[0],
        sums[1],
        sums[2],
        sums[3],
        100.0 * (sums[3] / sums[2] - 1.0)
    );
}

/// The short form: two of the users, 150 mails each, four orders.
#[test]
fn corrections_make_fewer_errors_and_never_many_more() {
    let reader = Reader::embedded().unwrap();
    for (at, (name, habits)) in USERS.iter().enumerate().filter(|(at, _)| [2, 5].contains(at)) {
        let mails = known(&reader, habits, 150, at as u64 + 1);
        let m = measured(&mails, 4);
        assert!(m.untaught > 0.1, "{name} differs from everybody: {m:?}");
        assert!(m.taught < 0.8 * m.untaught, "{name}: {m:?}");
        assert!(m.worse <= 1.0, "{name}: {m:?}");
    }
}

/// A real mailbox in the folder `$POSTROOM_MAIL`, whose owner is `$POSTROOM_ME`: truth is what they did.
#[test]
#[ignore = "measures on mail of one's own"]
fn a_mailbox_and_what_its_owner_did() {
    let folder = std::env::var("POSTROOM_MAIL").unwrap();
    let me: Vec<String> =
        std::env::var("POSTROOM_ME").unwrap().split(',').map(str::to_owned).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    store.add_own_addresses(&me, Origin::Told).unwrap();
    let mut batch = Vec::new();
    gather(Path::new(&folder), Path::new(&folder), &mut batch);
    let mut acceptor = store.accept_from("outside", UnixSeconds(0)).unwrap();
    for part in batch.chunks(500) {
        acceptor.accept(part).unwrap();
    }
    acceptor.finish("outside").unwrap();
    let reader = Reader::embedded().unwrap();
    let reader = Weighted::new(&reader, "test");
    let settings =
        Settings { calendar: Calendar::office(Zone::fixed(-360)), ..Settings::default() };
    let until = UnixSeconds(i64::MAX / 2);
    let mut go_on = |_, _| ControlFlow::Continue(());
    for with in [false, true] {
        let said = with_habits(with, || {
            backtest(&mut store, &reader, UnixSeconds(1), until, &settings, &mut go_on).unwrap()
        });
        println!("habits {with}: answered {} thin {:?}", said.answered, said.thin);
        for policy in &said.policies {
            println!("  {policy:?}");
        }
    }
    let wanted = Wanted::Between(UnixSeconds(1), until);
    judge_new(&mut store, &reader, &wanted, &settings, &mut go_on).unwrap();
    let mut mails = Vec::new();
    for (header, deed) in deeds(&store, UnixSeconds(1), until, &settings.calendar).unwrap() {
        let Some(mut untaught) = verdict(&store, header.id).unwrap() else { continue };
        // No deed tells the two apart.
        untaught.tier = untaught.tier.max(Tier::Today);
        let right = deed.tier(&settings.calendar);
        mails.push(Known { header, untaught, right });
    }
    let order: Vec<usize> = (0..mails.len()).collect();
    let c = course(&mails, &order);
    let count = |of: &[bool]| of.iter().filter(|wrong| **wrong).count();
    let from = c.fiftieth.min(mails.len());
    println!(
        "in time order: {} mails, wrong untaught {} taught {}; after {CORRECTIONS} corrections {} -> {} of {}",
        mails.len(),
        count(&c.untaught),
        count(&c.taught),
        count(&c.untaught[from..]),
        count(&c.taught[from..]),
        mails.len() - from
    );
    println!("20 orders: {:?}", measured(&mails, 20));
}

fn gather(top: &Path, folder: &Path, batch: &mut Vec<Incoming>) {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            gather(top, &path, batch);
            continue;
        }
        let name = folder.strip_prefix(top).unwrap().to_string_lossy().into_owned();
        let raw = std::fs::read(&path).unwrap();
        let key = path.to_string_lossy().into_owned();
        batch.push(Incoming::new(name, key, "S".to_owned(), &raw));
    }
}
