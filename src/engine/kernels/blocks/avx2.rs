//! Kernels for AVX2, and for AVX-VNNI, which multiplies bytes in one instruction where AVX2 takes two
//! to four. Half a pair of tiles at a time, in two registers.
//!
//! Without VNNI products of bytes add up in 16 bits, and only so many fit: 8 quads of 4-bit weights, 4
//! of 5 bits, 2 of 6 bits, one of 8 (that one by magnitudes, signs put to the activations).

use core::arch::x86_64::{
    __m256, __m256i, _mm_loadl_epi64, _mm_loadu_si128, _mm256_abs_epi8, _mm256_add_epi16,
    _mm256_add_epi32, _mm256_and_si256, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps,
    _mm256_cvtepu8_epi16, _mm256_cvtepu8_epi32, _mm256_cvtph_ps, _mm256_fmadd_ps, _mm256_fnmadd_ps,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps, _mm256_mullo_epi32,
    _mm256_or_si256, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps,
    _mm256_setzero_ps, _mm256_setzero_si256, _mm256_sign_epi8, _mm256_slli_epi16,
    _mm256_slli_epi32, _mm256_srli_epi16, _mm256_storeu_ps, _mm256_xor_si256,
};

use std::sync::atomic::{Ordering, compiler_fence};

use super::job::{Job, Kernels, ask_ahead, each};
use super::{Format, LANES, SUPER};

/// Outputs of a register.
const WIDE: usize = LANES / 2;

/// AVX2, FMA and F16C.
pub(super) struct Avx2;
/// The same with AVX-VNNI.
pub(super) struct AvxVnni;

