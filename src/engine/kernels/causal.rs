//! Grouped causal attention of a few queries over keys and values kept in 16 bits.
//!
//! `softmax(q Kᵀ / √d) V` (Vaswani et al. 2017), queries of all heads that share a key head together
//! (Ainslie et al. 2023, arXiv 2305.13245). Keys lie sixteen together, `[keys/16][d][16]`, so that
//! sixteen scores are made at once; values lie row by row, each row padded to a multiple of 16.
//! Past tokens stand in spans, one after another: a shared prefix, then a sequence's own.
//!
//! A query's result is the same wherever spans begin and end and whichever queries are beside it:
//! a score is a sum over `d` in order, and sums over tokens go by their position.

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::elementwise::{exp, largest, total};
use super::{Kernel, LANES, Tier, dispatch, multiply_add};

/// Keys that lie together.
pub(crate) const KEYS: usize = LANES;
/// Values unpacked together.
const VALUES: usize = 64;
/// Queries whose sums are kept in registers together.
const QUERIES: usize = 4;

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
    dispatch(tier, Attend { head_width, queries, spans, visible, out: &mut out });
    out
}

struct Attend<'a> {
    head_width: usize,
    queries: &'a [Query<'a>],
    spans: &'a [Span<'a>],
    visible: usize,
    out: &'a mut [f32],
}

impl Kernel for Attend<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { head_width, queries, spans, visible, out } = self;
        let stride = visible.next_multiple_of(LANES);
        let rows = queries.len().next_multiple_of(QUERIES);
        let mut scores = vec![0.0; rows * stride];
        // Queries turned to `[groups of 4][d][4]`, the last group filled up with zeros.
        let mut turned = vec![[0.0; QUERIES]; rows / QUERIES * head_width];
        for (place, query) in queries.iter().enumerate() {
            let group = &mut turned[place / QUERIES * head_width..][..head_width];
            for (dim, value) in group.iter_mut().zip(query.row) {
                dim[place % QUERIES] = *value;
            }
        }
        score::<FMA>(head_width, &turned, spans, visible, stride, &mut scores);
        let scale = 1.0 / (head_width as f32).sqrt();
        let mut sums = vec![1.0; rows];
        for ((row, query), sum) in scores.chunks_exact_mut(stride).zip(queries).zip(&mut sums) {
            *sum = soften::<FMA>(row, query.visible, scale);
        }
        let width = padded(head_width);
        let mut mixed = vec![0.0; rows * width];
        weigh::<FMA>(width, &scores, stride, spans, visible, &mut mixed);
        let rows = mixed.chunks_exact(width).zip(&sums);
        for (out, (row, sum)) in out.chunks_exact_mut(head_width).zip(rows) {
            for (out, value) in out.iter_mut().zip(row) {
                *out = value / sum;
            }
        }
    }
}

/// Query · key for every query and every token up to `visible`.
#[inline(always)]
fn score<const FMA: bool>(
    head_width: usize,
    turned: &[[f32; QUERIES]],
    spans: &[Span<'_>],
    visible: usize,
    stride: usize,
    scores: &mut [f32],
) {
    let mut block = vec![[0.0; KEYS]; head_width];
    let mut position = 0;
    for span in spans {
        for (place, keys) in span.keys.chunks_exact(head_width * KEYS).enumerate() {
            let count = span.length.saturating_sub(place * KEYS).min(KEYS).min(visible - position);
            if count == 0 {
                break;
            }
            keys.convert_to_f32_slice(block.as_flattened_mut());
            let groups = turned.chunks_exact(head_width);
            for (queries, scores) in groups.zip(scores.chunks_exact_mut(QUERIES * stride)) {
                let mut sums = [[0.0; KEYS]; QUERIES];
                for (keys, queries) in block.iter().zip(queries) {
                    for query in 0..QUERIES {
                        for lane in 0..KEYS {
                            sums[query][lane] =
                                multiply_add::<FMA>(queries[query], keys[lane], sums[query][lane]);
                        }
                    }
                }
                for (row, sums) in scores.chunks_exact_mut(stride).zip(&sums) {
                    row[position..position + count].copy_from_slice(&sums[..count]);
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
    let mut values = vec![0.0; VALUES * width];
    let mut position = 0;
    for span in spans {
        for (place, chunk) in span.values.chunks(VALUES * width).enumerate() {
            let count =
                span.length.saturating_sub(place * VALUES).min(VALUES).min(visible - position);
            if count == 0 {
                break;
            }
            let values = &mut values[..count * width];
            chunk[..count * width].convert_to_f32_slice(values);
            let groups = scores.chunks_exact(QUERIES * stride);
            for (scores, mixed) in groups.zip(mixed.chunks_exact_mut(QUERIES * width)) {
                let weights: [&[f32]; QUERIES] =
                    std::array::from_fn(|query| &scores[query * stride + position..][..count]);
                let mut first = 0;
                while first + 4 * LANES <= width {
                    add_up::<FMA, 4>(first, width, weights, values, mixed);
                    first += 4 * LANES;
                }
                while first < width {
                    add_up::<FMA, 1>(first, width, weights, values, mixed);
                    first += LANES;
                }
            }
            position += count;
        }
    }
}

/// The same for `16 · PARTS` floats of a row, beginning with `first`.
#[inline(always)]
fn add_up<const FMA: bool, const PARTS: usize>(
    first: usize,
    width: usize,
    weights: [&[f32]; QUERIES],
    values: &[f32],
    mixed: &mut [f32],
) {
    let mut sums = [[[0.0; LANES]; PARTS]; QUERIES];
    for (query, sums) in sums.iter_mut().enumerate() {
        let row = &mixed[query * width + first..][..PARTS * LANES];
        sums.as_flattened_mut().copy_from_slice(row);
    }
    let [one, two, three, four] = weights;
    let weights = one.iter().zip(two).zip(three).zip(four);
    for (row, (((one, two), three), four)) in values.chunks_exact(width).zip(weights) {
        let weights = [*one, *two, *three, *four];
        let (row, _) = row[first..][..PARTS * LANES].as_chunks::<LANES>();
        for query in 0..QUERIES {
            for part in 0..PARTS {
                for lane in 0..LANES {
                    let sum = &mut sums[query][part][lane];
                    *sum = multiply_add::<FMA>(weights[query], row[part][lane], *sum);
                }
            }
        }
    }
    for (query, sums) in sums.iter().enumerate() {
        let row = &mut mixed[query * width + first..][..PARTS * LANES];
        row.copy_from_slice(sums.as_flattened());
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
