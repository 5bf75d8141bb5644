//! The same sums with AVX-512, all of a step's in registers. Every sum adds in the same order.

use core::arch::x86_64::{
    __m512, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::{HEAD, LANES, QUERIES};

/// Registers of keys at a time: with four queries, sixteen of sums.
const WIDE: usize = 4;

/// Query · key for every query and key.
///
/// # Safety
///
/// The machine has AVX-512 F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn score(
    queries: &[[f32; HEAD]; QUERIES],
    keys: &[f32],
    padded: usize,
    scores: &mut [f32],
) {
    assert!(padded.is_multiple_of(LANES), "whole registers");
    assert!(keys.len() >= HEAD * padded && scores.len() >= QUERIES * padded, "room for them");
    let mut first = 0;
    while first < padded {
        let (keys, scores) = (keys.as_ptr(), scores.as_mut_ptr());
        // SAFETY: so many keys are left in each of the rows.
        unsafe {
            match (padded - first) / LANES {
                WIDE.. => score_some::<WIDE>(queries, keys.add(first), padded, scores.add(first)),
                _ => score_some::<1>(queries, keys.add(first), padded, scores.add(first)),
            }
        }
        first += if padded - first >= WIDE * LANES { WIDE * LANES } else { LANES };
    }
}

/// The same for so many registers of keys.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn score_some<const COUNT: usize>(
    queries: &[[f32; HEAD]; QUERIES],
    keys: *const f32,
    padded: usize,
    scores: *mut f32,
) {
    let mut sums = [[_mm512_setzero_ps(); COUNT]; QUERIES];
    for dim in 0..HEAD {
        // SAFETY: the caller has so many keys in each row.
        let row: [__m512; COUNT] = std::array::from_fn(|part| unsafe {
            _mm512_loadu_ps(keys.add(dim * padded + part * LANES))
        });
        for (sums, query) in sums.iter_mut().zip(queries) {
            let factor = _mm512_set1_ps(query[dim]);
            for (sum, keys) in sums.iter_mut().zip(&row) {
                *sum = _mm512_fmadd_ps(factor, *keys, *sum);
            }
        }
    }
    for (query, sums) in sums.iter().enumerate() {
        for (part, sum) in sums.iter().enumerate() {
            // SAFETY: the caller has room for so many scores in each row.
            unsafe { _mm512_storeu_ps(scores.add(query * padded + part * LANES), *sum) };
        }
    }
}

/// The values, weighted by the scores of each query.
///
/// # Safety
///
/// The machine has AVX-512 F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn weigh(
    scores: &[f32],
    padded: usize,
    values: &[[f32; HEAD]],
) -> [[f32; HEAD]; QUERIES] {
    const PARTS: usize = HEAD / LANES;
    assert!(scores.len() >= QUERIES * padded && values.len() <= padded, "a score for every value");
    let mut sums = [[_mm512_setzero_ps(); PARTS]; QUERIES];
    for (token, value) in values.iter().enumerate() {
        // SAFETY: a value is 32 floats, two registers of them.
        let row: [__m512; PARTS] = std::array::from_fn(|part| unsafe {
            _mm512_loadu_ps(value.as_ptr().add(part * LANES))
        });
        for (query, sums) in sums.iter_mut().enumerate() {
            // SAFETY: each query has a score for this token.
            let factor = _mm512_set1_ps(unsafe { *scores.get_unchecked(query * padded + token) });
            for (sum, value) in sums.iter_mut().zip(&row) {
                *sum = _mm512_fmadd_ps(factor, *value, *sum);
            }
        }
    }
    let mut out = [[0.0; HEAD]; QUERIES];
    for (out, sums) in out.iter_mut().zip(&sums) {
        for (part, sum) in sums.iter().enumerate() {
            // SAFETY: a row of results is 32 floats, two registers of them.
            unsafe { _mm512_storeu_ps(out.as_mut_ptr().add(part * LANES), *sum) };
        }
    }
    out
}
