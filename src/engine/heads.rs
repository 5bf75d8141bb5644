//! What a message and its sentences are: the fine-tuned layers and their heads.
//!
//! `heads.gguf` holds the six layers under the same names as `reader.gguf` (embeddings are shared
//! and frozen), `head.sentence.weight [4, 384]` on the mean of a sentence's last hidden states,
//! `head.kind.weight [9, 384]` on the mean of all tokens of the first window, and optionally
//! `head.words.weight [4, N]` over hashed words with `head.mix [4, 3]`: a sentence's logit is
//! `a · encoder + b · words + c`. Logits are divided by `postroom.head.temperature.*`.
//!
//! `response.gguf` holds six layers more, fine-tuned for one end alone: how soon a message wants an answer.
//! Its `head.response.weight [6, 768]` is on the mean of all tokens of the first window and, behind it, the
//! largest of its sentences' means in each of the 384 dimensions.

use super::Error;
use super::encoder::Dimensions;
use super::gguf::Gguf;
use super::words::Words;

/// The kinds of message, in the order of [`Judgement::kind`].
pub const KINDS: [&str; 9] = [
    "person",
    "list",
    "newsletter",
    "promotion",
    "notification",
    "transaction",
    "calendar",
    "junk",
    "suspicious",
];

/// What a sentence can be, in the order of [`SentenceScores`].
pub const SENTENCE_LABELS: [&str; 4] = ["ask", "promise", "deadline", "decision"];

/// How soon a message wants an answer, in the order of [`Judgement::response`]; the last says whether
/// it wants one.
pub const RESPONSES: [&str; 6] = ["now", "today", "normal", "consider", "fyi", "reply"];

/// What the reader says of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Probability of each of [`KINDS`]; they add up to 1.
    pub kind: [f32; KINDS.len()],
    /// Logits of [`RESPONSES`], to be weighed with what is known besides the words; all 0 where the
    /// reader has no opinion.
    pub response: [f32; RESPONSES.len()],
    /// One for each sentence handed in, in order.
    pub sentences: Vec<SentenceScores>,
}

/// How sure the reader is that a sentence is each of these, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct SentenceScores {
    /// It asks its reader for something.
    pub ask: f32,
    /// Its writer promises something.
    pub promise: f32,
    /// It names a time by which something is due.
    pub deadline: f32,
    /// It says what was decided.
    pub decision: f32,
}

/// The file's head tensors.
pub(super) struct Heads {
    width: usize,
    sentence: Linear,
    kind: Linear,
    sentence_temperature: [f32; SENTENCE_LABELS.len()],
    kind_temperature: f32,
    words: Option<(Words, Vec<f32>)>,
}

/// The head of `response.gguf`.
pub(super) struct Response(Linear);

impl Response {
    pub(super) fn read(gguf: &Gguf<'_>, dimensions: Dimensions) -> Result<Self, Error> {
        Linear::read(gguf, "head.response", RESPONSES.len(), 2 * dimensions.width).map(Self)
    }

    /// Logits of [`RESPONSES`], from a window's last hidden states and its sentences' tokens.
    pub(super) fn logits(
        &self,
        hidden: &[f32],
        spans: impl Iterator<Item = std::ops::Range<usize>>,
        width: usize,
    ) -> [f32; RESPONSES.len()] {
        let state = response_state(hidden, spans, width);
        let mut logits = [0.0; RESPONSES.len()];
        logits.iter_mut().zip(self.0.logits(&state)).for_each(|(to, logit)| *to = logit);
        logits
    }
}

/// A small matrix in floats, `[outputs, width]`.
struct Linear {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Linear {
    fn read(gguf: &Gguf<'_>, name: &str, outputs: usize, width: usize) -> Result<Self, Error> {
        let weight = gguf.floats(&format!("{name}.weight"), &[outputs, width])?;
        let bias = gguf.floats(&format!("{name}.bias"), &[outputs])?;
        Ok(Self { weight, bias })
    }

