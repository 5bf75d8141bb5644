//! The same sums in registers, several queries at a time.
//!
//! The compiler keeps sums of small arrays in memory, where they cost more than the products. What a
//! processor calls its registers is in [`Register`]; the loops are the same for all.

use core::arch::x86_64::{
    __m256, __m512, _mm_loadu_si128, _mm256_cvtph_ps, _mm256_fmadd_ps, _mm256_loadu_ps,
    _mm256_loadu_si256, _mm256_set1_ps, _mm256_storeu_ps, _mm512_cvtph_ps, _mm512_fmadd_ps,
    _mm512_loadu_ps, _mm512_set1_ps, _mm512_storeu_ps,
};
use std::marker::PhantomData;

use half::f16;

use super::{KEYS, LANES, Query, Span};

/// Queries at a time.
const TALL: usize = 6;
/// Values that all queries go over while they are in the nearest cache.
const VALUES: usize = 128;

/// Floats that are multiplied at once.
///
/// # Safety
///
/// The processor must know the instructions, and every address hold `COUNT` numbers.
trait Register: Copy {
    /// How many: `KEYS` is a multiple.
    const COUNT: usize;

    unsafe fn repeat(value: f32) -> Self;
    unsafe fn load(at: *const f32) -> Self;
    /// Of floats of 16 bits.
    unsafe fn load_halves(at: *const f16) -> Self;
    unsafe fn store(self, at: *mut f32);
    /// `self · factor + sum`.
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self;
}

macro_rules! register {
    ($name:ty, $count:literal, $repeat:ident, $load:ident, $bits:ident, $halves:ident, $store:ident, $fma:ident) => {
        impl Register for $name {
            const COUNT: usize = $count;

            #[inline(always)]
            unsafe fn repeat(value: f32) -> Self {
                // SAFETY: the caller knows the processor.
                unsafe { $repeat(value) }
            }

            #[inline(always)]
            unsafe fn load(at: *const f32) -> Self {
                // SAFETY: the caller knows the processor and what lies there.
                unsafe { $load(at) }
            }

            #[inline(always)]
            unsafe fn load_halves(at: *const f16) -> Self {
                // SAFETY: the caller knows the processor and what lies there.
                unsafe { $halves($bits(at.cast())) }
            }

            #[inline(always)]
            unsafe fn store(self, at: *mut f32) {
                // SAFETY: the caller knows the processor and what lies there.
                unsafe { $store(at, self) }
            }

            #[inline(always)]
            unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
                // SAFETY: the caller knows the processor.
                unsafe { $fma(self, factor, sum) }
            }
        }
    };
}

register!(
    __m512,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm256_loadu_si256,
    _mm512_cvtph_ps,
    _mm512_storeu_ps,
    _mm512_fmadd_ps
);
register!(
    __m256,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm_loadu_si128,
    _mm256_cvtph_ps,
    _mm256_storeu_ps,
    _mm256_fmadd_ps
);

