//! What the user taught triage.

use rusqlite::{OptionalExtension as _, params};

use super::error::Doing as _;
use super::journal::Action;
use super::{Error, Store};
use crate::mail::{MessageId, UnixSeconds};

/// One correction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonRow {
    /// Its number.
    pub n: i64,
    /// The message it was said of.
    pub message: MessageId,
    /// When.
    pub time: UnixSeconds,
    /// JSON of the room that made it.
    pub data: String,
}

impl Store {
    /// Keeps a correction and writes it into the journal as `what`; gives back its number.
    ///
    /// # Errors
    /// The store cannot be written; then nothing is kept.
    pub fn add_lesson(
        &mut self,
        message: MessageId,
        data: &str,
        what: &str,
        now: UnixSeconds,
    ) -> Result<i64, Error> {
        let doing = "keeping a correction";
        let transaction = self.connection.transaction().doing(doing)?;
        transaction
            .execute(
                "INSERT INTO lessons (message, time, data) VALUES (?1, ?2, ?3)",
                params![message.0, now.0, data],
            )
            .doing(doing)?;
        let lesson = transaction.last_insert_rowid();
        journal(&transaction, what, &Action::Teach { lesson }, message, now)?;
        transaction.commit().doing(doing)?;
        Ok(lesson)
    }

    /// Forgets correction `n` and writes that into the journal; gives back whether it stood.
    ///
    /// # Errors
    /// The store cannot be written; then nothing is changed.
    pub fn forget_lesson(&mut self, n: i64, now: UnixSeconds) -> Result<bool, Error> {
        let doing = "forgetting a correction";
        let transaction = self.connection.transaction().doing(doing)?;
        let message: Option<i64> = transaction
            .query_row("SELECT message FROM lessons WHERE n = ?1 AND forgotten = 0", [n], |row| {
                row.get(0)
            })
            .optional()
            .doing(doing)?;
        let Some(message) = message else { return Ok(false) };
        transaction
            .execute("UPDATE lessons SET forgotten = ?2 WHERE n = ?1", params![n, now.0.max(1)])
            .doing(doing)?;
        let what = format!("correction {n} forgotten");
        journal(&transaction, &what, &Action::Forget { lesson: n }, MessageId(message), now)?;
        transaction.commit().doing(doing)?;
        Ok(true)
    }

    /// The corrections that stand, said at or before `until`, in the order they were said.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn lessons(&self, until: UnixSeconds) -> Result<Vec<LessonRow>, Error> {
        let doing = "reading corrections";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT n, message, time, data FROM lessons
                 WHERE forgotten = 0 AND time <= ?1 ORDER BY time, n",
            )
            .doing(doing)?;
        statement
            .query_map([until.0], |row| {
                Ok(LessonRow {
                    n: row.get(0)?,
                    message: MessageId(row.get(1)?),
                    time: UnixSeconds(row.get(2)?),
                    data: row.get(3)?,
                })
            })
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// Sets whether a correction stands, without a line in the journal: what undo needs.
    pub(super) fn set_lesson(&self, n: i64, forgotten: Option<UnixSeconds>) -> Result<(), Error> {
        self.connection
            .execute(
                "UPDATE lessons SET forgotten = ?2 WHERE n = ?1",
                params![n, forgotten.map_or(0, |at| at.0.max(1))],
            )
            .map(drop)
            .doing("taking a correction back")
    }
}

fn journal(
    transaction: &rusqlite::Transaction<'_>,
    what: &str,
    action: &Action,
    message: MessageId,
    now: UnixSeconds,
) -> Result<(), Error> {
    transaction
        .execute(
            "INSERT INTO journal (time, what, action, ids) VALUES (?1, ?2, ?3, ?4)",
            params![
                now.0,
                what,
                action.to_json(),
                serde_json::to_string(&[message]).unwrap_or_default()
            ],
        )
        .map(drop)
        .doing("writing the journal")
}
