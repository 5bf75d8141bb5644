//! The journal: every change Postroom made, and how to take it back.

use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::changes::{Edited, UNDO_SECONDS_MAX};
use super::error::Doing as _;
use super::{Error, LetterId, LetterState, Store};
use crate::mail::{MessageId, UnixSeconds};

/// What undo needs to know of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// Mail came in.
    Import { source: i64, finished: bool },
    /// A letter was written.
    Draft { letter: LetterId },
    /// A letter was changed; its data before.
    Edit { letter: LetterId, before: String },
    /// A letter was approved.
    Approve { letter: LetterId },
    /// A letter was rejected.
    Reject { letter: LetterId },
    /// A letter went out: nothing takes that back.
    Send { letter: LetterId },
    /// Mail was flagged or moved.
    Mail { edits: Vec<Edited> },
    /// Triage was corrected.
    Teach { lesson: i64 },
    /// A correction was forgotten.
    Forget { lesson: i64 },
}

impl Action {
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A change of a letter, to be written into the journal by the room that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A letter was written.
    Draft(LetterId),
    /// A letter was changed; its data before the change.
    Edit(LetterId, String),
    /// A letter was approved.
    Approve(LetterId),
    /// A letter was rejected.
    Reject(LetterId),
    /// A letter went out.
    Send(LetterId),
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its number.
    pub n: i64,
    /// When.
    pub time: UnixSeconds,
    /// What, for a person.
    pub what: String,
    /// Messages concerned, at most 1,000.
    pub ids: Vec<MessageId>,
    /// When it was taken back.
    pub undone: Option<UnixSeconds>,
}

