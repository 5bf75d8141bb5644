//! Making what is here equal to what is there.

use std::collections::{BTreeSet, HashSet};
use std::sync::mpsc;

use rayon::prelude::*;

use super::connect::{self, Login};
use super::folder::{self, Opened};
use super::reply::Listed;
use super::session::Session;
use super::shelf::Shelf;
use super::{Error, fetch, flags, names, relink};
use crate::mail::UnixSeconds;
use crate::mail::source::{Role, role};
use crate::store::{
    Acceptor, Arrival, Arrived, Incoming, Outcome, RemoteFolder, RemoteUids, Store, SyncRun,
};

/// Batches fetched ahead of the one being stored.
const BATCHES_AHEAD: usize = 1;
/// Times a folder is looked at until both sides are equal: mail may come and go meanwhile.
const ROUNDS_MAX: usize = 4;
/// Times a broken connection is taken up again in one run.
const RECONNECTS_MAX: usize = 5;
/// Seconds one run waits in all for a server that wants to be left alone; it asks for more: another run.
const WAIT_SECONDS_MAX: u64 = 90;
/// Messages of a folder that may be gone at once without being asked about.
const GONE_UNASKED_MAX: usize = 20;
/// Above that: one part in so many.
const GONE_UNASKED_PART: usize = 5;
/// Where changes are not counted: the newest messages whose flags are compared each time.
const FLAGS_EACH_TIME: usize = 2_000;
/// And how often all of them are.
const FLAGS_ALL_SECONDS: i64 = 86_400;
/// The same where changes are counted: a count may be wrong.
const FLAGS_COUNTED_ALL_SECONDS: i64 = 7 * 86_400;

/// What becomes of mail when much of a folder is gone from the server at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletions {
    /// It is kept here, and said.
    Guarded,
    /// The user said that it may go.
    Confirmed,
}

/// What came of a sync: `seen = added + known + unreadable`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Messages in the folders of the account.
    pub seen: u64,
    /// Messages that were new here.
    pub added: u64,
    /// Messages that were here already.
    pub known: u64,
    /// Messages the server lists and does not give.
    pub unreadable: u64,
    /// Messages whose flags changed.
    pub reflagged: u64,
    /// Messages found again under another UID, and not fetched again.
    pub relinked: u64,
    /// Messages that left a folder for another.
    pub moved: u64,
    /// Messages removed here: the server said twice that they are gone.
    pub removed: u64,
    /// What is not equal, and what was kept back; for a person.
    pub warnings: Vec<String>,
    /// Folders that could not be synced, and why.
    pub failed: Vec<String>,
}

