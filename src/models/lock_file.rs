//! `models.lock.toml`: which writers are here, pinned by commit and digest, and which is in use.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Error;

/// Its name in the models folder.
pub(super) const NAME: &str = "models.lock.toml";
/// The form written here; a file of another is not touched.
const FORM: u32 = 1;
/// Longest file read: thousands of models.
const BYTES_MAX: u64 = 4 << 20;
const HEADING: &str = "# The writers that are here: where each came from, and the digest it is held to.\n\
                       # Written by `postroom model`.\n\n";

/// A writer in the models folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The name a person types.
    pub name: String,
    /// Its file in the models folder.
    pub file: String,
    /// Where it was fetched from; nothing for a file that was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Its path in the repository, where that is more than its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The repository's commit when it was fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file, 64 lower-case hex digits.
    pub sha256: String,
    /// SPDX name of its licence, as the registry or the file gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// `general.architecture` of the file.
    pub architecture: String,
    /// The longest input it takes; 0 if nobody says.
    pub context_tokens: u32,
}

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LockFile {
    form: u32,
    /// The writer in use, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) in_use: Option<String>,
    #[serde(default, rename = "model")]
    pub(super) models: Vec<Kept>,
}

impl Default for LockFile {
    fn default() -> Self {
        Self { form: FORM, in_use: None, models: Vec::new() }
    }
}

impl LockFile {
    /// The file in `dir`; one that is not there is an empty one.
    pub(super) fn read(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(NAME);
        let wrong = |why: String| Error::LockFile { path: path.clone(), why };
        let text = match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > BYTES_MAX => {
                return Err(wrong("it is too long".into()));
            }
            _ => fs::read_to_string(&path),
        };
        let text = match text {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(Error::Read { path, source }),
        };
        let lock_file: Self = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            wrong(format!("line {line}: {}", error.message().replace('\n', " ")))
        })?;
        if lock_file.form != FORM {
            return Err(wrong(format!("form {}, written by another version", lock_file.form)));
        }
        // A file's name is joined to a folder and a digest is compared: neither may be anything.
        for kept in &lock_file.models {
            if !is_plain_name(&kept.file) || !is_plain_name(&kept.name) {
                return Err(wrong(format!("{:?} is no name", kept.file)));
            }
            if !is_digest(&kept.sha256) {
                return Err(wrong(format!("{:?} is no digest", kept.sha256)));
            }
        }
        Ok(lock_file)
    }

    /// Writes it in `dir`: the old one or the new one is there, whatever happens.
    pub(super) fn write(&self, dir: &Path) -> Result<(), Error> {
        let (path, draft) = (dir.join(NAME), dir.join(format!("{NAME}.new")));
        let failed = |source| Error::Write { path: path.clone(), source };
        let body = toml::to_string(self)
            .map_err(|error| failed(std::io::Error::other(error.to_string())))?;
        let written = File::create(&draft).and_then(|mut file| {
            file.write_all(HEADING.as_bytes())?;
            file.write_all(body.as_bytes())?;
            file.sync_all()
        });
        if let Err(source) = written.and_then(|()| fs::rename(&draft, &path)) {
            let _ = fs::remove_file(&draft);
            return Err(failed(source));
        }
        sync_folder(dir);
        Ok(())
    }

    pub(super) fn find(&self, name: &str) -> Option<&Kept> {
        self.models.iter().find(|kept| kept.name == name)
    }

    /// Puts a model in, over one of the same name, and in use when none is. In the order of names.
    pub(super) fn put(&mut self, kept: Kept) {
        self.models.retain(|other| other.name != kept.name);
        let is_any_in_use = self.in_use.as_deref().is_some_and(|name| self.find(name).is_some());
        if !is_any_in_use {
            self.in_use = Some(kept.name.clone());
        }
        let at = self.models.partition_point(|other| other.name < kept.name);
        self.models.insert(at, kept);
    }
}

/// Makes a rename in `dir` last. Where folders cannot be opened (Windows) there is nothing to do,
/// and where it goes wrong the rename is still seen by everyone until the power fails.
pub(super) fn sync_folder(dir: &Path) {
    if let Ok(dir) = File::open(dir) {
        let _ = dir.sync_all();
    }
}

/// Letters, digits, `.`, `-`, `_`; not hidden; what every file system and shell takes as it is.
pub(super) fn is_plain_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    !name.is_empty()
        && name.len() <= 128
        && !name.starts_with(['.', '-'])
        && name.chars().all(is_plain)
}

/// 64 lower-case hex digits.
pub(super) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str) -> Kept {
        Kept {
            name: name.into(),
            file: format!("{name}.gguf"),
            path: None,
            repository: None,
            commit: None,
            bytes: 7,
            sha256: "0".repeat(64),
            licence: None,
            architecture: "qwen3".into(),
            context_tokens: 128,
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(LockFile::read(dir.path()).expect("no file"), LockFile::default());
        let mut lock_file = LockFile::default();
        lock_file.put(kept("b"));
        lock_file.put(Kept { licence: Some("MIT".into()), ..kept("a") });
        lock_file.write(dir.path()).expect("written");
        assert_eq!(LockFile::read(dir.path()).expect("read"), lock_file);
        assert_eq!(lock_file.in_use.as_deref(), Some("b"), "the first one stays in use");
        assert_eq!(lock_file.models[0].name, "a");
        let files = fs::read_dir(dir.path()).expect("a folder").count();
        assert_eq!(files, 1, "nothing else is left");
    }

    #[test]
    fn one_in_use_that_is_gone_makes_way() {
        let mut lock_file = LockFile { in_use: Some("gone".into()), ..LockFile::default() };
        lock_file.put(kept("a"));
        assert_eq!(lock_file.in_use.as_deref(), Some("a"));
    }

    #[track_caller]
    fn check_refused(text: &str, word: &str) {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join(NAME), text).expect("written");
        let error = LockFile::read(dir.path()).expect_err("refused").to_string();
        assert!(error.contains(NAME) && error.contains(word), "{error}");
    }

    #[test]
    fn a_damaged_file_is_refused_with_its_line() {
        check_refused("form = 1\nin_use = 7\n", "line 2");
        check_refused("form = 2\n", "form 2");
        check_refused("form = 1\nx = 1\n", "x");
        let model = |file: &str, sha256: &str| {
            format!(
                "form = 1\n[[model]]\nname = \"a\"\nfile = \"{file}\"\nbytes = 1\nsha256 = \
                 \"{sha256}\"\narchitecture = \"x\"\ncontext_tokens = 1\n"
            )
        };
        check_refused(&model("../../etc/passwd", &"0".repeat(64)), "is no name");
        check_refused(&model("a.gguf", "ABC"), "is no digest");
    }

    #[test]
    fn names_are_plain() {
        for name in ["a", "Qwen3-0.6B-Q8_0.gguf", "7"] {
            assert!(is_plain_name(name), "{name}");
        }
        for name in ["", ".", "..", ".a", "-a", "a/b", "a\\b", "a b", "ä", "a\0", "a:b"] {
            assert!(!is_plain_name(name), "{name:?}");
        }
        assert!(!is_plain_name(&"a".repeat(129)));
    }
}
