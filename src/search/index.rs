//! The index of words: what is in it, how it is written, when it has to be made anew.
//!
//! The index is derived from the store and may be lost at any time. A folder holds a file
//! `current`, the name of the folder beside it in which the index in use lies; a rebuild fills
//! another one and then replaces that file in one step. How far the index has come is written into
//! each commit, so after a crash it goes on from there.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tantivy::directory::MmapDirectory;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, NumericOptions, STRING, Schema, TextFieldIndexing,
    TextOptions,
};
use tantivy::store::Compressor;
use tantivy::{IndexReader, IndexSettings, ReloadPolicy, Searcher, TantivyError, Term};

use super::document::Document;
use super::error::{Cause, Error};
use super::tokens::{self, IndexTokenizer};
use super::writer::{Batch, Payload};
use crate::mail::MessageId;

/// Raised whenever a text is cut or a field filled in another way: older indexes are made anew.
pub(super) const VERSION: u32 = 4;
/// Up to here one thread writes one segment; more are worth two.
pub(super) const SMALL_BATCH_MESSAGES: usize = 300;
/// Messages between two calls of `progress`.
const PROGRESS_EVERY: u64 = 64;
/// The file that names the folder in use.
const CURRENT: &str = "current";

/// Bits of the `flags` column.
pub(super) mod flag {
    pub(crate) const READ: u64 = 1;
    pub(crate) const FLAGGED: u64 = 2;
    pub(crate) const ATTACHMENT: u64 = 4;
}

/// The index of words.
pub struct Index {
    pub(super) home: PathBuf,
    folder: String,
    /// Being rebuilt: not yet what `current` names.
    is_next: bool,
    pub(super) inner: tantivy::Index,
    pub(super) reader: IndexReader,
    pub(super) fields: Fields,
    pub(super) generation: i64,
}

/// What [`Index::add`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// Messages put into the index.
    pub messages: u64,
    /// False when `progress` asked to stop: the rest comes with the next call.
    pub finished: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    pub(super) id: Field,
    pub(super) thread: Field,
    pub(super) mid: Field,
    pub(super) language: Field,
    pub(super) date: Field,
    pub(super) bytes: Field,
    pub(super) flags: Field,
    pub(super) twin: Field,
    pub(super) subject: Field,
    pub(super) own: Field,
    pub(super) quoted: Field,
    pub(super) from: Field,
    pub(super) to: Field,
    pub(super) cc: Field,
    pub(super) folder: Field,
    pub(super) label: Field,
    pub(super) filename: Field,
    pub(super) attached: Field,
    pub(super) holds: Field,
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let words = |tokenizer: &str| {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(tokenizer)
                .set_index_option(IndexRecordOption::WithFreqsAndPositions),
        )
    };
    let key: NumericOptions = (INDEXED | FAST).into();
    let fields = Fields {
        id: schema.add_i64_field("id", key.clone()),
        thread: schema.add_i64_field("thread", key),
        mid: schema.add_text_field("mid", STRING),
        language: schema.add_text_field("language", STRING),
        date: schema.add_i64_field("date", FAST),
        bytes: schema.add_u64_field("bytes", FAST),
        flags: schema.add_u64_field("flags", FAST),
        twin: schema.add_u64_field("twin", FAST),
        subject: schema.add_text_field("subject", words(tokens::TEXT)),
        own: schema.add_text_field("own", words(tokens::TEXT)),
        quoted: schema.add_text_field("quoted", words(tokens::TEXT)),
        from: schema.add_text_field("from", words(tokens::NAMES)),
        to: schema.add_text_field("to", words(tokens::NAMES)),
        cc: schema.add_text_field("cc", words(tokens::NAMES)),
        folder: schema.add_text_field("folder", words(tokens::NAMES)),
        label: schema.add_text_field("label", words(tokens::NAMES)),
        filename: schema.add_text_field("filename", words(tokens::NAMES)),
        attached: schema.add_text_field("attached", words(tokens::TEXT)),
        holds: schema.add_text_field("holds", STRING),
    };
    (schema.build(), fields)
}

