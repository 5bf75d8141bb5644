//! Handing a letter over, once.
//!
//! The order is what keeps a letter from going out twice (RFC 1047 shows the gap that cannot be
//! closed): `sending` is written before connecting, `unknown` is on disk before DATA is said, and
//! only the server's own word ends it. So a crash before DATA is known to have sent nothing, and a
//! crash after it is known to be in doubt.

use std::fs::{File, OpenOptions, TryLockError};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;

use super::{ApprovedLetter, Error, Server, Tls, clean};
use crate::accounts::{Secret, is_of_fingerprint};
use crate::mail::UnixSeconds;
use crate::store::{Change, LetterId, LetterState, Store};

/// Longest reply of a server kept, in characters.
const REPLY_CHARS_MAX: usize = 500;
/// How long a reply nobody asked for is listened for after STARTTLS.
const STRAY_WAIT: Duration = Duration::from_millis(50);
/// How long a server may take to say goodbye.
const QUIT_WAIT: Duration = Duration::from_secs(2);
/// A letter of so many bytes is worth asking how large the server takes them.
const SIZE_ASKED_BYTES: usize = 1 << 20;
const LOCK_NAME: &str = "outbox.lock";

/// How handing over ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server took it.
    Sent,
    /// Nothing went out, or the server asked to try later: it is approved as before.
    Deferred,
    /// The server said no for good, to the text or to a recipient: it is to be changed first.
    Rejected,
    /// The connection broke after DATA: it may or may not have arrived.
    Unknown,
}

/// What the server said of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientReply {
    /// The address.
    pub address: String,
    /// Whether it was taken.
    pub accepted: bool,
    /// The server's words, made printable.
    pub reply: String,
}

/// What became of one letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The letter.
    pub letter: LetterId,
    /// How it ended.
    pub outcome: Outcome,
    /// The recipients asked for, as far as it came.
    pub recipients: Vec<RecipientReply>,
    /// The server's last words, or what broke; made printable.
    pub server_reply: String,
    /// When the server asked to try later: not unasked before.
    pub later: Option<UnixSeconds>,
}

/// Why handing over came to an end before the text went out.
struct Stop {
    /// In words for a person.
    words: String,
    /// Whether the server asked to try later (4xx).
    is_later: bool,
    /// Whether the letter itself was refused for good (5xx to a recipient): as it is, it never goes out.
    is_final: bool,
}

impl Stop {
    fn of(error: &lettre::transport::smtp::Error, words: String) -> Self {
        Self { is_later: error.is_transient(), ..words.into() }
    }
}

impl From<String> for Stop {
    fn from(words: String) -> Self {
        Self { words, is_later: false, is_final: false }
    }
}

/// Hands an approved letter to `server`, with the password its command prints.
///
/// # Errors
/// The command fails, or as [`deliver_with`].
pub fn deliver(
    store: &mut Store,
    letter: ApprovedLetter,
    server: &Server,
    now: UnixSeconds,
) -> Result<Delivery, Error> {
    server.check()?;
    let password = server.password()?;
    deliver_with(store, letter, server, password.as_ref(), now)
}

/// Hands an approved letter to `server`, logged in with `secret` when the server has a user.
///
/// One refused recipient holds the whole letter back: nothing goes out, and the reply says whom the
/// server refused; refused for good, the letter is rejected until it is changed. (Sending to the
/// others and again later to all is how copies multiply.)
///
/// # Errors
/// Before anything was handed over: plain text to another host, a password command that fails,
/// another process sending, a letter that is not approved any more or changed. What a server says
/// is no error but an [`Outcome`].
pub fn deliver_with(
    store: &mut Store,
    letter: ApprovedLetter,
    server: &Server,
    secret: Option<&Secret>,
    now: UnixSeconds,
) -> Result<Delivery, Error> {
    server.check()?;
    super::render::check_form(&letter.bytes)?;
    let lock = lock(store)?;
    store.begin_sending(letter.id)?;
    still_the_same(store, &letter, now)?;
    let mut recipients = Vec::new();
    let opened = open(server, secret).and_then(|mut connection| {
        address(&mut connection, &letter, &mut recipients).map(|()| connection)
    });
    let (outcome, stop, connection) = match opened {
        Err(stop) if stop.is_final => (Outcome::Rejected, stop, None),
        Err(stop) => (Outcome::Deferred, stop, None),
        Ok(mut connection) => {
            // On disk before a byte of DATA: what fails from here on is in doubt.
            store.begin_data(letter.id)?;
            let (outcome, stop) = hand_over(&mut connection, &letter.bytes);
            (outcome, stop, Some(connection))
        }
    };
    let ended = (outcome, stop.words);
    end(store, letter.id, &ended, now)?;
    let mut later = None;
    if outcome == Outcome::Deferred && stop.is_later {
        let at = UnixSeconds(now.0 + backoff_seconds(store.letter(letter.id)?.tries));
        store.put_off_letter(letter.id, at)?;
        later = Some(at);
    }
    if let Some(connection) = connection {
        leave(connection);
    }
    drop(lock);
    Ok(Delivery { letter: letter.id, outcome, recipients, server_reply: ended.1, later })
}

