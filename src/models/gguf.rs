//! The header of a GGUF file: is it one, is it whole, and what is it?
//!
//! Read before a file is taken in, without touching a weight. Whether the engine can compute with
//! it is the engine's to say. Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::io::{self, BufReader, Read, Seek};

/// Longest text kept; longer ones (templates) are passed over.
const TEXT_BYTES_MAX: u64 = 4096;
/// Longest key: the format's own bound.
const KEY_BYTES_MAX: u64 = 65_535;
/// Largest alignment believed.
const ALIGNMENT_MAX: u64 = 1 << 20;
/// Dimensions of a tensor, at most: ggml's own bound.
const DIMENSIONS_MAX: u32 = 4;
/// Architectures that read and do not write.
const ENCODERS: [&str; 9] = [
    "bert",
    "clip",
    "jina-bert-v2",
    "jina-bert-v3",
    "modern-bert",
    "neo-bert",
    "nomic-bert",
    "nomic-bert-moe",
    "t5encoder",
];

/// What a header says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// `general.architecture`, printable.
    pub architecture: String,
    /// `general.license`: an SPDX name, if the maker gave one.
    pub licence: Option<String>,
    /// The longest input the model was made for; 0 if it does not say.
    pub context_tokens: u32,
}

/// Why a file is not taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// It does not begin as a GGUF file does.
    #[error("it is not a GGUF file")]
    NotGguf,
    /// Written by and for machines of the other byte order.
    #[error("it is a big-endian GGUF file")]
    BigEndian,
    /// A version of the format that is not read.
    #[error("it is GGUF version {0}; 2 and 3 are read")]
    Version(u32),
    /// The file ends before what its header announces.
    #[error("it is cut short: {bytes} bytes, at least {needed} are announced")]
    Truncated {
        /// Its size.
        bytes: u64,
        /// The size it should have, at least.
        needed: u64,
    },
    /// Something in the header cannot be.
    #[error("its header is damaged: {0}")]
    Malformed(&'static str),
    /// One of several files that make up a model.
    #[error("it is one of {0} parts of a model")]
    Part(u64),
    /// A GGUF file that is no language model.
    #[error("it is {0}, not a model that writes")]
    NoWriter(String),
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads the header of a file of `length` bytes.
///
/// # Errors
/// It is no GGUF file, it is cut short, or it is not a model that writes.
pub fn read_header(file: impl Read + Seek, length: u64) -> Result<Header, HeaderError> {
    let mut input = Input { inner: BufReader::new(file), at: 0, length };
    if length < 8 || input.bytes::<4>()? != *b"GGUF" {
        return Err(HeaderError::NotGguf);
    }
    match input.u32()? {
        2 | 3 => {}
        version if matches!(version.swap_bytes(), 2 | 3) => return Err(HeaderError::BigEndian),
        version => return Err(HeaderError::Version(version)),
    }
    let (tensors, pairs) = (input.u64()?, input.u64()?);
    let mut said = Said::default();
    for _ in 0..pairs {
        said.read_pair(&mut input)?;
    }
    let weights_end = weights_end(&mut input, tensors)?;
    let alignment = said.alignment.unwrap_or(32);
    if alignment == 0 || alignment > ALIGNMENT_MAX {
        return Err(HeaderError::Malformed("its alignment"));
    }
    let start = input.at.next_multiple_of(alignment);
    let needed = start.checked_add(weights_end).ok_or(HeaderError::Malformed("an offset"))?;
    if tensors > 0 && needed > length {
        return Err(HeaderError::Truncated { bytes: length, needed });
    }
    said.header(tensors)
}

/// Where the last weight ends, from the beginning of the weights.
fn weights_end<R: Read + Seek>(input: &mut Input<R>, tensors: u64) -> Result<u64, HeaderError> {
    let mut end = 0;
    for _ in 0..tensors {
        let name_bytes = input.u64()?;
        if name_bytes > KEY_BYTES_MAX {
            return Err(HeaderError::Malformed("a tensor's name"));
        }
        input.skip(name_bytes)?;
        let dimensions = input.u32()?;
        if dimensions > DIMENSIONS_MAX {
            return Err(HeaderError::Malformed("a tensor's dimensions"));
        }
        let mut elements: u64 = 1;
        for _ in 0..dimensions {
            elements = elements
                .checked_mul(input.u64()?)
                .ok_or(HeaderError::Malformed("a tensor's dimensions"))?;
        }
        let (kind, offset) = (input.u32()?, input.u64()?);
        let bytes = tensor_bytes(kind, elements);
        end = end.max(offset.checked_add(bytes).ok_or(HeaderError::Malformed("an offset"))?);
    }
    Ok(end)
}

/// Bytes of a tensor of this ggml type; 0 for a type not listed, which the engine refuses by name.
fn tensor_bytes(kind: u32, elements: u64) -> u64 {
    let (block, bytes) = match kind {
        0 => (1, 4),      // F32
        1 | 30 => (1, 2), // F16, BF16
        2 => (32, 18),    // Q4_0
        3 => (32, 20),    // Q4_1
        6 => (32, 22),    // Q5_0
        7 => (32, 24),    // Q5_1
        8 => (32, 34),    // Q8_0
        9 => (32, 36),    // Q8_1
        10 => (256, 84),  // Q2_K
        11 => (256, 110), // Q3_K
        12 => (256, 144), // Q4_K
        13 => (256, 176), // Q5_K
        14 => (256, 210), // Q6_K
        15 => (256, 292), // Q8_K
        _ => return 0,
    };
    (elements / block).saturating_mul(bytes)
}

/// What the metadata says that matters here.
#[derive(Default)]
struct Said {
    architecture: String,
    kind: Option<String>,
    licence: Option<String>,
    alignment: Option<u64>,
    parts: u64,
    /// By key: a file may hold the keys of one architecture before it names it.
    context: Vec<(String, u64)>,
}

impl Said {
    fn read_pair<R: Read + Seek>(&mut self, input: &mut Input<R>) -> Result<(), HeaderError> {
        let key_bytes = input.u64()?;
        if key_bytes > KEY_BYTES_MAX {
            return Err(HeaderError::Malformed("a key"));
        }
        let key = input.text(key_bytes)?;
        match (key.as_str(), input.value()?) {
            ("general.architecture", Value::Text(text)) => self.architecture = text,
            ("general.type", Value::Text(text)) => self.kind = Some(text),
            ("general.license", Value::Text(text)) => self.licence = Some(text),
            ("general.alignment", Value::Number(number)) => self.alignment = Some(number),
            ("split.count", Value::Number(number)) => self.parts = number,
            (key, Value::Number(number)) if key.ends_with(".context_length") => {
                self.context.push((key.to_owned(), number));
            }
            _ => {}
        }
        Ok(())
    }

    fn header(self, tensors: u64) -> Result<Header, HeaderError> {
        let is_name = |text: &str| {
            !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_graphic())
        };
        if self.parts > 1 {
            return Err(HeaderError::Part(self.parts));
        }
        if let Some(kind) = self.kind.filter(|kind| kind != "model" && is_name(kind)) {
            return Err(HeaderError::NoWriter(format!("of type {kind}")));
        }
        if !is_name(&self.architecture) {
            return Err(HeaderError::Malformed("it names no architecture"));
        }
        if ENCODERS.contains(&self.architecture.as_str()) {
            return Err(HeaderError::NoWriter(format!("an encoder ({})", self.architecture)));
        }
        if tensors == 0 {
            return Err(HeaderError::NoWriter("a vocabulary without weights".to_owned()));
        }
        let key = format!("{}.context_length", self.architecture);
        let context = self.context.iter().find(|(found, _)| *found == key);
        Ok(Header {
            context_tokens: context.map_or(0, |(_, tokens)| u32::try_from(*tokens).unwrap_or(0)),
            licence: self.licence.filter(|licence| is_name(licence)),
            architecture: self.architecture,
        })
    }
}

