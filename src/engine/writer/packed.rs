//! Matrices in the order our kernels multiply them in, in one piece of memory.
//!
//! Where there is no kernel for the machine or for a matrix, candle multiplies ([`super::linear`]).
//! Large pages are not asked for: memory is fetched ahead, so that decoding is no quicker with them,
//! and a system that has to put them together first takes longer over that than the packing does.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use candle_core::quantized::GgmlDType;
use candle_core::{Device, Tensor};
use memmap2::{Mmap, MmapMut};

use super::crew::share;
use super::ops::with_floats;
use super::weights::Weights;
use crate::engine::Error;
use crate::engine::kernels::Tier;
use crate::engine::kernels::blocks::{
    Format, Matrix, OUTPUTS, Product, Rounded, multiply, supported,
};
use crate::engine::parallel::writer_threads;

/// Weights that one thread packs at once.
const WEIGHTS: usize = 1 << 20;

/// All packed matrices, by name.
pub(super) struct Packed {
    parts: BTreeMap<String, Part>,
}

/// A packed matrix.
#[derive(Clone)]
pub(super) struct Part {
    memory: Arc<Mmap>,
    range: Range<usize>,
    format: Format,
    outputs: usize,
    inputs: usize,
}

impl Packed {
    /// None at all: candle multiplies everything.
    pub(super) fn none() -> Self {
        Self { parts: BTreeMap::new() }
    }

    /// Packs those of the matrices, each with its outputs and inputs, that there is a kernel for.
    pub(super) fn read(
        weights: &Weights,
        matrices: impl Iterator<Item = (String, usize, usize)>,
    ) -> Result<Self, Error> {
        if !supported(Tier::best()) {
            return Ok(Self::none());
        }
        let mut plan = Vec::new();
        let mut end = 0;
        for (name, outputs, inputs) in matrices {
            let place = weights.place(&name, &[outputs, inputs])?;
            let Some(format) = format(place.kind) else { continue };
            let Some(bytes) = format.packed_bytes(outputs, inputs) else { continue };
            plan.push((name, format, outputs, inputs, end..end + bytes));
            end += bytes;
        }
        if plan.is_empty() {
            return Ok(Self::none());
        }
        let memory = |source| Error::Memory { bytes: end, source };
        let mut map = MmapMut::map_anon(end).map_err(memory)?;
        let mut work = Vec::new();
        let mut rest = &mut map[..];
        for (name, format, outputs, inputs, range) in &plan {
            let (target, after) = rest.split_at_mut(range.len());
            rest = after;
            let source = weights.bytes(weights.place(name, &[*outputs, *inputs])?);
            let pairs = (WEIGHTS / (inputs * OUTPUTS)).max(1);
            let sources = source.chunks(source.len() / (outputs / OUTPUTS) * pairs);
            let targets = target.chunks_mut(range.len() / (outputs / OUTPUTS) * pairs);
            work.extend(
                sources.zip(targets).map(|(source, target)| (*format, *inputs, source, target)),
            );
        }
        let work = Mutex::new(work.into_iter());
        let next = || work.lock().unwrap_or_else(PoisonError::into_inner).next();
        let run = || {
            while let Some((format, inputs, source, target)) = next() {
                format.pack(source, inputs, target);
            }
        };
        thread::scope(|scope| {
            for _ in 1..writer_threads() {
                scope.spawn(run);
            }
            run();
        });
        drop(work);
        let memory = Arc::new(map.make_read_only().map_err(memory)?);
        let part = |(name, format, outputs, inputs, range)| {
            (name, Part { memory: Arc::clone(&memory), range, format, outputs, inputs })
        };
        Ok(Self { parts: plan.into_iter().map(part).collect() })
    }

    /// The matrix of this name, if it was packed.
    pub(super) fn part(&self, name: &str) -> Option<Part> {
        self.parts.get(name).cloned()
    }
}

fn format(kind: GgmlDType) -> Option<Format> {
    match kind {
        GgmlDType::Q4_0 => Some(Format::Q4_0),
        GgmlDType::Q5_0 => Some(Format::Q5_0),
        GgmlDType::Q8_0 => Some(Format::Q8_0),
        GgmlDType::Q4K => Some(Format::Q4K),
        GgmlDType::Q5K => Some(Format::Q5K),
        GgmlDType::Q6K => Some(Format::Q6K),
        _ => None,
    }
}

impl Part {
    /// Bytes it holds.
    pub(super) fn memory_bytes(&self) -> usize {
        self.range.len()
    }

    /// `x Wᵀ` for rows `[T, inputs]`.
    pub(super) fn multiply(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let mut products = multiply_all(&[self], x)?;
        products.pop().ok_or_else(|| candle_core::Error::msg("a product for the matrix"))
    }

    fn matrix(&self) -> Matrix<'_> {
        Matrix {
            format: self.format,
            outputs: self.outputs,
            inputs: self.inputs,
            bytes: &self.memory[self.range.clone()],
        }
    }
}

/// `x Wᵀ` of several matrices with the same rows `[T, inputs]`, on all of candle's threads at once.
pub(super) fn multiply_all(parts: &[&Part], x: &Tensor) -> candle_core::Result<Vec<Tensor>> {
    let x = x.contiguous()?;
    let (rows, inputs) = x.dims2()?;
    let mut outs: Vec<Vec<f32>> = parts.iter().map(|part| vec![0.0; rows * part.outputs]).collect();
    with_floats(&x, |floats| run(parts, floats, inputs, &mut outs))?;
    let shaped =
        |(out, part): (Vec<f32>, &&Part)| Tensor::from_vec(out, (rows, part.outputs), &Device::Cpu);
    outs.into_iter().zip(parts).map(shaped).collect()
}

fn run(parts: &[&Part], rows: &[f32], inputs: usize, outs: &mut [Vec<f32>]) {
    let tier = Tier::best();
    // Activations rounded each way that some matrix wants.
    let mut rounded: Vec<Rounded> = Vec::new();
    for part in parts {
        let grain = part.format.grain();
        if rounded.iter().all(|rounded| rounded.grain() != grain) {
            rounded.push(Rounded::new(tier, rows, inputs, grain, &share));
        }
    }
    let mut products = Vec::new();
    for (part, out) in parts.iter().zip(outs) {
        let x = rounded.iter().find(|rounded| rounded.grain() == part.format.grain());
        products.extend(x.map(|x| Product { matrix: part.matrix(), x, out }));
    }
    multiply(tier, &mut products, &share);
}
