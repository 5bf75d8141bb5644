//! The demo mailbox holds together on every day it may be looked at.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::clock::{self, Days, Language, Today};
use super::source::{self, Entry, Mailbox};
use super::{DemoFlag, DemoMail, MAILBOX, ME, messages, mime, render, words};
use crate::mail::UnixSeconds;

/// Tuesday, 4 March 2025, 09:00 on the demo's clocks.
const TUESDAY_AT_NINE: i64 = 1_741_075_200;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn mailbox() -> Mailbox {
    source::read(MAILBOX).unwrap()
}

/// Every day of two years, at midnight, at night, at nine, in the afternoon, before midnight.
fn many_days() -> impl Iterator<Item = Today> {
    let midnight = TUESDAY_AT_NINE - 9 * HOUR;
    (0..731).flat_map(move |day| {
        [0, 1, 3 * HOUR, 9 * HOUR, 15 * HOUR + 1_234, DAY - 1]
            .map(|second| Today::at(UnixSeconds(midnight + day * DAY + second)))
    })
}

fn header<'a>(mail: &'a str, name: &str) -> Vec<&'a str> {
    let head = mail.split("\r\n\r\n").next().unwrap();
    head.split("\r\n").filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect()
}

fn text_of(mail: &DemoMail) -> &str {
    std::str::from_utf8(&mail.bytes).unwrap()
}

#[test]
fn two_weeks_of_mail_are_there() {
    let mails = messages(UnixSeconds(TUESDAY_AT_NINE));
    let sent = mails.iter().filter(|mail| mail.folder == "Sent").count();
    assert!(sent >= 30, "{sent} sent");
    assert!((85..=105).contains(&(mails.len() - sent)), "{} received", mails.len() - sent);
}

#[test]
fn what_the_user_wrote_lies_in_sent_and_nothing_else_does() {
    for mail in messages(UnixSeconds(TUESDAY_AT_NINE)) {
        let from = header(text_of(&mail), "From")[0].to_owned();
        assert_eq!(from.contains(&format!("<{ME}>")), mail.folder == "Sent", "{from}");
    }
}

#[test]
fn folders_and_flags_are_few() {
    for mail in messages(UnixSeconds(TUESDAY_AT_NINE)) {
        assert!(["Inbox", "Sent", "Archive", "Lists", "Receipts"].contains(&mail.folder));
        assert!(mail.flags.is_sorted());
        let answered = mail.flags.contains(&DemoFlag::Answered);
        assert!(!answered || mail.flags.contains(&DemoFlag::Seen));
    }
}

#[test]
fn an_id_belongs_to_one_message() {
    let mailbox = mailbox();
    let ids: BTreeSet<&str> = mailbox.entries.iter().map(|entry| entry.id).collect();
    assert_eq!(ids.len(), mailbox.entries.len());
    let keys: BTreeSet<&str> = mailbox.people.iter().map(|person| person.key).collect();
    assert_eq!(keys.len(), mailbox.people.len());
}

#[test]
fn everybody_in_the_list_writes_or_is_written_to() {
    let mailbox = mailbox();
    let mut named = BTreeSet::new();
    for entry in &mailbox.entries {
        named.insert(entry.from);
        named.extend(entry.via);
        named.extend(entry.to.iter().chain(&entry.cc));
    }
    for person in &mailbox.people {
        assert!(named.contains(person.key), "{} is not in any message", person.key);
    }
}

#[test]
fn an_answered_message_has_its_answer() {
    let mailbox = mailbox();
    let answered_by_ada: BTreeSet<&str> =
        mailbox.entries.iter().filter(|e| e.from == "ada").filter_map(|e| e.reply).collect();
    for entry in &mailbox.entries {
        if entry.flags.contains(&DemoFlag::Answered) {
            assert!(answered_by_ada.contains(entry.id), "{} has no answer", entry.id);
        }
    }
}

#[test]
fn a_reply_names_its_parents_from_the_first_on() {
    let mails = messages(UnixSeconds(TUESDAY_AT_NINE));
    let mut seen = BTreeMap::new();
    let mut replies = 0;
    for mail in &mails {
        let text = text_of(mail);
        let id = header(text, "Message-ID")[0];
        if let [parent] = header(text, "In-Reply-To").as_slice() {
            replies += 1;
            let parent_references: &String =
                seen.get(parent).unwrap_or_else(|| panic!("{id} answers {parent}, not yet there"));
            let expected = format!("{parent_references}{parent}");
            assert_eq!(unfolded_references(text), expected, "{id}");
        }
        seen.insert(id, unfolded_references(text));
    }
    assert!(replies > 50, "{replies} replies");
}