macro_rules! run {
    ($vnni:literal) => {
        unsafe fn run(format: Format, rows: usize, job: &Job) {
            macro_rules! heights {
                ($kernel:ident, $bits:literal) => {
                    match rows {
                        1 => $kernel::<1, $bits, $vnni>(job),
                        2 => $kernel::<2, $bits, $vnni>(job),
                        4 => $kernel::<4, $bits, $vnni>(job),
                        _ => $kernel::<{ Self::ROWS_MOST }, $bits, $vnni>(job),
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
    };
}

impl Kernels for Avx2 {
    const ROWS_MOST: usize = 4;
    run!(false);
}

impl Kernels for AvxVnni {
    const ROWS_MOST: usize = 6;
    run!(true);
}

/// Sums of a row for 16 outputs.
type Sums = [__m256i; 2];

/// `Q4_0`, `Q5_0` and `Q8_0`, by the bits above the lower four.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn blocks_of_32<const ROWS: usize, const HIGH: usize, const VNNI: bool>(job: &Job) {
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
        let mut totals = [[[_mm256_setzero_ps(); 2]; ROWS]; 2];
        for block in 0..job.blocks {
            let pair = job.weights.add(block * format.pair_bytes());
            if ROWS == 1 {
                ask_ahead(pair, format.pair_bytes());
            }
            let values = job.values.add(block * 32);
            for (half, totals) in totals.iter_mut().enumerate() {
                let head = pair.add(half * head_bytes);
                let body = pair.add(2 * head_bytes + half * body_bytes);
                let mut dots = [[_mm256_setzero_si256(); 2]; ROWS];
                if VNNI || HIGH < 4 {
                    for (row, dots) in dots.iter_mut().enumerate() {
                        let sum = i32::from(*job.sums.add(row * job.blocks + block));
                        *dots = [_mm256_set1_epi32(-zero * sum); 2];
                    }
                }
                if HIGH == 4 {
                    eight_bits::<ROWS, VNNI>(&mut dots, job, values, body);
                } else {
                    let high = body.add(32 * LANES / 2);
                    let factors = [_mm256_set1_epi16(1); 2];
                    few_bits::<ROWS, HIGH, VNNI>(&mut dots, job, values, body, high, factors);
                }
                let scales = [halves(head), halves(head.add(2 * WIDE))];
                add_floats(totals, &dots, scales, job, block);
            }
        }
        store(job, &totals);
    }
}

/// 32 weights of 8 bits times activations.
#[inline(always)]
unsafe fn eight_bits<const ROWS: usize, const VNNI: bool>(
    dots: &mut [Sums; ROWS],
    job: &Job,
    values: *const i8,
    body: *const u8,
) {
    // SAFETY: a body has 64 bytes for each of 8 quads, a row 32 values.
    unsafe {
        let ones = _mm256_set1_epi16(1);
        macro_rules! step {
            ($quad:literal) => {
                compiler_fence(Ordering::SeqCst);
                let weights = [load(body.add($quad * 64)), load(body.add($quad * 64 + 32))];
                if VNNI {
                    for (row, dots) in dots.iter_mut().enumerate() {
                        let four = broadcast::<$quad>(values.add(row * job.inputs));
                        dots[0] = dot(dots[0], weights[0], four);
                        dots[1] = dot(dots[1], weights[1], four);
                    }
                } else {
                    let turn = _mm256_set1_epi8(i8::MIN);
                    let signed =
                        [_mm256_xor_si256(weights[0], turn), _mm256_xor_si256(weights[1], turn)];
                    let sizes = [_mm256_abs_epi8(signed[0]), _mm256_abs_epi8(signed[1])];
                    for (row, dots) in dots.iter_mut().enumerate() {
                        let four = broadcast::<$quad>(values.add(row * job.inputs));
                        for part in 0..2 {
                            let turned = _mm256_sign_epi8(four, signed[part]);
                            let product = _mm256_maddubs_epi16(sizes[part], turned);
                            let product = _mm256_madd_epi16(product, ones);
                            dots[part] = _mm256_add_epi32(dots[part], product);
                        }
                    }
                }
            };
        }
        each!(8, step);
    }
}

/// 32 weights of 4 or 5 bits times activations, times `factors`: with VNNI 1, else any 16-bit numbers.
#[inline(always)]
unsafe fn few_bits<const ROWS: usize, const HIGH: usize, const VNNI: bool>(
    dots: &mut [Sums; ROWS],
    job: &Job,
    values: *const i8,
    low: *const u8,
    high: *const u8,
    factors: Sums,
) {
    // SAFETY: a row has 32 values here; `weights` says what it reads.
    unsafe {
        let mut products = [[_mm256_setzero_si256(); 2]; ROWS];
        if VNNI {
            products = *dots;
        }
        macro_rules! step {
            ($quad:literal) => {
                compiler_fence(Ordering::SeqCst);
                let weights = weights::<HIGH, $quad>(low, high);
                for (row, products) in products.iter_mut().enumerate() {
                    let four = broadcast::<$quad>(values.add(row * job.inputs));
                    products[0] = add::<VNNI>(products[0], weights[0], four);
                    products[1] = add::<VNNI>(products[1], weights[1], four);
                }
            };
        }
        each!(4, step);
        if !VNNI && HIGH > 0 {
            add_scaled(dots, &products, factors);
            products = [[_mm256_setzero_si256(); 2]; ROWS];
        }
        each!(4 to 8, step);
        if VNNI {
            *dots = products;
        } else {
            add_scaled(dots, &products, factors);
        }
    }
}

/// `Q4_K`, `Q5_K` and `Q6_K`, by the bits above the lower four.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn super_blocks<const ROWS: usize, const HIGH: usize, const VNNI: bool>(job: &Job) {
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
        let mut totals = [[[_mm256_setzero_ps(); 2]; ROWS]; 2];
        for block in 0..job.blocks {
            let pair = job.weights.add(block * format.pair_bytes());
            if ROWS == 1 {
                ask_ahead(pair, format.pair_bytes());
            }
            for (half, totals) in totals.iter_mut().enumerate() {
                let head = pair.add(half * head_bytes);
                let body = pair.add(2 * head_bytes + half * body_bytes);
                let mut scaled = [[_mm256_setzero_si256(); 2]; ROWS];
                for sub in 0..8 {
                    let values = job.values.add(block * SUPER + sub * 32);
                    let low = body.add(sub * 256);
                    let high = body.add(SUPER * LANES / 2 + sub * 64 * HIGH);
                    if HIGH == 2 {
                        let scales = head.add(2 * LANES + 2 * sub * LANES);
                        let group = block * 16 + 2 * sub;
                        six_bits::<ROWS, VNNI>(&mut scaled, job, values, low, high, scales, group);
                        continue;
                    }
                    let scales = head.add(4 * LANES + sub * LANES);
                    let scales = [scales, scales.add(WIDE)]
                        .map(|at| _mm256_cvtepu8_epi32(_mm_loadl_epi64(at.cast())));
                    if VNNI {
                        let mut dots = [[_mm256_setzero_si256(); 2]; ROWS];
                        few_bits::<ROWS, HIGH, VNNI>(&mut dots, job, values, low, high, scales);
                        multiply_and_add(&mut scaled, &dots, scales);
                    } else {
                        let twice = scales.map(|part| twice(part));
                        few_bits::<ROWS, HIGH, VNNI>(&mut scaled, job, values, low, high, twice);
                    }
                }
                let scales = [halves(head), halves(head.add(2 * WIDE))];
                add_floats(totals, &scaled, scales, job, block);
                if HIGH < 2 {
                    take_minima(totals, job, block, head);
                }
            }
        }
        store(job, &totals);
    }
}

