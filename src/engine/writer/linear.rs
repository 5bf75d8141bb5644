//! Products with weight matrices, by our kernels where there are some for the machine and the
//! matrix ([`super::packed`]), else by candle; always so that a row's result does not depend on the
//! rows beside it.
//!
//! That is what makes a shared prefix, a packed pass and a verified guess give the very tokens that
//! one token at a time would. candle keeps to it with one exception on x86: `Q6_K` has a kernel of
//! its own for a single row. A single row is doubled there, so that all rows take the same way.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::packed::{Packed, Part, multiply_all};
use super::weights::Weights;
use crate::engine::Error;

/// How exact the products are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activations {
    /// Rounded to 8 bits, block by block, where the weights are.
    #[default]
    Rounded,
    /// The same, by candle's kernels alone, to compare with.
    #[cfg(test)]
    Candle,
    /// In 32 bits, with weights unpacked: slow and large, to measure the rounding by.
    Floats,
}

/// A matrix `[outputs, inputs]`.
pub(super) struct Linear {
    weight: Weight,
    /// What is added to each row, when anything is.
    bias: Option<Tensor>,
}

enum Weight {
    /// For our kernels.
    Packed(Part),
    /// For candle's.
    Blocks(QTensor),
    /// Turned round: `[inputs, outputs]`.
    Floats(Tensor),
}

impl Linear {
    /// Reads a matrix, and its bias if `biased`.
    pub(super) fn read(
        weights: &Weights,
        packed: &Packed,
        (name, outputs, inputs): (&str, usize, usize),
        biased: bool,
        activations: Activations,
        device: &Device,
    ) -> Result<Self, Error> {
        let full = format!("{name}.weight");
        let bad =
            |source: candle_core::Error| weights.header().bad_tensor(&full, &source.to_string());
        let dims = [outputs, inputs];
        let weight = if let Some(part) = packed.part(&full) {
            Weight::Packed(part)
        } else if unpacks(weights.place(&full, &dims)?.kind, activations, device) {
            let blocks = weights.matrix(&full, dims, &Device::Cpu)?;
            Weight::Floats(blocks.dequantize(device).and_then(|floats| floats.t()).map_err(bad)?)
        } else {
            Weight::Blocks(weights.matrix(&full, dims, device)?)
        };
        let bias = if biased {
            let floats = weights.floats(&format!("{name}.bias"), outputs)?;
            Some(Tensor::from_vec(floats, outputs, device).map_err(bad)?)
        } else {
            None
        };
        Ok(Self { weight, bias })
    }

    /// `x Wᵀ + b` for rows `[T, inputs]`.
    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let product = match &self.weight {
            Weight::Packed(part) => part.multiply(x)?,
            Weight::Blocks(blocks) => multiply(blocks, x)?,
            Weight::Floats(floats) => x.matmul(floats)?,
        };
        self.shift(product)
    }

    /// Several matrices with the same rows, in one go; by candle where their types agree.
    pub(super) fn forward_all<const N: usize>(
        linears: [&Self; N],
        x: &Tensor,
    ) -> candle_core::Result<[Tensor; N]> {
        let mut products: [Option<Tensor>; N] = [const { None }; N];
        let places = (0..N).filter_map(|place| Some((place, linears[place].part()?)));
        let (places, parts): (Vec<usize>, Vec<&Part>) = places.unzip();
        if !parts.is_empty() {
            for (place, product) in places.into_iter().zip(multiply_all(&parts, x)?) {
                products[place] = Some(linears[place].shift(product)?);
            }
        }
        for first in 0..N {
            if products[first].is_some() {
                continue;
            }
            let Some(kind) = linears[first].kind() else {
                products[first] = Some(linears[first].forward(x)?);
                continue;
            };
            let alike: Vec<usize> =
                (first..N).filter(|&place| linears[place].kind() == Some(kind)).collect();
            let blocks: Vec<&QTensor> =
                alike.iter().filter_map(|&place| linears[place].blocks()).collect();
            match QTensor::gemv_fused_shared_lhs(&blocks, x)? {
                Some(fused) => {
                    for (place, product) in alike.into_iter().zip(fused) {
                        products[place] = Some(linears[place].shift(product)?);
                    }
                }
                None => {
                    for place in alike {
                        products[place] = Some(linears[place].forward(x)?);
                    }
                }
            }
        }
        let mut done = Vec::with_capacity(N);
        for product in products {
            done.extend(product);
        }
        done.try_into().map_err(|_| candle_core::Error::msg("a product for every matrix"))
    }

    /// Bytes it takes up.
    pub(super) fn memory_bytes(&self) -> usize {
        match &self.weight {
            Weight::Packed(part) => part.memory_bytes(),
            Weight::Blocks(blocks) => working_bytes(blocks),
            Weight::Floats(floats) => floats.elem_count() * size_of::<f32>(),
        }
    }

    fn part(&self) -> Option<&Part> {
        match &self.weight {
            Weight::Packed(part) => Some(part),
            Weight::Blocks(_) | Weight::Floats(_) => None,
        }
    }

    fn blocks(&self) -> Option<&QTensor> {
        match &self.weight {
            Weight::Blocks(blocks) => Some(blocks),
            Weight::Packed(_) | Weight::Floats(_) => None,
        }
    }

    fn kind(&self) -> Option<GgmlDType> {
        self.blocks().map(QTensor::dtype)
    }

    fn shift(&self, product: Tensor) -> candle_core::Result<Tensor> {
        match &self.bias {
            Some(bias) => product.broadcast_add(bias),
            None => Ok(product),
        }
    }
}

/// Whether a matrix is kept as floats: if asked for, and where it is no blocks to begin with and
/// the device multiplies only such as are (candle's `quantized/cuda.rs`).
pub(super) fn unpacks(kind: GgmlDType, activations: Activations, device: &Device) -> bool {
    let plain = matches!(kind, GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16);
    activations == Activations::Floats || (plain && !device.is_cpu())
}

/// `x Wᵀ` for a matrix in blocks.
pub(super) fn multiply(blocks: &QTensor, x: &Tensor) -> candle_core::Result<Tensor> {
    if blocks.dtype() == GgmlDType::Q6K && x.dim(0)? == 1 && x.device().is_cpu() {
        let twice = Tensor::cat(&[x, x], 0)?;
        return twice.apply_op1_no_bwd(blocks)?.narrow(0, 0, 1)?.contiguous();
    }
    x.contiguous()?.apply_op1_no_bwd(blocks)
}

/// Bytes of a matrix in the order candle multiplies it in: larger than the file's for two types
/// (`repack_x86.rs`: 6 bits a weight for `Q4_K`, 10 for `Q6_K`).
pub(super) fn working_bytes(blocks: &QTensor) -> usize {
    let repacked = cfg!(target_arch = "x86_64")
        && blocks.device().is_cpu()
        && matches!(blocks.shape().dims(), &[n, k] if n % 16 == 0 && k % 256 == 0);
    match blocks.dtype() {
        GgmlDType::Q4K if repacked => blocks.shape().elem_count() / 8 * 6,
        GgmlDType::Q6K if repacked => blocks.shape().elem_count() / 8 * 10,
        _ => blocks.storage_size_in_bytes(),
    }
}
