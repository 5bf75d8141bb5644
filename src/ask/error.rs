//! What can go wrong while answering.

use crate::search::Cause;
use crate::{ledger, search, store};

/// What can go wrong while answering.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A question of signs, or of nothing.
    #[error("there is no word in the question")]
    Nothing,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The search refused.
    #[error(transparent)]
    Search(#[from] search::Error),
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The reader could not make vectors.
    #[error("making vectors of the question and of sentences")]
    Embed(#[source] Cause),
}
