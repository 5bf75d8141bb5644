//! What the reader saw in one message.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Error;
use super::cues::cues;
use crate::engine::{Judgement, SentenceScores};
use crate::mail::when::Deadline;
use crate::mail::{self, Message, MessageId};
use crate::store::Store;

/// Sentences read of one message; what comes after rarely asks for anything and costs the same.
const SENTENCES_MAX: usize = 120;
/// How sure an ask must be to be what a message is about.
const ASK_MIN: f32 = 0.5;
/// How much the plain cues count beside the reader's calibrated log-odds.
const CUE_WEIGHT: f32 = 0.5;

/// The stored reading of a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Probabilities of the kinds, in the order person, list, newsletter, promotion, notification,
    /// transaction, calendar, junk, suspicious.
    pub kind: [f32; 9],
    /// Logits of how soon it wants an answer: now, today, normal, consider, fyi, and whether it does;
    /// all 0 where the reader has no opinion.
    pub response: [f32; 6],
    /// The message in at most twelve of its words.
    pub gist: String,
    /// Whether the message passes another one on without a word of its own.
    pub forwards_only: bool,
    /// The sentences of the sender's own words, in order.
    pub sentences: Vec<Sentence>,
}

/// One sentence and what it is, as probabilities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sentence {
    /// The sentence exactly as it stands in the message.
    pub text: String,
    /// It is a greeting or a sign-off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frame: bool,
    /// It asks somebody for something.
    pub ask: f32,
    /// Its writer promises something.
    pub promise: f32,
    /// It names a time to act by.
    pub deadline: f32,
    /// It says what was decided.
    pub decision: f32,
}

/// A message's own sentences, ready for the reader.
#[derive(Debug, Default)]
pub(crate) struct Spoken {
    pub(crate) subject: String,
    /// The words that are read.
    text: String,
    /// Where in them each sentence stands.
    ranges: Vec<Range<usize>>,
    /// Each as it stands in the message, and whether it is greeting or sign-off.
    pub(crate) sentences: Vec<(String, bool)>,
    /// The same on one line each.
    pub(crate) lines: Vec<String>,
    pub(crate) forwards_only: bool,
}

