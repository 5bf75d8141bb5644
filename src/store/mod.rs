//! Where is mail kept?
//!
//! One SQLite file holds raw mail, compressed and addressed by content, what its header says, where
//! it was found, the user's letters, and a journal of every change. It also keeps what other rooms
//! derived (readings, verdicts, ledger entries, the text of attachments), stamped with the version of what made it. This is
//! the only room that speaks SQL; it judges nothing. Start with [`Store::open`].

mod accept;
mod attached;
mod changes;
mod derived;
mod error;
mod journal;
mod lessons;
mod letter;
mod letters;
mod messages;
mod own;
mod remote;
mod saved;
#[cfg(test)]
mod tests;
mod walk;

use std::cell::RefCell;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use zstd::bulk::Compressor;

pub use accept::{Acceptor, Incoming, Outcome};
pub use attached::{AttachedRow, AttachedState, AttachedTotals};
pub use changes::{Edit, NewPlace, Place, SourceFolder, UNDO_SECONDS_MAX, Unpushed};
pub use derived::{EntryRow, ReadingRow, VerdictRow};
use error::Doing as _;
pub use error::Error;
pub use journal::{Change, JournalEntry};
pub use lessons::LessonRow;
pub use letter::{Letter, LetterFile};
pub use letters::{LetterId, LetterRow, LetterState};
pub use messages::{Header, People, Scope};
pub use own::Origin;
pub use remote::{Arrival, Arrived, Orphan, RemoteFolder, RemoteUids, Settled, SyncRun};

/// The numbered schema files, in order; the file's `user_version` is how many were applied.
const SCHEMA: &[&str] = &[
    include_str!("schema/0001_house.sql"),
    include_str!("schema/0002_sync.sql"),
    include_str!("schema/0003_attachments.sql"),
    include_str!("schema/0004_saved.sql"),
    include_str!("schema/0005_changes.sql"),
    include_str!("schema/0006_lessons.sql"),
    include_str!("schema/0007_labels.sql"),
];
/// "POST" in ASCII: SQLite's `application_id` of our files.
const APPLICATION_ID: i32 = 0x504f_5354;
const FILE_NAME: &str = "postroom.db";
/// Compression level of raw mail: level 3 packs like 6 at a third of the time on mail.
const ZSTD_LEVEL: i32 = 3;
/// No message unpacks to more than this.
const RAW_BYTES_MAX: u64 = 256 << 20;