fn unfolded_references(mail: &str) -> String {
    let head = mail.split("\r\n\r\n").next().unwrap().replace("\r\n ", "");
    let line = head.split("\r\n").find_map(|line| line.strip_prefix("References: "));
    line.unwrap_or_default().to_owned()
}

#[test]
fn nothing_is_dated_after_now_or_before_what_it_answers() {
    let mailbox = mailbox();
    let now = |today: &Today| today.utc(Days::Calendar(0), 0);
    for today in many_days() {
        for entry in &mailbox.entries {
            let at = today.instant(entry.when, entry.id);
            assert!(at <= today.now(), "{} is after {}", entry.id, now(&today));
            if let Some(parent) = entry.reply {
                let parent = mailbox.entry(parent).unwrap();
                let before = today.instant(parent.when, parent.id);
                assert!(before <= at, "{} is before its parent on {}", entry.id, now(&today));
            }
        }
    }
}

#[test]
fn mail_of_today_is_of_today_and_fresh() {
    let mailbox = mailbox();
    let of_today = || mailbox.entries.iter().filter(|e| e.when.days == Days::Calendar(0));
    assert!(of_today().count() >= 10);
    for today in many_days() {
        let midnight = today.instant(source::when("0d 00:00").unwrap(), "");
        for entry in of_today() {
            let at = today.instant(entry.when, entry.id);
            assert!(today.now().0 - at.0 <= 3 * HOUR, "{} is stale", entry.id);
            assert!(at.0 >= midnight.0 - DAY, "{}", entry.id);
            assert_eq!(today.day_of(at), today.day(Days::Calendar(0)), "{}", entry.id);
        }
    }
}

#[test]
fn the_same_now_gives_the_same_bytes() {
    for now in [TUESDAY_AT_NINE, TUESDAY_AT_NINE + 4 * DAY + 77] {
        assert_eq!(messages(UnixSeconds(now)), messages(UnixSeconds(now)));
    }
}

#[test]
fn oldest_first() {
    let mailbox = mailbox();
    let today = Today::at(UnixSeconds(TUESDAY_AT_NINE));
    let mails = messages(UnixSeconds(TUESDAY_AT_NINE));
    let mut at: Vec<(UnixSeconds, String)> = mailbox
        .entries
        .iter()
        .map(|entry| {
            let id = render::rfc_id(entry, &mailbox).unwrap();
            (today.instant(entry.when, entry.id), format!("<{id}>"))
        })
        .collect();
    at.sort_by_key(|(at, _)| *at);
    let ids: Vec<&str> = mails.iter().map(|mail| header(text_of(mail), "Message-ID")[0]).collect();
    assert_eq!(ids, at.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>());
}

#[track_caller]
fn check_date(at: i64, expected: &str) {
    assert_eq!(clock::header_date(UnixSeconds(at)), expected);
}

#[test]
fn dates_are_those_of_the_calendar() {
    check_date(0, "Thu, 01 Jan 1970 01:00:00 +0100");
    check_date(951_778_800, "Tue, 29 Feb 2000 00:00:00 +0100");
    check_date(1_709_161_199, "Wed, 28 Feb 2024 23:59:59 +0100");
    check_date(1_709_161_200, "Thu, 29 Feb 2024 00:00:00 +0100");
    check_date(TUESDAY_AT_NINE, "Tue, 04 Mar 2025 09:00:00 +0100");
    check_date(1_767_222_000, "Thu, 01 Jan 2026 00:00:00 +0100");
    check_date(1_798_757_999, "Thu, 31 Dec 2026 23:59:59 +0100");
    check_date(1_835_395_200, "Tue, 29 Feb 2028 01:00:00 +0100");
    check_date(4_107_538_800, "Mon, 01 Mar 2100 00:00:00 +0100");
}

