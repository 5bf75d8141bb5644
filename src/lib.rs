//! Postroom: a private mail engine that lets mail wait.

pub mod cli;
pub mod engine;
pub mod guard;
pub mod intake;
pub mod mail;
pub mod models;
pub mod outbox;
pub mod search;
pub mod store;
