//! How much of what was set aside should not have been? A random sample and an exact bound.

use super::Error;
use super::judge::{WINDOW_SECONDS, digest, verdict};
use super::verdict::Tier;
use crate::mail::when::format_rfc3339;
use crate::mail::{MessageId, UnixSeconds};
use crate::store::Store;

/// Chance that the bound is too low.
const RISK: f64 = 0.05;

/// What was set aside, and a sample of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// How many messages of the last weeks are `fyi`, the user's own left out.
    pub hidden: usize,
    /// Some of them, each as likely as another, oldest first.
    pub ids: Vec<MessageId>,
}

/// Draws at most `count` of the messages of the last weeks that were set aside as `fyi` by triage, not
/// by the user's own word. The day of `as_of` is the seed: asked twice on a day, it draws the same.
///
/// # Errors
/// The store cannot be read, or holds something else.
pub fn sample(store: &Store, as_of: UnixSeconds, count: usize) -> Result<Sample, Error> {
    let since = UnixSeconds(as_of.0 - WINDOW_SECONDS);
    let mut hidden = Vec::new();
    for row in store.verdicts(since, as_of)? {
        let is_own_word = || {
            verdict(store, row.message)
                .map(|v| v.is_some_and(|v| v.decided_by == super::DecidedBy::You))
        };
        if row.tier == Tier::Fyi.as_str() && !store.header(row.message)?.own && !is_own_word()? {
            hidden.push(row.message);
        }
    }
    let day = format_rfc3339(as_of);
    let day = &day[..day.len().min(10)];
    // Ordering by a hash of day and message draws without replacement, and the same on each machine.
    let mut drawn = hidden.clone();
    drawn.sort_by_key(|id| (mixed(digest(&format!("{day} {}", id.0))), *id));
    drawn.truncate(count);
    drawn.sort_unstable_by_key(|id| hidden.iter().position(|other| other == id));
    Ok(Sample { hidden: hidden.len(), ids: drawn })
}

/// The finalizer of `MurmurHash3`: FNV alone leaves neighbours close.
fn mixed(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// The upper end of the one-sided 95 % interval for a rate of which `missed` in `sampled` were seen
/// (Clopper, Pearson 1934): the rate at which so few would be seen one time in twenty. 1 when nothing
/// was sampled.
pub fn miss_rate_upper_95(missed: usize, sampled: usize) -> f64 {
    if sampled == 0 || missed >= sampled {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most(missed, sampled, middle) > RISK { low = middle } else { high = middle }
    }
    high
}

/// The probability of at most `hits` in `draws`, each a hit at `rate`.
fn at_most(hits: usize, draws: usize, rate: f64) -> f64 {
    let mut log_choose = 0.0;
    let mut sum = 0.0;
    for at in 0..=hits {
        if at > 0 {
            log_choose += ((draws - at + 1) as f64 / at as f64).ln();
        }
        sum += (log_choose + at as f64 * rate.ln() + (draws - at) as f64 * (-rate).ln_1p()).exp();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::miss_rate_upper_95;

    #[track_caller]
    fn check(missed: usize, sampled: usize, expected: f64) {
        let bound = miss_rate_upper_95(missed, sampled);
        assert!((bound - expected).abs() < 5e-4, "{missed} of {sampled}: {bound}");
    }

    #[test]
    fn the_bound_is_the_exact_one() {
        // None in n: 1 - 0.05^(1/n), "the rule of three".
        check(0, 20, 1.0 - 0.05_f64.powf(1.0 / 20.0));
        check(0, 30, 0.0950);
        check(0, 300, 0.00994);
        // The table of Clopper and Pearson, one-sided 95 %.
        check(1, 10, 0.3942);
        check(2, 20, 0.2826);
        check(5, 50, 0.1990);
        check(0, 0, 1.0);
        check(4, 4, 1.0);
    }
}