/// Query · key for every query and every token up to `visible`, and for some beyond it that happen
/// to lie in the same block: rows of scores have room for that.
///
/// # Panics
///
/// When a query is not `head_width` wide, a span shorter than it says, or a row of scores too short.
#[target_feature(enable = "avx512f")]
pub(super) fn score_avx512(
    head_width: usize,
    queries: &[Query<'_>],
    spans: &[Span<'_>],
    visible: usize,
    stride: usize,
    scores: &mut [f32],
) {
    // SAFETY: this function runs where AVX-512 is.
    unsafe { score::<__m512, 4>(head_width, queries, spans, visible, stride, scores) }
}

/// As [`score_avx512`].
///
/// # Panics
///
/// As there.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn score_avx2(
    head_width: usize,
    queries: &[Query<'_>],
    spans: &[Span<'_>],
    visible: usize,
    stride: usize,
    scores: &mut [f32],
) {
    // SAFETY: this function runs where AVX2, FMA and F16C are.
    unsafe { score::<__m256, 2>(head_width, queries, spans, visible, stride, scores) }
}

/// Adds up the values of all tokens, weighted, for each query. `width` is a multiple of 16.
///
/// # Panics
///
/// When a span is shorter than it says, or a row too short.
#[target_feature(enable = "avx512f")]
pub(super) fn weigh_avx512(
    width: usize,
    scores: &[f32],
    stride: usize,
    spans: &[Span<'_>],
    visible: usize,
    mixed: &mut [f32],
) {
    // SAFETY: this function runs where AVX-512 is.
    unsafe { weigh::<__m512, 4>(width, scores, stride, spans, visible, mixed) }
}

/// As [`weigh_avx512`].
///
/// # Panics
///
/// As there.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn weigh_avx2(
    width: usize,
    scores: &[f32],
    stride: usize,
    spans: &[Span<'_>],
    visible: usize,
    mixed: &mut [f32],
) {
    // SAFETY: this function runs where AVX2, FMA and F16C are.
    unsafe { weigh::<__m256, 2>(width, scores, stride, spans, visible, mixed) }
}

/// Calls a tile's method for the rows that are left, at most `TALL`: how many is known when it is
/// compiled.
macro_rules! with_rows {
    ($left:expr, $tile:ident.$method:ident::<$wide:tt>()) => {
        match $left {
            1 => $tile.$method::<1, $wide>(),
            2 => $tile.$method::<2, $wide>(),
            3 => $tile.$method::<3, $wide>(),
            4 => $tile.$method::<4, $wide>(),
            5 => $tile.$method::<5, $wide>(),
            _ => $tile.$method::<TALL, $wide>(),
        }
    };
}

/// # Safety
///
/// The processor has such registers.
#[inline(always)]
unsafe fn score<R: Register, const WIDE: usize>(
    head_width: usize,
    queries: &[Query<'_>],
    spans: &[Span<'_>],
    visible: usize,
    stride: usize,
    scores: &mut [f32],
) {
    assert!(stride >= visible + LANES && scores.len() == stride * queries.len());
    assert!(queries.iter().all(|query| query.row.len() == head_width));
    let together = WIDE * R::COUNT;
    let mut position = 0;
    for span in spans {
        let length = span.length.min(visible - position);
        let padded = length.next_multiple_of(KEYS);
        assert!(span.keys.len() >= padded * head_width, "a whole span");
        let mut key = 0;
        while key < padded {
            let wide = padded - key >= together;
            for row in (0..queries.len()).step_by(TALL) {
                // SAFETY: a register or `WIDE` of keys are there, and as many queries as are left; a
                // row of scores goes on for at least a block after the last visible token.
                unsafe {
                    let tile = ScoreTile::<R> {
                        head_width,
                        queries: queries[row..].as_ptr(),
                        keys: span.keys[key / KEYS * KEYS * head_width + key % KEYS..].as_ptr(),
                        out: scores.as_mut_ptr().add(row * stride + position + key),
                        stride,
                        registers: PhantomData,
                    };
                    if wide {
                        with_rows!(queries.len() - row, tile.fill::<WIDE>());
                    } else {
                        with_rows!(queries.len() - row, tile.fill::<1>());
                    }
                }
            }
            key += if wide { together } else { R::COUNT };
        }
        position += length;
    }
}

/// Some queries and some keys.
struct ScoreTile<'a, R> {
    head_width: usize,
    queries: *const Query<'a>,
    keys: *const f16,
    out: *mut f32,
    stride: usize,
    registers: PhantomData<R>,
}

impl<R: Register> ScoreTile<'_, R> {
    /// # Safety
    ///
    /// There are `ROWS` queries, `COLUMNS` registers of keys, as many floats in `ROWS` rows of `out`,
    /// and the processor has such registers.
    #[inline(always)]
    unsafe fn fill<const ROWS: usize, const COLUMNS: usize>(&self) {
        // SAFETY: as the caller promised; a query has `head_width` floats.
        unsafe {
            let mut rows = [std::ptr::null(); ROWS];
            for (row, at) in rows.iter_mut().enumerate() {
                *at = (*self.queries.add(row)).row.as_ptr();
            }
            let mut sums = [[R::repeat(0.0); COLUMNS]; ROWS];
            for dim in 0..self.head_width {
                let mut keys = [R::repeat(0.0); COLUMNS];
                for (column, key) in keys.iter_mut().enumerate() {
                    let key_at = column * R::COUNT;
                    let block = key_at / KEYS * self.head_width + dim;
                    *key = R::load_halves(self.keys.add(block * KEYS + key_at % KEYS));
                }
                for (row, sums) in sums.iter_mut().enumerate() {
                    let factor = R::repeat(*rows[row].add(dim));
                    for (sum, key) in sums.iter_mut().zip(&keys) {
                        *sum = factor.multiply_add(*key, *sum);
                    }
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                for (column, sum) in sums.iter().enumerate() {
                    sum.store(self.out.add(row * self.stride + column * R::COUNT));
                }
            }
        }
    }
}

/// # Safety
///
/// The processor has such registers.
#[inline(always)]
unsafe fn weigh<R: Register, const WIDE: usize>(
    width: usize,
    scores: &[f32],
    stride: usize,
    spans: &[Span<'_>],
    visible: usize,
    mixed: &mut [f32],
) {
    let rows = mixed.len() / width;
    assert!(width.is_multiple_of(LANES) && stride >= visible && scores.len() == rows * stride);
    let together = WIDE * R::COUNT;
    let mut position = 0;
    for span in spans {
        let length = span.length.min(visible - position);
        assert!(span.values.len() >= length * width, "a whole span");
        for first in (0..length).step_by(VALUES) {
            let count = VALUES.min(length - first);
            let values = span.values[first * width..].as_ptr();
            for row in (0..rows).step_by(TALL) {
                let mut lane = 0;
                while lane < width {
                    let wide = width - lane >= together;
                    // SAFETY: `count` rows of values and scores are there, as many rows of sums as
                    // are left, and `WIDE` registers of each or one.
                    unsafe {
                        let tile = WeighTile::<R> {
                            scores: scores.as_ptr().add(row * stride + position + first),
                            stride,
                            values: values.add(lane),
                            width,
                            count,
                            sums: mixed.as_mut_ptr().add(row * width + lane),
                            registers: PhantomData,
                        };
                        if wide {
                            with_rows!(rows - row, tile.add::<WIDE>());
                        } else {
                            with_rows!(rows - row, tile.add::<1>());
                        }
                    }
                    lane += if wide { together } else { R::COUNT };
                }
            }
        }
        position += length;
    }
}

/// Some values, what they are weighted with, and the sums they are added to.
struct WeighTile<R> {
    scores: *const f32,
    stride: usize,
    values: *const f16,
    width: usize,
    count: usize,
    sums: *mut f32,
    registers: PhantomData<R>,
}

impl<R: Register> WeighTile<R> {
    /// # Safety
    ///
    /// There are `count` values and `ROWS · count` scores; sums and values are `COLUMNS` registers
    /// wide, and the processor has such registers.
    #[inline(always)]
    unsafe fn add<const ROWS: usize, const COLUMNS: usize>(&self) {
        // SAFETY: as the caller promised.
        unsafe {
            let mut sums = [[R::repeat(0.0); COLUMNS]; ROWS];
            for (row, sums) in sums.iter_mut().enumerate() {
                for (column, sum) in sums.iter_mut().enumerate() {
                    *sum = R::load(self.sums.add(row * self.width + column * R::COUNT));
                }
            }
            for token in 0..self.count {
                let mut values = [R::repeat(0.0); COLUMNS];
                for (column, value) in values.iter_mut().enumerate() {
                    *value =
                        R::load_halves(self.values.add(token * self.width + column * R::COUNT));
                }
                for (row, sums) in sums.iter_mut().enumerate() {
                    let factor = R::repeat(*self.scores.add(row * self.stride + token));
                    for (sum, value) in sums.iter_mut().zip(&values) {
                        *sum = factor.multiply_add(*value, *sum);
                    }
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                for (column, sum) in sums.iter().enumerate() {
                    sum.store(self.sums.add(row * self.width + column * R::COUNT));
                }
            }
        }
    }
}
