//! From logits to the next token.

use super::dice::Dice;

/// How bold the choice of words is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// 0 always takes the likeliest token; 1 draws as the model says; more flattens.
    pub temperature: f32,
    /// Only the likeliest tokens that together have this probability, 0 to 1.
    pub top_p: f32,
    /// Only tokens at least this many times as likely as the likeliest, 0 to 1.
    pub min_p: f32,
    /// Divides the logits of tokens that occurred lately; 1 changes nothing.
    pub repetition: f32,
    /// How many of the last tokens count as lately.
    pub repetition_tokens: usize,
    /// The same seed gives the same text.
    pub seed: u64,
}

impl Default for Sampling {
    /// Always the likeliest token.
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_p: 1.0,
            min_p: 0.0,
            repetition: 1.0,
            repetition_tokens: 64,
            seed: 0,
        }
    }
}

/// Tokens less likely than the likeliest by this factor are never drawn.
const LIKELIHOOD_MIN: f32 = 1e-6;

/// Draws tokens.
pub(super) struct Sampler {
    sampling: Sampling,
    dice: Dice,
}

impl Sampler {
    pub(super) fn new(sampling: Sampling) -> Self {
        Self { sampling, dice: Dice::new(sampling.seed) }
    }

    /// The next token after `history`; `logits` are changed. Tokens at minus infinity are out of
    /// the question; `None` when all of them are.
    pub(super) fn pick(&mut self, logits: &mut [f32], history: &[u32]) -> Option<u32> {
        self.discourage(logits, history);
        let (likeliest, top) = likeliest(logits)?;
        if self.sampling.temperature <= 0.0 {
            return Some(likeliest);
        }
        let floor = self.sampling.min_p.clamp(LIKELIHOOD_MIN, 1.0);
        let weight = |logit: f32| ((logit - top) / self.sampling.temperature).exp();
        let mut candidates: Vec<(u32, f32)> = (0..)
            .zip(logits.iter())
            .map(|(id, &logit)| (id, weight(logit)))
            .filter(|(_, weight)| *weight >= floor)
            .collect();
        candidates.sort_by(|one, two| two.1.total_cmp(&one.1).then(one.0.cmp(&two.0)));
        let total: f64 = candidates.iter().map(|(_, weight)| f64::from(*weight)).sum();
        let mut sum = 0.0;
        let enough = |(_, weight): &(u32, f32)| {
            sum += f64::from(*weight);
            sum >= total * f64::from(self.sampling.top_p)
        };
        let count = candidates.iter().position(enough).map_or(candidates.len(), |place| place + 1);
        candidates.truncate(count);
        let total: f64 = candidates.iter().map(|(_, weight)| f64::from(*weight)).sum();
        let mut left = self.dice.unit() * total;
        for (id, weight) in &candidates {
            left -= f64::from(*weight);
            if left < 0.0 {
                return Some(*id);
            }
        }
        candidates.last().map(|(id, _)| *id)
    }

    /// Repetition penalty (Keskar et al. 2019, arXiv 1909.05858), once a token.
    fn discourage(&self, logits: &mut [f32], history: &[u32]) {
        if (self.sampling.repetition - 1.0).abs() < f32::EPSILON {
            return;
        }
        let start = history.len().saturating_sub(self.sampling.repetition_tokens);
        let mut lately = history[start..].to_vec();
        lately.sort_unstable();
        lately.dedup();
        for id in lately {
            if let Some(logit) = logits.get_mut(id as usize) {
                let penalty = self.sampling.repetition;
                *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            }
        }
    }
}

/// The likeliest token, the lowest id among equals, and its logit.
pub(super) fn likeliest(logits: &[f32]) -> Option<(u32, f32)> {
    let mut best = None;
    for (id, &logit) in (0..).zip(logits) {
        if logit > best.map_or(f32::NEG_INFINITY, |(_, logit)| logit) {
            best = Some((id, logit));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(sampling: Sampling, logits: &[f32], history: &[u32]) -> Vec<usize> {
        let mut sampler = Sampler::new(sampling);
        let mut counts = vec![0; logits.len()];
        for _ in 0..4_000 {
            let id = sampler.pick(&mut logits.to_vec(), history).expect("a token");
            counts[id as usize] += 1;
        }
        counts
    }

    const BOLD: Sampling = Sampling {
        temperature: 1.0,
        top_p: 1.0,
        min_p: 0.0,
        repetition: 1.0,
        repetition_tokens: 64,
        seed: 3,
    };

    #[test]
    fn without_temperature_the_likeliest_is_taken_and_the_first_among_equals() {
        let mut sampler = Sampler::new(Sampling::default());
        assert_eq!(sampler.pick(&mut [0.5, 2.0, 2.0, -1.0], &[]), Some(1));
        assert_eq!(sampler.pick(&mut [f32::NEG_INFINITY; 3], &[]), None);
        assert_eq!(sampler.pick(&mut [f32::NAN, 1.0], &[]), Some(1));
    }

    #[test]
    fn tokens_come_as_often_as_they_are_likely() {
        let logits = [0.6_f32.ln(), 0.3_f32.ln(), 0.1_f32.ln(), f32::NEG_INFINITY];
        let drawn = counts(BOLD, &logits, &[]);
        for (drawn, expected) in drawn.iter().zip([2400.0, 1200.0, 400.0, 0.0]) {
            assert!((*drawn as f64 - expected).abs() < 120.0, "{drawn}, expected {expected}");
        }
        let flat = counts(Sampling { temperature: 5.0, ..BOLD }, &logits, &[]);
        assert!(flat[2] > 800 && flat[3] == 0, "{flat:?}");
    }

    #[test]
    fn top_p_and_min_p_leave_out_the_unlikely() {
        let logits = [0.6_f32.ln(), 0.3_f32.ln(), 0.1_f32.ln()];
        let drawn = counts(Sampling { top_p: 0.8, ..BOLD }, &logits, &[]);
        assert!(drawn[2] == 0 && drawn[1] > 1000, "{drawn:?}");
        assert_eq!(counts(Sampling { top_p: 0.0, ..BOLD }, &logits, &[]), [4000, 0, 0]);
        let drawn = counts(Sampling { min_p: 0.4, ..BOLD }, &logits, &[]);
        assert!(drawn[2] == 0 && drawn[1] > 1000, "{drawn:?}");
    }

    #[test]
    fn what_was_said_lately_is_said_less() {
        let mut sampler =
            Sampler::new(Sampling { repetition: 2.0, repetition_tokens: 2, ..Sampling::default() });
        assert_eq!(sampler.pick(&mut [3.0, 2.0], &[0, 0]), Some(1));
        assert_eq!(sampler.pick(&mut [-1.0, -1.5], &[0]), Some(1));
        assert_eq!(sampler.pick(&mut [3.0, 2.0], &[0, 1, 1]), Some(0), "too long ago");
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |seed| {
            let mut sampler = Sampler::new(Sampling { seed, ..BOLD });
            (0..50).map(|_| sampler.pick(&mut [0.1; 90], &[])).collect::<Vec<_>>()
        };
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }
}
