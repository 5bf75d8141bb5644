//! Mail from an account's server, over IMAP.
//!
//! [`sync()`] makes what is here equal to what is there: folders, messages, flags, and what is gone. It
//! only ever reads: folders are opened with EXAMINE. [`push()`] tells the server what the user changed here,
//! and it and [`draft()`] alone open a folder with SELECT. [`check`] connects, logs in, and says what the
//! server is.
//!
//! The driver is our own, blocking, over one connection, and in layers: `wire` frames responses,
//! `reply` reads them (the data with imap-proto), `session` runs a command to its tagged status,
//! `connect` gets as far as being logged in, `folder` and `fetch` know what to ask. async-imap was
//! meant to carry it and does not: its stream calls report success on a tagged NO, on BYE and on a
//! dropped connection (chatmail/async-imap#95), it parses while it frames, so that one response it
//! cannot read swallows the next, and one connection that waits for one answer after the other gains nothing
//! from a runtime. Here every tagged status is checked, every read ends after a time, and everything
//! that is not a yes is an [`Error`].

mod connect;
mod drafts;
mod error;
mod fetch;
mod flags;
mod folder;
#[cfg(test)]
mod kit;
mod names;
mod push;
mod relink;
mod reply;
mod sent;
mod session;
mod shelf;
mod sync;
#[cfg(test)]
mod tests;
mod uids;
mod watch;
mod wire;

use std::time::Duration;

pub use connect::{Login, check};
pub use drafts::{Drafted, draft};
pub use error::Error;
pub use push::{Pushed, push};
pub use sent::{Sent, sent};
pub use sync::{Deletions, Summary, sync};
pub use watch::{Pace, pause_after, watch};

/// Longest wait for a server to say something.
pub const PATIENCE: Duration = Duration::from_mins(1);