impl Store {
    /// Writes a change of a letter into the journal.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn record(
        &mut self,
        change: Change,
        ids: &[MessageId],
        now: UnixSeconds,
    ) -> Result<i64, Error> {
        let (what, action) = match change {
            Change::Draft(letter) => {
                (format!("letter {} written", letter.0), Action::Draft { letter })
            }
            Change::Edit(letter, before) => {
                (format!("letter {} changed", letter.0), Action::Edit { letter, before })
            }
            Change::Approve(letter) => {
                (format!("letter {} approved", letter.0), Action::Approve { letter })
            }
            Change::Reject(letter) => {
                (format!("letter {} rejected", letter.0), Action::Reject { letter })
            }
            Change::Send(letter) => (format!("letter {} sent", letter.0), Action::Send { letter }),
        };
        self.connection
            .execute(
                "INSERT INTO journal (time, what, action, ids) VALUES (?1, ?2, ?3, ?4)",
                params![
                    now.0,
                    what,
                    action.to_json(),
                    serde_json::to_string(ids).unwrap_or_default()
                ],
            )
            .doing("writing the journal")?;
        Ok(self.connection.last_insert_rowid())
    }

    /// The journal, newest first, at most `limit` entries.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn journal(&self, limit: usize) -> Result<Vec<JournalEntry>, Error> {
        let doing = "reading the journal";
        let mut statement = self
            .connection
            .prepare("SELECT n, time, what, ids, undone FROM journal ORDER BY n DESC LIMIT ?1")
            .doing(doing)?;
        statement
            .query_map([limit as i64], |row| {
                let undone: i64 = row.get(4)?;
                Ok(JournalEntry {
                    n: row.get(0)?,
                    time: UnixSeconds(row.get(1)?),
                    what: row.get(2)?,
                    ids: serde_json::from_str(row.get_ref(3)?.as_str()?).unwrap_or_default(),
                    undone: (undone != 0).then_some(UnixSeconds(undone)),
                })
            })
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// Takes back change `n`, or the newest that stands, and gives back its line.
    ///
    /// # Errors
    /// [`Error::Undo`] when there is none, or it cannot be taken back.
    pub fn undo(&mut self, n: Option<i64>, now: UnixSeconds) -> Result<JournalEntry, Error> {
        let doing = "undoing a change";
        let row: Option<(i64, String, i64)> = self
            .connection
            .query_row(
                "SELECT n, action, undone FROM journal
                 WHERE (?1 IS NULL AND undone = 0) OR n = ?1 ORDER BY n DESC LIMIT 1",
                [n],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()
            .doing(doing)?;
        let Some((n, action, undone)) = row else {
            return Err(Error::Undo { n: n.unwrap_or(0), why: "there is no such change".into() });
        };
        if undone != 0 {
            return Err(Error::Undo { n, why: "it was taken back before".into() });
        }
        let action: Action = serde_json::from_str(&action).map_err(|source| Error::Json {
            what: "the journal",
            id: n,
            source,
        })?;
        self.take_back(n, &action, now)?;
        self.connection
            .execute("UPDATE journal SET undone = ?2 WHERE n = ?1", params![n, now.0])
            .doing(doing)?;
        let mut entries = self.journal(usize::MAX >> 1)?;
        entries.retain(|entry| entry.n == n);
        entries.pop().ok_or_else(|| Error::Undo { n, why: "there is no such change".into() })
    }

    fn take_back(&mut self, n: i64, action: &Action, now: UnixSeconds) -> Result<(), Error> {
        match action {
            Action::Import { .. } => self.take_back_import(n),
            Action::Draft { letter } => self.reject_letter(*letter),
            Action::Edit { letter, before } => self.edit_letter(*letter, before),
            Action::Approve { letter } => {
                let row = self.letter(*letter)?;
                match row.state {
                    LetterState::Approved => self.edit_letter(*letter, &row.data),
                    // A later change took the approval with it: nothing is left to take back.
                    LetterState::Draft | LetterState::Rejected => Ok(()),
                    LetterState::Sending | LetterState::Sent | LetterState::Unknown => {
                        let why = format!(
                            "letter {} ({}) may have left already",
                            letter.0,
                            row.state.name()
                        );
                        Err(Error::Undo { n, why })
                    }
                }
            }
            Action::Reject { letter } => {
                let data = self.letter(*letter)?.data;
                self.edit_letter(*letter, &data)
            }
            Action::Mail { edits } => {
                let time: i64 = self
                    .connection
                    .query_row("SELECT time FROM journal WHERE n = ?1", [n], |row| row.get(0))
                    .doing("undoing a change")?;
                if now.0 - time > UNDO_SECONDS_MAX {
                    return Err(Error::Undo { n, why: "it was made more than 30 days ago".into() });
                }
                self.take_back_mail(edits)
            }
            Action::Send { .. } => {
                Err(Error::Undo { n, why: "what was sent cannot be called back".into() })
            }
            Action::Teach { lesson } => self.set_lesson(*lesson, Some(now)),
            Action::Forget { lesson } => self.set_lesson(*lesson, None),
        }
    }

    /// Removes the places an import added, and the messages no other place holds.
    fn take_back_import(&mut self, n: i64) -> Result<(), Error> {
        let doing = "undoing an import";
        let transaction = self.connection.transaction().doing(doing)?;
        transaction
            .execute_batch("CREATE TEMP TABLE touched (message INTEGER PRIMARY KEY);")
            .doing(doing)?;
        for sql in [
            // What came from an account lies on its server still: the next sync brings it again.
            "UPDATE remote_messages SET state = 'known', bytes = 0, gone = 0
             WHERE folder || '/' || uidvalidity || '/' || uid IN
                   (SELECT c.key FROM copies c JOIN remote_folders f ON f.source = c.source
                    WHERE c.journal = ?1)",
            "UPDATE remote_folders SET messages = -1 WHERE source IN
                   (SELECT source FROM copies WHERE journal = ?1)",
            "INSERT INTO touched SELECT DISTINCT message FROM copies WHERE journal = ?1",
            "DELETE FROM copies WHERE journal = ?1",
        ] {
            transaction.execute(sql, [n]).doing(doing)?;
        }
        transaction
            .execute_batch(
                "DELETE FROM messages WHERE id IN (SELECT message FROM touched)
                   AND NOT EXISTS (SELECT 1 FROM copies c WHERE c.message = messages.id);
                 UPDATE messages SET generation =
                     1 + (SELECT CAST(value AS INTEGER) FROM marks WHERE name = 'generation')
                   WHERE id IN (SELECT message FROM touched);
                 UPDATE marks SET value = CAST(1 + CAST(value AS INTEGER) AS TEXT)
                   WHERE name = 'generation';
                 DELETE FROM blobs WHERE id NOT IN (SELECT blob FROM messages)
                   AND id NOT IN (SELECT blob FROM copies);
                 DROP TABLE touched;",
            )
            .doing(doing)?;
        transaction.commit().doing(doing)
    }
}
