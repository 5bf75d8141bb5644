//! Grouped causal attention of a few queries over keys and values kept in 16 bits.
//!
//! `softmax(q Kᵀ / √d) V` (Vaswani et al. 2017), queries of all heads that share a key head together
//! (Ainslie et al. 2023, arXiv 2305.13245). Keys lie sixteen together, `[keys/16][d][16]`, so that
//! sixteen scores are made at once; values lie row by row, each row padded to a multiple of 16.
//! Past tokens stand in spans, one after another: a shared prefix, then a sequence's own.
//!
//! A query's result is the same wherever spans begin and end and whichever queries are beside it:
//! a score is a sum over `d` in order, and sums over tokens go by their position.

#[cfg(target_arch = "x86_64")]
mod registers;

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::elementwise::{exp, largest, total};
use super::{Kernel, LANES, Level, Tier, dispatch, multiply_add};

/// Keys that lie together.
pub(crate) const KEYS: usize = LANES;
/// Keys or values unpacked together: what all queries go over while it is in the nearest cache.
const UNPACKED: usize = 64;

/// Tokens of one key head, some or all of a stretch of cache.
#[derive(Clone, Copy)]
pub(crate) struct Span<'a> {
    /// `[keys/16][d][16]`
    pub(crate) keys: &'a [f16],
    /// `[keys][d padded]`
    pub(crate) values: &'a [f16],
    /// Tokens of it that count.
    pub(crate) length: usize,
}

/// One row of the result.
#[derive(Clone, Copy)]
pub(crate) struct Query<'a> {
    /// `d` floats.
    pub(crate) row: &'a [f32],
    /// How many tokens it sees, its own included: at least 1.
    pub(crate) visible: usize,
}

/// The floats a value's row takes.
pub(crate) fn padded(head_width: usize) -> usize {
    head_width.next_multiple_of(LANES)
}

/// Attends; the result is a row of `head_width` floats for each query, one after another.
pub(crate) fn attend(
    tier: Tier,
    head_width: usize,
    queries: &[Query<'_>],
    spans: &[Span<'_>],
) -> Vec<f32> {
    let stored: usize = spans.iter().map(|span| span.length).sum();
    let visible = queries.iter().map(|query| query.visible).max().unwrap_or(0);
    assert!(visible <= stored, "queries see only tokens that are there");
    assert!(queries.iter().all(|query| query.visible > 0 && query.row.len() == head_width));
    let mut out = vec![0.0; queries.len() * head_width];
    let work = Attend { tier, head_width, queries, spans, visible, out: &mut out };
    dispatch(tier, work);
    out
}

struct Attend<'a> {
    tier: Tier,
    head_width: usize,
    queries: &'a [Query<'a>],
    spans: &'a [Span<'a>],
    visible: usize,
    out: &'a mut [f32],
}

impl Attend<'_> {
    /// Query · key, rows of `stride`.
    #[inline(always)]
    fn score<const FMA: bool>(&self, stride: usize, scores: &mut [f32]) {
        let Self { head_width, queries, spans, visible, .. } = *self;
        match self.tier.0 {
            // SAFETY: a `Tier` of this level exists only where its features were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 | Level::Avx512Vnni => unsafe {
                registers::score_avx512(head_width, queries, spans, visible, stride, scores);
            },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::AvxVnni => unsafe {
                registers::score_avx2(head_width, queries, spans, visible, stride, scores);
            },
            _ => score::<FMA>(head_width, queries, spans, visible, stride, scores),
        }
    }

    /// Values, weighted, rows of `width`.
    #[inline(always)]
    fn weigh<const FMA: bool>(&self, scores: &[f32], stride: usize, mixed: &mut [f32]) {
        let (width, spans, visible) = (padded(self.head_width), self.spans, self.visible);
        match self.tier.0 {
            // SAFETY: a `Tier` of this level exists only where its features were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 | Level::Avx512Vnni => unsafe {
                registers::weigh_avx512(width, scores, stride, spans, visible, mixed);
            },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::AvxVnni => unsafe {
                registers::weigh_avx2(width, scores, stride, spans, visible, mixed);
            },
            _ => weigh::<FMA>(width, scores, stride, spans, visible, mixed),
        }
    }
}

impl Kernel for Attend<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let (head_width, queries) = (self.head_width, self.queries);
        // Room for what lies beside the last token in its block of keys.
        let stride = self.visible.next_multiple_of(LANES) + LANES;
        let mut scores = vec![0.0; queries.len() * stride];
        self.score::<FMA>(stride, &mut scores);
        let scale = 1.0 / (head_width as f32).sqrt();
        let mut sums = vec![1.0; queries.len()];
        for ((row, query), sum) in scores.chunks_exact_mut(stride).zip(queries).zip(&mut sums) {
            *sum = soften::<FMA>(row, query.visible, scale);
        }
        let width = padded(head_width);
        let mut mixed = vec![0.0; queries.len() * width];
        self.weigh::<FMA>(&scores, stride, &mut mixed);
        let rows = mixed.chunks_exact(width).zip(&sums);
        for (out, (row, sum)) in self.out.chunks_exact_mut(head_width).zip(rows) {
            for (out, value) in out.iter_mut().zip(row) {
                *out = value / sum;
            }
        }
    }
}

