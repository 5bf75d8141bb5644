//! Vectors of pieces of mail, in one memory-mapped file.
//!
//! The file is a header of 4,096 bytes and records of `16 + dims` bytes: message id (i64), piece
//! (u16), flags (u8: 1 withdrawn, 2 no text), a spare byte, scale (f32), then one signed byte a
//! dimension. A vector is its bytes times its scale; it has length 1, so dot products are cosines.
//!
//! The header holds two slots that are written in turn, each with a counter and a checksum: records
//! are appended and synced first, then the older slot says how many there are, and of how many
//! messages. Whatever lies behind
//! that number was not finished and is cut off by the next append. Numbers are little-endian.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::map::Map;
use super::scan::{Asked, Looked, Near, Part, Quantized, Scan};
use crate::engine;
use crate::mail::MessageId;

/// Where records begin.
const HEADER_BYTES: usize = 4_096;
/// Where the two slots begin; a disk writes each in one piece.
const SLOTS: [usize; 2] = [512, 1_024];
const SLOT_BYTES: usize = 40;
const MAGIC: &[u8; 8] = b"PRVECTOR";
const VERSION: u32 = 2;
/// Its slots do not say how many messages there are; all else is the same.
const VERSION_WITHOUT_MESSAGES: u32 = 1;
const RECORD_HEAD_BYTES: usize = 16;
/// Set in a record's flags when the message was taken out.
const WITHDRAWN: u8 = 1;
/// Set when the message holds no text to make a vector of: it is done all the same.
const NO_TEXT: u8 = 2;
/// From here on two threads share a scan.
const TWO_THREADS_FROM: usize = 20_000;
/// Records multiplied in one go.
const BLOCK_RECORDS: usize = 512;
/// No model here makes longer vectors.
const DIMS_MAX: usize = 4_096;

/// Vectors of pieces of mail.
pub struct Vectors {
    path: PathBuf,
    file: File,
    map: Map,
    dims: usize,
    model: [u8; 32],
    records_count: usize,
    messages_count: usize,
    sequence: u64,
}

/// A piece of a message and its vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Whose piece.
    pub message: MessageId,
    /// Which piece of it, from 0.
    pub piece: u16,
    /// Of length 1; empty for a message without text.
    pub vector: Vec<f32>,
}

impl Vectors {
    /// Opens the file, or makes an empty one. `model` is the digest of the weights that make the
    /// vectors; `dims` their length.
    ///
    /// # Errors
    /// [`Error::OtherModel`] when the file belongs to other weights or lengths, [`Error::Rebuild`]
    /// when its header is damaged, [`Error::File`] when it cannot be read or written.
    pub fn open(path: &Path, model: [u8; 32], dims: usize) -> Result<Self, Error> {
        debug_assert!(dims > 0 && dims <= DIMS_MAX);
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.map_err(Error::file("opening", path))?;
        let length = file.metadata().map_err(Error::file("reading", path))?.len();
        // A crash while the file was made leaves a short header: nothing was in it yet.
        if (length as usize) < HEADER_BYTES {
            write_empty(&mut file, model, dims).map_err(Error::file("writing", path))?;
        }
        let header = read_header(&mut file).map_err(Error::file("reading", path))?;
        let damaged =
            |reason: &str| Error::Rebuild { dir: path.to_path_buf(), reason: reason.to_owned() };
        if &header[..8] != MAGIC {
            return Err(damaged("it is no file of vectors"));
        }
        let version = number(&header[8..12]) as u32;
        if ![VERSION, VERSION_WITHOUT_MESSAGES].contains(&version) {
            return Err(damaged("it has another format"));
        }
        if number(&header[12..16]) as usize != dims || header[16..48] != model {
            return Err(Error::OtherModel { path: path.to_path_buf() });
        }
        let read = |slot: &usize| read_slot(&header[*slot..], version);
        let Some(slot) = SLOTS.iter().filter_map(read).max_by_key(|slot| slot.sequence) else {
            return Err(damaged("its header is damaged"));
        };
        let length = file.metadata().map_err(Error::file("reading", path))?.len() as usize;
        let record_bytes = RECORD_HEAD_BYTES + dims;
        // Shorter than it says: somebody cut it. What is whole is kept, the rest is made again.
        let records_count = slot.records_count.min((length - HEADER_BYTES) / record_bytes);
        let map = Map::read_only(&file, HEADER_BYTES + records_count * record_bytes)
            .map_err(Error::file("mapping", path))?;
        let (path, sequence) = (path.to_path_buf(), slot.sequence);
        let messages_count = slot.messages_count.filter(|_| records_count == slot.records_count);
        let mut vectors =
            Vectors { path, file, map, dims, model, records_count, messages_count: 0, sequence };
        vectors.messages_count = messages_count.unwrap_or_else(|| vectors.count_messages());
        if version != VERSION {
            vectors.upgrade()?;
        }
        Ok(vectors)
    }