/// `expected`: the working days -1, 0, +1, +2 as seen at nine, `days` after the Tuesday.
#[track_caller]
fn check_working_days(days: i64, expected: &str) {
    let today = Today::at(UnixSeconds(TUESDAY_AT_NINE + days * DAY));
    let names: Vec<&str> = [-1, 0, 1, 2]
        .map(|n| clock::weekday_name(today.day(Days::Working(n)), Language::English))
        .to_vec();
    assert_eq!(names.join(" "), expected);
}

#[test]
fn working_days_leave_out_the_weekend() {
    check_working_days(-1, "Friday Monday Tuesday Wednesday");
    check_working_days(0, "Monday Tuesday Wednesday Thursday");
    check_working_days(1, "Tuesday Wednesday Thursday Friday");
    check_working_days(2, "Wednesday Thursday Friday Monday");
    check_working_days(3, "Thursday Friday Monday Tuesday");
    check_working_days(4, "Friday Monday Monday Tuesday");
    check_working_days(5, "Friday Monday Monday Tuesday");
    check_working_days(6, "Friday Monday Tuesday Wednesday");
}

#[test]
fn a_day_called_by_name_is_within_six_days_of_the_message_and_not_its_own() {
    let mailbox = mailbox();
    let mut names = 0;
    for today in many_days() {
        for entry in &mailbox.entries {
            let sent = today.day_of(today.instant(entry.when, entry.id));
            for (named, far) in named_days(entry, &today).into_iter().map(|day| (day, day - sent)) {
                names += 1;
                assert!(
                    (1..=6).contains(&far.abs()),
                    "{} names day {named}, {far} days away, seen on {}",
                    entry.id,
                    today.utc(Days::Calendar(0), 0)
                );
            }
        }
    }
    assert!(names > 20 * 731);
}

/// The days a message calls by the name of their weekday.
fn named_days(entry: &Entry, today: &Today) -> Vec<i64> {
    let parts = entry.parts.iter().map(|part| part.body.as_str());
    let mut days = Vec::new();
    for text in parts.chain([entry.text.as_str(), entry.subject]) {
        for piece in text.split('{').skip(1) {
            let inside = piece.split('}').next().unwrap();
            match inside.split_once(':') {
                Some(("day", n)) => days.push(today.day(Days::Calendar(n.parse().unwrap()))),
                Some(("workday", n)) => days.push(today.day(Days::Working(n.parse().unwrap()))),
                _ => {}
            }
        }
    }
    days
}

#[test]
fn the_clock_is_named_in_mail_of_today_alone() {
    for entry in &mailbox().entries {
        if entry.text.contains("{time:") {
            assert_eq!(entry.when.days, Days::Calendar(0), "{}", entry.id);
        }
    }
}

#[test]
fn no_weekday_is_written_into_a_deadline() {
    let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    for entry in &mailbox().entries {
        for day in days {
            for word in ["by ", "until ", "before ", "on "] {
                // The release thread weighs weekdays as such; a visitor's story has its Sunday.
                let told = entry.id.starts_with("release") || entry.id.starts_with("news");
                assert!(told || !entry.text.contains(&format!("{word}{day}")), "{}", entry.id);
            }
        }
    }
}

#[test]
fn no_placeholder_is_left_over() {
    let mailbox = mailbox();
    for today in many_days().step_by(97) {
        for entry in &mailbox.entries {
            let mut texts = vec![words::text(entry, &mailbox, &today).unwrap()];
            texts.push(words::fill(entry.subject, entry, &today).unwrap());
            texts.extend(entry.parts.iter().map(|p| words::fill(&p.body, entry, &today).unwrap()));
            for text in texts {
                for mark in [
                    "day:+", "day:-", "date:+", "date:-", "{time", "{utc", "{stamp", "{sig",
                    "{quote",
                ] {
                    assert!(!text.contains(mark), "{}: {mark} in {text}", entry.id);
                }
            }
        }
    }
}

#[test]
fn every_host_is_one_reserved_for_examples() {
    let ends = |c: char| !(c.is_alphanumeric() || c == '.' || c == '-');
    let mut hosts = 0;
    for mark in ["@", "://"] {
        for after in MAILBOX.split(mark).skip(1) {
            let host = after.split(ends).next().unwrap().trim_end_matches('.');
            let reserved = ["example.org", "example.com", "example.net"];
            let ours = reserved.iter().any(|r| host == *r || host.ends_with(&format!(".{r}")));
            assert!(ours, "{host}");
            hosts += 1;
        }
    }
    assert!(hosts > 100);
}

