//! From the store into the index and the vectors.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::ControlFlow;

use rayon::prelude::*;

use super::chunks::pieces;
use super::embed::{Embed, embed_messages};
use super::index::SMALL_BATCH_MESSAGES;
use super::writer::Batch;
use super::{Added, Document, Error, Index, Piece, Vectors};
use crate::attach::kind::{self, Kind};
use crate::mail::{self, MessageId, Words};
use crate::store::{self, AttachedRow, Header, Scope, Store};

/// Messages unpacked and parsed at once…
const CHUNK_MESSAGES: usize = 256;
/// …or as many as are this long, and at least one: what waits in memory is bounded by this.
const CHUNK_BYTES: u64 = 16 << 20;

/// Beginning of an attachment's text that gets vectors.
const ATTACHED_BYTES_MAX: usize = 8 << 10;
/// Pieces of one attachment, and of all of a message: a report must not outweigh its letter.
const FILE_PIECES_MAX: usize = 2;
const ATTACHED_PIECES_MAX: usize = 4;

/// Share of withdrawn vectors from which on their file is written anew.
const WASTE_MAX: f32 = 0.25;

/// What [`catch_up`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caught {
    /// Messages put into the index.
    pub added: u64,
    /// Messages taken out of it.
    pub removed: u64,
    /// False when `progress` asked to stop.
    pub finished: bool,
}

/// Words of mail that is just coming in, indexed beside the import: nothing is unpacked or parsed
/// twice, and the index is level with the store when the import ends.
pub struct Feed<'a> {
    index: &'a mut Index,
    batch: Option<Batch>,
    /// The index holds, or is about to hold, all changes up to here.
    generation: i64,
}

impl<'a> Feed<'a> {
    /// Starts to feed the index; what it lacks already comes with the first [`Feed::take`].
    pub fn new(index: &'a mut Index) -> Self {
        let generation = index.watermark();
        Feed { index, batch: None, generation }
    }

    /// Takes in all that changed in the store since the last call. `words` are those of messages
    /// that are known here; others are unpacked and parsed.
    ///
    /// # Errors
    /// As [`Index::add`].
    pub fn take(
        &mut self,
        store: &Store,
        mut words: HashMap<MessageId, Words>,
    ) -> Result<(), Error> {
        let scope = Scope { after_generation: Some(self.generation), ..Scope::default() };
        let headers = store.headers(&scope).map_err(documents)?;
        let Some(last) = headers.last() else { return Ok(()) };
        self.generation = last.generation;
        let is_small = headers.len() < SMALL_BATCH_MESSAGES;
        let batch = match &mut self.batch {
            Some(batch) => batch,
            none => none.insert(Batch::new(self.index, is_small)?),
        };
        let unknown: Vec<MessageId> =
            headers.iter().map(|header| header.id).filter(|id| !words.contains_key(id)).collect();
        let texts = Chunks::new(store, unknown, |header, text, _| (header.id, mail::words(text)));
        for item in texts {
            let (id, parsed) = item.map_err(documents)?;
            words.insert(id, parsed);
        }
        for header in &headers {
            let words = words.remove(&header.id).unwrap_or_default();
            let attached = attached_of(store, header).map_err(documents)?;
            batch.put(self.index, &document(header, words, attached))?;
        }
        Ok(())
    }

    /// Writes down what was taken in.
    ///
    /// # Errors
    /// As [`Index::add`].
    pub fn finish(self) -> Result<(), Error> {
        match self.batch {
            Some(batch) => batch.finish(self.index, self.generation),
            None => Ok(()),
        }
    }
}

