//! The writer on made-up models and on a tiny real one.

mod data;
mod decoder;
mod files;
pub(super) mod kit;
mod reference;
mod speed;
mod stories;
mod talk;
mod tensors;
mod vocabularies;