#[test]
fn a_message_is_ascii_in_crlf_lines_of_bearable_length() {
    for now in [TUESDAY_AT_NINE, TUESDAY_AT_NINE + 200 * DAY] {
        for mail in messages(UnixSeconds(now)) {
            let text = text_of(&mail);
            assert!(text.is_ascii());
            assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
            let id = header(text, "Message-ID")[0];
            for line in text.split("\r\n") {
                assert!(line.len() <= 100, "{id}: {line}");
            }
            for name in ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version"] {
                assert_eq!(header(text, name).len(), 1, "{id}: {name}");
            }
        }
    }
}

#[test]
fn every_multipart_is_closed_and_holds_its_parts() {
    let mut multiparts = 0;
    for mail in messages(UnixSeconds(TUESDAY_AT_NINE)) {
        let text = text_of(&mail);
        for after in text.split(" boundary=\"").skip(1) {
            let boundary = after.split('"').next().unwrap();
            let opened = text.matches(&format!("\r\n--{boundary}\r\n")).count();
            let closed = text.matches(&format!("\r\n--{boundary}--\r\n")).count();
            assert!(opened >= 2 && closed == 1, "{boundary}");
            multiparts += 1;
        }
    }
    assert!(multiparts >= 15, "{multiparts}");
}

#[track_caller]
fn check_part(text: &str, expected: &str) {
    let part = mime::part("text/plain", text);
    assert_eq!(part.split_once("\r\n").unwrap().1, expected);
}

#[test]
fn text_is_encoded_only_where_it_must_be() {
    check_part("one\ntwo\n", "Content-Transfer-Encoding: 7bit\r\n\r\none\r\ntwo\r\n");
    check_part("grün", "Content-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BCn\r\n");
    check_part("é ", "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9=20\r\n");
    check_part("é=", "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9=3D\r\n");
    check_part("From here", "Content-Transfer-Encoding: quoted-printable\r\n\r\n=46rom here\r\n");
    check_part(
        &"a".repeat(100),
        &format!(
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n{}=\r\n{}\r\n",
            "a".repeat(75),
            "a".repeat(25)
        ),
    );
}

