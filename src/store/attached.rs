//! What attachments say: read once by whoever can, kept beside the mail they came with.

use rusqlite::{Row, TransactionBehavior, params};

use super::error::Doing as _;
use super::messages::{store_generation, stored_generation};
use super::{Error, Store, pack, unpack};
use crate::mail::MessageId;

/// What came of reading an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachedState {
    /// Its text is here.
    Read,
    /// It should have one, and cannot be read.
    Unreadable,
    /// It is of a type that is not read.
    Unknown,
}

impl AttachedState {
    fn name(self) -> &'static str {
        match self {
            AttachedState::Read => "read",
            AttachedState::Unreadable => "unreadable",
            AttachedState::Unknown => "unknown",
        }
    }

    fn of(name: &str) -> Self {
        match name {
            "read" => AttachedState::Read,
            "unreadable" => AttachedState::Unreadable,
            _ => AttachedState::Unknown,
        }
    }
}

/// One attachment that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedRow {
    /// The message it came with.
    pub message: MessageId,
    /// [`crate::mail::Attachment::part`].
    pub part: u32,
    /// What came of it.
    pub state: AttachedState,
    /// What it is, in the words of the room that read it.
    pub kind: String,
    /// Why it cannot be read; else empty.
    pub reason: String,
    /// There was more text than is kept.
    pub is_cut: bool,
    /// Its text.
    pub text: String,
}

/// How many attachments were looked at, and how many messages wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttachedTotals {
    /// Attachments whose text is here.
    pub read: u64,
    /// Attachments that cannot be read.
    pub unreadable: u64,
    /// Attachments of types that are not read.
    pub unknown: u64,
    /// Messages whose attachments nobody looked at yet.
    pub messages_waiting: u64,
}

const WAITING: &str = "FROM messages m WHERE m.attachments <> '[]' AND NOT EXISTS
    (SELECT 1 FROM attached a WHERE a.message = m.id AND a.version = ?1)";

impl Store {
    /// Messages with attachments that `version` has not looked at, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn unread_attachments(&self, version: &str) -> Result<Vec<MessageId>, Error> {
        let doing = "looking for attachments not yet read";
        self.connection
            .prepare_cached(&format!("SELECT m.id {WAITING} ORDER BY m.sent_at DESC, m.id DESC"))
            .doing(doing)?
            .query_map([version], |row| row.get(0).map(MessageId))
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// Stores what `version` says of all attachments of some messages, in place of what was said
    /// before, at once. Messages whose attachments say something count as changed: the index takes
    /// them in anew.
    ///
    /// # Errors
    /// The store cannot be written; then nothing is kept.
    pub fn put_attached(&mut self, version: &str, rows: &[AttachedRow]) -> Result<(), Error> {
        let doing = "storing what attachments say";
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .doing(doing)?;
        let mut generation = stored_generation(&transaction)?;
        for same in rows.chunk_by(|a, b| a.message == b.message) {
            let message = same[0].message;
            let had: bool = transaction
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM attached WHERE message = ?1)")
                .and_then(|mut statement| statement.query_row([message.0], |row| row.get(0)))
                .doing(doing)?;
            transaction
                .prepare_cached("DELETE FROM attached WHERE message = ?1")
                .and_then(|mut statement| statement.execute([message.0]))
                .doing(doing)?;
            for row in same {
                let data = if row.text.is_empty() { Vec::new() } else { pack(row.text.as_bytes()) };
                transaction
                    .prepare_cached(
                        "INSERT INTO attached
                         (message, part, version, state, kind, reason, is_cut, bytes, data)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    )
                    .and_then(|mut statement| {
                        statement.execute(params![
                            message.0,
                            row.part,
                            version,
                            row.state.name(),
                            row.kind,
                            row.reason,
                            row.is_cut,
                            row.text.len() as i64,
                            data
                        ])
                    })
                    .doing(doing)?;
            }
            if had || same.iter().any(|row| row.state != AttachedState::Unknown) {
                generation += 1;
                transaction
                    .prepare_cached("UPDATE messages SET generation = ?2 WHERE id = ?1")
                    .and_then(|mut statement| statement.execute([message.0, generation]))
                    .doing(doing)?;
            }
        }
        store_generation(&transaction, generation)?;
        transaction.commit().doing(doing)
    }

    /// What is known of a message's attachments, in their order; nothing before they were looked
    /// at. What an earlier version read counts until it is read anew.
    ///
    /// # Errors
    /// The store cannot be read, or a text is damaged.
    pub fn attached(&self, message: MessageId) -> Result<Vec<AttachedRow>, Error> {
        let doing = "reading what attachments say";
        self.connection
            .prepare_cached(
                "SELECT message, part, state, kind, reason, is_cut, bytes, data FROM attached
                 WHERE message = ?1 ORDER BY part",
            )
            .doing(doing)?
            .query_map([message.0], row_of)
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// How many attachments `version` looked at, and what came of them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn attached_totals(&self, version: &str) -> Result<AttachedTotals, Error> {
        let doing = "counting attachments";
        let mut totals = AttachedTotals::default();
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT state, count(*) FROM attached WHERE version = ?1 GROUP BY state",
            )
            .doing(doing)?;
        let mut rows = statement.query([version]).doing(doing)?;
        while let Some(row) = rows.next().doing(doing)? {
            let state: String = row.get(0).doing(doing)?;
            let count = row.get::<_, i64>(1).doing(doing)? as u64;
            match AttachedState::of(&state) {
                AttachedState::Read => totals.read = count,
                AttachedState::Unreadable => totals.unreadable = count,
                AttachedState::Unknown => totals.unknown = count,
            }
        }
        totals.messages_waiting = self
            .connection
            .prepare_cached(&format!("SELECT count(*) {WAITING}"))
            .and_then(|mut statement| statement.query_row([version], |row| row.get::<_, i64>(0)))
            .doing(doing)? as u64;
        Ok(totals)
    }
}

