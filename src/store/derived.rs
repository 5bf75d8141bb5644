//! What other rooms derived from mail: kept beside it, stamped, and made anew when they say so.

use rusqlite::{OptionalExtension as _, params};

use super::error::Doing as _;
use super::{Error, Store};
use crate::mail::{MessageId, UnixSeconds};

/// What the reader saw in one message.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadingRow {
    /// The message.
    pub message: MessageId,
    /// What made it: model, code version.
    pub version: String,
    /// JSON of the room that made it.
    pub data: String,
}

/// What triage says of one message.
#[derive(Clone, Debug, PartialEq)]
pub struct VerdictRow {
    /// The message.
    pub message: MessageId,
    /// What made it.
    pub version: String,
    /// Tier, as in the contract.
    pub tier: String,
    /// Kind, as in the contract.
    pub kind: String,
    /// Whether a reply is expected.
    pub needs_reply: bool,
    /// When it is due.
    pub due: Option<UnixSeconds>,
    /// JSON of the whole verdict.
    pub data: String,
}

/// One ask, promise, deadline or decision.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryRow {
    /// The message it stands in.
    pub message: MessageId,
    /// Position within the message.
    pub ordinal: u32,
    /// `ask`, `promise`, `deadline` or `decision`.
    pub kind: String,
    /// JSON of the whole entry.
    pub data: String,
}

