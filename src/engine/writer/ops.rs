//! What lies between the matrices, for the device at hand.
//!
//! On a processor these are our own loops over floats; elsewhere candle's operations stand in their
//! place: [`tensors`](super::tensors) attends, behind [`Attend`]. Threads are those of candle's own pool: it multiplies right before
//! and after, and a second pool would have to be woken each time.

use std::sync::{Mutex, OnceLock, PoisonError};

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Shape, Storage, Tensor};

use super::crew::share;
use super::rope::Rope;
use super::store::Sequence;
use crate::engine::kernels::Tier;
use crate::engine::kernels::causal::{Query, attend as attend_head, gate};
use crate::engine::kernels::elementwise::normalise_rms;

/// Query rows one thread takes on at once.
const ROWS: usize = 16;
/// Floats one thread normalises at once.
const NORMED: usize = 1 << 14;
/// Gates one thread takes on at once.
const GATES: usize = 1 << 14;

/// Where each sequence's new tokens stand in a packed pass.
pub(super) struct Packing {
    /// Of each sequence: its first row in the pass, and how many rows it has.
    pub(super) rows: Vec<(usize, usize)>,
    /// Rows whose result is wanted, in order.
    pub(super) chosen: Vec<usize>,
}

impl Packing {
    /// All rows.
    pub(super) fn rows_count(&self) -> usize {
        self.rows.iter().map(|(_, count)| count).sum()
    }
}

/// A tensor's floats, row after row.
pub(super) fn floats(tensor: &Tensor) -> candle_core::Result<Vec<f32>> {
    tensor.flatten_all()?.to_dtype(DType::F32)?.to_vec1()
}

/// Divides each row by the root of its mean square and scales it (Zhang and Sennrich 2019).
pub(super) fn rms_norm(x: &Tensor, weight: &Tensor, epsilon: f32) -> candle_core::Result<Tensor> {
    let x = x.contiguous()?;
    if x.device().is_cpu() {
        return x.apply_op2_no_bwd(weight, &RmsNorm { epsilon });
    }
    candle_nn::ops::rms_norm(&x, weight, epsilon)
}

struct RmsNorm {
    epsilon: f32,
}

impl CustomOp2 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (mut rows, weight) = (slice(s1, l1)?.to_vec(), slice(s2, l2)?);
        if weight.is_empty() || !rows.len().is_multiple_of(weight.len()) {
            candle_core::bail!("rows as wide as the norm")
        }
        let many = (NORMED / weight.len()).max(1) * weight.len();
        let chunks: Vec<_> = rows.chunks_mut(many).map(Mutex::new).collect();
        share(chunks.len(), &|range| {
            for chunk in &chunks[range] {
                let mut chunk = chunk.lock().unwrap_or_else(PoisonError::into_inner);
                normalise_rms(Tier::best(), &mut chunk, weight, self.epsilon);
            }
        });
        drop(chunks);
        Ok((CpuStorage::F32(rows), l1.shape().clone()))
    }
}

/// `silu(gate) · up`.
pub(super) fn swiglu(gate: &Tensor, up: &Tensor) -> candle_core::Result<Tensor> {
    if gate.device().is_cpu() {
        return gate.apply_op2_no_bwd(up, &SwiGlu);
    }
    candle_nn::ops::silu(gate)? * up
}

struct SwiGlu;

impl CustomOp2 for SwiGlu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (mut gates, up) = (slice(s1, l1)?.to_vec(), slice(s2, l2)?);
        let tier = Tier::best();
        if gates.len() <= GATES {
            gate(tier, &mut gates, up);
            return Ok((CpuStorage::F32(gates), l1.shape().clone()));
        }
        let chunks = gates.chunks_mut(GATES).zip(up.chunks(GATES));
        let chunks: Vec<_> = chunks.map(Mutex::new).collect();
        share(chunks.len(), &|range| {
            for chunk in &chunks[range] {
                let mut chunk = chunk.lock().unwrap_or_else(PoisonError::into_inner);
                let (gates, up) = &mut *chunk;
                gate(tier, gates, up);
            }
        });
        drop(chunks);
        Ok((CpuStorage::F32(gates), l1.shape().clone()))
    }
}

fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("a tensor that is not contiguous")
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Runs `work` on a tensor's floats where they lie.
pub(super) fn with_floats<R>(
    tensor: &Tensor,
    work: impl FnOnce(&[f32]) -> R,
) -> candle_core::Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => Ok(work(slice(storage, layout)?)),
        _ => candle_core::bail!("a tensor that is not in memory"),
    }
}

