//! What can go wrong while indexing or searching.

use std::path::PathBuf;

use super::query::ParseError;

/// The cause of an error that another room handed in.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What can go wrong while indexing or searching.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The index is of another version or damaged; it has to be made anew from the store.
    #[error("the index in {} has to be rebuilt: {reason}", dir.display())]
    Rebuild {
        /// Where the index lies.
        dir: PathBuf,
        /// Why it cannot be used, in words.
        reason: String,
    },
    /// The index engine refused.
    #[error("{doing} in the index")]
    Index {
        /// What was being done.
        doing: &'static str,
        /// The engine's answer.
        #[source]
        source: tantivy::TantivyError,
    },
    /// Another process is writing to the index.
    #[error("the index in {} is being written by another process", dir.display())]
    Busy {
        /// Where the index lies.
        dir: PathBuf,
    },
    /// A file could not be read or written.
    #[error("{doing} {}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The vectors were made by another model, or have another length.
    #[error("the vectors in {} were made by another model", path.display())]
    OtherModel {
        /// The vector file.
        path: PathBuf,
    },
    /// A vector handed in does not have the file's length, or holds no finite numbers.
    #[error("a vector of {got} numbers for message {message}, expected {expected}")]
    BadVector {
        /// The message it belongs to.
        message: i64,
        /// Numbers in it.
        got: usize,
        /// Numbers wanted.
        expected: usize,
    },
    /// The question cannot be understood.
    #[error(transparent)]
    Query(#[from] ParseError),
    /// A fact about messages could not be looked up.
    #[error("looking up {fact}")]
    Facts {
        /// The part of the query that asked for it.
        fact: String,
        /// Why not.
        #[source]
        source: Cause,
    },
    /// The messages to index could not be read.
    #[error("reading messages to index")]
    Documents {
        /// Why not.
        #[source]
        source: Cause,
    },
    /// Attachments cannot be read on this machine.
    #[error("reading attachments")]
    Attachments {
        /// Why not.
        #[source]
        source: crate::attach::Error,
    },
    /// The reader could not make vectors.
    #[error("making vectors")]
    Embed {
        /// Why not.
        #[source]
        source: Cause,
    },
}

impl Error {
    /// Whether only a rebuild from the store can help.
    pub fn needs_rebuild(&self) -> bool {
        matches!(self, Error::Rebuild { .. })
    }

    /// Whether writing to the index may go another time: somebody else writes, or the disk is full.
    pub fn is_for_now(&self) -> bool {
        matches!(self, Error::Busy { .. }) || self.is_disk_full()
    }

    /// Whether there is no room on the disk.
    pub fn is_disk_full(&self) -> bool {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = cause {
            let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            if matches!(
                kind,
                Some(std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
            ) {
                return true;
            }
            // The engine hands on what the system said inside an `Arc`, which is no source.
            if let Some(tantivy::TantivyError::IoError(io)) = error.downcast_ref() {
                return matches!(io.kind(), std::io::ErrorKind::StorageFull);
            }
            cause = error.source();
        }
        false
    }

    pub(super) fn index(doing: &'static str) -> impl FnOnce(tantivy::TantivyError) -> Self {
        move |source| Error::Index { doing, source }
    }

    pub(super) fn file(
        doing: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Error::File { doing, path, source }
    }
}
