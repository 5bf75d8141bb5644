//! Letters: what the user may send. Every change of state is one guarded statement, so that no
//! two processes can both take the same step.

use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::error::Doing as _;
use sha2::{Digest as _, Sha256};

use super::{Error, LetterFile, Store};
use crate::mail::{MessageId, UnixSeconds};

/// A letter's number, never used again.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct LetterId(pub i64);

/// Where a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LetterState {
    /// Written, not approved.
    Draft,
    /// A person said yes to these very bytes.
    Approved,
    /// Being handed to a server.
    Sending,
    /// A server took it.
    Sent,
    /// The connection broke after the text went out: it may or may not have arrived.
    Unknown,
    /// A person or the server said no.
    Rejected,
}

impl LetterState {
    /// As in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Rejected => "rejected",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "approved" => Self::Approved,
            "sending" => Self::Sending,
            "sent" => Self::Sent,
            "unknown" => Self::Unknown,
            "rejected" => Self::Rejected,
            _ => Self::Draft,
        }
    }
}

/// A letter as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterRow {
    /// Its number.
    pub id: LetterId,
    /// Where it stands.
    pub state: LetterState,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
    /// When it was written.
    pub created: UnixSeconds,
    /// When it was approved.
    pub approved: Option<UnixSeconds>,
    /// When a server took it.
    pub sent: Option<UnixSeconds>,
    /// SHA-256 of envelope and bytes as approved, 64 hex digits; empty before.
    pub digest: String,
    /// What the server said last.
    pub server_reply: String,
    /// JSON of the letter.
    pub data: String,
    /// The exact bytes approved; empty before.
    pub bytes: Vec<u8>,
    /// Times its server asked to try later.
    pub tries: u32,
    /// Not to be tried again unasked before.
    pub later: UnixSeconds,
    /// Whether it was sent and is to be put among the sent mail still.
    pub to_file: bool,
}

const COLUMNS: &str =
    "id, state, in_reply_to, created, approved, sent, digest, server_reply, data, bytes, tries,
    later, filed";