/// How long to wait when a server asked to try later, the `tries` + 1st time: a minute, four, sixteen, …
/// up to six hours.
fn backoff_seconds(tries: u32) -> i64 {
    60_i64.saturating_mul(4_i64.saturating_pow(tries)).min(6 * 3_600)
}

/// Puts letters back to `approved` whose sending was cut off before DATA: nothing of them went out.
/// Letters in doubt stay `unknown`. Gives back what was put back; nothing while another process is
/// sending.
///
/// # Errors
/// The store or the lock cannot be written.
pub fn recover(store: &mut Store, now: UnixSeconds) -> Result<Vec<LetterId>, Error> {
    let cut_off: Vec<LetterId> = sending(store)?;
    if cut_off.is_empty() {
        return Ok(cut_off);
    }
    let lock = match lock(store) {
        Ok(lock) => lock,
        Err(Error::Busy) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    // Look again under the lock.
    let cut_off = sending(store)?;
    for &id in &cut_off {
        let reply = "sending was cut off before anything went out";
        store.end_sending(id, LetterState::Approved, reply, now)?;
    }
    drop(lock);
    Ok(cut_off)
}

fn sending(store: &Store) -> Result<Vec<LetterId>, Error> {
    let letters = store.letters()?;
    let letters = letters.into_iter().filter(|row| row.state == LetterState::Sending);
    Ok(letters.map(|row| row.id).collect())
}

/// One process sends at a time. The kernel gives the lock back when its holder dies.
fn lock(store: &Store) -> Result<File, Error> {
    let path = store.path().with_file_name(LOCK_NAME);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| Error::Lock { path: path.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Busy),
        Err(TryLockError::Error(source)) => Err(Error::Lock { path, source }),
    }
}

/// Between loading and sending, another process may have edited and approved it anew.
fn still_the_same(
    store: &mut Store,
    letter: &ApprovedLetter,
    now: UnixSeconds,
) -> Result<(), Error> {
    let row = store.letter(letter.id)?;
    let stored = super::approve::verified(store, row);
    let same = stored
        .as_ref()
        .is_ok_and(|stored| stored.digest == letter.digest && stored.bytes == letter.bytes);
    if same {
        return Ok(());
    }
    store.end_sending(letter.id, LetterState::Approved, "", now)?;
    let stored = stored?;
    Err(Error::Changed { letter: letter.id.0, shown: letter.digest.clone(), now: stored.digest })
}

fn end(
    store: &mut Store,
    id: LetterId,
    (outcome, reply): &(Outcome, String),
    now: UnixSeconds,
) -> Result<(), Error> {
    let state = match outcome {
        Outcome::Sent => LetterState::Sent,
        Outcome::Deferred => LetterState::Approved,
        Outcome::Rejected => LetterState::Rejected,
        Outcome::Unknown => LetterState::Unknown,
    };
    store.end_sending(id, state, reply, now)?;
    if *outcome == Outcome::Sent {
        let answered = store.letter(id)?.in_reply_to;
        store.record(Change::Send(id), answered.as_slice(), now)?;
    }
    Ok(())
}

