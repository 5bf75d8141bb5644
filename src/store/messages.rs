//! Reading messages back.

use rusqlite::{OptionalExtension as _, Row, params_from_iter, types::Value};
use serde::{Deserialize, Serialize};

use super::error::Doing as _;
use super::{Error, Store, unpack};
use crate::mail::source::{self, Role};
use crate::mail::{Attachment, HeaderFacts, Marks, MessageId, Person, ThreadId, UnixSeconds};

/// Everyone a message names besides its author.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct People {
    /// `Sender`, when it differs from `From`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<Person>,
    /// `Reply-To`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reply_to: Vec<Person>,
    /// `To`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Person>,
    /// `Cc`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Person>,
    /// `Bcc`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Person>,
}

/// What is known of a message without unpacking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its number here.
    pub id: MessageId,
    /// Its thread.
    pub thread: ThreadId,
    /// `Message-ID` without brackets, empty when it has none.
    pub rfc_id: String,
    /// When it was sent; 0 when no date could be read.
    pub date: UnixSeconds,
    /// The sender's clock, minutes east of UTC.
    pub offset_minutes: i16,
    /// The author.
    pub from: Person,
    /// Everyone else.
    pub people: People,
    /// The subject.
    pub subject: String,
    /// The subject without reply marks, folded: equal for a thread's messages.
    pub subject_key: String,
    /// Length of the raw message.
    pub bytes: u64,
    /// What is attached.
    pub attachments: Vec<Attachment>,
    /// What the header says.
    pub facts: HeaderFacts,
    /// ISO 639-1, empty when unsure.
    pub language: String,
    /// What could not be read.
    pub warnings: Vec<String>,
    /// Rises with every change.
    pub generation: i64,
    /// Whether the user wrote it: it is from an address of theirs, and not found to be forged.
    pub own: bool,
    /// The folders that hold it, sorted.
    pub folders: Vec<String>,
    /// Maildir letters of all its copies, sorted.
    pub flags: String,
    /// The labels of all its copies, and those its own header names, sorted.
    pub labels: Vec<String>,
}

impl Header {
    /// Whether any copy was read (`S`).
    pub fn is_read(&self) -> bool {
        self.flags.contains('S') || self.facts.read
    }
}

/// Which messages to read, and in which order. The default is all of them, oldest id first.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Only these.
    pub ids: Option<Vec<MessageId>>,
    /// Only this thread.
    pub thread: Option<ThreadId>,
    /// Only from this address (lower case).
    pub from: Option<String>,
    /// Sent at or after.
    pub since: Option<UnixSeconds>,
    /// Sent at or before.
    pub until: Option<UnixSeconds>,
    /// Changed after this generation; then ordered by generation.
    pub after_generation: Option<i64>,
    /// Newest first instead of by id.
    pub newest_first: bool,
    /// At most this many.
    pub limit: Option<usize>,
}

const COLUMNS: &str = "m.id, m.thread, m.rfc_id, m.sent_at, m.offset_minutes, m.from_name,
    m.from_address, m.people, m.subject, m.subject_key, m.bytes, m.attachments, m.facts,
    m.language, m.warnings, m.generation,
    EXISTS (SELECT 1 FROM own_addresses o WHERE o.address = m.from_address),
    (SELECT json_group_array(DISTINCT c.folder) FROM copies c WHERE c.message = m.id),
    (SELECT group_concat(c.flags, char(10)) FROM copies c WHERE c.message = m.id)";
/// SQLite takes no more than 32,766 variables in one statement.
const IDS_PER_QUERY: usize = 30_000;

impl Store {
    /// Calls `each` with every message in `scope`, one at a time. It stops at the first `Err`.
    ///
    /// # Errors
    /// The store cannot be read, or what `each` gave back.
    pub fn each_header<E: From<Error>>(
        &self,
        scope: &Scope,
        mut each: impl FnMut(Header) -> Result<(), E>,
    ) -> Result<(), E> {
        let parts: Vec<Option<&[MessageId]>> = match &scope.ids {
            None => vec![None],
            Some(ids) => ids.chunks(IDS_PER_QUERY).map(Some).collect(),
        };
        for ids in parts {
            let (sql, values) = select(scope, ids);
            let mut statement = self.connection.prepare_cached(&sql).doing("reading messages")?;
            let mut rows = statement.query(params_from_iter(values)).doing("reading messages")?;
            while let Some(row) = rows.next().doing("reading messages")? {
                each(header(row)?)?;
            }
        }
        Ok(())
    }

