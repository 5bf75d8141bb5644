//! What can go wrong with the store.

use std::path::PathBuf;

use crate::mail::MessageId;

/// What the store was doing when it could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file or its folder cannot be opened or made.
    #[error("opening the store {path}")]
    Open {
        /// The database file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The database engine refused.
    #[error("{doing}")]
    Sql {
        /// What was being done.
        doing: &'static str,
        /// The cause.
        source: rusqlite::Error,
    },
    /// The file is from a newer Postroom.
    #[error("opening the store {path}: it is of version {found}, this program knows up to {known}")]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Version of the file.
        found: u32,
        /// Newest version this program knows.
        known: u32,
    },
    /// The file is no store.
    #[error("opening the store {path}: it is not a Postroom store")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// There is no store yet.
    #[error("opening the store {path}: there is none yet")]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// No message has this id.
    #[error("looking up message {0}: there is none", id.0)]
    NoMessage {
        /// The id asked for.
        id: MessageId,
    },
    /// No letter has this number.
    #[error("looking up letter {letter}: there is none")]
    NoLetter {
        /// The number asked for.
        letter: i64,
    },
    /// A raw message does not unpack to what was stored.
    #[error("unpacking message {0}: the stored bytes are damaged", id.0)]
    Damaged {
        /// The message.
        id: MessageId,
    },
    /// A stored value is not what this version writes.
    #[error("reading {what} of {id}")]
    Json {
        /// Which value.
        what: &'static str,
        /// Of which row.
        id: i64,
        /// The cause.
        source: serde_json::Error,
    },
    /// A file that a letter carries is not here any more, or damaged.
    #[error("reading {name:?}, which the letter carries: it is not here whole")]
    LetterFile {
        /// What it is called.
        name: String,
    },
    /// The change asked for does not fit the letter's state.
    #[error("letter {letter} ({state}): {refused}")]
    LetterState {
        /// The letter.
        letter: i64,
        /// Its state.
        state: String,
        /// What cannot be done.
        refused: &'static str,
    },
    /// A journal entry that is not there, or was taken back already, or cannot be.
    #[error("undoing change {n}: {why}")]
    Undo {
        /// The entry's number.
        n: i64,
        /// The reason.
        why: String,
    },
}

impl Error {
    /// Whether another process keeps the store locked.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Sql { source, .. }
            if source.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy))
    }

    /// Whether the disk is full: the one cause that a person mends outside the program.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Sql { source, .. } => {
                source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
            }
            Self::Open { source, .. } => source.kind() == std::io::ErrorKind::StorageFull,
            _ => false,
        }
    }
}

/// Adds what was being done to an error of the database engine.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, Error>;
}

impl<T> Doing<T> for Result<T, rusqlite::Error> {
    fn doing(self, doing: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::Sql { doing, source })
    }
}
