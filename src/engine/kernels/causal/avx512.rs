//! The same sums with AVX-512, several queries at a time in registers.
//!
//! The compiler keeps sums of small arrays in memory, where they cost more than the products.

use core::arch::x86_64::{
    __m512, _mm256_loadu_si256, _mm512_cvtph_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_storeu_ps,
};

use half::f16;

use super::{KEYS, LANES, Query, Span};

/// Registers of keys, or of a value's row, at a time.
const WIDE: usize = 4;
/// Queries at a time.
const TALL: usize = 4;
/// Values that all queries go over while they are in the nearest cache.
const VALUES: usize = 128;

/// Query · key for every query and every token up to `visible`, and for some beyond it that happen
/// to lie in the same block: rows of scores have room for that.
///
/// # Panics
///
/// When a query is not `head_width` wide, a span shorter than it says, or a row of scores too short.
#[target_feature(enable = "avx512f")]
pub(super) fn score(
    head_width: usize,
    queries: &[Query<'_>],
    spans: &[Span<'_>],
    visible: usize,
    stride: usize,
    scores: &mut [f32],
) {
    assert!(stride >= visible + LANES && scores.len() == stride * queries.len());
    assert!(queries.iter().all(|query| query.row.len() == head_width));
    let mut position = 0;
    for span in spans {
        let length = span.length.min(visible - position);
        let blocks = length.div_ceil(KEYS);
        assert!(span.keys.len() >= blocks * head_width * KEYS, "a whole span");
        for first in (0..blocks).step_by(WIDE) {
            let keys = span.keys[first * head_width * KEYS..].as_ptr();
            let start = position + first * KEYS;
            let wide = blocks - first >= WIDE;
            let mut row = 0;
            while row < queries.len() {
                let tall = queries.len() - row >= TALL;
                let queries = queries[row..].as_ptr();
                // SAFETY: `blocks` whole blocks of keys are there, and the next `TALL` queries or
                // one; a row of scores goes on for at least a block after the last visible token.
                unsafe {
                    let out = scores.as_mut_ptr().add(row * stride + start);
                    match (tall, wide) {
                        (true, true) => {
                            score_tile::<TALL, WIDE>(head_width, queries, keys, out, stride);
                        }
                        (false, true) => {
                            score_tile::<1, WIDE>(head_width, queries, keys, out, stride);
                        }
                        _ => {
                            for part in 0..blocks - first {
                                let keys = keys.add(part * head_width * KEYS);
                                let out = out.add(part * KEYS);
                                if tall {
                                    score_tile::<TALL, 1>(head_width, queries, keys, out, stride);
                                } else {
                                    score_tile::<1, 1>(head_width, queries, keys, out, stride);
                                }
                            }
                        }
                    }
                }
                row += if tall { TALL } else { 1 };
            }
        }
        position += length;
    }
}

/// # Safety
///
/// There are `ROWS` queries, `COLUMNS` blocks of keys, and as many floats in `ROWS` rows of `out`.
#[target_feature(enable = "avx512f")]
unsafe fn score_tile<const ROWS: usize, const COLUMNS: usize>(
    head_width: usize,
    queries: *const Query<'_>,
    keys: *const f16,
    out: *mut f32,
    stride: usize,
) {
    // SAFETY: as the caller promised; a query has `head_width` floats.
    unsafe {
        let mut rows = [std::ptr::null(); ROWS];
        for (row, at) in rows.iter_mut().enumerate() {
            *at = (*queries.add(row)).row.as_ptr();
        }
        let mut sums = [[_mm512_setzero_ps(); COLUMNS]; ROWS];
        for dim in 0..head_width {
            let mut keys_here = [_mm512_setzero_ps(); COLUMNS];
            for (column, key) in keys_here.iter_mut().enumerate() {
                *key = halves(keys.add((column * head_width + dim) * KEYS));
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let factor = _mm512_set1_ps(*rows[row].add(dim));
                for (sum, key) in sums.iter_mut().zip(&keys_here) {
                    *sum = _mm512_fmadd_ps(factor, *key, *sum);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (column, sum) in sums.iter().enumerate() {
                _mm512_storeu_ps(out.add(row * stride + column * KEYS), *sum);
            }
        }
    }
}

/// Adds up the values of all tokens, weighted, for each query. `width` is a multiple of 16.
///
/// # Panics
///
/// When a span is shorter than it says, or a row too short.
#[target_feature(enable = "avx512f")]
pub(super) fn weigh(
    width: usize,
    scores: &[f32],
    stride: usize,
    spans: &[Span<'_>],
    visible: usize,
    mixed: &mut [f32],
) {
    let rows = mixed.len() / width;
    assert!(width.is_multiple_of(LANES) && stride >= visible && scores.len() == rows * stride);
    let mut position = 0;
    for span in spans {
        let length = span.length.min(visible - position);
        assert!(span.values.len() >= length * width, "a whole span");
        for first in (0..length).step_by(VALUES) {
            let count = VALUES.min(length - first);
            let values = span.values[first * width..].as_ptr();
            let mut row = 0;
            while row < rows {
                let tall = rows - row >= TALL;
                let mut lane = 0;
                while lane < width {
                    let wide = width - lane >= WIDE * LANES;
                    // SAFETY: `count` rows of values and scores are there, `TALL` rows of sums or
                    // one, and `WIDE` registers of each or one.
                    unsafe {
                        let tile = Tile {
                            scores: scores.as_ptr().add(row * stride + position + first),
                            stride,
                            values: values.add(lane),
                            width,
                            count,
                            sums: mixed.as_mut_ptr().add(row * width + lane),
                        };
                        match (tall, wide) {
                            (true, true) => tile.add::<TALL, WIDE>(),
                            (true, false) => tile.add::<TALL, 1>(),
                            (false, true) => tile.add::<1, WIDE>(),
                            (false, false) => tile.add::<1, 1>(),
                        }
                    }
                    lane += if wide { WIDE * LANES } else { LANES };
                }
                row += if tall { TALL } else { 1 };
            }
        }
        position += length;
    }
}

/// Some values, what they are weighted with, and the sums they are added to.
struct Tile {
    scores: *const f32,
    stride: usize,
    values: *const f16,
    width: usize,
    count: usize,
    sums: *mut f32,
}

impl Tile {
    /// # Safety
    ///
    /// There are `count` values and `ROWS · count` scores; sums and values are `COLUMNS` registers
    /// wide.
    #[target_feature(enable = "avx512f")]
    unsafe fn add<const ROWS: usize, const COLUMNS: usize>(&self) {
        // SAFETY: as the caller promised.
        unsafe {
            let mut sums = [[_mm512_setzero_ps(); COLUMNS]; ROWS];
            for (row, sums) in sums.iter_mut().enumerate() {
                for (column, sum) in sums.iter_mut().enumerate() {
                    *sum = _mm512_loadu_ps(self.sums.add(row * self.width + column * LANES));
                }
            }
            for token in 0..self.count {
                let mut values = [_mm512_setzero_ps(); COLUMNS];
                for (column, value) in values.iter_mut().enumerate() {
                    *value = halves(self.values.add(token * self.width + column * LANES));
                }
                for (row, sums) in sums.iter_mut().enumerate() {
                    let factor = _mm512_set1_ps(*self.scores.add(row * self.stride + token));
                    for (sum, value) in sums.iter_mut().zip(&values) {
                        *sum = _mm512_fmadd_ps(factor, *value, *sum);
                    }
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                for (column, sum) in sums.iter().enumerate() {
                    _mm512_storeu_ps(self.sums.add(row * self.width + column * LANES), *sum);
                }
            }
        }
    }
}

/// Sixteen floats of 16 bits.
///
/// # Safety
///
/// They are there.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn halves(at: *const f16) -> __m512 {
    // SAFETY: the caller has 32 bytes there.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(at.cast()) })
}
