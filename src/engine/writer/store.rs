//! What a decoder remembers of tokens it has read: their keys and values, in 16 bits.
//!
//! A sequence is a shared prefix and a tail of its own. The prefix is never written to again, so
//! many sequences can stand on it at once; the tail can be cut back to any length, after which it
//! is as if the rest had never been there. Layouts are those of the attention kernel, or tensors
//! where there is none ([`Way`]).

use std::sync::Arc;

use candle_core::Tensor;
use half::f16;
use half::slice::HalfFloatSliceExt;

use super::device::Way;
use super::plan::Plan;
use super::tensors::{Rows, in_a_row};
use crate::engine::kernels::causal::{KEYS, Span, padded};

/// Keys and values of consecutive tokens.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// Tokens that count: what lies beyond was written by a pass that was cut short or rolled back.
    length: usize,
    kept: Kept,
}

#[derive(Debug, Clone)]
enum Kept {
    Blocks(Blocks),
    Rows(Rows),
}

impl Segment {
    fn new(plan: &Plan, way: Way) -> Self {
        let kept = match way {
            Way::Loops => Kept::Blocks(Blocks::new(plan)),
            Way::Tensors => Kept::Rows(Rows::new(plan.layers_count)),
        };
        Self { length: 0, kept }
    }

    fn blocks(&self) -> &Blocks {
        match &self.kept {
            Kept::Blocks(blocks) => blocks,
            Kept::Rows(_) => unreachable!("loops are run on sequences made for them"),
        }
    }

    fn rows(&self) -> &Rows {
        match &self.kept {
            Kept::Rows(rows) => rows,
            Kept::Blocks(_) => unreachable!("tensors are run on sequences made for them"),
        }
    }

    /// The first `used` tokens of one segment and all of another, as one.
    fn joined(first: &Self, used: usize, second: &Self) -> candle_core::Result<Self> {
        let length = used + second.length;
        let kept = match &first.kept {
            Kept::Blocks(blocks) => {
                Kept::Blocks(joined(blocks, used, second.blocks(), second.length))
            }
            Kept::Rows(rows) => Kept::Rows(rows.joined(used, second.rows(), second.length)?),
        };
        Ok(Self { length, kept })
    }

    fn memory_bytes(&self) -> usize {
        match &self.kept {
            Kept::Blocks(blocks) => blocks.memory_bytes(),
            Kept::Rows(rows) => rows.memory_bytes(),
        }
    }
}

/// Keys and values as the attention kernel reads them.
#[derive(Debug, Clone)]
struct Blocks {
    head_width: usize,
    heads_count: usize,
    /// `[layers · key heads]`
    heads: Vec<Head>,
}

#[derive(Debug, Clone, Default)]
struct Head {
    /// `[keys/16][d][16]`
    keys: Vec<f16>,
    /// `[keys][d padded]`
    values: Vec<f16>,
}

impl Blocks {
    fn new(plan: &Plan) -> Self {
        let heads = vec![Head::default(); plan.layers_count * plan.key_heads_count];
        Self { head_width: plan.head_width, heads_count: plan.key_heads_count, heads }
    }

    fn span(&self, layer: usize, head: usize, length: usize) -> Span<'_> {
        let head = &self.heads[layer * self.heads_count + head];
        Span { keys: &head.keys, values: &head.values, length }
    }

    /// Writes the keys and values of tokens after the first `length`. `keys` and `values` are rows
    /// of all heads. They count once the pass is over.
    fn write(&mut self, layer: usize, length: usize, keys: &[f32], values: &[f32]) {
        let (width, value_width) = (self.head_width, padded(self.head_width));
        let row_width = width * self.heads_count;
        let after = length + keys.len() / row_width;
        let mut rounded = vec![f16::ZERO; row_width];
        let layer = layer * self.heads_count;
        for head in &mut self.heads[layer..layer + self.heads_count] {
            head.keys.resize(after.div_ceil(KEYS) * width * KEYS, f16::ZERO);
            head.values.resize(after * value_width, f16::ZERO);
        }
        let rows = keys.chunks_exact(row_width).zip(values.chunks_exact(row_width));
        for (place, (keys, values)) in (length..).zip(rows) {
            rounded.convert_from_f32_slice(keys);
            for (head, keys) in self.heads[layer..].iter_mut().zip(rounded.chunks_exact(width)) {
                let block = &mut head.keys[place / KEYS * width * KEYS..];
                for (dim, key) in keys.iter().enumerate() {
                    block[dim * KEYS + place % KEYS] = *key;
                }
            }
            rounded.convert_from_f32_slice(values);
            for (head, values) in self.heads[layer..].iter_mut().zip(rounded.chunks_exact(width)) {
                head.values[place * value_width..][..width].copy_from_slice(values);
            }
        }
    }

    fn memory_bytes(&self) -> usize {
        let bytes = |head: &Head| (head.keys.len() + head.values.len()) * size_of::<f16>();
        self.heads.iter().map(bytes).sum()
    }
}

/// Tokens read, and what is remembered of them.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    /// Nothing, or a segment and how many of its tokens stand at the front.
    prefix: Option<(Arc<Segment>, usize)>,
    tail: Segment,
    ids: Vec<u32>,
}

