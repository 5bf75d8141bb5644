//! Words and meaning in one order, so that meaning never drags words down.
//!
//! Both legs are first brought to a scale of their own. Words: the share of the score that a perfect
//! message would reach. Meaning: how far a cosine stands out from the cosines of all mail to this
//! question. Their weighted sum orders the messages; how much meaning weighs depends on the
//! question. What is either there or not (numbers, codes, addresses, phrases) binds: a message that
//! lacks one never passes a message that has them all.

use super::words::WordScore;

/// The numbers of the fusion. Set on two Enron mailboxes with their subjects as questions; see
/// `eval.rs`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    /// Standard deviations above the mean at which a cosine counts as a full match.
    pub(super) full_deviations: f32,
    /// What meaning weighs for a question of one or two words.
    pub(super) short: f32,
    /// What it weighs for longer ones.
    pub(super) long: f32,
    /// The same where the question names numbers or addresses.
    pub(super) exact: f32,
}

impl Weights {
    pub(super) const DEFAULT: Weights =
        Weights { full_deviations: 6.0, short: 0.3, long: 0.6, exact: 0.3 };
}

/// Below this cosine a message without any of the words is not called near in meaning.
pub(super) const COSINE_MIN: f32 = 0.25;
/// Nor when it stands out less than this from all mail, in standard deviations.
const DEVIATIONS_MIN: f32 = 2.0;

/// What is known of a question when its legs are joined.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    /// Words that are not among the most common.
    pub(super) words_count: usize,
    /// Numbers, codes, addresses and phrases.
    pub(super) exact_count: usize,
    /// Mean and standard deviation of the cosines of all mail.
    pub(super) background: (f32, f32),
    /// The best score words can reach.
    pub(super) ceiling: f32,
}

/// Both legs' verdict on one message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fused {
    pub(super) score: f32,
    pub(super) words: f32,
    pub(super) meaning: f32,
    /// Lacks something the question names exactly.
    pub(super) lacks_exact: bool,
}

impl Profile {
    fn meaning_weight(&self, weights: &Weights) -> f32 {
        if self.exact_count > 0 {
            weights.exact
        } else if self.words_count <= 2 {
            weights.short
        } else {
            weights.long
        }
    }

    /// Whether a message is near in meaning, whatever its words.
    pub(super) fn is_near(&self, cosine: f32) -> bool {
        let (mean, deviation) = self.background;
        cosine >= COSINE_MIN && cosine >= mean + DEVIATIONS_MIN * deviation
    }

    /// Joins both legs.
    pub(super) fn fuse(
        &self,
        weights: &Weights,
        words: Option<&WordScore>,
        cosine: Option<f32>,
    ) -> Fused {
        let share = words.map_or(0.0, |words| words.score / self.ceiling.max(f32::MIN_POSITIVE));
        let (mean, deviation) = self.background;
        let meaning = cosine.map_or(0.0, |cosine| {
            (cosine - mean) / (weights.full_deviations * deviation.max(0.01))
        });
        let score = share + self.meaning_weight(weights) * meaning.max(0.0);
        let has_exact = self.exact_count == 0 || words.is_some_and(|words| words.has_exact);
        Fused { score, words: share, meaning, lacks_exact: !has_exact }
    }
}
