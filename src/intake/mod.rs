//! How does mail come in?
//!
//! [`import`] reads existing mail (Maildir, mbox, one-message files) into the store: reading and
//! parsing run on all processors while one thread writes, batch by batch, so that an interrupted
//! import loses at most its last batch and is taken up by running it again. [`imap`] makes the store
//! equal to an account's server, and tells the server what the user changed; [`plan`] says what that
//! means for each place a message lies in. Nothing is indexed or judged here (the caller hears of every batch
//! of an import, and may), and only [`imap`] opens a connection.

mod change;
pub mod imap;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use rayon::prelude::*;

use crate::mail::source::{self, Flag, Format, ItemError, RawMail, Role};
use crate::mail::{MessageId, UnixSeconds, Words};
use crate::store::{self, Acceptor, Incoming, Origin, Outcome, Store};

pub use change::{Wish, folder_for, plan};

/// Messages of one transaction: about 20 commits a second at full speed.
const BATCH_MESSAGES: usize = 400;
/// Raw bytes of one transaction; a batch ends when it passes this.
const BATCH_BYTES: usize = 16 << 20;
/// Batches parsed ahead of the writer.
const BATCHES_AHEAD: usize = 1;
/// Unreadable items named in a summary; the rest are counted.
pub const PROBLEMS_MAX: usize = 20;

/// What can go wrong while mail comes in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The source cannot be opened.
    #[error("importing")]
    Source(#[from] source::Error),
    /// The store refused.
    #[error("importing {path}")]
    Store {
        /// The source.
        path: PathBuf,
        /// The cause.
        source: store::Error,
    },
}

/// What came of one source: `seen = added + known + unreadable`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Items found.
    pub seen: u64,
    /// Messages that were new.
    pub added: u64,
    /// Messages that were here already.
    pub known: u64,
    /// Items that are no mail or could not be read.
    pub unreadable: u64,
    /// Those of them the system would not let us read.
    pub refused: u64,
    /// The first [`PROBLEMS_MAX`] of those, in words.
    pub problems: Vec<String>,
    /// Whether the caller broke it off.
    pub interrupted: bool,
}

/// What a batch brought, for those who index it while the next one is read.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The store with the batch in it.
    pub store: &'a Store,
    /// The words of what is new.
    pub words: HashMap<MessageId, Words>,
    /// Items of this source done so far.
    pub seen: u64,
}

