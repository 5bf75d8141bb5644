//! The user's changes, told to the server: flags, then moves. Nothing is deleted: what is thrown away is
//! moved to the trash, and what is expunged after a copy is what was copied, by its very UID.
//!
//! A push may be cut off at any byte and run again. A flag is set twice without harm. MOVE takes place
//! or does not, and what it took the next sync finds. A COPY is written down before it is asked for,
//! and when nobody knows whether it took place, its target is looked through, byte by byte.

use std::collections::BTreeMap;

use super::connect::{self, Login};
use super::reply::{Code, CopyUid, Listed};
use super::session::{Data, Session, ignore};
use super::{Error, fetch, flags, folder, names, uids};
use crate::mail::{Marks, MessageId};
use crate::store::{NewPlace, Store, Unpushed};

/// What was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Messages whose flags the server has now.
    pub flagged: u64,
    /// Messages that lie there where they lie here.
    pub moved: u64,
    /// What was not, and why; for a person. It waits for the next push.
    pub left: Vec<String>,
}

/// Tells the account's server what was changed here, of these messages or of all. Nothing is connected
/// when there is nothing to say.
///
/// # Errors
/// The server cannot be reached, refuses the login or breaks off; the store cannot be written. What was
/// told until then is written down, and the next push goes on there. What the server refuses of a
/// single folder is no error but stands in [`Pushed::left`].
pub fn push(
    store: &mut Store,
    login: &Login<'_>,
    only: Option<&[MessageId]>,
) -> Result<Pushed, Error> {
    let location = login.account.location();
    let waiting = store.unpushed(&location, only)?;
    if waiting.is_empty() {
        return Ok(Pushed::default());
    }
    let mut logged = connect::open(login)?;
    let mut folders: BTreeMap<String, Vec<Unpushed>> = BTreeMap::new();
    for one in waiting {
        folders.entry(one.name.clone()).or_default().push(one);
    }
    let session = &mut logged.session;
    let listed = folder::list(session)?;
    let mut push = Push { store, session, location, listed, pushed: Pushed::default() };
    for (name, changes) in folders {
        match push.folder(&name, changes) {
            Err(error) if error.leaves_connection() => {
                push.pushed.left.push(super::super::chain(&error));
            }
            result => result?,
        }
    }
    let pushed = push.pushed;
    logged.leave();
    Ok(pushed)
}

struct Push<'a> {
    store: &'a mut Store,
    session: &'a mut Session,
    location: String,
    listed: Vec<Listed>,
    pushed: Pushed,
}

/// Messages that go to one folder, ascending by UID.
type Moves = BTreeMap<String, Vec<Unpushed>>;

