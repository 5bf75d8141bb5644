//! `y = x Wᵀ + b` with 8-bit weights and 16-bit activations.
//!
//! Weights are `Q8_0`: blocks of 32 along a row share a scale. They are kept as signed bytes, 32 outputs
//! side by side, pairs of inputs together: `[outputs/32][inputs/32][16 pairs][32 outputs][2]`, with
//! the scales as `[outputs/32][inputs/32][32]`. Each row of `x` is rounded to 16 bits with one
//! scale. Products of a block add up in 32-bit integers, exactly (32 · 127 · 32,767 is 1.3 · 10^8);
//! blocks add up in floats. One `vpdpwssd` does 32 products, twice what float instructions do.

use std::ops::Range;

use super::elementwise::largest;
use super::{Kernel, LANES, Level, Tier, dispatch, multiply_add};
use crate::engine::gguf::{BLOCK, BLOCK_BYTES};

/// Outputs side by side.
const COLUMNS: usize = 32;
/// Bytes of a packed block: 32 inputs of 32 outputs.
const BLOCK_QUANTS: usize = BLOCK * COLUMNS;
/// Rows of activations that stay in the first-level cache while all weights pass by.
const ROWS_CACHED: usize = 24;

/// A matrix `[outputs, inputs]` in the kernels' order.
#[derive(Debug)]
pub(crate) struct Packed {
    outputs: usize,
    inputs: usize,
    quants: Vec<i8>,
    scales: Vec<f32>,
}

impl Packed {
    /// Packs `Q8_0` matrices of `inputs` columns, one below the other.
    ///
    /// Each part is whole rows of blocks as they stand in GGUF. `None` when the outputs are no
    /// multiple of 32, or a part is not made of whole rows.
    pub(crate) fn from_q8_0(parts: &[&[u8]], inputs: usize) -> Option<Self> {
        let row_bytes = inputs / BLOCK * BLOCK_BYTES;
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        let outputs = bytes.checked_div(row_bytes)?;
        let whole = parts.iter().all(|part| part.len().is_multiple_of(row_bytes));
        if !whole || !inputs.is_multiple_of(BLOCK) || !outputs.is_multiple_of(COLUMNS) {
            return None;
        }
        let blocks = inputs / BLOCK;
        let mut quants = vec![0; outputs * inputs];
        let mut scales = vec![0.0; outputs * blocks];
        let rows = parts.iter().flat_map(|part| part.chunks_exact(row_bytes));
        for (output, row) in rows.enumerate() {
            let (tile, column) = (output / COLUMNS, output % COLUMNS);
            for (block, source) in row.chunks_exact(BLOCK_BYTES).enumerate() {
                let place = tile * blocks + block;
                let scale = half::f16::from_le_bytes([source[0], source[1]]);
                scales[place * COLUMNS + column] = scale.to_f32();
                let target = &mut quants[place * BLOCK_QUANTS..][..BLOCK_QUANTS];
                let (pairs, _) = source[2..].as_chunks::<2>();
                let (slots, _) = target.as_chunks_mut::<2>();
                for (pair, slot) in pairs.iter().zip(slots.iter_mut().skip(column).step_by(COLUMNS))
                {
                    *slot = pair.map(u8::cast_signed);
                }
            }
        }
        Some(Self { outputs, inputs, quants, scales })
    }

    /// Rows of the matrix: floats a row of results has.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Columns of the matrix: floats a row of activations has.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Bytes it holds.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.quants.len() + self.scales.len() * size_of::<f32>()
    }
}

/// Activations rounded to 16 bits, each row with its scale.
pub(crate) struct Rounded {
    inputs: usize,
    values: Vec<i16>,
    scales: Vec<f32>,
}

impl Rounded {
    /// Rounds rows of `inputs` floats (a multiple of 32).
    pub(crate) fn new(tier: Tier, rows: &[f32], inputs: usize) -> Self {
        let mut rounded =
            Self { inputs, values: vec![0; rows.len()], scales: vec![0.0; rows.len() / inputs] };
        dispatch(tier, Round { rows, rounded: &mut rounded });
        rounded
    }
}

struct Round<'a> {
    rows: &'a [f32],
    rounded: &'a mut Rounded,
}

