//! The header of a GGUF file, read without trusting a single number in it.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, versions 2 and 3. Why not
//! candle's reader: it stops at the first tensor type it does not know with nothing but a number,
//! and it mends invalid UTF-8 in the vocabulary without a word. Here every tensor's type, shape and
//! place is known, by name, before a byte of weights is touched.

use std::collections::BTreeMap;
use std::ops::Range;

use candle_core::quantized::GgmlDType;

use crate::engine::Error;

/// The most metadata entries or tensors a header may announce.
const ENTRIES_MAX: u64 = 1 << 20;
/// The most dimensions a tensor has in GGUF.
const DIMENSIONS_MAX: u32 = 4;
/// How deep lists of lists may go; no known file goes beyond one.
const DEPTH_MAX: u8 = 3;
/// Entries of a list: a few times the merges of the largest vocabulary.
const LIST_MAX: usize = 1 << 22;
/// Where tensors may start when the file does not say: multiples of this.
const ALIGNMENT: u64 = 32;

/// A metadata value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Any whole number.
    Whole(i128),
    /// Any float.
    Float(f64),
    /// True or false.
    Truth(bool),
    /// A text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// A list of whole numbers or floats.
    Numbers(Vec<f64>),
    /// A list of something else, which nothing here needs.
    Other,
}

/// A tensor as the header describes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// How its numbers are written.
    pub(super) kind: GgmlDType,
    /// Outermost first: a matrix is `[outputs, inputs]`.
    pub(super) dims: Vec<usize>,
    /// Its bytes in the file.
    pub(super) range: Range<usize>,
}

/// A header whose every tensor lies within the file.
#[derive(Debug)]
pub(super) struct Header {
    file: String,
    values: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Place>,
}

impl Header {
    /// Reads the header of a file's bytes. `file` names it in errors.
    ///
    /// # Errors
    ///
    /// For what is no GGUF, is cut off, announces more than it holds, or has a tensor of a type
    /// that is not supported: the error says which tensor and which type.
    pub(super) fn parse(file: &str, bytes: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor { file, bytes, at: 0 };
        if cursor.take(4)? != b"GGUF" {
            return Err(cursor.bad("it is not a GGUF file"));
        }
        let version = cursor.u32()?;
        if !matches!(version, 2 | 3) {
            return Err(cursor.bad(&format!("its version is {version}, expected 2 or 3")));
        }
        let (tensors_count, values_count) = (cursor.u64()?, cursor.u64()?);
        if tensors_count > ENTRIES_MAX || values_count > ENTRIES_MAX {
            let counts = format!("it announces {tensors_count} tensors and {values_count} values");
            return Err(cursor.bad(&counts));
        }
        let mut values = BTreeMap::new();
        for _ in 0..values_count {
            let key = cursor.text()?;
            let kind = cursor.u32()?;
            let value = cursor.value(&key, kind, 0)?;
            if values.insert(key.clone(), value).is_some() {
                return Err(cursor.bad(&format!("it names {key} twice")));
            }
        }
        let mut announced = Vec::new();
        for _ in 0..tensors_count {
            announced.push(cursor.tensor()?);
        }
        let mut header = Self { file: file.to_owned(), values, tensors: BTreeMap::new() };
        let alignment = header.alignment()?;
        let start = (cursor.at as u64).next_multiple_of(alignment);
        for tensor in announced {
            header.admit(tensor, start, alignment, bytes.len())?;
        }
        header.check_overlaps()?;
        Ok(header)
    }

    /// Two tensors of the same bytes would take the memory of both, out of a file of one.
    fn check_overlaps(&self) -> Result<(), Error> {
        let mut places: Vec<(&String, &Range<usize>)> =
            self.tensors.iter().map(|(name, place)| (name, &place.range)).collect();
        places.sort_by_key(|(_, range)| (range.start, range.end));
        for pair in places.windows(2) {
            let [(one, before), (two, after)] = pair else { continue };
            if after.start < before.end {
                return Err(self.bad_tensor(two, &format!("lies over tensor {one}")));
            }
        }
        Ok(())
    }

    /// Lets go of all metadata.
    pub(super) fn forget_values(&mut self) {
        self.values.clear();
    }

    /// A tensor, when the file has it.
    pub(super) fn tensor(&self, name: &str) -> Option<&Place> {
        self.tensors.get(name)
    }

