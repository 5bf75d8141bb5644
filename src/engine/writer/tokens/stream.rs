//! Tokens back to text while they come in: a character goes out once all its bytes are there.

use super::{Kind, Tokens};

/// The text of a row of tokens.
#[derive(Debug, Clone)]
pub(in super::super) struct TextStream {
    /// Bytes that do not yet make a character.
    pending: Vec<u8>,
    /// Whether a blank at the very front is the tokenizer's own.
    strip_blank: bool,
}

impl TextStream {
    pub(super) fn new(strip_blank: bool) -> Self {
        Self { pending: Vec::new(), strip_blank }
    }

    /// The text that a further token completes; signs and unused tokens add none.
    pub(in super::super) fn push(&mut self, tokens: &Tokens, id: u32) -> String {
        let Some(token) = tokens.token(id) else { return String::new() };
        if matches!(token.kind, Kind::Sign | Kind::Unused) {
            return String::new();
        }
        let mut bytes = token.bytes.as_slice();
        if std::mem::take(&mut self.strip_blank) {
            bytes = bytes.strip_prefix(b" ").unwrap_or(bytes);
        }
        self.pending.extend_from_slice(bytes);
        let whole = whole(&self.pending);
        let rest = self.pending.split_off(whole);
        let text = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending = rest;
        text
    }

    /// What is left: bytes that never made a character, as U+FFFD.
    pub(in super::super) fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        text
    }
}

/// How many bytes can go out: all but the beginning of a character at the end.
fn whole(bytes: &[u8]) -> usize {
    let mut done = 0;
    loop {
        match std::str::from_utf8(&bytes[done..]) {
            Ok(_) => return bytes.len(),
            Err(error) => match error.error_len() {
                None => return done + error.valid_up_to(),
                Some(wrong) => done += error.valid_up_to() + wrong,
            },
        }
    }
}
