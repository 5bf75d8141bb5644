//! GELU, layer norm and the exponential.
//!
//! GELU is the exact one, `x/2 · (1 + erf(x/√2))`, with erf as the odd rational function of Eigen's
//! `generic_fast_erf_float` (absolute error below 5e-7). `exp` is Cephes' `expf` (relative error
//! below 2e-7).

use super::{Kernel, LANES, Tier, dispatch, multiply_add};

/// Replaces every value by its GELU.
pub(crate) fn gelu(tier: Tier, values: &mut [f32]) {
    dispatch(tier, Gelu(values));
}

struct Gelu<'a>(&'a mut [f32]);

impl Kernel for Gelu<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for value in self.0 {
            *value = gelu_of::<FMA>(*value);
        }
    }
}

#[inline(always)]
fn gelu_of<const FMA: bool>(x: f32) -> f32 {
    let half = 0.5 * x;
    multiply_add::<FMA>(half, erf::<FMA>(x * std::f32::consts::FRAC_1_SQRT_2), half)
}

#[inline(always)]
fn erf<const FMA: bool>(x: f32) -> f32 {
    // Beyond 4 the function is 1 to the last bit of a float.
    let x = x.clamp(-4.0, 4.0);
    let x2 = x * x;
    let mut top = -2.726_142_3e-10;
    top = multiply_add::<FMA>(top, x2, 2.770_681_4e-8);
    top = multiply_add::<FMA>(top, x2, -2.101_024e-6);
    top = multiply_add::<FMA>(top, x2, -5.692_506_4e-5);
    top = multiply_add::<FMA>(top, x2, -7.349_906_3e-4);
    top = multiply_add::<FMA>(top, x2, -2.954_6e-3);
    top = multiply_add::<FMA>(top, x2, -1.609_603_3e-2);
    let mut bottom = -1.456_607_2e-5;
    bottom = multiply_add::<FMA>(bottom, x2, -2.133_740_6e-4);
    bottom = multiply_add::<FMA>(bottom, x2, -1.682_827e-3);
    bottom = multiply_add::<FMA>(bottom, x2, -7.373_329e-3);
    bottom = multiply_add::<FMA>(bottom, x2, -1.426_473_9e-2);
    x * top / bottom
}

/// `e^x` for x up to 88; below -87 it is the smallest normal float, not 0.
#[inline(always)]
pub(super) fn exp<const FMA: bool>(x: f32) -> f32 {
    // Adding 1.5 · 2^23 rounds to a whole number, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let rounded = multiply_add::<FMA>(x, std::f32::consts::LOG2_E, ROUND);
    let whole = rounded - ROUND;
    // ln 2 in two parts, the first exact in few bits.
    let part = multiply_add::<FMA>(whole, -0.693_359_4, x);
    let part = multiply_add::<FMA>(whole, 2.121_944_4e-4, part);
    let mut sum = 1.987_569_1e-4;
    sum = multiply_add::<FMA>(sum, part, 1.398_2e-3);
    sum = multiply_add::<FMA>(sum, part, 8.333_452e-3);
    sum = multiply_add::<FMA>(sum, part, 4.166_579_6e-2);
    sum = multiply_add::<FMA>(sum, part, 1.666_666_5e-1);
    sum = multiply_add::<FMA>(sum, part, 0.5);
    let value = multiply_add::<FMA>(sum, part * part, part) + 1.0;
    value * f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0_f32.to_bits()))
}

/// A layer norm's learnt parts.
#[derive(Debug, Clone)]
pub(crate) struct Norm {
    /// Scale, one a dimension.
    pub(crate) weight: Vec<f32>,
    /// Shift, one a dimension.
    pub(crate) bias: Vec<f32>,
    /// Added to the variance.
    pub(crate) epsilon: f32,
}

/// Adds `residual` to `values` and normalises each row to mean 0 and variance 1, then scales and
/// shifts it. Rows are as wide as the norm's weights.
pub(crate) fn add_and_normalise(tier: Tier, norm: &Norm, values: &mut [f32], residual: &[f32]) {
    assert_eq!(values.len(), residual.len(), "a residual for every value");
    dispatch(tier, AddAndNormalise { norm, values, residual });
}

