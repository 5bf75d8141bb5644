//! Which weights do we trust, and where do they lie?
//!
//! The embedded reader's files, compiled into the binary; the registry that names every model file
//! with its origin, size and digest; and the models folder with the writers a person fetched or
//! added, each pinned in a lock file. [`fetch()`] alone opens a connection, on the user's word and only
//! for what the Hugging Face cache does not hold, and logs each; nothing here computes with a weight. Start with [`registry()`] and [`ModelFolder`];
//! [`verify`] says whether the embedded bytes are the ones the registry names.

mod cache;
mod error;
mod fetch;
mod folder;
mod gguf;
mod hub;
#[cfg(test)]
mod kit;
mod lock_file;
mod registry;

use sha2::{Digest, Sha256};

pub use cache::HubCache;
pub use error::Error;
pub use fetch::{Fetched, Step, Wanted, fetch};
pub use folder::{ModelFolder, Progress, Removed, Verified, check_file};
pub use gguf::{Header, HeaderError, read_header};
pub use hub::Hub;
pub use lock_file::Kept;
pub use registry::{Memory, ModelEntry, Role, memory_bytes_at_most, registry, suggest};

/// The embedded reader's encoder: GGUF, `Q8_0`, llama.cpp's names for BERT.
pub static READER: &[u8] = include_bytes!("../../models/reader.gguf");

/// The embedded reader's `WordPiece` tokenizer, as `tokenizer.json`.
pub static TOKENIZER: &[u8] = include_bytes!("../../models/reader-tokenizer.json");

/// The fine-tuned layers and heads that judge messages and sentences, as GGUF.
pub static HEADS: &[u8] = include_bytes!("../../models/heads.gguf");

/// The layers fine-tuned once more, and the head, that say how soon a message wants an answer, as GGUF.
pub static RESPONSE: &[u8] = include_bytes!("../../models/response.gguf");

/// The embedded files by the name the registry gives them.
static EMBEDDED: &[(&str, &[u8])] = &[
    ("reader.gguf", READER),
    ("reader-tokenizer.json", TOKENIZER),
    ("heads.gguf", HEADS),
    ("response.gguf", RESPONSE),
];

/// The digest of the reader's encoder as the registry gives it: what its vectors are kept under.
///
/// All zeros if the registry could not be read, which its own test rules out.
pub fn reader_digest() -> [u8; 32] {
    embedded_digest("reader.gguf")
}

/// The same for all that judges, as one: what readings and verdicts are kept under.
pub fn judging_digest() -> [u8; 32] {
    let both = [embedded_digest("heads.gguf"), embedded_digest("response.gguf")];
    Sha256::digest(both.concat()).into()
}

fn embedded_digest(file: &str) -> [u8; 32] {
    let mut digest = [0; 32];
    let entries = registry().unwrap_or_default();
    let hex = entries.iter().find(|entry| entry.file == file).map(|entry| &entry.sha256);
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = hex
            .and_then(|hex| hex.get(2 * at..2 * at + 2))
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            .unwrap_or(0);
    }
    digest
}

/// Compares every embedded file with the digest the registry gives, and returns their entries.
pub fn verify() -> Result<Vec<ModelEntry>, Error> {
    let entries = registry()?;
    EMBEDDED.iter().map(|&(file, content)| check(&entries, file, content)).collect()
}

fn check(entries: &[ModelEntry], file: &'static str, content: &[u8]) -> Result<ModelEntry, Error> {
    let entry = entries.iter().find(|entry| entry.file == file).ok_or(Error::Unnamed { file })?;
    let found = hex(&Sha256::digest(content));
    if found != entry.sha256 || entry.bytes != content.len() as u64 {
        let expected = entry.sha256.clone();
        return Err(Error::Digest { file, bytes: content.len(), found, expected });
    }
    Ok(entry.clone())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_files_are_the_ones_the_registry_names() {
        let verified = verify().expect("embedded files match");
        assert_eq!(verified.len(), EMBEDDED.len());
        let readers = registry().expect("a registry");
        let readers = readers.iter().filter(|entry| entry.role == Role::Reader).count();
        assert_eq!(readers, EMBEDDED.len(), "the registry names no other reader");
    }

    #[test]
    fn a_changed_byte_is_refused_by_name() {
        let entries = registry().expect("the registry can be read");
        let mut changed = TOKENIZER.to_vec();
        changed[1000] ^= 1;
        let error = check(&entries, "reader-tokenizer.json", &changed).expect_err("refused");
        assert!(error.to_string().starts_with("reader-tokenizer.json has sha256"), "{error}");
    }

    #[test]
    fn an_unnamed_file_is_refused() {
        let error = check(&[], "reader.gguf", READER).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "reader.gguf is embedded but not named in models/registry.toml"
        );
    }
}