/// The open store.
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in the folder `dir`, making both when they are not there, readable by their
    /// owner alone, and applies schema files that are new.
    ///
    /// # Errors
    /// The folder cannot be made, the file is no store of ours, or is from a newer version.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        make_private_dir(dir)?;
        let path = dir.join(FILE_NAME);
        touch_private(&path)?;
        Self::connect(path)
    }

    /// Opens the store in `dir` if there is one.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is none; else as [`Store::open`].
    pub fn open_existing(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(FILE_NAME);
        match fs::metadata(&path) {
            Ok(_) => Self::connect(path),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
                Err(Error::Missing { path })
            }
            Err(source) => Err(Error::Open { path, source }),
        }
    }

    fn connect(path: PathBuf) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).doing("opening the store")?;
        let mut store = Self { connection, path };
        store.prepare()?;
        Ok(store)
    }

    fn prepare(&mut self) -> Result<(), Error> {
        self.connection
            .busy_timeout(std::time::Duration::from_secs(30))
            .doing("setting the store's patience")?;
        let version = match self.pragma_number("user_version") {
            Ok(version) => version,
            Err(Error::Sql { source, .. })
                if source.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) =>
            {
                return Err(Error::Foreign { path: self.path.clone() });
            }
            Err(error) => return Err(error),
        };
        let application = self.pragma_number("application_id")?;
        let known = SCHEMA.len() as u32;
        if version > known {
            return Err(Error::Newer { path: self.path.clone(), found: version, known });
        }
        if version > 0 && application != APPLICATION_ID as u32 {
            return Err(Error::Foreign { path: self.path.clone() });
        }
        // FULL: an import that was reported stays, also after a power cut.
        self.connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32000;
                 PRAGMA wal_autocheckpoint = 4000;",
            )
            .doing("preparing the store")?;
        self.connection.set_prepared_statement_cache_capacity(64);
        // Plans do not hang on what is bound: else a query that a partial index might answer is prepared
        // again for every value. What a partial index leaves out stands in the queries themselves.
        self.connection
            .set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .doing("preparing the store")?;
        if version < known {
            self.migrate()?;
        }
        Ok(())
    }

    fn migrate(&mut self) -> Result<(), Error> {
        let transaction = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .doing("bringing the store up to date")?;
        // Another process may have been quicker: look again under the lock.
        let version: u32 = transaction
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .doing("bringing the store up to date")?;
        for (at, sql) in SCHEMA.iter().enumerate().skip(version as usize) {
            transaction.execute_batch(sql).doing("bringing the store up to date")?;
            transaction
                .pragma_update(None, "user_version", at as u32 + 1)
                .doing("bringing the store up to date")?;
        }
        transaction
            .pragma_update(None, "application_id", APPLICATION_ID)
            .doing("bringing the store up to date")?;
        transaction.commit().doing("bringing the store up to date")
    }

    fn pragma_number(&self, name: &str) -> Result<u32, Error> {
        self.connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map(|number| number as u32)
            .doing("reading the store's version")
    }

    /// Where the store lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SQLite's own check of the file: empty when all is well, else what it found.
    ///
    /// # Errors
    /// The file cannot be read at all.
    pub fn integrity(&self) -> Result<Vec<String>, Error> {
        let mut statement =
            self.connection.prepare("PRAGMA quick_check(20)").doing("checking the store")?;
        let rows = statement
            .query_map([], |row| row.get::<_, String>(0))
            .doing("checking the store")?
            .collect::<Result<Vec<_>, _>>()
            .doing("checking the store")?;
        Ok(rows.into_iter().filter(|line| line != "ok").collect())
    }

    /// Bytes on disk, the write-ahead log included.
    pub fn bytes_on_disk(&self) -> u64 {
        ["", "-wal"]
            .iter()
            .filter_map(|suffix| {
                let mut name = self.path.clone().into_os_string();
                name.push(suffix);
                fs::metadata(name).ok().map(|metadata| metadata.len())
            })
            .sum()
    }

    /// The value stored under `name`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn mark(&self, name: &str) -> Result<Option<String>, Error> {
        self.connection
            .query_row("SELECT value FROM marks WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .doing("reading a mark")
    }

    /// Stores `value` under `name`.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn set_mark(&self, name: &str, value: &str) -> Result<(), Error> {
        self.connection
            .execute(
                "INSERT INTO marks (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [name, value],
            )
            .doing("writing a mark")?;
        Ok(())
    }
}

/// Packs raw bytes for the `blobs` table.
fn pack(raw: &[u8]) -> Vec<u8> {
    thread_local! {
        // Its tables are larger than most mails: made once a thread.
        static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    let packed = PACKER.with_borrow_mut(|packer| {
        if packer.is_none() {
            *packer = Some(Compressor::new(ZSTD_LEVEL)?);
        }
        packer.as_mut().map_or_else(|| Ok(Vec::new()), |packer| packer.compress(raw))
    });
    packed.unwrap_or_else(|_: std::io::Error| {
        // Cannot happen with a valid level; an unpacked frame is still readable by `unpack`.
        let mut frame = Vec::new();
        if let Ok(mut encoder) = zstd::Encoder::new(&mut frame, 1) {
            let _ = encoder.write_all(raw);
            let _ = encoder.finish();
        }
        frame
    })
}

/// Unpacks what [`pack`] made; nothing when it is damaged or of another length than said.
fn unpack(packed: &[u8], bytes: u64) -> Option<Vec<u8>> {
    if bytes > RAW_BYTES_MAX {
        return None;
    }
    let mut raw = Vec::with_capacity(bytes as usize);
    zstd::Decoder::new(packed).ok()?.take(bytes + 1).read_to_end(&mut raw).ok()?;
    (raw.len() as u64 == bytes).then_some(raw)
}

fn make_private_dir(dir: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(dir).map_err(|source| Error::Open { path: dir.to_path_buf(), source })
}

fn touch_private(path: &Path) -> Result<(), Error> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map(drop).map_err(|source| Error::Open { path: path.to_path_buf(), source })
}
