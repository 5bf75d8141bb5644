//! What parent and child say to each other over their pipes: frames, a length in front of each.

use std::io::{self, Read, Write};

/// The child's first word, once it is locked in.
pub(super) const HELLO: &[u8] = b"postroom attach 1";
/// No answer is longer: all of a text written as escapes.
pub(super) const ANSWER_BYTES_MAX: usize = super::TEXT_BYTES_MAX * 6 + (64 << 10);
/// A name or a type.
const NAME_BYTES_MAX: usize = 64 << 10;

/// A file on its way to the child.
pub(super) struct Request {
    pub(super) name: String,
    pub(super) mime_type: String,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn write_request(out: &mut dyn Write, file: &super::File<'_>) -> io::Result<()> {
    write_frame(out, short(file.name).as_bytes())?;
    write_frame(out, short(file.mime_type).as_bytes())?;
    write_frame(out, file.bytes)?;
    out.flush()
}

/// The next file; nothing when the parent has closed the pipe.
pub(super) fn read_request(input: &mut dyn Read) -> io::Result<Option<Request>> {
    let Some(name) = read_frame(input, NAME_BYTES_MAX)? else { return Ok(None) };
    let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let mime_type = read_frame(input, NAME_BYTES_MAX)?.ok_or_else(broken)?;
    let bytes = read_frame(input, super::FILE_BYTES_MAX)?.ok_or_else(broken)?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Some(Request { name: text(name), mime_type: text(mime_type), bytes }))
}

pub(super) fn write_frame(out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(bytes)
}

/// The next frame; nothing at a clean end.
pub(super) fn read_frame(input: &mut dyn Read, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    if let Err(error) = input.read_exact(&mut length) {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > bytes_max {
        return Err(io::Error::other("a frame longer than agreed"));
    }
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(NAME_BYTES_MAX)]
}
