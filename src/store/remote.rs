//! What of an account's folders is here: the UIDs, as a set.
//!
//! A UID is written down as `known` before its body is asked for, and turns `fetched` in the very
//! transaction that stores the body; a number ("all up to here") could not say what an interrupted
//! run left out. What the server says is gone becomes a tombstone, and is removed by
//! [`Acceptor::settle`].

use std::collections::HashSet;

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::accept::{Placing, begin};
use super::changes::{hear_flags, take_along};
use super::error::Doing as _;
use super::messages::{store_generation, stored_generation};
use super::{Acceptor, Error, Incoming, Outcome, Store};
use crate::mail::source::Role;
use crate::mail::{MessageId, UnixSeconds};

/// A folder of an account as it was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFolder {
    /// Names it here.
    pub id: i64,
    /// As the server writes it.
    pub name: String,
    /// As a person reads it.
    pub folder: String,
    /// The server's; 0 before the first look.
    pub uidvalidity: u32,
    /// Every UID below it was listed.
    pub uidnext: u32,
    /// Every change of flags up to it is here; 0 where there is no such count.
    pub modseq: u64,
    /// Messages when both sides were last found equal.
    pub messages: Option<u32>,
    /// When all flags were last compared.
    pub scanned: UnixSeconds,
    /// What it is for, as the server says; nothing where it does not.
    pub role: Option<Role>,
}

impl RemoteFolder {
    fn key(&self, uid: u32) -> String {
        key(self.id, i64::from(self.uidvalidity), i64::from(uid))
    }
}

/// The UIDs of a folder, each list ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteUids {
    /// Seen there; their bodies are to be fetched.
    pub known: Vec<u32>,
    /// Here.
    pub fetched: Vec<u32>,
}

/// A message that an earlier UIDVALIDITY of its folder named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Names it for [`Acceptor::relink`].
    pub validity: i64,
    /// The UID it had.
    pub uid: u32,
    /// Its Message-ID, without brackets.
    pub rfc_id: String,
    /// Length of its body as it was fetched.
    pub bytes: u64,
}

/// A message on its way in.
#[derive(Debug)]
pub struct Arrival {
    /// Its UID in the folder.
    pub uid: u32,
    /// The server's name of it in whatever folder it lies; empty where there is none.
    pub object: String,
    /// What came of it.
    pub what: Arrived,
}

/// What came of a message.
#[derive(Debug)]
pub enum Arrived {
    /// Its body.
    Body(Box<Incoming>),
    /// Nothing: the server's name of it says that it is here, in another folder.
    Same {
        /// What it is marked with: [`mail::Marks`](crate::mail::Marks) as text.
        flags: String,
    },
}

/// Counts the runs of sync: what one heard, a later one confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SyncRun(i64);

/// What [`Acceptor::settle`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Places taken away; their messages lie elsewhere too.
    pub moved: u64,
    /// Messages removed: no other place holds them.
    pub removed: u64,
}

/// The name of a copy.
pub(super) fn key(folder: i64, validity: i64, uid: i64) -> String {
    format!("{folder}/{validity}/{uid}")
}

/// The roles that are written down, by name.
const ROLES: [(Role, &str); 5] = [
    (Role::Archive, "archive"),
    (Role::Sent, "sent"),
    (Role::Drafts, "drafts"),
    (Role::Trash, "trash"),
    (Role::Junk, "junk"),
];

pub(super) fn role_name(role: Option<Role>) -> &'static str {
    ROLES.iter().find(|(one, _)| Some(*one) == role).map_or("", |(_, name)| name)
}

pub(super) fn role_of(name: &str) -> Option<Role> {
    ROLES.iter().find(|(_, one)| *one == name).map(|(role, _)| *role)
}

const COLUMNS: &str = "id, name, folder, uidvalidity, uidnext, modseq, messages, scanned, role";

