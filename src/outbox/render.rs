//! A letter as the bytes that leave: RFC 5322 through lettre's builder.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{
    Attachment, Body, Mailbox, MessageBuilder, MultiPart, MultiPartKind, SinglePart,
};
use sha2::{Digest as _, Sha256};

use super::{Error, clean, punycode};
use crate::mail::{Person, UnixSeconds};
use crate::store::{Letter, LetterRow, Store};

/// Ids in `References`: the first and the newest.
const REFERENCES_MAX: usize = 20;
/// Bytes of all files a letter carries; few servers take more.
pub const FILES_BYTES_MAX: u64 = 36 << 20;
/// Longest name of a file, in characters.
const FILE_NAME_CHARS_MAX: usize = 120;
/// RFC 5322, 2.1.1, without the line end.
const LINE_BYTES_MAX: usize = 998;

/// What a letter gets when it is approved and keeps from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// `Message-ID` without brackets.
    pub message_id: String,
    /// `Date`.
    pub date: UnixSeconds,
}

/// Who a server is told the letter is from and for: wire form, in order, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub(super) from: Address,
    pub(super) recipients: Vec<Address>,
}

impl Envelope {
    /// The sender's address.
    pub fn from(&self) -> &str {
        self.from.as_ref()
    }

    /// Whether every address is of ASCII alone.
    pub(super) fn is_ascii(&self) -> bool {
        self.from().is_ascii() && self.recipients().all(str::is_ascii)
    }

    /// The recipients' addresses: `To`, `Cc`, `Bcc`.
    pub fn recipients(&self) -> impl Iterator<Item = &str> {
        self.recipients.iter().map(AsRef::as_ref)
    }
}

/// The envelope of a letter.
///
/// # Errors
/// [`Error::Address`] for an address that cannot be one, [`Error::NoRecipient`].
pub fn envelope(letter: &Letter) -> Result<Envelope, Error> {
    let from = address("sender", &letter.from)?;
    let mut recipients: Vec<Address> = Vec::new();
    for person in letter.to.iter().chain(&letter.cc).chain(&letter.bcc) {
        let address = address("recipient", person)?;
        if !recipients.contains(&address) {
            recipients.push(address);
        }
    }
    if recipients.is_empty() {
        return Err(Error::NoRecipient);
    }
    Ok(Envelope { from, recipients })
}

/// The letter as a mail: ASCII bytes (the body quoted-printable or base64 where it must be), CRLF
/// line ends alone. `Bcc` is not in it.
///
/// # Errors
/// [`Error::Address`], [`Error::NoRecipient`], [`Error::Form`], [`Error::TooLarge`]; a file it carries
/// is not in `store`.
pub fn render(store: &Store, letter: &Letter, stamp: &Stamp) -> Result<Vec<u8>, Error> {
    let envelope = envelope(letter)?;
    let date = UNIX_EPOCH + Duration::from_secs(stamp.date.0.max(0) as u64);
    let message_id = clean::id(&stamp.message_id)
        .ok_or_else(|| Error::Form { why: "its Message-ID cannot be one".to_owned() })?;
    let mut builder = MessageBuilder::new()
        .from(mailbox("sender", &letter.from)?)
        .subject(clean::subject(&letter.subject))
        .date(date)
        .message_id(Some(format!("<{message_id}>")));
    for person in &letter.to {
        builder = builder.to(mailbox("recipient", person)?);
    }
    for person in &letter.cc {
        builder = builder.cc(mailbox("recipient", person)?);
    }
    if let Some(id) = clean::id(&letter.in_reply_to) {
        builder = builder.in_reply_to(format!("<{id}>"));
    }
    let references = references(&letter.references);
    if !references.is_empty() {
        builder = builder.references(references);
    }
    // The builder insists on recipients of its own; ours may all be blind copies.
    let to_builder =
        lettre::address::Envelope::new(Some(envelope.from.clone()), envelope.recipients.clone())
            .map_err(|error| Error::Form { why: error.to_string() })?;
    let builder = builder.envelope(to_builder);
    let body = clean::body(&letter.body);
    let message = if letter.attachments.is_empty() {
        builder.header(ContentType::TEXT_PLAIN).body(body)
    } else {
        builder.multipart(with_files(store, letter, body)?)
    };
    let message = message.map_err(|error| Error::Form { why: error.to_string() })?;
    let mut bytes = message.formatted();
    if !bytes.ends_with(b"\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    check_form(&bytes)?;
    if envelope.is_ascii() && !bytes.is_ascii() {
        return Err(Error::Form { why: "it holds bytes that are not text".to_owned() });
    }
    Ok(bytes)
}

/// A letter as it lies among the drafts of a mail program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its `Message-ID`, without brackets: the same however often the letter is changed, and another
    /// than it is sent under.
    pub message_id: String,
    /// The mail, with its `Bcc`.
    pub bytes: Vec<u8>,
}

