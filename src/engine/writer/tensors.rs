//! Rotations, attention and what is remembered, in candle's operations alone: for any device.
//!
//! The same sums as [`ops`](super::ops) makes by loops: keys and values are kept in 16 bits, every
//! product is made in 32. Shapes, d being a head's width: kept `[key heads, tokens, d]`, scores
//! `[key heads, group · rows, tokens]`. Tensors are never written to: a longer one is a new one, so
//! that clones of a sequence cannot spoil each other (candle's own caches write in place).

use candle_core::{DType, Device, Tensor};
use candle_nn::ops::softmax_last_dim;
use candle_nn::rotary_emb::{rope, rope_i};

use super::family::Pairs;
use super::ops::{Attend, Packing};
use super::plan::Plan;
use super::rope::Rope;
use super::store::Sequence;

/// Keys and values of a segment, a pair of tensors for each layer that has been written to.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    layers: Vec<Option<(Tensor, Tensor)>>,
}

impl Rows {
    /// None, of so many layers.
    pub(super) fn new(layers_count: usize) -> Self {
        Self { layers: vec![None; layers_count] }
    }

    /// As many layers, none of which has been written to.
    pub(super) fn emptied(&self) -> Self {
        Self::new(self.layers.len())
    }

    /// Puts keys and values `[key heads, tokens, d]` behind the first `length` tokens.
    pub(super) fn write(
        &mut self,
        layer: usize,
        length: usize,
        keys: &Tensor,
        values: &Tensor,
    ) -> candle_core::Result<()> {
        let behind =
            |kept: &Tensor, new: &Tensor| Tensor::cat(&[&kept.narrow(1, 0, length)?, new], 1);
        self.layers[layer] = Some(match &self.layers[layer] {
            Some((kept_keys, kept_values)) if length > 0 => {
                (behind(kept_keys, keys)?, behind(kept_values, values)?)
            }
            _ => (keys.clone(), values.clone()),
        });
        Ok(())
    }

    /// A layer's first `length` tokens; nothing when there are none.
    pub(super) fn layer(
        &self,
        layer: usize,
        length: usize,
    ) -> candle_core::Result<Option<(Tensor, Tensor)>> {
        match &self.layers[layer] {
            Some((keys, values)) if length > 0 => {
                Ok(Some((keys.narrow(1, 0, length)?, values.narrow(1, 0, length)?)))
            }
            _ => Ok(None),
        }
    }

    /// Its first `length` tokens and the first `more` of another, as one.
    pub(super) fn joined(
        &self,
        length: usize,
        other: &Self,
        more: usize,
    ) -> candle_core::Result<Self> {
        let mut layers = Vec::with_capacity(self.layers.len());
        for layer in 0..self.layers.len() {
            let parts = [self.layer(layer, length)?, other.layer(layer, more)?];
            layers.push(in_a_row(parts.into_iter().flatten().collect())?);
        }
        Ok(Self { layers })
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let bytes = |tensor: &Tensor| tensor.elem_count() * tensor.dtype().size_in_bytes();
        self.layers.iter().flatten().map(|(keys, values)| bytes(keys) + bytes(values)).sum()
    }
}

/// Keys and values of stretches of tokens, one after another.
pub(super) fn in_a_row(
    parts: Vec<(Tensor, Tensor)>,
) -> candle_core::Result<Option<(Tensor, Tensor)>> {
    if parts.len() < 2 {
        return Ok(parts.into_iter().next());
    }
    let (keys, values): (Vec<Tensor>, Vec<Tensor>) = parts.into_iter().unzip();
    Ok(Some((Tensor::cat(&keys, 1)?, Tensor::cat(&values, 1)?)))
}

/// [`Rope`]'s tables on a device: `[positions, d / 2]`.
pub(super) struct Tables {
    pairs: Pairs,
    cosines: Tensor,
    sines: Tensor,
}

impl Tables {
    pub(super) fn new(rope: &Rope, device: &Device) -> candle_core::Result<Self> {
        let (pairs, half, cosines, sines) = rope.tables();
        let table =
            |floats: &[f32]| Tensor::from_slice(floats, (floats.len() / half, half), device);
        Ok(Self { pairs, cosines: table(cosines)?, sines: table(sines)? })
    }

    pub(super) fn memory_bytes(&self) -> usize {
        2 * self.cosines.elem_count() * size_of::<f32>()
    }
}

/// Rows of a pass that ask: where they stand, and what they may see.
struct Asking {
    /// `[rows, d / 2]`
    cosines: Tensor,
    sines: Tensor,
    parts: Vec<Part>,
}

/// Rows of one sequence.
struct Part {
    sequence: usize,
    first: usize,
    count: usize,
    /// `[rows, tokens]`, minus infinity for tokens behind the row's own; nothing where each row
    /// sees all there is.
    mask: Option<Tensor>,
}

