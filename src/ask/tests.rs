//! Questions to a small archive.

use std::path::Path;

use super::*;
use crate::ledger::testing::{PlainReader, calendar, store as new_store};
use crate::mail::when::Zone;
use crate::search::{Cause, catch_up};
use crate::store::Incoming;

/// Texts that share words are near: each word has a place of its own among 64.
struct Words;

impl Embed for Words {
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Cause> {
        let embed = |text: &&str| {
            let mut vector = vec![0.01_f32; 64];
            for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()) {
                if word.len() > 2 {
                    let place =
                        word.bytes().fold(7_usize, |sum, byte| sum * 31 + usize::from(byte));
                    vector[place % 64] += 1.0;
                }
            }
            let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
            vector.iter().map(|value| value / length).collect()
        };
        Ok(texts.iter().map(embed).collect())
    }
}

struct Home {
    _dir: tempfile::TempDir,
    store: Store,
    index: Index,
}

/// `(minute, from, subject, text)`; one subject is one thread.
fn home(mails: &[(u32, &str, &str, &str)]) -> Home {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = new_store(dir.path());
    for (at, (minute, from, subject, text)) in mails.iter().enumerate() {
        let first = mails.iter().position(|(_, _, other, _)| other == subject).expect("itself");
        let answers = if first < at {
            format!("In-Reply-To: <m{first}@example.org>\n")
        } else {
            String::new()
        };
        let raw = format!(
            "From: {from} <{}@example.org>\nTo: Ada <ada@example.org>\nMessage-ID: <m{at}@example.org>\n{answers}\
             Date: Mon, 02 Mar 2026 09:{minute:02}:00 +0000\nSubject: {subject}\n\n{text}\n",
            from.to_lowercase()
        );
        let incoming = Incoming::new("Inbox".into(), format!("k{at}"), "S".into(), raw.as_bytes());
        let mut acceptor = store.accept_from("here", UnixSeconds(1_772_442_000)).expect("begun");
        acceptor.accept(&[incoming]).expect("accepted");
        acceptor.finish("here").expect("finished");
    }
    let mut index = Index::open(&dir.path().join("index")).expect("an index");
    let mut go_on = |_, _| ControlFlow::Continue(());
    catch_up(&mut index, &store, &mut go_on).expect("indexed");
    Home { _dir: dir, store, index }
}

impl Home {
    fn ask(&mut self, question: &str) -> Result<Vec<Passage>, Error> {
        let zone = Zone::utc();
        let calendar = calendar();
        let around = Around {
            index: &self.index,
            vectors: None,
            embed: Some(&Words),
            reader: Some(&PlainReader),
            version: &ledger::version(&PlainReader),
            calendar: &calendar,
            options: Options {
                mode: Mode::Hybrid,
                limit: 0,
                as_of: None,
                by_thread: false,
                me: &[],
                now: UnixSeconds(1_772_800_000),
                zone: &zone,
                facts: None,
            },
        };
        ask(&mut self.store, &around, question)
    }

    #[track_caller]
    fn check(&mut self, question: &str, expected: &str) {
        let passages = self.ask(question).expect("an answer");
        let first = passages.first().map_or("", |passage| passage.quote.as_str());
        assert_eq!(first, expected, "{question}: {passages:#?}");
    }
}

fn talk() -> Home {
    home(&[
        (
            1,
            "Ben",
            "Price of the crane",
            "Grace asks 5,000 for the crane. I think the price of the crane is too high.",
        ),
        (2, "Carol", "Lunch", "The soup was good.\n\nThe new cook starts on Thursday."),
        (3, "Grace", "Price of the crane", "We agreed on a price of 4,200 for the crane."),
        (4, "Dan", "Yard", "The yard in Leeds gets a new gate.\n\nIt will be painted green."),
    ])
}

#[test]
fn the_sentence_that_answers_is_quoted_with_its_message() {
    let mut home = talk();
    home.check("When does the new cook start?", "The new cook starts on Thursday.");
    let passages = home.ask("When does the new cook start?").expect("an answer");
    assert_eq!((passages[0].id, passages[0].from.name.as_str()), (MessageId(2), "Carol"));
    assert!(passages[0].support > 0.5 && passages[0].support <= 1.0);
}

#[test]
fn a_decision_comes_before_the_talk_that_led_to_it() {
    talk().check("What is the price of the crane?", "We agreed on a price of 4,200 for the crane.");
}

#[test]
fn a_later_decision_comes_before_the_one_it_takes_the_place_of() {
    let mut home = home(&[
        (1, "Grace", "Date of the fair", "We decided to hold the spring fair on 12 May."),
        (2, "Grace", "Date of the fair", "We decided to hold the spring fair on 19 May instead."),
        (3, "Ben", "Tents", "The tents are dry."),
    ]);
    home.check("When is the spring fair?", "We decided to hold the spring fair on 19 May instead.");
}

#[test]
fn what_nothing_supports_is_not_in_the_mail() {
    let mut home = talk();
    for question in ["When does the submarine leave Lisbon?", "Who won the chess tournament?"] {
        assert_eq!(home.ask(question).expect("an answer"), [], "{question}");
    }
    assert!(matches!(home.ask("?!"), Err(Error::Nothing)));
    let mut empty = self::home(&[]);
    assert_eq!(empty.ask("When does the cook start?").expect("an answer"), []);
}

#[test]
fn a_folder_without_readings_answers_all_the_same() {
    let mut home = talk();
    assert!(Path::new(home.store.path()).exists());
    let passages = home.ask("price of the crane").expect("an answer");
    assert!(passages.len() >= 2, "{passages:?}");
}