    /// The messages in `scope`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn headers(&self, scope: &Scope) -> Result<Vec<Header>, Error> {
        let mut all = Vec::new();
        self.each_header(scope, |header| {
            all.push(header);
            Ok::<(), Error>(())
        })?;
        Ok(all)
    }

    /// One message.
    ///
    /// # Errors
    /// [`Error::NoMessage`] when there is none.
    pub fn header(&self, id: MessageId) -> Result<Header, Error> {
        let scope = Scope { ids: Some(vec![id]), ..Scope::default() };
        self.headers(&scope)?.pop().ok_or(Error::NoMessage { id })
    }

    /// A thread's messages, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn thread(&self, thread: ThreadId) -> Result<Vec<Header>, Error> {
        let mut headers = self.headers(&Scope { thread: Some(thread), ..Scope::default() })?;
        headers.sort_by_key(|header| (header.date, header.id));
        Ok(headers)
    }

    /// The message with this `Message-ID` (without brackets); the oldest if several claim it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn by_rfc_id(&self, rfc_id: &str) -> Result<Option<MessageId>, Error> {
        self.connection
            .query_row(
                "SELECT min(id) FROM messages WHERE rfc_id = ?1 AND rfc_id <> ''",
                [rfc_id],
                |row| row.get::<_, Option<i64>>(0),
            )
            .map(|id| id.map(MessageId))
            .doing("looking up a Message-ID")
    }

    /// The raw bytes of a message.
    ///
    /// # Errors
    /// [`Error::NoMessage`], or [`Error::Damaged`] when the stored bytes do not unpack.
    pub fn raw(&self, id: MessageId) -> Result<Vec<u8>, Error> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT b.bytes, b.data FROM messages m JOIN blobs b ON b.id = m.blob WHERE m.id = ?1",
            )
            .doing("reading a raw message")?;
        statement
            .query_row([id.0], |row| {
                let packed = row.get_ref(1)?.as_blob()?;
                Ok(unpack(packed, row.get::<_, i64>(0)? as u64))
            })
            .optional()
            .doing("reading a raw message")?
            .ok_or(Error::NoMessage { id })?
            .ok_or(Error::Damaged { id })
    }

    /// How many messages there are, sent at or before `until`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn messages_count(&self, until: Option<UnixSeconds>) -> Result<u64, Error> {
        self.connection
            .query_row(
                "SELECT count(*) FROM messages WHERE sent_at <= ?1",
                [until.map_or(i64::MAX, |at| at.0)],
                |row| row.get::<_, i64>(0),
            )
            .map(|count| count as u64)
            .doing("counting messages")
    }

    /// The id given last; 0 for an empty store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn newest_id(&self) -> Result<MessageId, Error> {
        self.connection
            .query_row("SELECT coalesce(max(id), 0) FROM messages", [], |row| row.get(0))
            .map(MessageId)
            .doing("reading the newest id")
    }

    /// The newest generation: 0 for an empty store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn generation(&self) -> Result<i64, Error> {
        stored_generation(&self.connection)
    }

    /// All ids, ascending.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn ids(&self) -> Result<Vec<MessageId>, Error> {
        let mut statement =
            self.connection.prepare("SELECT id FROM messages ORDER BY id").doing("reading ids")?;
        statement
            .query_map([], |row| row.get(0).map(MessageId))
            .doing("reading ids")?
            .collect::<Result<_, _>>()
            .doing("reading ids")
    }
}

