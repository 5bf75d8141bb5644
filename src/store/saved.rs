//! Queries kept under a name.

use rusqlite::OptionalExtension as _;

use super::error::Doing as _;
use super::{Error, Store};

impl Store {
    /// Keeps `query` as `name`, in place of what was kept so before.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn save_query(&mut self, name: &str, query: &str) -> Result<(), Error> {
        self.connection
            .execute(
                "INSERT INTO saved (name, query) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET query = excluded.query",
                [name, query],
            )
            .map(drop)
            .doing("keeping a query")
    }

    /// Forgets the query kept as `name`; gives back whether there was one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn remove_query(&mut self, name: &str) -> Result<bool, Error> {
        self.connection
            .execute("DELETE FROM saved WHERE name = ?1", [name])
            .map(|count| count > 0)
            .doing("forgetting a query")
    }

    /// The query kept as `name`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn saved_query(&self, name: &str) -> Result<Option<String>, Error> {
        self.connection
            .query_row("SELECT query FROM saved WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .doing("reading a kept query")
    }

    /// All names with their queries, sorted by name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn saved_queries(&self) -> Result<Vec<(String, String)>, Error> {
        let doing = "reading kept queries";
        self.connection
            .prepare("SELECT name, query FROM saved ORDER BY name")
            .doing(doing)?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }
}
