//! Does this letter work without a meeting?
//!
//! A letter saves a meeting when somebody who was not there can act on it: it says what it is about,
//! what it wants, by when, what happens otherwise, and can be taken in at a glance.

use std::ops::Range;

use serde::Serialize;

use super::Ask;
use super::asks::{folded, is_ask, shortened};
use super::body::between;
use super::gaps::{has_gap, without_notes};
use crate::mail::when::{self, Zone};
use crate::mail::{self, UnixSeconds};
use crate::voice::{content_words, says_default, similarity};

/// Words a paragraph may have and still be skimmed.
const PARAGRAPH_WORDS_MAX: usize = 90;
/// Words a letter may have without a list or headings.
const LETTER_WORDS_MAX: usize = 250;
/// Words with a meaning that the first sentence has, when it says what a letter is about.
const CONTEXT_WORDS_MIN: usize = 3;
/// Words a sentence may have.
const SENTENCE_WORDS_MAX: usize = 40;
/// From this score on, the reader's word that a sentence asks or names a deadline counts.
const SCORE_MIN: f32 = 0.6;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckKind {
    /// It says what it is about.
    Context,
    /// It says what it wants.
    Ask,
    /// It says by when.
    Deadline,
    /// It says what happens without an answer.
    Default,
    /// It can be taken in at a glance.
    Skimmable,
    /// It answers what it was asked.
    Answers,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub check: CheckKind,
    /// Whether it is well.
    pub ok: bool,
    /// What to do; empty when it is well.
    pub hint: String,
    /// The words it rests on; empty when it is about something absent.
    pub quote: String,
}

/// What the reader says of one sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SentenceAsks {
    /// It asks for something: 0 to 1.
    pub ask: f32,
    /// It names a time limit: 0 to 1.
    pub deadline: f32,
}

/// The reader's opinion: subject and sentences in, one answer a sentence out; nothing when it cannot.
pub type Judge<'a> = dyn Fn(&str, &[&str]) -> Option<Vec<SentenceAsks>> + 'a;

/// What a letter is checked against.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What the mail answered asks; empty for a new letter.
    pub asks: &'a [Ask],
    /// The letter's subject.
    pub subject: &'a str,
    /// Own words of the mail answered; empty for a new letter.
    pub mail: &'a str,
    /// Whether it answers a mail.
    pub is_reply: bool,
    /// When it is written.
    pub now: UnixSeconds,
    /// Where.
    pub zone: &'a Zone,
    /// The reader, when there is one.
    pub judge: Option<&'a Judge<'a>>,
}

/// Looks a letter through: always all six, in the contract's order.
pub fn check(text: &str, context: &Context<'_>) -> Vec<Check> {
    // Quotes of the other side are not the user's words; neither is a note on an earlier letter.
    let own = without_notes(&mail::own_words(&unquoted(text)));
    let parts = Parts::of(&own, context);
    let asking = parts.asking();
    vec![
        about(&parts, context),
        ask(&parts, &asking, context),
        deadline(&parts, &asking),
        default(&parts, &asking),
        skimmable(&own, &parts),
        answers(&parts, context),
    ]
}

/// The text without quoted lines and the attributions above them.
fn unquoted(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut quoting = false;
    for line in text.lines() {
        let quoted = line.trim_start().starts_with('>');
        if quoted && !quoting {
            let last = kept.iter().rposition(|line| !line.trim().is_empty());
            if let Some(last) = last.filter(|&last| is_attribution(kept[last])) {
                kept.truncate(last);
            }
        }
        if !quoted {
            kept.push(line);
        }
        quoting = quoted;
    }
    kept.join("\n")
}

/// `On Monday, Ben wrote:`: it ends with a colon and tells a time or an address.
fn is_attribution(line: &str) -> bool {
    let line = line.trim();
    line.ends_with(':') && line.chars().any(|c| c.is_ascii_digit() || c == '@')
}

/// Whether a sentence only repeats what somebody else said: `1. “By when?”`
fn is_repeated(sentence: &str) -> bool {
    let text = sentence
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start_matches(['.', ')', ' ']);
    [('“', '”'), ('„', '“'), ('«', '»')].iter().any(|(open, close)| {
        text.strip_prefix(*open)
            .and_then(|rest| rest.strip_suffix(*close))
            .is_some_and(|inner| !inner.contains(*close))
    })
}

