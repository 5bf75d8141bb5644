//! Which addresses are the user's own.

use rusqlite::params;

use super::error::Doing as _;
use super::{Error, Store};

/// How an own address became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The user named it.
    Told,
    /// It wrote the mail in the sent folders.
    Guessed,
}

impl Store {
    /// Adds addresses of the user. What was told outranks what was guessed.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn add_own_addresses(&mut self, addresses: &[String], origin: Origin) -> Result<(), Error> {
        let doing = "writing own addresses";
        let origin_text = match origin {
            Origin::Told => "told",
            Origin::Guessed => "guessed",
        };
        let transaction = self.connection.transaction().doing(doing)?;
        for address in addresses {
            transaction
                .execute(
                    "INSERT INTO own_addresses (address, origin) VALUES (?1, ?2)
                     ON CONFLICT (address) DO UPDATE SET origin = 'told' WHERE excluded.origin = 'told'",
                    params![address.trim().to_lowercase(), origin_text],
                )
                .doing(doing)?;
        }
        transaction.commit().doing(doing)
    }

    /// The user's own addresses, sorted, each with how it became known.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn own_addresses(&self) -> Result<Vec<(String, Origin)>, Error> {
        let doing = "reading own addresses";
        let mut statement = self
            .connection
            .prepare_cached("SELECT address, origin FROM own_addresses ORDER BY address")
            .doing(doing)?;
        statement
            .query_map([], |row| {
                let origin = match row.get_ref(1)?.as_str()? {
                    "told" => Origin::Told,
                    _ => Origin::Guessed,
                };
                Ok((row.get(0)?, origin))
            })
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// Authors of the messages in each of `folders`, most frequent first, with their counts.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn authors_in(&self, folders: &[String]) -> Result<Vec<(String, u64)>, Error> {
        if folders.is_empty() {
            return Ok(Vec::new());
        }
        let doing = "counting authors";
        let folders = serde_json::to_string(folders).unwrap_or_default();
        let mut statement = self
            .connection
            .prepare(
                // CROSS: the folders choose, else all messages are gone through in the order of authors.
                "SELECT m.from_address, count(DISTINCT m.id) FROM copies c
                 CROSS JOIN messages m ON m.id = c.message
                 WHERE c.folder IN (SELECT value FROM json_each(?1)) AND m.from_address <> ''
                 GROUP BY m.from_address ORDER BY 2 DESC, 1",
            )
            .doing(doing)?;
        statement
            .query_map([folders], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// All folder names, sorted.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn folders(&self) -> Result<Vec<String>, Error> {
        let doing = "reading folders";
        let mut statement = self
            .connection
            .prepare("SELECT DISTINCT folder FROM copies ORDER BY folder")
            .doing(doing)?;
        statement
            .query_map([], |row| row.get(0))
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }
}
