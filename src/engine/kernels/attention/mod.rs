//! Self-attention over sequences that lie one after another, without padding.
//!
//! `softmax(Q Kᵀ / √d) V` for each head of each sequence (Vaswani et al. 2017). Input rows are
//! `[q | k | v]`, each `heads · 32` wide; output rows are `heads · 32` wide. Keys are turned to
//! `[32, keys]` so that sixteen scores are made at once.

#[cfg(target_arch = "x86_64")]
mod avx512;

use super::elementwise::{exp, largest, total};
use super::{Kernel, LANES, Level, Tier, dispatch, multiply_add};

/// The only width of a head there is a kernel for.
pub(crate) const HEAD: usize = 32;
/// Queries handled together: each key and value is read once for all of them.
const QUERIES: usize = 4;

/// Attends within each sequence. `lengths` are the sequences' rows, in order; `rows` holds
/// `3 · heads · 32` floats a token, `out` gets `heads · 32`.
pub(crate) fn attend(tier: Tier, heads: usize, lengths: &[usize], rows: &[f32], out: &mut [f32]) {
    let tokens: usize = lengths.iter().sum();
    assert_eq!(rows.len(), tokens * 3 * heads * HEAD, "query, key and value of every token");
    assert_eq!(out.len(), tokens * heads * HEAD, "room for every token");
    let longest = lengths.iter().max().copied().unwrap_or(0).next_multiple_of(LANES);
    let mut scratch = Scratch {
        keys: vec![0.0; HEAD * longest],
        values: vec![[0.0; HEAD]; longest],
        scores: vec![0.0; QUERIES * longest],
    };
    let width = heads * HEAD;
    let mut start = 0;
    for &length in lengths {
        let end = start + length;
        let (rows, out) =
            (&rows[start * 3 * width..end * 3 * width], &mut out[start * width..end * width]);
        for head in 0..heads {
            dispatch(
                tier,
                Head { tier, head, heads, length, rows, out: &mut *out, scratch: &mut scratch },
            );
        }
        start = end;
    }
}

struct Scratch {
    /// `[32, padded length]`
    keys: Vec<f32>,
    values: Vec<[f32; HEAD]>,
    /// `[QUERIES, padded length]`
    scores: Vec<f32>,
}

struct Head<'a> {
    tier: Tier,
    head: usize,
    heads: usize,
    length: usize,
    rows: &'a [f32],
    out: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl Kernel for Head<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let width = self.heads * HEAD;
        let padded = self.length.next_multiple_of(LANES);
        let keys = &mut self.scratch.keys[..HEAD * padded];
        let values = &mut self.scratch.values[..self.length];
        let at = self.head * HEAD;
        for (token, row) in self.rows.chunks_exact(3 * width).enumerate() {
            for (dim, &key) in row[width + at..width + at + HEAD].iter().enumerate() {
                keys[dim * padded + token] = key;
            }
            values[token].copy_from_slice(&row[2 * width + at..2 * width + at + HEAD]);
        }
        for first in (0..self.length).step_by(QUERIES) {
            // The last group may reach back to queries already done: same input, same result.
            let first = first.min(self.length.saturating_sub(QUERIES));
            let mut queries = [[0.0; HEAD]; QUERIES];
            for (offset, query) in queries.iter_mut().enumerate() {
                let token = (first + offset).min(self.length - 1);
                query.copy_from_slice(&self.rows[token * 3 * width + at..][..HEAD]);
            }
            let scores = &mut self.scratch.scores[..QUERIES * padded];
            match self.tier.0 {
                // SAFETY: a `Tier` of this level exists only where its features were detected.
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 | Level::Avx512Vnni => unsafe {
                    avx512::score(&queries, keys, padded, scores);
                },
                _ => score::<FMA>(&queries, keys, padded, scores),
            }
            let scale = 1.0 / (HEAD as f32).sqrt();
            let mut parts = [0.0; QUERIES];
            for (scores, part) in scores.chunks_exact_mut(padded).zip(&mut parts) {
                *part = soften::<FMA>(scores, self.length, scale);
            }
            let sums = match self.tier.0 {
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 | Level::Avx512Vnni => unsafe {
                    avx512::weigh(scores, padded, values)
                },
                _ => weigh::<FMA>(scores, padded, values),
            };
            for offset in 0..QUERIES.min(self.length) {
                let out = &mut self.out[(first + offset) * width + at..][..HEAD];
                for (out, sum) in out.iter_mut().zip(&sums[offset]) {
                    *out = sum / parts[offset];
                }
            }
        }
    }
}

/// Query · key for every query and key.
#[inline(always)]
fn score<const FMA: bool>(
    queries: &[[f32; HEAD]; QUERIES],
    keys: &[f32],
    padded: usize,
    scores: &mut [f32],
) {
    for first in (0..padded).step_by(LANES) {
        let mut sums = [[0.0; LANES]; QUERIES];
        for dim in 0..HEAD {
            let Some(keys) = keys[dim * padded + first..].first_chunk::<LANES>() else { return };
            for query in 0..QUERIES {
                for lane in 0..LANES {
                    sums[query][lane] =
                        multiply_add::<FMA>(queries[query][dim], keys[lane], sums[query][lane]);
                }
            }
        }
        for query in 0..QUERIES {
            scores[query * padded + first..][..LANES].copy_from_slice(&sums[query]);
        }
    }
}

/// Turns scores into `e^(scale · (score - largest))` and returns their sum. Padding becomes
/// `e^-87`, too little to change the sum.
#[inline(always)]
fn soften<const FMA: bool>(scores: &mut [f32], length: usize, scale: f32) -> f32 {
    scores[length..].fill(f32::NEG_INFINITY);
    let (blocks, _) = scores.as_chunks_mut::<LANES>();
    let mut tops = [f32::NEG_INFINITY; LANES];
    for block in blocks.iter() {
        for lane in 0..LANES {
            tops[lane] = if block[lane] > tops[lane] { block[lane] } else { tops[lane] };
        }
    }
    let top = largest(&tops);
    let mut sums = [0.0; LANES];
    for block in blocks.iter_mut() {
        for lane in 0..LANES {
            block[lane] = exp::<FMA>((block[lane] - top) * scale);
            sums[lane] += block[lane];
        }
    }
    total(&sums)
}

/// The values, weighted by the scores of each query.
#[inline(always)]
fn weigh<const FMA: bool>(
    scores: &[f32],
    padded: usize,
    values: &[[f32; HEAD]],
) -> [[f32; HEAD]; QUERIES] {
    let mut sums = [[0.0; HEAD]; QUERIES];
    let mut rows = scores.chunks_exact(padded);
    let rows: [&[f32]; QUERIES] = std::array::from_fn(|_| rows.next().unwrap_or_default());
    let [first, second, third, fourth] = rows;
    let scores = first.iter().zip(second).zip(third).zip(fourth);
    for (value, (((first, second), third), fourth)) in values.iter().zip(scores) {
        let scores = [*first, *second, *third, *fourth];
        for query in 0..QUERIES {
            for dim in 0..HEAD {
                sums[query][dim] = multiply_add::<FMA>(scores[query], value[dim], sums[query][dim]);
            }
        }
    }
    sums
}
