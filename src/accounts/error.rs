//! What can go wrong before a server is spoken to.

use std::io;
use std::path::PathBuf;

/// What was being done with an account when it could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that means nothing.
    #[error("{what} = {value:?} means nothing")]
    Value {
        /// The key.
        what: &'static str,
        /// What stands there.
        value: String,
    },
    /// Plain text to another host.
    #[error("connecting to {host}: without TLS only this machine's own address is taken")]
    PlainText {
        /// The host.
        host: String,
    },
    /// The host cannot be reached.
    #[error("connecting to {host}:{port}")]
    Connect {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The cause.
        source: io::Error,
    },
    /// The connection cannot be made private.
    #[error("beginning TLS with {host}")]
    Tls {
        /// The host.
        host: String,
        /// The cause.
        source: io::Error,
    },
    /// The command that gives the password.
    #[error("asking {command:?} for the password: {why}")]
    Password {
        /// The program, without its arguments.
        command: String,
        /// The reason; never its output.
        why: String,
    },
    /// There is nobody to ask for the password.
    #[error("reading the password from the terminal")]
    Terminal {
        /// The cause.
        source: io::Error,
    },
    /// The provider's own login.
    #[error("logging in to {name}: {why}")]
    LogIn {
        /// The account.
        name: String,
        /// The reason; never a token.
        why: String,
    },
    /// The file that holds an account's tokens.
    #[error("keeping the login in {path}")]
    Tokens {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The config cannot be read or written.
    #[error("changing {path}")]
    Config {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The config cannot be understood, so nothing is added to it.
    #[error("changing {path}: {why}")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The config has an account of that name.
    #[error("adding account {name}: there is one of that name")]
    Taken {
        /// The name.
        name: String,
    },
    /// The config has no account of that name.
    #[error("looking for account {name}: there is none")]
    Unknown {
        /// The name.
        name: String,
    },
}
