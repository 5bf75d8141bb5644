//! Taking mail in: every message once, however many folders hold it.

use std::collections::HashMap;

use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};
use sha2::{Digest as _, Sha256};

use super::changes::hear_flags;
use super::error::Doing as _;
use super::journal::Action;
use super::messages::{store_generation, stored_generation};
use super::{Error, People, Store, pack};
use crate::mail::{self, Message, MessageId, Moment, UnixSeconds, Words};

/// A thread joined by subject spans at most this time between two of its neighbours.
const SUBJECT_THREAD_SECONDS_MAX: i64 = 30 * 86_400;
/// Candidates looked at when a thread is sought by subject.
const SUBJECT_CANDIDATES_MAX: usize = 50;
/// Ancestors kept of one message: the first and the newest.
const REFERENCES_MAX: usize = 40;

/// A message ready to be stored: everything costly is already done.
#[derive(Debug)]
pub struct Incoming {
    /// Stable name within its source.
    pub key: String,
    /// The folder it lies in.
    pub folder: String,
    /// What it is marked with: [`mail::Marks`] as text.
    pub flags: String,
    message: Message,
    words: Words,
    language: &'static str,
    digest: [u8; 32],
    content_key: [u8; 32],
    hour_key: [u8; 32],
    packed: Vec<u8>,
    bytes: u64,
}

impl Incoming {
    /// Parses, hashes and packs `raw`; pure work, to be done on any thread.
    pub fn new(folder: String, key: String, flags: String, raw: &[u8]) -> Self {
        let message = mail::parse(raw);
        let digest: [u8; 32] = Sha256::digest(raw).into();
        let hashed = |identity: Option<String>| -> [u8; 32] {
            match identity {
                Some(identity) => Sha256::digest(identity.as_bytes()).into(),
                None => digest,
            }
        };
        let content_key = hashed(mail::identity(&message));
        let hour_key = hashed(mail::identity_any_hour(&message));
        let words = mail::words(&message.text);
        let language = mail::language(&words.own).unwrap_or("");
        Self {
            key,
            folder,
            flags,
            message,
            words,
            language,
            digest,
            content_key,
            hour_key,
            packed: pack(raw),
            bytes: raw.len() as u64,
        }
    }

    /// Dates a message that has no date of its own by when its source says it came. What tells it
    /// from others stays as it is: the same mail may lie elsewhere without such a date.
    #[must_use]
    pub fn arrived(mut self, at: Option<Moment>) -> Self {
        self.message.date = self.message.date.or(at);
        self
    }

    /// Its source marks mail in its own way: labels in the message's header are anybody's word.
    #[must_use]
    pub fn without_labels(mut self) -> Self {
        self.message.headers.gmail_labels.clear();
        self
    }

    /// Length of its raw bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The message's words, so that nobody parses it again.
    pub fn into_words(self) -> Words {
        self.words
    }
}

/// What became of one incoming message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Added(MessageId),
    /// The message was here; this place of it is new.
    Known(MessageId),
    /// This very place was here; at most its flags changed.
    Seen(MessageId),
}

/// Takes messages of one source into the store, one journal entry for all of them.
#[derive(Debug)]
pub struct Acceptor<'store> {
    pub(super) store: &'store mut Store,
    pub(super) source: i64,
    pub(super) journal: i64,
}

impl Store {
    /// Begins to take in mail from `location`. An interrupted run of the same source is taken up:
    /// its journal entry goes on being used.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn accept_from(&mut self, location: &str, now: UnixSeconds) -> Result<Acceptor<'_>, Error> {
        let doing = "beginning an import";
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .doing(doing)?;
        transaction
            .execute("INSERT OR IGNORE INTO sources (location) VALUES (?1)", [location])
            .doing(doing)?;
        let source: i64 = transaction
            .query_row("SELECT id FROM sources WHERE location = ?1", [location], |row| row.get(0))
            .doing(doing)?;
        let action = Action::Import { source, finished: false }.to_json();
        let open: Option<i64> = transaction
            .query_row("SELECT n FROM journal WHERE action = ?1 AND undone = 0", [&action], |row| {
                row.get(0)
            })
            .optional()
            .doing(doing)?;
        let journal = if let Some(n) = open {
            n
        } else {
            transaction
                .execute(
                    "INSERT INTO journal (time, what, action) VALUES (?1, ?2, ?3)",
                    params![now.0, format!("import from {location}, interrupted"), action],
                )
                .doing(doing)?;
            transaction.last_insert_rowid()
        };
        transaction.commit().doing(doing)?;
        Ok(Acceptor { store: self, source, journal })
    }
}

