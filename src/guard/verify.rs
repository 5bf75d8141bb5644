//! Trying to break out.

use std::net::{TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Serialize;

/// One attempt to reach the outside, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// What was tried.
    pub attempt: String,
    /// Whether it was refused.
    pub refused: bool,
    /// How: the system's own words.
    pub how: String,
}

/// Tries every way out that this process has: TCP, UDP and names through the standard library,
/// one socket of each other family, a pair of sockets, `io_uring`, a file outside Postroom's folders
/// (where the kernel has a lock for files), and a child process. Nothing is
/// ever sent: addresses are of this machine or set aside for documentation.
///
/// `child` is a command that exits with success when it could open a socket itself.
pub fn verify(child: Option<&mut Command>) -> Vec<Attempt> {
    let short = Duration::from_millis(500);
    let mut attempts = Vec::new();
    let mut add = |attempt: &str, outcome: Result<(), std::io::Error>| {
        attempts.push(judged(attempt, outcome));
    };
    let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], 9));
    add("TCP connection", TcpStream::connect_timeout(&loopback, short).map(drop));
    add("UDP socket", UdpSocket::bind(("127.0.0.1", 0)).map(drop));
    add("UDP socket, IPv6", UdpSocket::bind(("::1", 0)).map(drop));
    add_system_attempts(&mut add);
    if super::files::has_file_lock() {
        add("file elsewhere", write_elsewhere());
    }
    // Only behind a lock that holds: elsewhere it would ask somebody.
    if attempts.iter().all(|attempt| attempt.refused) {
        attempts.push(look_up("example.org"));
    }
    let mut add = |attempt: &str, outcome: Result<(), std::io::Error>| {
        attempts.push(judged(attempt, outcome));
    };
    if let Some(child) = child {
        let status =
            child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let outcome = match status {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err(std::io::Error::new(
                std::io::ErrorKind::PermissionDenied,
                "the child was refused as well",
            )),
            Err(error) => Err(error),
        };
        add("socket of a child process", outcome);
    }
    attempts
}

fn judged(attempt: &str, outcome: Result<(), std::io::Error>) -> Attempt {
    let (refused, how) = match outcome {
        Ok(()) => (false, "it opened".to_owned()),
        Err(error) => (error.kind() == std::io::ErrorKind::PermissionDenied, error.to_string()),
    };
    Attempt { attempt: attempt.to_owned(), refused, how }
}

/// Makes a file where other programs may, and takes it away again.
fn write_elsewhere() -> Result<(), std::io::Error> {
    let path = std::env::temp_dir().join(format!("postroom-verify-{}", std::process::id()));
    std::fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)
}

/// The system's resolver (`getaddrinfo`): it may have ways of its own, a daemon's socket among them. Without
/// a socket it finds nothing, in words that differ from system to system.
fn look_up(name: &str) -> Attempt {
    use std::net::ToSocketAddrs as _;

    let found = (name, 443).to_socket_addrs();
    let (refused, how) = match found {
        Ok(_) => (false, "it found the host".to_owned()),
        Err(error) => (true, error.to_string()),
    };
    Attempt { attempt: "name of a host".to_owned(), refused, how }
}

/// Whether this process can open a socket: all that the child of [`verify`] does.
pub fn opens_socket() -> bool {
    UdpSocket::bind(("127.0.0.1", 0)).is_ok()
}

#[cfg(target_os = "linux")]
fn add_system_attempts(add: &mut dyn FnMut(&str, Result<(), std::io::Error>)) {
    use socket2::{Domain, Socket, Type};
    for (name, family, kind) in [
        ("local (Unix) socket", libc::AF_UNIX, Type::STREAM),
        ("netlink socket", libc::AF_NETLINK, Type::DGRAM),
        ("packet socket", libc::AF_PACKET, Type::DGRAM),
        ("virtual machine socket", libc::AF_VSOCK, Type::STREAM),
        ("bluetooth socket", libc::AF_BLUETOOTH, Type::STREAM),
    ] {
        add(name, Socket::new(Domain::from(family), kind, None).map(drop));
    }
    add("pair of sockets", std::os::unix::net::UnixStream::pair().map(drop));
    add("io_uring", io_uring::IoUring::new(2).map(drop));
}

#[cfg(not(target_os = "linux"))]
fn add_system_attempts(_add: &mut dyn FnMut(&str, Result<(), std::io::Error>)) {}
