//! Zip archives, which most documents are: members by name, unpacked within limits.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::kind::{self, Kind};
use super::text::Text;
use super::{Refusal, xml};

/// Members of an archive that is opened.
const MEMBERS_MAX: usize = 10_000;
/// Bytes unpacked of one archive, all members together.
const UNPACKED_BYTES_MAX: u64 = 64 << 20;
/// Times its packed size that a member may unpack to, once it is larger than…
const RATIO_MAX: u64 = 200;
/// …this. Sheets of empty cells are small, and pack as well as any bomb.
const RATIO_FROM_BYTES: u64 = 8 << 20;

/// An archive, open.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl<'a> Archive<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let zip = ZipArchive::new(Cursor::new(bytes))
            .map_err(|_| "its list of contents is damaged or cut off")?;
        if zip.len() > MEMBERS_MAX {
            return Err("it holds more files than are looked at");
        }
        Ok(Self { zip, left: UNPACKED_BYTES_MAX })
    }

    /// Which document it is, by the members that make it one.
    pub(super) fn kind(&mut self) -> Kind {
        for (member, kind) in [
            ("word/document.xml", Kind::Docx),
            ("xl/workbook.xml", Kind::Xlsx),
            ("ppt/presentation.xml", Kind::Pptx),
        ] {
            if self.has(member) {
                return kind;
            }
        }
        let mut said = String::new();
        let is_said = self
            .member("mimetype")
            .is_ok_and(|member| member.take(200).read_to_string(&mut said).is_ok());
        if is_said && let Some(subtype) = said.trim().strip_prefix("application/") {
            let kind = kind::by_document_type(subtype);
            if kind != Kind::Other {
                return kind;
            }
        }
        Kind::Archive
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// Names of members that begin and end so, in the order of the numbers in them.
    pub(super) fn numbered(&self, start: &str, end: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .zip
            .file_names_raw()
            .filter_map(|name| std::str::from_utf8(name).ok())
            .filter(|name| name.starts_with(start) && name.ends_with(end))
            .map(str::to_owned)
            .collect();
        let number = |name: &str| {
            let digits: String = name.chars().filter(char::is_ascii_digit).take(9).collect();
            digits.parse::<u32>().unwrap_or(0)
        };
        names.sort_by(|a, b| number(a).cmp(&number(b)).then(a.cmp(b)));
        names
    }

    /// A member, unpacked as it is read.
    pub(super) fn member(&mut self, name: &str) -> Result<impl BufRead, Refusal> {
        let index = self.zip.index_for_name(name).ok_or("a part it must have is missing")?;
        let member = self.zip.by_index_raw(index).map_err(|_| "a part of it is damaged")?;
        if member.encrypted() {
            return Err("it is locked with a password");
        }
        let packed = member.compressed_size();
        let method = member.compression();
        let unpacked: Box<dyn Read + '_> = match method {
            CompressionMethod::STORE => Box::new(member),
            CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(BufReader::new(member))),
            _ => return Err("it is packed in a way that is not read"),
        };
        let bytes_max = RATIO_FROM_BYTES.max(packed.saturating_mul(RATIO_MAX));
        Ok(BufReader::new(Bounded { inner: unpacked, left: bytes_max, of_all: &mut self.left }))
    }

    /// A member as XML.
    pub(super) fn xml(&mut self, name: &str) -> Result<xml::Xml<impl BufRead>, Refusal> {
        self.member(name).map(xml::Xml::new)
    }

    /// What it holds, by name.
    pub(super) fn read_names(&mut self, text: &mut Text) -> Result<(), Refusal> {
        for name in self.zip.file_names() {
            if let Ok(name) = name {
                text.push(&name);
                text.line();
            }
            if text.is_full() {
                break;
            }
        }
        Ok(())
    }
}

/// Reads no more than it may; then it fails.
struct Bounded<'a, R> {
    inner: R,
    left: u64,
    of_all: &'a mut u64,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let count = read as u64;
        if count > self.left || count > *self.of_all {
            return Err(io::Error::other("it unpacks to more than is read"));
        }
        self.left -= count;
        *self.of_all -= count;
        Ok(read)
    }
}
