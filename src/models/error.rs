//! What can be wrong with models, their files and the way to them.

use std::io;
use std::path::PathBuf;

use super::gguf::HeaderError;

/// Why something with a model cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry is not what it should be.
    #[error("reading models/registry.toml")]
    Registry(#[source] Box<toml::de::Error>),
    /// An embedded file that the registry does not name.
    #[error("{file} is embedded but not named in models/registry.toml")]
    Unnamed {
        /// The file's name.
        file: &'static str,
    },
    /// An embedded file whose bytes are not the registry's.
    #[error("{file} has sha256 {found} ({bytes} bytes), the registry says {expected}")]
    Digest {
        /// The file's name.
        file: &'static str,
        /// Its size here.
        bytes: usize,
        /// Its digest here.
        found: String,
        /// The registry's digest.
        expected: String,
    },
    /// The list of the models that are here cannot be understood.
    #[error("reading {path}: {why}")]
    LockFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        why: String,
    },
    /// A file or folder cannot be read.
    #[error("reading {path}")]
    Read {
        /// It.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("writing {path}")]
    Write {
        /// It.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another process is changing the models.
    #[error("changing the models in {dir}: another postroom is at it")]
    Busy {
        /// The models folder.
        dir: PathBuf,
    },
    /// Neither the registry nor the models folder has a model of this name.
    #[error("model {name}: there is none of that name")]
    Unknown {
        /// As it was typed.
        name: String,
    },
    /// The registry has it, the models folder does not.
    #[error("model {name}: it is not here")]
    NotHere {
        /// The model.
        name: String,
    },
    /// A name that cannot be one.
    #[error("model {name:?}: a name has letters, digits, '.', '-' and '_', 64 at most")]
    BadName {
        /// As it was typed.
        name: String,
    },
    /// Another model has the name.
    #[error("adding {name}: another model has that name")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The same bytes are here already.
    #[error("adding {file}: it is here as {name}")]
    HereAlready {
        /// The file.
        file: PathBuf,
        /// The model it is.
        name: String,
    },
    /// Not a file: a folder, a pipe.
    #[error("adding {path}: it is not a file")]
    NotAFile {
        /// It.
        path: PathBuf,
    },
    /// A file that is no GGUF, or one that holds no writer.
    #[error("reading {file}")]
    Header {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        source: HeaderError,
    },
    /// Not the address of a hub.
    #[error("hub {url:?}: {why}")]
    Endpoint {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The hub cannot be asked, or gives no answer.
    #[error("fetching {name} from {host}: {why}")]
    Connect {
        /// The model.
        name: String,
        /// Who was asked.
        host: String,
        /// What happened.
        why: String,
    },
    /// The hub said no.
    #[error("fetching {name} from {host}: it answers {status}")]
    Answered {
        /// The model.
        name: String,
        /// Who was asked.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The hub sends us somewhere we do not go.
    #[error("fetching {name} from {host}: it sends us {why}")]
    Redirect {
        /// The model.
        name: String,
        /// Who was asked.
        host: String,
        /// Where to.
        why: String,
    },
    /// The hub does not say what it must say of a file.
    #[error("fetching {name} from {host}: it does not say {what}")]
    Undeclared {
        /// The model.
        name: String,
        /// Who was asked.
        host: String,
        /// What it leaves out.
        what: &'static str,
    },
    /// The hub has other bytes than those that are trusted.
    #[error("fetching {name} from {host}: its file has sha256 {declared}, {pinned} is expected")]
    NotPinned {
        /// The model.
        name: String,
        /// Who was asked.
        host: String,
        /// The hub's digest.
        declared: String,
        /// The registry's, or the lock file's.
        pinned: String,
    },
    /// The hub declares another size than the one pinned.
    #[error("fetching {name}: {host} declares {declared} bytes, pinned are {pinned}")]
    WrongSize {
        /// The model.
        name: String,
        /// Who was asked.
        host: String,
        /// The hub's size.
        declared: u64,
        /// The registry's, or the lock file's.
        pinned: u64,
    },
    /// The connection ended too soon, again and again.
    #[error("fetching {name} from {host}: {why} after {done} of {total} bytes")]
    BrokenOff {
        /// The model.
        name: String,
        /// Who was asked.
        host: String,
        /// What happened.
        why: String,
        /// Bytes that are here.
        done: u64,
        /// Bytes of the whole.
        total: u64,
    },
    /// What came is not what was declared.
    #[error("fetching {name} from {host}: what came has sha256 {found}, {declared} was declared")]
    WrongDigest {
        /// The model.
        name: String,
        /// Who was asked.
        host: String,
        /// The digest of what came.
        found: String,
        /// The hub's word.
        declared: String,
    },
    /// The list of connections cannot be written: then none is opened.
    #[error(transparent)]
    Log(#[from] crate::guard::Error),
}

impl Error {
    /// Whether there is no room left to write.
    pub fn is_disk_full(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let Self::Write { source, .. } = self else { return false };
        matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge)
    }

    /// Whether another attempt may go better: the connection broke, nobody said no.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::BrokenOff { .. })
    }
}
