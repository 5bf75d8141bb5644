//! Bytes in and out: a response at a time, literals and all, each within a time and a size.

use std::io::{ErrorKind, Read as _, Write as _};
use std::time::{Duration, Instant};

use super::Error;
use crate::accounts::{self, Server, Stream};

/// Longest response without its literals: a SEARCH that lists a million messages fits.
const LINE_BYTES_MAX: usize = 16 << 20;
/// Longest literal taken; a mail is not larger.
const LITERAL_BYTES_MAX: usize = 160 << 20;
/// Literals of one response.
const LITERALS_MAX: usize = 64;
/// Slowest connection worth waiting for, in bytes a second.
const BYTES_PER_SECOND_MIN: u64 = 256;
const READ_BYTES: usize = 64 << 10;

/// One connection.
pub(super) struct Wire {
    stream: Option<Stream>,
    buffer: Vec<u8>,
    /// Where in the buffer the next response begins.
    at: usize,
    patience: Duration,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
}

impl Wire {
    pub(super) fn open(server: &Server, patience: Duration) -> Result<Self, accounts::Error> {
        let stream = Stream::open(server, patience)?;
        let (buffer, at) = (Vec::new(), 0);
        Ok(Self { stream: Some(stream), buffer, at, patience, bytes_in: 0, bytes_out: 0 })
    }

    pub(super) fn is_private(&self) -> bool {
        self.stream.as_ref().is_some_and(Stream::is_private)
    }

    /// Whether bytes wait that nobody asked for.
    pub(super) fn has_unread(&self) -> bool {
        self.at < self.buffer.len()
    }

    /// Makes the connection private.
    pub(super) fn begin_tls(&mut self, server: &Server) -> Result<(), accounts::Error> {
        if let Some(stream) = self.stream.take() {
            self.stream = Some(stream.begin_tls(server)?);
        }
        Ok(())
    }

    /// How long to wait for the server from now on.
    pub(super) fn set_patience(&mut self, patience: Duration) -> Result<(), Error> {
        self.patience = patience;
        match &self.stream {
            Some(stream) => stream
                .set_patience(patience)
                .map_err(|error| dropped("waiting for the server", Some(error))),
            None => Ok(()),
        }
    }

    pub(super) fn send(&mut self, doing: &str, bytes: &[u8]) -> Result<(), Error> {
        let stream = self.stream.as_mut().ok_or_else(|| dropped(doing, None))?;
        let sent = stream.write_all(bytes).and_then(|()| stream.flush());
        sent.map_err(|error| failed(doing, error, self.patience))?;
        self.bytes_out += bytes.len() as u64;
        Ok(())
    }

    /// The next response whole: its lines with their literals, to the last line end.
    pub(super) fn response(&mut self, doing: &str) -> Result<Vec<u8>, Error> {
        let garbage = |what| Error::Garbage { doing: doing.to_owned(), what };
        let began = Instant::now();
        let start = self.at;
        // Looked at so far, from the response's start.
        let mut end = 0;
        let mut literal_bytes = 0;
        let mut literals = 0;
        loop {
            let line = loop {
                let unseen = &self.buffer[start + end..];
                if let Some(length) = unseen.iter().position(|byte| *byte == b'\n') {
                    break length + 1;
                }
                if self.buffer.len() - start - literal_bytes > LINE_BYTES_MAX {
                    return Err(garbage("a line without an end"));
                }
                self.fill(doing, began)?;
            };
            let text = &self.buffer[start + end..start + end + line];
            let Some(text) = text.strip_suffix(b"\r\n") else {
                return Err(garbage("a line that ends in a bare line feed"));
            };
            let literal = literal_at_end(text);
            end += line;
            let Some(bytes) = literal else { break };
            literals += 1;
            if bytes > LITERAL_BYTES_MAX || literals > LITERALS_MAX {
                return Err(garbage("a literal that is too large"));
            }
            literal_bytes += bytes;
            while self.buffer.len() - start - end < bytes {
                self.fill(doing, began)?;
            }
            end += bytes;
        }
        let response = self.buffer[start..start + end].to_vec();
        self.at = start + end;
        if self.at == self.buffer.len() || self.at > (1 << 20) {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        Ok(response)
    }

    /// Reads what is there, and waits for it no longer than patience and slowness allow.
    fn fill(&mut self, doing: &str, began: Instant) -> Result<(), Error> {
        let slowest =
            Duration::from_secs((self.buffer.len() - self.at) as u64 / BYTES_PER_SECOND_MIN);
        if began.elapsed() > self.patience + slowest {
            return Err(stalled(doing, began.elapsed()));
        }
        let stream = self.stream.as_mut().ok_or_else(|| dropped(doing, None))?;
        let length = self.buffer.len();
        self.buffer.resize(length + READ_BYTES, 0);
        let read = loop {
            match stream.read(&mut self.buffer[length..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let count = *read.as_ref().unwrap_or(&0);
        self.buffer.truncate(length + count);
        self.bytes_in += count as u64;
        match read {
            Ok(0) => Err(dropped(doing, None)),
            Ok(_) => Ok(()),
            Err(error) => Err(failed(doing, error, self.patience)),
        }
    }
}

/// The length of the literal that a line announces at its end: `{12}`, `{12+}`, `~{12}`.
fn literal_at_end(line: &[u8]) -> Option<usize> {
    let inside = line.strip_suffix(b"}")?;
    let open = inside.iter().rposition(|byte| *byte == b'{')?;
    let digits = &inside[open + 1..];
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // Too many digits for a number are too large a literal.
    Some(std::str::from_utf8(digits).ok()?.parse().unwrap_or(usize::MAX))
}

fn failed(doing: &str, error: std::io::Error, waited: Duration) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => stalled(doing, waited),
        ErrorKind::UnexpectedEof => dropped(doing, None),
        _ => dropped(doing, Some(error)),
    }
}

fn stalled(doing: &str, waited: Duration) -> Error {
    Error::Stalled { doing: doing.to_owned(), seconds: waited.as_secs() }
}

fn dropped(doing: &str, source: Option<std::io::Error>) -> Error {
    Error::Dropped { doing: doing.to_owned(), source }
}
