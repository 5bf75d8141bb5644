//! The models folder: writers that were fetched or added, and the lock file beside them.
//!
//! A model is there when the lock file names it and its file has the size given there. Whatever is
//! not finished lies in `unfinished/`; a model moves out of it by one rename.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::gguf::{Header, read_header};
use super::lock_file::{self, Kept, LockFile, is_plain_name};
use super::{Error, ModelEntry, Role, hex};

/// Downloads that are not complete, by file name and digest.
pub(super) const UNFINISHED: &str = "unfinished";
/// A file that is being added.
const ADDING: &str = "adding";
/// Held while something is changed; the kernel gives it back when its holder dies.
const BUSY: &str = "busy";
/// Bytes read at once while hashing.
const CHUNK_BYTES: usize = 1 << 18;

/// How far something long has come: bytes done, and bytes of the whole.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Where the writers of one home lie.
#[derive(Debug, Clone)]
pub struct ModelFolder {
    dir: PathBuf,
}

/// That nobody else changes the folder.
pub(super) struct Busy {
    _file: File,
}

/// What became of a model that was taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// It, if it was here; nothing when there was only an unfinished download.
    pub kept: Option<Kept>,
    /// Whether it was the one in use. None is then.
    pub was_in_use: bool,
    /// The unfinished downloads of it that went too.
    pub unfinished: usize,
}

/// What verifying found of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The model.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Its size, as pinned.
    pub bytes: u64,
    /// Its digest, as pinned.
    pub sha256: String,
    /// What is wrong with it; nothing when it is as it was.
    pub problem: Option<String>,
}

