//! Kernels for AVX-512 with VNNI.

use core::arch::x86_64::{
    __m512, __m512i, _mm_loadu_si128, _mm256_loadu_si256, _mm512_add_epi32, _mm512_and_si512,
    _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps, _mm512_cvtepu8_epi16, _mm512_cvtepu8_epi32,
    _mm512_cvtph_ps, _mm512_fmadd_ps, _mm512_fnmadd_ps, _mm512_loadu_si512, _mm512_mul_ps,
    _mm512_mullo_epi32, _mm512_or_si512, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_setzero_si512, _mm512_slli_epi16, _mm512_srli_epi16,
    _mm512_storeu_ps,
};
use std::ops::Range;

use super::{Format, LANES, Matrix, OUTPUTS, Rounded, SUPER};

/// Bytes of activations that stay in the second-level cache while a strip of the matrix passes by.
const ACTIVATIONS_CACHED: usize = 384 << 10;
/// The most rows a kernel takes at once: with two registers of sums a row, and as many of products,
/// what the registers hold.
const ROWS_MOST: usize = 6;

/// What a kernel is handed: some rows of activations, and one pair of tiles as deep as the matrix.
struct Job {
    weights: *const u8,
    blocks: usize,
    inputs: usize,
    values: *const i8,
    scales: *const f32,
    starts: *const i32,
    sums: *const i16,
    out: *mut f32,
    outputs: usize,
}

/// # Safety
///
/// The machine has AVX-512 F, BW, VL and VNNI; `matrix`, `x` and `out` agree in shape; nobody else
/// writes the columns of `pairs`.
pub(super) unsafe fn multiply(
    matrix: &Matrix<'_>,
    x: &Rounded,
    pairs: Range<usize>,
    out: *mut f32,
) {
    let (inputs, outputs) = (matrix.inputs, matrix.outputs);
    let blocks = inputs / matrix.format.block();
    let rows = x.rows();
    let strip = (ACTIVATIONS_CACHED / inputs).max(ROWS_MOST) / ROWS_MOST * ROWS_MOST;
    for first in (0..rows).step_by(strip) {
        let end = rows.min(first + strip);
        for pair in pairs.clone() {
            let weights = matrix.bytes[pair * blocks * matrix.format.pair_bytes()..].as_ptr();
            let mut row = first;
            while row < end {
                let count = match end - row {
                    ROWS_MOST.. => ROWS_MOST,
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
                unsafe { run(matrix.format, count, &job) };
                row += count;
            }
        }
    }
}

unsafe fn run(format: Format, rows: usize, job: &Job) {
    macro_rules! heights {
        ($kernel:ident $(, $high:literal)?) => {
            match rows {
                1 => $kernel::<1 $(, $high)?>(job),
                2 => $kernel::<2 $(, $high)?>(job),
                4 => $kernel::<4 $(, $high)?>(job),
                _ => $kernel::<ROWS_MOST $(, $high)?>(job),
            }
        };
    }
    // SAFETY: as the caller promised.
    unsafe {
        match format {
            Format::Q8_0 => heights!(blocks_of_32),
            Format::Q4K => heights!(super_blocks, 0),
            Format::Q5K => heights!(super_blocks, 1),
            Format::Q6K => heights!(super_blocks, 2),
        }
    }
}

/// Repeats something for each of eight quads, or of four.
macro_rules! each {
    (8, $step:ident) => {
        each!(4, $step);
        $step!(4);
        $step!(5);
        $step!(6);
        $step!(7);
    };
    (4, $step:ident) => {
        $step!(0);
        $step!(1);
        $step!(2);
        $step!(3);
    };
    (4 to 8, $step:ident) => {
        $step!(4);
        $step!(5);
        $step!(6);
        $step!(7);
    };
}

/// `Q8_0`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn blocks_of_32<const ROWS: usize>(job: &Job) {
    const HEAD: usize = Format::Q8_0.head_bytes();
    const BODY: usize = Format::Q8_0.body_bytes();
    // SAFETY: throughout, offsets lie within the job's rows and its pair of tiles.
    unsafe {
        let mut totals = [[_mm512_setzero_ps(); 2]; ROWS];
        for block in 0..job.blocks {
            let head = job.weights.add(block * Format::Q8_0.pair_bytes());
            let body = head.add(2 * HEAD);
            let values = job.values.add(block * 32);
            let mut dots = [[_mm512_setzero_si512(); 2]; ROWS];
            for (row, dots) in dots.iter_mut().enumerate() {
                *dots = [_mm512_set1_epi32(*job.starts.add(row * job.blocks + block)); 2];
            }
            macro_rules! step {
                ($quad:literal) => {
                    let weights = [load(body.add($quad * 64)), load(body.add(BODY + $quad * 64))];
                    for (row, dots) in dots.iter_mut().enumerate() {
                        let four = broadcast(values.add(row * job.inputs + $quad * 4));
                        dots[0] = dot(dots[0], weights[0], four);
                        dots[1] = dot(dots[1], weights[1], four);
                    }
                };
            }
            each!(8, step);
            let scales = [halves(head), halves(head.add(HEAD))];
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
                let values = job.values.add(block * SUPER + sub * 32);
                let mut dots = [[_mm512_setzero_si512(); 2]; ROWS];
                macro_rules! step {
                    ($quad:literal) => {
                        let weights = [
                            weights::<HIGH, $quad>(bodies[0], sub),
                            weights::<HIGH, $quad>(bodies[1], sub),
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
unsafe fn weights<const HIGH: usize, const QUAD: usize>(body: *const u8, sub: usize) -> __m512i {
    let mask = |bits: i8| _mm512_set1_epi8(bits);
    // SAFETY: a body is 8 times 256 bytes of low bits, then 8 times 64 or 128 of high bits.
    let (low, high) = unsafe {
        let low = load(body.add(sub * 256 + QUAD / 2 * 64));
        let high = body.add(SUPER * LANES / 2);
        match HIGH {
            0 => (low, _mm512_setzero_si512()),
            1 => (low, load(high.add(sub * 64))),
            _ => (low, load(high.add(sub * 128 + QUAD / 4 * 64))),
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
