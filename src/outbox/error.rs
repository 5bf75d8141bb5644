//! What can go wrong before a letter is handed over.

use crate::store;

/// What the outbox was doing when it could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// An address that no letter can go to or come from.
    #[error("reading the {role} address {address:?}: {why}")]
    Address {
        /// `sender` or `recipient`.
        role: &'static str,
        /// As written, control characters taken out.
        address: String,
        /// The reason.
        why: String,
    },
    /// Nobody would get it.
    #[error("letter has no recipient")]
    NoRecipient,
    /// The text could not be put into the form that mail has.
    #[error("writing the letter as a mail: {why}")]
    Form {
        /// The reason.
        why: String,
    },
    /// What it carries is more than servers take.
    #[error("the letter carries {bytes} bytes; {bytes_max} at most")]
    TooLarge {
        /// Its files together.
        bytes: u64,
        /// The most.
        bytes_max: u64,
    },
    /// `[…]` is still in it: held back.
    #[error("letter {letter} is not finished: {quote:?} is still in it")]
    Unfinished {
        /// The letter.
        letter: i64,
        /// The line with the gap.
        quote: String,
    },
    /// It is not the letter that was shown: held back.
    #[error("letter {letter} changed since it was shown: its digest is {now}, not {shown}")]
    Changed {
        /// The letter.
        letter: i64,
        /// The digest given.
        shown: String,
        /// The digest of what is there now.
        now: String,
    },
    /// Only an approved letter can be sent: held back.
    #[error("letter {letter} ({state}) is not approved")]
    NotApproved {
        /// The letter.
        letter: i64,
        /// Its state.
        state: &'static str,
    },
    /// What is stored as approved is not what the approval was given to: held back.
    #[error("letter {letter} is not what was approved: the stored text does not fit its digest")]
    Tampered {
        /// The letter.
        letter: i64,
    },
    /// Another process is sending.
    #[error("sending letters: another postroom is sending now")]
    Busy,
    /// The lock that keeps two processes from sending at once.
    #[error("taking the outbox's lock {path}")]
    Lock {
        /// The lock file.
        path: std::path::PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Sending without TLS to a host that is not this machine.
    #[error("sending through {host}: without tls only this machine's own address is taken")]
    PlainText {
        /// The host.
        host: String,
    },
    /// The command that gives the password.
    #[error("asking {command:?} for the password: {why}")]
    Password {
        /// The program, without its arguments.
        command: String,
        /// The reason; never its output.
        why: String,
    },
    /// An edited letter that cannot be read back.
    #[error("reading the edited letter, line {line}: {why}")]
    Text {
        /// From 1.
        line: usize,
        /// The reason.
        why: String,
    },
}

impl Error {
    /// Whether a person must look (exit status 3), rather than something having failed.
    pub fn is_held_back(&self) -> bool {
        matches!(
            self,
            Self::Unfinished { .. }
                | Self::Changed { .. }
                | Self::NotApproved { .. }
                | Self::Tampered { .. }
        )
    }
}
