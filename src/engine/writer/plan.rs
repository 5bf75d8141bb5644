//! What a decoder is made of, as its file's metadata and shapes say.

use super::family::{Bias, Family, HeadNorms};
use super::weights::Weights;
use crate::engine::Error;

/// The sizes of a decoder, checked against each other and the file's tensors.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) family: &'static Family,
    pub(super) layers_count: usize,
    /// Floats of a hidden state.
    pub(super) width: usize,
    /// Query heads.
    pub(super) heads_count: usize,
    /// Heads of keys and values; each serves as many query heads as every other.
    pub(super) key_heads_count: usize,
    /// Floats of a head.
    pub(super) head_width: usize,
    pub(super) feed_forward: usize,
    /// Rows of the token table.
    pub(super) vocabulary: usize,
    /// Tokens the model was made for.
    pub(super) context_tokens: usize,
    /// Added to the mean square by norms.
    pub(super) epsilon: f32,
    /// The base of the rotations' wavelengths.
    pub(super) rope_base: f64,
    /// What each pair's frequency is divided by; empty where nothing is stretched.
    pub(super) rope_factors: Vec<f32>,
    /// Whether query, key and value have a bias.
    pub(super) biased: bool,
    /// Whether the output head is a matrix of its own, not the token table again.
    pub(super) own_head: bool,
}

/// The longest context taken on: rotations beyond it lose precision in 32 bits.
const CONTEXT_TOKENS_MAX: usize = 1 << 20;
/// A shorter one holds no prompt.
const CONTEXT_TOKENS_MIN: usize = 16;

impl Plan {
    /// Reads it, and checks that every tensor is there in its shape.
    pub(super) fn read(weights: &Weights) -> Result<Self, Error> {
        let header = weights.header();
        let family = Family::of(header)?;
        let key = |name: &str| format!("{}.{name}", family.name);
        let number = |name: &str, max: usize| {
            let missing = || header.bad_value(&key(name), "is missing");
            header.number(&key(name), 1..=max)?.ok_or_else(missing)
        };
        if header.number(&key("expert_count"), 0..=1 << 16)?.is_some_and(|count| count > 0) {
            return Err(header.bad_value(&key("expert_count"), "is more than 0: no mixtures"));
        }
        let (width, heads_count) =
            (number("embedding_length", 1 << 17)?, number("attention.head_count", 1 << 10)?);
        let key_heads_count =
            header.number(&key("attention.head_count_kv"), 1..=heads_count)?.unwrap_or(heads_count);
        if !heads_count.is_multiple_of(key_heads_count) {
            let problem =
                format!("is {key_heads_count}, which does not divide {heads_count} heads");
            return Err(header.bad_value(&key("attention.head_count_kv"), &problem));
        }
        let head_width = match header.number(&key("attention.key_length"), 2..=1 << 10)? {
            Some(length) => length,
            None => width / heads_count,
        };
        let same = |name: &str| match header.number(&key(name), 1..=1 << 10)? {
            Some(length) if length != head_width => {
                let problem = format!("is {length}, expected {head_width}, the width of a head");
                Err(header.bad_value(&key(name), &problem))
            }
            _ => Ok(()),
        };
        same("attention.value_length")?;
        same("rope.dimension_count")?;
        if head_width == 0 || !head_width.is_multiple_of(2) {
            let problem = format!("leaves {head_width} floats a head, expected an even number");
            return Err(header.bad_value(&key("attention.head_count"), &problem));
        }
        let table = header.tensor("token_embd.weight").map(|place| place.dims.as_slice());
        let Some(&[vocabulary, _]) = table else {
            return Err(header.bad_tensor("token_embd.weight", "is missing or no matrix"));
        };
        let epsilon = key("attention.layer_norm_rms_epsilon");
        let plan = Self {
            family,
            layers_count: number("block_count", 1 << 10)?,
            width,
            heads_count,
            key_heads_count,
            head_width,
            feed_forward: number("feed_forward_length", 1 << 20)?,
            vocabulary,
            context_tokens: context(weights, family, number("context_length", usize::MAX)?)?,
            epsilon: header
                .positive(&epsilon)?
                .ok_or_else(|| header.bad_value(&epsilon, "is missing"))?
                as f32,
            rope_base: header.positive(&key("rope.freq_base"))?.unwrap_or(10_000.0),
            rope_factors: rope_factors(weights, family, head_width / 2)?,
            biased: match family.bias {
                Bias::Always => true,
                Bias::IfThere => header.tensor("blk.0.attn_q.bias").is_some(),
            },
            own_head: header.tensor("output.weight").is_some(),
        };
        plan.check(weights)?;
        Ok(plan)
    }

    /// Floats of all query heads.
    pub(super) fn query_width(&self) -> usize {
        self.heads_count * self.head_width
    }

