//! Why no letter came of it.

use super::Refusal;
use crate::store;

/// What drafting was doing when it could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A mail that is not to be answered.
    #[error("drafting an answer: {}", .0.reason)]
    Refused(Refusal),
}