    /// Removes the file, so that the next [`Vectors::open`] starts anew.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove_file(path: &Path) -> Result<(), Error> {
        match std::fs::remove_file(path) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::file("removing", path)(cause))
            }
            _ => Ok(()),
        }
    }

    /// Length of a vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Pieces in the file that are not withdrawn.
    pub fn pieces_count(&self) -> usize {
        self.live().filter(|record| record.flags() & NO_TEXT == 0).count()
    }

    /// How many messages are done, without looking at each.
    pub fn messages_count(&self) -> usize {
        self.messages_count
    }

    /// Messages that are done: they have vectors, or no text to make one of.
    pub fn covered(&self) -> HashSet<MessageId> {
        self.live().map(|record| record.message()).collect()
    }

    /// Pieces withdrawn but still in the file, as a share of all.
    pub fn waste(&self) -> f32 {
        let withdrawn = self.records_count - self.live().count();
        withdrawn as f32 / self.records_count.max(1) as f32
    }

    /// Appends pieces. When this returns they are on the disk; after a crash either all of one call
    /// are there or none.
    ///
    /// # Errors
    /// [`Error::BadVector`] for one of another length or not finite; then nothing was written.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(entries.len() * self.record_bytes());
        for entry in entries {
            self.encode(entry, &mut bytes)?;
        }
        let records_count = self.records_count + entries.len();
        let end = HEADER_BYTES + self.records_count * self.record_bytes();
        let written = self
            .file
            .set_len(end as u64)
            .and_then(|()| self.file.seek(SeekFrom::Start(end as u64)))
            .and_then(|_| self.file.write_all(&bytes))
            .and_then(|()| self.file.sync_data());
        written.map_err(Error::file("writing", &self.path))?;
        let mut messages_count = self.messages_count;
        let mut before = None;
        for entry in entries {
            messages_count += usize::from(before != Some(entry.message));
            before = Some(entry.message);
        }
        self.commit(records_count, messages_count)
    }

    /// Takes all pieces of these messages out of every later scan.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub fn withdraw(&mut self, messages: &HashSet<MessageId>) -> Result<(), Error> {
        let doomed: Vec<(usize, u8)> = (0..self.records_count)
            .map(|record_index| (record_index, self.record(record_index)))
            .filter(|(_, record)| {
                record.flags() & WITHDRAWN == 0 && messages.contains(&record.message())
            })
            .map(|(record_index, record)| (record_index, record.flags()))
            .collect();
        for (record_index, flags) in &doomed {
            let at = HEADER_BYTES + record_index * self.record_bytes() + 10;
            let written = self
                .file
                .seek(SeekFrom::Start(at as u64))
                .and_then(|_| self.file.write_all(&[flags | WITHDRAWN]));
            written.map_err(Error::file("writing", &self.path))?;
        }
        if !doomed.is_empty() {
            self.file.sync_data().map_err(Error::file("writing", &self.path))?;
            self.remap()?;
            let messages_count = self.count_messages();
            self.commit(self.records_count, messages_count)?;
        }
        Ok(())
    }

    /// Writes the file anew without what was withdrawn.
    ///
    /// # Errors
    /// When the folder cannot be written to; the file is then as it was.
    pub fn compact(&mut self) -> Result<(), Error> {
        let next = self.path.with_extension("next");
        Self::remove_file(&next)?;
        {
            let mut fresh = Vectors::open(&next, self.model, self.dims)?;
            let mut bytes = Vec::new();
            let mut kept = 0;
            for record in self.live() {
                bytes.extend_from_slice(record.bytes);
                kept += 1;
            }
            let written = fresh
                .file
                .seek(SeekFrom::Start(HEADER_BYTES as u64))
                .and_then(|_| fresh.file.write_all(&bytes))
                .and_then(|()| fresh.file.sync_data());
            written.map_err(Error::file("writing", &next))?;
            fresh.commit(kept, self.messages_count)?;
        }
        std::fs::rename(&next, &self.path).map_err(Error::file("writing", &self.path))?;
        *self = Vectors::open(&self.path, self.model, self.dims)?;
        Ok(())
    }

    /// The `limit` messages nearest to `question` among those `is_wanted` lets through, by their
    /// nearest piece, and how near each of `asked` is. Exact: every piece is looked at.
    ///
    /// # Errors
    /// [`Error::BadVector`] when `question` has another length or is not finite.
    pub fn nearest(
        &self,
        question: &[f32],
        limit: usize,
        is_wanted: &(dyn Fn(MessageId) -> bool + Sync),
        asked: &HashSet<MessageId>,
    ) -> Result<Scan, Error> {
        let question = self.quantized(MessageId(0), question)?;
        let looked = Looked { limit, is_wanted, asked: &Asked::new(asked) };
        let half = self.records_count / 2;
        if self.records_count < TWO_THREADS_FROM || engine::threads() < 2 {
            let part = self.scan(0..self.records_count, &question, &looked);
            return Ok(Part::join(vec![part], &looked));
        }
        let parts = std::thread::scope(|scope| {
            let other = scope.spawn(|| self.scan(half..self.records_count, &question, &looked));
            let one = self.scan(0..half, &question, &looked);
            let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            vec![one, other]
        });
        Ok(Part::join(parts, &looked))
    }

    fn scan(
        &self,
        range: std::ops::Range<usize>,
        question: &Quantized,
        looked: &Looked<'_>,
    ) -> Part {
        let mut part = Part::new();
        let mut products = [0; BLOCK_RECORDS];
        let width = self.record_bytes();
        if range.len() >= TWO_THREADS_FROM / 2 {
            self.map.prepare(HEADER_BYTES + range.start * width..HEADER_BYTES + range.end * width);
        }
        for first in range.clone().step_by(BLOCK_RECORDS) {
            let count = BLOCK_RECORDS.min(range.end - first);
            let at = HEADER_BYTES + first * width;
            let rows = &self.map.bytes()[at..at + count * width];
            let products = &mut products[..count];
            engine::dots(&question.values, rows, width, RECORD_HEAD_BYTES, products);
            for (bytes, product) in rows.chunks_exact(width).zip(products) {
                let record = Record { bytes };
                if record.flags() != 0 {
                    continue;
                }
                let cosine = *product as f32 * question.scale * record.scale();
                part.sum += f64::from(cosine);
                part.squares += f64::from(cosine) * f64::from(cosine);
                part.count += 1;
                let near = Near { message: record.message(), piece: record.piece(), cosine };
                part.see(near, looked);
            }
        }
        part.close(looked);
        part
    }

    /// The vector of the record at that place, for the measurements.
    #[cfg(test)]
    pub(super) fn vector_of(&self, record_index: usize) -> Vec<f32> {
        let record = self.record(record_index);
        let scale = record.scale();
        record.bytes[RECORD_HEAD_BYTES..]
            .iter()
            .map(|value| f32::from(value.cast_signed()) * scale)
            .collect()
    }

    fn record_bytes(&self) -> usize {
        RECORD_HEAD_BYTES + self.dims
    }

    fn record(&self, record_index: usize) -> Record<'_> {
        let at = HEADER_BYTES + record_index * self.record_bytes();
        Record { bytes: &self.map.bytes()[at..at + self.record_bytes()] }
    }

    fn live(&self) -> impl Iterator<Item = Record<'_>> {
        (0..self.records_count)
            .map(|record_index| self.record(record_index))
            .filter(|record| record.flags() & WITHDRAWN == 0)
    }

    fn quantized(&self, message: MessageId, vector: &[f32]) -> Result<Quantized, Error> {
        let bad =
            || Error::BadVector { message: message.0, got: vector.len(), expected: self.dims };
        if vector.len() != self.dims {
            return Err(bad());
        }
        Quantized::of(vector).ok_or_else(bad)
    }

    fn encode(&self, entry: &Entry, bytes: &mut Vec<u8>) -> Result<(), Error> {
        let (flags, quantized) = if entry.vector.is_empty() {
            (NO_TEXT, Quantized { scale: 0.0, values: vec![0; self.dims] })
        } else {
            (0, self.quantized(entry.message, &entry.vector)?)
        };
        bytes.extend_from_slice(&entry.message.0.to_le_bytes());
        bytes.extend_from_slice(&entry.piece.to_le_bytes());
        bytes.extend_from_slice(&[flags, 0]);
        bytes.extend_from_slice(&quantized.scale.to_le_bytes());
        bytes.extend(quantized.values.iter().map(|value| value.cast_unsigned()));
        Ok(())
    }

    /// Messages with records that are not withdrawn, by a look at each.
    fn count_messages(&self) -> usize {
        let (mut count, mut before) = (0, None);
        for message in self.live().map(|record| record.message()) {
            count += usize::from(before != Some(message));
            before = Some(message);
        }
        count
    }

    /// Writes a slot of today's format before the header says that slots have it: cut short, either
    /// the old slot holds or the new one does.
    fn upgrade(&mut self) -> Result<(), Error> {
        self.commit(self.records_count, self.messages_count)?;
        let written = self
            .file
            .seek(SeekFrom::Start(8))
            .and_then(|_| self.file.write_all(&VERSION.to_le_bytes()))
            .and_then(|()| self.file.sync_data());
        written.map_err(Error::file("writing", &self.path))
    }

    /// Says how many records there are, in the slot that was written longer ago.
    fn commit(&mut self, records_count: usize, messages_count: usize) -> Result<(), Error> {
        let sequence = self.sequence + 1;
        let slot = slot_bytes(sequence, records_count as u64, messages_count as u64);
        let at = SLOTS[(sequence % 2) as usize];
        let written = self
            .file
            .seek(SeekFrom::Start(at as u64))
            .and_then(|_| self.file.write_all(&slot))
            .and_then(|()| self.file.sync_data());
        written.map_err(Error::file("writing", &self.path))?;
        self.sequence = sequence;
        (self.records_count, self.messages_count) = (records_count, messages_count);
        self.remap()
    }

    fn remap(&mut self) -> Result<(), Error> {
        let bytes = HEADER_BYTES + self.records_count * self.record_bytes();
        self.map = Map::read_only(&self.file, bytes).map_err(Error::file("mapping", &self.path))?;
        Ok(())
    }
}

