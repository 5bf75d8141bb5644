//! A mail server that nobody vouches for: the handshake is a true one, and no letter goes through.

use std::io::{ErrorKind, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::kit::Home;
use crate::kit::json::{Drafted, Post};
use crate::kit::mail;
use crate::kit::smtp::Smtp;

/// A TLS server with a certificate of its own making; and the certificate's fingerprint.
fn tls_server() -> (Arc<ServerConfig>, String) {
    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a server");
    (Arc::new(config), fingerprint(made.cert.der()))
}

/// What it heard from the first who connected: the words of the letter, or why the handshake came to
/// nothing.
fn stranger() -> (u16, mpsc::Receiver<Result<String, String>>) {
    let (config, _) = tls_server();
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("somebody");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        let server = ServerConnection::new(config).expect("a server");
        let mut heard = String::new();
        let ended = StreamOwned::new(server, stream).read_to_string(&mut heard);
        let _ = tell.send(ended.map(|_| heard).map_err(|error| error.to_string()));
    });
    (port, told)
}

/// TLS before a server that knows none; and the certificate's fingerprint.
fn in_tls(plain: u16) -> (u16, String) {
    let (config, fingerprint) = tls_server();
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let server = ServerConnection::new(Arc::clone(&config)).expect("a server");
            let inner = TcpStream::connect(("127.0.0.1", plain)).expect("it listens");
            for stream in [&stream, &inner] {
                stream.set_read_timeout(Some(Duration::from_millis(10))).expect("a limit");
            }
            std::thread::spawn(move || relay(StreamOwned::new(server, stream), inner));
        }
    });
    (port, fingerprint)
}

/// Each to the other, until one ends.
fn relay(mut outer: StreamOwned<ServerConnection, TcpStream>, mut inner: TcpStream) -> Option<()> {
    let mut bytes = [0; 4096];
    let read = |from: &mut dyn Read, bytes: &mut [u8]| match from.read(bytes) {
        Ok(0) => None,
        Ok(count) => Some(count),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Some(0)
        }
        Err(_) => None,
    };
    loop {
        let count = read(&mut inner, &mut bytes)?;
        outer.write_all(&bytes[..count]).and_then(|()| outer.flush()).ok()?;
        let count = read(&mut outer, &mut bytes)?;
        inner.write_all(&bytes[..count]).ok()?;
    }
}

fn fingerprint(certificate: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(certificate).iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A home with an approved letter that is to leave over TLS from the first byte.
fn with_letter(smtp: &str) -> (Home, String) {
    let home = Home::with(&mail::some(1));
    let config = format!(
        "[me]\naddresses = [\"ada@example.org\"]\n[send]\nfrom = \"Ada <ada@example.org>\"\nsmtp = {{ host = \"localhost\", {smtp} }}\n"
    );
    std::fs::write(home.path().join("config.toml"), config).expect("it is written");
    let say = ["compose", "--to", "ben@example.org", "--subject", "Ink", "--say", "Two drums."];
    let letter = home.ask::<Drafted>(&say).only().letter.to_string();
    let digest = home.ask::<Post>(&["outbox", "show", &letter]).only().digest;
    home.run(["outbox", "approve", &letter, "--digest", &digest]).done();
    (home, letter)
}

#[test]
fn a_server_nobody_vouches_for_gets_no_letter() {
    let (port, told) = stranger();
    let (home, letter) = with_letter(&format!("port = {port}"));
    home.run(["outbox", "send", &letter]).refused(1, &["certificate"]);
    let heard = told.recv_timeout(Duration::from_secs(30)).expect("it was connected to");
    let why = heard.expect_err("no word goes through");
    assert!(why.to_lowercase().contains("alert") || why.contains("eof"), "{why}");
    assert_eq!(home.ask::<Post>(&["outbox"]).only().state, "approved", "it may go elsewhere");
}

#[test]
fn a_certificate_of_the_config_is_taken_and_no_other() {
    let smtp = Smtp::new();
    let (port, fingerprint) = in_tls(smtp.port);
    let (_, other) = tls_server();
    let (home, letter) = with_letter(&format!("port = {port}, fingerprint = \"{other}\""));
    home.run(["outbox", "send", &letter]).refused(1, &["another certificate"]);
    assert!(smtp.commands().iter().all(|line| line.starts_with("EHLO")), "{:?}", smtp.commands());
    let (home, letter) = with_letter(&format!("port = {port}, fingerprint = \"{fingerprint}\""));
    home.run(["outbox", "send", &letter]).done();
    assert_eq!(smtp.taken().len(), 1);
}
