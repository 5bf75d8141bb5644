//! Which of a few answers would the model give? One pass for many mails, and no text.
//!
//! The prompt's last token is followed by the label the model finds likeliest; only the labels' rows
//! of the output head are multiplied. A model leans to some labels whatever the mail says: the mean
//! of its log-probabilities over a batch, or for mails without content, is taken off (batch
//! calibration, Zhou et al. 2023, arXiv 2309.17249; contextual calibration, Zhao et al. 2021,
//! arXiv 2102.09690).

use super::decoder::Reading;
use super::tokens::Place;
use super::{Prefix, Prompt, Writer};
use crate::engine::Error;

/// Tokens of prompts that are read together: more rows pass by each weight than when a prompt is gone
/// on with, and none of these takes long.
pub(super) const READ_TOGETHER: usize = 512;

/// Labels by their first tokens, which tell them apart. A label that a model may write with a blank
/// before it or without has a token for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Tokens, and which label each begins.
    ids: Vec<(u32, usize)>,
    count: usize,
}

impl Labels {
    /// Labels by these tokens, one each.
    pub(super) fn of_ids(ids: Vec<u32>) -> Self {
        let count = ids.len();
        Self { ids: ids.into_iter().zip(0..).collect(), count }
    }

    /// The logit of each label: its tokens' together.
    fn logits(&self, of_ids: &[f32]) -> Vec<f32> {
        let mut logits = vec![f32::NEG_INFINITY; self.count];
        for ((_, label), logit) in self.ids.iter().zip(of_ids) {
            let (high, low) = (logits[*label].max(*logit), logits[*label].min(*logit));
            logits[*label] = high + (low - high).exp().ln_1p();
        }
        logits
    }
}

/// How likely each label is, as the model has it.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelScores {
    /// Log-probabilities among the labels, in their order.
    logarithms: Vec<f32>,
}

/// What a model leans to by itself, label by label.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    offsets: Vec<f32>,
}

impl Calibration {
    /// None, for this many labels.
    pub fn none(labels_count: usize) -> Self {
        Self { offsets: vec![0.0; labels_count] }
    }

    /// The mean of these scores: of a batch of mails, or of prompts without content. None, for no
    /// labels, where there are no scores.
    pub fn of(scores: &[LabelScores]) -> Self {
        let count = scores.first().map_or(0, |scores| scores.logarithms.len());
        let mean = |label: usize| {
            let sum: f64 = scores.iter().map(|one| f64::from(one.logarithms[label])).sum();
            (sum / scores.len() as f64) as f32
        };
        Self { offsets: (0..count).map(mean).collect() }
    }
}

impl LabelScores {
    fn of(logits: &[f32]) -> Self {
        let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f64 = logits.iter().map(|&logit| f64::from(logit - top).exp()).sum();
        let total = f64::from(top) + total.ln();
        Self { logarithms: logits.iter().map(|&logit| (f64::from(logit) - total) as f32).collect() }
    }

    /// Probabilities of the labels, in their order, without what the model leans to. They add up
    /// to 1.
    pub fn probabilities(&self, calibration: &Calibration) -> Vec<f32> {
        let offset = |label: usize| calibration.offsets.get(label).copied().unwrap_or(0.0);
        let moved: Vec<f32> =
            (0..).zip(&self.logarithms).map(|(label, log)| log - offset(label)).collect();
        Self::of(&moved).logarithms.iter().map(|log| log.exp()).collect()
    }

    /// The likeliest label, unless it is less likely than `probability_min`.
    pub fn best(&self, calibration: &Calibration, probability_min: f32) -> Option<usize> {
        let probabilities = self.probabilities(calibration);
        let (label, probability) = super::sample::likeliest(&probabilities)?;
        (probability >= probability_min).then_some(label as usize)
    }
}

impl Writer {
    /// Labels to score, as they would be written right after the prompt.
    ///
    /// # Errors
    ///
    /// When two begin with the same token, or one is empty: they could not be told apart.
    pub fn labels(&self, texts: &[&str]) -> Result<Labels, Error> {
        let mut ids: Vec<(u32, usize)> = Vec::with_capacity(texts.len());
        for (label, text) in texts.iter().enumerate() {
            let problem = || Error::Label { label: (*text).to_owned() };
            let first = self.tokens.encode_part(text, Place::Middle)?;
            let first = *first.first().ok_or_else(problem)?;
            if ids.iter().any(|(id, _)| *id == first) {
                return Err(problem());
            }
            ids.push((first, label));
        }
        // After a sign some tokenizers write a blank before the first word, as a token with it.
        for (label, text) in texts.iter().enumerate() {
            let whole = self.tokens.encode_part(text, Place::Start)?;
            if let [id] = whole[..]
                && !ids.iter().any(|(known, _)| *known == id)
            {
                ids.push((id, label));
            }
        }
        Ok(Labels { ids, count: texts.len() })
    }

