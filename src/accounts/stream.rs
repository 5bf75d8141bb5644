//! The connection: plain on this machine, else TLS.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::{Error, Server, Tls, pin};

/// A connection whose every read and write ends after a time.
#[derive(Debug)]
pub enum Stream {
    /// Nothing private about it: to this machine, or before STARTTLS.
    Plain(TcpStream),
    /// TLS 1.2 or 1.3, the other side's certificate checked.
    Private(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    /// Connects, and begins TLS where that comes first. No step takes longer than `patience`.
    ///
    /// # Errors
    /// What the server may not be asked for, a host that cannot be reached, a certificate that is not
    /// its own.
    pub fn open(server: &Server, patience: Duration) -> Result<Self, Error> {
        server.check()?;
        let failed =
            |source| Error::Connect { host: server.host.clone(), port: server.port, source };
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in server.addresses().map_err(failed)? {
            match TcpStream::connect_timeout(&address, patience) {
                Ok(tcp) => {
                    tcp.set_read_timeout(Some(patience)).map_err(failed)?;
                    tcp.set_write_timeout(Some(patience)).map_err(failed)?;
                    tcp.set_nodelay(true).map_err(failed)?;
                    let plain = Self::Plain(tcp);
                    return match server.tls() {
                        Tls::Implicit => plain.begin_tls(server),
                        Tls::StartTls | Tls::Off => Ok(plain),
                    };
                }
                Err(error) => last = error,
            }
        }
        Err(failed(last))
    }

    /// Makes a plain connection private. The handshake is over when this returns: nothing was said to
    /// a server that is not the one meant.
    ///
    /// # Errors
    /// The certificate is bad, or the handshake fails.
    pub fn begin_tls(self, server: &Server) -> Result<Self, Error> {
        let failed = |source| Error::Tls { host: server.host.clone(), source };
        let Self::Plain(mut tcp) = self else { return Ok(self) };
        let name = ServerName::try_from(server.bare_host().to_owned()).map_err(|_| {
            failed(io::Error::new(io::ErrorKind::InvalidInput, "the host's name is none"))
        })?;
        let mut connection = ClientConnection::new(Arc::new(tls_config(server)?), name)
            .map_err(|error| failed(io::Error::other(error)))?;
        while connection.is_handshaking() {
            if connection.complete_io(&mut tcp).map_err(failed)? == (0, 0) {
                return Err(failed(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Ok(Self::Private(Box::new(StreamOwned::new(connection, tcp))))
    }

    /// How long a read or a write may take from now on.
    ///
    /// # Errors
    /// The system's.
    pub fn set_patience(&self, patience: Duration) -> io::Result<()> {
        let tcp = match self {
            Self::Plain(tcp) => tcp,
            Self::Private(tls) => &tls.sock,
        };
        tcp.set_read_timeout(Some(patience))?;
        tcp.set_write_timeout(Some(patience))
    }

    /// Whether nobody on the way can read along.
    pub fn is_private(&self) -> bool {
        matches!(self, Self::Private(_))
    }
}

fn tls_config(server: &Server) -> Result<ClientConfig, Error> {
    let failed = |error: rustls::Error| Error::Tls {
        host: server.host.clone(),
        source: io::Error::other(error),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    if let Some(digest) = server.fingerprint.as_deref().and_then(pin::digest) {
        let pinned = Arc::new(pin::Pinned::new(digest, provider));
        return Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(pinned)
            .with_no_client_auth());
    }
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(buffer),
            Self::Private(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Private(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Private(tls) => tls.flush(),
        }
    }
}
