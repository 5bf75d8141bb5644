//! Rotary positions (Su et al. 2021, arXiv 2104.09864), with tables in 32 bits.
//!
//! candle-transformers makes some of its tables in 16 bits, which at position 2,000 is off by a
//! whole radian. Angles here are computed in 64 bits and only their sines and cosines rounded.

use super::family::Pairs;
use super::plan::Plan;

/// Sines and cosines of every position.
pub(super) struct Rope {
    pairs: Pairs,
    half: usize,
    /// `[positions, half]`
    cosines: Vec<f32>,
    /// `[positions, half]`
    sines: Vec<f32>,
}

impl Rope {
    /// Tables for as many positions as a context has.
    pub(super) fn new(plan: &Plan, context_tokens: usize) -> Self {
        let half = plan.head_width / 2;
        let frequencies: Vec<f64> = (0..half)
            .map(|pair| {
                let frequency = plan.rope_base.powf(-(pair as f64) / half as f64);
                frequency / f64::from(plan.rope_factors.get(pair).copied().unwrap_or(1.0))
            })
            .collect();
        let angles = (0..context_tokens)
            .flat_map(|position| frequencies.iter().map(move |f| position as f64 * f));
        let (sines, cosines) =
            angles.map(f64::sin_cos).map(|(sine, cosine)| (sine as f32, cosine as f32)).unzip();
        Self { pairs: plan.family.pairs, half, cosines, sines }
    }

    /// Rotates every head of one token's row, whose heads lie one after another.
    pub(super) fn rotate(&self, row: &mut [f32], position: usize) {
        let half = self.half;
        let cosines = &self.cosines[position * half..][..half];
        let sines = &self.sines[position * half..][..half];
        for head in row.chunks_exact_mut(2 * half) {
            match self.pairs {
                Pairs::Neighbours => {
                    let (pairs, _) = head.as_chunks_mut::<2>();
                    for ((pair, cosine), sine) in pairs.iter_mut().zip(cosines).zip(sines) {
                        let [first, second] = *pair;
                        *pair = [first * cosine - second * sine, first * sine + second * cosine];
                    }
                }
                Pairs::Halves => {
                    let (low, high) = head.split_at_mut(half);
                    let both = low.iter_mut().zip(high);
                    for (((low, high), cosine), sine) in both.zip(cosines).zip(sines) {
                        let (first, second) = (*low, *high);
                        *low = first * cosine - second * sine;
                        *high = first * sine + second * cosine;
                    }
                }
            }
        }
    }

    /// Which numbers are paired, half a head's width, and cosines and sines `[positions, half]`.
    pub(super) fn tables(&self) -> (Pairs, usize, &[f32], &[f32]) {
        (self.pairs, self.half, &self.cosines, &self.sines)
    }

    /// Bytes of the tables.
    pub(super) fn memory_bytes(&self) -> usize {
        size_of_val(self.cosines.as_slice()) * 2
    }
}
