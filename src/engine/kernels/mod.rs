//! The loops reader and writer spend their time in, each for the instruction set at hand.
//!
//! Why own kernels: [`blocks`] says it for the writer. For the reader, candle's `QMatMul` rounds
//! activations to 8 bits, which puts search vectors below a cosine of .999 to the float model, and
//! its GELU and layer norm are scalar. Here weights stay 8-bit in memory, activations have 16 bits,
//! and sums are exact integers within a block.
//!
//! Plain loops ([`Kernel`]) are compiled once for each instruction set and need no intrinsics; only
//! [`linear`] and [`blocks`] have some. Every kernel gives the same result for a row whatever rows
//! surround it.
#![allow(
    unsafe_code,
    reason = "choosing instructions at run time; each block says why it is sound"
)]
#![allow(clippy::inline_always, reason = "a kernel gets its instruction set by being inlined")]
#![allow(clippy::cast_ptr_alignment, reason = "only unaligned loads and stores are used")]

pub(super) mod attention;
pub(super) mod blocks;
pub(super) mod causal;
pub(super) mod dot;
pub(super) mod elementwise;
pub(super) mod linear;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

/// The environment variable that names a lesser instruction set than this machine's best, to measure
/// it or to go round one that is broken: `portable`, `avx2`, `avx-vnni`, `avx512` or `avx512-vnni`.
const INSTRUCTIONS_VARIABLE: &str = "POSTROOM_INSTRUCTIONS";

/// An instruction set this machine has; only [`Tier::best`] and [`Tier::available`] make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tier(Level);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Level {
    /// What every machine of the architecture has.
    Portable,
    /// AVX2, FMA and F16C.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// The same with AVX-VNNI.
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    /// AVX-512 F, BW, DQ and VL.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// The same with VNNI.
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
}

impl Tier {
    /// The best instruction set of this machine, or that [`INSTRUCTIONS_VARIABLE`] names.
    pub(super) fn best() -> Self {
        static BEST: OnceLock<Tier> = OnceLock::new();
        *BEST.get_or_init(|| {
            let named = std::env::var(INSTRUCTIONS_VARIABLE).unwrap_or_default();
            let tiers = Self::available();
            let known = tiers.iter().rfind(|tier| tier.name() == named).or(tiers.last());
            known.copied().unwrap_or(Self(Level::Portable))
        })
    }

    fn name(self) -> &'static str {
        match self.0 {
            Level::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::AvxVnni => "avx-vnni",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni => "avx512-vnni",
        }
    }

    /// Every instruction set of this machine, the best one last.
    pub(super) fn available() -> Vec<Self> {
        let mut tiers = vec![Self(Level::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("f16c")
            {
                tiers.push(Self(Level::Avx2));
                if is_x86_feature_detected!("avxvnni") {
                    tiers.push(Self(Level::AvxVnni));
                }
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                {
                    tiers.push(Self(Level::Avx512));
                    if is_x86_feature_detected!("avx512vnni") {
                        tiers.push(Self(Level::Avx512Vnni));
                    }
                }
            }
        }
        tiers
    }

    /// Whether [`linear`] has a kernel for it; elsewhere candle's `QMatMul` is quicker.
    pub(super) fn multiplies(self) -> bool {
        self.0 != Level::Portable
    }
}

/// A loop to be compiled for every instruction set. `run` must be `#[inline(always)]`, and so must
/// everything in it that is hot.
trait Kernel {
    fn run<const FMA: bool>(self);
}

fn dispatch<K: Kernel>(tier: Tier, kernel: K) {
    match tier.0 {
        Level::Portable => kernel.run::<false>(),
        // SAFETY: a `Tier` of this level exists only where its features were detected.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::AvxVnni => unsafe { run_avx2(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 | Level::Avx512Vnni => unsafe { run_avx512(kernel) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<K: Kernel>(kernel: K) {
    kernel.run::<true>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn run_avx512<K: Kernel>(kernel: K) {
    kernel.run::<true>();
}

/// `a * b + c`, in one instruction where there is one (elsewhere `mul_add` is a slow call).
#[inline(always)]
fn multiply_add<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// Floats handled side by side: one AVX-512 register, two AVX2 registers.
const LANES: usize = 16;
