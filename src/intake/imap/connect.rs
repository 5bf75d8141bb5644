//! From nothing to being logged in, and never a secret before the connection is private.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Error;
use super::reply::Status;
use super::session::{Session, garbage, ignore, quoted};
use super::wire::Wire;
use crate::accounts::{Account, Quirks, Secret, Tls, quirks_of};
use crate::guard::{Connection, ConnectionLog};

/// Who logs in where, and what is written down of it.
#[derive(Debug)]
pub struct Login<'a> {
    /// Whose mail.
    pub account: &'a Account,
    /// What to log in with.
    pub secret: &'a Secret,
    /// Where every connection is written before it is opened.
    pub log: &'a ConnectionLog,
    /// For that list: the command.
    pub command: &'a str,
    /// For that list: what for.
    pub purpose: &'a str,
    /// For that list: when, RFC 3339.
    pub time: &'a str,
    /// Longest wait for the server to say something.
    pub patience: Duration,
}

/// A session whose connection is written down again, with its bytes, when it ends.
pub(super) struct Logged<'a> {
    pub(super) session: Session,
    log: &'a ConnectionLog,
    entry: Connection,
}

impl Drop for Logged<'_> {
    fn drop(&mut self) {
        let wire = &self.session.wire;
        (self.entry.bytes_in, self.entry.bytes_out) = (wire.bytes_in, wire.bytes_out);
        // The line that says it was opened is there already.
        let _ = self.log.append(&self.entry);
    }
}

/// Connects, logs in, and leaves again. Gives back what the server says it can do.
///
/// # Errors
/// What stands in the way.
pub fn check(login: &Login<'_>) -> Result<Vec<String>, Error> {
    let logged = open(login)?;
    let capabilities = logged.session.capabilities();
    logged.leave();
    Ok(capabilities)
}

/// Connects and logs in.
pub(super) fn open<'a>(login: &Login<'a>) -> Result<Logged<'a>, Error> {
    let server = &login.account.imap;
    let entry = Connection {
        time: login.time.to_owned(),
        command: login.command.to_owned(),
        host: server.host.clone(),
        port: server.port,
        purpose: login.purpose.to_owned(),
        bytes_in: 0,
        bytes_out: 0,
    };
    server.check()?;
    login.log.append(&entry)?;
    let wire = Wire::open(server, login.patience)?;
    let (session, greeting) = Session::greeted(wire, quirks_of(&server.host))?;
    let mut logged = Logged { session, log: login.log, entry };
    let session = &mut logged.session;
    if server.tls() == Tls::StartTls {
        // Whoever is logged in already cannot begin TLS any more (RFC 9051, 6.2.1): a way to keep the
        // connection plain.
        if greeting.status == Status::PreAuth {
            return Err(not_private(login, "the server will not begin TLS (PREAUTH)"));
        }
        start_tls(session, login)?;
    }
    if server.tls() != Tls::Off && !session.wire.is_private() {
        return Err(not_private(login, "the connection is not private"));
    }
    if !session.knows_capabilities() {
        session.run("asking what the server can", "CAPABILITY", &mut ignore)?;
    }
    if greeting.status != Status::PreAuth {
        log_in(session, login)?;
    }
    if session.quirks.id_first && session.can("ID") {
        let id =
            concat!("ID (\"name\" \"postroom\" \"version\" \"", env!("CARGO_PKG_VERSION"), "\")");
        session.run("saying who asks", id, &mut ignore)?;
    }
    enable(session)?;
    Ok(logged)
}

fn not_private(login: &Login<'_>, why: &'static str) -> Error {
    Error::NotPrivate { host: login.account.imap.host.clone(), why }
}

/// Begins TLS, or says nothing more. What was said before counts for nothing: somebody on the way may have
/// said it (nostarttls.secvuln.info).
fn start_tls(session: &mut Session, login: &Login<'_>) -> Result<(), Error> {
    let refused = |error| match error {
        Error::Refused { .. } | Error::Bad { .. } => {
            not_private(login, "the server refuses STARTTLS")
        }
        error => error,
    };
    session.run("beginning TLS", "STARTTLS", &mut ignore).map_err(refused)?;
    if session.wire.has_unread() {
        return Err(not_private(login, "something was slipped in before TLS began"));
    }
    session.wire.begin_tls(&login.account.imap)?;
    session.forget_capabilities();
    Ok(())
}

