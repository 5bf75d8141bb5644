//! A folder whose UIDs mean something else now (UIDVALIDITY): its messages are found again by
//! Message-ID and length, a few of them compared byte by byte, instead of being fetched anew.

use std::collections::BTreeMap;

use super::Error;
use super::fetch;
use super::session::Session;
use crate::mail;
use crate::store::{Acceptor, Orphan, RemoteFolder};

/// Messages compared byte by byte before the others are believed.
const COMPARED: usize = 3;

/// Links what is here to the new UIDs; gives back how many were found again. What is not found is
/// fetched like new mail, and known by its content then.
pub(super) fn relink(
    session: &mut Session,
    acceptor: &mut Acceptor<'_>,
    folder: &RemoteFolder,
) -> Result<u64, Error> {
    let orphans = acceptor.orphans(folder)?;
    if orphans.is_empty() {
        return Ok(0);
    }
    let known = acceptor.remote_uids(folder)?.known;
    let item = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]";
    let there = fetch::parts(session, &folder.name, &known, item)?;
    let pairs = pairs(orphans, &there);
    let step = (pairs.len() / COMPARED).max(1);
    let compared: Vec<&(Orphan, u32)> = pairs.iter().step_by(step).take(COMPARED).collect();
    let mut uids: Vec<u32> = compared.iter().map(|(_, uid)| *uid).collect();
    uids.sort_unstable();
    let bodies = fetch::parts(session, &folder.name, &uids, "BODY.PEEK[]")?;
    for (orphan, uid) in compared {
        let here = acceptor.orphan_raw(folder, orphan)?;
        if bodies.get(uid).is_none_or(|(_, there)| *there != here) {
            return Ok(0);
        }
    }
    acceptor.relink(folder, &pairs)?;
    Ok(pairs.len() as u64)
}

/// Those of one Message-ID and one length, in the order of their UIDs.
fn pairs(orphans: Vec<Orphan>, there: &BTreeMap<u32, (u64, Vec<u8>)>) -> Vec<(Orphan, u32)> {
    let mut waiting: BTreeMap<(String, u64), Vec<Orphan>> = BTreeMap::new();
    for orphan in orphans.into_iter().rev() {
        if !orphan.rfc_id.is_empty() {
            waiting.entry((orphan.rfc_id.clone(), orphan.bytes)).or_default().push(orphan);
        }
    }
    let mut pairs = Vec::new();
    for (uid, (bytes, header)) in there {
        let Some(rfc_id) = mail::parse(header).rfc_id else { continue };
        if let Some(orphan) = waiting.get_mut(&(rfc_id, *bytes)).and_then(Vec::pop) {
            pairs.push((orphan, *uid));
        }
    }
    pairs
}
