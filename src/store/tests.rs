//! The store's promises.
