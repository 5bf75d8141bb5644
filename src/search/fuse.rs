//! Words and meaning in one order, so that meaning never drags words down.
//!
//! Both legs are first brought to a scale of their own. Words: the share of the score that a perfect
//! message would reach. Meaning: how far a cosine stands out from the cosines of all mail to this
//! question. Their weighted sum orders the messages. Meaning weighs the less, the more clearly words
//! decide: their best message holds the whole question, or stands far in front of the next. What is
//! either there or not (numbers, codes, addresses, phrases) binds: a message that lacks one never
//! passes a message that has them all.

use super::words::WordScore;

/// The numbers of the fusion. Set on two Enron mailboxes with their subjects as questions and on
/// mailing lists with the subjects of their threads; see `eval.rs`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    /// Standard deviations above the mean at which a cosine counts as a full match.
    pub(super) full_deviations: f32,
    /// What meaning weighs where words' best message holds all of the question and has no lead.
    pub(super) covered: f32,
    /// What it gains where that message holds nothing of it.
    pub(super) uncovered: f32,
    /// What it loses where that message leads by the whole of the score.
    pub(super) lead: f32,
    /// It never weighs less,
    pub(super) least: f32,
    /// or more,
    pub(super) most: f32,
    /// or more than this where the question names numbers or addresses.
    pub(super) exact: f32,
}

impl Weights {
    pub(super) const DEFAULT: Weights = Weights {
        full_deviations: 6.0,
        covered: 0.4,
        uncovered: 0.3,
        lead: 2.0,
        least: 0.25,
        most: 0.8,
        exact: 0.3,
    };
}

/// Words' best message is compared with the one so many places behind it.
const LEAD_PLACES: usize = 4;
/// Below this cosine a message without any of the words is not called near in meaning.
pub(super) const COSINE_MIN: f32 = 0.25;
/// Nor when it stands out less than this from all mail, in standard deviations.
const DEVIATIONS_MIN: f32 = 2.0;

/// What is known of a question when its legs are joined.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    /// Share of the question's weight that words' best message holds.
    pub(super) coverage: f32,
    /// How far that message stands in front of others, as a share of `ceiling`.
    pub(super) lead: f32,
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
        let uncovered = weights.uncovered * (1.0 - self.coverage);
        let weight = weights.covered + uncovered - weights.lead * self.lead;
        let most = if self.exact_count > 0 { weights.exact } else { weights.most };
        weight.clamp(weights.least, weights.most).min(most)
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

/// How clearly words decide: what their best message holds of the question, and its lead over
/// others as a share of `ceiling`. `best` come best first.
pub(super) fn clearness(best: &[WordScore], ceiling: f32) -> (f32, f32) {
    let Some(first) = best.first() else { return (0.0, 0.0) };
    let behind = best.get(LEAD_PLACES).map_or(0.0, |other| other.score);
    (first.coverage, (first.score - behind) / ceiling.max(f32::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(coverage: f32, lead: f32, exact_count: usize) -> f32 {
        let profile = Profile { coverage, lead, exact_count, background: (0.1, 0.1), ceiling: 1.0 };
        profile.meaning_weight(&Weights::DEFAULT)
    }

    #[test]
    fn meaning_weighs_less_the_more_clearly_words_decide() {
        assert!(weight(0.2, 0.0, 0) > weight(1.0, 0.0, 0));
        assert!(weight(1.0, 0.0, 0) > weight(1.0, 0.07, 0));
        assert!(weight(1.0, 0.9, 0) >= Weights::DEFAULT.least);
        assert!(weight(0.0, 0.0, 1) <= Weights::DEFAULT.exact);
    }

    #[test]
    fn a_best_message_without_others_leads_by_all_it_has() {
        let score = |score| WordScore { score, coverage: 0.5, ..WordScore::default() };
        assert_eq!(clearness(&[], 2.0), (0.0, 0.0));
        assert_eq!(clearness(&[score(1.0)], 2.0), (0.5, 0.5));
        let even = [1.0; 6].map(score);
        assert_eq!(clearness(&even, 2.0), (0.5, 0.0));
    }
}
