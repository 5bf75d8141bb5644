//! Postroom: a private mail engine that lets mail wait.

pub mod cli;
pub mod ledger;
pub mod mail;
pub mod store;
pub mod triage;