/// `sums + a·first + b·second + c·third + d·fourth`, in this order. A plain loop over whole rows:
/// sums in small arrays of registers were left scalar by the compiler.
#[inline(always)]
fn add_four<const FMA: bool>(sums: &mut [f32], factors: [f32; 4], rows: [&[f32]; 4]) {
    let count = sums.len();
    let [first, second, third, fourth] = rows.map(|row| &row[..count]);
    let [a, b, c, d] = factors;
    for place in 0..count {
        let mut sum = sums[place];
        sum = multiply_add::<FMA>(a, first[place], sum);
        sum = multiply_add::<FMA>(b, second[place], sum);
        sum = multiply_add::<FMA>(c, third[place], sum);
        sums[place] = multiply_add::<FMA>(d, fourth[place], sum);
    }
}

/// `sums + factor·row`.
#[inline(always)]
fn add_one<const FMA: bool>(sums: &mut [f32], factor: f32, row: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum = multiply_add::<FMA>(factor, *value, *sum);
    }
}

/// Adds up rows of `stride` floats, each times its factor, one after another.
#[inline(always)]
fn add_all<const FMA: bool>(sums: &mut [f32], factors: &[f32], rows: &[f32], stride: usize) {
    let (fours, ones) = factors.as_chunks::<4>();
    let row = |place: usize| &rows[place * stride..][..stride];
    for (four, factors) in fours.iter().enumerate() {
        let first = four * 4;
        add_four::<FMA>(
            sums,
            *factors,
            [row(first), row(first + 1), row(first + 2), row(first + 3)],
        );
    }
    for (place, factor) in (fours.len() * 4..).zip(ones) {
        add_one::<FMA>(sums, *factor, row(place));
    }
}

