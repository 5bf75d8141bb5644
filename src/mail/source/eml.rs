//! Files that hold one message each, and Apple Mail's variant of them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::sniff;
use crate::mail::parse::MESSAGE_BYTES_MAX;

/// The beginning of a file.
pub(super) fn start(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(sniff::SNIFF_BYTES);
    File::open(path)?.take(sniff::SNIFF_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The message in a file; of one larger than any message the beginning, one byte too long as a sign.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len().min(MESSAGE_BYTES_MAX as u64);
    // A byte more, so that the end is met without another look.
    let mut bytes = Vec::with_capacity(length as usize + 1);
    file.take(MESSAGE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    let is_apple = path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("emlx"));
    Ok(if is_apple { apple(bytes) } else { bytes })
}

/// `.emlx`: the length of the message on the first line, a property list after it.
fn apple(bytes: Vec<u8>) -> Vec<u8> {
    let Some(end) = bytes.iter().take(20).position(|&b| b == b'\n') else { return bytes };
    let length = std::str::from_utf8(&bytes[..end]).ok().and_then(|n| n.trim().parse().ok());
    match length {
        Some(length) => bytes[end + 1..].iter().take(length).copied().collect(),
        None => bytes,
    }
}

/// Names under which one message lies whatever its first lines look like.
pub(super) fn has_mail_name(path: &Path) -> bool {
    path.extension().is_some_and(|ext| {
        ["eml", "emlx", "mail", "mime", "msg", "822", "rfc822"]
            .iter()
            .any(|known| ext.eq_ignore_ascii_case(known))
    })
}