/// 32 weights of 6 bits times activations, each 16 times its scale.
#[inline(always)]
unsafe fn six_bits<const ROWS: usize, const VNNI: bool>(
    scaled: &mut [Sums; ROWS],
    job: &Job,
    values: *const i8,
    low: *const u8,
    high: *const u8,
    scales: *const u8,
    group: usize,
) {
    // SAFETY: a row has 32 values here and a start for each 16 inputs, a tile 16 scales for each 16
    // inputs; `weights` says what it reads.
    unsafe {
        macro_rules! step {
            ($into:ident, $quad:literal) => {
                compiler_fence(Ordering::SeqCst);
                let weights = weights::<2, $quad>(low, high);
                for (row, into) in $into.iter_mut().enumerate() {
                    let four = broadcast::<$quad>(values.add(row * job.inputs));
                    for part in 0..2 {
                        into[part] = add::<VNNI>(into[part], weights[part], four);
                    }
                }
            };
        }
        macro_rules! sixteen {
            ($group:literal, [$a:literal, $b:literal, $c:literal, $d:literal]) => {
                let at = scales.add($group * LANES);
                let scales =
                    [at, at.add(WIDE)].map(|at| _mm256_cvtepi8_epi32(_mm_loadl_epi64(at.cast())));
                let mut dots = [[_mm256_setzero_si256(); 2]; ROWS];
                for (row, dots) in dots.iter_mut().enumerate() {
                    let start = *job.starts.add(row * (job.inputs / 16) + group + $group);
                    *dots = [_mm256_set1_epi32(start); 2];
                }
                if VNNI {
                    step!(dots, $a);
                    step!(dots, $b);
                    step!(dots, $c);
                    step!(dots, $d);
                } else {
                    let ones = [_mm256_set1_epi16(1); 2];
                    let mut products = [[_mm256_setzero_si256(); 2]; ROWS];
                    step!(products, $a);
                    step!(products, $b);
                    add_scaled(&mut dots, &products, ones);
                    let mut products = [[_mm256_setzero_si256(); 2]; ROWS];
                    step!(products, $c);
                    step!(products, $d);
                    add_scaled(&mut dots, &products, ones);
                }
                multiply_and_add(scaled, &dots, scales);
            };
        }
        sixteen!(0, [0, 1, 2, 3]);
        sixteen!(1, [4, 5, 6, 7]);
    }
}

