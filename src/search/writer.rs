//! Messages on their way into the index.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use tantivy::directory::error::LockError;
use tantivy::indexer::{LogMergePolicy, NoMergePolicy};
use tantivy::schema::Field;
use tantivy::{IndexWriter, Searcher, TantivyDocument, TantivyError, Term};

use super::document::Document;
use super::error::Error;
use super::index::{Fields, Index, VERSION, flag};
use super::tokens;
use crate::mail::{Person, UnixSeconds};

/// Memory for words not yet written, all threads together.
const WRITER_BYTES: usize = 40 << 20;
/// The same for a handful of messages.
const SMALL_WRITER_BYTES: usize = 20 << 20;
/// Text between two commits: what an interruption can cost, and what waits in memory at most.
const COMMIT_TEXT_BYTES: usize = 64 << 20;
/// Longer texts are indexed up to here.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// What a commit says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Payload {
    pub(super) version: u32,
    pub(super) generation: i64,
}

/// A writer at work, from the first message to the last commit.
pub(super) struct Batch {
    pub(super) writer: IndexWriter,
    /// In the index before this batch; a copy of the reader's view.
    searcher: Searcher,
    /// Put since the last commit.
    fresh: HashSet<i64>,
    text_bytes: usize,
    pub(super) messages: u64,
    pub(super) generation: i64,
}

impl Batch {
    /// Begins to write. What another process wrote since the index was opened is seen from here on:
    /// it is replaced, not put in twice.
    pub(super) fn new(index: &mut Index, is_small: bool) -> Result<Self, Error> {
        let (threads, bytes) = if is_small { (1, SMALL_WRITER_BYTES) } else { (2, WRITER_BYTES) };
        let writer: IndexWriter =
            index.inner.writer_with_num_threads(threads, bytes).map_err(|cause| match cause {
                TantivyError::LockFailure(LockError::LockBusy, _) => {
                    Error::Busy { dir: index.home.clone() }
                }
                other => Error::index("starting to write")(other),
            })?;
        index.refresh()?;
        // Segments are merged once, at the end: merging beside the writing would slow it down.
        writer.set_merge_policy(Box::new(NoMergePolicy));
        Ok(Batch {
            writer,
            searcher: index.searcher(),
            fresh: HashSet::new(),
            text_bytes: 0,
            messages: 0,
            generation: index.generation,
        })
    }

    pub(super) fn put(&mut self, index: &mut Index, document: &Document) -> Result<(), Error> {
        let key = Term::from_field_i64(index.fields.id, document.id.0);
        let known = !self.fresh.insert(document.id.0)
            || self.searcher.doc_freq(&key).map_err(|cause| index.broken(&cause))? > 0;
        if known {
            self.writer.delete_term(key);
        }
        let attached: usize = document.attached.iter().map(String::len).sum();
        self.text_bytes += document.own.len() + document.quoted.len() + attached + 512;
        self.writer
            .add_document(to_engine(&index.fields, document))
            .map_err(Error::index("adding a message"))?;
        self.messages += 1;
        self.generation = self.generation.max(document.generation);
        if self.text_bytes >= COMMIT_TEXT_BYTES {
            self.commit(index, self.generation)?;
        }
        Ok(())
    }

    fn commit(&mut self, index: &mut Index, generation: i64) -> Result<(), Error> {
        let payload = Payload { version: VERSION, generation };
        let payload = serde_json::to_string(&payload).expect("two numbers always have a JSON form");
        let mut prepared =
            self.writer.prepare_commit().map_err(Error::index("writing segments"))?;
        prepared.set_payload(&payload);
        prepared.commit().map_err(Error::index("committing"))?;
        index.generation = generation;
        index.reader.reload().map_err(|cause| index.broken(&cause))?;
        self.searcher = index.searcher();
        self.fresh.clear();
        self.text_bytes = 0;
        Ok(())
    }

    pub(super) fn finish(mut self, index: &mut Index, generation: i64) -> Result<(), Error> {
        let generation = generation.max(index.generation);
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(6);
        self.writer.set_merge_policy(Box::new(policy));
        self.commit(index, generation)?;
        self.writer.wait_merging_threads().map_err(Error::index("merging segments"))?;
        index.reader.reload().map_err(|cause| index.broken(&cause))
    }
}

fn to_engine(fields: &Fields, document: &Document) -> TantivyDocument {
    let mut out = TantivyDocument::new();
    out.add_i64(fields.id, document.id.0);
    out.add_i64(fields.thread, document.thread.0);
    out.add_i64(fields.date, document.date.0);
    out.add_u64(fields.bytes, document.bytes);
    out.add_u64(fields.flags, flags(document));
    out.add_u64(fields.twin, twin(document));
    if let Some(id) = &document.rfc_id {
        out.add_text(fields.mid, id);
    }
    let language = document.language.as_deref();
    if let Some(code) = language {
        out.add_text(fields.language, code);
    }
    for (field, text) in [
        (fields.subject, &document.subject),
        (fields.own, &document.own),
        (fields.quoted, &document.quoted),
    ] {
        if !text.is_empty() {
            out.add_text(field, tokens::with_language(language, start_of(text)));
        }
    }
    add_person(&mut out, fields.from, &document.from);
    document.to.iter().for_each(|person| add_person(&mut out, fields.to, person));
    document.cc.iter().for_each(|person| add_person(&mut out, fields.cc, person));
    document.folders.iter().for_each(|folder| out.add_text(fields.folder, folder));
    document.labels.iter().for_each(|label| out.add_text(fields.label, label));
    document.attachments.iter().for_each(|name| out.add_text(fields.filename, name));
    for text in document.attached.iter().filter(|text| !text.is_empty()) {
        out.add_text(fields.attached, tokens::with_language(language, start_of(text)));
    }
    document.holds.iter().for_each(|group| out.add_text(fields.holds, group));
    out
}

/// Name and address, and the domain by itself and without its first labels, so that
/// `from:example.org` finds `ada@mail.example.org`.
fn add_person(out: &mut TantivyDocument, field: Field, person: &Person) {
    if !person.name.is_empty() {
        out.add_text(field, &person.name);
    }
    if person.address.is_empty() {
        return;
    }
    out.add_text(field, &person.address);
    let mut domain = person.address.rsplit_once('@').map_or("", |(_, domain)| domain);
    while domain.contains('.') {
        out.add_text(field, domain);
        domain = domain.split_once('.').map_or("", |(_, rest)| rest);
    }
}

fn flags(document: &Document) -> u64 {
    [
        (document.read, flag::READ),
        (document.flagged, flag::FLAGGED),
        (!document.attachments.is_empty(), flag::ATTACHMENT),
    ]
    .into_iter()
    .filter_map(|(is_on, bit)| is_on.then_some(bit))
    .sum()
}

/// Two messages with the same sender, second, subject and own words are shown once. FNV-1a, 64 bits.
fn twin(document: &Document) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut feed = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        hash = (hash ^ 0xff).wrapping_mul(0x0000_0100_0000_01b3);
    };
    let UnixSeconds(at) = document.date;
    feed(&at.to_le_bytes());
    feed(document.from.address.as_bytes());
    feed(document.subject.trim().as_bytes());
    if document.own.trim().is_empty() {
        // Nothing to compare: every empty message is itself.
        feed(&document.id.0.to_le_bytes());
    }
    document.own.split_whitespace().for_each(|word| feed(word.as_bytes()));
    hash
}

fn start_of(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
