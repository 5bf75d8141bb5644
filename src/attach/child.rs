//! The child: locked in, it reads one file after the other.

use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};

use super::protocol::{self, HELLO};
use super::{File, MEMORY_BYTES_MAX, Reading, SECONDS_MAX, kind, read};
use crate::guard;

/// The hidden word that makes this program serve as the child.
pub const WORD: &str = "__attach";

/// Locks this process in for good and reads the files that come on `input`, until it ends. Each
/// answer goes to `output`.
///
/// # Errors
/// The lock or a limit is refused, or a pipe breaks.
pub fn serve(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    guard::confine(MEMORY_BYTES_MAX).map_err(io::Error::other)?;
    // What a panic says could hold a stranger's words.
    panic::set_hook(Box::new(|_| {}));
    protocol::write_frame(output, HELLO)?;
    output.flush()?;
    while let Some(request) = protocol::read_request(input)? {
        guard::allow_processor_seconds(SECONDS_MAX).map_err(io::Error::other)?;
        let file =
            File { name: &request.name, mime_type: &request.mime_type, bytes: &request.bytes };
        let reading = panic::catch_unwind(AssertUnwindSafe(|| read(&file))).unwrap_or_else(|_| {
            Reading::unreadable(kind::of(&file), "it could not be taken apart")
        });
        let answer = serde_json::to_vec(&reading).map_err(io::Error::other)?;
        protocol::write_frame(output, &answer)?;
        output.flush()?;
    }
    Ok(())
}
