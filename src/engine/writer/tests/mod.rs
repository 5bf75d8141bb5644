//! The writer on made-up models and on a tiny real one.

mod decoder;
mod files;
pub(super) mod kit;
mod reference;