/// Connects, makes the connection private and logs in.
fn open(server: &Server, secret: Option<&Secret>) -> Result<SmtpConnection, Stop> {
    let doing = |what: &str, why: &str| {
        clean::line(&format!("{what} {}:{}: {why}", server.host, server.port), REPLY_CHARS_MAX)
    };
    let connecting = |why: &str| doing("connecting to", why);
    let addresses = server.addresses().map_err(|error| connecting(&error.to_string()))?;
    let host = server.host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let tls = match server.tls {
        Tls::Off => None,
        Tls::Implicit | Tls::StartTls => {
            // The certificate of a fingerprint is looked at below, before anything is said; that the
            // server holds its key is checked in the handshake.
            let is_pinned = server.fingerprint.is_some();
            let parameters = TlsParameters::builder(host)
                .dangerous_accept_invalid_certs(is_pinned)
                .dangerous_accept_invalid_hostnames(is_pinned)
                .build();
            Some(parameters.map_err(|error| connecting(&error.to_string()))?)
        }
    };
    // Not the machine's name: that is nobody's business.
    let hello = ClientId::Ipv4(Ipv4Addr::LOCALHOST);
    let wrapped = tls.as_ref().filter(|_| server.tls == Tls::Implicit);
    let mut connection = SmtpConnection::connect(
        addresses.as_slice(),
        Some(server.timeout),
        &hello,
        wrapped,
        None::<IpAddr>,
    )
    .map_err(|error| Stop::of(&error, connecting(&words(&error))))?;
    if let (Tls::StartTls, Some(tls)) = (server.tls, &tls) {
        connection
            .starttls(tls, &hello)
            .map_err(|error| doing("beginning TLS with", &words(&error)))?;
        refuse_stray_reply(&mut connection, server.timeout)
            .map_err(|why| doing("beginning TLS with", why))?;
    }
    if server.tls != Tls::Off && !connection.is_encrypted() {
        return Err(doing("beginning TLS with", "the connection is not private").into());
    }
    if let Some(fingerprint) = &server.fingerprint {
        let is_it = connection
            .peer_certificate()
            .is_ok_and(|certificate| is_of_fingerprint(fingerprint, &certificate));
        if server.tls != Tls::Off && !is_it {
            return Err(doing("beginning TLS with", "another certificate than the config's").into());
        }
    }
    if let (Some(user), Some(secret)) = (&server.user, secret) {
        let credentials = Credentials::new(user.clone(), secret.text().to_owned());
        let mechanisms: &[Mechanism] = if secret.is_token() {
            &[Mechanism::Xoauth2]
        } else {
            &[Mechanism::Plain, Mechanism::Login]
        };
        let reply = connection
            .auth(mechanisms, &credentials)
            .map_err(|error| Stop::of(&error, doing("logging in at", &words(&error))))?;
        expect(&reply, 235).map_err(|why| doing("logging in at", &why))?;
    }
    Ok(connection)
}

/// A reply waiting before anything was asked was slipped in ahead of TLS: the connection's buffer
/// outlives the change (the STARTTLS response injection of nostarttls.secvuln.info).
fn refuse_stray_reply(
    connection: &mut SmtpConnection,
    timeout: Duration,
) -> Result<(), &'static str> {
    const BROKEN: &str = "the connection broke";
    connection.set_timeout(Some(STRAY_WAIT)).map_err(|_| BROKEN)?;
    match connection.read_response() {
        Ok(_) => return Err("the server answered before it was asked"),
        Err(error) if error.status().is_some() || error.is_response() => {
            return Err("the server answered before it was asked");
        }
        Err(_) => {}
    }
    connection.set_timeout(Some(timeout)).map_err(|_| BROKEN)
}