#[test]
fn files_are_in_base64() {
    // RFC 4648, section 10.
    for (bytes, expected) in [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
    {
        let part = mime::attachment("a.txt", "text/plain", bytes.as_bytes());
        assert!(part.ends_with(&format!("\r\n\r\n{expected}\r\n")), "{part}");
    }
}

#[test]
fn a_pdf_says_where_its_objects_are() {
    let pdf = String::from_utf8(mime::pdf("one (1)\ntwo")).unwrap();
    assert!(pdf.contains("(one \\(1\\)) Tj T*\n(two) Tj T*\n"));
    let table: usize = pdf.rsplit("startxref\n").next().unwrap()[..3].trim().parse().unwrap();
    assert!(pdf[table..].starts_with("xref\n0 6\n"));
    for (index, line) in pdf[table..].lines().skip(3).take(5).enumerate() {
        let offset: usize = line[..10].parse().unwrap();
        assert!(pdf[offset..].starts_with(&format!("{} 0 obj\n", index + 1)), "{line}");
    }
}

#[test]
fn names_in_headers_are_quoted_or_encoded_where_they_must_be() {
    assert_eq!(mime::mailbox("Ada Merz", "a@example.org"), "Ada Merz <a@example.org>");
    assert_eq!(mime::mailbox("", "a@example.org"), "a@example.org");
    assert_eq!(mime::mailbox("Merz, Ada", "a@example.org"), "\"Merz, Ada\" <a@example.org>");
    assert_eq!(mime::mailbox("Bö", "a@example.org"), "=?utf-8?Q?B=C3=B6?= <a@example.org>");
    let long = mime::unstructured(&"ö ".repeat(30));
    assert!(long.split("\r\n ").all(|word| word.len() <= 75 && word.ends_with("?=")), "{long}");
}

#[test]
fn a_quote_stands_below_who_wrote_it_and_when() {
    let mailbox = mailbox();
    let today = Today::at(UnixSeconds(TUESDAY_AT_NINE));
    let text = |id| words::text(mailbox.entry(id).unwrap(), &mailbox, &today).unwrap();
    let reply = text("outage-2");
    assert!(reply.contains(
        "\n\nOn 3 March 2025 at 16:48, Henrik Solberg <henrik.solberg@norrvik.example.com> wrote:\n\
         > Hi Ada,\n>\n"
    ));
    assert!(text("outage-8").contains("\n>> Ada,\n"), "nested quotes stay nested");
    assert!(text("train-3").contains("\n\nLe 24 février 2025 à 09:05, Ada Merz <ada@"));
    assert!(text("brandt-2").contains("\n\nAm 20. Februar 2025 um 10:25 schrieb Dieter Brandt <"));
    assert!(text("brandt-3").contains("\n-----Ursprüngliche Nachricht-----\nVon: Ada Merz <ada@"));
}

#[test]
fn long_lines_flow_and_lists_do_not() {
    let mailbox = mailbox();
    let today = Today::at(UnixSeconds(TUESDAY_AT_NINE));
    let text = |id| words::text(mailbox.entry(id).unwrap(), &mailbox, &today).unwrap();
    assert!(
        text("board-1").contains("\n- uptime per customer, last quarter\n- how many customers")
    );
    assert!(
        text("outage-1").contains("\nBest,\nAda")
            || text("outage-1").contains("\nRegards,\nHenrik\n")
    );
    assert!(text("contract-5").lines().all(|line| line.chars().count() <= 96));
    assert!(text("outage-10").lines().any(|line| line.chars().count() > 150));
}

#[test]
fn html_says_what_the_text_says() {
    assert_eq!(
        words::as_html("a & b\nc\n\nd\n\nX wrote:\n> e\n>\n>> <f>\n> g\n"),
        "<html><body>\n<p>a &amp; b<br>\nc</p>\n<p>d</p>\n<p>X wrote:</p>\n\
         <blockquote type=\"cite\">\n<p>e</p>\n<blockquote type=\"cite\">\n<p>&lt;f&gt;</p>\n\
         </blockquote>\n<p>g</p>\n</blockquote>\n</body></html>\n"
    );
}

#[track_caller]
fn check_unreadable(text: &'static str, expected: &str) {
    assert_eq!(source::read(text).err().unwrap(), expected);
}

#[test]
fn a_mistake_in_the_source_is_named() {
    check_unreadable("\n=== a\nfrom: x", "a: no empty line after the head");
    check_unreadable("\n=== a\ncolour: red\n\nHi", "a: what is colour?");
    check_unreadable("\n=== a\nwhen: -1x 09:00\n\nHi", "a: -1x 09:00: days end in d or w");
    check_unreadable("\n=== a\nwhen: -1d 25:00\n\nHi", "a: 25:00 is no time");
    check_unreadable(
        "\n=== a\nwhen: -1d 09:00\n\nHi",
        "a: when, from, and subject or reply are needed",
    );
    check_unreadable("\n=== people\nx = y\n", "people: y: no address");
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectations {
    about: String,
    items: Vec<Expectation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectation {
    message_id: String,
    tier: String,
    kind: String,
    needs_reply: bool,
    why: String,
}

#[test]
fn what_to_think_of_it_is_written_down_for_each_message_received() {
    let text = include_str!("../../../tests/fixtures/demo-expectations.json");
    let expected: Expectations = serde_json::from_str(text).unwrap();
    assert!(!expected.about.is_empty());
    let mailbox = mailbox();
    let received: BTreeSet<String> = mailbox
        .entries
        .iter()
        .filter(|entry| entry.from != "ada")
        .map(|entry| render::rfc_id(entry, &mailbox).unwrap())
        .collect();
    let judged: BTreeSet<String> = expected.items.iter().map(|i| i.message_id.clone()).collect();
    assert_eq!(judged, received);
    assert_eq!(expected.items.len(), received.len());
    for item in &expected.items {
        assert!(["now", "today", "normal", "consider", "fyi"].contains(&item.tier.as_str()));
        assert!(!item.why.is_empty());
        assert!(item.tier != "fyi" || !item.needs_reply, "{}", item.message_id);
    }
    let kinds: BTreeSet<&str> = expected.items.iter().map(|item| item.kind.as_str()).collect();
    let all = "calendar junk list newsletter notification person promotion suspicious transaction";
    assert_eq!(kinds.into_iter().collect::<Vec<_>>().join(" "), all);
}