/// Query · key for every query and every token up to `visible`.
#[inline(always)]
fn score<const FMA: bool>(
    head_width: usize,
    queries: &[Query<'_>],
    spans: &[Span<'_>],
    visible: usize,
    stride: usize,
    scores: &mut [f32],
) {
    let mut block = vec![0.0; head_width * KEYS];
    // `[d][64 keys]`
    let mut keys = vec![0.0; head_width * UNPACKED];
    let mut position = 0;
    for span in spans {
        for (place, packed) in span.keys.chunks(head_width * UNPACKED).enumerate() {
            let count =
                span.length.saturating_sub(place * UNPACKED).min(UNPACKED).min(visible - position);
            if count == 0 {
                break;
            }
            for (part, packed) in packed.chunks_exact(head_width * KEYS).enumerate() {
                packed.convert_to_f32_slice(&mut block);
                let rows = keys.chunks_exact_mut(UNPACKED);
                for (row, dim) in rows.zip(block.as_chunks::<KEYS>().0) {
                    row[part * KEYS..][..KEYS].copy_from_slice(dim);
                }
            }
            for (query, scores) in queries.iter().zip(scores.chunks_exact_mut(stride)) {
                if position < query.visible {
                    let sums = &mut scores[position..position + count];
                    add_all::<FMA>(sums, query.row, &keys, UNPACKED);
                }
            }
            position += count;
        }
    }
}

/// Turns the first `visible` scores into `e^(scale · (score - largest))`, the rest into 0, and
/// returns their sum.
#[inline(always)]
fn soften<const FMA: bool>(scores: &mut [f32], visible: usize, scale: f32) -> f32 {
    scores[visible..].fill(f32::NEG_INFINITY);
    let (blocks, _) = scores.as_chunks_mut::<LANES>();
    let mut tops = [f32::NEG_INFINITY; LANES];
    for block in blocks.iter() {
        for lane in 0..LANES {
            tops[lane] = if block[lane] > tops[lane] { block[lane] } else { tops[lane] };
        }
    }
    let top = largest(&tops);
    for block in blocks.iter_mut() {
        for value in block {
            *value = exp::<FMA>((*value - top) * scale);
        }
    }
    scores[visible..].fill(0.0);
    let (blocks, _) = scores.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    // Rows of one pass are padded to the longest: zeros beyond a row's own end change nothing.
    for block in blocks {
        for lane in 0..LANES {
            sums[lane] += block[lane];
        }
    }
    total(&sums)
}

/// Adds up the values of all tokens, weighted, for each query.
#[inline(always)]
fn weigh<const FMA: bool>(
    width: usize,
    scores: &[f32],
    stride: usize,
    spans: &[Span<'_>],
    visible: usize,
    mixed: &mut [f32],
) {
    let mut values = vec![0.0; UNPACKED * width];
    let mut position = 0;
    for span in spans {
        for (place, packed) in span.values.chunks(UNPACKED * width).enumerate() {
            let count =
                span.length.saturating_sub(place * UNPACKED).min(UNPACKED).min(visible - position);
            if count == 0 {
                break;
            }
            let values = &mut values[..count * width];
            packed[..count * width].convert_to_f32_slice(values);
            for (scores, sums) in scores.chunks_exact(stride).zip(mixed.chunks_exact_mut(width)) {
                add_all::<FMA>(sums, &scores[position..position + count], values, width);
            }
            position += count;
        }
    }
}

/// Replaces `gate` by `silu(gate) · up`, silu being `x / (1 + e^-x)`.
pub(crate) fn gate(tier: Tier, gate: &mut [f32], up: &[f32]) {
    assert_eq!(gate.len(), up.len(), "a gate for every value");
    dispatch(tier, Gate { gate, up });
}

struct Gate<'a> {
    gate: &'a mut [f32],
    up: &'a [f32],
}

impl Kernel for Gate<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (gate, up) in self.gate.iter_mut().zip(self.up) {
            *gate = *gate / (1.0 + exp::<FMA>(-*gate)) * up;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    /// Keys and values `[tokens, d]` as they lie in a cache.
    fn stored(keys: &[f32], values: &[f32], d: usize) -> (Vec<f16>, Vec<f16>) {
        let tokens = keys.len() / d;
        let mut packed = vec![f16::ZERO; tokens.div_ceil(KEYS) * KEYS * d];
        let mut rows = vec![f16::ZERO; tokens * padded(d)];
        for token in 0..tokens {
            for dim in 0..d {
                let at = (token / KEYS * d + dim) * KEYS + token % KEYS;
                packed[at] = f16::from_f32(keys[token * d + dim]);
                rows[token * padded(d) + dim] = f16::from_f32(values[token * d + dim]);
            }
        }
        (packed, rows)
    }

    /// The definition, in 64 bits.
    fn plain(query: &[f32], keys: &[f32], values: &[f32], visible: usize) -> Vec<f64> {
        let d = query.len();
        let wide = |value: f32| f64::from(f16::from_f32(value).to_f32());
        let score = |token: usize| {
            let dots = (0..d).map(|dim| f64::from(query[dim]) * wide(keys[token * d + dim]));
            dots.sum::<f64>() / (d as f64).sqrt()
        };
        let weights: Vec<f64> = (0..visible).map(|token| score(token).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let mix = |dim: usize| {
            let parts = (0..visible).map(|token| weights[token] * wide(values[token * d + dim]));
            parts.sum::<f64>() / sum
        };
        (0..d).map(mix).collect()
    }

    #[test]
    fn every_tier_attends_as_the_definition_says_however_the_past_is_cut() {
        for (d, tokens, rows) in [(64, 200, 9), (128, 131, 16), (72, 33, 1), (16, 17, 5)] {
            let (keys, values) = (noise(tokens * d, 1), noise(tokens * d, 2));
            let asked = noise(rows * d, 3);
            let visible = |row: usize| tokens - row * 3 % tokens;
            let queries: Vec<Query<'_>> = asked
                .chunks_exact(d)
                .enumerate()
                .map(|(row, floats)| Query { row: floats, visible: visible(row) })
                .collect();
            let mut same: Vec<Vec<f32>> = Vec::new();
            for cut in [0, 5, 16, tokens - 1] {
                let first = stored(&keys[..cut * d], &values[..cut * d], d);
                let second = stored(&keys[cut * d..], &values[cut * d..], d);
                let spans = [
                    Span { keys: &first.0, values: &first.1, length: cut },
                    Span { keys: &second.0, values: &second.1, length: tokens - cut },
                ];
                for tier in Tier::available() {
                    let found = attend(tier, d, &queries, &spans);
                    for (row, found) in found.chunks_exact(d).enumerate() {
                        let wanted = plain(queries[row].row, &keys, &values, visible(row));
                        for (found, wanted) in found.iter().zip(wanted) {
                            let off = (f64::from(*found) - wanted).abs();
                            assert!(off < 2e-6, "{tier:?} {d} {tokens} {cut} {row}: {off}");
                        }
                    }
                    if tier == Tier::best() {
                        same.push(found);
                    }
                }
            }
            // To the bit: a shared prefix changes nothing.
            assert!(same.windows(2).all(|two| two[0] == two[1]), "{d} {tokens}");
        }
    }
}