impl Push<'_> {
    fn folder(&mut self, name: &str, changes: Vec<Unpushed>) -> Result<(), Error> {
        let mut moves = Moves::new();
        for one in &changes {
            if one.folder[0] != one.folder[1] {
                moves.entry(one.folder[1].clone()).or_default().push(one.clone());
            }
        }
        let mut targets = Vec::new();
        for (readable, messages) in moves {
            let target = self.target(&readable)?;
            // Before the source is opened: only one folder is open at a time.
            let copied = self.found_copies(&target, &messages)?;
            targets.push((target, messages, copied));
        }
        let opened = folder::select(self.session, name)?;
        if changes.iter().any(|one| one.uidvalidity != opened.uidvalidity) {
            self.pushed.left.push(format!(
                "{}: the server counts its messages anew (UIDVALIDITY); sync first",
                changes[0].folder[0]
            ));
            return Ok(());
        }
        self.flags(name, &changes)?;
        for (target, messages, copied) in targets {
            if self.session.can("MOVE") && copied.is_empty() {
                self.moves(name, &target, &messages)?;
            } else if self.session.can("UIDPLUS") {
                self.copies(name, &target, &messages, &copied)?;
            } else {
                self.pushed.left.push(format!(
                    "{name}: the server can neither move a message nor remove a single one (MOVE, UIDPLUS): they are moved here alone"
                ));
            }
        }
        Ok(())
    }

    /// The folder by the server's name, made when there is none.
    fn target(&mut self, readable: &str) -> Result<String, Error> {
        let known = self
            .listed
            .iter()
            .find(|one| names::readable(&one.name, one.delimiter) == readable)
            .map(|one| one.name.clone());
        if let Some(name) = known {
            return Ok(name);
        }
        let delimiter = self.listed.iter().find_map(|one| one.delimiter);
        let name = names::encoded(readable, delimiter);
        let command = format!("CREATE {}", folder::as_argument(&name)?);
        self.session.run(&format!("making the folder {readable}"), &command, &mut ignore)?;
        self.store.made_folder(&self.location, &name, readable)?;
        let new = Listed { name: name.clone(), delimiter, opens: true, ..Listed::default() };
        self.listed.push(new);
        Ok(name)
    }

    fn flags(&mut self, name: &str, changes: &[Unpushed]) -> Result<(), Error> {
        let mut groups: BTreeMap<(String, String), Vec<&Unpushed>> = BTreeMap::new();
        for one in changes {
            let [there, here] = one.flags.each_ref().map(|text| Marks::of(text));
            let (add, remove) = (here.without(&there), there.without(&here));
            if !add.is_empty() || !remove.is_empty() {
                groups.entry((add.to_string(), remove.to_string())).or_default().push(one);
            }
        }
        for ((add, remove), messages) in groups {
            let (add, remove) = (Marks::of(&add), Marks::of(&remove));
            for batch in batches(&messages, self.session.quirks.batch_messages_max) {
                self.store_flags(name, &batch, '+', &add)?;
                self.store_flags(name, &batch, '-', &remove)?;
                self.confirm(name, &batch)?;
            }
        }
        Ok(())
    }

    fn store_flags(
        &mut self,
        name: &str,
        batch: &Batch<'_>,
        sign: char,
        marks: &Marks,
    ) -> Result<(), Error> {
        let mut names = flags::names_of(&marks.letters());
        let mut labels = Vec::new();
        for label in marks.labels() {
            if self.session.can("X-GM-EXT-1") {
                labels.push(folder::as_argument(&names::encoded(label, None))?);
            } else if flags::is_keyword(label) {
                names.push_str(if names.is_empty() { "" } else { " " });
                names.push_str(label);
            } else if sign == '+' {
                self.pushed.left.push(format!(
                    "the label {label} stays here: a server takes one word of ASCII letters, digits and signs"
                ));
            }
        }
        let doing = format!("setting flags in {name}");
        for (item, values) in [("FLAGS.SILENT", names), ("X-GM-LABELS", labels.join(" "))] {
            if !values.is_empty() {
                let command = format!("UID STORE {} {sign}{item} ({values})", batch.set);
                self.session.run(&doing, &command, &mut ignore)?;
            }
        }
        Ok(())
    }

    /// What the server has now, by its own word.
    fn confirm(&mut self, name: &str, batch: &Batch<'_>) -> Result<(), Error> {
        let there: BTreeMap<u32, String> =
            flags::of(self.session, name, &batch.set)?.into_iter().collect();
        let heard: Vec<(String, String)> = batch
            .messages
            .iter()
            .filter_map(|one| Some((one.key.clone(), there.get(&one.uid)?.clone())))
            .collect();
        self.store.heard(&self.location, &heard)?;
        let kept = |one: &&&Unpushed| {
            there.get(&one.uid).is_some_and(|marks| Marks::of(marks) == Marks::of(&one.flags[1]))
        };
        let kept = batch.messages.iter().filter(kept).count();
        self.pushed.flagged += kept as u64;
        if kept < batch.messages.len() {
            self.pushed.left.push(format!(
                "{name}: the server did not keep the flags of {} of {} messages; the next sync says how they stand",
                batch.messages.len() - kept,
                batch.messages.len()
            ));
        }
        Ok(())
    }

    fn moves(&mut self, name: &str, target: &str, messages: &[Unpushed]) -> Result<(), Error> {
        let all: Vec<&Unpushed> = messages.iter().collect();
        for batch in batches(&all, self.session.quirks.batch_messages_max) {
            let doing = format!("moving mail from {name} to {target}");
            let command = format!("UID MOVE {} {}", batch.set, folder::as_argument(target)?);
            let went = self.run_copying(&doing, &command)?;
            self.write_down(name, target, &batch, went)?;
        }
        Ok(())
    }

    fn run_copying(&mut self, doing: &str, command: &str) -> Result<Option<CopyUid>, Error> {
        let mut went = None;
        let line = self.session.run(doing, command, &mut |data| {
            // MOVE says it before the end (RFC 6851, 4.3), COPY at the end.
            if let Data::Code(Code::CopyUid(copied)) = data {
                went = Some(copied);
            }
            Ok(())
        })?;
        if let Code::CopyUid(copied) = line.code {
            went = Some(copied);
        }
        Ok(went)
    }

    /// Writes down what moved: by what the server says of it, else by what it does not list any more.
    fn write_down(
        &mut self,
        name: &str,
        target: &str,
        batch: &Batch<'_>,
        went: Option<CopyUid>,
    ) -> Result<(), Error> {
        let left = folder::among(self.session, name, &batch.set)?;
        let mut moved = Vec::new();
        let mut unknown = 0;
        for &one in &batch.messages {
            let new = went.as_ref().and_then(|went| {
                let uid = went.new_uid(one.uid)?;
                Some(NewPlace { name: target, uidvalidity: went.uidvalidity, uid })
            });
            match new {
                Some(new) => moved.push((one, Some(new))),
                // Without UIDPLUS it says nothing of where they went.
                None if went.is_none() && !left.contains(&one.uid) => moved.push((one, None)),
                None => unknown += 1,
            }
        }
        self.store.moved_there(&self.location, &moved)?;
        self.pushed.moved += moved.len() as u64;
        if unknown > 0 {
            self.pushed.left.push(format!(
                "{name}: {unknown} of {} messages are not there any more; the next sync says where they went",
                batch.messages.len()
            ));
        }
        Ok(())
    }

    /// Copies, marks and expunges, by exact UIDs: what MOVE does in one step.
    fn copies(
        &mut self,
        name: &str,
        target: &str,
        messages: &[Unpushed],
        copied: &BTreeMap<u32, u32>,
    ) -> Result<(), Error> {
        let (done, fresh): (Vec<&Unpushed>, Vec<&Unpushed>) =
            messages.iter().partition(|one| copied.contains_key(&one.uid));
        for batch in batches(&done, self.session.quirks.batch_messages_max) {
            let validity = batch.messages[0].copying.map_or(0, |(validity, _)| validity);
            let pairs = batch.messages.iter().map(|one| (one.uid, copied[&one.uid])).collect();
            self.remove(name, target, &batch, Some(CopyUid { uidvalidity: validity, pairs }))?;
        }
        for batch in batches(&fresh, self.session.quirks.batch_messages_max) {
            let counts = folder::status(self.session, target)?;
            let at = counts.uidvalidity.zip(counts.uidnext);
            let keys: Vec<String> = batch.messages.iter().map(|one| one.key.clone()).collect();
            self.store.begin_copy(&self.location, &keys, at.unwrap_or((0, 0)))?;
            let doing = format!("copying mail from {name} to {target}");
            let command = format!("UID COPY {} {}", batch.set, folder::as_argument(target)?);
            let went = self.run_copying(&doing, &command)?;
            self.remove(name, target, &batch, went)?;
        }
        Ok(())
    }

    /// Takes away what was copied.
    fn remove(
        &mut self,
        name: &str,
        target: &str,
        batch: &Batch<'_>,
        went: Option<CopyUid>,
    ) -> Result<(), Error> {
        // Only what the server says it copied; without a word of that, all of it, for it said yes.
        let copied: Vec<&Unpushed> = match &went {
            None => batch.messages.clone(),
            Some(went) => {
                batch.messages.iter().copied().filter(|m| went.new_uid(m.uid).is_some()).collect()
            }
        };
        for part in batches(&copied, usize::MAX) {
            let doing = format!("removing from {name} what was copied");
            let mark = format!("UID STORE {} +FLAGS.SILENT (\\Deleted)", part.set);
            self.session.run(&doing, &mark, &mut ignore)?;
            self.session.run(&doing, &format!("UID EXPUNGE {}", part.set), &mut ignore)?;
        }
        self.write_down(name, target, batch, went)
    }

    /// Of copies that were cut off, those that took place: the UID there by the UID here.
    fn found_copies(
        &mut self,
        target: &str,
        messages: &[Unpushed],
    ) -> Result<BTreeMap<u32, u32>, Error> {
        let mut found = BTreeMap::new();
        let cut_off: Vec<(&Unpushed, (u32, u32))> =
            messages.iter().filter_map(|one| Some((one, one.copying?))).collect();
        let Some((_, (_, first))) = cut_off.iter().min_by_key(|(_, (_, uidnext))| *uidnext) else {
            return Ok(found);
        };
        let opened = folder::examine(self.session, target)?;
        let new = folder::search(self.session, target, *first)?;
        let bodies = fetch::parts(self.session, target, &new, "BODY.PEEK[]")?;
        let mut taken = Vec::new();
        for (one, (validity, uidnext)) in cut_off {
            if validity != opened.uidvalidity {
                continue;
            }
            let raw = self.store.place_raw(&self.location, &one.key)?;
            let same = bodies
                .iter()
                .find(|(uid, (_, body))| **uid >= uidnext && *body == raw && !taken.contains(*uid));
            if let Some((uid, _)) = same {
                taken.push(*uid);
                found.insert(one.uid, *uid);
            }
        }
        Ok(found)
    }
}

/// Messages that fit into one command.
struct Batch<'a> {
    messages: Vec<&'a Unpushed>,
    set: String,
}

/// `messages`, which ascend by UID, in parts whose sets fit into a command.
fn batches<'a>(messages: &[&'a Unpushed], count: usize) -> Vec<Batch<'a>> {
    let mut rest = messages;
    let mut batches = Vec::new();
    while !rest.is_empty() {
        let all: Vec<u32> = rest.iter().map(|one| one.uid).collect();
        let (taken, set) = uids::newest(&all, count);
        let (older, batch) = rest.split_at(rest.len() - taken);
        rest = older;
        batches.push(Batch { messages: batch.to_vec(), set });
    }
    batches
}