fn folder_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<RemoteFolder> {
    Ok(RemoteFolder {
        id: row.get(0)?,
        name: row.get(1)?,
        folder: row.get(2)?,
        uidvalidity: row.get(3)?,
        uidnext: row.get(4)?,
        modseq: row.get::<_, i64>(5)? as u64,
        messages: u32::try_from(row.get::<_, i64>(6)?).ok(),
        scanned: UnixSeconds(row.get(7)?),
        role: role_of(row.get_ref(8)?.as_str()?),
    })
}

impl Store {
    /// Begins a run of sync.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn begin_sync(&mut self) -> Result<SyncRun, Error> {
        let doing = "beginning a sync";
        self.connection
            .query_row(
                "INSERT INTO marks (name, value) VALUES ('sync runs', '1')
                 ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)
                 RETURNING CAST(value AS INTEGER)",
                [],
                |row| row.get(0).map(SyncRun),
            )
            .doing(doing)
    }
}

impl Acceptor<'_> {
    /// The folders of this account that were ever seen.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn remote_folders(&self) -> Result<Vec<RemoteFolder>, Error> {
        let doing = "reading the account's folders";
        let sql = format!("SELECT {COLUMNS} FROM remote_folders WHERE source = ?1 ORDER BY id");
        let mut statement = self.store.connection.prepare_cached(&sql).doing(doing)?;
        statement
            .query_map([self.source], folder_of)
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// The folder the server calls `name`, made when it is new.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn remote_folder(&mut self, name: &str, folder: &str) -> Result<RemoteFolder, Error> {
        let doing = "reading a folder of the account";
        self.store
            .connection
            .execute(
                "INSERT OR IGNORE INTO remote_folders (source, name, folder) VALUES (?1, ?2, ?3)",
                params![self.source, name, folder],
            )
            .doing(doing)?;
        let sql = format!("SELECT {COLUMNS} FROM remote_folders WHERE source = ?1 AND name = ?2");
        self.store.connection.query_row(&sql, params![self.source, name], folder_of).doing(doing)
    }

    /// What the server says the folder is for.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn set_role(&mut self, folder: &mut RemoteFolder, role: Option<Role>) -> Result<(), Error> {
        if folder.role == role {
            return Ok(());
        }
        folder.role = role;
        self.store
            .connection
            .execute(
                "UPDATE remote_folders SET role = ?2 WHERE id = ?1",
                params![folder.id, role_name(role)],
            )
            .doing("writing down a folder of the account")?;
        Ok(())
    }

    /// The folder has another name on the server; its messages go with it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn rename_remote(&mut self, id: i64, name: &str, folder: &str) -> Result<(), Error> {
        let doing = "renaming a folder of the account";
        let transaction = begin(self.store, doing)?;
        let generation = stored_generation(&transaction)? + 1;
        let keys = format!("{id}/*");
        let before: String = transaction
            .query_row("SELECT folder FROM remote_folders WHERE id = ?1", [id], |row| row.get(0))
            .doing(doing)?;
        for (sql, values) in [
            (
                "DELETE FROM remote_folders WHERE source = ?1 AND name = ?2 AND uidvalidity = 0",
                params![self.source, name],
            ),
            (
                "UPDATE remote_folders SET name = ?2, folder = ?3 WHERE id = ?1",
                params![id, name, folder],
            ),
            (
                "UPDATE messages SET generation = ?3 WHERE id IN
                 (SELECT message FROM copies WHERE source = ?1 AND key GLOB ?2)",
                params![self.source, keys, generation],
            ),
            (
                // What the user moved elsewhere stays there.
                "UPDATE copies SET folder = ?3 WHERE source = ?1 AND key GLOB ?2 AND folder = ?4",
                params![self.source, keys, folder, before],
            ),
            (
                "UPDATE unpushed SET folder = ?3 WHERE source = ?1 AND key GLOB ?2",
                params![self.source, keys, folder],
            ),
        ] {
            transaction.execute(sql, values).doing(doing)?;
        }
        store_generation(&transaction, generation)?;
        transaction.commit().doing(doing)
    }

    /// What of the folder is here, under its present UIDVALIDITY.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn remote_uids(&self, folder: &RemoteFolder) -> Result<RemoteUids, Error> {
        let doing = "reading the folder's UIDs";
        let mut statement = self
            .store
            .connection
            .prepare_cached(
                "SELECT uid, state FROM remote_messages
                 WHERE folder = ?1 AND uidvalidity = ?2 AND state <> 'gone' ORDER BY uid",
            )
            .doing(doing)?;
        let mut rows = statement.query(params![folder.id, folder.uidvalidity]).doing(doing)?;
        let mut uids = RemoteUids::default();
        while let Some(row) = rows.next().doing(doing)? {
            let uid: u32 = row.get(0).doing(doing)?;
            match row.get_ref(1).doing(doing)?.as_str() {
                Ok("fetched") => uids.fetched.push(uid),
                _ => uids.known.push(uid),
            }
        }
        Ok(uids)
    }

    /// A new UIDVALIDITY begins: what is here of the folder becomes [`Orphan`]s, until they are found
    /// again or settled.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn begin_validity(
        &mut self,
        folder: &RemoteFolder,
        uidvalidity: u32,
    ) -> Result<RemoteFolder, Error> {
        let doing = "beginning a UIDVALIDITY";
        let transaction = begin(self.store, doing)?;
        let lowest: i64 = transaction
            .query_row(
                "SELECT min(0, coalesce(min(uidvalidity), 0)) FROM remote_messages WHERE folder = ?1",
                [folder.id],
                |row| row.get(0),
            )
            .doing(doing)?;
        let (past, old) = (lowest - 1, i64::from(folder.uidvalidity));
        for sql in [
            "DELETE FROM remote_messages WHERE folder = ?1 AND uidvalidity = ?2 AND state = 'known'",
            "UPDATE copies SET key = ?1 || '/' || ?3 || substr(key, length(?1 || '/' || ?2) + 1)
             WHERE source = ?4 AND key GLOB ?1 || '/' || ?2 || '/*'",
            "UPDATE remote_messages SET uidvalidity = ?3 WHERE folder = ?1 AND uidvalidity = ?2",
            "UPDATE remote_folders SET uidvalidity = ?5, uidnext = 1, modseq = 0, messages = -1,
             scanned = 0 WHERE id = ?1",
        ] {
            let mut statement = transaction.prepare(sql).doing(doing)?;
            let all: [&dyn rusqlite::ToSql; 5] =
                [&folder.id, &old, &past, &self.source, &uidvalidity];
            let count = statement.parameter_count();
            // Parameters are numbered: a statement takes the first so many.
            statement.execute(&all[..count]).doing(doing)?;
        }
        transaction.commit().doing(doing)?;
        Ok(RemoteFolder {
            uidvalidity,
            uidnext: 1,
            modseq: 0,
            messages: None,
            scanned: UnixSeconds(0),
            ..folder.clone()
        })
    }

    /// What earlier UIDVALIDITYs of the folder named and was not found again yet.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn orphans(&self, folder: &RemoteFolder) -> Result<Vec<Orphan>, Error> {
        let doing = "reading what an earlier UIDVALIDITY named";
        let mut statement = self
            .store
            .connection
            .prepare_cached(
                "SELECT r.uidvalidity, r.uid, m.rfc_id, r.bytes FROM remote_messages r
                 JOIN copies c ON c.source = ?2
                   AND c.key = r.folder || '/' || r.uidvalidity || '/' || r.uid
                 JOIN messages m ON m.id = c.message
                 WHERE r.folder = ?1 AND r.uidvalidity < 0 AND r.state = 'fetched'
                 ORDER BY r.uidvalidity, r.uid",
            )
            .doing(doing)?;
        statement
            .query_map(params![folder.id, self.source], |row| {
                Ok(Orphan {
                    validity: row.get(0)?,
                    uid: row.get(1)?,
                    rfc_id: row.get(2)?,
                    bytes: row.get::<_, i64>(3)? as u64,
                })
            })
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// The raw bytes of the place an orphan names: its own where they differ from the message's.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn orphan_raw(&self, folder: &RemoteFolder, orphan: &Orphan) -> Result<Vec<u8>, Error> {
        let doing = "reading a raw message";
        let place = key(folder.id, orphan.validity, i64::from(orphan.uid));
        let (bytes, data): (i64, Vec<u8>) = self
            .store
            .connection
            .query_row(
                "SELECT b.bytes, b.data FROM copies c JOIN messages m ON m.id = c.message
                 JOIN blobs b ON b.id = CASE c.blob WHEN 0 THEN m.blob ELSE c.blob END
                 WHERE c.source = ?1 AND c.key = ?2",
                params![self.source, place],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .doing(doing)?;
        Ok(super::unpack(&data, bytes as u64).unwrap_or_default())
    }

    /// Orphans that were found again under a UID of the present UIDVALIDITY.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn relink(&mut self, folder: &RemoteFolder, pairs: &[(Orphan, u32)]) -> Result<(), Error> {
        let doing = "linking messages to their new UIDs";
        let transaction = begin(self.store, doing)?;
        for (orphan, uid) in pairs {
            transaction
                .execute(
                    "UPDATE copies SET key = ?3 WHERE source = ?1 AND key = ?2",
                    params![
                        self.source,
                        key(folder.id, orphan.validity, i64::from(orphan.uid)),
                        folder.key(*uid)
                    ],
                )
                .doing(doing)?;
            transaction
                .execute(
                    "DELETE FROM remote_messages
                     WHERE folder = ?1 AND uidvalidity = ?2 AND uid = ?3",
                    params![folder.id, orphan.validity, orphan.uid],
                )
                .doing(doing)?;
            set_fetched(&transaction, folder, *uid, orphan.bytes, "")?;
        }
        transaction.commit().doing(doing)
    }

    /// Writes down UIDs the server listed. Those that are here already stay as they are.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn add_known(
        &mut self,
        folder: &mut RemoteFolder,
        uids: &[u32],
        uidnext: u32,
    ) -> Result<(), Error> {
        let doing = "writing down UIDs";
        let transaction = begin(self.store, doing)?;
        for uid in uids {
            transaction
                .prepare_cached(
                    // A tombstone was wrong when the server lists the UID again: its body is here still.
                    "INSERT INTO remote_messages (folder, uidvalidity, uid, state)
                     VALUES (?1, ?2, ?3, 'known')
                     ON CONFLICT (folder, uidvalidity, uid)
                     DO UPDATE SET state = 'fetched', gone = 0 WHERE state = 'gone'",
                )
                .and_then(|mut statement| {
                    statement.execute(params![folder.id, folder.uidvalidity, uid])
                })
                .doing(doing)?;
        }
        let uidnext = uidnext.max(uids.iter().max().map_or(0, |uid| uid.saturating_add(1)));
        let uidnext = uidnext.max(folder.uidnext);
        transaction
            .execute(
                "UPDATE remote_folders SET uidnext = ?2, messages = -1 WHERE id = ?1",
                params![folder.id, uidnext],
            )
            .doing(doing)?;
        transaction.commit().doing(doing)?;
        (folder.uidnext, folder.messages) = (uidnext, None);
        Ok(())
    }

    /// The server's own names of the messages that are here of this account.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn remote_objects(&self) -> Result<HashSet<String>, Error> {
        let doing = "reading the server's names of messages";
        let mut statement = self
            .store
            .connection
            .prepare_cached(
                "SELECT r.object FROM remote_messages r JOIN remote_folders f ON f.id = r.folder
                 WHERE f.source = ?1 AND r.object <> '' AND r.state <> 'known'",
            )
            .doing(doing)?;
        statement
            .query_map([self.source], |row| row.get(0))
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)
    }

    /// Stores messages of the folder in one transaction, which turns their UIDs to `fetched`. One that
    /// was said to be here and is not any more stays `known`.
    ///
    /// # Errors
    /// The store cannot be written; then nothing of the batch is kept.
    pub fn accept_remote(
        &mut self,
        folder: &RemoteFolder,
        batch: Vec<Arrival>,
    ) -> Result<Vec<Outcome>, Error> {
        let doing = "storing messages";
        let (source, journal) = (self.source, self.journal);
        let transaction = begin(self.store, doing)?;
        let mut generation = stored_generation(&transaction)?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for Arrival { uid, object, what } in batch {
            let mut placing =
                Placing { transaction: &transaction, source, journal, generation: &mut generation };
            let bytes = match what {
                Arrived::Body(mut incoming) => {
                    incoming.key = folder.key(uid);
                    incoming.folder.clone_from(&folder.folder);
                    outcomes.push(placing.place(&incoming)?);
                    incoming.bytes()
                }
                Arrived::Same { flags } => {
                    let Some((id, bytes)) =
                        place_again(&mut placing, folder, uid, &object, &flags)?
                    else {
                        continue;
                    };
                    outcomes.push(Outcome::Known(id));
                    bytes
                }
            };
            set_fetched(&transaction, folder, uid, bytes, &object)?;
        }
        store_generation(&transaction, generation)?;
        transaction.commit().doing(doing)?;
        Ok(outcomes)
    }

    /// New marks ([`mail::Marks`](crate::mail::Marks) as text) of messages that are here, and, in the same transaction,
    /// the count up to which all changes are here now. Gives back how many changed.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn reflag_remote(
        &mut self,
        folder: &mut RemoteFolder,
        flags: &[(u32, String)],
        modseq: Option<u64>,
    ) -> Result<u64, Error> {
        let doing = "updating flags";
        let source = self.source;
        let transaction = begin(self.store, doing)?;
        let mut generation = stored_generation(&transaction)?;
        let mut changed = 0;
        for (uid, flags) in flags {
            let next = generation + 1;
            if hear_flags(&transaction, source, &folder.key(*uid), flags, next)?.is_some() {
                generation = next;
                changed += 1;
            }
        }
        store_generation(&transaction, generation)?;
        let modseq = modseq.unwrap_or(folder.modseq);
        transaction
            .execute(
                "UPDATE remote_folders SET modseq = ?2 WHERE id = ?1",
                params![folder.id, modseq as i64],
            )
            .doing(doing)?;
        transaction.commit().doing(doing)?;
        folder.modseq = modseq;
        Ok(changed)
    }

    /// The server's positive word that these UIDs are not there any more: tombstones.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn mark_gone(
        &mut self,
        folder: &RemoteFolder,
        uids: &[u32],
        run: SyncRun,
    ) -> Result<(), Error> {
        let doing = "writing down what is gone";
        let transaction = begin(self.store, doing)?;
        for uid in uids {
            for sql in [
                "DELETE FROM remote_messages
                 WHERE folder = ?1 AND uidvalidity = ?2 AND uid = ?3 AND state = 'known' AND ?4 > 0",
                "UPDATE remote_messages SET state = 'gone', gone = ?4
                 WHERE folder = ?1 AND uidvalidity = ?2 AND uid = ?3 AND state = 'fetched'",
            ] {
                transaction
                    .prepare_cached(sql)
                    .and_then(|mut statement| {
                        statement.execute(params![folder.id, folder.uidvalidity, uid, run.0])
                    })
                    .doing(doing)?;
            }
        }
        transaction.commit().doing(doing)
    }

    /// What earlier UIDVALIDITYs named and the present one has not: tombstones for those whose message
    /// lies elsewhere too, and with `all` for the rest. Gives back how many are left without.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn mark_orphans_gone(
        &mut self,
        folder: &RemoteFolder,
        all: bool,
        run: SyncRun,
    ) -> Result<u64, Error> {
        let doing = "writing down what is gone";
        self.store
            .connection
            .execute(
                "UPDATE remote_messages SET state = 'gone', gone = ?2
                 WHERE folder = ?1 AND uidvalidity < 0 AND state = 'fetched'
                   AND (?3 OR EXISTS (
                     SELECT 1 FROM copies c JOIN copies o ON o.message = c.message
                     WHERE c.source = ?4 AND (o.source, o.key) <> (c.source, c.key)
                       AND c.key = ?1 || '/' || remote_messages.uidvalidity || '/'
                                  || remote_messages.uid))",
                params![folder.id, run.0, all, self.source],
            )
            .doing(doing)?;
        self.store
            .connection
            .query_row(
                "SELECT count(*) FROM remote_messages
                 WHERE folder = ?1 AND uidvalidity < 0 AND state = 'fetched'",
                [folder.id],
                |row| Ok(row.get::<_, i64>(0)? as u64),
            )
            .doing(doing)
    }

    /// Writes down how the folder was found: equal at so many messages, or not; and when all its
    /// flags were compared, if they were.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn end_remote(
        &mut self,
        folder: &mut RemoteFolder,
        messages: Option<u32>,
        scanned: Option<UnixSeconds>,
    ) -> Result<(), Error> {
        folder.messages = messages;
        folder.scanned = scanned.unwrap_or(folder.scanned);
        self.store
            .connection
            .execute(
                "UPDATE remote_folders SET messages = ?2, scanned = ?3 WHERE id = ?1",
                params![folder.id, messages.map_or(-1, i64::from), folder.scanned.0],
            )
            .doing("writing down a folder of the account")?;
        Ok(())
    }

    /// Takes away the places with a tombstone whose message lies elsewhere too (it was moved), and, when
    /// this run saw the whole account,
    /// those whose tombstone an earlier run set, in a folder found equal since: with
    /// the last place goes the message.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn settle(&mut self, run: SyncRun, whole: bool) -> Result<Settled, Error> {
        let doing = "removing what is gone";
        let (source, journal) = (self.source, self.journal);
        let transaction = begin(self.store, doing)?;
        let gone: Vec<(i64, i64, i64, i64, i64, bool)> = transaction
            .prepare(
                "SELECT r.folder, r.uidvalidity, r.uid, c.message, c.blob,
                        r.gone < ?2 AND f.messages >= 0 AND ?3
                 FROM remote_messages r JOIN remote_folders f ON f.id = r.folder
                 JOIN copies c ON c.source = f.source
                   AND c.key = r.folder || '/' || r.uidvalidity || '/' || r.uid
                 WHERE f.source = ?1 AND r.state = 'gone'",
            )
            .and_then(|mut statement| {
                statement
                    .query_map(params![source, run.0, whole], |row| {
                        Ok((
                            row.get(0)?,
                            row.get(1)?,
                            row.get(2)?,
                            row.get(3)?,
                            row.get(4)?,
                            row.get(5)?,
                        ))
                    })?
                    .collect()
            })
            .doing(doing)?;
        let mut generation = stored_generation(&transaction)?;
        let mut settled = Settled::default();
        for (folder, validity, uid, message, blob, confirmed) in gone {
            let places: i64 = transaction
                .prepare_cached("SELECT count(*) FROM copies WHERE message = ?1")
                .and_then(|mut statement| statement.query_row([message], |row| row.get(0)))
                .doing(doing)?;
            if places < 2 && !confirmed {
                continue;
            }
            generation += 1;
            take_along(&transaction, source, &key(folder, validity, uid), journal, generation)?;
            remove_place(&transaction, source, &key(folder, validity, uid), doing)?;
            transaction
                .execute(
                    "DELETE FROM remote_messages
                     WHERE folder = ?1 AND uidvalidity = ?2 AND uid = ?3",
                    params![folder, validity, uid],
                )
                .doing(doing)?;
            if places < 2 {
                remove_message(&transaction, message, doing)?;
                settled.removed += 1;
            } else {
                transaction
                    .execute(
                        "UPDATE messages SET generation = ?2 WHERE id = ?1",
                        params![message, generation],
                    )
                    .doing(doing)?;
                settled.moved += 1;
            }
            remove_blob(&transaction, blob, doing)?;
        }
        store_generation(&transaction, generation)?;
        transaction.commit().doing(doing)?;
        Ok(settled)
    }
}

