//! Checks on real mail, run where `POSTROOM_DATA` names a folder of it; skipped elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use super::source::{self, Format};
use super::{Message, attachment_bytes, identity, identity_any_hour, links, parse};

fn data(folder: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("POSTROOM_DATA") else {
        println!("skipped: POSTROOM_DATA is not set");
        return None;
    };
    Some(Path::new(&root).join(folder))
}

/// All files below `folder`, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

#[test]
fn every_file_is_read_without_a_panic() {
    for corpus in ["mime", "phishing", "spamassassin/data", "enron-maildir/maildir"] {
        let Some(folder) = data(corpus) else { return };
        let (mut count, mut with_text, mut bytes, mut hidden) = (0, 0, 0, 0);
        let mut seconds = 0.0;
        let mut problems: BTreeMap<String, usize> = BTreeMap::new();
        for path in files(&folder) {
            let raw = fs::read(&path).unwrap();
            let start = Instant::now();
            let message = parse(&raw);
            seconds += start.elapsed().as_secs_f64();
            let broken = message.problems.iter().any(|problem| problem.contains("taken apart"));
            assert!(!broken, "{}", path.display());
            links(&raw);
            for at in &message.attachments {
                let size = attachment_bytes(&raw, at.part).map(|bytes| bytes.len() as u64);
                assert_eq!(size, Some(at.bytes), "{} {at:?}", path.display());
            }
            check_text(&path, &message);
            count += 1;
            bytes += raw.len();
            with_text += usize::from(!message.text.is_empty());
            hidden += usize::from(message.hidden_chars > 0);
            if message.text.is_empty() && std::env::var_os("POSTROOM_EMPTY").is_some() {
                println!("empty: {}", path.display());
            }
            for problem in message.problems {
                *problems.entry(problem).or_default() += 1;
            }
        }
        assert!(count > 0, "{corpus}");
        println!(
            "{corpus}: {count} files, {with_text} with text, {hidden} with something hidden, \
             {:.0}/s, {:.1} MB/s; {problems:?}",
            f64::from(count) / seconds,
            bytes as f64 / seconds / 1e6,
        );
    }
}

#[track_caller]
fn check_text(path: &Path, message: &Message) {
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    for text in [&message.text, &message.subject] {
        assert!(!text.contains(odd), "{}", path.display());
    }
}

#[test]
fn sources_find_every_message() {
    for (corpus, mails_min, unreadable_max) in
        [("enron-maildir/maildir", 7_173, 0), ("spamassassin/data", 3_000, 0), ("phishing", 300, 2)]
    {
        let Some(folder) = data(corpus) else { return };
        let start = Instant::now();
        let (mut mails, mut unreadable) = (0, Vec::new());
        let mut folders: BTreeMap<String, usize> = BTreeMap::new();
        let mut keys = BTreeSet::new();
        for item in source::open(&folder, Format::Auto).unwrap() {
            match item {
                Ok(mail) => {
                    mails += 1;
                    assert!(keys.insert(mail.key), "a key twice");
                    *folders.entry(mail.folder).or_default() += 1;
                }
                Err(error) => unreadable.push(error.to_string()),
            }
        }
        println!("{corpus}: {mails} in {:?}, not {unreadable:?}\n  {folders:?}", start.elapsed());
        assert!(mails >= mails_min, "{corpus}: {mails}");
        assert!(unreadable.len() <= unreadable_max, "{corpus}: {unreadable:?}");
    }
}

#[test]
fn copies_in_several_folders_are_one_message() {
    let Some(folder) = data("enron-maildir/maildir") else { return };
    for (user, distinct_max) in [("allen-p", 1_400), ("skilling-j", 4_139)] {
        let (mut distinct, mut any_hour) = (BTreeSet::new(), BTreeSet::new());
        let mut count = 0;
        for path in files(&folder.join(user)) {
            count += 1;
            let message = parse(&fs::read(path).unwrap());
            distinct.insert(identity(&message));
            any_hour.insert(identity_any_hour(&message));
        }
        let (exact, any_hour) = (distinct.len(), any_hour.len());
        println!("{user}: {count} files, {exact} messages, {any_hour} whatever the hour");
        assert!(distinct.len() < distinct_max);
    }
}

/// One field of an expected message against ours.
struct Tally {
    same: usize,
    other: Vec<String>,
}