    /// Floats of all key heads, and of all value heads.
    pub(super) fn key_width(&self) -> usize {
        self.key_heads_count * self.head_width
    }

    /// A layer's matrices: name, outputs, inputs.
    pub(super) fn matrices(&self) -> [(&'static str, usize, usize); 7] {
        let (queries, keys) = (self.query_width(), self.key_width());
        [
            ("attn_q", queries, self.width),
            ("attn_k", keys, self.width),
            ("attn_v", keys, self.width),
            ("attn_output", self.width, queries),
            ("ffn_gate", self.feed_forward, self.width),
            ("ffn_up", self.feed_forward, self.width),
            ("ffn_down", self.width, self.feed_forward),
        ]
    }

    /// The output head's name.
    pub(super) fn head(&self) -> &'static str {
        if self.own_head { "output.weight" } else { "token_embd.weight" }
    }

    /// Every matrix that is multiplied with: full name, outputs, inputs, in the order of a pass.
    pub(super) fn all_matrices(&self) -> impl Iterator<Item = (String, usize, usize)> {
        let matrices = self.matrices();
        let layers = (0..self.layers_count).flat_map(move |layer| {
            matrices.map(|(name, outputs, inputs)| {
                (format!("blk.{layer}.{name}.weight"), outputs, inputs)
            })
        });
        layers.chain([(self.head().to_owned(), self.vocabulary, self.width)])
    }

    fn check(&self, weights: &Weights) -> Result<(), Error> {
        weights.place("token_embd.weight", &[self.vocabulary, self.width])?;
        weights.place("output_norm.weight", &[self.width])?;
        if self.own_head {
            weights.place("output.weight", &[self.vocabulary, self.width])?;
        }
        for layer in 0..self.layers_count {
            for (name, outputs, inputs) in self.matrices() {
                weights.place(&format!("blk.{layer}.{name}.weight"), &[outputs, inputs])?;
                let bias = format!("blk.{layer}.{name}.bias");
                if self.biased && matches!(name, "attn_q" | "attn_k" | "attn_v") {
                    weights.place(&bias, &[outputs])?;
                } else if weights.header().tensor(&bias).is_some() {
                    return Err(weights.header().bad_tensor(&bias, "is not expected"));
                }
            }
            for name in ["attn_norm", "ffn_norm"] {
                weights.place(&format!("blk.{layer}.{name}.weight"), &[self.width])?;
            }
            for name in ["attn_q_norm", "attn_k_norm"] {
                let name = format!("blk.{layer}.{name}.weight");
                if self.family.head_norms == HeadNorms::QueryAndKey {
                    weights.place(&name, &[self.head_width])?;
                } else if weights.header().tensor(&name).is_some() {
                    return Err(weights.header().bad_tensor(&name, "is not expected"));
                }
            }
        }
        Ok(())
    }
}

/// The context, no longer than the window of layers that look back only so far: within it such a
/// window changes nothing.
fn context(weights: &Weights, family: &Family, tokens: usize) -> Result<usize, Error> {
    let key = format!("{}.attention.sliding_window", family.name);
    let window = weights.header().number(&key, 0..=usize::MAX)?.filter(|window| *window > 0);
    let tokens = tokens.min(window.unwrap_or(tokens)).min(CONTEXT_TOKENS_MAX);
    if tokens < CONTEXT_TOKENS_MIN {
        let key = format!("{}.context_length", family.name);
        let problem = format!("leaves {tokens} tokens, expected at least {CONTEXT_TOKENS_MIN}");
        return Err(weights.header().bad_value(&key, &problem));
    }
    Ok(tokens)
}

/// What rotations are stretched by: a factor a pair, one for all, or nothing.
fn rope_factors(weights: &Weights, family: &Family, pairs: usize) -> Result<Vec<f32>, Error> {
    let header = weights.header();
    let name = "rope_freqs.weight";
    if header.tensor(name).is_some() {
        let factors = weights.floats(name, pairs)?;
        if factors.iter().any(|factor| *factor <= 0.0) {
            return Err(header.bad_tensor(name, "holds factors that are not above 0"));
        }
        return Ok(factors);
    }
    let key = format!("{}.rope.scaling.type", family.name);
    match header.text(&key)? {
        // Files of before `rope.scaling` say it so.
        None => {
            let factor = header.positive(&format!("{}.rope.scale_linear", family.name))?;
            Ok(factor
                .filter(|factor| (factor - 1.0).abs() > f64::EPSILON)
                .map_or_else(Vec::new, |factor| vec![factor as f32; pairs]))
        }
        Some("none") => Ok(Vec::new()),
        Some("linear") => {
            let factor = header.positive(&format!("{}.rope.scaling.factor", family.name))?;
            Ok(vec![factor.unwrap_or(1.0) as f32; pairs])
        }
        Some(other) => {
            Err(header.bad_value(&key, &format!("is {other:?}, expected none or linear")))
        }
    }
}