    fn logits(&self, x: &[f32]) -> impl Iterator<Item = f32> {
        self.weight.chunks_exact(x.len()).zip(&self.bias).map(move |(row, bias)| {
            row.iter().zip(x).map(|(weight, x)| weight * x).sum::<f32>() + bias
        })
    }
}

impl Heads {
    /// Reads them, and refuses labels in another order than ours.
    pub(super) fn read(gguf: &Gguf<'_>, dimensions: Dimensions) -> Result<Self, Error> {
        gguf.number("postroom.head.version", 1..=1)?;
        gguf.expect_labels("postroom.head.sentence_labels", &SENTENCE_LABELS)?;
        gguf.expect_labels("postroom.head.kind_labels", &KINDS)?;
        let width = dimensions.width;
        let temperature = |of: &str| gguf.positive(&format!("postroom.head.temperature.{of}"));
        let all = temperature("sentence")?.unwrap_or(1.0);
        let mut sentence_temperature = [all; SENTENCE_LABELS.len()];
        for (label, value) in SENTENCE_LABELS.iter().zip(&mut sentence_temperature) {
            *value = temperature(label)?.unwrap_or(all);
        }
        Ok(Self {
            width,
            sentence: Linear::read(gguf, "head.sentence", SENTENCE_LABELS.len(), width)?,
            kind: Linear::read(gguf, "head.kind", KINDS.len(), width)?,
            sentence_temperature,
            kind_temperature: temperature("kind")?.unwrap_or(1.0),
            words: read_words(gguf)?,
        })
    }

    /// Scores of a sentence, from the last hidden states of its tokens.
    pub(super) fn sentence(&self, hidden: &[f32], text: &str) -> SentenceScores {
        let Some(mean) = mean(hidden, self.width) else {
            return SentenceScores::default();
        };
        let mut logits: Vec<f32> = self.sentence.logits(&mean).collect();
        if let Some((words, mix)) = &self.words {
            let of_words = words.logits(text);
            for ((logit, of_words), mix) in logits.iter_mut().zip(of_words).zip(mix.chunks_exact(3))
            {
                *logit = mix[0] * *logit + mix[1] * of_words + mix[2];
            }
        }
        let score =
            |label: usize| 1.0 / (1.0 + (-logits[label] / self.sentence_temperature[label]).exp());
        SentenceScores { ask: score(0), promise: score(1), deadline: score(2), decision: score(3) }
    }

    /// Probability of each kind, from the last hidden states of a window.
    pub(super) fn kind(&self, hidden: &[f32]) -> [f32; KINDS.len()] {
        let mut kinds = [0.0; KINDS.len()];
        let Some(mean) = mean(hidden, self.width) else { return kinds };
        for (kind, logit) in kinds.iter_mut().zip(self.kind.logits(&mean)) {
            *kind = logit / self.kind_temperature;
        }
        let largest = kinds.iter().fold(f32::NEG_INFINITY, |top, &logit| top.max(logit));
        kinds.iter_mut().for_each(|kind| *kind = (*kind - largest).exp());
        let all: f32 = kinds.iter().sum();
        kinds.iter_mut().for_each(|kind| *kind /= all);
        kinds
    }
}

/// What the response is read from: the mean of a window's last hidden states, and the largest of its
/// sentences' means in each dimension. `spans` are the sentences' tokens.
fn response_state(
    hidden: &[f32],
    spans: impl Iterator<Item = std::ops::Range<usize>>,
    width: usize,
) -> Vec<f32> {
    let mut state = mean(hidden, width).unwrap_or_else(|| vec![0.0; width]);
    let mut most: Option<Vec<f32>> = None;
    for span in spans {
        let Some(mean) = mean(&hidden[span.start * width..span.end * width], width) else {
            continue;
        };
        match &mut most {
            None => most = Some(mean),
            Some(most) => most.iter_mut().zip(mean).for_each(|(a, b)| *a = a.max(b)),
        }
    }
    state.extend(most.unwrap_or_else(|| vec![0.0; width]));
    state
}

fn read_words(gguf: &Gguf<'_>) -> Result<Option<(Words, Vec<f32>)>, Error> {
    let name = "head.words.weight";
    if !gguf.has(name) {
        return Ok(None);
    }
    let labels = SENTENCE_LABELS.len();
    let size = gguf.dims(name).and_then(|dims| dims.get(1).copied()).unwrap_or(0);
    let weights = gguf.floats(name, &[labels, size])?;
    let bias = gguf.floats("head.words.bias", &[labels])?;
    let mix = gguf.floats("head.mix", &[labels, 3])?;
    let empty = || gguf.bad_tensor(name, "is empty".to_owned());
    let words = Words::new(&weights, bias).ok_or_else(empty)?;
    Ok(Some((words, mix)))
}

/// The mean of rows of `width` floats; `None` without rows.
pub(super) fn mean(rows: &[f32], width: usize) -> Option<Vec<f32>> {
    let count = rows.len() / width;
    if count == 0 {
        return None;
    }
    let mut sum = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    sum.iter_mut().for_each(|sum| *sum /= count as f32);
    Some(sum)
}