impl Acceptor<'_> {
    /// The store, with all that was accepted.
    pub fn store(&self) -> &Store {
        self.store
    }

    /// The places known of this source: key and Maildir letters, as the source last had them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn places(&self) -> Result<HashMap<String, String>, Error> {
        let doing = "looking for known mail";
        let mut statement = self
            .store
            .connection
            .prepare_cached(
                "SELECT c.key, coalesce(u.flags, c.flags) FROM copies c
                 LEFT JOIN unpushed u ON u.source = c.source AND u.key = c.key
                 WHERE c.source = ?1",
            )
            .doing(doing)?;
        statement
            .query_map([self.source], |row| Ok((row.get(0)?, row.get(1)?)))
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// Writes down new flags of places already known.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn update_flags(&mut self, places: &[(String, String)]) -> Result<(), Error> {
        let doing = "updating flags";
        let transaction = begin(self.store, doing)?;
        let mut generation = stored_generation(&transaction)?;
        for (key, flags) in places {
            generation += 1;
            hear_flags(&transaction, self.source, key, flags, generation)?;
        }
        store_generation(&transaction, generation)?;
        transaction.commit().doing(doing)
    }

    /// Stores a batch in one transaction, in order: after a crash either all of it is there or
    /// nothing, and repeating it gives the same ids.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of the batch is kept.
    pub fn accept(&mut self, batch: &[Incoming]) -> Result<Vec<Outcome>, Error> {
        let doing = "storing messages";
        let (source, journal) = (self.source, self.journal);
        let transaction = begin(self.store, doing)?;
        let mut generation = stored_generation(&transaction)?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for incoming in batch {
            let mut placing =
                Placing { transaction: &transaction, source, journal, generation: &mut generation };
            outcomes.push(placing.place(incoming)?);
        }
        store_generation(&transaction, generation)?;
        transaction.commit().doing(doing)?;
        Ok(outcomes)
    }

    /// Ends the import: its journal entry now says what came of it. An import that brought nothing
    /// leaves no entry.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn finish(self, location: &str) -> Result<u64, Error> {
        let doing = "ending an import";
        let count: i64 = self
            .store
            .connection
            .query_row("SELECT count(*) FROM copies WHERE journal = ?1", [self.journal], |row| {
                row.get(0)
            })
            .doing(doing)?;
        if count == 0 {
            self.store
                .connection
                .execute("DELETE FROM journal WHERE n = ?1", [self.journal])
                .doing(doing)?;
        } else {
            let action = Action::Import { source: self.source, finished: true }.to_json();
            self.store
                .connection
                .execute(
                    "UPDATE journal SET what = ?2, action = ?3, ids =
                        (SELECT json_group_array(message) FROM
                            (SELECT DISTINCT message FROM copies WHERE journal = ?1
                             ORDER BY message LIMIT 1000))
                     WHERE n = ?1",
                    params![self.journal, format!("import of {count} from {location}"), action],
                )
                .doing(doing)?;
        }
        Ok(count as u64)
    }
}

pub(super) fn begin<'a>(
    store: &'a mut Store,
    doing: &'static str,
) -> Result<Transaction<'a>, Error> {
    store.connection.transaction_with_behavior(TransactionBehavior::Immediate).doing(doing)
}

/// One batch being stored.
pub(super) struct Placing<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) source: i64,
    pub(super) journal: i64,
    pub(super) generation: &'a mut i64,
}