fn log_in(session: &mut Session, login: &Login<'_>) -> Result<(), Error> {
    let (user, secret) = (login.account.user(), login.secret.text());
    let doing = "logging in";
    let plain = session.can("AUTH=PLAIN");
    let ended = if login.secret.is_token() {
        by_token(session, login)
    } else if plain {
        let token = Token(STANDARD.encode(format!("\0{user}\0{secret}")));
        if session.can("SASL-IR") && !session.quirks.id_first {
            let command = Token(format!("AUTHENTICATE PLAIN {}", token.0));
            session.run(doing, &command.0, &mut ignore)
        } else {
            session.run_with(doing, "AUTHENTICATE PLAIN", Some(&token.0), &mut ignore)
        }
    } else if session.can("LOGINDISABLED") {
        return Err(Error::NoPasswords { user: user.to_owned() });
    } else {
        let (Some(name), Some(password)) = (quoted(user), quoted(secret).map(Token)) else {
            return Err(Error::NoPasswords { user: user.to_owned() });
        };
        let command = Token(format!("LOGIN {name} {}", password.0));
        session.run(doing, &command.0, &mut ignore)
    };
    let line = ended.map_err(|error| match error {
        Error::Refused { said, .. } | Error::Bad { said, .. }
            if !login.secret.is_token() && passwords_are_off(&said) =>
        {
            Error::PasswordsOff { user: user.to_owned(), said }
        }
        Error::Refused { said, .. } | Error::Bad { said, .. } => {
            Error::Login { user: user.to_owned(), said }
        }
        error => error,
    })?;
    // What it can do now may differ from what it said before, and the answer may say it.
    if !matches!(line.code, super::reply::Code::Capability(_)) {
        session.forget_capabilities();
        session.run("asking what the server can", "CAPABILITY", &mut ignore)?;
    }
    if !session.knows_capabilities() {
        return Err(garbage("asking what the server can", "it does not say"));
    }
    Ok(())
}

/// By an access token: XOAUTH2, which the big providers have, else OAUTHBEARER (RFC 7628). A server that
/// refuses says why in one line more, and wants an answer to that.
fn by_token(session: &mut Session, login: &Login<'_>) -> Result<super::reply::Line, Error> {
    let (user, token) = (login.account.user(), login.secret.text());
    let server = &login.account.imap;
    let (name, words, last): (&str, Token, &[u8]) = if session.can("AUTH=XOAUTH2") {
        ("XOAUTH2", Token(format!("user={user}\x01auth=Bearer {token}\x01\x01")), b"")
    } else if session.can("AUTH=OAUTHBEARER") {
        // A user's name with a comma or an equals sign is written so (RFC 5801, 4).
        let user = user.replace('=', "=3D").replace(',', "=2C");
        let (host, port) = (&server.host, server.port);
        let words =
            format!("n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01");
        ("OAUTHBEARER", Token(words), b"AQ==")
    } else {
        return Err(Error::NoTokens { user: user.to_owned() });
    };
    let words = Token(STANDARD.encode(&words.0));
    let doing = "logging in";
    if session.can("SASL-IR") && !session.quirks.id_first {
        let command = Token(format!("AUTHENTICATE {name} {}", words.0));
        session.run_bytes(doing, &command.0, &[last], &mut ignore)
    } else {
        let answers: [&[u8]; 2] = [words.0.as_bytes(), last];
        session.run_bytes(doing, &format!("AUTHENTICATE {name}"), &answers, &mut ignore)
    }
}

/// Whether a refusal says that the provider takes no passwords from mail programs, whichever they are.
fn passwords_are_off(said: &str) -> bool {
    let said = said.to_lowercase();
    [
        "basic authentication is disabled",
        "basicauthblocked",
        "basic auth is disabled",
        "application-specific password required",
        "web login required",
        "log in via your web browser",
        "webalert",
        "username and password not accepted",
    ]
    .iter()
    .any(|words| said.contains(words))
}

/// Before a folder is opened: some servers give no HIGHESTMODSEQ otherwise (iCloud).
fn enable(session: &mut Session) -> Result<(), Error> {
    let Quirks { condstore, qresync, .. } = session.quirks;
    let wanted = match () {
        () if qresync && condstore && session.can("QRESYNC") => "ENABLE CONDSTORE QRESYNC",
        () if condstore && session.can("CONDSTORE") => "ENABLE CONDSTORE",
        () => return Ok(()),
    };
    if !session.can("ENABLE") {
        return Ok(());
    }
    match session.run("asking for counted changes", wanted, &mut ignore) {
        Ok(_) => Ok(()),
        // Then without.
        Err(error) if error.leaves_connection() => {
            (session.quirks.condstore, session.quirks.qresync) = (false, false);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

impl Logged<'_> {
    /// Says goodbye. A server that does not answer changes nothing.
    pub(super) fn leave(mut self) {
        let _ = self.session.run("saying goodbye", "LOGOUT", &mut ignore);
    }
}

/// Text with a secret in it: overwritten when dropped.
struct Token(String);

impl Drop for Token {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        std::hint::black_box(&bytes);
    }
}
