//! How likely each sentence answers the question.
//!
//! A logistic model of five measures. Its constants were set by hand: on 40 questions about two Enron
//! mailboxes, each asked as it is and as if the mail that answers it had never come, one fitted by
//! folds was no better. What is support enough was chosen on those; see `eval.rs`.

use super::Passage;
use super::error::Error;
use super::kind::Kind;
use super::passages::{Letter, Standing};
use crate::search::{Embed, Relevance};

/// Sentences that get a vector.
const EMBEDDED_MAX: usize = 48;
/// What a word of the question counts that stands not in the sentence but in the subject or the names.
const BESIDE: f32 = 0.7;
/// What it counts that stands elsewhere in the message.
const ELSEWHERE: f32 = 0.4;

/// The numbers that the support of a passage rests on.
pub(super) struct Weights {
    bias: f32,
    /// Share of the question's weight in the sentence itself.
    inside: f32,
    /// The same with what stands around it.
    around: f32,
    /// Cosine of the question to subject and sentence.
    cosine: f32,
    /// It holds what the question asks for.
    kind: f32,
    /// It is a question itself.
    asks: f32,
}

pub(super) const WEIGHTS: Weights =
    Weights { bias: -6.0, inside: 2.0, around: 2.5, cosine: 4.0, kind: 1.0, asks: -1.5 };

/// A passage below this does not support an answer. Here 35 of the 40 questions without their answer
/// are refused and 24 of the 40 with it are answered; at .3 it is 27 and 32.
pub(super) const SUPPORT_MIN: f32 = 0.5;

/// What is measured of a sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Measures {
    pub(super) inside: f32,
    pub(super) around: f32,
    pub(super) cosine: f32,
    pub(super) kind: f32,
    pub(super) asks: f32,
}

/// A passage and what it was weighed by.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) passage: Passage,
    pub(super) thread: i64,
    pub(super) standing: Option<Standing>,
    pub(super) measures: Measures,
}

/// Passages, the likeliest first.
pub(super) type Weighed = Vec<Candidate>;

impl Weights {
    pub(super) fn support(&self, measures: &Measures) -> f32 {
        let sum = self.bias
            + self.inside * measures.inside
            + self.around * measures.around
            + self.cosine * measures.cosine
            + self.kind * measures.kind
            + self.asks * measures.asks;
        1.0 / (1.0 + (-sum).exp())
    }
}

pub(super) fn weigh(
    question: &str,
    asked: Option<&[f32]>,
    embed: Option<&dyn Embed>,
    relevance: &Relevance,
    letters: Vec<Letter>,
) -> Result<Weighed, Error> {
    let kind = Kind::of(question);
    let mut weighed: Weighed = Vec::new();
    for letter in &letters {
        weigh_letter(kind, relevance, letter, &mut weighed);
    }
    let by_support = |a: &Candidate, b: &Candidate| b.passage.support.total_cmp(&a.passage.support);
    weighed.sort_by(by_support);
    if let Some((question, embed)) = asked.zip(embed) {
        weighed.truncate(EMBEDDED_MAX);
        let texts: Vec<String> = weighed
            .iter()
            .map(|one| format!("{}\n{}", one.passage.subject, one.passage.quote))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let vectors = embed.embed(&texts).map_err(Error::Embed)?;
        for (one, vector) in weighed.iter_mut().zip(vectors) {
            one.measures.cosine = vector.iter().zip(question).map(|(a, b)| a * b).sum();
            one.passage.support = WEIGHTS.support(&one.measures);
        }
        weighed.sort_by(by_support);
    }
    Ok(weighed)
}

fn weigh_letter(kind: Kind, relevance: &Relevance, letter: &Letter, weighed: &mut Weighed) {
    let header = &letter.header;
    let language = (!header.language.is_empty()).then_some(header.language.as_str());
    let mut beside = relevance.met(&header.subject, language);
    for person in std::iter::once(&header.from).chain(&header.people.to) {
        beside.extend(relevance.met(&format!("{} {}", person.name, person.address), language));
    }
    let elsewhere = relevance.met(&letter.text, language);
    for sentence in &letter.sentences {
        let here = relevance.met(sentence, language);
        let inside = relevance.share(&here);
        let only = |set: &std::collections::BTreeSet<usize>,
                    without: &[&std::collections::BTreeSet<usize>]| {
            let left = set.iter().filter(|at| !without.iter().any(|other| other.contains(at)));
            relevance.share(&left.copied().collect())
        };
        let around = inside
            + BESIDE * only(&beside, &[&here])
            + ELSEWHERE * only(&elsewhere, &[&here, &beside]);
        let asks = f32::from(u8::from(sentence.ends_with(['?', '？'])));
        let is_met = kind.is_met(sentence, header.date);
        let measures = Measures { inside, around, cosine: 0.0, kind: is_met, asks };
        let standing = letter.decisions.iter().find_map(|(quote, standing)| {
            (quote.contains(sentence.as_str()) || sentence.contains(quote.as_str()))
                .then_some(*standing)
        });
        weighed.push(Candidate {
            passage: Passage {
                id: header.id,
                date: header.date,
                from: header.from.clone(),
                subject: header.subject.clone(),
                quote: sentence.clone(),
                support: WEIGHTS.support(&measures),
                decides: standing == Some(Standing::Holds),
                language: header.language.clone(),
            },
            thread: header.thread.0,
            standing,
            measures,
        });
    }
}
