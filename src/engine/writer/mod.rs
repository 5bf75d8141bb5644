//! The writer: a language model that drafts, condenses and judges, from any GGUF file of its
//! families.
#![allow(dead_code)]

mod decoder;
mod dice;
mod family;
mod header;
mod linear;
mod ops;
mod plan;
mod rope;
mod store;
#[cfg(test)]
mod tests;
mod weights;
