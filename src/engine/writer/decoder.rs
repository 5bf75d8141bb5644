//! The decoder: token ids in, logits out.
//!
//! Paper: `LLaMA` (arXiv 2302.13971) with the differences of [`Family`](super::family::Family); reference implementation:
//! llama.cpp's `build_llama`, `build_qwen2`, `build_qwen3`, `build_smollm3`. Shapes, T being the
//! tokens of a pass: hidden `[T, width]`, queries `[T, heads · d]`, keys and values
//! `[T, key heads · d]`. Sequences of a pass lie one after another, without padding: matrices see
//! all tokens at once, attention each sequence by itself.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::device::{Backend, Way};
use super::family::HeadNorms;
use super::linear::{Activations, Linear, multiply, unpacks, working_bytes};
use super::ops::{Attend, Attention, Packing, rms_norm, swiglu};
use super::packed::{Packed, Part};
use super::plan::Plan;
use super::rope::Rope;
use super::store::Sequence;
use super::tensors::{self, Pass, Tables};
use super::weights::Weights;
use crate::engine::Error;

/// What a GPU's libraries and a pass take besides, by estimate: no GPU has been measured.
const WORKING_BYTES: usize = 512 << 20;

/// A decoder ready to run.
pub(super) struct Decoder {
    plan: Plan,
    device: Device,
    rotations: Rotations,
    /// `[vocabulary, width]`: looked up at the start, and the output head where that is the same.
    /// Where it is not, it stays in the file's pages.
    table: QTensor,
    layers: Vec<Layer>,
    norm: Tensor,
    head: Head,
}

/// Tables of rotations, and with them how the decoder attends.
enum Rotations {
    Loops(Rope),
    Tensors(Tables),
}

/// What turns hidden states into logits.
enum Head {
    /// The token table.
    Table,
    /// A matrix of its own.
    Own(QTensor),
    /// Either in our kernels' order; and as it lies in the file, unless that is the token table.
    Packed(Part, Option<QTensor>),
    /// Either in floats, turned round: `[width, vocabulary]`.
    Floats(Tensor),
}

/// One sequence of a pass: what it remembers, and the tokens it now reads.
pub(super) struct Reading<'a> {
    pub(super) sequence: &'a mut Sequence,
    pub(super) ids: &'a [u32],
    /// Which of these tokens' results are wanted, in order.
    pub(super) chosen: &'a [usize],
}

impl Decoder {
    /// Reads it. The context is what the rotations are prepared for.
    pub(super) fn read(
        weights: &Weights,
        plan: Plan,
        context_tokens: usize,
        activations: Activations,
        backend: &Backend,
    ) -> Result<Self, Error> {
        let device = &backend.device;
        let packed = match activations {
            Activations::Rounded if device.is_cpu() => Packed::read(weights, plan.all_matrices())?,
            _ => Packed::none(),
        };
        let layers = (0..plan.layers_count)
            .map(|layer| Layer::read(weights, &packed, &plan, layer, activations, device))
            .collect::<Result<_, _>>()?;
        let dims = [plan.vocabulary, plan.width];
        let name = plan.head();
        let own = || weights.matrix(name, dims, device);
        let head = if unpacks(weights.place(name, &dims)?.kind, activations, device) {
            let matrix = weights.matrix(name, dims, &Device::Cpu)?;
            let turned = matrix.dequantize(device).and_then(|floats| floats.t());
            Head::Floats(turned.map_err(|e| weights.header().bad_tensor(name, &e.to_string()))?)
        } else {
            match (packed.part(name), plan.own_head) {
                (Some(part), true) => Head::Packed(part, Some(own()?)),
                (Some(part), false) => Head::Packed(part, None),
                (None, true) => Head::Own(own()?),
                (None, false) => Head::Table,
            }
        };
        let table_device = if matches!(head, Head::Table) { device } else { &Device::Cpu };
        let table = weights.matrix("token_embd.weight", dims, table_device)?;
        let norm = norm(weights, "output_norm.weight", plan.width, device)?;
        let rope = Rope::new(&plan, context_tokens);
        let rotations = match backend.way {
            Way::Loops => Rotations::Loops(rope),
            Way::Tensors => Rotations::Tensors(
                Tables::new(&rope, device).map_err(|source| Error::Decode { tokens: 0, source })?,
            ),
        };
        Ok(Self { device: device.clone(), rotations, table, layers, norm, head, plan })
    }

