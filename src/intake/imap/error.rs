//! What can go wrong with a server. Never a mail's text, never a secret.

use crate::{accounts, guard, store};

/// What was being done when it could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server cannot be reached, or not privately.
    #[error(transparent)]
    Account(#[from] accounts::Error),
    /// The connection cannot be written down, so it is not opened.
    #[error(transparent)]
    Log(#[from] guard::Error),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The connection is gone.
    #[error("{doing}: the connection broke off")]
    Dropped {
        /// What was being done.
        doing: String,
        /// The cause; nothing when the server just closed it.
        source: Option<std::io::Error>,
    },
    /// The server said nothing for too long.
    #[error("{doing}: no answer for {seconds} s")]
    Stalled {
        /// What was being done.
        doing: String,
        /// How long.
        seconds: u64,
    },
    /// The server ended the conversation.
    #[error("{doing}: the server said goodbye: {said}")]
    Bye {
        /// What was being done.
        doing: String,
        /// Its words.
        said: String,
    },
    /// The server said NO.
    #[error("{doing}: the server refused: {said}")]
    Refused {
        /// What was being done.
        doing: String,
        /// Its words.
        said: String,
    },
    /// The server wants to be left alone for a while.
    #[error("{doing}: the server asks to wait {seconds} s: {said}")]
    Throttled {
        /// What was being done.
        doing: String,
        /// Its words.
        said: String,
        /// How long.
        seconds: u64,
    },
    /// The server said BAD: it did not understand.
    #[error("{doing}: the server did not understand: {said}")]
    Bad {
        /// What was being done.
        doing: String,
        /// Its words.
        said: String,
    },
    /// What came is no IMAP.
    #[error("{doing}: the server's answer cannot be read: {what}")]
    Garbage {
        /// What was being done.
        doing: String,
        /// Which part of it; never the part itself.
        what: &'static str,
    },
    /// The connection would have stayed readable to others; nothing was said.
    #[error("connecting to {host}: {why}")]
    NotPrivate {
        /// The host.
        host: String,
        /// The reason.
        why: &'static str,
    },
    /// The server did not take the name and password.
    #[error("logging in as {user}: the server refused: {said}")]
    Login {
        /// The name.
        user: String,
        /// Its words.
        said: String,
    },
    /// The provider takes no passwords from mail programs, or not this kind.
    #[error("logging in as {user}: the provider has switched this kind of password off: {said}")]
    PasswordsOff {
        /// The name.
        user: String,
        /// Its words.
        said: String,
    },
    /// The server takes no access tokens.
    #[error("logging in as {user}: the server takes no tokens (XOAUTH2, OAUTHBEARER)")]
    NoTokens {
        /// The name.
        user: String,
    },
    /// There is no way to log in that we know.
    #[error("logging in as {user}: the server takes no passwords")]
    NoPasswords {
        /// The name.
        user: String,
    },
}

impl Error {
    /// Whether the connection may be used for something else still: the server answered, only not
    /// with a yes.
    pub(super) fn leaves_connection(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Bad { .. })
    }

    /// Whether trying again with a new connection may help.
    pub(super) fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Dropped { .. } | Self::Stalled { .. } | Self::Bye { .. } | Self::Throttled { .. }
        )
    }
}