#[test]
fn expected_fields_agree() {
    let Some(folder) = data("mime/stalwart-mail-parser/resources/eml") else { return };
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for path in files(&folder).into_iter().filter(|p| p.extension().is_some_and(|e| e == "eml")) {
        let raw = fs::read(&path).unwrap();
        let crlf = {
            let text: Vec<&[u8]> =
                raw.split(|&b| b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)).collect();
            text.join(&b"\r\n"[..])
        };
        for (raw, ending) in [(raw, "json"), (crlf, "crlf.json")] {
            let expected = fs::read(path.with_extension(ending)).unwrap();
            let expected: Value = serde_json::from_slice(&expected).unwrap();
            let ours = ours(&parse(&raw));
            for (field, expected) in theirs(&expected) {
                let tally = tallies.entry(field).or_insert(Tally { same: 0, other: Vec::new() });
                if ours.get(field) == Some(&expected) {
                    tally.same += 1;
                } else {
                    let name = path.strip_prefix(&folder).unwrap().display();
                    let found = ours.get(field).cloned().unwrap_or_default();
                    tally.other.push(format!("{name}.{ending}: {expected:?}, here {found:?}"));
                }
            }
        }
    }
    assert!(!tallies.is_empty());
    for (field, tally) in &tallies {
        let all = tally.same + tally.other.len();
        println!("{field}: {} of {all}", tally.same);
        for other in &tally.other {
            println!("  {other}");
        }
        assert!(tally.same * 100 >= all * 80, "{field}");
    }
}

/// Header fields as the reference output has them, in a common spelling.
fn theirs(expected: &Value) -> Vec<(&'static str, String)> {
    let empty = Vec::new();
    let headers = expected["parts"][0]["headers"].as_array().unwrap_or(&empty);
    let mut found = Vec::new();
    for (field, name) in [
        ("from", "from"),
        ("to", "to"),
        ("cc", "cc"),
        ("subject", "subject"),
        ("date", "date"),
        ("message_id", "message_id"),
        ("references", "references"),
    ] {
        let values: Vec<&Value> =
            headers.iter().filter(|h| h["name"] == name).map(|h| &h["value"]).collect();
        if values.is_empty() {
            continue;
        }
        let spelled = match field {
            "from" | "to" | "cc" => values
                .iter()
                .flat_map(|v| their_people(&v["Address"]))
                .collect::<Vec<_>>()
                .join(", "),
            "date" => values[0].get("DateTime").map(their_date).unwrap_or_default(),
            "references" => {
                values.iter().flat_map(|v| their_texts(v)).collect::<Vec<_>>().join(" ")
            }
            "message_id" => their_texts(values[0]).into_iter().next().unwrap_or_default(),
            _ => their_texts(values[0]).join(" "),
        };
        found.push((field, fold(&spelled)));
    }
    found
}

fn their_texts(value: &Value) -> Vec<String> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    match (value.get("Text"), value.get("TextList")) {
        (Some(one), _) => vec![text(one)],
        (_, Some(many)) => many.as_array().into_iter().flatten().map(text).collect(),
        _ => Vec::new(),
    }
}

fn their_people(address: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut people = list(&address["List"]);
    for group in list(&address["Group"]) {
        people.extend(list(&group["addresses"]));
    }
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    people.iter().map(|p| spell(&text(&p["name"]), &text(&p["address"]))).collect()
}

fn spell(name: &str, address: &str) -> String {
    let address = address.to_lowercase();
    let name = if name.eq_ignore_ascii_case(&address) { "" } else { name };
    format!("{} <{address}>", fold(name))
}

fn their_date(value: &Value) -> String {
    let number = |name: &str| value[name].as_i64().unwrap_or_default();
    let offset = number("tz_hour") * 60 + number("tz_minute");
    let offset = if value["tz_before_gmt"] == true { -offset } else { offset };
    let date = jiff::civil::DateTime::new(
        number("year") as i16,
        number("month") as i8,
        number("day") as i8,
        number("hour") as i8,
        number("minute") as i8,
        number("second") as i8,
        0,
    );
    date.ok()
        .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|date| format!("{} {offset}", date.timestamp().as_second() - offset * 60))
        .unwrap_or_default()
}

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn ours(message: &Message) -> BTreeMap<&'static str, String> {
    let people = |list: &[super::Person]| {
        fold(&list.iter().map(|p| spell(&p.name, &p.address)).collect::<Vec<_>>().join(", "))
    };
    BTreeMap::from([
        ("from", people(&message.from)),
        ("to", people(&message.to)),
        ("cc", people(&message.cc)),
        ("subject", message.subject.clone()),
        (
            "date",
            message.date.map(|d| format!("{} {}", d.at.0, d.offset_minutes)).unwrap_or_default(),
        ),
        ("message_id", message.rfc_id.clone().unwrap_or_default()),
        ("references", message.references.join(" ")),
    ])
}