/// Brings the index level with the store: what changed since its last commit goes in, what the
/// store no longer has goes out. `progress` hears how many messages are in, of how many.
///
/// # Errors
/// As [`Index::add`].
pub fn catch_up(
    index: &mut Index,
    store: &Store,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Caught, Error> {
    let generation = store.generation().map_err(documents)?;
    let mut caught = Caught { finished: true, ..Caught::default() };
    if generation <= index.watermark() && index.messages_count() > 0 {
        return Ok(caught);
    }
    let changed = store.changed_since(index.watermark()).map_err(documents)?;
    // What is gone goes first: the commit that calls the index level comes last.
    caught.removed = remove_gone(index, store, &changed)?;
    let total = changed.len() as u64;
    let documents = Chunks::of_changes(store, changed, |header, text, attached| {
        document(header, mail::words(text), attached)
    });
    let added: Added =
        index.add(documents.with_attached(), generation, &mut |done| progress(done, total))?;
    caught.added = added.messages;
    caught.finished = added.finished;
    Ok(caught)
}

/// Takes out what the store has no more; gives back how many. The store's generation rises with each
/// message that goes, so this need not be asked while that stands still.
fn remove_gone(
    index: &mut Index,
    store: &Store,
    changed: &[(MessageId, i64)],
) -> Result<u64, Error> {
    let mut count = index.messages_count();
    if count == 0 {
        return Ok(0);
    }
    for (id, _) in changed {
        count += u64::from(!index.may_hold(*id)?);
    }
    if count == store.all_count().map_err(documents)? {
        return Ok(0);
    }
    let here: HashSet<MessageId> = store.ids().map_err(documents)?.into_iter().collect();
    let gone: Vec<MessageId> =
        index.all_ids()?.into_iter().filter(|id| !here.contains(id)).collect();
    if gone.is_empty() {
        return Ok(0);
    }
    let removed = gone.len() as u64;
    index.remove(gone, index.watermark())?;
    Ok(removed)
}

/// Makes the vectors that are missing, newest mail first, and withdraws those of mail that is gone.
/// `progress` hears how many messages are done, of how many. Gives back how many were done now.
///
/// # Errors
/// As [`embed_messages`].
pub fn embed_missing(
    vectors: &mut Vectors,
    store: &Store,
    reader: &dyn Embed,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<u64, Error> {
    if vectors.waste() > WASTE_MAX {
        vectors.compact()?;
    }
    let covered = vectors.covered();
    let ids = store.newest_first().map_err(documents)?;
    let here: HashSet<MessageId> = ids.iter().copied().collect();
    let gone: HashSet<MessageId> = covered.difference(&here).copied().collect();
    if !gone.is_empty() {
        vectors.withdraw(&gone)?;
    }
    let missing: Vec<MessageId> = ids.into_iter().filter(|id| !covered.contains(id)).collect();
    let total = missing.len() as u64;
    let messages = Chunks::new(store, missing, |header, text, attached| {
        let mut pieces = message_pieces(&header.subject, text);
        pieces.extend(attached_pieces(header, &attached).into_iter().map(|(_, piece)| piece));
        (header.id, pieces)
    });
    embed_messages(vectors, reader, messages.with_attached(), &mut |done| progress(done, total))
}

/// The pieces of a message's attachments that get vectors, behind those of the message itself, each
/// with its row's place: the beginning of each text, with the file's name in front.
pub(super) fn attached_pieces(header: &Header, attached: &[AttachedRow]) -> Vec<(usize, Piece)> {
    let mut found = Vec::new();
    for (at, row) in attached.iter().enumerate() {
        let text = &row.text[..row.text.floor_char_boundary(ATTACHED_BYTES_MAX)];
        let file = header.attachments.iter().find(|file| file.part == row.part);
        let name = file.map_or("", |file| file.name.as_str());
        let cut = pieces(name, text, &mail::sentences(text));
        let cut = cut.into_iter().filter(|piece| !piece.span.is_empty());
        found.extend(cut.take(FILE_PIECES_MAX).map(|piece| (at, piece)));
    }
    found.truncate(ATTACHED_PIECES_MAX);
    found
}

/// The pieces of a message that get vectors: the sender's own words, or those it passes on when it
/// holds none (a bare forward).
pub fn message_pieces(subject: &str, text: &str) -> Vec<Piece> {
    let words = mail::own_or_forwarded_words(text);
    pieces(subject, &words, &mail::sentences(&words))
}

/// What a message's attachments say, as far as they were read.
fn attached_of(store: &Store, header: &Header) -> Result<Vec<AttachedRow>, store::Error> {
    if header.attachments.is_empty() { Ok(Vec::new()) } else { store.attached(header.id) }
}

/// What is attached: by contents where they were looked at, else by name and type.
fn holds(header: &Header, attached: &[AttachedRow]) -> Vec<&'static str> {
    let mut holds: Vec<&'static str> = header
        .attachments
        .iter()
        .filter_map(|file| {
            let row = attached.iter().find(|row| row.part == file.part);
            row.and_then(|row| Kind::named(&row.kind))
                .unwrap_or_else(|| kind::guess(&file.name, &file.mime_type))
                .group()
        })
        .collect();
    holds.sort_unstable();
    holds.dedup();
    holds
}

fn document(header: &Header, words: Words, attached: Vec<AttachedRow>) -> Document {
    Document {
        holds: holds(header, &attached),
        attached: attached.into_iter().map(|row| row.text).collect(),
        id: header.id,
        thread: header.thread,
        generation: header.generation,
        subject: header.subject.clone(),
        own: words.own,
        quoted: words.others,
        from: header.from.clone(),
        to: header.people.to.clone(),
        cc: header.people.cc.iter().chain(&header.people.bcc).cloned().collect(),
        folders: header.folders.clone(),
        labels: header.labels.clone(),
        date: header.date,
        bytes: header.bytes,
        attachments: header.attachments.iter().map(|part| part.name.clone()).collect(),
        language: (!header.language.is_empty()).then(|| header.language.clone()),
        read: header.is_read(),
        flagged: header.flags.contains('F'),
        rfc_id: (!header.rfc_id.is_empty()).then(|| header.rfc_id.clone()),
    }
}

pub(super) fn documents(source: store::Error) -> Error {
    Error::Documents { source: source.into() }
}

/// Something made of each message's header and text, unpacked a chunk at a time on all processors.
/// Only numbers are held of what is still to come.
struct Chunks<'a, T> {
    store: &'a Store,
    /// To come, in order; with the generation it was listed under, if that is how it was listed.
    waiting: std::vec::IntoIter<(MessageId, Option<i64>)>,
    /// Headers of what comes next, in order.
    headers: VecDeque<Header>,
    make: Make<T>,
    attached: Attached,
    ready: std::vec::IntoIter<T>,
}