/// A letter's sentences between greeting and sign-off, with what is known of each.
struct Parts {
    body: String,
    sentences: Vec<(String, Range<usize>)>,
    asks: Vec<bool>,
    deadlines: Vec<bool>,
}

impl Parts {
    fn of(own: &str, context: &Context<'_>) -> Self {
        let body = between(own).to_owned();
        let sentences: Vec<(String, Range<usize>)> = mail::sentences(&body)
            .into_iter()
            .map(|range| (folded(&body[range.clone()]), range))
            .collect();
        let texts: Vec<&str> = sentences.iter().map(|(text, _)| text.as_str()).collect();
        let scores = context
            .judge
            .and_then(|judge| judge(context.subject, &texts))
            .filter(|scores| scores.len() == texts.len())
            .unwrap_or_else(|| vec![SentenceAsks::default(); texts.len()]);
        let asks = texts
            .iter()
            .zip(&scores)
            .map(|(sentence, score)| {
                !is_repeated(sentence) && (is_ask(sentence) || score.ask >= SCORE_MIN)
            })
            .collect();
        let deadlines = texts
            .iter()
            .zip(&scores)
            .map(|(sentence, score)| {
                !is_repeated(sentence)
                    && (when::deadline(sentence, context.now, context.zone).is_some()
                        || score.deadline >= SCORE_MIN)
            })
            .collect();
        Self { body, sentences, asks, deadlines }
    }

    fn asking(&self) -> Vec<usize> {
        (0..self.sentences.len()).filter(|&at| self.asks[at]).collect()
    }

    fn text(&self, at: usize) -> &str {
        &self.sentences[at].0
    }
}

fn found(check: CheckKind, ok: bool, hint: &str, quote: &str) -> Check {
    let hint = if ok { String::new() } else { hint.to_owned() };
    Check { check, ok, hint, quote: quote.to_owned() }
}

fn about(parts: &Parts, context: &Context<'_>) -> Check {
    const VAGUE: &[&str] = &[
        "hi", "hello", "question", "quick", "update", "fyi", "hey", "frage", "bonjour", "re", "fwd",
    ];
    let subject: Vec<String> = content_words(context.subject)
        .into_iter()
        .filter(|word| !VAGUE.contains(&word.as_str()))
        .collect();
    let mut own = parts.sentences.iter().filter(|(sentence, _)| !is_repeated(sentence));
    let named = own.find(|(sentence, _)| {
        similarity(sentence, context.subject) > 0.0
            || context.is_reply && similarity(sentence, context.mail) > 0.0
    });
    let words = content_words(&parts.body).len();
    // `We need the price list for the Brandt offer.` tells before it asks.
    let told = (0..parts.sentences.len().min(1))
        .any(|at| !parts.asks[at] && content_words(parts.text(at)).len() >= CONTEXT_WORDS_MIN);
    let ok = if context.is_reply {
        named.is_some() || !subject.is_empty()
    } else {
        !subject.is_empty() && words >= CONTEXT_WORDS_MIN || told || words >= 12
    };
    let quote = named.map(|(sentence, _)| sentence.as_str());
    let quote = quote.or(told.then(|| parts.text(0))).unwrap_or_default();
    found(
        CheckKind::Context,
        ok,
        "say in the subject or the first sentence what this is about",
        quote,
    )
}

fn ask(parts: &Parts, asking: &[usize], context: &Context<'_>) -> Check {
    const INFORMS: &[&str] = &[
        "fyi",
        "for your information",
        "no reply needed",
        "no action needed",
        "no need to reply",
        "zur info",
        "pour info",
        "keine antwort nötig",
    ];
    let lower = format!("{} {}", context.subject, parts.body).to_lowercase();
    let informs = INFORMS.iter().any(|mark| lower.contains(mark));
    let answers = context.is_reply && !context.asks.is_empty();
    let quote = asking.first().map(|&at| parts.text(at)).unwrap_or_default();
    let ok = !asking.is_empty() || informs || answers;
    found(CheckKind::Ask, ok, "say what you want of the reader, or that no answer is needed", quote)
}

fn deadline(parts: &Parts, asking: &[usize]) -> Check {
    let named = (0..parts.sentences.len()).find(|&at| parts.deadlines[at]);
    let quote = named.map(|at| parts.text(at)).unwrap_or_default();
    found(
        CheckKind::Deadline,
        asking.is_empty() || named.is_some(),
        "say by when you need it",
        quote,
    )
}