fn row_of(row: &Row<'_>) -> rusqlite::Result<AttachedRow> {
    let bytes = row.get::<_, i64>(6)? as u64;
    // A damaged text is as good as none: it can be read anew.
    let text = unpack(row.get_ref(7)?.as_blob()?, bytes).unwrap_or_default();
    Ok(AttachedRow {
        message: MessageId(row.get(0)?),
        part: row.get(1)?,
        state: AttachedState::of(&row.get::<_, String>(2)?),
        kind: row.get(3)?,
        reason: row.get(4)?,
        is_cut: row.get(5)?,
        text: String::from_utf8(text).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{dated, mail, store, take};

    fn row(message: i64, part: u32, state: AttachedState, text: &str) -> AttachedRow {
        AttachedRow {
            message: MessageId(message),
            part,
            state,
            kind: "pdf".to_owned(),
            reason: String::new(),
            is_cut: false,
            text: text.to_owned(),
        }
    }

    fn with_two() -> (tempfile::TempDir, Store) {
        let (dir, mut store) = store();
        let head = "Subject: One\nContent-Type: multipart/mixed; boundary=b";
        let body = "--b\n\ntext\n--b\nContent-Type: application/pdf; name=a.pdf\n\nx\n--b--\n";
        take(
            &mut store,
            "a",
            &[&mail(&dated(0, head), body), &mail(&dated(1, "Subject: Two"), "2")],
        );
        (dir, store)
    }

    #[test]
    fn messages_with_attachments_wait_until_they_were_looked_at() {
        let (_dir, mut store) = with_two();
        assert_eq!(store.unread_attachments("1").expect("read"), [MessageId(1)]);
        let before = store.generation().expect("read");
        store.put_attached("1", &[row(1, 1, AttachedState::Read, "a text")]).expect("kept");
        assert!(store.unread_attachments("1").expect("read").is_empty());
        assert_eq!(store.unread_attachments("2").expect("read"), [MessageId(1)]);
        assert_eq!(store.attached(MessageId(1)).expect("read")[0].text, "a text");
        assert!(store.generation().expect("read") > before, "the index must take it in");
        assert_eq!(store.header(MessageId(1)).expect("read").generation, before + 1);
        let totals = store.attached_totals("1").expect("read");
        assert_eq!(totals, AttachedTotals { read: 1, ..AttachedTotals::default() });
        assert_eq!(store.attached_totals("2").expect("read").messages_waiting, 1);
        store.put_attached("2", &[row(1, 1, AttachedState::Read, "better")]).expect("kept");
        assert_eq!(store.attached(MessageId(1)).expect("read")[0].text, "better");
    }

    #[test]
    fn pictures_change_nothing() {
        let (_dir, mut store) = with_two();
        let before = store.generation().expect("read");
        store.put_attached("1", &[row(1, 1, AttachedState::Unknown, "")]).expect("kept");
        assert_eq!(store.generation().expect("read"), before);
        assert_eq!(store.attached_totals("1").expect("read").unknown, 1);
    }
}