/// Syncs the account into the store. `progress` hears the folder, and how many of how many of its new
/// messages are here.
///
/// # Errors
/// The server cannot be reached, refuses the login, or breaks off again and again. What came until
/// then is kept, and the next run goes on there. A single folder that cannot be read is no
/// error but stands in [`Summary::failed`].
pub fn sync(
    store: &mut Store,
    login: &Login<'_>,
    deletions: Deletions,
    now: UnixSeconds,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<Summary, Error> {
    let location = login.account.location();
    let mut run = Run {
        deletions,
        now,
        run: store.begin_sync()?,
        shelf: Shelf::of(store),
        progress,
        at: None,
        done: BTreeSet::new(),
        summary: Summary::default(),
    };
    let (mut reconnects, mut waited) = (0, 0);
    loop {
        let mut logged = match connect::open(login) {
            Err(Error::Throttled { seconds, .. })
                if waited + seconds <= WAIT_SECONDS_MAX && reconnects < RECONNECTS_MAX =>
            {
                (waited, reconnects) = (waited + seconds, reconnects + 1);
                std::thread::sleep(std::time::Duration::from_secs(seconds));
                continue;
            }
            logged => logged?,
        };
        let mut acceptor = store.accept_from(&location, now)?;
        let before = (run.done.len(), run.summary.added, run.shelf.kept());
        match run.account(&mut logged.session, &mut acceptor) {
            Ok(()) => {
                logged.leave();
                // A message that left a folder may lie in one that could not be read.
                let settled = acceptor.settle(run.run, run.summary.failed.is_empty())?;
                acceptor.finish(&location)?;
                if run.summary.failed.is_empty() {
                    run.shelf.clear();
                }
                let mut summary = run.summary;
                (summary.moved, summary.removed) = (settled.moved, settled.removed);
                // Mail of a folder that failed half-way was added all the same.
                summary.seen = summary.seen.max(summary.added + summary.unreadable);
                summary.known = summary.seen - summary.added - summary.unreadable;
                return Ok(summary);
            }
            Err(error) => {
                drop(logged);
                acceptor.finish(&location)?;
                // One folder that cannot be read must not keep the others away.
                if let (Error::Garbage { .. }, Some(name)) = (&error, run.at.take()) {
                    run.summary.failed.push(super::super::chain(&error));
                    run.done.insert(name);
                } else if !error.may_pass() {
                    return Err(error);
                }
                let went_on = (run.done.len(), run.summary.added, run.shelf.kept()) != before;
                let asked = match &error {
                    Error::Throttled { seconds, .. } => Some(*seconds),
                    _ => None,
                };
                let waits = asked.is_some_and(|seconds| waited + seconds <= WAIT_SECONDS_MAX);
                if !(went_on && asked.is_none() || waits) || reconnects == RECONNECTS_MAX {
                    return Err(error);
                }
                if let Some(seconds) = asked {
                    waited += seconds;
                    std::thread::sleep(std::time::Duration::from_secs(seconds));
                }
                reconnects += 1;
            }
        }
    }
}

struct Run<'a> {
    deletions: Deletions,
    now: UnixSeconds,
    run: SyncRun,
    shelf: Shelf,
    progress: &'a mut dyn FnMut(&str, u64, u64),
    /// The folder being synced, by the server's name.
    at: Option<String>,
    /// Folders done, by the server's names: a connection that broke off does not begin again.
    done: BTreeSet<String>,
    summary: Summary,
}

/// A folder on its way to being equal.
struct Work<'a> {
    folder: &'a mut RemoteFolder,
    /// Trash or spam: it is emptied as a matter of course.
    is_refuse: bool,
}