fn default(parts: &Parts, asking: &[usize]) -> Check {
    let said = parts.sentences.iter().find(|(sentence, _)| says_default(sentence));
    let quote = said.map(|(sentence, _)| sentence.as_str()).unwrap_or_default();
    let hint = "say what you will do if you hear nothing";
    found(CheckKind::Default, asking.is_empty() || said.is_some(), hint, quote)
}

fn skimmable(own: &str, parts: &Parts) -> Check {
    let is_item = |line: &str| {
        let line = line.trim_start();
        let numbered = line.chars().take_while(char::is_ascii_digit).count();
        line.starts_with(['-', '*', '•'])
            || numbered > 0 && line[numbered..].starts_with(['.', ')'])
    };
    let wordy = |text: &str| text.split_whitespace().count();
    let listed = own.lines().filter(|line| is_item(line)).count() >= 2;
    let long_paragraph = own.split("\n\n").find(|paragraph| {
        !paragraph.lines().any(is_item) && wordy(paragraph) > PARAGRAPH_WORDS_MAX
    });
    let long_sentence =
        parts.sentences.iter().find(|(sentence, _)| wordy(sentence) > SENTENCE_WORDS_MAX);
    let check = CheckKind::Skimmable;
    if let Some(paragraph) = long_paragraph {
        let quote: String = folded(paragraph).chars().take(120).collect();
        return found(check, false, "break this paragraph up", &quote);
    }
    if let Some((sentence, _)) = long_sentence {
        return found(check, false, "make two sentences of this one", sentence);
    }
    if wordy(&parts.body) > LETTER_WORDS_MAX && !listed {
        return found(check, false, "shorten it, or make a list of its points", "");
    }
    // What is wanted should not hide in the middle of a long letter.
    let asking = parts.asking();
    if let Some(&first) = asking.first() {
        let at = parts.sentences[first].1.start;
        let hidden = wordy(&parts.body) > 120 && at * 2 > parts.body.len() && asking.len() < 3;
        if hidden {
            return found(check, false, "say sooner what you want", parts.text(first));
        }
    }
    found(check, true, "", "")
}

fn answers(parts: &Parts, context: &Context<'_>) -> Check {
    let check = CheckKind::Answers;
    // What happens without an answer may be open: it answers nothing.
    let said = parts.sentences.iter().map(|(sentence, _)| sentence.as_str());
    let said: Vec<&str> = said.filter(|text| is_repeated(text) || !says_default(text)).collect();
    let body = said.join(" ");
    for ask in context.asks {
        // What stands under the ask as it was repeated, else what speaks of the same.
        let answer = match under(&body, ask, context.asks) {
            Some(answer) => answer.to_owned(),
            None if context.asks.len() == 1 => body.clone(),
            None => {
                let about = said.iter().filter(|text| similarity(text, &ask.quote) >= 0.2);
                about.copied().collect::<Vec<_>>().join(" ")
            }
        };
        if has_gap(&answer) {
            return found(check, false, "fill in the answer to this", &ask.quote);
        }
        if !answer.chars().any(char::is_alphanumeric) {
            return found(check, false, "this was asked and is not answered", &ask.quote);
        }
    }
    found(check, true, "", "")
}

/// What follows a repeated ask in a folded body, up to the next one; nothing where the ask is not
/// repeated.
fn under<'a>(body: &'a str, ask: &Ask, all: &[Ask]) -> Option<&'a str> {
    let place = |ask: &Ask| {
        let quote = shortened(&ask.quote);
        // In quotation marks: an answer may use the same words.
        body.match_indices(&quote)
            .map(|(at, _)| at..at + quote.len())
            .find(|range| body[..range.start].trim_end().ends_with(['“', '„', '«']))
    };
    let start = place(ask)?.end;
    let next = all.iter().filter_map(place).map(|range| range.start).filter(|at| *at > start).min();
    let answer = &body[start..next.unwrap_or(body.len())];
    let answer = answer.trim_start_matches(['”', '“', '»', ' ']);
    if next.is_none() {
        return Some(answer);
    }
    // The next one's number and mark.
    let answer = answer.trim_end_matches(['“', '„', '«', ' ']);
    let unmarked = answer.strip_suffix(['.', ')']).unwrap_or(answer);
    let unnumbered = unmarked.trim_end_matches(|c: char| c.is_ascii_digit());
    Some(if unnumbered.len() < unmarked.len() { unnumbered } else { answer })
}
