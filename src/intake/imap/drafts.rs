//! A letter among the drafts on the server, where the user's other programs find it.

use std::collections::BTreeMap;

use super::connect::{self, Login};
use super::sent::{self, folder_of};
use super::session::ignore;
use super::{Error, fetch, folder};
use crate::mail::source::Role;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drafted {
    /// It lies there as it is.
    There,
    /// It lies there now.
    Put,
    /// It lies there now; what was there of it before is in the trash.
    Replaced,
    /// It lies there now, beside what was there of it before: the server cannot move mail.
    Beside,
}

/// Puts a letter among the drafts, unless it lies there byte by byte. An earlier text of it, which has the
/// same `Message-ID` (without brackets), goes to the trash afterwards. Nothing is expunged.
///
/// # Errors
/// The server cannot be reached, refuses the login, breaks off, or refuses the folder.
pub fn draft(login: &Login<'_>, message_id: &str, bytes: &[u8]) -> Result<Drafted, Error> {
    let mut logged = connect::open(login)?;
    let session = &mut logged.session;
    let listed = folder::list(session)?;
    let name = match folder_of(&listed, Role::Drafts) {
        Some(name) => name,
        None => sent::make(session, &listed, Role::Drafts)?,
    };
    folder::examine(session, &name)?;
    let before = sent::found(session, &name, message_id)?;
    let bodies: BTreeMap<u32, (u64, Vec<u8>)> =
        fetch::parts(session, &name, &before, "BODY.PEEK[]")?;
    let old: Vec<u32> = bodies
        .iter()
        .filter(|(_, (_, body))| body.as_slice() != bytes)
        .map(|(uid, _)| *uid)
        .collect();
    let is_there = old.len() < bodies.len();
    if !is_there {
        sent::append(session, &name, "\\Draft \\Seen", bytes)?;
    }
    let mut drafted = if is_there { Drafted::There } else { Drafted::Put };
    if !old.is_empty() {
        drafted = Drafted::Beside;
        if let (true, Some(trash)) = (session.can("MOVE"), folder_of(&listed, Role::Trash)) {
            let set = old.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
            folder::select(session, &name)?;
            let command = format!("UID MOVE {set} {}", folder::as_argument(&trash)?);
            session.run(&format!("moving old drafts to {trash}"), &command, &mut ignore)?;
            drafted = Drafted::Replaced;
        }
    }
    logged.leave();
    Ok(drafted)
}
