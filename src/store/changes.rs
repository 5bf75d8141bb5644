//! Mail changed on the user's word, and what of it its source has not heard yet.
//!
//! `copies` holds what the user wants, `unpushed` what the source last said of a place that differs.
//! When the source says something new, the two are merged mark by mark against that: what the
//! user changed since stays, of the rest the source has the last word. So a change that is not pushed
//! survives every sync, and one that is needs no more than that both sides are found equal.

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};

use super::accept::begin;
use super::error::Doing as _;
use super::journal::Action;
use super::messages::{store_generation, stored_generation};
use super::remote::{key, role_name};
use super::{Error, Store};
use crate::mail::source::Role;
use crate::mail::{Marks, MessageId, UnixSeconds};

/// How long a change of mail can be taken back.
pub const UNDO_SECONDS_MAX: i64 = 30 * 86_400;

/// A place a message lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The message.
    pub message: MessageId,
    /// Its source's number.
    pub source: i64,
    /// Names the place within the source.
    pub key: String,
    /// As a person reads it.
    pub folder: String,
    /// What it is marked with: [`Marks`] as text.
    pub flags: String,
}

/// A place as the user wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// As it is.
    pub place: Place,
    /// The folder it is to lie in.
    pub folder: String,
    /// What it is to be marked with.
    pub flags: String,
}

/// What undo needs of an [`Edit`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Edited {
    source: i64,
    key: String,
    message: i64,
    /// Before and after.
    folder: [String; 2],
    flags: [String; 2],
}

/// A change that the server of an account has not heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpushed {
    /// The message.
    pub message: MessageId,
    /// Names the place for [`Store::heard`] and its like.
    pub key: String,
    /// The folder it lies in there, as the server writes it.
    pub name: String,
    /// Of that folder, as it was last seen.
    pub uidvalidity: u32,
    /// The message's UID in it.
    pub uid: u32,
    /// The folder it lies in there, and the one it is to lie in, as a person reads them.
    pub folder: [String; 2],
    /// What it is marked with there, and is to be.
    pub flags: [String; 2],
    /// UIDVALIDITY and UIDNEXT of the folder it was being copied to when that was cut off.
    pub copying: Option<(u32, u32)>,
}

/// A folder of a source, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFolder {
    /// As a person reads it.
    pub folder: String,
    /// As the server says, else nothing.
    pub role: Option<Role>,
}

/// Where a message went on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewPlace<'a> {
    /// The folder as the server writes it.
    pub name: &'a str,
    /// Its UIDVALIDITY.
    pub uidvalidity: u32,
    /// The UID it got there.
    pub uid: u32,
}

