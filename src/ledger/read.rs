//! Running the reader over messages not read yet.

use std::ops::ControlFlow;

use super::entry::{Entry, extract};
use super::reading::{Spoken, join};
use super::{Error, Reading};
use crate::engine::{self, Judgement};
use crate::mail::when::{Calendar, Deadline, Zone, deadline_in};
use crate::mail::{self, MessageId, UnixSeconds};
use crate::store::{EntryRow, Header, ReadingRow, Scope, Store};

/// Rises when the code here gives other results.
const CODE_VERSION: &str = "ledger 3";
/// Messages read and stored at once; an interruption loses at most these.
const BATCH_MESSAGES: usize = 32;

/// What judges sentences: the embedded reader, or a scripted one in tests.
pub trait Read {
    /// Names the weights; another name makes stored readings stale.
    fn version(&self) -> String;

    /// One judgement a message, with one score a sentence.
    ///
    /// # Errors
    /// The reader could not run.
    fn read(&self, messages: &[engine::Reading<'_>]) -> Result<Vec<Judgement>, engine::Error>;
}

/// Which messages to read.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Those sent within the time range, newest first.
    Between(UnixSeconds, UnixSeconds),
    /// These, in the order given.
    These(Vec<MessageId>),
}

/// How many of the messages wanted have a reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// With one.
    pub done: u64,
    /// All of them.
    pub total: u64,
}

/// What stamps readings made by `reader` with this code.
pub fn version(reader: &dyn Read) -> String {
    version_of(&reader.version())
}

/// The same for weights named so, without a reader at hand.
pub fn version_of(weights: &str) -> String {
    format!("{CODE_VERSION}, {weights}")
}

/// Reads what is wanted and has not been read by this version, batch by batch: each batch is stored
/// before the next begins, so an interrupted run is taken up where it stopped. `progress` is told how
/// many of how many are done and may end the run.
///
/// # Errors
/// The store or the reader refused; what was stored before stays.
pub fn read_new(
    store: &mut Store,
    reader: &dyn Read,
    wanted: &Wanted,
    calendar: &Calendar,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Coverage, Error> {
    let version = version(reader);
    let (pending, total) = pending(store, wanted, &version)?;
    let mut coverage = Coverage { done: total - pending.len() as u64, total };
    for batch in pending.chunks(BATCH_MESSAGES) {
        if progress(coverage.done, total).is_break() {
            return Ok(coverage);
        }
        read_batch(store, reader, batch, calendar, &version)?;
        coverage.done += batch.len() as u64;
    }
    let _ = progress(coverage.done, total);
    Ok(coverage)
}

fn pending(store: &Store, wanted: &Wanted, version: &str) -> Result<(Vec<MessageId>, u64), Error> {
    match wanted {
        Wanted::Between(since, until) => {
            let total = store.messages_count(Some(*until))?
                - store.messages_count(Some(UnixSeconds(since.0 - 1)))?;
            Ok((store.unread_by(version, *since, *until)?, total))
        }
        Wanted::These(ids) => {
            let mut pending = Vec::new();
            for id in ids {
                if store.reading(*id, version)?.is_none() {
                    pending.push(*id);
                }
            }
            Ok((pending, ids.len() as u64))
        }
    }
}

fn read_batch(
    store: &mut Store,
    reader: &dyn Read,
    ids: &[MessageId],
    calendar: &Calendar,
    version: &str,
) -> Result<(), Error> {
    let own: Vec<String> = store.own_addresses()?.into_iter().map(|(address, _)| address).collect();
    let headers = store.headers(&Scope { ids: Some(ids.to_vec()), ..Scope::default() })?;
    let mut spoken = Vec::with_capacity(headers.len());
    for header in &headers {
        let message = match store.raw(header.id) {
            Ok(raw) => mail::parse(&raw),
            // Damaged bytes must not stop the rest; there is nothing to read in them.
            Err(crate::store::Error::Damaged { .. }) => mail::Message::default(),
            Err(error) => return Err(error.into()),
        };
        spoken.push(Spoken::of(&message));
    }
    let lines: Vec<Vec<&str>> =
        spoken.iter().map(|one| one.lines.iter().map(String::as_str).collect()).collect();
    let readings: Vec<engine::Reading<'_>> = headers
        .iter()
        .zip(spoken.iter().zip(&lines))
        .map(|(header, (one, sentences))| engine::Reading {
            subject: &one.subject,
            sentences,
            without_response: header.facts.is_mailing(),
        })
        .collect();
    let judgements = reader.read(&readings)?;
    let mut rows = Vec::with_capacity(headers.len());
    let mut entry_rows = Vec::new();
    for ((header, one), judgement) in headers.iter().zip(&spoken).zip(&judgements) {
        let clock = clock_of(header, calendar);
        let due: Vec<Option<Deadline>> =
            one.lines.iter().map(|line| deadline_in(line, header.date, &clock)).collect();
        let reading = join(one, judgement, &due);
        let entries = extract(header, one, &reading, &due, &clock, &own);
        entry_rows.extend(entries.iter().enumerate().map(|(at, entry)| row(header.id, at, entry)));
        rows.push(reading_row(header.id, version, &reading));
    }
    store.put_readings(&rows, &entry_rows)?;
    Ok(())
}

/// "By five" is five on the writer's clock, in the user's working week. A clock at +00:00 says
/// nothing: many servers write all their dates so.
pub fn clock_of(header: &Header, calendar: &Calendar) -> Calendar {
    let mut clock = calendar.clone();
    if header.offset_minutes != 0 {
        clock.zone = Zone::fixed(header.offset_minutes);
    }
    clock
}

fn row(message: MessageId, at: usize, entry: &Entry) -> EntryRow {
    EntryRow {
        message,
        ordinal: at as u32,
        kind: entry.kind.as_str().to_owned(),
        data: serde_json::to_string(entry).unwrap_or_default(),
    }
}

fn reading_row(message: MessageId, version: &str, reading: &Reading) -> ReadingRow {
    ReadingRow {
        message,
        version: version.to_owned(),
        data: serde_json::to_string(reading).unwrap_or_default(),
    }
}

/// The embedded reader under the name of its weights.
pub struct Weighted<'a> {
    reader: &'a engine::Reader,
    weights: String,
}

impl<'a> Weighted<'a> {
    /// `weights` names what the reader runs on, so that other weights make stored readings stale: a
    /// model's name with its digest, say.
    pub fn new(reader: &'a engine::Reader, weights: impl Into<String>) -> Self {
        Self { reader, weights: weights.into() }
    }
}

impl Read for Weighted<'_> {
    fn version(&self) -> String {
        self.weights.clone()
    }

    fn read(&self, messages: &[engine::Reading<'_>]) -> Result<Vec<Judgement>, engine::Error> {
        self.reader.read(messages)
    }
}
