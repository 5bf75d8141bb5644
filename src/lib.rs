//! Postroom: a private mail engine that lets mail wait.

pub mod brief;
pub mod cli;
pub mod engine;
pub mod ledger;
pub mod mail;
pub mod models;
pub mod store;
pub mod triage;