fn set_fetched(
    transaction: &Transaction<'_>,
    folder: &RemoteFolder,
    uid: u32,
    bytes: u64,
    object: &str,
) -> Result<(), Error> {
    transaction
        .prepare_cached(
            "INSERT INTO remote_messages (folder, uidvalidity, uid, state, bytes, object)
             VALUES (?1, ?2, ?3, 'fetched', ?4, ?5)
             ON CONFLICT (folder, uidvalidity, uid) DO UPDATE
             SET state = 'fetched', bytes = excluded.bytes, object = excluded.object, gone = 0",
        )
        .and_then(|mut statement| {
            statement.execute(params![folder.id, folder.uidvalidity, uid, bytes as i64, object])
        })
        .doing("writing down a UID")?;
    Ok(())
}

/// Another place of the message that the server calls `object`, by what is here of it elsewhere.
fn place_again(
    placing: &mut Placing<'_>,
    folder: &RemoteFolder,
    uid: u32,
    object: &str,
    flags: &str,
) -> Result<Option<(MessageId, u64)>, Error> {
    let doing = "storing a copy";
    let found: Option<(i64, i64, i64)> = placing
        .transaction
        .prepare_cached(
            "SELECT c.message, c.blob, r.bytes FROM remote_messages r
             JOIN remote_folders f ON f.id = r.folder AND f.source = ?1
             JOIN copies c ON c.source = ?1
               AND c.key = r.folder || '/' || r.uidvalidity || '/' || r.uid
             WHERE r.object = ?2 AND r.object <> '' LIMIT 1",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![placing.source, object], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()
        })
        .doing(doing)?;
    let Some((message, blob, bytes)) = found else { return Ok(None) };
    *placing.generation += 1;
    for (sql, values) in [
        (
            "INSERT OR IGNORE INTO copies (source, key, message, folder, flags, blob, journal)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                placing.source,
                folder.key(uid),
                message,
                folder.folder,
                flags,
                blob,
                placing.journal
            ],
        ),
        (
            "UPDATE messages SET generation = ?2 WHERE id = ?1",
            params![message, *placing.generation],
        ),
    ] {
        placing
            .transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .doing(doing)?;
    }
    Ok(Some((MessageId(message), bytes as u64)))
}

fn remove_place(
    transaction: &Transaction<'_>,
    source: i64,
    key: &str,
    doing: &'static str,
) -> Result<(), Error> {
    transaction
        .execute("DELETE FROM copies WHERE source = ?1 AND key = ?2", params![source, key])
        .doing(doing)?;
    Ok(())
}

fn remove_message(
    transaction: &Transaction<'_>,
    message: i64,
    doing: &'static str,
) -> Result<(), Error> {
    let blob: i64 = transaction
        .query_row("DELETE FROM messages WHERE id = ?1 RETURNING blob", [message], |row| row.get(0))
        .doing(doing)?;
    remove_blob(transaction, blob, doing)
}

/// Unless something else holds it.
fn remove_blob(transaction: &Transaction<'_>, blob: i64, doing: &'static str) -> Result<(), Error> {
    if blob != 0 {
        transaction
            .execute(
                "DELETE FROM blobs WHERE id = ?1
                 AND NOT EXISTS (SELECT 1 FROM messages WHERE blob = ?1)
                 AND NOT EXISTS (SELECT 1 FROM copies WHERE blob = ?1 AND blob <> 0)",
                [blob],
            )
            .doing(doing)?;
    }
    Ok(())
}