impl Asking {
    fn new(
        rows: &[usize],
        tables: &Tables,
        packing: &Packing,
        sequences: &[&mut Sequence],
    ) -> candle_core::Result<Self> {
        let device = tables.cosines.device();
        let mut positions: Vec<u32> = Vec::with_capacity(rows.len());
        let mut parts: Vec<Part> = Vec::new();
        for (place, &row) in rows.iter().enumerate() {
            let sequence = packing.rows.partition_point(|(first, _)| *first <= row) - 1;
            let before = sequences[sequence].length();
            positions.push((before + row - packing.rows[sequence].0) as u32);
            match parts.last_mut() {
                Some(part) if part.sequence == sequence => part.count += 1,
                _ => parts.push(Part { sequence, first: place, count: 1, mask: None }),
            }
        }
        for part in &mut parts {
            let tokens = sequences[part.sequence].length() + packing.rows[part.sequence].1;
            let own = &positions[part.first..][..part.count];
            if own.iter().all(|position| *position as usize + 1 == tokens) {
                continue;
            }
            let hidden = |position: u32| {
                move |token| if token > position as usize { f32::NEG_INFINITY } else { 0.0 }
            };
            let mask: Vec<f32> =
                own.iter().flat_map(|position| (0..tokens).map(hidden(*position))).collect();
            part.mask = Some(Tensor::from_vec(mask, (part.count, tokens), device)?);
        }
        let positions = Tensor::new(positions.as_slice(), device)?;
        Ok(Self {
            cosines: tables.cosines.index_select(&positions, 0)?,
            sines: tables.sines.index_select(&positions, 0)?,
            parts,
        })
    }
}

/// What all layers of a pass have in common.
pub(super) struct Pass<'a> {
    plan: &'a Plan,
    pairs: Pairs,
    all: Asking,
    /// The rows of the last layer; nothing when none is chosen.
    chosen: Option<Asking>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        tables: &Tables,
        packing: &Packing,
        sequences: &[&mut Sequence],
    ) -> candle_core::Result<Self> {
        let all: Vec<usize> = (0..packing.rows_count()).collect();
        let asking = |rows: &[usize]| Asking::new(rows, tables, packing, sequences);
        let chosen = if packing.chosen.is_empty() { None } else { Some(asking(&packing.chosen)?) };
        Ok(Self { plan, pairs: tables.pairs, all: asking(&all)?, chosen })
    }

    /// Rows `[rows, heads · d]` as heads `[heads, rows, d]`, turned to their positions if `rotates`.
    fn heads(&self, rows: &Tensor, asking: &Asking, rotates: bool) -> candle_core::Result<Tensor> {
        let (count, width) = rows.dims2()?;
        let d = self.plan.head_width;
        let heads = rows.reshape((1, count, width / d, d))?.transpose(1, 2)?.contiguous()?;
        let heads = match self.pairs {
            _ if !rotates => heads,
            Pairs::Halves => rope(&heads, &asking.cosines, &asking.sines)?,
            Pairs::Neighbours => rope_i(&heads, &asking.cosines, &asking.sines)?,
        };
        heads.squeeze(0)
    }
}

/// A layer's attention.
pub(super) struct Attention<'a> {
    pub(super) pass: &'a Pass<'a>,
    pub(super) layer: usize,
    /// Whether the layer rotates its queries and keys.
    pub(super) rotates: bool,
}

impl Attend for Attention<'_> {
    fn remember(
        &self,
        keys: &Tensor,
        values: &Tensor,
        packing: &Packing,
        sequences: &mut [&mut Sequence],
    ) -> candle_core::Result<()> {
        let keys = self.pass.heads(keys, &self.pass.all, self.rotates)?.to_dtype(DType::F16)?;
        let values = self.pass.heads(values, &self.pass.all, false)?.to_dtype(DType::F16)?;
        for (sequence, &(first, count)) in sequences.iter_mut().zip(&packing.rows) {
            if count > 0 {
                let own = |all: &Tensor| all.narrow(1, first, count)?.contiguous();
                sequence.write_rows(self.layer, &own(&keys)?, &own(&values)?)?;
            }
        }
        Ok(())
    }

    fn attend(
        &self,
        queries: &Tensor,
        rows: &[usize],
        packing: &Packing,
        sequences: &[&mut Sequence],
    ) -> candle_core::Result<Tensor> {
        let asking = match &self.pass.chosen {
            Some(chosen) if rows.len() < packing.rows_count() => chosen,
            _ => &self.pass.all,
        };
        let plan = self.pass.plan;
        let (d, heads, key_heads) = (plan.head_width, plan.heads_count, plan.key_heads_count);
        let group = heads / key_heads;
        let scale = 1.0 / (d as f64).sqrt();
        let queries = (self.pass.heads(queries, asking, self.rotates)? * scale)?;
        let mut found = Vec::with_capacity(asking.parts.len());
        for &Part { sequence, first, count, ref mask } in &asking.parts {
            let writing = packing.rows[sequence].1;
            let (keys, values) = sequences[sequence].rows(self.layer, writing)?;
            let (keys, values) = (keys.to_dtype(DType::F32)?, values.to_dtype(DType::F32)?);
            let tokens = keys.dim(1)?;
            let own = queries.narrow(1, first, count)?.contiguous()?;
            let scores = own.reshape((key_heads, group * count, d))?.matmul(&keys.t()?)?;
            let scores = match mask {
                Some(mask) => scores
                    .reshape((key_heads, group, count, tokens))?
                    .broadcast_add(mask)?
                    .reshape((key_heads, group * count, tokens))?,
                None => scores,
            };
            let mixed = softmax_last_dim(&scores)?.matmul(&values)?;
            found.push(
                mixed.reshape((heads, count, d))?.transpose(0, 1)?.reshape((count, heads * d))?,
            );
        }
        Tensor::cat(&found, 0)
    }
}
