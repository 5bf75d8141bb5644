//! Triage over stores of made-up mail.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::{
    DecidedBy, Kind, ListOptions, Rule, Settings, State, Tier, Verdict, items, judge_new, list,
    verdict,
};
use crate::ledger::testing::{Mail, PlainReader, at, calendar, fill, store};
use crate::ledger::{Wanted, version};
use crate::mail::{MessageId, UnixSeconds};
use crate::store::Store;

fn settings() -> Settings {
    Settings { calendar: calendar(), ..Settings::default() }
}

fn judge(store: &mut Store, settings: &Settings) {
    let wanted = Wanted::Between(UnixSeconds(0), at("2026-03-31T12:00:00Z"));
    judge_new(store, &PlainReader, &wanted, settings, &mut |_, _| ControlFlow::Continue(()))
        .unwrap();
}

fn judged(mails: &[Mail<'_>]) -> (tempfile::TempDir, Store, Vec<MessageId>) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let ids = fill(&mut store, mails);
    judge(&mut store, &settings());
    (dir, store, ids)
}

/// The verdict on the last of `mails`.
fn last(mails: &[Mail<'_>]) -> Verdict {
    let (_dir, store, ids) = judged(mails);
    verdict(&store, *ids.last().unwrap()).unwrap().unwrap()
}

#[track_caller]
fn check(mails: &[Mail<'_>], tier: Tier, kind: Kind) -> Verdict {
    let found = last(mails);
    assert_eq!((found.tier, found.kind), (tier, kind), "{found:#?}");
    found
}

fn options(as_of: &str) -> ListOptions {
    ListOptions {
        as_of: at(as_of),
        reading_version: version(&PlainReader),
        tiers: Vec::new(),
        kinds: Vec::new(),
        all: false,
        limit: None,
    }
}

/// A mail of the user's to Ben, who is known from then on.
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

#[test]
fn a_question_is_normal_and_due_in_a_working_day() {
    let verdict = check(
        &[Mail { text: "Which stand shall I order?", ..Mail::default() }],
        Tier::Normal,
        Kind::Person,
    );
    assert!(verdict.needs_reply);
    assert_eq!(verdict.due, Some(at("2026-03-03T10:00:00Z")));
    assert!(verdict.reasons.iter().any(|reason| reason.quote == "Which stand shall I order?"));
}

#[test]
fn a_time_today_is_today_and_one_within_the_hour_is_now() {
    let today = Mail { text: "Could you sign it by 16:00 today?", ..Mail::default() };
    let verdict = check(&[today], Tier::Today, Kind::Person);
    assert_eq!(verdict.due, Some(at("2026-03-02T16:00:00Z")));
    check(
        &[Mail { text: "Could you sign it by 11:00 today?", ..Mail::default() }],
        Tier::Now,
        Kind::Person,
    );
}

#[test]
fn an_office_is_told_from_the_person_who_sits_there() {
    let mail = |text| Mail {
        from: "Facilities Team <facilities@example.org>",
        subject: "Lift",
        text,
        ..Mail::default()
    };
    let notice = "The lift will be out of service tonight from 20:00. The stairs stay open.";
    check(&[mail(notice)], Tier::Fyi, Kind::Notification);
    let personal = "I looked at the lift with Ben. Which of the two offers do you want me to take?";
    assert_eq!(last(&[mail(personal)]).kind, Kind::Person);
}

#[test]
fn a_forges_mail_counts_when_it_calls_the_user() {
    let mail = |headers| Mail {
        from: "Ben Sample <notifications@forge.example.org>",
        to: "parser/parser <parser@noreply.forge.example.org>",
        subject: "[parser/parser] Sorted index (PR #1193)",
        headers,
        text: "Could you look at the index, and say which of the two layouts we should keep?",
        ..Mail::default()
    };
    let subscribed = "Cc: ada@example.org\r\nList-Id: parser <parser.forge.example.org>\r\nPrecedence: list\r\n\
                      X-Forge-Reason: subscribed\r\n";
    check(&[mail(subscribed)], Tier::Fyi, Kind::Notification);
    let review = "Cc: ada@example.org\r\nList-Id: parser <parser.forge.example.org>\r\nPrecedence: list\r\n\
                  X-Forge-Reason: review_requested\r\n";
    let found = last(&[mail(review)]);
    assert_eq!(found.kind, Kind::Notification, "{found:#?}");
    assert!(found.reasons.iter().any(|reason| reason.text == "calls you by name"), "{found:#?}");
}

#[test]
fn a_list_that_asks_the_user_by_name_is_not_set_aside() {
    let mail = |text| Mail {
        to: "parser-dev@lists.example.org",
        subject: "[parser-dev] append is broken",
        headers: "List-Id: <parser-dev.lists.example.org>\r\nList-Post: <mailto:parser-dev@lists.example.org>\r\n",
        text,
        ..Mail::default()
    };
    let named = mail(
        "The new release refuses to append here. Ada, could you tell me which of the two was meant?",
    );
    let found = last(&[named]);
    assert_eq!((found.tier, found.needs_reply), (Tier::Normal, true), "{found:#?}");
    let nobody = mail(
        "The new release refuses to append here. Could somebody tell me which of the two was meant?",
    );
    check(&[nobody], Tier::Fyi, Kind::List);
}

#[test]
fn an_outage_that_cannot_wait_is_now() {
    let text = "Everything is down and 30 people wait. How long will it take? Please call me as soon as you read this.";
    check(&[KNOWN, Mail { text, ..Mail::default() }], Tier::Now, Kind::Person);
}

#[test]
fn shouting_alone_is_not_pressing() {
    let mail = Mail {
        subject: "URGENT!!! ASAP",
        headers: "X-Priority: 1\r\nImportance: high\r\n",
        text: "Do you like the dark or the light logo?",
        ..Mail::default()
    };
    check(&[mail], Tier::Normal, Kind::Person);
}

#[test]
fn a_weighty_choice_wants_thought() {
    let text = "The contract ends in May and the agreement can be renewed for one or three years. It's yours to decide: which one?";
    check(&[KNOWN, Mail { text, ..Mail::default() }], Tier::Consider, Kind::Person);
}

#[test]
fn a_copy_and_a_statement_are_fyi() {
    let copied = Mail {
        to: "Cleo Muster <cleo@example.com>",
        headers: "Cc: ada@example.org\r\n",
        text: "Could you send it by 11:00 today?",
        ..Mail::default()
    };
    check(&[copied], Tier::Fyi, Kind::Person);
    check(&[Mail { text: "The room is booked.", ..Mail::default() }], Tier::Fyi, Kind::Person);
    check(
        &[Mail {
            text: "Could you look? No need to reply, it is only for your information.",
            ..Mail::default()
        }],
        Tier::Fyi,
        Kind::Person,
    );
}

#[test]
fn crowds_and_machines_never_outrank_a_person() {
    let ask = "Action required: please confirm within the hour, immediately!";
    for (headers, kinds) in [
        (
            "List-Unsubscribe: <https://example.com/u>\r\nPrecedence: bulk\r\n",
            [Kind::Promotion, Kind::Newsletter],
        ),
        ("Auto-Submitted: auto-generated\r\n", [Kind::Notification, Kind::Transaction]),
        (
            "List-Id: <talk.example.com>\r\nList-Post: <mailto:talk@example.com>\r\n",
            [Kind::List, Kind::List],
        ),
    ] {
        let to = if kinds[0] == Kind::List { "talk@example.com" } else { "ada@example.org" };
        let found = last(&[Mail { headers, to, text: ask, ..Mail::default() }]);
        assert_eq!(found.tier, Tier::Fyi, "{found:#?}");
        assert!(kinds.contains(&found.kind), "{found:#?}");
    }
}

#[test]
fn invitations_want_an_answer_and_answers_do_not() {
    let calendar = |method: &str| {
        format!(
            "MIME-Version: 1.0\r\nContent-Type: text/calendar; method={method}; charset=utf-8\r\n"
        )
    };
    let text =
        "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Plan\nEND:VEVENT\nEND:VCALENDAR";
    let (request, reply) = (calendar("REQUEST"), calendar("REPLY"));
    let verdict =
        check(&[Mail { headers: &request, text, ..Mail::default() }], Tier::Normal, Kind::Calendar);
    assert!(verdict.needs_reply);
    let text = text.replace("REQUEST", "REPLY");
    check(&[Mail { headers: &reply, text: &text, ..Mail::default() }], Tier::Fyi, Kind::Calendar);
}

#[test]
fn a_look_alike_domain_and_a_borrowed_name_are_suspicious() {
    let known = Mail { to: "Ben Sample <ben@merchant-harbor.example.com>", ..KNOWN };
    let look_alike = Mail {
        from: "Merchant Harbor <security@rnerchant-harbor.example.com>",
        text: "Please confirm your details within 24 hours or your account will be closed.",
        ..Mail::default()
    };
    let verdict = check(&[known, look_alike], Tier::Fyi, Kind::Suspicious);
    assert!(verdict.reasons.iter().any(|reason| reason.quote == "rnerchant-harbor.example.com"));
    let borrowed = Mail {
        from: "Ben Sample <ben.sample.office@elsewhere.example.net>",
        headers: "Reply-To: other@elsewhere.example.net\r\n",
        text: "Are you at your desk? A payment has to leave today. Keep it between us.",
        ..Mail::default()
    };
    check(&[KNOWN, borrowed], Tier::Fyi, Kind::Suspicious);
}

#[test]
fn whom_the_user_writes_to_is_never_junk() {
    let text = "Would you be interested in acquiring the attendees list? Verified contacts, best price. To opt out, answer no.";
    check(&[Mail { text, ..Mail::default() }], Tier::Fyi, Kind::Junk);
    let again = Mail { id: "k2", day: 1, time: "10:00", ..KNOWN };
    let verdict = last(&[KNOWN, again, Mail { text, ..Mail::default() }]);
    assert_eq!(verdict.kind, Kind::Person, "{verdict:#?}");
}

#[test]
fn a_message_is_judged_from_what_was_known_when_it_came() {
    let later = Mail { id: "later", day: 9, ..KNOWN };
    let verdict = last(&[later, Mail { text: "Which one?", ..Mail::default() }]);
    assert_eq!(verdict.sender.written_to, 0);
    let verdict = last(&[KNOWN, Mail { text: "Which one?", ..Mail::default() }]);
    assert_eq!(verdict.sender.written_to, 1);
}

#[test]
fn a_rule_decides_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let ids = fill(&mut store, &[Mail { text: "The room is booked.", ..Mail::default() }]);
    judge(&mut store, &settings());
    let rule = Rule {
        when: "from:ben@example.com".to_owned(),
        tier: Some(Tier::Today),
        kind: None,
        matches: HashSet::from([ids[0]]),
    };
    judge(&mut store, &Settings { rules: vec![rule], ..settings() });
    let verdict = verdict(&store, ids[0]).unwrap().unwrap();
    assert_eq!((verdict.tier, verdict.decided_by), (Tier::Today, DecidedBy::Rule));
    assert_eq!(verdict.reasons[0].text, "your rule: from:ben@example.com");
}

#[test]
fn a_rule_judges_anew_what_it_finds_later_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let mails = [
        Mail { id: "1", text: "The room is booked.", ..Mail::default() },
        Mail { id: "2", text: "The hall is booked.", ..Mail::default() },
    ];
    let ids = fill(&mut store, &mails);
    let with = |matches: &[MessageId]| {
        let when = "tier:fyi".to_owned();
        let matches = matches.iter().copied().collect();
        let rule = Rule { when, tier: Some(Tier::Today), kind: None, matches };
        Settings { rules: vec![rule], ..settings() }
    };
    judge(&mut store, &with(&[]));
    let versions = |store: &Store| {
        let version = |id: &MessageId| store.verdict(*id).unwrap().unwrap().version;
        ids.iter().map(version).collect::<Vec<_>>()
    };
    let before = versions(&store);
    judge(&mut store, &with(&ids[..1]));
    let found = verdict(&store, ids[0]).unwrap().unwrap();
    assert_eq!((found.tier, found.decided_by), (Tier::Today, DecidedBy::Rule));
    assert_eq!(versions(&store)[1], before[1]);
    judge(&mut store, &with(&[]));
    assert_eq!(verdict(&store, ids[0]).unwrap().unwrap().decided_by, DecidedBy::Reader);
    assert_eq!(versions(&store), before);
}

#[test]
fn states_follow_what_happened_since() {
    let (_dir, store, ids) = judged(&[
        Mail { id: "1", text: "Which stand shall I order?", ..Mail::default() },
        Mail {
            id: "2",
            reply: "1",
            day: 4,
            subject: "Re: The plan",
            text: "Which stand, please?",
            ..Mail::default()
        },
        Mail {
            id: "3",
            reply: "1",
            day: 6,
            from: "ada@example.org",
            to: "ben@example.com",
            subject: "Re: The plan",
            text: "Steel.",
            ..Mail::default()
        },
    ]);
    let state = |as_of: &str, id: MessageId| {
        items(&store, &[id], &options(as_of)).unwrap().first().map(|item| item.state)
    };
    assert_eq!(state("2026-03-02T11:00:00Z", ids[0]), Some(State::Open));
    assert_eq!(state("2026-03-03T12:00:00Z", ids[0]), Some(State::Overdue));
    assert_eq!(state("2026-03-04T12:00:00Z", ids[0]), Some(State::Superseded));
    assert_eq!(state("2026-03-07T12:00:00Z", ids[0]), Some(State::Answered));
    assert_eq!(state("2026-03-01T12:00:00Z", ids[0]), None);
    assert_eq!(list(&store, &options("2026-03-04T12:00:00Z")).unwrap().len(), 1);
    assert!(list(&store, &options("2026-03-07T12:00:00Z")).unwrap().is_empty());
    let settled = ListOptions { all: true, ..options("2026-03-07T12:00:00Z") };
    assert_eq!(list(&store, &settled).unwrap().len(), 1);
}

#[test]
fn the_list_begins_with_what_is_most_urgent() {
    let (_dir, store, ids) = judged(&[
        Mail { id: "1", subject: "One", text: "The room is booked.", ..Mail::default() },
        Mail { id: "2", subject: "Two", text: "Which stand shall I order?", ..Mail::default() },
        Mail {
            id: "3",
            subject: "Three",
            text: "Could you sign it by 16:00 today?",
            ..Mail::default()
        },
    ]);
    let lines = list(&store, &options("2026-03-02T12:00:00Z")).unwrap();
    let order: Vec<MessageId> = lines.iter().map(|item| item.id).collect();
    assert_eq!(order, [ids[2], ids[1], ids[0]]);
    let json = serde_json::to_value(&lines[0]).unwrap();
    for field in [
        "id",
        "message_id",
        "thread",
        "date",
        "from",
        "subject",
        "gist",
        "tier",
        "kind",
        "needs_reply",
        "confidence",
        "due",
        "state",
        "thread_tier",
        "decided_by",
        "scores",
        "reasons",
    ] {
        assert!(!json[field].is_null(), "{field}");
    }
}

#[test]
fn quotes_of_reasons_stand_in_the_mail() {
    let (_dir, store, ids) = judged(&[
        KNOWN,
        Mail {
            text: "The page is down.\n\nCould you look at it by 16:00 today?\nIt is yours to decide.",
            ..Mail::default()
        },
    ]);
    let verdict = verdict(&store, *ids.last().unwrap()).unwrap().unwrap();
    let raw = String::from_utf8(store.raw(*ids.last().unwrap()).unwrap()).unwrap();
    assert!(verdict.reasons.len() >= 3, "{verdict:#?}");
    for reason in &verdict.reasons {
        assert!(raw.contains(&reason.quote), "{reason:?}");
    }
}

#[test]
fn a_regular_sender_is_no_junk() {
    let feed = |id: &'static str, day: u32| Mail {
        id,
        day,
        from: "Tide News <feed@news.example.com>",
        subject: "Work from home: make money now",
        text: "Earn money from home. Act now, click here.",
        ..Mail::default()
    };
    let ids = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let mails: Vec<Mail> = ids.iter().zip(2..).map(|(id, day)| feed(id, day)).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let filled = fill(&mut store, &mails);
    judge(&mut store, &settings());
    let junk = |at: usize| verdict(&store, filled[at]).unwrap().unwrap().scores.junk;
    let odds = |at: usize| junk(at) / (1.0 - junk(at));
    assert!(junk(0) > 0.5 && odds(8) < odds(0) / 4.0, "{} then {}", junk(0), junk(8));
}

