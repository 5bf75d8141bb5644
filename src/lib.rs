//! Postroom: a private mail engine that lets mail wait.

pub mod mail;
