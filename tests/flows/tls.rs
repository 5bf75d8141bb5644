//! A mail server that nobody vouches for: the handshake is a true one, and no letter goes through.

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::kit::Home;
use crate::kit::json::{Drafted, Post};
use crate::kit::mail;

/// What a TLS server of these names heard from the first who connected: the words of the letter, or
/// why the handshake came to nothing.
fn stranger(names: &[&str]) -> (u16, mpsc::Receiver<Result<String, String>>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a server");
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("somebody");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        let server = ServerConnection::new(Arc::new(config)).expect("a server");
        let mut heard = String::new();
        let ended = StreamOwned::new(server, stream).read_to_string(&mut heard);
        let _ = tell.send(ended.map(|_| heard).map_err(|error| error.to_string()));
    });
    (port, told)
}

#[test]
fn a_server_nobody_vouches_for_gets_no_letter() {
    let home = Home::with(&mail::some(1));
    let (port, told) = stranger(&["localhost", "127.0.0.1"]);
    let config = format!(
        "[me]\naddresses = [\"ada@example.org\"]\n[send]\nfrom = \"Ada <ada@example.org>\"\nsmtp = {{ host = \"localhost\", port = {port} }}\n"
    );
    std::fs::write(home.path().join("config.toml"), config).expect("it is written");
    let say = ["compose", "--to", "ben@example.org", "--subject", "Ink", "--say", "Two drums."];
    let letter = home.ask::<Drafted>(&say).only().letter.to_string();
    let digest = home.ask::<Post>(&["outbox", "show", &letter]).only().digest;
    home.run(["outbox", "approve", &letter, "--digest", &digest]).done();
    home.run(["outbox", "send", &letter]).refused(1, &["certificate"]);
    let heard = told.recv_timeout(Duration::from_secs(30)).expect("it was connected to");
    let why = heard.expect_err("no word goes through");
    assert!(why.to_lowercase().contains("alert") || why.contains("eof"), "{why}");
    assert_eq!(home.ask::<Post>(&["outbox"]).only().state, "approved", "it may go elsewhere");
}