/// The letter as a draft: unfinished as it may be, with the blind copies it is meant for. The same letter
/// has the same bytes.
///
/// # Errors
/// What [`render`] refuses.
pub fn as_draft(store: &Store, row: &LetterRow) -> Result<Draft, Error> {
    let letter = row.letter()?;
    let domain = letter.from.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let domain = super::punycode::ascii_domain(domain).unwrap_or_else(|| "localhost".to_owned());
    let message_id = format!("draft.{:x}.{:x}@{domain}", row.created.0.max(0), row.id.0);
    let stamp = Stamp { message_id: message_id.clone(), date: row.created };
    let rendered = render(store, &letter, &stamp)?;
    let mut bytes = Vec::with_capacity(rendered.len());
    for person in &letter.bcc {
        let address = address("recipient", person)?;
        bytes.extend_from_slice(if bytes.is_empty() { b"Bcc: " } else { b",\r\n " });
        bytes.extend_from_slice(address.to_string().as_bytes());
    }
    if !bytes.is_empty() {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(&rendered);
    Ok(Draft { message_id, bytes })
}

/// The text and what goes with it. The boundary is made from both, so that the same letter has the same
/// bytes each time, and what is attached cannot contain it by design.
fn with_files(store: &Store, letter: &Letter, body: String) -> Result<MultiPart, Error> {
    let all: u64 = letter.attachments.iter().map(|file| file.bytes).sum();
    if all > FILES_BYTES_MAX {
        return Err(Error::TooLarge { bytes: all, bytes_max: FILES_BYTES_MAX });
    }
    let mut hash = Sha256::new();
    hash.update(body.as_bytes());
    for file in &letter.attachments {
        hash.update(file.digest.as_bytes());
    }
    let boundary = format!("={}", &hex(&hash.finalize())[..40]);
    let plain = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(body);
    let mut parts =
        MultiPart::builder().kind(MultiPartKind::Mixed).boundary(boundary).singlepart(plain);
    for file in &letter.attachments {
        // Never as it is: a text file's line ends would stand on the wire as they are in the file.
        let bytes =
            Body::new_with_encoding(store.letter_file(file)?, ContentTransferEncoding::Base64)
                .map_err(|_| Error::Form { why: "a file cannot be encoded".to_owned() })?;
        let name = clean::line(&file.name, FILE_NAME_CHARS_MAX);
        parts = parts.singlepart(Attachment::new(name).body(bytes, content_type(&file.mime_type)));
    }
    Ok(parts)
}

/// What a file is said to be. A message or a multipart may not be encoded as base64 (RFC 2045, 6.4),
/// so they go as bytes, like all that is not known.
fn content_type(mime_type: &str) -> ContentType {
    let plain = mime_type.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.+-_".contains(&b))
        && mime_type.matches('/').count() == 1
        && !mime_type.starts_with("message/")
        && !mime_type.starts_with("multipart/");
    let parsed = plain.then(|| ContentType::parse(mime_type).ok()).flatten();
    parsed
        .or_else(|| ContentType::parse("application/octet-stream").ok())
        .unwrap_or(ContentType::TEXT_PLAIN)
}

/// SHA-256 over the envelope and the bytes, 64 hex digits.
///
/// `Date` and `Message-ID` are left out: code sets them at the moment of approval, so that what a
/// person was shown and what they approve have the same digest.
pub fn digest(envelope: &Envelope, bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"postroom letter 1\n");
    hash.update(format!("from {}\n", envelope.from()));
    for recipient in envelope.recipients() {
        hash.update(format!("to {recipient}\n"));
    }
    hash.update(b"\n");
    hash.update(without_stamp(bytes));
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The value of a header of our own bytes, unfolded.
pub(super) fn header_value(bytes: &[u8], name: &str) -> Option<String> {
    let fields = header_fields(bytes);
    let field = fields.into_iter().find(|field| is_field(field, name))?;
    let text = String::from_utf8_lossy(&field[name.len() + 1..]).into_owned();
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn without_stamp(bytes: &[u8]) -> Vec<u8> {
    let fields = header_fields(bytes);
    let headers_len: usize = fields.iter().map(|field| field.len()).sum();
    let mut rest: Vec<u8> = fields
        .into_iter()
        .filter(|field| !is_field(field, "Date") && !is_field(field, "Message-ID"))
        .flatten()
        .copied()
        .collect();
    rest.extend_from_slice(&bytes[headers_len..]);
    rest
}

fn is_field(field: &[u8], name: &str) -> bool {
    field.len() > name.len()
        && field[..name.len()].eq_ignore_ascii_case(name.as_bytes())
        && field[name.len()] == b':'
}

/// The header fields of our own bytes, each with its folded lines and line ends.
fn header_fields(bytes: &[u8]) -> Vec<&[u8]> {
    let mut fields = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < bytes.len() {
        let end = bytes[at..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |n| at + n + 1);
        if matches!(&bytes[at..end], b"\r\n" | b"\n") {
            break;
        }
        at = end;
        let folded = matches!(bytes.get(at), Some(b' ' | b'\t'));
        if !folded {
            fields.push(&bytes[start..at]);
            start = at;
        }
    }
    fields
}

/// The invariants of the wire. lettre's dot-stuffing knows CRLF alone, so a lone CR or LF here could
/// end the text early on a lenient server.
pub(super) fn check_form(bytes: &[u8]) -> Result<(), Error> {
    let wrong = |why: &str| Err(Error::Form { why: why.to_owned() });
    if !bytes.ends_with(b"\r\n") {
        return wrong("it does not end with a line end");
    }
    for line in bytes[..bytes.len() - 2].split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.contains(&b'\r') || line.len() > LINE_BYTES_MAX {
            return wrong("a line is too long or holds a lone carriage return");
        }
    }
    let lone = bytes
        .iter()
        .enumerate()
        .any(|(at, &byte)| byte == b'\n' && (at == 0 || bytes[at - 1] != b'\r'));
    if lone {
        return wrong("it holds a lone line feed");
    }
    // Above ASCII there is nothing but an address that has it, in UTF-8 (RFC 6532).
    if std::str::from_utf8(bytes).is_err() || bytes.contains(&0) {
        return wrong("it holds bytes that are not text");
    }
    Ok(())
}

fn references(ids: &[String]) -> String {
    let ids: Vec<&str> = ids.iter().filter_map(|id| clean::id(id)).collect();
    let newest = ids.len().saturating_sub(REFERENCES_MAX - 1).max(1);
    let kept = ids.iter().take(1).chain(ids.iter().skip(newest));
    kept.map(|id| format!("<{id}>")).collect::<Vec<_>>().join(" ")
}

fn mailbox(role: &'static str, person: &Person) -> Result<Mailbox, Error> {
    let name = clean::name(&person.name);
    Ok(Mailbox::new((!name.is_empty()).then_some(name), address(role, person)?))
}

/// The address in the form it has on the wire.
pub(super) fn address(role: &'static str, person: &Person) -> Result<Address, Error> {
    let written = person.address.trim();
    let refuse = |why: &str| Error::Address {
        role,
        address: clean::line(written, 320),
        why: why.to_owned(),
    };
    if written.chars().any(|c| clean::is_unprintable(c) || c.is_whitespace()) {
        return Err(refuse("it holds blanks or control characters"));
    }
    let (user, domain) = written.rsplit_once('@').ok_or_else(|| refuse("it has no @"))?;
    if user.bytes().any(|byte| matches!(byte, b'<' | b'>' | b'"' | b'\\' | b',' | b';')) {
        return Err(refuse("it holds characters that addresses do not"));
    }
    let domain =
        punycode::ascii_domain(domain).ok_or_else(|| refuse("its domain cannot be encoded"))?;
    Address::new(user, &domain).map_err(|_| refuse("it is no mail address"))
}