impl Placing<'_> {
    pub(super) fn place(&mut self, incoming: &Incoming) -> Result<Outcome, Error> {
        if let Some(id) = self.copy_at(&incoming.key)? {
            return Ok(Outcome::Seen(id));
        }
        let Some((id, same_content)) = self.known(incoming)? else {
            let id = self.insert(incoming)?;
            self.insert_copy(incoming, id, 0)?;
            return Ok(Outcome::Added(id));
        };
        // The same Message-ID with other content (a list's footer, say): its bytes are kept too.
        let blob = if same_content { 0 } else { self.blob(incoming)? };
        self.insert_copy(incoming, id, blob)?;
        *self.generation += 1;
        self.transaction
            .prepare_cached("UPDATE messages SET generation = ?2 WHERE id = ?1")
            .and_then(|mut statement| statement.execute(params![id.0, *self.generation]))
            .doing("storing a copy")?;
        Ok(Outcome::Known(id))
    }

    fn copy_at(&self, key: &str) -> Result<Option<MessageId>, Error> {
        self.transaction
            .prepare_cached("SELECT message FROM copies WHERE source = ?1 AND key = ?2")
            .and_then(|mut statement| {
                statement
                    .query_row(params![self.source, key], |row| row.get(0).map(MessageId))
                    .optional()
            })
            .doing("looking for a known copy")
    }

    /// The stored message this one is, and whether their contents are the same. A Message-ID alone
    /// does not decide: senders reuse them, so author and time must agree as well.
    fn known(&self, incoming: &Incoming) -> Result<Option<(MessageId, bool)>, Error> {
        let doing = "looking for a known message";
        let same: Option<i64> = self
            .transaction
            .prepare_cached("SELECT id FROM messages WHERE content_key = ?1 ORDER BY id LIMIT 1")
            .and_then(|mut statement| {
                statement.query_row([&incoming.content_key[..]], |row| row.get(0)).optional()
            })
            .doing(doing)?;
        if let Some(id) = same {
            return Ok(Some((MessageId(id), true)));
        }
        let Some(date) = incoming.message.date else { return Ok(None) };
        if let Some(id) = self.known_at_another_hour(incoming, date.at)? {
            return Ok(Some((id, true)));
        }
        let Some(rfc_id) = &incoming.message.rfc_id else { return Ok(None) };
        let from = incoming.message.from.first().map_or("", |person| person.address.as_str());
        self.transaction
            .prepare_cached(
                "SELECT id FROM messages WHERE rfc_id = ?1 AND rfc_id <> ''
                 AND sent_at = ?2 AND from_address = ?3 ORDER BY id LIMIT 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![rfc_id, date.at.0, from], |row| {
                        Ok((MessageId(row.get(0)?), false))
                    })
                    .optional()
            })
            .doing(doing)
    }

    /// Old archives hold one message twice, its time read in two zones. A copy in another folder
    /// counts, or two among sent mail; elsewhere two in one folder are two messages: an hourly
    /// notice is alike every hour, and lies in one folder.
    fn known_at_another_hour(
        &self,
        incoming: &Incoming,
        at: UnixSeconds,
    ) -> Result<Option<MessageId>, Error> {
        let sent = mail::source::role(&incoming.folder) == mail::source::Role::Sent;
        self.transaction
            .prepare_cached(
                "SELECT m.id FROM messages m WHERE m.hour_key = ?1
                 AND abs(m.sent_at - ?2) < 86400
                 AND (?4 OR NOT EXISTS (SELECT 1 FROM copies c
                                        WHERE c.message = m.id AND c.folder = ?3))
                 ORDER BY m.id LIMIT 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(
                        params![&incoming.hour_key[..], at.0, incoming.folder, sent],
                        |row| row.get(0).map(MessageId),
                    )
                    .optional()
            })
            .doing("looking for a known message")
    }

    fn blob(&self, incoming: &Incoming) -> Result<i64, Error> {
        let doing = "storing a raw message";
        let there: Option<i64> = self
            .transaction
            .prepare_cached("SELECT id FROM blobs WHERE digest = ?1")
            .and_then(|mut statement| {
                statement.query_row([&incoming.digest[..]], |row| row.get(0)).optional()
            })
            .doing(doing)?;
        if let Some(id) = there {
            return Ok(id);
        }
        self.transaction
            .prepare_cached("INSERT INTO blobs (digest, bytes, data) VALUES (?1, ?2, ?3)")
            .and_then(|mut statement| {
                statement.insert(params![
                    &incoming.digest[..],
                    incoming.bytes as i64,
                    incoming.packed
                ])
            })
            .doing(doing)
    }

    fn insert(&mut self, incoming: &Incoming) -> Result<MessageId, Error> {
        let doing = "storing a message";
        let message = &incoming.message;
        let blob = self.blob(incoming)?;
        let (subject_key, replies) = mail::base_subject(&message.subject);
        let from = message.from.first().cloned().unwrap_or_default();
        let threads = self.threads_of(incoming, &subject_key, replies)?;
        *self.generation += 1;
        let id = self
            .transaction
            .prepare_cached(
                "INSERT INTO messages (thread, blob, rfc_id, content_key, hour_key, sent_at,
                 offset_minutes,
                 from_name, from_address, people, subject, subject_key, replies, bytes,
                 attachments, facts, language, warnings, generation)
                 VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)",
            )
            .and_then(|mut statement| {
                statement.insert(params![
                    threads.first().copied().unwrap_or(0),
                    blob,
                    message.rfc_id.as_deref().unwrap_or(""),
                    &incoming.content_key[..],
                    &incoming.hour_key[..],
                    message.date.map_or(0, |date| date.at.0),
                    message.date.map_or(0, |date| i64::from(date.offset_minutes)),
                    from.name,
                    from.address,
                    to_json(&people(message)),
                    message.subject,
                    subject_key,
                    replies,
                    incoming.bytes as i64,
                    to_json(&message.attachments),
                    to_json(&message.headers),
                    incoming.language,
                    to_json(&message.problems),
                    *self.generation,
                ])
            })
            .doing(doing)?;
        self.join_threads(id, &threads)?;
        self.insert_refs(id, message)?;
        Ok(MessageId(id))
    }

    /// A new message opens a thread or joins the oldest of those it belongs to, and brings the
    /// others along.
    fn join_threads(&mut self, id: i64, threads: &[i64]) -> Result<(), Error> {
        let doing = "joining threads";
        let Some((oldest, others)) = threads.split_first() else {
            self.transaction
                .prepare_cached("UPDATE messages SET thread = id WHERE id = ?1")
                .and_then(|mut statement| statement.execute([id]))
                .doing(doing)?;
            return Ok(());
        };
        for other in others {
            *self.generation += 1;
            self.transaction
                .prepare_cached(
                    "UPDATE messages SET thread = ?1, generation = ?3 WHERE thread = ?2",
                )
                .and_then(|mut statement| {
                    statement.execute(params![oldest, other, *self.generation])
                })
                .doing(doing)?;
        }
        Ok(())
    }

    fn insert_refs(&self, id: i64, message: &Message) -> Result<(), Error> {
        for rfc_id in ancestors(message) {
            self.transaction
                .prepare_cached("INSERT OR IGNORE INTO refs (message, rfc_id) VALUES (?1, ?2)")
                .and_then(|mut statement| statement.execute(params![id, rfc_id]))
                .doing("storing references")?;
        }
        Ok(())
    }

    fn insert_copy(&self, incoming: &Incoming, id: MessageId, blob: i64) -> Result<(), Error> {
        self.transaction
            .prepare_cached(
                "INSERT INTO copies (source, key, message, folder, flags, blob, journal)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    self.source,
                    incoming.key,
                    id.0,
                    incoming.folder,
                    incoming.flags,
                    blob,
                    self.journal
                ])
            })
            .doing("storing a copy")?;
        Ok(())
    }

    /// Threads this message belongs to, oldest first: through an ancestor it names, through a
    /// message that names it, or through a common ancestor that is not here; without any
    /// references, through its subject.
    fn threads_of(
        &self,
        incoming: &Incoming,
        subject_key: &str,
        replies: bool,
    ) -> Result<Vec<i64>, Error> {
        let doing = "looking for the thread";
        let ancestors = ancestors(&incoming.message);
        let mut found = std::collections::BTreeSet::new();
        let mut collect = |sql: &str, rfc_id: &str| -> Result<(), Error> {
            let mut statement = self.transaction.prepare_cached(sql).doing(doing)?;
            let mut rows = statement.query([rfc_id]).doing(doing)?;
            while let Some(row) = rows.next().doing(doing)? {
                found.insert(row.get::<_, i64>(0).doing(doing)?);
            }
            Ok(())
        };
        for rfc_id in ancestors.iter().copied().chain(incoming.message.rfc_id.as_deref()) {
            collect(
                "SELECT DISTINCT thread FROM messages WHERE rfc_id = ?1 AND rfc_id <> ''",
                rfc_id,
            )?;
            collect(
                "SELECT DISTINCT m.thread FROM refs r JOIN messages m ON m.id = r.message
                 WHERE r.rfc_id = ?1",
                rfc_id,
            )?;
        }
        if found.is_empty() && ancestors.is_empty() {
            found.extend(self.thread_by_subject(&incoming.message, subject_key, replies)?);
        }
        Ok(found.into_iter().collect())
    }

    fn thread_by_subject(
        &self,
        message: &Message,
        subject_key: &str,
        replies: bool,
    ) -> Result<Option<i64>, Error> {
        let doing = "looking for the thread by subject";
        let Some(date) = message.date else { return Ok(None) };
        if subject_key.is_empty() {
            return Ok(None);
        }
        let mut statement = self
            .transaction
            .prepare_cached(
                "SELECT thread, replies, from_address, people FROM messages
                 WHERE subject_key = ?1 AND subject_key <> '' AND sent_at BETWEEN ?2 AND ?3
                 ORDER BY abs(sent_at - ?4), id LIMIT ?5",
            )
            .doing(doing)?;
        let at = date.at.0;
        let mut rows = statement
            .query(params![
                subject_key,
                at.saturating_sub(SUBJECT_THREAD_SECONDS_MAX),
                at.saturating_add(SUBJECT_THREAD_SECONDS_MAX),
                at,
                SUBJECT_CANDIDATES_MAX as i64
            ])
            .doing(doing)?;
        let mine = people(message);
        let author = message.from.first().map_or("", |person| person.address.as_str());
        while let Some(row) = rows.next().doing(doing)? {
            let theirs: People =
                serde_json::from_str(row.get_ref(3).doing(doing)?.as_str().unwrap_or("{}"))
                    .unwrap_or_default();
            let their_author = row.get::<_, String>(2).doing(doing)?;
            let one_replies = replies || row.get::<_, bool>(1).doing(doing)?;
            if one_replies && converse(author, &mine, &their_author, &theirs) {
                return Ok(Some(row.get(0).doing(doing)?));
            }
        }
        Ok(None)
    }
}

