//! GGUF files in memory: the header is checked before any tensor is touched.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. The header is read by candle;
//! tensors are handed out as bytes of the file, so that embedded weights are not copied before they
//! are put into the shape the kernels want. GGUF lists dimensions innermost first; candle turns
//! them round, so a matrix is `[outputs, inputs]` here.

use std::io::Cursor;

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, TensorInfo, Value};
use candle_core::{Device, Tensor};

use super::Error;

/// Weights in a `Q8_0` block.
pub(super) const BLOCK: usize = 32;
/// Bytes of a `Q8_0` block: the scale as f16, then 32 signed bytes.
pub(super) const BLOCK_BYTES: usize = 34;

/// A GGUF file in memory.
pub(super) struct Gguf<'a> {
    file: &'static str,
    bytes: &'a [u8],
    content: Content,
}

impl<'a> Gguf<'a> {
    /// Reads the header. `file` names it in errors.
    pub(super) fn parse(file: &'static str, bytes: &'a [u8]) -> Result<Self, Error> {
        let content = Content::read(&mut Cursor::new(bytes))
            .map_err(|source| Error::Header { file: file.to_owned(), source })?;
        Ok(Self { file, bytes, content })
    }

    /// Whether the file holds a tensor of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    /// The dimensions of a tensor, outermost first; `None` when it is absent.
    pub(super) fn dims(&self, name: &str) -> Option<&[usize]> {
        self.content.tensor_infos.get(name).map(|info| info.shape.dims())
    }

    /// The `Q8_0` blocks of a matrix `[rows, columns]`, row after row.
    pub(super) fn q8_0(&self, name: &str, rows: usize, columns: usize) -> Result<&'a [u8], Error> {
        let info = self.info(name, &[rows, columns])?;
        if info.ggml_dtype != GgmlDType::Q8_0 || !columns.is_multiple_of(BLOCK) {
            let problem = format!("is {:?}, expected Q8_0", info.ggml_dtype);
            return Err(self.bad_tensor(name, problem));
        }
        self.data(name, info, rows * columns / BLOCK * BLOCK_BYTES)
    }

    /// The same matrix as floats.
    pub(super) fn unpacked(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Tensor, Error> {
        self.q8_0(name, rows, columns)?;
        self.info(name, &[rows, columns])?
            .read(&mut Cursor::new(self.bytes), self.content.tensor_data_offset, &Device::Cpu)
            .and_then(|tensor| tensor.dequantize(&Device::Cpu))
            .map_err(|source| self.bad_tensor(name, source.to_string()))
    }

    /// A tensor of F32 or F16 as floats.
    pub(super) fn floats(&self, name: &str, dims: &[usize]) -> Result<Vec<f32>, Error> {
        let info = self.info(name, dims)?;
        let count: usize = dims.iter().product();
        match info.ggml_dtype {
            GgmlDType::F32 => {
                let (values, _) = self.data(name, info, count * 4)?.as_chunks::<4>();
                Ok(values.iter().map(|&value| f32::from_le_bytes(value)).collect())
            }
            GgmlDType::F16 => {
                let (values, _) = self.data(name, info, count * 2)?.as_chunks::<2>();
                Ok(values.iter().map(|&value| half::f16::from_le_bytes(value).to_f32()).collect())
            }
            other => Err(self.bad_tensor(name, format!("is {other:?}, expected F32 or F16"))),
        }
    }

    /// A whole number from the metadata, within `range`.
    pub(super) fn number(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<usize>,
    ) -> Result<usize, Error> {
        let value = self.content.metadata.get(key);
        let number = match value {
            Some(Value::U32(number)) => *number as usize,
            Some(Value::U64(number)) => usize::try_from(*number).unwrap_or(usize::MAX),
            Some(Value::I32(number)) => usize::try_from(*number).unwrap_or(usize::MAX),
            Some(other) => {
                let problem = format!("is {:?}, expected a number", other.value_type());
                return Err(self.bad_metadata(key, problem));
            }
            None => return Err(self.bad_metadata(key, "is missing".to_owned())),
        };
        if range.contains(&number) {
            return Ok(number);
        }
        let problem = format!("is {number}, expected {} to {}", range.start(), range.end());
        Err(self.bad_metadata(key, problem))
    }

    /// A positive float from the metadata; `None` when it is absent.
    pub(super) fn positive(&self, key: &str) -> Result<Option<f32>, Error> {
        let value = match self.content.metadata.get(key) {
            None => return Ok(None),
            Some(Value::F32(value)) => *value,
            Some(Value::F64(value)) => *value as f32,
            Some(_) => return Err(self.bad_metadata(key, "is not a float".to_owned())),
        };
        if value.is_finite() && value > 0.0 {
            return Ok(Some(value));
        }
        Err(self.bad_metadata(key, format!("is {value}, expected more than 0")))
    }

    /// A list of strings from the metadata, which must be `expected`.
    pub(super) fn expect_labels(&self, key: &str, expected: &[&str]) -> Result<(), Error> {
        let found: Vec<&str> = match self.content.metadata.get(key) {
            Some(Value::Array(values)) => values
                .iter()
                .map(|value| if let Value::String(text) = value { text.as_str() } else { "?" })
                .collect(),
            _ => return Err(self.bad_metadata(key, "is not a list".to_owned())),
        };
        if found == expected {
            return Ok(());
        }
        Err(self.bad_metadata(key, format!("is {found:?}, expected {expected:?}")))
    }

    pub(super) fn bad_metadata(&self, key: &str, problem: String) -> Error {
        Error::Metadata { file: self.file.to_owned(), key: key.to_owned(), problem }
    }

    pub(super) fn bad_tensor(&self, name: &str, problem: String) -> Error {
        Error::Tensor { file: self.file.to_owned(), tensor: name.to_owned(), problem }
    }

    fn info(&self, name: &str, dims: &[usize]) -> Result<&TensorInfo, Error> {
        let Some(info) = self.content.tensor_infos.get(name) else {
            return Err(self.bad_tensor(name, "is missing".to_owned()));
        };
        if info.shape.dims() == dims {
            return Ok(info);
        }
        let problem = format!("has shape {:?}, expected {dims:?}", info.shape.dims());
        Err(self.bad_tensor(name, problem))
    }

    fn data(&self, name: &str, info: &TensorInfo, size: usize) -> Result<&'a [u8], Error> {
        let start = self.content.tensor_data_offset.checked_add(info.offset);
        let start = start.and_then(|start| usize::try_from(start).ok());
        let range = start.and_then(|start| Some(start..start.checked_add(size)?));
        range.and_then(|range| self.bytes.get(range)).ok_or_else(|| {
            let (length, offset) = (self.bytes.len(), info.offset);
            let problem = format!("has {size} bytes at {offset}, beyond the file's {length} bytes");
            self.bad_tensor(name, problem)
        })
    }
}
