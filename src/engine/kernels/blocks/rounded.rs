//! Activations in 8 bits.

use std::sync::{Mutex, PoisonError};

use super::Share;
use crate::engine::kernels::elementwise::largest;
use crate::engine::kernels::{Kernel, LANES, Tier, dispatch, multiply_add};

/// Rows that are rounded at once.
const ROWS: usize = 16;

/// Rows of activations rounded to 8 bits, block by block.
pub(crate) struct Rounded {
    pub(super) inputs: usize,
    pub(super) grain: usize,
    /// `[rows, inputs]`, -127 to 127.
    pub(super) values: Vec<i8>,
    /// `[rows, inputs / grain]`
    pub(super) scales: Vec<f32>,
    /// What the weights of `Q6_K` being unsigned adds, taken off: -32 times the sum of each 16,
    /// `[rows, inputs / 16]`; none for blocks of 32.
    pub(super) starts: Vec<i32>,
    /// Sums of each 32, `[rows, inputs / 32]`: times the minima of `Q4_K` and `Q5_K`, or times what
    /// makes the weights of smaller blocks unsigned.
    pub(super) sums: Vec<i16>,
}

impl Rounded {
    /// Rounds rows of `inputs` floats with a scale for each `grain` (32 or 256) of them.
    ///
    pub(crate) fn new(
        tier: Tier,
        rows: &[f32],
        inputs: usize,
        grain: usize,
        share: Share<'_>,
    ) -> Self {
        assert!(grain == 32 || grain == 256, "blocks of 32 or of 256");
        assert!(inputs.is_multiple_of(grain) && rows.len().is_multiple_of(inputs), "whole blocks");
        let of = |size: usize| rows.len() / size;
        let mut rounded = Self {
            inputs,
            grain,
            values: vec![0; rows.len()],
            scales: vec![0.0; of(grain)],
            starts: vec![0; if grain == 32 { 0 } else { of(16) }],
            sums: vec![0; of(32)],
        };
        let size = inputs * ROWS;
        let mut starts = rounded.starts.chunks_mut(size / 16);
        let parts: Vec<_> = rows
            .chunks(size)
            .zip(rounded.values.chunks_mut(size))
            .zip(rounded.scales.chunks_mut(size / grain))
            .zip(rounded.sums.chunks_mut(size / 32))
            .map(|(((rows, values), scales), sums)| {
                let starts = starts.next().unwrap_or_default();
                Mutex::new(Round { rows, grain, values, scales, starts, sums })
            })
            .collect();
        share(parts.len(), &|range| {
            for part in &parts[range] {
                let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
                dispatch(tier, &mut *part);
            }
        });
        drop(parts);
        rounded
    }

    /// How many rows.
    pub(crate) fn rows(&self) -> usize {
        self.values.len() / self.inputs
    }

    /// Activations of a row.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Activations that share a scale.
    pub(crate) fn grain(&self) -> usize {
        self.grain
    }
}

/// Some rows, and where what is made of them goes.
struct Round<'a> {
    rows: &'a [f32],
    grain: usize,
    values: &'a mut [i8],
    scales: &'a mut [f32],
    starts: &'a mut [i32],
    sums: &'a mut [i16],
}

impl Kernel for &mut Round<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let blocks = self.rows.chunks_exact(self.grain);
        let blocks = blocks.zip(self.values.chunks_exact_mut(self.grain));
        for ((row, target), scale) in blocks.zip(self.scales.iter_mut()) {
            *scale = round::<FMA>(row, target);
        }
        for (total, values) in self.sums.iter_mut().zip(self.values.chunks_exact(32)) {
            *total = sum(values) as i16;
        }
        for (start, values) in self.starts.iter_mut().zip(self.values.chunks_exact(16)) {
            *start = -32 * sum(values);
        }
    }
}

#[inline(always)]
fn sum(values: &[i8]) -> i32 {
    values.iter().map(|&value| i32::from(value)).sum()
}

/// Rounds a block and returns its scale.
#[inline(always)]
fn round<const FMA: bool>(row: &[f32], target: &mut [i8]) -> f32 {
    // Adding 1.5 · 2^23 rounds to a whole number, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let mut sizes = [0.0_f32; LANES];
    for block in row.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            let size = block[lane].abs();
            sizes[lane] = if size > sizes[lane] { size } else { sizes[lane] };
        }
    }
    let top = largest(&sizes).max(f32::MIN_POSITIVE * 128.0);
    let steps = 127.0 / top;
    for (target, value) in target.iter_mut().zip(row) {
        *target = multiply_add::<FMA>(*value, steps, ROUND).to_bits() as i8;
    }
    top / 127.0
}