/// Says who it is from and for. Every code is checked: a reply out of step must not pass.
fn address(
    connection: &mut SmtpConnection,
    letter: &ApprovedLetter,
    recipients: &mut Vec<RecipientReply>,
) -> Result<(), Stop> {
    let parameters = parameters(connection, letter)?;
    let reply = connection
        .command(Mail::new(Some(letter.envelope.from.clone()), parameters))
        .map_err(|error| Stop::of(&error, format!("sender refused: {}", words(&error))))?;
    expect(&reply, 250)?;
    let mut refused = Vec::new();
    let (mut is_later, mut is_final) = (true, false);
    for recipient in &letter.envelope.recipients {
        let address = recipient.to_string();
        let (accepted, reply, broken) =
            match connection.command(Rcpt::new(recipient.clone(), vec![])) {
                Ok(reply) => {
                    let accepted = [250, 251, 252].into_iter().any(|code| reply.has_code(code));
                    (accepted, said(&reply), !accepted)
                }
                Err(error) => {
                    is_later &= error.is_transient();
                    is_final |= error.is_permanent();
                    (false, words(&error), error.status().is_none())
                }
            };
        if !accepted {
            refused.push(format!("{address}: {reply}"));
        }
        recipients.push(RecipientReply { address, accepted, reply });
        if broken {
            break;
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    let words = clean::line(&format!("recipient refused: {}", refused.join("; ")), REPLY_CHARS_MAX);
    Err(Stop { words, is_later, is_final })
}

/// What is said of the letter with MAIL, and what the server must be able to do for it.
fn parameters(
    connection: &mut SmtpConnection,
    letter: &ApprovedLetter,
) -> Result<Vec<MailParameter>, Stop> {
    let mut parameters = Vec::new();
    if !letter.bytes.is_ascii() || !letter.envelope.is_ascii() {
        let info = connection.server_info();
        let able = info.supports_feature(Extension::SmtpUtfEight)
            && info.supports_feature(Extension::EightBitMime);
        if !able {
            let words = "the server takes no addresses with letters outside ASCII (SMTPUTF8)";
            return Err(words.to_owned().into());
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        parameters.push(MailParameter::SmtpUtfEight);
    }
    // Only a large letter is worth a question of its own (lettre keeps no SIZE of the first answer).
    if letter.bytes.len() >= SIZE_ASKED_BYTES {
        let hello = Ehlo::new(ClientId::Ipv4(Ipv4Addr::LOCALHOST));
        let most = match connection.command(hello) {
            Ok(reply) => size_of(&reply),
            // OpenSMTPD takes no second EHLO; it says at MAIL or DATA what is too large.
            Err(error) if error.is_permanent() => None,
            Err(error) => return Err(words(&error).into()),
        };
        if let Some(most) = most {
            let bytes = letter.bytes.len();
            if most > 0 && bytes as u64 > most {
                let words =
                    format!("the letter has {bytes} bytes, and the server takes {most} at most");
                return Err(Stop { is_final: true, ..words.into() });
            }
            parameters.push(MailParameter::Size(bytes));
        }
    }
    Ok(parameters)
}

/// What the server says of the size it takes: nothing where it does not speak of it, 0 for any
/// (RFC 1870, 4).
fn size_of(reply: &Response) -> Option<u64> {
    reply.message().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        words.next().filter(|word| word.eq_ignore_ascii_case("SIZE"))?;
        Some(words.next().and_then(|number| number.parse().ok()).unwrap_or(0))
    })
}

/// DATA, the text, and the server's word.
fn hand_over(connection: &mut SmtpConnection, bytes: &[u8]) -> (Outcome, Stop) {
    let with = |error: &lettre::transport::smtp::Error| Stop::of(error, words(error));
    match connection.command(Data) {
        Ok(reply) if reply.has_code(354) => {}
        // It said something else, so no text was given to it.
        Ok(reply) => return (Outcome::Deferred, said(&reply).into()),
        Err(error) if error.status().is_some() => return (Outcome::Deferred, with(&error)),
        Err(error) => return (Outcome::Unknown, with(&error)),
    }
    // lettre ends the text with a line end of its own.
    let text = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
    match connection.message(text) {
        Ok(reply) if (200..300).contains(&u16::from(reply.code())) => {
            (Outcome::Sent, said(&reply).into())
        }
        Ok(reply) => (Outcome::Unknown, said(&reply).into()),
        Err(error) if error.is_transient() => (Outcome::Deferred, with(&error)),
        Err(error) if error.is_permanent() => (Outcome::Rejected, with(&error)),
        Err(error) => (Outcome::Unknown, with(&error)),
    }
}

/// The letter is settled: a server that does not say goodbye changes nothing.
fn leave(mut connection: SmtpConnection) {
    if connection.set_timeout(Some(QUIT_WAIT)).is_ok() {
        let _ = connection.command(Quit);
    }
}

fn expect(reply: &Response, code: u16) -> Result<(), String> {
    if reply.has_code(code) { Ok(()) } else { Err(said(reply)) }
}

/// A reply as one printable line: a server's words are a stranger's.
fn said(reply: &Response) -> String {
    let text = reply.message().collect::<Vec<_>>().join(" ");
    clean::line(&format!("{} {text}", reply.code()), REPLY_CHARS_MAX)
}

fn words(error: &lettre::transport::smtp::Error) -> String {
    use std::error::Error as _;
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    let text = match error.status() {
        Some(code) => format!("{code} {cause}"),
        None if error.is_timeout() => format!("no answer in time: {cause}"),
        None if cause.is_empty() => error.to_string(),
        None => cause,
    };
    clean::line(&text, REPLY_CHARS_MAX)
}
