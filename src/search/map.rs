//! The memory map of the vector file: one of the few places where `unsafe` may stand.
#![allow(unsafe_code, reason = "a memory map cannot be made without it")]

use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapOptions};

/// The beginning of a file, mapped for reading.
pub(super) struct Map {
    map: Mmap,
}

impl Map {
    /// Maps the first `length` bytes, which must be there.
    pub(super) fn read_only(file: &File, length: usize) -> io::Result<Self> {
        let there = file.metadata()?.len();
        if there < length as u64 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is too short"));
        }
        // SAFETY: the file lies in Postroom's own folder, which only the user can write to, and is
        // written under the store's lock. Mapped records never move and are never cut: `append`
        // sets the length to the end of what is mapped or beyond, `compact` makes a new file and
        // leaves the mapped one as it is until the last reader lets go. The one byte that changes
        // in place is a record's flags, and any value of it is valid.
        let map = unsafe { MmapOptions::new().len(length).map(file)? };
        Ok(Map { map })
    }

    /// Makes the bytes of a range ready to be read, as far as the system can: page by page, as they
    /// are met, costs more than the reading.
    pub(super) fn prepare(&self, range: std::ops::Range<usize>) {
        #[cfg(target_os = "linux")]
        let _ = self.map.advise_range(memmap2::Advice::PopulateRead, range.start, range.len());
        #[cfg(not(target_os = "linux"))]
        let _ = range;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }
}
