//! Qwen 3 (arXiv 2505.09388): no bias, but queries and keys are normalised head by head.

use super::{Bias, Family, HeadNorms, Pairs, always};

pub(super) const QWEN3: Family = Family {
    name: "qwen3",
    pairs: Pairs::Halves,
    bias: Bias::IfThere,
    head_norms: HeadNorms::QueryAndKey,
    rotates: always,
};