impl Spoken {
    /// Only the sender's own words are read: quoted text was read in its own message.
    pub(crate) fn of(message: &Message) -> Self {
        let mut own = mail::own_words(&message.text);
        let forwards_only = own.trim().is_empty() && !message.text.trim().is_empty();
        if forwards_only {
            own = mail::own_or_forwarded_words(&message.text);
        }
        let shape = mail::letter_shape(&own);
        let frames = [shape.greeting, shape.sign_off];
        let mut ranges = mail::sentences(&own);
        ranges.truncate(SENTENCES_MAX);
        let sentences: Vec<(String, bool)> = ranges
            .iter()
            .map(|range| {
                let frame =
                    frames.iter().flatten().any(|f| f.start <= range.start && range.end <= f.end);
                (own[range.clone()].to_owned(), frame)
            })
            .collect();
        let lines = sentences
            .iter()
            .map(|(text, _)| text.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let subject = message.subject.clone();
        Self { subject, text: own, ranges, sentences, lines, forwards_only }
    }

    /// The text from one sentence to another, as it stands in the message.
    pub(crate) fn stretch(&self, one: usize, other: usize) -> &str {
        let (first, last) = (one.min(other), one.max(other));
        match (self.ranges.get(first), self.ranges.get(last)) {
            (Some(first), Some(last)) => &self.text[first.start..last.end],
            _ => "",
        }
    }
}

/// Joins the reader's opinion with the plain cues. `due[i]` is the time read in
/// sentence `i`.
pub(crate) fn join(spoken: &Spoken, judgement: &Judgement, due: &[Option<Deadline>]) -> Reading {
    let sentences: Vec<Sentence> = spoken
        .sentences
        .iter()
        .zip(&judgement.sentences)
        .zip(due)
        .map(|(((text, frame), scores), due)| sentence(text, *frame, scores, due.as_ref()))
        .collect();
    Reading {
        kind: judgement.kind,
        response: judgement.response.map(|logit| (1_000.0 * logit).round() / 1_000.0),
        gist: gist_of(spoken, &sentences, &judgement.kind),
        forwards_only: spoken.forwards_only,
        sentences,
    }
}

fn sentence(text: &str, frame: bool, scores: &SentenceScores, due: Option<&Deadline>) -> Sentence {
    // `?` alone asks nothing that could be answered.
    if frame || !text.contains(char::is_alphabetic) {
        return Sentence { text: text.to_owned(), frame, ..Sentence::default() };
    }
    let cue = cues(text, due.map(|due| due.cued));
    Sentence {
        text: text.to_owned(),
        frame,
        ask: joined(scores.ask, cue.ask),
        promise: joined(scores.promise, cue.promise),
        deadline: joined(scores.deadline, cue.deadline),
        decision: joined(scores.decision, cue.decision),
    }
}

fn joined(probability: f32, cue: f32) -> f32 {
    let clamped = if probability.is_finite() { probability.clamp(0.01, 0.99) } else { 0.05 };
    let odds = (clamped / (1.0 - clamped)).ln() + CUE_WEIGHT * cue;
    // Three decimals are all a probability is worth; the stored JSON is a third shorter.
    (1000.0 / (1.0 + (-odds).exp())).round() / 1000.0
}

fn gist_of(spoken: &Spoken, sentences: &[Sentence], kind: &[f32; 9]) -> String {
    let weighted: Vec<(&str, f32)> = spoken
        .lines
        .iter()
        .zip(sentences)
        .map(|(line, sentence)| {
            let matters = sentence.ask.max(sentence.decision * 0.9).max(sentence.promise * 0.7);
            let weight = if sentence.frame { 0.0 } else { 0.3 + 0.7 * matters };
            (line.as_str(), weight)
        })
        .collect();
    if !is_for_somebody(kind) {
        // What goes to everybody carries its matter in its subject.
        let subject = mail::gist(&spoken.subject, &[]);
        return if subject.is_empty() { mail::gist("", &weighted) } else { subject };
    }
    match main_ask(sentences) {
        Some(at) => mail::gist_of_ask(&spoken.subject, &spoken.lines[at], &weighted),
        None => mail::gist(&spoken.subject, &weighted),
    }
}

/// The sentence a message is sent for: a question before any other ask, the surest before the others.
fn main_ask(sentences: &[Sentence]) -> Option<usize> {
    let rank = |sentence: &Sentence| {
        let question = sentence.text.trim_end().ends_with(['?', '？']);
        (sentence.ask >= ASK_MIN).then(|| sentence.ask + f32::from(u8::from(question)))
    };
    let mut best: Option<(f32, usize)> = None;
    for (at, rank) in sentences.iter().enumerate().filter_map(|(at, one)| Some((at, rank(one)?))) {
        if best.is_none_or(|(most, _)| rank > most) {
            best = Some((rank, at));
        }
    }
    best.map(|(_, at)| at)
}

/// Advertising and machines speak to everybody.
fn is_for_somebody(kind: &[f32; 9]) -> bool {
    const PERSON: usize = 0;
    const LIST: usize = 1;
    const CALENDAR: usize = 6;
    kind.iter().all(|other| [PERSON, LIST, CALENDAR].iter().any(|one| kind[*one] >= *other))
}

/// The stored reading of a message, if `version` made it.
///
/// # Errors
/// The store cannot be read, or holds something else.
pub fn reading(store: &Store, id: MessageId, version: &str) -> Result<Option<Reading>, Error> {
    let Some(data) = store.reading(id, version)? else { return Ok(None) };
    serde_json::from_str(&data).map(Some).map_err(|source| Error::Damaged { id, source })
}

/// The gist of a message, empty when `version` has not read it.
///
/// # Errors
/// As [`reading`].
pub fn gist(store: &Store, id: MessageId, version: &str) -> Result<String, Error> {
    Ok(reading(store, id, version)?.map(|reading| reading.gist).unwrap_or_default())
}
