//! Weights where they lie: tensors of a memory-mapped file, without a copy.
//!
//! candle's loader reads each tensor into a `Vec`, copies it into blocks, and keeps that beside
//! the order its kernels want. Here a tensor's blocks are the file's own pages: what the kernels
//! repack is read once and given back to the system ([`Weights::forget_pages`]), and the token
//! table costs only the rows in use.
#![allow(
    unsafe_code,
    reason = "a memory map, and its bytes seen as the blocks they are; each block says why it is sound"
)]

use std::fs::File;
use std::marker::PhantomData;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use candle_core::quantized::k_quants::{
    BlockQ2K, BlockQ3K, BlockQ4_0, BlockQ4_1, BlockQ4K, BlockQ5_0, BlockQ5_1, BlockQ5K, BlockQ6K,
    BlockQ8_0, matmul, matmul_f16,
};
use candle_core::quantized::{GgmlDType, GgmlType, QStorage, QTensor, QuantizedType};
use candle_core::{CpuStorage, Device};
use half::{bf16, f16};
use memmap2::Mmap;

use super::header::{Header, Place};
use crate::engine::Error;

/// A GGUF file whose header was found sound.
pub(super) struct Weights {
    header: Header,
    map: Arc<Mmap>,
}

impl Weights {
    /// Maps a file and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let opening = |source| Error::Open { file: name.clone(), source };
        let file = File::open(path).map_err(opening)?;
        if file.metadata().map_err(opening)?.len() == 0 {
            return Err(Error::Foreign { file: name, problem: "it is empty".to_owned() });
        }
        // SAFETY: nobody may change the file while it is mapped. Model files are written once
        // under another name and renamed into place; a file the user added is theirs to leave be.
        let map = unsafe { Mmap::map(&file) }.map_err(opening)?;
        Ok(Self { header: Header::parse(&name, &map)?, map: Arc::new(map) })
    }

    /// What the file says of itself.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// Lets go of what the header said but the tensors' places: the vocabulary above all.
    pub(super) fn forget_values(&mut self) {
        self.header.forget_values();
    }

    /// The file's length.
    pub(super) fn file_bytes(&self) -> usize {
        self.map.len()
    }

    /// A tensor's place, which must have these dimensions.
    pub(super) fn place(&self, name: &str, dims: &[usize]) -> Result<&Place, Error> {
        let Some(place) = self.header.tensor(name) else {
            return Err(self.header.bad_tensor(name, "is missing"));
        };
        if place.dims == dims {
            return Ok(place);
        }
        let problem = format!("has shape {:?}, expected {dims:?}", place.dims);
        Err(self.header.bad_tensor(name, &problem))
    }

    /// A tensor's bytes.
    pub(super) fn bytes(&self, place: &Place) -> &[u8] {
        &self.map[place.range.clone()]
    }

    /// A matrix, its blocks left in the file where the device is a processor.
    pub(super) fn matrix(
        &self,
        name: &str,
        dims: [usize; 2],
        device: &Device,
    ) -> Result<QTensor, Error> {
        let place = self.place(name, &dims)?;
        let storage = if device.is_cpu() {
            Ok(QStorage::Cpu(self.mapped(place)))
        } else {
            QStorage::from_data(self.map[place.range.clone()].into(), device, place.kind)
        };
        storage
            .and_then(|storage| QTensor::new(storage, (dims[0], dims[1])))
            .map_err(|source| self.header.bad_tensor(name, &source.to_string()))
    }

    /// A short vector as floats.
    pub(super) fn floats(&self, name: &str, count: usize) -> Result<Vec<f32>, Error> {
        let place = self.place(name, &[count])?;
        match self.mapped(place).dequantize(count) {
            Ok(CpuStorage::F32(floats)) if floats.iter().all(|float| float.is_finite()) => {
                Ok(floats)
            }
            Ok(_) => Err(self.header.bad_tensor(name, "holds numbers that are not finite")),
            Err(source) => Err(self.header.bad_tensor(name, &source.to_string())),
        }
    }

    /// Tells the system that the file's pages in memory are not needed for now. They come back
    /// from the file when they are touched.
    pub(super) fn forget_pages(&self) {
        #[cfg(unix)]
        // SAFETY: the map is shared and was never written to, so a page that is dropped comes back
        // with the same bytes. Advice that is not taken changes nothing.
        let _ = unsafe { self.map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
    }

    fn mapped(&self, place: &Place) -> Box<dyn QuantizedType> {
        let range = place.range.clone();
        match place.kind {
            GgmlDType::F32 => self.blocks::<f32>(range),
            GgmlDType::F16 => self.blocks::<f16>(range),
            GgmlDType::BF16 => self.blocks::<bf16>(range),
            GgmlDType::Q4_0 => self.blocks::<BlockQ4_0>(range),
            GgmlDType::Q4_1 => self.blocks::<BlockQ4_1>(range),
            GgmlDType::Q5_0 => self.blocks::<BlockQ5_0>(range),
            GgmlDType::Q5_1 => self.blocks::<BlockQ5_1>(range),
            GgmlDType::Q8_0 => self.blocks::<BlockQ8_0>(range),
            GgmlDType::Q2K => self.blocks::<BlockQ2K>(range),
            GgmlDType::Q3K => self.blocks::<BlockQ3K>(range),
            GgmlDType::Q4K => self.blocks::<BlockQ4K>(range),
            GgmlDType::Q5K => self.blocks::<BlockQ5K>(range),
            GgmlDType::Q6K => self.blocks::<BlockQ6K>(range),
            // The header admits no weights of these; were there some, candle copies them.
            kind @ (GgmlDType::Q8_1 | GgmlDType::Q8K) => kind.from_data(self.map[range].into()),
        }
    }

    fn blocks<T: Plain + 'static>(&self, range: Range<usize>) -> Box<dyn QuantizedType> {
        Box::new(Mapped::<T>::new(Arc::clone(&self.map), range))
    }
}

