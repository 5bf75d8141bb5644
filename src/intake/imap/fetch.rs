//! Bodies, newest first, by exact UIDs.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Error;
use super::flags;
use super::session::{Data, Session};
use super::shelf::{Kept, Shelf};
use super::uids;
use crate::mail::{Marks, Moment, moment};
use crate::store::RemoteFolder;

/// Messages of the first batch; each later one may have twice as many as the one before.
const BATCH_MESSAGES_FIRST: usize = 50;
/// Bytes asked for with one command, by what the server says of their sizes; a larger message comes alone.
const BATCH_BYTES: u64 = 8 << 20;
/// A larger message comes alone and in parts of this many bytes: no answer takes longer than the patience
/// for one.
const PART_BYTES: u64 = 1 << 20;
/// A larger message is not asked for; it stays known, and is said.
const BODY_BYTES_MAX: u64 = 128 << 20;

/// A message, most with their bodies.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) uid: u32,
    /// What it is marked with: Marks as text.
    pub(super) flags: String,
    pub(super) arrived: Option<Moment>,
    /// The server's name of the message in whatever folder; empty where it gives none.
    pub(super) object: String,
    /// Nothing when it is here already, by that name.
    pub(super) raw: Option<Vec<u8>>,
}

#[derive(Clone, Debug, Default)]
struct About {
    flags: String,
    arrived: Option<Moment>,
    bytes: u64,
    object: String,
}

/// Fetches the bodies of `uids`, which ascend, the newest first, and hands each batch to `give`,
/// which says whether to go on. A UID that the server passes over, or refuses alone, is left out: it
/// is asked for again another time. What is `here` already, by the server's own name of it, comes
/// without a body: Gmail shows a message in every folder that is a label of it.
pub(super) fn bodies(
    session: &mut Session,
    (folder, shelf): (&RemoteFolder, &Shelf),
    uids: &[u32],
    here: &HashSet<String>,
    give: &mut dyn FnMut(Vec<Got>) -> bool,
) -> Result<(), Error> {
    let mut rest = uids;
    let mut count = BATCH_MESSAGES_FIRST;
    while !rest.is_empty() {
        let (taken, _) = uids::newest(rest, count.min(session.quirks.batch_messages_max));
        let (older, batch) = rest.split_at(rest.len() - taken);
        rest = older;
        count = count.saturating_mul(2);
        let about = about(session, &folder.name, batch)?;
        let is_here = |uid: &u32| about.get(uid).is_some_and(|one| here.contains(&one.object));
        let (same, batch): (Vec<u32>, Vec<u32>) = batch.iter().partition(|uid| is_here(uid));
        let same: Vec<Got> = same.iter().rev().map(|uid| about[uid].got(*uid, None)).collect();
        if !same.is_empty() && !give(same) {
            return Ok(());
        }
        let fits = |uid: &u32| about.get(uid).is_some_and(|one| one.bytes <= BODY_BYTES_MAX);
        let batch: Vec<u32> = batch.into_iter().filter(fits).collect();
        for group in groups(&batch, &about) {
            let got = one_by_one_if_refused(session, (folder, shelf), group, &about)?;
            if !got.is_empty() && !give(got) {
                return Ok(());
            }
        }
    }
    Ok(())
}

impl About {
    fn got(&self, uid: u32, raw: Option<Vec<u8>>) -> Got {
        let (flags, object) = (self.flags.clone(), self.object.clone());
        Got { uid, flags, arrived: self.arrived, object, raw }
    }
}

/// The item that asks for the server's name of a message: Gmail's, or that of RFC 8474.
pub(super) fn object_item(session: &Session) -> Option<&'static str> {
    if session.can("X-GM-EXT-1") {
        return Some("X-GM-MSGID");
    }
    session.can("OBJECTID").then_some("EMAILID")
}

