//! What sets the families of decoders apart; all else they share.
//!
//! Each is the pre-norm decoder of `LLaMA` (Touvron et al. 2023, arXiv 2302.13971): RMS norms, rotary
//! positions, grouped-query attention, a gated feed-forward.

mod llama;
mod qwen2;
mod qwen3;
mod smollm3;

use super::header::Header;
use crate::engine::Error;

/// Which numbers of a head a rotation pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pairs {
    /// Neighbours, 2i and 2i + 1: files of these families have their rows put in this order.
    Neighbours,
    /// i and i + half the head, as in GPT-NeoX.
    Halves,
}

/// Whether query, key and value have a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bias {
    /// When the file has one.
    IfThere,
    /// Always.
    Always,
}

/// Whether queries and keys are normalised head by head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadNorms {
    /// They are not.
    None,
    /// Both, before they are rotated.
    QueryAndKey,
}

/// A family of decoders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    /// `general.architecture`, and the beginning of the family's metadata keys.
    pub(super) name: &'static str,
    pub(super) pairs: Pairs,
    pub(super) bias: Bias,
    pub(super) head_norms: HeadNorms,
    /// Whether a layer rotates its queries and keys.
    pub(super) rotates: fn(layer: usize) -> bool,
}

const FAMILIES: [&Family; 4] = [&llama::LLAMA, &qwen2::QWEN2, &qwen3::QWEN3, &smollm3::SMOLLM3];

impl Family {
    /// The family of a file.
    ///
    /// # Errors
    ///
    /// When the file names none of them; the error says which it names.
    pub(super) fn of(header: &Header) -> Result<&'static Self, Error> {
        let key = "general.architecture";
        let name = header.text(key)?.ok_or_else(|| header.bad_value(key, "is missing"))?;
        FAMILIES.into_iter().find(|family| family.name == name).ok_or_else(|| {
            let known = FAMILIES.map(|family| family.name).join(", ");
            header.bad_value(key, &format!("is {name:?}, expected one of {known}"))
        })
    }
}

/// Every layer does.
fn always(_layer: usize) -> bool {
    true
}