/// Adds products of quads: of bytes to 32 bits with VNNI, else to 16.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn add<const VNNI: bool>(sum: __m256i, weights: __m256i, four: __m256i) -> __m256i {
    if VNNI {
        dot(sum, weights, four)
    } else {
        _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights, four))
    }
}

/// Adds pairs of 16-bit sums, each times its factor.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn add_scaled<const ROWS: usize>(dots: &mut [Sums; ROWS], products: &[Sums; ROWS], factors: Sums) {
    for (dots, products) in dots.iter_mut().zip(products) {
        for part in 0..2 {
            let product = _mm256_madd_epi16(products[part], factors[part]);
            dots[part] = _mm256_add_epi32(dots[part], product);
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn multiply_and_add<const ROWS: usize>(
    scaled: &mut [Sums; ROWS],
    dots: &[Sums; ROWS],
    scales: Sums,
) {
    for (scaled, dots) in scaled.iter_mut().zip(dots) {
        for part in 0..2 {
            let product = _mm256_mullo_epi32(dots[part], scales[part]);
            scaled[part] = _mm256_add_epi32(scaled[part], product);
        }
    }
}

/// Small numbers of 32 bits in both their halves.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn twice(numbers: __m256i) -> __m256i {
    _mm256_or_si256(numbers, _mm256_slli_epi32::<16>(numbers))
}

/// Adds sums, times the scales of weights and activations.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
unsafe fn add_floats<const ROWS: usize>(
    totals: &mut [[__m256; 2]; ROWS],
    sums: &[Sums; ROWS],
    scales: [__m256; 2],
    job: &Job,
    block: usize,
) {
    for (row, (totals, sums)) in totals.iter_mut().zip(sums).enumerate() {
        // SAFETY: each row has a scale for each block.
        let scale = _mm256_set1_ps(unsafe { *job.scales.add(row * job.blocks + block) });
        for part in 0..2 {
            let both = _mm256_mul_ps(scales[part], scale);
            totals[part] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[part]), both, totals[part]);
        }
    }
}

