//! A server, and how the connection to it is kept private.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

use serde::{Deserialize, Serialize};

use super::{Error, pin};

/// The port of IMAP with TLS from the first byte (RFC 8314).
const IMAPS: u16 = 993;
/// The ports that begin in plain text: IMAP's and submission's.
const BEGIN_PLAIN: [u16; 2] = [143, 587];

/// How a connection is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS: without it nothing is said.
    StartTls,
    /// None. Taken for a loopback host alone.
    Off,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Name or address.
    pub host: String,
    /// Port.
    #[serde(default = "imaps")]
    pub port: u16,
    /// How the connection is kept private; as the port asks for if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// SHA-256 of the one certificate that is taken, 64 hex digits, in place of the authorities: for
    /// a server of your own that signs its certificate itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

fn imaps() -> u16 {
    IMAPS
}

impl Server {
    /// A server with TLS as its port asks for.
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port, tls: None, fingerprint: None }
    }

    /// How the connection is kept private.
    pub fn tls(&self) -> Tls {
        self.tls.unwrap_or(if BEGIN_PLAIN.contains(&self.port) {
            Tls::StartTls
        } else {
            Tls::Implicit
        })
    }

    /// Whether what is asked for may be done at all.
    ///
    /// # Errors
    /// Plain text to another host, or a value that means nothing.
    pub fn check(&self) -> Result<(), Error> {
        let is_name = !self.host.is_empty()
            && self.host.chars().all(|c| c.is_alphanumeric() || "-._:[]".contains(c));
        if !is_name {
            return Err(Error::Value { what: "host", value: self.host.clone() });
        }
        if let Some(text) = &self.fingerprint
            && pin::digest(text).is_none()
        {
            return Err(Error::Value { what: "fingerprint", value: text.clone() });
        }
        if self.tls() == Tls::Off && !self.is_loopback() {
            return Err(Error::PlainText { host: self.host.clone() });
        }
        Ok(())
    }

    /// Whether the host names this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.bare_host();
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The host without the brackets of an IPv6 address.
    pub(super) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The addresses to try. Without TLS only those of this machine: `localhost` can be made to
    /// mean anything.
    pub(super) fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        let all = (self.bare_host(), self.port).to_socket_addrs()?;
        Ok(all.filter(|address| self.tls() != Tls::Off || address.ip().is_loopback()).collect())
    }
}
