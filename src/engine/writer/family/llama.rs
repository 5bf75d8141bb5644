//! Llama 1 to 3.2, and what copies it: Mistral 7B, `TinyLlama`, `SmolLM` 1 and 2.
//!
//! Llama 3.1 stretches its rotations by a factor a pair (its `rope_scaling`, low frequencies by
//! 8 or 32, high ones not at all); files carry the factors as the tensor `rope_freqs.weight`.

use super::{Bias, Family, HeadNorms, Pairs, always};

pub(super) const LLAMA: Family = Family {
    name: "llama",
    pairs: Pairs::Neighbours,
    bias: Bias::IfThere,
    head_norms: HeadNorms::None,
    rotates: always,
};