impl Kernel for Round<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        // Adding 1.5 · 2^23 rounds to a whole number, which then stands in the low bits.
        const ROUND: f32 = 12_582_912.0;
        let inputs = self.rounded.inputs;
        let targets = self.rounded.values.chunks_exact_mut(inputs).zip(&mut self.rounded.scales);
        for (row, (target, scale)) in self.rows.chunks_exact(inputs).zip(targets) {
            let mut sizes = [0.0_f32; LANES];
            for block in row.as_chunks::<LANES>().0 {
                for lane in 0..LANES {
                    let size = block[lane].abs();
                    sizes[lane] = if size > sizes[lane] { size } else { sizes[lane] };
                }
            }
            let top = largest(&sizes).max(f32::MIN_POSITIVE);
            let steps = f32::from(i16::MAX) / top;
            *scale = top / f32::from(i16::MAX);
            for (target, value) in target.iter_mut().zip(row) {
                *target = multiply_add::<FMA>(*value, steps, ROUND).to_bits() as i16;
            }
        }
    }
}

/// `out = x Wᵀ + bias`, a row of results for each row of `x`.
pub(crate) fn multiply(tier: Tier, weights: &Packed, x: &Rounded, bias: &[f32], out: &mut [f32]) {
    let rows = x.scales.len();
    assert_eq!(x.inputs, weights.inputs, "activations as wide as the weights");
    assert_eq!(bias.len(), weights.outputs, "a bias for every output");
    assert_eq!(out.len(), rows * weights.outputs, "room for every result");
    match tier.0 {
        Level::Portable => tiles::<1>(weights, x, 0..rows, bias, out, tile_portable::<1>),
        #[cfg(target_arch = "x86_64")]
        level => x86::multiply(level, weights, x, bias, out),
    }
}

/// What a tile's kernel is handed: `ROWS` rows of activations against 32 outputs.
struct Tile<'a, const ROWS: usize> {
    /// `[ROWS, inputs]`
    values: &'a [i16],
    inputs: usize,
    /// `[inputs/32][16 pairs][32][2]`
    quants: &'a [i8],
    /// `[inputs/32][32]`
    scales: &'a [f32],
}

type Sums<const ROWS: usize> = [[f32; COLUMNS]; ROWS];