impl Store {
    /// The places of these messages.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn places_of(&self, ids: &[MessageId]) -> Result<Vec<Place>, Error> {
        let doing = "looking where messages lie";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT message, source, key, folder, flags FROM copies WHERE message = ?1
                 ORDER BY source, key",
            )
            .doing(doing)?;
        let mut places = Vec::new();
        for id in ids {
            let rows = statement.query_map([id.0], place).doing(doing)?;
            for row in rows {
                places.push(row.doing(doing)?);
            }
        }
        Ok(places)
    }

    /// The folders of a source: for an account those its server has, else those mail lies in.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn folders_of_source(&self, source: i64) -> Result<Vec<SourceFolder>, Error> {
        let doing = "reading a source's folders";
        let of = |sql: &str| -> Result<Vec<SourceFolder>, Error> {
            let mut statement = self.connection.prepare_cached(sql).doing(doing)?;
            statement
                .query_map([source], |row| {
                    let role = super::remote::role_of(row.get_ref(1)?.as_str()?);
                    Ok(SourceFolder { folder: row.get(0)?, role })
                })
                .doing(doing)?
                .collect::<Result<_, _>>()
                .doing(doing)
        };
        let remote = of(
            "SELECT folder, role FROM remote_folders WHERE source = ?1 AND uidvalidity <> 0 ORDER BY folder",
        )?;
        if !remote.is_empty() {
            return Ok(remote);
        }
        of("SELECT DISTINCT folder, '' FROM copies WHERE source = ?1 ORDER BY folder")
    }

    /// Makes the places as the user wants them, all or none, with one line in the journal, whose number
    /// comes back.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn change_mail(
        &mut self,
        what: &str,
        edits: &[Edit],
        now: UnixSeconds,
    ) -> Result<i64, Error> {
        let doing = "changing mail";
        let transaction = begin(self, doing)?;
        let mut ids: Vec<MessageId> = edits.iter().map(|edit| edit.place.message).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(1_000);
        let edited = edits.iter().map(Edited::of).collect();
        transaction
            .execute(
                "INSERT INTO journal (time, what, action, ids) VALUES (?1, ?2, ?3, ?4)",
                params![
                    now.0,
                    what,
                    Action::Mail { edits: edited }.to_json(),
                    serde_json::to_string(&ids).unwrap_or_default()
                ],
            )
            .doing(doing)?;
        let n = transaction.last_insert_rowid();
        let mut generation = stored_generation(&transaction)?;
        for edit in edits {
            generation += 1;
            want(&transaction, &edit.place, &edit.folder, &edit.flags, generation)?;
        }
        store_generation(&transaction, generation)?;
        transaction.commit().doing(doing)?;
        Ok(n)
    }

    /// Takes such a change back: of every place what it set and nobody changed since.
    pub(super) fn take_back_mail(&mut self, edits: &[Edited]) -> Result<(), Error> {
        let doing = "undoing a change of mail";
        let transaction = begin(self, doing)?;
        let mut generation = stored_generation(&transaction)?;
        for edited in edits {
            let Some(place) = edited.find(&transaction)? else { continue };
            let [before, after] = &edited.folder;
            let folder = if place.folder == *after { before } else { &place.folder };
            let flags = merge(&edited.flags[1], &edited.flags[0], &place.flags);
            generation += 1;
            want(&transaction, &place, folder, &flags, generation)?;
        }
        store_generation(&transaction, generation)?;
        transaction.commit().doing(doing)
    }

    /// What the server of the account at `location` has not heard, of these messages or of all, in the
    /// order of its folders and UIDs.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn unpushed(
        &self,
        location: &str,
        only: Option<&[MessageId]>,
    ) -> Result<Vec<Unpushed>, Error> {
        let doing = "reading what was not pushed";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT c.message, u.key, f.name, r.uidvalidity, r.uid, u.folder, c.folder, u.flags,
                        c.flags, u.validity, u.uidnext
                 FROM sources s JOIN unpushed u ON u.source = s.id
                 JOIN copies c ON c.source = u.source AND c.key = u.key
                 JOIN remote_folders f ON f.source = s.id
                 JOIN remote_messages r ON r.folder = f.id AND r.uidvalidity = f.uidvalidity
                   AND u.key = r.folder || '/' || r.uidvalidity || '/' || r.uid
                 WHERE s.location = ?1 AND r.state = 'fetched'
                   AND r.uid = CAST(substr(u.key, length(f.id || '/' || f.uidvalidity || '/') + 1)
                                    AS INTEGER)
                 ORDER BY f.id, r.uid",
            )
            .doing(doing)?;
        let mut all: Vec<Unpushed> = statement
            .query_map([location], |row| {
                let copying: (u32, u32) = (row.get(9)?, row.get(10)?);
                Ok(Unpushed {
                    message: MessageId(row.get(0)?),
                    key: row.get(1)?,
                    name: row.get(2)?,
                    uidvalidity: row.get(3)?,
                    uid: row.get(4)?,
                    folder: [row.get(5)?, row.get(6)?],
                    flags: [row.get(7)?, row.get(8)?],
                    copying: (copying.0 != 0).then_some(copying),
                })
            })
            .doing(doing)?
            .collect::<Result<_, _>>()
            .doing(doing)?;
        if let Some(only) = only {
            all.retain(|one| only.contains(&one.message));
        }
        Ok(all)
    }

    /// The raw bytes of a place: its own where they differ from the message's.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn place_raw(&self, location: &str, key: &str) -> Result<Vec<u8>, Error> {
        let (message, bytes, data): (i64, i64, Vec<u8>) = self
            .connection
            .query_row(
                "SELECT m.id, b.bytes, b.data FROM sources s JOIN copies c ON c.source = s.id
                 JOIN messages m ON m.id = c.message
                 JOIN blobs b ON b.id = CASE c.blob WHEN 0 THEN m.blob ELSE c.blob END
                 WHERE s.location = ?1 AND c.key = ?2",
                params![location, key],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .doing("reading a raw message")?;
        super::unpack(&data, bytes as u64).ok_or(Error::Damaged { id: MessageId(message) })
    }

    /// The server says what flags these places have now (keys of one account, [`Marks`] as text).
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn heard(&mut self, location: &str, flags: &[(String, String)]) -> Result<(), Error> {
        let doing = "writing down what the server heard";
        let transaction = begin(self, doing)?;
        let source = source_of(&transaction, location)?;
        let mut generation = stored_generation(&transaction)?;
        for (key, theirs) in flags {
            generation += 1;
            hear_flags(&transaction, source, key, theirs, generation)?;
        }
        store_generation(&transaction, generation)?;
        transaction.commit().doing(doing)
    }

    /// Before these places are copied to a folder with this UIDVALIDITY and UIDNEXT: on disk when it
    /// returns, so that a copy that was cut off is looked for and not made again.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn begin_copy(
        &mut self,
        location: &str,
        keys: &[String],
        target: (u32, u32),
    ) -> Result<(), Error> {
        let doing = "writing down what is being copied";
        let transaction = begin(self, doing)?;
        let source = source_of(&transaction, location)?;
        for key in keys {
            transaction
                .execute(
                    "UPDATE unpushed SET validity = ?3, uidnext = ?4 WHERE source = ?1 AND key = ?2",
                    params![source, key, target.0, target.1],
                )
                .doing(doing)?;
        }
        transaction.commit().doing(doing)
    }

    /// These places lie on the server where the user wants them: under this UID, where the server says
    /// which; else the next sync finds out.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn moved_there(
        &mut self,
        location: &str,
        moved: &[(&Unpushed, Option<NewPlace<'_>>)],
    ) -> Result<(), Error> {
        let doing = "writing down what was moved";
        let transaction = begin(self, doing)?;
        let source = source_of(&transaction, location)?;
        for (one, place) in moved {
            transaction
                .execute(
                    "UPDATE unpushed SET folder = ?3, validity = 0, uidnext = 0
                     WHERE source = ?1 AND key = ?2",
                    params![source, one.key, one.folder[1]],
                )
                .doing(doing)?;
            forget_equal(&transaction, source, &one.key)?;
            if let Some(place) = place {
                rename_place(&transaction, source, one, place)?;
            }
        }
        // Both folders hold other mail now than when they were found equal.
        transaction
            .execute("UPDATE remote_folders SET messages = -1 WHERE source = ?1", [source])
            .doing(doing)?;
        transaction.commit().doing(doing)
    }

    /// A folder that was made on the server, so that mail can be moved into it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn made_folder(&mut self, location: &str, name: &str, folder: &str) -> Result<(), Error> {
        self.connection
            .execute(
                "INSERT OR IGNORE INTO remote_folders (source, name, folder)
                 SELECT id, ?2, ?3 FROM sources WHERE location = ?1",
                params![location, name, folder],
            )
            .doing("writing down a folder of the account")?;
        Ok(())
    }

    /// The folder of the account that the server says is for `role`, by the server's name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn folder_for(
        &self,
        location: &str,
        role: Role,
    ) -> Result<Option<(String, String)>, Error> {
        self.connection
            .query_row(
                "SELECT f.name, f.folder FROM remote_folders f JOIN sources s ON s.id = f.source
                 WHERE s.location = ?1 AND f.role = ?2 AND f.uidvalidity <> 0 ORDER BY f.id LIMIT 1",
                params![location, role_name(Some(role))],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .doing("looking for a folder of the account")
    }
}

