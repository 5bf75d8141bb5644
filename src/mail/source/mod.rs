//! Readers of mail that lies in files: Maildir, mbox, and folders of one-message files.
//!
//! [`open`] looks at what is there and gives a [`Source`], an iterator that reads as it goes: in byte
//! order of the paths, an mbox by position. What cannot be read is an [`ItemError`] naming its path,
//! and the walk goes on.

mod eml;
mod maildir;
mod mbox;
mod role;
pub(super) mod sniff;

pub use role::{Role, role};

use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};
use std::vec;

use serde::{Deserialize, Serialize};

use self::mbox::Mbox;
use super::types::Moment;

/// How mail lies in files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As it looks.
    #[default]
    Auto,
    /// Folders with `cur`, `new` and `tmp` in them, nested or as Maildir++.
    Maildir,
    /// Files of many messages, apart by `From ` lines.
    Mbox,
    /// Files of one message each.
    Eml,
}

/// What a mail program noted of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flag {
    /// It was read.
    Seen,
    /// It was replied to.
    Answered,
    /// It was starred.
    Flagged,
    /// It is not finished.
    Draft,
    /// It was thrown away.
    Deleted,
    /// It was passed on.
    Forwarded,
}

/// A message as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawMail {
    /// The folder it lay in, names apart by `/`.
    pub folder: String,
    /// Names the message within its source; the same on every reading, whatever its flags.
    pub key: String,
    /// In order, each once.
    pub flags: Vec<Flag>,
    /// When the source says that it came: an mbox in its `From ` lines.
    pub arrived: Option<Moment>,
    /// The message, without its mbox separator and quoting. One byte over 100 MB means that it was
    /// cut there.
    pub bytes: Vec<u8>,
}

/// A source that cannot be opened at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is there.
    #[error("{path}: no such file or folder")]
    Missing {
        /// As given.
        path: PathBuf,
    },
    /// It is there and cannot be read.
    #[error("opening {path}")]
    Open {
        /// As given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A single file that holds no mail.
    #[error("{path}: not mail")]
    NotMail {
        /// As given.
        path: PathBuf,
    },
    /// No Maildir is there or below.
    #[error("{path}: no Maildir (a folder with cur, new and tmp)")]
    NoMaildir {
        /// As given.
        path: PathBuf,
    },
}

/// One thing in a source that could not be read as mail.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// The system refused.
    #[error("reading {path}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something else than mail.
    #[error("{path}: not mail")]
    NotMail {
        /// The file.
        path: PathBuf,
    },
    /// A file with nothing in it.
    #[error("{path}: empty")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A link that leads out of the source.
    #[error("{path}: a link that leads out of the folder")]
    Outside {
        /// The link.
        path: PathBuf,
    },
    /// A device, a pipe, a socket.
    #[error("{path}: neither a file nor a folder")]
    NotAFile {
        /// The thing.
        path: PathBuf,
    },
}

impl ItemError {
    /// What could not be read.
    pub fn path(&self) -> &Path {
        match self {
            Self::Read { path, .. }
            | Self::NotMail { path }
            | Self::Empty { path }
            | Self::Outside { path }
            | Self::NotAFile { path } => path,
        }
    }
}