    /// A text from the metadata.
    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, Error> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(self.bad_value(key, "is not a text")),
        }
    }

    /// A whole number from the metadata, within `range`; `None` when it is absent.
    pub(super) fn number(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<usize>,
    ) -> Result<Option<usize>, Error> {
        let whole = match self.values.get(key) {
            None => return Ok(None),
            Some(Value::Whole(whole)) => *whole,
            Some(_) => return Err(self.bad_value(key, "is not a whole number")),
        };
        let number = usize::try_from(whole).ok().filter(|number| range.contains(number));
        let (start, end) = (range.start(), range.end());
        let problem = || format!("is {whole}, expected {start} to {end}");
        number.map(Some).ok_or_else(|| self.bad_value(key, &problem()))
    }

    /// A float of more than 0 from the metadata; `None` when it is absent.
    pub(super) fn positive(&self, key: &str) -> Result<Option<f64>, Error> {
        let float = match self.values.get(key) {
            None => return Ok(None),
            Some(Value::Float(float)) => *float,
            Some(Value::Whole(whole)) => *whole as f64,
            Some(_) => return Err(self.bad_value(key, "is not a number")),
        };
        if float.is_finite() && float > 0.0 {
            return Ok(Some(float));
        }
        Err(self.bad_value(key, &format!("is {float}, expected more than 0")))
    }

    /// A truth value from the metadata; `None` when it is absent.
    pub(super) fn truth(&self, key: &str) -> Result<Option<bool>, Error> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Value::Truth(truth)) => Ok(Some(*truth)),
            Some(_) => Err(self.bad_value(key, "is neither true nor false")),
        }
    }

    /// A list of texts from the metadata.
    pub(super) fn texts(&self, key: &str) -> Result<&[String], Error> {
        match self.values.get(key) {
            Some(Value::Texts(texts)) => Ok(texts),
            Some(Value::Numbers(numbers)) if numbers.is_empty() => Ok(&[]),
            Some(_) => Err(self.bad_value(key, "is not a list of texts")),
            None => Err(self.bad_value(key, "is missing")),
        }
    }

    /// A list of numbers from the metadata; `None` when it is absent.
    pub(super) fn numbers(&self, key: &str) -> Result<Option<&[f64]>, Error> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Value::Numbers(numbers)) => Ok(Some(numbers)),
            Some(_) => Err(self.bad_value(key, "is not a list of numbers")),
        }
    }

    /// The error of a metadata value that cannot be used.
    pub(super) fn bad_value(&self, key: &str, problem: &str) -> Error {
        Error::Metadata {
            file: self.file.clone(),
            key: key.to_owned(),
            problem: problem.to_owned(),
        }
    }

    /// The error of a tensor that cannot be used.
    pub(super) fn bad_tensor(&self, name: &str, problem: &str) -> Error {
        Error::Tensor {
            file: self.file.clone(),
            tensor: name.to_owned(),
            problem: problem.to_owned(),
        }
    }

    fn alignment(&self) -> Result<u64, Error> {
        let key = "general.alignment";
        let alignment = self.number(key, 8..=1 << 20)?.map_or(ALIGNMENT, |number| number as u64);
        if alignment.is_power_of_two() {
            return Ok(alignment);
        }
        Err(self.bad_value(key, &format!("is {alignment}, expected a power of two")))
    }

    fn admit(
        &mut self,
        tensor: Announced,
        start: u64,
        alignment: u64,
        bytes: usize,
    ) -> Result<(), Error> {
        let Announced { name, dims, kind, offset } = tensor;
        let Some(kind) = supported(kind) else {
            let kind = kind_name(kind);
            return Err(
                self.bad_tensor(&name, &format!("is {kind}, a type this build cannot read"))
            );
        };
        let Some(size) = size_bytes(&dims, kind) else {
            let problem = format!("has shape {dims:?}, which {kind:?} cannot have");
            return Err(self.bad_tensor(&name, &problem));
        };
        if !offset.is_multiple_of(alignment) {
            let problem = format!("starts at {offset}, which is no multiple of {alignment}");
            return Err(self.bad_tensor(&name, &problem));
        }
        let first = start.checked_add(offset).and_then(|first| usize::try_from(first).ok());
        let range = first.and_then(|first| Some(first..first.checked_add(size)?));
        let Some(range) = range.filter(|range| range.end <= bytes) else {
            let problem =
                format!("has {size} bytes at {offset}, beyond the end of the file's {bytes} bytes");
            return Err(self.bad_tensor(&name, &problem));
        };
        let place = Place { kind, dims, range };
        if self.tensors.insert(name.clone(), place).is_some() {
            return Err(self.bad_tensor(&name, "is there twice"));
        }
        Ok(())
    }
}

/// A tensor as announced, not yet believed.
struct Announced {
    name: String,
    dims: Vec<usize>,
    kind: u32,
    offset: u64,
}

fn size_bytes(dims: &[usize], kind: GgmlDType) -> Option<usize> {
    let count = dims.iter().try_fold(1_usize, |count, &dim| count.checked_mul(dim))?;
    let inner = *dims.last()?;
    if count == 0 || !inner.is_multiple_of(kind.block_size()) {
        return None;
    }
    (count / kind.block_size()).checked_mul(kind.type_size())
}

/// The type of this number, when candle multiplies with it. `Q8_1` and `Q8_K` hold activations:
/// no file has weights of them, and candle cannot multiply with the first.
fn supported(kind: u32) -> Option<GgmlDType> {
    Some(match kind {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        _ => return None,
    })
}

