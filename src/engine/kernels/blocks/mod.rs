//! `y = x Wᵀ` for the writer, with weights as they stand in GGUF's blocks and 8-bit activations.
//!
//! Method: llama.cpp's and candle's interleaved tiles (`repack.cpp`, `repack_x86.rs`), with the bits
//! of the file kept: candle spreads `Q4_K` to 6 bits a weight and `Q6_K` to 10, and what a single
//! row costs is the bytes that pass by. 32 outputs lie side by side, four inputs of each together,
//! so that one instruction multiplies four inputs of 16 outputs with the same four activations.
//! Weights are unsigned here; what that adds is taken off through the sums of the activations.
//!
//! A row's result does not depend on the rows beside it: every tile adds in the same order.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod job;
mod pack;
mod rounded;
#[cfg(test)]
mod scalar;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod vnni;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use rounded::Rounded;

use super::{Level, Tier};

/// Outputs side by side in a tile.
const LANES: usize = 16;
/// Outputs of a pair of tiles: what a kernel works on at once.
pub(crate) const OUTPUTS: usize = 2 * LANES;
/// Inputs of a super-block.
const SUPER: usize = 256;

/// Kinds of blocks there is a kernel for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// 32 weights of 4 bits with one scale.
    Q4_0,
    /// The same with 5 bits a weight.
    Q5_0,
    /// 32 weights of 8 bits with one scale.
    Q8_0,
    /// 256 weights of 4 bits; each 32 have a scale and a minimum of 6 bits.
    Q4K,
    /// The same with 5 bits a weight.
    Q5K,
    /// 256 weights of 6 bits; each 16 have a scale of 8 bits.
    Q6K,
}

impl Format {
    /// Inputs of a block.
    pub(crate) fn block(self) -> usize {
        match self {
            Self::Q4_0 | Self::Q5_0 | Self::Q8_0 => 32,
            Self::Q4K | Self::Q5K | Self::Q6K => SUPER,
        }
    }

    /// Inputs whose activations share a scale.
    pub(crate) fn grain(self) -> usize {
        self.block()
    }

    /// Bytes of a block in a file.
    fn file_bytes(self) -> usize {
        match self {
            Self::Q4_0 => 18,
            Self::Q5_0 => 22,
            Self::Q8_0 => 34,
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
        }
    }

    /// Bytes of scales of 16 outputs' blocks.
    const fn head_bytes(self) -> usize {
        match self {
            Self::Q4_0 | Self::Q5_0 | Self::Q8_0 => 32,
            // Scale and minimum of the super-block in 16 bits each, then 8 scales, then 8 minima.
            Self::Q4K | Self::Q5K => 64 + 128 + 128,
            Self::Q6K => 32 + 256,
        }
    }

    /// Bytes of weights of 16 outputs' blocks.
    const fn body_bytes(self) -> usize {
        match self {
            Self::Q4_0 => 32 * LANES / 2,
            Self::Q5_0 => 32 * LANES / 8 * 5,
            Self::Q8_0 => 32 * LANES,
            Self::Q4K => SUPER * LANES / 2,
            Self::Q5K => SUPER * LANES / 8 * 5,
            Self::Q6K => SUPER * LANES / 8 * 6,
        }
    }

    /// Bytes of a pair of tiles, one block deep: `[head 0][head 1][body 0][body 1]`, a multiple of 64.
    const fn pair_bytes(self) -> usize {
        2 * (self.head_bytes() + self.body_bytes())
    }

    /// Bytes of a packed matrix; `None` when it does not come out even.
    pub(crate) fn packed_bytes(self, outputs: usize, inputs: usize) -> Option<usize> {
        let even = outputs.is_multiple_of(OUTPUTS) && inputs.is_multiple_of(self.block());
        (even && inputs > 0)
            .then(|| outputs / OUTPUTS * (inputs / self.block()) * self.pair_bytes())
    }