/// Opens the mail at `path`.
///
/// # Errors
///
/// When nothing is there, it cannot be read, or it is one file that is no mail.
pub fn open(path: &Path, format: Format) -> Result<Source, Error> {
    let canonical = fs::canonicalize(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
        _ => Error::Open { path: path.to_owned(), source },
    })?;
    let failed = |source| Error::Open { path: path.to_owned(), source };
    if canonical.is_dir() {
        if format == Format::Maildir && !has_maildir(&canonical, 0) {
            return Err(Error::NoMaildir { path: path.to_owned() });
        }
        let name = canonical.file_name().map(name_text).unwrap_or_default();
        let mut source = Source::new(canonical.clone(), format);
        let frame = Frame::open(&canonical, Place::root(name)).map_err(failed)?;
        source.frames.push(frame);
        return Ok(source);
    }
    if format == Format::Maildir {
        return Err(Error::NoMaildir { path: path.to_owned() });
    }
    if !canonical.is_file() {
        return Err(Error::Open {
            path: path.to_owned(),
            source: io::Error::other("neither a file nor a folder"),
        });
    }
    let root = canonical.parent().map_or_else(|| canonical.clone(), Path::to_owned);
    let place = Place::root(root.file_name().map(name_text).unwrap_or_default());
    let mut source = Source::new(root, format);
    match source.file(&canonical, &place) {
        Ok(Some(mail)) => source.ready = Some(mail),
        Ok(None) => {}
        Err(ItemError::Read { source, .. }) => return Err(failed(source)),
        Err(_) => return Err(Error::NotMail { path: path.to_owned() }),
    }
    Ok(source)
}

/// Is there a Maildir at `folder` or not far below?
fn has_maildir(folder: &Path, depth: usize) -> bool {
    const DEPTH_MAX: usize = 6;
    if maildir::is_maildir(folder) {
        return true;
    }
    let Ok(entries) = fs::read_dir(folder) else { return false };
    depth < DEPTH_MAX
        && entries.flatten().any(|entry| {
            entry.file_type().is_ok_and(|kind| kind.is_dir())
                && has_maildir(&entry.path(), depth + 1)
        })
}

/// Reads mail from files, one message at a time.
#[derive(Debug)]
pub struct Source {
    root: PathBuf,
    format: Format,
    frames: Vec<Frame>,
    mbox: Option<Mbox>,
    /// Read already, to be given next.
    ready: Option<RawMail>,
}

/// A folder being read.
#[derive(Debug)]
struct Frame {
    path: PathBuf,
    place: Place,
    entries: vec::IntoIter<(OsString, FileType)>,
}

impl Frame {
    /// Opens a folder; its entries in byte order, folders as if their name ended in `/`.
    fn open(path: &Path, mut place: Place) -> io::Result<Self> {
        if place.kind == Kind::Plain && maildir::is_maildir(path) {
            place.kind = Kind::Maildir;
            "INBOX".clone_into(&mut place.folder);
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            entries.push((entry.file_name(), entry.file_type()?));
        }
        entries.sort_unstable_by(|(a, kind_a), (b, kind_b)| {
            let bytes = |name: &'_ OsString, kind: &FileType| {
                let mut bytes = name.as_encoded_bytes().to_vec();
                if kind.is_dir() {
                    bytes.push(b'/');
                }
                bytes
            };
            bytes(a, kind_a).cmp(&bytes(b, kind_b))
        });
        Ok(Self { path: path.to_owned(), place, entries: entries.into_iter() })
    }
}

/// What a folder is to the walk.
#[derive(Clone, Debug)]
struct Place {
    kind: Kind,
    /// The mail folder its messages are in.
    folder: String,
    /// Names of mail folders below begin with this.
    prefix: String,
    /// Keys of messages below begin with this.
    key: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Any folder.
    Plain,
    /// The folder that holds `cur` and `new`.
    Maildir,
    /// `cur` or `new` itself.
    Leaf,
    /// A folder in a Maildir that is none itself: only Maildirs below it count.
    Between,
}

impl Place {
    fn root(name: String) -> Self {
        Self { kind: Kind::Plain, folder: name, prefix: String::new(), key: String::new() }
    }

    /// The place of a folder `name` inside this one.
    fn inside(&self, name: &str, kind: Kind) -> Self {
        let shown = match kind {
            Kind::Maildir => maildir::folder_name(name),
            _ => name.to_owned(),
        };
        // Thunderbird's `Inbox.sbd`, Apple Mail's `Inbox.mbox/Messages`.
        let shown = shown.trim_end_matches(".sbd").trim_end_matches(".mbox");
        let key = format!("{}{name}/", self.key);
        if name == "Messages" && self.key.ends_with(".mbox/") {
            return Self { kind, key, ..self.clone() };
        }
        let folder = format!("{}{shown}", self.prefix);
        Self { kind, prefix: format!("{folder}/"), folder, key }
    }
}

