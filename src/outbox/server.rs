//! The server that takes letters, and the secret it wants.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Error;

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
        let Some((program, arguments)) = self.password_command.split_first() else {
            let why = "there is a user, but no password command".to_owned();
            return Err(Error::Password { command: String::new(), why });
        };
        let failed = |why: String| Error::Password { command: program.clone(), why };
        let mut output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| failed(error.to_string()))?;
        let stdout = Secret(std::mem::take(&mut output.stdout));
        if !output.status.success() {
            return Err(failed(format!("it ended with {}", output.status)));
        }
        let line = stdout.0.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return Err(failed("it printed nothing".to_owned()));
        }
        if std::str::from_utf8(line).is_err() {
            return Err(failed("its first line is no text".to_owned()));
        }
        Ok(Some(Secret(line.to_vec())))
    }
}

/// A secret: overwritten when dropped, never printed.
pub(super) struct Secret(Vec<u8>);

impl Secret {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        std::hint::black_box(&self.0);
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
