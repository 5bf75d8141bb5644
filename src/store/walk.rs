//! Which messages changed, by number alone: what walks over all mail loads it a few at a time.

use super::error::Doing as _;
use super::{Error, Store};
use crate::mail::MessageId;

impl Store {
    /// Messages changed after a generation, each with its own, in order of generation.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn changed_since(&self, generation: i64) -> Result<Vec<(MessageId, i64)>, Error> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT id, generation FROM messages WHERE generation > ?1 ORDER BY generation, id",
            )
            .doing("reading what changed")?;
        statement
            .query_map([generation], |row| Ok((MessageId(row.get(0)?), row.get(1)?)))
            .doing("reading what changed")?
            .collect::<Result<_, _>>()
            .doing("reading what changed")
    }

    /// How many messages there are, whenever they were sent: quicker than a look at their dates.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn all_count(&self) -> Result<u64, Error> {
        self.connection
            .prepare_cached("SELECT count(*) FROM messages")
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)))
            .map(|count| count as u64)
            .doing("counting messages")
    }

    /// All messages, the newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn newest_first(&self) -> Result<Vec<MessageId>, Error> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id FROM messages ORDER BY sent_at DESC, id DESC")
            .doing("reading ids")?;
        statement
            .query_map([], |row| row.get(0).map(MessageId))
            .doing("reading ids")?
            .collect::<Result<_, _>>()
            .doing("reading ids")
    }
}
