//! What Postroom trusts, by name: `models/registry.toml`.

use serde::{Deserialize, Serialize};

use super::Error;

static REGISTRY: &str = include_str!("../../models/registry.toml");

/// One model file Postroom trusts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// The name a person types.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// For whom or what it is a good choice; empty for what is built in.
    #[serde(default)]
    pub about: String,
    /// Whether it may be suggested wherever the memory suffices.
    #[serde(default)]
    pub suggested: bool,
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
    /// As measured.
    memory_bytes: Option<u64>,
}

impl ModelEntry {
    /// Memory a process holds while it is in use: as measured, else [`memory_bytes_at_most`].
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes.unwrap_or_else(|| memory_bytes_at_most(self.bytes))
    }
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

/// The memory a writer of this size may take: its weights and 40 % for keys, values and scratch,
/// which is what the engine is held to.
pub fn memory_bytes_at_most(file_bytes: u64) -> u64 {
    file_bytes.saturating_add(file_bytes / 5 * 2)
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

/// The memory of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// All of it.
    pub total_bytes: u64,
    /// What can be had without pushing anything out.
    pub available_bytes: u64,
}

impl Memory {
    /// From the text of Linux's `/proc/meminfo` (`proc_meminfo(5)`); `None` when it does not say.
    pub fn from_meminfo(text: &str) -> Option<Self> {
        let bytes = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key))?;
            let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            kibibytes.checked_mul(1024)
        };
        Some(Self { total_bytes: bytes("MemTotal:")?, available_bytes: bytes("MemAvailable:")? })
    }

    /// As a process sees it that may use `limit_bytes` at most (a container's limit).
    #[must_use]
    pub fn limited_to(self, limit_bytes: u64) -> Self {
        Self {
            total_bytes: self.total_bytes.min(limit_bytes),
            available_bytes: self.available_bytes.min(limit_bytes),
        }
    }
}

/// The largest suggested writer that takes no more than half of the machine's memory and no more
/// than what is free. Where the memory is not known it is the smallest; `None` when none fits.
pub fn suggest(entries: &[ModelEntry], memory: Option<Memory>) -> Option<&ModelEntry> {
    let writers = entries.iter().filter(|entry| entry.role == Role::Writer && entry.suggested);
    let Some(memory) = memory else { return writers.min_by_key(|entry| entry.bytes) };
    let room = memory.available_bytes.min(memory.total_bytes / 2);
    writers.filter(|entry| entry.memory_bytes() <= room).max_by_key(|entry| entry.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_says_where_it_is_from_and_under_which_licence() {
        let entries = registry().expect("the registry can be read");
        assert!(entries.iter().filter(|entry| entry.role == Role::Writer).count() >= 6);
        for entry in &entries {
            assert!(entry.repository.starts_with("https://"), "{}", entry.name);
            assert_eq!(entry.licence, "Apache-2.0", "{}", entry.name);
            assert_eq!(entry.sha256.len(), 64, "{}", entry.name);
            assert!(entry.context_tokens > 0 && entry.memory_bytes() > 0, "{}", entry.name);
            let is_pinned = entry.commit.len() == 40;
            assert!(is_pinned || entry.role == Role::Reader, "{}: {}", entry.name, entry.commit);
            assert_eq!(entry.about.is_empty(), entry.role == Role::Reader, "{}", entry.name);
        }
    }

    #[test]
    fn no_name_and_no_file_stands_there_twice() {
        let entries = registry().expect("the registry can be read");
        for (at, entry) in entries.iter().enumerate() {
            let twice = |other: &ModelEntry| other.name == entry.name || other.file == entry.file;
            assert!(!entries[..at].iter().any(twice), "{}", entry.name);
        }
    }

    const GIB: u64 = 1 << 30;

    #[track_caller]
    fn check_suggestion(total: u64, available: u64, expected: Option<&str>) {
        let entries = registry().expect("the registry can be read");
        let memory = Memory { total_bytes: total, available_bytes: available };
        let found = suggest(&entries, Some(memory)).map(|entry| entry.name.as_str());
        assert_eq!(found, expected, "{total} bytes, {available} available");
    }

    #[test]
    fn what_is_suggested_fits() {
        check_suggestion(GIB, GIB, None);
        check_suggestion(2 * GIB, 3 * GIB / 2, Some("qwen3-0.6b"));
        check_suggestion(4 * GIB, 3 * GIB, Some("qwen3-1.7b"));
        check_suggestion(8 * GIB, 6 * GIB, Some("qwen3-4b"));
        check_suggestion(8 * GIB, 2 * GIB, Some("qwen3-1.7b"));
        check_suggestion(64 * GIB, 64 * GIB, Some("qwen3-4b"));
        check_suggestion(64 * GIB, 0, None);
    }

    #[test]
    fn the_smallest_is_suggested_where_the_memory_is_not_known() {
        let entries = registry().expect("the registry can be read");
        assert_eq!(suggest(&entries, None).expect("one").name, "qwen3-0.6b");
        assert!(suggest(&[], None).is_none());
    }

    #[test]
    fn memory_is_read_as_linux_tells_it() {
        let text = "MemTotal:       16303428 kB\nMemFree:  1 kB\nMemAvailable:   12054304 kB\n";
        let memory = Memory::from_meminfo(text).expect("both lines are there");
        assert_eq!(memory.total_bytes, 16_303_428 * 1024);
        assert_eq!(memory.available_bytes, 12_054_304 * 1024);
        assert_eq!(memory.limited_to(GIB), Memory { total_bytes: GIB, available_bytes: GIB });
        for text in ["", "MemTotal: 5 kB\n", "MemTotal: x kB\nMemAvailable: 1 kB\n"] {
            assert_eq!(Memory::from_meminfo(text), None, "{text:?}");
        }
    }
}
