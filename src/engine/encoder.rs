//! BERT's encoder over packed sequences.
//!
//! Devlin et al. 2018 (arXiv 1810.04805); reference implementation: candle-transformers'
//! `models/bert.rs`, which a test compares with. Post-norm, exact GELU, absolute positions, token
//! type 0. Sequences lie one after another without padding: `T` tokens of all sequences are rows of
//! one tensor `[T, 384]`, linear layers run over all of them, attention within each sequence.
//!
//! Two backends compute the same. [`Backend::Kernels`] is what runs: custom ops on candle tensors,
//! weights 8-bit in memory. [`Backend::Candle`] is candle's own ops on weights unpacked to floats: for
//! machines without a kernel, and as the reference the kernels are tested with.
//!
//! Rejected: `QMatMul` on the `Q8_0` weights. It rounds activations to 8 bits too, which over 120
//! mails takes the lowest cosine to the float model from .9993 to .9978. On one core (AVX-512, 256
//! rows, 10^9 products a second) it does 9 for 384 inputs, where candle has no repacked kernel, and
//! 67 for 1,536; floats do 51, our kernel 90.
//!
//! Shapes, for the embedded reader: `token_embd.weight [30522, 384]` and all matrices `Q8_0`,
//! `[outputs, inputs]`; query, key and value are one matrix `[1152, 384]`; feed-forward `[1536, 384]`
//! and `[384, 1536]`; 12 heads of 32; norms and biases F32.

use candle_core::quantized::QMatMul;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Device, Layout, Module, Shape, Tensor};

use super::Error;
use super::gguf::{BLOCK, BLOCK_BYTES, Gguf};
use super::kernels::Tier;
use super::kernels::attention::{HEAD, attend};
use super::kernels::elementwise::{Norm, add_and_normalise, gelu};
use super::kernels::linear::{Packed, Rounded, multiply};

/// The numbers that shape an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dimensions {
    /// Floats a token has.
    pub(super) width: usize,
    /// Floats between the two feed-forward matrices.
    pub(super) feed_forward: usize,
    /// How many layers.
    pub(super) layers_count: usize,
    /// How many heads, each 32 wide.
    pub(super) heads_count: usize,
}

impl Dimensions {
    /// Reads them from a file's metadata, and refuses what there are no kernels for.
    pub(super) fn read(gguf: &Gguf<'_>) -> Result<Self, Error> {
        let width = gguf.number("bert.embedding_length", 32..=4096)?;
        let feed_forward = gguf.number("bert.feed_forward_length", 32..=16_384)?;
        let layers_count = gguf.number("bert.block_count", 1..=64)?;
        let heads_count = gguf.number("bert.attention.head_count", 1..=128)?;
        if width != heads_count * HEAD {
            let problem =
                format!("is {heads_count} for a width of {width}, expected {}", width / HEAD);
            return Err(gguf.bad_metadata("bert.attention.head_count", problem));
        }
        if !feed_forward.is_multiple_of(BLOCK) {
            let problem = format!("is {feed_forward}, expected a multiple of {BLOCK}");
            return Err(gguf.bad_metadata("bert.feed_forward_length", problem));
        }
        Ok(Self { width, feed_forward, layers_count, heads_count })
    }
}

/// Token, position and type embeddings with their norm.
pub(super) struct Embeddings {
    tier: Tier,
    width: usize,
    /// `Q8_0` rows as they stand in the file.
    tokens: &'static [u8],
    /// `[positions, width]`, the type's embedding already added.
    positions: Vec<f32>,
    norm: Norm,
}

impl Embeddings {
    /// Reads them. The token table is not copied: rows are unpacked as they are needed.
    pub(super) fn read(
        gguf: &Gguf<'static>,
        dimensions: Dimensions,
        vocabulary: usize,
        window_tokens: usize,
    ) -> Result<Self, Error> {
        let width = dimensions.width;
        let tokens = gguf.q8_0("token_embd.weight", vocabulary, width)?;
        let positions_count = gguf.dims("position_embd.weight").map_or(0, |dims| dims[0]);
        if positions_count < window_tokens {
            let problem = format!("has {positions_count} rows, expected {window_tokens} or more");
            return Err(gguf.bad_tensor("position_embd.weight", problem));
        }
        let mut positions = gguf.floats("position_embd.weight", &[positions_count, width])?;
        positions.truncate(window_tokens * width);
        let types_count = gguf.dims("token_types.weight").map_or(0, |dims| dims[0]);
        let types = gguf.floats("token_types.weight", &[types_count, width])?;
        for row in positions.chunks_exact_mut(width) {
            row.iter_mut().zip(&types).for_each(|(position, first_type)| *position += first_type);
        }
        let norm = norm(gguf, "token_embd_norm", width)?;
        Ok(Self { tier: Tier::best(), width, tokens, positions, norm })
    }

