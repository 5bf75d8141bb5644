//! What came of a large message before the connection broke: the next time goes on behind it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::{RemoteFolder, Store};

/// A folder beside the store with a file for each message that came in part. Keeping is an ease and no
/// duty: where it cannot be written, the message is fetched from its beginning.
pub(super) struct Shelf {
    path: PathBuf,
    /// Bytes put there.
    kept: AtomicU64,
}

/// A message on it.
pub(super) struct Kept<'a> {
    shelf: &'a Shelf,
    path: PathBuf,
}

impl Shelf {
    pub(super) fn of(store: &Store) -> Self {
        Self { path: store.path().with_file_name("partial"), kept: AtomicU64::new(0) }
    }

    /// The place of a message.
    pub(super) fn place(&self, folder: &RemoteFolder, uid: u32) -> Kept<'_> {
        let name = format!("{}-{}-{uid}", folder.id, folder.uidvalidity);
        Kept { shelf: self, path: self.path.join(name) }
    }

    /// Bytes put there since it was made.
    pub(super) fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }

    /// Throws all of it away.
    pub(super) fn clear(&self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Kept<'_> {
    /// What there is of it, in whole parts of `part` bytes; at most `most` bytes.
    pub(super) fn taken_up(&self, part: u64, most: u64) -> Vec<u8> {
        let read = || {
            let file = File::open(&self.path)?;
            let whole = file.metadata()?.len().min(most) / part * part;
            let mut bytes = Vec::new();
            file.take(whole).read_to_end(&mut bytes)?;
            io::Result::Ok(bytes)
        };
        read().unwrap_or_default()
    }

    /// Puts a part behind the `at` bytes that are there, on disk before this returns.
    pub(super) fn add(&self, at: u64, part: &[u8]) {
        let write = || {
            fs::create_dir_all(&self.shelf.path)?;
            let mut file =
                OpenOptions::new().create(true).truncate(false).write(true).open(&self.path)?;
            file.set_len(at)?;
            file.seek(SeekFrom::Start(at))?;
            file.write_all(part)?;
            file.sync_data()
        };
        match write() {
            Ok(()) => _ = self.shelf.kept.fetch_add(part.len() as u64, Ordering::Relaxed),
            Err(_) => self.take_away(),
        }
    }

    /// It is whole, or not there any more.
    pub(super) fn take_away(&self) {
        let _ = fs::remove_file(&self.path);
    }
}
