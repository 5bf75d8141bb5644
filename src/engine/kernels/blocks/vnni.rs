//! Kernels for AVX-512 with VNNI.

use core::arch::x86_64::{
    __m512, __m512i, _mm_loadu_si128, _mm256_loadu_si256, _mm512_add_epi32, _mm512_and_si512,
    _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps, _mm512_cvtepu8_epi16, _mm512_cvtepu8_epi32,
    _mm512_cvtph_ps, _mm512_fmadd_ps, _mm512_fnmadd_ps, _mm512_loadu_si512, _mm512_mul_ps,
    _mm512_mullo_epi32, _mm512_or_si512, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_setzero_si512, _mm512_slli_epi16, _mm512_srli_epi16,
    _mm512_storeu_ps,
};

use super::job::{Job, Kernels, ask_ahead, each};
use super::{Format, LANES, SUPER};

/// The kernels: with two registers of sums a row, and as many of products, six rows are what the
/// registers hold.
pub(super) struct Avx512Vnni;

impl Kernels for Avx512Vnni {
    const ROWS_MOST: usize = 6;

    unsafe fn run(format: Format, rows: usize, job: &Job) {
        macro_rules! heights {
            ($kernel:ident, $bits:literal) => {
                match rows {
                    1 => $kernel::<1, $bits>(job),
                    2 => $kernel::<2, $bits>(job),
                    4 => $kernel::<4, $bits>(job),
                    _ => $kernel::<{ Self::ROWS_MOST }, $bits>(job),
                }
            };
        }
        // SAFETY: as the caller promised.
        unsafe {
            match format {
                Format::Q4_0 => heights!(blocks_of_32, 0),
                Format::Q5_0 => heights!(blocks_of_32, 1),
                Format::Q8_0 => heights!(blocks_of_32, 4),
                Format::Q4K => heights!(super_blocks, 0),
                Format::Q5K => heights!(super_blocks, 1),
                Format::Q6K => heights!(super_blocks, 2),
            }
        }
    }
}

/// `Q4_0`, `Q5_0` and `Q8_0`, by the bits above the lower four.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn blocks_of_32<const ROWS: usize, const HIGH: usize>(job: &Job) {
    let (format, zero) = const {
        match HIGH {
            0 => (Format::Q4_0, 8),
            1 => (Format::Q5_0, 16),
            _ => (Format::Q8_0, 128),
        }
    };
    let (head_bytes, body_bytes) = (format.head_bytes(), format.body_bytes());
    // SAFETY: throughout, offsets lie within the job's rows and its pair of tiles.
    unsafe {
        let mut totals = [[_mm512_setzero_ps(); 2]; ROWS];
        for block in 0..job.blocks {
            let head = job.weights.add(block * format.pair_bytes());
            if ROWS == 1 {
                ask_ahead(head, format.pair_bytes());
            }
            let bodies = [head.add(2 * head_bytes), head.add(2 * head_bytes + body_bytes)];
            let values = job.values.add(block * 32);
            let mut dots = [[_mm512_setzero_si512(); 2]; ROWS];
            for (row, dots) in dots.iter_mut().enumerate() {
                let sum = i32::from(*job.sums.add(row * job.blocks + block));
                *dots = [_mm512_set1_epi32(-zero * sum); 2];
            }
            macro_rules! step {
                ($quad:literal) => {
                    let weights = bodies.map(|body| match HIGH {
                        4 => load(body.add($quad * 64)),
                        _ => weights::<HIGH, $quad>(body, body.add(32 * LANES / 2)),
                    });
                    for (row, dots) in dots.iter_mut().enumerate() {
                        let four = broadcast(values.add(row * job.inputs + $quad * 4));
                        dots[0] = dot(dots[0], weights[0], four);
                        dots[1] = dot(dots[1], weights[1], four);
                    }
                };
            }
            each!(8, step);
            let scales = [halves(head), halves(head.add(head_bytes))];
            for (row, (totals, dots)) in totals.iter_mut().zip(&dots).enumerate() {
                let scale = _mm512_set1_ps(*job.scales.add(row * job.blocks + block));
                for half in 0..2 {
                    let both = _mm512_mul_ps(scales[half], scale);
                    totals[half] =
                        _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[half]), both, totals[half]);
                }
            }
        }
        store(job, &totals);
    }
}

