//! Postroom: a private mail engine that lets mail wait.

pub mod engine;
pub mod mail;
pub mod models;
