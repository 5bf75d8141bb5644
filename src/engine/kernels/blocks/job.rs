//! A strip of rows after another, one pair of tiles after another: what all kernels share.

use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use std::ops::Range;

use super::{Format, Matrix, OUTPUTS, Rounded};

/// Bytes of activations that stay in the second-level cache while a strip of the matrix passes by.
const ACTIVATIONS_CACHED: usize = 384 << 10;

/// What a kernel is handed: some rows of activations, and one pair of tiles as deep as the matrix.
pub(super) struct Job {
    pub(super) weights: *const u8,
    pub(super) blocks: usize,
    pub(super) inputs: usize,
    pub(super) values: *const i8,
    pub(super) scales: *const f32,
    pub(super) starts: *const i32,
    pub(super) sums: *const i16,
    pub(super) out: *mut f32,
    pub(super) outputs: usize,
}

/// Kernels of an instruction set.
pub(super) trait Kernels {
    /// The most rows they take at once: as many as the registers hold sums for.
    const ROWS_MOST: usize;

    /// # Safety
    ///
    /// The machine has the instruction set; the job is `rows` long, which are 1, 2, 4 or
    /// [`Self::ROWS_MOST`], and nobody else writes its columns.
    unsafe fn run(format: Format, rows: usize, job: &Job);
}

/// # Safety
///
/// The machine has the instruction set of `K`; `matrix`, `x` and `out` agree in shape; nobody else
/// writes the columns of `pairs`.
pub(super) unsafe fn multiply<K: Kernels>(
    matrix: &Matrix<'_>,
    x: &Rounded,
    pairs: Range<usize>,
    out: *mut f32,
) {
    let (inputs, outputs) = (matrix.inputs, matrix.outputs);
    let blocks = inputs / matrix.format.block();
    let rows = x.rows();
    let strip = (ACTIVATIONS_CACHED / inputs).max(K::ROWS_MOST) / K::ROWS_MOST * K::ROWS_MOST;
    for first in (0..rows).step_by(strip) {
        let end = rows.min(first + strip);
        for pair in pairs.clone() {
            let weights = matrix.bytes[pair * blocks * matrix.format.pair_bytes()..].as_ptr();
            let mut row = first;
            while row < end {
                let count = match end - row {
                    left if left >= K::ROWS_MOST => K::ROWS_MOST,
                    4.. => 4,
                    2.. => 2,
                    _ => 1,
                };
                // SAFETY: `row` is one of the rows, and `pair` one of the pairs.
                let job = unsafe {
                    Job {
                        weights,
                        blocks,
                        inputs,
                        values: x.values.as_ptr().add(row * inputs),
                        scales: x.scales.as_ptr().add(row * blocks),
                        starts: x.starts.as_ptr().add(row * (x.starts.len() / rows)),
                        sums: x.sums.as_ptr().add(row * (x.sums.len() / rows)),
                        out: out.add(row * outputs + pair * OUTPUTS),
                        outputs,
                    }
                };
                // SAFETY: the caller's promises; the job is `count` rows long.
                unsafe { K::run(matrix.format, count, &job) };
                row += count;
            }
        }
    }
}

/// How far ahead of what a row alone is multiplied with memory is asked for what comes next: about as
/// much as passes by while the first of it comes.
const AHEAD: usize = 8 << 10;

/// Asks for as many bytes, [`AHEAD`] of here. The machine's own guesses end at every page.
#[inline(always)]
pub(super) fn ask_ahead(here: *const u8, bytes: usize) {
    for line in (0..bytes).step_by(64) {
        let at = here.wrapping_add(AHEAD + line);
        // SAFETY: a hint, whatever lies there; SSE is part of the architecture.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }
}

/// Repeats something for each of eight quads, or for some of them.
macro_rules! each {
    (8, $step:ident) => {
        each!(4, $step);
        each!(4 to 8, $step);
    };
    (4, $step:ident) => {
        each!(2, $step);
        each!(2 to 4, $step);
    };
    (4 to 8, $step:ident) => {
        each!(4 to 6, $step);
        each!(6 to 8, $step);
    };
    (2, $step:ident) => {
        $step!(0);
        $step!(1);
    };
    (2 to 4, $step:ident) => {
        $step!(2);
        $step!(3);
    };
    (4 to 6, $step:ident) => {
        $step!(4);
        $step!(5);
    };
    (6 to 8, $step:ident) => {
        $step!(6);
        $step!(7);
    };
}
pub(super) use each;
