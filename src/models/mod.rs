//! Which weights do we trust, and where do they lie?
//!
//! The embedded reader's files, compiled into the binary, and the registry that names every model
//! file with its origin, size and digest. Nothing here opens a connection or writes a file. Start
//! with [`registry`]; [`verify`] says whether the embedded bytes are the ones it names.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The embedded reader's encoder: GGUF, `Q8_0`, llama.cpp's names for BERT.
pub static READER: &[u8] = include_bytes!("../../models/reader.gguf");

/// The embedded reader's `WordPiece` tokenizer, as `tokenizer.json`.
pub static TOKENIZER: &[u8] = include_bytes!("../../models/reader-tokenizer.json");

/// The fine-tuned layers and heads that judge messages and sentences, as GGUF.
pub static HEADS: &[u8] = include_bytes!("../../models/heads.gguf");

/// The embedded files by the name the registry gives them.
static EMBEDDED: &[(&str, &[u8])] =
    &[("reader.gguf", READER), ("reader-tokenizer.json", TOKENIZER), ("heads.gguf", HEADS)];

static REGISTRY: &str = include_str!("../../models/registry.toml");

/// One model file Postroom trusts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// The name a person types.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Where it was published.
    pub repository: String,
    /// The repository's commit, or `n/a` where the source does not say.
    pub commit: String,
    /// File name, in `models/` for what is embedded.
    pub file: String,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file, 64 lower-case hex digits.
    pub sha256: String,
    /// SPDX name of its licence.
    pub licence: String,
    /// The longest input it takes.
    pub context_tokens: u32,
    /// Memory a process holds while it is in use, as measured.
    pub memory_bytes: u64,
}

/// What a model file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The encoder that makes vectors and judges messages and sentences, and its parts.
    Reader,
    /// A language model that writes.
    Writer,
}

/// What can be wrong with the registry or with an embedded file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The registry is not what it should be.
    #[error("reading models/registry.toml")]
    Registry(#[source] Box<toml::de::Error>),
    /// An embedded file that the registry does not name.
    #[error("{file} is embedded but not named in models/registry.toml")]
    Unnamed {
        /// The file's name.
        file: &'static str,
    },
    /// An embedded file whose bytes are not the registry's.
    #[error("{file} has sha256 {found} ({bytes} bytes), the registry says {expected}")]
    Digest {
        /// The file's name.
        file: &'static str,
        /// Its size here.
        bytes: usize,
        /// Its digest here.
        found: String,
        /// The registry's digest.
        expected: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    model: Vec<ModelEntry>,
}

/// Every model file Postroom knows, in the order of `models/registry.toml`.
pub fn registry() -> Result<Vec<ModelEntry>, Error> {
    let registry: Registry =
        toml::from_str(REGISTRY).map_err(|source| Error::Registry(Box::new(source)))?;
    Ok(registry.model)
}

/// The digest of the reader's encoder as the registry gives it: what its vectors are kept under.
///
/// All zeros if the registry could not be read, which its own test rules out.
pub fn reader_digest() -> [u8; 32] {
    digest_of("reader.gguf")
}

/// The same for the heads: what readings and verdicts are kept under.
pub fn heads_digest() -> [u8; 32] {
    digest_of("heads.gguf")
}

fn digest_of(file: &str) -> [u8; 32] {
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
    }

    #[test]
    fn every_entry_says_where_it_is_from_and_under_which_licence() {
        for entry in registry().expect("the registry can be read") {
            assert!(entry.repository.starts_with("https://"), "{}", entry.name);
            assert!(!entry.licence.is_empty() && !entry.commit.is_empty(), "{}", entry.name);
            assert_eq!(entry.sha256.len(), 64, "{}", entry.name);
            assert!(entry.context_tokens > 0 && entry.memory_bytes > 0, "{}", entry.name);
        }
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
