//! `SmolLM3`: every fourth layer does not rotate (`NoPE`, arXiv 2501.18795).
//!
//! The step of four stands in no metadata; llama.cpp has it as a constant too
//! (`n_no_rope_layer_step` of `LLM_ARCH_SMOLLM3`).

use super::{Bias, Family, HeadNorms, Pairs};

pub(super) const SMOLLM3: Family = Family {
    name: "smollm3",
    pairs: Pairs::Neighbours,
    bias: Bias::IfThere,
    head_norms: HeadNorms::None,
    rotates: |layer| !(layer + 1).is_multiple_of(4),
};