impl Sequence {
    /// An empty one.
    pub(super) fn new(plan: &Plan, way: Way) -> Self {
        Self { prefix: None, tail: Segment::new(plan, way), ids: Vec::new() }
    }

    /// The tokens it stands for.
    pub(super) fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// How many there are.
    pub(super) fn length(&self) -> usize {
        self.ids.len()
    }

    /// Forgets all but the first `length` tokens.
    pub(super) fn truncate(&mut self, length: usize) {
        if length >= self.ids.len() {
            return;
        }
        self.ids.truncate(length);
        let shared = self.prefix.as_mut().map_or(0, |(_, used)| {
            *used = length.min(*used);
            *used
        });
        self.tail.length = length - shared;
    }

    /// Shares what is remembered: any number of sequences can start from it.
    ///
    /// A sequence that stands on a prefix already is copied into one segment, for which a device's
    /// memory may not do.
    pub(super) fn share(&self) -> candle_core::Result<Self> {
        let kept = match &self.tail.kept {
            Kept::Blocks(blocks) => {
                Kept::Blocks(Blocks { heads: vec![Head::default(); blocks.heads.len()], ..*blocks })
            }
            Kept::Rows(rows) => Kept::Rows(rows.emptied()),
        };
        let segment = match &self.prefix {
            None => self.tail.clone(),
            Some((segment, used)) => Segment::joined(segment, *used, &self.tail)?,
        };
        let used = segment.length;
        Ok(Self {
            prefix: Some((Arc::new(segment), used)),
            tail: Segment { length: 0, kept },
            ids: self.ids.clone(),
        })
    }

    /// Key and value of all tokens, and of the `writing` tokens written by the pass at hand.
    pub(super) fn spans(&self, layer: usize, head: usize, writing: usize) -> Vec<Span<'_>> {
        let mut spans = Vec::with_capacity(2);
        if let Some((segment, used)) = &self.prefix {
            spans.push(segment.blocks().span(layer, head, *used));
        }
        spans.push(self.tail.blocks().span(layer, head, self.tail.length + writing));
        spans
    }

    /// The same as tensors `[key heads, tokens, d]` in 16 bits: keys, then values.
    pub(super) fn rows(
        &self,
        layer: usize,
        writing: usize,
    ) -> candle_core::Result<(Tensor, Tensor)> {
        let mut parts = Vec::with_capacity(2);
        if let Some((segment, used)) = &self.prefix {
            parts.extend(segment.rows().layer(layer, *used)?);
        }
        parts.extend(self.tail.rows().layer(layer, self.tail.length + writing)?);
        in_a_row(parts)?.ok_or_else(|| candle_core::Error::msg("a layer that was never written to"))
    }

    /// Writes a layer's keys and values of the tokens a pass adds.
    pub(super) fn write(&mut self, layer: usize, keys: &[f32], values: &[f32]) {
        let length = self.tail.length;
        match &mut self.tail.kept {
            Kept::Blocks(blocks) => blocks.write(layer, length, keys, values),
            Kept::Rows(_) => unreachable!("loops are run on sequences made for them"),
        }
    }

    /// The same for tensors `[key heads, tokens, d]` in 16 bits.
    pub(super) fn write_rows(
        &mut self,
        layer: usize,
        keys: &Tensor,
        values: &Tensor,
    ) -> candle_core::Result<()> {
        let length = self.tail.length;
        match &mut self.tail.kept {
            Kept::Rows(rows) => rows.write(layer, length, keys, values),
            Kept::Blocks(_) => unreachable!("tensors are run on sequences made for them"),
        }
    }

    /// Ends a pass: the tokens written count from now on.
    pub(super) fn extend(&mut self, ids: &[u32]) {
        self.ids.extend_from_slice(ids);
        self.tail.length += ids.len();
    }

    /// Bytes of the shared prefix.
    pub(super) fn prefix_bytes(&self) -> usize {
        self.prefix.as_ref().map_or(0, |(segment, _)| segment.memory_bytes())
    }
}

/// The first `used` tokens of one and the first `more` of another, as one.
fn joined(first: &Blocks, used: usize, second: &Blocks, more: usize) -> Blocks {
    let width = first.head_width;
    let value_width = padded(width);
    let length = used + more;
    let heads = first.heads.iter().zip(&second.heads).map(|(one, two)| {
        let mut keys = vec![f16::ZERO; length.div_ceil(KEYS) * width * KEYS];
        let mut copy = |from: &Head, count: usize, start: usize| {
            for place in 0..count {
                let to = start + place;
                for dim in 0..width {
                    keys[(to / KEYS * width + dim) * KEYS + to % KEYS] =
                        from.keys[(place / KEYS * width + dim) * KEYS + place % KEYS];
                }
            }
        };
        copy(one, used, 0);
        copy(two, more, used);
        let mut values = one.values[..used * value_width].to_vec();
        values.extend_from_slice(&two.values[..more * value_width]);
        Head { keys, values }
    });
    Blocks { head_width: width, heads_count: first.heads_count, heads: heads.collect() }
}
