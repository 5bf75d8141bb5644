//! Fetching a writer: ask, receive (or go on where it stopped), verify, move into place, pin.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::cache::HubCache;
use super::folder::{Busy, header_of, link_or_copy, pass, reading, remove_file, writing};
use super::hub::{Asked, Declared, Hub, is_commit};
use super::lock_file::{Kept, is_plain_name};
use super::{Error, ModelEntry, ModelFolder, Role, hex};

/// Attempts in a row that may bring nothing.
const IDLE_TRIES_MAX: u32 = 3;
/// Attempts in all.
const TRIES_MAX: u32 = 50;
/// Waited before the second attempt in a row, twice that before the third.
const PAUSE: Duration = Duration::from_millis(400);
/// Bytes taken at once.
const CHUNK_BYTES: usize = 1 << 17;
/// The revision asked for when none is pinned.
const NEWEST: &str = "main";
const HUB: &str = "https://huggingface.co/";

/// A writer to fetch, and what is known of it beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The name it will have here.
    pub name: String,
    /// `OWNER/REPO` on the hub.
    pub repository: String,
    /// Its path in the repository.
    pub file: String,
    /// The commit it must be of; nothing: the newest.
    pub commit: Option<String>,
    /// The digest it must have; nothing: the one the hub declares.
    pub sha256: Option<String>,
    /// The size it must have; nothing: the one the hub declares.
    pub bytes: Option<u64>,
    /// SPDX name of its licence; nothing: as the file says.
    pub licence: Option<String>,
    /// The longest input it takes; nothing: as the file says.
    pub context_tokens: Option<u32>,
}

impl Wanted {
    /// A writer of the registry.
    pub fn of_entry(entry: &ModelEntry) -> Option<Self> {
        let repository = entry.repository.strip_prefix(HUB)?;
        (entry.role == Role::Writer).then(|| Self {
            name: entry.name.clone(),
            repository: repository.to_owned(),
            file: entry.file.clone(),
            commit: Some(entry.commit.clone()).filter(|commit| is_commit(commit)),
            sha256: Some(entry.sha256.clone()),
            bytes: Some(entry.bytes),
            licence: Some(entry.licence.clone()),
            context_tokens: Some(entry.context_tokens),
        })
    }

    /// `OWNER/REPO/FILE.gguf`: any file of the hub. Its name here is the file's, in lower case.
    pub fn of_path(path: &str) -> Option<Self> {
        let mut parts = path.split('/');
        let repository = format!("{}/{}", parts.next()?, parts.next()?);
        let file = parts.collect::<Vec<_>>().join("/");
        if !path.split('/').all(is_plain_name) {
            return None;
        }
        let stem = file.rsplit('/').next()?.strip_suffix(".gguf")?.to_ascii_lowercase();
        let name = Some(stem).filter(|stem| is_plain_name(stem) && stem.len() <= 64)?;
        Some(Self {
            name,
            repository,
            file,
            commit: None,
            sha256: None,
            bytes: None,
            licence: None,
            context_tokens: None,
        })
    }

    /// Its file in the models folder.
    fn file_name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file)
    }

    /// Whether this is what was fetched then.
    fn is(&self, kept: &Kept) -> bool {
        kept.repository.as_deref() == Some(&self.address()) && kept.path == self.deep_path()
    }

    /// Its path in the repository, where that is more than its name.
    fn deep_path(&self) -> Option<String> {
        self.file.contains('/').then(|| self.file.clone())
    }
}

/// What happens while fetching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// The hub said what it is: its size, and the commit.
    Declared {
        /// Size of the file.
        bytes: u64,
        /// The repository's commit.
        commit: &'a str,
    },
    /// It lies in the Hugging Face cache, and is read there instead of fetched.
    Cached {
        /// Where.
        path: &'a Path,
    },
    /// What is here of an earlier attempt was read again; it goes on from there.
    Resumed {
        /// Bytes that are here.
        done: u64,
        /// Bytes of the whole.
        total: u64,
    },
    /// Bytes came.
    Received {
        /// Bytes that are here.
        done: u64,
        /// Bytes of the whole.
        total: u64,
    },
    /// The connection broke, and is tried again.
    Broke {
        /// What happened.
        why: &'a str,
    },
}

/// A writer that is here now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// It.
    pub kept: Kept,
    /// It was here before; nothing was opened.
    pub was_here: bool,
}