impl Store {
    /// Stores a new draft.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn add_letter(
        &mut self,
        data: &str,
        in_reply_to: Option<MessageId>,
        now: UnixSeconds,
    ) -> Result<LetterId, Error> {
        self.connection
            .execute(
                "INSERT INTO letters (state, in_reply_to, created, data) VALUES ('draft', ?1, ?2, ?3)",
                params![in_reply_to.map_or(0, |id| id.0), now.0, data],
            )
            .doing("storing a letter")?;
        Ok(LetterId(self.connection.last_insert_rowid()))
    }

    /// Keeps a file for letters to carry; the same bytes once.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn add_letter_file(
        &mut self,
        name: &str,
        mime_type: &str,
        bytes: &[u8],
    ) -> Result<LetterFile, Error> {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        self.connection
            .execute(
                "INSERT OR IGNORE INTO letter_files (digest, bytes, data) VALUES (?1, ?2, ?3)",
                params![&digest[..], bytes.len() as i64, super::pack(bytes)],
            )
            .doing("keeping a letter's file")?;
        let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let (name, mime_type) = (name.to_owned(), mime_type.to_owned());
        Ok(LetterFile { name, mime_type, bytes: bytes.len() as u64, digest })
    }

    /// The bytes of a file that a letter carries.
    ///
    /// # Errors
    /// [`Error::LetterFile`] when they are not there or not what they were.
    pub fn letter_file(&self, file: &LetterFile) -> Result<Vec<u8>, Error> {
        let lost = || Error::LetterFile { name: file.name.clone() };
        let digits: Vec<u8> = file
            .digest
            .as_bytes()
            .chunks_exact(2)
            .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let row: Option<(i64, Vec<u8>)> = self
            .connection
            .query_row("SELECT bytes, data FROM letter_files WHERE digest = ?1", [&digits], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .doing("reading a letter's file")?;
        let (bytes, data) = row.ok_or_else(lost)?;
        let bytes = super::unpack(&data, bytes as u64).ok_or_else(lost)?;
        (Sha256::digest(&bytes)[..] == digits[..]).then_some(bytes).ok_or_else(lost)
    }

    /// Its server asked to try later: not again unasked before `later`.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn put_off_letter(&mut self, id: LetterId, later: UnixSeconds) -> Result<(), Error> {
        self.connection
            .execute(
                "UPDATE letters SET tries = tries + 1, later = ?2 WHERE id = ?1",
                params![id.0, later.0],
            )
            .doing("putting a letter off")?;
        Ok(())
    }

    /// The sent letter lies among the sent mail, or need not.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn file_letter(&mut self, id: LetterId) -> Result<(), Error> {
        self.connection
            .execute("UPDATE letters SET filed = 1 WHERE id = ?1", [id.0])
            .doing("writing down where a letter lies")?;
        Ok(())
    }

    /// One letter.
    ///
    /// # Errors
    /// [`Error::NoLetter`] when there is none.
    pub fn letter(&self, id: LetterId) -> Result<LetterRow, Error> {
        self.connection
            .query_row(&format!("SELECT {COLUMNS} FROM letters WHERE id = ?1"), [id.0], letter)
            .optional()
            .doing("reading a letter")?
            .ok_or(Error::NoLetter { letter: id.0 })
    }

    /// All letters, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn letters(&self) -> Result<Vec<LetterRow>, Error> {
        let doing = "reading letters";
        let mut statement = self
            .connection
            .prepare(&format!("SELECT {COLUMNS} FROM letters ORDER BY id"))
            .doing(doing)?;
        statement.query_map([], letter).doing(doing)?.collect::<Result<_, _>>().doing(doing)
    }

    /// Replaces a letter's text. Whatever was approved is void: the letter is a draft again.
    ///
    /// # Errors
    /// [`Error::LetterState`] when it is neither draft, approved nor rejected.
    pub fn edit_letter(&mut self, id: LetterId, data: &str) -> Result<(), Error> {
        self.step(
            id,
            "UPDATE letters SET state = 'draft', approved = 0, digest = '', bytes = x'', data = ?2,
                 tries = 0, later = 0
             WHERE id = ?1 AND state IN ('draft', 'approved', 'rejected')",
            params![id.0, data],
            "it cannot be changed any more",
        )
    }

    /// Writes down a person's yes to `bytes`, which were made from `data`.
    ///
    /// # Errors
    /// [`Error::LetterState`] when it is no draft, or its data is not that any more.
    pub fn approve_letter(
        &mut self,
        id: LetterId,
        data: &str,
        digest: &str,
        bytes: &[u8],
        now: UnixSeconds,
    ) -> Result<(), Error> {
        self.step(
            id,
            "UPDATE letters SET state = 'approved', approved = ?2, digest = ?3, bytes = ?4
             WHERE id = ?1 AND state = 'draft' AND data = ?5",
            params![id.0, now.0, digest, bytes, data],
            "only a draft can be approved, and only as it was shown",
        )
    }

    /// Writes down a no.
    ///
    /// # Errors
    /// [`Error::LetterState`] when it is neither draft nor approved.
    pub fn reject_letter(&mut self, id: LetterId) -> Result<(), Error> {
        self.step(
            id,
            "UPDATE letters SET state = 'rejected', approved = 0, digest = '', bytes = x''
             WHERE id = ?1 AND state IN ('draft', 'approved')",
            params![id.0],
            "only a draft or an approved letter can be rejected",
        )
    }

    /// Takes an approved letter for sending; of two processes, one gets it.
    ///
    /// # Errors
    /// [`Error::LetterState`] when it is not approved.
    pub fn begin_sending(&mut self, id: LetterId) -> Result<(), Error> {
        self.step(
            id,
            "UPDATE letters SET state = 'sending', server_reply = '' WHERE id = ?1 AND state = 'approved'",
            params![id.0],
            "only an approved letter can be sent",
        )
    }

    /// Writes down, on disk before this returns, that the letter's text is about to go out: from
    /// here on a crash leaves it `unknown`.
    ///
    /// # Errors
    /// [`Error::LetterState`] when it is not being sent.
    pub fn begin_data(&mut self, id: LetterId) -> Result<(), Error> {
        self.step(
            id,
            "UPDATE letters SET state = 'unknown' WHERE id = ?1 AND state = 'sending'",
            params![id.0],
            "it is not being sent",
        )
    }

    /// Writes down how sending ended: `Sent`, `Rejected`, or back to `Approved` when nothing
    /// went out.
    ///
    /// # Errors
    /// [`Error::LetterState`] when it was neither being sent nor unknown.
    pub fn end_sending(
        &mut self,
        id: LetterId,
        state: LetterState,
        server_reply: &str,
        now: UnixSeconds,
    ) -> Result<(), Error> {
        let sent = if state == LetterState::Sent { now.0 } else { 0 };
        self.step(
            id,
            "UPDATE letters SET state = ?2, server_reply = ?3, sent = ?4,
                 filed = CASE ?2 WHEN 'sent' THEN 0 ELSE filed END
             WHERE id = ?1 AND state IN ('sending', 'unknown')",
            params![id.0, state.name(), server_reply, sent],
            "it is not being sent",
        )
    }

    fn step(
        &mut self,
        id: LetterId,
        sql: &'static str,
        values: &[&dyn rusqlite::ToSql],
        refused: &'static str,
    ) -> Result<(), Error> {
        let changed = self.connection.execute(sql, values).doing("changing a letter")?;
        if changed == 1 {
            return Ok(());
        }
        let state = self.letter(id)?.state.name().to_owned();
        Err(Error::LetterState { letter: id.0, state, refused })
    }
}

fn letter(row: &rusqlite::Row<'_>) -> rusqlite::Result<LetterRow> {
    let time = |at: usize| -> rusqlite::Result<Option<UnixSeconds>> {
        let seconds: i64 = row.get(at)?;
        Ok((seconds != 0).then_some(UnixSeconds(seconds)))
    };
    let in_reply_to: i64 = row.get(2)?;
    Ok(LetterRow {
        id: LetterId(row.get(0)?),
        state: LetterState::from_name(row.get_ref(1)?.as_str()?),
        in_reply_to: (in_reply_to != 0).then_some(MessageId(in_reply_to)),
        created: UnixSeconds(row.get(3)?),
        approved: time(4)?,
        sent: time(5)?,
        digest: row.get(6)?,
        server_reply: row.get(7)?,
        data: row.get(8)?,
        bytes: row.get(9)?,
        tries: row.get(10)?,
        later: UnixSeconds(row.get(11)?),
        to_file: row.get::<_, i64>(12)? == 0,
    })
}
