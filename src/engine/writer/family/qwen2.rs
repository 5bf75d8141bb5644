//! Qwen 2 and 2.5 (arXiv 2407.10671): query, key and value have a bias.

use super::{Bias, Family, HeadNorms, Pairs, always};

pub(super) const QWEN2: Family = Family {
    name: "qwen2",
    pairs: Pairs::Halves,
    bias: Bias::Always,
    head_norms: HeadNorms::None,
    rotates: always,
};
