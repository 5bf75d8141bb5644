//! Folders: which there are, what one holds, opening one to read.

use super::Error;
use super::reply::{Code, Counts, Listed};
use super::session::{Data, Session, garbage, ignore, quoted};

/// A folder that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) uidvalidity: u32,
    /// Nothing where the server does not say (163.com).
    pub(super) uidnext: Option<u32>,
    /// Nothing where changes are not counted, or may not be relied on.
    pub(super) modseq: Option<u64>,
}

/// Folders of one account.
const FOLDERS_MAX: usize = 10_000;

/// All folders that can be opened, each once, as the server gives them.
pub(super) fn list(session: &mut Session) -> Result<Vec<Listed>, Error> {
    let doing = "listing the folders";
    let mut folders: Vec<Listed> = Vec::new();
    session.run(doing, "LIST \"\" \"*\"", &mut |data| {
        if let Data::List(listed) = data
            && listed.opens
            && !folders.iter().any(|folder| folder.name == listed.name)
        {
            folders.push(listed);
        }
        if folders.len() > FOLDERS_MAX {
            return Err(garbage(doing, "too many folders"));
        }
        Ok(())
    })?;
    if folders.is_empty() {
        // Everybody has an inbox (RFC 3501, 5.1): a server that lists none has not answered.
        return Err(garbage(doing, "it lists no folder"));
    }
    Ok(folders)
}

/// What the folder holds, without opening it.
pub(super) fn status(session: &mut Session, name: &str) -> Result<Counts, Error> {
    let doing = format!("looking at {name}");
    let what = if session.quirks.condstore && session.can("CONDSTORE") {
        "MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ"
    } else {
        "MESSAGES UIDNEXT UIDVALIDITY"
    };
    let mut found = Counts::default();
    session.run(&doing, &format!("STATUS {} ({what})", as_argument(name)?), &mut |data| {
        if let Data::Counts(counts) = data {
            found = counts;
        }
        Ok(())
    })?;
    Ok(found)
}

/// Opens the folder to read it, and only that: EXAMINE changes nothing there.
pub(super) fn examine(session: &mut Session, name: &str) -> Result<Opened, Error> {
    open(session, name, "EXAMINE")
}

/// Opens the folder to change it.
pub(super) fn select(session: &mut Session, name: &str) -> Result<Opened, Error> {
    open(session, name, "SELECT")
}

fn open(session: &mut Session, name: &str, verb: &str) -> Result<Opened, Error> {
    let doing = format!("opening {name}");
    let counted = session.quirks.condstore && session.can("CONDSTORE");
    let how = if counted && !session.can("ENABLE") { " (CONDSTORE)" } else { "" };
    let (mut uidvalidity, mut uidnext, mut modseq) = (None, None, None);
    session.exists = 0;
    session.forget_changes();
    session.run(&doing, &format!("{verb} {}{how}", as_argument(name)?), &mut |data| {
        match data {
            Data::Code(Code::UidValidity(number)) => uidvalidity = Some(number),
            Data::Code(Code::UidNext(uid)) => uidnext = Some(uid),
            Data::Code(Code::HighestModSeq(number)) => modseq = Some(number),
            _ => {}
        }
        Ok(())
    })?;
    // 0 is none (RFC 3501, 2.3.1.1: nonzero).
    let uidvalidity = uidvalidity
        .filter(|number| *number > 0)
        .ok_or_else(|| garbage(&doing, "it does not say which UIDs it means (UIDVALIDITY)"))?;
    let modseq = modseq.filter(|number| counted && *number > 0);
    Ok(Opened { uidvalidity, uidnext, modseq })
}

/// The UIDs in the open folder from `first` on, ascending, each once.
pub(super) fn search(session: &mut Session, name: &str, first: u32) -> Result<Vec<u32>, Error> {
    let doing = format!("listing what is in {name}");
    let what = if first <= 1 { "ALL".to_owned() } else { format!("UID {first}:*") };
    let mut found = None;
    session.run(&doing, &format!("UID SEARCH {what}"), &mut |data| {
        if let Data::Search(uids) = data {
            found.get_or_insert_with(Vec::new).extend(uids);
        }
        Ok(())
    })?;
    // Some servers say nothing when there is nothing; that is a no to nothing.
    let mut uids = found.unwrap_or_default();
    // `N:*` names the last message even where its UID is below N.
    uids.retain(|uid| *uid >= first.max(1));
    uids.sort_unstable();
    uids.dedup();
    Ok(uids)
}

/// Which of the set are in the open folder.
pub(super) fn among(
    session: &mut Session,
    name: &str,
    set: &str,
) -> Result<std::collections::BTreeSet<u32>, Error> {
    let doing = format!("listing what is in {name}");
    let mut found = std::collections::BTreeSet::new();
    session.run(&doing, &format!("UID SEARCH UID {set}"), &mut |data| {
        if let Data::Search(uids) = data {
            found.extend(uids);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Asks whether anything happened in the open folder.
pub(super) fn look(session: &mut Session, name: &str) -> Result<(), Error> {
    session.run(&format!("looking at {name}"), "NOOP", &mut ignore).map(|_| ())
}

/// The folder's name in a command.
pub(super) fn as_argument(name: &str) -> Result<String, Error> {
    quoted(name).ok_or_else(|| Error::Refused {
        doing: "opening a folder".to_owned(),
        said: "its name is not ASCII, and UTF-8 is not asked for".to_owned(),
    })
}