    /// Bytes they hold, the token table in the binary included.
    pub(super) fn memory_bytes(&self) -> usize {
        self.tokens.len() + self.positions.len() * size_of::<f32>()
    }

    /// `[T, width]` for the ids of sequences of these lengths.
    fn forward(&self, ids: &[u32], lengths: &[usize]) -> candle_core::Result<Tensor> {
        let width = self.width;
        let mut rows = Vec::with_capacity(ids.len() * width);
        let mut places = Vec::with_capacity(ids.len() * width);
        let mut rest = ids;
        for &length in lengths {
            let (sequence, after) = rest.split_at(length);
            rest = after;
            let Some(positions) = self.positions.get(..length * width) else {
                candle_core::bail!("{length} tokens are more than the window holds")
            };
            places.extend_from_slice(positions);
            for &id in sequence {
                let row_bytes = width / BLOCK * BLOCK_BYTES;
                let start = id as usize * row_bytes;
                let Some(row) = self.tokens.get(start..start + row_bytes) else {
                    candle_core::bail!("token {id} is not in the vocabulary")
                };
                for block in row.chunks_exact(BLOCK_BYTES) {
                    let scale = half::f16::from_le_bytes([block[0], block[1]]).to_f32();
                    rows.extend(block[2..].iter().map(|&q| f32::from(q.cast_signed()) * scale));
                }
            }
        }
        add_and_normalise(self.tier, &self.norm, &mut rows, &places);
        Tensor::from_vec(rows, (ids.len(), width), &Device::Cpu)
    }
}

/// What computes the layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backend {
    /// candle's own ops.
    Candle,
    /// Our kernels, for an instruction set that has some.
    Kernels(Tier),
}

impl Backend {
    /// The quickest of this build on this machine.
    pub(super) fn best() -> Self {
        let tier = Tier::best();
        if tier.multiplies() { Self::Kernels(tier) } else { Self::Candle }
    }
}

/// The layers of an encoder.
pub(super) struct Encoder {
    dimensions: Dimensions,
    layers: Vec<Layer>,
}

struct Layer {
    /// Query, key and value in one.
    attention_in: Linear,
    attention_out: Linear,
    attention_norm: AddNorm,
    up: Linear,
    down: Linear,
    norm: AddNorm,
}

impl Encoder {
    /// Checks that every tensor is there with the right type, shape and place, and reads nothing.
    pub(super) fn check(gguf: &Gguf<'_>, dimensions: Dimensions) -> Result<(), Error> {
        for layer in 0..dimensions.layers_count {
            for (name, outputs, inputs) in matrices(dimensions) {
                gguf.q8_0(&format!("blk.{layer}.{name}.weight"), outputs, inputs)?;
                gguf.floats(&format!("blk.{layer}.{name}.bias"), &[outputs])?;
            }
            for name in ["attn_output_norm", "layer_output_norm"] {
                norm(gguf, &format!("blk.{layer}.{name}"), dimensions.width)?;
            }
        }
        Ok(())
    }

    /// Reads the layers into the backend's order.
    pub(super) fn read(
        gguf: &Gguf<'_>,
        dimensions: Dimensions,
        backend: Backend,
    ) -> Result<Self, Error> {
        let read = |layer| Layer::read(gguf, dimensions, layer, backend);
        let layers = (0..dimensions.layers_count).map(read).collect::<Result<_, _>>()?;
        Ok(Self { dimensions, layers })
    }

    /// Bytes the layers hold.
    pub(super) fn memory_bytes(&self) -> usize {
        let bytes = |layer: &Layer| {
            [&layer.attention_in, &layer.attention_out, &layer.up, &layer.down]
                .map(|linear| linear.memory_bytes)
                .iter()
                .sum::<usize>()
        };
        self.layers.iter().map(bytes).sum()
    }

