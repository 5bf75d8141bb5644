//! From the store into the index and the vectors.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;

use rayon::prelude::*;

use super::chunks::pieces;
use super::embed::{Embed, embed_messages};
use super::{Added, Document, Error, Index, Piece, Vectors};
use crate::mail::{self, MessageId};
use crate::store::{self, Header, Scope, Store};

/// Messages unpacked and parsed at once.
const CHUNK_MESSAGES: usize = 256;

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
    if generation > index.watermark() || index.messages_count() == 0 {
        let scope = Scope { after_generation: Some(index.watermark()), ..Scope::default() };
        let headers = store.headers(&scope).map_err(documents)?;
        let total = headers.len() as u64;
        let added: Added = index.add(
            Chunks::new(store, &headers)
                .map(|item| item.map(|(header, text)| document(header, text))),
            generation,
            &mut |done| progress(done, total),
        )?;
        caught.added = added.messages;
        caught.finished = added.finished;
    }
    if caught.finished && index.messages_count() != store.messages_count(None).map_err(documents)? {
        let here: BTreeSet<MessageId> = store.ids().map_err(documents)?.into_iter().collect();
        let gone: Vec<MessageId> =
            index.all_ids()?.into_iter().filter(|id| !here.contains(id)).collect();
        caught.removed = gone.len() as u64;
        index.remove(gone, generation)?;
    }
    Ok(caught)
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
    let covered = vectors.covered();
    let headers =
        store.headers(&Scope { newest_first: true, ..Scope::default() }).map_err(documents)?;
    let here: HashSet<MessageId> = headers.iter().map(|header| header.id).collect();
    let gone: HashSet<MessageId> = covered.difference(&here).copied().collect();
    if !gone.is_empty() {
        vectors.withdraw(&gone)?;
    }
    let missing: Vec<Header> =
        headers.into_iter().filter(|header| !covered.contains(&header.id)).collect();
    let total = missing.len() as u64;
    let messages = Chunks::new(store, &missing)
        .map(|item| item.map(|(header, text)| (header.id, message_pieces(&header.subject, &text))));
    embed_messages(vectors, reader, messages, &mut |done| progress(done, total))
}

/// The pieces of a message that get vectors: the sender's own words, or all of the text when it
/// holds none (a bare forward).
pub fn message_pieces(subject: &str, text: &str) -> Vec<Piece> {
    let own = mail::own_words(text);
    let words = if own.trim().is_empty() { text } else { &own };
    pieces(subject, words, &mail::sentences(words))
}

fn document(header: &Header, text: String) -> Document {
    let own = mail::own_words(&text);
    let quoted: String = mail::passages(&text)
        .into_iter()
        .filter(|passage| passage.voice != mail::Voice::Own)
        .map(|passage| &text[passage.start..passage.end])
        .collect();
    Document {
        id: header.id,
        thread: header.thread,
        generation: header.generation,
        subject: header.subject.clone(),
        own,
        quoted,
        from: header.from.clone(),
        to: header.people.to.clone(),
        cc: header.people.cc.iter().chain(&header.people.bcc).cloned().collect(),
        folders: header.folders.clone(),
        date: header.date,
        bytes: header.bytes,
        attachments: header.attachments.iter().map(|part| part.name.clone()).collect(),
        own_mail: header.own,
        language: (!header.language.is_empty()).then(|| header.language.clone()),
        read: header.is_read(),
        flagged: header.flags.contains('F'),
        rfc_id: (!header.rfc_id.is_empty()).then(|| header.rfc_id.clone()),
    }
}

fn documents(source: store::Error) -> Error {
    Error::Documents { source: source.into() }
}

/// Headers with their messages' text, unpacked a chunk at a time on all processors.
struct Chunks<'a> {
    store: &'a Store,
    headers: &'a [Header],
    ready: std::vec::IntoIter<(&'a Header, String)>,
}

impl<'a> Chunks<'a> {
    fn new(store: &'a Store, headers: &'a [Header]) -> Self {
        Self { store, headers, ready: Vec::new().into_iter() }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<(&'a Header, String), store::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(ready) = self.ready.next() {
            return Some(Ok(ready));
        }
        let (chunk, rest) = self.headers.split_at(self.headers.len().min(CHUNK_MESSAGES));
        if chunk.is_empty() {
            return None;
        }
        let raws: Result<Vec<Vec<u8>>, _> =
            chunk.iter().map(|header| self.store.raw(header.id)).collect();
        match raws {
            Err(error) => Some(Err(error)),
            Ok(raws) => {
                self.headers = rest;
                let texts: Vec<String> = raws.par_iter().map(|raw| mail::parse(raw).text).collect();
                self.ready = chunk.iter().zip(texts).collect::<Vec<_>>().into_iter();
                self.next()
            }
        }
    }
}
