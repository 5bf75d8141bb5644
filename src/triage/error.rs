//! What can go wrong while judging mail.

use crate::mail::MessageId;
use crate::{engine, ledger, store};

/// What triage was doing when it could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The ledger could not read.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The writer gave no opinion.
    #[error("asking the writer")]
    Writer {
        /// The cause.
        source: Box<engine::Error>,
    },
    /// What was never judged cannot be corrected.
    #[error("correcting the verdict on message {0}: it has none", id.0)]
    Unjudged {
        /// The message.
        id: MessageId,
    },
    /// A stored verdict is not what this version writes.
    #[error("reading the verdict on message {0}", id.0)]
    Damaged {
        /// The message.
        id: MessageId,
        /// The cause.
        source: serde_json::Error,
    },
}