struct AddAndNormalise<'a> {
    norm: &'a Norm,
    values: &'a mut [f32],
    residual: &'a [f32],
}

impl Kernel for AddAndNormalise<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let width = self.norm.weight.len();
        let rows = self.values.chunks_exact_mut(width).zip(self.residual.chunks_exact(width));
        // One simple loop a step: those are what the compiler turns into vector instructions.
        for (row, residual) in rows {
            for (value, residual) in row.iter_mut().zip(residual) {
                *value += residual;
            }
            let (blocks, tail) = row.as_chunks::<LANES>();
            debug_assert!(tail.is_empty(), "the encoder refuses widths that are no multiple");
            let mut sums = [0.0; LANES];
            for block in blocks {
                for lane in 0..LANES {
                    sums[lane] += block[lane];
                }
            }
            let mean = total(&sums) / width as f32;
            let mut squares = [0.0; LANES];
            for block in blocks {
                for lane in 0..LANES {
                    let off = block[lane] - mean;
                    squares[lane] = multiply_add::<FMA>(off, off, squares[lane]);
                }
            }
            let scale = 1.0 / (total(&squares) / width as f32 + self.norm.epsilon).sqrt();
            let learnt = self.norm.weight.iter().zip(&self.norm.bias);
            for (value, (weight, bias)) in row.iter_mut().zip(learnt) {
                *value = multiply_add::<FMA>((*value - mean) * scale, *weight, *bias);
            }
        }
    }
}

/// Divides each row by the root of its mean square and scales it (Zhang and Sennrich 2019,
/// arXiv 1910.07467). Rows are as wide as `weight`.
pub(crate) fn normalise_rms(tier: Tier, rows: &mut [f32], weight: &[f32], epsilon: f32) {
    assert!(rows.len().is_multiple_of(weight.len()), "whole rows");
    dispatch(tier, NormaliseRms { rows, weight, epsilon });
}

struct NormaliseRms<'a> {
    rows: &'a mut [f32],
    weight: &'a [f32],
    epsilon: f32,
}

impl Kernel for NormaliseRms<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for row in self.rows.chunks_exact_mut(self.weight.len()) {
            let mut squares = [0.0; LANES];
            let (blocks, tail) = row.as_chunks::<LANES>();
            for block in blocks {
                for lane in 0..LANES {
                    squares[lane] = multiply_add::<FMA>(block[lane], block[lane], squares[lane]);
                }
            }
            let rest: f32 = tail.iter().map(|value| value * value).sum();
            let mean = (total(&squares) + rest) / row.len() as f32;
            let scale = 1.0 / (mean + self.epsilon).sqrt();
            for (value, weight) in row.iter_mut().zip(self.weight) {
                *value = *value * scale * weight;
            }
        }
    }
}

/// The sum of all lanes, halving: 16, 8, 4, 2, 1.
#[inline(always)]
pub(super) fn total(lanes: &[f32; LANES]) -> f32 {
    let mut eight = [0.0; 8];
    for lane in 0..8 {
        eight[lane] = lanes[lane] + lanes[lane + 8];
    }
    let four = [eight[0] + eight[4], eight[1] + eight[5], eight[2] + eight[6], eight[3] + eight[7]];
    (four[0] + four[2]) + (four[1] + four[3])
}

/// The largest of all lanes.
#[inline(always)]
pub(super) fn largest(lanes: &[f32; LANES]) -> f32 {
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let mut eight = [0.0; 8];
    for lane in 0..8 {
        eight[lane] = larger(lanes[lane], lanes[lane + 8]);
    }
    let mut four = [0.0; 4];
    for lane in 0..4 {
        four[lane] = larger(eight[lane], eight[lane + 4]);
    }
    larger(larger(four[0], four[2]), larger(four[1], four[3]))
}