/// How a layer looks back.
pub(super) trait Attend {
    /// Remembers keys and values `[T, key heads · d]` of all rows.
    fn remember(
        &self,
        keys: &Tensor,
        values: &Tensor,
        packing: &Packing,
        sequences: &mut [&mut Sequence],
    ) -> candle_core::Result<()>;

    /// What the queries `[rows, heads · d]` of these rows of the pass find: a tensor like them.
    /// There is at least one row.
    fn attend(
        &self,
        queries: &Tensor,
        rows: &[usize],
        packing: &Packing,
        sequences: &[&mut Sequence],
    ) -> candle_core::Result<Tensor>;
}

/// A layer's attention, by loops.
pub(super) struct Attention<'a> {
    pub(super) layer: usize,
    pub(super) head_width: usize,
    pub(super) key_heads_count: usize,
    /// Rotations, unless the layer has none.
    pub(super) rope: Option<&'a Rope>,
}

impl Attend for Attention<'_> {
    fn remember(
        &self,
        keys: &Tensor,
        values: &Tensor,
        packing: &Packing,
        sequences: &mut [&mut Sequence],
    ) -> candle_core::Result<()> {
        let width = self.head_width * self.key_heads_count;
        let mut keys = floats(keys)?;
        with_floats(values, |values| {
            for (sequence, &(first, count)) in sequences.iter_mut().zip(&packing.rows) {
                let keys = &mut keys[first * width..][..count * width];
                if let Some(rope) = self.rope {
                    let positions = sequence.length()..;
                    for (row, position) in keys.chunks_exact_mut(width).zip(positions) {
                        rope.rotate(row, position);
                    }
                }
                sequence.write(self.layer, keys, &values[first * width..][..count * width]);
            }
        })
    }

    fn attend(
        &self,
        queries: &Tensor,
        rows: &[usize],
        packing: &Packing,
        sequences: &[&mut Sequence],
    ) -> candle_core::Result<Tensor> {
        let (rows_count, width) = queries.dims2()?;
        let mut queries = floats(queries)?;
        // Of each row: its sequence, and how many tokens it sees.
        let places: Vec<(usize, usize)> = rows
            .iter()
            .map(|&row| {
                let sequence = packing.rows.partition_point(|(first, _)| *first <= row) - 1;
                (sequence, sequences[sequence].length() + row - packing.rows[sequence].0 + 1)
            })
            .collect();
        if let Some(rope) = self.rope {
            for (row, (_, visible)) in queries.chunks_exact_mut(width).zip(&places) {
                rope.rotate(row, visible - 1);
            }
        }
        let group = width / self.head_width / self.key_heads_count;
        let tokens = (ROWS / group).max(1);
        let mut work = Vec::new();
        let mut first = 0;
        while first < rows_count {
            let sequence = places[first].0;
            let same = places[first..].iter().take(tokens).take_while(|place| place.0 == sequence);
            let count = same.count();
            work.extend((0..self.key_heads_count).map(|head| (first, count, sequence, head)));
            first += count;
        }
        let attend = |&(first, count, sequence, head): &(usize, usize, usize, usize)| {
            let rows = (first..first + count).flat_map(|row| {
                let start = row * width + head * group * self.head_width;
                let heads =
                    queries[start..][..group * self.head_width].chunks_exact(self.head_width);
                heads.map(move |heads| (row, heads))
            });
            let asked: Vec<Query<'_>> =
                rows.map(|(row, heads)| Query { row: heads, visible: places[row].1 }).collect();
            let spans = sequences[sequence].spans(self.layer, head, packing.rows[sequence].1);
            attend_head(Tier::best(), self.head_width, &asked, &spans)
        };
        let found: Vec<OnceLock<Vec<f32>>> = work.iter().map(|_| OnceLock::new()).collect();
        share(work.len(), &|range| {
            for place in range {
                found[place].get_or_init(|| attend(&work[place]));
            }
        });
        let mut out = vec![0.0; rows_count * width];
        for ((first, count, _, head), found) in work.iter().copied().zip(found) {
            let run = group * self.head_width;
            let found = found.into_inner().unwrap_or_default();
            for (row, found) in (first..first + count).zip(found.chunks_exact(run)) {
                out[row * width + head * run..][..run].copy_from_slice(found);
            }
        }
        Tensor::from_vec(out, (rows_count, width), queries_device())
    }
}

/// The only device these loops run on.
fn queries_device() -> &'static candle_core::Device {
    &candle_core::Device::Cpu
}