impl Edited {
    fn of(edit: &Edit) -> Self {
        let place = &edit.place;
        Self {
            source: place.source,
            key: place.key.clone(),
            message: place.message.0,
            folder: [place.folder.clone(), edit.folder.clone()],
            flags: [place.flags.clone(), edit.flags.clone()],
        }
    }

    /// The place now: it may have got another name meanwhile, by a push or by the server.
    fn find(&self, transaction: &Transaction<'_>) -> Result<Option<Place>, Error> {
        transaction
            .prepare_cached(
                "SELECT message, source, key, folder, flags FROM copies
                 WHERE source = ?1 AND message = ?2 AND (key = ?3 OR folder = ?4)
                 ORDER BY key = ?3 DESC, key LIMIT 1",
            )
            .and_then(|mut statement| {
                let values = params![self.source, self.message, self.key, self.folder[1]];
                statement.query_row(values, place).optional()
            })
            .doing("looking for a changed message")
    }
}

fn place(row: &rusqlite::Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place {
        message: MessageId(row.get(0)?),
        source: row.get(1)?,
        key: row.get(2)?,
        folder: row.get(3)?,
        flags: row.get(4)?,
    })
}

fn source_of(transaction: &Transaction<'_>, location: &str) -> Result<i64, Error> {
    transaction
        .query_row("SELECT id FROM sources WHERE location = ?1", [location], |row| row.get(0))
        .doing("looking for the account")
}