/// Marks types that any bytes are a value of.
///
/// # Safety
///
/// The type is plain numbers without padding, and its alignment divides 8.
unsafe trait Plain: GgmlType {}

macro_rules! plain {
    ($($name:ty),*) => {
        $(
            // SAFETY: a number, or a `repr(C)` struct of `f16`, `u8` and `i8` fields without
            // padding (candle asserts their sizes), aligned to 1, 2 or 4.
            unsafe impl Plain for $name {}
        )*
    };
}
plain!(f32, f16, bf16, BlockQ4_0, BlockQ4_1, BlockQ5_0, BlockQ5_1, BlockQ8_0);
plain!(BlockQ2K, BlockQ3K, BlockQ4K, BlockQ5K, BlockQ6K);

/// Blocks within a memory map.
struct Mapped<T> {
    map: Arc<Mmap>,
    range: Range<usize>,
    of: PhantomData<T>,
}

impl<T: Plain> Mapped<T> {
    fn new(map: Arc<Mmap>, range: Range<usize>) -> Self {
        let bytes = &map[range.clone()];
        assert!(bytes.as_ptr().addr().is_multiple_of(align_of::<T>()), "tensors start at 8, 16 …");
        assert!(bytes.len().is_multiple_of(size_of::<T>()), "a tensor is whole blocks");
        Self { map, range, of: PhantomData }
    }

    fn blocks(&self) -> &[T] {
        let bytes = &self.map[self.range.clone()];
        // SAFETY: `new` checked alignment and length, any bytes are a `T`, and the map lives as
        // long as `self` and is never written to.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<T>()) }
    }
}

impl<T: Plain> QuantizedType for Mapped<T> {
    fn dtype(&self) -> GgmlDType {
        T::DTYPE
    }

    fn matmul_t(
        &self,
        mkn: (usize, usize, usize),
        lhs: &[f32],
        dst: &mut [f32],
    ) -> candle_core::Result<()> {
        matmul(mkn, lhs, self.blocks(), dst)
    }

    fn matmul_t_f16(
        &self,
        mkn: (usize, usize, usize),
        lhs: &[f16],
        dst: &mut [f16],
    ) -> candle_core::Result<()> {
        matmul_f16(mkn, lhs, self.blocks(), dst)
    }

    fn embedding(
        &self,
        ids: &[u32],
        rows: usize,
        hidden: usize,
    ) -> candle_core::Result<CpuStorage> {
        let blocks = self.blocks();
        let row_blocks = hidden / T::BLCK_SIZE;
        if !hidden.is_multiple_of(T::BLCK_SIZE) || blocks.len() != rows * row_blocks {
            candle_core::bail!("{} blocks are not {rows} rows of {hidden}", blocks.len())
        }
        let mut out = vec![0.0; ids.len() * hidden];
        for (&id, row) in ids.iter().zip(out.chunks_exact_mut(hidden)) {
            let start = id as usize * row_blocks;
            let Some(blocks) = blocks.get(start..start + row_blocks) else {
                candle_core::bail!("token {id} is not among the {rows} of the vocabulary")
            };
            T::to_float(blocks, row);
        }
        Ok(CpuStorage::F32(out))
    }

    fn dequantize(&self, elem_count: usize) -> candle_core::Result<CpuStorage> {
        let mut floats = vec![0.0; elem_count];
        T::to_float(self.blocks(), &mut floats);
        Ok(CpuStorage::F32(floats))
    }

    fn storage_size_in_bytes(&self) -> usize {
        self.range.len()
    }

    fn as_ptr(&self) -> *const u8 {
        self.map[self.range.clone()].as_ptr()
    }

    fn block_size(&self) -> usize {
        T::BLCK_SIZE
    }

    fn from_float(&mut self, _: &[f32]) {
        unreachable!("weights are never written to");
    }

    fn from_float_imatrix(&mut self, _: &[f32], _: &[f32], _: usize) {
        unreachable!("weights are never written to");
    }

    fn size(&self) -> usize {
        self.range.len()
    }
}