/// `Q4_K`, `Q5_K` and `Q6_K`, by the bits above the lower four.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn super_blocks<const ROWS: usize, const HIGH: usize>(job: &Job) {
    let format = const {
        match HIGH {
            0 => Format::Q4K,
            1 => Format::Q5K,
            _ => Format::Q6K,
        }
    };
    let (head_bytes, body_bytes) = (format.head_bytes(), format.body_bytes());
    // SAFETY: throughout, offsets lie within the job's rows and its pair of tiles.
    unsafe {
        let mut totals = [[_mm512_setzero_ps(); 2]; ROWS];
        for block in 0..job.blocks {
            let pair = job.weights.add(block * format.pair_bytes());
            let heads = [pair, pair.add(head_bytes)];
            let bodies = [pair.add(2 * head_bytes), pair.add(2 * head_bytes + body_bytes)];
            let mut scaled = [[_mm512_setzero_si512(); 2]; ROWS];
            for sub in 0..8 {
                if ROWS == 1 {
                    let part = format.pair_bytes() / 8;
                    ask_ahead(pair.wrapping_add(sub * part), part);
                }
                let values = job.values.add(block * SUPER + sub * 32);
                let lows = bodies.map(|body| body.add(sub * 256));
                let highs = bodies.map(|body| body.add(SUPER * LANES / 2 + sub * 64 * HIGH));
                let mut dots = [[_mm512_setzero_si512(); 2]; ROWS];
                macro_rules! step {
                    ($quad:literal) => {
                        let weights = [
                            weights::<HIGH, $quad>(lows[0], highs[0]),
                            weights::<HIGH, $quad>(lows[1], highs[1]),
                        ];
                        for (row, dots) in dots.iter_mut().enumerate() {
                            let four = broadcast(values.add(row * job.inputs + $quad * 4));
                            dots[0] = dot(dots[0], weights[0], four);
                            dots[1] = dot(dots[1], weights[1], four);
                        }
                    };
                }
                if HIGH < 2 {
                    each!(8, step);
                    let scales = heads.map(|head| {
                        _mm512_cvtepu8_epi32(_mm_loadu_si128(
                            head.add(4 * LANES + sub * LANES).cast(),
                        ))
                    });
                    add_scaled(&mut scaled, &dots, scales);
                } else {
                    let scales = |group: usize| {
                        heads.map(|head| {
                            let at = head.add(2 * LANES + (2 * sub + group) * LANES);
                            _mm512_cvtepi8_epi32(_mm_loadu_si128(at.cast()))
                        })
                    };
                    begin(&mut dots, job, block * 16 + 2 * sub);
                    each!(4, step);
                    add_scaled(&mut scaled, &dots, scales(0));
                    begin(&mut dots, job, block * 16 + 2 * sub + 1);
                    each!(4 to 8, step);
                    add_scaled(&mut scaled, &dots, scales(1));
                }
            }
            let scales = [halves(heads[0]), halves(heads[1])];
            for (row, totals) in totals.iter_mut().enumerate() {
                let scale = _mm512_set1_ps(*job.scales.add(row * job.blocks + block));
                for half in 0..2 {
                    let both = _mm512_mul_ps(scales[half], scale);
                    let floats = _mm512_cvtepi32_ps(scaled[row][half]);
                    totals[half] = _mm512_fmadd_ps(floats, both, totals[half]);
                }
            }
            if HIGH < 2 {
                take_minima(&mut totals, job, block, heads);
            }
        }
        store(job, &totals);
    }
}