/// A server that cannot give one message refuses all that were asked for with it.
fn one_by_one_if_refused(
    session: &mut Session,
    from: (&RemoteFolder, &Shelf),
    group: &[u32],
    about: &BTreeMap<u32, About>,
) -> Result<Vec<Got>, Error> {
    match group_bodies(session, from, group, about) {
        Err(error) if error.leaves_connection() => {}
        got => return got,
    }
    let mut all = Vec::new();
    for uid in group.iter().rev() {
        match group_bodies(session, from, std::slice::from_ref(uid), about) {
            Ok(got) => all.extend(got),
            Err(error) if error.leaves_connection() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// Flags, time and size of each message of `batch` that is there.
fn about(session: &mut Session, name: &str, batch: &[u32]) -> Result<BTreeMap<u32, About>, Error> {
    let (_, set) = uids::newest(batch, batch.len());
    let mut found = BTreeMap::new();
    let labelled = session.can("X-GM-EXT-1");
    let object = object_item(session).map(|item| format!(" {item}")).unwrap_or_default();
    let command =
        format!("UID FETCH {set} (UID {} INTERNALDATE RFC822.SIZE{object})", flags::items(session));
    session.run(&format!("reading the list of {name}"), &command, &mut |data| {
        // A later answer with flags alone is news of them; the sizes come once.
        if let Data::Fetch(fetched) = data
            && let (Some(uid), Some(mut marks)) = (fetched.uid, flags::marks(&fetched))
            && batch.binary_search(&uid).is_ok()
        {
            let one: &mut About = found.entry(uid).or_default();
            if labelled && fetched.labels.is_none() {
                Marks::of(&one.flags).labels().for_each(|label| marks.add_label(label));
            }
            one.flags = marks.to_string();
            one.object = fetched.object.unwrap_or(std::mem::take(&mut one.object));
            one.bytes = fetched.bytes.map_or(one.bytes, u64::from);
            one.arrived = fetched.date.as_deref().and_then(internal_date).or(one.arrived);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Parts of `batch` that fit into one answer each, the newest first.
fn groups<'a>(batch: &'a [u32], about: &BTreeMap<u32, About>) -> Vec<&'a [u32]> {
    let mut groups = Vec::new();
    let mut rest = batch;
    while !rest.is_empty() {
        let (mut taken, mut bytes) = (0, 0);
        for uid in rest.iter().rev() {
            let one = about.get(uid).map_or(0, |one| one.bytes);
            bytes += one;
            if taken > 0 && (bytes > BATCH_BYTES || one > PART_BYTES) {
                break;
            }
            taken += 1;
            if one > PART_BYTES {
                break;
            }
        }
        let (older, group) = rest.split_at(rest.len() - taken);
        groups.push(group);
        rest = older;
    }
    groups
}

fn group_bodies(
    session: &mut Session,
    (folder, shelf): (&RemoteFolder, &Shelf),
    group: &[u32],
    about: &BTreeMap<u32, About>,
) -> Result<Vec<Got>, Error> {
    if let [uid] = group
        && let Some(one) = about.get(uid).filter(|one| one.bytes > PART_BYTES)
    {
        let kept = shelf.place(folder, *uid);
        let raw = in_parts(session, &folder.name, *uid, &kept)?;
        kept.take_away();
        return Ok(raw.map(|raw| one.got(*uid, Some(raw))).into_iter().collect());
    }
    let (_, set) = uids::newest(group, group.len());
    let mut got = Vec::new();
    let mut seen = BTreeSet::new();
    let command = format!("UID FETCH {set} (UID BODY.PEEK[])");
    session.run(&format!("fetching from {}", folder.name), &command, &mut |data| {
        let Data::Fetch(fetched) = data else { return Ok(()) };
        let (Some(uid), Some(raw)) = (fetched.uid, fetched.body) else { return Ok(()) };
        let Some(about) = about.get(&uid) else { return Ok(()) };
        if group.binary_search(&uid).is_ok() && seen.insert(uid) {
            got.push(about.got(uid, Some(raw)));
        }
        Ok(())
    })?;
    // Newest first, so that what came last is stored first.
    got.sort_unstable_by_key(|got| std::cmp::Reverse(got.uid));
    Ok(got)
}

/// A large body, part by part, until one is shorter than asked for: the size a server gives may be wrong
/// (Exchange). It goes on behind what is kept of it. Nothing when it is not there.
fn in_parts(
    session: &mut Session,
    name: &str,
    uid: u32,
    kept: &Kept<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    let doing = format!("fetching from {name}");
    let mut whole = kept.taken_up(PART_BYTES, BODY_BYTES_MAX);
    loop {
        let at = whole.len();
        let command = format!("UID FETCH {uid} (UID BODY.PEEK[]<{at}.{PART_BYTES}>)");
        let mut part = None;
        session.run(&doing, &command, &mut |data| {
            // News of its flags alone is no part; NIL is an empty one, behind the end.
            if let Data::Fetch(fetched) = data
                && fetched.uid == Some(uid)
                && (fetched.body.is_some() || fetched.flags.is_none())
            {
                part = Some(fetched.body.unwrap_or_default());
            }
            Ok(())
        })?;
        let Some(part) = part else {
            // Gone between two parts: what came of it is not the message.
            return Ok(None);
        };
        // Longer than asked for: all of it, from a server that knows no parts.
        let is_last = part.len() as u64 != PART_BYTES;
        if at > 0 && part.len() as u64 > PART_BYTES {
            return Ok(Some(part));
        }
        if !is_last {
            kept.add(at as u64, &part);
        }
        whole.extend_from_slice(&part);
        if is_last {
            return Ok(Some(whole));
        }
        if whole.len() as u64 > BODY_BYTES_MAX {
            return Ok(None);
        }
    }
}

/// The bodies of a few messages, or a header field of many: `what` is a FETCH item of a body.
pub(super) fn parts(
    session: &mut Session,
    name: &str,
    uids: &[u32],
    what: &str,
) -> Result<BTreeMap<u32, (u64, Vec<u8>)>, Error> {
    let mut found = BTreeMap::new();
    let mut rest = uids;
    while !rest.is_empty() {
        let (taken, set) = uids::newest(rest, session.quirks.batch_messages_max);
        rest = &rest[..rest.len() - taken];
        let command = format!("UID FETCH {set} (UID RFC822.SIZE {what})");
        session.run(&format!("reading the list of {name}"), &command, &mut |data| {
            if let Data::Fetch(fetched) = data
                && let (Some(uid), Some(bytes), Some(raw)) =
                    (fetched.uid, fetched.bytes, fetched.body)
                && uids.binary_search(&uid).is_ok()
            {
                found.insert(uid, (u64::from(bytes), raw));
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// `02-Mar-2026 09:00:00 +0100`.
fn internal_date(text: &str) -> Option<Moment> {
    let (day, time) = text.trim().split_once(' ')?;
    moment(&format!("{} {time}", day.replace('-', " ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_messages_come_alone() {
        let of = |bytes| About { bytes, ..About::default() };
        let about: BTreeMap<u32, About> =
            [(1, of(10)), (2, of(9 << 20)), (3, of(5 << 20)), (4, of(3 << 20)), (5, of(1))].into();
        let groups = groups(&[1, 2, 3, 4, 5, 6], &about);
        assert_eq!(groups, [&[5, 6][..], &[4], &[3], &[2], &[1]]);
    }

    #[test]
    fn the_servers_clock_dates_a_message() {
        let moment = internal_date(" 2-Mar-2026 09:00:00 +0100").expect("a date");
        assert_eq!((moment.at.0, moment.offset_minutes), (1_772_438_400, 60));
        assert_eq!(internal_date("soon"), None);
    }
}