struct Record<'a> {
    bytes: &'a [u8],
}

impl Record<'_> {
    fn message(&self) -> MessageId {
        MessageId(number(&self.bytes[..8]).cast_signed())
    }

    fn piece(&self) -> u16 {
        number(&self.bytes[8..10]) as u16
    }

    fn flags(&self) -> u8 {
        self.bytes[10]
    }

    fn scale(&self) -> f32 {
        f32::from_bits(number(&self.bytes[12..16]) as u32)
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn write_empty(file: &mut File, model: [u8; 32], dims: usize) -> std::io::Result<()> {
    let mut header = vec![0; HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..16].copy_from_slice(&(dims as u32).to_le_bytes());
    header[16..48].copy_from_slice(&model);
    header[SLOTS[0]..SLOTS[0] + SLOT_BYTES].copy_from_slice(&slot_bytes(0, 0, 0));
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header)?;
    file.sync_all()
}

fn read_header(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut header = vec![0; HEADER_BYTES];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut header)?;
    Ok(header)
}

/// What a slot says.
#[derive(Clone, Copy)]
struct Slot {
    sequence: u64,
    records_count: usize,
    /// Unknown to an older format.
    messages_count: Option<usize>,
}

/// The mark that the slot was ever written, counter, numbers of records and messages, checksum of
/// all before.
fn slot_bytes(sequence: u64, records_count: u64, messages_count: u64) -> [u8; SLOT_BYTES] {
    let mut slot = [0; SLOT_BYTES];
    slot[..8].copy_from_slice(MAGIC);
    slot[8..16].copy_from_slice(&sequence.to_le_bytes());
    slot[16..24].copy_from_slice(&records_count.to_le_bytes());
    slot[24..32].copy_from_slice(&messages_count.to_le_bytes());
    let sum = checksum(&slot[..32]);
    slot[32..40].copy_from_slice(&sum.to_le_bytes());
    slot
}

fn read_slot(bytes: &[u8], version: u32) -> Option<Slot> {
    let slot = bytes.get(..SLOT_BYTES)?;
    let end = if version == VERSION { 32 } else { 24 };
    let is_whole = &slot[..8] == MAGIC && number(&slot[end..end + 8]) == checksum(&slot[..end]);
    is_whole.then(|| Slot {
        sequence: number(&slot[8..16]),
        records_count: number(&slot[16..24]) as usize,
        messages_count: (version == VERSION).then(|| number(&slot[24..32]) as usize),
    })
}

/// FNV-1a, 64 bits.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
#[path = "vectors_tests.rs"]
mod tests;
