//! Attachments: read into the store, and found again.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::concept;
use super::error::Error;
use super::feed::{attached_pieces, documents, message_pieces};
use super::query::{Filter, Place, Query};
use super::snippet::{Marker, Snippet, TEXT_BYTES_MAX};
use crate::attach::{self, Extractor, File, Outcome, Reading};
use crate::mail;
use crate::store::{self, AttachedRow, AttachedState, Header, Scope, Store};

/// Messages whose attachments are read and kept together…
const CHUNK_MESSAGES: usize = 64;
/// …or as many as are this long: an interruption costs no more.
const CHUNK_BYTES: u64 = 32 << 20;
/// One message may hold thousands of attachments that each take as long as they may.
const MESSAGE_TIME_MAX: Duration = Duration::from_secs(20);
/// Text of attachments looked through for one answer.
const LOOKED_BYTES_MAX: usize = 4 << 20;

/// Reads the attachments that nobody read yet, newest mail first, and keeps what they say; the
/// messages count as changed, so that [`super::catch_up`] takes them in. Each of `extractors` works
/// beside the others. `progress` hears how many messages are done, of how many. Gives back how many
/// were done now.
///
/// # Errors
/// [`Error::Attachments`] when no extractor can work, [`Error::Documents`] when the store breaks
/// off; what was read before is kept.
pub fn read_attachments(
    store: &mut Store,
    extractors: &mut [Extractor],
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<u64, Error> {
    let waiting = store.unread_attachments(attach::VERSION).map_err(documents)?;
    let total = waiting.len() as u64;
    let mut done = 0;
    for ids in waiting.chunks(CHUNK_MESSAGES) {
        let headers = store
            .headers(&Scope { ids: Some(ids.to_vec()), newest_first: true, ..Scope::default() })
            .map_err(documents)?;
        let mut rest = headers.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |header: &&Header| {
                bytes += header.bytes;
                bytes <= CHUNK_BYTES
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let (some, more) = rest.split_at(count);
            rest = more;
            let rows = read_some(store, some, extractors)?;
            store.put_attached(attach::VERSION, &rows).map_err(documents)?;
            done += some.len() as u64;
            if progress(done, total).is_break() {
                return Ok(done);
            }
        }
    }
    Ok(done)
}

fn read_some(
    store: &Store,
    headers: &[Header],
    extractors: &mut [Extractor],
) -> Result<Vec<AttachedRow>, Error> {
    let mut jobs = Vec::with_capacity(headers.len());
    for header in headers {
        jobs.push((
            header,
            match store.raw(header.id) {
                Err(store::Error::Damaged { .. }) => None,
                raw => Some(raw.map_err(documents)?),
            },
        ));
    }
    let jobs = Mutex::new(jobs);
    let next = || jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
    let parts: Result<Vec<Vec<AttachedRow>>, attach::Error> = std::thread::scope(|scope| {
        let work = |extractor: &mut Extractor| {
            let mut rows = Vec::new();
            while let Some((header, raw)) = next() {
                rows.extend(read_message(header, raw.as_deref(), extractor)?);
            }
            Ok(rows)
        };
        let workers: Vec<_> =
            extractors.iter_mut().map(|extractor| scope.spawn(move || work(extractor))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    Ok(parts.map_err(|source| Error::Attachments { source })?.into_iter().flatten().collect())
}

/// One row for each attachment that the store knows of.
fn read_message(
    header: &Header,
    raw: Option<&[u8]>,
    extractor: &mut Extractor,
) -> Result<Vec<AttachedRow>, attach::Error> {
    let files = raw.map(mail::attachments).unwrap_or_default();
    let began = Instant::now();
    let mut rows = Vec::with_capacity(header.attachments.len());
    for attachment in &header.attachments {
        let found = files.iter().find(|(file, _)| file.part == attachment.part);
        let reading = match found {
            Some((file, bytes)) if began.elapsed() < MESSAGE_TIME_MAX => {
                extractor.read(&File { name: &file.name, mime_type: &file.mime_type, bytes })?
            }
            _ => Reading {
                kind: attach::kind::guess(&attachment.name, &attachment.mime_type),
                outcome: Outcome::Unreadable {
                    reason: match found {
                        Some(_) => "the others of this message took too long",
                        None => "its message is damaged",
                    }
                    .to_owned(),
                },
            },
        };
        let (state, reason, text, is_cut) = match reading.outcome {
            Outcome::Read { text, is_cut } => (AttachedState::Read, String::new(), text, is_cut),
            Outcome::Unreadable { reason } => {
                (AttachedState::Unreadable, reason, String::new(), false)
            }
            Outcome::Unknown => (AttachedState::Unknown, String::new(), String::new(), false),
        };
        let (message, part, kind) = (header.id, attachment.part, reading.kind.name());
        rows.push(AttachedRow { message, part, state, kind, reason, is_cut, text });
    }
    Ok(rows)
}

/// The attachment in which something stands that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedHit {
    /// Its name, or its type where it has none.
    pub name: String,
    /// Where in it, unless its name alone was found.
    pub snippet: Option<Snippet>,
}

/// Which attachment answers more of the question than the message itself, whose text and people are
/// in `message`; else the first that `filename:` names. `looked` counts the bytes looked through for
/// one answer.
///
/// # Errors
/// The store cannot be read.
pub fn attached_hit(
    store: &Store,
    header: &Header,
    query: &Query,
    marker: &Marker,
    message: &str,
    looked: &mut usize,
) -> Result<Option<AttachedHit>, Error> {
    if header.attachments.is_empty() {
        return Ok(None);
    }
    let language = (!header.language.is_empty()).then_some(header.language.as_str());
    let mut met = marker.met(message, language);
    met.extend(marker.met(&header.subject, language));
    for person in [&header.from].into_iter().chain(&header.people.to).chain(&header.people.cc) {
        met.extend(marker.met(&format!("{} {}", person.name, person.address), language));
    }
    if marker.are_all(&met) {
        return Ok(named(header, query));
    }
    let mut best: Option<(usize, AttachedHit)> = None;
    let rows = store.attached(header.id).map_err(documents)?;
    for file in &header.attachments {
        let said = rows.iter().find(|row| row.part == file.part);
        let (inside, snippet) = match said {
            Some(row) => look(marker, &row.text, language, looked),
            None => (BTreeSet::new(), None),
        };
        let by_name = marker.met(&file.name, language);
        let more = inside.union(&by_name).filter(|asked| !met.contains(asked)).count();
        if more > 0 && best.as_ref().is_none_or(|(most, _)| more > *most) {
            best = Some((more, AttachedHit { name: title(&file.name, &file.mime_type), snippet }));
        }
    }
    Ok(best.map(|(_, hit)| hit).or_else(|| named(header, query)))
}

/// The attachment that a hit's nearest piece is of, with that piece as the line to show; nothing when
/// the piece is the message's own. `message` is the message's text.
///
/// # Errors
/// [`Error::Documents`] when the store cannot be read.
pub fn attached_near(
    store: &Store,
    header: &Header,
    message: &str,
    piece: u16,
) -> Result<Option<AttachedHit>, Error> {
    let own = message_pieces(&header.subject, message).len();
    if header.attachments.is_empty() || usize::from(piece) < own {
        return Ok(None);
    }
    let rows = store.attached(header.id).map_err(documents)?;
    let found = attached_pieces(header, &rows).into_iter().nth(usize::from(piece) - own);
    let Some((at, piece)) = found else { return Ok(None) };
    let row = &rows[at];
    let Some(file) = header.attachments.iter().find(|file| file.part == row.part) else {
        return Ok(None);
    };
    let snippet = Marker::default().snippet(&row.text, None, Some(piece.span));
    Ok(Some(AttachedHit { name: title(&file.name, &file.mime_type), snippet: Some(snippet) }))
}

/// What of the question stands in a long text, and the place that holds most of it.
fn look(
    marker: &Marker,
    text: &str,
    language: Option<&str>,
    looked: &mut usize,
) -> (BTreeSet<usize>, Option<Snippet>) {
    let (mut all, mut best) = (BTreeSet::new(), (0, None));
    let mut rest = text;
    while !rest.is_empty() && !marker.are_all(&all) && *looked < LOOKED_BYTES_MAX {
        let (piece, more) = rest.split_at(rest.floor_char_boundary(TEXT_BYTES_MAX));
        *looked += piece.len();
        rest = more;
        let (here, snippet) = marker.look(piece, language);
        if here.len() > best.0 {
            best = (here.len(), Some(snippet));
        }
        all.extend(here);
    }
    (all, best.1)
}

/// The first attachment that `filename:` names.
fn named(header: &Header, query: &Query) -> Option<AttachedHit> {
    let mut asked: Vec<Vec<String>> = Vec::new();
    query.walk(&mut |query, negated| {
        if let Query::Filter(Filter::Holds { place: Place::Filename, text, .. }) = query
            && !negated
        {
            asked.push(concept::words_of(text.trim_end_matches('*')));
        }
    });
    let is_named = |name: &str| {
        let words = concept::words_of(name);
        asked.iter().any(|asked| {
            asked.iter().all(|one| words.iter().any(|word| word.contains(one.as_str())))
        })
    };
    let file = header.attachments.iter().find(|file| is_named(&file.name))?;
    Some(AttachedHit { name: title(&file.name, &file.mime_type), snippet: None })
}

fn title(name: &str, mime_type: &str) -> String {
    if name.is_empty() { mime_type.to_owned() } else { name.to_owned() }
}