/// Reads the mail at `path` into the store. `after` hears of every batch stored, and may break off:
/// what was reported is kept.
///
/// # Errors
/// The source cannot be opened at all, or the store cannot be written. A single item that cannot
/// be read is no error: it is counted and named in the summary.
pub fn import(
    store: &mut Store,
    path: &Path,
    format: Format,
    now: UnixSeconds,
    after: &mut dyn FnMut(Batch<'_>) -> ControlFlow<()>,
) -> Result<Summary, Error> {
    let source = source::open(path, format)?;
    let location = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let location = location.display().to_string();
    let failed = |source| Error::Store { path: path.to_path_buf(), source };
    let mut acceptor = store.accept_from(&location, now).map_err(failed)?;
    let known = acceptor.places().map_err(failed)?;
    let mut summary = Summary::default();
    std::thread::scope(|scope| -> Result<(), Error> {
        let (sender, batches) = mpsc::sync_channel(BATCHES_AHEAD);
        scope.spawn(move || read_ahead(source, &known, &sender));
        for batch in batches {
            let words = take(&mut acceptor, batch, &mut summary).map_err(failed)?;
            let batch = Batch { store: acceptor.store(), words, seen: summary.seen };
            if after(batch).is_break() {
                summary.interrupted = true;
                return Ok(());
            }
        }
        Ok(())
    })?;
    if !summary.interrupted {
        acceptor.finish(&location).map_err(failed)?;
    }
    Ok(summary)
}

/// Guesses the user's own addresses from the sent folders, when none are known: every author of
/// at least a tenth of that mail. Gives back what it added.
///
/// # Errors
/// The store cannot be read or written.
pub fn guess_own_addresses(store: &mut Store) -> Result<Vec<String>, store::Error> {
    if !store.own_addresses()?.is_empty() {
        return Ok(Vec::new());
    }
    let guessed = authors_of_sent(store)?;
    store.add_own_addresses(&guessed, Origin::Guessed)?;
    Ok(guessed)
}

/// Authors of at least a tenth of the mail in the sent folders who are not known to be the user:
/// other addresses of theirs, most likely.
///
/// # Errors
/// The store cannot be read.
pub fn strangers_in_sent(store: &Store) -> Result<Vec<String>, store::Error> {
    let own = store.own_addresses()?;
    let mut authors = authors_of_sent(store)?;
    authors.retain(|author| !own.iter().any(|(own, _)| own == author));
    Ok(authors)
}

/// Authors of at least a tenth of the mail in the sent folders, the busiest first.
fn authors_of_sent(store: &Store) -> Result<Vec<String>, store::Error> {
    let sent: Vec<String> =
        store.folders()?.into_iter().filter(|folder| source::role(folder) == Role::Sent).collect();
    let authors = store.authors_in(&sent)?;
    let all: u64 = authors.iter().map(|(_, count)| count).sum();
    let busy = authors.into_iter().filter(|(_, count)| count * 10 >= all);
    Ok(busy.map(|(address, _)| address).take(5).collect())
}

/// Parsed items on their way to the writer, in the source's order.
struct Parsed {
    incoming: Vec<Incoming>,
    /// Places known before whose flags changed: key and flags.
    reflagged: Vec<(String, String)>,
    /// Places known before, nothing new.
    unchanged: u64,
    problems: Vec<ItemError>,
}

fn read_ahead(
    source: impl Iterator<Item = Result<RawMail, ItemError>>,
    known: &HashMap<String, String>,
    sender: &mpsc::SyncSender<Parsed>,
) {
    let mut source = source.peekable();
    while source.peek().is_some() {
        let mut fresh = Vec::new();
        let mut batch = Parsed {
            incoming: Vec::new(),
            reflagged: Vec::new(),
            unchanged: 0,
            problems: Vec::new(),
        };
        let mut bytes = 0;
        let mut count = 0;
        while bytes < BATCH_BYTES && count < BATCH_MESSAGES {
            let Some(item) = source.next() else { break };
            count += 1;
            match item {
                Err(problem) => batch.problems.push(problem),
                Ok(mail) => {
                    let flags = letters(&mail.flags);
                    match known.get(&mail.key) {
                        Some(stored) if *stored == flags => batch.unchanged += 1,
                        Some(_) => batch.reflagged.push((mail.key, flags)),
                        None => {
                            bytes += mail.bytes.len();
                            fresh.push((mail, flags));
                        }
                    }
                }
            }
        }
        batch.incoming = fresh
            .into_par_iter()
            .map(|(mail, flags)| {
                let is_of_mbox = mail.arrived.is_some();
                let incoming = Incoming::new(mail.folder, mail.key, flags, &mail.bytes);
                let incoming = incoming.arrived(mail.arrived);
                if is_of_mbox { incoming } else { incoming.without_labels() }
            })
            .collect();
        if sender.send(batch).is_err() {
            return; // The writer broke off.
        }
    }
}

fn take(
    acceptor: &mut Acceptor<'_>,
    batch: Parsed,
    summary: &mut Summary,
) -> Result<HashMap<MessageId, Words>, store::Error> {
    let mut words = HashMap::new();
    let outcomes = acceptor.accept(&batch.incoming)?;
    for (outcome, incoming) in outcomes.into_iter().zip(batch.incoming) {
        match outcome {
            Outcome::Added(id) => {
                summary.added += 1;
                words.insert(id, incoming.into_words());
            }
            Outcome::Known(_) | Outcome::Seen(_) => summary.known += 1,
        }
    }
    if !batch.reflagged.is_empty() {
        acceptor.update_flags(&batch.reflagged)?;
    }
    summary.known += batch.unchanged + batch.reflagged.len() as u64;
    summary.unreadable += batch.problems.len() as u64;
    summary.seen = summary.added + summary.known + summary.unreadable;
    for problem in &batch.problems {
        summary.refused += u64::from(matches!(problem, ItemError::Read { .. }));
        if summary.problems.len() < PROBLEMS_MAX {
            let cause = std::error::Error::source(problem)
                .map_or(String::new(), |cause| format!(": {cause}"));
            summary.problems.push(format!("{problem}{cause}"));
        }
    }
    Ok(words)
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Maildir's letters, sorted.
fn letters(flags: &[Flag]) -> String {
    let mut letters: Vec<char> = flags
        .iter()
        .map(|flag| match flag {
            Flag::Draft => 'D',
            Flag::Flagged => 'F',
            Flag::Forwarded => 'P',
            Flag::Answered => 'R',
            Flag::Seen => 'S',
            Flag::Deleted => 'T',
        })
        .collect();
    letters.sort_unstable();
    letters.dedup();
    letters.into_iter().collect()
}