impl Store {
    /// The reading of a message if it was made by `version`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn reading(&self, message: MessageId, version: &str) -> Result<Option<String>, Error> {
        self.connection
            .prepare_cached("SELECT data FROM readings WHERE message = ?1 AND version = ?2")
            .and_then(|mut statement| {
                statement.query_row(params![message.0, version], |row| row.get(0)).optional()
            })
            .doing("reading a reading")
    }

    /// Stores readings and the entries of the same messages (replacing what was there), at once.
    ///
    /// # Errors
    /// The store cannot be written; then nothing is kept.
    pub fn put_readings(
        &mut self,
        readings: &[ReadingRow],
        entries: &[EntryRow],
    ) -> Result<(), Error> {
        let doing = "storing readings";
        let transaction = self.connection.transaction().doing(doing)?;
        for reading in readings {
            transaction
                .prepare_cached(
                    "INSERT INTO readings (message, version, data) VALUES (?1, ?2, ?3)
                     ON CONFLICT (message) DO UPDATE SET version = excluded.version, data = excluded.data",
                )
                .and_then(|mut statement| {
                    statement.execute(params![reading.message.0, reading.version, reading.data])
                })
                .doing(doing)?;
            transaction
                .prepare_cached("DELETE FROM entries WHERE message = ?1")
                .and_then(|mut statement| statement.execute([reading.message.0]))
                .doing(doing)?;
        }
        for entry in entries {
            transaction
                .prepare_cached(
                    "INSERT INTO entries (message, ordinal, kind, data) VALUES (?1, ?2, ?3, ?4)",
                )
                .and_then(|mut statement| {
                    statement.execute(params![
                        entry.message.0,
                        entry.ordinal,
                        entry.kind,
                        entry.data
                    ])
                })
                .doing(doing)?;
        }
        transaction.commit().doing(doing)
    }

    /// Messages in the time range without a reading by `version`, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn unread_by(
        &self,
        version: &str,
        since: UnixSeconds,
        until: UnixSeconds,
    ) -> Result<Vec<MessageId>, Error> {
        let doing = "looking for messages not yet read";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT m.id FROM messages m LEFT JOIN readings r
                 ON r.message = m.id AND r.version = ?1
                 WHERE r.message IS NULL AND m.sent_at BETWEEN ?2 AND ?3
                 ORDER BY m.sent_at DESC, m.id DESC",
            )
            .doing(doing)?;
        statement
            .query_map(params![version, since.0, until.0], |row| row.get(0).map(MessageId))
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// All entries of a kind (of every kind when empty), of messages sent within the time range,
    /// oldest message first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn entries(
        &self,
        kind: &str,
        since: UnixSeconds,
        until: UnixSeconds,
    ) -> Result<Vec<EntryRow>, Error> {
        let doing = "reading the ledger";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT e.message, e.ordinal, e.kind, e.data FROM entries e
                 JOIN messages m ON m.id = e.message
                 WHERE (?1 = '' OR e.kind = ?1) AND m.sent_at BETWEEN ?2 AND ?3
                 ORDER BY m.sent_at, e.message, e.ordinal",
            )
            .doing(doing)?;
        statement
            .query_map(params![kind, since.0, until.0], entry)
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// The entries of one message, in order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn entries_of(&self, message: MessageId) -> Result<Vec<EntryRow>, Error> {
        let doing = "reading the ledger";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT message, ordinal, kind, data FROM entries WHERE message = ?1
                 ORDER BY ordinal",
            )
            .doing(doing)?;
        statement.query_map([message.0], entry).doing(doing)?.collect::<Result<_, _>>().doing(doing)
    }

    /// The verdict on a message, whatever made it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn verdict(&self, message: MessageId) -> Result<Option<VerdictRow>, Error> {
        self.connection
            .prepare_cached(
                "SELECT message, version, tier, kind, needs_reply, due, data FROM verdicts
                 WHERE message = ?1",
            )
            .and_then(|mut statement| statement.query_row([message.0], verdict).optional())
            .doing("reading a verdict")
    }

    /// All verdicts on messages sent within the time range.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn verdicts(
        &self,
        since: UnixSeconds,
        until: UnixSeconds,
    ) -> Result<Vec<VerdictRow>, Error> {
        let doing = "reading verdicts";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT v.message, v.version, v.tier, v.kind, v.needs_reply, v.due, v.data
                 FROM verdicts v JOIN messages m ON m.id = v.message
                 WHERE m.sent_at BETWEEN ?1 AND ?2 ORDER BY m.sent_at, v.message",
            )
            .doing(doing)?;
        statement
            .query_map(params![since.0, until.0], verdict)
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// Stores verdicts, replacing earlier ones on the same messages.
    ///
    /// # Errors
    /// The store cannot be written; then nothing is kept.
    pub fn put_verdicts(&mut self, rows: &[VerdictRow]) -> Result<(), Error> {
        let doing = "storing verdicts";
        let transaction = self.connection.transaction().doing(doing)?;
        for row in rows {
            transaction
                .prepare_cached(
                    "INSERT INTO verdicts (message, version, tier, kind, needs_reply, due, data)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                     ON CONFLICT (message) DO UPDATE SET version = excluded.version,
                     tier = excluded.tier, kind = excluded.kind,
                     needs_reply = excluded.needs_reply, due = excluded.due, data = excluded.data",
                )
                .and_then(|mut statement| {
                    statement.execute(params![
                        row.message.0,
                        row.version,
                        row.tier,
                        row.kind,
                        row.needs_reply,
                        row.due.map_or(0, |due| due.0),
                        row.data
                    ])
                })
                .doing(doing)?;
        }
        transaction.commit().doing(doing)
    }

    /// Forgets everything derived; raw mail, letters and the journal stay.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn forget_derived(&mut self) -> Result<(), Error> {
        self.connection
            .execute_batch(
                "BEGIN; DELETE FROM entries; DELETE FROM verdicts; DELETE FROM readings;
                 DELETE FROM attached; COMMIT;",
            )
            .doing("forgetting what was derived")
    }
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<EntryRow> {
    Ok(EntryRow {
        message: MessageId(row.get(0)?),
        ordinal: row.get(1)?,
        kind: row.get(2)?,
        data: row.get(3)?,
    })
}

fn verdict(row: &rusqlite::Row<'_>) -> rusqlite::Result<VerdictRow> {
    let due: i64 = row.get(5)?;
    Ok(VerdictRow {
        message: MessageId(row.get(0)?),
        version: row.get(1)?,
        tier: row.get(2)?,
        kind: row.get(3)?,
        needs_reply: row.get(4)?,
        due: (due != 0).then_some(UnixSeconds(due)),
        data: row.get(6)?,
    })
}