/// Whether one wrote to the other, or both wrote to the same people.
fn converse(author: &str, mine: &People, their_author: &str, theirs: &People) -> bool {
    let writes_to = |people: &People, address: &str| {
        !address.is_empty()
            && people.to.iter().chain(&people.cc).any(|person| person.address == address)
    };
    author == their_author && !author.is_empty()
        || writes_to(mine, their_author)
        || writes_to(theirs, author)
}

fn people(message: &Message) -> People {
    People {
        sender: message.sender.clone(),
        reply_to: message.reply_to.clone(),
        to: message.to.clone(),
        cc: message.cc.clone(),
        bcc: message.bcc.clone(),
    }
}

/// The Message-IDs a message names as its ancestors, oldest first, bounded.
fn ancestors(message: &Message) -> Vec<&str> {
    let mut all: Vec<&str> = Vec::new();
    for rfc_id in message.references.iter().chain(&message.in_reply_to) {
        if !rfc_id.is_empty() && !all.contains(&rfc_id.as_str()) && all.len() < 1_000 {
            all.push(rfc_id);
        }
    }
    if all.len() > REFERENCES_MAX {
        let newest = all.split_off(all.len() - (REFERENCES_MAX - 1));
        all.truncate(1);
        all.extend(newest);
    }
    all
}

fn to_json<T: serde::Serialize>(value: &T) -> String {
    // Plain structs of strings and numbers: serialising them cannot go wrong.
    serde_json::to_string(value).unwrap_or_default()
}
