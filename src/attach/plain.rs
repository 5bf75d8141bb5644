//! Plain text and web pages.

use super::Refusal;
use super::text::Text;
use crate::mail;

/// Bytes looked at to tell text from everything else.
const SAMPLE_BYTES: usize = 4_096;

/// Whether this can be read as text: no bytes that no text holds, or marked as UTF-16.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return true;
    }
    let control = |b: u8| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    // The beginning, the middle and the end: some files begin with a page of text.
    [0, bytes.len() / 2, bytes.len().saturating_sub(SAMPLE_BYTES)].iter().all(|from| {
        let sample = &bytes[*from..(from + SAMPLE_BYTES).min(bytes.len())];
        let odd = sample.iter().filter(|&&b| control(b)).count();
        !sample.contains(&0) && odd * 100 <= sample.len()
    })
}

/// Text of an unknown encoding: UTF-16 where a mark says so, else as `mail` reads it.
pub(super) fn decode(bytes: &[u8], is_html: bool) -> String {
    match utf16(bytes) {
        Some(text) => text,
        None => mail::decode_text(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), is_html),
    }
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let pair: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let units = bytes[2..].chunks_exact(2).map(|unit| pair([unit[0], unit[1]]));
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Refusal> {
    add_lines(&decode(bytes, false), text);
    Ok(())
}

pub(super) fn read_html(bytes: &[u8], text: &mut Text) -> Result<(), Refusal> {
    add_lines(&mail::html::visible_text(&decode(bytes, true)).text, text);
    Ok(())
}

/// Adds text that has lines of its own.
pub(super) fn add_lines(lines: &str, text: &mut Text) {
    for line in lines.lines() {
        text.push(line);
        text.line();
        if text.is_full() {
            return;
        }
    }
}