    /// The last hidden states, `width` floats a token, of sequences of token ids that lie one after
    /// another and have these lengths.
    pub(super) fn hidden(
        &self,
        embeddings: &Embeddings,
        ids: &[u32],
        lengths: &[usize],
    ) -> Result<Vec<f32>, Error> {
        debug_assert_eq!(ids.len(), lengths.iter().sum::<usize>());
        let run = || {
            let mut hidden = embeddings.forward(ids, lengths)?;
            for layer in &self.layers {
                hidden = layer.forward(&hidden, lengths, self.dimensions.heads_count)?;
            }
            hidden.flatten_all()?.to_vec1::<f32>()
        };
        run().map_err(|source| Error::Forward { tokens: ids.len(), source })
    }
}

/// Name, outputs and inputs of a layer's matrices.
fn matrices(dimensions: Dimensions) -> [(&'static str, usize, usize); 6] {
    let Dimensions { width, feed_forward, .. } = dimensions;
    [
        ("attn_q", width, width),
        ("attn_k", width, width),
        ("attn_v", width, width),
        ("attn_output", width, width),
        ("ffn_up", feed_forward, width),
        ("ffn_down", width, feed_forward),
    ]
}

fn norm(gguf: &Gguf<'_>, name: &str, width: usize) -> Result<Norm, Error> {
    let epsilon = gguf.positive("bert.attention.layer_norm_epsilon")?.unwrap_or(1e-12);
    let weight = gguf.floats(&format!("{name}.weight"), &[width])?;
    let bias = gguf.floats(&format!("{name}.bias"), &[width])?;
    Ok(Norm { weight, bias, epsilon })
}

impl Layer {
    fn read(
        gguf: &Gguf<'_>,
        dimensions: Dimensions,
        layer: usize,
        backend: Backend,
    ) -> Result<Self, Error> {
        let [query, key, value, out, up, down] = matrices(dimensions);
        let linear = |parts: &[(&str, usize, usize)]| Linear::read(gguf, layer, parts, backend);
        let norm = |name: &str| {
            let norm = norm(gguf, &format!("blk.{layer}.{name}"), dimensions.width)?;
            Ok::<_, Error>(AddNorm { backend, norm })
        };
        Ok(Self {
            attention_in: linear(&[query, key, value])?,
            attention_out: linear(&[out])?,
            attention_norm: norm("attn_output_norm")?,
            up: Linear { then: Then::Gelu, ..linear(&[up])? },
            down: linear(&[down])?,
            norm: norm("layer_output_norm")?,
        })
    }

    fn forward(&self, x: &Tensor, lengths: &[usize], heads: usize) -> candle_core::Result<Tensor> {
        let attended = self.attention_in.forward(x)?;
        let attended = match self.attention_norm.backend {
            Backend::Candle => attend_by_candle(&attended, lengths, heads)?,
            Backend::Kernels(tier) => {
                attended.apply_op1_no_bwd(&Attention { tier, heads, lengths })?
            }
        };
        let attended = self.attention_out.forward(&attended)?;
        let x = self.attention_norm.forward(&attended, x)?;
        let fed = self.down.forward(&self.up.forward(&x)?)?;
        self.norm.forward(&fed, &x)
    }
}

/// A linear layer, and what follows it.
struct Linear {
    weight: Weight,
    bias: Vec<f32>,
    then: Then,
    memory_bytes: usize,
}

enum Weight {
    /// Our kernel's order.
    Packed(Tier, Packed),
    /// candle's.
    Floats(QMatMul),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Nothing,
    Gelu,
}

impl Linear {
    /// Reads matrices of the same inputs as one, their outputs one after another.
    fn read(
        gguf: &Gguf<'_>,
        layer: usize,
        parts: &[(&str, usize, usize)],
        backend: Backend,
    ) -> Result<Self, Error> {
        let weight_name = |name: &str| format!("blk.{layer}.{name}.weight");
        let mut bias = Vec::new();
        for (name, outputs, _) in parts {
            bias.extend(gguf.floats(&format!("blk.{layer}.{name}.bias"), &[*outputs])?);
        }
        let (first, _, inputs) = parts[0];
        let Backend::Kernels(tier) = backend else {
            let rows: Vec<Tensor> = parts
                .iter()
                .map(|(name, outputs, inputs)| gguf.unpacked(&weight_name(name), *outputs, *inputs))
                .collect::<Result<_, _>>()?;
            let rows = Tensor::cat(&rows, 0)
                .map_err(|source| gguf.bad_tensor(&weight_name(first), source.to_string()))?;
            let memory_bytes = rows.elem_count() * size_of::<f32>();
            let weight = Weight::Floats(QMatMul::Tensor(rows));
            return Ok(Self { weight, bias, then: Then::Nothing, memory_bytes });
        };
        let blocks: Vec<&[u8]> = parts
            .iter()
            .map(|(name, outputs, inputs)| gguf.q8_0(&weight_name(name), *outputs, *inputs))
            .collect::<Result<_, _>>()?;
        let packed = Packed::from_q8_0(&blocks, inputs).ok_or_else(|| {
            gguf.bad_tensor(
                &weight_name(first),
                "has outputs that are no multiple of 32".to_owned(),
            )
        })?;
        let memory_bytes = packed.memory_bytes();
        Ok(Self { weight: Weight::Packed(tier, packed), bias, then: Then::Nothing, memory_bytes })
    }

    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let Weight::Floats(weight) = &self.weight else {
            return x.apply_op1_no_bwd(self);
        };
        let bias = Tensor::new(self.bias.as_slice(), &Device::Cpu)?;
        let y = weight.forward(x)?.broadcast_add(&bias)?;
        if self.then == Then::Gelu { y.gelu_erf() } else { Ok(y) }
    }
}

fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("a tensor that is not contiguous")
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

impl CustomOp1 for Linear {
    fn name(&self) -> &'static str {
        "linear-q8_0"
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let Weight::Packed(tier, weight) = &self.weight else {
            candle_core::bail!("only packed weights have a kernel")
        };
        let (rows, inputs) = l.shape().dims2()?;
        if inputs != weight.inputs() {
            candle_core::bail!("{inputs} inputs, expected {}", weight.inputs())
        }
        let x = Rounded::new(*tier, floats(s, l)?, inputs);
        let mut out = vec![0.0; rows * weight.outputs()];
        multiply(*tier, weight, &x, &self.bias, &mut out);
        if self.then == Then::Gelu {
            gelu(*tier, &mut out);
        }
        Ok((CpuStorage::F32(out), Shape::from((rows, weight.outputs()))))
    }
}

struct Attention<'a> {
    tier: Tier,
    heads: usize,
    lengths: &'a [usize],
}

impl CustomOp1 for Attention<'_> {
    fn name(&self) -> &'static str {
        "packed-attention"
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (tokens, _) = l.shape().dims2()?;
        let width = self.heads * HEAD;
        let mut out = vec![0.0; tokens * width];
        attend(self.tier, self.heads, self.lengths, floats(s, l)?, &mut out);
        Ok((CpuStorage::F32(out), Shape::from((tokens, width))))
    }
}

/// The same attention, by candle's ops.
fn attend_by_candle(rows: &Tensor, lengths: &[usize], heads: usize) -> candle_core::Result<Tensor> {
    let mut start = 0;
    let mut attended = Vec::with_capacity(lengths.len());
    for &length in lengths {
        // [length, 3, heads, 32] to three of [heads, length, 32]
        let rows = rows.narrow(0, start, length)?.reshape((length, 3, heads, HEAD))?;
        let part = |which| rows.narrow(1, which, 1)?.squeeze(1)?.transpose(0, 1)?.contiguous();
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let scores = (query.matmul(&key.t()?)? / (HEAD as f64).sqrt())?;
        let weights = candle_nn::ops::softmax_last_dim(&scores)?;
        let sums = weights.matmul(&value)?.transpose(0, 1)?;
        attended.push(sums.reshape((length, heads * HEAD))?);
        start += length;
    }
    Tensor::cat(&attended, 0)
}

/// Adds the residual and normalises.
struct AddNorm {
    backend: Backend,
    norm: Norm,
}

impl AddNorm {
    fn forward(&self, x: &Tensor, residual: &Tensor) -> candle_core::Result<Tensor> {
        if matches!(self.backend, Backend::Kernels(_)) {
            return x.apply_op2_no_bwd(residual, self);
        }
        let Norm { weight, bias, epsilon } = &self.norm;
        let weight = Tensor::new(weight.as_slice(), &Device::Cpu)?;
        let bias = Tensor::new(bias.as_slice(), &Device::Cpu)?;
        candle_nn::ops::layer_norm(&(x + residual)?, &weight, &bias, *epsilon)
    }
}

impl CustomOp2 for AddNorm {
    fn name(&self) -> &'static str {
        "add-norm"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let Backend::Kernels(tier) = self.backend else {
            candle_core::bail!("candle normalises by itself")
        };
        let mut out = floats(s1, l1)?.to_vec();
        add_and_normalise(tier, &self.norm, &mut out, floats(s2, l2)?);
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }
}