/// Makes something of a message's header, its text, and what its attachments say.
type Make<T> = fn(&Header, &str, Vec<AttachedRow>) -> T;

/// Whether what attachments say is looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attached {
    LeftOut,
    LookedUp,
}

/// A message as it comes from the store: header, raw bytes, what its attachments say.
type Loaded = (Header, Vec<u8>, Vec<AttachedRow>);

impl<'a, T: Send> Chunks<'a, T> {
    fn new(store: &'a Store, ids: Vec<MessageId>, make: Make<T>) -> Self {
        Self::of(store, ids.into_iter().map(|id| (id, None)).collect(), make)
    }

    /// Headers say the generation that was listed: what changes again meanwhile comes again, and
    /// must not let the index believe that it holds what is still to come.
    fn of_changes(store: &'a Store, changed: Vec<(MessageId, i64)>, make: Make<T>) -> Self {
        let ids = changed.into_iter().map(|(id, generation)| (id, Some(generation)));
        Self::of(store, ids.collect(), make)
    }

    fn of(store: &'a Store, ids: Vec<(MessageId, Option<i64>)>, make: Make<T>) -> Self {
        let (waiting, ready) = (ids.into_iter(), Vec::new().into_iter());
        let (headers, attached) = (VecDeque::new(), Attached::LeftOut);
        Self { store, waiting, headers, make, attached, ready }
    }

    fn with_attached(self) -> Self {
        Self { attached: Attached::LookedUp, ..self }
    }

    fn load(&self, header: Header) -> Result<Loaded, store::Error> {
        let raw = match self.store.raw(header.id) {
            // What is known of it besides its text is worth finding.
            Err(store::Error::Damaged { .. }) => Vec::new(),
            raw => raw?,
        };
        let attached = match self.attached {
            Attached::LeftOut => Vec::new(),
            Attached::LookedUp => attached_of(self.store, &header)?,
        };
        Ok((header, raw, attached))
    }

    /// Headers of the next messages; of those that are gone meanwhile nothing.
    fn load_headers(&mut self) -> Result<(), store::Error> {
        while self.headers.is_empty() {
            let listed: Vec<_> = self.waiting.by_ref().take(CHUNK_MESSAGES).collect();
            if listed.is_empty() {
                break;
            }
            let ids = listed.iter().map(|(id, _)| *id).collect();
            let headers = self.store.headers(&Scope { ids: Some(ids), ..Scope::default() })?;
            let mut headers: HashMap<MessageId, Header> =
                headers.into_iter().map(|header| (header.id, header)).collect();
            for (id, generation) in listed {
                if let Some(mut header) = headers.remove(&id) {
                    header.generation = generation.unwrap_or(header.generation);
                    self.headers.push_back(header);
                }
            }
        }
        Ok(())
    }

    /// The next messages, up to [`CHUNK_BYTES`]; nothing at the end.
    fn next_loaded(&mut self) -> Result<Vec<Loaded>, store::Error> {
        self.load_headers()?;
        let mut loaded = Vec::new();
        let mut bytes = 0;
        while let Some(header) = self.headers.front() {
            bytes += header.bytes;
            if bytes > CHUNK_BYTES && !loaded.is_empty() {
                break;
            }
            if let Some(header) = self.headers.pop_front() {
                loaded.push(self.load(header)?);
            }
        }
        Ok(loaded)
    }
}

impl<T: Send> Iterator for Chunks<'_, T> {
    type Item = Result<T, store::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.next() {
                return Some(Ok(ready));
            }
            match self.next_loaded() {
                Err(error) => return Some(Err(error)),
                Ok(loaded) if loaded.is_empty() => return None,
                Ok(loaded) => {
                    let make = self.make;
                    let made: Vec<T> = loaded
                        .into_par_iter()
                        .map(|(header, raw, attached)| {
                            make(&header, &mail::parse(&raw).text, attached)
                        })
                        .collect();
                    self.ready = made.into_iter();
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