/// Begins products with what 16 weights being unsigned adds, taken off.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn begin<const ROWS: usize>(dots: &mut [[__m512i; 2]; ROWS], job: &Job, group: usize) {
    for (row, dots) in dots.iter_mut().enumerate() {
        // SAFETY: each row has a start for each 16 inputs.
        let start = unsafe { *job.starts.add(row * (job.inputs / 16) + group) };
        *dots = [_mm512_set1_epi32(start); 2];
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn add_scaled<const ROWS: usize>(
    scaled: &mut [[__m512i; 2]; ROWS],
    dots: &[[__m512i; 2]; ROWS],
    scales: [__m512i; 2],
) {
    for (scaled, dots) in scaled.iter_mut().zip(dots) {
        for half in 0..2 {
            let product = _mm512_mullo_epi32(dots[half], scales[half]);
            scaled[half] = _mm512_add_epi32(scaled[half], product);
        }
    }
}

/// Takes off minima times sums of activations.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
unsafe fn take_minima<const ROWS: usize>(
    totals: &mut [[__m512; 2]; ROWS],
    job: &Job,
    block: usize,
    heads: [*const u8; 2],
) {
    // SAFETY: a head is 64 bytes of scales in 16 bits, 128 of scales and 128 of minima; a row has a
    // sum for each 32 inputs.
    unsafe {
        let mut least = [[_mm512_setzero_si512(); 2]; ROWS];
        for two in 0..4 {
            let minima = heads.map(|head| {
                let at = head.add(12 * LANES + two * 2 * LANES);
                _mm512_cvtepu8_epi16(_mm256_loadu_si256(at.cast()))
            });
            for (row, least) in least.iter_mut().enumerate() {
                let sums = job.sums.add(row * (job.inputs / 32) + block * 8 + two * 2);
                let sums = broadcast(sums.cast());
                least[0] = dot_16(least[0], minima[0], sums);
                least[1] = dot_16(least[1], minima[1], sums);
            }
        }
        let minima = heads.map(|head| halves(head.add(2 * LANES)));
        for (row, totals) in totals.iter_mut().enumerate() {
            let scale = _mm512_set1_ps(*job.scales.add(row * job.blocks + block));
            for half in 0..2 {
                let both = _mm512_mul_ps(minima[half], scale);
                let floats = _mm512_cvtepi32_ps(least[row][half]);
                totals[half] = _mm512_fnmadd_ps(floats, both, totals[half]);
            }
        }
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn store<const ROWS: usize>(job: &Job, totals: &[[__m512; 2]; ROWS]) {
    for (row, totals) in totals.iter().enumerate() {
        // SAFETY: a row of results has these 32 columns, and they are ours.
        unsafe {
            let out = job.out.add(row * job.outputs);
            _mm512_storeu_ps(out, totals[0]);
            _mm512_storeu_ps(out.add(LANES), totals[1]);
        }
    }
}

/// The `QUAD`th quad of 32 inputs, one byte a weight, without its sign.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
unsafe fn weights<const HIGH: usize, const QUAD: usize>(
    low: *const u8,
    high: *const u8,
) -> __m512i {
    let mask = |bits: i8| _mm512_set1_epi8(bits);
    // SAFETY: 32 inputs have 256 bytes of low bits and 64 times `HIGH` of high bits.
    let (low, high) = unsafe {
        let low = load(low.add(QUAD / 2 * 64));
        match HIGH {
            0 => (low, _mm512_setzero_si512()),
            1 => (low, load(high)),
            _ => (low, load(high.add(QUAD / 4 * 64))),
        }
    };
    let low = if QUAD.is_multiple_of(2) { low } else { _mm512_srli_epi16::<4>(low) };
    let low = _mm512_and_si512(low, mask(15));
    // Bits `HIGH · QUAD…` go to bits `4…`.
    let high = match (HIGH, QUAD) {
        (0, _) => return low,
        (1, 0) | (2, 0 | 4) => _mm512_slli_epi16::<4>(high),
        (1, 1) => _mm512_slli_epi16::<3>(high),
        (1, 2) | (2, 1 | 5) => _mm512_slli_epi16::<2>(high),
        (1, 3) => _mm512_slli_epi16::<1>(high),
        (1, 4) | (2, 2 | 6) => high,
        (1, 5) => _mm512_srli_epi16::<1>(high),
        (1, 6) | (2, _) => _mm512_srli_epi16::<2>(high),
        _ => _mm512_srli_epi16::<3>(high),
    };
    _mm512_or_si512(low, _mm512_and_si512(high, mask(if HIGH == 1 { 0x10 } else { 0x30 })))
}

#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn load(at: *const u8) -> __m512i {
    // SAFETY: the caller has 64 bytes there.
    unsafe { _mm512_loadu_si512(at.cast()) }
}

/// Sixteen floats of 16 bits.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn halves(at: *const u8) -> __m512 {
    // SAFETY: the caller has 32 bytes there.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(at.cast()) })
}

/// Four bytes, everywhere.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn broadcast(at: *const i8) -> __m512i {
    // SAFETY: the caller has four bytes there; the read needs no alignment.
    _mm512_set1_epi32(unsafe { at.cast::<i32>().read_unaligned() })
}

/// `sum + a · b` over quads of bytes, `a` without sign.
///
/// Not the intrinsic: LLVM may split a chain of those for latency, but here it is throughput that
/// counts.
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
fn dot(mut sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
    // SAFETY: one instruction on registers, of a feature this function requires.
    unsafe {
        core::arch::asm!(
            "vpdpbusd {sum}, {a}, {b}",
            sum = inout(zmm_reg) sum,
            a = in(zmm_reg) a,
            b = in(zmm_reg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

/// `sum + a · b` over pairs of 16-bit numbers.
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
fn dot_16(mut sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
    // SAFETY: as above.
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