    /// An empty sequence for it.
    pub(super) fn sequence(&self) -> Sequence {
        let way = match &self.rotations {
            Rotations::Loops(_) => Way::Loops,
            Rotations::Tensors(_) => Way::Tensors,
        };
        Sequence::new(&self.plan, way)
    }

    /// About how many bytes of a GPU's memory a decoder takes: its matrices, a prefix and a
    /// sequence as long as the context, a layer of both in 32 bits, and room to work in.
    pub(super) fn device_bytes(weights: &Weights, plan: &Plan, context_tokens: usize) -> usize {
        let head = plan.head();
        let names = (0..plan.layers_count)
            .flat_map(|layer| {
                plan.matrices().map(|(name, ..)| format!("blk.{layer}.{name}.weight"))
            })
            .chain([head.to_owned()]);
        let matrices: usize = names
            .filter_map(|name| weights.header().tensor(&name))
            .map(|place| match place.kind {
                GgmlDType::F16 | GgmlDType::BF16 => place.range.len() * 2,
                _ => place.range.len(),
            })
            .sum();
        let layer = 2 * context_tokens * 2 * plan.key_width();
        let remembered = layer * size_of::<half::f16>() * plan.layers_count;
        matrices + remembered + layer * size_of::<f32>() + WORKING_BYTES
    }

    /// What it is made of.
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Bytes it holds: matrices in the order they are multiplied in, and tables. Of a token table
    /// that is no output head only the rows in use are in memory, which are not counted.
    pub(super) fn memory_bytes(&self) -> usize {
        let head = match &self.head {
            Head::Table => working_bytes(&self.table),
            Head::Own(matrix) => working_bytes(matrix),
            Head::Packed(part, _) => part.memory_bytes(),
            Head::Floats(floats) => floats.elem_count() * size_of::<f32>(),
        };
        let layers: usize = self.layers.iter().map(Layer::memory_bytes).sum();
        let rotations = match &self.rotations {
            Rotations::Loops(rope) => rope.memory_bytes(),
            Rotations::Tensors(tables) => tables.memory_bytes(),
        };
        rotations + head + layers
    }

    /// Has every matrix put into the order it is multiplied in, which candle does when it first
    /// needs to.
    pub(super) fn warm_up(&self) -> Result<(), Error> {
        let mut sequence = self.sequence();
        let ids: &[u32] = if self.plan.vocabulary > 1 { &[0, 1] } else { &[0] };
        let reading = Reading { sequence: &mut sequence, ids, chosen: &[0] };
        if let Some(hidden) = self.read_tokens(&mut [reading])? {
            self.logits(&hidden)?;
        }
        Ok(())
    }