/// Fetches a writer into `folder` and pins it. A file of the very commit that lies in `cache` is taken
/// from there, if its digest is right; where commit, digest and size are pinned, the hub is then not
/// even asked. What an earlier attempt left is used; what this one
/// leaves when it fails is a file in `unfinished/`, never a model.
///
/// # Errors
/// The hub cannot be reached, says no, or does not say what the file is; the file is not what is
/// pinned or declared, or not a model that writes; the disk is full.
pub fn fetch(
    folder: &ModelFolder,
    wanted: &Wanted,
    cache: Option<&HubCache>,
    hub: &Hub,
    tell: &mut dyn FnMut(Step<'_>),
) -> Result<Fetched, Error> {
    let busy = folder.busy()?;
    let lock_file = folder.read(&busy)?;
    let pinned = lock_file.find(&wanted.name);
    // Two names that differ in case alone are one file on many disks.
    let is_taken = |kept: &&Kept| {
        kept.name != wanted.name && kept.file.eq_ignore_ascii_case(wanted.file_name())
    };
    if lock_file.models.iter().any(|kept| is_taken(&kept)) {
        return Err(Error::NameTaken { name: wanted.file_name().to_owned() });
    }
    if let Some(kept) = pinned {
        if !wanted.is(kept) {
            return Err(Error::NameTaken { name: wanted.name.clone() });
        }
        if folder.is_here(kept) {
            return Ok(Fetched { kept: kept.clone(), was_here: true });
        }
    }
    // The lock file's word is newer than the registry's.
    let commit = pinned.and_then(|kept| kept.commit.clone()).or_else(|| wanted.commit.clone());
    let digest = pinned.map(|kept| kept.sha256.clone()).or_else(|| wanted.sha256.clone());
    let name = wanted.name.as_str();
    let asked = |revision| {
        let (repository, file) = (wanted.repository.as_str(), wanted.file.as_str());
        Asked { name, repository, revision, file }
    };
    let bytes = pinned.map(|kept| kept.bytes).or(wanted.bytes);
    let cached = |declared: &Declared| {
        let Declared { commit, bytes, .. } = declared;
        cache?.find(&wanted.repository, commit, &wanted.file, *bytes)
    };
    let pins = commit.clone().zip(digest.clone()).zip(bytes);
    let pins = pins.map(|((commit, sha256), bytes)| Declared { commit, sha256, bytes });
    if let Some(declared) = pins
        && let Some(path) = cached(&declared)
        && let Some(place) = taken(&path, folder, &busy, wanted, &declared, tell)?
    {
        return finish(folder, &busy, wanted, declared, &place);
    }
    let declared = hub.declare(asked(commit.as_deref().unwrap_or(NEWEST)))?;
    if let Some(pinned) = digest.filter(|digest| *digest != declared.sha256) {
        let (name, host) = (name.to_owned(), hub.host().to_owned());
        return Err(Error::NotPinned { name, host, declared: declared.sha256, pinned });
    }
    if let Some(pinned) = bytes.filter(|bytes| *bytes != declared.bytes) {
        let (name, host) = (name.to_owned(), hub.host().to_owned());
        return Err(Error::WrongSize { name, host, declared: declared.bytes, pinned });
    }
    tell(Step::Declared { bytes: declared.bytes, commit: &declared.commit });
    if let Some(path) = cached(&declared)
        && let Some(place) = taken(&path, folder, &busy, wanted, &declared, tell)?
    {
        return finish(folder, &busy, wanted, declared, &place);
    }
    let place = place(folder, &busy, wanted, &declared)?;
    let download = Download { hub, asked: asked(&declared.commit), declared: &declared };
    download.complete(&place, tell)?;
    finish(folder, &busy, wanted, declared, &place)
}

/// Takes a file of the cache, linked where that can be; nothing when it cannot be read or is another.
fn taken(
    path: &Path,
    folder: &ModelFolder,
    busy: &Busy,
    wanted: &Wanted,
    declared: &Declared,
    tell: &mut dyn FnMut(Step<'_>),
) -> Result<Option<PathBuf>, Error> {
    tell(Step::Cached { path });
    let place = place(folder, busy, wanted, declared)?;
    remove_file(&place)?;
    let mut progress = |done, total| tell(Step::Received { done, total });
    match link_or_copy(path, &place, &mut progress) {
        Ok((sha256, _)) if sha256 == declared.sha256 => Ok(Some(place)),
        Err(error @ Error::Write { .. }) => {
            remove_file(&place)?;
            Err(error)
        }
        _ => {
            remove_file(&place)?;
            Ok(None)
        }
    }
}

/// What is whole and verified, looked at, moved into place and pinned.
fn finish(
    folder: &ModelFolder,
    busy: &Busy,
    wanted: &Wanted,
    declared: Declared,
    place: &Path,
) -> Result<Fetched, Error> {
    let header = header_of(place, wanted.file_name());
    let header = header.inspect_err(|_| {
        let _ = fs::remove_file(place);
    })?;
    let kept = Kept {
        name: wanted.name.clone(),
        file: wanted.file_name().to_owned(),
        repository: Some(wanted.address()),
        path: wanted.deep_path(),
        commit: Some(declared.commit),
        bytes: declared.bytes,
        sha256: declared.sha256,
        licence: wanted.licence.clone().or(header.licence),
        architecture: header.architecture,
        context_tokens: wanted.context_tokens.unwrap_or(header.context_tokens),
    };
    let kept = folder.install(busy, place, kept)?;
    Ok(Fetched { kept, was_here: false })
}

impl Wanted {
    fn address(&self) -> String {
        format!("{HUB}{}", self.repository)
    }
}

/// The unfinished file, named by what it will be, so that bytes of two versions never meet. What is
/// left of other versions goes.
fn place(
    folder: &ModelFolder,
    busy: &Busy,
    wanted: &Wanted,
    declared: &Declared,
) -> Result<PathBuf, Error> {
    let name = format!("{}.{}", wanted.file_name(), declared.sha256);
    folder.remove_unfinished(busy, wanted.file_name(), Some(&name))?;
    let place = folder.unfinished().join(name);
    // A file that was moved into place but not written down: the process was killed between the two.
    // One of another size goes, and is never written into: it may be linked to a file of the user's.
    let path = folder.file(wanted.file_name());
    match fs::metadata(&path) {
        Ok(file) if file.len() == declared.bytes => {
            fs::rename(&path, &place).map_err(writing(&path))?;
        }
        _ => remove_file(&path)?,
    }
    Ok(place)
}

/// One file being fetched.
struct Download<'a> {
    hub: &'a Hub,
    asked: Asked<'a>,
    declared: &'a Declared,
}

impl Download<'_> {
    /// Makes the file at `place` the whole one, verified and on disk.
    fn complete(&self, place: &Path, tell: &mut dyn FnMut(Step<'_>)) -> Result<(), Error> {
        let total = self.declared.bytes;
        let mut part = Part::open(place, total)?;
        if part.bytes > 0 {
            tell(Step::Resumed { done: part.bytes, total });
        }
        let (mut tries, mut idle_tries) = (0, 0);
        while part.bytes < total {
            let before = part.bytes;
            let Err(error) = self.receive(&mut part, tell) else { continue };
            (tries, idle_tries) = (tries + 1, idle_tries + 1);
            if part.bytes > before {
                idle_tries = 0;
            }
            if !error.is_passing() || idle_tries >= IDLE_TRIES_MAX || tries >= TRIES_MAX {
                // What came stays for the next try, as far as the disk takes it.
                let _ = part.file.sync_all();
                return Err(error);
            }
            if let Error::BrokenOff { why, .. } | Error::Connect { why, .. } = &error {
                tell(Step::Broke { why });
            }
            std::thread::sleep(PAUSE * idle_tries);
        }
        part.file.sync_all().map_err(writing(place))?;
        let found = hex(&part.hasher.finalize());
        if found == self.declared.sha256 {
            return Ok(());
        }
        // Nothing of it can be trusted, so nothing of it is gone on from.
        fs::remove_file(place).map_err(writing(place))?;
        let (name, host) = (self.asked.name.to_owned(), self.hub.host().to_owned());
        Err(Error::WrongDigest { name, host, found, declared: self.declared.sha256.clone() })
    }

    /// One connection's worth of bytes.
    fn receive(&self, part: &mut Part, tell: &mut dyn FnMut(Step<'_>)) -> Result<(), Error> {
        let total = self.declared.bytes;
        let mut incoming = self.hub.open(self.asked, part.bytes, total)?;
        if incoming.start() != part.bytes {
            part.restart()?;
        }
        let mut chunk = vec![0; CHUNK_BYTES];
        let ended = loop {
            let read = match incoming.read(&mut chunk) {
                Ok(0) => break Err("the connection ended".to_owned()),
                Ok(read) => read,
                Err(why) => break Err(why),
            };
            // What comes after the whole is not looked at: the digest decides.
            let read = read.min(usize::try_from(total - part.bytes).unwrap_or(read));
            if let Err(error) = part.push(&chunk[..read]) {
                incoming.close()?;
                return Err(error);
            }
            tell(Step::Received { done: part.bytes, total });
            if part.bytes == total {
                break Ok(());
            }
        };
        let host = incoming.host().to_owned();
        incoming.close()?;
        ended.map_err(|why| Error::BrokenOff {
            name: self.asked.name.to_owned(),
            host,
            why,
            done: part.bytes,
            total,
        })
    }
}

/// A file that grows, and the digest of what is in it.
struct Part {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    bytes: u64,
}

impl Part {
    /// What is there is read, for the digest. A file longer than `total` begins anew.
    fn open(path: &Path, total: u64) -> Result<Self, Error> {
        let mut options = OpenOptions::new();
        let file =
            options.create(true).read(true).append(true).open(path).map_err(writing(path))?;
        let mut part = Self { path: path.to_path_buf(), file, hasher: Sha256::new(), bytes: 0 };
        if part.file.metadata().map_err(reading(path))?.len() > total {
            part.restart()?;
            return Ok(part);
        }
        let mut here = File::open(path).map_err(reading(path))?;
        part.bytes = pass(&mut here, &mut part.hasher, &mut io::sink(), &mut |_, _| {})
            .map_err(reading(path))?;
        Ok(part)
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(writing(&self.path))?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn restart(&mut self) -> Result<(), Error> {
        self.file.set_len(0).map_err(writing(&self.path))?;
        (self.hasher, self.bytes) = (Sha256::new(), 0);
        Ok(())
    }
}