/// Goes over the tiles of `rows`, whose number is a multiple of `ROWS`.
fn tiles<const ROWS: usize>(
    weights: &Packed,
    x: &Rounded,
    rows: Range<usize>,
    bias: &[f32],
    out: &mut [f32],
    kernel: impl Fn(&Tile<'_, ROWS>, &mut Sums<ROWS>),
) {
    debug_assert!(rows.len().is_multiple_of(ROWS));
    let (inputs, outputs) = (weights.inputs, weights.outputs);
    let block_rows = ROWS_CACHED.max(ROWS) / ROWS * ROWS;
    for block in rows.clone().step_by(block_rows) {
        let block_end = rows.end.min(block + block_rows);
        for tile in 0..outputs / COLUMNS {
            let quants = &weights.quants[tile * COLUMNS * inputs..][..COLUMNS * inputs];
            let blocks = inputs / BLOCK * COLUMNS;
            let scales = &weights.scales[tile * blocks..][..blocks];
            let bias = &bias[tile * COLUMNS..][..COLUMNS];
            for first in (block..block_end).step_by(ROWS) {
                let values = &x.values[first * inputs..][..ROWS * inputs];
                let mut sums = [[0.0; COLUMNS]; ROWS];
                kernel(&Tile { values, inputs, quants, scales }, &mut sums);
                for (offset, sums) in sums.iter().enumerate() {
                    let row = first + offset;
                    let out = &mut out[row * outputs + tile * COLUMNS..][..COLUMNS];
                    for ((out, sum), bias) in out.iter_mut().zip(sums).zip(bias) {
                        *out = sum * x.scales[row] + bias;
                    }
                }
            }
        }
    }
}

/// The reference every other kernel is compared with.
fn tile_portable<const ROWS: usize>(tile: &Tile<'_, ROWS>, sums: &mut Sums<ROWS>) {
    for (row, sums) in tile.values.chunks_exact(tile.inputs).zip(sums) {
        let blocks = row.chunks_exact(BLOCK).zip(tile.quants.chunks_exact(BLOCK_QUANTS));
        for ((values, quants), scales) in blocks.zip(tile.scales.chunks_exact(COLUMNS)) {
            for (column, sum) in sums.iter_mut().enumerate() {
                let mut dot = 0_i32;
                for (pair, value) in values.chunks_exact(2).enumerate() {
                    let at = (pair * COLUMNS + column) * 2;
                    dot += i32::from(value[0]) * i32::from(quants[at]);
                    dot += i32::from(value[1]) * i32::from(quants[at + 1]);
                }
                *sum += dot as f32 * scales[column];
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::{
        __m128i, __m256i, __m512i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16,
        _mm256_cvtepi32_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256,
        _mm256_madd_epi16, _mm256_set1_epi32, _mm256_setzero_ps, _mm256_setzero_si256,
        _mm256_storeu_ps, _mm512_add_epi32, _mm512_cvtepi8_epi16, _mm512_cvtepi32_ps,
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_madd_epi16, _mm512_set1_epi32, _mm512_setzero_ps,
        _mm512_setzero_si512, _mm512_storeu_ps,
    };

    use super::{BLOCK, BLOCK_QUANTS, COLUMNS, Level, Packed, Rounded, Sums, Tile, tiles};

    /// Pairs of inputs in a block.
    const PAIRS: usize = BLOCK / 2;

    pub(super) fn multiply(level: Level, w: &Packed, x: &Rounded, bias: &[f32], out: &mut [f32]) {
        let mut done = 0;
        let rows = x.scales.len();
        // Tall tiles first, then what is left in ever smaller ones. A row's result does not depend
        // on its tile's height: every kernel adds in the same order.
        macro_rules! rows_of {
            ($height:literal, $kernel:ident) => {
                let count = (rows - done) / $height * $height;
                if count > 0 {
                    // SAFETY: a level other than portable is only ever asked for through a `Tier`,
                    // which exists only where the level's features were detected.
                    tiles::<$height>(w, x, done..done + count, bias, out, |tile, sums| unsafe {
                        $kernel::<$height>(tile, sums);
                    });
                    done += count;
                }
            };
        }
        match level {
            Level::Avx512Vnni => {
                rows_of!(6, tile_vnni);
                rows_of!(2, tile_vnni);
                rows_of!(1, tile_vnni);
            }
            Level::Avx512 => {
                rows_of!(6, tile_avx512);
                rows_of!(2, tile_avx512);
                rows_of!(1, tile_avx512);
            }
            Level::Portable | Level::Avx2 | Level::AvxVnni => {
                rows_of!(4, tile_avx2);
                rows_of!(1, tile_avx2);
            }
        }
        debug_assert_eq!(done, rows);
    }

    /// Two registers of sixteen outputs: each pair of activations is repeated once for both.
    macro_rules! tile_512 {
        ($name:ident, $features:literal, $dot:expr) => {
            #[target_feature(enable = $features)]
            fn $name<const ROWS: usize>(tile: &Tile<'_, ROWS>, sums: &mut Sums<ROWS>) {
                let blocks = check(tile);
                let mut totals = [[_mm512_setzero_ps(); 2]; ROWS];
                for block in 0..blocks {
                    let mut dots = [[_mm512_setzero_si512(); 2]; ROWS];
                    for pair in 0..PAIRS {
                        let at = block * BLOCK_QUANTS + pair * COLUMNS * 2;
                        // SAFETY: `check` made sure of `blocks` whole blocks of quants.
                        let quants = unsafe {
                            let at = tile.quants.as_ptr().add(at).cast::<__m256i>();
                            [_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1))]
                        };
                        let quants =
                            [_mm512_cvtepi8_epi16(quants[0]), _mm512_cvtepi8_epi16(quants[1])];
                        for row in 0..ROWS {
                            let both = _mm512_set1_epi32(pair_at(tile, row, block, pair));
                            dots[row][0] = $dot(dots[row][0], quants[0], both);
                            dots[row][1] = $dot(dots[row][1], quants[1], both);
                        }
                    }
                    // SAFETY: `check` made sure of 32 scales a block.
                    let scales = unsafe {
                        let at = tile.scales.as_ptr().add(block * COLUMNS);
                        [_mm512_loadu_ps(at), _mm512_loadu_ps(at.add(16))]
                    };
                    for row in 0..ROWS {
                        for half in 0..2 {
                            let dots = _mm512_cvtepi32_ps(dots[row][half]);
                            totals[row][half] =
                                _mm512_fmadd_ps(dots, scales[half], totals[row][half]);
                        }
                    }
                }
                for (totals, sums) in totals.iter().zip(sums) {
                    // SAFETY: `sums` is 32 floats.
                    unsafe {
                        _mm512_storeu_ps(sums.as_mut_ptr(), totals[0]);
                        _mm512_storeu_ps(sums.as_mut_ptr().add(16), totals[1]);
                    }
                }
            }
        };
    }

    tile_512!(tile_vnni, "avx512f,avx512bw,avx512vl,avx512vnni", |sum, a, b| dot(sum, a, b));
    tile_512!(tile_avx512, "avx512f,avx512bw,avx512vl", |sum, a, b| {
        _mm512_add_epi32(sum, _mm512_madd_epi16(a, b))
    });

    /// `sum + a · b` over pairs of 16-bit numbers.
    ///
    /// Not the intrinsic: LLVM splits a chain of those into a product and a sum each, for latency,
    /// but here twelve chains run side by side and it is throughput that counts.
    #[target_feature(enable = "avx512f,avx512vnni")]
    #[inline]
    fn dot(mut sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: one instruction on registers, of a feature this function requires.
        unsafe {
            core::arch::asm!(
                "vpdpwssd {sum}, {a}, {b}",
                sum = inout(zmm_reg) sum,
                a = in(zmm_reg) a,
                b = in(zmm_reg) b,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sum
    }

    /// The same with registers of eight outputs, one at a time: there are but sixteen of them.
    #[target_feature(enable = "avx2,fma")]
    fn tile_avx2<const ROWS: usize>(tile: &Tile<'_, ROWS>, sums: &mut Sums<ROWS>) {
        let blocks = check(tile);
        for part in 0..COLUMNS / 8 {
            let mut totals = [_mm256_setzero_ps(); ROWS];
            for block in 0..blocks {
                let mut dots = [_mm256_setzero_si256(); ROWS];
                for pair in 0..PAIRS {
                    let at = block * BLOCK_QUANTS + pair * COLUMNS * 2 + part * 16;
                    // SAFETY: `check` made sure of `blocks` whole blocks of quants.
                    let quants =
                        unsafe { _mm_loadu_si128(tile.quants.as_ptr().add(at).cast::<__m128i>()) };
                    let quants = _mm256_cvtepi8_epi16(quants);
                    for (row, dot) in dots.iter_mut().enumerate().take(ROWS) {
                        let both = _mm256_set1_epi32(pair_at(tile, row, block, pair));
                        *dot = _mm256_add_epi32(*dot, _mm256_madd_epi16(quants, both));
                    }
                }
                // SAFETY: `check` made sure of 32 scales a block.
                let scales = unsafe {
                    _mm256_loadu_ps(tile.scales.as_ptr().add(block * COLUMNS + part * 8))
                };
                for row in 0..ROWS {
                    totals[row] =
                        _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[row]), scales, totals[row]);
                }
            }
            for (total, sums) in totals.iter().zip(sums.iter_mut()) {
                // SAFETY: `sums` is 32 floats, and this is eight of them.
                unsafe { _mm256_storeu_ps(sums.as_mut_ptr().add(part * 8), *total) };
            }
        }
    }

    /// How many blocks the tile has, all of them there.
    #[inline(always)]
    fn check<const ROWS: usize>(tile: &Tile<'_, ROWS>) -> usize {
        let blocks = tile.inputs / BLOCK;
        assert!(tile.values.len() >= ROWS * tile.inputs);
        assert!(tile.quants.len() >= blocks * BLOCK_QUANTS);
        assert!(tile.scales.len() >= blocks * COLUMNS);
        blocks
    }

    /// Two activations next to each other, as one number to be repeated over a register.
    #[inline(always)]
    fn pair_at<const ROWS: usize>(
        tile: &Tile<'_, ROWS>,
        row: usize,
        block: usize,
        pair: usize,
    ) -> i32 {
        // SAFETY: `check` made sure of `ROWS` rows of `inputs` values, and a block's pairs lie
        // within a row; the read needs no alignment.
        unsafe {
            let at = row * tile.inputs + block * BLOCK + 2 * pair;
            tile.values.as_ptr().add(at).cast::<i32>().read_unaligned()
        }
    }
}
