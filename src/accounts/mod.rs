//! Whose mail, which server, which secret?
//!
//! An [`Account`] is what the config says of one. [`Account::secret`] gets its password from the
//! user's own command; [`Stream::open`] opens a private connection to its server, or none.
//! [`provider`] knows the servers of the big providers, and [`quirks_of`] what each does in its own way.
//! [`add_to`] and [`remove_from`] change the config and leave alone what else stands in it. No secret is ever
//! written down, logged or put into an error. Start with [`Account`].

mod config;
mod discover;
mod error;
mod http;
mod oauth;
mod pin;
mod providers;
mod secret;
mod server;
mod stream;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use config::{add_to, remove_from};
pub use discover::{Found, discover};
pub use error::Error;
pub use oauth::{Keys, OAuth};
pub use pin::is_of_fingerprint;
pub use providers::{Provider, Quirks, provider, quirks_of, smtp_of, wait_asked};
pub use secret::Secret;
pub use server::{Server, Tls};
pub use stream::Stream;

/// One account, as the config has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Whose mail.
    pub address: String,
    /// The name to log in with; the address if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where the mail lies.
    pub imap: Server,
    /// Where mail is handed over; the provider's if left out and the provider is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<Server>,
    /// Where the password comes from; asked for on a terminal if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordCommand>,
    /// The provider's own login in place of a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth: Option<OAuth>,
}

/// `password.command`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordCommand {
    /// Program and arguments whose first line of output is the password; run without a shell.
    pub command: Vec<String>,
}

impl Account {
    /// The name to log in with.
    pub fn user(&self) -> &str {
        self.user.as_deref().unwrap_or(&self.address)
    }

    /// Names the mailbox in the store, the same whatever the account is called in the config.
    pub fn location(&self) -> String {
        format!("imap://{}@{}:{}", self.user(), self.imap.host, self.imap.port)
    }

    /// An access token where the account has the provider's own login, else what the password command
    /// prints. Nothing when there is neither: the user is asked then.
    ///
    /// # Errors
    /// The command cannot be run, fails, or prints no password; or as [`OAuth::access`].
    pub fn secret(&self, keys: &Keys<'_>) -> Result<Option<Secret>, Error> {
        if let Some(oauth) = &self.oauth {
            return oauth.access(keys).map(Some);
        }
        self.password.as_ref().map(|password| Secret::from_command(&password.command)).transpose()
    }

    /// Whether each value means something.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check(&self) -> Result<(), Error> {
        let named = |what: &'static str, value: &str| {
            let is_text = !value.is_empty() && !value.chars().any(char::is_control);
            if is_text { Ok(()) } else { Err(Error::Value { what, value: value.to_owned() }) }
        };
        named("address", &self.address)?;
        named("user", self.user())?;
        if self.password.as_ref().is_some_and(|password| password.command.is_empty()) {
            return Err(Error::Value { what: "password.command", value: "[]".to_owned() });
        }
        if let Some(oauth) = &self.oauth {
            oauth.check()?;
        }
        self.imap.check()?;
        self.smtp.as_ref().map_or(Ok(()), Server::check)
    }
}
