//! A scripted reader and a small store for the tests of this room and those below it.

use std::ops::ControlFlow;
use std::path::Path;

use super::cues::cues;
use super::{Read, Wanted, read_new};
use crate::engine::{self, Judgement, SentenceScores};
use crate::mail::when::{Calendar, Zone, parse_rfc3339};
use crate::mail::{MessageId, UnixSeconds};
use crate::store::{Incoming, Origin, Outcome, Store};

/// Judges sentences by their plain words alone, and no kind at all.
pub(crate) struct PlainReader;

impl Read for PlainReader {
    fn version(&self) -> String {
        "plain".to_owned()
    }

    fn read(&self, messages: &[engine::Reading<'_>]) -> Result<Vec<Judgement>, engine::Error> {
        let likely = |cue: f32| 1.0 / (1.0 + (1.2 - cue).exp());
        let judge = |message: &engine::Reading<'_>| Judgement {
            kind: [1.0 / 9.0; 9],
            response: [0.0; 6],
            sentences: message
                .sentences
                .iter()
                .map(|sentence| {
                    let cue = cues(sentence, Some(true));
                    SentenceScores {
                        ask: likely(cue.ask),
                        promise: likely(cue.promise),
                        deadline: 0.4,
                        decision: likely(cue.decision),
                    }
                })
                .collect(),
        };
        Ok(messages.iter().map(judge).collect())
    }
}

pub(crate) const ME: &str = "ada@example.org";

/// A store in `dir` that knows whose it is.
pub(crate) fn store(dir: &Path) -> Store {
    let mut store = Store::open(dir).expect("a new store");
    store.add_own_addresses(&[ME.to_owned()], Origin::Told).expect("own address");
    store
}

pub(crate) fn at(text: &str) -> UnixSeconds {
    parse_rfc3339(text).expect("a time")
}

pub(crate) fn calendar() -> Calendar {
    Calendar::office(Zone::utc())
}

/// A mail of 2026-03-`day` (the 2nd is a Monday); `id` also names its thread when `reply` is empty.
pub(crate) struct Mail<'a> {
    pub(crate) id: &'a str,
    pub(crate) reply: &'a str,
    pub(crate) day: u32,
    pub(crate) time: &'a str,
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) headers: &'a str,
    pub(crate) text: &'a str,
}

impl Default for Mail<'_> {
    fn default() -> Self {
        Self {
            id: "1",
            reply: "",
            day: 2,
            time: "10:00",
            from: "Ben Sample <ben@example.com>",
            to: "Ada Example <ada@example.org>",
            subject: "The plan",
            headers: "",
            text: "",
        }
    }
}

/// Stores `mails` and reads them; gives back their ids in order.
pub(crate) fn fill(store: &mut Store, mails: &[Mail<'_>]) -> Vec<MessageId> {
    let batch: Vec<Incoming> = mails.iter().map(incoming).collect();
    let mut acceptor = store.accept_from("test", UnixSeconds(0)).expect("accepting");
    let outcomes = acceptor.accept(&batch).expect("accepted");
    acceptor.finish("test").expect("finished");
    let ids: Vec<MessageId> = outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Added(id) | Outcome::Known(id) | Outcome::Seen(id) => id,
        })
        .collect();
    let wanted = Wanted::These(ids.clone());
    read_new(store, &PlainReader, &wanted, &calendar(), &mut |_, _| ControlFlow::Continue(()))
        .expect("read");
    ids
}

fn incoming(mail: &Mail<'_>) -> Incoming {
    let Mail { id, reply, day, time, from, to, subject, headers, text } = mail;
    let mut raw = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{id}@example.org>\r\n\
         Date: {day:02} Mar 2026 {time}:00 +0000\r\n"
    );
    if !reply.is_empty() {
        raw.push_str(&format!("In-Reply-To: <{reply}@example.org>\r\n"));
    }
    raw.push_str(headers);
    if !headers.contains("Content-Type") {
        raw.push_str("Content-Type: text/plain; charset=utf-8\r\n");
    }
    raw.push_str("\r\n");
    raw.push_str(&text.replace('\n', "\r\n"));
    raw.push_str("\r\n");
    Incoming::new("Inbox".to_owned(), format!("{id}.eml"), "S".to_owned(), raw.as_bytes())
}