    /// Scores the labels for each prompt, in order; prompts share what they have in common with
    /// `prefix` and are read many at once.
    ///
    /// # Errors
    ///
    /// When a prompt does not fit the window, or a pass does not succeed.
    pub fn score(
        &self,
        prefix: Option<&Prefix>,
        prompts: &[Prompt],
        labels: &Labels,
    ) -> Result<Vec<LabelScores>, Error> {
        let mut scores = Vec::with_capacity(prompts.len());
        let mut rest = prompts;
        while !rest.is_empty() {
            let mut started = Vec::new();
            let mut tokens = 0;
            for prompt in rest {
                let (sequence, ids) = self.begin(prefix, prompt)?;
                if !started.is_empty() && tokens + ids.len() > READ_TOGETHER {
                    break;
                }
                tokens += ids.len();
                started.push((sequence, ids));
            }
            rest = &rest[started.len()..];
            // A prompt longer than a pass is alone, and all but its end is read before.
            if let [(sequence, ids)] = started.as_mut_slice() {
                while ids.len() > READ_TOGETHER {
                    let (now, later) = ids.split_at(READ_TOGETHER);
                    self.decoder.read_tokens(&mut [Reading { sequence, ids: now, chosen: &[] }])?;
                    *ids = later;
                }
            }
            let chosen: Vec<[usize; 1]> = started.iter().map(|(_, ids)| [ids.len() - 1]).collect();
            let mut readings: Vec<Reading<'_>> = started
                .iter_mut()
                .zip(&chosen)
                .map(|((sequence, ids), chosen)| Reading { sequence, ids, chosen })
                .collect();
            if let Some(hidden) = self.decoder.read_tokens(&mut readings)? {
                let ids: Vec<u32> = labels.ids.iter().map(|(id, _)| *id).collect();
                let logits = self.decoder.logits_of(&hidden, &ids)?;
                scores.extend(logits.iter().map(|row| LabelScores::of(&labels.logits(row))));
            }
        }
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up_and_keep_their_order() {
        let scores = LabelScores::of(&[1.0, 3.0, 2.0]);
        let probabilities = scores.probabilities(&Calibration::none(3));
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(probabilities[1] > probabilities[2] && probabilities[2] > probabilities[0]);
        assert!((probabilities[1] - 0.665_24).abs() < 1e-4);
        let huge = LabelScores::of(&[-4000.0, 4000.0]).probabilities(&Calibration::none(2));
        assert_eq!(huge, [0.0, 1.0]);
    }

    #[test]
    fn a_label_of_two_tokens_is_as_likely_as_both() {
        let labels = Labels { ids: vec![(7, 0), (8, 1), (9, 0)], count: 2 };
        let scores = LabelScores::of(&labels.logits(&[1.0, 1.0, 1.0]));
        let probabilities = scores.probabilities(&Calibration::none(2));
        assert!((probabilities[0] - 2.0 / 3.0).abs() < 1e-6, "{probabilities:?}");
        let one = Labels::of_ids(vec![7, 8]);
        assert_eq!(one.logits(&[-4.0, 2.5]), [-4.0, 2.5]);
    }

    #[test]
    fn what_the_model_leans_to_is_taken_off() {
        let batch = [[2.0, 0.0], [3.0, 0.5], [1.0, 0.0]].map(|logits| LabelScores::of(&logits));
        let leaning = Calibration::of(&batch);
        let none = Calibration::none(2);
        assert!(batch.iter().all(|scores| scores.best(&none, 0.0) == Some(0)));
        let best: Vec<_> = batch.iter().map(|scores| scores.best(&leaning, 0.0)).collect();
        assert_eq!(best, [Some(0), Some(0), Some(1)]);
        assert_eq!(Calibration::of(&[]), Calibration::none(0));
    }

    #[test]
    fn unsure_is_no_answer() {
        let scores = LabelScores::of(&[1.0, 1.1]);
        let none = Calibration::none(2);
        assert_eq!(scores.best(&none, 0.5), Some(1));
        assert_eq!(scores.best(&none, 0.6), None);
        assert_eq!(LabelScores::of(&[]).best(&none, 0.0), None);
    }
}