    /// Reads tokens into their sequences and returns the hidden states of the chosen ones, in
    /// order: `[chosen, width]`, normalised for the output head; `None` when none is chosen.
    ///
    /// When it does not succeed the sequences are as they were.
    pub(super) fn read_tokens(
        &self,
        readings: &mut [Reading<'_>],
    ) -> Result<Option<Tensor>, Error> {
        let tokens = readings.iter().map(|reading| reading.ids.len()).sum();
        let hidden = self.hidden(readings).map_err(|source| Error::Decode { tokens, source })?;
        for reading in readings {
            reading.sequence.extend(reading.ids);
        }
        Ok(hidden)
    }

    /// Logits of every token of the vocabulary, a row for each hidden state.
    pub(super) fn logits(&self, hidden: &Tensor) -> Result<Vec<Vec<f32>>, Error> {
        let run = || {
            let logits = match &self.head {
                Head::Table => multiply(&self.table, hidden)?,
                Head::Own(matrix) => multiply(matrix, hidden)?,
                Head::Packed(part, _) => part.multiply(hidden)?,
                Head::Floats(floats) => hidden.matmul(floats)?,
            };
            logits.to_vec2()
        };
        run().map_err(|source| Error::Decode { tokens: hidden.dims()[0], source })
    }

    /// Logits of these tokens only, a row for each hidden state, in 32 bits throughout.
    pub(super) fn logits_of(&self, hidden: &Tensor, ids: &[u32]) -> Result<Vec<Vec<f32>>, Error> {
        let run = || {
            let ids = Tensor::new(ids, &self.device)?;
            let rows = match &self.head {
                Head::Table | Head::Packed(_, None) => self.table.embedding(&ids)?,
                Head::Own(matrix) | Head::Packed(_, Some(matrix)) => matrix.embedding(&ids)?,
                Head::Floats(floats) => floats.t()?.contiguous()?.index_select(&ids, 0)?,
            };
            let (rows, hidden) = (rows.to_vec2::<f32>()?, hidden.to_vec2::<f32>()?);
            let dot = |row: &Vec<f32>, state: &Vec<f32>| {
                let products = row.iter().zip(state).map(|(a, b)| f64::from(*a) * f64::from(*b));
                products.sum::<f64>() as f32
            };
            let logits = |state: &Vec<f32>| rows.iter().map(|row| dot(row, state)).collect();
            Ok(hidden.iter().map(logits).collect())
        };
        run().map_err(|source| Error::Decode { tokens: hidden.dims()[0], source })
    }

    fn hidden(&self, readings: &mut [Reading<'_>]) -> candle_core::Result<Option<Tensor>> {
        let mut packing = Packing { rows: Vec::new(), chosen: Vec::new() };
        let mut ids = Vec::new();
        for reading in readings.iter() {
            packing.rows.push((ids.len(), reading.ids.len()));
            packing.chosen.extend(reading.chosen.iter().map(|row| ids.len() + row));
            ids.extend_from_slice(reading.ids);
        }
        if ids.is_empty() {
            return Ok(None);
        }
        let mut sequences: Vec<&mut Sequence> =
            readings.iter_mut().map(|reading| &mut *reading.sequence).collect();
        let ids = Tensor::new(ids.as_slice(), &Device::Cpu)?;
        let mut hidden = self.table.embedding(&ids)?.to_device(&self.device)?;
        let pass = match &self.rotations {
            Rotations::Loops(_) => None,
            Rotations::Tensors(tables) => {
                Some(Pass::new(&self.plan, tables, &packing, &sequences)?)
            }
        };
        let all: Vec<usize> = (0..packing.rows_count()).collect();
        for (place, layer) in self.layers.iter().enumerate() {
            // Of the last layer only the chosen rows are needed, but everybody's keys and values.
            let wanted = if place + 1 == self.layers.len() { &packing.chosen } else { &all };
            let rotates = (self.plan.family.rotates)(place);
            let (by_loops, by_tensors);
            let attention: &dyn Attend = match (&self.rotations, &pass) {
                (Rotations::Tensors(_), Some(pass)) => {
                    by_tensors = tensors::Attention { pass, layer: place, rotates };
                    &by_tensors
                }
                (Rotations::Loops(rope), _) => {
                    by_loops = Attention {
                        layer: place,
                        head_width: self.plan.head_width,
                        key_heads_count: self.plan.key_heads_count,
                        rope: rotates.then_some(rope),
                    };
                    &by_loops
                }
                (Rotations::Tensors(_), None) => unreachable!("tensors have a pass"),
            };
            let after =
                layer.forward(&self.plan, attention, &hidden, wanted, &packing, &mut sequences)?;
            let Some(after) = after else { return Ok(None) };
            hidden = after;
        }
        Ok(Some(rms_norm(&hidden, &self.norm, self.plan.epsilon)?))
    }
}

struct Layer {
    attention_norm: Tensor,
    query: Linear,
    key: Linear,
    value: Linear,
    /// Of queries and of keys, where heads are normalised.
    head_norms: Option<(Tensor, Tensor)>,
    out: Linear,
    feed_norm: Tensor,
    gate: Linear,
    up: Linear,
    down: Linear,
}

impl Layer {
    fn read(
        weights: &Weights,
        packed: &Packed,
        plan: &Plan,
        layer: usize,
        activations: Activations,
        device: &Device,
    ) -> Result<Self, Error> {
        let linear = |(name, outputs, inputs): (&str, usize, usize), biased: bool| {
            let full = format!("blk.{layer}.{name}");
            Linear::read(weights, packed, (&full, outputs, inputs), biased, activations, device)
        };
        let norm = |name: &str, width: usize| {
            norm(weights, &format!("blk.{layer}.{name}.weight"), width, device)
        };
        let [query, key, value, out, gate, up, down] = plan.matrices();
        Ok(Self {
            attention_norm: norm("attn_norm", plan.width)?,
            query: linear(query, plan.biased)?,
            key: linear(key, plan.biased)?,
            value: linear(value, plan.biased)?,
            head_norms: match plan.family.head_norms {
                HeadNorms::None => None,
                HeadNorms::QueryAndKey => Some((
                    norm("attn_q_norm", plan.head_width)?,
                    norm("attn_k_norm", plan.head_width)?,
                )),
            },
            out: linear(out, false)?,
            feed_norm: norm("ffn_norm", plan.width)?,
            gate: linear(gate, false)?,
            up: linear(up, false)?,
            down: linear(down, false)?,
        })
    }

    /// `x` of all rows in, the wanted rows out; `None` when there are none.
    fn forward(
        &self,
        plan: &Plan,
        attention: &dyn Attend,
        x: &Tensor,
        wanted: &[usize],
        packing: &Packing,
        sequences: &mut [&mut Sequence],
    ) -> candle_core::Result<Option<Tensor>> {
        let normed = rms_norm(x, &self.attention_norm, plan.epsilon)?;
        let (x, query, key, value) = if wanted.len() == x.dim(0)? {
            let [query, key, value] =
                Linear::forward_all([&self.query, &self.key, &self.value], &normed)?;
            (x.clone(), Some(query), key, value)
        } else {
            let [key, value] = Linear::forward_all([&self.key, &self.value], &normed)?;
            if wanted.is_empty() {
                (x.clone(), None, key, value)
            } else {
                let rows: Vec<u32> = wanted.iter().map(|&row| row as u32).collect();
                let rows = Tensor::new(rows.as_slice(), x.device())?;
                let query = self.query.forward(&normed.index_select(&rows, 0)?)?;
                (x.index_select(&rows, 0)?, Some(query), key, value)
            }
        };
        let key = match &self.head_norms {
            Some((_, norm)) => norm_heads(&key, norm, plan.epsilon)?,
            None => key,
        };
        attention.remember(&key, &value, packing, sequences)?;
        let Some(query) = query else { return Ok(None) };
        let query = match &self.head_norms {
            Some((norm, _)) => norm_heads(&query, norm, plan.epsilon)?,
            None => query,
        };
        let found = attention.attend(&query, wanted, packing, sequences)?;
        let x = (x + self.out.forward(&found)?)?;
        let normed = rms_norm(&x, &self.feed_norm, plan.epsilon)?;
        let [gate, up] = Linear::forward_all([&self.gate, &self.up], &normed)?;
        Ok(Some((&x + self.down.forward(&swiglu(&gate, &up)?)?)?))
    }

    fn memory_bytes(&self) -> usize {
        [&self.query, &self.key, &self.value, &self.out, &self.gate, &self.up, &self.down]
            .iter()
            .map(|linear| linear.memory_bytes())
            .sum()
    }
}

fn norm_heads(rows: &Tensor, weight: &Tensor, epsilon: f32) -> candle_core::Result<Tensor> {
    let (tokens, width) = rows.dims2()?;
    let head = weight.dim(0)?;
    rms_norm(&rows.reshape((tokens * width / head, head))?, weight, epsilon)?
        .reshape((tokens, width))
}

fn norm(weights: &Weights, name: &str, width: usize, device: &Device) -> Result<Tensor, Error> {
    let floats = weights.floats(name, width)?;
    Tensor::from_vec(floats, width, device)
        .map_err(|source| weights.header().bad_tensor(name, &source.to_string()))
}