/// Mark by mark: where mine differs from base mine, else theirs.
fn merge(base: &str, mine: &str, theirs: &str) -> String {
    Marks::merged(&Marks::of(base), &Marks::of(mine), &Marks::of(theirs)).to_string()
}

/// Makes a place as the user wants it, and keeps what its source last said of it.
fn want(
    transaction: &Transaction<'_>,
    place: &Place,
    folder: &str,
    flags: &str,
    generation: i64,
) -> Result<(), Error> {
    let doing = "changing mail";
    for (sql, values) in [
        (
            "INSERT OR IGNORE INTO unpushed (source, key, folder, flags)
             SELECT source, key, folder, flags FROM copies WHERE source = ?1 AND key = ?2",
            params![place.source, place.key],
        ),
        (
            "UPDATE copies SET folder = ?3, flags = ?4 WHERE source = ?1 AND key = ?2",
            params![place.source, place.key, folder, flags],
        ),
        ("UPDATE messages SET generation = ?2 WHERE id = ?1", params![place.message.0, generation]),
    ] {
        transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .doing(doing)?;
    }
    forget_equal(transaction, place.source, &place.key)
}

/// A place that is as its source says needs no note of that, unless a copy of it is under way.
fn forget_equal(transaction: &Transaction<'_>, source: i64, key: &str) -> Result<(), Error> {
    transaction
        .prepare_cached(
            "DELETE FROM unpushed WHERE source = ?1 AND key = ?2 AND validity = 0
             AND (folder, flags) = (SELECT folder, flags FROM copies WHERE source = ?1 AND key = ?2)",
        )
        .and_then(|mut statement| statement.execute(params![source, key]))
        .map(drop)
        .doing("comparing a place with its source")
}