    /// Packs whole pairs of tiles: `source` is `[outputs, inputs]` as in a file.
    ///
    /// # Panics
    ///
    /// When `target` is not [`Format::packed_bytes`] long.
    pub(crate) fn pack(self, source: &[u8], inputs: usize, target: &mut [u8]) {
        pack::pack(self, source, inputs, target);
    }
}

/// Whether there are kernels for this machine.
pub(crate) fn supported(tier: Tier) -> bool {
    #[cfg(target_arch = "x86_64")]
    return tier.0 != Level::Portable;
    #[cfg(not(target_arch = "x86_64"))]
    return {
        let Level::Portable = tier.0;
        false
    };
}

/// A packed matrix `[outputs, inputs]`, wherever its bytes lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub(crate) format: Format,
    pub(crate) outputs: usize,
    pub(crate) inputs: usize,
    pub(crate) bytes: &'a [u8],
}

impl Matrix<'_> {
    /// How many pairs of tiles it has: what threads share.
    pub(crate) fn pairs(&self) -> usize {
        self.outputs / OUTPUTS
    }
}

/// A matrix, rows of activations, and room for the results `[rows, outputs]`.
pub(crate) struct Product<'a> {
    pub(crate) matrix: Matrix<'a>,
    pub(crate) x: &'a Rounded,
    pub(crate) out: &'a mut [f32],
}

/// One after another, or shared among threads: runs its second argument for ranges that make up all
/// numbers below its first.
pub(crate) type Share<'a> = &'a dyn Fn(usize, &(dyn Fn(Range<usize>) + Sync));

/// `x Wᵀ` of each product. Pairs of tiles are what threads share.
///
/// # Panics
///
/// When shapes do not agree, the tier has no kernel, or `share` gives a number twice.
pub(crate) fn multiply(tier: Tier, products: &mut [Product<'_>], share: Share<'_>) {
    assert!(supported(tier), "a kernel for this machine");
    let mut count = 0;
    let mut jobs = Vec::new();
    for Product { matrix, x, out } in products {
        assert_eq!(x.inputs(), matrix.inputs, "activations as wide as the matrix");
        assert_eq!(x.grain(), matrix.format.grain(), "activations rounded for this format");
        assert_eq!(out.len(), x.rows() * matrix.outputs, "room for every result");
        let bytes = matrix.format.packed_bytes(matrix.outputs, matrix.inputs);
        assert_eq!(Some(matrix.bytes.len()), bytes, "a packed matrix");
        let first = count;
        count += matrix.pairs();
        jobs.push((first..count, *matrix, *x, Out(out.as_mut_ptr())));
    }
    let taken: Vec<AtomicBool> = (0..count).map(|_| AtomicBool::new(false)).collect();
    share(count, &|range| {
        for taken in &taken[range.clone()] {
            assert!(!taken.swap(true, Ordering::Relaxed), "each number once");
        }
        for (pairs, matrix, x, out) in &jobs {
            let (start, end) = (range.start.max(pairs.start), range.end.min(pairs.end));
            if start < end {
                let pairs = start - pairs.start..end - pairs.start;
                // SAFETY: shapes were checked, and these columns were taken by nobody else.
                #[cfg(target_arch = "x86_64")]
                unsafe {
                    match tier.0 {
                        Level::Avx512Vnni => {
                            job::multiply::<vnni::Avx512Vnni>(matrix, x, pairs, out.0);
                        }
                        Level::AvxVnni => {
                            job::multiply::<avx2::AvxVnni>(matrix, x, pairs, out.0);
                        }
                        _ => job::multiply::<avx2::Avx2>(matrix, x, pairs, out.0),
                    }
                }
            }
        }
    });
}

/// Where results go. Threads write at the same time, each its own columns.
struct Out(*mut f32);

// SAFETY: a borrowed slice of floats, of which `multiply` lets each thread write other columns.
unsafe impl Sync for Out {}