impl ModelFolder {
    /// The folder at `dir`, which need not be there yet.
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_path_buf() }
    }

    /// The writers the lock file names, in the order of names; [`Self::is_here`] says of each
    /// whether its file is there.
    ///
    /// # Errors
    /// The lock file cannot be read.
    pub fn kept(&self) -> Result<Vec<Kept>, Error> {
        Ok(LockFile::read(&self.dir)?.models)
    }

    /// The writer in use; nothing when none is, or when its file is gone.
    ///
    /// # Errors
    /// The lock file cannot be read.
    pub fn in_use(&self) -> Result<Option<Kept>, Error> {
        let lock_file = LockFile::read(&self.dir)?;
        let kept = lock_file.in_use.as_deref().and_then(|name| lock_file.find(name)).cloned();
        Ok(kept.filter(|kept| self.is_here(kept)))
    }

    /// The file of a writer.
    pub fn path(&self, kept: &Kept) -> PathBuf {
        self.file(&kept.file)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Whether its file is there, with the size it should have. [`Self::verify`] reads it too.
    pub fn is_here(&self, kept: &Kept) -> bool {
        fs::metadata(self.path(kept)).is_ok_and(|file| file.is_file() && file.len() == kept.bytes)
    }

    /// Puts a writer in use.
    ///
    /// # Errors
    /// It is not here.
    pub fn put_in_use(&self, name: &str) -> Result<Kept, Error> {
        let _busy = self.busy()?;
        let mut lock_file = LockFile::read(&self.dir)?;
        let kept = lock_file.find(name).filter(|kept| self.is_here(kept)).cloned();
        let kept = kept.ok_or_else(|| Error::NotHere { name: name.to_owned() })?;
        lock_file.in_use = Some(kept.name.clone());
        lock_file.write(&self.dir)?;
        Ok(kept)
    }

    /// Takes a writer away: its file, its place in the lock file, and what was left of downloads of
    /// `file`, the name the registry gives it, if it gives one.
    ///
    /// # Errors
    /// There is nothing of that name.
    pub fn remove(&self, name: &str, file: Option<&str>) -> Result<Removed, Error> {
        let busy = self.busy()?;
        let mut lock_file = LockFile::read(&self.dir)?;
        let kept = lock_file.find(name).cloned();
        let mut unfinished = 0;
        for file in kept.iter().map(|kept| kept.file.as_str()).chain(file) {
            unfinished += self.remove_unfinished(&busy, file, None)?;
        }
        let Some(kept) = kept else {
            if unfinished == 0 {
                return Err(Error::NotHere { name: name.to_owned() });
            }
            return Ok(Removed { kept: None, was_in_use: false, unfinished });
        };
        // The file first: if it cannot go, the lock file still names it, and this can be done again.
        remove_file(&self.path(&kept))?;
        let was_in_use = lock_file.in_use.as_deref() == Some(name);
        if was_in_use {
            lock_file.in_use = None;
        }
        lock_file.models.retain(|other| other.name != name);
        lock_file.write(&self.dir)?;
        Ok(Removed { kept: Some(kept), was_in_use, unfinished })
    }

    /// Takes in a GGUF file under `name`, or under the name its file name makes. One whose digest
    /// stands in `entries` is what it says there, name and licence too. The same bytes are not kept
    /// twice where the file system can link; else they are copied.
    ///
    /// A link, because weights are gigabytes: whoever then writes *into* the original changes this
    /// one too, which [`Self::verify`] finds. Replacing or deleting the original changes nothing.
    ///
    /// # Errors
    /// It is not a whole GGUF file of a model that writes, or it cannot be read or written.
    pub fn add(
        &self,
        file: &Path,
        name: Option<&str>,
        entries: &[ModelEntry],
        progress: Progress<'_>,
    ) -> Result<Kept, Error> {
        // A pipe would be waited for.
        let metadata = fs::metadata(file).map_err(reading(file))?;
        if !metadata.is_file() {
            return Err(Error::NotAFile { path: file.to_path_buf() });
        }
        if let Some(name) = name.filter(|name| !is_plain_name(name) || name.len() > 64) {
            return Err(Error::BadName { name: name.to_owned() });
        }
        let header = header_of(file, &file.display().to_string())?;
        let busy = self.busy()?;
        let lock_file = LockFile::read(&self.dir)?;
        if let Some(name) = name.filter(|name| lock_file.find(name).is_some()) {
            return Err(Error::NameTaken { name: name.to_owned() });
        }
        // One name for all: what a killed run left makes way for the next.
        let place = self.unfinished().join(ADDING);
        remove_file(&place)?;
        let taken = link_or_copy(file, &place, progress).and_then(|(sha256, bytes)| {
            let known = entries.iter().find(|e| e.role == Role::Writer && e.sha256 == sha256);
            let name = match (name, known) {
                (Some(name), _) => name.to_owned(),
                (None, Some(entry)) => entry.name.clone(),
                (None, None) => name_from(file),
            };
            let kept = Kept {
                file: format!("{name}.gguf"),
                name,
                repository: known.map(|entry| entry.repository.clone()),
                path: None,
                commit: known.map(|entry| entry.commit.clone()),
                bytes,
                sha256,
                licence: known.map(|entry| entry.licence.clone()).or(header.licence),
                architecture: header.architecture,
                context_tokens: known.map_or(header.context_tokens, |entry| entry.context_tokens),
            };
            refuse_taken(&lock_file, entries, &kept, file)?;
            self.install(&busy, &place, kept)
        });
        if taken.is_err() {
            let _ = fs::remove_file(&place);
        }
        taken
    }

    /// Reads every writer's file and compares it with what is pinned.
    ///
    /// # Errors
    /// The lock file cannot be read. What is wrong with a file is no error but a finding.
    pub fn verify(&self, progress: Progress<'_>) -> Result<Vec<Verified>, Error> {
        let models = self.kept()?;
        let total = models.iter().map(|kept| kept.bytes).sum();
        let mut before = 0;
        let mut found = Vec::new();
        for kept in models {
            let path = self.path(&kept);
            let digest = File::open(&path).and_then(|mut file| {
                digest_of(&mut file, &mut io::sink(), &mut |done, _| progress(before + done, total))
            });
            let problem = match digest {
                Ok((_, bytes)) if bytes != kept.bytes => Some(format!("it has {bytes} bytes")),
                Ok((digest, _)) if digest != kept.sha256 => Some(format!("it has sha256 {digest}")),
                Ok(_) => None,
                Err(error) => Some(error.to_string()),
            };
            before += kept.bytes;
            let Kept { name, file, bytes, sha256, .. } = kept;
            found.push(Verified { name, file, bytes, sha256, problem });
        }
        Ok(found)
    }

    /// Makes the folder and keeps everybody else from changing it.
    pub(super) fn busy(&self) -> Result<Busy, Error> {
        let unfinished = self.unfinished();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(&unfinished).map_err(writing(&unfinished))?;
        let path = self.dir.join(BUSY);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(writing(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Busy { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Busy { dir: self.dir.clone() }),
            Err(TryLockError::Error(source)) => Err(Error::Write { path, source }),
        }
    }

    pub(super) fn unfinished(&self) -> PathBuf {
        self.dir.join(UNFINISHED)
    }

    pub(super) fn read(&self, _busy: &Busy) -> Result<LockFile, Error> {
        LockFile::read(&self.dir)
    }

    /// Moves a finished file out of `unfinished/` and names it in the lock file. When the lock file
    /// cannot be written the file moves back: nothing is half installed.
    pub(super) fn install(&self, busy: &Busy, place: &Path, kept: Kept) -> Result<Kept, Error> {
        let mut lock_file = self.read(busy)?;
        let path = self.path(&kept);
        fs::rename(place, &path).map_err(writing(&path))?;
        lock_file::sync_folder(&self.dir);
        lock_file.put(kept.clone());
        if let Err(error) = lock_file.write(&self.dir) {
            let _ = fs::rename(&path, place);
            return Err(error);
        }
        Ok(kept)
    }

    /// Deletes unfinished downloads of `file`, but for the one called `but`. Gives back how many.
    pub(super) fn remove_unfinished(
        &self,
        _busy: &Busy,
        file: &str,
        but: Option<&str>,
    ) -> Result<usize, Error> {
        let dir = self.unfinished();
        let mut removed = 0;
        for entry in fs::read_dir(&dir).map_err(reading(&dir))? {
            let entry = entry.map_err(reading(&dir))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let digest = name.strip_prefix(file).and_then(|rest| rest.strip_prefix('.'));
            if digest.is_some_and(lock_file::is_digest) && Some(name) != but {
                remove_file(&entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// A name means one model: of the registry, or here.
fn refuse_taken(
    lock_file: &LockFile,
    entries: &[ModelEntry],
    kept: &Kept,
    file: &Path,
) -> Result<(), Error> {
    if let Some(same) = lock_file.models.iter().find(|other| other.sha256 == kept.sha256) {
        let (file, name) = (file.to_path_buf(), same.name.clone());
        return Err(Error::HereAlready { file, name });
    }
    let is_of_other = |entry: &ModelEntry| entry.name == kept.name && entry.sha256 != kept.sha256;
    let is_file_taken = lock_file.models.iter().any(|other| other.file == kept.file);
    if is_file_taken || lock_file.find(&kept.name).is_some() || entries.iter().any(is_of_other) {
        return Err(Error::NameTaken { name: kept.name.clone() });
    }
    if !is_plain_name(&kept.name) {
        return Err(Error::BadName { name: kept.name.clone() });
    }
    Ok(())
}

/// Whether a file can be a writer at all: it is whole, of GGUF, and no encoder.
///
/// # Errors
/// It is not, or cannot be read.
pub fn check_file(file: &Path) -> Result<(), Error> {
    let metadata = fs::metadata(file).map_err(reading(file))?;
    if !metadata.is_file() {
        return Err(Error::NotAFile { path: file.to_path_buf() });
    }
    header_of(file, &file.display().to_string()).map(drop)
}

/// The header of a file on disk; `name` stands in errors.
pub(super) fn header_of(file: &Path, name: &str) -> Result<Header, Error> {
    let opened = File::open(file).map_err(reading(file))?;
    let length = opened.metadata().map_err(reading(file))?.len();
    read_header(opened, length).map_err(|source| Error::Header { file: name.to_owned(), source })
}

/// SHA-256 and size of all that `from` gives, which goes into `to` as well.
fn digest_of(
    from: &mut impl Read,
    to: &mut impl io::Write,
    progress: Progress<'_>,
) -> io::Result<(String, u64)> {
    let mut hasher = Sha256::new();
    let bytes = pass(from, &mut hasher, to, progress)?;
    Ok((hex(&hasher.finalize()), bytes))
}

/// Passes all of `from` to the hasher and to `to`. Gives back how much it was.
pub(super) fn pass(
    from: &mut impl Read,
    hasher: &mut Sha256,
    to: &mut impl io::Write,
    progress: Progress<'_>,
) -> io::Result<u64> {
    let mut bytes = 0;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&chunk[..read]);
        to.write_all(&chunk[..read])?;
        bytes += read as u64;
        progress(bytes, 0);
    }
}

/// Links `from` to `place`, or copies it. Gives back its digest and size as they are there.
pub(super) fn link_or_copy(
    from: &Path,
    place: &Path,
    progress: Progress<'_>,
) -> Result<(String, u64), Error> {
    // What `from` points to, not a link to a link.
    let original = fs::canonicalize(from).map_err(reading(from))?;
    let total = fs::metadata(&original).map_err(reading(from))?.len();
    let mut step = |done: u64, _: u64| progress(done, total);
    if fs::hard_link(&original, place).is_ok() {
        // The link is read, not the path: another file may lie there by now.
        let mut source = File::open(place).map_err(reading(place))?;
        return digest_of(&mut source, &mut io::sink(), &mut step).map_err(reading(place));
    }
    let mut source = File::open(&original).map_err(reading(from))?;
    let mut copy = File::create(place).map_err(writing(place))?;
    // The source was opened and can be read: what goes wrong from here on is the copy.
    let digest = digest_of(&mut source, &mut copy, &mut step).map_err(writing(place))?;
    copy.flush().and_then(|()| copy.sync_all()).map_err(writing(place))?;
    Ok(digest)
}

/// The name a file's name makes: lower case, without the ending.
fn name_from(file: &Path) -> String {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '-' })
        .collect();
    let name = name.trim_matches(['.', '-', '_']).to_ascii_lowercase();
    name.chars().take(64).collect()
}

pub(super) fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(writing(path)(error)),
        _ => Ok(()),
    }
}

pub(super) fn reading(path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::Read { path: path.to_path_buf(), source }
}

pub(super) fn writing(path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::Write { path: path.to_path_buf(), source }
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
