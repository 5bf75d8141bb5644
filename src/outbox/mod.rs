//! What may leave, and did it?
//!
//! A letter leaves only after a person's yes, and the yes is to these very bytes: [`show()`] gives the
//! letter with the SHA-256 of its envelope and text, [`approve()`] takes that digest back, and
//! [`deliver()`] takes nothing but the [`ApprovedLetter`] that comes of it. A letter is handed over
//! once: where it is not known whether a server took it, it stays `unknown` and is never sent again
//! by itself. This room speaks to mail servers and therefore to no model. Start with [`show()`].

mod approve;
mod clean;
mod deliver;
mod error;
#[cfg(test)]
mod kit;
mod punycode;
mod render;
#[cfg(test)]
mod send_tests;
mod server;
mod show;
#[cfg(test)]
mod tests;
mod text;
mod warn;

pub use approve::{
    ApprovedLetter, Arrival, approve, approved, edit, message_id, reject, settle, unfinished,
};
pub use deliver::{Delivery, Outcome, RecipientReply, deliver, deliver_with, recover};
pub use error::Error;
pub use render::{Draft, Envelope, FILES_BYTES_MAX, Stamp, as_draft, digest, envelope, render};
pub use server::{Server, Tls};
pub use show::{Recipient, Role, Shown, current_digest, show};
pub use text::{from_text, to_text};
pub use warn::{Warning, WarningKind};
