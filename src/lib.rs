//! Postroom: a private mail engine that lets mail wait.

pub mod cli;
pub mod mail;
pub mod store;
