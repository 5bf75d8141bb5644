//! The user's sent mail on the server: is a letter among it, and if not, put it there.

use super::connect::{self, Login};
use super::reply::Listed;
use super::session::{Data, Session, ignore, quoted};
use super::{Error, folder, names};
use crate::mail::source::{Role, role};

/// What to do among the sent mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent<'a> {
    /// Look for the letter.
    Look {
        /// Its `Message-ID`, without brackets.
        message_id: &'a str,
    },
    /// Put it there, unless it is there.
    File {
        /// Its `Message-ID`, without brackets.
        message_id: &'a str,
        /// As it went out.
        bytes: &'a [u8],
    },
}

impl Sent<'_> {
    fn message_id(&self) -> &str {
        match self {
            Self::Look { message_id } | Self::File { message_id, .. } => message_id,
        }
    }
}

/// Looks, and files. Gives back for each whether the letter lies among the sent mail now. That one is not
/// there says nothing: many servers keep no copy of what they send.
///
/// # Errors
/// The server cannot be reached, refuses the login, breaks off, or refuses the folder.
pub fn sent(login: &Login<'_>, wanted: &[Sent<'_>]) -> Result<Vec<bool>, Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut logged = connect::open(login)?;
    let session = &mut logged.session;
    let listed = folder::list(session)?;
    let place = folder_of(&listed, Role::Sent);
    // Gmail shows all mail in one folder.
    let all = listed.iter().find(|one| one.role == Some(Role::Archive)).map(|one| &one.name);
    let mut found = vec![false; wanted.len()];
    for name in place.iter().chain(all) {
        folder::examine(session, name)?;
        for (wanted, found) in wanted.iter().zip(&mut found).filter(|(_, found)| !**found) {
            *found = !self::found(session, name, wanted.message_id())?.is_empty();
        }
    }
    for (wanted, found) in wanted.iter().zip(&mut found).filter(|(_, found)| !**found) {
        let Sent::File { bytes, .. } = wanted else { continue };
        let name = match &place {
            Some(name) => name.clone(),
            None => make(session, &listed, Role::Sent)?,
        };
        append(session, &name, "\\Seen", bytes)?;
        *found = true;
    }
    logged.leave();
    Ok(found)
}

/// The folder for `wanted`: as the server says, else by its name; the shortest, for `Sent/2023` is not it.
pub(super) fn folder_of(listed: &[Listed], wanted: Role) -> Option<String> {
    let said = listed.iter().find(|one| one.role == Some(wanted));
    let named = listed
        .iter()
        .filter(|one| one.role.is_none())
        .filter(|one| {
            let readable = names::readable(&one.name, one.delimiter);
            readable.rsplit('/').next().map(role) == Some(wanted)
        })
        .min_by_key(|one| one.name.len());
    said.or(named).map(|one| one.name.clone())
}

/// Makes a folder for `wanted`; gives back its name.
pub(super) fn make(
    session: &mut Session,
    listed: &[Listed],
    wanted: Role,
) -> Result<String, Error> {
    let folders: Vec<crate::store::SourceFolder> = listed
        .iter()
        .map(|one| crate::store::SourceFolder {
            folder: names::readable(&one.name, one.delimiter),
            role: one.role,
        })
        .collect();
    let readable = crate::intake::folder_for(&folders, wanted);
    let name = names::encoded(&readable, listed.iter().find_map(|one| one.delimiter));
    let command = format!("CREATE {}", folder::as_argument(&name)?);
    session.run(&format!("making the folder {readable}"), &command, &mut ignore)?;
    Ok(name)
}

/// The UIDs in the open folder under this `Message-ID`, ascending.
pub(super) fn found(
    session: &mut Session,
    name: &str,
    message_id: &str,
) -> Result<Vec<u32>, Error> {
    let Some(id) = quoted(message_id) else { return Ok(Vec::new()) };
    let doing = format!("looking for a letter in {name}");
    let mut found = Vec::new();
    session.run(&doing, &format!("UID SEARCH HEADER Message-ID {id}"), &mut |data| {
        if let Data::Search(uids) = data {
            found.extend(uids);
        }
        Ok(())
    })?;
    found.sort_unstable();
    Ok(found)
}

/// Puts the letter there with these flags.
pub(super) fn append(
    session: &mut Session,
    name: &str,
    flags: &str,
    bytes: &[u8],
) -> Result<(), Error> {
    let doing = format!("putting a letter into {name}");
    let command = format!("APPEND {} ({flags}) {{{}}}", folder::as_argument(name)?, bytes.len());
    session.run_bytes(&doing, &command, &[bytes], &mut ignore).map(drop)
}