impl Iterator for Source {
    type Item = Result<RawMail, ItemError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(mail) = self.ready.take() {
                return Some(Ok(mail));
            }
            if let Some(mbox) = &mut self.mbox {
                match mbox.next() {
                    Ok(Some(mail)) => return Some(Ok(mail)),
                    Ok(None) => self.mbox = None,
                    Err(source) => {
                        let path = mbox.path.clone();
                        self.mbox = None;
                        return Some(Err(ItemError::Read { path, source }));
                    }
                }
                continue;
            }
            let frame = self.frames.last_mut()?;
            let Some((name, kind)) = frame.entries.next() else {
                self.frames.pop();
                continue;
            };
            let (path, place) = (frame.path.join(&name), frame.place.clone());
            match self.entry(&path, &name, kind, &place) {
                Ok(Some(mail)) => return Some(Ok(mail)),
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Source {
    fn new(root: PathBuf, format: Format) -> Self {
        Self { root, format, frames: Vec::new(), mbox: None, ready: None }
    }

    /// One entry of a folder.
    fn entry(
        &mut self,
        path: &Path,
        name: &OsStr,
        kind: FileType,
        place: &Place,
    ) -> Result<Option<RawMail>, ItemError> {
        let is_hidden = name.as_encoded_bytes().starts_with(b".");
        let kind = if kind.is_symlink() {
            if is_hidden {
                return Ok(None);
            }
            let kind = self.target(path)?;
            if kind.is_dir() {
                // It is read where it stands.
                return Ok(None);
            }
            kind
        } else {
            kind
        };
        if kind.is_dir() {
            return self.folder(path, name, place).map(|()| None);
        }
        match place.kind {
            Kind::Maildir | Kind::Between => return Ok(None),
            Kind::Plain if self.format == Format::Maildir => return Ok(None),
            _ if is_hidden => return Ok(None),
            _ => {}
        }
        if !kind.is_file() {
            return Err(ItemError::NotAFile { path: path.to_owned() });
        }
        if place.kind == Kind::Leaf {
            return Self::maildir_file(path, &name_text(name), place).map(Some);
        }
        // Thunderbird's index beside each mbox.
        if path.extension().is_some_and(|ext| ext == "msf") {
            return Ok(None);
        }
        self.file(path, place)
    }

    /// What a link leads to, when it stays inside.
    fn target(&self, path: &Path) -> Result<FileType, ItemError> {
        let failed = |source| ItemError::Read { path: path.to_owned(), source };
        let target = fs::canonicalize(path).map_err(failed)?;
        if !target.starts_with(&self.root) {
            return Err(ItemError::Outside { path: path.to_owned() });
        }
        fs::metadata(&target).map(|found| found.file_type()).map_err(failed)
    }

    fn folder(&mut self, path: &Path, name: &OsStr, place: &Place) -> Result<(), ItemError> {
        const DEPTH_MAX: usize = 100;
        let bytes = name.as_encoded_bytes();
        let is_maildir = maildir::is_maildir(path);
        let kind = match place.kind {
            Kind::Leaf => return Ok(()),
            Kind::Maildir if bytes == b"tmp" => return Ok(()),
            Kind::Maildir if bytes == b"cur" || bytes == b"new" => Kind::Leaf,
            _ if is_maildir => Kind::Maildir,
            _ if bytes.starts_with(b".") => return Ok(()),
            Kind::Maildir | Kind::Between => Kind::Between,
            Kind::Plain => Kind::Plain,
        };
        if self.frames.len() > DEPTH_MAX {
            let source = io::Error::other("folders nested too deep");
            return Err(ItemError::Read { path: path.to_owned(), source });
        }
        let inner = match kind {
            // Messages in `cur` and `new` are the Maildir's own, wherever they lie of the two.
            Kind::Leaf => Place { kind, ..place.clone() },
            _ => place.inside(&name_text(name), kind),
        };
        let failed = |source| ItemError::Read { path: path.to_owned(), source };
        let frame = Frame::open(path, inner).map_err(failed)?;
        self.frames.push(frame);
        Ok(())
    }

    fn maildir_file(path: &Path, name: &str, place: &Place) -> Result<RawMail, ItemError> {
        let failed = |source| ItemError::Read { path: path.to_owned(), source };
        let bytes = eml::read(path).map_err(failed)?;
        if bytes.is_empty() {
            return Err(ItemError::Empty { path: path.to_owned() });
        }
        if sniff::is_other_format(&bytes) {
            return Err(ItemError::NotMail { path: path.to_owned() });
        }
        Ok(RawMail {
            folder: place.folder.clone(),
            key: format!("{}{}", place.key, maildir::unique(name)),
            flags: maildir::flags(name),
            arrived: None,
            bytes,
        })
    }

    /// A file outside any Maildir: one message, or an mbox.
    fn file(&mut self, path: &Path, place: &Place) -> Result<Option<RawMail>, ItemError> {
        let failed = |source| ItemError::Read { path: path.to_owned(), source };
        let start = eml::start(path).map_err(failed)?;
        let text = start.trim_ascii_start();
        if start.is_empty() {
            return Err(ItemError::Empty { path: path.to_owned() });
        }
        let first = text.split(|&b| b == b'\n').next().unwrap_or_default();
        let is_mbox = sniff::is_separator(first.trim_ascii_end());
        let is_mail = is_mbox
            || sniff::is_mail(&start)
            || (eml::has_mail_name(path) && !sniff::is_other_format(&start));
        let name = path.file_name().map(name_text).unwrap_or_default();
        let key = format!("{}{name}", place.key);
        match self.format {
            Format::Mbox | Format::Auto if is_mbox => self.mbox(path, &name, key, place),
            Format::Eml | Format::Auto if is_mail => {
                let bytes = eml::read(path).map_err(failed)?;
                let flags = mbox::flags(&bytes);
                let folder = place.folder.clone();
                Ok(Some(RawMail { folder, key, flags, arrived: None, bytes }))
            }
            _ => Err(ItemError::NotMail { path: path.to_owned() }),
        }
    }

    /// An mbox is a folder of its own, unless it holds one message and is not called like a folder:
    /// then it is a message that kept its separator.
    fn mbox(
        &mut self,
        path: &Path,
        name: &str,
        key: String,
        place: &Place,
    ) -> Result<Option<RawMail>, ItemError> {
        let failed = |source| ItemError::Read { path: path.to_owned(), source };
        let stem = [".mbox", ".mbx"].iter().find_map(|end| name.strip_suffix(end));
        let is_apple = name == "mbox" && place.key.ends_with(".mbox/");
        let own = format!("{}{}", place.prefix, stem.unwrap_or(name));
        let folder = if is_apple { place.folder.clone() } else { own };
        let mut reader = Mbox::open(path.to_owned(), folder, key.clone()).map_err(failed)?;
        let mut first = reader.next().map_err(failed)?;
        if reader.is_done() {
            let is_folder = stem.is_some() || is_apple || role(name) != Role::Other;
            if let (Some(mail), false) = (&mut first, is_folder) {
                mail.folder.clone_from(&place.folder);
                mail.key = key;
            }
        } else {
            self.mbox = Some(reader);
        }
        Ok(first)
    }
}

/// A file name as text; bytes that are none as `\xNN`, so that no two names become one.
fn name_text(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests;