/// What ggml calls the types that are not supported (`enum ggml_type` of `ggml.h`).
fn kind_name(kind: u32) -> String {
    let name = match kind {
        4 => "Q4_2",
        5 => "Q4_3",
        9 => "Q8_1",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        31 => "Q4_0_4_4",
        32 => "Q4_0_4_8",
        33 => "Q4_0_8_8",
        34 => "TQ1_0",
        35 => "TQ2_0",
        36 => "IQ4_NL_4_4",
        37 => "IQ4_NL_4_8",
        38 => "IQ4_NL_8_8",
        39 => "MXFP4",
        40 => "NVFP4",
        _ => return format!("type {kind}"),
    };
    name.to_owned()
}

struct Cursor<'a> {
    file: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn bad(&self, problem: &str) -> Error {
        Error::Foreign { file: self.file.to_owned(), problem: problem.to_owned() }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let end = self.at.checked_add(count);
        let Some(taken) = end.and_then(|end| self.bytes.get(self.at..end)) else {
            let problem = format!("its header wants {count} bytes more at {}", self.at);
            return Err(self.bad(&format!("{problem}, and the file ends at {}", self.bytes.len())));
        };
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A length in `count` things of at least `size` bytes, all of which must still fit.
    fn length(&mut self, size: usize) -> Result<usize, Error> {
        let count = self.u64()?;
        let left = self.bytes.len() - self.at;
        match usize::try_from(count).ok().and_then(|count| count.checked_mul(size)) {
            Some(bytes) if bytes <= left => Ok(bytes / size),
            _ => {
                Err(self
                    .bad(&format!("it announces a list of {count} where {left} bytes are left")))
            }
        }
    }

    fn text(&mut self) -> Result<String, Error> {
        let length = self.length(1)?;
        let bytes = self.take(length)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(self.bad("a text in its header is not UTF-8")),
        }
    }

    fn value(&mut self, key: &str, kind: u32, depth: u8) -> Result<Value, Error> {
        Ok(match kind {
            0 | 1 | 2 | 3 | 4 | 5 | 10 | 11 => Value::Whole(self.whole(kind)?),
            6 | 12 => Value::Float(self.float(kind)?),
            7 => Value::Truth(self.array::<1>()? != [0]),
            // Free texts (a description, a licence) need not be clean; names and tokens must.
            8 => {
                let length = self.length(1)?;
                Value::Text(String::from_utf8_lossy(self.take(length)?).into_owned())
            }
            9 => self.list(key, depth)?,
            _ => return Err(self.bad(&format!("{key} is of unknown kind {kind}"))),
        })
    }

    fn whole(&mut self, kind: u32) -> Result<i128, Error> {
        Ok(match kind {
            0 => i128::from(self.array::<1>()?[0]),
            1 => i128::from(self.array::<1>()?[0].cast_signed()),
            2 => i128::from(u16::from_le_bytes(self.array()?)),
            3 => i128::from(i16::from_le_bytes(self.array()?)),
            4 => i128::from(self.u32()?),
            5 => i128::from(self.u32()?.cast_signed()),
            10 => i128::from(self.u64()?),
            _ => i128::from(self.u64()?.cast_signed()),
        })
    }

    fn float(&mut self, kind: u32) -> Result<f64, Error> {
        if kind == 6 {
            return Ok(f64::from(f32::from_le_bytes(self.array()?)));
        }
        Ok(f64::from_le_bytes(self.array()?))
    }

    fn list(&mut self, key: &str, depth: u8) -> Result<Value, Error> {
        if depth == DEPTH_MAX {
            return Err(self.bad(&format!("{key} is a list of lists of lists of lists")));
        }
        let kind = self.u32()?;
        let size = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            9 => 12,
            _ => 8,
        };
        let count = self.length(size)?;
        if count > LIST_MAX {
            return Err(self.bad(&format!("{key} is a list of {count}, more than {LIST_MAX}")));
        }
        Ok(match kind {
            0..=5 | 10 | 11 => {
                let numbers = (0..count).map(|_| self.whole(kind).map(|whole| whole as f64));
                Value::Numbers(numbers.collect::<Result<_, _>>()?)
            }
            6 | 12 => {
                Value::Numbers((0..count).map(|_| self.float(kind)).collect::<Result<_, _>>()?)
            }
            8 => Value::Texts((0..count).map(|_| self.text()).collect::<Result<_, _>>()?),
            _ => {
                for _ in 0..count {
                    self.value(key, kind, depth + 1)?;
                }
                Value::Other
            }
        })
    }

    fn tensor(&mut self) -> Result<Announced, Error> {
        let name = self.text()?;
        let count = self.u32()?;
        if count == 0 || count > DIMENSIONS_MAX {
            return Err(self.bad(&format!("tensor {name} has {count} dimensions")));
        }
        let mut dims = Vec::new();
        for _ in 0..count {
            let dim = self.u64()?;
            let problem = || self.bad(&format!("tensor {name} has a dimension of {dim}"));
            dims.push(usize::try_from(dim).map_err(|_| problem())?);
        }
        dims.reverse();
        Ok(Announced { name, dims, kind: self.u32()?, offset: self.u64()? })
    }
}