/// The newest generation given out. It is kept apart from the messages: were the newest of them
/// removed, its number must not be given again, or derived data would miss the change.
pub(super) fn stored_generation(connection: &rusqlite::Connection) -> Result<i64, Error> {
    connection
        .prepare_cached("SELECT CAST(value AS INTEGER) FROM marks WHERE name = 'generation'")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
        .map(|generation| generation.unwrap_or(0))
        .doing("reading the store's generation")
}

/// Writes the newest generation given out; to be called in the transaction that gave it.
pub(super) fn store_generation(
    connection: &rusqlite::Connection,
    generation: i64,
) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO marks (name, value) VALUES ('generation', CAST(?1 AS TEXT))
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .and_then(|mut statement| statement.execute([generation]))
        .map(drop)
        .doing("writing the store's generation")
}

fn select(scope: &Scope, ids: Option<&[MessageId]>) -> (String, Vec<Value>) {
    let mut wheres: Vec<String> = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    let mut add = |clause: &str, value: i64| {
        wheres.push(format!("{clause} ?"));
        values.push(Value::Integer(value));
    };
    if let Some(thread) = scope.thread {
        add("m.thread =", thread.0);
    }
    if let Some(since) = scope.since {
        add("m.sent_at >=", since.0);
    }
    if let Some(until) = scope.until {
        add("m.sent_at <=", until.0);
    }
    if let Some(generation) = scope.after_generation {
        add("m.generation >", generation);
    }
    if let Some(from) = &scope.from {
        wheres.push("m.from_address = ?".to_owned());
        values.push(Value::Text(from.clone()));
    }
    if let Some(ids) = ids {
        let marks = vec!["?"; ids.len()].join(",");
        wheres.push(format!("m.id IN ({marks})"));
        values.extend(ids.iter().map(|id| Value::Integer(id.0)));
    }
    let wheres =
        if wheres.is_empty() { String::new() } else { format!("WHERE {}", wheres.join(" AND ")) };
    let order = if scope.after_generation.is_some() {
        "m.generation, m.id"
    } else if scope.newest_first {
        "m.sent_at DESC, m.id DESC"
    } else {
        "m.id"
    };
    let limit = scope.limit.map_or(String::new(), |limit| format!("LIMIT {limit}"));
    (format!("SELECT {COLUMNS} FROM messages m {wheres} ORDER BY {order} {limit}"), values)
}

fn header(row: &Row<'_>) -> Result<Header, Error> {
    let text = |at: usize| row.get::<_, String>(at).doing("reading a message's row");
    let number = |at: usize| row.get::<_, i64>(at).doing("reading a message's row");
    let id = number(0)?;
    let json = |what: &'static str| move |source| Error::Json { what, id, source };
    let mut folders: Vec<String> = serde_json::from_str(&text(17)?).map_err(json("the folders"))?;
    folders.sort();
    let marks: Option<String> = row.get(18).doing("reading a message's row")?;
    let mut marks = Marks::of_all(marks.unwrap_or_default().split('\n'));
    let facts: HeaderFacts = serde_json::from_str(&text(12)?).map_err(json("the header facts"))?;
    facts.gmail_labels.iter().for_each(|label| marks.add_label(label));
    // Anybody can write the user's address into `From`; what lies among sent mail was theirs.
    let is_forged = facts.authentication_fails()
        && !folders.iter().any(|folder| source::role(folder) == Role::Sent);
    Ok(Header {
        id: MessageId(id),
        thread: ThreadId(number(1)?),
        rfc_id: text(2)?,
        date: UnixSeconds(number(3)?),
        offset_minutes: number(4)? as i16,
        from: Person { name: text(5)?, address: text(6)? },
        people: serde_json::from_str(&text(7)?).map_err(json("the people"))?,
        subject: text(8)?,
        subject_key: text(9)?,
        bytes: number(10)? as u64,
        attachments: serde_json::from_str(&text(11)?).map_err(json("the attachments"))?,
        facts,
        language: text(13)?,
        warnings: serde_json::from_str(&text(14)?).map_err(json("the warnings"))?,
        generation: number(15)?,
        own: number(16)? != 0 && !is_forged,
        folders,
        flags: marks.letters(),
        labels: marks.labels().map(str::to_owned).collect(),
    })
}
