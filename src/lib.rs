//! Postroom: a private mail engine that lets mail wait.

pub mod brief;
pub mod cli;
pub mod draft;
pub mod engine;
pub mod guard;
pub mod intake;
pub mod ledger;
pub mod mail;
pub mod models;
pub mod outbox;
pub mod search;
pub mod store;
pub mod triage;
pub mod voice;
