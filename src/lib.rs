//! Postroom: a private mail engine that lets mail wait.

pub mod cli;
pub mod draft;
pub mod mail;
pub mod outbox;
pub mod store;
pub mod voice;
