//! The reader's draft: a letter put together from what the user wrote before.

use super::asks::{folded, quoted_topic, topic};
use super::gaps::without_stale_facts;
use super::phrases::phrases;
use super::{Ask, Form, GAP};
use crate::mail;
use crate::voice::{Example, Habits, says_default, similarity};

/// A past mail must be at least this like the one at hand, for its answer to be reused as a whole.
const MAIL_LIKENESS_MIN: f32 = 0.35;
/// The same where one ask of it is clearly like an ask at hand: the rest may be about other things.
const REST_LIKENESS_MIN: f32 = 0.1;
/// A past ask must be at least this like the ask.
const ASK_LIKENESS_MIN: f32 = 0.5;
/// What the user says goes to an ask when at least this like it.
const SAY_LIKENESS_MIN: f32 = 0.2;
/// Sentences taken from one past reply.
const SENTENCES_MAX: usize = 3;
/// Share of letters with a default line from which on one is proposed.
const DEFAULT_SHARE_MIN: f32 = 0.3;

/// What the text between greeting and sign-off is made of.
pub(super) struct Material<'a> {
    pub(super) asks: &'a [Ask],
    pub(super) say: &'a str,
    pub(super) examples: &'a [Example],
    /// Texts whose facts still hold: the mail, what the user says.
    pub(super) known: &'a str,
    pub(super) habits: &'a Habits,
    pub(super) language: &'a str,
    pub(super) form: Form,
}

/// The text, and the indexes of the examples it took words from.
pub(super) fn assemble(material: &Material<'_>) -> (String, Vec<usize>) {
    if material.form == Form::Call {
        return (call(material), Vec::new());
    }
    let mut paragraphs: Vec<String> = Vec::new();
    let mut used: Vec<usize> = Vec::new();
    let say = material.say.trim();
    let said_to = (!say.is_empty()).then(|| answered_ask(material.asks, say)).flatten();
    if !say.is_empty() && said_to.is_none() {
        paragraphs.push(say.to_owned());
    }
    let single = material.asks.len() == 1;
    let mut named: Vec<String> = Vec::new();
    for (at, ask) in material.asks.iter().enumerate() {
        let answer = if said_to == Some(at) {
            say.to_owned()
        } else if single && !say.is_empty() {
            // With one ask, what the user says is the answer.
            continue;
        } else if let Some((example, answer)) = past_answer(ask, material) {
            used.push(example);
            answer
        } else {
            GAP.to_owned()
        };
        if single && said_to == Some(at) {
            paragraphs.push(answer);
            continue;
        }
        let mut name = topic(&ask.quote, material.language);
        if named.contains(&name) {
            name = quoted_topic(&ask.quote, material.language);
        }
        let on = phrases(material.language).on.replace("{}", &name);
        named.push(name);
        let apart = if answer.contains('\n') { "\n" } else { " " };
        paragraphs.push(format!("{on}{apart}{answer}"));
    }
    if paragraphs.is_empty() {
        match past_reply(material) {
            Some((example, text)) => {
                used.push(example);
                paragraphs.push(text);
            }
            None => paragraphs.push(GAP.to_owned()),
        }
    }
    let text = paragraphs.join("\n\n");
    let asks_back = !say.is_empty() && say.contains('?');
    let usual = material.habits.default_share >= DEFAULT_SHARE_MIN;
    if asks_back && usual && !says_default(&text) {
        paragraphs.push(phrases(material.language).default_line.to_owned());
    }
    used.dedup();
    (paragraphs.join("\n\n"), used)
}

/// The ask that what the user says answers: the only one, or the one clearly most like it.
fn answered_ask(asks: &[Ask], say: &str) -> Option<usize> {
    if asks.len() == 1 {
        return Some(0);
    }
    let mut likeness: Vec<(f32, usize)> =
        asks.iter().enumerate().map(|(at, ask)| (similarity(&ask.quote, say), at)).collect();
    likeness.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let (best, at) = *likeness.first()?;
    let second = likeness.get(1).map_or(0.0, |(second, _)| *second);
    (best >= SAY_LIKENESS_MIN && best > second).then_some(at)
}

/// What the user answered when they were asked the like, as far as it still holds.
fn past_answer(ask: &Ask, material: &Material<'_>) -> Option<(usize, String)> {
    let mut best: Option<(f32, usize)> = None;
    for (at, example) in material.examples.iter().enumerate() {
        let likeness = mail::sentences(&example.asked)
            .into_iter()
            .map(|range| similarity(&example.asked[range], &ask.quote))
            .fold(0.0, f32::max);
        let clear = likeness >= ASK_LIKENESS_MIN && example.score >= REST_LIKENESS_MIN;
        if clear && best.is_none_or(|(score, _)| likeness * example.score > score) {
            best = Some((likeness * example.score, at));
        }
    }
    let (_, at) = best?;
    let mut sentences = said(&material.examples[at].answered);
    if sentences.len() > SENTENCES_MAX {
        // Of a long reply only what speaks of this.
        sentences.retain(|sentence| similarity(sentence, &ask.quote) > 0.15);
    }
    let fit: Vec<String> = sentences
        .iter()
        .filter_map(|sentence| without_stale_facts(sentence, material.known))
        .take(SENTENCES_MAX)
        .collect();
    (!fit.is_empty()).then(|| (at, fit.join(" ")))
}

/// The closest past reply as a whole, for a mail that asks for nothing in particular.
fn past_reply(material: &Material<'_>) -> Option<(usize, String)> {
    let (at, example) = material
        .examples
        .iter()
        .enumerate()
        .find(|(_, example)| example.score >= MAIL_LIKENESS_MIN)?;
    let fit: Vec<String> = said(&example.answered)
        .iter()
        .take(SENTENCES_MAX)
        .filter_map(|sentence| without_stale_facts(sentence, material.known))
        .collect();
    (!fit.is_empty()).then(|| (at, fit.join(" ")))
}

/// The sentences of a letter, without greeting and sign-off.
fn said(own: &str) -> Vec<String> {
    let shape = mail::letter_shape(own);
    let start = shape.greeting.map_or(0, |range| range.end);
    let end = shape.sign_off.map_or(own.len(), |range| range.start).max(start);
    let text = own.get(start..end).unwrap_or_default();
    mail::sentences(text)
        .into_iter()
        .map(|range| folded(&text[range]))
        .filter(|sentence| sentence.split_whitespace().count() >= 2)
        .collect()
}

fn call(material: &Material<'_>) -> String {
    let phrases = phrases(material.language);
    let mut paragraphs: Vec<String> = Vec::new();
    let say = material.say.trim();
    if !say.is_empty() {
        paragraphs.push(say.to_owned());
    }
    paragraphs.push(phrases.call.to_owned());
    let points: Vec<String> = material
        .asks
        .iter()
        .enumerate()
        .map(|(at, ask)| format!("{}. {}", at + 1, ask.quote))
        .collect();
    let points = if points.is_empty() { format!("1. {GAP}") } else { points.join("\n") };
    paragraphs.push(format!("{}\n{points}", phrases.agenda));
    paragraphs.join("\n\n")
}

/// Greeting, text, sign-off, contact block.
pub(super) fn letter(greeting: &str, text: &str, sign_off: &str, signature: &str) -> String {
    let signature = signature.trim();
    let signature = if signature.is_empty() { String::new() } else { format!("-- \n{signature}") };
    [greeting, text, sign_off, &signature]
        .into_iter()
        .map(str::trim_start)
        .filter(|part| !part.trim().is_empty())
        .collect::<Vec<_>>()
        .join("\n\n")
}