/// A stranger's mail of 2026-03-02 with an `Authentication-Results` header.
fn vouched<'a>(headers: &'a str, from: &'a str, text: &'a str) -> [Mail<'a>; 2] {
    [KNOWN, Mail { from, headers, text, subject: "Your account", ..Mail::default() }]
}

const NOBODY: &str = "Authentication-Results: mx.example.org; spf=none; dkim=none; dmarc=none\r\n";
const SIGNED: &str = "Authentication-Results: mx.example.org; spf=pass; dkim=pass; dmarc=pass\r\n";
const BAITED: &str = "Your storage is full. See https://full.example.net/now to keep your mail.";

#[test]
fn a_stranger_nobody_vouches_for_who_baits_is_suspicious() {
    let from = "Outlook Team <help@quota.example.net>";
    let found = check(&vouched(NOBODY, from, BAITED), Tier::Fyi, Kind::Suspicious);
    assert!(found.reasons.iter().any(|reason| reason.text.contains("vouches")), "{found:#?}");
    assert!(found.signals.iter().any(|signal| signal.name == "authentication: DKIM says nothing"));
    let from = "Rosa Lang <rosa@quota.example.net>";
    let found = last(&vouched(SIGNED, from, "Which stand shall I order?"));
    assert!(found.kind != Kind::Suspicious && found.kind != Kind::Junk, "{found:#?}");
    assert!(found.signals.iter().any(|signal| signal.name == "authentication: DKIM passed"));
}

#[test]
fn who_is_known_needs_nobody_to_vouch() {
    let from = "Ben Sample <ben@example.com>";
    let found = last(&vouched(NOBODY, from, BAITED));
    assert_ne!(found.kind, Kind::Suspicious, "{found:#?}");
}

#[test]
fn below_the_servers_own_header_nothing_vouches() {
    let forged = "Authentication-Results: mx.example.org; spf=none; dkim=none; dmarc=none\r\n\
                  Received: from there by mx.example.org; Mon, 2 Mar 2026 09:59:00 +0000\r\n\
                  Authentication-Results: mx.example.org; spf=pass; dkim=pass; dmarc=pass\r\n";
    let from = "Outlook Team <help@quota.example.net>";
    check(&vouched(forged, from, BAITED), Tier::Fyi, Kind::Suspicious);
}
