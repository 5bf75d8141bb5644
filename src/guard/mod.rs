//! What can this process reach, and what did it reach?
//!
//! [`lock()`] takes every socket away from the process before it reads mail, for good and for its
//! children too; [`keep_files()`] takes every place to write but its own. [`verify()`] tries to break out and says what happened. [`ConnectionLog`] is the
//! list of connections that the few commands which may open one have opened. [`confine()`] leaves a
//! process nothing but its streams, for reading a stranger's file. [`SafeText`] is the only way for a
//! stranger's words to a screen. Nothing here reads mail. Start with [`lock()`].

mod companion;
mod confine;
mod connections;
mod files;
mod lock;
mod text;
mod verify;

pub use companion::{Companion, Messenger, serve_companion, serve_messenger};
pub use confine::{allow_processor_seconds, confine};
pub use connections::{Connection, ConnectionLog};
pub use files::keep_files;
pub use lock::{Locked, lock};
pub use text::{SafeText, escape_json};
pub use verify::{Attempt, opens_socket, verify};

/// What can go wrong while guarding.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel refused the filter: the process must not go on.
    #[error("taking the sockets away: {reason}")]
    Lock {
        /// What the kernel or the filter compiler said.
        reason: String,
    },
    /// The list of connections cannot be read or written.
    #[error("using the list of connections {path}")]
    Log {
        /// The file.
        path: std::path::PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The split-off process that starts editors is gone.
    #[error("starting the editor")]
    Companion {
        /// The cause.
        source: std::io::Error,
    },
}