/// A metadata value, as far as it is of interest.
enum Value {
    Number(u64),
    Text(String),
    Other,
}

/// The file, and where in it we are.
struct Input<R> {
    inner: BufReader<R>,
    at: u64,
    length: u64,
}

impl<R: Read + Seek> Input<R> {
    /// That many bytes must still be there.
    fn need(&self, bytes: u64) -> Result<(), HeaderError> {
        let needed = self.at.checked_add(bytes).ok_or(HeaderError::Malformed("a length"))?;
        if needed <= self.length {
            return Ok(());
        }
        Err(HeaderError::Truncated { bytes: self.length, needed })
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], HeaderError> {
        self.need(N as u64)?;
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32, HeaderError> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, HeaderError> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn skip(&mut self, bytes: u64) -> Result<(), HeaderError> {
        self.need(bytes)?;
        let step = i64::try_from(bytes).map_err(|_| HeaderError::Malformed("a length"))?;
        self.inner.seek_relative(step)?;
        self.at += bytes;
        Ok(())
    }

    fn text(&mut self, bytes: u64) -> Result<String, HeaderError> {
        self.need(bytes)?;
        let mut text = vec![0; usize::try_from(bytes).unwrap_or(0)];
        self.inner.read_exact(&mut text)?;
        self.at += bytes;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn value(&mut self) -> Result<Value, HeaderError> {
        let kind = self.u32()?;
        match kind {
            4 => Ok(Value::Number(self.u32()?.into())),
            5 => Ok(Value::Number(u64::try_from(self.u32()?.cast_signed()).unwrap_or(0))),
            2 => Ok(Value::Number(u16::from_le_bytes(self.bytes()?).into())),
            10 => Ok(Value::Number(self.u64()?)),
            8 => {
                let bytes = self.u64()?;
                if bytes <= TEXT_BYTES_MAX {
                    return Ok(Value::Text(self.text(bytes)?));
                }
                self.skip(bytes)?;
                Ok(Value::Other)
            }
            9 => {
                let (kind, count) = (self.u32()?, self.u64()?);
                if kind == 8 {
                    for _ in 0..count {
                        let bytes = self.u64()?;
                        self.skip(bytes)?;
                    }
                } else {
                    let bytes = count.checked_mul(scalar_bytes(kind)?);
                    self.skip(bytes.ok_or(HeaderError::Malformed("a list's length"))?)?;
                }
                Ok(Value::Other)
            }
            kind => {
                self.skip(scalar_bytes(kind)?)?;
                Ok(Value::Other)
            }
        }
    }
}

fn scalar_bytes(kind: u32) -> Result<u64, HeaderError> {
    match kind {
        0 | 1 | 7 => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        10..=12 => Ok(8),
        _ => Err(HeaderError::Malformed("a value of no known type")),
    }
}

#[cfg(test)]
#[path = "gguf_tests.rs"]
mod tests;