impl Run<'_> {
    fn account(&mut self, session: &mut Session, acceptor: &mut Acceptor<'_>) -> Result<(), Error> {
        let mut listed = folder::list(session)?;
        // What a person looks for first comes first.
        listed.sort_by_key(|one| (order(one), one.name.clone()));
        self.renamed(session, acceptor, &listed)?;
        for one in &listed {
            if self.done.contains(&one.name) {
                continue;
            }
            self.at = Some(one.name.clone());
            match self.folder(session, acceptor, one) {
                Ok(()) => {}
                Err(error) if error.leaves_connection() => {
                    self.summary.failed.push(super::super::chain(&error));
                }
                Err(error) => return Err(error),
            }
            self.done.insert(one.name.clone());
            self.at = None;
        }
        self.folders_gone(acceptor, &listed)
    }

    /// A folder that is new, with the UIDVALIDITY of one that is not there any more, was renamed.
    fn renamed(
        &mut self,
        session: &mut Session,
        acceptor: &mut Acceptor<'_>,
        listed: &[Listed],
    ) -> Result<(), Error> {
        let stored = acceptor.remote_folders()?;
        let mut lost: Vec<&RemoteFolder> = stored
            .iter()
            .filter(|folder| folder.uidvalidity != 0)
            .filter(|folder| !listed.iter().any(|one| one.name == folder.name))
            .collect();
        for one in listed {
            if lost.is_empty() {
                break;
            }
            let is_new = |folder: &RemoteFolder| folder.name != one.name || folder.uidvalidity == 0;
            if !stored.iter().all(is_new) {
                continue;
            }
            let counts = match folder::status(session, &one.name) {
                Ok(counts) => counts,
                Err(error) if error.leaves_connection() => continue,
                Err(error) => return Err(error),
            };
            let found = lost.iter().position(|folder| {
                counts.uidvalidity == Some(folder.uidvalidity)
                    && counts.uidnext.is_some_and(|uid| uid >= folder.uidnext)
            });
            if let Some(at) = found {
                let folder = lost.remove(at);
                let readable = names::readable(&one.name, one.delimiter);
                acceptor.rename_remote(folder.id, &one.name, &readable)?;
            }
        }
        Ok(())
    }

    /// Folders that the server does not list any more. What lies elsewhere too leaves them; the rest
    /// is kept until the user says otherwise.
    fn folders_gone(
        &mut self,
        acceptor: &mut Acceptor<'_>,
        listed: &[Listed],
    ) -> Result<(), Error> {
        for mut folder in acceptor.remote_folders()? {
            if folder.uidvalidity != 0 && !listed.iter().any(|one| one.name == folder.name) {
                folder = acceptor.begin_validity(&folder, 0)?;
            } else if folder.uidvalidity != 0 {
                continue;
            }
            let left = self.orphans_gone(acceptor, &folder, 0)?;
            if left == 0 {
                acceptor.end_remote(&mut folder, Some(0), None)?;
            }
        }
        Ok(())
    }

    fn folder(
        &mut self,
        session: &mut Session,
        acceptor: &mut Acceptor<'_>,
        listed: &Listed,
    ) -> Result<(), Error> {
        let name = &listed.name;
        let readable = names::readable(name, listed.delimiter);
        let is_refuse = listed.is_refuse || matches!(role(&readable), Role::Trash | Role::Junk);
        let mut folder = acceptor.remote_folder(name, &readable)?;
        acceptor.set_role(&mut folder, listed.role)?;
        if self.is_unchanged(session, &folder)? {
            return Ok(());
        }
        let opened = folder::examine(session, name)?;
        let other = opened.uidvalidity != folder.uidvalidity
            || opened.uidnext.is_some_and(|uid| uid < folder.uidnext);
        if other {
            folder = acceptor.begin_validity(&folder, opened.uidvalidity)?;
        }
        if session.exists > 0 {
            // Not from UIDNEXT on: it may be ahead of what is listed (Dovecot, while another client appends).
            let newest = both(&acceptor.remote_uids(&folder)?).last().copied().unwrap_or(0);
            let new = folder::search(session, name, newest.saturating_add(1))?;
            if !new.is_empty() || opened.uidnext != Some(folder.uidnext) {
                acceptor.add_known(&mut folder, &new, opened.uidnext.unwrap_or(0))?;
            }
        }
        self.summary.relinked += relink::relink(session, acceptor, &folder)?;
        let scanned = self.flags(session, acceptor, &mut folder, opened)?;
        let mut work = Work { folder: &mut folder, is_refuse };
        let equal = self.equalise(session, acceptor, &mut work)?;
        let here = acceptor.remote_uids(&folder)?;
        let left = self.orphans_gone(acceptor, &folder, here.fetched.len())?;
        self.count(session, &folder, &here, equal);
        let whole = equal && here.known.is_empty() && left == 0;
        acceptor.end_remote(&mut folder, whole.then_some(session.exists), scanned)?;
        Ok(())
    }

    /// Whether the server says, in one line, that nothing happened.
    fn is_unchanged(
        &mut self,
        session: &mut Session,
        folder: &RemoteFolder,
    ) -> Result<bool, Error> {
        let Some(messages) = folder.messages else { return Ok(false) };
        if folder.modseq == 0 {
            return Ok(false);
        }
        let counts = folder::status(session, &folder.name)?;
        let same = counts.uidvalidity == Some(folder.uidvalidity)
            && counts.uidnext == Some(folder.uidnext)
            && counts.modseq == Some(folder.modseq)
            && counts.messages == Some(messages);
        if same {
            self.summary.seen += u64::from(messages);
        }
        Ok(same)
    }

    /// Brings the flags of what is here up to date; says when all were compared, if they were.
    fn flags(
        &mut self,
        session: &mut Session,
        acceptor: &mut Acceptor<'_>,
        folder: &mut RemoteFolder,
        opened: Opened,
    ) -> Result<Option<UnixSeconds>, Error> {
        let here = acceptor.remote_uids(folder)?.fetched;
        let name = folder.name.clone();
        let (mut changed, mut scanned) = (Vec::new(), None);
        let since = self.now.0 - folder.scanned.0;
        match opened.modseq {
            _ if here.is_empty() || session.exists == 0 => scanned = Some(self.now),
            Some(modseq) if folder.modseq > 0 && since < FLAGS_COUNTED_ALL_SECONDS => {
                if modseq != folder.modseq {
                    changed = flags::since(session, &name, folder.modseq)?;
                }
            }
            Some(_) => {
                changed = flags::from(session, &name, 1)?;
                scanned = Some(self.now);
            }
            None => {
                let all = since >= FLAGS_ALL_SECONDS;
                let newest = here.len().saturating_sub(FLAGS_EACH_TIME);
                let first = if all { 1 } else { here[newest] };
                changed = flags::from(session, &name, first)?;
                scanned = (all || first == here[0]).then_some(self.now);
            }
        }
        // In the transaction that holds all changes up to it, and not before. What is fetched below is
        // newer than this.
        let modseq = Some(opened.modseq.unwrap_or(0));
        self.summary.reflagged += acceptor.reflag_remote(folder, &changed, modseq)?;
        Ok(scanned)
    }

    /// Fetches what is new and finds what is gone, until both sides hold the same, or it is clear that
    /// they will not. Says whether they do.
    fn equalise(
        &mut self,
        session: &mut Session,
        acceptor: &mut Acceptor<'_>,
        work: &mut Work<'_>,
    ) -> Result<bool, Error> {
        let name = work.folder.name.clone();
        let mut tried = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let mut here = acceptor.remote_uids(work.folder)?;
            if !here.known.is_empty() && here.known != tried {
                self.fetch(session, acceptor, work.folder, &here.known)?;
                here = acceptor.remote_uids(work.folder)?;
                tried.clone_from(&here.known);
            }
            folder::look(session, &name)?;
            let vanished = std::mem::take(&mut session.vanished);
            let gone: Vec<u32> = both(&here)
                .into_iter()
                .filter(|uid| vanished.iter().any(|run| run.contains(uid)))
                .collect();
            let count = both(&here).len() - gone.len();
            if session.exists as usize == count && !session.shrank {
                return self.gone(acceptor, work, &here, &gone);
            }
            // Counts differ, or something went unnamed: the whole list, which counts only when it is
            // as long as the server says the folder is.
            session.shrank = false;
            let there = folder::search(session, &name, 1)?;
            if there.len() != session.exists as usize {
                continue;
            }
            let (here_set, there_set): (BTreeSet<u32>, BTreeSet<u32>) =
                (both(&here).into_iter().collect(), there.iter().copied().collect());
            let new: Vec<u32> = there_set.difference(&here_set).copied().collect();
            let gone: Vec<u32> = here_set.difference(&there_set).copied().collect();
            acceptor.add_known(work.folder, &new, 0)?;
            if !self.gone(acceptor, work, &here, &gone)? {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Tombstones for what the server says is gone, unless it is more than goes unasked. Says whether
    /// they were set.
    fn gone(
        &mut self,
        acceptor: &mut Acceptor<'_>,
        work: &Work<'_>,
        here: &RemoteUids,
        gone: &[u32],
    ) -> Result<bool, Error> {
        let count = both(here).len();
        let lost = gone.iter().filter(|uid| here.fetched.binary_search(uid).is_ok()).count();
        let much = lost > GONE_UNASKED_MAX.max(count / GONE_UNASKED_PART);
        if much && !work.is_refuse && self.deletions == Deletions::Guarded {
            self.keeps_back(&work.folder.folder, lost as u64);
            return Ok(false);
        }
        acceptor.mark_gone(work.folder, gone, self.run)?;
        Ok(true)
    }

    /// What an earlier UIDVALIDITY named and nobody found again. Gives back how many are left.
    fn orphans_gone(
        &mut self,
        acceptor: &mut Acceptor<'_>,
        folder: &RemoteFolder,
        here: usize,
    ) -> Result<u64, Error> {
        let left = acceptor.mark_orphans_gone(folder, false, self.run)?;
        let unasked = GONE_UNASKED_MAX.max(here / GONE_UNASKED_PART) as u64;
        if left > unasked && self.deletions == Deletions::Guarded {
            self.keeps_back(&folder.folder, left);
            return Ok(left);
        }
        Ok(acceptor.mark_orphans_gone(folder, true, self.run)?)
    }

    fn keeps_back(&mut self, folder: &str, count: u64) {
        self.summary.warnings.push(format!(
            "{folder}: {count} messages are gone on the server at once and are kept here; --purge lets them go"
        ));
    }

    fn count(&mut self, session: &Session, folder: &RemoteFolder, here: &RemoteUids, equal: bool) {
        let (count, unreadable) = (both(here).len() as u64, here.known.len() as u64);
        let summary = &mut self.summary;
        summary.seen += count;
        summary.unreadable += unreadable;
        if unreadable > 0 {
            summary.warnings.push(format!(
                "{}: the server lists {unreadable} messages and does not give them",
                folder.folder
            ));
        }
        if !equal {
            summary.warnings.push(format!(
                "{}: {} messages on the server, {count} here",
                folder.folder, session.exists
            ));
        }
    }

    /// Bodies come over the wire while those before them are parsed and stored.
    fn fetch(
        &mut self,
        session: &mut Session,
        acceptor: &mut Acceptor<'_>,
        folder: &RemoteFolder,
        uids: &[u32],
    ) -> Result<(), Error> {
        let (mut done, total) = (0, uids.len() as u64);
        let named = fetch::object_item(session).is_some();
        let objects = if named { acceptor.remote_objects()? } else { HashSet::new() };
        let objects = &objects;
        std::thread::scope(|scope| {
            let (sender, batches) = mpsc::sync_channel::<Vec<fetch::Got>>(BATCHES_AHEAD);
            let from = (folder, &self.shelf);
            let fetcher = scope.spawn(move || {
                fetch::bodies(session, from, uids, objects, &mut |batch| sender.send(batch).is_ok())
            });
            for batch in batches {
                done += batch.len() as u64;
                let parsed: Vec<Arrival> = batch.into_par_iter().map(arrival).collect();
                let outcomes = acceptor.accept_remote(folder, parsed)?;
                let added = outcomes.iter().filter(|one| matches!(one, Outcome::Added(_)));
                self.summary.added += added.count() as u64;
                (self.progress)(&folder.folder, done, total);
            }
            fetcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

fn arrival(got: fetch::Got) -> Arrival {
    let what = match got.raw {
        Some(raw) => {
            let incoming = Incoming::new(String::new(), String::new(), got.flags, &raw);
            Arrived::Body(Box::new(incoming.arrived(got.arrived).without_labels()))
        }
        None => Arrived::Same { flags: got.flags },
    };
    Arrival { uid: got.uid, object: got.object, what }
}

/// The inbox, then what the user wrote, then the rest; what was thrown away last.
fn order(listed: &Listed) -> u8 {
    match role(&names::readable(&listed.name, listed.delimiter)) {
        _ if listed.is_refuse => 3,
        Role::Inbox => 0,
        Role::Sent | Role::Drafts => 1,
        Role::Trash | Role::Junk => 3,
        Role::Archive | Role::Other => 2,
    }
}

/// All UIDs that are here or to be fetched, ascending.
fn both(here: &RemoteUids) -> Vec<u32> {
    let mut all: Vec<u32> = here.fetched.iter().chain(&here.known).copied().collect();
    all.sort_unstable();
    all
}