impl Index {
    /// Opens the index in `dir`, or makes an empty one where there is none.
    ///
    /// # Errors
    /// [`Error::Rebuild`] when it is of another version, damaged or half gone: see
    /// [`Index::rebuild`]. [`Error::File`] when `dir` cannot be used.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let current = dir.join(CURRENT);
        match fs::read_to_string(&current) {
            Ok(folder) => Self::open_folder(dir, folder.trim()),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                let mut index = Self::create(dir, "1")?;
                index.publish()?;
                Ok(index)
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::InvalidData => {
                let reason = format!("{CURRENT} names no folder");
                Err(Error::Rebuild { dir: dir.to_path_buf(), reason })
            }
            Err(cause) => Err(Error::file("reading", &current)(cause)),
        }
    }

    /// Starts an empty index beside the one in `dir`, whatever state that is in. It takes the old
    /// one's place when [`Index::publish`] is called; until then the old one answers.
    ///
    /// # Errors
    /// When `dir` cannot be written to.
    pub fn rebuild(dir: &Path) -> Result<Self, Error> {
        let in_use = fs::read_to_string(dir.join(CURRENT)).unwrap_or_default();
        let number: u64 = in_use.trim().parse().unwrap_or(0);
        let mut index = Self::create(dir, &(number + 1).to_string())?;
        index.is_next = true;
        Ok(index)
    }

    /// Makes this the index in use and removes others in the folder.
    ///
    /// # Errors
    /// When the folder cannot be written to; the index in use is then the one it was before.
    pub fn publish(&mut self) -> Result<(), Error> {
        let (current, next) = (self.home.join(CURRENT), self.home.join("current.next"));
        let written = fs::File::create(&next).and_then(|mut file| {
            std::io::Write::write_all(&mut file, self.folder.as_bytes())?;
            file.sync_all()
        });
        written.map_err(Error::file("writing", &next))?;
        fs::rename(&next, &current).map_err(Error::file("writing", &current))?;
        sync_folder(&self.home)?;
        self.is_next = false;
        self.remove_others();
        Ok(())
    }

    /// The highest generation the index has taken in; 0 when it is empty.
    pub fn watermark(&self) -> i64 {
        self.generation
    }

    /// Messages in the index.
    pub fn messages_count(&self) -> u64 {
        self.searcher().num_docs()
    }

    /// Whether this index waits for [`Index::publish`].
    pub fn is_next(&self) -> bool {
        self.is_next
    }

    /// Reads every file of the index and compares its checksum.
    ///
    /// # Errors
    /// [`Error::Rebuild`] naming the damaged files.
    pub fn check(&self) -> Result<(), Error> {
        let damaged = self.inner.validate_checksum().map_err(|cause| self.broken(&cause))?;
        if damaged.is_empty() {
            return Ok(());
        }
        let mut names: Vec<String> =
            damaged.iter().map(|path| path.display().to_string()).collect();
        names.sort();
        Err(Error::Rebuild {
            dir: self.home.clone(),
            reason: format!("damaged: {}", names.join(", ")),
        })
    }

    /// Takes in messages, replacing what is there under the same id, and remembers
    /// `last_generation` when all are in. Commits along the way, so documents should come in the
    /// order of their generation. `progress` hears how many are in and may ask to stop.
    ///
    /// # Errors
    /// [`Error::Documents`] when the source breaks off (what came before is kept), [`Error::Busy`]
    /// when another process writes, [`Error::Index`] when the disk refuses.
    pub fn add<D, E>(
        &mut self,
        documents: D,
        last_generation: i64,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Added, Error>
    where
        D: IntoIterator<Item = Result<Document, E>>,
        E: Into<Cause>,
    {
        let mut documents = documents.into_iter();
        let first: Vec<_> = documents.by_ref().take(SMALL_BATCH_MESSAGES).collect();
        if first.is_empty() && last_generation <= self.generation {
            return Ok(Added { messages: 0, finished: true });
        }
        let is_small = first.len() < SMALL_BATCH_MESSAGES;
        let mut batch = Batch::new(self, is_small)?;
        let mut outcome = Ok(true);
        for document in first.into_iter().chain(documents) {
            match document {
                Ok(document) => batch.put(self, &document)?,
                Err(cause) => {
                    outcome = Err(Error::Documents { source: cause.into() });
                    break;
                }
            }
            if batch.messages.is_multiple_of(PROGRESS_EVERY) && progress(batch.messages).is_break()
            {
                outcome = Ok(false);
                break;
            }
        }
        let messages = batch.messages;
        let finished = matches!(outcome, Ok(true));
        let generation = if finished { last_generation } else { batch.generation };
        batch.finish(self, generation)?;
        let finished = outcome?;
        if finished {
            let _ = progress(messages);
        }
        Ok(Added { messages, finished })
    }

    /// Takes messages out and remembers `last_generation`.
    ///
    /// # Errors
    /// As [`Index::add`].
    pub fn remove(
        &mut self,
        ids: impl IntoIterator<Item = MessageId>,
        last_generation: i64,
    ) -> Result<(), Error> {
        let batch = Batch::new(self, true)?;
        for id in ids {
            batch.writer.delete_term(Term::from_field_i64(self.fields.id, id.0));
        }
        batch.finish(self, last_generation.max(self.generation))
    }

    /// Sees what was committed since the index was opened.
    pub(super) fn refresh(&mut self) -> Result<(), Error> {
        self.reader.reload().map_err(|cause| self.broken(&cause))?;
        let payload = self.inner.load_metas().map_err(|cause| self.broken(&cause))?.payload;
        let payload = payload.as_deref().map(serde_json::from_str::<Payload>);
        if let Some(Ok(payload)) = payload {
            self.generation = self.generation.max(payload.generation);
        }
        Ok(())
    }

    /// Whether a message may be in it; one that was taken out counts for a while.
    pub(super) fn may_hold(&self, id: MessageId) -> Result<bool, Error> {
        let key = Term::from_field_i64(self.fields.id, id.0);
        let count = self.searcher().doc_freq(&key).map_err(|cause| self.broken(&cause))?;
        Ok(count > 0)
    }

    pub(super) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// What an error of the engine while reading means: the index cannot be trusted any more.
    pub(super) fn broken(&self, cause: &TantivyError) -> Error {
        Error::Rebuild { dir: self.home.clone(), reason: cause.to_string() }
    }

    fn create(home: &Path, folder: &str) -> Result<Self, Error> {
        let dir = home.join(folder);
        if dir.exists() {
            fs::remove_dir_all(&dir).map_err(Error::file("removing", &dir))?;
        }
        fs::create_dir_all(&dir).map_err(Error::file("making", &dir))?;
        let directory = MmapDirectory::open(&dir)
            .map_err(|cause| Error::index("making a folder")(cause.into()))?;
        let settings =
            IndexSettings { docstore_compression: Compressor::None, ..IndexSettings::default() };
        let (schema, fields) = schema();
        let inner = tantivy::Index::create(directory, schema, settings)
            .map_err(Error::index("making an empty one"))?;
        Self::with_reader(home, folder, inner, fields, 0)
    }

    fn open_folder(home: &Path, folder: &str) -> Result<Self, Error> {
        let rebuild = |reason: String| Error::Rebuild { dir: home.to_path_buf(), reason };
        let dir = home.join(folder);
        if folder.is_empty() || !dir.is_dir() {
            return Err(rebuild("its folder is gone".to_owned()));
        }
        let inner =
            tantivy::Index::open_in_dir(&dir).map_err(|cause| rebuild(cause.to_string()))?;
        let (schema, fields) = schema();
        let payload = inner.load_metas().map_err(|cause| rebuild(cause.to_string()))?.payload;
        let generation = match payload.as_deref().map(serde_json::from_str::<Payload>) {
            Some(Ok(payload)) if payload.version == VERSION => payload.generation,
            Some(Ok(payload)) => {
                return Err(rebuild(format!("it has format {}, not {VERSION}", payload.version)));
            }
            Some(Err(cause)) => return Err(rebuild(cause.to_string())),
            None => 0,
        };
        if inner.schema() != schema {
            return Err(rebuild("it has other fields".to_owned()));
        }
        Self::with_reader(home, folder, inner, fields, generation).map_err(|cause| match cause {
            Error::Index { source, .. } => rebuild(source.to_string()),
            other => other,
        })
    }

    fn with_reader(
        home: &Path,
        folder: &str,
        inner: tantivy::Index,
        fields: Fields,
        generation: i64,
    ) -> Result<Self, Error> {
        IndexTokenizer::register(inner.tokenizers());
        let reader = inner
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(0)
            .try_into()
            .map_err(Error::index("opening segments"))?;
        let (home, folder) = (home.to_path_buf(), folder.to_owned());
        Ok(Index { home, folder, is_next: false, inner, reader, fields, generation })
    }

    /// Leftovers of rebuilds; another process may still read them, so failing to remove is fine.
    fn remove_others(&self) {
        let Ok(entries) = fs::read_dir(&self.home) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_ours = name.to_str().is_some_and(|name| name.parse::<u64>().is_ok());
            if is_ours && name.to_str() != Some(&self.folder) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

fn sync_folder(dir: &Path) -> Result<(), Error> {
    fs::File::open(dir).and_then(|folder| folder.sync_all()).map_err(Error::file("writing", dir))
}