/// Takes off minima times sums of activations.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
unsafe fn take_minima<const ROWS: usize>(
    totals: &mut [[__m256; 2]; ROWS],
    job: &Job,
    block: usize,
    head: *const u8,
) {
    // SAFETY: a head is 64 bytes of scales in 16 bits, 128 of scales and 128 of minima; a row has a
    // sum for each 32 inputs.
    unsafe {
        let mut least = [[_mm256_setzero_si256(); 2]; ROWS];
        for two in 0..4 {
            let at = head.add(12 * LANES + two * 2 * LANES);
            let minima =
                [at, at.add(2 * WIDE)].map(|at| _mm256_cvtepu8_epi16(_mm_loadu_si128(at.cast())));
            for (row, least) in least.iter_mut().enumerate() {
                let sums = job.sums.add(row * (job.inputs / 32) + block * 8 + two * 2);
                let sums = broadcast::<0>(sums.cast());
                for part in 0..2 {
                    let product = _mm256_madd_epi16(minima[part], sums);
                    least[part] = _mm256_add_epi32(least[part], product);
                }
            }
        }
        let minima = [halves(head.add(2 * LANES)), halves(head.add(2 * LANES + 2 * WIDE))];
        for (row, (totals, least)) in totals.iter_mut().zip(&least).enumerate() {
            let scale = _mm256_set1_ps(*job.scales.add(row * job.blocks + block));
            for part in 0..2 {
                let both = _mm256_mul_ps(minima[part], scale);
                let floats = _mm256_cvtepi32_ps(least[part]);
                totals[part] = _mm256_fnmadd_ps(floats, both, totals[part]);
            }
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
unsafe fn store<const ROWS: usize>(job: &Job, totals: &[[[__m256; 2]; ROWS]; 2]) {
    for (half, totals) in totals.iter().enumerate() {
        for (row, totals) in totals.iter().enumerate() {
            // SAFETY: a row of results has these 32 columns, and they are ours.
            unsafe {
                let out = job.out.add(row * job.outputs + half * LANES);
                _mm256_storeu_ps(out, totals[0]);
                _mm256_storeu_ps(out.add(WIDE), totals[1]);
            }
        }
    }
}

/// The `QUAD`th quad of 32 inputs of 16 outputs, one byte a weight, without its sign.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
unsafe fn weights<const HIGH: usize, const QUAD: usize>(low: *const u8, high: *const u8) -> Sums {
    // SAFETY: as the caller has them, each register's at its place.
    unsafe { [weight::<HIGH, QUAD>(low, high), weight::<HIGH, QUAD>(low.add(32), high.add(32))] }
}

/// The same for 8 outputs.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
unsafe fn weight<const HIGH: usize, const QUAD: usize>(low: *const u8, high: *const u8) -> __m256i {
    // SAFETY: 32 inputs have 256 bytes of low bits and 64 times `HIGH` of high bits.
    let (low, high) = unsafe {
        let low = load(low.add(QUAD / 2 * 64));
        match HIGH {
            0 => (low, _mm256_setzero_si256()),
            1 => (low, load(high)),
            _ => (low, load(high.add(QUAD / 4 * 64))),
        }
    };
    let low = if QUAD.is_multiple_of(2) { low } else { _mm256_srli_epi16::<4>(low) };
    let low = _mm256_and_si256(low, _mm256_set1_epi8(15));
    // Bits `HIGH · QUAD…` go to bits `4…`.
    let high = match (HIGH, QUAD) {
        (0, _) => return low,
        (1, 0) | (2, 0 | 4) => _mm256_slli_epi16::<4>(high),
        (1, 1) => _mm256_slli_epi16::<3>(high),
        (1, 2) | (2, 1 | 5) => _mm256_slli_epi16::<2>(high),
        (1, 3) => _mm256_slli_epi16::<1>(high),
        (1, 4) | (2, 2 | 6) => high,
        (1, 5) => _mm256_srli_epi16::<1>(high),
        (1, 6) | (2, _) => _mm256_srli_epi16::<2>(high),
        _ => _mm256_srli_epi16::<3>(high),
    };
    let mask = _mm256_set1_epi8(if HIGH == 1 { 0x10 } else { 0x30 });
    _mm256_or_si256(low, _mm256_and_si256(high, mask))
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
unsafe fn load(at: *const u8) -> __m256i {
    // SAFETY: the caller has 32 bytes there.
    unsafe { _mm256_loadu_si256(at.cast()) }
}

/// Eight floats of 16 bits.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
unsafe fn halves(at: *const u8) -> __m256 {
    // SAFETY: the caller has 16 bytes there.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(at.cast()) })
}

/// The four bytes at `QUAD`, everywhere.
///
/// Not the intrinsic: LLVM would load several at once and shuffle, which takes what multiplies.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn broadcast<const QUAD: usize>(at: *const i8) -> __m256i {
    let four;
    // SAFETY: the caller has four bytes there.
    unsafe {
        core::arch::asm!(
            "vpbroadcastd {four}, dword ptr [{at} + {offset}]",
            four = out(ymm_reg) four,
            at = in(reg) at,
            offset = const 4 * QUAD,
            options(readonly, nostack, preserves_flags),
        );
    }
    four
}

/// `sum + a · b` over quads of bytes, `a` without sign. Only where there is AVX-VNNI.
#[target_feature(enable = "avx2")]
#[inline]
fn dot(mut sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
    // SAFETY: one instruction on registers; kernels with VNNI run only where it was detected.
    unsafe {
        core::arch::asm!(
            "{{vex}} vpdpbusd {sum}, {a}, {b}",
            sum = inout(ymm_reg) sum,
            a = in(ymm_reg) a,
            b = in(ymm_reg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}