/// What the source says of a place's flags. Gives back the message when what is shown changed.
pub(super) fn hear_flags(
    transaction: &Transaction<'_>,
    source: i64,
    key: &str,
    theirs: &str,
    generation: i64,
) -> Result<Option<i64>, Error> {
    let doing = "updating flags";
    let both: Option<(String, String)> = transaction
        .prepare_cached(
            "SELECT u.flags, c.flags FROM unpushed u JOIN copies c
             ON c.source = u.source AND c.key = u.key WHERE u.source = ?1 AND u.key = ?2",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![source, key], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .doing(doing)?;
    let shown = match &both {
        Some((base, mine)) => merge(base, mine, theirs),
        None => theirs.to_owned(),
    };
    let message: Option<i64> = transaction
        .prepare_cached(
            "UPDATE copies SET flags = ?3 WHERE source = ?1 AND key = ?2 AND flags <> ?3
             RETURNING message",
        )
        .and_then(|mut statement| {
            statement.query_row(params![source, key, shown], |row| row.get(0)).optional()
        })
        .doing(doing)?;
    if both.is_some() {
        transaction
            .execute(
                "UPDATE unpushed SET flags = ?3 WHERE source = ?1 AND key = ?2",
                params![source, key, theirs],
            )
            .doing(doing)?;
        forget_equal(transaction, source, key)?;
    }
    if let Some(message) = message {
        transaction
            .prepare_cached("UPDATE messages SET generation = ?2 WHERE id = ?1")
            .and_then(|mut statement| statement.execute(params![message, generation]))
            .doing(doing)?;
    }
    Ok(message)
}

/// Before a place goes whose message lies elsewhere too: when another client moved it, what the user
/// wanted of it here goes along, to the place that came in this run of sync.
pub(super) fn take_along(
    transaction: &Transaction<'_>,
    source: i64,
    key: &str,
    journal: i64,
    generation: i64,
) -> Result<(), Error> {
    let doing = "taking a change along";
    let wanted: Option<(i64, [String; 2], [String; 2])> = transaction
        .prepare_cached(
            "SELECT c.message, u.folder, c.folder, u.flags, c.flags FROM unpushed u
             JOIN copies c ON c.source = u.source AND c.key = u.key
             WHERE u.source = ?1 AND u.key = ?2",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![source, key], |row| {
                    let (folder, flags) = ([row.get(1)?, row.get(2)?], [row.get(3)?, row.get(4)?]);
                    Ok((row.get(0)?, folder, flags))
                })
                .optional()
        })
        .doing(doing)?;
    let Some((message, folder, flags)) = wanted else { return Ok(()) };
    let next: Option<Place> = transaction
        .prepare_cached(
            "SELECT message, source, key, folder, flags FROM copies c
             WHERE source = ?1 AND message = ?2 AND key <> ?3 AND journal = ?4
               AND NOT EXISTS (SELECT 1 FROM unpushed u WHERE u.source = c.source AND u.key = c.key)
             ORDER BY key LIMIT 1",
        )
        .and_then(|mut statement| {
            statement.query_row(params![source, message, key, journal], place).optional()
        })
        .doing(doing)?;
    let Some(next) = next else { return Ok(()) };
    let to = if folder[0] == folder[1] { &next.folder } else { &folder[1] };
    let merged = merge(&flags[0], &flags[1], &next.flags);
    want(transaction, &next, to, &merged, generation)
}

