//! The tier by what labelled mail teaches: a multinomial logistic regression over [`super::features`].
//!
//! Fitted by `scripts/train-triage` on made-up mailboxes that were labelled by hand; `scripts/eval-triage`
//! says how good it is on owners it was not fitted on. A tier is chosen that is expected to cost least:
//! a pressing mail set aside costs more than one brought forward in vain.

use super::features::{COUNT, NAMES, Row};
use super::verdict::Tier;
use super::weights::{CONFIDENCE, COSTS, MEANS, WEIGHTS};

/// Log-odds of the plain rules from which an ask is not set aside, whatever else speaks for it.
const SURE_ASK_MIN: f32 = 3.0;
/// Where they stand in the row.
const RULES_ASK: usize = COUNT - 3;
/// Signals shown beside the verdict.
const SIGNALS_MAX: usize = 12;

/// What the regression says.
pub(crate) struct Weighed {
    pub(crate) tier: Tier,
    /// Of the tiers; they add up to 1.
    pub(crate) probabilities: [f32; 5],
    /// That an answer is expected, as a probability.
    pub(crate) reply: f32,
    /// Whether one is: likely, or asked for beyond doubt.
    pub(crate) needs_reply: bool,
    /// What sets the message apart from others and speaks most for this tier or for the likeliest
    /// other: name, value, log-odds.
    pub(crate) signals: Vec<(&'static str, f32, f32)>,
}

/// The probability that tier and kind are both right, from the product of what each is given.
pub(crate) fn confidence(product: f32) -> f32 {
    let p = product.clamp(0.01, 0.99);
    let [slope, constant] = CONFIDENCE;
    (1.0 / (1.0 + (-(slope * (p / (1.0 - p)).ln() + constant)).exp())).clamp(0.01, 0.99)
}

/// The tier, of those at these places, that is expected to cost least.
pub(crate) fn cheapest(probabilities: &[f32; 5], among: std::ops::Range<usize>) -> Option<Tier> {
    let cost = |said: usize| -> f32 { (0..5).map(|is| probabilities[is] * COSTS[is][said]).sum() };
    among.min_by(|a, b| cost(*a).total_cmp(&cost(*b))).map(|said| Tier::ALL[said])
}

/// Weighs a message's row; nothing when the reader has no opinion of the message.
pub(crate) fn weigh(row: &Row) -> Option<Weighed> {
    #[cfg(test)]
    super::testing::see(row);
    if row[..6].iter().all(|logit| *logit == 0.0) {
        return None;
    }
    let logit = |of: usize| {
        let weights: &[f32; COUNT + 1] = &WEIGHTS[of];
        weights.iter().zip(row).map(|(weight, value)| weight * value).sum::<f32>() + weights[COUNT]
    };
    let logits = [logit(0), logit(1), logit(2), logit(3), logit(4)];
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut probabilities = logits.map(|logit| (logit - top).exp());
    let all: f32 = probabilities.iter().sum();
    probabilities.iter_mut().for_each(|p| *p /= all);
    let asked = row[RULES_ASK] >= SURE_ASK_MIN;
    let tiers = if asked { 0..4 } else { 0..5 };
    let said = cheapest(&probabilities, tiers)? as usize;
    let other = (0..5)
        .filter(|tier| *tier != said)
        .max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]))?;
    let mut signals: Vec<(&str, f32, f32)> = (0..COUNT)
        .map(|at| {
            (NAMES[at], row[at], {
                (row[at] - MEANS[at]) * (WEIGHTS[said][at] - WEIGHTS[other][at])
            })
        })
        .collect();
    signals.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
    signals.truncate(SIGNALS_MAX);
    let reply = 1.0 / (1.0 + (-logit(5)).exp());
    let tier = Tier::ALL[said];
    let needs_reply = tier != Tier::Fyi && (reply >= 0.5 || asked);
    Some(Weighed { tier, probabilities, reply, needs_reply, signals })
}
