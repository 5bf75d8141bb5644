//! The reader's draft: every ask named, what the user says in its place, and gaps where only they
//! know. An answer is the user's to give: what they once answered to the like stands, at most, as a
//! note inside a gap.

use super::asks::{folded, quoted_ask};
use super::gaps::with_note;
use super::phrases::phrases;
use super::{Ask, Form, GAP};
use crate::mail;
use crate::mail::facts::{name_words, stands_in, unknown_in};
use crate::voice::{Example, Habits, says_default, similarity};

/// A past mail must be at least this like the one at hand, for its answer to be of use as a whole.
const MAIL_LIKENESS_MIN: f32 = 0.35;
/// The same where one ask of it is clearly like an ask at hand: the rest may be about other things.
const REST_LIKENESS_MIN: f32 = 0.2;
/// A past ask must be at least this like the ask.
const ASK_LIKENESS_MIN: f32 = 0.5;
/// What the user says goes to an ask when at least this like it.
const SAY_LIKENESS_MIN: f32 = 0.2;
/// Words of a past sentence in a note.
const NOTE_WORDS_MIN: usize = 3;
const NOTE_WORDS_MAX: usize = 25;
/// Share of letters with a default line from which on one is proposed.
const DEFAULT_SHARE_MIN: f32 = 0.3;

/// What the text between greeting and sign-off is made of.
pub(super) struct Material<'a> {
    pub(super) asks: &'a [Ask],
    pub(super) say: &'a str,
    pub(super) examples: &'a [Example],
    /// The mail, its subject and sender, what the user says: what may be spoken of to its reader.
    pub(super) known: &'a str,
    pub(super) habits: &'a Habits,
    pub(super) language: &'a str,
    pub(super) form: Form,
}

/// The text, and the indexes of the examples its notes are from.
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
    match material.asks {
        [] if say.is_empty() => paragraphs.push(gap(None, material, &mut used)),
        // With one ask, what the user says is the answer.
        [_] if !say.is_empty() => paragraphs.push(say.to_owned()),
        asks => {
            for (at, ask) in asks.iter().enumerate() {
                let answer = match said_to {
                    Some(to) if to == at => say.to_owned(),
                    _ => gap(Some(&ask.quote), material, &mut used),
                };
                let number = if asks.len() > 1 { format!("{}. ", at + 1) } else { String::new() };
                let quote = quoted_ask(&ask.quote, material.language);
                paragraphs.push(format!("{number}{quote}\n{answer}"));
            }
        }
    }
    let text = paragraphs.join("\n\n");
    let asks_back = !say.is_empty() && say.contains('?');
    let usual = material.habits.default_share >= DEFAULT_SHARE_MIN;
    if asks_back && usual && !says_default(&text) {
        paragraphs.push(phrases(material.language).default_line.to_owned());
    }
    used.sort_unstable();
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

/// A gap for the answer to `ask` (to the mail as a whole, without one), with a note where the user
/// once answered the like.
fn gap(ask: Option<&str>, material: &Material<'_>, used: &mut Vec<usize>) -> String {
    let like = match ask {
        Some(ask) => like_ask(ask, material.examples),
        None => material.examples.iter().position(|example| example.score >= MAIL_LIKENESS_MIN),
    };
    let noted = like.and_then(|at| {
        let example = &material.examples[at];
        Some((at, with_note(example.id, &fit_sentence(example, ask, material.known)?)))
    });
    let Some((at, note)) = noted else { return GAP.to_owned() };
    used.push(at);
    note
}

/// The example in which the like was asked.
fn like_ask(ask: &str, examples: &[Example]) -> Option<usize> {
    let likeness = |example: &Example| {
        mail::sentences(&example.asked)
            .into_iter()
            .map(|range| similarity(&example.asked[range], ask))
            .fold(0.0, f32::max)
    };
    examples
        .iter()
        .enumerate()
        .map(|(at, example)| (likeness(example), example.score, at))
        .filter(|(likeness, score, _)| *likeness >= ASK_LIKENESS_MIN && *score >= REST_LIKENESS_MIN)
        .max_by(|(a, x, i), (b, y, j)| (a * x).total_cmp(&(b * y)).then(j.cmp(i)))
        .map(|(.., at)| at)
}

/// The sentence of a past reply that may be shown as a note: short, whole, a statement, most like
/// the ask, and with nothing of another matter in it.
fn fit_sentence(example: &Example, ask: Option<&str>, known: &str) -> Option<String> {
    let names = name_words(&[&example.asked, &example.answered]);
    let text = between(&example.answered);
    let fits = |sentence: &String| {
        let words = sentence.split_whitespace().count();
        let opens = sentence.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty());
        (NOTE_WORDS_MIN..=NOTE_WORDS_MAX).contains(&words)
            && !sentence.ends_with(['?', ':', ','])
            && !sentence.contains(['[', ']', '“', '”', '„', '"', '>'])
            && opens.is_some_and(|word| !names.contains(word) || stands_in(word, known))
            && unknown_in(sentence, known).is_empty()
    };
    let sentences = mail::sentences(text).into_iter().map(|range| folded(&text[range]));
    let likeness = |sentence: &String| ask.map_or(0.0, |ask| similarity(sentence, ask));
    let mut best: Option<(f32, String)> = None;
    for sentence in sentences.filter(fits) {
        let like = likeness(&sentence);
        if best.as_ref().is_none_or(|(most, _)| like > *most) {
            best = Some((like, sentence));
        }
    }
    best.map(|(_, sentence)| sentence)
}

/// What stands between greeting and sign-off of own words.
pub(super) fn between(own: &str) -> &str {
    let shape = mail::letter_shape(own);
    let start = shape.greeting.map_or(0, |range| range.end);
    let end = shape.sign_off.map_or(own.len(), |range| range.start).max(start);
    own.get(start..end).unwrap_or_default().trim()
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
