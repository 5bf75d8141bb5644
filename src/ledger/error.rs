//! What can go wrong while reading mail for the ledger.

use crate::mail::MessageId;
use crate::{engine, store};

/// What the ledger was doing when it could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The reader refused.
    #[error("reading messages")]
    Reader(#[from] engine::Error),
    /// A stored reading or entry is not what this version writes.
    #[error("reading what the ledger holds of message {0}", id.0)]
    Damaged {
        /// The message.
        id: MessageId,
        /// The cause.
        source: serde_json::Error,
    },
}
