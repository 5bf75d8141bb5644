//! The server that takes letters, and the secret it wants.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use super::Error;
use crate::accounts::{self, Secret};

/// How the connection is kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte (port 465).
    #[default]
    Implicit,
    /// STARTTLS (port 587): without it nothing is sent.
    StartTls,
    /// None. Taken for a loopback host alone.
    Off,
}

/// A server that takes letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is kept private.
    pub tls: Tls,
    /// SHA-256 of the one certificate that is taken in place of one an authority vouches for, as hex.
    pub fingerprint: Option<String>,
    /// The name to log in with; without one nobody logs in.
    pub user: Option<String>,
    /// Program and arguments whose first line of output is the password; run without a shell.
    pub password_command: Vec<String>,
    /// Longest wait for the connection and for each answer.
    pub timeout: Duration,
}

/// Longest wait where none is given. RFC 5321, 4.5.3.2 asks for 5 and 10 minutes; a person is
/// watching here, and what is cut off is `unknown`, not lost.
pub(super) const TIMEOUT: Duration = Duration::from_mins(1);

impl Server {
    /// A server with TLS as its port asks for (587: STARTTLS, else from the first byte) and nobody
    /// to log in.
    pub fn new(host: &str, port: u16) -> Self {
        let tls = if port == 587 { Tls::StartTls } else { Tls::Implicit };
        Self {
            host: host.to_owned(),
            port,
            tls,
            fingerprint: None,
            user: None,
            password_command: Vec::new(),
            timeout: TIMEOUT,
        }
    }

    /// Whether what is asked for may be done at all.
    ///
    /// # Errors
    /// [`Error::PlainText`] for a host elsewhere without TLS.
    pub fn check(&self) -> Result<(), Error> {
        if self.tls == Tls::Off && !self.is_loopback() {
            return Err(Error::PlainText { host: self.host.clone() });
        }
        Ok(())
    }

    /// Whether the host names this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The addresses to try. Without TLS only those of this machine: `localhost` can be made to
    /// mean anything.
    pub(super) fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let all = (host, self.port).to_socket_addrs()?;
        Ok(all.filter(|address| self.tls != Tls::Off || address.ip().is_loopback()).collect())
    }

    /// Runs the password command.
    pub(super) fn password(&self) -> Result<Option<Secret>, Error> {
        if self.user.is_none() {
            return Ok(None);
        }
        if self.password_command.is_empty() {
            let why = "there is a user, but no password command".to_owned();
            return Err(Error::Password { command: String::new(), why });
        }
        Secret::from_command(&self.password_command).map(Some).map_err(|error| match error {
            accounts::Error::Password { command, why } => Error::Password { command, why },
            error => Error::Password {
                command: self.password_command[0].clone(),
                why: error.to_string(),
            },
        })
    }
}