/// The place gets the name that the server gave it in its new folder.
fn rename_place(
    transaction: &Transaction<'_>,
    source: i64,
    one: &Unpushed,
    to: &NewPlace<'_>,
) -> Result<(), Error> {
    let doing = "writing down where a message went";
    let folder: Option<i64> = transaction
        .query_row(
            // One that was just made was never looked into.
            "UPDATE remote_folders SET uidvalidity = ?3
             WHERE source = ?1 AND name = ?2 AND uidvalidity IN (0, ?3) RETURNING id",
            params![source, to.name, to.uidvalidity],
            |row| row.get(0),
        )
        .optional()
        .doing(doing)?;
    // A folder that was never looked into: the next sync does, and finds it there.
    let Some(folder) = folder else { return Ok(()) };
    let new = key(folder, i64::from(to.uidvalidity), i64::from(to.uid));
    let there: bool = transaction
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM copies WHERE source = ?1 AND key = ?2)",
            params![source, new],
            |row| row.get(0),
        )
        .doing(doing)?;
    let mut parts = one.key.split('/');
    let old: i64 = parts.next().and_then(|id| id.parse().ok()).unwrap_or(0);
    let known: Option<(i64, String)> = transaction
        .query_row(
            "DELETE FROM remote_messages WHERE folder = ?1 AND uidvalidity = ?2 AND uid = ?3
             RETURNING bytes, object",
            params![old, one.uidvalidity, one.uid],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .doing(doing)?;
    let (bytes, object) = known.unwrap_or_default();
    if there {
        // Gmail shows it there already.
        transaction
            .execute("DELETE FROM copies WHERE source = ?1 AND key = ?2", params![source, one.key])
            .doing(doing)?;
        return Ok(());
    }
    for (sql, values) in [
        (
            "UPDATE copies SET key = ?3 WHERE source = ?1 AND key = ?2",
            params![source, one.key, new],
        ),
        (
            "INSERT INTO remote_messages (folder, uidvalidity, uid, state, bytes, object)
             VALUES (?1, ?2, ?3, 'fetched', ?4, ?5)
             ON CONFLICT (folder, uidvalidity, uid) DO UPDATE SET state = 'fetched', gone = 0",
            params![folder, to.uidvalidity, to.uid, bytes, object],
        ),
    ] {
        transaction.execute(sql, values).doing(doing)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mail, store, take};
    use super::*;
    use crate::store::{Acceptor, Arrival, Arrived, Incoming, RemoteFolder};

    const NOW: UnixSeconds = UnixSeconds(1_772_442_000);

    fn edit(place: &Place, folder: &str, flags: &str) -> Edit {
        Edit { place: place.clone(), folder: folder.to_owned(), flags: flags.to_owned() }
    }

    #[track_caller]
    fn check_place(store: &Store, id: i64, expected: &[(&str, &str)]) {
        let places = store.places_of(&[MessageId(id)]).expect("read");
        let found: Vec<(&str, &str)> =
            places.iter().map(|p| (p.folder.as_str(), p.flags.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn an_import_read_again_does_not_take_a_change_back() {
        let (_dir, mut store) = store();
        take(&mut store, "/mail", &[&mail("Subject: one", "text")]);
        let place = store.places_of(&[MessageId(1)]).expect("read").remove(0);
        let (folder, before) = (place.folder.clone(), place.flags.clone());
        let flags = format!("F{before}");
        let n = store.change_mail("x", &[edit(&place, &folder, &flags)], NOW).expect("changed");
        let mut acceptor = store.accept_from("/mail", NOW).expect("begun");
        let known = acceptor.places().expect("read");
        assert_eq!(known[&place.key], before, "as the source has it, not as it is here");
        acceptor.update_flags(&[(place.key.clone(), "RS".to_owned())]).expect("written");
        acceptor.finish("/mail").expect("ended");
        check_place(&store, 1, &[(&folder, "FRS")]);
        store.undo(Some(n), NOW).expect("taken back");
        check_place(&store, 1, &[(&folder, "RS")]);
    }

    fn arrive(acceptor: &mut Acceptor<'_>, folder: &RemoteFolder, uid: u32, raw: &str) {
        let incoming = Incoming::new(String::new(), String::new(), String::new(), raw.as_bytes());
        let what = Arrived::Body(Box::new(incoming));
        acceptor
            .accept_remote(folder, vec![Arrival { uid, object: String::new(), what }])
            .expect("stored");
    }

    const LOCATION: &str = "imap://ada@example.org:993";

    /// One message under UID 5 in the inbox, an archive that was looked into.
    fn account(store: &mut Store) -> (RemoteFolder, RemoteFolder) {
        let mut acceptor = store.accept_from(LOCATION, NOW).expect("begun");
        let [mut inbox, mut archive] = ["INBOX", "Archive"].map(|name| {
            let folder = acceptor.remote_folder(name, name).expect("made");
            acceptor.begin_validity(&folder, 7).expect("begun")
        });
        acceptor.add_known(&mut inbox, &[5], 6).expect("written");
        acceptor.add_known(&mut archive, &[], 3).expect("written");
        arrive(&mut acceptor, &inbox, 5, &mail("Subject: one\nMessage-ID: <1@x>", "text"));
        acceptor.finish(LOCATION).expect("ended");
        (inbox, archive)
    }

    #[test]
    fn a_change_survives_what_the_server_says_and_a_new_uidvalidity() {
        let (_dir, mut store) = store();
        let (mut inbox, _) = account(&mut store);
        let place = store.places_of(&[MessageId(1)]).expect("read").remove(0);
        store.change_mail("x", &[edit(&place, "Archive", "F")], NOW).expect("changed");
        let mut acceptor = store.accept_from(LOCATION, NOW).expect("begun");
        acceptor.reflag_remote(&mut inbox, &[(5, "S".to_owned())], None).expect("written");
        let inbox = acceptor.begin_validity(&inbox, 9).expect("begun");
        let orphans = acceptor.orphans(&inbox).expect("read");
        acceptor.relink(&inbox, &[(orphans[0].clone(), 40)]).expect("linked");
        acceptor.finish(LOCATION).expect("ended");
        check_place(&store, 1, &[("Archive", "FS")]);
        let waiting = store.unpushed(LOCATION, None).expect("read");
        assert_eq!(waiting.len(), 1);
        assert_eq!((waiting[0].uidvalidity, waiting[0].uid), (9, 40));
        assert_eq!(waiting[0].flags, ["S".to_owned(), "FS".to_owned()]);
        assert_eq!(waiting[0].folder, ["INBOX".to_owned(), "Archive".to_owned()]);
    }

    #[test]
    fn a_message_that_another_client_moved_takes_the_users_change_along() {
        let (_dir, mut store) = store();
        let (inbox, archive) = account(&mut store);
        let place = store.places_of(&[MessageId(1)]).expect("read").remove(0);
        store.change_mail("x", &[edit(&place, "Trash", "F")], NOW).expect("changed");
        let run = store.begin_sync().expect("begun");
        let mut acceptor = store.accept_from(LOCATION, NOW).expect("begun");
        acceptor.mark_gone(&inbox, &[5], run).expect("written");
        arrive(&mut acceptor, &archive, 3, &mail("Subject: one\nMessage-ID: <1@x>", "text"));
        acceptor.settle(run, true).expect("settled");
        acceptor.finish(LOCATION).expect("ended");
        check_place(&store, 1, &[("Trash", "F")]);
        let waiting = store.unpushed(LOCATION, None).expect("read");
        assert_eq!(waiting[0].folder, ["Archive".to_owned(), "Trash".to_owned()]);
    }

    #[test]
    fn what_was_pushed_is_where_the_server_says_and_can_be_taken_back() {
        let (_dir, mut store) = store();
        account(&mut store);
        let place = store.places_of(&[MessageId(1)]).expect("read").remove(0);
        let n = store.change_mail("x", &[edit(&place, "Archive", "F")], NOW).expect("changed");
        let waiting = store.unpushed(LOCATION, None).expect("read");
        store.heard(LOCATION, &[(waiting[0].key.clone(), "F".to_owned())]).expect("written");
        let to = NewPlace { name: "Archive", uidvalidity: 7, uid: 3 };
        store.moved_there(LOCATION, &[(&waiting[0], Some(to))]).expect("written");
        assert!(store.unpushed(LOCATION, None).expect("read").is_empty());
        check_place(&store, 1, &[("Archive", "F")]);
        store.undo(Some(n), NOW).expect("taken back");
        check_place(&store, 1, &[("INBOX", "")]);
        let waiting = store.unpushed(LOCATION, None).expect("read");
        assert_eq!((waiting[0].name.as_str(), waiting[0].uid), ("Archive", 3));
        let late = UnixSeconds(NOW.0 + UNDO_SECONDS_MAX + 1);
        let place = store.places_of(&[MessageId(1)]).expect("read").remove(0);
        let n = store.change_mail("x", &[edit(&place, "Trash", "")], NOW).expect("changed");
        assert!(store.undo(Some(n), late).expect_err("too late").to_string().contains("30 days"));
    }

    #[test]
    fn a_change_taken_back_before_it_is_pushed_leaves_nothing_to_push() {
        let (_dir, mut store) = store();
        account(&mut store);
        let place = store.places_of(&[MessageId(1)]).expect("read").remove(0);
        let n = store.change_mail("x", &[edit(&place, "Archive", "FS")], NOW).expect("changed");
        store.undo(Some(n), NOW).expect("taken back");
        assert!(store.unpushed(LOCATION, None).expect("read").is_empty());
        check_place(&store, 1, &[("INBOX", "")]);
    }
}
